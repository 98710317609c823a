/*
 * src/libem/half/em_fso.c
 *		Occupancy, Bingham's statistic and resolution by direction, from the
 *		directional curves.
 */
#include "half/em_fso.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sf_gamma.h>

#include "core/em_par.h"

#define FIRST_SHELL 3			/* directional resolutions are looked for from here on */
#define BINGHAM_DOF 5.0
#define VRS_STATISTIC_MAX 20.0
#define CURVES 5

void
em_fso_destroy(em_ctx *ctx, em_fso *f)
{
	if (f == NULL)
		return;
	em_free(ctx, f->resolution);
	em_free(ctx, f->fso);
	em_free(ctx, f);
}

/* Does direction i reach the threshold in this shell?  An empty cone does not. */
static bool
passes(const em_directional *d, int i, int64_t shell, double threshold)
{
	return d->fsc[i * d->count + shell] >= threshold;
}

/* Number of directions that pass in a shell, and Bingham's statistic of them. */
static int
shell_statistic(const em_directional *d, int64_t shell, double threshold, double *statistic)
{
	double		t[3][3] = {{0}};
	double		trace = 0;
	int			m = 0;

	for (int i = 0; i < d->directions->n; i++)
		if (passes(d, i, shell, threshold))
		{
			const double *v = d->directions->v[i];

			m++;
			for (int j = 0; j < 3; j++)
				for (int k = 0; k < 3; k++)
					t[j][k] += v[j] * v[k];
		}
	for (int j = 0; j < 3; j++)
		for (int k = 0; k < 3; k++)
			trace += t[j][k] * t[k][j];
	*statistic = m > 0 ? fmax(15 * m * (trace / ((double) m * m) - 1.0 / 3), 0) : 0;
	return m;
}

/* Xmipp's value for a statistic: from a table in steps of one half. */
static double
anisotropy_vrs(double statistic)
{
	return gsl_sf_gamma_inc_P(BINGHAM_DOF, fmin(round(2 * statistic) / 2, VRS_STATISTIC_MAX));
}

/* Resolution of direction i, Å; NaN when it never falls to the threshold. */
static double
direction_resolution(const em_directional *d, int i, double threshold)
{
	const double *fsc = d->fsc + i * d->count;

	for (int64_t shell = FIRST_SHELL; shell < d->count; shell++)
		if (fsc[shell] <= threshold)
			return d->length / (double) shell;
	return NAN;
}

em_status
em_fso_create(em_ctx *ctx, const em_directional *d, double threshold, em_fso **out)
{
	em_fso	   *f = em_alloc(ctx, 1, sizeof(em_fso), "shell occupancy");

	*out = NULL;
	if (f == NULL)
		return em_ctx_status(ctx);
	f->count = d->count;
	f->length = d->length;
	f->directions = d->directions->n;
	f->fso = em_alloc(ctx, (uint64_t) f->count * CURVES, sizeof(double), "shell occupancy");
	f->resolution = em_alloc(ctx, (uint64_t) f->directions, sizeof(double), "resolution by direction");
	if (f->fso == NULL || f->resolution == NULL)
	{
		em_fso_destroy(ctx, f);
		return em_ctx_status(ctx);
	}
	f->bingham = f->fso + f->count;
	f->bingham_p = f->fso + 2 * f->count;
	f->anisotropy = f->fso + 3 * f->count;
	f->bingham_p_vrs = f->fso + 4 * f->count;
	for (int64_t i = 0; i < f->count; i++)
	{
		int			m = shell_statistic(d, i, threshold, &f->bingham[i]);

		f->fso[i] = i < EM_FSO_SETTLED ? 1.0 : (double) m / f->directions;
		f->bingham_p[i] = gsl_cdf_chisq_Q(f->bingham[i], BINGHAM_DOF);
		f->anisotropy[i] = gsl_cdf_chisq_P(f->bingham[i], BINGHAM_DOF);
		f->bingham_p_vrs[i] = anisotropy_vrs(f->bingham[i]);
	}
	for (int i = 0; i < f->directions; i++)
		f->resolution[i] = direction_resolution(d, i, threshold);
	*out = f;
	return EM_OK;
}

typedef struct sphere_job
{
	const em_directional *d;
	const em_fso *f;
	double	   *resolution;
} sphere_job;

