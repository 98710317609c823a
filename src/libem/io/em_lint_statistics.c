/*
 * src/libem/io/em_lint_statistics.c
 *		Defects of the header's statistics and of the voxels behind them.
 */
#include "io/em_lint.h"

#include <math.h>

/* Everything 0: nobody filled it in (or the map is empty, which the voxels tell). */
static bool
all_zero(const em_mrc_header *h)
{
	return h->dmin == 0 && h->dmax == 0 && h->dmean == 0 && h->rms == 0;
}

/* Does the header follow the format's way to say "not determined"? */
static bool
range_unset(const em_mrc_header *h)
{
	return h->dmin > h->dmax;
}

/* The same for the mean. */
static bool
mean_unset(const em_mrc_header *h)
{
	return h->dmean < h->dmin && h->dmean < h->dmax;
}

/* Compare with the recomputed values. */
static void
compare(const em_mrc_header *h, const em_stats *s, em_lint_list *list)
{
	double		scale = fmax(s->sd, 1e-6 * fmax(fabs(s->min), fabs(s->max)));

	if (!range_unset(h) && !(fabs(h->dmin - s->min) <= 1e-4 * scale + 1e-5 * fabs(s->min) &&
							 fabs(h->dmax - s->max) <= 1e-4 * scale + 1e-5 * fabs(s->max)))
		em_lint_add(list, EM_LINT_WARNING, "statistics_range_wrong",
				"The header says the voxels lie between %.7g and %.7g, they lie between %.7g and %.7g.",
				h->dmin, h->dmax, s->min, s->max);
	if (!mean_unset(h) && !(fabs(h->dmean - s->mean) <= 1e-3 * scale + 1e-5 * fabs(s->mean)))
		em_lint_add(list, EM_LINT_WARNING, "statistics_mean_wrong",
				"The header says the mean is %.7g, it is %.7g.", h->dmean, s->mean);
	if (h->rms >= 0 && !(fabs(h->rms - s->sd) <= 1e-3 * s->sd + 1e-6 * scale))
		em_lint_add(list, EM_LINT_WARNING, "statistics_rms_wrong",
				"The header says the standard deviation is %.7g, it is %.7g.", h->rms, s->sd);
}

/* What the voxels themselves show. */
static void
lint_voxels(const em_mrc_header *h, const em_stats *s, em_lint_list *list)
{
	if (s->not_finite > 0)
		em_lint_add(list, EM_LINT_ERROR, "voxels_not_finite", "%lld of %lld voxels are NaN or infinite.",
				(long long) s->not_finite, (long long) (s->n + s->not_finite));
	if (s->n > 0 && s->min == s->max)
		em_lint_add(list, EM_LINT_ERROR, "constant_map", "All voxels have the same value, %.7g.", s->min);
	if (h->mode == 0 && !h->unsigned_bytes && h->dmin >= 0 && h->dmax > 127 && h->dmax <= 255 && s->min < 0)
		em_lint_add(list, EM_LINT_WARNING, "bytes_maybe_unsigned",
				"The header's maximum %.7g does not fit into the signed bytes of mode 0; "
				"the file may hold unsigned bytes.", h->dmax);
}

void
em_lint_statistics(const em_mrc_header *h, const em_stats *stats, em_lint_list *list)
{
	bool		unset = range_unset(h) || mean_unset(h) || h->rms < 0;

	if (!isfinite(h->dmin) || !isfinite(h->dmax) || !isfinite(h->dmean) || !isfinite(h->rms))
		em_lint_add(list, EM_LINT_WARNING, "statistics_not_finite",
				"The statistics in the header are not all numbers: %g, %g, %g, %g.",
				h->dmin, h->dmax, h->dmean, h->rms);
	else if (all_zero(h) && !(stats != NULL && stats->n > 0 && stats->min == 0 && stats->max == 0))
		em_lint_add(list, EM_LINT_INFO, "statistics_unset", "The statistics in the header are all 0.");
	else
	{
		if (unset)
			em_lint_add(list, EM_LINT_INFO, "statistics_unset",
					"The header marks its statistics as not determined:%s%s%s.",
					range_unset(h) ? " range" : "",
					mean_unset(h) ? " mean" : "", h->rms < 0 ? " rms" : "");
		if (stats != NULL && stats->n > 0)
			compare(h, stats, list);
	}
	if (stats != NULL)
		lint_voxels(h, stats, list);
}
