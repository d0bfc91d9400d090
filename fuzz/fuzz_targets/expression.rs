//! Any text is an expression or is refused with places inside it; what passes renders as SQL of every dialect.
#![no_main]

use libfuzzer_sys::fuzz_target;
use manikin_expression::sql::{Dialect, Naming, render};
use manikin_expression::{
    ColumnRef, Hop, Literal, Macro, ResolveError, Scope, TableShape, Type, Via, check, check_as, names,
};

/// A claim, its patient, its lines, a table and a few functions.
#[derive(Clone, Copy)]
enum Row {
    Claim,
    Line,
}

const CLAIM: &[(&str, Type)] = &[
    ("n", Type::Integer),
    ("x", Type::Float),
    ("paid", Type::Decimal(2)),
    ("s", Type::Text),
    ("day", Type::Date),
    ("moment", Type::DateTime),
    ("flag", Type::Boolean),
];
const LINE: &[(&str, Type)] = &[("line", Type::Integer), ("billed", Type::Decimal(2)), ("code", Type::Text)];

fn parent(entity: &str) -> Hop {
    Hop { via: Via::Parent, entity: entity.to_owned() }
}

fn column(entity: &str, hops: Vec<Hop>, field: &str, ty: Type) -> ColumnRef {
    ColumnRef { hops, entity: entity.to_owned(), field: field.to_owned(), ty, nullable: true }
}

impl Row {
    fn own(self, field: &str) -> Option<ColumnRef> {
        let (entity, fields) = match self {
            Row::Claim => ("claim", CLAIM),
            Row::Line => ("claim_line", LINE),
        };
        if field == "codes" && matches!(self, Row::Claim) {
            return Some(column(entity, Vec::new(), field, Type::List(Box::new(Type::Text))));
        }
        let (_, ty) = fields.iter().find(|(name, _)| *name == field)?;
        Some(column(entity, Vec::new(), field, ty.clone()))
    }
}

impl Scope for Row {
    fn column(&self, path: &[&str]) -> Result<ColumnRef, ResolveError> {
        let found = match (self, path) {
            (row, [field]) => row.own(field),
            (Row::Claim, ["patient", "birth_date"]) => {
                Some(column("patient", vec![parent("patient")], "birth_date", Type::Date))
            }
            (Row::Line, ["claim", field]) => Row::Claim.own(field).map(|own| ColumnRef { hops: vec![parent("claim")], ..own }),
            _ => None,
        };
        found.ok_or_else(|| ResolveError {
            message: format!("there is no field `{}`", path.join(".")),
            suggestions: Vec::new(),
            ambiguous: path == ["twice"],
        })
    }

    fn child(&self, name: &str) -> Option<(Vec<Hop>, Box<dyn Scope + '_>)> {
        match (self, name) {
            (Row::Claim, "claim_line") => Some((vec![parent("claim")], Box::new(Row::Line))),
            _ => None,
        }
    }

    fn row(&self, path: &[&str]) -> Option<Vec<ColumnRef>> {
        let fields = if matches!(self, Row::Claim) { CLAIM } else { LINE };
        path.is_empty().then(|| fields.iter().filter_map(|(name, _)| self.own(name)).collect())
    }

    fn constant(&self, name: &str) -> Option<Literal> {
        (name == "most").then_some(Literal::Integer(7))
    }

    fn function(&self, name: &str) -> Option<Macro> {
        let body = match name {
            "bmi" => "a / (b * b)",
            "circle" => "circle(a, b) + 1",
            "broken" => "a +",
            _ => return None,
        };
        Some(Macro { parameters: vec!["a".to_owned(), "b".to_owned()], body: body.to_owned() })
    }

    fn table(&self, name: &str) -> Option<TableShape> {
        let columns = [("code", Type::Text), ("from", Type::Integer), ("to", Type::Integer), ("rate", Type::Float)];
        (name == "t").then(|| TableShape {
            key: "code".to_owned(),
            columns: columns.map(|(name, ty)| (name.to_owned(), ty)).into(),
        })
    }
}

impl Naming for Row {
    fn key(&self, _: &str) -> Vec<String> {
        vec!["n".to_owned()]
    }

    fn hop(&self, _: &str, _: &Hop) -> Vec<(String, String)> {
        vec![("n".to_owned(), "n".to_owned())]
    }
}

fuzz_target!(|text: &str| {
    let _ = names(text);
    match check(text, &Row::Claim) {
        Ok(expression) => {
            for dialect in Dialect::ALL {
                let _ = render(&expression, "claim", dialect, &Row::Claim);
            }
        }
        Err(errors) => {
            assert!(!errors.is_empty(), "refused without a reason");
            for error in errors {
                assert!(text.get(error.range.clone()).is_some(), "{error:?} is outside its text");
            }
        }
    }
    let _ = check_as(text, &Row::Claim, &Type::Boolean);
});
