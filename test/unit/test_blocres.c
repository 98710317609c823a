/*
 * test/unit/test_blocres.c
 *		Local resolution by the FSC of small boxes: one window against direct
 *		sums, half maps of known signal-to-noise ratio, check 1.c.
 */
#include <complex.h>

#include "boxes.h"
#include "core/em_quantile.h"
#include "halves.h"
#include "local/em_blocres.h"

#define BOX 8
#define PAD (2 * BOX)

/* A ball in a box. */
static em_mask *
ball(em_ctx *ctx, const int64_t n[3], double cx, double cy, double cz, double radius)
{
	em_mask    *m;

	em_mask_create(ctx, n, "ball", &m);
	for (int64_t z = 0; z < n[2]; z++)
		for (int64_t y = 0; y < n[1]; y++)
			for (int64_t x = 0; x < n[0]; x++)
				if ((x - cx) * (x - cx) + (y - cy) * (y - cy) + (z - cz) * (z - cz) <= radius * radius)
					set_voxel(m, x, y, z);
	em_mask_recount(ctx, m);
	return m;
}

/* Box about a voxel, tapered about its mean and padded with it. */
static void
prepare(const em_volume *v, const int64_t at[3], double out[PAD][PAD][PAD])
{
	double		mean = 0;

	for (int pass = 0; pass < 2; pass++)
		for (int z = 0; z < BOX; z++)
			for (int y = 0; y < BOX; y++)
				for (int x = 0; x < BOX; x++)
				{
					double		w = 0.125 * (1 - cos(2 * M_PI * x / (BOX - 1))) *
						(1 - cos(2 * M_PI * y / (BOX - 1))) * (1 - cos(2 * M_PI * z / (BOX - 1)));
					double		d = em_volume_row(v, at[1] - BOX / 2 + y, at[2] - BOX / 2 + z)[at[0] - BOX / 2 + x];

					if (pass == 0)
						mean += d / (BOX * BOX * BOX);
					else
						out[z][y][x] = (d - mean) * w + mean;
				}
	for (int z = 0; z < PAD; z++)
		for (int y = 0; y < PAD; y++)
			for (int x = 0; x < PAD; x++)
				if (z >= BOX || y >= BOX || x >= BOX)
					out[z][y][x] = mean;
}

/* Direct Fourier coefficient. */
static double complex
coefficient(double v[PAD][PAD][PAD], int kx, int ky, int kz)
{
	double complex sum = 0;

	for (int z = 0; z < PAD; z++)
		for (int y = 0; y < PAD; y++)
		{
			double complex row = 0;

			for (int x = 0; x < PAD; x++)
				row += v[z][y][x] * cexp(-2 * M_PI * I * ((kx * x) % PAD) / PAD);
			sum += row * cexp(-2 * M_PI * I * ((ky * y + kz * z) % PAD) / PAD);
		}
	return sum;
}

/* The curve of one box by direct sums, kx = 0 .. PAD/2 - 1, split between shells. */
static void
direct_curve(const em_volume *half[2], const int64_t at[3], int shells, double *fsc)
{
	static double v[2][PAD][PAD][PAD];
	double		sum[3][64] = {{0}};

	for (int i = 0; i < 2; i++)
		prepare(half[i], at, v[i]);
	for (int kz = 0; kz < PAD; kz++)
		for (int ky = 0; ky < PAD; ky++)
			for (int kx = 0; kx < PAD / 2; kx++)
			{
				double		y = ky > PAD / 2 ? ky - PAD : ky;
				double		z = kz > PAD / 2 ? kz - PAD : kz;
				double		r = sqrt(kx * kx + y * y + z * z);
				int			s = (int) r;
				double complex f1;
				double complex f2;

				if (s >= shells)
					continue;
				f1 = coefficient(v[0], kx, ky, kz);
				f2 = coefficient(v[1], kx, ky, kz);
				for (int i = 0; i < 2; i++)
				{
					double		w = i == 0 ? s + 1 - r : r - s;

					sum[0][s + i] += w * creal(f1 * conj(f2));
					sum[1][s + i] += w * creal(f1 * conj(f1));
					sum[2][s + i] += w * creal(f2 * conj(f2));
				}
			}
	for (int i = 0; i < shells; i++)
		fsc[i] = sum[0][i] / sqrt(sum[1][i] * sum[2][i]);
}

/* Signal-to-noise ratio 1 at a shell, steep, up to a limit. */
typedef struct signal
{
	double		shell;
	double		most;
} signal;

