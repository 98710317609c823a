/*
 * test/unit/test_check_hand.c
 *		Check 0.h on a workbench: voxel sizes, axis orders, what does not apply or
 *		fails; models that were not trained on; real maps and their mirror images.
 */
#include <zlib.h>

#include "boxes.h"
#include "halves.h"
#include "learned/em_hand.h"
#include "mrc_bytes.h"
#include "peptide.h"
#include "tap.h"

#define SIGMA 1.2				/* Å */

/* Run 0.h on a volume. */
static em_results *
run_on(em_ctx *ctx, const em_volume *map, double contour, double resolution)
{
	bench_maps	maps = {.volume = {[EM_ROLE_MAP] = map}};
	em_workbench *wb = bench_open(ctx, &maps, &map->grid, contour, resolution, NULL, 0);
	em_results *r = bench_run(ctx, wb, "0.h", false);

	if (r != NULL)
		printf("# score %.4f free %.4f, %g helices, %g sites, %g rods, decision %g %s\n", measure_of(r, "score"),
			   measure_of(r, "score_free"), measure_of(r, "helices"), measure_of(r, "sites"),
			   measure_of(r, "candidates"), measure_of(r, "decision"), r->reason_code);
	em_workbench_destroy(wb);
	return r;
}

/* Two helices side by side, tilted against the axes, about the point (28, 30, 32) Å. */
static peptide
two_helices(void)
{
	peptide		p = {0};
	double		turn[3][3];

	for (int i = 0; i < 2; i++)
	{
		const int	from = p.n;

		random_turn((uint64_t) (5 + i), turn);
		peptide_chain(&p, 26, -57.8, -47.0, NULL);
		peptide_place(&p, from, p.n, turn, (const double[3]) {20 + 18 * i, 30, 32});
	}
	return p;
}

static em_volume *
density(em_ctx *ctx, const peptide *p, const em_grid *grid, bool mirror)
{
	em_volume  *v;

	if (em_volume_create(ctx, grid, "test map", &v) != EM_OK)
		return NULL;
	peptide_density(p, SIGMA, mirror, v);
	return v;
}

/* Any voxel size, also three different ones. */
static void
test_voxels(em_ctx *ctx)
{
	static const double voxel[][3] = {{1, 1, 1}, {0.7, 0.7, 0.7}, {1.31, 1.31, 1.31}, {1.1, 0.9, 1.2},
	{2.1, 2.1, 2.1}};
	peptide		p = two_helices();

	for (int i = 0; i < 5; i++)
	{
		em_grid		grid = {.angle = {90, 90, 90}};
		double		score[2];

		for (int j = 0; j < 3; j++)
		{
			grid.voxel[j] = voxel[i][j];
			grid.n[j] = 2 * (int64_t) (33 / voxel[i][j]);
		}
		for (int mirror = 0; mirror < 2; mirror++)
		{
			em_volume  *v = density(ctx, &p, &grid, mirror == 1);
			em_results *r = run_on(ctx, v, 1.0, 3.5);

			score[mirror] = measure_of(r, "score");
			is_near(measure_of(r, "decision"), mirror == 1 ? EM_HAND_MIRRORED : EM_HAND_RIGHT, 0,
					"voxels of %g, %g, %g Å: %s", voxel[i][0], voxel[i][1], voxel[i][2],
					mirror == 1 ? "mirrored" : "right");
			is_near(measure_of(r, "helices"), 2, 1, "voxels of %g Å: two helices, perhaps one more", voxel[i][0]);
			em_results_destroy(r);
			em_volume_destroy(ctx, v);
		}
		is_near(score[0] + score[1], 1, 0.02, "voxels of %g Å: the scores add up to 1", voxel[i][0]);
	}
	peptide_free(&p);
}

/* Scale and offset of the densities do not matter, nor where the box begins. */
static void
test_invariance(em_ctx *ctx)
{
	const em_grid grid = {.n = {64, 64, 64},.voxel = {1, 1, 1},.angle = {90, 90, 90}};
	peptide		p = two_helices();
	em_volume  *v = density(ctx, &p, &grid, false);
	em_results *plain = run_on(ctx, v, 1.0, 3.5);
	em_results *scaled;

	for (int64_t i = 0; i < v->plane * 64; i++)
		v->data[i] *= 1024;
	scaled = run_on(ctx, v, 1024.0, 3.5);
	ok(measure_of(plain, "score") == measure_of(scaled, "score") &&
	   measure_of(plain, "score_free") == measure_of(scaled, "score_free"), "scaled by 1024: the same to the last bit");
	em_results_destroy(scaled);
	em_results_destroy(plain);
	em_volume_destroy(ctx, v);
	peptide_free(&p);
}

