/*
 * src/libem/checks/em_resized.c
 *		Resampling at half the reported resolution, and the common measures.
 */
#include "checks/em_resized.h"

#include <math.h>
#include <string.h>

#include "core/em_quantile.h"
#include "fourier/em_crop.h"
#include "fourier/em_fft.h"

#define MASK_RADIUS 2.0			/* Å */
#define EDGE_MIN 8				/* voxels of the resized map */
#define EDGE_SMOOTH 96			/* from here on edges are chosen that transform fast */

/* The resolution that is used: voxels hold nothing finer than twice their size. */
static double
usable_resolution(const em_grid *grid, double resolution)
{
	for (int j = 0; j < 3; j++)
		resolution = fmax(resolution, 2 * grid->voxel[j]);
	return resolution;
}

int64_t
em_resized_edge(int64_t n, int64_t most)
{
	if (n < EDGE_SMOOTH)
		return n;
	for (int64_t m = n; m <= n + n / 32 && m <= most; m += 2)
		if (em_fft_is_smooth(m, 13))
			return m;
	return n;
}

/*
 * Even numbers of voxels of half the resolution, long ones a little more where that transforms faster (3 %
 * at most, and never beyond the map's own number); false when an edge is too short.
 */
static bool
resized_edges(const em_grid *grid, double resolution, int64_t n[3])
{
	bool		enough = true;

	for (int j = 0; j < 3; j++)
	{
		/* A little more than the quotient, so that rounding does not cost two voxels. */
		n[j] = em_resized_edge(2 * (int64_t) floor((double) grid->n[j] * grid->voxel[j] / resolution * (1 + 1e-9)),
							   grid->n[j]);
		enough = enough && n[j] >= EDGE_MIN;
	}
	return enough;
}

/* The hard mask of the resized map; *mask is NULL when nothing reaches the contour. */
static em_status
resized_mask(em_ctx *ctx, const em_volume *map, double contour, em_mask **mask)
{
	em_mask    *raw;
	em_components *c;
	em_status	status;

	*mask = NULL;
	EM_TRY(em_mask_threshold(ctx, map, contour, &raw));
	status = em_components_find(ctx, raw, &c);
	em_mask_destroy(ctx, raw);
	if (status != EM_OK)
		return status;
	if (c->count > 0)
		status = em_mask_dilate_grid(ctx, c->largest, &map->grid, MASK_RADIUS, mask);
	em_components_destroy(ctx, c);
	return status;
}

/* Spectrum and mask; what was made is freed by the caller. */
static em_status
resize(em_workbench *wb, const int64_t n[3], em_resized *r)
{
	em_ctx	   *ctx = em_workbench_ctx(wb);
	em_volume  *full;
	em_volume  *map = NULL;
	em_grid		grid = em_crop_grid(em_workbench_grid(wb, EM_ROLE_MAP), n);
	em_status	status;

	EM_TRY(em_workbench_take_spectrum(wb, EM_ROLE_MAP, &full));
	em_workbench_make_room(wb, em_volume_bytes(&grid));
	status = em_crop_spectrum(ctx, full, n, "the resized map", &r->spectrum);
	em_volume_destroy(ctx, full);
	em_workbench_make_room(wb, em_volume_bytes(&grid) + em_components_bytes(n) + 3 * em_mask_bytes(n));
	if (status == EM_OK)
		status = em_volume_copy(ctx, r->spectrum, "the resized map", &map);
	if (status == EM_OK)
		status = em_fft_inverse(ctx, map);
	if (status == EM_OK)
		status = resized_mask(ctx, map, em_workbench_contour(wb), &r->mask);
	em_volume_destroy(ctx, map);
	return status;
}

/* Percentiles and what else every local measure has. */
static em_status
store_common(em_results *out, const em_resized *r, const em_local_bands *b, const char *unit)
{
	em_summary	s;

	EM_TRY(em_summarize(out->ctx, b->volume, r->mask, &s));
	EM_TRY(em_results_measure(out, "p2_5", s.p2_5, unit));
	EM_TRY(em_results_measure(out, "p25", s.p25, unit));
	EM_TRY(em_results_measure(out, "p50", s.p50, unit));
	EM_TRY(em_results_measure(out, "p75", s.p75, unit));
	EM_TRY(em_results_measure(out, "p97_5", s.p97_5, unit));
	EM_TRY(em_results_measure(out, "mean", s.mean, unit));
	EM_TRY(em_results_measure(out, "n", (double) s.n, "voxels"));
	EM_TRY(em_results_measure(out, "spread", s.p97_5 - s.p2_5, unit));
	EM_TRY(em_results_local(out, b->volume, r->mask));
	return em_results_measure(out, "bands", b->bands, "");
}

/* Run the method with bands of this width. */
static em_status
run_method(em_workbench *wb, em_ctx *ctx, const em_resized *r, em_bands_fn method, double sigma, em_local_bands *b)
{
	em_workbench_make_room(wb, em_local_bands_bytes(ctx, &r->spectrum->grid));
	return method(ctx, r->spectrum, r->mask, r->resolution, sigma, b);
}

/* Hand the volume over when it is wanted and all went well, else free it. */
static em_status
hand_over(em_results *out, em_status status, em_local_bands *b)
{
	if (status == EM_OK && out->want_volume)
		em_results_volume(out, b->volume);
	else
		em_volume_destroy(out->ctx, b->volume);
	return status;
}

