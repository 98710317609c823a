/*
 * test/unit/test_checks_level0.c
 *		Checks 0.a, 0.b, 0.c and the mass table on maps whose answers are known.
 */
#include "boxes.h"
#include "checks/em_check_list.h"
#include "checks/em_student.h"

/* Where the fake loader gets its map from. */
typedef struct origin
{
	em_grid		grid;
	void		(*fill) (em_volume *v);
} origin;

static em_status
load(void *arg, em_ctx *ctx, em_role role, em_volume **out)
{
	const origin *o = arg;

	(void) role;
	EM_TRY(em_volume_create(ctx, &o->grid, "map", out));
	o->fill(*out);
	return EM_OK;
}

static em_workbench *
bench(em_ctx *ctx, origin *o, double contour)
{
	em_workbench_options opt = {.contour = contour, .resolution = NAN, .load = load, .arg = o};
	em_workbench *wb;

	opt.present[EM_ROLE_MAP] = o->fill != NULL;
	opt.grid[EM_ROLE_MAP] = o->grid;
	return em_workbench_create(ctx, &opt, &wb) == EM_OK ? wb : NULL;
}

/* Run one check on a fresh workbench; NULL when it fails as a machine. */
static em_results *
run_check(em_ctx *ctx, const char *code, origin *o, double contour)
{
	em_workbench *wb = bench(ctx, o, contour);
	em_results *r;
	em_status	status;

	em_results_create(ctx, &r);
	status = em_check_run(em_check_find(code), wb, r);
	em_workbench_destroy(wb);
	if (status == EM_OK)
		return r;
	printf("# %s: %s\n", code, em_ctx_message(ctx));
	em_results_destroy(r);
	return NULL;
}

/* Value of a measure, NaN when there is none. */
static double
value(const em_results *r, const char *name)
{
	const em_measure *m = r == NULL ? NULL : em_results_find(r, name);

	return m == NULL ? NAN : m->value;
}

static bool
absent(const em_results *r, const char *name)
{
	return r != NULL && em_results_find(r, name) == NULL;
}

/* Density 2 in voxels x 10..19, y 12..27, z 5..14 (with a hole of -3 outside), 0 elsewhere. */
static void
fill_block(em_volume *v)
{
	for (int64_t z = 5; z < 15; z++)
		for (int64_t y = 12; y < 28; y++)
			for (int64_t x = 10; x < 20; x++)
				em_volume_row(v, y, z)[x] = 2;
	em_volume_row(v, 2, 1)[35] = -3;
}

/* Free spaces and centres of mass of the block, with voxels of 1.5, 1 and 2.5 Å. */
static void
test_mass(void)
{
	em_ctx	   *ctx = context(2);
	origin		o = {box(40, 40, 30, 1.5), fill_block};
	em_results *r;

	o.grid.voxel[1] = 1;
	o.grid.voxel[2] = 2.5;
	r = run_check(ctx, "0.a", &o, 1);
	ok(r != NULL && r->state == EM_MEASURED, "0.a measured");
	/* 2 Å reach one voxel along x, two along y, none along z. */
	is_near(value(r, "left_x"), 9 * 1.5, 1e-12, "left_x");
	is_near(value(r, "right_x"), 19 * 1.5, 1e-12, "right_x");
	is_near(value(r, "left_y"), 10, 1e-12, "left_y");
	is_near(value(r, "right_y"), 10, 1e-12, "right_y");
	is_near(value(r, "left_z"), 5 * 2.5, 1e-12, "left_z");
	is_near(value(r, "right_z"), 15 * 2.5, 1e-12, "right_z");
	is_near(value(r, "decentering_x"), 25, 1e-12, "decentering_x");
	is_near(value(r, "decentering_y"), 0, 1e-12, "decentering_y");
	is_near(value(r, "com_x"), 14.5, 1e-12, "com_x");
	is_near(value(r, "com_y"), 19.5, 1e-12, "com_y");
	is_near(value(r, "com_z"), 9.5, 1e-12, "com_z");
	is_near(value(r, "com_decentering_z"), 100 * 5.5 / 30, 1e-12, "com_decentering_z");
	is_near(value(r, "com_conditioning"), 3197.0 / 3203, 1e-12, "com_conditioning");
	/* VRS: ceil(2/1.5) = 2 steps, one voxel more on the right, the voxel size of x everywhere. */
	is_near(value(r, "left_z_vrs"), 3 * 1.5, 1e-12, "left_z_vrs");
	is_near(value(r, "right_z_vrs"), 14 * 1.5, 1e-12, "right_z_vrs");
	is_near(value(r, "right_x_vrs"), 19 * 1.5, 1e-12, "right_x_vrs");
	is_near(value(r, "com_x_vrs"), (14.5 * 3200 - 3 * 35) / 3197, 1e-10, "com_x_vrs");
	is_near(value(r, "com_z_vrs"), (9.5 * 3200 - 3) / 3197, 1e-10, "com_z_vrs");
	em_ctx_destroy(ctx);
}

