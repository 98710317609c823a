/*
 * src/libem/half/em_directional.c
 *		The sweep of directional correlations, shell by shell.
 *
 * A part of a shell (em_shell_parts.h) has a table of its own: four sums for
 * every direction, axis and for the whole shell.  The parts of a shell are added
 * in order, so the curves do not depend on the threads.
 */
#include "half/em_directional.h"

#include <math.h>

#include "core/em_par.h"
#include "half/em_shell_parts.h"
#include "volume/em_vec.h"

#define PART_COEFFICIENTS 60000 /* some 5 to 10 ms of work */
#define AXES 3

typedef float em_vf8 __attribute__((vector_size(32)));
typedef int32_t em_vi8 __attribute__((vector_size(32)));
typedef float em_vf8_mem __attribute__((vector_size(32), aligned(4), may_alias));

/* What is summed for a cone, weighted, one em_vd4. */
enum
{
	SUM_CROSS = 0,				/* Re(a b*) */
	SUM_POWER1,
	SUM_POWER2,
	SUM_WEIGHT,
	SUMS
};

typedef struct sweep_job
{
	const em_shells *shells;
	const em_volume *f1;
	const em_volume *f2;
	const em_cone_cells *cells;
	float		cos_cone;
	float		cos_axis;
	int64_t		rows;			/* rows of a table: directions, axes, the whole shell */
	int64_t    *first_part;		/* count + 1: number of a shell's first part */
	int32_t    *shell_of;		/* shell of each part */
	double	   *tables;			/* rows * SUMS a part */
	float	   *weights;		/* room a worker */
	int64_t		room;
	em_directional *out;
} sweep_job;

/*
 * Weights exp(-4 t²), t = (1-c)/(1-cos cone), of n directions (a multiple of
 * EM_CELL_LANES) for the axis (x,y,z); 0 outside the cone.  The exponential is
 * the 16th power of a Taylor series that is good to 4e-7.
 */
EM_INLINE void
cone_weights(const float *dx, const float *dy, const float *dz, int32_t n, float x, float y, float z,
			 float cos_cone, float *weight)
{
	const float inverse = 1.0f / (1.0f - cos_cone);

	for (int32_t i = 0; i < n; i += EM_CELL_LANES)
	{
		const em_vf8 dot = *(const em_vf8_mem *) (dx + i) * x + *(const em_vf8_mem *) (dy + i) * y +
			*(const em_vf8_mem *) (dz + i) * z;
		const em_vf8 c = (em_vf8) ((em_vi8) dot & INT32_MAX);
		const em_vf8 t = (1.0f - c) * inverse;
		const em_vf8 h = t * t * -0.25f;
		em_vf8		e = 1.0f + h * (1.0f + h * (0.5f + h * (1 / 6.0f + h * (1 / 24.0f + h * (1 / 120.0f)))));

		e *= e;
		e *= e;
		e *= e;
		e *= e;
		*(em_vf8_mem *) (weight + i) = (em_vf8) ((em_vi8) e & (c >= cos_cone));
	}
}

/* Add one coefficient to the table of its part. */
EM_INLINE void
add_coefficient(const sweep_job *job, double *table, float *weight, const em_vd4 *add,
				float x, float y, float z)
{
	const em_cone_cells *cells = job->cells;
	const em_vd4 terms = *add;
	int32_t		first;
	int32_t		n;
	em_vd4	   *row = (em_vd4 *) table;
	em_vd4	   *axis = row + job->rows - AXES - 1;
	float		r = sqrtf(x * x + y * y + z * z);

	axis[AXES] += terms;
	if (r == 0)
		return;
	x /= r;
	y /= r;
	z /= r;
	if (fabsf(x) >= job->cos_axis)
		axis[0] += terms;
	if (fabsf(y) >= job->cos_axis)
		axis[1] += terms;
	if (fabsf(z) >= job->cos_axis)
		axis[2] += terms;
	first = em_cell_of(x, y, z, EM_CELL_EDGE);
	n = cells->first[first + 1] - cells->first[first];
	first = cells->first[first];
	cone_weights(cells->x + first, cells->y + first, cells->z + first, n, x, y, z, job->cos_cone, weight);
	for (int32_t i = 0; i < n; i++)
		row[cells->direction[first + i]] += (double) weight[i] * terms;
}