/* The method with VRS's bands, whose figures are the check's. */
static em_status
measure_vrs(em_workbench *wb, em_results *out, const em_resized *r, const char *unit, em_bands_fn method,
			em_bands_store_fn store)
{
	em_local_bands b;
	em_status	status = run_method(wb, out->ctx, r, method, em_local_sigma(&r->spectrum->grid), &b);

	if (status == EM_NOT_MEASURABLE)
		return em_results_state(out, EM_FAILED, b.reason_code, "%s", em_ctx_message(out->ctx));
	if (status != EM_OK)
		return status;
	status = store_common(out, r, &b, unit);
	if (status == EM_OK)
		status = store(out, r, &b);
	return hand_over(out, status, &b);
}

/* The method with bands of a given width. */
static em_status
measure_local(em_workbench *wb, em_results *out, const em_resized *r, const char *unit, em_bands_fn method,
			  double sigma)
{
	static const double half = 0.5;
	em_local_bands b;
	double		median;
	int64_t		n;
	em_status	status;

	if (out->volume != NULL)
	{
		em_volume_destroy(out->ctx, out->volume);
		out->volume = NULL;
	}
	EM_TRY(run_method(wb, out->ctx, r, method, sigma, &b));
	status = em_quantiles(out->ctx, b.volume, r->mask, EM_RANK_LINEAR, &half, 1, &median, &n);
	if (status == EM_OK)
		status = em_results_measure(out, "p50_local", median, unit);
	return hand_over(out, status, &b);
}

/* Everything once there is a resized map. */
static em_status
measure(em_workbench *wb, em_results *out, const em_resized *r, const char *unit, em_bands_fn method,
		em_bands_store_fn store)
{
	const double sigma = em_workbench_param(wb, "sigma_f", NAN);

	if (r->mask == NULL)
		return em_results_state(out, EM_FAILED, "empty_mask",
								"no voxel of the resized map reaches the contour level %g", em_workbench_contour(wb));
	EM_TRY(em_results_measure(out, "resolution_used", r->resolution, "Å"));
	EM_TRY(measure_vrs(wb, out, r, unit, method, store));
	if (!isnan(sigma) && out->state == EM_MEASURED)
		EM_TRY(measure_local(wb, out, r, unit, method, sigma));
	return EM_OK;
}

/* Does the method apply to what is reported?  If not, the results say why. */
static em_status
ready_to_measure(em_workbench *wb, em_results *out, bool *ready)
{
	const double resolution = em_workbench_resolution(wb);

	*ready = false;
	if (!(resolution > 0) || !isfinite(resolution))
		return em_results_state(out, EM_NOT_APPLICABLE, "no_resolution", "no resolution is reported");
	EM_TRY(em_results_measure(out, "reported_resolution", resolution, "Å"));
	if (resolution >= EM_LOCAL_WORST)
		return em_results_state(out, EM_NOT_APPLICABLE, "resolution_too_low",
								"the method does not apply to maps with a resolution of %g Å or worse",
								EM_LOCAL_WORST);
	return em_level0_ready(wb, out, true, ready);
}

em_status
em_resized_run(em_workbench *wb, em_results *out, const char *unit, em_bands_fn method, em_bands_store_fn store)
{
	const em_grid *grid = em_workbench_grid(wb, EM_ROLE_MAP);
	em_resized	r = {0};
	int64_t		n[3];
	em_status	status;
	bool		ready;

	EM_TRY(ready_to_measure(wb, out, &ready));
	em_workbench_unpin(wb);
	if (!ready)
		return EM_OK;
	if (em_grid_check(out->ctx, grid, em_role_name(EM_ROLE_MAP)) != EM_OK)
		return em_results_state(out, EM_FAILED, "bad_grid", "%s", em_ctx_message(out->ctx));
	r.resolution = usable_resolution(grid, em_workbench_resolution(wb));
	if (r.resolution >= EM_LOCAL_WORST || !resized_edges(grid, r.resolution, n))
		return em_results_state(out, EM_FAILED, "box_too_small", "the box holds too few voxels of %.2f Å",
								r.resolution / 2);
	status = resize(wb, n, &r);
	if (status == EM_OK)
		status = measure(wb, out, &r, unit, method, store);
	em_mask_destroy(out->ctx, r.mask);
	em_volume_destroy(out->ctx, r.spectrum);
	return status;
}

/* The map and its spectrum resized, or the resized one with its mask and bands. */
uint64_t
em_resized_estimate(const em_workbench *wb)
{
	const em_ctx *ctx = em_workbench_ctx(wb);
	const em_grid *grid = em_workbench_grid(wb, EM_ROLE_MAP);
	const double reported = em_workbench_resolution(wb);
	const uint64_t full = em_level0_estimate_map(wb);
	em_grid		small;
	uint64_t	spectrum;
	uint64_t	resizing;
	uint64_t	masking;
	uint64_t	measuring;
	int64_t		n[3];

	if (full == 0 || !(reported > 0 && reported < EM_LOCAL_WORST) || !(grid->voxel[0] > 0) ||
		!resized_edges(grid, usable_resolution(grid, reported), n))
		return full;
	small = em_crop_grid(grid, n);
	spectrum = em_volume_bytes(&small);
	resizing = full + spectrum + em_fft_scratch_bytes(ctx, grid);
	masking = 2 * spectrum + 4 * em_mask_bytes(n) + em_components_bytes(n) + em_fft_scratch_bytes(ctx, &small);
	measuring = spectrum + em_mask_bytes(n) + em_local_bands_bytes(ctx, &small);
	resizing = resizing > masking ? resizing : masking;
	return (resizing > measuring ? resizing : measuring) + ((uint64_t) 1 << 20);
}
