/*
 * src/libem/checks/em_local.c
 *		The mask and the measures of local resolution by half maps.
 */
#include "checks/em_local.h"

#include <math.h>

#include "checks/em_half_measures.h"
#include "checks/em_half_pair.h"
#include "core/em_quantile.h"
#include "volume/em_arith.h"

#define MASK_LEVEL 0.5			/* of a mask given: at and above it is inside */
#define MASK_RADIUS 2.0			/* Å a mask made here is dilated by */
#define BIN 0.25				/* Å */
#define BINS_MAX 1000

bool
em_local_has_mask(em_workbench *wb, em_results *out)
{
	if (em_workbench_has(wb, EM_ROLE_MASK) || isfinite(em_workbench_contour(wb)))
		return true;
	(void) em_results_state(out, EM_NOT_APPLICABLE, "no_contour", "neither a contour level nor a mask is known");
	return false;
}

em_status
em_local_ready(em_workbench *wb, em_results *out, bool *ready)
{
	*ready = false;
	if (!em_workbench_has(wb, EM_ROLE_HALF1) || !em_workbench_has(wb, EM_ROLE_HALF2))
		return em_results_state(out, EM_NOT_APPLICABLE, "no_half_maps", "the entry has no half maps");
	if (!em_local_has_mask(wb, out))
		return EM_OK;
	EM_TRY(em_half_pair_ready(wb, out, true, ready));
	if (!*ready)
		return EM_OK;
	return em_half_check_usable(wb, out, ready);
}

/* The hard mask of the mean of the half maps. */
static em_status
mask_of_mean(em_workbench *wb, em_mask **out)
{
	em_ctx	   *ctx = em_workbench_ctx(wb);
	const em_volume *half2;
	em_volume  *mean = NULL;
	em_mask    *raw = NULL;
	em_components *c = NULL;
	em_status	status;

	EM_TRY(em_workbench_take_volume(wb, EM_ROLE_HALF1, &mean));
	status = em_workbench_volume(wb, EM_ROLE_HALF2, &half2);
	if (status == EM_OK)
		status = em_volume_average(ctx, mean, half2);
	em_workbench_unpin(wb);
	if (status == EM_OK)
		status = em_mask_threshold(ctx, mean, em_workbench_contour(wb), &raw);
	em_volume_destroy(ctx, mean);
	em_workbench_make_room(wb, em_components_bytes(em_workbench_grid(wb, EM_ROLE_HALF1)->n));
	if (status == EM_OK)
		status = em_components_find(ctx, raw, &c);
	em_mask_destroy(ctx, raw);
	if (status == EM_OK && c->count == 0)
		status = em_fail(ctx, EM_NOT_MEASURABLE, "no voxel reaches the contour level %g",
						 em_workbench_contour(wb));
	if (status == EM_OK)
		status = em_mask_dilate(ctx, c->largest, em_workbench_grid(wb, EM_ROLE_HALF1)->voxel, MASK_RADIUS, out);
	em_components_destroy(ctx, c);
	return status;
}

/* A copy of the hard mask of the map. */
static em_status
copy_hard_mask(em_workbench *wb, em_mask **out)
{
	em_ctx	   *ctx = em_workbench_ctx(wb);
	const em_mask *m;

	EM_TRY(em_workbench_hard_mask(wb, &m));
	EM_TRY(em_mask_create(ctx, m->n, "a mask", out));
	for (int64_t z = 0; z < m->n[2]; z++)
		for (int64_t i = 0; i < m->words * m->n[1]; i++)
			em_mask_row(*out, 0, z)[i] = em_mask_row(m, 0, z)[i];
	(*out)->count = m->count;
	return EM_OK;
}

em_status
em_local_mask(em_workbench *wb, em_mask **out)
{
	em_ctx	   *ctx = em_workbench_ctx(wb);
	const em_volume *v;
	em_status	status;

	*out = NULL;
	if (em_workbench_has(wb, EM_ROLE_MASK))
	{
		status = em_workbench_volume(wb, EM_ROLE_MASK, &v);
		if (status == EM_OK)
			status = em_mask_threshold(ctx, v, MASK_LEVEL, out);
	}
	else if (em_workbench_has(wb, EM_ROLE_MAP))
		status = copy_hard_mask(wb, out);
	else
		status = mask_of_mean(wb, out);
	em_workbench_unpin(wb);
	if (status == EM_OK && (*out)->count == 0)
		status = em_fail(ctx, EM_NOT_MEASURABLE, "no voxel lies in the mask");
	if (status != EM_OK)
	{
		em_mask_destroy(ctx, *out);
		*out = NULL;
	}
	return status;
}

