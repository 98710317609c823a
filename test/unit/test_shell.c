/*
 * test/unit/test_shell.c
 *		Shell numbers and counts against brute force over the full spectrum.
 */
#include <stdlib.h>
#include <string.h>

#include "em.h"
#include "tap.h"

/* |s| L of a coefficient of the full spectrum, from the definition. */
static double
distance(const em_grid *g, int64_t ix, int64_t iy, int64_t iz)
{
	int64_t		i[3] = {ix, iy, iz};
	double		s2 = 0;

	for (int j = 0; j < 3; j++)
	{
		double		s = (double) em_frequency(i[j], g->n[j]) / ((double) g->n[j] * g->voxel[j]);

		s2 += s * s;
	}
	return sqrt(s2) * (double) g->n[0] * g->voxel[0];
}

/* All of a grid: rows, slots and counts; `slack` Å is added to the voxel sizes that libem sees. */
static void
test_grid(int64_t nx, int64_t ny, int64_t nz, double vx, double vy, double vz, double slack)
{
	em_ctx	   *ctx = em_ctx_create(&(em_ctx_options) {.threads = 2});
	em_grid		g = {.n = {nx, ny, nz},.voxel = {vx, vy, vz}};
	em_grid		seen = {.n = {nx, ny, nz},.voxel = {vx, vy + slack, vz - slack}};
	double		nyquist = (double) nx * vx / (2 * fmax(vx, fmax(vy, vz)));
	em_shells	s;
	char		name[64];
	int64_t		wrong_row = 0;
	int64_t		wrong_slot = 0;
	int64_t		wrong_whole = 0;
	int64_t		wrong_count = 0;

	snprintf(name, sizeof(name), "%dx%dx%d, voxel %g %g %g", (int) nx, (int) ny, (int) nz, vx, vy, vz);
	ok(em_shells_init(ctx, &seen, &s) == EM_OK, "%s: shells", name);
	is_int(s.count, (int64_t) floor(nyquist + 1e-4) + 1, "%s: number of shells", name);
	is_near(s.length, (double) nx * vx, 1e-9, "%s: length", name);

	int32_t    *row = malloc(sizeof(int32_t) * (size_t) em_shells_room(&s));
	int32_t    *slot = malloc(sizeof(int32_t) * (size_t) em_shells_room(&s));
	int32_t    *whole = malloc(sizeof(int32_t) * (size_t) em_shells_room(&s));
	int64_t    *n = calloc((size_t) s.count, sizeof(int64_t));
	int64_t    *got = calloc((size_t) s.count, sizeof(int64_t));

	for (int64_t iz = 0; iz < nz; iz++)
		for (int64_t iy = 0; iy < ny; iy++)
		{
			int64_t		in_slots;

			em_shells_row(&s, iy, iz, row);
			in_slots = em_shells_slots(&s, iy, iz, slot, whole);
			for (int64_t ix = 0; ix < nx; ix++)
			{
				double		r = distance(&g, ix, iy, iz);
				int64_t		shell = (int64_t) floor(r + 0.5 + 1e-10);	/* ties: away from zero */

				if (shell < s.count)
					n[shell]++;
				if (ix >= s.nxh)
					continue;
				wrong_row += row[ix] != (shell < s.count ? shell : -1);
				wrong_slot += (shell < s.count) != (ix < in_slots);
				if (ix < in_slots)
				{
					wrong_slot += slot[ix] != (r > nyquist * (1 + 2e-6) ? s.count : shell);
					wrong_whole += whole[ix] != (int64_t) floor(r + 1e-10);
				}
			}
		}
	is_int(wrong_row, 0, "%s: every shell number", name);
	is_int(wrong_slot, 0, "%s: every slot", name);
	is_int(wrong_whole, 0, "%s: every floor shell", name);
	ok(em_shells_counts(ctx, &s, got) == EM_OK, "%s: counting", name);
	for (int64_t i = 0; i < s.count; i++)
		wrong_count += got[i] != n[i];
	is_int(wrong_count, 0, "%s: every count", name);
	is_int(em_ctx_memory_used(ctx), 0, "%s: nothing is left", name);
	free(got);
	free(n);
	free(whole);
	free(slot);
	free(row);
	em_ctx_destroy(ctx);
}

static void
test_refusals(void)
{
	em_ctx	   *ctx = em_ctx_create(&(em_ctx_options) {.threads = 1});
	em_grid		g = {.n = {8, 8, 8},.voxel = {1, 1, 1}};
	em_shells	s;

	g.voxel[1] = 0;
	ok(em_shells_init(ctx, &g, &s) == EM_BAD_ARGUMENT, "no shells without a voxel size");
	g.voxel[1] = NAN;
	ok(em_shells_init(ctx, &g, &s) == EM_BAD_ARGUMENT, "nor with one that is not a number");
	g.voxel[1] = 1;
	g.angle[2] = 120;
	ok(em_shells_init(ctx, &g, &s) == EM_UNSUPPORTED, "nor on axes that are not orthogonal");
	em_ctx_destroy(ctx);
}

/* Numbers that can be counted by hand: 6 + 12 neighbours in shell 1, the centre in shell 0. */
static void
test_by_hand(void)
{
	em_ctx	   *ctx = em_ctx_create(&(em_ctx_options) {.threads = 1});
	em_grid		g = {.n = {16, 16, 16},.voxel = {2, 2, 2}};
	em_shells	s;
	int64_t		n[9];

	em_shells_init(ctx, &g, &s);
	is_int(s.count, 9, "16 voxels: shells 0 to 8");
	em_shells_counts(ctx, &s, n);
	is_int(n[0], 1, "one coefficient in shell 0");
	is_int(n[1], 18, "18 in shell 1");
	is_int(n[2], 62, "62 in shell 2");
	is_int(n[3], 98, "98 in shell 3");
	is_int(em_frequency(8, 16), 8, "index n/2 is the positive Nyquist frequency");
	is_int(em_frequency(9, 16), -7, "and the next one negative");
	is_int(em_frequency(7, 15), 7, "odd: the last positive frequency");
	is_int(em_frequency(8, 15), -7, "odd: the first negative one");
	em_ctx_destroy(ctx);
}

int
main(void)
{
	test_by_hand();
	test_grid(16, 16, 16, 1.5, 1.5, 1.5, 0);
	test_grid(17, 17, 17, 1.059, 1.059, 1.059, 0);
	test_grid(32, 20, 24, 1, 1, 1, 0);
	test_grid(15, 22, 9, 1.3, 1.3, 1.3, 0);
	test_grid(16, 16, 16, 1, 1.25, 2, 0);
	test_grid(20, 14, 11, 2.5, 1.1, 0.7, 0);
	test_grid(1, 1, 1, 1, 1, 1, 0);
	test_grid(2, 9, 1, 1, 1, 1, 0);
	/* Voxel sizes that differ in the last digit of a float are a cube's. */
	test_grid(24, 24, 24, 1.2, 1.2, 1.2, 1e-7);
	test_refusals();
	return tap_done();
}
