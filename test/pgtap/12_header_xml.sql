-- EMDB header XML, versions 1.9 and 3, well-formed and not.

BEGIN;
SET client_min_messages = warning;
SELECT plan(30);

CREATE TEMP TABLE header (name text PRIMARY KEY, doc xml);
INSERT INTO header VALUES
('v3', $$<?xml version="1.0" encoding="UTF-8"?>
<emd emdb_id="EMD-0042" version="3.0.1.7" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="somewhere">
  <admin><key_dates><deposition>2021-03-04</deposition></key_dates>
    <title>A &lt;small&gt; protein
        &amp; its friend</title>
    <authors_list><author>Doe J</author><author>O'Neil &amp; Sons</author></authors_list></admin>
  <crossreferences><pdb_list><pdb_reference><pdb_id>2ABC</pdb_id></pdb_reference><pdb_reference><pdb_id>1abc</pdb_id></pdb_reference></pdb_list></crossreferences>
  <structure_determination_list><structure_determination structure_determination_id="1"><method>singleParticle</method>
    <singleparticle_processing image_processing_id="1"><final_reconstruction>
      <resolution res_type="BY AUTHOR" units="Å">3.30</resolution><resolution_method>FSC 0.143 CUT-OFF</resolution_method>
    </final_reconstruction></singleparticle_processing></structure_determination></structure_determination_list>
  <map format="CCP4" size_kbytes="100"><file>emd_0042.map.gz</file>
    <statistics><minimum>-1.5</minimum><maximum>2.5e1</maximum><average>0E-8</average><std>.25</std></statistics>
    <pixel_spacing><x units="Å">1.1</x><y units="Å">1.2</y><z units="Å">1.3</z></pixel_spacing>
    <contour_list><contour primary="false"><level>9</level><source>EMDB</source></contour>
                  <contour primary="true"><level>-0.5</level><source>AUTHOR</source></contour></contour_list></map>
  <interpretation><half_map_list><half_map><file>half_1.map.gz</file></half_map><half_map><file>half_2.map.gz</file></half_map></half_map_list></interpretation>
</emd>$$),
('v1.9', $$<emdEntry accessCode="0042" version="1.9.6">
  <deposition><depositionDate>2011-12-01</depositionDate><title>Old style</title><authors>Doe J, Roe R; Poe P</authors>
    <fittedPDBEntryIdList><fittedPDBEntryId>3XYZ</fittedPDBEntryId></fittedPDBEntryIdList></deposition>
  <map><file format="CCP4">emd_0042.map.gz</file><contourLevel source="author">7</contourLevel>
    <pixelSpacing><pixelX units="A">2.02</pixelX><pixelY units="A">2.02</pixelY><pixelZ units="A">2.02</pixelZ></pixelSpacing></map>
  <experiment><fitting><pdbEntryIdList><pdbEntryId>1OEL</pdbEntryId></pdbEntryIdList></fitting></experiment>
  <processing><method>singleParticle</method><reconstruction><resolutionByAuthor>7</resolutionByAuthor><resolutionMethod>FSC 0.5</resolutionMethod></reconstruction></processing>
</emdEntry>$$),
('default namespace', '<emd xmlns="http://example.org/emdb" emdb_id="EMD-7" version="3.0"><map><contour_list><contour><level>1</level></contour><contour><level>2</level></contour></contour_list></map></emd>'),
('prefix', '<q:emd xmlns:q="http://example.org/emdb" emdb_id="EMD-7" version="3.0"><q:admin><q:title>T</q:title></q:admin><q:map><q:contour_list><q:contour primary="true"><q:level>4</q:level></q:contour></q:contour_list></q:map></q:emd>'),
('empty', '<emd/>'),
('malformed', '<emd version="3.1"><admin><title>  </title><key_dates><deposition>2021-02-30</deposition></key_dates></admin><structure_determination_list><structure_determination>
  <p><final_reconstruction><resolution>n/a</resolution></final_reconstruction></p></structure_determination></structure_determination_list>
  <map><pixel_spacing><x>1</x><y>0</y><z>x</z></pixel_spacing><contour_list><contour primary="true"><level>high</level></contour><contour><level>1e999</level></contour>
  <contour><level>0.3</level></contour></contour_list></map></emd>'),
('negative resolution', '<emdEntry><processing><reconstruction><resolutionByAuthor>-4</resolutionByAuthor></reconstruction></processing></emdEntry>'),
('something else', '<autoDepEntry><map><contourLevel>3</contourLevel></map></autoDepEntry>');

CREATE TEMP TABLE parsed AS SELECT h.name, p.* FROM header h, em_header_xml(h.doc) p;

SELECT is((SELECT schema_version || ' ' || emdb_id FROM parsed WHERE name = 'v3'), '3.0.1.7 EMD-0042', 'v3: version and name');
SELECT is((SELECT title FROM parsed WHERE name = 'v3'), 'A <small> protein & its friend', 'v3: title, entities resolved, white space tidied');
SELECT is((SELECT authors FROM parsed WHERE name = 'v3'), ARRAY['Doe J', 'O''Neil & Sons'], 'v3: authors');
SELECT is((SELECT deposited FROM parsed WHERE name = 'v3'), date '2021-03-04', 'v3: date of deposition');
SELECT is((SELECT method || ', ' || resolution || ', ' || resolution_method FROM parsed WHERE name = 'v3'), 'singleParticle, 3.3, FSC 0.143 CUT-OFF', 'v3: method and resolution');
SELECT is((SELECT contour || ' ' || contour_source FROM parsed WHERE name = 'v3'), '-0.5 author', 'v3: the contour flagged primary, not the first');
SELECT is((SELECT contours FROM parsed WHERE name = 'v3'), '[{"level": 9, "source": "emdb", "primary": false}, {"level": -0.5, "source": "author", "primary": true}]', 'v3: all contours');
SELECT is((SELECT pdb_ids FROM parsed WHERE name = 'v3'), '{1abc,2abc}', 'v3: PDB codes');
SELECT is((SELECT half_map_files FROM parsed WHERE name = 'v3'), '{half_1.map.gz,half_2.map.gz}', 'v3: half maps');
SELECT is((SELECT voxel_size FROM parsed WHERE name = 'v3'), '{1.1,1.2,1.3}', 'v3: voxel size');
SELECT is((SELECT ARRAY[minimum, maximum, average, std] FROM parsed WHERE name = 'v3'), '{-1.5,25,0,0.25}', 'v3: statistics');

SELECT is((SELECT schema_version || ' ' || emdb_id || ' ' || title FROM parsed WHERE name = 'v1.9'), '1.9.6 EMD-0042 Old style', 'v1.9: version, name, title');
SELECT is((SELECT authors FROM parsed WHERE name = 'v1.9'), ARRAY['Doe J', 'Roe R', 'Poe P'], 'v1.9: authors');
SELECT is((SELECT resolution || ' ' || resolution_method || ' ' || deposited FROM parsed WHERE name = 'v1.9'), '7 FSC 0.5 2011-12-01', 'v1.9: resolution and date');
SELECT is((SELECT contour || ' ' || contour_source FROM parsed WHERE name = 'v1.9'), '7 author', 'v1.9: contour');
SELECT is((SELECT pdb_ids FROM parsed WHERE name = 'v1.9'), '{3xyz}', 'v1.9: fitted models, not the models the fit began with');
SELECT is((SELECT map_file FROM parsed WHERE name = 'v1.9'), 'emd_0042.map.gz', 'v1.9: file');

SELECT is((SELECT contour FROM parsed WHERE name = 'default namespace'), 1::float8, 'default namespace; no contour flagged: the first');
SELECT is((SELECT title || contour FROM parsed WHERE name = 'prefix'), 'T4', 'prefixed names');
SELECT is((SELECT to_jsonb(p) - 'name' - 'schema_version' - 'emdb_id' FROM parsed p WHERE name = 'empty'),
          (SELECT jsonb_object_agg(key, null) FROM jsonb_object_keys((SELECT to_jsonb(p) - 'name' - 'schema_version' - 'emdb_id' FROM parsed p WHERE name = 'empty')) AS key),
          'an empty header says nothing');
SELECT is((SELECT ROW(title, deposited, resolution, voxel_size)::text FROM parsed WHERE name = 'malformed'), '(,,,)', 'blank, impossible and malformed values are left out');
SELECT is((SELECT contour FROM parsed WHERE name = 'malformed'), 0.3::float8, 'the first contour that is a number');
SELECT is((SELECT resolution FROM parsed WHERE name = 'negative resolution'), NULL, 'no negative resolution');
SELECT is((SELECT schema_version FROM parsed WHERE name = 'something else'), NULL, 'another kind of document has no version');
SELECT is((SELECT count(*)::int FROM em_header_xml(NULL) AS p WHERE p.emdb_id IS NOT NULL), 0, 'no header, nothing');

-- Real headers
\if :{?shared}
\else
    \getenv shared EMVALID_SHARED
\endif
\if :{?shared}
\else
    \set shared ''
\endif
\set there `test -f :'shared'/data/headers/emd-1997.xml && echo true || echo false`
\if :there
    \set x1997 `cat :'shared'/data/headers/emd-1997.xml`
    \set x5778a `cat :'shared'/data/headers/emd-5778-v19.xml`
    \set x5778b `cat :'shared'/data/headers/emd-5778-v30.xml`
    \set x8216 `cat :'shared'/data/headers/emd-8216.xml`
    \set x1001 `cat :'shared'/data/headers/emd-1001.xml`
    SELECT is((SELECT ROW(emdb_id, resolution, contour, deposited, pdb_ids, voxel_size)::text FROM em_header_xml(XMLPARSE(DOCUMENT :'x1997'))),
              '(EMD-1997,7,1,2011-12-01,,"{2.02,2.02,2.02}")', 'EMD-1997');
    SELECT is((SELECT ROW(a.emdb_id, a.title, a.authors, a.deposited, a.resolution, a.contour, a.pdb_ids, a.voxel_size, a.map_file)::text
               FROM em_header_xml(XMLPARSE(DOCUMENT :'x5778a')) AS a),
              (SELECT ROW(b.emdb_id, b.title, b.authors, b.deposited, b.resolution, b.contour, b.pdb_ids, b.voxel_size, b.map_file)::text
               FROM em_header_xml(XMLPARSE(DOCUMENT :'x5778b')) AS b), 'EMD-5778: both versions say the same');
    SELECT is((SELECT ROW(resolution, contour, pdb_ids)::text FROM em_header_xml(XMLPARSE(DOCUMENT :'x5778b'))), '(3.275,7,"{3j5p,3j9j}")', 'EMD-5778');
    SELECT is((SELECT ROW(method, resolution, contour, contour_source, pdb_ids, cardinality(authors))::text FROM em_header_xml(XMLPARSE(DOCUMENT :'x8216'))),
              '(electronCrystallography,1.1,0.2,emdb,{5k7n},10)', 'EMD-8216');
    SELECT is((SELECT ROW(contour, resolution, cardinality(pdb_ids))::text FROM em_header_xml(XMLPARSE(DOCUMENT :'x1001'))), '(81.2,40,11)', 'EMD-1001');
\else
    SELECT skip('the shared data are not here', 5);
\endif

SELECT * FROM finish();
ROLLBACK;
