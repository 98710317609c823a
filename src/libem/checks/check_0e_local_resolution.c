/*
 * src/libem/checks/check_0e_local_resolution.c
 *		Check 0.e: local resolution from one map, by the local-spectrum regressor.
 *
 * Stands in for DeepRes (doi:10.1107/S2052252519011692), whose network is not to
 * be had: the scale means the same, the numbers need not agree.  See
 * learned/em_local_resolution.h.
 *
 * Measures beyond those of local resolution by half maps: noise_outside (1: the
 * local spectrum was compared with noise outside the mask; 0: there is none, so its
 * shape alone was used), no_signal_percent and clipped_percent of the points,
 * finest_value (Å, what the voxels allow).
 */
#include "checks/em_check_list.h"

#include <math.h>

#include "checks/em_level0.h"
#include "checks/em_local.h"
#include "core/em_quantile.h"
#include "learned/em_local_resolution.h"
#include "learned/em_weights.h"

#define BEST 2.0				/* Å: the reported resolutions the method is for */
#define WORST 13.0
#define NO_SIGNAL 97.5			/* %: beyond, every percentile would be one of voxels without signal */

/* Does the method apply to what is reported?  If not, the results say why. */
static em_status
ready_to_measure(em_workbench *wb, em_results *out, bool *ready)
{
	const em_grid *grid = em_workbench_grid(wb, EM_ROLE_MAP);
	const double resolution = em_workbench_resolution(wb);

	*ready = false;
	if (!(resolution > 0) || !isfinite(resolution))
		return em_results_state(out, EM_NOT_APPLICABLE, "no_resolution", "no resolution is reported");
	if (resolution < BEST)
		return em_results_state(out, EM_NOT_APPLICABLE, "resolution_too_high",
								"the method does not apply to maps with a resolution better than %g Å", BEST);
	if (resolution > WORST)
		return em_results_state(out, EM_NOT_APPLICABLE, "resolution_too_low",
								"the method does not apply to maps with a resolution worse than %g Å", WORST);
	EM_TRY(em_level0_ready(wb, out, !em_workbench_has(wb, EM_ROLE_MASK), ready));
	em_workbench_unpin(wb);
	if (!*ready)
		return EM_OK;
	if (em_grid_check(out->ctx, grid, em_role_name(EM_ROLE_MAP)) != EM_OK)
	{
		*ready = false;
		return em_results_state(out, EM_FAILED, "bad_grid", "%s", em_ctx_message(out->ctx));
	}
	if (!em_workbench_has(wb, EM_ROLE_MASK))
		return EM_OK;
	return em_grid_same(out->ctx, grid, em_workbench_grid(wb, EM_ROLE_MASK), em_role_name(EM_ROLE_MAP),
						em_role_name(EM_ROLE_MASK));
}

/* The measured local spectrum. */
static em_status
measure_spectrum(em_workbench *wb, const em_mask *mask, em_local_spectrum **out)
{
	em_ctx	   *ctx = em_workbench_ctx(wb);
	const em_grid *grid = em_workbench_grid(wb, EM_ROLE_MAP);
	const em_volume *map;
	em_status	status;

	*out = NULL;
	EM_TRY(em_workbench_volume(wb, EM_ROLE_MAP, &map));
	em_workbench_make_room(wb, em_local_spectrum_cut_bytes(ctx, grid));
	status = em_local_spectrum_cut(ctx, map, mask, out);
	em_workbench_unpin(wb);
	if (status != EM_OK)
		return status;
	em_workbench_make_room(wb, em_local_spectrum_bytes(ctx, grid, 1));
	status = em_local_spectrum_measure(ctx, *out);
	if (status != EM_OK)
	{
		em_local_spectrum_destroy(ctx, *out);
		*out = NULL;
	}
	return status;
}

/* What the values rest on. */
static em_status
store_basis(em_results *out, const em_local_spectrum *s, const em_local_values *v)
{
	EM_TRY(em_results_measure(out, "noise_outside", s->outside == EM_OUTSIDE_NOISE, ""));
	EM_TRY(em_results_measure(out, "no_signal_percent", 100 * (double) v->no_signal / (double) s->n, "%"));
	EM_TRY(em_results_measure(out, "clipped_percent", 100 * (double) v->clipped / (double) s->n, "%"));
	return em_results_measure(out, "finest_value", v->finest, "Å");
}

/* Measures and volume from the values on the lattice. */
static em_status
store(em_workbench *wb, em_results *out, const em_local_spectrum *s, const em_local_values *v,
	  const em_mask *mask)
{
	const em_grid *grid = em_workbench_grid(wb, EM_ROLE_MAP);
	const double percent = 100 * (double) v->no_signal / (double) s->n;
	em_volume  *map;
	em_status	status;

	EM_TRY(store_basis(out, s, v));
	if (percent > NO_SIGNAL)
		return em_results_state(out, EM_FAILED, "no_signal",
								"in %.1f %% of the mask no band holds twice the noise outside", percent);
	em_workbench_make_room(wb, em_volume_bytes(grid) + em_quantile_bytes(out->ctx));
	EM_TRY(em_unit_back(out->ctx, &s->lattice, v->volume, s->points, mask, "local resolution", &map));
	status = em_local_measures(wb, out, map, mask);
	if (status == EM_OK && out->want_volume)
		em_results_volume(out, map);
	else
		em_volume_destroy(out->ctx, map);
	return status;
}

/* Everything once there is a mask. */
static em_status
measure(em_workbench *wb, em_results *out, const em_mask *mask)
{
	em_local_spectrum *s;
	em_local_values v;
	em_status	status;

	EM_TRY(measure_spectrum(wb, mask, &s));
	status = em_local_values_make(out->ctx, s, &em_weights_local_resolution, &v);
	if (status == EM_OK)
		status = store(wb, out, s, &v, mask);
	em_volume_destroy(out->ctx, v.volume);
	em_local_spectrum_destroy(out->ctx, s);
	return status;
}

static em_status
run(em_workbench *wb, em_results *out)
{
	em_mask    *mask;
	em_status	status;
	bool		ready;

	EM_TRY(ready_to_measure(wb, out, &ready));
	if (!ready)
		return EM_OK;
	status = em_local_mask(wb, &mask);
	if (status == EM_NOT_MEASURABLE)
		return em_results_state(out, EM_FAILED, "empty_mask", "%s", em_ctx_message(out->ctx));
	if (status == EM_OK)
		status = measure(wb, out, mask);
	em_mask_destroy(out->ctx, mask);
	return status;
}

/* The way to the mask; cutting beside the map; the bands.  The way back takes less than one of these. */
static uint64_t
estimate(const em_workbench *wb)
{
	const em_ctx *ctx = em_workbench_ctx(wb);
	const em_grid *grid = em_workbench_grid(wb, EM_ROLE_MAP);
	const double resolution = em_workbench_resolution(wb);
	uint64_t	most = em_level0_estimate(wb);
	uint64_t	mask;
	uint64_t	phase[2];

	if (!em_workbench_has(wb, EM_ROLE_MAP) || !(resolution >= BEST && resolution <= WORST))
		return most;
	mask = 2 * em_mask_bytes(grid->n) + EM_LOCAL_READING;
	phase[0] = em_volume_bytes(grid) + mask + em_local_spectrum_cut_bytes(ctx, grid);
	phase[1] = mask + em_local_spectrum_bytes(ctx, grid, 1);
	for (int i = 0; i < 2; i++)
		most = phase[i] > most ? phase[i] : most;
	return most;
}

const em_check em_check_0e = {
	.code = "0.e",.method = "local_spectrum/1",.run = run,.estimate = estimate
};
