//! Prints the examples of every function as JSON: the call and its value as SQL of each dialect.
//!
//! `tests/agreement/agree.py` runs them in the databases and compares.

use std::io::{self, Write as _};

use manikin_expression::functions::REGISTRY;
use manikin_expression::sql::{Dialect, Naming, render};
use manikin_expression::{
    ColumnRef, Expression, Hop, Literal, Macro, ResolveError, Scope, TableShape, check, check_as,
};
use serde_json::{Map, Value, json};

/// Examples name nothing.
struct Nothing;

impl Scope for Nothing {
    fn column(&self, path: &[&str]) -> Result<ColumnRef, ResolveError> {
        Err(ResolveError { message: format!("no {}", path.join(".")), suggestions: Vec::new(), ambiguous: false })
    }

    fn child(&self, _: &str) -> Option<(Vec<Hop>, Box<dyn Scope + '_>)> {
        None
    }

    fn constant(&self, _: &str) -> Option<Literal> {
        None
    }

    fn function(&self, _: &str) -> Option<Macro> {
        None
    }

    fn table(&self, _: &str) -> Option<TableShape> {
        None
    }
}

impl Naming for Nothing {
    fn key(&self, _: &str) -> Vec<String> {
        Vec::new()
    }

    fn hop(&self, _: &str, _: &Hop) -> Vec<(String, String)> {
        Vec::new()
    }
}

fn main() -> io::Result<()> {
    let mut cases = Vec::new();
    for definition in REGISTRY {
        for example in definition.examples {
            let call = check(example.call, &Nothing).map_err(failed)?;
            let value = check_as(example.value, &Nothing, &call.ty).map_err(failed)?;
            let mut sql = Map::new();
            for dialect in Dialect::ALL {
                let pair = [text(&call, dialect)?, text(&value, dialect)?];
                sql.insert(dialect.name().to_owned(), json!(pair));
            }
            cases
                .push(json!({ "call": example.call, "value": example.value, "type": call.ty.to_string(), "sql": sql }));
        }
    }
    let mut out = io::stdout().lock();
    writeln!(out, "{}", Value::from(cases))
}

fn text(expression: &Expression, dialect: Dialect) -> io::Result<String> {
    render(expression, "nothing", dialect, &Nothing).map(|sql| sql.text).map_err(failed)
}

fn failed(error: impl std::fmt::Debug) -> io::Error {
    io::Error::other(format!("{error:?}"))
}
