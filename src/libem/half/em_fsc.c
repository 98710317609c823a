/*
 * src/libem/half/em_fsc.c
 *		FSC, DPR and SSNR of two half maps in one sweep over their spectra.
 *
 * The stored half spectrum has kx = 0 .. nx/2.  A coefficient with 0 < kx < nx/2
 * stands for its Friedel mate too; those of the edge columns kx = 0 and (even
 * nx) kx = nx/2 are there with their mates.  Inner and edge sums are therefore
 * kept apart: the full sphere is 2 * inner + edge over all rows, and what Xmipp
 * and VRS add up (em_fsc.h) is inner + edge after the rows ky = 0 .. ny/2.  Sums
 * are made per plane and added in plane order.
 */
#include "half/em_fsc.h"

#include <math.h>
#include <string.h>

#include "core/em_par.h"
#include "fourier/em_sqrt.h"

/* What is summed over the coefficients a, b of the halves; phi is the angle between them. */
enum
{
	SUM_CROSS = 0,				/* Re(a b*) */
	SUM_POWER1,					/* |a|² */
	SUM_POWER2,					/* |b|² */
	SUM_DIFFERENCE,				/* |a - b|² */
	SUM_WEIGHT,					/* |a| + |b| */
	SUM_PHASE,					/* (|a| + |b|) phi², rad² */
	SUM_COUNT,					/* 1 */
	SUM_SPARE,					/* 0: eight doubles make one line */
	SUMS
};

/* What is summed over the coefficients of a floor shell. */
enum
{
	RATIO_SUM = 0,				/* |a + b| / |a - b| where that is finite */
	RATIO_COUNT,				/* how many are */
	RATIOS
};

typedef struct sweep_job
{
	const em_shells *shells;
	const em_volume *f1;
	const em_volume *f2;
	int64_t		slots;			/* count + 1, see em_shells_slots */
	double	   *full;			/* SUMS a slot a plane, over the full sphere */
	double	   *stored;			/* SUMS a slot a plane, as Xmipp adds up */
	double	   *ratio;			/* RATIOS a floor shell a plane, over the full sphere */
	double	   *skipped;		/* one a plane: coefficients without a ratio */
	double	   *inner;			/* SUMS a slot a worker: the plane at hand */
	double	   *edge;			/* likewise */
	int64_t		room;			/* em_shells_room: coefficients of a row in groups of four */
	int32_t    *slot;			/* room a worker */
	int32_t    *whole;			/* likewise */
	double	   *terms;			/* SUMS per coefficient, room a worker */
	double	   *ratios;			/* one per coefficient, room a worker */
} sweep_job;

#define SELECT_D(mask, a, b) ((em_vd4) (((em_vl4) (a) & (mask)) | ((em_vl4) (b) & ~(mask))))
#define ABS_D(v) ((em_vd4) ((em_vl4) (v) & INT64_MAX))

/* Coefficients of an arctangent on 0..1, odd powers, to 1e-9 (Remez exchange), highest first. */
static const double arctangent[] = {
	-0.0015093031826758662, 0.0095673402754854406, -0.028490776019056096,
	0.055028100861613465, -0.08213761677581273, 0.10878009917234845,
	-0.14247222674523624, 0.19996436812536766, -0.33333180376886379, 0.9999999805603178
};

/*
 * |angle| of four x + iy, rad: the arctangent of the smaller over the larger
 * part, then the octant.  The angle of 0 is 0.
 */
EM_INLINE void
absolute_angle(const em_vd4 *x, const em_vd4 *y, em_vd4 *out)
{
	const em_vd4 zero = {0, 0, 0, 0};
	const em_vd4 one = zero + 1;
	const em_vd4 ax = ABS_D(*x);
	const em_vd4 ay = ABS_D(*y);
	const em_vl4 steep = ay > ax;
	const em_vd4 larger = SELECT_D(steep, ay, ax);
	const em_vd4 q = SELECT_D(steep, ax, ay) / SELECT_D(larger > zero, larger, one);
	const em_vd4 u = q * q;
	em_vd4		p = zero + arctangent[0];

	for (size_t i = 1; i < sizeof(arctangent) / sizeof(arctangent[0]); i++)
		p = p * u + arctangent[i];
	p *= q;
	p = SELECT_D(steep, M_PI_2 - p, p);
	*out = SELECT_D(*x < zero, M_PI - p, p);
}

