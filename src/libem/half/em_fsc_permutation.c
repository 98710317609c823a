/*
 * src/libem/half/em_fsc_permutation.c
 *		Permutation test of the shells of two spectra.
 *
 * The permutations of a shell are spread over the threads in blocks; each
 * shuffles a copy of the second half's coefficients with draws of its own
 * (Fisher-Yates) and notes whether the correlation came out larger.
 */
#include "half/em_fsc_permutation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>

#include "core/em_par.h"
#include "core/em_rng.h"
#include "fourier/em_shell_walk.h"

#define BATCH 200				/* permutations before the p-value is looked at */
#define BATCHES 5
#define SETTLED 0.001			/* growth of p below which a batch was the last */
#define MOST_SAMPLES 200000		/* of a shell that are permuted */
#define FEW_SAMPLES 10			/* fewer are judged by FSC >= 0.75 */
#define FEW_PASS 0.75
#define PERMUTE_BELOW 500		/* samples up to which shells are permuted without being asked to */
#define HOPELESS 1e-13			/* analytic p that no permutation of a thousand will exceed */
#define BLOCK_SAMPLES 400000	/* coefficients a block of permutations shuffles: about 5 ms */

enum
{
	STREAM_PICK = 0x70657200,	/* which coefficients are permuted */
	STREAM_DRAW,				/* draws in place of permutations */
	STREAM_SHUFFLE = 0x70657300 /* + permutation */
};

typedef struct permute_job
{
	uint64_t	seed;
	uint64_t	shell;
	int64_t		n;				/* coefficients */
	const float *a;				/* 2n */
	const float *b;
	float	   *copy;			/* 2 * room a worker */
	int64_t		room;
	double		limit;			/* Re sum a b* that must be exceeded */
	int			first;			/* first permutation of the batch */
	int			per_block;
	uint8_t    *larger;			/* BATCH flags */
} permute_job;

/* ---------------------------------------------------------------- permutations */

/* Does permutation number `number` correlate better than the true order? */
static bool
permute(const permute_job *job, int number, float *b)
{
	uint64_t	stream = (job->shell << 32) + STREAM_SHUFFLE + (uint64_t) number;
	double		sum = 0;
	uint32_t	w[4];

	memcpy(b, job->b, (size_t) job->n * 2 * sizeof(float));
	for (int64_t i = job->n - 1; i >= 0; i--)
	{
		int64_t		j;
		float		re;
		float		im;

		if ((i & 3) == 3 || i == job->n - 1)
			em_rng4(job->seed, stream, (uint64_t) i >> 2, w);
		j = (int64_t) (((uint64_t) w[i & 3] * (uint64_t) (i + 1)) >> 32);
		re = b[2 * j];
		im = b[2 * j + 1];
		b[2 * j] = b[2 * i];
		b[2 * j + 1] = b[2 * i + 1];
		sum += (double) job->a[2 * i] * re + (double) job->a[2 * i + 1] * im;
	}
	return sum > job->limit;
}

/* Item: a block of permutations of the batch. */
static em_status
permute_block(void *arg, int64_t block, int worker)
{
	permute_job *job = arg;
	int64_t		end = (block + 1) * job->per_block;

	for (int64_t i = block * job->per_block; i < end && i < BATCH; i++)
		job->larger[i] = permute(job, job->first + (int) i, job->copy + worker * 2 * job->room);
	return EM_OK;
}

/* How many of the next batch exceed: permutations, or draws with probability p when job->n is 0. */
static em_status
run_batch(em_ctx *ctx, permute_job *job, double p, int *exceed)
{
	int64_t		per_block;

	if (job->n == 0)
	{
		for (int i = 0; i < BATCH; i++)
			*exceed += em_rng_uniform(job->seed, (job->shell << 32) + STREAM_DRAW, (uint64_t) (job->first + i)) < p;
		return EM_OK;
	}
	per_block = BLOCK_SAMPLES / job->n;
	job->per_block = per_block < 1 ? 1 : per_block > BATCH ? BATCH : (int) per_block;
	EM_TRY(em_parallel(ctx, "permutations", (BATCH + job->per_block - 1) / job->per_block, permute_block, job));
	for (int i = 0; i < BATCH; i++)
		*exceed += job->larger[i];
	return EM_OK;
}

