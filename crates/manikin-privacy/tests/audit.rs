//! Tier 2: a white-box audit of Gaussian differential privacy, and proof that it sees faults.
//!
//! A small learner measures a database with and without its worst patient, 20,000 times each. The audit knows everything
//! (database, patient, noise as stated) and guesses from what was released which of the two it was, by the likelihood
//! ratio that the *statement* implies. Clopper-Pearson bounds on its two error rates give a lower bound on the μ that the
//! learner really has: μ_L = Φ⁻¹(1 - FPR_U) - Φ⁻¹(FNR_U). Above the μ of the statement, the statement is false.
//!
//! # What the statement claims
//! Gaussian noise of standard deviation σ on a statistic of L2 sensitivity Δ is Δ/σ-GDP. An exponential mechanism with
//! p ∝ exp(εq/(2Δ)) has a range of privacy losses of at most ε, and is dominated by the worst binary mechanism of that
//! range, whose μ is found numerically below. GDP composes as sqrt(Σμ²).
//!
//! # Source
//! Dong, Roth and Su 2022, arXiv 1905.02383 (GDP, composition); Dong, Durfee and Rogers 2020, arXiv 1909.13830 (the worst
//! case of bounded range); Nasr et al. 2023, arXiv 2302.07956 (auditing with GDP); Clopper and Pearson 1934.

mod common;

use std::collections::BTreeSet;

use common::large_session;
use manikin_privacy::{Curator, Measured, Mechanism, PrivacyError, Rho, Session, UNITS_PER_ROW};
use opendp::domains::{AtomDomain, VectorDomain};
use opendp::measurements::make_noisy_max;
use opendp::measures::ZeroConcentratedDivergence;
use opendp::metrics::LInfDistance;
use statrs::distribution::{Beta, ContinuousCDF, Normal};

/// Runs on each of the two databases.
const RUNS: usize = 20_000;

/// Probability that the audit of an honest learner fails.
const ALPHA: f64 = 1e-5;

const SIGMA_TOTAL: f64 = 3.0;
const SIGMA_ROWS: f64 = 1.25;
const EPSILON_SELECTION: f64 = 1.2;
const CAP: usize = 4;

/// One planted fault.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    Nothing,
    /// Half of the noise that the statement says.
    HalfSigma,
    /// OpenDP told that scores only ever grow, so that it allows twice the ε.
    MonotonicFlag,
    /// A patient's rows neither capped nor weighted.
    NoTruncation,
    /// The exact number of patients given as the size of the sample.
    ExactTotal,
    /// The codes that occur taken as the domain.
    RawDomain,
}

/// A patient's rows: codes. The public domain is a, b, c and everything else.
type Patient = Vec<&'static str>;

const DOMAIN: [&str; 4] = ["a", "b", "c", "other"];

fn database() -> Vec<Patient> {
    vec![vec!["a", "b"], vec!["c"], vec!["b", "b", "c", "a", "a"], vec!["a"], vec!["b"], vec!["c", "c", "a"]]
}

/// The worst patient: many rows, all in one cell, with a code that nobody else has.
fn worst_patient() -> Patient {
    vec!["rare"; 40]
}

/// What was released.
#[derive(Debug, Clone)]
struct Released {
    sample_size: Option<usize>,
    cells: Vec<String>,
    numbers: Vec<f64>,
    chosen: usize,
}

/// What the exact statistics are: for the attacker, who knows the database.
struct Exact {
    total: i64,
    cells: Vec<String>,
    rows: Vec<i64>,
    scores: [f64; 2],
}

fn exact(patients: &[Patient], fault: Fault) -> Exact {
    let cells: Vec<String> = if fault == Fault::RawDomain {
        patients.iter().flatten().copied().collect::<BTreeSet<_>>().into_iter().map(str::to_owned).collect()
    } else {
        DOMAIN.map(str::to_owned).to_vec()
    };
    let mut rows = vec![0; cells.len()];
    for patient in patients {
        let cap = if fault == Fault::NoTruncation { patient.len() } else { CAP };
        let kept = patient.len().min(cap);
        let weight = if fault == Fault::NoTruncation { UNITS_PER_ROW } else { UNITS_PER_ROW / kept as i64 };
        for code in &patient[..kept] {
            let cell = cells.iter().position(|cell| cell == code).unwrap_or(cells.len() - 1);
            rows[cell] += weight;
        }
    }
    let total = patients.len() as i64 * UNITS_PER_ROW;
    // The patient raises the first score by one row and lowers the second: they are not monotonic.
    let n = patients.len() as f64;
    Exact { total, cells, rows, scores: [n, 12.0 - n] }
}

/// A curator and the statement it would give.
trait Audited: Curator {
    fn statement(&self) -> Vec<Measured>;
}

impl Audited for Session {
    fn statement(&self) -> Vec<Measured> {
        self.measurements().to_vec()
    }
}

/// Draws half of the noise and states it whole.
struct HalfSigma(Session);

