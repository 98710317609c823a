/*
 * src/libem/fourier/em_fft.h
 *		In-place single-precision 3-D transforms, slab by slab.
 *
 * A forward transform turns the voxels of a volume into its half spectrum:
 * F(kx,ky,kz) = sum v(x,y,z) exp(-2 pi i (kx x/nx + ky y/ny + kz z/nz)),
 * kx = 0..nx/2; ky, kz in FFT order (index i > n/2 means i - n).  Coefficient
 * (kx,ky,kz) is the complex number at floats 2*kx, 2*kx+1 of row (ky,kz).  The
 * transform is not normalised; the inverse divides by nx*ny*nz, so that
 * forward followed by inverse gives the volume back.
 *
 * Method: 2-D transforms of every z plane, then transforms along z of blocks
 * of neighbouring columns gathered into contiguous scratch.  FFTW plans are
 * made with FFTW_ESTIMATE in milliseconds, kept in the context, made in the
 * calling thread and only executed in workers.  Polled after every plane.
 */
#ifndef EM_FFT_H
#define EM_FFT_H

#include "volume/em_volume.h"

extern em_status em_fft_forward(em_ctx *ctx, em_volume *v);
extern em_status em_fft_inverse(em_ctx *ctx, em_volume *v);

/*
 * The same inverse of a spectrum whose coefficients beyond limit[0] along x and limit[1] along y (FFT
 * index without its sign, 0 and more) are 0: columns of zeros are left out, so a sphere of half the
 * Nyquist frequency takes two thirds of the time.  A limit along z would save nothing; no limit below
 * n/2 gives em_fft_inverse.  The forward transform leaves numbers without meaning (finite ones) beyond
 * the limit: whoever calls it puts zeros there.
 */
extern em_status em_fft_forward_within(em_ctx *ctx, em_volume *v, const int64_t limit[2]);
extern em_status em_fft_inverse_within(em_ctx *ctx, em_volume *v, const int64_t limit[2]);

/* Scratch memory a transform of this grid allocates, in bytes (for estimates). */
extern uint64_t em_fft_scratch_bytes(const em_ctx *ctx, const em_grid *grid);

/*
 * Has an edge of n voxels no prime factor above `largest`, which is 13 at most?  FFTW transforms
 * such edges directly; one of 2 x 307 takes four times as long as one of 616 = 8 x 7 x 11.
 */
extern bool em_fft_is_smooth(int64_t n, int largest);

#endif							/* EM_FFT_H */
