//! What every metric does on identical data, on fresh data of the same population, and where nothing fits together.

use manikin_metrics::fidelity::health::{self, rule_violations};
use manikin_metrics::fidelity::relation::{self, Links, ORPHAN, Relation};
use manikin_metrics::fidelity::time::{self, Events, History};
use manikin_metrics::fidelity::{Comparison, METRICS, Sample, Settings};
use manikin_metrics::stats::draws;
use manikin_metrics::{Direction, Score, Table};

use crate::support::{codes, compare, number, population, scores, shuffled, table, value};

/// The scores of distance to the real data that are perfect on a copy of it.
const PERFECT_ON_A_COPY: &[(&str, f64)] = &[
    ("ks_complement", 1.0),
    ("tv_complement", 1.0),
    ("boundary_adherence", 1.0),
    ("range_coverage", 1.0),
    ("category_adherence", 1.0),
    ("category_coverage", 1.0),
    ("missing_value_similarity", 1.0),
    ("statistic_similarity", 1.0),
    ("wasserstein", 0.0),
    ("jensen_shannon_distance", 0.0),
    ("hellinger_distance", 0.0),
    ("correlation_similarity", 1.0),
    ("contingency_similarity", 1.0),
    ("accuracy", 1.0),
    ("k_marginal", 1000.0),
    ("k_marginal_subsample", 1.0),
    ("tabular_s_pmse", 0.0),
    ("pmse", 0.0),
    ("pmse_ratio", 0.0),
    ("specks", 0.0),
    ("alpha_precision", 1.0),
    ("beta_recall", 1.0),
    ("log_cluster", -20.0),
    ("coefficient_overlap", 1.0),
    ("outcome_rate_shift", 0.0),
    ("subgroup_accuracy", 1.0),
];

fn settings() -> Settings {
    Settings { groups: vec!["sex".into()], outcome: Some(("diagnosis".into(), "0".into())), ..Settings::default() }
}

#[test]
fn a_copy_scores_perfectly_and_memorised_rows_do_not_tell_the_sides_apart() {
    let real = population(600, 1);
    let comparison = Comparison::new((&real).into(), (&real).into(), None, settings()).expect("comparable");
    for &(name, perfect) in PERFECT_ON_A_COPY {
        let all = scores(name, &comparison);
        assert!(!all.is_empty(), "{name} has no score");
        for score in all {
            // Steps of 1/29 cannot be hit exactly by whole records.
            let tolerance = if name == "alpha_precision" || name == "beta_recall" { 0.01 } else { 1e-6 };
            assert!((value(&score) - perfect).abs() < tolerance, "{score:?}");
        }
    }
    assert!(scores("two_sample_auc", &comparison).iter().all(|score| value(score) < 0.55));
}

#[test]
fn fresh_data_of_the_same_population_reaches_the_benchmarks() {
    // One fixed draw; margins are about four standard errors each (alpha 1e-4 a score).
    let (real, fresh, holdout) = (population(3000, 1), population(3000, 2), population(3000, 3));
    let comparison =
        Comparison::new((&real).into(), (&fresh).into(), Some((&holdout).into()), settings()).expect("comparable");
    let near = |name: &str, about: &str, margin: f64| {
        for score in
            scores(name, &comparison).iter().filter(|s| s.about.first().is_none_or(|a| about.is_empty() || a == about))
        {
            let benchmark = score.benchmark.expect("a benchmark");
            assert!((value(score) - benchmark).abs() < margin, "{score:?}");
        }
    };
    near("ks_complement", "", 0.025);
    near("wasserstein", "", 0.01);
    near("jensen_shannon_distance", "", 0.02);
    near("hellinger_distance", "", 0.02);
    near("missing_value_similarity", "", 0.02);
    near("tv_complement", "", 0.03);
    near("accuracy", "bivariate", 0.01);
    near("accuracy", "trivariate", 0.015);
    near("k_marginal", "k = 2", 40.0);
    near("k_marginal_subsample", "", 0.12);
    near("pmse_ratio", "", 2.6);
    near("tabular_s_pmse", "pairs", 0.6);
    near("two_sample_auc", "", 0.045);
    near("beta_recall", "", 0.06);
    near("alpha_precision", "", 0.04);
    near("log_cluster", "", 1.4);
    near("tstr_auc", "", 0.05);
    near("tstr_r_squared", "", 0.06);
    near("trtr_tstr_gap", "", 0.06);
    near("statistical_parity_difference", "", 0.08);
    let overlaps = scores("coefficient_overlap", &comparison);
    let mean = |all: &[Score], f: &dyn Fn(&Score) -> f64| all.iter().map(f).sum::<f64>() / all.len() as f64;
    let gap = mean(&overlaps, &value) - mean(&overlaps, &|s| s.benchmark.unwrap_or(f64::NAN));
    assert!(gap.abs() < 0.15, "{overlaps:?}");
}

