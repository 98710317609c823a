/*
 * test/unit/test_cells.c
 *		Small copies of local measures: means over blocks of the mask, bytes and
 *		back, bytes from elsewhere; regions of a map.
 */
#include "tap.h"

#include <stdlib.h>

#include "draw/em_regions.h"
#include "volume/em_cells.h"

#define N 150

static em_volume *
make_volume(em_ctx *ctx, int n, double voxel)
{
	em_grid		grid = {.n = {n, n, n},.voxel = {voxel, voxel, voxel},.angle = {90, 90, 90}};
	em_volume  *v;

	if (em_volume_create(ctx, &grid, "a test map", &v) != EM_OK)
		exit(1);
	return v;
}

/* A mask of 130 x 7 x 7 voxels from (10,20,30) on in which the value is x. */
static void
test_round_trip(em_ctx *ctx)
{
	em_volume  *v = make_volume(ctx, N, 2);
	em_volume  *back;
	em_mask    *m;
	em_cells   *c;
	uint8_t    *bytes;
	int64_t		length;
	double		start[3];

	ok(em_mask_create(ctx, v->grid.n, "a mask", &m) == EM_OK, "a mask");
	ok(em_cells_create(ctx, &v->grid, m, &c) == EM_NOT_MEASURABLE, "an empty one has no cells");
	em_ctx_reset(ctx);
	for (int z = 30; z < 37; z++)
		for (int y = 20; y < 27; y++)
			for (int x = 10; x < 140; x++)
			{
				em_mask_row(m, y, z)[x >> 6] |= (uint64_t) 1 << (x & 63);
				em_volume_row(v, y, z)[x] = x == 11 ? NAN : (float) x;
			}
	ok(em_mask_recount(ctx, m) == EM_OK && em_cells_create(ctx, &v->grid, m, &c) == EM_OK, "cells");
	is_int(c->factor, 3, "130 voxels in cells of three");
	is_int(c->n[0], 44, "along x");
	is_int(c->n[1], 3, "along y");
	is_int(c->first[2], 30, "from the first voxel of the mask on");
	ok(em_cells_fill(ctx, c, v, m) == EM_OK, "filled");
	is_near(c->sum[0] / c->count[0], 11, 1e-12, "voxels 10 to 12, but for the one that is not a number");
	is_near(c->sum[1] / c->count[1], 14, 1e-12, "voxels 13 to 15");
	is_near(c->sum[43] / c->count[43], 139, 1e-12, "the last voxel alone");

	ok(em_cells_pack(ctx, c, &bytes, &length) == EM_OK, "packed");
	is_int(length, 80 + 44 * 3 * 3, "a byte a cell");
	ok(em_cells_unpack(ctx, bytes, length, &back, start) == EM_OK, "unpacked");
	is_near(back->grid.voxel[1], 6, 0, "cells of 6 Å");
	is_near(start[0], 20, 0, "from 20 Å on");
	is_near(em_volume_row(back, 1, 2)[0], 11, 1e-6, "the least value");
	is_near(em_volume_row(back, 1, 2)[43], 139, 1e-5, "the greatest");
	is_near(em_volume_row(back, 1, 2)[20], 71, 128 / 254.0 / 2 + 1e-6, "one between, to half a step");
	em_volume_destroy(ctx, back);

	for (int k = 0; k < 80; k += 3)
	{
		uint8_t		was = bytes[k];

		bytes[k] ^= 0x7f;
		if (em_cells_unpack(ctx, bytes, length, &back, start) == EM_OK)
			em_volume_destroy(ctx, back);	/* another number, but a sound one */
		em_ctx_reset(ctx);
		bytes[k] = was;
	}
	for (int64_t cut = 0; cut < length; cut += 37)
		if (em_cells_unpack(ctx, bytes, cut, &back, start) != EM_BAD_FORMAT)
			ok(false, "%lld bytes are too few", (long long) cut);
	em_ctx_reset(ctx);
	bytes[4] = 200;
	ok(em_cells_unpack(ctx, bytes, length, &back, start) == EM_BAD_FORMAT, "more cells than there are");
	em_ctx_reset(ctx);
	em_free(ctx, bytes);
	em_cells_destroy(ctx, c);
	em_mask_destroy(ctx, m);
	em_volume_destroy(ctx, v);
}

/* Values go on beyond the mask. */
static void
test_extend(em_ctx *ctx)
{
	em_volume  *v = make_volume(ctx, 9, 2);

	for (int z = 0; z < 9; z++)
		for (int y = 0; y < 9; y++)
			for (int x = 0; x < 9; x++)
				em_volume_row(v, y, z)[x] = NAN;
	em_volume_row(v, 4, 4)[4] = 7;
	ok(em_cells_extend(ctx, v, 3) == EM_OK, "by 3 Å");
	is_near(em_volume_row(v, 4, 2)[6], 7, 0, "two cells away");
	ok(isnan(em_volume_row(v, 4, 4)[7]), "but not three");
	em_volume_destroy(ctx, v);
}

/* A large and a small cube, and one voxel far out in otherwise quiet surroundings. */
static void
test_regions(em_ctx *ctx)
{
	em_volume  *v = make_volume(ctx, 40, 2);
	em_volume  *region;
	em_volume  *far;
	int64_t		count[4] = {0};
	int64_t		outliers = 0;

	for (int z = 0; z < 40; z++)
		for (int y = 0; y < 40; y++)
			for (int x = 0; x < 40; x++)
				em_volume_row(v, y, z)[x] = (x + y + z) % 2 ? 0.01f : -0.01f;
	for (int z = 10; z < 20; z++)
		for (int y = 10; y < 20; y++)
			for (int x = 10; x < 20; x++)
				em_volume_row(v, y, z)[x] = 1;
	em_volume_row(v, 35, 35)[35] = 1;
	em_volume_row(v, 35, 35)[36] = 1;
	em_volume_row(v, 3, 3)[3] = -0.9f;
	ok(em_regions_make(ctx, v, 0.5, &region, &far) == EM_OK, "regions");
	for (int z = 0; z < 40; z++)
		for (int y = 0; y < 40; y++)
			for (int x = 0; x < 40; x++)
			{
				count[(int) em_volume_row(region, y, z)[x]]++;
				outliers += em_volume_row(far, y, z)[x] != 0;
			}
	is_int(count[EM_REGION_MOLECULE], 1000, "density in the mask");
	is_int(count[EM_REGION_GROWN], 600, "2 Å about it: a voxel on each face");
	is_int(count[EM_REGION_APART], 2, "density elsewhere");
	is_int(outliers, 3, "voxels far from the mean");
	ok(em_volume_row(far, 3, 3)[3] == 1, "a low one among them");
	em_volume_destroy(ctx, far);
	em_volume_destroy(ctx, region);
	ok(em_regions_make(ctx, v, 2, &region, &far) == EM_NOT_MEASURABLE && region == NULL, "no mask, no regions");
	em_ctx_reset(ctx);
	v->grid.voxel[0] = 0;
	ok(em_regions_make(ctx, v, 0.5, &region, &far) == EM_BAD_ARGUMENT, "no voxel size, no 2 Å");
	em_volume_destroy(ctx, v);
}

int
main(void)
{
	em_ctx_options options = {.threads = 2};
	em_ctx	   *ctx = em_ctx_create(&options);

	test_round_trip(ctx);
	test_extend(ctx);
	test_regions(ctx);
	is_int(em_ctx_memory_used(ctx), 0, "nothing is left behind");
	em_ctx_destroy(ctx);
	return tap_done();
}
