#!/usr/bin/env python3
"""Measures `manikin fit` and prints tables for BENCHMARKS.md. Needs numpy and polars.

    cargo build --release -p manikin
    python3 benches/fit.py tables FOLDER [--data nltcs adult] [--epsilon 1] [--method adaptive mst] [--mb 1 16] [--runs 3]
    python3 benches/fit.py clinic [--patients 20000] [--epsilon 3]
    python3 benches/fit.py large [--rows 10000000]

`tables`: FOLDER holds NAME.csv.gz of codes with NAME-domain.json; errors are the mean L1 distance of all normalised 1-,
2- and 3-way marginals (of at most 10,000 cells) between the source and as many rows made by `generate MODEL`.
`clinic`: clinic-population is taken for real; its spec is specs/fit/clinic-population.yaml. `large`: seconds and memory
of a fit to one Parquet file.
"""

import argparse
import gzip
import io
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
DELTA = 1e-9


def run(program, *arguments):
    """Wall seconds, CPU seconds and peak MiB of a finished run of the program."""
    start = time.monotonic()
    process = subprocess.Popen([program, *map(str, arguments)], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    told = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{' '.join(map(str, arguments))} failed:\n{told.decode(errors='replace')}")
    return time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def budget(given, folder, source):
    ledger = folder / "ledger.sqlite"
    run(given.program, "budget", "set", source, "--epsilon", 10_000, "--delta", DELTA, "--ledger", ledger)
    return ledger


def coded_spec(name, sizes, rows):
    """A spec of one table of codes, whose columns are called a0, a1, ..."""
    fields = "".join(
        f"      a{at}: {{type: integer, learn: {{values: [{', '.join(map(str, range(size)))}]}}}}\n"
        for at, size in enumerate(sizes)
    )
    return (
        f"manikin: 1\nproduct: {name}\nperiod: {{from: 2020-01-01, to: 2020-12-31}}\n"
        f"privacy: {{source: {{id: {name}, patients: {rows}, origin: public}}}}\n"
        f"entities:\n  row:\n    subject: true\n    key: id\n    fields:\n      id: {{type: text, id: uuid}}\n{fields}"
    )


def distance(sizes, a, b, sets):
    total = 0.0
    for attributes in sets:
        cells = int(np.prod([sizes[i] for i in attributes]))
        counts = []
        for table in (a, b):
            index = np.zeros(len(table), dtype=np.int64)
            for i in attributes:
                index = index * sizes[i] + table[:, i]
            counts.append(np.bincount(index, minlength=cells) / len(table))
        total += np.abs(counts[0] - counts[1]).sum()
    return total / len(sets)


def tables(given):
    print("| data | ε | MB | method | 1-way | 2-way | 3-way | fit s | fit CPU s | fit MiB | generate s |")
    print("|---|--:|--:|---|--:|--:|--:|--:|--:|--:|--:|")
    for name in given.data:
        domain = json.loads((Path(given.folder) / f"{name}-domain.json").read_text())
        with gzip.open(Path(given.folder) / f"{name}.csv.gz", "rt") as file:
            header = file.readline().strip().split(",")
            source = np.loadtxt(io.StringIO(file.read()), delimiter=",", dtype=np.int64)
        sizes = [domain[column] for column in header]
        sets = [list(itertools.combinations(range(len(sizes)), k)) for k in (1, 2, 3)]
        sets[2] = [one for one in sets[2] if np.prod([sizes[i] for i in one]) <= 10_000]
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            columns = ",".join(f"a{i}" for i in range(len(sizes)))
            np.savetxt(folder / "row.csv", source, fmt="%d", delimiter=",", header=columns, comments="")
            (folder / "spec.yaml").write_text(coded_spec(name, sizes, round(len(source), -3)))
            ledger = budget(given, folder, name)
            for epsilon, megabytes, method in itertools.product(given.epsilon, given.mb, given.method):
                sums = np.zeros(7)
                for seed in range(given.runs):
                    model, made = folder / "model", folder / "made"
                    wall, cpu, memory = run(
                        given.program, "fit", folder / "row.csv", "--spec", folder / "spec.yaml", "--epsilon", epsilon, "--delta",
                        DELTA, "-o", model, "--method", method, "--max-model-mb", megabytes, "--ledger", ledger)
                    generated, _, _ = run(given.program, "generate", model / "model.yaml", "-o", made, "--patients", len(source), "--seed", seed)
                    rows = np.loadtxt(made / "row.csv", delimiter=",", skiprows=1, dtype=np.int64, usecols=range(1, len(sizes) + 1))
                    errors = [distance(sizes, source, rows, one) for one in sets]
                    sums += np.array([*errors, wall, cpu, memory, generated]) / given.runs
                    shutil.rmtree(model)
                    shutil.rmtree(made)
                one, two, three, wall, cpu, memory, generated = sums
                print(f"| {name} | {epsilon:g} | {megabytes:g} | {method} | {one:.4f} | {two:.4f} | {three:.4f} | {wall:.1f} |"
                      f" {cpu:.1f} | {memory:.0f} | {generated:.1f} |", flush=True)


def marginal(frame, columns):
    """Shares of the values of some columns, as a dictionary."""
    counts = frame.group_by(columns).len()
    total = frame.height
    return {row[:-1]: row[-1] / total for row in counts.iter_rows()}


def difference(a, b):
    return sum(abs(a.get(key, 0) - b.get(key, 0)) for key in a.keys() | b.keys())


class Clinic:
    """What is compared of a clinic's tables."""

    def __init__(self, folder):
        import polars as pl

        read = lambda name: pl.read_parquet(folder / f"{name}.parquet") if (folder / f"{name}.parquet").exists() else pl.read_parquet(str(folder / name / "*.parquet"))
        self.pl = pl
        patient, encounter, lab, claim = map(read, ["patient", "encounter", "lab_result", "claim"])
        keep = {row["analyte"] for row in ANALYTES}
        lab = lab.with_columns(pl.when(pl.col("analyte").is_in(list(keep))).then(pl.col("analyte")).otherwise(pl.lit("other")).alias("analyte"))
        encounter = encounter.sort(["patient_id", "started_at"])
        before = pl.col("class").shift(1).over("patient_id").fill_null("START")
        gap = pl.col("started_at") - pl.col("started_at").shift(1).over("patient_id")
        edges = [1, 3, 7, 14, 30, 60, 90, 180, 365]
        self.encounter = encounter.with_columns(
            before.alias("before"), gap.dt.total_days().cut(edges).cast(pl.String).fill_null("START").alias("gap"),
            (pl.col("ended_at") - pl.col("started_at")).dt.total_minutes().cut([15, 20, 25, 30, 45, 60, 120, 240, 480, 1440, 4320, 10080]).cast(pl.String).alias("stay"))
        age = ((pl.date(2026, 1, 1) - pl.col("birth_date")).dt.total_days() / 365.25 / 10).floor().cast(pl.Int64)
        per = encounter.group_by("patient_id").len("encounters")
        bins = [1, 2, 3, 5, 8, 12, 18, 27, 40]
        binned = pl.col("encounters").fill_null(0).cut([b - 0.5 for b in bins]).cast(pl.String)
        self.patient = patient.join(per, on="patient_id", how="left").with_columns(age.alias("age"), binned.alias("visits"))
        labs = lab.group_by("encounter_id").len("labs")
        claims = claim.group_by("encounter_id").len("claims")
        self.encounter = self.encounter.join(labs, on="encounter_id", how="left").join(claims, on="encounter_id", how="left").with_columns(
            pl.col("labs").fill_null(0).cut([0.5, 2.5, 9.5, 15.5, 19.5, 25.5, 35.5]).cast(pl.String), pl.col("claims").fill_null(0))
        # The records hold an age at the encounter as well; here it is the patient's decade in both.
        self.encounter = self.encounter.drop("age", strict=False).join(
            self.patient.select("patient_id", "birth_sex", "age"), on="patient_id", how="left")
        self.lab = lab.join(self.encounter.select("encounter_id", "class"), on="encounter_id", how="left").join(
            self.patient.select("patient_id", "birth_sex", "age"), on="patient_id", how="left")
        self.claim = claim.join(self.encounter.select("encounter_id", "class"), on="encounter_id", how="left").join(
            self.patient.select("patient_id", "age"), on="patient_id", how="left").with_columns(
            pl.col("billed_amount").cast(pl.Float64), pl.col("paid_amount").cast(pl.Float64))

    def marginals(self):
        return {
            "one table": [marginal(self.patient, list(c)) for c in itertools.combinations(["birth_sex", "age", "race"], 2)]
            + [marginal(self.encounter, list(c)) for c in itertools.combinations(["class", "stay", "gap"], 2)]
            + [marginal(self.lab, ["analyte"])]
            + [marginal(self.claim, list(c)) for c in itertools.combinations(["payer_type", "claim_type", "status"], 2)],
            "cross-table": [marginal(self.encounter, ["class", "age"]), marginal(self.encounter, ["class", "birth_sex"]),
                            marginal(self.lab, ["analyte", "class"]), marginal(self.lab, ["analyte", "age"]),
                            marginal(self.claim, ["payer_type", "age"]), marginal(self.claim, ["claim_type", "class"])],
            "cardinality": [marginal(self.patient, ["visits"]), marginal(self.patient, ["visits", "age"]),
                            marginal(self.encounter, ["labs"]), marginal(self.encounter, ["labs", "class"]),
                            marginal(self.encounter, ["claims", "class"])],
            "transitions": [marginal(self.encounter, ["before", "class"]), marginal(self.encounter, ["gap", "class"])],
        }

    def effects(self, diabetes):
        pl = self.pl
        hba1c = self.lab.filter(pl.col("analyte") == "hba1c").join(diabetes, on="patient_id", how="left").drop_nulls("value")
        mean = lambda flag: hba1c.filter(pl.col("diabetes") == flag)["value"].mean()
        later = self.encounter.filter(pl.col("before") != "START")
        share = pl.when(pl.col("billed_amount") > 0).then(pl.col("paid_amount") / pl.col("billed_amount"))
        paid = dict(self.claim.select("payer_type", share.alias("share")).drop_nulls().group_by("payer_type").mean().iter_rows())
        return {
            "diabetes → HbA1c, difference of means": (mean(True) or 0) - (mean(False) or 0),
            "class → next class, Cramér's V": cramer(later, "before", "class"),
            "class → labs of the encounter, Cramér's V": cramer(self.encounter, "class", "labs"),
            "payer → paid share, Medicare less Medicaid": paid.get("Medicare", 0) - paid.get("Medicaid", 0),
            "payer → paid share, Medicare less Commercial": paid.get("Medicare", 0) - paid.get("Commercial", 0),
        }


def cramer(frame, a, b):
    """The strength of association of two columns, 0 to 1 (Cramér 1946, section 21.9)."""
    joint, first, second = marginal(frame, [a, b]), marginal(frame, [a]), marginal(frame, [b])
    chi = sum(first[x,] * second[y,] * (joint.get((x, y), 0) / (first[x,] * second[y,]) - 1) ** 2 for (x,) in first for (y,) in second)
    return (chi / (min(len(first), len(second)) - 1)) ** 0.5


ANALYTES = []


def clinic(given):
    import polars as pl

    for line in (ROOT / "specs/fit/clinic-population.yaml").read_text().splitlines():
        line = line.strip()
        if line.startswith("- {analyte:") and "low" in line:
            ANALYTES.append({"analyte": line.split("analyte:")[1].split(",")[0].strip()})
    with tempfile.TemporaryDirectory(dir=given.tmp) as folder:
        folder = Path(folder)
        real = Path(given.real) if given.real else folder / "real"
        if not given.real:
            run(given.program, "generate", "clinic-population", "-o", real, "--patients", given.patients, "--to", "parquet",
                "--only", "patient,condition,encounter,lab_result,claim")
        spec = ROOT / "specs/fit/clinic-population.yaml"
        ledger = budget(given, folder, "clinic-population")
        clinics, diabetes = {"real": Clinic(real)}, {}
        condition = pl.read_parquet(real / "condition.parquet")
        having = condition.filter(pl.col("key") == "type_2_diabetes").select("patient_id").unique().with_columns(pl.lit(True).alias("diabetes"))
        diabetes["real"] = clinics["real"].patient.select("patient_id").join(having, on="patient_id", how="left").with_columns(pl.col("diabetes").fill_null(False))
        # Independent tables take no groups together, not even those that the spec forces.
        apart = folder / "apart.yaml"
        lines = spec.read_text().splitlines()
        apart.write_text("\n".join(line for line in lines if not line.strip().startswith("together:")) + "\n")
        for name, by, more in [
            (f"ε = {given.epsilon:g}", spec, ["--ledger", ledger]),
            ("independent, without noise", apart, ["--no-privacy", "--method", "independent"]),
            ("without noise", spec, ["--no-privacy"]),
        ]:
            model, made = folder / "model", folder / "made"
            wall, cpu, memory = run(given.program, "fit", real, "--spec", by, "--epsilon", given.epsilon,
                                    "--delta", DELTA, "-o", model, "--max-model-mb", given.mb, *more)
            # What is hidden is shown in the copy that is generated from.
            own = model / "model.yaml"
            own.write_text(own.read_text().replace("diabetes:\n        hidden: true\n", "diabetes:\n"))
            seconds, _, _ = run(given.program, "generate", model / "model.yaml", "-o", made, "--patients", given.patients, "--to", "parquet")
            print(f"{name}: fitted in {wall:.0f} s ({cpu:.0f} CPU s, {memory:.0f} MiB), generated in {seconds:.0f} s", flush=True)
            clinics[name] = Clinic(made)
            diabetes[name] = clinics[name].patient.select("patient_id", "diabetes")
            shutil.rmtree(model)
            shutil.rmtree(made)
        names = [name for name in clinics if name != "real"]
        reference = clinics["real"].marginals()
        print("\n| mean L1 distance from the records | " + " | ".join(names) + " |\n|---|" + "--:|" * len(names))
        found = {name: clinics[name].marginals() for name in names}
        for group, wanted in reference.items():
            errors = [np.mean([difference(a, b) for a, b in zip(wanted, found[name][group])]) for name in names]
            print(f"| {group} | " + " | ".join(f"{error:.4f}" for error in errors) + " |")
        effects = {name: clinics[name].effects(diabetes[name]) for name in clinics}
        print("\n| effect | records | " + " | ".join(names) + " | kept |\n|---|--:|" + "--:|" * len(names) + "--:|")
        for effect, value in effects["real"].items():
            values = [effects[name][effect] for name in names]
            print(f"| {effect} | {value:.3f} | " + " | ".join(f"{one:.3f}" for one in values) + f" | {values[0] / value:.0%} |")


def large(given):
    import polars as pl

    random = np.random.default_rng(1)
    sizes = [2, 3, 5, 8, 12, 20, 32, 16, 7, 15, 6, 5, 2, 32, 42]
    with tempfile.TemporaryDirectory(dir=given.tmp) as folder:
        folder = Path(folder)
        base = random.random(given.rows)
        columns = {f"a{at}": np.minimum((base * 0.5 + random.random(given.rows) * 0.5) * size, size - 1).astype(np.int64)
                   for at, size in enumerate(sizes)}
        pl.DataFrame({"id": np.arange(given.rows).astype(str), **columns}).write_parquet(folder / "row.parquet")
        (folder / "spec.yaml").write_text(coded_spec("large", sizes, given.rows))
        ledger = budget(given, folder, "large")
        wall, cpu, memory = run(
            given.program, "fit", folder / "row.parquet", "--spec", folder / "spec.yaml", "--epsilon", 1, "--delta", DELTA,
            "-o", folder / "model", "--ledger", ledger)
        size = (folder / "row.parquet").stat().st_size / 2**20
        print(f"| {given.rows:,} rows x {len(sizes)} | {size:.0f} MiB | {wall:.0f} s | {cpu:.0f} CPU s | {memory:.0f} MiB |")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--program", default=str(ROOT / "target/release/manikin"))
    options.add_argument("--tmp", default=None, help="where files go meanwhile")
    verbs = options.add_subparsers(required=True)
    one = verbs.add_parser("tables")
    one.add_argument("folder")
    one.add_argument("--data", nargs="+", default=["nltcs", "adult"])
    one.add_argument("--epsilon", nargs="+", type=float, default=[1.0])
    one.add_argument("--mb", nargs="+", type=float, default=[1.0, 16.0])
    one.add_argument("--method", nargs="+", default=["adaptive"])
    one.add_argument("--runs", type=int, default=3)
    one.set_defaults(verb=tables)
    two = verbs.add_parser("clinic")
    two.add_argument("--patients", type=int, default=20_000)
    two.add_argument("--real", default=None, help="tables that were generated before")
    two.add_argument("--epsilon", type=float, default=3.0)
    two.add_argument("--mb", type=float, default=16.0)
    two.set_defaults(verb=clinic)
    three = verbs.add_parser("large")
    three.add_argument("--rows", type=int, default=10_000_000)
    three.set_defaults(verb=large)
    given = options.parse_args()
    given.verb(given)


if __name__ == "__main__":
    main()
