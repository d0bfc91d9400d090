#!/usr/bin/env python3
"""Private synthesis of one table: Manikin beside `mbi` and `dpmm` from PyPI, on the same data, in the same run.

    cargo build --release -p manikin-marginals --example accuracy
    python3 benches/fit_side_by_side.py --data FOLDER --tables nltcs adult --epsilon 1 --limit 300

FOLDER holds NAME.csv.gz of codes with a header, and NAME-domain.json with the number of codes of each column. The first
run makes a virtual environment for each package under --work (dpmm needs Python 3.10 or 3.11). Every program is asked
for the same: delta 1e-9, all 3-way marginals of at most 10,000 cells as the workload, --megabytes of model, as many
rows as the source has, one seed. A program not done after --limit seconds of CPU is ended, and its line says so:
CPU time, because neighbours on the machine do not spend it.

- `mbi`'s AIM: the package brings inference and not the mechanism, so AIM stands here as its authors published it, over
  `mbi`'s estimator, junction trees and rows.
- `dpmm`'s AIM and MST: its pipelines as shipped, degree 3 for AIM.

The table: mean L1 distance of the 1-, 2- and 3-way marginals, seconds by the clock and of CPU, and peak memory; below it
the packages' versions.
"""

import argparse
import csv
import gzip
import itertools
import json
import math
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

DELTA = 1e-9
MOST_CELLS = 10_000


def load(folder, table):
    sizes = json.loads((Path(folder) / f"{table}-domain.json").read_text())
    with gzip.open(Path(folder) / f"{table}.csv.gz", "rt") as file:
        reader = csv.reader(file)
        names = next(reader)
        rows = [[int(value) for value in row] for row in reader]
    return {name: sizes[name] for name in names}, rows


def workload(sizes, ways, most_cells):
    return [c for c in itertools.combinations(sizes, ways) if math.prod(sizes[a] for a in c) <= most_cells]


def rho_for(epsilon, delta):
    """The largest rho whose zCDP implies (epsilon, delta); Canonne, Kamath and Steinke 2020, arXiv 2004.00010."""

    def delta_at(rho):
        low, high = 1.01, (epsilon + 1) / (2 * rho) + 2
        for _ in range(200):
            a = (low + high) / 2
            low, high = (a, high) if (2 * a - 1) * rho - epsilon + math.log1p(-1 / a) < 0 else (low, a)
        return math.exp((a - 1) * (a * rho - epsilon) + a * math.log1p(-1 / a)) / (a - 1)

    low, high = 0.0, epsilon + 1
    for _ in range(100):
        rho = (low + high) / 2
        low, high = (rho, high) if delta_at(rho) <= delta else (low, rho)
    return low


