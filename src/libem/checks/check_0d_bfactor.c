/*
 * src/libem/checks/check_0d_bfactor.c
 *		Check 0.d: B-factor of the map, the slope of its Guinier profile.
 *
 * Rosenthal & Henderson 2003, doi:10.1016/j.jmb.2003.07.013.  Fitted from 15 Å
 * to the reported resolution.  Two values: over the full sphere without the
 * incomplete Nyquist shell, and (_vrs) as xmipp_volume_correct_bfactor does.
 */
#include "checks/em_check_list.h"

#include <math.h>

#include "fourier/em_fft.h"

#define LOW_LIMIT 15.0			/* Å, where the fit begins */
#define WORST_RESOLUTION 8.0	/* Å, beyond which the method does not apply */

/* Fail the results because of the map itself; true when something is wrong with it. */
static bool
reject_map(em_workbench *wb, em_results *out, const em_stats *stats)
{
	em_ctx	   *ctx = em_workbench_ctx(wb);

	if (em_grid_check(ctx, em_workbench_grid(wb, EM_ROLE_MAP), em_role_name(EM_ROLE_MAP)) != EM_OK)
		(void) em_results_state(out, EM_FAILED, "bad_grid", "%s", em_ctx_message(ctx));
	else if (stats->not_finite > 0)
		(void) em_results_state(out, EM_FAILED, "not_finite_voxels", "%lld voxels of the map are not finite",
								(long long) stats->not_finite);
	else if (!(stats->max > stats->min))
		(void) em_results_state(out, EM_FAILED, "no_power", "the map is constant and has no spectrum");
	else
		return false;
	return true;
}

/* Guinier profile of the map; NULL when the results say why there is none. */
static em_status
profile_map(em_workbench *wb, em_results *out, em_guinier **g)
{
	const em_stats *stats;
	const em_volume *spectrum;

	*g = NULL;
	EM_TRY(em_workbench_stats(wb, EM_ROLE_MAP, &stats));
	if (reject_map(wb, out, stats))
		return EM_OK;
	em_workbench_unpin(wb);		/* the voxels may be transformed in place */
	EM_TRY(em_workbench_spectrum(wb, EM_ROLE_MAP, &spectrum));
	return em_guinier_profile(em_workbench_ctx(wb), spectrum, g);
}

/* Store the profile from shell 1 on. */
static em_status
store_profile(em_results *out, const em_guinier *g)
{
	int64_t		n = g->count - 1;
	double	   *counts = em_alloc(out->ctx, (uint64_t) g->count, sizeof(double), "Guinier profile");
	em_status	status;

	if (counts == NULL)
		return em_ctx_status(out->ctx);
	for (int64_t i = 0; i < n; i++)
		counts[i] = (double) g->n[i + 1];
	status = em_results_series(out, "ln_f", n, "inv_d2", g->inv_d2 + 1, "1/Å²", g->ln_f + 1, "");
	if (status == EM_OK)
		status = em_results_series(out, "n", n, "inv_d2", g->inv_d2 + 1, "1/Å²", counts, "");
	em_free(out->ctx, counts);
	return status;
}

/* Store the points of the fitted line. */
static em_status
store_line(em_results *out, const em_guinier *g, double resolution, const em_bfactor_fit *fit)
{
	int64_t		first;
	int64_t		n = em_bfactor_shells(g, LOW_LIMIT, resolution, false, &first);
	double	   *y = em_alloc(out->ctx, (uint64_t) n, sizeof(double), "Guinier line");
	em_status	status;

	if (y == NULL)
		return em_ctx_status(out->ctx);
	for (int64_t i = 0; i < n; i++)
		y[i] = fit->intercept + fit->slope * g->inv_d2[first + i];
	status = em_results_series(out, "ln_f_fit", n, "inv_d2", g->inv_d2 + first, "1/Å²", y, "");
	em_free(out->ctx, y);
	return status;
}

