# The pages of the report and of the archive are valid HTML, by tidy where it is installed.

use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use EmTest;
use PostgreSQL::Test::Utils;
use Test::More;

my ($tidy) = grep { -x } map { "$_/tidy" } split /:/, $ENV{PATH};
plan skip_all => 'tidy is not installed' if !$tidy;

my ($node, $import) = new_node('html');
write_map("$import/a.map", 32, 1);
write_map("$import/b.map", 32, 2);

$node->safe_psql('postgres', <<SQL);
SELECT em_ingest('<A> & "B"', em_map_load('$import/a.map'), half1 => em_map_load('$import/a.map'),
                 half2 => em_map_load('$import/b.map'), contour => 0.6, resolution => 6,
                 title => '</p><script>1</script> & \\alpha \x{3b1} ''"');
CALL em_validate('<A> & "B"');
INSERT INTO em_entry (entry_id) VALUES ('bare');
SQL

# What tidy complains about in a page
sub complaints
{
    my ($name, $query) = @_;
    my $file = PostgreSQL::Test::Utils::tempdir() . "/$name.html";

    append_to_file($file, $node->safe_psql('postgres', $query));
    my $said = `'$tidy' -q -e -utf8 '$file' 2>&1`;
    return $said;
}

is(complaints('entry', q{SELECT em_report_html('<A> & "B"')}), '', 'the report of an entry is valid');
is(complaints('bare', q{SELECT em_report_html('bare')}), '', 'so is that of an entry without anything');
is(complaints('all', 'SELECT em_dashboard_html()'), '', 'and the page over all entries');

$node->stop;
done_testing();
