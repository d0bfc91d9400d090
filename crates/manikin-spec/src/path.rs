//! Paths into a document, such as `entities.claim.fields.status.choice.Paid`.

/// A path as text: parts joined by dots, those that hold a dot, a space or nothing in quotes, positions of lists in
/// brackets.
pub fn text<S: AsRef<str>>(parts: &[S]) -> String {
    let mut text = String::new();
    for part in parts {
        let part = part.as_ref();
        if part.starts_with('[') && part.ends_with(']') {
            text.push_str(part);
            continue;
        }
        if !text.is_empty() {
            text.push('.');
        }
        let plain = !part.is_empty() && !part.contains(['.', ' ', '"', '[', ']']) && !part.contains(char::is_control);
        if plain {
            text.push_str(part);
        } else {
            text.push_str(&format!("{part:?}"));
        }
    }
    text
}

/// Whether a path is of a form in which `*` stands for any name.
pub(crate) fn fits(parts: &[String], form: &[&str]) -> bool {
    parts.len() == form.len() && parts.iter().zip(form).all(|(part, form)| *form == "*" || part == form)
}
