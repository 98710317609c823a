/*
 * test/fuzz/fuzz_mrc.c
 *		Arbitrary bytes as a map: header, lint, gzip, statistics, voxels, writing.
 *
 * Whatever comes in, the calls end with a status, a failure has a message, a
 * volume is only returned with EM_OK, and nothing stays allocated.
 */
#include "io/em_mrc.h"

#include <stdlib.h>
#include <string.h>

#define BUDGET ((uint64_t) 64 << 20)
#define MAX_EXPANDED ((int64_t) 1 << 20)

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Stop when something that must hold does not. */
static void
insist(int condition)
{
	if (!condition)
		abort();
}

/* A target that counts. */
static em_status
count_bytes(em_target *target, em_ctx *ctx, const void *buf, int64_t bytes)
{
	const volatile uint8_t *b = buf;

	(void) ctx;
	insist(bytes > 0 && b[0] + b[bytes - 1] >= 0);
	*(int64_t *) target->arg += bytes;
	return EM_OK;
}

/* Write a volume in a mode the input chose and see that the length is as promised. */
static void
write_back(em_ctx *ctx, const em_volume *v, int which)
{
	static const int modes[] = {0, 1, 2, 12};
	int64_t		n = 0;
	em_target	target = {.write = count_bytes,.arg = &n};
	em_status	status = em_mrc_write(ctx, v, modes[which & 3], "fuzz", &target);

	insist(status == EM_OK ? n == em_mrc_write_bytes(&v->grid, modes[which & 3]) : status == EM_BAD_ARGUMENT);
}

/* Lint with and without statistics. */
static void
lint_all(const em_mrc_header *h, int64_t length, const em_stats *stats)
{
	em_lint		lint[EM_LINT_MAX];
	int			n = em_mrc_lint(h, length, stats, lint, EM_LINT_MAX);

	insist(n >= 0 && n < EM_LINT_MAX);
	for (int i = 0; i < n; i++)
		insist(strlen(lint[i].message) < sizeof(lint[i].message) && lint[i].message[0] != '\0');
	insist(em_mrc_lint(h, length, stats, lint, 3) <= 3);
}

/* Everything that is done with a map. */
static void
use_source(em_ctx *ctx, em_source *source, int which)
{
	em_mrc_header h;
	em_stats	stats;
	em_volume  *v = NULL;
	em_status	status = em_mrc_read_header(ctx, source, &h);

	if (status == EM_OK)
	{
		lint_all(&h, source->length, NULL);
		status = em_mrc_scan_voxels(ctx, source, &h, &stats);
		if (status == EM_OK)
			lint_all(&h, source->length, &stats);
	}
	insist(status == EM_OK || em_ctx_message(ctx)[0] != '\0');
	insist(source->rewind(source, ctx) == EM_OK);
	insist(em_mrc_read(ctx, source, "the map", &h, &v) == status || status == EM_OK || v == NULL);
	if (v != NULL)
	{
		insist(stats.n + stats.not_finite == em_grid_voxels(&v->grid));
		write_back(ctx, v, which);
	}
	em_volume_destroy(ctx, v);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	em_ctx_options options = {.threads = 1,.memory_budget = BUDGET};
	em_ctx	   *ctx = em_ctx_create(&options);
	em_source	plain;
	em_source	expanded = {0};
	bool		gzip = false;

	if (ctx == NULL)
		return 0;
	em_source_memory(&plain, data, (int64_t) size);
	insist(em_source_is_gzip(ctx, &plain, &gzip) == EM_OK);
	if (gzip)
		insist(em_source_gunzip(ctx, &plain, MAX_EXPANDED, &expanded) == EM_OK);
	use_source(ctx, gzip ? &expanded : &plain, size > 0 ? data[size - 1] : 0);
	em_source_close(ctx, &expanded);
	insist(em_ctx_memory_used(ctx) == 0);
	em_ctx_destroy(ctx);
	return 0;
}