/* SPOC's p-value: batches until p stops growing. */
static em_status
batched_p(em_ctx *ctx, permute_job *job, double analytic, double *p)
{
	double		before = 0;
	int			exceed = 0;

	for (int batch = 0; batch < BATCHES; batch++)
	{
		job->first = batch * BATCH;
		EM_TRY(run_batch(ctx, job, analytic, &exceed));
		*p = (double) exceed / ((batch + 1) * BATCH);
		if (*p - before < SETTLED)
			break;
		before = *p;
	}
	return EM_OK;
}

/* ---------------------------------------------------------------- shells */

typedef struct test_job
{
	const em_shells *shells;
	const em_volume *f1;
	const em_volume *f2;
	const em_permutation_options *options;
	em_fsc_permutation *out;
	int64_t    *stored;			/* coefficients of each shell as stored */
	float	   *a;				/* coefficients of one shell, room pairs */
	float	   *b;
	int64_t		room;
	permute_job permute;
} test_job;

/* Probability of a correlation of at least c by chance, n independent complex samples. */
static double
chance(double c, double n)
{
	double		freedom = fmax(2 * n - 1, 1);

	if (!isfinite(c))
		return 1;
	if (c >= 1)
		return 0;
	return gsl_cdf_tdist_Q(c * sqrt(freedom / (1 - c * c)), freedom);
}

/* SPOC's number of samples of a shell. */
static int64_t
samples_vrs(const test_job *job, int64_t shell)
{
	int64_t		n = (int64_t) (job->options->share * (double) job->stored[shell]);

	return n < 1 ? 1 : n > MOST_SAMPLES ? MOST_SAMPLES : n;
}

/* Swap coefficients i and j. */
static void
swap(float *v, int64_t i, int64_t j)
{
	for (int c = 0; c < 2; c++)
	{
		float		t = v[2 * i + c];

		v[2 * i + c] = v[2 * j + c];
		v[2 * j + c] = t;
	}
}

/* Collect the coefficients of a shell and put `wanted` of them, drawn at random, first; how many there are. */
static em_status
collect(em_ctx *ctx, test_job *job, int64_t shell, int64_t wanted, int64_t *samples)
{
	em_shell_walk w;
	int64_t		n = 0;
	int64_t		polled = 0;

	em_shell_walk_start(&w, job->shells, shell, INT64_MIN, INT64_MAX);
	while (em_shell_walk_next(&w))
	{
		int64_t		run = w.end - w.first;

		if (n + run > job->room)
			return em_fail(ctx, EM_INTERNAL, "shell %lld has more coefficients than expected", (long long) shell);
		memcpy(job->a + 2 * n, em_volume_row(job->f1, w.iy, w.iz) + 2 * w.first, (size_t) run * 2 * sizeof(float));
		memcpy(job->b + 2 * n, em_volume_row(job->f2, w.iy, w.iz) + 2 * w.first, (size_t) run * 2 * sizeof(float));
		n += run;
		if (n - polled > 100000)
		{
			EM_TRY(em_poll(ctx));
			polled = n;
		}
	}
	*samples = wanted < n ? wanted : n;
	for (int64_t i = 0; i < *samples; i++)
	{
		double		u = em_rng_uniform(job->permute.seed, ((uint64_t) shell << 32) + STREAM_PICK, (uint64_t) i);
		int64_t		j = i + (int64_t) (u * (double) (n - i));

		swap(job->a, i, j);
		swap(job->b, i, j);
		if (i % 100000 == 99999)
			EM_TRY(em_poll(ctx));
	}
	return EM_OK;
}

/* The sum that a permutation must exceed: true correlation times the power of the chosen coefficients. */
static double
limit_of(const test_job *job, int64_t n, double c)
{
	double		power1 = 0;
	double		power2 = 0;

	for (int64_t i = 0; i < 2 * n; i++)
	{
		power1 += (double) job->a[i] * job->a[i];
		power2 += (double) job->b[i] * job->b[i];
	}
	return c * sqrt(power1 * power2);
}

