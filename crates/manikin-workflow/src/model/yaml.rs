//! A located tree as YAML text again: what a model's spec is written with.

use std::fmt::Write;

use manikin_spec::node::{Node, Value};

/// A map as block YAML; the same tree when it is read again.
pub(crate) fn text(node: &Node) -> String {
    let mut out = String::new();
    block(node, 0, &mut out);
    out
}

/// The value of a key or the item of a list, after its colon or dash, with the line's end.
fn block(node: &Node, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    // Writing to a string cannot fail.
    match &node.value {
        Value::Map(entries) if !entries.is_empty() => {
            for (key, value) in entries {
                let _ = write!(out, "{indent}{}:", scalar(&key.text));
                after(value, depth, out);
            }
        }
        Value::List(items) if !items.is_empty() && !items.iter().all(is_scalar) => {
            for item in items {
                let _ = write!(out, "{indent}-");
                after(item, depth, out);
            }
        }
        _ => {
            let _ = writeln!(out, "{indent}{}", flow(node));
        }
    }
}

fn after(value: &Node, depth: usize, out: &mut String) {
    let is_block = match &value.value {
        Value::Map(entries) => !entries.is_empty(),
        Value::List(items) => !items.is_empty() && !items.iter().all(is_scalar),
        _ => false,
    };
    if is_block {
        out.push('\n');
        block(value, depth + 1, out);
    } else {
        let _ = writeln!(out, " {}", flow(value));
    }
}

fn is_scalar(node: &Node) -> bool {
    !matches!(node.value, Value::Map(_) | Value::List(_))
}

/// A value on one line: a scalar, an empty collection, or a list of scalars.
fn flow(node: &Node) -> String {
    match &node.value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(_, written) => written.clone(),
        Value::Text(text) => scalar(text),
        Value::Map(_) => "{}".to_owned(),
        Value::List(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
    }
}

/// A text as a YAML scalar; JSON's quotes are YAML's double quotes.
pub(super) fn scalar(text: &str) -> String {
    let is_plain = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&text.to_ascii_lowercase().as_str());
    if is_plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use manikin_diagnostic::Sources;
    use manikin_spec::yaml;

    #[test]
    fn a_tree_is_the_same_after_writing_and_reading() {
        let text = "a: {b: [1, 2.50, \"x: y\"], c: []}\n'no': ~\nd:\n  - e: 'it''s'\n    f: |\n      two\n      lines\n  - [1, [2, {g: true}]]\n\"1\": 00012\nh: -.5e3\n";
        let mut sources = Sources::new();
        let file = sources.add("a.yaml", text);
        let (first, found) = yaml::parse(text, file);
        let first = first.unwrap_or_else(|| panic!("{}", found.render(&sources, manikin_diagnostic::Color::Never)));
        let written = super::text(&first);
        let again = sources.add("b.yaml", written.as_str());
        let second = yaml::parse(&written, again).0.unwrap_or_else(|| panic!("{written}"));
        assert!(first.same(&second), "{written}");
    }
}
