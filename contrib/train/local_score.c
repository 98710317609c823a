/*
 * contrib/train/local_score.c
 *		Collect rows of models, and score a regressor on rows.
 */
#include "local_score.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ATOMS_MAX 12000			/* larger models take long and teach nothing else */
#define BINS 6
#define AS_NOISE 12.0			/* Å: at and beyond, there is no detail */

static const double bin_edge[BINS + 1] = {2.3, 3, 4, 5, 7, 10, 14.001};

int
tr_collect_model(em_ctx *ctx, const char *path, const int families[TR_FAMILIES], int voxels, tr_draws *draws,
				 tr_rows *rows)
{
	char		message[256];
	tr_model	model;
	tr_base		base;
	em_status	status;

	if (tr_model_read(path, &model, message, sizeof(message)) != 0)
	{
		fprintf(stderr, "%s: %s\n", path, message);
		return 0;
	}
	if (model.n < 200 || model.n > ATOMS_MAX)
	{
		tr_model_free(&model);
		return 0;
	}
	status = tr_base_make(ctx, &model, draws, &base);
	tr_model_free(&model);
	if (status == EM_OK)
	{
		for (int f = 0; f < TR_FAMILIES; f++)
			for (int i = 0; i < families[f] && status == EM_OK; i++)
				status = tr_rows_add(ctx, &base, (tr_family) f, 0, voxels, draws, rows);
		tr_base_free(ctx, &base);
	}
	if (status == EM_NOT_MEASURABLE)
	{
		fprintf(stderr, "%s: %s\n", path, em_ctx_message(ctx));
		em_ctx_reset(ctx);
		return 0;
	}
	if (status != EM_OK)
		fprintf(stderr, "%s: %s\n", path, em_ctx_message(ctx));
	return status == EM_OK ? 0 : -1;
}

int
tr_score_collect(em_ctx *ctx, const char *folder, tr_part part, int voxels, tr_rows *rows)
{
	tr_entry   *entry;
	const int	n = tr_split_read(folder, &entry);
	int			bad = n < 0;

	for (int i = 0; i < n && !bad; i++)
	{
		const int	families[TR_FAMILIES] = {1, 1, 1, i % 3 == 0};
		tr_draws	draws = {.seed = 777,.stream = (uint64_t) i};

		if (entry[i].part == part)
			bad = tr_collect_model(ctx, entry[i].path, families, voxels, &draws, rows);
	}
	free(entry);
	return bad ? -1 : 0;
}

/* What the check would say of a row. */
static double
value_of(const em_regressor *r, const tr_row *row)
{
	if (!em_regressor_signal(row->feature))
		return EM_LOCAL_COARSEST;
	return fmin(fmax(em_regressor_run(r, row->feature, !row->masked), EM_LOCAL_FINEST), EM_LOCAL_COARSEST);
}

tr_score
tr_score_rows(const em_regressor *r, const tr_rows *rows, bool masked, const char *title)
{
	tr_score	s = {0};
	double		bin[BINS] = {0};
	int64_t		in_bin[BINS] = {0};

	for (int64_t i = 0; i < rows->n; i++)
	{
		const tr_row *row = &rows->row[i];
		const double value = value_of(r, row);
		const double error = fabs(value - row->truth);

		if (row->masked != masked)
			continue;
		s.n[row->family]++;
		s.family[row->family] += row->family == TR_NOISE ? 100.0 * (value >= AS_NOISE) : error;
		for (int b = 0; b < BINS && row->family <= TR_DISORDER; b++)
			if (row->truth >= bin_edge[b] && row->truth < bin_edge[b + 1])
			{
				bin[b] += error;
				in_bin[b]++;
			}
	}
	s.both = (s.family[0] + s.family[1]) / (double) (s.n[0] + s.n[1]);
	for (int f = 0; f < TR_FAMILIES; f++)
		s.family[f] /= (double) s.n[f];
	printf("%s: mean absolute error %.3f Å; appearance %.3f, disorder %.3f, uniform %.3f;\n"
		   "  noise read as 12 Å and worse %.1f %%;", title, s.both, s.family[0], s.family[1],
		   s.family[2], s.family[3]);
	for (int b = 0; b < BINS; b++)
		printf(" %g-%.0f Å %.2f%s", bin_edge[b], bin_edge[b + 1], bin[b] / (double) in_bin[b],
			   b < BINS - 1 ? "," : "\n");
	return s;
}

static int
compare(const void *a, const void *b)
{
	const double x = *(const double *) a;
	const double y = *(const double *) b;

	return (x > y) - (x < y);
}

void
tr_score_maps(const em_regressor *r, const tr_rows *rows, bool masked)
{
	double	   *value = malloc((size_t) rows->n * sizeof(double));
	double	   *truth = malloc((size_t) rows->n * sizeof(double));
	double		sum[TR_FAMILIES] = {0};
	int			maps[TR_FAMILIES] = {0};

	for (int m = 0; m < rows->maps && value != NULL && truth != NULL; m++)
	{
		int64_t		n = 0;
		int			family = -1;

		for (int64_t i = 0; i < rows->n; i++)
			if (rows->row[i].map == m && rows->row[i].masked == masked && rows->row[i].family != TR_NOISE)
			{
				family = rows->row[i].family;
				value[n] = value_of(r, &rows->row[i]);
				truth[n++] = rows->row[i].truth;
			}
		if (n < 20)
			continue;
		qsort(value, (size_t) n, sizeof(double), compare);
		qsort(truth, (size_t) n, sizeof(double), compare);
		sum[family] += fabs(value[n / 2] - truth[n / 2]);
		maps[family]++;
		if (family == TR_UNIFORM)
			printf("    %5.2f Å: %5.2f %5.2f %5.2f\n", truth[n / 2], value[n / 40], value[n / 2],
				   value[n - 1 - n / 40]);
	}
	for (int f = 0; f < TR_NOISE; f++)
		printf("  %s: median of a map off by %.3f Å (%d maps)\n", tr_family_name[f], sum[f] / maps[f],
			   maps[f]);
	free(value);
	free(truth);
}
