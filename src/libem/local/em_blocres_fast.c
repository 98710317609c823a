/*
 * src/libem/local/em_blocres_fast.c
 *		BlocRes, shell by shell.
 *
 * b1 and b2 are the half maps band-passed with the square root of a shell's
 * triangular weight; the sums of b1 b2, b1² and b2² under the squared window are
 * what the box-by-box method sums over the shell, but for the leakage of the
 * window, which comes after the band-pass here.  The sums are made along z for a
 * whole plane, along y for rows and along x for points, only where points are.
 */
#include "local/em_blocres_internal.h"

#include <math.h>
#include <string.h>

#include "core/em_par.h"
#include "fourier/em_fft.h"
#include "fourier/em_riesz.h"
#include "volume/em_vec.h"

typedef struct job
{
	const em_volume *half[2];	/* band-passed */
	const em_blocres_options *o;
	em_blocres *b;
	int			shells;
	int			shell;
	double		width;
	float		window[64];		/* squared */
	float	   *curve;			/* [point][shell] */
	const int64_t *first;		/* first point of each plane of the lattice, and the end */
	float	   *scratch;		/* a worker has three planes and three rows */
	int64_t		per_worker;
} job;

/* Square root of the triangular weight of a shell. */
static double
triangle(void *arg, double s)
{
	const job  *j = arg;
	double		d = 1 - fabs(s / j->width - j->shell);

	return d > 0 ? sqrt(d) : 0;
}

/* Add w times the products of two rows. */
EM_HOT
static void
add_products(const float *a, const float *b, float w, int64_t n, float *cross, float *power1, float *power2)
{
	for (int64_t x = 0; x < n; x++)
	{
		cross[x] += w * (a[x] * b[x]);
		power1[x] += w * (a[x] * a[x]);
		power2[x] += w * (b[x] * b[x]);
	}
}

EM_HOT
static void
add_row(const float *from, float w, int64_t n, float *to)
{
	for (int64_t x = 0; x < n; x++)
		to[x] += w * from[x];
}

/* Sum the products along z about plane `at`. */
static void
sum_planes(const job *j, int64_t at, float *sum)
{
	const int64_t *n = j->half[0]->grid.n;
	const int64_t plane = n[0] * n[1];

	memset(sum, 0, (size_t) (3 * plane) * sizeof(float));
	for (int i = 0; i < j->o->box; i++)
		for (int64_t y = 0; y < n[1]; y++)
		{
			const int64_t z = at - j->o->box / 2 + i;

			add_products(em_volume_row(j->half[0], y, z), em_volume_row(j->half[1], y, z), j->window[i], n[0],
						 sum + y * n[0], sum + plane + y * n[0], sum + 2 * plane + y * n[0]);
		}
}

/* Item: plane k of the lattice. */
static em_status
measure_plane(void *arg, int64_t k, int worker)
{
	job		   *j = arg;
	const em_lattice *l = j->b->l;
	const int64_t *n = j->half[0]->grid.n;
	const int64_t plane = n[0] * n[1];
	const int	box = j->o->box;
	float	   *sum = j->scratch + worker * j->per_worker;
	float	   *row = sum + 3 * plane;
	int64_t		last = -1;

	if (j->first[k] == j->first[k + 1])
		return EM_OK;
	sum_planes(j, em_lattice_at(l, 2, k), sum);
	for (int64_t i = j->first[k]; i < j->first[k + 1]; i++)
	{
		const int64_t line = l->point[i] / l->n[0] % l->n[1];
		const int64_t x = em_lattice_at(l, 0, l->point[i] % l->n[0]) - box / 2;
		double		s[3] = {0, 0, 0};

		if (line != last)
		{
			const int64_t y = em_lattice_at(l, 1, line) - box / 2;

			memset(row, 0, (size_t) (3 * n[0]) * sizeof(float));
			for (int c = 0; c < 3; c++)
				for (int t = 0; t < box; t++)
					add_row(sum + c * plane + (y + t) * n[0], j->window[t], n[0], row + c * n[0]);
			last = line;
		}
		for (int c = 0; c < 3; c++)
			for (int t = 0; t < box; t++)
				s[c] += j->window[t] * row[c * n[0] + x + t];
		j->curve[i * j->shells + j->shell] = (float) em_blocres_correlation(s[0], s[1], s[2]);
	}
	return EM_OK;
}

