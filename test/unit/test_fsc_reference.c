/*
 * test/unit/test_fsc_reference.c
 *		Curves and fits against what other programs print for the reference
 *		entry of the shared data (EMVALID_SHARED).
 */
#include <stdlib.h>
#include <string.h>

#include "em.h"
#include "halves.h"
#include "tap.h"

#define SHELLS 65				/* of a 128³ box; the numpy curves end before the last */

static char shared[1024];

/* Load a map of the reference entry, or NULL. */
static em_volume *
load(em_ctx *ctx, const char *name)
{
	char		path[1200];
	em_source	source;
	em_mrc_header header;
	em_volume  *v = NULL;

	snprintf(path, sizeof(path), "%s/reference/maps/%s", shared, name);
	if (em_source_file(ctx, path, &source) != EM_OK)
		return NULL;
	if (em_mrc_read(ctx, &source, name, &header, &v) != EM_OK)
		v = NULL;
	if (source.close != NULL)
		source.close(&source, ctx);
	return v;
}

/* Read the reference curves; returns how many shells there were. */
static int
read_curves(double plain[SHELLS], double masked[SHELLS])
{
	char		path[1200];
	char		line[256];
	int			shell;
	int			n = 0;
	FILE	   *f;

	snprintf(path, sizeof(path), "%s/reference/maps/fsc_numpy.txt", shared);
	f = fopen(path, "r");
	if (f == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL && n < SHELLS)
		if (sscanf(line, "%d %*f %lf %lf", &shell, &plain[n], &masked[n]) == 3 && shell == n)
			n++;
	fclose(f);
	return n;
}

/* Column `column` (from 0) of a STAR loop of Xmipp, in the order of the shells from 1 on. */
static int
read_xmipp(const char *name, int column, double *out, int max)
{
	char		path[1200];
	char		line[256];
	int			n = 0;
	FILE	   *f;

	snprintf(path, sizeof(path), "%s/reference/tables/%s", shared, name);
	f = fopen(path, "r");
	if (f == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL && n < max)
	{
		double		v[5];

		if (line[0] == ' ' && sscanf(line, "%lf %lf %lf %lf %lf", &v[0], &v[1], &v[2], &v[3], &v[4]) == 5)
			out[n++] = v[column];
	}
	fclose(f);
	return n;
}

/* v *= mask */
static void
multiply(em_volume *v, const em_volume *mask)
{
	for (int64_t z = 0; z < v->grid.n[2]; z++)
		for (int64_t y = 0; y < v->grid.n[1]; y++)
			for (int64_t x = 0; x < v->grid.n[0]; x++)
				em_volume_row(v, y, z)[x] *= em_volume_row(mask, y, z)[x];
}

static double
largest_difference(const double *a, const double *b, int from, int count)
{
	double		d = 0;

	for (int i = from; i < count; i++)
		d = fmax(d, isfinite(a[i]) ? fabs(a[i] - b[i]) : INFINITY);
	return d;
}

/* FSC of the halves, with the mask when it is not NULL. */
static em_fsc *
compare(em_ctx *ctx, const em_volume *mask)
{
	em_volume  *v[2] = {load(ctx, "half1.mrc"), load(ctx, "half2.mrc")};
	em_fsc	   *f = NULL;

	for (int i = 0; i < 2; i++)
	{
		if (mask != NULL)
			multiply(v[i], mask);
		ok(em_fft_forward(ctx, v[i]) == EM_OK, "transform of half %d", i + 1);
	}
	ok(em_fsc_sweep(ctx, v[0], v[1], &f) == EM_OK, "sweep");
	em_volume_destroy(ctx, v[0]);
	em_volume_destroy(ctx, v[1]);
	return f;
}

static void
test_curves(em_ctx *ctx)
{
	double		plain[SHELLS];
	double		masked[SHELLS];
	double		xmipp[SHELLS];
	double		frequency;
	em_volume  *mask = load(ctx, "mask.mrc");
	em_fsc	   *f = compare(ctx, NULL);

	is_int(read_curves(plain, masked), SHELLS - 1, "reference curves have 64 shells");
	is_int(f->count, SHELLS, "ours have the Nyquist shell too");
	is_near(largest_difference(f->fsc, plain, 0, SHELLS - 1), 0, 1e-5, "unmasked FSC as numpy, every shell");
	is_int(em_crossings(f->fsc, f->count, f->length, 0.143, -1, &frequency, 1) > 0, 1, "it crosses 0.143");
	is_near(1 / frequency, 5.5623, 1e-3, "at 5.5623 A");
	is_int(read_xmipp("xmipp_fsc_s128.xmd", 1, xmipp + 1, SHELLS - 1), SHELLS - 1, "shells of Xmipp's table");
	is_near(largest_difference(f->fsc_vrs, xmipp, 1, SHELLS), 0, 2e-6,
			"fsc_vrs as Xmipp prints it, every shell");
	is_near(em_first_crossing_vrs(f->fsc_vrs, f->count, f->length, 0.143, -1), 5.6359, 1e-4,
			"and its crossing of 0.143");
	/* scipy.optimize.curve_fit on Xmipp's table, from the start that VRS gives it */
	is_near(em_fsc_logistic_crossing(f->fsc_vrs, f->count, f->length, 0.9), 11.4491, 1e-3,
			"and where the logistic curve is at 0.9");
	em_fsc_destroy(ctx, f);

	f = compare(ctx, mask);
	is_near(largest_difference(f->fsc, masked, 0, SHELLS - 1), 0, 1e-5,
			"soft-masked FSC as numpy, every shell");
	em_crossings(f->fsc, f->count, f->length, 0.143, -1, &frequency, 1);
	is_near(1 / frequency, 3.9595, 1e-3, "it crosses 0.143 at 3.9595 A");
	em_crossings(f->fsc, f->count, f->length, 0.5, -1, &frequency, 1);
	is_near(1 / frequency, 4.6455, 1e-3, "and 0.5 at 4.6455 A");
	em_fsc_destroy(ctx, f);
	em_volume_destroy(ctx, mask);
}

