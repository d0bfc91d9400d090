//! Patterns of identifiers in text. Each is one function and one line of [`PATTERNS`].

/// Something that looks like an identifier.
#[derive(Debug, Clone, Copy)]
pub struct Pattern {
    /// Its name, in snake case.
    pub name: &'static str,
    /// What is looked for.
    pub means: &'static str,
    starts: fn(&[char], usize) -> bool,
}

/// All patterns.
pub const PATTERNS: &[Pattern] = &[
    Pattern { name: "ssn", means: "a social security number, 123-45-6789", starts: ssn },
    Pattern { name: "phone", means: "a telephone number of ten digits", starts: phone },
    Pattern { name: "email", means: "an e-mail address", starts: email },
    Pattern { name: "date", means: "a full date, 2025-01-31 or 1/31/2025", starts: date },
    Pattern { name: "mrn", means: "MRN, or medical record, and a number", starts: mrn },
    Pattern { name: "name", means: "a title and a capitalised name, such as Mrs. Smith", starts: name },
    Pattern { name: "url", means: "a web address", starts: url },
    Pattern { name: "ip_address", means: "an internet address, 10.0.0.1", starts: ip },
];

/// Whether a text holds a pattern.
#[must_use]
pub fn find(pattern: &Pattern, text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    let at_word = |at: usize| at == 0 || !chars[at - 1].is_alphanumeric();
    (0..chars.len()).any(|at| at_word(at) && (pattern.starts)(&chars, at))
}

/// Whether the text at a place has the shape: `9` a digit, `*` any one of space, dot or hyphen or nothing, others
/// themselves; and no digit follows.
fn shaped(text: &[char], at: usize, shape: &str) -> bool {
    let mut place = at;
    for wanted in shape.chars() {
        let found = text.get(place).copied();
        match wanted {
            '9' if found.is_some_and(|c| c.is_ascii_digit()) => place += 1,
            '*' if found.is_some_and(|c| matches!(c, ' ' | '.' | '-')) => place += 1,
            '*' => {}
            _ if wanted != '9' && found == Some(wanted) => place += 1,
            _ => return false,
        }
    }
    !text.get(place).is_some_and(|c| c.is_alphanumeric())
}

fn any(text: &[char], at: usize, shapes: &[&str]) -> bool {
    shapes.iter().any(|shape| shaped(text, at, shape))
}

/// The word at a place, in lower case.
fn word(text: &[char], at: usize) -> String {
    text[at..].iter().take_while(|c| c.is_alphanumeric()).flat_map(|c| c.to_lowercase()).collect()
}

/// The place of the next letter or digit at most `most` characters on.
fn next(text: &[char], from: usize, most: usize) -> Option<usize> {
    (from..(from + most).min(text.len())).find(|&at| text[at].is_alphanumeric())
}

fn ssn(text: &[char], at: usize) -> bool {
    any(text, at, &["999-99-9999", "999 99 9999"])
}

fn phone(text: &[char], at: usize) -> bool {
    any(
        text,
        at,
        &["999-999-9999", "999.999.9999", "999 999 9999", "(999)*999*9999", "1-999-999-9999", "+1*999*999*9999"],
    )
}

fn email(text: &[char], at: usize) -> bool {
    let local = |c: &&char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '%');
    let length = text[at..].iter().take_while(local).count();
    let host: String = match text.get(at + length) {
        Some('@') if length > 0 => {
            text[at + length + 1..].iter().take_while(|c| c.is_alphanumeric() || matches!(c, '.' | '-')).collect()
        }
        _ => return false,
    };
    host.trim_end_matches('.').rsplit_once('.').is_some_and(|(domain, end)| !domain.is_empty() && end.len() >= 2)
}

fn date(text: &[char], at: usize) -> bool {
    const SHAPES: [&str; 6] = ["9999-99-99", "9999/99/99", "99/99/9999", "9/99/9999", "99/9/9999", "9/9/9999"];
    any(text, at, &SHAPES) || any(text, at, &["99-99-9999", "99.99.9999"]) || month(text, at)
}

/// January 31, 2025 or Jan 31 2025.
fn month(text: &[char], at: usize) -> bool {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let named = word(text, at);
    if named.len() < 3 || !MONTHS.iter().any(|month| named.starts_with(month)) {
        return false;
    }
    let Some(day) = next(text, at + named.chars().count(), 3) else { return false };
    any(text, day, &["9, 9999", "99, 9999", "9 9999", "99 9999"])
}

fn mrn(text: &[char], at: usize) -> bool {
    let first = word(text, at);
    let mut place = at + first.chars().count();
    if first == "medical" {
        let Some(second) = next(text, place, 2).filter(|&second| word(text, second) == "record") else { return false };
        place = second + "record".len();
    } else if first != "mrn" {
        return false;
    }
    // A few characters, or the word number, may stand between.
    if let Some(second) =
        next(text, place, 3).filter(|&second| matches!(word(text, second).as_str(), "number" | "no" | "nr"))
    {
        place = second + word(text, second).len();
    }
    next(text, place, 5).is_some_and(|number| {
        let found = word(text, number);
        found.len() >= 4 && found.chars().filter(char::is_ascii_digit).count() >= 4
    })
}

fn name(text: &[char], at: usize) -> bool {
    const TITLES: [&str; 6] = ["mr", "mrs", "ms", "miss", "dr", "prof"];
    let title = word(text, at);
    let end = at + title.chars().count();
    if !TITLES.contains(&title.as_str()) || !text[at].is_uppercase() {
        return false;
    }
    let follows = next(text, end, 3).filter(|&follows| follows > end);
    follows
        .is_some_and(|follows| text[follows].is_uppercase() && text.get(follows + 1).is_some_and(|c| c.is_lowercase()))
}

fn url(text: &[char], at: usize) -> bool {
    let start: String = text[at..].iter().take(8).flat_map(|c| c.to_lowercase()).collect();
    ["http://", "https://", "www."].iter().any(|prefix| start.starts_with(prefix))
}

fn ip(text: &[char], at: usize) -> bool {
    let address: String = text[at..].iter().take_while(|c| c.is_ascii_digit() || **c == '.').collect();
    let parts: Vec<&str> = address.trim_end_matches('.').split('.').collect();
    parts.len() == 4 && parts.iter().all(|part| part.len() <= 3 && part.parse::<u8>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_find_what_they_name_and_leave_clinical_text_alone() {
        for (name, text) in [
            ("ssn", "his number is 123-45-6789."),
            ("phone", "call (555) 010-0199 today"),
            ("phone", "+1 555 010 0199"),
            ("email", "write to jo.doe+x@mail.example.org."),
            ("date", "seen on 2025-01-31, again"),
            ("date", "seen 1/31/2025"),
            ("date", "on January 3, 2025 he"),
            ("mrn", "MRN: 00482913"),
            ("mrn", "medical record number 482913A"),
            ("name", "spoke with Mrs. Okonkwo"),
            ("url", "see www.example.org"),
            ("ip_address", "from 192.168.0.1."),
        ] {
            let pattern = PATTERNS.iter().find(|pattern| pattern.name == name).expect(name);
            assert!(find(pattern, text), "{name}: {text}");
        }
        for text in
            ["BP 120/80, pulse 72, A1c 6.5 %", "may 5 mg twice", "MRN pending", "room 555-0199", "dr visit", "", "é"]
        {
            for pattern in PATTERNS {
                assert!(!find(pattern, text), "{}: {text}", pattern.name);
            }
        }
    }
}
