"""One pass over the run: checks of our own, and a sample of every type, profile, element and code."""

import heapq
import json
import re
from collections import Counter, defaultdict
from zlib import crc32

from .checks import check, gather
from .findings import Finding

# Bytes of the longest resource in the sample.
LONGEST = 12_000
# What a resource shows: its codes with their systems, and its elements, whichever depth they are at.
SHOWN = re.compile(rb'"system":"[^"]*","code":"[^"]*"|"[A-Za-z]+":')


class Run:
    """What one pass over a folder of NDJSON files found."""

    def __init__(self, codes, per_group, check_every=1):
        self.codes, self.per_group, self.check_every = codes, per_group, check_every
        self.counts = Counter()
        self.ids = set()
        self.findings = []
        self.references = {}
        self.units = defaultdict(list)
        self.sample = []
        self.bytes = 0
        self.checked = 0
        self._shown = defaultdict(set)
        self._taken = Counter()
        self._spread = defaultdict(list)

    def read(self, folder):
        for path in sorted(folder.glob("*.ndjson")):
            with open(path, "rb") as lines:
                for number, line in enumerate(lines, 1):
                    self.bytes += len(line)
                    self._line(path, number, line)
        for target, where in self.references.items():
            if target not in self.ids:
                self.findings.append((where, "own-reference", f"{target} is not in the run"))
        for _, spread in sorted(self._spread.items()):
            self.sample += [line for _, line in sorted(spread)]
        self.sample = list(dict.fromkeys(line.decode().rstrip("\n") for line in self.sample))

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
        # A long bill shows no more than a short one and costs the validators a hundred times as much.
        if len(line) < LONGEST:
            self._consider((kind, profiles), str(resource.get("id")), line)
        if number % self.check_every == 0:
            self._check(where, resource)

    def _check(self, where, resource):
        self.checked += 1
        references, units = gather(resource)
        for _, target in references:
            self.references.setdefault(target, where)
        for _, unit in units:
            self.units[unit].append(where) if len(self.units[unit]) < 3 else None
        for rule, at, text in check(resource, self.codes):
            self.findings.append((where, rule, f"{at}: {text}"))

    def _consider(self, group, name, line):
        """Takes what shows a code or an element that none before it of the group showed, up to three times the quota,
        and beside them those whose ids have the smallest checksums, which is an even sample of all."""
        shown = self._shown[group]
        if self._taken[group] < 3 * self.per_group:
            found = set(SHOWN.findall(line))
            if not found <= shown:
                shown |= found
                self._taken[group] += 1
                self.sample.append(line)
        spread = self._spread[group]
        # A heap gives its smallest first, which must be the first to go.
        place = (-crc32(name.encode()), line)
        if len(spread) < self.per_group:
            heapq.heappush(spread, place)
        elif place > spread[0]:
            heapq.heapreplace(spread, place)


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
