//! Distance to the closest synthetic record, less than to the closest other real one.

use super::Attack;
use crate::risk::folds::Folds;

/// A row that lies closer to a synthetic row than real rows do to each other is suspected.
pub(super) const ATTACK: Attack = Attack {
    name: "dcr_difference",
    means: "suspects real rows that lie closer to a synthetic row than to any other real row",
    reference: "Chen et al., GAN-Leaks, CCS 2020 (attack calibration); the reference is all other real rows",
    scores,
};

fn scores(folds: &Folds<'_>) -> Result<Vec<f64>, String> {
    let (synthetic, others) = (folds.pool_to_synthetic()?, folds.pool_to_others()?);
    if others.is_empty() {
        return Err("there is no other real row to compare with".to_owned());
    }
    Ok(synthetic.nearest().zip(others.nearest()).map(|(synthetic, other)| other - synthetic).collect())
}
