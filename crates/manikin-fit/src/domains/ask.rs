//! Questions put to a session that has been paid for, and what is made of its noisy answers.

use std::collections::BTreeMap;

use manikin_privacy::{Curator, KeyedSensitivity, PrivacyError, Session, UNITS_PER_ROW, gaussian_sigma};
use manikin_spec::spec::{Learned, Spec};

use super::count::{PART, VALUE};
use super::{Counts, Question};

/// Public buckets whose noisy count is at least so many standard deviations of the noise are taken as found.
///
/// # Source
/// P(N(0, 1) > 4) = 3.2e-5: of the at most 500 buckets of a question an empty one shows about once in 60 questions.
/// It keeps noise out of specs; privacy does not depend on it, since the buckets are public.
pub const BUCKET_SIGMAS: f64 = 4.0;

/// What was found; it depends on the records through noisy counts alone.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The noisy number of patients, rounded to two digits.
    Patients(u64),
    /// Values as text, the most frequent first, each with what follows from it.
    Values(Vec<(String, Vec<Option<String>>)>),
    /// Bounds by the values of another field, and around all of them.
    Bounds {
        /// By value.
        by: BTreeMap<String, [f64; 2]>,
        /// Around all.
        all: [f64; 2],
    },
    /// Ends of bins, rising, and whether NULL was found as well.
    Bins {
        /// The ends.
        edges: Vec<f64>,
        /// Whether NULL was found.
        nullable: bool,
    },
    /// Ends of bins of a number of rows.
    Rows {
        /// The ends, the last one included.
        edges: Vec<u64>,
    },
    /// Nothing stood out from the noise.
    Nothing,
}

impl Answer {
    /// How many values or bins were found.
    pub fn size(&self) -> usize {
        match self {
            Self::Patients(_) => 1,
            Self::Values(values) => values.len(),
            Self::Bounds { by, .. } => by.len(),
            Self::Bins { edges, .. } => edges.len() - 1,
            Self::Rows { edges } => edges.len() - 1,
            Self::Nothing => 0,
        }
    }
}

/// Asks every question with an even share of what the session has: ρ/m for each of m, and δ/v for each of the v that ask
/// for values. The proof is in this module's parent.
///
/// # Errors
/// - [`PrivacyError::Parameter`] when the session has too little for so many questions
/// - [`PrivacyError::Failed`] when the mechanism fails; the charge stays spent
pub fn ask(
    spec: &Spec,
    learned: &Learned,
    questions: &[Question],
    counts: &[Counts],
    keys_per_patient: u32,
    session: &mut Session,
) -> Result<Vec<Answer>, PrivacyError> {
    let budget = session.left();
    let keyed = questions.iter().filter(|question| question.is_keyed()).count();
    let rho = budget.rho.share(1.0 / questions.len().max(1) as f64);
    // A part in a thousand million is left for what rounding up to whole units adds.
    let delta = budget.delta.value() / keyed.max(1) as f64 * (1.0 - 1e-9);
    let sigma = gaussian_sigma(UNITS_PER_ROW, rho).ok_or_else(|| PrivacyError::Parameter {
        about: "domains".to_owned(),
        parameter: "the share of ρ of one question",
        found: rho.to_string(),
        expected: "more: spend more, or ask for less",
    })?;
    let mut answers = Vec::with_capacity(questions.len());
    for (question, counts) in questions.iter().zip(counts) {
        let about = format!("domain of {}", question.about(spec));
        answers.push(match counts {
            Counts::Patients(patients) => {
                let noisy = session.gaussian("number of patients", &[*patients], UNITS_PER_ROW, sigma)?;
                Answer::Patients(two_digits(noisy.first().copied().unwrap_or_default()))
            }
            Counts::Keyed(exact) => {
                let sensitivity =
                    KeyedSensitivity { keys: keys_per_patient, l2: UNITS_PER_ROW, largest: UNITS_PER_ROW };
                let released = session.keyed_counts(&about, exact, sensitivity, sigma, delta)?;
                match question {
                    Question::Bounds { .. } => bounds(question, spec, learned, &released),
                    _ => values(released),
                }
            }
            Counts::Buckets(exact) => {
                let noisy = session.gaussian(&about, exact, UNITS_PER_ROW, sigma)?;
                found(question, spec, learned, &noisy, BUCKET_SIGMAS * sigma)
            }
        });
    }
    Ok(answers)
}

