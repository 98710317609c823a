/*
 * src/libem/fourier/em_guinier.c
 *		Guinier profile: mean amplitude per shell, and the fit of its slope.
 *
 * As in em_fsc.c, the coefficients between the edge columns of the half
 * spectrum stand for two, and sums are made per plane and added in plane order.
 */
#include "fourier/em_guinier.h"

#include <math.h>

#include "core/em_par.h"
#include "fourier/em_sqrt.h"

#define MIN_SHELLS_VRS 2
#define NEARLY 1e-6				/* limits are compared to the digits a header has */

/* What is summed in a slot. */
enum
{
	INNER_SUM = 0,				/* |F| of coefficients that stand for two */
	INNER_COUNT,
	EDGE_SUM,					/* |F| of those that are stored with their mates */
	EDGE_COUNT,
	SUMS
};

typedef struct profile_job
{
	const em_shells *shells;
	const em_volume *f;
	int64_t		slots;			/* count + 1, see em_shells_slots */
	int64_t		room;
	double	   *sums;			/* SUMS a slot a plane */
	double	   *amplitude;		/* room a worker */
	int32_t    *slot;			/* room a worker */
} profile_job;

/* |F| of the first n coefficients of a row, in groups of four. */
EM_HOT static void
row_amplitudes(const float *row, int64_t n, double *out)
{
	for (int64_t k = 0; k < n; k += 4)
	{
		const em_vd4 lo = __builtin_convertvector(*(const em_vf4_mem *) (row + 2 * k), em_vd4);
		const em_vd4 hi = __builtin_convertvector(*(const em_vf4_mem *) (row + 2 * k + 4), em_vd4);
		const em_vd4 re = __builtin_shufflevector(lo, hi, 0, 2, 4, 6);
		const em_vd4 im = __builtin_shufflevector(lo, hi, 1, 3, 5, 7);

		em_vd4		f = re * re + im * im;

		em_sqrt4(&f);
		*(em_vd4 *) (out + k) = f;
	}
}

/* Item iz: the sums of one plane. */
static em_status
profile_plane(void *arg, int64_t iz, int worker)
{
	profile_job *job = arg;
	const em_shells *s = job->shells;
	int64_t		inner_end = (s->n[0] + 1) / 2;
	double	   *sums = job->sums + iz * job->slots * SUMS;
	double	   *amplitude = job->amplitude + worker * job->room;
	int32_t    *slot = job->slot + worker * job->room;

	for (int64_t iy = 0; iy < s->n[1]; iy++)
	{
		int64_t		n = em_shells_slots(s, iy, iz, slot, NULL);

		row_amplitudes(em_volume_row(job->f, iy, iz), n, amplitude);
		for (int64_t k = 0; k < n; k++)
		{
			double	   *to = sums + SUMS * slot[k] + (k > 0 && k < inner_end ? INNER_SUM : EDGE_SUM);

			to[0] += amplitude[k];
			to[1] += 1.0;
		}
	}
	return EM_OK;
}

/* Natural logarithm of a mean amplitude; NaN without power. */
static double
log_mean(double sum, double count, double voxels)
{
	return sum > 0 ? log(sum / (count * voxels)) : NAN;
}

/* Add the planes in order and turn the sums into the profile. */
static void
make_profile(const profile_job *job, em_guinier *g)
{
	int64_t		per_plane = job->slots * SUMS;
	double	   *sums = job->sums;
	double		voxels = (double) em_grid_voxels(&job->f->grid);

	for (int64_t z = 1; z < job->shells->n[2]; z++)
		for (int64_t i = 0; i < per_plane; i++)
			sums[i] += sums[z * per_plane + i];
	for (int64_t i = 0; i < g->count; i++)
	{
		const double *s = sums + i * SUMS;
		double		amplitude = 2 * s[INNER_SUM] + s[EDGE_SUM];
		double		count = 2 * s[INNER_COUNT] + s[EDGE_COUNT];
		double		frequency = (double) i / job->shells->length;

		if (i == g->count - 1)
		{
			amplitude += 2 * s[SUMS + INNER_SUM] + s[SUMS + EDGE_SUM];
			count += 2 * s[SUMS + INNER_COUNT] + s[SUMS + EDGE_COUNT];
		}
		g->inv_d2[i] = frequency * frequency;
		g->n[i] = (int64_t) count;
		g->ln_f[i] = log_mean(amplitude, count, voxels);
		g->ln_f_vrs[i] = log_mean(s[INNER_SUM] + s[EDGE_SUM], s[INNER_COUNT] + s[EDGE_COUNT], voxels);
	}
}

static em_status
create_profile(em_ctx *ctx, int64_t count, em_guinier **out)
{
	em_guinier *g = em_alloc(ctx, 1, sizeof(em_guinier), "Guinier profile");

	*out = g;
	if (g == NULL)
		return em_ctx_status(ctx);
	g->count = count;
	g->n = em_alloc(ctx, (uint64_t) count, sizeof(int64_t), "Guinier profile");
	g->inv_d2 = em_alloc(ctx, (uint64_t) count * 3, sizeof(double), "Guinier profile");
	if (g->n == NULL || g->inv_d2 == NULL)
		return em_ctx_status(ctx);
	g->ln_f = g->inv_d2 + count;
	g->ln_f_vrs = g->inv_d2 + 2 * count;
	return EM_OK;
}

