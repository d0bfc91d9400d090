//! [`Needs`]: what of a spec's tables is read, and which fields are computed from the records.

use std::collections::{BTreeMap, BTreeSet};

use manikin_diagnostic::codes;
use manikin_expression::{Expr, Expression, Type};
use manikin_spec::spec::{
    Anchor, AttributeKind, DomainKind, Entity, EntityId, EntityScope, FieldId, Generator, Learned, Spec,
};
use manikin_tables::{ColumnSchema, TableSchema};

use crate::FitError;

/// Everything that a fit asks of the records; known from the spec alone.
#[derive(Debug)]
pub(crate) struct Needs {
    /// The private entities, parents before children; the first is the subject.
    pub(crate) private: Vec<EntityId>,
    /// Entities that are the same for everybody, such as facilities: their tables are public.
    pub(crate) public: Vec<EntityId>,
    /// The fields that are read, by entity.
    pub(crate) read: BTreeMap<EntityId, BTreeSet<FieldId>>,
    /// Those of them without which nothing can be learned; the others are keys.
    pub(crate) required: BTreeMap<EntityId, BTreeSet<FieldId>>,
    /// Fields that are computed from the records, each after those that it needs.
    pub(crate) derived: Vec<(EntityId, FieldId)>,
}

impl Needs {
    /// `also` are fields that are read beside those that are learned.
    ///
    /// # Errors
    /// - `MK1505` when an expression sees beyond one patient, or what is learned cannot be known from the records
    pub(crate) fn of(spec: &Spec, learned: &Learned, also: &[(EntityId, FieldId)]) -> Result<Self, FitError> {
        let subject = learned.levels.first().map(|level| level.entity);
        let mut search = Search { spec, subject, found: Self::nothing(), open: Vec::new() };
        for level in &learned.levels {
            search.entity(level.entity);
            for attribute in &level.attributes {
                if let AttributeKind::Own(field, domain) = &attribute.kind {
                    search.field(level.entity, *field)?;
                    if let DomainKind::Since(since) = domain.kind() {
                        let (Anchor::Time(anchor) | Anchor::Previous { first: anchor }) = &since.anchor;
                        search.expression(anchor)?;
                    }
                }
            }
            if let Some(order) = level.order {
                search.field(level.entity, order)?;
            }
        }
        for (entity, field) in also {
            search.field(*entity, *field)?;
        }
        let mut found = search.found;
        found.private.sort_unstable();
        found.public.sort_unstable();
        Ok(found)
    }

    fn nothing() -> Self {
        Self {
            private: Vec::new(),
            public: Vec::new(),
            read: BTreeMap::new(),
            required: BTreeMap::new(),
            derived: Vec::new(),
        }
    }

    /// The columns that are read of an entity.
    pub(crate) fn schema(&self, spec: &Spec, id: EntityId) -> TableSchema {
        let entity = &spec[id];
        let column = |field: &FieldId| ColumnSchema::new(entity[*field].name.clone(), entity[*field].ty.clone());
        TableSchema::new(entity.name.clone(), self.read.get(&id).into_iter().flatten().map(column).collect::<Vec<_>>())
    }
}

/// The field of an entity that holds the key of another one.
pub(crate) fn key_of(entity: &Entity, target: EntityId) -> Option<FieldId> {
    let is_key = |generator: &Option<Generator>| matches!(generator, Some(Generator::KeyOf(of)) if *of == target);
    let place = entity.fields.iter().position(|field| is_key(&field.generator));
    place.or_else(|| entity.fields.iter().position(|field| field.references == Some(target))).map(FieldId)
}

struct Search<'a> {
    spec: &'a Spec,
    subject: Option<EntityId>,
    found: Needs,
    /// Fields whose expressions are being followed.
    open: Vec<(EntityId, FieldId)>,
}

