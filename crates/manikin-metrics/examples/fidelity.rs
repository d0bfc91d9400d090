//! Scores of fidelity on three CSV files (real, synthetic, holdout), with the seconds of each metric.
//!
//! `cargo run --release -p manikin-metrics --example fidelity -- real.csv synthetic.csv holdout.csv [copies]
//! [replicates]`: with `copies` every table is repeated that many times, to see how time grows; `replicates` of the
//! bootstrap, 0 for none.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to its reader")]

use std::collections::BTreeMap;
use std::time::Instant;

use manikin_metrics::fidelity::{Comparison, METRICS, Settings};
use manikin_metrics::table::NULL_CODE;
use manikin_metrics::{Column, Status, Table, Values};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [real, synthetic, holdout, rest @ ..] = &arguments[..] else {
        return Err("give three CSV files: real, synthetic, holdout".into());
    };
    let copies: usize = rest.first().map_or(Ok(1), |text| text.parse())?;
    let replicates = rest.get(1).map_or(Ok(Settings::default().replicates), |text| text.parse())?;
    let mut tables = read(&[real, synthetic, holdout])?;
    for table in &mut tables {
        let rows: Vec<u32> = (0..copies).flat_map(|_| 0..table.rows as u32).collect();
        *table = table.select(&rows);
    }
    let settings = Settings {
        replicates,
        groups: vec!["sex".into(), "race".into()],
        outcome: Some(("income".into(), ">50K".into())),
        ..Settings::default()
    };
    let start = Instant::now();
    let comparison = Comparison::new((&tables[0]).into(), (&tables[1]).into(), Some((&tables[2]).into()), settings)?;
    for metric in METRICS {
        let begun = Instant::now();
        let scores = (metric.compute)(&comparison);
        println!("{:6.3} s  {}: {} scores", begun.elapsed().as_secs_f64(), metric.name(), scores.len());
        for score in scores.iter().take(if copies == 1 { 12 } else { 1 }) {
            let interval = score.interval.map_or(String::new(), |i| format!(" [{:.4}, {:.4}]", i.low, i.high));
            let benchmark = score.benchmark.map_or(String::new(), |b| format!(" against {b:.4}"));
            let why = if let Status::Incomplete(reason) = &score.status { reason.as_str() } else { "" };
            let value = score.value.unwrap_or(f64::NAN);
            println!("          {} {:?} {value:.4}{interval}{benchmark} {why}", score.metric, score.about);
        }
    }
    println!("{:6.2} s  in all", start.elapsed().as_secs_f64());
    Ok(())
}

/// Reads CSV files with the same header; a column whose values are all numbers (or empty) is numeric.
fn read(paths: &[&String]) -> Result<Vec<Table>, Box<dyn std::error::Error>> {
    let mut files = Vec::new();
    let mut names: Vec<String> = Vec::new();
    for path in paths {
        let mut reader = csv::Reader::from_path(path)?;
        names = reader.headers()?.iter().map(str::to_owned).collect();
        files.push(reader.records().collect::<Result<Vec<csv::StringRecord>, _>>()?);
    }
    let mut tables: Vec<Table> = files.iter().map(|rows| Table { columns: Vec::new(), rows: rows.len() }).collect();
    for (c, name) in names.iter().enumerate() {
        let cell = |row: &csv::StringRecord| row.get(c).unwrap_or("").to_owned();
        let numeric = files.iter().flatten().all(|row| cell(row).is_empty() || cell(row).parse::<f64>().is_ok());
        let labels: BTreeMap<String, ()> = files.iter().flatten().map(|row| (cell(row), ())).collect();
        let labels: std::sync::Arc<[String]> = labels.into_keys().filter(|label| !label.is_empty()).collect();
        for (table, rows) in tables.iter_mut().zip(&files) {
            let values = if numeric {
                Values::Numbers(rows.iter().map(|row| cell(row).parse().unwrap_or(f64::NAN)).collect())
            } else {
                let code = |row| labels.binary_search(&cell(row)).map_or(NULL_CODE, |i| i as u32);
                Values::Codes { codes: rows.iter().map(code).collect(), labels: labels.clone() }
            };
            table.columns.push(Column { name: name.clone(), values });
        }
    }
    Ok(tables)
}
