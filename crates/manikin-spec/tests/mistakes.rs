//! Each class of bad input has its code, its place and a message that helps.

use std::collections::BTreeMap;

use manikin_diagnostic::Color;
use manikin_spec::files::Disk;
use manikin_spec::{Reading, read};

fn reading(files: &[(&str, &[u8])]) -> Reading {
    let files: BTreeMap<String, Vec<u8>> =
        files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect();
    read("a.yaml", &files)
}

/// What the reader sees for one file.
fn shown(text: &str) -> String {
    let reading = reading(&[("a.yaml", text.as_bytes())]);
    reading.diagnostics.render(&reading.sources, Color::Never)
}

/// Code, line and column of every diagnostic.
fn codes(files: &[(&str, &[u8])]) -> Vec<String> {
    let reading = reading(files);
    let json = reading.diagnostics.to_json(&reading.sources);
    let list = json["diagnostics"].as_array().cloned().unwrap_or_default();
    list.iter()
        .map(|one| {
            let file = one["file"].as_str().unwrap_or("-");
            format!("{} {file}:{}:{}", one["code"].as_str().unwrap_or("-"), one["line"], one["column"])
        })
        .collect()
}

fn code(text: &str) -> Vec<String> {
    codes(&[("a.yaml", text.as_bytes())])
}

#[test]
fn files_that_are_no_documents_say_so() {
    assert_eq!(codes(&[]), ["MK0001 -:null:null"]);
    assert_eq!(code(""), ["MK0010 a.yaml:1:1"]);
    assert_eq!(code("# nothing but a comment\n"), ["MK0010 a.yaml:1:1"]);
    assert_eq!(code("---\n...\n"), ["MK0010 a.yaml:1:1"]);
    assert_eq!(code("- a\n- b\n"), ["MK0110 a.yaml:1:1"]);
    assert_eq!(code("manikin: 1\n---\nmanikin: 1\n"), ["MK0009 a.yaml:2:1"]);
    assert_eq!(codes(&[("a.yaml", b"title: M\xfcller\n")]), ["MK0003 a.yaml:1:9"]);
    assert_eq!(codes(&[("a.yaml", b"\xff\xfem\0a\0")]), ["MK0003 a.yaml:1:1"]);
    assert_eq!(codes(&[("a.yaml", &vec![b' '; (16 << 20) + 1])]), ["MK0004 -:null:null"]);
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_do_no_harm() {
    assert_eq!(code("\u{feff}manikin: 1\r\nproduct: x\r\n"), [""; 0]);
    assert_eq!(code("\u{feff}manikin: 1\r\nprodukt: x\r\n"), ["MK0101 a.yaml:2:1"]);
}

#[test]
fn a_file_of_100_mb_is_refused_unread() {
    let folder = std::env::temp_dir().join(format!("manikin-spec-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for the test");
    let file = std::fs::File::create(folder.join("a.yaml")).expect("a file for the test");
    file.set_len(100_000_000).expect("a length for the test");
    let reading = read("a.yaml", &Disk::under(&folder));
    std::fs::remove_dir_all(&folder).expect("the folder goes");
    assert_eq!(
        reading.diagnostics.render(&reading.sources, Color::Never),
        "\
error[MK0004]: `a.yaml` is larger than a document may be (16 MiB)
 |
 = help: put large code lists and tables into CSV files and name them under `tables`

1 error
"
    );
}

#[test]
fn yaml_that_does_not_parse_shows_where() {
    assert_eq!(
        shown("period: {from: 2025-01-01\nseed: 7\n"),
        "\
error[MK0005]: not valid YAML: while parsing a flow mapping, did not find expected ',' or '}'
 --> a.yaml:2:5
  |
2 | seed: 7
  |     ^
  |
  = help: `manikin explain MK0005` shows how to write it

1 error
"
    );
    assert_eq!(
        shown("entities:\n\tpatient: {}\n"),
        "\
error[MK0005]: not valid YAML: tabs disallowed within this context (block indentation)
 --> a.yaml:2:2
  |
2 |     patient: {}
  |     ^
  |
  = help: indent with spaces; YAML does not allow tabs there

1 error
"
    );
    assert_eq!(code("title: \"open\n"), ["MK0005 a.yaml:1:8"]);
    assert_eq!(code("title: *nobody\n"), ["MK0005 a.yaml:1:8"]);
    assert_eq!(code("a: &x [*x]\n"), ["MK0005 a.yaml:1:8"]);
}

#[test]
fn keys_given_twice_or_that_are_no_text_are_refused() {
    assert_eq!(
        shown("seed: 1\ntitle: x\nseed: 2\n"),
        "\
error[MK0008]: key `seed` is given twice in one map
 --> a.yaml:3:1
  |
1 | seed: 1
  | ---- first here
2 | title: x
3 | seed: 2
  | ^^^^ again here
  |
  = help: `manikin explain MK0008` shows how to write it

1 error
"
    );
    assert_eq!(code("[a, b]: 1\ntitle: x\n"), ["MK0011 a.yaml:1:1"]);
    assert_eq!(code(": 1\n"), ["MK0011 a.yaml:1:1"]);
    assert_eq!(code("seed: !many 12\n"), ["MK0013 a.yaml:1:7", "MK0102 a.yaml:1:13"]);
    assert_eq!(code("settings: {<<: 1}\n"), ["MK0012 a.yaml:1:12"]);
}

#[test]
fn bombs_are_refused_at_once() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let row = format!("*a{}, ", level - 1).repeat(9);
        bomb.push_str(&format!("a{level}: &a{level} [{row}]\n"));
    }
    let found = code(&bomb);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("MK0007"), "{found:?}");
    let long = format!("a: &a \"{}\"\nb: [{}]\n", "x".repeat(1 << 20), "*a, ".repeat(10_000));
    assert!(code(&long)[0].starts_with("MK0007"));
    let deep = format!("a: {}1{}\n", "[".repeat(2000), "]".repeat(2000));
    assert_eq!(code(&deep), ["MK0006 a.yaml:1:68"]);
    let deep: String = (0..200).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    assert_eq!(code(&deep), ["MK0006 a.yaml:65:65"]);
    let chain: String = std::iter::once("a0: &a0 [x]\n".to_owned())
        .chain((1..100).map(|level| format!("a{level}: &a{level} [*a{}]\n", level - 1)))
        .collect();
    assert!(code(&chain)[0].starts_with("MK0006"));
    let wide = format!("a: [{}]\n", "1,".repeat(1_000_001));
    assert!(code(&wide)[0].starts_with("MK0007"));
}

