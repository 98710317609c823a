-- Deposited FSC curves: what x is, where they cross, which of our curves they are.
\set ON_ERROR_STOP 1
BEGIN;
SELECT plan(23);

CREATE FUNCTION pg_temp.fsc(label text, x float8[], y float8[]) RETURNS xml LANGUAGE sql AS $$
    SELECT xmlelement(name fsc, xmlattributes('a curve' AS title, label AS xaxis, 'Correlation Coefficient' AS yaxis),
        xmlagg(xmlelement(name coordinate, xmlelement(name x, a), xmlelement(name y, b)) ORDER BY i))
    FROM unnest(x, y) WITH ORDINALITY AS t (a, b, i)
$$;

-- the same curve, 100 voxels of 2 Å: shell i has frequency i/200 and value 1 - i/50
CREATE TEMP TABLE curve AS
    SELECT array_agg(i::float8 ORDER BY i) AS shell, array_agg(i / 200.0::float8 ORDER BY i) AS f, array_agg(1 - i / 50.0::float8 ORDER BY i) AS v,
           array_agg(i / 100.0::float8 ORDER BY i) AS digital, array_agg(i / 50.0::float8 ORDER BY i) AS nyquist, array_agg(200.0::float8 / i ORDER BY i) AS d
    FROM generate_series(1, 50) AS i;

SELECT is(x_kind, want, 'x labelled "' || label || '" is ' || want)
FROM (SELECT 'Resolution (A-1)' AS label, f AS x, '1/Å' AS want, v FROM curve
      UNION ALL SELECT 'Resolution (1/Å)', f, '1/Å', v FROM curve
      UNION ALL SELECT 'Normalized Spatial Frequency', digital, '1/voxel', v FROM curve
      UNION ALL SELECT 'Spatial frequency', nyquist, '1/nyquist', v FROM curve
      UNION ALL SELECT 'Spatial frequency', f, '1/Å', v FROM curve
      UNION ALL SELECT 'shell', shell, 'shell', v FROM curve
      UNION ALL SELECT 'Resolution', d, 'Å', v FROM curve) AS c,
     LATERAL em_fsc_xml_read(pg_temp.fsc(label, x, v), 2, 100) AS r WHERE point = 1;
SELECT is((SELECT max(abs(r.frequency - i / 200.0)) < 1e-12
           FROM curve, generate_series(1, 50) AS i, em_fsc_xml_read(pg_temp.fsc('Normalized frequency', digital, v), 2, 100) AS r
           WHERE r.point = i), true, 'a share of the sampling frequency becomes 1/Å');
SELECT is((SELECT count(*) FROM curve, em_fsc_xml_read(pg_temp.fsc('Normalized frequency', digital, v)) AS r WHERE frequency IS NOT NULL),
          0::bigint, 'without a voxel size it stays unknown');
SELECT is((SELECT count(*) FROM em_fsc_xml_read('<fsc><coordinate><x>a</x><y>1</y></coordinate></fsc>')), 0::bigint, 'points that are no numbers are left out');
SELECT is((SELECT count(*) FROM em_fsc_xml_read('<other/>')), 0::bigint, 'a document without points has none');

-- the demo entry's own curve, written and read again
SELECT :'demo' <> '' AS have_demo \gset
\if :have_demo
SET LOCAL emvalid.import_path = :'demo';
SELECT em_ingest('FSC', em_map_load(:'demo' || '/demo.map'), em_map_load(:'demo' || '/demo_half1.map'),
                 em_map_load(:'demo' || '/demo_half2.map'), contour => 0.0607, resolution => 4.2) IS NOT NULL AS loaded,
       em_validate_atomic('FSC', '{1.a}') > 0 AS validated \gset
