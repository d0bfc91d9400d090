"""What a MEDS 0.4 dataset must hold, a finding each: the schemas of the package `meds`, meds_reader, and five checks that
neither makes."""

import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from meds import CodeMetadataSchema, DataSchema, DatasetMetadataSchema, SubjectSplitSchema, birth_code, death_code

STANDARD = {"subject_id", "time", "code", "numeric_value", "text_value"}
SPLITS = {"train", "tuning", "held_out"}
# Lists of dataset.json that name columns beside the standard ones.
DECLARING = ["raw_source_id_columns", "code_modifier_columns", "additional_value_modality_columns", "site_id_columns",
             "other_extension_columns"]


class Dataset:
    """The tables of a folder. A file that cannot be read is a finding of its own."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.findings = []
        self.data = {path.relative_to(self.folder).as_posix(): self.read(path)
                     for path in sorted(self.folder.glob("data/**/*.parquet"))}
        self.codes = self.read(self.folder / "metadata/codes.parquet")
        self.splits = self.read(self.folder / "metadata/subject_splits.parquet")
        try:
            self.about = json.loads((self.folder / "metadata/dataset.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            self.about = None
            self.findings.append(f"unreadable: dataset.json: {error}")

    def read(self, path):
        try:
            return pq.ParquetFile(path).read()
        except (OSError, pa.ArrowException) as error:
            self.findings.append(f"unreadable: {path.name}: {str(error).splitlines()[0]}")
            return None


def schemas(dataset):
    """The schemas of the package."""
    parts = [(name, DataSchema, table) for name, table in dataset.data.items()]
    parts += [("codes", CodeMetadataSchema, dataset.codes), ("subject_splits", SubjectSplitSchema, dataset.splits)]
    parts += [("dataset.json", DatasetMetadataSchema, dataset.about)]
    for name, schema, content in parts:
        if content is None:
            continue
        try:
            schema.validate(content)
        except Exception as error:  # noqa: BLE001 - the package has several kinds of refusal
            yield f"schema: {name}: {str(error).splitlines()[0]}"


def reader(dataset):
    """meds_reader converts the dataset and finds the same in what it made."""
    target = dataset.folder.parent / f"{dataset.folder.name}-reader"
    shutil.rmtree(target, ignore_errors=True)
    folder = Path(sys.executable).parent
    for program, words in (("meds_reader_convert", ["--num_threads", "2"]), ("meds_reader_verify", [])):
        done = subprocess.run([folder / program, dataset.folder, target, *words], capture_output=True, text=True)
        if done.returncode:
            lines = (done.stderr or done.stdout).strip().splitlines() or [f"exit status {done.returncode}"]
            yield f"{program}: {lines[-1]}"
            return


def one_file(dataset):
    """Every subject is in one file."""
    files = Counter()
    for table in dataset.data.values():
        files.update(set(table["subject_id"].to_pylist()))
    for subject, count in files.items():
        if count > 1:
            yield f"one file: subject {subject} is in {count} files"


def in_order(dataset):
    """The rows of a subject lie together, those without a time first and the rest in order of time."""
    for name, table in dataset.data.items():
        times = table["time"].cast(pa.int64())
        done, before, last = set(), None, None
        for subject, time in zip(table["subject_id"].to_pylist(), times.to_pylist()):
            if subject != before:
                if subject in done:
                    yield f"contiguous: {name}: rows of subject {subject} do not lie together"
                    return
                done.add(before)
                before, last = subject, None
            if last is not None and (time is None or time < last):
                yield f"sorted: {name}: subject {subject} is out of order"
                return
            last = time if time is not None else last


def codes_known(dataset):
    """Every code is described once in codes.parquet, and nothing else is."""
    known = Counter(dataset.codes["code"].to_pylist())
    used = set()
    for table in dataset.data.values():
        used.update(pc.unique(table["code"]).to_pylist())
    for code in sorted(used - set(known)):
        yield f"codes: {code} is not in codes.parquet"
    for code, count in known.items():
        if count > 1:
            yield f"codes: {code} stands {count} times in codes.parquet"


def splits_whole(dataset):
    """Every subject is in one split, the split is one of the three and the folder that its file lies in."""
    splits = Counter(dataset.splits["subject_id"].to_pylist())
    of = dict(zip(dataset.splits["subject_id"].to_pylist(), dataset.splits["split"].to_pylist()))
    for subject, count in splits.items():
        if count > 1:
            yield f"splits: subject {subject} is in {count} splits"
    for split in sorted(set(of.values()) - SPLITS):
        yield f"splits: {split} is no split of MEDS"
    for name, table in dataset.data.items():
        folder = name.split("/")[1]
        for subject in pc.unique(table["subject_id"]).to_pylist():
            if subject not in of:
                yield f"splits: subject {subject} of {name} is in no split"
            elif folder in SPLITS and of[subject] != folder:
                yield f"splits: subject {subject} of {name} is in split {of[subject]}"


def declared(dataset):
    """Columns beside those of MEDS are named in dataset.json and the same in every file."""
    told = {column for key in DECLARING for column in (dataset.about or {}).get(key) or []}
    shapes = {name: table.schema for name, table in dataset.data.items()}
    for name, shape in shapes.items():
        for column in sorted(set(shape.names) - STANDARD - told):
            yield f"extension columns: {column} of {name} is not in dataset.json"
    if len({tuple(zip(shape.names, map(str, shape.types))) for shape in shapes.values()}) > 1:
        yield "extension columns: files differ in their columns"


def lives(dataset):
    """Every subject is born once, before all else but what has no time, and dies at most once, after all else."""
    for name, table in dataset.data.items():
        rows = zip(table["subject_id"].to_pylist(), table["time"].cast(pa.int64()).to_pylist(), table["code"].to_pylist())
        born, died, first, last = Counter(), {}, {}, {}
        for subject, time, code in rows:
            born[subject] += code == birth_code
            if time is None:
                continue
            first.setdefault(subject, code)
            last[subject] = time
            if code == death_code:
                died[subject] = time
        for subject, count in born.items():
            if count != 1 or first.get(subject) != birth_code:
                yield f"lives: subject {subject} of {name} has {count} births, and {first.get(subject)} comes first"
                return
        for subject, time in died.items():
            if last[subject] > time:
                yield f"lives: subject {subject} of {name} has events after death"
                return


OURS = [one_file, in_order, codes_known, splits_whole, declared, lives]


def findings(folder):
    """Everything wrong with a dataset."""
    dataset = Dataset(folder)
    found = list(dataset.findings)
    if not dataset.data:
        return [*found, "unreadable: no data/**/*.parquet"]
    if found:
        return found
    found += schemas(dataset)
    # Files that break the schema break the rest in their own ways.
    if not found:
        for check in OURS:
            found += check(dataset)
        found += reader(dataset)
    return found
