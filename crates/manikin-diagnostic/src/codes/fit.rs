//! MK15xx: learning from real records.

codes! {
    NOTHING_TO_LEARN = "MK1501", "a spec has nothing to learn, or has learned it",
    "`learn:` says of fields and entities what is learned from real records, and in which public domain. A spec with a \
     model has learned it already.",
    wrong: "gender: {type: text}", mended: "gender: {type: text, learn: {values: [F, M]}}";

    SOURCE_NOT_DECLARED = "MK1502", "a spec does not say whose records are learned from",
    "The budget belongs to a source: a body of records under an id that its custodian declared, with a round public \
     number of patients.",
    wrong: "entities: {...}   # no privacy block", mended: "privacy: {source: {id: claims-2025, patients: 50000, origin: public}}";

    TAKEN_FROM_RECORDS = "MK1503", "a public setting was read off the records",
    "A domain, edge or cap that was drafted from values tells about them, and nobody has paid for that. A person \
     replaces it by public knowledge (code lists, physical limits, policy) and marks it `origin: public`; or `manikin \
     domains` learns it with noise, and the ledger pays.",
    wrong: "learn: {edges: [0, 17430, 98112], origin: data}", mended: "learn: {edges: [0, 20000, 100000], origin: public}";

    CAP_MISSING = "MK1504", "an entity has no cap on its rows",
    "How many rows of one parent are looked at is a public setting; a random window of them is taken where there are \
     more. The numbers of rows themselves are learned from all of them.",
    wrong: "learn: {order: start}", mended: "learn: {order: start, at_most: 32}";

    NOT_PATIENT_LOCAL = "MK1505", "a row cannot be tied to one patient alone",
    "Each private table says of each row whose it is, by the subject's key. Then keys, duplicates and derived values \
     are settled among one patient's own rows, and no patient's record changes what is seen of another.",
    wrong: "lab_result: {per: encounter, fields: {encounter_id: {key_of: encounter}}}",
    mended: "lab_result: {per: encounter, fields: {encounter_id: {key_of: encounter}, patient_id: {key_of: patient}}}";

    MODEL_TOO_LARGE = "MK1506", "what must be learned together is larger than the model may be",
    "A model holds a table over each group of attributes that hang together; its size is the product of their numbers \
     of values.",
    wrong: "together: [[diagnosis, procedure, drug]]   # 1,000 x 1,000 x 1,000", mended: "together: [[diagnosis_chapter, procedure_chapter, drug_class]]";

    RECORDS_UNREADABLE = "MK1507", "a table of records cannot be read",
    "The message says no more, since the place of a fault may tell of a record. Values that do not fit are no fault: \
     they follow the spec's public rule.",
    wrong: "patient.csv: a quote is opened and never closed", mended: "manikin validate data --spec fit.yaml   # for the custodian's eyes";

    NOT_LEARNED = "MK1508", "learning ended early",
    "A measurement was refused or failed. What was charged is spent, since noise may have been drawn.",
    wrong: "manikin fit data --spec fit.yaml --epsilon 0.000001 --delta 1e-9", mended: "manikin fit data --spec fit.yaml --epsilon 1 --delta 1e-9";

    NOT_A_MODEL = "MK1509", "a folder is not a learned model",
    "A model is the folder that `manikin fit` writes: model.yaml, potentials.parquet, measurements.parquet and \
     privacy.json.",
    wrong: "manikin model show data", mended: "manikin model show model";
}