def mbi_aim(sizes, rows, epsilon, megabytes):
    """AIM (McKenna et al. 2022, arXiv 2201.12677, algorithms 2 to 4) over mbi's inference."""
    import jax

    jax.config.update("jax_enable_x64", True)
    import mbi
    import numpy as np

    random = np.random.default_rng()
    table = np.array(rows)
    domain = mbi.Domain.fromdict(dict(sizes))
    data = mbi.Dataset({name: table[:, i] for i, name in enumerate(sizes)}, domain)
    exact = {}

    def count(clique):
        if clique not in exact:
            exact[clique] = np.asarray(data.project(clique).datavector(), dtype=float)
        return exact[clique]

    def measure(clique, sigma):
        noisy = count(clique) + random.normal(0, sigma, count(clique).size)
        return mbi.LinearMeasurement(noisy, clique, stddev=sigma)

    def fit(measurements, warm, steps):
        return mbi.estimation.MirrorDescent().estimate(domain, measurements, iters=steps, warm_start=warm)

    queries = workload(sizes, 3, MOST_CELLS)
    closure = {s for q in queries for k in range(1, 4) for s in itertools.combinations(q, k)}
    weight = {s: sum(len(set(s) & set(q)) for q in queries) for s in closure}
    rho, rounds = rho_for(epsilon, DELTA), 16 * len(sizes)
    sigma, select = math.sqrt(rounds / (2 * 0.9 * rho)), math.sqrt(8 * 0.1 * rho / rounds)
    measurements = [measure((name,), sigma) for name in sizes]
    used = len(sizes) / (2 * sigma**2)
    model, last = fit(measurements, None, 1000), False
    while not last:
        left = rho - used
        if left < 2 * (0.5 / sigma**2 + select**2 / 8):
            sigma, select, last = math.sqrt(1 / (2 * 0.9 * left)), math.sqrt(8 * 0.1 * left), True
        used += 0.5 / sigma**2 + select**2 / 8
        cliques = [m.clique for m in measurements]
        most = megabytes * min(1.0, used / rho)

        def fits(s):
            inside = any(set(s) <= set(c) for c in cliques)
            return inside or mbi.junction_tree.hypothetical_model_size(domain, cliques + [s]) <= most

        candidates = [s for s in closure if fits(s)]
        bias = {s: math.sqrt(2 / math.pi) * sigma * domain.size(s) for s in candidates}
        before = {s: np.asarray(model.project(s).datavector()) for s in candidates}
        scores = np.array([weight[s] * (np.abs(count(s) - before[s]).sum() - bias[s]) for s in candidates])
        logits = select * (scores - scores.max()) / (2 * max(weight[s] for s in candidates))
        p = np.exp(logits)
        chosen = candidates[random.choice(len(candidates), p=p / p.sum())]
        measurements.append(measure(chosen, sigma))
        model = fit(measurements, model, 1000)
        moved = np.abs(np.asarray(model.project(chosen).datavector()) - before[chosen]).sum()
        if moved <= bias[chosen]:
            sigma, select = sigma / 2, select * 2
        print(f"{min(1.0, used / rho):.3f} of the budget", file=sys.stderr, flush=True)
    made = model.synthetic_data(rows=len(rows))
    return {name: np.asarray(made.to_dict()[name]).tolist() for name in sizes}


def dpmm_pipeline(kind, sizes, rows, epsilon, megabytes):
    import pandas
    from dpmm.pipelines.aim import AIMPipeline
    from dpmm.pipelines.mst import MSTPipeline

    pipeline, extra = {"aim": (AIMPipeline, {"degree": 3}), "mst": (MSTPipeline, {})}[kind]
    frame = pandas.DataFrame(rows, columns=list(sizes))
    model = pipeline(epsilon=epsilon, delta=DELTA, compress=False, max_model_size=megabytes, n_jobs=1,
                     disable_processing=True, gen_kwargs=extra)
    model.fit(frame, domain=dict(sizes), random_state=0)
    made = model.generate(n_records=len(rows), random_state=0)
    return {name: [int(x) for x in made[name]] for name in sizes}


def work(args):
    """What runs inside a package's own environment."""
    sizes, rows = load(args.data, args.tables[0])
    start = time.time()
    if args.worker == "mbi-aim":
        made = mbi_aim(sizes, rows, args.epsilon, args.megabytes)
    else:
        made = dpmm_pipeline(args.worker.split("-")[1], sizes, rows, args.epsilon, args.megabytes)
    seconds = time.time() - start
    usage = resource.getrusage(resource.RUSAGE_SELF)
    errors = []
    import numpy as np

    table = np.array(rows)
    for ways in (1, 2, 3):
        total, sets = 0.0, workload(sizes, ways, MOST_CELLS if ways == 3 else math.inf)
        for clique in sets:
            shape = [sizes[a] for a in clique]
            places = [list(sizes).index(a) for a in clique]
            counts = []
            for columns in ([table[:, i] for i in places], [np.asarray(made[a]) for a in clique]):
                cells = np.bincount(np.ravel_multi_index(columns, shape), minlength=math.prod(shape))
                counts.append(cells / cells.sum())
            total += np.abs(counts[0] - counts[1]).sum()
        errors.append(total / len(sets))
    print(json.dumps([*errors, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]))


def interpreter(versions):
    for version in versions:
        found = shutil.which(f"python{version}")
        if found and subprocess.run([found, "--version"], capture_output=True).returncode == 0:
            return found
        installed = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
        if installed:
            return str(installed[-1])
    return None


