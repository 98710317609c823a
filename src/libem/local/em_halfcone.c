/*
 * src/libem/local/em_halfcone.c
 *		Folding half a cone of coefficients into a small grid, and its modulus.
 */
#include "local/em_halfcone.h"

#include <fftw3.h>
#include <math.h>
#include <string.h>

#include "core/em_par.h"
#include "fourier/em_shell.h"
#include "fourier/em_sqrt.h"
#include "local/em_mono_region.h"

struct em_halfcone_plans
{
	fftwf_plan	x;				/* one line */
	fftwf_plan	y;				/* the columns of a plane */
	fftwf_plan	z;				/* the columns above a line */
};

em_grid
em_halfcone_grid(const em_grid *map)
{
	em_grid		g = *map;

	for (int j = 0; j < 3; j++)
	{
		g.n[j] = em_mono_good_size((map->n[j] + 1) / 2);
		g.voxel[j] = map->voxel[j] * (double) map->n[j] / (double) g.n[j];
	}
	return g;
}

/* Share of the box's coefficients that lie in half a cone, with some room. */
static int64_t
cone_room(const em_grid *map)
{
	return em_grid_voxels(map) / 80 + 4096;
}

static int64_t
padded(int64_t n)
{
	return (((n + 7) / 8) | 1) * 8;
}

uint64_t
em_halfcone_bytes(const em_grid *map)
{
	const em_grid g = em_halfcone_grid(map);
	const uint64_t field = (uint64_t) (padded(g.n[0]) * g.n[1] + 8) * (uint64_t) g.n[2] * 2 * sizeof(float);

	return field + (uint64_t) cone_room(map) * sizeof(em_cone_coefficient) +
		(uint64_t) (g.n[2] * g.n[1]) + 8192;
}

void
em_halfcone_destroy(em_ctx *ctx, em_halfcone *h)
{
	if (h == NULL)
		return;
	if (h->plans != NULL)
	{
		if (h->plans->x != NULL)
			fftwf_destroy_plan(h->plans->x);
		if (h->plans->y != NULL)
			fftwf_destroy_plan(h->plans->y);
		if (h->plans->z != NULL)
			fftwf_destroy_plan(h->plans->z);
	}
	em_free(ctx, h->plans);
	em_free(ctx, h->coefficient);
	em_free(ctx, h->used);
	em_free(ctx, h->field);
	em_free(ctx, h);
}

/* Plans; estimating does not touch the field. */
static em_status
make_plans(em_ctx *ctx, em_halfcone *h)
{
	fftwf_complex *f = (fftwf_complex *) h->field;
	const int	n[3] = {(int) h->grid.n[0], (int) h->grid.n[1], (int) h->grid.n[2]};

	h->plans->x = fftwf_plan_many_dft(1, &n[0], 1, f, NULL, 1, 0, f, NULL, 1, 0, FFTW_BACKWARD, FFTW_ESTIMATE);
	h->plans->y = fftwf_plan_many_dft(1, &n[1], n[0], f, NULL, (int) h->row, 1, f, NULL, (int) h->row, 1,
									  FFTW_BACKWARD, FFTW_ESTIMATE);
	h->plans->z = fftwf_plan_many_dft(1, &n[2], n[0], f, NULL, (int) h->plane, 1, f, NULL, (int) h->plane, 1,
									  FFTW_BACKWARD, FFTW_ESTIMATE);
	if (h->plans->x == NULL || h->plans->y == NULL || h->plans->z == NULL)
		return em_fail(ctx, EM_INTERNAL, "no plan for the transform of a cone");
	return EM_OK;
}

em_status
em_halfcone_create(em_ctx *ctx, const em_grid *map, em_halfcone **out)
{
	em_halfcone *h = em_alloc(ctx, 1, sizeof(em_halfcone), "a cone");
	em_status	status;

	*out = h;
	if (h == NULL)
		return em_ctx_status(ctx);
	h->grid = em_halfcone_grid(map);
	h->row = padded(h->grid.n[0]);
	h->plane = h->row * h->grid.n[1] + 8;
	h->room = cone_room(map);
	h->field = em_alloc(ctx, (uint64_t) (h->plane * h->grid.n[2]), 2 * sizeof(float), "a cone's field");
	h->used = em_alloc(ctx, (uint64_t) (h->grid.n[1] * h->grid.n[2]), 1, "a cone's rows");
	h->coefficient = em_alloc(ctx, (uint64_t) h->room, sizeof(em_cone_coefficient), "a cone's coefficients");
	h->scale = 2.0 / (double) em_grid_voxels(map);
	h->plans = em_alloc(ctx, 1, sizeof(em_halfcone_plans), "a cone's plans");
	if (h->field == NULL || h->used == NULL || h->coefficient == NULL || h->plans == NULL)
		status = em_ctx_status(ctx);
	else
		status = make_plans(ctx, h);
	if (status != EM_OK)
	{
		em_halfcone_destroy(ctx, h);
		*out = NULL;
	}
	return status;
}

/* What is looked for in a spectrum. */
typedef struct aim
{
	const em_volume *spectrum;
	double		unit[3];		/* 1/Å from one coefficient to the next */
	double		n[3];			/* direction */
	double		cos2;
	double		highest2;		/* (1/Å)² */
	double		length;
} aim;

static inline int32_t
wrap(int64_t k, int64_t n)
{
	return (int32_t) (((k % n) + n) % n);
}

