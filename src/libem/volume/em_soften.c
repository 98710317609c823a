/*
 * src/libem/volume/em_soften.c
 *		Soft masks: a mask smoothed by a Gaussian in real space.
 *
 * Three passes, one an axis.  Along y and z a pass works in place and keeps the
 * rows it has overwritten and still needs in a ring.  Sums are in double and
 * the kernel adds up to 1, so a voxel far inside the mask is exactly 1.  Rows
 * that see nothing of the mask are skipped.
 */
#include "core/em_par.h"
#include "volume/em_mask.h"
#include "volume/em_rows.h"
#include "volume/em_vec.h"

#include <math.h>
#include <string.h>

#define CUT 4.5					/* standard deviations kept */

typedef struct job
{
	const em_mask *m;
	em_volume  *v;
	em_rows		rows;
	int64_t		side;			/* taps on one side of the middle */
	double	   *tap;			/* tap[0] is the middle */
	float	   *scratch;		/* for each worker: side+1 rows, or one with `side` zeros at both ends */
	int64_t		stride;			/* floats of a worker's scratch */
	const float **source;		/* for each worker: side+1 rows before, side+1 rows behind */
	const float *zero;			/* a row of zeros */
	uint8_t    *used;			/* rows with voxels of the mask */
	uint8_t    *near;			/* rows within `side` along y of such rows */
} job;

/*
 * out[x] = tap[0]*before[0][x] + sum of tap[k]*(before[k][x] + behind[k][x]);
 * two neighbours are added in float, the products in double.  All rows may be
 * read and written up to the next multiple of eight voxels.
 */
EM_INLINE void
filter(float *out, int64_t nx, int64_t side, const double *tap, const float *const *before,
	   const float *const *behind)
{
	for (int64_t x = 0; x < nx; x += 8)
	{
		em_vf4		u = *(const em_vf4_mem *) (before[0] + x);
		em_vf4		v = *(const em_vf4_mem *) (before[0] + x + 4);
		em_vd4		s = tap[0] * EM_WIDEN(u);
		em_vd4		t = tap[0] * EM_WIDEN(v);

		for (int64_t k = 1; k <= side; k++)
		{
			u = *(const em_vf4_mem *) (before[k] + x) + *(const em_vf4_mem *) (behind[k] + x);
			v = *(const em_vf4_mem *) (before[k] + x + 4) + *(const em_vf4_mem *) (behind[k] + x + 4);
			s += tap[k] * EM_WIDEN(u);
			t += tap[k] * EM_WIDEN(v);
		}
		*(em_vf4_mem *) (out + x) = EM_NARROW(s);
		*(em_vf4_mem *) (out + x + 4) = EM_NARROW(t);
	}
}

/* Item: along x, from the bits of one block of rows. */
EM_HOT static em_status
x_task(void *arg, int64_t item, int worker)
{
	job		   *j = arg;
	const int64_t nx = j->m->n[0];
	const int64_t end = em_rows_first(&j->rows, item + 1);
	const em_vi4 one = {0x3f800000, 0x3f800000, 0x3f800000, 0x3f800000};	/* 1.0f */
	float	   *in = j->scratch + worker * j->stride + j->side;
	const float **before = j->source + worker * 2 * (j->side + 1);
	const float **behind = before + j->side + 1;

	for (int64_t k = 0; k <= j->side; k++)
	{
		before[k] = in - k;
		behind[k] = in + k;
	}
	for (int64_t r = em_rows_first(&j->rows, item); r < end; r++)
	{
		const uint64_t *bits = j->m->bits + r * j->m->words;
		uint64_t	any = 0;

		for (int64_t w = 0; w < j->m->words; w++)
			any |= bits[w];
		j->used[r] = any != 0;
		if (any == 0)
			continue;
		for (int64_t x = 0; x < nx; x += 4)
			*(em_vf4_mem *) (in + x) = (em_vf4) (EM_LANES(bits[x >> 6] >> (x & 63) & 15) & one);
		filter(em_volume_row(j->v, r % j->rows.ny, r / j->rows.ny), nx, j->side, j->tap, before, behind);
	}
	return EM_OK;
}

/*
 * Filter n rows in place; row i lies at data + i*step and is all zero, and not
 * to be looked at, unless used[i*used_step].  `near`, if not NULL, tells which
 * rows hold something afterwards.
 */
EM_INLINE void
filter_rows(const job *j, int worker, float *data, int64_t n, int64_t step, const uint8_t *used,
			int64_t used_step, uint8_t *near)
{
	const int64_t ring_rows = j->side + 1;
	float	   *ring = j->scratch + worker * j->stride;
	const float **before = j->source + worker * 2 * ring_rows;
	const float **behind = before + ring_rows;
	int64_t		in_sight = 0;	/* used rows within `side` of row i */

	for (int64_t i = 0; i < j->side && i < n; i++)
		in_sight += used[i * used_step];
	for (int64_t i = 0; i < n; i++)
	{
		if (i + j->side < n)
			in_sight += used[(i + j->side) * used_step];
		if (i > j->side)
			in_sight -= used[(i - j->side - 1) * used_step];
		if (near != NULL)
			near[i] = in_sight > 0;
		if (used[i * used_step])
			memcpy(ring + i % ring_rows * j->v->row, data + i * step, (size_t) j->v->row * sizeof(float));
		if (in_sight == 0)
			continue;
		for (int64_t k = 0; k <= j->side; k++)
		{
			before[k] = i >= k && used[(i - k) * used_step] ?
				ring + (i - k) % ring_rows * j->v->row : j->zero;
			behind[k] = i + k < n && used[(i + k) * used_step] ? data + (i + k) * step : j->zero;
		}
		filter(data + i * step, j->m->n[0], j->side, j->tap, before, behind);
	}
}

