-- The type emmap: making, showing, comparing, and what happens when its large object changes.
\set VERBOSITY default
\getenv srcdir PG_ABS_SRCDIR
\set make_mrc :srcdir '/test/data/make_mrc.sql'
\set ECHO none
\i :make_mrc
\set ECHO all

CREATE TABLE m (name text PRIMARY KEY, map emmap);
INSERT INTO m VALUES ('small', em_map_from_bytea(make_mrc('{2,3,4}', '{1.5,2,2.5}',
    ARRAY(SELECT i::float8 FROM generate_series(1, 24) AS i))));

SELECT em_nx(map), em_ny(map), em_nz(map), em_voxel_size(map), em_mode(map), em_file_bytes(map) FROM m;
SELECT em_sha256(map) = encode(sha256(em_map_to_bytea(map)), 'hex') AS sha256,
       em_map_to_bytea(map) = make_mrc('{2,3,4}', '{1.5,2,2.5}', ARRAY(SELECT i::float8 FROM generate_series(1, 24) AS i)) AS bytes,
       em_oid(map) = map::oid AS oid, lo_get(em_oid(map)) = em_map_to_bytea(map) AS stored
FROM m;
SELECT * FROM em_map_stats((SELECT map FROM m));
SELECT jsonb_pretty(em_header(map)) FROM m;

-- text form: lossless, strict, and it never opens the large object
SELECT map::text::emmap = map AS round_trip, map::text ~ '^2x3x4 mode 2 lo=\d+ stored=1120 file=1120 gzip=0 ' AS readable FROM m;
SELECT em_nx(replace(map::text, 'lo=' || em_oid(map), 'lo=4294967295')::emmap) FROM m;
SELECT 'x'::emmap;
SELECT ''::emmap;
SELECT error_of(format('SELECT %L::emmap', v)) FROM (
    SELECT replace(map::text, '2x3x4', '3x3x4') FROM m
    UNION ALL SELECT replace(map::text, 'stored=1120', 'stored=1121') FROM m
    UNION ALL SELECT replace(map::text, 'header=0000', 'header=zz00') FROM m
    UNION ALL SELECT map::text || ' ' FROM m
    UNION ALL SELECT left(map::text, -2) FROM m
    -- mode 4 in the text form is refused like mode 4 in a file
    UNION ALL SELECT regexp_replace(map::text, 'header=(.{24})00000002', 'header=\100000004') FROM m
) AS t (v);

-- comparison and hashing follow object and content
INSERT INTO m SELECT 'copy', em_map_from_bytea(em_map_to_bytea(map)) FROM m;
SELECT a.map = b.map AS same_reference, em_same_content(a.map, b.map) AS same_content
FROM m a, m b WHERE a.name = 'small' AND b.name = 'copy';
SELECT count(DISTINCT map) FROM m;
SELECT count(*) FROM m a JOIN m b USING (map);

-- a map adopted from a large object written by the same statement
SELECT em_nz(em_map(lo_from_bytea(0, em_map_to_bytea(map)))) FROM m WHERE name = 'small';

-- an overwritten, truncated, missing or foreign large object is a clear error, and the session goes on
BEGIN;
SELECT lo_put(em_oid(map), 1024 + 40, '\x01') FROM m WHERE name = 'copy';
SELECT error_of('SELECT em_map_stats(map) FROM m WHERE name = ''copy''');
ROLLBACK;
BEGIN;
SELECT lo_truncate(lo_open(em_oid(map), x'20000'::int), 1100) FROM m WHERE name = 'copy';
SELECT error_of('SELECT em_map_stats(map) FROM m WHERE name = ''copy''');
ROLLBACK;
BEGIN;
SELECT lo_unlink(em_oid(map)) FROM m WHERE name = 'copy';
SELECT error_of('SELECT em_map_stats(map) FROM m WHERE name = ''copy''');
SELECT mean FROM em_map_stats((SELECT map FROM m WHERE name = 'small'));
ROLLBACK;
-- beyond the head of the file only a whole read can tell
INSERT INTO m VALUES ('long', em_map_from_bytea(make_mrc('{32,32,32}', '{1,1,1}', array_fill(1::float8, '{32768}'))));
BEGIN;
SELECT lo_put(em_oid(map), 100000, '\x01') FROM m WHERE name = 'long';
SELECT error_of('SELECT em_map_stats(map) FROM m WHERE name = ''long''');
SELECT error_of('SELECT em_map_to_bytea(map) FROM m WHERE name = ''long''');
SELECT error_of('SELECT em_mask_analysis(map, 0.5) FROM m WHERE name = ''long''');
SELECT mean FROM em_map_stats((SELECT map FROM m WHERE name = 'small'));
ROLLBACK;

-- permuted axes: the same voxels in x, y, z order whatever the order in the file
SELECT p.axes, em_nx(f.map), em_ny(f.map), em_nz(f.map), s.mean, s.sd
FROM (VALUES ('{1,2,3}'::int[]), ('{3,1,2}'), ('{2,3,1}'), ('{3,2,1}')) AS p (axes),
     LATERAL (SELECT em_map_from_bytea(make_mrc('{2,3,4}', '{1,1,1}',
                  ARRAY(SELECT i::float8 FROM generate_series(1, 24) AS i), p.axes))) AS f (map),
     LATERAL em_map_stats(f.map) AS s ORDER BY 1;

-- lint
SELECT severity, code FROM em_header_lint((SELECT map FROM m WHERE name = 'small')) ORDER BY 1, 2;

SELECT count(lo_unlink(oid)) > 0 AS cleaned FROM pg_largeobject_metadata;
DROP TABLE m;
