//! Membership inference: what the attacks find, with intervals, their maximum, and the most exposed records.

use super::attacks::{ATTACKS, Attack};
use super::folds::Folds;
use super::power::{CASES, interval, underpowered};
use super::roc::{LIMITS, Maximum, Named, Roc, epsilon_lower_bound, maximum};
use crate::score::{Definition, Direction, Falls, Harmless, Score};
use crate::stats::clopper_pearson;

/// The true-positive rate at a false-positive rate.
pub const TPR: Definition = Definition {
    name: "membership_tpr",
    means: "of the people the data were made from, the share that an attacker names while wrongly naming at most the \
            stated share of others; good is no more than that share",
    direction: Direction::Lower,
    range: (0.0, 1.0),
    reference: "Carlini et al., Membership Inference Attacks From First Principles, IEEE S&P 2022",
};

/// The lower bound on ε that an attack proves.
pub const EPSILON: Definition = Definition {
    name: "membership_epsilon",
    means: "the least differential-privacy ε under which the attack could have succeeded this well; good is 0",
    direction: Direction::Lower,
    range: (0.0, f64::MAX),
    reference: "Kairouz, Oh and Viswanath, ICML 2015, with Clopper-Pearson bounds",
};

/// The area under the ROC.
pub const AUC: Definition = Definition {
    name: "membership_auc",
    means: "how well an attack ranks members above others on average; good is .5, but an average hides a leak of few",
    direction: Direction::Lower,
    range: (0.0, 1.0),
    reference: "Hanley and McNeil, Radiology 143, 1982",
};

/// The greatest membership advantage at the limits.
pub const ADVANTAGE: Definition = Definition {
    name: "membership_advantage",
    means: "the share of members named less the share of others named, at the best of the stated limits; good is 0",
    direction: Direction::Lower,
    range: (-1.0, 1.0),
    reference: "Yeom et al., Privacy Risk in Machine Learning, CSF 2018",
};

/// The greatest true-positive rate of any attack.
pub const MAXIMUM: Definition = Definition {
    name: "membership_maximum_tpr",
    means: "the true-positive rate of the best attack; good is within what the best of as many attacks finds by lot",
    direction: Direction::Lower,
    range: (0.0, 1.0),
    reference: "Westfall and Young, Resampling-Based Multiple Testing, 1993",
};

/// The p-value of the greatest excess.
pub const MAXIMUM_P: Definition = Definition {
    name: "membership_maximum_p",
    means: "how often chance alone would let the best attack do as well; a small value is evidence of a leak",
    direction: Direction::Higher,
    range: (0.0, 1.0),
    reference: "Westfall and Young, Resampling-Based Multiple Testing, 1993",
};

/// The definitions of its scores.
pub(crate) const DEFINITIONS: &[&Definition] = &[&TPR, &EPSILON, &AUC, &ADVANTAGE, &MAXIMUM, &MAXIMUM_P];

/// The share of records that count as the most exposed.
///
/// # Source
/// `evaluation.md`, protocol 4.
const EXPOSED: f64 = 0.01;

/// One attack's curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// The attack's name.
    pub attack: &'static str,
    /// Its step ROC over train (members) and holdout.
    pub roc: Roc,
}

/// The bank of attacks, run.
#[derive(Debug, Clone, PartialEq)]
pub struct Bank {
    /// The curves of the attacks that ran.
    pub curves: Vec<Curve>,
    /// The attacks that could not run, and why.
    pub failed: Vec<(&'static str, String)>,
}

impl Bank {
    /// Runs every attack on rows.
    #[must_use]
    pub fn run(folds: &Folds<'_>) -> Self {
        Self::of(ATTACKS, folds)
    }

    /// Runs some attacks.
    #[must_use]
    pub fn of(attacks: &[Attack], folds: &Folds<'_>) -> Self {
        let mut bank = Self { curves: Vec::new(), failed: Vec::new() };
        for attack in attacks {
            match (attack.scores)(folds) {
                Ok(scores) => {
                    bank.curves.push(Curve { attack: attack.name, roc: Roc::new(&scores, folds.train.rows) });
                }
                Err(reason) => bank.failed.push((attack.name, reason)),
            }
        }
        bank
    }

    /// The curves among the most exposed 1 % of records: those furthest from their real neighbours.
    ///
    /// # Errors
    /// - There are no real neighbours.
    pub fn exposed(&self, folds: &Folds<'_>) -> Result<Self, String> {
        let keep = most_exposed(folds)?;
        let among = |curve: &Curve| Curve { attack: curve.attack, roc: curve.roc.among(&keep) };
        Ok(Self { curves: self.curves.iter().map(among).collect(), failed: self.failed.clone() })
    }

