/*
 * 65_percentile.sql: where an entry stands among the others.
 */

CREATE FUNCTION em_percentile(entry_id text, check_code text, measure text, window_share float8 DEFAULT 0.2,
                              OUT value float8, OUT n_all bigint, OUT percentile_all float8,
                              OUT n_window bigint, OUT percentile_window float8, OUT window_low float8, OUT window_high float8)
LANGUAGE sql STABLE PARALLEL SAFE COST 50000
BEGIN ATOMIC
    WITH mine AS (
        SELECT m.value, e.resolution
        FROM em_latest l
        JOIN em_measure m ON m.run_id = l.run_id AND m.check_code = l.check_code AND m.name = em_percentile.measure
        JOIN em_entry e ON e.entry_id = l.entry_id
        WHERE l.entry_id = em_percentile.entry_id AND l.check_code = em_percentile.check_code AND _em_is_finite(m.value)
    ), others AS (
        SELECT m.value, e.resolution BETWEEN i.resolution * (1 - em_percentile.window_share)
                                         AND i.resolution * (1 + em_percentile.window_share) AS near,
               CASE WHEN m.value < i.value THEN 1 WHEN m.value = i.value THEN 0.5 ELSE 0 END::float8 AS below
        FROM mine i
        CROSS JOIN em_latest l
        JOIN em_measure m ON m.run_id = l.run_id AND m.check_code = l.check_code AND m.name = em_percentile.measure
        JOIN em_entry e ON e.entry_id = l.entry_id
        WHERE l.check_code = em_percentile.check_code AND _em_is_finite(m.value)
    )
    SELECT i.value, o.n, CASE WHEN o.n >= 30 THEN o.share END, o.n_near, CASE WHEN o.n_near >= 30 THEN o.share_near END,
           i.resolution * (1 - em_percentile.window_share), i.resolution * (1 + em_percentile.window_share)
    FROM mine i,
         (SELECT count(*) AS n, 100 * avg(below) AS share, count(*) FILTER (WHERE near) AS n_near,
                 100 * avg(below) FILTER (WHERE near) AS share_near FROM others) AS o;
END;
COMMENT ON FUNCTION em_percentile(text, text, text, float8) IS
    'percentile of a measure of an entry: share of the entries (%) with a smaller value, equal ones counted half, among all and among those with a '
    'reported resolution within a share of its own (20 %); NULL when fewer than 30 entries have the measure';

CREATE FUNCTION _em_slider_svg(label text, percentile float8, n bigint, what text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE COST 50
RETURN CASE
    WHEN percentile IS NULL THEN format('not enough entries (%s of 30)', coalesce(n, 0))
    ELSE format('<svg xmlns="http://www.w3.org/2000/svg" class="slider" role="img" viewBox="0 0 240 22"><title>%1$s: percentile %2$s of %3$s entries %4$s</title>'
                '<rect x="4" y="8" width="232" height="6" fill="#ddd" stroke="#555"/><path d="M120 5v12" stroke="#555"/>'
                '<path d="M%5$s 3v16" stroke="#111" stroke-width="5"/></svg><span class="nowrap">%2$s (N = %3$s)</span>',
                _em_html(label), round(percentile::numeric), n, _em_html(what), round((4 + 2.32 * percentile)::numeric, 1)) END;
COMMENT ON FUNCTION _em_slider_svg(text, float8, bigint, text) IS 'Internal: a percentile as a slider, or that there are not enough entries';
