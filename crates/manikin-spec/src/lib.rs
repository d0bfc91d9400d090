//! The spec language: documents, layers, checks.

pub mod document;
