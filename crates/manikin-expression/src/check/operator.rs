//! Operators: logic, comparisons, arithmetic and CASE.

use std::ops::Range;

use super::Checker;
use crate::convert::{common, convert};
use crate::error::{ExpressionError, TYPE_MISMATCH, UNSUPPORTED};
use crate::expression::{Arithmetic, Expr};
use crate::functions::Function;
use crate::syntax::{Node, Syntax};
use crate::types::{Literal, Type, Unit};

impl Checker<'_> {
    pub(super) fn operator(&mut self, syntax: &Syntax) -> Option<Expr> {
        let range = &syntax.range;
        match &syntax.node {
            Node::Not(of) => Some(Expr::Not(Box::new(self.expect(of, &Type::Boolean)?))),
            Node::Negate(of) => self.negate(of),
            Node::Arithmetic(operation, left, right) => {
                let (a, b) = (self.check(left), self.check(right));
                self.arithmetic(*operation, a?, &left.range, b?, &right.range, range)
            }
            Node::Logical(operation, operands) => {
                let checked: Vec<Option<Expr>> =
                    operands.iter().map(|operand| self.expect(operand, &Type::Boolean)).collect();
                let operands = checked.into_iter().collect::<Option<Vec<Expr>>>()?;
                Some(Expr::Logical { operation: *operation, operands })
            }
            Node::Compare(operation, left, right) => {
                let (sides, _) = self.agree(&[left, right])?;
                let [left, right] = <[Expr; 2]>::try_from(sides).ok()?;
                self.comparable(&left, range)?;
                Some(Expr::Compare { operation: *operation, left: Box::new(left), right: Box::new(right) })
            }
            Node::In { of, items, negated } => {
                let parts: Vec<&Syntax> = std::iter::once(&**of).chain(items).collect();
                let (mut all, _) = self.agree(&parts)?;
                let of = all.remove(0);
                self.comparable(&of, range)?;
                Some(Expr::In { of: Box::new(of), items: all, negated: *negated })
            }
            Node::Between { of, low, high, negated } => {
                let (all, _) = self.agree(&[of, low, high])?;
                let [of, low, high] = <[Expr; 3]>::try_from(all).ok()?;
                self.comparable(&of, range)?;
                Some(Expr::Between { of: Box::new(of), low: Box::new(low), high: Box::new(high), negated: *negated })
            }
            Node::IsNull { of, negated } => Some(Expr::IsNull { of: Box::new(self.check(of)?), negated: *negated }),
            Node::IsTruth { of, truth, negated } => {
                let of = Box::new(self.expect(of, &Type::Boolean)?);
                Some(Expr::IsTruth { of, truth: *truth, negated: *negated })
            }
            Node::Like { of, pattern, negated } => {
                let of = self.expect(of, &Type::Text)?;
                match &pattern.node {
                    Node::Literal(Literal::Text(text)) if !text.contains('\\') => {
                        Some(Expr::Like { of: Box::new(of), pattern: text.clone(), negated: *negated })
                    }
                    _ => self.report(
                        ExpressionError::new(
                            UNSUPPORTED,
                            "a LIKE pattern is a written text without backslashes",
                            &pattern.range,
                        )
                        .with_help("use starts_with, ends_with or contains for a pattern that is computed"),
                    ),
                }
            }
            Node::Case { operand, branches, otherwise } => {
                self.case(operand.as_deref(), branches, otherwise.as_deref())
            }
            Node::Literal(_) | Node::Name(_) | Node::List(_) | Node::Call { .. } => self.check(syntax),
        }
    }

    fn comparable(&mut self, expr: &Expr, range: &Range<usize>) -> Option<()> {
        match expr.ty() {
            ty @ (Type::List(_) | Type::Interval(_)) => {
                self.report(ExpressionError::new(TYPE_MISMATCH, format!("a {ty} cannot be compared"), range).with_help(
                    "compare size(list) or item(list, i); for lengths of time, days_between or minutes_between",
                ))
            }
            _ => Some(()),
        }
    }

    fn negate(&mut self, of: &Syntax) -> Option<Expr> {
        let expr = self.check(of)?;
        match (&expr, expr.ty()) {
            (Expr::Literal { value: Literal::Integer(value), .. }, _) => {
                Some(literal(Literal::Integer(value.wrapping_neg())))
            }
            (Expr::Literal { value: Literal::Float(value), .. }, _) => Some(literal(Literal::Float(-value))),
            (_, Type::Null | Type::Interval(_)) => Some(Expr::Negate(Box::new(expr))),
            (_, ty) if ty.is_number() => Some(Expr::Negate(Box::new(expr))),
            (_, ty) => {
                self.report(ExpressionError::new(TYPE_MISMATCH, format!("expected a number, found {ty}"), &of.range))
            }
        }
    }

    /// Types an arithmetic operation on two checked values.
    pub(super) fn arithmetic(
        &mut self,
        operation: Arithmetic,
        left: Expr,
        left_range: &Range<usize>,
        right: Expr,
        right_range: &Range<usize>,
        range: &Range<usize>,
    ) -> Option<Expr> {
        use Arithmetic::{Add, Divide, Multiply, Subtract};
        // A text that is a date beside a date is a date: '2025-12-31' - birth_date.
        let (left, right) = (dated(left, &right), right);
        let right = dated(right, &left);
        let (a, b) = (left.ty(), right.ty());
        let ty = match (operation, &a, &b) {
            (Add, _, Type::Interval(unit)) if a.is_temporal() => {
                return Some(shift(left, right, *unit, false));
            }
            (Subtract, _, Type::Interval(unit)) if a.is_temporal() => {
                return Some(shift(left, right, *unit, true));
            }
            (Add, Type::Interval(unit), _) if b.is_temporal() => {
                return Some(shift(right, left, *unit, false));
            }
            (Subtract, Type::Date, Type::Date) => {
                return Some(Expr::Call {
                    function: Function::DaysBetween,
                    arguments: vec![right, left],
                    ty: Type::Integer,
                });
            }
            (Divide, _, _) if (a.is_number() || a == Type::Null) && (b.is_number() || b == Type::Null) => {
                Some(Type::Float)
            }
            (Add | Subtract, Type::Interval(_), Type::Interval(_)) => common(&left, &right),
            (Multiply, Type::Decimal(_), Type::Integer) => {
                return Some(Expr::Arithmetic { operation, ty: a, left: Box::new(left), right: Box::new(right) });
            }
            (Multiply, Type::Integer, Type::Decimal(_)) => {
                return Some(Expr::Arithmetic { operation, ty: b, left: Box::new(right), right: Box::new(left) });
            }
            (Multiply, Type::Decimal(_), Type::Decimal(_) | Type::Float)
            | (Multiply, Type::Float, Type::Decimal(_)) => Some(Type::Float),
            (_, Type::Null, Type::Null) => Some(Type::Integer),
            _ => common(&left, &right).filter(Type::is_number),
        };
        let Some(ty) = ty else {
            let mut error = ExpressionError::new(
                TYPE_MISMATCH,
                format!("`{}` is not defined for {a} and {b}", operation.symbol()),
                range,
            );
            if a.is_temporal() && b.is_number() {
                error = error.with_help("say the unit: days(n), months(n), hours(n), minutes(n) …");
            } else if a.is_temporal() && b.is_temporal() {
                error = error.with_help("use days_between, hours_between or minutes_between");
            } else if operation == Add && (a == Type::Text || b == Type::Text) {
                error = error.with_help("texts are joined with ||");
            }
            return self.report(error);
        };
        let left = convert(left, &ty, left_range);
        let right = convert(right, &ty, right_range);
        match (left, right) {
            (Ok(left), Ok(right)) => {
                Some(Expr::Arithmetic { operation, left: Box::new(left), right: Box::new(right), ty })
            }
            (Err(error), _) | (_, Err(error)) => self.report(error),
        }
    }

    fn case(
        &mut self,
        operand: Option<&Syntax>,
        branches: &[(Syntax, Syntax)],
        otherwise: Option<&Syntax>,
    ) -> Option<Expr> {
        let mut conditions = Vec::with_capacity(branches.len());
        for (when, _) in branches {
            conditions.push(match operand {
                None => self.expect(when, &Type::Boolean),
                Some(operand) => self.agree(&[operand, when]).and_then(|(sides, _)| {
                    let [left, right] = <[Expr; 2]>::try_from(sides).ok()?;
                    self.comparable(&left, &when.range)?;
                    Some(Expr::Compare {
                        operation: crate::expression::Comparison::Equal,
                        left: Box::new(left),
                        right: Box::new(right),
                    })
                }),
            });
        }
        let results: Vec<&Syntax> = branches.iter().map(|(_, then)| then).chain(otherwise).collect();
        let (mut results, ty) = self.agree(&results)?;
        let conditions = conditions.into_iter().collect::<Option<Vec<Expr>>>()?;
        let otherwise = if otherwise.is_some() { results.pop().map(Box::new) } else { None };
        Some(Expr::Case { branches: conditions.into_iter().zip(results).collect(), otherwise, ty })
    }
}

/// A constant node.
pub(super) fn literal(value: Literal) -> Expr {
    let ty = value.ty();
    Expr::Literal { value, ty }
}

fn dated(expr: Expr, beside: &Expr) -> Expr {
    let wanted = matches!(beside.ty(), Type::Date | Type::DateTime | Type::Interval(_));
    match &expr {
        Expr::Literal { value: Literal::Text(text), .. } if wanted => Literal::temporal(text).map_or(expr, literal),
        _ => expr,
    }
}

/// A date moved by less than a day is a date and time.
pub(super) fn shift(of: Expr, by: Expr, unit: Unit, back: bool) -> Expr {
    let of = if unit == Unit::Second && of.ty() == Type::Date {
        convert(of.clone(), &Type::DateTime, &(0..0)).unwrap_or(of)
    } else {
        of
    };
    Expr::Shift { of: Box::new(of), by: Box::new(by), back }
}
