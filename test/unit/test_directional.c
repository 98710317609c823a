/*
 * test/unit/test_directional.c
 *		Directions, the walk over a shell, directional FSC, shell occupancy, 3D
 *		FSC and sphericity against brute force and known truth.
 */
#include "fourier/em_shell_walk.h"
#include "half/em_fsc3d.h"
#include "half/em_fso.h"
#include "half/em_shell_parts.h"
#include "halves.h"
#include "tap.h"

static em_ctx *ctx;

static em_grid
box(int64_t nx, int64_t ny, int64_t nz, double vx, double vy, double vz)
{
	return (em_grid) {.n = {nx, ny, nz},.voxel = {vx, vy, vz},.angle = {90, 90, 90}};
}

static double
dot(const double a[3], const double b[3])
{
	return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/* A unit vector, uniform over the sphere. */
static void
random_axis(uint64_t i, double out[3])
{
	double		z = 2 * em_rng_uniform(5, 1, i) - 1;
	double		phi = 2 * M_PI * em_rng_uniform(5, 2, i);

	out[0] = sqrt(1 - z * z) * cos(phi);
	out[1] = sqrt(1 - z * z) * sin(phi);
	out[2] = z;
}

static void
test_directions(void)
{
	em_directions *d = NULL;
	em_cone_cells *c = NULL;
	double		nearest[2] = {90, 0};
	double		tensor = 0;
	double		margin = cos(17 * M_PI / 180);
	int			lost = 0;

	ok(em_directions_create(ctx, EM_DIRECTION_LEVELS, &d) == EM_OK && d->n == 321, "321 directions");
	for (int i = 0; i < d->n; i++)
	{
		double		most = 0;

		for (int j = 0; j < d->n; j++)
			if (j != i)
				most = fmax(most, fabs(dot(d->v[i], d->v[j])));
		nearest[0] = fmin(nearest[0], acos(most) * 180 / M_PI);
		nearest[1] = fmax(nearest[1], acos(most) * 180 / M_PI);
	}
	ok(nearest[0] > 7.9 && nearest[1] < 9.1, "nearest neighbours are 7.9 to 9.1 degrees apart (%.2f, %.2f)",
	   nearest[0], nearest[1]);
	for (int j = 0; j < 3; j++)
		for (int k = 0; k < 3; k++)
		{
			double		sum = 0;

			for (int i = 0; i < d->n; i++)
				sum += d->v[i][j] * d->v[i][k];
			tensor = fmax(tensor, fabs(sum / d->n - (j == k) / 3.0));
		}
	ok(tensor < 1e-6, "their tensor is I/3 (%.2g)", tensor);
	ok(em_cone_cells_create(ctx, d, 17, &c) == EM_OK, "lists per cell");
	for (uint64_t i = 0; i < 4000; i++)
	{
		double		v[3];
		int			cell;
		int			inside = 0;
		int			listed = 0;

		random_axis(i, v);
		cell = em_cell_of((float) v[0], (float) v[1], (float) v[2], EM_CELL_EDGE);
		for (int j = 0; j < d->n; j++)
			inside += fabs(dot(v, d->v[j])) >= margin;
		for (int j = c->first[cell]; j < c->first[cell + 1]; j++)
			listed += fabs(v[0] * c->x[j] + v[1] * c->y[j] + v[2] * c->z[j]) >= margin;
		lost += listed < inside;
	}
	is_int(lost, 0, "no direction of a cone is missing from its cell, 4000 axes");
	em_cone_cells_destroy(ctx, c);
	em_directions_destroy(ctx, d);
	ok(em_directions_create(ctx, 7, &d) == EM_BAD_ARGUMENT, "too many levels are refused");
}

/* Every pair of Friedel mates is met once, whole and in parts. */
static void
test_walk(const em_grid *grid, const char *name)
{
	em_shells	s;
	int64_t		n[256];
	int			wrong = 0;
	int			wrong_parts = 0;

	em_shells_init(ctx, grid, &s);
	em_shells_counts(ctx, &s, n);
	for (int64_t i = 1; i < s.count - 1; i++)
	{
		int64_t		whole = 0;
		int64_t		parts = 0;
		int64_t		n_parts = em_shell_parts(i, 40);
		em_shell_walk w;

		em_shell_walk_start(&w, &s, i, INT64_MIN, INT64_MAX);
		while (em_shell_walk_next(&w))
			whole += w.end - w.first;
		for (int64_t p = 0; p < n_parts; p++)
		{
			em_shell_part_start(&w, &s, i, p, n_parts);
			while (em_shell_walk_next(&w))
				parts += w.end - w.first;
		}
		wrong += 2 * whole != n[i];
		wrong_parts += parts != whole;
	}
	is_int(wrong, 0, "%s: shells are complete", name);
	is_int(wrong_parts, 0, "%s: in parts as well", name);
}

/* Half maps of noise with a flat signal, as spectra. */
static void
spectra(const em_grid *grid, uint64_t seed, snr_fn snr, void *arg, em_volume *f[2])
{
	make_halves(ctx, grid, seed, snr, arg, f);
	em_fft_forward(ctx, f[0]);
	em_fft_forward(ctx, f[1]);
}

static void
drop(em_volume *f[2])
{
	em_volume_destroy(ctx, f[0]);
	em_volume_destroy(ctx, f[1]);
}

static double
half_and_half(double shell, const double axis[3], void *arg)
{
	(void) shell;
	(void) axis;
	(void) arg;
	return 1;
}

/* Correlation about an axis by visiting every coefficient of the full sphere. */
static double
brute_cone(em_volume *f[2], const em_shells *s, int64_t shell, const double axis[3], double cone, bool hard)
{
	double		cos_cone = cos(cone * M_PI / 180);
	double		sum[3] = {0};

	for (int64_t iz = 0; iz < s->n[2]; iz++)
		for (int64_t iy = 0; iy < s->n[1]; iy++)
			for (int64_t kx = 0; kx < s->nxh; kx++)
			{
				double		v[3] = {(double) kx * sqrt(s->unit2[0]),
					(double) em_frequency(iy, s->n[1]) * sqrt(s->unit2[1]),
				(double) em_frequency(iz, s->n[2]) * sqrt(s->unit2[2])};
				double		r = sqrt(dot(v, v));
				const float *a = em_volume_row(f[0], iy, iz) + 2 * kx;
				const float *b = em_volume_row(f[1], iy, iz) + 2 * kx;
				double		c,
							t,
							w;

				if ((int64_t) (r + 0.5 + 1e-9) != shell)
					continue;
				c = fabs(dot(v, axis)) / r;
				if (c < cos_cone)
					continue;
				t = (1 - c) / (1 - cos_cone);
				w = (hard ? 1 : exp(-4 * t * t)) * (kx == 0 || 2 * kx == s->n[0] ? 1 : 2);
				sum[0] += w * ((double) a[0] * b[0] + (double) a[1] * b[1]);
				sum[1] += w * ((double) a[0] * a[0] + (double) a[1] * a[1]);
				sum[2] += w * ((double) b[0] * b[0] + (double) b[1] * b[1]);
			}
	return sum[1] > 0 && sum[2] > 0 ? sum[0] / sqrt(sum[1] * sum[2]) : NAN;
}

static void
test_brute(const em_grid *grid, const char *name)
{
	static const double axes[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
	em_volume  *f[2];
	em_shells	s;
	em_directional *d = NULL;
	em_directional *again = NULL;
	em_ctx	   *other = em_ctx_create(&(em_ctx_options) {.threads = 3});
	double		worst = 0;
	double		worst_axis = 0;

	spectra(grid, 3, half_and_half, NULL, f);
	em_shells_init(ctx, grid, &s);
	ok(em_directional_sweep(ctx, f[0], f[1], &EM_DIRECTIONAL_DEFAULTS, &d) == EM_OK, "%s: sweep", name);
	for (int64_t shell = 3; shell < s.count - 1; shell += 4)
	{
		for (int i = 0; i < d->directions->n; i += 80)
			worst = fmax(worst, fabs(d->fsc[i * d->count + shell] -
									 brute_cone(f, &s, shell, d->directions->v[i], 17, false)));
		for (int j = 0; j < 3; j++)
			worst_axis = fmax(worst_axis, fabs(d->axis[j][shell] - brute_cone(f, &s, shell, axes[j], 20, true)));
	}
	ok(worst < 2e-5, "%s: weighted cones as by brute force (%.2g)", name, worst);
	ok(worst_axis < 1e-6, "%s: axis cones as by brute force (%.2g)", name, worst_axis);
	ok(em_directional_sweep(other, f[0], f[1], &EM_DIRECTIONAL_DEFAULTS, &again) == EM_OK &&
	   memcmp(d->fsc, again->fsc, (size_t) (d->count * d->directions->n) * sizeof(double)) == 0,
	   "%s: the same bits with three threads", name);
	em_directional_destroy(other, again);
	em_directional_destroy(ctx, d);
	em_ctx_destroy(other);
	drop(f);
}

static double
logistic(double shell, const double axis[3], void *arg)
{
	(void) axis;
	return 4 / (1 + exp((shell - *(double *) arg) / 1.5));
}

/* T1: isotropic data. */
static void
test_isotropic(void)
{
	em_grid		grid = box(64, 64, 64, 1, 1, 1);
	double		middle = 17;
	em_volume  *f[2];
	em_directional *d = NULL;
	em_fso	   *o = NULL;
	double		frequency[3] = {0};
	double		global = 0;
	double		axis[3] = {0};
	int			far = 0;
	int			large = 0;
	int			tested = 0;
	double		share = 1 - cos(17 * M_PI / 180);

	spectra(&grid, 11, logistic, &middle, f);
	ok(em_directional_sweep(ctx, f[0], f[1], &EM_DIRECTIONAL_DEFAULTS, &d) == EM_OK, "isotropic: sweep");
	ok(em_fso_create(ctx, d, 0.143, &o) == EM_OK, "isotropic: occupancy");
	for (int64_t i = 8; i < 30; i++)
	{
		double		rho = logistic((double) i, axis, &middle);
		double		want = rho / (1 + rho);
		/* The weights leave about 0.62 of the pairs in the cone. */
		double		n_cone = 0.62 * share * (double) d->n[i] / 2;

		for (int k = 0; k < d->directions->n; k++, tested++)
			far += fabs(d->fsc[k * d->count + i] - want) > 3 / sqrt(2 * n_cone) + 0.02;
	}
	ok(far < 0.01 * tested, "directional FSC within 3 sigma of rho/(1+rho): %d of %d are not", far, tested);
	em_crossings(o->fso, o->count, o->length, 0.9, -1, &frequency[0], 1);
	em_crossings(o->fso, o->count, o->length, 0.5, -1, &frequency[1], 1);
	em_crossings(o->fso, o->count, o->length, 0.1, -1, &frequency[2], 1);
	em_crossings(d->global, d->count, d->length, 0.143, -1, &global, 1);
	is_near(frequency[1] * d->length, global * d->length, 2, "FSO 0.5 within 2 shells of the global FSC 0.143");
	ok((frequency[2] - frequency[0]) * d->length < 6, "from FSO 0.9 to 0.1 in less than 6 shells");
	for (int64_t i = EM_FSO_SETTLED; i < o->count; i++)
		large += o->fso[i] > 0.9 && o->bingham[i] > 11.07;
	is_int(large, 0, "Bingham's statistic is below 11.07 where the occupancy is above 0.9");
	em_fso_destroy(ctx, o);
	em_directional_destroy(ctx, d);
	drop(f);
}

/* rho = 4 to shell 24 beyond 45 degrees from z, to shell 14 within. */
static double
cone_truth(double shell, const double axis[3], void *arg)
{
	(void) arg;
	return shell < (fabs(axis[2]) < sqrt(0.5) ? 24 : 14) ? 4 : 0;
}

/* T2: the occupancy of data that are worse about z. */
static void
test_anisotropic(void)
{
	em_grid		grid = box(64, 64, 64, 1, 1, 1);
	double		cos_cone = cos(17 * M_PI / 180);
	em_volume  *f[2];
	em_directional *d = NULL;
	em_fso	   *o = NULL;
	int			expected = 0;

	spectra(&grid, 12, cone_truth, NULL, f);
	ok(em_directional_sweep(ctx, f[0], f[1], &EM_DIRECTIONAL_DEFAULTS, &d) == EM_OK, "anisotropic: sweep");
	ok(em_fso_create(ctx, d, 0.143, &o) == EM_OK, "anisotropic: occupancy");
	/* Directions whose weighted mean correlation over the cone exceeds the threshold, from random axes. */
	for (int i = 0; i < d->directions->n; i++)
	{
		double		signal = 0;
		double		power = 0;

		for (uint64_t k = 0; k < 4000; k++)
		{
			double		v[3];
			double		c,
						t;

			random_axis(k, v);
			c = fabs(dot(v, d->directions->v[i]));
			t = (1 - c) / (1 - cos_cone);
			if (c < cos_cone)
				continue;
			signal += exp(-4 * t * t) * cone_truth(19, v, NULL);
			power += exp(-4 * t * t) * (1 + cone_truth(19, v, NULL));
		}
		expected += signal / power > 0.143;
	}
	for (int64_t i = 17; i <= 22; i++)
	{
		is_near(o->fso[i] * 321, expected, 8, "shell %d: as many directions pass as should", (int) i);
		ok(o->anisotropy[i] > 0.99 && o->bingham_p_vrs[i] > 0.99, "shell %d is anisotropic", (int) i);
	}
	is_near(d->axis[2][19], 0, 0.15, "nothing about z");
	ok(d->axis[0][19] > 0.7, "plenty about x");
	em_fso_destroy(ctx, o);
	em_directional_destroy(ctx, d);
	drop(f);
}

/* No signal within 30 degrees of z, logistic elsewhere. */
static double
missing_cone(double shell, const double axis[3], void *arg)
{
	return fabs(axis[2]) > cos(M_PI / 6) ? 0 : logistic(shell, axis, arg);
}

/* T4, and the 3D FSC against brute force. */
static void
test_missing_cone(void)
{
	em_grid		grid = box(80, 80, 80, 1, 1, 1);
	double		middle = 27.5;
	em_volume  *f[2];
	em_volume  *cube = NULL;
	em_directional *d = NULL;
	em_shells	s;
	double		x = 0;
	double		y = 0;
	double		z = 0;
	double		worst[2] = {0, 0};
	int64_t		reach;

	em_shells_init(ctx, &grid, &s);
	spectra(&grid, 13, missing_cone, &middle, f);
	ok(em_directional_sweep(ctx, f[0], f[1], &EM_DIRECTIONAL_DEFAULTS, &d) == EM_OK, "missing cone: sweep");
	em_crossings(d->axis[0], d->count, d->length, 0.143, -1, &x, 1);
	em_crossings(d->axis[1], d->count, d->length, 0.143, -1, &y, 1);
	if (em_crossings(d->axis[2], d->count, d->length, 0.143, -1, &z, 1) == 0)
		z = 1 / d->length;
	ok((x - z) * d->length >= 3, "z falls at least 3 shells before x (%.1f, %.1f)", z * d->length, x * d->length);
	is_near(x * d->length, y * d->length, 1.5, "x and y fall together");

	reach = em_fsc3d_reach(d->global, d->count);
	ok(reach >= 37 && reach < d->count, "the volume reaches shell %d", (int) reach);
	ok(em_fsc3d_volume(ctx, f[0], f[1], 20, reach, &cube) == EM_OK, "3D FSC");
	for (uint64_t k = 0; k < 24; k++)
	{
		double		v[3];
		double		r = k < 8 ? 4 + 4 * (double) k : 33 + (double) (k - 8) / 4;
		int64_t		at[3];
		double		place[3];

		random_axis(100 + k, v);
		for (int j = 0; j < 3; j++)
		{
			at[j] = llround(v[j] * r);
			place[j] = (double) at[j];
		}
		r = sqrt(dot(place, place));
		for (int j = 0; j < 3; j++)
			place[j] /= r;
		worst[k >= 8] = fmax(worst[k >= 8],
							 fabs(em_volume_row(cube, at[1] + reach, at[2] + reach)[at[0] + reach] -
								  brute_cone(f, &s, (int64_t) (r + 0.5 + 1e-9), place, 20, true)));
	}
	ok(worst[0] < 1e-5, "inner shells as by brute force (%.2g)", worst[0]);
	ok(worst[1] < 0.03, "outer shells nearly so (%.3f)", worst[1]);
	is_near(em_volume_row(cube, reach, reach)[reach], 1, 0, "the centre is 1");
	is_near(em_volume_row(cube, 0, 0)[0], 0, 0, "the corner is 0");
	em_volume_destroy(ctx, cube);
	em_directional_destroy(ctx, d);
	drop(f);
}

/* Sphericity of an ellipsoid with half axes a, a, c in a cube. */
static double
ellipsoid(int64_t reach, double a, double c)
{
	em_grid		grid = box(2 * reach + 1, 2 * reach + 1, 2 * reach + 1, 1, 1, 1);
	em_volume  *v;
	double		out = 0;

	em_volume_create(ctx, &grid, "ellipsoid", &v);
	for (int64_t z = -reach; z <= reach; z++)
		for (int64_t y = -reach; y <= reach; y++)
			for (int64_t x = -reach; x <= reach; x++)
				em_volume_row(v, y + reach, z + reach)[x + reach] =
					(double) (x * x + y * y) / (a * a) + (double) (z * z) / (c * c) <= 1 ? 0.9f : 0.1f;
	/* Something that is not connected with the centre does not count. */
	em_volume_row(v, 2 * reach, 2 * reach)[2 * reach] = 1;
	if (em_fsc3d_sphericity(ctx, v, 0.5, 1, &out) != EM_OK)
		out = NAN;
	em_volume_destroy(ctx, v);
	return out;
}

/* T3. */
static void
test_sphericity(void)
{
	double		ball = ellipsoid(42, 40, 40);

	ok(ball > 0.93 && ball < 1.02, "a digital ball of radius 40 has %.4f", ball);
	is_near(ellipsoid(42, 40, 20), 0.913, 0.02, "oblate ellipsoid 2:1");
	is_near(ellipsoid(42, 20, 40), 0.929, 0.02, "prolate ellipsoid 1:2");
}

int
main(void)
{
	em_grid		cube = box(24, 24, 24, 1.5, 1.5, 1.5);
	em_grid		odd = box(21, 21, 21, 1, 1, 1);
	em_grid		flat = box(24, 20, 30, 1.0, 1.3, 0.9);

	ctx = em_ctx_create(&(em_ctx_options) {.threads = 1});
	test_directions();
	test_walk(&cube, "cube");
	test_walk(&odd, "odd box");
	test_walk(&flat, "box of unequal axes");
	test_brute(&cube, "cube");
	test_brute(&flat, "box of unequal axes");
	test_isotropic();
	test_anisotropic();
	test_missing_cone();
	test_sphericity();
	is_int(em_ctx_memory_used(ctx), 0, "nothing is left allocated");
	em_ctx_destroy(ctx);
	return tap_done();
}
