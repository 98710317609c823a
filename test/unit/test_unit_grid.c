/*
 * test/unit/test_unit_grid.c
 *		Voxels of 1 Å around a mask: sizes, values against closed forms, the mask
 *		and the way back, scaling, threads, cancelling, memory, refusals.
 */
#include "boxes.h"

#include "fourier/em_fft.h"
#include "learned/em_unit_grid.h"

#define MARGIN 14.0

/* A mask that holds a ball; centre in voxels, radius in Å. */
static em_mask *
ball(em_ctx *ctx, const em_grid *g, const double centre[3], double radius)
{
	em_mask    *m;

	if (em_mask_create(ctx, g->n, "ball", &m) != EM_OK)
		return NULL;
	for (int64_t z = 0; z < g->n[2]; z++)
		for (int64_t y = 0; y < g->n[1]; y++)
			for (int64_t x = 0; x < g->n[0]; x++)
				if (pow(((double) x - centre[0]) * g->voxel[0], 2) +
					pow(((double) y - centre[1]) * g->voxel[1], 2) +
					pow(((double) z - centre[2]) * g->voxel[2], 2) <= radius * radius)
					set_voxel(m, x, y, z);
	em_mask_recount(ctx, m);
	return m;
}

/* Gaussian blobs about the centre of a ball, at a position in Å from that centre; nothing beyond 15 Å. */
static double
blobs(double x, double y, double z)
{
	return exp(-(x * x + y * y + z * z) / 18) -
		0.6 * exp(-((x - 4) * (x - 4) + y * y + (z + 3) * (z + 3)) / 14);
}

static em_volume *
blob_map(em_ctx *ctx, const em_grid *g, const double centre[3])
{
	em_volume  *v;

	if (em_volume_create(ctx, g, "blobs", &v) != EM_OK)
		return NULL;
	for (int64_t z = 0; z < g->n[2]; z++)
		for (int64_t y = 0; y < g->n[1]; y++)
			for (int64_t x = 0; x < g->n[0]; x++)
				em_volume_row(v, y, z)[x] = (float) blobs(((double) x - centre[0]) * g->voxel[0],
														  ((double) y - centre[1]) * g->voxel[1],
														  ((double) z - centre[2]) * g->voxel[2]);
	return v;
}

static float
largest_of(const em_volume *v)
{
	float		largest = 0;

	for (int64_t z = 0; z < v->grid.n[2]; z++)
		for (int64_t y = 0; y < v->grid.n[1]; y++)
			for (int64_t x = 0; x < v->grid.n[0]; x++)
				largest = fmaxf(largest, fabsf(em_volume_row(v, y, z)[x]));
	return largest;
}

static bool
only_small_factors(int64_t n)
{
	for (int f = 2; f <= 5; f++)
		while (n % f == 0)
			n /= f;
	return n == 1;
}

