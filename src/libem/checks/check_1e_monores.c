/*
 * src/libem/checks/check_1e_monores.c
 *		Check 1.e: local resolution by MonoRes.
 *
 * The mask is that of all local checks (em_local.h).  Percentiles are those of
 * the values in the mask; the ones ending in _vrs are read off a histogram as VRS
 * does it.
 *
 * Parameters: fast (0 or 1; else exact up to 300³ voxels), max_resolution (worst
 * resolution of the sweep, Å; else the larger of 10 and 5 times the reported
 * one), step (Å), significance.
 */
#include "checks/em_check_list.h"

#include <math.h>

#include "checks/em_half_measures.h"
#include "checks/em_half_pair.h"
#include "checks/em_local.h"
#include "core/em_quantile.h"
#include "local/em_monores.h"

#define EXACT_VOXELS 27000000.0	/* 300³; larger boxes use fast mode */
#define MASKED_PERCENT 20.0		/* of the mask without noise */
#define POLL_VOXELS ((int64_t) 1 << 20)
#define HISTOGRAM_MAX 2000		/* bins */

/* Does this box get fast mode? */
static bool
is_fast(const em_workbench *wb, const em_grid *grid)
{
	double		wanted = em_workbench_param(wb, "fast", -1);

	return wanted < 0 ? (double) em_grid_voxels(grid) > EXACT_VOXELS : wanted > 0;
}

/* The sweep's parameters; false when its start is not known. */
static bool
read_options(const em_workbench *wb, const em_grid *grid, em_monores_options *o)
{
	o->start = em_workbench_param(wb, "max_resolution", fmax(10, 5 * em_workbench_resolution(wb)));
	if (!isfinite(em_workbench_resolution(wb)))
		o->start = em_workbench_param(wb, "max_resolution", NAN);
	o->step = em_workbench_param(wb, "step", 0.5);
	o->significance = em_workbench_param(wb, "significance", 0.95);
	o->fast = is_fast(wb, grid);
	return isfinite(o->start);
}

/* VRS's frequency distribution: edges half a bin below where the bins begin, the last two left out. */
static double
percentile_vrs(const double *counts, int bins, double low, double width, double share)
{
	double		total = 0;
	double		sum = 0;

	for (int i = 0; i < bins; i++)
		total += counts[i];
	for (int i = 0; i < bins; i++)
	{
		const double next = sum + counts[i];

		if (next / total >= share && next > sum)
			return low + ((double) i - 0.5 + (share * total - sum) / (next - sum)) * width;
		sum = next;
	}
	return NAN;
}

/* Share of the distribution below a resolution, %. */
static double
share_vrs(const double *counts, int bins, double low, double width, double resolution)
{
	const double at = (resolution - low) / width + 0.5;
	double		total = 0;
	double		below = 0;

	for (int i = 0; i < bins; i++)
	{
		total += counts[i];
		below += counts[i] * fmin(fmax(at - i, 0), 1);
	}
	return 100 * below / total;
}

/* The histogram (bins of about 0.25 Å) and what VRS reads off it. */
static em_status
store_histogram(em_workbench *wb, em_results *out, const em_monores *m, const em_summary *s)
{
	static const char *const name[] = {"p2_5_vrs", "p25_vrs", "p50_vrs", "p75_vrs", "p97_5_vrs"};
	static const double share[] = {0.025, 0.25, 0.5, 0.75, 0.975};
	const int	bins = (int) fmin(fmax(round(4 * (s->max - s->min)), 1), HISTOGRAM_MAX);
	double	   *centre = em_alloc(out->ctx, 2 * HISTOGRAM_MAX, sizeof(double), "histogram");
	double	   *counts = centre + HISTOGRAM_MAX;
	em_status	status;

	if (centre == NULL)
		return em_ctx_status(out->ctx);
	status = em_histogram_array(out->ctx, m->value, m->n, s->min, s->max, bins, centre, counts);
	if (status == EM_OK)
		status = em_results_series(out, "histogram", bins, "resolution", centre, "Å", counts, "voxels");
	if (status == EM_OK && bins > 3)
	{
		const double width = (s->max - s->min) / bins;

		const double below = share_vrs(counts, bins - 2, s->min, width, em_workbench_resolution(wb));

		for (int i = 0; i < 5 && status == EM_OK; i++)
			status = em_results_measure(out, name[i],
										percentile_vrs(counts, bins - 2, s->min, width, share[i]), "Å");
		if (status == EM_OK)
			status = em_results_measure(out, "reported_percentile_vrs", below, "%");
	}
	em_free(out->ctx, centre);
	return status;
}

/* Store the share of values below the reported resolution; nothing when there is none. */
static em_status
store_percentile(em_results *out, const em_monores *m, double resolution)
{
	int64_t		below = 0;

	if (!isfinite(resolution))
		return EM_OK;
	for (int64_t i = 0; i < m->n; i++)
	{
		below += m->value[i] < resolution;
		if (i % POLL_VOXELS == 0)
			EM_TRY(em_poll(out->ctx));
	}
	return em_results_measure(out, "reported_percentile", 100 * (double) below / (double) m->n, "%");
}

