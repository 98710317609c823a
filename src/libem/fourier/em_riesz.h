/*
 * src/libem/fourier/em_riesz.h
 *		Radial filters, and the monogenic (Riesz) amplitude of what they pass.
 *
 * For a spectrum F and a radial filter H(|s|):
 *		g0 = inverse of H F,  gj = inverse of -i (sj/|s|) H F, j = x, y, z,
 *		A = sqrt(g0² + gx² + gy² + gz²),
 * the local amplitude of local B-factor, local occupancy, MonoRes and MonoDir
 * (Felsberg & Sommer 2001, doi:10.1109/78.969520).  s is the frequency in 1/Å of
 * the coefficient, so anisotropic voxels are honoured.  The odd component of an
 * axis is 0 at s = 0 and on that axis' Nyquist plane.
 *
 * Four inverse transforms a filter; memory: the spectrum, the result and one
 * work volume.  Every voxel's sum has a fixed order: the numbers do not depend
 * on the number of threads.
 */
#ifndef EM_RIESZ_H
#define EM_RIESZ_H

#include "volume/em_volume.h"

/*
 * A radial filter: weights at |s| = i/per_unit, linear in between, 32 entries
 * and more a shell, up to the corner of the spectrum.
 */
typedef struct em_radial
{
	int64_t		count;
	double		per_unit;		/* entries per 1/Å */
	double		low;			/* 1/Å: the weight is 0 below low and above high */
	double		high;
	float	   *weight;			/* count entries */
} em_radial;

/* Weight at frequency s (1/Å). */
typedef double (*em_radial_fn) (void *arg, double s);

/* Tabulate a filter for spectra of this grid; em_radial_bytes says how much memory that takes. */
extern em_status em_radial_create(em_ctx *ctx, const em_grid *grid, em_radial_fn fn, void *arg,
								  em_radial **out);
extern uint64_t em_radial_bytes(const em_grid *grid);
extern void em_radial_destroy(em_ctx *ctx, em_radial *r);

/*
 * The filters of the methods, frequencies in 1/Å.  High-pass: 0 below `from`,
 * (1 + cos(pi (s-to)/(to-from)))/2 up to `to`, 1 above.  Low-pass: 1 below
 * `from`, raised cosine to 0 at `to`.  from = to is a hard edge that belongs to
 * what passes.  Gaussian: exp(-(s-centre)²/(2 sigma²)), 0 beyond 7 sigma.
 */
extern em_status em_radial_high_pass(em_ctx *ctx, const em_grid *grid, double from, double to, em_radial **out);
extern em_status em_radial_low_pass(em_ctx *ctx, const em_grid *grid, double from, double to, em_radial **out);
extern em_status em_radial_gaussian(em_ctx *ctx, const em_grid *grid, double centre, double sigma,
									em_radial **out);

/* Sums of the weights and of their squares over all points of the (full) spectrum. */
extern em_status em_radial_sums(em_ctx *ctx, const em_grid *grid, const em_radial *r, double *sum, double *sum2);

/* to = H from; both half spectra of one grid, `to` may be `from`. */
extern em_status em_radial_apply(em_ctx *ctx, const em_volume *from, const em_radial *r, em_volume *to);

/* Filter a real-space volume in place: two transforms. */
extern em_status em_radial_filter(em_ctx *ctx, em_volume *v, const em_radial *r);

/*
 * The amplitude A of a half spectrum seen through r, into `out`; `work` and
 * `out` are volumes of the same grid, whatever they hold is overwritten.  On
 * success `out` is in real space.  Scaled like em_fft_inverse: with a filter of
 * 1 everywhere, g0 is the map itself.
 */
extern em_status em_riesz_amplitude(em_ctx *ctx, const em_volume *spectrum, const em_radial *r,
									em_volume *work, em_volume *out);

/* Scratch memory a call allocates, bytes (for estimates). */
extern uint64_t em_riesz_scratch_bytes(const em_ctx *ctx, const em_grid *grid);

#endif							/* EM_RIESZ_H */
