//! Expressions on whole columns.
//!
//! [`evaluate`] walks a checked tree once; each node is one kernel over all rows, and a sub-expression of constants
//! stays one value until a column needs it. Results never depend on the machine or on threads: transcendental
//! functions are `libm`'s and sums run in row order. Nothing panics on data: a division by zero, an integer beyond 64
//! bits, a date outside years 1 to 9999 and a function outside its domain give NULL.

mod aggregate;
mod call;
mod compare;
mod kernel;
mod list;
mod lookup;
mod number;
mod text;
mod time;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use manikin_expression::{Expr, Expression, Hop, Literal, Logic, Type};
use polars::prelude::{BooleanChunked, IdxCa, IdxSize, NewChunkedArray, PlSmallStr, PolarsError, Series};

use self::kernel::Value;
pub use self::lookup::LookupTable;
use crate::column::{Column, plain_type};

/// The row index that says there is no row.
pub const NO_ROW: u32 = u32::MAX;

/// The rows in memory that expressions read: a generated block, or a loaded dataset.
pub trait Relations {
    /// How many rows an entity has; 0 when there is no such entity.
    fn rows(&self, entity: &str) -> usize;

    /// A column of an entity.
    fn column(&self, entity: &str, field: &str) -> Option<&Column>;

    /// For each row of `entity`, the row that a hop leads to, or [`NO_ROW`].
    fn hop(&self, entity: &str, hop: &Hop) -> Option<&[u32]>;

    /// A lookup table.
    fn table(&self, name: &str) -> Option<&LookupTable>;
}

/// Why an expression could not be evaluated: the rows are not those it was checked against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EvaluationError {
    /// The rows lack a column.
    NoColumn {
        /// Of this entity.
        entity: String,
        /// Of this name.
        field: String,
    },
    /// The rows lack the relation of a hop.
    NoHop {
        /// From this entity.
        entity: String,
        /// To this one.
        to: String,
    },
    /// There is no such lookup table, or it lacks the column.
    NoTable {
        /// The table.
        table: String,
        /// The column, where the table is there.
        column: Option<String>,
    },
    /// A column has another type or length than expected.
    WrongColumn {
        /// Of this entity or table.
        entity: String,
        /// Of this name.
        field: String,
        /// What was found and expected.
        message: String,
    },
    /// Polars refused an operation.
    Polars(String),
}

impl fmt::Display for EvaluationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EvaluationError::NoColumn { entity, field } => write!(f, "the rows of {entity} have no column {field}"),
            EvaluationError::NoHop { entity, to } => {
                write!(f, "the rows of {entity} do not say which {to} they belong to")
            }
            EvaluationError::NoTable { table, column: None } => write!(f, "there is no lookup table {table}"),
            EvaluationError::NoTable { table, column: Some(column) } => {
                write!(f, "the lookup table {table} has no column {column}")
            }
            EvaluationError::WrongColumn { entity, field, message } => write!(f, "{entity}.{field}: {message}"),
            EvaluationError::Polars(message) => write!(f, "polars: {message}"),
        }
    }
}

impl std::error::Error for EvaluationError {}

impl From<PolarsError> for EvaluationError {
    fn from(error: PolarsError) -> Self {
        EvaluationError::Polars(error.to_string())
    }
}

/// Evaluates an expression on every row of an entity.
///
/// # Errors
/// [`EvaluationError`] when the rows are not those the expression was checked against.
pub fn evaluate(expression: &Expression, entity: &str, rows: &dyn Relations) -> Result<Column, EvaluationError> {
    let frame = Frame::new(rows, entity);
    let ty = expression.ty.clone();
    let value = frame.value(&expression.root)?;
    Ok(Column::plain(value.into_series(&ty, frame.len), ty))
}

/// The rows where a rule is false: what `validate` reports. NULL passes.
///
/// # Errors
/// As [`evaluate`]; an expression that is not boolean has no false rows.
pub fn violations(rule: &Expression, entity: &str, rows: &dyn Relations) -> Result<Vec<u32>, EvaluationError> {
    let column = evaluate(rule, entity, rows)?;
    let Ok(holds) = column.series().bool() else {
        return Ok(Vec::new());
    };
    Ok(holds.iter().zip(0_u32..).filter(|(holds, _)| *holds == Some(false)).map(|(_, row)| row).collect())
}

