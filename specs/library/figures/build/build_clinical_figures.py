"""Writes the figures of the clinical layer that are computed from other tables or ASSUMED in one place.

../set-point-quantiles.csv  quantiles of a person's own mean: lab-quantiles narrowed by the within-subject variation
../visit-rates.csv          encounters a year by class, sex and age
../visit-totals.csv         encounters a year of all classes by sex and age, with the mean number of chronic conditions
../age-factors.csv          multiples of the adult level by age, for analytes and vital signs that children have otherwise
../growth.csv               share of adult height reached, and median BMI as a share of the adult's, by age in months
../panel-weights.csv        laboratory orders by situation

Run from this folder: python3 build_clinical_figures.py
"""

import csv
import math


def rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(path, header, out):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(out)


def set_points():
    """Cross-sectional spread = spread of set points + within-subject variation, on the logarithmic scale."""
    variation = {row["short"]: float(row["within_cv"]) for row in rows("../../codes/loinc-labs.csv") if row["within_cv"]}
    variation.update({"systolic": 0.07, "diastolic": 0.07, "heart_rate": 0.09})
    columns = ["p025", "p25", "p50", "p75", "p975"]
    out = []
    for row in rows("../lab-quantiles.csv"):
        points = [max(0.005, float(row[column])) for column in columns]  # above 0 for the logarithmic scale
        cv = variation.get(row["analyte"], 0.0)
        if points[0] > 0.005:
            spread = (math.log(points[4]) - math.log(points[0])) / 3.92
            keep = math.sqrt(max(0.3, 1 - cv * cv / (spread * spread))) if spread > 0 else 1.0
            points = [points[2] * math.exp(keep * math.log(point / points[2])) for point in points]
        # Reported values are rounded, so that neighbouring quantiles may coincide; a set point is continuous.
        for i in range(1, 5):
            points[i] = max(points[i], points[i - 1] * 1.001 + 1e-6)
        out.append([row["code"], row["display"], row["analyte"], row["sex"], row["diabetic"], *[f"{p:.5g}" for p in points],
                    "lab-quantiles narrowed by within-subject variation" if cv else row["source"]])
    write("../set-point-quantiles.csv", ["code", "display", "analyte", "sex", "diabetic", *columns, "source"], out)


