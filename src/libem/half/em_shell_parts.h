/*
 * src/libem/half/em_shell_parts.h
 *		Shells cut into bands of kz that take about the same time.
 *
 * The bands of a sphere between equally spaced planes have equal areas
 * (Archimedes), so a shell of 2 pi i² coefficients in equal bands of kz makes
 * equal parts.  The cut depends on the grid only, never on the threads.
 */
#ifndef EM_SHELL_PARTS_H
#define EM_SHELL_PARTS_H

#include "fourier/em_shell_walk.h"

/* Parts of shell i of about `target` coefficients each. */
static inline int64_t
em_shell_parts(int64_t shell, int64_t target)
{
	int64_t		parts = (int64_t) (2 * M_PI * (double) shell * (double) shell) / target + 1;

	return parts <= 2 * shell + 1 ? parts : 2 * shell + 1;
}

/* Walk part `part` of `parts` of a shell. */
static inline void
em_shell_part_start(em_shell_walk *w, const em_shells *s, int64_t shell, int64_t part, int64_t parts)
{
	int64_t		reach = em_shell_reach(s, 2, ((double) shell + 0.5) * ((double) shell + 0.5));
	int64_t		planes = 2 * reach + 1;

	em_shell_walk_start(w, s, shell, -reach + planes * part / parts, -reach + planes * (part + 1) / parts);
}

#endif							/* EM_SHELL_PARTS_H */
