/*
 * contrib/train/hand_report.h
 *		How well the hand is told: by candidate and by map.
 */
#ifndef TR_HAND_REPORT_H
#define TR_HAND_REPORT_H

#include "hand_samples.h"

#define TR_HAND_HELICAL 20		/* helical residues of a model that a decision is expected for */

/* Models by what there is to see. */
typedef enum tr_hand_kind
{
	TR_HAND_RICH,				/* TR_HAND_HELICAL helical residues and more */
	TR_HAND_POOR,				/* fewer */
	TR_HAND_VOID,				/* none */
	TR_HAND_KINDS
} tr_hand_kind;

/* Maps of one resolution and noise; all of noise alone in one row. */
typedef struct tr_hand_row
{
	double		resolution;		/* 0: noise alone */
	double		noise;
	int			maps[TR_HAND_KINDS];
	int			decision[TR_HAND_KINDS][4]; /* by em_hand_decision; all maps are right-handed */
	int64_t		helix;			/* candidates that are helices, */
	int64_t		taken;			/* those taken for helices, */
	int64_t		found;			/* right ones among them, */
	int64_t		right;			/* and helices with more of right than of left */
	int64_t		right_free;		/* ... by power of the layer lines alone */
} tr_hand_row;

#define TR_HAND_ROWS 32

/* One row for each resolution and noise of the set; number of rows, or -1 with a message on stderr. */
extern int	tr_hand_report(em_ctx *ctx, const em_hand_net *net, const tr_hand_set *set,
						   tr_hand_row row[TR_HAND_ROWS]);

/* As a table on stdout. */
extern void tr_hand_print(const tr_hand_row *row, int n);

#endif							/* TR_HAND_REPORT_H */
