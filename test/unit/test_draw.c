/*
 * test/unit/test_draw.c
 *		Pictures decode, have the right size, and show things where they are.
 */
#include "tap.h"
#include "mrc_bytes.h"

#include <cairo/cairo.h>

#include "core/em_rng.h"
#include "draw/em_canvas.h"
#include "draw/em_cast.h"
#include "draw/em_colours.h"
#include "draw/em_png.h"

/* The list of fonts is made once and kept by fontconfig. */
extern const char *__lsan_default_suppressions(void);
const char *
__lsan_default_suppressions(void)
{
	return "leak:libfontconfig";
}

/* Bytes of a picture being decoded. */
typedef struct decoding
{
	const em_png *png;
	int64_t		at;
} decoding;

static cairo_status_t
give_bytes(void *arg, unsigned char *data, unsigned int length)
{
	decoding   *d = arg;

	if (d->at + length > d->png->length)
		return CAIRO_STATUS_READ_ERROR;
	memcpy(data, d->png->bytes + d->at, length);
	d->at += length;
	return CAIRO_STATUS_SUCCESS;
}

/* Decode; destroyed by the caller. */
static cairo_surface_t *
decode(const em_png *png)
{
	decoding	d = {png, 0};

	return cairo_image_surface_create_from_png_stream(give_bytes, &d);
}

/* A pixel at a place of the drawn area, 0..1 from its left and its bottom. */
static int
pixel(cairo_surface_t *image, double right, double up, int channel)
{
	int			w = cairo_image_surface_get_width(image) - EM_CANVAS_LEFT - EM_CANVAS_RIGHT;
	int			h = cairo_image_surface_get_height(image) - EM_CANVAS_TOP - EM_CANVAS_BOTTOM;
	int			x = EM_CANVAS_LEFT + (int) (right * w);
	int			y = EM_CANVAS_TOP + (int) ((1 - up) * h);
	uint32_t	v = *(uint32_t *) (cairo_image_surface_get_data(image) + y * cairo_image_surface_get_stride(image) + 4 * x);

	return v >> (16 - 8 * channel) & 255;
}

static em_volume *
make_volume(em_ctx *ctx, int nx, int ny, int nz, double voxel)
{
	em_grid		grid = {.n = {nx, ny, nz},.voxel = {voxel, voxel, voxel},.angle = {90, 90, 90}};
	em_volume  *v;

	if (em_volume_create(ctx, &grid, "a test map", &v) != EM_OK)
		exit(1);
	return v;
}

/* Where do the axes point? */
static void
test_orientation(em_ctx *ctx)
{
	em_volume  *v = make_volume(ctx, 40, 30, 20, 2);
	em_rows		rows = {.volume = v};
	em_plane	p;
	em_png		png;
	cairo_surface_t *image;
	double		range[2];

	for (int z = 2; z < 8; z++)
		for (int y = 20; y < 28; y++)
			for (int x = 4; x < 12; x++)
				em_volume_row(v, y, z)[x] = 1;
	ok(em_plane_make(ctx, &rows, 2, 5, &p) == EM_OK && p.n[0] == 40 && p.n[1] == 30, "plane across z");
	ok(em_grey_range(ctx, &p, 1, range) == EM_OK && range[0] == 0 && range[1] == 1, "black and white");
	ok(em_draw_plane(ctx, &p, "a & b", range, NAN, "", &png) == EM_OK, "drawn");
	image = decode(&png);
	ok(cairo_surface_status(image) == CAIRO_STATUS_SUCCESS, "it decodes");
	is_int(cairo_image_surface_get_width(image), EM_PICTURE_SIDE + EM_CANVAS_LEFT + EM_CANVAS_RIGHT, "width");
	is_int(cairo_image_surface_get_height(image), EM_PICTURE_SIDE * 3 / 4 + EM_CANVAS_TOP + EM_CANVAS_BOTTOM, "height");
	is_int(pixel(image, 8 / 40.0, 24 / 30.0, 0), 255, "x goes right, y goes up");
	is_int(pixel(image, 32 / 40.0, 24 / 30.0, 0), 0, "nothing at the right");
	is_int(pixel(image, 8 / 40.0, 6 / 30.0, 0), 0, "nothing at the bottom");
	cairo_surface_destroy(image);
	em_png_free(ctx, &png);
	em_plane_free(ctx, &p);

	ok(em_plane_make(ctx, &rows, 0, -1, &p) == EM_OK && p.n[0] == 30 && p.n[1] == 20, "projection along x: y right, z up");
	is_near(p.v[5 * 30 + 24], 8 * 2, 1e-12, "sum times voxel size");
	is_near(p.v[15 * 30 + 24], 0, 0, "and nothing elsewhere");
	em_plane_free(ctx, &p);
	ok(em_plane_make(ctx, &rows, 1, 30, &p) == EM_BAD_ARGUMENT, "a slice outside is refused");
	ok(em_plane_make(ctx, &rows, 3, 0, &p) == EM_BAD_ARGUMENT, "and a fourth axis");
	em_volume_destroy(ctx, v);
}

