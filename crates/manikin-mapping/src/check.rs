//! A mapping held against a spec.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;
use manikin_diagnostic::{Diagnostic, Diagnostics, Sources, Span, codes, nearest};
use manikin_expression::{Expression, Literal, Type};
use manikin_spec::node::{Key, Node, Value};
use manikin_spec::spec::Spec;
use manikin_tables::lookup_table;

use crate::body::Builder;
use crate::checked::{Checked, Content, From, Projection, Standard};
use crate::fragment::expand;
use crate::names::{Names, Origin};
use crate::read::{Mapping, Source};
use crate::report::Report;
use crate::scope::{RUN_CONSTANTS, Rows, World};
use crate::sql::Sql;
use crate::tree::{Body, FrameId, Tree};

impl Mapping {
    /// Holds the mapping against a spec.
    ///
    /// `sources` are those of the mapping's [`Reading`](crate::Reading), which the diagnostics point into.
    ///
    /// # Errors
    /// In the diagnostics, all at once: expressions (MK04xx), names of the spec (MK0301), projections and what they
    /// write (MK11xx). Projections that are left out are notes (MK1116).
    pub fn check(&self, spec: &Arc<Spec>, sources: &Sources) -> (Option<Checked>, Diagnostics) {
        let mut constants = spec.constants.clone();
        constants.extend(self.settings.iter().map(|(name, value)| (name.clone(), value.clone())));
        for name in RUN_CONSTANTS {
            let value = match name {
                "manikin_version" => Literal::Text(env!("CARGO_PKG_VERSION").to_owned()),
                "spec_version" => Literal::Text(spec.document.version.clone().unwrap_or_default()),
                _ => Literal::Date(spec.as_of),
            };
            constants.insert(name.to_owned(), value);
        }
        let world = World { spec, tables: &self.tables, constants };
        let mut diagnostics = Diagnostics::new();
        if self.projections.is_empty() {
            let help = "add `projections:` here or in another YAML file of the folder; `manikin mapping fhir -o DIR` copies a whole one";
            let message = "the mapping has no projections, so nothing is made";
            diagnostics.push(Diagnostic::error(codes::BAD_PROJECTION, message).at(self.head_span).help(help));
            return (None, diagnostics);
        }
        let mut left_out = Vec::new();
        let mut live = IndexMap::new();
        for (name, source) in &self.projections {
            match self.origin(name, source, &world, sources) {
                Ok(origin) => {
                    live.insert(name.as_str(), origin);
                }
                Err(Absence::Wrong(found)) => diagnostics.append(found),
                Err(Absence::LeftOut(entity)) => {
                    diagnostics.push(absent(name, source, &entity, spec));
                    left_out.push((name.clone(), entity));
                }
            }
        }
        let mut names = Names { all: &self.projections, live };
        let (projections, found) = loop {
            for (name, of) in self.empty_eras(&names) {
                let source = &self.projections[name];
                diagnostics.push(era_left_out(name, source, &of));
                left_out.push((name.to_owned(), of));
                names.live.shift_remove(name);
            }
            let (projections, found, lacking) = self.projections_of(&names, &world, sources);
            // What is optional goes, and with it the references to it; then everything is looked at again.
            match lacking {
                None => break (projections, found),
                Some((name, why)) => {
                    let source = &self.projections[name];
                    diagnostics.push(optional(name, source, &why));
                    left_out.push((name.to_owned(), why));
                    names.live.shift_remove(name);
                }
            }
        };
        diagnostics.append(found);
        if diagnostics.has_errors() {
            return (None, diagnostics);
        }
        let tables: BTreeMap<_, _> =
            self.tables.iter().map(|(name, table)| (name.clone(), Arc::clone(table))).collect();
        // Columns of a table that was read have one length, which is all that a lookup table asks for.
        let lookups =
            tables.iter().filter_map(|(name, table)| Some((name.clone(), lookup_table(table).ok()?))).collect();
        let checked = Checked {
            standard: self.standard,
            version: self.version.clone(),
            title: self.title.clone(),
            digest: self.digest.clone(),
            spec: Arc::clone(spec),
            projections,
            left_out,
            tables,
            lookups,
            settings: self.settings.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
            definition: self.definition.clone(),
            splits: self.splits.clone(),
        };
        (Some(checked), diagnostics)
    }

