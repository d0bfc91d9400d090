//! SQLite as the oracle: drawn expressions give the same values row by row there and here.

use manikin_expression::sql::{Dialect, Naming, render, rule_query};
use manikin_expression::{Hop, Type, check};
use rusqlite::Connection;
use rusqlite::types::Value;

use super::super::{NO_ROW, evaluate, violations};
use super::{Names, World, parent, world};
use crate::column::Column;

/// Tables have a column `row_id` that numbers the rows; claims say their patient's in `patient_id`.
struct Tables;

impl Naming for Tables {
    fn key(&self, _: &str) -> Vec<String> {
        vec!["row_id".to_owned()]
    }

    fn hop(&self, _: &str, _: &Hop) -> Vec<(String, String)> {
        vec![("patient_id".to_owned(), "row_id".to_owned())]
    }

    fn lookup_order(&self, _: &str) -> Option<String> {
        Some("rowid".to_owned())
    }
}

/// The value of a row as SQLite holds it inside a rendered expression: decimals by their units.
fn cells(column: &Column) -> Vec<Value> {
    let series = column.series();
    let or = |value: Option<Value>| value.unwrap_or(Value::Null);
    match column.ty() {
        Type::Null => vec![Value::Null; column.len()],
        Type::Boolean => {
            series.bool().expect("booleans").iter().map(|v| or(v.map(|v| Value::Integer(v.into())))).collect()
        }
        Type::Float => series.f64().expect("floats").iter().map(|v| or(v.map(Value::Real))).collect(),
        Type::Text => series.str().expect("texts").iter().map(|v| or(v.map(|v| Value::Text(v.to_owned())))).collect(),
        Type::Date => {
            let text = |day| Value::Text(manikin_expression::calendar::date_text(day));
            series.i32().expect("dates").iter().map(|v| or(v.map(text))).collect()
        }
        Type::DateTime => {
            let text = |at| Value::Text(format!("{}.000", manikin_expression::calendar::datetime_text(at, ' ')));
            series.i64().expect("moments").iter().map(|v| or(v.map(text))).collect()
        }
        Type::List(_) => {
            let lists = series.list().expect("lists");
            let text = |list: polars::prelude::Series| {
                let items = list.str().expect("texts");
                let items: Vec<String> = items.iter().flatten().map(|item| format!("\"{item}\"")).collect();
                Value::Text(format!("[{}]", items.join(",")))
            };
            (0..lists.len()).map(|row| or(lists.get_as_series(row).map(text))).collect()
        }
        _ => series.i64().expect("integers").iter().map(|v| or(v.map(Value::Integer))).collect(),
    }
}

fn stored(column: &Column) -> Vec<Value> {
    let scale = if let Type::Decimal(scale) = column.ty() { Some(*scale) } else { None };
    cells(column)
        .into_iter()
        .map(|cell| match (cell, scale) {
            (Value::Integer(units), Some(scale)) => {
                Value::Real(units as f64 / manikin_expression::power_of_ten(scale) as f64)
            }
            (cell, _) => cell,
        })
        .collect()
}

fn database(world: &World) -> Connection {
    let lite = Connection::open_in_memory().expect("a database");
    let mut tables: Vec<(&str, Vec<(&str, &Column)>)> = Vec::new();
    for ((entity, field), column) in &world.columns {
        match tables.last_mut() {
            Some((last, columns)) if last == entity => columns.push((field, column)),
            _ => tables.push((entity, vec![(field, column)])),
        }
    }
    let fees = &world.tables["fees"];
    let of_fees = ["code", "from", "to", "fee"].iter().filter_map(|name| Some((*name, fees.column(name)?))).collect();
    tables.push(("fees", of_fees));
    for (entity, columns) in tables {
        let names: String = columns.iter().map(|(name, _)| format!(", \"{name}\"")).collect();
        lite.execute_batch(&format!("CREATE TABLE {entity} (row_id INTEGER, patient_id INTEGER{names})"))
            .expect("a table");
        let parents = world.hops.iter().find(|((of, hop), _)| *of == entity && *hop == parent()).map(|(_, rows)| rows);
        let columns: Vec<Vec<Value>> = columns.iter().map(|(_, column)| stored(column)).collect();
        for row in 0..columns[0].len() {
            let parent = match parents.map(|rows| rows[row]) {
                Some(parent) if parent != NO_ROW => Value::Integer(parent.into()),
                _ => Value::Null,
            };
            let mut values = vec![Value::Integer(row as i64), parent];
            values.extend(columns.iter().map(|column| column[row].clone()));
            let marks = vec!["?"; values.len()].join(", ");
            lite.execute(&format!("INSERT INTO {entity} VALUES ({marks})"), rusqlite::params_from_iter(values))
                .expect("a row");
        }
    }
    lite
}

