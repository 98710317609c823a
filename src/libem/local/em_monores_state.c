/*
 * src/libem/local/em_monores_state.c
 *		The search for a resolution at every voxel of the mask.
 */
#include "local/em_monores_internal.h"

#include <string.h>

#include "core/em_par.h"

#define MAX_FAILURES 2			/* in a row; the last of them ends the search */
#define BLOCK ((int64_t) 1 << 18)	/* voxels an item */

void
em_monores_state_destroy(em_ctx *ctx, em_monores_state *s)
{
	em_free(ctx, s->row_start);
	em_free(ctx, s->failures);
	em_free(ctx, s->found);
	em_free(ctx, s->saved_failures);
	em_free(ctx, s->saved_found);
	em_free(ctx, s->pass);
	memset(s, 0, sizeof(*s));
}

void
em_monores_state_decided(em_ctx *ctx, em_monores_state *s)
{
	em_free(ctx, s->saved_failures);
	em_free(ctx, s->saved_found);
	em_free(ctx, s->pass);
	s->saved_failures = NULL;
	s->saved_found = NULL;
	s->pass = NULL;
}

em_status
em_monores_state_create(em_ctx *ctx, const em_mask *mask, em_monores_state *s)
{
	const char *what = "the state of the search";
	uint64_t	n = (uint64_t) mask->count + 1;
	int64_t		rows = mask->n[1] * mask->n[2];
	int64_t		before = 0;

	memset(s, 0, sizeof(*s));
	s->voxels = mask->count;
	if ((s->row_start = em_alloc(ctx, (uint64_t) rows, sizeof(int64_t), what)) == NULL ||
		(s->failures = em_alloc(ctx, n, 1, what)) == NULL ||
		(s->found = em_alloc(ctx, n, sizeof(uint16_t), what)) == NULL ||
		(s->saved_failures = em_alloc(ctx, n, 1, what)) == NULL ||
		(s->saved_found = em_alloc(ctx, n, sizeof(uint16_t), what)) == NULL ||
		(s->pass = em_alloc(ctx, n, 1, what)) == NULL)
	{
		em_monores_state_destroy(ctx, s);
		return em_ctx_status(ctx);
	}
	for (int64_t r = 0; r < rows; r++)
	{
		s->row_start[r] = before;
		if (r % 4096 == 0 && em_poll(ctx) != EM_OK)
		{
			em_monores_state_destroy(ctx, s);
			return EM_CANCELLED;
		}
		for (int64_t w = 0; w < mask->words; w++)
			before += __builtin_popcountll(mask->bits[r * mask->words + w]);
	}
	memset(s->failures, 1, (size_t) mask->count);
	return EM_OK;
}

typedef struct job
{
	em_monores_state *s;
	const em_mono_pick *pick;
	const float *value;
	float		threshold;
	int			first;
	int			i;				/* decision within the chunk; rewind: decisions to keep */
	int64_t		n;
	em_monores_sums *sums;		/* one an item */
} job;

/* A voxel's answer at resolution number c. */
static inline void
answer(uint8_t *failures, uint16_t *found, bool pass, int c)
{
	if (pass)
	{
		*failures = 1;
		*found = (uint16_t) (c + 1);
	}
	else if (++*failures > MAX_FAILURES)
	{
		*failures = 0;
		*found = (uint16_t) ((c >= 2 ? c - 2 : 0) + 1);
	}
}

/* Item: plane of a tile. */
static em_status
decide_plane(void *arg, int64_t item, int worker)
{
	job		   *j = arg;
	const int64_t rows = j->pick->hi[1] - j->pick->lo[1];
	em_monores_sums sums = {0};

	(void) worker;
	for (int64_t r = item * rows; r < (item + 1) * rows; r++)
	{
		const em_mono_row *row = &j->pick->row[r];

		for (int64_t k = 0; k < row->n; k++)
		{
			const int64_t v = row->index + k;
			const double a = j->value[row->at + k];
			const bool	pass = j->value[row->at + k] > j->threshold;

			if (j->s->failures[v] == 0)
				continue;
			sums.n++;
			sums.sum += a;
			sums.sum2 += a * a;
			j->s->pass[v] |= (uint8_t) (pass << j->i);
			answer(&j->s->failures[v], &j->s->found[v], pass, j->first + j->i);
		}
	}
	j->sums[item] = sums;
	return EM_OK;
}

