# Many clients ingest, replace and delete entries while two workers validate them: everything that went in comes out
# once, nothing is left over, and memory stays flat.  EMVALID_LOAD_SECONDS makes it longer (15).
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use EmTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time sleep);

my $seconds = $ENV{EMVALID_LOAD_SECONDS} || 15;
my $clients = 8;
my $entries = 60;
my ($node, $import) = new_node('load');
$node->append_conf('postgresql.conf', "emvalid.threads = 1\nemvalid.auto_validate = off\nlog_min_messages = warning\nlog_statement = none\nsession_preload_libraries = emvalid\n");
$node->restart;
write_map("$import/map$_.mrc", 32, $_) for 1 .. 4;
sub sql { return $node->safe_psql('postgres', $_[0]) }

# What each transaction did, in the order of the commits for each entry: who changes an entry holds its row.
sql(q{CREATE TABLE done (id bigint GENERATED ALWAYS AS IDENTITY, entry_id text, what text)});
my $dir = PostgreSQL::Test::Utils::tempdir();
my %scripts = (
    ingest => qq{
\\set n random(1, $entries)
\\set m random(1, 4)
\\set h random(1, 4)
BEGIN;
SELECT em_ingest('E' || :n, em_map_load('$import/map' || :m || '.mrc'), em_map_load('$import/map' || :h || '.mrc'),
                 em_map_load('$import/map' || (5 - :h) || '.mrc'), contour => 0.7, resolution => 4);
SELECT em_enqueue('E' || :n, '{0.a,0.b,0.c,1.a}');
INSERT INTO done (entry_id, what) VALUES ('E' || :n, 'ingest');
COMMIT;},
    delete => qq{
\\set n random(1, $entries)
BEGIN;
WITH gone AS (DELETE FROM em_entry WHERE entry_id = 'E' || :n RETURNING entry_id)
INSERT INTO done (entry_id, what) SELECT entry_id, 'delete' FROM gone;
COMMIT;},
    rollback => qq{
\\set n random(1, $entries)
BEGIN;
SELECT em_ingest('E' || :n, em_map_load('$import/map1.mrc'), contour => 0.6);
ROLLBACK;},
    read => q{SELECT count(*) FROM em_my_outcome; SELECT count(*) FROM em_progress;},
);
for my $name (keys %scripts) { PostgreSQL::Test::Utils::append_to_file("$dir/$name.sql", $scripts{$name}) }

is(sql(q{SELECT em_launch_worker(2, '1 hour')}), 2, 'two workers');
my @pids = split /\n/, sql(q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'emvalid worker'});
my ($out, $err) = ('', '');
my $bench = IPC::Run::start([ 'pgbench', '-n', '-c', $clients, '-j', 2, '-T', $seconds, '-R', 40, map({ ('-f', $_) } "$dir/ingest.sql\@10",
        "$dir/delete.sql\@2", "$dir/rollback.sql\@2", "$dir/read.sql\@1"), $node->connstr('postgres') ], '<', \undef, '>', \$out, '2>', \$err);
# private memory of both workers in kB: the most seen in the first and in the last third
my ($began, $first, $last) = (time, 0, 0);
while (time - $began < $seconds)
{
    sleep 0.2;
    my $now = 0;
    for my $pid (@pids) { $now += memory_kb($pid, 'RssAnon') }
    my $part = (time - $began) / $seconds;
    $first = $now if $part < 1 / 3 && $now > $first;
    $last = $now if $part > 2 / 3 && $now > $last;
}
$bench->finish;
is($? >> 8, 0, 'pgbench') or diag($err);
my ($transactions) = $out =~ /number of transactions actually processed: (\d+)/;
like($out, qr/number of failed transactions: 0 /, "$transactions transactions, none failed") or diag($out);
unlike($err, qr/ERROR/, 'no client saw an error');

# the workers finish what is left
my $open = q{SELECT count(*) FROM em_job WHERE state IN ('queued', 'waiting', 'running')};
for (1 .. 6000) { last if sql($open) eq '0'; sleep 0.1 }
is(sql($open), 0, 'the queue is empty in the end');
my $counts = sql(q{SELECT count(*) FILTER (WHERE what = 'ingest'), count(*) FILTER (WHERE what = 'delete') FROM done});
is(sql(q{SELECT count(*) FROM (SELECT DISTINCT ON (entry_id) * FROM done ORDER BY entry_id, id DESC) AS d
         FULL JOIN em_entry e USING (entry_id) WHERE (d.what = 'ingest') IS DISTINCT FROM (e.entry_id IS NOT NULL)}), 0,
    "entries are those that went in and were not deleted ($counts)");
is(sql(q{SELECT count(*) FROM em_stale WHERE check_code IN ('0.a', '0.b', '0.c', '1.a')}), 0, 'each is validated as it is now');
is(sql(q{SELECT string_agg(DISTINCT state || coalesce(' ' || reason, ''), ', ') FROM em_job WHERE state <> 'done' AND reason IS DISTINCT FROM 'superseded'}), '',
    'no job failed');
is(sql(q{SELECT count(*) FROM (SELECT FROM em_result GROUP BY run_id, check_code HAVING count(*) > 1) AS t}), 0, 'nothing is measured twice in a run');
is(sql('SELECT (SELECT count(*) FROM em_orphans()), (SELECT count(*) FROM pg_largeobject_metadata) - (SELECT count(*) FROM em_entry_map)'), '0|0',
    'no large object without its map');
is(sql(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'emvalid worker'}), 2, 'both workers are still there');
cmp_ok($last, '<', $first + 12288, sprintf('memory of the workers: at most %d kB in the first third, %d kB in the last', $first, $last));
note(sprintf('%d s, %s jobs done', $seconds, sql(q{SELECT count(*) FROM em_job WHERE state = 'done'})));
$node->stop('fast');
done_testing();
