"""Check the library's code sets and figures against each other. Standard library only.

Run: python check_codes.py [LIBRARY_FOLDER]. Prints every problem and exits 1 when there is one.
"""
import csv
import pathlib
import re
import sys
from collections import Counter

LIB = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2]
problems = []


def wrong(where, what):
    problems.append(f"{where}: {what}")


def load(path):
    raw = (LIB / path).read_bytes()
    text = raw.decode("utf-8")
    if text.startswith("\ufeff") or "\r" in text or not text.endswith("\n"):
        wrong(path, "byte order mark, carriage return or missing last newline")
    rows = list(csv.reader(text.splitlines()))
    head = rows[0]
    for name in head:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            wrong(path, f"column {name!r} is not lower_snake_case")
    if len(set(head)) != len(head) or head[1] != "display":
        wrong(path, "columns repeat, or the second is not display")
    out = []
    for n, row in enumerate(rows[1:], 2):
        if len(row) != len(head):
            wrong(path, f"line {n} has {len(row)} fields, the header {len(head)}")
            continue
        for field in row:
            if field != field.strip() or "  " in field:
                wrong(path, f"line {n}: stray spaces in {field!r}")
        out.append(dict(zip(head, row)))
    keys = [r[head[0]] for r in out]
    for key, times in Counter(keys).items():
        if times > 1:
            wrong(path, f"key {key!r} repeats")
    if not all(keys):
        wrong(path, "an empty key")
    for r in out:
        if not r["display"]:
            wrong(path, f"{r[head[0]]}: no display")
    return out


FILES = sorted(str(p.relative_to(LIB)) for d in ("codes", "figures") for p in (LIB / d).glob("*.csv"))
T = {pathlib.Path(f).stem: load(f) for f in FILES}
NUMERIC = re.compile(r"-?\d+(\.\d+)?")


def number(table, row, column):
    text = row.get(column, "")
    if text == "":
        return None
    if not NUMERIC.fullmatch(text):
        wrong(table, f"{row.get('code') or row.get('key')}: {column} {text!r} is not a plain number")
        return None
    return float(text)


# Weights, shares and rates are numbers of zero or more; ages are whole and ordered; sexes are F, M or empty.
for table, rows in T.items():
    for r in rows:
        for c in r:
            if c.endswith("_source") or c == "source":
                continue
            if c.startswith("weight") or c in {"share", "rate", "factor", "prevalence", "qx", "uptake", "unit_cost",
                                                "allowed_amount", "population", "within_cv", "coinsurance"}:
                value = number(table, r, c)
                if value is not None and value < 0:
                    wrong(table, f"{r}: {c} below zero")
                if value is not None and c in {"prevalence", "qx", "uptake", "share", "coinsurance"} and value > 1:
                    wrong(table, f"{r}: {c} above one")
        for lo, hi in (("min_age", "max_age"), ("age_from", "age_to"), ("age_months_from", "age_months_to")):
            a, b = number(table, r, lo), number(table, r, hi)
            if a is not None and b is not None and a > b:
                wrong(table, f"{r}: {lo} above {hi}")
        if r.get("sex", "") not in {"", "F", "M"}:
            wrong(table, f"{r}: sex {r['sex']!r}")


# Every age from 0 to 120 exactly once per group.
def ages(table, group):
    spans = {}
    for r in T[table]:
        spans.setdefault(tuple(r[g] for g in group), []).append((int(r["age_from"]), int(r["age_to"])))
    for key, s in spans.items():
        at = 0
        for a, b in sorted(s):
            if a != at:
                wrong(table, f"{key}: ages {at} to {a}: gap or overlap")
            at = b + 1
        if at != 121:
            wrong(table, f"{key}: ages end at {at - 1}, not 120")
    return spans


def both_sexes(table, spans, at):
    for base in {k[:at] for k in spans}:
        sexes = {k[at] for k in spans if k[:at] == base}
        if sexes not in ({"F", "M"}, {""}):
            wrong(table, f"{base}: sexes {sexes}")


both_sexes("chronic-prevalence", ages("chronic-prevalence", ("condition", "sex")), 1)
both_sexes("lab-reference-ranges", ages("lab-reference-ranges", ("analyte", "sex")), 1)
both_sexes("mortality", ages("mortality", ("sex",)), 0)
both_sexes("age-distribution", ages("age-distribution", ("sex",)), 0)

