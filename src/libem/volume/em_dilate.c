/*
 * src/libem/volume/em_dilate.c
 *		Dilation of masks, 64 voxels at a time.
 *
 * Euclidean: around an output row, the source row at (dy,dz) counts for all
 * voxels within a half-width w(dy,dz) along x.  The rows are taken from the
 * widest to the narrowest, and the sum so far is widened by the difference of
 * two neighbouring half-widths, so that each row is read once and no more than
 * the largest half-width is widened in all.
 */
#include "core/em_par.h"
#include "volume/em_mask.h"
#include "volume/em_rows.h"
#include "volume/em_vec.h"

#include <math.h>
#include <string.h>

#define TOLERANCE 1e-6			/* on distances: voxel sizes come from 32-bit cells */
#define WORK ((int64_t) 1 << 20)	/* words an item reads, about 1 ms */

/* One source row, as seen from the output row. */
typedef struct offset
{
	int32_t		dy;
	int32_t		dz;
	int32_t		width;			/* half-width along x, voxels */
} offset;

typedef struct job
{
	const em_mask *from;
	em_mask    *to;
	em_rows		rows;
	const offset *offsets;		/* from the widest to the narrowest */
	int64_t		n_offsets;
} job;

/* Bits of the last word of a row that are voxels. */
EM_INLINE uint64_t
last_word(int64_t nx)
{
	return nx % 64 == 0 ? ~UINT64_C(0) : (UINT64_C(1) << nx % 64) - 1;
}

/* Add to a row its copies shifted by `by` (1..63) voxels to both sides. */
EM_INLINE void
spread(uint64_t *bits, int64_t words, int by)
{
	uint64_t	before = 0;

	for (int64_t w = 0; w < words; w++)
	{
		const uint64_t here = bits[w];
		const uint64_t after = w + 1 < words ? bits[w + 1] : 0;

		bits[w] = here | here << by | before >> (64 - by) | here >> by | after << (64 - by);
		before = here;
	}
}

/*
 * Widen every run of a row by `by` voxels at both ends; bits beyond the row may
 * get set.  A step is at most one longer than what has been done: then no voxel
 * of the row owes its bit to a place beyond the ends of the words.
 */
EM_INLINE void
widen(uint64_t *bits, int64_t words, int64_t by)
{
	int64_t		done = 0;

	while (done < by)
	{
		int64_t		step = done + 1;

		if (step > by - done)
			step = by - done;
		if (step > 63)
			step = 63;
		spread(bits, words, (int) step);
		done += step;
	}
}

/* Make one output row. */
EM_INLINE void
dilate_row(const job *j, int64_t y, int64_t z, uint64_t *out)
{
	const int64_t words = j->from->words;
	int64_t		width = j->offsets[0].width;
	bool		any = false;

	for (int64_t i = 0; i < j->n_offsets; i++)
	{
		const offset *o = &j->offsets[i];
		const int64_t sy = y + o->dy;
		const int64_t sz = z + o->dz;
		const uint64_t *from;
		uint64_t	seen = 0;

		if (sy < 0 || sy >= j->from->n[1] || sz < 0 || sz >= j->from->n[2])
			continue;
		if (o->width < width)
		{
			if (any)
				widen(out, words, width - o->width);
			width = o->width;
		}
		from = em_mask_row(j->from, sy, sz);
		for (int64_t w = 0; w < words; w++)
		{
			out[w] |= from[w];
			seen |= from[w];
		}
		any = any || seen != 0;
	}
	if (any)
		widen(out, words, width);
	out[words - 1] &= last_word(j->from->n[0]);
}

/* Item: one block of output rows. */
EM_HOT static em_status
dilate_task(void *arg, int64_t item, int worker)
{
	job		   *j = arg;
	const int64_t end = em_rows_first(&j->rows, item + 1);

	(void) worker;
	for (int64_t r = em_rows_first(&j->rows, item); r < end; r++)
		dilate_row(j, r % j->rows.ny, r / j->rows.ny, j->to->bits + r * j->to->words);
	return EM_OK;
}

/* Voxels of size `voxel` that fit in a length, at most n-1. */
static int64_t
reach(double length, double voxel, int64_t n)
{
	const double most = floor(length / voxel);

	return most < (double) (n - 1) ? (int64_t) most : n - 1;
}

/* Half-width along x at an offset, or -1 beyond the radius. */
static int64_t
half_width(const em_mask *m, const double voxel[3], double radius, int64_t dy, int64_t dz)
{
	const double r = radius * (1 + TOLERANCE);
	const double ay = (double) dy * voxel[1];
	const double az = (double) dz * voxel[2];
	const double left = r * r - ay * ay - az * az;

	return left < 0 ? -1 : reach(sqrt(left), voxel[0], m->n[0]);
}

/*
 * List the source rows within the radius, from the widest to the narrowest
 * (counting sort by width).
 */
