/*
 * 56_fsc_xml.sql: deposited FSC curves in EMDB's XML form, read and compared with ours.
 *
 *   <fsc title="" xaxis="" yaxis=""><coordinate><x>0.01</x><y>0.99</y></coordinate> ... </fsc>
 *
 * Writers differ in what x is: 1/Å, a share of the sampling frequency, the number of the shell, or Å.
 * The label of the axis decides where it is clear; otherwise the range of x does, with the voxel size.
 */

CREATE FUNCTION _em_fsc_x_kind(label text, x float8[], voxel float8) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 20
RETURN (
    SELECT CASE
        WHEN s.n < 2 THEN NULL
        WHEN s.whole AND s.most > 3 THEN 'shell'
        WHEN label ~* '(1\s*/\s*(Å|A|angstrom)|(Å|A|angstrom)\s*\^?\s*[-−–]\s*1)' THEN '1/Å'
        WHEN label ~* '(normali[sz]ed|digital|nyquist|cycles?\s*/\s*(pixel|voxel)|1\s*/\s*(px|pixel|voxel))'
            THEN CASE WHEN s.most > 0.75 THEN '1/nyquist' ELSE '1/voxel' END
        WHEN x[1] > x[cardinality(x)] AND s.most > 2 THEN 'Å'
        WHEN voxel > 0 AND abs(s.most * voxel - 0.5) <= 0.05 THEN '1/Å'
        WHEN abs(s.most - 0.5) <= 0.02 THEN '1/voxel'
        WHEN abs(s.most - 1) <= 0.02 THEN '1/nyquist'
        WHEN s.most > 2 THEN 'Å'
        ELSE '1/Å'
    END
    FROM (SELECT count(*) AS n, max(v) AS most, bool_and(v = round(v)) AS whole FROM unnest(x) AS v) AS s
);
COMMENT ON FUNCTION _em_fsc_x_kind(text, float8[], float8) IS
    'Internal: what the x values of a deposited FSC are: 1/Å, 1/voxel, 1/nyquist, shell or Å; voxel size in Å';

CREATE FUNCTION em_fsc_xml_read(
    fsc xml, voxel_size float8 DEFAULT NULL, box int DEFAULT NULL,
    OUT point int, OUT frequency float8, OUT fsc_value float8, OUT x float8, OUT x_kind text, OUT title text)
RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1000 ROWS 200
BEGIN ATOMIC
    WITH root AS (
        SELECT (xpath('/*[local-name()="fsc"]/@title', fsc))[1]::text AS title,
               (xpath('/*[local-name()="fsc"]/@xaxis', fsc))[1]::text AS label
    ), raw AS (
        SELECT ordinality::int AS point, _em_number((xpath('//*[local-name()="x"]/text()', c))[1]::text) AS x,
               _em_number((xpath('//*[local-name()="y"]/text()', c))[1]::text) AS y
        FROM unnest(xpath('//*[local-name()="coordinate"]', fsc)) WITH ORDINALITY AS t (c)
    ), points AS (
        SELECT * FROM raw WHERE x IS NOT NULL AND y IS NOT NULL
    ), kind AS (
        SELECT _em_fsc_x_kind((SELECT label FROM root), array_agg(p.x ORDER BY p.point), voxel_size) AS kind FROM points p
    )
    SELECT p.point,
           CASE k.kind
               WHEN '1/Å' THEN p.x
               WHEN '1/voxel' THEN p.x / nullif(voxel_size, 0)
               WHEN '1/nyquist' THEN p.x / (2 * nullif(voxel_size, 0))
               WHEN 'shell' THEN p.x / (nullif(voxel_size, 0) * nullif(box, 0))
               WHEN 'Å' THEN 1 / nullif(p.x, 0)
           END,
           p.y, p.x, k.kind, r.title
    FROM points p CROSS JOIN kind k CROSS JOIN root r
    ORDER BY p.point;
END;
COMMENT ON FUNCTION em_fsc_xml_read(xml, float8, int) IS
    'Points of a deposited FSC in EMDB''s XML form: frequency (1/Å; NULL where it needs a voxel size or box that is not given), '
    'value, x as written and what x was taken for; the title tells which curve it is';

CREATE FUNCTION _em_first_fall(frequency float8[], value float8[], level float8) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 50
RETURN (
    SELECT f0 + (f1 - f0) * (v0 - level) / (v0 - v1)
    FROM (SELECT f AS f1, v AS v1, lag(f) OVER w AS f0, lag(v) OVER w AS v0
          FROM unnest(frequency, value) AS t (f, v) WHERE f IS NOT NULL WINDOW w AS (ORDER BY f)) AS s
    WHERE v1 < level AND v0 >= level
    ORDER BY f1 LIMIT 1
);
COMMENT ON FUNCTION _em_first_fall(float8[], float8[], float8) IS
    'Internal: frequency where a curve first falls below a level, linearly interpolated; NULL when it does not';

