#!/usr/bin/env python3
"""Runs SDMetrics and Anonymeter beside manikin-metrics on the same Adult folds and prints a table for BENCHMARKS.md.

    cargo build --release -p manikin-metrics --example evaluate
    python3 benches/evaluate_side_by_side.py --adult FOLDER [--program FILE] [--dcr-rows 2000] [--attacks 2000]

FOLDER holds census-{train,holdout,syn}.csv.gz. The packages go into a virtual environment of their own under target/.
Every figure is of CPU seconds (user + system) around the computation itself, without imports and reading; the packages
run on one thread, and so does Manikin. Where they can only sample, the table says how many; Manikin always takes all
rows. Packages give no intervals of quality and detection, so the rows to compare are Manikin's figures without
intervals; a second row says what its intervals cost besides. Figures that are shown are those of the same definition:
shapes of columns without nulls, correlations, and joint tables of categories of which none is grouped.
"""

import argparse
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from itertools import combinations
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ["sdmetrics==0.32.0", "anonymeter==1.1.0"]
NUMBERS = ["age", "fnlwgt", "education_num", "capital_gain", "capital_loss", "hours_per_week"]
KEYS = ["age", "sex", "race", "marital_status", "native_country"]
SECRETS = ["income", "occupation"]
FOLDS = ["train", "holdout", "syn"]
MODES = ["univariate", "multivariate"]
# Columns that hold nulls, which SDMetrics leaves out; categories few enough that none is grouped.
WITH_NULLS = ["workclass", "occupation", "native_country"]
FEW = ["marital_status", "relationship", "race", "sex", "income"]
QUALITY = "ks_complement,tv_complement,correlation_similarity,contingency_similarity"


def named(prefix, parts, figures_of):
    """The figures of several parts, each under the part's name."""
    return {f"{prefix}{part} {name}": figure for part in parts for name, figure in figures_of(part).items()}


def alike(scores):
    """Of scores by columns the means of those that have one definition: of columns, of numbers, of categories."""
    mean = lambda keep: (lambda kept: sum(kept) / len(kept))([score for about, score in scores.items() if keep(about)])
    return {
        "shapes": mean(lambda about: len(about) == 1 and about[0] not in WITH_NULLS),
        "correlations": mean(lambda about: len(about) == 2 and all(name in NUMBERS for name in about)),
        "joint": mean(lambda about: len(about) == 2 and all(name in FEW for name in about)),
    }


