/*
 * src/libem/volume/em_mask.c
 *		Binary masks: creation, threshold, counting, bounds.
 */
#include "core/em_par.h"
#include "volume/em_density.h"
#include "volume/em_rows.h"
#include "volume/em_vec.h"

#include <math.h>
#include <string.h>

/* 64-bit words a row. */
static int64_t
row_words(const int64_t n[3])
{
	return (n[0] + 63) / 64;
}

uint64_t
em_mask_bytes(const int64_t n[3])
{
	return (uint64_t) row_words(n) * (uint64_t) n[1] * (uint64_t) n[2] * sizeof(uint64_t);
}

em_status
em_mask_create(em_ctx *ctx, const int64_t n[3], const char *what, em_mask **out)
{
	em_mask    *m;

	*out = NULL;
	for (int j = 0; j < 3; j++)
		if (n[j] < 1 || n[j] > 65535)
			return em_fail(ctx, EM_BAD_ARGUMENT, "%s has %lld voxels along %c, outside 1 to 65535",
						   what, (long long) n[j], "xyz"[j]);
	m = em_alloc(ctx, 1, sizeof(em_mask), what);
	if (m == NULL)
		return em_ctx_status(ctx);
	memcpy(m->n, n, sizeof(m->n));
	m->words = row_words(n);
	m->bits = em_alloc(ctx, em_mask_bytes(n), 1, what);
	if (m->bits == NULL)
	{
		em_free(ctx, m);
		return em_ctx_status(ctx);
	}
	*out = m;
	return EM_OK;
}

void
em_mask_destroy(em_ctx *ctx, em_mask *m)
{
	if (m == NULL)
		return;
	em_free(ctx, m->bits);
	em_free(ctx, m);
}

em_status
em_mask_fits(em_ctx *ctx, const em_volume *v, const em_mask *m)
{
	if (memcmp(v->grid.n, m->n, sizeof(m->n)) == 0)
		return EM_OK;
	em_fail(ctx, EM_MISMATCH, "the mask and the map have different boxes");
	em_fail_detail(ctx, "They have %lldx%lldx%lld and %lldx%lldx%lld voxels.",
				   (long long) m->n[0], (long long) m->n[1], (long long) m->n[2],
				   (long long) v->grid.n[0], (long long) v->grid.n[1], (long long) v->grid.n[2]);
	return EM_MISMATCH;
}

/* Work shared by the loops of this file: what each block of rows found. */
typedef struct job
{
	const em_volume *v;
	em_mask    *m;
	em_rows		rows;
	float		threshold;
	int64_t    *count;			/* bits set, one a block */
} job;

/* Bits set in a stretch of words. */
EM_HOT static int64_t
count_bits(const uint64_t *bits, int64_t words)
{
	int64_t		n = 0;

	for (int64_t i = 0; i < words; i++)
		n += __builtin_popcountll(bits[i]);
	return n;
}

/* Item: count the bits of one block of rows. */
static em_status
count_task(void *arg, int64_t item, int worker)
{
	job		   *j = arg;
	const int64_t first = em_rows_first(&j->rows, item);
	const int64_t end = em_rows_first(&j->rows, item + 1);

	(void) worker;
	j->count[item] = count_bits(j->m->bits + first * j->m->words, (end - first) * j->m->words);
	return EM_OK;
}

/* Run a loop whose items leave their counts, and store the sum in the mask. */
static em_status
run_counting(em_ctx *ctx, const char *phase, em_task_fn task, job *j)
{
	em_status	status;

	j->count = em_alloc(ctx, (uint64_t) j->rows.blocks, sizeof(int64_t), "mask counts");
	if (j->count == NULL)
		return em_ctx_status(ctx);
	status = em_parallel(ctx, phase, j->rows.blocks, task, j);
	if (status == EM_OK)
	{
		j->m->count = 0;
		for (int64_t i = 0; i < j->rows.blocks; i++)
			j->m->count += j->count[i];
	}
	em_free(ctx, j->count);
	return status;
}

em_status
em_mask_recount(em_ctx *ctx, em_mask *m)
{
	job			j = {.m = m, .rows = em_rows_cut(m->n, EM_BLOCK_BITS)};

	return run_counting(ctx, NULL, count_task, &j);
}

/*
 * The smallest float f with f >= threshold: v >= f in float is then the same
 * as v >= threshold in double.  NaN stays NaN, which no voxel reaches.
 */
static float
float_at_least(double threshold)
{
	float		f = (float) threshold;

	return f < threshold ? nextafterf(f, INFINITY) : f;
}

/* Bits of the 16 voxels from `voxel` on that reach the threshold. */
EM_INLINE uint64_t
compare16(const float *voxel, float threshold)
{
	const em_vf4 t = {threshold, threshold, threshold, threshold};
	const em_vi4 bit = {1, 2, 4, 8};
	em_vi4		all = {0, 0, 0, 0};

	for (int q = 0; q < 4; q++)
		all |= (*(const em_vf4_mem *) (voxel + 4 * q) >= t) & (bit << (4 * q));
	return (uint64_t) (uint32_t) (all[0] | all[1] | all[2] | all[3]);
}

