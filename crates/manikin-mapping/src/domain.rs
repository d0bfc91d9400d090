//! The codes that an expression can give, as far as the spec and the tables tell them before anything is generated.
//!
//! What is told is certain to be possible: values of a choice, of a list of allowed values, of a code table, of a lookup
//! table's rows that such values lead to. What depends on a condition is passed over, unless it stands in the expression
//! itself.

use std::collections::BTreeSet;

use manikin_diagnostic::{Diagnostic, codes};
use manikin_expression::{Condition, Expr, Function, Literal};
use manikin_spec::spec::{Field, Generator};
use manikin_spec::table::Table;

use crate::scope::World;

/// The longest code list whose codes are all taken to be possible.
///
/// ASSUMED: the library's lists of what is generated are shorter.
const MOST: usize = 5_000;

/// The deepest chain of fields that derive from fields.
const DEEPEST: usize = 6;

/// What is known of the values of an expression at one place of a mapping.
pub(crate) struct Domain<'a> {
    pub(crate) world: &'a World<'a>,
    /// Fields, as `entity.field`, that a condition around the place asks for: not all of their values come there.
    pub(crate) guarded: &'a [String],
}

impl Domain<'_> {
    /// Texts that the expression can give.
    pub(crate) fn texts(&self, expr: &Expr) -> BTreeSet<String> {
        self.at(expr, 0)
    }

    /// For a lookup by one key, the table and the values of the key that the table has no row for.
    pub(crate) fn without_row(&self, expr: &Expr) -> Option<(String, Vec<String>)> {
        match expr {
            Expr::Convert { of, .. } => self.without_row(of),
            Expr::Lookup { table, conditions, .. } => {
                let [Condition::Key { column, value }] = conditions.as_slice() else { return None };
                let keys = texts_of(self.world.table(table)?, column);
                let lacking: Vec<String> = self.at(value, 0).into_iter().filter(|key| !keys.contains(key)).collect();
                (!lacking.is_empty() && !matches!(value, Expr::Literal { .. })).then(|| (table.clone(), lacking))
            }
            _ => None,
        }
    }

    fn at(&self, expr: &Expr, depth: usize) -> BTreeSet<String> {
        match expr {
            Expr::Literal { value: Literal::Text(text), .. } => BTreeSet::from([text.clone()]),
            Expr::Column(column) => {
                if self.guarded.contains(&format!("{}.{}", column.entity, column.field)) {
                    return BTreeSet::new();
                }
                let found = self.world.spec.entity(&column.entity).and_then(|entity| {
                    let entity = &self.world.spec[entity];
                    entity.field(&column.field).map(|field| &entity[field])
                });
                found.map(|field| self.field(field, depth)).unwrap_or_default()
            }
            // A result under a condition is certain only where it is written.
            Expr::Case { branches, otherwise, .. } => {
                let results = branches.iter().map(|(_, result)| result).chain(otherwise.as_deref());
                let written = results.filter(|result| matches!(result, Expr::Literal { .. } | Expr::Case { .. }));
                written.flat_map(|result| self.at(result, depth)).collect()
            }
            Expr::Call { function: Function::Coalesce, arguments, .. } => {
                let first = arguments.first().into_iter();
                let written = arguments.iter().skip(1).filter(|other| matches!(other, Expr::Literal { .. }));
                first.chain(written).flat_map(|argument| self.at(argument, depth)).collect()
            }
            Expr::Lookup { table, column, conditions, .. } => {
                let [Condition::Key { column: key, value }] = conditions.as_slice() else { return BTreeSet::new() };
                let keys = self.at(value, depth);
                let Some(table) = self.world.table(table).filter(|_| !keys.is_empty()) else { return BTreeSet::new() };
                let (Some(keyed), Some(given)) = (table.column(key), table.column(column)) else {
                    return BTreeSet::new();
                };
                let rows = 0..keyed.values.len();
                let led = rows.filter(|row| keyed.values.text(*row).is_some_and(|key| keys.contains(&key)));
                led.filter_map(|row| given.values.text(row)).collect()
            }
            _ => BTreeSet::new(),
        }
    }

    /// What its generator draws; where that is not told, what the contract allows.
    fn field(&self, field: &Field, depth: usize) -> BTreeSet<String> {
        let made = field.generator.as_ref().map(|generator| self.made(generator, depth)).unwrap_or_default();
        if !made.is_empty() {
            return made;
        }
        if let Some(allowed) = &field.contract.allowed {
            return allowed.iter().filter_map(text).collect();
        }
        let table = field.contract.code.as_deref().and_then(|code| self.world.table(code));
        let key = table.and_then(|table| table.key.as_deref().or_else(|| table.column_names().next()));
        // Longer lists are whole code systems, of which a field holds what its generator draws.
        let short = table.zip(key).filter(|(table, _)| table.columns.first().is_some_and(|it| it.values.len() <= MOST));
        short.map(|(table, key)| texts_of(table, key)).unwrap_or_default()
    }

    fn made(&self, generator: &Generator, depth: usize) -> BTreeSet<String> {
        match generator {
            Generator::Constant(value) => text(value).into_iter().collect(),
            Generator::Choice(choice) => {
                let possible = choice.values.iter().zip(&choice.shares).filter(|(_, share)| **share > 0.0);
                possible.filter_map(|(value, _)| text(value)).collect()
            }
            Generator::Pick(pick) if pick.condition.is_none() => {
                let table = self.world.table(&pick.table);
                let short = table.filter(|table| table.columns.first().is_some_and(|it| it.values.len() <= MOST));
                short.map(|table| texts_of(table, &pick.column)).unwrap_or_default()
            }
            Generator::Derive(expression) if depth < DEEPEST => self.at(&expression.root, depth + 1),
            Generator::Cases(cases) => cases.iter().flat_map(|(_, generator)| self.made(generator, depth)).collect(),
            _ => BTreeSet::new(),
        }
    }
}

/// What is told of values that a table has no code for.
pub(crate) fn without_code(table: &str, lacking: &[String], place: &str) -> Diagnostic {
    let message = format!("table `{table}` has no row for {}, so `{place}` has no code there", few(lacking));
    let help = "add rows to the table, or say what is written instead: `= coalesce(lookup(…), 0)`, or `$if`";
    Diagnostic::error(codes::NO_SUCH_ROW, message).help(help)
}

/// The first few of some values, in words.
pub(crate) fn few(values: &[String]) -> String {
    const FEW: usize = 4;
    let shown: Vec<String> = values.iter().take(FEW).map(|value| format!("`{value}`")).collect();
    match values.len().saturating_sub(FEW) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// The texts of a table's column.
fn texts_of(table: &Table, column: &str) -> BTreeSet<String> {
    let Some(column) = table.column(column) else { return BTreeSet::new() };
    (0..column.values.len()).filter_map(|row| column.values.text(row)).collect()
}

fn text(literal: &Literal) -> Option<String> {
    match literal {
        Literal::Text(text) => Some(text.clone()),
        _ => None,
    }
}
