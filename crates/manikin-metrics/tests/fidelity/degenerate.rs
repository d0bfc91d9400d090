//! No input makes a metric panic or answer with a NaN.

use proptest::prelude::*;

use manikin_metrics::fidelity::health::{self, rule_violations};
use manikin_metrics::fidelity::relation::{self, Links, ORPHAN, Relation};
use manikin_metrics::fidelity::time::{self, Course, Events, History};
use manikin_metrics::fidelity::{Comparison, METRICS, Sample, Settings};
use manikin_metrics::table::NULL_CODE;
use manikin_metrics::{Column, Score, Status, Table, Values};

use crate::support::{codes, number, population, table};

fn sound(score: &Score) {
    let (least, greatest) = score.range;
    match (&score.status, score.value) {
        (Status::Computed, Some(value)) => {
            assert!(value.is_finite(), "{score:?}");
            assert!(value >= least - 1e-9 && value <= greatest + 1e-9, "out of range: {score:?}");
        }
        (Status::Incomplete(reason), None) => assert!(!reason.is_empty() && score.interval.is_none(), "{score:?}"),
        _ => panic!("status and value disagree: {score:?}"),
    }
    if let Some(interval) = score.interval {
        assert!(interval.low.is_finite() && interval.high.is_finite() && interval.low <= interval.high, "{score:?}");
        assert!(interval.low >= least && interval.high <= greatest, "{score:?}");
    }
    assert!(score.benchmark.is_none_or(f64::is_finite), "{score:?}");
    assert!(!score.method.is_empty() && !score.reference.is_empty(), "{score:?}");
}

fn settings() -> Settings {
    Settings { replicates: 12, ..Settings::default() }
}

/// Settings that name what there is of the columns 0 and 1.
fn about(table: &Table) -> Settings {
    let named = |name: &str| table.column(name).map(|column| column.name.clone());
    Settings {
        groups: [named("0"), named("1")].into_iter().flatten().collect(),
        outcome: named("1").map(|column| (column, "0".into())),
        ..settings()
    }
}

fn all(real: Sample<'_>, synthetic: Sample<'_>, holdout: Option<Sample<'_>>, settings: Settings) -> Vec<Score> {
    let comparison = Comparison::new(real, synthetic, holdout, settings).expect("comparable");
    METRICS.iter().flat_map(|metric| (metric.compute)(&comparison)).collect()
}

fn odd_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        3 => prop::sample::select(vec![0.0, 1.0, 2.0, 3.0, -7.5]),
        1 => prop::sample::select(vec![
            f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, 5e-324, -5e-324, 1e-300, -0.0,
        ]),
        1 => any::<f64>(),
    ]
}

fn odd_code() -> impl Strategy<Value = u32> {
    prop_oneof![4 => 0u32..4, 1 => prop::sample::select(vec![NULL_CODE, 4, 77, ORPHAN])]
}

/// The kind of each column, and how many rows each side has.
fn shape() -> impl Strategy<Value = (Vec<bool>, [usize; 3])> {
    (prop::collection::vec(any::<bool>(), 0..4), [0usize..14, 0usize..14, 0usize..14])
}

fn column(name: usize, numeric: bool, rows: usize) -> BoxedStrategy<Column> {
    let name = name.to_string();
    if numeric {
        prop::collection::vec(odd_number(), rows)
            .prop_map(move |values| Column { name: name.clone(), values: Values::Numbers(values) })
            .boxed()
    } else {
        prop::collection::vec(odd_code(), rows).prop_map(move |values| codes(&name, &values, 4)).boxed()
    }
}