/* SPOC's p-value of a shell. */
static em_status
shell_p_vrs(em_ctx *ctx, test_job *job, int64_t shell, double *p)
{
	double		c = isfinite(job->out->fsc_vrs[shell]) ? job->out->fsc_vrs[shell] : 0;
	int64_t		n = samples_vrs(job, shell);
	double		analytic = chance(c, (double) n);

	if (n < FEW_SAMPLES)
	{
		*p = c >= FEW_PASS ? 0 : 1;
		return EM_OK;
	}
	if (analytic < HOPELESS)
	{
		*p = 0;
		return EM_OK;
	}
	job->permute.shell = (uint64_t) shell;
	job->permute.n = 0;
	if (job->options->exact || n <= PERMUTE_BELOW)
	{
		EM_TRY(collect(ctx, job, shell, n, &job->permute.n));
		job->permute.limit = limit_of(job, job->permute.n, c);
	}
	return batched_p(ctx, &job->permute, analytic, p);
}

/* ---------------------------------------------------------------- false discovery rate */

typedef struct ranked
{
	double		p;
	int64_t		i;
} ranked;

static int
compare_ranked(const void *a, const void *b)
{
	const ranked *r = a;
	const ranked *s = b;

	if (r->p != s->p)
		return r->p < s->p ? -1 : 1;
	return r->i < s->i ? -1 : r->i > s->i;
}

em_status
em_adjust_by(em_ctx *ctx, const double *p, int64_t n, double *q)
{
	ranked	   *r = em_alloc(ctx, (uint64_t) n, sizeof(ranked), "ranks of p-values");
	double		harmonic = 0;
	double		least = 1;

	if (r == NULL)
		return em_ctx_status(ctx);
	for (int64_t i = 0; i < n; i++)
	{
		r[i] = (ranked) {p[i], i};
		harmonic += 1.0 / (double) (i + 1);
	}
	qsort(r, (size_t) n, sizeof(ranked), compare_ranked);
	for (int64_t i = n - 1; i >= 0; i--)
	{
		least = fmin(least, r[i].p * (double) n / (double) (i + 1) * harmonic);
		q[r[i].i] = least;
	}
	em_free(ctx, r);
	return EM_OK;
}

double
em_fdr_resolution(const double *q, int64_t count, double length, double level)
{
	int64_t		last = count - 1;

	for (int64_t i = 0; i < count; i++)
		if (q[i] > level)
		{
			last = i - 1;
			break;
		}
	return last > 0 ? length / (double) last : NAN;
}

/* ---------------------------------------------------------------- the test */

void
em_fsc_permutation_destroy(em_ctx *ctx, em_fsc_permutation *p)
{
	if (p == NULL)
		return;
	em_free(ctx, p->fsc);
	em_free(ctx, p->n);
	em_free(ctx, p);
}

static em_status
create_result(em_ctx *ctx, const em_fsc *f, double share, em_fsc_permutation **out)
{
	em_fsc_permutation *p = em_alloc(ctx, 1, sizeof(em_fsc_permutation), "permutation test");
	uint64_t	count = (uint64_t) f->count;

	*out = p;
	if (p == NULL)
		return em_ctx_status(ctx);
	p->count = f->count;
	p->length = f->length;
	p->n = em_alloc(ctx, count, sizeof(int64_t), "permutation test");
	p->fsc = em_alloc(ctx, 6 * count, sizeof(double), "permutation test");
	if (p->n == NULL || p->fsc == NULL)
		return em_ctx_status(ctx);
	p->p = p->fsc + count;
	p->q = p->fsc + 2 * count;
	p->fsc_vrs = p->fsc + 3 * count;
	p->p_vrs = p->fsc + 4 * count;
	p->q_vrs = p->fsc + 5 * count;
	for (int64_t i = 0; i < p->count; i++)
	{
		double		n = fmax(share * (double) f->n[i] / 2, 1);

		p->n[i] = (int64_t) n;
		p->fsc[i] = f->fsc[i];
		p->p[i] = i == 0 ? 0 : chance(f->fsc[i], n);
	}
	return EM_OK;
}

