/*
 * test/data/protein.h
 *		A made-up protein from ideal geometry: right-handed helices around a
 *		twisted sheet of strands, side chains in rotamers that do not collide.
 */
#ifndef PROTEIN_H
#define PROTEIN_H

#include <stdint.h>

typedef struct atom
{
	double		r[3];			/* Å */
	double		b;				/* B-factor, Å² */
	char		name[5];		/* "CA" */
	char		element;		/* C, N, O, S */
	int			residue;		/* index into residues */
} atom;

typedef struct residue
{
	char		type[4];		/* "LEU" */
	int			number;			/* 1.. with gaps where a loop would be */
	int			segment;		/* index into segments */
	int			first;			/* its atoms: first .. first + atoms - 1; N, CA, C, O come first */
	int			atoms;
} residue;

typedef struct segment
{
	char		kind;			/* 'H' helix, 'E' strand */
	int			first;			/* its residues */
	int			residues;
} segment;

typedef struct protein
{
	int			n_atoms;
	int			n_residues;
	int			n_segments;
	atom	   *atoms;
	residue    *residues;
	segment    *segments;
} protein;

/* Build it about the origin; the same seed gives the same protein.  NULL: no memory. */
extern protein *protein_build(uint64_t seed);
extern void protein_free(protein *p);

/* Shortest distance between atoms of residues that are not neighbours, Å. */
extern double protein_closest_contact(const protein *p);

#endif							/* PROTEIN_H */
