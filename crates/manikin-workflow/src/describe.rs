//! `describe`: a spec as a diagram, a data dictionary and SQL.

use std::collections::BTreeMap;
use std::sync::Arc;

use manikin_expression::sql;
use manikin_formats::ddl;
use manikin_report::{Dictionary, EntityEntry, FieldEntry, RuleEntry, plot};
use manikin_spec::document;
use manikin_spec::spec::{EntityId, Field, Spec};
use manikin_tables::{Column, Table, TableSchema, table_schema};

use crate::failure::Failure;
use crate::layout::defect;
use crate::sample::sample;
use crate::spec::Checked;
use crate::words;

pub use manikin_formats::Constraints;
pub use manikin_formats::ddl::Dialect;

/// Subjects that plots are of.
///
/// ASSUMED: five hundred show the shape of a distribution and take a second.
const SAMPLED: u64 = 500;

/// The tables that a spec writes, in its order.
fn schemas(spec: &Spec) -> Vec<Arc<TableSchema>> {
    let visible = (0..spec.entities.len()).map(EntityId).filter(|id| !spec[*id].hidden);
    visible.map(|id| Arc::new(table_schema(spec, id))).collect()
}

/// The entity-relationship diagram in Mermaid.
pub fn mermaid(checked: &Checked) -> String {
    manikin_report::mermaid(&schemas(&checked.spec))
}

/// CREATE TABLE and CREATE INDEX statements.
pub fn sql(checked: &Checked, dialect: Dialect, constraints: Constraints) -> String {
    let schemas = schemas(&checked.spec);
    ddl::create_tables(&schemas, dialect, constraints) + &ddl::create_indexes(&schemas)
}

/// Every rule as a query that finds the rows that break it, with the spec's tables that the queries read, as JSON.
///
/// # Errors
///
/// - `MK0907` on a defect of the program
pub fn rules(checked: &Checked, dialect: Dialect) -> Result<String, Failure> {
    let dialect = match dialect {
        Dialect::PostgreSql | Dialect::Portable => sql::Dialect::Postgres,
        Dialect::DuckDb => sql::Dialect::DuckDb,
        Dialect::Sqlite => sql::Dialect::Sqlite,
    };
    let book = manikin_report::rule_book(&checked.spec, dialect);
    let text = serde_json::to_string_pretty(&book).map_err(|error| defect(&error.to_string()))?;
    Ok(text + "\n")
}

/// The data dictionary as Markdown.
///
/// # Errors
///
/// - `MK0907` on a defect of the program
pub fn markdown(checked: &Checked) -> Result<String, Failure> {
    manikin_report::markdown(&dictionary(checked, &[], 0)).map_err(|error| defect(&error.to_string()))
}

/// The data dictionary as one HTML page, with plots of a generated sample where the spec generates anything.
///
/// # Errors
///
/// - `MK0910` when the spec cannot be carried out
pub fn html(checked: &Checked) -> Result<String, Failure> {
    let is_generated =
        checked.spec.entities.iter().any(|entity| !matches!(entity.rows, manikin_spec::spec::Rows::External));
    let dictionary = if is_generated {
        let sample = sample(&checked.spec, SAMPLED, None)?;
        dictionary(checked, &sample.tables, sample.subjects)
    } else {
        dictionary(checked, &[], 0)
    };
    manikin_report::html(&dictionary).map_err(|error| defect(&error.to_string()))
}

fn dictionary(checked: &Checked, tables: &[Table], sampled: u64) -> Dictionary {
    let spec = &checked.spec;
    let document = &spec.document;
    let mut facts = Vec::new();
    let mut fact = |label: &str, text: Option<String>| {
        facts.extend(text.filter(|text| !text.is_empty()).map(|text| (label.to_owned(), text)));
    };
    fact("Product", Some(spec.product.clone()));
    fact("Version", document.version.clone());
    fact("Domain", document.domain.clone());
    fact("Owner", document.owner.as_ref().map(contact));
    fact("Period", document.period.as_ref().map(|period| format!("{} to {}", period.from, period.to)));
    fact("Freshness", document.sla.as_ref().and_then(|sla| sla.freshness_days).map(|days| format!("{days} days")));
    fact("Availability", document.sla.as_ref().and_then(|sla| sla.availability.clone()));
    fact("Critical fields", Some(document.critical_fields.join(", ")));
    fact("Consumers", Some(document.consumers.join(", ")));
    fact("Depends on", Some(document.depends_on.join(", ")));
    fact("Access", document.access.as_ref().map(|access| access.roles.join(", ")));
    fact("Retention", document.retention.clone());
    fact("Classification", document.classification.clone());
    fact("Licence", document.licence.clone());
    fact("Spec digest", Some(spec.digest.clone()));
    let frames: BTreeMap<&str, &Table> = tables.iter().map(|table| (table.entity(), table)).collect();
    let entities = spec.entities.iter().enumerate().filter(|(_, entity)| !entity.hidden);
    Dictionary {
        title: document.title.clone().unwrap_or_else(|| spec.product.clone()),
        product: spec.product.clone(),
        purpose: one_line(document.purpose.as_deref()),
        facts,
        diagram: mermaid(checked),
        entities: entities
            .map(|(index, entity)| entity_entry(spec, EntityId(index), frames.get(entity.name.as_str()).copied()))
            .collect(),
        sampled,
    }
}

