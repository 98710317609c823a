/*
 * src/libem/learned/em_unit_grid.h
 *		The part of a map around a mask on voxels of 1 Å: what the learned methods
 *		look at, whatever the voxel size of the map.
 *
 * The box is that of the mask with a margin on every side.  Where it would pass
 * the edge of the map it is moved inside, or is the whole map: nothing is
 * invented and nothing wraps around, but the margin is smaller there.  It is
 * resampled in Fourier space (fourier/em_crop.h), so it counts as periodic, as
 * a map does in every Fourier method.
 *
 * The size of the box and the number of new voxels are chosen together: even
 * numbers without a prime factor above 5 whose voxels are within 0.5 % of the
 * wanted size, if need be within 2 %, in boxes that are too small for that the
 * nearest even number.  The voxel size of the new grid is exact in every case,
 * so a method that takes its frequencies from the grid has them right.
 *
 * New voxel i lies at voxel first + i step of the map.
 */
#ifndef EM_UNIT_GRID_H
#define EM_UNIT_GRID_H

#include "volume/em_mask.h"

#define EM_UNIT_EDGE_MIN 16		/* new voxels an edge has at least */
#define EM_UNIT_COARSEST 8.0	/* a map's voxel is at most this many new ones long */

typedef struct em_unit_grid
{
	em_grid		map;			/* the map's grid */
	em_grid		grid;			/* the new one: position in `origin`, start 0 */
	int64_t		first[3];		/* where the box begins, voxels of the map */
	int64_t		size[3];		/* how long it is, voxels of the map */
	double		step[3];		/* voxels of the map from one new voxel to the next */
} em_unit_grid;

/*
 * Choose the box and the grid for a mask of the map's grid.  voxel: wanted voxel
 * size (Å); margin in Å.  Reads no voxels of the map.  Fails like
 * em_grid_check for skewed cells; EM_NOT_MEASURABLE for an empty mask, for
 * voxels coarser than EM_UNIT_COARSEST new ones and for a box with an edge of
 * less than EM_UNIT_EDGE_MIN new voxels.
 */
extern em_status em_unit_grid_choose(em_ctx *ctx, const em_grid *map, const em_mask *mask, double voxel,
									 double margin, em_unit_grid *out);

/* The same for the whole map, before there is a mask: for estimates.  False where choosing would fail. */
extern bool em_unit_grid_whole(const em_grid *map, double voxel, em_unit_grid *out);

/*
 * Half spectrum of the box on the new grid.  The values are those of the map
 * divided by the largest absolute value in the box (1 when all are 0), so a map
 * that is multiplied by a constant gives the same numbers to the last bit when
 * the multiplication itself was exact.  The map's voxels are finite.
 */
extern em_status em_unit_spectrum(em_ctx *ctx, const em_unit_grid *u, const em_volume *map, const char *what,
								  em_volume **out);

/*
 * The mask on the new grid: new voxels whose nearest voxel of the map is in the
 * mask, and those that are the nearest one of a voxel in the mask, so that none
 * is without a neighbour here.
 */
extern em_status em_unit_mask(em_ctx *ctx, const em_unit_grid *u, const em_mask *mask, em_mask **out);

/*
 * The way back: values on the new grid, defined in the voxels of `inside` (as
 * em_unit_mask gives it), onto the map's voxels in `mask`; 0 elsewhere.
 * Trilinear, over the neighbours that lie in `inside`.
 */
extern em_status em_unit_back(em_ctx *ctx, const em_unit_grid *u, const em_volume *values,
							  const em_mask *inside, const em_mask *mask, const char *what, em_volume **out);

/* Bytes em_unit_spectrum allocates at its peak, the spectrum included. */
extern uint64_t em_unit_spectrum_bytes(const em_ctx *ctx, const em_unit_grid *u);

#endif							/* EM_UNIT_GRID_H */