CREATE FUNCTION em_add_fsc_xml(entry_id text, fsc xml, file_name text DEFAULT NULL, role text DEFAULT 'fsc') RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 200
BEGIN ATOMIC
    INSERT INTO em_entry_file AS f (entry_id, role, file_name, sha256, content)
    SELECT em_add_fsc_xml.entry_id, em_add_fsc_xml.role, em_add_fsc_xml.file_name, encode(sha256(b), 'hex'), b
    FROM convert_to(fsc::text, 'UTF8') AS b
    ON CONFLICT (entry_id, role) DO UPDATE
        SET file_name = EXCLUDED.file_name, sha256 = EXCLUDED.sha256, content = EXCLUDED.content, added = now();
END;
COMMENT ON FUNCTION em_add_fsc_xml(text, xml, text, text) IS
    'Gives an entry a deposited FSC, in EMDB''s XML form; one in the same role (fsc, fsc_1, fsc_2, ...) is replaced';

CREATE FUNCTION _em_sees_entry(entry_id text) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    RETURN NOT row_security_active('em_entry') OR EXISTS (SELECT FROM em_entry e WHERE e.entry_id = entry_id);
END;
$$;
COMMENT ON FUNCTION _em_sees_entry(text) IS 'Internal: does row security let whoever asks see this entry?';

CREATE VIEW _em_fsc_file WITH (security_barrier = true) AS
SELECT f.entry_id, f.role, f.file_name, f.content
FROM em_entry_file f
WHERE f.role ~ '^fsc(_[0-9]+)?$' AND f.content IS NOT NULL AND _em_sees_entry(f.entry_id);
COMMENT ON VIEW _em_fsc_file IS
    'Internal: the deposited FSC files of the entries that one may see, for readers too, who may not read other files; always with the rights of its owner';

CREATE VIEW em_fsc_deposited AS
SELECT e.entry_id, d.title, d.x_kind, d.points,
       1 / _em_first_fall(d.frequency, d.value, 0.143) AS deposited_0143,
       1 / _em_first_fall(d.frequency, d.value, 0.5) AS deposited_05,
       unmasked.value AS unmasked_0143, masked.value AS masked_0143, corrected.value AS corrected_0143,
       c.curve AS closest_curve, c.difference, f.role, f.file_name
FROM em_entry e
JOIN _em_fsc_file f ON f.entry_id = e.entry_id
LEFT JOIN em_entry_map m ON m.entry_id = e.entry_id AND m.role = 'map'
CROSS JOIN LATERAL (
    SELECT min(r.title) AS title, min(r.x_kind) AS x_kind, count(*)::int AS points,
           array_agg(r.frequency ORDER BY r.point) AS frequency, array_agg(r.fsc_value ORDER BY r.point) AS value
    FROM em_fsc_xml_read(XMLPARSE(DOCUMENT convert_from(f.content, 'UTF8')), (em_voxel_size(m.map))[1], em_nx(m.map)) AS r
) AS d
LEFT JOIN em_latest l ON l.entry_id = e.entry_id AND l.check_code = '1.a'
LEFT JOIN em_measure unmasked ON unmasked.run_id = l.run_id AND unmasked.check_code = '1.a' AND unmasked.name = 'fsc_0143'
LEFT JOIN em_measure masked ON masked.run_id = l.run_id AND masked.check_code = '1.a' AND masked.name = 'fsc_masked_0143'
LEFT JOIN em_measure corrected ON corrected.run_id = l.run_id AND corrected.check_code = '1.a' AND corrected.name = 'fsc_corrected_0143'
LEFT JOIN LATERAL (
    -- which of our curves the deposited one is nearest to, on its own points below Nyquist
    SELECT s.name AS curve, sqrt(avg((o.v - p.v) ^ 2)) AS difference
    FROM em_series s
    CROSS JOIN LATERAL unnest(d.frequency, d.value) AS p (f, v)
    CROSS JOIN LATERAL (
        SELECT y AS v FROM unnest(s.x, s.y) AS c (x, y) WHERE abs(x - p.f) <= (s.x[2] - s.x[1]) / 2 ORDER BY abs(x - p.f) LIMIT 1
    ) AS o
    WHERE s.run_id = l.run_id AND s.check_code = '1.a' AND s.name ~ '^fsc' AND s.name !~ '_vrs$' AND o.v > '-Infinity' AND o.v < 'Infinity'
    GROUP BY s.name ORDER BY 2 LIMIT 1
) AS c ON true;
COMMENT ON VIEW em_fsc_deposited IS
    'each deposited FSC of each entry beside ours: resolutions at 0.143 and 0.5 (Å), and which of our curves it is closest to';
COMMENT ON COLUMN em_fsc_deposited.x_kind IS 'what the x values of the file were taken for: 1/Å, 1/voxel, 1/nyquist, shell or Å';
COMMENT ON COLUMN em_fsc_deposited.difference IS 'root mean square difference to that curve';
