/*
 * src/libem/local/em_mono_amplitude.c
 *		Filtered monogenic amplitudes by pruned transforms.
 *
 * With K_j the highest frequency index below the cut of the amplitude's
 * low-pass, `kept` indices -K..K along y and z and 0..K along x are all that the
 * complement of the high-pass and the low-pass see:
 *
 *	1. z_inverse, an item a kept ky: weighted coefficients -> band[j], (z,ky,kx)
 *	2. amplitude, an item a plane z: along y and x, subtract from the component,
 *	   square, add up, root; forward along x and y -> band[0] of the same plane
 *	3. smooth, an item a kept ky: forward along z, weigh, inverse along z
 *	4. collect, an item a plane z: inverse along y and x where voxels are picked
 */
#include "local/em_mono_internal.h"

#include <math.h>
#include <string.h>

#include "core/em_par.h"
#include "volume/em_vec.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define COLUMNS EM_MONO_COLUMNS
#define ROWS EM_MONO_ROWS
#define GAUSS_END 1.3			/* exp(-(pi u gauss)²) is below 6e-8 from u = 1.3/gauss on */

typedef struct sweep
{
	const em_mono_region *r;
	const em_mono_band *band;
	const em_mono_pick *pick;
	float	   *value;
	int64_t		n[3];
	int64_t		k[3];			/* highest index kept along each axis */
	int64_t		kept[3];		/* indices kept along each axis */
	double		step[3];		/* digital frequency of index 1 */
	int			parts;			/* components with a complement to subtract: 4 or 0 */
	float	   *buffer[4];		/* band[j] */
	int64_t		row;			/* complex floats from ky to ky in a buffer */
	int64_t		plane;			/* complex floats from z to z */
	float	   *scratch;
	int64_t		per_worker;		/* floats of scratch a worker owns */
} sweep;

/* Indices kept along an axis, and the highest of them. */
static void
keep(sweep *s, int j, double end)
{
	int64_t		k = (int64_t) floor(end / s->step[j]);

	s->k[j] = k < s->n[j] / 2 ? k : s->n[j] / 2;
	s->kept[j] = j == 0 ? s->k[j] + 1 : 2 * s->k[j] + 1;
	if (j != 0 && s->kept[j] > s->n[j])
		s->kept[j] = s->n[j];
}

/* FFT index of kept index i along an axis. */
static inline int64_t
fft_index(const sweep *s, int j, int64_t i)
{
	return i <= s->k[j] ? i : s->n[j] - (s->kept[j] - i);
}

/* Digital frequency of kept index i. */
static inline double
frequency(const sweep *s, int j, int64_t i)
{
	return (double) (i <= s->k[j] ? i : i - s->kept[j]) * s->step[j];
}

/* What the high-pass takes away at u: 1 up to `stop`, 0 from `pass` on. */
static inline double
complement(const em_mono_band *b, double u)
{
	if (u >= b->pass)
		return 0;
	if (u <= b->stop)
		return 1;
	return 0.5 - 0.5 * cos(M_PI * (u - b->pass) / (b->pass - b->stop));
}

/* The amplitude's low-pass at u. */
static inline double
low_pass(const em_mono_band *b, double u)
{
	if (b->gauss > 0)
		return exp(-(M_PI * u * b->gauss) * (M_PI * u * b->gauss));
	if (u <= b->low)
		return 1;
	if (u >= b->cut)
		return 0;
	return 0.5 + 0.5 * cos(M_PI * (u - b->low) / (b->cut - b->low));
}

/*
 * Columns of coefficient block kx .. kx+count-1 at kept ky times the complement,
 * for all four components; false when no coefficient is below the edge.
 */
