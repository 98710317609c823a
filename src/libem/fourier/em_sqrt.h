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

/* Four square roots in single precision. */
EM_INLINE em_vf4
em_sqrt4f(em_vf4 v)
{
#if defined(__SSE2__)
	return (em_vf4) _mm_sqrt_ps((__m128) v);
#else
	return (em_vf4) {sqrtf(v[0]), sqrtf(v[1]), sqrtf(v[2]), sqrtf(v[3])};
#endif
}

/* Replace n numbers by their square roots; the row is padded to whole groups of four. */
EM_INLINE void
em_sqrt_row(float *row, int64_t n)
{
	for (int64_t x = n; x % 4 != 0; x++)
		row[x] = 0;
	for (int64_t x = 0; x < n; x += 4)
		*(em_vf4_mem *) (row + x) = em_sqrt4f(*(em_vf4_mem *) (row + x));
}

#endif							/* EM_SQRT_H */
