//! `$use`: fragments put in place, their parameters with them.
//!
//! Expansion works on located trees before anything is typed, so that a mistake inside a fragment points into the
//! fragment, and one in a parameter to where the parameter was written.

use std::borrow::Cow;
use std::collections::BTreeSet;

use indexmap::IndexMap;
use manikin_diagnostic::{codes, nearest};
use manikin_spec::node::{Key, Node, Value};

use crate::report::Report;
use crate::sql::{self, Sql};

/// Most values of a projection once its fragments are put in place.
const EXPANDED_LIMIT: usize = 100_000;

/// The names of SQL texts: entries that are conditions or ways rather than trees.
const SQL_KEYS: [&str; 4] = ["$if", "$where", "$each", "$via"];

/// What the parameters of a fragment stand for; `None` outside of any.
type Parameters = Option<IndexMap<String, Node>>;

/// Puts fragments in place; `None` where the tree is nothing without a parameter that was not given.
pub(crate) fn expand(node: &Node, fragments: &IndexMap<String, Node>, report: &mut Report<'_>) -> Option<Node> {
    let mut expansion = Expansion { fragments, report, open: Vec::new(), nodes: 0, is_full: false };
    expansion.node(node, &None)
}

struct Expansion<'a, 'r, 's> {
    fragments: &'a IndexMap<String, Node>,
    report: &'r mut Report<'s>,
    /// The fragments that are being put in place, outermost first.
    open: Vec<String>,
    nodes: usize,
    is_full: bool,
}

impl Expansion<'_, '_, '_> {
    fn node(&mut self, node: &Node, given: &Parameters) -> Option<Node> {
        self.nodes += 1;
        if self.nodes > EXPANDED_LIMIT {
            if !self.is_full {
                self.is_full = true;
                let message = format!("the tree has more than {EXPANDED_LIMIT} values once fragments are put in place");
                let help = "fragments that use each other several times over double with each level";
                self.report.error(node.span, codes::FRAGMENT_CYCLE, message, help);
            }
            return None;
        }
        let value = match &node.value {
            Value::Text(text) => return self.text(node, text, given),
            Value::List(items) => Value::List(self.items(items, given)),
            Value::Map(entries) => return self.map(node, entries, given),
            _ => return Some(node.clone()),
        };
        Some(Node { span: node.span, value })
    }

    fn items(&mut self, items: &[Node], given: &Parameters) -> Vec<Node> {
        let mut list = Vec::with_capacity(items.len());
        for item in items {
            let is_put =
                item.get("$use").is_some() || matches!(&item.value, Value::Text(text) if parameter(text).is_some());
            match self.node(item, given) {
                // A fragment or parameter that is a list gives its items.
                Some(Node { value: Value::List(inner), .. }) if is_put => list.extend(inner),
                Some(item) => list.push(item),
                None => {}
            }
        }
        list
    }

    fn text(&mut self, node: &Node, text: &str, given: &Parameters) -> Option<Node> {
        let Some(parameters) = given else { return Some(node.clone()) };
        if let Some(name) = parameter(text) {
            return parameters.get(name).cloned();
        }
        if let Some(escaped) = text.strip_prefix("$$") {
            return Some(Node { span: node.span, value: Value::Text(format!("${escaped}")) });
        }
        if text.starts_with('=') && !text.starts_with("==") {
            return self.sql(node, text, parameters);
        }
        Some(node.clone())
    }

    /// An SQL text with its parameters replaced; `None` where one is not given. It may name what the spec lacks where a
    /// parameter may.
    fn sql(&mut self, node: &Node, text: &str, parameters: &IndexMap<String, Node>) -> Option<Node> {
        let mut put = String::new();
        let mut rest = text;
        let mut changed = false;
        let mut lenient = false;
        while let Some((before, name, after)) = next_parameter(rest) {
            put.push_str(before);
            let value = parameters.get(name)?;
            match as_sql(value) {
                Some(sql) => put.push_str(&sql),
                None => {
                    let message =
                        format!("parameter `{name}` is {}, which cannot stand in an expression", value.kind());
                    let help = "give it text, a number, or an expression that begins with `=`";
                    self.report.error(value.span, codes::UNKNOWN_FRAGMENT, message, help);
                    return None;
                }
            }
            lenient |= sql::expression(value).is_some_and(|sql| sql.lenient);
            changed = true;
            rest = after;
        }
        if !changed {
            return Some(node.clone());
        }
        put.push_str(rest);
        if lenient && !Sql::plain(&put).lenient {
            put = format!("=?{}", put.strip_prefix('=').unwrap_or(&put));
        }
        Some(Node { span: node.span, value: Value::Text(put) })
    }

    fn map(&mut self, node: &Node, entries: &[(Key, Node)], given: &Parameters) -> Option<Node> {
        let mut expanded = Vec::with_capacity(entries.len());
        let mut used = None;
        for (key, value) in entries {
            if key.text == "$use" {
                used = Some(value);
                continue;
            }
            let is_directive = key.text.starts_with('$');
            let found = match (&value.value, given) {
                (Value::Text(text), Some(parameters)) if SQL_KEYS.contains(&key.text.as_str()) => {
                    match parameter(text).map(|name| parameters.get(name)) {
                        Some(found) => found.cloned(),
                        None => self.sql(value, text, parameters),
                    }
                }
                _ => self.node(value, given),
            };
            match found {
                Some(found) => expanded.push((key.clone(), found)),
                // A condition or time that is not there leaves nothing to write; `$else` and the like may be absent.
                None if is_directive && !["$else", "$where", "$via"].contains(&key.text.as_str()) => return None,
                None => {}
            }
        }
        match used {
            // An object of which every entry was a parameter that is not given is none itself.
            None if expanded.is_empty() && !entries.is_empty() => None,
            None => Some(Node { span: node.span, value: Value::Map(expanded) }),
            Some(used) => self.put(node, used, expanded),
        }
    }

    /// A fragment in the place of the map that uses it.
    fn put(&mut self, node: &Node, used: &Node, mut entries: Vec<(Key, Node)>) -> Option<Node> {
        let fragments = self.fragments;
        let Some((name, fragment)) = used.text().and_then(|name| fragments.get_key_value(name)) else {
            let name = used.written().unwrap_or_default().to_owned();
            let names = fragments.keys().map(String::as_str);
            let message = format!("there is no fragment `{name}`");
            self.report.unknown(used.span, codes::UNKNOWN_FRAGMENT, message, &name, names);
            return None;
        };
        if self.open.contains(name) {
            let circle: Vec<&str> = self.open.iter().map(String::as_str).chain([name.as_str()]).collect();
            let message = format!("fragment `{name}` uses itself: {}", circle.join(" → "));
            self.report.error(used.span, codes::FRAGMENT_CYCLE, message, "put a tree in the place of one of them");
            return None;
        }
        let condition = entries.iter().position(|(key, _)| key.text == "$if").map(|at| entries.remove(at));
        let mut known = BTreeSet::new();
        parameters_of(fragment, &mut known);
        for (key, _) in &entries {
            if !known.contains(key.text.as_str()) {
                let message = format!("fragment `{name}` has no parameter `{}`", key.text);
                let names: Vec<&str> = known.iter().copied().collect();
                let near = nearest(&key.text, names.iter().copied());
                let mut diagnostic =
                    manikin_diagnostic::Diagnostic::error(codes::UNKNOWN_FRAGMENT, message).suggest(near);
                if near.is_none() {
                    diagnostic = diagnostic.help(format!("its parameters are {}", names.join(", ")));
                }
                self.report.push(key.span, diagnostic);
            }
        }
        let parameters = entries.into_iter().map(|(key, value)| (key.text, value)).collect();
        self.open.push(name.clone());
        let tree = self.node(fragment, &Some(parameters));
        self.open.pop();
        match (tree, condition) {
            (Some(tree), Some((key, condition))) => {
                let then = (Key { text: "$then".to_owned(), span: used.span }, tree);
                Some(Node { span: node.span, value: Value::Map(vec![(key, condition), then]) })
            }
            (tree, _) => tree,
        }
    }
}

