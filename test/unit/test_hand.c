/*
 * test/unit/test_hand.c
 *		Handedness by layer lines: helices, sheets and noise whose hand is known,
 *		and their mirror images.
 */
#include "boxes.h"
#include "fourier/em_fft.h"
#include "learned/em_hand.h"
#include "learned/em_weights.h"
#include "peptide.h"

#define SIGMA 1.2				/* Å: the density of a map of about 3.5 Å */

/* Everything em_hand has to say about a map in real space, which it uses up; mask: above `contour`. */
static bool
look(em_ctx *ctx, em_volume *map, double contour, double resolution, em_hand *hand)
{
	em_hand_candidate *c = NULL;
	em_hand_net net;
	em_mask    *mask = NULL;
	int			n = 0;
	bool		fine = em_mask_threshold(ctx, map, contour, &mask) == EM_OK &&
		em_fft_forward(ctx, map) == EM_OK && em_hand_candidates(ctx, map, mask, resolution, &c, &n) == EM_OK &&
		em_hand_net_from(ctx, &em_weights_hand, &net) == EM_OK &&
		em_hand_decide(ctx, &net, &map->grid, c, n, hand) == EM_OK;

	if (!fine)
		printf("# %s\n", em_ctx_message(ctx));
	else
		printf("# score %.4f free %.4f decision %d, %d helices of %d sites of %d candidates\n", hand->score,
			   hand->score_free, hand->decision, hand->helices, hand->sites, hand->candidates);
	em_free(ctx, c);
	em_mask_destroy(ctx, mask);
	return fine;
}

/* Look at the density of atoms, as it is or mirrored. */
static bool
look_at(em_ctx *ctx, const peptide *p, const em_grid *grid, bool mirror, em_hand *hand)
{
	em_volume  *v;
	em_stats	stats;
	bool		fine;

	if (em_volume_create(ctx, grid, "test map", &v) != EM_OK)
		return false;
	peptide_density(p, SIGMA, mirror, v);
	fine = em_volume_stats(ctx, v, &stats) == EM_OK && look(ctx, v, 0.15 * stats.max, 3.5, hand);
	em_volume_destroy(ctx, v);
	return fine;
}

/* Directions of the search: unit vectors, closed under mirrors, without gaps. */
static void
test_directions(void)
{
	double		d[EM_ROD_DIRECTIONS][3];
	int			unit = 0;
	int			closed = 0;
	double		gap = 0;

	em_rod_directions(d);
	for (int i = 0; i < EM_ROD_DIRECTIONS; i++)
	{
		unit += fabs(d[i][0] * d[i][0] + d[i][1] * d[i][1] + d[i][2] * d[i][2] - 1) < 1e-12;
		for (int axis = 0; axis < 3; axis++)
		{
			double		image[3] = {d[i][0], d[i][1], d[i][2]};
			bool		there = false;

			image[axis] = -image[axis];
			for (int k = 0; k < EM_ROD_DIRECTIONS; k++)
				there = there || fabs(image[0] * d[k][0] + image[1] * d[k][1] + image[2] * d[k][2]) > 1 - 1e-12;
			closed += there;
		}
	}
	is_int(unit, EM_ROD_DIRECTIONS, "directions are unit vectors");
	is_int(closed, 3 * EM_ROD_DIRECTIONS, "their mirror images are directions, too");
	for (int i = 0; i < 4000; i++)
	{
		double		a[2];
		double		b[2];
		double		length;
		double		best = 0;

		em_rng_normal2(3, 1, (uint64_t) i, a);
		em_rng_normal2(3, 2, (uint64_t) i, b);
		length = sqrt(a[0] * a[0] + a[1] * a[1] + b[0] * b[0]);
		for (int k = 0; k < EM_ROD_DIRECTIONS; k++)
			best = fmax(best, fabs(a[0] * d[k][0] + a[1] * d[k][1] + b[0] * d[k][2]) / length);
		gap = fmax(gap, acos(fmin(best, 1)) * 180 / M_PI);
	}
	ok(gap < 12.5, "none of 4000 random directions is farther than 12.5 degrees from one (%.2f)", gap);
}

/* Frames around an axis. */
static void
test_frames(void)
{
	int			right_handed = 0;
	int			mirrored = 0;

	for (int i = 0; i < 200; i++)
	{
		double		turn[3][3];
		double		u[3];
		double		v[3];
		double		mu[3];
		double		mv[3];
		double		w[3];

		random_turn((uint64_t) i, turn);
		em_rod_frame(turn[0], u, v);
		vector_product(u, v, w);
		right_handed += fabs(w[0] - turn[0][0]) + fabs(w[1] - turn[0][1]) + fabs(w[2] - turn[0][2]) < 1e-12;
		em_rod_frame((const double[3]) {-turn[0][0], turn[0][1], turn[0][2]}, mu, mv);
		mirrored += fabs(fabs(-u[0] * mu[0] + u[1] * mu[1] + u[2] * mu[2]) - 1) < 1e-12 &&
			fabs(fabs(-v[0] * mv[0] + v[1] * mv[1] + v[2] * mv[2]) - 1) < 1e-12;
	}
	is_int(right_handed, 200, "frames are right-handed");
	is_int(mirrored, 200, "the frame of a mirrored axis is the mirrored frame up to signs");
}