/* The resampled values are those of the closed form, where the grid says they are. */
static void
test_values(em_ctx *ctx, double voxel_x, double voxel_yz, double tolerance)
{
	em_grid		g = box(75, 84, 98, voxel_yz);
	const double centre[3] = {40, 38, 47};
	em_unit_grid u;
	em_volume  *map;
	em_volume  *v;
	em_mask    *m;
	double		worst = 0;
	float		largest;

	g.voxel[0] = voxel_x;
	g.origin[1] = -12;
	map = blob_map(ctx, &g, centre);
	m = ball(ctx, &g, centre, 9);
	largest = largest_of(map);
	ok(em_unit_grid_choose(ctx, &g, m, 1.0, MARGIN, &u) == EM_OK, "voxels of %g x %g Å: a grid", voxel_x,
	   voxel_yz);
	for (int j = 0; j < 3; j++)
	{
		const double edge = fmin(18 + 2 * MARGIN, (double) g.n[j] * g.voxel[j]);

		ok(fabs(u.grid.voxel[j] - 1) <= 0.005 && u.grid.n[j] % 2 == 0 && only_small_factors(u.grid.n[j]),
		   "%lld new voxels of %.5f Å", (long long) u.grid.n[j], u.grid.voxel[j]);
		ok((double) u.size[j] * g.voxel[j] >= edge - 1e-9 && u.first[j] >= 0 &&
		   u.first[j] + u.size[j] <= g.n[j],
		   "the box holds mask and margin and lies in the map");
		is_near((double) u.grid.n[j] * u.grid.voxel[j], (double) u.size[j] * g.voxel[j], 1e-9, "same length");
		is_near(u.grid.origin[j], g.origin[j] + (double) u.first[j] * g.voxel[j], 1e-9, "position kept");
	}
	ok(em_unit_spectrum(ctx, &u, map, "box", &v) == EM_OK && em_fft_inverse(ctx, v) == EM_OK, "resampled");
	for (int64_t z = 0; z < v->grid.n[2]; z++)
		for (int64_t y = 0; y < v->grid.n[1]; y++)
			for (int64_t x = 0; x < v->grid.n[0]; x++)
			{
				double		at[3] = {(double) x, (double) y, (double) z};

				for (int j = 0; j < 3; j++)
					at[j] = ((double) u.first[j] + at[j] * u.step[j] - centre[j]) * g.voxel[j];
				worst = fmax(worst, fabs(em_volume_row(v, y, z)[x] - blobs(at[0], at[1], at[2]) / largest));
			}
	is_near(worst, 0, tolerance, "values of the closed form");
	em_volume_destroy(ctx, v);
	em_volume_destroy(ctx, map);
	em_mask_destroy(ctx, m);
}

/* The new mask lies where the old one does, and linear values come back as they were. */
static void
test_mask_and_back(em_ctx *ctx, double voxel)
{
	em_grid		g = box(64, 70, 60, voxel);
	const double centre[3] = {31.3, 33.2, 30.7};
	const double radius = 8 * fmax(voxel, 1);
	em_unit_grid u;
	em_volume  *v;
	em_volume  *back;
	em_mask    *m = ball(ctx, &g, centre, radius);
	em_mask    *inside;
	double		far = 0;
	double		worst = 0;
	int64_t		outside = 0;
	double		volume;

	set_voxel(m, 31, 33, 5);	/* one voxel on its own must survive, too */
	em_mask_recount(ctx, m);
	ok(em_unit_grid_choose(ctx, &g, m, 1.0, MARGIN, &u) == EM_OK &&
	   em_unit_mask(ctx, &u, m, &inside) == EM_OK &&
	   em_volume_create(ctx, &u.grid, "values", &v) == EM_OK, "voxels of %g Å: a mask", voxel);
	for (int64_t z = 0; z < u.grid.n[2]; z++)
		for (int64_t y = 0; y < u.grid.n[1]; y++)
			for (int64_t x = 0; x < u.grid.n[0]; x++)
			{
				const double old[3] = {(double) u.first[0] + (double) x * u.step[0],
				(double) u.first[1] + (double) y * u.step[1], (double) u.first[2] + (double) z * u.step[2]};

				em_volume_row(v, y, z)[x] = em_mask_get(inside, x, y, z) ?
					(float) (1 + old[0] + 2 * old[1] - old[2]) : NAN;
				if (em_mask_get(inside, x, y, z) && old[2] > 12)
					far = fmax(far, sqrt(pow(old[0] - centre[0], 2) + pow(old[1] - centre[1], 2) +
										 pow(old[2] - centre[2], 2)) * voxel - radius);
			}
	ok(far <= 0.9 * fmax(voxel, 1), "no new voxel lies %.2f Å outside", far);
	volume = (double) inside->count * u.grid.voxel[0] * u.grid.voxel[1] * u.grid.voxel[2];
	is_near(volume / ((double) m->count * voxel * voxel * voxel), 1, 0.15, "about the same volume");
	ok(em_unit_back(ctx, &u, v, inside, m, "back", &back) == EM_OK, "back");
	for (int64_t z = 0; z < g.n[2]; z++)
		for (int64_t y = 0; y < g.n[1]; y++)
			for (int64_t x = 0; x < g.n[0]; x++)
			{
				const float is = em_volume_row(back, y, z)[x];
				const double off = fabs(is - (1 + (double) x + 2 * (double) y - (double) z));

				if (!em_mask_get(m, x, y, z))
					outside += is != 0;
				else if (em_mask_get(m, x + 3, y, z) && em_mask_get(m, x - 3, y, z) &&
						 em_mask_get(m, x, y + 3, z) && em_mask_get(m, x, y - 3, z) &&
						 em_mask_get(m, x, y, z + 3) && em_mask_get(m, x, y, z - 3))
					worst = fmax(worst, off);
				else if (!(off <= 4 * fmax(1 / voxel, 1)))
					worst = NAN;
			}
	is_near(worst, 0, 1e-4, "linear values come back");
	is_int(outside, 0, "nothing outside the mask");
	ok(em_volume_row(back, 33, 5)[31] != 0, "a voxel on its own has a value");
	em_volume_destroy(ctx, back);
	em_volume_destroy(ctx, v);
	em_mask_destroy(ctx, inside);
	em_mask_destroy(ctx, m);
}

