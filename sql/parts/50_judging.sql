/*
 * 50_judging.sql: each entry's latest results held against the criteria of every profile.
 *
 * Everything here is a view over rows: a changed criterion shows at once.
 */

CREATE FUNCTION _em_format(value float8, digits int) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE COST 2
RETURN CASE
    WHEN value = 'NaN' THEN 'nan'
    WHEN abs(value) = 'Infinity' THEN CASE WHEN value > 0 THEN 'inf' ELSE '-inf' END
    WHEN abs(value) >= 1e15 THEN value::text
    WHEN digits <= 0 THEN to_char(value, 'FM999999999999990')
    ELSE to_char(value, 'FM999999999999990.' || repeat('0', digits))
END;
COMMENT ON FUNCTION _em_format(float8, int) IS 'Internal: a number with a fixed count of decimals, as printf writes it, independent of the locale';

CREATE FUNCTION _em_is_finite(value float8) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1
RETURN value > '-Infinity'::float8 AND value < 'Infinity'::float8;
COMMENT ON FUNCTION _em_is_finite(float8) IS 'Internal: true for a number, false for NaN and infinity, NULL for NULL';

CREATE FUNCTION em_current_profile() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE COST 2
RETURN coalesce(nullif(current_setting('emvalid.profile', true), ''), 'vrs');
COMMENT ON FUNCTION em_current_profile() IS 'the profile named by the setting emvalid.profile, vrs unless set';

CREATE VIEW em_latest AS
SELECT r.entry_id, r.check_code, r.run_id, r.state, r.reason, r.reason_code, r.elapsed, r.method, r.recorded
FROM em_result r
WHERE NOT EXISTS (
    SELECT
    FROM em_result n
    WHERE n.entry_id = r.entry_id AND n.check_code = r.check_code AND n.run_id > r.run_id);
COMMENT ON VIEW em_latest IS 'each entry''s latest finished result of each check: that of the highest run';

CREATE FUNCTION _em_criterion_status(value float8, printed boolean, nan_printed_passes boolean, comparison text, limit_value float8,
                                     limit_upper float8, relative boolean, reference float8, when_missing text, when_limit_missing text)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 5
RETURN CASE
    WHEN value = 'NaN' AND printed AND nan_printed_passes THEN 'holds'
    WHEN _em_is_finite(value) IS NOT TRUE THEN
        CASE when_missing WHEN 'pass' THEN 'holds' WHEN 'skip' THEN 'skipped'
                          WHEN 'warn' THEN 'violated' ELSE 'unmeasured' END
    WHEN relative AND _em_is_finite(reference) IS NOT TRUE THEN
        CASE when_limit_missing WHEN 'pass' THEN 'holds' WHEN 'skip' THEN 'skipped'
                                WHEN 'warn' THEN 'violated' ELSE 'unmeasured' END
    WHEN CASE comparison
             WHEN '<' THEN value < limit_value * coalesce(reference, 1)
             WHEN '<=' THEN value <= limit_value * coalesce(reference, 1)
             WHEN '>' THEN value > limit_value * coalesce(reference, 1)
             WHEN '>=' THEN value >= limit_value * coalesce(reference, 1)
             WHEN 'between' THEN value >= limit_value * coalesce(reference, 1)
                             AND value <= limit_upper * coalesce(reference, 1)
             WHEN 'exists' THEN true
         END THEN 'holds'
    ELSE 'violated'
END;
COMMENT ON FUNCTION _em_criterion_status(float8, boolean, boolean, text, float8, float8, boolean, float8, text, text) IS
    'Internal: how a value stands to a criterion: holds, violated, unmeasured or skipped; relative: the limits are factors of reference';

