//! Children and their parents: whether references resolve, how many children parents have, and how their columns go
//! together.

pub mod cardinality;
pub mod referential_integrity;

use super::comparison::{Comparison, Settings};
use super::pair::{contingency_similarity, correlation_similarity};
use crate::score::{Definition, Score};
use crate::table::NULL_CODE;

/// The parent of a child whose reference resolves to no parent.
pub const ORPHAN: u32 = u32::MAX - 1;

/// One side of a relation.
#[derive(Debug, Clone, Copy)]
pub struct Links<'a> {
    /// The number of parents.
    pub parents: usize,
    /// The index of each child's parent; [`ORPHAN`] where there is none, [`NULL_CODE`] where the reference is null.
    pub parent_of: &'a [u32],
    /// The cluster (patient) of each parent; without it each parent is its own.
    pub clusters: Option<&'a [u32]>,
}

impl Links<'_> {
    /// The number of children of each parent, without orphans.
    #[must_use]
    pub fn children(&self) -> Vec<f64> {
        let mut counts = vec![0.0; self.parents];
        for &parent in self.parent_of {
            if let Some(count) = counts.get_mut(parent as usize) {
                *count += 1.0;
            }
        }
        counts
    }

    /// References that are not null, and those of them that resolve.
    #[must_use]
    pub fn resolved(&self) -> (u64, u64) {
        let named = self.parent_of.iter().filter(|&&parent| parent != NULL_CODE);
        let (mut all, mut found) = (0, 0);
        for &parent in named {
            all += 1;
            found += u64::from((parent as usize) < self.parents);
        }
        (all, found)
    }
}

/// A relation on both sides.
#[derive(Debug, Clone, Copy)]
pub struct Relation<'a> {
    /// What it is called, such as `visit.patient_id`.
    pub name: &'a str,
    /// The real rows.
    pub real: Links<'a>,
    /// The synthetic rows.
    pub synthetic: Links<'a>,
}

/// A metric over a relation.
#[derive(Debug, Clone, Copy)]
pub struct RelationMetric {
    /// The definitions of its scores; the first names the metric.
    pub definitions: &'static [&'static Definition],
    /// Computes its scores.
    pub compute: fn(&Relation<'_>, &Settings) -> Vec<Score>,
}

/// Every metric over a relation.
pub const METRICS: &[RelationMetric] = &[
    RelationMetric { definitions: &[&referential_integrity::DEFINITION], compute: referential_integrity::compute },
    RelationMetric {
        definitions: &[&cardinality::SHAPE, &cardinality::BOUNDARY, &cardinality::STATISTIC],
        compute: cardinality::compute,
    },
];

/// Scores of every pair of a parent's and a child's column, over rows that the caller joined: each child with its
/// parent's columns beside its own. `parents` are the columns of the joined table that came from the parent.
#[must_use]
pub fn across_join(joined: &Comparison<'_>, parents: &[usize]) -> Vec<Score> {
    let children: Vec<usize> = (0..joined.width()).filter(|c| !parents.contains(c)).collect();
    let mut scores = correlation_similarity::across(joined, parents, &children);
    scores.extend(contingency_similarity::across(joined, parents, &children));
    scores
}
