//! The entities, before their fields are looked into: parents, scopes, keys, and where links lead.

use super::report::{Place, Report};
use crate::document::{Document, Entity, Field, GeneratorRef};
use crate::spec::{EntityId, EntityScope, FieldId};
use manikin_diagnostic::{Diagnostic, codes, nearest};
use manikin_expression::RESERVED;

/// What is known of an entity from its own keys.
pub(super) struct Known<'a> {
    pub(super) name: &'a str,
    pub(super) source: &'a Entity,
    pub(super) parent: Option<EntityId>,
    pub(super) scope: EntityScope,
    pub(super) key: Vec<FieldId>,
    /// By field: the entity whose key it holds.
    pub(super) targets: Vec<Option<EntityId>>,
    /// Whether anything says how its rows are made.
    pub(super) generated: bool,
    /// Whether its rows or values are learned.
    pub(super) learned: bool,
    /// Whether its rows can only be made with a model, and there is none yet.
    pub(super) waits: bool,
}

impl Known<'_> {
    pub(super) fn place(&self) -> Place {
        Place::new(&["entities", self.name])
    }

    /// Whether the number of a child entity's rows is learned here.
    pub(super) fn learns_rows(&self, child: &str) -> bool {
        self.source.learn.as_ref().is_some_and(|learn| learn.rows.contains_key(child))
    }

    pub(super) fn field(&self, name: &str) -> Option<FieldId> {
        self.source.fields.get_index_of(name).map(FieldId)
    }

    pub(super) fn field_name(&self, field: FieldId) -> &str {
        self.source.fields.get_index(field.0).map_or("", |(name, _)| name)
    }

    pub(super) fn field_names(&self) -> impl Iterator<Item = &str> {
        self.source.fields.keys().map(String::as_str)
    }
}

/// Every entity, each parent before its children.
pub(super) struct Catalog<'a> {
    pub(super) entities: Vec<Known<'a>>,
    pub(super) subject: Option<EntityId>,
}

impl<'a> Catalog<'a> {
    pub(super) fn new(document: &'a Document, report: &Report<'_>) -> Self {
        let parents = parents(document, report);
        let mut order: Vec<usize> = Vec::new();
        let mut ids: Vec<Option<EntityId>> = vec![None; parents.len()];
        for start in 0..parents.len() {
            let chain = std::iter::successors(Some(start), |at| parents[*at]).take_while(|at| ids[*at].is_none());
            let chain: Vec<usize> = chain.collect();
            for index in chain.into_iter().rev() {
                ids[index] = Some(EntityId(order.len()));
                order.push(index);
            }
        }
        let mut entities: Vec<Known<'a>> = Vec::new();
        for index in &order {
            let Some((name, source)) = document.entities.get_index(*index) else { continue };
            let parent = parents[*index].and_then(|parent| ids[parent]);
            let scope = match parent.map(|parent| entities[parent.0].scope) {
                None if source.subject == Some(true) => EntityScope::Subject,
                None | Some(EntityScope::Reference) => EntityScope::Reference,
                Some(EntityScope::Subject | EntityScope::Descendant) => EntityScope::Descendant,
            };
            let above = parent.map(|parent| &entities[parent.0]);
            let by_parent = above.is_some_and(|above| above.learns_rows(name));
            let learns = source.learn.is_some() || source.fields.values().any(|field| field.learn.is_some());
            let learned = by_parent || learns;
            let counted = source.count.is_some() || source.each.is_some();
            let waits = above.is_some_and(|above| above.waits) || (learned && !counted && document.model.is_none());
            let generated =
                !waits && (counted || learned || source.fields.values().any(|field| !field.generators().is_empty()));
            let key = Vec::new();
            entities.push(Known { name, source, parent, scope, key, targets: Vec::new(), generated, learned, waits });
        }
        let mut catalog = Self { entities, subject: None };
        catalog.subject = catalog.find_subject(report);
        catalog.find_keys(report);
        catalog.find_targets();
        catalog
    }

    pub(super) fn id(&self, name: &str) -> Option<EntityId> {
        self.entities.iter().position(|entity| entity.name == name).map(EntityId)
    }

