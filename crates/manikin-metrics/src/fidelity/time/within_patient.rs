//! Statistics of one patient's values, and the steps between them.

use super::{Course, Values, by_patient};
use crate::fidelity::comparison::Settings;
use crate::fidelity::series::{self, Series};
use crate::score::{Definition, Direction, Score};
use crate::stats::{moments, quantile_sorted};

/// 1 - the Kolmogorov-Smirnov distance of a statistic of each patient's values.
pub const STATISTIC: Definition = Definition {
    name: "patient_statistic_similarity",
    means: "How close patients' own mean, median, spread, least and greatest value are distributed; 1 is the same.",
    direction: Direction::Higher,
    range: (0.0, 1.0),
    reference: "SDMetrics StatisticMSAS",
};

/// 1 - the Kolmogorov-Smirnov distance of the differences of a patient's consecutive values.
pub const STEP: Definition = Definition {
    name: "patient_step_similarity",
    means: "How close the steps from one value of a patient to the next are distributed; 1 is the same.",
    direction: Direction::Higher,
    range: (0.0, 1.0),
    reference: "SDMetrics InterRowMSAS",
};

/// A statistic of one patient's sorted values.
type Statistic = fn(&[f64]) -> Option<f64>;

/// Six scores: five statistics, and the steps.
pub fn compute(course: &Course<'_>, settings: &Settings) -> Vec<Score> {
    let (real, synthetic) = (lists(&course.real), lists(&course.synthetic));
    let statistics: [(&str, Statistic); 5] = [
        ("mean", |values| moments(values).map(|m| m.mean)),
        ("median", |sorted| quantile_sorted(sorted, 0.5)),
        ("std", |values| (values.len() > 1).then(|| moments(values).map(|m| m.sd)).flatten()),
        ("min", |sorted| sorted.first().copied()),
        ("max", |sorted| sorted.last().copied()),
    ];
    let mut scores: Vec<Score> = statistics
        .into_iter()
        .map(|(name, statistic)| {
            let side = |lists: &[Vec<f64>]| {
                let each = |list: &Vec<f64>| {
                    let mut sorted = list.clone();
                    sorted.sort_unstable_by(f64::total_cmp);
                    statistic(&sorted)
                };
                Series { values: lists.iter().filter_map(each).collect(), clusters: Vec::new() }
            };
            let about = vec![course.name.to_owned(), name.to_owned()];
            series::compare(&STATISTIC, about, side(&real), side(&synthetic), settings)
        })
        .collect();
    let steps = |lists: &[Vec<f64>]| {
        let mut series = Series::default();
        for (patient, list) in (0u32..).zip(lists) {
            series.values.extend(list.windows(2).map(|pair| pair[1] - pair[0]));
            series.clusters.resize(series.values.len(), patient);
        }
        series
    };
    scores.push(series::compare(&STEP, vec![course.name.to_owned()], steps(&real), steps(&synthetic), settings));
    scores
}

/// Each patient's finite values in time.
fn lists(values: &Values<'_>) -> Vec<Vec<f64>> {
    by_patient(values.patients, values.patient, values.time, |_| 0)
        .iter()
        .map(|list| {
            list.iter().filter_map(|&row| values.value.get(row as usize).copied()).filter(|x| x.is_finite()).collect()
        })
        .collect()
}
