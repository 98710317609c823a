/*
 * src/libem/draw/em_cast.h
 *		Where parallel rays hit a surface, and the light there.
 *
 * One cast serves any number of pictures of the same view that differ in colour.
 */
#ifndef EM_CAST_H
#define EM_CAST_H

#include "draw/em_draw.h"

#define EM_CAST_FINE 2			/* rays a pixel, along each side */

/* Lengths are in units of the smallest voxel, from the middle of the box. */
typedef struct em_hits
{
	const em_volume *v;
	double		level;
	double		size[3];		/* of a voxel */
	double		length[3];		/* of the box */
	double		centre[3];		/* of the picture */
	double		right[3], up[3], view[3];	/* directions of the picture in the map; view comes towards us */
	double		pixel;			/* side of a ray's cell */
	double		angstrom;		/* Å a unit; 0 unknown */
	double		radius;			/* half the depth */
	int64_t		bricks[3];
	uint8_t    *full;			/* bricks that reach the level */
	int			w, h;			/* rays */
	float	   *depth;			/* of each ray's hit; -1 none */
	float	   *light;			/* there, 0..1 */
} em_hits;

/*
 * Cast rays at a level from a side; with `fit` the picture is a square as wide
 * as the longest extent of what reaches the level, the same for all sides, else
 * it shows the whole box.  The hits refer to `v`.
 */
extern em_status em_cast(em_ctx *ctx, const em_volume *v, double level, const double turn[3], bool fit,
						 em_hits **out);
extern void em_hits_destroy(em_ctx *ctx, em_hits *c);

/* Where the ray (x,y) hit, in voxels. */
extern void em_hit_place(const em_hits *c, int x, int y, double p[3]);

/* Value at a position in voxels; the outermost voxels go on outside. */
static inline double
em_value_at(const em_volume *v, const double p[3])
{
	int64_t		i[3],
				d[3];
	double		t[3],
				sum[2];
	const float *a;
	int64_t		step[3] = {1, v->row, v->plane};

	for (int j = 0; j < 3; j++)
	{
		double		q = p[j] < 0 ? 0 : p[j] > (double) (v->grid.n[j] - 1) ? (double) (v->grid.n[j] - 1) : p[j];

		i[j] = (int64_t) q;
		t[j] = q - (double) i[j];
		d[j] = i[j] + 1 < v->grid.n[j] ? step[j] : 0;
	}
	a = v->data + i[0] + i[1] * v->row + i[2] * v->plane;
	for (int k = 0; k < 2; k++, a += d[2])
	{
		double		low = a[0] + t[0] * (a[d[0]] - a[0]);
		double		high = a[d[1]] + t[0] * (a[d[0] + d[1]] - a[d[1]]);

		sum[k] = low + t[1] * (high - low);
	}
	return sum[0] + t[2] * (sum[1] - sum[0]);
}

#endif							/* EM_CAST_H */
