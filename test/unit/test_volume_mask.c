/*
 * test/unit/test_volume_mask.c
 *		Masks: thresholds, dilations, soft edges against voxel-by-voxel truths.
 */
#include "boxes.h"

/* Thresholds compare in double, leave NaN out and count what they set. */
static void
test_threshold(void)
{
	static const int64_t shape[][3] = {
		{1, 1, 1}, {13, 5, 3}, {64, 3, 3}, {67, 20, 7}, {129, 3, 4}, {300, 40, 50}
	};
	static const double level[] = {0.1, 0, -0.5, 1e300, -1e300, INFINITY, -INFINITY, NAN};
	em_ctx	   *ctx = context(3);

	for (int i = 0; i < (int) (sizeof(shape) / sizeof(shape[0])); i++)
	{
		em_grid		g = box(shape[i][0], shape[i][1], shape[i][2], 1);
		em_volume  *v = noise_map(ctx, &g, (uint64_t) i, 0, 1);
		bool		right = true;

		if (i > 0)
		{
			em_volume_row(v, 1, 1)[2] = 0.1f;	/* a little above 0.1 */
			em_volume_row(v, 1, 1)[3] = NAN;
			em_volume_row(v, 1, 1)[4] = INFINITY;
			em_volume_row(v, 1, 1)[5] = -INFINITY;
		}
		for (int k = 0; k < (int) (sizeof(level) / sizeof(level[0])); k++)
		{
			em_mask    *m;

			right = right && em_mask_threshold(ctx, v, level[k], &m) == EM_OK && sound_mask(m);
			for (int64_t z = 0; z < g.n[2] && right; z++)
				for (int64_t y = 0; y < g.n[1] && right; y++)
					for (int64_t x = 0; x < g.n[0] && right; x++)
						right = em_mask_get(m, x, y, z) == ((double) em_volume_row(v, y, z)[x] >= level[k]);
			em_mask_destroy(ctx, m);
		}
		ok(right, "thresholds of a %dx%dx%d map", (int) g.n[0], (int) g.n[1], (int) g.n[2]);
		em_volume_destroy(ctx, v);
	}
	em_ctx_destroy(ctx);
}

/* Overlap, bounds and counting. */
static void
test_counting(void)
{
	em_ctx	   *ctx = context(2);
	const int64_t n[3] = {131, 9, 21};
	em_mask    *a = noise_mask(ctx, n, 1, 0.3);
	em_mask    *b = noise_mask(ctx, n, 2, 0.3);
	int64_t		both = 0;
	int64_t		first[3];
	int64_t		last[3];
	em_mask    *m;

	for (int64_t i = 0; i < n[0] * n[1] * n[2]; i++)
		both += em_mask_get(a, i % n[0], i / n[0] % n[1], i / n[0] / n[1]) &&
			em_mask_get(b, i % n[0], i / n[0] % n[1], i / n[0] / n[1]);
	is_int(em_mask_overlap(a, b), both, "overlap");
	ok(sound_mask(a), "bits counted");

	em_mask_create(ctx, n, "test mask", &m);
	ok(em_mask_bounds(ctx, m, first, last) == EM_OK && first[0] == -1 && first[1] == -1 && first[2] == -1,
	   "an empty mask has no bounds");
	set_voxel(m, 64, 8, 3);
	set_voxel(m, 63, 2, 20);
	set_voxel(m, 130, 5, 7);
	ok(em_mask_bounds(ctx, m, first, last) == EM_OK, "bounds");
	is_int(first[0], 63, "first x");
	is_int(last[0], 130, "last x");
	is_int(first[1], 2, "first y");
	is_int(last[1], 8, "last y");
	is_int(first[2], 3, "first z");
	is_int(last[2], 20, "last z");
	em_ctx_destroy(ctx);
}

/* Dilation by looking at all pairs. */
static em_mask *
plain_dilation(em_ctx *ctx, const em_mask *m, const double voxel[3], double radius)
{
	const int64_t *n = m->n;
	em_mask    *out;

	em_mask_create(ctx, n, "test mask", &out);
	for (int64_t i = 0; i < n[0] * n[1] * n[2]; i++)
	{
		const int64_t x = i % n[0];
		const int64_t y = i / n[0] % n[1];
		const int64_t z = i / n[0] / n[1];

		if (!em_mask_get(m, x, y, z))
			continue;
		for (int64_t k = 0; k < n[0] * n[1] * n[2]; k++)
		{
			const double dx = (double) (k % n[0] - x) * voxel[0];
			const double dy = (double) (k / n[0] % n[1] - y) * voxel[1];
			const double dz = (double) (k / n[0] / n[1] - z) * voxel[2];

			if (sqrt(dx * dx + dy * dy + dz * dz) <= radius * (1 + 1e-6))
				set_voxel(out, k % n[0], k / n[0] % n[1], k / n[0] / n[1]);
		}
	}
	em_mask_recount(ctx, out);
	return out;
}

