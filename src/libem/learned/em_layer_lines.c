/*
 * src/libem/learned/em_layer_lines.c
 *		Cylindrical waves around an axis.
 */
#include "learned/em_layer_lines.h"

#include <math.h>
#include <string.h>

#include "learned/em_trilinear.h"

#define ANGLES 12
#define HALF 8					/* heights -HALF .. HALF, Å */
#define HEIGHTS (2 * HALF + 1)
#define POWER_RADII 3
#define PITCHES 3
#define WAVE_RADII 5
#define FREQUENCIES 8
#define TINY 1e-30
#define MOVES 10
#define SHIFTS 6				/* of them move the centre */
#define MOST_STEPS 6			/* of refinement at one step size */

static const double power_radius[POWER_RADII] = {1.5, 2.5, 3.5};
static const double pitch[PITCHES] = {5.2, 5.4, 5.6};
static const double wave_radius[WAVE_RADII] = {1.2, 2.3, 3.4, 4.5, 5.6};
static const double period[FREQUENCIES] = {16, 10, 7.2, 5.9, 5.4, 5.0, 4.5, 3.8};

/* Multiples of 30 degrees, the same numbers in every quadrant. */
static const double cosine[ANGLES] = {
	1, 0.86602540378443864676, 0.5, 0, -0.5, -0.86602540378443864676,
	-1, -0.86602540378443864676, -0.5, 0, 0.5, 0.86602540378443864676
};

static inline double
sine(int i)
{
	return cosine[(i + 9) % ANGLES];
}

/* Hann window along the axis at heights 0 .. HALF, (1 + cos(pi z / 9)) / 2. */
static const double window[HALF + 1] = {
	1, 0.96984631039295421, 0.88302222155948895, 0.75,
	0.58682408883346526, 0.41317591116653485, 0.25000000000000011, 0.11697777844051105,
	0.030153689607045842
};

typedef struct complex_number
{
	double		re;
	double		im;
} complex_number;

/* Angular waves n = 0, 1, 2 of one cylinder at each height, windowed. */
typedef struct cylinder
{
	complex_number wave[3][HEIGHTS];
	double		mean;			/* before it was taken away */
	double		power;			/* mean square of the windowed samples */
} cylinder;

/* Sample a cylinder and expand it in angular waves: c_n(z) = mean over phi of f exp(-i n phi). */
static void
sample_cylinder(const em_volume *v, const em_rod *rod, const double u[3], const double w[3], double radius,
				cylinder *out)
{
	double		f[HEIGHTS][ANGLES];
	double		sum = 0;

	for (int z = 0; z < HEIGHTS; z++)
		for (int a = 0; a < ANGLES; a++)
		{
			double		at[3];

			for (int j = 0; j < 3; j++)
				at[j] = rod->centre[j] + ((z - HALF) * rod->axis[j] +
										  radius * (cosine[a] * u[j] + sine(a) * w[j])) / v->grid.voxel[j];
			f[z][a] = em_trilinear(v, at);
			sum += f[z][a];
		}
	out->mean = sum / (HEIGHTS * ANGLES);
	out->power = 0;
	for (int z = 0; z < HEIGHTS; z++)
	{
		const double hann = window[z < HALF ? HALF - z : z - HALF];

		for (int a = 0; a < ANGLES; a++)
		{
			f[z][a] = hann * (f[z][a] - out->mean);
			out->power += f[z][a] * f[z][a];
		}
		for (int n = 0; n < 3; n++)
		{
			complex_number c = {0, 0};

			for (int a = 0; a < ANGLES; a++)
			{
				c.re += f[z][a] * cosine[n * a % ANGLES];
				c.im -= f[z][a] * sine(n * a % ANGLES);
			}
			out->wave[n][z] = (complex_number) {c.re / ANGLES, c.im / ANGLES};
		}
	}
	out->power /= HEIGHTS * ANGLES;
}

/* |mean over z of c(z) exp(+-2 pi i z frequency)|² for both signs. */
static void
axial_power(const complex_number *c, double frequency, double *plus, double *minus)
{
	const double step_re = cos(2 * M_PI * frequency);
	const double step_im = sin(2 * M_PI * frequency);
	double		cs = 1;
	double		sn = 0;
	double		even_re = c[HALF].re;	/* sums over z and -z with the cosine ... */
	double		even_im = c[HALF].im;
	double		odd_re = 0;		/* ... and with the sine */
	double		odd_im = 0;

	for (int z = 1; z <= HALF; z++)
	{
		const double next = cs * step_re - sn * step_im;

		sn = cs * step_im + sn * step_re;
		cs = next;
		even_re += cs * (c[HALF + z].re + c[HALF - z].re);
		even_im += cs * (c[HALF + z].im + c[HALF - z].im);
		odd_re += sn * (c[HALF + z].re - c[HALF - z].re);
		odd_im += sn * (c[HALF + z].im - c[HALF - z].im);
	}
	*plus = ((even_re - odd_im) * (even_re - odd_im) + (even_im + odd_re) * (even_im + odd_re)) /
		(HEIGHTS * HEIGHTS);
	*minus = ((even_re + odd_im) * (even_re + odd_im) + (even_im - odd_re) * (even_im - odd_re)) /
		(HEIGHTS * HEIGHTS);
}