SELECT em_add_fsc_xml('FSC', pg_temp.fsc('Resolution (A-1)', x, y), 'emd_x_fsc.xml') IS NULL AS added
FROM em_series WHERE entry_id = 'FSC' AND name = 'fsc' \gset
SELECT is(closest_curve || ' ' || round(difference::numeric, 6), 'fsc 0.000000', 'the deposited curve is recognised')
FROM em_fsc_deposited WHERE entry_id = 'FSC';
SELECT ok(abs(deposited_0143 - unmasked_0143) < 1e-6, 'and crosses 0.143 where ours does') FROM em_fsc_deposited WHERE entry_id = 'FSC';
-- every curve of ours, written as XML and given back as a deposited one: the same numbers to the last bit, and recognised
CREATE TEMP TABLE ours AS
    SELECT s.name AS curve, s.x, s.y, em_fsc_xml('FSC', s.name) AS doc
    FROM em_series s WHERE s.entry_id = 'FSC' AND s.name IN ('fsc', 'fsc_masked', 'fsc_corrected');
SELECT is((SELECT count(*) FROM ours WHERE doc IS NOT NULL), 3::bigint, 'three curves as XML');
SELECT is((SELECT count(*) FROM ours, unnest(ours.x, ours.y) AS p (x, y) WHERE p.y > '-Infinity' AND p.y < 'Infinity'),
          (SELECT count(*) FROM ours, em_fsc_xml_read(doc, 1, 64) AS r), 'with all their points');
SELECT is_empty($$SELECT curve, r.* FROM ours, em_fsc_xml_read(doc, 1, 64) AS r
                  WHERE r.x_kind <> '1/Å' OR NOT EXISTS (SELECT FROM unnest(ours.x, ours.y) AS p (x, y) WHERE p.x = r.frequency AND p.y = r.fsc_value)$$, 'the same to the last bit');
SELECT is((SELECT array_agg(title ORDER BY title) FROM (SELECT DISTINCT r.title FROM ours, em_fsc_xml_read(doc, 1, 64) AS r) AS t),
          '{"FSC: emvalid masked FSC","FSC: emvalid masked-corrected FSC","FSC: emvalid unmasked FSC"}', 'each says which it is');
SELECT count(*) AS added FROM (SELECT em_add_fsc_xml('FSC', doc, curve || '.xml', 'fsc_' || row_number() OVER (ORDER BY curve)) FROM ours OFFSET 0) AS a \gset
SELECT is((SELECT string_agg(file_name || ' ' || closest_curve || ' ' || difference, ', ' ORDER BY file_name) FROM em_fsc_deposited WHERE role LIKE 'fsc\_%'),
          'fsc.xml fsc 0, fsc_corrected.xml fsc_corrected 0, fsc_masked.xml fsc_masked 0', 'and each is recognised');
-- the form of EMDB: fsc with title, xaxis and yaxis; coordinates of one x and one y, numbers, x ascending
SELECT is((SELECT count(*) FROM ours WHERE doc IS DOCUMENT AND (xpath('name(/*)', doc))[1]::text = 'fsc'
           AND (SELECT array_agg(a::text) FROM unnest(xpath('/fsc/@*', doc)) AS a)[2:] = '{"Resolution (A-1)","Correlation Coefficient"}'), 3::bigint, 'root and axes');
SELECT is((SELECT sum((xpath('count(//*)', doc))[1]::text::int - 1 - 3 * (xpath('count(/fsc/coordinate[count(*) = 2 and *[1][self::x] and *[2][self::y]])', doc))[1]::text::int) FROM ours),
          0::bigint, 'nothing but pairs of x and y');
SELECT is((SELECT sum((xpath('count(/fsc/coordinate[number(x) != number(x) or number(y) != number(y)])', doc))[1]::text::int
                      + (xpath('count(/fsc/coordinate[number(x) <= number(preceding-sibling::coordinate[1]/x)])', doc))[1]::text::int) FROM ours), 0::bigint, 'numbers, x ascending');
SELECT is(em_fsc_xml('FSC', 'dpr')::text, NULL, 'what is no correlation is no FSC');
SELECT is(em_fsc_xml('none')::text, NULL, 'nor has an entry that is not there any');
\else
SELECT skip('the demo entry is not there', 12);
\endif
SELECT * FROM finish();
ROLLBACK;
