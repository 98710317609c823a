/*
 * contrib/train/draws.h
 *		A row of random draws: libem's counter-based numbers with a running index.
 */
#ifndef TR_DRAWS_H
#define TR_DRAWS_H

#include "core/em_rng.h"

typedef struct tr_draws
{
	uint64_t	seed;
	uint64_t	stream;
	uint64_t	index;			/* of the next draw */
} tr_draws;

/* Uniform in (0,1), and in (low,high). */
static inline double
tr_uniform(tr_draws *d)
{
	return em_rng_uniform(d->seed, d->stream, d->index++);
}

static inline double
tr_between(tr_draws *d, double low, double high)
{
	return low + (high - low) * tr_uniform(d);
}

/* A whole number of 0..n-1. */
static inline int64_t
tr_below(tr_draws *d, int64_t n)
{
	int64_t		i = (int64_t) (tr_uniform(d) * (double) n);

	return i < n ? i : n - 1;
}

/* Standard normal. */
static inline double
tr_normal(tr_draws *d)
{
	double		two[2];

	em_rng_normal2(d->seed, d->stream, d->index++, two);
	return two[0];
}

#endif							/* TR_DRAWS_H */
