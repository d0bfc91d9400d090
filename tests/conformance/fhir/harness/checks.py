"""Checks of our own, of what no validator sees: one function per claim, each yields (rule, path, text)."""

import re
from decimal import Decimal

UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
OMB_RACE = {"1002-5", "2028-9", "2054-5", "2076-8", "2106-3"}
OMB_ETHNICITY = {"2135-2", "2186-5"}
RACE_SYSTEM = "urn:oid:2.16.840.1.113883.6.238"
NULL_FLAVOR = "http://terminology.hl7.org/CodeSystem/v3-NullFlavor"
HTEST = ("http://terminology.hl7.org/CodeSystem/v3-ActReason", "HTEST")
NPI = "http://hl7.org/fhir/sid/us-npi"
UCUM = "http://unitsofmeasure.org"
EXTENSIONS = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
# US Core 6.1 and CARIN BB 2.0 have no profile of these.
WITHOUT_PROFILE = {"Claim"}


def walk(node, path):
    """Every object of the tree with its path."""
    if isinstance(node, dict):
        yield node, path
        for name, child in node.items():
            yield from walk(child, f"{path}.{name}")
    elif isinstance(node, list):
        for place, child in enumerate(node):
            yield from walk(child, f"{path}[{place}]")


def check(resource, codes):
    """What is wrong with a resource by itself; units and references are returned by `gather` for the whole run."""
    kind = resource.get("resourceType", "?")
    nodes = list(walk(resource, kind))
    yield from identity(resource, kind)
    yield from labels(resource, kind)
    yield from coded(nodes, codes)
    yield from npis(nodes)
    yield from periods(nodes)
    special = {
        "Patient": patient,
        "Observation": observation,
        "Claim": claim,
        "ExplanationOfBenefit": explanation,
        "Encounter": encounter,
    }.get(kind)
    if special:
        yield from special(resource)


def gather(resource):
    """References as (path, target) and UCUM codes as (path, code)."""
    references, units = [], []
    for node, path in walk(resource, resource.get("resourceType", "?")):
        if isinstance(node.get("reference"), str):
            references.append((path, node["reference"]))
        if node.get("system") == UCUM and isinstance(node.get("code"), str):
            units.append((path, node["code"]))
    return references, units


def identity(resource, kind):
    if not UUID.match(str(resource.get("id"))):
        yield "own-id", f"{kind}.id", f"{resource.get('id')} is not a UUID of version 5"


def labels(resource, kind):
    meta = resource.get("meta") or {}
    if HTEST not in [(label.get("system"), label.get("code")) for label in meta.get("security", [])]:
        yield "own-htest", f"{kind}.meta.security", "not labelled as test health data (HTEST)"
    if not meta.get("profile") and kind not in WITHOUT_PROFILE:
        yield "own-profile", f"{kind}.meta.profile", "names no profile"


def coded(nodes, codes):
    """A code of a system that Manikin ships is in its list, and has the list's display."""
    for node, path in nodes:
        known = codes.systems.get(node.get("system")) if isinstance(node.get("system"), str) else None
        if known is None or "code" not in node:
            continue
        if node["code"] not in known:
            yield "own-code", path, f"{node['code']} is not in the shipped list of {node['system']}"
        elif node.get("display") and known[node["code"]] and node["display"] != known[node["code"]]:
            yield "own-display", path, f"{node['code']} is '{known[node['code']]}', not '{node['display']}'"


def npis(nodes):
    for node, path in nodes:
        if node.get("system") == NPI and not npi_holds(str(node.get("value"))):
            yield "own-npi", path, f"{node.get('value')} has a wrong check digit"


