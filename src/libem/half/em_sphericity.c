/*
 * src/libem/half/em_sphericity.c
 *		Sphericity of the resolved part of a 3D FSC.
 */
#include "half/em_fsc3d.h"

#include <math.h>

#include "core/em_par.h"
#include "volume/em_mask.h"

#define PAD 6					/* empty voxels around the cube, more than the Gaussian reaches */
#define SIGMA 1.0
#define SURFACE 0.5f

typedef struct area_job
{
	const em_volume *v;
	double	   *area;			/* by plane of cells */
	int64_t    *voxels;			/* by plane of voxels */
} area_job;

/* Step from x towards 0. */
static inline int64_t
inwards(int64_t x)
{
	return x > 0 ? x - 1 : x < 0 ? x + 1 : 0;
}

/* The i-th of 0, 1, -1, 2, -2 ... */
static inline int64_t
outwards(int64_t i)
{
	return i % 2 == 1 ? (i + 1) / 2 : -(i / 2);
}

/* Does place (x,y,z), from the centre, belong to the resolved part?  Its inner neighbour is decided. */
static bool
resolved(const em_volume *cube, const em_mask *m, int64_t reach, double threshold, double keep2,
		 int64_t x, int64_t y, int64_t z)
{
	int64_t		c = reach + PAD;

	if ((double) (x * x + y * y + z * z) <= keep2)
		return true;
	if (!(em_volume_row(cube, y + reach, z + reach)[x + reach] >= threshold))
		return false;
	return (x == 0 && y == 0 && z == 0) || em_mask_get(m, inwards(x) + c, inwards(y) + c, inwards(z) + c);
}

/* Mark what is connected with the centre, from the centre outwards. */
static em_status
mark_resolved(em_ctx *ctx, const em_volume *cube, double threshold, double keep, em_mask *m)
{
	int64_t		edge = cube->grid.n[0];
	int64_t		reach = edge / 2;
	int64_t		c = reach + PAD;

	for (int64_t iz = 0; iz < edge; iz++)
	{
		int64_t		z = outwards(iz);

		for (int64_t iy = 0; iy < edge; iy++)
		{
			int64_t		y = outwards(iy);
			uint64_t   *row = em_mask_row(m, y + c, z + c);

			if (iy % 16 == 0)
				EM_TRY(em_poll(ctx));
			for (int64_t ix = 0; ix < edge; ix++)
			{
				int64_t		x = outwards(ix);

				if (resolved(cube, m, reach, threshold, keep * keep, x, y, z))
					row[(x + c) >> 6] |= UINT64_C(1) << ((x + c) & 63);
			}
		}
	}
	return em_mask_recount(ctx, m);
}

/* Where the surface cuts the edge between two corners. */
static void
cut(const double a[3], float va, const double b[3], float vb, double out[3])
{
	double		t = (double) (SURFACE - va) / ((double) vb - va);

	for (int j = 0; j < 3; j++)
		out[j] = a[j] + t * (b[j] - a[j]);
}

static double
triangle_area(const double a[3], const double b[3], const double c[3])
{
	double		u[3];
	double		v[3];
	double		x,
				y,
				z;

	for (int j = 0; j < 3; j++)
	{
		u[j] = b[j] - a[j];
		v[j] = c[j] - a[j];
	}
	x = u[1] * v[2] - u[2] * v[1];
	y = u[2] * v[0] - u[0] * v[2];
	z = u[0] * v[1] - u[1] * v[0];
	return 0.5 * sqrt(x * x + y * y + z * z);
}

/* Area of the surface inside one tetrahedron: nothing, a triangle, or two. */
static double
tetrahedron_area(const double *corner[4], const float value[4])
{
	int			in[4];
	int			out[4];
	int			n_in = 0;
	int			n_out = 0;
	double		p[4][3];

	for (int i = 0; i < 4; i++)
		if (value[i] >= SURFACE)
			in[n_in++] = i;
		else
			out[n_out++] = i;
	if (n_in == 0 || n_out == 0)
		return 0;
	if (n_in == 2)
	{
		/* The cuts go round the tetrahedron in this order. */
		for (int i = 0; i < 4; i++)
		{
			int			a = in[i / 2];
			int			b = out[(i == 1 || i == 2) ? 1 : 0];

			cut(corner[a], value[a], corner[b], value[b], p[i]);
		}
		return triangle_area(p[0], p[1], p[2]) + triangle_area(p[0], p[2], p[3]);
	}
	for (int i = 0; i < 3; i++)
	{
		int			a = n_in == 1 ? in[0] : in[i];
		int			b = n_in == 1 ? out[i] : out[0];

		cut(corner[a], value[a], corner[b], value[b], p[i]);
	}
	return triangle_area(p[0], p[1], p[2]);
}

