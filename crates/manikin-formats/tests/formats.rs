//! What each format's bytes are, and that all formats hold the same rows.

mod common;

use std::fs;

use common::{blocks, claim_table, claims, patients, schemas, write};
use manikin_expression::Type;
use manikin_formats::{Constraints, FORMATS, Options, Output, ReadOptions, RowDigest, read_entity, read_files};
use manikin_tables::{Block, ColumnSchema, Table, TableSchema};
use polars::prelude::{DataFrame, NamedFrom, Series};
use std::sync::Arc;

const ALL: [&str; 7] = ["csv", "parquet", "ndjson", "json", "arrow", "sql", "sqlite"];

const CLAIM_CSV: &str = "claim_id,patient_id,note,billed,weight,seen,paid,codes\n\
    1,p1,plain,12.50,0.1,2025-01-31T08:15:00,true,\"[\"\"E11.9\"\",\"\"I10\"\"]\"\n\
    2,p1,,-0.05,-3.0,1969-12-31T23:59:59,false,\n\
    3,Zoë,\"\",0.00,,,,[]\n\
    -9223372036854775808,p1,\"a,\"\"b\"\"\r\nc\\ 'd' ✓\",,1e+300,1970-01-01T00:00:01.500000,true,\"[\"\"a\\\"\"b\"\"]\"\n";

const CLAIM_NDJSON: &str = concat!(
    r#"{"claim_id":1,"patient_id":"p1","note":"plain","billed":12.50,"weight":0.1,"seen":"2025-01-31T08:15:00","paid":true,"codes":["E11.9","I10"]}"#,
    "\n",
    r#"{"claim_id":2,"patient_id":"p1","note":null,"billed":-0.05,"weight":-3.0,"seen":"1969-12-31T23:59:59","paid":false,"codes":null}"#,
    "\n",
    r#"{"claim_id":3,"patient_id":"Zoë","note":"","billed":0.00,"weight":null,"seen":null,"paid":null,"codes":[]}"#,
    "\n",
    r#"{"claim_id":-9223372036854775808,"patient_id":"p1","note":"a,\"b\"\r\nc\\ 'd' ✓","billed":null,"weight":1e+300,"seen":"1970-01-01T00:00:01.500000","paid":true,"codes":["a\"b"]}"#,
    "\n",
);

#[test]
fn csv_is_these_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &["csv"], &Options::default(), &blocks());
    assert_eq!(fs::read_to_string(folder.path().join("claim.csv")).expect("text"), CLAIM_CSV);
    assert_eq!(
        fs::read_to_string(folder.path().join("patient.csv")).expect("text"),
        "patient_id,born\np1,1970-01-01\nZoë,\n"
    );
}

#[test]
fn another_csv_reader_finds_the_same_fields() {
    let mut reader = csv::Reader::from_reader(CLAIM_CSV.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().expect("rows");
    assert_eq!(rows.len(), 4);
    assert_eq!(&rows[0][7], r#"["E11.9","I10"]"#);
    assert_eq!(&rows[3][2], "a,\"b\"\r\nc\\ 'd' ✓");
}

#[test]
fn ndjson_is_these_bytes_and_json_holds_the_same_objects() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &["ndjson", "json"], &Options::default(), &blocks());
    let ndjson = fs::read_to_string(folder.path().join("claim.ndjson")).expect("text");
    assert_eq!(ndjson, CLAIM_NDJSON);
    let json = fs::read_to_string(folder.path().join("claim.json")).expect("text");
    let objects: Vec<serde_json::Value> = serde_json::from_str(&json).expect("an array");
    let lines: Vec<serde_json::Value> =
        ndjson.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    assert_eq!(objects, lines);
}

#[test]
fn every_format_reads_back_as_the_rows_that_were_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let written = write(folder.path(), &["csv", "parquet", "ndjson", "json", "arrow"], &Options::default(), &blocks());
    let expected = RowDigest::of(&claim_table()).expect("a digest");
    assert_eq!(written.entities[0].digest, expected);
    for format in ["csv", "parquet", "ndjson", "json", "arrow"] {
        let file = folder.path().join(format!("claim.{format}"));
        let read = read_files(&[file], &claims(), ReadOptions::default()).expect(format);
        assert_eq!(read.violations, [], "{format}");
        assert!(read.missing.is_empty() && read.unexpected.is_empty(), "{format}");
        assert!(read.table.frame().equals_missing(claim_table().frame()), "{format}: {:?}", read.table.frame());
        assert_eq!(RowDigest::of(&read.table).expect("a digest"), expected, "{format}");
    }
}

