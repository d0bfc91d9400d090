//! Tier 1: the noise drawn has the distribution that the proofs assume. OpenDP's randomness cannot be seeded, so each
//! test states the probability with which it fails although all is well; together less than 1e-4.

mod common;

use std::collections::BTreeMap;

use common::large_session;
use manikin_privacy::{Curator, KeyedSensitivity, UNITS_PER_ROW};
use statrs::distribution::{Beta, ChiSquared, ContinuousCDF, Normal};

/// False-alarm rate of each comparison.
const ALPHA: f64 = 5e-6;

/// Pearson's test of counts against probabilities; the cells left over share the rest.
fn fits(counts: &[u64], probabilities: &[f64], what: &str) {
    let n: u64 = counts.iter().sum();
    let statistic: f64 = counts
        .iter()
        .zip(probabilities)
        .map(|(count, p)| {
            let expected = n as f64 * p;
            assert!(expected > 5.0, "{what}: a cell expects only {expected}");
            (*count as f64 - expected) * (*count as f64 - expected) / expected
        })
        .sum();
    let p = ChiSquared::new((counts.len() - 1) as f64).expect("degrees of freedom").sf(statistic);
    assert!(p > ALPHA, "{what}: p = {p:e} for {counts:?} against {probabilities:?}");
}

/// Counts of whole units from -reach to reach, with both tails in the outer cells, and the probabilities of `weight`.
fn lattice(noisy: &[f64], reach: i64, weight: impl Fn(i64) -> f64) -> (Vec<u64>, Vec<f64>) {
    let cell = |unit: i64| (unit.clamp(-reach, reach) + reach) as usize;
    let mut counts = vec![0; 2 * reach as usize + 1];
    for rows in noisy {
        let units = rows * UNITS_PER_ROW as f64;
        assert_eq!(units, units.round(), "noise lies on the lattice");
        counts[cell(units as i64)] += 1;
    }
    let mut probabilities = vec![0.0; counts.len()];
    let all: f64 = (-400..=400).map(&weight).sum();
    for unit in -400..=400 {
        probabilities[cell(unit)] += weight(unit) / all;
    }
    (counts, probabilities)
}

#[test]
fn gaussian_noise_has_the_discrete_gaussian_distribution() {
    let scale = 3.0;
    // Short vectors are measured by one thread, long ones (in the tests below) by several.
    let mut session = large_session();
    let noisy: Vec<f64> = (0..10)
        .flat_map(|_| session.gaussian("zeros", &[0; 4_000], 1, scale / UNITS_PER_ROW as f64).unwrap())
        .collect();
    let (counts, probabilities) = lattice(&noisy, 9, |x| libm::exp(-((x * x) as f64) / (2.0 * scale * scale)));
    fits(&counts, &probabilities, "discrete Gaussian, scale 3");
}

#[test]
fn laplace_noise_has_the_discrete_laplace_distribution() {
    let scale = 2.0;
    let noisy = large_session().laplace("zeros", &[0; 40_000], 1, scale / UNITS_PER_ROW as f64).unwrap();
    let (counts, probabilities) = lattice(&noisy, 12, |x| libm::exp(-(x.abs() as f64) / scale));
    fits(&counts, &probabilities, "discrete Laplace, scale 2");
}

/// At a working scale: equal shares of the continuous normal distribution with the sigma *of the statement*.
#[test]
fn the_sigma_recorded_is_the_sigma_used() {
    for sigma in [0.75, 12.345_678_9, 4000.0] {
        let mut session = large_session();
        let exact = 500 * UNITS_PER_ROW;
        let noisy = session.gaussian("counts", &vec![exact; 40_000], UNITS_PER_ROW, sigma).unwrap();
        let recorded = session.measurements()[0].scale;
        assert!(recorded >= sigma && recorded <= sigma + 1.0 / UNITS_PER_ROW as f64);
        let normal = Normal::new(500.0, recorded).unwrap();
        let mut counts = vec![0; 32];
        for value in noisy {
            counts[((normal.cdf(value) * 32.0) as usize).min(31)] += 1;
        }
        fits(&counts, &[1.0 / 32.0; 32], &format!("sigma {sigma}"));
    }
}