em_status
em_local_percentile(em_ctx *ctx, const em_volume *v, const em_mask *mask, double resolution, double *out)
{
	int64_t		below = 0;

	*out = NAN;
	if (!isfinite(resolution))
		return EM_OK;
	for (int64_t z = 0; z < mask->n[2]; z++)
	{
		EM_TRY(em_poll(ctx));
		for (int64_t y = 0; y < mask->n[1]; y++)
		{
			const float *row = em_volume_row(v, y, z);

			for (int64_t w = 0; w < mask->words; w++)
				for (uint64_t left = em_mask_row(mask, y, z)[w]; left != 0; left &= left - 1)
					below += row[64 * w + __builtin_ctzll(left)] < resolution;
		}
	}
	*out = 100 * (double) below / (double) mask->count;
	return EM_OK;
}

/* Bins on multiples of their width. */
static em_status
store_histogram(em_results *out, const em_volume *v, const em_mask *mask, const em_summary *s)
{
	double		width = BIN;
	double		low = width * floor(s->min / width);
	double	   *centre;
	em_status	status;
	int			bins;

	while ((s->max - low) / width >= BINS_MAX)
		width *= 2;
	bins = (int) floor((s->max - low) / width) + 1;
	centre = em_alloc(out->ctx, 2 * (uint64_t) bins, sizeof(double), "histogram");
	if (centre == NULL)
		return em_ctx_status(out->ctx);
	status = em_histogram(out->ctx, v, mask, low, low + bins * width, bins, centre, centre + bins);
	if (status == EM_OK)
		status = em_results_series(out, "histogram", bins, "resolution", centre, "Å", centre + bins, "voxels");
	em_free(out->ctx, centre);
	return status;
}

em_status
em_local_measures(em_workbench *wb, em_results *out, const em_volume *v, const em_mask *mask)
{
	const double resolution = em_workbench_resolution(wb);
	em_summary	s;
	double		percentile;

	em_workbench_make_room(wb, em_quantile_bytes(out->ctx));
	EM_TRY(em_summarize(out->ctx, v, mask, &s));
	EM_TRY(em_local_percentile(out->ctx, v, mask, resolution, &percentile));
	EM_TRY(em_results_measure(out, "p2_5", s.p2_5, "Å"));
	EM_TRY(em_results_measure(out, "p25", s.p25, "Å"));
	EM_TRY(em_results_measure(out, "p50", s.p50, "Å"));
	EM_TRY(em_results_measure(out, "p75", s.p75, "Å"));
	EM_TRY(em_results_measure(out, "p97_5", s.p97_5, "Å"));
	EM_TRY(em_results_measure(out, "mean", s.mean, "Å"));
	EM_TRY(em_results_measure(out, "n", (double) s.n, "voxels"));
	EM_TRY(em_results_measure(out, "spread", s.p97_5 - s.p2_5, "Å"));
	EM_TRY(em_results_measure(out, "reported_percentile", percentile, "%"));
	EM_TRY(em_results_measure(out, "reported_resolution", resolution, "Å"));
	EM_TRY(em_results_local(out, v, mask));
	return store_histogram(out, v, mask, &s);
}

em_status
em_local_run(em_workbench *wb, em_results *out, em_local_measure_fn measure)
{
	em_ctx	   *ctx = em_workbench_ctx(wb);
	em_mask    *mask;
	em_status	status;
	bool		ready;

	EM_TRY(em_local_ready(wb, out, &ready));
	if (!ready)
		return EM_OK;
	status = em_local_mask(wb, &mask);
	if (status == EM_NOT_MEASURABLE)
		return em_results_state(out, EM_FAILED, "empty_mask", "%s", em_ctx_message(ctx));
	if (status == EM_OK)
		status = measure(wb, out, mask);
	em_mask_destroy(ctx, mask);
	return status;
}
