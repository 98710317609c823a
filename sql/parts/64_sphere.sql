/*
 * 64_sphere.sql: values by direction, on the half sphere seen from +Z.
 */

CREATE FUNCTION _em_colour(t float8) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 20
BEGIN ATOMIC
    SELECT '#' || string_agg(lpad(to_hex(round(c.stop[k.at + 1] + (c.stop[k.at + 2] - c.stop[k.at + 1]) * (16 * k.t - k.at))::int), 2, '0'), '' ORDER BY c.n)
    FROM (SELECT least(greatest(t, 0), 1) AS t, least(floor(16 * least(greatest(t, 0), 1))::int, 15) AS at) AS k,
         (VALUES (1, '{39,34,20,2,3,3,8,3,8,4,17,75,114,148,182,214,245}'::float8[]),
                 (2, '{20,38,55,73,89,104,118,133,148,164,180,192,203,212,221,229,237}'),
                 (3, '{100,115,128,132,132,136,141,146,149,149,146,140,135,129,126,126,129}')) AS c (n, stop);
END;
COMMENT ON FUNCTION _em_colour(float8) IS 'Internal: the scale of em_isosurface_png, 0 dark blue to 1 light yellow, as #rrggbb; 17 stops and straight lines between';

CREATE FUNCTION _em_three(value float8) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 5
RETURN CASE WHEN abs(value) >= 100 OR value = 0 THEN to_char(value, 'FM999999999990')
            ELSE round(value::numeric, 2 - least(2, floor(log(abs(value)))::int))::text END;
COMMENT ON FUNCTION _em_three(float8) IS 'Internal: a finite number with at least three significant digits';

CREATE FUNCTION _em_sphere_patches(rot float8[], tilt float8[], value float8[])
    RETURNS TABLE (tilt0 float8, tilt1 float8, rot0 float8, rot1 float8, mean float8)
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 100000 ROWS 400
BEGIN ATOMIC
    -- Rings of 7.5 degrees in patches of nearly equal area, each with the mean of the directions about its middle
    WITH direction AS MATERIALIZED (
        SELECT sind(u.t) * cosd(u.r) AS x, sind(u.t) * sind(u.r) AS y, cosd(u.t) AS z, u.v,
               sqrt(2 * pi() / cardinality(value)) AS apart
        FROM unnest(rot, tilt, value) AS u (r, t, v)
        WHERE _em_is_finite(u.v)
    ), patch AS MATERIALIZED (
        SELECT 7.5 * k AS t0, 7.5 * (k + 1) AS t1, 360.0 * i / n.n AS r0, 360.0 * (i + 1) / n.n AS r1,
               sind(7.5 * k + 3.75) * cosd(360 * (i + 0.5) / n.n) AS x, sind(7.5 * k + 3.75) * sind(360 * (i + 0.5) / n.n) AS y,
               cosd(7.5 * k + 3.75) AS z
        FROM generate_series(0, 11) AS k
        CROSS JOIN LATERAL (SELECT greatest(3, round(48 * sind(7.5 * k + 3.75))::int) AS n) AS n
        CROSS JOIN LATERAL generate_series(0, n.n - 1) AS i
    )
    SELECT p.t0, p.t1, p.r0, p.r1,
           CASE WHEN max(a.near) > 0.02 THEN sum(a.near * a.v) / sum(a.near) END
    FROM patch p
    LEFT JOIN LATERAL (
        SELECT exp(greatest(-600, -power(acos(least(1, abs(p.x * d.x + p.y * d.y + p.z * d.z))) / (0.6 * d.apart), 2))) AS near, d.v
        FROM direction d
        WHERE abs(p.x * d.x + p.y * d.y + p.z * d.z) > cos(least(1.8 * d.apart, 1.5))) AS a ON true
    GROUP BY p.t0, p.t1, p.r0, p.r1;
END;
COMMENT ON FUNCTION _em_sphere_patches(float8[], float8[], float8[]) IS
    'Internal: the half sphere in patches (degrees) with the weighted mean of the values of the directions near their middle; NULL where none is near';

