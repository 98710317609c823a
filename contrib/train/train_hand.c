/*
 * contrib/train/train_hand.c
 *		Train the perceptron of check 0.h on rods of simulated maps.
 *
 *		train_hand MODELS OUT.safetensors OUT.c
 *
 * Only right-handed maps are simulated: the two hands share one perceptron with
 * their features exchanged (learned/em_hand.h), so a left-handed map adds
 * nothing.
 */
#include "backprop.h"
#include "hand_report.h"
#include "safetensors.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SEED 1
#define STREAM 0x6c6c			/* of the draws of training */
#define EPOCHS 25
#define BATCH 128
#define RATE 2e-3
#define DECAY 1e-2
#define NOISE_TRAIN 60			/* maps of noise alone in each part */
#define NOISE_JUDGED 30
#define SHARED (EM_LAYER_WAVES + EM_LAYER_EVEN)
#define TENSORS 12

/* Everything that becomes weights. */
typedef struct hand_model
{
	tr_mlp		g;
	tr_mlp		h;
	float		mean[SHARED];
	float		scale[SHARED];
	em_tensor	tensor[TENSORS];
	char		name[TENSORS][64];
	em_weights	weights;
} hand_model;

/* Simulate the maps of one part, and some of noise alone. */
static int
collect(em_ctx *ctx, const tr_entry *entry, int n, tr_part part, const tr_hand_wish *wish, int wishes,
		int noise, tr_hand_set *set)
{
	for (int i = 0; i < n; i++)
	{
		if (entry[i].part != part)
			continue;
		if (tr_hand_add(ctx, entry + i, i, wish, wishes, SEED, set) != EM_OK)
		{
			fprintf(stderr, "%s: %s\n", entry[i].path, em_ctx_message(ctx));
			return -1;
		}
	}
	for (int i = 0; i < noise; i++)
		if (tr_hand_add_noise(ctx, 1000 * (int) part + i, SEED, set) != EM_OK)
		{
			fprintf(stderr, "noise: %s\n", em_ctx_message(ctx));
			return -1;
		}
	return 0;
}

/* Mean and inverse spread of each feature; right and left waves share theirs. */
static void
standardise(const tr_hand_set *set, hand_model *m)
{
	double		sum[SHARED] = {0};
	double		square[SHARED] = {0};

	for (int64_t i = 0; i < set->n; i++)
	{
		const em_layer_features *f = &set->sample[i].c.features;

		for (int k = 0; k < SHARED; k++)
		{
			const double a = k < EM_LAYER_WAVES ? f->right[k] : f->even[k - EM_LAYER_WAVES];
			const double b = k < EM_LAYER_WAVES ? f->left[k] : a;

			sum[k] += 0.5 * (a + b);
			square[k] += 0.5 * (a * a + b * b);
		}
	}
	for (int k = 0; k < SHARED; k++)
	{
		const double mean = sum[k] / (double) set->n;

		m->mean[k] = (float) mean;
		m->scale[k] = (float) (1 / sqrt(fmax(square[k] / (double) set->n - mean * mean, 1e-12)));
	}
}

/* Standardised features of a sample. */
static em_layer_features
standard(const hand_model *m, const em_layer_features *f)
{
	em_layer_features z;

	for (int k = 0; k < EM_LAYER_WAVES; k++)
	{
		z.right[k] = (f->right[k] - m->mean[k]) * m->scale[k];
		z.left[k] = (f->left[k] - m->mean[k]) * m->scale[k];
	}
	for (int k = 0; k < EM_LAYER_EVEN; k++)
		z.even[k] = (f->even[k] - m->mean[EM_LAYER_WAVES + k]) * m->scale[EM_LAYER_WAVES + k];
	return z;
}

/* Forward and backward pass of one sample; its cross-entropy. */
static double
learn(hand_model *m, const tr_hand_sample *s)
{
	const em_layer_features z = standard(m, &s->c.features);
	const int	truth = s->helix ? 0 : 2;
	float		in[3][EM_LAYER_FEATURES];
	tr_trace	trace[3];
	double		p[3];
	double		sum = 0;
	double		most = -INFINITY;

	em_hand_inputs(&z, in[0], in[1], in[2]);
	for (int i = 0; i < 3; i++)
	{
		p[i] = tr_mlp_forward(i < 2 ? &m->g : &m->h, in[i], &trace[i])[0];
		most = fmax(most, p[i]);
	}
	for (int i = 0; i < 3; i++)
		sum += p[i] = exp(p[i] - most);
	for (int i = 0; i < 3; i++)
	{
		const float d = (float) (p[i] / sum - (i == truth));

		tr_mlp_backward(i < 2 ? &m->g : &m->h, &trace[i], &d, NULL);
	}
	return -log(p[truth] / sum + 1e-30);
}

/* All epochs; 0, or -1 without memory. */
static int
train(const tr_hand_set *set, hand_model *m)
{
	tr_draws	draws = {SEED, STREAM, 0};
	const int	g[] = {EM_LAYER_FEATURES, 24, 24, 1};
	const int	h[] = {EM_LAYER_FEATURES, 24, 1};
	const int64_t batches = (set->n + BATCH - 1) / BATCH;
	int64_t    *order = malloc((size_t) set->n * sizeof(int64_t));
	int64_t		step = 0;

	if (order == NULL || tr_mlp_create(&m->g, 3, g, &draws) != 0 || tr_mlp_create(&m->h, 2, h, &draws) != 0)
		return -1;
	for (int epoch = 0; epoch < EPOCHS; epoch++)
	{
		double		loss = 0;

		tr_shuffle(order, set->n, &draws);
		for (int64_t b = 0; b < batches; b++)
		{
			const int64_t end = (b + 1) * BATCH < set->n ? (b + 1) * BATCH : set->n;
			const double rate = tr_one_cycle(step++, EPOCHS * batches, RATE);

			for (int64_t i = b * BATCH; i < end; i++)
				loss += learn(m, set->sample + order[i]);
			tr_mlp_step(&m->g, (int) (end - b * BATCH), rate, DECAY);
			tr_mlp_step(&m->h, (int) (end - b * BATCH), rate, DECAY);
		}
		printf("epoch %d: loss %.4f\n", epoch + 1, loss / (double) set->n);
		fflush(stdout);
	}
	free(order);
	return 0;
}

