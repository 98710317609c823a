/*
 * test/unit/test_checks_fourier.c
 *		Checks 0.d and 1.a and the functions beside them, on a workbench.
 */
#include <stdlib.h>
#include <string.h>

#include "checks/em_check_list.h"
#include "core/em_rng.h"
#include "tap.h"

/* A small entry: a decaying structure, and half maps with noise. */
typedef enum defect
{
	NONE = 0,
	IDENTICAL_HALVES,
	CONSTANT_MAP,
	CONSTANT_HALF,
	NAN_MAP,
	NAN_HALF,
	NAN_MASK
} defect;

typedef struct entry
{
	int64_t		n;
	double		voxel;
	double		noise;
	defect		defect;
} entry;

/* A cluster of blobs at random places near the centre. */
static void
add_structure(em_volume *v)
{
	const int64_t n = v->grid.n[0];

	for (uint64_t blob = 0; blob < 40; blob++)
	{
		double		at[3];

		for (uint64_t j = 0; j < 3; j++)
			at[j] = (double) n * (0.35 + 0.3 * em_rng_uniform(11, j, blob));
		for (int64_t z = (int64_t) at[2] - 4; z <= (int64_t) at[2] + 4; z++)
			for (int64_t y = (int64_t) at[1] - 4; y <= (int64_t) at[1] + 4; y++)
				for (int64_t x = (int64_t) at[0] - 4; x <= (int64_t) at[0] + 4; x++)
				{
					double		dx = (double) x - at[0];
					double		dy = (double) y - at[1];
					double		dz = (double) z - at[2];

					em_volume_row(v, y, z)[x] += (float) exp(-(dx * dx + dy * dy + dz * dz) / 2);
				}
	}
}

static void
add_noise(em_volume *v, double sd, uint64_t stream)
{
	const int64_t n = v->grid.n[0];

	for (int64_t z = 0; z < n; z++)
		for (int64_t y = 0; y < n; y++)
			for (int64_t x = 0; x < n; x++)
			{
				double		two[2];

				em_rng_normal2(13, stream, (uint64_t) ((z * n + y) * n + x), two);
				em_volume_row(v, y, z)[x] += (float) (sd * two[0]);
			}
}

static void
fill(em_volume *v, float value)
{
	for (int64_t z = 0; z < v->grid.n[2]; z++)
		for (int64_t y = 0; y < v->grid.n[1]; y++)
			for (int64_t x = 0; x < v->grid.n[0]; x++)
				em_volume_row(v, y, z)[x] = value;
}

/* A ball in the middle. */
static void
add_ball(em_volume *v)
{
	const int64_t n = v->grid.n[0];

	for (int64_t z = 0; z < n; z++)
		for (int64_t y = 0; y < n; y++)
			for (int64_t x = 0; x < n; x++)
			{
				double		r2 = pow((double) (x - n / 2), 2) + pow((double) (y - n / 2), 2) +
					pow((double) (z - n / 2), 2);

				em_volume_row(v, y, z)[x] = (float) (1 / (1 + exp(sqrt(r2) - 0.32 * (double) n)));
			}
}

static em_status
load(void *arg, em_ctx *ctx, em_role role, em_volume **out)
{
	const entry *e = arg;
	em_grid		grid = {.n = {e->n, e->n, e->n},.voxel = {e->voxel, e->voxel, e->voxel}};
	bool		half = role == EM_ROLE_HALF1 || role == EM_ROLE_HALF2;

	EM_TRY(em_volume_create(ctx, &grid, em_role_name(role), out));
	if (role == EM_ROLE_MASK)
		add_ball(*out);
	else
		add_structure(*out);
	if (half)
		add_noise(*out, e->noise, e->defect == IDENTICAL_HALVES ? 1 : (uint64_t) role);
	if ((e->defect == CONSTANT_MAP && role == EM_ROLE_MAP) ||
		(e->defect == CONSTANT_HALF && role == EM_ROLE_HALF2))
		fill(*out, 0.7f);
	if ((e->defect == NAN_MAP && role == EM_ROLE_MAP) || (e->defect == NAN_HALF && role == EM_ROLE_HALF2) ||
		(e->defect == NAN_MASK && role == EM_ROLE_MASK))
		em_volume_row(*out, 3, 4)[5] = NAN;
	return EM_OK;
}

typedef struct bench
{
	em_ctx	   *ctx;
	em_workbench *wb;
	em_results *r;
	em_status	status;
} bench;

