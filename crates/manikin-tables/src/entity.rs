//! The tables that a spec's entities are written to.

use manikin_spec::document::Privacy;
use manikin_spec::spec::{EntityId, Spec};

use crate::schema::{ColumnSchema, TableSchema};

/// The table that an entity is written to: its fields that are written, in the order of the spec.
pub fn table_schema(spec: &Spec, id: EntityId) -> TableSchema {
    let entity = &spec[id];
    let described = spec.document.entities.get(&entity.name);
    let mut columns = Vec::new();
    for field in entity.fields.iter().filter(|field| !field.hidden) {
        let mut column = ColumnSchema::new(field.name.clone(), field.ty.clone());
        column.required = field.contract.required;
        column.unique = field.contract.unique;
        column.unit = field.unit.clone();
        column.code_system = field.contract.code.clone();
        column.means =
            described.and_then(|entity| entity.fields.get(&field.name)).and_then(|field| field.means.clone());
        column.privacy = match field.privacy {
            Some(Privacy::Identifier) => "identifier",
            Some(Privacy::QuasiIdentifier) => "quasi_identifier",
            Some(Privacy::Sensitive) => "sensitive",
            Some(Privacy::None) | None => "",
        }
        .to_owned();
        let target = field.references.filter(|target| !spec[*target].hidden);
        if let Some((target, key)) = target.and_then(|target| Some((target, *spec[target].key.first()?))) {
            column = column.references(spec[target].name.clone(), spec[target][key].name.clone());
        }
        columns.push(column);
    }
    let key = entity.key.iter().filter(|key| !entity[**key].hidden).map(|key| entity[*key].name.clone());
    let mut schema = TableSchema::new(entity.name.clone(), columns).with_key(key);
    schema.means = described.and_then(|entity| entity.means.clone());
    schema.parent = entity.parent.map(|parent| spec[parent].name.clone());
    schema
}
