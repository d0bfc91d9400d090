//! Distance to the closest synthetic record.

use super::Attack;
use crate::risk::folds::Folds;

/// A row that lies close to a synthetic one is suspected.
pub(super) const ATTACK: Attack = Attack {
    name: "dcr",
    means: "suspects real rows that lie close to a synthetic row",
    reference: "Chen et al., GAN-Leaks, CCS 2020 (full black-box attack)",
    scores,
};

fn scores(folds: &Folds<'_>) -> Result<Vec<f64>, String> {
    Ok(folds.pool_to_synthetic()?.nearest().map(|distance| -distance).collect())
}
