/*
 * src/pg/fn_local_resolution.c
 *		Measuring functions of check 0.e.
 */
#include "fn_measure.h"

/* em_local_resolution(map, contour, resolution, mask) */
MEASURE(local_resolution, row, "0.e", .map = 1, .contour = 2, .resolution = 3, .mask = 4)

/* em_local_resolution_map(the same) */
MEASURE(local_resolution_map, map, "0.e", .map = 1, .contour = 2, .resolution = 3, .mask = 4)
