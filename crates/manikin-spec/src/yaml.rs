//! YAML 1.2 text to a located tree: [`parse`] for text, [`load`] for the bytes of a file.
//!
//! Scalars follow YAML's core schema, with one difference: digits with leading zeros (`00012`) stay text, because in
//! health data they are codes. Dates are text. Size, depth and the number of values are limited, so that no file,
//! however made, costs more than a moment.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use granit_parser::{Event, Parser, ScalarStyle, Tag};
use manikin_diagnostic::{Diagnostic, Diagnostics, FileId, Sources, Span, codes};

use crate::node::{Key, Node, Value};

/// Largest document read, in bytes.
pub const DOCUMENT_LIMIT: u64 = 16 << 20;
/// Deepest nesting of a document.
pub const DEPTH_LIMIT: usize = 64;
/// Most values of a document, those that aliases repeat included.
pub const NODE_LIMIT: usize = 1_000_000;
/// Bytes of repeated text that count as one value: long text repeated by aliases must cost too.
const TEXT_PER_NODE: usize = 64;

/// Reads the bytes of a file as a document and adds its text to the sources.
///
/// # Errors
/// In the diagnostics: MK0003 not UTF-8, MK0004 too large, and those of [`parse`]. The tree is `None` where nothing
/// could be read at all.
pub fn load(name: &str, bytes: Vec<u8>, sources: &mut Sources) -> (Option<Node>, Diagnostics) {
    if bytes.len() as u64 > DOCUMENT_LIMIT {
        return (None, too_large(name).into());
    }
    match String::from_utf8(bytes) {
        Ok(text) => {
            let text = match text.strip_prefix('\u{feff}') {
                Some(rest) => rest.to_owned(),
                None => text,
            };
            let file = sources.add(name, text.as_str());
            parse(&text, file)
        }
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let lossy = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let utf16 = error.as_bytes().starts_with(&[0xff, 0xfe]) || error.as_bytes().starts_with(&[0xfe, 0xff]);
            let byte = error.as_bytes().get(at).copied().unwrap_or_default();
            let file = sources.add(name, lossy);
            let help = if utf16 {
                "the file is UTF-16; save it as UTF-8"
            } else {
                "save the file as UTF-8; it may be Latin-1 or Windows-1252"
            };
            let replaced = '\u{fffd}'.len_utf8();
            let diagnostic =
                Diagnostic::error(codes::NOT_UTF8, format!("`{name}` is not UTF-8 text: byte {at} is 0x{byte:02x}"))
                    .at(Span::new(file, at, at + replaced))
                    .help(help);
            (None, diagnostic.into())
        }
    }
}

/// The message for a document over the size limit.
pub(crate) fn too_large(name: &str) -> Diagnostic {
    Diagnostic::error(codes::TOO_LARGE, format!("`{name}` is larger than a document may be (16 MiB)"))
        .help("put large code lists and tables into CSV files and name them under `tables`")
}

/// Reads YAML text as a located tree.
///
/// # Errors
/// In the diagnostics; the tree is `None` where the text could not be read to its end.
/// - MK0005 not YAML, MK0006 too deep, MK0007 too many values, MK0009 several documents, MK0010 no document;
/// - MK0008 a key given twice, MK0011 a key that is no text, MK0012 a merge key without a map, MK0013 an unknown
///   tag: the tree is still given.
pub fn parse(text: &str, file: FileId) -> (Option<Node>, Diagnostics) {
    let mut reader = Reader {
        file,
        text,
        stack: Vec::new(),
        anchors: HashMap::new(),
        nodes: 0,
        root: None,
        diagnostics: Diagnostics::new(),
    };
    let complete = reader.read();
    let mut diagnostics = reader.diagnostics;
    if !complete {
        return (None, diagnostics);
    }
    if reader.root.is_none() && diagnostics.is_empty() {
        diagnostics.push(
            Diagnostic::error(codes::EMPTY_DOCUMENT, "the file holds no document")
                .at(Span::new(file, 0, 0))
                .help("start with `manikin: 1`"),
        );
    }
    (reader.root, diagnostics)
}

struct Reader<'t> {
    file: FileId,
    text: &'t str,
    stack: Vec<Frame>,
    anchors: HashMap<usize, Anchored>,
    nodes: usize,
    root: Option<Node>,
    diagnostics: Diagnostics,
}