/* Components of 2000, 60, 40, 9 and 1 voxels. */
static void
fill_blobs(em_volume *v)
{
	static const int64_t blob[][6] = {
		{4, 24, 4, 14, 4, 14}, {30, 35, 4, 8, 4, 7}, {30, 35, 20, 24, 4, 6}, {40, 43, 30, 33, 30, 31},
		{45, 46, 45, 46, 38, 39}
	};

	for (int i = 0; i < 5; i++)
		for (int64_t z = blob[i][4]; z < blob[i][5]; z++)
			for (int64_t y = blob[i][2]; y < blob[i][3]; y++)
				for (int64_t x = blob[i][0]; x < blob[i][1]; x++)
					em_volume_row(v, y, z)[x] = (float) (i == 4 ? 5 : 1);
}

static void
test_mask(void)
{
	em_ctx	   *ctx = context(1);
	origin		o = {box(50, 50, 40, 2), fill_blobs};
	em_results *r = run_check(ctx, "0.b", &o, 0.5);
	const em_series *s;

	ok(r != NULL && r->state == EM_MEASURED, "0.b measured");
	is_near(value(r, "components"), 5, 0, "components");
	is_near(value(r, "voxels"), 2110, 0, "voxels");
	is_near(value(r, "volume"), 2110 * 8, 0, "volume");
	/* 2000/2110 is 94.8 %, so that the second one is needed. */
	is_near(value(r, "components_95"), 2, 0, "components_95");
	is_near(value(r, "components_95_vrs"), 2, 0, "components_95_vrs");
	is_near(value(r, "remaining"), 3, 0, "remaining");
	is_near(value(r, "remaining_mean_voxels"), 50.0 / 3, 1e-12, "remaining_mean_voxels");
	is_near(value(r, "remaining_mean_volume"), 400.0 / 3, 1e-12, "remaining_mean_volume");
	is_near(value(r, "remaining_mean_volume_vrs"), 8, 1e-12, "remaining_mean_volume_vrs");
	is_near(value(r, "remaining_max_voxels"), 40, 0, "remaining_max_voxels");
	is_near(value(r, "remaining_min_voxels"), 1, 0, "remaining_min_voxels");
	is_near(value(r, "remaining_max_voxels_vrs"), 60, 0, "remaining_max_voxels_vrs");
	is_near(value(r, "noise_mass_percent"), 100 * 50.0 / 2110, 1e-12, "noise_mass_percent");
	/* 2 Å reach one voxel along the axes only: six more faces. */
	is_near(value(r, "constructed_voxels"), 2000 + 2 * 100 + 4 * 200, 0, "constructed_voxels");
	is_near(value(r, "constructed_volume"), 8 * 3000, 0, "constructed_volume");
	is_near(value(r, "overlap"), 2000.0 / 2110, 1e-12, "overlap");
	/* VRS adds the edges, too: 4 each of 20, 10 and 10. */
	is_near(value(r, "constructed_voxels_vrs"), 3000 + 4 * 40, 0, "constructed_voxels_vrs");
	is_near(value(r, "overlap_vrs"), 2000.0 / 2110, 1e-12, "overlap_vrs");
	s = em_results_find_series(r, "component_voxels");
	ok(s != NULL && s->n == 2 && s->x[1] == 2 && s->y[0] == 2000 && s->y[1] == 60,
	   "sizes of the kept components");
	s = em_results_find_series(r, "component_cumulated_percent");
	ok(s != NULL && s->n == 2 && fabs(s->y[1] - 100 * 2060.0 / 2110) < 1e-12, "their cumulated share");
	s = em_results_find_series(r, "voxels");
	ok(s != NULL && s->n == 24 && s->x[0] == 0.2 && s->y[0] == 2110 && s->y[4] == 1 && s->y[3] == 2110,
	   "mass table: voxels strictly above");
	s = em_results_find_series(r, "mass_kda");
	is_near(s == NULL ? NAN : s->y[0], 2110 * 8 / 1207.0, 1e-12, "mass table: kDa");
	s = em_results_find_series(r, "residues");
	is_near(s == NULL ? NAN : s->y[0], 2110 * 8 / 132.77, 1e-9, "mass table: residues");
	ok(s != NULL && strcmp(s->x_name, "threshold") == 0, "mass table: over the threshold");
	em_ctx_destroy(ctx);
}