static em_status
list_offsets(em_ctx *ctx, const em_mask *m, const double voxel[3], double radius, job *j,
			 offset **out)
{
	const int64_t ry = reach(radius * (1 + TOLERANCE), voxel[1], m->n[1]);
	const int64_t rz = reach(radius * (1 + TOLERANCE), voxel[2], m->n[2]);
	int64_t    *place = em_alloc(ctx, (uint64_t) m->n[0] + 1, sizeof(int64_t), "dilation");
	int64_t		total = 0;

	*out = NULL;
	if (place == NULL)
		return em_ctx_status(ctx);
	*out = em_alloc(ctx, (uint64_t) (2 * ry + 1) * (uint64_t) (2 * rz + 1), sizeof(offset), "dilation");
	if (*out == NULL)
	{
		em_free(ctx, place);
		return em_ctx_status(ctx);
	}
	for (int64_t dz = -rz; dz <= rz; dz++)
		for (int64_t dy = -ry; dy <= ry; dy++)
		{
			const int64_t w = half_width(m, voxel, radius, dy, dz);

			if (w >= 0)
				place[w]++;
		}
	for (int64_t w = m->n[0] - 1; w >= 0; w--)
	{
		const int64_t count = place[w];

		place[w] = total;
		total += count;
	}
	for (int64_t dz = -rz; dz <= rz; dz++)
		for (int64_t dy = -ry; dy <= ry; dy++)
		{
			const int64_t w = half_width(m, voxel, radius, dy, dz);

			if (w >= 0)
				(*out)[place[w]++] = (offset) {(int32_t) dy, (int32_t) dz, (int32_t) w};
		}
	em_free(ctx, place);
	j->offsets = *out;
	j->n_offsets = total;
	return EM_OK;
}

/* Fill a new mask by dilating; count its bits. */
static em_status
run_dilation(em_ctx *ctx, job *j, em_mask **out)
{
	EM_TRY(em_mask_create(ctx, j->from->n, "dilated mask", out));
	j->to = *out;
	EM_TRY(em_parallel(ctx, "dilation", j->rows.blocks, dilate_task, j));
	return em_mask_recount(ctx, *out);
}

em_status
em_mask_dilate(em_ctx *ctx, const em_mask *m, const double voxel[3], double radius, em_mask **out)
{
	job			j = {.from = m};
	offset	   *offsets;
	em_status	status;

	*out = NULL;
	for (int k = 0; k < 3; k++)
		if (!(voxel[k] > 0) || !isfinite(voxel[k]))
			return em_fail(ctx, EM_BAD_ARGUMENT, "the voxel size along %c is %g Å, not positive",
						   "xyz"[k], voxel[k]);
	if (!(radius >= 0) || !isfinite(radius))
		return em_fail(ctx, EM_BAD_ARGUMENT, "the dilation radius is %g Å, not a distance", radius);
	EM_TRY(list_offsets(ctx, m, voxel, radius, &j, &offsets));
	j.rows = em_rows_cut(m->n, m->n[0] * (WORK / (j.n_offsets * m->words) + 1));
	status = run_dilation(ctx, &j, out);
	em_free(ctx, offsets);
	if (status != EM_OK)
	{
		em_mask_destroy(ctx, *out);
		*out = NULL;
	}
	return status;
}

/* Item: one step of the 18-neighbour dilation on one block of rows. */
EM_HOT static em_status
vrs_task(void *arg, int64_t item, int worker)
{
	job		   *j = arg;
	const em_mask *m = j->from;
	const int64_t words = m->words;
	const int64_t end = em_rows_first(&j->rows, item + 1);

	(void) worker;
	for (int64_t r = em_rows_first(&j->rows, item); r < end; r++)
	{
		const int64_t y = r % m->n[1];
		const int64_t z = r / m->n[1];
		const uint64_t *row = m->bits + r * words;
		const int64_t up = m->n[1] * words;
		uint64_t   *out = j->to->bits + r * words;

		memset(out, 0, (size_t) words * sizeof(uint64_t));
		if (m->n[0] < 3 || y < 1 || y > m->n[1] - 2 || z < 1 || z > m->n[2] - 2)
			continue;
		for (int64_t w = 0; w < words; w++)
			out[w] = row[w] | row[w - words] | row[w + words] | row[w - up] | row[w + up];
		spread(out, words, 1);
		for (int64_t w = 0; w < words; w++)
			out[w] |= row[w - up - words] | row[w - up + words] | row[w + up - words] |
				row[w + up + words];
		out[0] &= ~UINT64_C(1);
		out[(m->n[0] - 1) / 64] &= ~(UINT64_C(1) << (m->n[0] - 1) % 64);
		out[words - 1] &= last_word(m->n[0]);
	}
	return EM_OK;
}

/* k steps between two masks; *out ends as the last one written, the other is freed. */
static em_status
vrs_steps(em_ctx *ctx, const em_mask *m, int k, em_mask **out, em_mask **spare)
{
	job			j = {.rows = em_rows_cut(m->n, EM_BLOCK_BITS)};

	EM_TRY(em_mask_create(ctx, m->n, "dilated mask", out));
	if (k == 0)
		memcpy((*out)->bits, m->bits, em_mask_bytes(m->n));
	if (k > 1)
		EM_TRY(em_mask_create(ctx, m->n, "dilated mask", spare));
	for (int step = 0; step < k; step++)
	{
		em_mask    *swap = *out;

		j.from = step == 0 ? m : swap;
		j.to = step == 0 ? swap : *spare;
		EM_TRY(em_parallel(ctx, "dilation", j.rows.blocks, vrs_task, &j));
		if (step > 0)
		{
			*out = *spare;
			*spare = swap;
		}
	}
	return em_mask_recount(ctx, *out);
}

em_status
em_mask_dilate_vrs(em_ctx *ctx, const em_mask *m, int k, em_mask **out)
{
	em_mask    *spare = NULL;
	em_status	status;

	*out = NULL;
	if (k < 0)
		return em_fail(ctx, EM_BAD_ARGUMENT, "the number of dilation steps is %d, below 0", k);
	status = vrs_steps(ctx, m, k, out, &spare);
	em_mask_destroy(ctx, spare);
	if (status != EM_OK)
	{
		em_mask_destroy(ctx, *out);
		*out = NULL;
	}
	return status;
}
