/*
 * src/libem/half/em_fsc_masked.h
 *		FSC of masked half maps, what of it the mask alone makes, and the curves
 *		it is compared with.
 *
 * Correction by phase randomisation: Chen et al. 2013,
 * doi:10.1016/j.ultramic.2013.06.004, with the shells of relion_postprocess.
 * Information and sigma curves: van Heel & Schatz 2005,
 * doi:10.1016/j.jsb.2005.05.009.
 */
#ifndef EM_FSC_MASKED_H
#define EM_FSC_MASKED_H

#include "half/em_fsc.h"

/* A level or a curve that FSC curves cross. */
typedef enum em_fsc_criterion
{
	EM_CRITERION_0143 = 0,
	EM_CRITERION_05,
	EM_CRITERION_HALF_BIT,
	EM_CRITERION_ONE_BIT,
	EM_CRITERION_THREE_SIGMA,
	EM_CRITERION_COUNT
} em_fsc_criterion;

typedef struct em_fsc_masked
{
	int64_t		count;			/* shells 0 .. count-1 */
	double		length;			/* L, Å: shell i has frequency i/L */
	int64_t    *n;				/* coefficients of the full sphere */
	double	   *unmasked;
	double	   *masked;			/* NaN without a mask, like the next two */
	double	   *randomised;		/* masked halves whose phases were random from shell randomised_from on */
	double	   *corrected;		/* masked, from randomised_from + 2 on (masked - randomised)/(1 - randomised) */
	double	   *half_bit;
	double	   *one_bit;
	double	   *three_sigma;
	double		share;			/* share of the coefficients that are independent behind the mask */
	int64_t		randomised_from;	/* first shell > 0 with unmasked < 0.8; `count` when there is none */
} em_fsc_masked;

/*
 * Unmasked curve and the curves it is compared with; the others are NaN.  The
 * half-bit, one-bit and three-sigma curves take share * n/2 samples a shell.
 */
extern em_status em_fsc_masked_create(em_ctx *ctx, const em_fsc *unmasked, double share, em_fsc_masked **out);
extern void em_fsc_masked_destroy(em_ctx *ctx, em_fsc_masked *f);

/* Add the masked curve; `randomised` may be NULL, and nothing is corrected then. */
extern void em_fsc_masked_set(em_fsc_masked *f, const double *masked, const double *randomised);

/*
 * The last shell before the first whose value is below the level, as
 * relion_postprocess reports a resolution: L/shell, Å.  NaN when the first
 * shell is below it already; the last shell when none is.
 */
extern double em_fsc_last_shell(const double *curve, int64_t count, double length, double level);

/* Level of a criterion in a shell of n independent samples; at most 1. */
extern double em_fsc_level(em_fsc_criterion criterion, double n);

/*
 * Where one of the curves falls below a criterion: as em_crossings.  The
 * unmasked curve is compared with the levels for all samples, the others with
 * those for the share that is independent behind the mask.  `scratch` has room
 * for `count` numbers.
 */
extern int	em_fsc_criterion_crossings(const em_fsc_masked *f, const double *curve, em_fsc_criterion criterion,
									   double *scratch, double *frequency, int max);

#endif							/* EM_FSC_MASKED_H */
