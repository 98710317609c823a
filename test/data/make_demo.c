/*
 * test/data/make_demo.c
 *		Write the demo entry: map, half maps, EMDB header, model, truth.
 *
 *		make_demo FOLDER
 *
 * The density of a made-up protein (protein.h) is the sum of its atoms' electron
 * scattering, five Gaussians an atom (Peng et al. 1996,
 * doi:10.1107/S0108767395014371), blurred by its B-factor.  The half maps are
 * that density, with the fall-off of an imperfect experiment, plus coloured
 * noise, stronger near the particle, of a level that puts FSC = 0.143 near 4.3 Å, 3.6 Å within a mask.
 * The map is their mean, sharpened and weighted as usual.  No clock and no
 * system randomness: the same program writes the same files.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/em_rng.h"
#include "demo_text.h"
#include "fourier/em_fft.h"
#include "fourier/em_shell.h"
#include "io/em_mrc.h"

#define SEED 1
#define BOX 128
#define VOXEL 1.2				/* Å */
#define CROSSING 4.3			/* Å, where the expected FSC is 0.143 */
#define RESOLUTION 4.2			/* Å, as reported */
#define ENVELOPE_B 160.0		/* Å² */
#define NOISE_LENGTH 30.0		/* Å: below this frequency the noise grows */
#define MAP_SD 0.02				/* what the map is scaled to */
#define VOLUME_PER_DALTON 1.21	/* Å³ of protein */

enum
{
	STREAM_NOISE = 1
};

/* Everything of one run. */
typedef struct demo
{
	em_ctx	   *ctx;
	em_grid		grid;
	em_shells	shells;
	protein    *protein;
	double		signal_power[BOX];	/* mean |F|² of the half maps' signal, by shell, smoothed */
	double		noise_power[BOX];	/* what the noise of one half map is given */
	demo_truth	truth;
} demo;

/* Electron scattering factors: sum of a exp(-b s²/4). */
static const struct
{
	char		element;
	double		mass;
	double		a[5];
	double		b[5];
}			scattering[] = {
	{'C', 12.011, {0.0893, 0.2563, 0.7570, 1.0487, 0.3575}, {0.2465, 1.7100, 6.4094, 18.6113, 50.2523}},
	{'N', 14.007, {0.1022, 0.3219, 0.7982, 0.8197, 0.1715}, {0.2451, 1.7481, 6.1925, 17.3894, 48.1431}},
	{'O', 15.999, {0.0974, 0.2921, 0.6910, 0.6990, 0.2039}, {0.2067, 1.3815, 4.6943, 12.7105, 32.4726}},
	{'S', 32.06, {0.2497, 0.5628, 1.3899, 2.1865, 0.7715}, {0.2681, 1.6711, 7.0267, 19.5377, 50.3888}},
};

#define HYDROGEN_SHARE 1.075	/* of the heavy atoms' mass, in protein */

static int
element_index(char element)
{
	for (int i = 0; i < 4; i++)
		if (scattering[i].element == element)
			return i;
	return 0;
}

/* ---------------------------------------------------------------- density */

/* Add one Gaussian: amplitude exp(-r²/(2 variance)), separable. */
static void
add_gaussian(em_volume *v, const double at[3], double amplitude, double variance)
{
	double		reach = 4.5 * sqrt(variance);
	int64_t		first[3];
	int64_t		last[3];
	double		part[3][64];

	for (int j = 0; j < 3; j++)
	{
		first[j] = (int64_t) ceil((at[j] - reach) / VOXEL);
		last[j] = (int64_t) floor((at[j] + reach) / VOXEL);
		for (int64_t i = first[j]; i <= last[j]; i++)
		{
			double		d = (double) i * VOXEL - at[j];

			part[j][i - first[j]] = exp(-d * d / (2.0 * variance));
		}
	}
	for (int64_t z = first[2]; z <= last[2]; z++)
		for (int64_t y = first[1]; y <= last[1]; y++)
		{
			float	   *row = em_volume_row(v, y, z);
			double		yz = amplitude * part[1][y - first[1]] * part[2][z - first[2]];

			for (int64_t x = first[0]; x <= last[0]; x++)
				row[x] += (float) (yz * part[0][x - first[0]]);
		}
}

