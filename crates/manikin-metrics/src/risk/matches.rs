//! Synthetic rows that repeat a real one, exactly or nearly, against how many repeat a row of holdout.

use super::coding::Coded;
use super::folds::Folds;
use super::power::{difference, harmless_excess};
use crate::score::{Definition, Direction, Score};
use crate::stats::{clopper_pearson, quantile_sorted};

/// Synthetic rows equal to a train row.
pub const EXACT: Definition = Definition {
    name: "exact_match_share",
    means: "the share of synthetic rows that equal a real row; good is no more than equal a row of holdout",
    direction: Direction::Lower,
    range: (0.0, 1.0),
    reference: "evaluation.md; the identical-match share of mostlyai-qa and SynthEval",
};

/// The same beyond what holdout explains.
pub const EXACT_EXCESS: Definition = Definition {
    name: "exact_match_excess",
    means: "the share of synthetic rows that equal a train row beyond the share that equal a holdout row; good is 0",
    direction: Direction::Lower,
    range: (-1.0, 1.0),
    reference: "evaluation.md, starting limits; interval by MOVER (Zou and Donner 2008) over Clopper-Pearson",
};

/// Synthetic rows nearer to a train row than almost any is to holdout.
pub const NEAR: Definition = Definition {
    name: "near_match_share",
    means: "the share of synthetic rows closer to a real row than a thousandth of them are to holdout; good is no \
            more than to holdout",
    direction: Direction::Lower,
    range: (0.0, 1.0),
    reference: "own; the threshold is the .001 quantile of distances to holdout",
};

/// The same beyond what holdout explains.
pub const NEAR_EXCESS: Definition = Definition {
    name: "near_match_excess",
    means: "the share of synthetic rows that nearly equal a train row beyond the share that nearly equal a holdout \
            row; good is 0",
    direction: Direction::Lower,
    range: (-1.0, 1.0),
    reference: "own; interval by MOVER (Zou and Donner 2008) over Clopper-Pearson",
};

/// The definitions of its scores.
pub(crate) const DEFINITIONS: &[&Definition] = &[&EXACT, &EXACT_EXCESS, &NEAR, &NEAR_EXCESS];

/// The share of distances to holdout that count as near.
///
/// ASSUMED: a thousandth, the resolution of the starting limit of exact matches.
const NEAR_SHARE: f64 = 0.001;

/// Exact and near matches, each against train, against holdout, and the excess.
#[must_use]
pub fn matches(folds: &Folds<'_>) -> Vec<Score> {
    let [train, holdout, synthetic] = folds.coded();
    let exact = [repeated(synthetic, train), repeated(synthetic, holdout)];
    let mut scores = compared(&EXACT, &EXACT_EXCESS, exact, folds, "equal in every column");
    match (folds.synthetic_to_train(), folds.synthetic_to_holdout()) {
        (Ok(to_train), Ok(to_holdout)) => {
            let mut sorted: Vec<f64> = to_holdout.nearest().collect();
            sorted.sort_unstable_by(f64::total_cmp);
            let near = quantile_sorted(&sorted, NEAR_SHARE).unwrap_or(0.0);
            let count = |found: &super::Neighbours| found.nearest().filter(|&distance| distance <= near).count();
            let method = format!("within a distance of {near:.6}");
            scores.extend(compared(&NEAR, &NEAR_EXCESS, [count(to_train), count(to_holdout)], folds, &method));
        }
        (Err(reason), _) | (_, Err(reason)) => {
            scores.push(NEAR_EXCESS.incomplete(Vec::new(), 0, "nearest neighbours", reason));
        }
    }
    scores
}

/// How many rows of `synthetic` equal some row of `real`.
pub(crate) fn repeated(synthetic: &Coded, real: &Coded) -> usize {
    let (groups, ranges) = Coded::group(&[synthetic, real]);
    let mut known = vec![false; groups.len()];
    for &group in &groups.groups()[ranges[1].clone()] {
        known[group as usize] = true;
    }
    groups.groups()[ranges[0].clone()].iter().filter(|&&group| known[group as usize]).count()
}

fn compared(share: &Definition, excess: &Definition, hits: [usize; 2], folds: &Folds<'_>, how: &str) -> Vec<Score> {
    let (n, level) = (folds.synthetic.rows, folds.settings.level);
    let mut scores = Vec::new();
    let mut rates = Vec::new();
    for (fold, hits) in ["train", "holdout"].into_iter().zip(hits) {
        let interval = clopper_pearson(hits as u64, n as u64, level);
        let rate = hits as f64 / n as f64;
        let method = format!("{hits} of {n} synthetic rows {how}; Clopper-Pearson");
        scores.push(share.score(vec![fold.to_owned()], rate, n, method).with_interval(interval));
        rates.extend(interval.map(|interval| (rate, interval)));
    }
    // A holdout of another size has another chance of a match; for rare matches the chance is in proportion.
    let factor = folds.train.rows as f64 / folds.holdout.rows as f64;
    let method =
        format!("{} of train less {factor:.3} times {} of holdout, of {n} synthetic rows {how}", hits[0], hits[1]);
    let score = match rates[..] {
        [train, holdout] => excess
            .score(Vec::new(), (train.0 - factor * holdout.0).max(-1.0), n, method)
            .with_interval(Some(difference(train, holdout, factor))),
        _ => excess.incomplete(Vec::new(), n, method, "there are no synthetic rows"),
    };
    scores.push(score.with_harmless(harmless_excess(hits.map(|hits| hits as u64), n, factor, level)));
    scores
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::risk::Settings;
    use crate::risk::toy::{codes, numbers, table};

    #[test]
    fn matches_are_those_counted_by_hand() {
        let train = table([numbers("n", [1.0, 2.0, f64::NAN]), codes("c", ["a", "b", ""])]);
        let holdout = table([numbers("n", [5.0, 2.0, 9.0]), codes("c", ["a", "a", "b"])]);
        let synthetic = table([numbers("n", [1.0, 1.0, f64::NAN, 2.0]), codes("c", ["a", "b", "", "a"])]);
        let folds = Folds::new(&train, &holdout, &synthetic, Settings::default()).expect("folds");
        let scores = matches(&folds);
        assert_eq!(scores[0].value, Some(0.5), "two synthetic rows equal a train row, nulls being equal");
        assert_eq!(scores[1].value, Some(0.25));
        assert_eq!(scores[2].value, Some(0.25));
        let harmless = scores[2].harmless.expect("what chance may show");
        assert!(harmless.end > 0.5, "four rows bound nothing");
    }
}
