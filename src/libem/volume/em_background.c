/*
 * src/libem/volume/em_background.c
 *		What lies outside a mask: outliers, and means of whole cubes.
 */
#include "core/em_par.h"
#include "volume/em_density.h"
#include "volume/em_rows.h"
#include "volume/em_vec.h"

#include <string.h>

typedef struct outlier_job
{
	const em_volume *v;
	const em_mask *m;
	em_rows		rows;
	double		centre;
	double		limit;
	int64_t    *count;			/* one a block */
} outlier_job;

/* Subtract 1 in each lane whose voxel is asked for and lies beyond the limit. */
EM_INLINE void
count_beyond(em_vl4 *count, const float *voxel, uint64_t bits, double centre, double limit)
{
	const em_vi4 lanes = EM_LANES(bits & 15);
	const em_vl4 select = {lanes[0], lanes[1], lanes[2], lanes[3]};
	const em_vf4 v = *(const em_vf4_mem *) voxel;
	const em_vd4 d = EM_WIDEN(v) - centre;

	*count += select & ((d > limit) | (d < -limit));
}

/* Item: count in one block of rows. */
EM_HOT static em_status
outlier_task(void *arg, int64_t item, int worker)
{
	outlier_job *j = arg;
	const int64_t nx = j->m->n[0];
	const int64_t end = em_rows_first(&j->rows, item + 1);
	const uint64_t last = nx % 64 == 0 ? ~UINT64_C(0) : (UINT64_C(1) << nx % 64) - 1;
	em_vl4		even = {0};
	em_vl4		odd = {0};

	(void) worker;
	for (int64_t r = em_rows_first(&j->rows, item); r < end; r++)
	{
		const float *row = em_volume_row(j->v, r % j->rows.ny, r / j->rows.ny);
		const uint64_t *mask = j->m->bits + r * j->m->words;

		for (int64_t w = 0; w < j->m->words; w++)
		{
			uint64_t	bits = ~mask[w] & (w + 1 == j->m->words ? last : ~UINT64_C(0));

			for (const float *voxel = row + 64 * w; bits != 0; bits >>= 8, voxel += 8)
			{
				count_beyond(&even, voxel, bits, j->centre, j->limit);
				count_beyond(&odd, voxel + 4, bits >> 4, j->centre, j->limit);
			}
		}
	}
	j->count[item] = -(EM_SUM4(even) + EM_SUM4(odd));
	return EM_OK;
}

em_status
em_count_outliers(em_ctx *ctx, const em_volume *v, const em_mask *m, double centre, double limit,
				  int64_t *out)
{
	outlier_job j = {.v = v, .m = m, .rows = em_rows_cut(m->n, EM_BLOCK_VOXELS),
	.centre = centre, .limit = limit};
	em_status	status;

	*out = 0;
	EM_TRY(em_mask_fits(ctx, v, m));
	j.count = em_alloc(ctx, (uint64_t) j.rows.blocks, sizeof(int64_t), "outliers");
	if (j.count == NULL)
		return em_ctx_status(ctx);
	status = em_parallel(ctx, "outliers", j.rows.blocks, outlier_task, &j);
	for (int64_t i = 0; status == EM_OK && i < j.rows.blocks; i++)
		*out += j.count[i];
	em_free(ctx, j.count);
	return status;
}

typedef struct cube_job
{
	const em_volume *v;
	const em_mask *m;
	int64_t		edge;
	int64_t		cubes[3];		/* cubes along each axis */
	double	   *column;			/* scratch: sums over y and z for each x, one row for each worker */
	uint64_t   *seen;			/* scratch: mask words of the rows so far, for each worker */
	int64_t		wide;			/* doubles of a worker's scratch */
	em_cube_means *part;		/* one a rod of cubes along x */
} cube_job;

