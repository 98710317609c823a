/*
 * src/libem/local/em_monodir_sweep.c
 *		MonoDir: the sweep of one direction after another, and the summaries.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/em_par.h"
#include "core/em_quantile.h"
#include "fourier/em_riesz.h"
#include "local/em_halfcone.h"
#include "local/em_monodir.h"

#define START 18.0				/* Å */
#define COARSE 8.0				/* Å; steps of 1 Å above, of STEP below */
#define STEP 0.5				/* Å */
#define HALF_BAND 0.05			/* of the resolution */
#define LAST_FREQUENCY 0.49		/* cycles a voxel */
#define SIGNIFICANCE 0.95
#define FEW 0.025				/* of the voxels */
#define VANISHED 0.001			/* of the noise at first */
#define SOFT_EDGE 7.0			/* voxels */
#define NOISE_COSINE 0.70710678	/* 45 degrees */
#define AZIMUTHAL_COSINE 0.34202014	/* 70 degrees */
#define PREFERRED 0.1			/* Å */
#define STEPS_MAX 256
#define DIRECTIONS EM_MONODIR_DIRECTIONS

/* One resolution tried; frequencies in shells. */
typedef struct trial
{
	double		resolution;
	int64_t		shell;
	int64_t		low;
	int64_t		high;
} trial;

typedef struct sweep
{
	em_monodir *m;
	const em_volume *spectrum;
	const em_volume *noise_spectrum;	/* NULL: noise from the shell */
	em_grid		grid;			/* the small one */
	double		length;			/* of the x axis, Å */
	double		radius;			/* Å, where the sphere ends */
	double		soft;			/* Å, width of its edge */
	trial		trial[STEPS_MAX];
	int			trials;
	em_radial  *low_pass[STEPS_MAX];
	em_halfcone *cone;
	em_halfcone *noise_cone;
	em_volume  *amplitude;
	uint32_t   *voxel;			/* n offsets into the amplitude */
	int64_t		shell_voxels;
	uint32_t   *shell_voxel;	/* offsets of what is outside the particle */
	float	   *shell_axis;		/* 3 each, unit vector from the centre */
	float	   *noise;			/* room for a direction's noise */
	int8_t	   *state;			/* 1, 2: undecided; 0: done */
	uint8_t    *table;			/* [direction][voxel]: number of the trial */
} sweep;

/*
 * The resolutions of the sweep and their bands.  From one shell the sweep goes to
 * the next, or, when that is nearer than the spacing, to the one at that spacing;
 * the spacing is that of the next shell's resolution, and so is the band's width.
 */
static void
plan_trials(sweep *s, double voxel)
{
	const double last_shell = LAST_FREQUENCY * s->length / voxel;
	int64_t		n = (int64_t) fmax(round(s->length / START), 3);
	double		spacing = s->length / (double) n > COARSE ? 2 * STEP : STEP;

	while ((double) n <= last_shell && s->trials < STEPS_MAX)
	{
		const double r = s->length / (double) n;
		const double wide = fmax(HALF_BAND * r, spacing);
		trial	   *t = s->trial + s->trials++;
		const double closest = s->length / (double) (n + 1);
		double		next = (double) (n + 1);

		*t = (trial) {.resolution = r,.shell = n,.low = (int64_t) round(s->length / (r + wide)),
		.high = (int64_t) round(s->length / fmax(r - wide, 2 * voxel))};
		t->low = t->low < n ? t->low : n - 1;
		t->high = t->high > n ? t->high : n + 1;
		spacing = closest > COARSE ? 2 * STEP : STEP;
		if (r - closest < spacing)
			next = fmax(next, r > spacing ? round(s->length / (r - spacing)) : INFINITY);
		n = next > last_shell ? INT64_MAX : (int64_t) next;
	}
}