/* The protein's density, in the middle of the box. */
static void
draw_protein(demo *d, em_volume *v)
{
	for (int i = 0; i < d->protein->n_atoms; i++)
	{
		const atom *a = &d->protein->atoms[i];
		int			e = element_index(a->element);
		double		at[3];

		for (int j = 0; j < 3; j++)
			at[j] = a->r[j] + d->truth.centre[j];
		for (int k = 0; k < 5; k++)
		{
			double		b = scattering[e].b[k] + a->b;

			add_gaussian(v, at, scattering[e].a[k] * pow(4.0 * M_PI / b, 1.5), b / (8.0 * M_PI * M_PI));
		}
		d->truth.mass += scattering[e].mass * HYDROGEN_SHARE;
	}
}

/* ---------------------------------------------------------------- spectra */

/* Spatial frequency of a shell, 1/Å. */
static double
frequency(const demo *d, int64_t shell)
{
	return (double) shell / d->shells.length;
}

/* Multiply every coefficient by the factor of its shell; those beyond the last shell become 0. */
static void
multiply_shells(const demo *d, em_volume *spectrum, const double *factor)
{
	int32_t		shell[BOX / 2 + 1];

	for (int64_t z = 0; z < BOX; z++)
		for (int64_t y = 0; y < BOX; y++)
		{
			float	   *row = em_volume_row(spectrum, y, z);

			em_shells_row(&d->shells, y, z, shell);
			for (int64_t x = 0; x <= BOX / 2; x++)
			{
				double		f = shell[x] < 0 ? 0.0 : factor[shell[x]];

				row[2 * x] *= (float) f;
				row[2 * x + 1] *= (float) f;
			}
		}
}

/* Mean |F|² by shell, smoothed over neighbours. */
static void
measure_power(demo *d, const em_volume *spectrum)
{
	double		sum[BOX] = {0};
	int64_t		n[BOX] = {0};
	int32_t		shell[BOX / 2 + 1];

	for (int64_t z = 0; z < BOX; z++)
		for (int64_t y = 0; y < BOX; y++)
		{
			const float *row = em_volume_row(spectrum, y, z);

			em_shells_row(&d->shells, y, z, shell);
			for (int64_t x = 0; x <= BOX / 2; x++)
				if (shell[x] >= 0)
				{
					sum[shell[x]] += (double) row[2 * x] * row[2 * x] + (double) row[2 * x + 1] * row[2 * x + 1];
					n[shell[x]]++;
				}
		}
	for (int64_t i = 0; i < d->shells.count; i++)
	{
		double		s = 0;
		int64_t		m = 0;

		for (int64_t k = i - 2; k <= i + 2; k++)
			if (k >= 0 && k < d->shells.count)
			{
				s += sum[k];
				m += n[k];
			}
		d->signal_power[i] = s / (double) m;
	}
}

/* Noise power by shell: flat, growing towards low frequency, scaled to the wanted crossing. */
static void
choose_noise(demo *d)
{
	int64_t		at = llround(d->shells.length / CROSSING);
	double		level;

	for (int64_t i = 0; i < d->shells.count; i++)
	{
		double		ratio = 1.0 / (NOISE_LENGTH * frequency(d, i > 0 ? i : 1));

		d->noise_power[i] = 1.0 + ratio * ratio;
	}
	/* FSC = S / (S + N) */
	level = d->signal_power[at] * (1.0 - 0.143) / 0.143 / d->noise_power[at];
	for (int64_t i = 0; i < d->shells.count; i++)
		d->noise_power[i] *= level;
}

/* ---------------------------------------------------------------- maps */

/* How strong the noise is at a distance from the middle, Å. */
static double
noise_strength(double r)
{
	return 0.85 + 0.35 * exp(-r * r / (2.0 * 35.0 * 35.0));
}

