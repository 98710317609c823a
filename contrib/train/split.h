/*
 * contrib/train/split.h
 *		The models of a folder, and which of them are trained on.
 *
 * The folder holds MANIFEST.tsv with at least the columns file, helical_residues
 * and cluster (a header line names them).  Models of one cluster share sequence,
 * so a cluster goes to one part as a whole; which one is drawn from its number
 * alone and never changes.
 */
#ifndef TR_SPLIT_H
#define TR_SPLIT_H

typedef enum tr_part
{
	TR_TRAIN,					/* 70 %: weights are fitted to these */
	TR_VALIDATE,				/* 15 %: choices (gates, epochs) are made on these */
	TR_TEST						/* 15 %: looked at once, for the figures that are published */
} tr_part;

typedef struct tr_entry
{
	char		path[512];
	int			cluster;
	int			helical_residues;
	tr_part		part;
} tr_entry;

extern tr_part tr_part_of(int cluster);

/* Read the manifest; *out is malloc'ed.  Number of models, or -1 with a message on stderr. */
extern int	tr_split_read(const char *folder, tr_entry **out);

#endif							/* TR_SPLIT_H */
