//! How fast one core turns a table of lab results into bytes, per format, and digests its rows.
//!
//! Throughput is counted in bytes of CSV for every format, so that the numbers compare.

use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use manikin_expression::Type;
use manikin_formats::{Options, RowDigest, open};
use manikin_tables::{ColumnSchema, Table, TableSchema, physical_type};
use polars::prelude::{Column, DataFrame, NamedFrom, Series};

const ROWS: usize = 50_000;

/// Lab results: two UUIDs, ids, a code, a value with its range, a unit, a time, a flag; a tenth of the flags missing.
fn lab_results() -> Table {
    let columns = vec![
        ColumnSchema::new("lab_result_id", Type::Text),
        ColumnSchema::new("patient_id", Type::Text),
        ColumnSchema::new("encounter_id", Type::Integer),
        ColumnSchema::new("loinc", Type::Text),
        ColumnSchema::new("name", Type::Text),
        ColumnSchema::new("value", Type::Float),
        ColumnSchema::new("unit", Type::Text),
        ColumnSchema::new("low", Type::Decimal(1)),
        ColumnSchema::new("high", Type::Decimal(1)),
        ColumnSchema::new("taken_at", Type::DateTime),
        ColumnSchema::new("abnormal", Type::Boolean),
        ColumnSchema::new("comment", Type::Text),
    ];
    let names = ["Glucose, fasting", "Haemoglobin A1c", "Creatinine", "Potassium"];
    // A multiplicative step is enough of a mix for text that is not all alike.
    let mixed = |row: usize| (row as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let uuid = |row: usize| {
        let (a, b) = (mixed(row), mixed(row + ROWS));
        format!(
            "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
            a >> 32,
            a & 0xffff,
            b >> 52,
            b & 0xfff,
            (a ^ b) & 0xffff_ffff_ffff
        )
    };
    let rows = 0..ROWS;
    let series: Vec<Series> = vec![
        Series::new("".into(), rows.clone().map(uuid).collect::<Vec<_>>()),
        Series::new("".into(), rows.clone().map(|row| uuid(row / 20)).collect::<Vec<_>>()),
        Series::new("".into(), rows.clone().map(|row| (mixed(row) >> 40) as i64).collect::<Vec<_>>()),
        Series::new("".into(), rows.clone().map(|row| format!("{}-{}", 2000 + row % 97, row % 10)).collect::<Vec<_>>()),
        Series::new("".into(), rows.clone().map(|row| names[row % 4]).collect::<Vec<_>>()),
        Series::new("".into(), rows.clone().map(|row| (mixed(row) >> 44) as f64 / 1000.0).collect::<Vec<_>>()),
        Series::new("".into(), rows.clone().map(|row| ["mg/dL", "mmol/mol", "%"][row % 3]).collect::<Vec<_>>()),
        Series::new("".into(), rows.clone().map(|row| (row % 700) as i64).collect::<Vec<_>>()),
        Series::new("".into(), rows.clone().map(|row| (row % 700 + 300) as i64).collect::<Vec<_>>()),
        Series::new(
            "".into(),
            rows.clone()
                .map(|row| 1_700_000_000_000_000 + (mixed(row) >> 30) as i64 * 60_000_000 % 31_536_000_000_000)
                .collect::<Vec<_>>(),
        ),
        Series::new("".into(), rows.clone().map(|row| (row % 10 != 0).then_some(row % 7 == 0)).collect::<Vec<_>>()),
        Series::new(
            "".into(),
            rows.map(|row| (row % 20 == 0).then_some("haemolysed \"slightly\"")).collect::<Vec<_>>(),
        ),
    ];
    let frame: Vec<Column> = series
        .into_iter()
        .zip(&columns)
        .map(|(series, column)| {
            let series = series.cast(&physical_type(&column.ty)).expect("the physical type");
            series.with_name(column.name.as_str().into()).into()
        })
        .collect();
    let schema = Arc::new(TableSchema::new("lab_result", columns));
    Table::new(schema, DataFrame::new(ROWS, frame).expect("a frame")).expect("a table")
}

fn writers(criterion: &mut Criterion) {
    let table = lab_results();
    let options = Options { rows_per_group: ROWS, ..Options::default() };
    let folder = tempfile::tempdir().expect("a folder");
    let csv = open("csv", &options).expect("a format");
    let mut writer = csv.writer(folder.path(), &[table.schema().clone()]).expect("a writer");
    writer.append(0, csv.encode(&table).expect("encoded")).expect("appended");
    let bytes = writer.finish().expect("finished")[0].bytes;

    let mut group = criterion.benchmark_group("encode");
    group.throughput(Throughput::Bytes(bytes)).sample_size(20);
    for name in ["csv", "ndjson", "sql", "parquet"] {
        let format = open(name, &options).expect("a format");
        group.bench_function(name, |bencher| bencher.iter(|| format.encode(&table).expect("encoded").rows()));
    }
    group.bench_function("digest", |bencher| bencher.iter(|| RowDigest::of(&table).expect("a digest")));
    group.finish();
}

criterion_group!(benches, writers);
criterion_main!(benches);
