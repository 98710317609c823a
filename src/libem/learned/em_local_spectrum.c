/*
 * src/libem/learned/em_local_spectrum.c
 *		Band energies on a lattice, one band after another.
 */
#include "learned/em_local_spectrum.h"

#include <math.h>
#include <string.h>

#include "core/em_par.h"
#include "core/em_quantile.h"
#include "fourier/em_crop.h"
#include "fourier/em_fft.h"
#include "fourier/em_riesz.h"

#define MARGIN 16.0				/* Å around the mask */
#define BEYOND 7.0				/* Å outside the mask: there is nothing but noise */
#define BEYOND_LEAST 16000.0	/* Å³ of it */
#define UNIT 1.0				/* Å, voxels the bands are made on */
#define UNIT_BELOW 1.05			/* Å: maps with larger voxels are not sampled finer than they are */
#define LATTICE_COARSEST 4.02	/* Å: the windows, of 2.5 Å and wider, are smooth enough on this */
#define ON_LATTICE 3.99			/* bands of this many lattice voxels and more are made on the lattice */
#define CODE_LEAST -60.0		/* ln of the smallest energy told from 0 */
#define CODE_STEPS 1024.0
#define POLL_VOXELS ((int64_t) 1 << 22)
#define SHAPE_LEAST -20.0
#define NOISE_LEAST -4.0
#define NOISE_MOST 12.0

const double em_spectrum_band[EM_SPECTRUM_BANDS] = {
	2.2, 2.5, 2.8, 3.2, 3.6, 4, 4.5, 5, 5.6, 6.3, 7, 8, 9, 10.5, 12, 14
};

/* Voxels to make the bands on, for voxels of the map. */
static double
wanted_voxel(const em_grid *map)
{
	const double finest = fmin(map->voxel[0], fmin(map->voxel[1], map->voxel[2]));

	return finest <= UNIT_BELOW ? UNIT : finest;
}

/* The lattice of a box: every second voxel; every one where that would be too coarse. */
static em_unit_grid
lattice_of(const em_unit_grid *fine)
{
	const double *voxel = fine->grid.voxel;
	em_unit_grid lattice = *fine;

	if (2 * fmax(voxel[0], fmax(voxel[1], voxel[2])) > LATTICE_COARSEST)
		return lattice;
	for (int j = 0; j < 3; j++)
	{
		lattice.grid.n[j] /= 2;
		lattice.grid.voxel[j] *= 2;
		lattice.step[j] *= 2;
	}
	return lattice;
}

/* First band that the voxels of a map can hold. */
static int
finest_band(const em_grid *map)
{
	const double coarsest = fmax(map->voxel[0], fmax(map->voxel[1], map->voxel[2]));
	int			b = 0;

	while (b < EM_SPECTRUM_BANDS && em_spectrum_band[b] < EM_SPECTRUM_REACH * coarsest)
		b++;
	return b;
}

/* All lattice points more than BEYOND Å away from `points`. */
static em_status
make_beyond(em_ctx *ctx, em_local_spectrum *s)
{
	em_mask    *m;

	EM_TRY(em_mask_dilate(ctx, s->points, s->lattice.grid.voxel, BEYOND, &m));
	s->beyond = m;
	for (int64_t z = 0; z < m->n[2]; z++)
		for (int64_t y = 0; y < m->n[1]; y++)
		{
			uint64_t   *row = em_mask_row(m, y, z);

			for (int64_t w = 0; w < m->words; w++)
				row[w] = ~row[w];
			if (m->n[0] % 64 != 0)
				row[m->words - 1] &= (UINT64_C(1) << (m->n[0] % 64)) - 1;
		}
	return em_mask_recount(ctx, m);
}

/* The map's voxel nearest to lattice point i of axis j. */
static int64_t
map_voxel(const em_unit_grid *lattice, int j, int64_t i)
{
	const int64_t at = lattice->first[j] + (int64_t) floor((double) i * lattice->step[j] + 0.5);

	return at < lattice->map.n[j] ? at : lattice->map.n[j] - 1;
}

/* The values of the map at the points beyond. */
static em_status
collect_beyond(em_ctx *ctx, const em_local_spectrum *s, const em_volume *map, float *value)
{
	for (int64_t z = 0; z < s->beyond->n[2]; z++)
	{
		EM_TRY(em_poll(ctx));
		for (int64_t y = 0; y < s->beyond->n[1]; y++)
		{
			const uint64_t *bits = em_mask_row(s->beyond, y, z);
			const float *row = em_volume_row(map, map_voxel(&s->lattice, 1, y), map_voxel(&s->lattice, 2, z));

			for (int64_t w = 0; w < s->beyond->words; w++)
				for (uint64_t left = bits[w]; left != 0; left &= left - 1)
					*value++ = row[map_voxel(&s->lattice, 0, 64 * w + __builtin_ctzll(left))];
		}
	}
	return EM_OK;
}

