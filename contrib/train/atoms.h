/*
 * contrib/train/atoms.h
 *		Atoms of a PDB or mmCIF file, and how they scatter electrons.
 *
 * The one place that knows gemmi (C++); everything is caught at this border.
 */
#ifndef TR_ATOMS_H
#define TR_ATOMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#define TR_NOEXCEPT noexcept
#else
#define TR_NOEXCEPT
#endif

typedef struct tr_atom
{
	float		at[3];			/* Å */
	float		b;				/* isotropic B, Å² */
	int			element;		/* atomic number */
	int			chain;			/* 0, 1, ... in file order */
	int			residue;		/* 0, 1, ... through all chains */
	bool		ca;				/* C-alpha of an amino acid */
} tr_atom;

typedef struct tr_model
{
	tr_atom    *atom;
	int64_t		n;
	int			residues;
} tr_model;

/*
 * First model of a file (gzip or plain): hydrogens, waters and all but the first
 * alternate conformer left out.  0, or -1 with a sentence in `message`.
 */
extern int	tr_model_read(const char *path, tr_model *out, char *message, size_t size) TR_NOEXCEPT;
extern void tr_model_free(tr_model *model) TR_NOEXCEPT;

/*
 * Electron form factor f(s) = sum a[i] exp(-b[i] s²/4), s in 1/Å; International
 * Tables C 4.3.2.2, five Gaussians.  False for an element without an entry.
 */
extern bool tr_form_factor(int element, double a[5], double b[5]) TR_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif							/* TR_ATOMS_H */