/* Four neighbouring coefficients of a row: real and imaginary parts. */
EM_INLINE void
load4(const float *row, em_vd4 *re, em_vd4 *im)
{
	const em_vf4 lo = *(const em_vf4_mem *) row;
	const em_vf4 hi = *(const em_vf4_mem *) (row + 4);

	*re = __builtin_convertvector(__builtin_shufflevector(lo, hi, 0, 2, 4, 6), em_vd4);
	*im = __builtin_convertvector(__builtin_shufflevector(lo, hi, 1, 3, 5, 7), em_vd4);
}

/* Turn four quantities of four coefficients into four lines, SUMS doubles apart. */
EM_INLINE void
store_transposed(double *to, const em_vd4 v[4])
{
	const em_vd4 ab02 = __builtin_shufflevector(v[0], v[1], 0, 4, 2, 6);
	const em_vd4 ab13 = __builtin_shufflevector(v[0], v[1], 1, 5, 3, 7);
	const em_vd4 cd02 = __builtin_shufflevector(v[2], v[3], 0, 4, 2, 6);
	const em_vd4 cd13 = __builtin_shufflevector(v[2], v[3], 1, 5, 3, 7);

	*(em_vd4 *) to = __builtin_shufflevector(ab02, cd02, 0, 1, 4, 5);
	*(em_vd4 *) (to + SUMS) = __builtin_shufflevector(ab13, cd13, 0, 1, 4, 5);
	*(em_vd4 *) (to + 2 * SUMS) = __builtin_shufflevector(ab02, cd02, 2, 3, 6, 7);
	*(em_vd4 *) (to + 3 * SUMS) = __builtin_shufflevector(ab13, cd13, 2, 3, 6, 7);
}

/*
 * Terms of the first n coefficients of a row of either half, in groups of four:
 * SUMS for each, and the ratio |a + b| / |a - b|, -1 where that is not finite.
 */
EM_HOT static void
row_terms(const float *f1, const float *f2, int64_t n, double *terms, double *ratio)
{
	const em_vd4 zero = {0, 0, 0, 0};
	const em_vd4 one = zero + 1;

	for (int64_t k = 0; k < n; k += 4)
	{
		em_vd4		ar,
					ai,
					br,
					bi;

		load4(f1 + 2 * k, &ar, &ai);
		load4(f2 + 2 * k, &br, &bi);

		const em_vd4 cross = ar * br + ai * bi;
		const em_vd4 turn = ai * br - ar * bi;
		const em_vd4 power1 = ar * ar + ai * ai;
		const em_vd4 power2 = br * br + bi * bi;
		const em_vd4 d2 = (ar - br) * (ar - br) + (ai - bi) * (ai - bi);
		const em_vd4 s2 = (ar + br) * (ar + br) + (ai + bi) * (ai + bi);
		const em_vl4 finite = d2 > zero;
		em_vd4		a1 = power1;
		em_vd4		a2 = power2;
		em_vd4		r = s2 / SELECT_D(finite, d2, one);
		em_vd4		phi;

		em_sqrt4(&a1);
		em_sqrt4(&a2);
		em_sqrt4(&r);
		absolute_angle(&cross, &turn, &phi);
		store_transposed(terms + SUMS * k, (em_vd4[4]) {cross, power1, power2, d2});
		store_transposed(terms + SUMS * k + 4,
						 (em_vd4[4]) {a1 + a2, (a1 + a2) * phi * phi, one, zero});
		*(em_vd4 *) (ratio + k) = SELECT_D(finite, r, zero - 1);
	}
}

/* Add the terms of one coefficient to a slot. */
EM_INLINE void
add_terms(double *restrict sum, const double *restrict term)
{
	for (int q = 0; q < SUMS; q++)
		sum[q] += term[q];
}

/* Add a row's terms, kx = first .. end-1, to the sums of their slots. */
EM_HOT static void
add_row(double *restrict sums, const int32_t *restrict slot, const double *restrict terms,
		int64_t first, int64_t end)
{
	for (int64_t k = first; k < end; k++)
		add_terms(sums + SUMS * slot[k], terms + SUMS * k);
}

/* Add a row's ratios, each `weight` times (its number in the full sphere), to floor shells below `limit`. */
static void
add_ratios(double *restrict sums, double *skipped, const int32_t *restrict whole,
		   const double *restrict ratio, int64_t first, int64_t end, double weight, int32_t limit)
{
	for (int64_t k = first; k < end && whole[k] < limit; k++)
		if (ratio[k] >= 0)
		{
			sums[RATIOS * whole[k] + RATIO_SUM] += weight * ratio[k];
			sums[RATIOS * whole[k] + RATIO_COUNT] += weight;
		}
		else
			*skipped += weight;
}

/* to = weight * inner + edge. */
static void
weigh(double *restrict to, const double *restrict inner, double weight,
	  const double *restrict edge, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		to[i] = weight * inner[i] + edge[i];
}

