//! α-precision and β-recall: whether synthetic records lie where real ones do, and cover them.

use rayon::prelude::*;

use crate::fidelity::comparison::Comparison;
use crate::fidelity::tally::Estimate;
use crate::score::{Definition, Direction, Score};
use crate::stats::{Resamples, moments};
use crate::table::{Table, Values};

/// 1 - Σ|α - P_α| / Σα: P_α is the share of synthetic records in the ball that holds the share α of real ones.
///
/// The original learns a one-class embedding first; here distances are taken between the records themselves: numbers
/// in real standard deviations, cut at five, and one for a category or null that differs.
pub const PRECISION: Definition = Definition {
    name: "alpha_precision",
    means: "Whether synthetic records are as typical as real ones; 1 is exactly so, less means too typical or too odd.",
    direction: Direction::Higher,
    range: (0.0, 1.0),
    reference: "Alaa, van Breugel, Saveliev and van der Schaar, ICML 2022; without one-class embedding",
};

/// 1 - Σ|β - R_β| / Σβ: R_β is the share of real records with a synthetic one nearer than their nearest real one.
pub const RECALL: Definition = Definition {
    name: "beta_recall",
    means: "Whether synthetic records cover the variety of real ones. Fresh data reaches the benchmark, about a half; \
            well above it means copies.",
    direction: Direction::Higher,
    range: (0.0, 1.0),
    reference: "Alaa, van Breugel, Saveliev and van der Schaar, ICML 2022; without one-class embedding",
};

/// The steps of α and β, from 0 to 1.
const STEPS: usize = 30;
/// The most records among which neighbours are sought. `ASSUMED`: bounds the time; the method says so when it binds.
const REFERENCE_ROWS: usize = 100_000;

/// Two scores.
pub fn compute(comparison: &Comparison<'_>) -> Vec<Score> {
    let (real, synthetic) = (comparison.real.table, comparison.synthetic.table);
    let n = real.rows + synthetic.rows;
    if real.rows < 2 || synthetic.rows == 0 || comparison.width() == 0 {
        let reason = "it takes two real rows, one synthetic and a column";
        return [PRECISION, RECALL].iter().map(|d| d.incomplete(Vec::new(), n, "euclidean", reason)).collect();
    }
    let space = Space::of(real);
    let (a, b) = (space.place(real), space.place(synthetic));
    let (around_real, around_synthetic) = (Centre::of(&a), Centre::of(&b));
    let level = comparison.settings.level;
    let radii = (around_real.distances(&a), around_real.distances(&b));
    let precision = precision(comparison, &radii);
    let (recall, queries, reference) = recall(comparison, &a, &b, &around_synthetic);
    let space = "numbers in standard deviations cut at 5, categories by mismatch";
    let method = format!("{space}; {}", comparison.interval_method());
    // Each of the other real and the synthetic reference records is equally likely to be the nearest of fresh data.
    let fresh = reference.1 as f64 / (reference.0 as f64 - 1.0 + reference.1 as f64);
    vec![
        PRECISION
            .score(Vec::new(), precision.value, n, method)
            .with_interval(precision.interval(level))
            .with_benchmark(Some(fresh_precision(real.rows, synthetic.rows))),
        RECALL
            .score(
                Vec::new(),
                recall.value,
                queries,
                format!(
                    "{space}; nearest of {queries} real records among {} real and {} synthetic; {}",
                    reference.0,
                    reference.1,
                    comparison.interval_method()
                ),
            )
            .with_interval(recall.interval(level))
            .with_benchmark(Some(fresh)),
    ]
}

/// The precision of fresh data on average: P_α of two samples differs from α as the difference of two proportions does.
fn fresh_precision(n: usize, m: usize) -> f64 {
    let alphas = (1..STEPS).map(|step| step as f64 / (STEPS - 1) as f64);
    let spread = 2.0 / std::f64::consts::PI * (1.0 / n as f64 + 1.0 / m as f64);
    let (gap, sum) =
        alphas.fold((0.0, 0.0), |(gap, sum), alpha| (gap + (spread * alpha * (1.0 - alpha)).sqrt(), sum + alpha));
    1.0 - gap / sum
}