em_hand_power
em_layer_power(const em_volume *v, const em_rod *rod)
{
	double		right[PITCHES] = {0};
	double		left[PITCHES] = {0};
	double		total = 0;
	double		u[3];
	double		w[3];
	em_hand_power p = {0, 0};

	em_rod_frame(rod->axis, u, w);
	for (int r = 0; r < POWER_RADII; r++)
	{
		cylinder	c;

		sample_cylinder(v, rod, u, w, power_radius[r], &c);
		total += power_radius[r] * c.power;
		for (int k = 0; k < PITCHES; k++)
		{
			double		plus;
			double		minus;

			axial_power(c.wave[1], 1 / pitch[k], &plus, &minus);
			right[k] += power_radius[r] * plus;
			left[k] += power_radius[r] * minus;
		}
	}
	for (int k = 0; k < PITCHES; k++)
	{
		p.right = fmax(p.right, right[k]);
		p.left = fmax(p.left, left[k]);
	}
	p.right /= total + TINY;
	p.left /= total + TINY;
	return p;
}

static inline double
larger(em_hand_power p)
{
	return fmax(p.right, p.left);
}

/* A rod with one of the moves made: shifts along and across the axis, then tilts. */
static em_rod
moved(const em_rod *rod, const double frame[3][3], const double voxel[3], int move, double shift, double tilt)
{
	const double sign = move % 2 == 0 ? 1 : -1;
	em_rod		m = *rod;

	if (move < SHIFTS)
		for (int j = 0; j < 3; j++)
			m.centre[j] += sign * shift * frame[move / 2][j] / voxel[j];
	else
	{
		const double *towards = frame[(move - SHIFTS) / 2];

		for (int j = 0; j < 3; j++)
			m.axis[j] = cos(tilt) * rod->axis[j] + sign * sin(tilt) * towards[j];
	}
	return m;
}

/* Steps to the best of the moves until none is better. */
static em_hand_power
climb(const em_volume *v, em_rod *rod, em_hand_power power, double shift, double tilt)
{
	for (int step = 0; step < MOST_STEPS; step++)
	{
		double		frame[3][3];
		em_rod		best = *rod;
		em_hand_power best_power = power;

		em_rod_frame(rod->axis, frame[0], frame[1]);
		memcpy(frame[2], rod->axis, sizeof(rod->axis));
		for (int move = 0; move < MOVES; move++)
		{
			const em_rod m = moved(rod, frame, v->grid.voxel, move, shift, tilt);
			const em_hand_power p = em_layer_power(v, &m);

			if (larger(p) > larger(best_power))
			{
				best = m;
				best_power = p;
			}
		}
		if (!(larger(best_power) > larger(power)))
			return power;
		*rod = best;
		power = best_power;
	}
	return power;
}

em_hand_power
em_layer_refine(const em_volume *v, em_rod *rod)
{
	em_hand_power power = em_layer_power(v, rod);

	power = climb(v, rod, power, 1.0, 12 * M_PI / 180);
	return climb(v, rod, power, 0.6, 6 * M_PI / 180);
}

void
em_layer_measure(const em_volume *v, const em_rod *rod, double mean, em_layer_features *out)
{
	cylinder	c[WAVE_RADII];
	double		rms = 0;
	double		u[3];
	double		w[3];
	int			wave = 0;
	int			even = WAVE_RADII;

	em_rod_frame(rod->axis, u, w);
	for (int r = 0; r < WAVE_RADII; r++)
	{
		sample_cylinder(v, rod, u, w, wave_radius[r], &c[r]);
		rms += c[r].power / WAVE_RADII;
	}
	rms = sqrt(rms) + TINY;
	for (int r = 0; r < WAVE_RADII; r++)
	{
		out->even[r] = (float) ((c[r].mean - mean) / rms);
		for (int k = 0; k < FREQUENCIES; k++)
		{
			double		plus;
			double		minus;

			axial_power(c[r].wave[0], 1 / period[k], &plus, &minus);
			out->even[even++] = (float) (sqrt(plus) / rms);
		}
	}
	out->even[even] = (float) rod->score;
	for (int n = 1; n <= 2; n++)
		for (int r = 0; r < WAVE_RADII; r++)
			for (int k = 0; k < FREQUENCIES; k++)
			{
				double		plus;
				double		minus;

				axial_power(c[r].wave[n], 1 / period[k], &plus, &minus);
				out->right[wave] = (float) (sqrt(plus) / rms);
				out->left[wave++] = (float) (sqrt(minus) / rms);
			}
}
