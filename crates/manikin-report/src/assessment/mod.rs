//! The report of an evaluation as one HTML page that needs nothing else, in two editions.
//!
//! The public edition is made of figures, rounded, and never of words that were written for insiders: how a figure was
//! computed, why it failed and what was noticed may name exact counts or single rows.

mod draw;
mod edition;
mod figures;
mod page;
mod words;

use manikin_evaluate::Assessment;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, context};

pub use edition::Edition;

use crate::render::RenderError;
use page::Page;

const TEMPLATE: &str = include_str!("../../templates/assessment.html");

/// The report of an evaluation.
///
/// # Errors
///
/// - [`RenderError`] when the template does not fit, a defect of the program
pub fn assessment_html(assessment: &Assessment, edition: Edition) -> Result<String, RenderError> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().map_err(RenderError)?;
    environment.set_syntax(syntax);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_template("assessment.html", TEMPLATE).map_err(RenderError)?;
    let template = environment.get_template("assessment.html").map_err(RenderError)?;
    template.render(context! { p => Serde(&Page::of(assessment, edition)) }).map_err(RenderError)
}

#[cfg(test)]
mod tests;
