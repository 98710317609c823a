/*
 * src/libem/checks/em_masked_fsc.h
 *		The masked FSC of an entry, for the checks and functions that show it.
 */
#ifndef EM_MASKED_FSC_H
#define EM_MASKED_FSC_H

#include "checks/em_results.h"
#include "half/em_fsc_masked.h"
#include "workbench/em_workbench.h"

/*
 * Unmasked, masked, randomised and corrected curves of the half maps on a
 * workbench, with the mask of em_workbench_half_mask; without one, the unmasked
 * curve only.  The half maps are known to be fit for it (em_half_pair_ready).
 * Everything is unpinned, before and after.
 */
extern em_status em_masked_fsc_make(em_workbench *wb, em_fsc_masked **out);

/* Bytes that takes at its peak, the workbench's share included. */
extern uint64_t em_masked_fsc_bytes(const em_workbench *wb);

/*
 * For check 1.a, as its last step (it unpins the workbench): measures
 * fsc_masked_0143 and fsc_corrected_0143 (Å, interpolated first crossing of
 * 0.143), randomised_from (Å), and the series fsc_masked, fsc_randomised,
 * fsc_corrected, half_bit.  Does nothing when parameter "masked" (default 1) is
 * 0, without a mask or contour, when the mask is empty or of another box, or when
 * the budget is too small.
 */
extern em_status em_masked_fsc_measures(em_workbench *wb, em_results *out);

/* Bytes that takes at its peak; 0 when it does nothing. */
extern uint64_t em_masked_fsc_measures_bytes(const em_workbench *wb);

#endif							/* EM_MASKED_FSC_H */
