/*
 * src/libem/checks/check_1c_blocres.c
 *		Check 1.c: local resolution by the Fourier shell correlation of small
 *		boxes (BlocRes).
 *
 * Parameters: box (20 voxels), cutoff (0.5), max_resolution (Å; twice the voxel),
 * step (0: chosen from the time it takes; 1: every voxel), fast (0 or 1).
 * box_per_resolution is the edge of the box over the reported resolution, or
 * over the median when none is reported; below 5 the box is too small for the
 * values to be trusted.
 */
#include "checks/em_check_list.h"

#include <math.h>

#include "checks/em_half_pair.h"
#include "checks/em_local.h"
#include "local/em_blocres.h"

static em_blocres_options
read_options(const em_workbench *wb)
{
	em_blocres_options o = EM_BLOCRES_DEFAULTS;
	const double voxel = em_workbench_grid(wb, EM_ROLE_HALF1)->voxel[0];

	o.box = (int) fmin(fmax(em_workbench_param(wb, "box", o.box), 0), 1000);
	o.cutoff = em_workbench_param(wb, "cutoff", o.cutoff);
	o.max_resolution = em_workbench_param(wb, "max_resolution", 2 * voxel);
	o.step = (int) fmin(fmax(em_workbench_param(wb, "step", o.step), -1), 1000);
	return o;
}

static bool
is_fast(const em_workbench *wb)
{
	return em_workbench_param(wb, "fast", 0) > 0;
}

/* The points, from voxels or from spectra; the half maps are given back. */
static em_status
measure_points(em_workbench *wb, const em_mask *mask, const em_blocres_options *o, em_blocres **out)
{
	em_ctx	   *ctx = em_workbench_ctx(wb);
	const em_volume *half[2];
	const bool	fast = is_fast(wb);
	em_status	status = EM_OK;

	em_workbench_make_room(wb, 2 * em_volume_bytes(em_workbench_grid(wb, EM_ROLE_HALF1)) + EM_LOCAL_READING);
	for (int i = 0; i < 2 && status == EM_OK; i++)
		status = fast ? em_workbench_spectrum(wb, EM_ROLE_HALF1 + i, &half[i]) :
			em_workbench_volume(wb, EM_ROLE_HALF1 + i, &half[i]);
	if (status == EM_OK)
	{
		em_workbench_make_room(wb, em_blocres_bytes(ctx, &half[0]->grid, o, fast) +
							   (fast ? 2 * em_volume_bytes(&half[0]->grid) : 0));
		status = fast ? em_blocres_run_fast(ctx, half[0], half[1], mask, o, out) :
			em_blocres_run(ctx, half[0], half[1], mask, o, out);
	}
	em_workbench_unpin(wb);
	return status;
}

/* Measures of the filled volume. */
static em_status
store(em_workbench *wb, em_results *out, const em_volume *v, const em_mask *mask, const em_blocres *b)
{
	double		resolution = em_workbench_resolution(wb);
	double		edge = b->options.box * v->grid.voxel[0];

	EM_TRY(em_local_measures(wb, out, v, mask));
	if (!isfinite(resolution))
		resolution = em_results_find(out, "p50")->value;
	EM_TRY(em_results_measure(out, "step", b->l->step, "voxels"));
	EM_TRY(em_results_measure(out, "box_per_resolution", edge / resolution, ""));
	return em_results_measure(out, "points", (double) b->l->points, "");
}

/* With a mask. */
static em_status
measure(em_workbench *wb, em_results *out, const em_mask *mask)
{
	em_ctx	   *ctx = em_workbench_ctx(wb);
	const em_grid *grid = em_workbench_grid(wb, EM_ROLE_HALF1);
	em_blocres_options o = read_options(wb);
	const em_stats *stats[2];
	em_blocres *b = NULL;
	em_volume  *v = NULL;
	em_status	status;

	for (int i = 0; i < 2; i++)
		EM_TRY(em_workbench_stats(wb, EM_ROLE_HALF1 + i, &stats[i]));
	em_workbench_unpin(wb);
	o.scale2 = stats[0]->sd / stats[1]->sd;
	for (int i = 0; i < 3; i++)
		if (grid->n[i] < o.box)
			return em_results_state(out, EM_FAILED, "box_too_small",
									"the maps are smaller than a window of %d voxels", o.box);
	EM_TRY(measure_points(wb, mask, &o, &b));
	em_workbench_make_room(wb, em_volume_bytes(grid));
	status = em_blocres_fill(ctx, b, mask, grid, &v);
	if (status == EM_OK)
		status = store(wb, out, v, mask, b);
	em_blocres_destroy(ctx, b);
	if (status == EM_OK && out->want_volume)
		em_results_volume(out, v);
	else
		em_volume_destroy(ctx, v);
	return status;
}

static em_status
run(em_workbench *wb, em_results *out)
{
	return em_local_run(wb, out, measure);
}

static uint64_t
estimate(const em_workbench *wb)
{
	em_ctx	   *ctx = em_workbench_ctx(wb);
	const em_blocres_options o = read_options(wb);

	if (!em_workbench_has(wb, EM_ROLE_HALF1) || !em_workbench_has(wb, EM_ROLE_HALF2))
		return 0;
	return em_half_pair_bytes(wb, is_fast(wb) ? 4 : 2) + EM_LOCAL_READING +
		em_blocres_bytes(ctx, em_workbench_grid(wb, EM_ROLE_HALF1), &o, is_fast(wb));
}

const em_check em_check_1c = {
	.code = "1.c",.method = "blocres/1",.run = run,.estimate = estimate
};
