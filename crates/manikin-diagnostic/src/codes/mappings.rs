//! MK11xx: mappings to other standards.

codes! {
    BAD_PROJECTION = "MK1101", "a projection does not fit its standard",
    "A projection says what it makes (`to`) of which rows (`from`). FHIR resources are written by `body`, rows of OMOP \
     tables and MEDS events by `columns`. The engine writes `resourceType`, `id` and `meta` itself.",
    wrong: "patient: {to: Patient, from: patient, columns: {gender: female}}",
    mended: "patient: {to: Patient, from: patient, body: {gender: female}}";

    UNKNOWN_PROJECTION = "MK1102", "no such projection",
    "References and keys name a projection of the mapping, not a resource type, a table or an entity.",
    wrong: "subject: {$reference: Patient}", mended: "subject: {$reference: patient}";

    UNKNOWN_TARGET = "MK1103", "no such resource type or table",
    "`to` names a resource type or a table that the mapping's definition describes.",
    wrong: "to: Patients", mended: "to: Patient";

    UNKNOWN_ELEMENT = "MK1104", "the standard has no such element or column",
    "The definition (`elements.csv`, `cdm.csv`) lists what there is. A choice ends in one of its types, as in \
     `valueQuantity`.",
    wrong: "body: {birthdate: \"= birth_date\"}", mended: "body: {birthDate: \"= birth_date\"}";

    MISSING_ELEMENT = "MK1105", "an element or column that must be there is missing",
    "The standard asks for it in every resource or row.",
    wrong: "to: Observation\nbody: {code: {text: Weight}}",
    mended: "to: Observation\nbody: {status: final, code: {text: Weight}}";

    WRONG_ELEMENT_TYPE = "MK1106", "a value is not of the type of its element or column",
    "Text where the standard has text, numbers where it has numbers, dates where it has dates; codes of a required \
     binding are those that the definition lists, those that an expression can give among them.",
    wrong: "birthDate: \"= age\"", mended: "birthDate: \"= birth_date\"";

    ARRAY_OR_OBJECT = "MK1107", "one value where an array belongs, or the reverse",
    "An element that may occur several times is always an array in FHIR's JSON, even with one value in it.",
    wrong: "name: {family: \"= family_name\"}", mended: "name: [{family: \"= family_name\"}]";

    UNREACHABLE = "MK1108", "there is no way from this row to the other",
    "A row refers to what it belongs to, or to what it holds the key of; `$each` goes over rows that belong to this one. \
     Where several fields lead there, `$via` names one.",
    wrong: "performer: {$reference: provider}   # from a row with two providers",
    mended: "performer: {$reference: provider, $via: attending_provider_id}";

    UNKNOWN_FRAGMENT = "MK1109", "no such fragment or parameter",
    "`$use` names a fragment of the mapping, and the keys beside it are parameters that the fragment uses as `$name`.",
    wrong: "{$use: coded, system: \"http://loinc.org\", kode: \"= loinc\"}",
    mended: "{$use: coded, system: \"http://loinc.org\", code: \"= loinc\"}";

    FRAGMENT_CYCLE = "MK1110", "fragments use each other without end",
    "A fragment is put in the place where it is used, so no fragment may use itself, not even by way of others.",
    wrong: "fragments: {a: {$use: b}, b: {$use: a}}", mended: "fragments: {a: {text: $x}, b: {coding: [$x]}}";

    BAD_DIRECTIVE = "MK1111", "a `$` key does not belong there",
    "`$if` with `$then` and `$else`, `$first`, `$each` with `$where` and `$item`, `$instant` with `zone`, `$reference` \
     and `$key` with `$via`, `$use` with the fragment's parameters, `$era`: each has keys of its own.",
    wrong: "{$each: claim_line, $of: {sequence: \"= line_number\"}}",
    mended: "{$each: claim_line, $item: {sequence: \"= line_number\"}}";

    BAD_DEFINITION = "MK1112", "the definition of a standard cannot be used",
    "`elements.csv` has the columns path, min, max, types and binding; `cdm.csv` table, column, type, required, \
     primary_key and foreign_key_table. Both are made by a script beside them.",
    wrong: "name,type", mended: "path,min,max,types,binding";

    BAD_ZONE = "MK1113", "no such time zone",
    "Zones are named as in the IANA time zone database.",
    wrong: "zone: EST5", mended: "zone: America/New_York";

    WRONG_TARGET = "MK1114", "a reference or key leads to the wrong kind of thing",
    "The definition says which resource types an element may refer to, and which table's keys a column holds.",
    wrong: "subject: {$reference: organization}   # of a Coverage.beneficiary",
    mended: "beneficiary: {$reference: patient}";

    NO_SUCH_ROW = "MK1115", "what is looked up has no row in its table",
    "The lookup would be NULL: a code without a concept, or a misspelt one. A constant is looked at wherever it stands; \
     values of a field where they give a code or a required column, as far as the spec tells what it can hold.",
    wrong: "= lookup('gender', 'concept_id', 'femal')", mended: "= lookup('gender', 'concept_id', 'F')";

    PROJECTION_LEFT_OUT = "MK1116", "a projection is left out",
    "Its entity has a `?` and the spec lacks it, or it is `optional` and the spec lacks a name that it needs. References \
     to it are left out as well. This is a note, not a mistake: one mapping serves many specs. It is a warning where the \
     spec has an entity that is called nearly so.",
    wrong: "immunization: {to: Immunization, from: \"?immunisation\"}",
    mended: "immunization: {to: Immunization, from: \"?immunization\"}";

    BAD_SPLITS = "MK1117", "the splits do not sum to 100 %",
    "Each subject is in exactly one split.",
    wrong: "splits: {train: 80%, tuning: 10%}", mended: "splits: {train: 80%, tuning: 10%, held_out: 10%}";
}
