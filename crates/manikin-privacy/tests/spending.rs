//! Tier 0: whatever is asked in whatever order, a session spends no more than its charge, and its statement adds up.

mod common;

use std::collections::BTreeMap;

use common::session;
use manikin_privacy::{Curator, Delta, KeyedSensitivity, Loss, PrivacyError, Rho, UNITS_PER_ROW};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Question {
    Gaussian { sensitivity: i64, sigma: f64 },
    Laplace { sensitivity: i64, scale: f64 },
    Select { sensitivity: f64, epsilon: f64 },
    Quantile { level: f64, epsilon: f64 },
    Keyed { keys: u32, sigma: f64, delta: f64 },
}

/// Parameters of all sizes, senseless ones among them.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => 0.05f64..30.0,
        1 => prop::num::f64::ANY,
        1 => Just(0.0),
    ]
}

fn question() -> impl Strategy<Value = Question> {
    let sensitivity = prop_oneof![8 => 1i64..4 * UNITS_PER_ROW, 1 => any::<i64>()];
    prop_oneof![
        (sensitivity.clone(), number()).prop_map(|(sensitivity, sigma)| Question::Gaussian { sensitivity, sigma }),
        (sensitivity, number()).prop_map(|(sensitivity, scale)| Question::Laplace { sensitivity, scale }),
        (number(), number()).prop_map(|(sensitivity, epsilon)| Question::Select { sensitivity, epsilon }),
        (number(), number()).prop_map(|(level, epsilon)| Question::Quantile { level, epsilon }),
        (0u32..5, number(), prop_oneof![1e-12f64..1e-6, number()]).prop_map(|(keys, sigma, delta)| Question::Keyed {
            keys,
            sigma,
            delta
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_questions_spends_more_than_the_charge(
        questions in prop::collection::vec(question(), 1..30),
        rho in 0.01f64..20.0,
    ) {
        let charged = Loss { rho: Rho::budget(rho).unwrap(), delta: Delta::budget(1e-6).unwrap() };
        let mut session = session(charged);
        let keys = BTreeMap::from([("K".to_owned(), 3 * UNITS_PER_ROW)]);
        let exact = [5 * UNITS_PER_ROW, 0, i64::MAX, i64::MIN];
        let mut answered = 0;
        for question in questions {
            let before = session.left();
            let outcome = match question {
                Question::Gaussian { sensitivity, sigma } => session.gaussian("q", &exact, sensitivity, sigma).map(drop),
                Question::Laplace { sensitivity, scale } => session.laplace("q", &exact, sensitivity, scale).map(drop),
                Question::Select { sensitivity, epsilon } => {
                    session.select("q", &[1.0, f64::MAX, f64::MIN, f64::INFINITY], sensitivity, epsilon).map(drop)
                }
                Question::Quantile { level, epsilon } => session.quantile("q", &exact, level, 1.0, epsilon).map(drop),
                Question::Keyed { keys: most, sigma, delta } => {
                    let sensitivity = KeyedSensitivity { keys: most, l2: UNITS_PER_ROW, largest: UNITS_PER_ROW };
                    session.keyed_counts("q", &keys, sensitivity, sigma, delta).map(drop)
                }
            };
            match outcome {
                Ok(()) => answered += 1,
                Err(PrivacyError::Exceeded { cost, left, .. }) => {
                    prop_assert!(left.minus(cost).is_none());
                    prop_assert_eq!(session.left(), before);
                }
                Err(PrivacyError::Parameter { .. }) => prop_assert_eq!(session.left(), before),
                Err(other) => prop_assert!(false, "{}", other),
            }
        }
        let left = session.left();
        let statement = session.finish();
        prop_assert_eq!(statement.measurements.len(), answered);
        let sum = statement.measurements.iter().fold(Loss::ZERO, |sum, measured| sum.plus(measured.loss));
        prop_assert_eq!(sum, statement.used);
        prop_assert_eq!(sum.plus(left), charged);
    }
}
