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

-- Plain definitions: what the summaries of em_archive_refresh() must be equal to ------------
--
-- Functions, so that the planner does not count their cost where a summary is read instead.

CREATE FUNCTION _em_plain_entry(entry_id text, OUT recalculated float8, OUT validated timestamptz)
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 10
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    SELECT m.value INTO recalculated
    FROM em_latest l
    JOIN em_measure m ON m.run_id = l.run_id AND m.check_code = l.check_code AND m.name = 'fsc_0143'
    WHERE l.entry_id = _em_plain_entry.entry_id AND l.check_code = '1.a' AND _em_is_finite(m.value);
    SELECT max(l.recorded) INTO validated FROM em_latest l WHERE l.entry_id = _em_plain_entry.entry_id;
END;
$$;
COMMENT ON FUNCTION _em_plain_entry(text) IS 'Internal: resolution of check 1.a (Å) and time of the last result of an entry';

CREATE FUNCTION _em_plain_outcome(OUT profile text, OUT check_code text, OUT check_name text, OUT ok bigint, OUT warned bigint,
                                  OUT not_applicable bigint, OUT failed bigint, OUT without_criterion bigint, OUT entries bigint)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1000 ROWS 50
SET search_path = pg_catalog, @extschema@, pg_temp
SET jit = off
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT o.profile, o.check_code, o.check_name,
           count(*) FILTER (WHERE o.verdict = 'ok'),
           count(*) FILTER (WHERE o.verdict = 'warned'),
           count(*) FILTER (WHERE o.verdict = 'not_applicable'),
           count(*) FILTER (WHERE o.verdict = 'failed'),
           count(*) FILTER (WHERE o.verdict = 'none'),
           count(*)
    FROM em_outcome o
    GROUP BY o.profile, o.check_code, o.check_name;
END;
$$;
COMMENT ON FUNCTION _em_plain_outcome() IS 'Internal: em_archive_outcome computed from all results';

CREATE FUNCTION _em_plain_score(OUT entry_id text, OUT profile text, OUT passed int, OUT evaluable int, OUT failed int,
                                OUT not_applicable int, OUT without_criterion int)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1000 ROWS 1000
SET search_path = pg_catalog, @extschema@, pg_temp
SET jit = off
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY SELECT s.entry_id, s.profile, s.passed, s.evaluable, s.failed, s.not_applicable, s.without_criterion FROM em_score s;
END;
$$;
COMMENT ON FUNCTION _em_plain_score() IS 'Internal: em_score, behind a wall for the planner';

CREATE FUNCTION _em_plain_warning(OUT profile text, OUT check_code text, OUT criterion int, OUT measure text, OUT entries bigint, OUT example text)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1000 ROWS 50
SET search_path = pg_catalog, @extschema@, pg_temp
SET jit = off
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT w.profile, w.check_code, w.criterion, w.measure, count(*), (array_agg(w.warning ORDER BY w.entry_id))[1]
    FROM em_warning w
    GROUP BY w.profile, w.check_code, w.criterion, w.measure;
END;
$$;
COMMENT ON FUNCTION _em_plain_warning() IS 'Internal: em_archive_warning computed from all results';

CREATE FUNCTION _em_plain_failure(OUT check_code text, OUT reason_code text, OUT entries bigint, OUT example text)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1000 ROWS 50
SET search_path = pg_catalog, @extschema@, pg_temp
SET jit = off
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT l.check_code, coalesce(l.reason_code, 'other'), count(*), (array_agg(l.reason ORDER BY l.entry_id))[1]
    FROM em_latest l
    WHERE l.state = 'failed'
    GROUP BY l.check_code, coalesce(l.reason_code, 'other');
END;
$$;
COMMENT ON FUNCTION _em_plain_failure() IS 'Internal: em_archive_failure computed from all results';

CREATE FUNCTION _em_plain_outlier(OUT entry_id text, OUT check_code text, OUT measure text, OUT value float8, OUT unit text,
                                  OUT median float8, OUT mad float8, OUT n bigint, OUT robust_z float8)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1000 ROWS 100