/* A single component: nothing remains, and what is not there has no measure. */
static void
test_one_component(void)
{
	em_ctx	   *ctx = context(1);
	origin		o = {box(40, 40, 30, 1.5), fill_block};
	em_results *r = run_check(ctx, "0.b", &o, 1);

	is_near(value(r, "components"), 1, 0, "one component");
	is_near(value(r, "remaining"), 0, 0, "none remains");
	is_near(value(r, "noise_mass_percent"), 0, 0, "no noise");
	ok(absent(r, "remaining_mean_voxels") && absent(r, "remaining_mean_volume") &&
	   absent(r, "remaining_mean_volume_vrs") && absent(r, "remaining_max_voxels") &&
	   absent(r, "remaining_min_voxels"), "sizes of nothing are absent");
	em_ctx_destroy(ctx);
}

/* Density 10 in a cube; outside it noise of mean 0.1 and three wild voxels. */
static void
fill_noise(em_volume *v)
{
	for (int64_t i = 0; i < em_grid_voxels(&v->grid); i++)
	{
		const int64_t x = i % v->grid.n[0];
		const int64_t y = i / v->grid.n[0] % v->grid.n[1];
		const int64_t z = i / v->grid.n[0] / v->grid.n[1];
		double		two[2];

		em_rng_normal2(3, 2, (uint64_t) i, two);
		em_volume_row(v, y, z)[x] = (float) (x > 20 && x < 40 && y > 20 && y < 40 && z > 20 && z < 40 ?
											 10 : 0.1 + 0.5 * two[0]);
	}
	em_volume_row(v, 3, 3)[3] = 6;
	em_volume_row(v, 3, 4)[50] = -6;
	em_volume_row(v, 3, 4)[55] = -2.45f;	/* beyond 5 sd of the mean, not of zero */
}

