/*
 * src/libem/local/em_resmap_whiten.c
 *		Flattening the noise's spectrum, as ResMap does it.
 *
 * The cube lies about the voxel of the mask that is farthest from the outside by
 * steps along the axes, its edge twice half that distance.  From the cube of the
 * half difference, under a Hamming window, comes the amplitude by shell; its
 * logarithm is fitted by a parabola over the frequency, with weight 1 beyond 10 Å
 * (2.1 voxels when those are larger), 0.5 in the half Å before and the Nyquist
 * shell left out.  Both maps are divided by the fitted amplitude.
 */
#include "local/em_resmap_internal.h"

#include <math.h>

#include "fourier/em_fft.h"
#include "fourier/em_riesz.h"
#include "fourier/em_shell.h"

#define LEAST_EDGE 16			/* voxels of a cube that says something */
#define LEAST_SHELLS 5
#define ELBOW 10.0				/* Å */
#define RAMP 0.5				/* Å */

/* ln amplitude = c[0] + c[1] s + c[2] s², s held between two frequencies (1/Å). */
typedef struct parabola
{
	double		c[3];
	double		low;
	double		high;
} parabola;

static double
value(const parabola *p, double s)
{
	s = fmax(p->low, fmin(p->high, s));
	return p->c[0] + s * (p->c[1] + s * p->c[2]);
}

/* The inverse amplitude, 1 at the highest frequency; em_radial_fn. */
static double
inverse(void *arg, double s)
{
	const parabola *p = arg;

	return exp(value(p, p->high) - value(p, s));
}

/* One more than the least of the neighbours already seen; 0 outside the mask. */
static void
step_distances(em_volume *d, int64_t y, int64_t z, int sign)
{
	const int64_t *n = d->grid.n;
	float	   *row = em_volume_row(d, y, z);
	const float *py = y - sign < 0 || y - sign >= n[1] ? NULL : em_volume_row(d, y - sign, z);
	const float *pz = z - sign < 0 || z - sign >= n[2] ? NULL : em_volume_row(d, y, z - sign);
	float		before = INFINITY;

	for (int64_t i = 0; i < n[0]; i++)
	{
		const int64_t x = sign > 0 ? i : n[0] - 1 - i;
		float		least = before;

		if (py != NULL && py[x] < least)
			least = py[x];
		if (pz != NULL && pz[x] < least)
			least = pz[x];
		if (least + 1 < row[x])
			row[x] = least + 1;
		before = row[x];
	}
}

/* Farthest voxel of the mask from the outside by steps along the axes; the steps. */
static em_status
farthest(em_ctx *ctx, const em_mask *mask, em_volume *d, int64_t at[3], int64_t *distance)
{
	const int64_t *n = mask->n;
	float		most = 0;

	for (int64_t z = 0; z < n[2]; z++)
	{
		EM_TRY(em_poll(ctx));
		for (int64_t y = 0; y < n[1]; y++)
		{
			for (int64_t x = 0; x < n[0]; x++)
				em_volume_row(d, y, z)[x] = em_mask_get(mask, x, y, z) ? INFINITY : 0;
			step_distances(d, y, z, 1);
		}
	}
	for (int64_t z = n[2] - 1; z >= 0; z--)
	{
		EM_TRY(em_poll(ctx));
		for (int64_t y = n[1] - 1; y >= 0; y--)
		{
			step_distances(d, y, z, -1);
			for (int64_t x = 0; x < n[0]; x++)
				if (em_volume_row(d, y, z)[x] > most)
				{
					most = em_volume_row(d, y, z)[x];
					at[0] = x;
					at[1] = y;
					at[2] = z;
				}
		}
	}
	*distance = isfinite(most) ? (int64_t) most : 0;
	return EM_OK;
}

/* The cube about a voxel under a Hamming window, transformed. */
static em_status
cube_spectrum(em_ctx *ctx, const em_volume *v, const int64_t at[3], int64_t edge, em_volume **out)
{
	em_grid		grid = v->grid;
	em_status	status;

	for (int i = 0; i < 3; i++)
		grid.n[i] = edge;
	EM_TRY(em_volume_create(ctx, &grid, "a cube of noise", out));
	for (int64_t z = 0; z < edge; z++)
		for (int64_t y = 0; y < edge; y++)
			for (int64_t x = 0; x < edge; x++)
			{
				const int64_t i[3] = {x, y, z};
				double		w = 1;

				for (int k = 0; k < 3; k++)
					w *= 0.54 - 0.46 * cos(2 * M_PI * (double) i[k] / (double) (edge - 1));
				em_volume_row(*out, y, z)[x] = (float) w *
					em_volume_row(v, at[1] - edge / 2 + y, at[2] - edge / 2 + z)[at[0] - edge / 2 + x];
			}
	status = em_fft_forward(ctx, *out);
	if (status != EM_OK)
	{
		em_volume_destroy(ctx, *out);
		*out = NULL;
	}
	return status;
}

