/*
 * src/libem/checks/check_fsc_masked.c
 *		Masked, phase-randomised and corrected FSC: the functions of their own,
 *		and what check 1.a shows of them.
 */
#include "checks/em_check_list.h"
#include "checks/em_half_pair.h"
#include "checks/em_masked_fsc.h"

#include <math.h>

#include "fourier/em_fft.h"
#include "half/em_mask_share.h"
#include "half/em_randomise.h"
#include "volume/em_arith.h"

#define LEVEL 0.143
#define STREAM 0x66736300		/* streams of the random phases, one a spectrum */
#define MAX_CROSSINGS 64		/* listed of one curve and criterion */
#define SMALL ((uint64_t) 1 << 20)	/* curves and other small things */

uint64_t
em_masked_fsc_bytes(const em_workbench *wb)
{
	uint64_t	bytes = em_half_pair_bytes(wb, 3);

	return bytes == 0 ? 0 : bytes + SMALL +
		em_fsc_sweep_bytes(em_workbench_ctx(wb), em_workbench_grid(wb, EM_ROLE_HALF1));
}

/* FSC of two spectra: `count` numbers. */
static em_status
curve_of(em_workbench *wb, const em_volume *f1, const em_volume *f2, double *curve)
{
	em_ctx	   *ctx = em_workbench_ctx(wb);
	em_fsc	   *f;

	em_workbench_make_room(wb, em_fsc_sweep_bytes(ctx, &f1->grid) + SMALL);
	EM_TRY(em_fsc_sweep(ctx, f1, f2, &f));
	for (int64_t i = 0; i < f->count; i++)
		curve[i] = f->fsc[i];
	em_fsc_destroy(ctx, f);
	return EM_OK;
}

static em_status
masked_curve(em_workbench *wb, double *curve)
{
	const em_volume *f1;
	const em_volume *f2;

	EM_TRY(em_workbench_masked_spectrum(wb, EM_ROLE_HALF1, &f1));
	EM_TRY(em_workbench_masked_spectrum(wb, EM_ROLE_HALF2, &f2));
	EM_TRY(curve_of(wb, f1, f2, curve));
	em_workbench_unpin(wb);
	return EM_OK;
}

/* Spectrum number `draw` of the mask times a half map with random phases from a shell on. */
static em_status
randomised_spectrum(em_workbench *wb, int draw, const em_volume *mask, int64_t from, em_volume **out)
{
	em_ctx	   *ctx = em_workbench_ctx(wb);
	em_volume  *v;
	em_status	status;

	*out = NULL;
	EM_TRY(em_workbench_take_spectrum(wb, draw % 2 == 0 ? EM_ROLE_HALF1 : EM_ROLE_HALF2, &v));
	em_workbench_make_room(wb, em_fft_scratch_bytes(ctx, &v->grid));
	status = em_randomise_phases(ctx, v, from, STREAM + (uint64_t) draw);
	if (status == EM_OK)
		status = em_fft_inverse(ctx, v);
	if (status == EM_OK)
		status = em_volume_multiply(ctx, v, mask);
	if (status == EM_OK)
		status = em_fft_forward(ctx, v);
	if (status == EM_OK)
		*out = v;
	else
		em_volume_destroy(ctx, v);
	return status;
}

/*
 * How many pairs of randomised half maps to average: one curve scatters by
 * 1/sqrt(share * n), which in a small box decides where 0.143 is crossed.
 */
static int
pairs_wanted(em_workbench *wb)
{
	int64_t		n = em_workbench_grid(wb, EM_ROLE_HALF1)->n[0];
	double		pairs = em_workbench_param(wb, "randomisations", n <= 160 ? 9 : n <= 320 ? 4 : 1);

	return pairs < 1 ? 1 : pairs > 100 ? 100 : (int) pairs;
}

/*
 * Mean FSC of pairs of masked half maps with random phases.  A chain of spectra
 * of half 1 and half 2 in turn, each compared with the one before it, needs one
 * more transform a pair and never more than two spectra in memory.  `work` has
 * room for the numbers of one curve.
 */
