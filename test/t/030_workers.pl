# The queue at work: several workers share it, nothing is done twice, nothing that was finished is lost when a
# worker dies, and cancelling, deleting and stopping the server take effect at once.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use EmTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time sleep);

my ($node, $import) = new_node('workers');
$node->append_conf('postgresql.conf', "restart_after_crash = on\nemvalid.threads = 1\n");
$node->restart;
write_map("$import/small.mrc", 96, 1);
write_map("$import/medium.mrc", 176, 1);
write_map("$import/large.mrc", 224, 2);
write_map("$import/large2.mrc", 224, 3);

sub sql { return $node->safe_psql('postgres', $_[0]) }

# Ask until the answer is what was wanted.
sub wait_for
{
    my ($query, $wanted) = @_;
    for (1 .. 1000)
    {
        # a server that is just restarting answers later
        my ($ret, $out) = eval { $node->psql('postgres', $query) };
        return 1 if defined $ret && $ret == 0 && $out eq $wanted;
        sleep 0.02;
    }
    return 0;
}

# Clients that work at the same time; the seconds they took.
sub work
{
    my ($workers, $args) = @_;
    my $start = time;
    my @out = map { '' } 1 .. $workers;
    my @run = map { IPC::Run::start([ 'psql', '-XqAt', '-d', $node->connstr('postgres'), '-c', 'CALL em_work(' . ($args // '') . ')' ],
                                    '<', \undef, '>&', \$out[ $_ - 1 ]) } 1 .. $workers;
    $_->finish for @run;
    is(join('', @out), '', "$workers worker(s) end without a word");
    return time - $start;
}

# The trigger adds little to storing a map.
sql("CREATE TABLE timing (step text, at timestamptz)");
sql("SET emvalid.auto_validate = off; SELECT em_ingest('T', em_map_load('$import/small.mrc'), contour => 0.7)");
is(sql('SELECT count(*) FROM em_job'), 0, 'auto_validate = off queues nothing');
my $added = sql(qq{
    DO \$\$
    DECLARE t timestamptz[] := '{}'; maps emmap[] := '{}'; begun timestamptz; spent float8[] := '{}';
    BEGIN
        SELECT array_agg(em_map_load('$import/small.mrc')) INTO maps FROM generate_series(1, 2);
        FOR i IN 1 .. 2 LOOP
            PERFORM set_config('emvalid.auto_validate', CASE i WHEN 1 THEN 'off' ELSE 'queue' END, true);
            begun := clock_timestamp();
            PERFORM em_ingest('T' || i, maps[i], contour => 0.7);
            spent := spent || extract(epoch FROM clock_timestamp() - begun)::float8;
        END LOOP;
        INSERT INTO timing VALUES ((1000 * (spent[2] - spent[1]))::text, now());
    END \$\$;
    SELECT step FROM timing});
cmp_ok($added, '<', 50, sprintf('the trigger adds %.1f ms', $added));
sql('DELETE FROM em_entry');
is(sql('SELECT count(*) FROM em_job'), 0, 'a job goes with its entry');

# 20 entries: one worker, then two.
sub fill
{
    sql('DELETE FROM em_entry');
    sql("SELECT em_ingest('E' || i, em_map_load('$import/medium.mrc'), contour => 0.7) FROM generate_series(1, 20) AS i");
}
my $each_once = q{SELECT count(*), count(DISTINCT entry_id), count(*) FILTER (WHERE state = 'done' AND attempts = 1),
                         (SELECT count(*) FROM em_run WHERE finished IS NOT NULL),
                         (SELECT count(*) FROM (SELECT FROM em_result GROUP BY entry_id, check_code HAVING count(*) > 1) AS twice),
                         (SELECT count(*) FROM em_stale) FROM em_job};
fill();
my $one = work(1);
is(sql($each_once), '20|20|20|20|0|0', 'one worker validates each of 20 entries once');
fill();
my $two = work(2);
is(sql($each_once), '20|20|20|20|0|0', 'two workers validate all 20 entries, none twice');
cmp_ok(sql('SELECT min(n) FROM (SELECT count(*) AS n FROM em_job GROUP BY worker) AS w'), '<=', 19, 'the work was shared');
is(sql('SELECT count(DISTINCT worker) FROM em_job'), 2, 'by two processes');
SKIP: {
    open(my $load, '<', '/proc/loadavg');
    my ($busy) = split ' ', <$load>;
    my $cpus = () = `cat /proc/cpuinfo` =~ /^processor/mg;
    skip "the machine is busy or has one CPU (load $busy, $cpus CPUs; $one s with one, $two s with two)", 1
      if $cpus < 2 || $busy > $cpus;
    if ($two >= 0.85 * $one)
    {
        # something else may have run just then
        fill();
        $one = work(1);
        fill();
        $two = work(2);
    }
    cmp_ok($two, '<', 0.85 * $one, sprintf('two take %.1f s, one takes %.1f s', $two, $one));
}

# Background workers do the same.
fill();
is(sql('SELECT em_launch_worker(2)'), 2, 'two background workers start');
ok(wait_for(q{SELECT count(*) FROM em_job WHERE state = 'done'}, '20'), 'and validate all');
is(sql($each_once), '20|20|20|20|0|0', 'each once');
ok(wait_for(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'emvalid worker'}, '0'), 'then they end');
my ($ret, $out, $err) = $node->psql('postgres', 'SELECT em_launch_worker(60)');
like($err, qr/of 60 workers could be started.*Raise max_worker_processes/s, 'too many of them: what to do');
ok(wait_for(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'emvalid worker'}, '0'), 'those that started end');

