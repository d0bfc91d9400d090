"""Runs each validator over one NDJSON file and gathers its findings."""

import json
import subprocess
import sys
import time
from pathlib import Path

from .findings import Finding


class Tools:
    """The validators as the `run` script installed them."""

    def __init__(self, work, packages, definitions, here):
        self.work, self.packages, self.definitions, self.here = work, packages, definitions, here

    def all(self):
        return {"pyrofile": self.pyrofile, "helios": self.helios, "hl7": self.hl7, "fhirclient": self.client}

    def start(self, name, sample):
        """Starts a tool in a process of its own; `finish` waits for it."""
        output = self.work / f"findings-{name}.ndjson"
        output.unlink(missing_ok=True)
        log = open(self.work / f"{name}.log", "w")
        command = self.all()[name](sample, output)
        return name, output, log, time.monotonic(), subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=self.work)

    @staticmethod
    def finish(started):
        """The findings of a tool and the seconds it took."""
        name, output, log, begun, process = started
        code = process.wait()
        log.close()
        if code != 0 or not output.exists():
            sys.exit(f"{name} ended with {code}: {Path(log.name).read_text()[-3000:]}")
        with open(output) as lines:
            found = [Finding(name, **json.loads(line)) for line in lines]
        return found, time.monotonic() - begun

    def helios(self, sample, output):
        return [str(self.work / "helios/debug/helios-ndjson"), str(sample), str(output), *map(str, self.packages["guides"])]

    def hl7(self, sample, output):
        folder = self.work / "hl7"
        packages = [part for package in self.packages["guides"] for part in ("--package", str(package))]
        return [
            "java", "-Xmx1500m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
            "-cp", f"{folder}/hl7-ndjson.jar:{folder}/lib/*", "ValidateNdjson",
            *packages, "--definitions", str(self.definitions), str(sample), str(output),
        ]  # fmt: skip

    def pyrofile(self, sample, output):
        packages = [self.packages["core"], *self.packages["guides"], self.packages["terminology"]]
        return [sys.executable, str(self.here / "harness/pyrofile_lines.py"), str(sample), str(output), *map(str, packages)]

    def client(self, sample, output):
        return [sys.executable, str(self.here / "harness/client_lines.py"), str(sample), str(output)]


def units_in_error(work, units):
    """UCUM codes that are not valid UCUM, with what is wrong (LHC's library, offline)."""
    script = (
        "const u = require('@lhncbc/ucum-lhc').UcumLhcUtils.getInstance();"
        "const out = {};"
        "for (const c of JSON.parse(require('fs').readFileSync(0, 'utf8'))) {"
        " const r = u.validateUnitString(c);"
        " if (r.status !== 'valid' || r.ucumCode !== c) out[c] = (r.msg || []).join(' ') || 'not a UCUM code'; }"
        "console.log(JSON.stringify(out));"
    )
    done = subprocess.run(
        ["node", "-e", script], input=json.dumps(sorted(units)), capture_output=True, text=True, cwd=work / "npm", check=True
    )
    return json.loads(done.stdout)
