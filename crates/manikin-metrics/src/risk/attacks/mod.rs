//! Attacks on membership: each scores every real row by how much it looks like one that the synthetic rows were made
//! from.
//!
//! Every attack sees the real rows of train and holdout as one pool and may use a row's neighbours in that pool, but
//! never which of the two it came from. If the synthetic rows carry nothing of train, the labels are then exchangeable
//! given the scores, and permuting them gives an exact null.

mod agreement;
mod classifier;
mod dcr;
mod dcr_difference;
mod density_ratio;
mod neighbourhood;
mod rare_combination;

use super::folds::Folds;

/// A way to tell members from others.
#[derive(Debug, Clone, Copy)]
pub struct Attack {
    /// Its name, in snake case.
    pub name: &'static str,
    /// What it does, in plain words.
    pub means: &'static str,
    /// Where it comes from.
    pub reference: &'static str,
    /// The score of each row of [`Folds::pool`]: the higher, the more like a member.
    pub scores: fn(&Folds<'_>) -> Result<Vec<f64>, String>,
}

/// All attacks on rows.
pub const ATTACKS: &[Attack] = &[
    dcr::ATTACK,
    dcr_difference::ATTACK,
    density_ratio::ATTACK,
    neighbourhood::ATTACK,
    rare_combination::ATTACK,
    agreement::ATTACK,
    classifier::ATTACK,
];