/* Is there noise outside?  A value that more than half of the voxels have is their median. */
static em_status
judge_outside(em_ctx *ctx, em_local_spectrum *s, const em_volume *map)
{
	static const double half = 0.5;
	const double *voxel = s->lattice.grid.voxel;
	const int64_t count = s->beyond->count;
	int64_t		equal = 0;
	float	   *value;
	double		median;
	int64_t		n;
	em_status	status;

	s->outside = EM_OUTSIDE_SMALL;
	if ((double) count * voxel[0] * voxel[1] * voxel[2] < BEYOND_LEAST)
		return EM_OK;
	value = em_alloc(ctx, (uint64_t) count, sizeof(float), "voxels outside the mask");
	if (value == NULL)
		return em_ctx_status(ctx);
	status = collect_beyond(ctx, s, map, value);
	if (status == EM_OK)
		status = em_quantiles_array(ctx, value, count, EM_RANK_FLOOR, &half, 1, &median, &n);
	for (int64_t i = 0; i < count && status == EM_OK; i++)
	{
		equal += value[i] == (float) median;
		if (i % POLL_VOXELS == 0)
			status = em_poll(ctx);
	}
	em_free(ctx, value);
	s->outside = 2 * equal > count ? EM_OUTSIDE_CONSTANT : EM_OUTSIDE_NOISE;
	return status;
}

/* Number the points plane by plane. */
static em_status
number_points(em_ctx *ctx, em_local_spectrum *s)
{
	const em_mask *m = s->points;

	s->first = em_alloc(ctx, (uint64_t) m->n[2], sizeof(int64_t), "points");
	if (s->first == NULL)
		return em_ctx_status(ctx);
	for (int64_t z = 0; z < m->n[2]; z++)
	{
		s->first[z] = s->n;
		for (int64_t i = 0; i < m->words * m->n[1]; i++)
			s->n += __builtin_popcountll(em_mask_row(m, 0, z)[i]);
	}
	return EM_OK;
}

/* Everything about the box but its spectrum. */
static em_status
choose_box(em_ctx *ctx, em_local_spectrum *s, const em_volume *map, const em_mask *mask)
{
	s->finest = finest_band(&map->grid);
	if (s->finest == EM_SPECTRUM_BANDS)
		return em_fail(ctx, EM_NOT_MEASURABLE, "the voxels are too large for any band up to %g Å",
					   em_spectrum_band[EM_SPECTRUM_BANDS - 1]);
	EM_TRY(em_unit_grid_choose(ctx, &map->grid, mask, wanted_voxel(&map->grid), MARGIN, &s->fine));
	s->lattice = lattice_of(&s->fine);
	EM_TRY(em_unit_mask(ctx, &s->lattice, mask, &s->points));
	EM_TRY(number_points(ctx, s));
	EM_TRY(make_beyond(ctx, s));
	return judge_outside(ctx, s, map);
}

em_status
em_local_spectrum_cut(em_ctx *ctx, const em_volume *map, const em_mask *mask, em_local_spectrum **out)
{
	em_status	status;

	*out = em_alloc(ctx, 1, sizeof(em_local_spectrum), "local spectrum");
	if (*out == NULL)
		return em_ctx_status(ctx);
	status = choose_box(ctx, *out, map, mask);
	if (status == EM_OK)
		status = em_unit_spectrum(ctx, &(*out)->fine, map, "the box around the mask", &(*out)->spectrum);
	if (status != EM_OK)
	{
		em_local_spectrum_destroy(ctx, *out);
		*out = NULL;
	}
	return status;
}

void
em_local_spectrum_destroy(em_ctx *ctx, em_local_spectrum *s)
{
	if (s == NULL)
		return;
	em_mask_destroy(ctx, s->points);
	em_mask_destroy(ctx, s->beyond);
	em_volume_destroy(ctx, s->spectrum);
	em_free(ctx, s->first);
	em_free(ctx, s->energy);
	em_free(ctx, s);
}

/* Item: square the voxels of plane z. */
static em_status
square_plane(void *arg, int64_t z, int worker)
{
	const em_volume *v = arg;

	(void) worker;
	for (int64_t y = 0; y < v->grid.n[1]; y++)
	{
		float	   *row = em_volume_row(v, y, z);

		for (int64_t x = 0; x < v->grid.n[0]; x++)
			row[x] *= row[x];
	}
	return EM_OK;
}

/* Code of an energy: its logarithm in steps of 1/1024. */
static uint16_t
code_of(float energy)
{
	const double code = (log(fmax((double) energy, 1e-30)) - CODE_LEAST) * CODE_STEPS + 0.5;

	return code < 0 ? 0 : code > UINT16_MAX ? UINT16_MAX : (uint16_t) code;
}

