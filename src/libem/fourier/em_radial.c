/*
 * src/libem/fourier/em_radial.c
 *		Radial filters as tables over |s|.
 */
#include <math.h>
#include <string.h>

#include "core/em_par.h"
#include "fourier/em_radial_row.h"

#define GAUSSIAN_END 7.0		/* widths; 2e-11 there, less than the rounding of a transform */

#define PER_SHELL 32			/* table entries a shell of the longest axis */

/* Entries per 1/Å, and entries up to the corner of the spectrum. */
static int64_t
table_size(const em_grid *grid, double *per_unit)
{
	double		length = 0;
	double		corner2 = 0;

	for (int j = 0; j < 3; j++)
	{
		length = fmax(length, (double) grid->n[j] * grid->voxel[j]);
		corner2 += 0.25 / (grid->voxel[j] * grid->voxel[j]);
	}
	*per_unit = PER_SHELL * length;
	return (int64_t) ceil(sqrt(corner2) * *per_unit) + 3;
}

uint64_t
em_radial_bytes(const em_grid *grid)
{
	double		per_unit;

	return (uint64_t) table_size(grid, &per_unit) * sizeof(float);
}

em_status
em_radial_create(em_ctx *ctx, const em_grid *grid, em_radial_fn fn, void *arg, em_radial **out)
{
	em_radial  *r;
	int64_t		first;
	int64_t		last;

	*out = NULL;
	EM_TRY(em_grid_check(ctx, grid, "map"));
	r = em_alloc(ctx, 1, sizeof(em_radial), "radial filter");
	if (r == NULL)
		return em_ctx_status(ctx);
	r->count = table_size(grid, &r->per_unit);
	r->weight = em_alloc(ctx, (uint64_t) r->count, sizeof(float), "radial filter");
	if (r->weight == NULL)
	{
		em_free(ctx, r);
		return em_ctx_status(ctx);
	}
	for (int64_t i = 0; i < r->count; i++)
		r->weight[i] = (float) fn(arg, (double) i / r->per_unit);
	for (first = 0; first < r->count && r->weight[first] == 0; first++)
		;
	for (last = r->count - 1; last >= 0 && r->weight[last] == 0; last--)
		;
	r->low = first > 0 ? (double) (first - 1) / r->per_unit : 0;
	r->high = (double) (last + 1) / r->per_unit;
	if (last < 0)
		r->low = r->high = 0;
	*out = r;
	return EM_OK;
}

void
em_radial_destroy(em_ctx *ctx, em_radial *r)
{
	if (r == NULL)
		return;
	em_free(ctx, r->weight);
	em_free(ctx, r);
}

/* A raised cosine between two frequencies, or a Gaussian about one. */
typedef struct shape
{
	double		from;
	double		to;
} shape;

static double
low_pass(void *arg, double s)
{
	const shape *e = arg;

	if (s <= e->from)
		return 1;
	if (s >= e->to)
		return 0;
	return 0.5 * (1 + cos(M_PI * (s - e->from) / (e->to - e->from)));
}

static double
high_pass(void *arg, double s)
{
	const shape *e = arg;

	if (s >= e->to)
		return 1;
	if (s <= e->from)
		return 0;
	return 0.5 * (1 + cos(M_PI * (s - e->to) / (e->to - e->from)));
}

static double
gaussian(void *arg, double s)
{
	const shape *g = arg;
	double		t = (s - g->from) / g->to;

	return fabs(t) > GAUSSIAN_END ? 0 : exp(-0.5 * t * t);
}

em_status
em_radial_high_pass(em_ctx *ctx, const em_grid *grid, double from, double to, em_radial **out)
{
	shape		e = {from, to};

	return em_radial_create(ctx, grid, high_pass, &e, out);
}

em_status
em_radial_low_pass(em_ctx *ctx, const em_grid *grid, double from, double to, em_radial **out)
{
	shape		e = {from, to};

	return em_radial_create(ctx, grid, low_pass, &e, out);
}

em_status
em_radial_gaussian(em_ctx *ctx, const em_grid *grid, double centre, double sigma, em_radial **out)
{
	shape		g = {centre, sigma};

	*out = NULL;
	if (!(sigma > 0))
		return em_fail(ctx, EM_BAD_ARGUMENT, "the width of a band must be greater than 0");
	return em_radial_create(ctx, grid, gaussian, &g, out);
}

/* Frequencies |s| of kx .. kx+3 in a row. */
EM_INLINE void
s_of_4(int64_t kx, double x2, double yz2, em_vd4 *s)
{
	const em_vd4 lane = {0, 1, 2, 3};
	const em_vd4 k = lane + (double) kx;

	*s = k * k * x2 + yz2;
	em_sqrt4(s);
}