/* Corner i of a cell has x, y, z in its three bits; six tetrahedra share the diagonal 0-7. */
static const int tetrahedra[6][4] = {
	{0, 1, 3, 7}, {0, 1, 5, 7}, {0, 2, 3, 7}, {0, 2, 6, 7}, {0, 4, 5, 7}, {0, 4, 6, 7}
};

static const double corners[8][3] = {
	{0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {1, 1, 0}, {0, 0, 1}, {1, 0, 1}, {0, 1, 1}, {1, 1, 1}
};

/* Area of the surface inside the cell of eight values. */
static double
cell_area(const float value[8])
{
	double		area = 0;

	for (int t = 0; t < 6; t++)
	{
		const double *corner[4];
		float		v[4];

		for (int i = 0; i < 4; i++)
		{
			corner[i] = corners[tetrahedra[t][i]];
			v[i] = value[tetrahedra[t][i]];
		}
		area += tetrahedron_area(corner, v);
	}
	return area;
}

/* Item z: surface between planes z and z+1, voxels of plane z. */
static em_status
measure_plane(void *arg, int64_t z, int worker)
{
	area_job   *job = arg;
	const em_volume *v = job->v;
	double		area = 0;
	int64_t		voxels = 0;

	(void) worker;
	for (int64_t y = 0; y + 1 < v->grid.n[1]; y++)
	{
		const float *row[4] = {em_volume_row(v, y, z), em_volume_row(v, y + 1, z),
		em_volume_row(v, y, z + 1), em_volume_row(v, y + 1, z + 1)};

		for (int64_t x = 0; x + 1 < v->grid.n[0]; x++)
		{
			float		value[8];
			int			inside = 0;

			for (int i = 0; i < 8; i++)
			{
				value[i] = row[i >> 1][x + (i & 1)];
				inside += value[i] >= SURFACE;
			}
			voxels += value[0] >= SURFACE;
			if (inside > 0 && inside < 8)
				area += cell_area(value);
		}
	}
	job->area[z] = area;
	job->voxels[z] = voxels;
	return EM_OK;
}

/* Sphericity of the surface at 1/2 of a map that is 0 at its faces. */
static em_status
surface_sphericity(em_ctx *ctx, const em_volume *v, double *out)
{
	int64_t		planes = v->grid.n[2] - 1;
	area_job	job = {.v = v};
	double		area = 0;
	double		voxels = 0;
	em_status	status;

	job.area = em_alloc(ctx, (uint64_t) planes, sizeof(double), "surface area");
	job.voxels = em_alloc(ctx, (uint64_t) planes, sizeof(int64_t), "surface area");
	if (job.area == NULL || job.voxels == NULL)
		status = em_ctx_status(ctx);
	else
		status = em_parallel(ctx, "sphericity", planes, measure_plane, &job);
	for (int64_t z = 0; z < planes && status == EM_OK; z++)
	{
		area += job.area[z];
		voxels += (double) job.voxels[z];
	}
	em_free(ctx, job.voxels);
	em_free(ctx, job.area);
	*out = status == EM_OK && area > 0 ? cbrt(M_PI) * pow(6 * voxels, 2.0 / 3) / area : NAN;
	return status;
}

static em_grid
padded_grid(int64_t edge)
{
	em_grid		grid = {.angle = {90, 90, 90}};

	for (int j = 0; j < 3; j++)
	{
		grid.n[j] = edge + 2 * PAD;
		grid.voxel[j] = 1;
	}
	return grid;
}

uint64_t
em_fsc3d_sphericity_bytes(int64_t reach)
{
	em_grid		grid = padded_grid(2 * reach + 1);

	return em_volume_bytes(&grid) + em_mask_bytes(grid.n) + ((uint64_t) 8 << 20);
}

em_status
em_fsc3d_sphericity(em_ctx *ctx, const em_volume *cube, double threshold, double keep, double *out)
{
	em_grid		grid = padded_grid(cube->grid.n[0]);
	em_mask    *m;
	em_volume  *soft = NULL;
	em_status	status;

	*out = NAN;
	if (cube->grid.n[0] % 2 == 0 || cube->grid.n[1] != cube->grid.n[0] || cube->grid.n[2] != cube->grid.n[0])
		return em_fail(ctx, EM_INTERNAL, "the 3D FSC is a cube of an odd number of voxels");
	EM_TRY(em_mask_create(ctx, grid.n, "resolved part", &m));
	status = mark_resolved(ctx, cube, threshold, keep, m);
	if (status == EM_OK && m->count > 0)
		status = em_mask_soften(ctx, m, &grid, SIGMA, &soft);
	em_mask_destroy(ctx, m);
	if (status == EM_OK && soft != NULL)
		status = surface_sphericity(ctx, soft, out);
	em_volume_destroy(ctx, soft);
	return status;
}
