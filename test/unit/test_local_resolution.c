/*
 * test/unit/test_local_resolution.c
 *		Local resolution from one map on a made-up protein: two zones, maps whose
 *		local resolution is true by construction, noise, masked maps; scaling,
 *		threads, states, memory.
 *
 * With EMVALID_SHARED, also maps of models that share no sequence with those
 * the weights were fitted to.
 */
#include "boxes.h"
#include "halves.h"

#include <zlib.h>

#include "../../contrib/train/local_rows.h"
#include "../../contrib/train/split.h"
#include "../data/protein.h"
#include "core/em_quantile.h"
#include "fourier/em_fft.h"
#include "learned/em_local_resolution.h"
#include "learned/em_weights.h"
#include "volume/em_arith.h"

#define HELD_OUT 4				/* models of the test clusters */

/* Carbon's five Gaussians of International Tables C 4.3.2.2; other elements by their f(0). */
bool
tr_form_factor(int element, double a[5], double b[5])
{
	static const double carbon[2][5] = {{0.0893, 0.2563, 0.7570, 1.0487, 0.3575},
	{0.2465, 1.7100, 6.4094, 18.6113, 50.2523}};
	const double f0 = element == 7 ? 2.2 : element == 8 ? 2 : element == 16 ? 5.2 : element == 15 ? 5.5 : 2.5;

	for (int i = 0; i < 5; i++)
	{
		a[i] = carbon[0][i] * f0 / 2.5;
		b[i] = carbon[1][i];
	}
	return true;
}

static int
element_of(char symbol)
{
	return symbol == 'N' ? 7 : symbol == 'O' ? 8 : symbol == 'S' ? 16 : symbol == 'P' ? 15 : 6;
}

/* The base of the made-up protein. */
static bool
protein_base(em_ctx *ctx, uint64_t seed, tr_base *out)
{
	protein    *p = protein_build(seed);
	tr_model	model = {calloc((size_t) p->n_atoms, sizeof(tr_atom)), p->n_atoms, p->n_residues};
	tr_draws	draws = {seed, 5, 0};
	bool		good;

	for (int i = 0; i < p->n_atoms; i++)
	{
		model.atom[i] = (tr_atom) {.b = (float) p->atoms[i].b,.element = element_of(p->atoms[i].element),
			.residue = p->atoms[i].residue};
		for (int j = 0; j < 3; j++)
			model.atom[i].at[j] = (float) p->atoms[i].r[j];
	}
	good = tr_base_make(ctx, &model, &draws, out) == EM_OK;
	free(model.atom);
	protein_free(p);
	return good;
}

/* 1 up to 1/d less 0.01, 0 from 1/d plus 0.01, and a B of 60 Å². */
static double
low_pass(const void *arg, double s)
{
	const double at = (s - 1 / *(const double *) arg) / 0.02;

	return exp(-15 * s * s) * (at <= -0.5 ? 1 : at >= 0.5 ? 0 : 0.5 * (1 + cos(M_PI * (at + 0.5))));
}

/* Two proteins side by side, seen at d[0] and d[1], in 2 % of noise; the gap is `gap` Å wide. */
static em_volume *
two_zones(em_ctx *ctx, const tr_base *base, const double d[2], int64_t gap)
{
	const em_grid *b = &base->spectrum->grid;
	const em_grid g = box(2 * b->n[0] + gap, b->n[1], b->n[2], 1);
	em_volume  *v = noise_map(ctx, &g, 21, 0, 0);
	em_volume  *noise = noise_map(ctx, &g, 22, 0, 1);
	em_stats	stats;

	for (int i = 0; i < 2; i++)
	{
		em_volume  *one;

		em_volume_copy(ctx, base->spectrum, "a zone", &one);
		tr_filter(one, low_pass, &d[i]);
		em_fft_inverse(ctx, one);
		for (int64_t z = 0; z < b->n[2]; z++)
			for (int64_t y = 0; y < b->n[1]; y++)
				for (int64_t x = 0; x < b->n[0]; x++)
					em_volume_row(v, y, z)[x + i * (b->n[0] + gap)] = em_volume_row(one, y, z)[x];
		em_volume_destroy(ctx, one);
	}
	em_volume_stats(ctx, v, &stats);
	for (int64_t z = 0; z < g.n[2]; z++)
		for (int64_t y = 0; y < g.n[1]; y++)
			for (int64_t x = 0; x < g.n[0]; x++)
				em_volume_row(v, y, z)[x] += (float) (0.02 * stats.sd) * em_volume_row(noise, y, z)[x];
	em_volume_destroy(ctx, noise);
	return v;
}

