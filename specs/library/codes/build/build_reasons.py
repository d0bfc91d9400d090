"""Build figures/reasons-by-class.csv from icd-10-cm.csv: first-listed reasons by class, sex and age band.

A code's setting weight is multiplied by an age factor (ASSUMED, below) because a diagnosis such as
sepsis is far commoner at 75 than at 5, which limits of age alone do not say. A code enters a band
only when its limits of age cover the whole band, so that matching by band never breaks them.
Birth stays (Z38.-) are left out: they belong to the event of birth, once per person.
Codes below 0.1 % of their cell are dropped.

Hypertension and chronic kidney disease are coded by one code, or by several that a random draw does not get right, and
lipids by the most specific one. The columns hypertension and lipids name those codes: who draws several codes draws
one of each first, by weight, and then matches it with weight_alone, in which each weighs what all do together. Run: python build_reasons.py
"""
import csv
import pathlib
import re

LIB = pathlib.Path(__file__).resolve().parents[2]
BANDS = [(0, 0), (1, 4), (5, 11), (12, 17), (18, 34), (35, 44), (45, 54), (55, 64), (65, 74), (75, 120)]
COLUMN = [0, 1, 2, 2, 3, 3, 4, 4, 5, 5]  # which of the six factors a band takes
# pattern: factors for ages 0, 1-4, 5-17, 18-44, 45-64, 65+, or one for each band; the first match wins.
FACTORS = [
    (r"A41", (.15, .03, .03, .3, .9, 1.9)),
    (r"J18|J15", (.8, 1, .5, .4, .9, 1.9)),
    (r"J96|J69|J81|J90|G93|N17|E87|I95|T8[1-4]|D62", (.1, .05, .05, .3, 1, 1.9)),
    (r"A04\.72", (0, .2, .2, .5, 1, 1.8)),
    (r"I10", (0, 0, 0, 0, .25, .8, 1.1, 1.3, 1.5, 1.4)),
    (r"I", (0, 0, .05, .05, .1, .4, .8, 1.2, 1.8, 2.4)),
    (r"E11", (0, 0, .02, .02, .2, .7, 1.1, 1.3, 1.5, 1.3)),
    (r"E78", (0, 0, 0, 0, .2, .7, 1.1, 1.3, 1.4, 1.2)),
    (r"E10", (.5, .5, 1.2, 1, 1, .6)),
    (r"E0", (.02, .05, .2, .7, 1.1, 1.3)),
    (r"E66", (0, .3, .8, 1.2, 1.2, .7)),
    (r"E55|E53|R73", (.1, .2, .3, .8, 1.2, 1.2)),
    (r"E86", (1.2, .8, .5, .5, .8, 1.8)),
    (r"J0[06]|J34|R05|R09", (3, 3, 1.8, .8, .5, .35)),
    (r"H6[56]|H92", (2.5, 3, 1.5, .35, .3, .25)),
    (r"J0[23]", (.5, 1.5, 2.2, 1, .4, .2)),
    (r"J[12]0|J11", (.8, 1.2, 1.3, .9, .8, .8)),
    (r"R50|B34|A0[89]|K52", (2.5, 2, 1.2, .9, .7, .7)),
    (r"R11", (2, 1.8, 1.2, 1, .7, .6)),
    (r"J45", (.3, 1.2, 1.6, 1, .9, .7)),
    (r"J4[34]", (0, 0, 0, .15, 1, 1.8)),
    (r"J3", (.3, .7, 1.1, 1.1, 1, .8)),
    (r"U07", (.5, .3, .3, .6, 1, 1.8)),
    (r"F1", (0, 0, .1, 1.4, 1.1, .3)),
    (r"F[234]", (0, .05, .8, 1.3, 1, .5)),
    (r"F84|F9", (.2, 1, 2, .6, .2, .05)),
    (r"F0|G30|G31|G20", (0, 0, 0, 0, 0, .02, .1, .4, 1.2, 3)),
    (r"G25", (0, 0, 0, .3, .6, 1.6)),
    (r"G43|G44", (0, .05, .7, 1.5, 1, .3)),
    (r"G45|G5|G62", (0, 0, .1, .5, 1.1, 1.6)),
    (r"M1[05-9]|M81|M85|M80|M48", (0, 0, 0, .2, 1.1, 1.7)),
    (r"M", (.02, .05, .3, .8, 1.3, 1.3)),
    (r"S72|S32|S42\.2|S22|S06\.5", (.02, .05, .1, .1, .1, .2, .4, .8, 1.4, 3)),
    (r"S", (.3, 1.1, 1.5, 1.1, .8, .8)),
    (r"R07", (0, .02, .3, .9, 1.2, 1.1)),
    (r"R55|R42", (.05, .1, .6, .9, 1, 1.4)),
    (r"R41|R26|R29|R53\.1|R13|R33|R31", (.05, .05, .1, .4, .9, 2.2)),
    (r"R10", (.2, .5, 1.1, 1.2, .9, .7)),
    (r"R5[16]", (.6, .8, .9, 1.2, .9, .7)),
    (r"N18", (.02, .02, .05, .3, 1, 1.9)),
    (r"N39\.0|N10", (.6, .5, .5, 1, .8, 1.6)),
    (r"N30", (.05, .2, .4, 1.2, 1, 1.1)),
    (r"N20|N23|N13", (.02, .02, .15, 1.1, 1.2, 1)),
    (r"L57|L82|C44|C43", (0, 0, 0, .15, .9, 2)),
    (r"C", (.1, .1, .1, .25, 1, 1.8)),
    (r"D57", (.5, 1, 1.3, 1.4, .6, .1)),
    (r"D[12]", (.1, .1, .2, .6, 1.1, 1.3)),
    (r"D", (.4, .5, .4, .8, 1, 1.5)),
    (r"H2|H35|H40|H90|H04", (.02, .05, .1, .2, .8, 2.2)),
    (r"H52", (.02, .2, 1.4, 1, 1.1, .8)),
    (r"K35", (0, .5, 2, 1.2, .7, .5)),
    (r"K8[0156]", (0, 0, .1, 1.1, 1.1, 1.1)),
    (r"K57|K56|K92|K63|K62", (.05, .05, .1, .4, 1.1, 1.8)),
    (r"K21", (.8, .2, .3, .8, 1.2, 1.3)),
    (r"K0", (.05, .6, .9, 1.5, .9, .5)),
    (r"K", (.4, .5, .6, 1, 1.1, 1.1)),
    (r"L20|L22|L01", (3, 2.5, 1.2, .6, .5, .5)),
    (r"L70", (0, 0, 2, 1.3, .3, .05)),
    (r"Z00\.0", (0, 0, 0, .8, 1.1, 1.2)),
    (r"Z00\.12", (6, 2.2, 1, 0, 0, 0)),
    (r"Z00\.11", (1, 0, 0, 0, 0, 0)),
    (r"Z23", (2, 1.5, 1.2, .7, .8, 1.3)),
    (r"Z51\.[015]1?$", (.1, .2, .2, .3, 1.1, 1.8)),
    (r"O|Z3[2-6]|Z39", (0, 0, 0, .08, 3.2, 1.3, .01, 0, 0, 0)),
    (r"Z30", (0, 0, .5, 1.3, .15, 0)),
]
# A code that presupposes a condition of chronic-conditions.csv: it is a reason for those who have it.
NEEDS = [
    (r"J44", "copd"), (r"J45", "asthma"), (r"E10", "type_1_diabetes"), (r"E11", "type_2_diabetes"), (r"R73\.03", "prediabetes"),
    (r"I11\.0|I13|I50", "heart_failure"), (r"I25", "coronary_artery_disease"), (r"I48", "atrial_fibrillation"),
    (r"I10|I11|I12|I16", "hypertension"), (r"F3[23]", "depression"), (r"F41", "anxiety"), (r"F90", "adhd"),
    (r"F10\.[12]", "alcohol_use_disorder"), (r"F17", "tobacco_use"), (r"G40", "epilepsy"), (r"G43", "migraine"), (r"F0[123]|G30", "dementia"),
    (r"M1[5-9]", "osteoarthritis"), (r"M0[56]", "rheumatoid_arthritis"), (r"M10", "gout"), (r"M8[01]", "osteoporosis"), (r"N18", "ckd"),
    (r"E66", "obesity"), (r"E0[23]", "hypothyroidism"), (r"E78", "hyperlipidemia"), (r"G47\.3", "sleep_apnea"), (r"K21", "gerd"),
    (r"N40", "benign_prostatic_hyperplasia"), (r"J30", "allergic_rhinitis"), (r"C50", "breast_cancer"), (r"C61", "prostate_cancer"),
    (r"C18|C19|C20", "colorectal_cancer"), (r"C34", "lung_cancer"),
]
# How urgent a reason is at the door (ASSUMED), and the factor on its weight among urgent (triage 1 and 2) and minor
# (4 and 5) arrivals; the rest is between.
GRAVE = r"A41|I2[16]|I6[013]|I46|I50|I11\.0|I13|I16\.[19]|J9[56]|J80|J69|K92\.[012]|K35|S72|S06\.[3-6]|E10\.1|E1[01]\.0|G93|N17|G45|R57|T40|T78\.2|O14|O00"
MINOR = r"J0[0126]|J30|H|B34|B0|L|S[0-9]0|S[5689]3|M|R21|R05|K0|Z|N76|J40|T14|W|R51|J11|J10"
URGENCY = {"grave": (10, 0), "usual": (1, 0.7), "minor": (0.05, 1.4)}

