//! Learning a table's joint distribution from noisy marginals.

mod axes;
mod belief;
mod coefficients;
mod count;
mod domain;
mod fan;
mod fit;
mod learn;
mod maths;
mod model;
mod one_shot;
mod refine;
mod rows;
mod tree;
mod workload;

pub use belief::Calibrated;
pub use count::{Chunk, Codes, Counter, ROW, Records, ScanError};
pub use domain::{Attribute, AttributeSet, Domain, DomainError, MAX_ATTRIBUTES};
pub use fit::{FitOptions, FitReport, estimate_total, fit};
pub use learn::{LearnError, Request, Sensitivity};
pub use model::{Measurement, Model, ModelError, Potential, StructuralZeros};
pub use one_shot::one_shot;
pub use rows::Rows;
pub use tree::JunctionTree;
pub use workload::Workload;
