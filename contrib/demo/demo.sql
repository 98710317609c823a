-- The whole job on one entry, to be read as a tutorial.
--
-- `make demo` runs this file with two psql variables: `demo`, the folder of the demo entry as the
-- server sees it, and `report`, where to write the report on the client.

\set ON_ERROR_STOP on
\pset footer off
\pset linestyle unicode
\pset border 1

-- 1. Everything lives in one extension.
CREATE EXTENSION IF NOT EXISTS emvalid;

-- 2. Load the entry: a map, two half maps, the EMDB header, the model.  Contour, resolution, title and date
--    come from the header.  The folder must be named in emvalid.import_path; clients without files
--    on the server send bytes with \lo_import or em_map_from_bytea() instead.
SELECT em_ingest('DEMO-1',
                 em_map_load(:'demo' || '/demo.map'),
                 half1 => em_map_load(:'demo' || '/demo_half1.map'),
                 half2 => em_map_load(:'demo' || '/demo_half2.map'),
                 header => pg_read_file(:'demo' || '/header.xml')::xml,
                 model => pg_read_binary_file(:'demo' || '/model.cif'),
                 map_file => 'demo.map', half1_file => 'demo_half1.map', half2_file => 'demo_half2.map',
                 model_file => 'model.cif') AS "Entry";

SELECT title AS "Title", deposited AS "Deposited", resolution AS "Resolution (Å)", contour AS "Contour"
FROM em_entry WHERE entry_id = 'DEMO-1';

-- 3. Validate it: every check that applies, committed one by one.
CALL em_validate('DEMO-1');

-- 4. The verdict.  Criteria are rows of a profile, so another profile judges the same numbers
--    without measuring again.
SELECT profile AS "Profile", score AS "Score" FROM em_score WHERE entry_id = 'DEMO-1' ORDER BY profile DESC;

SELECT levels AS "Levels", grade AS "Grade" FROM em_level WHERE entry_id = 'DEMO-1';

SELECT check_code AS "Check", check_name AS "Name",
       max(outcome) FILTER (WHERE profile = 'vrs') AS "vrs",
       max(outcome) FILTER (WHERE profile = 'emvalid') AS "emvalid"
FROM em_outcome WHERE entry_id = 'DEMO-1'
GROUP BY check_code, check_name ORDER BY check_code;

SELECT profile AS "Profile", check_code AS "Check", warning AS "Warning"
FROM em_warning WHERE entry_id = 'DEMO-1' ORDER BY profile DESC, check_code, ordinal;

-- 5. Numbers are rows, too.
SELECT check_code AS "Check", name AS "Measure", round(value::numeric, 3) AS "Value", unit AS "Unit"
FROM em_measure
WHERE entry_id = 'DEMO-1'
  AND (check_code, name) IN (('0.b', 'components_95'), ('0.b', 'overlap'), ('0.c', 'effect_size'), ('0.d', 'bfactor'),
                             ('1.a', 'fsc_05'), ('1.a', 'fsc_0143'))
ORDER BY check_code, name;

-- 6. The report, as text, as JSON and as a page with pictures.
\pset format unaligned
\pset tuples_only on
\set text_file :report '.txt'
\set json_file :report '.json'
\set html_file :report '.html'
\o :text_file
SELECT em_report_text('DEMO-1');
\o :json_file
SELECT em_report_json('DEMO-1');
\o :html_file
SELECT em_report_html('DEMO-1');
\o