static em_status
randomised_curve(em_workbench *wb, const em_volume *mask, const em_fsc_masked *f, double *curve, double *work)
{
	em_ctx	   *ctx = em_workbench_ctx(wb);
	int			pairs = pairs_wanted(wb);
	em_volume  *half[2] = {NULL, NULL};
	em_status	status = EM_OK;

	for (int64_t i = 0; i < f->count; i++)
		curve[i] = 0;
	for (int draw = 0; draw <= pairs && status == EM_OK; draw++)
	{
		em_volume_destroy(ctx, half[draw % 2]);
		half[draw % 2] = NULL;
		status = randomised_spectrum(wb, draw, mask, f->randomised_from, &half[draw % 2]);
		if (status == EM_OK && draw > 0)
			status = curve_of(wb, half[0], half[1], work);
		for (int64_t i = 0; i < f->count && draw > 0 && status == EM_OK; i++)
			curve[i] += work[i] / pairs;
	}
	em_volume_destroy(ctx, half[0]);
	em_volume_destroy(ctx, half[1]);
	return status;
}

/* Add the masked and the randomised curve; `curves` has room for 3 * count numbers. */
static em_status
add_masked(em_workbench *wb, em_fsc_masked *f, double *curves)
{
	double	   *randomised = f->randomised_from < f->count ? curves + f->count : NULL;
	const em_volume *mask;

	EM_TRY(masked_curve(wb, curves));
	if (randomised != NULL)
	{
		EM_TRY(em_workbench_half_mask(wb, &mask));
		EM_TRY(randomised_curve(wb, mask, f, randomised, randomised + f->count));
		em_workbench_unpin(wb);
	}
	em_fsc_masked_set(f, curves, randomised);
	return EM_OK;
}

em_status
em_masked_fsc_make(em_workbench *wb, em_fsc_masked **out)
{
	em_ctx	   *ctx = em_workbench_ctx(wb);
	const em_volume *mask;
	const em_fsc *unmasked;
	em_fsc_masked *f;
	double		share = 1;
	double	   *curves;
	em_status	status;

	*out = NULL;
	em_workbench_unpin(wb);
	EM_TRY(em_workbench_half_mask(wb, &mask));
	if (mask != NULL)
	{
		em_workbench_make_room(wb, em_volume_bytes(&mask->grid) + em_fft_scratch_bytes(ctx, &mask->grid) + SMALL);
		EM_TRY(em_mask_share(ctx, mask, &share));
	}
	em_workbench_unpin(wb);
	EM_TRY(em_workbench_fsc(wb, &unmasked));
	em_workbench_unpin(wb);
	EM_TRY(em_fsc_masked_create(ctx, unmasked, share, &f));
	curves = em_alloc(ctx, (uint64_t) f->count * 3, sizeof(double), "masked FSC curves");
	status = curves == NULL ? em_ctx_status(ctx) : EM_OK;
	if (status == EM_OK && mask != NULL)
		status = add_masked(wb, f, curves);
	em_free(ctx, curves);
	if (status == EM_OK)
		*out = f;
	else
		em_fsc_masked_destroy(ctx, f);
	return status;
}

/* Frequencies, 1/Å, and numbers of the shells; free them together with em_free(x). */
static double *
shell_axis(em_ctx *ctx, const em_fsc_masked *f, double **frequency, double **resolution, double **n)
{
	double	   *x = em_alloc(ctx, (uint64_t) f->count * 4, sizeof(double), "masked FSC curves");

	if (x == NULL)
		return NULL;
	*frequency = x + f->count;
	*resolution = x + 2 * f->count;
	*n = x + 3 * f->count;
	for (int64_t i = 0; i < f->count; i++)
	{
		x[i] = (double) i;
		(*frequency)[i] = (double) i / f->length;
		(*resolution)[i] = i > 0 ? f->length / (double) i : NAN;
		(*n)[i] = (double) f->n[i];
	}
	return x;
}

/* Store one curve over the shells from 1 on. */
static em_status
store(em_results *out, const em_fsc_masked *f, const double *frequency, const char *name,
	  const double *curve, const char *unit)
{
	return em_results_series(out, name, f->count - 1, "frequency", frequency + 1, "1/Å", curve + 1, unit);
}

/* Resolution at the first crossing of 0.143, Å; NaN when there is none. */
static double
resolution_at(const em_fsc_masked *f, const double *curve)
{
	double		frequency;

	return em_crossings(curve, f->count, f->length, LEVEL, -1, &frequency, 1) > 0 ? 1 / frequency : NAN;
}

