//! Gives every node a type and every name a meaning, and reports all mistakes at once.

mod aggregate;
mod call;
mod operator;
mod table;

use std::ops::Range;

use crate::convert::{common, conversion_help, convert};
use crate::error::{AMBIGUOUS, ExpressionError, TOO_LARGE, TYPE_MISMATCH, UNKNOWN_NAME};
use crate::expression::{Expr, Expression};
use crate::scope::{ColumnRef, Hop, Scope};
use crate::syntax::{Node, Syntax, parse};
use crate::types::{Literal, Type};

/// Reads and checks an expression.
///
/// # Errors
/// Every mistake found: `MK0401` when the text does not parse (then it is the only one), `MK0402` to `MK0407`
/// otherwise.
pub fn check(text: &str, scope: &dyn Scope) -> Result<Expression, Vec<ExpressionError>> {
    finish(text, scope, |checker, syntax| checker.check(syntax))
}

/// Reads and checks an expression whose value must have a type, such as a rule, which must be a boolean. Only
/// conversions that lose nothing are made; see [`Expression::assigned_to`] for the value of a field.
///
/// # Errors
/// As [`check`], and `MK0404` when the value has another type.
pub fn check_as(text: &str, scope: &dyn Scope, ty: &Type) -> Result<Expression, Vec<ExpressionError>> {
    finish(text, scope, |checker, syntax| checker.expect(syntax, ty))
}

/// The names that a text reads, as paths, without checking it: what
/// an editor lists, and what decides the order of fields before their types are known.
///
/// # Errors
/// `MK0401` or `MK0402` when the text does not parse.
pub fn names(text: &str) -> Result<Vec<Vec<String>>, ExpressionError> {
    fn walk(syntax: &Syntax, found: &mut Vec<Vec<String>>) {
        if let Node::Name(path) = &syntax.node
            && !found.contains(path)
        {
            found.push(path.clone());
        }
        syntax.parts().into_iter().for_each(|part| walk(part, found));
    }
    let mut found = Vec::new();
    walk(&parse(text)?, &mut found);
    Ok(found)
}

fn finish(
    text: &str,
    scope: &dyn Scope,
    run: impl FnOnce(&mut Checker<'_>, &Syntax) -> Option<Expr>,
) -> Result<Expression, Vec<ExpressionError>> {
    let syntax = parse(text).map_err(|error| vec![error])?;
    let mut checker = Checker { scope, child: None, errors: Vec::new(), expanding: Vec::new(), expanded: 0, depth: 0 };
    match run(&mut checker, &syntax) {
        Some(root) if checker.errors.is_empty() => {
            let ty = root.ty();
            Ok(Expression { root, ty, text: text.to_owned() })
        }
        _ => Err(checker.errors),
    }
}

/// The child whose rows an aggregate's argument is read on.
#[derive(Clone, Copy)]
struct Child<'a> {
    name: &'a str,
    scope: &'a dyn Scope,
    hops: &'a [Hop],
}

/// A walk over the tree. A method gives `None` when it has reported why.
struct Checker<'a> {
    scope: &'a dyn Scope,
    child: Option<Child<'a>>,
    errors: Vec<ExpressionError>,
    /// The spec's functions whose bodies are being read, to refuse recursion.
    expanding: Vec<String>,
    /// Nodes that functions have expanded to, to bound doubling bodies.
    expanded: usize,
    /// How deep the walk is, functions' bodies included.
    depth: usize,
}

/// How deep a tree may be once the spec's functions are expanded: every later walk over it recurses.
const MAX_DEPTH: usize = 150;

