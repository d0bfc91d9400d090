use manikin_random::{Correlation, CorrelationError, Name, RunKey, normal_quantile, spearman_to_latent};

#[test]
fn mixed_normals_have_the_correlations_asked_for() {
    // 100,000 draws: a correlation's standard error is at most 0.0032; limit 4.4 of them, alpha = 6 * 1e-5.
    let pairs = [(0, 1, 0.6), (0, 2, -0.3), (1, 2, 0.2), (2, 3, 0.5)];
    let correlation = Correlation::new(4, &pairs).unwrap();
    assert_eq!(correlation.largest_change(), 0.0);
    let mut stream = RunKey::new(5).address().stream(Name::of("copula"));
    let draws = 100_000;
    let mut products = [[0.0; 4]; 4];
    for _ in 0..draws {
        let mut z = [0.0; 4].map(|_: f64| normal_quantile(stream.uniform()));
        correlation.mix(&mut z);
        for i in 0..4 {
            for j in 0..4 {
                products[i][j] += z[i] * z[j] / f64::from(draws);
            }
        }
    }
    let wanted = |i: usize, j: usize| {
        let named = pairs.iter().find(|(a, b, _)| (*a, *b) == (i.min(j), i.max(j)));
        if i == j { 1.0 } else { named.map_or(0.0, |(_, _, r)| *r) }
    };
    for (i, row) in products.iter().enumerate() {
        for (j, product) in row.iter().enumerate() {
            assert!((product - wanted(i, j)).abs() < 0.02, "{i} {j}: {product}");
        }
    }
}

#[test]
fn a_variable_appended_later_changes_none_before_it() {
    let short = Correlation::new(2, &[(0, 1, 0.5)]).unwrap();
    let long = Correlation::new(3, &[(0, 1, 0.5), (1, 2, 0.4)]).unwrap();
    let (mut a, mut b, mut cut) = ([0.3, -1.2], [0.3, -1.2, 2.0], [0.3, -1.2]);
    short.mix(&mut a);
    long.mix(&mut b);
    long.mix(&mut cut);
    assert_eq!(a, b[..2]);
    assert_eq!(a, cut);
    let mut more = [0.3, -1.2, 7.0];
    short.mix(&mut more);
    assert_eq!(more[..2], a);
    assert_eq!(more[2], 7.0);
}

#[test]
fn correlations_slightly_off_are_repaired_and_contradictions_refused() {
    // 0.9, 0.9 and 0.6 need cos(2 acos 0.9) = 0.62 at least.
    let near = Correlation::new(3, &[(0, 1, 0.9), (1, 2, 0.9), (0, 2, 0.6)]).unwrap();
    assert!(near.largest_change() > 0.0 && near.largest_change() < 0.02, "{}", near.largest_change());
    let error = Correlation::new(3, &[(0, 1, 0.9), (1, 2, 0.9), (0, 2, -0.9)]).unwrap_err();
    assert!(matches!(error, CorrelationError::Contradictory { .. }), "{error}");
    // A correlation of exactly 1 is singular, and repaired to just below it.
    let one = Correlation::new(2, &[(0, 1, 1.0)]).unwrap();
    assert!(one.largest_change() < 1e-5);
}

#[test]
fn the_repair_finds_highams_published_nearest_matrix() {
    // Higham 2002, p. 334: the nearest correlation matrix to tridiag(1, 1, 1) of order 3 has 0.7607 and 0.1573. It
    // moves entries by 0.24, so here it comes out in the refusal.
    let error = Correlation::new(3, &[(0, 1, 1.0), (1, 2, 1.0)]).unwrap_err();
    match error {
        CorrelationError::Contradictory { nearest, .. } => assert!((nearest - 0.7607).abs() < 1e-4, "{nearest}"),
        other => panic!("{other}"),
    }
}

#[test]
fn pairs_that_are_none_are_refused() {
    assert!(matches!(Correlation::new(2, &[(0, 2, 0.1)]), Err(CorrelationError::NotAPair { .. })));
    assert!(matches!(Correlation::new(2, &[(1, 1, 0.1)]), Err(CorrelationError::NotAPair { .. })));
    assert!(matches!(Correlation::new(2, &[(0, 1, 1.1)]), Err(CorrelationError::OutOfRange { .. })));
    assert!(matches!(Correlation::new(2, &[(0, 1, f64::NAN)]), Err(CorrelationError::OutOfRange { .. })));
    assert!(matches!(Correlation::new(2, &[(0, 1, 0.1), (1, 0, 0.2)]), Err(CorrelationError::Repeated { .. })));
    assert_eq!(Correlation::new(0, &[]).unwrap().variables(), 0);
}

#[test]
fn spearman_becomes_a_slightly_larger_latent_correlation() {
    assert!((spearman_to_latent(1.0) - 1.0).abs() < 1e-15);
    assert!((spearman_to_latent(0.5) - 0.517_638_090_205_041_5).abs() < 1e-15);
    assert_eq!(spearman_to_latent(0.0), 0.0);
}
