/*
 * src/libem/volume/em_components.c
 *		Connected components of a mask: runs of voxels and union-find.
 *
 * The runs are those of bundles of 2x2 rows (see em_bundle.h).  They are
 * numbered in the order of the bundles and never stored: they are read off the
 * mask again in each pass, so that a run costs the 4 bytes of its parent.  A
 * parent has a smaller number than its child, so the root of a tree is the
 * first run of its component whatever the order in which trees were joined:
 * layers of bundles are joined inside blocks in parallel, then block to block.
 *
 * Runs: Rosenfeld & Pfaltz 1966, doi:10.1145/321356.321357.
 */
#include "core/em_par.h"
#include "volume/em_bundle.h"

#include <string.h>

#define POLL_RUNS ((int64_t) 1 << 20)	/* runs or components looked at between two polls */
#define POLL_ROWS 64			/* bundles joined between two polls */
#define SMALL 4096				/* sizes below are sorted by counting */
#define AT_HAND 5				/* bundles a worker looks at together: see join_layer */

typedef struct job
{
	em_ctx	   *ctx;
	const em_mask *m;
	int64_t		bundles;		/* bundles along y */
	int64_t		layers;			/* bundles along z */
	int64_t    *layer_run;		/* number of the first run of each layer; [layers] is the total */
	uint32_t   *parent;			/* one a run; labels later */
	uint64_t   *scratch;		/* a row without bits, then AT_HAND bundles for each worker */
	int64_t		block;			/* layers a block when joining */
	bool		alone;			/* the caller's thread is at work and has to poll */
	int64_t    *size;			/* one a component */
	uint32_t	chosen;			/* component to paint */
	em_mask    *painted;
} job;

uint64_t
em_components_bytes(const int64_t n[3])
{
	const uint64_t cells = (uint64_t) (n[0] + 1) / 2 * (uint64_t) EM_BUNDLES(n[1]) *
		(uint64_t) EM_BUNDLES(n[2]);
	const uint64_t scratch = (uint64_t) (n[0] + 63) / 64 * (1 + 64 * AT_HAND * 3);

	/* At most one run for a cell of 2x2x2 voxels, and one component for a run. */
	return cells * (sizeof(uint32_t) + sizeof(int64_t)) +
		sizeof(int64_t) * (scratch + (uint64_t) EM_BUNDLES(n[2]) + 1 + SMALL);
}

/* Read bundle (Y,Z) into the worker's scratch number `slot`; its runs begin with `first`. */
EM_INLINE void
read_bundle(const job *j, em_bundle *b, int64_t Y, int64_t Z, int worker, int64_t slot, int64_t first)
{
	uint64_t   *scratch = j->scratch + j->m->words +
		(worker * AT_HAND + slot) * EM_BUNDLE_WORDS(j->m);

	em_bundle_read(b, j->m, Y, Z, j->scratch, scratch, first);
}

/* Root of a run, shortening the way on the way. */
static inline uint32_t
find_root(uint32_t *parent, uint32_t i)
{
	while (parent[i] != i)
	{
		parent[i] = parent[parent[i]];
		i = parent[i];
	}
	return i;
}

/* Join the trees of two runs: the smaller root stays. */
static inline void
join(uint32_t *parent, uint32_t a, uint32_t b)
{
	if (parent[a] == parent[b])
		return;
	a = find_root(parent, a);
	b = find_root(parent, b);
	if (a < b)
		parent[b] = a;
	else
		parent[a] = b;
}

/*
 * Join the runs of two neighbouring bundles through the rows that face each
 * other: a1 and a2 of bundle a, b1 and b2 of bundle b.  A stretch of voxels at
 * the same x joins two runs once; voxels at x and x+1 matter only where no
 * voxels at the same x do the same.
 */
