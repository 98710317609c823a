/*
 * src/libem/local/em_lattice.h
 *		Every step-th voxel of a mask: where a costly local measure is taken, and
 *		how it is carried to all voxels of the mask.
 *
 * Along an axis the points lie at low, low + step, ... and at high, low and high
 * the first and last voxel about which a whole window fits.  Points are needed
 * when they are a corner of a cell with a voxel of the mask; the others cost
 * nothing.  Voxels beyond low or high take the value at low or high.
 */
#ifndef EM_LATTICE_H
#define EM_LATTICE_H

#include "volume/em_mask.h"

typedef struct em_lattice
{
	int			step;
	int64_t		low[3];			/* voxel of the first point */
	int64_t		high[3];		/* voxel of the last point */
	int64_t		n[3];			/* points along each axis */
	int64_t		points;			/* needed */
	uint32_t   *point;			/* their indices (k*n[1] + j)*n[0] + i, ascending */
	uint32_t   *number;			/* of each of the n[0]*n[1]*n[2] points: its place among the needed ones */
} em_lattice;

#define EM_LATTICE_NUMBERS 128	/* most that are carried from a point */

/* Voxel of point i along an axis. */
static inline int64_t
em_lattice_at(const em_lattice *l, int axis, int64_t i)
{
	int64_t		at = l->low[axis] + i * l->step;

	return at < l->high[axis] ? at : l->high[axis];
}

/*
 * Points for windows of `window` voxels from x - window/2 on.  EM_NOT_MEASURABLE
 * when the box is smaller than a window, EM_TOO_LARGE with 2^32 points or more.
 */
extern em_status em_lattice_create(em_ctx *ctx, const em_mask *mask, int window, int step, em_lattice **out);
extern void em_lattice_destroy(em_ctx *ctx, em_lattice *l);

/* Bytes of a lattice of a box, at most. */
extern uint64_t em_lattice_bytes(const int64_t n[3], int step);

/* What the interpolated numbers make of a voxel. */
typedef float (*em_lattice_fn) (void *arg, const float *numbers);

/*
 * A new volume: in each voxel of the mask, fn of the numbers that the points
 * around it have, interpolated trilinearly; 0 elsewhere.  `numbers` holds `count`
 * (1 .. EM_LATTICE_NUMBERS) for every needed point, in their order.
 */
extern em_status em_lattice_fill(em_ctx *ctx, const em_lattice *l, const float *numbers, int count,
								 em_lattice_fn fn, void *arg, const em_mask *mask, const em_grid *grid,
								 em_volume **out);

#endif							/* EM_LATTICE_H */
