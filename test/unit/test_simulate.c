/*
 * test/unit/test_simulate.c
 *		Simulated maps against what is known of them: the form factor of a single
 *		atom, the sum of all, a helix, and the signal-to-noise ratio that defines the
 *		resolution.
 */
#include <stdlib.h>
#include <string.h>

#include "../../contrib/train/simulate.h"
#include "fourier/em_fft.h"
#include "tap.h"

#define ATOMS 400

static em_ctx *ctx;

/* One Gaussian stands for every element here: f(s) = 6 exp(-10 s²/4). */
bool
tr_form_factor(int element, double a[5], double b[5])
{
	(void) element;
	memset(a, 0, 5 * sizeof(*a));
	memset(b, 0, 5 * sizeof(*b));
	a[0] = 6;
	b[0] = 10;
	return true;
}

/* Frequency of coefficient i on an axis, 1/Å. */
static double
frequency(const em_grid *grid, int axis, int64_t i)
{
	return (double) (2 * i > grid->n[axis] ? i - grid->n[axis] : i) / (double) grid->n[axis];
}

static void
test_single_atom(void)
{
	tr_atom		atom = {.at = {3.3f, -7.2f, 100.1f},.b = 50,.element = 6};
	const tr_model model = {&atom, 1, 1};
	tr_draws	draws = {1, 1, 0};
	tr_base		base;
	double		worst = 0;
	double		beyond = 0;

	ok(tr_base_make(ctx, &model, &draws, &base) == EM_OK, "base of one atom");
	for (int64_t z = 0; z < base.spectrum->grid.n[2]; z++)
		for (int64_t y = 0; y < base.spectrum->grid.n[1]; y++)
			for (int64_t x = 0; x <= base.spectrum->grid.n[0] / 2; x++)
			{
				const float *f = em_volume_row(base.spectrum, y, z) + 2 * x;
				const double s = sqrt(pow(frequency(&base.spectrum->grid, 0, x), 2) +
									  pow(frequency(&base.spectrum->grid, 1, y), 2) +
									  pow(frequency(&base.spectrum->grid, 2, z), 2));

				if (s > 0.5)
					beyond = fmax(beyond, hypot(f[0], f[1]));
				else if (s < 0.44)	/* no spread of B in the file: every atom gets the mean, 22 Å² */
					worst = fmax(worst, fabs(hypot(f[0], f[1]) - 6 * exp(-(10 + 22) * s * s / 4)));
			}
	ok(worst < 0.03, "|F| of an atom is its form factor to 2.3 Å (worst error %g of 6)", worst);
	ok(beyond == 0, "nothing beyond 2 Å");
	is_near(base.filled * (double) em_grid_voxels(&base.distance->grid), 4 * M_PI / 3 * 27, 12,
			"a ball of 3 Å is filled");
	tr_base_free(ctx, &base);
}

/* A cloud of atoms and, first, an alpha helix of 20 residues: rise 1.5 Å, 100 degrees a residue, radius 2.3 Å. */
static void
fill_model(tr_atom *atom, double sense)
{
	tr_draws	draws = {2, 1, 0};

	memset(atom, 0, ATOMS * sizeof(*atom));
	for (int i = 0; i < ATOMS; i++)
	{
		const double angle = sense * 100 * M_PI / 180 * i;

		atom[i].element = 6;
		atom[i].b = (float) tr_between(&draws, 10, 40);
		atom[i].residue = i;
		atom[i].ca = i < 20;
		atom[i].chain = i < 20 ? 0 : 1;
		for (int j = 0; j < 3; j++)
			atom[i].at[j] = (float) tr_between(&draws, 0, 30);
		if (i < 20)
		{
			atom[i].at[0] = (float) (2.3 * cos(angle));
			atom[i].at[1] = (float) (2.3 * sin(angle));
			atom[i].at[2] = (float) (1.5 * i);
		}
	}
}

