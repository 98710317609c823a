/*
 * src/libem/io/em_mrc_convert.c
 *		Voxels of every mode to floats and back.
 */
#include "io/em_io_internal.h"

#include <math.h>
#include <string.h>

#define HOST_BIG (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

int
em_mrc_mode_bytes(int mode)
{
	switch (mode)
	{
		case 0:
			return 1;
		case 1:
		case 6:
		case 12:
			return 2;
		case 2:
			return 4;
		default:
			return 0;
	}
}

/* Bits of a half to bits of a float, without branches so that the loop runs on vectors. */
static inline uint32_t
half_bits(uint32_t h)
{
	uint32_t	magnitude = (h & 0x7fff) << 13;
	uint32_t	exponent = h & 0x7c00;
	uint32_t	normal = magnitude + (112u << 23);
	uint32_t	special = magnitude + (224u << 23);
	uint32_t	small_bits = magnitude + (113u << 23);
	float		small;

	/* Subnormal: read the fraction behind a leading one, then take the one away. */
	memcpy(&small, &small_bits, sizeof(small));
	small -= 0x1p-14f;
	memcpy(&small_bits, &small, sizeof(small_bits));
	return (h & 0x8000) << 16 | (exponent == 0 ? small_bits : exponent == 0x7c00 ? special : normal);
}

/* int8 */
EM_HOT static void
decode_int8(const void *from, float *to, int64_t n)
{
	const int8_t *v = from;

	for (int64_t i = 0; i < n; i++)
		to[i] = v[i];
}

/* uint8, IMOD's unsigned bytes */
EM_HOT static void
decode_uint8(const void *from, float *to, int64_t n)
{
	const uint8_t *v = from;

	for (int64_t i = 0; i < n; i++)
		to[i] = v[i];
}

/* int16 in the byte order of the host */
EM_HOT static void
decode_int16(const void *from, float *to, int64_t n)
{
	const int16_t *v = from;

	for (int64_t i = 0; i < n; i++)
		to[i] = v[i];
}

/* int16 in the other byte order */
EM_HOT static void
decode_int16_swapped(const void *from, float *to, int64_t n)
{
	const uint16_t *v = from;

	for (int64_t i = 0; i < n; i++)
		to[i] = (int16_t) __builtin_bswap16(v[i]);
}

/* uint16 in the byte order of the host */
EM_HOT static void
decode_uint16(const void *from, float *to, int64_t n)
{
	const uint16_t *v = from;

	for (int64_t i = 0; i < n; i++)
		to[i] = v[i];
}

/* uint16 in the other byte order */
EM_HOT static void
decode_uint16_swapped(const void *from, float *to, int64_t n)
{
	const uint16_t *v = from;

	for (int64_t i = 0; i < n; i++)
		to[i] = __builtin_bswap16(v[i]);
}

/* float in the byte order of the host */
static void
decode_float(const void *from, float *to, int64_t n)
{
	memcpy(to, from, (size_t) n * sizeof(float));
}

/* float in the other byte order */
EM_HOT static void
decode_float_swapped(const void *from, float *to, int64_t n)
{
	const uint32_t *v = from;

	for (int64_t i = 0; i < n; i++)
	{
		uint32_t	bits = __builtin_bswap32(v[i]);

		memcpy(&to[i], &bits, sizeof(bits));
	}
}

/* half in the byte order of the host */
EM_HOT static void
decode_half(const void *from, float *to, int64_t n)
{
	const uint16_t *v = from;

	for (int64_t i = 0; i < n; i++)
	{
		uint32_t	bits = half_bits(v[i]);

		memcpy(&to[i], &bits, sizeof(bits));
	}
}

/* half in the other byte order */
EM_HOT static void
decode_half_swapped(const void *from, float *to, int64_t n)
{
	const uint16_t *v = from;

	for (int64_t i = 0; i < n; i++)
	{
		uint32_t	bits = half_bits(__builtin_bswap16(v[i]));

		memcpy(&to[i], &bits, sizeof(bits));
	}
}

em_decode_fn
em_mrc_decoder(const em_mrc_header *h)
{
	bool		swap = h->big_endian != HOST_BIG;

	switch (h->mode)
	{
		case 0:
			return h->unsigned_bytes ? decode_uint8 : decode_int8;
		case 1:
			return swap ? decode_int16_swapped : decode_int16;
		case 2:
			return swap ? decode_float_swapped : decode_float;
		case 6:
			return swap ? decode_uint16_swapped : decode_uint16;
		case 12:
			return swap ? decode_half_swapped : decode_half;
		default:
			return NULL;
	}
}

/* Round to the nearest whole number inside [low, high]; NaN becomes 0. */
static int
round_clip(float v, int low, int high)
{
	if (isnan(v))
		return 0;
	return v <= (float) low ? low : v >= (float) high ? high : (int) rintf(v);
}

/* Store 16 bits, low byte first. */
static inline void
put16(uint8_t *to, uint16_t v)
{
	to[0] = (uint8_t) v;
	to[1] = (uint8_t) (v >> 8);
}

void
em_mrc_encode(int mode, const float *from, void *to, int64_t n)
{
	uint8_t    *b = to;

	switch (mode)
	{
		case 0:
			for (int64_t i = 0; i < n; i++)
				b[i] = (uint8_t) (int8_t) round_clip(from[i], -128, 127);
			break;
		case 1:
			for (int64_t i = 0; i < n; i++)
				put16(b + 2 * i, (uint16_t) (int16_t) round_clip(from[i], -32768, 32767));
			break;
		case 12:
			for (int64_t i = 0; i < n; i++)
				put16(b + 2 * i, em_float_to_half(from[i]));
			break;
		default:
			if (HOST_BIG)
				decode_float_swapped(from, to, n);
			else
				memcpy(to, from, (size_t) n * sizeof(float));
	}
}
