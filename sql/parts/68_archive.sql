/*
 * 68_archive.sql: the whole archive: stable views for dashboards, outliers, differences between profiles.
 */

CREATE FUNCTION em_resolution_shell(resolution float8) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 5
RETURN CASE
    WHEN resolution IS NULL THEN 'not reported'
    WHEN resolution < 2 THEN '0 to 2 Å'
    WHEN resolution < 3 THEN '2 to 3 Å'
    WHEN resolution < 4 THEN '3 to 4 Å'
    WHEN resolution < 6 THEN '4 to 6 Å'
    WHEN resolution < 10 THEN '6 to 10 Å'
    ELSE 'from 10 Å'
END;
COMMENT ON FUNCTION em_resolution_shell(float8) IS 'the range of resolutions that a resolution belongs to, for counting';

CREATE VIEW em_archive_entry AS
SELECT e.entry_id, e.title, e.deposited, extract(year FROM e.deposited)::int AS year, e.method, e.resolution,
       em_resolution_shell(e.resolution) AS shell,
       (SELECT m.value
        FROM em_latest l
        JOIN em_measure m ON m.run_id = l.run_id AND m.check_code = l.check_code AND m.name = 'fsc_0143'
        WHERE l.entry_id = e.entry_id AND l.check_code = '1.a' AND _em_is_finite(m.value)) AS recalculated,
       (SELECT max(l.recorded) FROM em_latest l WHERE l.entry_id = e.entry_id) AS validated
FROM em_entry e;
COMMENT ON VIEW em_archive_entry IS 'each entry with its resolution, reported and recalculated (FSC 0.143 of check 1.a, Å), and when it was last validated';

CREATE VIEW em_archive_outcome AS
SELECT o.profile, o.check_code, o.check_name,
       count(*) FILTER (WHERE o.verdict = 'ok') AS ok,
       count(*) FILTER (WHERE o.verdict = 'warned') AS warned,
       count(*) FILTER (WHERE o.verdict = 'not_applicable') AS not_applicable,
       count(*) FILTER (WHERE o.verdict = 'failed') AS failed,
       count(*) FILTER (WHERE o.verdict = 'none') AS without_criterion,
       count(*) AS entries
FROM em_outcome o
GROUP BY o.profile, o.check_code, o.check_name;
COMMENT ON VIEW em_archive_outcome IS 'how many entries have each outcome of each check';

CREATE VIEW em_archive_score AS
SELECT s.profile, em_resolution_shell(e.resolution) AS shell, count(*) AS entries,
       100 * avg(s.passed::float8 / s.evaluable) AS mean_percent,
       100 * percentile_cont(0.5) WITHIN GROUP (ORDER BY s.passed::float8 / s.evaluable) AS median_percent,
       count(*) FILTER (WHERE s.passed = s.evaluable) AS all_passed
FROM em_score s
JOIN em_entry e ON e.entry_id = s.entry_id
WHERE s.evaluable > 0
GROUP BY s.profile, em_resolution_shell(e.resolution);
COMMENT ON VIEW em_archive_score IS 'share of passed items (%) by range of resolution, over entries with an evaluable item';

CREATE VIEW em_archive_year AS
SELECT s.profile, extract(year FROM e.deposited)::int AS year, count(*) AS entries, avg(e.resolution) AS mean_resolution,
       100 * avg(s.passed::float8 / s.evaluable) AS mean_percent
FROM em_score s
JOIN em_entry e ON e.entry_id = s.entry_id
WHERE s.evaluable > 0 AND e.deposited IS NOT NULL
GROUP BY s.profile, extract(year FROM e.deposited)::int;
COMMENT ON VIEW em_archive_year IS 'entries, mean reported resolution (Å) and mean share of passed items (%) by year of deposition';

CREATE VIEW em_archive_warning AS
SELECT w.profile, w.check_code, w.criterion, w.measure, count(*) AS entries, min(w.warning) AS example
FROM em_warning w
GROUP BY w.profile, w.check_code, w.criterion, w.measure;
COMMENT ON VIEW em_archive_warning IS 'how many entries violate each criterion';

