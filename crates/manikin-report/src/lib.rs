//! Specs described: diagrams, data dictionaries, plots.