#[test]
fn the_digest_ignores_order_and_adds_up_over_partitions() {
    let whole = claim_table();
    let part = |rows: DataFrame| RowDigest::of(&Table::new(claims(), rows).expect("a table")).expect("a digest");
    let (head, tail) = (whole.frame().slice(0, 1), whole.frame().slice(1, 3));
    let all = RowDigest::of(&whole).expect("a digest");
    assert_eq!(part(head.clone()) + part(tail.clone()), all);
    assert_eq!(part(tail.vstack(&head).expect("a frame")), all);
    assert_ne!(part(tail), all);
    assert_eq!(all.to_string().parse(), Ok(all));
}

#[test]
fn the_digest_is_as_documented() {
    let schema = Arc::new(TableSchema::new(
        "t",
        vec![ColumnSchema::new("a", Type::Integer), ColumnSchema::new("b", Type::Text)],
    ));
    let frame = vec![Series::new("a".into(), vec![258_i64]).into(), Series::new("b".into(), vec!["é"]).into()];
    let table = Table::new(schema, DataFrame::new(1, frame).expect("a frame")).expect("a table");
    let bytes = [2, 2, 1, 0, 0, 0, 0, 0, 0, 5, 2, 0, 0, 0, 0xc3, 0xa9];
    let expected = format!("{:032x}", xxhash_rust::xxh3::xxh3_128(&bytes));
    assert_eq!(RowDigest::of(&table).expect("a digest").to_string(), expected);
}

#[test]
fn bytes_do_not_depend_on_the_order_in_which_blocks_are_encoded() {
    let (one, two) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let options = Options { rows_per_group: 3, ..Options::default() };
    let first = write(one.path(), &ALL, &options, &blocks());
    let output = Output::open(&ALL, &options).expect("formats");
    let mut encoded: Vec<_> = std::thread::scope(|scope| {
        let blocks = blocks();
        let threads: Vec<_> = blocks
            .into_iter()
            .rev()
            .map(|block| {
                let output = &output;
                scope.spawn(move || output.encode(&block).expect("an encoded block"))
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    encoded.sort_by_key(|block| block.index());
    let mut writer = output.writer(two.path(), &schemas()).expect("a writer");
    for block in encoded {
        writer.append(block).expect("appended");
    }
    assert_eq!(writer.finish().expect("finished"), first);
}

#[test]
fn blocks_out_of_order_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = Output::open(&["csv"], &Options::default()).expect("formats");
    let mut writer = output.writer(folder.path(), &schemas()).expect("a writer");
    let blocks = blocks();
    writer.append(output.encode(&blocks[1]).expect("encoded")).expect("appended");
    let error = writer.append(output.encode(&blocks[0]).expect("encoded")).expect_err("out of order");
    assert_eq!(error.code(), "MK0907");
}

#[test]
fn large_files_become_parts_whose_rows_are_those_of_the_one_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = Options { rows_per_part: Some(2), ..Options::default() };
    let written = write(folder.path(), &["csv", "parquet"], &options, &blocks());
    let paths: Vec<&str> = written.files.iter().map(|file| file.path.as_str()).collect();
    let expected = [
        "claim/part-00000.csv",
        "claim/part-00001.csv",
        "patient.csv",
        "claim/part-00000.parquet",
        "claim/part-00001.parquet",
        "patient.parquet",
    ];
    assert_eq!(paths, expected);
    let mut joined = String::new();
    for (place, part) in ["claim/part-00000.csv", "claim/part-00001.csv"].iter().enumerate() {
        let text = fs::read_to_string(folder.path().join(part)).expect("text");
        let head = if place == 0 { 0 } else { text.find('\n').expect("a header") + 1 };
        joined.push_str(&text[head..]);
    }
    assert_eq!(joined, CLAIM_CSV);
    let read = read_entity(folder.path(), &claims(), ReadOptions::default()).expect("read");
    assert!(read.table.frame().equals_missing(claim_table().frame()));
}

#[test]
fn parquet_row_groups_follow_from_the_blocks() {
    let whole = claim_table();
    let block = |index: u64| Block { index, tables: vec![whole.clone(), Table::empty(patients())] };
    // Blocks of 4 rows: each is a group of its own, or two make one and the third is left, or all make one.
    for (rows_per_group, groups) in [(1, 3), (5, 2), (100, 1)] {
        let folder = tempfile::tempdir().expect("a folder");
        let options = Options { rows_per_group, spec_digest: Some("abc".to_owned()), ..Options::default() };
        let blocks: Vec<Block> = (0..3).map(block).collect();
        write(folder.path(), &["parquet"], &options, &blocks);
        let mut file = fs::File::open(folder.path().join("claim.parquet")).expect("a file");
        let metadata = polars_parquet::read::read_metadata(&mut file).expect("metadata");
        assert_eq!(metadata.row_groups.len(), groups);
        let keys = metadata.key_value_metadata.as_ref().expect("keys");
        assert_eq!((keys[0].key.as_str(), keys[0].value.as_deref()), ("manikin.spec", Some("abc")));
        let read = read_entity(folder.path(), &claims(), ReadOptions::default()).expect("read");
        assert_eq!(read.table.rows(), 12);
        let digest = RowDigest::of(&whole).expect("a digest");
        assert_eq!(RowDigest::of(&read.table).expect("a digest"), digest + digest + digest);
    }
}

#[test]
fn sqlite_answers_queries_over_keys_and_references() {
    let folder = tempfile::tempdir().expect("a folder");
    let written = write(folder.path(), &["sqlite:claims.sqlite"], &Options::default(), &blocks());
    assert_eq!(written.files[0].path, "claims.sqlite");
    check_database(&rusqlite::Connection::open(folder.path().join("claims.sqlite")).expect("a database"));
}

#[test]
fn the_sql_script_makes_the_same_database() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &["sql"], &Options::default(), &blocks());
    let script = fs::read_to_string(folder.path().join("dataset.sql")).expect("text");
    let connection = rusqlite::Connection::open_in_memory().expect("a database");
    connection.execute_batch("PRAGMA foreign_keys = ON").expect("a setting");
    connection.execute_batch(&script).expect("the script runs");
    check_database(&connection);
}