# References.
icd = {r["code"]: r for r in T["icd-10-cm"]}
categories = {r["category"] for r in T["icd-10-cm"]}
conditions = {r["key"] for r in T["chronic-conditions"]}
analytes = {r["short"]: r for r in T["loinc-labs"]}
vitals = {r["short"]: r for r in T["loinc-vitals"]}
panels = {r["key"]: r for r in T["loinc-panels"]}
drugs = {r["code"] for r in T["rxnorm-drugs"]}
cvx = {r["code"] for r in T["cvx-vaccines"]}
cpt = {r["code"] for r in T["cpt-numbers"]}
classes = {r["code"] for r in T["encounter-class"]}


def refers(table, column, known, optional=False):
    for r in T[table]:
        v = r[column]
        if not (v in known or (optional and v == "")):
            wrong(table, f"{column} {v!r} is not known")


refers("chronic-conditions", "icd10", icd)
refers("chronic-prevalence", "condition", conditions)
refers("panel-items", "panel", panels)
refers("panel-items", "analyte", analytes)
refers("lab-reference-ranges", "analyte", analytes)
refers("lab-quantiles", "analyte", {**analytes, **vitals})
for c in ("a", "b"):
    refers("lab-correlations", c, {**analytes, **vitals})
refers("drug-indications", "rxcui", drugs)
refers("drug-indications", "indication", conditions | categories)
refers("vaccine-schedule", "cvx", cvx)
refers("cpt-numbers", "panel", panels, optional=True)
refers("reasons-by-class", "code", icd)
refers("reasons-by-class", "class", classes)
refers("place-of-service", "encounter_class", classes, optional=True)
for t in ("hcpcs-level-2", "icd-10-pcs", "cpt-numbers", "procedures"):
    refers(t, "setting", classes)
for t, system in (("hcpcs-level-2", "hcpcs"), ("icd-10-pcs", "icd10pcs"), ("cpt-numbers", "cpt")):
    listed = {r["code"] for r in T["procedures"] if r["system"] == system}
    if listed != {r["code"] for r in T[t]}:
        wrong("procedures", f"{system} codes differ from {t}")
for missing in conditions - {r["condition"] for r in T["chronic-prevalence"]}:
    wrong("chronic-prevalence", f"nothing for {missing}")
# A condition begins where its diagnosis may be coded, and nobody has it before: sexes and ages of all three agree.
for r in T["chronic-conditions"]:
    code, onset = icd[r["icd10"]], int(r["min_onset_age"] or 0)
    if onset < int(code["min_age"] or 0):
        wrong("chronic-conditions", f"{r['key']}: begins at {onset}, its diagnosis {r['icd10']} at {code['min_age']}")
    if int(code["max_age"] or 120) < 120:
        wrong("chronic-conditions", f"{r['key']}: lasts, its diagnosis {r['icd10']} ends at {code['max_age']}")
    if r["sex"] != code["sex"]:
        wrong("chronic-conditions", f"{r['key']}: sex {r['sex']!r}, its diagnosis {r['icd10']} {code['sex']!r}")
    for p in T["chronic-prevalence"]:
        if p["condition"] != r["key"] or float(p["prevalence"]) == 0:
            continue
        if int(p["age_from"]) < onset:
            wrong("chronic-prevalence", f"{p['code']}: present from {p['age_from']}, begins at {onset}")
        if r["sex"] not in ("", p["sex"]):
            wrong("chronic-prevalence", f"{p['code']}: {r['key']} is of sex {r['sex']}")
for r in T["drug-fills"]:
    if r["icd10"] and int(r["age_from"]) < int(icd[r["icd10"]]["min_age"] or 0):
        wrong("drug-fills", f"{r['code']}: given from {r['age_from']}, its diagnosis {r['icd10']} begins later")
for missing in set(analytes) - {r["analyte"] for r in T["lab-reference-ranges"]}:
    wrong("lab-reference-ranges", f"nothing for {missing}")
for missing in drugs - {r["rxcui"] for r in T["drug-indications"]}:
    wrong("drug-indications", f"nothing for {missing}")
for r in T["panel-items"]:
    if analytes[r["analyte"]]["code"] != r["loinc"]:
        wrong("panel-items", f"{r['code']}: LOINC differs from loinc-labs")
for p in set(panels) - {r["panel"] for r in T["panel-items"]}:
    wrong("panel-items", f"panel {p} is empty")

