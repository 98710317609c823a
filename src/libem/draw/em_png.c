/*
 * src/libem/draw/em_png.c
 *		PNG of one byte a pixel (ISO/IEC 15948): half of what three bytes take.
 *
 * Each row is filtered by what makes its bytes smallest, the usual guess, or none
 * is: whichever comes out shorter.
 */
#include "draw/em_png.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static int
by_lightness(const void *a, const void *b)
{
	uint32_t	x = *(const uint32_t *) a,
				y = *(const uint32_t *) b;
	uint32_t	p = (x >> 16) * 2 + (x >> 8 & 255) * 5 + (x & 255),
				q = (y >> 16) * 2 + (y >> 8 & 255) * 5 + (y & 255);

	return p != q ? (p > q) - (p < q) : (x > y) - (x < y);
}

/* The byte that a filter predicts from left, above, above left. */
static int
predicted(int filter, int a, int b, int c)
{
	int			p = abs(b - c),
				q = abs(a - c),
				r = abs(a + b - 2 * c);

	switch (filter)
	{
		case 1:
			return a;
		case 2:
			return b;
		case 3:
			return (a + b) / 2;
		case 4:
			return p <= q && p <= r ? a : q <= r ? b : c;
		default:
			return 0;
	}
}

/* Write a row with its filter in front; returns the sum of the bytes as signed numbers. */
static int64_t
filter_row(int filter, const uint8_t *row, const uint8_t *above, int w, uint8_t *to)
{
	int64_t		sum = 0;

	*to++ = (uint8_t) filter;
	for (int x = 0; x < w; x++)
	{
		int			a = x > 0 ? row[x - 1] : 0,
					b = above != NULL ? above[x] : 0,
					c = x > 0 && above != NULL ? above[x - 1] : 0;

		to[x] = (uint8_t) (row[x] - predicted(filter, a, b, c));
		sum += to[x] < 128 ? to[x] : 256 - to[x];
	}
	return sum;
}

/* All rows, filtered or not. */
static void
filter_rows(const uint8_t *index, int w, int h, bool filtered, uint8_t *to)
{
	for (int y = 0; y < h; y++, to += w + 1)
	{
		const uint8_t *row = index + (int64_t) y * w;
		const uint8_t *above = y > 0 ? row - w : NULL;
		int64_t		least = 0;
		int			best = 0;

		for (int f = 0; filtered && f < 5; f++)
		{
			int64_t		sum = filter_row(f, row, above, w, to);

			if (f == 0 || sum < least)
			{
				least = sum;
				best = f;
			}
		}
		filter_row(best, row, above, w, to);
	}
}

static void
put_number(uint8_t *to, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t) (v >> (24 - 8 * i));
}

/* Append a chunk; its data is in place already when `data` is NULL. */
static void
put_chunk(em_png *out, const char *name, const uint8_t *data, uint32_t length)
{
	uint8_t    *to = out->bytes + out->length;

	put_number(to, length);
	memcpy(to + 4, name, 4);
	if (data != NULL)
		memcpy(to + 8, data, length);
	put_number(to + 8 + length, (uint32_t) crc32(0, to + 4, length + 4));
	out->length += 12 + (int64_t) length;
}

/* The shorter of both ways to deflate the picture, behind what `out` holds. */
static em_status
put_image(em_ctx *ctx, const uint8_t *index, int w, int h, uLong room, em_png *out)
{
	uint64_t	size = (uint64_t) (w + 1) * (uint64_t) h;
	uint8_t    *rows = em_alloc(ctx, size, 1, "the rows of a picture");
	uint8_t    *other = rows == NULL ? NULL : em_alloc(ctx, room, 1, "the encoded picture");
	uLong		length = room,
				length_other = room;
	bool		sound;

	if (other == NULL)
	{
		em_free(ctx, rows);
		return em_ctx_status(ctx);
	}
	filter_rows(index, w, h, true, rows);
	sound = compress2(out->bytes + out->length + 8, &length, rows, size, 7) == Z_OK;
	filter_rows(index, w, h, false, rows);
	sound = sound && compress2(other, &length_other, rows, size, 7) == Z_OK;
	if (sound)
		put_chunk(out, "IDAT", length_other < length ? other : NULL,
				  (uint32_t) (length_other < length ? length_other : length));
	em_free(ctx, other);
	em_free(ctx, rows);
	return sound ? EM_OK : em_fail(ctx, EM_NO_MEMORY, "a picture could not be encoded");
}

/* Header, colours, picture, end. */
static em_status
encode(em_ctx *ctx, const uint8_t *index, int w, int h, const em_palette *p, bool grey, em_png *out)
{
	static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
	uint8_t		head[13] = {[8] = 8,[9] = grey ? 0 : 3};
	uint8_t		colours[3 * EM_PALETTE_MOST];
	uLong		room = compressBound((uLong) (w + 1) * (uLong) h);
	em_status	status;

	memset(out, 0, sizeof(*out));
	out->bytes = em_alloc(ctx, room + 1024, 1, "the encoded picture");
	if (out->bytes == NULL)
		return em_ctx_status(ctx);
	memcpy(out->bytes, signature, 8);
	out->length = 8;
	put_number(head, (uint32_t) w);
	put_number(head + 4, (uint32_t) h);
	put_chunk(out, "IHDR", head, 13);
	for (int i = 0; i < p->n; i++)
		for (int j = 0; j < 3; j++)
			colours[3 * i + j] = (uint8_t) (p->colour[i] >> (16 - 8 * j));
	if (!grey)
		put_chunk(out, "PLTE", colours, 3 * (uint32_t) p->n);
	status = put_image(ctx, index, w, h, room, out);
	put_chunk(out, "IEND", NULL, 0);
	out->width = w;
	out->height = h;
	if (status != EM_OK)
		em_png_free(ctx, out);
	return status;
}

em_status
em_png_encode(em_ctx *ctx, const uint32_t *pixels, int w, int h, int stride, em_png *out)
{
	em_palette	p = {0},
				sorted = {0};
	bool		grey = true;
	uint8_t    *index;
	em_status	status;

	memset(out, 0, sizeof(*out));
	for (int y = 0; y < h; y++)
		for (int x = 0; x < w; x++)
			if (em_palette_number(&p, pixels[(int64_t) y * stride + x] & 0xffffff, EM_PALETTE_MOST) < 0)
				return em_fail(ctx, EM_BAD_ARGUMENT, "a picture has more than %d colours", EM_PALETTE_MOST);
	qsort(p.colour, (size_t) p.n, sizeof(uint32_t), by_lightness);
	for (int i = 0; i < p.n; i++)
	{
		grey = grey && em_is_grey(p.colour[i]);
		(void) em_palette_number(&sorted, p.colour[i], EM_PALETTE_MOST);
	}
	index = em_alloc(ctx, (uint64_t) w * (uint64_t) h, 1, "the rows of a picture");
	if (index == NULL)
		return em_ctx_status(ctx);
	for (int y = 0; y < h; y++)
		for (int x = 0; x < w; x++)
		{
			uint32_t	colour = pixels[(int64_t) y * stride + x] & 0xffffff;

			index[(int64_t) y * w + x] = (uint8_t) (grey ? (int) (colour & 255) : em_palette_number(&sorted, colour, EM_PALETTE_MOST));
		}
	status = encode(ctx, index, w, h, &sorted, grey, out);
	em_free(ctx, index);
	return status;
}
