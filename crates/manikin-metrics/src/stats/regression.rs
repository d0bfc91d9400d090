//! Logistic and linear regression by normal equations, with standard errors that respect clusters.

use rayon::prelude::*;

use super::design::Design;

/// A fitted linear model.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// One coefficient a regressor; 0 for those that are determined by the ones before them.
    pub coefficients: Vec<f64>,
    /// The number of regressors that are not determined by others, intercept included.
    pub rank: usize,
    /// Whether the iterations settled with all coefficients finite; a logistic fit of separable classes does not.
    pub converged: bool,
    factor: Factor,
}

/// The most iterations of a logistic fit. `ASSUMED`: R's `glm` allows 25, and separable classes need no more to show.
const ITERATIONS: usize = 30;
/// A linear predictor beyond this is a probability of 0 or 1 in double precision: a sign of separable classes.
const EXTREME: f64 = 30.0;

/// Fits the log-odds of `outcome` by iteratively reweighted least squares. `None` unless both outcomes occur.
///
/// # Source
/// McCullagh and Nelder, Generalized Linear Models, 2nd edition, 1989, section 2.5; step halving as in R's `glm`.
#[must_use]
pub fn logistic(design: &Design, outcome: &[bool]) -> Option<Fit> {
    let events = outcome.iter().filter(|&&event| event).count();
    if outcome.len() != design.rows || events == 0 || events == outcome.len() {
        return None;
    }
    let mut coefficients = vec![0.0; design.width];
    let share = events as f64 / design.rows as f64;
    coefficients[0] = libm::log(share / (1.0 - share));
    let mut current = Predicted::of(design, outcome, &coefficients);
    let mut settled = false;
    let mut factor = None;
    for _ in 0..ITERATIONS {
        let equations = NormalEquations::of(design, |row| {
            let p = current.probabilities[row];
            (p * (1.0 - p), f64::from(u8::from(outcome[row])) - p)
        });
        let solved = equations.factor();
        let step = solved.solve(&equations.right);
        factor = Some(solved);
        let mut scale = 1.0;
        let (next, predicted) = loop {
            let next: Vec<f64> = coefficients.iter().zip(&step).map(|(c, s)| c + scale * s).collect();
            let predicted = Predicted::of(design, outcome, &next);
            if predicted.deviance <= current.deviance || scale < 1e-3 {
                break (next, predicted);
            }
            scale *= 0.5;
        };
        if predicted.deviance.is_nan() || predicted.deviance > current.deviance {
            settled = true;
            break;
        }
        let change = current.deviance - predicted.deviance;
        (coefficients, current) = (next, predicted);
        if change <= 1e-10 * (current.deviance + 0.1) {
            settled = true;
            break;
        }
    }
    let extreme = (0..design.rows).any(|row| design.predictor(row, &coefficients).abs() > EXTREME);
    let factor = factor?;
    Some(Fit { coefficients, rank: factor.rank, converged: settled && !extreme, factor })
}

/// Fits the mean of `outcome` by least squares. `None` without rows or with an outcome that is not finite.
#[must_use]
pub fn linear(design: &Design, outcome: &[f64]) -> Option<Fit> {
    if outcome.len() != design.rows || design.rows == 0 || outcome.iter().any(|y| !y.is_finite()) {
        return None;
    }
    let equations = NormalEquations::of(design, |row| (1.0, outcome[row]));
    let factor = equations.factor();
    let coefficients = factor.solve(&equations.right);
    let converged = coefficients.iter().all(|c| c.is_finite());
    Some(Fit { coefficients, rank: factor.rank, converged, factor })
}

/// The logistic function.
#[must_use]
pub fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

impl Fit {
    /// The standard error of each coefficient, robust to heteroscedasticity and to dependence within clusters.
    ///
    /// `residual(row)` is outcome less fitted value. `None` for a regressor that others determine.
    ///
    /// # Source
    /// White, Econometrica 48(4), 1980; Liang and Zeger, Biometrika 73(1), 1986. Factor G/(G-1) for G clusters.
    #[must_use]
    pub fn errors(
        &self,
        design: &Design,
        residual: impl Fn(usize) -> f64,
        clusters: Option<&[u32]>,
    ) -> Vec<Option<f64>> {
        let width = design.width;
        let mut order: Vec<u32> = (0..u32::try_from(design.rows).unwrap_or(u32::MAX)).collect();
        let cluster = |row: u32| clusters.and_then(|ids| ids.get(row as usize)).copied().unwrap_or(row);
        order.sort_by_key(|&row| cluster(row));
        // The sum over clusters of (bread * score)^2 is the diagonal of the sandwich; bread is the inverse itself.
        let inverse = self.factor.inverse();
        let (mut variance, mut groups) = (vec![0.0; width], 0usize);
        let mut score = vec![0.0; width];
        for group in order.chunk_by(|&a, &b| cluster(a) == cluster(b)) {
            groups += 1;
            score.fill(0.0);
            for &row in group {
                let r = residual(row as usize);
                for (i, x) in design.row(row as usize) {
                    if x != 0.0 {
                        for (sum, b) in score.iter_mut().zip(&inverse[i * width..(i + 1) * width]) {
                            *sum += b * (x * r);
                        }
                    }
                }
            }
            for (sum, s) in variance.iter_mut().zip(&score) {
                *sum += s * s;
            }
        }
        let correction = groups as f64 / (groups as f64 - 1.0);
        (0..width)
            .map(|i| {
                let error = (variance[i] * correction).sqrt();
                (!self.factor.aliased[i] && error.is_finite()).then_some(error)
            })
            .collect()
    }
}

