//! Small tables for tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::risk::{Events, Patients};
use crate::stats::{draws, sample_rows};
use crate::{Column, Table, Values, table::NULL_CODE};

/// A column of numbers; NaN is null.
pub(crate) fn numbers<const N: usize>(name: &str, values: [f64; N]) -> Column {
    Column { name: name.to_owned(), values: Values::Numbers(values.to_vec()) }
}

/// A column of single letters or words, coded by their bytes so that tables made apart agree; the empty text is null.
pub(crate) fn codes<const N: usize>(name: &str, values: [&str; N]) -> Column {
    coded(name, &values.map(str::to_owned))
}

/// The same from a slice.
pub(crate) fn coded(name: &str, values: &[String]) -> Column {
    let code = |text: &String| match text.len() {
        0 => NULL_CODE,
        _ => text.bytes().fold(0u32, |code, byte| code * 31 + u32::from(byte)) % 100_000,
    };
    Column {
        name: name.to_owned(),
        values: Values::Codes { codes: values.iter().map(code).collect(), labels: Arc::from([]) },
    }
}

/// A table of columns.
pub(crate) fn table<const N: usize>(columns: [Column; N]) -> Table {
    let rows = columns.first().map_or(0, |column| column.values.len());
    Table { columns: columns.to_vec(), rows }
}

/// The folder of shared test data, or a message on standard output and nothing.
#[allow(clippy::print_stdout)]
pub(crate) fn shared(path: &str) -> Option<std::path::PathBuf> {
    let root = std::env::var_os("MANIKIN_SHARED")
        .map_or_else(|| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), Into::into);
    let found = root.join("data").join(path);
    if !found.exists() {
        println!("skipped: no shared data {path}; set MANIKIN_SHARED to the folder that holds data/");
        return None;
    }
    Some(found)
}

/// The text of a gzipped file.
pub(crate) fn gunzip(path: &std::path::Path) -> String {
    let output = std::process::Command::new("gzip").arg("-dc").arg(path).output().expect("gzip runs");
    String::from_utf8(output.stdout).expect("text")
}

/// Tables read from delimited texts, encoded together: a column is numbers when every value of every text is one.
pub(crate) fn read(texts: &[String], delimiter: u8) -> Vec<Table> {
    let parse = |text: &String| {
        let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(text.as_bytes());
        let names: Vec<String> = reader.headers().expect("a header").iter().map(str::to_owned).collect();
        let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("a row")).collect();
        (names, rows)
    };
    let parsed: Vec<_> = texts.iter().map(parse).collect();
    let names = &parsed[0].0;
    let mut tables: Vec<Table> =
        parsed.iter().map(|(_, rows)| Table { columns: Vec::new(), rows: rows.len() }).collect();
    for (column, name) in names.iter().enumerate() {
        let cells = |table: &(Vec<String>, Vec<csv::StringRecord>)| -> Vec<String> {
            table.1.iter().map(|row| row[column].to_owned()).collect()
        };
        let texts: Vec<Vec<String>> = parsed.iter().map(cells).collect();
        let numeric = texts.iter().flatten().all(|cell| cell.is_empty() || cell.parse::<f64>().is_ok());
        let labels: BTreeMap<&str, u32> =
            texts.iter().flatten().filter(|cell| !cell.is_empty()).map(|cell| (cell.as_str(), 0)).collect();
        let labels: BTreeMap<&str, u32> = labels.into_keys().zip(0..).collect();
        let shared: Arc<[String]> = labels.keys().map(|&label| label.to_owned()).collect();
        for (table, cells) in tables.iter_mut().zip(&texts) {
            let values = if numeric {
                Values::Numbers(cells.iter().map(|cell| cell.parse().unwrap_or(f64::NAN)).collect())
            } else {
                let code = |cell: &String| labels.get(cell.as_str()).copied().unwrap_or(NULL_CODE);
                Values::Codes { codes: cells.iter().map(code).collect(), labels: shared.clone() }
            };
            table.columns.push(Column { name: name.clone(), values });
        }
    }
    tables
}

/// The Adult folds: train, holdout, synthetic.
pub(crate) fn adult() -> Option<[Table; 3]> {
    let folds = ["train", "holdout", "syn"].map(|fold| shared(&format!("adult/census-{fold}.csv.gz")));
    let [Some(train), Some(holdout), Some(synthetic)] = folds else { return None };
    let mut tables = read(&[train, holdout, synthetic].map(|path| gunzip(&path)), b',').into_iter();
    Some([tables.next()?, tables.next()?, tables.next()?])
}

/// The known answers of other tools.
pub(crate) fn answers() -> Option<Vec<serde_json::Value>> {
    let text = std::fs::read_to_string(shared("metric-known-answers.json")?).expect("text");
    Some(serde_json::from_str(&text).expect("a list"))
}

/// A table of a JSON map from names to lists.
pub(crate) fn json_table(map: &serde_json::Value) -> Table {
    let columns: Vec<Column> = map
        .as_object()
        .expect("a map")
        .iter()
        .map(|(name, values)| {
            let values = values.as_array().expect("a list");
            if values.iter().any(serde_json::Value::is_string) {
                let texts: Vec<String> = values.iter().map(|v| v.as_str().unwrap_or("").to_owned()).collect();
                return coded(name, &texts);
            }
            let numbers = values.iter().map(|value| value.as_f64().unwrap_or(f64::NAN)).collect();
            Column { name: name.clone(), values: Values::Numbers(numbers) }
        })
        .collect();
    Table { rows: columns.first().map_or(0, |column| column.values.len()), columns }
}

