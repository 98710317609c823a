# em_archive_refresh() beside others: nothing that commits while it runs is lost, and nobody waits for it.

use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use EmTest;
use Test::More;

my ($node) = new_node('refresh');
$node->safe_psql('postgres', <<'SQL');
INSERT INTO em_entry (entry_id) SELECT 'E' || i FROM generate_series(1, 40) AS i;
INSERT INTO em_run (entry_id) SELECT entry_id FROM em_entry;
INSERT INTO em_result (run_id, entry_id, check_code, state) SELECT run_id, entry_id, '0.d', 'measured' FROM em_run;
INSERT INTO em_measure (run_id, entry_id, check_code, name, value) SELECT run_id, entry_id, '0.d', 'bfactor', -100 FROM em_run;
SQL
my $ok = q{SELECT ok FROM em_archive_outcome WHERE profile = 'emvalid' AND check_code = '0.d'};

# A session whose transaction stays open after some statements
sub begin
{
    my ($sql) = @_;
    open(my $session, '|-', 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-d', $node->connstr('postgres')) or die;
    $session->autoflush(1);
    my $before = $node->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'});
    print $session "BEGIN; $sql;\n";
    $node->poll_query_until('postgres', qq{SELECT count(*) > $before FROM pg_stat_activity WHERE state = 'idle in transaction'}) or die;
    return $session;
}

sub commit
{
    my ($session) = @_;
    print $session "COMMIT;\n";
    close($session) or die;
}

# A change that is not committed when the first refresh, or a later one, looks
for my $time ('the first', 'a later')
{
    my $bfactor = $time eq 'the first' ? -1000 : -100;
    my $want = $time eq 'the first' ? 39 : 40;
    my $writer = begin("UPDATE em_measure SET value = $bfactor WHERE entry_id = 'E7'");
    $node->safe_psql('postgres', 'SELECT em_archive_refresh()');
    is($node->safe_psql('postgres', $ok), 79 - $want, "$time refresh does not see what is not committed");
    commit($writer);
    is($node->safe_psql('postgres', $ok), 79 - $want, 'nor do the views when it is');
    is($node->safe_psql('postgres', 'SELECT _em_archive_is_fresh()'), 'f', 'but it is noted');
    is($node->safe_psql('postgres', 'SELECT changed FROM em_archive_refresh()'), 1, 'and the next refresh finds it');
    is($node->safe_psql('postgres', $ok), $want, 'and shows it');
}

# A refresh that is not finished
$node->safe_psql('postgres', q{UPDATE em_criterion SET limit_value = -50 WHERE profile = 'emvalid' AND check_code = '0.d' AND ordinal = 1});
my $refresh = begin('SELECT em_archive_refresh()');
is($node->safe_psql('postgres', "SET statement_timeout = '20s'; $ok"), 40, 'readers read what was there before');
$node->safe_psql('postgres', "SET statement_timeout = '20s'; UPDATE em_measure SET value = -10 WHERE entry_id = 'E8'");
pass('and writers write');
my ($ret, $out, $err) = $node->psql('postgres', "SET lock_timeout = '500ms'; SELECT em_archive_refresh()");
like($err, qr/lock timeout/, 'a second refresh waits for the first');
commit($refresh);
is($node->safe_psql('postgres', $ok), 0, 'then everyone sees the new grades');
$node->safe_psql('postgres', 'SELECT em_archive_refresh()');
is($node->safe_psql('postgres', $ok), 1, 'and after the next refresh what was written meanwhile');

$node->stop;
done_testing();
