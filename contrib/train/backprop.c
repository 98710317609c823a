/*
 * contrib/train/backprop.c
 *		Backpropagation and AdamW.
 */
#include "backprop.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BETA1 0.9
#define BETA2 0.999
#define EPSILON 1e-8

/* Where layer l begins in the parameters. */
static int64_t
layer_at(const tr_mlp *mlp, int layer)
{
	int64_t		at = 0;

	for (int l = 0; l < layer; l++)
		at += (int64_t) (mlp->width[l] + 1) * mlp->width[l + 1];
	return at;
}

float *
tr_mlp_weight(const tr_mlp *mlp, int layer)
{
	return mlp->param + layer_at(mlp, layer);
}

float *
tr_mlp_bias(const tr_mlp *mlp, int layer)
{
	return mlp->param + layer_at(mlp, layer) + (int64_t) mlp->width[layer] * mlp->width[layer + 1];
}

int
tr_mlp_create(tr_mlp *mlp, int layers, const int *widths, tr_draws *draws)
{
	memset(mlp, 0, sizeof(*mlp));
	mlp->layers = layers;
	memcpy(mlp->width, widths, (size_t) (layers + 1) * sizeof(int));
	mlp->n = layer_at(mlp, layers);
	mlp->param = calloc((size_t) (4 * mlp->n), sizeof(float));
	if (mlp->param == NULL)
		return -1;
	mlp->grad = mlp->param + mlp->n;
	mlp->first = mlp->grad + mlp->n;
	mlp->second = mlp->first + mlp->n;
	for (int l = 0; l < layers; l++)
	{
		float	   *weight = tr_mlp_weight(mlp, l);
		const double sd = sqrt((l < layers - 1 ? 2.0 : 1.0) / mlp->width[l]);

		for (int i = 0; i < mlp->width[l] * mlp->width[l + 1]; i++)
			weight[i] = (float) (sd * tr_normal(draws));
	}
	return 0;
}

void
tr_mlp_free(tr_mlp *mlp)
{
	free(mlp->param);
	memset(mlp, 0, sizeof(*mlp));
}

const float *
tr_mlp_forward(const tr_mlp *mlp, const float *in, tr_trace *trace)
{
	memcpy(trace->value[0], in, (size_t) mlp->width[0] * sizeof(float));
	for (int l = 0; l < mlp->layers; l++)
	{
		const int	outputs = mlp->width[l + 1];
		const float *weight = tr_mlp_weight(mlp, l);
		float	   *to = trace->value[l + 1];

		memcpy(to, tr_mlp_bias(mlp, l), (size_t) outputs * sizeof(float));
		for (int i = 0; i < mlp->width[l]; i++)
			for (int o = 0; o < outputs; o++)
				to[o] += trace->value[l][i] * weight[i * outputs + o];
		for (int o = 0; o < outputs && l < mlp->layers - 1; o++)
			to[o] = to[o] > 0 ? to[o] : 0;
	}
	return trace->value[mlp->layers];
}

void
tr_mlp_backward(tr_mlp *mlp, const tr_trace *trace, const float *d_out, float *d_in)
{
	float		d[EM_MLP_WIDTH];
	float		before[EM_MLP_WIDTH];

	memcpy(d, d_out, (size_t) mlp->width[mlp->layers] * sizeof(float));
	for (int l = mlp->layers - 1; l >= 0; l--)
	{
		const int	outputs = mlp->width[l + 1];
		const float *weight = tr_mlp_weight(mlp, l);
		float	   *grad = mlp->grad + layer_at(mlp, l);
		float	   *grad_bias = grad + (int64_t) mlp->width[l] * outputs;

		for (int o = 0; o < outputs; o++)
			grad_bias[o] += d[o];
		for (int i = 0; i < mlp->width[l]; i++)
		{
			const float x = trace->value[l][i];
			float		sum = 0;

			for (int o = 0; o < outputs; o++)
			{
				grad[i * outputs + o] += x * d[o];
				sum += weight[i * outputs + o] * d[o];
			}
			before[i] = l == 0 || x > 0 ? sum : 0;
		}
		memcpy(d, before, (size_t) mlp->width[l] * sizeof(float));
	}
	if (d_in != NULL)
		memcpy(d_in, d, (size_t) mlp->width[0] * sizeof(float));
}

/* One step of parameters from..to-1. */
static void
step_range(tr_mlp *mlp, int64_t from, int64_t to, double scale, double rate, double decay)
{
	const double correct1 = 1 - pow(BETA1, (double) mlp->steps);
	const double correct2 = 1 - pow(BETA2, (double) mlp->steps);

	for (int64_t i = from; i < to; i++)
	{
		const double g = mlp->grad[i] * scale;

		mlp->first[i] = (float) (BETA1 * mlp->first[i] + (1 - BETA1) * g);
		mlp->second[i] = (float) (BETA2 * mlp->second[i] + (1 - BETA2) * g * g);
		mlp->param[i] -= (float) (rate * (mlp->first[i] / correct1 / (sqrt(mlp->second[i] / correct2) + EPSILON) +
										  decay * mlp->param[i]));
	}
}

void
tr_mlp_step(tr_mlp *mlp, int rows, double rate, double decay)
{
	mlp->steps++;
	for (int l = 0; l < mlp->layers; l++)
	{
		const int64_t first = layer_at(mlp, l);
		const int64_t bias = first + (int64_t) mlp->width[l] * mlp->width[l + 1];

		step_range(mlp, first, bias, 1.0 / rows, rate, decay);
		step_range(mlp, bias, bias + mlp->width[l + 1], 1.0 / rows, rate, 0);
	}
	memset(mlp->grad, 0, (size_t) mlp->n * sizeof(float));
}

double
tr_one_cycle(int64_t i, int64_t n, double peak)
{
	const double rise = 0.3 * (double) n;
	const double low = peak / 25;
	const double lowest = peak / 1e4;

	if ((double) i < rise)
		return low + (peak - low) * 0.5 * (1 - cos(M_PI * (double) i / rise));
	return lowest + (peak - lowest) * 0.5 * (1 + cos(M_PI * ((double) i - rise) / ((double) n - rise)));
}

void
tr_shuffle(int64_t *order, int64_t n, tr_draws *draws)
{
	for (int64_t i = 0; i < n; i++)
		order[i] = i;
	for (int64_t i = n - 1; i > 0; i--)
	{
		const int64_t j = tr_below(draws, i + 1);
		const int64_t swap = order[i];

		order[i] = order[j];
		order[j] = swap;
	}
}

void
tr_mlp_tensors(const tr_mlp *mlp, const char *prefix, em_tensor *tensor, int *n, char (*names)[64])
{
	for (int l = 0; l < mlp->layers; l++)
	{
		snprintf(names[*n], 64, "%s.%d.weight", prefix, l);
		tensor[*n] = (em_tensor) {names[*n], mlp->width[l], mlp->width[l + 1], tr_mlp_weight(mlp, l)};
		++*n;
		snprintf(names[*n], 64, "%s.%d.bias", prefix, l);
		tensor[*n] = (em_tensor) {names[*n], 1, mlp->width[l + 1], tr_mlp_bias(mlp, l)};
		++*n;
	}
}
