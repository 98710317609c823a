-- Bad input: a clear error or a stated state, and the session goes on.
\set VERBOSITY default
\getenv srcdir PG_ABS_SRCDIR

-- not a map
SELECT em_map_from_bytea('');
SELECT em_map_from_bytea('hello, world');
SELECT em_map_from_bytea(decode(repeat('00', 2048), 'hex'));
SELECT em_map_from_bytea(decode(repeat('ff', 2048), 'hex'));
-- truncated: the header promises more than there is
SELECT em_map_from_bytea(substr(make_mrc('{4,4,4}', '{1,1,1}', array_fill(1::float8, '{64}')), 1, 1200));
-- a header of 6 TB
SELECT em_map_from_bytea(make_mrc_header('{11585,11585,11585}'));
SELECT em_map_from_bytea(make_mrc_header('{2147483647,2147483647,2147483647}'));
SELECT em_map_from_bytea(make_mrc_header('{-1,4,4}'));
SELECT em_map_from_bytea(make_mrc_header('{0,4,4}'));
-- modes that are refused
SELECT em_map_from_bytea(make_mrc_header('{4,4,4}', mode => 3) || decode(repeat('00', 1024), 'hex'));
SELECT em_map_from_bytea(make_mrc_header('{4,4,4}', mode => 4) || decode(repeat('00', 1024), 'hex'));
SELECT em_map_from_bytea(make_mrc_header('{4,4,4}', mode => 101) || decode(repeat('00', 1024), 'hex'));
-- a stack of volumes
SELECT em_map_from_bytea(make_mrc_header('{4,4,8}', ispg => 401) || decode(repeat('00', 512), 'hex'));
-- axes that are no permutation, a negative extended header
SELECT em_map_from_bytea(overlay(make_mrc_header('{4,4,4}') PLACING int4send(1) FROM 69) || decode(repeat('00', 256), 'hex'));
SELECT em_map_from_bytea(make_mrc_header('{4,4,4}', nsymbt => -80) || decode(repeat('00', 256), 'hex'));
-- gzip that is broken
SELECT em_map_from_bytea('\x1f8b0800000000000003ffffffff');
-- nothing was left behind
SELECT count(*) FROM pg_largeobject_metadata;

-- server files: role and directory are needed
SELECT em_map_load('relative.map');
SET emvalid.import_path = '';
SELECT em_map_load('/etc/passwd');
SELECT em_map_load('/nowhere/at/all.map');
SET emvalid.import_path = '/etc';
\set VERBOSITY terse
SELECT em_map_load('/etc/passwd');
SELECT em_map_load('/etc');
SELECT em_map_load('/etc/no_such_file');
SELECT em_map_load('/etc/../proc/self/status');
RESET emvalid.import_path;
\set VERBOSITY default
CREATE ROLE regress_em_reader;
SET ROLE regress_em_reader;
SELECT em_map_load('/etc/passwd');
SET emvalid.import_path = '/';
RESET ROLE;
DROP ROLE regress_em_reader;

-- maps that hold nothing to measure
\set VERBOSITY terse
CREATE TABLE odd (name text, map emmap);
INSERT INTO odd
    SELECT name, em_map_from_bytea(make_mrc(size, '{1,1,1}', voxels)) FROM (VALUES
        ('constant', '{8,8,8}'::int[], array_fill(3::float8, '{512}')),
        ('zero', '{8,8,8}', array_fill(0::float8, '{512}')),
        ('one voxel', '{1,1,1}', '{5}'::float8[]),
        ('nan', '{4,4,4}', array_fill('NaN'::float8, '{64}')),
        ('ball', '{16,16,16}', ball(16, 4))) AS v (name, size, voxels);
SELECT name, (em_map_stats(map)).* FROM odd ORDER BY name;
SELECT name, (em_background_stats(map, 1)).p IS NULL AS no_p FROM odd ORDER BY name;
-- contour above the maximum, and one that selects everything
SELECT (em_mask_analysis(map, 11)).components FROM odd WHERE name = 'ball';
SELECT (em_mask_analysis(map, -100)).components, (em_background_stats(map, -100)).n FROM odd WHERE name = 'ball';
SELECT (em_mask_analysis(map, 'NaN')).components FROM odd WHERE name = 'ball';
SELECT (em_bfactor(map, -3)).bfactor FROM odd WHERE name = 'ball';
SELECT (em_bfactor(map, 7)).bfactor FROM odd WHERE name = 'ball';
SELECT (em_bfactor(map, 7)).bfactor FROM odd WHERE name = 'constant';
-- half maps of different boxes, and identical ones
SELECT (em_global_resolution(a.map, b.map)).fsc_0143 FROM odd a, odd b WHERE a.name = 'ball' AND b.name = 'zero';
SELECT (em_global_resolution(a.map, a.map)).fsc_0143 FROM odd a WHERE a.name = 'ball';

-- a budget that is too small is refused before any work, with the numbers
\set VERBOSITY default
INSERT INTO odd VALUES ('big', em_map_from_bytea(make_mrc('{70,70,70}', '{1,1,1}', array_fill(1::float8, '{343000}'))));
SET emvalid.memory_budget = '1MB';
SELECT (em_mask_analysis(map, 1)).components FROM odd WHERE name = 'big';
RESET emvalid.memory_budget;
SELECT (em_mask_analysis(map, 1)).components FROM odd WHERE name = 'big';

SELECT count(lo_unlink(oid)) > 0 AS cleaned FROM pg_largeobject_metadata;
DROP TABLE odd;
