/*
 * contrib/train/train_local_resolution.c
 *		Fit the weights of check 0.e: local resolution from the local spectrum.
 *
 *		train_local_resolution MODELS OUT.safetensors OUT.c [CACHE]
 *
 * CACHE: beginning of the names of two files that keep the rows between runs.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backprop.h"
#include "local_score.h"
#include "safetensors.h"

#define SEED 20261121
#define VOXELS 200				/* rows of a map */
#define PASSES 3				/* over the models, each in another position */
#define EPOCHS 30
#define BATCH 256
#define RATE 4e-3
#define DECAY 1e-2
#define NOISE_WEIGHT 0.3f		/* of rows of noise and solvent: they would pull what is faint to 14 Å */
#define TILT 30.0				/* Å² of B-factor a row is seen with, more or less */

/* Maps of one model in one pass. */
static void
draw_families(tr_draws *draws, int families[TR_FAMILIES])
{
	const double u = tr_uniform(draws);

	memset(families, 0, TR_FAMILIES * sizeof(int));
	families[u < 0.36 ? TR_APPEARANCE : u < 0.76 ? TR_DISORDER : u < 0.92 ? TR_UNIFORM : TR_NOISE] = 1;
}

static int
collect_training(em_ctx *ctx, const char *folder, tr_rows *rows)
{
	tr_entry   *entry;
	const int	n = tr_split_read(folder, &entry);
	int			bad = n < 0;

	for (int pass = 0; pass < PASSES && !bad; pass++)
		for (int i = 0; i < n && !bad; i++)
		{
			tr_draws	draws = {.seed = SEED,.stream = (uint64_t) (1000 * pass + i)};
			int			families[TR_FAMILIES];

			if (entry[i].part != TR_TRAIN)
				continue;
			draw_families(&draws, families);
			bad = tr_collect_model(ctx, entry[i].path, families, VOXELS, &draws, rows);
		}
	free(entry);
	return bad ? -1 : 0;
}

/* Rows from a file, or collected and kept in it. */
static int
rows_of(em_ctx *ctx, const char *folder, const char *cache, tr_part part, tr_rows *rows)
{
	char		path[600];

	int			bad;

	snprintf(path, sizeof(path), "%s.%s", cache != NULL ? cache : "",
			 part == TR_TRAIN ? "train" : "validate");
	if (cache != NULL && tr_rows_read(path, rows) == 0)
		return 0;
	bad = part == TR_TRAIN ? collect_training(ctx, folder, rows) :
		tr_score_collect(ctx, folder, part, VOXELS, rows);
	if (bad)
		return -1;
	printf("%lld rows of %d maps\n", (long long) rows->n, rows->maps);
	return cache != NULL ? tr_rows_write(path, rows) : 0;
}

/* Mean and spread of the features that are known. */
static void
standardise(const tr_rows *rows, float mean[EM_SPECTRUM_FEATURES], float sd[EM_SPECTRUM_FEATURES])
{
	for (int i = 0; i < EM_SPECTRUM_FEATURES; i++)
	{
		double		sum = 0;
		double		square = 0;
		int64_t		n = 0;

		for (int64_t k = 0; k < rows->n; k++)
			if (!isnan(rows->row[k].feature[i]))
			{
				sum += rows->row[k].feature[i];
				n++;
			}
		mean[i] = (float) (sum / (double) n);
		for (int64_t k = 0; k < rows->n; k++)
			if (!isnan(rows->row[k].feature[i]))
				square += pow((double) rows->row[k].feature[i] - mean[i], 2);
		sd[i] = (float) sqrt(square / (double) n);
	}
}

/*
 * Inputs of a row, as if its map had been sharpened by a random B-factor: that
 * changes the shape of the spectrum, not the rise above noise, and not the truth.
 */
static void
inputs_of(const tr_row *row, int n, const float *mean, const float *sd, double b, float *in)
{
	double		shape[EM_SPECTRUM_BANDS];
	double		total = 0;

	for (int i = 0; i < EM_SPECTRUM_BANDS; i++)
	{
		shape[i] = row->feature[i] - b / (2 * em_spectrum_band[i] * em_spectrum_band[i]);
		if (!isnan(shape[i]))
			total += exp(shape[i]);
	}
	for (int i = 0; i < EM_SPECTRUM_BANDS; i++)
		in[i] = isnan(shape[i]) ? 0 : (float) ((fmax(shape[i] - log(total), -20) - mean[i]) / sd[i]);
	for (int i = EM_SPECTRUM_BANDS; i < n; i++)
		in[i] = isnan(row->feature[i]) ? 0 : (row->feature[i] - mean[i]) / sd[i];
}