    pub(super) fn get(&self, id: EntityId) -> &Known<'a> {
        &self.entities[id.0]
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.entities.iter().map(|entity| entity.name)
    }

    /// The parent, its parent, and so on.
    pub(super) fn ancestors(&self, id: EntityId) -> impl Iterator<Item = EntityId> {
        std::iter::successors(self.get(id).parent, |at| self.get(*at).parent)
    }

    fn find_subject(&self, report: &Report<'_>) -> Option<EntityId> {
        let marked: Vec<usize> =
            (0..self.entities.len()).filter(|at| self.entities[*at].source.subject == Some(true)).collect();
        for index in &marked {
            let entity = &self.entities[*index];
            if let Some(parent) = entity.parent {
                let message = format!("the subject `{}` has a parent, `{}`", entity.name, self.get(parent).name);
                let help = "the subject is what everything else belongs to: leave out `per`, or mark the parent";
                report.hint(&entity.place().key("per"), codes::SUBJECT, message, help);
            }
        }
        if let [first, others @ ..] = marked.as_slice() {
            for other in others {
                let (first, entity) = (&self.entities[*first], &self.entities[*other]);
                let place = entity.place().key("subject");
                let message = format!("`{}` and `{}` are both the subject", first.name, entity.name);
                let diagnostic = Diagnostic::error(codes::SUBJECT, message)
                    .help("a spec has one subject: the unit that is generated at a time")
                    .related(report.span(&first.place().key("subject")), "the other subject");
                report.push(&place, diagnostic);
            }
            return Some(EntityId(*first));
        }
        if self.entities.iter().any(|entity| entity.generated) {
            let root = self.entities.iter().enumerate().filter(|(_, entity)| entity.parent.is_none());
            let candidate = root.max_by_key(|(at, _)| {
                let children = self.entities.iter().filter(|other| other.parent == Some(EntityId(*at))).count();
                (children, std::cmp::Reverse(*at))
            });
            let help = match candidate {
                Some((_, entity)) => {
                    format!("write `subject: true` in the unit of generation, such as `{}`", entity.name)
                }
                None => "write `subject: true` in the unit of generation".to_owned(),
            };
            report.hint(&Place::new(&["entities"]), codes::SUBJECT, "no entity is the subject", help);
        }
        None
    }

    fn find_keys(&mut self, report: &Report<'_>) {
        for entity in &mut self.entities {
            let Some(key) = &entity.source.key else { continue };
            let many = matches!(key, crate::document::OneOrMany::Many(_));
            let mut found: Vec<FieldId> = Vec::new();
            for (position, name) in key.names().into_iter().enumerate() {
                let place = entity.place().key("key");
                let place = if many { place.key(position) } else { place };
                match entity.field(name) {
                    None => report.unknown(&place, codes::UNKNOWN_FIELD, "field", name, entity.field_names()),
                    Some(field) if found.contains(&field) => {
                        report.error(&place, codes::DUPLICATE_NAME, format!("`{name}` stands twice in the key"));
                    }
                    Some(field) => found.push(field),
                }
            }
            entity.key = found;
        }
    }

    fn find_targets(&mut self) {
        let targets: Vec<Vec<Option<EntityId>>> = self
            .entities
            .iter()
            .map(|entity| entity.source.fields.values().map(|field| self.target(field)).collect())
            .collect();
        for (entity, targets) in self.entities.iter_mut().zip(targets) {
            entity.targets = targets;
        }
    }

    /// The entity whose key a field holds: by its link or `key_of`, or as `references` says.
    fn target(&self, field: &Field) -> Option<EntityId> {
        let found = match field.generators().first() {
            Some((_, GeneratorRef::Link(link))) => Some(link.to.as_str()),
            Some((_, GeneratorRef::KeyOf(name))) => Some(*name),
            Some((_, GeneratorRef::Cases(cases))) => {
                let mut links = cases.iter().filter_map(|case| case.link.as_ref()).map(|link| link.to.as_str());
                let first = links.next();
                first.filter(|first| links.all(|other| other == *first))
            }
            _ => None,
        };
        self.id(found.or(field.references.as_deref())?)
    }
}

