//! Whether a regression on synthetic records leads to the conclusions of the same regression on real ones.

use rayon::prelude::*;

use manikin_random::normal_quantile;

use crate::encode::Top;
use crate::fidelity::comparison::Comparison;
use crate::score::{Definition, Direction, Score};
use crate::stats::design::{Coding, Design};
use crate::stats::moments;
use crate::stats::regression::{Fit, linear, logistic, sigmoid};
use crate::table::{Table, Values};

/// The mean over coefficients of the overlap of both sides' confidence intervals.
///
/// The overlap of [l, u] and [l', u'] is the mean of (min(u, u') - max(l, l')) over each width; intervals that do not
/// meet count 0, where Karr et al. let them count below.
pub const DEFINITION: Definition = Definition {
    name: "coefficient_overlap",
    means: "How much the confidence intervals of regression coefficients overlap; 1 is the same intervals, 0 is none. \
            Fresh data reaches the benchmark.",
    direction: Direction::Higher,
    range: (0.0, 1.0),
    reference: "Karr, Kohnen, Oganian, Reiter and Sanil, The American Statistician 60(3), 2006",
};

/// The most categories of a regressor with an indicator of their own. `ASSUMED`: rarer ones have hopeless intervals.
const CATEGORIES: u16 = 8;

/// One score a target: linear for numbers, logistic for its most frequent category against the others.
pub fn compute(comparison: &Comparison<'_>) -> Vec<Score> {
    let most = comparison.settings.model_rows;
    let sides = [comparison.real, comparison.synthetic].map(|side| {
        let rows = comparison.sample(side.table.rows, most, "regression");
        let clusters = side.clusters.map(|ids| rows.iter().map(|&row| ids[row as usize]).collect::<Vec<u32>>());
        (side.table.select(&rows), clusters)
    });
    comparison.targets().into_par_iter().map(|target| one(comparison, &sides, target)).collect()
}

fn one(comparison: &Comparison<'_>, sides: &[(Table, Option<Vec<u32>>); 2], target: usize) -> Score {
    let about = vec![comparison.name(target)];
    let [(real, _), (synthetic, _)] = sides;
    let n = real.rows + synthetic.rows;
    let level = comparison.settings.level;
    let errors = if comparison.real.clusters.is_some() { "by cluster" } else { "by row" };
    let coding = Coding::of(&[real, synthetic], &[target], CATEGORIES);
    let outcome = Target::of(sides, target);
    let kind = match outcome {
        Target::Number { .. } => "linear",
        Target::Category { .. } => "logistic, most frequent category,",
    };
    let is_sampled = comparison.real.table.rows > real.rows || comparison.synthetic.table.rows > synthetic.rows;
    let rows = match is_sampled {
        true => format!(", on at most {} rows of each side", comparison.settings.model_rows),
        false => String::new(),
    };
    let method =
        format!("{kind} regression on all other columns, robust errors {errors}, {} % intervals{rows}", 100.0 * level);
    let fits: Option<Vec<Coefficients>> =
        sides.iter().map(|(table, clusters)| outcome.fit(&coding, table, target, clusters.as_deref())).collect();
    let Some(fits) = fits else {
        let reason = "a regression cannot be fitted on one side: the target is constant or null, or the other columns \
                      determine it";
        return DEFINITION.incomplete(about, n, method, reason);
    };
    let z = normal_quantile(0.5 * (1.0 + level));
    let overlaps: Vec<f64> = (1..coding.names.len())
        .filter_map(|i| Some((fits[0][i]?, fits[1][i]?)))
        .map(|(a, b)| overlap((a.0 - z * a.1, a.0 + z * a.1), (b.0 - z * b.1, b.0 + z * b.1)))
        .collect();
    if overlaps.is_empty() {
        let reason = "no coefficient can be told on both sides: the other columns are constant";
        return DEFINITION.incomplete(about, n, method, reason);
    }
    let value = overlaps.iter().sum::<f64>() / overlaps.len() as f64;
    let fresh = expected(z, (real.rows as f64 / synthetic.rows as f64).sqrt());
    DEFINITION.score(about, value, n, format!("{method}, {} coefficients", overlaps.len())).with_benchmark(Some(fresh))
}

/// Each regressor's coefficient and standard error, where it has one.
type Coefficients = Vec<Option<(f64, f64)>>;

enum Target {
    Number { mean: f64, sd: f64 },
    Category { code: u32 },
}