impl Search<'_> {
    /// An entity with its keys, and everything that it descends from.
    fn entity(&mut self, id: EntityId) {
        let list = match self.spec[id].scope {
            EntityScope::Reference => &mut self.found.public,
            EntityScope::Subject | EntityScope::Descendant => &mut self.found.private,
        };
        if list.contains(&id) {
            return;
        }
        list.push(id);
        let fields = self.spec[id].fields.iter().enumerate();
        let keys = fields.filter(|(place, field)| {
            !field.hidden && (self.spec[id].key.contains(&FieldId(*place)) || field.references.is_some())
        });
        let keys: BTreeSet<FieldId> = keys.map(|(place, _)| FieldId(place)).collect();
        self.found.read.entry(id).or_default().extend(keys);
        if let Some(parent) = self.spec[id].parent {
            self.entity(parent);
        }
    }

    fn field(&mut self, id: EntityId, field: FieldId) -> Result<(), FitError> {
        self.entity(id);
        let (entity, own) = (&self.spec[id], &self.spec[id][field]);
        if !own.hidden {
            self.found.read.entry(id).or_default().insert(field);
            self.found.required.entry(id).or_default().insert(field);
            return Ok(());
        }
        if self.found.derived.contains(&(id, field)) {
            return Ok(());
        }
        let place = format!("{}.{}", entity.name, own.name);
        let Some(Generator::Derive(expression)) = &own.generator else {
            return Err(FitError::new(
                codes::NOT_PATIENT_LOCAL,
                format!("{place} is hidden and not derived, so the records do not hold it"),
                "derive it from the records' columns, or leave it out of what is learned",
            ));
        };
        if entity.scope == EntityScope::Reference {
            return Err(FitError::new(
                codes::NOT_PATIENT_LOCAL,
                format!("{place} is computed over a table that is the same for everybody"),
                "learn from fields of the patient and of the rows that descend from the patient",
            ));
        }
        if self.open.contains(&(id, field)) {
            return Ok(());
        }
        self.open.push((id, field));
        self.expression(expression)?;
        self.open.pop();
        self.found.derived.push((id, field));
        Ok(())
    }

    fn expression(&mut self, expression: &Expression) -> Result<(), FitError> {
        self.node(&expression.root, &expression.text)
    }

    fn node(&mut self, root: &Expr, text: &str) -> Result<(), FitError> {
        let mut entities: Vec<String> = Vec::new();
        let mut columns: Vec<(String, String)> = Vec::new();
        root.visit(&mut |expr| {
            let seen = match expr {
                Expr::Column(column) => std::slice::from_ref(column),
                Expr::Cell { columns, .. } => columns.as_slice(),
                Expr::Aggregate { entity, hops, .. } => {
                    entities.push(entity.clone());
                    entities.extend(hops.iter().map(|hop| hop.entity.clone()));
                    &[]
                }
                _ => &[],
            };
            for column in seen {
                entities.extend(column.hops.iter().map(|hop| hop.entity.clone()));
                columns.push((column.entity.clone(), column.field.clone()));
            }
        });
        for entity in entities.iter().filter_map(|name| self.spec.entity(name)) {
            self.entity(entity);
        }
        for (entity, name) in columns {
            let Some(target) = self.spec.entity(&entity) else { continue };
            match self.spec[target].field(&name) {
                Some(field) => self.field(target, field)?,
                // The place of a row among all rows of a table tells of other patients.
                None if Some(target) == self.subject || self.spec[target].scope == EntityScope::Reference => {
                    return Err(FitError::new(
                        codes::NOT_PATIENT_LOCAL,
                        format!("`{text}` uses {entity}.{name}, the place of a row among those of other patients"),
                        "use fields of the patient and of the rows that descend from the patient",
                    ));
                }
                None => self.entity(target),
            }
        }
        Ok(())
    }
}

/// Whether keys of a type can be made local to a patient.
pub(crate) fn is_key_type(ty: &Type) -> bool {
    matches!(ty, Type::Text | Type::Integer)
}
