/*
 * src/libem/draw/em_regions.h
 *		What the masks of a map make of its box, for pictures.
 */
#ifndef EM_REGIONS_H
#define EM_REGIONS_H

#include "draw/em_draw.h"

/*
 * Two volumes on the grid of `v`.  `region` holds an em_region for each voxel, the
 * constructed mask being the largest component at the contour, dilated by 2 Å.
 * `far` is 1 where a voxel outside of that mask lies more than 5 standard
 * deviations of these voxels from their mean, else 0.  EM_NOT_MEASURABLE when
 * nothing reaches the contour, EM_BAD_ARGUMENT when the voxel size is unknown.
 */
extern em_status em_regions_make(em_ctx *ctx, const em_volume *v, double contour, em_volume **region,
								 em_volume **far);

#endif							/* EM_REGIONS_H */
