//! The success of an attack on train against the same attack on holdout.

use manikin_random::normal_quantile;

use super::power::CLEAN;
use crate::score::{Definition, Falls, Harmless, Interval, Score};
use crate::stats::{WilsonRate, wilson};

/// Successes among attacks that were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Successes {
    /// Attacks that succeeded.
    pub hits: usize,
    /// Attacks that were made.
    pub attacks: usize,
}

/// A rate with an error, propagated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Residual {
    /// The residual risk, cut to [0, 1].
    pub risk: f64,
    /// Its interval, cut to [0, 1].
    pub interval: Interval,
}

/// The risk beyond that of people whom the data were not made from: (attack - control)/(1 - control), Wilson errors
/// propagated. `None` when either side made no attack.
///
/// # Source
/// Giomi et al., A Unified Framework for Quantifying Privacy Risk in Synthetic Data, PoPETs 2023(2), section 3.3.
#[must_use]
pub fn residual(attack: Successes, control: Successes, level: f64) -> Option<Residual> {
    let of = |side: Successes| wilson(side.hits as u64, side.attacks as u64, level);
    let (attack, control) = (of(attack)?, of(control)?);
    let WilsonRate { rate, error } = remainder(attack, control)?;
    let [risk, low, high] = bound(rate, error);
    Some(Residual { risk, interval: Interval { low, high, level } })
}

/// A rate beyond a control's, with its error.
pub(crate) fn remainder(attack: WilsonRate, control: WilsonRate) -> Option<WilsonRate> {
    let left = 1.0 - control.rate;
    if left <= 0.0 {
        return None;
    }
    let by_attack = attack.error / left;
    let by_control = (attack.rate - 1.0) / (left * left) * control.error;
    Some(WilsonRate {
        rate: (attack.rate - control.rate) / left,
        error: (by_attack * by_attack + by_control * by_control).sqrt(),
    })
}

/// A value and the ends of its interval, each cut to [0, 1]; the ends are those of the uncut value.
pub(crate) fn bound(rate: f64, error: f64) -> [f64; 3] {
    [rate.clamp(0.0, 1.0), (rate - error).clamp(0.0, 1.0), (rate + error).clamp(0.0, 1.0)]
}

/// What attacks on data that give nothing away may come to; `None` when the control leaves nothing to be guessed.
///
/// Where the control is nearly always right, little is left to be guessed, and the residual is wide at any usual size.
/// The error falls with the root of the number of attacks.
fn harmless(attack: Successes, control: Successes, level: f64) -> Option<Harmless> {
    let own = wilson(control.hits as u64, control.attacks as u64, level)?;
    let likely = libm::round(own.rate * attack.attacks as f64) as u64;
    let WilsonRate { error, .. } = remainder(wilson(likely, attack.attacks as u64, level)?, own)?;
    let luck = error * normal_quantile(CLEAN) / normal_quantile(0.5 * (1.0 + level));
    Some(Harmless { value: luck, end: luck + error, settles: 0.0, falls: Falls::WithRoot })
}

/// The rates on train and holdout, and the residual, of one attack.
pub(crate) fn compared(
    rate: &Definition,
    risk: &Definition,
    about: &[String],
    attack: Successes,
    control: Successes,
    level: f64,
    method: &str,
) -> Vec<Score> {
    let with = |part: &str| about.iter().cloned().chain([part.to_owned()]).collect::<Vec<_>>();
    let mut scores: Vec<Score> = [("train", attack), ("holdout", control)]
        .into_iter()
        .map(|(fold, made)| match wilson(made.hits as u64, made.attacks as u64, level) {
            Some(found) => rate
                .score(
                    with(fold),
                    made.hits as f64 / made.attacks as f64,
                    made.attacks,
                    format!("{} of {} attacks; {method}; Wilson", made.hits, made.attacks),
                )
                .with_interval(Some(found.interval(level))),
            None => rate.incomplete(with(fold), 0, method, "no attack of this kind was possible"),
        })
        .collect();
    let n = attack.attacks.min(control.attacks);
    scores.push(match residual(attack, control, level) {
        Some(found) => {
            let method = format!("(attack - control)/(1 - control); {method}; Wilson, errors propagated");
            risk.score(about.to_vec(), found.risk, n, method)
                .with_interval(Some(found.interval))
                .with_harmless(harmless(attack, control, level))
        }
        None => risk.incomplete(
            about.to_vec(),
            n,
            method,
            "no attack of this kind was possible on train or on holdout, or all on holdout succeeded",
        ),
    });
    scores
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-9, "{a} is not {b}");
    }

    #[test]
    fn residual_risks_are_those_of_anonymeter() {
        let made = |hits, attacks| Successes { hits, attacks };
        let found = residual(made(40, 500), made(20, 500), 0.95).expect("a risk");
        close(found.risk, 0.041500601197360716);
        close(found.interval.low, 0.010989513077985354);
        close(found.interval.high, 0.07201168931673607);
        let found = residual(made(600, 1000), made(610, 1000), 0.95).expect("a risk");
        assert_eq!((found.risk, found.interval.low), (0.0, 0.0));
        close(found.interval.high, 0.08542904478069124);
    }

    #[test]
    fn wilson_rates_residuals_and_cuts_are_those_of_anonymeter() {
        let none = wilson(0, 1000, 0.95).expect("a rate");
        close(none.rate, 0.0019133792427775617);
        close(none.error, 0.0019133792427775617);
        let all = wilson(100, 100, 0.68).expect("a rate");
        close(all.rate, 0.9951036894831882);
        close(all.error, 0.004896310516811869);
        let exact = |rate| WilsonRate { rate, error: 0.0 };
        let left = remainder(exact(0.9), exact(0.8)).expect("a residual");
        close(left.rate, 0.5);
        close(left.error, 0.0);
        for (point, error, expected) in [(0.1, 0.3, [0.1, 0.0, 0.4]), (-0.1, 0.2, [0.0, 0.0, 0.1])] {
            bound(point, error).into_iter().zip(expected).for_each(|(a, b)| close(a, b));
        }
        assert!(residual(Successes::default(), Successes { hits: 1, attacks: 2 }, 0.95).is_none());
    }
}