/* What the sweep saw at each resolution. */
static em_status
store_sweep(em_results *out, const em_monores *m)
{
	double	   *x = em_alloc(out->ctx, (uint64_t) m->evaluations * 5, sizeof(double), "the sweep");
	const int	n = m->evaluations;
	em_status	status;

	if (x == NULL)
		return em_ctx_status(out->ctx);
	for (int i = 0; i < n; i++)
	{
		x[i] = m->step[i].resolution;
		x[n + i] = m->step[i].threshold;
		x[2 * n + i] = m->step[i].mean_signal;
		x[3 * n + i] = m->step[i].mean_noise;
		x[4 * n + i] = (double) m->step[i].active;
	}
	status = em_results_series(out, "noise_threshold", n, "resolution", x, "Å", x + n, "");
	if (status == EM_OK)
		status = em_results_series(out, "signal_amplitude", n, "resolution", x, "Å", x + 2 * n, "");
	if (status == EM_OK)
		status = em_results_series(out, "noise_amplitude", n, "resolution", x, "Å", x + 3 * n, "");
	if (status == EM_OK)
		status = em_results_series(out, "undecided", n, "resolution", x, "Å", x + 4 * n, "voxels");
	em_free(out->ctx, x);
	return status;
}

/* Measures of a finished sweep. */
static em_status
store(em_workbench *wb, em_results *out, const em_monores *m, bool fast)
{
	const double resolution = em_workbench_resolution(wb);
	em_summary	s;

	EM_TRY(em_summarize_array(out->ctx, m->value, m->n, &s));
	EM_TRY(em_results_measure(out, "p2_5", s.p2_5, "Å"));
	EM_TRY(em_results_measure(out, "p25", s.p25, "Å"));
	EM_TRY(em_results_measure(out, "p50", s.p50, "Å"));
	EM_TRY(em_results_measure(out, "p75", s.p75, "Å"));
	EM_TRY(em_results_measure(out, "p97_5", s.p97_5, "Å"));
	EM_TRY(em_results_measure(out, "mean", s.mean, "Å"));
	EM_TRY(em_results_measure(out, "n", (double) m->n, "voxels"));
	EM_TRY(em_results_measure(out, "spread", s.p97_5 - s.p2_5, "Å"));
	EM_TRY(store_percentile(out, m, resolution));
	EM_TRY(em_results_measure(out, "reported_resolution", resolution, "Å"));
	EM_TRY(em_results_measure(out, "evaluations", m->evaluations, ""));
	EM_TRY(em_results_measure(out, "fast_mode", fast ? 1 : 0, ""));
	EM_TRY(em_results_measure(out, "mask_voxels", (double) m->mask_voxels, "voxels"));
	EM_TRY(em_results_measure(out, "noise_voxels", (double) m->noise_voxels, "voxels"));
	EM_TRY(store_histogram(wb, out, m, &s));
	return store_sweep(out, m);
}

/* Run the sweep and store what it gives; half2 NULL: one map. */
static em_status
sweep(em_workbench *wb, em_results *out, const em_volume *half1, const em_volume *half2,
	  const em_mask *mask, em_monores_options *o)
{
	em_ctx	   *ctx = em_workbench_ctx(wb);
	const char *code = "not_measurable";
	em_monores *m;
	em_status	status;

	o->want_volume = out->want_volume;
	o->reason_code = &code;
	em_workbench_make_room(wb, em_monores_bytes(ctx, &half1->grid, o->fast, half2 != NULL));
	status = em_monores_run(ctx, half1, half2, mask, o, &m);
	if (status == EM_NOT_MEASURABLE)
		return em_results_state(out, EM_FAILED, code, "%s", em_ctx_message(ctx));
	if (status != EM_OK)
		return status;
	status = store(wb, out, m, o->fast);
	if (status == EM_OK)
	{
		em_results_cells(out, m->cells);
		m->cells = NULL;
	}
	if (status == EM_OK && out->want_volume)
	{
		em_results_volume(out, m->volume);
		m->volume = NULL;
	}
	em_monores_destroy(ctx, m);
	return status;
}

/* Is there noise in the mask to compare with? */
static em_status
noise_left(em_workbench *wb, em_results *out, const em_volume *half1, const em_volume *half2,
		   const em_mask *mask, bool *left)
{
	const em_half_check *h;
	double		percent;

	*left = false;
	EM_TRY(em_workbench_half_check(wb, &h));
	if (h->no_noise_beyond)
		return em_results_state(out, EM_FAILED, "filtered_half_maps",
								"the half maps are low-pass filtered: no noise is left to judge %.2f Å by",
								em_workbench_resolution(wb));
	EM_TRY(em_half_zero_percent(em_workbench_ctx(wb), half1, half2, mask, &percent));
	if (percent > MASKED_PERCENT)
		return em_results_state(out, EM_FAILED, "masked_half_maps",
								"the half maps agree in %.0f %% of the mask: no noise to compare with",
								percent);
	*left = true;
	return EM_OK;
}

