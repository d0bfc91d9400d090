//! How far the mass of one distribution has to move to become the other.

use super::ks_complement::Merged;
use super::{Numbers, each_number, finite, left_out, mean_size, noise, total};
use crate::fidelity::comparison::Comparison;
use crate::fidelity::tally::Estimate;
use crate::score::{Definition, Direction, Score};

/// The area between the two distribution functions, over the range of the real values.
pub const DEFINITION: Definition = Definition {
    name: "wasserstein",
    means: "How far values would have to move on average, as a share of the real range; 0 is the same distribution.",
    direction: Direction::Lower,
    range: (0.0, f64::INFINITY),
    reference: "Wasserstein-1 (earth mover's) distance over the real range; Vallender 1974",
};

/// One score a numeric column.
pub fn compute(comparison: &Comparison<'_>) -> Vec<Score> {
    each_number(comparison, |numbers| vec![one(comparison, numbers)])
}

fn one(comparison: &Comparison<'_>, numbers: &Numbers<'_>) -> Score {
    let (real, synthetic) = match finite(numbers, &DEFINITION) {
        Ok(sides) => sides,
        Err(score) => return *score,
    };
    let n = total(&real, &synthetic);
    let method =
        format!("area between distributions, {}; {}", left_out(&real, &synthetic), comparison.interval_method());
    let (low, high) = (real.values[0], real.values[real.values.len() - 1]);
    if low == high {
        let reason = "all real values are equal, so there is no range to measure by";
        return DEFINITION.incomplete(numbers.about.clone(), n, method, reason);
    }
    let merged = Merged::of(numbers);
    let estimate = estimate(comparison, &merged, (low, high), (real.values.len(), synthetic.values.len()));
    DEFINITION
        .score(numbers.about.clone(), estimate.value, n, method)
        .with_interval(estimate.interval(comparison.settings.level))
        .with_benchmark(Some(fresh(&real.values, synthetic.values.len())))
}

/// What sampling noise makes of the distance on average: at each value the distributions differ as two shares do.
fn fresh(real: &[f64], m: usize) -> f64 {
    let (n, span) = (real.len(), real[real.len() - 1] / 2.0 - real[0] / 2.0);
    let area = real.windows(2).zip(1usize..).map(|(pair, below)| {
        let share = below as f64 / n as f64;
        (pair[1] / 2.0 - pair[0] / 2.0) / span * (share * (1.0 - share) * noise(n, m)).sqrt()
    });
    mean_size() * area.sum::<f64>()
}

fn estimate(comparison: &Comparison<'_>, merged: &Merged, ends: (f64, f64), counts: (usize, usize)) -> Estimate {
    let width = comparison.replicates();
    let (real_draws, synthetic_draws) = comparison.draws();
    let (mut n, mut m) = (vec![0u32; width], vec![0u32; width]);
    if width > 0 {
        for value in &merged.0 {
            let (draws, totals) = if value.synthetic { (synthetic_draws, &mut m) } else { (real_draws, &mut n) };
            draws.add(value.row as usize, totals);
        }
    }
    let (mut below_real, mut below_synthetic, mut area) = (0usize, 0usize, 0.0);
    let (mut a, mut b) = (vec![0u32; width], vec![0u32; width]);
    let mut areas = vec![0.0; width];
    let mut groups = merged.0.chunk_by(|x, y| x.value == y.value).peekable();
    while let Some(group) = groups.next() {
        for value in group {
            if value.synthetic {
                below_synthetic += 1;
            } else {
                below_real += 1;
            }
            if width > 0 {
                let (draws, totals) = if value.synthetic { (synthetic_draws, &mut b) } else { (real_draws, &mut a) };
                draws.add(value.row as usize, totals);
            }
        }
        let Some(next) = groups.peek() else { break };
        // Divided before subtracting, so that huge ranges do not overflow.
        let span = ends.1 / 2.0 - ends.0 / 2.0;
        let step = (next[0].value / 2.0 - group[0].value / 2.0) / span;
        area += step * (below_real as f64 / counts.0 as f64 - below_synthetic as f64 / counts.1 as f64).abs();
        for r in 0..width {
            let gap = f64::from(a[r]) / f64::from(n[r]) - f64::from(b[r]) / f64::from(m[r]);
            areas[r] += step * gap.abs();
        }
    }
    Estimate { value: area, replicates: areas }
}
