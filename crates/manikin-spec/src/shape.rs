//! The shape of a document: every key known, every value of the right kind, checked against the JSON Schema that the
//! types of [`crate::document`] give. All mistakes are found at once, each with its place.
//!
//! Checking also settles how scalars are read: where only text can stand, a number or truth value as written is text
//! (`version: 1.10` keeps its zero), so that decoding what was checked does not fail.

use manikin_diagnostic::{Code, Diagnostic, Diagnostics, Span, codes, nearest};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use crate::node::{Node, Value};
use crate::path;

/// More keys than this are not listed in a message.
const LISTED_KEYS: usize = 16;

/// Checks a document against a JSON Schema and gives it as JSON, without what is wrong.
///
/// `schema` is one that `schemars` makes, definitions included. Keywords that it does not make are not checked.
///
/// # Errors
/// In the diagnostics: MK0101 to MK0104 and MK0108.
pub fn check(node: &Node, schema: &Json, diagnostics: &mut Diagnostics) -> Json {
    let mut checker = Checker { root: schema, diagnostics: std::mem::take(diagnostics), path: Vec::new() };
    let json = checker.value(node, schema, node.span);
    *diagnostics = checker.diagnostics;
    json
}

/// Reads checked JSON as a type.
///
/// # Errors
/// MK0109 where the value has the right shape and still cannot be read.
pub fn decode<T: DeserializeOwned>(json: Json) -> Result<T, Box<Diagnostic>> {
    serde_json::from_value(json).map_err(|error| {
        Box::new(Diagnostic::error(codes::NOT_DECODED, format!("the document cannot be read: {error}")))
    })
}

/// Reads a tree, which must be a map, as a document of the type that `schema` describes; `what` names it in a message, as
/// in "a profile". `None` where anything is wrong.
///
/// # Errors
/// In the diagnostics, all at once: MK0101 to MK0104, MK0108 and MK0109.
pub fn document<T: DeserializeOwned>(
    node: &Node,
    what: &str,
    schema: &Json,
    diagnostics: &mut Diagnostics,
) -> Option<T> {
    if !matches!(node.value, Value::Map(_)) {
        let message = format!("{what} is a map of keys, found {}", node.kind());
        diagnostics.push(Diagnostic::error(codes::NOT_A_MAP, message).at(node.span));
        return None;
    }
    let mut found = Diagnostics::new();
    let json = check(node, schema, &mut found);
    let wrong = found.has_errors();
    diagnostics.append(found);
    if wrong {
        return None;
    }
    decode(json).map_err(|diagnostic| diagnostics.push(diagnostic.at(node.span))).ok()
}

/// A tree as JSON, each scalar as YAML's core schema reads it.
pub fn to_json(node: &Node) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Number(number, _) => Json::Number(number.clone()),
        Value::Text(text) => Json::String(text.clone()),
        Value::List(items) => items.iter().map(to_json).collect(),
        Value::Map(entries) => {
            let entries = entries.iter().map(|(key, node)| (key.text.clone(), to_json(node)));
            Json::Object(entries.collect())
        }
    }
}

struct Checker<'s> {
    root: &'s Json,
    diagnostics: Diagnostics,
    path: Vec<String>,
}

impl<'s> Checker<'s> {
    /// `at` is the place to name where something is missing: the key that the value stands under.
    fn value(&mut self, node: &Node, schema: &'s Json, at: Span) -> Json {
        let mut alternatives = Vec::new();
        self.alternatives(schema, None, &mut alternatives, 0);
        match alternatives.as_slice() {
            [] => to_json(node),
            [only] => self.simple(node, only.schema, about(schema).or(only.about), at),
            _ => self.union(node, &alternatives, about(schema), at),
        }
    }

