//! Giving units of several sizes a category each, so that the sizes per category meet quotas exactly.

use std::collections::BTreeMap;

use super::quota::QuotaError;
use crate::address::{Address, Name};

/// How readily a unit takes a category: a weight of at least 0, where 0 means never.
pub type Affinity<'a> = dyn Fn(usize, usize) -> f64 + 'a;

const ORDER: Name = Name::of("assignment order");
const UNIT: Name = Name::of("assignment unit");
const CATEGORY: Name = Name::of("category");

/// Gives every unit a category so that the summed sizes of each category's units equal its quota.
///
/// `sizes[i]` is the size of unit `i` (for example the claims of a coverage), `quotas[c]` the sum that category `c`
/// must reach. A unit never takes a category of affinity 0; otherwise it takes one at random, in proportion to
/// affinity times a factor of the category (found by raking, so that the expected sums are the quotas) times the share
/// of the quota that is still free. Large units choose first, units of size 1 last; what does not fit is repaired by
/// moves and exchanges along chains of categories. Units of size 0 choose freely by affinity times factor.
///
/// Without an affinity all units are alike. The result depends on the whole list: it is one decision, not one a unit.
///
/// # Errors
/// A [`QuotaError`] that says why: the sums differ; a unit has no category; a category cannot be reached, is overfilled
/// by units without a choice, or is smaller than a unit that needs it; no arrangement exists (or, with units larger
/// than 1, none was found).
///
/// # Source
/// Raking: Deming and Stephan, Annals of Mathematical Statistics 11, 1940. Repair: augmenting paths, Ford and
/// Fulkerson, Canadian Journal of Mathematics 8, 1956; with units of size 1 they find an arrangement if there is one.
pub fn assign_weighted(
    key: Address,
    sizes: &[u64],
    quotas: &[u64],
    affinity: Option<&Affinity<'_>>,
) -> Result<Vec<u32>, QuotaError> {
    let sum = |numbers: &[u64]| numbers.iter().map(|n| u128::from(*n)).sum::<u128>();
    if sum(sizes) != sum(quotas) {
        return Err(QuotaError::Sum { quotas: sum(quotas), rows: sum(sizes) });
    }
    let groups = Groups::new(sizes, quotas, affinity)?;
    groups.check_feasible(sizes, quotas)?;
    let factors = groups.rake(quotas);
    let mut assignment = Assignment {
        sizes,
        groups: &groups,
        chosen: vec![0; sizes.len()],
        free: quotas.iter().map(|q| i128::from(*q)).collect(),
    };
    assignment.draw(key, quotas, &factors);
    assignment.repair()?;
    Ok(assignment.chosen)
}

/// Units with the same affinities, which raking and checks treat as one.
struct Groups {
    of_unit: Vec<u32>,
    affinities: Vec<Vec<f64>>,
    sizes: Vec<u128>,
}

impl Groups {
    fn new(sizes: &[u64], quotas: &[u64], affinity: Option<&Affinity<'_>>) -> Result<Self, QuotaError> {
        let mut known: BTreeMap<Vec<u64>, u32> = BTreeMap::new();
        let mut groups = Self { of_unit: Vec::with_capacity(sizes.len()), affinities: Vec::new(), sizes: Vec::new() };
        let mut bits = vec![0; quotas.len()];
        for (unit, size) in sizes.iter().enumerate() {
            for (category, bits) in bits.iter_mut().enumerate() {
                let found = affinity.map_or(1.0, |affinity| affinity(unit, category));
                if !(found.is_finite() && found >= 0.0) {
                    return Err(QuotaError::NotAnAffinity { unit, category, found });
                }
                *bits = found.to_bits();
            }
            let group = match known.get(&bits) {
                Some(group) => *group,
                None => {
                    let row: Vec<f64> = bits.iter().map(|b| f64::from_bits(*b)).collect();
                    if !row.iter().zip(quotas).any(|(a, q)| *a > 0.0 && (*q > 0 || *size == 0)) {
                        return Err(QuotaError::NoCategory { unit, size: *size });
                    }
                    let group = groups.affinities.len() as u32;
                    known.insert(bits.clone(), group);
                    groups.affinities.push(row);
                    groups.sizes.push(0);
                    group
                }
            };
            groups.of_unit.push(group);
            groups.sizes[group as usize] += u128::from(*size);
        }
        Ok(groups)
    }

    fn row(&self, unit: usize) -> &[f64] {
        &self.affinities[self.of_unit[unit] as usize]
    }