/// What an anchor names, with its number of values and its depth.
struct Anchored {
    node: Rc<Node>,
    cost: usize,
    depth: usize,
}

/// A map or list that is being read.
struct Frame {
    start: usize,
    end: usize,
    anchor: usize,
    flow: bool,
    nodes_before: usize,
    /// Levels below this one, this one included.
    depth: usize,
    /// A map or list that stands where a key should: read to its end, then dropped.
    is_key: bool,
    kind: FrameKind,
}

enum FrameKind {
    List(Vec<Node>),
    Map { entries: Vec<(Key, Node)>, merged: Vec<Node>, pending: Pending },
}

/// The key whose value comes next.
enum Pending {
    /// A key comes next.
    None,
    Key(Key),
    Merge(Span),
    /// The key was refused; its value is dropped.
    Refused,
}

/// The reading cannot go on; the diagnostic says why.
struct Stop;

impl Reader<'_> {
    /// Whether the text was read to its end.
    fn read(&mut self) -> bool {
        let options = granit_parser::options! {
            emit_comments: false,
            // The scanner runs ahead of the events, so it needs limits of its own.
            flow_nesting_limit: DEPTH_LIMIT,
            block_nesting_limit: DEPTH_LIMIT,
        };
        let mut documents = 0;
        for event in Parser::new_from_str_with_options(self.text, options) {
            let (event, place) = match event {
                Ok(next) => next,
                Err(error) => {
                    self.scan_error(&error);
                    return false;
                }
            };
            let span = self.place(&place);
            let tag_span = place.tag_span().map(|place| self.place(&place));
            let done = match event {
                Event::DocumentStart(..) => {
                    documents += 1;
                    if documents > 1 {
                        let line = self.line(span);
                        self.diagnostics.push(
                            Diagnostic::error(codes::SEVERAL_DOCUMENTS, "the file holds a second YAML document")
                                .at(line)
                                .help("remove the `---`, or put the second document into a file of its own"),
                        );
                        return false;
                    }
                    Ok(())
                }
                Event::Scalar(text, style, anchor, tag) => {
                    self.scalar(&text, style, anchor, tag.as_deref(), span, tag_span)
                }
                Event::SequenceStart(style, anchor, tag) => {
                    self.tag_of_collection(tag.as_deref(), "seq", tag_span);
                    let flow = style == granit_parser::StructureStyle::Flow;
                    self.open(span, anchor, flow, FrameKind::List(Vec::new()))
                }
                Event::MappingStart(style, anchor, tag) => {
                    self.tag_of_collection(tag.as_deref(), "map", tag_span);
                    let flow = style == granit_parser::StructureStyle::Flow;
                    let kind = FrameKind::Map { entries: Vec::new(), merged: Vec::new(), pending: Pending::None };
                    self.open(span, anchor, flow, kind)
                }
                Event::SequenceEnd | Event::MappingEnd => self.close(span),
                Event::Alias(anchor) => self.alias(anchor, span),
                _ => Ok(()),
            };
            if done.is_err() {
                return false;
            }
        }
        true
    }

    fn place(&self, place: &granit_parser::Span) -> Span {
        let end = self.text.len();
        let start = place.start.byte_offset().unwrap_or(0).min(end);
        let end = place.end.byte_offset().unwrap_or(start).min(end);
        // Block scalars end after their line break, which belongs to no value.
        let trimmed = self.text.get(start..end).map_or(0, |text| text.trim_end().len());
        Span::new(self.file, start, start + trimmed)
    }

    /// The rest of the line that a place starts on.
    fn line(&self, span: Span) -> Span {
        let rest = self.text.get(span.start as usize..).unwrap_or("");
        let length = rest.lines().next().unwrap_or("").len();
        Span::new(self.file, span.start as usize, span.start as usize + length)
    }

    fn scan_error(&mut self, error: &granit_parser::ScanError) {
        let at = error.marker().byte_offset().unwrap_or(self.text.len()).min(self.text.len());
        let mut start = at;
        while !self.text.is_char_boundary(start) {
            start -= 1;
        }
        let length = self.text[start..].chars().next().map_or(0, char::len_utf8);
        let span = Span::new(self.file, start, start + length);
        let reason = error.info();
        if reason.contains("nest") || reason.contains("recursion") || reason.contains("depth") {
            self.too_deep(span);
            return;
        }
        let mut diagnostic = Diagnostic::error(codes::NOT_YAML, format!("not valid YAML: {reason}")).at(span);
        let line_start = self.text[..start].rfind('\n').map_or(0, |at| at + 1);
        let indent: String = self.text[line_start..].chars().take_while(|c| c.is_whitespace()).collect();
        if indent.contains('\t') {
            diagnostic = diagnostic.help("indent with spaces; YAML does not allow tabs there");
        } else if at >= self.text.trim_end().len() {
            diagnostic = diagnostic.help("a quote or bracket may not be closed");
        }
        self.diagnostics.push(diagnostic);
    }

    fn too_deep(&mut self, span: Span) {
        self.diagnostics.push(
            Diagnostic::error(codes::TOO_DEEP, format!("the document is nested more than {DEPTH_LIMIT} levels deep"))
                .at(span),
        );
    }

    fn count(&mut self, cost: usize, span: Span) -> Result<(), Stop> {
        self.nodes = self.nodes.saturating_add(cost);
        if self.nodes <= NODE_LIMIT {
            return Ok(());
        }
        let mut diagnostic =
            Diagnostic::error(codes::TOO_MANY_NODES, format!("the document has more than {NODE_LIMIT} values"))
                .at(span);
        if !self.anchors.is_empty() {
            diagnostic = diagnostic.help("each use of an alias (`*name`) counts all values that it repeats");
        }
        self.diagnostics.push(diagnostic);
        Err(Stop)
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        span: Span,
        tag_span: Option<Span>,
    ) -> Result<(), Stop> {
        self.count(1 + text.len() / (TEXT_PER_NODE * 16), span)?;
        let plain = style == ScalarStyle::Plain;
        if self.expects_key() {
            let pending = if plain && text == "<<" && tag.is_none() {
                Pending::Merge(span)
            } else if plain && span.start == span.end {
                self.diagnostics
                    .push(Diagnostic::error(codes::KEY_NOT_TEXT, "a key is missing before the `:`").at(span));
                Pending::Refused
            } else {
                Pending::Key(Key { text: text.to_owned(), span })
            };
            self.set_pending(pending);
            if anchor != 0 {
                let node = Node { span, value: Value::Text(text.to_owned()) };
                self.anchor(anchor, node, 1, 0);
            }
            return Ok(());
        }
        let value = match tag {
            Some(tag) => self.tagged(text, tag, tag_span.unwrap_or(span)),
            None if plain => plain_value(text),
            None => Value::Text(text.to_owned()),
        };
        let node = Node { span, value };
        if anchor != 0 {
            let cost = 1 + text.len() / TEXT_PER_NODE;
            self.anchor(anchor, node.clone(), cost, 0);
        }
        self.add(node, 0);
        Ok(())
    }

    fn tagged(&mut self, text: &str, tag: &Tag, span: Span) -> Value {
        let value = plain_value(text);
        match (tag.core_suffix(), &value) {
            (Some("str"), _) => return Value::Text(text.to_owned()),
            (Some("int"), Value::Number(number, _)) if !number.is_f64() => return value,
            (Some("float"), Value::Number(..)) | (Some("bool"), Value::Bool(_)) | (Some("null"), Value::Null) => {
                return value;
            }
            _ if tag.handle() == "!" && tag.suffix().is_empty() => {
                return Value::Text(text.to_owned());
            }
            _ => {}
        }
        self.unknown_tag(span, "the value");
        Value::Text(text.to_owned())
    }

    fn tag_of_collection(&mut self, tag: Option<&Tag>, expected: &str, span: Option<Span>) {
        if let Some(tag) = tag
            && tag.core_suffix() != Some(expected)
        {
            let what = if expected == "seq" { "a list" } else { "a map" };
            self.unknown_tag(span.unwrap_or(Span::new(self.file, 0, 0)), what);
        }
    }

    fn unknown_tag(&mut self, span: Span, what: &str) {
        let tag = self.text.get(span.range()).unwrap_or("").to_owned();
        self.diagnostics.push(
            Diagnostic::error(codes::UNKNOWN_TAG, format!("the tag `{tag}` does not fit {what}"))
                .at(span)
                .help("leave the tag out"),
        );
    }

    fn open(&mut self, span: Span, anchor: usize, flow: bool, kind: FrameKind) -> Result<(), Stop> {
        self.count(1, span)?;
        if self.stack.len() >= DEPTH_LIMIT {
            self.too_deep(span);
            return Err(Stop);
        }
        if self.expects_key() {
            // The key is read to its end as a value of its own and then dropped.
            self.set_pending(Pending::Refused);
            self.diagnostics.push(
                Diagnostic::error(codes::KEY_NOT_TEXT, "a key is a list or a map; keys are text").at(self.line(span)),
            );
            self.stack.push(Frame::new(span, anchor, flow, self.nodes - 1, kind, true));
            return Ok(());
        }
        self.stack.push(Frame::new(span, anchor, flow, self.nodes - 1, kind, false));
        Ok(())
    }

    fn close(&mut self, span: Span) -> Result<(), Stop> {
        let Some(frame) = self.stack.pop() else {
            return Ok(());
        };
        let end = if frame.flow { (span.end as usize).max(frame.end) } else { frame.end };
        let whole = Span::new(self.file, frame.start, end);
        let value = match frame.kind {
            FrameKind::List(items) => Value::List(items),
            FrameKind::Map { entries, merged, .. } => Value::Map(self.finish_map(entries, merged)),
        };
        let node = Node { span: whole, value };
        if frame.anchor != 0 {
            let cost = self.nodes - frame.nodes_before;
            // The copy that the anchor keeps is memory too.
            self.count(cost, whole)?;
            self.anchor(frame.anchor, node.clone(), cost, frame.depth);
        }
        if !frame.is_key {
            self.add(node, frame.depth);
        }
        Ok(())
    }

    fn finish_map(&mut self, entries: Vec<(Key, Node)>, merged: Vec<Node>) -> Vec<(Key, Node)> {
        let mut first: HashMap<&str, Span> = HashMap::with_capacity(entries.len());
        let mut repeated = HashSet::new();
        for (at, (key, _)) in entries.iter().enumerate() {
            if let Some(earlier) = first.get(key.text.as_str()) {
                repeated.insert(at);
                self.diagnostics.push(
                    Diagnostic::error(codes::DUPLICATE_KEY, format!("key `{}` is given twice in one map", key.text))
                        .at(key.span)
                        .label("again here")
                        .related(*earlier, "first here"),
                );
            } else {
                first.insert(&key.text, key.span);
            }
        }
        let mut known: HashSet<String> = first.into_keys().map(str::to_owned).collect();
        let mut map: Vec<(Key, Node)> =
            entries.into_iter().enumerate().filter(|(at, _)| !repeated.contains(at)).map(|(_, entry)| entry).collect();
        // The map's own keys win over merged ones, and earlier merged maps over later ones.
        for node in merged {
            if let Value::Map(entries) = node.value {
                for (key, value) in entries {
                    if known.insert(key.text.clone()) {
                        map.push((key, value));
                    }
                }
            }
        }
        map
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Stop> {
        let Some(anchored) = self.anchors.get(&anchor) else {
            // Only a node that contains itself is not yet known here.
            self.diagnostics
                .push(Diagnostic::error(codes::NOT_YAML, "an alias stands inside the value that it repeats").at(span));
            return Err(Stop);
        };
        let (node, cost, depth) = (Rc::clone(&anchored.node), anchored.cost, anchored.depth);
        self.count(cost, span)?;
        if self.stack.len() + depth > DEPTH_LIMIT {
            self.too_deep(span);
            return Err(Stop);
        }
        if self.expects_key() {
            let pending = match node.written() {
                Some(text) => Pending::Key(Key { text: text.to_owned(), span }),
                None => {
                    self.diagnostics.push(
                        Diagnostic::error(codes::KEY_NOT_TEXT, "this alias does not stand for text, so it is no key")
                            .at(span),
                    );
                    Pending::Refused
                }
            };
            self.set_pending(pending);
            return Ok(());
        }
        let end = span.end as usize;
        self.add((*node).clone(), depth);
        if let Some(frame) = self.stack.last_mut() {
            frame.end = frame.end.max(end);
        }
        Ok(())
    }

    fn anchor(&mut self, id: usize, node: Node, cost: usize, depth: usize) {
        self.anchors.insert(id, Anchored { node: Rc::new(node), cost, depth });
    }

    fn expects_key(&self) -> bool {
        matches!(self.stack.last(), Some(Frame { kind: FrameKind::Map { pending: Pending::None, .. }, .. }))
    }

    fn set_pending(&mut self, new: Pending) {
        if let Some(Frame { kind: FrameKind::Map { pending, .. }, end, .. }) = self.stack.last_mut() {
            if let Pending::Key(Key { span, .. }) | Pending::Merge(span) = &new {
                *end = (*end).max(span.end as usize);
            }
            *pending = new;
        }
    }

    /// Puts a finished value where it belongs.
    fn add(&mut self, node: Node, depth: usize) {
        let Some(frame) = self.stack.last_mut() else {
            if !(node.value == Value::Null && node.span.start == node.span.end) {
                self.root = Some(node);
            }
            return;
        };
        frame.depth = frame.depth.max(depth + 1);
        // An alias's value stands elsewhere, perhaps further down.
        if node.span.start as usize >= frame.start {
            frame.end = frame.end.max(node.span.end as usize);
        }
        match &mut frame.kind {
            FrameKind::List(items) => items.push(node),
            FrameKind::Map { entries, merged, pending } => match std::mem::replace(pending, Pending::None) {
                Pending::Key(key) => entries.push((key, node)),
                Pending::Merge(span) => {
                    let maps = match node.value {
                        Value::Map(_) => vec![node],
                        Value::List(items) => items,
                        _ => vec![node],
                    };
                    if maps.iter().all(|node| matches!(node.value, Value::Map(_))) {
                        merged.extend(maps);
                    } else {
                        self.diagnostics.push(
                            Diagnostic::error(codes::BAD_MERGE_KEY, "`<<` takes a map, or a list of maps").at(span),
                        );
                    }
                }
                Pending::Refused | Pending::None => {}
            },
        }
    }
}