static double
logistic_snr(double shell, const double axis[3], void *arg)
{
	const signal *s = arg;

	(void) axis;
	return fmin(s->most, exp(-8 * (shell / s->shell - 1)));
}

static em_blocres_options
options(double voxel, int step)
{
	em_blocres_options o = EM_BLOCRES_DEFAULTS;

	o.max_resolution = 2 * voxel;
	o.step = step;
	return o;
}

/* Local resolution in a mask. */
static em_volume *
resolution_of(em_ctx *ctx, em_volume *const half[2], const em_mask *mask, const em_blocres_options *o,
			  bool fast)
{
	em_blocres *b = NULL;
	em_volume  *v = NULL;
	em_status	status;

	if (fast)
		for (int i = 0; i < 2; i++)
			em_fft_forward(ctx, half[i]);
	status = fast ? em_blocres_run_fast(ctx, half[0], half[1], mask, o, &b) :
		em_blocres_run(ctx, half[0], half[1], mask, o, &b);
	if (fast)
		for (int i = 0; i < 2; i++)
			em_fft_inverse(ctx, half[i]);
	if (status == EM_OK)
		em_blocres_fill(ctx, b, mask, &half[0]->grid, &v);
	em_blocres_destroy(ctx, b);
	return v;
}

static double
median_in(em_ctx *ctx, const em_volume *v, const em_mask *mask)
{
	em_summary	s;

	em_summarize(ctx, v, mask, &s);
	return s.p50;
}

/* One window: the curve's last crossing, from direct sums and from the library. */
static void
test_window(em_ctx *ctx)
{
	em_grid		g = box(12, 13, 14, 1.5);
	int64_t		at[3] = {6, 5, 7};
	signal		edge = {3, 1e4};
	em_volume  *half[2];
	em_mask    *mask;
	int			good = 0;

	g.voxel[0] = g.voxel[1] = g.voxel[2] = 1.5;
	for (uint64_t seed = 1; seed <= 3; seed++)
	{
		em_blocres_options o = options(1.5, 1);
		double		fsc[64];
		double		want = 2 * PAD * 1.5;
		em_volume  *v;
		int			shells;

		make_halves(ctx, &g, seed, logistic_snr, &edge, half);
		for (int64_t i = 0; i < half[1]->plane * g.n[2]; i++)
		{
			half[0]->data[i] += 3;	/* a mean density, and another scale in half 2 */
			half[1]->data[i] = 5 * half[1]->data[i] - 20;
		}
		em_mask_create(ctx, g.n, "one voxel", &mask);
		set_voxel(mask, at[0], at[1], at[2]);
		em_mask_recount(ctx, mask);
		o.box = BOX;
		o.scale2 = 0.2;
		shells = em_blocres_shells(&g, &o);
		direct_curve((const em_volume *[2]) {half[0], half[1]}, at, shells, fsc);
		for (int i = 1; i + 1 < shells; i++)
			if (fsc[i] >= 0.5 && fsc[i + 1] < 0.5)
				want = PAD * 1.5 / (i + (fsc[i] - 0.5) / (fsc[i] - fsc[i + 1]));
		v = resolution_of(ctx, half, mask, &o, false);
		good += v != NULL && fabs(em_volume_row(v, at[1], at[2])[at[0]] - want) < 1e-4 * want;
		em_volume_destroy(ctx, v);
		em_mask_destroy(ctx, mask);
		em_volume_destroy(ctx, half[0]);
		em_volume_destroy(ctx, half[1]);
	}
	is_int(good, 3, "last crossing of single windows equals that of direct sums");
}

/*
 * Zones of 5 and 10 Å with windows of 20 and 40 voxels.  The signal is weak at
 * low resolution: what a strong one leaks into other shells is Bsoft's, too.
 */
static void
test_zones(em_ctx *ctx)
{
	static const double truth[2] = {5, 10};
	em_grid		g = box(72, 72, 72, 1);
	em_mask    *mask = ball(ctx, g.n, 36, 36, 36, 16);

	for (int zone = 0; zone < 2; zone++)
	{
		signal		shell = {72 / truth[zone], 4};
		em_volume  *half[2];
		em_volume  *v;
		em_blocres_options o = options(1, 4);

		make_halves(ctx, &g, (uint64_t) zone + 5, logistic_snr, &shell, half);
		v = resolution_of(ctx, half, mask, &o, false);
		is_near(median_in(ctx, v, mask) / truth[zone], 1, 0.12, "zone of %g Å, box 20", truth[zone]);
		em_volume_destroy(ctx, v);
		v = resolution_of(ctx, half, mask, &o, true);
		is_near(median_in(ctx, v, mask) / truth[zone], 1, 0.15, "zone of %g Å, fast mode", truth[zone]);
		em_volume_destroy(ctx, v);
		o.box = 40;
		o.step = 8;
		v = resolution_of(ctx, half, mask, &o, false);
		is_near(median_in(ctx, v, mask) / truth[zone], 1, 0.06, "zone of %g Å, box 40", truth[zone]);
		em_volume_destroy(ctx, v);
		em_volume_destroy(ctx, half[0]);
		em_volume_destroy(ctx, half[1]);
	}
	em_mask_destroy(ctx, mask);
}

