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

    LEARN_FORM = "MK0704", "what a learned field or entity can hold is not said in one way",
    "What is learned from real records has a public domain: listed `values`; `edges` of bins; `from`, `to` and `cells`; \
     an offset `since` another time, with `edges`; or bounds `by` another learned field. One of these is given in full.",
    wrong: "income: {type: decimal, learn: {from: 0, to: 100000}}", mended: "income: {type: decimal, learn: {from: 0, to: 100000, cells: 20}}";

    EDGES_NOT_RISING = "MK0705", "edges of bins do not rise",
    "A bin reaches from its edge up to the next one, so each edge is above the one before it, and there are two at \
     least.",
    wrong: "learn: {edges: [0, 10, 10, 50]}", mended: "learn: {edges: [0, 10, 50]}";

    LEARNED_ALONE = "MK0706", "an entity is learned without what it belongs to",
    "The unit of privacy is the subject with all rows that descend from it. So what is learned belongs to the subject, \
     and each parent learns how many rows of each learned child it has.",
    wrong: "patient: {subject: true}\nencounter: {per: patient, fields: {class: {type: text, learn: {values: [AMB, IMP]}}}}", mended: "patient: {subject: true, learn: {rows: {encounter: [0, 1, 2, 5, 20]}}}\nencounter: {per: patient, fields: {class: {type: text, learn: {values: [AMB, IMP]}}}}";

    TOO_MUCH_TO_LEARN = "MK0707", "too many attributes or values are learned together",
    "One joint distribution has at most 256 attributes of at most 65,536 values each.",
    wrong: "learn: {values: {table: icd-10-pcs}}", mended: "learn: {values: {table: procedure-chapters}}";
}
