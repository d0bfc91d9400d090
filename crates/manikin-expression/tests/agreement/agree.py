"""Runs SQL rendered from expressions in DuckDB, PostgreSQL and SQLite and compares it with the value expected.

    cargo run -q -p manikin-expression --example agreement > cases.json
    python crates/manikin-expression/tests/agreement/agree.py cases.json [--postgres DSN]

Needs the Python package duckdb, and psycopg2 for PostgreSQL. Exits with 1 when any database disagrees.
"""

import argparse
import json
import math
import sqlite3
import sys


def same(found, expected):
    if isinstance(found, float) and isinstance(expected, (float, int)) and not isinstance(expected, bool):
        return math.isclose(found, expected, rel_tol=1e-12, abs_tol=1e-12)
    return found == expected


def databases(dsn):
    import duckdb

    yield "duckdb", duckdb.connect().execute
    lite = sqlite3.connect(":memory:")
    yield "sqlite", lite.execute
    if dsn:
        import psycopg2

        cursor = psycopg2.connect(dsn)
        cursor.autocommit = True
        cursor = cursor.cursor()

        def execute(sql):
            cursor.execute(sql)
            return cursor

        yield "postgres", execute


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("cases")
    parser.add_argument("--postgres", help="a libpq connection string")
    arguments = parser.parse_args()
    cases = json.load(open(arguments.cases, encoding="utf-8"))
    wrong = 0
    for name, execute in databases(arguments.postgres):
        agreed = 0
        for case in cases:
            call, value = case["sql"][name]
            try:
                found, expected = execute(f"SELECT {call}, {value}").fetchone()
            except Exception as error:  # noqa: BLE001 - every database has its own errors, and each is a disagreement
                print(f"{name}: {case['call']}: {error}\n    {call}")
                wrong += 1
                continue
            if same(found, expected):
                agreed += 1
            else:
                print(f"{name}: {case['call']} = {found!r}, expected {expected!r}\n    {call}")
                wrong += 1
        print(f"{name}: {agreed} of {len(cases)} agree")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
