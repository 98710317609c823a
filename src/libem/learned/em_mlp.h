/*
 * src/libem/learned/em_mlp.h
 *		Multilayer perceptrons and the tables of numbers they are made of.
 *
 * Weights come as generated C arrays (weights_<name>.c, written by contrib/train,
 * where the same numbers lie as a safetensors file with their provenance).  A
 * layer l of the perceptron "g" is two tensors: g.<l>.weight, a table of
 * inputs x outputs, and g.<l>.bias, 1 x outputs.
 */
#ifndef EM_MLP_H
#define EM_MLP_H

#include "core/em_ctx.h"

#define EM_MLP_LAYERS 4			/* layers at most */
#define EM_MLP_WIDTH 256		/* inputs or outputs of a layer at most */

/* A table of rows x columns numbers, row after row. */
typedef struct em_tensor
{
	const char *name;
	int			rows;
	int			columns;
	const float *values;
} em_tensor;

typedef struct em_weights
{
	const char *name;			/* "local_resolution" */
	const char *features;		/* version of the features they were trained on */
	const char *trained;		/* date and seed of the training, for the record */
	const em_tensor *tensor;
	int			n_tensors;
} em_weights;

/* Tensor of that name and shape, or NULL. */
extern const em_tensor *em_weights_find(const em_weights *w, const char *name, int rows, int columns);

typedef struct em_mlp
{
	int			layers;
	int			width[EM_MLP_LAYERS + 1];	/* inputs of layer 0, ..., outputs of the last */
	const float *weight[EM_MLP_LAYERS]; /* width[l] x width[l+1] */
	const float *bias[EM_MLP_LAYERS];
} em_mlp;

/*
 * The perceptron `prefix` of a set of weights.  EM_INTERNAL when a layer lacks
 * its bias, does not fit the one before it or is wider than EM_MLP_WIDTH.
 */
extern em_status em_mlp_from(em_ctx *ctx, const em_weights *w, const char *prefix, em_mlp *out);

/*
 * Outputs for one row of inputs: ReLU after every layer but the last.  in:
 * width[0] numbers, out: width[layers].  Sums run over the inputs in order, in
 * single precision, so the result depends on the numbers only.  Any thread.
 */
extern void em_mlp_run(const em_mlp *mlp, const float *in, float *out);

#endif							/* EM_MLP_H */
