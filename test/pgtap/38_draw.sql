-- Pictures: PNG of the right size, and clear errors.

BEGIN;
SET client_min_messages = warning;
SELECT plan(32);

CREATE FUNCTION pg_temp.width(png bytea) RETURNS int LANGUAGE sql AS
$$SELECT get_byte(png, 18) * 256 + get_byte(png, 19)$$;
CREATE FUNCTION pg_temp.height(png bytea) RETURNS int LANGUAGE sql AS
$$SELECT get_byte(png, 22) * 256 + get_byte(png, 23)$$;

CREATE TEMP TABLE t AS SELECT em_map_load(:'demo' || '/demo.map') AS map;

SELECT is(substr(em_slice_png(map), 1, 8), '\x89504e470d0a1a0a'::bytea, 'a slice is a PNG') FROM t;
SELECT is(ARRAY[pg_temp.width(em_slice_png(map)), pg_temp.height(em_slice_png(map))], ARRAY[536, 480], 'of the right size') FROM t;
SELECT is(em_slice_png(map, 'Z', em_nz(map) / 2), em_slice_png(map), 'the middle slice across z is the default') FROM t;
SELECT isnt(em_slice_png(map, 'z', NULL, 0.01), em_slice_png(map), 'a contour is drawn') FROM t;
SELECT is(substr(em_projection_png(map, 'y'), 1, 4), '\x89504e47'::bytea, 'a projection') FROM t;
SELECT is(substr(em_max_variance_slice_png(map, 'x'), 1, 4), '\x89504e47'::bytea, 'the slice of largest variance') FROM t;
SELECT is(substr(em_isosurface_png(map, 0.01, 3), 1, 4), '\x89504e47'::bytea, 'a surface') FROM t;
SELECT isnt(em_isosurface_png(map, 0.01, 3, map), em_isosurface_png(map, 0.01, 3), 'a coloured surface') FROM t;
SELECT is((SELECT count(*) FROM em_pictures(map, 0.01)), 18::bigint, 'all pictures of a report') FROM t;
SELECT is((SELECT count(*) FROM em_pictures(map)), 9::bigint, 'without a level no surfaces') FROM t;
SELECT is((SELECT count(*) FROM em_pictures(map, NULL, 'slice')), 3::bigint, 'one kind') FROM t;
SELECT is(em_slice_png(NULL), NULL, 'no map, no picture');

SELECT throws_ok($$SELECT em_slice_png(map, 'w') FROM t$$, '22023', '"w" is not an axis', 'an unknown axis');
SELECT throws_ok($$SELECT em_slice_png(map, 'z', 100000) FROM t$$, '22023', 'slice 100000 is outside the map', 'a slice outside');
SELECT throws_ok($$SELECT em_slice_png(map, 'z', -1) FROM t$$, '22023', 'slice -1 is outside the map', 'a negative one');
SELECT throws_ok($$SELECT em_isosurface_png(map, 'NaN') FROM t$$, '22023', 'level must be a finite number', 'no level');
SELECT throws_ok($$SELECT em_isosurface_png(map, 1, 4) FROM t$$, '22023', 'view must be 1, 2 or 3', 'no such view');


-- The pictures of a row share their grey scale: in a map that looks the same along every axis it is that of each slice alone
CREATE FUNCTION pg_temp.map16(f text) RETURNS emmap LANGUAGE plpgsql AS $$
DECLARE
    voxels bytea;
