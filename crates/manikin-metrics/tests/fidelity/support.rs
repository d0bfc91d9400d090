//! Tables of the tests.

use std::sync::Arc;

use manikin_metrics::fidelity::{Comparison, METRICS, Metric, Settings};
use manikin_metrics::stats::draws;
use manikin_metrics::table::NULL_CODE;
use manikin_metrics::{Column, Score, Table, Values};

pub(crate) fn number(name: &str, values: &[f64]) -> Column {
    Column { name: name.into(), values: Values::Numbers(values.to_vec()) }
}

/// A column of codes over the labels "0", "1", ….
pub(crate) fn codes(name: &str, codes: &[u32], labels: usize) -> Column {
    let labels: Arc<[String]> = (0..labels).map(|i| i.to_string()).collect();
    Column { name: name.into(), values: Values::Codes { codes: codes.to_vec(), labels } }
}

pub(crate) fn table(columns: Vec<Column>) -> Table {
    let rows = columns.first().map_or(0, |column| column.values.len());
    Table { columns, rows }
}

pub(crate) fn metric(name: &str) -> &'static Metric {
    METRICS.iter().find(|metric| metric.definitions.iter().any(|d| d.name == name)).expect("a metric of that name")
}

/// The scores called `name`.
pub(crate) fn scores(name: &str, comparison: &Comparison<'_>) -> Vec<Score> {
    (metric(name).compute)(comparison).into_iter().filter(|score| score.metric == name).collect()
}

/// The scores called `name` of two tables, with default settings.
pub(crate) fn compare(name: &str, real: &Table, synthetic: &Table) -> Vec<Score> {
    let comparison = Comparison::new(real.into(), synthetic.into(), None, Settings::default()).expect("comparable");
    scores(name, &comparison)
}

pub(crate) fn value(score: &Score) -> f64 {
    score.value.unwrap_or(f64::NAN)
}

/// A population of patients: age, sex, two labs that depend on age, a diagnosis that depends on all, some nulls.
pub(crate) fn population(rows: usize, seed: u64) -> Table {
    let mut stream = draws(seed, "population", 0);
    let mut lists: [Vec<f64>; 3] = Default::default();
    let (mut sex, mut diagnosis) = (Vec::new(), Vec::new());
    for _ in 0..rows {
        let age = (20.0 + 60.0 * stream.uniform()).floor();
        let noise = stream.uniform() + stream.uniform() + stream.uniform() - 1.5;
        let first = 90.0 + 0.6 * age + 20.0 * noise;
        let second = if stream.uniform() < 0.1 { f64::NAN } else { 5.0 + 0.03 * first + stream.uniform() };
        let female = u32::from(stream.uniform() < 0.55);
        let risk = 0.01 * (age - 20.0) + 0.2 * f64::from(female);
        let code = if stream.uniform() < 0.05 {
            NULL_CODE
        } else if stream.uniform() < risk {
            1 + stream.below(3) as u32
        } else {
            0
        };
        lists[0].push(age);
        lists[1].push(first);
        lists[2].push(second);
        sex.push(female);
        diagnosis.push(code);
    }
    table(vec![
        number("age", &lists[0]),
        number("pressure", &lists[1]),
        number("glucose", &lists[2]),
        codes("sex", &sex, 2),
        codes("diagnosis", &diagnosis, 4),
    ])
}

/// Each column of a population shuffled by itself: the same margins, nothing in common.
pub(crate) fn shuffled(table: &Table, seed: u64) -> Table {
    let columns = table.columns.iter().enumerate().map(|(c, column)| {
        let mut stream = draws(seed, "shuffle", c as u64);
        let mut order: Vec<u32> = (0..table.rows as u32).collect();
        for i in (1..order.len()).rev() {
            order.swap(i, stream.below(i as u64 + 1) as usize);
        }
        table.select(&order).columns[c].clone().named(&column.name)
    });
    Table { columns: columns.collect(), rows: table.rows }
}

trait Named {
    fn named(self, name: &str) -> Self;
}

impl Named for Column {
    fn named(self, name: &str) -> Self {
        Self { name: name.into(), ..self }
    }
}
