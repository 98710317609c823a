/*
 * src/libem/core/em_quantile.c
 *		Exact quantiles, summaries and histograms by counting.
 */
#include "core/em_quantile.h"

#include <math.h>
#include <string.h>

#include "core/em_par.h"
#include "volume/em_density.h"

#define HALF_BUCKETS 65536		/* values of 16 bits */
#define WANTED_MAX (2 * EM_QUANTILES_MAX)	/* two neighbours a quantile */
#define SPAN_VALUES ((int64_t) 1 << 18)	/* values of an array in one item */

/* What is counted: a volume under a mask, by planes, or an array, by spans. */
typedef struct source
{
	const em_volume *v;
	const em_mask *m;
	const float *values;
	int64_t		n_values;
	int64_t		items;
} source;

/* A run of numbers handed to a counter; bits may be NULL. */
typedef void (*row_fn) (void *arg, int worker, int64_t item, const float *row, const uint64_t *bits,
						int64_t n);

typedef struct sweep
{
	const source *s;
	row_fn		row;
	void	   *arg;
} sweep;

static source
volume_source(const em_volume *v, const em_mask *m)
{
	return (source) {.v = v, .m = m, .items = v->grid.n[2]};
}

static source
array_source(const float *values, int64_t n)
{
	return (source) {.values = values, .n_values = n, .items = (n + SPAN_VALUES - 1) / SPAN_VALUES};
}

/* Item: the rows of one plane, or one span of the array. */
static em_status
sweep_item(void *arg, int64_t item, int worker)
{
	sweep	   *w = arg;
	const source *s = w->s;

	if (s->v == NULL)
	{
		int64_t		first = item * SPAN_VALUES;
		int64_t		n = s->n_values - first < SPAN_VALUES ? s->n_values - first : SPAN_VALUES;

		w->row(w->arg, worker, item, s->values + first, NULL, n);
		return EM_OK;
	}
	for (int64_t y = 0; y < s->v->grid.n[1]; y++)
		w->row(w->arg, worker, item, em_volume_row(s->v, y, item),
			   s->m == NULL ? NULL : em_mask_row(s->m, y, item), s->v->grid.n[0]);
	return EM_OK;
}

static em_status
run_sweep(em_ctx *ctx, const char *phase, const source *s, row_fn row, void *arg)
{
	sweep		w = {.s = s, .row = row, .arg = arg};

	if (s->m != NULL)
		EM_TRY(em_mask_fits(ctx, s->v, s->m));
	if (s->v != NULL && s->v->domain != EM_REAL_SPACE)
		return em_fail(ctx, EM_INTERNAL, "statistics of a volume that is in Fourier space");
	return em_parallel(ctx, phase, s->items, sweep_item, &w);
}

/* Does the row count voxel x? */
static inline bool
counted(const uint64_t *bits, int64_t x)
{
	return bits == NULL || ((bits[x >> 6] >> (x & 63)) & 1);
}

/* A key that orders as the values do; -0 and 0 are taken as equal. */
static inline uint32_t
key_of(float f)
{
	uint32_t	u;

	f += 0.0f;
	memcpy(&u, &f, sizeof(u));
	return u ^ ((u >> 31) ? UINT32_MAX : UINT32_C(0x80000000));
}

static inline float
value_of(uint32_t key)
{
	uint32_t	u = key ^ ((key >> 31) ? UINT32_C(0x80000000) : UINT32_MAX);
	float		f;

	memcpy(&f, &u, sizeof(f));
	return f;
}

/* Both passes: tables of 65536 counters, `tables` of them a worker. */
typedef struct counting
{
	int			tables;
	uint64_t   *count;			/* [worker][table][bucket] */
	int32_t		wanted[WANTED_MAX];	/* upper halves of the tables of pass 2, ascending */
	uint8_t    *table_of;		/* [upper half] table + 1, 0 for none */
} counting;

static void
count_upper(void *arg, int worker, int64_t item, const float *row, const uint64_t *bits, int64_t n)
{
	counting   *c = arg;
	uint64_t   *count = c->count + (int64_t) worker * c->tables * HALF_BUCKETS;

	(void) item;
	for (int64_t x = 0; x < n; x++)
		if (counted(bits, x) && row[x] == row[x])
			count[key_of(row[x]) >> 16]++;
}

static void
count_lower(void *arg, int worker, int64_t item, const float *row, const uint64_t *bits, int64_t n)
{
	counting   *c = arg;
	uint64_t   *count = c->count + (int64_t) worker * c->tables * HALF_BUCKETS;

	(void) item;
	for (int64_t x = 0; x < n; x++)
		if (counted(bits, x) && row[x] == row[x])
		{
			uint32_t	key = key_of(row[x]);
			int			table = c->table_of[key >> 16];

			if (table > 0)
				count[(int64_t) (table - 1) * HALF_BUCKETS + (key & 0xffff)]++;
		}
}

/* Add the workers' tables into those of worker 0. */
static void
merge(counting *c, int workers)
{
	int64_t		size = (int64_t) c->tables * HALF_BUCKETS;

	for (int w = 1; w < workers; w++)
		for (int64_t i = 0; i < size; i++)
			c->count[i] += c->count[w * size + i];
}

