//! MK09xx: output.

codes! {
    FOLDER_NOT_EMPTY = "MK0901", "the output folder is not empty",
    "Files of another run are not overwritten unless asked to.",
    wrong: "manikin generate claims.yaml --out data", mended: "manikin generate claims.yaml --out data-2";

    CANNOT_WRITE = "MK0902", "a file cannot be written",
    "The system refused: the folder may be missing or read-only, or the disk full.",
    wrong: "manikin generate claims.yaml --out /read-only", mended: "manikin generate claims.yaml --out data";

    UNKNOWN_FORMAT = "MK0903", "no such format",
    "The formats there are are listed in the message.",
    wrong: "manikin generate claims.yaml --format cvs", mended: "manikin generate claims.yaml --format csv";
}
