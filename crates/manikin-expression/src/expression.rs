//! The checked, typed tree of an expression.
//!
//! Every node has one type, and the operands of a node already have the types it works on: where the language
//! converts a value by itself, a [`Expr::Convert`] says so. An evaluator or a renderer needs no rules of its own.

use crate::functions::Function;
use crate::scope::{ColumnRef, Hop};
use crate::types::{Literal, Type};

/// A checked expression with its text.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    /// The tree.
    pub root: Expr,
    /// The type of its value.
    pub ty: Type,
    /// The text it was read from.
    pub text: String,
}

impl Expression {
    /// Every column the value depends on, in the order of the text. Columns inside an aggregate carry the entity of
    /// the child's row and hops that start there.
    pub fn references(&self) -> Vec<&ColumnRef> {
        let mut found = Vec::new();
        self.root.visit(&mut |expr| match expr {
            Expr::Column(column) => found.push(column),
            Expr::Cell { columns, .. } => found.extend(columns),
            _ => {}
        });
        found
    }

    /// The children whose rows are aggregated: what must exist before the value can be known.
    pub fn aggregated(&self) -> Vec<&str> {
        let mut found = Vec::new();
        self.root.visit(&mut |expr| {
            if let Expr::Aggregate { entity, .. } = expr
                && !found.contains(&entity.as_str())
            {
                found.push(entity);
            }
        });
        found
    }

    /// The lookup tables that are asked.
    pub fn tables(&self) -> Vec<&str> {
        let mut found = Vec::new();
        self.root.visit(&mut |expr| {
            if let Expr::Lookup { table, .. } | Expr::InTable { table, .. } = expr
                && !found.contains(&table.as_str())
            {
                found.push(table);
            }
        });
        found
    }

    /// The value itself, when the expression is one literal after checking.
    pub fn literal(&self) -> Option<&Literal> {
        match &self.root {
            Expr::Literal { value, .. } => Some(value),
            _ => None,
        }
    }
}

/// A typed node.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// A constant. A NULL has the type that its place asks for.
    Literal {
        /// The value.
        value: Literal,
        /// Its type.
        ty: Type,
    },
    /// A column of the row at hand or of a row it belongs to.
    Column(ColumnRef),
    /// `not x`.
    Not(Box<Expr>),
    /// `-x`, of a number.
    Negate(Box<Expr>),
    /// Arithmetic. Both sides have the node's type, except `decimal * integer` and an interval's count.
    Arithmetic {
        /// Which.
        operation: Arithmetic,
        /// The left side.
        left: Box<Expr>,
        /// The right side.
        right: Box<Expr>,
        /// The type of the result.
        ty: Type,
    },
    /// A date, or date and time, moved by an interval; the result has the type of `of`. Moving a date by seconds
    /// converts it to a date and time first.
    Shift {
        /// What is moved.
        of: Box<Expr>,
        /// An expression of an interval type.
        by: Box<Expr>,
        /// Backwards.
        back: bool,
    },
    /// Two or more conditions joined by the same word.
    Logical {
        /// Which word.
        operation: Logic,
        /// The conditions.
        operands: Vec<Expr>,
    },
    /// A comparison of two values of one type.
    Compare {
        /// Which.
        operation: Comparison,
        /// The left side.
        left: Box<Expr>,
        /// The right side.
        right: Box<Expr>,
    },
    /// The result of the first branch whose condition is true.
    Case {
        /// Conditions and results.
        branches: Vec<(Expr, Expr)>,
        /// The result when no condition is true; NULL when absent.
        otherwise: Option<Box<Expr>>,
        /// The type of the results.
        ty: Type,
    },
    /// Membership in a list of expressions of the same type.
    In {
        /// What is looked for.
        of: Box<Expr>,
        /// Where.
        items: Vec<Expr>,
        /// `not in`.
        negated: bool,
    },
    /// `low <= of and of <= high`.
    Between {
        /// What is compared.
        of: Box<Expr>,
        /// The lower bound, included.
        low: Box<Expr>,
        /// The upper bound, included.
        high: Box<Expr>,
        /// `not between`.
        negated: bool,
    },
    /// Whether a value is NULL; never NULL itself.
    IsNull {
        /// The value.
        of: Box<Expr>,
        /// `is not null`.
        negated: bool,
    },
    /// `x is true`, `is not true`, `is false`, `is not false`; never NULL itself.
    IsTruth {
        /// The condition.
        of: Box<Expr>,
        /// Compared with this.
        truth: bool,
        /// `is not`.
        negated: bool,
    },
    /// `like` a constant pattern: `%` is any text, `_` any one character; case matters.
    Like {
        /// The text.
        of: Box<Expr>,
        /// The pattern.
        pattern: String,
        /// `not like`.
        negated: bool,
    },
    /// A function of the registry.
    Call {
        /// Which.
        function: Function,
        /// Its arguments, converted to its parameters' types.
        arguments: Vec<Expr>,
        /// The type of the result.
        ty: Type,
    },
    /// A conversion that loses nothing: integer to decimal or float, decimal to a larger scale or float, date to date
    /// and time, interval of days to seconds.
    Convert {
        /// The value.
        of: Box<Expr>,
        /// The type wanted.
        ty: Type,
    },
    /// An aggregate over the children of the row.
    Aggregate {
        /// Which.
        kind: Aggregate,
        /// The child entity.
        entity: String,
        /// The way from a child's row up to the row at hand.
        hops: Vec<Hop>,
        /// What is aggregated, as seen from a child's row; absent when rows are counted.
        argument: Option<Box<Expr>>,
        /// Which children take part, as seen from a child's row; all when absent.
        filter: Option<Box<Expr>>,
        /// The type of the result.
        ty: Type,
    },
    /// A column of the first row of a table that meets all conditions; NULL when none does.
    Lookup {
        /// The table.
        table: String,
        /// The column of the result.
        column: String,
        /// What the row must meet.
        conditions: Vec<Condition>,
        /// The type of the column.
        ty: Type,
    },
    /// Whether a value stands in a table's column; NULL for NULL.
    InTable {
        /// The value, of the column's type.
        of: Box<Expr>,
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// The number in that column of a row whose name is `name`; NULL when there is no such column.
    Cell {
        /// The columns it may be, all numeric, each with the hops to the row.
        columns: Vec<ColumnRef>,
        /// The name.
        name: Box<Expr>,
    },
}

