/*
 * src/pg/fn_monodir.c
 *		Measuring functions of check 1.f: directional local resolution by MonoDir.
 */
#include "fn_measure.h"

#define MONODIR_ARGUMENTS \
	.map = 1, .contour = 2, .resolution = 3, .half1 = 4, .half2 = 5

/* em_monodir(map, contour, resolution, half1, half2) */
MEASURE(monodir, row, "monodir", MONODIR_ARGUMENTS)

/* em_monodir_histogram(the same) */
MEASURE(monodir_histogram, rows, "monodir", MONODIR_ARGUMENTS)