/// Draws choices from a fixed sequence.
struct Draw(u64);

impl Draw {
    fn below(&mut self, n: usize) -> usize {
        // Knuth's MMIX multiplier; the high bits are the good ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % n as u64) as usize
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }

    fn integer(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.of(&["units", "0", "3", "-2", "length(code)", "patient.sodium", "null"]).to_owned();
        }
        match self.below(11) {
            0 => {
                format!("({} {} {})", self.integer(depth - 1), self.of(&["+", "-", "*", "%"]), self.integer(depth - 1))
            }
            1 => format!("if({}, {}, {})", self.boolean(depth - 1), self.integer(depth - 1), self.integer(depth - 1)),
            2 => format!(
                "{}({}, {})",
                self.of(&["least", "greatest", "coalesce", "nullif"]),
                self.integer(depth - 1),
                self.integer(depth - 1)
            ),
            3 => format!("{}({})", self.of(&["round", "floor", "ceil", "integer", "sign"]), self.number(depth - 1)),
            4 => format!(
                "{}({})",
                self.of(&["year", "month", "day", "day_of_week", "day_of_year"]),
                self.date(depth - 1)
            ),
            5 => format!(
                "{}({}, {})",
                self.of(&["days_between", "months_between", "years_between", "hours_between"]),
                self.date(depth - 1),
                self.date(depth - 1)
            ),
            6 => format!(
                "lookup('fees', 'fee', 'code', {}, 'from..to', {})",
                self.text(depth - 1),
                self.integer(depth - 1)
            ),
            7 => format!("length({})", self.text(depth - 1)),
            8 => format!(
                "case {} when {} then 1 when 2 then {} end",
                self.integer(depth - 1),
                self.integer(depth - 1),
                self.integer(depth - 1)
            ),
            9 => format!("abs({})", self.integer(depth - 1)),
            _ => self.integer(0),
        }
    }

    fn number(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.of(&["billed", "patient.glucose", "2.5", "-0.5", "units"]).to_owned();
        }
        match self.below(5) {
            0 => format!("({} {} {})", self.number(depth - 1), self.of(&["+", "-", "/"]), self.number(depth - 1)),
            1 => format!("decimal({}, {})", self.number(depth - 1), self.below(4)),
            2 => format!("round({}, {})", self.number(depth - 1), self.below(3)),
            3 => format!("abs({})", self.number(depth - 1)),
            _ => self.number(0),
        }
    }

    fn date(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.of(&["patient.born", "date '2024-01-31'", "as_of", "date '2023-02-28'"]).to_owned();
        }
        match self.below(4) {
            0 => format!(
                "({} {} {}({}))",
                self.date(depth - 1),
                self.of(&["+", "-"]),
                self.of(&["days", "weeks", "months", "years"]),
                self.integer(0)
            ),
            1 => format!("{}({})", self.of(&["start_of_month", "start_of_year", "date"]), self.date(depth - 1)),
            2 => format!("date(datetime({}, {}))", self.date(depth - 1), self.integer(0)),
            _ => self.date(0),
        }
    }

    fn text(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.of(&["code", "'A'", "patient.name", "'a é'", "''"]).to_owned();
        }
        match self.below(8) {
            0 => format!("({} || {})", self.text(depth - 1), self.text(depth - 1)),
            1 => format!("substr({}, {}, {})", self.text(depth - 1), self.integer(0), self.integer(0)),
            2 => format!("{}({}, {})", self.of(&["left", "right"]), self.text(depth - 1), self.integer(0)),
            3 => format!("lpad({}, {}, '0')", self.text(depth - 1), self.integer(0)),
            4 => format!("replace({}, {}, {})", self.text(depth - 1), self.text(0), self.text(0)),
            5 => format!("text({})", self.date(depth - 1)),
            6 => format!("text({})", self.integer(depth - 1)),
            _ => format!("trim({})", self.text(depth - 1)),
        }
    }

    fn boolean(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.of(&["paid", "true", "false", "null"]).to_owned();
        }
        let compare = ["=", "<>", "<", "<=", ">", ">="];
        match self.below(12) {
            0 => format!("({} and {})", self.boolean(depth - 1), self.boolean(depth - 1)),
            1 => format!("({} or {})", self.boolean(depth - 1), self.boolean(depth - 1)),
            2 => format!("not {}", self.boolean(depth - 1)),
            3 => format!("{} {} {}", self.integer(depth - 1), self.of(&compare), self.integer(depth - 1)),
            4 => format!("{} {} {}", self.text(depth - 1), self.of(&compare), self.text(depth - 1)),
            5 => format!("{} {} {}", self.date(depth - 1), self.of(&compare), self.date(depth - 1)),
            6 => format!("{} in ({}, 1, {})", self.integer(depth - 1), self.integer(depth - 1), self.integer(0)),
            7 => format!("{} not between {} and {}", self.integer(depth - 1), self.integer(0), self.integer(depth - 1)),
            8 => format!(
                "({}) is {}",
                self.boolean(depth - 1),
                self.of(&["null", "not null", "true", "not true", "false"])
            ),
            9 => format!("{} like {}", self.text(depth - 1), self.of(&["'A%'", "'%a'", "'_'", "'%0%1%'", "'%'"])),
            10 => format!(
                "{}({}, {})",
                self.of(&["starts_with", "ends_with", "contains"]),
                self.text(depth - 1),
                self.text(0)
            ),
            _ => format!("in_table({}, 'fees')", self.text(depth - 1)),
        }
    }
}

