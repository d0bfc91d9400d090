"""OHDSI's DataQualityDashboard on DuckDB: every check of CDM 5.4, rendered and translated by duckcdm.

Which checks there are, their SQL and their thresholds are OHDSI's; this says what the R package does with them: a check
fails when more rows violate it than its threshold allows, and it does not apply to a table without rows or where its
denominator is empty.
"""

import hashlib
import pickle
from dataclasses import dataclass
from pathlib import Path

from duckcdm.sqlrender import render, translate

FOLDER = "DataQualityDashboard/inst"
LEVELS = {"TABLE": "Table", "FIELD": "Field", "CONCEPT": "Concept"}
# Tables that the R package leaves out unless told otherwise; PostgreSQL's constraints see to them.
EXCLUDED = {"CONCEPT", "VOCABULARY", "CONCEPT_ANCESTOR", "CONCEPT_RELATIONSHIP", "CONCEPT_CLASS", "CONCEPT_SYNONYM",
            "RELATIONSHIP", "DOMAIN"}
# Checks of the shape itself, which hold for empty tables too.
ALWAYS = {"cdmTable", "cdmField"}


@dataclass
class Outcome:
    """What one check found."""

    id: str
    violated: int = 0
    rows: int = 0
    threshold: float = 0.0
    applies: bool = True
    error: str = ""

    @property
    def share(self):
        return self.violated / max(self.rows, 1)

    @property
    def failed(self):
        if not self.applies or self.error:
            return False
        return self.violated > 0 if self.threshold == 0 else 100.0 * self.share > self.threshold

    def words(self):
        if self.error:
            return f"{self.id}: error: {self.error}"
        return f"{self.id}: {self.violated:,} of {self.rows:,} rows, {self.threshold:g} % allowed"


def applies_to(description, row):
    """Whether the filter of a check's description, such as `isForeignKey=='Yes' & fkDomain!= ''`, takes a row."""
    for part in description["evaluationFilter"].split("&"):
        negated = "!=" in part
        name, value = (side.strip().strip("'") for side in part.split("!=" if negated else "=="))
        if (row.get(name, "") == value) == negated:
            return False
    return True


def checks(ohdsi):
    """Every check: its id, its table, its name, its threshold and its SQL for DuckDB."""
    # Rendering them takes longer than running them; what they are rendered by is in the name.
    cache = Path(f"target/omop-venv/dashboard-{hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]}.pickle")
    if cache.exists():
        return pickle.loads(cache.read_bytes())
    made = []
    rows = {level: ohdsi.table(f"{FOLDER}/csv/OMOP_CDMv5.4_{name}_Level.csv") for level, name in LEVELS.items()}
    schemas = {name: "main" for name in ("schema", "cdmDatabaseSchema", "vocabDatabaseSchema", "cohortDatabaseSchema")}
    for description in ohdsi.table(f"{FOLDER}/csv/OMOP_CDMv5.4_Check_Descriptions.csv"):
        name = description["checkName"]
        template = ohdsi.text(f"{FOLDER}/sql/sql_server/{description['sqlFile']}")
        for row in rows[description["checkLevel"]]:
            if row["cdmTableName"] in EXCLUDED or not applies_to(description, row):
                continue
            table, field = row["cdmTableName"].lower(), row.get("cdmFieldName", "").lower()
            given = {key: value for key, value in row.items() if value and key.isidentifier()}
            if field == "offset":
                given["cdmFieldName"] = '"offset"'
            sql = translate(render(template, **(given | schemas | {"cohort": "FALSE", "runForCohort": "No"})), "duckdb")
            place = ".".join(filter(None, [table, field, row.get("conceptId", ""), row.get("unitConceptId", "")]))
            made.append((f"{name} {place}", table, name, float(row.get(f"{name}Threshold") or 0), sql))
    cache.parent.mkdir(parents=True, exist_ok=True)
    cache.write_bytes(pickle.dumps(made))
    return made


def run(connection, ohdsi, only=None):
    """The outcome of every check, or of those whose table is one of `only`."""
    sizes = {table: connection.execute(f"select count(*) from {table}").fetchone()[0] for table in ohdsi.tables()}
    outcomes = []
    for identifier, table, name, threshold, sql in checks(ohdsi):
        if only is not None and table not in only:
            continue
        outcome = Outcome(identifier, threshold=threshold)
        try:
            cursor = None
            for statement in filter(str.strip, sql.split(";")):
                cursor = connection.execute(statement)
            violated, _, rows = cursor.fetchone()[:3]
            outcome.violated, outcome.rows = int(violated or 0), int(rows or 0)
        except Exception as error:  # noqa: BLE001 - whatever a check's SQL dies of is its outcome
            outcome.error = str(error).splitlines()[0]
        # Eras are asked for where there are conditions, not where there are eras.
        filled = "condition_occurrence" if name == "measureConditionEraCompleteness" else table
        outcome.applies = name in ALWAYS or (sizes.get(filled, 0) > 0 and outcome.rows > 0)
        outcomes.append(outcome)
    return outcomes
