"""Validates each line of an NDJSON file with pyrofile-validator: INPUT FINDINGS PACKAGE..."""

import json
import sys

from pyrofile_validator.config import ValidatorConfig
from pyrofile_validator.core.engine import Validator


def main(source, output, packages):
    config = ValidatorConfig.load_dict(
        {"fhirVersion": "4.0.1", "localPackagePaths": packages, "terminology": {"mode": "local"}}
    )
    validator = Validator(config)
    with open(source) as lines, open(output, "w") as findings:
        for number, line in enumerate(lines, 1):
            try:
                issues = validator.validate_resource(json.loads(line)).issues
            except Exception as error:  # A resource that the tool cannot read is a finding.
                issues = []
                write(findings, number, "error", "unreadable", "", f"{type(error).__name__}: {error}")
            for issue in issues:
                # Its warnings ask for a terminology server and for other files of the run, and are told by the others.
                if issue.severity.value == "error":
                    write(findings, number, issue.severity.value, issue.code, issue.path or "", issue.message)


def write(file, line, severity, rule, path, text):
    file.write(json.dumps({"line": line, "severity": severity, "rule": rule, "path": path, "text": text}) + "\n")


main(sys.argv[1], sys.argv[2], sys.argv[3:])
