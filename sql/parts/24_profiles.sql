/*
 * 24_profiles.sql: what counts as good: profiles, criteria, resolution estimates.
 *
 * Values are not verdicts.  A criterion is a row; changing a row re-grades all
 * entries at once, without measuring again.
 */

CREATE TABLE em_profile (
    profile             text PRIMARY KEY CHECK (profile ~ '^[^[:space:]]+$'),
    description         text NOT NULL,
    nan_printed_passes  boolean NOT NULL DEFAULT false,
    overestimate_factor float8 NOT NULL DEFAULT 0.8 CHECK (overestimate_factor > 0 AND overestimate_factor < 'Infinity'),
    shipped             boolean NOT NULL DEFAULT false,
    edited              boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE em_profile IS
    'sets of criteria; vrs and emvalid are shipped, add your own rows and criteria; the setting emvalid.profile names the one that the short forms of the views use';
COMMENT ON COLUMN em_profile.nan_printed_passes IS
    'a NaN that was copied from a printed report passes its criterion. VRS compares NaN with its limits, finds neither exceeded and prints OK (0.d of EMD-2111); '
    'with true, loaded reports show the verdict that was printed. No run of emvalid can store a NaN (see em_measure), so none of our own results can pass this way';
COMMENT ON COLUMN em_profile.overestimate_factor IS
    'the summary calls the reported resolution overestimated when it is less than this factor times the mean of the estimates';

CREATE TABLE em_criterion (
    profile            text NOT NULL REFERENCES em_profile ON UPDATE CASCADE,
    check_code         text NOT NULL REFERENCES em_check,
    ordinal            int NOT NULL,
    measure            text NOT NULL,
    comparison         text NOT NULL CHECK (comparison IN ('<', '<=', '>', '>=', 'between', 'exists')),
    limit_value        float8 CHECK (limit_value > '-Infinity' AND limit_value < 'Infinity'),
    limit_upper        float8 CHECK (limit_upper > '-Infinity' AND limit_upper < 'Infinity'),
    limit_measure      text,
    when_missing       text NOT NULL DEFAULT 'unmeasured' CHECK (when_missing IN ('unmeasured', 'pass', 'skip', 'warn')),
    when_limit_missing text NOT NULL DEFAULT 'unmeasured' CHECK (when_limit_missing IN ('unmeasured', 'pass', 'skip', 'warn')),
    effect             text NOT NULL DEFAULT 'warning' CHECK (effect IN ('warning', 'not_applicable')),
    digits             int NOT NULL DEFAULT 2 CHECK (digits BETWEEN 0 AND 12),
    warning            text NOT NULL,
    sentence           text,
    comment            text,
    enabled            boolean NOT NULL DEFAULT true,
    shipped            boolean NOT NULL DEFAULT false,
    edited             boolean NOT NULL DEFAULT false,
    PRIMARY KEY (profile, check_code, ordinal),
    CHECK (comparison = 'exists' OR limit_value IS NOT NULL),
    CHECK ((comparison = 'between') = (limit_upper IS NOT NULL))
);
CREATE INDEX em_criterion_check ON em_criterion (check_code, profile);
COMMENT ON TABLE em_criterion IS 'what must hold for a check to pass; every criterion that is violated gives one warning';
COMMENT ON COLUMN em_criterion.ordinal IS 'order of the warnings within the check';
COMMENT ON COLUMN em_criterion.measure IS 'name of the measure that is judged';
COMMENT ON COLUMN em_criterion.comparison IS 'the criterion holds when: measure comparison limit; between includes both limits; exists: the measure has a value';
COMMENT ON COLUMN em_criterion.limit_value IS 'the limit, in the unit of the measure; with limit_measure a factor';
COMMENT ON COLUMN em_criterion.limit_upper IS 'upper limit of between; with limit_measure a factor';
COMMENT ON COLUMN em_criterion.limit_measure IS 'measure of the same check that multiplies limit_value and limit_upper';
COMMENT ON COLUMN em_criterion.when_missing IS
    'what an absent or non-finite measure means: unmeasured (the check could not be measured), pass, warn, or skip (the criterion is left out; a check whose criteria are all left out does not apply)';
COMMENT ON COLUMN em_criterion.when_limit_missing IS 'the same for an absent or non-finite limit_measure';
COMMENT ON COLUMN em_criterion.effect IS 'what a violation means: warning, or not_applicable (the check does not apply to this entry)';
COMMENT ON COLUMN em_criterion.digits IS 'decimals of the numbers in the warning';
COMMENT ON COLUMN em_criterion.warning IS 'text of the warning; {value}, {limit}, {upper} and {reference} (the value of limit_measure) are filled in';
COMMENT ON COLUMN em_criterion.sentence IS
    'how the report words the criterion, {limit} and {upper} are filled in; NULL: made from the label of the measure, the comparison and the limit';
COMMENT ON COLUMN em_criterion.comment IS 'why the criterion is as it is';
COMMENT ON COLUMN em_criterion.enabled IS 'set to false to switch a criterion off: a deleted shipped row would come back with the next restore or upgrade, a disabled one stays off';

CREATE TABLE em_estimate_source (
    profile    text NOT NULL REFERENCES em_profile ON UPDATE CASCADE,
    check_code text NOT NULL REFERENCES em_check,
    measure    text NOT NULL,
    ordinal    int NOT NULL,
    shipped    boolean NOT NULL DEFAULT false,
    edited     boolean NOT NULL DEFAULT false,
    PRIMARY KEY (profile, check_code, measure)
);
COMMENT ON TABLE em_estimate_source IS 'the measures, all in Å, that count as estimates of the resolution in the summary';

-- Shipped rows and changes to them ---------------------------------------------

CREATE FUNCTION _em_mark_edited() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    NEW.shipped := OLD.shipped;
    IF OLD.shipped AND NEW IS DISTINCT FROM OLD THEN
        NEW.edited := true;
    END IF;
    RETURN NEW;
END;
$$;
COMMENT ON FUNCTION _em_mark_edited() IS
    'Internal: trigger that marks a shipped row that is changed, so that pg_dump carries it; upgrade scripts of the extension disable the trigger while they bring new defaults';

CREATE FUNCTION _em_replace_shipped() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10
SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    columns  text;
    replaced bigint;
BEGIN
    IF NOT (NEW.shipped AND NEW.edited) THEN
        RETURN NEW;
    END IF;
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) INTO columns
    FROM pg_attribute a
    WHERE a.attrelid = TG_RELID AND a.attnum > 0 AND NOT a.attisdropped;
    EXECUTE format('UPDATE %s SET (%s) = (SELECT ($1).*) WHERE shipped AND NOT edited AND (%s) = (%s)',
                   TG_RELID::regclass, columns,
                   array_to_string(TG_ARGV, ', '), '($1).' || array_to_string(TG_ARGV, ', ($1).'))
    USING NEW;
    GET DIAGNOSTICS replaced = ROW_COUNT;
    RETURN CASE WHEN replaced = 0 THEN NEW END;
