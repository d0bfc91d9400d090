//! manikin-generate
