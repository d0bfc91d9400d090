//! What is wrong and where: stable codes, places in files and documents, and how both are shown.
//!
//! Every other crate reports mistakes as [`Diagnostic`]s collected in [`Diagnostics`]; nothing here prints. The
//! command renders them in the style of rustc, the server and `--format json` hand out [`Diagnostics::to_json`].
//!
//! ```
//! use manikin_diagnostic::{Color, Diagnostic, Diagnostics, Sources, Span, codes};
//!
//! let mut sources = Sources::new();
//! let file = sources.add("specs/diabetes.yaml", "hba1c: {normal: {mean: 58, sd: -9}}\n");
//! let mut diagnostics = Diagnostics::new();
//! diagnostics.push(
//!     Diagnostic::error(codes::NEGATIVE_SPREAD, "standard deviation must be positive")
//!         .at(Span::new(file, 31, 33))
//!         .path("entities.lab.fields.hba1c.normal.sd")
//!         .label("got -9")
//!         .help("write the spread as a positive number, in mmol/mol"),
//! );
//! let shown = diagnostics.render(&sources, Color::Never);
//! assert!(shown.starts_with("error[MK0203]: standard deviation must be positive\n --> specs/diabetes.yaml:1:32\n"));
//! ```

pub mod codes;
mod collection;
mod diagnostic;
mod nearest;
mod render;
mod source;

pub use codes::Code;
pub use collection::Diagnostics;
pub use diagnostic::{Diagnostic, Fix, Severity};
pub use nearest::nearest;
pub use render::Color;
pub use source::{FileId, Position, Sources, Span};
