use manikin_random::{
    Address, Affinity, Name, QuotaError, QuotaSplit, RunKey, SplitError, Spread, TotalSplit, assign_weighted,
    beta_binomial, binomial, hypergeometric, largest_remainder, multivariate_hypergeometric, shuffle_quota,
};
use proptest::prelude::*;
use rand_distr::Distribution as _;
use statrs::function::gamma::ln_gamma;

use crate::statistics::{chi_square_p, ks_critical, ks_distance};

fn key(seed: u64) -> Address {
    RunKey::new(seed).address().child(Name::of("split"), 0)
}

fn ln_choose(n: f64, k: f64) -> f64 {
    ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0)
}

fn hypergeometric_shares(population: u64, successes: u64, draws: u64) -> Vec<f64> {
    let (n, k, d) = (population as f64, successes as f64, draws as f64);
    let mass = |x: f64| libm::exp(ln_choose(k, x) + ln_choose(n - k, d - x) - ln_choose(n, d));
    (0..=draws)
        .map(|x| if x > successes || draws - x > population - successes { 0.0 } else { mass(x as f64) })
        .collect()
}

#[test]
fn hypergeometric_counts_have_their_probabilities() {
    // Chi-square, alpha = 9 * 1e-4: the urn, the search from the mode and the ratio of uniforms, and their symmetries.
    let cases = [
        (50, 20, 10),
        (50, 20, 45),
        (50, 45, 5),
        (1000, 30, 40),
        (1000, 970, 960),
        (5000, 60, 2500),
        (4000, 2000, 1500),
        (4000, 2900, 3100),
        (100_000, 50_000, 700),
    ];
    for (population, successes, draws) in cases {
        let mut stream = key(1).child(Name::of("case"), population ^ draws).stream(Name::of("draw"));
        let mut counts = vec![0u64; draws as usize + 1];
        for _ in 0..40_000 {
            counts[hypergeometric(&mut stream, population, successes, draws) as usize] += 1;
        }
        let p = chi_square_p(&counts, &hypergeometric_shares(population, successes, draws));
        assert!(p > 1e-4, "{population} {successes} {draws}: {p}");
    }
}

#[test]
fn hypergeometric_counts_of_huge_populations_keep_mean_and_variance() {
    // 10^12 rows, 4,000 draws: mean within 4 standard errors, variance within 4 of its own. alpha = 1.3e-4.
    let (population, successes, draws) = (1_000_000_000_000, 400_000_000_000, 300_000_000_000);
    let mut stream = key(2).stream(Name::of("draw"));
    let share = 0.4;
    let variance: f64 = 3e11 * share * (1.0 - share) * (7e11 / (1e12 - 1.0));
    let n = 4000.0;
    let scores: Vec<f64> = (0..4000)
        .map(|_| (hypergeometric(&mut stream, population, successes, draws) as f64 - 3e11 * share) / variance.sqrt())
        .collect();
    let mean = scores.iter().sum::<f64>() / n;
    let spread = scores.iter().map(|s| s * s).sum::<f64>() / n;
    assert!(mean.abs() < 4.0 / n.sqrt(), "{mean}");
    assert!((spread - 1.0).abs() < 4.0 * (2.0 / n).sqrt(), "{spread}");
}

#[test]
fn impossible_hypergeometric_requests_are_cut_to_the_possible() {
    let mut stream = key(3).stream(Name::of("draw"));
    assert_eq!(hypergeometric(&mut stream, 10, 50, 4), 4);
    assert_eq!(hypergeometric(&mut stream, 10, 4, 50), 4);
    assert_eq!(hypergeometric(&mut stream, 0, 0, 0), 0);
    assert_eq!(hypergeometric(&mut stream, u64::MAX, 0, 1000), 0);
}

