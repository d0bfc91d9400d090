#!/usr/bin/env python3
"""Joins the CSV, FHIR, OMOP and MEDS of one run in DuckDB.

    python3 tests/conformance/agreement/agree.py FOLDER

Each check is a query per form that gives the same columns; the rows of every form must be those of the CSV, each as
often. To show that the comparison bites, every check is made once more with one value changed, and must then fail.
"""

import sys
from pathlib import Path

import duckdb

ROOT = Path(sys.argv[1])
db = duckdb.connect()


def resources(kind):
    return f"read_json('{ROOT}/fhir/{kind}.ndjson', format='newline_delimited', columns={{doc: 'JSON'}}, records=false)"


def resource(name, kind, columns):
    """A table of FHIR resources: columns by JSON path."""
    listed = ", ".join(f"doc ->> '{path}' as {column}" for column, path in columns.items())
    db.execute(f"create table {name} as select {listed} from {resources(kind)}")


for path in sorted(ROOT.glob("*.csv")):
    db.execute(f"create table csv_{path.stem} as select * from read_csv('{path}', all_varchar = true)")
for path in sorted((ROOT / "omop").glob("*.csv")):
    db.execute(f"create table omop_{path.stem} as select * from read_csv('{path}', all_varchar = true)")
db.execute(f"create table meds as select * from '{ROOT}/meds/data/**/*.parquet'")

CODE = "$.code.coding[0].code"
resource("fhir_patient", "Patient", {"id": "$.id", "ids": "$.identifier", "sex": "$.gender", "born": "$.birthDate", "died": "$.deceasedDateTime"})
resource("fhir_encounter", "Encounter", {"id": "$.id", "key": "$.identifier[0].value", "patient": "$.subject.reference", "class": "$.class.code", "start": "$.period.start", "stop": "$.period.end"})
resource("fhir_condition", "Condition", {"patient": "$.subject.reference", "category": "$.category[0].coding[0].code", "code": "$.code.coding", "recorded": "$.recordedDate"})
resource("fhir_observation", "Observation", {"patient": "$.subject.reference", "category": "$.category[0].coding[0].code", "code": CODE, "effective": "$.effectiveDateTime", "issued": "$.issued", "value": "$.valueQuantity.value", "unit": "$.valueQuantity.code"})
resource("fhir_dispense", "MedicationDispense", {"patient": "$.subject.reference", "code": "$.medicationCodeableConcept.coding[0].code", "day": "$.whenHandedOver"})
resource("fhir_claim", "Claim", {"key": "$.identifier[0].value", "patient": "$.patient.reference", "day": "$.billablePeriod.start", "billed": "$.total.value"})
resource("fhir_eob", "ExplanationOfBenefit", {"key": "$.identifier[0].value", "kind": "$.type.coding[0].code", "totals": "$.total"})

# The patient's number of the CSV, by the id of each form.
db.execute("""
    create table fhir_people as
    select 'Patient/' || id as reference, list_filter(from_json(ids, '[{"system":"VARCHAR","value":"VARCHAR"}]'), lambda i: i.system like '%/patient')[1].value as patient_id, sex, born, died
    from fhir_patient
""")
db.execute("create table people as select person_id::bigint as person_id, person_source_value as patient_id from omop_person")

AMOUNT = "list_filter(from_json(totals, '[{{\"category\":{{\"coding\":[{{\"code\":\"VARCHAR\"}}]}},\"amount\":{{\"value\":\"DOUBLE\"}}}}]'), lambda t: t.category.coding[1].code = '{}')[1].amount.value"
WALL = "{}[1:19]"  # what the clock showed, without the offset