#[test]
fn shuffled_columns_keep_their_own_scores_and_lose_the_joint_ones() {
    let real = population(2000, 1);
    let (made, fresh) = (shuffled(&population(2000, 2), 7), population(2000, 3));
    let run = |synthetic| Comparison::new((&real).into(), synthetic, None, settings()).expect("comparable");
    let (worse, better) = (run((&made).into()), run((&fresh).into()));
    let first = |name: &str, comparison: &Comparison<'_>| value(&scores(name, comparison)[0]);
    assert!(scores("ks_complement", &worse).iter().all(|score| value(score) > 0.93));
    for name in ["pmse_ratio", "two_sample_auc", "log_cluster"] {
        // Main effects see nothing: a logistic model's pMSE stays where margins agree. Trees see it.
        let at = if name == "two_sample_auc" { 1 } else { 0 };
        let (w, b) = (value(&scores(name, &worse)[at]), value(&scores(name, &better)[at]));
        assert!(name == "pmse_ratio" || w > b, "{name}: {w} for {b}");
    }
    for name in ["contingency_similarity", "correlation_similarity", "accuracy", "k_marginal", "k_marginal_subsample"] {
        let worst = |comparison: &Comparison<'_>| {
            scores(name, comparison).iter().map(value).filter(|v| !v.is_nan()).fold(f64::INFINITY, f64::min)
        };
        assert!(worst(&worse) < worst(&better), "{name}");
    }
    assert!(first("trtr_tstr_gap", &worse) > 0.1, "{}", first("trtr_tstr_gap", &worse));
    let trees = value(&scores("two_sample_auc", &worse)[1]);
    assert!(trees > 0.6, "trees tell shuffled columns from real ones: {trees}");
}

#[test]
fn intervals_by_cluster_are_wider_than_by_row_and_hold_the_value() {
    // Each patient's rows are 20 copies of one record.
    let patients = population(100, 1);
    let rows: Vec<u32> = (0..2000).map(|row| row / 20).collect();
    let real = patients.select(&rows);
    let synthetic = population(100, 2).select(&rows);
    let width = |clusters: Option<&[u32]>| {
        let side = |table| Sample { table, clusters };
        let comparison = Comparison::new(side(&real), side(&synthetic), None, Settings::default()).expect("comparable");
        let score = scores("ks_complement", &comparison).remove(0);
        let interval = score.interval.expect("an interval");
        assert!(interval.low <= value(&score) && value(&score) <= interval.high);
        interval.high - interval.low
    };
    assert!(width(Some(&rows)) > 3.0 * width(None));
}

#[test]
fn scores_do_not_depend_on_the_number_of_threads() {
    let (real, synthetic) = (population(400, 1), population(300, 2));
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| {
            let comparison =
                Comparison::new((&real).into(), (&synthetic).into(), None, settings()).expect("comparable");
            METRICS.iter().flat_map(|metric| (metric.compute)(&comparison)).collect::<Vec<Score>>()
        })
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn hand_worked_columns_have_their_distances() {
    // Real is uniform on 0, 1, 2, 3; synthetic all 3: mass moves 1.5 on average over a range of 3.
    let (real, made) = (table(vec![number("x", &[0.0, 1.0, 2.0, 3.0])]), table(vec![number("x", &[3.0])]));
    assert!((value(&compare("wasserstein", &real, &made)[0]) - 0.5).abs() < 1e-12);
    let (real, made) = (table(vec![codes("x", &[0, 0, 1, 1], 3)]), table(vec![codes("x", &[1, 1, 2, 2], 3)]));
    // p = (.5, .5, 0), q = (0, .5, .5): half the mass is shared.
    assert!((value(&compare("jensen_shannon_distance", &real, &made)[0]) - 0.5f64.sqrt()).abs() < 1e-12);
    assert!((value(&compare("hellinger_distance", &real, &made)[0]) - 0.5f64.sqrt()).abs() < 1e-12);
    assert!((value(&compare("tv_complement", &real, &made)[0]) - 0.5).abs() < 1e-12);
    assert_eq!(value(&compare("category_coverage", &real, &made)[0]), 0.5);
    assert_eq!(value(&compare("category_adherence", &real, &made)[0]), 0.5);
}