/* Add the coefficients of a run. */
EM_HOT static void
add_run(const sweep_job *job, const em_shell_walk *w, double *table, float *weight)
{
	const em_shells *s = job->shells;
	const float *a = em_volume_row(job->f1, w->iy, w->iz);
	const float *b = em_volume_row(job->f2, w->iy, w->iz);
	const float ux = (float) sqrt(s->unit2[0]);
	const float y = (float) ((double) w->ky * sqrt(s->unit2[1]));
	const float z = (float) ((double) w->kz * sqrt(s->unit2[2]));

	for (int64_t k = w->first; k < w->end; k++)
	{
		const double ar = a[2 * k];
		const double ai = a[2 * k + 1];
		const double br = b[2 * k];
		const double bi = b[2 * k + 1];
		const em_vd4 terms = {ar * br + ai * bi, ar * ar + ai * ai, br * br + bi * bi, 1};

		add_coefficient(job, table, weight, &terms, (float) k * ux, y, z);
	}
}

/* Item: one part of a shell. */
static em_status
sweep_part(void *arg, int64_t part, int worker)
{
	sweep_job  *job = arg;
	int64_t		shell = job->shell_of[part];
	int64_t		first = job->first_part[shell];
	em_shell_walk w;

	em_shell_part_start(&w, job->shells, shell, part - first, job->first_part[shell + 1] - first);
	while (em_shell_walk_next(&w))
		add_run(job, &w, job->tables + part * job->rows * SUMS, job->weights + worker * job->room);
	return EM_OK;
}

static double
correlation(const double *sum)
{
	double		power = sum[SUM_POWER1] * sum[SUM_POWER2];

	return power > 0 ? sum[SUM_CROSS] / sqrt(power) : NAN;
}

/* Add the parts of a shell and turn the sums into correlations. */
static void
make_curves(const sweep_job *job, int64_t shell)
{
	em_directional *d = job->out;
	int64_t		numbers = job->rows * SUMS;
	double	   *sum = job->tables + job->first_part[shell] * numbers;
	const double *whole = sum + (job->rows - 1) * SUMS;

	for (int64_t part = job->first_part[shell] + 1; part < job->first_part[shell + 1]; part++)
		for (int64_t i = 0; i < numbers; i++)
			sum[i] += job->tables[part * numbers + i];
	for (int i = 0; i < d->directions->n; i++)
		d->fsc[i * d->count + shell] = correlation(sum + i * SUMS);
	for (int j = 0; j < AXES; j++)
		d->axis[j][shell] = correlation(sum + (d->directions->n + j) * SUMS);
	d->global[shell] = correlation(whole);
	d->n[shell] = shell == 0 ? 1 : 2 * (int64_t) whole[SUM_WEIGHT];
	if (shell > 0)
	{
		d->noise_power += (whole[SUM_POWER1] + whole[SUM_POWER2] - 2 * whole[SUM_CROSS]) / 2;
		d->signal_power += (whole[SUM_POWER1] + whole[SUM_POWER2] + 2 * whole[SUM_CROSS]) / 2;
	}
}

void
em_directional_destroy(em_ctx *ctx, em_directional *d)
{
	if (d == NULL)
		return;
	em_directions_destroy(ctx, d->directions);
	em_free(ctx, d->fsc);
	em_free(ctx, d->global);
	em_free(ctx, d->n);
	em_free(ctx, d);
}

/* Allocate the result. */
static em_status
create_result(em_ctx *ctx, const em_shells *s, const em_directional_options *options, em_directional **out)
{
	em_directional *d = em_alloc(ctx, 1, sizeof(em_directional), "directional curves");

	*out = d;
	if (d == NULL)
		return em_ctx_status(ctx);
	d->options = *options;
	d->count = s->count;
	d->length = s->length;
	EM_TRY(em_directions_create(ctx, EM_DIRECTION_LEVELS, &d->directions));
	d->fsc = em_alloc(ctx, (uint64_t) (d->count * d->directions->n), sizeof(double), "directional curves");
	d->global = em_alloc(ctx, (uint64_t) d->count * (AXES + 1), sizeof(double), "directional curves");
	d->n = em_alloc(ctx, (uint64_t) d->count, sizeof(int64_t), "directional curves");
	if (d->fsc == NULL || d->global == NULL || d->n == NULL)
		return em_ctx_status(ctx);
	for (int j = 0; j < AXES; j++)
		d->axis[j] = d->global + (j + 1) * d->count;
	return EM_OK;
}

