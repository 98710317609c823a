/*
 * src/pg/fn_levels.c
 *		Measuring functions of checks 0.a to 0.d and 1.a.
 */
#include "fn_measure.h"

/* em_mass_analysis(map, contour) */
MEASURE(mass_analysis, row, "0.a", .map = 1, .contour = 2)

/* em_mask_analysis(map, contour) */
MEASURE(mask_analysis, row, "0.b", .map = 1, .contour = 2)

/* em_mass_table(map) */
MEASURE(mass_table, rows, "mass_table", .map = 1)

/* em_background_stats(map, contour) */
MEASURE(background_stats, row, "0.c", .map = 1, .contour = 2)

/* em_bfactor(map, resolution) */
MEASURE(bfactor, row, "bfactor", .map = 1, .resolution = 2)

/* em_guinier(map) */
MEASURE(guinier, rows, "guinier", .map = 1)

/* em_fsc(half1, half2, mask) */
MEASURE(fsc, rows, "fsc", .half1 = 1, .half2 = 2, .mask = 3)

/* em_global_resolution(half1, half2) */
MEASURE(global_resolution, row, "global_resolution", .half1 = 1, .half2 = 2)
