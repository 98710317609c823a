/*
 * src/libem/checks/check_0f_local_bfactor.c
 *		Check 0.f: local B-factor (LocBFactor, doi:10.1038/s41467-021-21509-5).
 *
 * B-factors in Å², negative where the amplitudes fall with the frequency.
 * p50_normalised is the median with every band divided by sqrt(sum h²): 0 for a
 * flat spectrum of noise, where VRS's definition has up to -220 Å² (bias,
 * which is the same for all voxels).
 */
#include "checks/em_check_list.h"

#include <math.h>

#include "checks/em_resized.h"
#include "core/em_quantile.h"

#define BIN 5.0					/* Å² */
#define BINS_MAX 200

/* Bins on multiples of their width, over the bulk: three times the middle 95 %. */
static em_status
store_histogram(em_results *out, const em_resized *r, const em_local_bands *b)
{
	double		width = BIN;
	double		centre[BINS_MAX];
	double		counts[BINS_MAX];
	double		low;
	em_summary	s;
	int			bins;

	EM_TRY(em_summarize(out->ctx, b->volume, r->mask, &s));
	s.min = fmax(s.min, s.p2_5 - (s.p97_5 - s.p2_5));
	s.max = fmin(s.max, s.p97_5 + (s.p97_5 - s.p2_5));
	while (s.max - s.min >= width * (BINS_MAX - 2))
		width *= 2;
	low = width * floor(s.min / width);
	bins = (int) floor((s.max - low) / width) + 1;
	EM_TRY(em_histogram(out->ctx, b->volume, r->mask, low, low + bins * width, bins, centre, counts));
	return em_results_series(out, "histogram", bins, "b_factor", centre, "Å²", counts, "voxels");
}

static em_status
store(em_results *out, const em_resized *r, const em_local_bands *b)
{
	const em_measure *median = em_results_find(out, "p50");

	if (median != NULL)
		EM_TRY(em_results_measure(out, "p50_normalised", median->value + b->shift, "Å²"));
	EM_TRY(em_results_measure(out, "bias", -b->shift, "Å²"));
	EM_TRY(em_results_measure(out, "vanishing", (double) b->vanishing, ""));
	return store_histogram(out, r, b);
}

static em_status
run(em_workbench *wb, em_results *out)
{
	return em_resized_run(wb, out, "Å²", em_local_bfactor, store);
}

const em_check em_check_0f = {
	.code = "0.f",.method = "local_bfactor/1",.run = run,.estimate = em_resized_estimate
};
