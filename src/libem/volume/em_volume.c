/*
 * src/libem/volume/em_volume.c
 *		Grids and volumes: layout, creation, comparison.
 */
#include "volume/em_volume.h"

#include <math.h>
#include <string.h>

#define LINE 16					/* floats in a 64-byte cache line */
#define RIGHT_ANGLE 0.01		/* degrees that a right angle may be off */

int64_t
em_grid_voxels(const em_grid *grid)
{
	return grid->n[0] * grid->n[1] * grid->n[2];
}

/* Cosine of a cell angle given in degrees; 0 (unset) counts as 90. */
static double
angle_cosine(double degrees)
{
	if (degrees == 0 || fabs(degrees - 90.0) <= RIGHT_ANGLE)
		return 0;
	return cos(degrees * M_PI / 180.0);
}

double
em_grid_voxel_volume(const em_grid *grid)
{
	const double a = angle_cosine(grid->angle[0]);
	const double b = angle_cosine(grid->angle[1]);
	const double c = angle_cosine(grid->angle[2]);
	const double skew = 1 - a * a - b * b - c * c + 2 * a * b * c;

	return grid->voxel[0] * grid->voxel[1] * grid->voxel[2] * sqrt(fmax(skew, 0));
}

bool
em_grid_right_angled(const em_grid *grid)
{
	for (int j = 0; j < 3; j++)
		if (angle_cosine(grid->angle[j]) != 0)
			return false;
	return true;
}

void
em_grid_metric(const em_grid *grid, double g[3][3])
{
	for (int i = 0; i < 3; i++)
		for (int j = 0; j < 3; j++)
			/* alpha lies between y and z, beta between x and z, gamma between x and y */
			g[i][j] = grid->voxel[i] * grid->voxel[j] * (i == j ? 1 : angle_cosine(grid->angle[3 - i - j]));
}

/* Floats from row to row: room for nx/2+1 complex numbers, an odd number of lines. */
static int64_t
row_floats(const em_grid *grid)
{
	int64_t		lines = (2 * (grid->n[0] / 2 + 1) + LINE - 1) / LINE;

	return (lines | 1) * LINE;
}

/* Floats from plane to plane: an odd number of lines. */
static int64_t
plane_floats(const em_grid *grid)
{
	int64_t		lines = row_floats(grid) / LINE * grid->n[1];

	return (lines | 1) * LINE;
}

uint64_t
em_volume_bytes(const em_grid *grid)
{
	return (uint64_t) plane_floats(grid) * (uint64_t) grid->n[2] * sizeof(float);
}

em_status
em_grid_check_voxel(em_ctx *ctx, const em_grid *grid, const char *name)
{
	for (int j = 0; j < 3; j++)
		if (!(grid->voxel[j] > 0) || !isfinite(grid->voxel[j]))
		{
			em_fail(ctx, EM_BAD_ARGUMENT, "the %s has no valid voxel size", name);
			em_fail_detail(ctx, "The voxel size along %c is %g Å.", "xyz"[j], grid->voxel[j]);
			em_fail_hint(ctx, "Correct the cell dimensions in the header of the file.");
			return EM_BAD_ARGUMENT;
		}
	if (!(em_grid_voxel_volume(grid) > 0))
	{
		em_fail(ctx, EM_BAD_ARGUMENT, "the cell angles of the %s enclose no volume", name);
		em_fail_detail(ctx, "They are %g, %g and %g degrees.", grid->angle[0], grid->angle[1], grid->angle[2]);
		em_fail_hint(ctx, "Correct the cell angles in the header of the file.");
		return EM_BAD_ARGUMENT;
	}
	return EM_OK;
}

em_status
em_grid_check(em_ctx *ctx, const em_grid *grid, const char *name)
{
	EM_TRY(em_grid_check_voxel(ctx, grid, name));
	if (!em_grid_right_angled(grid))
	{
		em_fail(ctx, EM_UNSUPPORTED, "the axes of the %s are not orthogonal", name);
		em_fail_detail(ctx, "The cell angles are %g, %g and %g degrees.",
					   grid->angle[0], grid->angle[1], grid->angle[2]);
		em_fail_hint(ctx, "Resample the map on a grid with right angles.");
		return EM_UNSUPPORTED;
	}
	return EM_OK;
}

em_status
em_grid_same(em_ctx *ctx, const em_grid *a, const em_grid *b, const char *name_a, const char *name_b)
{
	if (memcmp(a->n, b->n, sizeof(a->n)) != 0)
	{
		em_fail(ctx, EM_MISMATCH, "%s and %s have different boxes", name_a, name_b);
		em_fail_detail(ctx, "They have %lldx%lldx%lld and %lldx%lldx%lld voxels.",
					   (long long) a->n[0], (long long) a->n[1], (long long) a->n[2],
					   (long long) b->n[0], (long long) b->n[1], (long long) b->n[2]);
		return EM_MISMATCH;
	}
	for (int j = 0; j < 3; j++)
		if (!(fabs(a->voxel[j] - b->voxel[j]) <= 1e-3 * fabs(a->voxel[j])))
		{
			em_fail(ctx, EM_MISMATCH, "%s and %s have different voxel sizes", name_a, name_b);
			em_fail_detail(ctx, "Along %c they are %g and %g Å.", "xyz"[j], a->voxel[j], b->voxel[j]);
			return EM_MISMATCH;
		}
	return EM_OK;
}

em_status
em_volume_create(em_ctx *ctx, const em_grid *grid, const char *what, em_volume **out)
{
	em_volume  *v;

	*out = NULL;
	for (int j = 0; j < 3; j++)
		if (grid->n[j] < 1 || grid->n[j] > 65535)
			return em_fail(ctx, EM_BAD_ARGUMENT, "%s has %lld voxels along %c, outside 1 to 65535",
						   what, (long long) grid->n[j], "xyz"[j]);
	v = em_alloc(ctx, 1, sizeof(em_volume), what);
	if (v == NULL)
		return em_ctx_status(ctx);
	v->grid = *grid;
	v->row = row_floats(grid);
	v->plane = plane_floats(grid);
	v->data = em_alloc(ctx, (uint64_t) v->plane * (uint64_t) grid->n[2], sizeof(float), what);
	if (v->data == NULL)
	{
		em_free(ctx, v);
		return em_ctx_status(ctx);
	}
	*out = v;
	return EM_OK;
}

em_status
em_volume_copy(em_ctx *ctx, const em_volume *from, const char *what, em_volume **out)
{
	EM_TRY(em_volume_create(ctx, &from->grid, what, out));
	(*out)->domain = from->domain;
	for (int64_t z = 0; z < from->grid.n[2]; z++)
	{
		memcpy((*out)->data + z * from->plane, from->data + z * from->plane,
			   (size_t) from->plane * sizeof(float));
		if (em_poll(ctx) != EM_OK)
		{
			em_volume_destroy(ctx, *out);
			*out = NULL;
			return EM_CANCELLED;
		}
	}
	return EM_OK;
}

void
em_volume_destroy(em_ctx *ctx, em_volume *v)
{
	if (v == NULL)
		return;
	em_free(ctx, v->data);
	em_free(ctx, v);
}
