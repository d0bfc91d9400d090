//! Power and false alarms, measured: which leaks are caught by what, and how often clean data are accused.
//!
//! `cargo run --release -p manikin-metrics --example power [leaks|clean|patients] [sets] [rows]`
//!
//! A set fails when the upper end of a computed interval misses a starting limit of the reference, when the lower end
//! of any interval does, or when the greatest attack's p is below .001. Clean sets are thirds of a random division of
//! all rows of the Adult folds, so that every set is new data.
#![allow(clippy::print_stdout)]

pub use manikin_metrics::{Column, Score, Table, Values, risk, stats, table};

use risk::{Bank, Folds, Histories, Settings, linkability::linkability, matches::matches};
use toy::{Copied, adult, clinic, leak, replay};

#[allow(dead_code)]
#[path = "../src/risk/toy.rs"]
mod toy;

/// Score, what it is about, and the limit that its interval must keep.
///
/// # Source
/// `evaluation.md`, starting limits.
const LIMITS: [(&str, &str, f64); 5] = [
    ("exact_match_excess", "", 0.001),
    ("membership_maximum_tpr", "fpr=0.001", 0.005),
    ("membership_maximum_tpr", "fpr=0.01", 0.02),
    ("linkability_risk", "", 0.09),
    ("patient_replay_excess", "", 0.001),
];

fn main() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, or: usize| arguments.get(at).and_then(|text| text.parse().ok()).unwrap_or(or);
    match arguments.first().map_or("leaks", String::as_str) {
        "clean" => clean(number(1, 100), number(2, 16_281)),
        "patients" => patients(number(1, 20)),
        _ => leaks(),
    }
}

fn leaks() -> Result<(), String> {
    let Some(folds) = adult() else { return Ok(()) };
    for rows in [16_281, 4_000, 1_000] {
        let [train, holdout, synthetic] = [0, 1, 2].map(|fold| first(&folds[fold], rows));
        for how in [Copied::Exactly, Copied::Nearly] {
            for share in [0.05, 0.01, 0.002] {
                let mut leaky = synthetic.clone();
                leak(&mut leaky, &train, (share * rows as f64).round() as usize, how, 1);
                let folds = Folds::new(&train, &holdout, &leaky, Settings::default())?;
                println!("n {rows}, {how:?}, {:.1} %: {}", 100.0 * share, verdict(&row_scores(&folds)).join("; "));
            }
        }
    }
    Ok(())
}

fn clean(sets: usize, rows: usize) -> Result<(), String> {
    let Some([train, holdout, synthetic]) = adult() else { return Ok(()) };
    let all: Vec<&Table> = vec![&train, &holdout, &synthetic];
    let total: usize = all.iter().map(|table| table.rows).sum();
    let rows = rows.min(total / 3);
    let mut failed = 0;
    for set in 0..sets as u64 {
        let mut stream = stats::draws(set, "division", 0);
        let mut order: Vec<usize> = (0..total).collect();
        (1..total).rev().for_each(|last| order.swap(last, stream.below(last as u64 + 1) as usize));
        let [train, holdout, synthetic] = [0, 1, 2].map(|part| gather(&all, &order[part * rows..(part + 1) * rows]));
        let folds = Folds::new(&train, &holdout, &synthetic, Settings { seed: set, ..Settings::default() })?;
        let found = verdict(&row_scores(&folds));
        failed += usize::from(found.iter().any(|line| line.starts_with("FAIL")));
        println!("clean {set}, n {rows}: {}", found.join("; "));
    }
    println!("{failed} of {sets} clean sets of {rows} rows failed");
    Ok(())
}

fn patients(sets: usize) -> Result<(), String> {
    for count in [5_000, 1_000, 300] {
        for one_in in [100, 500, 0] {
            let (mut caught, mut best) = (0, Vec::new());
            for set in 0..sets as u64 {
                let [train, holdout, mut synthetic] = [1, 2, 3].map(|part| clinic(count, 3 * set + part));
                if let Some(leaked) = count.checked_div(one_in) {
                    replay(&mut synthetic, &train, leaked, 37.0);
                }
                let histories = Histories::new(&train, &holdout, &synthetic)?;
                // The rows only carry the settings: seed, level and permutations.
                let [train, holdout, synthetic] = [&train, &holdout, &synthetic].map(|part| &part.tables[0].table);
                let folds = Folds::new(train, holdout, synthetic, Settings { seed: set, ..Settings::default() })?;
                let mut scores = histories.bank().scores(&folds, &["patient"]);
                scores.extend(histories.replays(0.95));
                let found = verdict(&scores);
                caught += usize::from(found.iter().any(|line| line.starts_with("FAIL")));
                best = found;
            }
            println!(
                "{count} patients, one in {one_in} replayed: {caught} of {sets} sets failed; the last: {}",
                best.join("; ")
            );
        }
    }
    Ok(())
}

fn row_scores(folds: &Folds<'_>) -> Vec<Score> {
    let mut scores = matches(folds);
    scores.extend(Bank::run(folds).scores(folds, &[]));
    scores.extend(linkability(folds));
    scores
}

/// What failed, and the figures that led.
fn verdict(scores: &[Score]) -> Vec<String> {
    let mut lines = Vec::new();
    for score in scores {
        let last = score.about.last().map_or("", String::as_str);
        let limit = LIMITS.iter().find(|(metric, about, _)| *metric == score.metric && *about == last);
        if let (Some((.., limit)), Some(interval), Some(value)) = (limit, score.interval, score.value) {
            let missed = (score.is_computed() && interval.high > *limit) || interval.low > *limit;
            let word = if missed {
                "FAIL "
            } else if score.is_computed() {
                ""
            } else {
                "incomplete "
            };
            lines.push(format!("{word}{} {last} {value:.5} [{:.5}, {:.5}]", score.metric, interval.low, interval.high));
        }
        if let ("membership_maximum_p", Some(p)) = (score.metric, score.value) {
            let word = if p < 0.001 { "FAIL " } else { "" };
            let which = score.method.split("excess ").nth(1).unwrap_or("");
            lines.push(format!("{word}p {p:.4} ({which})"));
        }
    }
    lines
}

fn first(table: &Table, rows: usize) -> Table {
    gather(&[table], &(0..rows.min(table.rows)).collect::<Vec<_>>())
}

/// Rows of several tables, counted through.
fn gather(tables: &[&Table], rows: &[usize]) -> Table {
    let columns = (0..tables[0].columns.len()).map(|column| {
        let name = tables[0].columns[column].name.clone();
        let parts: Vec<&Values> = tables.iter().map(|table| &table.columns[column].values).collect();
        let values = match parts[0] {
            Values::Codes { labels, .. } => {
                let all: Vec<u32> = parts
                    .iter()
                    .flat_map(|part| if let Values::Codes { codes, .. } = part { &codes[..] } else { &[] })
                    .copied()
                    .collect();
                Values::Codes { codes: rows.iter().map(|&row| all[row]).collect(), labels: labels.clone() }
            }
            Values::Numbers(_) => {
                let all: Vec<f64> = parts
                    .iter()
                    .flat_map(|part| if let Values::Numbers(numbers) = part { &numbers[..] } else { &[] })
                    .copied()
                    .collect();
                Values::Numbers(rows.iter().map(|&row| all[row]).collect())
            }
        };
        Column { name, values }
    });
    Table { columns: columns.collect(), rows: rows.len() }
}
