"""MEDS datasets with one defect each, made of a good one, and how a finding must begin."""

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq


def shard(folder):
    """A file with several subjects."""
    return max(sorted(folder.glob("data/**/*.parquet")), key=lambda path: pq.ParquetFile(path).metadata.num_rows)


def rewrite(change):
    """Rewrites one shard by a function of its table."""

    def spoil(folder):
        path = shard(folder)
        pq.write_table(change(pq.ParquetFile(path).read()), path)

    return spoil


def metadata(name, change):
    def spoil(folder):
        path = folder / "metadata" / name
        pq.write_table(change(pq.ParquetFile(path).read()), path)

    return spoil


def replaced(table, name, column):
    return table.set_column(table.schema.get_field_index(name), name, column)


def cast(name, kind):
    return rewrite(lambda table: replaced(table, name, table[name].cast(kind)))


def without_code(table):
    codes = table["code"].to_pylist()
    codes[3] = None
    return replaced(table, "code", pa.array(codes, pa.string()))


def copied_to_another_file(folder):
    path = shard(folder)
    table = pq.ParquetFile(path).read()
    subject = table["subject_id"][0]
    pq.write_table(table.filter(pc.equal(table["subject_id"], subject)), path.with_name("more.parquet"))


def apart(table):
    """Moves a subject's last row to the end of the file."""
    first = table["subject_id"].to_pylist()
    place = max(row for row, subject in enumerate(first) if subject == first[0])
    return pa.concat_tables([table.slice(0, place), table.slice(place + 1), table.slice(place, 1)])


def backwards(table):
    """Exchanges the first and the last event with a time of the first subject."""
    subjects, times = table["subject_id"].to_pylist(), table["time"].to_pylist()
    rows = [row for row, time in enumerate(times) if subjects[row] == subjects[0] and time is not None]
    times[rows[1]], times[rows[-1]] = times[rows[-1]], times[rows[1]]
    return replaced(table, "time", pa.array(times, pa.timestamp("us")))


def unborn(table):
    return table.filter(pc.not_equal(table["code"], "MEDS_BIRTH"))


def other_split(table):
    split = ["held_out" if name == "train" else "train" for name in table["split"].to_pylist()]
    return pa.table({"subject_id": table["subject_id"], "split": split}, schema=table.schema)


def no_json(folder):
    (folder / "metadata/dataset.json").write_text('{"dataset_name": ')


def json_of_another_type(folder):
    path = folder / "metadata/dataset.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"meds_version": 4}))


def cut_short(folder):
    path = shard(folder)
    path.write_bytes(path.read_bytes()[:-200])


CASES = [
    ("subject ids as text", cast("subject_id", pa.string()), "schema: data"),
    ("times as text", cast("time", pa.string()), "schema: data"),
    ("an event without a code", rewrite(without_code), "schema: data"),
    ("no column of times", rewrite(lambda table: table.drop_columns(["time"])), "schema: data"),
    ("codes without their column", metadata("codes.parquet", lambda table: table.drop_columns(["code"])), "schema: codes"),
    ("a version that is a number", json_of_another_type, "schema: dataset.json"),
    ("metadata that is no JSON", no_json, "unreadable: dataset.json"),
    ("a file cut short", cut_short, "unreadable"),
    ("a subject in two files", copied_to_another_file, "one file"),
    ("rows of a subject apart", rewrite(apart), "contiguous"),
    ("times out of order", rewrite(backwards), "sorted"),
    ("a code that is not described", metadata("codes.parquet", lambda table: table.slice(1)), "codes"),
    ("a subject without a split", metadata("subject_splits.parquet", lambda table: table.slice(1)), "splits"),
    ("a subject in two splits",
     metadata("subject_splits.parquet", lambda table: pa.concat_tables([table, other_split(table.slice(0, 1))])), "splits"),
    ("files in the wrong split", metadata("subject_splits.parquet", other_split), "splits"),
    ("a column that is not declared",
     rewrite(lambda table: table.append_column("ward", pa.array(["A"] * len(table)))), "extension columns"),
    ("a subject that was not born", rewrite(unborn), "lives"),
]


def make(good, spoil, folder):
    folder = Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(good, folder)
    spoil(folder)
    return folder
