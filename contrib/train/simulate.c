/*
 * contrib/train/simulate.c
 *		The base of a model: its density, and the distance to it.
 */
#include "simulate.h"

#include "fourier/em_fft.h"
#include "helices.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PADDING 14.0			/* Å */
#define BLUR 120.0			/* Å², added while atoms are drawn so that 1 Å voxels suffice, taken away in Fourier space */
#define CUTOFF 2.0				/* Å */
#define REACH 7					/* voxels an atom is drawn to */
#define FILLED 3.0				/* Å */

/* Smallest even size without prime factors above 5 that is at least n. */
static int64_t
smooth_size(double n)
{
	for (int64_t size = 2 * (int64_t) ceil(n / 2);; size += 2)
	{
		int64_t		rest = size;

		for (int p = 2; p <= 5; p += p == 2 ? 1 : 2)
			while (rest % p == 0)
				rest /= p;
		if (rest == 1)
			return size;
	}
}

/* A rotation drawn uniformly (Shoemake's quaternions). */
static void
draw_rotation(tr_draws *draws, double r[3][3])
{
	const double u = tr_uniform(draws);
	const double a = 2 * M_PI * tr_uniform(draws);
	const double b = 2 * M_PI * tr_uniform(draws);
	const double w = sqrt(1 - u) * sin(a);
	const double x = sqrt(1 - u) * cos(a);
	const double y = sqrt(u) * sin(b);
	const double z = sqrt(u) * cos(b);
	const double m[3][3] = {
		{1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)},
		{2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)},
		{2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)}};

	memcpy(r, m, sizeof(m));
}

/* Turn the atoms, put them into the middle of a box of 1 Å voxels. */
static void
place_atoms(tr_model *model, tr_draws *draws, em_grid *grid)
{
	double		r[3][3];
	double		low[3] = {INFINITY, INFINITY, INFINITY};
	double		high[3] = {-INFINITY, -INFINITY, -INFINITY};

	draw_rotation(draws, r);
	for (int64_t i = 0; i < model->n; i++)
	{
		const float *at = model->atom[i].at;
		double		turned[3];

		for (int j = 0; j < 3; j++)
			turned[j] = r[j][0] * at[0] + r[j][1] * at[1] + r[j][2] * at[2];
		for (int j = 0; j < 3; j++)
		{
			model->atom[i].at[j] = (float) turned[j];
			low[j] = fmin(low[j], turned[j]);
			high[j] = fmax(high[j], turned[j]);
		}
	}
	memset(grid, 0, sizeof(*grid));
	for (int j = 0; j < 3; j++)
	{
		grid->n[j] = smooth_size(high[j] - low[j] + 2 * PADDING);
		grid->voxel[j] = 1;
		grid->angle[j] = 90;
		for (int64_t i = 0; i < model->n; i++)
			model->atom[i].at[j] += (float) (0.5 * ((double) grid->n[j] - low[j] - high[j]));
	}
}

/* B of each atom on the common scale: mean TR_BASE_B, 7 Å² a standard deviation of the file's own. */
static void
scale_b(tr_model *model)
{
	double		sum = 0;
	double		square = 0;
	double		mean;
	double		sd;

	for (int64_t i = 0; i < model->n; i++)
		sum += model->atom[i].b;
	mean = sum / (double) model->n;
	for (int64_t i = 0; i < model->n; i++)
		square += (model->atom[i].b - mean) * (model->atom[i].b - mean);
	sd = sqrt(square / (double) model->n);
	for (int64_t i = 0; i < model->n; i++)
	{
		const double z = sd > 1e-3 ? (model->atom[i].b - mean) / sd : 0;

		model->atom[i].b = (float) fmax(5, TR_BASE_B + 7 * fmin(fmax(z, -2), 3));
	}
}

/* Add an atom's density: a sum of five Gaussians, each a product of three. */
static void
draw_atom(em_volume *v, const tr_atom *atom, const double a[5], const double b[5])
{
	int64_t		first[3];

	for (int j = 0; j < 3; j++)
		first[j] = (int64_t) floor(atom->at[j]) - REACH + 1;
	for (int g = 0; g < 5; g++)
	{
		const double width = b[g] + atom->b + BLUR;
		const double factor = a[g] * pow(4 * M_PI / width, 1.5);
		float		line[3][2 * REACH];

		for (int j = 0; j < 3; j++)
			for (int i = 0; i < 2 * REACH; i++)
			{
				const double d = (double) (first[j] + i) - atom->at[j];

				line[j][i] = (float) ((j == 0 ? factor : 1) * exp(-4 * M_PI * M_PI * d * d / width));
			}
		for (int z = 0; z < 2 * REACH; z++)
			for (int y = 0; y < 2 * REACH; y++)
			{
				float	   *row = em_volume_row(v, first[1] + y, first[2] + z) + first[0];
				const float f = line[1][y] * line[2][z];

				for (int x = 0; x < 2 * REACH; x++)
					row[x] += f * line[0][x];
			}
	}
}

