//! Aggregates over children, and cells of a wide row.

use std::ops::Range;

use super::operator::literal;
use super::{Checker, Child, Expr, below};
use crate::error::{AMBIGUOUS, ExpressionError, TYPE_MISMATCH, UNKNOWN_NAME, UNSUPPORTED, WRONG_ARGUMENTS};
use crate::expression::Aggregate;
use crate::functions::Definition;
use crate::syntax::{Node, Syntax};
use crate::types::{Literal, Type};

impl Checker<'_> {
    pub(super) fn aggregate(
        &mut self,
        kind: Aggregate,
        argument: &Syntax,
        filter: Option<&Syntax>,
        distinct: bool,
        range: &Range<usize>,
    ) -> Option<Expr> {
        let kind = match (kind, distinct) {
            (kind, false) => kind,
            (Aggregate::Count, true) => Aggregate::CountDistinct,
            (_, true) => {
                return self.report(ExpressionError::new(WRONG_ARGUMENTS, "distinct belongs to count alone", range));
            }
        };
        self.aggregate_where(kind, Some(argument), filter, range)
    }

    pub(super) fn aggregate_where(
        &mut self,
        kind: Aggregate,
        argument: Option<&Syntax>,
        filter: Option<&Syntax>,
        range: &Range<usize>,
    ) -> Option<Expr> {
        if self.child.is_some() {
            return self.report(
                ExpressionError::new(UNSUPPORTED, "an aggregate stands inside another", range)
                    .with_help("derive a field on the child for the inner one"),
            );
        }
        let mut names: Vec<&str> = Vec::new();
        for part in argument.into_iter().chain(filter) {
            first_names(part, &mut names);
        }
        let outer = self.scope;
        let mut found: Vec<(&str, _)> =
            names.iter().filter_map(|name| outer.child(name).map(|child| (*name, child))).collect();
        if found.len() > 1 {
            let names: Vec<&str> = found.iter().map(|(name, _)| *name).collect();
            return self.report(
                ExpressionError::new(
                    AMBIGUOUS,
                    format!("the aggregate names the children {}", names.join(" and ")),
                    range,
                )
                .with_help("aggregate one child at a time"),
            );
        }
        let Some((name, (hops, scope))) = found.pop() else {
            let near = names.first().map_or(String::new(), |name| format!(", and `{name}` is not one"));
            return self.report(
                ExpressionError::new(UNKNOWN_NAME, format!("the aggregate names no child of this entity{near}"), range)
                    .with_help("write the child before the field, as in sum(claim_line.billed); for several values of one row use least and greatest"),
            );
        };
        let rows = matches!(argument.map(|argument| &argument.node), Some(Node::Name(path)) if path.len() == 1 && path[0] == name);
        let entity = name.to_owned();
        let child = Child { name, scope: &*scope, hops: &hops };
        let mut inner = Checker {
            scope: outer,
            child: Some(child),
            errors: std::mem::take(&mut self.errors),
            expanding: std::mem::take(&mut self.expanding),
            expanded: self.expanded,
            depth: self.depth,
        };
        let filter = filter.map(|filter| inner.expect(filter, &Type::Boolean));
        let argument = match argument {
            Some(_) if rows => None,
            Some(argument) => Some(inner.aggregated(kind, argument)),
            None => None,
        };
        self.errors = std::mem::take(&mut inner.errors);
        self.expanding = std::mem::take(&mut inner.expanding);
        self.expanded = inner.expanded;
        if rows && kind != Aggregate::Count {
            return self.report(
                ExpressionError::new(WRONG_ARGUMENTS, format!("only count takes rows; name a field of {name}"), range)
                    .with_help(format!("write {name}.field")),
            );
        }
        let filter = match filter {
            Some(None) => return None,
            Some(Some(filter)) => Some(Box::new(filter)),
            None => None,
        };
        let argument = match argument {
            Some(None) => return None,
            Some(Some(argument)) => Some(Box::new(argument)),
            None => None,
        };
        let ty = match kind {
            Aggregate::Count | Aggregate::CountDistinct => Type::Integer,
            Aggregate::Avg => Type::Float,
            Aggregate::Any | Aggregate::Every => Type::Boolean,
            Aggregate::Sum | Aggregate::Min | Aggregate::Max => argument.as_ref().map_or(Type::Integer, |of| of.ty()),
        };
        Some(Expr::Aggregate { kind, entity, hops, argument, filter, ty })
    }

    fn aggregated(&mut self, kind: Aggregate, argument: &Syntax) -> Option<Expr> {
        match kind {
            Aggregate::Any | Aggregate::Every => return self.expect(argument, &Type::Boolean),
            Aggregate::Avg => return self.expect(argument, &Type::Float),
            _ => {}
        }
        let expr = self.check(argument)?;
        let ty = expr.ty();
        match (kind, &ty) {
            (Aggregate::Sum, Type::Null) => Some(literal(Literal::Integer(0))),
            (Aggregate::Sum, ty) if !ty.is_number() => {
                let error =
                    ExpressionError::new(TYPE_MISMATCH, format!("expected a number, found {ty}"), &argument.range);
                self.report(match ty {
                    Type::Boolean => error.with_help("count_if(condition) counts the rows where it is true"),
                    _ => error,
                })
            }
            (_, Type::List(_) | Type::Interval(_)) => {
                self.report(ExpressionError::new(TYPE_MISMATCH, format!("a {ty} has no order"), &argument.range))
            }
            _ => Some(expr),
        }
    }

    pub(super) fn cell(&mut self, definition: &Definition, arguments: &[Syntax], range: &Range<usize>) -> Option<Expr> {
        self.count(definition, arguments, 2, 2, range)?;
        let name = self.expect(&arguments[1], &Type::Text);
        let Node::Name(path) = &arguments[0].node else {
            return self.report(
                ExpressionError::new(WRONG_ARGUMENTS, "the first argument of cell names a row", &arguments[0].range)
                    .with_help(format!("write {}", definition.usage)),
            );
        };
        let parts: Vec<&str> = path.iter().map(String::as_str).collect();
        let found = match self.child {
            Some(child) if parts[0] == child.name => child.scope.row(&parts[1..]),
            Some(child) => self
                .scope
                .row(&parts)
                .map(|columns| columns.into_iter().map(|column| below(child.hops, column)).collect()),
            None => self.scope.row(&parts),
        };
        let Some(columns) = found else {
            return self.report(
                ExpressionError::new(
                    UNKNOWN_NAME,
                    format!("`{}` leads to no row", path.join(".")),
                    &arguments[0].range,
                )
                .with_help("name this entity, its parent or what it links to"),
            );
        };
        let columns: Vec<_> = columns.into_iter().filter(|column| column.ty.is_number()).collect();
        if columns.is_empty() {
            return self.report(ExpressionError::new(
                TYPE_MISMATCH,
                format!("`{}` has no column of numbers", path.join(".")),
                &arguments[0].range,
            ));
        }
        Some(Expr::Cell { columns, name: Box::new(name?) })
    }
}

fn first_names<'a>(syntax: &'a Syntax, found: &mut Vec<&'a str>) {
    if let Node::Name(path) = &syntax.node
        && !found.contains(&path[0].as_str())
    {
        found.push(&path[0]);
    }
    syntax.parts().into_iter().for_each(|part| first_names(part, found));
}
