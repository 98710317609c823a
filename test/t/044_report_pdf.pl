# contrib/report/report-pdf writes the report as PDF, and as the page itself.

use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use EmTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $command = "$FindBin::RealBin/../../contrib/report/report-pdf";
my $folder = PostgreSQL::Test::Utils::tempdir();

sub installed
{
    my ($name) = @_;
    return grep { -x "$_/$name" } split /:/, $ENV{PATH};
}

my ($node, $import) = new_node('pdf');
write_map("$import/a.map", 32, 1);
$node->safe_psql('postgres', <<SQL);
SELECT em_ingest('EMD-1 & co', em_map_load('$import/a.map'), contour => 0.6, resolution => 9, title => 'Ball <in> noise');
CALL em_validate('EMD-1 & co');
SQL
local $ENV{PGHOST} = $node->host;
local $ENV{PGPORT} = $node->port;
local $ENV{PGDATABASE} = 'postgres';
# A browser wants a home to write to
local $ENV{HOME} = $folder;

# The page
is(system($command, 'EMD-1 & co', "$folder/page.html", 'emvalid'), 0, 'the page is written');
like(slurp_file("$folder/page.html"), qr{^<!DOCTYPE html>.*<dd>Ball &lt;in&gt; noise</dd>.*<dd>emvalid</dd>.*</html>\s*$}s, 'and it is that of the entry, in the profile asked for');

# What goes wrong is said, and nothing is left behind
isnt(system("'$command' nobody '$folder/none.pdf' 2>'$folder/said'"), 0, 'an entry that does not exist');
like(slurp_file("$folder/said"), qr/nobody/, 'is named');
ok(!-e "$folder/none.pdf", 'and there is no file');
is(system("'$command' 2>/dev/null") >> 8, 2, 'without arguments it says how it is used');

SKIP:
{
    skip('neither chromium nor weasyprint is installed', 4)
      unless grep { installed($_) } qw(chromium chromium-browser google-chrome weasyprint);

    is(system($command, 'EMD-1 & co', "$folder/report.pdf"), 0, 'the PDF is written');
    my $pdf = slurp_file("$folder/report.pdf");
    like($pdf, qr/^%PDF-1\.\d.*%%EOF\s*$/s, 'it is one');

    SKIP:
    {
        skip('pdfinfo and pdftotext are not installed (poppler-utils)', 2) unless installed('pdfinfo') && installed('pdftotext');
        my ($pages) = `pdfinfo '$folder/report.pdf'` =~ /^Pages:\s+(\d+)/m;
        ok($pages >= 5 && $pages <= 20, "it has a sensible number of pages ($pages)");
        my $text = `pdftotext -layout '$folder/report.pdf' -`;
        like($text, qr/Report to assess a cryo-EM map.*EMD-1 & co.*Ball <in> noise.*2\.1 Level 0\.a Mass analysis.*Methods/s, 'with the title and the sections of the entry');
    }
}

$node->stop;
done_testing();
