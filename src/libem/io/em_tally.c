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

#define LANES 8

/* Sums over a piece, one for each lane. */
typedef struct lanes
{
	double		d[LANES];		/* differences from the pivot */
	double		dd[LANES];		/* their squares */
	double		abs[LANES];
	float		min[LANES];
	float		max[LANES];
	int32_t		zeros[LANES];
	int32_t		bad[LANES];		/* voxels that are not finite */
} lanes;

/* Add n voxels, n a multiple of LANES.  A voxel that is not finite counts as the pivot. */
EM_HOT static void
add_lanes(const float *v, int64_t n, float pivot, lanes *out)
{
	lanes		a = *out;
	double		p = pivot;

	for (int64_t i = 0; i < n; i += LANES)
		for (int l = 0; l < LANES; l++)
		{
			float		f = v[i + l];
			int32_t		bad = !(fabsf(f) <= 3.40282347e38f);
			float		x = bad ? pivot : f;
			double		d = (double) x - p;

			a.d[l] += d;
			a.dd[l] += d * d;
			a.abs[l] += bad ? 0.0 : fabs((double) x);
			a.min[l] = x < a.min[l] ? x : a.min[l];
			a.max[l] = x > a.max[l] ? x : a.max[l];
			a.zeros[l] += f == 0.0f;
			a.bad[l] += bad;
		}
	*out = a;
}

/* Take the sums of a piece of n voxels into the whole. */
static void
merge(em_tally *t, const lanes *a, int64_t n, double pivot)
{
	double		d = 0;
	double		dd = 0;
	double		sum_abs = 0;
	int64_t		zeros = 0;
	int64_t		bad = 0;
	double		mean;
	double		total;
	double		delta;
	int64_t		finite;

	for (int l = 0; l < LANES; l++)
	{
		d += a->d[l];
		dd += a->dd[l];
		sum_abs += a->abs[l];
		zeros += a->zeros[l];
		bad += a->bad[l];
		if (t->s.n == 0 && l == 0)
			t->s.min = t->s.max = pivot;
		t->s.min = a->min[l] < t->s.min ? a->min[l] : t->s.min;
		t->s.max = a->max[l] > t->s.max ? a->max[l] : t->s.max;
	}
	finite = n - bad;
	t->s.not_finite += bad;
	t->s.zeros += zeros;
	t->s.sum_abs += sum_abs;
	t->s.sum += pivot * (double) finite + d;
	mean = pivot + d / (double) finite;
	dd -= d * d / (double) finite;
	total = (double) (t->s.n + finite);
	delta = mean - t->mean;
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
	for (int l = 0; l < LANES; l++)
		a.min[l] = a.max[l] = v[0];
	whole = n - n % LANES;
	add_lanes(v, whole, v[0], &a);
	if (whole < n)
	{
		/* Fill up with what does not count. */
		for (int l = 0; l < LANES; l++)
			rest[l] = l < n - whole ? v[whole + l] : NAN;
		add_lanes(rest, LANES, v[0], &a);
		a.bad[0] -= (int32_t) (LANES - (n - whole));
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