/// Patients with a birth date, a sex, and visits that follow a chain of ten codes.
pub(crate) fn clinic(count: usize, seed: u64) -> Patients {
    let mut stream = draws(seed, "clinic", 0);
    let (mut births, mut sexes) = (Vec::new(), Vec::new());
    let (mut patient, mut time, mut visits, mut values) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for person in 0..count as u32 {
        births.push(stream.below(20_000) as f64);
        sexes.push(stream.below(2) as u32);
        let mut day = 21_000.0 + stream.below(1000) as f64;
        let mut code = stream.below(10) as u32;
        for _ in 0..1 + stream.below(8) {
            patient.push(person);
            time.push(day);
            visits.push(code);
            values.push(stream.below(30) as f64);
            day += 1.0 + stream.below(60) as f64;
            code = (code + stream.below(4) as u32) % 10;
        }
    }
    let coded = |name: &str, codes: Vec<u32>| Column {
        name: name.to_owned(),
        values: Values::Codes { codes, labels: Arc::from([]) },
    };
    let plain = |name: &str, numbers: Vec<f64>| Column { name: name.to_owned(), values: Values::Numbers(numbers) };
    let people = Table { rows: count, columns: vec![plain("birth", births), coded("sex", sexes)] };
    let visits = Table { rows: time.len(), columns: vec![coded("code", visits), plain("value", values)] };
    Patients {
        count,
        tables: vec![
            Events { patient: (0..count as u32).collect(), time: None, dates: vec![0], table: people },
            Events { patient, time: Some(time), dates: Vec::new(), table: visits },
        ],
    }
}

/// Replaces the last `count` patients by the first of `from`, with all dates shifted.
pub(crate) fn replay(into: &mut Patients, from: &Patients, count: usize, shift: f64) {
    let kept = (into.count - count) as u32;
    for (events, source) in into.tables.iter_mut().zip(&from.tables) {
        let keep: Vec<usize> = (0..events.table.rows).filter(|&row| events.patient[row] < kept).collect();
        let copy: Vec<usize> = (0..source.table.rows).filter(|&row| (source.patient[row] as usize) < count).collect();
        for (place, (column, from)) in events.table.columns.iter_mut().zip(&source.table.columns).enumerate() {
            let by = if source.dates.contains(&place) { shift } else { 0.0 };
            match (&mut column.values, &from.values) {
                (Values::Numbers(to), Values::Numbers(from)) => {
                    *to = keep.iter().map(|&row| to[row]).chain(copy.iter().map(|&row| from[row] + by)).collect();
                }
                (Values::Codes { codes: to, .. }, Values::Codes { codes: from, .. }) => {
                    *to = keep.iter().map(|&row| to[row]).chain(copy.iter().map(|&row| from[row])).collect();
                }
                _ => {}
            }
        }
        if let (Some(time), Some(more)) = (&mut events.time, &source.time) {
            *time = keep.iter().map(|&row| time[row]).chain(copy.iter().map(|&row| more[row] + shift)).collect();
        }
        let copied = copy.iter().map(|&row| kept + source.patient[row]);
        events.patient = keep.iter().map(|&row| events.patient[row]).chain(copied).collect();
        events.table.rows = events.patient.len();
    }
}

/// How rows are copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Copied {
    /// As they are.
    Exactly,
    /// With one number jittered by up to a tenth and one category drawn anew.
    Nearly,
}

/// Replaces `count` random rows by random rows of `from`.
pub(crate) fn leak(into: &mut Table, from: &Table, count: usize, how: Copied, seed: u64) {
    let mut stream = draws(seed, "leak", 0);
    let victims = sample_rows(into.rows, count, &mut stream);
    for victim in victims.into_iter().map(|victim| victim as usize) {
        let copied = stream.below(from.rows as u64) as usize;
        for (column, from) in into.columns.iter_mut().zip(&from.columns) {
            copy(column, victim, from, copied);
        }
        if how == Copied::Nearly {
            let is_number = |column: &&usize| matches!(from.columns[**column].values, Values::Numbers(_));
            let (numbers, codes): (Vec<usize>, Vec<usize>) =
                (0..from.columns.len()).partition(|column| is_number(&column));
            let pick = |of: &[usize], draw: u64| of.get(draw as usize).copied();
            let column = pick(&numbers, stream.below(numbers.len() as u64));
            if let Some(Values::Numbers(to)) = column.map(|column| &mut into.columns[column].values) {
                let jittered = (to[victim] * (0.9 + 0.2 * stream.uniform())).round();
                to[victim] = if jittered == to[victim] { jittered + 1.0 } else { jittered };
            }
            if let Some(column) = pick(&codes, stream.below(codes.len() as u64)) {
                copy(&mut into.columns[column], victim, &from.columns[column], stream.below(from.rows as u64) as usize);
            }
        }
    }
}

fn copy(column: &mut Column, victim: usize, from: &Column, copied: usize) {
    match (&mut column.values, &from.values) {
        (Values::Numbers(to), Values::Numbers(from)) => to[victim] = from[copied],
        (Values::Codes { codes: to, .. }, Values::Codes { codes: from, .. }) => to[victim] = from[copied],
        _ => {}
    }
}
