//! The baseline that privacy teams know: clipped means with Laplace noise, then independent columns drawn from them.

use crate::count::{ROW, Records};
use crate::domain::AttributeSet;
use crate::fit::{FitOptions, FitReport, fit};
use crate::learn::{LearnError, Request, budget};
use crate::model::{Measurement, Model};
use crate::select::required_tree;
use manikin_privacy::Curator;

/// The smallest standard deviation of an ordinal column, in codes: noise can make the variance vanish or negative.
///
/// # Source
/// ASSUMED: half a code, so that the value next to the mean keeps some probability.
const LEAST_DEVIATION: f64 = 0.5;

/// Learns independent columns from clipped means: for each attribute in `ordinal` the number of rows, the mean and the
/// mean square of its codes, all clipped to the public domain, with Laplace noise, and from them a Gaussian rounded to
/// codes; for every other attribute (one-hot) the noisy number of rows of each value.
///
/// **Privacy.** Each of the k answers is pure `epsilon_i`, and all are charged alike: `epsilon_i = sqrt(2 rho / k)`, so
/// that the costs `epsilon_i^2 / 2` add up to rho. Codes are taken as numbers from -1 to 1 around the domain's middle,
/// so that a sum of codes, or of their squares, moves by at most what the marginal moves in L1, and by one unit of 2^-20
/// rows more because both are rounded down to one.
///
/// What is stored as the measurement of an ordinal attribute is the marginal made from its noisy moments.
///
/// # Errors
/// [`LearnError`]: no budget, a refused measurement, unreadable records, or requirements beyond the model's size.
///
/// # Source
/// Dwork and Roth, The Algorithmic Foundations of Differential Privacy (2014), section 3.3 (the Laplace mechanism for
/// counts, histograms and clipped sums).
pub fn clipped_means<R: Records + ?Sized>(
    request: &Request<'_, R>,
    ordinal: &AttributeSet,
    curator: &mut dyn Curator,
) -> Result<(Model, FitReport), LearnError> {
    let domain = request.domain;
    let (_, tree) = required_tree(request)?;
    let singles = domain.all().iter().map(|attribute| AttributeSet::EMPTY.with(attribute));
    let sets: Vec<AttributeSet> =
        singles.chain(request.forced.iter().map(|set| set.intersection(&domain.all()))).collect();
    let numeric = |set: &AttributeSet| set.len() == 1 && set.is_subset(ordinal) && domain.cells(set) > 1;
    let answers = 1 + sets.iter().map(|set| if numeric(set) { 2 } else { 1 }).sum::<usize>();
    // The budget is in precision, 2 rho; the share of one answer is epsilon_i^2.
    let epsilon = (budget(curator)? / answers as f64).sqrt();
    let scale = |l1: i64| l1 as f64 / ROW as f64 / epsilon;
    let counts = request.count(&sets)?;
    let l1 = request.sensitivity.l1;
    let all: i64 = counts.first().map_or(0, |counts| counts.iter().sum());
    let total = curator.laplace("number of rows", &[all], l1, scale(l1))?[0].max(1.0);
    let mut measurements = Vec::with_capacity(sets.len());
    for (clique, exact) in sets.into_iter().zip(&counts) {
        let about = request.names(&clique);
        // A Laplace variable of scale b has the variance 2 b^2.
        let sigma = core::f64::consts::SQRT_2 * scale(l1);
        let values = if numeric(&clique) {
            let [sum, squares] = moments(exact);
            let mean = curator.laplace(&format!("mean of {about}"), &[sum], l1 + 1, scale(l1 + 1))?[0] / total;
            let square =
                curator.laplace(&format!("mean square of {about}"), &[squares], l1 + 1, scale(l1 + 1))?[0] / total;
            gaussian(exact.len(), mean, square).into_iter().map(|p| p * total).collect()
        } else {
            let noisy = curator.laplace(&about, exact, l1, scale(l1))?;
            noisy.into_iter().map(|x| x.max(0.0)).collect()
        };
        measurements.push(Measurement { clique, values, sigma });
    }
    // The baseline takes its answers as they are.
    Ok(fit(domain, &tree, &measurements, request.zeros, &[], &FitOptions::EXACT)?)
}

/// The sums of the codes and of their squares, codes being numbers from -1 to 1, in units of [`ROW`].
fn moments(counts: &[i64]) -> [i64; 2] {
    let last = counts.len() as i128 - 1;
    let (mut sum, mut squares) = (0i128, 0i128);
    for (code, count) in (0i128..).zip(counts) {
        let value = 2 * code - last;
        sum += value * i128::from(*count);
        squares += value * value * i128::from(*count);
    }
    // Neither exceeds the number of rows.
    [sum.div_euclid(last) as i64, squares.div_euclid(last * last) as i64]
}

/// The probabilities of codes under a Gaussian of this mean and mean square (of codes as numbers from -1 to 1), rounded
/// to the nearest code, the tails to the ends.
fn gaussian(size: usize, mean: f64, square: f64) -> Vec<f64> {
    let half = (size as f64 - 1.0) / 2.0;
    let mean = mean.clamp(-1.0, 1.0);
    let deviation = (square.clamp(0.0, 1.0) - mean * mean).max(0.0).sqrt() * half;
    let (centre, deviation) = (half + mean * half, deviation.max(LEAST_DEVIATION));
    let below = |x: f64| 0.5 * libm::erfc((centre - x) / (deviation * core::f64::consts::SQRT_2));
    (0..size)
        .map(|code| {
            let from = if code == 0 { 0.0 } else { below(code as f64 - 0.5) };
            let to = if code + 1 == size { 1.0 } else { below(code as f64 + 0.5) };
            (to - from).max(0.0)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_row_moves_each_moment_by_at_most_a_row_and_a_unit(
            counts in proptest::collection::vec(0i64..1 << 40, 2..70), code in 0usize..70, weight in 1i64..=ROW,
        ) {
            let mut more = counts.clone();
            more[code % counts.len()] += weight;
            for (x, y) in moments(&counts).iter().zip(moments(&more)) {
                prop_assert!((x - y).abs() <= weight + 1);
            }
        }

        #[test]
        fn a_rounded_gaussian_is_a_distribution(size in 2usize..300, mean in -9.0f64..9.0, square in -9.0f64..9.0) {
            let found = gaussian(size, mean, square);
            prop_assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-9 && found.iter().all(|p| *p >= 0.0));
        }
    }

    #[test]
    fn mean_and_spread_of_a_bell_are_recovered() {
        let bell = gaussian(101, 0.1, 0.01 + 0.04);
        let counts: Vec<i64> = bell.iter().map(|p| (p * 1e6) as i64 * ROW).collect();
        let [sum, squares] = moments(&counts).map(|x| x as f64 / counts.iter().sum::<i64>() as f64);
        assert!((sum - 0.1).abs() < 1e-3 && (squares - 0.05).abs() < 1e-3, "{sum} {squares}");
    }
}
