/*
 * src/libem/checks/em_half_measures.h
 *		What the common look at the half maps adds to every check of level 1.
 */
#ifndef EM_HALF_MEASURES_H
#define EM_HALF_MEASURES_H

#include "checks/em_results.h"
#include "workbench/em_workbench.h"

/*
 * Emit half_identical, half_masked_percent, half_filtered, half_filtered_from (Å,
 * only when filtered with a clear edge), half_scale, half_inverted,
 * half_correlated_noise (flags are 0 or 1; see half/em_half_check.h) and
 * half_findings, their number.  The half maps must be comparable
 * (em_half_pair_ready).  Nothing is pinned, and what was stays so.
 */
extern em_status em_half_check_measures(em_workbench *wb, em_results *out);

/*
 * The same, and fail the results when one half map is a multiple of the other:
 * identical_half_maps, copied_half_maps.  *usable tells which.
 */
extern em_status em_half_check_usable(em_workbench *wb, em_results *out, bool *usable);

#endif							/* EM_HALF_MEASURES_H */
