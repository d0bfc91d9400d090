//! The Hellinger distance of one column over shared cells.

use super::jensen_shannon::over_cells;
use crate::fidelity::comparison::Comparison;
use crate::score::{Definition, Direction, Score};

/// The root of half the sum of (sqrt p - sqrt q)².
pub const DEFINITION: Definition = Definition {
    name: "hellinger_distance",
    means: "How far apart two distributions are, rare categories counting more; 0 is the same, 1 no overlap.",
    direction: Direction::Lower,
    range: (0.0, 1.0),
    reference: "Hellinger 1909; recommended for synthetic health data by El Emam et al., JMIR Med Inform 10(4), 2022",
};

/// One score a column, over quantile bins or the most frequent categories, nulls apart.
pub fn compute(comparison: &Comparison<'_>) -> Vec<Score> {
    over_cells(comparison, &DEFINITION, 1.0, |p, q| 0.5 * (p.sqrt() - q.sqrt()) * (p.sqrt() - q.sqrt()))
}
