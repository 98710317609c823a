/*
 * contrib/train/local_truth.c
 *		Fields of resolution, and maps that have them.
 */
#include "local_truth.h"

#include "fourier/em_fft.h"

#include <math.h>
#include <string.h>

#define COPIES_APPEARANCE 9
#define COPIES_DISORDER 16
#define EDGE 0.02				/* 1/Å, width of a low-pass's raised cosine */

const char *const tr_family_name[TR_FAMILIES] = {"appearance", "disorder", "uniform", "noise"};

/* The range of a map's resolutions. */
typedef struct span
{
	double		best;			/* Å */
	double		worst;
} span;

static span
draw_span(tr_draws *draws)
{
	span		s;

	s.best = TR_LOCAL_BEST * pow(8 / TR_LOCAL_BEST, tr_uniform(draws));
	s.worst = fmin(TR_LOCAL_WORST, s.best * tr_between(draws, 1.3, 2.6));
	return s;
}

/* 1/R at position u (0 worst, 1 best). */
static double
limit_at(const span *s, double u)
{
	return 1 / s->worst + u * (1 / s->best - 1 / s->worst);
}

/* Factors of s. */
static double
smooth_factor(const void *arg, double s)
{
	const double sigma = *(const double *) arg;

	return exp(-2 * M_PI * M_PI * sigma * sigma * s * s);
}

typedef struct copy_factor
{
	double		b;				/* Å² */
	double		contrast;		/* of the solvent */
	double		limit;			/* 1/Å; 0: none */
} copy_factor;

/* 1 up to limit - EDGE/2, 0 from limit + EDGE/2. */
static double
low_pass(double s, double limit)
{
	if (limit == 0 || s <= limit - EDGE / 2)
		return 1;
	if (s >= limit + EDGE / 2)
		return 0;
	return 0.5 * (1 + cos(M_PI * (s - limit + EDGE / 2) / EDGE));
}

static double
density_factor(const void *arg, double s)
{
	const copy_factor *f = arg;
	const double pass = low_pass(s, f->limit);

	return pass == 0 ? 0 : pass * exp(-f->b * s * s / 4) * (1 - f->contrast * exp(-200 * s * s / 4));
}

/* A field uniform in 0..1, correlated over sigma Å. */
static em_status
make_field(em_ctx *ctx, const em_grid *grid, tr_draws *draws, em_volume **out)
{
	const double sigma = tr_between(draws, 6, 14);
	em_stats	stats;

	EM_TRY(tr_white_noise(ctx, grid, draws, out));
	EM_TRY(em_fft_forward(ctx, *out));
	tr_filter(*out, smooth_factor, &sigma);
	EM_TRY(em_fft_inverse(ctx, *out));
	EM_TRY(em_volume_stats(ctx, *out, &stats));
	for (int64_t z = 0; z < grid->n[2]; z++)
		for (int64_t y = 0; y < grid->n[1]; y++)
		{
			float	   *row = em_volume_row(*out, y, z);

			for (int64_t x = 0; x < grid->n[0]; x++)
				row[x] = (float) (0.5 * erfc(-((double) row[x] - stats.mean) / stats.sd * M_SQRT1_2));
		}
	return EM_OK;
}

/* to += what times its share: copy k of n holds where the field is k/(n-1). */
static void
mix_copy(em_volume *to, const em_volume *what, const em_volume *field, int k, int n)
{
	for (int64_t z = 0; z < to->grid.n[2]; z++)
		for (int64_t y = 0; y < to->grid.n[1]; y++)
		{
			float	   *a = em_volume_row(to, y, z);
			const float *b = em_volume_row(what, y, z);
			const float *u = em_volume_row(field, y, z);

			for (int64_t x = 0; x < to->grid.n[0]; x++)
				a[x] += b[x] * fmaxf(0, 1 - fabsf(u[x] * (float) (n - 1) - (float) k));
		}
}

/* Add copy k of n of the density, seen through its factor. */
static em_status
add_copy(em_ctx *ctx, const tr_base *base, const copy_factor *factor, const em_volume *field, int k, int n,
		 em_volume *map)
{
	em_volume  *copy;
	em_status	status;

	EM_TRY(em_volume_copy(ctx, base->spectrum, "a copy", &copy));
	tr_filter(copy, density_factor, factor);
	status = em_fft_inverse(ctx, copy);
	if (status == EM_OK)
		mix_copy(map, copy, field, k, n);
	em_volume_destroy(ctx, copy);
	return status;
}

