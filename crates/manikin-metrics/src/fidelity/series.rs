//! Lists of numbers that belong to patients, compared by the greatest gap between their distributions.

use super::column::{Numbers, ks_complement};
use super::comparison::{Comparison, Sample, Settings};
use crate::score::{Definition, Score};
use crate::table::{Column, Table, Values};

/// Numbers and the cluster that each belongs to.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Series {
    pub(crate) values: Vec<f64>,
    /// One a value, or none at all when each value is its own cluster.
    pub(crate) clusters: Vec<u32>,
}

impl Series {
    fn table(self) -> (Table, Option<Vec<u32>>) {
        let rows = self.values.len();
        let clusters = (self.clusters.len() == rows && rows > 0).then_some(self.clusters);
        (Table { columns: vec![Column { name: String::new(), values: Values::Numbers(self.values) }], rows }, clusters)
    }
}

/// 1 - the Kolmogorov-Smirnov distance of two series, under the name of `definition`.
pub(crate) fn compare(
    definition: &Definition,
    about: Vec<String>,
    real: Series,
    synthetic: Series,
    settings: &Settings,
) -> Score {
    let ((real, real_clusters), (synthetic, synthetic_clusters)) = (real.table(), synthetic.table());
    let sides = (
        Sample { table: &real, clusters: real_clusters.as_deref() },
        Sample { table: &synthetic, clusters: synthetic_clusters.as_deref() },
    );
    let n = real.rows + synthetic.rows;
    match Comparison::new(sides.0, sides.1, None, settings.clone()) {
        Ok(comparison) => match (&real.columns[0].values, &synthetic.columns[0].values) {
            (Values::Numbers(real), Values::Numbers(synthetic)) => {
                ks_complement::score(&comparison, &Numbers { about, real, synthetic }, definition)
            }
            _ => definition.incomplete(about, n, "distributions", "the series hold no numbers"),
        },
        Err(mismatch) => definition.incomplete(about, n, "distributions", mismatch.message),
    }
}
