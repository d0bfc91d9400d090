//! Whole patients: every row of a person together, described so that new keys and shifted dates change nothing.
//!
//! A patient is a set of tokens: the values of each row without its key and dates, how far apart dates lie (from the
//! row before, and from the patient's first date), and runs of rows that follow each other. Shifting all dates of a
//! patient or giving it a new key leaves every token as it was.

use std::collections::HashMap;

use rayon::prelude::*;

use super::distinct::{Mixing, number_bits};
use super::leaks::fingerprint;
use super::membership::{Bank, Curve};
use super::power::{difference, harmless_excess};
use super::roc::Roc;
use crate::score::{Definition, Direction, Score};
use crate::stats::clopper_pearson;
use crate::{Table, Values};

/// Synthetic patients equal to a real one.
pub const REPLAYED: Definition = Definition {
    name: "patient_replay_share",
    means: "the share of synthetic patients whose whole history is that of a real one, but for keys and shifted dates",
    direction: Direction::Lower,
    range: (0.0, 1.0),
    reference: "evaluation.md; after MT-MIA, arXiv 2602.07126",
};

/// The same beyond holdout.
pub const REPLAY_EXCESS: Definition = Definition {
    name: "patient_replay_excess",
    means: "the share of synthetic patients that replay one of train beyond the share that replay one of holdout; good is 0",
    direction: Direction::Lower,
    range: (-1.0, 1.0),
    reference: "evaluation.md; interval by MOVER (Zou and Donner 2008) over Clopper-Pearson",
};

/// The definitions of its scores.
pub(crate) const DEFINITIONS: &[&Definition] = &[&REPLAYED, &REPLAY_EXCESS];

/// One table of rows that belong to patients, without keys.
#[derive(Debug, Clone, PartialEq)]
pub struct Events {
    /// The place of each row's patient in the list of patients; rows of nobody are left out.
    pub patient: Vec<u32>,
    /// When each row happened, in days or seconds; `None` for a table without a time, such as that of patients.
    pub time: Option<Vec<f64>>,
    /// Further columns of the table that are dates, by place: seen only by how far they are from the patient's first.
    pub dates: Vec<usize>,
    /// The rows. Columns must be encoded alike in train, holdout and synthetic data.
    pub table: Table,
}

/// Patients with all their rows. Tables stand in the same order in train, holdout and synthetic data.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Patients {
    /// How many there are.
    pub count: usize,
    /// Their tables.
    pub tables: Vec<Events>,
}

/// Train, holdout and synthetic patients as sets of tokens.
#[derive(Debug, Clone, PartialEq)]
pub struct Histories {
    /// Patients of train, then those of holdout.
    pool: Vec<History>,
    synthetic: Vec<History>,
    members: usize,
}

/// One patient.
#[derive(Debug, Clone, PartialEq, Default)]
struct History {
    /// What the rows hold and how they lie in time, sorted, without repetition.
    tokens: Vec<u64>,
    /// Runs of visits, sorted, without repetition.
    runs: Vec<u64>,
    /// All of it, repetitions included.
    whole: u64,
    /// How many rows.
    rows: usize,
}

/// How many rows in a row make a run.
///
/// ASSUMED: two to four; single rows are tokens already, and longer runs are rare in any data.
const RUNS: std::ops::RangeInclusive<usize> = 2..=4;

/// A token that more patients have leads to no candidates: sharing it says little.
///
/// ASSUMED: 64, so that a patient has some hundreds of candidates at most.
const POSTING: usize = 64;

impl Histories {
    /// Describes the patients of three datasets.
    ///
    /// # Errors
    /// - There are no patients in one of them.
    /// - They differ in their tables.
    pub fn new(train: &Patients, holdout: &Patients, synthetic: &Patients) -> Result<Self, String> {
        for (name, patients) in [("train", train), ("holdout", holdout), ("synthetic", synthetic)] {
            if patients.count == 0 {
                return Err(format!("there are no {name} patients"));
            }
            let widths = |patients: &Patients| -> Vec<usize> {
                patients.tables.iter().map(|events| events.table.columns.len()).collect()
            };
            if widths(patients) != widths(train) {
                return Err(format!("the tables of {name} patients are not those of train"));
            }
            for (place, events) in patients.tables.iter().enumerate() {
                let rows = events.table.rows;
                let lengths = events.table.columns.iter().all(|column| column.values.len() == rows);
                let timed = events.time.as_ref().is_none_or(|time| time.len() == rows);
                if events.patient.len() != rows || !timed || !lengths {
                    return Err(format!("table {place} of {name} patients has columns of different lengths"));
                }
            }
        }
        let mut pool = histories(train);
        pool.extend(histories(holdout));
        Ok(Self { pool, synthetic: histories(synthetic), members: train.count })
    }