/* Item: threshold one block of rows; rows are padded to 16 floats and more. */
EM_HOT static em_status
threshold_task(void *arg, int64_t item, int worker)
{
	job		   *j = arg;
	const int64_t nx = j->m->n[0];
	const int64_t end = em_rows_first(&j->rows, item + 1);
	const uint64_t last = nx % 64 == 0 ? ~UINT64_C(0) : (UINT64_C(1) << nx % 64) - 1;
	int64_t		count = 0;

	(void) worker;
	for (int64_t r = em_rows_first(&j->rows, item); r < end; r++)
	{
		const float *row = em_volume_row(j->v, r % j->rows.ny, r / j->rows.ny);
		uint64_t   *bits = j->m->bits + r * j->m->words;

		for (int64_t w = 0; w < j->m->words; w++)
		{
			int64_t		left = nx - 64 * w;
			uint64_t	word = 0;

			for (int64_t x = 0; x < 64 && x < left; x += 16)
				word |= compare16(row + 64 * w + x, j->threshold) << x;
			bits[w] = left < 64 ? word & last : word;
			count += __builtin_popcountll(bits[w]);
		}
	}
	j->count[item] = count;
	return EM_OK;
}

em_status
em_mask_threshold(em_ctx *ctx, const em_volume *v, double threshold, em_mask **out)
{
	job			j = {.v = v, .rows = em_rows_cut(v->grid.n, EM_BLOCK_VOXELS)};
	em_status	status;

	EM_TRY(em_mask_create(ctx, v->grid.n, "raw mask", out));
	j.m = *out;
	j.threshold = float_at_least(threshold);
	status = run_counting(ctx, "threshold", threshold_task, &j);
	if (status != EM_OK)
	{
		em_mask_destroy(ctx, *out);
		*out = NULL;
	}
	return status;
}

EM_HOT int64_t
em_mask_overlap(const em_mask *a, const em_mask *b)
{
	const int64_t words = a->words * a->n[1] * a->n[2];
	int64_t		n = 0;

	if (memcmp(a->n, b->n, sizeof(a->n)) != 0)
		return 0;
	for (int64_t i = 0; i < words; i++)
		n += __builtin_popcountll(a->bits[i] & b->bits[i]);
	return n;
}

/* The bounds found so far: first[j] > last[j] when nothing was. */
typedef struct bounds
{
	int64_t		first[3];
	int64_t		last[3];
} bounds;

typedef struct bounds_job
{
	const em_mask *m;
	em_rows		rows;
	bounds	   *found;			/* one a block */
} bounds_job;

/* Let the bounds along an axis include first..last. */
EM_INLINE void
widen(bounds *b, int axis, int64_t first, int64_t last)
{
	if (first < b->first[axis])
		b->first[axis] = first;
	if (last > b->last[axis])
		b->last[axis] = last;
}

/* Item: bounds of one block of rows. */
static em_status
bounds_task(void *arg, int64_t item, int worker)
{
	bounds_job *j = arg;
	const int64_t words = j->m->words;
	const int64_t end = em_rows_first(&j->rows, item + 1);
	bounds		b = {{INT64_MAX, INT64_MAX, INT64_MAX}, {-1, -1, -1}};

	(void) worker;
	for (int64_t r = em_rows_first(&j->rows, item); r < end; r++)
	{
		const uint64_t *bits = j->m->bits + r * words;
		int64_t		low = 0;
		int64_t		high = words - 1;

		while (low < words && bits[low] == 0)
			low++;
		if (low == words)
			continue;
		while (bits[high] == 0)
			high--;
		widen(&b, 0, 64 * low + __builtin_ctzll(bits[low]),
			  64 * high + 63 - __builtin_clzll(bits[high]));
		widen(&b, 1, r % j->rows.ny, r % j->rows.ny);
		widen(&b, 2, r / j->rows.ny, r / j->rows.ny);
	}
	j->found[item] = b;
	return EM_OK;
}

em_status
em_mask_bounds(em_ctx *ctx, const em_mask *m, int64_t first[3], int64_t last[3])
{
	bounds_job	j = {.m = m, .rows = em_rows_cut(m->n, EM_BLOCK_BITS)};
	bounds		all = {{INT64_MAX, INT64_MAX, INT64_MAX}, {-1, -1, -1}};
	em_status	status;

	j.found = em_alloc(ctx, (uint64_t) j.rows.blocks, sizeof(bounds), "mask bounds");
	if (j.found == NULL)
		return em_ctx_status(ctx);
	status = em_parallel(ctx, NULL, j.rows.blocks, bounds_task, &j);
	if (status == EM_OK)
	{
		for (int64_t i = 0; i < j.rows.blocks; i++)
			for (int k = 0; k < 3; k++)
				widen(&all, k, j.found[i].first[k], j.found[i].last[k]);
		for (int k = 0; k < 3; k++)
		{
			first[k] = all.last[k] < 0 ? -1 : all.first[k];
			last[k] = all.last[k];
		}
	}
	em_free(ctx, j.found);
	return status;
}
