/*
 * test/unit/test_estimates.c
 *		Memory: every check can do its work in what it estimates, and all of them on
 *		one workbench in the largest of their estimates.
 */
#include "boxes.h"
#include "halves.h"

#define CONTOUR 2.0
#define RESOLUTION 6.0

static const char *const codes[] = {
	"0.a", "0.b", "0.c", "0.d", "0.e", "0.f", "0.g", "1.a", "1.b", "1.c", "1.d", "1.e", "1.f", "1.g", "1.h"
};

#define CODES ((int) (sizeof(codes) / sizeof(codes[0])))

/* A ball in noise, and two half maps of it. */
static void
make_maps(em_ctx *ctx, const em_grid *g, em_volume *v[3])
{
	for (int i = 0; i < 3; i++)
		v[i] = noise_map(ctx, g, (uint64_t) i, 0, i == 0 ? 0 : 0.5);
	for (int64_t z = 0; z < g->n[2]; z++)
		for (int64_t y = 0; y < g->n[1]; y++)
			for (int64_t x = 0; x < g->n[0]; x++)
			{
				const double d[3] = {(double) (x - g->n[0] / 2), (double) (y - g->n[1] / 2), (double) (z - g->n[2] / 2)};
				const double r2 = d[0] * d[0] + d[1] * d[1] + d[2] * d[2];
				const double signal = r2 < 11 * 11 ? 4 + 3 * cos(1.6 * d[0]) * cos(1.1 * d[1]) * cos(d[2]) : 0;

				for (int i = 1; i < 3; i++)
					em_volume_row(v[i], y, z)[x] += (float) signal;
				em_volume_row(v[0], y, z)[x] = 0.5f * (em_volume_row(v[1], y, z)[x] + em_volume_row(v[2], y, z)[x]);
			}
}

/* Largest estimate; each check in its own estimate as budget. */
static uint64_t
each_alone(bench_maps *maps, const em_grid *g)
{
	uint64_t	most = 0;

	for (int i = 0; i < CODES; i++)
	{
		em_ctx	   *free_ctx = context(2);
		em_workbench *wb = bench_open(free_ctx, maps, g, CONTOUR, RESOLUTION, NULL, 0);
		const uint64_t estimate = em_check_find(codes[i])->estimate(wb);
		em_ctx	   *tight = em_ctx_create(&(em_ctx_options) {.threads = 2,.memory_budget = estimate});
		em_results *r;

		em_workbench_destroy(wb);
		em_ctx_destroy(free_ctx);
		wb = bench_open(tight, maps, g, CONTOUR, RESOLUTION, NULL, 0);
		r = bench_run(tight, wb, codes[i], false);
		ok(r != NULL && r->state == EM_MEASURED, "%s: measured in its estimate of %.1f MiB (peak %.1f) %s", codes[i],
		   (double) estimate / 1048576, (double) em_ctx_memory_peak(tight) / 1048576, r == NULL ? "" : r->reason);
		em_results_destroy(r);
		em_workbench_destroy(wb);
		em_ctx_destroy(tight);
		most = estimate > most ? estimate : most;
	}
	return most;
}

/* All checks after each other, with no budget but a limit to what is kept. */
static uint64_t
together(bench_maps *maps, const em_grid *g, uint64_t keep)
{
	em_ctx	   *ctx = context(2);
	em_workbench *wb = bench_open(ctx, maps, g, CONTOUR, RESOLUTION, NULL, 0);
	uint64_t	peak;
	int			measured = 0;

	em_workbench_keep_within(wb, keep);
	for (int i = 0; i < CODES; i++)
	{
		em_results *r = bench_run(ctx, wb, codes[i], false);

		measured += r != NULL && r->state == EM_MEASURED;
		em_results_destroy(r);
		em_workbench_unpin(wb);
	}
	is_int(measured, CODES, "all measured on one workbench");
	em_workbench_destroy(wb);
	peak = em_ctx_memory_peak(ctx);
	em_ctx_destroy(ctx);
	return peak;
}

int
main(void)
{
	em_ctx	   *ctx = context(1);
	const em_grid g = box(56, 56, 56, 1.5);
	bench_maps	maps = {{NULL}, {NULL}};
	em_volume  *v[3];
	uint64_t	most;
	uint64_t	peak;

	make_maps(ctx, &g, v);
	for (int i = 0; i < 3; i++)
		maps.volume[(int[]) {EM_ROLE_MAP, EM_ROLE_HALF1, EM_ROLE_HALF2}[i]] = v[i];
	most = each_alone(&maps, &g);
	peak = together(&maps, &g, most);
	ok(peak <= most, "... in %.1f MiB, the largest estimate is %.1f", (double) peak / 1048576, (double) most / 1048576);
	for (int i = 0; i < 3; i++)
		em_volume_destroy(ctx, v[i]);
	em_ctx_destroy(ctx);
	return tap_done();
}