SET search_path = pg_catalog, @extschema@, pg_temp
SET jit = off
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH number AS MATERIALIZED (
        SELECT l.entry_id, l.check_code, m.name, m.value, m.unit
        FROM em_latest l
        JOIN em_measure m ON m.run_id = l.run_id AND m.check_code = l.check_code
        WHERE _em_is_finite(m.value)
    ), middle AS (
        SELECT v.check_code, v.name, percentile_cont(0.5) WITHIN GROUP (ORDER BY v.value) AS median
        FROM number v
        GROUP BY v.check_code, v.name
        HAVING count(*) >= 30
    ), spread AS (
        SELECT v.check_code, v.name, d.median, count(*) AS n, percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(v.value - d.median)) AS mad
        FROM number v
        JOIN middle d ON d.check_code = v.check_code AND d.name = v.name
        GROUP BY v.check_code, v.name, d.median
    )
    SELECT v.entry_id, v.check_code, v.name, v.value, v.unit, s.median, s.mad, s.n, 0.6745 * (v.value - s.median) / s.mad
    FROM number v
    JOIN spread s ON s.check_code = v.check_code AND s.name = v.name
    WHERE s.mad > 0 AND abs(0.6745 * (v.value - s.median) / s.mad) > 3.5;
END;
$$;
COMMENT ON FUNCTION _em_plain_outlier() IS 'Internal: em_outlier computed from all results';

-- Views: the summary as of the last refresh; the plain definition while there has been none --

CREATE VIEW em_archive_entry AS
SELECT e.entry_id, e.title, e.deposited, date_part('year', e.deposited)::int AS year, e.method, e.resolution,
       em_resolution_shell(e.resolution) AS shell,
       CASE WHEN EXISTS (SELECT FROM em_archive_state) THEN a.recalculated
            ELSE (SELECT p.recalculated FROM _em_plain_entry(e.entry_id) AS p) END AS recalculated,
       CASE WHEN EXISTS (SELECT FROM em_archive_state) THEN a.validated
            ELSE (SELECT p.validated FROM _em_plain_entry(e.entry_id) AS p) END AS validated
FROM em_entry e
LEFT JOIN _em_archive_entry a ON a.entry_id = e.entry_id;
COMMENT ON VIEW em_archive_entry IS 'each entry with its resolution, reported and recalculated (FSC 0.143 of check 1.a, Å), and when it was last validated';

CREATE VIEW em_archive_outcome AS
SELECT p.profile, p.check_code, c.name AS check_name, p.ok, p.warned, p.not_applicable, p.failed, p.without_criterion,
       p.ok + p.warned + p.not_applicable + p.failed + p.without_criterion AS entries
FROM _em_archive_pair p
JOIN em_check c ON c.check_code = p.check_code
WHERE EXISTS (SELECT FROM em_archive_state) AND p.ok + p.warned + p.not_applicable + p.failed + p.without_criterion > 0
UNION ALL
SELECT o.profile, o.check_code, o.check_name, o.ok, o.warned, o.not_applicable, o.failed, o.without_criterion, o.entries
FROM _em_plain_outcome() AS o
WHERE NOT EXISTS (SELECT FROM em_archive_state);
COMMENT ON VIEW em_archive_outcome IS 'how many entries have each outcome of each check';

CREATE VIEW em_archive_entry_score AS
SELECT k.entry_id, k.profile, k.passed, k.evaluable, k.failed, k.not_applicable, k.without_criterion
FROM _em_archive_score k
WHERE EXISTS (SELECT FROM em_archive_state)
UNION ALL
SELECT s.entry_id, s.profile, s.passed, s.evaluable, s.failed, s.not_applicable, s.without_criterion
FROM _em_plain_score() AS s
WHERE NOT EXISTS (SELECT FROM em_archive_state);
COMMENT ON VIEW em_archive_entry_score IS 'the score of every entry, as em_score has it, as of the last refresh';

CREATE VIEW em_archive_score AS
SELECT s.profile, em_resolution_shell(e.resolution) AS shell, count(*) AS entries,
       100 * avg(s.passed::float8 / s.evaluable) AS mean_percent,
       100 * percentile_cont(0.5) WITHIN GROUP (ORDER BY s.passed::float8 / s.evaluable) AS median_percent,
       count(*) FILTER (WHERE s.passed = s.evaluable) AS all_passed,
       count(*) FILTER (WHERE s.passed * 4 < s.evaluable) AS below_25,
       count(*) FILTER (WHERE s.passed * 4 >= s.evaluable AND s.passed * 2 < s.evaluable) AS below_50,
       count(*) FILTER (WHERE s.passed * 2 >= s.evaluable AND s.passed * 4 < s.evaluable * 3) AS below_75,
       count(*) FILTER (WHERE s.passed * 4 >= s.evaluable * 3 AND s.passed < s.evaluable) AS below_100
FROM em_archive_entry_score s
JOIN em_entry e ON e.entry_id = s.entry_id
WHERE s.evaluable > 0
GROUP BY s.profile, em_resolution_shell(e.resolution);
COMMENT ON VIEW em_archive_score IS 'share of passed items (%) by range of resolution, over entries with an evaluable item';
COMMENT ON COLUMN em_archive_score.all_passed IS 'entries of which all evaluable items pass';
COMMENT ON COLUMN em_archive_score.below_25 IS 'entries of which less than 25 % of the items pass';
COMMENT ON COLUMN em_archive_score.below_50 IS 'entries from 25 % to less than 50 %';
COMMENT ON COLUMN em_archive_score.below_75 IS 'entries from 50 % to less than 75 %';
COMMENT ON COLUMN em_archive_score.below_100 IS 'entries from 75 % to less than all';

