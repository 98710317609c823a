/*
 * src/libem/checks/em_half_pair.c
 *		What every check of half maps looks at before it measures.
 */
#include "checks/em_half_pair.h"

#include "fourier/em_fft.h"

/* Fail the results when the grids of two maps differ; true when they do. */
static bool
reject_grids(em_workbench *wb, em_results *out, em_role a, em_role b, const char *code)
{
	em_ctx	   *ctx = em_workbench_ctx(wb);

	if (em_grid_same(ctx, em_workbench_grid(wb, a), em_workbench_grid(wb, b),
					 em_role_name(a), em_role_name(b)) == EM_OK)
		return false;
	(void) em_results_state(out, EM_FAILED, code, "%s", em_ctx_message(ctx));
	return true;
}

/* Look at the headers; true when the results say what is wrong. */
static bool
reject_headers(em_workbench *wb, em_results *out, bool masked)
{
	em_ctx	   *ctx = em_workbench_ctx(wb);

	if (!em_workbench_has(wb, EM_ROLE_HALF1) || !em_workbench_has(wb, EM_ROLE_HALF2))
	{
		(void) em_results_state(out, EM_NOT_APPLICABLE, "no_half_maps", "the entry has no half maps");
		return true;
	}
	if (reject_grids(wb, out, EM_ROLE_HALF1, EM_ROLE_HALF2, "half_maps_differ"))
		return true;
	if (em_workbench_has(wb, EM_ROLE_MAP) &&
		reject_grids(wb, out, EM_ROLE_MAP, EM_ROLE_HALF1, "half_maps_differ"))
		return true;
	if (masked && em_workbench_has(wb, EM_ROLE_MASK) &&
		reject_grids(wb, out, EM_ROLE_MASK, EM_ROLE_HALF1, "mask_differs"))
		return true;
	if (em_grid_check(ctx, em_workbench_grid(wb, EM_ROLE_HALF1), "half maps") == EM_OK)
		return false;
	(void) em_results_state(out, EM_FAILED, "bad_grid", "%s", em_ctx_message(ctx));
	return true;
}

/* Look at the voxels of one map; true when the results say what is wrong. */
static bool
reject_voxels(em_results *out, const em_stats *stats, em_role role)
{
	const char *name = em_role_name(role);

	if (stats->not_finite > 0)
		(void) em_results_state(out, EM_FAILED, "not_finite_voxels", "%lld voxels of %s are not finite",
								(long long) stats->not_finite, name);
	else if (role == EM_ROLE_MASK && stats->min == 0 && stats->max == 0)
		(void) em_results_state(out, EM_FAILED, "empty_mask", "the mask is 0 everywhere");
	else if (role != EM_ROLE_MASK && !(stats->max > stats->min))
		(void) em_results_state(out, EM_FAILED, "constant_half_maps", "%s is constant", name);
	else
		return false;
	return true;
}

em_status
em_half_pair_ready(em_workbench *wb, em_results *out, bool masked, bool *ready)
{
	static const em_role roles[] = {EM_ROLE_HALF1, EM_ROLE_HALF2, EM_ROLE_MASK};

	*ready = false;
	if (reject_headers(wb, out, masked))
		return EM_OK;
	for (int i = 0; i < 3; i++)
	{
		const em_stats *stats;

		if (roles[i] == EM_ROLE_MASK && !(masked && em_workbench_has(wb, EM_ROLE_MASK)))
			continue;
		EM_TRY(em_workbench_stats(wb, roles[i], &stats));
		em_workbench_unpin(wb);
		if (reject_voxels(out, stats, roles[i]))
			return EM_OK;
	}
	*ready = true;
	return EM_OK;
}

em_status
em_half_pair_mask(em_workbench *wb, em_results *out, bool *ready)
{
	const em_volume *mask;
	em_status	status = em_workbench_half_mask(wb, &mask);

	*ready = status == EM_OK;
	if (status == EM_NOT_MEASURABLE)
		return em_results_state(out, EM_FAILED, "empty_mask", "%s", em_ctx_message(em_workbench_ctx(wb)));
	if (status != EM_OK)
		return status;
	em_workbench_unpin(wb);
	return em_results_measure(out, "masked", mask != NULL, "");
}

bool
em_half_pair_identical(em_results *out, double noise_power, double signal_power)
{
	if (noise_power > EM_IDENTICAL * signal_power)
		return false;
	(void) em_results_state(out, EM_FAILED, "identical_half_maps",
							"the half maps are identical, so nothing tells signal from noise");
	return true;
}

uint64_t
em_half_pair_bytes(const em_workbench *wb, int volumes)
{
	em_ctx	   *ctx = em_workbench_ctx(wb);
	const em_grid *grid = em_workbench_grid(wb, EM_ROLE_HALF1);
	uint64_t	masks = 4 * em_mask_bytes(grid->n);
	uint64_t	work;
	uint64_t	making;

	if (!em_workbench_has(wb, EM_ROLE_HALF1) || !em_workbench_has(wb, EM_ROLE_HALF2))
		return 0;
	work = (uint64_t) volumes * em_volume_bytes(grid) + em_fft_scratch_bytes(ctx, grid) + masks;
	/* A soft mask is made from the map; the components of one that is all noise may take a volume. */
	making = 2 * em_volume_bytes(grid) + masks;
	if (!em_workbench_has(wb, EM_ROLE_MASK) && em_workbench_has(wb, EM_ROLE_MAP) &&
		em_components_bytes(grid->n) > em_volume_bytes(grid))
		making += em_components_bytes(grid->n) - em_volume_bytes(grid);
	return work > making ? work : making;
}
