/*
 * src/libem/half/em_fsc_stored.c
 *		FSC over the half spectrum as it is stored: every coefficient once, so
 *		that those of the edge columns count with their mates.
 */
#include "half/em_fsc_permutation.h"

#include <math.h>
#include <string.h>

#include "core/em_par.h"

enum
{
	SUM_CROSS = 0,
	SUM_POWER1,
	SUM_POWER2,
	SUM_COUNT,
	SUMS
};

typedef struct stored_job
{
	const em_shells *shells;
	const em_volume *f1;
	const em_volume *f2;
	int32_t    *shell;			/* room a worker */
	double	   *sums;			/* SUMS a shell a plane */
} stored_job;

/* Item iz: the sums of one plane. */
static em_status
stored_plane(void *arg, int64_t iz, int worker)
{
	stored_job *job = arg;
	const em_shells *s = job->shells;
	int32_t    *shell = job->shell + worker * em_shells_room(s);
	double	   *sums = job->sums + iz * s->count * SUMS;

	for (int64_t iy = 0; iy < s->n[1]; iy++)
	{
		const float *a = em_volume_row(job->f1, iy, iz);
		const float *b = em_volume_row(job->f2, iy, iz);

		em_shells_row(s, iy, iz, shell);
		for (int64_t kx = 0; kx < s->nxh && shell[kx] >= 0; kx++)
		{
			const double ar = a[2 * kx];
			const double ai = a[2 * kx + 1];
			const double br = b[2 * kx];
			const double bi = b[2 * kx + 1];
			double	   *to = sums + shell[kx] * SUMS;

			to[SUM_CROSS] += ar * br + ai * bi;
			to[SUM_POWER1] += ar * ar + ai * ai;
			to[SUM_POWER2] += br * br + bi * bi;
			to[SUM_COUNT] += 1;
		}
	}
	return EM_OK;
}

uint64_t
em_fsc_stored_bytes(const em_ctx *ctx, const em_shells *s)
{
	return (uint64_t) (s->count * s->n[2]) * SUMS * sizeof(double) +
		(uint64_t) em_shells_room(s) * (uint64_t) em_parallel_workers(ctx) * sizeof(int32_t);
}

em_status
em_fsc_stored(em_ctx *ctx, const em_volume *f1, const em_volume *f2, const em_shells *s, double *fsc, int64_t *n)
{
	stored_job	job = {.shells = s,.f1 = f1,.f2 = f2};
	int64_t		per_plane = s->count * SUMS;
	em_status	status;

	job.shell = em_alloc(ctx, (uint64_t) em_shells_room(s) * (uint64_t) em_parallel_workers(ctx),
						 sizeof(int32_t), "shell numbers");
	job.sums = em_alloc(ctx, (uint64_t) (per_plane * s->n[2]), sizeof(double), "FSC sums");
	if (job.shell == NULL || job.sums == NULL)
		status = em_ctx_status(ctx);
	else
		status = em_parallel(ctx, "half-map comparison", s->n[2], stored_plane, &job);
	for (int64_t z = 1; z < s->n[2] && status == EM_OK; z++)
		for (int64_t i = 0; i < per_plane; i++)
			job.sums[i] += job.sums[z * per_plane + i];
	for (int64_t i = 0; i < s->count && status == EM_OK; i++)
	{
		const double *sum = job.sums + i * SUMS;
		double		power = sum[SUM_POWER1] * sum[SUM_POWER2];

		fsc[i] = power > 0 ? sum[SUM_CROSS] / sqrt(power) : NAN;
		n[i] = (int64_t) sum[SUM_COUNT];
	}
	em_free(ctx, job.sums);
	em_free(ctx, job.shell);
	return status;
}