CREATE VIEW em_archive_year AS
SELECT s.profile, date_part('year', e.deposited)::int AS year, count(*) AS entries, avg(e.resolution) AS mean_resolution,
       100 * avg(s.passed::float8 / s.evaluable) AS mean_percent
FROM em_archive_entry_score s
JOIN em_entry e ON e.entry_id = s.entry_id
WHERE s.evaluable > 0 AND e.deposited IS NOT NULL
GROUP BY s.profile, date_part('year', e.deposited)::int;
COMMENT ON VIEW em_archive_year IS 'entries, mean reported resolution (Å) and mean share of passed items (%) by year of deposition';

CREATE VIEW em_archive_warning AS
SELECT w.profile, w.check_code, w.criterion, w.measure, coalesce(i.label, w.measure) || coalesce(' against ' || l.label, '') AS label,
       w.entries, w.example
FROM (SELECT k.profile, k.check_code, k.criterion, k.measure, k.entries, x.example
      FROM _em_archive_warned k
      LEFT JOIN _em_archive_example x ON x.kind = k.profile || ':' AND x.check_code = k.check_code AND x.what = k.criterion::text
      WHERE EXISTS (SELECT FROM em_archive_state)
      UNION ALL
      SELECT p.profile, p.check_code, p.criterion, p.measure, p.entries, p.example
      FROM _em_plain_warning() AS p
      WHERE NOT EXISTS (SELECT FROM em_archive_state)) AS w
LEFT JOIN em_measure_info i ON i.check_code = w.check_code AND i.name = w.measure
LEFT JOIN em_criterion c ON c.profile = w.profile AND c.check_code = w.check_code AND c.ordinal = w.criterion
LEFT JOIN em_measure_info l ON l.check_code = c.check_code AND l.name = c.limit_measure;
COMMENT ON VIEW em_archive_warning IS 'how many entries violate each criterion';
COMMENT ON COLUMN em_archive_warning.label IS 'what the criterion compares, in words';
COMMENT ON COLUMN em_archive_warning.example IS 'the warning of the first of them';

CREATE VIEW em_archive_failure AS
SELECT k.check_code, k.reason_code, k.entries, x.example
FROM _em_archive_failed k
LEFT JOIN _em_archive_example x ON x.kind = 'failure' AND x.check_code = k.check_code AND x.what = k.reason_code
WHERE EXISTS (SELECT FROM em_archive_state)
UNION ALL
SELECT f.check_code, f.reason_code, f.entries, f.example
FROM _em_plain_failure() AS f
WHERE NOT EXISTS (SELECT FROM em_archive_state);
COMMENT ON VIEW em_archive_failure IS 'how many entries could not be measured, by check and reason';
COMMENT ON COLUMN em_archive_failure.example IS 'the reason of the first of them';

CREATE VIEW em_archive_resolution AS
SELECT a.entry_id, a.resolution AS reported, a.recalculated, a.recalculated / a.resolution AS ratio
FROM em_archive_entry a
WHERE a.resolution IS NOT NULL AND a.recalculated IS NOT NULL;
COMMENT ON VIEW em_archive_resolution IS 'reported against recalculated resolution (Å); a ratio above 1 means that less was found than was reported';

CREATE VIEW em_archive_resolution_density AS
SELECT power(10, (b.x + 0.5) / 25) AS reported, power(10, (b.y + 0.5) / 25) AS recalculated, count(*) AS entries
FROM (SELECT floor(25 * log(r.reported)) AS x, floor(25 * log(r.recalculated)) AS y
      FROM em_archive_resolution r WHERE r.recalculated > 0) AS b
GROUP BY b.x, b.y;
COMMENT ON VIEW em_archive_resolution_density IS
    'how many entries have about this reported and recalculated resolution (Å): the middles of cells of 1/25 of a decade, 10 %';

CREATE VIEW em_outlier AS
SELECT o.entry_id, o.check_code, o.measure, o.value, o.unit, o.median, o.mad, o.n, o.robust_z
FROM _em_archive_outlier o
WHERE EXISTS (SELECT FROM em_archive_state)
UNION ALL
SELECT p.entry_id, p.check_code, p.measure, p.value, p.unit, p.median, p.mad, p.n, p.robust_z
FROM _em_plain_outlier() AS p
WHERE NOT EXISTS (SELECT FROM em_archive_state);
COMMENT ON VIEW em_outlier IS
    'measures of entries that lie far from those of the other entries: more than 3.5 by the median and the median deviation (Iglewicz and Hoaglin 1993); '
    'only measures of at least 30 entries';

