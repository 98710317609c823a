# The loader: a mirror of EMDB goes into the database once, in parallel; what is unchanged is skipped, what fails is
# reported and leaves nothing behind.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use EmTest;
use PostgreSQL::Test::Utils;
use Test::More;

my ($node, $import) = new_node('load');
my $mirror = PostgreSQL::Test::Utils::tempdir() . '/a mirror';
my $loader = "$FindBin::RealBin/../../contrib/load/emvalid-load";

sub spit
{
    my ($path, $text) = @_;
    open(my $fh, '>', $path) or die "$path: $!";
    print $fh $text;
    close $fh;
}

sub header
{
    my ($number, $title) = @_;
    spit("$mirror/structures/EMD-$number/header/emd-$number.xml",
        qq{<?xml version="1.0" encoding="UTF-8"?>\n<emd emdb_id="EMD-$number" version="3.0.9"><admin><title>${title}'s map</title></admin>}
          . qq{<map><contour_list><contour primary="true"><level>0.7</level></contour></contour_list></map></emd>\n});
}

for my $number (1 .. 6)
{
    my $dir = "$mirror/structures/EMD-$number";
    system('mkdir', '-p', map { "$dir/$_" } qw(header map other masks fsc));
    header($number, "Entry $number");
    write_map("$dir/map/emd_$number.map", 24, $number);
    if ($number == 2)
    {
        write_map("$dir/other/emd_2_half_map_$_.map", 24, 10 + $_) for 1, 2;
        write_map("$dir/masks/emd_2_msk_1.map", 24, 13);
    }
}
system('gzip', "$mirror/structures/EMD-1/map/emd_1.map", "$mirror/structures/EMD-2/other/emd_2_half_map_1.map");
spit("$mirror/structures/EMD-5/map/emd_5.map", 'this is no map');
unlink "$mirror/structures/EMD-6/map/emd_6.map";

# Deposited curves: of EMD-2 one in Latin-1, of EMD-4 two and one that is none
sub curve
{
    my ($path, $title, $x) = @_;
    spit($path, qq{<?xml version="1.0" encoding="ISO-8859-1"?>\n<fsc title="$title" xaxis="$x" yaxis="FSC">}
          . join('', map { "<coordinate><x>" . $_ / 24 . "</x><y>" . (1 - $_ / 12) . "</y></coordinate>" } 1 .. 11) . "</fsc>\n");
}
curve("$mirror/structures/EMD-2/fsc/emd_2_fsc.xml", 'masked', "Resolution (\xc5-1)");
curve("$mirror/structures/EMD-4/fsc/emd_4_fsc_1.xml", 'one', 'Resolution (A-1)');
curve("$mirror/structures/EMD-4/fsc/emd_4_fsc_12.xml", 'twelve', 'Resolution (A-1)');
spit("$mirror/structures/EMD-4/fsc/emd_4_fsc_2.xml", "<fsc><coordinate><x>0.1</x>");
# 1 - 12 k / 144 falls to 0.5 at k = 6: 1/4 1/A
my $curves = q{SELECT entry_id, role, file_name, title, x_kind, points, deposited_05 FROM em_fsc_deposited ORDER BY 1, 2};

sub load
{
    my ($status, @args) = @_;
    local $ENV{PGHOST} = $node->host;
    local $ENV{PGPORT} = $node->port;
    local $ENV{PGDATABASE} = 'postgres';
    my ($out, $err) = ('', '');
    IPC::Run::run([ $loader, @args ], '<', \undef, '>', \$out, '2>', \$err);
    is($? >> 8, $status, "exit status $status") or diag($err);
    return join("\n", sort split /\n/, $out);
}
my $contents = q{SELECT m.entry_id, m.role, m.file_name, e.title, e.contour FROM em_entry_map m JOIN em_entry e USING (entry_id) ORDER BY 1, 2};

like(load(1, '-n', $mirror), qr/^5 loaded, .* 1 failed/m, 'a dry run says what would be done');
is($node->safe_psql('postgres', 'SELECT count(*) FROM em_entry'), 0, 'and stores nothing');

my $out = load(1, '-j', 3, $mirror);
like($out, qr/^4 loaded, 0 updated, 0 unchanged, 2 failed, 0 not tried$/m, 'four entries are loaded');
like($out, qr/^failed EMD-5 .*(map|header|bytes|short)/m, 'a file that is no map is reported');
like($out, qr/^failed EMD-6 there is no map/m, 'and a missing one');
is($node->safe_psql('postgres', $contents), q{EMD-1|map|emd_1.map.gz|Entry 1's map|0.7
EMD-2|half1|emd_2_half_map_1.map.gz|Entry 2's map|0.7
EMD-2|half2|emd_2_half_map_2.map|Entry 2's map|0.7
EMD-2|map|emd_2.map|Entry 2's map|0.7
EMD-2|mask|emd_2_msk_1.map|Entry 2's map|0.7
EMD-3|map|emd_3.map|Entry 3's map|0.7
EMD-4|map|emd_4.map|Entry 4's map|0.7}, 'with all their files and what the header says');
like($out, qr/^loaded EMD-4 without emd_4_fsc_2\.xml, which is no FSC$/m, 'an FSC that cannot be read is reported, its entry loaded');
is($node->safe_psql('postgres', $curves), q{EMD-2|fsc|emd_2_fsc.xml|masked|1/Å|11|4
EMD-4|fsc_1|emd_4_fsc_1.xml|one|1/Å|11|4
EMD-4|fsc_12|emd_4_fsc_12.xml|twelve|1/Å|11|4}, 'the others are there');
is($node->safe_psql('postgres', 'SELECT count(*) FROM em_orphans()'), 0, 'failures leave no large object behind');
is($node->safe_psql('postgres', q{SELECT count(*) FROM em_job WHERE state = 'queued'}), 4, 'the entries are queued');
$node->safe_psql('postgres', 'DELETE FROM em_job');

# again, with some changes
write_map("$mirror/structures/EMD-3/map/emd_3.map", 24, 33);
header(4, 'Renamed');
write_map("$mirror/structures/EMD-5/map/emd_5.map", 24, 5);
write_map("$mirror/structures/EMD-6/map/emd_6.map", 24, 6);
my $sent = $node->safe_psql('postgres', q{SELECT lo FROM em_entry_map WHERE entry_id = 'EMD-2' AND role = 'half1'});
$out = load(0, $mirror);
like($out, qr/^2 loaded, 2 updated, 2 unchanged, 0 failed, 0 not tried$/m, 'a second load brings what is new');
like($out, qr/^updated EMD-3\nupdated EMD-4 without emd_4_fsc_2\.xml, which is no FSC$/m, 'and what has changed');
is($node->safe_psql('postgres', q{SELECT lo FROM em_entry_map WHERE entry_id = 'EMD-2' AND role = 'half1'}), $sent, 'the rest is not sent again');
is($node->safe_psql('postgres', q{SELECT string_agg(entry_id, ',' ORDER BY entry_id) FROM em_job}), 'EMD-3,EMD-5,EMD-6', 'only maps that changed are queued');
is($node->safe_psql('postgres', q{SELECT title FROM em_entry WHERE entry_id = 'EMD-4'}), q{Renamed's map}, 'a new header is taken over');
is($node->safe_psql('postgres', 'SELECT (SELECT count(*) FROM em_orphans()), (SELECT count(*) FROM em_entry_map)'), '0|9', 'replaced maps leave nothing behind');
like(load(0, $mirror, 'EMD-3'), qr/^0 loaded, 0 updated, 1 unchanged, 0 failed, 0 not tried$/m, 'a single entry');
curve("$mirror/structures/EMD-2/fsc/emd_2_fsc.xml", 'another', 'Resolution (A-1)');
curve("$mirror/structures/EMD-3/fsc/emd_3_fsc.xml", 'new', 'Resolution (A-1)');
like(load(0, $mirror), qr/^0 loaded, 2 updated, 4 unchanged, 0 failed, 0 not tried\n.*^updated EMD-2\nupdated EMD-3$/ms, 'curves that are new or changed');
is($node->safe_psql('postgres', q{SELECT string_agg(title, ',' ORDER BY entry_id, role) FROM em_fsc_deposited}), 'another,new,one,twelve', 'are taken over');
load(2, "$mirror/nowhere");
$node->stop('fast');
done_testing();
