/*
 * 54_scores.sql: score, summary, and the short forms for the current profile.
 */

CREATE VIEW em_score AS
SELECT s.entry_id, s.profile, s.passed, s.evaluable, s.failed, s.not_applicable, s.without_criterion,
       format('%s out of %s evaluable items', s.passed, s.evaluable) AS score
FROM (
    SELECT e.entry_id, p.profile,
           count(*) FILTER (WHERE o.verdict = 'ok')::int AS passed,
           count(*) FILTER (WHERE o.verdict IN ('ok', 'warned'))::int AS evaluable,
           count(*) FILTER (WHERE o.verdict = 'failed')::int AS failed,
           count(*) FILTER (WHERE o.verdict = 'not_applicable')::int AS not_applicable,
           count(*) FILTER (WHERE o.verdict = 'none')::int AS without_criterion
    FROM em_entry e
    CROSS JOIN em_profile p
    LEFT JOIN em_outcome o ON o.entry_id = e.entry_id AND o.profile = p.profile
    GROUP BY e.entry_id, p.profile
) AS s;
COMMENT ON VIEW em_score IS 'how many checks of each entry pass; what could not be measured counts in neither number and is shown beside them';
COMMENT ON COLUMN em_score.evaluable IS 'checks that were judged: passed or warned';
COMMENT ON COLUMN em_score.failed IS 'checks that could not be measured';
COMMENT ON COLUMN em_score.without_criterion IS 'checks that were measured but that the profile does not judge';

CREATE VIEW em_estimate AS
SELECT l.entry_id, s.profile, s.check_code, s.measure, s.ordinal, m.value
FROM em_latest l
JOIN em_estimate_source s ON s.check_code = l.check_code
JOIN em_measure m ON m.run_id = l.run_id AND m.check_code = l.check_code AND m.name = s.measure
WHERE l.state = 'measured' AND _em_is_finite(m.value);
COMMENT ON VIEW em_estimate IS 'estimates of the resolution of each entry, Å, as the profile lists them';

CREATE VIEW em_summary AS
SELECT e.entry_id, p.profile,
       concat_ws(' ', q.quality, r.resolution, t.score_sentence) AS summary,
       q.quality, r.resolution, t.score_sentence
FROM em_entry e
CROSS JOIN em_profile p
LEFT JOIN (
    SELECT o.entry_id, o.profile,
           count(*) FILTER (WHERE o.verdict = 'ok') AS passed,
           count(*) FILTER (WHERE o.verdict IN ('ok', 'warned')) AS evaluable,
           string_agg(replace(CASE o.verdict WHEN 'ok' THEN c.sentence_ok WHEN 'warned' THEN c.sentence_warned END,
                              '{section}', l.section || '.' || c.ordinal),
                      ' ' ORDER BY l.ordinal, c.ordinal) AS quality
    FROM em_outcome o
    JOIN em_check c ON c.check_code = o.check_code
    LEFT JOIN em_level_present l ON l.entry_id = o.entry_id AND l.level = c.level
    GROUP BY o.entry_id, o.profile
) AS q ON q.entry_id = e.entry_id AND q.profile = p.profile
LEFT JOIN (
    SELECT m.entry_id, m.profile,
           format('The average resolution of the map estimated by various methods goes from %sÅ to %sÅ with an average of %sÅ. ',
                  _em_format(m.least, 1), _em_format(m.greatest, 1), _em_format(m.mean, 1))
           || CASE WHEN e.resolution IS NULL THEN 'The user did not report a resolution.'
                   ELSE format('The resolution reported by the user was %sÅ.', _em_format(e.resolution, 1)) END
           || CASE WHEN e.resolution < p.overestimate_factor * m.mean
                   THEN ' The resolution reported by the user may be overestimated.' ELSE '' END AS resolution
    FROM (
        SELECT entry_id, profile, min(value) AS least, max(value) AS greatest, avg(value) AS mean
        FROM em_estimate
        GROUP BY entry_id, profile
    ) AS m
    JOIN em_entry e ON e.entry_id = m.entry_id
    JOIN em_profile p ON p.profile = m.profile
) AS r ON r.entry_id = e.entry_id AND r.profile = p.profile
CROSS JOIN LATERAL (
    SELECT format('The overall score (passing tests) of this report is %s out of %s evaluable items.',
                  coalesce(q.passed, 0), coalesce(q.evaluable, 0)) AS score_sentence
) AS t;
COMMENT ON VIEW em_summary IS 'the sentences of the summarized overall quality';
COMMENT ON COLUMN em_summary.summary IS 'all sentences';
COMMENT ON COLUMN em_summary.quality IS 'sentences of the checks';
COMMENT ON COLUMN em_summary.resolution IS 'sentences on the resolution; NULL when there is no estimate';
COMMENT ON COLUMN em_summary.score_sentence IS 'sentence with the score';

-- Short forms ------------------------------------------------------------------

CREATE VIEW em_my_outcome AS
SELECT entry_id, check_code, check_name, outcome, warnings, reason
FROM em_outcome
WHERE profile = em_current_profile();
COMMENT ON VIEW em_my_outcome IS 'em_outcome for the profile of the setting emvalid.profile';

CREATE VIEW em_my_warning AS
SELECT entry_id, check_code, ordinal, warning
FROM em_warning
WHERE profile = em_current_profile();
COMMENT ON VIEW em_my_warning IS 'em_warning for the profile of the setting emvalid.profile';

CREATE VIEW em_my_score AS
SELECT entry_id, passed, evaluable, failed, not_applicable, score
FROM em_score
WHERE profile = em_current_profile();
COMMENT ON VIEW em_my_score IS 'em_score for the profile of the setting emvalid.profile';

CREATE VIEW em_my_summary AS
SELECT entry_id, summary
FROM em_summary
WHERE profile = em_current_profile();
COMMENT ON VIEW em_my_summary IS 'em_summary for the profile of the setting emvalid.profile';

CREATE VIEW em_overview AS
SELECT e.entry_id, e.title, e.deposited, e.resolution, l.levels, l.grade, s.passed, s.evaluable, s.failed, s.not_applicable, s.score
FROM em_entry e
LEFT JOIN em_level l ON l.entry_id = e.entry_id
LEFT JOIN em_my_score s ON s.entry_id = e.entry_id;
COMMENT ON VIEW em_overview IS 'one row for each entry: what it is, its levels and its score under the profile of the setting emvalid.profile';
