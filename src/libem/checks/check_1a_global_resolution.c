/*
 * src/libem/checks/check_1a_global_resolution.c
 *		Check 1.a: FSC, DPR and SSNR of the half maps, and where they cross their
 *		limits.
 *
 * The measures ending in _vrs repeat what VRS computes from the same data: the
 * half plane as stored, its own rule for a crossing, 102.9° for the DPR, the
 * mean ratio of amplitudes as SSNR (spec of levels 0 and 1, D26 to D30).
 */
#include "checks/em_check_list.h"

#include <math.h>

#include "checks/em_half_measures.h"
#include "checks/em_half_pair.h"
#include "checks/em_masked_fsc.h"
#include "fourier/em_fft.h"

#define FSC_LIMIT 0.143			/* Rosenthal & Henderson 2003 */
#define DPR_LIMIT 45.0			/* degrees, Frank et al. 1981 */
#define DPR_AT_FSC_LIMIT 94.6	/* degrees, expected where the FSC is 0.143 */
#define DPR_LIMIT_VRS 102.9		/* degrees */
#define SSNR_LIMIT 1.0

#define CURVES_BYTES ((uint64_t) 64 << 10)	/* curves that other checks may have left on the workbench */

/* Store one curve over the shells from 1 on. */
static em_status
store_curve(em_results *out, const em_fsc *f, const double *frequency, const char *name,
			const double *curve, const char *unit)
{
	return em_results_series(out, name, f->count - 1, "frequency", frequency + 1, "1/Å", curve + 1, unit);
}

/* Store the curves; `columns` has room for 4 * count numbers. */
static em_status
store_columns(em_results *out, const em_fsc *f, bool vrs, double *columns)
{
	double	   *frequency = columns;
	double	   *shell = columns + f->count;
	double	   *resolution = columns + 2 * f->count;
	double	   *n = columns + 3 * f->count;

	for (int64_t i = 1; i < f->count; i++)
	{
		frequency[i] = (double) i / f->length;
		shell[i] = (double) i;
		resolution[i] = f->length / (double) i;
		n[i] = (double) f->n[i];
	}
	EM_TRY(store_curve(out, f, frequency, "shell", shell, ""));
	EM_TRY(store_curve(out, f, frequency, "resolution", resolution, "Å"));
	EM_TRY(store_curve(out, f, frequency, "fsc", f->fsc, ""));
	EM_TRY(store_curve(out, f, frequency, "dpr", f->dpr, "°"));
	EM_TRY(store_curve(out, f, frequency, "ssnr", f->ssnr, ""));
	EM_TRY(store_curve(out, f, frequency, "n", n, ""));
	if (!vrs)
		return EM_OK;
	EM_TRY(store_curve(out, f, frequency, "fsc_vrs", f->fsc_vrs, ""));
	EM_TRY(store_curve(out, f, frequency, "dpr_vrs", f->dpr_vrs, "°"));
	return store_curve(out, f, frequency, "ratio_vrs", f->ratio_vrs, "");
}

static em_status
store_curves(em_results *out, const em_fsc *f, bool vrs)
{
	double	   *columns = em_alloc(out->ctx, (uint64_t) f->count * 4, sizeof(double), "FSC curves");
	em_status	status;

	if (columns == NULL)
		return em_ctx_status(out->ctx);
	status = store_columns(out, f, vrs, columns);
	em_free(out->ctx, columns);
	return status;
}

/* Store the resolution, Å, at the first crossing of a level; nothing when there is none. */
static em_status
store_crossing(em_results *out, const em_fsc *f, const char *name, const double *curve, double level,
			   int direction)
{
	double		frequency;

	if (em_crossings(curve, f->count, f->length, level, direction, &frequency, 1) == 0)
		return EM_OK;
	return em_results_measure(out, name, 1 / frequency, "Å");
}

/* Does the FSC stay at or above the limit as far as the Nyquist frequency? */
static bool
reaches_nyquist(const em_fsc *f)
{
	int64_t		last = f->count - 1;

	while (last > 0 && !isfinite(f->fsc[last]))
		last--;
	return last > 0 && f->fsc[last] >= FSC_LIMIT &&
		em_crossings(f->fsc, f->count, f->length, FSC_LIMIT, -1, NULL, 0) == 0;
}

static em_status
measure_crossings(em_results *out, const em_fsc *f)
{
	int			n_0143 = em_crossings(f->fsc, f->count, f->length, FSC_LIMIT, -1, NULL, 0);
	int			n_05 = em_crossings(f->fsc, f->count, f->length, 0.5, -1, NULL, 0);

	EM_TRY(store_crossing(out, f, "fsc_0143", f->fsc, FSC_LIMIT, -1));
	EM_TRY(store_crossing(out, f, "fsc_05", f->fsc, 0.5, -1));
	EM_TRY(store_crossing(out, f, "fsc_09", f->fsc, 0.9, -1));
	EM_TRY(store_crossing(out, f, "dpr", f->dpr, DPR_LIMIT, 1));
	EM_TRY(store_crossing(out, f, "dpr_fsc0143", f->dpr, DPR_AT_FSC_LIMIT, 1));
	EM_TRY(store_crossing(out, f, "ssnr", f->ssnr, SSNR_LIMIT, -1));
	EM_TRY(em_results_measure(out, "crossings_0143", n_0143, ""));
	EM_TRY(em_results_measure(out, "crossings_05", n_05, ""));
	return em_results_measure(out, "reaches_nyquist_0143", reaches_nyquist(f) ? 1 : 0, "");
}