static const em_volume *filed;	/* what file_value() hands out */

static double
file_value(int x, int y, int z)
{
	return em_volume_row(filed, y, z)[x];
}

/* A file with its axes in another order is the same map; the reader undoes them. */
static void
test_axes(em_ctx *ctx)
{
	static const int axis[][3] = {{1, 2, 3}, {2, 1, 3}, {3, 1, 2}, {3, 2, 1}};
	const em_grid grid = {.n = {60, 62, 64},.voxel = {1, 1, 1},.angle = {90, 90, 90}};
	peptide		p = two_helices();
	em_volume  *v = density(ctx, &p, &grid, false);
	double		first = NAN;

	filed = v;
	for (int i = 0; i < 4; i++)
	{
		mrc_spec	s = mrc_default(60, 62, 64, 2, i % 2 == 1);
		em_source	source;
		em_mrc_header header;
		em_volume  *read = NULL;
		int64_t		length;
		uint8_t    *b;
		em_results *r;

		for (int j = 0; j < 3; j++)
		{
			s.axis[j] = axis[i][j];
			s.n[j] = (int) grid.n[axis[i][j] - 1];
			s.cell[j] = (float) grid.n[j];
			s.m[j] = (int) grid.n[j];
		}
		b = mrc_file_bytes(&s, file_value, &length);
		em_source_memory(&source, b, length);
		if (ok(em_mrc_read(ctx, &source, "test", &header, &read) == EM_OK, "axes %d%d%d: read", axis[i][0],
			   axis[i][1], axis[i][2]))
		{
			r = run_on(ctx, read, 1.0, 3.5);
			is_near(measure_of(r, "decision"), EM_HAND_RIGHT, 0, "axes %d%d%d: right", axis[i][0], axis[i][1],
					axis[i][2]);
			first = i == 0 ? measure_of(r, "score") : first;
			ok(measure_of(r, "score") == first, "axes %d%d%d: the same score to the last bit", axis[i][0],
			   axis[i][1], axis[i][2]);
			em_results_destroy(r);
		}
		em_volume_destroy(ctx, read);
		free(b);
	}
	em_volume_destroy(ctx, v);
	peptide_free(&p);
}

/* What the check needs is what it says: measured with that budget, refused with a little less. */
static void
test_budget(em_ctx *ctx)
{
	const em_grid grid = box(60, 56, 50, 1.31);
	peptide		p = two_helices();
	em_volume  *v = density(ctx, &p, &grid, false);
	bench_maps	maps = {.volume = {[EM_ROLE_MAP] = v}};
	em_workbench *wb = bench_open(ctx, &maps, &grid, 1.0, 3.5, NULL, 0);
	const uint64_t estimate = em_check_find("0.h")->estimate(wb);

	em_workbench_destroy(wb);
	for (int less = 0; less < 2; less++)
	{
		em_ctx	   *tight = em_ctx_create(&(em_ctx_options) {.threads = 2,.memory_budget = estimate - (uint64_t) less});
		em_results *r;

		wb = bench_open(tight, &maps, &grid, 1.0, 3.5, NULL, 0);
		r = bench_run(tight, wb, "0.h", false);
		if (less == 0)
			ok(r != NULL && r->state == EM_MEASURED, "measured in its estimate of %.1f MiB, peak %.1f",
			   (double) estimate / 1048576, (double) em_ctx_memory_peak(tight) / 1048576);
		else
			ok(r == NULL && em_ctx_status(tight) == EM_OVER_BUDGET, "refused with one byte less");
		em_results_destroy(r);
		em_workbench_destroy(wb);
		em_ctx_destroy(tight);
	}
	em_volume_destroy(ctx, v);
	peptide_free(&p);
}

/* A map of 1024 voxels an edge fits in 16 GiB, whatever the size of its voxels; one of 512 in less. */
static void
test_large(em_ctx *ctx)
{
	static const double voxel[] = {0.5, 0.8, 1.0, 1.06, 1.2, 1.5, 2.0, 2.5};

	for (int i = 0; i < 8; i++)
		for (int n = 512; n <= 1024; n += 512)
		{
			em_workbench_options o = {.contour = 1,.resolution = 4,.load = bench_load};
			em_workbench *wb;
			double		gib;

			o.present[EM_ROLE_MAP] = true;
			o.grid[EM_ROLE_MAP] = box(n, n, n, voxel[i]);
			em_workbench_create(ctx, &o, &wb);
			gib = (double) em_check_find("0.h")->estimate(wb) / pow(2, 30);
			ok(gib < (n == 512 ? 12 : 16), "%d voxels of %g Å an edge: %.1f GiB", n, voxel[i], gib);
			em_workbench_destroy(wb);
		}
}

