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

/* Four lanes of running sums. */
typedef struct lanes
{
	em_vd4		d;				/* sum of v - pivot */
	em_vd4		q;				/* sum of (v - pivot)² */
	em_vd4		a;				/* sum of |v| */
	em_vf4		lo;
	em_vf4		hi;
	em_vi4		n;				/* minus the number of finite voxels */
	em_vi4		bad;			/* minus the number of others */
	em_vi4		zero;			/* minus the number of zeros */
} lanes;

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

/* Add four voxels, of which the lowest four bits select. */
EM_INLINE void
add4(lanes *s, const float *voxel, uint64_t bits, float pivot)
{
	const em_vf4 v = *(const em_vf4_mem *) voxel;
	const em_vf4 p = {pivot, pivot, pivot, pivot};
	const em_vi4 select = EM_LANES(bits & 15);
	const em_vi4 finite = select & ((v - v) == 0.0f);
	const em_vf4 w = EM_SELECT_F(finite, v, p);
	const em_vi4 magnitude = ((em_vi4) v) & finite & 0x7fffffff;
	const em_vd4 d = __builtin_convertvector(w, em_vd4) - (double) pivot;

	s->d += d;
	s->q += d * d;
	s->a += __builtin_convertvector((em_vf4) magnitude, em_vd4);
	s->lo = EM_SELECT_F(w < s->lo, w, s->lo);
	s->hi = EM_SELECT_F(w > s->hi, w, s->hi);
	s->n += finite;
	s->bad += select & ~finite;
	s->zero += finite & (v == 0.0f);
}

/* Fold four lanes into a part. */
EM_INLINE void
fold(part *p, const lanes *s)
{
	p->d += EM_SUM4(s->d);
	p->q += EM_SUM4(s->q);
	p->sum_abs += EM_SUM4(s->a);
	p->n -= EM_SUM4(s->n);
	p->not_finite -= EM_SUM4(s->bad);
	p->zeros -= EM_SUM4(s->zero);
	for (int j = 0; j < 4; j++)
	{
		p->lo = s->lo[j] < p->lo ? s->lo[j] : p->lo;
		p->hi = s->hi[j] > p->hi ? s->hi[j] : p->hi;
	}
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
	const em_vf4 p = {pivot, pivot, pivot, pivot};
	lanes		even = {.lo = p, .hi = p};
	lanes		odd = {.lo = p, .hi = p};

	for (int64_t r = first; r < end; r++)
	{
		const float *row = em_volume_row(j->v, r % j->rows.ny, r / j->rows.ny);
		const uint64_t *mask = mask_words(j->outside, r);

		for (int64_t w = 0; 64 * w < nx; w++)
		{
			uint64_t	bits = wanted(mask, w, nx);

			for (const float *voxel = row + 64 * w; bits != 0; bits >>= 8, voxel += 8)
			{
				add4(&even, voxel, bits, pivot);
				add4(&odd, voxel + 4, bits >> 4, pivot);
			}
		}
	}
	fold(out, &even);
	fold(out, &odd);
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
