/*
 * src/libem/half/em_randomise.h
 *		Phases replaced by random ones beyond a resolution.
 *
 * Chen et al. 2013, doi:10.1016/j.ultramic.2013.06.004: what two half maps with
 * random phases still share behind a mask, the mask put there.
 */
#ifndef EM_RANDOMISE_H
#define EM_RANDOMISE_H

#include "fourier/em_shell.h"

/*
 * Give every coefficient at |s| >= from/L (L as in em_shell.h) of a half
 * spectrum a phase uniform in 0..2 pi, and keep its amplitude.  The draw depends
 * on the context's seed, `stream` and the coefficient's index only.  Friedel
 * mates in the columns kx = 0 and kx = nx/2 stay conjugate and coefficients that
 * are their own mates real, so that the spectrum is still that of a real map.
 */
extern em_status em_randomise_phases(em_ctx *ctx, em_volume *spectrum, int64_t from, uint64_t stream);

#endif							/* EM_RANDOMISE_H */
