/*
 * src/libem/half/em_fsc_permutation.h
 *		Resolution from a permutation test of every Fourier shell, with the false
 *		discovery rate over the shells under control.
 *
 * Beckers & Sachse 2020, doi:10.1016/j.jsb.2020.107579 (program SPOC);
 * Benjamini & Yekutieli 2001, doi:10.1214/aos/1013699998.  The columns ending in
 * _vrs follow SPOC's global mode.
 */
#ifndef EM_FSC_PERMUTATION_H
#define EM_FSC_PERMUTATION_H

#include "half/em_fsc.h"

#define EM_FDR_LEVEL 0.01
#define EM_SPHERE_SHARE 0.7		/* share of the coefficients SPOC takes as independent behind its sphere */

typedef struct em_permutation_options
{
	double		share;			/* share of the coefficients that are independent: em_mask_share */
	bool		exact;			/* permute every shell for p_vrs, not only those of few coefficients */
} em_permutation_options;

typedef struct em_fsc_permutation
{
	int64_t		count;			/* shells 0 .. count-1; shell 0 always passes */
	double		length;			/* L, Å: shell i has frequency i/L */
	int64_t    *n;				/* independent coefficients: share * n/2 of the full sphere, at least 1 */
	double	   *fsc;
	double	   *p;				/* of a correlation this large by chance: Student's t with 2n - 1 degrees of freedom */
	double	   *q;				/* p adjusted (Benjamini-Yekutieli) */
	double	   *fsc_vrs;		/* stored coefficients, see em_fsc_stored */
	double	   *p_vrs;			/* from 200 to 1000 permutations; 0 or 1 in shells of fewer than 10 coefficients */
	double	   *q_vrs;
} em_fsc_permutation;

/*
 * The test of two spectra.  A shell without power has p = 1.  Where permuting
 * is not wanted, p_vrs is the share of so many draws that exceed, each with the
 * analytic probability, which has the same distribution.  Draws depend on the
 * context's seed and the shell only.
 */
extern em_status em_fsc_permutation_test(em_ctx *ctx, const em_volume *f1, const em_volume *f2,
										 const em_permutation_options *options, em_fsc_permutation **out);
extern void em_fsc_permutation_destroy(em_ctx *ctx, em_fsc_permutation *p);

/* Bytes the test allocates (for estimates). */
extern uint64_t em_fsc_permutation_bytes(em_ctx *ctx, const em_grid *grid);

/* Adjust n p-values for their number and any dependence: Benjamini & Yekutieli's q-values. */
extern em_status em_adjust_by(em_ctx *ctx, const double *p, int64_t n, double *q);

/*
 * Resolution, Å, of the last shell before the first whose q is above the
 * level; the last shell when none is, NaN when the first is.
 */
extern double em_fdr_resolution(const double *q, int64_t count, double length, double level);

/*
 * FSC of two spectra over the coefficients kx = 0 .. nx/2 as they are stored,
 * each once; fsc and n (may not be NULL) get s->count numbers.
 */
extern em_status em_fsc_stored(em_ctx *ctx, const em_volume *f1, const em_volume *f2, const em_shells *s,
							   double *fsc, int64_t *n);
extern uint64_t em_fsc_stored_bytes(const em_ctx *ctx, const em_shells *s);

/*
 * Multiply a map by SPOC's sphere: 1 within `radius` voxels of the centre, a
 * Gaussian of sigma 2 voxels beyond.  Its coordinates run from -floor(n/2) to
 * n - floor(n/2) over the n voxels, so in an even box the centre is at (n-1)/2.
 */
extern em_status em_sphere_multiply(em_ctx *ctx, em_volume *v, double radius);

#endif							/* EM_FSC_PERMUTATION_H */
