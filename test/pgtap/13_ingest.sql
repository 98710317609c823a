-- Entries: what em_ingest takes from where, what happens to the large objects, search_path.

BEGIN;
SET client_min_messages = warning;
SELECT plan(40);
\ir ../data/make_mrc.sql

CREATE FUNCTION blob(n int DEFAULT 8, inside float8 DEFAULT 10) RETURNS emmap LANGUAGE sql AS
    $$SELECT em_map_from_bytea(make_mrc(ARRAY[n, n, n], '{2,2,2}', ball(n, 2, inside)))$$;
CREATE FUNCTION los() RETURNS int LANGUAGE sql AS $$SELECT count(*)::int FROM pg_largeobject_metadata$$;
\set header '''<emd emdb_id="EMD-9" version="3.0.9"><admin><title>From the header</title><key_dates><deposition>2020-01-02</deposition></key_dates></admin><crossreferences><pdb_list><pdb_reference><pdb_id>1ABC</pdb_id></pdb_reference></pdb_list></crossreferences><structure_determination_list><structure_determination><method>singleParticle</method><x><final_reconstruction><resolution>4.5</resolution></final_reconstruction></x></structure_determination></structure_determination_list><map><file>emd_9.map.gz</file><contour_list><contour primary="true"><level>3</level><source>AUTHOR</source></contour></contour_list></map></emd>'''

-- Header and arguments
SELECT is(em_ingest(NULL, blob(), header => :header), 'EMD-9', 'the name comes from the header');
SELECT is((SELECT ROW(title, deposited, method, resolution, contour, contour_source, pdb_ids)::text FROM em_entry),
          '("From the header",2020-01-02,singleParticle,4.5,3,author,{1abc})', 'and so do title, date, method, resolution, contour, PDB codes');
SELECT is((SELECT file_name || ', ' || role FROM em_entry_map), 'emd_9.map.gz, map', 'and the file name');
SELECT is((SELECT lo FROM em_entry_map), (SELECT em_oid(map) FROM em_entry_map), 'the column lo is the large object');
SELECT is(em_ingest('EMD-9', NULL, contour => 5, title => 'Mine'), 'EMD-9', 'updating without a map');
SELECT is((SELECT ROW(title, resolution, contour, contour_source)::text FROM em_entry), '(Mine,4.5,5,argument)', 'arguments win, the rest stays');
SELECT is((SELECT count(*)::int FROM em_entry_map), 1, 'the map stays');
SELECT lives_ok(format('SELECT em_ingest(%L, NULL, header => %L)', 'EMD-9', :header), 'with a header again');
SELECT is((SELECT ROW(title, contour, contour_source)::text FROM em_entry), '("From the header",3,author)', 'the header wins over what was there');
SELECT is(em_ingest('other', blob(), contour => 1, resolution => 3.5, deposited => '2000-01-01', method => 'm', pdb_ids => '{9xyz}', authors => '{A B}',
                    map_file => 'o.map', header => :header), 'other', 'arguments and header');
SELECT is((SELECT ROW(title, deposited, method, resolution, contour, pdb_ids, authors)::text FROM em_entry WHERE entry_id = 'other'),
          '("From the header",2000-01-01,m,3.5,1,{9xyz},"{""A B""}")', 'arguments win over the header');
SELECT is((SELECT file_name FROM em_entry_map WHERE entry_id = 'other'), 'o.map', 'also for the file name');

