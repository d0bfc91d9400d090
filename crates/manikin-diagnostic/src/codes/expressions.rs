//! MK04xx: expressions.

codes! {
    EXPRESSION_SYNTAX = "MK0401", "an expression does not parse",
    "Expressions are written as in SQL: `=` and `<>` to compare, `AND`, `OR` and `NOT`, text in single quotes.",
    wrong: "when: \"class == 'IMP\"", mended: "when: \"class = 'IMP'\"";

    UNSUPPORTED_SQL = "MK0402", "SQL that expressions do not support",
    "Expressions are a listed part of SQL's scalar expressions, so that a rule means the same in every warehouse. \
     Queries, windows and anything that depends on the moment are not among them; for today's date use `as_of`.",
    wrong: "derive: \"now()\"", mended: "derive: \"as_of\"";

    UNKNOWN_NAME = "MK0403", "an expression names a column that does not exist",
    "A plain name is a field of the same entity; `patient.birth_date` is a field of a parent.",
    wrong: "started_at >= patient.birthdate", mended: "started_at >= patient.birth_date";

    TYPE_MISMATCH = "MK0404", "an expression mixes types that do not fit",
    "Both sides of a comparison, and the arguments of a function, must be of types that go together.",
    wrong: "derive: \"started_at + 'one day'\"", mended: "derive: \"started_at + days(1)\"";

    WRONG_ARGUMENT_COUNT = "MK0405", "a function gets too many or too few arguments",
    "Each function takes a fixed list of arguments; the message shows how it is called.",
    wrong: "derive: \"round(billed, 2, 1)\"", mended: "derive: \"round(billed, 2)\"";

    AMBIGUOUS_NAME = "MK0406", "a name in an expression may mean two things",
    "A name found in two places must say which: `claim.status` rather than `status`.",
    wrong: "where: \"status = 'Denied'\"", mended: "where: \"claim.status = 'Denied'\"";

    NOT_A_CONDITION = "MK0407", "a condition is not true or false",
    "`when`, `where` and rules take an expression that is true or false.",
    wrong: "when: \"age\"", mended: "when: \"age >= 65\"";

    CHILD_WITHOUT_AGGREGATE = "MK0408", "a child's field stands outside an aggregate",
    "A row has many child rows, so their values come in through an aggregate: sum, count, min, max or avg.",
    wrong: "derive: \"claim_line.billed\"", mended: "derive: \"sum(claim_line.billed)\"";

    EXPRESSION_TOO_DEEP = "MK0409", "an expression is too long or too deeply nested",
    "An expression may have 64 KiB and 100 levels of brackets; split it over several fields.",
    wrong: "derive: \"((((((1))))))\"   # and so on", mended: "derive: \"1\"";
}
