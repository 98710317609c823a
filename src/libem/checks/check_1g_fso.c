/*
 * src/libem/checks/check_1g_fso.c
 *		Check 1.g: Fourier shell occupancy of the masked half maps, Bingham's test
 *		of the directions that pass, and the resolution by direction.
 *
 * Without a mask or a contour the half maps are taken as they are, and measure
 * "masked" is 0.
 */
#include "checks/em_check_list.h"
#include "checks/em_direction_series.h"
#include "checks/em_half_measures.h"
#include "checks/em_half_pair.h"

#include <math.h>

#include "half/em_fso.h"

#define THRESHOLD 0.143
#define SMALL ((uint64_t) 4 << 20)	/* curves and the sphere */

/* What the functions of this file measure. */
typedef struct fso_work
{
	const em_directional *d;
	em_fso	   *f;
} fso_work;

/* First fall of the occupancy below a level, Å; NaN when there is none. */
static double
occupancy_at(const em_fso *f, double level)
{
	double		frequency;

	return em_crossings(f->fso, f->count, f->length, level, -1, &frequency, 1) > 0 ? 1 / frequency : NAN;
}

/* The probabilities of anisotropy in the shell nearest to an occupancy of one half. */
static em_status
store_anisotropy(em_results *out, const em_fso *f)
{
	double		resolution = occupancy_at(f, 0.5);
	int64_t		shell;

	if (!isfinite(resolution))
		return EM_OK;
	shell = llround(f->length / resolution);
	EM_TRY(em_results_measure(out, "anisotropy", f->anisotropy[shell], ""));
	return em_results_measure(out, "anisotropy_vrs", f->bingham_p_vrs[shell], "");
}

static em_status
store_crossings(em_results *out, const em_fso *f)
{
	EM_TRY(em_results_measure(out, "fso_05", occupancy_at(f, 0.5), "Å"));
	EM_TRY(em_results_measure(out, "fso_09", occupancy_at(f, 0.9), "Å"));
	EM_TRY(em_results_measure(out, "fso_01", occupancy_at(f, 0.1), "Å"));
	EM_TRY(em_results_measure(out, "fso_05_vrs", em_first_crossing_vrs(f->fso, f->count, f->length, 0.5, -1), "Å"));
	EM_TRY(em_results_measure(out, "fso_09_vrs", em_first_crossing_vrs(f->fso, f->count, f->length, 0.9, -1), "Å"));
	EM_TRY(em_results_measure(out, "fso_01_vrs", em_first_crossing_vrs(f->fso, f->count, f->length, 0.1, -1), "Å"));
	return store_anisotropy(out, f);
}

/* The resolution over the sphere, EM_SPHERE_POINTS numbers. */
static em_status
sphere_of(em_ctx *ctx, const fso_work *w, double **out)
{
	em_status	status;

	*out = em_alloc(ctx, EM_SPHERE_POINTS, sizeof(double), "resolution by direction");
	if (*out == NULL)
		return em_ctx_status(ctx);
	status = em_fso_sphere(ctx, w->d, w->f, *out);
	if (status != EM_OK)
		em_free(ctx, *out);
	return status;
}

/* The resolution over the sphere at the directions of the sweep. */
static em_status
store_directions(em_results *out, const fso_work *w, const double *sphere)
{
	const em_directions *d = w->d->directions;
	double	   *value = em_alloc(out->ctx, (uint64_t) d->n, sizeof(double), "resolution by direction");
	em_status	status;

	if (value == NULL)
		return em_ctx_status(out->ctx);
	for (int i = 0; i < d->n; i++)
	{
		double		side = d->v[i][2] < 0 ? -1 : 1;
		double		rot = atan2(side * d->v[i][1], side * d->v[i][0]) * 180 / M_PI;
		double		tilt = acos(fmin(side * d->v[i][2], 1)) * 180 / M_PI;

		value[i] = sphere[lround(tilt) * EM_SPHERE_ROTS + (lround(rot) + EM_SPHERE_ROTS) % EM_SPHERE_ROTS];
	}
	status = em_direction_series(out, d->n, d->v, value);
	em_free(out->ctx, value);
	return status;
}