/* Add one more mean, or one more part, to a part (Chan, Golub & LeVeque 1983). */
static void
add_means(em_cube_means *to, int64_t n, double mean, double m2)
{
	const double total = (double) (to->n + n);
	const double delta = mean - to->mean;

	if (n == 0)
		return;
	to->m2 += m2 + delta * delta * ((double) to->n * (double) n / total);
	to->mean = to->n == 0 ? mean : to->mean + delta * ((double) n / total);
	to->n += n;
}

/* Sum the rows of one rod of cubes over y and z, and the mask's words with them. */
EM_HOT static void
sum_rod(const cube_job *j, int64_t y0, int64_t z0, double *column, uint64_t *seen)
{
	for (int64_t z = z0; z < z0 + j->edge; z++)
		for (int64_t y = y0; y < y0 + j->edge; y++)
		{
			const float *row = em_volume_row(j->v, y, z);
			const uint64_t *mask = em_mask_row(j->m, y, z);

			for (int64_t w = 0; w < j->m->words; w++)
				seen[w] |= mask[w];
			for (int64_t x = 0; x < j->m->n[0]; x += 4)
			{
				const em_vf4 v = *(const em_vf4_mem *) (row + x);

				*(em_vd4 *) (column + x) += EM_WIDEN(v);
			}
		}
}

/* Item: one rod of cubes along x. */
static em_status
cube_task(void *arg, int64_t item, int worker)
{
	cube_job   *j = arg;
	double	   *column = j->column + worker * j->wide;
	uint64_t   *seen = j->seen + worker * j->m->words;
	const double voxels = (double) (j->edge * j->edge * j->edge);

	memset(column, 0, (size_t) j->wide * sizeof(double));
	memset(seen, 0, (size_t) j->m->words * sizeof(uint64_t));
	sum_rod(j, item % j->cubes[1] * j->edge, item / j->cubes[1] * j->edge, column, seen);
	for (int64_t c = 0; c < j->cubes[0]; c++)
	{
		double		sum = 0;
		bool		touched = false;

		for (int64_t x = c * j->edge; x < (c + 1) * j->edge; x++)
		{
			sum += column[x];
			touched = touched || (seen[x >> 6] >> (x & 63) & 1);
		}
		if (!touched)
			add_means(&j->part[item], 1, sum / voxels, 0);
	}
	return EM_OK;
}

em_status
em_cube_means_outside(em_ctx *ctx, const em_volume *v, const em_mask *m, int64_t edge,
					  em_cube_means *out)
{
	cube_job	j = {.v = v, .m = m, .edge = edge};
	const uint64_t workers = (uint64_t) em_parallel_workers(ctx);
	int64_t		rods;
	em_status	status = EM_OK;

	*out = (em_cube_means) {0};
	EM_TRY(em_mask_fits(ctx, v, m));
	if (edge < 1 || edge > 1024)
		return em_fail(ctx, EM_BAD_ARGUMENT, "the edge of the cubes is %lld voxels, outside 1 to 1024",
					   (long long) edge);
	for (int k = 0; k < 3; k++)
		j.cubes[k] = m->n[k] / edge;
	rods = j.cubes[1] * j.cubes[2];
	j.wide = (m->n[0] + 7) / 8 * 8;
	j.column = em_alloc(ctx, workers * (uint64_t) j.wide, sizeof(double), "block means");
	j.seen = j.column == NULL ? NULL :
		em_alloc(ctx, workers * (uint64_t) m->words, sizeof(uint64_t), "block means");
	j.part = j.seen == NULL ? NULL :
		em_alloc(ctx, (uint64_t) rods, sizeof(em_cube_means), "block means");
	status = j.part == NULL ? em_ctx_status(ctx) : em_parallel(ctx, "block means", rods, cube_task, &j);
	for (int64_t i = 0; status == EM_OK && i < rods; i++)
		add_means(out, j.part[i].n, j.part[i].mean, j.part[i].m2);
	em_free(ctx, j.part);
	em_free(ctx, j.seen);
	em_free(ctx, j.column);
	return status;
}
