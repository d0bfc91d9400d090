use manikin_random::{
    Distribution, Name, RunKey, beta_quantile, beta_regularised, gamma_p, gamma_q, gamma_quantile, normal_cdf,
    normal_pdf, normal_quantile, student_t_cdf, student_t_quantile,
};
use proptest::prelude::*;
use rand_distr::Distribution as _;
use statrs::distribution::{ContinuousCDF, DiscreteCDF};

use crate::statistics::{chi_square_p, ks_critical, ks_distance};

fn close(found: f64, expected: f64, relative: f64) -> bool {
    found == expected || (found - expected).abs() <= relative * expected.abs()
}

fn every_family() -> Vec<Distribution> {
    use Distribution::*;
    vec![
        Normal { mean: 58.0, sd: 9.0 },
        LogNormal { mu: 5.0, sigma: 0.8 },
        Uniform { min: -2.0, max: 6.0 },
        Exponential { mean: 3.5 },
        Gamma { shape: 0.3, scale: 2.0 },
        Gamma { shape: 2.5, scale: 4.0 },
        Gamma { shape: 900.0, scale: 0.1 },
        Beta { alpha: 0.4, beta: 0.7 },
        Beta { alpha: 2.0, beta: 5.0 },
        Beta { alpha: 300.0, beta: 40.0 },
        Weibull { shape: 1.4, scale: 10.0 },
        Pareto { scale: 100.0, shape: 2.5 },
        Triangular { min: 1.0, mode: 2.0, max: 9.0 },
        StudentT { df: 4.0, location: 1.0, scale: 2.0 },
        StudentT { df: 1.0, location: 0.0, scale: 1.0 },
        Logistic { location: 2.0, scale: 0.7 },
        Poisson { mean: 3.0 },
        Poisson { mean: 19.5 },
        Poisson { mean: 400.0 },
        NegativeBinomial { mean: 4.0, dispersion: 0.5 },
        NegativeBinomial { mean: 120.0, dispersion: 1.5 },
        Binomial { n: 12, p: 0.3 },
        Binomial { n: 1000, p: 0.995 },
        Binomial { n: 5000, p: 0.4 },
        Geometric { p: 0.2 },
        Bernoulli { p: 0.3 },
    ]
}

#[test]
fn quantiles_are_the_same_on_every_machine() {
    // FNV-1a over the bits of 40 quantiles of every family and 3 of the special functions.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut fold = |value: f64| {
        for byte in value.to_bits().to_le_bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    };
    for (i, distribution) in every_family().into_iter().enumerate() {
        for draw in 0..40 {
            fold(
                distribution
                    .quantile(RunKey::new(7).subject(Name::of("q"), draw).uniform(Name::of("u").numbered(i as u64))),
            );
        }
    }
    assert_eq!(format!("{hash:016x}"), "cfeef1d5c80327bc");
}

#[test]
fn special_functions_agree_with_forty_digit_arithmetic() {
    // Expected values from mpmath 1.3 at 40 to 60 digits.
    for (x, expected) in NORMAL_CDF {
        assert!(close(normal_cdf(x), expected, 1e-13), "normal {x}: {} {expected}", normal_cdf(x));
        assert!(close(normal_quantile(expected), x, 1e-13) || x > 4.0, "{x}: {}", normal_quantile(expected));
    }
    for (shape, x, lower, upper) in GAMMA {
        assert!(close(gamma_p(shape, x), lower, 2e-12), "P {shape} {x}: {} {lower}", gamma_p(shape, x));
        assert!(close(gamma_q(shape, x), upper, 2e-12), "Q {shape} {x}: {} {upper}", gamma_q(shape, x));
        if lower < 0.9 {
            assert!(close(gamma_quantile(shape, lower), x, 1e-12), "{shape} {x}: {}", gamma_quantile(shape, lower));
        }
    }
    for (a, b, x, expected) in BETA {
        assert!(close(beta_regularised(a, b, x), expected, 2e-12), "{a} {b} {x}: {}", beta_regularised(a, b, x));
        assert!(close(beta_quantile(a, b, expected), x, 1e-12), "{a} {b} {x}: {}", beta_quantile(a, b, expected));
    }
    assert!(close(normal_pdf(1.0), 0.241_970_724_519_143_37, 1e-15));
    // Cauchy: closed form.
    assert!(close(student_t_quantile(1.0, 0.75), 1.0, 1e-13));
    assert!(close(student_t_cdf(1.0, -1.0), 0.25, 1e-13));
    assert!(close(student_t_quantile(1.0, 1e-12), -1.0 / (core::f64::consts::PI * 1e-12), 1e-12));
}

