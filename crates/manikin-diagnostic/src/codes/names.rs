//! MK03xx: names.

codes! {
    UNKNOWN_ENTITY = "MK0301", "no such entity",
    "The name is not one of the document's entities, those of its layers included.",
    wrong: "per: pateint", mended: "per: patient";

    UNKNOWN_FIELD = "MK0302", "no such field",
    "The entity has no field of this name, neither of its own nor from a layer.",
    wrong: "key: encounter", mended: "key: encounter_id";

    UNKNOWN_TABLE = "MK0303", "no such table",
    "The name is not one of the document's tables, those of its layers included.",
    wrong: "pick: {from: resons}", mended: "pick: {from: reasons}";

    UNKNOWN_COLUMN = "MK0304", "no such column in the table",
    "The table has no column of this name in its first line.",
    wrong: "pick: {from: reasons, match: [klass]}", mended: "pick: {from: reasons, match: [class]}";

    UNKNOWN_PATTERN = "MK0305", "no such time pattern",
    "The name is not one of the document's patterns.",
    wrong: "time: {pattern: clinic_hour}", mended: "time: {pattern: clinic_hours}";

    UNKNOWN_FUNCTION = "MK0306", "no such function",
    "Expressions call the functions of a fixed list and those that the document defines.",
    wrong: "derive: \"lenght(name)\"", mended: "derive: \"length(name)\"";

    DUPLICATE_NAME = "MK0307", "a name is used twice",
    "Two things of one kind have the same name.",
    wrong: "watch: [class, class]", mended: "watch: [class, reason]";

    FIELD_CYCLE = "MK0308", "fields depend on each other in a circle",
    "Each field's value is made from fields made before it, so no field may need itself, not even by way of others.",
    wrong: "a: {derive: b + 1}\nb: {derive: a - 1}", mended: "a: {normal: {mean: 5, sd: 1}}\nb: {derive: a - 1}";

    ENTITY_CYCLE = "MK0309", "entities depend on each other in a circle",
    "An entity's rows are made for the rows of its parent, so no entity may be its own parent, not even by way of \
     others.",
    wrong: "patient: {per: claim}\nclaim: {per: patient}", mended: "patient: {count: 200}\nclaim: {per: patient}";

    UNKNOWN_CODE = "MK0310", "a code is not in its table",
    "A field that names a code set holds codes of that set only.",
    wrong: "choice: {AMBU: 80%, EMER: 20%}   # code: act-encounter-class",
    mended: "choice: {AMB: 80%, EMER: 20%}   # code: act-encounter-class";

    UNKNOWN_RULE = "MK0311", "no such rule",
    "`breaks` names a rule as entity, dot, rule.",
    wrong: "breaks: claim.diagnosis", mended: "breaks: claim.has_diagnosis";

    BAD_NAME = "MK0312", "a name has the wrong form",
    "Entities, fields, tables and rules are named in lower case: a letter, then letters, digits and `_`. Names with a \
     double underscore are kept for the tool.",
    wrong: "entities: {Claim Line: {}}", mended: "entities: {claim_line: {}}";

    PATTERN_CYCLE = "MK0313", "patterns start from each other in a circle",
    "`like` takes over a pattern that stands on its own, so no pattern may start from itself, not even by way of \
     others.",
    wrong: "clinic: {like: office}\noffice: {like: clinic}", mended: "clinic: {like: office}\noffice: {closed: [sat, sun]}";

    SUBJECT = "MK0314", "not exactly one entity is the subject",
    "Data is generated subject by subject, such as patient by patient. One entity without a parent says \
     `subject: true`; what is `per` it, directly or not, belongs to a subject, and everything else is made once for \
     all.",
    wrong: "entities: {patient: {count: 200}}", mended: "entities: {patient: {subject: true, count: 200}}";

    BAD_LINK = "MK0315", "a row cannot refer to that entity",
    "`key_of` takes the key of a row's own parent or another ancestor, `link` that of an entity that is none. What is \
     made once for all, such as a facility, cannot refer to what belongs to a subject.",
    wrong: "claim: {per: patient, fields: {patient_id: {link: {to: patient}}}}",
    mended: "claim: {per: patient, fields: {patient_id: {key_of: patient}}}";

    NO_KEY = "MK0316", "there is no key to refer to",
    "A reference holds the value of one field that names the row: the entity's `key`, or the table's `key` column.",
    wrong: "facility: {fields: {facility_id: {id: uuid}}}",
    mended: "facility: {key: facility_id, fields: {facility_id: {id: uuid}}}";

    UNUSED_PARAMETER = "MK0317", "a function does not use a parameter",
    "The parameter changes nothing, so it may be misspelt in the expression.",
    wrong: "bmi: {of: [weight, hight], is: \"weight / (height * height)\"}",
    mended: "bmi: {of: [weight, height], is: \"weight / (height * height)\"}";
}
