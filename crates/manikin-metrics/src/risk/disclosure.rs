//! Disclosure by keys and targets, as synthpop counts it: uniqueness, replicated uniques, DiSCO and its parts.

use super::coding::Coded;
use super::distinct::Distinct;
use super::folds::Folds;
use super::power::difference;
use crate::score::{Definition, Direction, Interval, Score};
use crate::stats::clopper_pearson;

const SOURCE: &str = "Raab, Nowok and Dibben, Practical privacy metrics for synthetic data, arXiv 2406.16826; synthpop";

macro_rules! share {
    ($(#[$doc:meta])* $constant:ident, $name:literal, $means:literal) => {
        $(#[$doc])*
        pub const $constant: Definition = Definition {
            name: $name,
            means: $means,
            direction: Direction::Lower,
            range: (0.0, 1.0),
            reference: SOURCE,
        };
    };
}

share!(
    /// UiO.
    UIO, "unique_in_original", "the share of real rows that are alone with their keys"
);
share!(
    /// UiS.
    UIS, "unique_in_synthetic", "the share of synthetic rows that are alone with their keys"
);
share!(
    /// UiOiS.
    UIOIS, "unique_in_original_in_synthetic",
    "the share of real rows that are alone with their keys and whose keys some synthetic row has"
);
share!(
    /// repU.
    REPU, "replicated_uniques",
    "the share of synthetic rows that are alone with their keys, as is the real row with the same keys"
);
share!(
    /// Dorig.
    DORIG, "disclosive_in_original", "the share of real rows whose keys leave one value of the target in the real data"
);
share!(
    /// Dsyn.
    DSYN, "disclosive_in_synthetic",
    "the share of synthetic rows whose keys leave one value of the target in the synthetic data"
);
share!(
    /// iS.
    IS, "in_synthetic", "the share of real rows whose keys some synthetic row has"
);
share!(
    /// DiS.
    DIS, "disclosive_in_synthetic_for_original",
    "the share of real rows whose keys leave one value of the target in the synthetic data"
);
share!(
    /// DiSCO.
    DISCO, "disco",
    "the share of real rows whose keys leave one value of the target in the synthetic data, and it is the right one"
);
share!(
    /// DiSCO without large groups.
    DISCO_SMALL, "disco_small_groups",
    "DiSCO without combinations of keys and target that more than five real rows have, which tell a rule, not a person"
);
share!(
    /// DCAP.
    DCAP, "dcap", "the chance that a guess from the synthetic rows with a real row's keys gets its target right"
);
share!(
    /// TCAP.
    TCAP, "tcap", "of the real rows whose keys leave one synthetic value of the target, the share where it is right"
);

/// The same figure beyond holdout.
pub const EXCESS: Definition = Definition {
    name: "disclosure_excess",
    means: "a disclosure figure on train less the same on holdout; good is 0",
    direction: Direction::Lower,
    range: (-1.0, 1.0),
    reference: "evaluation.md, protocol 5; interval by MOVER (Zou and Donner 2008) over Clopper-Pearson",
};

/// The definitions of its scores.
pub(crate) const DEFINITIONS: &[&Definition] =
    &[&UIO, &UIS, &UIOIS, &REPU, &IS, &DORIG, &DSYN, &DIS, &DISCO, &DISCO_SMALL, &DCAP, &TCAP, &EXCESS];

/// Combinations of keys and target of more real rows are left out of [`DISCO_SMALL`].
///
/// # Source
/// synthpop's default `denom_lim`.
const LARGE: usize = 5;

/// A numerator and a denominator; the numerator need not be whole.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Share(f64, usize);

/// Disclosure on train, on holdout, and the excess, for the declared keys and every declared target.
#[must_use]
pub fn disclosure(folds: &Folds<'_>) -> Vec<Score> {
    let [train, holdout, synthetic] = folds.coded();
    let keys = &folds.roles.quasi_identifiers;
    if keys.is_empty() {
        let reason = "no quasi-identifiers are declared; declare the columns that others may know about a person";
        return vec![DISCO.incomplete(Vec::new(), 0, "keys and targets", reason)];
    }
    let names = |column: usize| folds.train.columns[column].name.clone();
    let level = folds.settings.level;
    let mut scores = Vec::new();
    let sides = [train, holdout].map(|real| identity(&real.select(keys), &synthetic.select(keys)));
    scores.extend(both(&[], sides, level));
    for &target in folds.roles.sensitive.iter().filter(|target| !keys.contains(target)) {
        let with: Vec<usize> = keys.iter().copied().chain([target]).collect();
        let sides = [train, holdout].map(|real| attribute(&real.select(&with), &synthetic.select(&with)));
        scores.extend(both(&[names(target)], sides, level));
    }
    scores
}

/// Scores of both sides and of their difference.
fn both<const N: usize>(about: &[String], sides: [[(&'static Definition, Share); N]; 2], level: f64) -> Vec<Score> {
    let mut scores = Vec::new();
    let with = |part: &str| about.iter().cloned().chain([part.to_owned()]).collect::<Vec<_>>();
    for place in 0..N {
        let mut known: Vec<(f64, Interval)> = Vec::new();
        let definition = sides[0][place].0;
        for (fold, side) in ["train", "holdout"].into_iter().zip(&sides) {
            let Share(hits, n) = side[place].1;
            let interval = clopper_pearson(libm::round(hits) as u64, n as u64, level);
            scores.push(match interval {
                Some(_) => definition
                    .score(with(fold), hits / n as f64, n, format!("{hits:.1} of {n}; Clopper-Pearson"))
                    .with_interval(interval),
                None => definition.incomplete(with(fold), 0, "counts", "there is no row to count among"),
            });
            known.extend(interval.map(|interval| (hits / n as f64, interval)));
        }
        if let [train, holdout] = known[..] {
            scores.push(
                EXCESS
                    .score(with(definition.name), train.0 - holdout.0, sides[0][place].1.1, "train less holdout")
                    .with_interval(Some(difference(train, holdout, 1.0))),
            );
        }
    }
    scores
}

/// How many rows of each table every group of equal keys has.
fn counts(real: &Coded, synthetic: &Coded) -> (Distinct, [Vec<usize>; 2], [std::ops::Range<usize>; 2]) {
    let (groups, ranges) = Coded::group(&[real, synthetic]);
    let ranges = [ranges[0].clone(), ranges[1].clone()];
    let count = |range: &std::ops::Range<usize>| {
        let mut counts = vec![0usize; groups.len()];
        for &group in &groups.groups()[range.clone()] {
            counts[group as usize] += 1;
        }
        counts
    };
    let counted = [count(&ranges[0]), count(&ranges[1])];
    (groups, counted, ranges)
}

fn identity(real: &Coded, synthetic: &Coded) -> [(&'static Definition, Share); 5] {
    let (_, [d, s], _) = counts(real, synthetic);
    let (mut uio, mut uis, mut uiois, mut repu, mut found) = (0, 0, 0, 0, 0);
    for (&d, &s) in d.iter().zip(&s) {
        uio += usize::from(d == 1);
        uis += usize::from(s == 1);
        uiois += usize::from(d == 1 && s > 0);
        repu += usize::from(d == 1 && s == 1);
        found += if s > 0 { d } else { 0 };
    }
    let (n, m) = (real.rows, synthetic.rows);
    [
        (&UIO, Share(uio as f64, n)),
        (&UIS, Share(uis as f64, m)),
        (&UIOIS, Share(uiois as f64, n)),
        (&REPU, Share(repu as f64, m)),
        (&IS, Share(found as f64, n)),
    ]
}

/// The last column is the target.
fn attribute(real: &Coded, synthetic: &Coded) -> [(&'static Definition, Share); 7] {
    let keys: Vec<usize> = (0..real.columns.len().saturating_sub(1)).collect();
    let (key_groups, [d_q, s_q], ranges) = counts(&real.select(&keys), &synthetic.select(&keys));
    let (groups, [d_tq, s_tq], _) = counts(real, synthetic);
    let (mut dorig, mut dsyn, mut dis, mut disco, mut small, mut dcap) = (0, 0, 0, 0, 0, 0.0);
    // Whether a group of keys leaves one value in the synthetic rows: some combination has all of its rows.
    let mut settled = vec![false; key_groups.len()];
    for group in 0..groups.len() {
        let row = groups.first(group as u32) as usize;
        let key = key_groups.groups()[row] as usize;
        let (d, s) = (d_tq[group], s_tq[group]);
        dorig += if d > 0 && d == d_q[key] { d } else { 0 };
        if s == 0 {
            continue;
        }
        dcap += d as f64 * s as f64 / s_q[key] as f64;
        if s == s_q[key] {
            settled[key] = true;
            dsyn += s;
            disco += d;
            small += if d <= LARGE { d } else { 0 };
        }
    }
    for &key in &key_groups.groups()[ranges[0].clone()] {
        dis += usize::from(settled[key as usize]);
    }
    let (n, m) = (real.rows, synthetic.rows);
    [
        (&DORIG, Share(dorig as f64, n)),
        (&DSYN, Share(dsyn as f64, m)),
        (&DIS, Share(dis as f64, n)),
        (&DISCO, Share(disco as f64, n)),
        (&DISCO_SMALL, Share(small as f64, n)),
        (&DCAP, Share(dcap, n)),
        (&TCAP, Share(disco as f64, dis)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::risk::coding::code;
    use crate::risk::toy::{codes, table};

    #[test]
    fn disclosure_is_what_is_counted_by_hand() {
        // Keys a a b c d, targets x y x x y; synthetic keys a b b c e, targets x x x y x.
        let real = table([codes("k", ["a", "a", "b", "c", "d"]), codes("t", ["x", "y", "x", "x", "y"])]);
        let synthetic = table([codes("k", ["a", "b", "b", "c", "e"]), codes("t", ["x", "x", "x", "y", "x"])]);
        let [real, synthetic]: [Coded; 2] = code(&[&real, &synthetic]).try_into().expect("two");
        let keys = identity(&real.select(&[0]), &synthetic.select(&[0])).map(|(_, share)| share);
        // Unique: real b c d, synthetic a c e; real uniques with synthetic keys b c; unique in both c; found a a b c.
        assert_eq!(keys, [Share(3.0, 5), Share(3.0, 5), Share(2.0, 5), Share(1.0, 5), Share(4.0, 5)]);
        let target = attribute(&real, &synthetic).map(|(_, share)| share);
        // Settled in real b c d; in synthetic all five; real rows with settled keys a a b c, right for a-x and b.
        // DCAP: a-x 1, a-y 0, b 1, c 0, d 0.
        let expected =
            [Share(3.0, 5), Share(5.0, 5), Share(4.0, 5), Share(2.0, 5), Share(2.0, 5), Share(2.0, 5), Share(2.0, 4)];
        assert_eq!(target, expected);
    }
}
