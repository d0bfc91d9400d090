//! Fidelity and risk of three tables, with the CPU seconds of every measure.
//!
//! - `evaluate files TRAIN HOLDOUT SYNTHETIC` of CSV files (also gzipped);
//! - `evaluate rows N` of generated tables of N rows and 20 mixed columns, of which 1 % of synthetic rows are copies;
//! - `evaluate passes` times single passes over nearest neighbours of the Adult folds.
//!
//! `--keys A,B` and `--secret C,D` name quasi-identifiers and sensitive columns, `--outcome COLUMN=LABEL` and
//! `--groups A,B` those of fairness, `--only NAME,…` what is measured (`detection`, which is the logistic part of
//! `two_sample_auc`, only then), `--replicates N` how many draws make the intervals of fidelity; `--json` prints the
//! scores. `RAYON_NUM_THREADS` sets the cores. CPU seconds and memory are read from `/proc`, and are 0 where there is none.
#![allow(clippy::print_stdout, reason = "an example talks to its reader")]

pub use manikin_metrics::{Column, Score, Table, Values, fidelity, risk, stats, table};

use fidelity::whole::two_sample::{self, Classifier};
use fidelity::{Comparison, METRICS};
use risk::{Folds, Index, MEASURES, Roles, Ruler, Search};
use stats::draws;
use toy::{Copied, adult, gunzip, leak, read};

#[allow(dead_code)]
#[path = "../src/risk/toy.rs"]
mod toy;

type Failure = Box<dyn std::error::Error>;

/// What the command line asks for besides the tables.
#[derive(Default)]
struct Asked {
    keys: Vec<String>,
    secret: Vec<String>,
    groups: Vec<String>,
    outcome: Option<(String, String)>,
    only: Vec<String>,
    replicates: Option<usize>,
    json: bool,
}

fn main() -> Result<(), Failure> {
    let (mut words, mut asked) = (Vec::new(), Asked::default());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut names = || -> Vec<String> {
            arguments.next().unwrap_or_default().split(',').map(str::to_owned).collect::<Vec<_>>()
        };
        match argument.as_str() {
            "--keys" => asked.keys = names(),
            "--secret" => asked.secret = names(),
            "--groups" => asked.groups = names(),
            "--only" => asked.only = names(),
            "--outcome" => {
                asked.outcome =
                    names().first().and_then(|text| text.split_once('=')).map(|(a, b)| (a.into(), b.into()));
            }
            "--replicates" => asked.replicates = names().first().and_then(|text| text.parse().ok()),
            "--json" => asked.json = true,
            _ => words.push(argument),
        }
    }
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["files", train, holdout, synthetic] => {
            let text = |path: &str| -> Result<String, Failure> {
                let path = std::path::Path::new(path);
                let zipped = path.extension().is_some_and(|end| end == "gz");
                Ok(if zipped { gunzip(path) } else { std::fs::read_to_string(path)? })
            };
            let tables = read(&[text(train)?, text(holdout)?, text(synthetic)?], b',');
            evaluate(&tables[0], &tables[1], &tables[2], &asked)
        }
        ["rows", rows] => {
            let rows: usize = rows.parse()?;
            let ([train, holdout], mut synthetic) = ([1, 2].map(|seed| population(rows, seed)), population(rows, 3));
            leak(&mut synthetic, &train, rows / 100, Copied::Exactly, 1);
            evaluate(&train, &holdout, &synthetic, &asked)
        }
        ["passes"] => passes(),
        _ => Err("say `files TRAIN HOLDOUT SYNTHETIC`, `rows N` or `passes`".into()),
    }
}

