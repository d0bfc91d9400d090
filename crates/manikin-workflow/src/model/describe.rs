//! `model show`: what was learned, how noisy each piece is, and what was assumed.

use std::path::Path;

use serde::Serialize;

use super::folder::ModelFolder;
use super::statement::PrivacyStatement;
use crate::failure::Failure;

/// A model in numbers; all of them are public, or were paid for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelSummary {
    /// The product that its spec describes.
    pub product: String,
    /// Estimated number of subjects.
    pub rows: u64,
    /// The levels, parents first.
    pub levels: Vec<LevelSummary>,
    /// What it may claim.
    pub statement: PrivacyStatement,
}

/// One level of a model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LevelSummary {
    /// The entity.
    pub entity: String,
    /// Its attributes with their numbers of values.
    pub attributes: Vec<(String, u32)>,
    /// Estimated number of patients that have rows of it.
    pub patients: f64,
    /// Cells of its junction tree.
    pub cells: u64,
    /// What was measured.
    pub pieces: Vec<PieceSummary>,
}

/// One measured marginal.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PieceSummary {
    /// Its attributes.
    pub attributes: Vec<String>,
    /// Its cells.
    pub cells: usize,
    /// Standard deviation of the noise on each cell, in patients; 0 in a model without noise.
    pub sigma: f64,
    /// The noise in the whole marginal as a share of its total: sqrt(2/π) sigma cells / patients, the expected L1
    /// distance that noise alone makes between the marginal measured and the true one.
    ///
    /// # Source
    /// E|N(0, σ²)| = σ sqrt(2/π), for each cell.
    pub noise_share: f64,
}

/// Describes a model's folder.
///
/// # Errors
///
/// - `MK1509` when it is no model
pub fn describe_model(folder: &Path) -> Result<ModelSummary, Failure> {
    let ModelFolder { checked, statement, model: learned } = ModelFolder::open(folder)?;
    let model = checked.spec.learned.as_ref().and_then(|learned| learned.model.as_ref());
    let expected = (2.0 / std::f64::consts::PI).sqrt();
    // Without privacy the sigma that is stored only weighs the marginals against each other.
    let noise = if statement.private { 1.0 } else { 0.0 };
    let summaries = learned.levels.into_iter().map(|(entity, model)| {
        let domain = &model.domain;
        let name = |at: usize| domain.attributes().get(at).map_or(String::new(), |attribute| attribute.name.clone());
        let pieces = model.measurements.iter().map(|piece| PieceSummary {
            attributes: piece.clique.iter().map(name).collect(),
            cells: piece.values.len(),
            sigma: noise * piece.sigma,
            noise_share: noise * expected * piece.sigma * piece.values.len() as f64 / model.total.max(1.0),
        });
        LevelSummary {
            entity,
            attributes: domain.attributes().iter().map(|one| (one.name.clone(), one.size)).collect(),
            patients: model.total,
            cells: model.cliques.iter().map(|clique| domain.cells(clique)).sum(),
            pieces: pieces.collect(),
        }
    });
    Ok(ModelSummary {
        product: checked.spec.product.clone(),
        rows: model.map_or(0, |model| model.rows),
        levels: summaries.collect(),
        statement,
    })
}
