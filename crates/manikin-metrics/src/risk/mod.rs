//! Re-identification risk: attacks on synthetic rows, and measures of disclosure.

pub mod adversarial;
pub mod attacks;
pub mod audit;
pub(crate) mod boxes;
pub mod cap;
pub mod classes;
pub(crate) mod coding;
pub mod comparability;
pub mod disclosure;
pub(crate) mod distinct;
pub mod folds;
pub mod identity;
pub mod inference;
#[cfg(test)]
mod known_answers;
pub mod leaks;
pub mod linkability;
pub mod matches;
pub mod membership;
pub mod nearest;
pub mod patients;
pub mod patterns;
pub mod population;
pub(crate) mod postings;
pub mod power;
pub mod residual;
pub mod roc;
pub mod roles;
pub mod ruler;
pub mod singling_out;
#[cfg(test)]
pub(crate) mod toy;

pub use attacks::{ATTACKS, Attack};
pub use comparability::OVERLAP_ALPHA;
pub use folds::{Folds, Settings};
pub use membership::{Bank, Curve};
pub use nearest::{Index, Neighbours, Search};
pub use patients::{Events, Histories, PATIENT_ATTACKS, Patients};
pub use power::records_needed;
pub use residual::{Residual, Successes, residual};
pub use roc::{LIMITS, Named, Roc, epsilon_lower_bound, maximum};
pub use roles::Roles;
pub use ruler::Ruler;

use crate::{Definition, Score};

/// A measure of risk on the rows of three folds.
#[derive(Debug, Clone, Copy)]
pub struct Measure {
    /// Its name, in snake case: what `--only` takes.
    pub name: &'static str,
    /// What it asks, in plain words.
    pub means: &'static str,
    /// Its scores.
    pub scores: fn(&Folds<'_>) -> Vec<Score>,
}

/// All measures on rows. Measures on whole patients are [`Histories::bank`] and [`Histories::replays`]; on text,
/// [`leaks::leaks`]; on canaries, [`audit`].
pub const MEASURES: &[Measure] = &[
    Measure { name: "overlap", means: "does the holdout hold rows of train?", scores: comparability::overlapping },
    Measure {
        name: "exchangeability",
        means: "were train and holdout drawn alike?",
        scores: comparability::exchangeable,
    },
    Measure { name: "matches", means: "do synthetic rows repeat real ones?", scores: matches::matches },
    Measure { name: "distances", means: "how near are synthetic rows to real ones?", scores: adversarial::distances },
    Measure { name: "adversarial", means: "do nearest neighbours tell them apart?", scores: adversarial::adversarial },
    Measure { name: "membership", means: "can members be told from others?", scores: membership::membership },
    Measure { name: "membership_f1", means: "do near matches name members?", scores: identity::membership_f1 },
    Measure { name: "singling_out", means: "do descriptions fit one person?", scores: singling_out::singling_out },
    Measure { name: "linkability", means: "can two sources be linked?", scores: linkability::linkability },
    Measure { name: "inference", means: "can secrets be guessed?", scores: inference::inference },
    Measure { name: "disclosure", means: "do keys give targets away?", scores: disclosure::disclosure },
    Measure { name: "attribution", means: "how far are guesses from right?", scores: cap::protection },
    Measure { name: "identity", means: "do matches tell something new?", scores: identity::identity },
    Measure { name: "classes", means: "are people alone with their quasi-identifiers?", scores: classes::classes },
];

/// Every definition of this module, in the order of a report.
pub fn definitions() -> impl Iterator<Item = &'static Definition> {
    let rows = [
        comparability::DEFINITIONS,
        matches::DEFINITIONS,
        adversarial::DEFINITIONS,
        membership::DEFINITIONS,
        singling_out::DEFINITIONS,
        linkability::DEFINITIONS,
        inference::DEFINITIONS,
        disclosure::DEFINITIONS,
        cap::DEFINITIONS,
        identity::DEFINITIONS,
        classes::DEFINITIONS,
    ];
    let others = [patients::DEFINITIONS, leaks::DEFINITIONS, audit::DEFINITIONS];
    rows.into_iter().chain(others).flatten().copied()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::toy::adult;
    use super::*;
    use crate::{Column, Table, Values, table::NULL_CODE};

