/*
 * contrib/train/hand_report.c
 *		How well the hand is told.
 */
#include "hand_report.h"

#include <stdio.h>
#include <stdlib.h>

/* The row of a map, made when it is the first of its kind. */
static tr_hand_row *
find_row(tr_hand_row *row, int *n, const tr_hand_map *m)
{
	const double resolution = m->model < 0 ? 0 : m->resolution;

	for (int i = 0; i < *n; i++)
		if (row[i].resolution == resolution && row[i].noise == m->noise)
			return row + i;
	if (*n == TR_HAND_ROWS)
		return NULL;
	row[*n] = (tr_hand_row) {.resolution = resolution,.noise = m->noise};
	return row + (*n)++;
}

/* Count the candidates of one map. */
static void
count_samples(const em_hand_net *net, const tr_hand_sample *s, int n, tr_hand_row *row)
{
	for (int i = 0; i < n; i++)
	{
		double		p[3];
		bool		taken;

		em_hand_classify(net, &s[i].c.features, p);
		taken = p[0] + p[1] > EM_HAND_SITE;
		row->taken += taken;
		row->helix += s[i].helix;
		row->found += taken && s[i].helix;
		row->right += s[i].helix && p[0] > p[1];
		row->right_free += s[i].helix && s[i].c.power.right > s[i].c.power.left;
	}
}

int
tr_hand_report(em_ctx *ctx, const em_hand_net *net, const tr_hand_set *set, tr_hand_row row[TR_HAND_ROWS])
{
	em_hand_candidate *c = malloc(EM_RODS_MAX * sizeof(em_hand_candidate));
	int			n = 0;

	for (int i = 0; i < set->n_maps && c != NULL; i++)
	{
		const tr_hand_map *m = set->map + i;
		tr_hand_row *r = find_row(row, &n, m);
		tr_hand_kind kind;
		em_hand		hand;

		if (r == NULL)
			break;
		for (int k = 0; k < m->n; k++)
			c[k] = set->sample[m->first + k].c;
		if (em_hand_decide(ctx, net, &m->grid, c, m->n, &hand) != EM_OK)
		{
			fprintf(stderr, "%s\n", em_ctx_message(ctx));
			n = -1;
			break;
		}
		count_samples(net, set->sample + m->first, m->n, r);
		kind = m->helical_residues >= TR_HAND_HELICAL ? TR_HAND_RICH :
			m->helical_residues > 0 ? TR_HAND_POOR : TR_HAND_VOID;
		r->maps[kind]++;
		r->decision[kind][hand.decision]++;
	}
	free(c);
	return c == NULL ? -1 : n;
}

/* Part of a whole, 0 of nothing. */
static double
share(int64_t part, int64_t whole)
{
	return whole > 0 ? (double) part / (double) whole : 0;
}

void
tr_hand_print(const tr_hand_row *row, int n)
{
	static const char *const kind[TR_HAND_KINDS] = {"20 helical residues or more", "1 to 19", "none"};

	printf("%12s", "");
	for (int k = 0; k < TR_HAND_KINDS; k++)
		printf(" | %-33s", kind[k]);
	printf(" | by candidate\n     d  noise");
	for (int k = 0; k < TR_HAND_KINDS; k++)
		printf(" | maps right unsure none mirrored  ");
	printf(" | helices  free  hand precision recall\n");
	for (int i = 0; i < n; i++)
	{
		const tr_hand_row *r = row + i;

		printf("%6.2f %5.1f", r->resolution, r->noise);
		for (int k = 0; k < TR_HAND_KINDS; k++)
			printf(" | %4d %5d %6d %4d %8d  ", r->maps[k], r->decision[k][EM_HAND_RIGHT],
				   r->decision[k][EM_HAND_UNCERTAIN], r->decision[k][EM_HAND_NONE],
				   r->decision[k][EM_HAND_MIRRORED]);
		printf(" | %7lld %5.3f %5.3f %9.2f %6.2f\n", (long long) r->helix, share(r->right_free, r->helix),
			   share(r->right, r->helix), share(r->found, r->taken), share(r->found, r->helix));
	}
}