/* Item: along y in plane z. */
EM_HOT static em_status
y_task(void *arg, int64_t z, int worker)
{
	job		   *j = arg;
	const int64_t ny = j->m->n[1];

	filter_rows(j, worker, em_volume_row(j->v, 0, z), ny, j->v->row, j->used + z * ny, 1, j->near + z * ny);
	return EM_OK;
}

/* Item: along z for all rows y. */
EM_HOT static em_status
z_task(void *arg, int64_t y, int worker)
{
	job		   *j = arg;

	filter_rows(j, worker, em_volume_row(j->v, y, 0), j->m->n[2], j->v->plane, j->near + y, j->m->n[1], NULL);
	return EM_OK;
}

/* Allocate the scratch of all passes and make the kernel. */
static em_status
prepare(em_ctx *ctx, job *j, double sigma)
{
	const int64_t full = (int64_t) floor(CUT * sigma);
	const uint64_t workers = (uint64_t) em_parallel_workers(ctx);
	const uint64_t rows = (uint64_t) (j->m->n[1] * j->m->n[2]);
	double		total = 0;

	j->side = full;
	for (int k = 0; k < 3; k++)
		if (j->m->n[k] > j->stride)
			j->stride = j->m->n[k];
	if (j->side > j->stride - 1)
		j->side = j->stride - 1;	/* beyond are only zeros */
	j->stride = (j->side + 1) * j->v->row + 2 * j->side;
	j->tap = em_alloc(ctx, (uint64_t) j->side + 1, sizeof(double), "soft mask");
	j->scratch = j->tap == NULL ? NULL :
		em_alloc(ctx, workers * (uint64_t) j->stride, sizeof(float), "soft mask");
	j->source = j->scratch == NULL ? NULL :
		em_alloc(ctx, workers * 2 * (uint64_t) (j->side + 1), sizeof(float *), "soft mask");
	j->zero = j->source == NULL ? NULL :
		em_alloc(ctx, (uint64_t) j->v->row, sizeof(float), "soft mask");
	j->used = j->zero == NULL ? NULL : em_alloc(ctx, rows, 1, "soft mask");
	j->near = j->used == NULL ? NULL : em_alloc(ctx, rows, 1, "soft mask");
	if (j->near == NULL)
		return em_ctx_status(ctx);
	for (int64_t k = full; k >= 1; k--)
		total += 2 * exp(-0.5 * (double) (k * k) / (sigma * sigma));
	total += 1;
	for (int64_t k = 0; k <= j->side; k++)
		j->tap[k] = k == 0 ? 1 / total : exp(-0.5 * (double) (k * k) / (sigma * sigma)) / total;
	return EM_OK;
}

/* The three passes.  The scratch of x leaves the zeros at its ends alone. */
static em_status
smooth(em_ctx *ctx, job *j, double sigma)
{
	EM_TRY(prepare(ctx, j, sigma));
	EM_TRY(em_parallel(ctx, "soft mask", j->rows.blocks, x_task, j));
	EM_TRY(em_parallel(ctx, "soft mask", j->m->n[2], y_task, j));
	return em_parallel(ctx, "soft mask", j->m->n[1], z_task, j);
}

em_status
em_mask_soften(em_ctx *ctx, const em_mask *m, const em_grid *grid, double sigma, em_volume **out)
{
	job			j = {.m = m, .rows = em_rows_cut(m->n, EM_BLOCK_VOXELS)};
	em_status	status;

	*out = NULL;
	if (!(sigma >= 0) || sigma > 65535)
		return em_fail(ctx, EM_BAD_ARGUMENT, "the width of the soft edge is %g voxels, outside 0 to 65535",
					   sigma);
	if (memcmp(m->n, grid->n, sizeof(m->n)) != 0)
		return em_fail(ctx, EM_MISMATCH, "the mask and the grid have different boxes");
	EM_TRY(em_volume_create(ctx, grid, "soft mask", out));
	j.v = *out;
	status = smooth(ctx, &j, sigma);
	em_free(ctx, j.near);
	em_free(ctx, j.used);
	em_free(ctx, (void *) j.zero);
	em_free(ctx, j.source);
	em_free(ctx, j.scratch);
	em_free(ctx, j.tap);
	if (status != EM_OK)
	{
		em_volume_destroy(ctx, *out);
		*out = NULL;
	}
	return status;
}
