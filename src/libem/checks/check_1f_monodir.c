/*
 * src/libem/checks/check_1f_monodir.c
 *		Check 1.f: directional local resolution (MonoDir, doi:10.1038/s41467-019-13742-w).
 *
 * The test of uniformity asks whether some directions have the highest resolution
 * of the voxels more often than others: Kolmogorov's statistic over the 46
 * directions, with as many draws as their scatter is worth (em_monodir.h).  Those
 * ending in _vrs follow VRS: 47 directions, the first counted twice, 50000 draws,
 * the last outside of the distribution compared with; no map passes that.  What
 * VRS calls the mean directional resolution is none: it is the mean over the
 * radii of the plain local resolution of the map (MonoRes from 18 Å in steps of
 * 0.25 Å, noise outside the mask).  Radii without voxels are left out.
 */
#include "checks/em_check_list.h"

#include <math.h>
#include <string.h>

#include "checks/em_direction_series.h"
#include "checks/em_half_measures.h"
#include "checks/em_half_pair.h"
#include "checks/em_level0.h"
#include "core/em_par.h"
#include "core/em_quantile.h"
#include "fourier/em_fft.h"
#include "local/em_monodir.h"
#include "local/em_monores.h"
#include "volume/em_arith.h"

#define WORST_RESOLUTION 10.0	/* Å */
#define MASKED_PERCENT 20.0		/* of the mask without noise */
#define VRS_DRAWS 50000.0
#define VRS_START 18.0			/* Å, of its MonoRes */
#define VRS_STEP 0.25			/* Å */
#define VRS_SIGNIFICANCE 0.95
#define READING ((uint64_t) 4 << 20)	/* bytes of room to read a map */
#define EXACT_VOXELS 27000000.0	/* 300³; larger boxes use MonoRes's fast mode */
#define N EM_MONODIR_DIRECTIONS

/* Half spectrum of the half difference; *out stays NULL when it is no noise, which the results say. */
static em_status
half_noise(em_workbench *wb, em_results *out, const em_mask *mask, em_volume **noise)
{
	const em_volume *half1;
	const em_volume *half2;
	em_volume  *v;
	double		percent;
	em_status	status;
	bool		usable;

	*noise = NULL;
	EM_TRY(em_half_pair_ready(wb, out, false, &usable));
	if (usable)
		EM_TRY(em_half_check_usable(wb, out, &usable));
	if (!usable)
		return EM_OK;
	EM_TRY(em_workbench_volume(wb, EM_ROLE_HALF1, &half1));
	EM_TRY(em_workbench_volume(wb, EM_ROLE_HALF2, &half2));
	EM_TRY(em_half_zero_percent(out->ctx, half1, half2, mask, &percent));
	if (percent > MASKED_PERCENT)
		return em_results_state(out, EM_FAILED, "masked_half_maps",
								"the half maps agree in %.0f %% of the mask, so there is no noise to compare with",
								percent);
	EM_TRY(em_workbench_take_volume(wb, EM_ROLE_HALF1, &v));
	status = em_volume_half_difference(out->ctx, v, half2);
	if (status == EM_OK)
		status = em_fft_forward(out->ctx, v);
	if (status == EM_OK)
		*noise = v;
	else
		em_volume_destroy(out->ctx, v);
	return status;
}

