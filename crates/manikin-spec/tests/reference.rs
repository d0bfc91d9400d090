//! The reference of the language: `docs/spec-keys.md` says what the JSON Schema says (`MANIKIN_UPDATE=1` writes it
//! anew), and every YAML block of `docs/spec-language.md` is read and resolved.
//!
//! The word after `yaml` says what a block is: `spec` is whole; `tour` is laid over the tour so far; `over` is laid over
//! the finished tour; `fields` are fields of its `visit`; `layer NAME` is a layer that later `over` blocks may use.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use manikin_diagnostic::{Color, Diagnostics, Sources};
use manikin_spec::document::GENERATOR_KEYS;
use manikin_spec::files::{Disk, Files, Search};
use manikin_spec::{read, resolve, schema};
use serde_json::{Map, Value as Json};

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

fn guide() -> String {
    std::fs::read_to_string(docs().join("spec-language.md")).expect("the guide is in docs")
}

/// A fenced block: the words after the fence, the line it starts on, and its text.
struct Block {
    words: Vec<String>,
    line: usize,
    text: String,
}

fn blocks(guide: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    for (at, line) in guide.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(words)) => {
                let words = words.split_whitespace().map(str::to_owned).collect();
                open = Some(Block { words, line: at + 1, text: String::new() });
            }
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some(block), None) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    found
}

