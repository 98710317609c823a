/*
 * src/libem/checks/em_resized.h
 *		The map that local B-factor and local occupancy are measured on, and what
 *		their measures have in common.
 *
 * VRS samples the map at half the reported resolution and makes the mask again
 * there, from the same contour level.  Here the map is cropped in Fourier space:
 * the box keeps its size, so the voxel may be a little larger than d/2 (even
 * number of voxels), or, from 96 voxels on, up to 3 % smaller (a number of
 * voxels that transforms fast: 616, not 614 = 2 x 307); the mask is dilated by
 * 2 Å as elsewhere.
 */
#ifndef EM_RESIZED_H
#define EM_RESIZED_H

#include "checks/em_level0.h"
#include "local/em_local_bands.h"

typedef struct em_resized
{
	em_volume  *spectrum;
	em_mask    *mask;
	double		resolution;		/* the one reported, or the finest the voxels allow, Å */
} em_resized;

/*
 * The edge that is taken for one of n voxels (even): the next even number that transforms fast, at most
 * 3 % and not beyond `most`; n itself below 96 voxels, or when there is none.
 */
extern int64_t em_resized_edge(int64_t n, int64_t most);

/* em_local_bfactor or em_local_occupancy. */
typedef em_status (*em_bands_fn) (em_ctx *ctx, const em_volume *spectrum, const em_mask *mask,
								  double resolution, double sigma, em_local_bands *out);

/* What a check adds to the percentiles: its own measures, its histogram. */
typedef em_status (*em_bands_store_fn) (em_results *out, const em_resized *r, const em_local_bands *b);

/*
 * Run a method: states no_map, no_resolution, no_contour, resolution_too_low,
 * not_finite_voxels, empty_mask, box_too_small, no_background, no_signal; measures p2_5 .. p97_5, mean, n,
 * spread in `unit`, bands, reported_resolution, resolution_used.  With parameter
 * sigma_f (1/Å) the method is run with that width of a band, too, for measure
 * p50_local and for the volume.
 */
extern em_status em_resized_run(em_workbench *wb, em_results *out, const char *unit, em_bands_fn method,
								em_bands_store_fn store);

extern uint64_t em_resized_estimate(const em_workbench *wb);

#endif							/* EM_RESIZED_H */
