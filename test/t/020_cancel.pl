# Cancel, statement_timeout and termination end any measuring function at once, nothing leaks, and
# sessions that wait for a barrier are not held up.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use EmTest;
use Test::More;
use Time::HiRes qw(time sleep);

my $n = $ENV{EMVALID_CANCEL_BOX} || 256;
my ($node, $import) = new_node('cancel');
write_map("$import/map.mrc", $n, 1);
write_map("$import/half2.mrc", $n, 2);
$node->safe_psql('postgres', qq{
    SELECT em_ingest('A', em_map_load('$import/map.mrc'), em_map_load('$import/map.mrc'),
                     em_map_load('$import/half2.mrc'), contour => 0.7, resolution => 3);
});

my %work = (
    stats      => q{SELECT (em_map_stats(map)).mean FROM em_entry_map},
    mask       => q{SELECT (em_mask_analysis(map, 0.2)).voxels FROM em_entry_map WHERE role = 'map'},
    background => q{SELECT (em_background_stats(map, 0.7)).p FROM em_entry_map WHERE role = 'map'},
    bfactor    => q{SELECT (em_bfactor(map, 3)).bfactor FROM em_entry_map WHERE role = 'map'},
    fsc        => q{SELECT count(*) FROM em_entry_map a, em_entry_map b, em_fsc(a.map, b.map) WHERE a.role = 'half1' AND b.role = 'half2'},
    bytes      => q{SELECT length(em_map_to_bytea(map)) FROM em_entry_map WHERE role = 'map'},
    load       => qq{SELECT em_nx(em_map_load('$import/map.mrc'))},
    adopt      => q{SELECT em_nx(em_map(lo)) FROM em_entry_map WHERE role = 'map'},
    validate   => q{CALL em_validate('A')},
);

my $session = $node->background_psql('postgres', on_error_stop => 0);
my $pid = $session->query('SELECT pg_backend_pid()');

# statement_timeout: how long after its time does the error come?
my $allowed = 100 * ($ENV{EMVALID_SLOW} || 3);    # ms; the machine may be busy
my $worst = 0;
my $slowest = '';
for my $name (sort keys %work)
{
    for my $after (20, 60, 130)
    {
        my ($late, $err) = lateness($node, $work{$name}, $after, $allowed);

        next if $err eq '';      # done before its time was up
        like($err, qr/statement timeout/, "$name stops at statement_timeout") or next;
        ($worst, $slowest) = ($late, "$name at $after ms") if $late > $worst;
    }
}
cmp_ok($worst, '<', $allowed, sprintf('latest end: %.0f ms after the timeout (%s)', $worst, $slowest));

# 20 cancels in one session: memory returns to where it was
sub cancelled
{
    my ($sql) = @_;
    $session->query("SET statement_timeout = 60");
    $session->query($sql);
    $session->{stderr} = '';
    $session->query('SET statement_timeout = 0');
}
# the first rounds fill caches
for my $i (1 .. 3) { cancelled($_) for @work{qw(fsc validate mask bfactor)} }
my $before = memory_kb($pid, 'VmRSS');
my $anon = memory_kb($pid, 'RssAnon');
for my $i (1 .. 5) { cancelled($_) for @work{qw(fsc validate mask bfactor)} }
my $growth = memory_kb($pid, 'RssAnon') - $anon;
cmp_ok($growth, '<', 8192, "20 cancels leave no memory behind (anonymous memory grew by $growth kB)");
is($session->query(q{SELECT (em_map_stats(map)).n FROM em_entry_map WHERE role = 'map'}), $n**3, 'the session goes on');
$session->quit;

# results committed before a cancel stay, and the next run is whole
$node->psql('postgres', q{SET statement_timeout = 400; CALL em_validate('A')});
$node->safe_psql('postgres', q{CALL em_validate('A', '{0.a,0.b,0.c,0.d,1.a}')});
is($node->safe_psql('postgres', q{SELECT count(*) FROM em_outcome WHERE entry_id = 'A' AND profile = 'vrs' AND check_code IN ('0.a', '0.b', '0.c', '0.d', '1.a')}),
    5, 'a run after a cancelled run measures everything');

# another session's DROP DATABASE does not wait for a measurement
$node->safe_psql('postgres', 'CREATE DATABASE other');
my $busy = $node->background_psql('postgres');
$busy->query_until(qr/go/, q{
\echo go
DO $$ BEGIN FOR i IN 1 .. 8 LOOP PERFORM em_fsc(a.map, b.map) FROM em_entry_map a, em_entry_map b WHERE a.role = 'half1' AND b.role = 'half2'; END LOOP; END $$;
});
sleep 0.2;
my $start = time;
$node->safe_psql('postgres', 'DROP DATABASE other');
cmp_ok(time - $start, '<', 2, sprintf('DROP DATABASE took %.2f s beside a running measurement', time - $start));
$node->safe_psql('postgres', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'DO%'});
$start = time;
$node->stop('fast');
cmp_ok(time - $start, '<', 3, sprintf('fast shutdown took %.2f s', time - $start));
done_testing();
