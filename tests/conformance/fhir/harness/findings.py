"""What a tool says about a line of NDJSON, and which of it is passed over and why."""

import re
from dataclasses import dataclass
from pathlib import Path


# The entry of a bundle, as HL7's validator writes its place.
ENTRY = re.compile(r"Bundle\.entry\[\d+\]\.resource/\*(\w+)/[^*]*\*/")


@dataclass(frozen=True)
class Finding:
    """One complaint of one tool; `line` counts from 1 in the sample that was given to the tools."""

    tool: str
    line: int
    severity: str
    rule: str
    path: str
    text: str

    def key(self, resource_type):
        """The text that suppressions are matched against; places in arrays are left out, and what is said of an entry of a
        bundle is said of its resource."""
        path = self.path
        inside = ENTRY.match(path)
        if inside:
            resource_type = inside[1]
            path = resource_type + path[inside.end() :]
        path = re.sub(r"\[\d+\]|(?<=\.)\d+\.|/\*.*?\*/", "", path)
        if resource_type == "Bundle" and path[:1].isupper():
            resource_type = path.split(".")[0]
        return f"{self.severity} {resource_type} {self.rule} {path} :: {self.text}"


class Suppressions:
    """Patterns of findings to pass over, each below the comment that says why."""

    def __init__(self, path):
        self.patterns = []
        reason = None
        for number, line in enumerate(Path(path).read_text().splitlines(), 1):
            if line.startswith("#"):
                reason = f"{reason} {line[1:].strip()}" if reason else line[1:].strip()
            elif not line.strip():
                reason = None
            elif reason is None:
                raise SystemExit(f"{path}:{number}: a suppression without a reason in a comment above it")
            else:
                self.patterns.append((re.compile(line), reason))
        self.used = {}

    def hides(self, finding, resource_type):
        """Whether a pattern matches; counts how often each did."""
        key = finding.key(resource_type)
        for pattern, _ in self.patterns:
            if pattern.search(key):
                self.used[pattern.pattern] = self.used.get(pattern.pattern, 0) + 1
                return True
        return False

    def unused(self):
        """Patterns that matched nothing: what is no longer needed should go."""
        return [pattern.pattern for pattern, _ in self.patterns if pattern.pattern not in self.used]
