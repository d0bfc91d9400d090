//! The answers of SDMetrics and Anonymeter, to 1e-9, where the definition is the same.
//!
//! Rows of the file that are met on purpose by another value, and why: see `differs`. Metrics of the file that Manikin
//! does not offer, and why: see `OTHERS`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use manikin_metrics::fidelity::Settings;
use manikin_metrics::fidelity::relation::{self, Links, ORPHAN, Relation};
use manikin_metrics::fidelity::time::{self, Course, Events, History};
use manikin_metrics::stats::wilson;
use manikin_metrics::table::NULL_CODE;
use manikin_metrics::{Column, Score, Values};

use crate::support::{codes, compare, number, table};

/// Metrics of the file that are no fidelity metric of Manikin's.
const OTHERS: &[(&str, &str)] = &[
    ("CSTest", "takes shares for counts, so its p-value does not depend on the number of records"),
    ("ContinuousKLDivergence", "depends on bins of each side's own range; Jensen-Shannon and Hellinger are bounded"),
    ("TableStructure", "types are checked by the contract"),
    ("QualityReport.single_table(demo student_placements; thresholds 0)", "its data is not in the file"),
    ("DiagnosticReport.multi_table(demo)", "its data is not in the file"),
    ("calculate_dcr", "risk"),
    ("DisclosureProtection.cap", "risk"),
    ("DisclosureProtection.generalized_cap", "risk"),
    ("residual_success", "risk"),
    ("bind_value", "risk"),
    ("EvaluationResults", "risk"),
    ("EvaluationResults.risk", "risk"),
    ("singling_out_probability_integral", "risk"),
    ("gower_distance(cat_cols_index=0)", "risk"),
    ("Linkability.risk", "risk"),
    ("Inference.attack_rate", "risk"),
];

/// Why a row is not met, where it is not.
fn differs(name: &str, input: &Value) -> Option<&'static str> {
    let unseen = name == "TVComplement" && input["synthetic"].as_array().is_some_and(|s| s.contains(&"c".into()));
    match name {
        "ContingencySimilarity" => Some("each side is binned by its own range there, by the real quantiles here"),
        "TVComplement" if unseen => Some("a count of about 1e-6 is put where the real data has none there"),
        _ => None,
    }
}

#[test]
fn every_row_whose_definition_is_the_same_is_met() {
    let root = std::env::var_os("MANIKIN_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let path = root.join("data/metric-known-answers.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        skipped();
        return;
    };
    let rows: Vec<Value> = serde_json::from_str(&text).expect("a list of rows");
    let mut met = 0;
    for row in &rows {
        let (name, input, expected) = (row["metric"].as_str().expect("a name"), &row["input"], &row["expected"]);
        if OTHERS.iter().any(|(other, _)| *other == name) {
            continue;
        }
        let found = answer(name, input);
        if differs(name, input).is_some() {
            let (found, expected) = (found[0].unwrap_or(-1.0), expected.as_f64().unwrap_or(-1.0));
            assert!((found - expected).abs() > 1e-9, "{name} is met after all: {input}");
            continue;
        }
        let expected = match expected {
            Value::Object(map) => vec![map["score"].as_f64()],
            Value::Array(list) => list.iter().map(Value::as_f64).collect(),
            single => vec![single.as_f64()],
        };
        for (found, expected) in found.iter().zip(&expected) {
            match (found, expected) {
                (Some(f), Some(e)) => assert!((f - e).abs() < 1e-9, "{name} {input}: {f} for {e}"),
                (f, e) => assert_eq!(f, e, "{name} {input}"),
            }
        }
        met += 1;
    }
    assert!(met >= 37, "only {met} rows were met");
}

#[allow(clippy::print_stderr, reason = "a skipped test says so")]
fn skipped() {
    eprintln!("skipped: set MANIKIN_SHARED to the folder that holds data/metric-known-answers.json");
}

fn answer(name: &str, input: &Value) -> Vec<Option<f64>> {
    let own = match name {
        "KSComplement" => "ks_complement",
        "TVComplement" => "tv_complement",
        "BoundaryAdherence" => "boundary_adherence",
        "RangeCoverage" => "range_coverage",
        "CategoryAdherence" => "category_adherence",
        "CategoryCoverage" => "category_coverage",
        "MissingValueSimilarity" => "missing_value_similarity",
        "StatisticSimilarity" => {
            let (real, synthetic) = both(&input["real"], &input["synthetic"]);
            let all = compare("statistic_similarity", &table(vec![real]), &table(vec![synthetic]));
            return named(&all, text(&input["statistic"]));
        }
        "CorrelationSimilarity" => return correlation(input),
        "ContingencySimilarity" => {
            let column = |side: &str, name: &str| input[side][name].clone();
            let (x, other_x) = both(&column("real", "x"), &column("synthetic", "x"));
            let (y, other_y) = both(&column("real", "y"), &column("synthetic", "y"));
            let (real, synthetic) = (table(vec![x, named_y(y)]), table(vec![other_x, named_y(other_y)]));
            return vec![compare("contingency_similarity", &real, &synthetic)[0].value];
        }
        "SequenceLengthSimilarity" => {
            let side = |value: &Value| {
                let patient = dense(value);
                (patient.iter().max().map_or(0, |p| *p as usize + 1), patient)
            };
            let ((n, real), (m, synthetic)) = (side(&input["real"]), side(&input["synthetic"]));
            let (time, code) = ([0.0; 9], [0; 9]);
            let events = |patients, patient| Events { patients, patient, time: &time, code: &code };
            let history = History { name: "", real: events(n, &real), synthetic: events(m, &synthetic), labels: &[] };
            return vec![time::events_per_patient::compute(&history, &Settings::default())[0].value];
        }
        "CardinalityBoundaryAdherence" => {
            let scores =
                cardinality((&input["real"][0], &input["real"][1]), (&input["synthetic"][0], &input["synthetic"][1]));
            return scores.iter().filter(|s| s.metric == "cardinality_boundary_adherence").map(|s| s.value).collect();
        }
        "CardinalityStatisticSimilarity" => {
            let scores = cardinality((&input["real_pk"], &input["real_fk"]), (&input["syn_pk"], &input["syn_fk"]));
            return named(&scores, text(&input["statistic"]));
        }
        "StatisticMSAS" | "InterRowMSAS" => return course(name, input),
        "wilson_success_rate" => {
            let whole = |key: &str| input[key].as_u64().expect("a count");
            let level = input["confidence"].as_f64().expect("a level");
            let rate = wilson(whole("n_success"), whole("n_total"), level).expect("a rate");
            return vec![Some(rate.rate), Some(rate.error)];
        }
        other => panic!("{other} is neither met nor listed as another's"),
    };
    let (real, synthetic) = both(&input["real"], &input["synthetic"]);
    compare(own, &table(vec![real]), &table(vec![synthetic])).iter().map(|score| score.value).collect()
}

