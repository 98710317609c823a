/*
 * src/libem/learned/em_rods.h
 *		Where a map has rods of the width of an alpha helix, whatever their hand.
 *
 * At 7 Å a helix is a rod: dense along its axis, weak 5.5 Å beside it.  A place
 * and one of 61 directions score
 *		(least + mean of 7 samples within 7.5 Å along the direction) / 2
 *		- mean of 18 samples on the cylinder of 5.5 Å around it (3 heights of 6).
 * The places are every second one along each axis, in the mask and above the
 * mask's 40th percentile; the best are taken greedily, no two within 2.9 Å.
 *
 * Directions and places are closed under mirroring: places are counted from the
 * middle of the mask, directions are permutations and changes of sign of six
 * vectors.  A mirrored map has the mirrored rods with the same scores, as far as
 * its grid is the mirrored grid.
 */
#ifndef EM_RODS_H
#define EM_RODS_H

#include "volume/em_mask.h"

#define EM_ROD_DIRECTIONS 61	/* none is farther than 12.5 degrees from one of them */
#define EM_RODS_MAX 400

typedef struct em_rod
{
	double		centre[3];		/* voxels */
	double		axis[3];		/* unit vector, Å along x, y, z; its sign means nothing */
	double		score;			/* in units of the map */
} em_rod;

/*
 * Two unit vectors that make a right-handed frame with the axis.  Those of the
 * mirrored axis are the mirrored ones up to their signs.
 */
extern void em_rod_frame(const double axis[3], double u[3], double v[3]);

/* The directions of the search, unit vectors. */
extern void em_rod_directions(double out[EM_ROD_DIRECTIONS][3]);

/*
 * Rods of a map in real space on voxels of about 1 Å, low-passed at about 7 Å, in
 * a mask of its grid: at most min(EM_RODS_MAX, max(60, mask voxels/120)) of them
 * with a positive score, best first; *out is NULL when there are none.
 */
extern em_status em_rods_find(em_ctx *ctx, const em_volume *v, const em_mask *mask, em_rod **out, int *n);

/* Memory a search allocates at its peak, bytes, for a mask that fills the whole grid. */
extern uint64_t em_rods_bytes(const em_grid *grid);

#endif							/* EM_RODS_H */
