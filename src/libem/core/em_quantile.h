/*
 * src/libem/core/em_quantile.h
 *		Exact quantiles, percentile summaries and histograms of voxels under a
 *		mask, without a copy and without a sort.
 *
 * The bit pattern of a float, with the sign folded in, orders as its value
 * does.  Pass 1 counts the upper 16 bits of that pattern, pass 2 the lower 16
 * bits inside the few buckets that hold a wanted rank: the element of that rank
 * is found exactly.  Counting is exact, so the result does not depend on the
 * number of threads.  NaN is left out; infinities are ranked.
 */
#ifndef EM_QUANTILE_H
#define EM_QUANTILE_H

#include "volume/em_mask.h"

/* Which element is the quantile q of n sorted values, counted from 0. */
typedef enum em_rank
{
	EM_RANK_FLOOR = 0,			/* element floor(n q), at most n-1 (Xmipp) */
	EM_RANK_LINEAR				/* linear between the neighbours of rank q (n-1) (numpy) */
} em_rank;

#define EM_QUANTILES_MAX 16		/* quantiles in one call */

/*
 * Quantiles q[0..nq-1], each in 0..1, of the voxels of v (real space) whose bit
 * is set in m (NULL: all).  Stores their number in *n; with none, all of out[]
 * is NaN and the status is EM_OK.  EM_BAD_ARGUMENT: q outside 0..1, too many.
 */
extern em_status em_quantiles(em_ctx *ctx, const em_volume *v, const em_mask *m, em_rank rank,
							  const double *q, int nq, double *out, int64_t *n);

/* The same of n_values numbers in memory. */
extern em_status em_quantiles_array(em_ctx *ctx, const float *values, int64_t n_values, em_rank rank,
									const double *q, int nq, double *out, int64_t *n);

/* Scratch memory of one call, bytes (for estimates). */
extern uint64_t em_quantile_bytes(const em_ctx *ctx);

/* What the reports print of a local measure. */
typedef struct em_summary
{
	int64_t		n;				/* voxels that are numbers */
	double		p2_5;			/* percentiles by EM_RANK_LINEAR; NaN when n = 0 */
	double		p25;
	double		p50;
	double		p75;
	double		p97_5;
	double		min;
	double		max;
	double		mean;			/* of the finite voxels */
} em_summary;

extern em_status em_summarize(em_ctx *ctx, const em_volume *v, const em_mask *m, em_summary *out);
extern em_status em_summarize_array(em_ctx *ctx, const float *values, int64_t n_values, em_summary *out);

/*
 * Histogram of the voxels under m (NULL: all): `bins` equal bins from low to
 * high, the last one closed; values outside and NaN are left out.  counts[]
 * gets the voxels of each bin, centre[] (may be NULL) the middle of each bin.
 */
extern em_status em_histogram(em_ctx *ctx, const em_volume *v, const em_mask *m, double low, double high,
							  int bins, double *centre, double *counts);
extern em_status em_histogram_array(em_ctx *ctx, const float *values, int64_t n_values, double low,
									double high, int bins, double *centre, double *counts);

#endif							/* EM_QUANTILE_H */
