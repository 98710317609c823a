/*
 * src/libem/draw/em_colours.c
 *		Bring a picture down to as many colours as a palette holds.
 */
#include "draw/em_colours.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MIXED 32768				/* cells of colours, 5 bits a channel */
#define CELLS (MIXED + 256)		/* and of greys, 8 bits */
#define BLACK 0x000000u
#define WHITE 0xffffffu

/* Pixels of nearly the same colour. */
typedef struct cell
{
	double		n;
	double		sum[3];			/* red, green, blue, 0..255 */
	uint32_t	becomes;
} cell;

/* A group of cells: order[first .. first + n). */
typedef struct group
{
	int			first;
	int			n;
	int			channel;		/* along which they differ most */
	double		cut;			/* mean along it */
	double		error;			/* sum of squared differences from it; 0 when it cannot be cut */
} group;

/* What is needed while cutting. */
typedef struct cutting
{
	cell		cells[CELLS];
	int			order[CELLS];	/* the cells in use */
	group		groups[EM_PALETTE_MOST];
} cutting;

int
em_palette_number(em_palette *p, uint32_t colour, int most)
{
	uint32_t	at = (colour * 2654435761u) >> 22;

	for (; p->slot[at] != 0; at = (at + 1) % EM_PALETTE_SLOTS)
		if (p->colour[p->slot[at] - 1] == colour)
			return p->slot[at] - 1;
	if (p->n == most)
		return -1;
	p->colour[p->n] = colour;
	p->slot[at] = (int16_t) (++p->n);
	return p->n - 1;
}

static int
cell_of(uint32_t colour)
{
	if (em_is_grey(colour))
		return MIXED + (int) (colour & 255);
	return (int) (colour >> 9 & 0x7c00) | (int) (colour >> 6 & 0x3e0) | (int) (colour >> 3 & 0x1f);
}

static bool
is_kept(uint32_t colour)
{
	return colour == BLACK || colour == WHITE;
}

static double
mean(const cell *c, int channel)
{
	return c->sum[channel] / c->n;
}

/* Where and how much the cells of a group differ. */
static void
weigh(const cutting *t, group *g)
{
	g->error = 0;
	for (int j = 0; j < 3; j++)
	{
		double		n = 0,
					sum = 0,
					squares = 0,
					error;

		for (int i = g->first; i < g->first + g->n; i++)
		{
			const cell *c = &t->cells[t->order[i]];

			n += c->n;
			sum += c->sum[j];
			squares += c->sum[j] * c->sum[j] / c->n;
		}
		error = squares - sum * sum / n;
		if (g->n > 1 && error > g->error)
		{
			g->error = error;
			g->channel = j;
			g->cut = sum / n;
		}
	}
}

/* Cut a group at its mean; the part above it becomes `above`. */
static void
cut(cutting *t, group *g, group *above)
{
	int			low = g->first,
				high = g->first + g->n;

	while (low < high)
	{
		if (mean(&t->cells[t->order[low]], g->channel) <= g->cut)
			low++;
		else
		{
			int			swap = t->order[--high];

			t->order[high] = t->order[low];
			t->order[low] = swap;
		}
	}
	above->first = low;
	above->n = g->first + g->n - low;
	g->n = low - g->first;
	/* all on one side: they differ by rounding only */
	if (g->n == 0 || above->n == 0)
	{
		g->n += above->n;
		above->n = 0;
		g->error = 0;
		return;
	}
	weigh(t, g);
	weigh(t, above);
}

/* Cut the group of the largest error until there are `most`; returns how many there are. */
static int
cut_all(cutting *t, int used, int most)
{
	int			n = 1;

	t->groups[0].first = 0;
	t->groups[0].n = used;
	weigh(t, &t->groups[0]);
	while (n < most)
	{
		group	   *worst = &t->groups[0];

		for (int i = 1; i < n; i++)
			if (t->groups[i].error > worst->error)
				worst = &t->groups[i];
		if (!(worst->error > 0))
			break;
		cut(t, worst, &t->groups[n]);
		n += t->groups[n].n > 0;
	}
	return n;
}

/* The mean colour of a group, which all of its cells become. */
static void
settle(cutting *t, const group *g)
{
	double		n = 0,
				sum[3] = {0};
	uint32_t	colour = 0;

	for (int i = g->first; i < g->first + g->n; i++)
	{
		const cell *c = &t->cells[t->order[i]];

		n += c->n;
		for (int j = 0; j < 3; j++)
			sum[j] += c->sum[j];
	}
	for (int j = 0; j < 3; j++)
		colour = colour << 8 | (uint32_t) (sum[j] / n + 0.5);
	for (int i = g->first; i < g->first + g->n; i++)
		t->cells[t->order[i]].becomes = colour;
}

/* Are there more than `most` colours? */
static bool
too_many(const uint32_t *pixels, int w, int h, int stride, int most)
{
	em_palette	p = {0};

	for (int y = 0; y < h; y++)
		for (int x = 0; x < w; x++)
			if (em_palette_number(&p, pixels[(int64_t) y * stride + x] & WHITE, most) < 0)
				return true;
	return false;
}

em_status
em_colours_reduce(em_ctx *ctx, uint32_t *pixels, int w, int h, int stride, int most)
{
	cutting    *t;
	int			used = 0,
				groups;

	if (!too_many(pixels, w, h, stride, most))
		return EM_OK;
	t = em_alloc(ctx, 1, sizeof(*t), "the colours of a picture");
	if (t == NULL)
		return em_ctx_status(ctx);
	for (int y = 0; y < h; y++)
		for (int x = 0; x < w; x++)
		{
			uint32_t	colour = pixels[(int64_t) y * stride + x] & WHITE;
			cell	   *c = &t->cells[cell_of(colour)];

			if (is_kept(colour))
				continue;
			if (c->n++ == 0)
				t->order[used++] = cell_of(colour);
			for (int j = 0; j < 3; j++)
				c->sum[j] += colour >> (16 - 8 * j) & 255;
		}
	/* by the root of their number, lest a scale of colours beside a large picture be forgotten */
	for (int i = 0; i < used; i++)
	{
		cell	   *c = &t->cells[t->order[i]];
		double		root = sqrt(c->n);

		c->n /= root;
		for (int j = 0; j < 3; j++)
			c->sum[j] /= root;
	}
	groups = cut_all(t, used, most - 2);
	for (int i = 0; i < groups; i++)
		settle(t, &t->groups[i]);
	for (int y = 0; y < h; y++)
		for (int x = 0; x < w; x++)
		{
			uint32_t   *p = &pixels[(int64_t) y * stride + x];

			if (!is_kept(*p & WHITE))
				*p = t->cells[cell_of(*p & WHITE)].becomes;
		}
	em_free(ctx, t);
	return EM_OK;
}
