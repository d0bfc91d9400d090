//! One column at a time.

pub mod boundary_adherence;
pub mod category_adherence;
pub mod category_coverage;
pub mod hellinger;
pub mod jensen_shannon;
pub mod ks_complement;
pub mod missing_value_similarity;
pub mod range_coverage;
pub mod statistic_similarity;
pub mod tv_complement;
pub mod wasserstein;

use rayon::prelude::*;

use super::comparison::Comparison;
use crate::score::{Definition, Score};
use crate::stats::{Ranked, sorted_numbers};
use crate::table::Values;

/// A numeric column of both sides.
pub(crate) struct Numbers<'a> {
    pub(crate) about: Vec<String>,
    pub(crate) real: &'a [f64],
    pub(crate) synthetic: &'a [f64],
}

/// A column of codes of both sides.
pub(crate) struct Codes<'a> {
    pub(crate) about: Vec<String>,
    pub(crate) real: &'a [u32],
    pub(crate) synthetic: &'a [u32],
    /// One more than the greatest code with a label.
    pub(crate) domain: usize,
}

/// The scores of every numeric column, in order.
pub(crate) fn each_number(
    comparison: &Comparison<'_>,
    score: impl Fn(&Numbers<'_>) -> Vec<Score> + Sync,
) -> Vec<Score> {
    let scores: Vec<Vec<Score>> = (0..comparison.width())
        .into_par_iter()
        .filter_map(|c| {
            let about = vec![comparison.name(c)];
            match (&comparison.real.table.columns[c].values, &comparison.synthetic.table.columns[c].values) {
                (Values::Numbers(real), Values::Numbers(synthetic)) => Some(score(&Numbers { about, real, synthetic })),
                _ => None,
            }
        })
        .collect();
    scores.concat()
}

/// The scores of every column of codes, in order.
pub(crate) fn each_code(comparison: &Comparison<'_>, score: impl Fn(&Codes<'_>) -> Score + Sync) -> Vec<Score> {
    (0..comparison.width())
        .into_par_iter()
        .filter_map(|c| {
            let about = vec![comparison.name(c)];
            match (&comparison.real.table.columns[c].values, &comparison.synthetic.table.columns[c].values) {
                (Values::Codes { codes: real, labels }, Values::Codes { codes: synthetic, labels: other }) => {
                    let domain = labels.len().max(other.len());
                    Some(score(&Codes { about, real, synthetic, domain }))
                }
                _ => None,
            }
        })
        .collect()
}

/// The finite values of both sides, sorted; or why a score cannot be had from them.
pub(crate) fn finite(numbers: &Numbers<'_>, definition: &Definition) -> Result<(Ranked, Ranked), Box<Score>> {
    let (real, synthetic) = (sorted_numbers(numbers.real), sorted_numbers(numbers.synthetic));
    for (side, ranked) in [("real", &real), ("synthetic", &synthetic)] {
        if ranked.values.is_empty() {
            let reason = format!("no {side} value is a finite number: the column is empty or null throughout");
            return Err(Box::new(definition.incomplete(numbers.about.clone(), 0, "finite values", reason)));
        }
    }
    Ok((real, synthetic))
}

/// The number of values behind a score of two sides.
pub(crate) fn total(real: &Ranked, synthetic: &Ranked) -> usize {
    real.values.len() + synthetic.values.len()
}

/// What a numeric score left out, for its method.
pub(crate) fn left_out(real: &Ranked, synthetic: &Ranked) -> String {
    let infinite = real.infinite + synthetic.infinite;
    let nulls = real.nulls + synthetic.nulls;
    match (nulls, infinite) {
        (0, 0) => "all values finite".into(),
        (nulls, 0) => format!("{nulls} nulls left out"),
        (nulls, infinite) => format!("{nulls} nulls and {infinite} infinite values left out"),
    }
}

/// The variance of a difference of two shares over that of one record: 1/n + 1/m.
pub(crate) fn noise(n: usize, m: usize) -> f64 {
    1.0 / n as f64 + 1.0 / m as f64
}

/// The mean of the size of a normal variable, over its standard deviation.
pub(crate) fn mean_size() -> f64 {
    (2.0 / std::f64::consts::PI).sqrt()
}
