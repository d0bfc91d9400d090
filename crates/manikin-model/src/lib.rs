//! Learned models as Parquet files: `potentials.parquet` and `measurements.parquet` of a model folder.
//!
//! A [`LearnedModel`] is one [`Model`] for each level of a cascade: the subject's, then those of its descendants. The
//! potentials are all that generation needs; the noisy measurements let a model be estimated again without asking the
//! records anything. Both files are small tables that any reader of Parquet can show: a row is one attribute, clique or
//! measurement, with the names of its attributes and its cells as lists.
//!
//! | file | columns |
//! |---|---|
//! | potentials | `level`, `part` (`total`, `attribute`, `clique`, `potential`, `zeros`), `attributes`, `values` |
//! | measurements | `level`, `attributes`, `sigma`, `values` |
//!
//! Cells are in row-major order of the attributes as the level's `attribute` rows list them: the last one changes
//! fastest. Reading is strict: a file that does not make whole models is refused, whatever its bytes are.

mod parquet;
mod tables;

pub use tables::{measurements, potentials};

use manikin_marginals::{Measurement, Model};

/// What was learned: a joint distribution for each level of a cascade.
#[derive(Clone, Debug, PartialEq)]
pub struct LearnedModel {
    /// The levels by the names of their entities, parents before children.
    pub levels: Vec<(String, Model)>,
}

/// Why a file is no model, or a model cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelFileError {
    /// The bytes are no Parquet file of the expected columns.
    #[error("the {file} cannot be read: {found}; take the file as `fit` wrote it")]
    NotReadable {
        /// Which file.
        file: &'static str,
        /// What was found.
        found: String,
    },
    /// The rows do not make a model.
    #[error("the {file} of level `{level}` do not make a model: {found}; take the file as `fit` wrote it")]
    NotAModel {
        /// Which file.
        file: &'static str,
        /// The level.
        level: String,
        /// What was found.
        found: String,
    },
    /// The file is larger than a model may be.
    #[error("the {file} hold {found} numbers, at most {most} are read; learn a smaller model")]
    TooLarge {
        /// Which file.
        file: &'static str,
        /// How many there are.
        found: u64,
        /// How many there may be.
        most: u64,
    },
}

impl LearnedModel {
    /// The model of a level.
    #[must_use]
    pub fn level(&self, entity: &str) -> Option<&Model> {
        self.levels.iter().find(|(name, _)| name == entity).map(|(_, model)| model)
    }

    /// Reads the potentials; the measurements stay empty.
    ///
    /// # Errors
    /// [`ModelFileError`] for any bytes that are not those of whole models.
    pub fn from_potentials(bytes: &[u8]) -> Result<Self, ModelFileError> {
        tables::read_potentials(bytes)
    }

    /// This model with the measurements of a file in place of its own.
    ///
    /// # Errors
    /// [`ModelFileError`] for any bytes that are not measurements of this model's attributes.
    pub fn with_measurements(mut self, bytes: &[u8]) -> Result<Self, ModelFileError> {
        let found: Vec<Vec<Measurement>> = tables::read_measurements(bytes, &self)?;
        for ((_, model), measurements) in self.levels.iter_mut().zip(found) {
            model.measurements = measurements;
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests;