#[test]
fn binomial_and_beta_binomial_counts_have_their_probabilities() {
    // Chi-square, alpha = 11 * 1e-4.
    let mut stream = key(4).stream(Name::of("draw"));
    for (n, p) in [(10, 0.3), (40, 0.02), (200, 0.9), (1000, 0.5), (3000, 0.2)] {
        let mut counts = vec![0u64; n as usize + 1];
        (0..40_000).for_each(|_| counts[binomial(&mut stream, n, p) as usize] += 1);
        let mass = |k: u64| {
            let (n, k) = (n as f64, k as f64);
            libm::exp(ln_choose(n, k) + k * libm::log(p) + (n - k) * libm::log1p(-p))
        };
        let shares: Vec<f64> = (0..=n).map(mass).collect();
        assert!(chi_square_p(&counts, &shares) > 1e-4, "{n} {p}");
    }
    let ln_beta = |a: f64, b: f64| ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b);
    for (n, a, b) in
        [(5, 0.4, 0.8), (16, 2.0, 3.0), (40, 0.2, 0.3), (40, 0.01, 2.0), (300, 2.0, 7.0), (300, 900.0, 400.0)]
    {
        let mut counts = vec![0u64; n as usize + 1];
        (0..40_000).for_each(|_| counts[beta_binomial(&mut stream, n, a, b) as usize] += 1);
        let mass = |k: u64| {
            let (n, k) = (n as f64, k as f64);
            libm::exp(ln_choose(n, k) + ln_beta(k + a, n - k + b) - ln_beta(a, b))
        };
        let shares: Vec<f64> = (0..=n).map(mass).collect();
        let p = chi_square_p(&counts, &shares);
        assert!(p > 1e-4, "{n} {a} {b}: {p}");
    }
    assert_eq!(binomial(&mut stream, 9, 2.0), 9);
    assert_eq!(binomial(&mut stream, 9, f64::NAN), 0);
    assert_eq!(beta_binomial(&mut stream, 9, 1.0, 0.0), 9);
    assert_eq!(beta_binomial(&mut stream, 9, 0.0, 1.0), 0);
}

#[test]
fn our_samplers_agree_with_rand_distr() {
    // Two-sample Kolmogorov-Smirnov, alpha = 2 * 1e-4.
    let n = 20_000;
    let mut stream = key(5).stream(Name::of("draw"));
    let theirs = rand_distr::Hypergeometric::new(100_000, 30_000, 20_000).unwrap();
    let theirs: Vec<f64> = (0..n).map(|_| theirs.sample(&mut stream) as f64).collect();
    let ours = (0..n).map(|_| hypergeometric(&mut stream, 100_000, 30_000, 20_000) as f64).collect();
    assert!(ks_distance(ours, theirs) < ks_critical(n, n));
    let theirs = rand_distr::Binomial::new(1_000_000, 0.3).unwrap();
    let theirs: Vec<f64> = (0..n).map(|_| theirs.sample(&mut stream) as f64).collect();
    let ours = (0..n).map(|_| binomial(&mut stream, 1_000_000, 0.3) as f64).collect();
    assert!(ks_distance(ours, theirs) < ks_critical(n, n));
}

#[test]
fn splits_are_the_same_on_every_machine() {
    let gamma = TotalSplit::new(1000, 20, 1, None, Spread::Gamma { shape: 1.2 }).unwrap();
    let counts = gamma.for_range(key(7), 0..20);
    assert_eq!(
        format!("{counts:?}"),
        "[60, 29, 6, 27, 1, 19, 91, 119, 4, 118, 106, 62, 122, 31, 43, 40, 35, 23, 48, 16]"
    );
    let quota = QuotaSplit { quotas: vec![850, 100, 50] }.for_ranges(key(7), &[400, 350, 250]).unwrap();
    let shuffled = shuffle_quota(key(7), &[5, 3, 2]);
    assert_eq!(
        format!("{quota:?} {shuffled:?}"),
        "[[335, 41, 24], [294, 39, 17], [221, 20, 9]] [2, 0, 1, 1, 1, 0, 2, 0, 0, 0]"
    );
}

#[test]
fn a_total_that_cannot_be_spread_says_why() {
    assert!(matches!(TotalSplit::new(5, 10, 1, None, Spread::Even), Err(SplitError::TooFew { .. })));
    assert!(matches!(TotalSplit::new(50, 10, 1, Some(4), Spread::Even), Err(SplitError::TooMany { .. })));
    assert!(matches!(TotalSplit::new(5, 0, 0, None, Spread::Even), Err(SplitError::NoUnits { .. })));
    assert!(matches!(TotalSplit::new(5, 1, 0, None, Spread::Gamma { shape: -1.0 }), Err(SplitError::Shape { .. })));
    assert!(TotalSplit::new(0, 0, 0, None, Spread::Even).unwrap().for_range(key(1), 0..9).is_empty());
    assert_eq!(TotalSplit::new(u64::MAX, 1, 0, None, Spread::Even).unwrap().for_range(key(1), 0..1), [u64::MAX]);
}

