/*
 * test/data/make_large.c
 *		Stream an entry of any size: a hollow, virus-like shell with texture, and
 *		two half maps with independent noise.
 *
 *		make_large FOLDER BOX [VOXEL]
 *
 * Planes are made in parallel, a batch at a time, and written as they come, so
 * that no map is ever held as a whole.  The noise of a plane starts from
 * em_rng and goes on with a cheap hash; every plane is independent of the
 * others, and the files do not depend on the number of threads.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/em_par.h"
#include "core/em_rng.h"

#define SEED 7
#define FILES 3					/* map, half map 1, half map 2 */
#define BATCH 16				/* planes made before they are written */
#define NOISE 0.20				/* standard deviation in a half map; the shell's density is 1 */
#define CONTOUR 0.6
#define RESOLUTION 6.0			/* Å, for 1.2 Å voxels; scales with the voxel */
#define OUTER 0.38				/* radii of the shell as shares of the box */
#define INNER 0.30
#define EDGE 2.0				/* voxels over which the shell fades */

enum
{
	STREAM_PLANE = 1,
	STREAM_TEXTURE
};

/* Texture: random values on a lattice, interpolated, at two spacings (voxels). */
static const struct
{
	int			spacing;
	double		strength;
}			octaves[2] = {{7, 0.25}, {3, 0.20}};

typedef struct sums
{
	double		min;
	double		max;
	double		sum;
	double		sum2;
} sums;

typedef struct job
{
	int64_t		n;
	double		voxel;
	int64_t		first;			/* plane that item 0 stands for */
	float	   *planes;			/* FILES * BATCH planes */
	float	   *lattice;		/* scratch: two rows a worker */
	int64_t		lattice_row;
	sums		sums[FILES][BATCH];
} job;