impl Frame {
    fn new(span: Span, anchor: usize, flow: bool, nodes_before: usize, kind: FrameKind, is_key: bool) -> Self {
        Self { start: span.start as usize, end: span.end as usize, anchor, flow, nodes_before, depth: 1, is_key, kind }
    }
}

/// A plain scalar by YAML's core schema; digits with leading zeros stay text.
fn plain_value(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    match number(text) {
        Some(number) => Value::Number(number, text.to_owned()),
        None => Value::Text(text.to_owned()),
    }
}

/// A number by YAML's core schema. `.inf` and `.nan` are no numbers here: no place of a document takes them.
fn number(text: &str) -> Option<serde_json::Number> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if let Some(octal) = text.strip_prefix("0o") {
        return radix(octal, 8);
    }
    if let Some(hex) = text.strip_prefix("0x") {
        return radix(hex, 16);
    }
    let bytes = digits.as_bytes();
    if bytes.len() > 1 && bytes[0] == b'0' && bytes[1].is_ascii_digit() {
        return None;
    }
    if !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit) {
        if negative {
            if let Ok(value) = text.parse::<i64>() {
                return Some(value.into());
            }
        } else if let Ok(value) = digits.parse::<u64>() {
            return Some(value.into());
        }
    }
    let is_float = {
        let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(exponent)),
            None => (digits, None),
        };
        let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let mantissa_fits = match mantissa.split_once('.') {
            Some((whole, part)) => all_digits(whole) && all_digits(part) && !(whole.is_empty() && part.is_empty()),
            None => !mantissa.is_empty() && all_digits(mantissa),
        };
        let exponent_fits = exponent.is_none_or(|exponent| {
            let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
            !digits.is_empty() && all_digits(digits)
        });
        mantissa_fits && exponent_fits
    };
    if !is_float {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    serde_json::Number::from_f64(value)
}

fn radix(digits: &str, radix: u32) -> Option<serde_json::Number> {
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !plain {
        return None;
    }
    u64::from_str_radix(digits, radix).ok().map(Into::into)
}
