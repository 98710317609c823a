/*
 * src/libem/volume/em_stats.c
 *		Voxel statistics of a map, or of what lies outside a mask.
 *
 * One pass.  Each block of rows sums differences from a pivot, one of its
 * voxels, in eight lanes; the blocks are combined in order by the
 * formulas of Chan, Golub & LeVeque 1983, doi:10.2307/2683386.
 */
#include "core/em_par.h"
#include "volume/em_density.h"
#include "volume/em_rows.h"
#include "volume/em_vec.h"

#include <math.h>

#define WIDTH 16				/* lanes of the running minimum and maximum */

/* Four lanes of running sums. */
typedef struct lanes
{
	em_vd4		d;				/* sum of v - pivot */
	em_vd4		q;				/* sum of (v - pivot)² */
	em_vd4		a;				/* sum of |v| */
	em_vi4		zero;			/* minus the number of zeros */
} lanes;

/* All that is known of a block so far. */
typedef struct sums
{
	lanes		even;
	lanes		odd;
	float		lo[WIDTH];
	float		hi[WIDTH];
	int64_t		n;
	int64_t		not_finite;
} sums;

/* What one block of rows has to say. */
typedef struct part
{
	int64_t		n;
	int64_t		not_finite;
	int64_t		zeros;
	double		pivot;
	double		d;
	double		q;
	double		sum_abs;
	float		lo;
	float		hi;
} part;

typedef struct job
{
	const em_volume *v;
	const em_mask *outside;		/* NULL: all voxels */
	em_rows		rows;
	part	   *parts;			/* one a block */
} job;

/* Bit i set: voxel 64*word + i of the row exists and is asked for. */
EM_INLINE uint64_t
wanted(const uint64_t *mask, int64_t word, int64_t nx)
{
	uint64_t	bits = mask == NULL ? ~UINT64_C(0) : ~mask[word];
	int64_t		left = nx - 64 * word;

	return left >= 64 ? bits : bits & ((UINT64_C(1) << left) - 1);
}

/* Add four finite voxels. */
EM_INLINE void
add4(lanes *s, const float *voxel, double pivot)
{
	const em_vf4 v = *(const em_vf4_mem *) voxel;
	const em_vd4 w = EM_WIDEN(v);
	const em_vd4 d = w - pivot;

	s->d += d;
	s->q += d * d;
	s->a += (em_vd4) ((em_vl4) w & INT64_MAX);
	s->zero += v == 0.0f;
}

/* Are all of 64 voxels finite?  Those that are not make v - v NaN. */
EM_INLINE bool
all_finite(const float *voxel)
{
	em_vf4		even = {0, 0, 0, 0};
	em_vf4		odd = {0, 0, 0, 0};

	for (int x = 0; x < 64; x += 8)
	{
		const em_vf4 v = *(const em_vf4_mem *) (voxel + x);
		const em_vf4 w = *(const em_vf4_mem *) (voxel + x + 4);

		even += v - v;
		odd += w - w;
	}
	even += odd;
	return EM_SUM4(even) == 0;
}

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* Add 64 finite voxels. */
EM_INLINE void
add64(sums *s, const float *voxel, double pivot)
{
	for (int x = 0; x < 64; x += 8)
	{
		add4(&s->even, voxel + x, pivot);
		add4(&s->odd, voxel + x + 4, pivot);
	}
	for (int i = 0; i < WIDTH; i++)
	{
		const float a = voxel[i];
		const float b = voxel[i + 16];
		const float c = voxel[i + 32];
		const float d = voxel[i + 48];
		const float lo = MIN(MIN(a, b), MIN(c, d));
		const float hi = MAX(MAX(a, b), MAX(c, d));

		s->lo[i] = MIN(lo, s->lo[i]);
		s->hi[i] = MAX(hi, s->hi[i]);
	}
	s->n += 64;
}

/* Add the voxels among 64 whose bit is set, if they are finite. */
EM_INLINE void
add_some(sums *s, const float *voxel, uint64_t bits, double pivot)
{
	for (; bits != 0; bits &= bits - 1)
	{
		const int	i = __builtin_ctzll(bits);
		const float v = voxel[i];
		const double d = (double) v - pivot;
		lanes	   *to = i & 4 ? &s->odd : &s->even;

		if (!isfinite(v))
		{
			s->not_finite++;
			continue;
		}
		to->d[i & 3] += d;
		to->q[i & 3] += d * d;
		to->a[i & 3] += fabs((double) v);
		to->zero[i & 3] -= v == 0.0f;
		s->lo[i & (WIDTH - 1)] = MIN(v, s->lo[i & (WIDTH - 1)]);
		s->hi[i & (WIDTH - 1)] = MAX(v, s->hi[i & (WIDTH - 1)]);
		s->n++;
	}
}

/* Fold four lanes into a part. */
EM_INLINE void
fold(part *p, const lanes *s)
{
	p->d += EM_SUM4(s->d);
	p->q += EM_SUM4(s->q);
	p->sum_abs += EM_SUM4(s->a);
	p->zeros -= EM_SUM4(s->zero);
}

/* The mask's words of row r, or NULL without a mask. */
EM_INLINE const uint64_t *
mask_words(const em_mask *m, int64_t r)
{
	return m == NULL ? NULL : m->bits + r * m->words;
}