/// By position in the document: the parent's position. Unknown parents and circles are reported and left out.
fn parents(document: &Document, report: &Report<'_>) -> Vec<Option<usize>> {
    let mut parents: Vec<Option<usize>> = Vec::new();
    for (name, entity) in &document.entities {
        parents.push(entity.per.as_ref().and_then(|parent| {
            let found = document.entities.get_index_of(parent.as_str());
            if found.is_none() {
                let place = Place::new(&["entities", name, "per"]);
                let names = document.entities.keys().map(String::as_str);
                report.unknown(&place, codes::UNKNOWN_ENTITY, "entity", parent, names.clone());
                // The one that was probably meant keeps the mistake from being told again at every use.
                return nearest(parent, names).and_then(|near| document.entities.get_index_of(near));
            }
            found
        }));
    }
    let mut seen = vec![false; parents.len()];
    for start in 0..parents.len() {
        let mut chain: Vec<usize> = Vec::new();
        let mut at = start;
        let closes = loop {
            if seen[at] {
                break chain.iter().position(|other| *other == at);
            }
            seen[at] = true;
            chain.push(at);
            match parents[at] {
                Some(parent) => at = parent,
                None => break None,
            }
        };
        let Some(first) = closes else { continue };
        let mut circle = chain.split_off(first);
        let least = (0..circle.len()).min_by_key(|at| circle[*at]).unwrap_or(0);
        circle.rotate_left(least);
        let name = |index: &usize| document.entities.get_index(*index).map_or("", |(name, _)| name.as_str());
        let names: Vec<&str> = circle.iter().chain(&circle[..1]).map(name).collect();
        let message = format!("entities belong to each other in a circle: {}", names.join(" → "));
        let mut diagnostic = Diagnostic::error(codes::ENTITY_CYCLE, message);
        for other in &circle[1..] {
            let span = report.span(&Place::new(&["entities", name(other), "per"]));
            diagnostic = diagnostic.related(span, "and here");
        }
        report.push(&Place::new(&["entities", name(&circle[0]), "per"]), diagnostic);
        parents[circle[0]] = None;
    }
    parents
}

/// Checks the names that a document gives.
pub(super) fn check_names(document: &Document, report: &Report<'_>) {
    let name_is_sound = |place: &Place, name: &str, hyphens: bool| {
        let starts = name.starts_with(|c: char| c.is_ascii_lowercase());
        let letters = name.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || (hyphens && b"-.".contains(&byte))
        });
        let message = if !starts || !letters {
            format!("`{name}` is not a name")
        } else if name.contains("__") {
            format!("`{name}` has a double underscore, which is kept for the tool")
        } else if !hyphens && RESERVED.contains(&name) {
            format!("`{name}` is a word of the expression language")
        } else if name.len() > 63 {
            format!("`{name}` has {} characters; 63 are allowed, as in PostgreSQL", name.len())
        } else {
            return;
        };
        let help = "names are lower-case letters, digits and `_`, starting with a letter";
        report.push_key(place, Diagnostic::error(codes::BAD_NAME, message).help(help));
    };
    let section = |section: &str, names: &mut dyn Iterator<Item = &String>, hyphens: bool| {
        for name in names {
            name_is_sound(&Place::new(&[section, name]), name, hyphens);
        }
    };
    section("settings", &mut document.settings.keys(), false);
    section("tables", &mut document.tables.keys(), true);
    section("functions", &mut document.functions.keys(), false);
    section("patterns", &mut document.patterns.keys(), true);
    section("entities", &mut document.entities.keys(), false);
    section("edge_cases", &mut document.edge_cases.keys(), true);
    for (name, entity) in &document.entities {
        let place = Place::new(&["entities", name]);
        entity.fields.keys().for_each(|field| name_is_sound(&place.key("fields").key(field), field, false));
        entity.rules.keys().for_each(|rule| name_is_sound(&place.key("rules").key(rule), rule, false));
        for rule in entity.rules.keys().filter(|rule| entity.fields.contains_key(*rule)) {
            let message = format!("`{rule}` is also a field of `{name}`");
            report.push_key(&place.key("rules").key(rule), Diagnostic::error(codes::DUPLICATE_NAME, message));
        }
    }
}
