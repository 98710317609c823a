/*
 * contrib/train/simulate_map.c
 *		A map at a resolution that is true by construction.
 */
#include "simulate.h"

#include "fourier/em_fft.h"

#include <math.h>

/* The in-mask signal-to-noise ratio of a half map where the FSC is 0.143. */
#define SNR (1.0 / 6)
#define EDGE 0.02				/* 1/Å, width of the low-pass's raised cosine */

tr_map_options
tr_map_options_draw(double resolution, double noise, tr_draws *draws)
{
	tr_map_options o = {.resolution = resolution, .noise = noise};

	o.b = tr_between(draws, 7, 11) * resolution * resolution;
	o.contrast = tr_between(draws, 0, 0.6);
	o.sharpening = tr_between(draws, 0.4, 1);
	o.weighted = tr_uniform(draws) < 0.7;
	return o;
}

em_status
tr_white_noise(em_ctx *ctx, const em_grid *grid, tr_draws *draws, em_volume **out)
{
	EM_TRY(em_volume_create(ctx, grid, "noise", out));
	for (int64_t z = 0; z < grid->n[2]; z++)
		for (int64_t y = 0; y < grid->n[1]; y++)
		{
			float	   *row = em_volume_row(*out, y, z);

			for (int64_t x = 0; x < grid->n[0]; x += 2)
			{
				double		two[2];

				em_rng_normal2(draws->seed, draws->stream, draws->index++, two);
				row[x] = (float) two[0];
				if (x + 1 < grid->n[0])
					row[x + 1] = (float) two[1];
			}
		}
	return EM_OK;
}

/* The density's own factor: its B and the solvent's contrast. */
static double
density_factor(const void *arg, double s)
{
	const tr_map_options *o = arg;

	return exp(-(o->b - TR_BASE_B) * s * s / 4) * (1 - o->contrast * exp(-200 * s * s / 4));
}

void
tr_shell_power_measure(const em_volume *v, tr_shell_power *out)
{
	const em_grid *grid = &v->grid;
	double		count[TR_SHELLS] = {0};
	int64_t		longest = grid->n[0];

	for (int j = 1; j < 3; j++)
		longest = grid->n[j] > longest ? grid->n[j] : longest;
	*out = (tr_shell_power) {.step = 1 / ((double) longest * grid->voxel[0]),.n = TR_SHELLS};
	for (int64_t z = 0; z < grid->n[2]; z++)
		for (int64_t y = 0; y < grid->n[1]; y++)
		{
			const float *row = em_volume_row(v, y, z);
			const double fy = tr_frequency(grid, 1, y);
			const double fz = tr_frequency(grid, 2, z);

			for (int64_t x = 0; x <= grid->n[0] / 2; x++)
			{
				const double fx = tr_frequency(grid, 0, x);
				const int	shell = (int) (sqrt(fx * fx + fy * fy + fz * fz) / out->step + 0.5);
				const double twice = x == 0 || 2 * x == grid->n[0] ? 1 : 2;

				if (shell >= out->n)
					continue;
				out->power[shell] += twice * ((double) row[2 * x] * row[2 * x] + (double) row[2 * x + 1] * row[2 * x + 1]);
				count[shell] += twice;
			}
		}
	for (int i = 0; i < out->n; i++)
		out->power[i] = count[i] > 0 ? out->power[i] / count[i] : 0;
}

double
tr_power_at(const tr_shell_power *p, double s)
{
	const double at = s / p->step;
	const int	i = (int) at;

	if (i >= p->n - 1)
		return 0;
	return p->power[i] + (at - i) * (p->power[i + 1] - p->power[i]);
}

typedef struct finish
{
	const tr_map_options *options;
	const tr_shell_power *signal;
	double		noise;			/* |F|² of the noise */
	double		filled;
} finish;

/* What is done with the noisy map: weight, sharpen, low-pass. */
static double
finish_factor(const void *arg, double s)
{
	const finish *f = arg;
	const tr_map_options *o = f->options;
	const double cutoff = 1 / (0.97 * o->resolution);
	const double sharpen = exp(o->sharpening * o->b * fmin(s, cutoff) * fmin(s, cutoff) / 4);
	const double snr = tr_power_at(f->signal, s) / f->filled / f->noise;
	const double weight = o->weighted ? sqrt(snr / (1 + snr)) : 1;

	if (s >= cutoff + EDGE / 2)
		return 0;
	if (s <= cutoff - EDGE / 2)
		return weight * sharpen;
	return weight * sharpen * 0.5 * (1 + cos(M_PI * (s - cutoff + EDGE / 2) / EDGE));
}

/* to += by * what, two half spectra of one grid. */
static void
add_spectrum(em_volume *to, const em_volume *what, double by)
{
	for (int64_t z = 0; z < to->grid.n[2]; z++)
		for (int64_t y = 0; y < to->grid.n[1]; y++)
		{
			float	   *a = em_volume_row(to, y, z);
			const float *b = em_volume_row(what, y, z);

			for (int64_t x = 0; x < 2 * (to->grid.n[0] / 2 + 1); x++)
				a[x] += (float) (by * b[x]);
		}
}

em_status
tr_map_make(em_ctx *ctx, const tr_base *base, const tr_map_options *o, tr_draws *draws, em_volume **out)
{
	const double voxels = (double) em_grid_voxels(&base->spectrum->grid);
	tr_shell_power signal;
	em_volume  *noise = NULL;
	em_status	status;

	EM_TRY(em_volume_copy(ctx, base->spectrum, "map", out));
	tr_filter(*out, density_factor, o);
	tr_shell_power_measure(*out, &signal);

	/* A half map's noise is twice the full map's. */
	const double power = o->noise * tr_power_at(&signal, 1 / o->resolution) / base->filled / SNR / 2;
	const finish f = {.options = o, .signal = &signal, .noise = power, .filled = base->filled};

	status = tr_white_noise(ctx, &base->spectrum->grid, draws, &noise);
	if (status == EM_OK)
		status = em_fft_forward(ctx, noise);
	if (status == EM_OK)
	{
		add_spectrum(*out, noise, sqrt(power / voxels));
		tr_filter(*out, finish_factor, &f);
		status = em_fft_inverse(ctx, *out);
	}
	em_volume_destroy(ctx, noise);
	if (status != EM_OK)
	{
		em_volume_destroy(ctx, *out);
		*out = NULL;
	}
	return status;
}
