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

/* Scratch memory a transform of this grid allocates, in bytes (for estimates). */
extern uint64_t em_fft_scratch_bytes(const em_ctx *ctx, const em_grid *grid);

#endif							/* EM_FFT_H */