fn check_database(connection: &rusqlite::Connection) {
    let joined: (i64, f64, String) = connection
        .query_row("SELECT count(*), sum(billed), min(seen) FROM claim JOIN patient USING (patient_id)", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .expect("a row");
    assert_eq!(joined, (4, 12.45, "1969-12-31T23:59:59".to_owned()));
    let note: Option<String> =
        connection.query_row("SELECT note FROM claim WHERE claim_id < 0", [], |row| row.get(0)).expect("a row");
    assert_eq!(note.as_deref(), Some("a,\"b\"\r\nc\\ 'd' ✓"));
    let broken: i64 =
        connection.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0)).expect("a count");
    assert_eq!(broken, 0);
    let indexes: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_master WHERE name = 'claim_patient_id_index'", [], |row| row.get(0))
        .expect("a count");
    assert_eq!(indexes, 1);
}

#[test]
fn a_database_refuses_rows_that_break_a_key_unless_constraints_are_omitted() {
    let twice = |index| Block { index, tables: vec![claim_table(), Table::empty(patients())] };
    for (constraints, refused) in [(Constraints::Declared, true), (Constraints::Omitted, false)] {
        let folder = tempfile::tempdir().expect("a folder");
        let options = Options { constraints, ..Options::default() };
        let output = Output::open(&["sqlite"], &options).expect("formats");
        let mut writer = output.writer(folder.path(), &schemas()).expect("a writer");
        writer.append(output.encode(&twice(0)).expect("encoded")).expect("appended");
        let second = writer.append(output.encode(&twice(1)).expect("encoded"));
        assert_eq!(second.is_err(), refused);
        if let Err(error) = second {
            assert_eq!(error.code(), "MK0906");
            assert!(error.help().is_some_and(|help| help.contains("constraints")), "{error}");
        }
    }
}

#[test]
fn values_that_no_file_holds_are_refused_with_their_place() {
    let schema = Arc::new(TableSchema::new("t", vec![ColumnSchema::new("x", Type::Float)]));
    let frame = vec![Series::new("x".into(), vec![1.0, f64::NAN]).into()];
    let table = Table::new(schema, DataFrame::new(2, frame).expect("a frame")).expect("a table");
    for format in ALL {
        let format = manikin_formats::open(format, &Options::default()).expect("a format");
        let error = format.encode(&table).err().expect("refused");
        assert_eq!(
            (error.code(), error.to_string().as_str()),
            ("MK0905", "t.x, row 2 of its block: NaN is not a finite number")
        );
    }
}

#[test]
fn formats_are_found_by_name_or_refused_with_the_list() {
    let listed: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
    assert!(ALL.iter().all(|name| listed.contains(name)));
    let error = |asked: &str| manikin_formats::open(asked, &Options::default()).err().expect("refused");
    assert_eq!(error("cvs").code(), "MK0903");
    assert!(error("cvs").help().is_some_and(|help| help.contains("parquet")));
    assert_eq!(error("csv:x.csv").code(), "MK0904");
    assert_eq!(error("sqlite:../x.sqlite").code(), "MK0904");
    assert_eq!(Output::open(&["sql:a.sql", "sql:b.sql"], &Options::default()).err().expect("refused").code(), "MK0904");
}