/* Run an item function and add up what the items found. */
static em_status
run_summed(em_ctx *ctx, int64_t items, em_task_fn task, job *j, em_monores_sums *total)
{
	em_status	status;

	j->sums = em_alloc(ctx, (uint64_t) items, sizeof(em_monores_sums), "sums");
	if (j->sums == NULL)
		return em_ctx_status(ctx);
	status = em_parallel(ctx, "local resolution", items, task, j);
	for (int64_t i = 0; i < items && status == EM_OK; i++)
	{
		total->n += j->sums[i].n;
		total->sum += j->sums[i].sum;
		total->sum2 += j->sums[i].sum2;
	}
	em_free(ctx, j->sums);
	return status;
}

em_status
em_monores_state_decide(em_ctx *ctx, em_monores_state *s, const em_mono_pick *pick, const float *value,
						double threshold, int first, int i, em_monores_sums *sums)
{
	job			j = {.s = s,.pick = pick,.value = value,.threshold = (float) threshold,.first = first,.i = i};

	return run_summed(ctx, pick->hi[2] - pick->lo[2], decide_plane, &j, sums);
}

/* Item: plane of a tile; undecided voxels. */
static em_status
count_plane(void *arg, int64_t item, int worker)
{
	job		   *j = arg;
	const int64_t rows = j->pick->hi[1] - j->pick->lo[1];

	(void) worker;
	for (int64_t r = item * rows; r < (item + 1) * rows; r++)
		for (int64_t k = 0; k < j->pick->row[r].n; k++)
			j->sums[item].n += j->s->failures[j->pick->row[r].index + k] > 0;
	return EM_OK;
}

em_status
em_monores_state_active(em_ctx *ctx, const em_monores_state *s, const em_mono_pick *pick, int64_t *active)
{
	job			j = {.s = (em_monores_state *) s,.pick = pick};
	em_monores_sums total = {0};
	em_status	status = run_summed(ctx, pick->hi[2] - pick->lo[2], count_plane, &j, &total);

	*active = total.n;
	return status;
}

/* Item: a block of voxels. */
static em_status
save_block(void *arg, int64_t item, int worker)
{
	em_monores_state *s = ((job *) arg)->s;
	int64_t		from = item * BLOCK;
	size_t		n = (size_t) (s->voxels - from < BLOCK ? s->voxels - from : BLOCK);

	(void) worker;
	memcpy(s->saved_failures + from, s->failures + from, n);
	memcpy(s->saved_found + from, s->found + from, n * sizeof(uint16_t));
	memset(s->pass + from, 0, n);
	return EM_OK;
}

em_status
em_monores_state_save(em_ctx *ctx, em_monores_state *s)
{
	job			j = {.s = s};

	return em_parallel(ctx, NULL, (s->voxels + BLOCK - 1) / BLOCK, save_block, &j);
}

static em_status
rewind_block(void *arg, int64_t item, int worker)
{
	job		   *j = arg;
	em_monores_state *s = j->s;
	int64_t		end = (item + 1) * BLOCK < s->voxels ? (item + 1) * BLOCK : s->voxels;

	(void) worker;
	for (int64_t v = item * BLOCK; v < end; v++)
	{
		s->failures[v] = s->saved_failures[v];
		s->found[v] = s->saved_found[v];
		for (int i = 0; i < j->i && s->failures[v] > 0; i++)
			answer(&s->failures[v], &s->found[v], (s->pass[v] >> i) & 1, j->first + i);
	}
	return EM_OK;
}

em_status
em_monores_state_rewind(em_ctx *ctx, em_monores_state *s, int first, int keep)
{
	job			j = {.s = s,.first = first,.i = keep};

	return em_parallel(ctx, NULL, (s->voxels + BLOCK - 1) / BLOCK, rewind_block, &j);
}

/* Item: a block of values. */
static em_status
sum_block(void *arg, int64_t item, int worker)
{
	job		   *j = arg;
	int64_t		end = (item + 1) * BLOCK < j->n ? (item + 1) * BLOCK : j->n;
	em_monores_sums sums = {.n = end - item * BLOCK};

	(void) worker;
	for (int64_t i = item * BLOCK; i < end; i++)
	{
		sums.sum += j->value[i];
		sums.sum2 += (double) j->value[i] * j->value[i];
	}
	j->sums[item] = sums;
	return EM_OK;
}

em_status
em_monores_moments(em_ctx *ctx, const float *value, int64_t n, em_monores_sums *out)
{
	job			j = {.value = value,.n = n};

	memset(out, 0, sizeof(*out));
	return run_summed(ctx, (n + BLOCK - 1) / BLOCK, sum_block, &j, out);
}