# Jobs that need too much together run one after the other.
fill();
$node->append_conf('postgresql.conf', "emvalid.node_budget = '1MB'");
$node->reload;
work(2);
is(sql(q{SELECT count(*) FROM em_job a JOIN em_job b ON a.job_id < b.job_id AND a.started < b.finished AND b.started < a.finished
         WHERE a.memory_needed IS NOT NULL AND b.memory_needed IS NOT NULL}), 0, 'beyond the budget of the node only one job runs at a time');
is(sql(q{SELECT count(*) FROM em_job WHERE state = 'done'}), 20, 'and all get done');
$node->append_conf('postgresql.conf', "emvalid.node_budget = 0");
$node->reload;

# Something that takes a while: 1.a some seconds, 1.e longer.
sub large
{
    my $checks = $_[0] // '0.a,0.b,0.c,0.d,1.a';
    sql('DELETE FROM em_entry');
    sql(qq{SET emvalid.auto_validate = off;
           SELECT em_ingest('L', em_map_load('$import/large.mrc'), em_map_load('$import/large.mrc'),
                            em_map_load('$import/large2.mrc'), contour => 0.7, resolution => 3);
           SELECT em_enqueue('L', '{$checks}')});
}

# A process in a check, not the first one; returns its id.  One look tells both, as the check that is
# seen may be over at the next.
sub busy_worker
{
    my ($after) = @_;
    for (1 .. 1000)
    {
        my ($ret, $out) = $node->psql('postgres', qq{SELECT worker FROM em_progress WHERE entry_id = 'L' AND check_code >= '$after'});
        return $1 if $ret == 0 && $out =~ /^(\d+)$/;
        sleep 0.02;
    }
    return undef;
}

# kill -9 in the middle of a check
large();
sql('SELECT em_launch_worker(1)');
my $pid = busy_worker('1.a');
ok($pid, 'em_progress shows the check from another session');
like(sql('SELECT percent BETWEEN 0 AND 100, phase <> $$$$, elapsed < $$1 min$$, checks_finished FROM em_progress'),
    qr/^(t\|t\|t\|[1-9]|)$/, 'with phase, percent and time');
