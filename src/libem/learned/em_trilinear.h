/*
 * src/libem/learned/em_trilinear.h
 *		The density between the voxels.
 */
#ifndef EM_TRILINEAR_H
#define EM_TRILINEAR_H

#include "volume/em_vec.h"
#include "volume/em_volume.h"

/* Voxel at or before a position on an axis of n voxels, and how far beyond it the position lies (0..1). */
EM_INLINE int64_t
em_trilinear_cell(double at, int64_t n, float *beyond)
{
	int64_t		cell;

	if (!(at > 0))
		at = 0;
	if (at > (double) (n - 1))
		at = (double) (n - 1);
	cell = (int64_t) at;
	if (cell > n - 2 && n > 1)
		cell = n - 2;
	*beyond = (float) (at - (double) cell);
	return cell;
}

/*
 * Density at a position in voxels, linear between the eight voxels around it.
 * Beyond the box the nearest position inside counts.  Every axis has two voxels
 * or more.
 */
EM_INLINE float
em_trilinear(const em_volume *v, const double at[3])
{
	float		f[3];
	const int64_t x = em_trilinear_cell(at[0], v->grid.n[0], &f[0]);
	const int64_t y = em_trilinear_cell(at[1], v->grid.n[1], &f[1]);
	const int64_t z = em_trilinear_cell(at[2], v->grid.n[2], &f[2]);
	const float *a = v->data + z * v->plane + y * v->row + x;
	const float *b = a + v->plane;
	const int64_t row = v->row;
	const float a0 = a[0] + f[0] * (a[1] - a[0]);
	const float a1 = a[row] + f[0] * (a[row + 1] - a[row]);
	const float b0 = b[0] + f[0] * (b[1] - b[0]);
	const float b1 = b[row] + f[0] * (b[row + 1] - b[row]);
	const float a2 = a0 + f[1] * (a1 - a0);
	const float b2 = b0 + f[1] * (b1 - b0);

	return a2 + f[2] * (b2 - a2);
}

#endif							/* EM_TRILINEAR_H */