# Codes of which one stands on a claim (guidelines, sections I.B.2 and I.C.9.a).
ALONE = {"hypertension": r"I1[0-3]|N18", "lipids": r"E78"}


def urgency(code):
    return "grave" if re.match(GRAVE, code) else "minor" if re.match(MINOR, code) else "usual"


codes = [r for r in csv.DictReader((LIB / "codes/icd-10-cm.csv").open(encoding="utf-8"))
         if r["position"] == "any" and not r["code"].startswith("Z38")]


def factor(code, band):
    for pattern, values in FACTORS:
        if re.match(pattern, code):
            return values[band] if len(values) == len(BANDS) else values[COLUMN[band]]
    return 1


out = []
for cls, column in (("AMB", "weight_amb"), ("EMER", "weight_emer"), ("IMP", "weight_imp")):
    for sex in ("F", "M"):
        for b, (lo, hi) in enumerate(BANDS):
            cell = []
            for r in codes:
                if r["sex"] not in ("", sex) or int(r["min_age"] or 0) > lo or int(r["max_age"] or 120) < hi:
                    continue
                w = float(r[column]) * factor(r["code"], b)
                if w > 0:
                    cell.append((r, w))
            total = sum(w for _, w in cell)
            band = f"{lo}-{hi}" if hi < 120 else f"{lo}+"
            band = "0" if hi == 0 else band
            cell = [(r, w) for r, w in cell if w >= total * .001]
            together = {name: sum(w for r, w in cell if re.match(pattern, r["code"])) for name, pattern in ALONE.items()}
            for r, w in cell:
                names = [name for name, pattern in ALONE.items() if re.match(pattern, r["code"])]
                out.append([f"{cls}.{sex}.{band}.{r['code']}", r["display"], cls, sex, band, lo, hi, r["code"],
                            f"{w:.3f}".rstrip("0").rstrip("."), r["acuity"],
                            next((key for pattern, key in NEEDS if re.match(pattern, r["code"])), ""), urgency(r["code"]),
                            *(f"{w * f:.3g}" for f in URGENCY[urgency(r["code"])]),
                            *(r["code"] if name in names else "" for name in ALONE),
                            f"{together[names[0]] if names else w:.3f}".rstrip("0").rstrip(".")])
with (LIB / "figures/reasons-by-class.csv").open("w", newline="", encoding="utf-8") as f:
    w = csv.writer(f, lineterminator="\n")
    w.writerow("key display class sex age_band age_from age_to code weight acuity needs urgency weight_urgent weight_minor hypertension lipids weight_alone".split())
    w.writerows(out)
print(len(out))
