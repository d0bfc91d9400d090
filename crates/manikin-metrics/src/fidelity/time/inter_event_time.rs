//! How long it is from one event to the next.

use super::{Events, History, by_patient};
use crate::fidelity::comparison::Settings;
use crate::fidelity::series::{self, Series};
use crate::score::{Definition, Direction, Score};

/// 1 - the Kolmogorov-Smirnov distance of the times between consecutive events of a patient.
pub const DEFINITION: Definition = Definition {
    name: "inter_event_time_similarity",
    means: "How close the times between a patient's consecutive events are distributed; 1 is the same.",
    direction: Direction::Higher,
    range: (0.0, 1.0),
    reference: "SDMetrics InterRowMSAS on times; Kolmogorov-Smirnov",
};

/// One score, patients drawn whole.
pub fn compute(history: &History<'_>, settings: &Settings) -> Vec<Score> {
    let (real, synthetic) = (gaps(&history.real), gaps(&history.synthetic));
    let about = vec![history.name.to_owned()];
    if real.values.is_empty() || synthetic.values.is_empty() {
        let side = if real.values.is_empty() { "real" } else { "synthetic" };
        let reason = format!("no {side} patient has two events with a known time");
        return vec![DEFINITION.incomplete(about, 0, "gaps within patients", reason)];
    }
    vec![series::compare(&DEFINITION, about, real, synthetic, settings)]
}

fn gaps(events: &Events<'_>) -> Series {
    let mut series = Series::default();
    let lists = by_patient(events.patients, events.patient, events.time, |_| 0);
    for (patient, list) in (0u32..).zip(&lists) {
        let times: Vec<f64> =
            list.iter().filter_map(|&row| events.time.get(row as usize).copied()).filter(|t| t.is_finite()).collect();
        for pair in times.windows(2) {
            series.values.push(pair[1] - pair[0]);
            series.clusters.push(patient);
        }
    }
    series
}
