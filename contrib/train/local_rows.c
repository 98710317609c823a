/*
 * contrib/train/local_rows.c
 *		From a map with a truth to rows of features.
 */
#include "local_rows.h"

#include "fourier/em_crop.h"
#include "fourier/em_fft.h"
#include "core/em_quantile.h"
#include "volume/em_arith.h"
#include "volume/em_mask.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BALLS 3					/* of solvent in the mask of a map */
#define BALL 4.0				/* Å, their radius */
#define SOLVENT 6.5f			/* Å from the nearest atom: surely solvent */
#define COARSE_SHARE 0.35		/* of the maps: sampled on larger voxels */

static void
set_voxel(em_mask *m, int64_t x, int64_t y, int64_t z)
{
	em_mask_row(m, y, z)[x >> 6] |= UINT64_C(1) << (x & 63);
}

/* Voxel of the base's grid at voxel i of another grid over the same box. */
static int64_t
base_voxel(const em_volume *base, const em_grid *grid, int j, int64_t i)
{
	const int64_t at = (int64_t) floor((double) i * grid->voxel[j] / base->grid.voxel[j] + 0.5);

	return at < base->grid.n[j] ? at : 0;
}

/* Put a ball into the mask. */
static void
set_ball(em_mask *m, const em_grid *grid, const double centre[3], double radius)
{
	for (int64_t z = 0; z < m->n[2]; z++)
		for (int64_t y = 0; y < m->n[1]; y++)
			for (int64_t x = 0; x < m->n[0]; x++)
				if (pow((double) x * grid->voxel[0] - centre[0], 2) +
					pow((double) y * grid->voxel[1] - centre[1], 2) +
					pow((double) z * grid->voxel[2] - centre[2], 2) <= radius * radius)
					set_voxel(m, x, y, z);
}

/* A voxel (of the base) as far from the model as distances go, by trial. */
static bool
draw_solvent(const tr_base *base, tr_draws *draws, double at[3])
{
	const em_grid *grid = &base->distance->grid;

	for (int trial = 0; trial < 1000; trial++)
	{
		int64_t		v[3];

		for (int j = 0; j < 3; j++)
		{
			v[j] = tr_below(draws, grid->n[j]);
			at[j] = (double) v[j] * grid->voxel[j];
		}
		if (em_volume_row(base->distance, v[1], v[2])[v[0]] >= TR_FAR)
			return true;
	}
	return false;
}

/* The mask of a map of a model: within a distance of the atoms, and balls of solvent. */
static em_status
model_mask(em_ctx *ctx, const tr_base *base, const em_grid *grid, tr_draws *draws, em_mask **out)
{
	const float reach = (float) tr_between(draws, 2, 4);

	EM_TRY(em_mask_create(ctx, grid->n, "mask", out));
	for (int64_t z = 0; z < grid->n[2]; z++)
		for (int64_t y = 0; y < grid->n[1]; y++)
		{
			const float *row = em_volume_row(base->distance, base_voxel(base->distance, grid, 1, y),
											 base_voxel(base->distance, grid, 2, z));

			for (int64_t x = 0; x < grid->n[0]; x++)
				if (row[base_voxel(base->distance, grid, 0, x)] <= reach)
					set_voxel(*out, x, y, z);
		}
	for (int i = 0; i < BALLS; i++)
	{
		double		at[3];

		if (draw_solvent(base, draws, at))
			set_ball(*out, grid, at, BALL);
	}
	return em_mask_recount(ctx, *out);
}

