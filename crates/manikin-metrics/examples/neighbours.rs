//! Times nearest neighbours: full passes over the Adult folds, and a million rows of 20 mixed columns.
//!
//! `cargo run --release -p manikin-metrics --example neighbours [rows]`; `RAYON_NUM_THREADS` sets the cores.
#![allow(clippy::print_stdout)]

use std::time::Instant;

pub use manikin_metrics::{Column, Table, Values, risk, stats, table};

use risk::{Index, Ruler, Search};
use stats::draws;

#[allow(dead_code)]
#[path = "../src/risk/toy.rs"]
mod toy;

fn main() -> Result<(), String> {
    if let Some([train, holdout, synthetic]) = toy::adult() {
        let ruler = Ruler::new(&[&train, &holdout])?;
        let start = Instant::now();
        let index = Index::new(&ruler, &train)?;
        println!("adult: index of {} rows {:.2} s", train.rows, start.elapsed().as_secs_f64());
        for k in [1, 5] {
            let start = Instant::now();
            let found = index.nearest(&synthetic, Search::exact(k))?;
            let mean = found.nearest().sum::<f64>() / found.len() as f64;
            println!("adult: {k} nearest, exact {:.2} s, mean distance {mean:.5}", start.elapsed().as_secs_f64());
        }
    }
    let rows: usize = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let limit: Option<usize> = std::env::args().nth(2).and_then(|n| n.parse().ok());
    let (real, synthetic) = (population(rows, 1), population(rows, 2));
    let ruler = Ruler::new(&[&real])?;
    let start = Instant::now();
    let index = Index::new(&ruler, &real)?;
    println!("{rows} x 20: index {:.1} s", start.elapsed().as_secs_f64());
    let start = Instant::now();
    let found = index.nearest(&synthetic, Search { k: 1, limit })?;
    let mean = found.nearest().sum::<f64>() / found.len() as f64;
    println!(
        "{rows} x 20: pass {:.1} s, mean distance {mean:.5}, exact {} of {}, greatest error {:.4}",
        start.elapsed().as_secs_f64(),
        found.exact,
        found.len(),
        found.greatest_error
    );
    Ok(())
}

/// Rows of ten categories of different sizes and ten numbers, dependent through a latent group, with some nulls.
fn population(rows: usize, seed: u64) -> Table {
    let mut stream = draws(seed, "population", 0);
    let groups: Vec<u64> = (0..rows).map(|_| stream.below(40)).collect();
    let mut columns = Vec::new();
    for column in 0..20u64 {
        let name = format!("c{column}");
        let values = if column < 10 {
            let size = [2, 2, 3, 5, 6, 9, 15, 40, 100, 1000][column as usize];
            let code = |&group: &u64| {
                let u = stream.uniform();
                let offset = (u * u * u * size as f64) as u64;
                ((group * (column + 1) + offset) % size) as u32
            };
            Values::Codes { codes: groups.iter().map(code).collect(), labels: std::sync::Arc::from([]) }
        } else {
            let number = |&group: &u64| {
                let (u, v, w) = (stream.uniform(), stream.uniform(), stream.uniform());
                let value = (group * column % 40) as f64 + 10.0 * (u + v + w);
                if stream.below(50) == 0 { f64::NAN } else { (value * 10.0).round() }
            };
            Values::Numbers(groups.iter().map(number).collect())
        };
        columns.push(Column { name, values });
    }
    Table { columns, rows }
}