#[test]
fn multinomial_and_gamma_spreads_have_their_variances() {
    // 4,096 units, mean 5 above the minimum of 1. Multinomial: variance about 5. Gamma of shape 1.2: 5 + 25 / 1.2.
    // Limits of 4 to 5 standard errors of a variance.
    let spread = |spread| {
        let counts = TotalSplit::new(4096 * 6, 4096, 1, None, spread).unwrap().for_range(key(8), 0..4096);
        counts.iter().map(|c| (*c as f64 - 6.0) * (*c as f64 - 6.0)).sum::<f64>() / 4096.0
    };
    assert!((spread(Spread::Multinomial) - 5.0).abs() < 0.5, "{}", spread(Spread::Multinomial));
    let expected = 5.0 + 25.0 / 1.2;
    let gamma = spread(Spread::Gamma { shape: 1.2 });
    assert!((gamma / expected - 1.0).abs() < 0.2, "{gamma} {expected}");
    assert!(spread(Spread::Even) < 1e-12);
}

#[test]
fn even_spreads_place_the_extra_items_at_random() {
    // 10 items over 30 units, 3,000 times: chi-square over the units, alpha = 1e-4 (conservative: negative correlation).
    let mut hits = vec![0u64; 30];
    for seed in 0..3000 {
        let counts = TotalSplit::new(10, 30, 0, None, Spread::Even).unwrap().for_range(key(seed), 0..30);
        assert!(counts.iter().all(|c| *c <= 1));
        hits.iter_mut().zip(&counts).for_each(|(h, c)| *h += c);
    }
    assert!(chi_square_p(&hits, &[1.0 / 30.0; 30]) > 1e-4, "{hits:?}");
}

#[test]
fn a_shuffle_puts_every_category_everywhere() {
    // 5 of 10 positions, 4,000 shuffles: chi-square of hits per position, alpha = 1e-4 (conservative).
    let mut hits = vec![0u64; 10];
    for seed in 0..4000 {
        for (position, category) in shuffle_quota(key(seed), &[5, 3, 2]).iter().enumerate() {
            hits[position] += u64::from(*category == 0);
        }
    }
    assert!(chi_square_p(&hits, &[0.1; 10]) > 1e-4, "{hits:?}");
}

#[test]
fn largest_remainders_round_to_the_total() {
    assert_eq!(largest_remainder(10, &[1.0, 1.0, 1.0]), [4, 3, 3]);
    assert_eq!(largest_remainder(1000, &[0.85, 0.10, 0.05]), [850, 100, 50]);
    assert_eq!(largest_remainder(7, &[0.0, 2.0, f64::NAN]), [0, 7, 0]);
    assert_eq!(largest_remainder(3, &[0.0, 0.0]), [2, 1]);
    assert_eq!(
        largest_remainder(u64::MAX, &[1.0, 1.0, 1.0]).iter().map(|s| u128::from(*s)).sum::<u128>(),
        u128::from(u64::MAX)
    );
    assert!(largest_remainder(7, &[]).is_empty());
}

fn sums(sizes: &[u64], chosen: &[u32], categories: usize) -> Vec<u64> {
    let mut sums = vec![0; categories];
    sizes.iter().zip(chosen).for_each(|(size, c)| sums[*c as usize] += size);
    sums
}

#[test]
fn coverages_of_many_sizes_meet_the_quotas_of_their_claims() {
    let mut stream = key(9).stream(Name::of("sizes"));
    let sizes: Vec<u64> = (0..300).map(|_| beta_binomial(&mut stream, 20, 1.0, 5.0)).collect();
    let quotas = largest_remainder(sizes.iter().sum(), &[0.7, 0.2, 0.1]);
    let chosen = assign_weighted(key(9), &sizes, &quotas, None).unwrap();
    assert_eq!(sums(&sizes, &chosen, 3), quotas);
}

#[test]
fn affinity_decides_who_takes_what_and_zero_means_never() {
    // Units below 500 are old. Only they may take Medicare (1); Medicaid (2) is three times as likely for the others.
    let sizes = vec![1; 1000];
    let affinity = |unit: usize, category: usize| match (unit < 500, category) {
        (true, 1) => 5.0,
        (false, 1) => 0.0,
        (true, 2) => 1.0,
        (false, 2) => 3.0,
        _ => 1.0,
    };
    let quotas = [600, 300, 100];
    let chosen = assign_weighted(key(10), &sizes, &quotas, Some(&affinity)).unwrap();
    assert_eq!(sums(&sizes, &chosen, 3), quotas);
    assert!(chosen[500..].iter().all(|c| *c != 1));
    let medicaid_old = chosen[..500].iter().filter(|c| **c == 2).count();
    assert!(medicaid_old < 40, "{medicaid_old}");
}

