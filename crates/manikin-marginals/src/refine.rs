//! Changes of single values that bring a block of rows closer to the model.

use crate::belief::Calibrated;
use crate::domain::AttributeSet;
use manikin_random::{Address, Name};

const ORDER: Name = Name::of("manikin-marginals.refine");

/// How often every row is looked at.
///
/// # Source
/// Measured on nltcs: the second pass halves what the first leaves, later ones change little.
const PASSES: usize = 3;

/// The sets whose counts are brought closer to the model's, with the model's probabilities.
pub(crate) struct Refinement {
    sizes: Vec<usize>,
    sets: Vec<Set>,
    /// For every attribute: the sets that hold it, and the stride of the attribute in them.
    touching: Vec<Vec<(usize, usize)>>,
    /// The cliques in which something cannot occur, which no measured set may show, and the same for them.
    guards: Vec<Set>,
    guarding: Vec<Vec<(usize, usize)>>,
}

struct Set {
    /// Attributes with their strides.
    strides: Vec<(usize, usize)>,
    probabilities: Vec<f64>,
}

impl Refinement {
    pub(crate) fn new(model: &Calibrated, sets: &[AttributeSet]) -> Self {
        let domain = model.domain();
        let sizes: Vec<usize> = (0..domain.len()).map(|a| domain.size(a)).collect();
        let measured = sets.iter().filter_map(|set| Some((*set, model.marginal_inside(set)?)));
        let (kept, touching) = tables(&sizes, measured);
        let cliques = model.tree().cliques().iter().enumerate();
        let limited = cliques
            .filter(|(index, _)| model.belief(*index).contains(&0.0))
            .map(|(index, clique)| (*clique, model.belief(index).to_vec()));
        let (guards, guarding) = tables(&sizes, limited);
        Self { sizes, sets: kept, touching, guards, guarding }
    }

    /// Changes values of `codes` in place, rows in a random order, as long as the sum of squared differences between
    /// counts and expectations falls.
    pub(crate) fn apply(&self, codes: &mut [Vec<u16>], address: Address) {
        let rows = codes.first().map_or(0, Vec::len);
        let mut surplus: Vec<Vec<f32>> = self
            .sets
            .iter()
            .map(|set| {
                let mut surplus: Vec<f64> = set.probabilities.iter().map(|p| -p * rows as f64).collect();
                (0..rows).for_each(|row| surplus[cell(set, codes, row)] += 1.0);
                surplus.into_iter().map(|x| x as f32).collect()
            })
            .collect();
        let mut order: Vec<u32> = (0..rows as u32).collect();
        let mut stream = address.stream(ORDER);
        let mut gains: Vec<f32> = Vec::new();
        for _ in 0..PASSES {
            for i in (1..rows).rev() {
                order.swap(i, stream.below(i as u64 + 1) as usize);
            }
            for &row in &order {
                let row = row as usize;
                for attribute in 0..codes.len() {
                    if self.sizes[attribute] > 1 {
                        self.improve(codes, &mut surplus, row, attribute, &mut gains);
                    }
                }
            }
        }
    }

    /// Gives one row's attribute the value that lowers the squares most, if any does.
    fn improve(
        &self,
        codes: &mut [Vec<u16>],
        surplus: &mut [Vec<f32>],
        row: usize,
        attribute: usize,
        gains: &mut Vec<f32>,
    ) {
        let size = self.sizes[attribute];
        let now = usize::from(codes[attribute][row]);
        gains.clear();
        gains.resize(size, 0.0);
        // Moving a row from cell x to cell y changes the squares by 2 (surplus(y) - surplus(x) + 1).
        for &(index, stride) in &self.touching[attribute] {
            let set = &self.sets[index];
            let base = cell(set, codes, row) - now * stride;
            let from = surplus[index][base + now * stride];
            for (value, gain) in gains.iter_mut().enumerate() {
                let to = base + value * stride;
                *gain += if set.probabilities[to] > 0.0 { from - surplus[index][to] - 1.0 } else { f32::NEG_INFINITY };
            }
        }
        for &(index, stride) in &self.guarding[attribute] {
            let set = &self.guards[index];
            let base = cell(set, codes, row) - now * stride;
            for (value, gain) in gains.iter_mut().enumerate() {
                if set.probabilities[base + value * stride] <= 0.0 {
                    *gain = f32::NEG_INFINITY;
                }
            }
        }
        gains[now] = 0.0;
        let (mut best, mut most) = (now, 0.0f32);
        for (value, gain) in gains.iter().enumerate() {
            if *gain > most {
                (best, most) = (value, *gain);
            }
        }
        if best != now {
            for &(index, stride) in &self.touching[attribute] {
                let base = cell(&self.sets[index], codes, row) - now * stride;
                surplus[index][base + now * stride] -= 1.0;
                surplus[index][base + best * stride] += 1.0;
            }
            codes[attribute][row] = best as u16;
        }
    }
}

/// Sets with their probabilities, and for every attribute the sets that hold it with its stride in them.
fn tables(
    sizes: &[usize],
    sets: impl Iterator<Item = (AttributeSet, Vec<f64>)>,
) -> (Vec<Set>, Vec<Vec<(usize, usize)>>) {
    let mut touching = vec![Vec::new(); sizes.len()];
    let mut kept = Vec::new();
    for (set, probabilities) in sets {
        let mut stride = probabilities.len();
        let strides: Vec<_> = set
            .iter()
            .map(|attribute| {
                stride /= sizes[attribute];
                touching[attribute].push((kept.len(), stride));
                (attribute, stride)
            })
            .collect();
        kept.push(Set { strides, probabilities });
    }
    (kept, touching)
}

#[inline]
fn cell(set: &Set, codes: &[Vec<u16>], row: usize) -> usize {
    set.strides.iter().map(|(attribute, stride)| usize::from(codes[*attribute][row]) * stride).sum()
}