    /// The attacks on patients: by their set of rows, and by runs of visits.
    #[must_use]
    pub fn bank(&self) -> Bank {
        let curve = |attack: &'static str, scores: Vec<f64>| Curve { attack, roc: Roc::new(&scores, self.members) };
        let sets = self.closest(|history| &history.tokens);
        // Of equally many runs the closer set counts: large ties are in or out as one, and chance in or out of them would
        // drown what the other attacks find.
        let below_one = |bits: &f64| 0.5 + 0.5 * bits / (1.0 + bits.abs());
        let runs = self.replayed_runs().into_iter().zip(&sets).map(|(runs, bits)| runs + below_one(bits)).collect();
        let mut bank = Bank { curves: vec![curve("patient_set", sets)], failed: Vec::new() };
        if self.pool.iter().chain(&self.synthetic).all(|history| history.runs.is_empty()) {
            bank.failed.push(("visit_runs", "no patient has two rows in a row".to_owned()));
        } else {
            bank.curves.push(curve("visit_runs", runs));
        }
        bank
    }

    /// How many synthetic patients have the whole history of a real one.
    #[must_use]
    pub fn replays(&self, level: f64) -> Vec<Score> {
        let (n, m) = (self.synthetic.len(), self.pool.len() - self.members);
        let (train, holdout) = self.pool.split_at(self.members);
        let count = |real: &[History]| {
            let mut known: Vec<u64> =
                real.iter().filter(|history| history.rows > 1).map(|history| history.whole).collect();
            known.sort_unstable();
            self.synthetic
                .iter()
                .filter(|history| history.rows > 1 && known.binary_search(&history.whole).is_ok())
                .count()
        };
        let (mut scores, mut rates) = (Vec::new(), Vec::new());
        let hits = [count(train), count(holdout)];
        for (fold, hits) in ["train", "holdout"].into_iter().zip(hits) {
            let interval = clopper_pearson(hits as u64, n as u64, level);
            let method = format!("{hits} of {n} synthetic patients with more than one row; Clopper-Pearson");
            scores
                .push(REPLAYED.score(vec![fold.to_owned()], hits as f64 / n as f64, n, method).with_interval(interval));
            rates.extend(interval.map(|interval| (hits as f64 / n as f64, interval)));
        }
        if m == 0 {
            scores.push(REPLAY_EXCESS.incomplete(Vec::new(), n, "whole histories", "there are no holdout patients"));
        } else if let [train, holdout] = rates[..] {
            let factor = self.members as f64 / m as f64;
            let score = REPLAY_EXCESS
                .score(
                    Vec::new(),
                    (train.0 - factor * holdout.0).max(-1.0),
                    n,
                    format!("train less {factor:.3} times holdout"),
                )
                .with_interval(Some(difference(train, holdout, factor)));
            scores.push(score.with_harmless(harmless_excess(hits.map(|hits| hits as u64), n, factor, level)));
        }
        scores
    }

    /// For each real patient, how much more of its information the closest synthetic patient shares than the closest
    /// other real one does, in bits.
    fn closest(&self, tokens: impl Fn(&History) -> &Vec<u64> + Sync) -> Vec<f64> {
        let places = |histories: &[History]| -> HashMap<u64, Vec<u32>, Mixing> {
            let mut places: HashMap<u64, Vec<u32>, Mixing> = HashMap::with_hasher(Mixing);
            for (place, history) in (0u32..).zip(histories) {
                tokens(history).iter().for_each(|&token| places.entry(token).or_default().push(place));
            }
            places
        };
        let (real, synthetic) = (places(&self.pool), places(&self.synthetic));
        let n = self.pool.len() as f64;
        let bits = |token: u64| libm::log2(n / real.get(&token).map_or(1, Vec::len).max(1) as f64);
        let best = |own: &[u64], places: &HashMap<u64, Vec<u32>, Mixing>, histories: &[History], me: Option<u32>| {
            // Whoever shares a rare token is looked at; sharing only common ones says little.
            let rare = own.iter().filter_map(|token| places.get(token)).filter(|with| with.len() <= POSTING);
            let mut candidates: Vec<u32> = rare.flatten().copied().filter(|&place| Some(place) != me).collect();
            candidates.sort_unstable();
            candidates.dedup();
            let shared = |&place: &u32| common(own, tokens(&histories[place as usize])).map(bits).sum::<f64>();
            candidates.iter().map(shared).fold(0.0, f64::max)
        };
        (0..self.pool.len() as u32)
            .into_par_iter()
            .map(|patient| {
                let own = tokens(&self.pool[patient as usize]);
                best(own, &synthetic, &self.synthetic, None) - best(own, &real, &self.pool, Some(patient))
            })
            .collect()
    }

