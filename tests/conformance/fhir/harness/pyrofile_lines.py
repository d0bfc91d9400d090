"""Validates each line of an NDJSON file with pyrofile-validator: INPUT FINDINGS PACKAGE..."""

import json
import sys
from multiprocessing import Pool

from pyrofile_validator.config import ValidatorConfig
from pyrofile_validator.core.engine import Validator

# An explanation of benefit with many lines takes it seconds: two processes share the lines out.
PROCESSES = 2
VALIDATOR = None


def start(packages):
    global VALIDATOR
    settings = {"fhirVersion": "4.0.1", "localPackagePaths": packages, "terminology": {"mode": "local"}}
    VALIDATOR = Validator(ValidatorConfig.load_dict(settings))


def findings(numbered):
    """Its warnings ask for a terminology server and for other files of the run, and are told by the others."""
    number, line = numbered
    try:
        issues = VALIDATOR.validate_resource(json.loads(line)).issues
    except Exception as error:  # A resource that the tool cannot read is a finding.
        return [finding(number, "unreadable", "", f"{type(error).__name__}: {error}")]
    return [finding(number, i.code, i.path or "", i.message) for i in issues if i.severity.value == "error"]


def finding(line, rule, path, text):
    return json.dumps({"line": line, "severity": "error", "rule": rule, "path": path, "text": text})


def main(source, output, packages):
    with open(source) as lines, open(output, "w") as out, Pool(PROCESSES, start, (packages,)) as pool:
        for found in pool.imap(findings, enumerate(lines, 1), chunksize=4):
            out.writelines(text + "\n" for text in found)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
