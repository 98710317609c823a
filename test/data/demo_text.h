/*
 * test/data/demo_text.h
 *		The text files of the demo entry: header, model, truth.
 */
#ifndef DEMO_TEXT_H
#define DEMO_TEXT_H

#include <stdbool.h>

#include "protein.h"
#include "volume/em_volume.h"

/* What the generator knows about the entry it made. */
typedef struct demo_truth
{
	uint64_t	seed;
	double		resolution;		/* reported, Å */
	double		contour;
	double		crossing;		/* where the expected FSC of the half maps is 0.143, Å */
	double		envelope_b;		/* fall-off of the half maps beyond the atoms' own, Å² */
	double		mass;			/* Da, hydrogens included */
	double		centre[3];		/* of the box in the frame of the model, Å */
	em_grid		grid;
	em_stats	stats[3];		/* map, half map 1, half map 2 */
} demo_truth;

/* Each writes one file and says whether that worked. */
extern bool demo_write_header(const char *path, const demo_truth *t);
extern bool demo_write_model(const char *path, const demo_truth *t, const protein *p);
extern bool demo_write_truth(const char *path, const demo_truth *t, const protein *p);

#endif							/* DEMO_TEXT_H */
