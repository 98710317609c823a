/*
 * src/pg/fn_resmap.c
 *		Measuring functions of check 1.d.
 */
#include "fn_measure.h"

/* em_resmap(half1, half2, map, contour, resolution, mask, max_resolution, step, p_value, whiten) */
MEASURE(resmap, row, "1.d", .half1 = 1, .half2 = 2, .map = 3, .contour = 4, .resolution = 5, .mask = 6,
		.param = {{"max_resolution", 7}, {"step", 8}, {"p_value", 9}, {"whiten", 10}})

/* em_resmap_map(half1, half2, map, contour, resolution, mask, max_resolution, step, p_value, whiten) */
MEASURE(resmap_map, map, "1.d", .half1 = 1, .half2 = 2, .map = 3, .contour = 4, .resolution = 5, .mask = 6,
		.param = {{"max_resolution", 7}, {"step", 8}, {"p_value", 9}, {"whiten", 10}})
