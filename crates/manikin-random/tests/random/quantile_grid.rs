use manikin_random::{GridError, QuantileGrid, Scale};
use proptest::prelude::*;

#[test]
fn a_grid_passes_through_its_points_and_bounds() {
    let points = [(0.25, 2880.0), (0.5, 5760.0), (0.75, 8640.0)];
    for scale in [Scale::Linear, Scale::Log] {
        let stay = QuantileGrid::new(&points, Some(60.0), Some(60480.0), scale).unwrap();
        for (p, value) in points {
            assert!((stay.quantile(p) / value - 1.0).abs() < 1e-13);
            assert!((stay.cdf(value) - p).abs() < 1e-13);
        }
        assert!((stay.quantile(0.0) / 60.0 - 1.0).abs() < 1e-12);
        assert!((stay.quantile(1.0) / 60480.0 - 1.0).abs() < 1e-12);
    }
}

#[test]
fn a_far_maximum_is_rare() {
    let stay = QuantileGrid::new(&[(0.25, 2.0), (0.5, 4.0), (0.75, 6.0)], None, Some(1000.0), Scale::Linear).unwrap();
    assert!(stay.quantile(0.99) < 20.0, "{}", stay.quantile(0.99));
}

#[test]
fn an_unbounded_tail_continues_the_density() {
    // The last segment has density 0.25 / 2; so has the start of an exponential tail of mass 0.25 and scale 2.
    let grid = QuantileGrid::new(&[(0.25, 2.0), (0.75, 6.0)], None, None, Scale::Linear).unwrap();
    let density = (grid.cdf(6.0 + 1e-6) - grid.cdf(6.0)) / 1e-6;
    assert!((density - 0.125).abs() < 1e-6, "{density}");
    assert!((grid.quantile(0.875) - (6.0 + 2.0 * core::f64::consts::LN_2)).abs() < 1e-12);
    assert_eq!(grid.quantile(1.0), f64::INFINITY);
}

#[test]
fn points_that_make_no_grid_are_refused() {
    let new = |points: &[(f64, f64)], min, max| QuantileGrid::new(points, min, max, Scale::Linear).unwrap_err();
    assert_eq!(new(&[(0.5, 1.0)], None, None), GridError::TooFew { found: 1 });
    assert_eq!(new(&[], None, None), GridError::TooFew { found: 0 });
    assert!(matches!(new(&[(0.5, 1.0), (0.2, 2.0)], None, None), GridError::SharesNotIncreasing { index: 1, .. }));
    assert!(matches!(new(&[(0.2, 3.0), (0.5, 2.0)], None, None), GridError::ValuesFall { index: 1, .. }));
    assert!(matches!(new(&[(0.2, 3.0), (1.5, 4.0)], None, None), GridError::NotAShare { index: 1, .. }));
    assert!(matches!(new(&[(0.2, 3.0), (0.5, 4.0)], Some(3.5), None), GridError::BoundInside { bound: "min", .. }));
    assert!(matches!(new(&[(0.2, 3.0), (0.5, f64::NAN)], None, None), GridError::NotFinite { .. }));
    let log = QuantileGrid::new(&[(0.2, 0.0), (0.5, 2.0)], None, None, Scale::Log).unwrap_err();
    assert_eq!(log, GridError::NotPositive { found: 0.0 });
    assert_eq!(QuantileGrid::new(&[], Some(1.0), Some(3.0), Scale::Linear).unwrap().quantile(0.5), 2.0);
}

proptest! {
    #[test]
    fn quantiles_never_fall_and_cdf_inverts_them(
        shares in prop::collection::btree_set(1u32..1000, 2..8),
        steps in prop::collection::vec(0.01..50.0f64, 10),
        bounded in any::<(bool, bool, bool)>(),
        draws in prop::collection::vec(1e-6..0.999_999f64, 2..20),
    ) {
        let mut value = 0.5;
        let points: Vec<(f64, f64)> = shares.iter().zip(&steps).map(|(p, step)| {
            value += step;
            (f64::from(*p) / 1000.0, value)
        }).collect();
        let (min, max) = (bounded.0.then_some(0.25), bounded.1.then_some(value + 3.0));
        let scale = if bounded.2 { Scale::Log } else { Scale::Linear };
        let grid = QuantileGrid::new(&points, min, max, scale).unwrap();
        let mut draws = draws;
        draws.sort_by(f64::total_cmp);
        for pair in draws.windows(2) {
            prop_assert!(grid.quantile(pair[0]) <= grid.quantile(pair[1]) * (1.0 + 1e-12) || scale == Scale::Linear);
            prop_assert!(grid.quantile(pair[0]) <= grid.quantile(pair[1]) + 1e-9);
        }
        for u in draws {
            // On the log scale a long tail may leave what a float can hold; what has left cannot come back.
            if !(f64::MIN_POSITIVE..f64::INFINITY).contains(&grid.quantile(u).abs()) {
                continue;
            }
            prop_assert!((grid.cdf(grid.quantile(u)) - u).abs() < 1e-8, "{u} {}", grid.quantile(u));
        }
    }
}