/* A mask of what lies within `reach` Å of the base's atoms, shifted along x, as a map of 0 and 1. */
static void
add_mask(em_volume *mask, const tr_base *base, int64_t shift, float reach)
{
	const em_grid *b = &base->distance->grid;

	for (int64_t z = 0; z < b->n[2]; z++)
		for (int64_t y = 0; y < b->n[1]; y++)
			for (int64_t x = 0; x < b->n[0]; x++)
				if (em_volume_row(base->distance, y, z)[x] <= reach)
					em_volume_row(mask, y, z)[x + shift] = 1;
}

static em_results *
check(em_ctx *ctx, const em_volume *map, const em_volume *mask, double contour, double resolution,
	  bool want_volume)
{
	bench_maps	maps = {.volume = {[EM_ROLE_MAP] = map,[EM_ROLE_MASK] = mask}};
	em_workbench *wb = bench_open(ctx, &maps, &map->grid, contour, resolution, NULL, 0);
	em_results *r = bench_run(ctx, wb, "0.e", want_volume);

	em_workbench_destroy(wb);
	return r;
}

static double
value(const em_results *r, const char *name)
{
	const em_measure *m = r == NULL ? NULL : em_results_find(r, name);

	return m == NULL ? NAN : m->value;
}

/* Median of the values above 0 with low <= x < high. */
static double
median_between(em_ctx *ctx, const em_volume *v, int64_t low, int64_t high)
{
	static const double half = 0.5;
	em_mask    *part;
	double		median = NAN;
	int64_t		n;

	em_mask_create(ctx, v->grid.n, "part", &part);
	for (int64_t z = 0; z < v->grid.n[2]; z++)
		for (int64_t y = 0; y < v->grid.n[1]; y++)
			for (int64_t x = low; x < high; x++)
				if (em_volume_row(v, y, z)[x] > 0)
					set_voxel(part, x, y, z);
	em_quantiles(ctx, v, part, EM_RANK_LINEAR, &half, 1, &median, &n);
	em_mask_destroy(ctx, part);
	return median;
}

static void
test_two_zones(em_ctx *ctx, bool masked)
{
	static const double d[] = {4, 8};
	const int64_t gap = 14;
	const char *how = masked ? "outside 0" : "noise outside";
	tr_base		base;
	em_volume  *map;
	em_volume  *mask;
	em_results *r;

	if (!ok(protein_base(ctx, 3, &base), "a protein in a box"))
		return;
	map = two_zones(ctx, &base, d, gap);
	for (int wide = masked ? 1 : 0; wide >= 0; wide--)
	{
		mask = noise_map(ctx, &map->grid, 1, 0, 0);
		add_mask(mask, &base, 0, wide ? 6 : 3);
		add_mask(mask, &base, base.distance->grid.n[0] + gap, wide ? 6 : 3);
		if (!wide)
			break;
		em_volume_multiply(ctx, map, mask);
		em_volume_destroy(ctx, mask);
	}
	r = check(ctx, map, mask, NAN, 4, true);
	ok(r != NULL && r->state == EM_MEASURED && r->volume != NULL, "%s: measured", how);
	is_int(value(r, "noise_outside"), !masked, "the right perceptron");
	if (r != NULL && r->volume != NULL)
	{
		const int64_t edge = base.distance->grid.n[0];

		is_near(median_between(ctx, r->volume, 0, edge), 4, 1, "%s: median of the zone of 4 Å", how);
		is_near(median_between(ctx, r->volume, edge + gap, 2 * edge + gap), 8, 1, "that of 8 Å");
	}
	em_results_destroy(r);
	em_volume_destroy(ctx, map);
	em_volume_destroy(ctx, mask);
	tr_base_free(ctx, &base);
}

/* Mean absolute error over the rows with or without noise outside. */
static double
mean_error(const tr_rows *rows, const em_regressor *r, bool masked, int64_t *n)
{
	double		sum = 0;

	*n = 0;
	for (int64_t i = 0; i < rows->n; i++)
	{
		const tr_row *row = &rows->row[i];
		const double got = !em_regressor_signal(row->feature) ? EM_LOCAL_COARSEST :
			fmin(fmax(em_regressor_run(r, row->feature, !row->masked), EM_LOCAL_FINEST), EM_LOCAL_COARSEST);

		if (row->masked != masked || row->family == TR_NOISE)
			continue;
		sum += fabs(got - row->truth);
		++*n;
	}
	return sum / (double) *n;
}

