//! Files from elsewhere: typed by a schema or by inference, with every misfit reported.

mod common;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use common::{claims, patients};
use manikin_expression::Type;
use manikin_formats::{FormatError, ReadOptions, ReadTable, entities, infer_entity, read_entity};
use manikin_tables::{ColumnSchema, TableSchema};
use proptest::prelude::*;

fn read(text: &[u8], schema: &Arc<TableSchema>) -> Result<ReadTable, FormatError> {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join(format!("{}.csv", schema.entity)), text).expect("written");
    read_entity(folder.path(), schema, ReadOptions::default())
}

#[test]
fn a_value_of_another_type_is_reported_with_its_row_and_line() {
    let text = "born;patient_id;extra\r\n1970-01-02;\"a\nb\";\r\nyesterday;c;x\r\n\r\n";
    let read = read(text.as_bytes(), &patients()).expect("read");
    assert_eq!(read.table.rows(), 2);
    assert_eq!(read.unexpected, ["extra"]);
    let [violation] = read.violations.as_slice() else { panic!("one violation: {:?}", read.violations) };
    assert_eq!((violation.row, violation.line, violation.value.as_str()), (2, Some(4), "yesterday"));
    assert_eq!((violation.column.as_str(), &violation.expected), ("born", &Type::Date));
    assert_eq!(read.table.frame().column("born").expect("a column").null_count(), 1);
}

#[test]
fn missing_columns_are_named() {
    let read = read(b"patient_id\np1\n", &patients()).expect("read");
    assert_eq!(read.missing, ["born"]);
    assert_eq!(read.table.frame().column("born").expect("a column").null_count(), 1);
}

#[test]
fn broken_files_are_explained_with_file_and_line() {
    let message = |text: &[u8]| {
        let error = read(text, &patients()).expect_err("broken");
        assert!(["MK0003", "MK0908"].contains(&error.code()));
        let text = error.to_string();
        text[text.find("patient.csv").expect("the file")..].to_owned()
    };
    assert_eq!(message(b"patient_id,born\np1,\xff\n"), "patient.csv:2: not UTF-8");
    assert_eq!(message(b"patient_id,born\np1,\np2\n"), "patient.csv:3: 1 fields, expected 2");
    assert_eq!(message(b"patient_id,born\n\"p1,\n"), "patient.csv:2: a quoted field is opened and never closed");
    assert_eq!(message(b"patient_id,born\n\"p1\"x,\n"), "patient.csv:2: text follows the closing quote of a field");
    assert_eq!(message(b""), "patient.csv: the file is empty, expected a header");
    assert_eq!(message(b"born,born\n"), "patient.csv: column \"born\" is named twice");
    let folder = tempfile::tempdir().expect("a folder");
    let error = read_entity(folder.path(), &patients(), ReadOptions::default()).expect_err("no file");
    assert_eq!(error.code(), "MK0801");
    fs::write(folder.path().join("patient.parquet"), b"PAR1 no, it is not PAR1").expect("written");
    assert_eq!(read_entity(folder.path(), &patients(), ReadOptions::default()).expect_err("damaged").code(), "MK0906");
}

#[test]
fn types_are_inferred_and_codes_with_leading_zeros_stay_text() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "flag,zip,n,money,x,day,at,codes,name,nothing\n\
        true,01234,1,12.50,1.5,2025-01-31,2025-01-31T08:00:00,\"[\"\"a\"\"]\",A,\n\
        ,90210,-2,-0.05,2e3,,2025-01-31 08:00,[],\"\",\n";
    fs::write(folder.path().join("visit.csv"), text).expect("written");
    assert_eq!(entities(folder.path()).expect("listed"), ["visit"]);
    let table = infer_entity(folder.path(), "visit", ReadOptions::default()).expect("read");
    let types: Vec<String> = table.schema().columns.iter().map(|column| column.ty.to_string()).collect();
    let expected =
        ["boolean", "text", "integer", "decimal(2)", "float", "date", "datetime", "list of text", "text", "text"];
    assert_eq!(types, expected);
    let money = table.frame().column("money").expect("a column").i64().expect("units").to_vec();
    assert_eq!(money, [Some(1250), Some(-5)]);
    let names = table.frame().column("name").expect("a column").clone();
    assert_eq!(names.null_count(), 0, "a quoted empty field is an empty text");
}

