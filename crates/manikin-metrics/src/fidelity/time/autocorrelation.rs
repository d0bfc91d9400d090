//! How a patient's values follow each other.

use super::{Course, Values, by_patient};
use crate::fidelity::comparison::Settings;
use crate::fidelity::tally::Estimate;
use crate::score::{Definition, Direction, Score};
use crate::stats::{Resamples, moments};

/// 1 - |lag-one correlation in real - in synthetic| / 2.
///
/// `total` correlates each value with the patient's next one over all patients: it is high when patients have levels of
/// their own. `within` does so after taking each patient's mean away: what is left is the course. With few values a
/// patient `within` is biased downwards on both sides alike.
pub const DEFINITION: Definition = Definition {
    name: "autocorrelation_similarity",
    means: "How close the correlation of a patient's consecutive values is; 1 is the same.",
    direction: Direction::Higher,
    range: (0.0, 1.0),
    reference: "lag-one autocorrelation, pooled over patients; Box and Jenkins 1970",
};

/// Two scores: total and within.
pub fn compute(course: &Course<'_>, settings: &Settings) -> Vec<Score> {
    let scale = scale(course);
    let (real, synthetic) = (Sums::of(&course.real, scale), Sums::of(&course.synthetic, scale));
    let (total, within): (Correlation, Correlation) = (Sums::total, Sums::within);
    [("total", total), ("within", within)].map(|(name, f)| one(course, settings, name, (&real, &synthetic), f)).into()
}

type Correlation = fn(&[f64; 8]) -> f64;

fn one(course: &Course<'_>, settings: &Settings, name: &str, sides: (&Sums, &Sums), correlation: Correlation) -> Score {
    let about = vec![course.name.to_owned(), name.to_owned()];
    let replicates = if settings.replicates < 10 { 0 } else { settings.replicates };
    let (real, synthetic) = (correlation(&sides.0.all()), correlation(&sides.1.all()));
    let n = (sides.0.all()[0] + sides.1.all()[0]) as usize;
    let method = format!(
        "{real:.4} in real, {synthetic:.4} in synthetic; n counts consecutive pairs; bootstrap by patient, {replicates} \
         replicates, seed {}",
        settings.seed
    );
    if real.is_nan() || synthetic.is_nan() {
        let side = if real.is_nan() { "real" } else { "synthetic" };
        let reason = format!("no {side} patient has two values that differ");
        return DEFINITION.incomplete(about, n, "lag-one correlation", reason);
    }
    let similarity = |a: f64, b: f64| 1.0 - 0.5 * (a - b).abs();
    let resampled = |sums: &Sums, purpose| {
        let draws = Resamples::new(sums.0.len(), None, replicates, settings.seed, purpose);
        (0..replicates).map(|r| correlation(&sums.weighted(&draws, r))).collect::<Vec<f64>>()
    };
    let pairs = resampled(sides.0, "real patients").into_iter().zip(resampled(sides.1, "synthetic patients"));
    let estimate =
        Estimate { value: similarity(real, synthetic), replicates: pairs.map(|(a, b)| similarity(a, b)).collect() };
    DEFINITION.score(about, estimate.value, n, method).with_interval(estimate.interval(settings.level))
}

/// The mean and spread of real values, so that squares of huge ones do not overflow.
fn scale(course: &Course<'_>) -> (f64, f64) {
    let finite: Vec<f64> = course.real.value.iter().copied().filter(|x| x.is_finite()).collect();
    moments(&finite).filter(|m| m.sd > 0.0).map_or((0.0, 1.0), |m| (m.mean, m.sd))
}

/// For each patient: pairs, sums of x, y, x², y², xy over pairs; the within product and square.
struct Sums(Vec<[f64; 8]>);

impl Sums {
    fn of(values: &Values<'_>, (mean, sd): (f64, f64)) -> Self {
        let lists = by_patient(values.patients, values.patient, values.time, |_| 0);
        let sums = lists.iter().map(|list| {
            let series: Vec<f64> = list
                .iter()
                .filter_map(|&row| values.value.get(row as usize))
                .filter(|x| x.is_finite())
                .map(|x| (x / sd - mean / sd).clamp(-1e6, 1e6))
                .collect();
            let level = series.iter().sum::<f64>() / series.len() as f64;
            let mut sums = [0.0; 8];
            for pair in series.windows(2) {
                let (x, y) = (pair[0], pair[1]);
                let terms = [1.0, x, y, x * x, y * y, x * y, (x - level) * (y - level), 0.0];
                sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
            }
            if series.len() > 1 {
                sums[7] = series.iter().map(|x| (x - level) * (x - level)).sum();
            }
            sums
        });
        Self(sums.collect())
    }

    fn all(&self) -> [f64; 8] {
        let mut all = [0.0; 8];
        self.0.iter().for_each(|sums| all.iter_mut().zip(sums).for_each(|(a, s)| *a += s));
        all
    }

    fn weighted(&self, draws: &Resamples, replicate: usize) -> [f64; 8] {
        let mut all = [0.0; 8];
        for (patient, sums) in self.0.iter().enumerate() {
            let weight = f64::from(draws.weights(patient)[replicate]);
            all.iter_mut().zip(sums).for_each(|(a, s)| *a += weight * s);
        }
        all
    }

    fn total(sums: &[f64; 8]) -> f64 {
        let [n, x, y, xx, yy, xy, ..] = *sums;
        let spread = (xx - x * x / n) * (yy - y * y / n);
        // Below this the spread is rounding.
        if spread > 1e-18 * (1.0 + xx * yy) { ((xy - x * y / n) / spread.sqrt()).clamp(-1.0, 1.0) } else { f64::NAN }
    }

    fn within(sums: &[f64; 8]) -> f64 {
        let (product, square) = (sums[6], sums[7]);
        if square > 1e-12 { (product / square).clamp(-1.0, 1.0) } else { f64::NAN }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn course(real: &[f64], synthetic: &[f64]) -> Vec<Score> {
        let patient = [0, 0, 0, 0, 1, 1, 1, 1];
        let time = [1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0];
        let values = |value| Values { patients: 2, patient: &patient, time: &time, value };
        let course = Course { name: "x", real: values(real), synthetic: values(synthetic) };
        compute(&course, &Settings::default())
    }

    #[test]
    fn levels_and_courses_are_told_apart() {
        let alternating = [1.0, 2.0, 1.0, 2.0, 11.0, 12.0, 11.0, 12.0];
        let rising = [1.0, 1.3, 1.7, 2.0, 11.0, 11.3, 11.7, 12.0];
        let scores = course(&alternating, &rising);
        let value = |i: usize| scores[i].value.unwrap_or(f64::NAN);
        // Both keep each patient's level, so the total hardly differs.
        assert!(value(0) > 0.99, "{scores:?}");
        // Alternating: -3/4 within. Rising: deviations -.5, -.2, .2, .5: products .1 - .04 + .1 over .58.
        assert!((value(1) - (1.0 - 0.5 * (0.16 / 0.58 + 0.75))).abs() < 1e-9, "{scores:?}");
    }

    #[test]
    fn constant_values_have_no_course() {
        assert!(course(&[5.0; 8], &[5.0; 8]).iter().all(|score| !score.is_computed()));
    }
}