    /// What a projection is made of.
    fn origin(&self, name: &str, source: &Source, world: &World<'_>, sources: &Sources) -> Result<Origin, Absence> {
        let mut report = Report::new(sources, &["projections", name]);
        let wrong = |mut report: Report<'_>, span: Span, message: String, help: &str| {
            report.error(span, codes::BAD_PROJECTION, message, help);
            Err(Absence::Wrong(report.diagnostics))
        };
        let from_span = source.node.span_of(&["from"]);
        let for_omop = self.standard == Standard::Omop54;
        let Some(from) = &source.document.from else {
            if source.document.era.is_some() && for_omop {
                return Ok(Origin::Era);
            }
            let message = format!("projection `{name}` does not say what it is made of");
            return wrong(report, source.name_span, message, "add `from: entity`");
        };
        if source.document.era.is_some() {
            let message = format!("projection `{name}` has both `from` and `era`");
            return wrong(report, from_span, message, "eras are made of the rows of a table: leave `from` away");
        }
        if let Some(special) = from.strip_prefix('$') {
            let mut words = special.split_whitespace();
            return match (words.next(), words.next(), words.next()) {
                (Some("run"), None, None) if for_omop => Ok(Origin::Run),
                (Some("table"), Some(table), None) if for_omop => {
                    if world.table(table).is_none() {
                        let names = world.tables.keys().chain(world.spec.tables.keys()).map(String::as_str);
                        let message = format!("there is no table `{table}`");
                        report.unknown(from_span, codes::UNKNOWN_TABLE, message, table, names);
                        return Err(Absence::Wrong(report.diagnostics));
                    }
                    Ok(Origin::Table(table.to_owned()))
                }
                _ => {
                    let help = "write an entity's name; OMOP mappings also take `$run` and `$table NAME`";
                    wrong(report, from_span, format!("`from: {from}` is not understood"), help)
                }
            };
        }
        let (entity, may_lack) = match from.strip_prefix('?') {
            Some(entity) => (entity.trim(), true),
            None => (from.as_str(), source.document.optional),
        };
        match world.spec.entity(entity).filter(|entity| !world.spec[*entity].hidden) {
            Some(entity) => Ok(Origin::Entity(entity)),
            None if may_lack => Err(Absence::LeftOut(entity.to_owned())),
            None => {
                let names = world.spec.entities.iter().filter(|entity| !entity.hidden).map(|it| it.name.as_str());
                let message = format!("the spec has no entity `{entity}` that is written");
                let help = format!("`from: \"?{entity}\"` leaves the projection out where a spec has no such entity");
                let diagnostic = Diagnostic::error(codes::UNKNOWN_ENTITY, message);
                let diagnostic = match nearest(entity, names) {
                    Some(near) => diagnostic.suggest(Some(near)),
                    None => diagnostic.help(help),
                };
                report.enter("from");
                report.push(from_span, diagnostic);
                Err(Absence::Wrong(report.diagnostics))
            }
        }
    }

    /// The eras of tables that other projections would fill, if the spec had rows for them.
    fn empty_eras<'n>(&self, names: &Names<'n>) -> Vec<(&'n str, String)> {
        let fills = |name: &str, table: &str| {
            let document = &self.projections[name].document;
            document.to == table && document.era.is_none()
        };
        let mut empty = Vec::new();
        for (name, origin) in &names.live {
            let Some(era) = &self.projections[*name].document.era else { continue };
            let is_left_out = !names.live.keys().any(|other| fills(other, &era.of));
            // A table that no projection names at all is a mistake, which is told where the era is checked.
            let is_known = self.projections.keys().any(|other| fills(other, &era.of));
            if *origin == Origin::Era && is_left_out && is_known {
                empty.push((*name, era.of.clone()));
            }
        }
        empty
    }

    /// Every live projection checked, or the optional one that lacks a name.
    fn projections_of<'n>(
        &self,
        names: &Names<'n>,
        world: &World<'_>,
        sources: &Sources,
    ) -> (Vec<Projection>, Diagnostics, Option<(&'n str, String)>) {
        let mut projections = Vec::with_capacity(names.live.len());
        let mut diagnostics = Diagnostics::new();
        for (name, origin) in &names.live {
            let source = &names.all[*name];
            let mut report = Report::new(sources, &["projections", name]);
            let projection = self.projection(name, source, origin, names, world, &mut report);
            let lenient = source.document.condition.as_deref().is_some_and(|condition| Sql::plain(condition).lenient);
            let optional = source.document.optional || lenient;
            if optional && report.diagnostics.has_errors() && report.beyond_names == 0 {
                let why = report.diagnostics.iter().next().map(|first| first.message.clone()).unwrap_or_default();
                return (Vec::new(), Diagnostics::new(), Some((name, why)));
            }
            diagnostics.append(report.diagnostics);
            projections.push(projection);
        }
        (projections, diagnostics, None)
    }

    fn projection(
        &self,
        name: &str,
        source: &Source,
        origin: &Origin,
        names: &Names<'_>,
        world: &World<'_>,
        report: &mut Report<'_>,
    ) -> Projection {
        let rows = match origin {
            Origin::Entity(entity) => Rows::Entity(*entity),
            _ => Rows::Nothing,
        };
        self.fitting_keys(source, report);
        let text_of = |key: &str, report: &mut Report<'_>| {
            let node = source.node.get(key)?;
            report.enter(key);
            let found = names.text(node, key == "parent_codes", &rows, world, report);
            report.leave();
            found
        };
        let id = match source.node.get("id") {
            Some(_) => text_of("id", report),
            None => self.default_id(name, source, origin, world, names, report),
        };
        let description = text_of("description", report);
        let parent_codes = text_of("parent_codes", report);
        let filter = source.node.get("where").and_then(|node| {
            report.enter("where");
            let filter = match origin {
                // Rows cannot be chosen by what the spec lacks: `?` leaves the projection out, as `optional` does.
                Origin::Entity(_) => {
                    let strict = node.written().map(|text| Sql { lenient: false, ..Sql::plain(text) });
                    match strict {
                        Some(sql) => names.expression(node, sql, &rows, Some(&Type::Boolean), world, report),
                        None => names.condition(node, &rows, world, report),
                    }
                }
                _ => {
                    let help = "take `where` away";
                    report.error(
                        node.span,
                        codes::BAD_PROJECTION,
                        "only rows of an entity are chosen by a condition",
                        help,
                    );
                    None
                }
            };
            report.leave();
            filter
        });
        if let Some(filter) = &filter {
            report.guard(filter);
        }
        let (from, content) = match self.standard {
            Standard::FhirR4 => {
                let from = match origin {
                    Origin::Entity(entity) => From::Entity(*entity),
                    _ => From::Run,
                };
                (from, Content::Body(self.body(source, rows, names, world, report)))
            }
            _ => self.columns(name, source, origin, &rows, names, world, report),
        };
        Projection {
            name: name.to_owned(),
            to: source.document.to.clone(),
            from,
            filter,
            id,
            content,
            description,
            parent_codes,
        }
    }

    /// Refuses keys of a projection that its standard has no use for.
    fn fitting_keys(&self, source: &Source, report: &mut Report<'_>) {
        let unfit: &[&str] = match self.standard {
            Standard::FhirR4 => &["columns", "era", "description", "parent_codes"],
            Standard::Omop54 => &["body", "profiles", "description", "parent_codes", "id"],
            Standard::Meds04 => &["body", "profiles", "era"],
        };
        for key in unfit {
            if let Some((key, _)) = source.node.entry(key) {
                let message = format!("`{}` is not for mappings to {}", key.text, self.standard);
                let help = match self.standard {
                    Standard::FhirR4 => "a resource is written by `body`",
                    _ => "rows are written by `columns`",
                };
                report.error(key.span, codes::BAD_PROJECTION, message, help);
            }
        }
    }

    /// The entity's key as text; several fields are joined by `|`.
    fn default_id(
        &self,
        name: &str,
        source: &Source,
        origin: &Origin,
        world: &World<'_>,
        names: &Names<'_>,
        report: &mut Report<'_>,
    ) -> Option<Expression> {
        let Origin::Entity(entity) = origin else { return None };
        let entity = &world.spec[*entity];
        let part = |field: &manikin_spec::spec::FieldId| match &entity[*field] {
            field if field.hidden => None,
            field if field.ty == Type::Text => Some(field.name.clone()),
            field => Some(format!("text({})", field.name)),
        };
        let parts: Option<Vec<String>> = entity.key.iter().map(part).collect();
        let Some(parts) = parts.filter(|parts| !parts.is_empty()) else {
            if self.standard == Standard::FhirR4 {
                let message = format!("`{}` has no key that is written, so its resources have no id", entity.name);
                let help = format!("give projection `{name}` an `id: \"= …\"`");
                report.error(source.name_span, codes::BAD_PROJECTION, message, help);
            }
            return None;
        };
        let text = parts.join(" || '|' || ");
        let sql = Sql { text: &text, start: 0, lenient: false };
        let rows = match origin {
            Origin::Entity(entity) => Rows::Entity(*entity),
            _ => Rows::Nothing,
        };
        names.expression(&source.node, sql, &rows, Some(&Type::Text), world, report)
    }

    /// The resource of a projection.
    fn body(&self, source: &Source, rows: Rows, names: &Names<'_>, world: &World<'_>, report: &mut Report<'_>) -> Body {
        let to = source.document.to.as_str();
        let resources = self.elements.resources();
        if !resources.contains(&to) {
            let message = format!("there is no resource type `{to}` in the definition");
            report.unknown(source.node.span_of(&["to"]), codes::UNKNOWN_TARGET, message, to, resources);
            return Body::default();
        }
        let Some((key, body)) = source.node.entry("body") else {
            let help = "add `body:` with the elements of the resource";
            report.error(source.name_span, codes::BAD_PROJECTION, "the projection writes nothing", help);
            return Body::default();
        };
        if !matches!(body.value, Value::Map(_)) {
            let message = format!("a resource is a map of its elements, found {}", body.kind());
            report.error(body.span, codes::BAD_PROJECTION, message, "write `body: {element: value}`");
            return Body::default();
        }
        for owned in ["resourceType", "id"] {
            if let Some((key, _)) = body.entry(owned) {
                let help = match owned {
                    "id" => "say what it is made of by `id` of the projection",
                    _ => "take it away",
                };
                report.error(key.span, codes::BAD_PROJECTION, format!("`{owned}` is written by the engine"), help);
                return Body::default();
            }
        }
        report.enter("body");
        let mut expanded = expand(body, &self.fragments, report);
        let mut builder = Builder::new(world, &self.elements, names, rows, report);
        let mut entries = Vec::new();
        let mut meta = Vec::new();
        if let Some(own) = expanded.as_mut().and_then(|expanded| take(expanded, "meta")) {
            meta.extend(self.own_meta(&own, &mut builder));
        }
        if let Some(profiles) = source.node.get("profiles").filter(|_| !source.document.profiles.is_empty()) {
            let key = Key { text: "profile".to_owned(), span: profiles.span };
            let node = Node { span: profiles.span, value: Value::Map(vec![(key, profiles.clone())]) };
            meta.extend(builder.entries(&node, "Meta", FrameId(0)));
        }
        if let Some(node) = &self.meta {
            meta.extend(builder.entries(node, "Meta", FrameId(0)));
        }
        if !meta.is_empty() {
            entries.push(("meta".to_owned(), Tree::Object(meta)));
        }
        if let Some(mut expanded) = expanded {
            // What is missing in the resource is told at `body`.
            if expanded.entries().is_empty() {
                expanded.span = key.span;
            }
            entries.extend(builder.entries(&expanded, to, FrameId(0)));
        }
        builder.body.entries = entries;
        let body = builder.finish();
        report.leave();
        body
    }

    /// What a resource says of its own `meta` beside its profiles and what every resource of the mapping says.
    fn own_meta(&self, own: &Node, builder: &mut Builder<'_, '_, '_>) -> Vec<(String, Tree)> {
        if !matches!(own.value, Value::Map(_)) {
            let message = format!("`meta` is a map of its elements, found {}", own.kind());
            builder.report.error(own.span, codes::BAD_PROJECTION, message, "write `meta: {lastUpdated: …}`");
            return Vec::new();
        }
        for (key, _) in own.entries() {
            let help = match key.text.as_str() {
                "profile" => "name profiles in `profiles` of the projection",
                name if self.meta.as_ref().is_some_and(|meta| meta.get(name).is_some()) => {
                    "take it away from `meta` of mapping.yaml, which holds for every resource"
                }
                _ => continue,
            };
            let message = format!("`meta.{}` is already written", key.text);
            builder.report.error(key.span, codes::BAD_PROJECTION, message, help);
            return Vec::new();
        }
        builder.entries(own, "Meta", FrameId(0))
    }
}

