"""Writes the clinic population's OMOP tables to DuckDB and PostgreSQL in one run and compares what they hold, then
tries what must be refused. Called by ./run, which starts the server.

    databases.py --postgres-folder FOLDER --duckdb PROGRAM
"""

import argparse
import csv
import datetime
import decimal
import json
import os
import pathlib
import shutil
import subprocess
import urllib.parse

import duckdb
import psycopg

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "target" / "debug" / "manikin"


def plain(value):
    """A value as both databases can say it."""
    if isinstance(value, (decimal.Decimal, float)):
        return repr(float(value))
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    return "" if value is None else str(value)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--postgres-folder", required=True)
    parser.add_argument("--duckdb", required=True)
    asked = parser.parse_args()
    address = f"postgres://manikin@{urllib.parse.quote(asked.postgres_folder, safe='')}/postgres"
    out = ROOT / "target" / "sql-databases"
    shutil.rmtree(out, ignore_errors=True)
    environment = dict(os.environ, MANIKIN_DUCKDB=asked.duckdb)

    def generate(to, folder, *more):
        words = [PROGRAM, "generate", "clinic-population", "--patients", "150", "--to", to, "-o", out / folder, *more]
        return subprocess.run(words, capture_output=True, text=True, env=environment, cwd=ROOT)

    def refused(run, code, words):
        assert run.returncode == 2 and code in run.stderr and words in run.stderr, run.stderr

    made = generate(f"omop:csv,omop:duckdb,omop:{address}", "one")
    assert made.returncode == 0, made.stderr

    manifest = json.loads((out / "one" / "manifest.json").read_text())
    tables = {table["name"]: table["rows"] for table in manifest["standards"][0]["tables"]}
    server = psycopg.connect(host=asked.postgres_folder, user="manikin", dbname="postgres")
    file = duckdb.connect(str(out / "one" / "omop" / "omop.duckdb"), read_only=True)
    compared = 0
    for table, rows in tables.items():
        here = sorted(tuple(map(plain, row)) for row in file.execute(f"SELECT * FROM {table}").fetchall())
        there = sorted(tuple(map(plain, row)) for row in server.execute(f"SELECT * FROM cdm.{table}").fetchall())
        with (out / "one" / "omop" / f"{table}.csv").open(newline="", encoding="utf-8") as text:
            lines = sum(1 for _ in csv.reader(text)) - 1
        assert len(here) == len(there) == rows == lines, (table, len(here), len(there), rows, lines)
        assert here == there, (table, next(pair for pair in zip(here, there) if pair[0] != pair[1]))
        compared += rows
    # Every table of the model is there, whether or not it has rows.
    count = "SELECT count(*) FROM information_schema.tables WHERE table_schema = '{}'"
    assert file.execute(count.format("main")).fetchone()[0] == 39
    assert server.execute(count.format("cdm")).fetchone()[0] == 39
    server.commit()

    refused(generate(f"omop:{address}", "two"), "MK0912", "--overwrite")
    again = generate(f"omop:{address}", "two", "--overwrite")
    assert again.returncode == 0, again.stderr
    assert server.execute("SELECT count(*) FROM cdm.person").fetchone()[0] == 150
    server.execute("CREATE SCHEMA others")
    server.commit()
    refused(generate(f"omop:{address}?schema=others", "three", "--overwrite"), "MK0912", "did not make it")
    refused(generate("omop:postgres://nobody@127.0.0.1:1/none", "three"), "MK0912", "psql")
    # A mapping that breaks a key: the transaction leaves nothing.
    mapping = out / "mapping"
    copied = subprocess.run([PROGRAM, "mapping", "omop", "-o", mapping], capture_output=True, text=True, cwd=ROOT)
    assert copied.returncode == 0, copied.stderr
    cdm = mapping / "cdm.csv"
    # Observation periods keyed by their type, which all of them share.
    lines = cdm.read_text(encoding="utf-8")
    for column, key in [("observation_period_id", "yes,yes"), ("period_type_concept_id", "yes,no")]:
        row = f"observation_period,{column},integer,"
        lines = lines.replace(row + key, row + ("yes,no" if key == "yes,yes" else "yes,yes"))
    cdm.write_text(lines, encoding="utf-8")
    broken = generate(f"omop:{address}?schema=broken", "four", "--mapping", str(mapping))
    refused(broken, "MK0912", "duplicate key")
    left = "SELECT count(*) FROM information_schema.schemata WHERE schema_name = 'broken'"
    assert server.execute(left).fetchone()[0] == 0
    assert not (out / "four").exists()
    print(f"OMOP in DuckDB and PostgreSQL: {len(tables)} tables, {compared:,} rows, the same in both")


if __name__ == "__main__":
    main()
