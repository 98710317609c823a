/*
 * src/pg/fn_blocres.c
 *		Measuring functions of check 1.c.
 */
#include "fn_measure.h"

/* em_blocres(half1, half2, map, contour, resolution, mask, box, step, fast, cutoff, max_resolution) */
MEASURE(blocres, row, "1.c", .half1 = 1, .half2 = 2, .map = 3, .contour = 4, .resolution = 5, .mask = 6,
		.param = {{"box", 7}, {"step", 8}, {"fast", 9}, {"cutoff", 10}, {"max_resolution", 11}})

/* em_blocres_map(half1, half2, map, contour, resolution, mask, box, step, fast, cutoff, max_resolution) */
MEASURE(blocres_map, map, "1.c", .half1 = 1, .half2 = 2, .map = 3, .contour = 4, .resolution = 5, .mask = 6,
		.param = {{"box", 7}, {"step", 8}, {"fast", 9}, {"cutoff", 10}, {"max_resolution", 11}})
