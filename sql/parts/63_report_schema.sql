/*
 * 63_report_schema.sql: what em_report_json() returns, as JSON Schema; contrib/report/em_report.schema.json is the same.
 */

CREATE FUNCTION em_report_json_schema() RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 10
RETURN $json${
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "$id": "urn:emvalid:report:1",
  "title": "Validation report on one entry",
  "description": "What em_report_json() returns. Lengths in Å, frequencies in 1/Å, B-factors in Å², positions in voxels from 0, shares in %.",
  "type": "object",
  "additionalProperties": false,
  "required": ["entry", "profile", "levels", "grade", "score", "summary", "estimates", "inputs", "runs", "items"],
  "properties": {
    "entry": {"$ref": "#/$defs/entry"},
    "profile": {"type": "string", "description": "the criteria that the report was judged by"},
    "levels": {"type": "array", "items": {"type": "string"}, "description": "levels that the entry reaches, in canonical order"},
    "grade": {"type": ["string", "null"], "description": "highest level and qualifiers: 1A"},
    "score": {"$ref": "#/$defs/score"},
    "summary": {"type": "string"},
    "estimates": {"type": "array", "items": {"$ref": "#/$defs/estimate"}, "description": "estimates of the resolution"},
    "inputs": {
      "type": "object",
      "additionalProperties": {"$ref": "#/$defs/input"},
      "description": "files and maps, by role: map, half1, half2, model, ..."
    },
    "runs": {"type": "array", "items": {"$ref": "#/$defs/run"}},
    "items": {"type": "array", "items": {"$ref": "#/$defs/item"}, "description": "the checks, in order"}
  },
  "$defs": {
    "number": {
      "description": "a number; NaN and infinity, which only printed reports can hold, are text",
      "oneOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}]
    },
    "entry": {
      "type": "object",
      "additionalProperties": false,
      "required": [
        "entry_id",
        "title",
        "authors",
        "deposited",
        "method",
        "resolution",
        "resolution_method",
        "contour",
        "contour_source",
        "contours",
        "pdb_ids",
        "created",
        "updated"
      ],
      "properties": {
        "entry_id": {"type": "string", "description": "EMDB accession code or any other name"},
        "title": {"type": ["string", "null"]},
        "authors": {"type": ["array", "null"], "items": {"type": ["string", "null"]}},
        "deposited": {"type": ["string", "null"], "pattern": "^-?[0-9]{4,}-[0-9]{2}-[0-9]{2}", "description": "date"},
        "method": {"type": ["string", "null"], "description": "method of structure determination, as the header names it"},
        "resolution": {
          "oneOf": [{"$ref": "#/$defs/number"}, {"type": "null"}],
          "description": "reported by the depositor, Å; null: not reported"
        },
        "resolution_method": {"type": ["string", "null"]},
        "contour": {
          "oneOf": [{"$ref": "#/$defs/number"}, {"type": "null"}],
          "description": "contour level, in the grey values of the map"
        },
        "contour_source": {"type": ["string", "null"]},
        "contours": {
          "type": ["array", "null"],
          "description": "all contours of the header",
          "items": {
            "type": "object",
            "additionalProperties": false,
            "properties": {
              "level": {"oneOf": [{"$ref": "#/$defs/number"}, {"type": "null"}]},
              "source": {"type": ["string", "null"]},
              "primary": {"type": ["boolean", "null"]}
            }
          }
        },
        "pdb_ids": {"type": ["array", "null"], "items": {"type": ["string", "null"]}},
        "created": {"type": "string", "description": "ISO 8601 with time zone"},
        "updated": {"type": "string", "description": "ISO 8601 with time zone"}
      }
    },
    "score": {
      "type": "object",
      "additionalProperties": false,
      "required": ["passed", "evaluable", "failed", "not_applicable", "without_criterion", "score"],
      "properties": {
        "passed": {"type": "integer", "minimum": 0},
        "evaluable": {"type": "integer", "minimum": 0},
        "failed": {"type": "integer", "minimum": 0},
        "not_applicable": {"type": "integer", "minimum": 0},
        "without_criterion": {"type": "integer", "minimum": 0},
        "score": {"type": "string"}
      }
    },
    "estimate": {
      "type": "object",
      "additionalProperties": false,
      "required": ["check_code", "measure", "value", "unit"],
      "properties": {
        "check_code": {"type": "string", "pattern": "^[0-9A-Z]\\.[a-z]+$", "description": "level, full stop, letter: 0.a"},
        "measure": {"type": "string"},
        "value": {"$ref": "#/$defs/number"},
        "unit": {"const": "Å"}
      }
    },
    "input": {
      "type": "object",
      "additionalProperties": false,
      "required": ["file_name", "sha256"],
      "properties": {
        "file_name": {"type": ["string", "null"]},
        "sha256": {"type": ["string", "null"], "pattern": "^[0-9a-f]{64}$", "description": "of the uncompressed file"},
        "large_object": {"type": "integer", "minimum": 1, "description": "object identifier of the map in this database"},
        "size": {
          "type": "array",
          "items": {"type": "integer", "minimum": 1},
          "minItems": 3,
          "maxItems": 3,
          "description": "voxels along x, y, z"
        },
        "voxel_size": {
          "type": "array",
          "items": {"$ref": "#/$defs/number"},
          "minItems": 3,
          "maxItems": 3,
          "description": "Å along x, y, z"
        },
        "mode": {"type": "integer", "description": "MRC mode"}
      }
    },
    "run": {
      "type": "object",
      "additionalProperties": false,
      "required": ["run_id", "started", "finished", "emvalid_version", "parameters", "origin"],
      "properties": {
        "run_id": {"type": "integer"},
        "started": {"type": "string", "description": "ISO 8601 with time zone"},
        "finished": {"type": ["string", "null"], "description": "ISO 8601 with time zone"},
        "emvalid_version": {"type": ["string", "null"]},
        "parameters": {
          "type": "object",
          "description": "what the run used: contour, resolution, fingerprints, settings; open to additions"
        },
        "origin": {"enum": ["emvalid", "report"], "description": "measured here, or copied from a printed report"}
      }
    },
    "item": {
      "type": "object",
      "additionalProperties": false,
      "required": [
        "check_code",
        "name",
        "title",
        "explanation",
        "reference",
        "level",
        "section",
        "outcome",
        "verdict",
        "state",
        "reason",
        "reason_code",
        "method",
        "elapsed_seconds",
        "run_id",
        "criteria_text",
        "warnings",
        "criteria",
        "measures",
        "series"
      ],
      "properties": {
        "check_code": {"type": "string", "pattern": "^[0-9A-Z]\\.[a-z]+$", "description": "level, full stop, letter: 0.a"},
        "name": {"type": "string"},
        "title": {"type": "string"},
        "explanation": {"type": "string"},
        "reference": {"type": ["string", "null"], "description": "DOI of the method"},
        "level": {"type": "string"},
        "section": {
          "type": ["string", "null"],
          "description": "number of the section in the report; null when the entry does not reach the level"
        },
        "outcome": {"type": "string", "pattern": "^(OK|[0-9]+ warnings|Does not apply|Could not be measured|No criterion)$"},
        "verdict": {"enum": ["ok", "warned", "not_applicable", "failed", "none"], "description": "short form of outcome"},
        "state": {"enum": ["measured", "not_applicable", "failed"], "description": "how the measurement ended"},
        "reason": {"type": ["string", "null"], "description": "why the check was not judged"},
        "reason_code": {"type": ["string", "null"], "description": "stable short form of the reason: empty_mask"},
        "method": {"type": ["string", "null"], "description": "method and version that measured"},
        "elapsed_seconds": {"oneOf": [{"$ref": "#/$defs/number"}, {"type": "null"}], "description": "wall-clock time of the check, s"},
        "run_id": {"type": "integer"},
        "criteria_text": {"type": ["string", "null"], "description": "the criteria in words; null when nothing was measured"},
        "warnings": {"type": "array", "items": {"type": "string"}},
        "criteria": {"type": "array", "items": {"$ref": "#/$defs/criterion"}},
        "measures": {"type": "object", "additionalProperties": {"$ref": "#/$defs/measure"}, "description": "by name"},
        "series": {
          "type": "object",
          "additionalProperties": {"$ref": "#/$defs/series"},
          "description": "curves, histograms and columns of tables, by name"
        }
      }
    },
    "criterion": {
      "type": "object",
      "additionalProperties": false,
      "required": ["ordinal", "measure", "comparison", "status", "effect"],
      "properties": {
        "ordinal": {"type": "integer"},
        "measure": {"type": "string"},
        "value": {"$ref": "#/$defs/number"},
        "unit": {"type": "string"},
        "comparison": {
          "enum": ["<", "<=", ">", ">=", "between", "exists"],
          "description": "the criterion holds when: value comparison limit"
        },
        "limit": {"$ref": "#/$defs/number"},
        "upper": {"$ref": "#/$defs/number", "description": "upper limit of between"},
        "status": {"enum": ["holds", "violated", "unmeasured", "skipped"]},
        "margin": {"$ref": "#/$defs/number", "description": "distance to the limit, negative beyond it"},
        "effect": {"enum": ["warning", "not_applicable"], "description": "what a violation means"}
      }
    },
    "measure": {
      "type": "object",
      "additionalProperties": false,
      "required": ["value", "unit", "printed"],
      "properties": {
        "value": {"$ref": "#/$defs/number"},
        "unit": {"type": "string"},
        "printed": {"type": "boolean", "description": "copied from a printed report, not measured here"}
      }
    },
    "series": {
      "type": "object",
      "additionalProperties": false,
      "required": ["x_name", "x_unit", "y_unit", "x", "y"],
      "properties": {
        "x_name": {"type": "string"},
        "x_unit": {"type": "string"},
        "y_unit": {"type": "string"},
        "x": {"type": "array", "items": {"$ref": "#/$defs/number"}},
        "y": {"type": "array", "items": {"$ref": "#/$defs/number"}}
      }
    }
  }
}$json$::jsonb;
COMMENT ON FUNCTION em_report_json_schema() IS
    'JSON Schema (draft 2020-12) of what em_report_json() returns; no other key than those listed is allowed';