/* One element wanted: its rank, and where it was found. */
typedef struct element
{
	uint64_t	rank;			/* among all values */
	uint64_t	inner;			/* among those of its upper half */
	uint32_t	upper;
	double		value;
} element;

/* The bucket that holds `rank`, which becomes the rank inside that bucket. */
static uint32_t
find_bucket(const uint64_t *count, uint64_t *rank)
{
	uint32_t	b = 0;

	while (b < HALF_BUCKETS - 1 && *rank >= count[b])
		*rank -= count[b++];
	return b;
}

/* Pass 2: the lower halves of all wanted elements. */
static em_status
find_lower(em_ctx *ctx, const source *s, element *e, int n, uint8_t *table_of)
{
	counting	c = {.table_of = table_of};
	em_status	status;

	for (int i = 0; i < n; i++)
		if (table_of[e[i].upper] == 0)
			table_of[e[i].upper] = (uint8_t) ++c.tables;
	c.count = em_alloc(ctx, (uint64_t) em_parallel_workers(ctx) * (uint64_t) c.tables * HALF_BUCKETS,
					   sizeof(uint64_t), "quantile counters");
	if (c.count == NULL)
		return em_ctx_status(ctx);
	status = run_sweep(ctx, "quantiles, pass 2", s, count_lower, &c);
	if (status == EM_OK)
	{
		merge(&c, em_parallel_workers(ctx));
		for (int i = 0; i < n; i++)
		{
			const uint64_t *table = c.count + (int64_t) (table_of[e[i].upper] - 1) * HALF_BUCKETS;
			uint64_t	rank = e[i].inner;

			e[i].value = value_of(e[i].upper << 16 | find_bucket(table, &rank));
		}
	}
	em_free(ctx, c.count);
	return status;
}

/* Pass 1, then which elements are wanted, then pass 2. */
static em_status
select_elements(em_ctx *ctx, const source *s, em_rank rank, const double *q, int nq, element *e,
				counting *c, int64_t *n)
{
	uint64_t	total = 0;

	EM_TRY(run_sweep(ctx, "quantiles, pass 1", s, count_upper, c));
	merge(c, em_parallel_workers(ctx));
	for (int b = 0; b < HALF_BUCKETS; b++)
		total += c->count[b];
	*n = (int64_t) total;
	if (total == 0)
		return EM_OK;
	for (int i = 0; i < 2 * nq; i++)
	{
		double		at = rank == EM_RANK_FLOOR ? floor((double) total * q[i / 2])
			: floor((double) (total - 1) * q[i / 2]) + i % 2;

		e[i].rank = at < 0 ? 0 : (uint64_t) at;
		if (e[i].rank > total - 1)
			e[i].rank = total - 1;
		e[i].inner = e[i].rank;
		e[i].upper = find_bucket(c->count, &e[i].inner);
	}
	return find_lower(ctx, s, e, 2 * nq, c->table_of);
}

static em_status
quantiles(em_ctx *ctx, const source *s, em_rank rank, const double *q, int nq, double *out, int64_t *n)
{
	element		e[WANTED_MAX] = {{0}};
	counting	c = {.tables = 1};
	em_status	status = EM_OK;

	*n = 0;
	if (nq < 1 || nq > EM_QUANTILES_MAX)
		return em_fail(ctx, EM_BAD_ARGUMENT, "%d quantiles asked for, outside 1 to %d", nq, EM_QUANTILES_MAX);
	for (int i = 0; i < nq; i++)
		if (!(q[i] >= 0 && q[i] <= 1))
			return em_fail(ctx, EM_BAD_ARGUMENT, "quantile %g is outside 0 to 1", q[i]);
	c.count = em_alloc(ctx, (uint64_t) em_parallel_workers(ctx) * HALF_BUCKETS, sizeof(uint64_t),
					   "quantile counters");
	c.table_of = em_alloc(ctx, HALF_BUCKETS, 1, "quantile tables");
	if (c.count == NULL || c.table_of == NULL)
		status = em_ctx_status(ctx);
	if (status == EM_OK)
		status = select_elements(ctx, s, rank, q, nq, e, &c, n);
	for (int i = 0; status == EM_OK && i < nq; i++)
	{
		double		at = (double) (*n - 1) * q[i];
		double		part = at - floor(at);

		if (*n == 0)
			out[i] = NAN;
		else if (rank == EM_RANK_FLOOR || part == 0 || e[2 * i].value == e[2 * i + 1].value)
			out[i] = e[2 * i].value;
		else
			out[i] = e[2 * i].value + part * (e[2 * i + 1].value - e[2 * i].value);
	}
	em_free(ctx, c.table_of);
	em_free(ctx, c.count);
	return status;
}

em_status
em_quantiles(em_ctx *ctx, const em_volume *v, const em_mask *m, em_rank rank, const double *q, int nq,
			 double *out, int64_t *n)
{
	source		s = volume_source(v, m);

	return quantiles(ctx, &s, rank, q, nq, out, n);
}