fn evaluate(train: &Table, holdout: &Table, synthetic: &Table, asked: &Asked) -> Result<(), Failure> {
    let wanted = |name: &str| asked.only.is_empty() || asked.only.iter().any(|only| only == name);
    let usual = fidelity::Settings::default();
    let settings = fidelity::Settings {
        replicates: asked.replicates.unwrap_or(usual.replicates),
        groups: asked.groups.clone(),
        outcome: asked.outcome.clone(),
        ..usual
    };
    let comparison = Comparison::new(train.into(), synthetic.into(), Some(holdout.into()), settings)?;
    let place = |name: &String| train.columns.iter().position(|column| column.name == *name);
    let roles = Roles {
        quasi_identifiers: asked.keys.iter().filter_map(place).collect(),
        sensitive: asked.secret.iter().filter_map(place).collect(),
        ..Roles::default()
    };
    let folds = Folds::new(train, holdout, synthetic, risk::Settings::default())?.with_roles(roles);
    let mut measured = Vec::new();
    let mut measure = |kind: &'static str, name: &'static str, compute: &dyn Fn() -> Vec<Score>| {
        if wanted(name) && (name != "detection" || !asked.only.is_empty()) {
            let (cpu, start) = (cpu_seconds(), std::time::Instant::now());
            let scores = compute();
            let (cpu, wall) = (cpu_seconds() - cpu, start.elapsed().as_secs_f64());
            if !asked.json {
                println!(
                    "{kind:8} {name:28} {cpu:9.3} CPU s {wall:8.2} s  {:5} MiB  {} scores",
                    peak_mib(),
                    scores.len()
                );
            }
            measured.push((kind, name, cpu, scores));
        }
    };
    for metric in METRICS {
        measure("fidelity", metric.name(), &|| (metric.compute)(&comparison));
    }
    measure("fidelity", "detection", &|| vec![two_sample::of(&comparison, Classifier::Logistic)]);
    for risk in MEASURES {
        measure("risk", risk.name, &|| (risk.scores)(&folds));
    }
    let total = |kind| measured.iter().filter(|(of, ..)| *of == kind).map(|(_, _, cpu, _)| cpu).sum::<f64>();
    if asked.json {
        let listed = |(kind, name, cpu, scores): &(&str, &str, f64, Vec<Score>)| -> serde_json::Value {
            serde_json::json!({ "kind": kind, "name": name, "cpu_seconds": cpu, "scores": scores })
        };
        let all: Vec<serde_json::Value> = measured.iter().map(listed).collect();
        println!("{}", serde_json::json!({ "measures": all, "peak_mib": peak_mib() }));
    } else {
        let (fidelity, risk) = (total("fidelity"), total("risk"));
        println!("fidelity {fidelity:.1} CPU s, risk {risk:.1} CPU s, {} MiB at most", peak_mib());
    }
    Ok(())
}

fn passes() -> Result<(), Failure> {
    let Some([train, holdout, synthetic]) = adult() else { return Ok(()) };
    let ruler = Ruler::new(&[&train, &holdout])?;
    for k in [1, 2, 5] {
        for (name, queries, among) in [("synthetic to train", &synthetic, false), ("train to train", &train, true)] {
            let cpu = cpu_seconds();
            let index = Index::new(&ruler, &train)?;
            let search = Search::exact(k);
            let found = if among { index.nearest_others(queries, search)? } else { index.nearest(queries, search)? };
            let mean = found.nearest().sum::<f64>() / found.len() as f64;
            let cpu = cpu_seconds() - cpu;
            println!("{name}, {k} nearest, exact: {cpu:.2} CPU s, mean distance {mean:.6}, {} pairs", found.compared);
        }
    }
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
            let codes = groups.iter().map(code).collect();
            Values::Codes { codes, labels: (0..size).map(|label| label.to_string()).collect() }
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

/// Seconds that the threads of this process ran; Linux counts nanoseconds, and updates them every few milliseconds.
fn cpu_seconds() -> f64 {
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else { return 0.0 };
    let ran = threads.flatten().filter_map(|thread| {
        let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<f64>().ok()
    });
    ran.sum::<f64>() / 1e9
}

/// The largest resident set of this process so far.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}
