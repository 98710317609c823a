/*
 * src/libem/fourier/em_radial_row.h
 *		The weights of a radial filter along one row of a half spectrum.
 *		Internal to fourier/.
 */
#ifndef EM_RADIAL_ROW_H
#define EM_RADIAL_ROW_H

#include "fourier/em_riesz.h"
#include "fourier/em_shell.h"
#include "fourier/em_sqrt.h"

typedef struct em_radial_rows
{
	const em_radial *radial;
	int64_t		n[3];
	int64_t		nxh;
	double		unit[3];		/* 1/Å from one coefficient to the next */
} em_radial_rows;

/* Coefficients first .. end-1 of a row have weights; the others are 0. */
typedef struct em_radial_span
{
	int64_t		first;
	int64_t		end;
} em_radial_span;

static inline void
em_radial_rows_init(em_radial_rows *r, const em_grid *grid, const em_radial *radial)
{
	r->radial = radial;
	r->nxh = grid->n[0] / 2 + 1;
	for (int j = 0; j < 3; j++)
	{
		r->n[j] = grid->n[j];
		r->unit[j] = 1.0 / ((double) grid->n[j] * grid->voxel[j]);
	}
}

/* Floats of room for the weights of one row, whole groups of four. */
static inline int64_t
em_radial_room(const em_radial_rows *r)
{
	return (r->nxh + 7) & ~INT64_C(3);
}

/* Frequency (1/Å) of FFT index i along axis j. */
static inline double
em_radial_frequency(const em_radial_rows *r, int j, int64_t i)
{
	return (double) em_frequency(i, r->n[j]) * r->unit[j];
}

/* What ky and kz add to |s|². */
static inline double
em_radial_yz2(const em_radial_rows *r, int64_t iy, int64_t iz)
{
	double		sy = em_radial_frequency(r, 1, iy);
	double		sz = em_radial_frequency(r, 2, iz);

	return sy * sy + sz * sz;
}

/* Weights of row (iy, iz) into weight[span.first .. span.end-1]. */
extern em_radial_span em_radial_weights(const em_radial_rows *r, int64_t iy, int64_t iz, float *weight);

/* Multiply the weights of a row by s/|s|, s the same for the whole row; 0 at |s| = 0. */
extern void em_radial_over_s(const em_radial_rows *r, double yz2, double s, float *weight,
							 const em_radial_span *span);

/* Multiply the weights of a row by sx/|s|. */
extern void em_radial_over_s_x(const em_radial_rows *r, double yz2, float *weight, const em_radial_span *span);

#endif							/* EM_RADIAL_ROW_H */
