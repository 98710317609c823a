/*
 * src/libem/half/em_sphere.c
 *		The sphere the permutation test is done in.
 */
#include "half/em_fsc_permutation.h"

#include <math.h>

#include "core/em_par.h"

#define SIGMA 2.0				/* voxels */
#define NOTHING 1e-6			/* smaller values are 0 */

typedef struct sphere_job
{
	em_volume  *v;
	double		radius;
} sphere_job;

/* Coordinate of voxel i of n: n points from -floor(n/2) to n - floor(n/2). */
static double
coordinate(int64_t i, int64_t n)
{
	return (double) -(n / 2) + (n > 1 ? (double) i * (double) n / (double) (n - 1) : 0);
}

static em_status
sphere_plane(void *arg, int64_t z, int worker)
{
	sphere_job *job = arg;
	const int64_t *n = job->v->grid.n;
	double		z2 = coordinate(z, n[2]) * coordinate(z, n[2]);

	(void) worker;
	for (int64_t y = 0; y < n[1]; y++)
	{
		double		yz2 = z2 + coordinate(y, n[1]) * coordinate(y, n[1]);
		float	   *row = em_volume_row(job->v, y, z);

		for (int64_t x = 0; x < n[0]; x++)
		{
			double		r = sqrt(yz2 + coordinate(x, n[0]) * coordinate(x, n[0]));
			double		beyond = (r - job->radius) / SIGMA;
			double		weight;

			if (r < job->radius)
				continue;
			weight = beyond < 6 ? exp(-0.5 * beyond * beyond) : 0;
			row[x] *= weight < NOTHING ? 0 : (float) weight;
		}
	}
	return EM_OK;
}

em_status
em_sphere_multiply(em_ctx *ctx, em_volume *v, double radius)
{
	sphere_job	job = {.v = v,.radius = radius};

	if (v->domain != EM_REAL_SPACE)
		return em_fail(ctx, EM_INTERNAL, "a sphere is cut from a map in real space");
	if (!(radius > 0))
		return em_fail(ctx, EM_NOT_MEASURABLE, "the box is too small for a sphere");
	return em_parallel(ctx, "sphere", v->grid.n[2], sphere_plane, &job);
}
