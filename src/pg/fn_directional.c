/*
 * src/pg/fn_directional.c
 *		Measuring functions of two half maps by direction.
 */
#include "fn_measure.h"

/* em_fso(half1, half2, mask, cone, threshold) */
MEASURE(fso, rows, "fso", .half1 = 1, .half2 = 2, .mask = 3, .param = {{"cone", 4}, {"threshold", 5}})

/* em_fso_resolution(half1, half2, mask, cone, threshold) */
MEASURE(fso_resolution, row, "fso_resolution", .half1 = 1, .half2 = 2, .mask = 3,
		.param = {{"cone", 4}, {"threshold", 5}})

/* em_fso_directions(half1, half2, mask, cone, threshold) */
MEASURE(fso_directions, rows, "fso_directions", .half1 = 1, .half2 = 2, .mask = 3,
		.param = {{"cone", 4}, {"threshold", 5}})

/* em_fsc3d(half1, half2, mask, cone) */
MEASURE(fsc3d, rows, "fsc3d", .half1 = 1, .half2 = 2, .mask = 3, .param = {{"axis_cone", 4}})

/* em_fsc3d_summary(half1, half2, mask, cone, threshold, sphericity_threshold) */
MEASURE(fsc3d_summary, row, "fsc3d_summary", .half1 = 1, .half2 = 2, .mask = 3,
		.param = {{"axis_cone", 4}, {"threshold", 5}, {"sphericity_threshold", 6}})

/* em_fsc3d_map(half1, half2, mask, cone) */
MEASURE(fsc3d_map, map, "fsc3d_summary", .half1 = 1, .half2 = 2, .mask = 3, .param = {{"axis_cone", 4}})
