//! A spec's rules as SQL, so that they run in a user's warehouse and find the same rows.

use manikin_expression::sql::{Dialect, Lists, Naming, rule_query};
use manikin_expression::{Expression, Hop, Via};
use manikin_spec::Spec;
use manikin_spec::spec::{Entity, EntityId};
use manikin_spec::table::{Table, Values};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Column that numbers the rows of a spec's table in a database: where several rows fit a lookup, the first counts.
const ROW_NUMBER: &str = "row_number";

/// Everything that it takes to run a spec's rules in a database that holds its entities' tables.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleBook {
    /// The dialect of the queries.
    pub dialect: &'static str,
    /// Key columns by entity: what each query selects, in this order.
    pub keys: BTreeMap<String, Vec<String>>,
    /// The spec's own tables that the queries read.
    pub tables: Vec<RuleTable>,
    /// The rules, in document order.
    pub rules: Vec<RuleQuery>,
}

/// A table of the spec, ready to be made in a database.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleTable {
    /// Its name, quoted for the dialect.
    pub name: String,
    /// The statement that makes it.
    pub create: String,
    /// Its rows, cells in the order of the columns.
    pub rows: Vec<Vec<Value>>,
}

/// A rule with the query that finds the rows that break it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleQuery {
    /// The entity.
    pub entity: String,
    /// The rule.
    pub rule: String,
    /// Its expression, as the spec writes it.
    pub holds: String,
    /// Selects the key of each row where the rule is false; `None` where it cannot run on written files.
    pub sql: Option<String>,
    /// Why there is no query.
    pub skipped: Option<String>,
    /// Tables of the spec that the query reads beside the entities.
    pub tables: Vec<String>,
}

/// Every rule of a spec as a query of a dialect, with the tables that the queries read.
#[must_use]
pub fn rule_book(spec: &Spec, dialect: Dialect) -> RuleBook {
    // As the DDL has them: CSV and SQL files hold lists as the text of a JSON array.
    let lists = Lists::Json;
    let rules = rule_queries(spec, dialect, lists);
    let names: BTreeSet<&String> =
        rules.iter().filter(|rule| rule.sql.is_some()).flat_map(|rule| &rule.tables).collect();
    let tables = names.into_iter().filter_map(|name| spec.tables.get(name)).map(|table| rule_table(table, dialect));
    let naming = Names { spec, lists };
    let written = spec.entities.iter().filter(|entity| !entity.hidden);
    let keys = written.map(|entity| (entity.name.clone(), naming.key(&entity.name))).collect();
    RuleBook { dialect: dialect.name(), keys, tables: tables.collect(), rules }
}

fn rule_table(table: &Table, dialect: Dialect) -> RuleTable {
    let name = dialect.identifier(&table.name);
    let columns = table.columns.iter().map(|column| {
        let ty = match (&column.values, dialect) {
            (Values::Integer(_), _) => "BIGINT",
            (Values::Number(_), Dialect::Sqlite) => "REAL",
            (Values::Number(_), Dialect::Postgres) => "DOUBLE PRECISION",
            (Values::Number(_), _) => "DOUBLE",
            (Values::Text(_), Dialect::Spark) => "STRING",
            (Values::Boolean(_), Dialect::Sqlite) => "INTEGER",
            (Values::Boolean(_), _) => "BOOLEAN",
            (Values::Text(_), _) | (Values::Date(_), Dialect::Sqlite) => "TEXT",
            (Values::Date(_), _) => "DATE",
        };
        format!("{} {ty}", dialect.identifier(&column.name))
    });
    let columns: Vec<String> =
        std::iter::once(format!("{} BIGINT", dialect.identifier(ROW_NUMBER))).chain(columns).collect();
    let create = format!("CREATE TABLE {name} ({})", columns.join(", "));
    let rows = (0..table.rows)
        .map(|row| {
            let cells = table.columns.iter().map(|column| match &column.values {
                Values::Integer(values) => json!(values[row]),
                Values::Number(values) => json!(values[row]),
                Values::Text(values) => json!(values[row].as_deref()),
                Values::Boolean(values) => json!(values[row]),
                Values::Date(values) => json!(values[row].map(|date| date.to_string())),
            });
            std::iter::once(json!(row)).chain(cells).collect()
        })
        .collect();
    RuleTable { name, create, rows }
}