/* Lower the distances around an atom. */
static void
draw_distance(em_volume *v, const tr_atom *atom)
{
	const int	reach = (int) TR_FAR + 1;
	int64_t		first[3];

	for (int j = 0; j < 3; j++)
		first[j] = (int64_t) floor(atom->at[j]) - reach + 1;
	for (int z = 0; z < 2 * reach; z++)
		for (int y = 0; y < 2 * reach; y++)
		{
			float	   *row = em_volume_row(v, first[1] + y, first[2] + z) + first[0];
			const float dz = (float) (first[2] + z) - atom->at[2];
			const float dy = (float) (first[1] + y) - atom->at[1];

			for (int x = 0; x < 2 * reach; x++)
			{
				const float dx = (float) (first[0] + x) - atom->at[0];
				const float d = sqrtf(dx * dx + dy * dy + dz * dz);

				if (d < row[x])
					row[x] = d;
			}
		}
}

void
tr_filter(em_volume *v, tr_factor_fn factor, const void *arg)
{
	const em_grid *grid = &v->grid;

	for (int64_t z = 0; z < grid->n[2]; z++)
		for (int64_t y = 0; y < grid->n[1]; y++)
		{
			float	   *row = em_volume_row(v, y, z);
			const double fy = tr_frequency(grid, 1, y);
			const double fz = tr_frequency(grid, 2, z);

			for (int64_t x = 0; x <= grid->n[0] / 2; x++)
			{
				const double fx = tr_frequency(grid, 0, x);
				const float f = (float) factor(arg, sqrt(fx * fx + fy * fy + fz * fz));

				row[2 * x] *= f;
				row[2 * x + 1] *= f;
			}
		}
}

/* Take the blur away, cut at CUTOFF. */
static double
unblur(const void *arg, double s)
{
	(void) arg;
	return s > 1 / CUTOFF ? 0 : exp(BLUR * s * s / 4);
}

/* Fill the volumes of the base. */
static em_status
draw_atoms(em_ctx *ctx, const tr_model *model, tr_base *out)
{
	const em_grid *grid = &out->spectrum->grid;
	int64_t		inside = 0;

	for (int64_t z = 0; z < grid->n[2]; z++)
		for (int64_t y = 0; y < grid->n[1]; y++)
			for (int64_t x = 0; x < grid->n[0]; x++)
				em_volume_row(out->distance, y, z)[x] = TR_FAR;
	for (int64_t i = 0; i < model->n; i++)
	{
		double		a[5];
		double		b[5];

		if (!tr_form_factor(model->atom[i].element, a, b))
			continue;
		draw_atom(out->spectrum, &model->atom[i], a, b);
		draw_distance(out->distance, &model->atom[i]);
	}
	for (int64_t z = 0; z < grid->n[2]; z++)
		for (int64_t y = 0; y < grid->n[1]; y++)
			for (int64_t x = 0; x < grid->n[0]; x++)
				inside += em_volume_row(out->distance, y, z)[x] <= FILLED;
	out->filled = (double) inside / (double) em_grid_voxels(grid);
	EM_TRY(em_fft_forward(ctx, out->spectrum));
	tr_filter(out->spectrum, unblur, NULL);
	return EM_OK;
}

em_status
tr_base_make(em_ctx *ctx, const tr_model *model, tr_draws *draws, tr_base *out)
{
	tr_model	mine = *model;
	em_grid		grid;
	em_status	status;

	memset(out, 0, sizeof(*out));
	mine.atom = malloc((size_t) model->n * sizeof(tr_atom));
	if (mine.atom == NULL)
		return em_fail(ctx, EM_NO_MEMORY, "no memory for the atoms");
	memcpy(mine.atom, model->atom, (size_t) model->n * sizeof(tr_atom));
	place_atoms(&mine, draws, &grid);
	scale_b(&mine);
	status = tr_helices_find(&mine, out) == 0 ? EM_OK : em_fail(ctx, EM_NO_MEMORY, "no memory for the helices");
	if (status == EM_OK)
		status = em_volume_create(ctx, &grid, "density", &out->spectrum);
	if (status == EM_OK)
		status = em_volume_create(ctx, &grid, "distance to the model", &out->distance);
	if (status == EM_OK)
		status = draw_atoms(ctx, &mine, out);
	free(mine.atom);
	if (status != EM_OK)
		tr_base_free(ctx, out);
	return status;
}

void
tr_base_free(em_ctx *ctx, tr_base *base)
{
	em_volume_destroy(ctx, base->spectrum);
	em_volume_destroy(ctx, base->distance);
	free(base->axis);
	memset(base, 0, sizeof(*base));
}
