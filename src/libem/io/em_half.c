/*
 * src/libem/io/em_half.c
 *		IEEE 754 half precision, one number at a time.
 */
#include "io/em_mrc.h"

#include <string.h>

float
em_half_to_float(uint16_t h)
{
	uint32_t	sign = (uint32_t) (h & 0x8000) << 16;
	uint32_t	exponent = (h >> 10) & 0x1f;
	uint32_t	fraction = h & 0x3ff;
	uint32_t	bits;
	float		f;

	if (exponent == 0x1f)
		bits = 0x7f800000 | fraction << 13;
	else if (exponent != 0)
		bits = (exponent + 127 - 15) << 23 | fraction << 13;
	else if (fraction == 0)
		bits = 0;
	else
	{
		/* Subnormal: fraction * 2^-24.  Shift until the leading one is the hidden bit. */
		int			shift = __builtin_clz(fraction) - 21;

		bits = (uint32_t) (127 - 14 - shift) << 23 | ((fraction << shift) & 0x3ff) << 13;
	}
	bits |= sign;
	memcpy(&f, &bits, sizeof(f));
	return f;
}

/* value >> shift, rounded to nearest, ties to even; shift is 1..31. */
static uint32_t
shift_round(uint32_t value, int shift)
{
	uint32_t	kept = value >> shift;
	uint32_t	rest = value & ((1u << shift) - 1);
	uint32_t	half = 1u << (shift - 1);

	return kept + (rest > half || (rest == half && (kept & 1)));
}

uint16_t
em_float_to_half(float f)
{
	uint32_t	bits;
	uint32_t	sign;
	uint32_t	fraction;
	int			exponent;

	memcpy(&bits, &f, sizeof(bits));
	sign = bits >> 16 & 0x8000;
	fraction = bits & 0x7fffff;
	exponent = (int) (bits >> 23 & 0xff) - 127;
	if (exponent == 128)
	{
		/* Infinity stays one; a NaN keeps what fits of its payload and stays quiet. */
		if (fraction == 0)
			return (uint16_t) (sign | 0x7c00);
		return (uint16_t) (sign | 0x7e00 | fraction >> 13);
	}
	if (exponent > 15)
		return (uint16_t) (sign | 0x7c00);
	if (exponent >= -14)
		/* A carry out of the fraction moves on to the exponent, up to infinity. */
		return (uint16_t) (sign | shift_round((uint32_t) (exponent + 15) << 23 | fraction, 13));
	if (exponent >= -25)
		return (uint16_t) (sign | shift_round(fraction | 0x800000, -exponent - 1));
	return (uint16_t) sign;
}
