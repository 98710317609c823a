/*
 * contrib/train/local_truth.h
 *		Maps whose resolution differs from place to place, with the truth.
 *
 * The frequency limit 1/R is a Gaussian random field (correlated over 6..14 Å),
 * mapped so that it is uniform between those of a best resolution (2.3..8 Å) and a
 * worst one (1.3..2.6 times that, at most 14 Å).
 *
 * Appearance: low-passed copies of the density, mixed voxel by voxel; noise of
 * 0.3 to 10 % of the density's spread.  What a network sees that is trained on
 * low-passed models.
 * Disorder: blurred copies, mixed so that the local signal meets white noise of one
 * power (half-map signal-to-noise ratio 1/6) at 1/R; then sharpened and low-passed
 * as a whole, at a limit inside the range of the field.  The truth is not better
 * than that limit.
 * Uniform: simulate.h's map of one resolution.
 * Noise: white noise, low-passed or coloured.  No detail: the truth is 14 Å.
 */
#ifndef TR_LOCAL_TRUTH_H
#define TR_LOCAL_TRUTH_H

#include "simulate.h"

#define TR_LOCAL_BEST 2.3		/* Å */
#define TR_LOCAL_WORST 14.0

typedef enum tr_family
{
	TR_APPEARANCE = 0,
	TR_DISORDER,
	TR_UNIFORM,
	TR_NOISE,
	TR_FAMILIES
} tr_family;

extern const char *const tr_family_name[TR_FAMILIES];

typedef struct tr_local
{
	em_volume  *map;			/* 1 Å voxels, the base's box */
	em_volume  *truth;			/* local resolution of each voxel, Å */
} tr_local;

/* resolution: of a uniform map, Å; 0 draws one. */
extern em_status tr_local_make(em_ctx *ctx, const tr_base *base, tr_family family, double resolution,
							   tr_draws *draws, tr_local *out);
extern void tr_local_free(em_ctx *ctx, tr_local *local);

#endif							/* TR_LOCAL_TRUTH_H */
