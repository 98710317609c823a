/*
 * src/libem/volume/em_arith.h
 *		Arithmetic of two maps, voxel by voxel, in place.
 *
 * Both maps are in real space; EM_MISMATCH when their boxes or voxel sizes
 * differ.
 */
#ifndef EM_ARITH_H
#define EM_ARITH_H

#include "volume/em_volume.h"

/* v *= by */
extern em_status em_volume_multiply(em_ctx *ctx, em_volume *v, const em_volume *by);

/* v = (v + other) / 2 */
extern em_status em_volume_average(em_ctx *ctx, em_volume *v, const em_volume *other);

/*
 * Samples a mask leaves independent in every Fourier shell: noise times a mask
 * m has neighbouring coefficients that are correlated, and averages over a
 * shell scatter as if only the share (sum m²)² / (voxels * sum m⁴) of its
 * coefficients were there.  1 for no mask, the volume fraction for a binary
 * one, 0 for an empty one.
 */
extern em_status em_mask_independent(em_ctx *ctx, const em_volume *mask, double *out);

#endif							/* EM_ARITH_H */
