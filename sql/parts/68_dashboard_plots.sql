/*
 * 68_dashboard_plots.sql: the charts of the page over all entries.
 *
 * Parts of a bar differ by pattern as well as by colour, and every chart stands beside a table with its numbers.
 */

CREATE FUNCTION _em_bars_svg(id text, title text, description text, labels text[], names text[], counts jsonb, notes text[], scale float8, ordered boolean)
RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 5000
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    -- Labels take the room they need, up to half of the width
    x0     CONSTANT float8 := least(420, greatest(236, 24 + 8 * (SELECT max(length(l)) FROM unnest(labels) AS l)));
    x1     CONSTANT float8 := 600;
    pitch  CONSTANT float8 := 26;
    fills  CONSTANT text[] := CASE WHEN ordered THEN '{#0b2350,#3f78c4,#a9c6ea,pattern-3,#ffffff}' ELSE '{#1b4f9c,pattern-1,#cfcfcf,pattern-2,#ffffff}' END;
    rows   CONSTANT int := coalesce(cardinality(labels), 0);
    parts  CONSTANT int := cardinality(names);
    top    float8 := CASE WHEN parts > 1 THEN 12 + 22 * ceil(parts / 3.0) ELSE 4 END;
    most   float8;
    total  float8;
    place  float8;
    wide   float8;
    y      float8;
    n      float8;
    fill   text;
    body   text := '';
BEGIN
    IF rows = 0 THEN
        RETURN NULL;
    END IF;
    SELECT coalesce(nullif(scale, 0), max(s.total)) INTO most
    FROM (SELECT (SELECT sum(c.v::float8) FROM jsonb_array_elements_text(r.line) AS c (v)) AS total FROM jsonb_array_elements(counts) AS r (line)) AS s;
    FOR p IN 1 .. CASE WHEN parts > 1 THEN parts ELSE 0 END LOOP
        fill := CASE WHEN fills[p] LIKE 'pattern%' THEN format('url(#%s-%s)', id, fills[p]) ELSE fills[p] END;
        place := 10 + ((p - 1) % 3) * 240;
        y := 6 + 22 * ((p - 1) / 3);
        body := body || format('<rect x="%s" y="%s" width="26" height="13" fill="%s" stroke="#111"/><text x="%s" y="%s">%s</text>',
                               place, y, fill, place + 33, y + 11.5, _em_html(names[p]));
    END LOOP;
    FOR r IN 1 .. rows LOOP
        y := top + pitch * (r - 1);
        total := (SELECT sum(c.v::float8) FROM jsonb_array_elements_text(counts -> (r - 1)) AS c (v));
        body := body || format('<text x="%s" y="%s" text-anchor="end">%s</text>', x0 - 8, y + 15, _em_html(labels[r]));
        place := x0;
        FOR p IN 1 .. parts LOOP
            n := (counts -> (r - 1) ->> (p - 1))::float8;
            wide := (x1 - x0) * n / greatest(CASE WHEN scale IS NULL THEN total ELSE most END, 1e-300);
            CONTINUE WHEN NOT wide > 0;
            fill := CASE WHEN fills[p] LIKE 'pattern%' THEN format('url(#%s-%s)', id, fills[p]) ELSE fills[p] END;
            body := body || format('<rect x="%s" y="%s" width="%s" height="19" fill="%s" stroke="#111" stroke-width="0.7"/>',
                                   round(place::numeric, 1), y, round(wide::numeric, 1), fill);
            IF scale IS NULL AND wide > 40 THEN
                body := body || format('<text x="%s" y="%s" text-anchor="middle" %s>%s %%</text>', round((place + wide / 2)::numeric, 1), y + 14.5,
                                       CASE WHEN p = 1 OR ordered AND p = 2 THEN 'fill="#fff"' ELSE 'stroke="#fff" stroke-width="5" paint-order="stroke"' END,
                                       round((100 * n / total)::numeric));
            END IF;
            place := place + wide;
        END LOOP;
        body := body || format('<text x="%s" y="%s">%s</text>', x1 + 8, y + 15, _em_html(notes[r]));
    END LOOP;
    RETURN format('<svg xmlns="http://www.w3.org/2000/svg" class="bars" role="img" viewBox="0 0 800 %s" style="font:14px DejaVu Sans,Arial,sans-serif">'
                  '<title>%s</title><desc>%s</desc><defs>'
                  '<pattern id="%4$s-pattern-1" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="7" height="7" fill="#f6c48f"/><path d="M0 0V7" stroke="#a04a00" stroke-width="3"/></pattern>'
                  '<pattern id="%4$s-pattern-2" width="6" height="6" patternUnits="userSpaceOnUse"><rect width="6" height="6" fill="#f3d0d0"/><path d="M0 0L6 6M6 0L0 6" stroke="#8b0000"/></pattern>'
                  '<pattern id="%4$s-pattern-3" width="6" height="6" patternUnits="userSpaceOnUse"><rect width="6" height="6" fill="#e4edf8"/><circle cx="3" cy="3" r="1.2" fill="#0b2350"/></pattern></defs>',
                  top + pitch * rows + 4, _em_html(title), _em_html(description), id) || body || '</svg>';