em_status
em_quantiles_array(em_ctx *ctx, const float *values, int64_t n_values, em_rank rank, const double *q,
				   int nq, double *out, int64_t *n)
{
	source		s = array_source(values, n_values);

	return quantiles(ctx, &s, rank, q, nq, out, n);
}

/* Pass 1 and pass 2 of quantiles that lie in ten buckets, as those of a summary may. */
uint64_t
em_quantile_bytes(const em_ctx *ctx)
{
	return (1 + 16) * (uint64_t) em_parallel_workers(ctx) * HALF_BUCKETS * sizeof(uint64_t) + HALF_BUCKETS;
}

/* Sum and number of the finite values of each item, added in item order. */
typedef struct mean_part
{
	double		sum;
	int64_t		n;
} mean_part;

static void
add_row(void *arg, int worker, int64_t item, const float *row, const uint64_t *bits, int64_t n)
{
	mean_part  *part = (mean_part *) arg + item;

	(void) worker;
	for (int64_t x = 0; x < n; x++)
		if (counted(bits, x) && isfinite(row[x]))
		{
			part->sum += row[x];
			part->n++;
		}
}

static em_status
mean_of(em_ctx *ctx, const source *s, double *mean)
{
	mean_part  *part = em_alloc(ctx, (uint64_t) (s->items + 1), sizeof(mean_part), "partial means");
	mean_part	all = {0};
	em_status	status;

	if (part == NULL)
		return em_ctx_status(ctx);
	status = run_sweep(ctx, "mean", s, add_row, part);
	for (int64_t i = 0; i < s->items; i++)
	{
		all.sum += part[i].sum;
		all.n += part[i].n;
	}
	em_free(ctx, part);
	*mean = all.n > 0 ? all.sum / (double) all.n : NAN;
	return status;
}

static em_status
summarize(em_ctx *ctx, const source *s, em_summary *out)
{
	static const double q[] = {0.025, 0.25, 0.5, 0.75, 0.975, 0, 1};
	double		p[7];

	EM_TRY(quantiles(ctx, s, EM_RANK_LINEAR, q, 7, p, &out->n));
	EM_TRY(mean_of(ctx, s, &out->mean));
	out->p2_5 = p[0];
	out->p25 = p[1];
	out->p50 = p[2];
	out->p75 = p[3];
	out->p97_5 = p[4];
	out->min = p[5];
	out->max = p[6];
	return EM_OK;
}

em_status
em_summarize(em_ctx *ctx, const em_volume *v, const em_mask *m, em_summary *out)
{
	source		s = volume_source(v, m);

	return summarize(ctx, &s, out);
}

em_status
em_summarize_array(em_ctx *ctx, const float *values, int64_t n_values, em_summary *out)
{
	source		s = array_source(values, n_values);

	return summarize(ctx, &s, out);
}

typedef struct binning
{
	double		low;
	double		high;
	int			bins;
	uint64_t   *count;			/* [worker][bin] */
} binning;

static void
bin_row(void *arg, int worker, int64_t item, const float *row, const uint64_t *bits, int64_t n)
{
	binning    *b = arg;
	uint64_t   *count = b->count + (int64_t) worker * b->bins;
	double		scale = b->bins / (b->high - b->low);

	(void) item;
	for (int64_t x = 0; x < n; x++)
		if (counted(bits, x) && row[x] >= b->low && row[x] <= b->high)
		{
			int			i = (int) ((row[x] - b->low) * scale);

			count[i < b->bins ? i : b->bins - 1]++;
		}
}

static em_status
histogram(em_ctx *ctx, const source *s, double low, double high, int bins, double *centre, double *counts)
{
	binning		b = {.low = low, .high = high, .bins = bins};
	int			workers = em_parallel_workers(ctx);
	em_status	status;

	if (bins < 1 || !(low < high))
		return em_fail(ctx, EM_BAD_ARGUMENT, "no histogram with %d bins from %g to %g", bins, low, high);
	b.count = em_alloc(ctx, (uint64_t) workers * (uint64_t) bins, sizeof(uint64_t), "histogram");
	if (b.count == NULL)
		return em_ctx_status(ctx);
	status = run_sweep(ctx, "histogram", s, bin_row, &b);
	for (int i = 0; status == EM_OK && i < bins; i++)
	{
		uint64_t	n = 0;

		for (int w = 0; w < workers; w++)
			n += b.count[(int64_t) w * bins + i];
		counts[i] = (double) n;
		if (centre != NULL)
			centre[i] = low + (high - low) * (i + 0.5) / bins;
	}
	em_free(ctx, b.count);
	return status;
}

em_status
em_histogram(em_ctx *ctx, const em_volume *v, const em_mask *m, double low, double high, int bins,
			 double *centre, double *counts)
{
	source		s = volume_source(v, m);

	return histogram(ctx, &s, low, high, bins, centre, counts);
}

em_status
em_histogram_array(em_ctx *ctx, const float *values, int64_t n_values, double low, double high, int bins,
				   double *centre, double *counts)
{
	source		s = array_source(values, n_values);

	return histogram(ctx, &s, low, high, bins, centre, counts);
}
