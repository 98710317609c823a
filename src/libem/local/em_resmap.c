/*
 * src/libem/local/em_resmap.c
 *		ResMap: the sweep over resolutions and who gets one.
 */
#include "local/em_resmap_internal.h"

#include <math.h>
#include <string.h>

#include "core/em_par.h"
#include "core/em_quantile.h"
#include "local/em_weighted_chi2.h"
#include "volume/em_rows.h"

#define EULER 0.57721566490153286
#define BINS 4096				/* of the statistic between its plain threshold and its cap */
#define WINDOWS_MIN 8			/* for a noise variance of its own */

double
em_resmap_first(double voxel)
{
	return round(22 * voxel) / 10;
}

double
em_resmap_last(double voxel)
{
	return round(8 * voxel) / 2;
}

/* Leave out what is nearer to a face than the margin. */
static em_status
inner_mask(em_ctx *ctx, const em_mask *mask, int64_t margin, em_mask **out)
{
	const int64_t *n = mask->n;

	EM_TRY(em_mask_create(ctx, n, "the mask without its margin", out));
	for (int64_t z = margin; z < n[2] - margin; z++)
		for (int64_t y = margin; y < n[1] - margin; y++)
			for (int64_t w = 0; w < mask->words; w++)
			{
				uint64_t	keep = em_mask_row(mask, y, z)[w];

				for (int64_t b = 0; keep != 0 && b < 64; b++)
					if (64 * w + b < margin || 64 * w + b >= n[0] - margin)
						keep &= ~(UINT64_C(1) << b);
				em_mask_row(*out, y, z)[w] = keep;
			}
	return em_mask_recount(ctx, *out);
}

typedef struct assign_job
{
	em_resmap  *r;
	em_mask    *left;
	const em_volume *statistic;
	float		threshold;
	uint8_t		number;
	em_rows		rows;
	int64_t    *count;			/* by block */
} assign_job;

/* Item: a block of rows. */
static em_status
assign_block(void *arg, int64_t block, int worker)
{
	assign_job *j = arg;
	const int64_t nx = j->left->n[0];

	(void) worker;
	for (int64_t row = em_rows_first(&j->rows, block); row < em_rows_first(&j->rows, block + 1); row++)
	{
		const int64_t y = row % j->rows.ny;
		const int64_t z = row / j->rows.ny;
		const float *value = em_volume_row(j->statistic, y, z);
		uint64_t   *bits = em_mask_row(j->left, y, z);

		for (int64_t w = 0; w < j->left->words; w++)
			for (uint64_t todo = bits[w]; todo != 0; todo &= todo - 1)
			{
				const int	b = __builtin_ctzll(todo);

				if (value[64 * w + b] <= j->threshold)
					continue;
				j->r->which[row * nx + 64 * w + b] = j->number;
				bits[w] &= ~(UINT64_C(1) << b);
				j->count[block]++;
			}
	}
	return EM_OK;
}

/* Give the voxels above the threshold this scale. */
static em_status
assign(em_ctx *ctx, em_resmap *r, em_mask *left, const em_volume *statistic, em_resmap_scale *s)
{
	assign_job	j = {
		.r = r,.left = left,.statistic = statistic,.threshold = (float) s->threshold,
		.number = (uint8_t) (r->scales),.rows = em_rows_cut(left->n, EM_BLOCK_VOXELS)
	};
	em_status	status;

	if (isnan(s->threshold))
		return EM_OK;
	j.count = em_alloc(ctx, (uint64_t) j.rows.blocks, sizeof(int64_t), "assigned voxels");
	if (j.count == NULL)
		return em_ctx_status(ctx);
	status = em_parallel(ctx, "assigning resolutions", j.rows.blocks, assign_block, &j);
	for (int64_t i = 0; i < j.rows.blocks && status == EM_OK; i++)
		s->assigned += j.count[i];
	em_free(ctx, j.count);
	left->count -= s->assigned;
	r->assigned += s->assigned;
	return status;
}