/* What does not apply or cannot be measured. */
static void
test_states(em_ctx *ctx)
{
	static const struct
	{
		const char *name;
		double		voxel;
		double		contour;
		double		resolution;
		em_state	state;
		const char *reason;
	}			t[] = {
		{"no resolution", 1, 1, NAN, EM_NOT_APPLICABLE, "no_resolution"},
		{"5 Å", 1, 0.3, 5, EM_FAILED, "no_helices"},
		{"worse than 5 Å", 1, 0.3, 5.01, EM_NOT_APPLICABLE, "resolution_too_low"},
		{"no contour", 1, NAN, 4, EM_NOT_APPLICABLE, "no_contour"},
		{"contour above the maximum", 1, 2, 4, EM_FAILED, "empty_mask"},
		{"coarse voxels", 2.6, 0.3, 4, EM_FAILED, "voxels_too_coarse"},
		{"a box of 10 Å", 0.25, 0.3, 4, EM_FAILED, "box_too_small"},
		{"no voxel size", 0, 0.3, 4, EM_FAILED, "bad_grid"}
	};

	for (int i = 0; i < (int) (sizeof(t) / sizeof(t[0])); i++)
	{
		const em_grid grid = box(40, 40, 40, t[i].voxel);
		em_volume  *v;
		em_results *r;

		em_volume_create(ctx, &grid, "ball", &v);
		for (int z = 0; z < 40; z++)
			for (int y = 0; y < 40; y++)
				for (int x = 0; x < 40; x++)
				{
					const double r2 = pow(x - 20, 2) + pow(y - 20, 2) + pow(z - 20, 2);

					em_volume_row(v, y, z)[x] = (float) exp(-r2 / 80);
				}
		r = run_on(ctx, v, t[i].contour, t[i].resolution);
		ok(r != NULL && r->state == t[i].state && strcmp(r->reason_code, t[i].reason) == 0, "%s: %s", t[i].name,
		   t[i].reason);
		ok(r != NULL && em_results_find(r, "score") == NULL, "%s: no score", t[i].name);
		em_results_destroy(r);
		em_volume_destroy(ctx, v);
	}
}

/* A constant map, all of it above the contour. */
static void
test_constant(em_ctx *ctx)
{
	const em_grid grid = {.n = {40, 36, 38},.voxel = {1, 1, 1},.angle = {90, 90, 90}};
	em_volume  *v;
	em_results *r;

	em_volume_create(ctx, &grid, "constant", &v);
	for (int64_t i = 0; i < v->plane * 38; i++)
		v->data[i] = 1;
	r = run_on(ctx, v, 0.5, 4);
	ok(r != NULL && r->state == EM_FAILED && strcmp(r->reason_code, "no_helices") == 0,
	   "a constant map has no helices");
	em_results_destroy(r);
	em_volume_destroy(ctx, v);
}

/* The atoms of a PDB file below $EMVALID_SHARED, gzip or not; first model, no hydrogens. */
static bool
read_pdb(const char *name, peptide *p)
{
	char		path[1200];
	char		line[256];
	gzFile		f;

	snprintf(path, sizeof(path), "%s/%s", shared_folder(), name);
	f = gzopen(path, "rb");
	if (f == NULL)
		return false;
	while (gzgets(f, line, sizeof(line)) != NULL && strncmp(line, "ENDMDL", 6) != 0)
	{
		double		at[3];
		char		element = line[13];

		if (strncmp(line, "ATOM  ", 6) != 0 || element == 'H' || line[12] == 'H' ||
			(line[16] != ' ' && line[16] != 'A') ||
			sscanf(line + 30, "%8lf%8lf%8lf", &at[0], &at[1], &at[2]) != 3)
			continue;
		peptide_add(p, at, element == 'C' ? 6 : element == 'N' ? 7 : element == 'O' ? 8 : 16);
	}
	gzclose(f);
	return p->n > 0;
}

/*
 * Models that the split of contrib/train keeps away from training (validation
 * clusters), as densities without noise.
 */
