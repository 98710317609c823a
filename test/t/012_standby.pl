# A streaming standby: views, reports, pictures and measuring functions work there without writing; what writes is
# refused; after promotion it validates.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use EmTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $import = PostgreSQL::Test::Utils::tempdir();
write_map("$import/map.mrc", 40, 1);
write_map("$import/half1.mrc", 40, 2);
write_map("$import/half2.mrc", 40, 3);

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', "fsync = off\nemvalid.import_path = '$import'\n"
      . "shared_preload_libraries = 'emvalid'\nemvalid.workers = 1\n");
$primary->start;
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;

$primary->safe_psql('postgres', 'CREATE EXTENSION emvalid');
$primary->safe_psql('postgres', qq{
    SELECT em_ingest('A', em_map_load('$import/map.mrc'), em_map_load('$import/half1.mrc'),
                     em_map_load('$import/half2.mrc'), contour => 0.7, resolution => 4, title => 'An entry');
    SELECT em_ingest('B', em_map_load('$import/map.mrc'), contour => 0.8)});
ok($primary->poll_query_until('postgres', q{SELECT count(*) = 2 FROM em_job WHERE state = 'done'}), 'two entries are validated on the primary');
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
is($standby->safe_psql('postgres', 'SELECT pg_is_in_recovery()'), 't', 'the standby is one');
is($standby->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'emvalid worker'}), 0, 'its workers wait for a promotion');

# everything that can be read says the same on both
my %reads = (
    outcome => 'SELECT * FROM em_outcome ORDER BY 1, 2, 3',
    warning => 'SELECT * FROM em_warning ORDER BY 1, 2, 3, 4',
    score => 'SELECT * FROM em_score ORDER BY 1, 2',
    overview => 'SELECT * FROM em_overview ORDER BY 1',
    archive => 'SELECT * FROM em_archive_outcome ORDER BY 1, 2',
    text => q{SELECT em_report_text('A')},
    json => q{SELECT em_report_json('A')},
    html => q{SELECT md5(em_report_html('A'))},
    dashboard => 'SELECT length(em_dashboard_html()) > 1000',
    stale => 'SELECT * FROM em_stale ORDER BY 1, 2',
    job => 'SELECT job_id, entry_id, state FROM em_job ORDER BY 1',
    orphans => 'SELECT * FROM em_orphans()',
    bytes => 'SELECT entry_id, role, sha256(em_map_to_bytea(map)) FROM em_entry_map ORDER BY 1, 2',
    stats => 'SELECT entry_id, role, (em_map_stats(map)).* FROM em_entry_map ORDER BY 1, 2',
    mask => q{SELECT entry_id, b.* FROM em_entry_map m, em_mask_analysis(m.map, 0.7) b WHERE role = 'map' ORDER BY 1},
    bfactor => q{SELECT b.* FROM em_entry_map m, em_bfactor(m.map, 4) b WHERE role = 'map' AND entry_id = 'A'},
    fsc => q{SELECT f.* FROM em_entry_map a, em_entry_map b, em_fsc(a.map, b.map) f WHERE a.role = 'half1' AND b.role = 'half2' ORDER BY shell},
    blocres => q{SELECT f.* FROM em_entry_map a, em_entry_map b, em_entry_map m, em_blocres(a.map, b.map, m.map, contour => 0.7, fast => true) f WHERE m.role = 'map' AND m.entry_id = 'A' AND a.role = 'half1' AND b.role = 'half2'},
    slice => q{SELECT md5(em_slice_png(map, 'z')) FROM em_entry_map WHERE role = 'map' ORDER BY 1},
    lint => 'SELECT entry_id, role, l.* FROM em_entry_map m, em_header_lint(m.map, true) l ORDER BY 1, 2, 4',
    regrade => q{SELECT * FROM em_regrade_diff('vrs', 'emvalid') ORDER BY 1, 2},
);
for my $what (sort keys %reads)
{
    my ($ret, $out, $err) = $standby->psql('postgres', "SET jit = off; $reads{$what}");
    is($ret == 0 ? $out : $err, $primary->safe_psql('postgres', $reads{$what}), "$what: as on the primary");
}
is($standby->safe_psql('postgres', q{SELECT measured.value = (now.b).bfactor FROM em_measure measured,
        (SELECT em_bfactor(map, 4) AS b FROM em_entry_map WHERE entry_id = 'A' AND role = 'map') AS now
    WHERE measured.entry_id = 'A' AND measured.check_code = '0.d' AND measured.name = 'bfactor' ORDER BY run_id DESC LIMIT 1}), 't', 'what the standby measures is what the primary stored');

# everything that writes is refused, in a word
my %writes = (
    validate => q{CALL em_validate('A')},
    work => 'CALL em_work()',
    ingest => q{SELECT em_ingest('A', NULL, title => 'x')},
    load => qq{SELECT em_map_load('$import/map.mrc')},
    volume => q{SELECT em_blocres_map(a.map, b.map, m.map, contour => 0.7, fast => true) FROM em_entry_map a, em_entry_map b, em_entry_map m WHERE m.role = 'map' AND m.entry_id = 'A' AND a.role = 'half1' AND b.role = 'half2'},
    enqueue => q{SELECT em_enqueue('A')},
    worker => 'SELECT em_launch_worker()',
);
for my $what (sort keys %writes)
{
    my ($ret, $out, $err) = $standby->psql('postgres', $writes{$what});
    like($err, qr/ERROR: .*(read-only transaction|during recovery|recovery is in progress)/, "$what is refused");
}

# promotion
$standby->promote;
ok($standby->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'emvalid worker'}), 'after promotion the worker starts');
$standby->safe_psql('postgres', q{SELECT em_enqueue('A', '{0.a,0.d}')});
ok($standby->poll_query_until('postgres', q{SELECT count(*) = 0 FROM em_job WHERE state IN ('queued', 'running')}), 'and validates');
is($standby->safe_psql('postgres', q{SELECT count(*) FROM em_measure a JOIN em_measure b USING (entry_id, check_code, name)
    WHERE a.run_id = (SELECT max(run_id) FROM em_run) AND b.run_id < a.run_id AND a.value <> b.value}), 0, 'with the same numbers');
$standby->stop('fast');
$primary->stop('fast');
done_testing();