    /// All scores of the bank. `about` comes before the attack's name in what they are about.
    #[must_use]
    pub fn scores(&self, folds: &Folds<'_>, about: &[&str]) -> Vec<Score> {
        let level = folds.settings.level;
        let about_of = |parts: &[&str]| about.iter().chain(parts).map(|&part| part.to_owned()).collect::<Vec<_>>();
        let mut scores = Vec::new();
        for Curve { attack, roc } in &self.curves {
            for limit in LIMITS {
                let named = roc.at(limit);
                let about = about_of(&[attack, &format!("fpr={limit}")]);
                scores.push(rate(&about, roc, limit, named, level));
                scores.push(epsilon(&about, roc, limit, named, level));
            }
            scores.extend(averages(&about_of(&[attack]), roc, level));
        }
        for (attack, reason) in &self.failed {
            scores.push(TPR.incomplete(about_of(&[attack]), 0, "the attack did not run", reason));
        }
        let curves: Vec<Roc> = self.curves.iter().map(|curve| curve.roc.clone()).collect();
        match maximum(&curves, folds.settings.permutations, folds.settings.seed) {
            Some(found) => scores.extend(self.greatest(&found, folds, about)),
            None => {
                let reason = "the attacks need members and others to be compared";
                scores.push(MAXIMUM_P.incomplete(about_of(&[]), 0, "label permutation", reason));
            }
        }
        scores
    }

