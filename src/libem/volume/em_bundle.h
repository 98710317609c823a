/*
 * src/libem/volume/em_bundle.h
 *		Bundles of 2x2 rows of a mask, and the runs in them.
 *
 * Bundle (Y,Z) holds the rows y = 2Y, 2Y+1 of the planes z = 2Z, 2Z+1; rows
 * beyond the box are empty.  Any two voxels of a bundle at the same or the next
 * x touch at a corner or better, so a run of the four rows laid over each other
 * is connected.  That leaves at most one run for eight voxels.
 */
#ifndef EM_BUNDLE_H
#define EM_BUNDLE_H

#include "volume/em_mask.h"
#include "volume/em_vec.h"

typedef struct em_bundle
{
	const uint64_t *row[2][2];	/* [y - 2Y][z - 2Z] */
	uint64_t   *run;			/* the rows laid over each other */
	uint64_t   *start;			/* first voxels of the runs */
	uint64_t   *before;			/* number of runs that begin before each word */
	int64_t		first;			/* number of the first run */
	int64_t		n;				/* runs */
} em_bundle;

/* Words of scratch a bundle needs. */
#define EM_BUNDLE_WORDS(mask) (3 * (mask)->words)

/* Bundles along y or z. */
#define EM_BUNDLES(rows) (((rows) + 1) / 2)

/*
 * Lay the rows of bundle (Y,Z) over each other; `empty` is a row without bits.
 * The first run gets the number `first`.
 */
EM_INLINE void
em_bundle_read(em_bundle *b, const em_mask *m, int64_t Y, int64_t Z, const uint64_t *empty,
			   uint64_t *scratch, int64_t first)
{
	uint64_t	carry = 0;
	uint64_t	n = 0;

	b->run = scratch;
	b->start = scratch + m->words;
	b->before = scratch + 2 * m->words;
	b->first = first;
	for (int i = 0; i < 2; i++)
		for (int k = 0; k < 2; k++)
			b->row[i][k] = 2 * Y + i < m->n[1] && 2 * Z + k < m->n[2] ?
				em_mask_row(m, 2 * Y + i, 2 * Z + k) : empty;
	for (int64_t w = 0; w < m->words; w++)
	{
		const uint64_t bits = b->row[0][0][w] | b->row[0][1][w] | b->row[1][0][w] | b->row[1][1][w];

		b->run[w] = bits;
		b->start[w] = bits & ~(bits << 1 | carry);
		b->before[w] = n;
		n += (uint64_t) __builtin_popcountll(b->start[w]);
		carry = bits >> 63;
	}
	b->n = (int64_t) n;
}

/* Number of the run that holds voxel x, which is set. */
EM_INLINE uint32_t
em_bundle_run(const em_bundle *b, int64_t x)
{
	const uint64_t upto = b->start[x >> 6] & (~UINT64_C(0) >> (63 - (x & 63)));

	return (uint32_t) (b->first + (int64_t) b->before[x >> 6] + __builtin_popcountll(upto) - 1);
}

/* The voxel after the last of the run that begins at voxel `begin`. */
EM_INLINE int64_t
em_bundle_run_end(const em_bundle *b, int64_t begin, int64_t words)
{
	int64_t		w = begin >> 6;
	uint64_t	gap = ~b->run[w] & (~UINT64_C(0) << (begin & 63));

	while (gap == 0 && ++w < words)
		gap = ~b->run[w];
	return gap == 0 ? 64 * words : 64 * w + __builtin_ctzll(gap);
}

/* Bits begin..end-1 as far as they lie in word w. */
EM_INLINE uint64_t
em_word_range(int64_t w, int64_t begin, int64_t end)
{
	const uint64_t low = begin > 64 * w ? ~UINT64_C(0) << (begin & 63) : ~UINT64_C(0);

	return end < 64 * (w + 1) ? low & ~(~UINT64_C(0) << (end & 63)) : low;
}

#endif							/* EM_BUNDLE_H */
