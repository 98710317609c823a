/*
 * src/libem/checks/em_half_pair.h
 *		What every check of half maps looks at before it measures.
 */
#ifndef EM_HALF_PAIR_H
#define EM_HALF_PAIR_H

#include "checks/em_results.h"
#include "workbench/em_workbench.h"

#define EM_IDENTICAL 1e-12		/* noise power over signal power of maps that are the same */

/*
 * Are there two half maps that can be compared, with finite voxels that vary,
 * and is the mask (when there is one and `masked`) one for their box, with
 * finite voxels of which some are not 0?  When not, *ready is false and the
 * results say why: not_applicable no_half_maps; failed half_maps_differ,
 * mask_differs, bad_grid, not_finite_voxels, constant_half_maps, empty_mask.
 * Nothing stays pinned.
 */
extern em_status em_half_pair_ready(em_workbench *wb, em_results *out, bool masked, bool *ready);

/*
 * Make the mask the half maps are compared in (em_workbench_half_mask) and emit
 * measure "masked", 1 or 0.  When no voxel reaches the contour, *ready is false
 * and the results are failed, empty_mask.  Nothing stays pinned.
 */
extern em_status em_half_pair_mask(em_workbench *wb, em_results *out, bool *ready);

/* Fail the results when the power of half sum and half difference says that the halves are the same. */
extern bool em_half_pair_identical(em_results *out, double noise_power, double signal_power);

/*
 * Bytes a check has allocated at most while it holds `volumes` maps of the half
 * maps' box: those, transform scratch, and the masks on the way to a soft one.
 */
extern uint64_t em_half_pair_bytes(const em_workbench *wb, int volumes);

#endif							/* EM_HALF_PAIR_H */