/// The mistakes of a spec among these files, as text; empty when it resolves.
fn mistakes(name: &str, own: &BTreeMap<String, String>) -> String {
    let specs = Disk::under(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs"));
    let reading = read(name, &Search::new([own as &dyn Files, &specs]));
    let (spec, mut diagnostics) = resolve(&reading);
    diagnostics.append(reading.diagnostics.clone());
    if spec.is_some() && !diagnostics.has_errors() {
        return String::new();
    }
    shown(&diagnostics, &reading.sources)
}

fn shown(diagnostics: &Diagnostics, sources: &Sources) -> String {
    diagnostics.render(sources, Color::Never)
}

/// Lays a document over another one.
fn over(layer: &str, text: &str) -> String {
    match text.split_once("use: [") {
        Some((before, after)) => format!("{before}use: [{layer}, {after}"),
        None => format!("use: [{layer}]\n{text}"),
    }
}

#[test]
fn every_yaml_block_of_the_guide_resolves() {
    let mut files = BTreeMap::from([("own-cpt.csv".to_owned(), "code,display\n99213,Office visit\n".to_owned())]);
    let mut wrong = String::new();
    let mut step = 0;
    for block in blocks(&guide()) {
        let words: Vec<&str> = block.words.iter().map(String::as_str).collect();
        let text = match words.as_slice() {
            ["yaml", "spec"] => block.text.clone(),
            ["yaml", "tour"] if step == 0 => block.text.clone(),
            ["yaml", "tour"] | ["yaml", "over"] => over(&format!("tour-{step}"), &block.text),
            ["yaml", "layer", name] => {
                let text = over(&format!("tour-{step}"), &block.text);
                files.insert(format!("{name}.yaml"), text.clone());
                text
            }
            ["yaml", "fields"] => {
                let indented: String = block.text.lines().map(|line| format!("      {line}\n")).collect();
                over(&format!("tour-{step}"), &format!("entities:\n  visit:\n    fields:\n{indented}"))
            }
            ["yaml", ..] => {
                let _ = writeln!(wrong, "line {}: a yaml block without spec, tour, over, fields or layer", block.line);
                continue;
            }
            _ => continue,
        };
        let name = if words == ["yaml", "tour"] {
            step += 1;
            format!("tour-{step}.yaml")
        } else {
            "block.yaml".to_owned()
        };
        files.insert(name.clone(), text);
        let found = mistakes(&name, &files);
        if !found.is_empty() {
            let _ = writeln!(wrong, "docs/spec-language.md, block on line {}:\n{found}", block.line);
        }
    }
    assert!(step > 3, "the tour has steps");
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_guide_shows_every_generator() {
    let fields: String = blocks(&guide()).into_iter().map(|block| block.text).collect();
    let missing: Vec<&&str> = GENERATOR_KEYS.iter().filter(|key| !fields.contains(&format!("{key}:"))).collect();
    assert!(missing.is_empty(), "no block of docs/spec-language.md uses {missing:?}");
}

#[test]
fn the_guide_names_every_key_of_a_document_an_entity_and_a_field() {
    let guide = guide();
    let schema = schema();
    let mut missing = Vec::new();
    for object in [&schema, &schema["$defs"]["Entity"], &schema["$defs"]["Field"]] {
        let keys = object["properties"].as_object().into_iter().flat_map(Map::keys);
        missing.extend(keys.filter(|key| !guide.contains(&format!("`{key}`")) && !guide.contains(&format!("{key}:"))));
    }
    assert!(missing.is_empty(), "docs/spec-language.md says nothing of {missing:?}");
}

#[test]
fn the_key_reference_says_what_the_schema_says() {
    let path = docs().join("spec-keys.md");
    let expected = reference(&schema());
    if std::env::var_os("MANIKIN_UPDATE").is_some() {
        std::fs::write(&path, &expected).expect("docs/spec-keys.md can be written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "docs/spec-keys.md is out of date; run `MANIKIN_UPDATE=1 cargo test -p manikin-spec`");
}

const HEAD: &str = "\
# Keys of the spec language

<!-- Written from the JSON Schema by a test; run it with MANIKIN_UPDATE=1. -->

Every key that a spec may have, by object. What they are for, with examples, is in [the guide](spec-language.md);
functions of expressions are in [functions.md](functions.md). A key in bold is required.
";

/// The reference, from the schema alone.
fn reference(schema: &Json) -> String {
    let mut text = HEAD.to_owned();
    let mut waiting = VecDeque::from([("Document".to_owned(), "the whole file".to_owned())]);
    let mut seen = BTreeSet::from(["Document".to_owned()]);
    while let Some((name, place)) = waiting.pop_front() {
        let object = if name == "Document" { schema } else { &schema["$defs"][&name] };
        let _ = write!(text, "\n## {}\n\n{}\n\nAt: {place}\n\n", title(&name), described(object));
        let path = if name == "Document" { String::new() } else { place.trim_matches('`').to_owned() };
        for (target, key) in section(&name, object, &mut text) {
            if seen.insert(target.clone()) {
                let dot = if path.is_empty() || key.is_empty() { "" } else { "." };
                waiting.push_back((target, format!("`{path}{dot}{key}`")));
            }
        }
    }
    text
}

/// Writes what an object holds, and gives the objects it leads to, each with its key.
fn section(name: &str, object: &Json, text: &mut String) -> Vec<(String, String)> {
    let mut leads = Vec::new();
    if let Some(forms) = alternatives(object) {
        let _ = writeln!(text, "One of:\n");
        for form in forms {
            if let Some((key, value)) = form["properties"].as_object().and_then(|keys| keys.iter().next()) {
                let says = sentence(form);
                let _ = writeln!(text, "- `{key}`: {}{says}", kind(value, key, &mut leads));
                continue;
            }
            let _ = writeln!(text, "- {}{}", kind(form, "", &mut leads), sentence(form));
        }
        return leads;
    }
    let required: BTreeSet<&str> =
        object["required"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    let with_generators = name != "Field" && GENERATOR_KEYS.iter().all(|key| !object["properties"][key].is_null());
    if let Some(keys) = object["properties"].as_object() {
        let _ = writeln!(text, "| key | value | meaning |\n|---|---|---|");
        for (key, value) in keys {
            if with_generators && GENERATOR_KEYS.contains(&key.as_str()) {
                continue;
            }
            let shown = if required.contains(key.as_str()) { format!("**`{key}`**") } else { format!("`{key}`") };
            let value_kind = kind(value, key, &mut leads);
            let _ = writeln!(text, "| {shown} | {value_kind} | {} |", described(value));
        }
        if with_generators {
            let _ = writeln!(text, "\nand one generator key of a [field](#{}).", anchor("Field"));
        }
        if object["additionalProperties"].is_object() {
            let other = kind(&object["additionalProperties"], "", &mut leads);
            let _ = writeln!(text, "\nAny other key: {other}.");
        }
    } else {
        let _ = writeln!(text, "{}", kind(object, "", &mut leads));
    }
    leads
}

fn alternatives(object: &Json) -> Option<&Vec<Json>> {
    object["anyOf"].as_array().or_else(|| object["oneOf"].as_array())
}

/// The kind of a value in a few words, noting the objects it leads to.
fn kind(value: &Json, key: &str, leads: &mut Vec<(String, String)>) -> String {
    if let Some(target) = value["$ref"].as_str().and_then(|link| link.strip_prefix("#/$defs/")) {
        leads.push((target.to_owned(), key.to_owned()));
        return format!("[{}](#{})", title(target).to_lowercase(), anchor(target));
    }
    if let Some(only) = value["const"].as_str() {
        return format!("`{only}`");
    }
    if let Some(forms) = alternatives(value) {
        let kinds: Vec<String> =
            forms.iter().filter(|form| form["type"] != "null").map(|form| kind(form, key, leads)).collect();
        return kinds.join(" or ");
    }
    if let Some(values) = value["enum"].as_array() {
        let values: Vec<String> = values.iter().filter_map(Json::as_str).map(|text| format!("`{text}`")).collect();
        return values.join(", ");
    }
    let word = match &value["type"] {
        Json::String(word) => Some(word.as_str()),
        Json::Array(words) => words.iter().filter_map(Json::as_str).find(|word| *word != "null"),
        _ => None,
    };
    match word {
        Some("string") => "text".to_owned(),
        Some("integer") => "whole number".to_owned(),
        Some("number") => "number".to_owned(),
        Some("boolean") => "`true` or `false`".to_owned(),
        Some("array") => {
            let items = kind(&value["items"], &format!("{key}[]"), leads);
            match (value["minItems"].as_u64(), value["maxItems"].as_u64()) {
                (Some(least), Some(most)) if least == most => format!("list of {least}: {items}"),
                _ => format!("list of {items}"),
            }
        }
        Some("object") if value["additionalProperties"].is_object() => {
            let inner = kind(&value["additionalProperties"], &format!("{key}.NAME"), leads);
            format!("map of names to {inner}")
        }
        Some("object") => {
            let keys = value["properties"].as_object().into_iter().flatten();
            let keys: Vec<String> = keys.map(|(key, value)| format!("{key}: {}", kind(value, key, leads))).collect();
            format!("`{{{}}}`", keys.join(", "))
        }
        _ => "any value".to_owned(),
    }
}

fn described(value: &Json) -> String {
    value["description"].as_str().unwrap_or_default().replace('\n', " ").replace('|', "\\|")
}

/// The description after what stands before it in a line.
fn sentence(value: &Json) -> String {
    let text = described(value);
    if text.is_empty() { text } else { format!(": {text}") }
}

/// The heading of an object: its type's name in words.
fn title(name: &str) -> String {
    let mut words = String::new();
    for (at, letter) in name.chars().enumerate() {
        if at > 0 && letter.is_uppercase() {
            words.push(' ');
            words.extend(letter.to_lowercase());
        } else {
            words.push(letter);
        }
    }
    words
}

fn anchor(name: &str) -> String {
    title(name).to_lowercase().replace(' ', "-")
}