/* The shipped weights on maps whose local resolution is known: a protein they have not seen. */
static void
test_accuracy(em_ctx *ctx)
{
	tr_draws	draws = {11, 1, 0};
	tr_rows		rows = {0};
	tr_base		base;
	em_regressor r;
	int64_t		n;

	ok(em_regressor_from(ctx, &em_weights_local_resolution, &r) == EM_OK, "the weights fit the features");
	protein_base(ctx, 5, &base);
	for (int i = 0; i < 2; i++)
		ok(tr_rows_add(ctx, &base, i % 2 == 0 ? TR_APPEARANCE : TR_DISORDER, 0, 150, &draws, &rows) == EM_OK,
		   "a map");
	tr_base_free(ctx, &base);
	is_near(mean_error(&rows, &r, false, &n), 0, 0.9, "a made-up protein, noise outside: mean error");
	ok(n > 150, "of %lld voxels", (long long) n);
	is_near(mean_error(&rows, &r, true, &n), 0, 1.2, "outside 0: mean absolute error");
	free(rows.row);
}

/* Atoms of a gzip PDB file: ATOM records up to the first END, no hydrogens, no second conformers. */
static bool
read_pdb(const char *path, tr_model *out)
{
	gzFile		f = gzopen(path, "rb");
	char		line[128];

	memset(out, 0, sizeof(*out));
	while (f != NULL && gzgets(f, line, sizeof(line)) != NULL && strncmp(line, "END", 3) != 0)
	{
		tr_atom		a = {.b = 20};
		const char	symbol = line[13];

		if (strncmp(line, "ATOM", 4) != 0 || strlen(line) < 54 || symbol == 'H' ||
			(line[16] != ' ' && line[16] != 'A'))
			continue;
		sscanf(line + 30, "%8f%8f%8f", &a.at[0], &a.at[1], &a.at[2]);
		if (strlen(line) > 65)
			sscanf(line + 60, "%6f", &a.b);
		a.element = element_of(symbol);
		out->atom = realloc(out->atom, (size_t) (out->n + 1) * sizeof(tr_atom));
		out->atom[out->n++] = a;
	}
	if (f != NULL)
		gzclose(f);
	return out->n > 300 && out->n < 2000;
}

/* The same on a few small models of the test clusters; contrib/train/verify_local_resolution takes all. */
static void
test_held_out(em_ctx *ctx, const char *shared)
{
	char		folder[600];
	tr_entry   *entry;
	tr_rows		rows = {0};
	em_regressor r;
	double		error;
	int64_t		n;
	int			files;
	int			models = 0;

	snprintf(folder, sizeof(folder), "%s/models", shared);
	files = tr_split_read(folder, &entry);
	for (int i = 0; i < files && models < HELD_OUT; i++)
	{
		tr_draws	draws = {13, (uint64_t) i, 0};
		tr_model	model;
		tr_base		base;

		if (entry[i].part != TR_TEST || strstr(entry[i].path, ".pdb") == NULL)
			continue;
		if (read_pdb(entry[i].path, &model) && tr_base_make(ctx, &model, &draws, &base) == EM_OK)
		{
			tr_rows_add(ctx, &base, TR_APPEARANCE, 0, 150, &draws, &rows);
			tr_rows_add(ctx, &base, TR_DISORDER, 0, 150, &draws, &rows);
			tr_base_free(ctx, &base);
			models++;
		}
		free(model.atom);
	}
	free(entry);
	is_int(models, HELD_OUT, "models of the test clusters");
	em_regressor_from(ctx, &em_weights_local_resolution, &r);
	error = mean_error(&rows, &r, false, &n);
	ok(error <= 0.65, "noise outside: mean absolute error %.3f Å of %lld voxels", error, (long long) n);
	error = mean_error(&rows, &r, true, &n);
	ok(error <= 1.2, "outside 0: mean absolute error %.3f Å of %lld voxels", error, (long long) n);
	free(rows.row);
}

