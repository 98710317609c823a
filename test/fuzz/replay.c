/*
 * test/fuzz/replay.c
 *		Runs a fuzz harness over files, without libFuzzer.
 *
 * usage: replay PATH...; a folder stands for the files in it.  Without
 * arguments: the corpus of the harness this program is linked with, found by
 * the program's name (fuzz_mrc: test/fuzz/corpus/mrc).
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Run one file; returns how many were run, or -1. */
static long
run_file(const char *path, long length)
{
	FILE	   *f = fopen(path, "rb");
	uint8_t    *data = malloc(length > 0 ? (size_t) length : 1);
	long		result = -1;

	if (f != NULL && data != NULL && fread(data, 1, (size_t) length, f) == (size_t) length)
	{
		(void) LLVMFuzzerTestOneInput(data, (size_t) length);
		result = 1;
	}
	else
		fprintf(stderr, "replay: cannot read %s\n", path);
	if (f != NULL)
		fclose(f);
	free(data);
	return result;
}

/* Run a file, or every file of a folder; returns how many were run, or -1. */
static long
run_path(const char *path)
{
	struct stat st;
	struct dirent *e;
	DIR		   *dir;
	long		count = 0;

	if (stat(path, &st) != 0)
	{
		fprintf(stderr, "replay: %s is not there\n", path);
		return -1;
	}
	if (!S_ISDIR(st.st_mode))
		return run_file(path, (long) st.st_size);
	dir = opendir(path);
	while (dir != NULL && count >= 0 && (e = readdir(dir)) != NULL)
	{
		char		name[4096];
		long		n;

		if (e->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		n = run_path(name);
		count = n < 0 ? -1 : count + n;
	}
	if (dir != NULL)
		closedir(dir);
	return count;
}

int
main(int argc, char **argv)
{
	char		corpus[4096];
	char	   *paths[] = {corpus};
	const char *name = strrchr(argv[0], '/') != NULL ? strrchr(argv[0], '/') + 1 : argv[0];
	long		count = 0;

	if (argc < 2)
	{
		snprintf(corpus, sizeof(corpus), "test/fuzz/corpus/%s", strncmp(name, "fuzz_", 5) == 0 ? name + 5 : name);
		argv = paths;
		argc = 1;
	}
	else
	{
		argv++;
		argc--;
	}
	for (int i = 0; i < argc; i++)
	{
		long		n = run_path(argv[i]);

		if (n < 0)
			return 1;
		count += n;
	}
	printf("%s: %ld files without a finding\n", name, count);
	return 0;
}