/* The mask of a map of noise: a ball, or what a threshold gives. */
static em_status
noise_mask(em_ctx *ctx, const em_volume *map, tr_draws *draws, em_mask **out)
{
	const em_grid *grid = &map->grid;
	const double share = 1 - 0.002 * pow(100, tr_uniform(draws));
	em_components *c;
	em_mask    *raw;
	double		level;
	int64_t		n;
	em_status	status;

	if (tr_uniform(draws) < 0.5)
	{
		const double radius = tr_between(draws, 10, 40);
		double		centre[3];

		EM_TRY(em_mask_create(ctx, grid->n, "mask", out));
		for (int j = 0; j < 3; j++)
			centre[j] = 0.5 * (double) grid->n[j] * grid->voxel[j];
		set_ball(*out, grid, centre, fmin(radius, centre[0] - 12));
		set_voxel(*out, grid->n[0] / 2, grid->n[1] / 2, grid->n[2] / 2);
		return em_mask_recount(ctx, *out);
	}
	EM_TRY(em_quantiles(ctx, map, NULL, EM_RANK_FLOOR, &share, 1, &level, &n));
	EM_TRY(em_mask_threshold(ctx, map, level, &raw));
	status = em_components_find(ctx, raw, &c);
	em_mask_destroy(ctx, raw);
	if (status == EM_OK)
		status = em_mask_dilate(ctx, c->largest, grid->voxel, 2, out);
	if (status == EM_OK)
		em_components_destroy(ctx, c);
	return status;
}

/* The map on larger voxels, as if it had been made on these. */
static em_status
sample_coarser(em_ctx *ctx, double voxel, em_volume **map)
{
	em_volume  *coarse;
	int64_t		n[3];

	for (int j = 0; j < 3; j++)
		n[j] = 2 * (int64_t) ceil(0.5 * (double) (*map)->grid.n[j] / voxel);
	EM_TRY(em_fft_forward(ctx, *map));
	EM_TRY(em_crop_spectrum(ctx, *map, n, "coarser map", &coarse));
	em_volume_destroy(ctx, *map);
	*map = coarse;
	return em_fft_inverse(ctx, coarse);
}

/* Everything outside a mask becomes 0; two masks of three have soft edges, some are tight. */
static em_status
cut_out(em_ctx *ctx, const em_mask *mask, tr_draws *draws, em_volume *map)
{
	const double soft_edge = tr_uniform(draws) < 0.33 ? 0.1 : tr_between(draws, 0.5, 2.5);
	em_mask    *wide;
	em_volume  *soft;
	em_status	status;

	EM_TRY(em_mask_dilate(ctx, mask, map->grid.voxel, tr_between(draws, 0, 5), &wide));
	status = em_mask_soften(ctx, wide, &map->grid, soft_edge / map->grid.voxel[0], &soft);
	em_mask_destroy(ctx, wide);
	if (status != EM_OK)
		return status;
	status = em_volume_multiply(ctx, map, soft);
	em_volume_destroy(ctx, soft);
	return status;
}

static tr_row *
new_row(tr_rows *rows)
{
	if (rows->n == rows->room)
	{
		const int64_t room = rows->room == 0 ? 4096 : 2 * rows->room;
		tr_row	   *grown = realloc(rows->row, (size_t) room * sizeof(tr_row));

		if (grown == NULL)
			return NULL;
		rows->row = grown;
		rows->room = room;
	}
	return &rows->row[rows->n++];
}

/* What is needed to turn a point into a row. */
typedef struct sampler
{
	const tr_base *base;
	const tr_local *local;
	const em_local_spectrum *spectrum;
	tr_family	family;
	bool		masked;
	double		voxel;			/* of the map, Å */
	int			map;
} sampler;

/* Point i of the spectrum, at a lattice point, becomes a row. */
static int
add_row(const sampler *s, int64_t i, const int64_t at[3], tr_rows *rows)
{
	const em_unit_grid *u = &s->spectrum->lattice;
	const em_grid *grid = &s->base->distance->grid;
	tr_row	   *row = new_row(rows);
	int64_t		v[3];
	float		distance;

	if (row == NULL)
		return -1;
	for (int j = 0; j < 3; j++)
	{
		const double position = ((double) u->first[j] + (double) at[j] * u->step[j]) * u->map.voxel[j];

		v[j] = (int64_t) floor(position / grid->voxel[j] + 0.5) % grid->n[j];
	}
	em_local_spectrum_features(s->spectrum, i, row->feature);
	row->truth = fmaxf(em_volume_row(s->local->truth, v[1], v[2])[v[0]], (float) (2 * s->voxel));
	row->family = (short) s->family;
	row->masked = s->masked;
	row->map = s->map;
	distance = em_volume_row(s->base->distance, v[1], v[2])[v[0]];
	if (s->family != TR_NOISE && distance > SOLVENT)
	{
		row->truth = TR_LOCAL_WORST;
		row->family = TR_NOISE;
	}
	row->truth = fminf(row->truth, TR_LOCAL_WORST);
	return 0;
}

