//! Paths into a JSON resource: `code.coding[system=http://loinc.org].code`, `name[0].given`, `subject.reference`.
//!
//! A step goes to an element by its name; of a list it takes the first item, the item of an index, or the first item
//! whose own path has a value. `payor.reference[Organization]` is the reference where it is to that type of resource.
//! This is no FHIRPath: a path leads to at most one value, in time linear in its length.

use serde_json::Value;

/// Why a text is no path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PathError {
    /// What is wrong, in words.
    pub(crate) message: String,
    /// The byte at which it is.
    pub(crate) at: usize,
}

/// A way to one value of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    name: String,
    pick: Pick,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Pick {
    First,
    Index(usize),
    Where(Path, String),
    /// A reference to a resource of this type.
    ToType(String),
}

impl Path {
    /// Reads a path.
    pub(crate) fn parse(text: &str) -> Result<Self, PathError> {
        Self::parse_at(text, 0, 0)
    }

    fn parse_at(text: &str, offset: usize, depth: usize) -> Result<Self, PathError> {
        // Deeper conditions than this occur in no resource.
        const DEEPEST: usize = 4;
        let wrong = |message: &str, at: usize| PathError { message: message.to_owned(), at: offset + at };
        if depth > DEEPEST {
            return Err(wrong("conditions are nested too deeply", 0));
        }
        let mut steps = Vec::new();
        let mut at = 0;
        loop {
            let rest = &text[at..];
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let name = &rest[..end];
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
                return Err(wrong("an element's name is expected: letters, digits and `_`", at));
            }
            at += end;
            let mut pick = Pick::First;
            if text[at..].starts_with('[') {
                let inside = &text[at + 1..];
                let close = closing(inside).ok_or_else(|| wrong("`[` is not closed", at))?;
                let inner = &inside[..close];
                pick = match inner.split_once('=') {
                    Some((left, value)) => {
                        Pick::Where(Self::parse_at(left, offset + at + 1, depth + 1)?, value.to_owned())
                    }
                    None if name == "reference" && inner.starts_with(|letter: char| letter.is_ascii_uppercase()) => {
                        Pick::ToType(inner.to_owned())
                    }
                    None => Pick::Index(inner.parse().map_err(|_| {
                        wrong("inside `[]` stands an index, such as [0], or a condition, such as [use=official]", at)
                    })?),
                };
                at += close + 2;
            }
            steps.push(Step { name: name.to_owned(), pick });
            match text[at..].bytes().next() {
                None => return Ok(Self { steps }),
                Some(b'.') => at += 1,
                Some(_) => return Err(wrong("`.` is expected between elements", at)),
            }
        }
    }

    /// The element at which the path begins.
    pub(crate) fn first(&self) -> &str {
        &self.steps[0].name
    }

    /// Whether the value is a reference to a resource.
    pub(crate) fn is_reference(&self) -> bool {
        self.steps.last().is_some_and(|step| step.name == "reference")
    }

    /// The path without its first element; `None` when there is no more.
    pub(crate) fn rest(&self) -> Option<Self> {
        (self.steps.len() > 1).then(|| Self { steps: self.steps[1..].to_vec() })
    }

    /// The value that the path leads to.
    pub(crate) fn value<'v>(&self, from: &'v Value) -> Option<&'v Value> {
        let mut at = from;
        for step in &self.steps {
            let found = at.get(&step.name)?;
            at = match (&step.pick, found) {
                (Pick::First, Value::Array(items)) => items.first()?,
                (Pick::First, one) => one,
                (Pick::Index(index), Value::Array(items)) => items.get(*index)?,
                (Pick::Index(0), one) => one,
                (Pick::Index(_), _) => return None,
                (Pick::Where(path, wanted), Value::Array(items)) => {
                    items.iter().find(|item| path.text(item).as_deref() == Some(wanted))?
                }
                (Pick::ToType(wanted), one) => {
                    Some(one).filter(|one| one.as_str().is_some_and(|text| refers_to(text, wanted)))?
                }
                (Pick::Where(path, wanted), one) => {
                    Some(one).filter(|one| path.text(one).as_deref() == Some(wanted))?
                }
            };
        }
        Some(at)
    }

    /// The items that the path leads to: of a list all, of anything else the one.
    pub(crate) fn items<'v>(&self, from: &'v Value) -> &'v [Value] {
        let Some((last, way)) = self.steps.split_last() else { return &[] };
        let way = Self { steps: way.to_vec() };
        let holder = if way.steps.is_empty() { Some(from) } else { way.value(from) };
        match holder.and_then(|holder| holder.get(&last.name)) {
            Some(Value::Array(items)) => items,
            Some(one) => std::slice::from_ref(one),
            None => &[],
        }
    }

    /// The scalar that the path leads to, as text.
    pub(crate) fn text<'v>(&self, from: &'v Value) -> Option<std::borrow::Cow<'v, str>> {
        scalar(self.value(from)?)
    }
}