fn continuous_oracle(distribution: &Distribution) -> Option<Box<dyn Fn(f64) -> f64>> {
    use statrs::distribution as s;
    fn cdf(d: impl ContinuousCDF<f64, f64> + 'static) -> Option<Box<dyn Fn(f64) -> f64>> {
        Some(Box::new(move |x| d.cdf(x)))
    }
    fn count(d: impl DiscreteCDF<u64, f64> + 'static) -> Option<Box<dyn Fn(f64) -> f64>> {
        Some(Box::new(move |x| if x < 0.0 { 0.0 } else { d.cdf(x as u64) }))
    }
    match *distribution {
        Distribution::Normal { mean, sd } => cdf(s::Normal::new(mean, sd).unwrap()),
        Distribution::LogNormal { mu, sigma } => cdf(s::LogNormal::new(mu, sigma).unwrap()),
        Distribution::Uniform { min, max } => cdf(s::Uniform::new(min, max).unwrap()),
        Distribution::Exponential { mean } => cdf(s::Exp::new(1.0 / mean).unwrap()),
        Distribution::Gamma { shape, scale } => cdf(s::Gamma::new(shape, 1.0 / scale).unwrap()),
        Distribution::Beta { alpha, beta } => cdf(s::Beta::new(alpha, beta).unwrap()),
        Distribution::Weibull { shape, scale } => cdf(s::Weibull::new(shape, scale).unwrap()),
        Distribution::Pareto { scale, shape } => cdf(s::Pareto::new(scale, shape).unwrap()),
        Distribution::Triangular { min, mode, max } => cdf(s::Triangular::new(min, max, mode).unwrap()),
        Distribution::StudentT { df, location, scale } => cdf(s::StudentsT::new(location, scale, df).unwrap()),
        Distribution::Logistic { .. } => None,
        Distribution::Poisson { mean } => count(s::Poisson::new(mean).unwrap()),
        Distribution::NegativeBinomial { mean, dispersion } => {
            let size = 1.0 / dispersion;
            count(s::NegativeBinomial::new(size, size / (size + mean)).unwrap())
        }
        Distribution::Binomial { n, p } => count(s::Binomial::new(p, n).unwrap()),
        // statrs counts the trials, we count the failures.
        Distribution::Geometric { p } => {
            let trials = s::Geometric::new(p).unwrap();
            Some(Box::new(move |x| trials.cdf(x as u64 + 1)))
        }
        Distribution::Bernoulli { p } => count(s::Bernoulli::new(p).unwrap()),
    }
}

#[test]
fn cumulative_probabilities_agree_with_statrs_to_1e_9() {
    for distribution in every_family() {
        let Some(oracle) = continuous_oracle(&distribution) else { continue };
        for i in 1..200 {
            let x = distribution.quantile(f64::from(i) / 200.0);
            let (ours, theirs) = (distribution.cdf(x), oracle(x));
            assert!((ours - theirs).abs() < 1e-9, "{distribution:?} at {x}: {ours} {theirs}");
        }
    }
}

#[test]
fn quantiles_invert_the_cumulative_probabilities() {
    for distribution in every_family() {
        for u in [1e-14, 1e-9, 1e-4, 0.01, 0.2, 0.5, 0.77, 0.99, 0.999_999, 1.0 - 1e-12] {
            let x = distribution.quantile(u);
            let p = distribution.cdf(x);
            if distribution.is_discrete() {
                let before = distribution.cdf(x - 1.0);
                assert!(p >= u - 1e-12 && before < u + 1e-12, "{distribution:?} {u}: {x}, {before} {p}");
            } else {
                assert!(close(p, u, 1e-10) || close(1.0 - p, 1.0 - u, 1e-3), "{distribution:?} {u}: {x}, {p}");
            }
        }
    }
}

