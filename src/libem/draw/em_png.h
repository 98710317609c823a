/*
 * src/libem/draw/em_png.h
 *		Pictures of few colours as PNG of one byte a pixel.
 */
#ifndef EM_PNG_H
#define EM_PNG_H

#include "draw/em_colours.h"
#include "draw/em_draw.h"

/*
 * Encode w x h pixels (0xRRGGBB in the low bits, `stride` pixels from row to row)
 * as grey or with a palette.  EM_BAD_ARGUMENT when there are more colours than
 * EM_PALETTE_MOST (em_colours.h brings them down).
 */
extern em_status em_png_encode(em_ctx *ctx, const uint32_t *pixels, int w, int h, int stride, em_png *out);

#endif							/* EM_PNG_H */
