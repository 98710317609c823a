/*
 * src/pg/fn_half.c
 *		Measuring functions of two half maps: masked FSC and permutation test.
 */
#include "fn_measure.h"

/* em_fsc_masked(half1, half2, mask, randomisations) */
MEASURE(fsc_masked, rows, "fsc_masked", .half1 = 1, .half2 = 2, .mask = 3, .param = {{"randomisations", 4}})

/* em_fsc_masked_resolution(half1, half2, mask, randomisations) */
MEASURE(fsc_masked_resolution, row, "fsc_masked_resolution", .half1 = 1, .half2 = 2, .mask = 3,
		.param = {{"randomisations", 4}})

/* _em_fsc_crossings(half1, half2, mask) */
MEASURE(fsc_crossings, rows, "fsc_crossings", .half1 = 1, .half2 = 2, .mask = 3)

/* em_fsc_permutation(half1, half2, mask, exact, fdr) */
MEASURE(fsc_permutation, row, "fsc_permutation", .half1 = 1, .half2 = 2, .mask = 3,
		.param = {{"exact", 4}, {"fdr", 5}})

/* em_fsc_permutation_curve(half1, half2, mask, exact) */
MEASURE(fsc_permutation_curve, rows, "fsc_permutation", .half1 = 1, .half2 = 2, .mask = 3,
		.param = {{"exact", 4}})
