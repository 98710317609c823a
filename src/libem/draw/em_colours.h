/*
 * src/libem/draw/em_colours.h
 *		Bring a picture down to as many colours as a palette holds.
 */
#ifndef EM_COLOURS_H
#define EM_COLOURS_H

#include "core/em_ctx.h"

#define EM_PALETTE_MOST 256
#define EM_PALETTE_SLOTS 1024	/* of its hash table */

/* Colours in the order they were found; all zero to begin with. */
typedef struct em_palette
{
	int			n;
	uint32_t	colour[EM_PALETTE_MOST];
	int16_t		slot[EM_PALETTE_SLOTS]; /* number + 1 of a colour; 0 free */
} em_palette;

static inline bool
em_is_grey(uint32_t colour)
{
	return (colour & 255) == (colour >> 8 & 255) && (colour & 255) == (colour >> 16 & 255);
}

/* The number of a colour (0xRRGGBB), added when it is new; -1 when there are `most` others. */
extern int	em_palette_number(em_palette *p, uint32_t colour, int most);

/*
 * Replace colours, in place, until at most `most` (3 to 256) are left: w x h pixels, 0xRRGGBB in
 * the low bits, `stride` pixels from row to row.  A picture that has no more is left as it is;
 * black and white always stay what they are.  Colours are grouped where they differ most (median
 * cut, doi:10.1145/965145.801294, at the mean in place of the median) and become the mean of their
 * group; they are told apart by the upper 5 bits of each channel, greys by all 8.
 */
extern em_status em_colours_reduce(em_ctx *ctx, uint32_t *pixels, int w, int h, int stride, int most);

#endif							/* EM_COLOURS_H */