/* Noise alone; equal and opposite half maps. */
static void
test_extremes(em_ctx *ctx)
{
	em_grid		g = box(48, 48, 48, 1.2);
	em_mask    *mask = ball(ctx, g.n, 24, 24, 24, 22);
	em_volume  *half[2];
	em_volume  *v;
	em_blocres_options o = options(1.2, 4);
	em_summary	s;
	double		tenth = 0.1;
	double		found;
	int64_t		n;

	make_halves(ctx, &g, 3, NULL, NULL, half);
	v = resolution_of(ctx, half, mask, &o, false);
	em_quantiles(ctx, v, mask, EM_RANK_LINEAR, &tenth, 1, &found, &n);
	ok(found >= 0.5 * 20 * 1.2, "noise: nine in ten voxels are at 12 Å or worse (%.2f)", found);
	em_volume_destroy(ctx, v);

	em_volume_destroy(ctx, half[1]);
	em_volume_copy(ctx, half[0], "half 2", &half[1]);
	v = resolution_of(ctx, half, mask, &o, false);
	em_summarize(ctx, v, mask, &s);
	is_near(s.min, 2.4, 1e-5, "equal half maps: the best resolution everywhere");
	is_near(s.max, 2.4, 1e-5, "... in every voxel of the mask, faces included");
	em_volume_destroy(ctx, v);

	for (int64_t i = 0; i < half[1]->plane * g.n[2]; i++)
		half[1]->data[i] = -half[1]->data[i];
	v = resolution_of(ctx, half, mask, &o, false);
	em_summarize(ctx, v, mask, &s);
	is_near(s.min, 80 * 1.2, 1e-3, "opposite half maps: twice the padded box");
	is_near(s.max, 80 * 1.2, 1e-3, "... everywhere");
	em_volume_destroy(ctx, v);
	em_volume_destroy(ctx, half[0]);
	em_volume_destroy(ctx, half[1]);
	em_mask_destroy(ctx, mask);
}

/*
 * T4: every voxel against every fourth, and threads; a signal of that strength up
 * to 6 Å.  The curve of a weak one goes along the cutoff, and where it leaves that
 * changes from voxel to voxel: there, the share of the voxels that are off counts.
 */
static void
test_steps(em_ctx *ctx, double most, double worst_rms, double worst_share)
{
	em_grid		g = box(64, 60, 56, 1);
	em_mask    *mask = ball(ctx, g.n, 32, 30, 28, 8);
	signal		shell = {64 / 6.0, most};
	em_ctx	   *one = context(1);
	em_volume  *half[2];
	em_volume  *v[3];
	em_blocres_options o = options(1, 1);
	double		sum = 0;
	double		off = 0;
	bool		same = true;

	make_halves(ctx, &g, 9, logistic_snr, &shell, half);
	v[0] = resolution_of(ctx, half, mask, &o, false);
	o.step = 4;
	v[1] = resolution_of(ctx, half, mask, &o, false);
	v[2] = resolution_of(one, half, mask, &o, false);
	for (int64_t z = 0; z < g.n[2]; z++)
		for (int64_t y = 0; y < g.n[1]; y++)
			for (int64_t x = 0; x < g.n[0]; x++)
			{
				double		d = em_volume_row(v[1], y, z)[x] - em_volume_row(v[0], y, z)[x];

				sum += d * d;
				off += fabs(d) > 0.3;
				same = same && em_volume_row(v[1], y, z)[x] == em_volume_row(v[2], y, z)[x];
			}
	sum = sqrt(sum / (double) mask->count);
	off /= (double) mask->count;
	ok(sum < worst_rms && off < worst_share,
	   "signal-to-noise %g: step 4 differs from step 1 by %.3f Å rms, %.1f %% by more than 0.3 Å", most, sum, 100 * off);
	ok(same, "the number of threads does not matter");
	em_volume_destroy(one, v[2]);
	em_volume_destroy(ctx, v[0]);
	em_volume_destroy(ctx, v[1]);
	em_volume_destroy(ctx, half[0]);
	em_volume_destroy(ctx, half[1]);
	em_mask_destroy(ctx, mask);
	em_ctx_destroy(one);
}