/* Threshold of the false discovery rate; NaN when nothing passes. */
static em_status
find_threshold(em_ctx *ctx, const em_weighted_chi2 *law, const em_volume *statistic, const em_mask *left,
			   double p_value, double cap, double *out)
{
	const double plain = em_weighted_chi2_quantile(law, p_value);
	const double tests = (double) left->count;
	const double level = p_value / (tests * (log(tests) + EULER + 1 / (2 * tests)));
	double	   *count = em_alloc(ctx, BINS, sizeof(double), "a histogram");
	double		above = 0;
	em_status	status;

	*out = NAN;
	if (count == NULL)
		return em_ctx_status(ctx);
	status = em_histogram(ctx, statistic, left, plain, cap, BINS, NULL, count);
	for (int i = 0; i < BINS; i++)
		above += count[i];
	for (int i = 0; i < BINS && status == EM_OK && above > 0 && isnan(*out); i++)
	{
		const double at = plain + (cap - plain) * i / BINS;

		if (em_weighted_chi2_tail(law, at) <= level * above)
			*out = at;
		above -= count[i];
	}
	em_free(ctx, count);
	return status;
}

/* One resolution: noise, law, statistic, threshold, voxels. */
static em_status
measure_scale(em_ctx *ctx, em_resmap *r, const em_volume *sum, const em_volume *difference,
			  const em_mask *inner, em_mask *left, em_volume *statistic, const em_resmap_options *o, double resolution,
			  const char **reason)
{
	em_resmap_scale *s = &r->scale[r->scales];
	em_resmap_model m;
	em_weighted_chi2 *law;
	int64_t		windows;
	double		variance;
	double		cap;
	em_status	status;

	EM_TRY(em_resmap_model_init(ctx, resolution, sum->grid.voxel[0], o->window, &m));
	*s = (em_resmap_scale) {.resolution = resolution,.threshold = NAN,.tested = left->count};
	EM_TRY(em_resmap_noise(ctx, difference, inner, &m, &variance, &windows));
	if (windows == 0 && r->scales == 0)
	{
		*reason = "mask_too_small";
		return em_fail(ctx, EM_NOT_MEASURABLE, "no window of %d voxels fits into the mask", 2 * m.radius + 1);
	}
	s->variance = windows >= WINDOWS_MIN || r->scales == 0 ? variance : r->scale[r->scales - 1].variance;
	if (!(s->variance > 0) || !isfinite(1 / s->variance))
	{
		*reason = "no_noise";
		return em_fail(ctx, EM_NOT_MEASURABLE, "the half maps do not differ in the mask, so there is no noise");
	}
	r->scales++;
	EM_TRY(em_weighted_chi2_create(ctx, m.eigenvalue, m.even_rank + m.odd_rank, &law));
	cap = em_weighted_chi2_quantile(law, 1e-3 * o->p_value / ((double) left->count * 50));
	status = em_resmap_statistics(ctx, sum, left, &m, s->variance, cap, statistic);
	if (status == EM_OK)
		status = find_threshold(ctx, law, statistic, left, o->p_value, nextafterf((float) cap, INFINITY),
								&s->threshold);
	em_weighted_chi2_destroy(ctx, law);
	if (status == EM_OK)
		status = assign(ctx, r, left, statistic, s);
	return status;
}

/* All resolutions, coarser and coarser. */
static em_status
sweep(em_ctx *ctx, em_resmap *r, const em_volume *sum, const em_volume *difference, const em_mask *inner,
	  em_mask *left, em_volume *statistic, const em_resmap_options *o, const char **reason)
{
	const int64_t edge = sum->grid.n[0];
	double		resolution = em_resmap_first(sum->grid.voxel[0]);

	for (; r->scales < EM_RESMAP_SCALES && left->count > 0; resolution += o->step)
	{
		EM_TRY(measure_scale(ctx, r, sum, difference, inner, left, statistic, o, resolution, reason));
		if (resolution >= o->max_resolution)
			break;
		if (r->scale[r->scales - 1].assigned < edge && left->count < edge * edge)
			break;
		if (resolution + o->step > 2 * EM_RESMAP_RADIUS * sum->grid.voxel[0])
			break;
	}
	return EM_OK;
}

static em_status
check_options(em_ctx *ctx, const em_resmap_options *o)
{
	if (!(o->step >= 0.1 && o->step <= 100))
		return em_fail(ctx, EM_BAD_ARGUMENT, "step must be from 0.1 to 100 Å");
	if (!(o->p_value > 0 && o->p_value <= 0.5))
		return em_fail(ctx, EM_BAD_ARGUMENT, "p_value must be above 0 and at most 0.5");
	if (!(o->window >= 0.25 && o->window <= 4))
		return em_fail(ctx, EM_BAD_ARGUMENT, "window must be from 0.25 to 4");
	if (!(o->max_resolution > 0 && isfinite(o->max_resolution)))
		return em_fail(ctx, EM_BAD_ARGUMENT, "max_resolution must be greater than 0 Å");
	return EM_OK;
}

