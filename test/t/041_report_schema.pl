# em_report_json() against its JSON Schema, by the validator of python3-jsonschema where it is installed.

use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use EmTest;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'python3-jsonschema is not installed'
  if system(q{python3 -c 'from jsonschema import Draft202012Validator' 2>/dev/null}) != 0;

my ($node, $import) = new_node('schema');
write_map("$import/a.map", 32, 1);
write_map("$import/b.map", 32, 2);
my $reports = slurp_file("$FindBin::RealBin/../reports/load_reports.sql");
$node->safe_psql('postgres', $reports);

# Measured entries: with half maps and a header, without a resolution or contour; with a check of a memory that is too
# small; and one with nothing at all
$node->safe_psql('postgres', <<SQL);
SELECT em_ingest('<A> & "B"', em_map_load('$import/a.map'), half1 => em_map_load('$import/a.map'), half2 => em_map_load('$import/b.map'), header =>
    '<emd emdb_id="EMD-1" version="3.0.2.4"><admin><title>\x{3b1} &lt;b&gt;</title><authors_list><author>X Y</author></authors_list>
     <key_dates><deposition>2020-02-29</deposition></key_dates></admin><map><contour_list><contour primary="true"><level>0.6</level><source>AUTHOR</source></contour>
     <contour primary="false"><level>0.7</level></contour></contour_list></map></emd>'::xml, resolution => 6);
SELECT em_ingest('no header', em_map_load('$import/a.map'));
SELECT em_ingest('empty mask', em_map_load('$import/a.map'), contour => 1000, resolution => 20);
INSERT INTO em_entry (entry_id) VALUES ('bare');
SELECT em_validate_atomic('<A> & "B"'), em_validate_atomic('no header'), em_validate_atomic('empty mask');
SQL
is($node->safe_psql('postgres', q{SELECT string_agg(DISTINCT state, ',' ORDER BY state) FROM em_result}), 'failed,measured,not_applicable',
    'there are results of every kind');

my $folder = PostgreSQL::Test::Utils::tempdir();
append_to_file("$folder/schema.json", $node->safe_psql('postgres', 'SELECT em_report_json_schema()'));
append_to_file("$folder/reports.json", $node->safe_psql('postgres',
    q{SELECT em_report_json(e.entry_id, p.profile)::text FROM em_entry e, em_profile p ORDER BY e.entry_id, p.profile}));
append_to_file("$folder/check.py", <<'PY');
import copy, json, sys
from jsonschema import Draft202012Validator as Validator

schema = json.load(open(sys.argv[1], encoding="utf-8"))
Validator.check_schema(schema)
validator = Validator(schema)
good = wrong = 0
for line in open(sys.argv[2], encoding="utf-8"):
    report = json.loads(line)
    errors = [f"{report['entry']['entry_id']}: {'/'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in validator.iter_errors(report)]
    print("\n".join(errors), file=sys.stderr)
    good += not errors
    # what the schema must not let pass
    for spoil in (lambda r: r.update(new=1), lambda r: r["entry"].update(new=1), lambda r: r.pop("score"), lambda r: r["entry"].update(resolution="4"),
                  lambda r: r["items"][0].update(new=1), lambda r: r["items"][0].update(verdict="fine"), lambda r: r["items"][0].pop("state"),
                  lambda r: r["runs"][0].update(started=None)):
        bad = copy.deepcopy(report)
        try:
            spoil(bad)
        except IndexError:
            continue
        wrong += validator.is_valid(bad)
print(good, wrong)
PY
my ($out, $err) = run_command([ 'python3', "$folder/check.py", "$folder/schema.json", "$folder/reports.json" ]);
my $count = $node->safe_psql('postgres', 'SELECT (SELECT count(*) FROM em_entry) * (SELECT count(*) FROM em_profile)');
cmp_ok($count, '>=', 18, 'nine entries in two profiles');
is($out, "$count 0", 'every report is valid, and no spoiled one');
$err =~ s/^\s+//mg;
is($err, '', 'without complaints');

$node->stop;
done_testing();
