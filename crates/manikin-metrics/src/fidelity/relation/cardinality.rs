//! Whether parents have as many children as they really have.

use super::{Links, Relation};
use crate::fidelity::column::statistic_similarity::{Statistic, similarity};
use crate::fidelity::comparison::Settings;
use crate::fidelity::series::{self, Series};
use crate::score::{Definition, Direction, Score};
use crate::stats::{sorted_numbers, wilson};

/// 1 - the Kolmogorov-Smirnov distance of the numbers of children, parents without any included.
pub const SHAPE: Definition = Definition {
    name: "cardinality_shape_similarity",
    means: "How close the numbers of children per parent are distributed; 1 is the same.",
    direction: Direction::Higher,
    range: (0.0, 1.0),
    reference: "SDMetrics CardinalityShapeSimilarity",
};

/// The share of synthetic parents whose number of children lies in the real range.
pub const BOUNDARY: Definition = Definition {
    name: "cardinality_boundary_adherence",
    means: "The share of synthetic parents with a number of children that really occurs, by range; 1 is all.",
    direction: Direction::Higher,
    range: (0.0, 1.0),
    reference: "SDMetrics CardinalityBoundaryAdherence",
};

/// max(0, 1 - |statistic of real - of synthetic| / real range), of the numbers of children.
pub const STATISTIC: Definition = Definition {
    name: "cardinality_statistic_similarity",
    means: "How close mean, median and standard deviation of the number of children are; 1 is the same.",
    direction: Direction::Higher,
    range: (0.0, 1.0),
    reference: "SDMetrics CardinalityStatisticSimilarity",
};

/// Five scores: shape, boundary, and three statistics.
pub fn compute(relation: &Relation<'_>, settings: &Settings) -> Vec<Score> {
    let about = vec![relation.name.to_owned()];
    let (real, synthetic) = (relation.real.children(), relation.synthetic.children());
    let series = |links: &Links<'_>, values: &[f64]| Series {
        values: values.to_vec(),
        clusters: links.clusters.map(<[u32]>::to_vec).unwrap_or_default(),
    };
    let (a, b) = (series(&relation.real, &real), series(&relation.synthetic, &synthetic));
    let mut scores = vec![series::compare(&SHAPE, about.clone(), a, b, settings)];
    let (n, m) = (real.len(), synthetic.len());
    let (real, synthetic) = (sorted_numbers(&real).values, sorted_numbers(&synthetic).values);
    let method = "orphans left out, parents without children included";
    match (real.first(), real.last()) {
        (Some(&low), Some(&high)) if m > 0 => {
            let inside = synthetic.iter().filter(|&&count| low <= count && count <= high).count();
            let interval = wilson(inside as u64, m as u64, settings.level).map(|rate| rate.interval(settings.level));
            let score =
                BOUNDARY.score(about.clone(), inside as f64 / m as f64, m, format!("{method}; Wilson interval"));
            scores.push(score.with_interval(interval));
        }
        _ => scores.push(BOUNDARY.incomplete(about.clone(), m, method, "one side has no parents")),
    }
    for statistic in Statistic::ALL {
        let about = vec![about[0].clone(), statistic.name().to_owned()];
        scores.push(match similarity(&real, &synthetic, statistic) {
            Some(value) => STATISTIC.score(about, value, n + m, method),
            None => {
                let reason = "all real parents have equally many children, or there are too few parents";
                STATISTIC.incomplete(about, n + m, method, reason)
            }
        });
    }
    scores
}