static void
test_helix(void)
{
	tr_atom		atom[ATOMS];
	const tr_model model = {atom, ATOMS, ATOMS};
	tr_draws	draws = {3, 1, 0};
	tr_base		base;
	double		length = 0;

	fill_model(atom, 1);
	ok(tr_base_make(ctx, &model, &draws, &base) == EM_OK, "base of a helix in a cloud");
	is_int(base.helices, 1, "one helix");
	is_int(base.helical_residues, 20, "of 20 residues");
	if (base.n_axis > 1)
		for (int j = 0; j < 3; j++)
			length += pow(base.axis[base.n_axis - 1].at[j] - base.axis[0].at[j], 2);
	is_near(sqrt(length), 16 * 1.5, 0.5, "whose axis rises 1.5 Å a residue");
	is_near(em_volume_row(base.spectrum, 0, 0)[0], 6.0 * ATOMS, 6.0 * ATOMS * 5e-3, "F(0) is the sum of all atoms");
	tr_base_free(ctx, &base);

	fill_model(atom, -1);
	ok(tr_base_make(ctx, &model, &draws, &base) == EM_OK, "base of its mirror image");
	is_int(base.helices, 0, "a left-handed helix is not taken for an alpha helix");
	tr_base_free(ctx, &base);
}

/* Mean of |F|² over the shell of a frequency, half a shell to both sides. */
static double
shell_power(const em_volume *v, double at)
{
	const double width = 0.7 / (double) v->grid.n[0];
	double		sum = 0;
	int64_t		n = 0;

	for (int64_t z = 0; z < v->grid.n[2]; z++)
		for (int64_t y = 0; y < v->grid.n[1]; y++)
			for (int64_t x = 1; x < v->grid.n[0] / 2; x++)
			{
				const float *f = em_volume_row(v, y, z) + 2 * x;
				const double s = sqrt(pow(frequency(&v->grid, 0, x), 2) + pow(frequency(&v->grid, 1, y), 2) +
									  pow(frequency(&v->grid, 2, z), 2));

				if (fabs(s - at) > width)
					continue;
				sum += (double) f[0] * f[0] + (double) f[1] * f[1];
				n++;
			}
	return sum / (double) n;
}

/*
 * Two maps that differ in their noise: sum and difference give signal and noise.
 * At 1/d the signal-to-noise ratio of half maps inside the model must be 1/6, so
 * that of the full map, with half the noise, is 1/3.
 */
static void
test_noise(void)
{
	const tr_map_options o = {.resolution = 5,.noise = 1,.b = 100};
	tr_atom		atom[ATOMS];
	const tr_model model = {atom, ATOMS, ATOMS};
	tr_draws	draws = {4, 1, 0};
	tr_base		base;
	em_volume  *map[2];
	double		noise;
	double		both;

	fill_model(atom, 1);
	ok(tr_base_make(ctx, &model, &draws, &base) == EM_OK, "base");
	for (int i = 0; i < 2; i++)
		ok(tr_map_make(ctx, &base, &o, &draws, &map[i]) == EM_OK, "map %d", i);
	for (int64_t i = 0; i < map[0]->plane * map[0]->grid.n[2]; i++)
	{
		const float a = map[0]->data[i];
		const float b = map[1]->data[i];

		map[0]->data[i] = 0.5f * (a + b);
		map[1]->data[i] = 0.5f * (a - b);
	}
	for (int i = 0; i < 2; i++)
		ok(em_fft_forward(ctx, map[i]) == EM_OK, "spectrum %d", i);
	/* the mean has half a map's noise power left, the half difference has the same amount and no signal */
	noise = shell_power(map[1], 0.2);
	both = shell_power(map[0], 0.2);
	is_near((both - noise) / base.filled / (2 * noise), 1.0 / 3, 0.1, "signal to noise of the full map at 1/d");
	ok(shell_power(map[1], 0.24) < 1e-6 * noise, "nothing beyond the low-pass");
	for (int i = 0; i < 2; i++)
		em_volume_destroy(ctx, map[i]);
	tr_base_free(ctx, &base);
}

int
main(void)
{
	const em_ctx_options options = {.threads = 1};

	ctx = em_ctx_create(&options);
	test_single_atom();
	test_helix();
	test_noise();
	em_ctx_destroy(ctx);
	return tap_done();
}
