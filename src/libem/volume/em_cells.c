/*
 * src/libem/volume/em_cells.c
 *		Small copies of local measures.
 */
#include "volume/em_cells.h"

#include <math.h>
#include <string.h>

#define HEAD 80					/* bytes before the cells */

em_status
em_cells_create(em_ctx *ctx, const em_grid *grid, const em_mask *mask, em_cells **out)
{
	int64_t		last[3];
	int64_t		cells;
	em_cells   *c;
	em_status	status;

	*out = NULL;
	if (mask->count == 0)
		return em_fail(ctx, EM_NOT_MEASURABLE, "no voxel lies in the mask");
	c = em_alloc(ctx, 1, sizeof(em_cells), "a small copy");
	if (c == NULL)
		return em_ctx_status(ctx);
	status = em_mask_bounds(ctx, mask, c->first, last);
	if (status != EM_OK)
	{
		em_cells_destroy(ctx, c);
		return status;
	}
	c->factor = 1;
	for (int j = 0; j < 3; j++)
	{
		int64_t		needed = (last[j] - c->first[j] + EM_CELLS_SIDE) / EM_CELLS_SIDE;

		c->factor = needed > c->factor ? needed : c->factor;
		c->voxel[j] = grid->voxel[j];
	}
	for (int j = 0; j < 3; j++)
		c->n[j] = (last[j] - c->first[j]) / c->factor + 1;
	cells = c->n[0] * c->n[1] * c->n[2];
	c->sum = em_alloc(ctx, (uint64_t) cells, sizeof(double), "a small copy");
	c->count = em_alloc(ctx, (uint64_t) cells, sizeof(int32_t), "a small copy");
	if (c->sum == NULL || c->count == NULL)
	{
		em_cells_destroy(ctx, c);
		return em_ctx_status(ctx);
	}
	*out = c;
	return EM_OK;
}

void
em_cells_destroy(em_ctx *ctx, em_cells *c)
{
	if (c == NULL)
		return;
	em_free(ctx, c->sum);
	em_free(ctx, c->count);
	em_free(ctx, c);
}

em_status
em_cells_fill(em_ctx *ctx, em_cells *c, const em_volume *v, const em_mask *mask)
{
	for (int64_t z = 0; z < mask->n[2]; z++)
	{
		EM_TRY(em_poll(ctx));
		for (int64_t y = 0; y < mask->n[1]; y++)
		{
			const float *row = em_volume_row(v, y, z);

			for (int64_t w = 0; w < mask->words; w++)
				for (uint64_t left = em_mask_row(mask, y, z)[w]; left != 0; left &= left - 1)
					em_cells_add(c, 64 * w + __builtin_ctzll(left), y, z, row[64 * w + __builtin_ctzll(left)]);
		}
	}
	return EM_OK;
}

/* Numbers in bytes, the lowest first. */
static void
put_bits(uint8_t *to, uint64_t bits, int bytes)
{
	for (int i = 0; i < bytes; i++)
		to[i] = (uint8_t) (bits >> 8 * i);
}

static uint64_t
get_bits(const uint8_t *from, int bytes)
{
	uint64_t	bits = 0;

	for (int i = 0; i < bytes; i++)
		bits |= (uint64_t) from[i] << 8 * i;
	return bits;
}

static void
put_double(uint8_t *to, double value)
{
	uint64_t	bits;

	memcpy(&bits, &value, sizeof(bits));
	put_bits(to, bits, 8);
}