/* Store a fit under five names. */
static em_status
store_fit(em_results *out, const em_bfactor_fit *fit, const char *const name[5])
{
	EM_TRY(em_results_measure(out, name[0], fit->bfactor, "Å²"));
	EM_TRY(em_results_measure(out, name[1], fit->slope, "Å²"));
	EM_TRY(em_results_measure(out, name[2], fit->intercept, ""));
	EM_TRY(em_results_measure(out, name[3], fit->correlation, ""));
	return em_results_measure(out, name[4], (double) fit->points, "");
}

/* Fit a profile both ways and store what comes out. */
static em_status
measure_fit(em_results *out, const em_guinier *g, double resolution)
{
	static const char *const name[5] = {"bfactor", "slope", "intercept", "correlation", "points"};
	static const char *const name_vrs[5] = {
		"bfactor_vrs", "slope_vrs", "intercept_vrs", "correlation_vrs", "points_vrs"
	};
	em_bfactor_fit fit;
	em_bfactor_fit vrs;
	int64_t		first;
	em_status	status = em_bfactor_fit_range(out->ctx, g, LOW_LIMIT, resolution, false, &fit);

	if (status == EM_NOT_MEASURABLE)
	{
		bool		few = em_bfactor_shells(g, LOW_LIMIT, resolution, false, &first) < EM_BFACTOR_MIN_SHELLS;

		return em_results_state(out, EM_FAILED, few ? "too_few_shells" : "no_power", "%s",
								em_ctx_message(out->ctx));
	}
	if (status != EM_OK)
		return status;
	EM_TRY(store_fit(out, &fit, name));
	if (em_bfactor_fit_range(out->ctx, g, LOW_LIMIT, resolution, true, &vrs) == EM_OK)
		EM_TRY(store_fit(out, &vrs, name_vrs));
	return store_line(out, g, resolution, &fit);
}

/* Pseudo-check "guinier": the profile alone. */
static em_status
run_guinier(em_workbench *wb, em_results *out)
{
	em_guinier *g;
	em_status	status;

	EM_TRY(profile_map(wb, out, &g));
	if (g == NULL)
		return EM_OK;
	status = store_profile(out, g);
	em_guinier_destroy(out->ctx, g);
	return status;
}

/* Pseudo-check "bfactor": profile and fit for any resolution that leaves enough shells. */
static em_status
run_bfactor(em_workbench *wb, em_results *out)
{
	double		resolution = em_workbench_resolution(wb);
	em_guinier *g;
	em_status	status;

	if (!isfinite(resolution) || resolution <= 0)
		return em_results_state(out, EM_NOT_APPLICABLE, "no_resolution", "no resolution is reported");
	EM_TRY(em_results_measure(out, "reported_resolution", resolution, "Å"));
	EM_TRY(profile_map(wb, out, &g));
	if (g == NULL)
		return EM_OK;
	status = store_profile(out, g);
	if (status == EM_OK)
		status = measure_fit(out, g, resolution);
	em_guinier_destroy(out->ctx, g);
	return status;
}

/* Check 0.d: the same where the method applies. */
static em_status
run_0d(em_workbench *wb, em_results *out)
{
	double		resolution = em_workbench_resolution(wb);

	if (resolution > WORST_RESOLUTION)
	{
		EM_TRY(em_results_measure(out, "reported_resolution", resolution, "Å"));
		return em_results_state(out, EM_NOT_APPLICABLE, "resolution_too_low",
								"the method does not apply to maps with a resolution worse than %g Å",
								WORST_RESOLUTION);
	}
	return run_bfactor(wb, out);
}

/* One volume transformed in place, scratch and sums. */
static uint64_t
estimate(const em_workbench *wb)
{
	em_ctx	   *ctx = em_workbench_ctx(wb);
	const em_grid *grid = em_workbench_grid(wb, EM_ROLE_MAP);

	return em_volume_bytes(grid) + em_fft_scratch_bytes(ctx, grid) + em_guinier_bytes(ctx, grid);
}

const em_check em_check_0d = {
	.code = "0.d",.method = "guinier/1",.run = run_0d,.estimate = estimate
};

const em_check em_check_bfactor = {
	.code = "bfactor",.method = "guinier/1",.run = run_bfactor,.estimate = estimate
};

const em_check em_check_guinier = {
	.code = "guinier",.method = "guinier/1",.run = run_guinier,.estimate = estimate
};
