/*
 * test/unit/test_half_reference.c
 *		The half maps of the reference entry against what relion_postprocess,
 *		xmipp_resolution_fso, 3DFSC and SPOC print for them (EMVALID_SHARED).
 */
#include "halves.h"
#include "tap.h"

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

int
main(void)
{
	bench_maps	maps = {.file = {NULL, "reference/maps/half1.mrc", "reference/maps/half2.mrc",
	"reference/maps/mask.mrc"}};
	em_volume  *probe;

	if (getenv("EMVALID_SHARED") == NULL)
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
		is_int(em_ctx_memory_used(ctx), 0, "nothing is left allocated");
	}
	em_ctx_destroy(ctx);
	return tap_done();
}