impl Curator for HalfSigma {
    fn gaussian(&mut self, about: &str, exact: &[i64], l2: i64, sigma: f64) -> Result<Vec<f64>, PrivacyError> {
        self.0.gaussian(about, exact, l2, sigma / 2.0)
    }
    fn laplace(&mut self, about: &str, exact: &[i64], l1: i64, scale: f64) -> Result<Vec<f64>, PrivacyError> {
        self.0.laplace(about, exact, l1, scale)
    }
    fn select(&mut self, about: &str, scores: &[f64], sensitivity: f64, epsilon: f64) -> Result<usize, PrivacyError> {
        self.0.select(about, scores, sensitivity, epsilon)
    }
    fn remaining(&self) -> Rho {
        self.0.remaining()
    }
}

impl Audited for HalfSigma {
    fn statement(&self) -> Vec<Measured> {
        let doubled = |m: &Measured| match m.mechanism {
            Mechanism::DiscreteGaussian => Measured { scale: m.scale * 2.0, ..m.clone() },
            _ => m.clone(),
        };
        self.0.measurements().iter().map(doubled).collect()
    }
}

/// Sets OpenDP's flag for monotonic scores; its map then agrees to half of the scale for the same ρ.
struct MonotonicFlag(Session);

impl Curator for MonotonicFlag {
    fn gaussian(&mut self, about: &str, exact: &[i64], l2: i64, sigma: f64) -> Result<Vec<f64>, PrivacyError> {
        self.0.gaussian(about, exact, l2, sigma)
    }
    fn laplace(&mut self, about: &str, exact: &[i64], l1: i64, scale: f64) -> Result<Vec<f64>, PrivacyError> {
        self.0.laplace(about, exact, l1, scale)
    }
    fn select(&mut self, about: &str, scores: &[f64], sensitivity: f64, epsilon: f64) -> Result<usize, PrivacyError> {
        self.0.select(about, scores, sensitivity, epsilon)?;
        let scale = sensitivity / epsilon;
        let measurement = make_noisy_max(
            VectorDomain::new(AtomDomain::<i64>::default()),
            LInfDistance::<i64>::new(true),
            ZeroConcentratedDivergence,
            scale * UNITS_PER_ROW as f64,
            false,
        )
        .expect("OpenDP accepts it");
        let claimed = measurement.map(&((sensitivity * UNITS_PER_ROW as f64) as i64)).expect("and maps it");
        assert!((claimed - epsilon * epsilon / 8.0).abs() < 1e-9, "to the same ρ");
        let units = scores.iter().map(|score| (score * UNITS_PER_ROW as f64) as i64).collect();
        Ok(measurement.invoke(&units).expect("a draw"))
    }
    fn remaining(&self) -> Rho {
        self.0.remaining()
    }
}

impl Audited for MonotonicFlag {
    fn statement(&self) -> Vec<Measured> {
        self.0.measurements().to_vec()
    }
}

fn curator(fault: Fault) -> Box<dyn Audited> {
    match fault {
        Fault::HalfSigma => Box::new(HalfSigma(large_session())),
        Fault::MonotonicFlag => Box::new(MonotonicFlag(large_session())),
        _ => Box::new(large_session()),
    }
}

fn learn(exact: &Exact, fault: Fault, curator: &mut dyn Curator) -> Released {
    let mut numbers = curator.gaussian("patients", &[exact.total], UNITS_PER_ROW, SIGMA_TOTAL).expect("budget");
    numbers.extend(curator.gaussian("rows", &exact.rows, UNITS_PER_ROW, SIGMA_ROWS).expect("budget"));
    let chosen = curator.select("pair", &exact.scores, 1.0, EPSILON_SELECTION).expect("budget");
    let sample_size = (fault == Fault::ExactTotal).then_some((exact.total / UNITS_PER_ROW) as usize);
    Released { sample_size, cells: exact.cells.clone(), numbers, chosen }
}

/// What an attacker believes about the noise: the share of the stated sigmas that was drawn, and how many times the
/// stated ε the selection has. A test by the true likelihood is the most powerful one, so the audit tries the statement
/// and one attacker for each of the faults that leave no other trace.
const ATTACKERS: [(f64, f64); 3] = [(1.0, 1.0), (0.5, 1.0), (1.0, 2.0)];

/// The logarithm of the likelihood of a release with the patient over that without, as an attacker believes.
fn log_likelihood_ratio(released: &Released, with: &Exact, without: &Exact, (noise, range): (f64, f64)) -> f64 {
    let log_likelihood = |exact: &Exact| {
        let size = (exact.total / UNITS_PER_ROW) as usize;
        if released.sample_size.is_some_and(|released| released != size) || released.cells != exact.cells {
            return f64::NEG_INFINITY;
        }
        let means = std::iter::once(&exact.total).chain(&exact.rows).map(|units| *units as f64 / UNITS_PER_ROW as f64);
        let sigmas = std::iter::once(SIGMA_TOTAL).chain(std::iter::repeat(SIGMA_ROWS)).map(|sigma| sigma * noise);
        let gaussian: f64 = released
            .numbers
            .iter()
            .zip(means)
            .zip(sigmas)
            .map(|((value, mean), sigma)| -(value - mean) * (value - mean) / (2.0 * sigma * sigma))
            .sum();
        let weights = exact.scores.map(|score| libm::exp(range * EPSILON_SELECTION * score / 2.0));
        gaussian + libm::log(weights[released.chosen] / (weights[0] + weights[1]))
    };
    log_likelihood(with) - log_likelihood(without)
}