/// What a row of a lookup table must meet.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// The table's key equals the value.
    Key {
        /// The column.
        column: String,
        /// The value, of the column's type.
        value: Expr,
    },
    /// The cell is NULL, or equals the value.
    Match {
        /// The column.
        column: String,
        /// The value, of the column's type.
        value: Expr,
    },
    /// The value lies in the closed range of two cells; a NULL cell leaves its side open.
    Range {
        /// The column of the lower bounds.
        low: String,
        /// The column of the upper bounds.
        high: String,
        /// The value, of the columns' type.
        value: Expr,
    },
}

impl Condition {
    /// The value that is compared.
    pub fn value(&self) -> &Expr {
        match self {
            Condition::Key { value, .. } | Condition::Match { value, .. } | Condition::Range { value, .. } => value,
        }
    }

    fn value_mut(&mut self) -> &mut Expr {
        match self {
            Condition::Key { value, .. } | Condition::Match { value, .. } | Condition::Range { value, .. } => value,
        }
    }
}

/// An arithmetic operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Arithmetic {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`, always of floats; NULL when the divisor is zero.
    Divide,
    /// `%`, with the sign of the left side; NULL when the divisor is zero.
    Remainder,
}

impl Arithmetic {
    /// The operator as written.
    pub fn symbol(self) -> &'static str {
        match self {
            Arithmetic::Add => "+",
            Arithmetic::Subtract => "-",
            Arithmetic::Multiply => "*",
            Arithmetic::Divide => "/",
            Arithmetic::Remainder => "%",
        }
    }
}

/// `and` or `or`, in three-valued logic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Logic {
    /// False when any operand is false, else NULL when any is NULL.
    And,
    /// True when any operand is true, else NULL when any is NULL.
    Or,
}

/// A comparison; NULL when either side is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparison {
    /// The operator as written.
    pub fn symbol(self) -> &'static str {
        match self {
            Comparison::Equal => "=",
            Comparison::NotEqual => "<>",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
        }
    }
}

/// An aggregate over children. NULL arguments take no part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Aggregate {
    /// How many rows, or how many non-NULL arguments; 0 for no children.
    Count,
    /// How many distinct non-NULL arguments; 0 for no children.
    CountDistinct,
    /// The sum, in row order; 0 for no children.
    Sum,
    /// The least; NULL for no children.
    Min,
    /// The greatest; NULL for no children.
    Max,
    /// The mean as a float; NULL for no children.
    Avg,
    /// Whether the condition is true for any child; false for no children, never NULL.
    Any,
    /// Whether the condition is false for no child; true for no children, never NULL.
    Every,
}

