//! What the columns of an entity's table are: names, types, keys, references and what they mean.
//!
//! A [`TableSchema`] is the contract half of an entity, resolved: the generator fills it, the formats write it, the
//! reader checks against it. It says nothing about how values are made.

use std::collections::BTreeMap;
use std::sync::Arc;

use manikin_expression::Type;

/// One entity's table: its columns in the order in which they are written, its key and its parent.
#[derive(Clone, Debug, PartialEq)]
pub struct TableSchema {
    /// The entity's name in the spec, which is also the table's and the file's name.
    pub entity: String,
    /// What one row is, in the spec's words.
    pub means: Option<String>,
    /// Names of the columns that together identify a row; empty when nothing does.
    pub key: Vec<String>,
    /// The columns, in the order in which they are written.
    pub columns: Vec<ColumnSchema>,
    /// The entity whose rows this entity's rows belong to (`per:` in the spec).
    pub parent: Option<String>,
}

/// One column: its name, its type and what the contract says about its values.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnSchema {
    /// The field's name in the spec.
    pub name: String,
    /// The type of its values; [`physical_type`](crate::physical_type) says how they are held.
    pub ty: Type,
    /// Whether every row must have a value.
    pub required: bool,
    /// Whether no two rows may share a value.
    pub unique: bool,
    /// The unit of its values, as a UCUM code.
    pub unit: Option<String>,
    /// The code system that its values come from.
    pub code_system: Option<String>,
    /// What a value says, in the spec's words.
    pub means: Option<String>,
    /// The privacy role in the spec's words (identifier, quasi-identifier, sensitive, …); empty when none is given.
    pub privacy: String,
    /// The column of another table that its values point to.
    pub references: Option<Reference>,
}

/// The target of a foreign key: a field of an entity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// The entity pointed to.
    pub entity: String,
    /// The field of that entity.
    pub field: String,
}

impl TableSchema {
    /// A table without key, parent or meaning.
    pub fn new(entity: impl Into<String>, columns: Vec<ColumnSchema>) -> Self {
        Self { entity: entity.into(), means: None, key: Vec::new(), columns, parent: None }
    }

    /// The same table, identified by these columns.
    pub fn with_key<I: IntoIterator<Item: Into<String>>>(mut self, key: I) -> Self {
        self.key = key.into_iter().map(Into::into).collect();
        self
    }

    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&ColumnSchema> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The place of the column of this name.
    pub fn column_index(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}

impl ColumnSchema {
    /// An optional column of a type, about which the contract says nothing else.
    pub fn new(name: impl Into<String>, ty: Type) -> Self {
        Self {
            name: name.into(),
            ty,
            required: false,
            unique: false,
            unit: None,
            code_system: None,
            means: None,
            privacy: String::new(),
            references: None,
        }
    }

    /// The same column, with a value in every row.
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The same column, pointing to a field of an entity.
    pub fn references(mut self, entity: impl Into<String>, field: impl Into<String>) -> Self {
        self.references = Some(Reference { entity: entity.into(), field: field.into() });
        self
    }
}

/// The places of the tables, each after the tables that it points to (its parent and its references).
///
/// Tables that nothing orders keep the order in which they are given. Where references form a ring, the first table
/// given of the ring comes first; so the result is always a permutation, and always the same one.
pub fn parents_first(schemas: &[Arc<TableSchema>]) -> Vec<usize> {
    let places: BTreeMap<&str, usize> =
        schemas.iter().enumerate().map(|(place, schema)| (schema.entity.as_str(), place)).collect();
    let mut state = vec![Visit::Unseen; schemas.len()];
    let mut order = Vec::with_capacity(schemas.len());
    for place in 0..schemas.len() {
        visit(place, schemas, &places, &mut state, &mut order);
    }
    order
}

#[derive(Clone, Copy, PartialEq)]
enum Visit {
    Unseen,
    Seen,
}

fn visit(
    start: usize,
    schemas: &[Arc<TableSchema>],
    places: &BTreeMap<&str, usize>,
    state: &mut [Visit],
    order: &mut Vec<usize>,
) {
    if state[start] == Visit::Seen {
        return;
    }
    state[start] = Visit::Seen;
    // An explicit stack, because the depth of a chain of parents is the author's to choose.
    let mut stack = vec![(start, targets(&schemas[start], places))];
    while let Some((place, pending)) = stack.last_mut() {
        match pending.pop() {
            Some(target) if state[target] == Visit::Unseen => {
                state[target] = Visit::Seen;
                stack.push((target, targets(&schemas[target], places)));
            }
            Some(_) => {}
            None => {
                order.push(*place);
                stack.pop();
            }
        }
    }
}

/// The tables that a table points to, last first so that popping yields them in the order of the schema.
fn targets(schema: &TableSchema, places: &BTreeMap<&str, usize>) -> Vec<usize> {
    let references = schema.columns.iter().filter_map(|column| column.references.as_ref());
    let named = schema.parent.iter().map(String::as_str).chain(references.map(|target| target.entity.as_str()));
    let mut found: Vec<usize> = named.filter_map(|entity| places.get(entity).copied()).collect();
    found.reverse();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(entity: &str, parents: &[&str]) -> Arc<TableSchema> {
        let columns = parents
            .iter()
            .map(|parent| ColumnSchema::new(format!("{parent}_id"), Type::Text).references(*parent, "id"));
        Arc::new(TableSchema::new(entity, columns.collect()))
    }

    fn names(schemas: &[Arc<TableSchema>]) -> Vec<&str> {
        parents_first(schemas).into_iter().map(|place| schemas[place].entity.as_str()).collect()
    }

    #[test]
    fn parents_come_before_children_and_the_given_order_is_kept_otherwise() {
        let schemas =
            [table("line", &["claim"]), table("zip", &[]), table("claim", &["patient"]), table("patient", &[])];
        assert_eq!(names(&schemas), ["patient", "claim", "line", "zip"]);
    }

    #[test]
    fn rings_and_unknown_targets_still_give_every_table_once() {
        let schemas = [table("a", &["b", "a"]), table("b", &["c"]), table("c", &["a", "elsewhere"])];
        assert_eq!(names(&schemas), ["c", "b", "a"]);
    }
}
