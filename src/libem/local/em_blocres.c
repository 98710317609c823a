/*
 * src/libem/local/em_blocres.c
 *		BlocRes: from local curves to resolutions, and which points are measured.
 */
#include "local/em_blocres_internal.h"

#include <math.h>

#define WORST 200.0				/* Å, as in Bsoft */
#define POINTS 65000.0			/* boxes of 20³ that take about 15 s of one processor */
#define LARGE_BOX 100000000		/* voxels from which no point a voxel is considered */

void
em_blocres_window(int box, double *w)
{
	for (int i = 0; i < box; i++)
		w[i] = 0.5 * (1 - cos(2 * M_PI * i / (box - 1)));
}

double
em_blocres_shell_width(const em_grid *grid, const em_blocres_options *o)
{
	return 1 / (2 * o->box * grid->voxel[0]);
}

/* The limit in Å; the Nyquist frequency's when the options have none. */
static double
best_resolution(const em_grid *grid, const em_blocres_options *o)
{
	return o->max_resolution > 0 ? o->max_resolution : 2 * grid->voxel[0];
}

int
em_blocres_shells(const em_grid *grid, const em_blocres_options *o)
{
	double		last = floor(2 + 1 / (best_resolution(grid, o) * em_blocres_shell_width(grid, o)));

	return (int) fmin(last, floor(o->box * sqrt(3))) + 1;
}

double
em_blocres_correlation(double cross, double power1, double power2)
{
	double		power = power1 * power2;

	return power > 0 ? fmax(-1, fmin(1, cross / sqrt(power))) : 0;
}

double
em_blocres_frequency(const float *fsc, int shells, double width, const em_blocres_options *o)
{
	int			i = shells - 2;
	double		at;

	while (i > 0 && !(fsc[i] >= o->cutoff && fsc[i + 1] < o->cutoff))
		i--;
	if (i > 0)
		at = i + (fsc[i] - o->cutoff) / (fsc[i] - fsc[i + 1]);
	else
		at = fsc[shells - 1] >= o->cutoff ? shells - 1 : 0.5;
	return fmax(1 / WORST, fmin(at * width, 1 / o->max_resolution));
}

int
em_blocres_least_step(const em_blocres_options *o, const int64_t n[3])
{
	if (o->step > 0)
		return o->step;
	return n[0] * n[1] * n[2] >= LARGE_BOX && o->box >= 8 ? 2 : 1;
}

double
em_blocres_wanted(const em_blocres_options *o)
{
	return POINTS * pow(20.0 / o->box, 3);
}

int
em_blocres_step(const em_blocres_options *o, const em_mask *mask)
{
	const double points = em_blocres_wanted(o);
	int			step = em_blocres_least_step(o, mask->n);

	if (o->step > 0)
		return o->step;
	while (step < o->box / 4 && (double) mask->count / ((double) step * step * step) > points)
		step++;
	return step;
}

int
em_blocres_step_fast(const em_blocres_options *o)
{
	if (o->step > 0)
		return o->step;
	return o->box >= 10 ? o->box / 5 : 1;
}

void
em_blocres_destroy(em_ctx *ctx, em_blocres *b)
{
	if (b == NULL)
		return;
	em_lattice_destroy(ctx, b->l);
	em_free(ctx, b->numbers);
	em_free(ctx, b);
}

static em_status
check_options(em_ctx *ctx, const em_blocres_options *o, int step, const em_mask *mask)
{
	if (o->box < 4 || o->box > 64)
		return em_fail(ctx, EM_BAD_ARGUMENT, "box must be from 4 to 64 voxels");
	if (!(o->cutoff > 0 && o->cutoff < 1))
		return em_fail(ctx, EM_BAD_ARGUMENT, "cutoff must be between 0 and 1");
	if (!(o->max_resolution > 0 && o->max_resolution < WORST))
		return em_fail(ctx, EM_BAD_ARGUMENT, "max_resolution must be between 0 and %g Å", WORST);
	if (step < 1 || step > o->box)
		return em_fail(ctx, EM_BAD_ARGUMENT, "step must be from 1 voxel to the box's edge");
	if (mask->count == 0)
		return em_fail(ctx, EM_NOT_MEASURABLE, "no voxel lies in the mask");
	return EM_OK;
}

em_status
em_blocres_create(em_ctx *ctx, const em_grid *grid, const em_mask *mask, const em_blocres_options *o, int step,
				  em_blocres **out)
{
	em_blocres *b;
	em_status	status;

	*out = NULL;
	EM_TRY(check_options(ctx, o, step, mask));
	b = em_alloc(ctx, 1, sizeof(em_blocres), "local curves");
	if (b == NULL)
		return em_ctx_status(ctx);
	b->options = *o;
	b->width = em_blocres_shell_width(grid, o);
	b->shells = em_blocres_shells(grid, o);
	b->count = step == 1 ? 1 : b->shells;
	status = em_lattice_create(ctx, mask, o->box, step, &b->l);
	if (status == EM_OK)
	{
		b->numbers = em_alloc(ctx, (uint64_t) b->l->points * (uint64_t) b->count, sizeof(float), "local curves");
		status = b->numbers == NULL ? em_ctx_status(ctx) : EM_OK;
	}
	if (status == EM_OK)
		*out = b;
	else
		em_blocres_destroy(ctx, b);
	return status;
}

void
em_blocres_store(em_blocres *b, int64_t i, const float *fsc)
{
	if (b->count == 1)
		b->numbers[i] = (float) em_blocres_frequency(fsc, b->shells, b->width, &b->options);
	else
		for (int k = 0; k < b->shells; k++)
			b->numbers[i * b->count + k] = fsc[k];
}

/* em_lattice_fn: resolution from 1/resolution, or from a curve. */
static float
resolution_of(void *arg, const float *numbers)
{
	const em_blocres *b = arg;

	if (b->count == 1)
		return 1 / numbers[0];
	return (float) (1 / em_blocres_frequency(numbers, b->shells, b->width, &b->options));
}

em_status
em_blocres_fill(em_ctx *ctx, const em_blocres *b, const em_mask *mask, const em_grid *grid, em_volume **out)
{
	return em_lattice_fill(ctx, b->l, b->numbers, b->count, resolution_of, (void *) b, mask, grid, out);
}
