//! What an attack's scores say about membership: the step ROC, and what chance would make of many attacks.

use rayon::prelude::*;

use crate::stats::{clopper_pearson_lower, clopper_pearson_upper, draws};

/// The false-positive rates at which attacks are read.
///
/// # Source
/// `evaluation.md`, protocol 3; after Carlini et al., Membership Inference Attacks From First Principles, 2022.
pub const LIMITS: [f64; 3] = [0.001, 0.01, 0.1];

/// Records sorted by an attack's score, most suspected first.
#[derive(Debug, Clone, PartialEq)]
pub struct Roc {
    /// Records in falling order of score.
    order: Vec<u32>,
    /// The end of each run of equal scores.
    steps: Vec<u32>,
    members: usize,
}

/// How many members and others an attack names when it may name at most so many others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named {
    /// Members named.
    pub true_positives: usize,
    /// Others named.
    pub false_positives: usize,
}

impl Roc {
    /// Sorts `scores`, of which the first `members` are those of members; a score that is not a number is the least.
    #[must_use]
    pub fn new(scores: &[f64], members: usize) -> Self {
        let key = |row: u32| if scores[row as usize].is_nan() { f64::NEG_INFINITY } else { scores[row as usize] };
        let mut order: Vec<u32> = (0..scores.len() as u32).collect();
        order.par_sort_unstable_by(|&a, &b| key(b).total_cmp(&key(a)).then(a.cmp(&b)));
        let mut steps: Vec<u32> = Vec::new();
        for place in 1..=order.len() {
            if place == order.len() || key(order[place]) != key(order[place - 1]) {
                steps.push(place as u32);
            }
        }
        Self { order, steps, members: members.min(scores.len()) }
    }

    /// The number of members.
    #[must_use]
    pub fn members(&self) -> usize {
        self.members
    }

    /// The number of others.
    #[must_use]
    pub fn others(&self) -> usize {
        self.order.len() - self.members
    }

    /// The most that can be named with a false-positive rate of at most `limit`: the last step within it, never a
    /// point between two steps.
    #[must_use]
    pub fn at(&self, limit: f64) -> Named {
        let [named] = self.walk([allowed(limit, self.others())], |row| (row as usize) < self.members);
        named
    }

    /// The steps of the curve as (false-positive rate, true-positive rate), from (0, 0) to (1, 1); at most `most` of
    /// them, thinned evenly on the logarithm of the rank.
    #[must_use]
    pub fn curve(&self, most: usize) -> Vec<(f64, f64)> {
        let (members, others) = (self.members.max(1) as f64, self.others().max(1) as f64);
        let (mut points, mut named, mut start) = (vec![(0.0, 0.0)], (0usize, 0usize), 0usize);
        let growth = libm::exp(libm::log(self.order.len().max(2) as f64) / most.max(2) as f64);
        let mut due = 1.0;
        for &end in &self.steps {
            for &row in &self.order[start..end as usize] {
                if (row as usize) < self.members { named.1 += 1 } else { named.0 += 1 }
            }
            start = end as usize;
            if start as f64 >= due || start == self.order.len() {
                points.push((named.0 as f64 / others, named.1 as f64 / members));
                due = (due * growth).max(start as f64 + 1.0);
            }
        }
        points
    }

    /// The area under the curve, ties counting half; `None` without members or without others.
    ///
    /// # Source
    /// Mann and Whitney, Annals of Mathematical Statistics 18, 1947.
    #[must_use]
    pub fn area(&self) -> Option<f64> {
        let pairs = self.members as f64 * self.others() as f64;
        let (mut area, mut above, mut start) = (0.0, 0usize, 0usize);
        for &end in &self.steps {
            let run = &self.order[start..end as usize];
            let members = run.iter().filter(|&&row| (row as usize) < self.members).count();
            let others = run.len() - members;
            area += others as f64 * (above as f64 + 0.5 * members as f64);
            above += members;
            start = end as usize;
        }
        (pairs > 0.0).then(|| area / pairs)
    }

    /// The curve among some of the records only, which are named by `keep`.
    #[must_use]
    pub fn among(&self, keep: &[bool]) -> Self {
        let kept = |row: u32| keep.get(row as usize).copied().unwrap_or(false);
        let mut places = vec![0u32; self.order.len()];
        let mut next = 0;
        for row in 0..self.order.len() as u32 {
            places[row as usize] = next;
            next += u32::from(kept(row));
        }
        let members = (0..self.members as u32).filter(|&row| kept(row)).count();
        let (mut order, mut steps, mut start) = (Vec::new(), Vec::new(), 0usize);
        for &end in &self.steps {
            order.extend(
                self.order[start..end as usize].iter().filter(|&&row| kept(row)).map(|&row| places[row as usize]),
            );
            start = end as usize;
            if steps.last().copied().unwrap_or(0) < order.len() as u32 {
                steps.push(order.len() as u32);
            }
        }
        Self { order, steps, members }
    }

