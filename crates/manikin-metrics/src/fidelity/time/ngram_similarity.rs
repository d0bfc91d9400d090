//! Which codes follow each other.

use std::collections::BTreeMap;

use super::{Events, History, by_patient};
use crate::fidelity::comparison::Settings;
use crate::fidelity::counts::Memberships;
use crate::score::{Definition, Direction, Score};

/// 1 - the total variation distance of the shares of runs of two and of three consecutive codes.
pub const DEFINITION: Definition = Definition {
    name: "ngram_similarity",
    means: "How close the shares of runs of consecutive codes are; 1 is the same, 0 none shared. The benchmark is what \
            sampling noise allows, were runs independent.",
    direction: Direction::Higher,
    range: (0.0, 1.0),
    reference: "total variation distance of n-gram shares of event sequences",
};

/// Two scores: runs of two and of three. Events at the same time are in the order of their codes.
pub fn compute(history: &History<'_>, settings: &Settings) -> Vec<Score> {
    [2, 3].into_iter().map(|n| one(history, settings, n)).collect()
}

fn one(history: &History<'_>, settings: &Settings, length: usize) -> Score {
    let about = vec![history.name.to_owned(), format!("{length} codes")];
    let (real, synthetic) = (runs(&history.real, length), runs(&history.synthetic, length));
    let mut cells: BTreeMap<&[u32], u32> = real.iter().chain(&synthetic).flatten().map(|run| (&run[..], 0)).collect();
    (0u32..).zip(cells.values_mut()).for_each(|(i, cell)| *cell = i);
    let place = |side: &[Vec<Vec<u32>>]| -> Vec<Vec<u32>> {
        side.iter().map(|runs| runs.iter().filter_map(|run| cells.get(&run[..]).copied()).collect()).collect()
    };
    let (real, synthetic) = (place(&real), place(&synthetic));
    let n = real.iter().chain(&synthetic).map(Vec::len).sum();
    let counts = Memberships { real: &real, synthetic: &synthetic, cells: cells.len() }.count(settings);
    let method = format!("{} distinct runs; {}", cells.len(), counts.method);
    match counts.tally.total_variation() {
        Some(mut estimate) => {
            estimate.complement();
            DEFINITION
                .score(about, estimate.value, n, method)
                .with_interval(estimate.interval(settings.level))
                .with_benchmark(Some(1.0 - counts.tally.expected_variation()))
        }
        None => {
            let reason = format!("no patient on one side has {length} events in a row");
            DEFINITION.incomplete(about, n, method, reason)
        }
    }
}

/// The runs of each patient.
fn runs(events: &Events<'_>, length: usize) -> Vec<Vec<Vec<u32>>> {
    let code = |row: u32| events.code.get(row as usize).copied().unwrap_or(crate::table::NULL_CODE);
    let lists = by_patient(events.patients, events.patient, events.time, code);
    lists
        .into_iter()
        .map(|list| {
            let codes: Vec<u32> = list.into_iter().map(code).collect();
            codes.windows(length).map(<[u32]>::to_vec).collect()
        })
        .collect()
}
