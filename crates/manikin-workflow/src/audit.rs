//! `audit`: a lower bound on the ε that learning really has, from canary patients planted among the records.

use std::path::PathBuf;

use manikin_diagnostic::{Diagnostic, codes};
use manikin_fit::{
    Canaries, CountNoise, Extract, FitMethod, LearnOptions, LearnedLevel, Prepared, Progress, check_size, learn_levels,
};
use manikin_marginals::FitOptions;
use manikin_metrics::risk::audit::{OneRun, mu_lower_bound};
use manikin_metrics::risk::{Named, epsilon_lower_bound};
use manikin_privacy::{ExactSession, Ledger, Rho};
use manikin_spec::spec::{Learned, Source};
use serde::Serialize;

use crate::budget::now;
use crate::failure::Failure;
use crate::fit::{FitTerms, Protection, admitted, budget, charged, declared};
use crate::spec::Checked;

/// The share of the canaries whose coins are guessed, where fewer would do.
///
/// # Source
/// Steinke, Nasr and Jagielski 2023, section 6: most canaries are best abstained on; the share is ASSUMED, and was fixed
/// before anything was measured.
const GUESSED: f64 = 0.1;

/// What is audited, and how.
#[derive(Clone, Debug)]
pub struct AuditRequest {
    /// Folder of the tables, or the file of the only one.
    pub data: PathBuf,
    /// The fit that is audited, with the ε and δ that it claims.
    pub terms: FitTerms,
    /// How canaries are planted.
    pub design: AuditDesign,
    /// The confidence of the bound, between 0 and 1.
    pub confidence: f64,
    /// Decides the canaries and their coins, but no noise.
    pub seed: u64,
}

/// How canaries are planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditDesign {
    /// One fit with many canaries, each there by a fair coin.
    OneRun {
        /// How many.
        canaries: usize,
    },
    /// One canary, and so many fits with it as without it.
    Repeated {
        /// The fits of either kind.
        runs: usize,
    },
}

/// What an audit found. Nothing in it depends on a record but through noisy answers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Audit {
    /// The source whose records were learned from.
    pub source: String,
    /// Whether noise protected them.
    pub private: bool,
    /// How marginals were chosen.
    pub method: String,
    /// How canaries were planted.
    pub design: AuditDesign,
    /// The fits that were made, each charged by itself.
    pub fits: usize,
    /// The coins that were guessed.
    pub guesses: usize,
    /// How many were guessed right.
    pub right: usize,
    /// The confidence of the bounds.
    pub confidence: f64,
    /// What decided canaries and coins.
    pub seed: u64,
    /// ε claimed of each fit.
    pub epsilon: f64,
    /// δ claimed of each fit.
    pub delta: f64,
    /// ρ charged for each fit.
    pub rho: f64,
    /// The least ε that explains the right guesses at this δ.
    pub epsilon_lower_bound: Option<f64>,
    /// The least μ of Gaussian differential privacy that does; of repeated fits alone.
    pub mu_lower_bound: Option<f64>,
    /// What follows for the claim.
    pub verdict: Verdict,
    /// Why nothing follows.
    pub reason: Option<String>,
}

/// What an audit says of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The bound is not above the claim. That proves nothing: a better attack may find more.
    NotRefuted,
    /// The bound is above the claim: at the confidence, the fit is not as private as claimed.
    Refuted,
    /// Even if every guess were right, the claim would stand: nothing was run and nothing charged.
    Incomplete,
}