def theirs(folder, dcr_rows, attacks):
    """Runs within the virtual environment and prints one JSON line for every metric."""
    warnings.simplefilter("ignore")
    import numpy as np
    import pandas as pd
    from anonymeter.evaluators import InferenceEvaluator, LinkabilityEvaluator, SinglingOutEvaluator
    from sdmetrics.column_pairs import ContingencySimilarity, CorrelationSimilarity
    from sdmetrics.reports.single_table import QualityReport
    from sdmetrics.single_column import KSComplement, TVComplement
    from sdmetrics.single_table import DisclosureProtection, LogisticDetection
    from sdmetrics.single_table.privacy.dcr_utils import calculate_dcr

    train, holdout, syn = (pd.read_csv(Path(folder) / f"{fold}.csv") for fold in FOLDS)
    metadata = {"columns": {
        name: {"sdtype": "numerical" if name in NUMBERS else "categorical"} for name in train.columns}}

    def measured(name, compute):
        np.random.seed(0)
        start = time.process_time()
        try:
            figures = compute()
        except Exception as error:  # A metric that fails must not hide the others.
            figures = {"error": repr(error)}
        print(json.dumps({"name": name, "cpu": time.process_time() - start, "figures": figures}), flush=True)

    def report():
        report = QualityReport()
        report.generate(train, syn, metadata, verbose=False)
        parts = report.get_properties().set_index("Property")["Score"]
        pairs = report.get_details("Column Pair Trends")["Score"]
        return {"shapes": parts["Column Shapes"], "trends": parts["Column Pair Trends"],
                "pairs": f"{pairs.notna().sum()} of {len(pairs)}"}

    def quality():
        scores = {}
        for name in train.columns:
            shape = KSComplement if name in NUMBERS else TVComplement
            scores[(name,)] = shape.compute(train[name], syn[name])
        for pair in combinations(train.columns, 2):
            numbers = [name for name in pair if name in NUMBERS]
            sides = (train[list(pair)], syn[list(pair)])
            scores[pair] = (CorrelationSimilarity.compute(*sides) if len(numbers) == 2
                            else ContingencySimilarity.compute(*sides, continuous_column_names=numbers))
        return alike(scores)

    def dcr():
        found = calculate_dcr(
            dataset=syn.head(dcr_rows).copy(), reference_dataset=train.head(dcr_rows).copy(), metadata=metadata)
        return {"median": float(found.median()), "p05": float(found.quantile(0.05))}

    def cap():
        found = DisclosureProtection.compute_breakdown(
            train, syn, known_column_names=KEYS, sensitive_column_names=SECRETS, continuous_column_names=["age"],
            computation_method="cap")
        return {"score": float(found["score"])}

    def risk(evaluator):
        results = evaluator.results()
        return {"attack": results.attack_rate.value, "control": results.control_rate.value}

    def singling_out(mode):
        evaluator = SinglingOutEvaluator(ori=train, syn=syn, control=holdout, n_attacks=500, n_cols=3)
        evaluator.evaluate(mode=mode)
        return risk(evaluator)

    def linkability():
        columns = list(train.columns)
        evaluator = LinkabilityEvaluator(
            ori=train, syn=syn, control=holdout, n_attacks=attacks, n_neighbors=1, aux_cols=(columns[:8], columns[8:]))
        evaluator.evaluate(n_jobs=1)
        return risk(evaluator)

    def inference(secret):
        evaluator = InferenceEvaluator(
            ori=train, syn=syn, control=holdout, n_attacks=attacks // 2, aux_cols=[key for key in KEYS if key != secret],
            secret=secret, regression=False)
        evaluator.evaluate(n_jobs=1)
        return risk(evaluator)

    measured("report", report)
    measured("quality", quality)
    measured("dcr", dcr)
    measured("cap", cap)
    measured("singling_out", lambda: named("", MODES, singling_out))
    measured("linkability", linkability)
    measured("inference", lambda: named("", SECRETS, inference))
    measured("detection", lambda: {"score": float(LogisticDetection.compute(train, syn, metadata=metadata))})


def ours(program, folds, only, replicates=0):
    """The scores and CPU seconds of some measures, with so many replicates behind the intervals of fidelity."""
    command = [program, "files", *folds, "--keys", ",".join(KEYS), "--secret", ",".join(SECRETS), "--only", only,
               "--replicates", replicates, "--json"]
    told = subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, text=True,
                          env={**os.environ, "RAYON_NUM_THREADS": "1"}).stdout
    measures = json.loads(told)["measures"]
    return [score for measure in measures for score in measure["scores"]], sum(m["cpu_seconds"] for m in measures)


def value(scores, metric, *about):
    """The value of the score that is about exactly this."""
    return next(s["value"] for s in scores if s["metric"] == metric and s["about"] == list(about))


def mean(values):
    values = [value for value in values if value is not None]
    return sum(values) / len(values)


def by_columns(scores):
    """The scores of columns and pairs by their columns: of numbers Pearson's, of other pairs the joint table's."""
    found = {tuple(s["about"]): s["value"] for s in scores if s["metric"] in ("ks_complement", "tv_complement")}
    found |= {tuple(s["about"]): s["value"] for s in scores if s["metric"] == "contingency_similarity"}
    found |= {tuple(s["about"][:2]): s["value"] for s in scores
              if s["metric"] == "correlation_similarity" and "pearson" in s["about"]}
    return found


def pair(scores, rate, *about):
    return {"attack": value(scores, rate, *about, "train"), "control": value(scores, rate, *about, "holdout")}


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--adult", type=Path, help="the folder of the folds")
    options.add_argument("--program", type=Path, default=ROOT / "target/release/examples/evaluate")
    options.add_argument("--venv", type=Path, default=ROOT / "target/side-by-side")
    options.add_argument("--dcr-rows", type=int, default=2000)
    options.add_argument("--attacks", type=int, default=2000)
    options.add_argument("--inner", help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.inner:
        return theirs(given.inner, given.dcr_rows, given.attacks)
    python = given.venv / "bin/python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", given.venv], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        for fold in FOLDS:
            with gzip.open(given.adult / f"census-{fold}.csv.gz", "rb") as source, open(folder / f"{fold}.csv", "wb") as to:
                shutil.copyfileobj(source, to)
            lines = (folder / f"{fold}.csv").read_text().splitlines(keepends=True)
            (folder / f"{fold}-few.csv").write_text("".join(lines[: given.dcr_rows + 1]))
        compare(given, python, folder)