/* Number of parts of all shells. */
static int64_t
count_parts(const em_shells *s)
{
	int64_t		parts = 0;

	for (int64_t i = 0; i < s->count; i++)
		parts += em_shell_parts(i, PART_COEFFICIENTS);
	return parts;
}

uint64_t
em_directional_bytes(em_ctx *ctx, const em_grid *grid)
{
	em_shells	s;
	uint64_t	rows = 5 * 64 + 1 + AXES + 1;

	if (em_shells_init(ctx, grid, &s) != EM_OK)
		return 0;
	return ((uint64_t) count_parts(&s) + (uint64_t) s.count) * rows * SUMS * sizeof(double) +
		((uint64_t) 16 << 20);
}

/* Allocate the tables and number the parts. */
static em_status
create_tables(em_ctx *ctx, sweep_job *job)
{
	const em_shells *s = job->shells;
	int64_t		parts = count_parts(s);

	job->rows = job->out->directions->n + AXES + 1;
	job->room = job->cells->longest;
	job->first_part = em_alloc(ctx, (uint64_t) s->count + 1, sizeof(int64_t), "parts of shells");
	job->shell_of = em_alloc(ctx, (uint64_t) parts, sizeof(int32_t), "parts of shells");
	job->tables = em_alloc(ctx, (uint64_t) (parts * job->rows), SUMS * sizeof(double), "directional sums");
	job->weights = em_alloc(ctx, (uint64_t) job->room * (uint64_t) em_parallel_workers(ctx), sizeof(float),
							"cone weights");
	if (job->first_part == NULL || job->shell_of == NULL || job->tables == NULL || job->weights == NULL)
		return em_ctx_status(ctx);
	for (int64_t i = 0; i < s->count; i++)
	{
		job->first_part[i + 1] = job->first_part[i] + em_shell_parts(i, PART_COEFFICIENTS);
		for (int64_t p = job->first_part[i]; p < job->first_part[i + 1]; p++)
			job->shell_of[p] = (int32_t) i;
	}
	return EM_OK;
}

/* The sweep, when everything it needs is there. */
static em_status
sweep(em_ctx *ctx, sweep_job *job)
{
	EM_TRY(create_tables(ctx, job));
	EM_TRY(em_parallel(ctx, "directional correlation", job->first_part[job->shells->count], sweep_part, job));
	for (int64_t i = 0; i < job->shells->count; i++)
		make_curves(job, i);
	return EM_OK;
}

em_status
em_directional_sweep(em_ctx *ctx, const em_volume *f1, const em_volume *f2,
					 const em_directional_options *options, em_directional **out)
{
	em_shells	s;
	em_cone_cells *cells = NULL;
	sweep_job	job = {.shells = &s,.f1 = f1,.f2 = f2};
	em_status	status;

	*out = NULL;
	if (f1->domain != EM_FOURIER_SPACE || f2->domain != EM_FOURIER_SPACE)
		return em_fail(ctx, EM_INTERNAL, "the directional FSC needs the spectra of the half maps");
	if (!(options->cone >= 1 && options->cone <= 60 && options->axis_cone >= 1 && options->axis_cone <= 60))
		return em_fail(ctx, EM_BAD_ARGUMENT, "cones of %g and %g degrees, outside 1 to 60",
					   options->cone, options->axis_cone);
	EM_TRY(em_grid_same(ctx, &f1->grid, &f2->grid, "half map 1", "half map 2"));
	EM_TRY(em_shells_init(ctx, &f1->grid, &s));
	job.cos_cone = (float) cos(options->cone * M_PI / 180);
	job.cos_axis = (float) cos(options->axis_cone * M_PI / 180);
	status = create_result(ctx, &s, options, &job.out);
	if (status == EM_OK)
		status = em_cone_cells_create(ctx, job.out->directions, options->cone, &cells);
	job.cells = cells;
	if (status == EM_OK)
		status = sweep(ctx, &job);
	em_free(ctx, job.weights);
	em_free(ctx, job.tables);
	em_free(ctx, job.shell_of);
	em_free(ctx, job.first_part);
	em_cone_cells_destroy(ctx, cells);
	if (status == EM_OK)
		*out = job.out;
	else
		em_directional_destroy(ctx, job.out);
	return status;
}
