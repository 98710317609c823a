/*
 * src/libem/local/em_mono_internal.h
 *		What em_mono_region.c and em_mono_amplitude.c share.
 */
#ifndef EM_MONO_INTERNAL_H
#define EM_MONO_INTERNAL_H

#include <fftw3.h>

#include "local/em_mono_region.h"

#define EM_MONO_COLUMNS 8		/* complex floats in a 64-byte line */
#define EM_MONO_ROWS 16			/* rows transformed along x at once */

/* Plans of a region's edges; columns and rows lie in scratch. */
struct em_mono_plans
{
	fftwf_plan	y_inverse;
	fftwf_plan	y_forward;
	fftwf_plan	z_inverse;
	fftwf_plan	z_forward;
	fftwf_plan	x_inverse;		/* complex to real, EM_MONO_ROWS rows in place */
	fftwf_plan	x_forward;
};

/* Complex floats from column to column in scratch: an odd number of lines. */
static inline int64_t
em_mono_column_distance(int64_t n)
{
	return (((n + EM_MONO_COLUMNS - 1) / EM_MONO_COLUMNS) | 1) * EM_MONO_COLUMNS;
}

/* Floats from row to row in scratch: room for nx/2+1 complex numbers, an odd number of lines. */
static inline int64_t
em_mono_row_distance(int64_t nx)
{
	return (((2 * (nx / 2 + 1) + 15) / 16) | 1) * 16;
}

#endif							/* EM_MONO_INTERNAL_H */