#[test]
fn a_saturated_model_and_its_table_agree_and_the_marginal_score_is_nist_s() {
    // Of 10 real records 4 have the code, of 30 synthetic 21; beside it the other column never changes.
    let side = |ones: usize, n: usize| {
        let code: Vec<u32> = (0..n).map(|row| u32::from(row < ones)).collect();
        table(vec![codes("a", &code, 2), codes("b", &vec![0; n], 2)])
    };
    let (real, made) = (side(4, 10), side(21, 30));
    let ratio = value(&compare("pmse_ratio", &real, &made)[0]);
    let tabular = value(&compare("tabular_s_pmse", &real, &made)[0]);
    assert!((ratio - tabular).abs() < 1e-6, "{ratio} {tabular}");
    // Propensities 21/25 and 9/15 against 3/4: VW = (25 · .0081 + 15 · .0225) / (3/4 · 1/16).
    assert!((tabular - (25.0 * 0.0081 + 15.0 * 0.0225) / (0.75 / 16.0)).abs() < 1e-9, "{tabular}");
    // Sum of |p - q| is .6: 500 (2 - .6).
    assert!((value(&compare("k_marginal", &real, &made)[0]) - 700.0).abs() < 1e-9);
    assert!((value(&compare("specks", &real, &made)[0]) - 0.3).abs() < 1e-9);
}

#[test]
fn the_subgroup_that_is_served_worst_is_named() {
    let real = population(3000, 1);
    let mut made = population(3000, 2);
    // In group 1 alone the diagnosis is replaced by chance.
    let mut stream = draws(9, "spoilt", 0);
    let sex = match &real.columns[3].values {
        manikin_metrics::Values::Codes { .. } => made.columns[3].values.clone(),
        manikin_metrics::Values::Numbers(_) => unreachable!("sex is a code"),
    };
    if let (manikin_metrics::Values::Codes { codes: sex, .. }, manikin_metrics::Values::Codes { codes, .. }) =
        (sex, &mut made.columns[4].values)
    {
        sex.iter().zip(codes).filter(|(sex, _)| **sex == 1).for_each(|(_, code)| *code = stream.below(4) as u32);
    }
    let comparison = Comparison::new((&real).into(), (&made).into(), None, settings()).expect("comparable");
    let worst =
        |name: &str| scores(name, &comparison).into_iter().find(|s| s.about[0] == "worst").expect("a worst group");
    assert_eq!(worst("subgroup_accuracy").about, ["worst", "sex = 1"]);
    assert_eq!(worst("subgroup_trtr_tstr_gap").about, ["worst", "diagnosis", "sex = 1"]);
    let shift = &scores("outcome_rate_shift", &comparison)[0];
    assert_eq!(shift.about[2], "sex = 1");
    assert!(shift.interval.is_some_and(|i| i.low > 0.1), "{shift:?}");
}

#[test]
fn a_join_is_scored_across_its_tables_only() {
    let joined = population(200, 1);
    let comparison = Comparison::new((&joined).into(), (&joined).into(), None, settings()).expect("comparable");
    let across = relation::across_join(&comparison, &[0, 3]);
    // Two of the parent's columns with three of the child's: 6 pairs, of which age has 2 with numbers, twice.
    assert_eq!(across.len(), 6 + 4);
    assert!(across.iter().all(|score| value(score) > 0.999_999));
    assert!(across.iter().all(|score| !(score.about.contains(&"age".into()) && score.about.contains(&"sex".into()))));
}

#[test]
fn tables_that_do_not_match_are_refused_with_what_was_found() {
    let refused = |real: &Table, synthetic: &Table| {
        let error = Comparison::new(real.into(), synthetic.into(), None, Settings::default()).err();
        error.map(|mismatch| mismatch.message).unwrap_or_default()
    };
    let (x, y) = (table(vec![number("x", &[1.0])]), table(vec![number("y", &[1.0])]));
    assert!(refused(&x, &y).contains("the synthetic rows have the columns y, the real ones x"));
    let code = table(vec![codes("x", &[0], 1)]);
    assert!(refused(&x, &code).contains("numbers on one side and codes on the other"));
    let unknown = Settings { targets: vec!["hight".into()], ..Settings::default() };
    let error = Comparison::new((&x).into(), (&x).into(), None, unknown).err().map(|mismatch| mismatch.message);
    assert_eq!(error.as_deref(), Some("the target hight is no column; there are x"));
    let short = Table { rows: 2, ..x.clone() };
    assert!(refused(&x, &short).contains("1 values for 2 rows"));
}

