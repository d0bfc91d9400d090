//! How much denser synthetic rows lie around a row than real rows do.

use super::Attack;
use crate::risk::folds::Folds;

/// A row where the synthetic density exceeds the real one is suspected.
pub(super) const ATTACK: Attack = Attack {
    name: "density_ratio",
    means: "suspects real rows around which synthetic rows lie denser than real ones",
    reference: "van Breugel et al., DOMIAS, AISTATS 2023, with k-nearest-neighbour densities under the common ruler",
    scores,
};

/// Keeps the logarithm of a distance of 0 finite.
///
/// ASSUMED: a thousandth of the mean column distance, well under the distance of any two different rows.
const FLOOR: f64 = 1e-3;

/// log p_synthetic/p_real is, but for the number of dimensions and a constant, the log of the distance to the k-th
/// real neighbour less that to the k-th synthetic one; here the mean of it over all k that are known.
fn scores(folds: &Folds<'_>) -> Result<Vec<f64>, String> {
    let (synthetic, others) = (folds.pool_to_synthetic()?, folds.pool_to_others()?);
    if others.is_empty() {
        return Err("there is no other real row to compare with".to_owned());
    }
    let mean = |distances: &[f64]| {
        distances.iter().map(|&distance| libm::log(distance + FLOOR)).sum::<f64>() / distances.len() as f64
    };
    Ok((0..synthetic.len()).map(|row| mean(others.distances(row)) - mean(synthetic.distances(row))).collect())
}