/* State and reason of check 1.c with these maps. */
static void
expect(em_ctx *ctx, bench_maps *m, const em_grid *g, double contour, em_state state, const char *reason)
{
	em_workbench *wb = bench_open(ctx, m, g, contour, 4, NULL, 0);
	em_results *r = bench_run(ctx, wb, "1.c", false);

	ok(r != NULL && r->state == state && strcmp(r->reason_code, reason) == 0, "1.c: state %d %s (got %d %s)",
	   (int) state, reason, r == NULL ? -1 : (int) r->state, r == NULL ? "" : r->reason_code);
	em_results_destroy(r);
	em_workbench_destroy(wb);
}

static void
test_states(em_ctx *ctx)
{
	em_grid		g = box(28, 28, 28, 1);
	em_grid		small = box(16, 16, 16, 1);
	em_volume  *half[2];
	em_volume  *tiny[2];
	em_volume  *empty = noise_map(ctx, &g, 1, 0, 0);
	signal		shell = {6, 1e4};
	bench_maps	m = {{NULL}, {NULL}};

	make_halves(ctx, &g, 4, logistic_snr, &shell, half);
	make_halves(ctx, &small, 4, logistic_snr, &shell, tiny);
	expect(ctx, &m, &g, 1, EM_NOT_APPLICABLE, "no_half_maps");
	m.volume[EM_ROLE_HALF1] = half[0];
	m.volume[EM_ROLE_HALF2] = half[1];
	expect(ctx, &m, &g, NAN, EM_NOT_APPLICABLE, "no_contour");
	expect(ctx, &m, &g, 1, EM_MEASURED, "");
	expect(ctx, &m, &g, 1e9, EM_FAILED, "empty_mask");
	m.volume[EM_ROLE_HALF2] = half[0];
	expect(ctx, &m, &g, 1, EM_FAILED, "identical_half_maps");
	m.volume[EM_ROLE_HALF2] = tiny[1];
	expect(ctx, &m, &g, 1, EM_FAILED, "half_maps_differ");
	m.volume[EM_ROLE_HALF1] = tiny[0];
	expect(ctx, &m, &small, 1, EM_FAILED, "box_too_small");
	m = (bench_maps) {{NULL, half[0], half[1], empty}, {NULL}};
	expect(ctx, &m, &g, NAN, EM_FAILED, "empty_mask");
	for (int i = 0; i < 2; i++)
	{
		em_volume_destroy(ctx, half[i]);
		em_volume_destroy(ctx, tiny[i]);
	}
	em_volume_destroy(ctx, empty);
}

/* Bsoft's percentiles of the reference entry (tables/bsoft_blocres_s128_percentiles.txt). */
static void
test_reference(em_ctx *ctx)
{
	static const char *const name[] = {"p2_5", "p25", "p50", "p75", "p97_5", "mean"};
	static const double bsoft[] = {4.012, 4.384, 4.757, 5.225, 6.117, 4.8481};
	em_grid		g = box(128, 128, 128, 1.2);
	bench_maps	m = {{NULL}, {NULL, "reference/maps/half1.mrc", "reference/maps/half2.mrc",
	"reference/maps/maskbin.mrc"}};
	em_param	step = {"step", 3};
	em_workbench *wb;
	em_results *r;

	if (shared_folder() == NULL)
	{
		skip("EMVALID_SHARED is not set: no reference entry");
		return;
	}
	wb = bench_open(ctx, &m, &g, NAN, 4, &step, 1);
	r = bench_run(ctx, wb, "1.c", false);
	for (int i = 0; i < 6; i++)
		is_near(measure_of(r, name[i]) / bsoft[i], 1, 0.03, "reference entry: %s as Bsoft's within 3 %%", name[i]);
	is_int(measure_of(r, "n"), 87087, "... of every voxel of the mask");
	is_near(measure_of(r, "box_per_resolution"), 6, 1e-6, "... with boxes of 6 times the resolution");
	em_results_destroy(r);
	em_workbench_destroy(wb);
}

int
main(void)
{
	em_ctx	   *ctx = context(2);

	test_window(ctx);
	test_zones(ctx);
	test_extremes(ctx);
	test_steps(ctx, 1e4, 0.1, 0.005);
	test_steps(ctx, 4, 0.7, 0.08);
	test_states(ctx);
	test_reference(ctx);
	is_int(em_ctx_memory_used(ctx), 0, "all memory is given back");
	em_ctx_destroy(ctx);
	return tap_done();
}
