-- MonoRes through SQL, on the reference entry.

BEGIN;
SET client_min_messages = error;
SELECT plan(11);

SELECT :'shared' <> '' AS have_shared \gset
\if :have_shared
CREATE TEMP TABLE maps AS
SELECT em_map_load(:'shared' || '/reference/maps/half1.mrc') AS half1,
       em_map_load(:'shared' || '/reference/maps/half2.mrc') AS half2,
       em_map_load(:'shared' || '/reference/maps/full.mrc') AS map,
       em_map_load(:'shared' || '/reference/maps/maskbin.mrc') AS mask;

CREATE TEMP TABLE fast AS
SELECT r.* FROM maps, em_monores(half1, half2, NULL, NULL, 4.0, mask, fast => true) r;

SELECT ok((SELECT abs(p25 / 5.908 - 1) < 0.06 AND abs(p50 / 7.171 - 1) < 0.06 AND abs(p75 / 8.533 - 1) < 0.06 FROM fast),
          'fast mode: quartiles within 6 % of the reference program''s');
SELECT is((SELECT n FROM fast), 87087::bigint, 'every voxel of the mask has a resolution');
SELECT is((SELECT fast_mode FROM fast), 1, 'and the row says which mode it was');
SELECT ok((SELECT reported_percentile BETWEEN 0.5 AND 5 FROM fast), 'percentile of the reported resolution');
SELECT ok((SELECT abs(p50 / 4.897 - 1) < 0.01 FROM maps, em_monores(NULL, NULL, map, NULL, NULL, mask, max_resolution => 15)),
          'one map: the median of the reference program');
SELECT ok((SELECT s.min = 0 AND s.max > 12 AND em_nx(m) = 128
           FROM maps, em_monores_map(half1, half2, NULL, NULL, 4.0, mask, fast => true) m, em_map_stats(m) s),
          'the local resolution as a map, 0 outside the mask');
SELECT is((SELECT p50 FROM maps, em_monores(half1, half1, NULL, NULL, 4.0, mask)), NULL, 'identical half maps have none');
SELECT is((SELECT p50 FROM maps, em_monores(half1, half2, NULL, NULL, NULL, mask)), NULL, 'nor has an entry without a resolution');

SELECT em_ingest('REFERENCE', map, half1, half2, contour => s.mean + 4 * s.sd, resolution => 4.0)
FROM maps, em_map_stats(map) s \gset ignored_
SELECT em_validate_atomic('REFERENCE', ARRAY['1.a', '1.e']) \gset ignored_
SELECT is((SELECT string_agg(check_code || ' ' || state, ', ' ORDER BY check_code) FROM em_result WHERE entry_id = 'REFERENCE'),
          '1.a measured, 1.e measured', 'in a validation run');
SELECT ok((SELECT value BETWEEN 4 AND 12 FROM em_measure WHERE entry_id = 'REFERENCE' AND check_code = '1.e' AND name = 'p50'),
          'with a median');
SELECT is((SELECT sum(value) FROM em_measure WHERE entry_id = 'REFERENCE' AND name IN ('half_findings', 'fast_mode')), 0::float8,
          'sound half maps, exact mode');
\else
SELECT skip('no shared maps', 11);
\endif

SELECT * FROM finish();
ROLLBACK;