#[test]
fn large_counts_have_exact_quantiles() {
    // The defining property at means where a search from zero is out of the question.
    let large = [
        Distribution::Poisson { mean: 2.5e5 },
        Distribution::Poisson { mean: 1e11 },
        Distribution::NegativeBinomial { mean: 1e6, dispersion: 3.0 },
        Distribution::NegativeBinomial { mean: 1e6, dispersion: 1e-6 },
        Distribution::Binomial { n: 10_000_000, p: 0.37 },
    ];
    for distribution in large {
        for u in [1e-9, 0.001, 0.3, 0.5, 0.9, 0.999_999_9] {
            let k = distribution.quantile(u);
            assert!(distribution.cdf(k) >= u && distribution.cdf(k - 1.0) < u, "{distribution:?} {u} {k}");
            assert_eq!(k, k.floor());
        }
    }
}

#[test]
fn samples_have_the_distribution_that_rand_distr_draws() {
    // Two-sample Kolmogorov-Smirnov at alpha = 1e-4 for each of the families.
    const DRAWS: usize = 20_000;
    for (i, distribution) in every_family().into_iter().enumerate() {
        let mut stream = RunKey::new(11).subject(Name::of("theirs"), i as u64).stream(Name::of("draw"));
        let mut theirs: Vec<f64> = Vec::with_capacity(DRAWS);
        macro_rules! draw {
            ($sampler:expr, $map:expr) => {{
                let sampler = $sampler;
                theirs.extend((0..DRAWS).map(|_| $map(sampler.sample(&mut stream))));
            }};
        }
        match distribution {
            Distribution::Normal { mean, sd } => draw!(rand_distr::Normal::new(mean, sd).unwrap(), |x: f64| x),
            Distribution::LogNormal { mu, sigma } => draw!(rand_distr::LogNormal::new(mu, sigma).unwrap(), |x: f64| x),
            Distribution::Uniform { min, max } => draw!(rand_distr::Uniform::new(min, max).unwrap(), |x: f64| x),
            Distribution::Exponential { mean } => draw!(rand_distr::Exp::new(1.0 / mean).unwrap(), |x: f64| x),
            Distribution::Gamma { shape, scale } => draw!(rand_distr::Gamma::new(shape, scale).unwrap(), |x: f64| x),
            Distribution::Beta { alpha, beta } => draw!(rand_distr::Beta::new(alpha, beta).unwrap(), |x: f64| x),
            Distribution::Weibull { shape, scale } => {
                draw!(rand_distr::Weibull::new(scale, shape).unwrap(), |x: f64| x)
            }
            Distribution::Pareto { scale, shape } => draw!(rand_distr::Pareto::new(scale, shape).unwrap(), |x: f64| x),
            Distribution::Triangular { min, mode, max } => {
                draw!(rand_distr::Triangular::new(min, max, mode).unwrap(), |x: f64| x)
            }
            Distribution::StudentT { df, location, scale } => {
                draw!(rand_distr::StudentT::new(df).unwrap(), |x: f64| location + scale * x)
            }
            Distribution::Logistic { location, scale } => {
                draw!(rand_distr::Uniform::new(0.0, 1.0).unwrap(), |u: f64| location + scale * libm::log(u / (1.0 - u)))
            }
            Distribution::Poisson { mean } => draw!(rand_distr::Poisson::new(mean).unwrap(), |x: f64| x),
            Distribution::NegativeBinomial { mean, dispersion } => {
                // As a Poisson variable whose mean is gamma distributed.
                let gamma = rand_distr::Gamma::new(1.0 / dispersion, mean * dispersion).unwrap();
                for _ in 0..DRAWS {
                    let mean: f64 = gamma.sample(&mut stream).max(1e-300);
                    theirs.push(rand_distr::Poisson::new(mean).unwrap().sample(&mut stream));
                }
            }
            Distribution::Binomial { n, p } => draw!(rand_distr::Binomial::new(n, p).unwrap(), |x: u64| x as f64),
            Distribution::Geometric { p } => draw!(rand_distr::Geometric::new(p).unwrap(), |x: u64| x as f64),
            Distribution::Bernoulli { p } => {
                draw!(rand_distr::Bernoulli::new(p).unwrap(), |x: bool| f64::from(u8::from(x)))
            }
        }
        let ours: Vec<f64> = (0..DRAWS as u64)
            .map(|row| {
                distribution
                    .quantile(RunKey::new(12).subject(Name::of("ours"), row).uniform(Name::of("x").numbered(i as u64)))
            })
            .collect();
        let distance = ks_distance(ours, theirs);
        assert!(distance < ks_critical(DRAWS, DRAWS), "{distribution:?}: {distance}");
    }
}

