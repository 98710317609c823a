/*
 * src/libem/volume/em_mask.h
 *		Binary masks, one bit a voxel, and what is done with them.
 *
 * Voxel (x,y,z) is bit x%64 of bits[(z*ny + y)*words + x/64].  Bits at and
 * beyond nx in the last word of a row are 0.  A mask of a 1024³ map takes
 * 128 MiB.
 */
#ifndef EM_MASK_H
#define EM_MASK_H

#include "volume/em_volume.h"

typedef struct em_mask
{
	int64_t		n[3];
	int64_t		words;			/* 64-bit words a row: ceil(nx/64) */
	int64_t		count;			/* bits set */
	uint64_t   *bits;
} em_mask;

extern uint64_t em_mask_bytes(const int64_t n[3]);
extern em_status em_mask_create(em_ctx *ctx, const int64_t n[3], const char *what, em_mask **out);
extern void em_mask_destroy(em_ctx *ctx, em_mask *m);

static inline uint64_t *
em_mask_row(const em_mask *m, int64_t y, int64_t z)
{
	return m->bits + (z * m->n[1] + y) * m->words;
}

static inline bool
em_mask_get(const em_mask *m, int64_t x, int64_t y, int64_t z)
{
	return (em_mask_row(m, y, z)[x >> 6] >> (x & 63)) & 1;
}

/* Count the set bits again (after writing bits by hand). */
extern em_status em_mask_recount(em_ctx *ctx, em_mask *m);

/* v >= threshold, compared in double; NaN is outside. */
extern em_status em_mask_threshold(em_ctx *ctx, const em_volume *v, double threshold, em_mask **out);

/*
 * Connected components (26 neighbours) by runs and union-find.  Sizes are in
 * descending order, ties by first voxel in raster order.  Memory: 4 bytes a run
 * of 2x2 rows and 8 bytes a component, at most 1.5 bytes a voxel.
 */
typedef struct em_components
{
	int64_t		count;			/* number of components */
	int64_t    *size;			/* count sizes in voxels, descending */
	em_mask    *largest;		/* the component size[0]; ties: the first in raster order */
} em_components;

extern uint64_t em_components_bytes(const int64_t n[3]);	/* worst case, without `largest` */
extern em_status em_components_find(em_ctx *ctx, const em_mask *m, em_components **out);
extern void em_components_destroy(em_ctx *ctx, em_components *c);

/*
 * Dilation by a Euclidean distance in Å: every voxel whose centre lies within
 * `radius` of a set voxel's centre, give or take 1e-6 of the radius (voxel sizes
 * come from 32-bit cells).  Anisotropic voxels are honoured.
 */
extern em_status em_mask_dilate(em_ctx *ctx, const em_mask *m, const double voxel[3],
								double radius, em_mask **out);

/* The same on any grid, also one whose axes are not at right angles. */
extern em_status em_mask_dilate_grid(em_ctx *ctx, const em_mask *m, const em_grid *grid,
									 double radius, em_mask **out);

/*
 * The dilation of VRS (Xmipp): k steps of the 18-neighbour element, where each
 * step only writes voxels with 1 <= index <= n-2 on every axis, so that the
 * outermost shell is always empty.
 */
extern em_status em_mask_dilate_vrs(em_ctx *ctx, const em_mask *m, int k, em_mask **out);

/* Number of bits set in both. */
extern int64_t em_mask_overlap(const em_mask *a, const em_mask *b);

/*
 * First and last plane with a set voxel along each axis; first = -1 when the
 * mask is empty.
 */
extern em_status em_mask_bounds(em_ctx *ctx, const em_mask *m, int64_t first[3], int64_t last[3]);

/*
 * Soft mask, values 0..1: the mask smoothed by a real-space Gaussian of
 * standard deviation sigma (voxels), separable, truncated at 4.5 sigma, zero
 * outside the box (so that nothing wraps around).
 */
extern em_status em_mask_soften(em_ctx *ctx, const em_mask *m, const em_grid *grid,
								double sigma, em_volume **out);

#endif							/* EM_MASK_H */