def npi_holds(number):
    """Luhn over 80840 and the ten digits (45 CFR 162.406)."""
    if not re.fullmatch(r"\d{10}", number):
        return False
    total = 0
    for place, digit in enumerate(reversed("80840" + number)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def periods(nodes):
    for node, path in nodes:
        start, end = node.get("start"), node.get("end")
        if isinstance(start, str) and isinstance(end, str) and start[:10] > end[:10]:
            yield "own-period", path, f"ends on {end}, before {start}"


def patient(resource):
    for extension in resource.get("extension", []):
        for name, categories in (("race", OMB_RACE), ("ethnicity", OMB_ETHNICITY)):
            if extension.get("url") != EXTENSIONS + name:
                continue
            for part in extension.get("extension", []):
                coding = part.get("valueCoding", {})
                if part.get("url") != "ombCategory":
                    continue
                fits = coding.get("code") in categories and coding.get("system") == RACE_SYSTEM
                unknown = coding.get("code") in {"UNK", "ASKU"} and coding.get("system") == NULL_FLAVOR
                if not (fits or unknown):
                    yield f"own-{name}", "Patient.extension", f"{coding.get('code')} is no OMB category of {name}"
    born, died = resource.get("birthDate", ""), resource.get("deceasedDateTime")
    if died and died[:10] < born:
        yield "own-death", "Patient.deceasedDateTime", f"died on {died}, born on {born}"


def observation(resource):
    values = {}
    for component in resource.get("component", []):
        for coding in component.get("code", {}).get("coding", []):
            values[coding.get("code")] = component.get("valueQuantity", {}).get("value")
    upper, lower = values.get("8480-6"), values.get("8462-4")
    if upper is not None and lower is not None and upper <= lower:
        yield "own-pressure", "Observation.component", f"systolic {upper} is not above diastolic {lower}"
    measured = resource.get("valueQuantity", {})
    for limits in resource.get("referenceRange", []):
        low, high = limits.get("low", {}).get("value"), limits.get("high", {}).get("value")
        if low is not None and high is not None and low > high:
            yield "own-range", "Observation.referenceRange", f"from {low} to {high}"
        for end in ("low", "high"):
            if limits.get(end, {}).get("code", measured.get("code")) != measured.get("code", limits.get(end, {}).get("code")):
                yield "own-unit", "Observation.referenceRange", "the range has another unit than the value"
        flags = {c.get("code") for i in resource.get("interpretation", []) for c in i.get("coding", [])}
        value = measured.get("value")
        if value is None:
            continue
        expected = {"L", "LL"} if low is not None and value < low else {"H", "HH"} if high is not None and value > high else {"N"}
        # A critical limit may lie within the range of another population.
        if flags and not flags & (expected | {"LL", "HH"}):
            yield "own-interpretation", "Observation.interpretation", f"{value} within {low} to {high} is called {sorted(flags)}"


def claim(resource):
    total = resource.get("total", {}).get("value")
    items = [item.get("net", {}).get("value", 0) for item in resource.get("item", [])]
    if total is not None and money(total) != sum(map(money, items)):
        yield "own-total", "Claim.total", f"{total} is not the sum {sum(map(money, items))} of the items"
    yield from pointers(resource, "Claim")


def explanation(resource):
    sums = {}
    for item in resource.get("item", []):
        for category, amount in amounts(item.get("adjudication", [])):
            sums[category] = sums.get(category, 0) + amount
    for category, amount in amounts(resource.get("total", [])):
        if sums and amount != sums.get(category, 0):
            yield "own-total", "ExplanationOfBenefit.total", f"{category}: {amount} is not the sum {sums.get(category, 0)} of the items"
    yield from pointers(resource, "ExplanationOfBenefit")
    focal = [part for part in resource.get("insurance", []) if part.get("focal")]
    if len(focal) != 1:
        yield "own-focal", "ExplanationOfBenefit.insurance", f"{len(focal)} focal coverages"


def amounts(adjudications):
    for part in adjudications:
        if "amount" in part:
            codes = [coding.get("code") for coding in part.get("category", {}).get("coding", [])]
            yield codes[0] if codes else "?", money(part["amount"].get("value", 0))


def money(value):
    return Decimal(str(value)).quantize(Decimal("0.01"))


def pointers(resource, kind):
    """Items point at diagnoses, care team members and information that are there; numbers are given once."""
    for part, pointer in (("diagnosis", "diagnosisSequence"), ("careTeam", "careTeamSequence"),
                          ("supportingInfo", "informationSequence"), ("procedure", "procedureSequence")):  # fmt: skip
        numbers = [entry.get("sequence") for entry in resource.get(part, [])]
        if len(set(numbers)) != len(numbers):
            yield "own-sequence", f"{kind}.{part}", f"sequences {numbers} repeat"
        for item in resource.get("item", []):
            for number in item.get(pointer, []):
                if number not in numbers:
                    yield "own-pointer", f"{kind}.item.{pointer}", f"there is no {part} {number}"


def encounter(resource):
    if resource.get("status") == "finished" and "end" not in resource.get("period", {}):
        yield "own-finished", "Encounter.period", "finished without an end"