/* Options of a workbench over an entry with the maps of `roles` ("m", "1", "2", "k"). */
static em_workbench_options
options(entry *e, const char *roles, double resolution)
{
	em_workbench_options o = {.contour = NAN,.resolution = resolution,.load = load,.arg = e};

	for (int role = 0; role < EM_ROLE_COUNT; role++)
	{
		o.present[role] = strchr(roles, "m12k"[role]) != NULL;
		o.grid[role] = (em_grid) {.n = {e->n, e->n, e->n},.voxel = {e->voxel, e->voxel, e->voxel}};
	}
	return o;
}

static bench
run(const char *code, const em_workbench_options *o, uint64_t budget)
{
	bench		b;

	b.ctx = em_ctx_create(&(em_ctx_options) {.threads = 2,.memory_budget = budget});
	b.wb = NULL;
	b.r = NULL;
	b.status = em_results_create(b.ctx, &b.r);
	if (b.status == EM_OK)
		b.status = em_workbench_create(b.ctx, o, &b.wb);
	if (b.status == EM_OK)
		b.status = em_check_run(em_check_find(code), b.wb, b.r);
	return b;
}

static void
finish(bench *b)
{
	em_workbench_destroy(b->wb);
	em_results_destroy(b->r);
	is_int(em_ctx_memory_used(b->ctx), 0, "nothing is left");
	em_ctx_destroy(b->ctx);
}

static double
value(const bench *b, const char *name)
{
	const em_measure *m = em_results_find(b->r, name);

	return m == NULL ? NAN : m->value;
}

/* A check that ends in that state for that reason. */
static void
expect(const char *code, const em_workbench_options *o, em_state state, const char *reason)
{
	bench		b = run(code, o, 0);

	is_int(b.status, EM_OK, "%s: runs", code);
	is_int(b.r->state, state, "%s: state", code);
	ok(strcmp(b.r->reason_code, reason) == 0, "%s: reason %s (%s)", code, b.r->reason_code, b.r->reason);
	finish(&b);
}

static void
test_bfactor(void)
{
	static const char *const names[] = {
		"bfactor", "slope", "intercept", "correlation", "points", "bfactor_vrs", "slope_vrs",
		"intercept_vrs", "correlation_vrs", "points_vrs", "reported_resolution"
	};
	entry		e = {.n = 60,.voxel = 1.25};
	em_workbench_options o = options(&e, "m", 4.0);
	bench		b = run("0.d", &o, 0);
	const em_series *line;
	const em_series *profile;

	is_int(b.status, EM_OK, "0.d runs");
	is_int(b.r->state, EM_MEASURED, "0.d measures");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ok(em_results_find(b.r, names[i]) != NULL, "0.d: %s is %.6g", names[i], value(&b, names[i]));
	is_near(value(&b, "bfactor"), 4 * value(&b, "slope"), 1e-9, "B is 4 times the slope");
	/* blobs of sigma 1.25 Å: B = -8 pi² sigma² = -123 Å², scatter of their places aside */
	is_near(value(&b, "bfactor"), -8 * M_PI * M_PI * 1.25 * 1.25, 12, "of the blobs");
	is_int(value(&b, "points"), 14, "shells 5 to 18 of 75 A");
	is_int(em_workbench_loads(b.wb, EM_ROLE_MAP), 1, "the map is read once");
	profile = em_results_find_series(b.r, "ln_f");
	line = em_results_find_series(b.r, "ln_f_fit");
	ok(profile != NULL && profile->n == 30 && strcmp(profile->x_name, "inv_d2") == 0,
	   "profile of shells 1 to 30");
	ok(line != NULL && line->n == 14, "line of 14 points");
	is_near(line->y[3], value(&b, "intercept") + value(&b, "slope") * line->x[3], 1e-9, "on the line");
	is_near(profile->x[0], 1 / (75.0 * 75.0), 1e-12, "1/d2 of shell 1");
	finish(&b);

	o.resolution = NAN;
	expect("0.d", &o, EM_NOT_APPLICABLE, "no_resolution");
	o.resolution = 8.01;
	expect("0.d", &o, EM_NOT_APPLICABLE, "resolution_too_low");
	o.resolution = 8.0;
	expect("0.d", &o, EM_MEASURED, "");
	o.resolution = 12;
	expect("bfactor", &o, EM_FAILED, "too_few_shells");
	o.resolution = 9;
	expect("bfactor", &o, EM_FAILED, "too_few_shells");
	o.resolution = 8.2;
	expect("bfactor", &o, EM_MEASURED, "");
	o.resolution = 18;
	expect("bfactor", &o, EM_FAILED, "too_few_shells");
	o.resolution = NAN;
	expect("guinier", &o, EM_MEASURED, "");
	o.resolution = 4;
	e.defect = CONSTANT_MAP;
	expect("0.d", &o, EM_FAILED, "no_power");
	expect("guinier", &o, EM_FAILED, "no_power");
	e.defect = NAN_MAP;
	expect("0.d", &o, EM_FAILED, "not_finite_voxels");
	o.grid[EM_ROLE_MAP].voxel[1] = 0;
	expect("0.d", &o, EM_FAILED, "bad_grid");
}