/* Everything with the inner mask made. */
static em_status
measure(em_ctx *ctx, em_resmap *r, em_volume *sum, em_volume *difference, const em_mask *inner,
		const em_resmap_options *o, const char **reason)
{
	em_volume  *statistic = NULL;
	em_mask    *left = NULL;
	em_status	status = EM_OK;

	r->mask_voxels = inner->count;
	if (inner->count == 0)
	{
		*reason = "mask_too_small";
		return em_fail(ctx, EM_NOT_MEASURABLE, "all of the mask lies within %d voxels of the faces of the box",
					   EM_RESMAP_MARGIN);
	}
	if (o->whiten)
		status = em_resmap_whiten(ctx, sum, difference, inner, &r->whitened);
	r->which = em_alloc(ctx, (uint64_t) em_grid_voxels(&sum->grid), 1, "assigned resolutions");
	if (r->which == NULL && status == EM_OK)
		status = em_ctx_status(ctx);
	if (status == EM_OK)
		status = em_volume_create(ctx, &sum->grid, "the statistic", &statistic);
	if (status == EM_OK)
		status = inner_mask(ctx, inner, 0, &left);
	if (status == EM_OK)
		status = sweep(ctx, r, sum, difference, inner, left, statistic, o, reason);
	em_mask_destroy(ctx, left);
	em_volume_destroy(ctx, statistic);
	return status;
}

em_status
em_resmap_run(em_ctx *ctx, em_volume *sum, em_volume *difference, const em_mask *mask,
			  const em_resmap_options *o, const char **reason, em_resmap **out)
{
	em_resmap  *r;
	em_mask    *inner = NULL;
	em_status	status;

	*out = NULL;
	*reason = "not_measurable";
	EM_TRY(check_options(ctx, o));
	r = em_alloc(ctx, 1, sizeof(em_resmap), "local resolution");
	if (r == NULL)
		return em_ctx_status(ctx);
	memcpy(r->n, sum->grid.n, sizeof(r->n));
	status = inner_mask(ctx, mask, EM_RESMAP_MARGIN, &inner);
	if (status == EM_OK)
		status = measure(ctx, r, sum, difference, inner, o, reason);
	em_mask_destroy(ctx, inner);
	if (status == EM_OK)
		*out = r;
	else
		em_resmap_destroy(ctx, r);
	return status;
}

void
em_resmap_destroy(em_ctx *ctx, em_resmap *r)
{
	if (r == NULL)
		return;
	em_free(ctx, r->which);
	em_free(ctx, r);
}

typedef struct copy_job
{
	const em_resmap *r;
	em_volume  *v;
	em_mask    *mask;
	float		none;
} copy_job;

/* Item: plane z as resolutions, or as a mask. */
static em_status
copy_plane(void *arg, int64_t z, int worker)
{
	copy_job   *j = arg;
	const int64_t *n = j->r->n;

	(void) worker;
	for (int64_t y = 0; y < n[1]; y++)
	{
		const uint8_t *which = j->r->which + (z * n[1] + y) * n[0];

		for (int64_t x = 0; x < n[0]; x++)
			if (j->v != NULL)
				em_volume_row(j->v, y, z)[x] = which[x] > 0 ?
					(float) j->r->scale[which[x] - 1].resolution : j->none;
			else if (which[x] > 0)
				em_mask_row(j->mask, y, z)[x >> 6] |= UINT64_C(1) << (x & 63);
	}
	return EM_OK;
}

em_status
em_resmap_volume(em_ctx *ctx, const em_resmap *r, const em_grid *grid, double none, em_volume **out)
{
	em_status	status;

	EM_TRY(em_volume_create(ctx, grid, "local resolution", out));
	status = em_parallel(ctx, NULL, r->n[2], copy_plane, &(copy_job) {.r = r,.v = *out,.none = (float) none});
	if (status != EM_OK)
	{
		em_volume_destroy(ctx, *out);
		*out = NULL;
	}
	return status;
}

em_status
em_resmap_mask(em_ctx *ctx, const em_resmap *r, em_mask **out)
{
	em_status	status;

	EM_TRY(em_mask_create(ctx, r->n, "voxels with a resolution", out));
	status = em_parallel(ctx, NULL, r->n[2], copy_plane, &(copy_job) {.r = r,.mask = *out});
	if (status == EM_OK)
		status = em_mask_recount(ctx, *out);
	if (status != EM_OK)
	{
		em_mask_destroy(ctx, *out);
		*out = NULL;
	}
	return status;
}