#[test]
fn ndjson_values_of_another_kind_are_reported() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "{\"claim_id\": 1, \"billed\": 0.5, \"paid\": \"yes\"}\n\n{\"claim_id\": \"2\", \"billed\": 0.125}\n";
    fs::write(folder.path().join("claim.ndjson"), text).expect("written");
    let read = read_entity(folder.path(), &claims(), ReadOptions::default()).expect("read");
    let found: Vec<(u64, Option<u64>, &str, &str)> =
        read.violations.iter().map(|v| (v.row, v.line, v.column.as_str(), v.value.as_str())).collect();
    assert_eq!(
        found,
        [(1, Some(1), "paid", "\"yes\""), (2, Some(3), "claim_id", "\"2\""), (2, Some(3), "billed", "0.125")]
    );
    assert!(read.missing.contains(&"seen".to_owned()));
    assert_eq!(read.table.frame().column("billed").expect("a column").i64().expect("units").to_vec(), [Some(50), None]);
}

fn one_text_column() -> Arc<TableSchema> {
    Arc::new(TableSchema::new("t", vec![ColumnSchema::new("a", Type::Text), ColumnSchema::new("b", Type::Float)]))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        let _ = read(&bytes, &one_text_column());
        let mut file = b"a,b\n".to_vec();
        file.extend_from_slice(&bytes);
        let _ = read(&file, &one_text_column());
    }

    #[test]
    fn any_text_survives_csv_and_json(
        texts in proptest::collection::vec(proptest::option::of("[ -~\"\n\r,;é✓\\x00]{0,12}"), 0..6),
    ) {
        use manikin_formats::{Options, Output, read_files};
        use manikin_tables::{Block, Table};
        use polars::prelude::{DataFrame, NamedFrom, Series};

        let schema = one_text_column();
        let rows = texts.len();
        let numbers: Vec<Option<f64>> = (0..rows).map(|row| (row % 2 == 0).then_some(row as f64 / 3.0)).collect();
        let columns = vec![Series::new("a".into(), texts).into(), Series::new("b".into(), numbers).into()];
        let columns: Vec<polars::prelude::Column> = columns;
        let columns = columns.into_iter().zip([polars::prelude::DataType::String, polars::prelude::DataType::Float64])
            .map(|(column, dtype)| column.cast(&dtype).expect("a cast")).collect();
        let table = Table::new(schema.clone(), DataFrame::new(rows, columns).expect("a frame")).expect("a table");
        let folder = tempfile::tempdir().expect("a folder");
        let output = Output::open(&["csv", "ndjson", "json"], &Options::default()).expect("formats");
        let mut writer = output.writer(folder.path(), std::slice::from_ref(&schema)).expect("a writer");
        writer.append(output.encode(&Block { index: 0, tables: vec![table.clone()] }).expect("encoded")).expect("appended");
        writer.finish().expect("finished");
        for format in ["csv", "ndjson", "json"] {
            let file = folder.path().join(format!("t.{format}"));
            let read = read_files(&[file], &schema, ReadOptions { delimiter: Some(b',') }).expect(format);
            prop_assert!(read.table.frame().equals_missing(table.frame()), "{format}: {:?}", read.table.frame());
        }
    }
}

#[test]
fn an_entity_name_from_elsewhere_does_not_lead_out_of_the_folder() {
    let schema = Arc::new(TableSchema::new("../t", vec![ColumnSchema::new("a", Type::Text)]));
    let output = manikin_formats::Output::open(&["csv"], &manikin_formats::Options::default()).expect("formats");
    let error = output.writer(Path::new("."), &[schema]).err().expect("refused");
    assert_eq!(error.code(), "MK0904");
}
