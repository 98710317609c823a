# Every SQL statement of the README files runs as it is printed there, in order, in one database.
#
# Only what a reader would replace is replaced: the folder /data, and $1 by bytes.  The files named
# there are made first.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use EmTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $root = "$FindBin::RealBin/../..";
my ($node, $import) = new_node('readme');
my $data = "$import/data";
my @readmes = grep { -e "$root/$_" } qw(README.md contrib/demo/README.md contrib/grafana/README.md
    contrib/report/README.md contrib/train/README.md contrib/load/README.md contrib/pg_cron/README.md);

# the files the statements name
mkdir $_ for $data, "$data/emdb", "$data/incoming";
write_map("$data/emd_1_half_map_1.map", 48, 1);
write_map("$data/emd_1_half_map_2.map", 48, 2);
for my $copy ('emd_1.map', 'emdb/emd_1997.map')
{
    system('cp', "$data/emd_1_half_map_1.map", "$data/$copy") == 0 or die;
}
system('cp', "$data/emdb/emd_1997.map", "$import/emd_1997.map") == 0 or die;
for my $map (glob "$data/*.map $data/emdb/*.map") { system('gzip', '-1', '-k', $map) == 0 or die }
append_to_file("$data/emdb/emd-1997.xml", <<'XML');
<?xml version="1.0" encoding="UTF-8"?>
<emd emdb_id="EMD-1997" version="3.0.2.4"><admin><title>A map</title></admin></emd>
XML
chdir $import or die;
$node->append_conf('postgresql.conf', "emvalid.import_path = '$import, $data/emdb, $data/incoming'\n");
$node->reload;
$node->safe_psql('postgres', 'CREATE DATABASE reader');
# tables of the reader's own that statements name
$node->safe_psql('reader', 'CREATE TABLE embargo (entry_id text)');

# The statements of a file: fenced blocks, and whole statements between backquotes.
sub statements
{
    my ($file) = @_;
    my $text = slurp_file("$root/$file");
    my @found;

    while ($text =~ /^```sql\n(.*?)^```|`((?:SELECT|CALL|ALTER|CREATE|INSERT|SET) [^`]*;)`/gms)
    {
        push @found, [ 1 + (substr($text, 0, $-[0]) =~ tr/\n//), $1 // $2 ];
    }
    return @found;
}

# As a reader would adapt it.
sub adapted
{
    my ($sql) = @_;
    $sql =~ s{/data/}{$data/}g;
    # the extension is there after the first of the statements that create it
    $sql =~ s/CREATE EXTENSION emvalid\b/CREATE EXTENSION IF NOT EXISTS emvalid/g;
    $sql =~ s/^(.*)\$1(.*);$/PREPARE given(bytea) AS $1\$1$2; EXECUTE given(pg_read_binary_file('$data\/emd_1.map'));/mg;
    return $sql;
}

my $blocks = 0;
for my $file (@readmes)
{
    for my $found (statements($file))
    {
        my ($line, $sql) = @$found;
        my ($ret, $out, $err) = $node->psql('reader', adapted($sql), on_error_stop => 1, timeout => 120);

        is($ret, 0, "$file line $line") or diag($err);
        # the reader's table of maps; its type is there only now
        $node->safe_psql('reader', 'CREATE TABLE my_maps (map emmap)') if ++$blocks == 1;
        like($out, qr/^\d+ out of \d+ evaluable items$/m, 'the score reads as the README says') if $sql =~ /em_my_score/;
    }
}
cmp_ok($blocks, '>', 10, "$blocks pieces of SQL");
is($node->safe_psql('reader', q{SELECT count(*) FROM my_maps}), 1, 'bytes became a map');
is($node->safe_psql('reader', q{SELECT em_nx(map) FROM my_maps}), 48, 'of the right size');
$node->stop('fast');
done_testing();