fn agree(found: &Value, expected: &Value) -> bool {
    match (found, expected) {
        (Value::Real(a), Value::Real(b)) => (a - b).abs() <= 1e-9 * b.abs().max(1.0),
        (Value::Real(a), Value::Integer(b)) | (Value::Integer(b), Value::Real(a)) => *a == *b as f64,
        _ => found == expected,
    }
}

fn compare(world: &World, lite: &Connection, entity: &str, text: &str) {
    let expression = check(text, &Names { world, entity }).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
    let here = cells(&evaluate(&expression, entity, world).unwrap_or_else(|error| panic!("{text}: {error}")));
    let Ok(sql) = render(&expression, entity, Dialect::Sqlite, &Tables) else {
        return;
    };
    let query = format!("SELECT {} FROM {} ORDER BY t0.row_id", sql.text, sql.from);
    let mut statement = match lite.prepare(&query) {
        Ok(statement) => statement,
        // SQLite has its own bound on how deep a text may nest.
        Err(error) if error.to_string().contains("too large") || error.to_string().contains("overflow") => return,
        Err(error) => panic!("{text}: {error}\n{query}"),
    };
    let there: Vec<Value> = statement
        .query_map([], |row| row.get(0))
        .and_then(Iterator::collect)
        .unwrap_or_else(|error| panic!("{text}: {error}\n{query}"));
    assert!(
        here.len() == there.len() && here.iter().zip(&there).all(|(here, there)| agree(here, there)),
        "{text}\nhere  {here:?}\nthere {there:?}\n{query}"
    );
}

#[test]
fn drawn_expressions_have_the_same_values_in_sqlite() {
    let world = world();
    let lite = database(&world);
    let mut draw = Draw(7);
    for round in 0..4000 {
        let depth = 1 + round % 3;
        let text = match round % 5 {
            0 => draw.integer(depth),
            1 => draw.number(depth),
            2 => draw.date(depth),
            3 => draw.text(depth),
            _ => draw.boolean(depth),
        };
        compare(&world, &lite, "claim", &text);
    }
}

#[test]
fn aggregates_cells_and_lists_have_the_same_values_in_sqlite() {
    let world = world();
    let lite = database(&world);
    for text in [
        "sum(claim.billed)",
        "sum(claim.billed * 2) filter (where claim.code = 'A')",
        "avg(claim.units)",
        "min(claim.billed)",
        "max(claim.code)",
        "count(claim)",
        "count(distinct claim.code)",
        "count_if(claim.units > 0)",
        "any(claim.paid)",
        "every(claim.paid)",
        "any(claim.units * 140 = sodium)",
        "cell(patient, if(name = 'Ana', 'glucose', 'sodium'))",
        "size(codes)",
        "item(codes, 2)",
        "contains_item(codes, 'E11')",
        "distinct_items(codes)",
    ] {
        compare(&world, &lite, "patient", text);
    }
}

#[test]
fn a_rule_finds_the_same_rows_in_sqlite() {
    let world = world();
    let lite = database(&world);
    for text in ["billed > 5", "patient.sodium < 140", "units in (1, 3)", "patient.born < '1970-01-01' or paid"] {
        let rule = check(text, &Names { world: &world, entity: "claim" }).expect("a rule");
        let query = rule_query("claim", &rule, Dialect::Sqlite, &Tables).expect("short SQL");
        let mut statement = lite.prepare(&query).expect("a query");
        let there: Vec<u32> = statement.query_map([], |row| row.get(0)).and_then(Iterator::collect).expect("rows");
        assert_eq!(violations(&rule, "claim", &world), Ok(there), "{text}");
    }
}
