"""The code lists that Manikin ships, as sets of codes and as complete CodeSystems for HL7's validator."""

import csv
import json

# File in specs/library/codes, the column that names the system or the system itself, whether displays may be compared
# (of some systems, such as CPT, only numbers may be shipped).
LISTS = [
    ("icd-10-cm", "http://hl7.org/fhir/sid/icd-10-cm", True),
    ("loinc-labs", "http://loinc.org", True),
    ("loinc-panels", "http://loinc.org", True),
    ("loinc-vitals", "http://loinc.org", True),
    ("rxnorm-drugs", "http://www.nlm.nih.gov/research/umls/rxnorm", True),
    ("cvx-vaccines", "http://hl7.org/fhir/sid/cvx", True),
    ("icd-10-pcs", "http://www.cms.gov/Medicare/Coding/ICD10", True),
    ("hcpcs-level-2", "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets", True),
    ("cpt-numbers", "http://www.ama-assn.org/go/cpt", False),
    ("provider-taxonomy", "http://nucc.org/provider-taxonomy", True),
    ("allergens", "system", True),
    ("allergy-reactions", "http://snomed.info/sct", True),
    ("race", "system", True),
    ("ethnicity", "system", True),
]
# Columns of other lists that hold codes of another system.
COLUMNS = [
    ("icd-10-cm", "code", "http://hl7.org/fhir/sid/icd-10-cm"),
    ("chronic-conditions", "icd10", "http://hl7.org/fhir/sid/icd-10-cm"),
    ("chronic-conditions", "snomed", "http://snomed.info/sct"),
]


class Codes:
    """Every code that output may use, by system, with its display where there is one."""

    def __init__(self, library, mapping):
        self.systems = {}
        for name, system, displayed in LISTS:
            for row in rows(library / f"{name}.csv"):
                self.add(row.get(system, system), row["code"], row["display"] if displayed else None)
        for name, column, system in COLUMNS:
            for row in rows(library / f"{name}.csv"):
                if row.get(column):
                    self.add(system, row[column], None)
        # Tables of the mapping say their system in a column; a comment column says where each row is from.
        for path in sorted((mapping / "terminology").glob("*.csv")):
            for row in rows(path):
                if row.get("system") and row.get("code"):
                    self.add(row["system"], row["code"], row.get("display"))

    def add(self, system, code, display):
        known = self.systems.setdefault(system, {})
        if known.get(code) is None:
            known[code] = display

    def code_systems(self):
        """One complete CodeSystem per system: an unknown code is then an error to HL7's validator."""
        for system, codes in sorted(self.systems.items()):
            concepts = [{"code": code, **({"display": display} if display else {})} for code, display in sorted(codes.items())]
            yield {
                "resourceType": "CodeSystem",
                "url": system,
                "name": "Shipped",
                "status": "active",
                "content": "complete",
                "concept": concepts,
            }

    def write_definitions(self, path, extra):
        """Writes the CodeSystems and the definitions of `extra` (NDJSON) as NDJSON."""
        with open(path, "w") as out:
            for resource in self.code_systems():
                out.write(json.dumps(resource) + "\n")
            out.write(extra.read_text())


def rows(path):
    """Rows of a CSV file; lines that begin with # are comments."""
    with open(path, newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))
