//! An entity put together.

use super::Resolver;
use crate::spec::{Entity, EntityId, Field, FieldId};
use manikin_diagnostic::codes;
use manikin_expression::Type;

impl Resolver<'_> {
    pub(super) fn entity(&self, id: EntityId) -> Option<Entity> {
        let known = self.catalog.get(id);
        let source = known.source;
        let place = known.place();
        let fields: Vec<Option<Field>> = (0..source.fields.len()).map(|field| self.field(id, FieldId(field))).collect();
        let rows = self.rows(id);
        let keep = self.optional(&source.keep, |text| self.condition(text, &self.row_scope(id), &place.key("keep")));
        let sort = self.optional(&source.sort, |name| {
            let at = place.key("sort");
            let field = self.field_named(id, name, &at)?;
            if let Some(Type::List(_)) = self.field_type(id, field) {
                self.report.error(&at, codes::TYPE_MISMATCH, "lists have no order");
                return None;
            }
            Some(field)
        });
        let correlations = self.correlations(id);
        let cardinality = self.optional(&source.cardinality, |cardinality| {
            let min = cardinality.min.unwrap_or(0);
            if let Some(max) = cardinality.max
                && min > max
            {
                let message = format!("at least {min} and at most {max} exclude each other");
                self.report.error(&place.key("cardinality").key("max"), codes::RANGE_UPSIDE_DOWN, message);
                return None;
            }
            Some((min, cardinality.max))
        });
        if let Some(steward) = &source.steward {
            for (position, name) in steward.watch.iter().enumerate() {
                self.field_named(id, name, &place.key("steward").key("watch").key(position));
            }
        }
        let rules: Vec<_> = source.rules.iter().map(|(name, rule)| self.rule(id, name, rule)).collect();
        Some(Entity {
            name: known.name.to_owned(),
            scope: known.scope,
            parent: known.parent,
            key: known.key.clone(),
            hidden: source.hidden == Some(true),
            rows: rows?,
            keep: keep?,
            sort: sort?,
            correlations: correlations?,
            cardinality: cardinality?,
            fields: fields.into_iter().collect::<Option<_>>()?,
            rules: rules.into_iter().collect::<Option<_>>()?,
        })
    }
}
