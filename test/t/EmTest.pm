# What the tests with servers of their own share: a cluster with the extension, and maps on disk.
package EmTest;

use strict;
use warnings;
use Exporter 'import';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Time::HiRes qw(time);

our @EXPORT = qw(new_node write_map memory_kb lateness slow_commits $committing);

# A started cluster with the extension; maps may be imported from the returned folder.
sub new_node
{
    my ($name) = @_;
    my $node = PostgreSQL::Test::Cluster->new($name);
    my $import = PostgreSQL::Test::Utils::tempdir();

    $node->init;
    $node->append_conf('postgresql.conf', "fsync = off\nmax_wal_size = 8GB\nemvalid.import_path = '$import'\n");
    $node->start;
    $node->safe_psql('postgres', 'CREATE EXTENSION emvalid');
    return ($node, $import);
}

# Write a map of n^3 voxels of 1 A, little-endian float32: a ball of density 1 with a radius of n/4
# in repeated noise of standard deviation about 0.3.  `seed` chooses the noise.
sub write_map
{
    my ($path, $n, $seed) = @_;
    my $header = pack('l<10', $n, $n, $n, 2, 0, 0, 0, $n, $n, $n) . pack('f<6', $n, $n, $n, 90, 90, 90)
      . pack('l<3', 1, 2, 3) . pack('f<3', 0, -1, -2) . pack('l<2', 1, 0);

    $header .= "\0" x (196 - length $header) . pack('f<3', 0, 0, 0) . 'MAP ' . pack('C4', 0x44, 0x44, 0, 0)
      . pack('f<', -1) . pack('l<', 0);
    $header .= "\0" x (1024 - length $header);

    srand($seed);
    my $size = $n * $n;
    my @noise = map { 0.7 * (rand() + rand() - 1) } 1 .. $size;
    my $noise = pack('f<*', @noise);
    my $half = int($n / 2);
    my $radius2 = ($n / 4)**2;

    open(my $fh, '>:raw', $path) or die "$path: $!";
    print $fh $header;
    for my $z (0 .. $n - 1)
    {
        # each plane is the same noise, shifted by a different odd number of rows and voxels
        my $shift = 4 * ((7919 * ($z + 1) * $n + 104729 * $z * $seed) % $size);
        my $plane = substr($noise, $shift) . substr($noise, 0, $shift);
        my $left = $radius2 - ($z - $half)**2;

        if ($left >= 0)
        {
            for my $y (0 .. $n - 1)
            {
                my $row = $left - ($y - $half)**2;
                next if $row < 0;
                my $reach = int(sqrt($row));
                my $from = 4 * ($y * $n + $half - $reach);
                my $count = 2 * $reach + 1;
                substr($plane, $from, 4 * $count) =
                  pack('f<*', map { $_ + 1 } unpack('f<*', substr($plane, $from, 4 * $count)));
            }
        }
        print $fh $plane;
    }
    close($fh) or die "$path: $!";
}

# A figure of /proc/PID/status in kB, for example VmRSS.
sub memory_kb
{
    my ($pid, $what) = @_;
    open(my $fh, '<', "/proc/$pid/status") or return undef;
    while (<$fh>) { return $1 if /^$what:\s+(\d+)/ }
    return undef;
}

# From now on a transaction that stores results takes a minute to commit, until slow_commit() is dropped.
sub slow_commits
{
    my ($node) = @_;
    $node->safe_psql('postgres',
        q{CREATE FUNCTION slow_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN NULL; END $$;
          CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT ON em_result DEFERRABLE INITIALLY DEFERRED
              FOR EACH ROW EXECUTE FUNCTION slow_commit()});
}

# The workers that are in such a commit.
our $committing = q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'emvalid worker' AND wait_event = 'PgSleep'};

# How long a client takes for a statement, in ms, and what it says.
sub _client_ms
{
    my ($node, $sql) = @_;
    my $start = time;
    my ($ret, $out, $err) = $node->psql('postgres', $sql);
    return (1000 * (time - $start), $ret, $err);
}

# How many ms after `after` ms a statement under statement_timeout ended, less what a client takes for nothing; and the
# error, '' when it was done before.  What took longer than `allowed` is asked again, twice at most: a busy machine is late
# now and then, a loop that does not look for interrupts always.
sub lateness
{
    my ($node, $sql, $after, $allowed) = @_;
    my ($least, $said);
    for (1 .. 3)
    {
        my ($extra) = _client_ms($node, 'SELECT 1');
        my ($took, $ret, $err) = _client_ms($node, "SET statement_timeout = $after; $sql");
        my $late = $took - $after - $extra;

        return (0, '') if $ret == 0;
        ($least, $said) = ($late, $err) if !defined $least || $late < $least;
        last if $least < $allowed;
    }
    return ($least, $said);
}

1;