/// Audits a fit: plants canaries, learns as `fit` does, and guesses which canaries were there.
///
/// Each fit is charged to the ledger as any other; without noise (the control) none is. No model is kept.
///
/// # Errors
///
/// As [`crate::fit()`]; also
/// - `MK0911`: no canary, a confidence outside 0 to 1, or a method that measures no marginals
pub fn audit(checked: &Checked, request: &AuditRequest, progress: &dyn Progress) -> Result<Audit, Failure> {
    let (learned, source) = declared(checked)?;
    let terms = &request.terms;
    let rho = budget(terms, source)?;
    check(request)?;
    let options = terms.options();
    check_size(&checked.spec, learned, &options)?;
    let extract = Extract::find(&checked.spec, &request.data)?;
    let empty = Audit {
        source: source.id.clone(),
        private: matches!(terms.protection, Protection::Ledger(_)),
        method: terms.method.name().to_owned(),
        design: request.design,
        fits: 0,
        guesses: 0,
        right: 0,
        confidence: request.confidence,
        seed: request.seed,
        epsilon: terms.epsilon,
        delta: terms.delta,
        rho: rho.value(),
        epsilon_lower_bound: None,
        mu_lower_bound: None,
        verdict: Verdict::Incomplete,
        reason: None,
    };
    let guesses = match request.design {
        AuditDesign::OneRun { canaries } => guesses(canaries, request),
        AuditDesign::Repeated { runs } => telling(runs, request).map(|()| 2 * runs),
    };
    let guesses = match guesses {
        Ok(guesses) => guesses,
        Err(reason) => return Ok(Audit { reason: Some(reason), ..empty }),
    };
    let (ledger, records) = match &terms.protection {
        Protection::None => (None, extract.read(progress, &mut |_| {})?),
        Protection::Ledger(address) => {
            let (ledger, records) = admitted(address, source, terms, &extract, progress)?;
            (Some(ledger), records)
        }
    };
    let mut bench = Bench { checked, learned, source, records: &records, terms, rho, ledger, progress };
    let found = match request.design {
        AuditDesign::OneRun { canaries } => {
            let canaries = Canaries::draw(&checked.spec, learned, canaries, request.seed);
            let coins = canaries.coins(request.seed);
            let scores = bench.scores(&canaries, &coins)?;
            let right = right(&scores, &coins, guesses);
            let counts = OneRun { canaries: coins.len() as u64, guesses: guesses as u64, right: right as u64 };
            let bound = counts.epsilon(terms.delta, request.confidence);
            Audit { fits: 1, guesses, right, epsilon_lower_bound: bound, ..empty }
        }
        AuditDesign::Repeated { runs } => {
            bench.afford(2 * runs)?;
            let canary = Canaries::draw(&checked.spec, learned, 1, request.seed);
            let mut named = Named { true_positives: 0, false_positives: 0 };
            for _ in 0..runs {
                let mut says =
                    |there: bool| Ok::<_, Failure>(bench.scores(&canary, &[there])?.iter().any(|s| *s > 0.0));
                named.true_positives += usize::from(says(true)?);
                named.false_positives += usize::from(says(false)?);
            }
            Audit {
                fits: 2 * runs,
                guesses,
                right: named.true_positives + runs - named.false_positives,
                epsilon_lower_bound: epsilon_lower_bound(named, runs, runs, terms.delta, request.confidence),
                mu_lower_bound: mu_lower_bound(named, runs, runs, request.confidence),
                ..empty
            }
        }
    };
    let verdict = match found.epsilon_lower_bound {
        Some(bound) if bound > terms.epsilon => Verdict::Refuted,
        Some(_) => Verdict::NotRefuted,
        None => Verdict::Incomplete,
    };
    Ok(Audit { verdict, ..found })
}

/// Learns again and again from the same records with different canaries among them.
struct Bench<'a> {
    checked: &'a Checked,
    learned: &'a Learned,
    source: &'a Source,
    records: &'a Prepared<'a>,
    terms: &'a FitTerms,
    rho: Rho,
    /// `None` where nothing is charged.
    ledger: Option<Ledger>,
    progress: &'a dyn Progress,
}

impl Bench<'_> {
    /// Refuses more fits than the source's budget holds, before the first is charged.
    fn afford(&mut self, fits: usize) -> Result<(), Failure> {
        let Some(ledger) = &mut self.ledger else { return Ok(()) };
        let left = ledger.balance(&self.source.id, now())?.left.rho;
        let needed = (0..fits).fold(Rho::ZERO, |sum, _| sum.plus(self.rho));
        if left.minus(needed).is_some() {
            return Ok(());
        }
        let (needed, left) = (needed.value(), left.value());
        let message = format!("{fits} fits cost ρ {needed:.6}, and {} has ρ {left:.6} left", self.source.id);
        let help =
            "leave --runs out for an audit by one fit, or audit with made-up records under a source of their own";
        Err(Diagnostic::error(codes::BUDGET_EXCEEDED, message).help(help).into())
    }

    /// One fit with the canaries that are present, and what it says of each canary.
    fn scores(&mut self, canaries: &Canaries, present: &[bool]) -> Result<Vec<f64>, Failure> {
        let planted = canaries.among(self.records, present);
        let spec = &self.checked.spec;
        // The control too stops where noise would be: only what was measured is looked at, not how well it is fitted.
        let options = LearnOptions { fit: FitOptions::default(), ..self.terms.options() };
        let (made, noise): (Vec<LearnedLevel>, _) = match &mut self.ledger {
            None => {
                let mut session = ExactSession::without_privacy(self.rho);
                let made = learn_levels(spec, self.learned, &planted, &options, &mut session, self.progress)?;
                (made, CountNoise::None)
            }
            Some(ledger) => {
                let mut session = charged(ledger, self.source, self.rho, "manikin audit")?;
                let made = learn_levels(spec, self.learned, &planted, &options, &mut session, self.progress)?;
                (made, CountNoise::AsRecorded)
            }
        };
        Ok(canaries.scores(&made, self.records, noise)?)
    }
}

