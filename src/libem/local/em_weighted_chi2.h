/*
 * src/libem/local/em_weighted_chi2.h
 *		The law of a weighted sum of squares of normal numbers.
 *
 * Q = sum weight_j X_j², X_j independent standard normal.  Ruben 1962,
 * doi:10.1214/aoms/1177704580: with beta the smallest weight, Q/beta is a mixture
 * of chi² laws with n, n+2, n+4 ... degrees of freedom whose shares are positive
 * and sum to 1, so that small tail probabilities keep their relative accuracy.
 * Weights below 1 % of the largest, which would make the series long, are
 * replaced by their sum, the mean of what they add.
 */
#ifndef EM_WEIGHTED_CHI2_H
#define EM_WEIGHTED_CHI2_H

#include "core/em_ctx.h"

#define EM_WEIGHTED_CHI2_MAX 32	/* weights */

typedef struct em_weighted_chi2
{
	double		shift;			/* sum of the weights that count as constants */
	double		last;			/* end of the table; beyond it the logarithm goes on alike */
	double	   *ln_tail;		/* ln P(Q > x), denser towards shift, as far as last */
} em_weighted_chi2;

/* Tabulate the law of n weights >= 0, at least one of them positive. */
extern em_status em_weighted_chi2_create(em_ctx *ctx, const double *weight, int n, em_weighted_chi2 **out);
extern void em_weighted_chi2_destroy(em_ctx *ctx, em_weighted_chi2 *q);

/* P(Q > x), relative accuracy about 1e-3 down to 1e-14. */
extern double em_weighted_chi2_tail(const em_weighted_chi2 *q, double x);

/* x with P(Q > x) = p, 0 < p < 1. */
extern double em_weighted_chi2_quantile(const em_weighted_chi2 *q, double p);

#endif							/* EM_WEIGHTED_CHI2_H */