#[test]
fn small_poisson_counts_have_their_probabilities() {
    // Chi-square, alpha = 1e-4.
    let poisson = Distribution::Poisson { mean: 3.0 };
    let mut counts = vec![0u64; 30];
    let mut stream = RunKey::new(2).address().stream(Name::of("poisson"));
    (0..100_000).for_each(|_| counts[poisson.quantile(stream.uniform()) as usize] += 1);
    let shares: Vec<f64> = (0..30).map(|k| poisson.cdf(f64::from(k)) - poisson.cdf(f64::from(k) - 1.0)).collect();
    assert!(chi_square_p(&counts, &shares) > 1e-4);
}

#[test]
fn means_are_those_of_the_quantile_function() {
    // Midpoint rule over 20,000 quantiles; heavy tails lose at most a few per mille.
    for distribution in every_family() {
        let Some(mean) = distribution.mean() else { continue };
        let cells = 20_000;
        let sum: f64 = (0..cells).map(|i| distribution.quantile((f64::from(i) + 0.5) / f64::from(cells))).sum();
        let average = sum / f64::from(cells);
        assert!((average - mean).abs() < 0.004 * (mean.abs() + 1.0), "{distribution:?}: {average} {mean}");
    }
    assert_eq!(Distribution::Pareto { scale: 1.0, shape: 1.0 }.mean(), None);
    assert_eq!(Distribution::StudentT { df: 1.0, location: 0.0, scale: 1.0 }.mean(), None);
}

#[test]
fn ends_of_the_unit_interval_give_the_ends_of_the_support() {
    for distribution in every_family() {
        let (lower, upper) = distribution.support();
        assert_eq!(distribution.quantile(0.0), lower, "{distribution:?}");
        assert_eq!(distribution.quantile(1.0), upper, "{distribution:?}");
        assert!(distribution.quantile(f64::NAN).is_nan());
        assert_eq!(distribution.cdf(f64::INFINITY), 1.0);
        assert_eq!(distribution.cdf(f64::NEG_INFINITY), 0.0);
    }
    assert_eq!(Distribution::Poisson { mean: 0.0 }.quantile(0.7), 0.0);
    assert_eq!(Distribution::Binomial { n: 5, p: 1.0 }.quantile(0.7), 5.0);
    assert_eq!(Distribution::Bernoulli { p: 0.0 }.quantile(1.0 - 1e-16), 0.0);
}

#[test]
fn truncation_stays_in_the_bounds_and_keeps_the_shape() {
    let normal = Distribution::Normal { mean: 0.0, sd: 1.0 };
    // The median of the upper half is the third quartile.
    assert!(close(normal.quantile_within(0.5, Some(0.0), None), normal.quantile(0.75), 1e-14));
    let poisson = Distribution::Poisson { mean: 3.0 };
    let share_of_two = (poisson.cdf(2.0) - poisson.cdf(1.0)) / (poisson.cdf(3.0) - poisson.cdf(1.0));
    assert_eq!(poisson.quantile_within(share_of_two - 1e-9, Some(1.5), Some(3.2)), 2.0);
    assert_eq!(poisson.quantile_within(share_of_two + 1e-9, Some(1.5), Some(3.2)), 3.0);
    // No mass between the bounds: the bound nearer to the bulk.
    assert_eq!(normal.quantile_within(0.3, Some(20.0), Some(30.0)), 20.0);
    assert_eq!(normal.quantile_within(0.3, Some(-30.0), Some(-20.0)), -20.0);
    assert_eq!(normal.quantile_within(0.3, Some(2.0), Some(1.0)), 2.0);
}