static bool
gather_complement(const sweep *s, int64_t kx, int64_t count, int64_t iy, fftwf_complex *column,
				  int64_t distance)
{
	const em_volume *f = s->r->spectrum;
	const double scale = 1.0 / (double) em_grid_voxels(&f->grid);
	const int64_t fy = fft_index(s, 1, iy);
	const double uy = frequency(s, 1, iy);
	const double edge2 = s->band->pass * s->band->pass;
	const double first = (double) kx * s->step[0];
	const bool	odd_y = 2 * fy != s->n[1];

	if (first * first + uy * uy >= edge2)
		return false;
	memset(column, 0, (size_t) (4 * COLUMNS * distance) * sizeof(*column));
	for (int64_t iz = 0; iz < s->kept[2]; iz++)
	{
		const int64_t fz = fft_index(s, 2, iz);
		const double uz = frequency(s, 2, iz);
		const float *row = em_volume_row(f, fy, fz) + 2 * kx;

		for (int64_t c = 0; c < count; c++)
		{
			const double ux = (double) (kx + c) * s->step[0];
			const double u2 = ux * ux + uy * uy + uz * uz;
			const double u = sqrt(u2);
			const double w = u2 < edge2 && u2 > 0 ? scale * complement(s->band, u) : 0;
			const double v = w == 0 ? 0 : w / u;
			const double re = row[2 * c];
			const double im = row[2 * c + 1];
			const double direction[4] = {
				0,
				2 * (kx + c) != s->n[0] ? v * ux : 0,
				odd_y ? v * uy : 0,
				2 * fz != s->n[2] ? v * uz : 0
			};
			fftwf_complex *to = column + c * distance + fz;

			to[0][0] = (float) (w * re);
			to[0][1] = (float) (w * im);
			for (int j = 1; j < 4; j++)
			{
				to += COLUMNS * distance;
				to[0][0] = (float) (direction[j] * im);
				to[0][1] = (float) (-direction[j] * re);
			}
		}
	}
	return true;
}

/*
 * Columns of a buffer or plane, `stride` complex floats from line to line, into
 * scratch.  Columns from `count` on keep what they hold; nothing reads them.
 */
static inline void
gather(fftwf_complex *column, int64_t distance, const fftwf_complex *from, int64_t stride, int64_t n,
	   int64_t count)
{
	for (int64_t i = 0; i < n; i++)
		for (int64_t c = 0; c < count; c++)
		{
			column[c * distance + i][0] = from[i * stride + c][0];
			column[c * distance + i][1] = from[i * stride + c][1];
		}
}

static inline void
scatter(fftwf_complex *to, int64_t stride, const fftwf_complex *column, int64_t distance, int64_t n,
		int64_t count)
{
	for (int64_t i = 0; i < n; i++)
		for (int64_t c = 0; c < count; c++)
		{
			to[i * stride + c][0] = column[c * distance + i][0];
			to[i * stride + c][1] = column[c * distance + i][1];
		}
}

/* Columns in a block that starts at kx. */
static inline int64_t
block(const sweep *s, int64_t kx)
{
	int64_t		rest = s->kept[0] - kx;

	return rest < COLUMNS ? rest : COLUMNS;
}

/* Pass 1, item iy. */
static em_status
inverse_z(void *arg, int64_t iy, int worker)
{
	const sweep *s = arg;
	const int64_t distance = em_mono_column_distance(s->n[2]);
	fftwf_complex *column = (fftwf_complex *) (s->scratch + worker * s->per_worker);

	for (int64_t kx = 0; kx < s->kept[0]; kx += COLUMNS)
	{
		const int64_t count = block(s, kx);
		const bool	any = gather_complement(s, kx, count, iy, column, distance);

		for (int j = 0; j < 4; j++)
		{
			fftwf_complex *to = (fftwf_complex *) s->buffer[j] + iy * s->row + kx;
			fftwf_complex *from = column + j * COLUMNS * distance;

			if (any)
			{
				fftwf_execute_dft(s->r->plans->z_inverse, from, from);
				scatter(to, s->plane, from, distance, s->n[2], count);
			}
			else
				for (int64_t z = 0; z < s->n[2]; z++)
					memset(to + z * s->plane, 0, (size_t) count * sizeof(*to));
		}
	}
	return EM_OK;
}

/* One plane of a buffer along y, zeros where nothing was kept: plane[y][kx]. */
static void
inverse_y(const sweep *s, const float *buffer, int64_t z, fftwf_complex *column, fftwf_complex *plane)
{
	const int64_t distance = em_mono_column_distance(s->n[1]);
	const fftwf_complex *from = (const fftwf_complex *) buffer + z * s->plane;
	const int64_t top = s->k[1] + 1;	/* kept indices before the gap */
	const int64_t rest = s->kept[1] - top;

	for (int64_t kx = 0; kx < s->kept[0]; kx += COLUMNS)
	{
		const int64_t count = block(s, kx);

		for (int64_t c = 0; c < count; c++)
			memset(column + c * distance + top, 0, (size_t) (s->n[1] - s->kept[1]) * sizeof(*column));
		gather(column, distance, from + kx, s->row, top, count);
		gather(column + s->n[1] - rest, distance, from + top * s->row + kx, s->row, rest, count);
		fftwf_execute_dft(s->r->plans->y_inverse, column, column);
		scatter(plane + kx, s->row, column, distance, s->n[1], count);
	}
}

