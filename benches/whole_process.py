#!/usr/bin/env python3
"""Times whole runs of the release build and prints a table for BENCHMARKS.md.

    cargo build --release -p manikin
    python3 benches/whole_process.py [--patients 1000 10000 100000] [--to parquet csv fhir omop:parquet meds] [--runs 3]

Each figure is the median of the runs. Per second per core means per CPU second (user + system), so that a busy
machine changes it little; memory is the largest resident set of the process.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def measured(command):
    """Wall seconds, CPU seconds and peak MiB of one finished command."""
    start = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    told = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - start
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{told.decode(errors='replace')}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--spec", default="specs/clinic-population.yaml")
    options.add_argument("--patients", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    options.add_argument("--to", nargs="+", default=["parquet"])
    options.add_argument("--threads", type=int, default=os.cpu_count())
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--program", default="target/release/manikin")
    options.add_argument("--folder", default=None, help="where the output goes meanwhile")
    given = options.parse_args()
    print("| spec | patients | to | threads | rows | MB written | wall s | CPU s | patients/s/core | rows/s/core | MB/s/core"
          " | peak MiB |")
    print("|---|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
    for patients in given.patients:
        for form in given.to:
            runs, rows, written = [], 0, 0
            for _ in range(given.runs):
                parent = Path(tempfile.mkdtemp(dir=given.folder))
                folder = parent / "out"
                try:
                    runs.append(measured([
                        ROOT / given.program, "generate", given.spec, "-o", folder, "--to", form,
                        "--patients", str(patients), "--threads", str(given.threads),
                    ]))
                    manifest = json.loads((folder / "manifest.json").read_text())
                    rows = sum(entity["rows"] for entity in manifest["entities"])
                    for standard in manifest.get("standards", []):
                        rows += sum(table["rows"] for table in standard["tables"])
                    written = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
                finally:
                    shutil.rmtree(parent, ignore_errors=True)
            wall, cpu, peak = (statistics.median(run[at] for run in runs) for at in range(3))
            print(
                f"| {Path(given.spec).stem} | {patients:,} | {form} | {given.threads} | {rows:,} | {written:,.0f} |"
                f" {wall:.1f} | {cpu:.1f} | {patients / cpu:,.0f} | {rows / cpu:,.0f} | {written / cpu:,.0f} | {peak:,.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
