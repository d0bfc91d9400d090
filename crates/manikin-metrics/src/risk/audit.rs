//! The arithmetic of auditing differential privacy: counts of an attack on canaries into lower bounds.

use manikin_random::{beta_regularised, normal_quantile};

use super::roc::{Named, epsilon_lower_bound};
use crate::score::{Definition, Direction, Score};
use crate::stats::clopper_pearson_upper;

/// The lower bound on ε of an audit.
pub const EPSILON: Definition = Definition {
    name: "audit_epsilon_lower_bound",
    means: "the least ε that explains how often canaries were told apart; above the ε claimed, the claim is refuted",
    direction: Direction::Lower,
    range: (0.0, f64::MAX),
    reference: "Steinke, Nasr and Jagielski, Privacy Auditing with One (1) Training Run, NeurIPS 2023; Nasr et al., 2021",
};

/// The lower bound on μ of Gaussian differential privacy.
pub const MU: Definition = Definition {
    name: "audit_mu_lower_bound",
    means: "the least μ of Gaussian differential privacy that explains how often canaries were told apart",
    direction: Direction::Lower,
    range: (0.0, f64::MAX),
    reference: "Nasr et al., Tight Auditing of Differentially Private Machine Learning, USENIX Security 2023",
};

/// The definitions of its scores.
pub(crate) const DEFINITIONS: &[&Definition] = &[&EPSILON, &MU];

/// A one-run audit: canaries were each put in or left out by a fair coin, and some of the coins were guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OneRun {
    /// The canaries, m.
    pub canaries: u64,
    /// The guesses made, r: abstaining costs nothing.
    pub guesses: u64,
    /// The right guesses, v.
    pub right: u64,
}

impl OneRun {
    /// The probability of as many right guesses under (ε, δ): β(v) + 2mδ max_i (β(v - i) - β(v))/i, at most 1.
    ///
    /// `None` when the counts contradict each other or ε or δ is no such number.
    #[must_use]
    pub fn p(&self, epsilon: f64, delta: f64) -> Option<f64> {
        let Self { canaries, guesses, right } = *self;
        let valid = right <= guesses && guesses <= canaries && epsilon >= 0.0 && (0.0..=1.0).contains(&delta);
        if !valid {
            return None;
        }
        let chance = if epsilon > 700.0 { 1.0 } else { 1.0 / (1.0 + libm::exp(-epsilon)) };
        let tail = |least: u64| at_least(guesses, chance, least);
        let beta = tail(right);
        let slope = if delta > 0.0 {
            (1..=right).map(|i| (tail(right - i) - beta) / i as f64).fold(0.0, f64::max)
        } else {
            0.0
        };
        Some((beta + 2.0 * canaries as f64 * delta * slope).min(1.0))
    }

    /// The greatest ε that the counts refute with the given confidence; 0 when they refute none.
    #[must_use]
    pub fn epsilon(&self, delta: f64, confidence: f64) -> Option<f64> {
        let risk = 1.0 - confidence;
        let refuted = |epsilon: f64| self.p(epsilon, delta).map(|p| p <= risk);
        if !(0.0 < risk && risk < 1.0) {
            return None;
        }
        if !refuted(0.0)? {
            return Some(0.0);
        }
        let (mut low, mut high) = (0.0, 60.0);
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if refuted(middle)? { low = middle } else { high = middle }
        }
        Some(low)
    }

    /// The score of the audit.
    #[must_use]
    pub fn score(&self, delta: f64, confidence: f64) -> Score {
        let Self { canaries, guesses, right } = *self;
        let method = format!(
            "one run: {right} of {guesses} guesses right, {canaries} canaries, δ = {delta}, confidence {confidence}"
        );
        let about = vec!["one_run".to_owned()];
        match self.epsilon(delta, confidence).filter(|_| guesses > 0) {
            Some(bound) => EPSILON.score(about, bound, canaries as usize, method),
            None => EPSILON.incomplete(
                about,
                canaries as usize,
                method,
                "no guess was made, or the counts contradict each other",
            ),
        }
    }
}