/* Distribution of the directional resolution; directions that never fall to 0.143 are counted apart. */
static em_status
store_sphere(em_results *out, const fso_work *w)
{
	em_sphere_summary s;
	em_sphere_summary vrs;
	double	   *sphere;
	int			never = 0;
	em_status	status;

	EM_TRY(sphere_of(out->ctx, w, &sphere));
	status = em_fso_summary(out->ctx, sphere, true, &s);
	if (status == EM_OK)
		status = em_fso_summary(out->ctx, sphere, false, &vrs);
	if (status == EM_OK)
		status = store_directions(out, w, sphere);
	em_free(out->ctx, sphere);
	if (status != EM_OK)
		return status;
	for (int i = 0; i < w->f->directions; i++)
		never += !isfinite(w->f->resolution[i]);
	EM_TRY(em_results_measure(out, "directional_min", s.min, "Å"));
	EM_TRY(em_results_measure(out, "directional_p10", s.p10, "Å"));
	EM_TRY(em_results_measure(out, "directional_median", s.median, "Å"));
	EM_TRY(em_results_measure(out, "directional_p90", s.p90, "Å"));
	EM_TRY(em_results_measure(out, "directional_max", s.max, "Å"));
	EM_TRY(em_results_measure(out, "directional_mean", s.mean, "Å"));
	EM_TRY(em_results_measure(out, "directional_p10_vrs", vrs.p10, "Å"));
	EM_TRY(em_results_measure(out, "directional_median_vrs", vrs.median, "Å"));
	EM_TRY(em_results_measure(out, "directional_p90_vrs", vrs.p90, "Å"));
	return em_results_measure(out, "directions_unresolved", never, "");
}

/* Store one curve over the shells from 1 on. */
static em_status
store(em_results *out, const em_fso *f, const double *frequency, const char *name, const double *curve)
{
	return em_results_series(out, name, f->count - 1, "frequency", frequency + 1, "1/Å", curve + 1, "");
}

/* All curves; shell and resolution only for the rows of a function. */
static em_status
store_curves(em_results *out, const em_fso *f, bool rows)
{
	double	   *frequency = em_alloc(out->ctx, (uint64_t) f->count * 3, sizeof(double), "shell occupancy");
	double	   *shell = frequency + f->count;
	double	   *resolution = frequency + 2 * f->count;
	em_status	status = EM_OK;

	if (frequency == NULL)
		return em_ctx_status(out->ctx);
	for (int64_t i = 1; i < f->count; i++)
	{
		frequency[i] = (double) i / f->length;
		shell[i] = (double) i;
		resolution[i] = f->length / (double) i;
	}

	const struct
	{
		const char *name;
		const double *curve;
	}			list[] = {
		{"fso", f->fso}, {"bingham", f->bingham}, {"bingham_p", f->bingham_p}, {"bingham_p_vrs", f->bingham_p_vrs},
		{"anisotropy", f->anisotropy}, {"shell", shell}, {"resolution", resolution}
	};

	for (int i = 0; i < (rows ? 7 : 4) && status == EM_OK; i++)
		status = store(out, f, frequency, list[i].name, list[i].curve);
	em_free(out->ctx, frequency);
	return status;
}

static em_status
show_check(em_workbench *wb, em_results *out, const fso_work *w)
{
	EM_TRY(em_results_measure(out, "reported_resolution", em_workbench_resolution(wb), "Å"));
	EM_TRY(store_crossings(out, w->f));
	EM_TRY(store_sphere(out, w));
	return store_curves(out, w->f, false);
}