#[test]
fn every_mistake_of_shape_is_found_at_once_with_its_place() {
    assert_eq!(
        shown(
            "manikin: 2
seed: seven
period: {form: 2025-01-01, to: 2025-12-31}
entities:
  patient:
    count: [1]
    fields:
      sex: {choice: {F: 51%, M: 49%}, privacy: secret}
      age: {normal: {mean: 58}, derive: x}
"
        ),
        "\
error[MK0108]: the number must be 1
 --> a.yaml:1:10
  |
1 | manikin: 2
  |          ^ got 2
  |
  = help: `manikin explain MK0108` shows how to write it

error[MK0102]: expected a whole number, found text
 --> a.yaml:2:7
  |
2 | seed: seven
  |       ^^^^^ found `seven`
  |
  = help: `seed`: Seed of generation: the same spec and seed give the same data

error[MK0103]: key `from` is missing
 --> a.yaml:3:1
  |
3 | period: {form: 2025-01-01, to: 2025-12-31}
  | ^^^^^^
  |
  = help: `from`: First day, `YYYY-MM-DD`

error[MK0101]: key `form` is not known here
 --> a.yaml:3:10
  |
3 | period: {form: 2025-01-01, to: 2025-12-31}
  |          ^^^^
  |
  = help: did you mean `from`?
  = help: the keys here are `from`, `to` and `origin`

error[MK0102]: expected a whole number, text or a map, found a list
 --> a.yaml:6:12
  |
6 |     count: [1]
  |            ^^^ found a list
  |
  = help: a whole number: This many
  = help: text: As many as the expression says
  = help: a map: As many as the distribution gives, or a total spread over the parents

error[MK0104]: `secret` is not one of the words allowed here
 --> a.yaml:8:48
  |
8 |       sex: {choice: {F: 51%, M: 49%}, privacy: secret}
  |                                                ^^^^^^
  |
  = help: write `identifier`, `quasi_identifier`, `sensitive` or `none`

error[MK0105]: `normal` and `derive` are both generators; a field has one
 --> a.yaml:9:33
  |
9 |       age: {normal: {mean: 58}, derive: x}
  |             ------              ^^^^^^ the second one
  |             |
  |             the first one
  |
  = help: keep one of them; to choose by a condition, use `cases`

7 errors
"
    );
}

