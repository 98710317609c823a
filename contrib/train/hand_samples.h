/*
 * contrib/train/hand_samples.h
 *		Rods of simulated maps, and which of them are alpha helices.
 */
#ifndef TR_HAND_SAMPLES_H
#define TR_HAND_SAMPLES_H

#include "simulate.h"
#include "split.h"
#include "learned/em_hand.h"

/* A candidate of libem's own search; a helix when it lies on a true axis, along it. */
typedef struct tr_hand_sample
{
	em_hand_candidate c;
	bool		helix;
} tr_hand_sample;

/* One simulated map; all maps are right-handed. */
typedef struct tr_hand_map
{
	double		resolution;		/* Å */
	double		noise;			/* factor on the noise power */
	int			model;			/* index of the entry; -1: noise alone */
	int			helical_residues;	/* as found in the model */
	em_grid		grid;
	int64_t		first;			/* its samples */
	int			n;
} tr_hand_map;

typedef struct tr_hand_set
{
	tr_hand_sample *sample;
	int64_t		n;
	int64_t		room;
	tr_hand_map *map;
	int			n_maps;
	int			map_room;
} tr_hand_set;

/* A map wanted of a model; 0 as resolution or noise: drawn from 2.8..5.2 Å, 1..3. */
typedef struct tr_hand_wish
{
	double		resolution;
	double		noise;
} tr_hand_wish;

/*
 * Simulate the wished maps of one model, search them for rods and add them to the
 * set.  The contour is drawn: the mask holds 0.2 to 1.2 of the volume within 3 Å
 * of an atom.  EM_OK also for a model that cannot be read, which is said on stderr.
 */
extern em_status tr_hand_add(em_ctx *ctx, const tr_entry *entry, int model, const tr_hand_wish *wish,
							 int wishes, uint64_t seed, tr_hand_set *set);

/*
 * The same with a map of noise alone, number `index` of its kind: white noise
 * with a B-factor of 0..150 Å², low-passed at 2.8..5.2 Å, the mask 5 to 50 % of
 * the box.
 */
extern em_status tr_hand_add_noise(em_ctx *ctx, int index, uint64_t seed, tr_hand_set *set);

extern void tr_hand_free(tr_hand_set *set);

#endif							/* TR_HAND_SAMPLES_H */
