/*
 * test/unit/test_half_reference.c
 *		The half maps of the reference entry against what relion_postprocess,
 *		xmipp_resolution_fso, 3DFSC and SPOC print for them (EMVALID_SHARED).
 */
#include <time.h>

#include "half/em_fsc_permutation.h"
#include "halves.h"
#include "tap.h"
#include "volume/em_arith.h"

#define SHELLS 65

static em_ctx *ctx;
static em_grid grid;

static const double *
curve(const em_results *r, const char *name)
{
	const em_series *s = r == NULL ? NULL : em_results_find_series(r, name);

	return s == NULL ? NULL : s->y;
}

/* relion_postprocess --mask: columns of its FSC table, shells 0 .. 64. */
static void
test_relion(bench_maps *maps)
{
	static const char *const table = "tables/relion_postprocess_m_s128.star";
	static const struct
	{
		const char *name;
		int			column;
	}			list[] = {{"fsc_unmasked", 5}, {"fsc_masked", 6}, {"fsc_corrected", 3}, {"fsc_randomised", 7}};
	em_workbench *wb = bench_open(ctx, maps, &grid, NAN, NAN, NULL, 0);
	em_results *r = bench_run(ctx, wb, "fsc_masked", false);
	em_results *s = bench_run(ctx, wb, "fsc_masked_resolution", false);
	double		theirs[SHELLS];
	double		share = measure_of(s, "mask_share");

	for (int i = 0; i < 4; i++)
	{
		const double *ours = curve(r, list[i].name);
		double		worst = 0;
		double		excess = 0;
		double		square = 0;
		int			at = 0;
		int			n = 0;
		int			rows = read_column(table, 8, list[i].column, theirs, SHELLS);

		is_int(rows, SHELLS, "shells in RELION's table");
		for (int k = 1; k < SHELLS && ours != NULL; k++)
			if (theirs[k] > 0.05)
			{
				double		d = fabs(ours[k - 1] - theirs[k]);

				/* RELION draws phases once: its curve scatters by 1/sqrt(share * n), n = 4 pi k². */
				double		scatter = 1 / sqrt(share * 4 * M_PI * k * k);
				double		slope = list[i].column == 7 ? 1 : 1 - curve(r, "fsc_masked")[k - 1];

				excess = fmax(excess, d - (i < 2 ? 0 : 3.5 * scatter * slope));
				square += d * d;
				n++;
				if (d > worst)
				{
					worst = d;
					at = k;
				}
			}
		printf("# %s: largest difference from RELION %.5f in shell %d, rms %.5f of %d shells\n", list[i].name,
			   worst, at, sqrt(square / n), n);
		ok(ours != NULL && excess < 0.01, "%s as RELION within 0.01%s", list[i].name,
		   i < 2 ? "" : " and 3.5 sigma of its single draw");
	}
	printf("# ours: last shell %.4f, interpolated %.4f, masked %.4f, unmasked %.4f, randomised from %.4f, "
		   "share %.4f\n", measure_of(s, "resolution"), measure_of(s, "interpolated"), measure_of(s, "masked"),
		   measure_of(s, "unmasked"), measure_of(s, "randomised_from"), measure_of(s, "mask_share"));
	is_near(measure_of(s, "resolution"), 4.042105, 1e-4, "final shell as RELION");
	is_near(measure_of(s, "randomised_from"), 9.035294, 1e-4, "phases random from the same shell");
	is_near(measure_of(s, "interpolated"), 3.9600, 0.01, "interpolated corrected crossing");
	is_near(measure_of(s, "masked"), 3.9595, 0.001, "masked crossing as numpy");
	em_results_destroy(s);
	em_results_destroy(r);
	em_workbench_destroy(wb);
}

