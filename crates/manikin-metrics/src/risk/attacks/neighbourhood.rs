//! How many synthetic rows lie in a row's neighbourhood.

use super::Attack;
use crate::risk::folds::Folds;

/// A row with many synthetic rows nearer than its real neighbours is suspected.
pub(super) const ATTACK: Attack = Attack {
    name: "neighbourhood",
    means: "suspects real rows with many synthetic rows nearer than their real neighbours",
    reference: "Hilprecht et al., Monte Carlo attack, PoPETs 2019(4), with the neighbourhood of each row's own density",
    scores,
};

/// Counts pairs of a synthetic and a real neighbour of which the synthetic one is nearer: the synthetic rows within
/// the distances of the first, second, … real neighbour, summed.
fn scores(folds: &Folds<'_>) -> Result<Vec<f64>, String> {
    let (synthetic, others) = (folds.pool_to_synthetic()?, folds.pool_to_others()?);
    if others.is_empty() {
        return Err("there is no other real row to compare with".to_owned());
    }
    let count = |row: usize| -> usize {
        let near = synthetic.distances(row);
        others.distances(row).iter().map(|&radius| near.partition_point(|&distance| distance < radius)).sum()
    };
    Ok((0..synthetic.len()).map(|row| count(row) as f64).collect())
}
