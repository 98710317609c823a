/*
 * test/unit/test_resmap.c
 *		Local resolution by local sinusoid models: the null law against published
 *		figures, the statistic against the quadratic form of the local fit, noise
 *		and waves of known period, check 1.d.
 */
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_linalg.h>

#include "boxes.h"
#include "halves.h"
#include "local/em_resmap_internal.h"
#include "local/em_weighted_chi2.h"

#define MODEL 17

/* Imhof 1961, doi:10.1093/biomet/48.3-4.419, table 1; and chi² itself. */
static void
test_law(em_ctx *ctx)
{
	static const double weight[3] = {0.6, 0.3, 0.1};
	static const double imhof[3][2] = {{0.1, 0.9458}, {0.7, 0.5064}, {2.0, 0.1240}};
	double		equal[7];
	double		worst = 0;
	em_weighted_chi2 *q;

	em_weighted_chi2_create(ctx, weight, 3, &q);
	for (int i = 0; i < 3; i++)
		is_near(em_weighted_chi2_tail(q, imhof[i][0]), imhof[i][1], 2e-4, "Imhof's P(Q > %g)", imhof[i][0]);
	is_near(em_weighted_chi2_tail(q, em_weighted_chi2_quantile(q, 1e-6)), 1e-6, 1e-9, "quantile and tail agree");
	em_weighted_chi2_destroy(ctx, q);
	for (int i = 0; i < 7; i++)
		equal[i] = 0.25;
	em_weighted_chi2_create(ctx, equal, 7, &q);
	for (double x = 0.5; x < 20; x += 0.5)
		worst = fmax(worst, fabs(em_weighted_chi2_tail(q, x) / gsl_cdf_chisq_Q(4 * x, 7) - 1));
	ok(worst < 2e-3, "chi² with 7 degrees of freedom to a tail of 1e-14 (%.1e)", worst);
	em_weighted_chi2_destroy(ctx, q);
}

/* Eigenvalues of the form: figures of the method's specification. */
static void
test_eigenvalues(em_ctx *ctx)
{
	static const double want[6] = {0.206, 0.038, 0.038, 0.038, 0.036, 0.036};
	em_resmap_model m;
	int			large = 0;

	em_resmap_model_init(ctx, 2.2, 1, 1, &m);
	for (int i = 0; i < 6; i++)
		is_near(m.eigenvalue[i], want[i], 6e-4, "eigenvalue %d at 2.2 voxels", i + 1);
	ok(m.eigenvalue[6] < 0.0016, "... the rest is small (%.5f)", m.eigenvalue[6]);
	is_int(m.radius, 2, "... the window has 5 voxels");
	em_resmap_model_init(ctx, 4, 1, 1, &m);
	for (int i = 0; i < 16; i++)
		large += m.eigenvalue[i] > 0.1 * m.eigenvalue[0];
	is_int(large, 15, "at 4 voxels 15 eigenvalues are above a tenth of the largest");
	em_resmap_model_init(ctx, 4.2, 1, 1, &m);
	is_int(m.radius, 3, "at 4.2 voxels the window has 7");
}

/* The local model's columns at one place of a window, straight from the definition. */
static void
model_row(const double x[3], double row[MODEL])
{
	const double f = (1 + sqrt(5)) / 2;
	const double six[6][3] = {{1, 0, f}, {f, 1, 0}, {0, f, 1}, {1, 0, -f}, {-f, 1, 0}, {0, -f, 1}};
	const double ten[10][3] = {
		{0, 1 / f, f}, {f, 0, 1 / f}, {1 / f, f, 0}, {0, 1 / f, -f}, {-f, 0, 1 / f}, {1 / f, -f, 0},
		{1, 1, 1}, {-1, 1, 1}, {1, -1, 1}, {-1, -1, 1}
	};

	row[0] = 1;
	for (int i = 0; i < 16; i++)
	{
		const double *v = i < 6 ? six[i] : ten[i - 6];
		double		t = (x[0] * v[0] + x[1] * v[1] + x[2] * v[2]) / sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);

		row[1 + i] = i < 6 ? 4 * t * t - 2 : t * t * t - 2.254 * t;
	}
}

/* The local fit at one resolution, straight from the definition. */
typedef struct direct
{
	double		resolution;
	int			radius;
	gsl_matrix *qr;				/* of the weighted columns */
	gsl_vector *tau;
	gsl_vector *weight;			/* square roots */
	gsl_vector *y;
} direct;

