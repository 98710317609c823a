/*
 * src/libem/local/em_blocres_internal.h
 *		What the parts of BlocRes share.
 */
#ifndef EM_BLOCRES_INTERNAL_H
#define EM_BLOCRES_INTERNAL_H

#include "local/em_blocres.h"

/* Hann window: box weights (1 - cos(2 pi i/(box-1)))/2. */
extern void em_blocres_window(int box, double *w);

/* Frequency of shell 1, 1/Å. */
extern double em_blocres_shell_width(const em_grid *grid, const em_blocres_options *o);

/* FSC of one shell from its sums; 0 when a half has no power there. */
extern double em_blocres_correlation(double cross, double power1, double power2);

/* 1/resolution (1/Å) of a curve of `shells` values. */
extern double em_blocres_frequency(const float *fsc, int shells, double width, const em_blocres_options *o);

/* Check options and mask, and make the points with room for their numbers. */
extern em_status em_blocres_create(em_ctx *ctx, const em_grid *grid, const em_mask *mask,
								   const em_blocres_options *o, int step, em_blocres **out);

/* Take the curve of point i. */
extern void em_blocres_store(em_blocres *b, int64_t i, const float *fsc);

/* Points that take about as long as a check should. */
extern double em_blocres_wanted(const em_blocres_options *o);

/* Step of fast mode. */
extern int	em_blocres_step_fast(const em_blocres_options *o);

#endif							/* EM_BLOCRES_INTERNAL_H */