    /// A schema's alternatives, with references followed and unions within unions laid flat.
    fn alternatives(&self, schema: &'s Json, around: Option<&'s str>, found: &mut Vec<Alternative<'s>>, depth: usize) {
        // Types may refer to themselves, but only below a key or item; this stops a schema that does otherwise.
        if depth > 32 {
            return;
        }
        let own = about(schema);
        if let Some(name) = schema.get("$ref").and_then(Json::as_str) {
            if let Some(target) = self.definition(name) {
                self.alternatives(target, own.or(around), found, depth + 1);
            }
            return;
        }
        let union = schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Json::as_array);
        match union {
            Some(members) => {
                let nullable = members.iter().any(|member| kinds(member) == ["null"]);
                for member in members {
                    // An optional value's description stands on the union, not on its one real member.
                    let inherited = if nullable && members.len() == 2 { own.or(around) } else { None };
                    self.alternatives(member, inherited, found, depth + 1);
                }
            }
            None => found.push(Alternative { schema, about: around.or(own) }),
        }
    }

    fn definition(&self, reference: &str) -> Option<&'s Json> {
        match reference.strip_prefix("#/$defs/") {
            Some(name) => self.root.get("$defs")?.get(name),
            None => (reference == "#").then_some(self.root),
        }
    }

    fn union(&mut self, node: &Node, all: &[Alternative<'s>], about: Option<&'s str>, at: Span) -> Json {
        let fitting: Vec<Alternative<'s>> = all.iter().copied().filter(|one| fits(node, one.schema)).collect();
        if fitting.is_empty() {
            // Where a number could stand but not this one, its being also text helps nobody.
            let numeric = all.iter().any(|one| takes_number(one.schema));
            let text = all.iter().find(|one| takes(one.schema, "string"));
            if let (Value::Number(..) | Value::Bool(_), false, Some(_)) = (&node.value, numeric, text) {
                let texts: Vec<_> = all.iter().copied().filter(|one| takes(one.schema, "string")).collect();
                return self.texts(node, &texts, about, at);
            }
            self.wrong_type(node, all, about);
            return Json::Null;
        }
        match &node.value {
            Value::Text(_) => self.texts(node, &fitting, about, at),
            Value::Map(_) if fitting.len() > 1 => match tags(&fitting) {
                Some(tags) => self.tagged(node, &fitting, &tags, at),
                None => self.best(node, &fitting, at),
            },
            _ if fitting.len() > 1 => self.best(node, &fitting, at),
            _ => self.simple(node, fitting[0].schema, fitting[0].about.or(about), at),
        }
    }

    /// A text against alternatives that all take text: any text, or one of some words.
    fn texts(&mut self, node: &Node, texts: &[Alternative<'s>], about: Option<&'s str>, at: Span) -> Json {
        if let Some(free) = texts.iter().find(|one| words(one.schema).is_none()) {
            return self.simple(node, free.schema, free.about.or(about), at);
        }
        let words: Vec<&str> = texts.iter().filter_map(|one| words(one.schema)).flatten().collect();
        self.one_of(node, &words)
    }

    fn one_of(&mut self, node: &Node, words: &[&str]) -> Json {
        let text = node.written().unwrap_or_default();
        if words.contains(&text) {
            return Json::String(text.to_owned());
        }
        let mut diagnostic = self
            .error(codes::NOT_ONE_OF, node.span, format!("`{}` is not one of the words allowed here", short(text)))
            .suggest(nearest(text, words.iter().copied()));
        if diagnostic.help.is_empty() || words.len() <= LISTED_KEYS {
            diagnostic = diagnostic.help(format!("write {}", listed(words, "or")));
        }
        self.diagnostics.push(diagnostic);
        Json::Null
    }

    /// A map against variants that are told apart by their one key.
    fn tagged(&mut self, node: &Node, variants: &[Alternative<'s>], tags: &[&'s str], at: Span) -> Json {
        let given: Vec<_> = node
            .entries()
            .iter()
            .filter_map(|(key, _)| tags.iter().position(|tag| key.text == **tag).map(|tag| (key, tag)))
            .collect();
        match given.as_slice() {
            [] => {
                let listed = listed(tags, "or");
                let diagnostic = match node.entries().first() {
                    Some((key, _)) => self
                        .error(codes::UNKNOWN_KEY, key.span, format!("key `{}` is not known here", short(&key.text)))
                        .suggest(nearest(&key.text, tags.iter().copied())),
                    None => self.error(codes::MISSING_KEY, at, "the map is empty".to_owned()),
                };
                self.diagnostics.push(diagnostic.help(format!("give one of {listed}")));
                Json::Null
            }
            [(_, tag)] => self.simple(node, variants[*tag].schema, variants[*tag].about, at),
            [(first, _), (second, _), ..] => {
                let diagnostic = self
                    .error(
                        codes::WRONG_TYPE,
                        second.span,
                        format!("`{}` and `{}` exclude each other", first.text, second.text),
                    )
                    .related(first.span, "given here already")
                    .help(format!("give one of {}", listed(tags, "or")));
                self.diagnostics.push(diagnostic);
                Json::Null
            }
        }
    }

    /// The alternative with the fewest mistakes, the first of those.
    fn best(&mut self, node: &Node, fitting: &[Alternative<'s>], at: Span) -> Json {
        let mut best: Option<(usize, Diagnostics, Json)> = None;
        for one in fitting {
            let mut trial = Checker { root: self.root, diagnostics: Diagnostics::new(), path: self.path.clone() };
            let json = trial.simple(node, one.schema, one.about, at);
            let mistakes = trial.diagnostics.len();
            if best.as_ref().is_none_or(|(fewest, ..)| mistakes < *fewest) {
                best = Some((mistakes, trial.diagnostics, json));
            }
            if mistakes == 0 {
                break;
            }
        }
        let Some((_, found, json)) = best else {
            return Json::Null;
        };
        self.diagnostics.append(found);
        json
    }

    /// A value against a schema without alternatives.
    fn simple(&mut self, node: &Node, schema: &'s Json, about: Option<&'s str>, at: Span) -> Json {
        let kinds = kinds(schema);
        let takes = |kind: &str| kinds.is_empty() || kinds.contains(&kind);
        match &node.value {
            Value::Null if takes("null") => Json::Null,
            Value::Bool(value) if takes("boolean") => Json::Bool(*value),
            Value::Number(number, _) if takes("number") => {
                self.bounds(node, number, schema);
                Json::Number(number.clone())
            }
            Value::Number(number, _) if takes("integer") => match whole(number) {
                Some(number) => {
                    self.bounds(node, &number, schema);
                    Json::Number(number)
                }
                None => {
                    self.wrong_type(node, &[Alternative { schema, about }], about);
                    Json::Null
                }
            },
            Value::Text(_) | Value::Number(..) | Value::Bool(_) if takes("string") => {
                if let Some(words) = words(schema) {
                    return self.one_of(node, &words);
                }
                let text = node.written().unwrap_or_default();
                self.length(text.chars().count(), "character", node.span, schema, ("minLength", "maxLength"));
                Json::String(text.to_owned())
            }
            Value::List(items) if takes("array") => self.list(node, items, schema),
            Value::Map(_) if takes("object") => self.map(node, schema, at),
            _ => {
                self.wrong_type(node, &[Alternative { schema, about }], about);
                Json::Null
            }
        }
    }

    fn list(&mut self, node: &Node, items: &[Node], schema: &'s Json) -> Json {
        self.length(items.len(), "value", node.span, schema, ("minItems", "maxItems"));
        let by_position = schema.get("prefixItems").and_then(Json::as_array);
        let every = schema.get("items").filter(|items| items.is_object());
        let mut list = Vec::with_capacity(items.len());
        for (at, item) in items.iter().enumerate() {
            self.path.push(format!("[{at}]"));
            let schema = by_position.and_then(|schemas| schemas.get(at)).or(every);
            list.push(match schema {
                Some(schema) => self.value(item, schema, item.span),
                None => to_json(item),
            });
            self.path.pop();
        }
        Json::Array(list)
    }

    fn map(&mut self, node: &Node, schema: &'s Json, at: Span) -> Json {
        let known = schema.get("properties").and_then(Json::as_object);
        let others = schema.get("additionalProperties");
        let mut map = Map::new();
        for (key, value) in node.entries() {
            self.path.push(key.text.clone());
            match (known.and_then(|known| known.get(&key.text)), others) {
                (Some(schema), _) => {
                    let json = self.value(value, schema, key.span);
                    map.insert(key.text.clone(), json);
                }
                (None, Some(Json::Bool(false))) => self.unknown_key(&key.text, key.span, known),
                (None, Some(schema @ Json::Object(_))) => {
                    let json = self.value(value, schema, key.span);
                    map.insert(key.text.clone(), json);
                }
                (None, _) => {
                    map.insert(key.text.clone(), to_json(value));
                }
            }
            self.path.pop();
        }
        let required = schema.get("required").and_then(Json::as_array);
        for key in required.into_iter().flatten().filter_map(Json::as_str) {
            if node.get(key).is_none() {
                let mut diagnostic = self.error(codes::MISSING_KEY, at, format!("key `{key}` is missing"));
                if let Some(about) = known.and_then(|known| known.get(key)).and_then(about) {
                    diagnostic = diagnostic.help(format!("`{key}`: {}", plain(about)));
                }
                self.diagnostics.push(diagnostic);
            }
        }
        Json::Object(map)
    }

    fn unknown_key(&mut self, key: &str, span: Span, known: Option<&'s Map<String, Json>>) {
        if self.diagnostics.is_full() {
            let diagnostic = self.error(codes::UNKNOWN_KEY, span, String::new());
            self.diagnostics.push(diagnostic);
            return;
        }
        let keys: Vec<&str> = known.into_iter().flatten().map(|(key, _)| key.as_str()).collect();
        let mut diagnostic = self
            .error(codes::UNKNOWN_KEY, span, format!("key `{}` is not known here", short(key)))
            .suggest(nearest(key, keys.iter().copied()));
        diagnostic = match keys.len() {
            0 => diagnostic.help("no keys are taken here: write `{}`"),
            1..=LISTED_KEYS => diagnostic.help(format!("the keys here are {}", listed(&keys, "and"))),
            _ => diagnostic,
        };
        self.diagnostics.push(diagnostic);
    }

    fn bounds(&mut self, node: &Node, number: &serde_json::Number, schema: &Json) {
        let value = number.as_f64().unwrap_or(f64::NAN);
        let least = limit(schema, "minimum").or_else(|| format_bounds(schema).map(|(least, _)| least));
        let most = limit(schema, "maximum").or_else(|| format_bounds(schema).map(|(_, most)| most));
        let above = limit(schema, "exclusiveMinimum");
        let below = limit(schema, "exclusiveMaximum");
        let fits = least.is_none_or(|least| value >= least)
            && most.is_none_or(|most| value <= most)
            && above.is_none_or(|above| value > above)
            && below.is_none_or(|below| value < below);
        if fits {
            return;
        }
        let expected = match (least, most, above, below) {
            (Some(least), Some(most), ..) if least == most => format!("must be {least}"),
            (Some(least), Some(most), ..) if most < 1e9 => {
                format!("must be from {least} to {most}")
            }
            (Some(least), ..) if value < least => format!("must be {least} or more"),
            (_, Some(most), ..) if value > most => format!("must be {most} or less"),
            (.., Some(above), _) if value <= above => format!("must be more than {above}"),
            (.., Some(below)) => format!("must be less than {below}"),
            _ => "is out of range".to_owned(),
        };
        let written = short(node.written().unwrap_or_default());
        let diagnostic = self
            .error(codes::OUT_OF_BOUNDS, node.span, format!("the number {expected}"))
            .label(format!("got {written}"));
        self.diagnostics.push(diagnostic);
    }

    fn length(&mut self, length: usize, of: &str, at: Span, schema: &Json, (least, most): (&str, &str)) {
        let least = schema.get(least).and_then(Json::as_u64).unwrap_or(0);
        let most = schema.get(most).and_then(Json::as_u64).unwrap_or(u64::MAX);
        let length = length as u64;
        if (least..=most).contains(&length) {
            return;
        }
        let many = |n: u64| {
            if n == 1 { format!("1 {of}") } else { format!("{n} {of}s") }
        };
        let expected = if least == most {
            many(least)
        } else if length < least {
            format!("at least {}", many(least))
        } else {
            format!("at most {}", many(most))
        };
        let diagnostic = self.error(codes::OUT_OF_BOUNDS, at, format!("expected {expected}, found {length}"));
        self.diagnostics.push(diagnostic);
    }

    fn wrong_type(&mut self, node: &Node, all: &[Alternative<'s>], about: Option<&'s str>) {
        let mut names: Vec<&'static str> = Vec::new();
        for kind in all.iter().flat_map(|one| kinds(one.schema)) {
            let name = match kind {
                "integer" => "a whole number",
                "number" => "a number",
                "string" => "text",
                "boolean" => "true or false",
                "array" => "a list",
                "object" => "a map",
                _ => continue,
            };
            if !names.contains(&name) {
                names.push(name);
            }
        }
        if names.contains(&"a number") {
            names.retain(|name| *name != "a whole number");
        }
        let expected = match names.as_slice() {
            [] => "nothing".to_owned(),
            [only] => (*only).to_owned(),
            [most @ .., last] => format!("{} or {last}", most.join(", ")),
        };
        let found = match &node.value {
            Value::Text(text) | Value::Number(_, text) => format!("found `{}`", short(text)),
            Value::Bool(value) => format!("found `{value}`"),
            _ => format!("found {}", node.kind()),
        };
        let mut diagnostic = self
            .error(codes::WRONG_TYPE, node.span, format!("expected {expected}, found {}", node.kind()))
            .label(found);
        if let (Value::Text(text), true) = (&node.value, expected == "a number" || expected == "a whole number")
            && text.parse::<f64>().is_ok_and(f64::is_finite)
        {
            diagnostic = diagnostic.help("write the number without quotes and without leading zeros");
        }
        let mut told: Vec<String> = Vec::new();
        if all.len() > 1 {
            for one in all {
                let name = match kinds(one.schema).first() {
                    Some(&"integer") => "a whole number",
                    Some(&"number") => "a number",
                    Some(&"string") => "text",
                    Some(&"boolean") => "true or false",
                    Some(&"array") => "a list",
                    Some(&"object") => "a map",
                    _ => continue,
                };
                // A description that only repeats the kind tells nothing.
                let telling = |about: &&str| about.len() < 160 && !plain(about).eq_ignore_ascii_case(name);
                if let Some(about) = one.about.filter(telling) {
                    told.push(format!("{name}: {}", plain(about)));
                }
            }
        }
        if told.len() > 1 {
            for line in told {
                diagnostic = diagnostic.help(line);
            }
        } else if let Some(about) = about {
            let last = self.path.iter().rev().find(|part| !part.starts_with('['));
            if let Some(key) = last {
                diagnostic = diagnostic.help(format!("`{key}`: {}", plain(about)));
            }
        }
        self.diagnostics.push(diagnostic);
    }

    fn error(&self, code: Code, at: Span, message: String) -> Diagnostic {
        Diagnostic::error(code, message).at(at).path(path::text(&self.path))
    }
}

/// One way a value may look, and what it then means.
#[derive(Clone, Copy)]
struct Alternative<'s> {
    schema: &'s Json,
    about: Option<&'s str>,
}

fn about(schema: &Json) -> Option<&str> {
    schema.get("description").and_then(Json::as_str)
}

/// The JSON types a schema takes; none means any.
fn kinds(schema: &Json) -> Vec<&str> {
    match schema.get("type") {
        Some(Json::String(kind)) => vec![kind],
        Some(Json::Array(kinds)) => kinds.iter().filter_map(Json::as_str).collect(),
        _ if words(schema).is_some() => vec!["string"],
        _ => Vec::new(),
    }
}

fn takes(schema: &Json, kind: &str) -> bool {
    kinds(schema).contains(&kind)
}

fn takes_number(schema: &Json) -> bool {
    takes(schema, "number") || takes(schema, "integer")
}

/// Whether a value is of a kind that a schema takes, read as nothing but what it is.
fn fits(node: &Node, schema: &Json) -> bool {
    let kinds = kinds(schema);
    if kinds.is_empty() {
        return true;
    }
    let takes = |kind: &str| kinds.contains(&kind);
    match &node.value {
        Value::Null => takes("null"),
        Value::Bool(_) => takes("boolean"),
        Value::Number(number, _) => takes("number") || (takes("integer") && whole(number).is_some()),
        Value::Text(_) => takes("string"),
        Value::List(_) => takes("array"),
        Value::Map(_) => takes("object"),
    }
}

/// The words that a schema allows, where it names them.
fn words(schema: &Json) -> Option<Vec<&str>> {
    if let Some(word) = schema.get("const").and_then(Json::as_str) {
        return Some(vec![word]);
    }
    let words = schema.get("enum")?.as_array()?;
    Some(words.iter().filter_map(Json::as_str).collect())
}

/// The one required key of each variant, where every variant has exactly one and they differ.
fn tags<'s>(variants: &[Alternative<'s>]) -> Option<Vec<&'s str>> {
    let mut tags: Vec<&str> = Vec::new();
    for variant in variants {
        let required = variant.schema.get("required")?.as_array()?;
        let [Json::String(tag)] = required.as_slice() else {
            return None;
        };
        let only = variant.schema.get("properties")?.as_object()?.len() == 1;
        if !only || tags.contains(&tag.as_str()) {
            return None;
        }
        tags.push(tag);
    }
    Some(tags)
}