#[test]
fn orphans_and_wrong_numbers_of_children_are_seen() {
    let (good, bad): (Vec<u32>, Vec<u32>) = ((0..300).map(|c| c / 3).collect(), (0..300).map(|c| c % 10).collect());
    let orphans: Vec<u32> = good.iter().map(|&p| if p < 2 { ORPHAN } else { p }).collect();
    let links = |parent_of| Links { parents: 100, parent_of, clusters: None };
    let run = |synthetic| {
        let relation = Relation { name: "visit.patient", real: links(&good), synthetic: links(synthetic) };
        relation::METRICS.iter().flat_map(|m| (m.compute)(&relation, &Settings::default())).collect::<Vec<_>>()
    };
    let same = run(&good);
    assert_eq!((value(&same[0]), value(&same[1])), (1.0, 1.0));
    let missing = run(&orphans);
    assert!((value(&missing[0]) - 0.98).abs() < 1e-12);
    assert!(missing[0].interval.is_some_and(|i| i.high < 1.0));
    // 90 of 100 parents have no child instead of three.
    assert!((value(&run(&bad)[1]) - 0.1).abs() < 1e-12);
}

/// Patients with a fixed course of codes a month apart, by a random start.
fn history(patients: usize, seed: u64, order: [u32; 3]) -> (Vec<u32>, Vec<f64>, Vec<u32>) {
    let mut stream = draws(seed, "history", 0);
    let (mut patient, mut time, mut code) = (Vec::new(), Vec::new(), Vec::new());
    for p in 0..patients as u32 {
        let mut day = 1000.0 * stream.uniform();
        for _ in 0..1 + stream.below(4) {
            for next in order {
                patient.push(p);
                time.push(day);
                code.push(next);
                day += 20.0 + 20.0 * stream.uniform();
            }
        }
    }
    (patient, time, code)
}

#[test]
fn histories_are_compared_by_number_gap_order_and_codes() {
    let labels: Vec<String> = (0..4).map(|i| format!("code {i}")).collect();
    let (real, fresh, reversed) = (history(400, 1, [0, 1, 2]), history(400, 2, [0, 1, 2]), history(400, 3, [2, 1, 0]));
    let events =
        |h: &'static (Vec<u32>, Vec<f64>, Vec<u32>)| Events { patients: 400, patient: &h.0, time: &h.1, code: &h.2 };
    let keep = |h| Box::leak(Box::new(h)) as &'static (Vec<u32>, Vec<f64>, Vec<u32>);
    let (real, fresh, reversed) = (keep(real), keep(fresh), keep(reversed));
    let run = |synthetic| {
        let history = History { name: "visit", real: events(real), synthetic: events(synthetic), labels: &labels };
        let metrics = time::METRICS.iter().chain(health::METRICS);
        metrics.flat_map(|m| (m.compute)(&history, &Settings::default())).collect::<Vec<_>>()
    };
    let first = |all: &[Score], name: &str| value(all.iter().find(|s| s.metric == name).expect("a score"));
    for score in run(real) {
        let perfect = if score.direction == Direction::Higher { 1.0 } else { 0.0 };
        assert!((value(&score) - perfect).abs() < 1e-12, "{score:?}");
    }
    let (same, other) = (run(fresh), run(reversed));
    assert!(first(&same, "ngram_similarity") > 0.95 && first(&other, "ngram_similarity") < 0.3);
    assert!(first(&other, "inter_event_time_similarity") > 0.9);
    assert!(first(&other, "prevalence_difference") < 1e-12, "the codes are the same, their order is not");
    let none: Vec<u32> = vec![3; fresh.2.len()];
    let changed = keep((fresh.0.clone(), fresh.1.clone(), none));
    let wrong = run(changed);
    assert!((first(&wrong, "prevalence_difference") - 1.0).abs() < 1e-12);
    assert!(first(&wrong, "co_occurrence_difference") > 0.99);
    assert!(first(&wrong, "concept_abundance_distance") > 0.99);
}

#[test]
fn broken_rules_are_counted_against_the_real_rate() {
    let broken = |hits: usize, n: usize| (0..n).map(|row| Some(row < hits)).collect::<Vec<_>>();
    let (real, made) = (broken(1, 1000), broken(50, 1000));
    let side = |broken| rule_violations::Outcomes { broken, clusters: None };
    let scores = rule_violations::compute("after_birth", side(&real), side(&made), &Settings::default());
    assert_eq!((value(&scores[0]), scores[0].benchmark), (0.05, Some(0.001)));
    assert!(scores[1].interval.is_some_and(|i| i.low > 0.03 && i.high < 0.07), "{scores:?}");
    let never = rule_violations::compute("after_birth", side(&real), side(&[None]), &Settings::default());
    assert!(never.iter().all(|score| !score.is_computed()));
}
