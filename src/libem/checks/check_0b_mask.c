/*
 * src/libem/checks/check_0b_mask.c
 *		Check 0.b: how the mask at the contour level falls into components.
 *
 * The components that hold 95 % of the voxels are kept; what remains is noise.
 * VRS takes the volume of one voxel for the mean volume of what remains, the
 * last component kept for the largest one that remains, and counts one kept
 * component too few when the background is smaller than that.
 */
#include "checks/em_level0.h"

#include <math.h>

#define KEEP 0.95				/* share of the voxels that the kept components hold */
#define LISTED 100				/* components listed at most */

/* What is kept and what remains. */
typedef struct split
{
	int64_t		voxels;			/* of the raw mask */
	int64_t		kept;			/* components */
	int64_t		kept_voxels;
	int64_t		rest;			/* components */
	int64_t		rest_voxels;
} split;

/* Keep components from the largest on until they hold their share of the `voxels` of the raw mask. */
static split
split_components(const em_components *c, int64_t voxels)
{
	split		s = {.voxels = voxels};

	while (s.kept < c->count && (double) s.kept_voxels / (double) voxels < KEEP)
		s.kept_voxels += c->size[s.kept++];
	s.rest = c->count - s.kept;
	s.rest_voxels = voxels - s.kept_voxels;
	return s;
}

/* Store the raw mask and its components; `outside` is the number of voxels below the contour level. */
static em_status
store_components(em_results *out, const em_components *c, const split *s, double voxel_volume,
				 int64_t outside)
{
	const int64_t missed = outside < c->size[s->kept - 1];

	EM_TRY(em_results_measure(out, "components", (double) c->count, ""));
	EM_TRY(em_results_measure(out, "voxels", (double) s->voxels, "voxels"));
	EM_TRY(em_results_measure(out, "volume", (double) s->voxels * voxel_volume, "Å³"));
	EM_TRY(em_results_measure(out, "largest_voxels", (double) c->size[0], "voxels"));
	EM_TRY(em_results_measure(out, "components_95", (double) s->kept, ""));
	EM_TRY(em_results_measure(out, "components_95_vrs", (double) (s->kept - missed), ""));
	EM_TRY(em_results_measure(out, "remaining", (double) s->rest, ""));
	return em_results_measure(out, "noise_mass_percent", 100 * (double) s->rest_voxels / (double) s->voxels,
							  "%");
}

/* Store the sizes of what remains; nothing when nothing does. */
static em_status
store_rest(em_results *out, const em_components *c, const split *s, const em_grid *grid)
{
	const double mean = (double) s->rest_voxels / (double) s->rest;

	if (s->rest == 0)
		return EM_OK;
	EM_TRY(em_results_measure(out, "remaining_mean_voxels", mean, "voxels"));
	EM_TRY(em_results_measure(out, "remaining_mean_volume", mean * em_grid_voxel_volume(grid), "Å³"));
	EM_TRY(em_results_measure(out, "remaining_mean_volume_vrs", pow(grid->voxel[0], 3), "Å³"));
	EM_TRY(em_results_measure(out, "remaining_max_voxels", (double) c->size[s->kept], "voxels"));
	EM_TRY(em_results_measure(out, "remaining_min_voxels", (double) c->size[c->count - 1], "voxels"));
	return em_results_measure(out, "remaining_max_voxels_vrs", (double) c->size[s->kept - 1], "voxels");
}

/* List the kept components: size and cumulated share by rank. */
static em_status
store_list(em_results *out, const em_components *c, const split *s)
{
	double		rank[LISTED];
	double		size[LISTED];
	double		share[LISTED];
	int64_t		n = s->kept < LISTED ? s->kept : LISTED;
	int64_t		sum = 0;

	for (int64_t i = 0; i < n; i++)
	{
		sum += c->size[i];
		rank[i] = (double) (i + 1);
		size[i] = (double) c->size[i];
		share[i] = 100 * (double) sum / (double) s->voxels;
	}
	EM_TRY(em_results_series(out, "component_voxels", n, "rank", rank, "", size, "voxels"));
	return em_results_series(out, "component_cumulated_percent", n, "rank", rank, "", share, "%");
}

/* Store a constructed mask under three names. */
static em_status
store_mask(em_results *out, const em_mask *m, const em_mask *raw, double voxel_volume,
		   const char *const name[3])
{
	EM_TRY(em_results_measure(out, name[0], (double) m->count, "voxels"));
	EM_TRY(em_results_measure(out, name[1], (double) m->count * voxel_volume, "Å³"));
	return em_results_measure(out, name[2], (double) em_mask_overlap(m, raw) / (double) raw->count, "");
}

/* Check 0.b. */
static em_status
run(em_workbench *wb, em_results *out)
{
	static const char *const right[3] = {"constructed_voxels", "constructed_volume", "overlap"};
	static const char *const of_vrs[3] = {"constructed_voxels_vrs", "constructed_volume_vrs", "overlap_vrs"};
	const em_grid *grid = em_workbench_grid(wb, EM_ROLE_MAP);
	const em_mask *raw;
	const em_components *c;
	const em_mask *hard;
	const em_mask *vrs;
	const em_stats *stats;
	split		s;
	bool		ready;

	EM_TRY(em_level0_ready(wb, out, true, &ready));
	if (!ready)
		return EM_OK;
	EM_TRY(em_workbench_raw_mask(wb, &raw));
	EM_TRY(em_workbench_components(wb, &c));
	EM_TRY(em_workbench_hard_mask(wb, &hard));
	EM_TRY(em_level0_mask_vrs(wb, &vrs));
	EM_TRY(em_workbench_stats(wb, EM_ROLE_MAP, &stats));
	s = split_components(c, raw->count);
	EM_TRY(store_components(out, c, &s, em_grid_voxel_volume(grid), em_grid_voxels(grid) - raw->count));
	EM_TRY(store_rest(out, c, &s, grid));
	EM_TRY(store_mask(out, hard, raw, em_grid_voxel_volume(grid), right));
	if (vrs != NULL)
		EM_TRY(store_mask(out, vrs, raw, pow(grid->voxel[0], 3), of_vrs));
	EM_TRY(em_results_measure(out, "contour", em_workbench_contour(wb), ""));
	EM_TRY(em_results_measure(out, "maximum", stats->max, ""));
	EM_TRY(store_list(out, c, &s));
	return em_level0_mass_table(wb, out);
}

const em_check em_check_0b = {
	.code = "0.b",.method = "mask/1",.run = run,.estimate = em_level0_estimate
};
