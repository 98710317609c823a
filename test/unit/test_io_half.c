/*
 * test/unit/test_io_half.c
 *		Half precision against its definition: all 65536 halves, all boundaries.
 */
#include "tap.h"
#include "mrc_bytes.h"

/* Bits of a float. */
static uint32_t
bits_of(float f)
{
	uint32_t	b;

	memcpy(&b, &f, 4);
	return b;
}

/* Every half has the value of the definition, and comes back. */
static void
test_all_halves(void)
{
	int			wrong = 0;
	int			lost = 0;

	for (unsigned h = 0; h < 65536; h++)
	{
		float		f = em_half_to_float((uint16_t) h);
		double		want = mrc_half_value(h);

		if (isnan(want))
		{
			wrong += !isnan(f) || (signbit(f) != 0) != ((h & 0x8000) != 0);
			lost += (em_float_to_half(f) & 0xfdff) != (h & 0xfdff);
			continue;
		}
		wrong += (double) f != want || (signbit(f) != 0) != ((h & 0x8000) != 0);
		lost += em_float_to_half(f) != h;
	}
	is_int(wrong, 0, "all halves have the value of the definition");
	is_int(lost, 0, "all halves survive the way to float and back");
}

/* Between neighbours the nearer one is taken, in the middle the even one. */
static void
test_rounding(void)
{
	int			wrong = 0;

	for (unsigned h = 0; h < 0x7bff; h++)
	{
		double		low = mrc_half_value(h);
		double		high = mrc_half_value(h + 1);
		float		middle = (float) ((low + high) / 2);
		unsigned	even = h & 1 ? h + 1 : h;

		wrong += em_float_to_half(middle) != even;
		wrong += em_float_to_half(nextafterf(middle, 0)) != h;
		wrong += em_float_to_half(nextafterf(middle, INFINITY)) != h + 1;
		wrong += em_float_to_half(-middle) != (even | 0x8000);
		wrong += em_float_to_half(-nextafterf(middle, 0)) != (h | 0x8000);
	}
	is_int(wrong, 0, "rounding is to nearest, ties to even, between all neighbours");
}

/* Edges of the range. */
static void
test_edges(void)
{
	is_int(em_float_to_half(65504.0f), 0x7bff, "65504 is the largest half");
	is_int(em_float_to_half(nextafterf(65520.0f, 0)), 0x7bff, "below 65520 rounds down to it");
	is_int(em_float_to_half(65520.0f), 0x7c00, "65520 rounds to infinity");
	is_int(em_float_to_half(1e30f), 0x7c00, "a large number becomes infinity");
	is_int(em_float_to_half(-1e30f), 0xfc00, "and keeps its sign");
	is_int(em_float_to_half(INFINITY), 0x7c00, "infinity stays");
	is_int(em_float_to_half(0x1p-25f), 0, "2^-25 is a tie and rounds to 0");
	is_int(em_float_to_half(nextafterf(0x1p-25f, 1)), 1, "just above it rounds to the smallest half");
	is_int(em_float_to_half(0x1p-26f), 0, "less than that is 0");
	is_int(em_float_to_half(-0.0f), 0x8000, "minus zero keeps its sign");
	is_int(em_float_to_half(0x1p-149f), 0, "the smallest float is 0");
	is_int(em_float_to_half(0x1.ffcp-15f), 0x3ff + 1, "rounding carries from subnormal to normal");
	ok(isnan(em_half_to_float(em_float_to_half(NAN))), "NaN stays NaN");
	is_int(bits_of(em_half_to_float(0x8000)), 0x80000000u, "the half -0 is the float -0");
}

int
main(void)
{
	test_all_halves();
	test_rounding();
	test_edges();
	return tap_done();
}
