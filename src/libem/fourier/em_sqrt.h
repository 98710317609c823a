/*
 * src/libem/fourier/em_sqrt.h
 *		Square roots four at a time.
 *
 * GCC leaves loops with sqrt() scalar because of errno, which libem never looks
 * at.  Square roots are correctly rounded, so it does not matter which
 * instruction computes them.
 */
#ifndef EM_SQRT_H
#define EM_SQRT_H

#include <math.h>

#include "volume/em_vec.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* Four 32-bit numbers in memory that is only aligned like one. */
typedef int32_t em_vi4_mem __attribute__((vector_size(16), aligned(4), may_alias));

/* Replace four numbers by their square roots. */
EM_INLINE void
em_sqrt4(em_vd4 *v)
{
#if defined(__SSE2__)
	__m128d		lo = {(*v)[0], (*v)[1]};
	__m128d		hi = {(*v)[2], (*v)[3]};

	lo = _mm_sqrt_pd(lo);
	hi = _mm_sqrt_pd(hi);
	*v = (em_vd4) {lo[0], lo[1], hi[0], hi[1]};
#else
	*v = (em_vd4) {sqrt((*v)[0]), sqrt((*v)[1]), sqrt((*v)[2]), sqrt((*v)[3])};
#endif
}

#endif							/* EM_SQRT_H */