CREATE VIEW em_archive_failure AS
SELECT l.check_code, coalesce(l.reason_code, 'other') AS reason_code, count(*) AS entries, min(l.reason) AS example
FROM em_latest l
WHERE l.state = 'failed'
GROUP BY l.check_code, coalesce(l.reason_code, 'other');
COMMENT ON VIEW em_archive_failure IS 'how many entries could not be measured, by check and reason';

CREATE VIEW em_archive_resolution AS
SELECT a.entry_id, a.resolution AS reported, a.recalculated, a.recalculated / a.resolution AS ratio
FROM em_archive_entry a
WHERE a.resolution IS NOT NULL AND a.recalculated IS NOT NULL;
COMMENT ON VIEW em_archive_resolution IS 'reported against recalculated resolution (Å); a ratio above 1 means that less was found than was reported';

CREATE VIEW em_outlier AS
SELECT v.entry_id, v.check_code, v.name AS measure, v.value, v.unit, c.median, c.mad, c.n,
       0.6745 * (v.value - c.median) / c.mad AS robust_z
FROM (
    SELECT d.check_code, d.name, d.median, count(*) AS n,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(m.value - d.median)) AS mad
    FROM (
        SELECT l.check_code, m.name, percentile_cont(0.5) WITHIN GROUP (ORDER BY m.value) AS median
        FROM em_latest l
        JOIN em_measure m ON m.run_id = l.run_id AND m.check_code = l.check_code
        WHERE _em_is_finite(m.value)
        GROUP BY l.check_code, m.name
    ) AS d
    JOIN em_latest l ON l.check_code = d.check_code
    JOIN em_measure m ON m.run_id = l.run_id AND m.check_code = l.check_code AND m.name = d.name
    WHERE _em_is_finite(m.value)
    GROUP BY d.check_code, d.name, d.median
) AS c
JOIN em_latest l ON l.check_code = c.check_code
JOIN em_measure v ON v.run_id = l.run_id AND v.check_code = l.check_code AND v.name = c.name
WHERE c.n >= 30 AND c.mad > 0 AND _em_is_finite(v.value) AND abs(0.6745 * (v.value - c.median) / c.mad) > 3.5;
COMMENT ON VIEW em_outlier IS
    'measures of entries that lie far from those of the other entries: more than 3.5 by the median and the median deviation (Iglewicz and Hoaglin 1993); '
    'only measures of at least 30 entries';

CREATE FUNCTION em_regrade_diff(profile_a text, profile_b text,
                                OUT entry_id text, OUT check_code text, OUT outcome_a text, OUT outcome_b text)
RETURNS SETOF record
LANGUAGE sql STABLE PARALLEL SAFE COST 100000 ROWS 1000
BEGIN ATOMIC
    SELECT a.entry_id, a.check_code, a.outcome, b.outcome
    FROM em_outcome a
    JOIN em_outcome b ON b.entry_id = a.entry_id AND b.check_code = a.check_code AND b.profile = profile_b
    WHERE a.profile = profile_a AND a.outcome IS DISTINCT FROM b.outcome
    ORDER BY 1, 2;
END;
COMMENT ON FUNCTION em_regrade_diff(text, text) IS 'entries and checks whose outcome differs between two profiles';

CREATE FUNCTION em_fsc_xml(entry_id text, curve text DEFAULT 'fsc') RETURNS xml
LANGUAGE sql STABLE PARALLEL SAFE COST 500
BEGIN ATOMIC
    SELECT xmlelement(NAME fsc, xmlattributes(em_fsc_xml.entry_id AS title, 'Resolution (A-1)' AS xaxis, 'Correlation Coefficient' AS yaxis),
                      xmlagg(xmlelement(NAME coordinate, xmlelement(NAME x, p.x), xmlelement(NAME y, p.y)) ORDER BY p.n))
    FROM em_latest l
    JOIN em_series s ON s.run_id = l.run_id AND s.check_code = l.check_code AND s.name = em_fsc_xml.curve
    CROSS JOIN LATERAL unnest(s.x, s.y) WITH ORDINALITY AS p (x, y, n)
    WHERE l.entry_id = em_fsc_xml.entry_id AND l.check_code = '1.a' AND _em_is_finite(p.y)
    HAVING count(*) > 0;
END;
COMMENT ON FUNCTION em_fsc_xml(text, text) IS
    'a curve of check 1.a (fsc, fsc_masked, fsc_corrected, fsc_randomised) as the FSC XML that EMDB takes; NULL when there is none';
