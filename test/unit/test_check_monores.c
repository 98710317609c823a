/*
 * test/unit/test_check_monores.c
 *		Check 1.e on a workbench: the reference entry against Xmipp's figures, the
 *		ways to a mask, and what does not apply or fails.
 */
#include <stdlib.h>

#include "halves.h"
#include "tap.h"

/* Xmipp, settings of VRS with the sweep from 20 Å: reference/README.md, row "M 20". */
static const char *const names[] = {"p2_5", "p25", "p50", "p75", "p97_5"};
static const double xmipp[] = {4.042, 5.908, 7.171, 8.533, 10.342};

static const em_grid reference_grid = {
	.n = {128, 128, 128},.voxel = {1.2, 1.2, 1.2},.angle = {90, 90, 90}
};

static void
test_reference(em_ctx *ctx, bool fast, double tolerance)
{
	bench_maps	maps = {.file = {[EM_ROLE_HALF1] = "reference/maps/half1.mrc",
	[EM_ROLE_HALF2] = "reference/maps/half2.mrc",[EM_ROLE_MASK] = "reference/maps/maskbin.mrc"}};
	const em_param params[] = {{"fast", fast ? 1 : 0}, {"max_resolution", 20}};
	const char *mode = fast ? "fast" : "exact";
	em_workbench *wb = bench_open(ctx, &maps, &reference_grid, NAN, 4, params, 2);
	em_results *r = bench_run(ctx, wb, "1.e", true);

	ok(r != NULL && r->state == EM_MEASURED, "reference entry, %s: measured", mode);
	for (int i = 0; i < 5; i++)
		is_near(measure_of(r, names[i]), xmipp[i], (i >= 1 && i <= 3 ? tolerance : 2 * tolerance) * xmipp[i],
				"reference entry, %s: %s is Xmipp's %.3f Å within %g %%", mode, names[i], xmipp[i],
				100 * (i >= 1 && i <= 3 ? tolerance : 2 * tolerance));
	is_near(measure_of(r, "mean"), 7.208, tolerance * 7.208, "reference entry, %s: mean", mode);
	is_near(measure_of(r, "n"), 87087, 0, "reference entry, %s: every voxel of the mask", mode);
	is_near(measure_of(r, "fast_mode"), fast, 0, "reference entry, %s: says so", mode);
	is_near(measure_of(r, "reported_percentile"), 3, 2.5,
			"reference entry, %s: few voxels beyond 4 Å", mode);
	is_near(measure_of(r, "p50_vrs"), xmipp[2], 0.4, "reference entry, %s: VRS's median", mode);
	is_near(measure_of(r, "half_findings"), 0, 0, "reference entry, %s: sound half maps", mode);
	ok(r != NULL && em_results_find_series(r, "histogram") != NULL, "reference entry, %s: histogram", mode);
	ok(r != NULL && r->volume != NULL && em_volume_row(r->volume, 0, 0)[0] == 0,
	   "reference entry, %s: volume, 0 outside the mask", mode);
	em_results_destroy(r);
	em_workbench_destroy(wb);
}

/* One map: README row "full map only", from 15 Å. */
static void
test_one_map(em_ctx *ctx)
{
	static const double want[] = {2.518, 4.042, 4.897, 5.443, 6.329};
	bench_maps	maps = {.file = {[EM_ROLE_MAP] = "reference/maps/full.mrc",
	[EM_ROLE_MASK] = "reference/maps/maskbin.mrc"}};
	const em_param params[] = {{"max_resolution", 15}};
	em_workbench *wb = bench_open(ctx, &maps, &reference_grid, NAN, 4, params, 1);
	em_results *r = bench_run(ctx, wb, "monores", false);

	for (int i = 0; i < 5; i++)
		is_near(measure_of(r, names[i]), want[i], 0.01 * want[i],
				"one map: %s is Xmipp's %.3f Å within 1 %%", names[i], want[i]);
	em_results_destroy(r);
	em_workbench_destroy(wb);
}

/* A blob of signal in noise; every entry below has a box of 48³ of 2 Å. */
static double
blob_snr(double shell, const double axis[3], void *arg)
{
	(void) axis;
	(void) arg;
	return shell < 14 ? 30 : 0;
}

static void
shape_ball(em_volume *half[2], em_volume *map)
{
	const int64_t n = map->grid.n[0];

	for (int64_t z = 0; z < n; z++)
		for (int64_t y = 0; y < n; y++)
			for (int64_t x = 0; x < n; x++)
			{
				const double d2 = pow((double) (x - n / 2), 2) + pow((double) (y - n / 2), 2) +
					pow((double) (z - n / 2), 2);

				em_volume_row(map, y, z)[x] = d2 < 14 * 14 ? 1 : 0;
				for (int i = 0; i < 2; i++)
					em_volume_row(half[i], y, z)[x] += d2 < 14 * 14 ? 20 : 0;
			}
}

typedef struct made
{
	em_volume  *half[2];
	em_volume  *map;
} made;

static made
make_entry(em_ctx *ctx)
{
	const em_grid grid = {.n = {48, 48, 48},.voxel = {2, 2, 2},.angle = {90, 90, 90}};
	made		m;

	make_halves(ctx, &grid, 21, blob_snr, NULL, m.half);
	em_volume_create(ctx, &grid, "map", &m.map);
	shape_ball(m.half, m.map);
	return m;
}