    /// Necessary conditions, checked for the sake of errors that say what to change.
    fn check_feasible(&self, sizes: &[u64], quotas: &[u64]) -> Result<(), QuotaError> {
        for (unit, &size) in sizes.iter().enumerate().filter(|(_, size)| **size > 0) {
            let largest = self.row(unit).iter().zip(quotas).filter(|(a, _)| **a > 0.0).map(|(_, q)| *q).max();
            match largest {
                None | Some(0) => return Err(QuotaError::NoCategory { unit, size }),
                Some(quota) if quota < size => {
                    return Err(QuotaError::TooLarge { unit, size, quota });
                }
                Some(_) => {}
            }
        }
        for (category, &quota) in quotas.iter().enumerate() {
            let open = |row: &[f64], c: usize| row[c] > 0.0 && quotas[c] > 0;
            let with = |test: &dyn Fn(&[f64]) -> bool| -> u128 {
                self.affinities.iter().zip(&self.sizes).filter(|(row, _)| test(row)).map(|(_, size)| *size).sum()
            };
            let available = with(&|row| open(row, category));
            if available < u128::from(quota) {
                return Err(QuotaError::Unreachable { category, quota, available });
            }
            let forced = with(&|row| (0..quotas.len()).all(|c| open(row, c) == (c == category)));
            if forced > u128::from(quota) {
                return Err(QuotaError::Overfilled { category, quota, forced });
            }
        }
        Ok(())
    }

    /// Factors of the categories under which the expected sums are the quotas, by iterative proportional fitting.
    fn rake(&self, quotas: &[u64]) -> Vec<f64> {
        let mut factors: Vec<f64> = quotas.iter().map(|q| *q as f64).collect();
        // The draw corrects what is left by the free quota, so fitting to 1e-6 is enough.
        for _ in 0..100 {
            let mut expected = vec![0.0; quotas.len()];
            for (row, size) in self.affinities.iter().zip(&self.sizes) {
                let sum: f64 = row.iter().zip(&factors).map(|(a, f)| a * f).sum();
                if sum > 0.0 {
                    for (e, (a, f)) in expected.iter_mut().zip(row.iter().zip(&factors)) {
                        *e += *size as f64 * (a * f / sum);
                    }
                }
            }
            let mut worst: f64 = 0.0;
            for ((factor, expected), quota) in factors.iter_mut().zip(&expected).zip(quotas) {
                if *quota > 0 && *expected > 0.0 {
                    let ratio = *quota as f64 / expected;
                    worst = worst.max((ratio - 1.0).abs());
                    *factor *= ratio;
                }
            }
            let largest = factors.iter().fold(0.0, |a: f64, b| a.max(*b));
            if largest > 0.0 {
                factors.iter_mut().for_each(|f| *f /= largest);
            }
            if worst < 1e-6 {
                break;
            }
        }
        factors
    }
}

/// Units with their categories, and what each category's quota has left (negative: too much in it).
struct Assignment<'a> {
    sizes: &'a [u64],
    groups: &'a Groups,
    chosen: Vec<u32>,
    free: Vec<i128>,
}