/* Coefficient (kx, ky, kz), or its mate where that one lies in the half cone. */
static void
take(em_halfcone *h, const aim *a, const int64_t k[3], const float *value)
{
	const double s[3] = {(double) k[0] * a->unit[0], (double) k[1] * a->unit[1], (double) k[2] * a->unit[2]};
	const double s2 = s[0] * s[0] + s[1] * s[1] + s[2] * s[2];
	const double along = s[0] * a->n[0] + s[1] * a->n[1] + s[2] * a->n[2];
	const bool	own_mate = k[0] == 0 || 2 * k[0] == a->spectrum->grid.n[0];
	const int	sign = along > 0 ? 1 : -1;
	em_cone_coefficient *c = h->coefficient + h->count;

	if (s2 == 0 || s2 > a->highest2 || along * along < a->cos2 * s2 || (sign < 0 && own_mate) ||
		h->count == h->room)
		return;
	*c = (em_cone_coefficient) {
		.value = {value[0], (float) sign * value[1]},.shell = (float) (sqrt(s2) * a->length),
		.x = wrap(sign * k[0], h->grid.n[0]),.y = wrap(sign * k[1], h->grid.n[1]),
		.z = wrap(sign * k[2], h->grid.n[2])
	};
	h->count++;
}

em_status
em_halfcone_aim(em_ctx *ctx, em_halfcone *h, const em_volume *spectrum, const double direction[3])
{
	const em_grid *g = &spectrum->grid;
	const double cosine = cos(EM_HALFCONE_ANGLE * M_PI / 180);
	double		highest = INFINITY;
	aim			a = {.spectrum = spectrum,.cos2 = cosine * cosine,.length = (double) g->n[0] * g->voxel[0]};

	for (int j = 0; j < 3; j++)
	{
		a.unit[j] = 1 / ((double) g->n[j] * g->voxel[j]);
		a.n[j] = direction[j];
		highest = fmin(highest, 0.5 / g->voxel[j]);
	}
	a.highest2 = highest * highest;
	h->count = 0;
	for (int64_t z = 0; z < g->n[2]; z++)
	{
		EM_TRY(em_poll(ctx));
		for (int64_t y = 0; y < g->n[1]; y++)
		{
			const float *row = em_volume_row(spectrum, y, z);
			int64_t		k[3] = {0, em_frequency(y, g->n[1]), em_frequency(z, g->n[2])};
			const double s2 = pow((double) k[1] * a.unit[1], 2) + pow((double) k[2] * a.unit[2], 2);

			if (s2 <= a.highest2)
				for (; k[0] <= g->n[0] / 2; k[0]++)
					take(h, &a, k, row + 2 * k[0]);
		}
	}
	if (h->count == h->room)
		return em_fail(ctx, EM_INTERNAL, "a cone holds more coefficients than expected");
	return EM_OK;
}

typedef struct field_job
{
	em_halfcone *h;
	em_volume  *out;
} field_job;

/* Item: plane z along x and y, where it holds something. */
static em_status
field_plane(void *arg, int64_t z, int worker)
{
	em_halfcone *h = ((field_job *) arg)->h;
	fftwf_complex *plane = (fftwf_complex *) h->field + z * h->plane;
	bool		any = false;

	(void) worker;
	for (int64_t y = 0; y < h->grid.n[1]; y++)
		if (h->used[z * h->grid.n[1] + y])
		{
			fftwf_execute_dft(h->plans->x, plane + y * h->row, plane + y * h->row);
			any = true;
		}
	if (any)
		fftwf_execute_dft(h->plans->y, plane, plane);
	return EM_OK;
}

/* Squared moduli of n complex numbers. */
EM_HOT static void
power_row(const float *f, float *to, int64_t n)
{
	for (int64_t x = 0; x < n; x++)
		to[x] = f[2 * x] * f[2 * x] + f[2 * x + 1] * f[2 * x + 1];
}

/* Item: the columns above line y along z, and their modulus. */
static em_status
field_depth(void *arg, int64_t y, int worker)
{
	field_job  *job = arg;
	em_halfcone *h = job->h;
	fftwf_complex *line = (fftwf_complex *) h->field + y * h->row;

	(void) worker;
	fftwf_execute_dft(h->plans->z, line, line);
	for (int64_t z = 0; z < h->grid.n[2]; z++)
	{
		const float *f = (const float *) (line + z * h->plane);
		float	   *to = em_volume_row(job->out, y, z);

		power_row(f, to, h->grid.n[0]);
		em_sqrt_row(to, h->grid.n[0]);
	}
	return EM_OK;
}

/* Put the weighted coefficients in their places. */
static void
fill_field(em_halfcone *h, double low, double high)
{
	memset(h->field, 0, (size_t) (h->plane * h->grid.n[2]) * 2 * sizeof(float));
	memset(h->used, 0, (size_t) (h->grid.n[1] * h->grid.n[2]));
	for (int64_t i = 0; i < h->count; i++)
	{
		const em_cone_coefficient *c = h->coefficient + i;
		float	   *to = h->field + 2 * (c->z * h->plane + c->y * h->row + c->x);
		double		w = h->scale;

		if (c->shell <= low)
			continue;
		if (c->shell < high)
			w *= 0.5 * (1 + cos(M_PI * (c->shell - high) / (high - low)));
		to[0] += (float) w * c->value[0];
		to[1] += (float) w * c->value[1];
		h->used[c->z * h->grid.n[1] + c->y] = 1;
	}
}

em_status
em_halfcone_amplitude(em_ctx *ctx, em_halfcone *h, double low, double high, em_volume *out)
{
	field_job	job = {.h = h,.out = out};

	fill_field(h, low, high);
	EM_TRY(em_parallel(ctx, "cone, x and y", h->grid.n[2], field_plane, &job));
	EM_TRY(em_parallel(ctx, "cone, z", h->grid.n[1], field_depth, &job));
	out->domain = EM_REAL_SPACE;
	return EM_OK;
}
