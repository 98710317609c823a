/*
 * src/libem/draw/em_png.h
 *		Pictures of few colours as PNG of one byte a pixel.
 */
#ifndef EM_PNG_H
#define EM_PNG_H

#include "draw/em_draw.h"

/*
 * Encode w x h pixels (0xRRGGBB in the low bits, `stride` pixels from row to row)
 * as grey or with a palette.  *done stays false, and nothing is made, when there
 * are more than 256 colours.
 */
extern em_status em_png_few(em_ctx *ctx, const uint32_t *pixels, int w, int h, int stride, em_png *out,
							bool *done);

#endif							/* EM_PNG_H */
