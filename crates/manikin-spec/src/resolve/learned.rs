//! The levels of a learned cascade: which attributes each has, and where they come from.

use super::Resolver;
use super::report::Place;
use crate::spec::{
    Attribute, AttributeKind, CountBins, Entity, EntityId, EntityScope, FieldId, Learned, Level, MAX_ATTRIBUTES,
    MAX_CODES, Model, Source,
};
use manikin_diagnostic::{Diagnostic, codes};
use manikin_expression::Type;
use std::sync::Arc;

/// The name of the attribute that holds the bin of the number of siblings.
const SIBLINGS: &str = "siblings";

impl Resolver<'_> {
    /// What is learned: `Some(None)` where nothing is, `None` where it has a mistake.
    pub(super) fn learned(
        &self,
        entities: &[Option<Entity>],
        potentials: Option<&Arc<[u8]>>,
    ) -> Option<Option<Learned>> {
        let source = self.source();
        let mut levels: Vec<Level> = Vec::new();
        let mut broken: Vec<EntityId> = Vec::new();
        for (at, entity) in entities.iter().enumerate() {
            let id = EntityId(at);
            let known = self.catalog.get(id);
            if !known.learned {
                continue;
            }
            let level = if self.may_be_learned(id) { self.level(id, entity.as_ref(), &levels, &broken) } else { None };
            match level {
                Some(Some(level)) => levels.push(level),
                Some(None) => {}
                None => broken.push(id),
            }
        }
        let sound = broken.is_empty();
        let model = match &self.document.model {
            None => None,
            Some(model) => {
                let place = Place::new(&["model"]);
                if levels.is_empty() && sound {
                    let message = "there is a model, but no field is learned";
                    self.report.hint(&place, codes::LEARN_FORM, message, "give the fields `learn`, or leave it out");
                    return None;
                }
                Some(Model {
                    potentials: Arc::clone(potentials?),
                    private: model.private,
                    epsilon: model.epsilon,
                    delta: model.delta,
                    rho: model.rho,
                    rows: model.rows,
                })
            }
        };
        let source = source?;
        if !sound {
            return None;
        }
        let charges = self.document.privacy.as_ref().map(|privacy| privacy.domains.clone()).unwrap_or_default();
        Some((!levels.is_empty()).then_some(Learned { source, charges, levels, model }))
    }

    fn source(&self) -> Option<Option<Source>> {
        let Some(source) = self.document.privacy.as_ref().and_then(|privacy| privacy.source.as_ref()) else {
            return Some(None);
        };
        let place = Place::new(&["privacy", "source"]);
        let named = !source.id.is_empty()
            && source.id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        if !named {
            let message = format!("`{}` is no id of a source", source.id);
            let help = "write letters, digits, hyphens and points: `synthea-1138`";
            self.report.hint(&place.key("id"), codes::DOES_NOT_MATCH, message, help);
        }
        if source.patients == 0 {
            self.report.error(
                &place.key("patients"),
                codes::OUT_OF_BOUNDS,
                "a source has subjects: give a public size",
            );
        }
        let sound = named && source.patients > 0;
        sound.then(|| Some(Source { id: source.id.clone(), patients: source.patients, origin: source.origin }))
    }

    /// Whether the rows belong to the subject, and the parent says how many there are.
    fn may_be_learned(&self, id: EntityId) -> bool {
        let known = self.catalog.get(id);
        let place = known.place();
        let at = match &known.source.learn {
            Some(_) => place.key("learn"),
            None => place.clone(),
        };
        let Some(parent) = known.parent else {
            if known.scope == EntityScope::Subject {
                return true;
            }
            let message = format!("`{}` does not belong to the subject, so nothing of it is learned", known.name);
            let help = "mark it `subject: true`, or say `per` what it belongs to";
            self.report.push_key(&at, Diagnostic::error(codes::LEARNED_ALONE, message).help(help));
            return false;
        };
        if known.scope == EntityScope::Reference {
            let message = format!("`{}` does not belong to the subject, so nothing of it is learned", known.name);
            self.report.push_key(&at, Diagnostic::error(codes::LEARNED_ALONE, message));
            return false;
        }
        let above = self.catalog.get(parent);
        if !above.learns_rows(known.name) {
            let message =
                format!("`{}` is learned, and `{}` does not learn how many there are", known.name, above.name);
            let help = format!("give `{}` `learn: {{rows: {{{}: [0, 1, 2, 5, 10]}}}}`", above.name, known.name);
            self.report.push_key(&at, Diagnostic::error(codes::LEARNED_ALONE, message).help(help));
            return false;
        }
        true
    }

    /// The level of an entity: `Some(None)` where it has no attribute of its own.
    ///
    /// `broken` are the entities above whose levels have mistakes: what they would have is not known.
    fn level(
        &self,
        id: EntityId,
        entity: Option<&Entity>,
        above: &[Level],
        broken: &[EntityId],
    ) -> Option<Option<Level>> {
        let known = self.catalog.get(id);
        let place = known.place().key("learn");
        let learn = known.source.learn.clone().unwrap_or_default();
        let own: Vec<FieldId> = (0..known.source.fields.len())
            .map(FieldId)
            .filter(|field| known.source.fields[field.0].learn.is_some())
            .collect();
        let order = self.optional(&learn.order, |name| self.order_field(id, name, &place.key("order")));
        let rows: Option<Vec<(EntityId, CountBins)>> = learn
            .rows
            .iter()
            .map(|(child, edges)| self.count_bins(id, child, edges, &place.key("rows").key(child)))
            .collect();
        let share = match learn.share {
            Some(share) if !(share > 0.0 && share.is_finite()) => {
                self.report.error(&place.key("share"), codes::OUT_OF_BOUNDS, "a share of the budget is above 0");
                None
            }
            share => Some(share.unwrap_or(1.0)),
        };
        if learn.at_most == Some(0) {
            self.report.error(&place.key("at_most"), codes::OUT_OF_BOUNDS, "at least 1 row is looked at");
        }
        if known.parent.is_none() {
            for (key, given) in [
                ("order", learn.order.is_some()),
                ("given", learn.given.is_some()),
                ("at_most", learn.at_most.is_some()),
            ] {
                if given {
                    let message = format!("`{}` is the subject: nothing is above or before it", known.name);
                    self.report.push_key(&place.key(key), Diagnostic::error(codes::LEARN_FORM, message));
                    return None;
                }
            }
        }
        // Names are checked even where a field has a mistake; the level then waits for it to be mended.
        let given = self.given(id, learn.given.as_deref(), (above, broken), &place.key("given"));
        let entity = entity?;
        let (order, rows, share, given) = (order?, rows?, share?, given?);
        if own.is_empty() && rows.is_empty() {
            return Some(None);
        }
        let mut attributes = given;
        if let Some(parent) = known.parent {
            let bins = above
                .iter()
                .find(|level| level.entity == parent)
                .and_then(|level| level.rows(id).map(|at| level.attributes[at].size));
            attributes.push(Attribute { name: SIBLINGS.to_owned(), kind: AttributeKind::Siblings, size: bins? });
        }
        let ordered = order.is_some();
        let first_own = attributes.len() + if ordered { own.len() } else { 0 };
        for (position, field) in own.iter().enumerate().filter(|_| ordered) {
            let size = entity[*field].learn.as_ref()?.size() + 1;
            let name = format!("previous.{}", entity[*field].name);
            attributes.push(Attribute { name, kind: AttributeKind::Previous(first_own + position), size });
        }
        for field in &own {
            let domain = entity[*field].learn.clone()?;
            let (name, size) = (entity[*field].name.clone(), domain.size());
            attributes.push(Attribute { name, kind: AttributeKind::Own(*field, domain), size });
        }
        for (child, bins) in rows {
            let name = format!("rows.{}", self.catalog.get(child).name);
            attributes.push(Attribute { name, size: bins.size(), kind: AttributeKind::Rows(child, bins) });
        }
        let forced = self.together(&learn.together, &attributes, &place.key("together"))?;
        self.attributes_fit(&attributes, known.parent.is_some(), &place)?;
        let (cap, origin) = (learn.at_most, learn.origin);
        Some(Some(Level { entity: id, attributes, cap, order, share, forced, origin }))
    }

    fn attributes_fit(&self, attributes: &[Attribute], is_child: bool, place: &Place) -> Option<()> {
        if attributes.len() > MAX_ATTRIBUTES {
            let message = format!("{} attributes, at most {MAX_ATTRIBUTES} are learned together", attributes.len());
            let help = if is_child { "name those that matter in `given`" } else { "learn fewer fields" };
            self.report.push_key(place, Diagnostic::error(codes::TOO_MUCH_TO_LEARN, message).help(help));
            return None;
        }
        if let Some(wide) = attributes.iter().find(|one| one.size > MAX_CODES) {
            let message = format!("`{}` has {} values, at most {MAX_CODES} are learned", wide.name, wide.size);
            self.report.push_key(place, Diagnostic::error(codes::TOO_MUCH_TO_LEARN, message));
            return None;
        }
        let twice =
            attributes.iter().enumerate().find(|(at, one)| attributes[..*at].iter().any(|b| b.name == one.name));
        if let Some((_, twice)) = twice {
            let message = format!("`{}` is the name of two attributes", twice.name);
            let help = "a learned field of a child entity has another name than `siblings`";
            self.report.push_key(place, Diagnostic::error(codes::DUPLICATE_NAME, message).help(help));
            return None;
        }
        Some(())
    }

    /// The field that orders rows: a time measured from the row before, or one that is not learned.
    fn order_field(&self, id: EntityId, name: &str, place: &Place) -> Option<FieldId> {
        let field = self.field_named(id, name, place)?;
        let (_, source) = self.catalog.get(id).source.fields.get_index(field.0)?;
        if source.learn.as_ref().is_some_and(|learn| learn.since.as_deref() != Some("previous")) {
            let message = format!("`{name}` is learned for each row alone, so it orders none");
            let help = "learn it by `since: previous`, or order by a field that is not learned";
            self.report.hint(place, codes::LEARN_FORM, message, help);
            return None;
        }
        match self.field_type(id, field)? {
            ty if ty.is_number() || ty.is_temporal() => Some(field),
            Type::Text => Some(field),
            ty => {
                let message = format!("{} has no order", super::describe(&ty));
                self.report.error(place, codes::TYPE_MISMATCH, message);
                None
            }
        }
    }

    fn count_bins(&self, id: EntityId, child: &str, edges: &[u64], place: &Place) -> Option<(EntityId, CountBins)> {
        let found = self.catalog.id(child);
        let own = self.catalog.get(id);
        let Some(found) = found else {
            let children =
                self.catalog.entities.iter().filter(|other| other.parent == Some(id)).map(|other| other.name);
            self.report.unknown_key(place, codes::UNKNOWN_ENTITY, "entity", child, children);
            return None;
        };
        if self.catalog.get(found).parent != Some(id) {
            let message = format!("rows of `{child}` do not belong to rows of `{}`", own.name);
            let help = format!("write `per: {}` in `{child}`, or learn its rows where it belongs", own.name);
            self.report.push_key(place, Diagnostic::error(codes::BAD_LINK, message).help(help));
            return None;
        }
        let bins = CountBins::new(edges.to_vec());
        if bins.is_none() {
            let falls = edges.windows(2).position(|pair| pair[0] >= pair[1]);
            let at = falls.map_or_else(|| place.clone(), |position| place.key(position + 1));
            let message = "bins of a number of rows lie between rising edges, two at least";
            self.report.hint(&at, codes::EDGES_NOT_RISING, message, "write `[0, 1, 2, 5, 10]`: 0, 1, 2 to 4, 5 to 10");
        }
        Some((found, bins?))
    }

    /// What is known of the ancestors: what is named, or all of the subject and of the parent.
    fn given(
        &self,
        id: EntityId,
        names: Option<&[String]>,
        (above, broken): (&[Level], &[EntityId]),
        place: &Place,
    ) -> Option<Vec<Attribute>> {
        let ancestors: Vec<EntityId> = self.catalog.ancestors(id).collect();
        let levels: Vec<&Level> = above.iter().filter(|level| ancestors.contains(&level.entity)).collect();
        let offered = |level: &Level| -> Vec<Attribute> {
            let entity = self.catalog.get(level.entity).name;
            let own = |(at, one): (usize, &Attribute)| {
                let is_own = match one.kind {
                    AttributeKind::Own(..) => true,
                    // The parent's number of these rows is the attribute `siblings`.
                    AttributeKind::Rows(child, _) => child != id,
                    AttributeKind::Given(..) | AttributeKind::Siblings | AttributeKind::Previous(_) => false,
                };
                let kind = AttributeKind::Given(level.entity, at);
                is_own.then(|| Attribute { name: format!("{entity}.{}", one.name), kind, size: one.size })
            };
            level.attributes.iter().enumerate().filter_map(own).collect()
        };
        let Some(names) = names else {
            let parent = self.catalog.get(id).parent;
            let wanted = levels
                .iter()
                .filter(|level| Some(level.entity) == parent || Some(level.entity) == self.catalog.subject);
            return Some(wanted.flat_map(|level| offered(level)).collect());
        };
        let all: Vec<Attribute> = levels.iter().flat_map(|level| offered(level)).collect();
        let mut found: Vec<Attribute> = Vec::new();
        let mut sound = true;
        for (position, name) in names.iter().enumerate() {
            let at = place.key(position);
            match all.iter().find(|one| one.name == *name) {
                Some(_) if found.iter().any(|one| one.name == *name) => {
                    self.report.error(&at, codes::DUPLICATE_NAME, format!("`{name}` is given twice"));
                    sound = false;
                }
                Some(one) => found.push(one.clone()),
                None if self.is_of(broken, name) => sound = false,
                None => {
                    let names = all.iter().map(|one| one.name.as_str());
                    self.report.unknown(&at, codes::UNKNOWN_FIELD, "learned field of an ancestor", name, names);
                    sound = false;
                }
            }
        }
        sound.then_some(found)
    }

    /// Whether a name is that of an attribute of one of these entities.
    fn is_of(&self, entities: &[EntityId], name: &str) -> bool {
        name.split_once('.').and_then(|(entity, _)| self.catalog.id(entity)).is_some_and(|id| entities.contains(&id))
    }

    fn together(&self, groups: &[Vec<String>], attributes: &[Attribute], place: &Place) -> Option<Vec<Vec<usize>>> {
        let mut sound = true;
        let mut found = Vec::new();
        for (number, names) in groups.iter().enumerate() {
            let mut group = Vec::new();
            for (position, name) in names.iter().enumerate() {
                match attributes.iter().position(|one| one.name == *name) {
                    Some(at) => group.push(at),
                    None => {
                        let known = attributes.iter().map(|one| one.name.as_str());
                        let at = place.key(number).key(position);
                        self.report.unknown(&at, codes::UNKNOWN_FIELD, "attribute", name, known);
                        sound = false;
                    }
                }
            }
            group.sort_unstable();
            group.dedup();
            if !group.is_empty() {
                found.push(group);
            }
        }
        sound.then_some(found)
    }
}