EM_INLINE void
join_facing(uint32_t *parent, int64_t words, const em_bundle *a, const uint64_t *a1,
			const uint64_t *a2, const em_bundle *b, const uint64_t *b1, const uint64_t *b2)
{
	uint64_t	prev_a = 0;
	uint64_t	prev_b = 0;
	uint64_t	A = a1[0] | a2[0];
	uint64_t	B = b1[0] | b2[0];

	if (a->n == 0 || b->n == 0)
		return;
	for (int64_t w = 0; w < words; w++)
	{
		const uint64_t next_a = w + 1 < words ? a1[w + 1] | a2[w + 1] : 0;
		const uint64_t next_b = w + 1 < words ? b1[w + 1] | b2[w + 1] : 0;
		const uint64_t a_left = A << 1 | prev_a >> 63;	/* bit x: voxel x-1 of A */
		const uint64_t b_left = B << 1 | prev_b >> 63;
		const uint64_t a_right = A >> 1 | next_a << 63;	/* bit x: voxel x+1 of A */
		const uint64_t b_right = B >> 1 | next_b << 63;

		for (uint64_t hit = A & B & ~(a_left & b_left); hit != 0; hit &= hit - 1)
		{
			const int64_t x = 64 * w + __builtin_ctzll(hit);

			join(parent, em_bundle_run(a, x), em_bundle_run(b, x));
		}
		for (uint64_t hit = a_left & B & ~A & ~b_left; hit != 0; hit &= hit - 1)
		{
			const int64_t x = 64 * w + __builtin_ctzll(hit);

			join(parent, em_bundle_run(a, x - 1), em_bundle_run(b, x));
		}
		for (uint64_t hit = a_right & B & ~A & ~b_right; hit != 0; hit &= hit - 1)
		{
			const int64_t x = 64 * w + __builtin_ctzll(hit);

			join(parent, em_bundle_run(a, x + 1), em_bundle_run(b, x));
		}
		prev_a = A;
		prev_b = B;
		A = next_a;
		B = next_b;
	}
}

/* Join bundle b = (Y,Z) to its neighbours (Y-1,Z-1), (Y,Z-1) and (Y+1,Z-1), each NULL beyond the box. */
EM_INLINE void
join_behind(const job *j, const em_bundle *b, const em_bundle *lower, const em_bundle *level,
			const em_bundle *upper)
{
	const int64_t words = j->m->words;

	if (lower != NULL)
		join_facing(j->parent, words, lower, lower->row[1][1], lower->row[1][1],
					b, b->row[0][0], b->row[0][0]);
	join_facing(j->parent, words, level, level->row[0][1], level->row[1][1],
				b, b->row[0][0], b->row[1][0]);
	if (upper != NULL)
		join_facing(j->parent, words, upper, upper->row[0][1], upper->row[0][1],
					b, b->row[1][0], b->row[1][0]);
}

/*
 * Join the runs of layer Z: to each other when `within`, before which each is a
 * tree of its own, and to those of layer Z-1 when `behind`.  At bundle Y the
 * bundles Y-1 and Y of layer Z and Y-1 to Y+1 of layer Z-1 are at hand.
 */
EM_HOT static void
join_layer(const job *j, int64_t Z, bool within, bool behind, int worker)
{
	em_bundle	here[2];
	em_bundle	back[3];
	int64_t		next_here = j->layer_run[Z];
	int64_t		next_back = behind ? j->layer_run[Z - 1] : 0;

	for (int64_t i = next_here; within && i < j->layer_run[Z + 1]; i++)
		j->parent[i] = (uint32_t) i;
	if (next_here == j->layer_run[Z + 1])
		return;
	if (behind)
	{
		read_bundle(j, &back[0], 0, Z - 1, worker, 2, next_back);
		next_back += back[0].n;
	}
	for (int64_t Y = 0; Y < j->bundles && !em_ctx_stopped(j->ctx); Y++)
	{
		em_bundle  *now = &here[Y % 2];
		const bool	upper = behind && Y + 1 < j->bundles;

		if (j->alone && Y % POLL_ROWS == 0)
			(void) em_poll(j->ctx);
		read_bundle(j, now, Y, Z, worker, Y % 2, next_here);
		next_here += now->n;
		if (upper)
		{
			read_bundle(j, &back[(Y + 1) % 3], Y + 1, Z - 1, worker, 2 + (Y + 1) % 3, next_back);
			next_back += back[(Y + 1) % 3].n;
		}
		if (behind)
			join_behind(j, now, Y > 0 ? &back[(Y - 1) % 3] : NULL, &back[Y % 3],
						upper ? &back[(Y + 1) % 3] : NULL);
		if (within && Y > 0)
		{
			const em_bundle *last = &here[(Y + 1) % 2];

			join_facing(j->parent, j->m->words, last, last->row[1][0], last->row[1][1],
						now, now->row[0][0], now->row[0][1]);
		}
	}
}