/* Fit a perceptron to the rows of a list: the mean absolute error of ln R. */
static void
fit(tr_mlp *mlp, const tr_rows *rows, const int64_t *list, int64_t n, const float *mean, const float *sd,
	tr_draws *draws)
{
	int64_t    *order = malloc((size_t) n * sizeof(int64_t));
	const int64_t steps = EPOCHS * (n / BATCH);
	int64_t		step = 0;

	for (int epoch = 0; epoch < EPOCHS && order != NULL; epoch++)
	{
		double		loss = 0;

		tr_shuffle(order, n, draws);
		for (int64_t b = 0; b < n / BATCH; b++)
		{
			for (int k = 0; k < BATCH; k++)
			{
				const tr_row *row = &rows->row[list[order[b * BATCH + k]]];
				float		in[EM_SPECTRUM_FEATURES];
				tr_trace	trace;
				float		off;
				float		d;

				inputs_of(row, mlp->width[0], mean, sd, tr_between(draws, -TILT, TILT), in);
				off = tr_mlp_forward(mlp, in, &trace)[0] - logf(row->truth);
				d = (off > 0 ? 1.0f : -1.0f) * (row->family == TR_NOISE ? NOISE_WEIGHT : 1.0f);
				loss += fabsf(off);
				tr_mlp_backward(mlp, &trace, &d, NULL);
			}
			tr_mlp_step(mlp, BATCH, tr_one_cycle(step++, steps, RATE), DECAY);
		}
		if (epoch % 5 == 4)
			printf("  epoch %d: %.4f\n", epoch + 1, loss / (double) (n / BATCH * BATCH));
	}
	free(order);
}

/* Fit the two perceptrons: all features of rows with noise outside, the shape of all rows. */
static int
fit_both(const tr_rows *rows, const float *mean, const float *sd, tr_mlp *full, tr_mlp *shape)
{
	const int	full_widths[] = {EM_SPECTRUM_FEATURES, 32, 16, 1};
	const int	shape_widths[] = {EM_SPECTRUM_BANDS, 32, 16, 1};
	tr_draws	draws = {.seed = SEED,.stream = 1000000};
	int64_t    *list = malloc((size_t) rows->n * sizeof(int64_t));
	int64_t		n = 0;

	if (list == NULL || tr_mlp_create(full, 3, full_widths, &draws) != 0 ||
		tr_mlp_create(shape, 3, shape_widths, &draws) != 0)
		return -1;
	for (int64_t i = 0; i < rows->n; i++)
		if (!rows->row[i].masked)
			list[n++] = i;
	printf("full: %lld rows\n", (long long) n);
	fit(full, rows, list, n, mean, sd, &draws);
	for (n = 0; n < rows->n; n++)
		list[n] = n;
	printf("shape: %lld rows\n", (long long) n);
	fit(shape, rows, list, n, mean, sd, &draws);
	free(list);
	return 0;
}

/* Score on the validation rows, write both files. */
static int
finish(em_ctx *ctx, em_weights *w, const tr_rows *validate, int maps, const char *path, const char *c_path)
{
	em_regressor r;
	tr_score	full;
	tr_score	shape;
	char		accuracy[256];
	char		data[128];

	if (em_regressor_from(ctx, w, &r) != EM_OK)
		return -1;
	full = tr_score_rows(&r, validate, false, "validation, noise outside");
	tr_score_maps(&r, validate, false);
	shape = tr_score_rows(&r, validate, true, "validation, outside 0");
	tr_score_maps(&r, validate, true);
	snprintf(accuracy, sizeof(accuracy), "validation clusters, 2.3 to 14 A: mean absolute error %.2f A "
			 "(appearance %.2f, disorder %.2f, uniform %.2f); outside 0: %.2f A", full.both,
			 full.family[0], full.family[1], full.family[2], shape.both);
	snprintf(data, sizeof(data), "%d maps of the training clusters, %d voxels each", maps, VOXELS);

	const tr_note notes[] = {{"accuracy", accuracy}, {"data", data}};

	return tr_safetensors_write(path, w, notes, 2) != 0 || tr_c_array_write(c_path, w) != 0 ? -1 : 0;
}

int
main(int argc, char **argv)
{
	const char *cache = argc > 4 ? argv[4] : NULL;
	em_ctx_options options = {.threads = 1,.seed = SEED};
	em_ctx	   *ctx = em_ctx_create(&options);
	float		mean[EM_SPECTRUM_FEATURES];
	float		sd[EM_SPECTRUM_FEATURES];
	em_tensor	tensor[16] = {{"mean", 1, EM_SPECTRUM_FEATURES, mean}, {"sd", 1, EM_SPECTRUM_FEATURES, sd}};
	em_weights	w = {"local_resolution", EM_SPECTRUM_VERSION, NULL, tensor, 2};
	char		names[16][64];
	char		trained[64];
	time_t		now = time(NULL);
	tr_rows		train = {0};
	tr_rows		validate = {0};
	tr_mlp		full;
	tr_mlp		shape;

	if (argc < 4 || argc > 5)
	{
		fprintf(stderr, "usage: %s MODELS OUT.safetensors OUT.c [CACHE]\n", argv[0]);
		return 2;
	}
	if (rows_of(ctx, argv[1], cache, TR_TRAIN, &train) != 0 ||
		rows_of(ctx, argv[1], cache, TR_VALIDATE, &validate) != 0)
		return 1;
	standardise(&train, mean, sd);
	if (fit_both(&train, mean, sd, &full, &shape) != 0)
		return 1;
	tr_mlp_tensors(&full, "full", tensor, &w.n_tensors, names);
	tr_mlp_tensors(&shape, "shape", tensor, &w.n_tensors, names);
	strftime(trained, sizeof(trained), "%Y-%m-%d, seed 20261121", gmtime(&now));
	w.trained = trained;
	if (finish(ctx, &w, &validate, train.maps, argv[2], argv[3]) != 0)
		return 1;
	em_ctx_destroy(ctx);
	tr_mlp_free(&full);
	tr_mlp_free(&shape);
	free(train.row);
	free(validate.row);
	return 0;
}
