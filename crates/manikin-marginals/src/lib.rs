//! The joint distribution of a table, learned from noisy marginals, and rows made from it.
//!
//! A *marginal* counts rows by the values of a few attributes. A curator (`manikin-privacy`) releases marginals with
//! noise; this crate decides which ones to ask for ([`learn()`]), finds the log-linear model over a junction tree that
//! explains the answers without explaining their noise ([`fit()`]), answers questions about it
//! ([`Calibrated::marginal`]), and turns it into rows ([`Rows`], [`Conditional`]). It reads no files and holds no
//! frames: records arrive as chunks of codes ([`Records`]), and a [`Model`] is a plain value.
//!
//! **Privacy.** The only thing that leaves the records is what the curator answers; all else is computed from answers
//! and public settings. Exact counts are whole numbers in units of [`ROW`] (2^-20 rows). The claim that the caller makes
//! is [`Sensitivity`]: weights that add up to at most one row a patient, rounded down, make every weighted marginal move
//! by at most one row when a patient joins or leaves, at any depth of a relational extract.
//!
//! **Which method.** [`Method::default`] chooses in a few rounds what belongs together; where everything fits into one
//! model it measures all of it. One-shot selection, AIM, MST and independent columns are there to compare with.
//!
//! **Determinism.** The same answers give the same model and the same rows, to the byte, on any machine and any number
//! of threads; rows are addressed by [`manikin_random::Address`].
//!
//! **Features.** `learn` (on by default) is all that asks a curator, and brings `manikin-privacy` and OpenDP with it.
//! Without it the crate holds models, fits them to measurements in hand, answers questions and makes rows.
//!
//! ```
//! use manikin_marginals::{Domain, FitOptions, JunctionTree, Measurement, Rows, fit};
//! use manikin_random::RunKey;
//!
//! let domain = Domain::new([("smoker", 2), ("asthma", 2)])?;
//! let tree = JunctionTree::containing(&domain, &[domain.all()]);
//! // What a curator released: noisy counts, and the standard deviation of their noise.
//! let noisy = Measurement { clique: domain.all(), values: vec![612.3, 70.9, 241.0, 75.8], sigma: 4.0 };
//! let (model, _) = fit(&domain, &tree, &[noisy], &[], &[], &FitOptions::default())?;
//! let calibrated = model.calibrate()?;
//! let rows = Rows::new(&calibrated, 1_000, RunKey::new(7).address()).all();
//! let smokers_with_asthma = (0..1_000).filter(|&i| (rows[0][i], rows[1][i]) == (1, 1)).count();
//! assert!((60..=90).contains(&smokers_with_asthma));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(feature = "learn")]
mod adaptive;
#[cfg(feature = "learn")]
mod aim;
mod axes;
mod belief;
#[cfg(feature = "learn")]
mod clipped_means;
mod coefficients;
mod conditional;
mod count;
mod domain;
mod fan;
mod fit;
#[cfg(feature = "learn")]
mod learn;
mod maths;
mod model;
#[cfg(feature = "learn")]
mod mst;
#[cfg(feature = "learn")]
mod one_shot;
mod query;
mod refine;
mod rows;
#[cfg(feature = "learn")]
mod select;
mod tree;
#[cfg(feature = "learn")]
mod workload;

#[cfg(feature = "learn")]
pub use adaptive::adaptive;
#[cfg(feature = "learn")]
pub use aim::aim;
pub use belief::Calibrated;
#[cfg(feature = "learn")]
pub use clipped_means::clipped_means;
pub use conditional::Conditional;
pub use count::{Chunk, Codes, Counter, ROW, Records, ScanError};
pub use domain::{Attribute, AttributeSet, Domain, DomainError, MAX_ATTRIBUTES};
pub use fit::{FitOptions, FitReport, estimate_total, fit};
#[cfg(feature = "learn")]
pub use learn::{LearnError, Method, Request, Sensitivity, learn};
pub use model::{Measurement, Model, ModelError, Potential, StructuralZeros};
#[cfg(feature = "learn")]
pub use mst::{independent, mst};
#[cfg(feature = "learn")]
pub use one_shot::one_shot;
pub use query::QueryError;
pub use rows::Rows;
pub use tree::JunctionTree;
#[cfg(feature = "learn")]
pub use workload::Workload;
