/*
 * test/unit/halves.h
 *		Workbenches over maps in memory or in the shared reference entry, and
 *		half maps with a known correlation.
 */
#ifndef HALVES_H
#define HALVES_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "em.h"
#include "fourier/em_shell.h"
#include "tap.h"

/* Where the maps of a workbench come from: volumes, or files of the reference entry. */
typedef struct bench_maps
{
	const em_volume *volume[EM_ROLE_COUNT];
	const char *file[EM_ROLE_COUNT];	/* below $EMVALID_SHARED */
} bench_maps;

/* Open a map file below $EMVALID_SHARED; NULL when it cannot be read. */
__attribute__((unused))
static em_volume *
load_shared(em_ctx *ctx, const char *name)
{
	char		path[1200];
	em_source	source;
	em_mrc_header header;
	em_volume  *v = NULL;

	snprintf(path, sizeof(path), "%s/%s", shared_folder(), name);
	if (em_source_file(ctx, path, &source) != EM_OK)
		return NULL;
	if (em_mrc_read(ctx, &source, name, &header, &v) != EM_OK)
		v = NULL;
	em_source_close(ctx, &source);
	return v;
}

static em_status
bench_load(void *arg, em_ctx *ctx, em_role role, em_volume **out)
{
	bench_maps *m = arg;

	if (m->volume[role] != NULL)
		return em_volume_copy(ctx, m->volume[role], em_role_name(role), out);
	*out = load_shared(ctx, m->file[role]);
	return *out == NULL ? EM_IO : EM_OK;
}

/* A workbench over maps; every role with a volume or file is present, all of one grid. */
__attribute__((unused))
static em_workbench *
bench_open(em_ctx *ctx, bench_maps *m, const em_grid *grid, double contour, double resolution,
		   const em_param *params, int n_params)
{
	em_workbench_options o = {
		.contour = contour,.resolution = resolution,.params = params,.n_params = n_params,
		.load = bench_load,.arg = m
	};
	em_workbench *wb = NULL;

	for (int i = 0; i < EM_ROLE_COUNT; i++)
	{
		o.present[i] = m->volume[i] != NULL || m->file[i] != NULL;
		o.grid[i] = m->volume[i] != NULL ? m->volume[i]->grid : *grid;
	}
	return em_workbench_create(ctx, &o, &wb) == EM_OK ? wb : NULL;
}

/* Run a check; the results, or NULL after an error of the machine. */
__attribute__((unused))
static em_results *
bench_run(em_ctx *ctx, em_workbench *wb, const char *code, bool want_volume)
{
	em_results *r = NULL;

	if (em_results_create(ctx, &r) != EM_OK)
		return NULL;
	r->want_volume = want_volume;
	if (em_check_run(em_check_find(code), wb, r) != EM_OK)
	{
		printf("# %s: %s (%s)\n", code, em_ctx_message(ctx), em_ctx_detail(ctx));
		em_results_destroy(r);
		return NULL;
	}
	return r;
}

__attribute__((unused))
static double
measure_of(const em_results *r, const char *name)
{
	const em_measure *m = r == NULL ? NULL : em_results_find(r, name);

	return m == NULL ? NAN : m->value;
}

/* Signal-to-noise power ratio of one half at a coefficient: shell and unit vector. */
typedef double (*snr_fn) (double shell, const double axis[3], void *arg);

/*
 * Two half maps in real space: white noise of unit power in both, and a common
 * signal whose power is snr times that.  Drawn in real space (so that the
 * Fourier coefficients have the symmetry of real maps), shaped in Fourier space.
 */
__attribute__((unused))
static void
make_halves(em_ctx *ctx, const em_grid *grid, uint64_t seed, snr_fn snr, void *arg, em_volume *half[2])
{
	em_volume  *v[3];
	em_shells	s;

	em_shells_init(ctx, grid, &s);
	for (int i = 0; i < 3; i++)
	{
		uint64_t	k = 0;

		em_volume_create(ctx, grid, "noise", &v[i]);
		for (int64_t z = 0; z < grid->n[2]; z++)
			for (int64_t y = 0; y < grid->n[1]; y++)
				for (int64_t x = 0; x < grid->n[0]; x++, k++)
				{
					double		pair[2];

					em_rng_normal2(seed, (uint64_t) i, k / 2, pair);
					em_volume_row(v[i], y, z)[x] = (float) pair[k & 1];
				}
		em_fft_forward(ctx, v[i]);
	}
	for (int64_t z = 0; z < grid->n[2]; z++)
		for (int64_t y = 0; y < grid->n[1]; y++)
			for (int64_t x = 0; x < s.nxh; x++)
			{
				double		a[3] = {(double) x * sqrt(s.unit2[0]),
					(double) em_frequency(y, s.n[1]) * sqrt(s.unit2[1]),
				(double) em_frequency(z, s.n[2]) * sqrt(s.unit2[2])};
				double		r = sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2]);
				float		g;

				for (int j = 0; j < 3 && r > 0; j++)
					a[j] /= r;
				g = snr == NULL ? 0 : (float) sqrt(snr(r, a, arg));
				for (int c = 0; c < 2; c++)
					for (int i = 0; i < 2; i++)
						em_volume_row(v[i], y, z)[2 * x + c] += g * em_volume_row(v[2], y, z)[2 * x + c];
			}
	em_volume_destroy(ctx, v[2]);
	for (int i = 0; i < 2; i++)
	{
		em_fft_inverse(ctx, v[i]);
		half[i] = v[i];
	}
}

/* Read column `column` (from 0) of the lines of a table that have at least `columns` numbers. */
__attribute__((unused))
static int
read_column(const char *name, int columns, int column, double *out, int max)
{
	char		path[1200];
	char		line[4096];
	int			n = 0;
	FILE	   *f;

	snprintf(path, sizeof(path), "%s/reference/%s", shared_folder(), name);
	f = fopen(path, "r");
	if (f == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL && n < max)
	{
		char	   *at = line;
		double		value = 0;
		int			i = 0;

		for (; i < columns; i++)
		{
			char	   *end;
			double		v = strtod(at, &end);

			if (end == at)
				break;
			if (i == column)
				value = v;
			at = *end == ',' ? end + 1 : end;
		}
		if (i == columns)
			out[n++] = value;
	}
	fclose(f);
	return n;
}

#endif							/* HALVES_H */
