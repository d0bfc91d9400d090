//! The whole table at once.

pub mod accuracy;
pub mod coefficient_overlap;
pub mod fairness;
pub(crate) mod groups;
pub mod k_marginal;
pub mod latent_cluster;
pub mod precision_recall;
pub mod propensity;
pub mod tabular_pmse;
pub mod transfer;
pub mod two_sample;