/* One plane forward along y, only the kept indices: into plane z of the buffer. */
static void
forward_y(const sweep *s, const fftwf_complex *plane, fftwf_complex *column, float *buffer, int64_t z)
{
	const int64_t distance = em_mono_column_distance(s->n[1]);
	fftwf_complex *to = (fftwf_complex *) buffer + z * s->plane;
	const int64_t top = s->k[1] + 1;
	const int64_t rest = s->kept[1] - top;

	for (int64_t kx = 0; kx < s->kept[0]; kx += COLUMNS)
	{
		const int64_t count = block(s, kx);

		gather(column, distance, plane + kx, s->row, s->n[1], count);
		fftwf_execute_dft(s->r->plans->y_forward, column, column);
		scatter(to + kx, s->row, column, distance, top, count);
		scatter(to + top * s->row + kx, s->row, column + s->n[1] - rest, distance, rest, count);
	}
}

/* Put the kept coefficients of a row where its transform along x expects them. */
static inline void
pad_row(const sweep *s, float *to, const fftwf_complex *from)
{
	memcpy(to, from, (size_t) s->kept[0] * sizeof(*from));
	memset(to + 2 * s->kept[0], 0, (size_t) (2 * (s->n[0] / 2 + 1 - s->kept[0])) * sizeof(float));
}

/* sum += (part - band)², or = when `first`. */
EM_HOT static void
add_squares(float *restrict sum, const float *restrict part, const float *restrict band, int64_t n,
			bool first)
{
	if (first)
		for (int64_t x = 0; x < n; x++)
			sum[x] = (part[x] - band[x]) * (part[x] - band[x]);
	else
		for (int64_t x = 0; x < n; x++)
			sum[x] += (part[x] - band[x]) * (part[x] - band[x]);
}

/* Square roots of a row; both may be read and written up to the next multiple of four. */
static void
root_row(float *to, const float *from, int64_t n)
{
#if defined(__SSE2__)
	for (int64_t x = 0; x < n; x += 4)
		_mm_storeu_ps(to + x, _mm_sqrt_ps(_mm_loadu_ps(from + x)));
#else
	for (int64_t x = 0; x < n; x++)
		to[x] = sqrtf(from[x]);
#endif
}

/* Where a worker's scratch holds what: four sets of columns, a plane, rows, sums. */
typedef struct places
{
	fftwf_complex *column;
	fftwf_complex *plane;
	float	   *rows;
	float	   *sum;
} places;

static int64_t
column_floats(const int64_t n[3])
{
	int64_t		longest = n[1] > n[2] ? n[1] : n[2];

	return 4 * 2 * COLUMNS * em_mono_column_distance(longest);
}

/* Floats of scratch a worker needs when `row` complex numbers a row are kept. */
static int64_t
worker_floats(const int64_t n[3], int64_t row)
{
	return column_floats(n) + 2 * row * n[1] + ROWS * em_mono_row_distance(n[0]) +
		em_mono_row_distance(n[0]) * n[1];
}

static places
worker_places(const sweep *s, int worker)
{
	float	   *at = s->scratch + worker * s->per_worker;
	places		p = {.column = (fftwf_complex *) at};

	p.plane = (fftwf_complex *) (at += column_floats(s->n));
	p.rows = at += 2 * s->row * s->n[1];
	p.sum = at + ROWS * em_mono_row_distance(s->n[0]);
	return p;
}

/* Sum of the squares of all components in plane z. */
static void
sum_plane(const sweep *s, int64_t z, const places *p)
{
	const int64_t distance = em_mono_row_distance(s->n[0]);

	for (int j = 0; j < 4; j++)
	{
		if (s->parts > 0)
			inverse_y(s, s->buffer[j], z, p->column, p->plane);
		for (int64_t y = 0; y < s->n[1]; y += ROWS)
		{
			const int64_t rows = s->n[1] - y < ROWS ? s->n[1] - y : ROWS;

			for (int64_t i = 0; i < rows; i++)
				if (s->parts > 0)
					pad_row(s, p->rows + i * distance, p->plane + (y + i) * s->row);
				else
					memset(p->rows + i * distance, 0, (size_t) distance * sizeof(float));
			if (s->parts > 0)
				fftwf_execute_dft_c2r(s->r->plans->x_inverse, (fftwf_complex *) p->rows, p->rows);
			for (int64_t i = 0; i < rows; i++)
				add_squares(p->sum + (y + i) * distance, em_volume_row(s->r->part[j], y + i, z),
							p->rows + i * distance, s->n[0], j == 0);
		}
	}
}