/* Planes drawn side by side share black and white. */
static void
test_range(em_ctx *ctx)
{
	double		first[200],
				second[200],
				range[2];
	em_plane	planes[2] = {{.n = {20, 10},.v = first}, {.n = {200, 1},.v = second}};

	for (int i = 0; i < 200; i++)
	{
		first[i] = i;
		second[i] = 1000 + i;
	}
	/* of 400 values the second and the last but one */
	ok(em_grey_range(ctx, planes, 2, range) == EM_OK && range[0] == 1 && range[1] == 1198, "of both planes");
	ok(em_grey_range(ctx, planes, 1, range) == EM_OK && range[0] == 0 && range[1] == 199, "of one alone");
	for (int i = 0; i < 200; i++)
		first[i] = i == 50;
	ok(em_grey_range(ctx, planes, 1, range) == EM_OK && range[0] == 0 && range[1] == 1, "one value that differs");
}

/* Streams of any axis order give what the volume gives. */
static double
voxel_value(int x, int y, int z)
{
	return (x * 31 + y * 17 + z * 101) % 251 + (z == 3 ? 100 * (x % 2) : 0);
}

static void
test_streams(em_ctx *ctx)
{
	static const int orders[3][3] = {{1, 2, 3}, {3, 1, 2}, {2, 3, 1}};

	for (int k = 0; k < 3; k++)
	{
		mrc_spec	spec = mrc_default(7, 6, 5, 2, k == 1);
		em_source	source;
		em_mrc_header h;
		em_rows		rows = {.source = &source,.header = &h};
		em_plane	p;
		em_volume  *v;
		int64_t		length,
					wrong = 0,
					index;
		int			factor;
		uint8_t    *bytes;
		int			n[3] = {7, 6, 5};

		for (int j = 0; j < 3; j++)
		{
			spec.axis[j] = orders[k][j];
			spec.n[j] = n[orders[k][j] - 1];
		}
		bytes = mrc_file_bytes(&spec, voxel_value, &length);
		em_source_memory(&source, bytes, length);
		ok(em_mrc_read_header(ctx, &source, &h) == EM_OK && em_plane_make(ctx, &rows, 1, 4, &p) == EM_OK, "order %d", k);
		for (int z = 0; z < 5; z++)
			for (int x = 0; x < 7; x++)
				wrong += p.v[z * 7 + x] != voxel_value(x, 4, z);
		is_int(wrong, 0, "its slice");
		em_plane_free(ctx, &p);
		source.rewind(&source, ctx);
		ok(em_mrc_read_header(ctx, &source, &h) == EM_OK && em_plane_most_varied(ctx, &rows, 2, &index) == EM_OK, "scanned");
		is_int(index, 3, "the slice that varies most");
		source.rewind(&source, ctx);
		ok(em_mrc_read_header(ctx, &source, &h) == EM_OK && em_reduce(ctx, &rows, 4, &factor, &v) == EM_OK, "reduced");
		ok(factor == 2 && v->grid.n[0] == 4 && v->grid.n[1] == 3 && v->grid.n[2] == 3, "by two");
		is_near(v->grid.voxel[0], 4, 1e-6, "its voxel size");
		is_near(em_volume_row(v, 2, 2)[3], (voxel_value(6, 4, 4) + voxel_value(6, 5, 4)) / 2, 1e-4, "a block cut by two faces");
		em_volume_destroy(ctx, v);
		free(bytes);
	}
}

