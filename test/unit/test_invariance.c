/*
 * test/unit/test_invariance.c
 *		Every local and half-map method must give the same numbers for maps scaled
 *		by 1000, for exchanged half maps, for files with permuted axes, and the same
 *		bits for any number of threads.
 */
#include "boxes.h"
#include "fourier/em_riesz.h"
#include "halves.h"
#include "mrc_bytes.h"

#define VOXEL 1.5
#define CONTOUR 1.5
#define RESOLUTION 5.0

static const int64_t edges[3] = {40, 36, 44};
static const char *const codes[] = {"0.f", "0.g", "1.a", "1.b", "1.c", "1.d", "1.e", "1.f", "1.g", "1.h", "fsc_masked"};

#define CODES ((int) (sizeof(codes) / sizeof(codes[0])))

/* An entry: the map and two half maps, a ball of smoothed noise in white noise. */
typedef struct entry
{
	em_volume  *map;
	em_volume  *half[2];
} entry;

static void
make_entry(em_ctx *ctx, entry *e)
{
	const em_grid g = box(edges[0], edges[1], edges[2], VOXEL);
	em_volume  *signal = noise_map(ctx, &g, 1, 0, 1);
	em_radial  *pass;

	em_radial_low_pass(ctx, &g, 1 / 5.5, 1 / 4.5, &pass);
	em_radial_filter(ctx, signal, pass);
	em_radial_destroy(ctx, pass);
	e->map = noise_map(ctx, &g, 9, 0, 0);
	for (int i = 0; i < 2; i++)
		e->half[i] = noise_map(ctx, &g, 2 + (uint64_t) i, 0, 0.25);
	for (int64_t z = 0; z < g.n[2]; z++)
		for (int64_t y = 0; y < g.n[1]; y++)
			for (int64_t x = 0; x < g.n[0]; x++)
			{
				const double d[3] = {(double) (x - g.n[0] / 2), (double) (y - g.n[1] / 2), (double) (z - g.n[2] / 2)};
				const double r = sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
				const float inside = (float) (exp(-pow(r / 9, 10)) * (3 + 2 * em_volume_row(signal, y, z)[x]));

				for (int i = 0; i < 2; i++)
					em_volume_row(e->half[i], y, z)[x] += inside;
				em_volume_row(e->map, y, z)[x] =
					0.5f * (em_volume_row(e->half[0], y, z)[x] + em_volume_row(e->half[1], y, z)[x]);
			}
	em_volume_destroy(ctx, signal);
}

static void
free_entry(em_ctx *ctx, entry *e)
{
	em_volume_destroy(ctx, e->map);
	em_volume_destroy(ctx, e->half[0]);
	em_volume_destroy(ctx, e->half[1]);
}

/* All checks of an entry. */
static void
run_all(em_ctx *ctx, const entry *e, double contour, em_results *out[CODES])
{
	for (int i = 0; i < CODES; i++)
	{
		bench_maps	maps = {.volume = {e->map, e->half[0], e->half[1]}};
		em_workbench *wb = bench_open(ctx, &maps, &e->map->grid, contour, RESOLUTION, NULL, 0);

		out[i] = bench_run(ctx, wb, codes[i], false);
		em_workbench_destroy(wb);
	}
}

static void
free_all(em_results *r[CODES])
{
	for (int i = 0; i < CODES; i++)
		em_results_destroy(r[i]);
}

/*
 * Are the measures the same to a relative tolerance; 0: bit by bit, series too?
 * half_scale is the scale of half map 2 by half map 1; the corrected FSC depends
 * on random phases, which exchanged half maps get exchanged.
 */
