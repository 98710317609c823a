/*
 * src/libem/core/em_rng.h
 *		Counter-based random numbers: the i-th draw depends on (seed, stream, i)
 *		only, so results are the same for any number of threads.
 *
 * Salmon et al. 2011, doi:10.1145/2063384.2063405 (Philox 4x32-10).
 */
#ifndef EM_RNG_H
#define EM_RNG_H

#include <stdint.h>

/* Four 32-bit words of stream `stream` at position `index`. */
extern void em_rng4(uint64_t seed, uint64_t stream, uint64_t index, uint32_t out[4]);

/* One number uniform in (0,1). */
extern double em_rng_uniform(uint64_t seed, uint64_t stream, uint64_t index);

/* Two independent standard normal numbers (Box-Muller). */
extern void em_rng_normal2(uint64_t seed, uint64_t stream, uint64_t index, double out[2]);

#endif							/* EM_RNG_H */
