/*
 * src/libem/fourier/em_crop.h
 *		Another sampling of the same box: Fourier cropping and padding.
 *
 * The result holds the band-limited function of the map on a grid of n[j]
 * points that spans the same box (voxel' = N voxel / n), values kept: where the
 * two grids have points in common, a map without frequencies beyond the coarser
 * grid has the same values there.  A Nyquist coefficient of the coarser grid is
 * the mean of the finer grid's two (cropping) or is halved onto both (padding).
 */
#ifndef EM_CROP_H
#define EM_CROP_H

#include "volume/em_volume.h"

/* The grid of n points an axis over the same box; the position goes to `origin` (Å), start is 0. */
extern em_grid em_crop_grid(const em_grid *from, const int64_t n[3]);

/* Half spectrum -> new half spectrum on n points an axis. */
extern em_status em_crop_spectrum(em_ctx *ctx, const em_volume *spectrum, const int64_t n[3],
								  const char *what, em_volume **out);

#endif							/* EM_CROP_H */
