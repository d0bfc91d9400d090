//! How many events patients have.

use super::{Events, History};
use crate::fidelity::comparison::Settings;
use crate::fidelity::series::{self, Series};
use crate::score::{Definition, Direction, Score};

/// 1 - the Kolmogorov-Smirnov distance of the numbers of events, patients without any included.
pub const DEFINITION: Definition = Definition {
    name: "events_per_patient",
    means: "How close the numbers of events per patient are distributed; 1 is the same.",
    direction: Direction::Higher,
    range: (0.0, 1.0),
    reference: "SDMetrics SequenceLengthSimilarity, patients without events included",
};

/// One score.
pub fn compute(history: &History<'_>, settings: &Settings) -> Vec<Score> {
    let (real, synthetic) = (counts(&history.real), counts(&history.synthetic));
    vec![series::compare(&DEFINITION, vec![history.name.to_owned()], real, synthetic, settings)]
}

fn counts(events: &Events<'_>) -> Series {
    let mut counts = vec![0.0; events.patients];
    for &patient in events.patient {
        if let Some(count) = counts.get_mut(patient as usize) {
            *count += 1.0;
        }
    }
    Series { values: counts, clusters: Vec::new() }
}
