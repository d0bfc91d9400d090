//! Whether references resolve.

use super::Relation;
use crate::fidelity::comparison::Settings;
use crate::score::{Definition, Direction, Score};
use crate::stats::clopper_pearson;

/// The share of synthetic references that are not null and name an existing parent.
pub const DEFINITION: Definition = Definition {
    name: "referential_integrity",
    means: "The share of references that resolve; anything below 1 is a fault. The benchmark is the real share.",
    direction: Direction::Higher,
    range: (0.0, 1.0),
    reference: "SDMetrics ReferentialIntegrity",
};

/// One score, with the exact interval as if references were independent.
pub fn compute(relation: &Relation<'_>, settings: &Settings) -> Vec<Score> {
    let (all, found) = relation.synthetic.resolved();
    let (n, method) =
        (usize::try_from(all).unwrap_or(usize::MAX), "null references left out; Clopper-Pearson interval");
    let about = vec![relation.name.to_owned()];
    if all == 0 {
        return vec![DEFINITION.incomplete(about, 0, method, "no synthetic row refers to a parent")];
    }
    let (real_all, real_found) = relation.real.resolved();
    let score = DEFINITION
        .score(about, found as f64 / all as f64, n, method)
        .with_interval(clopper_pearson(found, all, settings.level))
        .with_benchmark((real_all > 0).then(|| real_found as f64 / real_all as f64));
    vec![score]
}
