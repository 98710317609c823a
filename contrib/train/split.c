/*
 * contrib/train/split.c
 *		Read the manifest of a folder of models.
 */
#include "split.h"

#include "core/em_rng.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEED 20261121
#define COLUMNS 32

tr_part
tr_part_of(int cluster)
{
	const double u = em_rng_uniform(SEED, 1, (uint64_t) cluster);

	return u < 0.70 ? TR_TRAIN : u < 0.85 ? TR_VALIDATE : TR_TEST;
}

/* Cut a line at its tabs; number of columns. */
static int
cut(char *line, char *column[COLUMNS])
{
	int			n = 0;

	line[strcspn(line, "\r\n")] = '\0';
	while (n < COLUMNS && line != NULL)
		column[n++] = strsep(&line, "\t");
	return n;
}

/* Which column has that name, or -1. */
static int
find(char *column[COLUMNS], int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (strcmp(column[i], name) == 0)
			return i;
	return -1;
}

/* The lines after the header. */
static int
read_lines(FILE *f, const char *folder, tr_entry **out)
{
	char		line[4096];
	char	   *column[COLUMNS];
	int			n = 0;
	int			columns = fgets(line, sizeof(line), f) != NULL ? cut(line, column) : 0;
	const int	file = find(column, columns, "file");
	const int	cluster = find(column, columns, "cluster");
	const int	helical = find(column, columns, "helical_residues");

	if (file < 0 || cluster < 0 || helical < 0)
		return -1;
	while (fgets(line, sizeof(line), f) != NULL)
	{
		const int	got = cut(line, column);
		tr_entry   *grown;

		if (got <= file || got <= cluster || got <= helical)
			continue;
		grown = realloc(*out, (size_t) (n + 1) * sizeof(**out));
		if (grown == NULL)
			return -1;
		*out = grown;
		snprintf(grown[n].path, sizeof(grown[n].path), "%s/%s", folder, column[file]);
		grown[n].cluster = atoi(column[cluster]);
		grown[n].helical_residues = atoi(column[helical]);
		grown[n].part = tr_part_of(grown[n].cluster);
		n++;
	}
	return n;
}

int
tr_split_read(const char *folder, tr_entry **out)
{
	char		path[512];
	FILE	   *f;
	int			n;

	*out = NULL;
	snprintf(path, sizeof(path), "%s/MANIFEST.tsv", folder);
	f = fopen(path, "r");
	if (f == NULL)
	{
		perror(path);
		return -1;
	}
	n = read_lines(f, folder, out);
	fclose(f);
	if (n < 0)
		fprintf(stderr, "%s: needs columns file, helical_residues and cluster\n", path);
	return n;
}
