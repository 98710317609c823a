/*
 * test/unit/test_local_reference.c
 *		Local B-factor, local occupancy and MonoDir on the reference entry
 *		(EMVALID_SHARED) against what LocSpiral and Xmipp print for it.
 */
#include "boxes.h"
#include "core/em_quantile.h"
#include "halves.h"
#include "local/em_local_bands.h"
#include "local/em_monodir.h"

/* A percentile against another program's, and how far apart they are. */
static void
compare(double got, double want, double tolerance, const char *what)
{
	is_near(got / want, 1, tolerance, "%s: %.3f, %.3f there", what, got, want);
}

/*
 * LocSpiral (Octave): locBFactor x 4, 15 to 4 Å, 10 points, 0.9, band width 4.8:
 * -390.2 -283.5 -235.3 -189.2 -101.1, mean -237.72.  It replaces the three Riesz
 * components by one multiplier of modulus 1 and puts its bands on whole
 * coefficients, so the figures agree to a few percent only.
 *
 * locOccupancy was run from 25 to 10 Å, which our range (from 15 Å) cannot repeat;
 * the mean is one minus the quantile whatever the bands are: 0.750 there, too.
 */
static void
test_bands(em_ctx *ctx, const em_mask *mask)
{
	static const char *const name[] = {"2.5 %", "25 %", "median", "75 %", "97.5 %", "mean"};
	static const double want[] = {-390.2, -283.5, -235.3, -189.2, -101.1, -237.72};
	static const double tolerance[] = {0.1, 0.06, 0.04, 0.02, 0.06, 0.05};
	em_volume  *f = load_shared(ctx, "reference/maps/full.mrc");
	em_local_bands b;
	em_summary	s;

	em_fft_forward(ctx, f);
	is_int(em_local_bfactor(ctx, f, mask, 4, em_local_sigma(&f->grid), &b), EM_OK, "local B-factor");
	em_summarize(ctx, b.volume, mask, &s);
	for (int i = 0; i < 6; i++)
		compare((double[]) {s.p2_5, s.p25, s.p50, s.p75, s.p97_5, s.mean}[i], want[i], tolerance[i], name[i]);
	em_volume_destroy(ctx, b.volume);
	is_int(em_local_occupancy(ctx, f, mask, 4, em_local_sigma(&f->grid), &b), EM_OK, "local occupancy");
	em_summarize(ctx, b.volume, mask, &s);
	is_near(s.mean, 0.75, 1e-3, "local occupancy: the mean is 0.750 as LocSpiral's");
	em_volume_destroy(ctx, b.volume);
	em_volume_destroy(ctx, f);
}

/*
 * xmipp_resolution_directional --fast: hi, lo, doa1 and az.  The resolutions it
 * tries are ours, so the better percentiles are the same numbers.  It mixes up
 * the axes of radial and azimuthal, whose percentiles that hardly changes.
 */
static void
test_monodir(em_ctx *ctx, const em_mask *mask)
{
	static const double q[] = {0.025, 0.25, 0.5, 0.75, 0.975};
	static const double highest[] = {2.648, 3.135, 3.657, 4.151, 7.314};
	static const double lowest[] = {15.360, 17.067, 17.067, 17.067, 17.067};
	static const double doa[] = {3.048, 4.137, 4.876, 5.461, 6.458};
	static const double radial[] = {7.836, 9.722, 11.030, 12.448, 14.917};
	static const double azimuthal[] = {8.227, 10.216, 11.376, 12.652, 15.041};
	em_volume  *v = load_shared(ctx, "reference/maps/full.mrc");
	em_volume  *f;
	em_monodir *m = NULL;
	em_monodir_shell shell;
	double		p;

	em_volume_copy(ctx, v, "spectrum", &f);
	em_fft_forward(ctx, f);
	is_int(em_monodir_noise_shell(ctx, v, mask, &shell), EM_OK, "shell of noise");
	is_int(em_monodir_run(ctx, f, mask, &shell, NULL, &m), EM_OK, "MonoDir");
	if (m != NULL)
	{
		const struct
		{
			const char *name;
			const float *ours;
			const double *theirs;
			double		tolerance;	/* of the percentiles but the last */
		}			list[] = {
			{"highest", m->highest, highest, 2e-4}, {"lowest", m->lowest, lowest, 2e-4}, {"doa", m->doa, doa, 0.04},
			{"radial", m->radial, radial, 0.05}, {"azimuthal", m->azimuthal, azimuthal, 0.02}
		};

		for (int k = 0; k < 5; k++)
		{
			double		ours[5];
			int64_t		n;

			em_quantiles_array(ctx, list[k].ours, m->n, EM_RANK_LINEAR, q, 5, ours, &n);
			for (int i = 0; i < 5; i++)
				compare(ours[i], list[k].theirs[i], i < 4 ? list[k].tolerance : 0.06, list[k].name);
		}
		/* B-factors 50 Å² larger along z: the test has to see that. */
		em_monodir_uniformity(m->count, EM_MONODIR_DIRECTIONS, EM_MONODIR_DIRECTIONS,
							  em_monodir_effective((const double (*)[3]) m->direction, m->count), &p);
		ok(p < 0.01, "the entry's anisotropy is found: p = %.2g", p);
		em_monodir_destroy(ctx, m);
	}
	em_volume_destroy(ctx, f);
	em_volume_destroy(ctx, v);
}

int
main(void)
{
	em_ctx	   *ctx = context(2);
	em_volume  *v;
	em_mask    *mask;

	if (shared_folder() == NULL || (v = load_shared(ctx, "reference/maps/maskbin.mrc")) == NULL)
		skip("EMVALID_SHARED is not set: no reference entry");
	else
	{
		em_mask_threshold(ctx, v, 0.5, &mask);
		em_volume_destroy(ctx, v);
		test_bands(ctx, mask);
		test_monodir(ctx, mask);
		em_mask_destroy(ctx, mask);
		is_int(em_ctx_memory_used(ctx), 0, "nothing is left allocated");
	}
	em_ctx_destroy(ctx);
	return tap_done();
}