/// What coefficients make of every row, and how far that is from the outcomes.
struct Predicted {
    probabilities: Vec<f64>,
    deviance: f64,
}

impl Predicted {
    fn of(design: &Design, outcome: &[bool], coefficients: &[f64]) -> Self {
        let parts: Vec<(Vec<f64>, f64)> = parts(design.rows)
            .into_par_iter()
            .map(|rows| {
                // log(1 + e^x) is x + log(1 + e^-x) where x is positive; the logarithms of many factors are one.
                let (mut probabilities, mut sum, mut product) = (Vec::with_capacity(rows.len()), 0.0, 1.0f64);
                for row in rows {
                    let t = design.predictor(row, coefficients);
                    let small = libm::exp(-t.abs());
                    let against = if outcome[row] { -t } else { t };
                    sum += against.max(0.0);
                    product *= 1.0 + small;
                    if product >= 1e250 {
                        sum += libm::log(product);
                        product = 1.0;
                    }
                    probabilities.push(if t < 0.0 { small } else { 1.0 } / (1.0 + small));
                }
                (probabilities, sum + libm::log(product))
            })
            .collect();
        let deviance = 2.0 * parts.iter().map(|(_, sum)| sum).sum::<f64>();
        Self { probabilities: parts.into_iter().flat_map(|(own, _)| own).collect(), deviance }
    }
}

/// Rows in sixteen parts, whatever the number of threads, so that sums are the same on every machine.
fn parts(rows: usize) -> Vec<std::ops::Range<usize>> {
    (0..16).map(|part| rows * part / 16..rows * (part + 1) / 16).collect()
}

struct NormalEquations {
    width: usize,
    /// The lower triangle, by rows of the full square.
    left: Vec<f64>,
    right: Vec<f64>,
}

impl NormalEquations {
    /// Sums weight · x xᵀ and outcome · x over rows, where `terms` gives weight and outcome of a row.
    fn of(design: &Design, terms: impl Fn(usize) -> (f64, f64) + Sync) -> Self {
        let width = design.width;
        let sums: Vec<Self> = parts(design.rows)
            .into_par_iter()
            .map(|rows| {
                let mut part = Self { width, left: vec![0.0; width * width], right: vec![0.0; width] };
                let mut cells: Vec<(usize, f64)> = Vec::new();
                for row in rows {
                    let (weight, outcome) = terms(row);
                    // Regressors that are zero, such as those of reference categories, add nothing.
                    cells.clear();
                    cells.extend(design.row(row).filter(|&(_, x)| x != 0.0));
                    for (place, &(i, x)) in cells.iter().enumerate() {
                        part.right[i] += outcome * x;
                        let wx = weight * x;
                        let line = &mut part.left[i * width..(i + 1) * width];
                        cells[..=place].iter().for_each(|&(j, y)| line[j] += wx * y);
                    }
                }
                part
            })
            .collect();
        let mut total = Self { width, left: vec![0.0; width * width], right: vec![0.0; width] };
        for part in sums {
            total.left.iter_mut().zip(&part.left).for_each(|(a, b)| *a += b);
            total.right.iter_mut().zip(&part.right).for_each(|(a, b)| *a += b);
        }
        total
    }