impl Assignment<'_> {
    fn draw(&mut self, key: Address, quotas: &[u64], factors: &[f64]) {
        let order_key =
            |unit: &usize| (core::cmp::Reverse(self.sizes[*unit]), key.child(UNIT, *unit as u64).bits(ORDER));
        let mut order: Vec<usize> = (0..self.sizes.len()).collect();
        order.sort_by_cached_key(order_key);
        let mut weights = vec![0.0; quotas.len()];
        for unit in order {
            let size = i128::from(self.sizes[unit]);
            let row = self.groups.row(unit);
            for (c, weight) in weights.iter_mut().enumerate() {
                let share_free = if size == 0 || quotas[c] == 0 {
                    f64::from(u8::from(size == 0))
                } else if self.free[c] >= size {
                    self.free[c] as f64 / quotas[c] as f64
                } else {
                    0.0
                };
                *weight = row[c] * factors[c] * share_free;
            }
            let u = key.child(UNIT, unit as u64).uniform(CATEGORY);
            let category = pick(&weights, u).unwrap_or_else(|| {
                // Nothing fits: the allowed category with most room takes it, and the repair makes room.
                let allowed = (0..quotas.len()).rev().filter(|&c| row[c] > 0.0 && (quotas[c] > 0 || size == 0));
                allowed.max_by_key(|&c| self.free[c]).unwrap_or(0)
            });
            self.chosen[unit] = category as u32;
            self.free[category] -= size;
        }
    }

    /// Moves the excess of overfull categories to those that lack it, until none is left.
    fn repair(&mut self) -> Result<(), QuotaError> {
        if self.free.iter().all(|free| *free == 0) {
            return Ok(());
        }
        let mut holdings = Holdings::new(self);
        // Each round brings at least one unit nearer; the bound is for chains whose links share a unit.
        for _ in 0..8 * self.sizes.len() + 64 {
            let over: Vec<usize> = (0..self.free.len()).filter(|&c| self.free[c] < 0).collect();
            if over.is_empty() {
                return Ok(());
            }
            let step = |c: usize| (1..=self.free[c].unsigned_abs().min(64) as u64).rev().map(move |gain| (c, gain));
            let found = over
                .iter()
                .flat_map(|&c| step(c))
                .find_map(|(c, gain)| self.chain(&mut holdings, c, gain).map(|path| (path, gain)));
            let Some((path, gain)) = found else { break };
            for pair in path.windows(2) {
                // The chain was found on the same holdings; an earlier link can only have used up a shared unit.
                if let Some((given, taken)) = holdings.exchange(self, pair[0], pair[1], gain) {
                    self.relocate(&mut holdings, given, pair[1]);
                    if let Some(taken) = taken {
                        self.relocate(&mut holdings, taken, pair[0]);
                    }
                }
            }
        }
        let by_room = |c: &usize| self.free[*c];
        let category = (0..self.free.len()).min_by_key(by_room).unwrap_or(0);
        Err(QuotaError::NoArrangement {
            category,
            excess: self.free[category].unsigned_abs() as u64,
            short: (0..self.free.len()).max_by_key(by_room).unwrap_or(0),
            proven: self.sizes.iter().all(|size| *size <= 1),
        })
    }

    /// The shortest chain of categories from `from` to one that lacks at least `gain`, along which `gain` can pass.
    fn chain(&self, holdings: &mut Holdings, from: usize, gain: u64) -> Option<Vec<usize>> {
        let n = self.free.len();
        let mut before = vec![usize::MAX; n];
        before[from] = from;
        let mut queue = std::collections::VecDeque::from([from]);
        while let Some(here) = queue.pop_front() {
            for next in 0..n {
                if before[next] != usize::MAX || holdings.exchange(self, here, next, gain).is_none() {
                    continue;
                }
                before[next] = here;
                if self.free[next] >= i128::from(gain) {
                    let mut path = vec![next];
                    while path[path.len() - 1] != from {
                        path.push(before[path[path.len() - 1]]);
                    }
                    path.reverse();
                    return Some(path);
                }
                queue.push_back(next);
            }
        }
        None
    }

    fn relocate(&mut self, holdings: &mut Holdings, unit: usize, to: usize) {
        let size = i128::from(self.sizes[unit]);
        self.free[self.chosen[unit] as usize] += size;
        self.free[to] -= size;
        self.chosen[unit] = to as u32;
        holdings.add(self, unit);
    }
}

/// For each pair of categories (held, wanted): the units held by the first that may take the second, by size.
/// Entries go stale when a unit moves and are dropped when met.
struct Holdings {
    categories: usize,
    by_pair: Vec<BTreeMap<u64, Vec<u32>>>,
}

impl Holdings {
    fn new(assignment: &Assignment<'_>) -> Self {
        let categories = assignment.free.len();
        let mut holdings = Self { categories, by_pair: vec![BTreeMap::new(); categories * categories] };
        for unit in 0..assignment.sizes.len() {
            holdings.add(assignment, unit);
        }
        holdings
    }

    fn add(&mut self, assignment: &Assignment<'_>, unit: usize) {
        let (held, size) = (assignment.chosen[unit] as usize, assignment.sizes[unit]);
        if size == 0 {
            return;
        }
        for (wanted, affinity) in assignment.groups.row(unit).iter().enumerate() {
            if wanted != held && *affinity > 0.0 {
                self.by_pair[held * self.categories + wanted].entry(size).or_default().push(unit as u32);
            }
        }
    }

    /// A unit of `from` for `to`, and perhaps one in return, whose sizes differ by `gain`.
    fn exchange(&mut self, now: &Assignment<'_>, from: usize, to: usize, gain: u64) -> Option<(usize, Option<usize>)> {
        if from == to {
            return None;
        }
        if let Some(unit) = self.holder(now, from, to, gain) {
            return Some((unit, None));
        }
        let returned: Vec<u64> = self.by_pair[to * self.categories + from].keys().copied().collect();
        for size in returned {
            let Some(larger) = size.checked_add(gain) else {
                continue;
            };
            if let Some(given) = self.holder(now, from, to, larger)
                && let Some(taken) = self.holder(now, to, from, size)
            {
                return Some((given, Some(taken)));
            }
        }
        None
    }

    fn holder(&mut self, now: &Assignment<'_>, held: usize, wanted: usize, size: u64) -> Option<usize> {
        let units = self.by_pair[held * self.categories + wanted].get_mut(&size)?;
        while let Some(&unit) = units.last() {
            if now.chosen[unit as usize] as usize == held {
                return Some(unit as usize);
            }
            units.pop();
        }
        None
    }
}

fn pick(weights: &[f64], u: f64) -> Option<usize> {
    let sum: f64 = weights.iter().sum();
    if sum <= 0.0 {
        return None;
    }
    let mut left = u * sum;
    let mut last = None;
    for (i, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
        if left < *weight {
            return Some(i);
        }
        left -= weight;
        last = Some(i);
    }
    last
}
