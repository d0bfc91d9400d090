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
}
