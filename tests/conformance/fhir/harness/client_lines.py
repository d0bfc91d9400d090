"""Reads each line of an NDJSON file with a FHIR client (SMART's fhirclient): INPUT FINDINGS."""

import importlib
import json
import sys


def main(source, output):
    with open(source) as lines, open(output, "w") as findings:
        for number, line in enumerate(lines, 1):
            try:
                tree = json.loads(line)
                kind = tree["resourceType"]
                module = importlib.import_module(f"fhirclient.models.{kind.lower()}")
                again = getattr(module, kind)(tree, strict=True).as_json()
                if again != tree:
                    raise ValueError("the client writes something other than it read")
            except Exception as error:  # Whatever the client raises, it could not read the resource.
                finding = {"line": number, "severity": "error", "rule": type(error).__name__, "path": "", "text": str(error)[:600]}
                findings.write(json.dumps(finding) + "\n")


main(sys.argv[1], sys.argv[2])