/* Position of voxel (x,y,z) of the small grid from the centre of the box, Å; returns its length. */
static double
place(const em_grid *map, const em_grid *small, const int64_t at[3], double out[3])
{
	double		r2 = 0;

	for (int j = 0; j < 3; j++)
	{
		out[j] = (double) at[j] * small->voxel[j] - (double) (map->n[j] / 2) * map->voxel[j];
		r2 += out[j] * out[j];
	}
	return sqrt(r2);
}

/* Is the voxel of the map nearest to one of the small grid in the mask? */
static bool
in_mask(const em_mask *mask, const em_grid *small, const int64_t at[3])
{
	int64_t		near[3];

	for (int j = 0; j < 3; j++)
	{
		near[j] = (int64_t) round((double) at[j] * (double) mask->n[j] / (double) small->n[j]);
		near[j] = near[j] < mask->n[j] ? near[j] : mask->n[j] - 1;
	}
	return em_mask_get(mask, near[0], near[1], near[2]);
}

/* Count (list = false), then list the voxels of the mask and of the noise shell. */
static em_status
list_voxels(em_ctx *ctx, sweep *s, const em_grid *map, const em_mask *mask, double particle, bool list)
{
	int64_t		at[3];

	s->m->n = s->shell_voxels = 0;
	for (at[2] = 0; at[2] < s->grid.n[2]; at[2]++)
	{
		EM_TRY(em_poll(ctx));
		for (at[1] = 0; at[1] < s->grid.n[1]; at[1]++)
			for (at[0] = 0; at[0] < s->grid.n[0]; at[0]++)
			{
				const uint32_t offset = (uint32_t) (em_volume_row(s->amplitude, at[1], at[2]) - s->amplitude->data + at[0]);
				double		x[3];
				const double r = place(map, &s->grid, at, x);

				if (r > s->radius - s->soft)
					continue;
				if (in_mask(mask, &s->grid, at))
				{
					if (list)
					{
						s->voxel[s->m->n] = offset;
						for (int j = 0; j < 3; j++)
							s->m->position[3 * s->m->n + j] = (float) x[j];
					}
					s->m->n++;
				}
				else if (r > particle && s->noise_spectrum == NULL)
				{
					for (int j = 0; list && j < 3; j++)
						s->shell_axis[3 * s->shell_voxels + j] = (float) (x[j] / r);
					if (list)
						s->shell_voxel[s->shell_voxels] = offset;
					s->shell_voxels++;
				}
			}
	}
	return EM_OK;
}

/* Room for everything that has the size of the lists. */
static em_status
make_lists(em_ctx *ctx, sweep *s)
{
	em_monodir *m = s->m;
	const uint64_t n = (uint64_t) m->n;
	const uint64_t most = n > (uint64_t) s->shell_voxels ? n : (uint64_t) s->shell_voxels;

	s->voxel = em_alloc(ctx, n, sizeof(uint32_t), "voxels");
	s->state = em_alloc(ctx, n, 1, "states");
	s->table = em_alloc(ctx, n * DIRECTIONS, 1, "the resolutions of all directions");
	s->shell_voxel = em_alloc(ctx, (uint64_t) s->shell_voxels + 1, sizeof(uint32_t), "noise voxels");
	s->shell_axis = em_alloc(ctx, (uint64_t) s->shell_voxels + 1, 3 * sizeof(float), "noise voxels");
	s->noise = em_alloc(ctx, most + 1, sizeof(float), "noise");
	m->position = em_alloc(ctx, n, 3 * sizeof(float), "positions");
	m->highest = em_alloc(ctx, n, sizeof(float), "highest resolutions");
	m->lowest = em_alloc(ctx, n, sizeof(float), "lowest resolutions");
	m->middle = em_alloc(ctx, n, sizeof(float), "mean resolutions");
	m->doa = em_alloc(ctx, n, sizeof(float), "anisotropies");
	m->radial = em_alloc(ctx, n, sizeof(float), "radial resolutions");
	m->azimuthal = em_alloc(ctx, n, sizeof(float), "azimuthal resolutions");
	if (s->voxel == NULL || s->state == NULL || s->table == NULL || s->shell_voxel == NULL || s->shell_axis == NULL ||
		s->noise == NULL || m->position == NULL || m->highest == NULL || m->lowest == NULL || m->middle == NULL ||
		m->doa == NULL || m->radial == NULL || m->azimuthal == NULL)
		return em_ctx_status(ctx);
	return EM_OK;
}