    /// What is named within each of rising numbers of allowed false positives, members being those of `is_member`.
    fn walk<const N: usize>(&self, allowed: [usize; N], is_member: impl Fn(u32) -> bool) -> [Named; N] {
        let none = Named { true_positives: 0, false_positives: 0 };
        let (mut best, mut current, mut start) = ([none; N], none, 0usize);
        for &end in &self.steps {
            for &row in &self.order[start..end as usize] {
                if is_member(row) { current.true_positives += 1 } else { current.false_positives += 1 }
            }
            start = end as usize;
            let mut within = false;
            for (best, &allowed) in best.iter_mut().zip(&allowed) {
                if current.false_positives <= allowed {
                    *best = current;
                    within = true;
                }
            }
            if !within {
                break;
            }
        }
        best
    }
}

/// The whole number of others within a rate.
fn allowed(limit: f64, others: usize) -> usize {
    libm::floor(limit * others as f64 + 1e-9) as usize
}

/// The least ε of differential privacy that would explain what an attack names, with the given confidence.
///
/// The greater of ln((TPR - δ)/FPR) and ln((1 - FPR - δ)/(1 - TPR)), each rate at the end of its one-sided exact
/// bound; the two bounds share the risk of error.
///
/// # Source
/// Kairouz, Oh and Viswanath, The Composition Theorem for Differential Privacy, 2015 (the region of hypothesis tests);
/// bounds by Clopper-Pearson as in Nasr et al., 2021.
#[must_use]
pub fn epsilon_lower_bound(named: Named, members: usize, others: usize, delta: f64, confidence: f64) -> Option<f64> {
    let side = 0.5 * (1.0 + confidence);
    let tpr = clopper_pearson_lower(named.true_positives as u64, members as u64, side)?;
    let fpr = clopper_pearson_upper(named.false_positives as u64, others as u64, side)?;
    let first = if tpr > delta && fpr > 0.0 { libm::log((tpr - delta) / fpr) } else { 0.0 };
    let second = if 1.0 - fpr > delta && tpr < 1.0 { libm::log((1.0 - fpr - delta) / (1.0 - tpr)) } else { 0.0 };
    Some(first.max(second).max(0.0))
}

/// The greatest excess of several attacks, against what it would be if membership were drawn by lot.
#[derive(Debug, Clone, PartialEq)]
pub struct Maximum {
    /// The attack and the limit of false positives where the excess is greatest.
    pub attack: usize,
    /// The index into [`LIMITS`].
    pub limit: usize,
    /// The excess, in standard deviations of the permutations.
    pub excess: f64,
    /// The share of permutations (and the data themselves) with as great a maximum.
    pub p: f64,
    /// For each limit the greatest true-positive rate of any attack, and the same under permutation: its mean and its
    /// quantile at .99.
    pub rates: [(f64, f64, f64); 3],
}

/// Compares the greatest of several attacks with `permutations` of the labels. All curves must be over the same
/// records. `None` when there is nothing to compare.
///
/// Each attack at each limit is put in units of its own standard deviation under permutation, or of that of a Poisson
/// count at the limit if that is more; the p-value is that of
/// the greatest of them, and so accounts for having looked at all of them. It needs no independence between attacks.
///
/// # Source
/// Westfall and Young, Resampling-Based Multiple Testing, 1993 (the maximum statistic under permutation).
#[must_use]
pub fn maximum(curves: &[Roc], permutations: usize, seed: u64) -> Option<Maximum> {
    let first = curves.first()?;
    let (members, records) = (first.members, first.order.len());
    if members == 0 || members == records || permutations == 0 || curves.iter().any(|c| c.order.len() != records) {
        return None;
    }
    let limits = LIMITS.map(|limit| allowed(limit, records - members));
    let observed: Vec<[usize; 3]> = curves
        .iter()
        .map(|curve| curve.walk(limits, |row| (row as usize) < members).map(|named| named.true_positives))
        .collect();
    let drawn: Vec<Vec<[usize; 3]>> = (0..permutations as u64)
        .into_par_iter()
        .map(|permutation| {
            let labels = lot(records, members, seed, permutation);
            curves
                .iter()
                .map(|curve| curve.walk(limits, |row| labels[row as usize]).map(|named| named.true_positives))
                .collect()
        })
        .collect();
    let b = permutations as f64;
    let moments: Vec<[(f64, f64); 3]> = (0..curves.len())
        .map(|attack| {
            std::array::from_fn(|limit| {
                let of = |draw: &Vec<[usize; 3]>| draw[attack][limit] as f64;
                let mean = drawn.iter().map(of).sum::<f64>() / b;
                let variance = drawn.iter().map(|draw| (of(draw) - mean) * (of(draw) - mean)).sum::<f64>() / b;
                // An attack with many ties names almost nobody almost always, and its rare exceptions would look huge.
                let floor = (members as f64 * LIMITS[limit]).sqrt();
                (mean, variance.sqrt().max(floor))
            })
        })
        .collect();
    let greatest = |counts: &[[usize; 3]]| {
        let mut best: Option<(f64, usize, usize)> = None;
        for (attack, counts) in counts.iter().enumerate() {
            for (limit, &count) in counts.iter().enumerate() {
                let (mean, sd) = moments[attack][limit];
                let excess = if sd > 0.0 { (count as f64 - mean) / sd } else { 0.0 };
                if best.is_none_or(|best| excess > best.0) {
                    best = Some((excess, attack, limit));
                }
            }
        }
        best
    };
    let (excess, attack, limit) = greatest(&observed)?;
    let as_great = drawn.iter().filter(|counts| greatest(counts).is_some_and(|(other, ..)| other >= excess)).count();
    let rates = std::array::from_fn(|limit| {
        let most = |counts: &[[usize; 3]]| {
            counts.iter().map(|counts| counts[limit]).max().unwrap_or(0) as f64 / members as f64
        };
        let mut nulls: Vec<f64> = drawn.iter().map(|counts| most(counts)).collect();
        nulls.sort_unstable_by(f64::total_cmp);
        let mean = nulls.iter().sum::<f64>() / b;
        (most(&observed), mean, nulls[((0.99 * b) as usize).min(permutations - 1)])
    });
    Some(Maximum { attack, limit, excess, p: (1 + as_great) as f64 / (b + 1.0), rates })
}

