/*
 * src/libem/fourier/em_shell_walk.h
 *		The coefficients of one Fourier shell, run by run.
 *
 * Walking shell by shell keeps what belongs to a shell in one small place, at
 * the price of touching the spectrum out of order.  Each pair of Friedel mates
 * is met once: of the columns kx = 0 and kx = nx/2, which hold both, only the
 * half with kz > 0 (or kz = 0 and ky >= 0) is visited.  Membership is that of
 * em_shells_row.
 *
 *		em_shell_walk w;
 *
 *		em_shell_walk_start(&w, shells, shell, INT64_MIN, INT64_MAX);
 *		while (em_shell_walk_next(&w))
 *			for (kx = w.first; kx < w.end; kx++) ...
 */
#ifndef EM_SHELL_WALK_H
#define EM_SHELL_WALK_H

#include <math.h>

#include "fourier/em_shell.h"

#define EM_SHELL_TIE 1e-9		/* distances this near to a border of shells lie on it, as in em_shell.c */

typedef struct em_shell_walk
{
	const em_shells *s;
	double		shell;
	int64_t		kz_last;
	int64_t		ky_last;
	/* The current run: coefficients first .. end-1 of row (iy, iz). */
	int64_t		ky;				/* signed frequency indices */
	int64_t		kz;
	int64_t		iy;
	int64_t		iz;
	int64_t		first;
	int64_t		end;
	double		yz2;			/* (|s| L)² without what kx adds */
} em_shell_walk;

/* Largest signed index of an axis whose coefficients are at most `distance` away; -1 when there is none. */
static inline int64_t
em_shell_reach(const em_shells *s, int axis, double distance2)
{
	int64_t		most = s->n[axis] / 2;
	double		reach;

	if (distance2 < 0)
		return -1;
	reach = sqrt(distance2 / s->unit2[axis]);
	return reach < (double) most ? (int64_t) reach : most;
}

/* Smallest signed frequency index of an axis. */
static inline int64_t
em_frequency_least(int64_t n)
{
	return -((n - 1) / 2);
}

/* Walk the runs of a shell with kz_first <= kz < kz_end (signed; the limits may lie outside). */
static inline void
em_shell_walk_start(em_shell_walk *w, const em_shells *s, int64_t shell, int64_t kz_first, int64_t kz_end)
{
	double		outer = (double) shell + 0.5;
	int64_t		reach = em_shell_reach(s, 2, outer * outer);
	int64_t		least = em_frequency_least(s->n[2]);

	*w = (em_shell_walk) {.s = s,.shell = (double) shell};
	w->kz = -reach > least ? -reach : least;
	if (w->kz < kz_first)
		w->kz = kz_first;
	w->kz_last = reach < kz_end - 1 ? reach : kz_end - 1;
	w->kz--;
	w->ky_last = -1;
}

/* Shell of coefficient kx of the current row, as em_shells_row has it. */
static inline double
em_shell_walk_shell(const em_shell_walk *w, int64_t kx)
{
	return floor(sqrt((double) kx * (double) kx * w->s->unit2[0] + w->yz2) + (0.5 + EM_SHELL_TIE));
}

/* First kx whose shell is at least `shell`, found from an estimate. */
static inline int64_t
em_shell_walk_edge(const em_shell_walk *w, double shell)
{
	double		d2 = (shell - 0.5) * (shell - 0.5) - w->yz2;
	int64_t		kx = shell < 0.5 || d2 <= 0 ? 0 : (int64_t) ceil(sqrt(d2 / w->s->unit2[0]));

	while (kx > 0 && em_shell_walk_shell(w, kx - 1) >= shell)
		kx--;
	while (em_shell_walk_shell(w, kx) < shell)
		kx++;
	return kx;
}

/* Go to the next run with coefficients; false after the last one. */
static inline bool
em_shell_walk_next(em_shell_walk *w)
{
	const em_shells *s = w->s;
	double		outer = w->shell + 0.5;

	for (;;)
	{
		bool		mates;

		if (++w->ky > w->ky_last)
		{
			int64_t		reach;
			int64_t		least = em_frequency_least(s->n[1]);

			if (++w->kz > w->kz_last)
				return false;
			reach = em_shell_reach(s, 1, outer * outer - (double) (w->kz * w->kz) * s->unit2[2]);
			w->iz = w->kz < 0 ? w->kz + s->n[2] : w->kz;
			w->ky = -reach > least ? -reach : least;
			w->ky_last = reach;
			if (reach < 0)
			{
				w->ky = 0;
				continue;
			}
		}
		w->iy = w->ky < 0 ? w->ky + s->n[1] : w->ky;
		w->yz2 = (double) (w->ky * w->ky) * s->unit2[1] + (double) (w->kz * w->kz) * s->unit2[2];
		w->first = em_shell_walk_edge(w, w->shell);
		w->end = em_shell_walk_edge(w, w->shell + 1);
		if (w->end > s->nxh)
			w->end = s->nxh;
		mates = w->kz < 0 || (w->kz == 0 && w->ky < 0);
		if (mates && w->first == 0)
			w->first = 1;
		if (mates && w->end == s->nxh && s->n[0] % 2 == 0)
			w->end--;
		if (w->first < w->end)
			return true;
	}
}

#endif							/* EM_SHELL_WALK_H */