impl Target {
    fn of(sides: &[(Table, Option<Vec<u32>>); 2], target: usize) -> Self {
        match &sides[0].0.columns[target].values {
            Values::Numbers(numbers) => {
                let finite: Vec<f64> = numbers.iter().copied().filter(|x| x.is_finite()).collect();
                let m = moments(&finite).filter(|m| m.sd > 0.0);
                m.map_or(Self::Number { mean: 0.0, sd: f64::INFINITY }, |m| Self::Number { mean: m.mean, sd: m.sd })
            }
            Values::Codes { codes, labels } => {
                let top = Top::of(codes, labels.len(), labels, 1);
                Self::Category { code: top.kept().first().copied().unwrap_or(crate::table::NULL_CODE) }
            }
        }
    }

    /// Coefficient and standard error of each regressor.
    fn fit(&self, coding: &Coding, table: &Table, target: usize, clusters: Option<&[u32]>) -> Option<Coefficients> {
        let values = &table.columns[target].values;
        let rows: Vec<u32> =
            (0u32..).zip(0..table.rows).filter(|&(_, row)| usable(values, row)).map(|(r, _)| r).collect();
        let design = coding.apply(table).select(&rows);
        let clusters: Option<Vec<u32>> = clusters.map(|ids| rows.iter().map(|&row| ids[row as usize]).collect());
        let with_errors = |fit: Fit, residual: &dyn Fn(usize, &Fit, &Design) -> f64| {
            let errors = fit.errors(&design, |row| residual(row, &fit, &design), clusters.as_deref());
            let pairs = fit.coefficients.iter().zip(errors);
            // Without any error the outcome is fitted exactly, and an interval of no width overlaps nothing.
            pairs.map(|(&c, e)| e.filter(|&e| e > 1e-9).map(|e| (c, e))).collect::<Vec<_>>()
        };
        match (self, values) {
            (Self::Number { mean, sd }, Values::Numbers(numbers)) if sd.is_finite() => {
                let y: Vec<f64> = rows.iter().map(|&row| numbers[row as usize] / sd - mean / sd).collect();
                let fit = linear(&design, &y).filter(|fit| fit.converged)?;
                Some(with_errors(fit, &|row, fit, design| y[row] - design.predictor(row, &fit.coefficients)))
            }
            (Self::Category { code }, Values::Codes { codes, .. }) => {
                let y: Vec<bool> = rows.iter().map(|&row| codes[row as usize] == *code).collect();
                let fit = logistic(&design, &y).filter(|fit| fit.converged)?;
                Some(with_errors(fit, &|row, fit, design| {
                    f64::from(u8::from(y[row])) - sigmoid(design.predictor(row, &fit.coefficients))
                }))
            }
            _ => None,
        }
    }
}

fn usable(values: &Values, row: usize) -> bool {
    match values {
        Values::Numbers(numbers) => numbers[row].is_finite(),
        Values::Codes { .. } => !values.is_null(row),
    }
}

/// The mean of the overlap over each interval's width; 0 for intervals that do not meet.
#[must_use]
pub fn overlap((l, u): (f64, f64), (other_l, other_u): (f64, f64)) -> f64 {
    let shared = (u.min(other_u) - l.max(other_l)).max(0.0);
    0.5 * (shared / (u - l) + shared / (other_u - other_l))
}

/// The overlap that two independent samples have on average, when the second's standard error is `ratio` times the
/// first's: the mean over the normal distribution of the difference of estimates, by 400 equal shares.
fn expected(z: f64, ratio: f64) -> f64 {
    let spread = (1.0 + ratio * ratio).sqrt();
    let steps = 400;
    let at = |i: usize| {
        let d = spread * normal_quantile((i as f64 + 0.5) / steps as f64);
        overlap((-z, z), (d - z * ratio, d + z * ratio))
    };
    (0..steps).map(at).sum::<f64>() / steps as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlap_is_the_mean_of_both_shares() {
        assert_eq!(overlap((0.0, 2.0), (1.0, 5.0)), 0.5 * (0.5 + 0.25));
        assert_eq!(overlap((0.0, 2.0), (0.0, 2.0)), 1.0);
        assert_eq!(overlap((0.0, 1.0), (2.0, 3.0)), 0.0);
    }

    #[test]
    fn equal_samples_of_one_population_overlap_by_seven_tenths() {
        // 1 - E|d| / (2 z) with E|d| = sqrt(2) sqrt(2/π), but for differences beyond the width (alpha below 1 %).
        let plain = 1.0 - 2.0f64.sqrt() * (2.0 / std::f64::consts::PI).sqrt() / (2.0 * 1.959_964);
        assert!((expected(1.959_964, 1.0) - plain).abs() < 0.002);
    }
}