static direct
direct_create(double resolution)
{
	direct		d = {.resolution = resolution,.radius = (int) ceil(resolution / 2 - 1e-9)};
	const double step = 2 * M_PI / resolution * sqrt(0.4);
	const int	edge = 2 * d.radius + 1;
	const size_t rows = (size_t) (edge * edge * edge);

	d.qr = gsl_matrix_alloc(rows, MODEL);
	d.tau = gsl_vector_alloc(MODEL);
	d.weight = gsl_vector_alloc(rows);
	d.y = gsl_vector_alloc(rows);
	for (size_t k = 0; k < rows; k++)
	{
		const double at[3] = {step * ((int) k % edge - d.radius), step * ((int) k / edge % edge - d.radius),
		step * ((int) k / edge / edge - d.radius)};
		const double w = exp(-0.5 * (at[0] * at[0] + at[1] * at[1] + at[2] * at[2]));
		double		row[MODEL];

		model_row(at, row);
		gsl_vector_set(d.weight, k, w);
		for (size_t l = 0; l < MODEL; l++)
			gsl_matrix_set(d.qr, k, l, w * row[l]);
	}
	gsl_linalg_QR_decomp(d.qr, d.tau);
	return d;
}

static void
direct_destroy(direct *d)
{
	gsl_matrix_free(d->qr);
	gsl_vector_free(d->tau);
	gsl_vector_free(d->weight);
	gsl_vector_free(d->y);
}

/* y' (Lambda_c - Lambda) y of the window about a voxel: what the model takes off the residuals of the constant. */
static double
direct_statistic(const direct *d, const em_volume *v, int64_t x, int64_t y, int64_t z)
{
	const int	edge = 2 * d->radius + 1;
	double		sum = 0;
	double		total = 0;
	double		all = 0;

	for (size_t k = 0; k < d->y->size; k++)
	{
		const double w = gsl_vector_get(d->weight, k);
		const float value = em_volume_row(v, y + (int) k / edge % edge - d->radius,
										  z + (int) k / edge / edge - d->radius)[x + (int) k % edge - d->radius];

		gsl_vector_set(d->y, k, w * value);
		sum += w * w * value;
		total += w * w;
	}
	gsl_linalg_QR_QTvec(d->qr, d->tau, d->y);
	for (size_t i = 0; i < MODEL; i++)
		all += gsl_vector_get(d->y, i) * gsl_vector_get(d->y, i);
	return all - sum * sum / total;
}

/* The separable statistic against the local fit, in windows about every voxel of a mask. */
static void
test_statistic(em_ctx *ctx, double resolution)
{
	em_grid		g = box(70, 20, 22, 1);
	em_volume  *v = noise_map(ctx, &g, 3, 0.5, 1);
	em_volume  *out;
	em_mask    *mask = noise_mask(ctx, g.n, 5, 0.02);
	em_resmap_model m;
	direct		d = direct_create(resolution);
	double		worst = 0;
	int			windows = 0;

	em_volume_create(ctx, &g, "statistic", &out);
	em_resmap_model_init(ctx, resolution, 1, 1, &m);
	em_resmap_statistics(ctx, v, mask, &m, 2, 1e30, out);
	for (int64_t z = m.radius; z < g.n[2] - m.radius; z++)
		for (int64_t y = m.radius; y < g.n[1] - m.radius; y++)
			for (int64_t x = m.radius; x < g.n[0] - m.radius; x++)
				if (em_mask_get(mask, x, y, z))
				{
					const double want = direct_statistic(&d, v, x, y, z) / 2;

					worst = fmax(worst, fabs(em_volume_row(out, y, z)[x] - want) / want);
					windows++;
				}
	ok(worst < 1e-3, "statistic at %g voxels equals that of the local fit in %d windows (%.1e)", resolution,
	   windows, worst);
	direct_destroy(&d);
	em_mask_destroy(ctx, mask);
	em_volume_destroy(ctx, v);
	em_volume_destroy(ctx, out);
}

static int
by_value(const void *a, const void *b)
{
	const double d = *(const double *) a - *(const double *) b;

	return d < 0 ? -1 : d > 0;
}