/* White noise, low-passed at 4 Å: no detail, whatever it looks like. */
static void
test_noise(em_ctx *ctx)
{
	static const double d = 4;
	const em_grid g = box(90, 90, 90, 1);

	for (int kind = 0; kind < 2; kind++)
	{
		em_volume  *map = noise_map(ctx, &g, (uint64_t) (31 + kind), 0, 1);
		em_volume  *mask = noise_map(ctx, &g, 1, 0, 0);
		em_stats	stats;
		em_results *r;

		em_fft_forward(ctx, map);
		tr_filter(map, low_pass, &d);
		em_fft_inverse(ctx, map);
		em_volume_stats(ctx, map, &stats);
		for (int64_t z = 0; z < 90; z++)
			for (int64_t y = 0; y < 90; y++)
				for (int64_t x = 0; x < 90; x++)
					em_volume_row(mask, y, z)[x] =
						(x - 45) * (x - 45) + (y - 45) * (y - 45) + (z - 45) * (z - 45) < 24 * 24;
		/* in a ball; then where it is largest */
		r = check(ctx, map, kind == 0 ? mask : NULL, stats.mean + 2 * stats.sd, 4, false);
		ok(r != NULL &&
		   (r->state == EM_FAILED ? strcmp(r->reason_code, "no_signal") == 0 : value(r, "p50") >= 12),
		   "noise of 4 Å has no detail: %s, median %.2f Å, %.1f %% without signal",
		   r != NULL ? r->reason_code : "", value(r, "p50"), value(r, "no_signal_percent"));
		em_results_destroy(r);
		em_volume_destroy(ctx, map);
		em_volume_destroy(ctx, mask);
	}
}

/* A map of the made-up protein as a workbench would have it, at 5 Å. */
static em_volume *
plain_map(em_ctx *ctx, double *contour)
{
	const tr_map_options o = {5, 1, 200, 0.2, 0.7, true};
	tr_draws	draws = {17, 1, 0};
	tr_base		base;
	em_volume  *map = NULL;
	em_stats	stats;

	protein_base(ctx, 7, &base);
	tr_map_make(ctx, &base, &o, &draws, &map);
	tr_base_free(ctx, &base);
	em_volume_stats(ctx, map, &stats);
	*contour = stats.mean + 3 * stats.sd;
	return map;
}

/* Every measure is the same in both results; the volumes too. */
static bool
same_results(const em_results *a, const em_results *b)
{
	bool		same = a != NULL && b != NULL && a->n_measures == b->n_measures && a->state == b->state;

	for (int i = 0; same && i < a->n_measures; i++)
		same = a->measures[i].value == value(b, a->measures[i].name);
	for (int64_t z = 0; same && z < a->volume->grid.n[2]; z++)
		for (int64_t y = 0; same && y < a->volume->grid.n[1]; y++)
			same = memcmp(em_volume_row(a->volume, y, z), em_volume_row(b->volume, y, z),
						  (size_t) a->volume->grid.n[0] * sizeof(float)) == 0;
	return same;
}

static void
test_uniform_and_invariance(em_ctx *ctx)
{
	em_ctx	   *other = context(5);
	double		contour;
	em_volume  *map = plain_map(ctx, &contour);
	em_results *a;
	em_results *b;

	/* Few bits, so that a factor of 1000 is exact. */
	for (int64_t i = 0; i < map->plane * map->grid.n[2]; i++)
		map->data[i] = rintf(map->data[i] / (float) contour * 512) / 512;
	a = check(ctx, map, NULL, 1, 5, true);
	ok(a != NULL && a->state == EM_MEASURED, "a map of 5 Å");
	is_near(value(a, "p50"), 5, 1, "its median");
	ok(value(a, "p2_5") <= value(a, "p25") && value(a, "p25") <= value(a, "p50") &&
	   value(a, "p50") <= value(a, "p75") && value(a, "p75") <= value(a, "p97_5"), "percentiles ascend");
	is_near(value(a, "spread"), value(a, "p97_5") - value(a, "p2_5"), 1e-9, "spread");
	ok(value(a, "reported_percentile") > 0.1 && value(a, "reported_percentile") < 99.9,
	   "5 Å is among the values");
	is_near(value(a, "finest_value"), 2.3, 1e-9, "voxels of 1 Å do not limit it");
	ok(em_results_find_series(a, "histogram") != NULL, "a histogram");
	for (int64_t i = 0; i < map->plane * map->grid.n[2]; i++)
		map->data[i] *= 1000;
	b = check(other, map, NULL, 1000, 5, true);
	ok(same_results(a, b), "times 1000, with other threads: the same to the last bit");
	em_results_destroy(b);
	for (int64_t i = 0; i < map->plane * map->grid.n[2]; i++)
		map->data[i] *= 0.123f;
	b = check(ctx, map, NULL, 123, 5, true);
	for (int i = 0; i < a->n_measures; i++)
		is_near(value(b, a->measures[i].name), a->measures[i].value, 2e-3, "times 123, rounded: %s",
				a->measures[i].name);
	em_results_destroy(a);
	em_results_destroy(b);
	em_volume_destroy(ctx, map);
	em_ctx_destroy(other);
}