impl Checker<'_> {
    fn report<T>(&mut self, error: ExpressionError) -> Option<T> {
        self.errors.push(error);
        None
    }

    fn check(&mut self, syntax: &Syntax) -> Option<Expr> {
        if self.depth >= MAX_DEPTH {
            let message = format!("the expression nests more than {MAX_DEPTH} deep");
            return self.report(
                ExpressionError::new(TOO_LARGE, message, &syntax.range).with_help("split it over several fields"),
            );
        }
        self.depth += 1;
        let expr = self.check_node(syntax);
        self.depth -= 1;
        expr
    }

    fn check_node(&mut self, syntax: &Syntax) -> Option<Expr> {
        match &syntax.node {
            Node::Literal(value) => Some(Expr::Literal { value: value.clone(), ty: value.ty() }),
            Node::Name(path) => self.name(path, &syntax.range),
            Node::List(items) => self.list(items),
            Node::Call { name, arguments, filter, distinct } => {
                self.call(syntax, name, arguments, filter.as_deref(), *distinct)
            }
            _ => self.operator(syntax),
        }
    }

    /// Checks a node whose value must have a type.
    fn expect(&mut self, syntax: &Syntax, ty: &Type) -> Option<Expr> {
        let expr = self.check(syntax)?;
        match convert(expr, ty, &syntax.range) {
            Ok(expr) => Some(expr),
            Err(error) => self.report(error),
        }
    }

    /// Checks nodes that must agree in type, and converts them to it.
    fn agree(&mut self, parts: &[&Syntax]) -> Option<(Vec<Expr>, Type)> {
        let checked: Vec<Option<Expr>> = parts.iter().map(|part| self.check(part)).collect();
        let exprs = checked.into_iter().collect::<Option<Vec<Expr>>>()?;
        self.agree_checked(exprs, parts)
    }

    fn agree_checked(&mut self, exprs: Vec<Expr>, parts: &[&Syntax]) -> Option<(Vec<Expr>, Type)> {
        let mut ty = Type::Null;
        let mut so_far = Expr::Literal { value: Literal::Null, ty: Type::Null };
        for (expr, part) in exprs.iter().zip(parts) {
            match common(&so_far, expr) {
                Some(found) => {
                    if found != ty || matches!(so_far, Expr::Literal { .. }) {
                        so_far = stand_in(&found, expr);
                    }
                    ty = found;
                }
                None => {
                    let found = expr.ty();
                    let error =
                        ExpressionError::new(TYPE_MISMATCH, format!("{ty} and {found} do not agree"), &part.range);
                    let help = conversion_help(expr, &found, &ty).or_else(|| conversion_help(&so_far, &ty, &found));
                    return self.report(match help {
                        Some(help) => error.with_help(help),
                        None => error,
                    });
                }
            }
        }
        let mut converted = Vec::with_capacity(exprs.len());
        for (expr, part) in exprs.into_iter().zip(parts) {
            match convert(expr, &ty, &part.range) {
                Ok(expr) => converted.push(expr),
                Err(error) => return self.report(error),
            }
        }
        Some((converted, ty))
    }

    fn list(&mut self, items: &[Syntax]) -> Option<Expr> {
        let mut texts = Vec::with_capacity(items.len());
        for item in items {
            match &item.node {
                Node::Literal(Literal::Text(text)) => texts.push(text.clone()),
                _ => {
                    let error = ExpressionError::new(TYPE_MISMATCH, "a written list holds texts alone", &item.range)
                        .with_help("write ['a', 'b']");
                    return self.report(error);
                }
            }
        }
        Some(Expr::Literal { value: Literal::List(texts), ty: Type::List(Box::new(Type::Text)) })
    }

    fn name(&mut self, path: &[String], range: &Range<usize>) -> Option<Expr> {
        let parts: Vec<&str> = path.iter().map(String::as_str).collect();
        let found = match self.child {
            Some(child) if parts.len() > 1 && parts[0] == child.name => child.scope.column(&parts[1..]),
            Some(child) => self.scope.column(&parts).map(|column| below(child.hops, column)),
            None => self.scope.column(&parts),
        };
        let error = match found {
            Ok(column) => return Some(Expr::Column(column)),
            Err(error) => error,
        };
        if let [name] = parts.as_slice()
            && let Some(value) = self.scope.constant(name)
        {
            let ty = value.ty();
            return Some(Expr::Literal { value, ty });
        }
        let is_child = self.child.is_none() && self.scope.child(parts[0]).is_some();
        let (code, help) = if error.ambiguous {
            (AMBIGUOUS, (!error.suggestions.is_empty()).then(|| format!("write {}", error.suggestions.join(" or "))))
        } else if is_child {
            let help = format!("{} has many rows here: aggregate them, as in count({0}) or sum({0}.…)", parts[0]);
            (UNKNOWN_NAME, Some(help))
        } else {
            (UNKNOWN_NAME, error.suggestions.first().map(|name| format!("did you mean `{name}`?")))
        };
        let report = ExpressionError::new(code, error.message, range);
        self.report(match help {
            Some(help) => report.with_help(help),
            None => report,
        })
    }
}

/// A value of the type agreed on so far. A text literal stays one, because it may still turn out to be a date.
fn stand_in(ty: &Type, expr: &Expr) -> Expr {
    match expr {
        Expr::Literal { .. } if expr.ty() == *ty => expr.clone(),
        _ => Expr::Convert { of: Box::new(Expr::Literal { value: Literal::Null, ty: Type::Null }), ty: ty.clone() },
    }
}

/// A column seen from further down.
fn below(hops: &[Hop], column: ColumnRef) -> ColumnRef {
    let all = hops.iter().cloned().chain(column.hops).collect();
    ColumnRef { hops: all, ..column }
}
