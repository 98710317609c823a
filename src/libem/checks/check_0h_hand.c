/*
 * src/libem/checks/check_0h_hand.c
 *		Check 0.h: handedness by layer lines of helices (learned/em_hand.h).
 *
 * The map at and above the contour, on voxels of 1 Å (coarser in boxes of more
 * than 1016 Å).  Measures: score and
 * score_free (0 right, 1 mirrored), helices, sites, candidates, evidence
 * (logarithm of the odds of right against mirrored), and decision: 0 no decision,
 * 1 right, 2 mirrored, 3 uncertain.  Without a decision there is no score.
 */
#include "checks/em_check_list.h"

#include <math.h>

#include "checks/em_level0.h"
#include "learned/em_hand.h"
#include "learned/em_mirror_grid.h"
#include "learned/em_weights.h"

#define WORST_RESOLUTION 5.0	/* Å */
#define COARSEST_VOXEL 2.5		/* Å: the layer line of 5.4 Å needs voxels of less than half of that */
#define UNIT 1.0				/* Å, but for boxes of more than ... */
#define MOST_VOXELS 1.05e9		/* ... so many, which are sampled coarser */
#define MARGIN 12.0				/* Å around the mask: what the samples around a rod reach */

/* Voxel size that a map is sampled at, Å: memory does not grow with the length of its box beyond 1016 Å. */
static double
unit_voxel(const em_grid *grid)
{
	double		volume = 1;

	for (int j = 0; j < 3; j++)
		volume *= (double) grid->n[j] * grid->voxel[j];
	return fmax(UNIT, cbrt(volume / MOST_VOXELS));
}

/* What was found. */
static em_status
store(em_results *out, const em_hand *hand)
{
	EM_TRY(em_results_measure(out, "decision", hand->decision, ""));
	EM_TRY(em_results_measure(out, "helices", hand->helices, ""));
	EM_TRY(em_results_measure(out, "sites", hand->sites, ""));
	EM_TRY(em_results_measure(out, "candidates", hand->candidates, ""));
	EM_TRY(em_results_measure(out, "evidence", hand->evidence, ""));
	if (hand->decision == EM_HAND_NONE)
		return em_results_state(out, EM_FAILED, "no_helices",
								"no helices were found to tell the hand by, or too few: %d of %d rods of "
								"density look like one", hand->sites, hand->candidates);
	EM_TRY(em_results_measure(out, "score", hand->score, ""));
	return em_results_measure(out, "score_free", hand->score_free, "");
}

/* Search and decide on voxels of 1 Å; uses the spectrum up. */
static em_status
decide(em_results *out, em_volume *spectrum, const em_mask *mask, double resolution)
{
	em_hand_candidate *c;
	em_hand_net net;
	em_hand		hand;
	em_status	status;
	int			n;

	EM_TRY(em_hand_net_from(out->ctx, &em_weights_hand, &net));
	EM_TRY(em_hand_candidates(out->ctx, spectrum, mask, resolution, &c, &n));
	status = em_hand_decide(out->ctx, &net, &spectrum->grid, c, n, &hand);
	em_free(out->ctx, c);
	return status == EM_OK ? store(out, &hand) : status;
}

/* The box around the mask on voxels of 1 Å, and what is found there. */
static em_status
measure(em_workbench *wb, em_results *out)
{
	em_ctx	   *ctx = out->ctx;
	const em_grid *grid = em_workbench_grid(wb, EM_ROLE_MAP);
	const em_volume *map;
	const em_mask *mask;
	em_mirror_grid g;
	em_volume  *spectrum = NULL;
	em_mask    *unit_mask = NULL;
	em_status	status;

	EM_TRY(em_workbench_raw_mask(wb, &mask));
	status = em_mirror_grid_choose(ctx, grid, mask, unit_voxel(grid), MARGIN, &g);
	if (status == EM_NOT_MEASURABLE)
		return em_results_state(out, EM_FAILED, "box_too_small", "%s", em_ctx_message(ctx));
	if (status == EM_OK)
		status = em_mirror_mask(ctx, &g, mask, &unit_mask);
	if (status == EM_OK)
		status = em_workbench_volume(wb, EM_ROLE_MAP, &map);
	if (status == EM_OK)
	{
		em_workbench_make_room(wb, em_unit_spectrum_bytes(ctx, &g.unit));
		status = em_mirror_spectrum(ctx, &g, map, "the map on voxels of 1 Å", &spectrum);
	}
	em_workbench_unpin(wb);
	em_workbench_make_room(wb, em_hand_bytes(ctx, &g.unit.grid));
	if (status == EM_OK)
		status = decide(out, spectrum, unit_mask, em_workbench_resolution(wb));
	em_volume_destroy(ctx, spectrum);
	em_mask_destroy(ctx, unit_mask);
	return status;
}

static em_status
run(em_workbench *wb, em_results *out)
{
	const em_grid *grid = em_workbench_grid(wb, EM_ROLE_MAP);
	bool		ready;

	EM_TRY(em_level0_resolved(wb, out, WORST_RESOLUTION, &ready));
	if (!ready)
		return EM_OK;
	for (int j = 0; j < 3; j++)
		if (grid->voxel[j] > COARSEST_VOXEL)
			return em_results_state(out, EM_FAILED, "voxels_too_coarse",
									"voxels of %.2f Å do not hold the layer lines of helices at 5.4 Å",
									grid->voxel[j]);
	if (unit_voxel(grid) > COARSEST_VOXEL)
		return em_results_state(out, EM_FAILED, "voxels_too_coarse",
								"a box of this size would be sampled at %.2f Å, which does not hold the layer lines of "
								"helices at 5.4 Å", unit_voxel(grid));
	return measure(wb, out);
}

/* The map, and its box on voxels of 1 Å while that is cut out or searched; at most the whole map. */
static uint64_t
estimate(const em_workbench *wb)
{
	const em_grid *grid = em_workbench_grid(wb, EM_ROLE_MAP);
	const em_ctx *ctx = em_workbench_ctx(wb);
	const double resolution = em_workbench_resolution(wb);
	em_unit_grid u;
	uint64_t	need;
	uint64_t	cutting;
	uint64_t	searching;

	if (!em_workbench_has(wb, EM_ROLE_MAP) || em_grid_voxels(grid) <= 0)
		return 0;
	need = em_level0_estimate_map(wb) + em_mask_bytes(grid->n);
	if (!(resolution > 0 && resolution <= WORST_RESOLUTION) || !(grid->voxel[0] <= COARSEST_VOXEL) ||
		!em_unit_grid_whole(grid, unit_voxel(grid), &u))
		return need;
	cutting = em_unit_spectrum_bytes(ctx, &u);
	searching = em_volume_bytes(&u.grid) + em_hand_bytes(ctx, &u.grid);
	return need + em_mask_bytes(u.grid.n) + (cutting > searching ? cutting : searching);
}

const em_check em_check_0h = {
	.code = "0.h",.method = "hand/1",.run = run,.estimate = estimate
};
