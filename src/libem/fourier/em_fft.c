/*
 * src/libem/fourier/em_fft.c
 *		In-place 3-D transforms, slab by slab.
 *
 * Along x the rows of a plane are transformed where they are.  Along y and z
 * eight neighbouring columns, one cache line wide, are gathered into scratch,
 * transformed there and put back: every line is touched once, and the scratch
 * stays in the first-level cache.  Columns in scratch lie an odd number of
 * lines apart for the same reason as rows in a volume do (em_volume.h).
 */
#include "fourier/em_fft.h"

#include <fftw3.h>
#include <stdlib.h>
#include <string.h>

#include "core/em_par.h"
#include "fourier/em_shell.h"

#define COLUMNS 8				/* complex floats in a 64-byte line */
#define CACHED_PLANS 8			/* sizes and directions kept in a context */

/* The plans of one layout and direction; [0] for full blocks, [1] for the last one. */
typedef struct fft_plans
{
	int64_t		n[3];
	int64_t		row;
	int			sign;			/* FFTW_FORWARD, FFTW_BACKWARD; 0: the entry is free */
	fftwf_plan	x;				/* all rows of a plane */
	fftwf_plan	y[2];
	fftwf_plan	z[2];
} fft_plans;

typedef struct fft_cache
{
	fft_plans	entry[CACHED_PLANS];
	int			next;			/* entry to replace when all are taken */
} fft_cache;

typedef struct fft_job
{
	const em_volume *v;
	const fft_plans *plans;
	fftwf_complex *scratch;		/* worker w owns scratch + w * per_worker */
	int64_t		per_worker;
	float		scale;			/* applied in the z pass */
	int64_t		limit[2];		/* along x and y; coefficients beyond are 0, or not wanted */
} fft_job;

/* Complex floats from column to column in scratch: an odd number of lines. */
static int64_t
column_distance(int64_t n)
{
	return (((n + COLUMNS - 1) / COLUMNS) | 1) * COLUMNS;
}

/* Complex floats of scratch one worker needs. */
static int64_t
worker_scratch(const em_grid *grid)
{
	return COLUMNS * column_distance(grid->n[1] > grid->n[2] ? grid->n[1] : grid->n[2]);
}

uint64_t
em_fft_scratch_bytes(const em_ctx *ctx, const em_grid *grid)
{
	return (uint64_t) worker_scratch(grid) * sizeof(fftwf_complex) * (uint64_t) em_parallel_workers(ctx);
}

static void
destroy_plans(fft_plans *p)
{
	fftwf_plan	all[] = {p->x, p->y[0], p->y[1], p->z[0], p->z[1]};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i] != NULL)
			fftwf_destroy_plan(all[i]);
	memset(p, 0, sizeof(*p));
}

static void
destroy_cache(void *slot)
{
	fft_cache  *cache = slot;

	for (int i = 0; i < CACHED_PLANS; i++)
		destroy_plans(&cache->entry[i]);
	free(cache);
}

/* Plan transforms of `count` columns of length n in scratch; false when FFTW refuses. */
static bool
plan_columns(fftwf_plan *plan, int64_t n, int64_t count, int sign, fftwf_complex *scratch)
{
	int			length = (int) n;
	int			distance = (int) column_distance(n);

	*plan = NULL;
	if (count == 0)
		return true;
	*plan = fftwf_plan_many_dft(1, &length, (int) count, scratch, NULL, 1, distance,
								scratch, NULL, 1, distance, sign, FFTW_ESTIMATE);
	return *plan != NULL;
}