    fn find<'a>(scores: &'a [Score], metric: &str, about: &[&str]) -> &'a Score {
        let same =
            |score: &&Score| score.metric == metric && score.about.iter().map(String::as_str).eq(about.iter().copied());
        scores.iter().find(same).unwrap_or_else(|| panic!("{metric} {about:?} is missing"))
    }

    fn value(scores: &[Score], metric: &str, about: &[&str]) -> f64 {
        find(scores, metric, about).value.expect("a value")
    }

    /// The reference's table: clean folds, and 5 % of synthetic rows replaced by train rows. Its seed is not known, so
    /// leaky figures hold to about three standard deviations of the draw; clean ones hold exactly or to the tie rule.
    #[test]
    fn clean_and_leaky_adult_folds_score_as_in_the_reference() {
        let Some([train, holdout, synthetic]) = adult() else { return };
        let mut leaky = synthetic.clone();
        super::toy::leak(&mut leaky, &train, 814, super::toy::Copied::Exactly, 1);
        for (synthetic, exact, auc, tpr, loss, linked) in [
            (&synthetic, (4.0, 0.0), (0.503, 0.002), (0.0014, 0.0002), (0.0026, 0.004), (8.0, 6.0)),
            (&leaky, (817.0, 4.0), (0.529, 0.004), (0.0514, 0.005), (0.0358, 0.008), (145.0, 30.0)),
        ] {
            let folds = Folds::new(&train, &holdout, synthetic, Settings { permutations: 99, ..Settings::default() });
            let folds = folds.expect("folds");
            let near = |found: f64, (expected, tolerance): (f64, f64)| {
                assert!((found - expected).abs() <= tolerance, "{found} is not {expected} +- {tolerance}");
            };
            let scores = matches::matches(&folds);
            let n = synthetic.rows as f64;
            near(value(&scores, "exact_match_share", &["train"]) * n, exact);
            assert!(value(&scores, "exact_match_share", &["holdout"]) * n <= 2.5);
            let dcr: Vec<Attack> = ATTACKS.iter().filter(|attack| attack.name == "dcr").copied().collect();
            let scores = Bank::of(&dcr, &folds).scores(&folds, &[]);
            near(value(&scores, "membership_auc", &["dcr"]), auc);
            near(value(&scores, "membership_tpr", &["dcr", "fpr=0.001"]), tpr);
            near(value(&adversarial::adversarial(&folds), "nearest_neighbour_privacy_loss", &[]), loss);
            let scores = linkability::linkability(&folds);
            near(value(&scores, "linkability_rate", &["train"]) * n, linked);
            near(value(&scores, "linkability_rate", &["holdout"]) * n, (3.0, 12.0));
        }
    }

    fn rows(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<(u8, f64, u8, f64)>> {
        let number = || {
            prop_oneof![
                4 => (0..9i32).prop_map(f64::from),
                1 => Just(f64::NAN),
                1 => prop_oneof![Just(f64::INFINITY), Just(f64::MIN), Just(f64::MAX), Just(-0.0)],
            ]
        };
        prop::collection::vec((0..6u8, number(), 0..2u8, number()), count)
    }

    fn mixed(rows: &[(u8, f64, u8, f64)]) -> Table {
        let codes = |pick: fn(&(u8, f64, u8, f64)) -> u8| Values::Codes {
            codes: rows.iter().map(|row| if pick(row) == 5 { NULL_CODE } else { u32::from(pick(row)) }).collect(),
            labels: std::sync::Arc::from(["a", "b", "c", "d", "e"].map(str::to_owned)),
        };
        let numbers = |pick: fn(&(u8, f64, u8, f64)) -> f64| Values::Numbers(rows.iter().map(pick).collect());
        let columns = [codes(|row| row.0), numbers(|row| row.1), codes(|row| row.2), numbers(|row| row.3)];
        let columns = columns.into_iter().map(|values| Column { name: "x".to_owned(), values }).collect();
        Table { columns, rows: rows.len() }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn no_data_make_a_measure_panic_or_answer_what_is_not_a_number(
            train in rows(0..30), holdout in rows(0..30), synthetic in rows(0..30),
            keys in prop::collection::vec(0..6usize, 0..3), secret in prop::collection::vec(0..6usize, 0..3),
            width in 0..5usize, fraction in prop_oneof![Just(None), (-0.5..1.5f64).prop_map(Some)],
        ) {
            let [train, holdout, synthetic] = [train, holdout, synthetic].map(|rows| {
                let mut table = mixed(&rows);
                table.columns.truncate(width);
                table
            });
            let settings = Settings { permutations: 9, fraction, ..Settings::default() };
            if let Ok(folds) = Folds::new(&train, &holdout, &synthetic, settings) {
                let folds = folds.with_roles(Roles { quasi_identifiers: keys, sensitive: secret, ..Roles::default() });
                for measure in MEASURES {
                    let scores = (measure.scores)(&folds);
                    prop_assert!(!scores.is_empty(), "{} says nothing", measure.name);
                    for score in scores {
                        prop_assert!(score.value.is_none_or(f64::is_finite), "{score:?}");
                        prop_assert!(score.is_computed() || matches!(&score.status, crate::Status::Incomplete(why) if !why.is_empty()));
                        prop_assert!(!score.is_computed() || score.value.is_some());
                        if let (Some(value), Some(interval)) = (score.value, score.interval) {
                            prop_assert!(interval.low <= value + 1e-9 && value <= interval.high + 1e-9, "{score:?}");
                        }
                        let (least, greatest) = score.range;
                        prop_assert!(score.value.is_none_or(|value| (least - 1e-9..=greatest + 1e-9).contains(&value)), "{score:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn names_of_attacks_and_measures_are_all_different() {
        let mut names: Vec<&str> = ATTACKS.iter().map(|attack| attack.name).collect();
        names.extend(PATIENT_ATTACKS.map(|(name, _)| name));
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(MEASURES.iter().enumerate().all(|(at, a)| MEASURES[..at].iter().all(|b| a.name != b.name)));
    }
}