/* Where a ball in a corner is seen. */
static void
test_surface(em_ctx *ctx)
{
	em_volume  *v = make_volume(ctx, 48, 48, 48, 1.5);
	em_volume  *colour = make_volume(ctx, 48, 48, 48, 1.5);
	em_surface	s = {.volume = v,.level = 0.5,.title = "ball",.low = NAN,.high = NAN};
	em_png		png;
	cairo_surface_t *image;

	/* Low x, high y, middle z */
	for (int z = 0; z < 48; z++)
		for (int y = 0; y < 48; y++)
			for (int x = 0; x < 48; x++)
			{
				em_volume_row(v, y, z)[x] = (float) (9.5 - sqrt((x - 12) * (x - 12) + (y - 36) * (y - 36) + (z - 24) * (z - 24)));
				em_volume_row(colour, y, z)[x] = (float) z;
			}
	memcpy(s.turn, em_surface_view[2], sizeof(s.turn));
	ok(em_draw_surface(ctx, &s, &png) == EM_OK, "view 3");
	image = decode(&png);
	ok(pixel(image, 0.25, 0.75, 0) < 250, "x right, y up");
	is_int(pixel(image, 0.75, 0.75, 0), 255, "background");
	ok(pixel(image, 0.20, 0.83, 0) > pixel(image, 0.32, 0.64, 0) + 30, "light comes from the upper left");
	cairo_surface_destroy(image);
	em_png_free(ctx, &png);

	memcpy(s.turn, em_surface_view[0], sizeof(s.turn));
	ok(em_draw_surface(ctx, &s, &png) == EM_OK, "view 1");
	image = decode(&png);
	ok(pixel(image, 0.75, 0.5, 0) < 250 && pixel(image, 0.25, 0.5, 0) == 255, "y right, z up");
	cairo_surface_destroy(image);
	em_png_free(ctx, &png);

	memcpy(s.turn, em_surface_view[1], sizeof(s.turn));
	ok(em_draw_surface(ctx, &s, &png) == EM_OK, "view 2");
	image = decode(&png);
	ok(pixel(image, 0.5, 0.75, 0) < 250 && pixel(image, 0.5, 0.25, 0) == 255, "z right, x down");
	cairo_surface_destroy(image);
	em_png_free(ctx, &png);

	s.colour = colour;
	ok(em_draw_surface(ctx, &s, &png) == EM_OK, "coloured");
	image = decode(&png);
	ok(pixel(image, 0.68, 0.75, 0) > pixel(image, 0.68, 0.75, 2) && pixel(image, 0.33, 0.75, 2) > pixel(image, 0.33, 0.75, 0),
	   "from blue to yellow");
	cairo_surface_destroy(image);
	em_png_free(ctx, &png);

	/* Values for the half beyond z = 36 Å only, in other voxels: coloured there, grey elsewhere */
	{
		em_volume  *part = make_volume(ctx, 24, 24, 8, 3);
		em_hits    *hits;

		for (int z = 0; z < 8; z++)
			for (int y = 0; y < 24; y++)
				for (int x = 0; x < 24; x++)
					em_volume_row(part, y, z)[x] = 1;
		s.colour = part;
		s.colour_start[2] = 36;
		s.low = 0;
		s.high = 1;
		ok(em_draw_surface(ctx, &s, &png) == EM_MISMATCH, "a part of the box is no second map");
		em_ctx_reset(ctx);
		ok(em_cast(ctx, v, s.level, em_surface_view[1], false, &hits) == EM_OK &&
		   em_paint_surface(ctx, hits, &s, &png) == EM_OK, "but it colours what rays hit");
		image = decode(&png);
		ok(pixel(image, 0.6, 0.75, 0) > pixel(image, 0.6, 0.75, 2) + 20, "yellow where there are values");
		ok(abs(pixel(image, 0.4, 0.75, 0) - pixel(image, 0.4, 0.75, 2)) < 10, "grey where there are none");
		cairo_surface_destroy(image);
		em_png_free(ctx, &png);
		em_hits_destroy(ctx, hits);
		em_volume_destroy(ctx, part);
		s.colour_start[2] = 0;
	}

	/* As large as it fits: the ball fills the picture from every side */
	s.colour = NULL;
	s.fit = true;
	for (int view = 0; view < 3; view++)
	{
		memcpy(s.turn, em_surface_view[view], sizeof(s.turn));
		ok(em_draw_surface(ctx, &s, &png) == EM_OK, "fitted");
		image = decode(&png);
		ok(pixel(image, 0.5, 0.5, 0) < 250 && pixel(image, 0.12, 0.5, 0) < 250 && pixel(image, 0.88, 0.5, 0) < 250 &&
		   pixel(image, 0.5, 0.12, 0) < 250 && pixel(image, 0.5, 0.88, 0) < 250 && pixel(image, 0.1, 0.9, 0) == 255,
		   "view %d: in the middle, to the edges", view + 1);
		cairo_surface_destroy(image);
		em_png_free(ctx, &png);
	}
	s.fit = false;
	memcpy(s.turn, em_surface_view[1], sizeof(s.turn));
	s.level = 1000;
	ok(em_draw_surface(ctx, &s, &png) == EM_OK, "a level that nothing reaches");
	em_png_free(ctx, &png);
	{
		em_volume	long_voxels = *s.volume;

		long_voxels.grid.voxel[0] = 1;
		long_voxels.grid.voxel[1] = 1;
		long_voxels.grid.voxel[2] = 1000;
		em_surface	odd = s;

		odd.volume = &long_voxels;
		ok(em_draw_surface(ctx, &odd, &png) == EM_BAD_ARGUMENT, "voxels a thousand times as long as wide, whose rays would take for ever");
	}
	s.level = NAN;
	ok(em_draw_surface(ctx, &s, &png) == EM_BAD_ARGUMENT, "no level");
	em_volume_destroy(ctx, colour);
	em_volume_destroy(ctx, v);
}

