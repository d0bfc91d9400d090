//! Power and false alarms, measured: which leaks are caught by what, and how often clean data are accused.
//!
//! - `power leaks [DRAWS]`: rows of the Adult train fold among synthetic ones, exactly and nearly;
//! - `power clean [SETS] [ROWS]`: thirds of a random division of all rows of the Adult folds, so that every set is new.
//!   The synthetic fold repeats 249 of its own rows; once each, or the division would make copies of them;
//! - `power patients [DRAWS]`: whole patients with new keys and all dates shifted.
//!
//! Judged as `manikin evaluate` judges by `profiles/starting.yaml`: a gate passes when the upper end of its interval is
//! within the limit. Beyond it, it fails, but is incomplete instead when at this size harmless data may reach the limit
//! too; a lower end beyond the limit with a value beyond what harmless data reach fails at any size. The greatest attack
//! fails when its p is below .001. A set fails when any gate does, else it is incomplete when any gate is, else it
//! passes.
#![allow(clippy::print_stdout, reason = "an example talks to its reader")]

use std::collections::{BTreeMap, BTreeSet};

pub use manikin_metrics::{Column, Score, Table, Values, risk, stats, table};

use risk::inference::inference;
use risk::linkability::linkability;
use risk::matches::matches;
use risk::{Bank, Folds, Histories, Roles, Settings};
use toy::{Copied, adult, clinic, leak, replay};

#[allow(dead_code)]
#[path = "../src/risk/toy.rs"]
mod toy;

/// Score, the start of what it is about, and the limit that its interval must keep.
///
/// # Source
/// `profiles/starting.yaml`.
const LIMITS: [(&str, &str, f64); 7] = [
    ("exact_match_excess", "", 0.001),
    ("near_match_excess", "", 0.003),
    ("membership_maximum_tpr", "fpr=0.001", 0.005),
    ("membership_maximum_tpr", "fpr=0.01", 0.02),
    ("linkability_risk", "", 0.09),
    ("inference_risk", "", 0.09),
    ("patient_replay_excess", "", 0.001),
];

/// What an attacker knows of the people of the Adult folds, and what is secret.
const KEYS: [&str; 5] = ["age", "sex", "race", "marital_status", "native_country"];
const SECRETS: [&str; 2] = ["income", "occupation"];

/// How many sets each gate failed, and how often each attack was the greatest.
#[derive(Default)]
struct Tally {
    sets: usize,
    failed: usize,
    incomplete: usize,
    gates: BTreeMap<String, usize>,
    unsure: BTreeMap<String, usize>,
    attacks: BTreeMap<String, usize>,
    named: BTreeMap<String, f64>,
    least_p: f64,
    most_p: f64,
}

fn main() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, or: usize| arguments.get(at).and_then(|text| text.parse().ok()).unwrap_or(or);
    match arguments.first().map_or("leaks", String::as_str) {
        "clean" => clean(number(1, 100), number(2, 16_281)),
        "patients" => patients(number(1, 20)),
        _ => leaks(number(1, 5)),
    }
}

fn leaks(draws: usize) -> Result<(), String> {
    let Some(folds) = adult() else { return Ok(()) };
    heading();
    for rows in [16_281, 4_000, 1_000] {
        let [train, holdout, synthetic] = [0, 1, 2].map(|fold| first(&folds[fold], rows));
        for how in [Copied::Exactly, Copied::Nearly] {
            for share in [0.05, 0.01, 0.002] {
                let mut tally = Tally::default();
                for draw in 1..=draws as u64 {
                    let mut leaky = synthetic.clone();
                    leak(&mut leaky, &train, (share * rows as f64).round() as usize, how, draw);
                    let settings = Settings { seed: draw, ..Settings::default() };
                    tally.add(&row_scores(&people(&train, &holdout, &leaky, settings)?));
                }
                tally.print(&format!("{rows} rows, {:.1} % {how:?}", 100.0 * share));
            }
        }
    }
    Ok(())
}

fn clean(sets: usize, rows: usize) -> Result<(), String> {
    let Some([train, holdout, synthetic]) = adult() else { return Ok(()) };
    let synthetic = once_each(&synthetic);
    let all: Vec<&Table> = vec![&train, &holdout, &synthetic];
    let total: usize = all.iter().map(|table| table.rows).sum();
    let rows = rows.min(total / 3);
    let mut tally = Tally::default();
    heading();
    for set in 0..sets as u64 {
        let mut stream = stats::draws(set, "division", 0);
        let mut order: Vec<usize> = (0..total).collect();
        (1..total).rev().for_each(|last| order.swap(last, stream.below(last as u64 + 1) as usize));
        let [train, holdout, synthetic] = [0, 1, 2].map(|part| gather(&all, &order[part * rows..(part + 1) * rows]));
        let settings = Settings { seed: set, ..Settings::default() };
        let before = tally.failed;
        tally.add(&row_scores(&people(&train, &holdout, &synthetic, settings)?));
        if tally.failed > before || (set + 1) % 25 == 0 {
            tally.print(&format!("{rows} rows, clean, after set {set}"));
        }
    }
    tally.print(&format!("{rows} rows, clean"));
    Ok(())
}

