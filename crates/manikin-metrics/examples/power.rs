//! Power and false alarms, measured on the Adult folds: which leaks are caught by what, and how often clean data are
//! accused.
//!
//! `cargo run --release -p manikin-metrics --example power [clean sets]`
#![allow(clippy::print_stdout)]

pub use manikin_metrics::{Column, Table, Values, table};
use manikin_metrics::{
    risk::{Bank, Folds, Settings, matches::matches},
    stats::draws,
};

#[allow(dead_code)]
#[path = "../src/risk/toy.rs"]
mod toy;

fn main() -> Result<(), String> {
    let Some([train, holdout, synthetic]) = toy::adult() else { return Ok(()) };
    for (leak, near) in
        [(0.0, false), (0.05, false), (0.05, true), (0.01, false), (0.01, true), (0.002, false), (0.002, true)]
    {
        let mut leaky = synthetic.clone();
        plant(&mut leaky, &train, leak, near, 1);
        let start = std::time::Instant::now();
        let folds = Folds::new(&train, &holdout, &leaky, Settings { permutations: 1999, ..Settings::default() })?;
        println!("== leak {leak} near {near}");
        let bank = Bank::run(&folds);
        println!("   bank {:.2} s", start.elapsed().as_secs_f64());
        for score in matches(&folds).iter().chain(&bank.scores(&folds, &[])) {
            if !score.metric.contains("epsilon") && !score.metric.contains("advantage") {
                println!(
                    "{} {:?} {:.5} {:?}",
                    score.metric,
                    score.about,
                    score.value.unwrap_or(f64::NAN),
                    score.interval.map(|i| (i.low, i.high))
                );
            }
        }
        println!("   {:.2} s", start.elapsed().as_secs_f64());
    }
    Ok(())
}

/// Replaces a share of rows by copies of train rows; near copies have one number jittered and one category changed.
fn plant(synthetic: &mut Table, train: &Table, share: f64, near: bool, seed: u64) {
    let mut stream = draws(seed, "leak", 0);
    let count = (share * synthetic.rows as f64).round() as usize;
    let victims = manikin_metrics::stats::sample_rows(synthetic.rows, count, &mut stream);
    for victim in victims.into_iter().map(|row| row as usize) {
        let copied = stream.below(train.rows as u64) as usize;
        for (column, from) in synthetic.columns.iter_mut().zip(&train.columns) {
            match (&mut column.values, &from.values) {
                (Values::Numbers(to), Values::Numbers(from)) => to[victim] = from[copied],
                (Values::Codes { codes: to, .. }, Values::Codes { codes: from, .. }) => to[victim] = from[copied],
                _ => {}
            }
        }
        if near {
            let numbers: Vec<usize> = (0..synthetic.columns.len())
                .filter(|&c| matches!(train.columns[c].values, Values::Numbers(_)))
                .collect();
            let codes: Vec<usize> = (0..synthetic.columns.len()).filter(|c| !numbers.contains(c)).collect();
            let column = numbers[stream.below(numbers.len() as u64) as usize];
            if let Values::Numbers(to) = &mut synthetic.columns[column].values {
                let jitter = 0.9 + 0.2 * stream.uniform();
                let new = (to[victim] * jitter).round();
                to[victim] = if new == to[victim] { new + 1.0 } else { new };
            }
            let column = codes[stream.below(codes.len() as u64) as usize];
            let other = stream.below(train.rows as u64) as usize;
            if let (Values::Codes { codes: to, .. }, Values::Codes { codes: from, .. }) =
                (&mut synthetic.columns[column].values, &train.columns[column].values)
            {
                to[victim] = from[other];
            }
        }
    }
}
