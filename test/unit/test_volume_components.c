/*
 * test/unit/test_volume_components.c
 *		Connected components against a flood fill.
 */
#include "boxes.h"

/* Components as a flood fill finds them; the sizes are in descending order. */
typedef struct flood
{
	int64_t		count;
	int64_t    *size;
	em_mask    *largest;
} flood;

static int
descending(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *) a;
	const int64_t y = *(const int64_t *) b;

	return (x < y) - (x > y);
}

/* Fill one component from voxel `seed`, add its voxels to `members`. */
static int64_t
fill(const em_mask *m, bool *seen, int64_t *members, int64_t seed)
{
	const int64_t *n = m->n;
	int64_t		size = 1;

	members[0] = seed;
	seen[seed] = true;
	for (int64_t i = 0; i < size; i++)
		for (int k = 0; k < 27; k++)
		{
			const int64_t x = members[i] % n[0] + k % 3 - 1;
			const int64_t y = members[i] / n[0] % n[1] + k / 3 % 3 - 1;
			const int64_t z = members[i] / n[0] / n[1] + k / 9 - 1;
			const int64_t at = (z * n[1] + y) * n[0] + x;

			if (x < 0 || y < 0 || z < 0 || x >= n[0] || y >= n[1] || z >= n[2] || seen[at] ||
				!em_mask_get(m, x, y, z))
				continue;
			seen[at] = true;
			members[size++] = at;
		}
	return size;
}

static flood
flood_fill(em_ctx *ctx, const em_mask *m)
{
	const int64_t *n = m->n;
	const int64_t total = n[0] * n[1] * n[2];
	bool	   *seen = calloc((size_t) total, 1);
	int64_t    *members = malloc((size_t) total * sizeof(int64_t));
	flood		f = {.size = malloc((size_t) total * sizeof(int64_t))};
	int64_t		best = 0;

	em_mask_create(ctx, n, "test mask", &f.largest);
	for (int64_t i = 0; i < total; i++)
		if (!seen[i] && em_mask_get(m, i % n[0], i / n[0] % n[1], i / n[0] / n[1]))
		{
			const int64_t size = fill(m, seen, members, i);

			f.size[f.count++] = size;
			if (size <= best)
				continue;
			best = size;
			memset(f.largest->bits, 0, em_mask_bytes(n));
			for (int64_t k = 0; k < size; k++)
				set_voxel(f.largest, members[k] % n[0], members[k] / n[0] % n[1], members[k] / n[0] / n[1]);
		}
	em_mask_recount(ctx, f.largest);
	qsort(f.size, (size_t) f.count, sizeof(int64_t), descending);
	free(seen);
	free(members);
	return f;
}

static bool
same_components(const em_components *c, const flood *f)
{
	return c->count == f->count && same_mask(c->largest, f->largest) && sound_mask(c->largest) &&
		memcmp(c->size, f->size, (size_t) f->count * sizeof(int64_t)) == 0;
}

/* Random masks in boxes of all kinds of odd sizes, sparse to full, one to three threads. */
static void
test_random(void)
{
	static const int64_t shape[][3] = {
		{1, 1, 1}, {1, 9, 9}, {9, 1, 9}, {9, 9, 1}, {2, 2, 2}, {3, 5, 7}, {63, 4, 5}, {64, 5, 4}, {65, 6, 3},
		{127, 3, 8}, {128, 8, 5}, {193, 7, 6}, {31, 33, 60}, {70, 21, 130}
	};
	static const double p[] = {0, 0.01, 0.05, 0.1, 0.2, 0.5, 0.9, 1};

	for (int i = 0; i < (int) (sizeof(shape) / sizeof(shape[0])); i++)
	{
		bool		right = true;
		em_ctx	   *one = context(1);
		em_ctx	   *two = context(2);
		em_ctx	   *three = context(3);

		for (int k = 0; k < (int) (sizeof(p) / sizeof(p[0])); k++)
		{
			em_mask    *m = noise_mask(one, shape[i], (uint64_t) (100 * i + k), p[k]);
			flood		f = flood_fill(one, m);
			em_ctx	   *list[] = {one, two, three};

			for (int t = 0; t < 3; t++)
			{
				em_components *c;

				right = right && em_components_find(list[t], m, &c) == EM_OK && same_components(c, &f);
			}
			free(f.size);
		}
		ok(right, "components of %dx%dx%d masks of 8 densities, 1 to 3 threads", (int) shape[i][0],
		   (int) shape[i][1], (int) shape[i][2]);
		em_ctx_destroy(one);
		em_ctx_destroy(two);
		em_ctx_destroy(three);
	}
}