/* Radial means: of the voxels less than one voxel nearer, or up to one farther. */
static em_status
store_radial(em_results *out, const em_monodir *m, double voxel)
{
	static const char *const name[] = {"radial_highest", "radial_lowest", "radial_mean"};
	const float *value[] = {m->highest, m->lowest, m->middle};
	double	   *sum;
	int64_t		bins = 2;
	int64_t		rows = 0;
	em_status	status = EM_OK;

	for (int64_t i = 0; i < m->n; i++)
		bins = (int64_t) fmax((double) bins, hypot(hypot(m->position[3 * i], m->position[3 * i + 1]),
												   m->position[3 * i + 2]) / voxel + 2);
	sum = em_alloc(out->ctx, 8 * (uint64_t) bins, sizeof(double), "radial means");
	if (sum == NULL)
		return em_ctx_status(out->ctx);
	for (int64_t i = 0; i < m->n; i++)
	{
		double	   *s = sum + 4 * (int64_t) (hypot(hypot(m->position[3 * i], m->position[3 * i + 1]),
													m->position[3 * i + 2]) / voxel);

		for (int k = 0; k < 3; k++)
			s[k] += value[k][i];
		s[3]++;
	}
	for (int64_t r = 1; r < bins; r++)
	{
		const double *s = sum + 4 * r;
		const double count = s[3] + s[-1];

		if (count == 0)
			continue;
		for (int k = 0; k < 3; k++)
			sum[4 * bins + k * bins + rows] = (s[k] + s[k - 4]) / count;
		sum[7 * bins + rows++] = (double) r * voxel;
	}
	for (int k = 0; k < 3 && status == EM_OK; k++)
		status = em_results_series(out, name[k], rows, "radius", sum + 7 * bins, "Å",
								   sum + 4 * bins + k * bins, "Å");
	em_free(out->ctx, sum);
	return status;
}

/* The histogram of directions and the two tests of it. */
static em_status
store_directions(em_results *out, const em_monodir *m)
{
	const double independent = em_monodir_effective(m->direction, m->count);
	double		number[N];
	double		vrs[N + 1];
	double		p;
	double		d;

	for (int i = 0; i < N; i++)
		number[i] = i + 1;
	vrs[0] = m->count[0];
	memcpy(vrs + 1, m->count, sizeof(m->count));
	d = em_monodir_uniformity(m->count, N, N, independent, &p);
	EM_TRY(em_results_measure(out, "d_statistic", d, ""));
	EM_TRY(em_results_measure(out, "p_value", p, ""));
	EM_TRY(em_results_measure(out, "n_effective", independent, ""));
	d = em_monodir_uniformity(vrs, N + 1, N, VRS_DRAWS, &p);
	EM_TRY(em_results_measure(out, "d_statistic_vrs", d, ""));
	EM_TRY(em_results_measure(out, "p_value_vrs", p, ""));
	EM_TRY(em_direction_series(out, N, m->direction, NULL));
	EM_TRY(em_results_series(out, "direction_histogram", N, "direction", number, "", m->count, "voxels"));
	return em_results_series(out, "direction_resolution", N, "direction", number, "", m->median, "Å");
}

static em_status
store(em_results *out, const em_monodir *m, const em_grid *grid)
{
	em_summary	highest;
	em_summary	lowest;
	em_summary	doa;

	EM_TRY(em_summarize_array(out->ctx, m->highest, m->n, &highest));
	EM_TRY(em_summarize_array(out->ctx, m->lowest, m->n, &lowest));
	EM_TRY(em_summarize_array(out->ctx, m->doa, m->n, &doa));
	EM_TRY(em_results_measure(out, "mean_resolution", m->mean, "Å"));
	EM_TRY(em_results_measure(out, "highest_median", highest.p50, "Å"));
	EM_TRY(em_results_measure(out, "lowest_median", lowest.p50, "Å"));
	EM_TRY(em_results_measure(out, "doa_p2_5", doa.p2_5, "Å"));
	EM_TRY(em_results_measure(out, "doa_p25", doa.p25, "Å"));
	EM_TRY(em_results_measure(out, "doa_p50", doa.p50, "Å"));
	EM_TRY(em_results_measure(out, "doa_p75", doa.p75, "Å"));
	EM_TRY(em_results_measure(out, "doa_p97_5", doa.p97_5, "Å"));
	EM_TRY(em_results_measure(out, "n", (double) m->n, "voxels"));
	EM_TRY(em_results_measure(out, "evaluations", m->evaluations, ""));
	EM_TRY(em_results_measure(out, "noise_from_halves", m->noise_from_halves ? 1 : 0, ""));
	EM_TRY(store_directions(out, m));
	return store_radial(out, m, grid->voxel[0]);
}