/* A wave along z with a known hand: right, left, and what a lone rod gives. */
static void
test_waves(em_ctx *ctx)
{
	const em_grid grid = {.n = {40, 40, 40},.voxel = {1, 1, 1}};
	const em_rod rod = {.centre = {19.5, 19.5, 19.5},.axis = {0, 0, 1}};
	const em_rod turned = {.centre = {19.5, 19.5, 19.5},.axis = {0, 0, -1}};
	em_volume  *v;

	if (!ok(em_volume_create(ctx, &grid, "waves", &v) == EM_OK, "a volume"))
		return;
	for (int hand = 1; hand >= -1; hand -= 2)
	{
		em_hand_power p;
		em_layer_features f;

		/* A right-handed screw rises with the angle counted anticlockwise about z. */
		for (int z = 0; z < 40; z++)
			for (int y = 0; y < 40; y++)
				for (int x = 0; x < 40; x++)
					em_volume_row(v, y, z)[x] =
						(float) (hypot(x - 19.5, y - 19.5) *
								 cos(atan2(y - 19.5, x - 19.5) - hand * 2 * M_PI * (z - 19.5) / 5.4));
		p = em_layer_power(v, &rod);
		ok((hand > 0 ? p.right : p.left) > 0.2 && (hand > 0 ? p.left : p.right) < 0.001,
		   "%s screw: right %.4f, left %.4f", hand > 0 ? "right-handed" : "left-handed", p.right, p.left);
		is_near(em_layer_power(v, &turned).right, p.right, 1e-6 + 1e-3 * p.right, "the same seen from its other end");
		em_layer_measure(v, &rod, 0, &f);
		ok(hand > 0 ? f.right[4] > 50 * f.left[4] : f.left[4] > 50 * f.right[4],
		   "its wave n = 1 at 5.4 Å is a feature of that hand (%.3f, %.3f)", f.right[4], f.left[4]);
	}
	em_volume_destroy(ctx, v);
}

/* The ideal helix itself: 1.5 Å and 100 degrees a residue, right-handed. */
static void
test_geometry(void)
{
	peptide		p = {0};
	double		ca[40][3];
	double		first[3];
	double		second[3];
	double		axis[3];
	double		cosine;
	double		rise;

	peptide_chain(&p, 40, -57.8, -47.0, ca);
	/* Differences of neighbouring steps point to the axis; two of them give it. */
	for (int j = 0; j < 3; j++)
	{
		first[j] = ca[11][j] - 2 * ca[10][j] + ca[9][j];
		second[j] = ca[12][j] - 2 * ca[11][j] + ca[10][j];
	}
	unit_vector(first);
	unit_vector(second);
	vector_product(first, second, axis);
	unit_vector(axis);
	cosine = first[0] * second[0] + first[1] * second[1] + first[2] * second[2];
	rise = 0;
	for (int j = 0; j < 3; j++)
		rise += (ca[30][j] - ca[10][j]) / 20 * axis[j];
	is_near(acos(cosine) * 180 / M_PI, 100, 2, "poly-alanine: 100 degrees a residue");
	is_near(rise, 1.5, 0.08, "poly-alanine: rises 1.5 Å a residue in the sense it turns, so right-handed");
	peptide_free(&p);
}

/* One ideal helix in both hands, any orientation. */
static void
test_helix(em_ctx *ctx)
{
	const em_grid grid = {.n = {80, 84, 81},.voxel = {1, 1, 1},.angle = {90, 90, 90}};
	const double centre[3] = {40.3, 41.2, 39.6};

	for (int i = 0; i < 4; i++)
	{
		peptide		p = {0};
		double		turn[3][3];
		em_hand		hand[2];

		random_turn((uint64_t) i + 1, turn);
		peptide_chain(&p, 30, -57.8, -47.0, NULL);
		peptide_place(&p, 0, p.n, turn, centre);
		if (ok(look_at(ctx, &p, &grid, false, &hand[0]) && look_at(ctx, &p, &grid, true, &hand[1]),
			   "helix %d: looked at", i))
		{
			ok(hand[0].score < 0.1 && hand[0].decision == EM_HAND_RIGHT, "helix %d: right, score %.3f", i,
			   hand[0].score);
			ok(hand[1].score > 0.9 && hand[1].decision == EM_HAND_MIRRORED, "helix %d: mirrored, score %.3f", i,
			   hand[1].score);
			is_near(hand[0].score + hand[1].score, 1, 0.01, "helix %d: the scores add up to 1", i);
			ok(hand[0].score_free < 0.25, "helix %d: right by the free score, too (%.3f)", i, hand[0].score_free);
			is_near(hand[0].score_free + hand[1].score_free, 1, 0.01, "helix %d: the free scores add up to 1", i);
			is_int(hand[0].helices, 1, "helix %d: is one helix", i);
		}
		peptide_free(&p);
	}
}

