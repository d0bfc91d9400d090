"""Holds a folder of FHIR NDJSON to every validator and check, and the validators to known-bad files."""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

from .agreement import disagreements
from .bundles import bundle_findings, sample_bundles
from .codes import Codes
from .findings import Suppressions
from .mutants import plant
from .sample import Run, own_findings, short
from .tools import Tools, units_in_error

HERE = Path(__file__).resolve().parent.parent


def main():
    options = arguments()
    work = options.work.resolve()
    codes = Codes(options.repository / "specs/library/codes", options.repository / "specs/standards/fhir-r4")
    definitions = work / "definitions.ndjson"
    codes.write_definitions(definitions, HERE / "definitions.ndjson")

    run = Run(codes, options.per_profile, options.check_every)
    run.read(options.fhir)
    if not run.sample:
        sys.exit(f"{options.fhir} holds no resource")
    if options.foreign:
        run.findings = []
    lines = list(run.sample)
    originals = len(lines)
    mutants, unfit = ([], []) if options.foreign else plant(lines)
    lines += [text for _, _, text in mutants]
    sample = work / "sample.ndjson"
    bundles = sample_bundles(options.bundles) if options.bundles else []
    sample.write_text("".join(line + "\n" for line in lines + bundles))

    packages = {
        "core": options.packages / "hl7.fhir.r4.core-4.0.1.tgz",
        "guides": [options.packages / "us_core_610.tgz", options.packages / "carin4bb-200.tgz"],
        "terminology": work / "npm/hl7.terminology.r4-7.0.1.tgz",
    }
    tools = Tools(work, {name: absolute(value) for name, value in packages.items()}, definitions, HERE)
    names = [name for name in tools.all() if name in options.tools.split(",")]
    started = [tools.start(name, sample) for name in names]
    found, seconds, suppressions = {}, {}, {}
    for process in started:
        name = process[0]
        found[name], seconds[name] = tools.finish(process)
        suppressions[name] = Suppressions(HERE / "suppressions" / f"{name}.txt")
    if not options.foreign:
        found["own"] = own_findings(lines, run.ids, codes, work, units_in_error)

    kinds = [resource_type(line) for line in lines + bundles]
    left = {}
    for name, findings in found.items():
        hide = suppressions.get(name)
        left[name] = [f for f in findings if not (hide and hide.hides(f, kinds[f.line - 1]))]

    failures = report_run(run, lines[:originals], options)
    good = {*range(1, originals + 1), *range(len(lines) + 1, len(lines) + len(bundles) + 1)}
    failures += report_tools(left, good, kinds, seconds, suppressions, options)
    if not options.foreign:
        failures += report_mutants(mutants, unfit, left, originals)
        wrong = units_in_error(work, set(run.units))
        for unit, why in wrong.items():
            print(f"  own-ucum {unit}: {why}, first at {run.units[unit][0]}")
        failures += len(wrong)
    if options.csv:
        failures += report_list("agreement with the CSV of the same run", disagreements(options.fhir, options.csv))
    if options.bundles:
        failures += report_list("transaction bundles", bundle_findings(options.bundles, run))
    print(f"\nFHIR conformance: {'passed' if failures == 0 else f'{failures} failures'}")
    sys.exit(1 if failures else 0)


def arguments():
    parser = argparse.ArgumentParser(prog="harness", description=__doc__)
    parser.add_argument("--fhir", type=Path, required=True, help="folder of NDJSON files")
    parser.add_argument("--csv", type=Path, help="folder of the CSV files of the same run")
    parser.add_argument("--bundles", type=Path, help="folder of the transaction bundles of the same run")
    parser.add_argument("--packages", type=Path, required=True, help="folder of the packages of definitions")
    parser.add_argument("--work", type=Path, required=True, help="folder in which the tools are installed")
    parser.add_argument("--repository", type=Path, required=True)
    parser.add_argument("--per-profile", type=int, default=3, help="resources of each profile in the sample, at least")
    parser.add_argument("--check-every", type=int, default=1, help="our own checks on every so many resources of the run")
    parser.add_argument("--tools", default="pyrofile,helios,hl7,fhirclient")
    parser.add_argument("--foreign", action="store_true", help="data made elsewhere: the validators alone")
    return parser.parse_args()


def absolute(value):
    return [path.resolve() for path in value] if isinstance(value, list) else value.resolve()


def resource_type(line):
    try:
        return json.loads(line)["resourceType"]
    except (ValueError, KeyError, TypeError):
        return "?"


def report_run(run, sample, options):
    print(f"\n{sum(run.counts.values())} resources, {run.bytes / 1e6:.0f} MB in {options.fhir}")
    taken = Counter()
    for line in sample:
        resource = json.loads(line)
        taken[resource["resourceType"], tuple(map(short, resource.get("meta", {}).get("profile", [])))] += 1
    for (kind, profiles), count in sorted(run.counts.items()):
        print(f"  {kind:24} {count:9}  {taken[kind, profiles]:5} in the sample  {' '.join(profiles) or '(no profile)'}")
    rules = Counter(rule for _, rule, _ in run.findings)
    for rule, count in sorted(rules.items()):
        example = next(f"{where} {text}" for where, other, text in run.findings if other == rule)
        print(f"  {rule}: {count}, e.g. {example}")
    print(f"our own checks on {run.checked} resources: {len(run.findings)} findings")
    return len(run.findings)


def report_tools(left, good_lines, kinds, seconds, suppressions, options):
    failures = 0
    print(f"\nsample of {len(good_lines)} resources and bundles:")
    for name, findings in left.items():
        good = [f for f in findings if f.line in good_lines]
        failures += len(good)
        hide = suppressions.get(name)
        used = sum(hide.used.values()) if hide else 0
        print(f"  {name:10} {len(good):5} findings, {used:5} suppressed by {len(hide.used) if hide else 0} patterns, {seconds.get(name, 0):.0f} s")
        groups = Counter(f.key(kinds[f.line - 1]) for f in good)
        for key, count in groups.most_common(options.per_profile * 4):
            line = next(f.line for f in good if f.key(kinds[f.line - 1]) == key)
            print(f"    {count:5} × {key[:400]} (line {line})")
        for pattern in hide.unused() if hide and not options.foreign else []:
            print(f"    unused suppression: {pattern}")
    return failures


def report_mutants(mutants, unfit, left, originals):
    """A tool has caught a mutant when it says something of it that it does not say of the good original."""
    print(f"\nknown-bad resources: {len(mutants)}")
    said = {name: {} for name in left}
    for name, findings in left.items():
        for finding in findings:
            said[name].setdefault(finding.line, []).append(finding)
    missed, totals = [], Counter()
    for place, (name, original, _) in enumerate(mutants, originals + 1):
        catchers = []
        for tool, findings in said.items():
            before = {(f.rule, f.path, f.text) for f in findings.get(original, [])}
            if any((f.rule, f.path, f.text) not in before for f in findings.get(place, [])):
                catchers.append(tool)
                totals[tool] += 1
        print(f"  {name:46} {', '.join(catchers) or 'NOBODY'}")
        if not catchers:
            missed.append(name)
    print("  caught: " + ", ".join(f"{tool} {totals[tool]}" for tool in left) + f" of {len(mutants)}; missed by all: {len(missed)}")
    for name in unfit:
        print(f"  no resource to plant in: {name}")
    return len(missed) + len(unfit)


def report_list(title, problems):
    print(f"\n{title}: {len(problems)} findings")
    for problem in problems[:20]:
        print(f"  {problem}")
    return len(problems)


main()
