/*
 * src/libem/learned/em_mirror_grid.h
 *		A map on voxels of 1 Å that are the same seen in a mirror.
 *
 * The box of em_unit_grid.h, its samples moved by up to a quarter of a voxel so
 * that the middle of the mask lies on a new voxel or half-way between two: then
 * a map and its mirror image are sampled at the same places of the molecule.
 */
#ifndef EM_MIRROR_GRID_H
#define EM_MIRROR_GRID_H

#include "learned/em_unit_grid.h"

typedef struct em_mirror_grid
{
	em_unit_grid unit;			/* before the samples are moved */
	double		shift[3];		/* of the samples, new voxels */
} em_mirror_grid;

/* Box and grid for a mask; fails like em_unit_grid_choose. */
extern em_status em_mirror_grid_choose(em_ctx *ctx, const em_grid *map, const em_mask *mask, double voxel,
									   double margin, em_mirror_grid *out);

/* Half spectrum of the box on the new grid, see em_unit_spectrum. */
extern em_status em_mirror_spectrum(em_ctx *ctx, const em_mirror_grid *g, const em_volume *map,
									const char *what, em_volume **out);

/*
 * The mask on the new grid: new voxels for which the voxels around them, weighted
 * as in linear interpolation, lie in the mask by half or more.
 */
extern em_status em_mirror_mask(em_ctx *ctx, const em_mirror_grid *g, const em_mask *mask, em_mask **out);

#endif							/* EM_MIRROR_GRID_H */