/* Coloured noise of one half map, as a spectrum. */
static em_status
make_noise(demo *d, int half, em_volume *v)
{
	double		power = 0;
	double		factor[BOX];

	for (int64_t z = 0; z < BOX; z++)
		for (int64_t y = 0; y < BOX; y++)
		{
			float	   *row = em_volume_row(v, y, z);

			for (int64_t x = 0; x < BOX; x += 2)
			{
				double		g[2];

				em_rng_normal2(SEED, (uint64_t) (STREAM_NOISE + half), (uint64_t) ((z * BOX + y) * BOX + x), g);
				for (int k = 0; k < 2; k++)
				{
					double		dx = (double) (x + k) * VOXEL - d->truth.centre[0];
					double		dy = (double) y * VOXEL - d->truth.centre[1];
					double		dz = (double) z * VOXEL - d->truth.centre[2];
					double		s = noise_strength(sqrt(dx * dx + dy * dy + dz * dz));

					row[x + k] = (float) (s * g[k]);
					power += s * s;
				}
			}
		}
	/* white noise has the same expected power, its sum of squares, everywhere */
	for (int64_t i = 0; i < d->shells.count; i++)
		factor[i] = sqrt(d->noise_power[i] / power);
	EM_TRY(em_fft_forward(d->ctx, v));
	multiply_shells(d, v, factor);
	return EM_OK;
}

/* a += b, row padding included. */
static void
add(em_volume *a, const em_volume *b)
{
	for (int64_t i = 0; i < a->plane * BOX; i++)
		a->data[i] += b->data[i];
}

static void
scale(em_volume *v, double factor)
{
	for (int64_t i = 0; i < v->plane * BOX; i++)
		v->data[i] *= (float) factor;
}

/* Weights that turn the mean of the half maps into the map: FSC weighting, sharpening, low-pass. */
static void
choose_weights(const demo *d, double *weight)
{
	for (int64_t i = 0; i < d->shells.count; i++)
	{
		double		s = frequency(d, i);
		double		fsc = d->signal_power[i] / (d->signal_power[i] + d->noise_power[i]);
		double		edge = (s - 1.0 / 3.9) / (1.0 / 3.3 - 1.0 / 3.9);
		double		pass = edge <= 0 ? 1.0 : edge >= 1 ? 0.0 : 0.5 + 0.5 * cos(M_PI * edge);

		weight[i] = sqrt(2.0 * fsc / (1.0 + fsc)) * exp(ENVELOPE_B * s * s / 4.0) * pass;
	}
}

/* The level whose voxels have the volume of the protein, rounded to three digits. */
static double
choose_contour(const demo *d, const em_volume *v, const em_stats *stats)
{
	double		low = stats->mean;
	double		high = stats->max;
	double		wanted = d->truth.mass * VOLUME_PER_DALTON / em_grid_voxel_volume(&d->grid);
	double		unit;

	for (int step = 0; step < 40; step++)
	{
		double		middle = 0.5 * (low + high);
		int64_t		n = 0;

		for (int64_t z = 0; z < BOX; z++)
			for (int64_t y = 0; y < BOX; y++)
			{
				const float *row = em_volume_row(v, y, z);

				for (int64_t x = 0; x < BOX; x++)
					n += (double) row[x] >= middle;
			}
		if ((double) n > wanted)
			low = middle;
		else
			high = middle;
	}
	unit = pow(10.0, floor(log10(low)) - 2.0);
	return round(low / unit) * unit;
}

static em_status
write_volume(demo *d, const char *folder, const char *name, const em_volume *v)
{
	char		path[4096];
	em_target	target;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	EM_TRY(em_target_file(d->ctx, path, &target));
	EM_TRY(em_mrc_write(d->ctx, v, 2, "synthetic demonstration entry", &target));
	return em_target_file_close(d->ctx, &target);
}

/* ---------------------------------------------------------------- the run */

