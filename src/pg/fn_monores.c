/*
 * src/pg/fn_monores.c
 *		Measuring functions of check 1.e: local resolution by MonoRes.
 */
#include "fn_measure.h"

#define MONORES_ARGUMENTS \
	.half1 = 1, .half2 = 2, .map = 3, .contour = 4, .resolution = 5, .mask = 6, \
	.param = {{"fast", 7}, {"max_resolution", 8}, {"step", 9}, {"significance", 10}}

/* em_monores(half1, half2, map, contour, resolution, mask, fast, max_resolution, step, significance) */
MEASURE(monores, row, "monores", MONORES_ARGUMENTS)

/* em_monores_map(the same) */
MEASURE(monores_map, map, "monores", MONORES_ARGUMENTS)