#[test]
fn noise_of_cells_is_independent() {
    let noisy = large_session().gaussian("zeros", &[0; 40_000], UNITS_PER_ROW, 1.0).unwrap();
    // The mean of 20,000 products of neighbours is normal with standard error 1/sqrt(20,000).
    let products: f64 = noisy.chunks_exact(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / 20_000.0;
    let z = Normal::new(0.0, 1.0).unwrap().inverse_cdf(1.0 - ALPHA / 2.0);
    assert!(products.abs() < z / 20_000f64.sqrt(), "correlation {products}");
}

/// How often each candidate is drawn.
fn drawn(scores: &[f64], sensitivity: f64, epsilon: f64, times: usize) -> Vec<u64> {
    let mut session = large_session();
    let mut counts = vec![0; scores.len()];
    for _ in 0..times {
        if session.remaining().value() < epsilon * epsilon / 8.0 + 1e-9 {
            session = large_session();
        }
        counts[session.select("candidates", scores, sensitivity, epsilon).unwrap()] += 1;
    }
    counts
}

fn closed_form(scores: &[f64], sensitivity: f64, epsilon: f64) -> Vec<f64> {
    let weights: Vec<f64> = scores.iter().map(|q| libm::exp(epsilon * q / (2.0 * sensitivity))).collect();
    let all: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / all).collect()
}

/// On a dataset and its neighbour, with scores that move apart by the whole sensitivity: the frequencies are the closed
/// form's, and the closed form's ratios are within e^ε. (A wrong `monotonic` flag gives e^2ε and fails the fit.)
#[test]
fn candidates_are_drawn_with_the_probabilities_of_the_exponential_mechanism() {
    let epsilon = 1.2;
    let (with, without) = ([10.0, 12.0, 11.0, 7.5], [12.0, 10.0, 11.0, 9.5]);
    let sensitivity = 2.0;
    let (p, q) = (closed_form(&with, sensitivity, epsilon), closed_form(&without, sensitivity, epsilon));
    for (p, q) in p.iter().zip(&q) {
        assert!((libm::log(p / q)).abs() <= epsilon);
    }
    fits(&drawn(&with, sensitivity, epsilon, 12_000), &p, "with the patient");
    fits(&drawn(&without, sensitivity, epsilon, 12_000), &q, "without the patient");
}

#[test]
fn quantiles_are_drawn_with_probabilities_that_fall_with_the_distance_in_rank() {
    let epsilon = 1.0;
    let rows = [3, 2, 4, 1, 5].map(|rows| rows * UNITS_PER_ROW);
    // Rows below the four points: 3, 5, 9, 10 of 15; the score at the median is -|below - above|/2.
    let scores = [-4.5, -2.5, -1.5, -2.5];
    let mut session = large_session();
    let mut counts = vec![0; 4];
    for _ in 0..4_000 {
        counts[session.quantile("median", &rows, 0.5, 1.0, epsilon).unwrap()] += 1;
    }
    fits(&counts, &closed_form(&scores, 1.0, epsilon), "median");
}

/// A key that only one patient has shows at most as often as δ says, and common keys show.
#[test]
fn rare_keys_show_with_probability_delta_at_most() {
    let delta = 0.02;
    let sensitivity = KeyedSensitivity { keys: 1, l2: UNITS_PER_ROW, largest: UNITS_PER_ROW };
    let keys = BTreeMap::from([("common".to_owned(), 200 * UNITS_PER_ROW), ("rare".to_owned(), UNITS_PER_ROW)]);
    let (runs, mut rare) = (6_000, 0);
    let mut session = large_session();
    for _ in 0..runs {
        if session.left().delta.value() < 2.0 * delta || session.remaining().value() < 1.0 {
            session = large_session();
        }
        let found = session.keyed_counts("codes", &keys, sensitivity, 4.0, delta).unwrap();
        let threshold = session.measurements().last().and_then(|measured| measured.threshold).unwrap();
        assert!(found.contains_key("common") && found.values().all(|count| *count >= threshold));
        rare += usize::from(found.contains_key("rare"));
    }
    let at_least = Beta::new(rare as f64, (runs - rare + 1) as f64).unwrap().inverse_cdf(ALPHA);
    assert!(at_least <= delta, "{rare} of {runs}");
    // The tail bound is nearly tight: far fewer would mean that the threshold is not the one computed.
    assert!(rare as f64 > 0.5 * delta * runs as f64, "{rare} of {runs}");
}