static void
test_models(em_ctx *ctx)
{
	static const struct
	{
		const char *name;
		bool		helical;
	}			t[] = {
		{"models/1B6C_l_u.pdb.gz", true}, {"models/1A2K_r_u.pdb.gz", true}, {"models/1I4D_r_u.pdb.gz", true},
		{"models/1IRAtrunc_l_u.pdb.gz", false}, {"models/1JK9_l_u.pdb.gz", false}
	};

	for (int i = 0; i < (int) (sizeof(t) / sizeof(t[0])); i++)
	{
		peptide		p = {0};
		double		low[3] = {1e9, 1e9, 1e9};
		double		high[3] = {-1e9, -1e9, -1e9};
		em_grid		grid = {.voxel = {1, 1, 1},.angle = {90, 90, 90}};
		double		score[2];

		if (!ok(read_pdb(t[i].name, &p), "%s: read", t[i].name))
			continue;
		for (int k = 0; k < 3 * p.n; k++)
		{
			low[k % 3] = fmin(low[k % 3], p.at[k / 3][k % 3]);
			high[k % 3] = fmax(high[k % 3], p.at[k / 3][k % 3]);
		}
		for (int j = 0; j < 3; j++)
			grid.n[j] = 2 * (int64_t) ((high[j] - low[j] + 26) / 2);
		for (int k = 0; k < 3 * p.n; k++)
			p.at[k / 3][k % 3] += 13 - low[k % 3];
		for (int mirror = 0; mirror < 2; mirror++)
		{
			em_volume  *v = density(ctx, &p, &grid, mirror == 1);
			em_results *r = run_on(ctx, v, 3.0, 3.5);

			score[mirror] = measure_of(r, "score");
			if (!t[i].helical)
				is_near(measure_of(r, "decision"), EM_HAND_NONE, 0, "%s: all beta, no decision", t[i].name);
			else
				is_near(measure_of(r, "decision"), mirror == 1 ? EM_HAND_MIRRORED : EM_HAND_RIGHT, 0, "%s: %s",
						t[i].name, mirror == 1 ? "mirrored" : "right");
			em_results_destroy(r);
			em_volume_destroy(ctx, v);
		}
		if (t[i].helical)
			is_near(score[0] + score[1], 1, 0.02, "%s: the scores add up to 1", t[i].name);
		peptide_free(&p);
	}
}

/* Parts of deposited maps, and their mirror images; contour: standard deviations above the mean. */
static void
test_real_maps(em_ctx *ctx)
{
	static const struct
	{
		const char *name;
		double		resolution;
	}			t[] = {
		{"data/map_model/qrefine_3j06/3j06_no_ligand_box.ccp4", 3.3}, {"data/map_model/qrefine_3j63/A_box.ccp4", 3.8},
		{"data/maps/emd_7795_54.mrc", 3.5}, {"data/map_model/EMD-20026_apoferritin/emd20026_prot.mrc", 2.0}
	};

	for (int i = 0; i < (int) (sizeof(t) / sizeof(t[0])); i++)
	{
		em_volume  *v = load_shared(ctx, t[i].name);
		em_stats	stats;
		double		score[2];

		if (!ok(v != NULL && em_volume_stats(ctx, v, &stats) == EM_OK, "%s: read", t[i].name))
			continue;
		for (int mirror = 0; mirror < 2; mirror++)
		{
			em_results *r;

			for (int64_t row = 0; mirror == 1 && row < v->grid.n[1] * v->grid.n[2]; row++)
			{
				float	   *a = em_volume_row(v, row % v->grid.n[1], row / v->grid.n[1]);

				for (int64_t x = 0; x < v->grid.n[0] / 2; x++)
				{
					const float kept = a[x];

					a[x] = a[v->grid.n[0] - 1 - x];
					a[v->grid.n[0] - 1 - x] = kept;
				}
			}
			r = run_on(ctx, v, stats.mean + 1.5 * stats.sd, t[i].resolution);
			score[mirror] = measure_of(r, "score");
			is_near(measure_of(r, "decision"), mirror == 1 ? EM_HAND_MIRRORED : EM_HAND_RIGHT, 0, "%s: %s",
					t[i].name, mirror == 1 ? "mirrored" : "right");
			em_results_destroy(r);
		}
		is_near(score[0] + score[1], 1, 0.05, "%s: the scores add up to 1", t[i].name);
		em_volume_destroy(ctx, v);
	}
}

int
main(void)
{
	em_ctx	   *ctx = em_ctx_create(&(em_ctx_options) {.threads = 2,.seed = 1});

	test_voxels(ctx);
	test_invariance(ctx);
	test_axes(ctx);
	test_budget(ctx);
	test_large(ctx);
	test_states(ctx);
	test_constant(ctx);
	if (shared_folder() == NULL)
		skip("EMVALID_SHARED is not set: no models and real maps");
	else
	{
		test_models(ctx);
		test_real_maps(ctx);
	}
	em_ctx_destroy(ctx);
	return tap_done();
}
