# ALTER EXTENSION emvalid UPDATE: afterwards the database is as if the new version had been installed at once, and
# entries, results, verdicts, the user's own criteria and rights are as before.
#
# test/versions holds the install script of each released version; each is updated to the present one by the
# scripts of sql/updates.  The present version itself is updated to one that the test makes up, with a change of
# every kind that an update script can bring, so that what is released can be updated and this test can fail.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use EmTest;
use PostgreSQL::Test::Utils;
use Test::More;
use File::Copy;

my ($sharedir) = PostgreSQL::Test::Utils::run_command([ 'pg_config', '--sharedir' ]);
my $scripts = "$sharedir/extension";
plan skip_all => "the test must be able to write to $scripts" if !-w $scripts;

my @made;
END { unlink @made if @made }

sub slurp
{
    my ($path) = @_;
    open(my $fh, '<', $path) or die "$path: $!";
    local $/;
    return scalar <$fh>;
}

sub make_script
{
    my ($name, $text) = @_;
    my $path = "$scripts/emvalid--$name.sql";
    die "$path is there already" if -e $path;
    push @made, $path;
    open(my $fh, '>', $path) or die "$path: $!";
    print $fh $text;
    close $fh;
}

my ($present) = slurp("$scripts/emvalid.control") =~ /^default_version *= *'(.*)'/m;
my $script = slurp("$scripts/emvalid--$present.sql");

