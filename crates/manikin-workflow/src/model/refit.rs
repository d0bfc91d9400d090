//! `refit`: the potentials of a model anew from its stored measurements, which costs nothing.

use std::path::PathBuf;

use manikin_diagnostic::{Diagnostic, codes};
use manikin_fit::LearnedLevel;
use manikin_formats::{Existing, Staging};
use manikin_marginals::{AttributeSet, FitOptions, JunctionTree, fit};

use super::folder::{ModelFolder, Written, broken, write_model};
use crate::failure::Failure;

/// What is fitted again, and how.
#[derive(Clone, Debug)]
pub struct RefitRequest {
    /// The model's folder.
    pub model: PathBuf,
    /// The folder to make.
    pub output: PathBuf,
    /// What to do where it is there already.
    pub existing: Existing,
    /// The fit ends at this share of the loss that the truth would have: 0 fits the noise as well.
    pub noise_share: f64,
    /// The most steps of the fit.
    pub steps: usize,
}

/// Fits a model's measurements again and writes a model beside it. What was measured, and its statement, stay the same.
///
/// # Errors
///
/// - `MK1509` when the folder is no model
/// - `MK0911` when an option is out of range
/// - `MK0901`, `MK0902` when the new folder cannot be made
pub fn refit(request: &RefitRequest) -> Result<Written, Failure> {
    if !(request.noise_share.is_finite() && request.noise_share >= 0.0) || request.steps == 0 {
        let message = "the share of the noise is at least 0, and there is at least one step";
        return Err(Diagnostic::error(codes::BAD_OPTION, message).help("try --noise-share 0.7").into());
    }
    let folder = ModelFolder::open(&request.model)?;
    let staging = Staging::begin(&request.output, request.existing)?;
    let options = FitOptions { noise_share: request.noise_share, steps: request.steps };
    let mut levels = Vec::with_capacity(folder.model.levels.len());
    for (entity, old) in &folder.model.levels {
        let measured = old.measurements.iter().map(|measured| &measured.clique);
        let sets: Vec<AttributeSet> = old.cliques.iter().chain(measured).copied().collect();
        let tree = JunctionTree::containing(&old.domain, &sets);
        let (model, report) = fit(&old.domain, &tree, &old.measurements, &old.zeros, &[], &options)
            .map_err(|error| broken(&format!("{entity}: {error}")))?;
        levels.push(LearnedLevel { entity: entity.clone(), model, report });
    }
    let written = write_model(&folder.checked, staging.folder(), &levels, &folder.statement)?;
    staging.commit()?;
    Ok(written)
}
