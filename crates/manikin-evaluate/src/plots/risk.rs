//! What attacks find, and how near synthetic rows come to real ones.

use manikin_metrics::risk::{Bank, Folds};

use super::{AttackCurve, Attacks, Distances};

/// Steps of a curve.
const STEPS: usize = 60;
/// Distances at which rows are counted.
const DISTANCES: usize = 40;

/// The curves of a bank of attacks on what `on` names.
pub(crate) fn attacks(on: &str, bank: &Bank) -> Option<Attacks> {
    let first = &bank.curves.first()?.roc;
    let (members, others) = (first.members() as u64, first.others() as u64);
    let count = |rate: f64, of: u64| libm::round(rate * of as f64) as u64;
    let curves = bank
        .curves
        .iter()
        .map(|curve| AttackCurve {
            attack: curve.attack.to_owned(),
            steps: curve
                .roc
                .curve(STEPS)
                .into_iter()
                .map(|(wrong, right)| (count(wrong, others), count(right, members)))
                .collect(),
        })
        .collect();
    Some(Attacks { on: on.to_owned(), members, others, curves })
}

/// How near synthetic rows come to train and to holdout; `None` where distances cannot be measured.
pub(crate) fn distances(entity: &str, folds: &Folds<'_>) -> Option<Distances> {
    let sorted = |distances: &mut dyn Iterator<Item = f64>| {
        let mut sorted: Vec<f64> = distances.collect();
        sorted.sort_unstable_by(f64::total_cmp);
        sorted
    };
    let to_train = sorted(&mut folds.synthetic_to_train().ok()?.nearest());
    let to_holdout = sorted(&mut folds.synthetic_to_holdout().ok()?.nearest());
    let at = |sorted: &[f64]| sorted.get(sorted.len().saturating_sub(1) * 99 / 100).copied();
    // Rounded up to two digits: the end of the axis is no row's distance.
    let most = libm::ceil(at(&to_train)?.max(at(&to_holdout)?) * 100.0) / 100.0;
    let distances: Vec<f64> = (0..=DISTANCES).map(|step| most * step as f64 / DISTANCES as f64).collect();
    let within = |sorted: &[f64]| -> Vec<u64> {
        distances.iter().map(|distance| sorted.partition_point(|other| *other <= distance + 1e-12) as u64).collect()
    };
    Some(Distances {
        entity: entity.to_owned(),
        rows: folds.synthetic.rows as u64,
        among: (folds.train.rows as u64, folds.holdout.rows as u64),
        to_train: within(&to_train),
        to_holdout: within(&to_holdout),
        distances,
    })
}
