"""Known-bad resources: each is a good one of the sample with one defect, and each must be caught."""

import copy
import json

RACE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"


def kind(name, test=lambda resource: True):
    """Whether a resource is of the kind that a defect can be planted in."""
    return lambda resource: resource["resourceType"] == name and test(resource)


def profile(word):
    return lambda resource: any(word in profile for profile in resource.get("meta", {}).get("profile", []))


def has(*path):
    """Whether an element is there."""

    def test(resource):
        node = resource
        for step in path:
            if isinstance(step, int):
                if not isinstance(node, list) or len(node) <= step:
                    return False
            elif not isinstance(node, dict) or step not in node:
                return False
            node = node[step]
        return True

    return test


def both(*tests):
    return lambda resource: all(test(resource) for test in tests)


def put(*path, value):
    """Sets an element; the last step of the path may be new."""

    def edit(resource):
        node = resource
        for step in path[:-1]:
            node = node[step]
        node[path[-1]] = value

    return edit


def drop(*path):
    def edit(resource):
        node = resource
        for step in path[:-1]:
            node = node[step]
        del node[path[-1]]

    return edit


def omb(code):
    def edit(resource):
        race = next(part for part in resource["extension"] if part["url"] == RACE)
        category = next(part for part in race["extension"] if part["url"] == "ombCategory")
        category["valueCoding"] = {"system": "urn:oid:2.16.840.1.113883.6.238", "code": code}

    return edit


def raced(resource):
    return any(part.get("url") == RACE for part in resource.get("extension", []))


def without_information(code):
    def edit(resource):
        resource["supportingInfo"] = [
            part for part in resource["supportingInfo"] if part["category"]["coding"][0]["code"] != code
        ]

    return edit


def wrong_digit(resource):
    for identifier in resource["identifier"]:
        if identifier["system"].endswith("us-npi"):
            identifier["value"] = identifier["value"][:-1] + str((int(identifier["value"][-1]) + 1) % 10)


def numbered(resource):
    return any(identifier.get("system", "").endswith("us-npi") for identifier in resource.get("identifier", []))


def backwards(resource):
    period = resource["period"]
    period["start"], period["end"] = "2030-01-02T00:00:00Z", "2030-01-01T00:00:00Z"


def second_focus(resource):
    resource["insurance"].append(copy.deepcopy(resource["insurance"][0]))


def one_more(resource):
    resource["total"][0]["amount"]["value"] = resource["total"][0]["amount"]["value"] + 1


def high(resource):
    return resource.get("interpretation", [{}])[0].get("coding", [{}])[0].get("code") == "H"


EOB = "ExplanationOfBenefit"
LAB = kind("Observation", both(profile("observation-lab"), has("valueQuantity", "value")))
PRESSURE = kind("Observation", profile("blood-pressure"))

