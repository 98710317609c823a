/*
 * src/libem/io/em_tally.c
 *		Voxel statistics of a stream, piece by piece.
 *
 * Each piece sums differences from its own pivot, a voxel of the piece, so that
 * nothing is lost to cancellation; pieces are merged by the pairwise update of
 * Chan, Golub and LeVeque 1979 (Stanford STAN-CS-79-773).
 */
#include "io/em_io_internal.h"

#include <math.h>
#include <string.h>

#define LANES 4

/* Sums over a piece, one for each lane. */
typedef struct lanes
{
	em_vd4		d;				/* differences from the pivot */
	em_vd4		dd;				/* their squares */
	em_vd4		abs;
	em_vf4		min;
	em_vf4		max;
	em_vi4		zeros;			/* minus the number of zeros */
	em_vi4		bad;			/* minus the number of voxels that are not finite */
} lanes;

/* Add four voxels.  One that is not finite counts as the pivot. */
EM_INLINE void
add4(lanes *a, const float *voxel, float pivot)
{
	const em_vf4 v = *(const em_vf4_mem *) voxel;
	const em_vi4 bad = (v - v) != 0.0f;
	const em_vf4 x = EM_SELECT_F(bad, (em_vf4) {0} + pivot, v);
	const em_vd4 d = __builtin_convertvector(x, em_vd4) - (double) pivot;
	const em_vi4 magnitude = (em_vi4) v & ~bad & 0x7fffffff;

	a->d += d;
	a->dd += d * d;
	a->abs += __builtin_convertvector((em_vf4) magnitude, em_vd4);
	a->min = EM_SELECT_F(x < a->min, x, a->min);
	a->max = EM_SELECT_F(x > a->max, x, a->max);
	a->zeros += v == 0.0f;
	a->bad += bad;
}

/* Add n voxels, n a multiple of LANES. */
EM_HOT static void
add_lanes(const float *v, int64_t n, float pivot, lanes *out)
{
	lanes		a = *out;

	for (int64_t i = 0; i < n; i += LANES)
		add4(&a, v + i, pivot);
	*out = a;
}

/* Take the sums of a piece of n voxels into the whole. */
static void
merge(em_tally *t, const lanes *a, int64_t n, double pivot)
{
	double		d = EM_SUM4(a->d);
	double		dd = EM_SUM4(a->dd);
	int64_t		bad = -(int64_t) EM_SUM4(a->bad);
	int64_t		finite = n - bad;
	double		mean = pivot + d / (double) finite;
	double		total = (double) (t->s.n + finite);
	double		delta = mean - t->mean;

	if (t->s.n == 0)
		t->s.min = t->s.max = pivot;
	for (int l = 0; l < LANES; l++)
	{
		t->s.min = a->min[l] < t->s.min ? a->min[l] : t->s.min;
		t->s.max = a->max[l] > t->s.max ? a->max[l] : t->s.max;
	}
	t->s.not_finite += bad;
	t->s.zeros -= EM_SUM4(a->zeros);
	t->s.sum_abs += EM_SUM4(a->abs);
	t->s.sum += pivot * (double) finite + d;
	dd -= d * d / (double) finite;
	t->m2 += (dd > 0 ? dd : 0) + delta * delta * ((double) t->s.n * (double) finite / total);
	t->mean += delta * ((double) finite / total);
	t->s.n += finite;
}

void
em_tally_add(em_tally *t, const float *v, int64_t n)
{
	float		rest[LANES];
	int64_t		first = 0;
	int64_t		whole;
	lanes		a;

	while (first < n && !isfinite(v[first]))
		first++;
	t->s.not_finite += first;
	v += first;
	n -= first;
	if (n == 0)
		return;
	memset(&a, 0, sizeof(a));
	a.min = a.max = (em_vf4) {0} + v[0];
	whole = n - n % LANES;
	add_lanes(v, whole, v[0], &a);
	if (whole < n)
	{
		/* Fill up with what does not count. */
		for (int l = 0; l < LANES; l++)
			rest[l] = l < n - whole ? v[whole + l] : NAN;
		add_lanes(rest, LANES, v[0], &a);
		a.bad[0] += (int32_t) (LANES - (n - whole));
	}
	merge(t, &a, n, v[0]);
}

void
em_tally_finish(const em_tally *t, em_stats *out)
{
	*out = t->s;
	if (t->s.n > 0)
	{
		out->mean = t->mean;
		out->sd = sqrt(t->m2 / (double) t->s.n);
	}
	else
		out->min = out->max = out->mean = out->sd = NAN;
}
