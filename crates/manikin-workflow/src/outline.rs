//! `plan`: what the tool understood of a spec, and where each number comes from.

use std::collections::BTreeMap;

use manikin_generate::{Plan, PlanOptions};
use manikin_spec::document;
use manikin_spec::spec::{EntityId, EntityScope, Rows, Step};
use serde::Serialize;

use crate::failure::Failure;
use crate::sample::sample;
use crate::spec::Checked;
use crate::words;

/// Subjects from which expected rows are estimated.
const SAMPLED: u64 = 256;

/// What the tool understood of a spec.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outline {
    /// The product.
    pub product: String,
    /// The spec's digest.
    pub digest: String,
    /// The files that it is made of.
    pub files: Vec<String>,
    /// The seed.
    pub seed: u64,
    /// First and last day.
    pub period: (String, String),
    /// The day the data is seen from.
    pub as_of: String,
    /// The entity of the subjects, and how many there are.
    pub subjects: Option<(String, u64)>,
    /// The entities, parents first.
    pub entities: Vec<EntityOutline>,
    /// The edge cases.
    pub edge_cases: Vec<EdgeCaseOutline>,
}

/// What the tool understood of an entity.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EntityOutline {
    /// Its name.
    pub name: String,
    /// The parent entity.
    pub per: Option<String>,
    /// Computed but not written.
    pub hidden: bool,
    /// Where its rows come from, in words.
    pub rows: String,
    /// How many rows are expected.
    pub expected: Expected,
    /// Where its rows are said: file, line.
    pub place: Option<String>,
    /// The fields in the order in which they are computed.
    pub fields: Vec<FieldOutline>,
    /// The names of its rules.
    pub rules: Vec<String>,
}

/// How many rows are expected.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "rows")]
pub enum Expected {
    /// So many.
    Exactly(u64),
    /// About so many, by a sample.
    About(u64),
    /// Not known: it is not written or not generated.
    Unknown,
}

/// What the tool understood of a field.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FieldOutline {
    /// Its name.
    pub name: String,
    /// Type of its values.
    #[serde(rename = "type")]
    pub ty: String,
    /// Computed but not written.
    pub hidden: bool,
    /// What makes its values, in words.
    pub generator: String,
    /// Where it is said: file, line.
    pub place: Option<String>,
    /// Where its figures come from.
    pub source: Option<String>,
}

/// What the tool understood of an edge case.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EdgeCaseOutline {
    /// Its name.
    pub name: String,
    /// The entity whose rows it changes.
    pub entity: String,
    /// How many rows.
    pub rows: String,
    /// The rules that it breaks.
    pub breaks: Vec<String>,
    /// Where it is said: file, line.
    pub place: Option<String>,
}