CHECKS = {
    "people: birth, sex, death": {
        "csv": "select patient_id, birth_date, birth_sex, nullif(death_date, '') from csv_patient",
        "fhir": "select patient_id, born, case sex when 'female' then 'F' when 'male' then 'M' end, died[1:10] from fhir_people",
        "omop": """select person_source_value, strftime(make_date(year_of_birth::int, month_of_birth::int, day_of_birth::int), '%Y-%m-%d'),
                   case gender_concept_id when '8532' then 'F' when '8507' then 'M' end, death_date
                   from omop_person left join omop_death using (person_id)""",
        "meds": """select patient_id, strftime(max(time) filter (where code = 'MEDS_BIRTH'), '%Y-%m-%d'),
                   max(substr(code, 6)) filter (where code like 'SEX//%'), strftime(max(time) filter (where code = 'MEDS_DEATH'), '%Y-%m-%d')
                   from meds join people on subject_id = person_id group by patient_id""",
    },
    "encounters: patient, class, start, end": {
        "csv": "select patient_id, class, started_at, ended_at from csv_encounter",
        "fhir": f"select patient_id, class, {WALL.format('start')}, {WALL.format('stop')} from fhir_encounter join fhir_people on patient = reference",
        "omop": """select patient_id, visit_source_value, visit_start_datetime, visit_end_datetime
                   from omop_visit_occurrence join people on people.person_id = omop_visit_occurrence.person_id::bigint""",
    },
    "encounters: patient, class, start": {
        "csv": "select patient_id, class, started_at from csv_encounter",
        "meds": """select patient_id, substr(code, 18), strftime(time, '%Y-%m-%dT%H:%M:%S') from meds join people on subject_id = person_id
                   where code like 'ENCOUNTER_START//%'""",
    },
    "laboratory results: patient, code, day, value": {
        "csv": "select patient_id, code, resulted_at[1:10], value::double from csv_lab_result where value is not null",
        "fhir": "select patient_id, code, issued[1:10], value::double from fhir_observation join fhir_people on patient = reference where category = 'laboratory' and value is not null",
        "omop": """select patient_id, measurement_source_value, measurement_date, value_as_number::double
                   from omop_measurement join people on people.person_id = omop_measurement.person_id::bigint
                   where value_as_number is not null and measurement_source_value in (select code from csv_lab_result)""",
        "meds": """select patient_id, substr(code, 8), strftime(time, '%Y-%m-%d'), numeric_value::double from meds join people on subject_id = person_id
                   where code like 'LOINC//%' and substr(code, 8) in (select code from csv_lab_result) and numeric_value is not null""",
    },
    "diagnoses: patient, code, day": {
        "csv": "select d.patient_id, code, started_at[1:10] from csv_diagnosis d join csv_encounter using (encounter_id) where code is not null",
        "fhir": """select patient_id, list_filter(from_json(code, '[{"system":"VARCHAR","code":"VARCHAR"}]'), lambda c: c.system like '%icd-10-cm')[1].code, recorded[1:10]
                   from fhir_condition join fhir_people on patient = reference where category = 'encounter-diagnosis'""",
        "meds": """select patient_id, substr(code, 10), strftime(time, '%Y-%m-%d') from meds join people on subject_id = person_id
                   where code like 'ICD10CM//%'""",
    },
    "dispensings: patient, drug, day": {
        "csv": "select patient_id, drug_code, dispensed_on from csv_medication_dispense",
        "fhir": "select patient_id, code, day[1:10] from fhir_dispense join fhir_people on patient = reference",
        "meds": """select patient_id, substr(code, 9), strftime(time, '%Y-%m-%d') from meds join people on subject_id = person_id
                   where code like 'RXNORM//%'""",
    },
    "claims: number, day, billed": {
        "csv": "select claim_id, service_date, billed_amount::double from csv_claim",
        "fhir": "select key, day, billed::double from fhir_claim",
    },
    "decided claims: number, billed, allowed, paid": {
        "csv": """select claim_id, billed_amount::double, allowed_amount::double, paid_amount::double from csv_claim where status <> 'Pending'
                  union all select pharmacy_claim_id, billed_amount::double, allowed_amount::double, paid_amount::double from csv_pharmacy_claim""",
        "fhir": f"select key, {AMOUNT.format('submitted')}, {AMOUNT.format('eligible')}, {AMOUNT.format('benefit')} from fhir_eob",
    },
    "decided claims: billed, allowed, paid": {
        "csv": """select billed_amount::double, allowed_amount::double, paid_amount::double from csv_claim where status <> 'Pending'
                  union all select billed_amount::double, allowed_amount::double, paid_amount::double from csv_pharmacy_claim""",
        "omop": "select total_charge::double, amount_allowed::double, paid_by_payer::double from omop_cost",
    },
}


def rounded(query):
    """The rows with numbers at the precision that 32-bit values keep."""
    names = [column[0] for column in db.execute(f"describe {query}").fetchall()]
    types = [column[1] for column in db.execute(f"describe {query}").fetchall()]
    listed = ", ".join(
        f"round(c{place}, 3) as c{place}" if kind == "DOUBLE" else f"c{place}::varchar as c{place}"
        for place, kind in enumerate(types)
    )
    aliases = ", ".join(f"c{place}" for place in range(len(names)))
    return f"select {listed} from ({query}) as t({aliases})"


def differences(left, right):
    only_left = db.execute(f"({left}) except all ({right}) limit 3").fetchall()
    only_right = db.execute(f"({right}) except all ({left}) limit 3").fetchall()
    return only_left, only_right


failed = made = 0
for name, forms in CHECKS.items():
    csv = rounded(forms["csv"])
    rows = db.execute(f"select count(*) from ({csv})").fetchone()[0]
    for form, query in forms.items():
        if form == "csv":
            continue
        made += 1
        only_csv, only_form = differences(csv, rounded(query))
        if only_csv or only_form or rows == 0:
            failed += 1
            print(f"DIFFERS {name}: {rows} rows; only csv {only_csv}; only {form} {only_form}")
            continue
        # One row less must be noticed.
        spoilt = f"select * from ({rounded(query)}) limit {rows - 1}"
        if not differences(csv, spoilt)[0]:
            failed += 1
            print(f"DOES NOT BITE {name} in {form}")
            continue
        print(f"agrees  {form:5} {rows:8,} rows  {name}")
print(f"{made - failed} passed, {failed} failed")
sys.exit(failed > 0)
