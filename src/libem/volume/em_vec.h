/*
 * src/libem/volume/em_vec.h
 *		Small fixed vectors for the loops that see every voxel.
 *
 * The vectors are GCC's portable ones, so the order of every addition is
 * written down in the source and the sums are the same on every machine.  With
 * EM_HOT a function is compiled twice on x86-64 and the processor at hand
 * picks; neither version fuses multiplications with additions.
 */
#ifndef EM_VEC_H
#define EM_VEC_H

#include <stdint.h>

#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__clang__) && \
	!defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define EM_HOT __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define EM_HOT
#endif

#define EM_INLINE static inline __attribute__((always_inline))

typedef float em_vf4 __attribute__((vector_size(16)));
typedef int32_t em_vi4 __attribute__((vector_size(16)));
typedef double em_vd4 __attribute__((vector_size(32)));
typedef int64_t em_vl4 __attribute__((vector_size(32)));

/* The same for memory that is only aligned like a float. */
typedef float em_vf4_mem __attribute__((vector_size(16), aligned(4), may_alias));

/* Lanes whose bit of the lowest four bits is set, as all-ones masks. */
#define EM_LANES(bits) \
	((((em_vi4) {1, 2, 4, 8}) & ((em_vi4) {0, 0, 0, 0} + (int32_t) (bits))) != 0)

/* a where the lane mask is set, else b. */
#define EM_SELECT_F(mask, a, b) \
	((em_vf4) (((em_vi4) (a) & (mask)) | ((em_vi4) (b) & ~(mask))))

/* Four floats as doubles, and back (spelled out, GCC 12 finds the one instruction). */
#define EM_WIDEN(v) ((em_vd4) {(v)[0], (v)[1], (v)[2], (v)[3]})
#define EM_NARROW(d) ((em_vf4) {(float) (d)[0], (float) (d)[1], (float) (d)[2], (float) (d)[3]})

/* The four lanes added in order. */
#define EM_SUM4(v) ((((v)[0] + (v)[1]) + (v)[2]) + (v)[3])

#endif							/* EM_VEC_H */
