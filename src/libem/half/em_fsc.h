/*
 * src/libem/half/em_fsc.h
 *		Fourier shell correlation, differential phase residual and spectral
 *		signal-to-noise ratio of two half maps, in one sweep over the shells.
 *
 * FSC: Harauz & van Heel 1986.  DPR: Frank et al. 1981.  SSNR from half maps:
 * Unser et al. 1987.  The VRS-compatible columns follow xmipp_resolution_fsc
 * and the service's own SSNR.
 */
#ifndef EM_FSC_H
#define EM_FSC_H

#include "fourier/em_shell.h"

/* Curves over `count` shells; shell 0 is the mean density. */
typedef struct em_fsc
{
	int64_t		count;
	double		length;			/* L, Å: shell i has frequency i/L */
	int64_t    *n;				/* coefficients of the full sphere */
	double	   *fsc;			/* every coefficient of the full sphere counted once */
	double	   *dpr;			/* degrees, weighted by |F1|+|F2| */
	double	   *ssnr;			/* sum|S|²/sum|D|² - 1, S and D half sum and half difference */
	double	   *fsc_vrs;		/* as xmipp_resolution_fsc prints it, see below */
	double	   *dpr_vrs;		/* likewise */
	double	   *ratio_vrs;		/* mean |S|/|D| over floor shells about the box centre */
	int64_t		ratio_skipped;	/* coefficients left out of ratio_vrs because |D| = 0 */
	double		noise_power;	/* sum |D|² over all shells but 0; 0 means identical halves */
	double		signal_power;	/* sum |S|² over all shells but 0 */
} em_fsc;

/*
 * Xmipp's curves add up every stored coefficient once, without those of the
 * last shell beyond Nyquist, and only rows with ky = 0 .. ny/2: the program asks
 * for the size of a map it has freed, so that the frequencies of the other rows
 * are not wrapped and lie beyond Nyquist.  Its tables for two pairs of half maps
 * (one of 128³, one of 32³ voxels) agree with that in all printed digits.
 */

/* Sweep two spectra (EM_FOURIER_SPACE) of equal grids; shells without power give NaN. */
extern em_status em_fsc_sweep(em_ctx *ctx, const em_volume *f1, const em_volume *f2, em_fsc **out);
/* Bytes a sweep of this grid allocates besides its result (for estimates). */
extern uint64_t em_fsc_sweep_bytes(em_ctx *ctx, const em_grid *grid);
extern void em_fsc_destroy(em_ctx *ctx, em_fsc *f);

/*
 * Crossings.  em_crossings lists every place where the curve (from shell 1 on)
 * falls below (direction < 0) or rises above (direction > 0) `level`, linearly
 * interpolated between the shells; returns how many there are and stores at
 * most `max` frequencies (1/Å).  NaN shells are stepped over.
 */
extern int	em_crossings(const double *curve, int64_t count, double length, double level,
						 int direction, double *frequency, int max);

/*
 * First crossing as VRS defines it on a list that starts at shell 1: index 0
 * or 1 of that list means no crossing.  Returns the resolution in Å, or NaN.
 */
extern double em_first_crossing_vrs(const double *curve, int64_t count, double length,
									double level, int direction);

/*
 * The crossing VRS calls SSNR: where log10(ratio_vrs - 1) falls below 0, on a
 * list that starts at shell 0.  Returns the resolution in Å, or NaN.
 */
extern double em_ratio_crossing_vrs(const double *ratio, int64_t count, double length);

/*
 * Where the logistic curve 1 - (a/(1+exp(-b(f-x0))) + c), fitted to the FSC by
 * least squares, falls below `level`: VRS's "well preserved" resolution, Å; NaN
 * when the fit fails or never crosses.
 */
extern double em_fsc_logistic_crossing(const double *fsc, int64_t count, double length, double level);

#endif							/* EM_FSC_H */