/* The next 64 bits of a stream (splitmix64). */
static inline uint64_t
next_bits(uint64_t *state)
{
	uint64_t	z = (*state += UINT64_C(0x9E3779B97F4A7C15));

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

/* Nearly normal with mean 0 and variance 1: the sum of four uniform numbers of 16 bits. */
static inline float
to_normal(uint64_t bits)
{
	int32_t		sum = (int32_t) (bits & 0xFFFF) + (int32_t) (bits >> 16 & 0xFFFF)
		+ (int32_t) (bits >> 32 & 0xFFFF) + (int32_t) (bits >> 48);

	return (float) (sum - 2 * 65535) * (float) (1.7320508075688772 / 65536.0);
}

/* The value at one lattice point, -1..1. */
static double
lattice_value(int octave, int64_t x, int64_t y, int64_t z)
{
	uint64_t	state = (uint64_t) x | (uint64_t) y << 20 | (uint64_t) z << 40 | (uint64_t) (octave + STREAM_TEXTURE) << 60;

	return (double) (next_bits(&state) >> 11) * 0x1.0p-52 - 1.0;
}

/* A row of lattice values, interpolated in y and z. */
static void
lattice_row(const job *j, int octave, int64_t y, int64_t z, float *out)
{
	int64_t		spacing = octaves[octave].spacing;
	int64_t		ly = y / spacing;
	int64_t		lz = z / spacing;
	double		fy = (double) (y % spacing) / (double) spacing;
	double		fz = (double) (z % spacing) / (double) spacing;

	for (int64_t x = 0; x <= j->n / spacing + 1; x++)
		out[x] = (float) (octaves[octave].strength
						  * ((1 - fz) * ((1 - fy) * lattice_value(octave, x, ly, lz)
										 + fy * lattice_value(octave, x, ly + 1, lz))
							 + fz * ((1 - fy) * lattice_value(octave, x, ly, lz + 1)
									 + fy * lattice_value(octave, x, ly + 1, lz + 1))));
}

/* How much of the shell there is at a distance from the middle, in voxels. */
static inline double
shell_share(const job *j, double r)
{
	double		inside = (OUTER * (double) j->n - r) / EDGE + 0.5;
	double		outside = (r - INNER * (double) j->n) / EDGE + 0.5;

	return fmin(1.0, fmax(0.0, inside)) * fmin(1.0, fmax(0.0, outside));
}

/* Add the shell to a row of both half maps. */
static void
draw_row(const job *j, int64_t y, int64_t z, float *lattice, float *h1, float *h2)
{
	double		middle = (double) (j->n / 2);
	double		dy = (double) y - middle;
	double		dz = (double) z - middle;
	double		out = OUTER * (double) j->n + EDGE;
	double		half = out * out - dy * dy - dz * dz;
	int64_t		first;
	int64_t		last;

	if (half <= 0)
		return;
	half = sqrt(half);
	first = (int64_t) ceil(fmax(0.0, middle - half));
	last = (int64_t) floor(fmin((double) (j->n - 1), middle + half));
	for (int k = 0; k < 2; k++)
		lattice_row(j, k, y, z, lattice + k * j->lattice_row);
	for (int64_t x = first; x <= last; x++)
	{
		double		dx = (double) x - middle;
		double		share = shell_share(j, sqrt(dx * dx + dy * dy + dz * dz));
		float		v = 1.0f;

		if (share <= 0)
			continue;
		for (int k = 0; k < 2; k++)
		{
			int64_t		spacing = octaves[k].spacing;
			const float *l = lattice + k * j->lattice_row + x / spacing;

			v += l[0] + (l[1] - l[0]) * (float) (x % spacing) / (float) spacing;
		}
		v *= (float) share;
		h1[x] += v;
		h2[x] += v;
	}
}

static void
add_row(sums *s, const float *row, int64_t n)
{
	double		sum = 0;
	double		sum2 = 0;
	float		min = row[0];
	float		max = row[0];

	for (int64_t x = 0; x < n; x++)
	{
		sum += row[x];
		sum2 += (double) row[x] * row[x];
		min = row[x] < min ? row[x] : min;
		max = row[x] > max ? row[x] : max;
	}
	s->sum += sum;
	s->sum2 += sum2;
	s->min = fmin(s->min, min);
	s->max = fmax(s->max, max);
}

/* Make one plane of the three maps. */
static em_status
make_plane(void *arg, int64_t item, int worker)
{
	job		   *j = arg;
	int64_t		z = j->first + item;
	int64_t		plane = j->n * j->n;
	float	   *maps[FILES];
	uint32_t	start[4];
	uint64_t	state[2];

	for (int k = 0; k < FILES; k++)
	{
		maps[k] = j->planes + (k * BATCH + item) * plane;
		j->sums[k][item] = (sums) {INFINITY, -INFINITY, 0, 0};
	}
	em_rng4(SEED, STREAM_PLANE, (uint64_t) z, start);
	for (int k = 0; k < 2; k++)
		state[k] = (uint64_t) start[2 * k] << 32 | start[2 * k + 1];

	for (int64_t y = 0; y < j->n; y++)
	{
		float	   *row[FILES];

		for (int k = 0; k < FILES; k++)
			row[k] = maps[k] + y * j->n;
		for (int64_t x = 0; x < j->n; x++)
		{
			row[1][x] = (float) NOISE * to_normal(next_bits(&state[0]));
			row[2][x] = (float) NOISE * to_normal(next_bits(&state[1]));
		}
		draw_row(j, y, z, j->lattice + worker * 2 * j->lattice_row, row[1], row[2]);
		for (int64_t x = 0; x < j->n; x++)
			row[0][x] = 0.5f * (row[1][x] + row[2][x]);
		for (int k = 0; k < FILES; k++)
			add_row(&j->sums[k][item], row[k], j->n);
	}
	return EM_OK;
}

/* An MRC2014 header (this program runs on little-endian machines, like the files it writes). */
static void
make_header(const job *j, const sums *s, uint8_t header[1024])
{
	double		voxels = (double) j->n * (double) j->n * (double) j->n;
	double		mean = s->sum / voxels;
	int32_t		n = (int32_t) j->n;
	float		cell = (float) ((double) j->n * j->voxel);
	int32_t		whole[10] = {n, n, n, 2, 0, 0, 0, n, n, n};
	float		lengths[6] = {cell, cell, cell, 90, 90, 90};
	int32_t		axes[3] = {1, 2, 3};
	float		density[3] = {(float) s->min, (float) s->max, (float) mean};
	int32_t		group[2] = {1, 0};
	int32_t		version = 20140;
	float		rms = (float) sqrt(fmax(0.0, s->sum2 / voxels - mean * mean));
	uint8_t		stamp[4] = {0x44, 0x44, 0, 0};
	int32_t		labels = 1;

	memset(header, 0, 1024);
	memcpy(header, whole, 40);
	memcpy(header + 40, lengths, 24);
	memcpy(header + 64, axes, 12);
	memcpy(header + 76, density, 12);
	memcpy(header + 88, group, 8);
	memcpy(header + 108, &version, 4);
	memcpy(header + 208, "MAP ", 4);
	memcpy(header + 212, stamp, 4);
	memcpy(header + 216, &rms, 4);
	memcpy(header + 220, &labels, 4);
	memset(header + 224, ' ', 80);
	memcpy(header + 224, "synthetic shell", 15);
}

/* Make and write all planes; false after a message. */
static bool
stream(em_ctx *ctx, job *j, FILE *const *files)
{
	size_t		plane = (size_t) (j->n * j->n);
	uint8_t		header[1024] = {0};
	sums		total[FILES];

	for (int k = 0; k < FILES; k++)
	{
		total[k] = (sums) {INFINITY, -INFINITY, 0, 0};
		if (fwrite(header, sizeof(header), 1, files[k]) != 1)
			return false;
	}
	for (j->first = 0; j->first < j->n; j->first += BATCH)
	{
		int64_t		items = j->n - j->first < BATCH ? j->n - j->first : BATCH;

		if (em_parallel(ctx, NULL, items, make_plane, j) != EM_OK)
			return false;
		for (int k = 0; k < FILES; k++)
		{
			for (int64_t i = 0; i < items; i++)
			{
				const sums *s = &j->sums[k][i];

				total[k].sum += s->sum;
				total[k].sum2 += s->sum2;
				total[k].min = fmin(total[k].min, s->min);
				total[k].max = fmax(total[k].max, s->max);
			}
			if (fwrite(j->planes + (size_t) k * BATCH * plane, plane * sizeof(float), (size_t) items, files[k]) != (size_t) items)
				return false;
		}
	}
	for (int k = 0; k < FILES; k++)
	{
		make_header(j, &total[k], header);
		if (fseek(files[k], 0, SEEK_SET) != 0 || fwrite(header, sizeof(header), 1, files[k]) != 1)
			return false;
	}
	return true;
}

int
main(int argc, char **argv)
{
	static const char *const names[FILES] = {"map.mrc", "half1.mrc", "half2.mrc"};
	em_ctx	   *ctx = em_ctx_create(NULL);
	job		   *j = calloc(1, sizeof(job));
	FILE	   *files[FILES];
	bool		good;

	if (argc < 3 || argc > 4 || atoi(argv[2]) < 16 || atoi(argv[2]) > 8192 || (argc > 3 && atof(argv[3]) <= 0))
	{
		fprintf(stderr, "usage: make_large FOLDER BOX [VOXEL]   (box 16 to 8192, voxel in Å, default 1.2)\n");
		return 2;
	}
	if (ctx == NULL || j == NULL)
		return 1;
	j->n = atoi(argv[2]);
	j->voxel = argc > 3 ? atof(argv[3]) : 1.2;
	j->lattice_row = j->n / octaves[1].spacing + 3;
	j->planes = em_alloc(ctx, (uint64_t) (FILES * BATCH * j->n * j->n), sizeof(float), "planes");
	j->lattice = em_alloc(ctx, (uint64_t) (2 * j->lattice_row * em_parallel_workers(ctx)), sizeof(float), "lattice");
	if (j->planes == NULL || j->lattice == NULL)
	{
		fprintf(stderr, "make_large: %s\n", em_ctx_message(ctx));
		return 1;
	}
	for (int k = 0; k < FILES; k++)
	{
		char		path[4096];

		snprintf(path, sizeof(path), "%s/%s", argv[1], names[k]);
		files[k] = fopen(path, "wb");
		if (files[k] == NULL)
		{
			fprintf(stderr, "make_large: could not write %s\n", path);
			return 1;
		}
	}
	good = stream(ctx, j, files);
	for (int k = 0; k < FILES; k++)
		good = fclose(files[k]) == 0 && good;
	if (good)
		printf("box %" PRId64 "\nvoxel %g\ncontour %g\nresolution %g\n", j->n, j->voxel, CONTOUR, RESOLUTION * j->voxel / 1.2);
	else
		fprintf(stderr, "make_large: could not write the maps\n");
	em_ctx_destroy(ctx);
	free(j);
	return good ? 0 : 1;
}
