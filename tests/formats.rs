//! Every format holds the same rows, read back by other programs' code: serde_json, SQLite and polars.

mod support;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use polars::prelude::{AnyValue, DataFrame, IpcReader, ParquetReader, SerReader};
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde_json::Value;
use support::{csv_rows, files, generate};

/// A value as all formats can say it: numbers by their value, everything else as text.
#[derive(Clone, Debug, PartialEq)]
enum Cell {
    None,
    Number(f64),
    Text(String),
}

/// The columns and the rows of a table.
type Rows = (Vec<String>, Vec<Vec<String>>);

/// One claims dataset in all formats.
fn folder() -> &'static PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        generate(
            "claims-formats",
            "specs/claims-prototype.yaml",
            &["--to", "csv,parquet,ndjson,json,sql,sqlite:claims.sqlite,arrow"],
        )
    })
}

/// Rows of each table of the CSV files, with their columns.
fn expected() -> &'static BTreeMap<String, Rows> {
    static ROWS: OnceLock<BTreeMap<String, Rows>> = OnceLock::new();
    ROWS.get_or_init(|| {
        let tables = files(folder()).into_iter().filter_map(|name| name.strip_suffix(".csv").map(str::to_owned));
        tables
            .map(|table| {
                let mut rows = csv_rows(&folder().join(format!("{table}.csv")));
                let header = rows.remove(0);
                (table, (header, rows))
            })
            .collect()
    })
}

/// Fails unless a row read from another format says what the CSV row says.
#[track_caller]
fn assert_row(what: &str, columns: &[String], csv: &[String], cells: &[Cell]) {
    assert_eq!(csv.len(), cells.len(), "{what}");
    for ((column, csv), cell) in columns.iter().zip(csv).zip(cells) {
        let same = match cell {
            Cell::None => csv.is_empty(),
            Cell::Number(number) => {
                csv.parse::<f64>().is_ok_and(|value| value == *number)
                    || csv == if *number == 0.0 { "false" } else { "true" }
            }
            Cell::Text(text) if csv.starts_with('[') => {
                let list = |text: &str| serde_json::from_str::<Vec<String>>(text).ok();
                list(csv) == list(text)
            }
            Cell::Text(text) => csv == text,
        };
        assert!(same, "{what}, {column}: {csv:?} in CSV, {cell:?}");
    }
}

fn of_json(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::None,
        Value::Number(number) => number.as_f64().map_or(Cell::None, Cell::Number),
        Value::String(text) => Cell::Text(text.clone()),
        other => Cell::Text(other.to_string()),
    }
}

#[track_caller]
fn assert_objects(format: &str, table: &str, objects: &[Value]) {
    let (columns, rows) = &expected()[table];
    assert_eq!(objects.len(), rows.len(), "{format}: {table}");
    for (object, row) in objects.iter().zip(rows) {
        let object = object.as_object().expect("an object");
        assert!(object.keys().eq(columns.iter()), "{format}: {table}: {:?}", object.keys());
        let cells: Vec<Cell> = object.values().map(of_json).collect();
        assert_row(&format!("{format}: {table}"), columns, row, &cells);
    }
}

#[test]
fn there_are_eleven_tables() {
    assert_eq!(expected().len(), 11, "{:?}", expected().keys());
}

#[test]
fn json_arrays_hold_the_rows_of_the_csv_files() {
    for table in expected().keys() {
        let text = std::fs::read_to_string(folder().join(format!("{table}.json"))).expect("a file");
        assert_objects(
            "json",
            table,
            serde_json::from_str::<Value>(&text).expect("JSON").as_array().expect("an array"),
        );
    }
}

#[test]
fn ndjson_lines_hold_the_rows_of_the_csv_files() {
    for table in expected().keys() {
        let text = std::fs::read_to_string(folder().join(format!("{table}.ndjson"))).expect("a file");
        let objects: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_objects("ndjson", table, &objects);
    }
}

