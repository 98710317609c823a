# A dumped and restored database has the same maps, numbers, verdicts and edits; deleting removes
# large objects; vacuumlo leaves maps alone.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use EmTest;
use PostgreSQL::Test::Utils;
use Test::More;

my ($node, $import) = new_node('dump');
write_map("$import/map.mrc", 40, 1);
write_map("$import/half1.mrc", 40, 2);
write_map("$import/half2.mrc", 40, 3);

$node->safe_psql('postgres', qq{
    SELECT em_ingest('A', em_map_load('$import/map.mrc'), em_map_load('$import/half1.mrc'),
                     em_map_load('$import/half2.mrc'), contour => 0.7, resolution => 4);
    SELECT em_ingest('B', em_map_load('$import/map.mrc'), contour => 0.8);
});
$node->safe_psql('postgres', q{CALL em_validate('A')});
$node->safe_psql('postgres', q{CALL em_validate('B')});
# edited shipped criteria and figures and a profile of the user's own must survive
$node->safe_psql('postgres', q{
    UPDATE em_criterion SET limit_value = 21.5 WHERE profile = 'vrs' AND check_code = '0.a' AND ordinal = 1;
    INSERT INTO em_profile (profile, description) VALUES ('mine', 'my own limits');
    INSERT INTO em_criterion (profile, check_code, ordinal, measure, comparison, limit_value, warning)
        VALUES ('mine', '0.b', 1, 'components', '<=', 1, 'too many pieces: {value}');
    UPDATE em_figure SET marks = '[{"measure": "fsc_05", "inverse": true, "y": 0.5}]' WHERE check_code = '1.a' AND ordinal = 1;
});

my $everything = q{
    SELECT entry_id, profile, check_code, outcome FROM em_outcome ORDER BY 1, 2, 3;
    SELECT * FROM em_warning ORDER BY 1, 2, 3, 4;
    SELECT entry_id, profile, passed, evaluable FROM em_score ORDER BY 1, 2;
    SELECT entry_id, role, em_sha256(map), lo, file_name FROM em_entry_map ORDER BY 1, 2;
    SELECT entry_id, role, (em_map_stats(map)).* FROM em_entry_map ORDER BY 1, 2;
    SELECT entry_id, check_code, name, value, unit FROM em_measure ORDER BY 1, 2, 3;
    SELECT entry_id, check_code, name, md5(x::text || y::text) FROM em_series ORDER BY 1, 2, 3;
    SELECT profile, check_code, ordinal, measure, limit_value FROM em_criterion ORDER BY 1, 2, 3;
    SELECT f.* FROM em_figure f ORDER BY 1, 2;
    SELECT em_report_text('A');
    SELECT job_id, entry_id, state, enqueued FROM em_job ORDER BY 1;
    SELECT * FROM em_archive_outcome ORDER BY 1, 2;
    SELECT * FROM em_archive_warning ORDER BY 1, 2, 3;
    SELECT entry_id, profile, passed, evaluable FROM em_archive_entry_score ORDER BY 1, 2;
};
# summaries come back by themselves: as plain views until the next refresh
$node->safe_psql('postgres', 'SELECT em_archive_refresh()');
my $before = $node->safe_psql('postgres', $everything);
like($before, qr{A\|vrs\|0\.b\|OK}, 'there is something to compare');
like($before, qr{"measure": "fsc_05"}, 'the edited figure among it');

my $dump = PostgreSQL::Test::Utils::tempdir() . '/db.dump';
$node->command_ok([ 'pg_dump', '-Fc', '-Z0', '-f', $dump, 'postgres' ], 'dump');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', 'restored', $dump ], 'restore');
is($node->safe_psql('restored', $everything), $before, 'everything is the same after restore');

is($node->safe_psql('restored', 'SELECT (SELECT count(*) FROM em_archive_state), (SELECT count(*) FROM _em_archive_column)'),
    '0|0', 'summaries are not dumped');
is($node->safe_psql('restored', 'SELECT entries, changed FROM em_archive_refresh()'), '2|2', 'and can be made again');
is($node->safe_psql('restored', $everything), $before, 'as they were');