typedef struct window_job
{
	const sweep *s;
	const em_grid *map;
} window_job;

/* Where along a row, voxels from the centre of the box, a sphere of radius r (Å) is left: -1 outside of it. */
static double
chord(double r, double yz2, double voxel)
{
	return r > 0 && r * r > yz2 ? sqrt(r * r - yz2) / voxel : -1;
}

/* Weight of the sphere's soft edge at a distance from its centre (Å). */
static float
edge_at(const sweep *s, double r)
{
	if (r >= s->radius)
		return 0;
	return r > s->radius - s->soft ? (float) (0.5 * (1 + cos(M_PI * (r - s->radius + s->soft) / s->soft))) : 1;
}

/* Item: the sphere's soft edge on plane z of the amplitude. */
static em_status
window_plane(void *arg, int64_t z, int worker)
{
	const sweep *s = ((window_job *) arg)->s;
	const em_grid *map = ((window_job *) arg)->map;

	(void) worker;
	for (int64_t y = 0; y < s->grid.n[1]; y++)
	{
		float	   *row = em_volume_row(s->amplitude, y, z);
		double		at[3];
		const double r0 = place(map, &s->grid, (const int64_t[]) {0, y, z}, at);
		const double yz2 = r0 * r0 - at[0] * at[0];
		const double centre = -at[0] / s->grid.voxel[0];
		const double outer = chord(s->radius, yz2, s->grid.voxel[0]);
		const double inner = chord(s->radius - s->soft, yz2, s->grid.voxel[0]) - 1;

		for (int64_t x = 0; x < s->grid.n[0]; x++)
		{
			/* only the edge needs a root */
			if (fabs((double) x - centre) > outer + 1)
				row[x] = 0;
			else if (fabs((double) x - centre) < inner)
				x = (int64_t) fmin(floor(centre + inner), (double) s->grid.n[0] - 1);
			else
				row[x] *= edge_at(s, place(map, &s->grid, (const int64_t[]) {x, y, z}, at));
		}
	}
	return EM_OK;
}

/* Smoothed amplitude of one cone at trial t. */
static em_status
amplitude_at(em_ctx *ctx, sweep *s, em_halfcone *cone, const em_grid *map, int t)
{
	window_job	job = {s, map};

	EM_TRY(em_halfcone_amplitude(ctx, cone, (double) s->trial[t].low, (double) s->trial[t].shell, s->amplitude));
	EM_TRY(em_parallel(ctx, "sphere", s->grid.n[2], window_plane, &job));
	if (s->low_pass[t] == NULL)
		return EM_OK;
	return em_radial_filter(ctx, s->amplitude, s->low_pass[t]);
}

/* Collect the noise of direction d; returns the number of values. */
static int64_t
collect_noise(const sweep *s, int d)
{
	const double *v = s->m->direction[d];
	int64_t		n = 0;

	if (s->noise_spectrum != NULL)
	{
		for (; n < s->m->n; n++)
			s->noise[n] = s->amplitude->data[s->voxel[n]];
		return n;
	}
	for (int64_t i = 0; i < s->shell_voxels; i++)
	{
		const float *a = s->shell_axis + 3 * i;

		if (fabs(a[0] * v[0] + a[1] * v[1] + a[2] * v[2]) >= NOISE_COSINE)
			s->noise[n++] = s->amplitude->data[s->shell_voxel[i]];
	}
	return n;
}

