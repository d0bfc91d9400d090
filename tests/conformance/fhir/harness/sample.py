"""One pass over the run: checks of our own on every resource, and a sample of every type, profile and code."""

import json
from collections import Counter, defaultdict

from .checks import check, gather
from .findings import Finding

# Bytes of the longest resource in the sample.
LONGEST = 16_000


class Run:
    """What one pass over a folder of NDJSON files found."""

    def __init__(self, codes, per_group):
        self.codes, self.per_group = codes, per_group
        self.counts = Counter()
        self.ids = set()
        self.findings = []
        self.references = {}
        self.units = defaultdict(list)
        self.sample = []
        self.bytes = 0
        self._places = Counter()

    def read(self, folder):
        for path in sorted(folder.glob("*.ndjson")):
            with open(path, "rb") as lines:
                for number, line in enumerate(lines, 1):
                    self.bytes += len(line)
                    self._line(path, number, line)
        for target, where in self.references.items():
            if target not in self.ids:
                self.findings.append((where, "own-reference", f"{target} is not in the run"))

    def _line(self, path, number, line):
        where = f"{path.name}:{number}"
        resource = json.loads(line)
        kind = resource.get("resourceType", "?")
        if kind != path.stem:
            self.findings.append((where, "own-file", f"a {kind} in {path.name}"))
        address = f"{kind}/{resource.get('id')}"
        if address in self.ids:
            self.findings.append((where, "own-duplicate", f"{address} is there twice"))
        self.ids.add(address)
        profiles = tuple(short(profile) for profile in resource.get("meta", {}).get("profile", []))
        self.counts[kind, profiles] += 1
        references, units = gather(resource)
        for _, target in references:
            self.references.setdefault(target, where)
        for _, unit in units:
            self.units[unit].append(where) if len(self.units[unit]) < 3 else None
        for rule, at, text in check(resource, self.codes):
            self.findings.append((where, rule, f"{at}: {text}"))
        # A long bill shows no more than a short one and costs the validators a hundred times as much.
        if len(line) < LONGEST and self._wanted(kind, profiles, resource):
            self.sample.append(line.decode().rstrip("\n"))

    def _wanted(self, kind, profiles, resource):
        """The first of each shape (which elements it has), of each code, and evenly spaced ones up to the quota."""
        group = (kind, profiles)
        count = self.counts[group]
        shape = (group, "shape", tuple(sorted(resource)))
        code = (group, "code", first_code(resource))
        new = self._places[shape] == 0 or (self._places[code] == 0 and self._places[group] < 3 * self.per_group)
        spaced = self._places[group] < self.per_group and count >= 4 ** (self._places[group] // 4)
        if new or spaced:
            self._places.update([shape, code, group])
            return True
        return False


def first_code(resource):
    for name in ("code", "vaccineCode", "medicationCodeableConcept"):
        for coding in resource.get(name, {}).get("coding", []) if isinstance(resource.get(name), dict) else []:
            return coding.get("code")
    return None


def short(profile):
    """A profile's name without its address."""
    return profile.rsplit("/", 1)[-1]


def own_findings(lines, ids, codes, work, units_in_error):
    """Our checks on the lines of a sample, in the shape of a tool's findings."""
    found, units = [], []
    for number, line in enumerate(lines, 1):
        try:
            resource = json.loads(line)
            results = list(check(resource, codes))
            references, measures = gather(resource)
        except (ValueError, AttributeError, TypeError) as error:
            found.append(Finding("own", number, "error", "own-unreadable", "", str(error)))
            continue
        found += [Finding("own", number, "error", rule, path, text) for rule, path, text in results]
        for path, target in references:
            if target not in ids:
                found.append(Finding("own", number, "error", "own-reference", path, f"{target} is not in the run"))
        units += [(number, path, unit) for path, unit in measures]
    wrong = units_in_error(work, {unit for _, _, unit in units})
    found += [Finding("own", n, "error", "own-ucum", path, f"{unit}: {wrong[unit]}") for n, path, unit in units if unit in wrong]
    return found