/// μ of the worst binary mechanism whose privacy losses span `epsilon`: losses of t and t - ε, for the worst t.
fn mu_of_range(epsilon: f64) -> f64 {
    let normal = Normal::standard();
    (1..1000)
        .map(|i| {
            let t = epsilon * f64::from(i) / 1000.0;
            let q = (1.0 - libm::exp(t - epsilon)) / (libm::exp(t) - libm::exp(t - epsilon));
            normal.inverse_cdf(1.0 - q) - normal.inverse_cdf(1.0 - libm::exp(t) * q)
        })
        .fold(0.0, f64::max)
}

/// The μ that a statement claims.
fn claimed_mu(statement: &[Measured]) -> f64 {
    let square = |measured: &Measured| {
        let mu = match measured.mechanism {
            Mechanism::DiscreteGaussian => measured.sensitivity / measured.scale,
            Mechanism::Exponential => mu_of_range(2.0 * measured.sensitivity / measured.scale),
            other => panic!("the learner does not use {other:?}"),
        };
        mu * mu
    };
    statement.iter().map(square).sum::<f64>().sqrt()
}

/// The upper Clopper-Pearson bound, its share of ALPHA being that of one error rate of one attacker.
fn at_most(errors: usize, runs: usize) -> f64 {
    if errors == runs {
        return 1.0;
    }
    Beta::new((errors + 1) as f64, (runs - errors) as f64)
        .expect("a beta distribution")
        .inverse_cdf(1.0 - ALPHA / (2 * ATTACKERS.len()) as f64)
}

struct Audit {
    mu_at_least: f64,
    mu_claimed: f64,
}

fn audit(fault: Fault) -> Audit {
    let mut patients = database();
    let without = exact(&patients, fault);
    patients.push(worst_patient());
    let with = exact(&patients, fault);

    let mut mu_claimed = None;
    // How often each attacker takes the release for one with the patient.
    let mut guesses = |exact: &Exact| {
        let mut curator = curator(fault);
        let mut guesses = [0; ATTACKERS.len()];
        for _ in 0..RUNS {
            if curator.remaining().value() < 1.0 {
                curator = self::curator(fault);
            }
            let released = learn(exact, fault, curator.as_mut());
            mu_claimed.get_or_insert_with(|| claimed_mu(&curator.statement()));
            for (count, attacker) in guesses.iter_mut().zip(ATTACKERS) {
                *count += usize::from(log_likelihood_ratio(&released, &with, &without, attacker) > 0.0);
            }
        }
        guesses
    };
    let (false_positives, true_positives) = (guesses(&without), guesses(&with));

    let normal = Normal::standard();
    let mu_at_least = false_positives
        .into_iter()
        .zip(true_positives)
        .map(|(fp, tp)| normal.inverse_cdf(1.0 - at_most(fp, RUNS)) - normal.inverse_cdf(at_most(RUNS - tp, RUNS)))
        .fold(0.0, f64::max);
    Audit { mu_at_least, mu_claimed: mu_claimed.expect("at least one run") }
}

fn is_caught(fault: Fault) {
    let Audit { mu_at_least, mu_claimed } = audit(fault);
    assert!(mu_at_least > mu_claimed, "not caught: μ is at least {mu_at_least:.3}, {mu_claimed:.3} is claimed");
}

#[test]
fn an_honest_learner_is_as_private_as_its_statement() {
    let Audit { mu_at_least, mu_claimed } = audit(Fault::Nothing);
    assert!(mu_at_least <= mu_claimed, "μ is at least {mu_at_least:.3}, but only {mu_claimed:.3} is claimed");
    assert!(mu_at_least > 0.75 * mu_claimed, "the audit sees too little: {mu_at_least:.3} of {mu_claimed:.3}");
}

#[test]
fn half_of_the_noise_is_caught() {
    is_caught(Fault::HalfSigma);
}

#[test]
fn the_flag_for_monotonic_scores_is_caught() {
    is_caught(Fault::MonotonicFlag);
}

#[test]
fn rows_without_truncation_are_caught() {
    is_caught(Fault::NoTruncation);
}

#[test]
fn an_exact_total_is_caught() {
    is_caught(Fault::ExactTotal);
}

#[test]
fn a_domain_taken_from_records_is_caught() {
    is_caught(Fault::RawDomain);
}

/// By hand: for losses of ±ε/2 the binary mechanism is randomised response with e^(ε/2).
#[test]
fn the_worst_range_is_at_least_randomised_response() {
    let normal = Normal::standard();
    for epsilon in [0.2, 1.2, 3.0] {
        let p = 1.0 / (1.0 + libm::exp(-epsilon / 2.0));
        let symmetric = 2.0 * normal.inverse_cdf(p);
        assert!(mu_of_range(epsilon) >= symmetric - 1e-6);
        assert!(mu_of_range(epsilon) < 1.1 * symmetric);
    }
}
