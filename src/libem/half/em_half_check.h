/*
 * src/libem/half/em_half_check.h
 *		Are two half maps what half maps should be?
 *
 * Every method that tells signal from noise by two half maps needs halves that
 * are independent, equally scaled, not masked and not filtered.  One look at the
 * voxels and one at the spectra finds the usual defects (all thresholds are
 * stated beside the flags); D = (half 1 - half 2)/2.
 */
#ifndef EM_HALF_CHECK_H
#define EM_HALF_CHECK_H

#include "volume/em_mask.h"

#define EM_HALF_FINDINGS 8

typedef struct em_half_check
{
	/* From the voxels. */
	double		zero_percent;	/* of the box, in cubes of 8³ voxels where rms D < 1 % of that of the box */
	bool		masked;			/* zero_percent > 20 */

	/*
	 * From the spectra, the mean density left out.  A multiple: 1 - |correlation|
	 * <= 1e-10.  Opposite contrast: FSC of the first shells (at least 3, to a
	 * twentieth of all) below -0.5.
	 */
	double		correlation;	/* of the voxels, -1 .. 1 */
	double		scale;			/* rms of half 2 over rms of half 1 */
	bool		identical;		/* power of D <= 1e-12 of that of the half sum */
	bool		copy;			/* one is a multiple of the other */
	bool		inverted;		/* they have opposite contrast */
	bool		scale_differs;	/* scale beyond 0.9 .. 1/0.9 */

	/*
	 * The power of D by shell against its 90th percentile over the shells.
	 * Filtered: it stays below 1e-4 of that up to Nyquist, or, above
	 * 1/(0.9 resolution), below 1e-4 of what it is in 0.4 .. 0.8 of 1/resolution.
	 */
	double		high_ratio;		/* in the last tenth of the shells */
	double		filtered_from;	/* Å: where it drops below 1e-4 for good; NaN */
	bool		filtered;
	bool		no_noise_beyond;	/* the second case: nothing to judge the resolution by */

	/* Correlated noise: FSC above 0.143 and twice the least FSC before (means of 5 shells). */
	double		nyquist_fsc;	/* FSC over the last tenth of the shells */
	bool		correlated_noise;

	int			findings;
	char		finding[EM_HALF_FINDINGS][160]; /* one sentence each, no full stop */
} em_half_check;

/* First half: the voxels of two maps of equal grids. */
extern em_status em_half_check_voxels(em_ctx *ctx, const em_volume *half1, const em_volume *half2,
									  em_half_check *out);

/*
 * Second half: their spectra; words the findings.  `resolution` (Å) sharpens the
 * test for a filter; NaN when none is known.
 */
extern em_status em_half_check_spectra(em_ctx *ctx, const em_volume *f1, const em_volume *f2,
									   double resolution, em_half_check *out);

/* Both, from voxels, by copies (two volumes of memory more). */
extern em_status em_half_check_run(em_ctx *ctx, const em_volume *half1, const em_volume *half2,
								   double resolution, em_half_check *out);

/*
 * Share of a mask's voxels, %, where |D| <= 1e-3 of its rms over the box: with a
 * large share there is no noise to compare with.  100 when D is 0 everywhere.
 */
extern em_status em_half_zero_percent(em_ctx *ctx, const em_volume *half1, const em_volume *half2,
									  const em_mask *mask, double *percent);

#endif							/* EM_HALF_CHECK_H */