# Name of the defect, which resources it fits, how it is planted.
DEFECTS = [
    ("race: a code that does not exist", kind("Patient", raced), omb("9999-9")),
    ("race: a detailed race as OMB category", kind("Patient", raced), omb("2029-7")),
    ("gender: a letter", kind("Patient"), put("gender", value="F")),
    ("birth date: month 13", kind("Patient"), put("birthDate", value="1980-13-01")),
    ("birth date: a number", kind("Patient"), put("birthDate", value=1980)),
    ("an element that does not exist", kind("Patient"), put("favouriteColour", value="green")),
    ("an element in the wrong case", kind("Patient"), put("BirthDate", value="1980-01-01")),
    ("patient without a name", kind("Patient"), drop("name")),
    ("patient without an identifier", kind("Patient"), drop("identifier")),
    ("an object where an array belongs", kind("Patient"), put("name", value={"family": "Doe"})),
    ("an extension nobody defined", kind("Patient"),
     put("extension", value=[{"url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-nothing", "valueCode": "x"}])),
    ("an empty text", kind("Patient"), put("name", 0, "family", value="")),
    ("null in an array", kind("Patient"), put("name", value=[None])),
    ("no HTEST label", kind("Patient"), drop("meta", "security")),
    ("no profile", kind("Condition"), drop("meta", "profile")),
    ("a profile that does not exist", kind("Patient"),
     put("meta", "profile", value=["http://hl7.org/fhir/us/core/StructureDefinition/us-core-nothing|6.1.0"])),
    ("an id that is no UUID", kind("Patient"), put("id", value="patient_1")),
    ("observation without status", LAB, drop("status")),
    ("observation with an unknown status", LAB, put("status", value="done")),
    ("observation without category", LAB, drop("category")),
    ("observation without code", LAB, drop("code")),
    ("a unit that is not UCUM", LAB, put("valueQuantity", "code", value="mmHg%%")),
    ("a number as text", LAB, put("valueQuantity", "value", value="5.1")),
    ("a LOINC code that does not exist", LAB, put("code", "coding", 0, "code", value="99999-9")),
    ("the name of another LOINC code", LAB, put("code", "coding", 0, "display", value="Hair length")),
    ("two values", LAB, put("valueString", value="five")),
    ("a time without offset", LAB, put("effectiveDateTime", value="2024-01-01T10:00:00")),
    ("an unknown interpretation", kind("Observation", has("interpretation")),
     put("interpretation", 0, "coding", 0, "code", value="HIGH")),
    ("a high value called normal", kind("Observation", high), put("interpretation", 0, "coding", 0, "code", value="N")),
    ("blood pressure without diastolic", PRESSURE, lambda resource: resource["component"].pop()),
    ("systolic below diastolic", PRESSURE, put("component", 0, "valueQuantity", "value", value=20)),
    ("blood pressure in another unit", PRESSURE, put("component", 0, "valueQuantity", "code", value="kPa")),
    ("condition without category", kind("Condition"), drop("category")),
    ("an ICD-10-CM code that does not exist", kind("Condition"), put("code", "coding", value=[
        {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "Q99.999"}])),
    ("an abated condition that is active", kind("Condition"), lambda resource: resource.update(
        abatementDateTime="2030-01-01", clinicalStatus={"coding": [
            {"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]})),
    ("encounter without class", kind("Encounter"), drop("class")),
    ("encounter with an unknown class", kind("Encounter"), put("class", "code", value="VISIT")),
    ("encounter that ends before it begins", kind("Encounter"), backwards),
    ("a reference to nobody", kind("Encounter"),
     put("subject", "reference", value="Patient/00000000-0000-5000-8000-000000000000")),
    ("a reference to the wrong type", kind("Observation", has("subject")),
     lambda resource: resource["subject"].update(reference=resource["subject"]["reference"].replace("Patient/", "Device/"))),
    ("report without code", kind("DiagnosticReport"), drop("code")),
    ("report without status", kind("DiagnosticReport"), drop("status")),
    ("prescription without intent", kind("MedicationRequest"), drop("intent")),
    ("an RxNorm code that does not exist", kind("MedicationRequest"),
     put("medicationCodeableConcept", "coding", 0, "code", value="999999999")),
    ("a CVX code that does not exist", kind("Immunization"), put("vaccineCode", "coding", 0, "code", value="9999")),
    ("immunization without date", kind("Immunization"), drop("occurrenceDateTime")),
    ("procedure with an unknown status", kind("Procedure"), put("status", value="finished")),
    ("allergy with an unknown category", kind("AllergyIntolerance"), put("category", value=["drug"])),
    ("allergy without patient", kind("AllergyIntolerance"), drop("patient")),
    ("a wrong NPI check digit", kind("Practitioner", numbered), wrong_digit),
    ("practitioner without name", kind("Practitioner"), drop("name")),
    ("role without a way of contact", kind("PractitionerRole"), drop("telecom")),
    ("organization without name", kind("Organization"), drop("name")),
    ("coverage without payor", kind("Coverage"), drop("payor")),
    ("coverage without relationship", kind("Coverage"), drop("relationship")),
    ("claim total that is not the sum", kind("Claim", has("total")), put("total", "value", value=0.01)),
    ("claim without use", kind("Claim"), drop("use")),
    ("explanation total that is not the sum", kind(EOB), one_more),
    ("an item that points at no diagnosis", kind(EOB, has("item", 0, "diagnosisSequence")),
     put("item", 0, "diagnosisSequence", value=[99])),
    ("explanation without last update", kind(EOB), drop("meta", "lastUpdated")),
    ("explanation of another profile version", kind(EOB), put("meta", "profile", value=[
        "http://hl7.org/fhir/us/carin-bb/StructureDefinition/C4BB-ExplanationOfBenefit-Pharmacy|1.0.0"])),
    ("two focal coverages", kind(EOB), second_focus),
    ("a care team role that does not exist", kind(EOB, has("careTeam")),
     put("careTeam", 0, "role", "coding", 0, "code", value="boss")),
    ("inpatient stay without admission period", kind(EOB, profile("Inpatient")), without_information("admissionperiod")),
    ("dispensing without days of supply", kind(EOB, profile("Pharmacy")), without_information("dayssupply")),
    ("a currency that does not exist", kind(EOB), put("total", 0, "amount", "currency", value="USX")),
    ("provenance without agent", kind("Provenance"), drop("agent")),
    ("a resource type that does not exist", kind("Location"), put("resourceType", value="Place")),
]  # fmt: skip


def plant(lines):
    """Mutants of the sample's lines as (name, line of the original from 1, text); and names that nothing fitted."""
    resources = [json.loads(line) for line in lines]
    mutants, unfit = [], []
    for name, fits, edit in DEFECTS:
        planted = next(filter(None, (spoil(place, resource, edit) for place, resource in enumerate(resources, 1) if fits(resource))), None)
        if planted is None:
            unfit.append(name)
        else:
            mutants.append((name, *planted))
    if resources:
        mutants.append(("half a line", 1, lines[0][: len(lines[0]) // 2]))
    return mutants, unfit


def spoil(place, resource, edit):
    """The resource with the defect; None where it lacks what the defect spoils."""
    bad = copy.deepcopy(resource)
    try:
        edit(bad)
    except (KeyError, IndexError, StopIteration):
        return None
    return place, json.dumps(bad, separators=(",", ":"))