void
em_guinier_destroy(em_ctx *ctx, em_guinier *g)
{
	if (g == NULL)
		return;
	em_free(ctx, g->inv_d2);
	em_free(ctx, g->n);
	em_free(ctx, g);
}

/* Doubles of partial sums. */
static uint64_t
sum_doubles(const em_shells *s)
{
	return (uint64_t) (s->count + 1) * SUMS * (uint64_t) s->n[2];
}

uint64_t
em_guinier_bytes(em_ctx *ctx, const em_grid *grid)
{
	em_shells	s;

	if (em_shells_init(ctx, grid, &s) != EM_OK)
		return 0;
	return sum_doubles(&s) * sizeof(double) + (uint64_t) em_shells_room(&s) *
		(sizeof(double) + sizeof(int32_t)) * (uint64_t) em_parallel_workers(ctx);
}

em_status
em_guinier_profile(em_ctx *ctx, const em_volume *spectrum, em_guinier **out)
{
	em_shells	s;
	profile_job job = {.shells = &s, .f = spectrum};
	uint64_t	workers = (uint64_t) em_parallel_workers(ctx);
	em_guinier *g = NULL;
	em_status	status;

	*out = NULL;
	if (spectrum->domain != EM_FOURIER_SPACE)
		return em_fail(ctx, EM_INTERNAL, "the Guinier profile needs a spectrum");
	EM_TRY(em_shells_init(ctx, &spectrum->grid, &s));
	job.slots = s.count + 1;
	job.room = em_shells_room(&s);
	job.sums = em_alloc(ctx, sum_doubles(&s), sizeof(double), "Guinier sums");
	job.amplitude = em_alloc(ctx, (uint64_t) job.room * workers, sizeof(double), "amplitudes");
	job.slot = em_alloc(ctx, (uint64_t) job.room * workers, sizeof(int32_t), "shell numbers");
	if (job.sums == NULL || job.amplitude == NULL || job.slot == NULL)
		status = em_ctx_status(ctx);
	else
		status = create_profile(ctx, s.count, &g);
	if (status == EM_OK)
		status = em_parallel(ctx, "Guinier profile", s.n[2], profile_plane, &job);
	if (status == EM_OK)
		make_profile(&job, g);
	em_free(ctx, job.slot);
	em_free(ctx, job.amplitude);
	em_free(ctx, job.sums);
	if (status == EM_OK)
		*out = g;
	else
		em_guinier_destroy(ctx, g);
	return status;
}

int64_t
em_bfactor_shells(const em_guinier *g, double low, double high, bool vrs, int64_t *first)
{
	double		min = 1 / (low * low) * (1 - 2 * NEARLY);
	double		max = 1 / (high * high) * (1 + 2 * NEARLY);
	int64_t		end = vrs ? g->count : g->count - 1;

	*first = 1;
	while (*first < end && g->inv_d2[*first] < min)
		(*first)++;
	while (end > *first && g->inv_d2[end - 1] > max)
		end--;
	return end > *first ? end - *first : 0;
}

em_status
em_bfactor_fit_range(em_ctx *ctx, const em_guinier *g, double low, double high, bool vrs,
					 em_bfactor_fit *out)
{
	const double *y = vrs ? g->ln_f_vrs : g->ln_f;
	const double *x = g->inv_d2;
	int64_t		least = vrs ? MIN_SHELLS_VRS : EM_BFACTOR_MIN_SHELLS;
	int64_t		first;
	int64_t		n;
	double		mx = 0,
				my = 0,
				xx = 0,
				xy = 0,
				yy = 0;

	if (!(low > 0) || !(high > 0) || !isfinite(low) || !isfinite(high))
		return em_fail(ctx, EM_BAD_ARGUMENT, "the fit range %g to %g Å is not valid", low, high);
	n = em_bfactor_shells(g, low, high, vrs, &first);
	if (n < least)
		return em_fail(ctx, EM_NOT_MEASURABLE,
					   "only %lld Fourier shells between %g and %g Å, fewer than %lld",
					   (long long) n, low, high, (long long) least);
	for (int64_t i = first; i < first + n; i++)
	{
		if (!isfinite(y[i]))
			return em_fail(ctx, EM_NOT_MEASURABLE, "Fourier shell %lld has no power", (long long) i);
		mx += x[i] / (double) n;
		my += y[i] / (double) n;
	}
	for (int64_t i = first; i < first + n; i++)
	{
		xx += (x[i] - mx) * (x[i] - mx);
		xy += (x[i] - mx) * (y[i] - my);
		yy += (y[i] - my) * (y[i] - my);
	}
	out->slope = xy / xx;
	out->bfactor = 4 * out->slope;
	out->intercept = my - out->slope * mx;
	out->correlation = yy > 0 ? xy / sqrt(xx * yy) : NAN;
	out->points = n;
	return EM_OK;
}