static void
test_dilation(void)
{
	static const struct
	{
		int64_t		n[3];
		double		voxel[3];
		double		radius;
		double		p;
	}			list[] = {
		{{1, 1, 1}, {1, 1, 1}, 2, 1},
		{{17, 12, 9}, {1, 1, 1}, 2, 0.01},
		{{17, 12, 9}, {1, 1, 1}, 0, 0.3},
		{{70, 10, 8}, {1.1, 0.7, 2.3}, 3, 0.005},
		{{64, 9, 8}, {0.4, 1, 1}, 2, 0.004},
		{{128, 6, 5}, {0.1, 1, 0.5}, 2, 0.004},
		{{130, 5, 6}, {0.02, 1.5, 2}, 3, 0.001},
		{{40, 20, 3}, {3, 3, 3}, 2, 0.05},
		{{30, 30, 30}, {2.0 / 3, 2.0 / 3, 2.0 / 3}, 2, 0.002},
		{{12, 11, 10}, {1, 1, 1}, 500, 0.001},
	};
	em_ctx	   *ctx = context(2);

	for (int i = 0; i < (int) (sizeof(list) / sizeof(list[0])); i++)
	{
		em_mask    *m = noise_mask(ctx, list[i].n, (uint64_t) i, list[i].p);
		em_mask    *want = plain_dilation(ctx, m, list[i].voxel, list[i].radius);
		em_mask    *got;

		ok(em_mask_dilate(ctx, m, list[i].voxel, list[i].radius, &got) == EM_OK && sound_mask(got) &&
		   same_mask(got, want), "dilation of %dx%dx%d by %g Å, %d voxels become %d", (int) m->n[0],
		   (int) m->n[1], (int) m->n[2], list[i].radius, (int) m->count, (int) want->count);
	}
	em_ctx_destroy(ctx);
}

/* VRS: the known sizes of one voxel, and every step voxel by voxel. */
static void
test_dilation_vrs(void)
{
	static const int known[] = {1, 19, 93, 263, 569};
	em_ctx	   *ctx = context(2);
	const int64_t n[3] = {15, 13, 11};
	const int64_t wide[3] = {66, 7, 6};
	em_mask    *one;
	em_mask    *m = noise_mask(ctx, wide, 3, 0.02);
	em_mask    *got;
	bool		right = true;

	em_mask_create(ctx, n, "test mask", &one);
	set_voxel(one, 7, 6, 5);
	em_mask_recount(ctx, one);
	for (int k = 0; k <= 4; k++)
	{
		ok(em_mask_dilate_vrs(ctx, one, k, &got) == EM_OK, "%d steps", k);
		is_int(got->count, known[k], "one voxel after %d steps", k);
	}

	em_mask_dilate_vrs(ctx, m, 1, &got);
	for (int64_t i = 0; i < wide[0] * wide[1] * wide[2]; i++)
	{
		const int64_t p[3] = {i % wide[0], i / wide[0] % wide[1], i / wide[0] / wide[1]};
		bool		want = false;

		for (int j = 0; j < 27; j++)
		{
			const int	d[3] = {j % 3 - 1, j / 3 % 3 - 1, j / 9 - 1};

			if (p[0] > 0 && p[0] < wide[0] - 1 && p[1] > 0 && p[1] < wide[1] - 1 && p[2] > 0 &&
				p[2] < wide[2] - 1 && abs(d[0]) + abs(d[1]) + abs(d[2]) < 3)
				want = want || em_mask_get(m, p[0] + d[0], p[1] + d[1], p[2] + d[2]);
		}
		right = right && want == em_mask_get(got, p[0], p[1], p[2]);
	}
	ok(right && sound_mask(got), "a step voxel by voxel, the border left empty");
	ok(em_mask_dilate_vrs(ctx, m, 3, &got) == EM_OK && sound_mask(got), "three steps, sound mask");
	em_mask_dilate_vrs(ctx, noise_mask(ctx, (int64_t[3]) {2, 5, 5}, 1, 1.0), 1, &got);
	is_int(got->count, 0, "a box of two planes is all border");
	ok(em_mask_dilate_vrs(ctx, m, -1, &got) == EM_BAD_ARGUMENT, "a negative number of steps is refused");
	em_ctx_destroy(ctx);
}

