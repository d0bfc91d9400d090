//! Histories: when events happen, in which order, and how a patient's values follow each other.

pub mod autocorrelation;
pub mod events_per_patient;
pub mod inter_event_time;
pub mod ngram_similarity;
pub mod within_patient;

use super::comparison::Settings;
use crate::score::{Definition, Score};

/// The events of one side. Lists are one an event; an event whose patient is `patients` or beyond is left out.
#[derive(Debug, Clone, Copy)]
pub struct Events<'a> {
    /// The number of patients, those without events included.
    pub patients: usize,
    /// The patient of each event.
    pub patient: &'a [u32],
    /// When each event happened, in days; NaN where unknown.
    pub time: &'a [f64],
    /// What happened, as an index into the labels of the history.
    pub code: &'a [u32],
}

/// Events of one kind (visits, diagnoses) on both sides.
#[derive(Debug, Clone, Copy)]
pub struct History<'a> {
    /// What the events are called.
    pub name: &'a str,
    /// The real events.
    pub real: Events<'a>,
    /// The synthetic events.
    pub synthetic: Events<'a>,
    /// What the codes stand for.
    pub labels: &'a [String],
}

/// Values measured on patients over time, on one side.
#[derive(Debug, Clone, Copy)]
pub struct Values<'a> {
    /// The number of patients.
    pub patients: usize,
    /// The patient of each value.
    pub patient: &'a [u32],
    /// When it was measured; NaN where unknown.
    pub time: &'a [f64],
    /// The value; NaN where null.
    pub value: &'a [f64],
}

/// One measured quantity on both sides.
#[derive(Debug, Clone, Copy)]
pub struct Course<'a> {
    /// What was measured.
    pub name: &'a str,
    /// The real values.
    pub real: Values<'a>,
    /// The synthetic values.
    pub synthetic: Values<'a>,
}

/// A metric over a history.
#[derive(Debug, Clone, Copy)]
pub struct HistoryMetric {
    /// The definitions of its scores; the first names the metric.
    pub definitions: &'static [&'static Definition],
    /// Computes its scores.
    pub compute: fn(&History<'_>, &Settings) -> Vec<Score>,
}

/// A metric over a course of values.
#[derive(Debug, Clone, Copy)]
pub struct CourseMetric {
    /// The definitions of its scores; the first names the metric.
    pub definitions: &'static [&'static Definition],
    /// Computes its scores.
    pub compute: fn(&Course<'_>, &Settings) -> Vec<Score>,
}

/// Every metric of time over a history.
pub const METRICS: &[HistoryMetric] = &[
    HistoryMetric { definitions: &[&events_per_patient::DEFINITION], compute: events_per_patient::compute },
    HistoryMetric { definitions: &[&inter_event_time::DEFINITION], compute: inter_event_time::compute },
    HistoryMetric { definitions: &[&ngram_similarity::DEFINITION], compute: ngram_similarity::compute },
];

/// Every metric over a course of values.
pub const COURSE_METRICS: &[CourseMetric] = &[
    CourseMetric { definitions: &[&autocorrelation::DEFINITION], compute: autocorrelation::compute },
    CourseMetric {
        definitions: &[&within_patient::STATISTIC, &within_patient::STEP],
        compute: within_patient::compute,
    },
];

/// The events of known patients by patient, then time (unknown last), then `then` and row, patient by patient.
pub(crate) fn by_patient<'a>(
    patients: usize,
    patient: &'a [u32],
    time: &'a [f64],
    then: impl Fn(u32) -> u32 + 'a,
) -> Vec<Vec<u32>> {
    let mut lists: Vec<Vec<u32>> = vec![Vec::new(); patients];
    for (row, &p) in (0u32..).zip(patient) {
        if let Some(list) = lists.get_mut(p as usize) {
            list.push(row);
        }
    }
    let at = |row: u32| time.get(row as usize).copied().unwrap_or(f64::NAN);
    for list in &mut lists {
        // The sign of a NaN must not decide whether it comes first.
        let key = |row: u32| if at(row).is_nan() { f64::INFINITY } else { at(row) };
        list.sort_by(|&a, &b| key(a).total_cmp(&key(b)).then(then(a).cmp(&then(b))).then(a.cmp(&b)));
    }
    lists
}
