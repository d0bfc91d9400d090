"""The budget ledger in PostgreSQL through the built program: sixteen fits at once spend no more than the total, a renamed
copy of the records is recognised, and a fit that is killed leaves nothing uncharged. Called by ./run, which starts the
server; what the ledger itself promises is tested in crates/manikin-privacy/tests/processes.rs on the same server.

    ledger.py --postgres-folder FOLDER
"""

import argparse
import json
import pathlib
import shutil
import subprocess
import time
import urllib.parse

import psycopg

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "target" / "debug" / "manikin"
OUT = ROOT / "target" / "sql-ledger"

SPEC = """manikin: 1
product: visits
period: {from: 2020-01-01, to: 2024-12-31}
privacy: {source: {id: SOURCE, patients: 1000, origin: public}}
entities:
  patient:
    subject: true
    key: patient_id
    fields:
      patient_id: {type: text, id: uuid}
      sex: {type: text, learn: {values: [F, M], other: F}}
      smoker: {type: boolean, learn: {values: [true, false]}}
"""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--postgres-folder", required=True)
    folder = parser.parse_args().postgres_folder
    ledger = f"postgresql://manikin@{urllib.parse.quote(folder, safe='')}/postgres"
    shutil.rmtree(OUT, ignore_errors=True)
    (OUT / "data").mkdir(parents=True)
    rows = [f"P{at:04},{'FM'[at % 2]},{str(at % 3 == 0).lower()}" for at in range(1000)]
    (OUT / "data" / "patient.csv").write_text("\n".join(["patient_id,sex,smoker", *rows, ""]))
    for source in ["shared", "copy", "killed"]:
        (OUT / f"{source}.yaml").write_text(SPEC.replace("SOURCE", source))

    def budget(*words):
        run = subprocess.run([PROGRAM, "budget", *words, "--ledger", ledger], capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        return run.stdout

    def start_fit(source, model):
        words = [PROGRAM, "fit", OUT / "data", "--spec", OUT / f"{source}.yaml", "-o", OUT / model, "-q"]
        words += ["--epsilon", "1", "--delta", "1e-6", "--method", "independent", "--ledger", ledger]
        return subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def charges(source):
        return sum(entry["event"] == "charged" for entry in json.loads(budget("entries", source, "--format", "json")))

    # Sixteen at once, and a total for fewer.
    budget("set", "shared", "--epsilon", "3", "--delta", "1e-6")
    children = [start_fit("shared", f"model-{at}") for at in range(16)]
    made = 0
    for child in children:
        error = child.communicate()[1]
        made += child.returncode == 0
        assert child.returncode == 0 or "MK1401" in error, error
    shown = json.loads(budget("show", "shared", "--format", "json"))[0]
    one = shown["charged"]["rho"] / made
    assert 2 <= made < 16 and 0 <= shown["left"]["rho"] < one, (made, shown)
    assert charges("shared") == made == len(list(OUT.glob("model-*/potentials.parquet")))

    # The same records under another name.
    budget("set", "copy", "--epsilon", "3", "--delta", "1e-6")
    child = start_fit("copy", "copied")
    error = child.communicate()[1]
    assert child.returncode == 2 and "MK1404" in error and not (OUT / "copied").exists(), (child.returncode, error)
    assert charges("copy") == 0

    # Killed at any moment: never a model without a charge.
    budget("set", "killed", "--epsilon", "30", "--delta", "1e-6")
    budget("distinct", "killed", "shared")
    begun = time.monotonic()
    child = start_fit("killed", "kept")
    error = child.communicate()[1]
    assert child.returncode == 0, error
    whole = time.monotonic() - begun
    for at in range(12):
        child = start_fit("killed", f"killed-{at}")
        time.sleep(whole * (at + 1) / 12)
        child.kill()
        child.communicate()
        released = 1 + len({path.parent.name for path in OUT.glob("*killed-*/*.parquet")})
        assert charges("killed") >= released, (at, released)

    # What was written stays written.
    with psycopg.connect(host=folder, user="manikin", dbname="postgres") as server:
        try:
            server.execute("UPDATE manikin_ledger.entry SET rho = 0")
            raise AssertionError("an entry was changed")
        except psycopg.errors.RaiseException as error:
            assert "only appended" in str(error)
    print(f"ledger in PostgreSQL: {made} of 16 fits within the total, a copy refused, {charges('killed')} charges of 13 fits")


if __name__ == "__main__":
    main()
