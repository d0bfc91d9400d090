//! Whether synthetic categories are ones that were really seen.

use super::each_code;
use crate::fidelity::comparison::Comparison;
use crate::score::{Definition, Direction, Score};
use crate::stats::wilson;
use crate::table::NULL_CODE;

/// The share of non-null synthetic values whose category occurs in the real data.
pub const DEFINITION: Definition = Definition {
    name: "category_adherence",
    means: "The share of synthetic values that are real categories; 1 means none was invented.",
    direction: Direction::Higher,
    range: (0.0, 1.0),
    reference: "SDMetrics CategoryAdherence, over non-null values",
};

/// One score a column of codes; the interval is Wilson's, given the real categories.
pub fn compute(comparison: &Comparison<'_>) -> Vec<Score> {
    each_code(comparison, |codes| {
        let seen = seen(codes.real, codes.domain);
        let known = |&&code: &&u32| seen.get(code as usize).copied().unwrap_or(false);
        let n = codes.synthetic.iter().filter(|&&code| code != NULL_CODE).count();
        let method = "nulls left out; Wilson interval given the real categories";
        if n == 0 || !seen.contains(&true) {
            let side = if n == 0 { "synthetic" } else { "real" };
            let reason = format!("no {side} value is there: the column is empty or null throughout");
            return DEFINITION.incomplete(codes.about.clone(), n, method, reason);
        }
        let adhering = codes.synthetic.iter().filter(known).count();
        let level = comparison.settings.level;
        let interval = wilson(adhering as u64, n as u64, level).map(|rate| rate.interval(level));
        DEFINITION.score(codes.about.clone(), adhering as f64 / n as f64, n, method).with_interval(interval)
    })
}

/// Which codes below `domain` occur.
pub(super) fn seen(codes: &[u32], domain: usize) -> Vec<bool> {
    let mut seen = vec![false; domain];
    for &code in codes {
        if let Some(slot) = seen.get_mut(code as usize) {
            *slot = true;
        }
    }
    seen
}
