/*
 * src/libem/local/em_resmap_internal.h
 *		What the parts of ResMap share.
 */
#ifndef EM_RESMAP_INTERNAL_H
#define EM_RESMAP_INTERNAL_H

#include "local/em_resmap.h"
#include "local/em_resmap_model.h"

/*
 * The statistic over the noise variance, at most `cap`, of every voxel of the
 * mask, into `out`; other voxels of `out` may be overwritten.  Voxels whose
 * window leaves the box see 0 there.
 */
extern em_status em_resmap_statistics(em_ctx *ctx, const em_volume *v, const em_mask *mask,
									  const em_resmap_model *m, double variance, double cap, em_volume *out);

/*
 * Noise variance: mean over the windows of a grid that lie inside the mask of
 * the weighted residuals of v about the model; *windows of them were found.
 */
extern em_status em_resmap_noise(em_ctx *ctx, const em_volume *v, const em_mask *mask,
								 const em_resmap_model *m, double *variance, int64_t *windows);

/*
 * Filter data and noise by the inverse of the noise's amplitude in the largest
 * cube of the mask; *done is false when that cube is too small to tell.
 */
extern em_status em_resmap_whiten(em_ctx *ctx, em_volume *data, em_volume *noise, const em_mask *mask,
								  bool *done);

#endif							/* EM_RESMAP_INTERNAL_H */