END;
$$;
COMMENT ON FUNCTION _em_replace_shipped() IS
    'Internal: trigger that lets an edited shipped row from a dump take the place of the untouched one; its arguments are the columns of the primary key';

CREATE TRIGGER em_mark_edited BEFORE UPDATE ON em_level_info
    FOR EACH ROW EXECUTE FUNCTION _em_mark_edited();
COMMENT ON TRIGGER em_mark_edited ON em_level_info IS 'marks shipped rows that are changed';
CREATE TRIGGER em_replace_shipped BEFORE INSERT ON em_level_info
    FOR EACH ROW EXECUTE FUNCTION _em_replace_shipped('level');
COMMENT ON TRIGGER em_replace_shipped ON em_level_info IS 'lets edited shipped rows from a dump replace the untouched ones';

CREATE TRIGGER em_mark_edited BEFORE UPDATE ON em_check
    FOR EACH ROW EXECUTE FUNCTION _em_mark_edited();
COMMENT ON TRIGGER em_mark_edited ON em_check IS 'marks shipped rows that are changed';
CREATE TRIGGER em_replace_shipped BEFORE INSERT ON em_check
    FOR EACH ROW EXECUTE FUNCTION _em_replace_shipped('check_code');
COMMENT ON TRIGGER em_replace_shipped ON em_check IS 'lets edited shipped rows from a dump replace the untouched ones';

CREATE TRIGGER em_mark_edited BEFORE UPDATE ON em_measure_info
    FOR EACH ROW EXECUTE FUNCTION _em_mark_edited();
COMMENT ON TRIGGER em_mark_edited ON em_measure_info IS 'marks shipped rows that are changed';
CREATE TRIGGER em_replace_shipped BEFORE INSERT ON em_measure_info
    FOR EACH ROW EXECUTE FUNCTION _em_replace_shipped('check_code', 'name');
COMMENT ON TRIGGER em_replace_shipped ON em_measure_info IS 'lets edited shipped rows from a dump replace the untouched ones';

CREATE TRIGGER em_mark_edited BEFORE UPDATE ON em_profile
    FOR EACH ROW EXECUTE FUNCTION _em_mark_edited();
COMMENT ON TRIGGER em_mark_edited ON em_profile IS 'marks shipped rows that are changed';
CREATE TRIGGER em_replace_shipped BEFORE INSERT ON em_profile
    FOR EACH ROW EXECUTE FUNCTION _em_replace_shipped('profile');
COMMENT ON TRIGGER em_replace_shipped ON em_profile IS 'lets edited shipped rows from a dump replace the untouched ones';

CREATE TRIGGER em_mark_edited BEFORE UPDATE ON em_criterion
    FOR EACH ROW EXECUTE FUNCTION _em_mark_edited();
COMMENT ON TRIGGER em_mark_edited ON em_criterion IS 'marks shipped rows that are changed';
CREATE TRIGGER em_replace_shipped BEFORE INSERT ON em_criterion
    FOR EACH ROW EXECUTE FUNCTION _em_replace_shipped('profile', 'check_code', 'ordinal');
COMMENT ON TRIGGER em_replace_shipped ON em_criterion IS 'lets edited shipped rows from a dump replace the untouched ones';

CREATE TRIGGER em_mark_edited BEFORE UPDATE ON em_estimate_source
    FOR EACH ROW EXECUTE FUNCTION _em_mark_edited();
COMMENT ON TRIGGER em_mark_edited ON em_estimate_source IS 'marks shipped rows that are changed';
CREATE TRIGGER em_replace_shipped BEFORE INSERT ON em_estimate_source
    FOR EACH ROW EXECUTE FUNCTION _em_replace_shipped('profile', 'check_code', 'measure');
COMMENT ON TRIGGER em_replace_shipped ON em_estimate_source IS 'lets edited shipped rows from a dump replace the untouched ones';