/* Each point becomes a row with a probability. */
static em_status
sample_points(em_ctx *ctx, const sampler *s, double share, tr_draws *draws, tr_rows *rows)
{
	const em_mask *m = s->spectrum->points;
	int64_t		i = 0;

	for (int64_t z = 0; z < m->n[2]; z++)
		for (int64_t y = 0; y < m->n[1]; y++)
			for (int64_t w = 0; w < m->words; w++)
				for (uint64_t left = em_mask_row(m, y, z)[w]; left != 0; left &= left - 1, i++)
				{
					const int64_t at[3] = {64 * w + __builtin_ctzll(left), y, z};

					if (tr_uniform(draws) < share && add_row(s, i, at, rows) != 0)
						return em_fail(ctx, EM_NO_MEMORY, "no memory for more rows");
				}
	return EM_OK;
}

/* Features of a map, rows of some of its points. */
static em_status
look_at(em_ctx *ctx, const em_volume *map, const em_mask *mask, sampler *s, int voxels, tr_draws *draws,
		tr_rows *rows)
{
	em_local_spectrum *spectrum;
	em_status	status;

	EM_TRY(em_local_spectrum_cut(ctx, map, mask, &spectrum));
	status = em_local_spectrum_measure(ctx, spectrum);
	s->spectrum = spectrum;
	s->masked = spectrum->outside != EM_OUTSIDE_NOISE;
	if (status == EM_OK)
		status = sample_points(ctx, s, (double) voxels / (double) spectrum->n, draws, rows);
	em_local_spectrum_destroy(ctx, spectrum);
	return status;
}

em_status
tr_rows_add(em_ctx *ctx, const tr_base *base, tr_family family, double resolution, int voxels,
			tr_draws *draws, tr_rows *rows)
{
	sampler		s = {.base = base,.family = family,.voxel = 1,.map = rows->maps};
	em_mask    *mask = NULL;
	tr_local	local;
	em_status	status;

	EM_TRY(tr_local_make(ctx, base, family, resolution, draws, &local));
	s.local = &local;
	status = EM_OK;
	if (tr_uniform(draws) < COARSE_SHARE)
	{
		status = sample_coarser(ctx, 1.05 * pow(3, tr_uniform(draws)), &local.map);
		s.voxel = fmax(local.map->grid.voxel[0], fmax(local.map->grid.voxel[1], local.map->grid.voxel[2]));
	}
	if (status == EM_OK)
		status = family == TR_NOISE ? noise_mask(ctx, local.map, draws, &mask) :
			model_mask(ctx, base, &local.map->grid, draws, &mask);
	if (status == EM_OK)
		status = look_at(ctx, local.map, mask, &s, voxels, draws, rows);
	if (status == EM_OK)
		status = cut_out(ctx, mask, draws, local.map);
	if (status == EM_OK)
		status = look_at(ctx, local.map, mask, &s, voxels, draws, rows);
	rows->maps++;
	em_mask_destroy(ctx, mask);
	tr_local_free(ctx, &local);
	return status;
}

int
tr_rows_read(const char *path, tr_rows *rows)
{
	FILE	   *f = fopen(path, "rb");
	tr_row		row;

	if (f == NULL)
		return -1;
	while (fread(&row, sizeof(row), 1, f) == 1)
	{
		tr_row	   *to = new_row(rows);

		if (to == NULL)
			break;
		*to = row;
		rows->maps = row.map + 1;
	}
	fclose(f);
	return 0;
}

int
tr_rows_write(const char *path, const tr_rows *rows)
{
	FILE	   *f = fopen(path, "wb");
	bool		bad;

	if (f == NULL)
		return -1;
	bad = fwrite(rows->row, sizeof(tr_row), (size_t) rows->n, f) != (size_t) rows->n;
	bad |= fclose(f) != 0;
	return bad ? -1 : 0;
}