#[test]
fn tight_quotas_are_met_by_chains_of_moves() {
    // Each unit may take two neighbouring categories of a ring; the quotas leave little choice.
    let (units, categories) = (600, 6);
    let affinity = |unit: usize, c: usize| f64::from(u8::from(c == unit % 6 || c == (unit + 1) % 6));
    let quotas = [200, 0, 200, 0, 200, 0];
    let chosen = assign_weighted(key(11), &vec![1; units], &quotas, Some(&affinity)).unwrap();
    assert_eq!(sums(&vec![1; units], &chosen, categories), quotas);
    let uneven = [190, 20, 180, 15, 195, 0];
    let chosen = assign_weighted(key(11), &vec![1; units], &uneven, Some(&affinity)).unwrap();
    assert_eq!(sums(&vec![1; units], &chosen, categories), uneven);
}

#[test]
fn sizes_without_ones_are_exchanged_into_place() {
    let sizes: Vec<u64> = (0..90).map(|i| [2, 3, 5][i % 3]).collect();
    for (seed, quotas) in [[150, 100, 50], [151, 102, 47], [299, 1, 0], [297, 2, 1]].iter().enumerate() {
        match assign_weighted(key(seed as u64), &sizes, quotas, None) {
            Ok(chosen) => assert_eq!(sums(&sizes, &chosen, 3), quotas),
            // A category of 1 cannot be filled by units of 2, 3 and 5.
            Err(error) => assert!(quotas.contains(&1), "{quotas:?}: {error}"),
        }
    }
}

#[test]
fn quotas_that_cannot_be_met_say_why() {
    let never = |_: usize, c: usize| f64::from(u8::from(c == 0));
    let affinity: &Affinity<'_> = &never;
    let refused =
        |sizes: &[u64], quotas: &[u64], affinity| assign_weighted(key(1), sizes, quotas, affinity).unwrap_err();
    assert!(matches!(refused(&[1, 1], &[1, 2], None), QuotaError::Sum { quotas: 3, rows: 2 }));
    assert!(matches!(
        refused(&[1, 1], &[1, 1], Some(affinity)),
        QuotaError::Overfilled { category: 0, quota: 1, forced: 2 }
    ));
    assert!(matches!(refused(&[1, 1], &[0, 2], Some(affinity)), QuotaError::NoCategory { unit: 0, size: 1 }));
    assert!(matches!(refused(&[3, 1], &[2, 2], None), QuotaError::TooLarge { unit: 0, size: 3, quota: 2 }));
    assert!(matches!(refused(&[2, 2], &[3, 1], None), QuotaError::NoArrangement { proven: false, .. }));
    let second = |unit: usize, c: usize| f64::from(u8::from(c == 1 || unit == 2));
    assert!(matches!(
        refused(&[1, 1, 1], &[2, 1], Some(&second)),
        QuotaError::Unreachable { category: 0, quota: 2, available: 1 }
    ));
    assert!(matches!(refused(&[1], &[1], Some(&|_, _| f64::NAN)), QuotaError::NotAnAffinity { .. }));
    assert!(assign_weighted(key(1), &[], &[], None).unwrap().is_empty());
    assert_eq!(assign_weighted(key(1), &[0], &[0, 0], Some(affinity)).unwrap(), [0]);
}