static void
test_global_resolution(void)
{
	static const char *const names[] = {
		"fsc_0143", "fsc_05", "fsc_09", "dpr", "dpr_fsc0143", "ssnr", "crossings_0143", "crossings_05",
		"reaches_nyquist_0143", "fsc_0143_vrs", "fsc_09_vrs", "ssnr_vrs", "mean_vrs", "min_vrs",
		"max_vrs", "reported_resolution"
	};
	static const char *const curves[] = {
		"shell", "resolution", "fsc", "dpr", "ssnr", "n", "fsc_vrs", "dpr_vrs", "ratio_vrs"
	};
	entry		e = {.n = 64,.voxel = 1.25,.noise = 0.05};
	em_workbench_options o = options(&e, "m12", 4.0);
	bench		b = run("1.a", &o, 0);

	is_int(b.status, EM_OK, "1.a runs");
	is_int(b.r->state, EM_MEASURED, "1.a measures");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ok(em_results_find(b.r, names[i]) != NULL, "1.a: %s is %.6g", names[i], value(&b, names[i]));
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
	{
		const em_series *s = em_results_find_series(b.r, curves[i]);

		ok(s != NULL && s->n == 32 && strcmp(s->x_name, "frequency") == 0, "1.a: curve %s", curves[i]);
	}
	ok(value(&b, "fsc_0143") < value(&b, "fsc_05") && value(&b, "fsc_05") < value(&b, "fsc_09"),
	   "the limits are crossed in order");
	ok(value(&b, "fsc_0143") < value(&b, "ssnr") && value(&b, "ssnr") < value(&b, "fsc_05"),
	   "SSNR 1 (FSC 1/3) lies between");
	ok(value(&b, "min_vrs") <= value(&b, "mean_vrs") && value(&b, "mean_vrs") <= value(&b, "max_vrs"),
	   "mean between least and largest");
	is_near(value(&b, "reaches_nyquist_0143"), 0, 0, "the FSC falls before Nyquist");
	is_int(em_workbench_loads(b.wb, EM_ROLE_HALF1), 1, "half map 1 is read once");
	is_int(em_workbench_loads(b.wb, EM_ROLE_HALF2), 1, "half map 2 is read once");
	is_int(em_workbench_loads(b.wb, EM_ROLE_MAP), 0, "the map is not read");
	finish(&b);

	o = options(&e, "m12", NAN);
	b = run("1.a", &o, 0);
	ok(b.r->state == EM_MEASURED && em_results_find(b.r, "reported_resolution") == NULL,
	   "curves are measured without a reported resolution");
	finish(&b);
	o = options(&e, "m1", 4);
	expect("1.a", &o, EM_NOT_APPLICABLE, "no_half_maps");
	o = options(&e, "m", 4);
	expect("1.a", &o, EM_NOT_APPLICABLE, "no_half_maps");
	o = options(&e, "12", NAN);
	expect("global_resolution", &o, EM_MEASURED, "");
	o = options(&e, "m12", 4);
	o.grid[EM_ROLE_HALF2].n[1] = 63;
	expect("1.a", &o, EM_FAILED, "half_maps_differ");
	o = options(&e, "m12", 4);
	o.grid[EM_ROLE_HALF1].voxel[0] = o.grid[EM_ROLE_HALF2].voxel[0] = 1.3;
	expect("1.a", &o, EM_FAILED, "half_maps_differ");
	o = options(&e, "12", 4);
	o.grid[EM_ROLE_HALF1].voxel[0] = o.grid[EM_ROLE_HALF2].voxel[0] = 0;
	expect("1.a", &o, EM_FAILED, "bad_grid");
	o = options(&e, "m12", 4);
	e.defect = IDENTICAL_HALVES;
	expect("1.a", &o, EM_FAILED, "identical_half_maps");
	e.defect = CONSTANT_HALF;
	expect("1.a", &o, EM_FAILED, "constant_half_maps");
	e.defect = NAN_HALF;
	expect("1.a", &o, EM_FAILED, "not_finite_voxels");

	/* Hardly any noise: nothing crosses. */
	e.defect = NONE;
	e.noise = 1e-5;
	b = run("1.a", &o, 0);
	is_int(b.r->state, EM_MEASURED, "1.a measures half maps almost without noise");
	ok(em_results_find(b.r, "fsc_0143") == NULL, "no resolution at 0.143");
	is_near(value(&b, "reaches_nyquist_0143"), 1, 0, "it reaches Nyquist");
	is_near(value(&b, "crossings_0143"), 0, 0, "no crossing is a measure");
	ok(em_results_find(b.r, "mean_vrs") == NULL, "nothing to average for VRS");
	finish(&b);
}

