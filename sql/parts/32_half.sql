-- Masked FSC and permutation test of two half maps.

CREATE FUNCTION em_fsc_masked(
    half1 emmap, half2 emmap, mask emmap, randomisations integer DEFAULT NULL,
    OUT shell integer, OUT frequency double precision, OUT resolution double precision,
    OUT fsc_unmasked double precision, OUT fsc_masked double precision, OUT fsc_randomised double precision,
    OUT fsc_corrected double precision, OUT half_bit double precision, OUT one_bit double precision,
    OUT three_sigma double precision, OUT n bigint)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'emvalid_fsc_masked' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000 ROWS 200;
COMMENT ON FUNCTION em_fsc_masked(emmap, emmap, emmap, integer) IS
    'FSC of two half maps, without and with the mask, of masked half maps with random phases beyond the first shell '
    'with an unmasked FSC below 0.8, and the masked curve corrected for what the mask adds; half-bit, one-bit and '
    'three-sigma curves for the samples that are independent behind the mask; n coefficients of the full sphere. '
    'randomisations: pairs of random half maps to average (9 in boxes to 160, 4 to 320, else 1)';

CREATE FUNCTION em_fsc_masked_resolution(
    half1 emmap, half2 emmap, mask emmap, randomisations integer DEFAULT NULL,
    OUT resolution double precision, OUT interpolated double precision, OUT masked double precision,
    OUT unmasked double precision, OUT randomised_from double precision, OUT fsc_randomised double precision,
    OUT mask_share double precision)
    AS 'MODULE_PATHNAME', 'emvalid_fsc_masked_resolution' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000;
COMMENT ON FUNCTION em_fsc_masked_resolution(emmap, emmap, emmap, integer) IS
    'Resolution (Å) at 0.143: the last shell of the corrected FSC before the first below it, interpolated, of the '
    'masked and of the unmasked FSC; where phases become random (Å), the FSC of random phases at the resolution, and '
    'the share of coefficients that are independent behind the mask';

CREATE FUNCTION _em_fsc_crossings(
    half1 emmap, half2 emmap, mask emmap,
    OUT curve integer, OUT criterion integer, OUT crossing integer, OUT frequency double precision,
    OUT resolution double precision)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'emvalid_fsc_crossings' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000 ROWS 20;
COMMENT ON FUNCTION _em_fsc_crossings(emmap, emmap, emmap) IS
    'Internal: em_fsc_crossings with curves and criteria as numbers from 1';

CREATE FUNCTION em_fsc_crossings(
    half1 emmap, half2 emmap, mask emmap DEFAULT NULL,
    OUT curve text, OUT criterion text, OUT crossing integer, OUT frequency double precision,
    OUT resolution double precision)
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL RESTRICTED COST 1000000 ROWS 20
BEGIN ATOMIC
    SELECT (ARRAY['unmasked', 'masked', 'corrected'])[c.curve],
           (ARRAY['0.143', '0.5', 'half-bit', 'one-bit', 'three-sigma'])[c.criterion],
           c.crossing, c.frequency, c.resolution
    FROM _em_fsc_crossings(half1, half2, mask) AS c;
END;
COMMENT ON FUNCTION em_fsc_crossings(emmap, emmap, emmap) IS
    'Every place where the FSC falls below a criterion (1/Å and Å), numbered from 1 for each curve and criterion; '
    'crossing 0 without a frequency: it never does. Masked and corrected curves are there when a mask is given';

CREATE FUNCTION em_fsc_permutation(
    half1 emmap, half2 emmap, mask emmap DEFAULT NULL, exact boolean DEFAULT false,
    fdr double precision DEFAULT 0.01,
    OUT resolution double precision, OUT bfactor double precision,
    OUT resolution_vrs double precision, OUT bfactor_vrs double precision, OUT fsc_0143_vrs double precision)
    AS 'MODULE_PATHNAME', 'emvalid_fsc_permutation' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000;
COMMENT ON FUNCTION em_fsc_permutation(emmap, emmap, emmap, boolean, double precision) IS
    'Check 1.b: resolution (Å) of the last shell whose FSC is significant at a false discovery rate (analytic null; '
    '_vrs: by permutation as SPOC), and B-factor (Å²) of the averaged half maps from 10 Å to it. Without a mask the '
    'half maps are seen through SPOC''s sphere. exact: permute every shell, not only those of few coefficients';

CREATE FUNCTION em_fsc_permutation_curve(
    half1 emmap, half2 emmap, mask emmap DEFAULT NULL, exact boolean DEFAULT false,
    OUT frequency double precision, OUT fsc double precision, OUT p_value double precision,
    OUT q_value double precision, OUT p_value_vrs double precision, OUT q_value_vrs double precision,
    OUT n_independent bigint)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'emvalid_fsc_permutation_curve' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000 ROWS 200;
COMMENT ON FUNCTION em_fsc_permutation_curve(emmap, emmap, emmap, boolean) IS
    'The shells behind em_fsc_permutation: frequency (1/Å), FSC, p-values and their adjustment for the false '
    'discovery rate (Benjamini-Yekutieli), independent coefficients';