/* Mean over the radii r of the means of a volume's positive voxels in [r-1, r+1); NaN when there is none. */
static em_status
mean_over_radii(em_ctx *ctx, const em_volume *v, double *out)
{
	const int64_t *n = v->grid.n;
	const int64_t radii = n[0] / 2;
	double	   *sum = em_alloc(ctx, 2 * (uint64_t) radii + 2, sizeof(double), "radial means");
	double	   *count = sum + radii + 1;
	double		total = 0;
	int64_t		used = 0;
	em_status	status = EM_OK;

	if (sum == NULL)
		return em_ctx_status(ctx);
	for (int64_t z = 0; z < n[2] && status == EM_OK; z++)
	{
		status = em_poll(ctx);
		for (int64_t y = 0; y < n[1]; y++)
			for (int64_t x = 0; x < n[0]; x++)
			{
				const double at[3] = {(double) (x - n[0] / 2), (double) (y - n[1] / 2), (double) (z - n[2] / 2)};
				const float value = em_volume_row(v, y, z)[x];
				const int64_t r = value > 0 ? (int64_t) sqrt(at[0] * at[0] + at[1] * at[1] + at[2] * at[2]) : radii;

				if (r < radii)
				{
					sum[r] += value;
					count[r]++;
				}
			}
	}
	for (int64_t r = 1; r < radii; r++)
		if (count[r - 1] + count[r] > 0)
		{
			total += (sum[r - 1] + sum[r]) / (count[r - 1] + count[r]);
			used++;
		}
	*out = used > 0 ? total / (double) used : NAN;
	em_free(ctx, sum);
	return status;
}

/* What VRS prints as the mean directional resolution; nothing when MonoRes finds none. */
static em_status
store_mean_vrs(em_workbench *wb, em_results *out)
{
	em_ctx	   *ctx = out->ctx;
	const em_grid *grid = em_workbench_grid(wb, EM_ROLE_MAP);
	const bool	fast = (double) em_grid_voxels(grid) > EXACT_VOXELS;
	const em_monores_options o = {
		.start = VRS_START,.step = VRS_STEP,.significance = VRS_SIGNIFICANCE,.fast = fast,.want_volume = true
	};
	const em_mask *mask;
	const em_volume *map;
	em_monores *m;
	double		mean;
	em_status	status;

	em_workbench_unpin(wb);
	EM_TRY(em_workbench_hard_mask(wb, &mask));
	EM_TRY(em_workbench_volume(wb, EM_ROLE_MAP, &map));
	em_workbench_make_room(wb, em_monores_bytes(ctx, grid, fast, false));
	status = em_monores_run(ctx, map, NULL, mask, &o, &m);
	if (status == EM_NOT_MEASURABLE)
		return EM_OK;
	if (status != EM_OK)
		return status;
	status = mean_over_radii(ctx, m->volume, &mean);
	em_monores_destroy(ctx, m);
	if (status == EM_OK && isfinite(mean))
		status = em_results_measure(out, "mean_resolution_vrs", mean, "Å");
	return status;
}

/* The sweep with the map's spectrum; the map itself is not needed any more. */
static em_status
sweep(em_workbench *wb, em_results *out, const em_monodir_shell *shell, const em_volume *noise)
{
	const em_grid *grid = em_workbench_grid(wb, EM_ROLE_MAP);
	const em_volume *spectrum;
	const em_mask *mask;
	em_monodir *m;
	em_status	status;

	EM_TRY(em_workbench_hard_mask(wb, &mask));
	em_workbench_unpin(wb);
	EM_TRY(em_workbench_hard_mask(wb, &mask));
	EM_TRY(em_workbench_spectrum(wb, EM_ROLE_MAP, &spectrum));
	em_workbench_make_room(wb, em_monodir_bytes(out->ctx, grid, noise != NULL));
	EM_TRY(em_monodir_run(out->ctx, spectrum, mask, shell, noise, &m));
	status = store(out, m, grid);
	em_monodir_destroy(out->ctx, m);
	return status;
}