/* White noise follows the null law; windows far enough apart to be independent. */
static void
test_calibration(em_ctx *ctx, double resolution)
{
	em_grid		g = box(160, 120, 120, 1);
	em_volume  *v = noise_map(ctx, &g, 4, 0, 1.5);
	em_volume  *out;
	em_mask    *mask;
	em_mask    *all;
	em_resmap_model m;
	em_weighted_chi2 *law;
	double	   *value = malloc(sizeof(double) * 200000);
	double		variance;
	double		worst = 0;
	int64_t		windows;
	int			n = 0;

	em_volume_create(ctx, &g, "statistic", &out);
	em_mask_create(ctx, g.n, "points", &mask);
	em_mask_create(ctx, g.n, "all", &all);
	for (int64_t z = 0; z < g.n[2]; z++)
		for (int64_t y = 0; y < g.n[1]; y++)
			for (int64_t x = 0; x < g.n[0]; x++)
			{
				set_voxel(all, x, y, z);
				if (x % 4 == 3 && y % 4 == 3 && z % 4 == 3 && x < 156 && y < 116 && z < 116)
					set_voxel(mask, x, y, z);
			}
	em_mask_recount(ctx, mask);
	em_mask_recount(ctx, all);
	em_resmap_model_init(ctx, resolution, 1, 1, &m);
	em_resmap_noise(ctx, v, all, &m, &variance, &windows);
	is_near(variance / 2.25, 1, 0.03, "noise variance at %g voxels from %lld windows", resolution,
			(long long) windows);
	em_resmap_statistics(ctx, v, mask, &m, 2.25, 1e30, out);
	em_weighted_chi2_create(ctx, m.eigenvalue, 16, &law);
	for (int64_t z = 0; z < g.n[2]; z++)
		for (int64_t y = 0; y < g.n[1]; y++)
			for (int64_t x = 0; x < g.n[0]; x++)
				if (em_mask_get(mask, x, y, z))
					value[n++] = em_volume_row(out, y, z)[x];
	qsort(value, (size_t) n, sizeof(double), by_value);
	for (int i = 0; i < n; i++)
		worst = fmax(worst, fabs(1 - em_weighted_chi2_tail(law, value[i]) - (i + 0.5) / n));
	ok(worst < 0.01, "white noise follows the null law at %g voxels: D = %.4f of %d", resolution, worst, n);
	em_weighted_chi2_destroy(ctx, law);
	em_mask_destroy(ctx, mask);
	em_mask_destroy(ctx, all);
	em_volume_destroy(ctx, v);
	em_volume_destroy(ctx, out);
	free(value);
}

/* Noise alone gets no resolution. */
static void
test_noise(em_ctx *ctx)
{
	em_grid		g = box(64, 64, 64, 1);
	em_volume  *sum = noise_map(ctx, &g, 11, 0, 1);
	em_volume  *difference = noise_map(ctx, &g, 12, 0, 1);
	em_mask    *mask = noise_mask(ctx, g.n, 1, 2);
	em_resmap_options o = {.max_resolution = 8,.step = 1,.p_value = 0.05,.window = 1};
	const char *reason;
	em_resmap  *r = NULL;

	ok(em_resmap_run(ctx, sum, difference, mask, &o, &reason, &r) == EM_OK, "noise can be measured");
	ok(r != NULL && r->assigned <= r->mask_voxels / 20, "noise: %lld of %lld voxels get a resolution",
	   (long long) r->assigned, (long long) r->mask_voxels);
	em_resmap_destroy(ctx, r);
	em_mask_destroy(ctx, mask);
	em_volume_destroy(ctx, sum);
	em_volume_destroy(ctx, difference);
}

/*
 * The first resolution tried at which the local fit, computed as defined, passes
 * the sweep's threshold about a voxel; 100 when none does.
 */
static double
first_passed(const em_resmap *r, const direct *d, const em_volume *v, const int64_t at[3])
{
	for (int i = 0; i < r->scales; i++)
		if (direct_statistic(&d[i], v, at[0], at[1], at[2]) / r->scale[i].variance > r->scale[i].threshold)
			return r->scale[i].resolution;
	return 100;
}

/* Waves of three periods (Å) side by side, of this amplitude, in noise of unit variance. */
static em_volume *
make_waves(em_ctx *ctx, const em_grid *g, const double period[3], double amplitude)
{
	em_volume  *v = noise_map(ctx, g, 21, 0, 1);

	for (int64_t z = 0; z < g->n[2]; z++)
		for (int64_t y = 0; y < g->n[1]; y++)
			for (int64_t x = 0; x < g->n[0]; x++)
			{
				const int	i = (int) (x / 40);
				const double d[3] = {(double) x - 40 * i - 20, (double) y - 30, (double) z - 30};
				const double e = exp(-(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]) / (2 * 8.0 * 8.0));

				em_volume_row(v, y, z)[x] += (float) (amplitude * e *
													  cos(2 * M_PI / period[i] * (d[0] + d[1] + d[2]) / sqrt(3)));
			}
	return v;
}

/*
 * Waves of known period under Gaussian envelopes get the resolution that the
 * definition gives them, voxel by voxel.  That is not their period: at five times
 * the noise the slope of a wave is significant before its period fits the
 * window, so strong waves read finer, and weaker ones coarser.
 */