/// Takes an entry out of a map.
fn take(node: &mut Node, name: &str) -> Option<Node> {
    let Value::Map(entries) = &mut node.value else { return None };
    let at = entries.iter().position(|(key, _)| key.text == name)?;
    Some(entries.remove(at).1)
}

/// Why a projection is not there.
enum Absence {
    Wrong(Diagnostics),
    LeftOut(String),
}

fn absent(name: &str, source: &Source, entity: &str, spec: &Spec) -> Diagnostic {
    let message = format!("projection `{name}` is left out: the spec has no rows of `{entity}`");
    let names = spec.entities.iter().filter(|entity| !entity.hidden).map(|entity| entity.name.as_str());
    let near = names.into_iter().find(|name| is_slip(entity, name));
    // A name that is nearly that of an entity is more likely mistyped than one that the spec happens to lack.
    let diagnostic = match near {
        Some(_) => Diagnostic::warning(codes::PROJECTION_LEFT_OUT, message),
        None => Diagnostic::note(codes::PROJECTION_LEFT_OUT, message),
    };
    diagnostic.at(source.node.span_of(&["from"])).path(format!("projections.{name}.from")).suggest(near)
}

/// Whether two names differ in a letter or two at one place.
fn is_slip(one: &str, other: &str) -> bool {
    const FEW: usize = 2;
    let ahead = one.chars().zip(other.chars()).take_while(|(one, other)| one == other).count();
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().skip(ahead).collect(), other.chars().skip(ahead).collect());
    let behind = one.iter().rev().zip(other.iter().rev()).take_while(|(one, other)| one == other).count();
    ahead + behind > FEW && one.len() - behind <= FEW && other.len() - behind <= FEW
}

fn era_left_out(name: &str, source: &Source, of: &str) -> Diagnostic {
    let message = format!("projection `{name}` is left out: the spec has no rows for `{of}`");
    Diagnostic::note(codes::PROJECTION_LEFT_OUT, message)
        .at(source.node.span_of(&["era", "of"]))
        .path(format!("projections.{name}.era.of"))
}

fn optional(name: &str, source: &Source, why: &str) -> Diagnostic {
    let message = format!("projection `{name}` is left out, as it is optional: {why}");
    Diagnostic::note(codes::PROJECTION_LEFT_OUT, message).at(source.name_span).path(format!("projections.{name}"))
}
