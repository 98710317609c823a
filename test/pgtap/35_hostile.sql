-- Forged values, benches that outlive what opened them, other people's large objects, absurd headers.
\set ON_ERROR_STOP 1
BEGIN;
SELECT plan(14);
\ir ../data/make_mrc.sql
-- a 4x4x4 map of ones, compressed with gzip
\set gz 'H4sIAAAAAAACA2NgYGBhQGAmBlQAl3NoYGCAYactCAwEjFB9zCDOfqD8AQa4ON2Br2OAgqAgxB2jYBSMAvzAvmFkYwAw7uxZAAUAAA=='

CREATE TEMP TABLE m (name text PRIMARY KEY, map emmap);
INSERT INTO m VALUES ('plain', em_map_from_bytea(make_mrc('{4,8,2}', '{1,1,1}', array_fill(1::float8, '{64}')))),
                     ('gzip', em_map_from_bytea(decode(:'gz', 'base64'))),
                     ('tiny', em_map_from_bytea(make_mrc('{24,24,24}', '{1e-6,1e-6,1e-6}', ball(24, 6))));

-- values that do not tell the truth about their file
SELECT throws_ok(format('SELECT em_map_stats(%L)', replace(replace(map::text, '4x8x2', '8x4x2'), 'header=0000000400000008', 'header=0000000800000004')),
                 '55000', NULL, 'a box that the file does not have is refused') FROM m WHERE name = 'plain';
SELECT is((em_map_stats(map)).sum, 64::float8, 'the gzip map reads') FROM m WHERE name = 'gzip';
SELECT is(length(em_map_to_bytea(map)), 1280, 'and expands to its length') FROM m WHERE name = 'gzip';
SELECT throws_ok(format('SELECT em_map_to_bytea(%L)', replace(map::text, 'file=1280', 'file=1284')), '55000', NULL,
                 'a gzip map said to be longer is refused') FROM m WHERE name = 'gzip';
SELECT throws_ok(format('SELECT em_map_stats(%L)', replace(map::text, 'file=1280', 'file=1000000')), '55000', NULL,
                 'also by functions that measure') FROM m WHERE name = 'gzip';
SELECT throws_ok(format('SELECT em_map_to_bytea(%L)', regexp_replace(replace(replace(map::text, 'file=1280', 'file=1028'), '4x4x4', '1x1x1'),
                        'header=(00000004){3}', 'header=000000010000000100000001')), '55000', NULL,
                 'a gzip map said to be shorter does not write past its end') FROM m WHERE name = 'gzip';

-- internal functions survive anything
SELECT throws_ok('SELECT _em_bench_open(NULL, NULL, NULL, NULL, NULL, NULL, NULL)', '22004', NULL, 'a bench without a list of checks is refused');
SELECT throws_ok($$SELECT * FROM _em_bench_check('0.b', 'X')$$, '55000', NULL, 'no bench, no check');

-- a bench belongs to one entry and goes with the subtransaction that opened it
SELECT em_ingest('X', em_map_from_bytea(make_mrc('{24,24,24}', '{2,2,2}', ball(24, 6))), contour => 5) IS NOT NULL AS done \gset
SELECT em_ingest('Y', em_map_from_bytea(make_mrc('{24,24,24}', '{2,2,2}', ball(24, 3))), contour => 5) IS NOT NULL AS done \gset
SELECT _em_bench_for('X', '{0.b}') > 0 AS open \gset
SELECT throws_ok($$SELECT * FROM _em_bench_check('0.b', 'Y')$$, '55000', NULL, 'the bench of another entry is not used');
SELECT _em_bench_for('X', '{0.b}') > 0 AS open \gset
DO $$ BEGIN PERFORM _em_bench_for('Y', '{0.b}'); RAISE division_by_zero; EXCEPTION WHEN division_by_zero THEN NULL; END $$;
SELECT throws_ok($$SELECT * FROM _em_bench_check('0.b', 'Y')$$, '55000', NULL, 'a bench opened by what failed is gone');
SELECT is((SELECT count(*) FROM pg_backend_memory_contexts WHERE name = 'emvalid workbench'), 0::bigint, 'with its memory');

-- nobody gives an entry the large object of somebody else
CREATE ROLE em_hostile_test;
GRANT INSERT, SELECT ON em_entry_map TO em_hostile_test;
SELECT throws_ok(format($$SET LOCAL ROLE em_hostile_test; INSERT INTO em_entry_map (entry_id, role, map) VALUES ('X', 'mask', %L)$$, map),
                 '42501', NULL, 'a foreign large object cannot be put into an entry') FROM m WHERE name = 'plain';
RESET ROLE;

-- voxels of a millionth of an Å do not dilate for ever
SET LOCAL statement_timeout = '20s';
SELECT lives_ok(format('SELECT em_mask_analysis(%L, 5)', map), 'absurd voxel sizes are measured in time') FROM m WHERE name = 'tiny';
SELECT is((em_mask_analysis(map, 5)).constructed_voxels, 13824::bigint, 'their mask fills the box') FROM m WHERE name = 'tiny';
SELECT * FROM finish();
ROLLBACK;
