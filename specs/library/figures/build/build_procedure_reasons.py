"""Writes ../procedure-reasons.csv: which procedures and services are done for which principal diagnosis, by setting.

An emergency transport is of one kind: the column transport names it, and a reader matches one kind to an encounter, so
that either kind has the weight of both. The settings AMB_LAB and EMER_LAB add laboratory services and, matched by the column visit, the visit that a claim bills.
A row says that a procedure is done for a diagnosis; its weight is that of ../../codes/procedures.csv times the factor
below. Limits of sex and age are copied. Deliveries are left out: what is done then follows from the mode of delivery.
The pairs are ASSUMED: usual practice. Run from this folder: python3 build_procedure_reasons.py
"""

import csv
import re

# What the column transport holds for emergency ambulance services: advanced or basic life support.
TRANSPORT = {"A0427": "ALS", "A0429": "BLS"}

# setting: [(diagnoses as a regular expression, {procedure: factor})]; every line that fits counts.
ANY_STAY = r"[A-NR-U]"
PAIRS = {
    "IMP": [
        (ANY_STAY, {"3E0234Z": 0.15, "02HV33Z": 0.3, "30233N1": 0.2}),
        (r"A41|J96|T8", {"02HV33Z": 2, "5A1935Z": 1, "5A1945Z": 1, "5A1955Z": 1, "0BH17EZ": 1, "5A09357": 1, "B246ZZZ": 0.3}),
        (r"J|U07", {"5A09357": 1.5, "0BH17EZ": 0.4, "5A1935Z": 0.4, "5A1945Z": 0.4}),
        (r"J9|J1|J86|J69", {"0W993ZZ": 1, "0W9930Z": 1}),
        (r"U07", {"XW033E5": 8}),
        (r"I21|I25|I20|R07", {"027034Z": 4, "B2111ZZ": 3, "4A023N7": 3, "021009W": 1, "02100Z9": 1, "B246ZZZ": 1}),
        (r"I35", {"02RF38Z": 6, "B246ZZZ": 1, "4A023N7": 1}),
        (r"I1|I5|I3|R00", {"B246ZZZ": 2, "4A023N7": 0.5}),
        (r"I48|I47|I49|I44|R00|R55", {"5A2204Z": 5, "02583ZZ": 3, "B246ZZZ": 1}),
        (r"I44|I49|R55", {"02HK3JZ": 3, "0JH606Z": 3}),
        (r"I46", {"5A12012": 8, "0BH17EZ": 2}),
        (r"I26|I82", {"B246ZZZ": 1.5, "3E03317": 1}),
        (r"I63|I61|G45|R29|R41|G93|R47", {"BW28ZZZ": 2, "B030ZZZ": 3}),
        (r"I63", {"3E03317": 4, "03CG3ZZ": 4}),
        (r"G0|R51|G40|S06", {"BW28ZZZ": 2, "009U3ZX": 1, "B030ZZZ": 1}),
        (r"K35", {"0DTJ4ZZ": 12}),
        (r"K80|K81", {"0FT44ZZ": 8, "0FC98ZZ": 2}),
        (r"K85|K83", {"0FC98ZZ": 3}),
        (r"K92|K2|K5|R10|D62|D50", {"0DJ08ZZ": 3, "0DB68ZX": 2, "0DJD8ZZ": 2, "30233N1": 1}),
        (r"K57|C18|K56", {"0DTN0ZZ": 3, "0DTF4ZZ": 2, "0DBN8ZX": 1}),
        (r"K7|R18", {"0W9G3ZZ": 6, "0DJ08ZZ": 1}),
        (r"E66", {"0DB64Z3": 12}),
        (r"C|Z51\.11", {"3E03305": 5, "02HV33Z": 1}),
        (r"C50", {"0HTV0ZZ": 12}),
        (r"C61", {"0VT04ZZ": 12}),
        (r"C18|C19|C20", {"0DTN0ZZ": 4, "0DTF4ZZ": 6}),
        (r"N40", {"0VB08ZZ": 12, "0T9B70Z": 1}),
        (r"N17|N18|N99|I13|I12|E87\.5", {"5A1D70Z": 3}),
        (r"N20|N13|N23", {"0TC78ZZ": 12}),
        (r"N39|R33|N30", {"0T9B70Z": 1}),
        (r"D25|N8|N92", {"0UT90ZZ": 10, "0UT94ZZ": 10}),
        (r"M17\.11|M17\.0", {"0SRC0J9": 15}),
        (r"M17\.12", {"0SRD0J9": 15}),
        (r"M16\.11|M16\.0", {"0SR90J9": 15}),
        (r"M16\.12", {"0SRB0J9": 15}),
        (r"M48|M51|M43|M54", {"0SG00AJ": 8, "0SG10AJ": 5}),
        (r"S72\.\d+1", {"0QS636Z": 20, "0SR90J9": 1}),
        (r"S72\.\d+2", {"0QS736Z": 20, "0SRB0J9": 1}),
        (r"E11\.621", {"0Y6N0Z9": 12}),
        (r"L03|L02", {"0J9N0ZZ": 8}),
        (r"D", {"30233N1": 3}),
        (r"F10|F11|F1[2-9]", {"HZ2ZZZZ": 10}),
        (r"F33|F32|F31|F2", {"GZB2ZZZ": 3}),
        (r"Z38", {"3E0234Z": 1, "F13Z01Z": 1.5, "0VTTXZZ": 1}),
        (r"Z38|P59", {"6A600ZZ": 0.4}),
        (r"R63|E4|K56", {"3E0436Z": 1, "0DH63UZ": 1}),
    ],
    "EMER": [
        (r"[A-U]", {"A0427": 0.176, "A0429": 0.22}),
        (r"R11|K|A0|E86|R10|N20|N23|O2", {"J2405": 1.5, "J7030": 1.2}),
        (r"R50|A41|N10|E1|R55|U07", {"J7030": 1}),
        (r"R10|K|N2|N1", {"74177": 2}),
        (r"R51|G43|S06|S09|R55|R42|I6|G45|R41|R56|G40|S00|S01", {"70450": 2}),
        (r"J|R05|R06|R07|I|U07|R50|A41|S2", {"71046": 2}),
        (r"J18|J1[35]|N10|N39|L03|A5|J02|H66", {"J0696": 1}),
        (r"M|S|G43|R51|K0|N20|N23", {"J1885": 1.5}),
        (r"L50|T78|L23|L2|R21", {"J1200": 4}),
        (r"S[0-9]1", {"12001": 10}),
        (r"S[89]|S7", {"E0114": 3}),
        (r"J45|J44|J2[01]", {"J7613": 6}),
    ],
    "AMB": [
        (r"Z23", {"90471": 1, "90686": 1, "90715": 1}),
        (r"Z00", {"90471": 0.2, "90686": 0.25, "G0444": 0.2}),
        (r"Z12\.31", {"77067": 1}),
        (r"Z12\.11", {"45378": 1, "45385": 1, "G0121": 1, "G0105": 0.3}),
        (r"Z12\.4|Z01\.41", {"G0101": 1}),
        (r"Z13\.31", {"G0444": 1}),
        (r"Z71\.3|E66|R73", {"G0270": 1, "S9470": 1, "G0447": 1}),
        (r"E1[01]", {"G0108": 1}),
        (r"Z36|Z34|O0|O2|O3|O4", {"76801": 1}),
        (r"Z01\.81", {"93000": 1}),
        (r"I|R00|R07|R55|R60", {"93000": 1, "93306": 0.7}),
        (r"F[2-9]", {"90832": 1, "90834": 1, "90837": 1}),
        (r"F11", {"H0020": 3, "Q9991": 1, "90834": 0.3}),
        (r"F10", {"J2315": 1, "90834": 0.5}),
        (r"M|S[3489]", {"97110": 1, "97161": 1}),
        (r"M17|M25|M75|M70|M16|M19", {"20610": 1, "J3301": 0.6}),
        (r"M25\.51|M75|S4", {"73030": 2}),
        (r"M54|M51|M48", {"72148": 1.5}),
        (r"B07|L82|L57", {"17110": 3}),
        (r"L9[78]|E11\.621|L89", {"11042": 6}),
        (r"H2[56]", {"66984": 6}),
        (r"K6[23]|K92|K5|R19|D12|K21", {"45378": 1, "45385": 0.7}),
        (r"E53|D51", {"J3420": 4}),
        (r"J3[03]|L2|J20|J4", {"J1100": 0.5}),
        (r"M05|M06|K50|K51|L40", {"J1745": 4}),
        (r"N18", {"Q4081": 1.5}),
    ],
}


def rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


procedures = {row["code"]: row for row in rows("../../codes/procedures.csv")}
diagnoses = [row for row in rows("../../codes/icd-10-cm.csv") if row["position"] != "secondary"]
out = []
for setting, pairs in PAIRS.items():
    for diagnosis in diagnoses:
        factors = {}
        for pattern, found in pairs:
            if re.match(pattern, diagnosis["code"]):
                for code, factor in found.items():
                    factors[code] = max(factors.get(code, 0), factor)
        for code, factor in sorted(factors.items()):
            row = procedures[code]
            if row["sex"] and diagnosis["sex"] and row["sex"] != diagnosis["sex"]:
                continue
            out.append([f"{setting}.{diagnosis['code']}.{code}", f"{code} for {diagnosis['code']}", setting, diagnosis["code"], "", code, row["sex"], row["min_age"], row["max_age"],
                        TRANSPORT.get(code, ""), f"{float(row['weight']) * factor:.3g}"])
    # Laboratory services fit any diagnosis (an empty reason); the clinical record bills its own laboratory orders instead.
    if setting != "IMP":
        for code, row in procedures.items():
            if row["display"] == "laboratory" and row["system"] == "cpt" and row["setting"] in ("AMB", setting):
                out.append([f"{setting}_LAB.{code}", f"{code} for any diagnosis", f"{setting}_LAB", "", "", code, row["sex"], row["min_age"], row["max_age"],
                            "", f"{float(row['weight']) * 0.06:.3g}"])
        # A visit fits a claim that has that visit and outweighs what else may stand on it.
        for code, row in procedures.items():
            if row["display"] in ("office visit", "preventive visit", "ed visit", "hospital visit") or code in ("G0463", "G0439"):
                out.append([f"{setting}_LAB.visit.{code}", f"{code} for any diagnosis", f"{setting}_LAB", "", code, code, "", "", "", "", 150])
        out.extend([[line[0].replace(setting, f"{setting}_LAB", 1), line[1], f"{setting}_LAB", *line[3:]] for line in out if line[2] == setting])
with open("../procedure-reasons.csv", "w", encoding="utf-8", newline="") as file:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow("key display setting reason visit procedure sex min_age max_age transport weight".split())
    writer.writerows(out)
