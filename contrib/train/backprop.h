/*
 * contrib/train/backprop.h
 *		Training of multilayer perceptrons: backpropagation and AdamW.
 *
 * The perceptron is the one of learned/em_mlp.h: ReLU after every layer but the
 * last, weights as tables of inputs x outputs.  One thread, fixed order of sums:
 * the same seed and data give the same weights.
 *
 * Loshchilov & Hutter 2019, arXiv:1711.05101 (AdamW); Smith & Topin 2018,
 * arXiv:1708.07120 (one cycle).
 */
#ifndef TR_BACKPROP_H
#define TR_BACKPROP_H

#include "draws.h"
#include "learned/em_mlp.h"

/* A perceptron under training.  Parameters lie in one array: weight 0, bias 0, weight 1, ... */
typedef struct tr_mlp
{
	int			layers;
	int			width[EM_MLP_LAYERS + 1];
	int64_t		n;				/* parameters */
	float	   *param;
	float	   *grad;			/* of the batch so far */
	float	   *first;			/* Adam's moments */
	float	   *second;
	int64_t		steps;
} tr_mlp;

/* Random weights (He): widths[0] inputs, ..., widths[layers] outputs.  0, or -1 without memory. */
extern int	tr_mlp_create(tr_mlp *mlp, int layers, const int *widths, tr_draws *draws);
extern void tr_mlp_free(tr_mlp *mlp);

/* Weight (inputs x outputs) and bias of a layer. */
extern float *tr_mlp_weight(const tr_mlp *mlp, int layer);
extern float *tr_mlp_bias(const tr_mlp *mlp, int layer);

/* What a forward pass leaves behind for the backward pass. */
typedef struct tr_trace
{
	float		value[EM_MLP_LAYERS + 1][EM_MLP_WIDTH];
} tr_trace;

/* Outputs for one row of inputs: trace->value[layers]. */
extern const float *tr_mlp_forward(const tr_mlp *mlp, const float *in, tr_trace *trace);

/*
 * Add the gradient of one row, given the loss's derivative by each output.
 * d_in (may be NULL) receives the derivative by each input.
 */
extern void tr_mlp_backward(tr_mlp *mlp, const tr_trace *trace, const float *d_out, float *d_in);

/*
 * One AdamW step with the gradient summed over `rows` rows; clears the gradient.
 * Decay applies to weights, not to biases.
 */
extern void tr_mlp_step(tr_mlp *mlp, int rows, double rate, double decay);

/* Learning rate of step i of n: up to `peak` in the first 30 %, then down to nearly 0, along cosines. */
extern double tr_one_cycle(int64_t i, int64_t n, double peak);

/* A random order of 0..n-1. */
extern void tr_shuffle(int64_t *order, int64_t n, tr_draws *draws);

/*
 * The layers as tensors "<prefix>.<layer>.weight" and ".bias" from tensor[*n] on;
 * names are kept in `names`, which outlives them (64 bytes each).
 */
extern void tr_mlp_tensors(const tr_mlp *mlp, const char *prefix, em_tensor *tensor, int *n,
						   char (*names)[64]);

#endif							/* TR_BACKPROP_H */