/* Quantile and mean of the noise at a trial. */
static em_status
measure_noise(em_ctx *ctx, sweep *s, int d, double *threshold, double *mean)
{
	static const double q = SIGNIFICANCE;
	const int64_t n = collect_noise(s, d);
	int64_t		counted;

	*mean = 0;
	for (int64_t i = 0; i < n; i++)
		*mean += s->noise[i];
	*mean /= (double) n;
	if (n == 0)
		return em_fail(ctx, EM_NOT_MEASURABLE, "no noise lies along one of the directions");
	return em_quantiles_array(ctx, s->noise, n, EM_RANK_FLOOR, &q, 1, threshold, &counted);
}

/* Judge the undecided voxels at trial t; returns how many stay so. */
static int64_t
judge(sweep *s, int d, int t, double threshold)
{
	uint8_t    *table = s->table + (int64_t) d * s->m->n;
	int64_t		left = 0;

	for (int64_t i = 0; i < s->m->n; i++)
	{
		if (s->state[i] == 0)
			continue;
		if (s->amplitude->data[s->voxel[i]] > threshold)
		{
			s->state[i] = 1;
			table[i] = (uint8_t) t;
		}
		else if (++s->state[i] > 2)
		{
			s->state[i] = 0;
			table[i] = (uint8_t) (t >= 2 ? t - 2 : 0);
		}
		left += s->state[i] != 0;
	}
	return left;
}

static double
mean_signal(const sweep *s)
{
	double		sum = 0;
	int64_t		n = 0;

	for (int64_t i = 0; i < s->m->n; i++)
		if (s->state[i] != 0)
		{
			sum += s->amplitude->data[s->voxel[i]];
			n++;
		}
	return n > 0 ? sum / (double) n : 0;
}

/* The sweep of one direction. */
static em_status
sweep_direction(em_ctx *ctx, sweep *s, const em_grid *map, int d)
{
	int64_t		left = s->m->n;
	double		first_noise = 0;

	EM_TRY(em_halfcone_aim(ctx, s->cone, s->spectrum, s->m->direction[d]));
	if (s->noise_spectrum != NULL)
		EM_TRY(em_halfcone_aim(ctx, s->noise_cone, s->noise_spectrum, s->m->direction[d]));
	memset(s->state, 1, (size_t) s->m->n);
	memset(s->table + (int64_t) d * s->m->n, 0, (size_t) s->m->n);
	for (int t = 0; t < s->trials && (double) left >= FEW * (double) s->m->n; t++)
	{
		double		threshold;
		double		noise;

		if (s->noise_spectrum != NULL)
		{
			EM_TRY(amplitude_at(ctx, s, s->noise_cone, map, t));
			EM_TRY(measure_noise(ctx, s, d, &threshold, &noise));
			EM_TRY(amplitude_at(ctx, s, s->cone, map, t));
		}
		else
		{
			EM_TRY(amplitude_at(ctx, s, s->cone, map, t));
			EM_TRY(measure_noise(ctx, s, d, &threshold, &noise));
		}
		s->m->evaluations++;
		first_noise = t == 0 ? noise : first_noise;
		if (mean_signal(s) < VANISHED * first_noise)
			break;
		left = judge(s, d, t, threshold);
	}
	return EM_OK;
}

