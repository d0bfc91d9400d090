//! Exact counts for the questions, in which a patient's rows reach no further than is claimed.

use std::collections::BTreeMap;

use manikin_privacy::UNITS_PER_ROW;
use manikin_spec::spec::{Anchor, DomainKind, EntityId, FieldId, Spec};
use manikin_tables::{Column, NO_ROW, cell_text};

use super::{Question, domain_of};
use crate::levels::{Sequence, below, micros, numbers, ranks};
use crate::local::Kept;
use crate::view::View;
use crate::{Extract, FitError, Progress};

/// The key of NULL; those of values begin with [`VALUE`].
pub(super) const NULL: &str = "null";
/// Before each value, so that none of them is [`NULL`].
pub(super) const VALUE: char = '=';
/// Between the parts of a key: a value and what follows from it, or a value and a bucket.
pub(super) const PART: char = '\u{1f}';

/// The exact counts of one question, in units of 2^-20 row. They are private: noise comes before anything is made of
/// them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Counts {
    /// Of patients.
    Patients(i64),
    /// Under keys that occur.
    Keyed(BTreeMap<String, i64>),
    /// In public buckets, then of NULL.
    Buckets(Vec<i64>),
}

impl Extract {
    /// Counts what the questions ask for; of each patient at most `keys_per_patient` distinct values. `met` is given each
    /// patient's key, for the ledger's fingerprint.
    ///
    /// # Errors
    /// - as [`Extract::read`]
    pub fn count(
        &self,
        questions: &[Question],
        keys_per_patient: u32,
        progress: &dyn Progress,
        met: &mut dyn FnMut(&str),
    ) -> Result<Vec<Counts>, FitError> {
        let learned = self.learned();
        let empty = |question: &Question| match question {
            Question::Patients => Counts::Patients(0),
            question if question.is_keyed() => Counts::Keyed(BTreeMap::new()),
            _ => Counts::Buckets(vec![0; question.buckets(self.spec(), learned).map_or(0, |all| all.len()) + 1]),
        };
        let mut all: Vec<Counts> = questions.iter().map(empty).collect();
        self.views(progress, met, &mut |kept, view| {
            let records = Rows { spec: self.spec(), extract: self, kept, view };
            for (question, counts) in questions.iter().zip(&mut all) {
                records.add(question, keys_per_patient, counts)?;
            }
            Ok(())
        })?;
        Ok(all)
    }
}

/// The kept rows of one piece.
struct Rows<'a> {
    spec: &'a Spec,
    extract: &'a Extract,
    kept: &'a BTreeMap<EntityId, Kept>,
    view: &'a View,
}

impl Rows<'_> {
    fn add(&self, question: &Question, most: u32, counts: &mut Counts) -> Result<(), FitError> {
        let nothing = Kept::default();
        let own = |entity: &EntityId| self.kept.get(entity).unwrap_or(&nothing);
        match (question, counts) {
            (Question::Patients, Counts::Patients(counted)) => {
                let subject = self.extract.learned().levels.first().map(|level| level.entity);
                *counted += subject.map_or(0, |subject| own(&subject).rows.len()) as i64 * UNITS_PER_ROW;
            }
            (Question::Values { entity, field, with }, Counts::Keyed(counted)) => {
                let column = self.view.field(*entity, *field)?;
                let follow = with.iter().map(|field| self.view.field(*entity, *field));
                let follow: Vec<&Column> = follow.collect::<Result<_, _>>()?;
                let key = |row: usize| {
                    let Some(text) = cell_text(column, row) else { return NULL.to_owned() };
                    let mut key = format!("{VALUE}{text}");
                    for column in &follow {
                        key.push(PART);
                        if let Some(text) = cell_text(column, row) {
                            key.push(VALUE);
                            key.push_str(&text);
                        }
                    }
                    key
                };
                let patients = &own(entity).patient;
                keyed(patients.iter().enumerate().map(|(row, patient)| (*patient, key(row))), most, counted);
            }
            (Question::Bounds { entity, field, by }, Counts::Keyed(counted)) => {
                let Some(buckets) = question.buckets(self.spec, self.extract.learned()) else { return Ok(()) };
                let by = self.view.field(*entity, *by)?;
                let values = numbers(self.view.field(*entity, *field)?);
                let rows = own(entity).patient.iter().zip(&values).enumerate();
                let keys = rows.filter_map(|(row, (patient, value))| {
                    let value = value.filter(|value| !value.is_nan())?;
                    Some((*patient, cell_text(by, row)?, buckets.holding(value)))
                });
                let keys = keys.flat_map(|(patient, text, holding)| {
                    holding.map(move |bucket| (patient, format!("{VALUE}{text}{PART}{bucket}")))
                });
                keyed(keys, most, counted);
            }
            (Question::Bins(entity, field), Counts::Buckets(sums)) => {
                let values = self.measured(*entity, *field, own(entity))?;
                self.buckets(question, &values, &own(entity).patient, sums);
            }
            (Question::Rows { parent, child }, Counts::Buckets(sums)) => {
                let mut rows = vec![0_u32; own(parent).rows.len()];
                own(child).parent.iter().for_each(|parent| rows[*parent as usize] += 1);
                let rows: Vec<Option<f64>> = rows.into_iter().map(|rows| Some(f64::from(rows))).collect();
                self.buckets(question, &rows, &own(parent).patient, sums);
            }
            _ => {}
        }
        Ok(())
    }

    fn buckets(&self, question: &Question, values: &[Option<f64>], patients: &[u32], sums: &mut [i64]) {
        let Some(buckets) = question.buckets(self.spec, self.extract.learned()) else { return };
        let null = buckets.len() as u32;
        let mut pairs: Vec<(u32, u32)> = Vec::new();
        for (value, patient) in values.iter().zip(patients) {
            match value.filter(|value| !value.is_nan()) {
                Some(value) => pairs.extend(buckets.holding(value).map(|bucket| (*patient, bucket))),
                None => pairs.push((*patient, null)),
            }
        }
        // Public buckets are so few that no patient has too many.
        spread(&mut pairs, u32::MAX, sums);
    }

    /// A field's values as numbers; a time that is measured from another one in its unit.
    fn measured(&self, entity: EntityId, field: FieldId, own: &Kept) -> Result<Vec<Option<f64>>, FitError> {
        let column = self.view.field(entity, field)?;
        let learned = self.extract.learned();
        let domain = domain_of(learned, entity, field);
        let Some(DomainKind::Since(since)) = domain.map(|domain| domain.kind()) else { return Ok(numbers(column)) };
        let times = micros(column);
        let (Anchor::Time(anchor) | Anchor::Previous { first: anchor }) = &since.anchor;
        let mut anchors = micros(&self.view.value(entity, anchor)?);
        let order = learned.level(entity).and_then(|level| level.order);
        if let (Anchor::Previous { .. }, Some(order)) = (&since.anchor, order) {
            let sequence = Sequence::new(own, &ranks(self.view.field(entity, order)?));
            for (anchor, before) in anchors.iter_mut().zip(&sequence.before) {
                if *before != NO_ROW {
                    *anchor = times[*before as usize];
                }
            }
        }
        let unit = since.unit.micros() as f64;
        let offset = |(time, anchor): (&Option<i64>, &Option<i64>)| Some(((*time)? as f64 - (*anchor)? as f64) / unit);
        Ok(times.iter().zip(&anchors).map(offset).collect())
    }
}