/* Run 1.e (or another code) on what is given; state and reason, median when measured. */
static void
expect(em_ctx *ctx, const char *code, bench_maps maps, double contour, double resolution, em_state state,
	   const char *reason, const char *name)
{
	const em_grid grid = {.n = {48, 48, 48},.voxel = {2, 2, 2},.angle = {90, 90, 90}};
	em_workbench *wb = bench_open(ctx, &maps, &grid, contour, resolution, NULL, 0);
	em_results *r = bench_run(ctx, wb, code, false);

	ok(r != NULL && r->state == state && strcmp(r->reason_code, reason) == 0, "%s: %s (%s)", name,
	   r == NULL ? "error" : r->reason_code, r == NULL ? "" : r->reason);
	if (r != NULL && state == EM_MEASURED)
		ok(measure_of(r, "n") > 1000 && measure_of(r, "p50") >= 4, "%s: %g voxels, median %.2f Å", name,
		   measure_of(r, "n"), measure_of(r, "p50"));
	em_results_destroy(r);
	em_workbench_destroy(wb);
}

static void
zero_inside(em_volume *v)
{
	for (int64_t z = 8; z < 40; z++)
		for (int64_t y = 8; y < 40; y++)
			for (int64_t x = 8; x < 40; x++)
				em_volume_row(v, y, z)[x] = 0;
}

/* Take away everything beyond shell 10 (9.6 Å). */
static void
low_pass(em_ctx *ctx, em_volume *v)
{
	const int64_t n = v->grid.n[0];

	em_fft_forward(ctx, v);
	for (int64_t z = 0; z < n; z++)
		for (int64_t y = 0; y < n; y++)
			for (int64_t x = 0; x <= n / 2; x++)
				if (pow((double) x, 2) + pow((double) em_frequency(y, n), 2) +
					pow((double) em_frequency(z, n), 2) > 100)
					em_volume_row(v, y, z)[2 * x] = em_volume_row(v, y, z)[2 * x + 1] = 0;
	em_fft_inverse(ctx, v);
}

static void
test_states(em_ctx *ctx)
{
	made		m = make_entry(ctx);
	const bench_maps halves = {.volume = {[EM_ROLE_HALF1] = m.half[0],[EM_ROLE_HALF2] = m.half[1]}};
	const bench_maps all = {.volume = {m.map, m.half[0], m.half[1]}};
	const bench_maps masked = {.volume = {NULL, m.half[0], m.half[1], m.map}};
	const bench_maps same = {.volume = {m.map, m.half[0], m.half[0]}};
	const bench_maps lone = {.volume = {[EM_ROLE_MAP] = m.map}};

	expect(ctx, "1.e", all, 0.5, 7, EM_MEASURED, "", "map and contour");
	expect(ctx, "1.e", masked, NAN, 7, EM_MEASURED, "", "a mask");
	expect(ctx, "1.e", halves, 10, 7, EM_MEASURED, "", "contour of the mean");
	expect(ctx, "1.e", halves, 1e6, 7, EM_FAILED, "empty_mask", "contour above everything");
	expect(ctx, "1.e", all, 0.5, NAN, EM_NOT_APPLICABLE, "no_resolution", "no resolution");
	expect(ctx, "1.e", all, NAN, 7, EM_NOT_APPLICABLE, "no_contour", "no contour, no mask");
	expect(ctx, "1.e", lone, 0.5, 7, EM_NOT_APPLICABLE, "no_half_maps", "no half maps");
	expect(ctx, "1.e", same, 0.5, 7, EM_FAILED, "identical_half_maps", "identical halves");
	low_pass(ctx, m.half[0]);
	low_pass(ctx, m.half[1]);
	expect(ctx, "1.e", all, 0.5, 7, EM_FAILED, "filtered_half_maps", "filtered halves");
	em_volume_destroy(ctx, m.half[0]);
	em_volume_destroy(ctx, m.half[1]);
	em_volume_destroy(ctx, m.map);
	m = make_entry(ctx);
	zero_inside(m.half[0]);
	zero_inside(m.half[1]);
	expect(ctx, "1.e", (bench_maps) {.volume = {m.map, m.half[0], m.half[1]}}, 0.5, 7, EM_FAILED,
		   "masked_half_maps", "no noise in the mask");
	for (int64_t i = 0; i < m.map->plane * 48; i++)
		m.map->data[i] = 0.4f;
	expect(ctx, "1.e", (bench_maps) {.volume = {NULL, m.half[0], m.half[1], m.map}}, NAN, 7, EM_FAILED,
		   "empty_mask", "a mask without a voxel above 0.5");
	em_volume_destroy(ctx, m.half[0]);
	em_volume_destroy(ctx, m.half[1]);
	em_volume_destroy(ctx, m.map);
}

int
main(void)
{
	em_ctx_options options = {.threads = 2};
	em_ctx	   *ctx = em_ctx_create(&options);

	test_states(ctx);
	if (shared_folder() == NULL)
		skip("EMVALID_SHARED is not set: no reference entry");
	else
	{
		test_reference(ctx, false, 0.005);
		test_reference(ctx, true, 0.06);
		test_one_map(ctx);
	}
	is_int((long long) em_ctx_memory_used(ctx), 0, "everything was freed");
	em_ctx_destroy(ctx);
	return tap_done();
}
