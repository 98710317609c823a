/*
 * src/libem/em.h
 *		All of libem's public interface.  See ../README.md for the picture.
 */
#ifndef EM_H
#define EM_H

#include "checks/em_check.h"
#include "checks/em_results.h"
#include "core/em_ctx.h"
#include "core/em_par.h"
#include "core/em_rng.h"
#include "draw/em_draw.h"
#include "fourier/em_fft.h"
#include "fourier/em_guinier.h"
#include "fourier/em_shell.h"
#include "half/em_fsc.h"
#include "io/em_mrc.h"
#include "io/em_source.h"
#include "volume/em_mask.h"
#include "volume/em_volume.h"
#include "workbench/em_workbench.h"

#endif							/* EM_H */