/* Band-pass both halves for the current shell and measure it at all points. */
static em_status
measure_shell(em_ctx *ctx, job *j, const em_volume *spectrum[2], em_volume *work[2])
{
	em_radial  *r;
	em_status	status;

	EM_TRY(em_radial_create(ctx, &spectrum[0]->grid, triangle, j, &r));
	status = EM_OK;
	for (int i = 0; i < 2 && status == EM_OK; i++)
	{
		work[i]->domain = EM_FOURIER_SPACE;
		status = em_radial_apply(ctx, spectrum[i], r, work[i]);
		if (status == EM_OK)
			status = em_fft_inverse(ctx, work[i]);
		j->half[i] = work[i];
	}
	em_radial_destroy(ctx, r);
	if (status == EM_OK)
		status = em_parallel(ctx, "local Fourier shell correlation", j->b->l->n[2], measure_plane, j);
	return status;
}

/* Hand the curves over. */
static em_status
store(em_ctx *ctx, job *j)
{
	for (int64_t i = 0; i < j->b->l->points; i++)
	{
		if (i % 4096 == 0)
			EM_TRY(em_poll(ctx));
		em_blocres_store(j->b, i, j->curve + i * j->shells);
	}
	return EM_OK;
}

/* All shells; memory is the caller's. */
static em_status
measure(em_ctx *ctx, job *j, const em_volume *spectrum[2], em_volume *work[2])
{
	double		window[64];

	em_blocres_window(j->o->box, window);
	for (int i = 0; i < j->o->box; i++)
		j->window[i] = (float) (window[i] * window[i]);
	for (j->shell = 1; j->shell < j->shells; j->shell++)
		EM_TRY(measure_shell(ctx, j, spectrum, work));
	return store(ctx, j);
}

/* First point of each plane of the lattice. */
static void
find_planes(const em_lattice *l, int64_t *first)
{
	int64_t		i = 0;

	for (int64_t k = 0; k <= l->n[2]; k++)
	{
		while (i < l->points && l->point[i] / (l->n[0] * l->n[1]) < k)
			i++;
		first[k] = i;
	}
}

em_status
em_blocres_run_fast(em_ctx *ctx, const em_volume *f1, const em_volume *f2, const em_mask *mask,
					const em_blocres_options *o, em_blocres **out)
{
	const em_grid *grid = &f1->grid;
	const em_volume *spectrum[2] = {f1, f2};
	em_volume  *work[2] = {NULL, NULL};
	job			j = {.o = o,.shells = em_blocres_shells(grid, o),.width = em_blocres_shell_width(grid, o)};
	int64_t    *first = NULL;
	em_status	status;

	EM_TRY(em_blocres_create(ctx, grid, mask, o, em_blocres_step_fast(o), out));
	j.b = *out;
	j.per_worker = 3 * grid->n[0] * (grid->n[1] + 1);
	j.scratch = em_alloc(ctx, (uint64_t) (em_parallel_workers(ctx) * j.per_worker), sizeof(float),
						 "window sums");
	j.curve = em_alloc(ctx, (uint64_t) (j.b->l->points * j.shells), sizeof(float), "local curves");
	j.first = first = em_alloc(ctx, (uint64_t) j.b->l->n[2] + 1, sizeof(int64_t), "local curves");
	status = j.scratch == NULL || j.curve == NULL || first == NULL ? em_ctx_status(ctx) : EM_OK;
	for (int i = 0; i < 2 && status == EM_OK; i++)
		status = em_volume_create(ctx, grid, "a band of a half map", &work[i]);
	if (status == EM_OK)
	{
		find_planes(j.b->l, first);
		status = measure(ctx, &j, spectrum, work);
	}
	for (int i = 0; i < 2; i++)
		em_volume_destroy(ctx, work[i]);
	em_free(ctx, first);
	em_free(ctx, j.curve);
	em_free(ctx, j.scratch);
	if (status != EM_OK)
	{
		em_blocres_destroy(ctx, *out);
		*out = NULL;
	}
	return status;
}
