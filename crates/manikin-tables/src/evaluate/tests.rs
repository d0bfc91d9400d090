//! What expressions give on small tables.

use std::collections::BTreeMap;

use manikin_expression::functions::REGISTRY;
use manikin_expression::{ColumnRef, Hop, Literal, Macro, ResolveError, Scope, TableShape, Type, Via, check};

mod sqlite;

use super::{LookupTable, NO_ROW, Relations, evaluate, violations};
use crate::column::Column;

/// Patients, their claims, and a table of fees.
struct World {
    columns: BTreeMap<(&'static str, &'static str), Column>,
    hops: BTreeMap<(&'static str, Hop), Vec<u32>>,
    tables: BTreeMap<&'static str, LookupTable>,
}

fn parent() -> Hop {
    Hop { via: Via::Parent, entity: "patient".to_owned() }
}

fn world() -> World {
    let date = |text: &str| manikin_expression::calendar::parse_date(text);
    let columns = BTreeMap::from([
        (("patient", "name"), Column::texts([Some("Ana"), None, Some("Bo")])),
        (("patient", "born"), Column::dates([date("1960-07-02"), date("2000-02-29"), None])),
        (("patient", "glucose"), Column::optional_floats([Some(5.5), Some(7.25), None])),
        (("patient", "sodium"), Column::integers(vec![140, 135, 150])),
        (
            ("patient", "codes"),
            Column::lists(&[Some(vec!["E11".into(), "I10".into()]), None, Some(vec!["I10".into(), "I10".into()])]),
        ),
        (("claim", "billed"), Column::units([Some(1050), Some(200), None, Some(-75)], Type::Decimal(2))),
        (("claim", "units"), Column::units([Some(1), Some(0), Some(3), None], Type::Integer)),
        (("claim", "paid"), Column::booleans([Some(true), Some(false), None, Some(true)])),
        (("claim", "code"), Column::texts([Some("A"), Some("B"), Some("A"), Some("Z")])),
    ]);
    let hops = BTreeMap::from([(("claim", parent()), vec![0, 0, 1, NO_ROW])]);
    let fees = LookupTable::new(
        "fees",
        vec![
            ("code".to_owned(), Column::texts([Some("A"), Some("A"), Some("B"), None])),
            ("from".to_owned(), Column::units([Some(0), Some(2), None, None], Type::Integer)),
            ("to".to_owned(), Column::units([Some(1), Some(9), None, None], Type::Integer)),
            ("fee".to_owned(), Column::units([Some(10), Some(20), Some(30), Some(40)], Type::Integer)),
        ],
    )
    .expect("columns of one length");
    World { columns, hops, tables: BTreeMap::from([("fees", fees)]) }
}

impl Relations for World {
    fn rows(&self, entity: &str) -> usize {
        self.columns.iter().find(|((of, _), _)| *of == entity).map_or(0, |(_, column)| column.len())
    }

    fn column(&self, entity: &str, field: &str) -> Option<&Column> {
        self.columns.iter().find(|((of, name), _)| *of == entity && *name == field).map(|(_, column)| column)
    }

    fn hop(&self, entity: &str, hop: &Hop) -> Option<&[u32]> {
        self.hops.iter().find(|((of, way), _)| *of == entity && way == hop).map(|(_, rows)| rows.as_slice())
    }

    fn table(&self, name: &str) -> Option<&LookupTable> {
        self.tables.get(name)
    }
}

struct Names<'a> {
    world: &'a World,
    entity: &'a str,
}

