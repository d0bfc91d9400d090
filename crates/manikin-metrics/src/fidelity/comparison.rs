//! Two tables ready to be compared: checked once, cut into shared cells once, resampled once.

use std::sync::OnceLock;

use rayon::prelude::*;

use super::marginal::{self, Marginal};
use super::whole::groups::{self, Group};
use crate::encode::Cells;
use crate::stats::{Resamples, draws, sample_rows};
use crate::table::{Pair, Table, Values};

/// What the metrics of a comparison are told besides the data.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Everything sampled comes from this seed.
    pub seed: u64,
    /// The level of intervals, such as 0.95.
    pub level: f64,
    /// The bootstrap replicates behind each interval: at most 1,000; below 10 no metric has one. They take one byte a
    /// row and replicate.
    pub replicates: usize,
    /// The quantile bins of a number and the categories kept of a code, for metrics over cells: from 2 to 50.
    pub bins: u16,
    /// The columns to predict from the others; all of them when empty.
    pub targets: Vec<String>,
    /// The columns whose values part the records into subgroups.
    pub groups: Vec<String>,
    /// The outcome whose rate is compared over subgroups: a column of codes and the label that counts.
    pub outcome: Option<(String, String)>,
    /// The most rows that trees learn from; more are sampled, and the method says so.
    pub learner_rows: usize,
    /// The most rows of each side that linear models are fitted to; more are sampled.
    pub model_rows: usize,
    /// The most rows for which nearest neighbours are sought; more are sampled.
    pub neighbour_rows: usize,
    /// The most sets of three columns that are compared; more are sampled.
    pub triples: usize,
}

impl Default for Settings {
    /// `ASSUMED`: sizes at which the Adult folds take seconds; 100 replicates give a standard error to 7 %; ten bins
    /// as mostlyai-qa.
    fn default() -> Self {
        Self {
            seed: 1,
            level: 0.95,
            replicates: 100,
            bins: 10,
            targets: Vec::new(),
            groups: Vec::new(),
            outcome: None,
            learner_rows: 10_000,
            model_rows: 200_000,
            neighbour_rows: 2_000,
            triples: 1_000,
        }
    }
}

impl Settings {
    /// Smaller samples and fewer replicates: a first look in seconds. Every score's method states its sizes.
    #[must_use]
    pub fn quick() -> Self {
        Self {
            replicates: 20,
            learner_rows: 2_000,
            model_rows: 20_000,
            neighbour_rows: 300,
            triples: 100,
            ..Self::default()
        }
    }

    fn check(&self, table: &Table) -> Result<(), Mismatch> {
        let outcome = self.outcome.iter().map(|(column, _)| ("outcome", column));
        let groups = self.groups.iter().map(|column| ("group", column));
        let named = self.targets.iter().map(|column| ("target", column)).chain(groups).chain(outcome);
        for (role, name) in named {
            if table.column(name).is_none() {
                let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
                let message = format!("the {role} {name} is no column; there are {}", names.join(", "));
                return Err(Mismatch { message });
            }
        }
        if !(2..=50).contains(&self.bins) || self.replicates > 1000 {
            let (bins, replicates) = (self.bins, self.replicates);
            let message =
                format!("{bins} bins and {replicates} replicates: from 2 to 50 bins and at most 1000 replicates");
            return Err(Mismatch { message });
        }
        Ok(())
    }
}

/// A table and the cluster (patient) of each of its rows, by any number.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a> {
    /// The rows.
    pub table: &'a Table,
    /// The cluster of each row; without it each row is its own.
    pub clusters: Option<&'a [u32]>,
}

impl<'a> From<&'a Table> for Sample<'a> {
    fn from(table: &'a Table) -> Self {
        Self { table, clusters: None }
    }
}

/// Why two tables cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// What was found and what was expected.
    pub message: String,
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Mismatch {}

/// Real and synthetic rows with the same columns, and real rows held out from the making of the synthetic ones.
#[derive(Debug)]
pub struct Comparison<'a> {
    /// The real rows.
    pub real: Sample<'a>,
    /// The synthetic rows.
    pub synthetic: Sample<'a>,
    /// Real rows that the synthetic ones were not made from.
    pub holdout: Option<Sample<'a>>,
    /// What the metrics are told.
    pub settings: Settings,
    cells: OnceLock<Vec<Cells>>,
    pairs: OnceLock<Vec<Marginal>>,
    triples: OnceLock<Vec<Marginal>>,
    groups: OnceLock<Vec<Group>>,
    draws: OnceLock<(Resamples, Resamples)>,
}

impl<'a> Comparison<'a> {
    /// Checks that the tables can be compared.
    ///
    /// # Errors
    /// - column names differ, or their order does;
    /// - a column holds numbers on one side and codes on the other;
    /// - the settings name a column that the tables lack, or sizes outside their bounds;
    /// - a column has more or fewer values than its table has rows, or clusters are not one a row.
    pub fn new(
        real: Sample<'a>,
        synthetic: Sample<'a>,
        holdout: Option<Sample<'a>>,
        settings: Settings,
    ) -> Result<Self, Mismatch> {
        settings.check(real.table)?;
        let sides = [("real", Some(real)), ("synthetic", Some(synthetic)), ("holdout", holdout)];
        for (side, sample) in sides {
            let Some(sample) = sample else { continue };
            check(side, sample)?;
            let names = |table: &Table| table.columns.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
            let (found, expected) = (names(sample.table), names(real.table));
            if found != expected {
                return Err(Mismatch {
                    message: format!(
                        "the {side} rows have the columns {}, the real ones {}: give both the same, in one order",
                        found.join(", "),
                        expected.join(", ")
                    ),
                });
            }
            for (column, other) in sample.table.columns.iter().zip(&real.table.columns) {
                if matches!(column.values, Values::Numbers(_)) != matches!(other.values, Values::Numbers(_)) {
                    return Err(Mismatch {
                        message: format!(
                            "the column {} holds numbers on one side and codes on the other ({side} against real): \
                             encode both sides together",
                            column.name
                        ),
                    });
                }
            }
        }
        Ok(Self {
            real,
            synthetic,
            holdout,
            settings,
            cells: OnceLock::new(),
            pairs: OnceLock::new(),
            triples: OnceLock::new(),
            groups: OnceLock::new(),
            draws: OnceLock::new(),
        })
    }

