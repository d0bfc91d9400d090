//! Claims about mappings, each on a spec and a mapping as small as the claim.

mod anything;
mod drift;
mod fhir;
mod library;
mod mistakes;
mod pages;
mod support;