/* Item iz: the sums of one plane. */
static em_status
sweep_plane(void *arg, int64_t iz, int worker)
{
	sweep_job  *job = arg;
	const em_shells *s = job->shells;
	int64_t		inner_end = (s->n[0] + 1) / 2;
	int32_t		last = (int32_t) s->count - 1;
	int32_t    *slot = job->slot + worker * job->room;
	int32_t    *whole = job->whole + worker * job->room;
	double	   *terms = job->terms + worker * job->room * SUMS;
	double	   *ratios = job->ratios + worker * job->room;
	int64_t		sums = job->slots * SUMS;
	double	   *inner = job->inner + worker * sums;
	double	   *edge = job->edge + worker * sums;
	double	   *ratio = job->ratio + iz * job->slots * RATIOS;
	double	   *skipped = job->skipped + iz;

	memset(inner, 0, (size_t) sums * sizeof(double));
	memset(edge, 0, (size_t) sums * sizeof(double));
	for (int64_t iy = 0; iy < s->n[1]; iy++)
	{
		int64_t		n = em_shells_slots(s, iy, iz, slot, whole);
		int64_t		end = n < inner_end ? n : inner_end;

		row_terms(em_volume_row(job->f1, iy, iz), em_volume_row(job->f2, iy, iz), n, terms, ratios);
		if (n > 0)
		{
			add_row(edge, slot, terms, 0, 1);
			add_row(inner, slot, terms, 1, end);
			add_row(edge, slot, terms, end > 1 ? end : 1, n);
			add_ratios(ratio, skipped, whole, ratios, 0, 1, 1.0, last);
			add_ratios(ratio, skipped, whole, ratios, 1, end, 2.0, last);
			add_ratios(ratio, skipped, whole, ratios, end > 1 ? end : 1, n, 1.0, last);
		}
		if (iy == s->n[1] / 2)
			weigh(job->stored + iz * sums, inner, 1.0, edge, sums);
	}
	weigh(job->full + iz * sums, inner, 2.0, edge, sums);
	return EM_OK;
}

/* Add all planes to the first, in order. */
static void
combine(double *partial, int64_t per_plane, int64_t planes)
{
	for (int64_t z = 1; z < planes; z++)
		for (int64_t i = 0; i < per_plane; i++)
			partial[i] += partial[z * per_plane + i];
}

static double
correlation(const double *sum)
{
	double		power = sum[SUM_POWER1] * sum[SUM_POWER2];

	return power > 0 ? sum[SUM_CROSS] / sqrt(power) : NAN;
}

/* Root of the weighted mean square phase difference, degrees. */
static double
phase_residual(const double *sum)
{
	return sum[SUM_WEIGHT] > 0 ? sqrt(sum[SUM_PHASE] / sum[SUM_WEIGHT]) * 180.0 / M_PI : NAN;
}

/* Turn the combined sums into curves. */
static void
make_curves(const sweep_job *job, em_fsc *f)
{
	for (int64_t i = 0; i < f->count; i++)
	{
		const double *stored = job->stored + i * SUMS;
		const double *ratio = job->ratio + i * RATIOS;
		bool		last = i == f->count - 1;
		double		full[SUMS];
		double		signal;

		/* The full sphere's last shell has what lies beyond Nyquist too. */
		for (int q = 0; q < SUMS; q++)
			full[q] = job->full[i * SUMS + q] + (last ? job->full[(i + 1) * SUMS + q] : 0.0);
		f->n[i] = (int64_t) full[SUM_COUNT];
		f->fsc[i] = correlation(full);
		f->dpr[i] = phase_residual(full);
		signal = 2 * (full[SUM_POWER1] + full[SUM_POWER2]) - full[SUM_DIFFERENCE];
		f->ssnr[i] = full[SUM_DIFFERENCE] > 0 ? signal / full[SUM_DIFFERENCE] - 1 : NAN;
		f->fsc_vrs[i] = correlation(stored);
		f->dpr_vrs[i] = phase_residual(stored);
		f->ratio_vrs[i] = !last && ratio[RATIO_COUNT] > 0 ? ratio[RATIO_SUM] / ratio[RATIO_COUNT] : NAN;
		if (i > 0)
		{
			f->noise_power += full[SUM_DIFFERENCE] / 4;
			f->signal_power += signal / 4;
		}
	}
}