/* Make the plans of a volume; estimating does not touch the voxels. */
static bool
make_plans(fft_plans *p, const em_volume *v, int sign, fftwf_complex *scratch)
{
	const int64_t *n = v->grid.n;
	int64_t		nxh = n[0] / 2 + 1;
	int64_t		count[2] = {nxh < COLUMNS ? 0 : COLUMNS, nxh % COLUMNS};
	int			length = (int) n[0];
	int			row = (int) v->row;
	fftwf_complex *spectrum = (fftwf_complex *) v->data;

	memcpy(p->n, n, sizeof(p->n));
	p->row = v->row;
	p->sign = sign;
	if (sign == FFTW_FORWARD)
		p->x = fftwf_plan_many_dft_r2c(1, &length, (int) n[1], v->data, NULL, 1, row,
									   spectrum, NULL, 1, row / 2, FFTW_ESTIMATE);
	else
		p->x = fftwf_plan_many_dft_c2r(1, &length, (int) n[1], spectrum, NULL, 1, row / 2,
									   v->data, NULL, 1, row, FFTW_ESTIMATE);
	if (p->x == NULL)
		return false;
	for (int i = 0; i < 2; i++)
		if (!plan_columns(&p->y[i], n[1], count[i], sign, scratch) ||
			!plan_columns(&p->z[i], n[2], count[i], sign, scratch))
			return false;
	return true;
}

/* The context's plans for a volume, made when they are asked for first. */
static em_status
get_plans(em_ctx *ctx, const em_volume *v, int sign, fftwf_complex *scratch, const fft_plans **out)
{
	fft_cache  *cache = em_ctx_slot(ctx, EM_SLOT_FFT);
	fft_plans  *p;

	if (cache == NULL)
	{
		cache = calloc(1, sizeof(fft_cache));
		if (cache == NULL)
			return em_fail(ctx, EM_NO_MEMORY, "out of memory for transform plans");
		em_ctx_set_slot(ctx, EM_SLOT_FFT, cache, destroy_cache);
	}
	for (int i = 0; i < CACHED_PLANS; i++)
	{
		p = &cache->entry[i];
		if (p->sign == sign && p->row == v->row && memcmp(p->n, v->grid.n, sizeof(p->n)) == 0)
		{
			*out = p;
			return EM_OK;
		}
	}
	p = &cache->entry[cache->next];
	cache->next = (cache->next + 1) % CACHED_PLANS;
	destroy_plans(p);
	if (!make_plans(p, v, sign, scratch))
	{
		destroy_plans(p);
		return em_fail(ctx, EM_INTERNAL, "no plan for a transform of %lldx%lldx%lld voxels",
					   (long long) v->grid.n[0], (long long) v->grid.n[1], (long long) v->grid.n[2]);
	}
	*out = p;
	return EM_OK;
}

/* Copy `count` neighbouring columns of length n into scratch. */
static inline void
gather(fftwf_complex *scratch, int64_t distance, const fftwf_complex *from, int64_t stride,
	   int64_t n, int64_t count)
{
	for (int64_t i = 0; i < n; i++)
		for (int64_t j = 0; j < count; j++)
		{
			scratch[j * distance + i][0] = from[i * stride + j][0];
			scratch[j * distance + i][1] = from[i * stride + j][1];
		}
}

/* Copy columns back, multiplied by `scale`. */
static inline void
scatter(fftwf_complex *to, int64_t stride, const fftwf_complex *scratch, int64_t distance,
		int64_t n, int64_t count, float scale)
{
	for (int64_t i = 0; i < n; i++)
		for (int64_t j = 0; j < count; j++)
		{
			to[i * stride + j][0] = scratch[j * distance + i][0] * scale;
			to[i * stride + j][1] = scratch[j * distance + i][1] * scale;
		}
}

/*
 * Transform the first `used` of nxh columns of length n that start at base, `stride` complex floats from
 * line to line, and the others of their last block.
 */
static void
transform_columns(fftwf_complex *base, int64_t stride, int64_t n, int64_t nxh, int64_t used,
				  const fftwf_plan plan[2], fftwf_complex *scratch, float scale)
{
	int64_t		distance = column_distance(n);
	int64_t		k = 0;

	for (; k < used && k + COLUMNS <= nxh; k += COLUMNS)
	{
		gather(scratch, distance, base + k, stride, n, COLUMNS);
		fftwf_execute_dft(plan[0], scratch, scratch);
		scatter(base + k, stride, scratch, distance, n, COLUMNS, scale);
	}
	if (k < used)
	{
		gather(scratch, distance, base + k, stride, n, nxh - k);
		fftwf_execute_dft(plan[1], scratch, scratch);
		scatter(base + k, stride, scratch, distance, n, nxh - k, scale);
	}
}

