-- Pictures: PNG of the right size, and clear errors.

BEGIN;
SET client_min_messages = warning;
SELECT plan(17);

CREATE FUNCTION pg_temp.width(png bytea) RETURNS int LANGUAGE sql AS
$$SELECT get_byte(png, 18) * 256 + get_byte(png, 19)$$;
CREATE FUNCTION pg_temp.height(png bytea) RETURNS int LANGUAGE sql AS
$$SELECT get_byte(png, 22) * 256 + get_byte(png, 23)$$;

CREATE TEMP TABLE t AS SELECT em_map_load(:'demo' || '/demo.map') AS map;

SELECT is(substr(em_slice_png(map), 1, 8), '\x89504e470d0a1a0a'::bytea, 'a slice is a PNG') FROM t;
SELECT is(ARRAY[pg_temp.width(em_slice_png(map)), pg_temp.height(em_slice_png(map))], ARRAY[528, 480], 'of the right size') FROM t;
SELECT is(em_slice_png(map, 'Z', em_nz(map) / 2), em_slice_png(map), 'the middle slice across z is the default') FROM t;
SELECT isnt(em_slice_png(map, 'z', NULL, 0.01), em_slice_png(map), 'a contour is drawn') FROM t;
SELECT is(substr(em_projection_png(map, 'y'), 1, 4), '\x89504e47'::bytea, 'a projection') FROM t;
SELECT is(substr(em_max_variance_slice_png(map, 'x'), 1, 4), '\x89504e47'::bytea, 'the slice of largest variance') FROM t;
SELECT is(substr(em_isosurface_png(map, 0.01, 3), 1, 4), '\x89504e47'::bytea, 'a surface') FROM t;
SELECT isnt(em_isosurface_png(map, 0.01, 3, map), em_isosurface_png(map, 0.01, 3), 'a coloured surface') FROM t;
SELECT is((SELECT count(*) FROM em_pictures(map, 0.01)), 12::bigint, 'all pictures of a report') FROM t;
SELECT is((SELECT count(*) FROM em_pictures(map)), 9::bigint, 'without a level no surfaces') FROM t;
SELECT is((SELECT count(*) FROM em_pictures(map, NULL, 'slice')), 3::bigint, 'one kind') FROM t;
SELECT is(em_slice_png(NULL), NULL, 'no map, no picture');

SELECT throws_ok($$SELECT em_slice_png(map, 'w') FROM t$$, '22023', '"w" is not an axis', 'an unknown axis');
SELECT throws_ok($$SELECT em_slice_png(map, 'z', 100000) FROM t$$, '22023', 'slice 100000 is outside the map', 'a slice outside');
SELECT throws_ok($$SELECT em_slice_png(map, 'z', -1) FROM t$$, '22023', 'slice -1 is outside the map', 'a negative one');
SELECT throws_ok($$SELECT em_isosurface_png(map, 'NaN') FROM t$$, '22023', 'level must be a finite number', 'no level');
SELECT throws_ok($$SELECT em_isosurface_png(map, 1, 4) FROM t$$, '22023', 'view must be 1, 2 or 3', 'no such view');

SELECT * FROM finish();
ROLLBACK;