fn entity_entry(spec: &Spec, id: EntityId, table: Option<&Table>) -> EntityEntry {
    let entity = &spec[id];
    let described = spec.document.entities.get(&entity.name);
    let mut facts = Vec::new();
    let mut fact = |label: &str, text: Option<String>| {
        facts.extend(text.filter(|text| !text.is_empty()).map(|text| (label.to_owned(), text)));
    };
    let parent = entity.parent.map(|parent| {
        let hidden = if spec[parent].hidden { " (not written)" } else { "" };
        format!("{}{hidden}", spec[parent].name)
    });
    let mut above = std::iter::successors(entity.parent, |above| spec[*above].parent);
    let written = above.find(|above| !spec[*above].hidden);
    let key: Vec<&str> = entity.key.iter().map(|key| entity[*key].name.as_str()).collect();
    fact("Key", Some(key.join(", ")));
    fact("Belongs to", written.map(|above| spec[above].name.clone()));
    fact("Rows", Some(words::of_rows(spec, &entity.rows, parent.as_deref())));
    let steward = described.and_then(|entity| entity.steward.as_ref());
    fact(
        "Steward",
        steward.map(|steward| {
            [&steward.role, &steward.contact].into_iter().flatten().cloned().collect::<Vec<_>>().join(", ")
        }),
    );
    fact("Watched fields", steward.map(|steward| steward.watch.join(", ")));
    fact("Classification", described.and_then(|entity| entity.classification.clone()));
    let entry = |field: &Field| {
        let own = described.and_then(|entity| entity.fields.get(&field.name));
        field_entry(spec, field, own, table)
    };
    EntityEntry {
        name: entity.name.clone(),
        means: one_line(described.and_then(|entity| entity.means.as_deref())),
        facts,
        fields: entity.fields.iter().filter(|field| !field.hidden).map(entry).collect(),
        rules: entity
            .rules
            .iter()
            .map(|rule| RuleEntry {
                name: rule.name.clone(),
                holds: one_line(Some(&rule.holds.text)),
                means: one_line(rule.means.as_deref()),
            })
            .collect(),
    }
}

fn field_entry(spec: &Spec, field: &Field, described: Option<&document::Field>, table: Option<&Table>) -> FieldEntry {
    let unit = field.unit.as_ref().map_or(String::new(), |unit| format!(" in {unit}"));
    let drawn = table
        .and_then(|table| table.frame().column(&field.name).ok())
        .filter(|_| field.references.is_none())
        .and_then(|column| Column::new(column.as_materialized_series().clone(), field.ty.clone()).ok())
        .and_then(|column| plot(&column))
        .unwrap_or_default();
    let privacy = field.privacy.and_then(|privacy| serde_json::to_value(privacy).ok());
    let privacy = privacy.as_ref().and_then(serde_json::Value::as_str).filter(|role| *role != "none");
    FieldEntry {
        name: field.name.clone(),
        ty: format!("{}{unit}", field.ty),
        means: one_line(described.and_then(|field| field.means.as_deref())),
        contract: contract(spec, field),
        generator: words::of_field(spec, field),
        source: one_line(described.and_then(|field| field.source.as_deref())),
        privacy: privacy.unwrap_or_default().replace('_', "-"),
        plot: drawn.svg,
        plot_words: drawn.words,
    }
}

/// What the contract demands of a field, in words.
fn contract(spec: &Spec, field: &Field) -> String {
    let contract = &field.contract;
    let mut said = Vec::new();
    if contract.required {
        said.push("required".to_owned());
    }
    if contract.unique {
        said.push("unique".to_owned());
    }
    if contract.min.is_some() || contract.max.is_some() {
        let end = |end: &Option<_>| end.as_ref().map_or("…".to_owned(), words::literal);
        said.push(format!("from {} to {}", end(&contract.min), end(&contract.max)));
    }
    if let Some(allowed) = &contract.allowed {
        said.push(format!("one of {}", allowed.iter().map(words::literal).collect::<Vec<_>>().join(", ")));
    }
    said.extend(contract.code.as_ref().map(|code| format!("code of {code}")));
    said.extend(contract.length.map(|length| format!("at most {length} characters")));
    said.extend(contract.completeness.map(|share| format!("{} complete", words::percent(share))));
    said.extend(contract.fresh_days.map(|days| format!("at most {days} days old")));
    said.extend(field.references.map(|target| format!("refers to {}", spec[target].name)));
    said.join(", ")
}

fn contact(contact: &document::Contact) -> String {
    [&contact.name, &contact.role, &contact.contact].into_iter().flatten().cloned().collect::<Vec<_>>().join(", ")
}

fn one_line(text: Option<&str>) -> String {
    text.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}