/* Allocate the curves; what was allocated is freed by em_fsc_destroy also after a failure. */
static em_status
create_curves(em_ctx *ctx, const em_shells *s, em_fsc **out)
{
	em_fsc	   *f = em_alloc(ctx, 1, sizeof(em_fsc), "FSC curves");
	double	   *block;

	*out = f;
	if (f == NULL)
		return em_ctx_status(ctx);
	f->count = s->count;
	f->length = s->length;
	f->n = em_alloc(ctx, (uint64_t) s->count, sizeof(int64_t), "FSC curves");
	block = em_alloc(ctx, (uint64_t) s->count * 6, sizeof(double), "FSC curves");
	f->fsc = block;
	if (f->n == NULL || block == NULL)
		return em_ctx_status(ctx);
	f->dpr = block + s->count;
	f->ssnr = block + 2 * s->count;
	f->fsc_vrs = block + 3 * s->count;
	f->dpr_vrs = block + 4 * s->count;
	f->ratio_vrs = block + 5 * s->count;
	return EM_OK;
}

void
em_fsc_destroy(em_ctx *ctx, em_fsc *f)
{
	if (f == NULL)
		return;
	em_free(ctx, f->fsc);
	em_free(ctx, f->n);
	em_free(ctx, f);
}

/* Doubles of sums a plane needs, and of terms and sums a worker needs. */
static uint64_t
plane_doubles(const em_shells *s)
{
	return (uint64_t) (s->count + 1) * (2 * SUMS + RATIOS) + 1;
}

static uint64_t
worker_doubles(const em_shells *s)
{
	return (uint64_t) em_shells_room(s) * (SUMS + 1) + (uint64_t) (s->count + 1) * 2 * SUMS;
}

uint64_t
em_fsc_sweep_bytes(em_ctx *ctx, const em_grid *grid)
{
	em_shells	s;

	if (em_shells_init(ctx, grid, &s) != EM_OK)
		return 0;
	return plane_doubles(&s) * (uint64_t) grid->n[2] * sizeof(double) +
		(worker_doubles(&s) * sizeof(double) + (uint64_t) em_shells_room(&s) * 2 * sizeof(int32_t)) *
		(uint64_t) em_parallel_workers(ctx);
}

em_status
em_fsc_sweep(em_ctx *ctx, const em_volume *f1, const em_volume *f2, em_fsc **out)
{
	em_shells	s;
	sweep_job	job = {.shells = &s, .f1 = f1, .f2 = f2};
	uint64_t	workers = (uint64_t) em_parallel_workers(ctx);
	int64_t		planes = f1->grid.n[2];
	double	   *sums;
	em_fsc	   *f = NULL;
	em_status	status;

	*out = NULL;
	if (f1->domain != EM_FOURIER_SPACE || f2->domain != EM_FOURIER_SPACE)
		return em_fail(ctx, EM_INTERNAL, "the FSC needs the spectra of the half maps");
	EM_TRY(em_grid_same(ctx, &f1->grid, &f2->grid, "half map 1", "half map 2"));
	EM_TRY(em_shells_init(ctx, &f1->grid, &s));

	job.slots = s.count + 1;
	job.room = em_shells_room(&s);
	sums = em_alloc(ctx, plane_doubles(&s) * (uint64_t) planes, sizeof(double), "FSC sums");
	job.terms = em_alloc(ctx, worker_doubles(&s) * workers, sizeof(double), "FSC terms");
	job.slot = em_alloc(ctx, (uint64_t) job.room * 2 * workers, sizeof(int32_t), "shell numbers");
	if (sums == NULL || job.terms == NULL || job.slot == NULL)
		status = em_ctx_status(ctx);
	else
		status = create_curves(ctx, &s, &f);
	if (status == EM_OK)
	{
		int64_t		w = (int64_t) workers;

		job.full = sums;
		job.stored = job.full + planes * job.slots * SUMS;
		job.ratio = job.stored + planes * job.slots * SUMS;
		job.skipped = job.ratio + planes * job.slots * RATIOS;
		job.inner = job.terms + job.room * SUMS * w;
		job.edge = job.inner + job.slots * SUMS * w;
		job.ratios = job.edge + job.slots * SUMS * w;
		job.whole = job.slot + job.room * w;
		status = em_parallel(ctx, "half-map comparison", planes, sweep_plane, &job);
	}
	if (status == EM_OK)
	{
		combine(job.full, job.slots * SUMS, planes);
		combine(job.stored, job.slots * SUMS, planes);
		combine(job.ratio, job.slots * RATIOS, planes);
		combine(job.skipped, 1, planes);
		make_curves(&job, f);
		f->ratio_skipped = (int64_t) job.skipped[0];
	}
	em_free(ctx, job.slot);
	em_free(ctx, job.terms);
	em_free(ctx, sums);
	if (status == EM_OK)
		*out = f;
	else
		em_fsc_destroy(ctx, f);
	return status;
}