def visit_rates():
    prevalence = {}
    for row in rows("../chronic-prevalence.csv"):
        prevalence.setdefault(row["sex"], []).append((int(row["age_from"]), int(row["age_to"]), float(row["prevalence"])))

    def expected(sex, age):
        return sum(share for key in (sex, "") for low, high, share in prevalence.get(key, []) if low <= age <= high)

    bands = [(0, 0), (1, 4), (5, 11), (12, 17), (18, 29), (30, 44), (45, 54), (55, 64), (65, 74), (75, 84), (85, 120)]
    # Office visits: NCHS DB 408 by broad age (all sexes), women higher: factor ASSUMED 1.22 / 0.78 from 18 to 44, 1.1 / 0.9 above.
    office = {0: 5.96, 1: 1.9, 5: 1.4, 12: 1.45, 18: 1.5, 30: 1.9, 45: 2.7, 55: 3.3, 65: 5.3, 75: 5.9, 85: 5.4}
    # ED: NCHS DB 503: under 1 0.99, 75+ 0.76, all 0.47; the ages between ASSUMED around that total.
    emergency = {0: 0.99, 1: 0.55, 5: 0.33, 12: 0.32, 18: 0.48, 30: 0.45, 45: 0.40, 55: 0.42, 65: 0.50, 75: 0.72, 85: 0.85}
    # Inpatient stays: HCUP SB79/SB180: 45-54 0.1017, 55-64 0.1459, 65-74 0.2534, all 0.1162; others ASSUMED. Deliveries and births are rows of their own (see patient_year), so women of 18-44 and infants stay without them.
    inpatient = {0: 0.09, 1: 0.03, 5: 0.02, 12: 0.025, 18: 0.09, 30: 0.09, 45: 0.095, 55: 0.135, 65: 0.235, 75: 0.36, 85: 0.46}
    out, totals = [], []
    for low, high in bands:
        middle = min((low + high) // 2, 90)
        for sex in ("F", "M"):
            woman = sex == "F"
            factor = (1.22 if woman else 0.78) if 18 <= low < 45 else (1.1 if woman else 0.9) if low >= 45 else 1.0
            stay = inpatient[low] * ((0.55 if woman else 0.45) if 18 <= low < 45 else 1.0)
            rates = {"AMB": office[low] * factor, "EMER": emergency[low] * (1.06 if woman else 0.94), "IMP": stay,
                     "VR": 0.08 if low < 18 else 0.24, "HH": 0.45 if low >= 75 else 0.15 if low >= 65 else 0.01 if low >= 18 else 0.0}
            totals.append([f"{sex}.{low}", f"{sex} {low}-{high}", sex, low, high, f"{sum(rates.values()):.4f}", f"{expected(sex, middle):.3f}",
                           "sums of visit-rates and of chronic-prevalence"])
            for name, rate in rates.items():
                if rate > 0:
                    source = {"AMB": "NCHS DB 408 (2018); sex factor ASSUMED", "EMER": "NCHS Data Brief 503 (2022); middle ages ASSUMED",
                              "IMP": "HCUP SB79, SB180; young and old ASSUMED"}.get(name, "ASSUMED")
                    out.append([f"{name}.{sex}.{low}", f"{name}, {sex} {low}-{high}", name, sex, low, high, f"{rate:.4f}", source])
    write("../visit-rates.csv", ["code", "display", "class", "sex", "age_from", "age_to", "rate", "source"], out)
    write("../visit-totals.csv", ["code", "display", "sex", "age_from", "age_to", "rate", "expected_conditions", "source"], totals)


def age_factors():
    source = "ASSUMED: ratio of usual pediatric to adult levels, rounded"
    bands = [(0, 0), (1, 1), (2, 4), (5, 7), (8, 11), (12, 14), (15, 17), (18, 120)]
    factors = {
        "creatinine": [0.33, 0.36, 0.43, 0.52, 0.62, 0.74, 0.90, 1],
        "alp": [3.0, 2.8, 2.6, 2.8, 3.1, 3.0, 1.6, 1],
        "hemoglobin": [0.85, 0.85, 0.88, 0.91, 0.93, 0.95, 0.98, 1],
        "wbc": [1.45, 1.4, 1.25, 1.15, 1.05, 1.0, 1.0, 1],
        "lipids": [0.75, 0.80, 0.83, 0.85, 0.85, 0.83, 0.84, 1],
        "systolic": [0.70, 0.73, 0.75, 0.78, 0.82, 0.87, 0.91, 1],
        "diastolic": [0.62, 0.68, 0.74, 0.80, 0.84, 0.86, 0.89, 1],
        "heart_rate": [1.75, 1.55, 1.40, 1.25, 1.15, 1.08, 1.03, 1],
        "respiratory_rate": [2.2, 1.75, 1.5, 1.3, 1.2, 1.1, 1.05, 1],
    }
    out = [[f"{low}", f"{low}-{high} years", low, high, *[factors[name][i] for name in factors], source] for i, (low, high) in enumerate(bands)]
    write("../age-factors.csv", ["code", "display", "age_from", "age_to", *factors, "source"], out)


def growth():
    """Medians near the CDC 2000 growth charts: height in cm and BMI by age in months; between them by straight lines."""
    source = "ASSUMED: rounded from memory of the CDC 2000 growth chart medians"
    knots = {"F": [(0, 49.5, 13.4), (2, 57, 15.8), (4, 62, 16.7), (6, 65.5, 17.0), (9, 70, 16.9), (12, 74, 16.7), (18, 80.5, 16.3), (24, 86, 16.3),
                   (36, 94.5, 15.7), (48, 101.5, 15.3), (60, 108, 15.2), (72, 115, 15.2), (84, 121.5, 15.4), (96, 127.5, 15.9), (108, 133, 16.4),
                   (120, 138, 16.9), (132, 144.5, 17.5), (144, 151.5, 18.1), (156, 157.5, 18.7), (168, 160.5, 19.4), (180, 162, 19.9),
                   (192, 162.7, 20.5), (204, 163, 20.9), (216, 163.2, 21.3), (228, 163.3, 21.6), (240, 163.3, 22.0)],
             "M": [(0, 50, 13.5), (2, 58.5, 16.3), (4, 64, 17.2), (6, 67.5, 17.4), (9, 72, 17.1), (12, 76, 16.9), (18, 82.5, 16.5), (24, 87.5, 16.5),
                   (36, 95.5, 16.0), (48, 102.5, 15.6), (60, 109, 15.4), (72, 115.5, 15.4), (84, 122, 15.5), (96, 128, 15.8), (108, 133.5, 16.2),
                   (120, 138.5, 16.6), (132, 143.5, 17.2), (144, 149, 17.8), (156, 156, 18.5), (168, 164, 19.2), (180, 170, 19.9),
                   (192, 173.5, 20.6), (204, 175.2, 21.2), (216, 176, 21.9), (228, 176.6, 22.5), (240, 176.8, 23.0)]}
    edges = [*range(0, 24, 2), *range(24, 240, 4)]
    out = []
    for sex, points in knots.items():
        for i, low in enumerate(edges):
            high = (edges[i + 1] if i + 1 < len(edges) else 240) - 1
            middle = (low + high + 1) / 2
            (m0, h0, b0), (m1, h1, b1) = next((a, b) for a, b in zip(points, points[1:]) if a[0] <= middle <= b[0])
            part = (middle - m0) / (m1 - m0)
            height, bmi = h0 + part * (h1 - h0), b0 + part * (b1 - b0)
            out.append([f"{sex}.{low}", f"{sex} {low}-{high} months", sex, low, high, f"{height / points[-1][1]:.4f}", f"{bmi / 28.0:.4f}", source])
        out.append([f"{sex}.240", f"{sex} 20 years and over", sex, 240, 1500, 1, 1, "adult"])
    write("../growth.csv", ["code", "display", "sex", "months_from", "months_to", "height_share", "bmi_share", "source"], out)


def panel_weights():
    groups = {
        "usual": {"pt_inr": 0.3, "aptt": 0.05, "ldh": 0.05, "ck": 0.1, "magnesium": 0.3, "phosphate": 0.1, "free_t4": 0.5, "uric_acid": 0.2, "crp": 0.4},
        "acute_visit": {"cbc_differential": 12, "bmp": 8, "cmp": 4, "urinalysis": 8, "crp": 3, "tsh": 2, "hepatic": 1},
        "lipids": {"lipid": 40, "cmp": 12, "hepatic": 6, "hba1c": 6},
        "thyroid": {"tsh": 40, "free_t4": 18, "lipid": 4},
        "kidney": {"bmp": 24, "cbc": 10, "urine_albumin_creatinine": 16, "phosphate": 6, "urinalysis": 6, "vitamin_d": 4},
        "anemia": {"cbc_differential": 24, "ferritin": 14, "iron": 12, "vitamin_b12": 6},
        "heart": {"bmp": 20, "lipid": 12, "cbc": 8, "pt_inr": 6, "nt_probnp": 5, "magnesium": 4},
        "gout": {"uric_acid": 30, "bmp": 12},
        "diabetic": {"hba1c": 45, "urine_albumin_creatinine": 14, "lipid": 18, "cmp": 24, "bmp": 12},
        "emergency": {"cmp": 22, "bmp": 22, "cbc_differential": 34, "cbc": 8, "troponin_i_hs": 14, "lactate": 7, "urinalysis": 14, "d_dimer": 3,
                      "lipase": 5, "pt_inr": 5, "nt_probnp": 4, "magnesium": 4, "arterial_blood_gas": 2},
        "inpatient": {"bmp": 30, "cbc": 24, "cbc_differential": 16, "cmp": 14, "magnesium": 12, "phosphate": 8, "pt_inr": 6, "hepatic": 4,
                      "lactate": 4, "crp": 4, "procalcitonin": 3, "arterial_blood_gas": 3, "troponin_i_hs": 3, "nt_probnp": 3, "urinalysis": 5,
                      "aptt": 2, "hba1c": 1, "tsh": 1, "lipid": 0.8, "lipase": 0.8, "ferritin": 0.5, "iron": 0.5, "vitamin_b12": 0.5, "ck": 0.5, "ldh": 0.3},
        "maternity": {"cbc": 14, "cbc_differential": 6, "urinalysis": 16, "tsh": 2, "ferritin": 3, "cmp": 3, "hba1c": 2},
        "child": {"cbc_differential": 10, "cbc": 10, "urinalysis": 8, "ferritin": 3, "bmp": 4, "tsh": 2, "crp": 3, "vitamin_d": 2, "cmp": 4},
    }
    rare_outside = {"troponin_i_hs", "lactate", "d_dimer", "procalcitonin", "arterial_blood_gas", "lipase", "nt_probnp"}
    out = []
    for group, weights in groups.items():
        for row in rows("../../codes/loinc-panels.csv"):
            usual = 0.0 if row["key"] in rare_outside else float(row["weight"])
            weight = weights.get(row["key"], usual if group in ("usual", "diabetic") else 0.0)
            if weight > 0:
                out.append([f"{group}.{row['key']}", f"{row['display']}, {group}", group, row["key"], weight, row["sex"], row["min_age"] or 0, 120,
                            row["weight_source"] if group == "usual" else "ASSUMED: what such visits order"])
    write("../panel-weights.csv", ["code", "display", "group", "panel", "weight", "sex", "min_age", "max_age", "source"], out)


set_points()
visit_rates()
age_factors()
growth()
panel_weights()