#[track_caller]
fn assert_database(format: &str, connection: &Connection) {
    for (table, (columns, rows)) in expected() {
        let mut statement = connection.prepare(&format!("select * from \"{table}\" order by rowid")).expect("a table");
        assert!(statement.column_names().eq(columns.iter().map(String::as_str)), "{format}: {table}");
        let mut found = statement.query([]).expect("rows");
        let mut count = 0;
        while let Some(row) = found.next().expect("a row") {
            let cell = |place| match row.get_ref(place).expect("a value") {
                ValueRef::Null => Cell::None,
                ValueRef::Integer(number) => Cell::Number(number as f64),
                ValueRef::Real(number) => Cell::Number(number),
                ValueRef::Text(text) | ValueRef::Blob(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
            };
            let cells: Vec<Cell> = (0..columns.len()).map(cell).collect();
            assert_row(&format!("{format}: {table}"), columns, &rows[count], &cells);
            count += 1;
        }
        assert_eq!(count, rows.len(), "{format}: {table}");
    }
}

#[test]
fn the_sqlite_database_holds_the_rows_of_the_csv_files_with_keys_and_indexes() {
    let connection = Connection::open(folder().join("claims.sqlite")).expect("a database");
    assert_database("sqlite", &connection);
    let keys: i64 = connection
        .query_row("select count(*) from pragma_foreign_key_list('claim')", [], |row| row.get(0))
        .expect("a count");
    assert!(keys >= 4, "{keys}");
    let broken = connection.prepare("pragma foreign_key_check").expect("a statement").exists([]).expect("an answer");
    assert!(!broken);
    let indexes: i64 = connection
        .query_row("select count(*) from sqlite_master where type = 'index'", [], |row| row.get(0))
        .expect("a count");
    assert!(indexes > 10, "{indexes}");
}

#[test]
fn the_sql_script_runs_and_holds_the_rows_of_the_csv_files() {
    let script = std::fs::read_to_string(folder().join("dataset.sql")).expect("a script");
    let connection = Connection::open_in_memory().expect("a database");
    connection.execute_batch("pragma foreign_keys = on").expect("a setting");
    connection.execute_batch(&script).expect("the script runs");
    assert_database("sql", &connection);
}

fn of_frame(value: &AnyValue<'_>) -> Cell {
    match value {
        AnyValue::Null => Cell::None,
        AnyValue::Boolean(is) => Cell::Number(f64::from(u8::from(*is))),
        AnyValue::String(text) => Cell::Text((*text).to_owned()),
        AnyValue::StringOwned(text) => Cell::Text(text.to_string()),
        AnyValue::Date(_) => Cell::Text(value.to_string()),
        AnyValue::Datetime(..) => Cell::Text(value.to_string().trim_end_matches(".000000").replace(' ', "T")),
        AnyValue::List(items) => {
            let items: Vec<String> =
                items.str().expect("text").iter().map(|item| item.unwrap_or("").to_owned()).collect();
            Cell::Text(serde_json::to_string(&items).expect("JSON"))
        }
        AnyValue::Decimal(..) => value.to_string().parse().map_or(Cell::None, Cell::Number),
        other => other.extract::<f64>().map_or(Cell::Text(other.to_string()), Cell::Number),
    }
}

#[track_caller]
fn assert_frames(format: &str, read: impl Fn(&Path) -> DataFrame) {
    for (table, (columns, rows)) in expected() {
        let frame = read(&folder().join(format!("{table}.{format}")));
        assert_eq!(frame.height(), rows.len(), "{format}: {table}");
        assert_eq!(frame.get_column_names().iter().map(|name| name.to_string()).collect::<Vec<_>>(), *columns);
        for (number, row) in rows.iter().enumerate() {
            let cells: Vec<Cell> =
                frame.columns().iter().map(|column| of_frame(&column.get(number).expect("a value"))).collect();
            assert_row(&format!("{format}: {table}"), columns, row, &cells);
        }
    }
}

#[test]
fn parquet_files_hold_the_rows_of_the_csv_files() {
    assert_frames("parquet", |path| ParquetReader::new(File::open(path).expect("a file")).finish().expect("Parquet"));
}

#[test]
fn arrow_files_hold_the_rows_of_the_csv_files() {
    assert_frames("arrow", |path| IpcReader::new(File::open(path).expect("a file")).finish().expect("Arrow"));
}
