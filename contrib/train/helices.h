/*
 * contrib/train/helices.h
 *		Alpha helices of a model, from its C-alpha atoms alone.
 */
#ifndef TR_HELICES_H
#define TR_HELICES_H

#include "simulate.h"

/*
 * Axis points of the helices (runs of at least 8 residues with d(i,i+3) of
 * 4.4..5.9 Å, d(i,i+4) of 5.3..7.0 Å and C-alpha dihedrals of 35..70 degrees),
 * in the coordinates of the atoms.  Fills axis (malloc'ed), n_axis, helices and
 * helical_residues of `out`; 0, or -1 without memory.
 */
extern int	tr_helices_find(const tr_model *model, tr_base *out);

#endif							/* TR_HELICES_H */