/* The masked curves as check 1.a shows them. */
static em_status
store_masked(em_results *out, const em_fsc_masked *f)
{
	double	   *frequency;
	double	   *resolution;
	double	   *n;
	double	   *x = shell_axis(out->ctx, f, &frequency, &resolution, &n);
	em_status	status;

	if (x == NULL)
		return em_ctx_status(out->ctx);
	status = store(out, f, frequency, "fsc_masked", f->masked, "");
	if (status == EM_OK)
		status = store(out, f, frequency, "fsc_randomised", f->randomised, "");
	if (status == EM_OK)
		status = store(out, f, frequency, "fsc_corrected", f->corrected, "");
	if (status == EM_OK)
		status = store(out, f, frequency, "half_bit", f->half_bit, "");
	em_free(out->ctx, x);
	return status;
}

uint64_t
em_masked_fsc_measures_bytes(const em_workbench *wb)
{
	bool		given = em_workbench_has(wb, EM_ROLE_MASK);
	uint64_t	bytes;

	if (em_workbench_param(wb, "masked", 1) == 0 ||
		!(given || (em_workbench_has(wb, EM_ROLE_MAP) && isfinite(em_workbench_contour(wb)))))
		return 0;
	bytes = em_masked_fsc_bytes(wb);
	return bytes <= em_ctx_memory_budget(em_workbench_ctx(wb)) ? bytes : 0;
}

/* From which resolution on phases were made random; nothing when none were. */
static em_status
store_randomised_from(em_results *out, const em_fsc_masked *f)
{
	if (f->randomised_from >= f->count)
		return EM_OK;
	return em_results_measure(out, "randomised_from", f->length / (double) f->randomised_from, "Å");
}

em_status
em_masked_fsc_measures(em_workbench *wb, em_results *out)
{
	em_ctx	   *ctx = em_workbench_ctx(wb);
	em_fsc_masked *f;
	em_status	status;

	if (em_masked_fsc_measures_bytes(wb) == 0)
		return EM_OK;
	status = em_masked_fsc_make(wb, &f);
	if (status == EM_NOT_MEASURABLE || status == EM_MISMATCH)
		return EM_OK;
	if (status != EM_OK)
		return status;
	status = em_results_measure(out, "fsc_masked_0143", resolution_at(f, f->masked), "Å");
	if (status == EM_OK)
		status = em_results_measure(out, "fsc_corrected_0143", resolution_at(f, f->corrected), "Å");
	if (status == EM_OK)
		status = store_randomised_from(out, f);
	if (status == EM_OK)
		status = store_masked(out, f);
	em_fsc_masked_destroy(ctx, f);
	return status;
}

/* All curves, as rows. */
static em_status
store_rows(em_results *out, const em_fsc_masked *f)
{
	double	   *frequency;
	double	   *resolution;
	double	   *n;
	double	   *x = shell_axis(out->ctx, f, &frequency, &resolution, &n);
	em_status	status = EM_OK;

	if (x == NULL)
		return em_ctx_status(out->ctx);

	const struct
	{
		const char *name;
		const double *curve;
	}			list[] = {
		{"shell", x}, {"resolution", resolution}, {"fsc_unmasked", f->unmasked}, {"fsc_masked", f->masked},
		{"fsc_randomised", f->randomised}, {"fsc_corrected", f->corrected}, {"half_bit", f->half_bit},
		{"one_bit", f->one_bit}, {"three_sigma", f->three_sigma}, {"n", n}
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]) && status == EM_OK; i++)
		status = store(out, f, frequency, list[i].name, list[i].curve, "");
	em_free(out->ctx, x);
	return status;
}

/* Where phases become random, and how much the mask alone correlates there and at the resolution. */
static em_status
store_summary(em_results *out, const em_fsc_masked *f)
{
	double		last = em_fsc_last_shell(f->corrected, f->count, f->length, LEVEL);
	int64_t		at = isfinite(last) ? llround(f->length / last) : 0;

	EM_TRY(em_results_measure(out, "resolution", last, "Å"));
	EM_TRY(em_results_measure(out, "interpolated", resolution_at(f, f->corrected), "Å"));
	EM_TRY(em_results_measure(out, "masked", resolution_at(f, f->masked), "Å"));
	EM_TRY(em_results_measure(out, "unmasked", resolution_at(f, f->unmasked), "Å"));
	EM_TRY(store_randomised_from(out, f));
	if (at > f->randomised_from)
		EM_TRY(em_results_measure(out, "fsc_randomised", f->randomised[at], ""));
	return em_results_measure(out, "mask_share", f->share, "");
}