fn precision(comparison: &Comparison<'_>, (real, synthetic): &(Vec<f64>, Vec<f64>)) -> Estimate {
    let side = |radii: &[f64], positive| {
        (0u32..)
            .zip(radii.to_vec())
            .map(move |(row, radius)| Step { radius, row, counted: positive })
            .collect::<Vec<_>>()
    };
    let mut steps = [side(real, false), side(synthetic, true)].concat();
    sort(&mut steps);
    let (real_draws, synthetic_draws) = comparison.draws();
    let width = comparison.replicates();
    let once = |step: &Step| if step.counted { (0.0, 1.0) } else { (1.0, 0.0) };
    let value = agreement(&steps, once, |totals| totals.1);
    Estimate { value, replicates: agreement_replicates(&steps, real_draws, synthetic_draws, width) }
}

/// One step outwards: a record at a distance from a centre.
#[derive(Clone, Copy)]
struct Step {
    radius: f64,
    row: u32,
    counted: bool,
}

fn sort(steps: &mut [Step]) {
    steps
        .sort_unstable_by(|a, b| a.radius.total_cmp(&b.radius).then(a.counted.cmp(&b.counted)).then(a.row.cmp(&b.row)));
}

/// 1 - Σ|α - P_α| / Σα, where a step adds its first weight to what α is a share of, and its second to P.
///
/// `whole` says, of both weights' totals, which P is a share of.
fn agreement(steps: &[Step], weights: impl Fn(&Step) -> (f64, f64), whole: fn((f64, f64)) -> f64) -> f64 {
    let totals = steps.iter().map(&weights).fold((0.0, 0.0), |sum, w| (sum.0 + w.0, sum.1 + w.1));
    let (mut inside, mut counted) = (0.0, 0.0);
    let alpha = |step: usize| step as f64 / (STEPS - 1) as f64;
    // At α = 0 both shares are 0.
    let (mut next, mut gap, mut sum) = (1, 0.0, 0.0);
    for group in steps.chunk_by(|a, b| a.radius == b.radius) {
        for step in group {
            let (a, b) = weights(step);
            inside += a;
            counted += b;
        }
        while next < STEPS && inside / totals.0 >= alpha(next) - 1e-12 {
            gap += (alpha(next) - counted / whole(totals)).abs();
            sum += alpha(next);
            next += 1;
        }
    }
    1.0 - gap / sum
}

/// [`agreement`] of synthetic against real steps in every replicate, all replicates at each step.
fn agreement_replicates(steps: &[Step], real: &Resamples, synthetic: &Resamples, width: usize) -> Vec<f64> {
    if width == 0 {
        return Vec::new();
    }
    let (mut n, mut m) = (vec![0u32; width], vec![0u32; width]);
    for step in steps {
        let (draws, totals) = if step.counted { (synthetic, &mut m) } else { (real, &mut n) };
        draws.add(step.row as usize, totals);
    }
    let alpha = |step: usize| step as f64 / (STEPS - 1) as f64;
    let (mut inside, mut counted) = (vec![0u32; width], vec![0u32; width]);
    let (mut next, mut gap, mut sum) = (vec![1usize; width], vec![0.0; width], vec![0.0; width]);
    let mut needed: Vec<f64> = n.iter().map(|&total| (alpha(1) - 1e-12) * f64::from(total)).collect();
    for group in steps.chunk_by(|a, b| a.radius == b.radius) {
        for step in group {
            let (draws, totals) = if step.counted { (synthetic, &mut counted) } else { (real, &mut inside) };
            draws.add(step.row as usize, totals);
        }
        for r in 0..width {
            while f64::from(inside[r]) >= needed[r] {
                gap[r] += (alpha(next[r]) - f64::from(counted[r]) / f64::from(m[r])).abs();
                sum[r] += alpha(next[r]);
                next[r] += 1;
                let more = next[r] < STEPS;
                needed[r] = if more { (alpha(next[r]) - 1e-12) * f64::from(n[r]) } else { f64::INFINITY };
            }
        }
    }
    (0..width).map(|r| 1.0 - gap[r] / sum[r]).collect()
}

