/*
 * 64_plot.sql: curves as SVG, drawn by the database.
 *
 * Curves differ by their dashes as well as by their colour, and are named in a
 * legend, so that nothing rests on colour alone.
 */

CREATE FUNCTION _em_html(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 5
RETURN replace(replace(replace(replace(replace(
           regexp_replace(value, E'[\\x01-\\x08\\x0B\\x0C\\x0E-\\x1F\\x7F]', ' ', 'g'),
           '&', '&amp;'), '<', '&lt;'), '>', '&gt;'), '"', '&quot;'), '''', '&#39;');
COMMENT ON FUNCTION _em_html(text) IS 'Internal: text made safe for HTML, SVG and XML, contents and attributes alike';

CREATE FUNCTION _em_short(value float8) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 5
RETURN CASE
    WHEN value = 0 THEN '0'
    WHEN abs(value) >= 1e6 OR abs(value) < 1e-4 THEN replace(regexp_replace(btrim(to_char(value, '9.99EEEE')), '\.?0*e([+-])0*(\d)', 'e\1\2'), '+', '')
    WHEN abs(value) >= 1000 THEN to_char(value, 'FM999999990')
    ELSE trim_scale(round(value::numeric, greatest(0, 3 - floor(log(abs(value)))::int)))::text
END;
COMMENT ON FUNCTION _em_short(float8) IS 'Internal: a finite number with about four significant digits';

CREATE FUNCTION _em_minus(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 5
RETURN regexp_replace(value, '(^|[\s(\[=,]|(?<=\d)e)-(?=\d)', '\1−', 'g');
COMMENT ON FUNCTION _em_minus(text) IS 'Internal: text with a true minus sign before its negative numbers, to be read, not to be parsed';

CREATE FUNCTION _em_ticks(low float8, high float8, wanted int, logarithmic boolean) RETURNS float8[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 20
BEGIN ATOMIC
    WITH rough AS (
        SELECT greatest(high - low, 1e-300) / greatest(wanted, 1) AS r
    ), step AS (
        SELECT CASE WHEN logarithmic THEN greatest(1, ceil(r))
                    ELSE power(10::float8, floor(log(r)))
                         * CASE WHEN r / power(10::float8, floor(log(r))) <= 1.0001 THEN 1
                                WHEN r / power(10::float8, floor(log(r))) <= 2.0001 THEN 2
                                WHEN r / power(10::float8, floor(log(r))) <= 5.0001 THEN 5
                                ELSE 10 END
               END AS s
        FROM rough
    )
    SELECT coalesce(array_agg(k * s ORDER BY k), '{}')
    FROM step, generate_series(ceil((low / s - 1e-9)::numeric)::bigint,
                               least(floor((high / s + 1e-9)::numeric)::bigint, ceil((low / s - 1e-9)::numeric)::bigint + 50)) AS k;
END;
COMMENT ON FUNCTION _em_ticks(float8, float8, int, boolean) IS
    'Internal: round positions of about so many ticks on an axis; on a logarithmic one low, high and ticks are exponents of ten';

CREATE FUNCTION em_plot_svg(spec jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 5000
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    width   CONSTANT float8 := 640;
    height  CONSTANT float8 := 380;
    x0      CONSTANT float8 := 74;
    x1      CONSTANT float8 := 622;
    y0      float8 := 318;
    y1      float8;
    colour  CONSTANT text[] := '{#1b4f9c,#a23b00,#1e6b2f,#6b2d8f,#333333}';
    dash    CONSTANT text[] := '{none,9 4,2 3,9 3 2 3,14 3}';
    xlog    boolean := coalesce((spec #>> '{x,log}')::boolean, false);
    ylog    boolean := coalesce((spec #>> '{y,log}')::boolean, false);
    inverse boolean := coalesce((spec #>> '{x,inverse}')::boolean, false);
    n       int := jsonb_array_length(coalesce(spec -> 'curves', '[]'));
    xa      float8;
    xb      float8;
    ya      float8;
    yb      float8;
    t       float8;
    at      float8;
    place   float8;
    c       jsonb;
    piece   text;
    body    text := '';
    legend  text := '';
    i       int;
    shown   int := 0;
    tall    float8;
    least_y float8;
    left_side boolean;
    shades  jsonb := '[]';
BEGIN
    -- Points far below a fitted line would leave it no room
    IF spec #>> '{y,below}' IS NOT NULL AND NOT ylog THEN
        SELECT min(v.y::float8) - (spec #>> '{y,below}')::float8 INTO least_y
        FROM jsonb_array_elements_text(spec #> ARRAY['curves', (n - 1)::text, 'y']) AS v (y) WHERE _em_is_finite(v.y::float8);
    END IF;
    -- Ranges: of the finite values, in exponents on a logarithmic axis
    SELECT min(p.x), max(p.x), min(p.y), max(p.y) INTO xa, xb, ya, yb
    FROM jsonb_array_elements(coalesce(spec -> 'curves', '[]')) AS k (curve)
    CROSS JOIN LATERAL ROWS FROM (jsonb_array_elements_text(k.curve -> 'x'), jsonb_array_elements_text(k.curve -> 'y')) AS v (vx, vy)
    CROSS JOIN LATERAL (VALUES (CASE WHEN NOT xlog THEN v.vx::float8 WHEN v.vx::float8 > 0 THEN log(v.vx::float8) END,
                                CASE WHEN NOT ylog THEN v.vy::float8 WHEN v.vy::float8 > 0 THEN log(v.vy::float8) END)) AS p (x, y)
    WHERE _em_is_finite(v.vx::float8) AND _em_is_finite(v.vy::float8) AND p.x IS NOT NULL AND p.y IS NOT NULL
      AND (least_y IS NULL OR p.y >= least_y);
    IF xa IS NULL THEN
        RETURN NULL;
    END IF;
    FOR c IN SELECT e FROM jsonb_array_elements(coalesce(spec -> 'lines', '[]')) AS l (e) WHERE e ->> 'axis' = 'y' LOOP
        IF NOT ylog THEN
            ya := least(ya, (c ->> 'value')::float8);
            yb := greatest(yb, (c ->> 'value')::float8);
        END IF;
    END LOOP;
    IF EXISTS (SELECT FROM jsonb_array_elements(spec -> 'curves') AS k (curve) WHERE curve ->> 'style' = 'bars') THEN
        IF NOT ylog THEN
            ya := least(ya, 0);
        END IF;
        -- Room for half a bar at both ends
        t := (xb - xa) / greatest(1, jsonb_array_length(spec #> '{curves,0,x}') - 1) / 2;
        xa := xa - t;
        xb := xb + t;
    END IF;
    ya := coalesce((spec #>> '{y,low}')::float8, ya);
    yb := coalesce((spec #>> '{y,high}')::float8, yb);
    IF NOT xb > xa THEN
        xa := xa - 0.5; xb := xa + 1;
    END IF;
    IF NOT yb > ya THEN
        ya := ya - 0.5; yb := ya + 1;
    ELSIF spec #>> '{y,high}' IS NULL THEN
        -- The labels of vertical lines stand above the curves
        SELECT count(*) INTO tall FROM jsonb_array_elements(coalesce(spec -> 'lines', '[]')) AS l (e) WHERE e ->> 'axis' = 'x';
        yb := yb + (0.04 + 0.08 * least(tall, 3)) * (yb - ya);
    END IF;
    y1 := 12 + 20 * ceil((n + jsonb_array_length(coalesce(spec -> 'regions', '[]'))) / 2.0);

    -- Shaded regions, open ends at the frame
    FOR c IN SELECT e FROM jsonb_array_elements(coalesce(spec -> 'regions', '[]')) AS l (e) LOOP
        at := round((x0 + (x1 - x0) * (least(greatest(coalesce((c ->> 'from')::float8, xa), xa), xb) - xa) / (xb - xa))::numeric, 1);
        place := round((x0 + (x1 - x0) * (least(greatest(coalesce((c ->> 'to')::float8, xb), xa), xb) - xa) / (xb - xa))::numeric, 1);
        CONTINUE WHEN NOT place > at;
        piece := CASE WHEN (c ->> 'light')::boolean THEN '#f4f4f4' ELSE '#e4e4e4' END;
        shades := shades || jsonb_build_array(jsonb_build_array(piece, c ->> 'label'));
        -- Each region begins with a line, so that one inside another is seen without its shade
        body := body || format('<rect fill="%s" x="%s" y="%s" width="%s" height="%s"/><line stroke="#999" x1="%2$s" x2="%2$s" y1="%3$s" y2="%6$s"/>',
                               piece, at, y1, round((place - at)::numeric, 1), y0 - y1, y0);
    END LOOP;

    -- Grid and ticks
    FOREACH t IN ARRAY _em_ticks(xa, xb, 7, xlog) LOOP
        at := round((x0 + (x1 - x0) * (t - xa) / (xb - xa))::numeric, 1);
        body := body || format('<line stroke="#ddd" x1="%1$s" x2="%1$s" y1="%2$s" y2="%3$s"/><text x="%1$s" y="%4$s" text-anchor="middle">%5$s</text>',
                               at, y1, y0, y0 + 18, _em_minus(_em_short(CASE WHEN xlog THEN power(10::float8, t) ELSE t END)))
            || CASE WHEN inverse AND t > 0 THEN
                   format('<text fill="#444" style="font-size:11.5px" x="%s" y="%s" text-anchor="middle">%s Å</text>', at, y0 + 33, trim_scale(round((1 / t)::numeric, 1)))
               ELSE '' END;
    END LOOP;
    FOREACH t IN ARRAY _em_ticks(ya, yb, 7, ylog) LOOP
        at := round((y0 - (y0 - y1) * (t - ya) / (yb - ya))::numeric, 1);
        body := body || format('<line stroke="#ddd" x1="%s" x2="%s" y1="%s" y2="%3$s"/><text x="%s" y="%s" text-anchor="end">%s</text>',
                               x0, x1, at, x0 - 7, at + 4, _em_minus(_em_short(CASE WHEN ylog THEN power(10::float8, t) ELSE t END)));
    END LOOP;

    -- Curves
    FOR i IN 1 .. n LOOP
        c := spec -> 'curves' -> (i - 1);
        SELECT string_agg(
                   CASE c ->> 'style'
                       WHEN 'bars' THEN format('M%s %sV%s', p.px, y0, p.py)
                       WHEN 'points' THEN format('M%s %sh0.1', p.px, p.py)
                       ELSE CASE WHEN p.k = 1 OR p.gap THEN 'M' ELSE 'L' END || p.px || ' ' || p.py
                   END, '' ORDER BY p.k)
        INTO piece
        FROM (
            SELECT row_number() OVER (ORDER BY q.k) AS k, q.k - lag(q.k) OVER (ORDER BY q.k) > q.every AS gap,
                   round((x0 + (x1 - x0) * (q.x - xa) / (xb - xa))::numeric, 1) AS px,
                   round((y0 - (y0 - y1) * (least(greatest(q.y, ya), yb) - ya) / (yb - ya))::numeric, 1) AS py
            FROM (
                SELECT v.k, greatest(1, jsonb_array_length(c -> 'x') / 400) AS every,
                       CASE WHEN NOT xlog THEN v.vx::float8 WHEN v.vx::float8 > 0 THEN log(v.vx::float8) END AS x,
                       CASE WHEN NOT ylog THEN v.vy::float8 WHEN v.vy::float8 > 0 THEN log(v.vy::float8) END AS y
                FROM ROWS FROM (jsonb_array_elements_text(c -> 'x'), jsonb_array_elements_text(c -> 'y')) WITH ORDINALITY AS v (vx, vy, k)
                WHERE _em_is_finite(v.vx::float8) AND _em_is_finite(v.vy::float8)
            ) AS q
            WHERE q.x IS NOT NULL AND q.y IS NOT NULL AND (q.k % q.every = 0 OR q.every = 1)
              AND (least_y IS NULL OR q.y >= least_y)
        ) AS p;
        CONTINUE WHEN piece IS NULL;
        body := body || format('<path fill="none" stroke-linejoin="round" d="%s" stroke="%s" %s/>', piece, colour[(i - 1) % 5 + 1],
                    CASE c ->> 'style'
                        WHEN 'bars' THEN format('stroke-width="%s"', round(greatest(1, 0.8 * (x1 - x0) / greatest(1, jsonb_array_length(c -> 'x')))::numeric, 1))
                        WHEN 'points' THEN 'stroke-width="4.5" stroke-linecap="round"'
                        ELSE format('stroke-width="2" stroke-dasharray="%s"', dash[(i - 1) % 5 + 1]) END);
        at := x0 + 8 + (shown % 2) * 274;
        place := 16 + 20 * (shown / 2);
        legend := legend || format('<line x1="%s" x2="%s" y1="%s" y2="%3$s" stroke="%s" %s/><text x="%s" y="%s">%s</text>',
                    at, at + CASE c ->> 'style' WHEN 'points' THEN 0.1 ELSE 34 END, place, colour[(i - 1) % 5 + 1],
                    CASE c ->> 'style' WHEN 'bars' THEN 'stroke-width="8"' WHEN 'points' THEN 'stroke-width="6" stroke-linecap="round"'
                         ELSE format('stroke-width="2" stroke-dasharray="%s"', dash[(i - 1) % 5 + 1]) END,
                    at + 42, place + 4, _em_html(coalesce(c ->> 'name', '')));
        shown := shown + 1;
    END LOOP;

    -- Regions in the legend, behind the curves
    FOR c IN SELECT e FROM jsonb_array_elements(shades) AS l (e) LOOP
        at := x0 + 8 + (shown % 2) * 274;
        place := 16 + 20 * (shown / 2);
        legend := legend || format('<rect x="%s" y="%s" width="34" height="12" fill="%s" stroke="#999"/><text x="%s" y="%s">%s</text>',
                                   at, place - 6, c ->> 0, at + 42, place + 4, _em_html(coalesce(c ->> 1, '')));
        shown := shown + 1;
    END LOOP;

    -- Thresholds
    i := 0;
    FOR c IN SELECT e FROM jsonb_array_elements(coalesce(spec -> 'lines', '[]')) AS l (e) WHERE _em_is_finite((e ->> 'value')::float8) LOOP
        at := (c ->> 'value')::float8;
        IF c ->> 'axis' = 'x' THEN
            at := CASE WHEN NOT xlog THEN at WHEN at > 0 THEN log(at) END;
            CONTINUE WHEN at IS NULL OR at < xa OR at > xb;
            at := round((x0 + (x1 - x0) * (at - xa) / (xb - xa))::numeric, 1);
            body := body || format('<line stroke="#111" stroke-dasharray="5 3" x1="%1$s" x2="%1$s" y1="%2$s" y2="%3$s"/><text style="font-size:12px;paint-order:stroke" stroke="#fff" stroke-width="3" x="%4$s" y="%5$s" text-anchor="%6$s">%7$s</text>',
                                   at, y1, y0, CASE WHEN at + 5 + 7 * length(c ->> 'label') > x1 THEN at - 5 ELSE at + 5 END, y1 + 15 + 16 * i,
                                   CASE WHEN at + 5 + 7 * length(c ->> 'label') > x1 THEN 'end' ELSE 'start' END, _em_html(coalesce(c ->> 'label', '')));
            i := i + 1;
        ELSE
            at := CASE WHEN NOT ylog THEN at WHEN at > 0 THEN log(at) END;
            CONTINUE WHEN at IS NULL OR at < ya OR at > yb;
            at := round((y0 - (y0 - y1) * (at - ya) / (yb - ya))::numeric, 1);
            body := body || format('<line stroke="#111" stroke-dasharray="5 3" x1="%s" x2="%s" y1="%s" y2="%3$s"/><text style="font-size:12px;paint-order:stroke" stroke="#fff" stroke-width="3" x="%s" y="%s">%s</text>',
                                   x0, x1, at, x0 + 5, at - 4, _em_html(coalesce(c ->> 'label', '')));
        END IF;
    END LOOP;

    -- Crossings: a ring and its number, on the side that was asked for unless it would leave the plot
    FOR c IN SELECT e FROM jsonb_array_elements(coalesce(spec -> 'marks', '[]')) AS l (e) LOOP
        t := (c ->> 'x')::float8;
        at := (c ->> 'y')::float8;
        t := CASE WHEN NOT xlog THEN t WHEN t > 0 THEN log(t) END;
        at := CASE WHEN NOT ylog THEN at WHEN at > 0 THEN log(at) END;
        CONTINUE WHEN coalesce(t < xa OR t > xb OR at < ya OR at > yb, true);
        t := round((x0 + (x1 - x0) * (t - xa) / (xb - xa))::numeric, 1);
        at := round((y0 - (y0 - y1) * (at - ya) / (yb - ya))::numeric, 1);
        place := 6 + 7 * length(coalesce(c ->> 'label', ''));
        left_side := CASE WHEN c ->> 'side' = 'left' THEN t - place > x0 ELSE t + place > x1 END;
        body := body || format('<circle cx="%s" cy="%s" r="4" fill="#fff" stroke="#111" stroke-width="1.5"/>'
                               '<text style="font-size:12px;paint-order:stroke" stroke="#fff" stroke-width="5" x="%s" y="%s" text-anchor="%s">%s</text>',
                               t, at, t + CASE WHEN left_side THEN -6 ELSE 6 END, at + CASE WHEN left_side THEN 16 ELSE -7 END,
                               CASE WHEN left_side THEN 'end' ELSE 'start' END, _em_html(coalesce(c ->> 'label', '')));
    END LOOP;

    RETURN format('<svg xmlns="http://www.w3.org/2000/svg" class="plot" role="img" viewBox="0 0 %s %s" style="font:13px DejaVu Sans,Arial,sans-serif">'
                  '<title>%s</title><desc>%s</desc>',
                  width, height, _em_html(coalesce(spec ->> 'title', '')), _em_html(coalesce(spec ->> 'desc', '')))
        || body || format('<rect x="%s" y="%s" width="%s" height="%s" fill="none" stroke="#111"/>', x0, y1, x1 - x0, y0 - y1) || legend
        || format('<text x="%s" y="%s" text-anchor="middle">%s</text>', (x0 + x1) / 2, y0 + CASE WHEN inverse THEN 54 ELSE 42 END, _em_html(coalesce(spec #>> '{x,label}', '')))
        || format('<text transform="translate(16 %s) rotate(-90)" text-anchor="middle">%s</text></svg>', (y0 + y1) / 2, _em_html(coalesce(spec #>> '{y,label}', '')));
END;
$$;
COMMENT ON FUNCTION em_plot_svg(jsonb) IS
    'a plot as SVG: {title, desc, x: {label, log, inverse}, y: {label, log, low, high, below}, curves: [{name, style: line, bars or points, x, y}], '
    'lines: [{axis, value, label}], regions: [{from, to, label, light}], shaded, an end that is missing is that of the axis, marks: [{x, y, label, side: left or right}]}; inverse writes '
    '1/x in Å below the ticks; with below what lies more than that under the lowest point of the last curve is left out (linear axes); NULL when there is no finite point';

-- Figures of the report --------------------------------------------------------

CREATE TABLE em_figure (
    check_code text NOT NULL REFERENCES em_check,
    ordinal    int NOT NULL,
    title      text NOT NULL,
    caption    text NOT NULL,
    x          jsonb NOT NULL,
    y          jsonb NOT NULL,
    series     text[] NOT NULL,
    labels     text[] NOT NULL,
    styles     text[] NOT NULL,
    lines      jsonb NOT NULL DEFAULT '[]',
    regions    jsonb NOT NULL DEFAULT '[]',
    marks      jsonb NOT NULL DEFAULT '[]',
    shipped    boolean NOT NULL DEFAULT false,
    edited     boolean NOT NULL DEFAULT false,
    PRIMARY KEY (check_code, ordinal),
    CHECK (cardinality(labels) = cardinality(series) AND cardinality(styles) = cardinality(series)),
    CHECK ('sphere' <> ALL (styles) AND 'counts' <> ALL (styles) OR cardinality(series) = 3)
);
COMMENT ON TABLE em_figure IS
    'which series of a check the report draws, and how; a figure without any of its series is left out.  A figure of directions (styles sphere '
    'or counts, see em_sphere_svg) has three: rot, tilt and value; the label of y is that of the value';
COMMENT ON COLUMN em_figure.x IS 'the axis, as em_plot_svg wants it';
COMMENT ON COLUMN em_figure.y IS 'the axis, as em_plot_svg wants it';
COMMENT ON COLUMN em_figure.styles IS 'line, bars or points, for each series; sphere or counts for those of directions';
COMMENT ON COLUMN em_figure.regions IS 'shaded ranges of x: {label, from, to, light} with ends like those of lines, a paler shade with light true; one that is missing is the end of the axis';
COMMENT ON COLUMN em_figure.marks IS
    'crossings: {measure, inverse, y, side, name}: a ring where the measure (inverse: 1/it) stands at height y, with its value; side left or right; name: what to write behind the value';
COMMENT ON COLUMN em_figure.lines IS
    'thresholds: {axis, label} with a value, the name of a measure, or contour or resolution as entry; inverse: 1/value';

INSERT INTO em_figure (check_code, ordinal, shipped, title, caption, x, y, series, labels, styles, lines, regions) VALUES
('0.b', 1, true, 'Enclosed mass against threshold', 'Mass of the voxels above each threshold, at 1.207 Å³/Da. A molecule of known mass shows where its contour should be.',
 '{"label": "Threshold"}', '{"label": "Mass (kDa)", "log": true}', '{mass_kda}', '{enclosed mass}', '{line}',
 '[{"axis": "x", "entry": "contour", "label": "contour"}]', '[]'),
('0.b', 2, true, 'Cumulated share of the components', 'Share of the raw mask that the largest components hold together.',
 '{"label": "Components, from the largest"}', '{"label": "Cumulated share (%)", "low": 0, "high": 105}', '{component_cumulated_percent}',
 '{cumulated share}', '{line}', '[{"axis": "y", "value": 95, "label": "95 %"}]', '[]'),
('0.d', 1, true, 'Guinier plot', 'Logarithm of the mean amplitude of each shell against 1/d², and the line fitted between 15 Å and the reported resolution; the B-factor is four times its slope. Shells more than 8 below the end of the line, as filters leave them, are not drawn.',
 '{"label": "1/d² (1/Å²)"}', '{"label": "ln |F|", "below": 8}', '{ln_f,ln_f_fit}', '{mean amplitude,fitted line}', '{points,line}', '[]', '[]'),
('1.a', 1, true, 'Fourier shell correlation', 'Fourier shell correlation of the half maps, of the masked half maps, of these with random phases, and corrected for what the mask adds; half-bit threshold for the masked ones. Horizontal lines: the thresholds 0.143 and 0.5; vertical line: the reported resolution; light grey: frequencies whose phases were made random; grey: beyond the resolution at 0.143 without mask; rings: where curves fall to 0.143.',
 '{"label": "Frequency (1/Å), resolution below", "inverse": true}', '{"label": "FSC", "low": -0.1, "high": 1.15}',
 '{fsc,fsc_masked,fsc_corrected,fsc_randomised,half_bit}', '{half maps,masked,corrected for the mask,random phases,half-bit threshold}', '{line,line,line,line,line}',
 '[{"axis": "y", "value": 0.143, "label": "0.143"}, {"axis": "y", "value": 0.5, "label": "0.5"}, {"axis": "x", "entry": "resolution", "inverse": true, "label": "reported resolution"}]',
 '[{"from": {"measure": "randomised_from", "inverse": true}, "label": "phases randomised", "light": true}, {"from": {"measure": "fsc_0143", "inverse": true}, "label": "half maps below 0.143"}]'),
('1.a', 2, true, 'Differential phase residual', 'Differential phase residual of the half maps. Horizontal lines: 45°, and 94.6°, which corresponds to an FSC of 0.143; rings: where the residual reaches them.',
 '{"label": "Frequency (1/Å), resolution below", "inverse": true}', '{"label": "DPR (degrees)", "low": 0, "high": 120}', '{dpr}', '{DPR}', '{line}',
 '[{"axis": "y", "value": 45, "label": "45°"}, {"axis": "y", "value": 94.6, "label": "94.6°"}, {"axis": "x", "entry": "resolution", "inverse": true, "label": "reported resolution"}]', '[]'),
('1.a', 3, true, 'Spectral signal-to-noise ratio', 'Signal-to-noise ratio of the half maps by shell, as a ratio of powers. Horizontal line: 1, which corresponds to an FSC of 1/3; ring: where the ratio falls to it; grey: beyond. Values that are not positive cannot be drawn.',
 '{"label": "Frequency (1/Å), resolution below", "inverse": true}', '{"label": "SSNR", "log": true}', '{ssnr}', '{SSNR}', '{line}',
 '[{"axis": "y", "value": 1, "label": "1"}, {"axis": "x", "entry": "resolution", "inverse": true, "label": "reported resolution"}]',
 '[{"from": {"measure": "ssnr", "inverse": true}, "label": "SSNR below 1"}]'),
('1.b', 1, true, 'FSC of the permutation test', 'Fourier shell correlation behind the test, with the p-values adjusted for the false discovery rate. Horizontal line: 0.01.',
 '{"label": "Frequency (1/Å), resolution below", "inverse": true}', '{"label": "FSC, q-value", "low": -0.1, "high": 1.15}', '{fsc,q_value}',
 '{FSC,adjusted p-value}', '{line,line}',
 '[{"axis": "y", "value": 0.01, "label": "0.01"}, {"axis": "x", "measure": "resolution", "inverse": true, "label": "1 % false discovery rate"}]', '[]'),
('1.f', 1, true, 'Directions of highest resolution', 'Voxels of the mask by the direction of their highest resolution; the area of a circle is the number of voxels. The half sphere is seen from +Z (Lambert''s equal-area projection); a direction and its opposite are the same.',
 '{"label": "Direction"}', '{"label": "Voxels"}', '{direction_rot,direction_tilt,direction_histogram}', '{rot (°),tilt (°),voxels}', '{counts,counts,counts}', '[]', '[]'),
('1.f', 2, true, 'Resolution by direction', 'Median resolution of the mask in each direction. The half sphere is seen from +Z (Lambert''s equal-area projection); a direction and its opposite are the same.',
 '{"label": "Direction"}', '{"label": "Resolution (Å)"}', '{direction_rot,direction_tilt,direction_resolution}', '{rot (°),tilt (°),resolution (Å)}', '{sphere,sphere,sphere}', '[]', '[]'),
('1.f', 3, true, 'Resolution by distance from the centre', 'Radial means over the mask: of the resolution in all directions, in the best (5 % quantile) and in the worst (95 %).',
 '{"label": "Distance from the centre (Å)"}', '{"label": "Resolution (Å)"}', '{radial_mean,radial_highest,radial_lowest}', '{mean,best directions,worst directions}', '{line,line,line}', '[]', '[]'),
('1.g', 1, true, 'Fourier shell occupancy', 'Share of directions whose FSC reaches the threshold, by shell, and the probability that directions as uneven as these come from a uniform distribution (Bingham''s test). Horizontal lines: 0.9, 0.5 and 0.1; grey: where the occupancy falls from 0.9 to 0.1; ring: the resolution.',
 '{"label": "Frequency (1/Å), resolution below", "inverse": true}', '{"label": "FSO, probability", "low": 0, "high": 1.15}', '{fso,bingham_p}', '{occupancy,p-value of uniform directions}', '{line,line}',
 '[{"axis": "y", "value": 0.9, "label": "0.9"}, {"axis": "y", "value": 0.5, "label": "0.5"}, {"axis": "y", "value": 0.1, "label": "0.1"}, {"axis": "x", "entry": "resolution", "inverse": true, "label": "reported resolution"}]',
 '[{"from": {"measure": "fso_09", "inverse": true}, "to": {"measure": "fso_01", "inverse": true}, "label": "occupancy from 0.9 to 0.1"}]'),
('1.g', 2, true, 'Resolution by direction', 'Resolution where the FSC in a cone about each direction falls to 0.143; white: it never does. The half sphere is seen from +Z (Lambert''s equal-area projection); a direction and its opposite are the same.',
 '{"label": "Direction"}', '{"label": "Resolution (Å)"}', '{direction_rot,direction_tilt,direction_resolution}', '{rot (°),tilt (°),resolution (Å)}', '{sphere,sphere,sphere}', '[]', '[]'),
('1.h', 1, true, 'Directional FSC', 'Fourier shell correlation in cones about the axes and of whole shells. Horizontal line: 0.143; ring: where that of whole shells falls to it.',
 '{"label": "Frequency (1/Å), resolution below", "inverse": true}', '{"label": "FSC", "low": -0.1, "high": 1.15}', '{x,y,z,global}', '{along X,along Y,along Z,whole shells}', '{line,line,line,line}',
 '[{"axis": "y", "value": 0.143, "label": "0.143"}, {"axis": "x", "entry": "resolution", "inverse": true, "label": "reported resolution"}]', '[]'),
('1.h', 2, true, 'Resolution by direction', 'Resolution where the 3D FSC, on the way out from its centre, falls to 0.143; white: it never does. The half sphere is seen from +Z (Lambert''s equal-area projection); a direction and its opposite are the same.',
 '{"label": "Direction"}', '{"label": "Resolution (Å)"}', '{direction_rot,direction_tilt,direction_resolution}', '{rot (°),tilt (°),resolution (Å)}', '{sphere,sphere,sphere}', '[]', '[]');

INSERT INTO em_figure (check_code, ordinal, shipped, title, caption, x, y, series, labels, styles, lines)
SELECT c.check_code, 1, true, c.title, 'Voxels of the mask by their ' || lower(left(c.title, 1)) || substr(c.title, 2) || '.', jsonb_build_object('label', c.label),
       '{"label": "Voxels"}', '{histogram}', '{voxels}', '{bars}', c.lines::jsonb
FROM (VALUES ('0.e', 'Local resolution', 'Local resolution (Å)', '[{"axis": "x", "entry": "resolution", "label": "reported resolution"}]'),
             ('0.f', 'Local B-factor', 'Local B-factor (Å²)', '[]'),
             ('0.g', 'Local occupancy', 'Local occupancy', '[{"axis": "x", "value": 0.5, "label": "0.5"}]'),
             ('1.c', 'Local resolution', 'Local resolution (Å)', '[{"axis": "x", "entry": "resolution", "label": "reported resolution"}]'),
             ('1.d', 'Local resolution', 'Local resolution (Å)', '[{"axis": "x", "entry": "resolution", "label": "reported resolution"}]'),
             ('1.e', 'Local resolution', 'Local resolution (Å)', '[{"axis": "x", "entry": "resolution", "label": "reported resolution"}]')) AS c (check_code, title, label, lines);

UPDATE em_figure f SET marks = m.marks::jsonb
FROM (VALUES
    ('1.a', 1, '[{"measure": "fsc_0143", "inverse": true, "y": 0.143, "side": "left"}, {"measure": "fsc_corrected_0143", "inverse": true, "y": 0.143, "side": "right", "name": "corrected"}]'),
    ('1.a', 2, '[{"measure": "dpr", "inverse": true, "y": 45, "side": "right"}, {"measure": "dpr_fsc0143", "inverse": true, "y": 94.6, "side": "right"}]'),
    ('1.a', 3, '[{"measure": "ssnr", "inverse": true, "y": 1, "side": "right"}]'),
    ('1.g', 1, '[{"measure": "fso_05", "inverse": true, "y": 0.5, "side": "right"}]'),
    ('1.h', 1, '[{"measure": "global", "inverse": true, "y": 0.143, "side": "right", "name": "whole shells"}]'))
    AS m (check_code, ordinal, marks)
WHERE f.check_code = m.check_code AND f.ordinal = m.ordinal;

CREATE TRIGGER em_mark_edited BEFORE UPDATE ON em_figure
    FOR EACH ROW EXECUTE FUNCTION _em_mark_edited();
COMMENT ON TRIGGER em_mark_edited ON em_figure IS 'marks shipped rows that are changed';
CREATE TRIGGER em_replace_shipped BEFORE INSERT ON em_figure
    FOR EACH ROW EXECUTE FUNCTION _em_replace_shipped('check_code', 'ordinal');
COMMENT ON TRIGGER em_replace_shipped ON em_figure IS 'lets edited shipped rows from a dump replace the untouched ones';

CREATE FUNCTION _em_line_value(run_id bigint, check_code text, line jsonb) RETURNS float8
LANGUAGE sql STABLE PARALLEL SAFE COST 20
BEGIN ATOMIC
    SELECT CASE WHEN NOT line ? 'inverse' THEN w.value WHEN w.value > 0 THEN 1 / w.value END
    FROM (SELECT coalesce((line ->> 'value')::float8,
                          (SELECT m.value FROM em_measure m
                           WHERE m.run_id = _em_line_value.run_id AND m.check_code = _em_line_value.check_code AND m.name = line ->> 'measure'),
                          (SELECT CASE line ->> 'entry' WHEN 'contour' THEN e.contour WHEN 'resolution' THEN e.resolution END
                           FROM em_run r JOIN em_entry e ON e.entry_id = r.entry_id WHERE r.run_id = _em_line_value.run_id)) AS value) AS w;
END;
COMMENT ON FUNCTION _em_line_value(bigint, text, jsonb) IS 'Internal: where a line of a figure, or an end of a region, stands; NULL when that is not known';

CREATE FUNCTION em_check_figure(run_id bigint, check_code text, ordinal int) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE COST 1000
BEGIN ATOMIC
    SELECT jsonb_build_object(
               'title', f.title, 'desc', f.caption, 'x', f.x, 'y', f.y, 'curves', k.curves,
               'lines', coalesce((
                   SELECT jsonb_agg(jsonb_build_object('axis', l.e ->> 'axis', 'value', v.value, 'label', concat(l.e ->> 'label', CASE
                              WHEN l.e ? 'inverse' THEN format(' (%s Å)', trim_scale(round((1 / v.value)::numeric, 2)))
                              WHEN l.e ->> 'entry' = 'resolution' THEN format(' (%s Å)', trim_scale(round(v.value::numeric, 2)))
                              WHEN l.e ? 'entry' THEN format(' (%s)', _em_short(v.value)) END)))
                   FROM jsonb_array_elements(f.lines) AS l (e)
                   CROSS JOIN LATERAL (SELECT _em_line_value(em_check_figure.run_id, f.check_code, l.e) AS value) AS v
                   WHERE _em_is_finite(v.value)), '[]'),
               'regions', coalesce((
                   SELECT jsonb_agg(jsonb_build_object('from', v.low, 'to', v.high, 'label', l.e ->> 'label', 'light', coalesce((l.e ->> 'light')::boolean, false)))
                   FROM jsonb_array_elements(f.regions) AS l (e)
                   CROSS JOIN LATERAL (SELECT _em_line_value(em_check_figure.run_id, f.check_code, l.e -> 'from') AS low,
                                              _em_line_value(em_check_figure.run_id, f.check_code, l.e -> 'to') AS high) AS v
                   WHERE (NOT l.e ? 'from' OR _em_is_finite(v.low)) AND (NOT l.e ? 'to' OR _em_is_finite(v.high))), '[]'),
               'marks', coalesce((
                   SELECT jsonb_agg(jsonb_build_object('x', v.value, 'y', l.e -> 'y', 'side', l.e -> 'side', 'label', concat(round(CASE
                              WHEN l.e ? 'inverse' THEN 1 / v.value ELSE v.value END::numeric, 2), CASE WHEN l.e ? 'inverse' THEN ' Å' END, ' ' || (l.e ->> 'name'))) ORDER BY l.n)
                   FROM jsonb_array_elements(f.marks) WITH ORDINALITY AS l (e, n)
                   CROSS JOIN LATERAL (SELECT _em_line_value(em_check_figure.run_id, f.check_code, l.e) AS value) AS v
                   WHERE _em_is_finite(v.value)), '[]'))
    FROM em_figure f
    CROSS JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_object('name', f.labels[u.n], 'style', f.styles[u.n], 'x', to_jsonb(s.x), 'y', to_jsonb(s.y)) ORDER BY u.n) AS curves
        FROM unnest(f.series) WITH ORDINALITY AS u (name, n)
        JOIN em_series s ON s.run_id = em_check_figure.run_id AND s.check_code = f.check_code AND s.name = u.name
        WHERE cardinality(s.x) > 1
    ) AS k
    WHERE f.check_code = em_check_figure.check_code AND f.ordinal = em_check_figure.ordinal
      AND (k.curves IS NOT NULL AND 'sphere' <> ALL (f.styles) AND 'counts' <> ALL (f.styles) OR jsonb_array_length(k.curves) = 3);
END;
COMMENT ON FUNCTION em_check_figure(bigint, text, int) IS
    'a figure of em_figure with the series and measures of a run, for em_plot_svg or em_sphere_svg; NULL when the run has none of its series';
