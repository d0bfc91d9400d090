//! MK00xx: files and YAML.

codes! {
    FILE_NOT_FOUND = "MK0001", "a file was not found",
    "A spec, a layer named in `use` or a table's file is neither beside the file that names it nor in the library.",
    wrong: "use: [library/us/claim]", mended: "use: [library/us/claims]";

    FILE_UNREADABLE = "MK0002", "a file cannot be read",
    "The file is there but the system refused to read it, most often because of its permissions, or because the \
     name is that of a folder.",
    wrong: "manikin check specs/", mended: "manikin check specs/claims.yaml";

    NOT_UTF8 = "MK0003", "a file is not UTF-8 text",
    "Specs and tables are read as UTF-8. The message says at which byte the first other sequence stands; files saved \
     as Latin-1 or UTF-16 must be converted first.",
    wrong: "iconv -t latin1 codes.csv", mended: "iconv -f latin1 -t utf-8 codes.csv > codes-utf8.csv";

    TOO_LARGE = "MK0004", "a file is too large",
    "A document may have 16 MiB and a table 256 MiB. Data does not belong into a spec; large code lists belong into \
     a table's CSV file.",
    wrong: "choice: {A00: 1, A01: 1, A02: 1}   # and two million more",
    mended: "pick: {from: diagnoses}   # tables: diagnoses: {file: diagnoses.csv}";

    NOT_YAML = "MK0005", "a file is not valid YAML",
    "The text cannot be read as YAML 1.2. Most often a quote or bracket is not closed, a colon lacks the space after \
     it, or lines are indented by tabs or unevenly.",
    wrong: "period: {from: 2025-01-01, to: 2025-12-31", mended: "period: {from: 2025-01-01, to: 2025-12-31}";

    TOO_DEEP = "MK0006", "a document is nested too deeply",
    "A document may be nested 64 levels deep; no spec needs more than a dozen.",
    wrong: "a: {a: {a: {a: 1}}}   # and so on, 65 levels", mended: "a: 1";

    TOO_MANY_NODES = "MK0007", "a document has too many values",
    "A document may hold 1,000,000 values, each use of an alias counted anew. Aliases of aliases can make a short \
     text grow without bound, which is refused here.",
    wrong: "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]   # and so on", mended: "a: [x, x]\nb: [x, x]";

    DUPLICATE_KEY = "MK0008", "a key is given twice in one map",
    "The second value would silently hide the first.",
    wrong: "patient: {count: 200, count: 300}", mended: "patient: {count: 300}";

    SEVERAL_DOCUMENTS = "MK0009", "a file holds several YAML documents",
    "One file is one document; `---` in the middle of a file starts a second one.",
    wrong: "manikin: 1\n---\nmanikin: 1", mended: "manikin: 1";

    EMPTY_DOCUMENT = "MK0010", "a file holds no document",
    "The file is empty, or holds comments only.",
    wrong: "# claims", mended: "# claims\nmanikin: 1\nproduct: claims";

    KEY_NOT_TEXT = "MK0011", "a key is not text",
    "Keys are names or codes, read as text however they are written; a list, a map or nothing cannot be a key.",
    wrong: "? [a, b]\n: 1", mended: "a: 1\nb: 1";

    BAD_MERGE_KEY = "MK0012", "a merge key has no map",
    "`<<` takes over the keys of a map, or of each map in a list, that an anchor names.",
    wrong: "base: &base 1\nclaim: {<<: *base}", mended: "base: &base {count: 1}\nclaim: {<<: *base}";

    UNKNOWN_TAG = "MK0013", "a YAML tag is not known",
    "Only the tags of YAML's core schema mean something here: `!!str`, `!!int`, `!!float`, `!!bool`, `!!null`, \
     `!!map` and `!!seq`, on values they fit.",
    wrong: "count: !many 12", mended: "count: 12";

    RAGGED_ROW = "MK0014", "a row of a table has too many or too few columns",
    "Every row of a CSV table, or of a table's inline rows, has one value for each column. A value that holds a comma \
     needs double quotes around it.",
    wrong: "code,title\nE11,Diabetes mellitus, type 2", mended: "code,title\nE11,\"Diabetes mellitus, type 2\"";

    DUPLICATE_COLUMN = "MK0015", "a table has two columns of one name",
    "Columns are named in the first line of a CSV file, each name once and none empty.",
    wrong: "code,title,title\nE11,Diabetes,Diabetes mellitus", mended: "code,title,long_title\nE11,Diabetes,Diabetes mellitus";

    BAD_CELL = "MK0016", "a value does not fit its column's type",
    "A column that the document gives a type holds values of that type only; an empty cell is null.",
    wrong: "days   # declared as an integer\nthree", mended: "days\n3";

    NO_COLUMNS = "MK0017", "a table has no columns",
    "A CSV table names its columns in its first line; an inline table needs at least one row or column.",
    wrong: "tables: {codes: {rows: []}}", mended: "tables: {codes: {rows: [{code: E11}]}}";
}
