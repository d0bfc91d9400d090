//! MK01xx: the shape of a document.

codes! {
    UNKNOWN_KEY = "MK0101", "a key is not known here",
    "The language has no such key at this place. The message lists the keys there are, or the nearest one.",
    wrong: "period: {form: 2025-01-01, to: 2025-12-31}", mended: "period: {from: 2025-01-01, to: 2025-12-31}";

    WRONG_TYPE = "MK0102", "a value is of the wrong kind",
    "The place takes another kind of value: a number where text stands, a map where a list stands, and so on.",
    wrong: "seed: seven", mended: "seed: 7";

    MISSING_KEY = "MK0103", "a required key is missing",
    "A map lacks a key without which it means nothing.",
    wrong: "normal: {mean: 58}", mended: "normal: {mean: 58, sd: 9}";

    NOT_ONE_OF = "MK0104", "a value is not one of those allowed",
    "The place takes one of a few words, which the message lists.",
    wrong: "privacy: secret", mended: "privacy: sensitive";

    SEVERAL_GENERATORS = "MK0105", "a field has more than one generator",
    "A field says once how its values are made. To make them differ by a condition, use `cases`.",
    wrong: "length: {normal: {mean: 5, sd: 1}, constant: 4}", mended: "length: {normal: {mean: 5, sd: 1}}";

    NO_GENERATOR = "MK0106", "a field has no generator",
    "The field is described but nothing says how its values are made, so it can be checked but not generated.",
    wrong: "status: {means: Where the claim stands}", mended: "status: {means: Where the claim stands, choice: {Paid: 85%, Denied: 15%}}";

    DOES_NOT_MATCH = "MK0107", "a text does not have the right form",
    "The place takes text of one form only, such as a date or a name in lower case.",
    wrong: "period: {from: 1 January 2025}", mended: "period: {from: 2025-01-01}";

    OUT_OF_BOUNDS = "MK0108", "a number, text or list is outside its bounds",
    "The place takes values between bounds that the message gives.",
    wrong: "latitude: 95", mended: "latitude: 45";

    NOT_DECODED = "MK0109", "a value cannot be read",
    "The value has the right shape but cannot be read as what the place means; the message says why.",
    wrong: "period: {from: 2025-02-30, to: 2025-12-31}", mended: "period: {from: 2025-02-28, to: 2025-12-31}";

    NOT_A_MAP = "MK0110", "a document is not a map",
    "A document starts with keys such as `manikin: 1`; this file holds a list or a single value.",
    wrong: "- patient\n- claim", mended: "entities:\n  patient: {count: 1}\n  claim: {per: patient}";

    KEYS_EXCLUDE = "MK0111", "keys or values exclude each other",
    "Two things are said that cannot both hold, or one that means nothing here; the message says which.",
    wrong: "patient: {count: 200, each: {table: people}}", mended: "patient: {count: 200}";

    UNREACHABLE_CASE = "MK0112", "a case is never reached",
    "Cases are tried in order, and one without `when` takes every row that is left. It can only be the last.",
    wrong: "cases: [{constant: 1}, {when: \"age > 65\", constant: 2}]",
    mended: "cases: [{when: \"age > 65\", constant: 2}, {constant: 1}]";
}
