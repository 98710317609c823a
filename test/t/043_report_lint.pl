# The pages can be read by those who cannot see pictures or colours, and no text in an entry breaks a report.

use strict;
use warnings;
use utf8;
use Encode qw(decode_utf8 encode_utf8);
use FindBin;
use lib $FindBin::RealBin;
use EmTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $lint = "$FindBin::RealBin/../lint/page_lint.py";
my $folder = PostgreSQL::Test::Utils::tempdir();
my ($node, $import) = new_node('lint');

# What breaks HTML, XML, JSON, LaTeX and format strings, and what is not ASCII
my $hostile = q{</title></p><script>alert(1)</script> & &amp; "quoted" 'single' <img src=x onerror=y> \alpha_{1} $\beta^2$ 100% %s {value} ]]> αβγ Å→∞};

write_map("$import/a.map", 32, 1);
write_map("$import/b.map", 32, 2);
$node->safe_psql('postgres', encode_utf8(<<SQL));
SELECT em_ingest('bad <b>&"id', em_map_load('$import/a.map'), half1 => em_map_load('$import/a.map'),
                 half2 => em_map_load('$import/b.map'), contour => 0.6, resolution => 6, title => \$t\$$hostile\$t\$,
                 map_file => '<map>&.map');
CALL em_validate('bad <b>&"id');
INSERT INTO em_entry (entry_id) VALUES ('bare');
SQL

sub page
{
    my ($name, $query) = @_;
    my $file = "$folder/$name.html";

    append_to_file($file, $node->safe_psql('postgres', $query));
    return $file;
}

sub complaints
{
    return decode_utf8(scalar `python3 '$lint' @_`);
}

# The lint finds what it looks for
my $bad = complaints("$FindBin::RealBin/../lint/bad.html");
like($bad, qr/^\Q$_\E/m, "the lint sees: $_")
  for ('lang: the page', 'title: the page', 'id: a', 'link: #nowhere', 'link: #a has no text', 'link: <img> fetches http://example.org/x.png',
    'heading: h2', 'heading: h4', 'heading: an empty h4', 'heading: 0 h1', 'alternative: an img', 'alternative: an svg',
    "alternative: pictures with the same text 'same'", 'figure: a figure without', "figure: twice the caption 'Twice'", 'table: a table without',
    "table: '' has no header", "table: the header '3' has no scope", 'contrast: p has 2.85:1', 'contrast: td has the colour red',
    'contrast: b has 1.', "contrast: svg text 'pale'", "contrast: svg text 'unseen' has the fill #000 on #333", 'contrast: <p> has a colour', 'script:', "table: the rows of '' differ");

unlike($bad, qr/'seen'/, 'but light text on a dark ground is as good as dark text on a light one');

# The pages
my $report = page('entry', q{SELECT em_report_html('bad <b>&"id')});
my $bare = page('bare', q{SELECT em_report_html('bare')});
my $all = page('all', 'SELECT em_dashboard_html()');

is(complaints($report), '', 'the report of an entry has nothing to complain about');
is(complaints($bare), '', 'nor has that of an entry without anything');
is(complaints($all), '', 'nor has the page over all entries');

# The title is what it was, everywhere
my $html = decode_utf8(slurp_file($report));
unlike($html, qr/<script|<img src=x|<b>&/, 'nothing of the title is read as HTML');
my ($title) = $html =~ m{<dt>Title</dt><dd>(.*?)</dd>};
my %named = (lt => '<', gt => '>', quot => '"', amp => '&', '#39' => "'");
$title =~ s/&(#?\w+);/$named{$1}/ge;
is($title, $hostile, 'HTML gives the title back');
my $text = decode_utf8($node->safe_psql('postgres', q{SELECT em_report_text('bad <b>&"id')}));
my ($line) = $text =~ /^Title: (.*?)\nReported resolution:/ms;
$line =~ s/\n/ /g;
is($line, $hostile, 'so does text, but for its line breaks');
is($node->safe_psql('postgres', encode_utf8(qq{SELECT em_report_json('bad <b>&"id')::text::jsonb @? '\$.** ? (\@ == "} . ($hostile =~ s/(["\\])/\\$1/gr =~ s/'/''/gr) . qq{")'})),
    't', 'and JSON');
is($node->safe_psql('postgres', encode_utf8(<<SQL)), 't', 'and a plot');
SELECT (xpath('/s:svg/s:title/text()', em_plot_svg(jsonb_build_object('title', t, 'desc', t, 'curves', jsonb_build_array(
            jsonb_build_object('name', t, 'x', '[1,2]'::jsonb, 'y', '[1,2]'::jsonb)), 'x', jsonb_build_object('label', t)))::xml,
        '{{s,http://www.w3.org/2000/svg}}'))[1]::text = replace(replace(replace(t, '&', '&amp;'), '<', '&lt;'), '>', '&gt;')
FROM (VALUES (\$t\$$hostile\$t\$)) AS v (t)
SQL

# axe-core, where it is: EMVALID_AXE names axe.min.js, else the one that npm installed globally
SKIP:
{
    my $axe = $ENV{EMVALID_AXE} // '';
    my ($browser) = grep { -x } map { ("$_/chromium", "$_/chromium-browser", "$_/google-chrome") } split /:/, $ENV{PATH};

    if ($axe eq '' && grep { -x "$_/npm" } split /:/, $ENV{PATH})
    {
        my $root = `npm root -g 2>/dev/null` // '';
        chomp $root;
        $axe = "$root/axe-core/axe.min.js";
    }
    skip('axe-core is not installed (npm install -g axe-core, or EMVALID_AXE=.../axe.min.js), or there is no chromium', 1)
      unless -r $axe && $browser;

    my $script = slurp_file($axe) =~ s{</script}{<\\/script}gr;
    my $run = 'axe.run(document, {resultTypes: ["violations"]}).then(function (r) { document.documentElement.innerHTML = "<pre>AXE "'
      . ' + r.violations.map(function (v) { return v.id + " " + v.nodes[0].target; }).join("; ") + " EXA</pre>"; })';
    my $with = slurp_file($report) =~ s{</body>}{<script>$script</script><script>$run</script></body>}r;
    append_to_file("$folder/axe.html", $with);
    my $dom = `HOME='$folder' timeout 180 '$browser' --headless --disable-gpu --host-resolver-rules="MAP * ~NOTFOUND" --user-data-dir='$folder/browser' --virtual-time-budget=100000 --dump-dom 'file://$folder/axe.html' 2>/dev/null`;
    my ($found) = $dom =~ /AXE (.*?) EXA/s;
    skip('the browser did not run', 1) if $dom eq '';
    is($found, '', 'axe-core finds no violation');
}

$node->stop;
done_testing();