/* Soft masks by summing over the whole kernel. */
static void
test_soften(void)
{
	em_ctx	   *ctx = context(2);
	em_grid		g = box(71, 14, 12, 1);
	em_mask    *m = noise_mask(ctx, g.n, 1, 0.002);
	const double sigma = sqrt(2.0);
	const int	side = 6;
	double		tap[7];
	double		total = 0;
	double		worst = 0;
	em_volume  *soft;

	for (int k = -side; k <= side; k++)
		total += exp(-0.5 * k * k / (sigma * sigma));
	for (int k = 0; k <= side; k++)
		tap[k] = exp(-0.5 * k * k / (sigma * sigma)) / total;
	ok(em_mask_soften(ctx, m, &g, sigma, &soft) == EM_OK, "soft mask");
	for (int64_t z = 0; z < g.n[2]; z++)
		for (int64_t y = 0; y < g.n[1]; y++)
			for (int64_t x = 0; x < g.n[0]; x++)
			{
				double		want = 0;

				for (int64_t w = z - side; w <= z + side; w++)
					for (int64_t v = y - side; v <= y + side; v++)
						for (int64_t u = x - side; u <= x + side; u++)
							if (u >= 0 && v >= 0 && w >= 0 && u < g.n[0] && v < g.n[1] && w < g.n[2] &&
								em_mask_get(m, u, v, w))
								want += tap[llabs(u - x)] * tap[llabs(v - y)] * tap[llabs(w - z)];
				worst = fmax(worst, fabs(want - em_volume_row(soft, y, z)[x]));
			}
	is_near(worst, 0, 1e-7, "soft mask as summed voxel by voxel");
	ok(em_mask_soften(ctx, m, &g, NAN, &soft) == EM_BAD_ARGUMENT, "a width that is no number is refused");
	em_ctx_destroy(ctx);
}

/* Inside a large mask the value is exactly 1, far outside exactly 0; no edge leaves the hard mask. */
static void
test_soften_limits(void)
{
	em_ctx	   *ctx = context(1);
	em_grid		g = box(40, 40, 40, 1);
	em_mask    *m;
	em_volume  *soft;
	bool		same = true;

	em_mask_create(ctx, g.n, "test mask", &m);
	for (int64_t z = 0; z < 20; z++)
		for (int64_t y = 0; y < 20; y++)
			for (int64_t x = 0; x < 20; x++)
				set_voxel(m, x, y, z);
	em_mask_recount(ctx, m);
	em_mask_soften(ctx, m, &g, sqrt(2.0), &soft);
	ok(em_volume_row(soft, 10, 10)[10] == 1.0f, "deep inside the value is 1");
	ok(em_volume_row(soft, 35, 35)[35] == 0.0f, "far outside the value is 0");
	ok(em_volume_row(soft, 39, 10)[10] == 0.0f, "nothing wraps around the box");
	ok(em_volume_row(soft, 10, 10)[0] < 1.0f, "at the side of the box the mask fades out");
	em_mask_soften(ctx, m, &g, 0, &soft);
	for (int64_t i = 0; i < 64000; i++)
		same = same && em_volume_row(soft, i / 40 % 40, i / 1600)[i % 40] ==
			(float) em_mask_get(m, i % 40, i / 40 % 40, i / 1600);
	ok(same, "without width the mask comes back");
	em_mask_soften(ctx, m, &g, 1000, &soft);
	ok(em_volume_row(soft, 39, 39)[39] > 0 && em_volume_row(soft, 39, 39)[39] < 1e-6,
	   "a kernel wider than the box");
	em_ctx_destroy(ctx);
}

/* The same bits for any number of threads. */
static void
test_threads(void)
{
	const int64_t n[3] = {150, 90, 60};
	em_grid		g = box(n[0], n[1], n[2], 1);
	const double voxel[3] = {1, 1.3, 0.8};
	em_ctx	   *one = context(1);
	em_mask    *m = noise_mask(one, n, 8, 0.01);
	em_mask    *hard;
	em_mask    *vrs;
	em_volume  *soft;

	em_mask_dilate(one, m, voxel, 2, &hard);
	em_mask_dilate_vrs(one, m, 3, &vrs);
	em_mask_soften(one, m, &g, 1.5, &soft);
	for (int threads = 2; threads <= 3; threads++)
	{
		em_ctx	   *ctx = context(threads);
		em_mask    *a;
		em_mask    *b;
		em_volume  *c;
		bool		same = true;

		em_mask_dilate(ctx, m, voxel, 2, &a);
		em_mask_dilate_vrs(ctx, m, 3, &b);
		em_mask_soften(ctx, m, &g, 1.5, &c);
		for (int64_t r = 0; r < n[1] * n[2]; r++)
			same = same && memcmp(em_volume_row(soft, r % n[1], r / n[1]),
								  em_volume_row(c, r % n[1], r / n[1]), (size_t) n[0] * sizeof(float)) == 0;
		ok(same_mask(a, hard) && same_mask(b, vrs) && same, "%d threads, the same bits", threads);
		em_ctx_destroy(ctx);
	}
	em_ctx_destroy(one);
}

