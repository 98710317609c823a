/*
 * src/libem/half/em_randomise.c
 *		Random phases with Friedel symmetry, row by row.
 *
 * One call of the generator serves four neighbouring coefficients.  In the edge
 * columns the mate with the smaller row number draws and the other takes the
 * conjugate, so no row has to see another.
 */
#include "half/em_randomise.h"

#include <math.h>

#include "core/em_par.h"
#include "core/em_rng.h"

typedef struct phase_job
{
	em_volume  *f;
	em_shells	shells;
	double		from2;			/* squared distance in shells from which phases are drawn */
	uint64_t	seed;
	uint64_t	stream;
} phase_job;

/*
 * cos and sin of 2 pi w / 2^32: the two upper bits choose the quarter, Taylor
 * series about its middle give the rest to 1e-7.
 */
static inline void
unit_phase(uint32_t w, float *c, float *s)
{
	const float half = 0.70710678f;
	float		t = ((float) (int32_t) ((w & 0x3FFFFFFF) - 0x20000000)) * (float) (M_PI_4 / 0x20000000);
	float		t2 = t * t;
	float		ct = 1 + t2 * (-0.5f + t2 * (1 / 24.0f + t2 * (-1 / 720.0f + t2 * (1 / 40320.0f))));
	float		st = t * (1 + t2 * (-1 / 6.0f + t2 * (1 / 120.0f + t2 * (-1 / 5040.0f))));
	float		x = half * (ct - st);
	float		y = half * (ct + st);

	/* The angle is t + pi/4 plus a quarter turn for each of the upper bits' units. */
	switch (w >> 30)
	{
		case 0:
			*c = x;
			*s = y;
			break;
		case 1:
			*c = -y;
			*s = x;
			break;
		case 2:
			*c = -x;
			*s = -y;
			break;
		default:
			*c = y;
			*s = -x;
	}
}

/* Groups of four coefficients a row. */
static int64_t
row_groups(const em_shells *s)
{
	return em_shells_room(s) / 4;
}

/* Give coefficient kx of a row the phase of word w. */
static inline void
set_phase(float *row, int64_t kx, uint32_t w)
{
	float		re = row[2 * kx];
	float		im = row[2 * kx + 1];
	float		amplitude = sqrtf(re * re + im * im);
	float		c;
	float		s;

	unit_phase(w, &c, &s);
	row[2 * kx] = amplitude * c;
	row[2 * kx + 1] = amplitude * s;
}

/* The word of coefficient kx of row number `r`. */
static uint32_t
phase_word(const phase_job *job, int64_t r, int64_t kx)
{
	uint32_t	w[4];

	em_rng4(job->seed, job->stream, (uint64_t) (r * row_groups(&job->shells) + kx / 4), w);
	return w[kx & 3];
}

/* The phase of coefficient kx of an edge column, in row (iy, iz). */
static void
set_edge_phase(const phase_job *job, int64_t kx, int64_t iy, int64_t iz)
{
	const em_shells *s = &job->shells;
	int64_t		row = iz * s->n[1] + iy;
	int64_t		mate = (iz > 0 ? s->n[2] - iz : 0) * s->n[1] + (iy > 0 ? s->n[1] - iy : 0);
	float	   *at = em_volume_row(job->f, iy, iz);

	if (row == mate)
	{
		/* Its own mate: 0 or half a turn, exactly real. */
		set_phase(at, kx, phase_word(job, row, kx) & 0x80000000u);
		at[2 * kx + 1] = 0;
		return;
	}
	set_phase(at, kx, phase_word(job, row < mate ? row : mate, kx));
	if (row > mate)
		at[2 * kx + 1] = -at[2 * kx + 1];
}

/* Item iz: the phases of one plane. */
static em_status
phase_plane(void *arg, int64_t iz, int worker)
{
	phase_job  *job = arg;
	const em_shells *s = &job->shells;
	double		kz = (double) em_frequency(iz, s->n[2]);
	int64_t		inner_end = (s->n[0] + 1) / 2;

	(void) worker;
	for (int64_t iy = 0; iy < s->n[1]; iy++)
	{
		double		ky = (double) em_frequency(iy, s->n[1]);
		double		yz2 = ky * ky * s->unit2[1] + kz * kz * s->unit2[2];
		float	   *row = em_volume_row(job->f, iy, iz);
		uint32_t	w[4];

		for (int64_t kx = 0; kx < s->nxh; kx++)
		{
			bool		beyond = (double) kx * (double) kx * s->unit2[0] + yz2 >= job->from2;

			if (kx == 0 || kx >= inner_end)
			{
				if (beyond)
					set_edge_phase(job, kx, iy, iz);
				continue;
			}
			if ((kx & 3) == 0 || kx == 1)
				em_rng4(job->seed, job->stream,
						(uint64_t) ((iz * s->n[1] + iy) * row_groups(s) + kx / 4), w);
			if (beyond)
				set_phase(row, kx, w[kx & 3]);
		}
	}
	return EM_OK;
}

em_status
em_randomise_phases(em_ctx *ctx, em_volume *spectrum, int64_t from, uint64_t stream)
{
	phase_job	job = {.f = spectrum,.seed = em_ctx_seed(ctx),.stream = stream};

	if (spectrum->domain != EM_FOURIER_SPACE)
		return em_fail(ctx, EM_INTERNAL, "phases can only be drawn in Fourier space");
	EM_TRY(em_shells_init(ctx, &spectrum->grid, &job.shells));
	job.from2 = ((double) from - 1e-9) * ((double) from - 1e-9);
	return em_parallel(ctx, "random phases", spectrum->grid.n[2], phase_plane, &job);
}