/* Add white noise of a standard deviation, low-passed at a limit (0: not). */
static em_status
add_noise(em_ctx *ctx, em_volume *map, double sd, double limit, tr_draws *draws)
{
	const copy_factor factor = {.limit = limit};
	em_volume  *noise;
	em_status	status;

	EM_TRY(tr_white_noise(ctx, &map->grid, draws, &noise));
	status = EM_OK;
	if (limit > 0)
	{
		status = em_fft_forward(ctx, noise);
		tr_filter(noise, density_factor, &factor);
		if (status == EM_OK)
			status = em_fft_inverse(ctx, noise);
	}
	for (int64_t z = 0; z < map->grid.n[2] && status == EM_OK; z++)
		for (int64_t y = 0; y < map->grid.n[1]; y++)
			for (int64_t x = 0; x < map->grid.n[0]; x++)
				em_volume_row(map, y, z)[x] += (float) sd * em_volume_row(noise, y, z)[x];
	em_volume_destroy(ctx, noise);
	return status;
}

/* The field becomes the truth: R, not better than `limit` (Å). */
static void
field_to_truth(em_volume *field, const span *s, double limit)
{
	for (int64_t z = 0; z < field->grid.n[2]; z++)
		for (int64_t y = 0; y < field->grid.n[1]; y++)
		{
			float	   *row = em_volume_row(field, y, z);

			for (int64_t x = 0; x < field->grid.n[0]; x++)
				row[x] = (float) fmax(1 / limit_at(s, row[x]), limit);
		}
}

static em_status
make_appearance(em_ctx *ctx, const tr_base *base, tr_draws *draws, tr_local *out)
{
	const span	s = draw_span(draws);
	copy_factor factor = {.b = tr_between(draws, 0, 60)};
	const double noise = 0.003 * pow(0.1 / 0.003, tr_uniform(draws));
	const bool	filtered = tr_uniform(draws) < 0.5;
	em_stats	stats;

	factor.contrast = tr_uniform(draws) < 0.5 ? 0 : tr_between(draws, 0, 0.6);
	for (int k = 0; k < COPIES_APPEARANCE; k++)
	{
		factor.limit = limit_at(&s, k / (COPIES_APPEARANCE - 1.0));
		EM_TRY(add_copy(ctx, base, &factor, out->truth, k, COPIES_APPEARANCE, out->map));
	}
	EM_TRY(em_volume_stats(ctx, out->map, &stats));
	/* The spread inside the model, where all of the density is. */
	EM_TRY(add_noise(ctx, out->map, noise * stats.sd / sqrt(base->filled), filtered ? 1 / (0.97 * s.best) : 0,
					 draws));
	field_to_truth(out->truth, &s, 0);
	return EM_OK;
}

/* B (beyond the base's) with which the signal meets the noise at a limit (1/Å). */
static double
b_meeting(const tr_shell_power *signal, double level, double limit)
{
	return fmax(0, 2 / (limit * limit) * log(fmax(tr_power_at(signal, limit), 1e-30) / level));
}

/* What is done with a map of disorder as a whole. */
typedef struct finish
{
	const tr_shell_power *signal;
	double		b;				/* of the signal at the limit, beyond the base's */
	double		level;			/* power of the signal where it meets the noise */
	double		sharpening;		/* Å² */
	double		limit;			/* 1/Å */
	bool		weighted;
} finish;

static double
finish_factor(const void *arg, double s)
{
	const finish *f = arg;
	const double at = fmin(s, f->limit);
	const double half_snr = tr_power_at(f->signal, s) * exp(-f->b * s * s / 2) / f->level / 6;
	const double weight = f->weighted ? sqrt(2 * half_snr / (1 + 2 * half_snr)) : 1;

	return low_pass(s, f->limit) * weight * exp(f->sharpening * at * at / 4);
}

static em_status
finish_map(em_ctx *ctx, em_volume *map, const finish *f)
{
	EM_TRY(em_fft_forward(ctx, map));
	tr_filter(map, finish_factor, f);
	return em_fft_inverse(ctx, map);
}

