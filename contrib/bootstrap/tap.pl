#!/usr/bin/perl
# Run test programs that speak TAP, print what failed, and count.
#
#   tap.pl --counts=FILE --spool=FOLDER [--lib=FOLDER] [--pgtap-template=DB] [--set=NAME=VALUE ...]
#          [--program] [--jobs=N] [--shown=FOLDER] [--logs=FOLDER] TEST ...
#
# --program: the tests are programs; otherwise *.sql are pgTAP scripts and the rest is Perl.
# Each pgTAP script gets a database of its own, copied from the template, because some of them
# commit.  --shown: where the caller will put the spool folder; --logs: where the Perl tests of
# PostgreSQL leave their own logs.  FILE receives "passed failed skipped"; the exit status is 1 when anything failed.
use strict;
use warnings;

use File::Basename;
use Getopt::Long;
use TAP::Harness;
use TAP::Parser::Aggregator;

my ($counts, $spool, @lib, $template, %set, $program);
my $jobs = 1;
my ($shown_spool, $logs);
GetOptions(
    'counts=s' => \$counts,
    'spool=s' => \$spool,
    'lib=s' => \@lib,
    'pgtap-template=s' => \$template,
    'set=s' => \%set,
    'program' => \$program,
    'jobs=i' => \$jobs,
    'shown=s' => \$shown_spool,
    'logs=s' => \$logs) or exit 2;
$shown_spool //= $spool;

# The whole output of each test is kept, so that a failure can be read afterwards.
$ENV{PERL_TEST_HARNESS_DUMP_TAP} = $spool;

# One database for one script, removed afterwards.
sub with_database
{
    my ($name, $code) = @_;
    system('psql', '-XqAt', '-d', 'postgres', '-c', "CREATE DATABASE $name TEMPLATE $template") == 0
        or die "could not copy database $template\n";
    $code->();
    system('psql', '-XqAt', '-d', 'postgres', '-c', "DROP DATABASE $name WITH (FORCE)");
}

sub lines_of
{
    my ($file) = @_;
    open my $in, '<', $file or return;
    return <$in>;
}

my $total = TAP::Parser::Aggregator->new;
$total->start;
my %common = (verbosity => -3, merge => 1, lib => [@lib], jobs => $jobs);
$common{exec} = sub { my ($harness, $file) = @_; return [$file] }
    if $program;

my @others = grep { !/\.sql$/ } @ARGV;
TAP::Harness->new({%common})->aggregate_tests($total, @others) if @others;

my $number = 0;
for my $test (grep { /\.sql$/ } @ARGV)
{
    my $db = sprintf 'pgtap_%02d', ++$number;
    my %pgtap = (dbname => $db, suffix => '.sql', set => {%set});
    with_database(
        $db,
        sub { TAP::Harness->new({ %common, sources => { pgTAP => {%pgtap} } })->aggregate_tests($total, $test) });
}
$total->stop;

# A test that died, or whose plan does not fit, failed once more than its lines say.
my ($passed, $failed, $skipped) = (0, 0, 0);
for my $test (@ARGV)
{
    my ($parser) = $total->parsers($test);
    my $lines_failed = scalar $parser->failed;
    my $skipped_here = scalar $parser->skipped;
    $skipped_here++ if $parser->skip_all;
    $passed += scalar($parser->passed) - scalar $parser->skipped;
    $skipped += $skipped_here;
    $failed += $lines_failed;

    my @problems = $parser->parse_errors;
    push @problems, 'exit status ' . $parser->exit if $parser->exit && !$lines_failed;
    $failed++ if @problems && !$lines_failed;
    next unless @problems || $lines_failed;

    print "FAILED $test", map({ " ($_)" } @problems), "\n";
    my @lines = lines_of("$spool/$test");
    my $shown = 0;
    my $keep = 0;
    for my $line (@lines)
    {
        # a failed assertion and the comments that follow it
        $keep = $line =~ /^not ok/ ? 1 : $keep && $line =~ /^\s*#/;
        print "    $line" if $keep && $shown++ < 40;
    }
    # a crash shows itself at the end
    if (@problems)
    {
        push @lines, lines_of("$logs/regress_log_" . basename($test, '.pl')) if $logs;
        my $from = @lines > 25 ? @lines - 25 : 0;
        print '    | ', $_ for @lines[ $from .. $#lines ];
    }
    print "    (all of it in $shown_spool/$test)\n";
}

open my $out, '>', $counts or die "cannot write $counts: $!\n";
print $out "$passed $failed $skipped\n";
close $out;
exit($failed ? 1 : 0);