/// The values among released keys, by falling count; of keys with one value the most frequent.
fn values(released: BTreeMap<String, f64>) -> Answer {
    let mut keys: Vec<(String, f64)> = released.into_iter().collect();
    keys.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let mut values: Vec<(String, Vec<Option<String>>)> = Vec::new();
    for (key, _) in keys {
        let mut parts = key.split(PART);
        let Some(value) = parts.next().and_then(|part| part.strip_prefix(VALUE)) else { continue };
        if values.iter().all(|(own, _)| own != value) {
            values.push((value.to_owned(), parts.map(|part| part.strip_prefix(VALUE).map(str::to_owned)).collect()));
        }
    }
    if values.is_empty() { Answer::Nothing } else { Answer::Values(values) }
}

/// The bounds around the released buckets of each value.
fn bounds(question: &Question, spec: &Spec, learned: &Learned, released: &BTreeMap<String, f64>) -> Answer {
    let Some(buckets) = question.buckets(spec, learned) else { return Answer::Nothing };
    let mut by: BTreeMap<String, [f64; 2]> = BTreeMap::new();
    for key in released.keys() {
        let Some((value, bucket)) = key.rsplit_once(PART) else { continue };
        let found = bucket.parse().ok().and_then(|bucket| buckets.bounds(bucket));
        let Some((value, (low, high))) = value.strip_prefix(VALUE).zip(found) else { continue };
        let own = by.entry(value.to_owned()).or_insert([low, high]);
        *own = [own[0].min(low), own[1].max(high)];
    }
    let all = by.values().copied().reduce(|a, b| [a[0].min(b[0]), a[1].max(b[1])]);
    all.map_or(Answer::Nothing, |all| Answer::Bounds { by, all })
}

/// The ends of the buckets that stand out from the noise.
fn found(question: &Question, spec: &Spec, learned: &Learned, noisy: &[f64], least: f64) -> Answer {
    let Some(buckets) = question.buckets(spec, learned) else { return Answer::Nothing };
    let stands_out = |at: usize| noisy.get(at).is_some_and(|count| *count >= least);
    let mut edges: Vec<f64> = (0..buckets.len())
        .filter(|at| stands_out(*at))
        .filter_map(|at| buckets.bounds(at))
        .flat_map(|(low, high)| [low, high])
        .collect();
    edges.sort_by(f64::total_cmp);
    edges.dedup();
    if edges.is_empty() {
        return Answer::Nothing;
    }
    match question {
        Question::Rows { .. } => {
            let mut edges: Vec<u64> = edges.into_iter().map(|edge| edge as u64).collect();
            // The last bin holds its end, and what was found ends before it.
            if let [.., before, last] = edges.as_mut_slice()
                && *last - 1 > *before
            {
                *last -= 1;
            }
            Answer::Rows { edges }
        }
        _ => Answer::Bins { edges, nullable: stands_out(buckets.len()) },
    }
}

/// A noisy number of patients as people say such numbers: two digits and zeros, 1 at least.
fn two_digits(noisy: f64) -> u64 {
    let patients = if noisy.is_finite() { noisy.round().max(1.0) as u64 } else { 1 };
    let mut unit = 1;
    while patients / unit >= 100 {
        unit *= 10;
    }
    (patients / unit * unit).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_patients_keeps_two_digits() {
        let all = [-5.0, 0.2, 7.4, 1138.2, 99_999.0, f64::NAN].map(two_digits);
        assert_eq!(all, [1, 1, 7, 1_100, 99_000, 1]);
    }

    #[test]
    fn values_come_by_falling_count_and_null_is_none_of_them() {
        let released = [("=b\u{1f}=B", 10.0), ("=a\u{1f}=old", 9.0), ("=a\u{1f}", 10.0), ("null", 90.0), ("==", 50.0)];
        let released = released.into_iter().map(|(key, count)| (key.to_owned(), count)).collect();
        let value = |text: &str, with: Vec<Option<String>>| (text.to_owned(), with);
        let expected = vec![value("=", vec![]), value("a", vec![None]), value("b", vec![Some("B".to_owned())])];
        assert_eq!(values(released), Answer::Values(expected));
        assert_eq!(values(BTreeMap::from([("null".to_owned(), 9.0)])), Answer::Nothing);
    }
}