/* Processor seconds since the last call. */
static double
lap(void)
{
	static double last;
	struct timespec t;
	double		before = last;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	last = (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
	return last - before;
}

/* Largest difference of `n` numbers from a table's column; *at is its row. */
static double
table_difference(const double *ours, const char *table, int columns, int column, int n, int *at)
{
	double		theirs[256];
	int			rows = read_column(table, columns, column, theirs, 256);
	double		worst = rows < n || ours == NULL ? INFINITY : 0;

	for (int i = 0; i < n && i < rows && ours != NULL; i++)
		if (!(fabs(ours[i] - theirs[i]) <= worst))
		{
			worst = fabs(ours[i] - theirs[i]);
			*at = i;
		}
	return worst;
}

/* xmipp_resolution_fso --mask: its curve, its global FSC, its table over the sphere. */
static void
test_fso(bench_maps *maps)
{
	static const double theirs[] = {3.585, 3.826, 4.025, 4.230, 4.343};
	em_workbench *wb = bench_open(ctx, maps, &grid, NAN, 4.0, NULL, 0);
	em_results *r = (lap(), bench_run(ctx, wb, "1.g", false));
	double		first = lap();
	em_results *h = bench_run(ctx, wb, "1.h", false);
	double		second = lap();
	const double ours[] = {measure_of(r, "directional_min"), measure_of(r, "directional_p10_vrs"),
		measure_of(r, "directional_median_vrs"), measure_of(r, "directional_p90_vrs"),
	measure_of(r, "directional_max")};
	int			at = 0;
	double		d;

	printf("# CPU: 1.g %.2f s, then 1.h %.2f s (loading included); peak %.1f MiB\n", first, second,
		   (double) em_ctx_memory_peak(ctx) / 1048576);
	is_near(measure_of(r, "masked"), 1, 0, "1.g is masked");
	d = table_difference(curve(r, "fso"), "tables/xmipp_fso_s128.xmd", 4, 3, SHELLS - 2, &at);
	printf("# FSO: largest difference from Xmipp %.4f in shell %d\n", d, at + 1);
	ok(d < 1e-5, "FSO as Xmipp, every direction of shells 1 to 63");
	is_near(measure_of(r, "fso_05_vrs"), 3.968, 0.001, "FSO 0.5");
	is_near(measure_of(r, "fso_09_vrs"), 4.336, 0.001, "FSO 0.9");
	is_near(measure_of(r, "fso_01_vrs"), 3.492, 0.001, "FSO 0.1");
	for (int i = 0; i < 5; i++)
		is_near(ours[i], theirs[i], 0.001, "directional resolution, quantile %d", i);
	d = table_difference(curve(r, "bingham_p_vrs"), "tables/xmipp_fso_s128.xmd", 4, 0, SHELLS - 2, &at);
	ok(d < 5e-5, "its anisotropy as Xmipp's (%.2g in shell %d)", d, at + 1);
	printf("# directional: %.3f %.3f %.3f %.3f %.3f\n", ours[0], ours[1], ours[2], ours[3], ours[4]);
	is_near(measure_of(h, "global"), 3.9595, 1e-3, "global FSC crosses 0.143 as Xmipp's and numpy's");
	printf("# 3D FSC: x %.3f y %.3f z %.3f global %.4f sphericity %.3f\n", measure_of(h, "x"),
		   measure_of(h, "y"), measure_of(h, "z"), measure_of(h, "global"), measure_of(h, "sphericity"));
	ok(measure_of(h, "z") > measure_of(h, "x") && measure_of(h, "z") > measure_of(h, "y"),
	   "z is the worst axis, as simulated");
	/* Its x axis is stretched; y and z hardly see that.  Its curves end with its last shell, 43. */
	for (int axis = 1; axis < 3; axis++)
	{
		static const char *const name[] = {"x", "y", "z"};
		double		table[SHELLS];
		double		worst = 0;

		is_int(read_column("tables/threedfsc_plots_s128.csv", 5, axis, table, SHELLS), SHELLS - 1, "rows of 3DFSC");
		for (int k = 1; k <= 43; k++)
			worst = fmax(worst, fabs(curve(h, name[axis])[k - 1] - table[k]));
		printf("# 3DFSC %s: largest difference %.4f\n", name[axis], worst);
		ok(worst < 0.015, "%s curve as 3DFSC within 0.015", name[axis]);
	}
	em_results_destroy(h);
	em_results_destroy(r);
	em_workbench_destroy(wb);
}

/*
 * 3DFSC pads x by two voxels before it transforms and goes on as if it had not.
 * The same on our side: 130 voxels along x in the length of 128.
 */
static void
test_threedfsc(bench_maps *maps)
{
	em_grid		wide = grid;
	em_volume  *v[2];
	em_directional *d = NULL;
	double		table[SHELLS];
	double		worst = 0;

	wide.n[0] += 2;
	wide.voxel[0] *= (double) grid.n[0] / (double) wide.n[0];
	for (int i = 0; i < 2; i++)
	{
		em_volume  *half = load_shared(ctx, maps->file[EM_ROLE_HALF1 + i]);
		em_volume  *mask = load_shared(ctx, maps->file[EM_ROLE_MASK]);

		em_volume_create(ctx, &wide, "padded", &v[i]);
		em_volume_multiply(ctx, half, mask);
		for (int64_t z = 0; z < grid.n[2]; z++)
			for (int64_t y = 0; y < grid.n[1]; y++)
				memcpy(em_volume_row(v[i], y, z), em_volume_row(half, y, z), (size_t) grid.n[0] * sizeof(float));
		em_volume_destroy(ctx, mask);
		em_volume_destroy(ctx, half);
		em_fft_forward(ctx, v[i]);
	}
	ok(em_directional_sweep(ctx, v[0], v[1], &EM_DIRECTIONAL_DEFAULTS, &d) == EM_OK, "sweep of the padded maps");
	is_int(read_column("tables/threedfsc_globalfsc_s128.csv", 3, 2, table, SHELLS), SHELLS, "rows of 3DFSC");
	for (int k = 1; k < SHELLS - 1 && d != NULL; k++)
		worst = fmax(worst, fabs(d->global[k] - table[k]));
	printf("# 3DFSC global on its own stretched axis: largest difference %.5f\n", worst);
	ok(worst < 0.005, "global FSC as 3DFSC within 0.005 on its own axis");
	em_directional_destroy(ctx, d);
	em_volume_destroy(ctx, v[0]);
	em_volume_destroy(ctx, v[1]);
}

/* The B-factor of SPOC at the resolution SPOC itself found. */
static void
test_spoc_bfactor(void)
{
	em_volume  *v = load_shared(ctx, "reference/maps/half1.mrc");
	em_volume  *w = load_shared(ctx, "reference/maps/half2.mrc");
	em_guinier *g = NULL;
	em_bfactor_fit fit;

	ok(em_volume_average(ctx, v, w) == EM_OK && em_sphere_multiply(ctx, v, 28) == EM_OK &&
	   em_fft_forward(ctx, v) == EM_OK && em_guinier_profile(ctx, v, &g) == EM_OK, "profile of the average");
	for (int shell = 38; shell <= 39; shell++)
	{
		ok(em_bfactor_fit_range(ctx, g, 9.999, 153.6 / shell * 1.00001, true, &fit) == EM_OK, "fit");
		printf("# B-factor with SPOC's fit below shell %d: %.3f\n", shell, fit.bfactor);
	}
	is_near(fit.bfactor, -55.06, 0.5, "B-factor at SPOC's resolution as SPOC");
	em_guinier_destroy(ctx, g);
	em_volume_destroy(ctx, w);
	em_volume_destroy(ctx, v);
}

/* SPOC, global mode: 3.94 A at 1 % FDR, 4.65 A at 0.143, B -55.06. */
static void
test_spoc(bench_maps *maps)
{
	bench_maps	bare = *maps;
	double		length = (double) grid.n[0] * grid.voxel[0];

	bare.file[EM_ROLE_MASK] = NULL;
	for (int exact = 0; exact < 2; exact++)
	{
		em_param	p = {"exact", exact};
		em_workbench *wb = bench_open(ctx, &bare, &grid, NAN, 4.0, &p, 1);
		em_results *r = (lap(), bench_run(ctx, wb, "1.b", false));
		double		shell = length / measure_of(r, "resolution");
		double		shell_vrs = length / measure_of(r, "resolution_vrs");

		printf("# 1.b%s: CPU %.2f s; %.3f A, as SPOC %.3f A, 0.143 %.3f A; B %.2f, as SPOC %.2f\n",
			   exact ? " exact" : "", lap(), measure_of(r, "resolution"), measure_of(r, "resolution_vrs"),
			   measure_of(r, "fsc_0143_vrs"), measure_of(r, "bfactor"), measure_of(r, "bfactor_vrs"));
		ok(fabs(shell_vrs - 39) <= 1, "resolution as SPOC within one shell");
		ok(fabs(shell - 39) <= 1, "analytic resolution within one shell of SPOC");
		is_near(measure_of(r, "fsc_0143_vrs"), 4.65, 0.01, "0.143 as SPOC");
		ok(measure_of(r, "bfactor") < -50 && measure_of(r, "bfactor") > -65, "B-factor near SPOC's, to one shell less");
		em_results_destroy(r);
		em_workbench_destroy(wb);
	}
}

int
main(void)
{
	bench_maps	maps = {.file = {NULL, "reference/maps/half1.mrc", "reference/maps/half2.mrc",
	"reference/maps/mask.mrc"}};
	em_volume  *probe;

	if (shared_folder() == NULL)
	{
		skip("EMVALID_SHARED is not set: no reference maps");
		return tap_done();
	}
	ctx = em_ctx_create(&(em_ctx_options) {.threads = 2});
	probe = load_shared(ctx, "reference/maps/half1.mrc");
	if (probe == NULL)
		skip("no reference maps: %s", em_ctx_message(ctx));
	else
	{
		grid = probe->grid;
		em_volume_destroy(ctx, probe);
		test_relion(&maps);
		test_spoc(&maps);
		test_spoc_bfactor();
		test_fso(&maps);
		test_threedfsc(&maps);
		is_int(em_ctx_memory_used(ctx), 0, "nothing is left allocated");
	}
	em_ctx_destroy(ctx);
	return tap_done();
}
