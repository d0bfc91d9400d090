//! The mechanisms, one file each. A mechanism is *prepared* from public parameters and the exact statistic: its cost is
//! then known from OpenDP's own privacy map and nothing has been drawn. Only a session draws, after it has paid.

mod gaussian;
mod laplace;
mod quantile;
mod selection;
mod threshold;

pub(crate) use gaussian::gaussian;
pub use gaussian::{gaussian_cost, gaussian_sigma};
pub(crate) use laplace::laplace;
pub use laplace::laplace_cost;
pub(crate) use quantile::quantile;
pub(crate) use selection::{selection, to_fixed_point};
pub use selection::{selection_cost, selection_epsilon};
pub(crate) use threshold::thresholded;
pub use threshold::{KeyedSensitivity, keyed_threshold};

use crate::curator::UNITS_PER_ROW;
use crate::statement::Measured;
use crate::{Loss, PrivacyError, Rho};

/// A mechanism whose cost is known and that has not run.
pub(crate) struct Prepared<'a, T> {
    pub(crate) measured: Measured,
    pub(crate) draw: Box<dyn FnOnce() -> opendp::error::Fallible<T> + 'a>,
}

/// The largest scale of noise in units, 2⁶⁰ (2⁴⁰ rows): noise of a few times that still fits an `i64`.
const MAX_UNITS: f64 = 1_152_921_504_606_846_976.0;

/// A length in rows as whole units, rounded up; `None` unless it is positive and at most 2⁴⁰ rows.
fn units_up(rows: f64) -> Option<f64> {
    let units = (rows * UNITS_PER_ROW as f64).ceil();
    (1.0..=MAX_UNITS).contains(&units).then_some(units)
}

/// Units as rows: exact, a division by a power of two.
fn in_rows(units: f64) -> f64 {
    units / UNITS_PER_ROW as f64
}

fn parameter(about: &str, parameter: &'static str, found: impl ToString, expected: &'static str) -> PrivacyError {
    PrivacyError::Parameter { about: about.to_owned(), parameter, found: found.to_string(), expected }
}

/// Failure before anything was drawn: OpenDP did not accept what the checks above it accepted.
fn refused(about: &str) -> impl Fn(opendp::error::Error) -> PrivacyError {
    move |error| PrivacyError::Failed { about: about.to_owned(), reason: error.to_string() }
}

/// The ρ that OpenDP's privacy map gives, as a cost.
fn paid(about: &str, rho: f64) -> Result<Loss, PrivacyError> {
    Rho::cost(rho).map(Loss::of_rho).ok_or_else(|| parameter(about, "the cost ρ", rho, "at most 512: add more noise"))
}