/* Summaries of voxel i from its resolutions in all directions. */
static void
summarize_voxel(sweep *s, int64_t i)
{
	em_monodir *m = s->m;
	const double x[3] = {m->position[3 * i], m->position[3 * i + 1], m->position[3 * i + 2]};
	const double r = sqrt(x[0] * x[0] + x[1] * x[1] + x[2] * x[2]);
	double		value[DIRECTIONS];
	double		sorted[DIRECTIONS];
	double		sum[2] = {0, 0};
	int			n[2] = {0, 0};

	for (int d = 0; d < DIRECTIONS; d++)
	{
		const double *v = m->direction[d];
		const double cosine = r > 0 ? fabs(x[0] * v[0] + x[1] * v[1] + x[2] * v[2]) / r : 0.5;
		const int	which = cosine >= NOISE_COSINE ? 0 : cosine <= AZIMUTHAL_COSINE ? 1 : -1;
		int			j = d;

		value[d] = s->trial[s->table[(int64_t) d * m->n + i]].resolution;
		m->mean += value[d];
		if (which >= 0)
		{
			sum[which] += value[d];
			n[which]++;
		}
		for (; j > 0 && sorted[j - 1] > value[d]; j--)
			sorted[j] = sorted[j - 1];
		sorted[j] = value[d];
	}
	m->highest[i] = (float) sorted[(int) (0.05 * DIRECTIONS)];
	m->lowest[i] = (float) sorted[(int) (0.95 * DIRECTIONS)];
	m->middle[i] = 0.5f * (m->highest[i] + m->lowest[i]);
	m->doa[i] = (float) (0.5 * (sorted[(int) (0.83 * DIRECTIONS)] - sorted[(int) (0.17 * DIRECTIONS)]));
	m->radial[i] = n[0] > 0 ? (float) (sum[0] / n[0]) : m->middle[i];
	m->azimuthal[i] = n[1] > 0 ? (float) (sum[1] / n[1]) : m->middle[i];
	for (int d = 0; d < DIRECTIONS; d++)
		m->count[d] += fabs(value[d] - sorted[(int) (0.05 * DIRECTIONS)]) < PREFERRED;
}

/* All summaries. */
static em_status
summarize(em_ctx *ctx, sweep *s)
{
	static const double half = 0.5;
	em_monodir *m = s->m;
	int64_t		counted;

	for (int64_t i = 0; i < m->n; i++)
	{
		if (i % 16384 == 0)
			EM_TRY(em_poll(ctx));
		summarize_voxel(s, i);
	}
	m->mean /= (double) m->n * DIRECTIONS;
	for (int d = 0; d < DIRECTIONS; d++)
	{
		/* The noise's room holds at least as many numbers as there are voxels. */
		for (int64_t i = 0; i < m->n; i++)
			s->noise[i] = (float) s->trial[s->table[(int64_t) d * m->n + i]].resolution;
		EM_TRY(em_quantiles_array(ctx, s->noise, m->n, EM_RANK_LINEAR, &half, 1, &m->median[d], &counted));
	}
	return EM_OK;
}

/* The cones, the amplitude, the low-pass filters that do something on the small grid. */
static em_status
make_tools(em_ctx *ctx, sweep *s, const em_grid *map)
{
	EM_TRY(em_volume_create(ctx, &s->grid, "a direction's amplitude", &s->amplitude));
	EM_TRY(em_halfcone_create(ctx, map, &s->cone));
	if (s->noise_spectrum != NULL)
		EM_TRY(em_halfcone_create(ctx, map, &s->noise_cone));
	for (int t = 0; t < s->trials; t++)
		if (2 * s->trial[t].shell < s->grid.n[0])
			EM_TRY(em_radial_low_pass(ctx, &s->grid, (double) s->trial[t].shell / s->length,
									  (double) s->trial[t].high / s->length, &s->low_pass[t]));
	return EM_OK;
}

