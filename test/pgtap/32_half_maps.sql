-- Masked FSC, permutation test, shell occupancy and 3D FSC through SQL, on the reference entry.

BEGIN;
SET client_min_messages = error;
SELECT plan(17);

SELECT :'shared' <> '' AS have_shared \gset
\if :have_shared
CREATE TEMP TABLE maps AS
SELECT em_map_load(:'shared' || '/reference/maps/half1.mrc') AS half1,
       em_map_load(:'shared' || '/reference/maps/half2.mrc') AS half2,
       em_map_load(:'shared' || '/reference/maps/mask.mrc') AS mask;

CREATE TEMP TABLE masked AS SELECT f.* FROM maps, em_fsc_masked(half1, half2, mask) f;
SELECT is((SELECT count(*) FROM masked), 64::bigint, 'a row for every shell from 1 on');
SELECT ok((SELECT abs(fsc_unmasked - 0.416461) < 0.01 AND abs(fsc_masked - 0.889528) < 0.01
           AND abs(fsc_corrected - 0.885649) < 0.01 FROM masked WHERE shell = 21), 'shell 21 as relion_postprocess');
SELECT ok((SELECT bool_and(abs(frequency * resolution - 1) < 1e-12 AND half_bit < one_bit + 1e-12 AND n > 0) FROM masked),
          'frequencies, levels and counts make sense');
SELECT ok((SELECT abs(resolution - 4.042105) < 1e-4 AND abs(interpolated - 3.96) < 0.02 AND abs(randomised_from - 9.035294) < 1e-4
           FROM maps, em_fsc_masked_resolution(half1, half2, mask)), 'final shell and first random shell of relion_postprocess');

CREATE TEMP TABLE crossing AS SELECT c.* FROM maps, em_fsc_crossings(half1, half2, mask) c;
SELECT is((SELECT count(DISTINCT (curve, criterion)) FROM crossing), 15::bigint, 'every curve and criterion is listed');
SELECT ok((SELECT abs(resolution - 3.9595) < 1e-3 FROM crossing WHERE curve = 'masked' AND criterion = '0.143' AND crossing = 1),
          'the masked FSC crosses 0.143 where numpy has it');
SELECT is((SELECT array_agg(DISTINCT curve) FROM maps, em_fsc_crossings(half1, half2)), '{unmasked}'::text[],
          'without a mask there is one curve');

SELECT ok((SELECT resolution BETWEEN 3.83 AND 4.05 AND resolution_vrs BETWEEN 3.83 AND 4.05 AND bfactor BETWEEN -65 AND -50
           FROM maps, em_fsc_permutation(half1, half2)), 'permutation test: SPOC''s resolution within a shell, B-factor');
SELECT ok((SELECT resolution BETWEEN 3.6 AND 4.05 FROM maps, em_fsc_permutation(half1, half2, mask)), 'and behind a mask');
SELECT ok((SELECT count(*) = 64 AND bool_and(q_value >= p_value) FROM maps, em_fsc_permutation_curve(half1, half2)),
          'q-values are not below p-values');

SELECT ok((SELECT abs(fso_05 - 3.968) < 0.001 AND abs(fso_09 - 4.336) < 0.001 AND abs(fso_01 - 3.492) < 0.001
           AND directional_min < directional_median AND directional_median < directional_max
           FROM maps, em_fso_resolution(half1, half2, mask)), 'shell occupancy as Xmipp');
SELECT ok((SELECT count(*) = 64 AND min(fso) >= 0 AND max(fso) = 1 AND bool_and(abs(anisotropy + bingham_p - 1) < 1e-9)
           FROM maps, em_fso(half1, half2, mask)), 'its curves');
SELECT ok((SELECT count(*) = 32760 AND abs(min(resolution) - 3.585) < 0.001 AND abs(max(resolution) - 4.343) < 0.001
           FROM maps, em_fso_directions(half1, half2, mask)), 'resolution by direction as Xmipp');
SELECT ok((SELECT abs(global - 3.9595) < 1e-3 AND z > x AND z > y AND sphericity BETWEEN 0.85 AND 1
           FROM maps, em_fsc3d_summary(half1, half2, mask)), '3D FSC: z is worst, as simulated');
SELECT is((SELECT count(*) FROM maps, em_fsc3d(half1, half2, mask)), 64::bigint, 'its curves');
SELECT ok((SELECT em_nx(m) = 89 AND s.max = 1 AND abs((em_voxel_size(m))[1] * 153.6 - 1) < 1e-4
           FROM maps, em_fsc3d_map(half1, half2, mask) m, em_map_stats(m) s), 'and the volume');
SELECT is((SELECT fso_05 FROM maps, em_fso_resolution(half1, half1)), NULL, 'identical half maps have none of it');
\else
SELECT skip('no shared maps', 17);
\endif

SELECT * FROM finish();
ROLLBACK;
