-- Local B-factor and local occupancy through SQL, on the reference entry.

BEGIN;
SET client_min_messages = error;
SELECT plan(9);

SELECT :'shared' <> '' AS have_shared \gset
\if :have_shared
CREATE TEMP TABLE maps AS
SELECT m AS map, s.mean + 4 * s.sd AS contour
FROM em_map_load(:'shared' || '/reference/maps/full.mrc') m, em_map_stats(m) s;

CREATE TEMP TABLE b AS SELECT r.* FROM maps, em_local_bfactor(map, contour, 4.0) r;
CREATE TEMP TABLE o AS SELECT r.* FROM maps, em_local_occupancy(map, contour, 4.0) r;

SELECT ok((SELECT p2_5 < p25 AND p25 < p50 AND p50 < p75 AND p75 < p97_5 AND p50 BETWEEN -400 AND 0 FROM b),
          'percentiles of the local B-factor');
SELECT ok((SELECT p50_normalised > p50 AND p50_local IS NULL AND resolution_used = 4 FROM b), 'without the bias of the bands');
SELECT ok((SELECT abs(mean - 0.75) < 0.001 AND p50 BETWEEN 0.7 AND 1 AND low_occupancy_percent BETWEEN 0 AND 30 FROM o),
          'local occupancy: its mean is 0.75 by construction');
SELECT is((SELECT n FROM o), (SELECT n FROM b), 'both in the same mask');
SELECT ok((SELECT r.p50_local BETWEEN -500 AND 0 AND r.p50 = b.p50 FROM maps, b, em_local_bfactor(map, contour, 4.0, 0.016) r),
          'bands of a given width beside those of the box');
SELECT ok((SELECT em_nx(m) = 76 AND s.min < -100 FROM maps, em_local_bfactor_map(map, contour, 4.0) m, em_map_stats(m) s),
          'the local B-factor as a map, sampled at half the resolution');
SELECT ok((SELECT s.min = 0 AND s.max = 1 FROM maps, em_local_occupancy_map(map, contour, 4.0) m, em_map_stats(m) s),
          'the local occupancy as a map');
SELECT is((SELECT p50 FROM maps, em_local_bfactor(map, contour, 15)), NULL, 'not for a resolution of 15 Å');
SELECT is((SELECT p50 FROM maps, em_local_occupancy(map, 1e6, 4)), NULL, 'nor for an empty mask');
\else
SELECT skip('no shared data: psql variable shared is empty', 9);
\endif

SELECT * FROM finish();
ROLLBACK;