/* Refusals and cancellation leave no memory behind. */
static void
test_failures(void)
{
	em_ctx	   *ctx = context(2);
	em_grid		g = box(64, 64, 64, 1);
	const double voxel[3] = {1, 1, 1};
	const double flat[3] = {1, 0, 1};
	em_volume  *v = noise_map(ctx, &g, 1, 0, 1);
	em_mask    *m = noise_mask(ctx, g.n, 1, 0.1);
	uint64_t	before = em_ctx_memory_used(ctx);
	em_mask    *out;
	em_volume  *soft;

	ok(em_mask_dilate(ctx, m, flat, 2, &out) == EM_BAD_ARGUMENT && out == NULL, "a flat voxel is refused");
	ok(em_mask_dilate(ctx, m, voxel, NAN, &out) == EM_BAD_ARGUMENT, "a radius that is no number is refused");
	for (int polls = 0; polls < 3; polls++)
	{
		countdown	left = {polls};

		em_ctx_reset(ctx);
		em_ctx_set_callbacks(ctx, stop_later, NULL, &left);
		if (em_mask_threshold(ctx, v, 0, &out) == EM_OK)
			em_mask_destroy(ctx, out);
		is_int(em_ctx_memory_used(ctx), before, "threshold stopped at poll %d: nothing left behind", polls);
		left.polls = polls;
		em_ctx_reset(ctx);
		if (em_mask_dilate(ctx, m, voxel, 2, &out) == EM_OK)
			em_mask_destroy(ctx, out);
		is_int(em_ctx_memory_used(ctx), before, "dilation stopped at poll %d: nothing left behind", polls);
		left.polls = polls;
		em_ctx_reset(ctx);
		if (em_mask_dilate_vrs(ctx, m, 3, &out) == EM_OK)
			em_mask_destroy(ctx, out);
		is_int(em_ctx_memory_used(ctx), before, "VRS steps stopped at poll %d: nothing left behind", polls);
		left.polls = polls;
		em_ctx_reset(ctx);
		if (em_mask_soften(ctx, m, &g, 2, &soft) == EM_OK)
			em_volume_destroy(ctx, soft);
		is_int(em_ctx_memory_used(ctx), before, "soft mask stopped at poll %d: nothing left behind", polls);
		em_ctx_set_callbacks(ctx, NULL, NULL, NULL);
	}
	em_ctx_destroy(ctx);
}

/* Too small a budget at every place where memory is asked for. */
static void
test_budget(void)
{
	const int64_t n[3] = {48, 48, 48};
	em_grid		g = box(48, 48, 48, 1);
	const double voxel[3] = {1, 1, 1};
	bool		clean = true;

	for (uint64_t budget = 14000; budget < 1200000; budget += budget / 16)
	{
		em_ctx_options o = {.threads = 1, .memory_budget = budget};
		em_ctx	   *ctx = em_ctx_create(&o);
		em_mask    *m = noise_mask(ctx, n, 1, 0.1);
		uint64_t	before = em_ctx_memory_used(ctx);
		em_mask    *out;
		em_components *c;
		em_volume  *soft;

		if (m != NULL)
		{
			if (em_mask_dilate(ctx, m, voxel, 2, &out) == EM_OK)
				em_mask_destroy(ctx, out);
			clean = clean && em_ctx_memory_used(ctx) == before;
			if (em_mask_dilate_vrs(ctx, m, 2, &out) == EM_OK)
				em_mask_destroy(ctx, out);
			clean = clean && em_ctx_memory_used(ctx) == before;
			if (em_components_find(ctx, m, &c) == EM_OK)
				em_components_destroy(ctx, c);
			clean = clean && em_ctx_memory_used(ctx) == before;
			if (em_mask_soften(ctx, m, &g, 2, &soft) == EM_OK)
				em_volume_destroy(ctx, soft);
			clean = clean && em_ctx_memory_used(ctx) == before;
		}
		em_ctx_destroy(ctx);
	}
	ok(clean, "whatever allocation fails, nothing is left behind");
}

int
main(void)
{
	test_threshold();
	test_counting();
	test_dilation();
	test_dilation_vrs();
	test_soften();
	test_soften_limits();
	test_threads();
	test_failures();
	test_budget();
	return tap_done();
}
