/*
 * src/libem/volume/em_mass_table.c
 *		How much protein the voxels above each of 24 thresholds would hold.
 *
 * 1.207 Å³/Da is the volume of protein of density 1.37 g/cm³ or thereabouts
 * that VRS uses, 110 Da the mean mass of a residue.
 */
#include "core/em_par.h"
#include "volume/em_density.h"
#include "volume/em_rows.h"
#include "volume/em_vec.h"

#include <math.h>

#define CHUNK 64				/* voxels compared with one threshold after the other */
#define A3_PER_KDA 1207.0
#define DA_PER_RESIDUE 110.0

typedef struct part
{
	int64_t		above[EM_MASS_ROWS];
} part;

typedef struct job
{
	const em_volume *v;
	em_rows		rows;
	float		threshold[EM_MASS_ROWS];
	part	   *parts;			/* one a block */
} job;

/* The largest float f with f <= threshold: v > f in float is v > threshold in double. */
static float
float_at_most(double threshold)
{
	float		f = (float) threshold;

	return f > threshold ? nextafterf(f, -INFINITY) : f;
}

/* Voxels above t among `quads` times four; those past the end of the row are not there. */
EM_INLINE int64_t
count_above(const float *voxel, int64_t quads, float t)
{
	em_vi4		n = {0, 0, 0, 0};

	for (int64_t q = 0; q < quads; q++)
		n += *(const em_vf4_mem *) (voxel + 4 * q) > t;
	return -(int64_t) (n[0] + n[1] + n[2] + n[3]);
}

/* Voxels above t among the first n. */
EM_INLINE int64_t
count_some(const float *voxel, int64_t n, float t)
{
	int64_t		count = 0;

	for (int64_t i = 0; i < n; i++)
		count += voxel[i] > t;
	return count;
}

/*
 * Item: one block of rows.  What is not above a threshold is above none of the
 * higher ones, so most chunks are done after the first comparison.
 */
EM_HOT static em_status
table_task(void *arg, int64_t item, int worker)
{
	job		   *j = arg;
	const int64_t nx = j->v->grid.n[0];
	const int64_t end = em_rows_first(&j->rows, item + 1);
	int64_t    *above = j->parts[item].above;

	(void) worker;
	for (int64_t r = em_rows_first(&j->rows, item); r < end; r++)
	{
		const float *row = em_volume_row(j->v, r % j->rows.ny, r / j->rows.ny);

		for (int64_t x = 0; x < nx; x += CHUNK)
			for (int i = 0; i < EM_MASS_ROWS; i++)
			{
				const int64_t n = x + CHUNK <= nx ?
					count_above(row + x, CHUNK / 4, j->threshold[i]) :
					count_some(row + x, nx - x, j->threshold[i]);

				if (n == 0)
					break;
				above[i] += n;
			}
	}
	return EM_OK;
}

em_status
em_mass_table_make(em_ctx *ctx, const em_volume *v, double max, em_mass_table *out)
{
	job			j = {.v = v, .rows = em_rows_cut(v->grid.n, EM_BLOCK_VOXELS)};
	const double voxel = em_grid_voxel_volume(&v->grid);
	em_status	status;

	*out = (em_mass_table) {0};
	if (!(max > 0) || !isfinite(max))
		return EM_OK;
	j.parts = em_alloc(ctx, (uint64_t) j.rows.blocks, sizeof(part), "mass table");
	if (j.parts == NULL)
		return em_ctx_status(ctx);
	for (int i = 0; i < EM_MASS_ROWS; i++)
	{
		out->threshold[i] = max * (i + 1) / (EM_MASS_ROWS + 1);
		j.threshold[i] = float_at_most(out->threshold[i]);
	}
	status = em_parallel(ctx, "mass table", j.rows.blocks, table_task, &j);
	for (int i = 0; status == EM_OK && i < EM_MASS_ROWS; i++)
	{
		for (int64_t b = 0; b < j.rows.blocks; b++)
			out->voxels[i] += j.parts[b].above[i];
		out->mass_kda[i] = (double) out->voxels[i] * voxel / A3_PER_KDA;
		out->residues[i] = (double) out->voxels[i] * voxel / (A3_PER_KDA / 1000 * DA_PER_RESIDUE);
	}
	out->rows = status == EM_OK ? EM_MASS_ROWS : 0;
	em_free(ctx, j.parts);
	return status;
}