/// One entity's rows, on which a tree or the argument of an aggregate is evaluated.
struct Frame<'a> {
    rows: &'a dyn Relations,
    entity: &'a str,
    len: usize,
    /// Row indices at the end of each way that was walked, so that `patient.a` and `patient.b` walk once.
    routes: RefCell<BTreeMap<Vec<Hop>, Rc<Vec<u32>>>>,
}

impl<'a> Frame<'a> {
    fn new(rows: &'a dyn Relations, entity: &'a str) -> Self {
        Frame { rows, entity, len: rows.rows(entity), routes: RefCell::new(BTreeMap::new()) }
    }

    /// Evaluates a node.
    fn value(&self, expr: &Expr) -> Result<Value, EvaluationError> {
        match expr {
            Expr::Literal { value, ty } => Ok(Value::from_literal(value, ty)),
            Expr::Column(column) => self.column(&column.hops, &column.entity, &column.field, &column.ty),
            Expr::Not(of) => Ok(self.value(of)?.not()),
            Expr::Negate(of) => Ok(number::negate(&self.value(of)?)),
            Expr::Arithmetic { operation, left, right, ty } => {
                Ok(number::arithmetic(*operation, &self.value(left)?, &self.value(right)?, ty))
            }
            Expr::Shift { of, by, back } => time::shift(&self.value(of)?, &of.ty(), &self.value(by)?, &by.ty(), *back),
            Expr::Logical { operation, operands } => self.logical(*operation, operands),
            Expr::Compare { operation, left, right } => {
                compare::compare(*operation, &self.value(left)?, &self.value(right)?, &left.ty(), self.len)
            }
            Expr::Case { branches, otherwise, ty } => self.case(branches, otherwise.as_deref(), ty),
            Expr::In { of, items, negated } => {
                let items = items.iter().map(|item| self.value(item)).collect::<Result<Vec<_>, _>>()?;
                let found = compare::within(&self.value(of)?, &items, &of.ty(), self.len)?;
                Ok(if *negated { found.not() } else { found })
            }
            Expr::Between { of, low, high, negated } => {
                use manikin_expression::Comparison::{GreaterOrEqual, LessOrEqual};
                let (value, ty) = (self.value(of)?, of.ty());
                let above = compare::compare(GreaterOrEqual, &value, &self.value(low)?, &ty, self.len)?;
                let below = compare::compare(LessOrEqual, &value, &self.value(high)?, &ty, self.len)?;
                let between = kernel::join(Logic::And, above, &below);
                Ok(if *negated { between.not() } else { between })
            }
            Expr::IsNull { of, negated } => Ok(match self.value(of)? {
                Value::Column(series) => {
                    Value::booleans(if *negated { series.is_not_null() } else { series.is_null() })
                }
                scalar => Value::Boolean(scalar.is_null() != *negated),
            }),
            Expr::IsTruth { of, truth, negated } => Ok(match self.value(of)? {
                Value::Column(series) => {
                    let wanted = Some(*truth);
                    let mask = series.bool()?.iter().map(|value| (value == wanted) != *negated);
                    Value::booleans(BooleanChunked::from_iter_values(PlSmallStr::EMPTY, mask))
                }
                scalar => Value::Boolean((scalar.as_boolean() == Some(*truth)) != *negated),
            }),
            Expr::Like { of, pattern, negated } => {
                let found = text::like(&self.value(of)?, pattern);
                Ok(if *negated { found.not() } else { found })
            }
            Expr::Call { function, arguments, ty } => {
                let values = arguments.iter().map(|argument| self.value(argument)).collect::<Result<Vec<_>, _>>()?;
                let types: Vec<Type> = arguments.iter().map(Expr::ty).collect();
                call::call(*function, &values, &types, ty, self.len)
            }
            Expr::Convert { of, ty } => Ok(number::convert(self.value(of)?, &of.ty(), ty)),
            Expr::Aggregate { kind, entity, hops, argument, filter, ty } => {
                self.aggregate(*kind, entity, hops, argument.as_deref(), filter.as_deref(), ty)
            }
            Expr::Lookup { table, column, conditions, ty } => self.lookup(table, column, conditions, ty),
            Expr::InTable { of, table, column } => self.in_table(of, table, column),
            Expr::Cell { columns, name } => self.cell(columns, name),
        }
    }

    fn column(&self, hops: &[Hop], entity: &str, field: &str, ty: &Type) -> Result<Value, EvaluationError> {
        let column = self.held(entity, field, ty)?;
        if hops.is_empty() {
            return Ok(Value::Column(column.series().clone()));
        }
        let route = self.route(hops)?;
        take(column.series(), &route).map(Value::Column)
    }

