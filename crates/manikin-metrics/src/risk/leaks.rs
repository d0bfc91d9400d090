//! Direct identifiers in synthetic text: values of real people found again, and patterns that look like identifiers.

use std::collections::HashMap;

use super::distinct::Mixing;
use super::patterns::{PATTERNS, find};
use crate::score::{Definition, Direction, Score};
use crate::stats::clopper_pearson;

/// Texts that hold a real identifier.
pub const REPLAYED: Definition = Definition {
    name: "identifier_replay",
    means: "the share of synthetic texts that hold the value of an identifier of the people that the data were made \
            from; good is 0",
    direction: Direction::Lower,
    range: (0.0, 1.0),
    reference: "HIPAA Privacy Rule, 45 CFR 164.514(b)(2): the identifiers of safe harbor",
};

/// Texts that hold what looks like an identifier.
pub const PATTERN: Definition = Definition {
    name: "identifier_pattern",
    means: "the share of synthetic texts that hold what looks like an identifier; good is 0 where none was put in on purpose",
    direction: Direction::Lower,
    range: (0.0, 1.0),
    reference: "HIPAA Privacy Rule, 45 CFR 164.514(b)(2): the identifiers of safe harbor",
};

/// The definitions of its scores.
pub(crate) const DEFINITIONS: &[&Definition] = &[&REPLAYED, &PATTERN];

/// A named column of texts; an empty text is null.
#[derive(Debug, Clone, Copy)]
pub struct Texts<'a> {
    /// The column's name.
    pub name: &'a str,
    /// Its values.
    pub values: &'a [String],
}

/// The shortest identifier that is looked for, in letters and digits.
///
/// ASSUMED: 5; shorter ones occur in any text.
const SHORTEST: usize = 5;

/// The most words that an identifier may have.
const WORDS: usize = 8;

/// Looks for identifiers of train (and, for comparison, of holdout) in every column of synthetic texts, and for
/// patterns. Values are compared word by word without regard to case and punctuation; none is ever given out.
#[must_use]
pub fn leaks(train: &[Texts<'_>], holdout: &[Texts<'_>], synthetic: &[Texts<'_>], level: f64) -> Vec<Score> {
    let mut scores = Vec::new();
    let share = |definition: &Definition, about: Vec<String>, hits: usize, n: usize, method: String| match n {
        0 => definition.incomplete(about, 0, method, "the column has no texts"),
        _ => definition
            .score(about, hits as f64 / n as f64, n, format!("{hits} of {n}; {method}; Clopper-Pearson"))
            .with_interval(clopper_pearson(hits as u64, n as u64, level)),
    };
    for column in synthetic {
        let texts: Vec<Vec<u64>> =
            column.values.iter().filter(|text| !text.is_empty()).map(|text| words(text)).collect();
        for (fold, identifiers) in [("train", train), ("holdout", holdout)] {
            for identifier in identifiers {
                let known = Known::new(identifier.values);
                let hits = texts.iter().filter(|words| known.in_words(words)).count();
                let about = vec![column.name.to_owned(), identifier.name.to_owned(), fold.to_owned()];
                let method =
                    format!("{} different values of at least {SHORTEST} letters or digits", known.sequences.len());
                scores.push(share(&REPLAYED, about, hits, texts.len(), method));
            }
        }
        for pattern in PATTERNS {
            let written = column.values.iter().filter(|text| !text.is_empty());
            let hits = written.filter(|text| find(pattern, text)).count();
            let about = vec![column.name.to_owned(), pattern.name.to_owned()];
            scores.push(share(&PATTERN, about, hits, texts.len(), pattern.means.to_owned()));
        }
    }
    if synthetic.is_empty() {
        let reason = "there are no columns of text";
        scores.push(REPLAYED.incomplete(Vec::new(), 0, "identifiers in texts", reason));
    }
    scores
}

/// Identifiers as sequences of words.
struct Known {
    /// A fingerprint of each sequence.
    sequences: HashMap<u64, (), Mixing>,
    /// Which numbers of words occur.
    lengths: [bool; WORDS + 1],
}

impl Known {
    fn new(values: &[String]) -> Self {
        let mut known = Self { sequences: HashMap::with_hasher(Mixing), lengths: [false; WORDS + 1] };
        for value in values {
            let letters = value.chars().filter(|c| c.is_alphanumeric()).count();
            let words = words(value);
            if letters >= SHORTEST && (1..=WORDS).contains(&words.len()) {
                known.lengths[words.len()] = true;
                known.sequences.insert(sequence(&words), ());
            }
        }
        known
    }

    fn in_words(&self, words: &[u64]) -> bool {
        (1..=WORDS)
            .filter(|&length| self.lengths[length])
            .any(|length| words.windows(length).any(|window| self.sequences.contains_key(&sequence(window))))
    }
}

/// The fingerprints of the words of a text, in lower case.
fn words(text: &str) -> Vec<u64> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| fingerprint(word.chars().flat_map(char::to_lowercase).map(|c| u64::from(u32::from(c))))).collect()
}

fn sequence(words: &[u64]) -> u64 {
    fingerprint(words.iter().copied())
}

/// A 64-bit fingerprint of a sequence; two of them agree by accident about once in 10^19.
pub(crate) fn fingerprint(parts: impl Iterator<Item = u64>) -> u64 {
    parts.fold(0x9e37_79b9_7f4a_7c15, |hash, part| super::distinct::mix(hash.rotate_left(7) ^ part).wrapping_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(values: &[&str]) -> Vec<String> {
        values.iter().map(|&value| value.to_owned()).collect()
    }

    #[test]
    fn names_and_numbers_of_real_people_are_found_whatever_their_case_and_punctuation() {
        let names = texts(&["Maria Okonkwo", "Li", "", "O'Neill-Smith"]);
        let notes = texts(&["seen with MARIA  okonkwo, stable", "Maria came", "li", "o neill smith called", ""]);
        let real = [Texts { name: "name", values: &names }];
        let scores = leaks(&real, &[], &[Texts { name: "note", values: &notes }], 0.95);
        assert_eq!(scores[0].about, ["note", "name", "train"]);
        assert_eq!(scores[0].value, Some(0.5), "two of four texts");
        assert!(scores.iter().all(|score| !score.method.contains("Okonkwo")));
        assert!(!leaks(&real, &[], &[], 0.95)[0].is_computed());
        assert!(!leaks(&real, &[], &[Texts { name: "note", values: &[] }], 0.95)[0].is_computed());
    }
}
