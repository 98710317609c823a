-- Local resolution from one map through SQL, on the reference entry.

BEGIN;
SET client_min_messages = error;
SELECT plan(13);

SELECT :'shared' <> '' AS have_shared \gset
\if :have_shared
CREATE TEMP TABLE maps AS
SELECT m AS map, s.mean + 4 * s.sd AS contour
FROM em_map_load(:'shared' || '/reference/maps/full.mrc') m, em_map_stats(m) s;

CREATE TEMP TABLE r AS SELECT r.* FROM maps, em_local_resolution(map, contour, 4.0) r;

SELECT ok((SELECT p2_5 <= p25 AND p25 <= p50 AND p50 <= p75 AND p75 <= p97_5 AND p2_5 >= finest_value AND p97_5 <= 14 FROM r),
          'percentiles of the local resolution');
SELECT ok((SELECT abs(p50 - 4) < 1 AND abs(mean - p50) < 1 FROM r), 'a map made to end at 4 Å has about that');
SELECT is((SELECT n FROM r), (SELECT constructed_voxels FROM maps, em_mask_analysis(map, contour)), 'in the mask that 0.b constructs');
SELECT ok((SELECT noise_outside = 1 AND no_signal_percent BETWEEN 0 AND 20 AND clipped_percent BETWEEN 0 AND 20
           AND abs(finest_value - 2 * (em_voxel_size(map))[1]) < 0.11 FROM r, maps), 'what it rests on');
SELECT ok((SELECT reported_percentile BETWEEN 0 AND 100 AND abs(spread - (p97_5 - p2_5)) < 1e-9 FROM r),
          'percentile of the reported resolution, spread');
SELECT ok((SELECT em_nx(m) = em_nx(map) AND s.min = 0 AND s.max BETWEEN r.p97_5 AND 14
           FROM maps, r, em_local_resolution_map(map, contour, 4.0) m, em_map_stats(m) s), 'the volume, on the voxels of the map');
SELECT ok((SELECT a.n > 0 AND abs(a.p50 - r.p50) < 1
           FROM maps, r, em_map_load(:'shared' || '/reference/maps/maskbin.mrc') k, em_local_resolution(map, NULL, 4.0, k) a),
          'in a mask that is given');
SELECT is((SELECT p50 FROM maps, em_local_resolution(map, contour, 1.9)), NULL, 'not for a resolution better than 2 Å');
SELECT is((SELECT p50 FROM maps, em_local_resolution(map, contour, 13.5)), NULL, 'nor worse than 13 Å');
SELECT is((SELECT p50 FROM maps, em_local_resolution(map, 1e6, 4)), NULL, 'nor for an empty mask');

SELECT em_ingest('T', map, contour => contour, resolution => 4) FROM maps;
SELECT em_validate_atomic('T', '{0.e}');
SELECT is((SELECT value FROM em_measure WHERE entry_id = 'T' AND check_code = '0.e' AND name = 'p50'), (SELECT p50 FROM r),
          'a validation run measures the same');
SELECT is((SELECT outcome FROM em_outcome WHERE entry_id = 'T' AND check_code = '0.e' AND profile = 'emvalid'), 'OK', 'and judges it');
SELECT alike(em_report_text('T'), '%local-spectrum regressor, which stands in for%', 'the report names the method');
\else
SELECT skip('no shared data: psql variable shared is empty', 13);
\endif

SELECT * FROM finish();
ROLLBACK;