impl Scope for Names<'_> {
    fn column(&self, path: &[&str]) -> Result<ColumnRef, ResolveError> {
        let (hops, entity, field) = match path {
            [field] => (vec![], self.entity, *field),
            ["patient", field] if self.entity == "claim" => (vec![parent()], "patient", *field),
            _ => (vec![], "", ""),
        };
        match self.world.column(entity, field) {
            Some(column) => Ok(ColumnRef {
                hops,
                entity: entity.to_owned(),
                field: field.to_owned(),
                ty: column.ty().clone(),
                nullable: true,
            }),
            None => Err(ResolveError { message: format!("no {path:?}"), suggestions: vec![], ambiguous: false }),
        }
    }

    fn child(&self, name: &str) -> Option<(Vec<Hop>, Box<dyn Scope + '_>)> {
        (self.entity == "patient" && name == "claim")
            .then(|| (vec![parent()], Box::new(Names { world: self.world, entity: "claim" }) as Box<dyn Scope>))
    }

    fn row(&self, path: &[&str]) -> Option<Vec<ColumnRef>> {
        let fields = ["name", "born", "glucose", "sodium"];
        (path == ["patient"]).then(|| {
            let prefix: &[&str] = if self.entity == "claim" { &["patient"] } else { &[] };
            fields.iter().filter_map(|field| self.column(&[prefix, &[*field]].concat()).ok()).collect()
        })
    }

    fn constant(&self, name: &str) -> Option<Literal> {
        (name == "as_of").then(|| Literal::temporal("2025-07-01")).flatten()
    }

    fn function(&self, name: &str) -> Option<Macro> {
        let of = |parameters: &[&str], body: &str| Macro {
            parameters: parameters.iter().map(|name| (*name).to_owned()).collect(),
            body: body.to_owned(),
        };
        match name {
            "age" => None,
            "age_of" => Some(of(&["birth"], "years_between(birth, as_of)")),
            "loop" => Some(of(&["x"], "loop(x) + 1")),
            _ => None,
        }
    }

    fn table(&self, name: &str) -> Option<TableShape> {
        let table = self.world.tables.get(name)?;
        let columns = ["code", "from", "to", "fee"]
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), table.column(name)?.ty().clone())))
            .collect();
        Some(TableShape { key: "code".to_owned(), columns })
    }
}