END;
$$;
COMMENT ON FUNCTION _em_bars_svg(text, text, text, text[], text[], jsonb, text[], float8, boolean) IS
    'Internal: horizontal bars as SVG, one for each label, made of one part for each name; counts: [[part, ...], ...]; notes stand at the right; '
    'scale: what the full width stands for, 0 for the greatest bar, NULL to make all bars as long and show shares; ordered: the parts go from dark to light';

CREATE FUNCTION _em_density_svg() RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50000
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    x0    CONSTANT float8 := 64;
    y0    CONSTANT float8 := 470;
    side  CONSTANT float8 := 430;
    -- light to dark, each step three times as many entries
    tints CONSTANT text[] := '{#cfe0f5,#8fb4e3,#4a82c9,#1b4f9c,#0b2350}';
    low   float8;
    high  float8;
    most  bigint;
    total bigint;
    at    float8;
    tick  float8;
    line  record;
    body  text := '';
BEGIN
    SELECT floor(25 * least(min(log(d.reported)), min(log(d.recalculated)))) / 25, (floor(25 * greatest(max(log(d.reported)), max(log(d.recalculated)))) + 1) / 25,
           max(d.entries), sum(d.entries)
    INTO low, high, most, total
    FROM em_archive_resolution_density d;
    IF low IS NULL THEN
        RETURN NULL;
    END IF;
    -- A factor of three at least, in whole cells, so that there are ticks
    WHILE high - low < 0.479 LOOP
        low := low - 0.04;
        high := high + 0.04;
    END LOOP;
    SELECT string_agg(format('<rect x="%s" y="%s" width="%s" height="%3$s" fill="%s"/>',
                             round((x0 + side * (log(d.reported) - 0.02 - low) / (high - low))::numeric, 1),
                             round((y0 - side * (log(d.recalculated) + 0.02 - low) / (high - low))::numeric, 1),
                             round((side * 0.04 / (high - low))::numeric, 1) + 0.1,
                             tints[least(5, 1 + floor(log(3, d.entries))::int)]), '') INTO body
    FROM em_archive_resolution_density d;
    FOREACH tick IN ARRAY '{1,1.5,2,3,4,6,8,10,15,20,30,40,60,80,100}'::float8[] LOOP
        CONTINUE WHEN log(tick) < low OR log(tick) > high;
        at := round((side * (log(tick) - low) / (high - low))::numeric, 1);
        body := body || format('<path d="M%1$s %2$sv5M%3$s %4$sh-5" stroke="#111"/><text x="%1$s" y="%5$s" text-anchor="middle">%7$s</text><text x="%6$s" y="%8$s" text-anchor="end">%7$s</text>',
                               x0 + at, y0, x0, y0 - at, y0 + 20, x0 - 8, tick, y0 - at + 5);
    END LOOP;
    FOR line IN SELECT l.factor, l.label, l.dash, log(l.factor) / (high - low) AS up
                FROM (VALUES (1.0::float8, 'equal', 'none'), (1.25, '1.25 times', '8 4')) AS l (factor, label, dash) LOOP
        body := body || format('<path d="M%s %sL%s %s" fill="none" stroke="#a23b00" stroke-width="2" stroke-dasharray="%s"/>',
                               x0, round((y0 - side * line.up)::numeric, 1), round((x0 + side * (1 - line.up))::numeric, 1), y0 - side, line.dash);
    END LOOP;
    body := body || '<path d="M520 60h34" stroke="#a23b00" stroke-width="2"/><text x="562" y="65">both are equal</text>'
        '<path d="M520 84h34" stroke="#a23b00" stroke-width="2" stroke-dasharray="8 4"/><text x="562" y="89">recalculated is</text><text x="562" y="107">1.25 times reported</text>'
        '<text x="520" y="146">Entries in a cell of 10 %</text>';
    FOR i IN 1 .. 5 LOOP
        EXIT WHEN power(3, i - 1) > most;
        body := body || format('<rect x="520" y="%s" width="34" height="18" fill="%s"/><text x="562" y="%s">%s</text>', 138 + 22 * i, tints[i], 152 + 22 * i,
                               CASE i WHEN 1 THEN '1 or 2' WHEN 5 THEN 'from 81' ELSE format('%s to %s', power(3, i - 1), power(3, i) - 1) END);
    END LOOP;
    RETURN format('<svg xmlns="http://www.w3.org/2000/svg" class="bars" role="img" viewBox="0 0 800 524" style="font:14px DejaVu Sans,Arial,sans-serif">'
                  '<title>Reported and recalculated resolution of %s entries</title><desc>A map of how many entries have which reported (across) and recalculated (up) resolution, both on '
                  'logarithmic axes, with lines where both are equal and where the recalculated one is 1.25 times the reported one.</desc>', total)
        || body || format('<rect x="%s" y="%s" width="%s" height="%3$s" fill="none" stroke="#111"/>', x0, y0 - side, side)
        || format('<text x="%s" y="%s" text-anchor="middle">Reported resolution (Å)</text><text transform="translate(20 %s) rotate(-90)" text-anchor="middle">Resolution at FSC 0.143 (Å)</text></svg>',
                  x0 + side / 2, y0 + 44, y0 - side / 2);
END;
$$;
COMMENT ON FUNCTION _em_density_svg() IS 'Internal: em_archive_resolution_density as a map; NULL when no entry has both resolutions';