impl Expr {
    /// The type of the node's value.
    pub fn ty(&self) -> Type {
        match self {
            Expr::Literal { ty, .. }
            | Expr::Arithmetic { ty, .. }
            | Expr::Case { ty, .. }
            | Expr::Call { ty, .. }
            | Expr::Convert { ty, .. }
            | Expr::Aggregate { ty, .. }
            | Expr::Lookup { ty, .. } => ty.clone(),
            Expr::Column(column) => column.ty.clone(),
            Expr::Negate(of) | Expr::Shift { of, .. } => of.ty(),
            Expr::Not(_)
            | Expr::Logical { .. }
            | Expr::Compare { .. }
            | Expr::In { .. }
            | Expr::Between { .. }
            | Expr::IsNull { .. }
            | Expr::IsTruth { .. }
            | Expr::Like { .. }
            | Expr::InTable { .. } => Type::Boolean,
            Expr::Cell { .. } => Type::Float,
        }
    }

    /// Calls `see` with this node and every node below it, in the order of the text.
    pub fn visit<'a>(&'a self, see: &mut impl FnMut(&'a Expr)) {
        see(self);
        match self {
            Expr::Literal { .. } | Expr::Column(_) => {}
            Expr::Not(of)
            | Expr::Negate(of)
            | Expr::IsNull { of, .. }
            | Expr::IsTruth { of, .. }
            | Expr::Like { of, .. }
            | Expr::Convert { of, .. }
            | Expr::InTable { of, .. } => of.visit(see),
            Expr::Cell { name, .. } => name.visit(see),
            Expr::Arithmetic { left, right, .. } | Expr::Compare { left, right, .. } => {
                left.visit(see);
                right.visit(see);
            }
            Expr::Shift { of, by, .. } => {
                of.visit(see);
                by.visit(see);
            }
            Expr::Logical { operands: items, .. } | Expr::Call { arguments: items, .. } => {
                items.iter().for_each(|item| item.visit(see));
            }
            Expr::Case { branches, otherwise, .. } => {
                for (condition, result) in branches {
                    condition.visit(see);
                    result.visit(see);
                }
                otherwise.iter().for_each(|of| of.visit(see));
            }
            Expr::In { of, items, .. } => {
                of.visit(see);
                items.iter().for_each(|item| item.visit(see));
            }
            Expr::Between { of, low, high, .. } => {
                of.visit(see);
                low.visit(see);
                high.visit(see);
            }
            Expr::Aggregate { argument, filter, .. } => {
                argument.iter().chain(filter).for_each(|of| of.visit(see));
            }
            Expr::Lookup { conditions, .. } => conditions.iter().for_each(|of| of.value().visit(see)),
        }
    }

    /// Shows every node to `change`, outer ones first; the nodes within one are left out where it says false.
    pub fn visit_mut(&mut self, change: &mut impl FnMut(&mut Expr) -> bool) {
        if !change(self) {
            return;
        }
        match self {
            Expr::Literal { .. } | Expr::Column(_) => {}
            Expr::Not(of)
            | Expr::Negate(of)
            | Expr::IsNull { of, .. }
            | Expr::IsTruth { of, .. }
            | Expr::Like { of, .. }
            | Expr::Convert { of, .. }
            | Expr::InTable { of, .. }
            | Expr::Cell { name: of, .. } => of.visit_mut(change),
            Expr::Arithmetic { left: one, right: other, .. }
            | Expr::Compare { left: one, right: other, .. }
            | Expr::Shift { of: one, by: other, .. } => {
                one.visit_mut(change);
                other.visit_mut(change);
            }
            Expr::Logical { operands: items, .. } | Expr::Call { arguments: items, .. } => {
                items.iter_mut().for_each(|item| item.visit_mut(change));
            }
            Expr::Case { branches, otherwise, .. } => {
                for (condition, result) in branches {
                    condition.visit_mut(change);
                    result.visit_mut(change);
                }
                otherwise.iter_mut().for_each(|of| of.visit_mut(change));
            }
            Expr::In { of, items, .. } => {
                of.visit_mut(change);
                items.iter_mut().for_each(|item| item.visit_mut(change));
            }
            Expr::Between { of, low, high, .. } => {
                of.visit_mut(change);
                low.visit_mut(change);
                high.visit_mut(change);
            }
            Expr::Aggregate { argument, filter, .. } => {
                argument.iter_mut().chain(filter).for_each(|of| of.visit_mut(change));
            }
            Expr::Lookup { conditions, .. } => {
                conditions.iter_mut().for_each(|of| of.value_mut().visit_mut(change));
            }
        }
    }
}