/* Pass 2, item z. */
static em_status
amplitude_plane(void *arg, int64_t z, int worker)
{
	const sweep *s = arg;
	const places p = worker_places(s, worker);
	const int64_t distance = em_mono_row_distance(s->n[0]);

	sum_plane(s, z, &p);
	for (int64_t y = 0; y < s->n[1]; y += ROWS)
	{
		const int64_t rows = s->n[1] - y < ROWS ? s->n[1] - y : ROWS;

		for (int64_t i = 0; i < rows; i++)
			root_row(p.rows + i * distance, p.sum + (y + i) * distance, s->n[0]);
		fftwf_execute_dft_r2c(s->r->plans->x_forward, p.rows, (fftwf_complex *) p.rows);
		for (int64_t i = 0; i < rows; i++)
			memcpy(p.plane + (y + i) * s->row, p.rows + i * distance,
				   (size_t) s->kept[0] * sizeof(fftwf_complex));
	}
	forward_y(s, p.plane, p.column, s->buffer[0], z);
	return EM_OK;
}

/* Multiply columns of transformed amplitudes by the low-pass. */
static void
weigh_columns(const sweep *s, int64_t kx, int64_t count, int64_t iy, fftwf_complex *column,
			  int64_t distance)
{
	const double scale = 1.0 / (double) (s->n[0] * s->n[1] * s->n[2]);
	const double uy = frequency(s, 1, iy);

	for (int64_t c = 0; c < count; c++)
	{
		const double ux = (double) (kx + c) * s->step[0];
		fftwf_complex *a = column + c * distance;

		memset(a + s->k[2] + 1, 0, (size_t) (s->n[2] - s->kept[2]) * sizeof(*a));
		for (int64_t iz = 0; iz < s->kept[2]; iz++)
		{
			const int64_t fz = fft_index(s, 2, iz);
			const double uz = frequency(s, 2, iz);
			const float w = (float) (scale * low_pass(s->band, sqrt(ux * ux + uy * uy + uz * uz)));

			a[fz][0] *= w;
			a[fz][1] *= w;
		}
	}
}

/* Pass 3, item iy. */
static em_status
smooth(void *arg, int64_t iy, int worker)
{
	const sweep *s = arg;
	const int64_t distance = em_mono_column_distance(s->n[2]);
	fftwf_complex *column = (fftwf_complex *) (s->scratch + worker * s->per_worker);

	for (int64_t kx = 0; kx < s->kept[0]; kx += COLUMNS)
	{
		const int64_t count = block(s, kx);
		fftwf_complex *at = (fftwf_complex *) s->buffer[0] + iy * s->row + kx;

		gather(column, distance, at, s->plane, s->n[2], count);
		fftwf_execute_dft(s->r->plans->z_forward, column, column);
		weigh_columns(s, kx, count, iy, column, distance);
		fftwf_execute_dft(s->r->plans->z_inverse, column, column);
		scatter(at, s->plane, column, distance, s->n[2], count);
	}
	return EM_OK;
}

/* Copy the picked voxels of one row of the region, x counted in the map from `first`. */
static void
pick_row(const em_mono_pick *pick, int64_t y, int64_t z, int64_t first, const float *row, float *to)
{
	const uint64_t *bits = em_mask_row(pick->mask, y, z);

	for (int64_t w = pick->lo[0] >> 6; w <= (pick->hi[0] - 1) >> 6; w++)
	{
		uint64_t	left = bits[w];

		if (w == pick->lo[0] >> 6)
			left &= ~UINT64_C(0) << (pick->lo[0] & 63);
		if (w == pick->hi[0] >> 6)
			left &= (UINT64_C(1) << (pick->hi[0] & 63)) - 1;
		for (; left != 0; left &= left - 1)
			*to++ = row[w * 64 + __builtin_ctzll(left) - first];
	}
}

/* Pass 4, item: plane lo + i of the picked box. */
static em_status
collect_plane(void *arg, int64_t i, int worker)
{
	const sweep *s = arg;
	const em_mono_pick *pick = s->pick;
	const int64_t *o = s->r->offset;
	const int64_t z = pick->lo[2] + i;
	const em_mono_row *row = pick->row + i * (pick->hi[1] - pick->lo[1]);
	const places p = worker_places(s, worker);
	const int64_t distance = em_mono_row_distance(s->n[0]);
	int64_t		y = pick->lo[1];
	bool		any = false;

	for (int64_t k = 0; k < pick->hi[1] - pick->lo[1]; k++)
		any |= row[k].n > 0;
	if (!any)
		return EM_OK;
	inverse_y(s, s->buffer[0], z - o[2], p.column, p.plane);
	while (y < pick->hi[1])
	{
		int64_t		at[ROWS];
		int			rows = 0;

		for (; y < pick->hi[1] && rows < ROWS; y++)
			if (row[y - pick->lo[1]].n > 0)
			{
				pad_row(s, p.rows + rows * distance, p.plane + (y - o[1]) * s->row);
				at[rows++] = y;
			}
		if (rows > 0)
			fftwf_execute_dft_c2r(s->r->plans->x_inverse, (fftwf_complex *) p.rows, p.rows);
		for (int k = 0; k < rows; k++)
			pick_row(pick, at[k], z, o[0], p.rows + k * distance, s->value + row[at[k] - pick->lo[1]].at);
	}
	return EM_OK;
}