#[test]
fn variants_and_unions_are_told_apart_by_what_is_written() {
    let spread = |text: &str| code(&format!("entities: {{a: {{count: {{total: 5, spread: {text}}}}}}}\n"));
    assert_eq!(spread("{gamma: {shape: 1.2}}"), [""; 0]);
    assert_eq!(spread("{gama: {shape: 1.2}}").len(), 1);
    assert!(spread("{gama: {shape: 1.2}}")[0].starts_with("MK0101"));
    assert!(spread("{gamma: {}}")[0].starts_with("MK0103"));
    assert!(spread("{gamma: {shape: x}}")[0].starts_with("MK0102"));
    assert!(spread("{}")[0].starts_with("MK0103"));
    assert_eq!(code("entities: {a: {count: 2.5}}\n"), ["MK0102 a.yaml:1:23"]);
    assert_eq!(code("entities: {a: {count: 1e3}}\n"), [""; 0]);
    assert_eq!(code("entities: {a: {count: -1}}\n"), ["MK0108 a.yaml:1:23"]);
    assert_eq!(code("patterns: {p: {hours: [1, 2]}}\n"), ["MK0108 a.yaml:1:23"]);
}

#[test]
fn where_only_text_can_stand_numbers_are_text_as_written() {
    let reading = reading(&[("a.yaml", b"version: 1.10\nproduct: 007\ntitle: true\nretention: 0x10\n")]);
    let document = reading.document.expect("the document is read");
    assert_eq!(document.version.as_deref(), Some("1.10"));
    assert_eq!(document.product.as_deref(), Some("007"));
    assert_eq!(document.title.as_deref(), Some("true"));
    assert_eq!(document.retention.as_deref(), Some("0x10"));
}

#[test]
fn tables_say_file_and_line_of_what_is_wrong() {
    let spec = b"tables: {t: {csv: t.csv, key: code, columns: {code: text, days: integer}}}\n";
    let table = |csv: &[u8]| codes(&[("a.yaml", spec), ("t.csv", csv)]);
    assert_eq!(table(b"code,days\nA,1\n"), [""; 0]);
    assert_eq!(table(b"code,days\nA,1\nB\nC,1,2\n"), ["MK0014 t.csv:3:1", "MK0014 t.csv:4:1"]);
    assert_eq!(table(b"code,days\nA,1\nB,x\n"), ["MK0016 t.csv:3:1"]);
    assert_eq!(table(b"code,days,days\n"), ["MK0015 t.csv:1:1"]);
    assert_eq!(table(b"code,days,\n"), ["MK0015 t.csv:1:1"]);
    assert_eq!(table(b""), ["MK0017 a.yaml:1:19"]);
    assert_eq!(table(b"code,days\nM\xfc,1\n"), ["MK0003 t.csv:2:1"]);
    assert_eq!(table(b"kode,days\n"), ["MK0304 a.yaml:1:31", "MK0304 a.yaml:1:53"]);
    assert_eq!(codes(&[("a.yaml", spec)]), ["MK0001 a.yaml:1:19"]);
    assert_eq!(code("tables: {t: {rows: []}}\n"), ["MK0017 a.yaml:1:20"]);
    assert_eq!(code("tables: {t: {means: x}}\n"), ["MK0017 a.yaml:1:13"]);
    assert_eq!(code("tables: {t: {slot: your own codes}}\n"), [""; 0]);
    let inline = "tables: {t: {columns: {d: date}, rows: [{d: 2025-01-01}, {d: 2025-02-30}]}}\n";
    assert_eq!(code(inline), ["MK0016 a.yaml:1:62"]);
}

#[test]
fn a_document_of_a_million_wrong_keys_costs_a_moment() {
    let keys: String = (0..300_000).map(|n| format!("k{n}: null\nl{n}: 1\n")).collect();
    let started = std::time::Instant::now();
    let reading = reading(&[("a.yaml", keys.as_bytes())]);
    assert!(reading.diagnostics.has_errors() || reading.diagnostics.is_full());
    assert!(!reading.diagnostics.summary().is_empty());
    // Quadratic work would take hours.
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}