fn on(entity: &str, text: &str) -> Column {
    let world = world();
    let expression =
        check(text, &Names { world: &world, entity }).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
    evaluate(&expression, entity, &world).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn flags(column: &Column) -> Vec<Option<bool>> {
    column.series().bool().expect("booleans").iter().collect()
}

fn wholes(column: &Column) -> Vec<Option<i64>> {
    column.series().i64().expect("integers").iter().collect()
}

#[test]
fn every_example_of_the_registry_has_its_value() {
    for definition in REGISTRY {
        for example in definition.examples {
            let call = on("patient", example.call);
            let world = world();
            let names = Names { world: &world, entity: "patient" };
            let value = check(example.value, &names)
                .ok()
                .and_then(|value| value.assigned_to(call.ty()).ok())
                .unwrap_or_else(|| match call.ty() {
                    Type::Date | Type::DateTime => {
                        manikin_expression::check_as(example.value, &names, call.ty()).expect("a date")
                    }
                    _ => panic!("{} = {}", example.call, example.value),
                });
            let expected = evaluate(&value, "patient", &world).expect("a literal");
            assert_eq!(call, expected, "{} is {}", example.call, example.value);
        }
    }
}

#[test]
fn logic_is_three_valued() {
    let t = Some(true);
    let f = Some(false);
    assert_eq!(flags(&on("claim", "paid and null")), [None, f, None, None]);
    assert_eq!(flags(&on("claim", "paid or null")), [t, None, None, t]);
    assert_eq!(flags(&on("claim", "paid and paid is not null")), [t, f, f, t]);
    assert_eq!(flags(&on("claim", "paid or not paid")), [t, t, None, t]);
    assert_eq!(flags(&on("claim", "units in (1, null)")), [t, None, None, None]);
    assert_eq!(flags(&on("claim", "units not in (1, 3)")), [f, t, f, None]);
    assert_eq!(flags(&on("claim", "billed between 2 and units * 20.0")), [t, f, None, f]);
    assert_eq!(flags(&on("claim", "code like '_' and code not like 'Z%'")), [t, t, t, f]);
    assert_eq!(flags(&on("claim", "paid is not true")), [f, t, t, f]);
}

#[test]
fn a_rule_fails_only_where_it_is_false() {
    let world = world();
    let rule = check("billed > 5", &Names { world: &world, entity: "claim" }).expect("a rule");
    assert_eq!(violations(&rule, "claim", &world), Ok(vec![1, 3]));
}

#[test]
fn decimals_are_exact() {
    assert_eq!(wholes(&on("claim", "billed + 0.125")), [Some(10_625), Some(2_125), None, Some(-625)]);
    assert_eq!(wholes(&on("claim", "billed * 3")), [Some(3150), Some(600), None, Some(-225)]);
    assert_eq!(flags(&on("claim", "billed = 10.5")), [Some(true), Some(false), None, Some(false)]);
    assert_eq!(wholes(&on("claim", "round(billed)")), [Some(11), Some(2), None, Some(-1)]);
}

#[test]
fn what_has_no_value_is_null() {
    assert_eq!(on("claim", "1 / units").null_count(), 2);
    assert_eq!(on("claim", "7 % units").null_count(), 2);
    assert_eq!(on("claim", "9223372036854775807 + units").null_count(), 3);
    assert_eq!(on("patient", "born + days(99999999)").null_count(), 3);
    assert_eq!(on("patient", "born + months(9223372036854775807)").null_count(), 3);
}

#[test]
fn a_parents_column_is_null_where_there_is_no_parent() {
    assert_eq!(wholes(&on("claim", "patient.sodium")), [Some(140), Some(140), Some(135), None]);
    assert_eq!(wholes(&on("patient", "age_of(born)")), [Some(64), Some(25), None]);
}

#[test]
fn aggregates_run_over_the_children_of_each_row() {
    assert_eq!(wholes(&on("patient", "sum(claim.billed)")), [Some(1250), Some(0), Some(0)]);
    assert_eq!(wholes(&on("patient", "count(claim)")), [Some(2), Some(1), Some(0)]);
    assert_eq!(wholes(&on("patient", "count(claim.billed)")), [Some(2), Some(0), Some(0)]);
    assert_eq!(wholes(&on("patient", "count(distinct claim.code)")), [Some(2), Some(1), Some(0)]);
    assert_eq!(wholes(&on("patient", "count_if(claim.units > 0)")), [Some(1), Some(1), Some(0)]);
    assert_eq!(wholes(&on("patient", "max(claim.units)")), [Some(1), Some(3), None]);
    assert_eq!(wholes(&on("patient", "sum(claim.units) filter (where claim.code = 'A')")), [Some(1), Some(3), Some(0)]);
    assert_eq!(flags(&on("patient", "any(claim.paid)")), [Some(true), Some(false), Some(false)]);
    assert_eq!(flags(&on("patient", "every(claim.paid)")), [Some(false), Some(true), Some(true)]);
    assert_eq!(flags(&on("patient", "any(claim.units * 140 = sodium)")), [Some(true), Some(false), Some(false)]);
}

#[test]
fn lookups_take_the_first_row_that_matches() {
    let some = |values: [i64; 4]| values.map(Some).to_vec();
    assert_eq!(wholes(&on("claim", "lookup('fees', 'fee', code)"))[..3], some([10, 30, 10, 0])[..3]);
    assert_eq!(wholes(&on("claim", "lookup('fees', 'fee', code)"))[3], None);
    assert_eq!(wholes(&on("claim", "lookup('fees', 'fee', 'code', code, 'from..to', units)")), some([10, 30, 20, 40]));
    assert_eq!(flags(&on("claim", "in_table(code, 'fees')")), [Some(true), Some(true), Some(true), Some(false)]);
}

#[test]
fn a_cell_is_named_by_its_column() {
    let cells = on("patient", "cell(patient, if(name = 'Ana', 'glucose', 'sodium'))");
    assert_eq!(cells, Column::floats(vec![5.5, 135.0, 150.0]));
    assert_eq!(on("claim", "cell(patient, 'glucose')").null_count(), 1);
    assert_eq!(on("patient", "cell(patient, 'potassium')").null_count(), 3);
}

#[test]
fn lists_of_rows_are_read_item_by_item() {
    assert_eq!(wholes(&on("patient", "size(codes)")), [Some(2), None, Some(2)]);
    assert_eq!(flags(&on("patient", "contains_item(codes, 'E11')")), [Some(true), None, Some(false)]);
    assert_eq!(flags(&on("patient", "distinct_items(codes)")), [Some(true), None, Some(false)]);
    assert_eq!(on("patient", "item(codes, 2)"), Column::texts([Some("I10"), None, Some("I10")]));
}

#[test]
fn mistakes_have_codes_places_and_help() {
    let world = world();
    let names = Names { world: &world, entity: "claim" };
    let codes = |text: &str| -> Vec<(&str, String)> {
        let errors = check(text, &names).err().unwrap_or_default();
        errors.into_iter().map(|error| (error.code, text[error.range].to_owned())).collect()
    };
    assert_eq!(codes("billed >"), [("MK0401", String::new())]);
    assert_eq!(codes("biled > 1 and cod = 2"), [("MK0403", "biled".to_owned()), ("MK0403", "cod".to_owned())]);
    assert_eq!(codes("code > 1"), [("MK0404", "1".to_owned())]);
    assert_eq!(codes("'é' = code and substr(code)")[0].0, "MK0405");
    assert_eq!(codes("now() > '2025-01-01'")[0].0, "MK0406");
    assert_eq!(codes("loop(1) = 2")[0].0, "MK0402");
    assert_eq!(codes("cast(code as integer)")[0].0, "MK0402");
    assert_eq!(codes("round(1, 2, 3)")[0].0, "MK0405");
}