/* FSC as a function, with and without a mask. */
static void
test_fsc(void)
{
	static const char *const columns[] = {"shell", "resolution", "fsc", "dpr", "ssnr", "n"};
	entry		e = {.n = 64,.voxel = 1.25,.noise = 0.05};
	em_workbench_options plain = options(&e, "12", NAN);
	em_workbench_options masked = options(&e, "12k", NAN);
	bench		b = run("fsc", &plain, 0);
	double		unmasked;

	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		ok(em_results_find_series(b.r, columns[i]) != NULL, "fsc: column %s", columns[i]);
	unmasked = em_results_find_series(b.r, "fsc")->y[14];
	is_near(em_results_find_series(b.r, "n")->y[0], 18, 0, "fsc: 18 coefficients in shell 1");
	is_near(em_results_find_series(b.r, "resolution")->y[3], 20, 1e-9, "fsc: 20 A in shell 4");
	finish(&b);
	b = run("fsc", &masked, 0);
	is_int(b.status, EM_OK, "masked fsc runs");
	ok(em_results_find_series(b.r, "fsc")->y[14] > unmasked, "a mask raises the FSC from %.3f to %.3f",
	   unmasked, em_results_find_series(b.r, "fsc")->y[14]);
	finish(&b);
	masked.grid[EM_ROLE_MASK].n[2] = 62;
	expect("fsc", &masked, EM_FAILED, "mask_differs");
	masked = options(&e, "12k", NAN);
	e.defect = NAN_MASK;
	expect("fsc", &masked, EM_FAILED, "not_finite_voxels");
	e.defect = NONE;
	plain = options(&e, "2", NAN);
	expect("fsc", &plain, EM_NOT_APPLICABLE, "no_half_maps");
}

/* A budget as large as the estimate suffices, and one below it is refused before any work. */
static void
test_budgets(void)
{
	static const struct
	{
		const char *code;
		const char *roles;
	}			tried[] = {
		{"guinier", "m"}, {"bfactor", "m"}, {"0.d", "m"}, {"1.a", "m12"}, {"fsc", "12"}, {"fsc", "12k"}
	};
	entry		e = {.n = 100,.voxel = 1.25,.noise = 0.05};

	for (size_t i = 0; i < sizeof(tried) / sizeof(tried[0]); i++)
	{
		em_workbench_options o = options(&e, tried[i].roles, 4);
		bench		b = run(tried[i].code, &o, 0);
		uint64_t	need = em_check_find(tried[i].code)->estimate(b.wb);
		uint64_t	peak = em_ctx_memory_peak(b.ctx);

		finish(&b);
		b = run(tried[i].code, &o, need);
		is_int(b.status, EM_OK, "%s (%s): a budget of the estimate, %.1f MiB, suffices (else %.1f MiB) %s",
			   tried[i].code, tried[i].roles, (double) need / 1048576, (double) peak / 1048576,
			   em_ctx_message(b.ctx));
		finish(&b);
		b = run(tried[i].code, &o, need / 2);
		is_int(b.status, EM_OVER_BUDGET, "%s: half of it is refused", tried[i].code);
		is_int(em_workbench_loads(b.wb, EM_ROLE_MAP) + em_workbench_loads(b.wb, EM_ROLE_HALF1), 0, "unread");
		finish(&b);
	}
}

/* Checks one after another on one workbench whose budget is that of the largest. */
static void
test_leftovers(void)
{
	static const char *const order[] = {"0.d", "1.a", "guinier", "fsc", "0.d", "1.a"};
	entry		e = {.n = 64,.voxel = 1.25,.noise = 0.05};
	em_workbench_options o = options(&e, "m12k", 4);
	bench		b = run("guinier", &o, 0);
	uint64_t	need = em_check_find("fsc")->estimate(b.wb);

	finish(&b);
	b = run("guinier", &o, need);
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
	{
		em_results *r;

		em_results_create(b.ctx, &r);
		ok(em_check_run(em_check_find(order[i]), b.wb, r) == EM_OK && r->state == EM_MEASURED,
		   "%s with what others left on the workbench %s", order[i], em_ctx_message(b.ctx));
		em_results_destroy(r);
	}
	finish(&b);
}

int
main(void)
{
	test_leftovers();
	test_bfactor();
	test_global_resolution();
	test_fsc();
	test_budgets();
	return tap_done();
}
