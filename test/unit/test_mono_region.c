/*
 * test/unit/test_mono_region.c
 *		Filtered monogenic amplitudes of a region against plain transforms of
 *		every component.
 */
#include <stdlib.h>

#include "halves.h"
#include "local/em_mono_region.h"
#include "tap.h"

static void
fill_noise(em_volume *v, uint64_t seed)
{
	uint64_t	i = 0;

	for (int64_t z = 0; z < v->grid.n[2]; z++)
		for (int64_t y = 0; y < v->grid.n[1]; y++)
			for (int64_t x = 0; x < v->grid.n[0]; x++, i++)
				em_volume_row(v, y, z)[x] = (float) (em_rng_uniform(seed, 0, i) + 3);
}

/* Weight of a coefficient of the high-pass, from its definition. */
static double
high_pass(const em_mono_band *b, double u)
{
	if (b->pass <= 0)
		return u > 0;
	if (u >= b->pass)
		return 1;
	return u < b->stop ? 0 : 0.5 * (1 + cos(M_PI * (u - b->pass) / (b->pass - b->stop)));
}

static double
smoothing(const em_mono_band *b, double u)
{
	if (b->gauss > 0)
		return exp(-M_PI * M_PI * u * u * b->gauss * b->gauss);
	if (u <= b->low)
		return 1;
	return u >= b->cut ? 0 : 0.5 * (1 + cos(M_PI * (u - b->low) / (b->cut - b->low)));
}

/* Multiply a spectrum: component 0 or -i k_j/|k|, j = 1..3, of the high-pass; 4: the smoothing. */
static void
weigh(em_volume *f, const em_mono_band *b, double unit, int part)
{
	const em_grid *g = &f->grid;

	for (int64_t z = 0; z < g->n[2]; z++)
		for (int64_t y = 0; y < g->n[1]; y++)
			for (int64_t x = 0; x <= g->n[0] / 2; x++)
			{
				const int64_t index[3] = {x, y, z};
				double		s[3];
				double		u = 0;
				float	   *c = em_volume_row(f, y, z) + 2 * x;
				const double re = c[0];
				const double im = c[1];
				double		w;

				for (int j = 0; j < 3; j++)
				{
					s[j] = unit * (double) em_frequency(index[j], g->n[j]) / ((double) g->n[j] * g->voxel[j]);
					u += s[j] * s[j];
				}
				u = sqrt(u);
				w = part == 4 ? smoothing(b, u) : u > 0 ? high_pass(b, u) : 0;
				if (part >= 1 && part <= 3)
				{
					w *= 2 * index[part - 1] == g->n[part - 1] || u == 0 ? 0 : s[part - 1] / u;
					c[0] = (float) (w * im);
					c[1] = (float) (-w * re);
				}
				else
				{
					c[0] = (float) (w * re);
					c[1] = (float) (w * im);
				}
			}
}

/* The smoothed amplitude by plain transforms, a new volume. */
static em_volume *
plain(em_ctx *ctx, const em_volume *v, const em_mono_band *b, double unit)
{
	em_volume  *sum;

	em_volume_create(ctx, &v->grid, "sum", &sum);
	for (int part = 0; part < 4; part++)
	{
		em_volume  *f;

		em_volume_copy(ctx, v, "component", &f);
		em_fft_forward(ctx, f);
		weigh(f, b, unit, part);
		em_fft_inverse(ctx, f);
		for (int64_t i = 0; i < f->plane * f->grid.n[2]; i++)
			sum->data[i] += f->data[i] * f->data[i];
		em_volume_destroy(ctx, f);
	}
	for (int64_t i = 0; i < sum->plane * sum->grid.n[2]; i++)
		sum->data[i] = sqrtf(sum->data[i]);
	em_fft_forward(ctx, sum);
	weigh(sum, b, unit, 4);
	em_fft_inverse(ctx, sum);
	return sum;
}

/* Largest difference between picked values and the plain amplitude; counts the values too. */
static double
difference(const em_volume *want, const em_mask *mask, const em_mono_pick *pick, const int64_t offset[3],
		   const float *value)
{
	double		most = 0;
	int64_t		i = 0;

	for (int64_t z = pick->lo[2]; z < pick->hi[2]; z++)
		for (int64_t y = pick->lo[1]; y < pick->hi[1]; y++)
			for (int64_t x = pick->lo[0]; x < pick->hi[0]; x++)
				if (em_mask_get(mask, x, y, z))
					most = fmax(most, fabs(value[i++] -
										   em_volume_row(want, y - offset[1], z - offset[2])[x - offset[0]]));
	return i == pick->count ? most : INFINITY;
}

