//! The Adult folds: what other tools measured on them, and that fresh data stays fresh.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use manikin_metrics::fidelity::{Comparison, Settings};
use manikin_metrics::table::NULL_CODE;
use manikin_metrics::{Column, Table, Values};

use crate::support::{scores, value};

/// Train, synthetic and holdout, encoded together; `None` where the shared data is not there.
fn folds() -> Option<Vec<Table>> {
    let root = std::env::var_os("MANIKIN_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let mut names: Vec<String> = Vec::new();
    let mut folds: Vec<Vec<csv::StringRecord>> = Vec::new();
    for fold in ["train", "syn", "holdout"] {
        let path = root.join(format!("data/adult/census-{fold}.csv.gz"));
        if !path.exists() {
            return None;
        }
        let text = Command::new("gzip").arg("-dc").arg(path).output().expect("gzip runs").stdout;
        let mut reader = csv::Reader::from_reader(&text[..]);
        names = reader.headers().expect("a header").iter().map(str::to_owned).collect();
        folds.push(reader.records().map(|row| row.expect("a row")).collect());
    }
    let mut tables: Vec<Table> = folds.iter().map(|rows| Table { columns: Vec::new(), rows: rows.len() }).collect();
    for (c, name) in names.iter().enumerate() {
        let numeric = folds.iter().flatten().all(|row| row[c].is_empty() || row[c].parse::<f64>().is_ok());
        let mut labels: Vec<&str> = folds.iter().flatten().map(|row| &row[c]).filter(|cell| !cell.is_empty()).collect();
        labels.sort_unstable();
        labels.dedup();
        let shared: Arc<[String]> = labels.iter().map(|&label| label.to_owned()).collect();
        for (table, rows) in tables.iter_mut().zip(&folds) {
            let values = if numeric {
                Values::Numbers(rows.iter().map(|row| row[c].parse().unwrap_or(f64::NAN)).collect())
            } else {
                let code = |row: &csv::StringRecord| labels.binary_search(&&row[c]).map_or(NULL_CODE, |i| i as u32);
                Values::Codes { codes: rows.iter().map(code).collect(), labels: shared.clone() }
            };
            table.columns.push(Column { name: name.clone(), values });
        }
    }
    Some(tables)
}

#[test]
#[allow(clippy::print_stderr, reason = "a skipped test says so")]
fn adult_is_judged_as_other_tools_judge_it_and_its_holdout_as_fresh() {
    let Some(folds) = folds() else {
        eprintln!("skipped: set MANIKIN_SHARED to the folder that holds data/adult");
        return;
    };
    let settings = Settings { learner_rows: 4000, replicates: 0, ..Settings::default() };
    let run = |synthetic: &Table| {
        let holdout = Some((&folds[2]).into());
        let comparison =
            Comparison::new((&folds[0]).into(), synthetic.into(), holdout, settings.clone()).expect("comparable");
        let first = |name: &str| scores(name, &comparison).remove(0);
        let auc: Vec<f64> = scores("two_sample_auc", &comparison).iter().map(value).collect();
        (auc, scores("accuracy", &comparison), first("k_marginal_subsample"), first("pmse_ratio"))
    };
    let (auc, accuracy, subsample, pmse) = run(&folds[1]);
    // Measured by others: logistic regression .507, boosted trees .731, mostlyai-qa accuracy .954.
    assert!((auc[0] - 0.507).abs() < 0.015 && (auc[1] - 0.731).abs() < 0.05, "{auc:?}");
    assert!((value(&accuracy[0]) - 0.967).abs() < 0.005 && (value(&accuracy[1]) - 0.932).abs() < 0.005);
    assert!(value(&subsample) < 0.06, "{subsample:?}");
    assert!(value(&pmse) > 2.5, "{pmse:?}");
    // Fresh real data: three standard errors of .5 at 2 x 8,000 records are .014 (alpha .003 for each of two).
    let (auc, accuracy, subsample, pmse) = run(&folds[2]);
    assert!((auc[0] - 0.5).abs() < 0.014 && (auc[1] - 0.5).abs() < 0.014, "{auc:?}");
    for score in &accuracy[..3] {
        assert!((value(score) - score.benchmark.unwrap_or(f64::NAN)).abs() < 0.003, "{score:?}");
    }
    assert!((value(&subsample) - 1.0 / 3.0).abs() < 0.06, "{subsample:?}");
    // Some 120 parameters: chi-squared over its degrees of freedom has a standard deviation of .13, twice that here.
    assert!((value(&pmse) - 2.0).abs() < 0.8, "{pmse:?}");
}
