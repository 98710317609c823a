/*
 * Grids whose axes are not at right angles: voxel volume, metric and dilation
 * against vectors written out in Cartesian coordinates.
 */
#include <string.h>

#include "core/em_rng.h"
#include "tap.h"
#include "volume/em_mask.h"

/* Cartesian vectors of the three voxel edges (PDB convention), Å. */
static void
edges(const em_grid *grid, double e[3][3])
{
	const double ca = cos(grid->angle[0] * M_PI / 180);
	const double cb = cos(grid->angle[1] * M_PI / 180);
	const double cc = cos(grid->angle[2] * M_PI / 180);
	const double sc = sin(grid->angle[2] * M_PI / 180);
	const double zy = (ca - cb * cc) / sc;

	memset(e, 0, 9 * sizeof(double));
	e[0][0] = grid->voxel[0];
	e[1][0] = grid->voxel[1] * cc;
	e[1][1] = grid->voxel[1] * sc;
	e[2][0] = grid->voxel[2] * cb;
	e[2][1] = grid->voxel[2] * zy;
	e[2][2] = grid->voxel[2] * sqrt(1 - cb * cb - zy * zy);
}

/* Length of a step of d voxels, Å. */
static double
length(double e[3][3], const int64_t d[3])
{
	double		sum = 0;

	for (int k = 0; k < 3; k++)
	{
		double		v = 0;

		for (int j = 0; j < 3; j++)
			v += (double) d[j] * e[j][k];
		sum += v * v;
	}
	return sqrt(sum);
}

/* Does the dilated mask hold exactly the voxels within the radius of a set one? */
static bool
agrees(const em_mask *from, const em_mask *to, double e[3][3], double radius)
{
	for (int64_t z = 0; z < to->n[2]; z++)
		for (int64_t y = 0; y < to->n[1]; y++)
			for (int64_t x = 0; x < to->n[0]; x++)
			{
				bool		want = false;

				for (int64_t w = 0; w < to->n[2] && !want; w++)
					for (int64_t v = 0; v < to->n[1] && !want; v++)
						for (int64_t u = 0; u < to->n[0] && !want; u++)
						{
							const int64_t d[3] = {u - x, v - y, w - z};

							want = em_mask_get(from, u, v, w) && length(e, d) <= radius * (1 + 1e-6);
						}
				if (want != em_mask_get(to, x, y, z))
					return false;
			}
	return true;
}

static void
test_cell(em_ctx *ctx, const double angle[3])
{
	em_grid		grid = {.n = {13, 11, 12},.voxel = {0.9, 0.7, 0.8}};
	double		e[3][3];
	double		g[3][3];
	em_mask    *m;
	em_mask    *wide;
	double		det;

	memcpy(grid.angle, angle, sizeof(grid.angle));
	edges(&grid, e);
	det = e[0][0] * e[1][1] * e[2][2];
	is_near(em_grid_voxel_volume(&grid), det, 1e-12, "voxel volume of cell %g %g %g", angle[0], angle[1], angle[2]);
	em_grid_metric(&grid, g);
	for (int i = 0; i < 3; i++)
		for (int j = i; j < 3; j++)
			is_near(g[i][j], e[i][0] * e[j][0] + e[i][1] * e[j][1] + e[i][2] * e[j][2], 1e-12, "metric %d %d", i, j);

	ok(em_mask_create(ctx, grid.n, "mask", &m) == EM_OK, "mask made");
	for (int i = 0; i < 8; i++)
	{
		uint32_t	r[4];

		em_rng4(1, 2, (uint64_t) i, r);
		em_mask_row(m, r[1] % 11, r[2] % 12)[0] |= UINT64_C(1) << r[0] % 13;
	}
	ok(em_mask_recount(ctx, m) == EM_OK, "mask counted");
	ok(em_mask_dilate_grid(ctx, m, &grid, 2.0, &wide) == EM_OK, "mask dilated");
	ok(agrees(m, wide, e, 2.0), "every voxel within 2 Å and no other is set");
	em_mask_destroy(ctx, m);
	em_mask_destroy(ctx, wide);
}

int
main(void)
{
	em_ctx_options options = {.threads = 2};
	em_ctx	   *ctx = em_ctx_create(&options);
	em_grid		flat = {.n = {2, 2, 2},.voxel = {1, 1, 1},.angle = {30, 30, 120}};

	test_cell(ctx, (const double[3]) {90, 90, 90});
	test_cell(ctx, (const double[3]) {90, 111.55, 90});
	test_cell(ctx, (const double[3]) {90, 90, 120});
	test_cell(ctx, (const double[3]) {75, 62, 105});
	ok(em_grid_check_voxel(ctx, &flat, "map") == EM_BAD_ARGUMENT, "a cell without volume is refused");
	flat.angle[0] = flat.angle[1] = flat.angle[2] = 0;
	ok(em_grid_check(ctx, &flat, "map") == EM_OK, "unset angles count as right angles");
	flat.angle[1] = 94;
	ok(em_grid_check_voxel(ctx, &flat, "map") == EM_OK, "a monoclinic cell has a volume");
	ok(em_grid_check(ctx, &flat, "map") == EM_UNSUPPORTED, "but no right angles");
	is_int(em_ctx_memory_used(ctx), 0, "nothing left allocated");
	em_ctx_destroy(ctx);
	return tap_done();
}
