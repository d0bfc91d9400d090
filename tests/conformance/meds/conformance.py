"""Proves a MEDS dataset with other people's means; see the script `run` beside this."""

import argparse
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import checks
import known_bad


def generate(manikin, patients, folder):
    shutil.rmtree(folder, ignore_errors=True)
    words = [manikin, "generate", "specs/clinic-population.yaml", "--patients", str(patients), "--to", "meds"]
    subprocess.run([*words, "-o", str(folder)], check=True, stdout=subprocess.DEVNULL)
    return Path(folder) / "meds"


def main():
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--manikin", default="target/debug/manikin")
    words.add_argument("--patients", type=int, default=1000)
    words.add_argument("--folder", default="target/conformance/meds")
    given = words.parse_args()
    folder = generate(given.manikin, given.patients, given.folder)
    start = time.monotonic()
    wrong = checks.findings(folder)
    dataset = checks.Dataset(folder)
    events = sum(len(table) for table in dataset.data.values() if table is not None)
    splits = Counter(dataset.splits["split"].to_pylist()) if dataset.splits is not None else {}
    described = dataset.codes["description"].null_count if dataset.codes is not None else 0
    print(f"MEDS: {events:,} events in {len(dataset.data)} files, {len(dataset.codes or ()):,} codes of which {described} "
          f"without a description, splits {dict(splits)}, {len(wrong)} findings, {time.monotonic() - start:.0f} s")
    small = generate(given.manikin, 60, f"{given.folder}-small")
    print(f"known-bad datasets: {len(known_bad.CASES)}")
    for name, spoil, finding in known_bad.CASES:
        found = checks.findings(known_bad.make(small, spoil, small.parent / "known-bad"))
        hits = [line for line in found if line.startswith(finding)]
        print(f"  {'caught' if hits else 'MISSED'}: {name} ({hits[0] if hits else found[:2]})")
        if not hits:
            wrong.append(f"known-bad dataset not caught: {name} should give {finding}")
    for line in wrong:
        print(f"WRONG {line}", file=sys.stderr)
    print(f"{len(known_bad.CASES) + 1} passed, 0 failed" if not wrong else f"{len(wrong)} findings")
    sys.exit(bool(wrong))


main()
