//! MK12xx: datasets made elsewhere, turned into a spec's entities.

codes! {
    BAD_IMPORT = "MK1201", "an import mapping does not fit the dataset's form or the spec",
    "`sources` names what is read, `entities` which fields of the spec are made of it. Columns with paths are for FHIR; \
     tables have the columns that they have.",
    wrong: "entities: {pateint: {from: patient, fields: {patient_id: id}}}",
    mended: "entities: {patient: {from: patient, fields: {patient_id: id}}}";

    BAD_PATH = "MK1202", "a path into a resource cannot be read",
    "Elements are joined by dots; `[0]` takes an item of a list, `[system=http://loinc.org]` the first item that has \
     this value.",
    wrong: "code: code.coding[http://loinc.org].code",
    mended: "code: code.coding[system=http://loinc.org].code";

    BROKEN_LINE = "MK1203", "a line is no JSON object",
    "Each line of an NDJSON file holds one whole resource. A file that was cut off in the middle ends in half a line.",
    wrong: "{\"resourceType\": \"Patient\", \"id\": \"1",
    mended: "{\"resourceType\": \"Patient\", \"id\": \"1\"}";

    REPEATED_ID = "MK1204", "an id occurs twice",
    "Rows of other tables refer to a row by its id, so each id is there once.",
    wrong: "Id\np1\np1", mended: "Id\np1\np2";

    SOURCE_MISSING = "MK1205", "the dataset lacks a table or resource type",
    "The mapping says that nothing can be made without it.",
    wrong: "person.csv is not in the folder", mended: "person.csv is in the folder";

    WRONG_VERSION = "MK1206", "the dataset is of another version",
    "The mapping reads the versions that it names. Another version may name its columns differently.",
    wrong: "cdm_version\n5.3", mended: "cdm_version\n5.4";
}