/// Adds the keys of patients, of each at most so many.
fn keyed(keys: impl Iterator<Item = (u32, String)>, most: u32, counted: &mut BTreeMap<String, i64>) {
    let mut codes: BTreeMap<String, u32> = BTreeMap::new();
    let mut pairs = Vec::new();
    for (patient, key) in keys {
        let next = codes.len() as u32;
        pairs.push((patient, *codes.entry(key).or_insert(next)));
    }
    let mut sums = vec![0; codes.len()];
    spread(&mut pairs, most, &mut sums);
    for (key, code) in codes {
        // A key that every patient with it had too many others of has no count at all.
        if sums[code as usize] > 0 {
            *counted.entry(key).or_default() += sums[code as usize];
        }
    }
}

/// Adds each patient's distinct keys, given as (patient, key): k of them with a weight of 1/√k each, rounded down; of
/// more than `most` a random choice.
fn spread(pairs: &mut Vec<(u32, u32)>, most: u32, sums: &mut [i64]) {
    pairs.sort_unstable();
    pairs.dedup();
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    for run in pairs.chunk_by_mut(|a, b| a.0 == b.0) {
        let taken = run.len().min(most);
        if taken < run.len() {
            for at in 0..taken {
                run.swap(at, at + below(run.len() - at));
            }
        }
        let square = (UNITS_PER_ROW * UNITS_PER_ROW) as u64;
        let weight = (square / taken.max(1) as u64).isqrt() as i64;
        run[..taken].iter().for_each(|(_, key)| sums[*key as usize] += weight);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_patient_adds_at_most_one_row_in_the_euclidean_norm_under_at_most_so_many_keys(
            keys in proptest::collection::vec(0u32..300, 0..600), most in 1u32..100,
        ) {
            let mut pairs: Vec<(u32, u32)> = keys.iter().map(|key| (7, *key)).collect();
            let mut sums = vec![0; 300];
            spread(&mut pairs, most, &mut sums);
            let squares: i128 = sums.iter().map(|sum| i128::from(*sum) * i128::from(*sum)).sum();
            prop_assert!(squares <= i128::from(UNITS_PER_ROW) * i128::from(UNITS_PER_ROW));
            prop_assert!(sums.iter().filter(|sum| **sum > 0).count() <= most as usize);
        }
    }

    #[test]
    fn a_patient_with_one_key_counts_once_however_many_rows_hold_it() {
        let mut sums = vec![0; 2];
        spread(&mut vec![(0, 1), (0, 1), (1, 1), (1, 0), (0, 1)], 8, &mut sums);
        let root = ((UNITS_PER_ROW * UNITS_PER_ROW / 2) as u64).isqrt() as i64;
        assert_eq!(sums, [root, UNITS_PER_ROW + root]);
    }
}
