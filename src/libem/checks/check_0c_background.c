/*
 * src/libem/checks/check_0c_background.c
 *		Check 0.c: is what lies outside the mask noise of mean 0?
 *
 * The t-test over voxels rejects every real map, for it counts 10^6 and more
 * correlated voxels as independent.  The size of the effect, |mean|/sd, does
 * not depend on their number, and the t-test over means of cubes, which are
 * nearly independent of each other, says whether the mean is significant.
 * VRS counts outliers by their distance from zero, not from the mean.
 */
#include "checks/em_level0.h"
#include "checks/em_student.h"

#include <math.h>

#define OUTLIER 5.0				/* standard deviations */
#define GAUSSIAN 5.733031437583892e-07	/* 2 Phi(-5) */
#define CUBE 16					/* voxels, edge of the cubes in all but small boxes */

/* Names of the measures, right and of VRS. */
typedef struct names
{
	const char *n;
	const char *mean;
	const char *sd;
	const char *t;
	const char *p;
	const char *outliers;
	const char *outlier_percent;
	const char *outlier_ratio;
} names;

static const names names_right = {
	"n", "mean", "sd", "t", "p", "outliers", "outlier_percent", "outlier_ratio"
};

static const names names_vrs = {
	"n_vrs", "mean_vrs", "sd_vrs", "t_vrs", "p_vrs", "outliers_vrs", "outlier_percent_vrs",
	"outlier_ratio_vrs"
};

/* Store what is outside a mask; outliers are counted about `centre`. */
static em_status
store_background(em_workbench *wb, em_results *out, const em_volume *map, const em_mask *m,
				 const em_stats *s, double centre, const names *name)
{
	const double n = (double) s->n;
	const double t = s->mean / s->sd * sqrt(n - 1);
	double		share;
	int64_t		outliers;

	EM_TRY(em_count_outliers(em_workbench_ctx(wb), map, m, centre, OUTLIER * s->sd, &outliers));
	share = (double) outliers / n;
	EM_TRY(em_results_measure(out, name->n, n, "voxels"));
	EM_TRY(em_results_measure(out, name->mean, s->mean, ""));
	EM_TRY(em_results_measure(out, name->sd, s->sd, ""));
	EM_TRY(em_results_measure(out, name->t, t, ""));
	EM_TRY(em_results_measure(out, name->p, em_student_p(t, n - 1), ""));
	EM_TRY(em_results_measure(out, name->outliers, (double) outliers, "voxels"));
	EM_TRY(em_results_measure(out, name->outlier_percent, 100 * share, "%"));
	return em_results_measure(out, name->outlier_ratio, share / GAUSSIAN, "");
}

/* Edge of the cubes: a quarter of the shortest axis of a small box. */
static int64_t
cube_edge(const em_grid *grid)
{
	int64_t		shortest = grid->n[0];

	for (int k = 1; k < 3; k++)
		if (grid->n[k] < shortest)
			shortest = grid->n[k];
	return shortest >= 4 * CUBE ? CUBE : shortest >= 4 ? shortest / 4 : 1;
}

/* Store the t-test over means of cubes; with fewer than two cubes there is none. */
static em_status
store_blocks(em_workbench *wb, em_results *out, const em_volume *map, const em_mask *m)
{
	const int64_t edge = cube_edge(&map->grid);
	em_cube_means c;
	double		n;
	double		t;

	EM_TRY(em_cube_means_outside(em_workbench_ctx(wb), map, m, edge, &c));
	n = (double) c.n;
	EM_TRY(em_results_measure(out, "block_edge", (double) edge, "voxels"));
	EM_TRY(em_results_measure(out, "blocks", n, ""));
	if (c.n < 2 || !(c.m2 > 0))
		return EM_OK;
	t = c.mean / sqrt(c.m2 / (n - 1) / n);
	EM_TRY(em_results_measure(out, "t_blocks", t, ""));
	return em_results_measure(out, "p_blocks", em_student_p(t, n - 1), "");
}

/* Say why a background cannot be measured; true when it cannot. */
static bool
reject_background(em_results *out, const em_mask *hard, const em_stats *s)
{
	if (s->n == 0)
		(void) em_results_state(out, EM_FAILED, "no_background",
								"the mask fills the box, all %lld voxels of it", (long long) hard->count);
	else if (s->max == s->min)
		(void) em_results_state(out, EM_FAILED, "constant_background",
								"the background is constant, all %lld voxels are %g",
								(long long) s->n, s->min);
	else
		return false;
	return true;
}

/* Check 0.c. */
static em_status
run(em_workbench *wb, em_results *out)
{
	em_ctx	   *ctx = em_workbench_ctx(wb);
	const em_volume *map;
	const em_mask *hard;
	const em_mask *vrs;
	em_stats	s;
	bool		ready;

	EM_TRY(em_level0_ready(wb, out, true, &ready));
	if (!ready)
		return EM_OK;
	EM_TRY(em_workbench_volume(wb, EM_ROLE_MAP, &map));
	EM_TRY(em_workbench_hard_mask(wb, &hard));
	EM_TRY(em_level0_mask_vrs(wb, &vrs));
	EM_TRY(em_volume_stats_outside(ctx, map, hard, &s));
	if (reject_background(out, hard, &s))
		return EM_OK;
	EM_TRY(store_background(wb, out, map, hard, &s, s.mean, &names_right));
	EM_TRY(em_results_measure(out, "gaussian_percent", 100 * GAUSSIAN, "%"));
	EM_TRY(em_results_measure(out, "effect_size", fabs(s.mean) / s.sd, ""));
	EM_TRY(store_blocks(wb, out, map, hard));
	if (vrs == NULL)
		return EM_OK;
	EM_TRY(em_volume_stats_outside(ctx, map, vrs, &s));
	return s.n == 0 ? EM_OK : store_background(wb, out, map, vrs, &s, 0, &names_vrs);
}

const em_check em_check_0c = {
	.code = "0.c",.method = "background/1",.run = run,.estimate = em_level0_estimate
};
