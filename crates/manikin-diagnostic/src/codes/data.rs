//! MK08xx: data checked against a contract.

codes! {
    DATASET_NOT_FOUND = "MK0801", "a dataset has no file for an entity",
    "Each entity of the spec is expected as one table, named like the entity.",
    wrong: "claims.csv", mended: "claim.csv";

    COLUMN_MISSING = "MK0802", "a table lacks a column",
    "Each field of the entity is expected as a column of the same name.",
    wrong: "claim_id,state", mended: "claim_id,status";

    COLUMN_UNEXPECTED = "MK0803", "a table has a column that the spec does not know",
    "A column without a field has no meaning, no checks and no privacy role.",
    wrong: "claim_id,status,notes", mended: "claim_id,status";

    WRONG_COLUMN_TYPE = "MK0804", "a column's values are not of the field's type",
    "The column cannot be read as what the field says it holds.",
    wrong: "billed\ntwelve", mended: "billed\n12.00";

    VALUE_MISSING = "MK0805", "a required value is missing",
    "A required field has a value in every row.",
    wrong: "claim_id,patient_id\nc1,", mended: "claim_id,patient_id\nc1,p1";

    VALUE_REPEATED = "MK0806", "a unique value is repeated",
    "A key, or a field marked unique, has each value once.",
    wrong: "claim_id\nc1\nc1", mended: "claim_id\nc1\nc2";

    VALUE_OUT_OF_RANGE = "MK0807", "a value is outside its range",
    "The field gives the least and the greatest value it may have.",
    wrong: "age\n412", mended: "age\n42";

    VALUE_NOT_ALLOWED = "MK0808", "a value is not among those allowed",
    "The field names its categories or its code set.",
    wrong: "status\nPayed", mended: "status\nPaid";

    PARENT_MISSING = "MK0809", "a row refers to a parent that does not exist",
    "Every foreign key is found in the table it refers to.",
    wrong: "claim_id,patient_id\nc1,p99   # no such patient", mended: "claim_id,patient_id\nc1,p1";

    RULE_BROKEN = "MK0810", "rows break a rule",
    "A rule holds for every row, except where a value it needs is missing.",
    wrong: "started_at,ended_at\n2025-01-02,2025-01-01", mended: "started_at,ended_at\n2025-01-01,2025-01-02";

    TOO_FEW_VALUES = "MK0811", "too many values are missing",
    "`completeness` is the least share of rows in which a field has a value.",
    wrong: "completeness: 95%   # 90 of 100 rows have one", mended: "completeness: 90%";

    STALE = "MK0812", "the data is older than promised",
    "`fresh_days` is how old the newest value may be on the day that the data is seen from.",
    wrong: "fresh_days: 30   # the newest is 45 days old", mended: "fresh_days: 60";

    WRONG_NUMBER_OF_CHILDREN = "MK0813", "a row has too few or too many children",
    "`cardinality` is how many rows an entity may have for each row of its parent.",
    wrong: "cardinality: {min: 1}   # a claim without lines", mended: "cardinality: {min: 0}";

    TEXT_TOO_LONG = "MK0814", "a text is too long",
    "`length` is the most characters that a text may have.",
    wrong: "length: 4   # found 03000", mended: "length: 5";
}
