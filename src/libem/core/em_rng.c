/*
 * src/libem/core/em_rng.c
 *		Philox 4x32-10 and what is drawn from it.
 */
#include "core/em_rng.h"

#include <math.h>

#define PHILOX_M0 0xD2511F53u
#define PHILOX_M1 0xCD9E8D57u
#define PHILOX_W0 0x9E3779B9u
#define PHILOX_W1 0xBB67AE85u

void
em_rng4(uint64_t seed, uint64_t stream, uint64_t index, uint32_t out[4])
{
	uint32_t	c[4] = {(uint32_t) index, (uint32_t) (index >> 32),
	(uint32_t) stream, (uint32_t) (stream >> 32)};
	uint32_t	k0 = (uint32_t) seed;
	uint32_t	k1 = (uint32_t) (seed >> 32);

	for (int round = 0; round < 10; round++)
	{
		uint64_t	p0 = (uint64_t) PHILOX_M0 * c[0];
		uint64_t	p1 = (uint64_t) PHILOX_M1 * c[2];

		c[0] = (uint32_t) (p1 >> 32) ^ c[1] ^ k0;
		c[1] = (uint32_t) p1;
		c[2] = (uint32_t) (p0 >> 32) ^ c[3] ^ k1;
		c[3] = (uint32_t) p0;
		k0 += PHILOX_W0;
		k1 += PHILOX_W1;
	}
	for (int i = 0; i < 4; i++)
		out[i] = c[i];
}

/* Two words to a number in (0,1) with 53 bits. */
static double
to_uniform(uint32_t hi, uint32_t lo)
{
	uint64_t	bits = ((uint64_t) hi << 21) ^ (lo >> 11);

	return ((double) bits + 0.5) * 0x1.0p-53;
}

double
em_rng_uniform(uint64_t seed, uint64_t stream, uint64_t index)
{
	uint32_t	w[4];

	em_rng4(seed, stream, index, w);
	return to_uniform(w[0], w[1]);
}

void
em_rng_normal2(uint64_t seed, uint64_t stream, uint64_t index, double out[2])
{
	uint32_t	w[4];
	double		r;
	double		phi;

	em_rng4(seed, stream, index, w);
	r = sqrt(-2.0 * log(to_uniform(w[0], w[1])));
	phi = 2.0 * M_PI * to_uniform(w[2], w[3]);
	out[0] = r * cos(phi);
	out[1] = r * sin(phi);
}
