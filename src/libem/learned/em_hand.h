/*
 * src/libem/learned/em_hand.h
 *		Handedness of a map by the layer lines of its alpha helices.
 *
 * Helices of proteins are right-handed, so the layer lines around the rods of a
 * map tell whether it is mirrored.  Rods are found at 7 Å without regard to their
 * hand (em_rods.h), then placed and read at 4.2 Å or the resolution of the map
 * (em_layer_lines.h).  Two scores follow, both 0 for right, 1 for mirrored, 0.5
 * for no information, and both 1 - score in the mirrored map:
 *
 * score_free: (1 - S)/2, S = sum(right - left)/sum(right + left) of the powers
 * over the fifth of the rods with the strongest layer line.
 *
 * score: a perceptron tells for each rod the probabilities of a right-handed
 * helix, of a left-handed one and of anything else.  Its logits are
 *		right = g(R, L, S), left = g(L, R, S), other = h(R + L, |R - L|, S),
 * R and L the amplitudes of the right and left waves, S what has no hand: it
 * cannot prefer a hand whatever it was trained on.  The score is the share of
 * left in right + left over the sites: rods with right + left above 0.5, those
 * that were moved to the same place counted once.
 *
 * The evidence is the logarithm of the odds of right against mirrored: in a right
 * map all helices are right-handed, so a rod tells for it by
 * ln((other + 2 right)/(other + 2 left)), summed over all places.  The decision
 * is right below a score of 0.4 and mirrored above 0.6 when the evidence for it
 * is 7 or more, else there is none; from 0.4 to 0.6 it is uncertain, or none
 * when there are neither 20 sites nor that evidence.  With 8 sites and more the
 * evidence must also be twice what its terms would add up to with random signs:
 * a large map of noise has a few sites of either hand.
 *
 * This stands in for the networks of HaPi (doi:10.1016/j.jsb.2022.107915) and
 * shares its scale, not its numbers.
 */
#ifndef EM_HAND_H
#define EM_HAND_H

#include "learned/em_layer_lines.h"
#include "learned/em_mlp.h"

#define EM_HAND_FEATURES "layer-lines/1"	/* version of the candidates' features */
#define EM_HAND_SITE 0.5		/* probability from which a rod is part of a helix */
#define EM_HAND_EVIDENCE 7.0	/* logarithm of the odds that a decision takes */
#define EM_HAND_SITES_SURE 20	/* so many sites that do not agree are uncertain, fewer no decision */

/* One rod, placed and read. */
typedef struct em_hand_candidate
{
	em_rod		rod;			/* score: over the sd of the 7 Å map in the mask */
	em_hand_power power;
	em_layer_features features;
} em_hand_candidate;

/*
 * The rods of a map.  spectrum: half spectrum of the map on voxels of about 1 Å;
 * it is used up and left in real space.  mask: of the same grid.  *out is NULL
 * when there are none.  The result is the same for any number of threads.
 */
extern em_status em_hand_candidates(em_ctx *ctx, em_volume *spectrum, const em_mask *mask, double resolution,
									em_hand_candidate **out, int *n);

/* Memory that takes beside the spectrum and the mask, bytes. */
extern uint64_t em_hand_bytes(const em_ctx *ctx, const em_grid *grid);

/* The training-free score; 0.5 without candidates. */
extern em_status em_hand_score_free(em_ctx *ctx, const em_hand_candidate *c, int n, double *score);

/* The perceptron with its standardisation. */
typedef struct em_hand_net
{
	em_mlp		g;
	em_mlp		h;
	const float *mean;			/* of R and L, then of S: EM_LAYER_WAVES + EM_LAYER_EVEN */
	const float *scale;
} em_hand_net;

extern em_status em_hand_net_from(em_ctx *ctx, const em_weights *w, em_hand_net *out);

/* Inputs of g and h for a candidate whose features are standardised already. */
extern void em_hand_inputs(const em_layer_features *f, float right[EM_LAYER_FEATURES],
						   float left[EM_LAYER_FEATURES], float other[EM_LAYER_FEATURES]);

/* Probabilities that a candidate is a right-handed helix, a left-handed one, something else. */
extern void em_hand_classify(const em_hand_net *net, const em_layer_features *f, double p[3]);

typedef enum em_hand_decision
{
	EM_HAND_NONE = 0,			/* too few helices, or too few that agree */
	EM_HAND_RIGHT,
	EM_HAND_MIRRORED,
	EM_HAND_UNCERTAIN
} em_hand_decision;

typedef struct em_hand
{
	double		score;			/* 0.5 when nothing looks like a helix */
	double		score_free;
	double		evidence;		/* positive for right, negative for mirrored */
	int			candidates;
	int			sites;			/* places that are part of a helix */
	int			helices;		/* sites that lie on one axis count once */
	em_hand_decision decision;
} em_hand;

/* Score and decide.  grid: that of the candidates. */
extern em_status em_hand_decide(em_ctx *ctx, const em_hand_net *net, const em_grid *grid,
								const em_hand_candidate *c, int n, em_hand *out);

#endif							/* EM_HAND_H */
