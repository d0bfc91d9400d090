//! What texts of a mapping lead to: other projections, and expressions over the rows at hand.

use indexmap::IndexMap;
use manikin_diagnostic::{Diagnostic, codes};
use manikin_expression::{Expr, Expression, Hop, Type, check};
use manikin_spec::node::Node;
use manikin_spec::spec::EntityId;

use crate::checked::ProjectionId;
use crate::read::Source;
use crate::report::Report;
use crate::scope::{Rows, World};
use crate::sql::{self, Sql};

/// The projections that others may refer to.
pub(crate) struct Names<'a> {
    /// Every projection of the mapping.
    pub(crate) all: &'a IndexMap<String, Source>,
    /// Those that the spec has rows for, with what they are made of.
    pub(crate) live: IndexMap<&'a str, Origin>,
}

/// What a projection is made of, before its content is checked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Origin {
    Entity(EntityId),
    Run,
    Table(String),
    Era,
}

/// A projection that is referred to, and the way to its row.
pub(crate) struct Target {
    pub(crate) projection: ProjectionId,
    pub(crate) to: String,
    pub(crate) hops: Vec<Hop>,
}

impl Names<'_> {
    /// The projection of a name and the way from some rows to the row that it is made of; `None` where it is wrong,
    /// or left out.
    pub(crate) fn reach(
        &self,
        name: &Node,
        via: Option<&Node>,
        rows: &Rows,
        world: &World<'_>,
        report: &mut Report<'_>,
    ) -> Option<Target> {
        let text = name.written().unwrap_or_default();
        let (text, lenient) = match text.strip_prefix('?') {
            Some(rest) => (rest.trim(), true),
            None => (text, false),
        };
        let Some((at, _, origin)) = self.live.get_full(text) else {
            if !self.all.contains_key(text) {
                let names = self.all.keys().map(String::as_str);
                let message = format!("there is no projection `{text}`");
                report.unknown(name.span, codes::UNKNOWN_PROJECTION, message, text, names);
            }
            return None;
        };
        let to = self.all[text].document.to.clone();
        let projection = ProjectionId(at);
        let (Origin::Entity(target), Some(from)) = (origin, rows.entity()) else {
            let message = format!("no row of `{text}` belongs to the row here");
            report.error(name.span, codes::UNREACHABLE, message, "only rows of entities refer to each other");
            return None;
        };
        let target_name = &world.spec[*target].name;
        let found = match via {
            None if from == *target => Ok((Vec::new(), from)),
            None => world.way(from, &[target_name.as_str()]),
            Some(via) => {
                let path: Vec<&str> = via.written().unwrap_or_default().split('.').map(str::trim).collect();
                world.way(from, &path)
            }
        };
        match found {
            Ok((hops, at)) if at == *target => {
                let mut all = rows.to_entity(world.spec);
                all.extend(hops);
                Some(Target { projection, to, hops: world.straight(rows, all) })
            }
            Ok((_, at)) => {
                let message =
                    format!("`$via` leads to `{}`, and `{text}` is made of `{target_name}`", world.spec[at].name);
                let span = via.map_or(name.span, |via| via.span);
                report.error(
                    span,
                    codes::UNREACHABLE,
                    message,
                    "name the way to the row that the projection is made of",
                );
                None
            }
            Err(error) if lenient && !error.ambiguous => None,
            Err(error) => {
                let near = error.suggestions.first().map(String::as_str);
                let help = if error.ambiguous {
                    "say which way: `$via: field`"
                } else {
                    "the row here must hold its key, or belong to a row that does; `$via` names another way"
                };
                let diagnostic = Diagnostic::error(codes::UNREACHABLE, error.message).suggest(near).help(help);
                report.push(via.map_or(name.span, |via| via.span), diagnostic);
                None
            }
        }
    }

    /// An expression or a literal that gives text, or a list of text where `lists` are allowed.
    pub(crate) fn text(
        &self,
        node: &Node,
        lists: bool,
        rows: &Rows,
        world: &World<'_>,
        report: &mut Report<'_>,
    ) -> Option<Expression> {
        let quoted;
        let sql = match (sql::expression(node), node.written()) {
            (Some(sql), _) => sql,
            (None, Some(text)) => {
                quoted = format!("'{}'", sql::unescaped(text).replace('\'', "''"));
                Sql { text: &quoted, start: 0, lenient: false }
            }
            (None, None) => {
                let message = format!("expected text or an expression, found {}", node.kind());
                report.error(node.span, codes::WRONG_ELEMENT_TYPE, message, "write `= field`");
                return None;
            }
        };
        let found = self.expression(node, sql, rows, None, world, report)?;
        let right = found.ty == Type::Text || (lists && found.ty == Type::List(Box::new(Type::Text)));
        if !right {
            let message = format!("expected text, and the expression gives {}", found.ty);
            report.error(node.span, codes::WRONG_ELEMENT_TYPE, message, "make it text: `= text(x)`");
            return None;
        }
        Some(found)
    }

    /// An expression as seen from some rows; `None` where it is wrong, or lenient and names what the spec lacks.
    pub(crate) fn expression(
        &self,
        node: &Node,
        sql: Sql<'_>,
        rows: &Rows,
        ty: Option<&Type>,
        world: &World<'_>,
        report: &mut Report<'_>,
    ) -> Option<Expression> {
        let scope = world.scope(rows);
        let checked = check(sql.text, &scope).and_then(|expression| match ty {
            Some(ty) => expression.assigned_to(ty).map_err(|error| vec![error]),
            None => Ok(expression),
        });
        match checked {
            Ok(mut expression) => {
                world.straighten(rows, &mut expression);
                self.constant_lookups(node, sql, &expression, world, report);
                Some(expression)
            }
            Err(errors) => {
                let only_names = errors.iter().all(|error| error.code == manikin_expression::UNKNOWN_NAME);
                if !(sql.lenient && only_names) {
                    report.expression(node, sql.start, errors);
                }
                None
            }
        }
    }

    /// A condition as seen from some rows.
    pub(crate) fn condition(
        &self,
        node: &Node,
        rows: &Rows,
        world: &World<'_>,
        report: &mut Report<'_>,
    ) -> Option<Expression> {
        let Some(text) = node.written() else {
            let message = format!("a condition is an SQL text, found {}", node.kind());
            report.error(node.span, codes::BAD_DIRECTIVE, message, "write `\"status = 'active'\"`");
            return None;
        };
        self.expression(node, Sql::plain(text), rows, Some(&Type::Boolean), world, report)
    }

    /// Refuses lookups of a constant that its table does not have.
    fn constant_lookups(
        &self,
        node: &Node,
        sql: Sql<'_>,
        expression: &Expression,
        world: &World<'_>,
        report: &mut Report<'_>,
    ) {
        use manikin_expression::{Condition, Literal};
        let mut missing = Vec::new();
        expression.root.visit(&mut |expr| {
            let Expr::Lookup { table, conditions, .. } = expr else { return };
            for condition in conditions {
                let Condition::Key { column, value: Expr::Literal { value, .. } } = condition else { continue };
                let wanted = match value {
                    Literal::Text(text) => text.clone(),
                    Literal::Integer(number) => number.to_string(),
                    _ => continue,
                };
                let Some(values) = world.table(table).and_then(|table| table.column(column)) else { continue };
                let rows = values.values.len();
                if !(0..rows).any(|row| values.values.text(row).as_deref() == Some(wanted.as_str())) {
                    missing.push((table.clone(), column.clone(), wanted));
                }
            }
        });
        for (table, column, wanted) in missing {
            let message = format!("table `{table}` has no row whose `{column}` is `{wanted}`");
            let at = sql.text.find(&wanted).map_or(0..sql.text.len(), |at| at..at + wanted.len());
            let span = node.span_within(report.sources, at.start + sql.start..at.end + sql.start);
            report.error(span, codes::NO_SUCH_ROW, message, "add the row to the table, or look another value up");
        }
    }
}
