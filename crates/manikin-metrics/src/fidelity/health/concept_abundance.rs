//! How many different codes patients have.

use super::code_sets;
use crate::fidelity::comparison::Settings;
use crate::fidelity::counts::Memberships;
use crate::fidelity::time::History;
use crate::score::{Definition, Direction, Score};

/// The total variation distance of the histograms of distinct codes per patient, in twenty bins of equal width.
pub const DEFINITION: Definition = Definition {
    name: "concept_abundance_distance",
    means: "How far the numbers of different codes per patient are apart; 0 is the same distribution, 1 no overlap.",
    direction: Direction::Lower,
    range: (0.0, 1.0),
    reference: "medical concept abundance: Yan et al., Nature Communications 13, 2022 (normalised Manhattan distance)",
};

/// `ASSUMED`: twenty bins, so that their noise stays small against a real difference.
const BINS: usize = 20;

/// One score.
pub fn compute(history: &History<'_>, settings: &Settings) -> Vec<Score> {
    let codes = history.labels.len();
    let (real, synthetic) = (code_sets(&history.real, codes), code_sets(&history.synthetic, codes));
    let most = real.iter().chain(&synthetic).map(Vec::len).max().unwrap_or(0);
    // Bins of whole numbers of codes, from none to the most.
    let width = (most + 1).div_ceil(BINS).max(1);
    let bins = |sets: &[Vec<u32>]| -> Vec<Vec<u32>> {
        sets.iter().map(|set| vec![u32::try_from(set.len() / width).unwrap_or(u32::MAX)]).collect()
    };
    let (a, b) = (bins(&real), bins(&synthetic));
    let counted = Memberships { real: &a, synthetic: &b, cells: most / width + 1 }.count(settings);
    let (about, n) = (vec![history.name.to_owned()], real.len() + synthetic.len());
    let method = format!("bins of {width} codes; {}", counted.method);
    vec![match counted.tally.total_variation() {
        Some(estimate) => DEFINITION
            .score(about, estimate.value, n, method)
            .with_interval(estimate.interval(settings.level))
            .with_benchmark(Some(counted.tally.expected_variation())),
        None => DEFINITION.incomplete(about, n, method, "one side has no patients"),
    }]
}
