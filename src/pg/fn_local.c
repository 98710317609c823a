/*
 * src/pg/fn_local.c
 *		Measuring functions of checks 0.f and 0.g: local B-factor and occupancy.
 */
#include "fn_measure.h"

#define LOCAL_ARGUMENTS \
	.map = 1, .contour = 2, .resolution = 3, .param = {{"sigma_f", 4}}

/* em_local_bfactor(map, contour, resolution, sigma_f) */
MEASURE(local_bfactor, row, "0.f", LOCAL_ARGUMENTS)

/* em_local_bfactor_map(the same) */
MEASURE(local_bfactor_map, map, "0.f", LOCAL_ARGUMENTS)

/* em_local_occupancy(map, contour, resolution, sigma_f) */
MEASURE(local_occupancy, row, "0.g", LOCAL_ARGUMENTS)

/* em_local_occupancy_map(the same) */
MEASURE(local_occupancy_map, map, "0.g", LOCAL_ARGUMENTS)