static em_status
make_maps(demo *d, const char *folder)
{
	static const char *const names[3] = {"demo.map", "demo_half1.map", "demo_half2.map"};
	em_volume  *map = NULL;
	em_volume  *half[2] = {NULL, NULL};
	double		factor[BOX];
	double		to_scale;

	/* signal of the half maps */
	EM_TRY(em_volume_create(d->ctx, &d->grid, "signal", &map));
	draw_protein(d, map);
	EM_TRY(em_fft_forward(d->ctx, map));
	for (int64_t i = 0; i < d->shells.count; i++)
		factor[i] = exp(-ENVELOPE_B * frequency(d, i) * frequency(d, i) / 4.0);
	multiply_shells(d, map, factor);
	measure_power(d, map);
	choose_noise(d);

	/* half maps */
	for (int h = 0; h < 2; h++)
	{
		EM_TRY(em_volume_create(d->ctx, &d->grid, "half map", &half[h]));
		EM_TRY(make_noise(d, h, half[h]));
		add(half[h], map);
	}

	/* the map is made from them, as spectra */
	memcpy(map->data, half[0]->data, (size_t) map->plane * BOX * sizeof(float));
	add(map, half[1]);
	choose_weights(d, factor);
	for (int64_t i = 0; i < d->shells.count; i++)
		factor[i] *= 0.5;
	multiply_shells(d, map, factor);

	EM_TRY(em_fft_inverse(d->ctx, map));
	EM_TRY(em_fft_inverse(d->ctx, half[0]));
	EM_TRY(em_fft_inverse(d->ctx, half[1]));
	EM_TRY(em_volume_stats(d->ctx, map, &d->truth.stats[0]));
	to_scale = MAP_SD / d->truth.stats[0].sd;
	for (int k = 0; k < 3; k++)
	{
		em_volume  *v = k == 0 ? map : half[k - 1];

		scale(v, to_scale);
		EM_TRY(em_volume_stats(d->ctx, v, &d->truth.stats[k]));
		EM_TRY(write_volume(d, folder, names[k], v));
	}
	d->truth.contour = choose_contour(d, map, &d->truth.stats[0]);
	return EM_OK;
}

/* Write one of the text files; `writer` is its function. */
#define WRITE_TEXT(writer, file, ...) \
	do { \
		snprintf(path, sizeof(path), "%s/%s", folder, file); \
		if (!writer(path, __VA_ARGS__)) \
		{ \
			fprintf(stderr, "make_demo: could not write %s\n", path); \
			return false; \
		} \
	} while (0)

static bool
make_entry(demo *d, const char *folder)
{
	char		path[4096];

	if (em_shells_init(d->ctx, &d->grid, &d->shells) != EM_OK || make_maps(d, folder) != EM_OK)
	{
		fprintf(stderr, "make_demo: %s\n", em_ctx_message(d->ctx));
		return false;
	}
	WRITE_TEXT(demo_write_header, "header.xml", &d->truth);
	WRITE_TEXT(demo_write_model, "model.cif", &d->truth, d->protein);
	WRITE_TEXT(demo_write_truth, "truth.json", &d->truth, d->protein);
	return true;
}

int
main(int argc, char **argv)
{
	demo		d = {.ctx = em_ctx_create(NULL), .protein = protein_build(SEED)};
	bool		good;

	if (argc != 2)
	{
		fprintf(stderr, "usage: make_demo FOLDER\n");
		return 2;
	}
	if (d.ctx == NULL || d.protein == NULL)
	{
		fprintf(stderr, "make_demo: out of memory\n");
		return 1;
	}
	for (int j = 0; j < 3; j++)
	{
		d.grid.n[j] = BOX;
		d.grid.voxel[j] = VOXEL;
		d.grid.angle[j] = 90.0;
		d.truth.centre[j] = BOX / 2 * VOXEL;
	}
	d.truth.seed = SEED;
	d.truth.grid = d.grid;
	d.truth.resolution = RESOLUTION;
	d.truth.crossing = CROSSING;
	d.truth.envelope_b = ENVELOPE_B;
	good = make_entry(&d, argv[1]);
	em_ctx_destroy(d.ctx);
	protein_free(d.protein);
	return good ? 0 : 1;
}