/* Number of crossings of curve c and criterion k; row r and on get them, one row when there is none. */
static int
list_crossings(const em_fsc_masked *f, int c, int k, double *scratch, double *rows[5], int r)
{
	const double *const curve[] = {f->unmasked, f->masked, f->corrected};
	double		frequency[MAX_CROSSINGS];
	int			n = em_fsc_criterion_crossings(f, curve[c], (em_fsc_criterion) k, scratch, frequency, MAX_CROSSINGS);
	int			shown = n < 1 ? 1 : n < MAX_CROSSINGS ? n : MAX_CROSSINGS;

	for (int i = 0; i < shown; i++)
	{
		rows[0][r + i] = c + 1;
		rows[1][r + i] = k + 1;
		rows[2][r + i] = n == 0 ? 0 : i + 1;
		rows[3][r + i] = n == 0 ? NAN : frequency[i];
		rows[4][r + i] = n == 0 ? NAN : 1 / frequency[i];
	}
	return shown;
}

/*
 * Every crossing as a row of numbers: curve (1 unmasked, 2 masked, 3 corrected),
 * criterion (1 on, in the order of em_fsc_criterion), crossing (1 on; 0: the
 * curve never falls below), frequency, resolution.
 */
static em_status
store_crossings(em_results *out, const em_fsc_masked *f)
{
	static const char *const name[] = {"curve", "criterion", "crossing", "frequency", "resolution"};
	int			curves = isfinite(f->masked[1]) ? 3 : 1;
	int64_t		most = 3 * EM_CRITERION_COUNT * MAX_CROSSINGS;
	double	   *block = em_alloc(out->ctx, (uint64_t) (6 * most + f->count), sizeof(double), "crossings");
	double	   *rows[5];
	em_status	status = EM_OK;
	int			r = 0;

	if (block == NULL)
		return em_ctx_status(out->ctx);
	for (int i = 0; i < 5; i++)
		rows[i] = block + i * most;
	for (int i = 0; i < most; i++)
		block[5 * most + i] = i + 1;
	for (int c = 0; c < curves; c++)
		for (int k = 0; k < EM_CRITERION_COUNT; k++)
			r += list_crossings(f, c, k, block + 6 * most, rows, r);
	for (int i = 0; i < 5 && status == EM_OK; i++)
		status = em_results_series(out, name[i], r, "row", block + 5 * most, "", rows[i], "");
	em_free(out->ctx, block);
	return status;
}

/* Measure and hand over to one of the functions above. */
static em_status
run(em_workbench *wb, em_results *out, bool need_mask, em_status (*show) (em_results *, const em_fsc_masked *))
{
	em_ctx	   *ctx = em_workbench_ctx(wb);
	const em_fsc *unmasked;
	em_fsc_masked *f;
	bool		ready;
	em_status	status;

	EM_TRY(em_half_pair_ready(wb, out, true, &ready));
	if (!ready)
		return EM_OK;
	if (need_mask && !em_workbench_has(wb, EM_ROLE_MASK) && !isfinite(em_workbench_contour(wb)))
		return em_results_state(out, EM_NOT_APPLICABLE, "no_mask", "there is no mask");
	EM_TRY(em_workbench_fsc(wb, &unmasked));
	if (em_half_pair_identical(out, unmasked->noise_power, unmasked->signal_power))
		return EM_OK;
	EM_TRY(em_masked_fsc_make(wb, &f));
	status = show(out, f);
	em_fsc_masked_destroy(ctx, f);
	return status;
}

static em_status
run_rows(em_workbench *wb, em_results *out)
{
	return run(wb, out, true, store_rows);
}

static em_status
run_summary(em_workbench *wb, em_results *out)
{
	return run(wb, out, true, store_summary);
}

static em_status
run_crossings(em_workbench *wb, em_results *out)
{
	return run(wb, out, false, store_crossings);
}

const em_check em_check_fsc_masked = {
	.code = "fsc_masked",.method = "fsc_masked/1",.run = run_rows,.estimate = em_masked_fsc_bytes
};

const em_check em_check_fsc_masked_resolution = {
	.code = "fsc_masked_resolution",.method = "fsc_masked/1",.run = run_summary,.estimate = em_masked_fsc_bytes
};

const em_check em_check_fsc_crossings = {
	.code = "fsc_crossings",.method = "fsc_masked/1",.run = run_crossings,.estimate = em_masked_fsc_bytes
};
