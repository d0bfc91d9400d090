//! Columns are typed by their values, and codes stay text.

use std::collections::BTreeMap;

use manikin_spec::document::DataType;
use manikin_spec::read;
use manikin_spec::table::{Table, Values};

fn table(spec: &str, csv: &str) -> Table {
    let files: BTreeMap<String, String> =
        [("s/a.yaml", spec), ("s/codes/t.csv", csv)].map(|(name, text)| (name.to_owned(), text.to_owned())).into();
    let mut reading = read("s/a.yaml", &files);
    assert!(reading.diagnostics.is_empty(), "{:?}", reading.diagnostics);
    reading.tables.shift_remove("t").expect("the table is read")
}

const SPEC: &str = "tables: {t: {csv: codes/t.csv, columns: {icd: text}}}\n";

fn types(table: &Table) -> Vec<DataType> {
    table.columns.iter().map(|column| column.values.data_type()).collect()
}

#[test]
fn types_follow_from_the_values_and_leading_zeros_make_text() {
    let csv = "\u{feff}int,float,flag,day,zip,name,icd,empty\r\n\
               1,1,true,2024-02-29,00501,\"a, b\",10,\r\n\
               -2,2.5e-3,false,,10001,,,\r\n";
    let table = table(SPEC, csv);
    use DataType::{Boolean, Date, Integer, Number, Text};
    assert_eq!(types(&table), [Integer, Number, Boolean, Date, Text, Text, Text, Text]);
    assert_eq!(table.rows, 2);
    assert_eq!(table.column("int").map(|c| &c.values), Some(&Values::Integer(vec![Some(1), Some(-2)])));
    let name = &table.column("name").expect("a column").values;
    assert_eq!(name.text(0).as_deref(), Some("a, b"));
    assert!(name.is_null(1));
    assert_eq!(table.column("zip").and_then(|c| c.values.text(0)).as_deref(), Some("00501"));
    assert_eq!(table.column("icd").and_then(|c| c.values.text(0)).as_deref(), Some("10"));
}

#[test]
fn rows_written_in_the_document_are_typed_alike_and_quotes_make_text() {
    let spec = "tables: {t: {rows: [{a: 1, b: '1', c: 2025-01-01}, {a: 2.5, d: true, b: 00012}, {a: null}]}}\n";
    let table = table(spec, "");
    use DataType::{Boolean, Date, Number, Text};
    assert_eq!(types(&table), [Number, Text, Date, Boolean]);
    assert_eq!(table.rows, 3);
    let column = |name: &str| &table.column(name).expect("a column").values;
    assert_eq!(column("a"), &Values::Number(vec![Some(1.0), Some(2.5), None]));
    assert_eq!(column("d"), &Values::Boolean(vec![None, Some(true), None]));
    assert_eq!(column("b").text(1).as_deref(), Some("00012"));
}
