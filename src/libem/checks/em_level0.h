/*
 * src/libem/checks/em_level0.h
 *		What the checks 0.a, 0.b and 0.c have in common: a map, its contour level
 *		and the masks made from them.
 */
#ifndef EM_LEVEL0_H
#define EM_LEVEL0_H

#include "checks/em_check.h"
#include "volume/em_density.h"

/*
 * Is there a map of finite voxels, and (with `contour`) a contour level that at
 * least one of them reaches?  If not, *ready is false and the results say why.
 */
extern em_status em_level0_ready(em_workbench *wb, em_results *out, bool contour, bool *ready);

/*
 * The same for methods with a worst resolution (Å) that need the contour and axes
 * at right angles; stores reported_resolution.
 */
extern em_status em_level0_resolved(em_workbench *wb, em_results *out, double worst, bool *ready);

/* The hard mask of VRS, or NULL when VRS would find it empty. */
extern em_status em_level0_mask_vrs(em_workbench *wb, const em_mask **out);

/* Bytes of the map, its masks and components at the peak. */
extern uint64_t em_level0_estimate(const em_workbench *wb);

/* Bytes of the map and of sums over its voxels. */
extern uint64_t em_level0_estimate_map(const em_workbench *wb);

/* Store the table of enclosed mass as series "voxels", "mass_kda" and "residues" over "threshold". */
extern em_status em_level0_mass_table(em_workbench *wb, em_results *out);

/* em_results_measure for the three axes. */
extern em_status em_level0_axes(em_results *out, const char *const name[3], const double value[3],
								const char *unit);

#endif							/* EM_LEVEL0_H */