    fn greatest(&self, found: &Maximum, folds: &Folds<'_>, about: &[&str]) -> Vec<Score> {
        let Some(first) = self.curves.first() else { return Vec::new() };
        let (members, others) = (first.roc.members(), first.roc.others());
        let about_of = |parts: &[&str]| about.iter().chain(parts).map(|&part| part.to_owned()).collect::<Vec<_>>();
        let permutations = folds.settings.permutations;
        let mut scores: Vec<Score> = LIMITS
            .iter()
            .zip(found.rates)
            .map(|(limit, (rate, mean, high))| {
                let hits = libm::round(rate * members as f64) as u64;
                let method = format!(
                    "step ROC; the best of {} attacks by lot: mean {mean:.5}, .99 quantile {high:.5}, of {permutations} \
                     permutations of labels",
                    self.curves.len()
                );
                let score = MAXIMUM
                    .score(about_of(&[&format!("fpr={limit}")]), rate, members, method)
                    .with_interval(clopper_pearson(hits, members as u64, folds.settings.level));
                let score = score.with_harmless(harmless(high, *limit, members, folds.settings.level));
                weigh_power(score, *limit, others)
            })
            .collect();
        let attack = self.curves.get(found.attack).map_or("", |curve| curve.attack);
        let method = format!(
            "{permutations} permutations of labels, seed {}; greatest excess {:.2} standard deviations, of `{attack}` at \
             fpr {}",
            folds.settings.seed, found.excess, LIMITS[found.limit]
        );
        let (low, high) = p_interval(found.p, permutations, folds.settings.level);
        let score = MAXIMUM_P.score(about_of(&[]), found.p, members + others, method).with_interval(interval(
            low,
            high,
            folds.settings.level,
        ));
        scores.push(score);
        scores
    }
}

/// The whole bank on all records, and on the most exposed 1 % of them.
#[must_use]
pub fn membership(folds: &Folds<'_>) -> Vec<Score> {
    of_bank(&Bank::run(folds), folds)
}

/// As [`membership`], of a bank that was run.
#[must_use]
pub fn of_bank(bank: &Bank, folds: &Folds<'_>) -> Vec<Score> {
    let mut scores = bank.scores(folds, &[]);
    match bank.exposed(folds) {
        Ok(exposed) => scores.extend(exposed.scores(folds, &["most_exposed"])),
        Err(reason) => scores.push(AUC.incomplete(vec!["most_exposed".to_owned()], 0, "step ROC", reason)),
    }
    scores
}

/// The records of train and holdout that are furthest from their real neighbours, 1 % of them.
///
/// # Errors
/// - There are no real neighbours.
pub fn most_exposed(folds: &Folds<'_>) -> Result<Vec<bool>, String> {
    let others = folds.pool_to_others()?;
    if others.is_empty() {
        return Err("there is no other real row to compare with".to_owned());
    }
    let far = |row: usize| others.distances(row).iter().sum::<f64>();
    let mut order: Vec<usize> = (0..others.len()).collect();
    order.sort_by(|&a, &b| far(b).total_cmp(&far(a)).then(a.cmp(&b)));
    let count = libm::ceil(EXPOSED * order.len() as f64) as usize;
    let mut keep = vec![false; order.len()];
    for &row in &order[..count.min(order.len())] {
        keep[row] = true;
    }
    Ok(keep)
}

fn rate(about: &[String], roc: &Roc, limit: f64, named: Named, level: f64) -> Score {
    let (members, others) = (roc.members(), roc.others());
    if members == 0 || others == 0 {
        return TPR.incomplete(about.to_vec(), 0, "step ROC", "there are no members or no others");
    }
    let method = format!(
        "step ROC: {} of {members} members named with {} of {others} others; Clopper-Pearson",
        named.true_positives, named.false_positives
    );
    let value = named.true_positives as f64 / members as f64;
    let score = TPR.score(about.to_vec(), value, members, method).with_interval(clopper_pearson(
        named.true_positives as u64,
        members as u64,
        level,
    ));
    weigh_power(score, limit, others)
}

fn epsilon(about: &[String], roc: &Roc, limit: f64, named: Named, level: f64) -> Score {
    let method = "lower bound from the attack's counts; Clopper-Pearson, error shared by both rates, δ = 0";
    match epsilon_lower_bound(named, roc.members(), roc.others(), 0.0, level) {
        Some(bound) => weigh_power(EPSILON.score(about.to_vec(), bound, roc.members(), method), limit, roc.others()),
        None => EPSILON.incomplete(about.to_vec(), 0, method, "there are no members or no others"),
    }
}

fn averages(about: &[String], roc: &Roc, level: f64) -> Vec<Score> {
    let (members, others) = (roc.members() as f64, roc.others() as f64);
    let n = roc.members() + roc.others();
    let Some(area) = roc.area() else {
        return vec![AUC.incomplete(about.to_vec(), n, "step ROC", "there are no members or no others")];
    };
    // Hanley and McNeil's standard error, with their exponential approximation of Q1 and Q2.
    let (q1, q2) = (area / (2.0 - area), 2.0 * area * area / (1.0 + area));
    let variance = area * (1.0 - area)
        + (members - 1.0) * (q1 - area * area).max(0.0)
        + (others - 1.0) * (q2 - area * area).max(0.0);
    let half = manikin_random::normal_quantile(0.5 * (1.0 + level)) * (variance / (members * others)).sqrt();
    let best = LIMITS
        .iter()
        .map(|&limit| roc.at(limit))
        .map(|named| named.true_positives as f64 / members - named.false_positives as f64 / others)
        .fold(f64::NEG_INFINITY, f64::max);
    vec![
        AUC.score(about.to_vec(), area, n, "Mann-Whitney, ties half; Hanley-McNeil interval").with_interval(interval(
            area - half,
            area + half,
            level,
        )),
        ADVANTAGE.score(about.to_vec(), best, n, "the greatest TPR - FPR at .1, 1 and 10 % FPR"),
    ]
}

/// A rate at a limit says something only if the others are enough to see the limit.
fn weigh_power(score: Score, limit: f64, others: usize) -> Score {
    let needed = libm::ceil(CASES / limit - 1e-9) as usize;
    if others >= needed {
        return score;
    }
    let reason =
        format!("{others} records of holdout are too few to read a false-positive rate of {limit}: it takes {needed}");
    underpowered(score, needed as f64, reason)
}

/// What the best of all attacks may come to on data that give nobody away: `chance`, the quantile of its rate under
/// permuted labels, and the interval around that.
fn harmless(chance: f64, limit: f64, members: usize, level: f64) -> Option<Harmless> {
    let hits = libm::round(chance * members as f64) as u64;
    let end = clopper_pearson(hits, members as u64, level)?.high;
    Some(Harmless { value: chance, end, settles: limit, falls: Falls::WithRoot })
}

/// An interval of a p-value that was estimated by permutation.
fn p_interval(p: f64, permutations: usize, level: f64) -> (f64, f64) {
    let hits = libm::round(p * (permutations + 1) as f64) as u64 - 1;
    clopper_pearson(hits, permutations as u64, level).map_or((f64::NAN, f64::NAN), |i| (i.low.min(p), i.high.max(p)))
}