    /// Both tables.
    #[must_use]
    pub fn pair(&self) -> Pair<'a> {
        Pair { real: self.real.table, synthetic: self.synthetic.table }
    }

    /// The number of columns.
    #[must_use]
    pub fn width(&self) -> usize {
        self.real.table.columns.len()
    }

    /// The number of rows of both sides together.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.real.table.rows + self.synthetic.table.rows
    }

    /// The name of a column.
    #[must_use]
    pub fn name(&self, column: usize) -> String {
        self.real.table.columns[column].name.clone()
    }

    /// Every column in shared cells, cut as the settings say.
    pub fn cells(&self) -> &[Cells] {
        kept(&self.cells, || {
            (0..self.width()).into_par_iter().map(|c| Cells::of(self.pair(), c, self.settings.bins)).collect()
        })
    }

    /// Every pair of columns compared over shared cells.
    pub(crate) fn pairs(&self) -> &[Marginal] {
        kept(&self.pairs, || marginal::compare(self, &marginal::sets_of_two(self.width()), None))
    }

    /// Sets of three columns compared over shared cells: all, or as many as the settings allow, sampled.
    pub(crate) fn triples(&self) -> &[Marginal] {
        kept(&self.triples, || {
            let sets = marginal::sets_of_three(self.width(), self.settings.triples, self.settings.seed);
            marginal::compare(self, &sets, None)
        })
    }

    /// The declared subgroups, each with its pairs of columns compared.
    pub(crate) fn groups(&self) -> &[Group] {
        kept(&self.groups, || groups::declared(self))
    }

    /// The draws of the real and of the synthetic clusters.
    pub fn draws(&self) -> &(Resamples, Resamples) {
        self.draws.get_or_init(|| {
            let replicates = if self.settings.replicates < 10 { 0 } else { self.settings.replicates };
            let draw = |sample: Sample<'_>, purpose| {
                // One cluster cannot be resampled: every replicate would be the data itself, and the interval a point.
                let one = sample.clusters.is_some_and(|ids| ids.iter().all(|id| Some(id) == ids.first()));
                let replicates = if one || sample.table.rows < 2 { 0 } else { replicates };
                Resamples::new(sample.table.rows, sample.clusters, replicates, self.settings.seed, purpose)
            };
            (draw(self.real, "real rows"), draw(self.synthetic, "synthetic rows"))
        })
    }

    /// The replicates that both sides have: 0 when either cannot be resampled.
    pub fn replicates(&self) -> usize {
        let (real, synthetic) = self.draws();
        real.replicates().min(synthetic.replicates())
    }

    /// What intervals are made of, for the method of a score.
    #[must_use]
    pub fn interval_method(&self) -> String {
        let clusters = if self.real.clusters.is_some() { "by cluster" } else { "by row" };
        match self.replicates() {
            0 => "no interval".into(),
            n => format!("bootstrap {clusters}, {n} replicates, seed {}", self.settings.seed),
        }
    }

    /// At most `most` rows of a side, in row order, sampled by the seed when there are more.
    #[must_use]
    pub fn sample(&self, rows: usize, most: usize, purpose: &str) -> Vec<u32> {
        sample_rows(rows, most, &mut draws(self.settings.seed, purpose, 0))
    }

    /// The columns to predict: those named in the settings that exist, or all.
    #[must_use]
    pub fn targets(&self) -> Vec<usize> {
        let named = |c: &usize| self.settings.targets.contains(&self.real.table.columns[*c].name);
        (0..self.width()).filter(|c| self.settings.targets.is_empty() || named(c)).collect()
    }
}

/// What the cell holds, or what is computed now.
///
/// `get_or_init` would deadlock: the computation runs on the thread pool, whose waiting thread may pick up a task that
/// asks for the same cell. Two threads may compute it twice instead; both get the same.
fn kept<T>(cell: &OnceLock<Vec<T>>, compute: impl FnOnce() -> Vec<T>) -> &[T] {
    match cell.get() {
        Some(value) => value,
        None => {
            let value = compute();
            cell.get_or_init(|| value)
        }
    }
}

fn check(side: &str, sample: Sample<'_>) -> Result<(), Mismatch> {
    let rows = sample.table.rows;
    if let Some(column) = sample.table.columns.iter().find(|column| column.values.len() != rows) {
        let (name, len) = (&column.name, column.values.len());
        return Err(Mismatch { message: format!("the {side} column {name} has {len} values for {rows} rows") });
    }
    match sample.clusters {
        Some(ids) if ids.len() != rows => {
            Err(Mismatch { message: format!("the {side} rows are {rows}, their clusters {}", ids.len()) })
        }
        _ => Ok(()),
    }
}