    /// Cholesky's factor, leaving out regressors that those before them determine.
    fn factor(&self) -> Factor {
        let n = self.width;
        let mut lower = vec![0.0; n * n];
        let mut aliased = vec![false; n];
        for i in 0..n {
            for j in 0..=i {
                if aliased[j] {
                    continue;
                }
                let dot: f64 = (0..j).map(|k| lower[i * n + k] * lower[j * n + k]).sum();
                let rest = self.left[i * n + j] - dot;
                if i == j {
                    // ASSUMED: 1e-9 of the regressor's own square is rounding, not information.
                    if rest > 1e-9 * self.left[i * n + i] && rest > f64::MIN_POSITIVE {
                        lower[i * n + i] = rest.sqrt();
                    } else {
                        aliased[i] = true;
                    }
                } else {
                    lower[i * n + j] = rest / lower[j * n + j];
                }
            }
            if aliased[i] {
                lower[i * n..i * n + n].fill(0.0);
            }
        }
        let rank = aliased.iter().filter(|&&a| !a).count();
        Factor { width: n, lower, aliased, rank }
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Factor {
    width: usize,
    lower: Vec<f64>,
    aliased: Vec<bool>,
    rank: usize,
}

impl Factor {
    fn solve(&self, right: &[f64]) -> Vec<f64> {
        let n = self.width;
        let mut x = vec![0.0; n];
        for i in (0..n).filter(|&i| !self.aliased[i]) {
            let dot: f64 = (0..i).map(|k| self.lower[i * n + k] * x[k]).sum();
            x[i] = (right[i] - dot) / self.lower[i * n + i];
        }
        for i in (0..n).rev().filter(|&i| !self.aliased[i]) {
            let dot: f64 = (i + 1..n).map(|k| self.lower[k * n + i] * x[k]).sum();
            x[i] = (x[i] - dot) / self.lower[i * n + i];
        }
        x
    }

    fn inverse(&self) -> Vec<f64> {
        let n = self.width;
        let rows: Vec<Vec<f64>> = (0..n)
            .into_par_iter()
            .map(|i| {
                let mut unit = vec![0.0; n];
                unit[i] = if self.aliased[i] { 0.0 } else { 1.0 };
                self.solve(&unit)
            })
            .collect();
        rows.concat()
    }
}

#[cfg(test)]
mod tests {
    use super::super::design::Coding;
    use super::*;
    use crate::table::{Column, Table, Values};

    fn design(columns: &[&[f64]]) -> Design {
        let rows = columns[0].len();
        let columns =
            columns.iter().map(|v| Column { name: "x".into(), values: Values::Numbers(v.to_vec()) }).collect();
        let table = Table { columns, rows };
        Coding::of(&[&table], &[], 5).apply(&table)
    }

    #[test]
    fn least_squares_recovers_a_line_and_its_robust_error() {
        let x = [0.0, 1.0, 2.0, 3.0];
        let y = [1.0, 2.0, 2.0, 5.0];
        let design = design(&[&x]);
        let fit = linear(&design, &y).expect("a fit");
        // Slope 1.2 a unit of x, so 1.2 times its standard deviation sqrt(5/3) a standardised unit.
        let sd = (5.0f64 / 3.0).sqrt();
        assert!((fit.coefficients[1] - 1.2 * sd).abs() < 1e-12);
        assert!((fit.coefficients[0] - 2.5).abs() < 1e-12);
        // White's error of the slope: sqrt(sum (x - 1.5)^2 e^2) / 5 with e = 0.3, 0.1, -1.1, 0.7, times sqrt(4/3).
        let white = (2.25f64 * 0.09 + 0.25 * 0.01 + 0.25 * 1.21 + 2.25 * 0.49).sqrt() / 5.0;
        let errors = fit.errors(&design, |row| y[row] - design.predictor(row, &fit.coefficients), None);
        assert!((errors[1].expect("an error") - white * sd * (4.0f64 / 3.0).sqrt()).abs() < 1e-12, "{errors:?}");
    }

    #[test]
    fn a_binary_regressor_gives_the_log_odds_ratio() {
        // Odds 1:3 without, 3:1 with the regressor.
        let x = [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0];
        let y = [true, false, false, false, true, true, true, false];
        let design = design(&[&x]);
        let fit = logistic(&design, &y).expect("a fit");
        let sd = moments_sd(&x);
        assert!(fit.converged);
        assert!((fit.coefficients[1] / sd - libm::log(9.0)).abs() < 1e-6, "{:?}", fit.coefficients);
    }

    fn moments_sd(x: &[f64]) -> f64 {
        super::super::moments(x).map_or(0.0, |m| m.sd)
    }

    #[test]
    fn repeated_regressors_and_separable_classes_are_told_not_followed() {
        let x = [0.0, 1.0, 2.0, 3.0];
        let twice = design(&[&x, &x]);
        let fit = linear(&twice, &[1.0, 2.0, 3.0, 4.0]).expect("a fit");
        // Intercept and one of the two; null indicators are empty.
        assert_eq!(fit.rank, 2);
        let separable = logistic(&design(&[&x]), &[false, false, true, true]).expect("a fit");
        assert!(!separable.converged);
        assert!(separable.coefficients.iter().all(|c| c.is_finite()));
        assert_eq!(logistic(&design(&[&x]), &[true; 4]), None);
    }
}
