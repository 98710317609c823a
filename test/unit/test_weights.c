/*
 * test/unit/test_weights.c
 *		Perceptrons against sums written out here; the compiled weights against
 *		the files they come from; damaged files are refused.
 */
#include "learned/em_weights.h"

#include <stdlib.h>
#include <string.h>

#include "../../contrib/train/backprop.h"
#include "../../contrib/train/safetensors.h"
#include "tap.h"

static em_ctx *ctx;

/* 2 -> 3 -> 1, by hand. */
static void
test_run(void)
{
	static const float w0[] = {1, -2, 0.5, 3, 1, -1};	/* inputs x outputs */
	static const float b0[] = {0.25, -10, 1};
	static const float w1[] = {2, 100, -3};
	static const float b1[] = {7};
	static const em_tensor tensors[] = {{"net.0.weight", 2, 3, w0}, {"net.0.bias", 1, 3, b0},
	{"net.1.weight", 3, 1, w1}, {"net.1.bias", 1, 1, b1}};
	const em_weights w = {"hand-made", "none/1", "never", tensors, 4};
	const float in[] = {2, 1};
	float		out = 0;
	em_mlp		mlp;

	ok(em_mlp_from(ctx, &w, "net", &mlp) == EM_OK, "perceptron found");
	is_int(mlp.layers, 2, "two layers");
	em_mlp_run(&mlp, in, &out);
	/* hidden: 2+3+0.25 = 5.25; -4+1-10 < 0; 1-1+1 = 1 */
	is_near(out, 2 * 5.25 - 3 * 1 + 7, 1e-6, "output as worked out by hand");
	ok(em_mlp_from(ctx, &w, "other", &mlp) == EM_INTERNAL, "a perceptron that is not there is an error");
	ok(em_weights_find(&w, "net.1.weight", 3, 1) == &tensors[2], "tensor by name and shape");
	ok(em_weights_find(&w, "net.1.weight", 1, 3) == NULL, "not with another shape");
}

/* Gradients against differences of the loss. */
static void
test_gradient(void)
{
	static const int widths[] = {5, 7, 4, 2};
	const float in[] = {0.3f, -1.2f, 0.8f, 2.0f, -0.4f};
	const float d_out[] = {1, -0.5f};
	tr_draws	draws = {7, 1, 0};
	tr_mlp		mlp;
	tr_trace	trace;
	float		d_in[5];
	double		worst = 0;

	ok(tr_mlp_create(&mlp, 3, widths, &draws) == 0, "perceptron for training");
	tr_mlp_forward(&mlp, in, &trace);
	tr_mlp_backward(&mlp, &trace, d_out, d_in);
	for (int64_t i = 0; i < mlp.n; i++)
	{
		const float keep = mlp.param[i];
		const float h = 1e-2f;
		double		loss[2];

		for (int side = 0; side < 2; side++)
		{
			mlp.param[i] = keep + (side ? h : -h);
			const float *o = tr_mlp_forward(&mlp, in, &trace);

			loss[side] = (double) o[0] * d_out[0] + (double) o[1] * d_out[1];
		}
		mlp.param[i] = keep;
		worst = fmax(worst, fabs((loss[1] - loss[0]) / (2 * h) - mlp.grad[i]));
	}
	ok(worst < 2e-3, "gradient equals differences of the loss (worst %g)", worst);
	tr_mlp_free(&mlp);
}