static em_status
run(em_ctx *ctx, sweep *s, const em_mask *mask, const em_monodir_shell *shell)
{
	const em_grid *map = &s->spectrum->grid;
	const double particle = shell->particle * map->voxel[0];
	em_status	status = EM_OK;

	s->length = (double) map->n[0] * map->voxel[0];
	s->soft = SOFT_EDGE * map->voxel[0];
	s->radius = INFINITY;
	for (int j = 0; j < 3; j++)
		s->radius = fmin(s->radius, 0.5 * (double) map->n[j] * map->voxel[j]);
	if (shell->found)
		s->radius = fmin(s->radius, shell->cliff * map->voxel[0]);
	plan_trials(s, map->voxel[0]);
	if (s->trials < 2)
		return em_fail(ctx, EM_NOT_MEASURABLE, "no resolution to try between %g Å and the voxels'", START);
	EM_TRY(make_tools(ctx, s, map));
	if (s->amplitude->plane * s->grid.n[2] > UINT32_MAX)
		return em_fail(ctx, EM_TOO_LARGE, "the box has too many voxels for directional resolutions");
	EM_TRY(list_voxels(ctx, s, map, mask, particle, false));
	if (s->m->n == 0)
		return em_fail(ctx, EM_NOT_MEASURABLE, "no voxel lies in the mask");
	EM_TRY(make_lists(ctx, s));
	EM_TRY(list_voxels(ctx, s, map, mask, particle, true));
	em_monodir_directions(s->m->direction);
	for (int d = 0; d < DIRECTIONS && status == EM_OK; d++)
	{
		em_progress_steps(ctx, "directions", (double) d / DIRECTIONS);
		status = sweep_direction(ctx, s, map, d);
	}
	em_progress_steps(ctx, NULL, 1);
	return status == EM_OK ? summarize(ctx, s) : status;
}

em_status
em_monodir_run(em_ctx *ctx, const em_volume *spectrum, const em_mask *mask, const em_monodir_shell *shell,
			   const em_volume *noise, em_monodir **out)
{
	sweep	   *s;
	em_status	status;

	*out = NULL;
	if (!shell->found && noise == NULL)
		return em_fail(ctx, EM_NOT_MEASURABLE, "no shell of noise surrounds the mask");
	s = em_alloc(ctx, 1, sizeof(sweep), "the sweep");
	if (s == NULL)
		return em_ctx_status(ctx);
	s->grid = em_halfcone_grid(&spectrum->grid);
	s->spectrum = spectrum;
	s->noise_spectrum = shell->found ? NULL : noise;
	s->m = em_alloc(ctx, 1, sizeof(em_monodir), "directional resolutions");
	status = s->m == NULL ? em_ctx_status(ctx) : EM_OK;
	if (status == EM_OK)
	{
		s->m->noise_from_halves = !shell->found;
		status = run(ctx, s, mask, shell);
	}
	if (status == EM_OK)
		*out = s->m;
	else
		em_monodir_destroy(ctx, s->m);
	for (int t = 0; t < s->trials; t++)
		em_radial_destroy(ctx, s->low_pass[t]);
	em_halfcone_destroy(ctx, s->noise_cone);
	em_halfcone_destroy(ctx, s->cone);
	em_volume_destroy(ctx, s->amplitude);
	em_free(ctx, s->table);
	em_free(ctx, s->state);
	em_free(ctx, s->noise);
	em_free(ctx, s->shell_axis);
	em_free(ctx, s->shell_voxel);
	em_free(ctx, s->voxel);
	em_free(ctx, s);
	return status;
}

uint64_t
em_monodir_bytes(const em_ctx *ctx, const em_grid *grid, bool halves)
{
	const em_grid small = em_halfcone_grid(grid);
	const uint64_t points = (uint64_t) em_grid_voxels(&small);
	const uint64_t inside = points / 10 * 3;
	/* Of a voxel in the mask: its place, state, resolutions, position and six summaries; and noise. */
	const uint64_t voxels = inside * (sizeof(uint32_t) + 1 + DIRECTIONS + 9 * sizeof(float));
	const uint64_t noise = halves ? inside * sizeof(float) : points * (sizeof(uint32_t) + 4 * sizeof(float));

	return em_volume_bytes(&small) + (halves ? 2 : 1) * em_halfcone_bytes(grid) + voxels + noise +
		STEPS_MAX * em_radial_bytes(&small) + em_riesz_scratch_bytes(ctx, &small) + em_quantile_bytes(ctx) + 65536;
}