/// Scores of an audit of many runs, with the canaries in and with them out: ε and μ.
#[must_use]
pub fn repeated(named: Named, runs_in: usize, runs_out: usize, delta: f64, confidence: f64) -> Vec<Score> {
    let n = runs_in + runs_out;
    let method = format!(
        "{} of {runs_in} runs with the canary and {} of {runs_out} without were named, δ = {delta}, confidence {confidence}; \
         Clopper-Pearson, error shared by both rates",
        named.true_positives, named.false_positives
    );
    let about = || vec!["repeated".to_owned()];
    let reason = "there are no runs with the canary, or none without";
    vec![
        match epsilon_lower_bound(named, runs_in, runs_out, delta, confidence) {
            Some(bound) => EPSILON.score(about(), bound, n, method.clone()),
            None => EPSILON.incomplete(about(), n, method.clone(), reason),
        },
        match mu_lower_bound(named, runs_in, runs_out, confidence) {
            Some(bound) => MU.score(about(), bound, n, method),
            None => MU.incomplete(about(), n, method, reason),
        },
    ]
}

/// Φ⁻¹(1 - FPR) - Φ⁻¹(FNR) at the upper bounds of both rates, at least 0.
#[must_use]
pub fn mu_lower_bound(named: Named, members: usize, others: usize, confidence: f64) -> Option<f64> {
    let side = 0.5 * (1.0 + confidence);
    let missed = members.checked_sub(named.true_positives)? as u64;
    let fnr = clopper_pearson_upper(missed, members as u64, side)?;
    let fpr = clopper_pearson_upper(named.false_positives as u64, others as u64, side)?;
    if fnr >= 1.0 || fpr >= 1.0 {
        return Some(0.0);
    }
    Some((normal_quantile(1.0 - fpr) - normal_quantile(fnr)).max(0.0))
}

/// P(Bin(n, p) >= least).
fn at_least(n: u64, p: f64, least: u64) -> f64 {
    match least {
        0 => 1.0,
        _ if least > n => 0.0,
        _ if p >= 1.0 => 1.0,
        _ => beta_regularised(least as f64, (n - least) as f64 + 1.0, p),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_and_bounds_are_those_worked_by_hand() {
        // P(Bin(4, 1/2) >= 3) = 5/16.
        let audit = OneRun { canaries: 4, guesses: 4, right: 3 };
        assert!((audit.p(0.0, 0.0).expect("a p") - 5.0 / 16.0).abs() < 1e-12);
        // δ = .01: the slopes are (11/16 - 5/16)/1, (15/16 - 5/16)/2, (1 - 5/16)/3; the first is greatest.
        assert!((audit.p(0.0, 0.01).expect("a p") - (0.3125 + 0.08 * 0.375)).abs() < 1e-12);
        // All of r right: the bound solves (e^ε/(1+e^ε))^r = .05.
        let all = OneRun { canaries: 100, guesses: 100, right: 100 };
        let p = libm::exp(libm::log(0.05) / 100.0);
        assert!((all.epsilon(0.0, 0.95).expect("a bound") - libm::log(p / (1.0 - p))).abs() < 1e-6);
        assert_eq!(OneRun { canaries: 100, guesses: 100, right: 50 }.epsilon(0.0, 0.95), Some(0.0));
        assert_eq!(OneRun { canaries: 1, guesses: 2, right: 1 }.epsilon(0.0, 0.95), None);
        assert!(!OneRun { canaries: 9, guesses: 0, right: 0 }.score(0.0, 0.95).is_computed());
    }

    #[test]
    fn randomised_response_is_not_accused_and_its_budget_is_nearly_found() {
        // A mechanism of ε = 1 answers right with probability e/(1+e); 1,000 canaries; alpha .05, fixed seed.
        let mut stream = crate::stats::draws(2, "audit", 0);
        let truth = libm::exp(1.0) / (1.0 + libm::exp(1.0));
        let right = (0..1000).filter(|_| stream.uniform() < truth).count() as u64;
        let bound = OneRun { canaries: 1000, guesses: 1000, right }.epsilon(0.0, 0.95).expect("a bound");
        assert!(bound <= 1.0 && bound > 0.7, "{bound}");
    }

    #[test]
    fn a_gaussian_mechanism_is_bounded_below_by_less_than_its_mu() {
        // μ = 1 at the threshold 1/2: TPR = Φ(.5) = .691, FPR = .309 of 20,000 runs each.
        let named = Named { true_positives: 13_829, false_positives: 6_171 };
        let mu = mu_lower_bound(named, 20_000, 20_000, 0.95).expect("a bound");
        assert!(mu < 1.0 && mu > 0.95, "{mu}");
        let scores = repeated(named, 20_000, 20_000, 1e-6, 0.95);
        assert!(scores.iter().all(Score::is_computed));
        assert!(!repeated(named, 0, 0, 0.0, 0.95)[0].is_computed());
    }
}