/* The first float that differs between two spectra of one grid, or -1. */
static int64_t
differs(const em_volume *a, const em_volume *b)
{
	for (int64_t z = 0; z < a->grid.n[2]; z++)
		for (int64_t y = 0; y < a->grid.n[1]; y++)
			for (int64_t x = 0; x < a->grid.n[0] / 2 * 2 + 2; x++)
				if (em_volume_row(a, y, z)[x] != em_volume_row(b, y, z)[x])
					return x;
	return -1;
}

/* Times 1000 (exact: the values have few bits) and any number of threads: the same to the last bit. */
static void
test_scale_and_threads(em_ctx *ctx)
{
	em_ctx	   *other = context(5);
	const em_grid g = box(60, 54, 58, 1.31);
	const double centre[3] = {30, 20, 35};
	em_volume  *map = noise_map(ctx, &g, 11, 0, 1);
	em_mask    *m = ball(ctx, &g, centre, 12);
	em_unit_grid u;
	em_volume  *a;
	em_volume  *b;

	for (int64_t i = 0; i < map->plane * g.n[2]; i++)
		map->data[i] = rintf(map->data[i] * 1024) / 1024;
	em_unit_grid_choose(ctx, &g, m, 1.0, MARGIN, &u);
	ok(em_unit_spectrum(ctx, &u, map, "one thread", &a) == EM_OK, "with one thread");
	for (int64_t i = 0; i < map->plane * g.n[2]; i++)
		map->data[i] *= 1000;
	ok(em_unit_spectrum(other, &u, map, "five threads", &b) == EM_OK, "with five, times 1000");
	is_int(differs(a, b), -1, "the same to the last bit");
	em_volume_destroy(ctx, a);
	em_volume_destroy(other, b);
	em_volume_destroy(ctx, map);
	em_mask_destroy(ctx, m);
	em_ctx_destroy(other);
}

/* A mask at the edge: the box stays in the map. */
static void
test_edges(em_ctx *ctx)
{
	const em_grid g = box(100, 100, 37, 1.0);
	const double corner[3] = {2, 97, 18};
	em_mask    *m = ball(ctx, &g, corner, 10);
	em_unit_grid u;

	ok(em_unit_grid_choose(ctx, &g, m, 1.0, MARGIN, &u) == EM_OK, "a mask in a corner");
	is_int(u.first[0], 0, "begins with the map");
	is_int(u.first[1] + u.size[1], 100, "ends with the map");
	is_int(u.size[2], 37, "the whole of a short edge");
	ok(fabs(u.grid.voxel[2] - 1) < 0.03, "its voxels are %.4f Å, near 1", u.grid.voxel[2]);
	ok(em_unit_grid_whole(&g, 1.0, &u) && u.grid.n[0] == 100 && u.size[1] == 100, "the whole map");
	em_mask_destroy(ctx, m);
}