/* AdamW fits y = |x| on -1..1. */
static void
test_training(void)
{
	static const int widths[] = {1, 16, 1};
	tr_draws	draws = {8, 1, 0};
	tr_mlp		mlp;
	tr_trace	trace;
	double		worst = 0;

	ok(tr_mlp_create(&mlp, 2, widths, &draws) == 0, "perceptron for training");
	for (int step = 0; step < 2000; step++)
	{
		for (int row = 0; row < 32; row++)
		{
			const float x = (float) tr_between(&draws, -1, 1);
			const float d = 2 * (tr_mlp_forward(&mlp, &x, &trace)[0] - fabsf(x));

			tr_mlp_backward(&mlp, &trace, &d, NULL);
		}
		tr_mlp_step(&mlp, 32, tr_one_cycle(step, 2000, 1e-2), 0);
	}
	for (float x = -0.95f; x < 1; x += 0.1f)
		worst = fmax(worst, fabs(tr_mlp_forward(&mlp, &x, &trace)[0] - fabsf(x)));
	ok(worst < 0.05, "|x| is learned (worst error %g)", worst);
	tr_mlp_free(&mlp);
}

/* A file says what was written; one wrong byte is noticed. */
static void
test_file(void)
{
	static const float values[] = {1.5f, -2.25f, 3e-30f, 4, 5, 6};
	static const em_tensor tensors[] = {{"a.0.weight", 2, 2, values}, {"a.0.bias", 1, 2, values + 4}};
	const em_weights w = {"some \"name\"", "f/1", "today", tensors, 2};
	const tr_note note = {"accuracy", "0.5"};
	char		path[] = "/tmp/emvalid-weights-XXXXXX";
	char		message[256] = "";
	tr_file		file;
	int			fd = mkstemp(path);
	FILE	   *f;

	ok(fd >= 0 && tr_safetensors_write(path, &w, &note, 1) == 0, "file written");
	ok(tr_safetensors_read(path, &file, message, sizeof(message)) == 0, "file read: %s", message);
	is_int(file.weights.n_tensors, 2, "two tensors");
	ok(strcmp(file.weights.name, w.name) == 0, "name with quotes");
	ok(memcmp(file.tensor[0].values, values, 16) == 0 && memcmp(file.tensor[1].values, values + 4, 8) == 0,
	   "numbers bit by bit");
	tr_file_free(&file);

	f = fopen(path, "r+b");
	fseek(f, -3, SEEK_END);
	fputc('x', f);
	fclose(f);
	ok(tr_safetensors_read(path, &file, message, sizeof(message)) != 0 && strstr(message, "checksum") != NULL,
	   "a wrong byte is noticed: %s", message);
	f = fopen(path, "r+b");
	fseek(f, 12, SEEK_SET);
	fputc('}', f);
	fclose(f);
	ok(tr_safetensors_read(path, &file, message, sizeof(message)) != 0, "a broken header is refused: %s", message);
	remove(path);
}

/* The weights compiled in are those of the file. */
static void
test_shipped(const em_weights *w)
{
	char		path[256];
	char		message[256] = "";
	tr_file		file;
	bool		same;

	snprintf(path, sizeof(path), "contrib/train/weights/%s.safetensors", w->name);
	if (!ok(tr_safetensors_read(path, &file, message, sizeof(message)) == 0, "%s is read: %s", path, message))
		return;
	same = file.weights.n_tensors == w->n_tensors && strcmp(file.weights.features, w->features) == 0 &&
		strcmp(file.weights.trained, w->trained) == 0 && strcmp(file.weights.name, w->name) == 0;
	for (int i = 0; i < w->n_tensors && same; i++)
	{
		const em_tensor *t = em_weights_find(&file.weights, w->tensor[i].name, w->tensor[i].rows,
											 w->tensor[i].columns);

		same = t != NULL && memcmp(t->values, w->tensor[i].values,
								   sizeof(float) * (size_t) t->rows * (size_t) t->columns) == 0;
	}
	ok(same, "%s: file and compiled weights agree", w->name);
	tr_file_free(&file);
}

int
main(void)
{
	const em_ctx_options options = {.threads = 1};

	ctx = em_ctx_create(&options);
	test_run();
	test_gradient();
	test_training();
	test_file();
	test_shipped(&em_weights_local_resolution);
	test_shipped(&em_weights_hand);
	em_ctx_destroy(ctx);
	return tap_done();
}