/// The recall, the number of real records looked at, and the records among which neighbours were sought.
fn recall(comparison: &Comparison<'_>, a: &Points, b: &Points, centre: &Centre) -> (Estimate, usize, (usize, usize)) {
    let queries = comparison.sample(a.rows, comparison.settings.neighbour_rows, "recall");
    let references = [
        comparison.sample(a.rows, REFERENCE_ROWS, "recall real"),
        comparison.sample(b.rows, REFERENCE_ROWS, "recall synthetic"),
    ];
    let around = centre.distances(b);
    let mut steps: Vec<Step> = queries
        .par_iter()
        .map(|&row| {
            let (own, _) = nearest(a, row, a, references[0].iter().filter(|&&other| other != row));
            let (distance, closest) = nearest(a, row, b, references[1].iter());
            Step { radius: around[closest as usize], row, counted: distance <= own }
        })
        .collect();
    sort(&mut steps);
    let recall = |weight: &dyn Fn(&Step) -> f64| {
        agreement(&steps, |step| (weight(step), if step.counted { weight(step) } else { 0.0 }), |totals| totals.0)
    };
    let draws: &Resamples = &comparison.draws().0;
    let replicates = (0..comparison.replicates())
        .map(|r| recall(&|step: &Step| f64::from(draws.weights(step.row as usize)[r])))
        .collect();
    let estimate = Estimate { value: recall(&|_| 1.0), replicates };
    (estimate, queries.len(), (references[0].len(), references[1].len()))
}

/// The squared distance from a record to the nearest of others, and that other; the first among equals.
fn nearest<'o>(from: &Points, row: u32, to: &Points, others: impl Iterator<Item = &'o u32>) -> (f32, u32) {
    let (numbers, codes) = (from.numbers_of(row), from.codes_of(row));
    let mut best = (f32::INFINITY, 0);
    for &other in others {
        let mut distance = 0.0f32;
        for (x, y) in codes.iter().zip(to.codes_of(other)) {
            distance += if x == y { 0.0 } else { 1.0 };
        }
        // Most records differ in enough categories that their numbers need not be read.
        if distance >= best.0 {
            continue;
        }
        for (x, y) in numbers.iter().zip(to.numbers_of(other)) {
            distance += (x - y) * (x - y);
        }
        if distance < best.0 {
            best = (distance, other);
        }
    }
    best
}

/// How columns become coordinates: the mean and spread of real numbers.
struct Space {
    numbers: Vec<(usize, f64, f64)>,
    codes: Vec<usize>,
}

/// Records as coordinates, row by row: numbers, then codes; a numeric column has a code for whether it is null.
struct Points {
    rows: usize,
    numbers: Vec<f32>,
    codes: Vec<u32>,
    width: (usize, usize),
}

/// How far standardised numbers may lie from 0. `ASSUMED`: beyond five standard deviations one column would drown all.
const FARTHEST: f64 = 5.0;

impl Space {
    fn of(real: &Table) -> Self {
        let mut space = Self { numbers: Vec::new(), codes: Vec::new() };
        for (c, column) in real.columns.iter().enumerate() {
            match &column.values {
                Values::Numbers(numbers) => {
                    let finite: Vec<f64> = numbers.iter().copied().filter(|x| x.is_finite()).collect();
                    // A constant has no spread to measure by: any other value is as far as can be.
                    let (mean, sd) = moments(&finite).map_or((0.0, 1.0), |m| (m.mean, m.sd.max(f64::MIN_POSITIVE)));
                    space.numbers.push((c, mean, sd));
                }
                Values::Codes { .. } => space.codes.push(c),
            }
        }
        space
    }

