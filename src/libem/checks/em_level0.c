/*
 * src/libem/checks/em_level0.c
 *		What the checks 0.a, 0.b and 0.c have in common.
 */
#include "checks/em_level0.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define MASKS 6					/* raw, largest, hard; and for VRS largest, steps, result */

/* Does some voxel reach the contour level?  If not, say so with the numbers. */
static em_status
check_contour(em_results *out, double contour, const em_stats *stats, bool *ready)
{
	*ready = false;
	if (!isfinite(contour))
		return em_results_state(out, EM_FAILED, "empty_mask", "the contour level %g is not a finite number",
								contour);
	if (!(stats->max >= contour))
		return em_results_state(out, EM_FAILED, "empty_mask",
								"no voxel reaches the contour level %g, the maximum of the map is %g",
								contour, stats->max);
	*ready = true;
	return EM_OK;
}

em_status
em_level0_ready(em_workbench *wb, em_results *out, bool contour, bool *ready)
{
	em_ctx	   *ctx = em_workbench_ctx(wb);
	const em_stats *stats;

	*ready = false;
	if (!em_workbench_has(wb, EM_ROLE_MAP))
		return em_results_state(out, EM_NOT_APPLICABLE, "no_map", "the entry has no map");
	if (contour && isnan(em_workbench_contour(wb)))
		return em_results_state(out, EM_NOT_APPLICABLE, "no_contour", "no contour level is known");
	if (em_grid_check_voxel(ctx, em_workbench_grid(wb, EM_ROLE_MAP), em_role_name(EM_ROLE_MAP)) != EM_OK)
		return em_results_state(out, EM_FAILED, "bad_grid", "%s", em_ctx_message(ctx));
	EM_TRY(em_workbench_stats(wb, EM_ROLE_MAP, &stats));
	if (stats->not_finite > 0)
		return em_results_state(out, EM_FAILED, "not_finite_voxels", "%lld voxels of the map are not finite",
								(long long) stats->not_finite);
	if (contour)
		return check_contour(out, em_workbench_contour(wb), stats, ready);
	*ready = true;
	return EM_OK;
}

em_status
em_level0_resolved(em_workbench *wb, em_results *out, double worst, bool *ready)
{
	const double resolution = em_workbench_resolution(wb);

	*ready = false;
	if (!(resolution > 0) || !isfinite(resolution))
		return em_results_state(out, EM_NOT_APPLICABLE, "no_resolution", "no resolution is reported");
	EM_TRY(em_results_measure(out, "reported_resolution", resolution, "Å"));
	if (resolution > worst)
		return em_results_state(out, EM_NOT_APPLICABLE, "resolution_too_low",
								"the method does not apply to maps with a resolution worse than %g Å", worst);
	EM_TRY(em_level0_ready(wb, out, true, ready));
	if (!*ready)
		return EM_OK;
	if (em_grid_check(out->ctx, em_workbench_grid(wb, EM_ROLE_MAP), em_role_name(EM_ROLE_MAP)) == EM_OK)
		return EM_OK;
	*ready = false;
	return em_results_state(out, EM_FAILED, "bad_grid", "%s", em_ctx_message(out->ctx));
}

em_status
em_level0_mask_vrs(em_workbench *wb, const em_mask **out)
{
	em_status	status = em_workbench_hard_mask_vrs(wb, out);

	if (status == EM_NOT_MEASURABLE || (status == EM_OK && (*out)->count == 0))
	{
		*out = NULL;
		return EM_OK;
	}
	return status;
}

uint64_t
em_level0_estimate_map(const em_workbench *wb)
{
	const em_grid *grid = em_workbench_grid(wb, EM_ROLE_MAP);

	if (!em_workbench_has(wb, EM_ROLE_MAP))
		return 0;
	/* Sums per block of rows, see volume/em_rows.h, and scratch rows of the workers. */
	return em_volume_bytes(grid) + (uint64_t) em_grid_voxels(grid) / 512 + ((uint64_t) 1 << 20);
}

/* Does VRS see another contour level, which takes a second search for components? */
static bool
rounds_contour(double contour)
{
	char		text[400];

	snprintf(text, sizeof(text), "%f", contour);
	return strtod(text, NULL) != contour;
}

uint64_t
em_level0_estimate(const em_workbench *wb)
{
	const int64_t *n = em_workbench_grid(wb, EM_ROLE_MAP)->n;
	const bool	twice = rounds_contour(em_workbench_contour(wb));

	if (!em_workbench_has(wb, EM_ROLE_MAP))
		return 0;
	return em_level0_estimate_map(wb) + MASKS * em_mask_bytes(n) + (twice ? 2 : 1) * em_components_bytes(n);
}

em_status
em_level0_axes(em_results *out, const char *const name[3], const double value[3], const char *unit)
{
	for (int k = 0; k < 3; k++)
		EM_TRY(em_results_measure(out, name[k], value[k], unit));
	return EM_OK;
}

em_status
em_level0_mass_table(em_workbench *wb, em_results *out)
{
	const em_volume *map;
	const em_stats *stats;
	em_mass_table t;
	double		voxels[EM_MASS_ROWS];

	EM_TRY(em_workbench_volume(wb, EM_ROLE_MAP, &map));
	EM_TRY(em_workbench_stats(wb, EM_ROLE_MAP, &stats));
	EM_TRY(em_mass_table_make(em_workbench_ctx(wb), map, stats->max, &t));
	for (int i = 0; i < t.rows; i++)
		voxels[i] = (double) t.voxels[i];
	EM_TRY(em_results_series(out, "voxels", t.rows, "threshold", t.threshold, "", voxels, "voxels"));
	EM_TRY(em_results_series(out, "mass_kda", t.rows, "threshold", t.threshold, "", t.mass_kda, "kDa"));
	return em_results_series(out, "residues", t.rows, "threshold", t.threshold, "", t.residues, "");
}
