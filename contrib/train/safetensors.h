/*
 * contrib/train/safetensors.h
 *		Weights as files: safetensors to keep and a C array to compile.
 *
 * safetensors: 8 bytes length of the header (little-endian), a JSON header with
 * dtype, shape and offsets of each tensor and text in "__metadata__", then the
 * numbers, here always little-endian float32.  The metadata hold crc32 of the
 * numbers.  Format: huggingface/safetensors.
 */
#ifndef TR_SAFETENSORS_H
#define TR_SAFETENSORS_H

#include "learned/em_mlp.h"

/* A pair of texts of the metadata ("seed", "date", "accuracy" ...). */
typedef struct tr_note
{
	const char *key;
	const char *value;
} tr_note;

/* 0, or -1 with a message on stderr. */
extern int	tr_safetensors_write(const char *path, const em_weights *w, const tr_note *notes, int n_notes);

/*
 * Read a file back: names and numbers are malloc'ed in one block, *out's tensors
 * point into it; name, features and trained come from the metadata.  Length,
 * offsets, types, shapes, finiteness and crc32 are checked.  0, or -1 with a
 * sentence in message.
 */
typedef struct tr_file
{
	em_weights	weights;
	em_tensor	tensor[64];
	char	   *text;			/* the header, cut into strings */
	float	   *values;
	int64_t		n_values;
} tr_file;

extern int	tr_safetensors_read(const char *path, tr_file *out, char *message, size_t size);
extern void tr_file_free(tr_file *file);

/* The generated C source of em_weights_<name>. */
extern int	tr_c_array_write(const char *path, const em_weights *w);

#endif							/* TR_SAFETENSORS_H */
