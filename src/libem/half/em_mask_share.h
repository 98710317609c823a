/*
 * src/libem/half/em_mask_share.h
 *		How many coefficients of a Fourier shell a mask leaves independent.
 */
#ifndef EM_MASK_SHARE_H
#define EM_MASK_SHARE_H

#include "volume/em_volume.h"

/*
 * White noise times a mask m has neighbouring coefficients that are correlated
 * by r(d) = F(d)/F(0), F the spectrum of m².  The correlation of two such halves
 * over a shell scatters as if only the share 1 / sum_d |r(d)|² g(|d|) of its
 * coefficients were there, g(q) the chance that a neighbour at distance q (in
 * shells) lies in the same shell: 1 - q/2 to q = 1, then 1/(2q).  1 without a
 * mask (all voxels equal), 0 for a mask that is 0 everywhere.  The mask is in
 * real space; needs one volume of memory.
 */
extern em_status em_mask_share(em_ctx *ctx, const em_volume *mask, double *out);

#endif							/* EM_MASK_SHARE_H */
