#!/usr/bin/env python3
"""Write elements.csv, the definition that FHIR mappings are checked against, from HL7's core package.

    python3 build_elements.py path/to/hl7.fhir.r4.core-4.0.1.tgz > ../elements.csv

The package (hl7.fhir.r4.core 4.0.1) is published by HL7 under CC0. One row is one element of the snapshot of a
resource, or of a datatype that these resources reach:

    path     Patient.name, HumanName.family; a choice ends in [x], as in Observation.value[x]
    min,max  cardinality; max is a number or *
    types    datatypes joined by |; Reference(Patient|Group) names the resources that a reference may lead to, and
             #Claim.item.adjudication is an element defined elsewhere
    binding  for elements of type code: the codes of a required binding, separated by spaces, where there are at most
             250 of them; else empty
"""
import csv
import json
import sys
import tarfile

RESOURCES = """
Account AllergyIntolerance Appointment CarePlan CareTeam Claim ClaimResponse Composition Condition Consent Coverage
Device DeviceUseStatement DiagnosticReport DocumentReference Encounter EpisodeOfCare ExplanationOfBenefit
FamilyMemberHistory Goal Group HealthcareService Immunization InsurancePlan List Location Measure MeasureReport
Medication MedicationAdministration MedicationDispense MedicationRequest MedicationStatement Observation Organization
Patient PaymentReconciliation Practitioner PractitionerRole Procedure Provenance QuestionnaireResponse RelatedPerson
ServiceRequest Specimen
""".split()
MOST_CODES = 250


def read(package):
    """The definitions of the package by kind: structures by name, value sets and code systems by URL."""
    structures, value_sets, code_systems = {}, {}, {}
    with tarfile.open(package) as archive:
        for member in archive:
            name = member.name.removeprefix("package/")
            if "/" in name or not name.startswith(("StructureDefinition-", "ValueSet-", "CodeSystem-")):
                continue
            content = json.load(archive.extractfile(member))
            if name.startswith("StructureDefinition-"):
                if content.get("derivation") != "constraint":
                    structures[content["name"]] = content
            else:
                into = value_sets if name.startswith("ValueSet-") else code_systems
                into[content["url"]] = content
    return structures, value_sets, code_systems


def codes_of_system(concepts):
    for concept in concepts:
        yield concept["code"]
        yield from codes_of_system(concept.get("concept", []))


def codes(url, value_sets, code_systems):
    """The codes of a value set, or None where the package does not list them."""
    value_set = value_sets.get(url.split("|")[0])
    if value_set is None:
        return None
    found = []
    for include in value_set.get("compose", {}).get("include", []):
        if "filter" in include or "valueSet" in include:
            return None
        if "concept" in include:
            found += [concept["code"] for concept in include["concept"]]
            continue
        system = code_systems.get(include["system"])
        if system is None or system.get("content") != "complete":
            return None
        found += codes_of_system(system.get("concept", []))
    excluded = value_set.get("compose", {}).get("exclude", [])
    if excluded or not found or len(found) > MOST_CODES:
        return None
    return sorted(set(found))


def type_of(entry):
    code = entry["code"]
    if code.startswith("http://hl7.org/fhirpath/System."):
        return code.rsplit(".", 1)[1].lower()
    targets = [target.rsplit("/", 1)[1] for target in entry.get("targetProfile", [])]
    if code == "Reference" and targets and "Resource" not in targets:
        return f"Reference({'|'.join(targets)})"
    return code


def main(package):
    structures, value_sets, code_systems = read(package)
    rows, waiting, seen = [], list(RESOURCES), set()
    while waiting:
        name = waiting.pop(0)
        if name in seen:
            continue
        seen.add(name)
        structure = structures.get(name)
        if structure is None or structure["kind"] == "primitive-type" or name == "Resource":
            continue
        for element in structure["snapshot"]["element"][1:]:
            types = list(dict.fromkeys(type_of(entry) for entry in element.get("type", [])))
            if "contentReference" in element:
                types = [element["contentReference"]]
            waiting += [kind.split("(")[0] for kind in types if not kind.startswith("#")]
            binding = element.get("binding", {})
            listed = None
            if types == ["code"] and binding.get("strength") == "required" and "valueSet" in binding:
                listed = codes(binding["valueSet"], value_sets, code_systems)
            rows.append([element["path"], element["min"], element["max"], "|".join(types), " ".join(listed or [])])
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["path", "min", "max", "types", "binding"])
    writer.writerows(sorted(rows, key=lambda row: row[0].split(".")[0]))


if __name__ == "__main__":
    main(sys.argv[1])
