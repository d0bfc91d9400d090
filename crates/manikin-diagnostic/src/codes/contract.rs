//! MK07xx: privacy and contract.

codes! {
    UNPROTECTED_IDENTIFIER = "MK0701", "an identifier has no privacy role",
    "A field that identifies a person says so with `privacy: identifier`; releases are judged by these roles.",
    wrong: "ssn: {fake: ssn}", mended: "ssn: {fake: ssn, privacy: identifier}";

    NO_STEWARD = "MK0702", "an entity has no steward",
    "A governed object names the role that answers for it, how to reach them, and the fields they watch.",
    wrong: "claim: {means: A bill}", mended: "claim: {means: A bill, steward: {role: claims steward, contact: claims@example.org}}";

    NO_MEANING = "MK0703", "an entity or field has no meaning",
    "`means` says in a sentence what the thing is, so that others can use the data rightly.",
    wrong: "claim: {key: claim_id}", mended: "claim: {means: A request for payment, key: claim_id}";
}
