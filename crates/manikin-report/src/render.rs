//! Dictionaries through templates.

use std::fmt;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, context};

use crate::dictionary::Dictionary;

const MARKDOWN: &str = include_str!("../templates/dictionary.md");
const HTML: &str = include_str!("../templates/dictionary.html");

/// A template could not be filled: a defect of the program.
#[derive(Debug)]
pub struct RenderError(pub(crate) minijinja::Error);

impl fmt::Display for RenderError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "template: {:#}", self.0)
    }
}

impl std::error::Error for RenderError {}

/// The dictionary as Markdown, its diagram included.
///
/// # Errors
///
/// - [`RenderError`] when the template does not fit, a defect of the program
pub fn markdown(dictionary: &Dictionary) -> Result<String, RenderError> {
    render("dictionary.md", MARKDOWN, dictionary)
}

/// The dictionary as one HTML page that needs nothing else.
///
/// # Errors
///
/// - [`RenderError`] when the template does not fit, a defect of the program
pub fn html(dictionary: &Dictionary) -> Result<String, RenderError> {
    render("dictionary.html", HTML, dictionary)
}

fn render(name: &'static str, template: &'static str, dictionary: &Dictionary) -> Result<String, RenderError> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().map_err(RenderError)?;
    environment.set_syntax(syntax);
    environment
        .set_auto_escape_callback(|name| if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None });
    // A cell of a Markdown table is one line, and a bar would end it.
    environment
        .add_filter("cell", |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|"));
    environment.add_template(name, template).map_err(RenderError)?;
    let template = environment.get_template(name).map_err(RenderError)?;
    template.render(context! { d => Serde(dictionary) }).map_err(RenderError)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dictionary::{EntityEntry, FieldEntry, RuleEntry};

    fn dictionary() -> Dictionary {
        let field = FieldEntry {
            name: "status".into(),
            ty: "text".into(),
            means: "Paid | <b>Denied</b>".into(),
            ..FieldEntry::default()
        };
        let rule = RuleEntry { name: "balances".into(), holds: "a < b".into(), means: "Money".into() };
        let entity =
            EntityEntry { name: "claim".into(), fields: vec![field], rules: vec![rule], ..EntityEntry::default() };
        Dictionary { title: "Claims".into(), entities: vec![entity], ..Dictionary::default() }
    }

    #[test]
    fn markdown_keeps_cells_whole() {
        let text = markdown(&dictionary()).expect("renders");
        assert!(text.contains("Paid \\| <b>Denied</b>"), "{text}");
    }

    #[test]
    fn html_escapes_the_spec_and_asks_for_nothing_from_elsewhere() {
        let text = html(&dictionary()).expect("renders");
        assert!(text.contains("&lt;b&gt;Denied"), "{text}");
        for asset in ["src=", "@import", "url(", "<script", "<link"] {
            assert!(!text.contains(asset), "{asset}");
        }
    }
}