/* Coefficients of the largest shell that is permuted. */
static int64_t
most_coefficients(const em_shells *s, const em_permutation_options *options)
{
	double		density = 1 / sqrt(s->unit2[0] * s->unit2[1] * s->unit2[2]);
	double		radius = (double) s->count;
	double		most = 1.2 * 2 * M_PI * radius * radius * density + 4096;
	double		small = 4 * PERMUTE_BELOW / options->share + 4096;

	return (int64_t) (options->exact ? most : fmin(most, small));
}

uint64_t
em_fsc_permutation_bytes(em_ctx *ctx, const em_grid *grid)
{
	em_permutation_options options = {.share = EM_SPHERE_SHARE,.exact = true};
	em_shells	s;
	uint64_t	room;

	if (em_shells_init(ctx, grid, &s) != EM_OK)
		return 0;
	room = (uint64_t) most_coefficients(&s, &options);
	return em_fsc_sweep_bytes(ctx, grid) + em_fsc_stored_bytes(ctx, &s) + room * 4 * sizeof(float) + (uint64_t) s.count * 32 * sizeof(double) +
		(uint64_t) em_parallel_workers(ctx) * 2 * MOST_SAMPLES * sizeof(float);
}

/* SPOC's p-values of all shells. */
static em_status
test_vrs(em_ctx *ctx, test_job *job)
{
	uint8_t		larger[BATCH];
	uint64_t	workers = (uint64_t) em_parallel_workers(ctx);

	job->room = most_coefficients(job->shells, job->options);
	job->permute.room = job->room < MOST_SAMPLES ? job->room : MOST_SAMPLES;
	job->a = em_alloc(ctx, (uint64_t) job->room * 4, sizeof(float), "coefficients of a shell");
	job->permute.copy = em_alloc(ctx, (uint64_t) job->permute.room * 2 * workers, sizeof(float), "permutations");
	if (job->a == NULL || job->permute.copy == NULL)
		return em_ctx_status(ctx);
	job->b = job->a + 2 * job->room;
	job->permute.a = job->a;
	job->permute.b = job->b;
	job->permute.larger = larger;
	job->permute.seed = em_ctx_seed(ctx);
	for (int64_t i = 1; i < job->out->count; i++)
	{
		EM_TRY(em_poll(ctx));
		EM_TRY(shell_p_vrs(ctx, job, i, &job->out->p_vrs[i]));
	}
	return EM_OK;
}

em_status
em_fsc_permutation_test(em_ctx *ctx, const em_volume *f1, const em_volume *f2,
						const em_permutation_options *options, em_fsc_permutation **out)
{
	em_shells	s;
	test_job	job = {.shells = &s,.f1 = f1,.f2 = f2,.options = options};
	em_fsc	   *f;
	em_status	status;

	*out = NULL;
	if (!(options->share > 0 && options->share <= 1))
		return em_fail(ctx, EM_BAD_ARGUMENT, "an independent share of %g, outside 0 to 1", options->share);
	EM_TRY(em_shells_init(ctx, &f1->grid, &s));
	EM_TRY(em_fsc_sweep(ctx, f1, f2, &f));
	status = create_result(ctx, f, options->share, &job.out);
	job.stored = em_alloc(ctx, (uint64_t) s.count, sizeof(int64_t), "permutation test");
	if (status == EM_OK && job.stored == NULL)
		status = em_ctx_status(ctx);
	if (status == EM_OK)
		status = em_fsc_stored(ctx, f1, f2, &s, job.out->fsc_vrs, job.stored);
	if (status == EM_OK)
		status = test_vrs(ctx, &job);
	if (status == EM_OK)
		status = em_adjust_by(ctx, job.out->p, s.count, job.out->q);
	if (status == EM_OK)
		status = em_adjust_by(ctx, job.out->p_vrs, s.count, job.out->q_vrs);
	em_free(ctx, job.permute.copy);
	em_free(ctx, job.a);
	em_free(ctx, job.stored);
	em_fsc_destroy(ctx, f);
	if (status == EM_OK)
		*out = job.out;
	else
		em_fsc_permutation_destroy(ctx, job.out);
	return status;
}