static void
test_waves(em_ctx *ctx, double amplitude)
{
	static const double period[3] = {3, 4.5, 6};
	em_grid		g = box(120, 60, 60, 1);
	em_volume  *sum = make_waves(ctx, &g, period, amplitude);
	em_volume  *difference = noise_map(ctx, &g, 22, 0, 1);
	em_mask    *mask = noise_mask(ctx, g.n, 1, 2);
	em_resmap_options o = {.max_resolution = 8,.step = 1,.p_value = 0.05,.window = 1};
	const char *reason;
	em_resmap  *r = NULL;
	direct		d[EM_RESMAP_SCALES];
	double		mean[3] = {0, 0, 0};
	int			same = 0;
	int			n = 0;

	em_resmap_run(ctx, sum, difference, mask, &o, &reason, &r);
	for (int i = 0; i < r->scales; i++)
		d[i] = direct_create(r->scale[i].resolution);
	for (int i = 0; i < 3; i++)
		for (int64_t z = 26; z <= 34; z += 2)
			for (int64_t y = 26; y <= 34; y += 2)
				for (int64_t x = 40 * i + 16; x <= 40 * i + 24; x += 2, n++)
				{
					const int	w = r->which[(z * g.n[1] + y) * g.n[0] + x];
					const double got = w > 0 ? r->scale[w - 1].resolution : 100;

					mean[i] += got / 125;
					same += got == first_passed(r, d, sum, (const int64_t[]) {x, y, z});
				}
	ok(same >= n - 1, "waves of %g times the noise: %d of %d centres as the local fit has it", amplitude, same, n);
	ok(amplitude < 5 || (mean[0] < mean[1] && mean[1] < mean[2]), "... on average %.2f, %.2f, %.2f Å", mean[0],
	   mean[1], mean[2]);
	ok(amplitude < 5 || fabs(mean[0] - 3.2) < 0.15, "... the shortest its period");
	for (int i = 0; i < r->scales; i++)
		direct_destroy(&d[i]);
	em_resmap_destroy(ctx, r);
	em_mask_destroy(ctx, mask);
	em_volume_destroy(ctx, sum);
	em_volume_destroy(ctx, difference);
}

/* State and reason of check 1.d with these maps. */
static void
expect(em_ctx *ctx, bench_maps *m, const em_grid *g, double contour, em_state state, const char *reason)
{
	em_workbench *wb = bench_open(ctx, m, g, contour, NAN, NULL, 0);
	em_results *r = bench_run(ctx, wb, "1.d", true);

	ok(r != NULL && r->state == state && strcmp(r->reason_code, reason) == 0, "1.d: state %d %s (got %d %s)",
	   (int) state, reason, r == NULL ? -1 : (int) r->state, r == NULL ? "" : r->reason_code);
	em_results_destroy(r);
	em_workbench_destroy(wb);
}

/* A signal and two noises of the same strength, the map their mean. */
static void
test_states(em_ctx *ctx)
{
	em_grid		g = box(48, 44, 40, 1);
	em_volume  *v[3];
	em_volume  *thin = noise_map(ctx, &g, 1, 0, 0);
	bench_maps	m = {{NULL}, {NULL}};

	for (int i = 0; i < 3; i++)
		v[i] = noise_map(ctx, &g, 30 + (uint64_t) i, 0, i < 2 ? 1 : 0);
	em_volume_row(thin, 20, 20)[20] = 1;
	expect(ctx, &m, &g, 1, EM_NOT_APPLICABLE, "no_half_maps");
	m.volume[EM_ROLE_HALF1] = v[0];
	m.volume[EM_ROLE_HALF2] = v[1];
	expect(ctx, &m, &g, NAN, EM_NOT_APPLICABLE, "no_contour");
	m.volume[EM_ROLE_MASK] = thin;
	expect(ctx, &m, &g, NAN, EM_FAILED, "mask_too_small");
	m.volume[EM_ROLE_MASK] = v[2];
	expect(ctx, &m, &g, NAN, EM_FAILED, "empty_mask");
	for (int64_t i = 0; i < v[2]->plane * g.n[2]; i++)
		v[2]->data[i] = 1;
	expect(ctx, &m, &g, NAN, EM_FAILED, "nothing_assigned");
	for (int64_t z = 0; z < g.n[2]; z++)
		for (int64_t y = 0; y < g.n[1]; y++)
			for (int64_t x = 0; x < g.n[0]; x++)
				for (int i = 0; i < 2; i++)
					em_volume_row(v[i], y, z)[x] += (float) (5 * cos(2 * M_PI * (double) (x + y) / 5));
	expect(ctx, &m, &g, NAN, EM_MEASURED, "");
	m.volume[EM_ROLE_HALF2] = v[0];
	expect(ctx, &m, &g, NAN, EM_FAILED, "identical_half_maps");
	for (int i = 0; i < 3; i++)
		em_volume_destroy(ctx, v[i]);
	em_volume_destroy(ctx, thin);
}