/// A number as a whole one, where it is: `3`, `3.0`, `1e3`.
fn whole(number: &serde_json::Number) -> Option<serde_json::Number> {
    if !number.is_f64() {
        return Some(number.clone());
    }
    let value = number.as_f64()?;
    // Up to 2^53 every whole number is held exactly.
    let is_whole = value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0;
    is_whole.then(|| (value as i64).into())
}

fn limit(schema: &Json, key: &str) -> Option<f64> {
    schema.get(key).and_then(Json::as_f64)
}

/// The range of the machine integers that schemars names as formats.
fn format_bounds(schema: &Json) -> Option<(f64, f64)> {
    let bounds = match schema.get("format")?.as_str()? {
        "uint8" => (0.0, f64::from(u8::MAX)),
        "uint16" => (0.0, f64::from(u16::MAX)),
        "uint32" => (0.0, f64::from(u32::MAX)),
        "uint64" | "uint" => (0.0, u64::MAX as f64),
        "int8" => (f64::from(i8::MIN), f64::from(i8::MAX)),
        "int16" => (f64::from(i16::MIN), f64::from(i16::MAX)),
        "int32" => (f64::from(i32::MIN), f64::from(i32::MAX)),
        "int64" | "int" => (i64::MIN as f64, i64::MAX as f64),
        _ => return None,
    };
    Some(bounds)
}

/// A description as part of a line: its first paragraph without the full stop.
fn plain(about: &str) -> &str {
    let first = about.split("\n\n").next().unwrap_or(about);
    first.trim_end().trim_end_matches('.')
}

/// A text cut to what fits a line of a message.
fn short(text: &str) -> String {
    const LONGEST: usize = 60;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let cut: String = text.chars().take(LONGEST).collect();
    format!("{cut}…")
}

fn listed(words: &[&str], last: &str) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [most @ .., end] => format!("{} {last} {end}", most.join(", ")),
    }
}