def environment(work, package, versions):
    """The Python of an environment that holds the package, made if need be; None and the reason if it cannot be."""
    python = work / package / "bin" / "python"
    if not python.exists():
        base = interpreter(versions)
        if base is None:
            return None, f"no Python {' or '.join(versions)}"
        subprocess.run([base, "-m", "venv", str(work / package)], check=True)
    if subprocess.run([python, "-c", f"import {package}"], capture_output=True).returncode != 0:
        done = subprocess.run([python, "-m", "pip", "install", "-q", package], capture_output=True, text=True)
        if done.returncode != 0:
            return None, done.stderr.strip().splitlines()[-1]
    return python, None


def version(python, package):
    """The versions of a package and of the Python that runs it, as text."""
    asked = (
        f"import platform, importlib.metadata as m; "
        f"print('{package}', m.version('{package}'), 'on Python', platform.python_version())"
    )
    return subprocess.run([python, "-c", asked], capture_output=True, text=True).stdout.strip()


def children_cpu():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def limited(command, cpu, wall):
    """The last line of a program's output, or why there is none; what the program started ends with it."""
    before = children_cpu()
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(cpu), math.ceil(cpu) + 5)),
    )
    late = False
    try:
        out, err = process.communicate(timeout=wall)
    except subprocess.TimeoutExpired:
        late = True
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
    lines = err.strip().splitlines()
    if late or process.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        reached = [line for line in lines if line.endswith("of the budget")]
        return None, ", ".join([f"not done after {children_cpu() - before:.0f} s of CPU", *reached[-1:]])
    if process.returncode != 0 or not out.strip():
        return None, f"failed: {lines[-1] if lines else process.returncode}"
    return out.strip().splitlines()[-1], None


def row(*cells):
    """A line of the table; what is missing is left empty."""
    print("|", " | ".join([*cells, *[""] * (8 - len(cells))]), "|", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--tables", nargs="+", default=["nltcs", "adult"])
    parser.add_argument("--epsilon", type=float, default=1.0)
    parser.add_argument("--megabytes", type=float, default=1.0)
    parser.add_argument("--limit", type=float, default=300.0, help="seconds of CPU for each program and table")
    parser.add_argument("--wall", type=float, default=1200.0, help="seconds by the clock, where the machine is busy")
    parser.add_argument("--peers", nargs="*", default=["mbi-aim", "dpmm-aim", "dpmm-mst"])
    parser.add_argument("--program", default="target/release/examples/accuracy")
    parser.add_argument("--work", type=Path, default=Path("target/fit-side-by-side"))
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        return work(args)
    args.work.mkdir(parents=True, exist_ok=True)
    needs = {"mbi": ["3.12", "3.13", "3.11"], "dpmm": ["3.11", "3.10"]}
    packages = sorted({peer.split("-")[0] for peer in args.peers})
    pythons = {package: environment(args.work, package, needs[package]) for package in packages}
    print("| data | program | 1-way | 2-way | 3-way | s | CPU s | peak MB |")
    print("|---|---|--:|--:|--:|--:|--:|--:|")
    for table in args.tables:
        asked = [args.program, args.data, "adaptive", table, f"{args.epsilon:g}", f"{args.megabytes:g}", "1"]
        line, why = limited(asked, args.limit, args.wall)
        if line:
            # data, epsilon, MB, method, three errors, unrefined, seconds to learn, to make rows, CPU, peak.
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            seconds = float(cells[8]) + float(cells[9])
            row(table, "Manikin", *cells[4:7], f"{seconds:.1f}", f"{float(cells[10]):.1f}", cells[11])
        else:
            row(table, "Manikin", why)
        for peer in args.peers:
            python, why = pythons[peer.split("-")[0]]
            if python:
                line, why = limited(
                    [python, __file__, "--worker", peer, "--data", args.data, "--tables", table,
                     "--epsilon", str(args.epsilon), "--megabytes", str(args.megabytes)],
                    args.limit, args.wall,
                )
            if why:
                row(table, peer, why)
                continue
            one, two, three, seconds, cpu, peak = json.loads(line)
            row(table, peer, f"{one:.4f}", f"{two:.4f}", f"{three:.4f}", f"{seconds:.1f}", f"{cpu:.1f}", f"{peak:.0f}")
    versions = [version(python, package) for package, (python, _) in pythons.items() if python]
    print(f"\n{'; '.join(versions)}; at most {args.limit:g} s of CPU each")


if __name__ == "__main__":
    main()
