# The local and half-map methods, the drawings and the volumes they make stop at once, too: by
# statement_timeout, by pg_terminate_backend and when the client is gone.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use EmTest;
use IPC::Run;
use Test::More;
use Time::HiRes qw(time sleep);

my $n = $ENV{EMVALID_CANCEL_BOX} || 192;
my $allowed = 100 * ($ENV{EMVALID_SLOW} || 3);    # ms; the machine may be busy
my ($node, $import) = new_node('cancel_methods');
write_map("$import/map.mrc", $n, 1);
write_map("$import/half2.mrc", $n, 2);
$node->safe_psql('postgres', qq{
    CREATE TABLE one AS SELECT em_map_load('$import/map.mrc') AS map, em_map_load('$import/map.mrc') AS half1,
        em_map_load('$import/half2.mrc') AS half2;
});

my %work = (
    local_bfactor     => 'em_local_bfactor(map, 0.7, 4)',
    local_bfactor_map => 'em_local_bfactor_map(map, 0.7, 4)',
    local_occupancy   => 'em_local_occupancy(map, 0.7, 4)',
    monores           => 'em_monores(half1, half2, map, 0.7, 4)',
    monores_fast      => 'em_monores(half1, half2, map, 0.7, 4, fast => true)',
    monodir           => 'em_monodir(map, 0.7, 4)',
    blocres           => 'em_blocres(half1, half2, map, 0.7, 4)',
    resmap            => 'em_resmap(half1, half2, map, 0.7, 4)',
    fso               => 'em_fso_resolution(half1, half2)',
    fsc3d             => 'em_fsc3d_summary(half1, half2)',
    fsc3d_map         => 'em_fsc3d_map(half1, half2)',
    permutation       => 'em_fsc_permutation(half1, half2)',
    masked            => 'em_fsc_masked_resolution(half1, half2, map)',
    isosurface        => 'em_isosurface_png(map, 0.7)',
);

# statement_timeout: how long after its time does the error come?
for my $name (sort keys %work)
{
    my $worst = 0;
    my $stopped = 0;

    for my $after (30, 250, 900)
    {
        my ($late, $err) = lateness($node, "SELECT octet_length(($work{$name})::text) FROM one", $after, $allowed);

        next if $err eq '';    # done before its time was up
        like($err, qr/statement timeout/, "$name stops at $after ms") or next;
        $stopped++;
        $worst = $late if $late > $worst;
    }
    cmp_ok($worst, '<', $allowed, sprintf('%s: latest end %.0f ms after the timeout (%d times)', $name, $worst, $stopped));
}

# Many cancels in one session: not even half a map is left.  The allocator's own growth levels off
# after some hundred cancels at about 10 MB.
my $session = $node->background_psql('postgres', on_error_stop => 0);
my $pid = $session->query('SELECT pg_backend_pid()');
my $anon;
for my $round (1 .. 6)
{
    for my $name (sort keys %work)
    {
        $session->query("SET statement_timeout = 80");
        $session->query("SELECT octet_length(($work{$name})::text) FROM one");
        $session->{stderr} = '';
        $session->query('SET statement_timeout = 0');
    }
    $anon = memory_kb($pid, 'RssAnon') if $round == 1;
}
my $growth = memory_kb($pid, 'RssAnon') - $anon;
cmp_ok($growth, '<', 4 * $n**3 / 2 / 1024, "no map stays in memory over cancels of every method (grew by $growth kB)");
is(memory_kb($pid, 'Threads') // 1, 1, 'no thread is left');
$session->quit;

# A backend in the middle of a method ends when told to, and when its client has gone; the server lives on.
sub running
{
    return $node->safe_psql('postgres',
        q{SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%em_monodir%' AND pid <> pg_backend_pid()});
}

# seconds until no such backend is left, at most 10
sub gone_after
{
    my $start = time;
    sleep 0.02 while running() && time - $start < 10;
    return time - $start;
}

my $query = 'SELECT em_monodir(map, 0.7, 4) FROM one';
my $started = $node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()');
my ($in, $out, $err) = ('', '', '');
for my $way ('pg_terminate_backend', 'kill -9 of the client')
{
    my $client = IPC::Run::start([ 'psql', '-XqAt', '-d', $node->connstr('postgres'), '-c',
            'SET client_connection_check_interval = 50', '-c', $query ], \$in, \$out, \$err);
    for (1 .. 200) { last if running(); sleep 0.02 }
    sleep 0.3;
    is(running(), 1, "$way: the method runs");
    if ($way eq 'pg_terminate_backend')
    {
        $node->safe_psql('postgres',
            q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT em_monodir%'});
    }
    else { $client->kill_kill(grace => 0) }
    my $took = gone_after();
    cmp_ok($took, '<', 1, sprintf('%s: the backend is gone after %.2f s', $way, $took));
    eval { $client->kill_kill(grace => 0); $client->finish };
}
is($node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()'), $started, 'the server did not restart');
unlike(slurp_log(), qr/terminated by signal|PANIC/, 'no process crashed');
done_testing();

sub slurp_log
{
    open(my $fh, '<', $node->logfile) or return '';
    local $/;
    return <$fh>;
}
