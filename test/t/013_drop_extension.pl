# DROP EXTENSION leaves the database as it was, apart from roles.  Large objects hold what users stored;
# they go with their entries, and stay where those were not deleted.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use EmTest;
use Test::More;

my ($node, $import) = new_node('drop');
write_map("$import/map.mrc", 24, 1);
$node->safe_psql('postgres', 'CREATE DATABASE d');
sub sql { return $node->safe_psql('d', $_[0]) }

# Rows of every catalogue that belongs to a database, apart from statistics and what pg_toast and large objects hold.
my @catalogues = grep { !/^pg_(statistic|largeobject)/ } split /\n/,
  sql(q{SELECT relname FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'r' AND NOT relisshared ORDER BY 1});
cmp_ok(scalar @catalogues, '>', 40, 'catalogues to compare');
sub contents { return join "\n", map { "$_ " . sql("SELECT count(*) FROM $_") } @catalogues }

my $before = contents();
sql('CREATE EXTENSION emvalid');
isnt(contents(), $before, 'the extension is there');
sql('SELECT em_setup_row_security()');
sql(qq{SELECT em_ingest('A', em_map_load('$import/map.mrc'), contour => 0.7)});
sql(q{CALL em_validate('A', '{0.a,0.b}')});
sql('TRUNCATE em_entry CASCADE');
is(sql('SELECT count(*) FROM pg_largeobject_metadata'), 0, 'TRUNCATE removes the maps');
sql('DROP EXTENSION emvalid');
is(contents(), $before, 'after DROP EXTENSION every catalogue is as before');
is(sql(q{SELECT string_agg(rolname, ',' ORDER BY rolname) FROM pg_roles WHERE rolname LIKE 'emvalid%'}),
    'emvalid_admin,emvalid_ingester,emvalid_reader,emvalid_validator', 'the roles are of the whole cluster and stay');
$node->safe_psql('postgres', 'DROP EXTENSION emvalid');
is(sql('DROP OWNED BY emvalid_reader; DROP ROLE emvalid_admin, emvalid_validator, emvalid_ingester, emvalid_reader; SELECT 1'), 1,
    'until somebody drops them; the right to use the schema is all they have left');

# Tables and views of a user's own keep the extension from being dropped by accident.
sql(q{CREATE EXTENSION emvalid; CREATE TABLE mine (map emmap); CREATE VIEW low AS SELECT entry_id FROM em_score WHERE passed = 0});
my ($ret, $out, $err) = $node->psql('d', 'DROP EXTENSION emvalid');
like($err, qr/other objects depend on it/, 'not while something depends on it');
sql(q{DROP TABLE mine; DROP VIEW low});

# What was not deleted is not lost.
sql(qq{SELECT em_ingest('A', em_map_load('$import/map.mrc'), contour => 0.7)});
my $sha = sql('SELECT em_sha256(map) FROM em_entry_map');
sql('DROP EXTENSION emvalid');
is(sql('SELECT count(*) FROM pg_largeobject_metadata'), 1, 'the large object of an entry that was not deleted is still there');
sql('CREATE EXTENSION emvalid');
is(sql('SELECT em_sha256(em_map(lo)) FROM em_orphans()'), $sha, 'and can be adopted again');
$node->stop('fast');
done_testing();