/* Add a chain whose line between two of its CA is turned to +z or -z. */
static void
add_upright(peptide *p, int residues, double phi, double psi, double sign, const double centre[3])
{
	const int	from = p->n;
	double		axis[3];
	double		u[3];
	double		w[3];

	peptide_chain(p, residues, phi, psi, NULL);
	for (int j = 0; j < 3; j++)
		axis[j] = sign * (p->at[from + 5 * (residues - 1) + 1][j] - p->at[from + 1][j]);
	unit_vector(axis);
	em_rod_frame(axis, u, w);
	peptide_place(p, from, p->n, (const double[3][3]) {{u[0], u[1], u[2]}, {w[0], w[1], w[2]},
				  {axis[0], axis[1], axis[2]}}, centre);
}

/* A bundle of six helices far apart. */
static void
test_bundle(em_ctx *ctx)
{
	const em_grid grid = {.n = {96, 96, 72},.voxel = {1, 1, 1},.angle = {90, 90, 90}};
	peptide		p = {0};
	em_hand		hand;

	for (int i = 0; i < 6; i++)
		add_upright(&p, 24, -57.8, -47.0, 1, (const double[3]) {24 + 24 * (i % 3), 32 + 28 * (i / 3), 36});
	if (ok(look_at(ctx, &p, &grid, false, &hand), "bundle: looked at"))
	{
		is_int(hand.helices, 6, "bundle: six helices");
		ok(hand.decision == EM_HAND_RIGHT && hand.score < 0.05, "bundle: right, score %.3f", hand.score);
	}
	peptide_free(&p);
}

/* Two sheets of antiparallel strands, 4.8 Å apart, 10 Å between the sheets. */
static void
test_sheets(em_ctx *ctx)
{
	const em_grid grid = {.n = {72, 72, 64},.voxel = {1, 1, 1},.angle = {90, 90, 90}};
	peptide		p = {0};
	em_hand		hand;

	for (int i = 0; i < 12; i++)
		add_upright(&p, 12, -139, 135, i % 2 == 0 ? 1 : -1,
					(const double[3]) {24 + 4.8 * (i % 6), i < 6 ? 30 : 40, 32});
	if (ok(look_at(ctx, &p, &grid, false, &hand), "sheets: looked at"))
		is_int(hand.decision, EM_HAND_NONE, "sheets: no decision");
	peptide_free(&p);
}

/* White noise, and noise low-passed by its own search. */
static void
test_noise(em_ctx *ctx)
{
	const em_grid grid = {.n = {64, 60, 62},.voxel = {1, 1, 1},.angle = {90, 90, 90}};

	for (int i = 0; i < 3; i++)
	{
		em_volume  *v = noise_map(ctx, &grid, (uint64_t) i, 0, 1);
		em_hand		hand;

		if (ok(v != NULL && look(ctx, v, 0.5, 3 + 0.5 * i, &hand), "noise %d: looked at", i))
			is_int(hand.decision, EM_HAND_NONE, "noise %d: no decision", i);
		em_volume_destroy(ctx, v);
	}
}

/* Whatever the features are, exchanging right and left exchanges the probabilities. */
static void
test_classifier(em_ctx *ctx)
{
	em_hand_net net;
	int			swapped = 0;
	int			sums = 0;

	if (!ok(em_hand_net_from(ctx, &em_weights_hand, &net) == EM_OK, "the weights are those of a hand"))
		return;
	for (int i = 0; i < 100; i++)
	{
		em_layer_features f;
		em_layer_features g;
		double		p[3];
		double		q[3];

		for (int k = 0; k < EM_LAYER_WAVES; k++)
		{
			g.left[k] = f.right[k] = (float) em_rng_uniform(5, (uint64_t) i, (uint64_t) k);
			g.right[k] = f.left[k] = (float) em_rng_uniform(6, (uint64_t) i, (uint64_t) k);
		}
		for (int k = 0; k < EM_LAYER_EVEN; k++)
			g.even[k] = f.even[k] = (float) em_rng_uniform(7, (uint64_t) i, (uint64_t) k);
		em_hand_classify(&net, &f, p);
		em_hand_classify(&net, &g, q);
		swapped += fabs(p[0] - q[1]) < 1e-5 && fabs(p[1] - q[0]) < 1e-5 && fabs(p[2] - q[2]) < 1e-5;
		sums += fabs(p[0] + p[1] + p[2] - 1) < 1e-12;
	}
	is_int(swapped, 100, "exchanging right and left exchanges their probabilities");
	is_int(sums, 100, "probabilities add up to 1");
}