/* Item z of the x and y passes. */
static em_status
transform_plane(void *arg, int64_t z, int worker)
{
	fft_job    *job = arg;
	const em_volume *v = job->v;
	float	   *plane = v->data + z * v->plane;
	fftwf_complex *spectrum = (fftwf_complex *) plane;
	bool		forward = job->plans->sign == FFTW_FORWARD;

	if (forward)
		fftwf_execute_dft_r2c(job->plans->x, plane, spectrum);
	transform_columns(spectrum, v->row / 2, v->grid.n[1], v->grid.n[0] / 2 + 1, job->limit[0] + 1, job->plans->y,
					  job->scratch + worker * job->per_worker, 1.0f);
	if (!forward)
		fftwf_execute_dft_c2r(job->plans->x, spectrum, plane);
	return EM_OK;
}

/* Item y of the z pass: all columns along z above row y. */
static em_status
transform_depth(void *arg, int64_t y, int worker)
{
	fft_job    *job = arg;
	const em_volume *v = job->v;

	if (llabs(em_frequency(y, v->grid.n[1])) > job->limit[1])
		return EM_OK;
	transform_columns((fftwf_complex *) em_volume_row(v, y, 0), v->plane / 2, v->grid.n[2],
					  v->grid.n[0] / 2 + 1, job->limit[0] + 1, job->plans->z,
					  job->scratch + worker * job->per_worker, job->scale);
	return EM_OK;
}

/* Both directions; after a failure the volume's content is undefined.  limit: see em_fft_*_within. */
static em_status
transform(em_ctx *ctx, em_volume *v, int sign, const int64_t limit[2])
{
	bool		forward = sign == FFTW_FORWARD;
	fft_job		job = {.v = v, .per_worker = worker_scratch(&v->grid), .scale = 1.0f};
	em_status	status;

	if (v->domain != (forward ? EM_REAL_SPACE : EM_FOURIER_SPACE))
		return em_fail(ctx, EM_INTERNAL, "%s transform of a volume that is already in %s space",
					   forward ? "forward" : "inverse", forward ? "Fourier" : "real");
	job.scratch = em_alloc(ctx, (uint64_t) (job.per_worker * em_parallel_workers(ctx)),
						   sizeof(fftwf_complex), "transform scratch");
	if (job.scratch == NULL)
		return em_ctx_status(ctx);
	for (int j = 0; j < 2; j++)
		job.limit[j] = limit != NULL && limit[j] < v->grid.n[j] / 2 ? limit[j] : v->grid.n[j] / 2;
	if (!forward)
		job.scale = (float) (1.0 / (double) em_grid_voxels(&v->grid));

	status = get_plans(ctx, v, sign, job.scratch, &job.plans);
	if (status == EM_OK && !forward)
		status = em_parallel(ctx, "inverse transform, z", v->grid.n[1], transform_depth, &job);
	if (status == EM_OK)
		status = em_parallel(ctx, forward ? "transform, x and y" : "inverse transform, x and y",
							 v->grid.n[2], transform_plane, &job);
	if (status == EM_OK && forward)
		status = em_parallel(ctx, "transform, z", v->grid.n[1], transform_depth, &job);
	em_free(ctx, job.scratch);
	if (status == EM_OK)
		v->domain = forward ? EM_FOURIER_SPACE : EM_REAL_SPACE;
	return status;
}

em_status
em_fft_forward(em_ctx *ctx, em_volume *v)
{
	return transform(ctx, v, FFTW_FORWARD, NULL);
}

em_status
em_fft_inverse(em_ctx *ctx, em_volume *v)
{
	return transform(ctx, v, FFTW_BACKWARD, NULL);
}

em_status
em_fft_forward_within(em_ctx *ctx, em_volume *v, const int64_t limit[2])
{
	return transform(ctx, v, FFTW_FORWARD, limit);
}

em_status
em_fft_inverse_within(em_ctx *ctx, em_volume *v, const int64_t limit[2])
{
	return transform(ctx, v, FFTW_BACKWARD, limit);
}

bool
em_fft_is_smooth(int64_t n, int largest)
{
	static const int factor[] = {2, 3, 5, 7, 11, 13};

	for (int i = 0; i < 6 && factor[i] <= largest; i++)
		while (n > 0 && n % factor[i] == 0)
			n /= factor[i];
	return n == 1;
}