# The next version, as its install script has it ...
my $next = $script;
sub change
{
    my ($from, $to) = @_;
    my $times = () = $next =~ /\Q$from\E/g;
    is($times, 1, "the script says once: $from");
    $next =~ s/\Q$from\E/$to/;
}
change("finished      timestamptz\n);", "finished      timestamptz,\n    note          text\n);\nCOMMENT ON COLUMN em_job.note IS 'what a person has to say';");
change('keep must be at least 1, not %s', 'keep must be 1 or more, not %s');
change('the same questions with the known defects of the service corrected;', 'the known defects of the service are corrected;');
change(q{'limit of VRS; D22: the mask is dilated by a true distance of 2 Å'}, q{'reconsidered'});
change("s.not_applicable, s.score\nFROM em_entry e", "s.not_applicable, s.score, e.method\nFROM em_entry e");
my $orphans = qr/^CREATE FUNCTION em_orphans\(.*?^COMMENT ON FUNCTION em_orphans\(\).*?;\n/ms;
like($next, $orphans, 'there is a function to take away');
$next =~ s/$orphans//;
my $new = q{
CREATE TABLE em_note (entry_id text PRIMARY KEY REFERENCES em_entry ON UPDATE CASCADE ON DELETE CASCADE, note text NOT NULL);
COMMENT ON TABLE em_note IS 'notes';
CREATE INDEX em_note_text ON em_note (note);
CREATE FUNCTION em_note_of(entry_id text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE COST 10
RETURN (SELECT n.note FROM em_note n WHERE n.entry_id = em_note_of.entry_id);
COMMENT ON FUNCTION em_note_of(text) IS 'note of an entry';
INSERT INTO em_criterion (profile, check_code, ordinal, measure, comparison, limit_value, warning, shipped)
VALUES ('emvalid', '0.b', 90, 'components', '<=', 100000, 'Very many pieces: {value}.', true)
ON CONFLICT DO NOTHING;
SELECT pg_catalog.pg_extension_config_dump('em_note', '');
};

# ... and as a script brings it to those who have the present one.
my ($overview) = $next =~ /^(CREATE VIEW em_overview AS\n.*?;\n)/ms;
my ($forget) = $next =~ /^(CREATE FUNCTION em_forget_runs\(.*?^\$\$;\n)/ms;
s/^CREATE/CREATE OR REPLACE/ for $overview, $forget;
my $update = q{\echo Use "ALTER EXTENSION emvalid UPDATE" to load this file. \quit
ALTER TABLE em_job ADD COLUMN note text;
COMMENT ON COLUMN em_job.note IS 'what a person has to say';
DROP FUNCTION em_orphans();
ALTER TABLE em_profile DISABLE TRIGGER em_mark_edited;
ALTER TABLE em_criterion DISABLE TRIGGER em_mark_edited;
UPDATE em_profile SET description = 'the known defects of the service are corrected; each criterion says why'
WHERE profile = 'emvalid' AND shipped AND NOT edited;
UPDATE em_criterion SET comment = 'reconsidered'
WHERE profile = 'emvalid' AND check_code = '0.a' AND ordinal BETWEEN 1 AND 3 AND shipped AND NOT edited;
ALTER TABLE em_profile ENABLE TRIGGER em_mark_edited;
ALTER TABLE em_criterion ENABLE TRIGGER em_mark_edited;
} . $overview . $forget . $new . "SELECT _em_keep_row_security();\n";

make_script('9.0.0', $next . $new);
make_script("$present--9.0.0", $update);
# one that forgets a comment, a default of a shipped row and what is dumped
my $careless = $update;
$careless =~ s/COMMENT ON COLUMN em_job\.note.*?;//;
$careless =~ s/UPDATE em_profile.*?;\n//s;
$careless =~ s/SELECT pg_catalog\.pg_extension_config_dump.*?;//;
make_script("$present--9.0.1", $careless);

my ($node, $import) = new_node('update');
write_map("$import/map.mrc", 32, 1);
write_map("$import/half1.mrc", 32, 2);
write_map("$import/half2.mrc", 32, 3);
$node->safe_psql('postgres', 'DROP EXTENSION emvalid');

sub sql { return $node->safe_psql($_[0], $_[1]) }

# What a database consists of, line by line.
sub catalogue
{
    my ($db) = @_;
    my ($out, $err) = ('', '');
    IPC::Run::run([ 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($db), '-f', "$FindBin::RealBin/../data/catalogue.sql" ],
        '<', \undef, '>', \$out, '2>', \$err) or die $err;
    return $out;
}

sub database
{
    my ($db, $version) = @_;
    sql('postgres', "CREATE DATABASE $db");
    sql($db, "CREATE EXTENSION emvalid VERSION '$version'");
}

# Lines of two catalogues that are not in both, without the rows that a user may change.
sub differences
{
    my ($one, $other) = @_;
    my %seen;
    $seen{$_}++ for split /\n/, $one;
    $seen{$_}-- for split /\n/, $other;
    return join("\n", sort grep { $seen{$_} } keys %seen);
}

# An installation in use: entries with results, a criterion of the user's own, an edited one, a hidden entry.
sub populate
{
    my ($db) = @_;
    sql($db, qq{
        SELECT em_ingest('A', em_map_load('$import/map.mrc'), em_map_load('$import/half1.mrc'),
                         em_map_load('$import/half2.mrc'), contour => 0.7, resolution => 4);
        SELECT em_ingest('HIDDEN', em_map_load('$import/map.mrc'), contour => 0.8);
        INSERT INTO em_profile (profile, description) VALUES ('mine', 'my own limits');
        INSERT INTO em_criterion (profile, check_code, ordinal, measure, comparison, limit_value, warning)
            VALUES ('mine', '0.b', 1, 'components', '<=', 1, 'too many pieces: {value}'),
                   ('emvalid', '0.b', 90, 'components', '<=', 2, 'mine, and not yours');
        UPDATE em_criterion SET limit_value = 21.5 WHERE profile = 'emvalid' AND check_code = '0.a' AND ordinal = 1;
        UPDATE em_profile SET description = 'what I think' WHERE profile = 'emvalid'});
    sql($db, q{CALL em_validate('A', '{0.a,0.b,0.c,1.a}')});
    sql($db, q{CALL em_validate('HIDDEN', '{0.a,0.b}')});
    sql($db, 'SELECT em_setup_row_security()');
    sql($db, q{CREATE ROLE reader IN ROLE emvalid_reader}) if sql($db, q{SELECT to_regrole('reader') IS NULL}) eq 't';
    sql($db, q{CREATE POLICY released ON em_entry FOR SELECT TO emvalid_reader USING (entry_id <> 'HIDDEN')});
}
my $contents = q{
    SELECT entry_id, profile, check_code, outcome FROM em_outcome ORDER BY 1, 2, 3;
    SELECT * FROM em_warning ORDER BY 1, 2, 3, 4;
    SELECT entry_id, profile, score FROM em_score ORDER BY 1, 2;
    SELECT entry_id, role, em_sha256(map), lo, file_name, (em_map_stats(map)).* FROM em_entry_map ORDER BY 1, 2;
    SELECT run_id, entry_id, check_code, state, method, recorded FROM em_result ORDER BY 1, 2, 3;
    SELECT entry_id, check_code, name, value, unit FROM em_measure ORDER BY 1, 2, 3;
    SELECT entry_id, check_code, name, md5(x::text || y::text) FROM em_series ORDER BY 1, 2, 3;
    SELECT profile, check_code, ordinal, measure, limit_value, warning, edited FROM em_criterion WHERE edited OR NOT shipped ORDER BY 1, 2, 3;
    SELECT profile, description, edited FROM em_profile WHERE edited OR NOT shipped ORDER BY 1;
    SELECT job_id, entry_id, state, enqueued FROM em_job ORDER BY 1;
};
# every view, as somebody who must not see the hidden entry
my $peek = q{
    SELECT format('SET ROLE reader; SELECT %L, count(*) FROM %s t WHERE to_jsonb(t) ->> ''entry_id'' = ''HIDDEN''; RESET ROLE', c.oid::regclass, c.oid::regclass)
    FROM pg_class c JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'entry_id'
    WHERE c.relkind = 'v' AND c.relname NOT LIKE '\_%' AND has_table_privilege('reader', c.oid, 'SELECT')};

# The views that show it.
sub leaks
{
    my ($db) = @_;
    return join(' ', grep { !/\|0$/ } map { sql($db, $_) } split /\n/, sql($db, $peek));
}

# Update an installation in use and one that is empty from one version to another.
sub update_works
{
    my ($from, $to) = @_;
    my $name = "from_$from" =~ s/\W/_/gr;

    database("${name}_empty", $from);
    database("${name}_fresh", $to);
    database($name, $from);
    populate($name);
    my $before = sql($name, $contents);
    like($before, qr/A\|mine\|0\.b\|/, "$from: there is something to keep");

    sql($_, "ALTER EXTENSION emvalid UPDATE TO '$to'") for $name, "${name}_empty";
    is(differences(catalogue("${name}_fresh"), catalogue("${name}_empty")), '', "$from to $to: the same objects and rows as in a fresh installation");
    is(sql($name, $contents), $before, "$from to $to: entries, results, verdicts and edits are as they were");
    is(leaks($name), '', "$from to $to: what was hidden stays hidden");
    sql($name, 'ALTER VIEW em_overview RESET (security_invoker)');
    is(leaks($name), "em_overview|1", "$from to $to: which would be seen otherwise");
    sql($name, 'SELECT em_setup_row_security()');
    sql($name, q{CALL em_validate('A', '{0.a,0.b,0.c,1.a}')});
    is(sql($name, q{SELECT count(*) FROM em_measure a JOIN em_measure b USING (entry_id, check_code, name)
                    WHERE a.run_id = 1 AND b.run_id = (SELECT max(run_id) FROM em_run) AND a.value = b.value}),
        sql($name, 'SELECT count(*) FROM em_measure WHERE run_id = 1'), "$from to $to: measures the same");

    # and a dump of it is that of the new version
    my $dump = PostgreSQL::Test::Utils::tempdir() . '/db.dump';
    sql('postgres', "CREATE DATABASE ${name}_restored");
    $node->command_ok([ 'pg_dump', '-Fc', '-Z0', '-f', $dump, $name ], "$from to $to: dump");
    # a dump names the version only by what CREATE EXTENSION installs by default
    if ($to eq $present)
    {
        $node->command_ok([ 'pg_restore', '--exit-on-error', '-d', "${name}_restored", $dump ], "$from to $to: restore");
        is(sql("${name}_restored", q{SELECT count(*) FROM em_outcome}), sql($name, q{SELECT count(*) FROM em_outcome}), "$from to $to: with all outcomes");
    }
    sql('postgres', "DROP DATABASE $_") for $name, "${name}_empty", "${name}_fresh", "${name}_restored";
}

for my $path (sort glob "$FindBin::RealBin/../versions/emvalid--*.sql")
{
    my ($version) = $path =~ /emvalid--(.*)\.sql$/;
    isnt($version, $present, "$version is an older version") or next;
    make_script($version, slurp($path));
    update_works($version, $present);
}
update_works($present, '9.0.0');

# The comparison notices what an update script forgets.
database('careless', $present);
database('fresh', '9.0.0');
sql('careless', "ALTER EXTENSION emvalid UPDATE TO '9.0.1'");
my $found = differences(catalogue('fresh'), catalogue('careless'));
like($found, qr/^column public\.em_job\.note: .*what a person has to say/m, 'a forgotten comment is found');
like($found, qr/^dumped em_note/m, 'a table that is not dumped is found');
like($found, qr/^row public\.em_profile .*the known defects/m, 'a shipped row that was not brought up to date is found');
is(scalar(grep { !/em_job\.note|em_note|em_profile/ } split /\n/, $found), 0, 'and nothing else');

$node->stop;
done_testing();