/* Weighted mean of the directions about one axis. */
static double
mean_about(const sphere_job *job, const double axis[3])
{
	double		cos_cone = cos(job->d->options.cone * M_PI / 180);
	double		sum = 0;
	double		weights = 0;

	for (int i = 0; i < job->f->directions; i++)
	{
		const double *v = job->d->directions->v[i];
		double		c = fabs(v[0] * axis[0] + v[1] * axis[1] + v[2] * axis[2]);
		double		t = (1 - c) / (1 - cos_cone);
		double		w;

		if (c < cos_cone || !isfinite(job->f->resolution[i]))
			continue;
		w = exp(-4 * t * t);
		sum += w * job->f->resolution[i];
		weights += w;
	}
	return weights > 0 ? sum / weights : NAN;
}

/* Item: the places of one tilt. */
static em_status
sphere_tilt(void *arg, int64_t tilt, int worker)
{
	sphere_job *job = arg;
	double		t = (double) tilt * M_PI / 180;

	(void) worker;
	for (int rot = 0; rot < EM_SPHERE_ROTS; rot++)
	{
		double		r = rot * M_PI / 180;
		double		axis[3] = {cos(r) * sin(t), sin(r) * sin(t), cos(t)};

		job->resolution[tilt * EM_SPHERE_ROTS + rot] = mean_about(job, axis);
	}
	return EM_OK;
}

em_status
em_fso_sphere(em_ctx *ctx, const em_directional *d, const em_fso *f, double *resolution)
{
	sphere_job	job = {.d = d,.f = f,.resolution = resolution};

	return em_parallel(ctx, "resolution by direction", EM_SPHERE_TILTS, sphere_tilt, &job);
}

/* A place of the sphere that has a resolution. */
typedef struct place
{
	double		value;
	double		area;
} place;

static int
compare_places(const void *a, const void *b)
{
	const place *p = a;
	const place *q = b;

	if (p->value != q->value)
		return p->value < q->value ? -1 : 1;
	return p->area < q->area ? -1 : p->area > q->area;
}

/* Area of the band about a tilt that one place of the upper half sphere stands for. */
static double
place_area(int tilt)
{
	double		upper = (tilt > 0 ? tilt - 0.5 : 0) * M_PI / 180;
	double		lower = (tilt < EM_SPHERE_TILTS - 1 ? tilt + 0.5 : tilt) * M_PI / 180;

	return cos(upper) - cos(lower);
}

/*
 * Quantile of sorted places: each is at the middle of its area, linear in
 * between (for equal areas numpy's rule, which puts the extremes at 0 and 1).
 */
static double
quantile(const place *p, int n, double q)
{
	double		first = p[0].area / 2;
	double		total = 0;
	double		at;
	double		before;

	for (int i = 0; i < n; i++)
		total += p[i].area;
	at = first + q * (total - first - p[n - 1].area / 2);
	before = first;
	for (int i = 1; i < n; i++)
	{
		double		here = before + (p[i - 1].area + p[i].area) / 2;

		if (at <= here)
			return p[i - 1].value + (p[i].value - p[i - 1].value) * (at - before) / (here - before);
		before = here;
	}
	return p[n - 1].value;
}

em_status
em_fso_summary(em_ctx *ctx, const double *resolution, bool by_area, em_sphere_summary *out)
{
	place	   *p = em_alloc(ctx, EM_SPHERE_POINTS, sizeof(place), "resolution by direction");
	double		sum = 0;
	double		area = 0;
	int			n = 0;

	*out = (em_sphere_summary) {NAN, NAN, NAN, NAN, NAN, NAN};
	if (p == NULL)
		return em_ctx_status(ctx);
	for (int i = 0; i < EM_SPHERE_POINTS; i++)
		if (isfinite(resolution[i]))
		{
			p[n] = (place) {resolution[i], by_area ? place_area(i / EM_SPHERE_ROTS) : 1.0};
			sum += p[n].value * p[n].area;
			area += p[n++].area;
		}
	if (n > 0)
	{
		qsort(p, (size_t) n, sizeof(place), compare_places);
		*out = (em_sphere_summary) {
			.min = p[0].value,.p10 = quantile(p, n, 0.1),.median = quantile(p, n, 0.5),
			.p90 = quantile(p, n, 0.9),.max = p[n - 1].value,.mean = sum / area
		};
	}
	em_free(ctx, p);
	return EM_OK;
}
