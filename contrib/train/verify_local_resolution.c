/*
 * contrib/train/verify_local_resolution.c
 *		The figures of check 0.e: the compiled weights on maps of the test clusters.
 *
 *		verify_local_resolution MODELS
 */
#include "local_score.h"
#include "learned/em_weights.h"

#include <stdio.h>
#include <stdlib.h>

#define VOXELS 250				/* of a map */

int
main(int argc, char **argv)
{
	em_ctx_options options = {.threads = 1,.seed = 1};
	em_ctx	   *ctx = em_ctx_create(&options);
	tr_rows		rows = {0};
	em_regressor r;

	if (argc != 2)
	{
		fprintf(stderr, "usage: %s MODELS\n", argv[0]);
		return 2;
	}
	if (em_regressor_from(ctx, &em_weights_local_resolution, &r) != EM_OK ||
		tr_score_collect(ctx, argv[1], TR_TEST, VOXELS, &rows) != 0)
	{
		fprintf(stderr, "%s\n", em_ctx_message(ctx));
		return 1;
	}
	printf("%lld voxels of %d maps of the test clusters\n", (long long) rows.n, rows.maps);
	tr_score_rows(&r, &rows, false, "noise outside");
	tr_score_maps(&r, &rows, false);
	tr_score_rows(&r, &rows, true, "outside 0");
	tr_score_maps(&r, &rows, true);
	free(rows.row);
	em_ctx_destroy(ctx);
	return 0;
}