/// Labels in random order, `members` of them true.
fn lot(records: usize, members: usize, seed: u64, permutation: u64) -> Vec<bool> {
    let mut stream = draws(seed, "membership labels", permutation);
    // Drawing the smaller class is enough.
    let few = members.min(records - members);
    let mut labels = vec![members > few; records];
    let drawn = !labels[0];
    let mut left = few;
    while left > 0 {
        let row = stream.below(records as u64) as usize;
        if labels[row] != drawn {
            labels[row] = drawn;
            left -= 1;
        }
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_is_read_at_its_steps_and_never_between_them() {
        // Members 9, 7, 7, 1; others 8, 7, 2, 0: at no false positive one member, at half of them three.
        let roc = Roc::new(&[9.0, 7.0, 7.0, 1.0, 8.0, 7.0, 2.0, 0.0], 4);
        assert_eq!(roc.at(0.0), Named { true_positives: 1, false_positives: 0 });
        assert_eq!(roc.at(0.25), Named { true_positives: 1, false_positives: 1 });
        assert_eq!(roc.at(0.49), Named { true_positives: 1, false_positives: 1 }, "ties are all in or all out");
        assert_eq!(roc.at(0.5), Named { true_positives: 3, false_positives: 2 });
        // Pairs won: 9 beats 4; 7 beats 2 and ties 1, twice; 1 beats 1: (4 + 2.5 + 2.5 + 1) / 16.
        assert!((roc.area().expect("an area") - 10.0 / 16.0).abs() < 1e-12);
        assert_eq!(roc.curve(100).last(), Some(&(1.0, 1.0)));
        let among = roc.among(&[true, false, true, false, true, false, false, true]);
        assert_eq!((among.members(), among.others()), (2, 2));
        assert_eq!(among.at(0.5), Named { true_positives: 2, false_positives: 1 });
    }

    #[test]
    fn an_attack_that_sees_every_member_bounds_epsilon_as_worked_by_hand() {
        // 1000 of 1000 and 0 of 1000 at 95 %, each side .975: bound .025^(1/1000) and 1 - that.
        let named = Named { true_positives: 1000, false_positives: 0 };
        let tail = libm::exp(libm::log(0.025) / 1000.0);
        let bound = epsilon_lower_bound(named, 1000, 1000, 0.0, 0.95).expect("a bound");
        assert!((bound - libm::log(tail / (1.0 - tail))).abs() < 1e-9);
        let nothing = Named { true_positives: 10, false_positives: 10 };
        assert_eq!(epsilon_lower_bound(nothing, 1000, 1000, 0.0, 0.95), Some(0.0));
    }

    #[test]
    fn a_leak_of_one_in_fifty_beats_the_null_of_the_maximum_and_noise_does_not() {
        let mut stream = draws(5, "scores", 0);
        let noise = |stream: &mut manikin_random::Stream| (0..4000).map(|_| stream.uniform()).collect::<Vec<_>>();
        let clean: Vec<Roc> = (0..6).map(|_| Roc::new(&noise(&mut stream), 2000)).collect();
        let found = maximum(&clean, 499, 1).expect("a maximum");
        assert!(found.p > 0.01, "alpha .01, fixed seed: p = {}", found.p);
        let mut scores = noise(&mut stream);
        scores[..40].fill(2.0);
        let mut curves = clean;
        curves.push(Roc::new(&scores, 2000));
        let found = maximum(&curves, 499, 1).expect("a maximum");
        assert_eq!((found.attack, found.p), (6, 1.0 / 500.0));
        assert!(maximum(&[], 10, 1).is_none());
    }
}