/* One thread and several give the same volume; whitening white noise leaves it white. */
static void
test_threads(em_ctx *ctx)
{
	em_grid		g = box(72, 70, 68, 1.3);
	em_ctx	   *one = context(1);
	em_mask    *mask = noise_mask(ctx, g.n, 1, 2);
	em_resmap_options o = {.max_resolution = 7,.step = 1,.p_value = 0.05,.whiten = true,.window = 1};
	em_resmap  *r[2];
	const char *reason;

	for (int i = 0; i < 2; i++)
	{
		em_ctx	   *c = i == 0 ? ctx : one;
		em_volume  *sum = noise_map(c, &g, 41, 0, 1);
		em_volume  *difference = noise_map(c, &g, 42, 0, 1);

		for (int64_t z = 0; z < g.n[2]; z++)
			for (int64_t y = 0; y < g.n[1]; y++)
				for (int64_t x = 0; x < g.n[0]; x++)
					em_volume_row(sum, y, z)[x] += (float) (2 * cos((double) x) * cos(0.8 * (double) z));
		em_resmap_run(c, sum, difference, mask, &o, &reason, &r[i]);
		em_volume_destroy(c, sum);
		em_volume_destroy(c, difference);
	}
	ok(r[0]->whitened && r[0]->assigned > 0, "a whitened map gets resolutions");
	ok(r[0]->assigned == r[1]->assigned && memcmp(r[0]->which, r[1]->which, (size_t) em_grid_voxels(&g)) == 0,
	   "the number of threads does not matter");
	em_resmap_destroy(ctx, r[0]);
	em_resmap_destroy(one, r[1]);
	em_mask_destroy(ctx, mask);
	em_ctx_destroy(one);
}

/*
 * The reference entry.  The percentiles there are those of a port to Python 3,
 * whose window is exp(-|x|²/2): half its voxels have 4.6 Å, a quarter more, and
 * somewhat more than 10 % of the mask, to which the faces belong, have none.
 */
static void
test_reference(em_ctx *ctx)
{
	em_grid		g = box(128, 128, 128, 1.2);
	bench_maps	m = {{NULL}, {NULL, "reference/maps/half1.mrc", "reference/maps/half2.mrc",
	"reference/maps/maskbin.mrc"}};
	em_workbench *wb;
	em_results *r;

	if (shared_folder() == NULL)
	{
		skip("EMVALID_SHARED is not set: no reference entry");
		return;
	}
	wb = bench_open(ctx, &m, &g, NAN, NAN, &(em_param) {"window", 0.5}, 1);
	r = bench_run(ctx, wb, "1.d", false);
	is_near(measure_of(r, "p25"), 4.6, 1e-6, "reference entry, the port's window: its 25 %% percentile");
	is_near(measure_of(r, "p50"), 4.6, 1e-6, "... median");
	printf("# assigned %.1f %%, mean %.3f\n", measure_of(r, "assigned_percent"), measure_of(r, "mean"));
	ok(measure_of(r, "assigned_percent") > 85, "... most voxels get a resolution");
	is_int(measure_of(r, "scales"), 4, "... of the four the program tries");
	em_results_destroy(r);
	em_workbench_destroy(wb);
	wb = bench_open(ctx, &m, &g, NAN, NAN, NULL, 0);
	r = bench_run(ctx, wb, "1.d", false);
	printf("# the program's window: median %.2f, assigned %.1f %%\n", measure_of(r, "p50"),
		   measure_of(r, "assigned_percent"));
	ok(measure_of(r, "p50") >= 4.6 && measure_of(r, "p50") <= 5.6, "the program's narrower window finds less");
	em_results_destroy(r);
	em_workbench_destroy(wb);
}

int
main(void)
{
	em_ctx	   *ctx = context(2);

	test_law(ctx);
	test_eigenvalues(ctx);
	test_statistic(ctx, 2.2);
	test_statistic(ctx, 5.5);
	test_calibration(ctx, 2.2);
	test_calibration(ctx, 4);
	test_noise(ctx);
	test_waves(ctx, 5);
	test_waves(ctx, 2);
	test_states(ctx);
	test_threads(ctx);
	test_reference(ctx);
	is_int(em_ctx_memory_used(ctx), 0, "all memory is given back");
	em_ctx_destroy(ctx);
	return tap_done();
}