fn check(request: &AuditRequest) -> Result<(), Failure> {
    let refuse = |message: &str, help: &str| Err(Diagnostic::error(codes::BAD_OPTION, message).help(help).into());
    if !(request.confidence > 0.0 && request.confidence < 1.0) {
        return refuse("the confidence is no number between 0 and 1", "try --confidence 0.95");
    }
    if matches!(request.design, AuditDesign::OneRun { canaries: 0 } | AuditDesign::Repeated { runs: 0 }) {
        return refuse("there is nothing to guess", "try --canaries 1000");
    }
    if request.terms.method == FitMethod::ClippedMeans {
        return refuse(
            "clipped-means measures moments, and canaries are looked for in marginals",
            "audit another --method",
        );
    }
    Ok(())
}

/// How many guesses are made, decided before anything is measured; or why no number of them could refute the claim.
fn guesses(canaries: usize, request: &AuditRequest) -> Result<usize, String> {
    let FitTerms { epsilon, delta, .. } = request.terms;
    // All of r guesses right refute ε when (e^ε / (1 + e^ε))^r is below the risk.
    let needed = |epsilon: f64| libm::log(1.0 - request.confidence) / -libm::log1p(libm::exp(-epsilon));
    let wanted = needed(epsilon + 1.0).max(GUESSED * canaries as f64).ceil().min(canaries as f64) as usize;
    let refutes = |guesses: usize| {
        let all = OneRun { canaries: canaries as u64, guesses: guesses as u64, right: guesses as u64 };
        all.p(epsilon, delta).is_some_and(|p| p < 1.0 - request.confidence)
    };
    [wanted, canaries].into_iter().find(|guesses| refutes(*guesses)).ok_or_else(|| {
        let least = needed(epsilon).ceil();
        if least > canaries as f64 {
            format!("{canaries} canaries cannot refute ε {epsilon} even if all are guessed; it takes {least} at least")
        } else {
            format!("{canaries} canaries cannot refute ε {epsilon} at δ {delta:e}; audit with a smaller δ")
        }
    })
}

/// Whether so many runs could refute the claim.
fn telling(runs: usize, request: &AuditRequest) -> Result<(), String> {
    let FitTerms { epsilon, delta, .. } = request.terms;
    let best = Named { true_positives: runs, false_positives: 0 };
    let most = epsilon_lower_bound(best, runs, runs, delta, request.confidence).unwrap_or(0.0);
    if most > epsilon {
        return Ok(());
    }
    Err(format!("2 x {runs} fits cannot show more than ε {most:.2}, and ε {epsilon} is claimed; ask for more --runs"))
}

/// How many guesses are right when the canaries of the highest scores are taken to be there, those of the lowest not.
fn right(scores: &[f64], coins: &[bool], guesses: usize) -> usize {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b)));
    let there = guesses.div_ceil(2);
    let absent = guesses - there;
    order.iter().take(there).filter(|at| coins[**at]).count()
        + order.iter().rev().take(absent).filter(|at| !coins[**at]).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(epsilon: f64, delta: f64) -> AuditRequest {
        AuditRequest {
            data: PathBuf::new(),
            terms: FitTerms {
                epsilon,
                delta,
                method: FitMethod::default(),
                workload: 3,
                model_megabytes: 16.0,
                protection: Protection::None,
            },
            design: AuditDesign::OneRun { canaries: 1000 },
            confidence: 0.95,
            seed: 0,
        }
    }

    #[test]
    fn the_highest_scores_are_guessed_there_and_the_lowest_not() {
        let coins = [true, false, true, false, true];
        assert_eq!(right(&[0.9, -0.9, 0.8, -0.8, 0.0], &coins, 4), 4);
        assert_eq!(right(&[0.9, 0.8, -0.7, -0.8, 0.0], &coins, 4), 2);
        assert_eq!(right(&[0.0; 5], &coins, 5), 2 + 1);
    }

    #[test]
    fn an_audit_that_could_not_refute_the_claim_says_what_it_would_take() {
        assert_eq!(guesses(1000, &request(1.0, 1e-6)), Ok(100));
        // ln .05 / ln(e^7 / (1 + e^7)) = 3286.9.
        assert!(guesses(1000, &request(7.0, 1e-6)).unwrap_err().contains("3287"));
        assert!(guesses(1000, &request(1.0, 0.2)).unwrap_err().contains("δ"));
        // With 4 of 4 either way: .025^(1/4) = .398 against .602.
        assert!(telling(4, &request(1.0, 1e-6)).is_err());
        assert!(telling(20, &request(1.0, 1e-6)).is_ok());
    }
}
