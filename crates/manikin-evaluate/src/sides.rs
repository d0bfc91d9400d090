//! The three datasets of an evaluation: related by their keys, and encoded alike for metrics.

use std::sync::Arc;

use manikin_metrics::Table;
use manikin_spec::spec::{EntityId, Spec};
use manikin_tables::Dataset;

use crate::assessment::{Compared, Fold, Input, Split};

/// Real, holdout and synthetic rows of one spec.
pub struct Sides {
    /// The spec that all three are read by.
    pub spec: Arc<Spec>,
    /// The rows that the synthetic ones were made from.
    pub real: Side,
    /// Rows that they were not made from.
    pub holdout: Side,
    /// The synthetic rows.
    pub synthetic: Side,
    /// The entities that all three hold, in the order of the spec, with the columns of their encoded tables in order.
    pub compared: Vec<(EntityId, Compared)>,
    /// Where the holdout came from.
    pub split: Split,
    /// What a reader should know of the data that was read.
    pub notes: Vec<String>,
}

/// One dataset.
pub struct Side {
    /// Its rows with their relations.
    pub data: Dataset,
    /// Its encoded tables by [`EntityId`]; `None` for an entity that is not compared. Labels of categories are shared
    /// by all three sides.
    pub tables: Vec<Option<Table>>,
    /// For each entity the subject (its row) that each row belongs to, [`manikin_tables::NO_ROW`] for nobody's; `None`
    /// for an entity that does not belong to the subject.
    pub patients: Vec<Option<Vec<u32>>>,
    /// What was read.
    pub input: Input,
}

impl Sides {
    /// The side of a fold.
    #[must_use]
    pub fn side(&self, fold: Fold) -> &Side {
        match fold {
            Fold::Real => &self.real,
            Fold::Holdout => &self.holdout,
            Fold::Synthetic => &self.synthetic,
        }
    }

    /// The encoded tables of an entity: real, holdout, synthetic.
    #[must_use]
    pub fn tables(&self, id: EntityId) -> Option<[&Table; 3]> {
        Some([
            self.real.tables.get(id.0)?.as_ref()?,
            self.holdout.tables.get(id.0)?.as_ref()?,
            self.synthetic.tables.get(id.0)?.as_ref()?,
        ])
    }
}