    /// For each real patient, how many runs that no other real patient has occur in synthetic ones.
    fn replayed_runs(&self) -> Vec<f64> {
        let mut having: HashMap<u64, u32, Mixing> = HashMap::with_hasher(Mixing);
        self.pool.iter().flat_map(|history| &history.runs).for_each(|&run| *having.entry(run).or_insert(0) += 1);
        let mut synthetic: HashMap<u64, (), Mixing> = HashMap::with_hasher(Mixing);
        self.synthetic.iter().flat_map(|history| &history.runs).for_each(|&run| {
            synthetic.insert(run, ());
        });
        let lone = |run: &&u64| having.get(run) == Some(&1) && synthetic.contains_key(run);
        self.pool.iter().map(|history| history.runs.iter().filter(lone).count() as f64).collect()
    }
}

/// The attacks on whole patients, for documentation: they run through [`Histories::bank`].
pub const PATIENT_ATTACKS: [(&str, &str); 2] = [
    ("patient_set", "suspects patients whose rows and gaps one synthetic patient repeats more than any other real one"),
    (
        "visit_runs",
        "suspects patients whose runs of visits, which no other real patient has, occur in synthetic ones; of \
                    equally many by `patient_set`",
    ),
];

/// What two sorted lists have in common.
fn common<'a>(a: &'a [u64], b: &'a [u64]) -> impl Iterator<Item = u64> + 'a {
    let mut at = 0;
    a.iter().copied().filter(move |&token| {
        at += b[at..].partition_point(|&other| other < token);
        b.get(at) == Some(&token)
    })
}

fn histories(patients: &Patients) -> Vec<History> {
    let count = patients.count;
    // The first date of each patient, over all tables.
    let mut first = vec![f64::INFINITY; count];
    for events in &patients.tables {
        for (row, &patient) in events.patient.iter().enumerate().filter(|(_, patient)| (**patient as usize) < count) {
            let dates = events.dates.iter().filter_map(|&date| number(&events.table, date, row));
            for date in dates.chain(events.time.as_ref().map(|time| time[row])).filter(|date| date.is_finite()) {
                first[patient as usize] = first[patient as usize].min(date);
            }
        }
    }
    let mut found: Vec<(Vec<u64>, Vec<u64>, usize)> = vec![(Vec::new(), Vec::new(), 0); count];
    for (kind, events) in (0u64..).zip(&patients.tables) {
        let mut rows: Vec<u32> =
            (0..events.table.rows as u32).filter(|&row| (events.patient[row as usize] as usize) < count).collect();
        let time = |row: u32| events.time.as_ref().map_or(0.0, |time| time[row as usize]);
        let held: Vec<u64> = (0..events.table.rows).map(|row| content(events, row, &first, kind)).collect();
        // Rows at the same time have no order of their own: their content gives one.
        rows.sort_unstable_by(|&a, &b| {
            let patient = |row: u32| events.patient[row as usize];
            let order = patient(a).cmp(&patient(b)).then(time(a).total_cmp(&time(b)));
            order.then(held[a as usize].cmp(&held[b as usize])).then(a.cmp(&b))
        });
        for own in rows.chunk_by(|&a, &b| events.patient[a as usize] == events.patient[b as usize]) {
            let patient = events.patient[own[0] as usize] as usize;
            let (tokens, runs, count) = &mut found[patient];
            *count += own.len();
            for (place, &row) in own.iter().enumerate() {
                tokens.push(held[row as usize]);
                if events.time.is_none() {
                    continue;
                }
                let since = |from: f64| gap(time(row) - from);
                tokens.push(fingerprint([kind, 1, held[row as usize], since(first[patient])].into_iter()));
                if place > 0 {
                    let before = own[place - 1];
                    let pair = [kind, 2, held[before as usize], held[row as usize], since(time(before))];
                    tokens.push(fingerprint(pair.into_iter()));
                }
                for length in RUNS.filter(|&length| length <= place + 1) {
                    let run = own[place + 1 - length..=place].iter().map(|&row| held[row as usize]);
                    runs.push(fingerprint([kind, 3, length as u64].into_iter().chain(run)));
                }
            }
        }
    }
    found
        .into_iter()
        .map(|(mut tokens, mut runs, rows)| {
            tokens.sort_unstable();
            let whole = fingerprint(tokens.iter().copied());
            tokens.dedup();
            runs.sort_unstable();
            runs.dedup();
            History { tokens, runs, whole, rows }
        })
        .collect()
}