/// The values of scores about a statistic.
fn named(scores: &[Score], statistic: &str) -> Vec<Option<f64>> {
    scores.iter().filter(|score| score.about.iter().any(|a| a == statistic)).map(|score| score.value).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn named_y(column: Column) -> Column {
    Column { name: "y".into(), ..column }
}

/// Two lists as one column each, encoded together.
fn both(real: &Value, synthetic: &Value) -> (Column, Column) {
    let (real, synthetic) = (real.as_array().expect("a list"), synthetic.as_array().expect("a list"));
    let is_text = real.iter().chain(synthetic).any(Value::is_string);
    if !is_text {
        let numbers = |list: &[Value]| list.iter().map(|x| x.as_f64().unwrap_or(f64::NAN)).collect::<Vec<_>>();
        return (number("x", &numbers(real)), number("x", &numbers(synthetic)));
    }
    let mut labels: BTreeMap<&str, u32> =
        real.iter().chain(synthetic).filter_map(Value::as_str).map(|l| (l, 0)).collect();
    (0..).zip(labels.values_mut()).for_each(|(i, code)| *code = i);
    let code = |x: &Value| x.as_str().map_or(NULL_CODE, |label| labels[label]);
    let column = |list: &[Value]| codes("x", &list.iter().map(code).collect::<Vec<_>>(), labels.len());
    (column(real), column(synthetic))
}

fn correlation(input: &Value) -> Vec<Option<f64>> {
    let side = |side: &str| {
        let column = |name: &str| match both(&input[side][name], &input[side][name]).0.values {
            Values::Numbers(numbers) => number(name, &numbers),
            Values::Codes { .. } => panic!("numbers expected"),
        };
        table(vec![column("a"), column("b")])
    };
    let all = compare("correlation_similarity", &side("real"), &side("synthetic"));
    named(&all, &text(&input["coefficient"]).to_lowercase())
}

/// Keys as numbers from 0 in order of first appearance.
fn dense(keys: &Value) -> Vec<u32> {
    let mut seen: Vec<&Value> = Vec::new();
    let list = keys.as_array().expect("a list");
    let place = |key| {
        let at = seen.iter().position(|other| *other == key).unwrap_or_else(|| {
            seen.push(key);
            seen.len() - 1
        });
        at as u32
    };
    list.iter().map(place).collect()
}

fn cardinality(real: (&Value, &Value), synthetic: (&Value, &Value)) -> Vec<Score> {
    let parent_of = |(parents, children): (&Value, &Value)| {
        let parents = parents.as_array().expect("a list");
        let children = children.as_array().expect("a list");
        let place = |child| parents.iter().position(|parent| parent == child).map_or(ORPHAN, |at| at as u32);
        (parents.len(), children.iter().map(place).collect::<Vec<u32>>())
    };
    let ((n, a), (m, b)) = (parent_of(real), parent_of(synthetic));
    let links = |parents, parent_of| Links { parents, parent_of, clusters: None };
    let relation = Relation { name: "child.parent", real: links(n, &a), synthetic: links(m, &b) };
    relation::cardinality::compute(&relation, &Settings::default())
}

fn course(name: &str, input: &Value) -> Vec<Option<f64>> {
    let numbers = |key: &str| {
        let list = input[key].as_array().expect("a list");
        list.iter().map(|x| x.as_f64().expect("a number")).collect::<Vec<f64>>()
    };
    let (keys, values) =
        ([dense(&input["real_keys"]), dense(&input["syn_keys"])], [numbers("real_values"), numbers("syn_values")]);
    let order: Vec<f64> = (0..values[0].len()).map(|i| i as f64).collect();
    let side = |i: usize| time::Values { patients: 3, patient: &keys[i], time: &order, value: &values[i] };
    let scores =
        time::within_patient::compute(&Course { name: "x", real: side(0), synthetic: side(1) }, &Settings::default());
    if name == "InterRowMSAS" {
        return scores.iter().filter(|s| s.metric == "patient_step_similarity").map(|s| s.value).collect();
    }
    named(&scores, text(&input["statistic"]))
}