CREATE FUNCTION _em_verdict(state text, bars bigint, judged bigint, violated bigint, unmeasured bigint, skipped bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 5
RETURN CASE
    WHEN state = 'not_applicable' THEN 'not_applicable'
    WHEN state = 'failed' THEN 'failed'
    WHEN bars > 0 THEN 'not_applicable'
    WHEN coalesce(judged, 0) = 0 THEN 'none'
    WHEN violated > 0 THEN 'warned'
    WHEN unmeasured > 0 THEN 'failed'
    WHEN skipped = judged THEN 'not_applicable'
    ELSE 'ok'
END;
COMMENT ON FUNCTION _em_verdict(text, bigint, bigint, bigint, bigint, bigint) IS
    'Internal: verdict of a check from the state of its result and the numbers of its criteria: violated ones that bar it, those judged, '
    'and of these the violated, unmeasured and skipped ones';

CREATE FUNCTION _em_outcome_text(verdict text, violated int) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 2
RETURN CASE verdict
    WHEN 'warned' THEN violated || ' warnings'
    WHEN 'ok' THEN 'OK'
    WHEN 'not_applicable' THEN 'Does not apply'
    WHEN 'failed' THEN 'Could not be measured'
    ELSE 'No criterion'
END;
COMMENT ON FUNCTION _em_outcome_text(text, int) IS 'Internal: a verdict as the item table of a report words it';

CREATE VIEW em_criterion_result AS
SELECT s.entry_id, s.profile, s.check_code, s.ordinal, s.run_id, s.measure, s.value, s.unit, s.printed,
       s.comparison, s.low AS "limit", s.high AS upper, s.reference, s.status,
       CASE s.status WHEN 'holds' THEN true WHEN 'violated' THEN false END AS holds,
       CASE
           WHEN NOT _em_is_finite(s.value) THEN NULL
           WHEN s.comparison IN ('<', '<=') THEN s.low - s.value
           WHEN s.comparison IN ('>', '>=') THEN s.value - s.low
           WHEN s.comparison = 'between' THEN least(s.value - s.low, s.high - s.value)
       END AS margin,
       s.effect,
       CASE s.status
           WHEN 'violated' THEN
               replace(replace(replace(replace(s.warning,
                   '{value}', coalesce(_em_format(s.value, s.digits), 'none')),
                   '{limit}', coalesce(_em_format(s.low, s.digits), 'none')),
                   '{upper}', coalesce(_em_format(s.high, s.digits), 'none')),
                   '{reference}', coalesce(_em_format(s.reference, s.digits), 'none'))
       END AS warning
FROM (
    SELECT l.entry_id, c.profile, l.check_code, c.ordinal, l.run_id, c.measure, m.value, m.unit, m.printed,
           c.comparison,
           c.limit_value * CASE WHEN c.limit_measure IS NULL THEN 1 ELSE r.value END AS low,
           c.limit_upper * CASE WHEN c.limit_measure IS NULL THEN 1 ELSE r.value END AS high,
           r.value AS reference, c.effect, c.warning, c.digits,
           _em_criterion_status(m.value, m.printed, p.nan_printed_passes, c.comparison, c.limit_value, c.limit_upper,
                                c.limit_measure IS NOT NULL, r.value, c.when_missing, c.when_limit_missing) AS status
    FROM em_latest l
    JOIN em_criterion c ON c.check_code = l.check_code AND c.enabled
    JOIN em_profile p ON p.profile = c.profile
    LEFT JOIN em_measure m ON m.run_id = l.run_id AND m.check_code = l.check_code AND m.name = c.measure
    LEFT JOIN em_measure r ON r.run_id = l.run_id AND r.check_code = l.check_code AND r.name = c.limit_measure
    WHERE l.state = 'measured'
) AS s;
COMMENT ON VIEW em_criterion_result IS 'every criterion of every profile held against the latest measured results';
COMMENT ON COLUMN em_criterion_result."limit" IS 'limit in the unit of the measure, factor and limit_measure multiplied out';
COMMENT ON COLUMN em_criterion_result.reference IS 'value of limit_measure';
COMMENT ON COLUMN em_criterion_result.status IS 'holds, violated, unmeasured (no value to judge) or skipped (left out, see em_criterion.when_missing)';
COMMENT ON COLUMN em_criterion_result.margin IS 'distance to the limit in the unit of the measure, negative beyond it';

CREATE VIEW em_outcome AS
SELECT o.entry_id, o.profile, o.check_code, o.check_name,
       _em_outcome_text(o.verdict, o.violated) AS outcome,
       CASE o.verdict WHEN 'warned' THEN o.violated WHEN 'ok' THEN 0 END AS warnings,
       o.verdict,
       CASE
           WHEN o.state <> 'measured' THEN o.reason
           WHEN o.verdict = 'not_applicable' THEN coalesce(o.bar, 'no value for ' || o.left_out)
           WHEN o.verdict = 'failed' THEN 'no value for ' || o.missing
       END AS reason,
       o.level, o.ordinal, o.run_id, o.state, o.recorded
FROM (
    SELECT l.entry_id, p.profile, l.check_code, c.name AS check_name, c.level, c.ordinal,
           l.run_id, l.state, l.reason, l.recorded, v.violated, v.missing, v.left_out, v.bar,
           _em_verdict(l.state, v.bars, v.judged, v.violated, v.unmeasured, v.skipped) AS verdict
    FROM em_latest l
    CROSS JOIN em_profile p
    JOIN em_check c ON c.check_code = l.check_code
    LEFT JOIN (
        SELECT r.entry_id, r.profile, r.check_code,
               count(*) FILTER (WHERE r.effect = 'not_applicable' AND r.status = 'violated')::int AS bars,
               min(r.warning) FILTER (WHERE r.effect = 'not_applicable') AS bar,
               count(*) FILTER (WHERE r.effect = 'warning')::int AS judged,
               count(*) FILTER (WHERE r.effect = 'warning' AND r.status = 'violated')::int AS violated,
               count(*) FILTER (WHERE r.effect = 'warning' AND r.status = 'unmeasured')::int AS unmeasured,
               count(*) FILTER (WHERE r.effect = 'warning' AND r.status = 'skipped')::int AS skipped,
               min(r.measure) FILTER (WHERE r.status = 'unmeasured') AS missing,
               min(r.measure) FILTER (WHERE r.status = 'skipped') AS left_out
        FROM em_criterion_result r
        GROUP BY r.entry_id, r.profile, r.check_code
    ) AS v ON v.entry_id = l.entry_id AND v.profile = p.profile AND v.check_code = l.check_code
) AS o;
COMMENT ON VIEW em_outcome IS 'verdict of each check, one row for each entry and profile';
COMMENT ON COLUMN em_outcome.outcome IS 'as in the item table of a report: OK, 1 warnings, 2 warnings, ..., Does not apply, Could not be measured, No criterion';
COMMENT ON COLUMN em_outcome.warnings IS 'number of warnings; NULL when the check was not judged';
COMMENT ON COLUMN em_outcome.verdict IS 'short form of outcome: ok, warned, not_applicable, failed, none';
COMMENT ON COLUMN em_outcome.reason IS 'why the check was not judged';

CREATE VIEW em_warning AS
SELECT v.entry_id, v.profile, v.check_code,
       row_number() OVER (PARTITION BY v.entry_id, v.profile, v.check_code ORDER BY v.ordinal)::int AS ordinal,
       v.warning, v.ordinal AS criterion, v.measure, v.value, v."limit"
FROM (
    SELECT r.*,
           bool_or(r.effect = 'not_applicable') OVER (PARTITION BY r.entry_id, r.profile, r.check_code) AS barred
    FROM em_criterion_result r
    WHERE r.status = 'violated'
) AS v
WHERE NOT v.barred;
COMMENT ON VIEW em_warning IS 'the warnings of each check in their order';
COMMENT ON COLUMN em_warning.ordinal IS 'number of the warning within the check, from 1';
COMMENT ON COLUMN em_warning.criterion IS 'ordinal of the criterion that was violated';