static void
test_background(void)
{
	em_ctx	   *ctx = context(2);
	origin		o = {box(66, 64, 64, 1), fill_noise};
	em_results *r = run_check(ctx, "0.c", &o, 7);
	const double n = value(r, "n");

	ok(r != NULL && r->state == EM_MEASURED, "0.c measured");
	/* 19³ voxels grow by 2 Å: faces of two layers, edges (1,1), corners (1,1,1). */
	is_near(n, 66 * 64 * 64 - (6859 + 6 * 2 * 361 + 12 * 19 + 8), 0, "n");
	is_near(value(r, "mean"), 0.1, 0.005, "mean");
	is_near(value(r, "sd"), 0.5, 0.005, "sd");
	is_near(value(r, "t"), value(r, "mean") / value(r, "sd") * sqrt(n - 1), 1e-9, "t = mean/sd*sqrt(n-1)");
	is_near(value(r, "p"), em_student_p(value(r, "t"), n - 1), 0, "p");
	is_near(value(r, "outliers"), 3, 0, "outliers about the mean");
	is_near(value(r, "outliers_vrs"), 2, 0, "outliers about zero");
	is_near(value(r, "outlier_percent"), 100 * 3 / n, 1e-12, "outlier_percent");
	is_near(value(r, "outlier_ratio"), 3 / n / 5.733031437583892e-07, 1e-9, "outlier_ratio");
	is_near(value(r, "gaussian_percent"), 5.733031437583892e-05, 1e-18, "gaussian_percent");
	is_near(value(r, "effect_size"), value(r, "mean") / value(r, "sd"), 1e-12, "effect_size");
	is_near(value(r, "block_edge"), 16, 0, "block_edge");
	/* 64 cubes, of which the mask (18..42) touches two along each axis. */
	is_near(value(r, "blocks"), 64 - 8, 0, "blocks");
	is_near(value(r, "t_blocks"), 0.1 / 0.5 * sqrt(56 * 4096.0), 25, "t of the block means");
	ok(value(r, "p_blocks") < 1e-20 && value(r, "p") < 1e-100, "a mean of 0.2 sd is significant");
	/* VRS: two steps of the 18-neighbour element. */
	ok(value(r, "n_vrs") < n && value(r, "t_vrs") < value(r, "t"), "VRS has a larger mask and fewer voxels");
	is_near(value(r, "t_vrs"), value(r, "mean_vrs") / value(r, "sd_vrs") * sqrt(value(r, "n_vrs") - 1), 1e-9,
			"t_vrs");
	em_ctx_destroy(ctx);
}

/* Student's p-values: exact for 1 and 2 degrees of freedom, normal for many, and tables between. */
static void
test_student(void)
{
	const double t[] = {1e-6, 0.3, 1, 2.5, 8, 40};

	for (int i = 0; i < 6; i++)
	{
		const double one = 1 - 2 / M_PI * atan(t[i]);
		const double two = 1 - t[i] / sqrt(2 + t[i] * t[i]);

		is_near(em_student_p(t[i], 1) / one, 1, 1e-12, "p of t = %g, 1 degree of freedom", t[i]);
		is_near(em_student_p(t[i], 2) / two, 1, 1e-11, "p of t = %g, 2 degrees of freedom", t[i]);
	}
	/* scipy.stats.t.sf, doubled */
	is_near(em_student_p(3, 30) / 0.005389964065651944, 1, 1e-11, "p of t = 3, 30 degrees of freedom");
	is_near(em_student_p(6, 1000) / 2.7553691733774674e-09, 1, 1e-10, "p of t = 6, 1000");
	is_near(em_student_p(35, 1000) / 7.346283603748527e-176, 1, 1e-10, "p of t = 35, 1000");
	is_near(em_student_p(-10, 1e4) / 1.9632807428664107e-23, 1, 1e-10, "p of t = -10, 10000");
	is_near(em_student_p(20, 1e9) / 5.507469631632683e-89, 1, 1e-10, "p of t = 20, 10^9");
	is_near(em_student_p(2, 4999.9) / em_student_p(2, 5000.1), 1, 1e-6, "no step where the method changes");
	ok(em_student_p(0, 7) == 1 && em_student_p(INFINITY, 7) == 0 && isnan(em_student_p(NAN, 7)) &&
	   isnan(em_student_p(1, 0)), "p of the limits");
	ok(em_student_p(9188, 1e9) == 0, "a p-value too small for a double is 0");
}

