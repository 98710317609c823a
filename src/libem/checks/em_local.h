/*
 * src/libem/checks/em_local.h
 *		What the checks of local resolution by half maps share: the mask, and the
 *		measures of what was found in it.
 */
#ifndef EM_LOCAL_H
#define EM_LOCAL_H

#include "checks/em_results.h"
#include "workbench/em_workbench.h"

#define EM_LOCAL_READING ((uint64_t) 4 << 20)	/* bytes of room to read a map */

/*
 * The mask: the one given (voxels of at least 0.5), else the hard mask of the
 * map at the contour, else that of the mean of the half maps.  The caller owns
 * it; nothing stays pinned.  EM_NOT_MEASURABLE when it is empty.
 */
extern em_status em_local_mask(em_workbench *wb, em_mask **out);

/* Is there what a mask can be made from?  When not, the results say no_contour. */
extern bool em_local_has_mask(em_workbench *wb, em_results *out);

/*
 * Are the half maps there, comparable and no copies of each other, and can a
 * mask be made?  Emits what em_half_measures.h has to say.  When not, the results
 * say why.
 */
extern em_status em_local_ready(em_workbench *wb, em_results *out, bool *ready);

/*
 * Run a check: when everything it needs is there, hand its mask to `measure`; an
 * empty mask is the result "empty_mask".
 */
typedef em_status (*em_local_measure_fn) (em_workbench *wb, em_results *out, const em_mask *mask);
extern em_status em_local_run(em_workbench *wb, em_results *out, em_local_measure_fn measure);

/*
 * Measures p2_5, p25, p50, p75, p97_5, mean, n, spread, reported_percentile
 * (share of the values that are better than the reported resolution, %) and
 * reported_resolution of the voxels of `mask`, series histogram (bins of 0.25 Å,
 * more when that makes too many), and the small copy for pictures.
 */
extern em_status em_local_measures(em_workbench *wb, em_results *out, const em_volume *v,
								   const em_mask *mask);

/* Share of the mask's voxels whose value is below a resolution, %; NaN when none is reported. */
extern em_status em_local_percentile(em_ctx *ctx, const em_volume *v, const em_mask *mask, double resolution,
									 double *out);

#endif							/* EM_LOCAL_H */
