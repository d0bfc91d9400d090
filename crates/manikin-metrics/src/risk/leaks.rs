//! Direct identifiers in synthetic text: values of real people found again, and patterns that look like identifiers.

use std::collections::HashMap;

use super::comparability::at_least;
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

/// Whether the identifiers that got out are those of train.
pub const REPLAYED_P: Definition = Definition {
    name: "identifier_replay_p",
    means: "how often chance alone would let as many of the identifiers found in synthetic texts be those of train and not \
            of holdout; a small value means that identifiers of the people the data were made from got out",
    direction: Direction::Higher,
    range: (0.0, 1.0),
    reference: "own; exact under a random split of people, by Bonferroni over the columns of identifiers",
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
pub(crate) const DEFINITIONS: &[&Definition] = &[&REPLAYED, &REPLAYED_P, &PATTERN];

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

/// Compares how many identifiers of train and of holdout are found in synthetic texts; `None` where no column of
/// identifiers is in both, or no text is there to look in.
///
/// Names repeat by nature, so finding some says nothing. But people were parted at random: of the values that only one
/// fold has, those found belong to train about as often as there are such values of train, unless train got out.
#[must_use]
pub fn beyond_chance(train: &[Texts<'_>], holdout: &[Texts<'_>], synthetic: &[Texts<'_>]) -> Option<Score> {
    let texts: Vec<Vec<u64>> = synthetic
        .iter()
        .flat_map(|column| column.values)
        .filter(|text| !text.is_empty())
        .map(|text| words(text))
        .collect();
    let (mut tested, mut least, mut found) = (0usize, 1.0f64, [0usize; 2]);
    for identifier in train {
        let Some(other) = holdout.iter().find(|other| other.name == identifier.name) else { continue };
        let (own, other) = (Known::new(identifier.values), Known::new(other.values));
        let counts = [own.only(&other), other.only(&own)].map(|only| (only.sequences.len(), only.found(&texts)));
        let [(of_train, in_train), (of_holdout, in_holdout)] = counts;
        if of_train == 0 || of_holdout == 0 {
            continue;
        }
        tested += 1;
        let share = of_train as f64 / (of_train + of_holdout) as f64;
        least = least.min(at_least(&vec![share; in_train + in_holdout], in_train));
        found[0] += in_train;
        found[1] += in_holdout;
    }
    let method = format!(
        "{} values of train and {} of holdout found, of those that only one of them has; binomial, the least of {tested} \
         columns of identifiers",
        found[0], found[1]
    );
    let p = (least * tested as f64).min(1.0);
    (tested > 0 && !texts.is_empty()).then(|| REPLAYED_P.score(Vec::new(), p, found[0] + found[1], method))
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

    /// Those that another list does not have.
    fn only(&self, other: &Self) -> Self {
        let mut only = Self { sequences: self.sequences.clone(), lengths: self.lengths };
        only.sequences.retain(|sequence, ()| !other.sequences.contains_key(sequence));
        only
    }

    /// How many of them occur in texts.
    fn found(&self, texts: &[Vec<u64>]) -> usize {
        let mut left = self.sequences.clone();
        for words in texts {
            for length in (1..=WORDS).filter(|&length| self.lengths[length]) {
                for window in words.windows(length) {
                    left.remove(&sequence(window));
                }
            }
        }
        self.sequences.len() - left.len()
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

    #[test]
    fn names_that_repeat_by_nature_are_chance_and_numbers_of_train_are_not() {
        let numbered = |from: usize| -> Vec<String> { (from..from + 200).map(|n| format!("999-{n:05}")).collect() };
        let (train, holdout) = (numbered(0), numbered(200));
        let side = |values| [Texts { name: "ssn", values }];
        let p = |found: &[String]| {
            let texts = [Texts { name: "note", values: found }];
            beyond_chance(&side(&train), &side(&holdout), &texts).and_then(|score| score.value)
        };
        let both: Vec<String> = train[..20].iter().chain(&holdout[..20]).cloned().collect();
        assert!(p(&both).is_some_and(|p| p > 0.1));
        // Twenty values of train and none of holdout: one half to the twentieth.
        assert!(p(&train[..20]).is_some_and(|p| (p - 1.0 / 1_048_576.0).abs() < 1e-12));
        assert_eq!(p(&["nothing".to_owned()]), Some(1.0));
        assert_eq!(p(&[]), None);
    }
}