static bool
is_state(em_results *r, em_state state, const char *code)
{
	const bool	is = r != NULL && r->state == state && strcmp(r->reason_code, code) == 0 && r->reason[0] != '\0';

	em_results_destroy(r);
	return is;
}

static void
test_states(em_ctx *ctx)
{
	double		contour;
	em_volume  *map = plain_map(ctx, &contour);

	ok(is_state(check(ctx, map, NULL, contour, NAN, false), EM_NOT_APPLICABLE, "no_resolution"), "no resolution");
	ok(is_state(check(ctx, map, NULL, contour, 1.9, false), EM_NOT_APPLICABLE, "resolution_too_high"), "1.9 Å");
	ok(is_state(check(ctx, map, NULL, contour, 13.1, false), EM_NOT_APPLICABLE, "resolution_too_low"), "13.1 Å");
	ok(is_state(check(ctx, map, NULL, NAN, 5, false), EM_NOT_APPLICABLE, "no_contour"), "no contour");
	ok(is_state(check(ctx, map, NULL, 1e6, 5, false), EM_FAILED, "empty_mask"), "nothing reaches the contour");
	map->grid.angle[0] = 70;
	ok(is_state(check(ctx, map, NULL, contour, 5, false), EM_FAILED, "bad_grid"), "skewed axes");
	map->grid.angle[0] = 90;
	for (int j = 0; j < 3; j++)
		map->grid.voxel[j] = 7;
	ok(is_state(check(ctx, map, NULL, contour, 13, false), EM_FAILED, "not_measurable"), "voxels of 7 Å");
	map->data[map->plane * 3 + 5] = NAN;
	ok(is_state(check(ctx, map, NULL, contour, 5, false), EM_FAILED, "not_finite_voxels"), "a voxel is NaN");
	em_volume_destroy(ctx, map);
}

/* The check stays below its own estimate, and can be stopped anywhere. */
static void
test_memory_and_cancel(void)
{
	countdown	left = {1 << 30};
	em_ctx_options o = {.threads = 2,.seed = 1,.poll = stop_later,.arg = &left};
	em_ctx	   *ctx = em_ctx_create(&o);
	double		contour;
	em_volume  *map = plain_map(ctx, &contour);
	bench_maps	maps = {.volume = {[EM_ROLE_MAP] = map}};
	const uint64_t before = em_ctx_memory_used(ctx);
	em_status	status = EM_CANCELLED;
	bool		clean = true;

	for (int polls = 5; status == EM_CANCELLED && polls < 10000000; polls *= 7)
	{
		em_workbench *wb;
		em_results *r;

		left.polls = polls;
		em_ctx_reset(ctx);
		wb = bench_open(ctx, &maps, &map->grid, contour, 5, NULL, 0);
		em_results_create(ctx, &r);
		status = em_check_run(em_check_find("0.e"), wb, r);
		if (status == EM_OK)
			ok(em_ctx_memory_peak(ctx) <= before + em_check_find("0.e")->estimate(wb),
			   "peak %.1f MiB, estimate %.1f MiB", (double) (em_ctx_memory_peak(ctx) - before) / 1048576,
			   (double) em_check_find("0.e")->estimate(wb) / 1048576);
		em_results_destroy(r);
		em_workbench_destroy(wb);
		clean = clean && em_ctx_memory_used(ctx) == before;
	}
	ok(status == EM_OK && clean, "stopped at many places, nothing left behind");
	em_ctx_destroy(ctx);
}

int
main(void)
{
	em_ctx	   *ctx = context(2);
	const char *shared = shared_folder();

	test_two_zones(ctx, false);
	test_two_zones(ctx, true);
	test_accuracy(ctx);
	test_noise(ctx);
	test_uniform_and_invariance(ctx);
	test_states(ctx);
	if (shared != NULL && *shared != '\0')
		test_held_out(ctx, shared);
	else
		skip("EMVALID_SHARED is not set: no models");
	em_ctx_destroy(ctx);
	test_memory_and_cancel();
	return tap_done();
}