/* Item: count the runs of one layer. */
EM_HOT static em_status
count_task(void *arg, int64_t Z, int worker)
{
	job		   *j = arg;
	em_bundle	b;
	int64_t		n = 0;

	for (int64_t Y = 0; Y < j->bundles; Y++)
	{
		read_bundle(j, &b, Y, Z, worker, 0, 0);
		n += b.n;
	}
	j->layer_run[Z + 1] = n;
	return EM_OK;
}

/* Item: join inside one block of layers. */
static em_status
block_task(void *arg, int64_t item, int worker)
{
	job		   *j = arg;
	const int64_t first = item * j->block;
	const int64_t end = first + j->block < j->layers ? first + j->block : j->layers;

	for (int64_t Z = first; Z < end; Z++)
		join_layer(j, Z, true, Z > first, worker);
	return EM_OK;
}

/*
 * Join all runs.  One thread takes layer by layer; several take a block of
 * layers each, and the seams between the blocks are joined afterwards.
 */
static em_status
join_all(job *j)
{
	const int64_t blocks = 4 * (int64_t) em_ctx_threads(j->ctx);
	const bool	serial = em_ctx_threads(j->ctx) == 1 || j->layers < 2 * blocks;

	j->block = serial ? 1 : (j->layers + blocks - 1) / blocks;
	if (!serial)
		EM_TRY(em_parallel(j->ctx, "components", (j->layers + j->block - 1) / j->block, block_task, j));
	j->alone = true;
	for (int64_t Z = serial ? 0 : j->block; Z < j->layers; Z += j->block)
	{
		join_layer(j, Z, serial, Z > 0, 0);
		EM_TRY(em_poll(j->ctx));
		em_progress(j->ctx, "components", (double) (Z + 1) / (double) j->layers);
	}
	j->alone = false;
	return EM_OK;
}

/*
 * Replace parents by labels 0, 1, ... in the order of first runs: a parent comes
 * before its children, so its label is there when they need it.
 */
static em_status
label_runs(job *j, int64_t *count)
{
	const int64_t runs = j->layer_run[j->layers];
	uint32_t	next = 0;

	for (int64_t first = 0; first < runs; first += POLL_RUNS)
	{
		const int64_t end = first + POLL_RUNS < runs ? first + POLL_RUNS : runs;

		for (int64_t i = first; i < end; i++)
		{
			const uint32_t p = j->parent[i];

			j->parent[i] = p == (uint32_t) i ? next++ : j->parent[p];
		}
		EM_TRY(em_poll(j->ctx));
	}
	*count = next;
	return EM_OK;
}

/* Add to the size of a component; whole numbers add up to the same in any order. */
static inline void
add_size(job *j, uint32_t label, int64_t voxels)
{
	if (voxels > 0)
		(void) __atomic_fetch_add(&j->size[label], voxels, __ATOMIC_RELAXED);
}

/* Item: add the runs of one layer to the sizes of their components. */
EM_HOT static em_status
size_task(void *arg, int64_t Z, int worker)
{
	job		   *j = arg;
	const uint32_t *label = j->parent + j->layer_run[Z];
	uint32_t	last = 0;
	int64_t		voxels = 0;
	em_bundle	b;

	for (int64_t Y = 0; Y < j->bundles && !em_ctx_stopped(j->ctx); Y++)
	{
		read_bundle(j, &b, Y, Z, worker, 0, 0);
		for (int64_t w = 0; w < j->m->words; w++)
			for (uint64_t start = b.start[w]; start != 0; start &= start - 1, label++)
			{
				const int64_t begin = 64 * w + __builtin_ctzll(start);
				const int64_t end = em_bundle_run_end(&b, begin, j->m->words);

				if (*label != last)
				{
					add_size(j, last, voxels);
					last = *label;
					voxels = 0;
				}
				for (int64_t k = w; 64 * k < end; k++)
				{
					const uint64_t range = em_word_range(k, begin, end);

					voxels += __builtin_popcountll(b.row[0][0][k] & range) +
						__builtin_popcountll(b.row[0][1][k] & range) +
						__builtin_popcountll(b.row[1][0][k] & range) +
						__builtin_popcountll(b.row[1][1][k] & range);
				}
			}
	}
	add_size(j, last, voxels);
	return EM_OK;
}

