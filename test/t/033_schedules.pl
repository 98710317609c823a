# The schedules for pg_cron: each command does what its name says.  pg_cron itself is not needed: a table takes its place,
# and each command is sent as pg_cron sends it, as one statement of a session of its own.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use EmTest;
use PostgreSQL::Test::Utils;
use Test::More;

my ($node, $import) = new_node('schedules');
write_map("$import/map.mrc", 24, 1);
$node->safe_psql('postgres', q{
    DROP EXTENSION emvalid; CREATE SCHEMA "the maps"; CREATE EXTENSION emvalid SCHEMA "the maps";
    CREATE SCHEMA cron;
    CREATE TABLE cron.job (jobname text PRIMARY KEY, schedule text, command text);
    CREATE FUNCTION cron.schedule(job_name text, schedule text, command text) RETURNS bigint LANGUAGE sql AS $$
        INSERT INTO cron.job VALUES (job_name, schedule, command)
        ON CONFLICT (jobname) DO UPDATE SET schedule = EXCLUDED.schedule, command = EXCLUDED.command RETURNING 1
    $$});
sub sql { return $node->safe_psql('postgres', qq{SET search_path = "the maps", public; $_[0]}) }

my $file = "$FindBin::RealBin/../../contrib/pg_cron/schedules.sql";
$node->command_ok([ 'psql', '-Xq', '-d', $node->connstr('postgres'), '-f', $file ], 'schedules.sql') for 1 .. 2;
is(sql('SELECT count(*) FROM cron.job'), 6, 'six jobs, also when it is run twice');
is(sql(q{SELECT count(*) FROM cron.job WHERE schedule !~ '^([0-9*]+ ){4}[0-9*]+$'}), 0, 'each with five fields of time');

# Run a job; what it says.
sub job
{
    my ($name) = @_;
    my $command = $node->safe_psql('postgres', "SELECT command FROM cron.job WHERE jobname = 'emvalid: $name'");
    my ($ret, $out, $err) = $node->psql('postgres', $command);
    is($ret, 0, "$name runs") or diag($err);
    return $err;
}

sql(qq{SELECT em_ingest('A', em_map_load('$import/map.mrc'), contour => 0.7);
       SELECT em_enqueue('A', '{0.a,0.b}'); UPDATE em_job SET checks = '{0.a,0.b}'});
job('work');
is(sql(q{SELECT state FROM em_job}), 'done', 'the queue is worked on');

is(sql('SELECT count(*) FROM em_archive_state'), 0, 'no summaries yet');
job('refresh');
is(sql(q{SELECT s.entries, (SELECT count(*) FROM em_archive_outcome WHERE profile = 'vrs') FROM em_archive_state s}), '1|2', 'the summaries are made');

job('stale');
is(sql(q{SELECT count(*), max(priority) FROM em_job WHERE state = 'queued'}), '1|-10', 'what is stale is queued, behind the rest');
sql(q{UPDATE em_job SET checks = '{0.a,0.b}' WHERE state = 'queued'});
job('work');
sql(q{SELECT em_enqueue('A', '{0.a,0.b}')});
job('work');
is(sql('SELECT count(*) FROM em_run'), 3, 'three runs');
job('forget');
is(sql('SELECT count(*), min(run_id) FROM em_run'), '2|2', 'the two latest are kept');

job('analyze');
is(sql(q{SELECT count(*) FROM pg_stat_user_tables WHERE relname IN ('em_entry', 'em_entry_map', 'em_run', 'em_result', 'em_measure', 'em_series', 'em_job') AND analyze_count > 0}),
    7, 'the tables are analyzed');

is(job('report'), '', 'nothing to report');
sql(q{SELECT lo_create(0), lo_create(0); UPDATE em_job SET state = 'failed', error = 'x' WHERE job_id = (SELECT max(job_id) FROM em_job)});
my $said = job('report');
like($said, qr/WARNING:  emvalid: 2 large objects belong to nothing/, 'orphans are reported');
like($said, qr/WARNING:  emvalid: 1 validations failed/, 'and failures');
$node->stop('fast');
done_testing();