CREATE FUNCTION _em_sphere_place(rot float8, tilt float8) RETURNS float8[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 5
RETURN ARRAY[round((200 + 160 * sqrt(2) * sind(tilt / 2) * cosd(rot))::numeric, 1), round((190 - 160 * sqrt(2) * sind(tilt / 2) * sind(rot))::numeric, 1)]::float8[];
COMMENT ON FUNCTION _em_sphere_place(float8, float8) IS 'Internal: where em_sphere_svg shows a direction (degrees): Lambert''s equal-area projection from +Z';

CREATE FUNCTION em_sphere_svg(spec jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 200000
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    rot    float8[] := ARRAY(SELECT v::float8 FROM jsonb_array_elements_text(spec #> '{curves,0,y}') WITH ORDINALITY AS u (v, n) ORDER BY n);
    tilt   float8[] := ARRAY(SELECT v::float8 FROM jsonb_array_elements_text(spec #> '{curves,1,y}') WITH ORDINALITY AS u (v, n) ORDER BY n);
    value  float8[] := ARRAY(SELECT v::float8 FROM jsonb_array_elements_text(spec #> '{curves,2,y}') WITH ORDINALITY AS u (v, n) ORDER BY n);
    counts boolean := spec #>> '{curves,2,style}' = 'counts';
    label  text := coalesce(spec #>> '{y,label}', '');
    low    float8;
    high   float8;
    piece  text;
    body   text := '';
    ends   text := '';
    d      record;
    top    int := CASE WHEN counts THEN 200 ELSE 40 END;
    across int := CASE WHEN counts THEN 440 ELSE 512 END;
BEGIN
    SELECT min(v), max(v) INTO low, high FROM unnest(value) AS v WHERE _em_is_finite(v);
    IF low IS NULL THEN
        RETURN NULL;
    END IF;

    -- Patches or circles, and what their colour or size means
    IF counts THEN
        SELECT string_agg(format('<circle cx="%s" cy="%s" r="%s" fill="#1b4f9c" fill-opacity="0.75" stroke="#0d2f63"/>', p.at[1], p.at[2],
                                 round((16 * sqrt(u.v / greatest(high, 1e-300)))::numeric, 1)), '' ORDER BY u.n) INTO body
        FROM unnest(rot, tilt, value) WITH ORDINALITY AS u (r, t, v, n)
        CROSS JOIN LATERAL (SELECT _em_sphere_place(u.r, u.t) AS at) AS p
        WHERE u.v > 0;
        SELECT string_agg(format('<circle cx="440" cy="%s" r="%s" fill="#1b4f9c" fill-opacity="0.75" stroke="#0d2f63"/><text x="468" y="%s">%s</text>',
                                 90 + 44 * k, round((16 * sqrt(1.0 / power(4, k)))::numeric, 1), 95 + 44 * k, round(high / power(4, k))), '' ORDER BY k) INTO piece
        FROM generate_series(0, 2) AS k;
        ends := piece;
    ELSE
        SELECT string_agg(format('<path d="M%s %sA%s %3$s 0 0 0 %s %sL%s %sA%s %8$s 0 0 1 %s %sZ" %s/>', a[1], a[2], round((160 * sqrt(2) * sind(p.tilt0 / 2))::numeric, 1), b[1], b[2],
                                 c[1], c[2], round((160 * sqrt(2) * sind(p.tilt1 / 2))::numeric, 1), e[1], e[2],
                                 CASE WHEN p.mean IS NULL THEN 'fill="#fff" stroke="#bbb"' ELSE format('fill="%1$s" stroke="%1$s"', _em_colour(CASE WHEN high > low THEN (p.mean - low) / (high - low) ELSE 0 END)) END),
                          '' ORDER BY p.tilt0, p.rot0) INTO body
        FROM _em_sphere_patches(rot, tilt, value) AS p
        CROSS JOIN LATERAL (SELECT _em_sphere_place(p.rot0, p.tilt0) AS a, _em_sphere_place(p.rot1, p.tilt0) AS b,
                                   _em_sphere_place(p.rot1, p.tilt1) AS c, _em_sphere_place(p.rot0, p.tilt1) AS e) AS q;
        SELECT string_agg(format('<rect x="420" y="%s" width="22" height="6.5" fill="%s"/>', 70 + 6 * k, _em_colour((39.5 - k) / 40)), '' ORDER BY k) INTO ends
        FROM generate_series(0, 39) AS k;
        ends := ends || '<rect x="420" y="70" width="22" height="240.5" fill="none" stroke="#111"/>';
        SELECT ends || string_agg(format('<text x="450" y="%s">%s</text>', 315 - 60 * k, _em_three(low + (high - low) * k / 4)), '' ORDER BY k) INTO ends
        FROM generate_series(0, 4) AS k
        WHERE high > low OR k = 0;
    END IF;

    -- The extreme directions, as signs and words
    FOR d IN
        SELECT k.name, k.sign, u.r, u.t, u.v, k.n, _em_sphere_place(u.r, u.t) AS at
        FROM (VALUES (1, CASE WHEN counts THEN 'most' ELSE 'largest' END, 'M-6 5h12l-6 -11z', high), (2, CASE WHEN counts THEN 'fewest' ELSE 'smallest' END, 'M-6 -5h12l-6 11z', low)) AS k (n, name, sign, v)
        CROSS JOIN LATERAL (SELECT * FROM unnest(rot, tilt, value) WITH ORDINALITY AS u (r, t, v, o) WHERE u.v = k.v ORDER BY u.o LIMIT 1) AS u
        ORDER BY k.n
    LOOP
        body := body || format('<path d="%s" transform="translate(%s %s)" fill="#fff" stroke="#000" stroke-width="1.5"/>', d.sign, d.at[1], d.at[2]);
        ends := ends || format('<path d="%s" transform="translate(%s %s)" fill="#fff" stroke="#000" stroke-width="1.5"/><text x="%s" y="%s">%s: %s</text><text x="%s" y="%s">tilt %s°, rot %s°</text>',
                               d.sign, across, top + 52 * d.n, across + 20, top + 5 + 52 * d.n, d.name, _em_three(d.v), across + 20, top + 23 + 52 * d.n, round(d.t)::int, _em_minus(round(d.r)::int::text));
    END LOOP;

    RETURN format('<svg xmlns="http://www.w3.org/2000/svg" class="plot" role="img" viewBox="0 0 670 380" style="font:13px DejaVu Sans,Arial,sans-serif"><title>%s</title><desc>%s</desc>',
                  _em_html(coalesce(spec ->> 'title', '')), _em_html(coalesce(spec ->> 'desc', '')))
        || body
        || '<circle cx="200" cy="190" r="160" fill="none" stroke="#111"/>'
        || (SELECT string_agg(format('<circle cx="200" cy="190" r="%s" fill="none" stroke="#000" stroke-width="0.7" stroke-dasharray="2 3"/>'
                                     '<text style="font-size:11.5px;paint-order:stroke" stroke="#fff" stroke-width="3" x="%s" y="%s" text-anchor="middle">%s°</text>',
                                     round((160 * sqrt(2) * sind(t / 2.0))::numeric, 1), round((200 + 113.1 * sqrt(2) * sind(t / 2.0))::numeric, 1),
                                     round((194 + 113.1 * sqrt(2) * sind(t / 2.0))::numeric, 1), t), '' ORDER BY t)
            FROM unnest('{30,60}'::int[]) AS t)
        || '<text x="366" y="194">X</text><text x="34" y="194" text-anchor="end">−X</text><text x="200" y="22" text-anchor="middle">Y</text><text x="200" y="367" text-anchor="middle">−Y</text>'
           '<text style="paint-order:stroke" stroke="#fff" stroke-width="3" x="200" y="195" text-anchor="middle">Z</text>'
        || format('<text x="412" y="50">%s</text>', _em_html(label)) || ends || '</svg>';
END;
$$;
COMMENT ON FUNCTION em_sphere_svg(jsonb) IS
    'directions as SVG, {title, desc, y: {label}, curves: [rot, tilt, value], each {y}}, degrees: the half sphere from +Z, coloured by the value, or, with '
    'style counts, circles whose area is the value; NULL when there is no finite value';
