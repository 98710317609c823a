/*
 * src/libem/volume/em_cells.h
 *		A small copy of a local measure, for pictures: means over blocks of voxels
 *		of a mask, and the few bytes they are kept in.
 *
 * The cells cover the bounding box of the mask, with at most EM_CELLS_SIDE of
 * them along an axis.  A cell without a value in it has none.
 */
#ifndef EM_CELLS_H
#define EM_CELLS_H

#include "volume/em_mask.h"

#define EM_CELLS_SIDE 64

typedef struct em_cells
{
	int64_t		n[3];
	int64_t		first[3];		/* voxel of the map that begins the first cell */
	int64_t		factor;			/* voxels along the side of a cell */
	double		voxel[3];		/* voxel size of the map, Å */
	double	   *sum;			/* of the values; cell (x,y,z) at (z * n[1] + y) * n[0] + x */
	int32_t    *count;
} em_cells;

/* Empty cells over a mask of `grid`; EM_NOT_MEASURABLE when the mask is empty. */
extern em_status em_cells_create(em_ctx *ctx, const em_grid *grid, const em_mask *mask, em_cells **out);
extern void em_cells_destroy(em_ctx *ctx, em_cells *c);

/* Add the value of a voxel inside the bounding box; one that is not finite is left out. */
static inline void
em_cells_add(em_cells *c, int64_t x, int64_t y, int64_t z, double value)
{
	int64_t		at = (((z - c->first[2]) / c->factor) * c->n[1] + (y - c->first[1]) / c->factor) * c->n[0] +
		(x - c->first[0]) / c->factor;

	if (__builtin_isfinite(value))
	{
		c->sum[at] += value;
		c->count[at]++;
	}
}

/* Add the voxels of a mask. */
extern em_status em_cells_fill(em_ctx *ctx, em_cells *c, const em_volume *v, const em_mask *mask);

/*
 * As bytes: "EMC1", n as three 32-bit integers, the side of a cell along x, y, z
 * and the corner of the first cell (Å from the corner of the box) as 64-bit
 * floats, the least and greatest value as 64-bit floats, all little-endian; then
 * one byte a cell: 0 no value, 1 the least, 255 the greatest.  Allocated from ctx.
 */
extern em_status em_cells_pack(em_ctx *ctx, const em_cells *c, uint8_t **bytes, int64_t *length);

/*
 * Bytes as a volume, NaN where there is no value; *start is the corner of its
 * first voxel, Å.  EM_BAD_FORMAT for anything that em_cells_pack does not make.
 */
extern em_status em_cells_unpack(em_ctx *ctx, const uint8_t *bytes, int64_t length, em_volume **out,
								 double start[3]);

/*
 * Give cells without a value the mean of those around them, as far as `reach` Å
 * (one cell at least), so that a surface at the edge of the mask has one.
 */
extern em_status em_cells_extend(em_ctx *ctx, em_volume *v, double reach);

#endif							/* EM_CELLS_H */
