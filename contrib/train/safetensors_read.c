/*
 * contrib/train/safetensors_read.c
 *		Read weights back from a safetensors file.
 *
 * The header is JSON of a fixed kind: an object of objects of texts, or of a
 * type, a shape and two offsets.  Anything else is refused.
 */
#include "safetensors.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define HEADER_MAX (1 << 20)	/* bytes */
#define BODY_MAX (1 << 26)

typedef struct scanner
{
	char	   *at;
	tr_file    *file;
	const char *crc;
	uint64_t	offset[64][2];
} scanner;

/* The next character that is not white space must be c. */
static bool
expect(scanner *s, char c)
{
	while (isspace((unsigned char) *s->at))
		s->at++;
	if (*s->at != c)
		return false;
	s->at++;
	return true;
}

/* Is c next?  Then take it. */
static bool
accept(scanner *s, char c)
{
	return expect(s, c);
}

/* A string, unescaped in place. */
static char *
text(scanner *s)
{
	char	   *start;
	char	   *to;

	if (!expect(s, '"'))
		return NULL;
	start = to = s->at;
	while (*s->at != '"')
	{
		if (*s->at == '\\')
			s->at++;
		if (*s->at == '\0')
			return NULL;
		*to++ = *s->at++;
	}
	s->at++;
	*to = '\0';
	return start;
}

/* "[a,b]" */
static bool
pair(scanner *s, uint64_t out[2])
{
	for (int i = 0; i < 2; i++)
	{
		char	   *end;

		if (!expect(s, i == 0 ? '[' : ',') || !isdigit((unsigned char) *s->at))
			return false;
		out[i] = strtoull(s->at, &end, 10);
		s->at = end;
	}
	return expect(s, ']');
}

static bool
metadata(scanner *s)
{
	em_weights *w = &s->file->weights;

	if (!expect(s, '{'))
		return false;
	if (accept(s, '}'))
		return true;
	do
	{
		const char *key = text(s);
		const char *value = key != NULL && expect(s, ':') ? text(s) : NULL;

		if (value == NULL)
			return false;
		if (strcmp(key, "name") == 0)
			w->name = value;
		else if (strcmp(key, "features") == 0)
			w->features = value;
		else if (strcmp(key, "trained") == 0)
			w->trained = value;
		else if (strcmp(key, "crc32") == 0)
			s->crc = value;
	} while (accept(s, ','));
	return expect(s, '}');
}

/* {"dtype":"F32","shape":[r,c],"data_offsets":[a,b]} in any order */
static bool
tensor(scanner *s, const char *name)
{
	em_weights *w = &s->file->weights;
	uint64_t	shape[2] = {0, 0};
	uint64_t   *offset = s->offset[w->n_tensors];
	bool		is_float = false;

	if (w->n_tensors >= (int) (sizeof(s->file->tensor) / sizeof(s->file->tensor[0])) || !expect(s, '{'))
		return false;
	do
	{
		const char *key = text(s);

		if (key == NULL || !expect(s, ':'))
			return false;
		if (strcmp(key, "dtype") == 0)
		{
			const char *type = text(s);

			is_float = type != NULL && strcmp(type, "F32") == 0;
		}
		else if (!pair(s, strcmp(key, "shape") == 0 ? shape : offset))
			return false;
	} while (accept(s, ','));
	if (!expect(s, '}') || !is_float || shape[0] < 1 || shape[1] < 1 || shape[0] > EM_MLP_WIDTH ||
		shape[1] > EM_MLP_WIDTH || offset[1] < offset[0] ||
		offset[1] - offset[0] != shape[0] * shape[1] * sizeof(float) || offset[0] % sizeof(float) != 0)
		return false;
	s->file->tensor[w->n_tensors++] = (em_tensor) {name, (int) shape[0], (int) shape[1], NULL};
	return true;
}

static bool
header(scanner *s)
{
	if (!expect(s, '{'))
		return false;
	do
	{
		char	   *key = text(s);

		if (key == NULL || !expect(s, ':'))
			return false;
		if (!(strcmp(key, "__metadata__") == 0 ? metadata(s) : tensor(s, key)))
			return false;
	} while (accept(s, ','));
	return expect(s, '}');
}

/* Point the tensors into the numbers, check these; a sentence, or NULL when all is well. */
static const char *
attach(scanner *s)
{
	tr_file    *file = s->file;
	char		crc[16];

	if (file->weights.name == NULL || file->weights.features == NULL || file->weights.trained == NULL ||
		s->crc == NULL || file->weights.n_tensors == 0)
		return "name, features, trained or crc32 is missing from the metadata";
	snprintf(crc, sizeof(crc), "%08x",
			 (unsigned) crc32(0, (const Bytef *) file->values, (uInt) (file->n_values * 4)));
	if (strcmp(crc, s->crc) != 0)
		return "the numbers do not have the checksum of the metadata";
	for (int64_t i = 0; i < file->n_values; i++)
		if (!isfinite(file->values[i]))
			return "a number is not finite";
	for (int i = 0; i < file->weights.n_tensors; i++)
	{
		if (s->offset[i][1] > (uint64_t) file->n_values * 4)
			return "a tensor ends beyond the file";
		file->tensor[i].values = file->values + s->offset[i][0] / 4;
	}
	file->weights.tensor = file->tensor;
	return NULL;
}

/* Header and body into memory; a sentence, or NULL. */
static const char *
slurp(FILE *f, tr_file *out)
{
	uint64_t	length;
	long		size;

	if (fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0 || fseek(f, 0, SEEK_SET) != 0)
		return "the file cannot be read";
	if (fread(&length, sizeof(length), 1, f) != 1 || length > HEADER_MAX || (uint64_t) size < 8 + length ||
		size > BODY_MAX || ((uint64_t) size - 8 - length) % 4 != 0)
		return "the file does not have the length that it states";
	out->n_values = (int64_t) ((uint64_t) size - 8 - length) / 4;
	out->text = calloc(1, length + 1);
	out->values = malloc((size_t) out->n_values * 4 + 1);
	if (out->text == NULL || out->values == NULL)
		return "no memory";
	if (fread(out->text, 1, length, f) != length ||
		fread(out->values, 4, (size_t) out->n_values, f) != (size_t) out->n_values)
		return "the file cannot be read";
	return NULL;
}

int
tr_safetensors_read(const char *path, tr_file *out, char *message, size_t size)
{
	FILE	   *f = fopen(path, "rb");
	scanner		s = {.file = out};
	const char *wrong;

	memset(out, 0, sizeof(*out));
	if (f == NULL)
	{
		snprintf(message, size, "%s cannot be opened", path);
		return -1;
	}
	wrong = slurp(f, out);
	fclose(f);
	s.at = out->text;
	if (wrong == NULL && !header(&s))
		wrong = "the header is not that of a file of weights";
	if (wrong == NULL)
		wrong = attach(&s);
	if (wrong == NULL)
		return 0;
	snprintf(message, size, "%s: %s", path, wrong);
	tr_file_free(out);
	return -1;
}

void
tr_file_free(tr_file *file)
{
	free(file->text);
	free(file->values);
	memset(file, 0, sizeof(*file));
}
