/*
 * src/libem/checks/check_1b_permutation.c
 *		Check 1.b: resolution from a permutation test of the shells at a false
 *		discovery rate of 1 %, and the B-factor of the averaged half maps.
 *
 * The half maps are seen through SPOC's sphere; with parameter "use_mask" 1 (the
 * default of the function, not of the check) through the mask given, whose
 * independent share of coefficients takes the place of SPOC's 0.7.
 */
#include "checks/em_check_list.h"
#include "checks/em_half_measures.h"
#include "checks/em_half_pair.h"

#include <math.h>

#include "fourier/em_fft.h"
#include "half/em_fsc_masked.h"
#include "half/em_fsc_permutation.h"
#include "half/em_mask_share.h"
#include "volume/em_arith.h"

#define EDGE 4.0				/* voxels between the sphere and the faces of its box */
#define BFACTOR_LOW 10.0		/* Å: the fit begins here */
#define BFACTOR_WORST 8.0		/* Å: no fit at a worse resolution */
#define INSIDE 1e-5				/* the limits of the fit are not part of it */
#define SMALL ((uint64_t) 1 << 20)

static int64_t
shortest(const int64_t n[3])
{
	int64_t		least = n[0] < n[1] ? n[0] : n[1];

	return n[2] < least ? n[2] : least;
}

/* Spectrum of a half map behind the mask, or behind the sphere when that is NULL. */
static em_status
seen_spectrum(em_workbench *wb, em_role role, const em_volume *mask, em_volume **out)
{
	em_ctx	   *ctx = em_workbench_ctx(wb);
	em_volume  *v;
	em_status	status;

	*out = NULL;
	EM_TRY(em_workbench_take_volume(wb, role, &v));
	em_workbench_make_room(wb, em_fft_scratch_bytes(ctx, &v->grid));
	if (mask != NULL)
		status = em_volume_multiply(ctx, v, mask);
	else
		status = em_sphere_multiply(ctx, v, (double) shortest(v->grid.n) / 2 - EDGE);
	if (status == EM_OK)
		status = em_fft_forward(ctx, v);
	if (status == EM_OK)
		*out = v;
	else
		em_volume_destroy(ctx, v);
	return status;
}

/* Test the shells. */
static em_status
test_shells(em_workbench *wb, const em_volume *mask, em_fsc_permutation **out)
{
	em_ctx	   *ctx = em_workbench_ctx(wb);
	em_permutation_options options = {
		.share = EM_SPHERE_SHARE,.exact = em_workbench_param(wb, "exact", 0) != 0
	};
	em_volume  *f1;
	em_volume  *f2 = NULL;
	em_status	status;

	*out = NULL;
	if (mask != NULL)
	{
		em_workbench_make_room(wb, em_volume_bytes(&mask->grid) + em_fft_scratch_bytes(ctx, &mask->grid) + SMALL);
		EM_TRY(em_mask_share(ctx, mask, &options.share));
	}
	EM_TRY(seen_spectrum(wb, EM_ROLE_HALF1, mask, &f1));
	status = seen_spectrum(wb, EM_ROLE_HALF2, mask, &f2);
	if (status == EM_OK)
	{
		em_workbench_make_room(wb, em_fsc_permutation_bytes(ctx, &f1->grid));
		status = em_fsc_permutation_test(ctx, f1, f2, &options, out);
	}
	em_volume_destroy(ctx, f2);
	em_volume_destroy(ctx, f1);
	return status;
}

/* Guinier profile of the averaged half maps in a sphere of a quarter of the box. */
static em_status
average_profile(em_workbench *wb, em_guinier **out)
{
	em_ctx	   *ctx = em_workbench_ctx(wb);
	const em_volume *half2;
	em_volume  *v;
	em_status	status;

	*out = NULL;
	EM_TRY(em_workbench_take_volume(wb, EM_ROLE_HALF1, &v));
	status = em_workbench_volume(wb, EM_ROLE_HALF2, &half2);
	if (status == EM_OK)
		status = em_volume_average(ctx, v, half2);
	em_workbench_unpin(wb);
	em_workbench_make_room(wb, em_fft_scratch_bytes(ctx, &v->grid) + em_guinier_bytes(ctx, &v->grid) + SMALL);
	if (status == EM_OK)
		status = em_sphere_multiply(ctx, v, (double) shortest(v->grid.n) / 4 - EDGE);
	if (status == EM_OK)
		status = em_fft_forward(ctx, v);
	if (status == EM_OK)
		status = em_guinier_profile(ctx, v, out);
	em_volume_destroy(ctx, v);
	return status;
}

/* B-factor between 10 Å and a resolution; nothing when that is too bad or the shells too few. */
static em_status
store_bfactor(em_results *out, const em_guinier *g, const char *name, double resolution, bool vrs)
{
	em_bfactor_fit fit;
	em_status	status;

	if (!(resolution < BFACTOR_WORST))
		return EM_OK;
	status = em_bfactor_fit_range(out->ctx, g, BFACTOR_LOW * (1 - INSIDE), resolution * (1 + INSIDE), vrs, &fit);
	if (status == EM_NOT_MEASURABLE)
		return EM_OK;
	if (status != EM_OK)
		return status;
	return em_results_measure(out, name, fit.bfactor, "Å²");
}