/* All pairs of voxels at distances up to 2 in a box: one component exactly when they touch. */
static void
test_pairs(void)
{
	em_ctx	   *ctx = context(1);
	const int64_t n[3] = {67, 6, 6};
	bool		right = true;

	for (int64_t at = 0; at < 5 * 2 * 2; at++)
		for (int k = 0; k < 125; k++)
		{
			const int64_t d[3] = {k % 5 - 2, k / 5 % 5 - 2, k / 25 - 2};
			const int64_t p[3] = {61 + at % 5 - (d[0] > 0), 2 + at / 5 % 2, 2 + at / 10};
			const bool	touch = llabs(d[0]) < 2 && llabs(d[1]) < 2 && llabs(d[2]) < 2;
			em_components *c;
			em_mask    *m;

			em_mask_create(ctx, n, "test mask", &m);
			set_voxel(m, p[0], p[1], p[2]);
			set_voxel(m, p[0] + d[0], p[1] + d[1], p[2] + d[2]);
			em_mask_recount(ctx, m);
			em_components_find(ctx, m, &c);
			right = right && c->count == (touch ? 1 : 2);
			em_components_destroy(ctx, c);
			em_mask_destroy(ctx, m);
		}
	ok(right, "two voxels are one component exactly when they touch, across words and bundles");
	em_ctx_destroy(ctx);
}

/* Ties: the component whose first voxel comes first in raster order, not in the order of bundles. */
static void
test_ties(void)
{
	em_ctx	   *ctx = context(1);
	const int64_t n[3] = {40, 8, 4};
	em_mask    *m;
	em_components *c;

	em_mask_create(ctx, n, "test mask", &m);
	set_voxel(m, 1, 0, 1);
	set_voxel(m, 30, 1, 1);
	set_voxel(m, 20, 6, 0);
	em_mask_recount(ctx, m);
	em_components_find(ctx, m, &c);
	is_int(c->count, 3, "three voxels apart");
	ok(c->largest->count == 1 && em_mask_get(c->largest, 20, 6, 0), "the tie goes to the lower plane");
	em_ctx_destroy(ctx);
}

/* Sizes beyond the counting sort come out sorted, too. */
static void
test_large_sizes(void)
{
	em_ctx	   *ctx = context(2);
	const int64_t n[3] = {200, 60, 90};
	em_mask    *m;
	em_components *c;
	bool		sorted = true;
	int64_t		total = 0;

	em_mask_create(ctx, n, "test mask", &m);
	for (int64_t i = 0; i < 6; i++)
		for (int64_t z = 15 * i; z < 15 * i + 8 + (i * 5) % 6; z++)
			for (int64_t y = 0; y < 40; y++)
				for (int64_t x = 0; x < 20; x++)
					set_voxel(m, x, y, z);
	for (int64_t z = 0; z < 90; z += 2)
		for (int64_t x = 30; x < 200; x += 2)
			set_voxel(m, x, 30, z);
	em_mask_recount(ctx, m);
	em_components_find(ctx, m, &c);
	is_int(c->count, 6 + 45 * 85, "six slabs and single voxels");
	is_int(c->size[0], 20 * 40 * 13, "the thickest slab");
	is_int(c->size[5], 20 * 40 * 8, "the thinnest slab");
	for (int64_t i = 0; i < c->count; i++)
	{
		total += c->size[i];
		sorted = sorted && (i == 0 || c->size[i] <= c->size[i - 1]);
	}
	ok(sorted && total == m->count, "sizes descend and add up");
	em_ctx_destroy(ctx);
}

/* What is promised about memory, and nothing left behind when stopped. */
static void
test_limits(void)
{
	static const double p[] = {0.02, 0.1, 0.3, 1};
	em_ctx	   *ctx = context(2);
	const int64_t n[3] = {150, 100, 80};
	em_components *c;
	bool		kept = true;

	for (int k = 0; k < 4; k++)
	{
		em_mask    *m = noise_mask(ctx, n, 1, p[k]);
		uint64_t	before = em_ctx_memory_used(ctx);
		uint64_t	most = before + em_components_bytes(n) + em_mask_bytes(n) + 4096;

		for (int polls = 0; polls < 40; polls += 3)
		{
			countdown	left = {polls};

			em_ctx_reset(ctx);
			em_ctx_set_callbacks(ctx, stop_later, NULL, &left);
			if (em_components_find(ctx, m, &c) == EM_OK)
				em_components_destroy(ctx, c);
			else
				kept = kept && c == NULL;
			kept = kept && em_ctx_memory_used(ctx) == before;
			em_ctx_set_callbacks(ctx, NULL, NULL, NULL);
			em_ctx_reset(ctx);
		}
		kept = kept && em_components_find(ctx, m, &c) == EM_OK && em_ctx_memory_peak(ctx) <= most;
		em_components_destroy(ctx, c);
		em_mask_destroy(ctx, m);
	}
	ok(kept, "the bound on memory holds, and nothing is left behind after a stop");
	em_ctx_destroy(ctx);
}

int
main(void)
{
	test_random();
	test_pairs();
	test_ties();
	test_large_sizes();
	test_limits();
	return tap_done();
}
