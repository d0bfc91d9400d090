//! The deterministic randomness of Manikin: the same bytes on every machine.
//!
//! Every random value of a run has an [`Address`]: the run's key, the entity and index of its subject, the path of
//! sibling indices below it, and the field. An address is hashed to one draw ([`Address::bits`],
//! [`Address::uniform`]) or to a [`Stream`] of draws. Nothing is shared between addresses, so adding a field, an
//! entity or a sibling moves no other value.
//!
//! Floating-point functions come from `libm`; only `+ - * /`, `sqrt` and rounding are the machine's own, and those
//! IEEE 754 fixes to the last bit.
//!
//! Not for privacy noise: that needs the operating system's entropy and is never reproducible.
//!
//! ```
//! use manikin_random::{Distribution, Name, RunKey};
//!
//! let patient = RunKey::new(7).subject(Name::of("patient"), 41);
//! let claim = patient.child(Name::of("claim"), 0);
//! let billed = Distribution::LogNormal { mu: 5.0, sigma: 0.8 }.checked()?;
//! let amount = billed.quantile(claim.uniform(Name::of("billed")));
//! assert!(amount > 0.0);
//! # Ok::<(), manikin_random::ParameterError>(())
//! ```

mod address;
mod alias;
mod beta;
mod copula;
mod discrete;
mod distribution;
mod gamma;
mod normal;
mod quantile_grid;
mod saddle;
mod solve;
mod split;
mod stream;
mod weight;

pub use address::{Address, Name, RunKey};
pub use alias::{Alias, Cumulative};
pub use beta::{beta_quantile, beta_regularised, student_t_cdf, student_t_quantile};
pub use copula::{Correlation, CorrelationError, spearman_to_latent};
pub use distribution::{Distribution, ParameterError, Truncated};
pub use gamma::{gamma_p, gamma_q, gamma_quantile};
pub use normal::{normal_cdf, normal_pdf, normal_quantile};
pub use quantile_grid::{GridError, QuantileGrid, Scale};
pub use split::{
    Affinity, QuotaError, QuotaSplit, SplitError, Spread, TotalSplit, assign_weighted, beta_binomial, binomial,
    hypergeometric, largest_remainder, multivariate_hypergeometric, shuffle_quota,
};
pub use stream::Stream;
pub use weight::WeightError;