/// Says what a checked spec means.
///
/// # Errors
///
/// - `MK0910` when the spec cannot be carried out
pub fn outline(checked: &Checked, subjects: Option<u64>) -> Result<Outline, Failure> {
    let spec = &checked.spec;
    let plan = Plan::new(spec.clone(), PlanOptions { seed: None, subjects })?;
    let wanted = plan.subjects();
    let sample = sample(spec, wanted.min(SAMPLED), None)?;
    let sampled: BTreeMap<&str, u64> =
        sample.tables.iter().map(|table| (table.entity(), table.rows() as u64)).collect();
    let day = manikin_expression::calendar::date_text;
    let scaled = |rows: u64| {
        if sample.subjects == 0 || sample.subjects == wanted {
            rows
        } else {
            (u128::from(rows) * u128::from(wanted) / u128::from(sample.subjects)) as u64
        }
    };
    let mut entities = Vec::new();
    for (index, entity) in spec.entities.iter().enumerate() {
        let id = EntityId(index);
        let written = sampled.get(entity.name.as_str()).copied();
        let expected = match (&entity.rows, entity.scope) {
            (Rows::External, _) => Expected::Unknown,
            (_, EntityScope::Subject) if entity.keep.is_none() => Expected::Exactly(wanted),
            (_, EntityScope::Reference) => written.map_or(Expected::Unknown, Expected::Exactly),
            (Rows::Total { total, .. }, _) if entity.keep.is_none() => {
                Expected::Exactly(rescaled(checked, *total, wanted))
            }
            _ => written.map_or(Expected::Unknown, |rows| Expected::About(scaled(rows))),
        };
        let parent = entity.parent.map(|parent| spec[parent].name.clone());
        let described = spec.document.entities.get(&entity.name);
        let order = spec.steps.iter().filter_map(|step| match step {
            Step::Field(of, field) if *of == id => Some(*field),
            _ => None,
        });
        let mut order: Vec<_> = order.collect();
        // Fields that are only described are computed nowhere and come last.
        let rest = (0..entity.fields.len()).map(manikin_spec::spec::FieldId).filter(|field| !order.contains(field));
        let rest: Vec<_> = rest.collect();
        order.extend(rest);
        let fields = order.into_iter().map(|field| {
            let field = &entity[field];
            FieldOutline {
                name: field.name.clone(),
                ty: field.ty.to_string(),
                hidden: field.hidden,
                generator: words::of_field(spec, field),
                place: place(checked, &["entities", &entity.name, "fields", &field.name]),
                source: described.and_then(|entity| entity.fields.get(&field.name)).and_then(source),
            }
        });
        let rows_key = document::ROW_KEYS
            .iter()
            .find(|key| checked.node.as_ref().is_some_and(|node| node.at(&["entities", &entity.name, key]).1));
        entities.push(EntityOutline {
            name: entity.name.clone(),
            rows: words::of_rows(spec, &entity.rows, parent.as_deref()),
            per: parent,
            hidden: entity.hidden,
            expected,
            place: rows_key.and_then(|key| place(checked, &["entities", &entity.name, key])),
            fields: fields.collect(),
            rules: entity.rules.iter().map(|rule| rule.name.clone()).collect(),
        });
    }
    let edge_cases = spec.edge_cases.iter().map(|case| EdgeCaseOutline {
        name: case.name.clone(),
        entity: spec[case.entity].name.clone(),
        rows: match case.selection {
            manikin_spec::spec::Selection::Count(count) => format!("exactly {count}"),
            manikin_spec::spec::Selection::Rate(rate) => words::percent(rate),
        },
        breaks: case.breaks.clone(),
        place: place(checked, &["edge_cases", &case.name]),
    });
    Ok(Outline {
        product: spec.product.clone(),
        digest: spec.digest.clone(),
        files: spec.files.iter().map(|(name, _)| name.clone()).collect(),
        seed: plan.seed(),
        period: (day(spec.period.0), day(spec.period.1)),
        as_of: day(spec.as_of),
        subjects: spec.subject.map(|id| (spec[id].name.clone(), wanted)),
        entities,
        edge_cases: edge_cases.collect(),
    })
}

/// A total follows the number of subjects.
fn rescaled(checked: &Checked, total: u64, subjects: u64) -> u64 {
    let own = checked.spec.subject.map(|id| &checked.spec[id].rows);
    match own {
        Some(Rows::Fixed(own)) if *own != subjects && *own > 0 => {
            ((u128::from(total) * u128::from(subjects) + u128::from(*own) / 2) / u128::from(*own)) as u64
        }
        _ => total,
    }
}

/// Where a value is written, as `file:line`.
fn place(checked: &Checked, path: &[&str]) -> Option<String> {
    let node = checked.node.as_ref()?;
    if !node.at(path).1 {
        return None;
    }
    let span = node.span_of(path);
    let position = checked.sources.position(span.file, span.start as usize);
    Some(format!("{}:{}", checked.sources.name(span.file), position.line))
}

/// Where a field's figures come from: its own source, or those of its cases.
fn source(field: &document::Field) -> Option<String> {
    if field.source.is_some() {
        return field.source.clone();
    }
    let mut sources: Vec<String> = field.cases.iter().flatten().filter_map(|case| case.source.clone()).collect();
    sources.dedup();
    (!sources.is_empty()).then(|| sources.join("; "))
}
