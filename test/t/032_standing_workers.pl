# Workers that the server starts itself (shared_preload_libraries, emvalid.workers): they wait for the extension, do
# what is queued, come back after a crash, and hold up neither a shutdown nor what happens in other databases.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use EmTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time sleep);

my ($node, $import) = new_node('standing');
write_map("$import/small.mrc", 48, 1);
write_map("$import/large.mrc", 224, 2);
write_map("$import/large2.mrc", 224, 3);

sub sql { return $node->safe_psql($_[1] // 'postgres', $_[0]) }

sub wait_for
{
    my ($query, $wanted, $db) = @_;
    for (1 .. 1500)
    {
        my ($ret, $out) = eval { $node->psql($db // 'postgres', $query) };
        return 1 if defined $ret && $ret == 0 && $out eq $wanted;
        sleep 0.02;
    }
    return 0;
}
my $workers = q{SELECT datname, usename, count(*) FROM pg_stat_activity WHERE backend_type = 'emvalid worker' GROUP BY 1, 2 ORDER BY 1};
my $open = q{SELECT count(*) FROM em_job WHERE state IN ('queued', 'waiting', 'running')};

# Without shared_preload_libraries the settings do nothing.
$node->append_conf('postgresql.conf', "restart_after_crash = on\nemvalid.workers = 2\nemvalid.threads = 1\nemvalid.worker_database = 'postgres, archive'\n");
$node->restart;
sql('SELECT em_setup_roles(); CREATE ROLE robot LOGIN IN ROLE emvalid_validator');
sql("SELECT em_ingest('A', em_map_load('$import/small.mrc'), contour => 0.7)");
sleep 1.5;
is(sql($workers), '', 'not preloaded: no worker');
is(sql('SELECT state FROM em_job'), 'queued', 'and the queue waits');
my ($ret, $out, $err) = $node->psql('postgres', 'SELECT em_version(); SET emvalid.workers = 3');
like($err, qr/emvalid\.workers/, 'a session cannot start any');

# Preloaded: two for each database.
sql('CREATE DATABASE archive');
sql('CREATE EXTENSION emvalid; SELECT em_setup_roles()', 'archive');
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'emvalid'\nemvalid.worker_role = 'robot'\n");
$node->restart;
ok(wait_for($workers, "archive|robot|2\npostgres|robot|2"), 'preloaded: two workers for each database, as the role that was named');
ok(wait_for('SELECT state FROM em_job', 'done'), 'they do what was queued before');
sql("SELECT em_ingest('A', em_map_load('$import/small.mrc'), contour => 0.7)", 'archive');
ok(wait_for('SELECT state FROM em_job', 'done', 'archive'), 'in each of the databases');
is(sql('SELECT count(*) FROM em_stale', 'archive'), 0, 'with all checks');

# The settings of the server reach them.
sql(q{ALTER SYSTEM SET emvalid.seed = 7});
$node->reload;
sleep 1.5;
sql("SELECT em_ingest('B', em_map_load('$import/small.mrc'), contour => 0.7)");
ok(wait_for($open, '0'), 'another entry');
is(sql(q{SELECT parameters ->> 'seed' FROM em_run WHERE entry_id = 'B'}), 7, 'is measured with the settings that were reloaded');

# The extension comes and goes.
sql('DROP EXTENSION emvalid', 'archive');
sleep 1.5;
sql('CREATE SCHEMA em; CREATE EXTENSION emvalid SCHEMA em; SELECT em.em_setup_roles()', 'archive');
sql("SELECT em.em_ingest('A', em.em_map_load('$import/small.mrc'), contour => 0.7)", 'archive');
ok(wait_for('SELECT state FROM em.em_job', 'done', 'archive'), 'after DROP and CREATE EXTENSION, in another schema, they go on');

# Catch a worker in a check that takes seconds; returns its process.
sub large
{
    my ($check) = @_;
    sql('DELETE FROM em_entry');
    sql(qq{SET emvalid.auto_validate = off;
           SELECT em_ingest('L', em_map_load('$import/large.mrc'), em_map_load('$import/large.mrc'),
                            em_map_load('$import/large2.mrc'), contour => 0.7, resolution => 3);
           SELECT em_enqueue('L', '{0.a,$check}')});
    for (1 .. 1000)
    {
        my $pid = sql(qq{SELECT worker FROM em_progress WHERE entry_id = 'L' AND check_code = '$check'});
        return $pid if $pid ne '';
        sleep 0.02;
    }
    return undef;
}

# What happens in other databases, and elsewhere in this one, does not wait for the check that runs.
sql('CREATE DATABASE other');
my $pid = large('1.e');
ok($pid, 'a worker is busy');
for my $statement ([ 'DROP DATABASE other', 'postgres' ], [ 'CREATE DATABASE another', 'postgres' ], [ 'CREATE EXTENSION emvalid', 'another' ],
    [ 'CREATE SCHEMA s CREATE TABLE t (a int)', 'postgres' ], [ 'DROP DATABASE another', 'postgres' ])
{
    my ($what, $db) = @$statement;
    my $start = time;
    sql($what, $db);
    my $took = time - $start;
    cmp_ok($took, '<', 3 * ($ENV{EMVALID_SLOW} || 1), sprintf('%s in %s took %.2f s', $what, $db, $took));
}
is(sql('SELECT worker FROM em_progress'), $pid, 'and the worker has been busy all the time');

# A worker whose job is cancelled stays.
sql('SELECT em_cancel_job(job_id) FROM em_job');
ok(wait_for('SELECT count(*) FROM em_progress', '0'), 'the job ends');
$pid = large('1.a');
sql("SELECT pg_cancel_backend($pid)");
ok(wait_for(q{SELECT state FROM em_job}, 'cancelled'), 'so does one whose worker is cancelled');
is(sql("SELECT count(*) FROM pg_stat_activity WHERE pid = $pid"), 1, 'the worker stays');

# The same between two checks, while the results are being committed.
slow_commits($node);
sql(q{SELECT em_enqueue('L', '{0.a}')});
ok(wait_for("SELECT count(*) FROM ($committing) AS c", '1'), 'a worker commits');
$pid = sql($committing);
sql("SELECT pg_cancel_backend($pid)");
ok(wait_for(q{SELECT state || ' ' || error FROM em_job ORDER BY job_id DESC LIMIT 1}, 'cancelled canceled between two checks'),
    'a cancel then ends the job too');
sql('DROP FUNCTION slow_commit() CASCADE');
is(sql("SELECT count(*) FROM pg_stat_activity WHERE pid = $pid"), 1, 'and the worker stays');
sql("SELECT pg_cancel_backend($pid)");
sleep 1.5;
is(sql("SELECT count(*) FROM pg_stat_activity WHERE pid = $pid"), 1, 'it also stays when it is cancelled while it has nothing to do');

# An error outside a check, here in each COMMIT of one entry: the worker survives it and goes on with the others.
my $alive = q{SELECT string_agg(pid::text, ',' ORDER BY pid) FROM pg_stat_activity WHERE backend_type = 'emvalid worker' AND datname = 'postgres'};
my $before = sql($alive);
sql(q{CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'spoilt'; END $$;
      CREATE CONSTRAINT TRIGGER spoil AFTER INSERT ON em_result DEFERRABLE INITIALLY DEFERRED
          FOR EACH ROW WHEN (NEW.entry_id = 'BAD') EXECUTE FUNCTION spoil()});
sql(qq{SET emvalid.auto_validate = off;
       SELECT em_ingest(e, em_map_load('$import/small.mrc'), contour => 0.7), em_enqueue(e, '{0.a}') FROM unnest('{BAD,GOOD}'::text[]) AS e});
ok(wait_for(q{SELECT string_agg(state || coalesce(' ' || reason, ''), ', ' ORDER BY entry_id) FROM em_job WHERE entry_id IN ('BAD', 'GOOD')}, 'failed worker_died, done'),
    'a job that cannot be committed fails in the end, the next one is done');
is(sql($alive), $before, 'by the same workers');
sql('DROP FUNCTION spoil() CASCADE');

# kill -9: the server restarts, and its workers take the job up by themselves
$pid = large('1.a');
kill 'KILL', $pid;
ok(wait_for(q{SELECT state || attempts FROM em_job}, 'done2'), 'after kill -9 the job is taken up without anybody asking');

# Shutdown
$pid = large('1.a');
my $start = time;
$node->stop('fast');
my $took = time - $start;
cmp_ok($took, '<', 2, sprintf('fast shutdown took %.2f s', $took));

# A database that does not exist does no harm.
$node->append_conf('postgresql.conf', "emvalid.worker_database = 'nowhere, postgres'\n");
$node->start;
ok(wait_for(q{SELECT state FROM em_job}, 'done'), 'a database that does not exist does not keep the others from working');
$node->stop('fast');
done_testing();