def compare(given, python, folder):
    single = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1", "LOKY_MAX_CPU_COUNT": "1"}
    told = subprocess.run(
        [str(word) for word in (python, __file__, "--inner", folder, "--dcr-rows", given.dcr_rows, "--attacks", given.attacks)],
        check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, **single}).stdout
    other = {row["name"]: row for row in map(json.loads, told.splitlines())}
    all_rows = [folder / f"{fold}.csv" for fold in FOLDS]
    few = [folder / f"{fold}-few.csv" for fold in ("train", "train", "syn")]

    def report():
        scores, cpu = ours(given.program, all_rows, QUALITY)
        shapes = mean(s["value"] for s in scores if len(s["about"]) == 1)
        pairs = by_columns(scores)
        return {"shapes": shapes, "trends": mean(score for about, score in pairs.items() if len(about) == 2),
                "pairs": f"{sum(len(about) == 2 for about in pairs)} of 105"}, cpu

    def quality(replicates=0):
        scores, cpu = ours(given.program, all_rows, QUALITY, replicates)
        return alike(by_columns(scores)), cpu

    def dcr():
        scores, cpu = ours(given.program, few, "distances")
        of = lambda quantile: value(scores, "distance_to_closest_record", "train", f"quantile={quantile}")
        return {"median": of("0.5"), "p05": of("0.05")}, cpu

    def cap():
        scores, cpu = ours(given.program, all_rows, "attribution")
        return {"score": value(scores, "disclosure_protection", "train")}, cpu

    def singling_out():
        scores, cpu = ours(given.program, all_rows, "singling_out")
        return named("", MODES, lambda mode: pair(scores, "singling_out_rate", mode)), cpu

    def linkability():
        scores, cpu = ours(given.program, all_rows, "linkability")
        return pair(scores, "linkability_rate"), cpu

    def inference():
        scores, cpu = ours(given.program, all_rows, "inference")
        return named("", SECRETS, lambda secret: pair(scores, "inference_rate", secret)), cpu

    def detection(replicates=0):
        scores, cpu = ours(given.program, all_rows, "detection", replicates)
        first = next(s for s in scores if s["metric"] == "two_sample_auc")
        # SDMetrics gives 1 - (2 max(AUC, .5) - 1).
        return {"score": 2 - 2 * max(first["value"], 0.5)}, cpu

    rows = [
        ("report", "SDMetrics QualityReport", "associated pairs", report),
        ("quality", "SDMetrics scores of every column and pair", "all rows", quality),
        ("quality", "the same, ours with intervals", "all rows", lambda: quality(100)),
        ("dcr", "SDMetrics DCR", f"{given.dcr_rows:,} x {given.dcr_rows:,}", dcr),
        ("cap", "SDMetrics CAP", "all rows", cap),
        ("singling_out", "Anonymeter singling out", "500 attacks of each kind", singling_out),
        ("linkability", "Anonymeter linkability", f"{given.attacks:,} attacks", linkability),
        ("inference", "Anonymeter inference", f"{given.attacks // 2:,} attacks of each secret", inference),
        ("detection", "SDMetrics logistic detection", "all rows", detection),
        ("detection", "the same, ours with intervals", "all rows", lambda: detection(100)),
    ]
    print("| metric | they take | their figures | ours | their CPU s | ours | ratio |")
    print("|---|---|---|---|--:|--:|--:|")
    total = [0.0, 0.0]
    for name, title, size, compute in rows:
        figures, cpu = compute()
        text = lambda found: ", ".join(
            f"{key} {figure:.6f}" if isinstance(figure, float) else f"{key} {figure}" for key, figure in found.items())
        their = other[name]
        if not title.startswith("the same"):
            total = [total[0] + their["cpu"], total[1] + cpu]
        print(f"| {title} | {size} | {text(their['figures'])} | {text(figures)} | {their['cpu']:.2f} | {cpu:.3f}"
              f" | {their['cpu'] / max(cpu, 0.001):.0f} |", flush=True)
    print(f"| all | | | | {total[0]:.1f} | {total[1]:.3f} | {total[0] / max(total[1], 0.001):.0f} |")


if __name__ == "__main__":
    main()
