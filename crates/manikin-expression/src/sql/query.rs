//! Whole queries: an expression with its FROM clause, and the rows where a rule is false.

use std::fmt;

use super::render::Renderer;
use super::{Dialect, Naming};
use crate::expression::Expression;

/// An expression as SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sql {
    /// The expression; its columns are those of `from`.
    pub text: String,
    /// What follows FROM: the entity's table as `t0`, and the joins that the expression needs.
    pub from: String,
}

/// Why an expression has no SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RenderError {
    /// Nested functions made the text longer than a database would take; derive a field for the inner ones.
    TooLong,
}

impl fmt::Display for RenderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the expression is too long as SQL; derive a field for the part that nests")
    }
}

impl std::error::Error for RenderError {}

/// Renders an expression on the rows of an entity.
///
/// # Errors
/// [`RenderError::TooLong`] when nested functions multiply the text beyond 256 KiB.
pub fn render(
    expression: &Expression,
    entity: &str,
    dialect: Dialect,
    naming: &dyn Naming,
) -> Result<Sql, RenderError> {
    let mut aliases = 0;
    let mut renderer = Renderer::new(dialect, naming, entity, &mut aliases);
    let text = renderer.expr(&expression.root);
    if renderer.too_long {
        return Err(RenderError::TooLong);
    }
    let from = format!("{} AS t0{}", naming.table(entity, dialect), renderer.joins());
    Ok(Sql { text, from })
}

/// The query that selects the key of each row where a rule is false; NULL passes.
///
/// # Errors
/// As [`render`].
pub fn rule_query(
    entity: &str,
    rule: &Expression,
    dialect: Dialect,
    naming: &dyn Naming,
) -> Result<String, RenderError> {
    let sql = render(rule, entity, dialect, naming)?;
    let key: Vec<String> =
        naming.key(entity).iter().map(|column| format!("t0.{}", dialect.identifier(column))).collect();
    let selected = if key.is_empty() { "t0.*".to_owned() } else { key.join(", ") };
    Ok(format!("SELECT {selected} FROM {} WHERE NOT {}", sql.from, sql.text))
}