/* The part of a volume that a region covers. */
static em_volume *
cut_out(em_ctx *ctx, const em_volume *v, const int64_t offset[3], const int64_t n[3])
{
	em_grid		grid = v->grid;
	em_volume  *out;

	memcpy(grid.n, n, sizeof(grid.n));
	em_volume_create(ctx, &grid, "part", &out);
	for (int64_t z = 0; z < n[2]; z++)
		for (int64_t y = 0; y < n[1]; y++)
			memcpy(em_volume_row(out, y, z), em_volume_row(v, y + offset[1], z + offset[2]) + offset[0],
				   (size_t) n[0] * sizeof(float));
	return out;
}

static void
check_region(em_ctx *ctx, const em_volume *v, const em_mask *mask, const int64_t offset[3],
			 const int64_t n[3], const em_mono_band *bands, int n_bands, const char *name)
{
	em_volume  *part = cut_out(ctx, v, offset, n);
	em_mono_work work = {.band = {NULL}};
	int64_t		hi[3];
	em_mono_region *r;
	em_mono_pick pick;
	float	   *value;

	for (int j = 0; j < 3; j++)
		hi[j] = offset[j] + n[j];
	ok(em_mono_region_create(ctx, &v->grid, offset, n, &r) == EM_OK &&
	   em_mono_region_load(ctx, r, v, NULL, 1) == EM_OK &&
	   em_mono_pick_create(ctx, mask, offset, hi, NULL, 0, &pick) == EM_OK, "%s: loaded", name);
	value = em_alloc(ctx, (uint64_t) pick.count, sizeof(float), "values");
	for (int i = 0; i < n_bands; i++)
	{
		em_volume  *want = plain(ctx, part, &bands[i], v->grid.voxel[0]);

		ok(em_mono_region_evaluate(ctx, r, &work, &bands[i], &pick, value) == EM_OK, "%s: band %d evaluated",
		   name, i);
		is_near(difference(want, mask, &pick, offset, value), 0, 2e-6, "%s: band %d as by plain transforms",
				name, i);
		em_volume_destroy(ctx, want);
	}
	em_free(ctx, value);
	em_mono_pick_destroy(ctx, &pick);
	em_mono_region_destroy(ctx, r);
	em_mono_work_destroy(ctx, &work);
	em_volume_destroy(ctx, part);
}

int
main(void)
{
	em_ctx_options options = {.threads = 2};
	em_ctx	   *ctx = em_ctx_create(&options);
	const em_grid grid = {.n = {70, 36, 28},.voxel = {1.2, 1.5, 1.0},.angle = {90, 90, 90}};
	const em_mono_band bands[] = {
		em_mono_band_at(0.01), em_mono_band_at(0.1), em_mono_band_at(0.3), em_mono_band_at(0.5),
		{.gauss = 4}
	};
	const int64_t whole[3] = {0, 0, 0};
	const int64_t offset[3] = {3, 5, 1};
	const int64_t odd[3] = {63, 25, 27};
	em_volume  *v;
	em_mask    *mask;
	em_mask    *all;

	em_volume_create(ctx, &grid, "map", &v);
	fill_noise(v, 7);
	em_mask_threshold(ctx, v, 3.6, &mask);
	em_mask_threshold(ctx, v, 0, &all);
	check_region(ctx, v, mask, whole, grid.n, bands, 5, "even box");
	check_region(ctx, v, all, whole, grid.n, bands, 2, "every voxel");
	check_region(ctx, v, mask, offset, odd, bands, 5, "odd region inside");
	is_int(em_mono_good_size(11), 12, "11 voxels become 12");
	is_int(em_mono_good_size(121), 125, "121 voxels become 125");
	em_mask_destroy(ctx, all);
	em_mask_destroy(ctx, mask);
	em_volume_destroy(ctx, v);
	is_int((long long) em_ctx_memory_used(ctx), 0, "everything was freed");
	em_ctx_destroy(ctx);
	return tap_done();
}
