"""Writes ../drug-fills.csv: what is dispensed to whom, by sex and age.

The weight of a drug for an indication is the share of the drug among those that treat the indication, times how common
the indication is at that sex and age, times the share of those who have it that take a drug for it (ASSUMED below),
times the fills in a year that its days' supply means. Run from this folder: python3 build_drug_fills.py
"""

import csv

BANDS = [(0, 1), (2, 5), (6, 11), (12, 17), (18, 29), (30, 39), (40, 49), (50, 59), (60, 69), (70, 79), (80, 120)]
# ASSUMED: share of those with the condition who fill a drug for it; 51.2 % of hypertension is treated (NHANES 2021-2023).
TREATED = {"hypertension": 0.51, "type_2_diabetes": 0.85, "type_1_diabetes": 1.0, "hyperlipidemia": 0.55, "ckd": 0.25, "depression": 0.5,
           "anxiety": 0.35, "obesity": 0.03, "tobacco_use": 0.05, "osteoarthritis": 0.3, "allergic_rhinitis": 0.25, "asthma": 0.6}
USUAL = 0.4
ACUTE_PER_WEIGHT = 0.012  # ASSUMED: yearly fills per person for one unit of the category's diagnosis weight


def rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def number(text, default):
    return float(text) if text else default


def main():
    drugs = {row["code"]: row for row in rows("../../codes/rxnorm-drugs.csv")}
    conditions = {row["key"]: row for row in rows("../../codes/chronic-conditions.csv")}
    diagnoses = {}
    for row in rows("../../codes/icd-10-cm.csv"):
        diagnoses.setdefault(row["category"], []).append(row)
    prevalence = {}
    for row in rows("../chronic-prevalence.csv"):
        prevalence.setdefault((row["condition"], row["sex"]), []).append(
            (int(row["age_from"]), int(row["age_to"]), float(row["prevalence"])))
    indications = rows("../../codes/drug-indications.csv")
    totals = {}
    for row in indications:
        totals[row["indication"]] = totals.get(row["indication"], 0.0) + float(row["weight"])

    def prevalent(key, sex, age):
        found = prevalence.get((key, sex), []) + prevalence.get((key, ""), [])
        return next((share for low, high, share in found if low <= age <= high), 0.0)

    out = []
    for row in indications:
        drug = drugs[row["rxcui"]]
        share = float(row["weight"]) / totals[row["indication"]]
        fills = min(13.0, 365.0 / float(drug["days_supply"]))
        for sex in ("F", "M"):
            if drug["sex"] not in ("", sex):
                continue
            for low, high in BANDS:
                if row["indication_type"] == "condition":
                    low = max(low, int(number(conditions[row["indication"]]["min_onset_age"], 0)))
                    if low > high:
                        continue  # nobody has it at these ages
                middle = min((low + high) // 2, 90)
                if low >= 12 and drug["form"] in ("oral suspension", "nebulizer suspension") and drug["ingredient"] != "nystatin":
                    continue  # those of 12 and over swallow tablets
                if middle < number(drug["min_age"], 0) or low < number(drug["min_age"], 0) - 1:
                    continue
                if row["indication_type"] == "condition":
                    key = row["indication"]
                    weight = prevalent(key, sex, middle) * TREATED.get(key, USUAL) * share * fills
                    icd10 = conditions[key]["icd10"]
                else:
                    fitting = [d for d in diagnoses.get(row["indication"], []) if d["sex"] in ("", sex)
                               and number(d["min_age"], 0) <= low and high <= number(d["max_age"], 200)]
                    weight = sum(float(d["weight"]) for d in fitting) * ACUTE_PER_WEIGHT * share
                    icd10 = ""
                if weight > 0.00005:
                    out.append([f"{row['rxcui']}.{row['indication']}.{sex}.{low}", f"{row['display']}, {sex} {low}-{high}", row["rxcui"],
                                row["indication"], icd10, sex, low, high, f"{weight:.5f}"])
    with open("../drug-fills.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["code", "display", "rxcui", "indication", "icd10", "sex", "age_from", "age_to", "weight"])
        writer.writerows(out)


main()