/* Candidates of a bundle by a context; NULL when it failed. */
static em_hand_candidate *
candidates_by(em_ctx *ctx, int *n, em_status *status)
{
	const em_grid grid = {.n = {60, 48, 64},.voxel = {1, 1, 1},.angle = {90, 90, 90}};
	peptide		p = {0};
	em_volume  *v = NULL;
	em_mask    *mask = NULL;
	em_hand_candidate *c = NULL;

	add_upright(&p, 20, -57.8, -47.0, 1, (const double[3]) {20, 24, 32});
	add_upright(&p, 20, -57.8, -47.0, -1, (const double[3]) {40, 24, 32});
	*status = em_volume_create(ctx, &grid, "test map", &v);
	if (*status == EM_OK)
	{
		peptide_density(&p, SIGMA, false, v);
		*status = em_mask_threshold(ctx, v, 0.2, &mask);
	}
	if (*status == EM_OK)
		*status = em_fft_forward(ctx, v);
	if (*status == EM_OK)
		*status = em_hand_candidates(ctx, v, mask, 3.5, &c, n);
	em_mask_destroy(ctx, mask);
	em_volume_destroy(ctx, v);
	peptide_free(&p);
	return c;
}

/* The same bits for any number of threads; the budget and cancelling are honoured. */
static void
test_contexts(em_ctx *ctx)
{
	em_ctx	   *three = context(3);
	em_ctx	   *poor = em_ctx_create(&(em_ctx_options) {.threads = 2,.memory_budget = 2500000});
	countdown	count = {2};
	em_ctx	   *stopping = em_ctx_create(&(em_ctx_options) {.threads = 2,.poll = stop_later,.arg = &count});
	const em_grid grid = {.n = {60, 48, 64},.voxel = {1, 1, 1},.angle = {90, 90, 90}};
	em_status	status;
	int			n[2] = {0, 0};
	em_hand_candidate *a = candidates_by(ctx, &n[0], &status);
	em_hand_candidate *b = candidates_by(three, &n[1], &status);
	uint64_t	before;

	ok(a != NULL && b != NULL && n[0] == n[1] && memcmp(a, b, (size_t) n[0] * sizeof(*a)) == 0,
	   "three threads find the same %d candidates to the last bit as two", n[0]);
	em_free(ctx, a);
	em_free(three, b);
	before = em_ctx_memory_used(three);
	ok(em_ctx_memory_peak(three) <= em_hand_bytes(three, &grid) + em_volume_bytes(&grid) + em_mask_bytes(grid.n) +
	   ((uint64_t) 1 << 20), "memory stays within what was announced");
	(void) candidates_by(poor, &n[1], &status);
	is_int(status, EM_OVER_BUDGET, "too small a budget is refused");
	is_int(em_ctx_memory_used(poor), 0, "and nothing is left behind");
	(void) candidates_by(stopping, &n[1], &status);
	is_int(status, EM_CANCELLED, "the search can be cancelled");
	is_int(em_ctx_memory_used(stopping), 0, "and nothing is left behind");
	is_int(before, 0, "nothing is left behind after success");
	em_ctx_destroy(three);
	em_ctx_destroy(poor);
	em_ctx_destroy(stopping);
}

/* A map without any variation has no rods, not hundreds of them by rounding. */
static void
test_constant(em_ctx *ctx)
{
	const em_grid grid = {.n = {48, 40, 44},.voxel = {1, 1, 1},.angle = {90, 90, 90}};
	em_hand		hand = {0};
	em_volume  *v;

	if (!ok(em_volume_create(ctx, &grid, "test map", &v) == EM_OK, "a map"))
		return;
	for (int64_t z = 0; z < grid.n[2]; z++)
		for (int64_t y = 0; y < grid.n[1]; y++)
			for (int64_t x = 0; x < grid.n[0]; x++)
				em_volume_row(v, y, z)[x] = 1;
	ok(look(ctx, v, 0.5, 4, &hand), "of one value everywhere is looked at");
	is_int(hand.candidates, 0, "and has no rods");
	is_int(hand.decision, EM_HAND_NONE, "and no hand");
	em_volume_destroy(ctx, v);
}

int
main(void)
{
	em_ctx	   *ctx = context(2);

	test_directions();
	test_frames();
	test_waves(ctx);
	test_geometry();
	test_helix(ctx);
	test_bundle(ctx);
	test_sheets(ctx);
	test_noise(ctx);
	test_classifier(ctx);
	test_contexts(ctx);
	test_constant(ctx);
	em_ctx_destroy(ctx);
	return tap_done();
}