/// Every rule of a spec as a query of a dialect, in document order.
fn rule_queries(spec: &Spec, dialect: Dialect, lists: Lists) -> Vec<RuleQuery> {
    let naming = Names { spec, lists };
    let mut queries = Vec::new();
    for entity in spec.entities.iter().filter(|entity| !entity.hidden) {
        for rule in &entity.rules {
            let mut holds = rule.holds.clone();
            if let Some(id) = spec.entity(&entity.name) {
                spec.straighten(id, &mut holds.root, &|of, field| !spec[of][field].hidden);
            }
            let skipped = unwritten(spec, entity, &holds);
            let rendered = match &skipped {
                Some(_) => None,
                None => Some(rule_query(&entity.name, &holds, dialect, &naming)),
            };
            let (sql, skipped) = match rendered {
                Some(Ok(sql)) => (Some(sql), None),
                Some(Err(error)) => (None, Some(error.to_string())),
                None => (None, skipped),
            };
            queries.push(RuleQuery {
                entity: entity.name.clone(),
                rule: rule.name.clone(),
                holds: rule.holds.text.clone(),
                sql,
                skipped,
                tables: rule.holds.tables().into_iter().map(str::to_owned).collect(),
            });
        }
    }
    queries
}

/// Why an expression cannot run on the written files, if it cannot.
fn unwritten(spec: &Spec, entity: &Entity, rule: &Expression) -> Option<String> {
    let mut missing = BTreeSet::new();
    for reference in rule.references() {
        let Some(id) = spec.entity(&reference.entity) else { continue };
        let hidden = match spec[id].field(&reference.field) {
            Some(field) => spec[id].hidden || spec[id][field].hidden,
            None => true,
        };
        if hidden {
            missing.insert(format!("{}.{}", reference.entity, reference.field));
        }
        let mut from = entity.name.clone();
        for hop in &reference.hops {
            if join(spec, &from, hop).is_none() {
                missing.insert(format!("the key of {} in {from}", hop.entity));
            }
            from.clone_from(&hop.entity);
        }
    }
    (!missing.is_empty()).then(|| format!("not written: {}", missing.into_iter().collect::<Vec<_>>().join(", ")))
}

/// The column here and the column there that a hop joins.
fn join(spec: &Spec, from: &str, hop: &Hop) -> Option<(String, String)> {
    let (from, to) = (spec.entity(from)?, spec.entity(&hop.entity)?);
    let key = spec[to].key.first()?;
    let field = match &hop.via {
        Via::Link(field) => spec[from].field(field)?,
        Via::Parent => manikin_spec::spec::FieldId(
            spec[from].fields.iter().position(|field| field.references == Some(to) && !field.hidden)?,
        ),
    };
    let written = !spec[from][field].hidden && !spec[to][*key].hidden && !spec[to].hidden;
    written.then(|| (spec[from][field].name.clone(), spec[to][*key].name.clone()))
}

struct Names<'a> {
    spec: &'a Spec,
    lists: Lists,
}

impl Names<'_> {
    fn id(&self, entity: &str) -> Option<EntityId> {
        self.spec.entity(entity)
    }
}

impl Naming for Names<'_> {
    fn key(&self, entity: &str) -> Vec<String> {
        self.id(entity).map_or_else(Vec::new, |id| {
            self.spec[id].key.iter().map(|field| self.spec[id][*field].name.clone()).collect()
        })
    }

    fn hop(&self, entity: &str, hop: &Hop) -> Vec<(String, String)> {
        join(self.spec, entity, hop).into_iter().collect()
    }

    fn lists(&self) -> Lists {
        self.lists
    }

    fn lookup_order(&self, _: &str) -> Option<String> {
        Some(ROW_NUMBER.to_owned())
    }
}
