/*
 * src/libem/fourier/em_riesz.c
 *		The monogenic amplitude: filter, transform, square and add, four times.
 */
#include "fourier/em_riesz.h"

#include <math.h>
#include <string.h>

#include "core/em_par.h"
#include "fourier/em_fft.h"
#include "fourier/em_radial_row.h"

/* What is multiplied onto the spectrum besides the filter: nothing, or -i sj/|s|. */
enum
{
	EVEN = -1,
	ODD_X,
	ODD_Y,
	ODD_Z
};

typedef struct filter_job
{
	em_radial_rows rows;
	const em_volume *from;
	em_volume  *to;
	int			component;
	float	   *weight;			/* room for a row, one a worker */
} filter_job;

/* Multiply n coefficients by real weights. */
EM_HOT static void
multiply_even(const float *from, const float *weight, float *to, int64_t n)
{
	for (int64_t x = 0; x < n; x++)
	{
		to[2 * x] = from[2 * x] * weight[x];
		to[2 * x + 1] = from[2 * x + 1] * weight[x];
	}
}

/* Multiply n coefficients by -i times real weights. */
EM_HOT static void
multiply_odd(const float *from, const float *weight, float *to, int64_t n)
{
	for (int64_t x = 0; x < n; x++)
	{
		float		re = from[2 * x];

		to[2 * x] = from[2 * x + 1] * weight[x];
		to[2 * x + 1] = -re * weight[x];
	}
}

/* Turn the weights of a row into those of an odd component; returns false when all are 0. */
static bool
odd_weights(const filter_job *job, int64_t iy, int64_t iz, float *weight, const em_radial_span *span)
{
	const em_radial_rows *r = &job->rows;
	int64_t		k[3] = {0, iy, iz};
	int			j = job->component;
	double		yz2 = em_radial_yz2(r, iy, iz);

	if (j != ODD_X && 2 * k[j] == r->n[j])
		return false;
	if (j == ODD_X)
		em_radial_over_s_x(r, yz2, weight, span);
	else
		em_radial_over_s(r, yz2, em_radial_frequency(r, j, k[j]), weight, span);
	if (j == ODD_X && 2 * (r->nxh - 1) == r->n[0] && span->end == r->nxh)
		weight[r->nxh - 1] = 0;
	return true;
}

/* Item: the filtered rows of plane iz. */
static em_status
filter_plane(void *arg, int64_t iz, int worker)
{
	filter_job *job = arg;
	const em_radial_rows *r = &job->rows;
	float	   *weight = job->weight + worker * em_radial_room(r);

	for (int64_t iy = 0; iy < r->n[1]; iy++)
	{
		const float *from = em_volume_row(job->from, iy, iz);
		float	   *to = em_volume_row(job->to, iy, iz);
		em_radial_span span = em_radial_weights(r, iy, iz, weight);

		if (span.end > span.first && job->component != EVEN && !odd_weights(job, iy, iz, weight, &span))
			span.end = span.first;
		memset(to, 0, (size_t) (2 * span.first) * sizeof(float));
		if (job->component == EVEN)
			multiply_even(from + 2 * span.first, weight + span.first, to + 2 * span.first,
						  span.end - span.first);
		else
			multiply_odd(from + 2 * span.first, weight + span.first, to + 2 * span.first,
						 span.end - span.first);
		memset(to + 2 * span.end, 0, (size_t) (2 * (r->nxh - span.end)) * sizeof(float));
	}
	return EM_OK;
}

/* to = component of the filtered spectrum. */
static em_status
filter_spectrum(em_ctx *ctx, const em_volume *from, const em_radial *radial, int component, em_volume *to)
{
	filter_job	job = {.from = from, .to = to, .component = component};
	em_status	status;

	if (from->domain != EM_FOURIER_SPACE)
		return em_fail(ctx, EM_INTERNAL, "radial filter on a volume that is not in Fourier space");
	if (memcmp(from->grid.n, to->grid.n, sizeof(to->grid.n)) != 0)
		return em_fail(ctx, EM_INTERNAL, "radial filter from one grid to another");
	em_radial_rows_init(&job.rows, &from->grid, radial);
	job.weight = em_alloc(ctx, (uint64_t) em_radial_room(&job.rows) * (uint64_t) em_parallel_workers(ctx),
						  sizeof(float), "filter weights");
	if (job.weight == NULL)
		return em_ctx_status(ctx);
	status = em_parallel(ctx, "radial filter", from->grid.n[2], filter_plane, &job);
	em_free(ctx, job.weight);
	if (status == EM_OK)
		to->domain = EM_FOURIER_SPACE;
	return status;
}

