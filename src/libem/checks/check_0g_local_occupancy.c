/*
 * src/libem/checks/check_0g_local_occupancy.c
 *		Check 0.g: local occupancy (LocOccupancy, doi:10.1038/s41467-021-21509-5).
 *
 * The mean over the mask is 0.75 by construction, so what tells maps apart is
 * the share of the mask with a low occupancy.
 */
#include "checks/em_check_list.h"

#include "checks/em_resized.h"
#include "core/em_quantile.h"

#define LOW 0.25

/* Voxels by the number of bands they reach the level in: one bin each, counted from 0. */
static em_status
store(em_results *out, const em_resized *r, const em_local_bands *b)
{
	const int	bins = b->bands + 1;
	const double half = 0.5 / b->bands;
	double	   *centre = em_alloc(out->ctx, 2 * (uint64_t) bins, sizeof(double), "histogram");
	double		low = 0;
	em_status	status;

	if (centre == NULL)
		return em_ctx_status(out->ctx);
	status = em_histogram(out->ctx, b->volume, r->mask, -half, 1 + half, bins, centre, centre + bins);
	for (int i = 0; i < bins; i++)
	{
		centre[i] = (double) i / b->bands;
		if (centre[i] < LOW)
			low += centre[bins + i];
	}
	if (status == EM_OK)
		status = em_results_measure(out, "low_occupancy_percent", 100 * low / (double) r->mask->count, "%");
	if (status == EM_OK)
		status = em_results_series(out, "histogram", bins, "occupancy", centre, "", centre + bins, "voxels");
	em_free(out->ctx, centre);
	return status;
}

static em_status
run(em_workbench *wb, em_results *out)
{
	return em_resized_run(wb, out, "", em_local_occupancy, store);
}

const em_check em_check_0g = {
	.code = "0.g",.method = "local_occupancy/1",.run = run,.estimate = em_resized_estimate
};