/* What VRS reports for the same half maps. */
static em_status
measure_vrs(em_results *out, const em_fsc *f)
{
	double		found[3] = {
		em_first_crossing_vrs(f->fsc_vrs, f->count, f->length, FSC_LIMIT, -1),
		em_first_crossing_vrs(f->dpr_vrs, f->count, f->length, DPR_LIMIT_VRS, 1),
		em_ratio_crossing_vrs(f->ratio_vrs, f->count, f->length)
	};
	double		sum = 0;
	double		least = INFINITY;
	double		largest = -INFINITY;
	int			n = 0;

	EM_TRY(em_results_measure(out, "fsc_0143_vrs", found[0], "Å"));
	EM_TRY(em_results_measure(out, "fsc_09_vrs",
							  em_fsc_logistic_crossing(f->fsc_vrs, f->count, f->length, 0.9), "Å"));
	EM_TRY(em_results_measure(out, "dpr_vrs", found[1], "Å"));
	EM_TRY(em_results_measure(out, "ssnr_vrs", found[2], "Å"));
	for (int i = 0; i < 3; i++)
		if (isfinite(found[i]))
		{
			sum += found[i];
			least = fmin(least, found[i]);
			largest = fmax(largest, found[i]);
			n++;
		}
	EM_TRY(em_results_measure(out, "mean_vrs", sum / n, "Å"));
	EM_TRY(em_results_measure(out, "min_vrs", least, "Å"));
	return em_results_measure(out, "max_vrs", largest, "Å");
}

/* Check 1.a. */
static em_status
run_1a(em_workbench *wb, em_results *out)
{
	const em_fsc *f;
	bool		ready;

	EM_TRY(em_half_pair_ready(wb, out, false, &ready));
	if (!ready)
		return EM_OK;
	EM_TRY(em_half_check_measures(wb, out));
	EM_TRY(em_workbench_fsc(wb, &f));
	if (em_half_pair_identical(out, f->noise_power, f->signal_power))
		return EM_OK;
	EM_TRY(em_results_measure(out, "reported_resolution", em_workbench_resolution(wb), "Å"));
	EM_TRY(measure_crossings(out, f));
	EM_TRY(measure_vrs(out, f));
	EM_TRY(store_curves(out, f, true));
	return em_masked_fsc_measures(wb, out);
}

/* Curves of the half maps times the mask. */
static em_status
masked_fsc(em_workbench *wb, em_results *out)
{
	em_ctx	   *ctx = em_workbench_ctx(wb);
	const em_volume *f1;
	const em_volume *f2;
	em_fsc	   *f;
	em_status	status;

	EM_TRY(em_workbench_masked_spectrum(wb, EM_ROLE_HALF1, &f1));
	EM_TRY(em_workbench_masked_spectrum(wb, EM_ROLE_HALF2, &f2));
	em_workbench_make_room(wb, em_fsc_sweep_bytes(ctx, &f1->grid));
	EM_TRY(em_fsc_sweep(ctx, f1, f2, &f));
	status = store_curves(out, f, false);
	em_fsc_destroy(ctx, f);
	return status;
}

/* Pseudo-check "fsc": the curves alone. */
static em_status
run_fsc(em_workbench *wb, em_results *out)
{
	const em_fsc *f;
	bool		ready;

	EM_TRY(em_half_pair_ready(wb, out, true, &ready));
	if (!ready)
		return EM_OK;
	if (em_workbench_has(wb, EM_ROLE_MASK))
		return masked_fsc(wb, out);
	EM_TRY(em_workbench_fsc(wb, &f));
	return store_curves(out, f, false);
}

/* Two volumes transformed in place, scratch and sums. */
static uint64_t
estimate(const em_workbench *wb)
{
	em_ctx	   *ctx = em_workbench_ctx(wb);
	const em_grid *grid = em_workbench_grid(wb, EM_ROLE_HALF1);

	if (!em_workbench_has(wb, EM_ROLE_HALF1) || !em_workbench_has(wb, EM_ROLE_HALF2))
		return 0;
	return 2 * em_volume_bytes(grid) + em_fft_scratch_bytes(ctx, grid) + em_fsc_sweep_bytes(ctx, grid)
		+ CURVES_BYTES;
}

/* The mask beside them. */
static uint64_t
estimate_fsc(const em_workbench *wb)
{
	uint64_t	bytes = estimate(wb);

	if (em_workbench_has(wb, EM_ROLE_MASK) && bytes > 0)
		bytes += em_volume_bytes(em_workbench_grid(wb, EM_ROLE_HALF1));
	return bytes;
}

/* With the masked curves, which are left out when there is no room for them. */
static uint64_t
estimate_1a(const em_workbench *wb)
{
	uint64_t	bytes = estimate(wb);
	uint64_t	masked = em_masked_fsc_measures_bytes(wb);

	return masked > bytes ? masked : bytes;
}

const em_check em_check_1a = {
	.code = "1.a",.method = "fsc/1",.run = run_1a,.estimate = estimate_1a
};

const em_check em_check_global_resolution = {
	.code = "global_resolution",.method = "fsc/1",.run = run_1a,.estimate = estimate_1a
};

const em_check em_check_fsc = {
	.code = "fsc",.method = "fsc/1",.run = run_fsc,.estimate = estimate_fsc
};