/// A scalar as text; `None` for null, lists and objects.
pub(crate) fn scalar(value: &Value) -> Option<std::borrow::Cow<'_, str>> {
    match value {
        Value::String(text) => Some(text.as_str().into()),
        Value::Number(number) => Some(number.to_string().into()),
        Value::Bool(truth) => Some(if *truth { "true" } else { "false" }.into()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The key that a reference holds: `Patient/x`, an absolute address and `urn:uuid:x` give `x`; a search such as
/// `Practitioner?identifier=system|x` gives `x`; what points into the same resource gives nothing.
pub(crate) fn referenced(reference: &str) -> Option<&str> {
    if reference.starts_with('#') {
        return None;
    }
    if let Some((_, query)) = reference.split_once('?') {
        let value = query
            .rsplit_once('|')
            .map_or_else(|| query.split_once('=').map_or(query, |(_, value)| value), |(_, value)| value);
        return Some(value).filter(|value| !value.is_empty());
    }
    let reference = reference.split("/_history/").next().unwrap_or(reference);
    let key = reference.rsplit(['/', ':']).next().unwrap_or(reference);
    Some(key).filter(|key| !key.is_empty())
}

/// Whether a reference is to a resource of a type; one that does not tell its type, such as `urn:uuid:x`, may be to any.
fn refers_to(reference: &str, wanted: &str) -> bool {
    let way = reference.split(['?', '|']).next().unwrap_or(reference);
    let way = way.split("/_history/").next().unwrap_or(way);
    let kind = if reference.contains('?') { way.rsplit('/').next() } else { way.rsplit('/').nth(1) };
    kind.is_none_or(|kind| kind == wanted)
}

/// Where the bracket that is open before `text` closes.
fn closing(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'[' => open += 1,
            b']' if open == 0 => return Some(at),
            b']' => open -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_go_by_name_index_and_condition() {
        let resource = json!({
            "name": [{"use": "maiden", "family": "A"}, {"use": "official", "family": "B", "given": ["C", "D"]}],
            "code": {"coding": [{"system": "http://loinc.org", "code": "1-8"}]},
            "extension": [{"url": "u", "extension": [{"url": "v", "valueCoding": {"code": "x"}}]}],
            "value": 7.5, "active": true, "nothing": null,
        });
        let text = |path: &str| Path::parse(path).unwrap().text(&resource).map(std::borrow::Cow::into_owned);
        assert_eq!(text("name.family").as_deref(), Some("A"));
        assert_eq!(text("name[1].given[1]").as_deref(), Some("D"));
        assert_eq!(text("name[use=official].family").as_deref(), Some("B"));
        assert_eq!(text("code.coding[system=http://loinc.org].code").as_deref(), Some("1-8"));
        assert_eq!(text("extension[url=u].extension[url=v].valueCoding.code").as_deref(), Some("x"));
        assert_eq!(text("value").as_deref(), Some("7.5"));
        assert_eq!(text("active").as_deref(), Some("true"));
        assert_eq!(
            (text("nothing"), text("name[9].family"), text("code"), text("absent.deeper")),
            (None, None, None, None)
        );
        assert_eq!(Path::parse("name").unwrap().items(&resource).len(), 2);
    }

    #[test]
    fn a_text_that_is_no_path_is_refused_with_its_place() {
        for (text, at) in [("", 0), ("a..b", 2), ("a[", 1), ("a[x]", 1), ("a[0]b", 4), ("a b", 0), ("a[=1]", 2)] {
            assert_eq!(Path::parse(text).unwrap_err().at, at, "{text}");
        }
    }

    #[test]
    fn a_reference_can_be_asked_for_its_type() {
        let path = Path::parse("payor.reference[Organization]").unwrap();
        assert!(path.is_reference());
        for (reference, is_one) in [
            ("Organization/7", true),
            ("https://example.org/fhir/Organization/7/_history/2", true),
            ("Organization?identifier=a|7", true),
            ("urn:uuid:0c3", true),
            ("Patient/7", false),
            ("Patient?identifier=a|7", false),
        ] {
            let resource = json!({"payor": [{"reference": reference}]});
            assert_eq!(path.text(&resource).is_some(), is_one, "{reference}");
        }
    }

    #[test]
    fn references_give_the_key_alone() {
        for (reference, key) in [
            ("Patient/7", Some("7")),
            ("https://example.org/fhir/Patient/7/_history/2", Some("7")),
            ("urn:uuid:0c3", Some("0c3")),
            ("Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|99", Some("99")),
            ("#contained", None),
            ("", None),
        ] {
            assert_eq!(referenced(reference), key, "{reference}");
        }
    }
}
