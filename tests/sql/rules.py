#!/usr/bin/env python3
"""Every rule, in DuckDB and PostgreSQL as well as in Manikin, finds the same rows.

Data is generated from each example spec and then spoilt: a share of the cells of every column is emptied or replaced
by a value from elsewhere in the column, with a fixed seed, so that most rules are broken somewhere. The rules' SQL
comes from `manikin describe --format rules`, the tables from `--format sql`; the databases read the same CSV files
that `manikin validate` reads.
"""

import argparse
import csv
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import psycopg

ROOT = Path(__file__).resolve().parent.parent.parent
MANIKIN = ROOT / "target" / "debug" / "manikin"
SPECS = {"claims-prototype": 200, "ed-visits": 300, "clinic-population": 150}
SPOILT = 0.02
SEED = 20260101


def manikin(*arguments, expect=(0,)):
    ran = subprocess.run([MANIKIN, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True)
    if ran.returncode not in expect:
        sys.exit(f"manikin {' '.join(map(str, arguments))} ended with {ran.returncode}:\n{ran.stdout}\n{ran.stderr}")
    return ran.stdout


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    return rows[0], rows[1:]


def spoil(folder, keys, chance):
    """Empties cells, or gives them another row's value; keys stay, so that rows can be told apart."""
    for path in sorted(folder.glob("*.csv")):
        if path.stem == "edge_cases":
            continue
        header, rows = read(path)
        for at, name in enumerate(header):
            if name in keys.get(path.stem, []):
                continue
            for row in rows:
                if chance.random() < SPOILT:
                    row[at] = "" if chance.random() < 0.3 else chance.choice(rows)[at]
        with open(path, "w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([header, *rows])


def literal(value):
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float)):
        return repr(value)
    return "'" + str(value).replace("'", "''") + "'"


class DuckDb:
    dialect = "duckdb"

    def __init__(self):
        self.connection = duckdb.connect()

    def create(self, ddl):
        self.connection.execute(ddl)

    def load(self, table, path, columns):
        names = ", ".join(f'"{name}"' for name, _ in columns)
        cells = ", ".join(f'CAST("{name}" AS {kind})' for name, kind in columns)
        self.connection.execute(
            f'INSERT INTO "{table}" ({names}) SELECT {cells} FROM read_csv(?, header=true, all_varchar=true)', [str(path)]
        )

    def columns(self, table):
        return self.connection.execute(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = ? ORDER BY ordinal_position",
            [table],
        ).fetchall()

    def query(self, sql):
        return self.connection.execute(sql).fetchall()


class Postgres:
    dialect = "postgres"

    def __init__(self, address):
        self.connection = psycopg.connect(address, autocommit=True)
        self.connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")

    def create(self, ddl):
        self.connection.execute(ddl)

    def load(self, table, path, columns):
        header, rows = read(path)
        names = ", ".join(f'"{name}"' for name in header)
        with self.connection.cursor() as cursor, cursor.copy(f'COPY "{table}" ({names}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row([cell or None for cell in row])

    def columns(self, table):
        return self.connection.execute(
            "SELECT column_name, data_type FROM information_schema.columns"
            " WHERE table_schema = 'public' AND table_name = %s ORDER BY ordinal_position",
            [table],
        ).fetchall()

    def query(self, sql):
        return self.connection.execute(sql.encode()).fetchall()


def keyed(rows):
    return sorted("|".join(str(part) for part in row) for row in rows)


def found_by_manikin(spec, folder):
    told = json.loads(manikin("validate", folder, "--spec", spec, "--format", "json", "--show-rows", "--examples", "1000000000", expect=(0, 1)))
    return {
        (check["entity"], check["name"]): sorted(example["key"] for example in check["examples"])
        for check in told["checks"]
        if check["kind"] == "rule" and check["status"] != "skipped"
    }


def compare(name, patients, database, chance):
    spec = f"specs/{name}.yaml"
    described = json.loads(manikin("describe", spec, "--format", "rules", "--dialect", database.dialect))
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "data"
        manikin("generate", spec, "-o", folder, "--patients", patients)
        spoil(folder, described["keys"], chance)
        database.create(manikin("describe", spec, "--format", "sql", "--dialect", database.dialect, "--no-constraints"))
        for path in sorted(folder.glob("*.csv")):
            if path.stem != "edge_cases":
                database.load(path.stem, path, database.columns(path.stem))
        for table in described["tables"]:
            database.create(table["create"])
            rows = ", ".join("(" + ", ".join(map(literal, row)) + ")" for row in table["rows"])
            if rows:
                database.create(f"INSERT INTO {table['name']} VALUES {rows}")
        expected = found_by_manikin(spec, folder)
    ran = broken = differing = 0
    for rule in described["rules"]:
        place = (rule["entity"], rule["rule"])
        if rule["sql"] is None:
            sys.exit(f"{name}: {place} has no query, {rule['skipped']}: the library's rules stand on written fields")
        if place not in expected:
            sys.exit(f"{name}: manikin skipped {place}, though it has a query")
        ran += 1
        found = keyed(database.query(rule["sql"]))
        broken += bool(found)
        if found != expected[place]:
            differing += 1
            ours, theirs = set(expected[place]), set(found)
            print(f"DIFFERS {name} {database.dialect} {rule['entity']}.{rule['rule']}: {rule['holds']}")
            print(f"  only manikin ({len(ours - theirs)}): {sorted(ours - theirs)[:3]}")
            print(f"  only {database.dialect} ({len(theirs - ours)}): {sorted(theirs - ours)[:3]}")
    print(f"{name} in {database.dialect}: {ran} rules run, {broken} of them broken somewhere, {differing} differ")
    return ran, differing


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--postgres", required=True, help="connection string of a server whose public schema may go")
    given = options.parse_args()
    ran = differing = 0
    for name, patients in SPECS.items():
        for database in (DuckDb(), Postgres(given.postgres)):
            more, wrong = compare(name, patients, database, random.Random(SEED))
            ran += more
            differing += wrong
    print(f"{ran - differing} passed, {differing} failed")
    sys.exit(1 if differing or not ran else 0)


if __name__ == "__main__":
    main()