CREATE FUNCTION em_regrade_diff(profile_a text, profile_b text,
                                OUT entry_id text, OUT check_code text, OUT outcome_a text, OUT outcome_b text)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 100000 ROWS 1000
SET search_path = pg_catalog, @extschema@, pg_temp
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    wrong text := (SELECT p.name FROM unnest(ARRAY[profile_a, profile_b]) AS p (name)
                   WHERE NOT EXISTS (SELECT FROM em_profile q WHERE q.profile = p.name) LIMIT 1);
BEGIN
    IF wrong IS NOT NULL THEN
        RAISE undefined_object USING MESSAGE = format('there is no profile "%s"', wrong),
            HINT = 'The profiles are listed in em_profile.';
    END IF;
    -- Never of the last refresh: the summary only when nothing changed since
    IF has_table_privilege('_em_archive_verdict', 'SELECT') AND _em_archive_is_fresh() THEN
        RETURN QUERY
        SELECT e.entry_id, a.check_code, t.outcome_a, t.outcome_b
        FROM _em_archive_verdict a
        JOIN _em_archive_verdict b ON b.profile = profile_b AND b.check_code = a.check_code AND b.chunk = a.chunk
        CROSS JOIN LATERAL ROWS FROM (unnest(a.verdict), unnest(a.violated), unnest(b.verdict), unnest(b.violated)) WITH ORDINALITY
                           AS v (verdict_a, violated_a, verdict_b, violated_b, place)
        CROSS JOIN LATERAL (SELECT _em_outcome_text(v.verdict_a, v.violated_a) AS outcome_a, _em_outcome_text(v.verdict_b, v.violated_b) AS outcome_b) AS t
        JOIN _em_archive_entry e ON e.slot = 1024 * a.chunk + v.place - 1
        WHERE a.profile = profile_a AND (v.verdict_a <> v.verdict_b OR v.violated_a <> v.violated_b) AND t.outcome_a <> t.outcome_b
        ORDER BY 1, 2;
    ELSE
        RETURN QUERY
        SELECT a.entry_id, a.check_code, a.outcome, b.outcome
        FROM em_outcome a
        JOIN em_outcome b ON b.entry_id = a.entry_id AND b.check_code = a.check_code AND b.profile = profile_b
        WHERE a.profile = profile_a AND a.outcome IS DISTINCT FROM b.outcome
        ORDER BY 1, 2;
    END IF;
END;
$$;
COMMENT ON FUNCTION em_regrade_diff(text, text) IS
    'entries and checks whose outcome differs between two profiles, as it is now; fast when nothing changed since the last em_archive_refresh()';

CREATE FUNCTION em_fsc_xml(entry_id text, curve text DEFAULT 'fsc') RETURNS xml
LANGUAGE sql STABLE PARALLEL SAFE COST 500
BEGIN ATOMIC
    SELECT xmlelement(NAME fsc, xmlattributes(
                          em_fsc_xml.entry_id || ': emvalid ' || CASE em_fsc_xml.curve WHEN 'fsc' THEN 'unmasked' WHEN 'fsc_masked' THEN 'masked'
                              WHEN 'fsc_corrected' THEN 'masked-corrected' WHEN 'fsc_randomised' THEN 'masked phase-randomised'
                              ELSE substr(em_fsc_xml.curve, 5) END || ' FSC' AS title,
                          'Resolution (A-1)' AS xaxis, 'Correlation Coefficient' AS yaxis),
                      xmlagg(xmlelement(NAME coordinate, xmlelement(NAME x, p.x), xmlelement(NAME y, p.y)) ORDER BY p.n))
    FROM em_latest l
    JOIN em_series s ON s.run_id = l.run_id AND s.check_code = l.check_code AND s.name = em_fsc_xml.curve
    CROSS JOIN LATERAL unnest(s.x, s.y) WITH ORDINALITY AS p (x, y, n)
    WHERE l.entry_id = em_fsc_xml.entry_id AND l.check_code = '1.a' AND em_fsc_xml.curve ~ '^fsc(_|$)' AND _em_is_finite(p.x) AND _em_is_finite(p.y)
    HAVING count(*) > 0;
END;
COMMENT ON FUNCTION em_fsc_xml(text, text) IS
    'a curve of check 1.a (fsc, fsc_masked, fsc_corrected, fsc_randomised) as the FSC XML that EMDB takes, points that have no value left out; the title tells which it is; NULL when there is none';