BEGIN
    EXECUTE format('SELECT string_agg(float4send((%s)::float4), '''' ORDER BY z, y, x) FROM generate_series(0, 15) x, generate_series(0, 15) y, generate_series(0, 15) z', f) INTO voxels;
    -- big-endian MRC: 16 x 16 x 16, mode 2, cell of 16 Å
    RETURN em_map_from_bytea(int4send(16) || int4send(16) || int4send(16) || int4send(2) || decode(repeat('00', 12), 'hex') || int4send(16) || int4send(16) || int4send(16)
        || float4send(16) || float4send(16) || float4send(16) || float4send(90) || float4send(90) || float4send(90) || int4send(1) || int4send(2) || int4send(3)
        || decode(repeat('00', 12), 'hex') || int4send(1) || decode(repeat('00', 116), 'hex') || 'MAP '::bytea || '\x11110000'::bytea || decode(repeat('00', 808), 'hex') || voxels);
END $$;
SELECT is((SELECT p.png FROM em_pictures(m, NULL, 'slice') p WHERE p.part = 'z'), em_slice_png(m, 'z'), 'like slices, like scales')
FROM pg_temp.map16('(x * x + y * y + z * z) % 17') AS m;
SELECT isnt((SELECT p.png FROM em_pictures(m, NULL, 'slice') p WHERE p.part = 'z'), em_slice_png(m, 'z'), 'a slice that is nearly empty is drawn so beside the others')
FROM pg_temp.map16('CASE WHEN z = 8 THEN 0.01 * ((x + y) % 3) ELSE (x * y) % 17 END') AS m;

-- A second map may have other voxels, if it covers the same box
SELECT isnt(em_isosurface_png(map, 0.0629, 3, em_local_bfactor_map(map, 0.0629, 4.2)), em_isosurface_png(map, 0.0629, 3), 'coloured by a coarser map') FROM t;
CREATE TEMP TABLE other AS SELECT em_map_load(:'demo' || '/demo.map') AS map;
UPDATE other SET map = em_map_from_bytea(overlay(em_map_to_bytea(map) PLACING '\x0000a042'::bytea FROM 41 FOR 4));    -- 80 Å along x
SELECT throws_like('SELECT em_isosurface_png(t.map, 0.06, 1, o.map) FROM t, other o', '%different boxes%', 'but not if it does not');

-- Local measures: a run keeps small copies that colour the surface
SELECT em_ingest('DEMO', map, contour => 0.0629, resolution => 4.2) FROM t;
SELECT em_validate_atomic('DEMO', '{0.b,0.f,0.g}');
SELECT results_eq('SELECT check_code, unit FROM em_local_map ORDER BY 1', $$VALUES ('0.f', 'Å²'), ('0.g', '')$$, 'those of the local measures');
SELECT is(substr(cells, 1, 4), 'EMC1'::bytea, 'marked') FROM em_local_map WHERE check_code = '0.f';
SELECT is(length(cells), 80 + get_byte(cells, 4) * get_byte(cells, 8) * get_byte(cells, 12), 'a byte a block') FROM em_local_map WHERE check_code = '0.f';
SELECT cmp_ok((SELECT max(get_byte(cells, i)) FROM generate_series(80, length(cells) - 1) AS i), '=', 255, 'from the least to the greatest') FROM em_local_map WHERE check_code = '0.f';
CREATE TEMP TABLE drawn AS
SELECT p.* FROM t, (SELECT array_agg(check_code) AS n, array_agg(cells) AS c FROM em_local_map) AS v, em_pictures(t.map, 0.0629, 'local', v.n, v.c) AS p;
SELECT results_eq('SELECT part FROM drawn ORDER BY 1', $$VALUES ('0.f 1'), ('0.f 2'), ('0.f 3'), ('0.g 1'), ('0.g 2'), ('0.g 3')$$, 'three views of each');
SELECT is((SELECT count(DISTINCT png) FROM drawn), 6::bigint, 'none like another');
SELECT throws_ok($$SELECT em_pictures(map, 0.06, 'local', '{a}', '{x}') FROM t$$, '22P03', 'these bytes are no small copy of a local measure', 'other bytes');
SELECT throws_ok($$SELECT em_pictures(map, 0.06, 'local', '{a}', ARRAY[substr(cells, 1, 100)]) FROM t, em_local_map WHERE check_code = '0.f'$$,
                 '22P03', 'these bytes are no small copy of a local measure', 'too few');
SELECT throws_ok($$SELECT em_pictures(map, 0.06, 'local', '{a,b}', ARRAY[cells]) FROM t, em_local_map WHERE check_code = '0.f'$$, '2202E', NULL, 'arrays that do not match');
SELECT throws_ok($$SELECT em_pictures(map, 0.06, 'local', '{a}') FROM t$$, '22004', NULL, 'no bytes');
SELECT is((SELECT count(*) FROM em_pictures(map, 1000) WHERE kind IN ('mask', 'background')), 0::bigint, 'without a mask no pictures of it') FROM t;

SELECT * FROM finish();
ROLLBACK;
