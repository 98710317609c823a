/*
 * contrib/train/verify_local_resolution.c
 *		The figures of check 0.e: the compiled weights on maps of the test clusters,
 *		or of the validation clusters.
 *
 *		verify_local_resolution MODELS [validation]
 */
#include "local_score.h"
#include "learned/em_weights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VOXELS 250				/* of a map */

int
main(int argc, char **argv)
{
	em_ctx_options options = {.threads = 1,.seed = 1};
	em_ctx	   *ctx = em_ctx_create(&options);
	tr_rows		rows = {0};
	em_regressor r;
	const bool	validation = argc == 3 && strcmp(argv[2], "validation") == 0;

	if (argc != 2 && !validation)
	{
		fprintf(stderr, "usage: %s MODELS [validation]\n", argv[0]);
		return 2;
	}
	if (em_regressor_from(ctx, &em_weights_local_resolution, &r) != EM_OK ||
		tr_score_collect(ctx, argv[1], validation ? TR_VALIDATE : TR_TEST, VOXELS, &rows) != 0)
	{
		fprintf(stderr, "%s\n", em_ctx_message(ctx));
		return 1;
	}
	printf("%lld voxels of %d maps of the %s clusters\n", (long long) rows.n, rows.maps,
		   validation ? "validation" : "test");
	tr_score_rows(&r, &rows, false, "noise outside");
	tr_score_maps(&r, &rows, false);
	tr_score_rows(&r, &rows, true, "outside 0");
	tr_score_maps(&r, &rows, true);
	free(rows.row);
	em_ctx_destroy(ctx);
	return 0;
}
