"""Datasets with one defect each, made of a good one, and what must be found in each.

A harness that finds nothing proves nothing: each case names the constraint or the check of the dashboard that its defect
must set off.
"""

import csv
import shutil
from pathlib import Path


def every(column, value, share=1):
    """Puts a value, or what a function makes of the row, into a column of every `share`-th row."""

    def spoil(rows):
        for row in rows[::share]:
            row[column] = value(row) if callable(value) else value
        return rows

    return spoil


def first(column, value):
    def spoil(rows):
        rows[0][column] = value
        return rows

    return spoil


def earlier(date):
    return f"{int(date[:4]) - 3}{date[4:]}"


# Name, table, defect, and how a finding begins that must be there.
CASES = [
    ("orphan visit", "visit_occurrence", first("person_id", "2147483000"), "fpk_visit_occurrence_person_id"),
    ("duplicate person", "person", lambda rows: [*rows, dict(rows[0])], "xpk_person"),
    ("concept without a row", "concept", lambda rows: [row for row in rows if row["concept_id"] != "8532"],
     "fpk_person_gender_concept_id"),
    ("value that is no number", "measurement", first("value_as_number", "high"), "load measurement"),
    ("required value missing", "person", first("year_of_birth", ""), "load person"),
    ("text longer than the column", "location", first("state", "Washington"), "load location"),
    ("unknown column", "death", lambda rows: [row | {"cause": ""} for row in rows], "load death"),
    ("cost of an unknown domain", "cost", first("cost_domain_id", "Cost of living"), "fpk_cost_cost_domain_id"),
    ("visits that end before they start", "visit_occurrence",
     every("visit_end_date", lambda row: earlier(row["visit_start_date"])), "plausibleStartBeforeEnd visit_occurrence"),
    ("drugs before birth", "drug_exposure", every("drug_exposure_start_date", "1890-01-01"),
     "plausibleAfterBirth drug_exposure.drug_exposure_start_date"),
    ("measurements long after death", "measurement", every("measurement_date", "2090-01-01"),
     "plausibleBeforeDeath measurement.measurement_date"),
    ("gender that is a visit", "person", every("gender_concept_id", "9201"), "fkDomain person.gender_concept_id"),
    ("conditions that are classes", "concept", every("standard_concept", "C"),
     "isStandardValidConcept condition_occurrence.condition_concept_id"),
    ("nothing mapped", "measurement", every("measurement_concept_id", "0"),
     "standardConceptRecordCompleteness measurement.measurement_concept_id"),
    ("eras left out", "condition_era", lambda rows: [], "measureConditionEraCompleteness condition_era"),
    ("people without a period", "observation_period", lambda rows: rows[::2],
     "measurePersonCompleteness observation_period"),
    ("births to come", "person", every("year_of_birth", "2999"), "plausibleValueHigh person.year_of_birth"),
    ("haemoglobin in milligrams", "measurement",
     every("unit_concept_id", lambda row: "8576" if row["measurement_concept_id"] == "3000963" else row["unit_concept_id"]),
     "plausibleUnitConceptIds measurement.measurement_concept_id.3000963"),
    ("eras of drugs instead of ingredients", "drug_era", every("drug_concept_id", "19080128"),
     "fkClass drug_era.drug_concept_id"),
]


def make(good, table, spoil, folder):
    """Copies a dataset with one table spoilt."""
    folder = Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(good, folder, copy_function=lambda source, target: Path(target).hardlink_to(source))
    path = folder / f"{table}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        columns, rows = list(reader.fieldnames), list(reader)
    path.unlink()
    rows = spoil(rows)
    columns += [name for name in (rows[0] if rows else {}) if name not in columns]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return folder