/* What is refused, and how. */
static void
test_refusals(em_ctx *ctx)
{
	em_grid		g = box(40, 40, 40, 1.2);
	em_mask    *m;
	em_unit_grid u;

	em_mask_create(ctx, g.n, "mask", &m);
	em_mask_recount(ctx, m);
	ok(em_unit_grid_choose(ctx, &g, m, 1.0, MARGIN, &u) == EM_NOT_MEASURABLE, "empty: %s", em_ctx_message(ctx));
	set_voxel(m, 20, 20, 20);
	em_mask_recount(ctx, m);
	ok(em_unit_grid_choose(ctx, &g, m, 1.0, MARGIN, &u) == EM_OK, "one voxel is enough");
	g.angle[2] = 120;
	ok(em_unit_grid_choose(ctx, &g, m, 1.0, MARGIN, &u) == EM_UNSUPPORTED, "skewed: %s", em_ctx_message(ctx));
	ok(!em_unit_grid_whole(&g, 1.0, &u), "no estimate either");
	g = box(40, 40, 40, 9);
	ok(em_unit_grid_choose(ctx, &g, m, 1.0, MARGIN, &u) == EM_NOT_MEASURABLE, "coarse: %s", em_ctx_message(ctx));
	g = box(40, 40, 40, 0.3);
	ok(em_unit_grid_choose(ctx, &g, m, 1.0, MARGIN, &u) == EM_NOT_MEASURABLE, "short: %s", em_ctx_message(ctx));
	g = box(40, 40, 40, 0);
	ok(em_unit_grid_choose(ctx, &g, m, 1.0, MARGIN, &u) == EM_BAD_ARGUMENT, "no size: %s", em_ctx_message(ctx));
	em_mask_destroy(ctx, m);
}

/* Stopping anywhere leaves nothing behind; the estimate holds. */
static void
test_cancel_and_memory(void)
{
	countdown	left = {0};
	em_ctx_options o = {.threads = 2,.seed = 1,.poll = stop_later,.arg = &left};
	em_ctx	   *ctx = em_ctx_create(&o);
	const em_grid g = box(90, 80, 70, 1.2);
	const double centre[3] = {45, 40, 35};
	em_unit_grid u;
	em_volume  *map;
	em_volume  *v = NULL;
	em_mask    *m;
	uint64_t	before;
	uint64_t	estimate;
	em_status	status = EM_CANCELLED;

	left.polls = 1 << 30;
	map = noise_map(ctx, &g, 3, 0, 1);
	m = ball(ctx, &g, centre, 20);
	em_unit_grid_choose(ctx, &g, m, 1.0, MARGIN, &u);
	before = em_ctx_memory_used(ctx);
	for (int polls = 0; status == EM_CANCELLED && polls < 100000; polls += 1 + polls / 4)
	{
		left.polls = polls;
		em_ctx_reset(ctx);
		status = em_unit_spectrum(ctx, &u, map, "box", &v);
		if (status == EM_CANCELLED && (v != NULL || em_ctx_memory_used(ctx) != before))
			break;
	}
	ok(status == EM_OK, "stopped at many places, nothing left behind");
	estimate = before + em_unit_spectrum_bytes(ctx, &u);
	ok(em_ctx_memory_peak(ctx) <= estimate && 1.5 * (double) em_ctx_memory_peak(ctx) > (double) estimate,
	   "peak %.1f, estimate %.1f MiB", (double) em_ctx_memory_peak(ctx) / 1048576, (double) estimate / 1048576);
	em_ctx_destroy(ctx);
}

int
main(void)
{
	em_ctx	   *ctx = context(2);

	test_values(ctx, 1.37, 1.37, 2e-5);
	test_values(ctx, 0.82, 0.91, 2e-5);
	test_values(ctx, 1.0, 1.15, 2e-5);
	test_mask_and_back(ctx, 1.62);
	test_mask_and_back(ctx, 0.7);
	test_mask_and_back(ctx, 1.0);
	test_scale_and_threads(ctx);
	test_edges(ctx);
	test_refusals(ctx);
	em_ctx_destroy(ctx);
	test_cancel_and_memory();
	return tap_done();
}