# Code formats.
FORMAT = {"icd-10-cm": r"[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?", "icd-10-pcs": r"[0-9A-HJ-NP-Z]{7}", "hcpcs-level-2": r"[A-V]\d{4}",
          "cpt-numbers": r"\d{5}", "rxnorm-drugs": r"\d{2,7}", "cvx-vaccines": r"\d{2,3}", "us-zip3": r"\d{3}",
          "us-states": r"[A-Z]{2}", "place-of-service": r"\d{2}", "provider-taxonomy": r"[0-9A-Z]{9}X"}
for t, pattern in FORMAT.items():
    for r in T[t]:
        if not re.fullmatch(pattern, r["code"]):
            wrong(t, f"{r['code']!r} does not look like a code of this system")


def loinc_ok(code):
    m = re.fullmatch(r"(\d{1,7})-(\d)", code)
    if not m:
        return False
    total = 0
    for i, d in enumerate(reversed(m[1])):
        v = int(d) * (2 if i % 2 == 0 else 1)
        total += v - 9 if v > 9 else v
    return (10 - total % 10) % 10 == int(m[2])


D = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 3, 4, 0, 6, 7, 8, 9, 5], [2, 3, 4, 0, 1, 7, 8, 9, 5, 6], [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
     [4, 0, 1, 2, 3, 9, 5, 6, 7, 8], [5, 9, 8, 7, 6, 0, 4, 3, 2, 1], [6, 5, 9, 8, 7, 1, 0, 4, 3, 2], [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
     [8, 7, 6, 5, 9, 3, 2, 1, 0, 4], [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]]
P = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 5, 7, 6, 2, 8, 3, 0, 9, 4], [5, 8, 0, 3, 7, 9, 6, 1, 4, 2], [8, 9, 1, 6, 0, 4, 3, 5, 2, 7],
     [9, 4, 5, 3, 1, 2, 6, 8, 7, 0], [4, 2, 8, 6, 5, 7, 3, 9, 0, 1], [2, 7, 9, 3, 8, 0, 6, 4, 1, 5], [7, 0, 4, 6, 9, 1, 3, 2, 5, 8]]


def snomed_ok(code):
    """The Verhoeff check digit of a SNOMED CT identifier."""
    c = 0
    for i, d in enumerate(reversed(code)):
        c = D[c][P[i % 8][int(d)]]
    return c == 0 and 6 <= len(code) <= 18


for t in ("loinc-labs", "loinc-panels", "loinc-vitals"):
    for r in T[t]:
        if not loinc_ok(r["code"]):
            wrong(t, f"{r['code']}: LOINC check digit")
snomed = [("chronic-conditions", r["snomed"]) for r in T["chronic-conditions"] if r["snomed"]]
snomed += [("allergens", r["code"]) for r in T["allergens"] if r["system"] == "http://snomed.info/sct"]
snomed += [("allergy-reactions", r["code"]) for r in T["allergy-reactions"]]
snomed += [("procedures", r["code"]) for r in T["procedures"] if r["system"] == "snomed"]
for t, code in snomed:
    if not snomed_ok(code):
        wrong(t, f"{code}: SNOMED CT check digit")

# UCUM: the atoms used here, with the metric prefixes used here.
ATOM = re.compile(r"(?:[mudcknpf])?(?:g|L|mol|m|s|U|Cel|\[iU\]|\[IU\])|%|1|/?min|h|mm\[Hg\]|\[pH\]|\[iU\]|m2|10\*\d+")


def ucum_ok(unit):
    bare = re.sub(r"\{[^{}\s]*\}", "", unit)
    if bare == "":
        return unit.startswith("{")
    parts = bare.split("/")
    if parts[0] == "":
        parts = parts[1:]
    return all(p == "" and "{" in unit or ATOM.fullmatch(p) for p in parts)


for t in ("loinc-labs", "loinc-vitals"):
    for r in T[t]:
        if r["unit"] and not ucum_ok(r["unit"]):
            wrong(t, f"{r['short']}: unit {r['unit']!r}")
        lo, hi = (("reportable_low", "reportable_high") if t == "loinc-labs" else ("physiological_low", "physiological_high"))
        a, b = number(t, r, lo), number(t, r, hi)
        if a is not None and b is not None and a >= b:
            wrong(t, f"{r['short']}: {lo} is not below {hi}")

# Numbers that must agree with each other.
for r in T["lab-quantiles"]:
    q = [number("lab-quantiles", r, c) for c in ("p025", "p25", "p50", "p75", "p975")]
    if q != sorted(q):
        wrong("lab-quantiles", f"{r['code']}: quantiles fall")
    limits = analytes.get(r["analyte"]) or vitals[r["analyte"]]
    low = float(limits.get("reportable_low") or limits.get("physiological_low"))
    high = float(limits.get("reportable_high") or limits.get("physiological_high"))
    if not (low <= q[1] and q[4] <= high):
        wrong("lab-quantiles", f"{r['code']}: outside the reportable range")
