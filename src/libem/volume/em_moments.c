/*
 * src/libem/volume/em_moments.c
 *		Mass and centre of mass, inside a mask and of the whole box.
 *
 * Along x a row is summed in lanes; y and z are constant in a row, so their
 * moments need the row's sum only.
 */
#include "core/em_par.h"
#include "volume/em_density.h"
#include "volume/em_rows.h"
#include "volume/em_vec.h"

/* Sums of a row: of v, and of x*v. */
typedef struct lanes
{
	em_vd4		sum;
	em_vd4		first;
} lanes;

typedef struct part
{
	em_mass		inside;
	em_mass		whole;
} part;

typedef struct job
{
	const em_volume *v;
	const em_mask *m;
	em_rows		rows;
	part	   *parts;			/* one a block */
} job;

/* Add four voxels at positions x to the sums of a row. */
EM_INLINE void
add4(lanes *s, em_vf4 v, const em_vd4 *x)
{
	const em_vd4 d = EM_WIDEN(v);

	s->sum += d;
	s->first += d * *x;
}

/* Add the sums of row (y,z) to a mass. */
EM_INLINE void
add_row(em_mass *to, const lanes *s, int64_t y, int64_t z)
{
	const double sum = EM_SUM4(s->sum);

	to->sum += sum;
	to->first[0] += EM_SUM4(s->first);
	to->first[1] += sum * (double) y;
	to->first[2] += sum * (double) z;
}

/* Item: one block of rows. */
EM_HOT static em_status
moments_task(void *arg, int64_t item, int worker)
{
	job		   *j = arg;
	const int64_t nx = j->m->n[0];
	const int64_t end = em_rows_first(&j->rows, item + 1);
	const em_vf4 none = {0, 0, 0, 0};

	(void) worker;
	for (int64_t r = em_rows_first(&j->rows, item); r < end; r++)
	{
		const int64_t y = r % j->rows.ny;
		const int64_t z = r / j->rows.ny;
		const float *row = em_volume_row(j->v, y, z);
		const uint64_t *mask = j->m->bits + r * j->m->words;
		em_vd4		position = {0, 1, 2, 3};
		lanes		inside = {.sum = {0}};
		lanes		whole = {.sum = {0}};

		for (int64_t x = 0; x < nx; x += 4, position += 4.0)
		{
			const uint64_t bits = mask[x >> 6] >> (x & 63) & 15;
			em_vf4		v = *(const em_vf4_mem *) (row + x);

			if (nx - x < 4)
				v = EM_SELECT_F(EM_LANES((1 << (nx - x)) - 1), v, none);
			add4(&whole, v, &position);
			if (bits != 0)
				add4(&inside, EM_SELECT_F(EM_LANES(bits) & (v > 0.0f), v, none), &position);
		}
		add_row(&j->parts[item].inside, &inside, y, z);
		add_row(&j->parts[item].whole, &whole, y, z);
	}
	return EM_OK;
}

/* Add one mass to another. */
static void
add_mass(em_mass *to, const em_mass *m)
{
	to->sum += m->sum;
	for (int k = 0; k < 3; k++)
		to->first[k] += m->first[k];
}

em_status
em_mass_moments(em_ctx *ctx, const em_volume *v, const em_mask *m, em_mass *inside, em_mass *whole)
{
	job			j = {.v = v, .m = m, .rows = em_rows_cut(m->n, EM_BLOCK_VOXELS)};
	em_status	status;

	*inside = (em_mass) {0};
	*whole = (em_mass) {0};
	EM_TRY(em_mask_fits(ctx, v, m));
	j.parts = em_alloc(ctx, (uint64_t) j.rows.blocks, sizeof(part), "centre of mass");
	if (j.parts == NULL)
		return em_ctx_status(ctx);
	status = em_parallel(ctx, "centre of mass", j.rows.blocks, moments_task, &j);
	for (int64_t i = 0; status == EM_OK && i < j.rows.blocks; i++)
	{
		add_mass(inside, &j.parts[i].inside);
		add_mass(whole, &j.parts[i].whole);
	}
	em_free(ctx, j.parts);
	return status;
}
