//! Fidelity and utility: how close synthetic records are to real ones, and what they are good for.
//!
//! Every metric takes a [`Comparison`] (or, for relations, events and rules, a pair of plain lists) and gives scores.
//! [`METRICS`] lists those over a comparison, [`relation::METRICS`] those over a
//! relation, [`time::METRICS`], [`time::COURSE_METRICS`] and [`health::METRICS`] those over histories; a metric is one
//! file and one line there.
//!
//! # Where Manikin differs on purpose
//! - `tv_complement`: SDMetrics puts a tiny count where the real data has none of a category, which moves its value by
//!   about 1e-7. Here null is a category; adherence and coverage leave nulls out.
//! - `contingency_similarity`: SDMetrics bins each side by its own range, so that one outlier moves every value. Here
//!   both sides share quantile edges of the real data, with cells of their own for nulls and beyond the real range.
//! - `accuracy` is mostlyai-qa's but for those cells; the ceiling takes p from the real data and rows as independent.
//! - `pmse_ratio` divides by the expectation for a correct synthesiser of *these* real records, as synthpop does. Fresh
//!   data from the population then has 1 / (1 - c), not 1: the benchmark says so.
//! - `alpha_precision` and `beta_recall` measure between the records themselves, without learning a one-class embedding.
//! - `log_cluster` clusters coded records in twenty, without principal components or an elbow.
//! - `coefficient_overlap` counts intervals that do not meet as 0, not below.
//! - Not offered: CSTest (it takes shares for counts), ContinuousKLDivergence (unbounded, and bins of each side's own).
//!
//! # Intervals
//! The bootstrap draws whole clusters (patients) on both sides, and gives value ± z standard deviations: distances are
//! biased upward by resampling, so that percentiles would miss the value. Models are held as they were fitted; metrics
//! whose model would have to be fitted anew in each replicate have no interval, nor do extremes.

pub mod column;
pub mod comparison;
pub(crate) mod counts;
pub mod health;
pub(crate) mod marginal;
pub mod pair;
pub mod relation;
pub(crate) mod series;
pub(crate) mod tally;
pub mod time;
pub mod whole;

pub use comparison::{Comparison, Mismatch, Sample, Settings};

use crate::score::{Definition, Score};

/// What a metric is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// One column at a time.
    Columns,
    /// Two columns at a time.
    Pairs,
    /// Sets of columns, as tables of counts.
    Marginals,
    /// Whether a model tells the sides apart.
    Distinguishability,
    /// What models and regressions learn.
    Utility,
    /// Subgroups.
    Fairness,
}

/// A metric over a comparison.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// What its scores are about.
    pub family: Family,
    /// The definitions of its scores; the first names the metric.
    pub definitions: &'static [&'static Definition],
    /// Computes its scores.
    pub compute: fn(&Comparison<'_>) -> Vec<Score>,
}

impl Metric {
    /// The metric's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.definitions.first().map_or("", |definition| definition.name)
    }
}

/// Every metric over a comparison, in the order of a report.
pub const METRICS: &[Metric] = &[
    metric(Family::Columns, &[&column::ks_complement::DEFINITION], column::ks_complement::compute),
    metric(Family::Columns, &[&column::tv_complement::DEFINITION], column::tv_complement::compute),
    metric(Family::Columns, &[&column::boundary_adherence::DEFINITION], column::boundary_adherence::compute),
    metric(Family::Columns, &[&column::range_coverage::DEFINITION], column::range_coverage::compute),
    metric(Family::Columns, &[&column::category_adherence::DEFINITION], column::category_adherence::compute),
    metric(Family::Columns, &[&column::category_coverage::DEFINITION], column::category_coverage::compute),
    metric(
        Family::Columns,
        &[&column::missing_value_similarity::DEFINITION],
        column::missing_value_similarity::compute,
    ),
    metric(Family::Columns, &[&column::statistic_similarity::DEFINITION], column::statistic_similarity::compute),
    metric(Family::Columns, &[&column::wasserstein::DEFINITION], column::wasserstein::compute),
    metric(Family::Columns, &[&column::jensen_shannon::DEFINITION], column::jensen_shannon::compute),
    metric(Family::Columns, &[&column::hellinger::DEFINITION], column::hellinger::compute),
    metric(Family::Pairs, &[&pair::correlation_similarity::DEFINITION], pair::correlation_similarity::compute),
    metric(Family::Pairs, &[&pair::contingency_similarity::DEFINITION], pair::contingency_similarity::compute),
    metric(Family::Marginals, &[&whole::accuracy::DEFINITION], whole::accuracy::compute),
    metric(
        Family::Marginals,
        &[&whole::k_marginal::DEFINITION, &whole::k_marginal::SUBSAMPLE],
        whole::k_marginal::compute,
    ),
    metric(Family::Marginals, &[&whole::tabular_pmse::DEFINITION], whole::tabular_pmse::compute),
    metric(
        Family::Distinguishability,
        &[&whole::propensity::PMSE, &whole::propensity::RATIO, &whole::propensity::SPECKS],
        whole::propensity::compute,
    ),
    metric(Family::Distinguishability, &[&whole::two_sample::DEFINITION], whole::two_sample::compute),
    metric(
        Family::Distinguishability,
        &[&whole::precision_recall::PRECISION, &whole::precision_recall::RECALL],
        whole::precision_recall::compute,
    ),
    metric(Family::Distinguishability, &[&whole::latent_cluster::DEFINITION], whole::latent_cluster::compute),
    metric(
        Family::Utility,
        &[&whole::transfer::AUC, &whole::transfer::R_SQUARED, &whole::transfer::GAP, &whole::transfer::IMPORTANCE],
        whole::transfer::compute,
    ),
    metric(Family::Utility, &[&whole::coefficient_overlap::DEFINITION], whole::coefficient_overlap::compute),
    metric(
        Family::Fairness,
        &[&whole::fairness::SUBGROUP, &whole::fairness::PARITY, &whole::fairness::SHIFT, &whole::fairness::TRANSFER],
        whole::fairness::compute,
    ),
];

/// Every definition of this module, in the order of a report.
pub fn definitions() -> impl Iterator<Item = &'static Definition> {
    let tables = METRICS.iter().flat_map(|metric| metric.definitions);
    let relations = relation::METRICS.iter().flat_map(|metric| metric.definitions);
    let histories = time::METRICS.iter().chain(health::METRICS).flat_map(|metric| metric.definitions);
    let courses = time::COURSE_METRICS.iter().flat_map(|metric| metric.definitions);
    let rules = [&health::rule_violations::RATE, &health::rule_violations::EXCESS];
    tables.chain(relations).chain(histories).chain(courses).copied().chain(rules)
}

const fn metric(
    family: Family,
    definitions: &'static [&'static Definition],
    compute: fn(&Comparison<'_>) -> Vec<Score>,
) -> Metric {
    Metric { family, definitions, compute }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_definition_has_a_name_of_its_own_a_meaning_and_a_source() {
        let mut names: Vec<&str> = definitions().map(|definition| definition.name).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
        for definition in definitions() {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            assert!(definition.name.chars().all(plain), "{}", definition.name);
            assert!(definition.means.len() > 20 && !definition.reference.is_empty(), "{}", definition.name);
            assert!(definition.range.0 < definition.range.1, "{}", definition.name);
        }
    }
}