em_status
em_radial_apply(em_ctx *ctx, const em_volume *from, const em_radial *r, em_volume *to)
{
	return filter_spectrum(ctx, from, r, EVEN, to);
}

/* Up to which coefficient along x and y a filter passes anything. */
static void
pass_limit(const em_grid *grid, const em_radial *r, int64_t limit[2])
{
	for (int j = 0; j < 2; j++)
		limit[j] = (int64_t) fmin(floor(r->high * (double) grid->n[j] * grid->voxel[j] + 1e-6), (double) grid->n[j]);
}

em_status
em_radial_filter(em_ctx *ctx, em_volume *v, const em_radial *r)
{
	int64_t		limit[2];

	pass_limit(&v->grid, r, limit);
	EM_TRY(em_fft_forward_within(ctx, v, limit));
	EM_TRY(filter_spectrum(ctx, v, r, EVEN, v));
	return em_fft_inverse_within(ctx, v, limit);
}

/* How a component joins the sum of squares. */
typedef enum joining
{
	SQUARE,						/* out = out² */
	ADD,						/* out += work² */
	ADD_AND_ROOT				/* out = sqrt(out + work²) */
} joining;

typedef struct sum_job
{
	const em_volume *work;
	em_volume  *out;
	joining		how;
} sum_job;

EM_HOT static void
join_row(const float *work, float *out, int64_t n, joining how)
{
	if (how == SQUARE)
		for (int64_t x = 0; x < n; x++)
			out[x] = out[x] * out[x];
	else
		for (int64_t x = 0; x < n; x++)
			out[x] += work[x] * work[x];
}

/* Item: one plane; rows are padded to whole groups of four. */
static em_status
join_plane(void *arg, int64_t z, int worker)
{
	sum_job    *job = arg;
	int64_t		n = job->out->grid.n[0];

	(void) worker;
	for (int64_t y = 0; y < job->out->grid.n[1]; y++)
	{
		float	   *out = em_volume_row(job->out, y, z);

		join_row(em_volume_row(job->work, y, z), out, n, job->how);
		if (job->how == ADD_AND_ROOT)
			em_sqrt_row(out, n);
	}
	return EM_OK;
}

em_status
em_riesz_amplitude(em_ctx *ctx, const em_volume *spectrum, const em_radial *r, em_volume *work, em_volume *out)
{
	sum_job		job = {.work = work, .out = out, .how = SQUARE};
	int64_t		limit[2];

	pass_limit(&spectrum->grid, r, limit);
	EM_TRY(filter_spectrum(ctx, spectrum, r, EVEN, out));
	EM_TRY(em_fft_inverse_within(ctx, out, limit));
	EM_TRY(em_parallel(ctx, "amplitude", out->grid.n[2], join_plane, &job));
	for (int component = ODD_X; component <= ODD_Z; component++)
	{
		EM_TRY(filter_spectrum(ctx, spectrum, r, component, work));
		EM_TRY(em_fft_inverse_within(ctx, work, limit));
		job.how = component == ODD_Z ? ADD_AND_ROOT : ADD;
		EM_TRY(em_parallel(ctx, "amplitude", out->grid.n[2], join_plane, &job));
	}
	return EM_OK;
}

uint64_t
em_riesz_scratch_bytes(const em_ctx *ctx, const em_grid *grid)
{
	uint64_t	rows = (uint64_t) (grid->n[0] / 2 + 8) * sizeof(float) * (uint64_t) em_parallel_workers(ctx);
	uint64_t	fft = em_fft_scratch_bytes(ctx, grid);

	return (rows > fft ? rows : fft) + em_radial_bytes(grid);
}
