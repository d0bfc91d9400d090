//! Tables that the tests write and read.

#![allow(dead_code, reason = "each test file uses some of it")]

use std::path::Path;
use std::sync::Arc;

use manikin_expression::Type;
use manikin_formats::{Options, Output, Written};
use manikin_tables::{Block, ColumnSchema, Table, TableSchema, physical_type};
use polars::prelude::{Column, DataFrame, NamedFrom, Series};

/// A column from values in their physical form.
pub(crate) fn column<T, P: ?Sized>(schema: &ColumnSchema, values: T) -> Column
where
    Series: NamedFrom<T, P>,
{
    let series = Series::new(schema.name.as_str().into(), values);
    series.cast(&physical_type(&schema.ty)).expect("the physical type").into()
}

pub(crate) fn patients() -> Arc<TableSchema> {
    let columns = vec![ColumnSchema::new("patient_id", Type::Text), ColumnSchema::new("born", Type::Date)];
    Arc::new(TableSchema::new("patient", columns).with_key(["patient_id"]))
}

pub(crate) fn claims() -> Arc<TableSchema> {
    let columns = vec![
        ColumnSchema::new("claim_id", Type::Integer),
        ColumnSchema::new("patient_id", Type::Text).required().references("patient", "patient_id"),
        ColumnSchema::new("note", Type::Text),
        ColumnSchema::new("billed", Type::Decimal(2)),
        ColumnSchema::new("weight", Type::Float),
        ColumnSchema::new("seen", Type::DateTime),
        ColumnSchema::new("paid", Type::Boolean),
        ColumnSchema::new("codes", Type::List(Box::new(Type::Text))),
    ];
    Arc::new(TableSchema::new("claim", columns).with_key(["claim_id"]))
}

pub(crate) fn patient_table() -> Table {
    let schema = patients();
    let frame =
        vec![column(&schema.columns[0], vec!["p1", "Zoë"]), column(&schema.columns[1], vec![Some(0_i32), None])];
    Table::new(schema, DataFrame::new(2, frame).expect("a frame")).expect("a table")
}

/// Four rows with everything that makes text formats stumble.
pub(crate) fn claim_table() -> Table {
    let schema = claims();
    let lists = vec![
        Some(Series::new("".into(), vec!["E11.9", "I10"])),
        None,
        Some(Series::new("".into(), Vec::<String>::new())),
        Some(Series::new("".into(), vec!["a\"b"])),
    ];
    let frame = vec![
        column(&schema.columns[0], vec![1_i64, 2, 3, i64::MIN]),
        column(&schema.columns[1], vec!["p1", "p1", "Zoë", "p1"]),
        column(&schema.columns[2], vec![Some("plain"), None, Some(""), Some("a,\"b\"\r\nc\\ 'd' ✓")]),
        column(&schema.columns[3], vec![Some(1250_i64), Some(-5), Some(0), None]),
        column(&schema.columns[4], vec![Some(0.1), Some(-3.0), None, Some(1e300)]),
        column(&schema.columns[5], vec![Some(1_738_311_300_000_000_i64), Some(-1_000_000), None, Some(1_500_000)]),
        column(&schema.columns[6], vec![Some(true), Some(false), None, Some(true)]),
        column(&schema.columns[7], lists),
    ];
    Table::new(schema, DataFrame::new(4, frame).expect("a frame")).expect("a table")
}

pub(crate) fn empty(schema: Arc<TableSchema>) -> Table {
    Table::empty(schema)
}

/// The claims in three blocks, of 2, 0 and 2 rows, with the patients in the first. Claims come first in the plan.
pub(crate) fn blocks() -> Vec<Block> {
    let claims = claim_table();
    let part = |from: i64, rows: usize| {
        Table::new(claims.schema().clone(), claims.frame().slice(from, rows)).expect("a table")
    };
    vec![
        Block { index: 0, tables: vec![part(0, 2), patient_table()] },
        Block { index: 1, tables: vec![part(2, 0), empty(patients())] },
        Block { index: 5, tables: vec![part(2, 2), empty(patients())] },
    ]
}

pub(crate) fn schemas() -> Vec<Arc<TableSchema>> {
    vec![claims(), patients()]
}

/// Writes blocks into a folder.
pub(crate) fn write(folder: &Path, formats: &[&str], options: &Options, blocks: &[Block]) -> Written {
    let output = Output::open(formats, options).expect("formats");
    let mut writer = output.writer(folder, &schemas()).expect("a writer");
    for block in blocks {
        writer.append(output.encode(block).expect("an encoded block")).expect("appended");
    }
    writer.finish().expect("finished")
}
