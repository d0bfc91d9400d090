//! What is kept of a fit: plain numbers, from which everything else can be made again.

use crate::axes::Projection;
use crate::belief::{Calibrated, Propagation};
use crate::domain::{AttributeSet, Domain};
use crate::tree::JunctionTree;
use serde::{Deserialize, Serialize};

/// A noisy marginal: what a curator released.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// The attributes that it ranges over.
    pub clique: AttributeSet,
    /// The noisy counts in rows, cells in row-major order.
    pub values: Vec<f64>,
    /// The standard deviation of the noise on each cell, in rows.
    pub sigma: f64,
}

/// A log-linear term of a model: it is added to the log probability of every row by the row's cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Potential {
    /// The attributes that it ranges over.
    pub clique: AttributeSet,
    /// One number a cell, in row-major order.
    pub values: Vec<f64>,
}

/// Combinations that cannot occur, by a *public* rule (never read off the records).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StructuralZeros {
    /// The attributes of the rule.
    pub clique: AttributeSet,
    /// The cells that cannot occur, by their row-major index.
    pub cells: Vec<usize>,
}

/// A learned joint distribution: the probability of a row is proportional to the exponential of its potentials.
///
/// It also holds the noisy measurements that it was fitted to, so that it can be fitted again, in another way, without
/// asking the records anything.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// What the columns can hold.
    pub domain: Domain,
    /// The maximal cliques of the junction tree.
    pub cliques: Vec<AttributeSet>,
    /// The terms of the model, each inside one of the cliques.
    pub potentials: Vec<Potential>,
    /// Combinations that have no probability.
    pub zeros: Vec<StructuralZeros>,
    /// The estimated number of rows, at least 1.
    pub total: f64,
    /// What was measured.
    pub measurements: Vec<Measurement>,
}

/// Why a model, its measurements or its rules do not fit together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// The cliques make no junction tree over the domain.
    #[error("the model's cliques make no junction tree over its attributes; fit it again from its measurements")]
    NotATree,
    /// A table's length is not the number of cells of its attributes, or one of its numbers is no number.
    #[error("the {what} over attributes {clique:?} has {found} numbers, expected {expected}, none of them NaN")]
    Cells {
        /// What kind of table.
        what: &'static str,
        /// Its attributes.
        clique: AttributeSet,
        /// Its length.
        found: usize,
        /// The number of cells.
        expected: u64,
    },
    /// No clique holds a table's attributes.
    #[error("no clique holds the attributes {clique:?} of the {what}; build the tree over all of them")]
    Outside {
        /// What kind of table.
        what: &'static str,
        /// Its attributes.
        clique: AttributeSet,
    },
    /// A standard deviation is not positive and finite.
    #[error("the noise of the measurement over attributes {clique:?} is {sigma}, expected a positive number")]
    Sigma {
        /// Its attributes.
        clique: AttributeSet,
        /// The standard deviation, as text.
        sigma: String,
    },
    /// The structural zeros leave no row possible.
    #[error("the structural zeros leave no possible row; check the rules")]
    Impossible,
}

impl Model {
    /// The marginals of the model's cliques, from its potentials.
    ///
    /// # Errors
    /// [`ModelError`] when the parts do not fit together; a model from [`fit`](crate::fit()) has none.
    pub fn calibrate(&self) -> Result<Calibrated, ModelError> {
        let tree = JunctionTree::over(&self.domain, &self.cliques).ok_or(ModelError::NotATree)?;
        let mut tables = zero_tables(&self.domain, &tree, &self.zeros)?;
        let mut scratch = Default::default();
        for potential in &self.potentials {
            let expected = self.domain.cells(&potential.clique);
            let host = host(&self.domain, &tree, "potential", &potential.clique)?;
            check(&potential.values, "potential", &potential.clique, expected)?;
            Projection::new(&self.domain, &tree.cliques()[host], &potential.clique).add(
                &potential.values,
                &mut tables[host],
                &mut scratch,
            );
        }
        if Propagation::new(&self.domain, &tree).run(&tree, &mut tables) == f64::NEG_INFINITY {
            return Err(ModelError::Impossible);
        }
        Ok(Calibrated::new(self.domain.clone(), tree, tables))
    }
}

/// A table of log potentials for each clique: 0, and minus infinity in structural zeros.
pub(crate) fn zero_tables(
    domain: &Domain,
    tree: &JunctionTree,
    zeros: &[StructuralZeros],
) -> Result<Vec<Vec<f64>>, ModelError> {
    let mut tables: Vec<Vec<f64>> =
        tree.cliques().iter().map(|clique| vec![0.0; domain.cells(clique) as usize]).collect();
    for rule in zeros {
        let host = host(domain, tree, "structural zeros", &rule.clique)?;
        let expected = domain.cells(&rule.clique);
        let mut table = vec![0.0; expected as usize];
        for cell in &rule.cells {
            let found = *cell;
            let error = ModelError::Cells { what: "structural zeros", clique: rule.clique, found, expected };
            *table.get_mut(found).ok_or(error)? = f64::NEG_INFINITY;
        }
        Projection::new(domain, &tree.cliques()[host], &rule.clique).add(
            &table,
            &mut tables[host],
            &mut Default::default(),
        );
    }
    Ok(tables)
}

pub(crate) fn host(
    domain: &Domain,
    tree: &JunctionTree,
    what: &'static str,
    clique: &AttributeSet,
) -> Result<usize, ModelError> {
    tree.host(domain, clique).ok_or(ModelError::Outside { what, clique: *clique })
}

pub(crate) fn check(
    values: &[f64],
    what: &'static str,
    clique: &AttributeSet,
    expected: u64,
) -> Result<(), ModelError> {
    if values.len() as u64 != expected || values.iter().any(|x| x.is_nan()) {
        return Err(ModelError::Cells { what, clique: *clique, found: values.len(), expected });
    }
    Ok(())
}