/* Replace a block by a larger one. */
static em_status
replace(em_ctx *ctx, float **at, uint64_t want, const char *what)
{
	em_free(ctx, *at);
	*at = em_alloc(ctx, want, sizeof(float), what);
	return *at == NULL ? em_ctx_status(ctx) : EM_OK;
}

/* Complex floats from ky to ky and from z to z when `kept` frequencies remain: odd numbers of lines. */
static void
buffer_layout(const int64_t kept[3], int64_t *row, int64_t *plane)
{
	*row = em_mono_column_distance(kept[0]);
	*plane = em_mono_column_distance(*row * kept[1]);
}

/* Bands and scratch for a sweep; growing a band leaves room for some higher frequencies. */
static em_status
make_room(em_ctx *ctx, sweep *s, em_mono_work *work)
{
	const int64_t all[3] = {s->n[0] / 2 + 1, s->n[1], s->n[2]};
	const uint64_t need = (uint64_t) (2 * s->plane * s->n[2]);
	const uint64_t scratch = (uint64_t) (s->per_worker * em_parallel_workers(ctx));
	int64_t		row;
	int64_t		plane;
	uint64_t	want;

	buffer_layout(all, &row, &plane);
	want = (uint64_t) (2 * plane * s->n[2]);
	if (want > 2 * need)
		want = 2 * need;
	if (work->band_floats < need)
	{
		for (int j = 0; j < 4; j++)
		{
			em_free(ctx, work->band[j]);
			work->band[j] = NULL;
		}
		work->band_floats = 0;
		for (int j = 0; j < 4; j++)
			EM_TRY(replace(ctx, &work->band[j], want, "filtered coefficients"));
		work->band_floats = want;
	}
	if (work->scratch_floats < scratch)
	{
		work->scratch_floats = 0;
		EM_TRY(replace(ctx, &work->scratch, scratch, "transform scratch"));
		work->scratch_floats = scratch;
	}
	memcpy(s->buffer, work->band, sizeof(s->buffer));
	s->scratch = work->scratch;
	return EM_OK;
}

uint64_t
em_mono_work_bytes(const em_ctx *ctx, const em_grid *grid)
{
	const int64_t all[3] = {grid->n[0] / 2 + 1, grid->n[1], grid->n[2]};
	int64_t		row;
	int64_t		plane;
	uint64_t	floats;

	buffer_layout(all, &row, &plane);
	floats = 4 * (uint64_t) (2 * plane * grid->n[2]);
	floats += (uint64_t) (worker_floats(grid->n, row) * em_parallel_workers(ctx));
	return floats * sizeof(float);
}

em_status
em_mono_region_evaluate(em_ctx *ctx, const em_mono_region *r, em_mono_work *work,
						const em_mono_band *band, const em_mono_pick *pick, float *value)
{
	const em_grid *grid = &r->spectrum->grid;
	sweep		s = {.r = r,.band = band,.pick = pick,.value = value};

	if (pick->count == 0)
		return EM_OK;
	s.parts = band->pass > 0 ? 4 : 0;
	for (int j = 0; j < 3; j++)
	{
		s.n[j] = grid->n[j];
		s.step[j] = r->unit / ((double) grid->n[j] * grid->voxel[j]);
		keep(&s, j, band->gauss > 0 ? GAUSS_END / band->gauss : fmax(band->cut, band->pass));
	}
	buffer_layout(s.kept, &s.row, &s.plane);
	s.per_worker = worker_floats(s.n, s.row);
	EM_TRY(make_room(ctx, &s, work));
	if (s.parts > 0)
		EM_TRY(em_parallel(ctx, "high-pass", s.kept[1], inverse_z, &s));
	EM_TRY(em_parallel(ctx, "monogenic amplitude", s.n[2], amplitude_plane, &s));
	EM_TRY(em_parallel(ctx, "low-pass of the amplitude", s.kept[1], smooth, &s));
	return em_parallel(ctx, "local amplitudes", pick->hi[2] - pick->lo[2], collect_plane, &s);
}
