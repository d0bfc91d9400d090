//! Opening a spec: found, read with its layers, checked in full.

use std::sync::Arc;

use manikin_diagnostic::{Diagnostics, Sources};
use manikin_expression::calendar;
use manikin_spec::node::Node;
use manikin_spec::spec::Spec;
use manikin_spec::{read, resolve};

use crate::failure::Failure;
use crate::library::SpecFiles;

/// What opening a spec may change about it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Overrides {
    /// The day that the data is seen from, as days since 1970-01-01.
    pub as_of: Option<i32>,
}

/// A spec that was read and checked, whether or not it is right.
#[derive(Debug)]
pub struct Opened {
    /// The texts that the diagnostics point into.
    pub sources: Sources,
    /// Everything that is wrong or worth knowing.
    pub diagnostics: Diagnostics,
    /// The merged document with the places of its values.
    pub node: Option<Node>,
    /// The checked spec; `None` where there is an error.
    pub spec: Option<Arc<Spec>>,
    /// Where its files are found.
    pub files: SpecFiles,
}

/// Reads and checks the spec of a path, or of the name of a built-in one.
///
/// Never fails: what is wrong is in [`Opened::diagnostics`], all of it at once.
pub fn open(asked: &str, overrides: Overrides) -> Opened {
    let files = SpecFiles::of(asked);
    let mut reading = read(files.spec(), &files);
    if let (Some(day), Some(document)) = (overrides.as_of, &mut reading.document) {
        document.as_of = Some(calendar::date_text(day));
    }
    let mut diagnostics = std::mem::take(&mut reading.diagnostics);
    let spec = if diagnostics.has_errors() {
        None
    } else {
        let (spec, found) = resolve(&reading);
        diagnostics.append(found);
        spec.filter(|_| !diagnostics.has_errors())
    };
    Opened { sources: reading.sources, diagnostics, node: reading.node, spec: spec.map(Arc::new), files }
}

/// A spec that is right, with its texts and the warnings that came with it.
#[derive(Debug)]
pub struct Checked {
    /// The spec.
    pub spec: Arc<Spec>,
    /// The texts that it was read from.
    pub sources: Sources,
    /// Warnings and notes.
    pub diagnostics: Diagnostics,
    /// The merged document with the places of its values.
    pub node: Option<Node>,
    /// Where its files are found.
    pub files: SpecFiles,
}

impl Opened {
    /// The spec, or why there is none.
    ///
    /// # Errors
    ///
    /// - The diagnostics, when one of them is an error.
    pub fn checked(self) -> Result<Checked, Failure> {
        match self.spec {
            Some(spec) => Ok(Checked {
                spec,
                sources: self.sources,
                diagnostics: self.diagnostics,
                node: self.node,
                files: self.files,
            }),
            None => Err(Failure { sources: self.sources, diagnostics: self.diagnostics }),
        }
    }
}
