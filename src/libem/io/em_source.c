/*
 * src/libem/io/em_source.c
 *		Sources and targets: memory, stdio files, reading in full.
 */
#include "io/em_source.h"
#include "io/em_io_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Hand out the next bytes of a memory source. */
static int64_t
memory_read(em_source *source, em_ctx *ctx, void *buf, int64_t bytes)
{
	int64_t		left = source->length - source->at;
	int64_t		n = bytes < left ? bytes : left;

	(void) ctx;
	if (n <= 0)
		return 0;
	memcpy(buf, (const char *) source->arg + source->at, (size_t) n);
	source->at += n;
	return n;
}

/* Back to the first byte of a memory source. */
static em_status
memory_rewind(em_source *source, em_ctx *ctx)
{
	(void) ctx;
	source->at = 0;
	return EM_OK;
}

void
em_source_memory(em_source *source, const void *bytes, int64_t length)
{
	memset(source, 0, sizeof(*source));
	source->read = memory_read;
	source->rewind = memory_rewind;
	source->length = length < 0 ? 0 : length;
	source->arg = (void *) bytes;
}

/* Read from a stdio file. */
static int64_t
file_read(em_source *source, em_ctx *ctx, void *buf, int64_t bytes)
{
	FILE	   *f = source->arg;
	size_t		n = fread(buf, 1, (size_t) bytes, f);

	if (n == 0 && ferror(f))
	{
		em_fail(ctx, EM_IO, "could not read the file: %s", strerror(errno));
		return -1;
	}
	return (int64_t) n;
}

/* Back to the first byte of a stdio file. */
static em_status
file_rewind(em_source *source, em_ctx *ctx)
{
	if (fseek(source->arg, 0, SEEK_SET) != 0)
		return em_fail(ctx, EM_IO, "could not rewind the file: %s", strerror(errno));
	return EM_OK;
}

/* Close a stdio file. */
static void
file_close(em_source *source, em_ctx *ctx)
{
	(void) ctx;
	fclose(source->arg);
}

em_status
em_source_file(em_ctx *ctx, const char *path, em_source *source)
{
	FILE	   *f = fopen(path, "rb");
	long		length;

	memset(source, 0, sizeof(*source));
	if (f == NULL)
		return em_fail(ctx, EM_IO, "could not open \"%s\": %s", path, strerror(errno));
	if (fseek(f, 0, SEEK_END) != 0 || (length = ftell(f)) < 0 || fseek(f, 0, SEEK_SET) != 0)
	{
		em_fail(ctx, EM_IO, "could not find the length of \"%s\": %s", path, strerror(errno));
		fclose(f);
		return EM_IO;
	}
	source->read = file_read;
	source->rewind = file_rewind;
	source->close = file_close;
	source->length = length;
	source->arg = f;
	return EM_OK;
}

/* Write to a stdio file. */
static em_status
file_write(em_target *target, em_ctx *ctx, const void *buf, int64_t bytes)
{
	if (fwrite(buf, 1, (size_t) bytes, target->arg) != (size_t) bytes)
		return em_fail(ctx, EM_IO, "could not write the file: %s", strerror(errno));
	return EM_OK;
}

em_status
em_target_file(em_ctx *ctx, const char *path, em_target *target)
{
	FILE	   *f = fopen(path, "wb");

	memset(target, 0, sizeof(*target));
	if (f == NULL)
		return em_fail(ctx, EM_IO, "could not create \"%s\": %s", path, strerror(errno));
	target->write = file_write;
	target->arg = f;
	return EM_OK;
}

em_status
em_target_file_close(em_ctx *ctx, em_target *target)
{
	FILE	   *f = target->arg;

	target->arg = NULL;
	if (f != NULL && fclose(f) != 0)
		return em_fail(ctx, EM_IO, "could not finish the file: %s", strerror(errno));
	return EM_OK;
}

void
em_source_close(em_ctx *ctx, em_source *source)
{
	if (source->close != NULL)
		source->close(source, ctx);
	memset(source, 0, sizeof(*source));
}

em_status
em_source_expect(em_ctx *ctx, const em_source *source, int64_t bytes)
{
	if (source->length >= 0 && source->length < bytes)
		return em_fail(ctx, EM_TRUNCATED, "the file has %lld bytes but its header promises %lld",
					   (long long) source->length, (long long) bytes);
	return em_gunzip_expect(ctx, source, bytes);
}

int64_t
em_source_read_some(em_ctx *ctx, em_source *source, void *buf, int64_t bytes, const char *what)
{
	int64_t		done = 0;

	/* A source outside libem may fail without a message: leave no old one to be taken for it. */
	em_fail(ctx, EM_OK, "%s", "");
	while (done < bytes)
	{
		int64_t		n = source->read(source, ctx, (char *) buf + done, bytes - done);

		if (n == 0)
			break;
		if (n < 0 || n > bytes - done)
		{
			if (em_ctx_status(ctx) == EM_OK)
				em_fail(ctx, EM_IO, "could not read %s", what);
			return -1;
		}
		done += n;
	}
	return done;
}

em_status
em_source_read_all(em_ctx *ctx, em_source *source, void *buf, int64_t bytes, const char *what)
{
	int64_t		got = em_source_read_some(ctx, source, buf, bytes, what);

	if (got < 0)
		return em_ctx_status(ctx);
	if (got < bytes)
	{
		em_fail(ctx, EM_TRUNCATED, "unexpected end of %s", what);
		em_fail_detail(ctx, "%lld bytes were wanted, %lld were left.", (long long) bytes, (long long) got);
		return EM_TRUNCATED;
	}
	return EM_OK;
}

em_status
em_source_is_gzip(em_ctx *ctx, em_source *source, bool *is_gzip)
{
	unsigned char magic[2] = {0, 0};
	int64_t		got = em_source_read_some(ctx, source, magic, 2, "the file");

	*is_gzip = false;
	if (got < 0)
		return em_ctx_status(ctx);
	*is_gzip = got == 2 && magic[0] == 0x1f && magic[1] == 0x8b;
	return source->rewind(source, ctx);
}