static bool
same(const em_results *a, const em_results *b, double tolerance, bool exchanged)
{
	bool		good = a != NULL && b != NULL && a->state == EM_MEASURED && b->state == EM_MEASURED &&
		a->n_measures == b->n_measures && a->n_series == b->n_series;

	for (int i = 0; good && i < a->n_measures; i++)
	{
		const double x = a->measures[i].value;
		const bool	inverse = exchanged && strcmp(a->measures[i].name, "half_scale") == 0;
		const double y = inverse ? 1 / b->measures[i].value : b->measures[i].value;

		const double drawn = exchanged && strcmp(a->measures[i].name, "fsc_corrected_0143") == 0 ? 0.02 : tolerance;

		if (fabs(x - y) > drawn * fmax(fabs(x), 1e-3))
		{
			printf("# %s: %.9g and %.9g\n", a->measures[i].name, x, y);
			good = false;
		}
	}
	for (int i = 0; tolerance == 0 && good && i < a->n_series; i++)
		good = a->series[i].n == b->series[i].n &&
			memcmp(a->series[i].y, b->series[i].y, sizeof(double) * (size_t) a->series[i].n) == 0;
	return good;
}

static void
compare(em_results *a[CODES], em_results *b[CODES], double tolerance, bool exchanged, const char *what)
{
	for (int i = 0; i < CODES; i++)
		ok(same(a[i], b[i], tolerance, exchanged), "%s: %s (%s)", codes[i], what, b[i] == NULL ? "" : b[i]->reason);
}

/* The map whose bytes are written. */
static const em_volume *written;

static double
written_voxel(int x, int y, int z)
{
	return em_volume_row(written, y, z)[x];
}

/* A map through a file whose columns run along z, rows along x, sections along y. */
static em_volume *
through_file(em_ctx *ctx, const em_volume *v)
{
	mrc_spec	s = mrc_default((int) v->grid.n[2], (int) v->grid.n[0], (int) v->grid.n[1], 2, true);
	em_mrc_header header;
	em_volume  *out = NULL;
	em_source	source;
	uint8_t    *bytes;
	int64_t		length;

	for (int j = 0; j < 3; j++)
	{
		s.axis[j] = (int[]) {3, 1, 2}[j];
		s.m[j] = (int) v->grid.n[j];
		s.cell[j] = (float) ((double) v->grid.n[j] * v->grid.voxel[j]);
	}
	written = v;
	bytes = mrc_file_bytes(&s, written_voxel, &length);
	em_source_memory(&source, bytes, length);
	if (em_mrc_read(ctx, &source, "permuted", &header, &out) != EM_OK)
		printf("# %s\n", em_ctx_message(ctx));
	em_source_close(ctx, &source);
	free(bytes);
	return out;
}

static void
scale(em_volume *v, float factor)
{
	for (int64_t i = 0; i < v->plane * v->grid.n[2]; i++)
		v->data[i] *= factor;
}

int
main(void)
{
	em_ctx	   *one = context(1);
	em_ctx	   *two = context(2);
	em_results *r[CODES];
	em_results *other[CODES];
	entry		e;
	entry		permuted;

	make_entry(one, &e);
	run_all(one, &e, CONTOUR, r);
	run_all(two, &e, CONTOUR, other);
	compare(r, other, 0, false, "one thread or two, the same bits");
	free_all(other);

	permuted = (entry) {through_file(one, e.map), {through_file(one, e.half[0]), through_file(one, e.half[1])}};
	run_all(one, &permuted, CONTOUR, other);
	compare(r, other, 1e-6, false, "axes permuted in the file");
	free_all(other);
	free_entry(one, &permuted);

	run_all(one, &(entry) {e.map, {e.half[1], e.half[0]}}, CONTOUR, other);
	compare(r, other, 1e-4, true, "half maps exchanged");
	free_all(other);

	scale(e.map, 1000);
	scale(e.half[0], 1000);
	scale(e.half[1], 1000);
	run_all(one, &e, 1000 * CONTOUR, other);
	compare(r, other, 1e-4, false, "a thousand times the maps");
	free_all(other);
	free_all(r);
	free_entry(one, &e);
	is_int((long long) (em_ctx_memory_used(one) + em_ctx_memory_used(two)), 0, "all memory is given back");
	em_ctx_destroy(one);
	em_ctx_destroy(two);
	return tap_done();
}
