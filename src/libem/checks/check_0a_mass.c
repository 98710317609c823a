/*
 * src/libem/checks/check_0a_mass.c
 *		Check 0.a: is the mass in the middle of the box, with space around it?
 *
 * Free space on both sides of the hard mask, and the centre of mass of the
 * positive density inside it.  VRS counts one voxel too many on the right and
 * takes the centre of mass of the whole map, negative densities included, which
 * explodes for maps of mean 0; it knows the voxel size of x only.
 */
#include "checks/em_level0.h"

#include <math.h>

/* Names of the measures, right and of VRS. */
typedef struct names
{
	const char *left[3];		/* Å */
	const char *right[3];		/* Å */
	const char *decentering[3]; /* % of the box */
	const char *com[3];			/* voxels */
	const char *com_decentering[3]; /* % of the box */
} names;

static const names names_right = {
	{"left_x", "left_y", "left_z"},
	{"right_x", "right_y", "right_z"},
	{"decentering_x", "decentering_y", "decentering_z"},
	{"com_x", "com_y", "com_z"},
	{"com_decentering_x", "com_decentering_y", "com_decentering_z"}
};

static const names names_vrs = {
	{"left_x_vrs", "left_y_vrs", "left_z_vrs"},
	{"right_x_vrs", "right_y_vrs", "right_z_vrs"},
	{"decentering_x_vrs", "decentering_y_vrs", "decentering_z_vrs"},
	{"com_x_vrs", "com_y_vrs", "com_z_vrs"},
	{"com_decentering_x_vrs", "com_decentering_y_vrs", "com_decentering_z_vrs"}
};

/* Store the free spaces around a mask, as they are or as VRS counts them. */
static em_status
store_spaces(em_workbench *wb, em_results *out, const em_mask *m, bool vrs, const names *name)
{
	const em_grid *grid = em_workbench_grid(wb, EM_ROLE_MAP);
	int64_t		first[3];
	int64_t		last[3];
	double		left[3];
	double		right[3];
	double		decentering[3];

	EM_TRY(em_mask_bounds(em_workbench_ctx(wb), m, first, last));
	for (int k = 0; k < 3; k++)
	{
		const double voxel = grid->voxel[vrs ? 0 : k];
		const int64_t behind = grid->n[k] - last[k] - (vrs ? 0 : 1);

		left[k] = (double) first[k] * voxel;
		right[k] = (double) behind * voxel;
		decentering[k] = 100 * fabs(right[k] - left[k]) / ((double) grid->n[k] * voxel);
	}
	EM_TRY(em_level0_axes(out, name->left, left, "Å"));
	EM_TRY(em_level0_axes(out, name->right, right, "Å"));
	return em_level0_axes(out, name->decentering, decentering, "%");
}

/* Store a centre of mass; without mass there is none. */
static em_status
store_centre(em_workbench *wb, em_results *out, const em_mass *mass, const names *name)
{
	const em_grid *grid = em_workbench_grid(wb, EM_ROLE_MAP);
	double		com[3];
	double		decentering[3];

	for (int k = 0; k < 3; k++)
	{
		com[k] = mass->first[k] / mass->sum;
		decentering[k] = 100 * fabs(com[k] - (double) grid->n[k] / 2) / (double) grid->n[k];
	}
	EM_TRY(em_level0_axes(out, name->com, com, "voxels"));
	return em_level0_axes(out, name->com_decentering, decentering, "%");
}

/* Check 0.a. */
static em_status
run(em_workbench *wb, em_results *out)
{
	const em_volume *map;
	const em_stats *stats;
	const em_mask *hard;
	const em_mask *vrs;
	em_mass		inside;
	em_mass		whole;
	bool		ready;

	EM_TRY(em_level0_ready(wb, out, true, &ready));
	if (!ready)
		return EM_OK;
	EM_TRY(em_workbench_volume(wb, EM_ROLE_MAP, &map));
	EM_TRY(em_workbench_stats(wb, EM_ROLE_MAP, &stats));
	EM_TRY(em_workbench_hard_mask(wb, &hard));
	EM_TRY(em_level0_mask_vrs(wb, &vrs));
	EM_TRY(em_mass_moments(em_workbench_ctx(wb), map, hard, &inside, &whole));

	EM_TRY(store_spaces(wb, out, hard, false, &names_right));
	EM_TRY(store_centre(wb, out, &inside, &names_right));
	EM_TRY(em_results_measure(out, "com_conditioning", fabs(stats->sum) / stats->sum_abs, ""));
	if (vrs != NULL)
		EM_TRY(store_spaces(wb, out, vrs, true, &names_vrs));
	return store_centre(wb, out, &whole, &names_vrs);
}

const em_check em_check_0a = {
	.code = "0.a",.method = "mass/1",.run = run,.estimate = em_level0_estimate
};
