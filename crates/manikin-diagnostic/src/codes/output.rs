//! MK09xx: output.

codes! {
    FOLDER_NOT_EMPTY = "MK0901", "the output folder is not empty",
    "Files of another run are not overwritten unless asked to.",
    wrong: "manikin generate claims.yaml -o data", mended: "manikin generate claims.yaml -o data-2";

    CANNOT_WRITE = "MK0902", "a file cannot be written",
    "The system refused: the folder may be missing or read-only, or the disk full.",
    wrong: "manikin generate claims.yaml -o /read-only", mended: "manikin generate claims.yaml -o data";

    UNKNOWN_FORMAT = "MK0903", "no such format",
    "The formats there are are listed in the message.",
    wrong: "manikin generate claims.yaml -o data --to cvs", mended: "manikin generate claims.yaml -o data --to csv";

    BAD_FILE_NAME = "MK0904", "a file name does not fit its format",
    "Formats that write one file of all entities take a plain file name after a colon; other formats take none. No two \
     formats may write the same file.",
    wrong: "--to sqlite:../claims.sqlite", mended: "--to sqlite:claims.sqlite";

    VALUE_NOT_WRITABLE = "MK0905", "files cannot hold a type or a value",
    "Files hold finite numbers, dates of years 1 to 9999, and lists of text.",
    wrong: "derive: \"date(20000, 1, 1)\"", mended: "derive: \"date(2000, 1, 1)\"";

    ENCODING_REFUSED = "MK0906", "rows were refused while being written or read",
    "The library that writes a format, or the database, refused the rows; its answer is in the message. A database \
     with declared keys refuses rows that break them.",
    wrong: "duplicated rows into a database with keys", mended: "the same rows into CSV, or a database without keys";

    INTERNAL_MISMATCH = "MK0907", "the program contradicts itself",
    "Blocks came out of order, or a table does not fit its schema. This is a defect of the program: please report it.",
    wrong: "block 3 after block 5", mended: "block 3, then block 5";

    BAD_TEXT_FILE = "MK0908", "a data file is not well-formed",
    "Text files are UTF-8, with a header that names each column once and as many fields in every row.",
    wrong: "claim_id,status\nc1", mended: "claim_id,status\nc1,Paid";

    BAD_MANIFEST = "MK0909", "a manifest cannot be read",
    "`manifest.json` is written by `manikin generate` and read by later steps; edited by hand it proves nothing.",
    wrong: "{\"manifest\": 99}", mended: "{\"manifest\": 1, …}, as generated";

    CANNOT_GENERATE = "MK0910", "the spec cannot be carried out",
    "The spec is well-formed, but its rows cannot be made: a quota or a count that the rows cannot meet, or a \
     parameter that is out of range in some row.",
    wrong: "unusual: {entity: claim, count: 50, where: \"billed > 1000000\"}", mended: "unusual: {entity: claim, count: 5}";

    BAD_OPTION = "MK0911", "an option does not fit the spec",
    "An entity that is not in the spec, a partition that does not exist, a mapping that is not known.",
    wrong: "manikin generate claims.yaml --only claims", mended: "manikin generate claims.yaml --only claim";

    NO_PROGRAM_OR_SERVER = "MK0912", "a program or a server that a format needs refuses",
    "`duckdb` files are made by the user's own `duckdb` program, and `postgres://` addresses need a server that lets the \
     user in and has no schema of that name yet. Both are tried before anything is generated.",
    wrong: "--to omop:duckdb, without the program", mended: "pip install duckdb-cli, then the same again";
}