# the run counter goes on where it was
$node->safe_psql('restored', q{CALL em_validate('A', '{0.a}')});
is($node->safe_psql('restored', 'SELECT count(*), max(run_id) FROM em_run'), '3|3', 'new runs get new numbers');

# vacuumlo sees the maps in the column lo
$node->command_ok([ 'vacuumlo', 'restored' ], 'vacuumlo');
is($node->safe_psql('restored', 'SELECT count(*) FROM em_entry_map m JOIN pg_largeobject_metadata l ON l.oid = m.lo'),
    4, 'vacuumlo deleted no map');

# deleting and replacing maps removes their large objects
$node->safe_psql('restored', q{DELETE FROM em_entry WHERE entry_id = 'B'});
is($node->safe_psql('restored', 'SELECT count(*) FROM pg_largeobject_metadata'), 3, 'deleting an entry unlinks its map');
$node->safe_psql('restored', qq{SELECT em_ingest('A', em_map_load('$import/map.mrc'))});
is($node->safe_psql('restored', 'SELECT count(*) FROM pg_largeobject_metadata'), 3, 'replacing a map unlinks the old one');
$node->safe_psql('restored', 'TRUNCATE em_entry CASCADE');
is($node->safe_psql('restored', 'SELECT count(*) FROM pg_largeobject_metadata'), 0, 'TRUNCATE unlinks all maps');

# schema only: an empty database that works
my $schema = PostgreSQL::Test::Utils::tempdir() . '/schema.sql';
$node->command_ok([ 'pg_dump', '--schema-only', '-f', $schema, 'postgres' ], 'dump of the schema');
$node->safe_psql('postgres', 'CREATE DATABASE empty');
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', 'empty', '-f', $schema ], 'restore of the schema');
is($node->safe_psql('empty', 'SELECT count(*) FROM em_entry'), 0, 'schema-only restore has no entries');

# data only, into a database that has the extension already
my $data = PostgreSQL::Test::Utils::tempdir() . '/data.dump';
$node->command_ok([ 'pg_dump', '-Fc', '-Z0', '--data-only', '-f', $data, 'postgres' ], 'dump of the data');
$node->safe_psql('postgres', 'CREATE DATABASE filled');
$node->safe_psql('filled', 'CREATE EXTENSION emvalid');
$node->safe_psql('filled', 'SELECT em_archive_refresh()');    # summaries of nothing, which the data make wrong
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', 'filled', $data ], 'restore of the data');
is($node->safe_psql('filled', $everything), $before, 'everything is there');
my $summary = 'SELECT entry_id, profile, passed, evaluable FROM em_archive_entry_score ORDER BY 1, 2';
my $scores = $node->safe_psql('filled', 'SELECT entry_id, profile, passed, evaluable FROM em_score ORDER BY 1, 2');
isnt($scores, '', 'there are scores');
is($node->safe_psql('filled', $summary), $scores, 'summaries of the time before the restore are not shown');
$node->safe_psql('filled', 'SELECT em_archive_refresh()');
is($node->safe_psql('filled', $summary), $scores, 'a refresh makes new ones');
$node->safe_psql('filled', q{CALL em_validate('A', '{0.a}')});
is($node->safe_psql('filled', 'SELECT count(*), max(run_id) FROM em_run'), '3|3', 'new runs get new numbers');

# single tables: with their large objects, or as numbers only
my $table = PostgreSQL::Test::Utils::tempdir() . '/table.dump';
$node->safe_psql('postgres', 'CREATE DATABASE part');
$node->safe_psql('part', 'CREATE EXTENSION emvalid');
$node->command_ok([ 'pg_dump', '-Fc', '-Z0', '--data-only', '--blobs', '-t', 'em_entry', '-t', 'em_entry_map', '-f', $table, 'postgres' ], 'dump of the entries and their maps');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', 'part', $table ], 'restore of them');
my $maps = q{SELECT entry_id, role, em_sha256(map), (em_map_stats(map)).* FROM em_entry_map ORDER BY 1, 2};
is($node->safe_psql('part', $maps), $node->safe_psql('postgres', $maps), 'the maps are there');
is($node->safe_psql('part', 'SELECT count(*) FROM em_run'), 0, 'and no results');

$node->stop;
done_testing();
