/*
 * src/libem/learned/em_weights.h
 *		The weights this version ships.
 *
 * Each is a generated file weights_<name>.c; its source of record, with the
 * training's provenance and accuracy, is contrib/train/weights/<name>.safetensors.
 */
#ifndef EM_WEIGHTS_H
#define EM_WEIGHTS_H

#include "learned/em_mlp.h"

extern const em_weights em_weights_local_resolution;	/* check 0.e */
extern const em_weights em_weights_hand;	/* check 0.h */

#endif							/* EM_WEIGHTS_H */