/* First finite voxel asked for in rows first..end-1; false when there is none. */
static bool
find_finite(const job *j, int64_t first, int64_t end, float *out)
{
	const int64_t nx = j->v->grid.n[0];

	for (int64_t r = first; r < end; r++)
	{
		const float *row = em_volume_row(j->v, r % j->rows.ny, r / j->rows.ny);
		const uint64_t *mask = mask_words(j->outside, r);

		for (int64_t w = 0; 64 * w < nx; w++)
			for (uint64_t bits = wanted(mask, w, nx); bits != 0; bits &= bits - 1)
				if (isfinite(*out = row[64 * w + __builtin_ctzll(bits)]))
					return true;
	}
	return false;
}

/* A typical voxel of a block, one wild value notwithstanding: the median of up to three. */
static float
find_pivot(const job *j, int64_t first, int64_t end)
{
	const int64_t third = (end - first) / 3;
	float		a,
				b,
				c;

	if (!find_finite(j, first, end, &a))
		return 0;
	if (!find_finite(j, first + third, end, &b) || !find_finite(j, first + 2 * third, end, &c))
		return a;
	return fmaxf(fminf(a, b), fminf(fmaxf(a, b), c));
}

/* Sum the rows of one block. */
EM_HOT static void
sum_block(const job *j, int64_t first, int64_t end, float pivot, part *out)
{
	const int64_t nx = j->v->grid.n[0];
	sums		s = {.n = 0};

	for (int i = 0; i < WIDTH; i++)
		s.lo[i] = s.hi[i] = pivot;
	for (int64_t r = first; r < end; r++)
	{
		const float *row = em_volume_row(j->v, r % j->rows.ny, r / j->rows.ny);
		const uint64_t *mask = mask_words(j->outside, r);

		for (int64_t w = 0; 64 * w < nx; w++)
		{
			const uint64_t bits = wanted(mask, w, nx);

			if (bits == ~UINT64_C(0) && all_finite(row + 64 * w))
				add64(&s, row + 64 * w, pivot);
			else
				add_some(&s, row + 64 * w, bits, pivot);
		}
	}
	fold(out, &s.even);
	fold(out, &s.odd);
	out->n = s.n;
	out->not_finite = s.not_finite;
	for (int i = 0; i < WIDTH; i++)
	{
		out->lo = MIN(s.lo[i], out->lo);
		out->hi = MAX(s.hi[i], out->hi);
	}
}

/* Item: one block of rows. */
static em_status
stats_task(void *arg, int64_t item, int worker)
{
	job		   *j = arg;
	part	   *p = &j->parts[item];
	const int64_t first = em_rows_first(&j->rows, item);
	const int64_t end = em_rows_first(&j->rows, item + 1);
	const float pivot = find_pivot(j, first, end);

	(void) worker;
	p->pivot = pivot;
	p->lo = p->hi = pivot;
	sum_block(j, first, end, pivot, p);
	return EM_OK;
}

/* Combine the parts in order. */
static void
combine(const part *parts, int64_t count, em_stats *out)
{
	double		m2 = 0;

	for (int64_t i = 0; i < count; i++)
	{
		const part *p = &parts[i];
		double		n = (double) p->n;
		double		mean;
		double		delta;

		out->not_finite += p->not_finite;
		if (p->n == 0)
			continue;
		mean = p->pivot + p->d / n;
		delta = mean - out->mean;
		if (out->n == 0 || p->lo < out->min)
			out->min = p->lo;
		if (out->n == 0 || p->hi > out->max)
			out->max = p->hi;
		m2 += p->q - p->d * p->d / n;
		if (out->n == 0)
			out->mean = mean;
		else
		{
			double		total = (double) out->n + n;

			m2 += delta * delta * ((double) out->n * n / total);
			out->mean += delta * (n / total);
		}
		out->n += p->n;
		out->zeros += p->zeros;
		out->sum_abs += p->sum_abs;
		out->sum += p->pivot * n + p->d;
	}
	if (out->n > 0)
		out->sd = sqrt((m2 > 0 ? m2 : 0) / (double) out->n);
	else
		out->min = out->max = out->mean = out->sd = NAN;
}

/* Statistics of all voxels, or of those outside a mask. */
static em_status
gather(em_ctx *ctx, const em_volume *v, const em_mask *outside, em_stats *out)
{
	job			j = {.v = v, .outside = outside, .rows = em_rows_cut(v->grid.n, EM_BLOCK_VOXELS)};
	em_status	status;

	*out = (em_stats) {0};
	j.parts = em_alloc(ctx, (uint64_t) j.rows.blocks, sizeof(part), "voxel statistics");
	if (j.parts == NULL)
		return em_ctx_status(ctx);
	status = em_parallel(ctx, "voxel statistics", j.rows.blocks, stats_task, &j);
	if (status == EM_OK)
		combine(j.parts, j.rows.blocks, out);
	em_free(ctx, j.parts);
	return status;
}

em_status
em_volume_stats(em_ctx *ctx, const em_volume *v, em_stats *out)
{
	return gather(ctx, v, NULL, out);
}

em_status
em_volume_stats_outside(em_ctx *ctx, const em_volume *v, const em_mask *m, em_stats *out)
{
	*out = (em_stats) {0};
	EM_TRY(em_mask_fits(ctx, v, m));
	return gather(ctx, v, m, out);
}
