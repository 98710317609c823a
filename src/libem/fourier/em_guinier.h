/*
 * src/libem/fourier/em_guinier.h
 *		Guinier profile of a spectrum and its B-factor.
 *
 * Rosenthal & Henderson 2003, doi:10.1016/j.jmb.2003.07.013; the fit follows
 * xmipp_volume_correct_bfactor in automatic mode, which VRS runs.
 */
#ifndef EM_GUINIER_H
#define EM_GUINIER_H

#include "fourier/em_shell.h"

/* One profile: arrays of `count` shells; shell 0 is the mean density. */
typedef struct em_guinier
{
	int64_t		count;
	double	   *inv_d2;			/* (i/L)², 1/Å² */
	double	   *ln_f;			/* ln of the mean |F|/voxels of the shell; NaN when that is 0 */
	double	   *ln_f_vrs;		/* the same with each stored half-plane coefficient counted once */
	int64_t    *n;				/* coefficients of the full sphere */
} em_guinier;

/* Profile of a spectrum (EM_FOURIER_SPACE), F divided by the number of voxels. */
extern em_status em_guinier_profile(em_ctx *ctx, const em_volume *spectrum, em_guinier **out);
/* Bytes a profile of this grid allocates besides its result (for estimates). */
extern uint64_t em_guinier_bytes(em_ctx *ctx, const em_grid *grid);
extern void em_guinier_destroy(em_ctx *ctx, em_guinier *g);

/*
 * Unweighted least squares of ln|F| on 1/d² over shells with
 * high <= d <= low (Å); B = 4 * slope, Å², negative for a decaying spectrum.
 */
typedef struct em_bfactor_fit
{
	double		bfactor;		/* Å² */
	double		slope;			/* Å² */
	double		intercept;		/* ln|F| at 1/d² = 0 */
	double		correlation;	/* Pearson r of the fitted points */
	int64_t		points;			/* shells in the fit */
} em_bfactor_fit;

#define EM_BFACTOR_MIN_SHELLS 5	/* fewer do not make a slope */

/*
 * EM_NOT_MEASURABLE with fewer than 5 shells in the range or a shell without
 * power.  With `vrs`, ln_f_vrs is fitted, the Nyquist shell is kept and 2 shells
 * suffice; otherwise the Nyquist shell is left out.
 */
extern em_status em_bfactor_fit_range(em_ctx *ctx, const em_guinier *g, double low, double high,
									  bool vrs, em_bfactor_fit *out);

/* First shell of such a fit and how many there are. */
extern int64_t em_bfactor_shells(const em_guinier *g, double low, double high, bool vrs, int64_t *first);

#endif							/* EM_GUINIER_H */