-- Large objects
SELECT is(los(), 2, 'two maps, two large objects');
SELECT is(em_ingest('EMD-9', (SELECT map FROM em_entry_map WHERE entry_id = 'EMD-9')), 'EMD-9', 'the same map again');
SELECT is(los(), 2, 'nothing is removed');
SELECT is(em_ingest('EMD-9', blob(8, 11)), 'EMD-9', 'another map');
SELECT is(los(), 2, 'the old large object is gone');
SELECT is((SELECT file_name FROM em_entry_map WHERE entry_id = 'EMD-9'), 'emd_9.map.gz', 'a file name that is not given stays');
SELECT is(em_ingest('EMD-9', NULL, half1 => blob(8, 1), half2 => blob(8, 2), mask => blob(8, 3), mask_role => 'mask_2', half1_file => 'h1'), 'EMD-9', 'half maps and a mask');
SELECT is((SELECT array_agg(role ORDER BY role) FROM em_entry_map WHERE entry_id = 'EMD-9'), '{half1,half2,map,mask_2}', 'roles');
SELECT is((SELECT levels FROM em_level WHERE entry_id = 'EMD-9'), '0, 1', 'levels follow from the inputs');
SELECT is(los(), 5, 'five large objects');
DELETE FROM em_entry_map WHERE role = 'half2';
SELECT is(los(), 4, 'deleting a map removes its large object');
UPDATE em_entry_map SET role = 'mask_3' WHERE role = 'mask_2';
SELECT is(los(), 4, 'renaming a role does not');
UPDATE em_entry SET entry_id = 'EMD-10' WHERE entry_id = 'EMD-9';
SELECT is(los(), 4, 'nor does renaming an entry');
SELECT throws_ok($$SELECT em_ingest('third', (SELECT map FROM em_entry_map WHERE entry_id = 'other'))$$, '23505', NULL, 'a large object belongs to one map');
SELECT lo_unlink(lo) FROM em_entry_map WHERE role = 'half1' \gset
SELECT lives_ok($$DELETE FROM em_entry WHERE entry_id = 'EMD-10'$$, 'a large object that is gone already does not block deleting');
SELECT is(los(), 1, 'deleting an entry removes all its large objects');
SELECT is((SELECT count(*)::int FROM em_entry_map), 1, 'and its maps');
TRUNCATE em_entry CASCADE;
SELECT is(los(), 0, 'TRUNCATE removes them as well');

-- Files
SELECT is(em_ingest('M', blob(), model => 'data_x'::bytea, model_file => 'm.cif'), 'M', 'a model');
SELECT is((SELECT ROW(file_name, convert_from(content, 'UTF8'), sha256 = encode(sha256('data_x'), 'hex'))::text FROM em_entry_file), '(m.cif,data_x,t)', 'is kept with its hash');
SELECT is((SELECT levels FROM em_level WHERE entry_id = 'M'), '0, A', 'and makes level A');

-- Errors
SELECT throws_ok($$SELECT em_ingest('', NULL)$$, '22023', 'an entry needs a name', 'no name');
SELECT throws_ok($$SELECT em_ingest('new', NULL)$$, '22004', 'entry "new" is new and needs a map', 'no map');
SELECT throws_ok($$SELECT em_ingest('new', blob(), resolution => 'NaN')$$, '22023', NULL, 'resolution that is not a number');
SELECT throws_ok($$SELECT em_ingest('new', blob(), resolution => -1)$$, '22023', NULL, 'negative resolution');
SELECT throws_ok($$SELECT em_ingest('new', blob(), contour => 'Infinity')$$, '22023', NULL, 'contour that is not finite');

-- Nothing depends on the search_path
SELECT n.nspname AS home FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname LIKE 'emvalid%' \gset
CREATE FUNCTION everything(home text) RETURNS text LANGUAGE plpgsql SET search_path = '' AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE pg_catalog.format('SELECT pg_catalog.concat(%1$I.em_ingest(%2$L, NULL, contour => 1, header => %3$L), pg_catalog.length(%1$I.em_report_text(%2$L)) > 500,
                               %1$I.em_report_json(%2$L) -> ''grade'', (SELECT pg_catalog.count(*) FROM %1$I.em_my_summary), %1$I.em_criteria_text(''vrs'', ''0.b'') LIKE ''The%%'')',
                              home, 'M', '<emd><map><contour_list><contour><level>2</level></contour></contour_list></map></emd>') INTO answer;
    RETURN answer;
END;
$$;
SELECT is(everything(:'home'), 'Mt"0A"1t', 'everything works with an empty search_path');
CREATE TEMP TABLE em_entry (entry_id text);
CREATE TEMP VIEW em_latest AS SELECT 1 AS nothing;
SELECT is(everything(:'home'), 'Mt"0A"1t', 'and is not led astray by temporary objects of the same names');

SELECT * FROM finish();
ROLLBACK;