/* Gathering a band's energies at the points. */
typedef struct keep_job
{
	const em_volume *energy;
	const em_mask *points;
	const int64_t *first;		/* index of a plane's first point */
	uint16_t   *code;
} keep_job;

/* Item: the points of plane z. */
static em_status
keep_plane(void *arg, int64_t z, int worker)
{
	const keep_job *job = arg;
	uint16_t   *code = job->code + job->first[z];

	(void) worker;
	for (int64_t y = 0; y < job->points->n[1]; y++)
	{
		const float *row = em_volume_row(job->energy, y, z);
		const uint64_t *bits = em_mask_row(job->points, y, z);

		for (int64_t w = 0; w < job->points->words; w++)
			for (uint64_t left = bits[w]; left != 0; left &= left - 1)
				*code++ = code_of(row[64 * w + __builtin_ctzll(left)]);
	}
	return EM_OK;
}

/* The volumes bands are made in. */
typedef struct band_run
{
	em_local_spectrum *s;
	em_volume  *coarse;			/* spectrum on the lattice; may be that of the box itself */
	em_volume  *work;			/* on fine voxels */
} band_run;

/* Is the lattice that of every voxel? */
static bool
is_full(const em_unit_grid *fine, const em_unit_grid *lattice)
{
	return memcmp(fine->grid.n, lattice->grid.n, sizeof(fine->grid.n)) == 0;
}

/* Is a band so coarse that its square, too, fits on the lattice? */
static bool
on_lattice(const em_local_spectrum *s, double band)
{
	const double *voxel = s->lattice.grid.voxel;

	return is_full(&s->fine, &s->lattice) || band >= ON_LATTICE * fmax(voxel[0], fmax(voxel[1], voxel[2]));
}

/* *v = what passes a ring, squared, as a spectrum on the grid of `from`. */
static em_status
ring_energy(em_ctx *ctx, const em_volume *from, double band, em_volume *v)
{
	em_radial  *ring;
	em_status	status;

	EM_TRY(em_radial_gaussian(ctx, &from->grid, 1 / band, fmax(0.18 / band, 0.018), &ring));
	v->domain = EM_FOURIER_SPACE;
	status = em_radial_apply(ctx, from, ring, v);
	em_radial_destroy(ctx, ring);
	if (status == EM_OK)
		status = em_fft_inverse(ctx, v);
	if (status == EM_OK)
		status = em_parallel(ctx, "band energy", v->grid.n[2], square_plane, v);
	return status == EM_OK ? em_fft_forward(ctx, v) : status;
}

/* The smoothed energy of a band on the lattice. */
static em_status
band_energy(em_ctx *ctx, const band_run *run, double band, em_volume **energy)
{
	em_radial  *window;
	em_status	status;

	*energy = NULL;
	if (!on_lattice(run->s, band))
	{
		EM_TRY(ring_energy(ctx, run->s->spectrum, band, run->work));
		EM_TRY(em_crop_spectrum(ctx, run->work, run->s->lattice.grid.n, "a band's energy", energy));
		status = EM_OK;
	}
	else
	{
		EM_TRY(em_volume_create(ctx, &run->coarse->grid, "a band's energy", energy));
		status = ring_energy(ctx, run->coarse, band, *energy);
	}
	if (status == EM_OK)
		status = em_radial_gaussian(ctx, &(*energy)->grid, 0, 1 / (2 * M_PI * fmax(2.5, 0.45 * band)),
									&window);
	if (status != EM_OK)
		return status;
	status = em_radial_apply(ctx, *energy, window, *energy);
	em_radial_destroy(ctx, window);
	return status == EM_OK ? em_fft_inverse(ctx, *energy) : status;
}

/* Energies of band b at the points, and their median outside. */
static em_status
measure_band(em_ctx *ctx, const band_run *run, int b)
{
	static const double half = 0.5;
	em_local_spectrum *s = run->s;
	keep_job	keep = {.points = s->points,.first = s->first,.code = s->energy + (b - s->finest) * s->n};
	em_volume  *energy;
	double		median = NAN;
	int64_t		n;
	em_status	status = band_energy(ctx, run, em_spectrum_band[b], &energy);

	keep.energy = energy;
	if (status == EM_OK)
		status = em_parallel(ctx, "band energy", s->points->n[2], keep_plane, &keep);
	if (status == EM_OK && s->outside == EM_OUTSIDE_NOISE)
		status = em_quantiles(ctx, energy, s->beyond, EM_RANK_LINEAR, &half, 1, &median, &n);
	s->noise[b] = s->outside == EM_OUTSIDE_NOISE ? log(fmax(median, 1e-26)) : NAN;
	em_volume_destroy(ctx, energy);
	return status;
}

