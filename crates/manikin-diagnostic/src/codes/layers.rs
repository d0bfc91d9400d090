//! MK05xx: layers.

codes! {
    LOCKED = "MK0501", "a locked value is overridden",
    "What a governing spec marks `locked: true`, or lists in `locked: [keys]`, stays as it is in every document that \
     uses it. Ask its steward, or leave the override out.",
    wrong: "use: [governed]   # which locks entities.patient.fields.ssn\nentities: {patient: {fields: {ssn: {id: sequence}}}}",
    mended: "use: [governed]";

    UNKNOWN_LAYER = "MK0502", "a layer is not found",
    "A name in `use` is a file beside the document that names it or one of the library, with or without `.yaml`.",
    wrong: "use: [library/us/claim]", mended: "use: [library/us/claims]";

    USE_CYCLE = "MK0503", "layers use each other in a circle",
    "A layer is read before the document that uses it, so none may use itself, not even by way of others.",
    wrong: "# a.yaml\nuse: [b]\n# b.yaml\nuse: [a]", mended: "# a.yaml\nuse: [b]\n# b.yaml\nuse: []";

    NOTHING_REMOVED = "MK0504", "null removes nothing",
    "`null` takes away what a lower layer gives; no lower layer gives this key, so the name may be misspelt.",
    wrong: "entities: {clam: null}", mended: "entities: {claim: null}";

    BAD_USE = "MK0505", "`use` is not a list of names",
    "`use` lists the layers that the document builds on, lowest first.",
    wrong: "use: {library: us}", mended: "use: [library/us/claims]";

    TOO_MANY_LAYERS = "MK0506", "a document uses too many layers",
    "A document may be made of 256 files in all.",
    wrong: "use: [a1, a2, a3]   # and 300 more", mended: "use: [all]";

    BAD_LOCK = "MK0507", "`locked` is neither true, false nor a list of keys",
    "`locked: true` locks the whole map that it stands in, `locked: [a, b]` only these keys.",
    wrong: "locked: ssn", mended: "locked: [ssn]";
}
