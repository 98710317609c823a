/*
 * src/libem/volume/em_arith.c
 *		Arithmetic of two maps, plane by plane.
 */
#include "volume/em_arith.h"

#include "core/em_par.h"

typedef struct arith_job
{
	em_volume  *v;
	const em_volume *other;
} arith_job;

static em_status
multiply_plane(void *arg, int64_t z, int worker)
{
	arith_job  *job = arg;

	(void) worker;
	for (int64_t y = 0; y < job->v->grid.n[1]; y++)
	{
		float	   *to = em_volume_row(job->v, y, z);
		const float *by = em_volume_row(job->other, y, z);

		for (int64_t x = 0; x < job->v->grid.n[0]; x++)
			to[x] *= by[x];
	}
	return EM_OK;
}

static em_status
average_plane(void *arg, int64_t z, int worker)
{
	arith_job  *job = arg;

	(void) worker;
	for (int64_t y = 0; y < job->v->grid.n[1]; y++)
	{
		float	   *to = em_volume_row(job->v, y, z);
		const float *from = em_volume_row(job->other, y, z);

		for (int64_t x = 0; x < job->v->grid.n[0]; x++)
			to[x] = 0.5f * (to[x] + from[x]);
	}
	return EM_OK;
}

static em_status
half_difference_plane(void *arg, int64_t z, int worker)
{
	arith_job  *job = arg;

	(void) worker;
	for (int64_t y = 0; y < job->v->grid.n[1]; y++)
	{
		float	   *to = em_volume_row(job->v, y, z);
		const float *from = em_volume_row(job->other, y, z);

		for (int64_t x = 0; x < job->v->grid.n[0]; x++)
			to[x] = 0.5f * (to[x] - from[x]);
	}
	return EM_OK;
}

static em_status
check_pair(em_ctx *ctx, const em_volume *v, const em_volume *other)
{
	if (v->domain != EM_REAL_SPACE || other->domain != EM_REAL_SPACE)
		return em_fail(ctx, EM_INTERNAL, "arithmetic of maps in Fourier space");
	return em_grid_same(ctx, &v->grid, &other->grid, "one map", "another");
}

em_status
em_volume_multiply(em_ctx *ctx, em_volume *v, const em_volume *by)
{
	arith_job	job = {.v = v,.other = by};

	EM_TRY(check_pair(ctx, v, by));
	return em_parallel(ctx, "masking", v->grid.n[2], multiply_plane, &job);
}

em_status
em_volume_average(em_ctx *ctx, em_volume *v, const em_volume *other)
{
	arith_job	job = {.v = v,.other = other};

	EM_TRY(check_pair(ctx, v, other));
	return em_parallel(ctx, "averaging", v->grid.n[2], average_plane, &job);
}

em_status
em_volume_half_difference(em_ctx *ctx, em_volume *v, const em_volume *other)
{
	arith_job	job = {.v = v,.other = other};

	EM_TRY(check_pair(ctx, v, other));
	return em_parallel(ctx, "half difference", v->grid.n[2], half_difference_plane, &job);
}