/* Find the noise, and measure. */
static em_status
measure(em_workbench *wb, em_results *out)
{
	const em_grid *grid = em_workbench_grid(wb, EM_ROLE_MAP);
	const bool	halves = em_workbench_has(wb, EM_ROLE_HALF1) && em_workbench_has(wb, EM_ROLE_HALF2);
	const em_volume *map;
	const em_mask *mask;
	em_volume  *noise = NULL;
	em_monodir_shell shell;
	em_status	status;

	EM_TRY(em_workbench_hard_mask(wb, &mask));
	em_workbench_unpin(wb);
	EM_TRY(em_workbench_hard_mask(wb, &mask));
	EM_TRY(em_workbench_volume(wb, EM_ROLE_MAP, &map));
	EM_TRY(em_monodir_noise_shell(out->ctx, map, mask, &shell));
	em_workbench_unpin(wb);
	if (!shell.found && !halves)
		return em_results_state(out, EM_FAILED, "no_noise_shell",
								"no shell of noise surrounds the mask, and there are no half maps");
	if (!shell.found)
	{
		if (em_grid_same(out->ctx, grid, em_workbench_grid(wb, EM_ROLE_HALF1), "the map", "half map 1") != EM_OK)
			return em_results_state(out, EM_FAILED, "half_maps_differ", "%s", em_ctx_message(out->ctx));
		EM_TRY(em_workbench_hard_mask(wb, &mask));
		EM_TRY(half_noise(wb, out, mask, &noise));
		em_workbench_unpin(wb);
		if (noise == NULL)
			return EM_OK;
	}
	status = sweep(wb, out, &shell, noise);
	em_volume_destroy(out->ctx, noise);
	return status;
}

/* With or without half maps. */
static em_status
run_monodir(em_workbench *wb, em_results *out)
{
	bool		ready;

	EM_TRY(em_level0_resolved(wb, out, WORST_RESOLUTION, &ready));
	if (!ready)
		return EM_OK;
	return measure(wb, out);
}

/* Check 1.f belongs to the level of the half maps; only there VRS's mean is asked for. */
static em_status
run_1f(em_workbench *wb, em_results *out)
{
	if (!em_workbench_has(wb, EM_ROLE_HALF1) || !em_workbench_has(wb, EM_ROLE_HALF2))
		return em_results_state(out, EM_NOT_APPLICABLE, "no_half_maps", "the entry has no half maps");
	EM_TRY(run_monodir(wb, out));
	return out->state == EM_MEASURED ? store_mean_vrs(wb, out) : EM_OK;
}

static uint64_t
larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* The way to the mask; the way to the noise; the sweep with noise from a shell or from half maps; MonoRes. */
static uint64_t
estimate(const em_workbench *wb)
{
	const em_grid *grid = em_workbench_grid(wb, EM_ROLE_MAP);
	const em_ctx *ctx = em_workbench_ctx(wb);
	uint64_t	volume;
	uint64_t	most;

	if (!em_workbench_has(wb, EM_ROLE_MAP) || em_grid_voxels(grid) <= 0)
		return 0;
	volume = em_volume_bytes(grid);
	most = larger(em_monodir_bytes(ctx, grid, false), em_fft_scratch_bytes(ctx, grid)) + volume;
	most = larger(most, em_monores_bytes(ctx, grid, (double) em_grid_voxels(grid) > EXACT_VOXELS, false) + volume);
	if (em_workbench_has(wb, EM_ROLE_HALF1) && em_workbench_has(wb, EM_ROLE_HALF2))
		most = larger(most, larger(em_monodir_bytes(ctx, grid, true), em_fft_scratch_bytes(ctx, grid)) + 2 * volume);
	return larger(em_level0_estimate(wb), most + em_mask_bytes(grid->n) + READING);
}

const em_check em_check_1f = {
	.code = "1.f",.method = "monodir/1",.run = run_1f,.estimate = estimate
};

const em_check em_check_monodir = {
	.code = "monodir",.method = "monodir/1",.run = run_monodir,.estimate = estimate
};