/* Paint the voxels begin..end-1 of the rows of bundle (Y,Z). */
static void
paint_run(job *j, const em_bundle *b, int64_t Y, int64_t Z, int64_t begin, int64_t end)
{
	for (int i = 0; i < 2 && 2 * Y + i < j->m->n[1]; i++)
		for (int k = 0; k < 2 && 2 * Z + k < j->m->n[2]; k++)
		{
			uint64_t   *to = em_mask_row(j->painted, 2 * Y + i, 2 * Z + k);

			for (int64_t w = begin >> 6; 64 * w < end; w++)
				to[w] |= b->row[i][k][w] & em_word_range(w, begin, end);
		}
}

/* Item: paint the chosen component in one layer. */
EM_HOT static em_status
paint_task(void *arg, int64_t Z, int worker)
{
	job		   *j = arg;
	const uint32_t *label = j->parent + j->layer_run[Z];
	em_bundle	b;

	for (int64_t Y = 0; Y < j->bundles && !em_ctx_stopped(j->ctx); Y++)
	{
		read_bundle(j, &b, Y, Z, worker, 0, 0);
		for (int64_t w = 0; w < j->m->words; w++)
			for (uint64_t start = b.start[w]; start != 0; start &= start - 1, label++)
				if (*label == j->chosen)
				{
					const int64_t begin = 64 * w + __builtin_ctzll(start);

					paint_run(j, &b, Y, Z, begin, em_bundle_run_end(&b, begin, j->m->words));
				}
	}
	return EM_OK;
}

/*
 * Label of the first voxel of row (y,z) in a component of `size` voxels;
 * UINT32_MAX when there is none.  `b` is the bundle the row belongs to.
 */
static uint32_t
first_in_row(const job *j, const em_bundle *b, int64_t y, int64_t z, int64_t size)
{
	const uint64_t *row = b->row[y % 2][z % 2];

	for (int64_t w = 0; w < j->m->words; w++)
		for (uint64_t bits = row[w]; bits != 0; bits &= bits - 1)
		{
			const uint32_t label = j->parent[em_bundle_run(b, 64 * w + __builtin_ctzll(bits))];

			if (j->size[label] == size)
				return label;
		}
	return UINT32_MAX;
}

/* Of the components of `size` voxels, choose the one whose first voxel comes first in raster order. */
static em_status
choose_first(job *j, int64_t size)
{
	em_bundle	b = {.n = 0};

	j->chosen = UINT32_MAX;
	for (int64_t z = 0; z < j->m->n[2]; z++)
	{
		int64_t		first = j->layer_run[z / 2];

		for (int64_t y = 0; y < j->m->n[1]; y++)
		{
			if (y % 2 == 0)
			{
				read_bundle(j, &b, y / 2, z / 2, 0, 0, first);
				first += b.n;
			}
			j->chosen = first_in_row(j, &b, y, z, size);
			if (j->chosen != UINT32_MAX)
				return EM_OK;
			if (y % POLL_ROWS == 0)
				EM_TRY(em_poll(j->ctx));
		}
	}
	return em_fail(j->ctx, EM_INTERNAL, "no component has the largest size");
}

/* Choose the largest component. */
static em_status
choose_largest(job *j, int64_t count)
{
	int64_t		ties = 0;

	j->chosen = 0;
	for (int64_t i = 0; i < count; i++)
	{
		if (j->size[i] > j->size[j->chosen])
		{
			j->chosen = (uint32_t) i;
			ties = 0;
		}
		ties += j->size[i] == j->size[j->chosen];
		if (i % POLL_RUNS == 0)
			EM_TRY(em_poll(j->ctx));
	}
	return ties > 1 ? choose_first(j, j->size[j->chosen]) : EM_OK;
}