/* xmipp_volume_correct_bfactor --auto --fit_minres 9 --maxres 4 on the full map. */
static void
test_bfactor(em_ctx *ctx)
{
	em_volume  *v = load(ctx, "full.mrc");
	em_guinier *g;
	em_bfactor_fit fit;

	ok(em_fft_forward(ctx, v) == EM_OK, "transform of the full map");
	ok(em_guinier_profile(ctx, v, &g) == EM_OK, "its Guinier profile");
	ok(em_bfactor_fit_range(ctx, g, 9.0, 4.0, true, &fit) == EM_OK, "fit from 9 to 4 A");
	printf("# slope %.4f intercept %.4f B %.4f\n", fit.slope, fit.intercept, fit.bfactor);
	is_near(fit.slope, 9.793, 0.01 * 9.793, "slope as Xmipp's within 1 %%");
	is_near(fit.intercept, -7.986, 0.01 * 7.986, "intercept as Xmipp's within 1 %%");
	is_near(fit.bfactor, 39.170, 0.01 * 39.170, "B-factor as Xmipp's within 1 %%");
	em_guinier_destroy(ctx, g);
	em_volume_destroy(ctx, v);
}

/*
 * A volume in EM format: 4 bytes of machine (6: little-endian) and type (5: float),
 * three edges, a header of 512 bytes, the voxels with x fastest.
 */
static em_volume *
load_em(em_ctx *ctx, const char *name)
{
	const em_grid grid = {.n = {32, 32, 32},.voxel = {1, 1, 1},.angle = {90, 90, 90}};
	char		path[1200];
	unsigned char head[512];
	em_volume  *v = NULL;
	int32_t		edge[3];
	FILE	   *f;

	snprintf(path, sizeof(path), "%s/data/halfmaps/%s", shared, name);
	f = fopen(path, "rb");
	if (f == NULL)
		return NULL;
	if (fread(head, sizeof(head), 1, f) == 1 && head[0] == 6 && head[3] == 5)
	{
		memcpy(edge, head + 4, sizeof(edge));
		if (edge[0] == 32 && edge[1] == 32 && edge[2] == 32 && em_volume_create(ctx, &grid, name, &v) == EM_OK)
			for (int64_t row = 0; row < 32 * 32; row++)
				if (fread(em_volume_row(v, row % 32, row / 32), sizeof(float), 32, f) != 32)
					em_volume_row(v, row % 32, row / 32)[0] = NAN;
	}
	fclose(f);
	return v;
}

/*
 * The real half pair (nuclear pore, subtomogram average): unmasked as an
 * independent computation in double precision gives it (three digits), and under
 * its sphere as the global curve of xmipp_resolution_fso.
 */
static void
test_real_pair(em_ctx *ctx)
{
	static const double published[16] = {
		.997, .979, .958, .917, .923, .835, .786, .688, .597, .540, .390, .232, .311, .353, .229, .315
	};
	em_volume  *mask = load_em(ctx, "sphere_r10_g2_bx32.em");
	double		xmipp[17] = {0};
	em_fsc	   *f;

	if (mask == NULL)
	{
		skip("no real half pair");
		return;
	}
	is_int(read_column("tables/npc_xmipp_fso_global.xmd", 3, 0, xmipp + 1, 16), 16, "shells of Xmipp's table");
	for (int masked = 0; masked < 2; masked++)
	{
		em_volume  *v[2] = {load_em(ctx, "npc_ref_A_px_1_inv.em"), load_em(ctx, "npc_ref_B_px_1_inv.em")};

		for (int i = 0; i < 2; i++)
		{
			if (masked)
				multiply(v[i], mask);
			em_fft_forward(ctx, v[i]);
		}
		ok(em_fsc_sweep(ctx, v[0], v[1], &f) == EM_OK && f->count == 17, "real half pair: 17 shells");
		for (int k = 1; k <= 16 && !masked; k++)
			is_near(f->fsc[k], published[k - 1], 1e-3, "real half pair: FSC of shell %d", k);
		/* The corner of Nyquist's shell is counted differently there. */
		if (masked)
			is_near(largest_difference(f->fsc, xmipp, 1, 16), 0, 1e-5, "real half pair, masked: as Xmipp");
		em_fsc_destroy(ctx, f);
		em_volume_destroy(ctx, v[0]);
		em_volume_destroy(ctx, v[1]);
	}
	em_volume_destroy(ctx, mask);
}

int
main(void)
{
	const char *dir = shared_folder();
	em_ctx	   *ctx;
	em_volume  *probe;

	if (dir == NULL)
	{
		skip("EMVALID_SHARED is not set: no reference maps");
		return tap_done();
	}
	snprintf(shared, sizeof(shared), "%s", dir);
	ctx = em_ctx_create(&(em_ctx_options) {.threads = 2});
	probe = load(ctx, "half1.mrc");
	if (probe == NULL)
		skip("no reference maps: %s", em_ctx_message(ctx));
	else
	{
		em_volume_destroy(ctx, probe);
		test_curves(ctx);
		test_bfactor(ctx);
		test_real_pair(ctx);
		is_int(em_ctx_memory_used(ctx), 0, "nothing is left allocated");
	}
	em_ctx_destroy(ctx);
	return tap_done();
}
