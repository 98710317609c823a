-- A map written in SQL, so that tests know every byte: a big-endian MRC2014 file.
--   make_mrc(size, voxel, values, mode, axes, start, extra) with values in file order, x fastest.

CREATE FUNCTION make_mrc_header(size int[], voxel float8[] DEFAULT '{1,1,1}', mode int DEFAULT 2,
                                axes int[] DEFAULT '{1,2,3}', start int[] DEFAULT '{0,0,0}',
                                nsymbt int DEFAULT 0, magic text DEFAULT 'MAP ', ispg int DEFAULT 1)
    RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT int4send(size[1]) || int4send(size[2]) || int4send(size[3]) || int4send(mode)
        || int4send(start[1]) || int4send(start[2]) || int4send(start[3])
        || int4send(n[1]) || int4send(n[2]) || int4send(n[3])
        || float4send((n[1] * voxel[1])::float4) || float4send((n[2] * voxel[2])::float4)
        || float4send((n[3] * voxel[3])::float4)
        || float4send(90) || float4send(90) || float4send(90)
        || int4send(axes[1]) || int4send(axes[2]) || int4send(axes[3])
        || float4send(0) || float4send(-1) || float4send(-2)
        || int4send(ispg) || int4send(nsymbt)
        || decode(repeat('00', 12), 'hex') || decode(repeat('00', 88), 'hex')
        || float4send(0) || float4send(0) || float4send(0)
        || convert_to(magic, 'SQL_ASCII') || '\x11110000'::bytea
        || float4send(-1) || int4send(0) || decode(repeat('00', 800), 'hex')
    FROM (SELECT ARRAY[size[array_position(axes, 1)], size[array_position(axes, 2)], size[array_position(axes, 3)]]) AS g (n)
$$;

CREATE FUNCTION make_mrc(size int[], voxel float8[], voxels float8[], axes int[] DEFAULT '{1,2,3}')
    RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT make_mrc_header(size, voxel, 2, axes) || string_agg(float4send(v::float4), ''::bytea ORDER BY i)
    FROM unnest(voxels) WITH ORDINALITY AS t (v, i)
$$;

-- A ball: 10 inside the radius (voxels) about the middle voxel, else a chequered +-0.5.
CREATE FUNCTION ball(n int, radius float8, inside float8 DEFAULT 10, shift int DEFAULT 0)
    RETURNS float8[] LANGUAGE sql IMMUTABLE AS $$
    SELECT array_agg(CASE WHEN (x - n / 2 - shift) ^ 2 + (y - n / 2) ^ 2 + (z - n / 2) ^ 2 <= radius ^ 2 THEN inside
                          ELSE ((x + y + z) % 2) - 0.5 END ORDER BY z, y, x)
    FROM generate_series(0, n - 1) AS x, generate_series(0, n - 1) AS y, generate_series(0, n - 1) AS z
$$;

-- What goes wrong when a command runs, with numbers of large objects blanked out.
CREATE FUNCTION error_of(command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE command;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ': ' || regexp_replace(SQLERRM, '\m[0-9]{5,}\M', 'N', 'g');
END
$$;