static em_status
store_bfactors(em_workbench *wb, em_results *out, double resolution, double resolution_vrs)
{
	em_ctx	   *ctx = em_workbench_ctx(wb);
	em_guinier *g;
	em_status	status;

	if (!(resolution < BFACTOR_WORST) && !(resolution_vrs < BFACTOR_WORST))
		return EM_OK;
	status = average_profile(wb, &g);
	if (status == EM_NOT_MEASURABLE)
		return EM_OK;
	if (status != EM_OK)
		return status;
	status = store_bfactor(out, g, "bfactor", resolution, false);
	if (status == EM_OK)
		status = store_bfactor(out, g, "bfactor_vrs", resolution_vrs, true);
	em_guinier_destroy(ctx, g);
	return status;
}

/* The curves over the shells from 1 on. */
static em_status
store_curves(em_results *out, const em_fsc_permutation *p)
{
	double	   *frequency = em_alloc(out->ctx, (uint64_t) p->count * 2, sizeof(double), "permutation test");
	double	   *n = frequency + p->count;
	em_status	status = EM_OK;

	if (frequency == NULL)
		return em_ctx_status(out->ctx);
	for (int64_t i = 1; i < p->count; i++)
	{
		frequency[i] = (double) i / p->length;
		n[i] = (double) p->n[i];
	}

	const struct
	{
		const char *name;
		const double *curve;
	}			list[] = {
		{"fsc", p->fsc}, {"q_value", p->q}, {"p_value", p->p}, {"q_value_vrs", p->q_vrs},
		{"p_value_vrs", p->p_vrs}, {"n_independent", n}
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]) && status == EM_OK; i++)
		status = em_results_series(out, list[i].name, p->count - 1, "frequency", frequency + 1, "1/Å",
								   list[i].curve + 1, "");
	em_free(out->ctx, frequency);
	return status;
}

/* What the test says. */
static em_status
store_test(em_workbench *wb, em_results *out, const em_fsc_permutation *p)
{
	double		level = em_workbench_param(wb, "fdr", EM_FDR_LEVEL);
	double		resolution = em_fdr_resolution(p->q, p->count, p->length, level);
	double		resolution_vrs = em_fdr_resolution(p->q_vrs, p->count, p->length, level);

	EM_TRY(em_results_measure(out, "resolution", resolution, "Å"));
	EM_TRY(em_results_measure(out, "resolution_vrs", resolution_vrs, "Å"));
	EM_TRY(em_results_measure(out, "fsc_0143_vrs", em_fsc_last_shell(p->fsc_vrs, p->count, p->length, 0.143), "Å"));
	EM_TRY(store_curves(out, p));
	return store_bfactors(wb, out, resolution, resolution_vrs);
}

/* Are the halves the same?  Their correlation is 1 in every shell that has power. */
static bool
same_halves(const em_fsc_permutation *p)
{
	for (int64_t i = 1; i < p->count; i++)
		if (p->fsc[i] < 1 - 1e-10)
			return false;
	return true;
}

/* The check sees the half maps as SPOC does; the function takes the mask it is given. */
static em_status
run(em_workbench *wb, em_results *out, bool function)
{
	em_ctx	   *ctx = em_workbench_ctx(wb);
	bool		masked = em_workbench_has(wb, EM_ROLE_MASK) && em_workbench_param(wb, "use_mask", function) != 0;
	const em_volume *mask = NULL;
	em_fsc_permutation *p;
	bool		ready;
	em_status	status;

	EM_TRY(em_half_pair_ready(wb, out, masked, &ready));
	if (!ready)
		return EM_OK;
	if (!function)
		EM_TRY(em_half_check_measures(wb, out));
	if (masked)
		EM_TRY(em_workbench_volume(wb, EM_ROLE_MASK, &mask));
	EM_TRY(test_shells(wb, mask, &p));
	em_workbench_unpin(wb);
	status = em_results_measure(out, "reported_resolution", em_workbench_resolution(wb), "Å");
	if (status == EM_OK && same_halves(p))
		(void) em_half_pair_identical(out, 0, 1);
	else if (status == EM_OK)
		status = store_test(wb, out, p);
	em_fsc_permutation_destroy(ctx, p);
	return status;
}

static em_status
run_1b(em_workbench *wb, em_results *out)
{
	return run(wb, out, false);
}

static em_status
run_function(em_workbench *wb, em_results *out)
{
	return run(wb, out, true);
}

/* Two half maps behind a sphere, or a mask and two behind it. */
static uint64_t
estimate(const em_workbench *wb)
{
	uint64_t	bytes = em_half_pair_bytes(wb, em_workbench_has(wb, EM_ROLE_MASK) ? 3 : 2);

	return bytes == 0 ? 0 : bytes + SMALL +
		em_fsc_permutation_bytes(em_workbench_ctx(wb), em_workbench_grid(wb, EM_ROLE_HALF1)) +
		em_guinier_bytes(em_workbench_ctx(wb), em_workbench_grid(wb, EM_ROLE_HALF1));
}

const em_check em_check_1b = {
	.code = "1.b",.method = "fsc_permutation/1",.run = run_1b,.estimate = estimate
};

const em_check em_check_fsc_permutation = {
	.code = "fsc_permutation",.method = "fsc_permutation/1",.run = run_function,.estimate = estimate
};