static void
fill_zero(em_volume *v)
{
	(void) v;
}

static void
fill_constant(em_volume *v)
{
	for (int64_t i = 0; i < v->plane * v->grid.n[2]; i++)
		v->data[i] = 0.7f;
}

static void
fill_nan(em_volume *v)
{
	fill_block(v);
	em_volume_row(v, 3, 3)[3] = NAN;
	em_volume_row(v, 3, 3)[4] = INFINITY;
}

/* A negative map with one peak at 0. */
static void
fill_negative(em_volume *v)
{
	for (int64_t i = 0; i < em_grid_voxels(&v->grid); i++)
		em_volume_row(v, i / v->grid.n[0] % v->grid.n[1], i / v->grid.n[0] / v->grid.n[1])[i % v->grid.n[0]] =
			(float) -(double) (i % 7);
}

/* What checks say of entries that cannot be measured. */
static void
test_states(void)
{
	static const char *const code[] = {"0.a", "0.b", "0.c"};
	em_ctx	   *ctx = context(1);
	origin		none = {box(40, 40, 30, 1.5), NULL};
	origin		block = {box(40, 40, 30, 1.5), fill_block};
	origin		flat = {box(40, 40, 30, 0), fill_block};
	origin		bad = {box(40, 40, 30, 1.5), fill_nan};
	const struct
	{
		origin	   *o;
		double		contour;
		em_state	state;
		const char *reason_code;
		const char *words;
	}			list[] = {
		{&none, 1, EM_NOT_APPLICABLE, "no_map", "no map"},
		{&block, NAN, EM_NOT_APPLICABLE, "no_contour", "no contour"},
		{&block, INFINITY, EM_FAILED, "empty_mask", "inf"},
		{&block, 2.5, EM_FAILED, "empty_mask", "level 2.5, the maximum of the map is 2"},
		{&flat, 1, EM_FAILED, "bad_grid", "voxel size"},
		{&bad, 1, EM_FAILED, "not_finite_voxels", "2 voxels"},
	};

	for (int i = 0; i < (int) (sizeof(list) / sizeof(list[0])); i++)
		for (int k = 0; k < 3; k++)
		{
			em_results *r = run_check(ctx, code[k], list[i].o, list[i].contour);

			ok(r != NULL && r->state == list[i].state && strcmp(r->reason_code, list[i].reason_code) == 0 &&
			   strstr(r->reason, list[i].words) != NULL && r->n_measures == 0, "%s: %s: %s", code[k],
			   list[i].reason_code, r == NULL ? "" : r->reason);
			em_results_destroy(r);
		}
	em_ctx_destroy(ctx);
}

