"""A folder of one CSV per table of the CDM, loaded into PostgreSQL and into DuckDB under OHDSI's definition."""

import csv
from pathlib import Path

import duckdb
import psycopg


def header(path):
    with path.open(encoding="utf-8", newline="") as file:
        return next(csv.reader(file))


def files(folder, ohdsi):
    return [(table, Path(folder) / f"{table}.csv") for table in ohdsi.tables() if (Path(folder) / f"{table}.csv").exists()]


def postgres(folder, ohdsi, connection_words):
    """Loads the folder and adds every key; gives what PostgreSQL refused, a line each, with the constraint's name."""
    refused = []
    with psycopg.connect(connection_words, autocommit=True) as connection:
        connection.execute("drop schema if exists cdm cascade")
        connection.execute("create schema cdm")
        connection.execute("set search_path to cdm")
        for statement in ohdsi.create("postgresql"):
            connection.execute(statement)
        for table, path in files(folder, ohdsi):
            columns = ", ".join(f'"{name}"' for name in header(path))
            try:
                with connection.cursor() as cursor, path.open("rb") as file:
                    with cursor.copy(f"copy {table} ({columns}) from stdin with (format csv, header true)") as copy:
                        while part := file.read(1 << 20):
                            copy.write(part)
            except psycopg.Error as error:
                refused.append(f"load {table}: {error.diag.message_primary or error}")
        for statement in [*ohdsi.primary_keys(), *ohdsi.foreign_keys()]:
            try:
                connection.execute(statement)
            except psycopg.Error as error:
                words = error.diag.message_detail or error.diag.message_primary
                refused.append(f"{statement.split(' constraint ')[1].split(' ')[0]}: {words}")
        loaded = {table: connection.execute(f"select count(*) from {table}").fetchone()[0] for table in ohdsi.tables()}
    return refused, loaded


def duck(folder, ohdsi):
    """A DuckDB connection with the folder's tables; columns may be empty, for the checks to say so."""
    connection = duckdb.connect()
    connection.execute("set threads to 2")
    for statement in ohdsi.create("duckdb"):
        connection.execute(statement.replace(" not null", ""))
    for table, path in files(folder, ohdsi):
        known = {name for name, _, _ in ohdsi.tables()[table]}
        columns = ", ".join(f'"{name}"' for name in header(path) if name in known)
        connection.execute(
            f"insert into {table} ({columns}) select {columns} "
            f"from read_csv(?, header = true, all_varchar = true, nullstr = '')",
            [str(path)],
        )
    return connection