static em_status
show_rows(em_workbench *wb, em_results *out, const fso_work *w)
{
	(void) wb;
	return store_curves(out, w->f, true);
}

static em_status
show_resolution(em_workbench *wb, em_results *out, const fso_work *w)
{
	(void) wb;
	EM_TRY(store_crossings(out, w->f));
	return store_sphere(out, w);
}

/* The sphere as rows: rot, tilt, resolution. */
static em_status
show_directions(em_workbench *wb, em_results *out, const fso_work *w)
{
	em_ctx	   *ctx = out->ctx;
	double	   *angle = em_alloc(ctx, 2 * EM_SPHERE_POINTS, sizeof(double), "directions");
	double	   *sphere;
	em_status	status;

	(void) wb;
	if (angle == NULL)
		return em_ctx_status(ctx);
	status = sphere_of(ctx, w, &sphere);
	if (status == EM_OK)
	{
		for (int i = 0; i < EM_SPHERE_POINTS; i++)
		{
			angle[i] = i % EM_SPHERE_ROTS;
			angle[EM_SPHERE_POINTS + i] = i / EM_SPHERE_ROTS;
		}
		status = em_results_series(out, "tilt", EM_SPHERE_POINTS, "rot", angle, "°", angle + EM_SPHERE_POINTS, "°");
		if (status == EM_OK)
			status = em_results_series(out, "resolution", EM_SPHERE_POINTS, "rot", angle, "°", sphere, "Å");
		em_free(ctx, sphere);
	}
	em_free(ctx, angle);
	return status;
}

/* Measure and hand over to one of the functions above. */
static em_status
run(em_workbench *wb, em_results *out, em_status (*show) (em_workbench *, em_results *, const fso_work *))
{
	em_ctx	   *ctx = em_workbench_ctx(wb);
	fso_work	w;
	bool		ready;
	em_status	status;

	EM_TRY(em_half_pair_ready(wb, out, true, &ready));
	if (!ready)
		return EM_OK;
	if (show == show_check)
		EM_TRY(em_half_check_measures(wb, out));
	EM_TRY(em_half_pair_mask(wb, out, &ready));
	if (!ready)
		return EM_OK;
	EM_TRY(em_workbench_directional(wb, &w.d));
	if (em_half_pair_identical(out, w.d->noise_power, w.d->signal_power))
		return EM_OK;
	EM_TRY(em_fso_create(ctx, w.d, em_workbench_param(wb, "threshold", THRESHOLD), &w.f));
	status = show(wb, out, &w);
	em_fso_destroy(ctx, w.f);
	return status;
}

static em_status
run_1g(em_workbench *wb, em_results *out)
{
	return run(wb, out, show_check);
}

static em_status
run_rows(em_workbench *wb, em_results *out)
{
	return run(wb, out, show_rows);
}

static em_status
run_resolution(em_workbench *wb, em_results *out)
{
	return run(wb, out, show_resolution);
}

static em_status
run_directions(em_workbench *wb, em_results *out)
{
	return run(wb, out, show_directions);
}

/* The mask and two masked half maps, then the sweep. */
static uint64_t
estimate(const em_workbench *wb)
{
	uint64_t	bytes = em_half_pair_bytes(wb, 3);

	return bytes == 0 ? 0 : bytes + SMALL +
		em_directional_bytes(em_workbench_ctx(wb), em_workbench_grid(wb, EM_ROLE_HALF1));
}

const em_check em_check_1g = {
	.code = "1.g",.method = "fso/1",.run = run_1g,.estimate = estimate
};

const em_check em_check_fso = {
	.code = "fso",.method = "fso/1",.run = run_rows,.estimate = estimate
};

const em_check em_check_fso_resolution = {
	.code = "fso_resolution",.method = "fso/1",.run = run_resolution,.estimate = estimate
};

const em_check em_check_fso_directions = {
	.code = "fso_directions",.method = "fso/1",.run = run_directions,.estimate = estimate
};