my $finished = sql('SELECT count(*), max(recorded) FROM em_result');
my $checkpointer = sql(q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'});
kill 'KILL', $pid;
ok(wait_for(qq{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'checkpointer' AND pid <> $checkpointer}, '1'),
    'the server restarts and is back');
is(sql('SELECT state FROM em_job'), 'running', 'the job still counts as running');
my ($n) = split /\|/, $finished;
cmp_ok($n, '>=', 2, "$n checks were finished before");
cmp_ok(sql('SELECT count(*) FROM em_result'), '>=', $n, 'they are still there');
my $before = sql('SELECT check_code, recorded FROM em_result ORDER BY 1');
work(1);
is(sql('SELECT state, attempts FROM em_job'), 'done|2', 'the next worker takes the job up');
is(sql('SELECT count(*), count(finished) FROM em_run'), '1|1', 'and goes on with its run');
like(sql('SELECT check_code, recorded FROM em_result ORDER BY 1'), qr/^\Q$before\E/, 'without measuring again what was finished');
is(sql(q{SELECT count(*) FROM em_stale WHERE check_code IN ('0.a', '0.b', '0.c', '0.d', '1.a')}), 0, 'nothing is left to do');

# The estimate of the time left, from the run that has just ended
my $took = sql(q{SELECT extract(epoch FROM sum(elapsed)) FROM em_result});
sql(q{SELECT em_enqueue('L', '{0.a,0.b,0.c,0.d,1.a}')});
sql('SELECT em_launch_worker(1)');
busy_worker('1.a');
# between two checks, and in the first moments of one, there is nothing to ask
my $left = '';
for (1 .. 500)
{
    $left = sql(q{SELECT extract(epoch FROM job_remaining) FROM em_progress WHERE remaining IS NOT NULL});
    last if $left ne '' || sql(q{SELECT count(*) FROM em_job WHERE state IN ('queued', 'running')}) eq '0';
    sleep 0.01;
}
like($left, qr/^[\d.]+$/, 'the time left is known from the last run') and cmp_ok($left, '<', 3 * $took, "$left s of $took s");
ok(wait_for(q{SELECT count(*) FROM em_job WHERE state = 'done'}, '2'), 'the job ends');

# cancel: by the job, by the process, by statement_timeout
large();
sql('SELECT em_launch_worker(1)');
busy_worker('1.a');
is(sql('SELECT em_cancel_job(job_id) FROM em_job'), 't', 'em_cancel_job');
ok(wait_for(q{SELECT count(*) FROM em_progress}, '0'), 'ends the check');
is(sql('SELECT state, reason FROM em_job'), 'cancelled|cancelled', 'the job is cancelled');
ok(wait_for(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'emvalid worker'}, '0'), 'the worker ends in peace');

large();
sql('SELECT em_launch_worker(1)');
$pid = busy_worker('1.a');
sql("SELECT pg_cancel_backend($pid)");
ok(wait_for(q{SELECT state FROM em_job}, 'cancelled'), 'pg_cancel_backend marks the job cancelled');
is(sql(q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'}), 0, 'no lock is left');

sql('SELECT em_enqueue($$L$$, $${0.a}$$)');
slow_commits($node);
sql('SELECT em_launch_worker(1)');
ok(wait_for("SELECT count(*) FROM ($committing) AS c", '1'), 'a worker commits');
sql("SELECT pg_cancel_backend(pid) FROM ($committing) AS c");
ok(wait_for(q{SELECT state FROM em_job ORDER BY job_id DESC LIMIT 1}, 'cancelled'), 'a cancel between two checks marks the job too');
ok(wait_for(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'emvalid worker'}, '0'), 'and ends the worker that was launched');
sql('DROP FUNCTION slow_commit() CASCADE');

large('0.a,1.e');
($ret, $out, $err) = $node->psql('postgres', sprintf('SET statement_timeout = %d; CALL em_work()', 1500 * ($ENV{EMVALID_SLOW} || 1)));
like($err, qr/canceling the worker/, 'statement_timeout ends the worker');
is(sql('SELECT state FROM em_job'), 'cancelled', 'and marks the job cancelled');

# DELETE of an entry that is being validated
large();
sql('SELECT em_launch_worker(1)');
busy_worker('1.a');
my $start = time;
sql(q{DELETE FROM em_entry WHERE entry_id = 'L'});
cmp_ok(time - $start, '<', 2, 'DELETE does not wait for the validation');
ok(wait_for(q{SELECT count(*) FROM em_progress}, '0'), 'the worker notices');
is(sql('SELECT (SELECT count(*) FROM em_job), (SELECT count(*) FROM em_result), (SELECT count(*) FROM pg_largeobject_metadata)'),
    '0|0|0', 'and nothing is left');

# a map that is replaced while it is being validated
large();
sql('SELECT em_launch_worker(1)');
busy_worker('1.a');
sql(qq{SELECT em_ingest('L', em_map_load('$import/small.mrc'), contour => 0.6)});
sql(q{DELETE FROM em_entry_map WHERE role LIKE 'half%'});
ok(wait_for(q{SELECT count(*) FROM em_job WHERE state IN ('queued', 'running', 'waiting')}, '0'), 'replacing a map under a worker');
is(sql('SELECT count(*) FROM em_stale'), 0, 'leaves results of the new map only');
like(sql('SELECT state, reason FROM em_job ORDER BY job_id LIMIT 1'), qr/^(cancelled\|superseded|done\|)$/, 'the job for the old one says so');

# stop -m fast
large();
sql('SELECT em_launch_worker(1)');
busy_worker('1.a');
$start = time;
$node->stop('fast');
$took = time - $start;
cmp_ok($took, '<', 2, sprintf('fast shutdown with a running job took %.2f s', $took));
$node->start;
work(1);
is(sql('SELECT state, attempts FROM em_job'), 'done|2', 'the job goes on after the restart');
$node->stop('fast');
done_testing();
