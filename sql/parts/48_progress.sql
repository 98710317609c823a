/*
 * 48_progress.sql: what is being validated, and how long it will take.
 *
 * Rule of the estimate: a check takes as long as it lately took with maps of a
 * similar size (voxels equal to within a factor of the square root of 2), in
 * proportion to the number of voxels; the median counts.  Beyond that time, or
 * without such results, the share of the present phase that is done decides
 * when it is at least 5 %, which knows nothing of phases to come.  Otherwise
 * nothing is known, and NULL says so.
 */

CREATE INDEX em_result_recent ON em_result (check_code, recorded);

CREATE VIEW em_check_time AS
SELECT r.check_code, v.size, y.parameters -> 'sha256' ? 'half1' AND y.parameters -> 'sha256' ? 'half2' AS half_maps,
       count(*) AS results,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM r.elapsed)::float8 / v.voxels * 1e6) AS seconds_per_mvoxel
FROM em_check c
CROSS JOIN LATERAL (
    SELECT e.run_id, e.entry_id, e.check_code, e.elapsed
    FROM em_result e
    WHERE e.check_code = c.check_code AND e.state = 'measured' AND e.elapsed IS NOT NULL
    ORDER BY e.recorded DESC LIMIT 200
) AS r
JOIN em_run y ON y.run_id = r.run_id AND y.origin = 'emvalid'
CROSS JOIN LATERAL (
    SELECT n.voxels, round(ln(n.voxels) / ln(2::float8))::int AS size
    FROM (SELECT (y.parameters ->> 'voxels')::float8 AS voxels) AS n
) AS v
WHERE v.voxels > 0
GROUP BY 1, 2, 3;
COMMENT ON VIEW em_check_time IS
    'how long each check lately took (its latest 200 results), by the size of the map and whether there were half maps';
COMMENT ON COLUMN em_check_time.size IS 'logarithm to base 2 of the number of voxels, rounded: 21 for 128 x 128 x 128';
COMMENT ON COLUMN em_check_time.seconds_per_mvoxel IS 'median of the wall-clock time for a million voxels, s';

CREATE VIEW em_progress AS
SELECT p.entry_id, p.check_code, p.phase, p.percent, p.elapsed, p.worker, p.job_id, p.checks, p.checks_finished,
       t.remaining, t.remaining + o.expected AS job_remaining
FROM (
    SELECT (SELECT e.entry_id FROM em_entry e WHERE e.entry_id = coalesce(j.entry_id, a.part[1])) AS entry_id, a.part[2] AS check_code, a.part[3] AS phase, a.part[4]::int AS percent,
           clock_timestamp() - coalesce(r.recorded, j.started, a.xact_start) AS elapsed, a.pid AS worker, j.job_id, j.run_id,
           j.codes, cardinality(j.codes) AS checks, coalesce(r.finished, 0) AS checks_finished
    FROM (
        SELECT s.pid, s.xact_start, regexp_match(s.application_name, '^emvalid: (.*) ([0-9A-Z]\.[a-z]+) (.*) ([0-9]+)%$') AS part
        FROM pg_stat_activity s
        WHERE s.application_name LIKE 'emvalid: %' AND s.datname = current_database()
    ) AS a
    LEFT JOIN em_job j ON j.worker = a.pid AND j.state = 'running'
    LEFT JOIN LATERAL (
        SELECT max(e.recorded) AS recorded, count(*)::int AS finished FROM em_result e WHERE e.run_id = j.run_id
    ) AS r ON true
    WHERE a.part IS NOT NULL
) AS p
LEFT JOIN LATERAL (
    SELECT n.voxels, round(ln(n.voxels) / ln(2::float8))::int AS size,
           (SELECT count(*) = 2 FROM em_entry_map h WHERE h.entry_id = p.entry_id AND h.role IN ('half1', 'half2')) AS half_maps
    FROM em_entry_map m
    CROSS JOIN LATERAL (SELECT em_nx(m.map)::float8 * em_ny(m.map) * em_nz(m.map) AS voxels) AS n
    WHERE m.entry_id = p.entry_id AND m.role = 'map'
) AS v ON true
LEFT JOIN LATERAL (
    SELECT CASE WHEN x.expected > p.elapsed THEN x.expected - p.elapsed
                WHEN p.percent BETWEEN 5 AND 100 THEN p.elapsed * ((100 - p.percent) / p.percent::float8) END AS remaining
    FROM (SELECT (
              SELECT k.seconds_per_mvoxel * v.voxels / 1e6 * interval '1 s'
              FROM em_check_time k
              WHERE k.check_code = p.check_code AND k.half_maps = v.half_maps AND k.size = v.size
          ) AS expected) AS x
) AS t ON true
LEFT JOIN LATERAL (
    SELECT CASE WHEN count(*) = count(k.seconds_per_mvoxel)
                THEN coalesce(sum(k.seconds_per_mvoxel), 0) * v.voxels / 1e6 * interval '1 s' END AS expected
    FROM unnest(p.codes) AS u (code)
    LEFT JOIN em_check_time k ON k.check_code = u.code AND k.half_maps = v.half_maps AND k.size = v.size
    WHERE u.code <> p.check_code
      AND NOT EXISTS (SELECT FROM em_result e WHERE e.run_id = p.run_id AND e.check_code = u.code)
) AS o ON p.job_id IS NOT NULL;
COMMENT ON VIEW em_progress IS
    'what is being validated right now in this database, from any session: one row for each check that runs, up to date to a quarter of a second';
COMMENT ON COLUMN em_progress.entry_id IS 'cut when it is long and no job of the queue';
COMMENT ON COLUMN em_progress.phase IS 'what the check is doing';
COMMENT ON COLUMN em_progress.percent IS 'of this phase';
COMMENT ON COLUMN em_progress.elapsed IS 'since the check began; NULL when neither a job nor visible to you';
COMMENT ON COLUMN em_progress.worker IS 'process id, for pg_cancel_backend';
COMMENT ON COLUMN em_progress.checks IS 'number of checks of the job; NULL for a validation that is no job';
COMMENT ON COLUMN em_progress.checks_finished IS 'how many of them have a result';
COMMENT ON COLUMN em_progress.remaining IS
    'estimate of what the check still takes: the time that maps of this size lately took (em_check_time) less that elapsed; beyond it, or '
    'without such results, by the share of the phase that is done; NULL: unknown';
COMMENT ON COLUMN em_progress.job_remaining IS
    'the same with the checks of the job that have no result yet; NULL when the time of one of them is unknown, or for a validation that is no job';
