//! Resources checked: a tree as written, held against the elements of FHIR and the names of the spec.

use std::collections::HashMap;

use manikin_diagnostic::{Diagnostic, codes};
use manikin_expression::{Expression, Type};
use manikin_spec::node::{Key, Node, Value};

use crate::definition::{Element, ElementType, Elements, Found, is_primitive};
use crate::directive::DIRECTIVES;
use crate::domain::{Domain, few, without_code};
use crate::names::Names;
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
    pub(crate) rows: Vec<Rows>,
    known: HashMap<(FrameId, String), ExpressionId>,
}

/// Where a value stands: the element, the one of its types that is meant.
#[derive(Clone, Copy)]
pub(crate) struct Place<'e> {
    pub(crate) element: &'e Element,
    pub(crate) ty: &'e ElementType,
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
    pub(crate) fn array(&mut self, node: &Node, place: Place<'_>, frame: FrameId) -> Option<Tree> {
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
    pub(crate) fn item(&mut self, node: &Node, place: Place<'_>, frame: FrameId) -> Option<Tree> {
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
    pub(crate) fn single(&mut self, node: &Node, place: Place<'_>, frame: FrameId) -> Option<Tree> {
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
            Ok(()) => {
                self.codes(node, id, place);
                Some(Tree::Leaf(id))
            }
            Err(help) => {
                let found = self.type_of(id).clone();
                let message =
                    format!("`{}` is of type {}, and the expression gives {found}", place.element.path, place.ty.code);
                self.report.error(node.span, codes::WRONG_ELEMENT_TYPE, message, help);
                None
            }
        }
    }

    /// Tells codes that an expression can give and the value set lacks, and values for which a table has no code.
    fn codes(&mut self, node: &Node, id: ExpressionId, place: Place<'_>) {
        if place.ty.code != "code" {
            return;
        }
        let root = &self.body.expressions[id.0].1.root;
        let domain = Domain { world: self.world, guarded: &self.report.guarded };
        let lacking = domain.without_row(root).filter(|_| self.report.alternatives == 0);
        if let Some((table, lacking)) = lacking {
            let diagnostic = without_code(&table, &lacking, &place.element.path);
            self.report.push(node.span, diagnostic);
        } else if !place.element.codes.is_empty() {
            let possible = domain.texts(root);
            let wrong: Vec<String> = possible.into_iter().filter(|code| !place.element.codes.contains(code)).collect();
            if let Some(first) = wrong.first() {
                let path = &place.element.path;
                let message = format!("`{path}` has no code {}, which the expression can give", few(&wrong));
                let near = manikin_diagnostic::nearest(first, place.element.codes.iter().map(String::as_str));
                let diagnostic = Diagnostic::error(codes::WRONG_ELEMENT_TYPE, message);
                let diagnostic = match near {
                    Some(near) => diagnostic.suggest(Some(near)),
                    None => diagnostic.help(format!("the codes are {}", place.element.codes.join(", "))),
                };
                self.report.push(node.span, diagnostic);
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

    pub(crate) fn condition(&mut self, node: &Node, frame: FrameId) -> Option<ExpressionId> {
        let rows = self.rows[frame.0].clone();
        self.report.enter("$if");
        let checked = self.names.condition(node, &rows, self.world, self.report);
        self.report.leave();
        Some(self.add(frame, checked?))
    }

    pub(crate) fn expression(&mut self, node: &Node, sql: Sql<'_>, frame: FrameId) -> Option<ExpressionId> {
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

    pub(crate) fn type_of(&self, id: ExpressionId) -> &Type {
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

/// The kind of a value in words, expressions told from text.
fn kind(node: &Node) -> &'static str {
    if sql::expression(node).is_some() { "an expression" } else { node.kind() }
}

/// The place of an object: its first key, rather than a page of text.
pub(crate) fn object_span(node: &Node) -> manikin_diagnostic::Span {
    node.entries().first().map_or(node.span, |(key, _)| key.span)
}
