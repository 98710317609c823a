-- Real maps: they validate without error, their statistics agree with their headers' XML, and the
-- variants of a file hold the same voxels.  Needs the folder named by the variable `shared`.
\set ON_ERROR_STOP 1
BEGIN;
SELECT :'shared' <> '' AS have_data \gset
\if :have_data
SELECT plan(43);
SET LOCAL emvalid.import_path = :'shared';
SELECT set_config('test.maps', :'shared' || '/data/maps/', true) IS NOT NULL AS have_folder \gset
CREATE FUNCTION pg_temp.load(file text) RETURNS emmap LANGUAGE sql AS
    $$ SELECT em_map_load(current_setting('test.maps') || file) $$;

CREATE TEMP TABLE entry (id text, file text, contour float8, resolution float8);
INSERT INTO entry VALUES
    ('EMD-1997', 'emd_1997.map', 1.0, 7), ('EMD-3186', 'emd_3186.map', NULL, 7.9), ('EMD-5168', 'emd_5168.map', NULL, 6.6),
    ('EMD-5625', 'emd_5625.map', NULL, 6), ('EMD-1832', 'emd_1832.map', NULL, 18), ('EMD-3001', 'emd_3001.map', NULL, 2),
    ('EMD-3197', 'emd_3197.map', NULL, 20), ('EMD-8216', 'emd_8216.map.gz', 0.2, 1.1);
CREATE TEMP TABLE loaded AS SELECT *, pg_temp.load(file) AS map FROM entry;
-- where no contour is known, one standard deviation above the mean does
UPDATE loaded SET contour = (SELECT mean + sd FROM em_map_stats(map)) WHERE contour IS NULL;

SELECT lives_ok(format('SELECT em_ingest(%L, %L::emmap, contour => %L, resolution => %L)', id, map, contour, resolution),
                id || ' is ingested') FROM loaded ORDER BY id;
SELECT lives_ok(format('SELECT em_validate_atomic(%L)', id), id || ' validates') FROM loaded ORDER BY id;
SELECT is((SELECT count(*) FROM em_result r WHERE r.entry_id = l.id AND r.check_code IN ('0.a', '0.b', '0.c') AND state = 'measured'),
          3::bigint, id || ': 0.a to 0.c are measured') FROM loaded l ORDER BY id;
SELECT is((SELECT count(*) FROM em_result r WHERE r.entry_id = l.id AND r.state <> 'measured' AND coalesce(r.reason, '') = ''),
          0::bigint, id || ': what is not measured has a reason') FROM loaded l ORDER BY id;

-- statistics printed in the XML headers (single precision)
SELECT ok(abs(min - -2.28869247) < 1e-6 AND abs(max - 3.46702909) < 1e-6 AND abs(mean - 0.06064206) < 1e-7
          AND abs(sd - 0.33465365) < 1e-7, 'EMD-1997: statistics as in its XML')
FROM em_map_stats((SELECT map FROM loaded WHERE id = 'EMD-1997'));
SELECT ok(abs(s.min - x.min) < 1e-5 AND abs(s.max - x.max) < 1e-5 AND abs(s.mean - x.mean) < 1e-6 AND abs(s.sd - x.sd) < 1e-6,
          'EMD-8216: statistics as in its XML')
FROM em_map_stats((SELECT map FROM loaded WHERE id = 'EMD-8216')) AS s,
     (SELECT (regexp_match(t, '<minimum>([^<]*)'))[1]::float8, (regexp_match(t, '<maximum>([^<]*)'))[1]::float8,
             (regexp_match(t, '<average>([^<]*)'))[1]::float8, (regexp_match(t, '<std>([^<]*)'))[1]::float8
      FROM pg_read_file(:'shared' || '/data/headers/emd-8216.xml') AS t) AS x (min, max, mean, sd);

-- variants of a file
SELECT is(em_sha256(pg_temp.load(b)), em_sha256(pg_temp.load(a)), b || ' expands to ' || a)
FROM (VALUES ('emd_3001.map', 'emd_3001.map.gz'), ('emd_3197.map', 'emd_3197.map.gz')) AS v (a, b);
SELECT is((em_map_stats(em_map(lo_from_bytea(0, pg_read_binary_file(:'shared' || '/data/maps/emd_3001.map.gz'))))).sum,
          (em_map_stats(pg_temp.load('emd_3001.map'))).sum, 'a gzip file adopted as it is reads the same');
-- half precision keeps 11 bits; the writer of these files rounded some values wrongly, hence the slack
SELECT ok(abs(f.mean - p.mean) < 2e-3 * p.sd AND abs(f.sd - p.sd) < 2e-3 * p.sd AND f.n = p.n, b || ' holds the voxels of ' || a)
FROM (VALUES ('emd_3001.map', 'emd_3001_f16.mrc'), ('emd_3197.map', 'emd_3197_f16.mrc')) AS v (a, b),
     em_map_stats(pg_temp.load(a)) AS p, em_map_stats(pg_temp.load(b)) AS f;

-- permuted axes: columns run along z in EMD-3001
SELECT is(em_header(map) -> 'map_axes', '[3, 1, 2]', 'EMD-3001 has permuted axes') FROM loaded WHERE id = 'EMD-3001';
SELECT is(ARRAY[em_nx(map), em_ny(map), em_nz(map)],
          ARRAY[(h -> 'file_size' ->> 1)::int, (h -> 'file_size' ->> 2)::int, (h -> 'file_size' ->> 0)::int],
          'its size is told in x, y, z order') FROM loaded, em_header(map) AS h WHERE id = 'EMD-3001';
SELECT ok(em_voxel_size(map) = '{2.02,2.02,2.02}', 'EMD-1997: voxel size of 2.02 Å') FROM loaded WHERE id = 'EMD-1997';
SELECT ok(bfactor < 0 AND points >= 5, 'EMD-1997: the spectrum decays') FROM em_bfactor((SELECT map FROM loaded WHERE id = 'EMD-1997'), 7);
SELECT * FROM finish();
\else
SELECT plan(1);
SELECT skip('the folder with real maps is not there');
SELECT * FROM finish();
\endif
ROLLBACK;
