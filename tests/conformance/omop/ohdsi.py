"""OHDSI's own files: the definition of CDM 5.4 and the checks of the DataQualityDashboard.

They are read out of the wheel of rabbit-in-a-blender, where they lie as OHDSI published them (Apache License 2.0). None
of the wheel's own code is used.
"""

import csv
import glob
import io
import zipfile


class Ohdsi:
    def __init__(self, folder):
        self.wheel = zipfile.ZipFile(glob.glob(f"{folder}/rabbit_in_a_blender-*.whl")[0])
        self.fields = self.table("CommonDataModel/inst/csv/OMOP_CDMv5.4_Field_Level.csv")

    def text(self, path):
        return self.wheel.read(f"riab/libs/{path}").decode("utf-8-sig")

    def table(self, path):
        return [
            {name: "" if value == "NA" else value for name, value in row.items()}
            for row in csv.DictReader(io.StringIO(self.text(path)))
        ]

    def tables(self):
        """The columns of every table: name, type, whether required."""
        tables = {}
        for field in self.fields:
            name = field["cdmTableName"].lower()
            column = field["cdmFieldName"].strip('"').lower()
            tables.setdefault(name, []).append((column, field["cdmDatatype"].lower(), field["isRequired"] == "Yes"))
        return tables

    def create(self, dialect):
        """The statements that make the tables, as OHDSI's R package writes them of the same file for PostgreSQL."""
        for name, columns in self.tables().items():
            shapes = []
            for column, kind, required in columns:
                kind = {"datetime": "timestamp", "float": "numeric", "varchar(max)": "text"}.get(kind, kind)
                if dialect == "duckdb" and kind == "numeric":
                    kind = "double"
                shapes.append(f'"{column}" {kind} {"not null" if required else "null"}')
            yield f"create table {name} ({', '.join(shapes)})"

    def primary_keys(self):
        for field in self.fields:
            if field["isPrimaryKey"] == "Yes":
                table, column = field["cdmTableName"].lower(), field["cdmFieldName"].lower()
                yield f"alter table {table} add constraint xpk_{table} primary key ({column})"

    def foreign_keys(self):
        for field in self.fields:
            if field["isForeignKey"] == "Yes":
                table, column = field["cdmTableName"].lower(), field["cdmFieldName"].lower()
                other, key = field["fkTableName"].lower(), field["fkFieldName"].lower()
                yield (f"alter table {table} add constraint fpk_{table}_{column} "
                       f"foreign key ({column}) references {other} ({key})")