static em_status
make_disorder(em_ctx *ctx, const tr_base *base, tr_draws *draws, tr_local *out)
{
	const span	s = draw_span(draws);
	const double b = fmax(0, tr_between(draws, 7, 11) * s.best * s.best - TR_BASE_B);
	const bool	raw = tr_uniform(draws) < 0.2;
	copy_factor factor = {.contrast = tr_uniform(draws) < 0.5 ? 0 : tr_between(draws, 0, 0.6)};
	const double voxels = (double) em_grid_voxels(&base->spectrum->grid);
	tr_shell_power signal;
	finish		f = {.signal = &signal};

	tr_shell_power_measure(base->spectrum, &signal);
	f.level = tr_power_at(&signal, 1 / s.best) * exp(-b / (2 * s.best * s.best));
	for (int k = 0; k < COPIES_DISORDER; k++)
	{
		factor.b = b_meeting(&signal, f.level, limit_at(&s, k / (COPIES_DISORDER - 1.0)));
		EM_TRY(add_copy(ctx, base, &factor, out->truth, k, COPIES_DISORDER, out->map));
	}
	/* A coefficient of white noise of sd 1 has as much power as there are voxels. */
	EM_TRY(add_noise(ctx, out->map, sqrt(3 * f.level / base->filled / voxels), 0, draws));
	f.limit = limit_at(&s, tr_between(draws, 0.5, 1));
	f.b = b_meeting(&signal, f.level, f.limit);
	f.sharpening = tr_between(draws, 0.4, 1) * (f.b + TR_BASE_B);
	f.weighted = tr_uniform(draws) < 0.7;
	if (!raw)
		EM_TRY(finish_map(ctx, out->map, &f));
	field_to_truth(out->truth, &s, raw ? 0 : 1 / f.limit);
	return EM_OK;
}

/* Fill a volume with one number. */
static void
fill(em_volume *v, double value)
{
	for (int64_t z = 0; z < v->grid.n[2]; z++)
		for (int64_t y = 0; y < v->grid.n[1]; y++)
			for (int64_t x = 0; x < v->grid.n[0]; x++)
				em_volume_row(v, y, z)[x] = (float) value;
}

static em_status
make_uniform(em_ctx *ctx, const tr_base *base, double resolution, tr_draws *draws, tr_local *out)
{
	const double drawn = TR_LOCAL_BEST * pow(TR_LOCAL_WORST / TR_LOCAL_BEST, tr_uniform(draws));
	const double d = resolution > 0 ? resolution : drawn;
	const tr_map_options o = tr_map_options_draw(d, 1, draws);

	em_volume_destroy(ctx, out->map);
	out->map = NULL;
	EM_TRY(tr_map_make(ctx, base, &o, draws, &out->map));
	fill(out->truth, d);
	return EM_OK;
}

static em_status
make_noise(em_ctx *ctx, tr_draws *draws, tr_local *out)
{
	const copy_factor factor = {.b = tr_uniform(draws) < 0.5 ? 0 : tr_between(draws, 0, 100),
		.limit = tr_uniform(draws) < 0.15 ? 0 : 1 / (2.5 * pow(4, tr_uniform(draws)))};

	EM_TRY(add_noise(ctx, out->map, 1, 0, draws));
	EM_TRY(em_fft_forward(ctx, out->map));
	tr_filter(out->map, density_factor, &factor);
	EM_TRY(em_fft_inverse(ctx, out->map));
	fill(out->truth, TR_LOCAL_WORST);
	return EM_OK;
}

em_status
tr_local_make(em_ctx *ctx, const tr_base *base, tr_family family, double resolution, tr_draws *draws,
			  tr_local *out)
{
	const em_grid *grid = &base->spectrum->grid;
	em_status	status;

	memset(out, 0, sizeof(*out));
	status = em_volume_create(ctx, grid, "map", &out->map);
	if (status == EM_OK)
		status = make_field(ctx, grid, draws, &out->truth);
	if (status == EM_OK)
		status = family == TR_APPEARANCE ? make_appearance(ctx, base, draws, out) :
			family == TR_DISORDER ? make_disorder(ctx, base, draws, out) :
			family == TR_UNIFORM ? make_uniform(ctx, base, resolution, draws, out) :
			make_noise(ctx, draws, out);
	if (status != EM_OK)
		tr_local_free(ctx, out);
	return status;
}

void
tr_local_free(em_ctx *ctx, tr_local *local)
{
	em_volume_destroy(ctx, local->map);
	em_volume_destroy(ctx, local->truth);
	memset(local, 0, sizeof(*local));
}