    /// A column where it stands, of the type it was checked against.
    fn held(&self, entity: &str, field: &str, ty: &Type) -> Result<&Column, EvaluationError> {
        let missing = || EvaluationError::NoColumn { entity: entity.to_owned(), field: field.to_owned() };
        let column = self.rows.column(entity, field).ok_or_else(missing)?;
        let wrong = |message: String| EvaluationError::WrongColumn {
            entity: entity.to_owned(),
            field: field.to_owned(),
            message,
        };
        if column.ty() != ty {
            return Err(wrong(format!("expected {ty}, found {}", column.ty())));
        }
        let rows = self.rows.rows(entity);
        if column.len() != rows {
            return Err(wrong(format!("expected {rows} rows, found {}", column.len())));
        }
        Ok(column)
    }

    /// Where each row arrives after some hops.
    fn route(&self, hops: &[Hop]) -> Result<Rc<Vec<u32>>, EvaluationError> {
        if let Some(route) = self.routes.borrow().get(hops) {
            return Ok(Rc::clone(route));
        }
        let mut at = self.entity;
        let mut route: Option<Vec<u32>> = None;
        for hop in hops {
            let missing = || EvaluationError::NoHop { entity: at.to_owned(), to: hop.entity.clone() };
            let step = self.rows.hop(at, hop).ok_or_else(missing)?;
            // A step that is too short leads nowhere rather than out of bounds.
            route = Some(match route {
                None if step.len() == self.len => step.to_vec(),
                None => return Err(missing()),
                Some(so_far) => {
                    so_far.into_iter().map(|row| step.get(row as usize).copied().unwrap_or(NO_ROW)).collect()
                }
            });
            at = &hop.entity;
        }
        let route = Rc::new(route.unwrap_or_else(|| (0..self.len as u32).collect()));
        self.routes.borrow_mut().insert(hops.to_vec(), Rc::clone(&route));
        Ok(route)
    }

    fn logical(&self, operation: Logic, operands: &[Expr]) -> Result<Value, EvaluationError> {
        let mut result: Option<Value> = None;
        for operand in operands {
            let next = self.value(operand)?;
            result = Some(match result {
                None => next,
                Some(so_far) => kernel::join(operation, so_far, &next),
            });
        }
        Ok(result.unwrap_or(Value::Null))
    }

    fn case(&self, branches: &[(Expr, Expr)], otherwise: Option<&Expr>, ty: &Type) -> Result<Value, EvaluationError> {
        let mut result = match otherwise {
            Some(otherwise) => self.value(otherwise)?,
            None => Value::Null,
        };
        for (condition, then) in branches.iter().rev() {
            match self.value(condition)? {
                Value::Column(mask) => {
                    let then = self.value(then)?;
                    result = kernel::choose(mask.bool()?, then, result, ty, self.len)?;
                }
                scalar if scalar.as_boolean() == Some(true) => result = self.value(then)?,
                _ => {}
            }
        }
        Ok(result)
    }
}

/// The values at some rows, NULL where there is no row.
fn take(series: &Series, rows: &[u32]) -> Result<Series, EvaluationError> {
    let len = series.len() as u32;
    let every = rows.iter().all(|row| *row < len);
    let indices: IdxCa = if every {
        IdxCa::from_vec(PlSmallStr::EMPTY, rows.iter().map(|row| *row as IdxSize).collect())
    } else {
        rows.iter().map(|row| (*row < len).then_some(*row as IdxSize)).collect()
    };
    Ok(series.take(&indices)?)
}

/// A default column for a frame without rows, whatever the node.
fn empty(ty: &Type) -> Value {
    Value::Column(Series::new_empty(PlSmallStr::EMPTY, &plain_type(ty)))
}

#[cfg(test)]
mod tests;

impl Value {
    fn from_literal(literal: &Literal, ty: &Type) -> Value {
        match literal {
            Literal::Null => Value::Null,
            Literal::Boolean(value) => Value::Boolean(*value),
            Literal::Integer(value) | Literal::DateTime(value) => Value::Integer(*value),
            Literal::Decimal { units, .. } => Value::Integer(*units),
            Literal::Interval { count, .. } => Value::Integer(*count),
            Literal::Float(value) => Value::Float(*value),
            Literal::Text(text) => Value::Text(text.as_str().into()),
            Literal::Date(day) => Value::Date(*day),
            Literal::List(items) => {
                debug_assert!(matches!(ty, Type::List(_)));
                Value::List(items.as_slice().into())
            }
        }
    }
}