/* A contour that selects all, constant and empty maps, a box of one voxel. */
static void
test_edges(void)
{
	em_ctx	   *ctx = context(1);
	origin		block = {box(40, 40, 30, 1.5), fill_block};
	origin		zero = {box(20, 21, 22, 1), fill_zero};
	origin		constant = {box(20, 21, 22, 1), fill_constant};
	origin		one = {box(1, 1, 1, 1), fill_constant};
	origin		negative = {box(20, 20, 20, 1), fill_negative};
	origin		blobs = {box(50, 50, 40, 2), fill_blobs};
	em_results *r;

	r = run_check(ctx, "0.a", &block, -10);
	ok(r != NULL && value(r, "left_x") == 0 && value(r, "right_z") == 0, "all selected: no space left");
	r = run_check(ctx, "0.b", &block, -10);
	ok(r != NULL && r->state == EM_MEASURED && value(r, "voxels") == 48000 && value(r, "overlap") == 1,
	   "all selected: 0.b measured");
	is_near(value(r, "components_95_vrs"), 0, 0, "all selected: VRS counts one component too few");
	r = run_check(ctx, "0.c", &block, -10);
	ok(r != NULL && r->state == EM_FAILED && strcmp(r->reason_code, "no_background") == 0, "all selected: %s",
	   r == NULL ? "" : r->reason);
	r = run_check(ctx, "0.c", &blobs, 3);
	ok(r != NULL && r->state == EM_MEASURED, "a background with blobs is measured");
	r = run_check(ctx, "0.b", &zero, 0);
	ok(r != NULL && r->state == EM_MEASURED && value(r, "components") == 1 &&
	   em_results_find_series(r, "voxels")->n == 0, "a map of zeros at level 0: no mass table");
	r = run_check(ctx, "0.a", &zero, 0);
	ok(r != NULL && r->state == EM_MEASURED && absent(r, "com_x") && absent(r, "com_x_vrs") &&
	   absent(r, "com_conditioning"), "a map of zeros has no centre of mass");
	r = run_check(ctx, "0.a", &constant, 0.5);
	is_near(value(r, "com_z"), 10.5, 1e-9, "a constant map has its centre in the middle");
	r = run_check(ctx, "0.b", &one, 0.5);
	ok(r != NULL && value(r, "voxels") == 1 && absent(r, "constructed_voxels_vrs"),
	   "one voxel: measured, but VRS has no mask");
	r = run_check(ctx, "0.a", &one, 0.5);
	ok(r != NULL && value(r, "com_x") == 0 && value(r, "com_decentering_x") == 50,
	   "one voxel: centre of mass");
	r = run_check(ctx, "0.c", &one, 0.5);
	ok(r != NULL && strcmp(r->reason_code, "no_background") == 0, "one voxel: no background");
	r = run_check(ctx, "0.a", &negative, -1);
	ok(r != NULL && r->state == EM_MEASURED && absent(r, "com_x") && !absent(r, "com_x_vrs"),
	   "no positive density in the mask: no centre of mass, but VRS has one");
	r = run_check(ctx, "mass_table", &negative, NAN);
	ok(r != NULL && r->state == EM_MEASURED && em_results_find_series(r, "mass_kda")->n == 0,
	   "no positive density: no mass table");
	r = run_check(ctx, "mass_table", &block, NAN);
	ok(r != NULL && em_results_find_series(r, "residues")->n == 24, "the mass table needs no contour level");
	em_ctx_destroy(ctx);
}

/* Everything 0 but a cube of 1: the background is constant. */
static void
test_constant_background(void)
{
	em_ctx	   *ctx = context(1);
	origin		blobs = {box(50, 50, 40, 2), fill_blobs};
	em_workbench *wb;
	em_results *r;
	const em_volume *v;

	/* All but the first blob is taken away on the bench. */
	wb = bench(ctx, &blobs, 0.5);
	em_workbench_volume(wb, EM_ROLE_MAP, &v);
	for (int64_t z = 0; z < 40; z++)
		for (int64_t y = 0; y < 50; y++)
			for (int64_t x = 28; x < 50; x++)
				em_volume_row(v, y, z)[x] = 0;
	em_results_create(ctx, &r);
	ok(em_check_run(&em_check_0c, wb, r) == EM_OK && r->state == EM_FAILED &&
	   strcmp(r->reason_code, "constant_background") == 0, "%s", r->reason);
	em_ctx_destroy(ctx);
}

