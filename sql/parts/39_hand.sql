-- Check 0.h: handedness.

INSERT INTO em_measure_info (check_code, ordinal, shipped, name, label, unit, digits, description, words) VALUES
('0.h', 3, true, 'decision', 'decision about the hand', '', 0,
 'right below a score of 0.4, mirrored above 0.6, uncertain in between; no decision with too few helices, or few that do not agree',
 '{no decision,right,mirrored,uncertain}'),
('0.h', 4, true, 'score_free', 'hand score without training', '', 3,
 'right against left layer lines alone, over the fifth of the rods where they are strongest', NULL),
('0.h', 5, true, 'sites', 'number of places along helices', '', 0, 'what the score is taken over', NULL),
('0.h', 6, true, 'candidates', 'number of rods of density', '', 0, 'helices are looked for among them', NULL),
('0.h', 7, true, 'evidence', 'evidence for the right hand', '', 1,
 'logarithm of the odds of right against mirrored; a decision takes 7, negative for mirrored', NULL),
('0.h', 99, true, 'reported_resolution', 'reported resolution', 'Å', 2, NULL, NULL);

CREATE FUNCTION _em_hand(
    map emmap, contour double precision, resolution double precision,
    OUT score double precision, OUT decision integer, OUT helices integer, OUT score_free double precision,
    OUT sites integer, OUT candidates integer, OUT evidence double precision)
    AS 'MODULE_PATHNAME', 'emvalid_hand' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000;
COMMENT ON FUNCTION _em_hand(emmap, double precision, double precision) IS
    'Internal: em_hand with the decision as a number: 0 no decision, 1 right, 2 mirrored, 3 uncertain';

CREATE FUNCTION em_hand(
    map emmap, contour double precision, resolution double precision,
    OUT score double precision, OUT decision text, OUT helices integer, OUT score_free double precision,
    OUT sites integer, OUT candidates integer, OUT evidence double precision)
    LANGUAGE sql STABLE PARALLEL RESTRICTED COST 1000000
BEGIN ATOMIC
    SELECT h.score, (ARRAY['no decision', 'right', 'mirrored', 'uncertain'])[1 + h.decision], h.helices, h.score_free, h.sites,
           h.candidates, h.evidence
    FROM _em_hand(em_hand.map, em_hand.contour, em_hand.resolution) AS h;
END;
COMMENT ON FUNCTION em_hand(emmap, double precision, double precision) IS
    'Check 0.h: score of the hand, 0 right, 1 mirrored, from the layer lines of alpha helices above the contour, and the '
    'decision: right, mirrored, uncertain, or no decision when too few helices were found (NULL: does not apply, worse than '
    '5 Å).  Not the network of VRS, but its scale.  score_free: the same without a trained perceptron.  evidence: '
    'logarithm of the odds of right against mirrored.  The mirrored map has 1 - score.';
