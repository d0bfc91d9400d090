//! MK06xx: edge cases.

codes! {
    EDGE_CASE_WITHOUT_EFFECT = "MK0601", "an edge case does nothing",
    "An edge case says what happens to the rows it picks: `set`, `clear`, `corrupt` or another of its actions.",
    wrong: "unusual: {entity: claim_line, count: 5}", mended: "unusual: {entity: claim_line, count: 5, set: {billed: billed * 40}}";

    EDGE_CASE_BREAKS_SILENTLY = "MK0602", "an edge case may break a rule that it does not name",
    "A row that breaks a rule is an error unless the edge case that made it names the rule in `breaks`, so that the \
     truth table can list it.",
    wrong: "missing: {entity: claim, rate: 1%, clear: diagnosis}", mended: "missing: {entity: claim, rate: 1%, clear: diagnosis, breaks: claim.has_diagnosis}";

    TOO_FEW_ROWS = "MK0603", "an edge case asks for more rows than there are",
    "The number of affected rows cannot exceed the rows that the entity has and `where` lets through.",
    wrong: "unusual: {entity: claim, count: 5000}   # of 1,000 claims", mended: "unusual: {entity: claim, count: 5}";

    EDGE_CASE_AMOUNT = "MK0604", "an edge case needs either a count or a rate",
    "`count: 5` affects exactly five rows, `rate: 1%` each row with that probability; one of them, not both.",
    wrong: "unusual: {entity: claim, clear: diagnosis}", mended: "unusual: {entity: claim, rate: 1%, clear: diagnosis}";
}