/* The volumes, and room for the energies. */
static em_status
prepare(em_ctx *ctx, band_run *run)
{
	em_local_spectrum *s = run->s;

	s->energy = em_alloc(ctx, (uint64_t) s->n * (uint64_t) (EM_SPECTRUM_BANDS - s->finest), sizeof(uint16_t),
						 "band energies");
	if (s->energy == NULL)
		return em_ctx_status(ctx);
	if (is_full(&s->fine, &s->lattice))
		run->coarse = s->spectrum;
	else
		EM_TRY(em_crop_spectrum(ctx, s->spectrum, s->lattice.grid.n, "the coarser spectrum", &run->coarse));
	if (!on_lattice(s, em_spectrum_band[s->finest]))
		return em_volume_create(ctx, &s->spectrum->grid, "a band", &run->work);
	return EM_OK;
}

em_status
em_local_spectrum_measure(em_ctx *ctx, em_local_spectrum *s)
{
	band_run	run = {.s = s};
	em_status	status = prepare(ctx, &run);

	for (int b = s->finest; b < EM_SPECTRUM_BANDS && status == EM_OK; b++)
	{
		em_progress_steps(ctx, "local spectrum", (double) (b - s->finest) / (EM_SPECTRUM_BANDS - s->finest));
		status = measure_band(ctx, &run, b);
	}
	em_progress_steps(ctx, NULL, 1);
	em_volume_destroy(ctx, run.work);
	if (run.coarse != s->spectrum)
		em_volume_destroy(ctx, run.coarse);
	em_volume_destroy(ctx, s->spectrum);
	s->spectrum = NULL;
	return status;
}

void
em_local_spectrum_features(const em_local_spectrum *s, int64_t i, float out[EM_SPECTRUM_FEATURES])
{
	double		ln[EM_SPECTRUM_BANDS];
	double		total = 0;

	for (int b = s->finest; b < EM_SPECTRUM_BANDS; b++)
	{
		ln[b] = s->energy[(b - s->finest) * s->n + i] / CODE_STEPS + CODE_LEAST;
		total += exp(ln[b]);
	}
	total = log(total);
	for (int b = 0; b < s->finest; b++)
		out[b] = out[EM_SPECTRUM_BANDS + b] = NAN;
	for (int b = s->finest; b < EM_SPECTRUM_BANDS; b++)
	{
		const double shape = fmax(ln[b] - total, SHAPE_LEAST);
		const double noise = fmax(s->noise[b], total + SHAPE_LEAST);

		out[b] = (float) shape;
		out[EM_SPECTRUM_BANDS + b] = s->outside != EM_OUTSIDE_NOISE ? NAN :
			(float) fmin(fmax(shape + total - noise, NOISE_LEAST), NOISE_MOST);
	}
}

/* Bytes of masks on the lattice, and of making them. */
static uint64_t
mask_bytes(const em_unit_grid *lattice)
{
	return 3 * em_mask_bytes(lattice->grid.n) + sizeof(float) * (uint64_t) em_grid_voxels(&lattice->grid) +
		((uint64_t) 1 << 20);
}

uint64_t
em_local_spectrum_cut_bytes(const em_ctx *ctx, const em_grid *map)
{
	em_unit_grid fine;
	em_unit_grid lattice;
	uint64_t	masks;
	uint64_t	spectrum;

	if (!em_unit_grid_whole(map, wanted_voxel(map), &fine))
		return 0;
	lattice = lattice_of(&fine);
	masks = mask_bytes(&lattice) + em_quantile_bytes(ctx);
	spectrum = em_unit_spectrum_bytes(ctx, &fine) + 2 * em_mask_bytes(lattice.grid.n);
	return masks > spectrum ? masks : spectrum;
}

uint64_t
em_local_spectrum_bytes(const em_ctx *ctx, const em_grid *map, double share)
{
	em_unit_grid fine;
	em_unit_grid lattice;
	const uint64_t bands = (uint64_t) (EM_SPECTRUM_BANDS - finest_band(map));
	uint64_t	points;

	if (!em_unit_grid_whole(map, wanted_voxel(map), &fine))
		return 0;
	lattice = lattice_of(&fine);
	points = (uint64_t) (share * (double) em_grid_voxels(&lattice.grid));
	return 2 * em_volume_bytes(&fine.grid) +
		(is_full(&fine, &lattice) ? 0 : 2 * em_volume_bytes(&lattice.grid)) +
		2 * em_mask_bytes(lattice.grid.n) + points * bands * sizeof(uint16_t) +
		em_fft_scratch_bytes(ctx, &fine.grid) + em_radial_bytes(&fine.grid) + em_quantile_bytes(ctx) +
		((uint64_t) 1 << 20);
}
