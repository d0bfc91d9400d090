use manikin_random::{Alias, Cumulative, Name, RunKey, WeightError};
use proptest::prelude::*;

use crate::statistics::chi_square_p;

#[test]
fn both_tables_pick_in_proportion_to_the_weights() {
    // Chi-square, alpha = 2 * 1e-4.
    let weights = [0.5, 0.0, 3.0, 1e-3, 7.25, 0.0, 1.0];
    let sum: f64 = weights.iter().sum();
    let shares: Vec<f64> = weights.iter().map(|w| w / sum).collect();
    let (alias, cumulative) = (Alias::new(&weights).unwrap(), Cumulative::new(&weights).unwrap());
    let mut stream = RunKey::new(3).address().stream(Name::of("pick"));
    let (mut by_alias, mut by_cumulative) = ([0u64; 7], [0u64; 7]);
    for _ in 0..200_000 {
        by_alias[alias.pick(stream.uniform())] += 1;
        by_cumulative[cumulative.pick(stream.uniform())] += 1;
    }
    assert!(chi_square_p(&by_alias, &shares) > 1e-4, "{by_alias:?}");
    assert!(chi_square_p(&by_cumulative, &shares) > 1e-4, "{by_cumulative:?}");
    assert_eq!((by_alias[1], by_alias[5], by_cumulative[1], by_cumulative[5]), (0, 0, 0, 0));
}

#[test]
fn bad_weights_are_refused_with_their_place() {
    assert_eq!(Alias::new(&[]), Err(WeightError::Empty));
    assert_eq!(Alias::new(&[1.0, -2.0]), Err(WeightError::NotAWeight { index: 1, found: -2.0 }));
    assert_eq!(Cumulative::new(&[0.0, 0.0]), Err(WeightError::NoMass { sum: 0.0 }));
    assert!(matches!(Alias::new(&[f64::NAN]), Err(WeightError::NotAWeight { index: 0, .. })));
    assert!(matches!(Alias::new(&[f64::MAX, f64::MAX]), Err(WeightError::NoMass { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_table_keeps_every_weight(weights in prop::collection::vec(prop_oneof![Just(0.0), 1e-9..1e9f64], 1..40)) {
        let Ok(alias) = Alias::new(&weights) else {
            prop_assert!(weights.iter().all(|w| *w == 0.0));
            return Ok(());
        };
        // Sum each index's share of the unit interval over a fine grid.
        let cells = 20_000;
        let mut seen = vec![0.0; weights.len()];
        for i in 0..cells {
            seen[alias.pick((f64::from(i) + 0.5) / f64::from(cells))] += 1.0 / f64::from(cells);
        }
        let sum: f64 = weights.iter().sum();
        for (weight, seen) in weights.iter().zip(&seen) {
            // Each column has at most two border cells.
            prop_assert!((weight / sum - seen).abs() < 2.0 * weights.len() as f64 / f64::from(cells) + 1e-9);
            prop_assert!(*weight > 0.0 || *seen == 0.0);
        }
    }

    #[test]
    fn cumulative_picks_never_fall(weights in prop::collection::vec(0.0..9.0f64, 1..20), a in 0.0..1.0f64, b in 0.0..1.0f64) {
        prop_assume!(weights.iter().any(|w| *w > 0.0));
        let table = Cumulative::new(&weights).unwrap();
        let (low, high) = (table.pick(a.min(b)), table.pick(a.max(b)));
        prop_assert!(low <= high && weights[low] > 0.0 && weights[high] > 0.0);
        prop_assert!(table.pick(1.0) < weights.len());
    }
}