/// What a row holds without key and time; dates by their distance from the patient's first.
fn content(events: &Events, row: usize, first: &[f64], kind: u64) -> u64 {
    let anchor = first.get(events.patient[row] as usize).copied().unwrap_or(0.0);
    let cells = events.table.columns.iter().enumerate().map(|(place, column)| match &column.values {
        Values::Numbers(numbers) if events.dates.contains(&place) => gap(numbers[row] - anchor),
        Values::Numbers(numbers) => number_bits(numbers[row]),
        Values::Codes { codes, .. } => u64::from(codes[row]),
    });
    fingerprint([kind, 0].into_iter().chain(cells))
}

/// A distance in time, so that rounding in its computation does not matter.
fn gap(distance: f64) -> u64 {
    number_bits(libm::round(distance * 1000.0))
}

fn number(table: &Table, column: usize, row: usize) -> Option<f64> {
    match &table.columns.get(column)?.values {
        Values::Numbers(numbers) => numbers.get(row).copied(),
        Values::Codes { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::risk::roc::maximum;
    use crate::risk::toy::{clinic, replay};

    #[test]
    fn patients_with_new_keys_and_shifted_dates_are_recognised() {
        let (train, holdout) = (clinic(2000, 1), clinic(2000, 2));
        let mut synthetic = clinic(2000, 3);
        let p = |synthetic: &Patients| {
            let histories = Histories::new(&train, &holdout, synthetic).expect("histories");
            let curves: Vec<Roc> = histories.bank().curves.into_iter().map(|curve| curve.roc).collect();
            (maximum(&curves, 499, 1).expect("a maximum").p, histories.replays(0.95))
        };
        let (clean, replays) = p(&synthetic);
        assert!(clean > 0.01, "alpha .01, fixed seed: {clean}");
        assert_eq!(replays[0].value, Some(0.0));
        let harmless = replays[2].harmless.expect("what chance may show");
        assert!(harmless.end > 0.001, "2,000 patients are too few to bound a thousandth");
        assert!(harmless.needed(2000, 0.001).is_some_and(|needed| (3500..4500).contains(&needed)));
        replay(&mut synthetic, &train, 20, 37.0);
        let (leaky, replays) = p(&synthetic);
        assert!(leaky <= 0.002, "one patient in a hundred: {leaky}");
        assert!(replays[0].value.expect("a share") > 0.007, "those with one row only are not counted");
        let (interval, harmless) = (replays[2].interval.expect("an interval"), replays[2].harmless.expect("chance"));
        assert!(interval.low > 0.001 && replays[2].value > Some(harmless.value), "beyond limit and chance at any size");
    }

    #[test]
    fn patients_without_rows_or_of_other_tables_are_refused_or_harmless() {
        let train = clinic(5, 1);
        assert!(Histories::new(&train, &train, &Patients::default()).is_err());
        let mut other = clinic(5, 2);
        other.tables.pop();
        assert!(Histories::new(&train, &train, &other).is_err());
        let bare = Patients { count: 3, tables: Vec::new() };
        let histories = Histories::new(&bare, &bare, &bare).expect("histories");
        assert_eq!(histories.bank().failed.len(), 1);
        assert_eq!(histories.replays(0.95)[0].value, Some(0.0));
    }
}
