/*
 * src/libem/learned/em_mlp.c
 *		Multilayer perceptrons: find the weights, run the layers.
 */
#include "learned/em_mlp.h"
#include "volume/em_vec.h"

#include <stdio.h>
#include <string.h>

#define NAME_SIZE 64

const em_tensor *
em_weights_find(const em_weights *w, const char *name, int rows, int columns)
{
	for (int i = 0; i < w->n_tensors; i++)
		if (strcmp(w->tensor[i].name, name) == 0)
			return w->tensor[i].rows == rows && w->tensor[i].columns == columns ? &w->tensor[i] : NULL;
	return NULL;
}

/* Tensor "<prefix>.<layer>.<what>" of any shape, or NULL. */
static const em_tensor *
layer_tensor(const em_weights *w, const char *prefix, int layer, const char *what)
{
	char		name[NAME_SIZE];

	snprintf(name, sizeof(name), "%s.%d.%s", prefix, layer, what);
	for (int i = 0; i < w->n_tensors; i++)
		if (strcmp(w->tensor[i].name, name) == 0)
			return &w->tensor[i];
	return NULL;
}

em_status
em_mlp_from(em_ctx *ctx, const em_weights *w, const char *prefix, em_mlp *out)
{
	memset(out, 0, sizeof(*out));
	for (int l = 0; l < EM_MLP_LAYERS; l++)
	{
		const em_tensor *weight = layer_tensor(w, prefix, l, "weight");
		const em_tensor *bias = layer_tensor(w, prefix, l, "bias");

		if (weight == NULL)
			break;
		if (bias == NULL || bias->rows != 1 || bias->columns != weight->columns ||
			weight->rows > EM_MLP_WIDTH || weight->columns > EM_MLP_WIDTH ||
			(l > 0 && weight->rows != out->width[l]))
			return em_fail(ctx, EM_INTERNAL, "layer %d of perceptron \"%s\" of weights \"%s\" does not fit",
						   l, prefix, w->name);
		out->width[l] = weight->rows;
		out->width[l + 1] = weight->columns;
		out->weight[l] = weight->values;
		out->bias[l] = bias->values;
		out->layers = l + 1;
	}
	if (out->layers == 0)
		return em_fail(ctx, EM_INTERNAL, "weights \"%s\" have no perceptron \"%s\"", w->name, prefix);
	return EM_OK;
}

/* to[o] = bias[o] + sum over i of in[i] weight[i][o]. */
EM_HOT
static void
run_layer(int inputs, int outputs, const float *restrict weight, const float *restrict bias,
		  const float *restrict in, float *restrict to)
{
	memcpy(to, bias, (size_t) outputs * sizeof(float));
	for (int i = 0; i < inputs; i++)
	{
		const float x = in[i];
		const float *row = weight + (size_t) i * outputs;

		for (int o = 0; o < outputs; o++)
			to[o] += x * row[o];
	}
}

void
em_mlp_run(const em_mlp *mlp, const float *in, float *out)
{
	float		a[EM_MLP_WIDTH];
	float		b[EM_MLP_WIDTH];
	const float *from = in;

	for (int l = 0; l < mlp->layers; l++)
	{
		const bool	last = l == mlp->layers - 1;
		float	   *to = last ? out : from == a ? b : a;

		run_layer(mlp->width[l], mlp->width[l + 1], mlp->weight[l], mlp->bias[l], from, to);
		for (int o = 0; !last && o < mlp->width[l + 1]; o++)
			to[o] = to[o] > 0 ? to[o] : 0;
		from = to;
	}
}
