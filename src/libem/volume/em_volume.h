/*
 * src/libem/volume/em_volume.h
 *		A map in memory: float voxels on a grid with geometry in Å.
 *
 * Voxel (x,y,z), counted from 0, lies at data[z*plane + y*row + x].  Axes are
 * always x fastest, z slowest: the reader has undone MAPC/MAPR/MAPS.  Rows are
 * padded so that the same memory holds the half spectrum of an in-place
 * transform (nx/2+1 complex numbers a row), and rows and planes are an odd
 * number of 64-byte lines, so that walking along y or z does not hit the same
 * cache set again and again.  What lies in the padding is undefined.
 */
#ifndef EM_VOLUME_H
#define EM_VOLUME_H

#include "core/em_ctx.h"

/* Where the voxels are.  Index 0, 1, 2 is x, y, z. */
typedef struct em_grid
{
	int64_t		n[3];			/* voxels along each axis */
	double		voxel[3];		/* voxel size, Å; 0 when the header has none */
	int64_t		start[3];		/* NXSTART.. in x,y,z order, voxels */
	double		origin[3];		/* ORIGIN, Å */
	double		angle[3];		/* cell angles alpha, beta, gamma, degrees */
} em_grid;

typedef enum em_domain
{
	EM_REAL_SPACE = 0,			/* voxels */
	EM_FOURIER_SPACE			/* half spectrum, see fourier/em_fft.h */
} em_domain;

typedef struct em_volume
{
	em_grid		grid;
	int64_t		row;			/* floats from (x,y,z) to (x,y+1,z) */
	int64_t		plane;			/* floats from (x,y,z) to (x,y,z+1) */
	em_domain	domain;
	float	   *data;
} em_volume;

/* Number of voxels, and bytes that em_volume_create will allocate for a grid. */
extern int64_t em_grid_voxels(const em_grid *grid);
extern uint64_t em_volume_bytes(const em_grid *grid);

/* Volume of one voxel, Å³; cells whose angles are not 90 degrees are honoured. */
extern double em_grid_voxel_volume(const em_grid *grid);

/* Do two grids have the same box and voxel size (to 0.1 %)?  EM_MISMATCH says how not. */
extern em_status em_grid_same(em_ctx *ctx, const em_grid *a, const em_grid *b,
							  const char *name_a, const char *name_b);

/* Are the axes at right angles (an angle of 0 counts as unset)? */
extern bool em_grid_right_angled(const em_grid *grid);

/* Are the voxel sizes positive and finite, the angles those of a cell? */
extern em_status em_grid_check_voxel(em_ctx *ctx, const em_grid *grid, const char *name);

/* The same, and the axes at right angles: what every Fourier method needs. */
extern em_status em_grid_check(em_ctx *ctx, const em_grid *grid, const char *name);

/*
 * Metric of the grid: the squared length (Å²) of a step of d[] voxels is
 * sum d[i] d[j] g[i][j].
 */
extern void em_grid_metric(const em_grid *grid, double g[3][3]);

extern em_status em_volume_create(em_ctx *ctx, const em_grid *grid, const char *what,
								  em_volume **out);
extern em_status em_volume_copy(em_ctx *ctx, const em_volume *from, const char *what,
								em_volume **out);
extern void em_volume_destroy(em_ctx *ctx, em_volume *v);

static inline float *
em_volume_row(const em_volume *v, int64_t y, int64_t z)
{
	return v->data + z * v->plane + y * v->row;
}

/*
 * Voxel statistics in one pass with the accuracy of two: sums of differences
 * from a pivot, in double, per block of rows, combined in order.  Without a
 * finite voxel min, max, mean and sd are NaN.
 */
typedef struct em_stats
{
	int64_t		n;				/* finite voxels */
	int64_t		not_finite;		/* NaN or infinite voxels, left out of the rest */
	double		min;
	double		max;
	double		mean;
	double		sd;				/* population standard deviation (divisor n) */
	double		sum;
	double		sum_abs;		/* sum of |v| */
	int64_t		zeros;			/* voxels that are exactly 0 */
} em_stats;

extern em_status em_volume_stats(em_ctx *ctx, const em_volume *v, em_stats *out);

#endif							/* EM_VOLUME_H */
