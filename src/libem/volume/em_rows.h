/*
 * src/libem/volume/em_rows.h
 *		Rows of a box cut into blocks: the items of a parallel loop.
 *
 * Row r of a box is (y,z) with r = z*ny + y.  The cut depends on the box only,
 * never on the number of threads, so partial sums per block are reproducible.
 */
#ifndef EM_ROWS_H
#define EM_ROWS_H

#include <stdint.h>

#define EM_BLOCK_VOXELS ((int64_t) 1 << 18)	/* voxels a block of a map, under 1 ms of work */
#define EM_BLOCK_BITS ((int64_t) 1 << 21)	/* voxels a block of a mask */

typedef struct em_rows
{
	int64_t		ny;
	int64_t		total;			/* rows of the box */
	int64_t		per_block;
	int64_t		blocks;
} em_rows;

/* Cut the rows of a box of n voxels into blocks of about `voxels` voxels. */
static inline em_rows
em_rows_cut(const int64_t n[3], int64_t voxels)
{
	em_rows		r = {.ny = n[1], .total = n[1] * n[2]};

	r.per_block = voxels / n[0];
	if (r.per_block < 1)
		r.per_block = 1;
	r.blocks = (r.total + r.per_block - 1) / r.per_block;
	return r;
}

/* First row of a block; the block ends where the next one begins. */
static inline int64_t
em_rows_first(const em_rows *r, int64_t block)
{
	int64_t		row = block * r->per_block;

	return row < r->total ? row : r->total;
}

#endif							/* EM_ROWS_H */
