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

/* v = (v - other) / 2: of two half maps, the noise of their average */
extern em_status em_volume_half_difference(em_ctx *ctx, em_volume *v, const em_volume *other);

#endif							/* EM_ARITH_H */