#[test]
fn parameters_that_are_not_allowed_are_named() {
    let error = Distribution::Normal { mean: 58.0, sd: -9.0 }.checked().unwrap_err();
    assert_eq!(error.to_string(), "sd of normal must be a finite number above 0, found -9");
    assert_eq!(Distribution::Beta { alpha: 1.0, beta: 0.0 }.checked().unwrap_err().parameter, "beta");
    assert_eq!(Distribution::Bernoulli { p: 1.2 }.checked().unwrap_err().allowed, "between 0 and 1");
    assert_eq!(Distribution::Triangular { min: 0.0, mode: 3.0, max: 2.0 }.checked().unwrap_err().parameter, "mode");
    assert_eq!(Distribution::Poisson { mean: f64::NAN }.checked().unwrap_err().parameter, "mean");
    assert!(every_family().into_iter().all(|distribution| distribution.checked().is_ok()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn quantiles_never_fall(i in 0..26usize, a in 1e-12..1.0f64, b in 1e-12..1.0f64) {
        let distribution = every_family()[i];
        let (low, high) = (distribution.quantile(a.min(b)), distribution.quantile(a.max(b)));
        prop_assert!(low <= high + 1e-12 * high.abs(), "{:?}: {} {}", distribution, low, high);
    }

    #[test]
    fn any_parameters_give_a_value_without_panic_or_hang(
        x in prop::num::f64::ANY, y in prop::num::f64::ANY, z in prop::num::f64::ANY, u in 0.0..1.0f64,
    ) {
        use Distribution::*;
        for distribution in [
            Normal { mean: x, sd: y }, LogNormal { mu: x, sigma: y }, Uniform { min: x, max: y }, Exponential { mean: x },
            Gamma { shape: x, scale: y }, Beta { alpha: x, beta: y }, Weibull { shape: x, scale: y },
            Pareto { scale: x, shape: y }, Triangular { min: x, mode: y, max: z },
            StudentT { df: x, location: y, scale: z }, Logistic { location: x, scale: y }, Poisson { mean: x },
            NegativeBinomial { mean: x, dispersion: y }, Geometric { p: x }, Bernoulli { p: x },
        ] {
            let value = distribution.quantile(u);
            distribution.quantile_within(u, Some(y), Some(z));
            distribution.mean();
            if distribution.checked().is_ok() {
                prop_assert!(!value.is_nan(), "{:?} {}", distribution, u);
            }
        }
    }
}

const NORMAL_CDF: [(f64, f64); 5] = [
    (-37.0, 5.725_571_222_524_577e-300),
    (-8.3, 5.205_569_744_890_254e-17),
    (-1.0, 0.158_655_253_931_457_05),
    (0.3, 0.617_911_422_188_952_6),
    (5.0, 0.999_999_713_348_428_1),
];

/// Shape, x, lower and upper.
const GAMMA: [(f64, f64, f64, f64); 8] = [
    (0.01, 1e-5, 0.896_336_798_267_197_2, 0.103_663_201_732_802_8),
    (0.5, 3.0, 0.985_694_121_564_570_4, 0.014_305_878_435_429_64),
    (2.5, 0.1, 8.861_387_888_124_426e-4, 0.999_113_861_211_187_6),
    (30.0, 80.0, 0.999_999_999_950_967_7, 4.903_229_555_810_753e-11),
    (1000.0, 900.0, 5.499_022_657_117_829e-4, 0.999_450_097_734_288_2),
    (99_999.0, 99_000.0, 7.657_225_604_120_302e-4, 0.999_234_277_439_588),
    (100_001.0, 99_000.0, 7.492_003_083_298_784e-4, 0.999_250_799_691_670_1),
    (1e6, 1_003_000.0, 0.998_638_259_353_782_4, 0.001_361_740_646_217_591_5),
];

/// Alpha, beta, x, lower.
const BETA: [(f64, f64, f64, f64); 6] = [
    (0.01, 0.02, 0.3, 0.661_178_427_251_107_3),
    (2.0, 5.0, 0.1, 0.114_265),
    (0.5, 200.0, 0.001, 0.472_755_892_974_764_65),
    (300.0, 200.0, 0.5, 3.543_480_264_392_538e-6),
    (5000.0, 7000.0, 0.42, 0.770_687_853_543_786_6),
    (100_000.0, 200_000.0, 0.332, 0.060_594_913_370_760_72),
];
