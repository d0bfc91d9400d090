//! Lookup tables.

use std::ops::Range;

use super::{Checker, Expr};
use crate::error::{ExpressionError, UNKNOWN_NAME, WRONG_ARGUMENTS, nearest};
use crate::expression::Condition;
use crate::functions::Definition;
use crate::scope::TableShape;
use crate::syntax::{Node, Syntax};
use crate::types::{Literal, Type};

impl Checker<'_> {
    pub(super) fn lookup(
        &mut self,
        definition: &Definition,
        arguments: &[Syntax],
        range: &Range<usize>,
    ) -> Option<Expr> {
        self.count(definition, arguments, 3, usize::MAX, range)?;
        let table_name = self.written(definition, &arguments[0])?;
        let table = self.table(table_name, &arguments[0].range)?;
        let column = self.written(definition, &arguments[1])?;
        let ty = self.table_column(table_name, &table, column, &arguments[1].range)?;
        let mut conditions = Vec::new();
        if let [key] = &arguments[2..] {
            let key_type = self.table_column(table_name, &table, &table.key, &arguments[0].range)?;
            let value = self.expect(key, &key_type)?;
            conditions.push(Condition::Key { column: table.key.clone(), value });
        } else if !arguments.len().is_multiple_of(2) {
            return self.report(
                ExpressionError::new(WRONG_ARGUMENTS, "each column of a lookup needs a value to match", range)
                    .with_help(format!("write {}", definition.usage)),
            );
        } else {
            for pair in arguments[2..].chunks(2) {
                conditions.push(self.condition(definition, table_name, &table, &pair[0], &pair[1])?);
            }
        }
        Some(Expr::Lookup { table: table_name.to_owned(), column: column.to_owned(), conditions, ty })
    }

    fn condition(
        &mut self,
        definition: &Definition,
        table_name: &str,
        table: &TableShape,
        name: &Syntax,
        value: &Syntax,
    ) -> Option<Condition> {
        let column = self.written(definition, name)?;
        let Some((low, high)) = column.split_once("..") else {
            let ty = self.table_column(table_name, table, column, &name.range)?;
            let value = self.expect(value, &ty)?;
            return Some(Condition::Match { column: column.to_owned(), value });
        };
        let low_type = self.table_column(table_name, table, low, &name.range)?;
        let high_type = self.table_column(table_name, table, high, &name.range)?;
        if low_type != high_type {
            return self.report(ExpressionError::new(
                WRONG_ARGUMENTS,
                format!("the bounds {low} ({low_type}) and {high} ({high_type}) differ in type"),
                &name.range,
            ));
        }
        if !low_type.is_number() && !low_type.is_temporal() {
            return self.report(ExpressionError::new(
                WRONG_ARGUMENTS,
                format!("a range is of numbers or dates, and {low} is {low_type}"),
                &name.range,
            ));
        }
        let value = self.expect(value, &low_type)?;
        Some(Condition::Range { low: low.to_owned(), high: high.to_owned(), value })
    }

    pub(super) fn in_table(
        &mut self,
        definition: &Definition,
        arguments: &[Syntax],
        range: &Range<usize>,
    ) -> Option<Expr> {
        self.count(definition, arguments, 2, 3, range)?;
        let table_name = self.written(definition, &arguments[1])?;
        let table = self.table(table_name, &arguments[1].range)?;
        let (column, place) = match arguments.get(2) {
            Some(argument) => (self.written(definition, argument)?.to_owned(), &argument.range),
            None => (table.key.clone(), &arguments[1].range),
        };
        let ty = self.table_column(table_name, &table, &column, place)?;
        let of = Box::new(self.expect(&arguments[0], &ty)?);
        Some(Expr::InTable { of, table: table_name.to_owned(), column })
    }

    fn written<'s>(&mut self, definition: &Definition, syntax: &'s Syntax) -> Option<&'s str> {
        match &syntax.node {
            Node::Literal(Literal::Text(text)) => Some(text),
            _ => self.report(
                ExpressionError::new(
                    WRONG_ARGUMENTS,
                    "names of tables and columns are written in quotes",
                    &syntax.range,
                )
                .with_help(format!("write {}", definition.usage)),
            ),
        }
    }

    fn table(&mut self, name: &str, range: &Range<usize>) -> Option<TableShape> {
        match self.scope.table(name) {
            Some(table) => Some(table),
            None => self.report(ExpressionError::new(UNKNOWN_NAME, format!("there is no table `{name}`"), range)),
        }
    }

    fn table_column(
        &mut self,
        table_name: &str,
        table: &TableShape,
        column: &str,
        range: &Range<usize>,
    ) -> Option<Type> {
        if let Some((_, ty)) = table.columns.iter().find(|(name, _)| name == column) {
            return Some(ty.clone());
        }
        let names = table.columns.iter().map(|(name, _)| name.as_str());
        let error =
            ExpressionError::new(UNKNOWN_NAME, format!("the table `{table_name}` has no column `{column}`"), range);
        self.report(match nearest(column, names) {
            Some(near) => error.with_help(format!("did you mean `{near}`?")),
            None => error,
        })
    }
}
