"""The CSV and the FHIR of one run say the same of the same patient, encounter, laboratory result and claim."""

import csv
import json
from collections import Counter
from decimal import Decimal


def disagreements(fhir, tables):
    """Differences between the two, told by the rows' own identifiers."""
    problems = []
    patients = {r["id"]: identifier(r) for r in resources(fhir, "Patient")}
    encounters = {r["id"]: identifier(r) for r in resources(fhir, "Encounter")}

    compare(problems, "patient", (
        (p["patient_id"], p["birth_date"], {"F": "female", "M": "male"}.get(p["birth_sex"]), p["death_date"], p["family_name"])
        for p in rows(tables, "patient")
    ), (
        (identifier(r), r.get("birthDate"), r.get("gender"), r.get("deceasedDateTime", ""), r["name"][0]["family"])
        for r in resources(fhir, "Patient")
    ))  # fmt: skip
    compare(problems, "encounter", (
        (e["encounter_id"], e["patient_id"], e["class"], time(e["started_at"]), time(e["ended_at"]))
        for e in rows(tables, "encounter")
    ), (
        (identifier(r), patients.get(target(r["subject"])), r["class"]["code"], time(r["period"]["start"]), time(r["period"]["end"]))
        for r in resources(fhir, "Encounter")
    ))  # fmt: skip
    compare(problems, "laboratory result", (
        (o["patient_id"], o["encounter_id"], o["code"], time(o["resulted_at"]), number(o["value"]), o["unit"] if o["value"] else "")
        for o in rows(tables, "lab_result")
    ), (
        (patients.get(target(r["subject"])), encounters.get(target(r["encounter"])), r["code"]["coding"][0]["code"], time(r["issued"]),
         number(r.get("valueQuantity", {}).get("value", "")), r.get("valueQuantity", {}).get("code", ""))
        for r in resources(fhir, "Observation") if any("observation-lab" in p for p in r["meta"]["profile"])
    ))  # fmt: skip
    compare(problems, "claim", (
        (c["claim_id"], c["patient_id"], c["service_date"], number(c["billed_amount"])) for c in rows(tables, "claim")
    ), (
        (identifier(r), patients.get(target(r["patient"])), r["billablePeriod"]["start"], number(r["total"]["value"]))
        for r in resources(fhir, "Claim")
    ))  # fmt: skip
    decided = [(c["claim_id"], c) for c in rows(tables, "claim") if c["status"] != "Pending"]
    decided += [(c["pharmacy_claim_id"], c) for c in rows(tables, "pharmacy_claim")]
    compare(problems, "explanation of benefit", (
        (key, c["patient_id"], *(number(c[f]) for f in ("billed_amount", "allowed_amount", "paid_amount"))) for key, c in decided
    ), (
        (identifier(r), patients.get(target(r["patient"])), *(total(r, code) for code in ("submitted", "eligible", "benefit")))
        for r in resources(fhir, "ExplanationOfBenefit")
    ))  # fmt: skip
    return problems


def compare(problems, what, expected, found):
    """Adds what one side has and the other lacks."""
    expected, found = Counter(expected), Counter(found)
    for title, rest in ((f"{what} in CSV, not in FHIR", expected - found), (f"{what} in FHIR, not in CSV", found - expected)):
        if rest:
            problems.append(f"{title}: {sum(rest.values())}, e.g. {next(iter(rest))}")
    if not expected:
        problems.append(f"{what}: the CSV has none")


def rows(folder, table):
    for path in sorted([*folder.glob(f"{table}.csv"), *folder.glob(f"{table}/*.csv")]):
        with open(path, newline="") as file:
            yield from csv.DictReader(file)


def resources(folder, kind):
    path = folder / f"{kind}.ndjson"
    with open(path) as lines:
        for line in lines:
            yield json.loads(line)


def identifier(resource):
    return resource["identifier"][0]["value"]


def target(reference):
    return reference["reference"].split("/")[1]


def time(text):
    """Local date and time without the offset, which a CSV does not hold."""
    return text[:19].replace(" ", "T")


def number(text):
    """A number as it stands, without trailing zeros; None where there is none."""
    return None if text in ("", None) else Decimal(str(text)).normalize()


def total(resource, code):
    for part in resource["total"]:
        if part["category"]["coding"][0]["code"] == code:
            return number(part["amount"]["value"])
    return None