/* Mean power by shell of a spectrum; power and n have room for the shells. */
static void
shell_power(const em_volume *f, const em_shells *s, int32_t *shell, double *power, double *n)
{
	for (int64_t z = 0; z < s->n[2]; z++)
		for (int64_t y = 0; y < s->n[1]; y++)
		{
			const float *row = em_volume_row(f, y, z);

			em_shells_row(s, y, z, shell);
			for (int64_t x = 0; x < s->nxh; x++)
				if (shell[x] >= 0)
				{
					const double twice = x == 0 || 2 * x == s->n[0] ? 1 : 2;

					power[shell[x]] += twice * ((double) row[2 * x] * row[2 * x] + (double) row[2 * x + 1] * row[2 * x + 1]);
					n[shell[x]] += twice;
				}
		}
	for (int64_t i = 0; i < s->count; i++)
		power[i] /= n[i];
}

/* Weighted least squares of ln(power)/2 by a parabola; false with too few shells. */
static bool
fit(const em_shells *s, double voxel, const double *power, parabola *p)
{
	const double elbow = fmax(ELBOW, 2.1 * voxel);
	double		moment[5] = {0};
	double		right[3] = {0};
	double		a[3][4];
	int			points = 0;

	p->low = 1 / (elbow + RAMP);
	p->high = 0.5 / voxel;
	for (int64_t i = 1; i < s->count - 1; i++)
	{
		const double f = (double) i / s->length;
		const double w = f >= 1 / elbow ? 1 : f >= p->low ? 0.5 : 0;
		double		t = w;

		if (w == 0 || !(power[i] > 0))
			continue;
		points++;
		for (int k = 0; k < 5; k++, t *= f / p->high)
		{
			moment[k] += t;
			if (k < 3)
				right[k] += t * 0.5 * log(power[i]);
		}
	}
	if (points < LEAST_SHELLS)
		return false;
	for (int i = 0; i < 3; i++)
	{
		for (int k = 0; k < 3; k++)
			a[i][k] = moment[i + k];
		a[i][3] = right[i];
	}
	for (int i = 0; i < 3; i++)
		for (int k = i + 1; k < 3; k++)
			for (int c = 3; c >= i; c--)
				a[k][c] -= a[k][i] / a[i][i] * a[i][c];
	for (int i = 2; i >= 0; i--)
	{
		p->c[i] = a[i][3];
		for (int k = i + 1; k < 3; k++)
			p->c[i] -= a[i][k] * p->c[k];
		p->c[i] /= a[i][i];
	}
	p->c[1] /= p->high;
	p->c[2] /= p->high * p->high;
	return isfinite(p->c[0]) && isfinite(p->c[1]) && isfinite(p->c[2]);
}

/* The parabola of the noise in the mask's cube; *done is false when there is none. */
static em_status
fit_noise(em_ctx *ctx, const em_volume *noise, const em_mask *mask, parabola *p, bool *done)
{
	em_volume  *work;
	em_shells	s;
	int64_t		at[3] = {0, 0, 0};
	int64_t		distance = 0;
	int64_t		edge;
	double	   *power;
	em_status	status;

	*done = false;
	EM_TRY(em_volume_create(ctx, &noise->grid, "distances in the mask", &work));
	status = farthest(ctx, mask, work, at, &distance);
	em_volume_destroy(ctx, work);
	edge = 2 * (distance / 2);
	if (status != EM_OK || edge < LEAST_EDGE)
		return status;
	EM_TRY(cube_spectrum(ctx, noise, at, edge, &work));
	power = em_alloc(ctx, 4 * (uint64_t) edge + 64, sizeof(double), "spectrum of the noise");
	status = power == NULL ? em_ctx_status(ctx) : em_shells_init(ctx, &work->grid, &s);
	if (status == EM_OK)
	{
		shell_power(work, &s, (int32_t *) (power + 2 * edge + 32), power, power + edge + 16);
		*done = fit(&s, noise->grid.voxel[0], power, p);
	}
	em_free(ctx, power);
	em_volume_destroy(ctx, work);
	return status;
}

em_status
em_resmap_whiten(em_ctx *ctx, em_volume *data, em_volume *noise, const em_mask *mask, bool *done)
{
	em_radial  *r;
	parabola	p;
	em_status	status;

	EM_TRY(fit_noise(ctx, noise, mask, &p, done));
	if (!*done)
		return EM_OK;
	EM_TRY(em_radial_create(ctx, &data->grid, inverse, &p, &r));
	status = em_radial_filter(ctx, data, r);
	if (status == EM_OK)
		status = em_radial_filter(ctx, noise, r);
	em_radial_destroy(ctx, r);
	return status;
}