fn side(kinds: &[bool], rows: usize) -> BoxedStrategy<(Table, Vec<u32>)> {
    let columns: Vec<_> = kinds.iter().enumerate().map(|(i, &numeric)| column(i, numeric, rows)).collect();
    (columns, prop::collection::vec(0u32..3, rows))
        .prop_map(move |(columns, clusters)| (Table { columns, rows }, clusters))
        .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn every_metric_answers_soundly_on_any_tables(
        (sides, clustered, held) in shape().prop_flat_map(|(kinds, rows)| {
            (rows.map(|rows| side(&kinds, rows)), any::<bool>(), any::<bool>())
        })
    ) {
        let sample = |i: usize| {
            let (table, clusters): &(Table, Vec<u32>) = &sides[i];
            Sample { table, clusters: clustered.then_some(&clusters[..]) }
        };
        for score in all(sample(0), sample(1), held.then(|| sample(2)), about(sample(0).table)) {
            sound(&score);
        }
    }

    #[test]
    fn every_metric_answers_soundly_on_any_history_relation_and_rule(
        patient in prop::collection::vec(odd_code(), 0..12),
        time in prop::collection::vec(odd_number(), 12),
        code in prop::collection::vec(odd_code(), 12),
        patients in [0usize..5, 0usize..5],
        broken in prop::collection::vec(prop::option::of(any::<bool>()), 0..12),
    ) {
        let labels: Vec<String> = (0..4).map(|i| i.to_string()).collect();
        let n = patient.len();
        let events = |side: usize| Events {
            patients: patients[side], patient: &patient, time: &time[..n], code: &code[..n],
        };
        let history = History { name: "h", real: events(0), synthetic: events(1), labels: &labels };
        for metric in time::METRICS.iter().chain(health::METRICS) {
            (metric.compute)(&history, &settings()).iter().for_each(sound);
        }
        let values = |side: usize| time::Values {
            patients: patients[side], patient: &patient, time: &time[..n], value: &time[..n],
        };
        for metric in time::COURSE_METRICS {
            let course = Course { name: "c", real: values(0), synthetic: values(1) };
            (metric.compute)(&course, &settings()).iter().for_each(sound);
        }
        let links = |side: usize| Links { parents: patients[side], parent_of: &patient, clusters: None };
        for metric in relation::METRICS {
            let relation = Relation { name: "r", real: links(0), synthetic: links(1) };
            (metric.compute)(&relation, &settings()).iter().for_each(sound);
        }
        let outcomes = rule_violations::Outcomes { broken: &broken, clusters: None };
        rule_violations::compute("rule", outcomes, outcomes, &settings()).iter().for_each(sound);
    }
}

#[test]
fn ten_thousand_categories_are_compared() {
    let many = |shift: u32| {
        let values: Vec<u32> = (0..20_000).map(|row| (row * 7 + shift) % 10_000).collect();
        let other: Vec<f64> = (0..20_000).map(|row| f64::from(row % 100)).collect();
        table(vec![codes("0", &values, 10_000), number("1", &other)])
    };
    let (real, synthetic) = (many(0), many(3));
    let settings = Settings { learner_rows: 1000, neighbour_rows: 50, replicates: 20, ..about(&real) };
    let scores = all((&real).into(), (&synthetic).into(), None, settings);
    scores.iter().for_each(sound);
    let named = |name: &str| scores.iter().find(|s| s.metric == name && s.about[0] == "0").and_then(|s| s.value);
    assert_eq!(named("tv_complement"), Some(1.0));
    assert_eq!(named("category_coverage"), Some(1.0));
}

#[test]
fn one_row_empty_constant_and_null_columns_have_explained_scores() {
    let nothing = table(vec![number("x", &[f64::NAN; 3]), number("y", &[1.0; 3]), codes("z", &[NULL_CODE; 3], 0)]);
    let one = nothing.select(&[0]);
    let none = nothing.select(&[]);
    for (real, synthetic) in [(&nothing, &nothing), (&one, &one), (&none, &nothing), (&nothing, &none), (&none, &none)]
    {
        let scores = all(real.into(), synthetic.into(), None, Settings::default());
        scores.iter().for_each(sound);
        assert!(scores.iter().any(|score| !score.is_computed()));
    }
    let large = population(50, 1);
    all((&large).into(), (&large.select(&[])).into(), None, Settings::default()).iter().for_each(sound);
}
