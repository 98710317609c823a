/*
 * test/unit/mrc_bytes.h
 *		MRC files made byte by byte from a description, without libem's code.
 */
#ifndef MRC_BYTES_H
#define MRC_BYTES_H

#include "core/em_ctx.h"
#include "io/em_mrc.h"

#include <stdlib.h>
#include <string.h>

typedef struct mrc_spec
{
	int			n[3];			/* columns, rows, sections */
	int			mode;
	bool		big;
	int			start[3];
	int			m[3];
	float		cell[3];
	float		angle[3];
	int			axis[3];
	float		stat[4];		/* dmin, dmax, dmean, rms */
	int			ispg;
	int			nsymbt;
	char		exttyp[4];
	int			nversion;
	int			imod_stamp;
	int			imod_flags;
	float		origin[3];
	char		magic[4];
	uint8_t		stamp[4];
	int			nlabel;
	char		label[80];
} mrc_spec;

/* A clean little file: 2 Å voxels, axes x, y, z. */
__attribute__((unused))
static mrc_spec
mrc_default(int nx, int ny, int nz, int mode, bool big)
{
	mrc_spec	s;

	memset(&s, 0, sizeof(s));
	s.n[0] = s.m[0] = nx;
	s.n[1] = s.m[1] = ny;
	s.n[2] = s.m[2] = nz;
	for (int j = 0; j < 3; j++)
	{
		s.cell[j] = 2.0f * (float) s.n[j];
		s.angle[j] = 90;
		s.axis[j] = j + 1;
	}
	s.mode = mode;
	s.big = big;
	s.stat[1] = -1;
	s.stat[2] = -2;
	s.stat[3] = -1;
	s.ispg = 1;
	s.nversion = 20141;
	memcpy(s.magic, "MAP ", 4);
	memset(s.stamp, big ? 0x11 : 0x44, 2);
	s.nlabel = 1;
	memcpy(s.label, "made for a test", 15);
	return s;
}

/* Store the low `bytes` bytes of a number. */
__attribute__((unused))
static void
mrc_put(uint8_t *to, uint32_t v, int bytes, bool big)
{
	for (int i = 0; i < bytes; i++)
		to[big ? bytes - 1 - i : i] = (uint8_t) (v >> 8 * i);
}

/* Store a float. */
__attribute__((unused))
static void
mrc_put_float(uint8_t *to, float f, bool big)
{
	uint32_t	bits;

	memcpy(&bits, &f, 4);
	mrc_put(to, bits, 4, big);
}

/* The number a half stands for, by the definition. */
__attribute__((unused))
static double
mrc_half_value(unsigned h)
{
	double		sign = h & 0x8000 ? -1.0 : 1.0;
	int			e = (int) (h >> 10 & 31);
	int			f = (int) (h & 1023);

	if (e == 31)
		return f == 0 ? sign * INFINITY : NAN;
	return sign * (e == 0 ? ldexp(f, -24) : ldexp(1024 + f, e - 25));
}

/* The half that is exactly v; tests only store such numbers. */
__attribute__((unused))
static uint16_t
mrc_exact_half(double v)
{
	for (unsigned h = 0; h < 65536; h++)
		if (mrc_half_value(h) == v && (h & 0x8000) == (signbit(v) ? 0x8000u : 0))
			return (uint16_t) h;
	abort();
}

/* Bytes of a voxel. */
__attribute__((unused))
static int
mrc_voxel_bytes(int mode)
{
	return mode == 0 ? 1 : mode == 2 || mode == 3 ? 4 : mode == 4 ? 8 : 2;
}

/* The header of a description. */
__attribute__((unused))
static void
mrc_header_bytes(const mrc_spec *s, uint8_t b[1024])
{
	memset(b, 0, 1024);
	for (int j = 0; j < 3; j++)
	{
		mrc_put(b + 4 * j, (uint32_t) s->n[j], 4, s->big);
		mrc_put(b + 16 + 4 * j, (uint32_t) s->start[j], 4, s->big);
		mrc_put(b + 28 + 4 * j, (uint32_t) s->m[j], 4, s->big);
		mrc_put_float(b + 40 + 4 * j, s->cell[j], s->big);
		mrc_put_float(b + 52 + 4 * j, s->angle[j], s->big);
		mrc_put(b + 64 + 4 * j, (uint32_t) s->axis[j], 4, s->big);
		mrc_put_float(b + 76 + 4 * j, s->stat[j], s->big);
		mrc_put_float(b + 196 + 4 * j, s->origin[j], s->big);
	}
	mrc_put(b + 12, (uint32_t) s->mode, 4, s->big);
	mrc_put(b + 88, (uint32_t) s->ispg, 4, s->big);
	mrc_put(b + 92, (uint32_t) s->nsymbt, 4, s->big);
	memcpy(b + 104, s->exttyp, 4);
	mrc_put(b + 108, (uint32_t) s->nversion, 4, s->big);
	mrc_put(b + 152, (uint32_t) s->imod_stamp, 4, s->big);
	mrc_put(b + 156, (uint32_t) s->imod_flags, 4, s->big);
	memcpy(b + 208, s->magic, 4);
	memcpy(b + 212, s->stamp, 4);
	mrc_put_float(b + 216, s->stat[3], s->big);
	mrc_put(b + 220, (uint32_t) s->nlabel, 4, s->big);
	memcpy(b + 224, s->label, 80);
}

/* Value of the voxel at x, y, z. */
typedef double (*mrc_value_fn) (int x, int y, int z);

/* Store one voxel. */
__attribute__((unused))
static void
mrc_put_voxel(const mrc_spec *s, uint8_t *to, double v)
{
	switch (s->mode)
	{
		case 0:
			*to = (uint8_t) (int) v;
			break;
		case 1:
		case 6:
			mrc_put(to, (uint32_t) (int32_t) v, 2, s->big);
			break;
		case 12:
			mrc_put(to, mrc_exact_half(v), 2, s->big);
			break;
		default:
			mrc_put_float(to, (float) v, s->big);
	}
}

/* The whole file; its length goes to *length, free() it. */
__attribute__((unused))
static uint8_t *
mrc_file_bytes(const mrc_spec *s, mrc_value_fn value, int64_t *length)
{
	int			size = mrc_voxel_bytes(s->mode);
	int64_t		offset = 1024 + (s->nsymbt > 0 ? s->nsymbt : 0);
	uint8_t    *b;
	uint8_t    *to;

	*length = offset + (int64_t) s->n[0] * s->n[1] * s->n[2] * size;
	b = malloc((size_t) *length);
	memset(b, 0xee, (size_t) offset);
	mrc_header_bytes(s, b);
	to = b + offset;
	for (int k = 0; k < s->n[2]; k++)
		for (int j = 0; j < s->n[1]; j++)
			for (int i = 0; i < s->n[0]; i++)
			{
				int			at[4] = {0, 0, 0, 0};

				at[s->axis[0] & 3] = i;
				at[s->axis[1] & 3] = j;
				at[s->axis[2] & 3] = k;
				mrc_put_voxel(s, to, value(at[1], at[2], at[3]));
				to += size;
			}
	return b;
}

/* A context with one thread and a budget in MiB (0: none). */
__attribute__((unused))
static em_ctx *
mrc_ctx(uint64_t mib)
{
	em_ctx_options options;

	memset(&options, 0, sizeof(options));
	options.threads = 1;
	options.memory_budget = mib << 20;
	return em_ctx_create(&options);
}

#endif							/* MRC_BYTES_H */
