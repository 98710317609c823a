/*
 * src/libem/local/em_monodir.c
 *		MonoDir: directions and the noise shell.
 */
#include "local/em_monodir.h"

#include <math.h>
#include <string.h>

#include "core/em_par.h"

#define SAME_COSINE 0.9999		/* directions this close are one */
#define CLIFF 0.01				/* of the variance of the shell before */
#define SOFT_EDGE 7.0			/* voxels, the falling edge of the sphere that is measured */

/* A vertex of the icosahedron. */
static void
icosahedron(int i, double v[3])
{
	const double golden = 0.5 * (1 + sqrt(5));
	const int	axis = i / 4;

	v[axis] = 0;
	v[(axis + 1) % 3] = i & 1 ? 1 : -1;
	v[(axis + 2) % 3] = i & 2 ? golden : -golden;
}

static double
dot(const double a[3], const double b[3])
{
	return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/* Add a direction unless it or its opposite is there. */
static int
add_direction(double (*v)[3], int n, const double at[3])
{
	const double length = sqrt(dot(at, at));
	double		u[3];
	double		sign = 1;

	for (int j = 0; j < 3; j++)
		u[j] = fabs(at[j]) < 1e-9 ? 0 : at[j] / length;
	if (u[2] < 0 || (u[2] == 0 && (u[1] < 0 || (u[1] == 0 && u[0] < 0))))
		sign = -1;
	for (int j = 0; j < 3; j++)
		u[j] *= sign;
	for (int i = 0; i < n; i++)
		if (fabs(dot(v[i], u)) > SAME_COSINE)
			return n;
	memcpy(v[n], u, sizeof(u));
	return n + 1;
}

/* Does a come before b: smaller tilt, then smaller rotation? */
static bool
before(const double a[3], const double b[3])
{
	if (fabs(a[2] - b[2]) > 1e-9)
		return a[2] > b[2];
	return atan2(a[1], a[0]) < atan2(b[1], b[0]);
}

void
em_monodir_directions(double v[EM_MONODIR_DIRECTIONS][3])
{
	double		corner[12][3];
	int			n = 0;

	for (int i = 0; i < 12; i++)
		icosahedron(i, corner[i]);
	for (int a = 0; a < 12; a++)
		for (int b = a; b < 12; b++)
			for (int c = b; c < 12; c++)
			{
				double		at[3];
				const double edge = dot(corner[0], corner[0]) / sqrt(5);

				/* Neighbours are at atan(2): the cosine is 1/sqrt(5). */
				if ((a != b && dot(corner[a], corner[b]) < 0.9 * edge) ||
					(b != c && dot(corner[b], corner[c]) < 0.9 * edge) ||
					(a != c && dot(corner[a], corner[c]) < 0.9 * edge))
					continue;
				for (int j = 0; j < 3; j++)
					at[j] = corner[a][j] + corner[b][j] + corner[c][j];
				if (n < EM_MONODIR_DIRECTIONS)
					n = add_direction(v, n, at);
			}
	for (int i = 1; i < n; i++)
		for (int j = i; j > 0 && before(v[j], v[j - 1]); j--)
		{
			double		t[3];

			memcpy(t, v[j], sizeof(t));
			memcpy(v[j], v[j - 1], sizeof(t));
			memcpy(v[j - 1], t, sizeof(t));
		}
}

/* Sums over the shells [r, r+1) voxels of one plane. */
typedef struct shell_sum
{
	double		n;
	double		sum;
	double		sum2;
	bool		masked;
} shell_sum;

typedef struct shells_job
{
	const em_volume *map;
	const em_mask *mask;
	int64_t		shells;
	shell_sum  *partial;		/* [plane][shell] */
} shells_job;

static em_status
shells_plane(void *arg, int64_t z, int worker)
{
	shells_job *job = arg;
	const em_grid *g = &job->map->grid;
	shell_sum  *part = job->partial + z * job->shells;
	const double unit = g->voxel[0];

	(void) worker;
	for (int64_t y = 0; y < g->n[1]; y++)
	{
		const float *row = em_volume_row(job->map, y, z);
		const double dz = (double) (z - g->n[2] / 2) * g->voxel[2] / unit;
		const double dy = (double) (y - g->n[1] / 2) * g->voxel[1] / unit;

		for (int64_t x = 0; x < g->n[0]; x++)
		{
			const double dx = (double) (x - g->n[0] / 2);
			const int64_t r = (int64_t) sqrt(dx * dx + dy * dy + dz * dz);

			if (r >= job->shells)
				continue;
			part[r].n++;
			part[r].sum += row[x];
			part[r].sum2 += (double) row[x] * row[x];
			part[r].masked |= em_mask_get(job->mask, x, y, z);
		}
	}
	return EM_OK;
}

/* Radius of the mask, and where the map's variance falls off a cliff beyond it. */
static void
find_radii(const shells_job *job, double *particle, double *cliff)
{
	const int64_t shells = job->shells;
	double		previous = 0;
	int64_t		outermost = 0;

	for (int64_t r = 0; r < shells; r++)
		for (int64_t z = 0; z < job->map->grid.n[2]; z++)
			if (job->partial[z * shells + r].masked)
				outermost = r;
	*particle = (double) outermost;
	*cliff = (double) shells;
	for (int64_t r = outermost; r < shells; r++)
	{
		shell_sum	s = {0};
		double		variance;

		for (int64_t z = 0; z < job->map->grid.n[2]; z++)
		{
			s.n += job->partial[z * shells + r].n;
			s.sum += job->partial[z * shells + r].sum;
			s.sum2 += job->partial[z * shells + r].sum2;
		}
		variance = s.n > 0 ? s.sum2 / s.n - s.sum * s.sum / (s.n * s.n) : 0;
		if ((r > outermost && variance < CLIFF * previous) || !(variance > 0))
		{
			*cliff = (double) (r - 1);
			return;
		}
		previous = variance;
	}
}

em_status
em_monodir_noise_shell(em_ctx *ctx, const em_volume *map, const em_mask *mask, em_monodir_shell *out)
{
	shells_job	job = {.map = map,.mask = mask,.shells = INT64_MAX};
	em_status	status;

	for (int j = 0; j < 3; j++)
	{
		const int64_t half = (int64_t) ((double) (map->grid.n[j] / 2) * map->grid.voxel[j] / map->grid.voxel[0]);

		job.shells = half < job.shells ? half : job.shells;
	}
	job.partial = em_alloc(ctx, (uint64_t) (job.shells * map->grid.n[2]), sizeof(shell_sum), "shells of a map");
	if (job.partial == NULL)
		return em_ctx_status(ctx);
	status = em_parallel(ctx, "noise shell", map->grid.n[2], shells_plane, &job);
	if (status == EM_OK)
		find_radii(&job, &out->particle, &out->cliff);
	em_free(ctx, job.partial);
	out->found = status == EM_OK && out->cliff - SOFT_EDGE > out->particle;
	return status;
}

void
em_monodir_destroy(em_ctx *ctx, em_monodir *m)
{
	if (m == NULL)
		return;
	em_free(ctx, m->position);
	em_free(ctx, m->highest);
	em_free(ctx, m->lowest);
	em_free(ctx, m->middle);
	em_free(ctx, m->doa);
	em_free(ctx, m->radial);
	em_free(ctx, m->azimuthal);
	em_free(ctx, m);
}