/* Sift element i of a heap of n down; the smallest is on top. */
static void
sift_down(int64_t *heap, int64_t i, int64_t n)
{
	const int64_t value = heap[i];

	for (int64_t child = 2 * i + 1; child < n; child = 2 * i + 1)
	{
		if (child + 1 < n && heap[child + 1] < heap[child])
			child++;
		if (heap[child] >= value)
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = value;
}

/*
 * Sort sizes into descending order in place.  Small sizes, which are nearly all,
 * are counted; the few large ones are moved to the front and heap-sorted.
 */
static em_status
sort_sizes(em_ctx *ctx, int64_t *size, int64_t n)
{
	int64_t    *count = em_alloc(ctx, SMALL, sizeof(int64_t), "component sizes");
	int64_t		large = 0;
	int64_t		at;

	if (count == NULL)
		return em_ctx_status(ctx);
	for (int64_t i = 0; i < n; i++)
	{
		if (size[i] < SMALL)
			count[size[i]]++;
		else
			size[large++] = size[i];
		if (i % POLL_RUNS == 0 && em_poll(ctx) != EM_OK)
			break;
	}
	for (int64_t i = large / 2 - 1; i >= 0; i--)
		sift_down(size, i, large);
	for (int64_t end = large - 1; end > 0; end--)
	{
		const int64_t smallest = size[0];

		size[0] = size[end];
		size[end] = smallest;
		sift_down(size, 0, end);
	}
	at = large;
	for (int64_t s = SMALL - 1; s > 0; s--)
		for (int64_t i = 0; i < count[s]; i++)
			size[at++] = s;
	em_free(ctx, count);
	return em_poll(ctx);
}

/* Sizes of all components, sorted, and the mask of the largest. */
static em_status
measure(job *j, em_components *c)
{
	c->size = em_alloc(j->ctx, (uint64_t) c->count, sizeof(int64_t), "component sizes");
	if (c->size == NULL)
		return em_ctx_status(j->ctx);
	j->size = c->size;
	EM_TRY(em_mask_create(j->ctx, j->m->n, "largest component", &c->largest));
	if (c->count == 0)
		return EM_OK;
	EM_TRY(em_parallel(j->ctx, "component sizes", j->layers, size_task, j));
	EM_TRY(choose_largest(j, c->count));
	j->painted = c->largest;
	c->largest->count = c->size[j->chosen];
	EM_TRY(em_parallel(j->ctx, "largest component", j->layers, paint_task, j));
	return sort_sizes(j->ctx, c->size, c->count);
}

/* Number the runs of each layer; EM_TOO_LARGE when there are too many. */
static em_status
number_runs(job *j)
{
	EM_TRY(em_parallel(j->ctx, NULL, j->layers, count_task, j));
	for (int64_t Z = 0; Z < j->layers; Z++)
		j->layer_run[Z + 1] += j->layer_run[Z];
	if (j->layer_run[j->layers] >= (int64_t) UINT32_MAX)
		return em_fail(j->ctx, EM_TOO_LARGE, "the mask has %lld runs of voxels, at most %lld are possible",
					   (long long) j->layer_run[j->layers], (long long) UINT32_MAX - 1);
	return EM_OK;
}

/* All steps; what is allocated in the job is freed by the caller. */
static em_status
find_components(job *j, em_components *c)
{
	const uint64_t workers = (uint64_t) em_parallel_workers(j->ctx);
	const uint64_t words = (uint64_t) j->m->words + workers * AT_HAND * (uint64_t) EM_BUNDLE_WORDS(j->m);

	j->layer_run = em_alloc(j->ctx, (uint64_t) j->layers + 1, sizeof(int64_t), "components");
	if (j->layer_run == NULL)
		return em_ctx_status(j->ctx);
	j->scratch = em_alloc(j->ctx, words, sizeof(uint64_t), "components");
	if (j->scratch == NULL)
		return em_ctx_status(j->ctx);
	EM_TRY(number_runs(j));
	j->parent = em_alloc(j->ctx, (uint64_t) j->layer_run[j->layers], sizeof(uint32_t), "components");
	if (j->parent == NULL)
		return em_ctx_status(j->ctx);
	EM_TRY(join_all(j));
	EM_TRY(label_runs(j, &c->count));
	return measure(j, c);
}

em_status
em_components_find(em_ctx *ctx, const em_mask *m, em_components **out)
{
	job			j = {.ctx = ctx, .m = m, .bundles = EM_BUNDLES(m->n[1]), .layers = EM_BUNDLES(m->n[2])};
	em_status	status;

	*out = em_alloc(ctx, 1, sizeof(em_components), "components");
	if (*out == NULL)
		return em_ctx_status(ctx);
	status = find_components(&j, *out);
	em_free(ctx, j.parent);
	em_free(ctx, j.scratch);
	em_free(ctx, j.layer_run);
	if (status != EM_OK)
	{
		em_components_destroy(ctx, *out);
		*out = NULL;
	}
	return status;
}

void
em_components_destroy(em_ctx *ctx, em_components *c)
{
	if (c == NULL)
		return;
	em_mask_destroy(ctx, c->largest);
	em_free(ctx, c->size);
	em_free(ctx, c);
}