/* Everything about the half maps. */
static em_status
measure_halves(em_workbench *wb, em_results *out, em_monores_options *o, const em_mask *mask)
{
	const em_volume *half[2];
	bool		left;

	EM_TRY(em_workbench_volume(wb, EM_ROLE_HALF1, &half[0]));
	EM_TRY(em_workbench_volume(wb, EM_ROLE_HALF2, &half[1]));
	EM_TRY(noise_left(wb, out, half[0], half[1], mask, &left));
	return left ? sweep(wb, out, half[0], half[1], mask, o) : EM_OK;
}

/* One map: noise outside the mask. */
static em_status
measure_map(em_workbench *wb, em_results *out, em_monores_options *o, const em_mask *mask)
{
	const em_volume *map;

	EM_TRY(em_workbench_volume(wb, EM_ROLE_MAP, &map));
	return sweep(wb, out, map, NULL, mask, o);
}

typedef em_status (*measure_fn) (em_workbench *wb, em_results *out, em_monores_options *o, const em_mask *mask);

/* Measure in the mask; without one the results say so. */
static em_status
in_mask(em_workbench *wb, em_results *out, em_monores_options *o, measure_fn measure)
{
	em_mask    *mask;
	em_status	status = em_local_mask(wb, &mask);

	if (status == EM_NOT_MEASURABLE)
		return em_results_state(out, EM_FAILED, "empty_mask", "%s", em_ctx_message(out->ctx));
	if (status == EM_OK)
		status = measure(wb, out, o, mask);
	em_mask_destroy(out->ctx, mask);
	return status;
}

/* Is there a mask to be had, and a start for the sweep?  When not, the results say so. */
static bool
has_parameters(em_workbench *wb, em_results *out, const em_grid *grid, em_monores_options *o)
{
	if (!read_options(wb, grid, o))
		(void) em_results_state(out, EM_NOT_APPLICABLE, "no_resolution",
								"no resolution is reported, so the sweep has no start");
	else
		return em_local_has_mask(wb, out);
	return false;
}

/* Check 1.e. */
static em_status
run_1e(em_workbench *wb, em_results *out)
{
	em_monores_options o = {0};
	bool		ready;

	if (!em_workbench_has(wb, EM_ROLE_HALF1) || !em_workbench_has(wb, EM_ROLE_HALF2))
		return em_results_state(out, EM_NOT_APPLICABLE, "no_half_maps", "the entry has no half maps");
	if (!has_parameters(wb, out, em_workbench_grid(wb, EM_ROLE_HALF1), &o))
		return EM_OK;
	EM_TRY(em_half_pair_ready(wb, out, true, &ready));
	if (ready)
		EM_TRY(em_half_check_usable(wb, out, &ready));
	return ready ? in_mask(wb, out, &o, measure_halves) : EM_OK;
}

/* One map. */
static em_status
run_single(em_workbench *wb, em_results *out)
{
	em_ctx	   *ctx = em_workbench_ctx(wb);
	const em_grid *grid = em_workbench_grid(wb, EM_ROLE_MAP);
	em_monores_options o = {0};

	if (!has_parameters(wb, out, grid, &o))
		return EM_OK;
	EM_TRY(em_grid_check(ctx, grid, "map"));
	if (em_workbench_has(wb, EM_ROLE_MASK))
		EM_TRY(em_grid_same(ctx, grid, em_workbench_grid(wb, EM_ROLE_MASK), "map", "mask"));
	return in_mask(wb, out, &o, measure_map);
}

/* Pseudo-check "monores": half maps, or without them the map. */
static em_status
run_monores(em_workbench *wb, em_results *out)
{
	if (!em_workbench_has(wb, EM_ROLE_HALF1) && !em_workbench_has(wb, EM_ROLE_HALF2) &&
		em_workbench_has(wb, EM_ROLE_MAP))
		return run_single(wb, out);
	return run_1e(wb, out);
}

/* The maps and the sweep; or the spectra beside the maps, or the way to the mask. */
static uint64_t
estimate(const em_workbench *wb)
{
	em_ctx	   *ctx = em_workbench_ctx(wb);
	const bool	halves = em_workbench_has(wb, EM_ROLE_HALF1);
	const em_role role = halves ? EM_ROLE_HALF1 : EM_ROLE_MAP;
	const em_grid *grid = em_workbench_grid(wb, role);
	uint64_t	maps;
	uint64_t	before;
	uint64_t	sweeping;

	if (!em_workbench_has(wb, role))
		return 0;
	maps = (halves ? 2 : 1) * em_volume_bytes(grid);
	sweeping = maps + 2 * em_mask_bytes(grid->n) + em_monores_bytes(ctx, grid, is_fast(wb, grid), halves);
	before = em_half_pair_bytes(wb, 2) + 5 * em_mask_bytes(grid->n) + em_components_bytes(grid->n);
	return sweeping > before ? sweeping : before;
}

const em_check em_check_1e = {
	.code = "1.e",.method = "monores/1",.run = run_1e,.estimate = estimate
};

const em_check em_check_monores = {
	.code = "monores",.method = "monores/1",.run = run_monores,.estimate = estimate
};