prop_compose! {
    fn total_split()(
        units in 1u64..200, min in 0u64..4, room in 1u64..12, capped in any::<bool>(), fill in 0.0..1.0f64,
        spread in prop_oneof![Just(Spread::Even), Just(Spread::Multinomial), (0.05..20.0f64).prop_map(|shape| Spread::Gamma { shape })],
    ) -> (TotalSplit, u64, u64, Option<u64>) {
        let total = units * min + (fill * (units * room) as f64) as u64;
        let max = capped.then_some(min + room);
        (TotalSplit::new(total, units, min, max, spread).unwrap(), units, min, max)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_partition_of_a_total_gives_the_same_exact_counts(
        (split, units, min, max) in total_split(), seed in any::<u64>(), cuts in prop::collection::btree_set(0u64..200, 0..6),
    ) {
        let whole = split.for_range(key(seed), 0..units);
        prop_assert_eq!(whole.len() as u64, units);
        prop_assert_eq!(whole.iter().sum::<u64>(), split.total());
        prop_assert!(whole.iter().all(|c| *c >= min && max.is_none_or(|max| *c <= max)));
        let mut parts = Vec::new();
        let mut start = 0;
        for cut in cuts.into_iter().chain([units + 5]) {
            parts.extend(split.for_range(key(seed), start..cut));
            start = cut;
        }
        prop_assert_eq!(whole, parts);
    }

    #[test]
    fn quotas_are_exact_by_range_and_by_category(
        sizes in prop::collection::vec(0u64..5000, 1..40), weights in prop::collection::vec(0.0..5.0f64, 1..6), seed in any::<u64>(),
    ) {
        let quotas = largest_remainder(sizes.iter().sum(), &weights);
        let counts = QuotaSplit { quotas: quotas.clone() }.for_ranges(key(seed), &sizes).unwrap();
        for (size, range) in sizes.iter().zip(&counts) {
            prop_assert_eq!(*size, range.iter().sum::<u64>());
        }
        for (c, quota) in quotas.iter().enumerate() {
            prop_assert_eq!(*quota, counts.iter().map(|range| range[c]).sum::<u64>());
        }
        let rows = shuffle_quota(key(seed), &counts[0]);
        prop_assert_eq!(sums(&vec![1; rows.len()], &rows, quotas.len()), counts[0].clone());
    }

    #[test]
    fn draws_without_replacement_never_exceed_what_is_there(
        counts in prop::collection::vec(0u64..1_000_000, 0..8), share in 0.0..1.2f64, seed in any::<u64>(),
    ) {
        let sum: u64 = counts.iter().sum();
        let draws = (share * sum as f64) as u64;
        let taken = multivariate_hypergeometric(&mut key(seed).stream(Name::of("draw")), &counts, draws);
        prop_assert_eq!(taken.iter().sum::<u64>(), draws.min(sum));
        prop_assert!(taken.iter().zip(&counts).all(|(t, c)| t <= c));
    }

    #[test]
    fn largest_remainders_are_exact_and_within_one(total in 0u64..1_000_000_000_000, weights in prop::collection::vec(0.01..9.0f64, 1..30)) {
        let shares = largest_remainder(total, &weights);
        prop_assert_eq!(shares.iter().sum::<u64>(), total);
        let sum: f64 = weights.iter().sum();
        for (share, weight) in shares.iter().zip(&weights) {
            prop_assert!((*share as f64 - total as f64 * weight / sum).abs() < 1.001);
        }
    }

    #[test]
    fn unit_sizes_always_meet_quotas_that_some_arrangement_meets(
        hidden in prop::collection::vec((0u32..4, 1u8..16), 1..80), seed in any::<u64>(),
    ) {
        // A hidden arrangement makes the quotas feasible; affinities allow it and a random set of others.
        let mut quotas = [0u64; 4];
        hidden.iter().for_each(|(c, _)| quotas[*c as usize] += 1);
        let affinity = |unit: usize, c: usize| {
            let (own, mask) = hidden[unit];
            if own as usize == c || mask >> c & 1 == 1 { 1.0 + c as f64 } else { 0.0 }
        };
        let sizes = vec![1; hidden.len()];
        let chosen = assign_weighted(key(seed), &sizes, &quotas, Some(&affinity)).unwrap();
        prop_assert_eq!(sums(&sizes, &chosen, 4), quotas);
        prop_assert!(chosen.iter().enumerate().all(|(unit, c)| affinity(unit, *c as usize) > 0.0));
    }

    #[test]
    fn mixed_sizes_with_some_ones_meet_their_quotas(
        large in prop::collection::vec(0u64..12, 1..60), ones in 25usize..60,
        weights in prop::collection::vec(0.05..1.0f64, 2..5), seed in any::<u64>(),
    ) {
        let sizes: Vec<u64> = large.iter().copied().chain(core::iter::repeat_n(1, ones)).collect();
        let quotas = largest_remainder(sizes.iter().sum(), &weights);
        match assign_weighted(key(seed), &sizes, &quotas, None) {
            Ok(chosen) => prop_assert_eq!(sums(&sizes, &chosen, quotas.len()), quotas),
            // Only a unit larger than every quota can stop it with this many ones.
            Err(error) => prop_assert!(matches!(error, QuotaError::TooLarge { .. }), "{}", error),
        }
    }
}