for r in T["lab-reference-ranges"]:
    order = [number("lab-reference-ranges", r, c) for c in ("critical_low", "low", "high", "critical_high")]
    have = [x for x in order if x is not None]
    if have != sorted(have):
        wrong("lab-reference-ranges", f"{r['code']}: limits out of order")
for r in T["rxnorm-drugs"]:
    dose, times, most = (number("rxnorm-drugs", r, c) for c in ("dose_value", "times_per_day", "max_daily_dose"))
    if dose * times > most * 1.001:
        wrong("rxnorm-drugs", f"{r['code']} {r['display']}: usual dose above the daily maximum")
    if r["ndc"] and not re.fullmatch(r"\d{11}", r["ndc"]):
        wrong("rxnorm-drugs", f"{r['code']}: NDC {r['ndc']!r}")
for r in T["icd-10-cm"]:
    chapter, sex, top = r["code"][0], r["sex"], r["max_age"]
    if chapter == "O" and not (sex == "F" and r["min_age"] and r["max_age"]):
        wrong("icd-10-cm", f"{r['code']}: pregnancy code without sex and age limits")
    if chapter == "P" and top != "0":
        wrong("icd-10-cm", f"{r['code']}: perinatal code beyond age 0")
    if r["acuity"] not in {"chronic", "acute", "preventive", "injury", "pregnancy", "perinatal", "symptom"}:
        wrong("icd-10-cm", f"{r['code']}: acuity {r['acuity']!r}")
    if r["position"] == "any" and not any(float(r[f"weight_{s}"]) > 0 for s in ("amb", "emer", "imp")):
        wrong("icd-10-cm", f"{r['code']}: in no setting")
for sex in ("F", "M"):
    for age in range(0, 121):
        for s in ("amb", "emer", "imp"):
            total = sum(float(r[f"weight_{s}"]) for r in T["icd-10-cm"] if r["sex"] in ("", sex)
                        and int(r["min_age"] or 0) <= age <= int(r["max_age"] or 120))
            if total <= 0:
                wrong("icd-10-cm", f"no reason for {sex} {age} in {s}")
for r in T["reasons-by-class"]:
    limits = icd[r["code"]]
    if (limits["sex"] not in ("", r["sex"]) or int(limits["min_age"] or 0) > int(r["age_from"])
            or int(limits["max_age"] or 120) < int(r["age_to"]) or limits["position"] != "any"):
        wrong("reasons-by-class", f"{r['key']}: outside the limits of {r['code']}")
cells = {}
for r in T["reasons-by-class"]:
    cells.setdefault((r["class"], r["sex"]), set()).add((int(r["age_from"]), int(r["age_to"])))
for key, spans in cells.items():
    if [a for a, _ in sorted(spans)] != [0] + [b + 1 for _, b in sorted(spans)][:-1] or max(spans)[1] != 120:
        wrong("reasons-by-class", f"{key}: age bands do not cover 0 to 120")
if abs(sum(float(r["share"]) for r in T["age-distribution"]) - 1) > 1e-4:
    wrong("age-distribution", "shares do not sum to one")
if abs(sum(float(r["weight_normalised"]) for r in T["denial-reasons"]) - 1) > 1e-4:
    wrong("denial-reasons", "normalised weights do not sum to one")
for t in ("ed-arrivals-hour-of-week", "clinic-hours"):
    if {(r["dow"], r["hour"]) for r in T[t]} != {(str(d), str(h)) for d in range(7) for h in range(24)}:
        wrong(t, "not 168 hours")
for r in T["us-zip3"]:
    if (int(r["population"]) > 20000) != (r["safe_harbor"] == "true"):
        wrong("us-zip3", f"{r['zip3']}: safe_harbor")
    if "/" not in r["timezone"]:
        wrong("us-zip3", f"{r['zip3']}: time zone {r['timezone']!r}")
    if r["state"] not in {s["state"] for s in T["us-states"]}:
        wrong("us-zip3", f"{r['zip3']}: state {r['state']!r}")

for p in problems:
    sys.stdout.write(p + "\n")
sys.stdout.write(f"{len(T)} files, {sum(map(len, T.values()))} rows, {len(problems)} problems\n")
sys.exit(1 if problems else 0)