/// The parameter that a text stands for as a whole.
fn parameter(text: &str) -> Option<&str> {
    text.strip_prefix('$').filter(|name| is_name(name))
}

fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// The first parameter of an SQL text outside of quotes: what stands before it, its name, what follows.
fn next_parameter(text: &str) -> Option<(&str, &str, &str)> {
    let mut quoted = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'\'' => quoted = !quoted,
            b'$' if !quoted => {
                let name = &text[at + 1..];
                let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
                let length = name.bytes().take_while(|byte| is_part(*byte)).count();
                if is_name(&name[..length]) {
                    return Some((&text[..at], &name[..length], &name[length..]));
                }
            }
            _ => {}
        }
    }
    None
}

/// A parameter's value as SQL: an expression in brackets, or a literal.
fn as_sql(node: &Node) -> Option<Cow<'_, str>> {
    match &node.value {
        Value::Text(text) => Some(match Sql::marked(text) {
            Some(sql) => format!("({})", sql.text.trim()).into(),
            None => format!("'{}'", sql::unescaped(text).replace('\'', "''")).into(),
        }),
        Value::Number(_, written) => Some(written.into()),
        Value::Bool(true) => Some("true".into()),
        Value::Bool(false) => Some("false".into()),
        Value::Null => Some("null".into()),
        Value::List(_) | Value::Map(_) => None,
    }
}

/// The names of the parameters that a fragment uses, those that it hands on included.
fn parameters_of<'n>(node: &'n Node, found: &mut BTreeSet<&'n str>) {
    match &node.value {
        Value::Text(text) => {
            found.extend(parameter(text));
            let mut rest = text.as_str();
            while let Some((_, name, after)) = next_parameter(rest) {
                found.insert(name);
                rest = after;
            }
        }
        Value::List(items) => items.iter().for_each(|item| parameters_of(item, found)),
        Value::Map(entries) => entries.iter().for_each(|(_, value)| parameters_of(value, found)),
        _ => {}
    }
}
