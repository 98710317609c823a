/*
 * src/libem/checks/check_1d_resmap.c
 *		Check 1.d: local resolution by local sinusoid models (ResMap).
 *
 * Percentiles are those of the voxels that got a resolution; the ones ending in
 * _vrs are what VRS makes of the same volume: voxels without a value get the mean
 * of the others, the whole is smoothed with a Gaussian of 1.5 voxels, and the
 * voxels that had a value are counted.
 *
 * Parameters: max_resolution (Å; 4 times the reported resolution, or 4 voxels),
 * step (Å between resolutions; 1, more when that makes more than 20), p_value
 * (0.05), whiten (0 or 1; else boxes of more than 160 voxels, as the program), window
 * (exponent of the local fit's window: 1, as the program; 0.5, as ports to Python 3).
 */
#include "checks/em_check_list.h"

#include <math.h>

#include "checks/em_half_pair.h"
#include "checks/em_local.h"
#include "core/em_quantile.h"
#include "fourier/em_riesz.h"
#include "local/em_resmap.h"
#include "volume/em_arith.h"

#define WHITEN_EDGE 160			/* voxels */
#define STEPS 20
#define BLUR 1.5				/* voxels */

static em_resmap_options
read_options(const em_workbench *wb)
{
	const em_grid *grid = em_workbench_grid(wb, EM_ROLE_HALF1);
	const double resolution = em_workbench_resolution(wb);
	const double first = em_resmap_first(grid->voxel[0]);
	double		whiten = em_workbench_param(wb, "whiten", -1);
	em_resmap_options o;

	o.max_resolution = em_workbench_param(wb, "max_resolution", isfinite(resolution) ?
										  fmax(4 * resolution, em_resmap_last(grid->voxel[0])) :
										  em_resmap_last(grid->voxel[0]));
	o.step = em_workbench_param(wb, "step", fmax(1, (o.max_resolution - first) / STEPS));
	o.p_value = em_workbench_param(wb, "p_value", 0.05);
	o.window = em_workbench_param(wb, "window", 1);
	o.whiten = whiten < 0 ? grid->n[0] > WHITEN_EDGE : whiten > 0;
	return o;
}

/* Half sum and half difference in place of the half maps: a, b -> (a+b)/2, (a-b)/2. */
static em_status
sum_and_difference(em_ctx *ctx, em_volume *a, em_volume *b)
{
	for (int64_t z = 0; z < a->grid.n[2]; z++)
	{
		EM_TRY(em_poll(ctx));
		for (int64_t y = 0; y < a->grid.n[1]; y++)
		{
			float	   *p = em_volume_row(a, y, z);
			float	   *q = em_volume_row(b, y, z);

			for (int64_t x = 0; x < a->grid.n[0]; x++)
			{
				const float half = 0.5f * (p[x] - q[x]);

				p[x] = 0.5f * (p[x] + q[x]);
				q[x] = half;
			}
		}
	}
	return EM_OK;
}

/* Sweep; the half maps are given back. */
static em_status
sweep(em_workbench *wb, const em_mask *mask, const char **reason, em_resmap **out)
{
	em_ctx	   *ctx = em_workbench_ctx(wb);
	const em_resmap_options o = read_options(wb);
	em_volume  *v[2] = {NULL, NULL};
	em_status	status;

	em_workbench_make_room(wb, 2 * em_volume_bytes(em_workbench_grid(wb, EM_ROLE_HALF1)) + EM_LOCAL_READING);
	status = em_workbench_take_volume(wb, EM_ROLE_HALF1, &v[0]);
	em_workbench_make_room(wb, em_volume_bytes(em_workbench_grid(wb, EM_ROLE_HALF1)) + EM_LOCAL_READING);
	if (status == EM_OK)
		status = em_workbench_take_volume(wb, EM_ROLE_HALF2, &v[1]);
	if (status == EM_OK)
		status = sum_and_difference(ctx, v[0], v[1]);
	if (status == EM_OK)
	{
		em_workbench_make_room(wb, em_volume_bytes(&v[0]->grid) + em_resmap_bytes(ctx, &v[0]->grid));
		status = em_resmap_run(ctx, v[0], v[1], mask, &o, reason, out);
	}
	em_volume_destroy(ctx, v[0]);
	em_volume_destroy(ctx, v[1]);
	return status;
}

/* Weight of a Gaussian of BLUR voxels at frequency s. */
static double
blur(void *arg, double s)
{
	const double a = 2 * M_PI * BLUR * *(const double *) arg * s;

	return exp(-0.5 * a * a);
}

