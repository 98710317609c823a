/*
 * src/libem/local/em_local_bands.h
 *		Local B-factor and local occupancy: monogenic amplitudes band by band.
 *
 * Kaur et al. 2021, doi:10.1038/s41467-021-21509-5 (LocSpiral's LocBFactor and
 * LocOccupancy), in the definition of the Python programs that VRS runs.  A band
 * is the Gaussian h(s) = exp(-(s-f)²/(2 sigma²)), s and f in 1/Å, and A(x) the
 * monogenic amplitude of the map seen through h (fourier/em_riesz.h).
 *
 * Local B-factor: y = ln(C A / sum h) with C = A/(A + q), q the 0.9 quantile of
 * A over the background, sum h over all points of the spectrum; B is 4 times the
 * least-squares slope of y over f².  The slope is linear in y, so one volume
 * collects it while the bands are made one after another.  Dividing by sum h
 * gives 0 for a point and a negative number for noise of a flat spectrum; dividing
 * by sqrt(sum h²) instead gives 0 for that noise.  The two differ by one number
 * for all voxels, `shift`.
 *
 * Local occupancy: the share of the bands in which A reaches its 0.25 quantile
 * over the mask.  Its mean over the mask is 0.75 whatever the map is.
 *
 * Locality: the window has a standard deviation of 1/(2 pi sigma) in space.
 * With VRS's sigma = 4.8/(length of the box) it grows with the box.
 */
#ifndef EM_LOCAL_BANDS_H
#define EM_LOCAL_BANDS_H

#include "volume/em_mask.h"

#define EM_LOCAL_WORST 15.0		/* Å, the coarsest band */
#define EM_LOCAL_POINTS 10		/* bands of the B-factor */

typedef struct em_local_bands
{
	int			bands;
	double		sigma;			/* 1/Å */
	double		shift;			/* B-factor: add this for the noise-normalised one, Å² */
	int64_t		vanishing;		/* B-factor: amplitudes in the mask too small to tell from rounding */
	em_volume  *volume;			/* Å² or 0..1 in the mask, 0 elsewhere */
	const char *reason_code;	/* a stable word for EM_NOT_MEASURABLE */
} em_local_bands;

/* VRS's width of a band: 4.8 coefficients of the x axis, 1/Å. */
extern double em_local_sigma(const em_grid *grid);

/*
 * Measure a half spectrum, bands from EM_LOCAL_WORST to `resolution` (Å, finer
 * than that), in the voxels of `mask` (not empty; of the same grid).  The caller
 * frees the volume.  EM_NOT_MEASURABLE: no voxel outside the mask lies in the
 * sphere inscribed in the box (B-factor, no_background); nothing is in a band
 * (no_signal).
 */
extern em_status em_local_bfactor(em_ctx *ctx, const em_volume *spectrum, const em_mask *mask,
								  double resolution, double sigma, em_local_bands *out);
extern em_status em_local_occupancy(em_ctx *ctx, const em_volume *spectrum, const em_mask *mask,
									double resolution, double sigma, em_local_bands *out);

/* Voxels outside a mask whose distance from the centre of the box is below half its shortest edge. */
extern em_status em_local_background(em_ctx *ctx, const em_mask *mask, const em_grid *grid, em_mask **out);

/* Bytes a call allocates at most, the volume it returns included. */
extern uint64_t em_local_bands_bytes(const em_ctx *ctx, const em_grid *grid);

#endif							/* EM_LOCAL_BANDS_H */