    fn place(&self, table: &Table) -> Points {
        let width = (self.numbers.len(), self.codes.len() + self.numbers.len());
        let mut points = Points {
            rows: table.rows,
            numbers: vec![0.0; table.rows * width.0],
            codes: vec![0; table.rows * width.1],
            width,
        };
        for (slot, &c) in self.codes.iter().enumerate() {
            if let Values::Codes { codes, .. } = &table.columns[c].values {
                (0..table.rows).for_each(|row| points.codes[row * width.1 + slot] = codes[row]);
            }
        }
        for (slot, &(c, mean, sd)) in self.numbers.iter().enumerate() {
            if let Values::Numbers(numbers) = &table.columns[c].values {
                for (row, &x) in numbers.iter().enumerate() {
                    let z = ((x - mean) / sd).clamp(-FARTHEST, FARTHEST);
                    points.codes[row * width.1 + self.codes.len() + slot] = u32::from(x.is_nan());
                    points.numbers[row * width.0 + slot] = if z.is_nan() { 0.0 } else { z as f32 };
                }
            }
        }
        points
    }
}

impl Points {
    fn numbers_of(&self, row: u32) -> &[f32] {
        &self.numbers[row as usize * self.width.0..(row as usize + 1) * self.width.0]
    }

    fn codes_of(&self, row: u32) -> &[u32] {
        &self.codes[row as usize * self.width.1..(row as usize + 1) * self.width.1]
    }
}

/// The mean of some records, where a category is its share.
struct Centre {
    numbers: Vec<f64>,
    /// For each column of codes: the share of each code, sorted by code, and the sum of squared shares.
    codes: Vec<(Vec<(u32, f64)>, f64)>,
}

impl Centre {
    fn of(points: &Points) -> Self {
        let n = points.rows as f64;
        let mut numbers = vec![0.0; points.width.0];
        for row in 0..points.rows {
            let values = &points.numbers[row * points.width.0..(row + 1) * points.width.0];
            numbers.iter_mut().zip(values).for_each(|(sum, &x)| *sum += f64::from(x) / n);
        }
        let codes = (0..points.width.1).map(|slot| {
            let mut column: Vec<u32> = (0..points.rows).map(|row| points.codes[row * points.width.1 + slot]).collect();
            column.sort_unstable();
            let shares: Vec<(u32, f64)> =
                column.chunk_by(|a, b| a == b).map(|run| (run[0], run.len() as f64 / n)).collect();
            let squares = shares.iter().map(|(_, share)| share * share).sum();
            (shares, squares)
        });
        Self { numbers, codes: codes.collect() }
    }

    /// The squared distance of each record: for a category half of |indicator - shares|², which makes a mismatch 1.
    fn distances(&self, points: &Points) -> Vec<f64> {
        (0..points.rows)
            .into_par_iter()
            .map(|row| {
                let row = u32::try_from(row).unwrap_or(u32::MAX);
                let numbers = points.numbers_of(row).iter().zip(&self.numbers);
                let numbers: f64 = numbers.map(|(&x, mean)| (f64::from(x) - mean) * (f64::from(x) - mean)).sum();
                let codes = points.codes_of(row).iter().zip(&self.codes);
                let codes: f64 = codes
                    .map(|(code, (shares, squares))| {
                        let place = shares.binary_search_by_key(code, |&(code, _)| code);
                        0.5 * (1.0 - 2.0 * place.map_or(0.0, |at| shares[at].1) + squares)
                    })
                    .sum();
                numbers + codes
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replicate_that_draws_every_record_once_agrees_with_the_plain_walk() {
        let side = |counted, radii: &[f64]| {
            (0u32..).zip(radii.to_vec()).map(|(row, radius)| Step { radius, row, counted }).collect::<Vec<_>>()
        };
        let mut steps = [side(false, &[1.0, 2.0, 2.0, 5.0]), side(true, &[0.5, 2.0, 9.0])].concat();
        sort(&mut steps);
        let plain = agreement(&steps, |step| if step.counted { (0.0, 1.0) } else { (1.0, 0.0) }, |totals| totals.1);
        let (real, made) = (Resamples::new(4, Some(&[1; 4]), 2, 1, "a"), Resamples::new(3, Some(&[1; 3]), 2, 1, "b"));
        assert_eq!(agreement_replicates(&steps, &real, &made, 2), [plain; 2]);
        assert!(plain > 0.5 && plain < 1.0);
    }
}