/* The register, the budget, cancellation, and the same bits for any number of threads. */
static void
test_machine(void)
{
	static const char *const code[] = {"0.a", "0.b", "0.c", "mass_table"};
	static const char *const order[] = {"0.a", "0.b", "0.c", "0.d", "1.a"};
	origin		o = {box(66, 64, 64, 1), fill_noise};
	em_results *first[4];
	em_ctx	   *ctx = context(1);
	bool		same = true;

	for (int i = 0; i < 5; i++)
	{
		bool		found = false;

		for (int k = 0; em_check_at(k) != NULL; k++)
			found = found || strcmp(em_check_at(k)->code, order[i]) == 0;
		ok(found && em_check_find(order[i]) != NULL, "check %s is listed and found", order[i]);
	}
	for (int k = 0; em_check_at(k) != NULL; k++)
		same = same && strcmp(em_check_at(k)->code, "mass_table") != 0 &&
			(k == 0 || strcmp(em_check_at(k - 1)->code, em_check_at(k)->code) < 0);
	ok(same && em_check_at(-1) == NULL, "checks are listed in order, the mass table is none of them");
	ok(em_check_find("mass_table") != NULL && em_check_find("9.z") == NULL, "found by name, or not");

	for (int k = 0; k < 4; k++)
		first[k] = run_check(ctx, code[k], &o, 7);
	for (int threads = 2; threads <= 3; threads++)
	{
		em_ctx	   *other = context(threads);

		same = true;
		for (int k = 0; k < 4; k++)
		{
			em_results *r = run_check(other, code[k], &o, 7);

			same = same && r != NULL && r->n_measures == first[k]->n_measures &&
				r->n_series == first[k]->n_series;
			for (int i = 0; same && i < r->n_measures; i++)
				same = memcmp(&r->measures[i].value, &first[k]->measures[i].value, sizeof(double)) == 0;
		}
		ok(same, "%d threads, the same bits", threads);
		em_ctx_destroy(other);
	}
	for (int k = 0; k < 4; k++)
	{
		const em_check *check = em_check_find(code[k]);
		em_ctx_options small = {.threads = 1};
		em_workbench *wb = bench(ctx, &o, 7.0000001);
		em_ctx	   *tight;
		em_results *r;

		small.memory_budget = check->estimate(wb);
		tight = em_ctx_create(&small);
		r = run_check(tight, code[k], &o, 7.0000001);
		ok(r != NULL && r->state == EM_MEASURED, "%s fits in what it estimates", code[k]);
		em_ctx_destroy(tight);
		small.memory_budget /= 2;
		tight = em_ctx_create(&small);
		em_workbench_destroy(wb);
		wb = bench(tight, &o, 7.0000001);
		em_results_create(tight, &r);
		ok(em_check_run(check, wb, r) == EM_OVER_BUDGET && em_workbench_loads(wb, EM_ROLE_MAP) == 0,
		   "%s is refused before any work in half of it", code[k]);
		em_ctx_destroy(tight);
	}
	em_ctx_destroy(ctx);
}

/* Stop at the n-th poll, for many n: CANCELLED, and nothing is left when the bench is gone. */
static void
test_cancel(void)
{
	static const char *const code[] = {"0.a", "0.b", "0.c", "mass_table"};
	origin		o = {box(66, 64, 64, 1), fill_noise};

	for (int k = 0; k < 4; k++)
	{
		bool		clean = true;
		int			stopped = 0;

		for (int polls = 0; polls < 200; polls += 7)
		{
			countdown	left = {polls};
			em_ctx_options opt = {.threads = 1, .poll = stop_later, .arg = &left};
			em_ctx	   *ctx = em_ctx_create(&opt);
			uint64_t	before = em_ctx_memory_used(ctx);
			em_workbench *wb = bench(ctx, &o, 7);
			em_results *r;
			em_status	status;

			em_results_create(ctx, &r);
			status = em_check_run(em_check_find(code[k]), wb, r);
			stopped += status == EM_CANCELLED;
			em_results_destroy(r);
			em_workbench_destroy(wb);
			clean = clean && (status == EM_OK || status == EM_CANCELLED) && em_ctx_memory_used(ctx) == before;
			em_ctx_destroy(ctx);
		}
		ok(clean && stopped > 0, "%s: stopped %d times, nothing left behind", code[k], stopped);
	}
}

int
main(void)
{
	test_mass();
	test_mask();
	test_one_component();
	test_background();
	test_student();
	test_states();
	test_edges();
	test_constant_background();
	test_machine();
	test_cancel();
	return tap_done();
}