static double
get_double(const uint8_t *from)
{
	uint64_t	bits = get_bits(from, 8);
	double		value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

em_status
em_cells_pack(em_ctx *ctx, const em_cells *c, uint8_t **bytes, int64_t *length)
{
	const int64_t cells = c->n[0] * c->n[1] * c->n[2];
	double		low = INFINITY,
				high = -INFINITY;

	*length = HEAD + cells;
	*bytes = em_alloc(ctx, (uint64_t) *length, 1, "a small copy");
	if (*bytes == NULL)
		return em_ctx_status(ctx);
	for (int64_t i = 0; i < cells; i++)
		if (c->count[i] > 0)
		{
			low = fmin(low, c->sum[i] / c->count[i]);
			high = fmax(high, c->sum[i] / c->count[i]);
		}
	if (!(low <= high))
		low = high = 0;
	memcpy(*bytes, "EMC1", 4);
	for (int j = 0; j < 3; j++)
	{
		put_bits(*bytes + 4 + 4 * j, (uint64_t) c->n[j], 4);
		put_double(*bytes + 16 + 8 * j, (double) c->factor * c->voxel[j]);
		put_double(*bytes + 40 + 8 * j, (double) c->first[j] * c->voxel[j]);
	}
	put_double(*bytes + 64, low);
	put_double(*bytes + 72, high);
	for (int64_t i = 0; i < cells; i++)
		(*bytes)[HEAD + i] = c->count[i] == 0 ? 0 :
			high > low ? (uint8_t) lround(1 + 254 * (c->sum[i] / c->count[i] - low) / (high - low)) : 1;
	return EM_OK;
}

/* Mean of the values around a cell; NaN without one. */
static float
mean_around(const em_volume *v, int64_t x, int64_t y, int64_t z)
{
	double		sum = 0;
	int			n = 0;

	for (int k = 0; k < 27; k++)
	{
		int64_t		p[3] = {x + k % 3 - 1, y + k / 3 % 3 - 1, z + k / 9 - 1};
		bool		inside = true;

		for (int j = 0; j < 3; j++)
			inside = inside && p[j] >= 0 && p[j] < v->grid.n[j];
		if (inside && isfinite(em_volume_row(v, p[1], p[2])[p[0]]))
		{
			sum += em_volume_row(v, p[1], p[2])[p[0]];
			n++;
		}
	}
	return n > 0 ? (float) (sum / n) : NAN;
}

em_status
em_cells_extend(em_ctx *ctx, em_volume *v, double reach)
{
	int			steps = (int) fmin(EM_CELLS_SIDE, fmax(1, ceil(reach / v->grid.voxel[0])));
	em_volume  *before;

	for (int i = 0; i < steps; i++)
	{
		EM_TRY(em_volume_copy(ctx, v, "a small copy", &before));
		for (int64_t z = 0; z < v->grid.n[2]; z++)
			for (int64_t y = 0; y < v->grid.n[1]; y++)
				for (int64_t x = 0; x < v->grid.n[0]; x++)
					if (!isfinite(em_volume_row(v, y, z)[x]))
						em_volume_row(v, y, z)[x] = mean_around(before, x, y, z);
		em_volume_destroy(ctx, before);
	}
	return EM_OK;
}

em_status
em_cells_unpack(em_ctx *ctx, const uint8_t *bytes, int64_t length, em_volume **out, double start[3])
{
	em_grid		grid = {.angle = {90, 90, 90}};
	bool		sound = length > HEAD && memcmp(bytes, "EMC1", 4) == 0;
	double		low = 0,
				high = 0;

	*out = NULL;
	for (int j = 0; sound && j < 3; j++)
	{
		grid.n[j] = (int64_t) get_bits(bytes + 4 + 4 * j, 4);
		grid.voxel[j] = get_double(bytes + 16 + 8 * j);
		start[j] = get_double(bytes + 40 + 8 * j);
		sound = grid.n[j] >= 1 && grid.n[j] <= EM_CELLS_SIDE && isfinite(grid.voxel[j]) && grid.voxel[j] > 0 &&
			isfinite(start[j]);
	}
	if (sound)
	{
		low = get_double(bytes + 64);
		high = get_double(bytes + 72);
		sound = isfinite(low) && isfinite(high) && low <= high &&
			length == HEAD + grid.n[0] * grid.n[1] * grid.n[2];
	}
	if (!sound)
		return em_fail(ctx, EM_BAD_FORMAT, "these bytes are no small copy of a local measure");
	EM_TRY(em_volume_create(ctx, &grid, "a small copy", out));
	bytes += HEAD;
	for (int64_t z = 0; z < grid.n[2]; z++)
		for (int64_t y = 0; y < grid.n[1]; y++)
			for (int64_t x = 0; x < grid.n[0]; x++, bytes++)
				em_volume_row(*out, y, z)[x] = *bytes == 0 ? NAN :
					(float) (low + (*bytes - 1) / 254.0 * (high - low));
	return EM_OK;
}
