//! A document as a tree whose every value knows its place in a file.
//!
//! Layers are merged as such trees, so that a mistake in a merged document still points to the line that makes it.
//! [`crate::yaml::parse`] makes them.

use manikin_diagnostic::{Sources, Span};

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where the value is written; for a map or list without brackets, from its first key or item to its last value.
    pub span: Span,
    /// What is written there.
    pub value: Value,
}

/// A key of a map and its place. Keys are always text: `00012` and `1` stay as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The key.
    pub text: String,
    /// Where it is written.
    pub span: Span,
}

/// What a document holds at one place.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`, `~`, or nothing at all.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, and how it is written.
    Number(serde_json::Number, String),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of the document; each key once.
    Map(Vec<(Key, Node)>),
}

impl Node {
    /// The entries of a map; none for any other value.
    pub fn entries(&self) -> &[(Key, Node)] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none for any other value.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The value of a map's key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, node)| node)
    }

    /// A map's key with its place, and its value.
    pub fn entry(&self, key: &str) -> Option<&(Key, Node)> {
        self.entries().iter().find(|(own, _)| own.text == key)
    }

    /// The text of a text value.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A scalar as it is written: the text of a text, the digits of a number; `None` for null, maps and lists.
    pub fn written(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) | Value::Number(_, text) => Some(text),
            Value::Bool(true) => Some("true"),
            Value::Bool(false) => Some("false"),
            Value::Null | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// What kind of value it is, in words: `a number`, `text`, `a map`.
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "true or false",
            Value::Number(..) => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }

    /// Whether two trees say the same, wherever they are written; the order of keys does not count.
    pub fn same(&self, other: &Node) -> bool {
        match (&self.value, &other.value) {
            (Value::Number(a, _), Value::Number(b, _)) => a == b || a.as_f64() == b.as_f64(),
            (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same(b)),
            (Value::Map(a), Value::Map(b)) => {
                let find: std::collections::HashMap<&str, &Node> =
                    b.iter().map(|(key, node)| (key.text.as_str(), node)).collect();
                a.len() == b.len()
                    && a.iter().all(|(key, node)| find.get(key.text.as_str()).is_some_and(|b| node.same(b)))
            }
            (a, b) => a == b,
        }
    }

    /// The node at a path, or the nearest one around it that exists, and whether it was found in full.
    ///
    /// The parts of a path are keys of maps and, for lists, positions from 0.
    pub fn at<S: AsRef<str>>(&self, path: &[S]) -> (&Node, bool) {
        let mut node = self;
        for part in path {
            let part = part.as_ref();
            let next = match &node.value {
                Value::Map(_) => node.get(part),
                Value::List(items) => part.parse::<usize>().ok().and_then(|at| items.get(at)),
                _ => None,
            };
            match next {
                Some(next) => node = next,
                None => return (node, false),
            }
        }
        (node, true)
    }

    /// The place of the value at a path, or of the nearest value around it.
    ///
    /// Where the nearest value is a whole map, its place is that of the key that it stands under, so that a message
    /// about something missing points to a name rather than to a page of text.
    pub fn span_of<S: AsRef<str>>(&self, path: &[S]) -> Span {
        let mut node = self;
        let mut key_span = None;
        for part in path {
            let part = part.as_ref();
            let next = match &node.value {
                Value::Map(_) => node.entry(part).map(|(key, node)| (Some(key.span), node)),
                Value::List(items) => part.parse::<usize>().ok().and_then(|at| items.get(at)).map(|node| (None, node)),
                _ => None,
            };
            let Some((key, next)) = next else {
                return match (&node.value, key_span) {
                    (Value::Map(_) | Value::List(_), Some(key)) => key,
                    _ => node.span,
                };
            };
            key_span = key;
            node = next;
        }
        match (&node.value, key_span) {
            (Value::Map(_), Some(key)) => key,
            _ => node.span,
        }
    }

    /// The place of the key that ends a path, or of the nearest value around it.
    pub fn key_span_of<S: AsRef<str>>(&self, path: &[S]) -> Span {
        if let Some((last, parents)) = path.split_last()
            && let (parent, true) = self.at(parents)
            && let Some((key, _)) = parent.entry(last.as_ref())
        {
            return key.span;
        }
        self.span_of(path)
    }

    /// The place of some bytes *inside* a scalar's value, such as a word of an expression.
    ///
    /// Exact for plain, quoted and folded text, on one line or several; the whole scalar where escapes other than
    /// doubled quotes make the written text differ from the value.
    pub fn span_within(&self, sources: &Sources, range: std::ops::Range<usize>) -> Span {
        let Some(value) = self.written() else {
            return self.span;
        };
        within(sources.slice(self.span), value, range).map_or(self.span, |(start, end)| {
            let from = self.span.start as usize;
            Span::new(self.span.file, from + start, from + end)
        })
    }
}

/// Where the bytes `range` of `value` stand in `written`, the scalar as it is written.
fn within(written: &str, value: &str, range: std::ops::Range<usize>) -> Option<(usize, usize)> {
    let quote = match written.as_bytes().first() {
        Some(quote @ (b'\'' | b'"')) if !value.starts_with(written) => Some(*quote),
        _ => None,
    };
    let written = written.as_bytes();
    let value = value.as_bytes();
    let mut at = usize::from(quote.is_some());
    let (mut start, mut end) = (None, None);
    let mut i = 0;
    while i < value.len() {
        if i == range.start {
            start = Some(at);
        }
        if i == range.end {
            end = Some(at);
        }
        let byte = value[i];
        if byte.is_ascii_whitespace() {
            // Folding joins lines, so any run of white space in the value is any run in the file.
            let run_start = at;
            while written.get(at).is_some_and(u8::is_ascii_whitespace) {
                at += 1;
            }
            let mut run = 1;
            while value.get(i + run).is_some_and(u8::is_ascii_whitespace) {
                run += 1;
            }
            let exact = at - run_start == run;
            for inside in 1..run {
                if i + inside == range.start {
                    start = Some(if exact { run_start + inside } else { run_start });
                }
                if i + inside == range.end {
                    end = Some(if exact { run_start + inside } else { at });
                }
            }
            let ends_value = i + run == value.len();
            if at == run_start && !ends_value {
                return None;
            }
            i += run;
            continue;
        }
        // A literal or folded block keeps its indentation out of the value; a quote is doubled or escaped.
        match (quote, written.get(at)?) {
            (Some(b'\''), b'\'') if byte == b'\'' => at += 1,
            (Some(b'"'), b'\\') if matches!(byte, b'"' | b'\\') => at += 1,
            (Some(b'"'), b'\\') => return None,
            _ => {}
        }
        if written.get(at) != Some(&byte) {
            return None;
        }
        at += 1;
        i += 1;
    }
    if range.start >= value.len() {
        start = Some(at);
    }
    if range.end >= value.len() {
        end = Some(at);
    }
    // The last byte before the end may be followed by white space that folding dropped.
    let (start, end) = (start?, end?);
    (start <= end).then_some((start, end))
}
