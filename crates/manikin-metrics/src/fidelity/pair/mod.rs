//! Two columns at a time.

pub mod contingency_similarity;
pub mod correlation_similarity;