/* Encode a picture of `colours` colours and decode it with another library; true when it is the same. */
static bool
round_trip(em_ctx *ctx, int colours, bool grey)
{
	static uint32_t pixels[61 * 64];
	cairo_surface_t *image;
	em_png		png;
	uint32_t	random = 1;
	bool		same = true;

	for (int i = 0; i < 61 * 64; i++)
	{
		random = random * 1664525 + 1013904223;
		pixels[i] = i < colours ? (uint32_t) i : (random >> 16) % (uint32_t) colours;
		pixels[i] = grey ? pixels[i] * 0x010101 : pixels[i] * 0x0b3a57 & 0xffffff;
	}
	if (em_png_encode(ctx, pixels, 60, 64, 61, &png) != EM_OK)
		return false;
	image = decode(&png);
	for (int y = 0; y < 64; y++)
		for (int x = 0; x < 60; x++)
		{
			const unsigned char *row = cairo_image_surface_get_data(image) + y * cairo_image_surface_get_stride(image);

			same = same && (((const uint32_t *) row)[x] & 0xffffff) == pixels[y * 61 + x];
		}
	same = same && cairo_image_surface_get_width(image) == 60 && png.width == 60 && png.height == 64;
	cairo_surface_destroy(image);
	em_png_free(ctx, &png);
	return same;
}

static void
test_few_colours(em_ctx *ctx)
{
	ok(round_trip(ctx, 256, true), "256 greys");
	ok(round_trip(ctx, 1, true), "one grey");
	ok(round_trip(ctx, 200, false), "200 colours");
	ok(round_trip(ctx, 256, false), "256 colours");
	ok(!round_trip(ctx, 257, false), "more do not fit in a palette");
	em_ctx_reset(ctx);
}

/* The largest difference of a channel of two colours. */
static int
colour_distance(uint32_t a, uint32_t b)
{
	int			most = 0;

	for (int j = 0; j < 24; j += 8)
	{
		int			d = abs((int) (a >> j & 255) - (int) (b >> j & 255));

		most = d > most ? d : most;
	}
	return most;
}

static int
by_number(const void *a, const void *b)
{
	uint32_t	x = *(const uint32_t *) a,
				y = *(const uint32_t *) b;

	return (x > y) - (x < y);
}

/* Reduce a picture of 128 x 128 pixels to `most` colours; the largest and the mean change of a channel. */
static int
reduce(em_ctx *ctx, const uint32_t *before, int most, int *largest, double *mean)
{
	static uint32_t after[128 * 129],
				sorted[128 * 128];
	int			n = 1;

	memcpy(after, before, sizeof(after));
	*largest = 0;
	*mean = 0;
	if (em_colours_reduce(ctx, after, 128, 128, 129, most) != EM_OK)
		return -1;
	for (int i = 0; i < 128 * 128; i++)
	{
		int			at = i / 128 * 129 + i % 128,
					d = colour_distance(before[at] & 0xffffff, after[at] & 0xffffff);

		sorted[i] = after[at] & 0xffffff;
		*largest = d > *largest ? d : *largest;
		*mean += d / (128.0 * 128);
		if ((before[at] == 0 || before[at] == 0xffffff) && d > 0)
			return -1;
	}
	qsort(sorted, 128 * 128, sizeof(uint32_t), by_number);
	for (int i = 1; i < 128 * 128; i++)
		n += sorted[i] != sorted[i - 1];
	return n;
}