/* Weights as libem sees them; `trained` outlives them. */
static void
as_weights(hand_model *m, const char *trained)
{
	int			n = 2;

	m->tensor[0] = (em_tensor) {"mean", 1, SHARED, m->mean};
	m->tensor[1] = (em_tensor) {"scale", 1, SHARED, m->scale};
	tr_mlp_tensors(&m->g, "g", m->tensor, &n, m->name);
	tr_mlp_tensors(&m->h, "h", m->tensor, &n, m->name);
	m->weights = (em_weights) {"hand", EM_HAND_FEATURES, trained, m->tensor, n};
}

/* Table of one part of the models; `text` receives it for the record. */
static int
report(em_ctx *ctx, const hand_model *m, const tr_hand_set *set, const char *title, char *text, size_t size)
{
	em_hand_net net;
	tr_hand_row row[TR_HAND_ROWS];
	size_t		at = 0;
	int			n;

	if (em_hand_net_from(ctx, &m->weights, &net) != EM_OK)
		return -1;
	n = tr_hand_report(ctx, &net, set, row);
	if (n < 0)
		return -1;
	printf("%s\n", title);
	tr_hand_print(row, n);
	text[0] = '\0';
	for (int i = 0; i < n && at < size; i++)
	{
		const tr_hand_row *r = row + i;
		const int  *rich = r->decision[TR_HAND_RICH];
		const int  *none = r->decision[TR_HAND_VOID];

		at += (size_t) snprintf(text + at, size - at,
								"%sd %g A, noise x%g: of %d maps %d right, %d uncertain, %d no decision, "
								"%d mirrored; of %d without helices %d decided; hand of helices %.3f",
								i > 0 ? " | " : "", r->resolution, r->noise, r->maps[TR_HAND_RICH],
								rich[EM_HAND_RIGHT], rich[EM_HAND_UNCERTAIN], rich[EM_HAND_NONE],
								rich[EM_HAND_MIRRORED], r->maps[TR_HAND_VOID],
								none[EM_HAND_RIGHT] + none[EM_HAND_MIRRORED],
								r->helix > 0 ? (double) r->right / (double) r->helix : 0);
	}
	return 0;
}

/* Maps that are looked at: each model at several resolutions, and with noise that belies the resolution. */
static const tr_hand_wish judged[] = {{3, 1}, {3.5, 1}, {4, 1}, {4.5, 1}, {5, 1}, {3, 4}, {4, 4}};
static const tr_hand_wish trained_on[] = {{0, 0}, {0, 0}, {0, 0}};

#define COUNT(list) ((int) (sizeof(list) / sizeof((list)[0])))

/* Train, look at the two other parts, write. */
static int
run(em_ctx *ctx, const tr_entry *entry, int n, const char *const out[2], hand_model *m)
{
	static char text[2][4096];
	char		trained[64];
	char		samples[64];
	const time_t now = time(NULL);
	tr_hand_set set[3] = {0};

	if (collect(ctx, entry, n, TR_TRAIN, trained_on, COUNT(trained_on), NOISE_TRAIN, &set[0]) != 0 ||
		collect(ctx, entry, n, TR_VALIDATE, judged, COUNT(judged), NOISE_JUDGED, &set[1]) != 0 ||
		collect(ctx, entry, n, TR_TEST, judged, COUNT(judged), NOISE_JUDGED, &set[2]) != 0)
		return -1;
	snprintf(samples, sizeof(samples), "%lld rods of %d maps", (long long) set[0].n, set[0].n_maps);
	printf("training on %s\n", samples);
	standardise(&set[0], m);
	if (train(&set[0], m) != 0)
		return -1;
	strftime(trained, sizeof(trained), "%Y-%m-%d, seed 1", gmtime(&now));
	as_weights(m, trained);
	if (report(ctx, m, &set[1], "validation models", text[0], sizeof(text[0])) != 0 ||
		report(ctx, m, &set[2], "test models", text[1], sizeof(text[1])) != 0)
		return -1;
	for (int i = 0; i < 3; i++)
		tr_hand_free(&set[i]);
	{
		const tr_note notes[] = {{"training", samples}, {"validation", text[0]}, {"test", text[1]}};

		if (tr_safetensors_write(out[0], &m->weights, notes, 3) != 0)
			return -1;
		return tr_c_array_write(out[1], &m->weights);
	}
}

int
main(int argc, char **argv)
{
	const em_ctx_options options = {.threads = 1,.seed = SEED};
	em_ctx	   *ctx = em_ctx_create(&options);
	tr_entry   *entry = NULL;
	static hand_model m;
	int			n;
	int			failed;

	if (argc != 4 || ctx == NULL)
	{
		fprintf(stderr, "usage: %s MODELS OUT.safetensors OUT.c\n", argv[0]);
		return 2;
	}
	n = tr_split_read(argv[1], &entry);
	failed = n < 0 || run(ctx, entry, n, (const char *const[2]) {argv[2], argv[3]}, &m) != 0;
	tr_mlp_free(&m.g);
	tr_mlp_free(&m.h);
	free(entry);
	em_ctx_destroy(ctx);
	return failed;
}