fn patients(draws: usize) -> Result<(), String> {
    heading();
    for count in [10_000, 5_000, 2_000, 1_000, 500] {
        for one_in in [100, 500, 0] {
            let mut tally = Tally::default();
            for draw in 0..draws as u64 {
                let [train, holdout, mut synthetic] = [1, 2, 3].map(|part| clinic(count, 3 * draw + part));
                if let Some(leaked) = count.checked_div(one_in) {
                    replay(&mut synthetic, &train, leaked, 37.0);
                }
                let histories = Histories::new(&train, &holdout, &synthetic)?;
                // The rows only carry the settings: seed, level and permutations.
                let [train, holdout, synthetic] = [&train, &holdout, &synthetic].map(|part| &part.tables[0].table);
                let folds = Folds::new(train, holdout, synthetic, Settings { seed: draw, ..Settings::default() })?;
                let mut scores = histories.bank().scores(&folds, &["patient"]);
                scores.extend(histories.replays(0.95));
                tally.add(&scores);
            }
            let what = if one_in > 0 { format!("one in {one_in} replayed") } else { "clean".to_owned() };
            tally.print(&format!("{count} patients, {what}"));
        }
    }
    Ok(())
}

/// Folds with the roles of their columns.
fn people<'a>(
    train: &'a Table,
    holdout: &'a Table,
    synthetic: &'a Table,
    settings: Settings,
) -> Result<Folds<'a>, String> {
    let place = |name: &&str| train.columns.iter().position(|column| column.name == *name);
    let [quasi_identifiers, sensitive] = [&KEYS[..], &SECRETS].map(|names| names.iter().filter_map(place).collect());
    let roles = Roles { quasi_identifiers, sensitive, ..Roles::default() };
    Ok(Folds::new(train, holdout, synthetic, settings)?.with_roles(roles))
}

fn row_scores(folds: &Folds<'_>) -> Vec<Score> {
    let mut scores = matches(folds);
    scores.extend(Bank::run(folds).scores(folds, &[]));
    scores.extend(linkability(folds));
    scores.extend(inference(folds));
    scores
}

fn heading() {
    println!(
        "| data | sets | failed | incomplete | passed | p of the greatest attack | gates failed | incomplete | \
         greatest attack | mean TPR at .1 % FPR |"
    );
    println!("|---|--:|--:|--:|--:|--:|---|---|---|---|");
}

impl Tally {
    /// Judges the scores of one set.
    fn add(&mut self, scores: &[Score]) {
        let (mut failed, mut unsure) = (Vec::new(), Vec::new());
        for score in scores {
            let last = score.about.last().map_or("", String::as_str);
            let of_patients = score.about.first().is_some_and(|first| first == "patient");
            if let ("membership_tpr", "fpr=0.001", Some(rate)) = (score.metric, last, score.value) {
                let attack = score.about.iter().rev().nth(1).cloned().unwrap_or_default();
                *self.named.entry(attack).or_insert(0.0) += rate;
            }
            // The profile holds the attacks on patients to chance only.
            let is_held = score.metric != "membership_maximum_tpr" || !of_patients;
            let limit = LIMITS
                .iter()
                .filter(|_| is_held)
                .find(|(metric, about, _)| *metric == score.metric && (about.is_empty() || *about == last));
            if let Some((.., limit)) = limit {
                let gate = format!("{} {last}", score.metric).trim_end().to_owned();
                let (low, high) = score.interval.map_or((f64::NAN, f64::NAN), |i| (i.low, i.high));
                let by_chance = score.harmless.is_some_and(|harmless| harmless.end > *limit);
                let beyond_chance = score.harmless.is_none_or(|h| score.value.is_some_and(|value| value > h.value));
                let is_readable = score.is_computed() && !by_chance;
                if (low > *limit && beyond_chance) || (is_readable && high > *limit) {
                    failed.push(gate);
                } else if !score.is_computed() || high.is_nan() || high > *limit {
                    unsure.push(gate);
                }
            }
            if let ("membership_maximum_p", Some(p)) = (score.metric, score.value) {
                if p < 0.001 {
                    failed.push("p".to_owned());
                }
                (self.least_p, self.most_p) =
                    if self.sets == 0 { (p, p) } else { (self.least_p.min(p), self.most_p.max(p)) };
                let attack = score.method.split('`').nth(1).unwrap_or("none");
                *self.attacks.entry(attack.to_owned()).or_insert(0) += 1;
            }
        }
        self.sets += 1;
        self.failed += usize::from(!failed.is_empty());
        self.incomplete += usize::from(failed.is_empty() && !unsure.is_empty());
        failed.into_iter().for_each(|gate| *self.gates.entry(gate).or_insert(0) += 1);
        unsure.into_iter().for_each(|gate| *self.unsure.entry(gate).or_insert(0) += 1);
    }

    fn print(&self, what: &str) {
        let list = |counts: &BTreeMap<String, usize>| {
            counts.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
        };
        let (sets, failed, incomplete) = (self.sets, self.failed, self.incomplete);
        let passed = sets - failed - incomplete;
        let (gates, unsure, attacks) = (list(&self.gates), list(&self.unsure), list(&self.attacks));
        let p = format!("{:.4} to {:.4}", self.least_p, self.most_p);
        let rate = |(attack, sum): (&String, &f64)| format!("{attack} {:.4}", sum / sets as f64);
        let named = self.named.iter().map(rate).collect::<Vec<_>>().join(", ");
        println!(
            "| {what} | {sets} | {failed} | {incomplete} | {passed} | {p} | {gates} | {unsure} | {attacks} | {named} |"
        );
    }
}

fn first(table: &Table, rows: usize) -> Table {
    gather(&[table], &(0..rows.min(table.rows)).collect::<Vec<_>>())
}

/// The rows that equal no earlier one.
fn once_each(table: &Table) -> Table {
    let bits = |column: &Column, row: usize| match &column.values {
        Values::Numbers(numbers) => numbers[row].to_bits(),
        Values::Codes { codes, .. } => u64::from(codes[row]),
    };
    let mut seen = BTreeSet::new();
    let is_new = |row: &usize| seen.insert(table.columns.iter().map(|column| bits(column, *row)).collect::<Vec<u64>>());
    let rows: Vec<usize> = (0..table.rows).filter(is_new).collect();
    gather(&[table], &rows)
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