EM_HOT em_radial_span
em_radial_weights(const em_radial_rows *r, int64_t iy, int64_t iz, float *weight)
{
	const em_radial *t = r->radial;
	double		yz2 = em_radial_yz2(r, iy, iz);
	double		x2 = r->unit[0] * r->unit[0];
	double		above = t->high * t->high - yz2;
	double		below = t->low * t->low - yz2;
	em_radial_span span = {0, 0};
	double		last = (double) (t->count - 2);

	if (above < 0 || t->high == 0)
		return span;
	span.end = (int64_t) fmin(sqrt(above / x2) + 2, (double) r->nxh);
	if (below > 0)
		span.first = (int64_t) fmax(sqrt(below / x2) - 1, 0) & ~INT64_C(3);
	if (span.first > span.end)
		span.first = span.end;
	for (int64_t kx = span.first; kx < span.end; kx += 4)
	{
		em_vd4		at;

		s_of_4(kx, x2, yz2, &at);
		at *= t->per_unit;
		for (int j = 0; j < 4; j++)
		{
			double		a = at[j] < last ? at[j] : last;
			int64_t		i = (int64_t) a;

			weight[kx + j] = t->weight[i] + (float) (a - (double) i) * (t->weight[i + 1] - t->weight[i]);
		}
	}
	return span;
}

EM_HOT void
em_radial_over_s(const em_radial_rows *r, double yz2, double s, float *weight, const em_radial_span *span)
{
	double		x2 = r->unit[0] * r->unit[0];

	for (int64_t kx = span->first; kx < span->end; kx += 4)
	{
		em_vd4		f;

		s_of_4(kx, x2, yz2, &f);
		f = s / f;
		for (int j = 0; j < 4; j++)
			weight[kx + j] *= (float) f[j];
	}
	if (yz2 == 0 && span->first == 0)
		weight[0] = 0;
}

EM_HOT void
em_radial_over_s_x(const em_radial_rows *r, double yz2, float *weight, const em_radial_span *span)
{
	const em_vd4 lane = {0, 1, 2, 3};
	double		x2 = r->unit[0] * r->unit[0];

	for (int64_t kx = span->first; kx < span->end; kx += 4)
	{
		em_vd4		f;

		s_of_4(kx, x2, yz2, &f);
		f = (lane + (double) kx) * r->unit[0] / f;
		for (int j = 0; j < 4; j++)
			weight[kx + j] *= (float) f[j];
	}
	if (yz2 == 0 && span->first == 0)
		weight[0] = 0;
}

typedef struct sums_job
{
	em_radial_rows rows;
	float	   *weight;			/* room for a row, one a worker */
	double	   *partial;		/* two a plane */
} sums_job;

static em_status
sum_plane(void *arg, int64_t iz, int worker)
{
	sums_job   *job = arg;
	const em_radial_rows *r = &job->rows;
	float	   *weight = job->weight + worker * em_radial_room(r);
	double	   *sum = job->partial + 2 * iz;

	for (int64_t iy = 0; iy < r->n[1]; iy++)
	{
		em_radial_span span = em_radial_weights(r, iy, iz, weight);

		for (int64_t kx = span.first; kx < span.end; kx++)
		{
			double		times = (kx == 0 || 2 * kx == r->n[0]) ? 1 : 2;

			sum[0] += times * weight[kx];
			sum[1] += times * weight[kx] * weight[kx];
		}
	}
	return EM_OK;
}

em_status
em_radial_sums(em_ctx *ctx, const em_grid *grid, const em_radial *r, double *sum, double *sum2)
{
	sums_job	job;
	em_status	status = EM_OK;

	em_radial_rows_init(&job.rows, grid, r);
	job.weight = em_alloc(ctx, (uint64_t) em_radial_room(&job.rows) * (uint64_t) em_parallel_workers(ctx),
						  sizeof(float), "filter weights");
	job.partial = em_alloc(ctx, 2 * (uint64_t) grid->n[2], sizeof(double), "partial sums");
	if (job.weight == NULL || job.partial == NULL)
		status = em_ctx_status(ctx);
	if (status == EM_OK)
		status = em_parallel(ctx, "filter sums", grid->n[2], sum_plane, &job);
	*sum = *sum2 = 0;
	for (int64_t z = 0; status == EM_OK && z < grid->n[2]; z++)
	{
		*sum += job.partial[2 * z];
		*sum2 += job.partial[2 * z + 1];
	}
	em_free(ctx, job.partial);
	em_free(ctx, job.weight);
	return status;
}
