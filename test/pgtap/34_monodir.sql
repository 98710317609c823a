-- MonoDir through SQL, on the reference entry.

BEGIN;
SET client_min_messages = error;
SELECT plan(5);

SELECT :'shared' <> '' AS have_shared \gset
\if :have_shared
CREATE TEMP TABLE maps AS
SELECT m AS map, s.mean + 4 * s.sd AS contour
FROM em_map_load(:'shared' || '/reference/maps/full.mrc') m, em_map_stats(m) s;

CREATE TEMP TABLE dir AS SELECT r.* FROM maps, em_monodir(map, contour, 4.0) r;
SELECT ok((SELECT abs(highest_median / 3.66 - 1) < 0.15 AND lowest_median > 15 AND doa_p25 < doa_p50 AND doa_p50 < doa_p75 FROM dir),
          'near the medians of the reference program, in another mask');
SELECT ok((SELECT mean_resolution BETWEEN 9 AND 14 AND p_value > p_value_vrs AND noise_from_halves = 0 FROM dir),
          'mean of all directions, the two tests');
SELECT ok((SELECT count(*) = 46 AND min(direction_histogram) > 0 FROM maps, em_monodir_histogram(map, contour, 4.0)),
          '46 directions');
SELECT is((SELECT mean_resolution FROM maps, em_monodir(map, contour, 11)), NULL, 'not for a resolution worse than 10 Å');
SELECT is((SELECT mean_resolution FROM maps, em_monodir(map, 1e6, 4)), NULL, 'nor for an empty mask');
\else
SELECT skip('no shared data: psql variable shared is empty', 5);
\endif

SELECT * FROM finish();
ROLLBACK;