/* A palette of a picture of many colours. */
static void
test_many_colours(em_ctx *ctx)
{
	static uint32_t pixels[128 * 129];
	int			n,
				largest;
	double		mean;

	/* every red and every green, so 16384 colours; a cell of 16 x 16 of them is 8 from its middle */
	for (int y = 0; y < 128; y++)
		for (int x = 0; x < 129; x++)
			pixels[y * 129 + x] = (uint32_t) (2 * (x % 128)) << 16 | (uint32_t) (2 * y) << 8 | 77;
	n = reduce(ctx, pixels, 256, &largest, &mean);
	ok(n > 200 && n <= 256, "a plane of colours becomes %d", n);
	ok(largest <= 20 && mean < 8, "none is far from what it was: %d, on average %.2f", largest, mean);
	for (int i = 0; i < 128 * 129; i += 3)
		pixels[i] = i % 2 ? 0 : 0xffffff;
	n = reduce(ctx, pixels, 16, &largest, &mean);
	ok(n > 8 && n <= 16, "black and white stay beside %d colours", n);
	for (int i = 0; i < 128 * 129; i++)
		pixels[i] = (uint32_t) (i % 7) * 0x030201;
	n = reduce(ctx, pixels, 256, &largest, &mean);
	ok(n == 7 && largest == 0, "few colours stay as they are");
	/* differing in the lowest bits only */
	for (int i = 0; i < 128 * 129; i++)
		pixels[i] = 0x800080 + (uint32_t) (i % 8) + ((uint32_t) (i / 8 % 8) << 8);
	n = reduce(ctx, pixels, 16, &largest, &mean);
	ok(n == 1 && largest <= 4, "nearly equal colours become one");
	for (int i = 0; i < 128 * 129; i++)
		pixels[i] = (uint32_t) (i * 37 % 256) * 0x010101;
	n = reduce(ctx, pixels, 64, &largest, &mean);
	ok(n > 48 && n <= 64 && largest <= 4, "greys become %d, %d away at most", n, largest);
}

/* Noise cannot be compressed: it is drawn with fewer greys. */
static void
test_noise(em_ctx *ctx)
{
	em_volume  *v = make_volume(ctx, EM_PICTURE_SIDE, EM_PICTURE_SIDE, 1, 1);
	em_rows		rows = {.volume = v};
	em_plane	p;
	em_png		png;
	cairo_surface_t *image;
	double		range[2] = {0, 1},
				far = 0;
	uint64_t	drawn = 0;

	for (int y = 0; y < EM_PICTURE_SIDE; y++)
		for (int x = 0; x < EM_PICTURE_SIDE; x++)
			em_volume_row(v, y, 0)[x] = (float) em_rng_uniform(1, 0, drawn++);
	ok(em_plane_make(ctx, &rows, 2, 0, &p) == EM_OK && em_draw_plane(ctx, &p, "noise", range, NAN, "", &png) == EM_OK, "noise is drawn");
	/* values spread evenly are the worst: the 5 bits of 32 greys for each */
	ok((double) png.length < 1.1 * 5 / 8 * EM_PICTURE_SIDE * EM_PICTURE_SIDE, "in %d bytes", (int) png.length);
	image = decode(&png);
	for (int y = 10; y < EM_PICTURE_SIDE - 10; y++)
		for (int x = 10; x < EM_PICTURE_SIDE - 10; x++)
		{
			double		d = fabs(pixel(image, (x + 0.5) / EM_PICTURE_SIDE, (y + 0.5) / EM_PICTURE_SIDE, 0)
								 - 255.0 * em_volume_row(v, y, 0)[x]);

			far = d > far ? d : far;
		}
	ok(far < 12, "a pixel is at most %.1f of 255 from its value", far);
	cairo_surface_destroy(image);
	em_png_free(ctx, &png);
	em_plane_free(ctx, &p);
	em_volume_destroy(ctx, v);
}

/* The scale gets lighter evenly. */
static void
test_colours(void)
{
	double		before = -1;
	bool		rising = true;

	for (int i = 0; i <= 20; i++)
	{
		double		c[3],
					grey;

		em_colour(i / 20.0, c);
		grey = 0.2126 * pow(c[0], 2.2) + 0.7152 * pow(c[1], 2.2) + 0.0722 * pow(c[2], 2.2);
		rising = rising && grey > before;
		before = grey;
	}
	ok(rising, "colours get lighter");
}

int
main(void)
{
	em_ctx_options options = {.threads = 2};
	em_ctx	   *ctx = em_ctx_create(&options);

	test_orientation(ctx);
	test_range(ctx);
	test_streams(ctx);
	test_surface(ctx);
	test_few_colours(ctx);
	test_many_colours(ctx);
	test_noise(ctx);
	test_colours();
	is_int(em_ctx_memory_used(ctx), 0, "nothing is left behind");
	em_ctx_destroy(ctx);
	cairo_debug_reset_static_data();
	return tap_done();
}
