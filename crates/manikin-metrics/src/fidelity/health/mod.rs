//! What health records in particular must get right: which codes patients have, how many, together with which, and
//! which clinical rules are broken.

pub mod co_occurrence;
pub mod concept_abundance;
pub mod prevalence;
pub mod rule_violations;

use super::time::{Events, HistoryMetric};

/// Every metric of health over a history; rules have [`rule_violations::compute`].
pub const METRICS: &[HistoryMetric] = &[
    HistoryMetric { definitions: &[&prevalence::DEFINITION], compute: prevalence::compute },
    HistoryMetric { definitions: &[&concept_abundance::DEFINITION], compute: concept_abundance::compute },
    HistoryMetric { definitions: &[&co_occurrence::DEFINITION], compute: co_occurrence::compute },
];

/// The distinct codes below `codes` of each patient, in order.
pub(crate) fn code_sets(events: &Events<'_>, codes: usize) -> Vec<Vec<u32>> {
    let mut sets: Vec<Vec<u32>> = vec![Vec::new(); events.patients];
    for (&patient, &code) in events.patient.iter().zip(events.code) {
        if let (Some(set), true) = (sets.get_mut(patient as usize), (code as usize) < codes) {
            set.push(code);
        }
    }
    for set in &mut sets {
        set.sort_unstable();
        set.dedup();
    }
    sets
}