/* What VRS reports of the same values. */
static em_status
measure_vrs(em_workbench *wb, em_results *out, const em_resmap *r, const em_mask *assigned)
{
	em_ctx	   *ctx = em_workbench_ctx(wb);
	const em_grid *grid = em_workbench_grid(wb, EM_ROLE_HALF1);
	const double resolution = em_workbench_resolution(wb);
	double		voxel = grid->voxel[0];
	em_radial  *gauss = NULL;
	em_volume  *v = NULL;
	em_summary	s;
	double		percentile = NAN;
	em_status	status;

	em_workbench_make_room(wb, 2 * em_volume_bytes(grid));
	status = em_resmap_volume(ctx, r, grid, em_results_find(out, "mean")->value, &v);
	if (status == EM_OK)
		status = em_radial_create(ctx, grid, blur, &voxel, &gauss);
	if (status == EM_OK)
		status = em_radial_filter(ctx, v, gauss);
	em_radial_destroy(ctx, gauss);
	if (status == EM_OK)
		status = em_summarize(ctx, v, assigned, &s);
	if (status == EM_OK)
		status = em_local_percentile(ctx, v, assigned, resolution, &percentile);
	em_volume_destroy(ctx, v);
	if (status != EM_OK)
		return status;
	EM_TRY(em_results_measure(out, "p2_5_vrs", s.p2_5, "Å"));
	EM_TRY(em_results_measure(out, "p25_vrs", s.p25, "Å"));
	EM_TRY(em_results_measure(out, "p50_vrs", s.p50, "Å"));
	EM_TRY(em_results_measure(out, "p75_vrs", s.p75, "Å"));
	EM_TRY(em_results_measure(out, "p97_5_vrs", s.p97_5, "Å"));
	EM_TRY(em_results_measure(out, "mean_vrs", s.mean, "Å"));
	EM_TRY(em_results_measure(out, "spread_vrs", s.p97_5 - s.p2_5, "Å"));
	return em_results_measure(out, "reported_percentile_vrs", percentile, "%");
}

/* What each resolution tried did. */
static em_status
store_sweep(em_results *out, const em_resmap *r)
{
	double		column[4][EM_RESMAP_SCALES];

	for (int i = 0; i < r->scales; i++)
	{
		column[0][i] = r->scale[i].resolution;
		column[1][i] = (double) r->scale[i].assigned;
		column[2][i] = r->scale[i].variance;
		column[3][i] = r->scale[i].threshold;
	}
	EM_TRY(em_results_series(out, "assigned", r->scales, "resolution", column[0], "Å", column[1], "voxels"));
	EM_TRY(em_results_series(out, "noise_variance", r->scales, "resolution", column[0], "Å", column[2], ""));
	return em_results_series(out, "threshold", r->scales, "resolution", column[0], "Å", column[3], "");
}

/* Measures and volume of a finished sweep. */
static em_status
store(em_workbench *wb, em_results *out, const em_resmap *r)
{
	em_ctx	   *ctx = em_workbench_ctx(wb);
	const em_grid *grid = em_workbench_grid(wb, EM_ROLE_HALF1);
	em_volume  *v = NULL;
	em_mask    *assigned = NULL;
	em_status	status;

	EM_TRY(em_results_measure(out, "assigned_percent",
							  100 * (double) r->assigned / (double) r->mask_voxels, "%"));
	EM_TRY(em_results_measure(out, "scales", r->scales, ""));
	EM_TRY(em_results_measure(out, "whitened", r->whitened ? 1 : 0, ""));
	EM_TRY(store_sweep(out, r));
	if (r->assigned == 0)
		return em_results_state(out, EM_FAILED, "nothing_assigned",
								"no voxel stands out from the noise at any resolution tried");
	em_workbench_make_room(wb, em_volume_bytes(grid));
	status = em_resmap_mask(ctx, r, &assigned);
	if (status == EM_OK)
		status = em_resmap_volume(ctx, r, grid, 0, &v);
	if (status == EM_OK)
		status = em_local_measures(wb, out, v, assigned);
	if (status == EM_OK)
		status = measure_vrs(wb, out, r, assigned);
	em_mask_destroy(ctx, assigned);
	if (status == EM_OK && out->want_volume)
		em_results_volume(out, v);
	else
		em_volume_destroy(ctx, v);
	return status;
}

/* With a mask. */
static em_status
measure(em_workbench *wb, em_results *out, const em_mask *mask)
{
	em_ctx	   *ctx = em_workbench_ctx(wb);
	const em_half_check *h;
	const char *reason;
	em_resmap  *r;
	em_status	status;

	EM_TRY(em_workbench_half_check(wb, &h));
	if (h->filtered)
		return em_results_state(out, EM_FAILED, "filtered_half_maps",
								"the half maps are low-pass filtered, so their difference is no measure of the noise");
	status = sweep(wb, mask, &reason, &r);
	if (status == EM_NOT_MEASURABLE)
		return em_results_state(out, EM_FAILED, reason, "%s", em_ctx_message(ctx));
	if (status != EM_OK)
		return status;
	status = store(wb, out, r);
	em_resmap_destroy(ctx, r);
	return status;
}

static em_status
run(em_workbench *wb, em_results *out)
{
	return em_local_run(wb, out, measure);
}

/* Half sum, half difference and statistic; later the volume, its smoothed copy and transform scratch. */
static uint64_t
estimate(const em_workbench *wb)
{
	const em_grid *grid = em_workbench_grid(wb, EM_ROLE_HALF1);

	if (!em_workbench_has(wb, EM_ROLE_HALF1) || !em_workbench_has(wb, EM_ROLE_HALF2))
		return 0;
	return em_half_pair_bytes(wb, 3) + em_resmap_bytes(em_workbench_ctx(wb), grid) + em_radial_bytes(grid) +
		EM_LOCAL_READING;
}

const em_check em_check_1d = {
	.code = "1.d",.method = "resmap/1",.run = run,.estimate = estimate
};
