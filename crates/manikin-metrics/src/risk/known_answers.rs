//! The answers of SDMetrics and Anonymeter to questions of risk: every row of the file is met.

use serde_json::Value;

use super::cap::{Matching, correct};
use super::inference::guessed;
use super::linkability::linked;
use super::residual::{Successes, bound, remainder, residual};
use super::singling_out::singling_out_probability;
use super::toy::{answers, json_table};
use super::{Folds, Index, Roles, Ruler, Search, Settings};
use crate::stats::{WilsonRate, wilson};
use crate::{Column, Table, Values};

/// The metrics of the file that are measures of risk, with the number of their rows.
const RISKS: &[(&str, usize)] = &[
    ("calculate_dcr", 1),
    ("DisclosureProtection.cap", 2),
    ("DisclosureProtection.generalized_cap", 1),
    ("residual_success", 1),
    ("bind_value", 2),
    ("EvaluationResults", 1),
    ("EvaluationResults.risk", 2),
    ("singling_out_probability_integral", 2),
    ("gower_distance(cat_cols_index=0)", 2),
    ("Linkability.risk", 2),
    ("Inference.attack_rate", 2),
];

#[test]
fn every_row_of_the_file_about_risk_is_met() {
    let Some(answers) = answers() else { return };
    for &(name, count) in RISKS {
        let rows: Vec<&Value> = answers.iter().filter(|row| row["metric"] == name).collect();
        assert_eq!(rows.len(), count, "{name}");
        for row in rows {
            let found = answer(name, &row["input"]);
            let expected: Vec<f64> = match &row["expected"] {
                Value::Array(list) => list.iter().map(|value| value.as_f64().expect("a number")).collect(),
                Value::Object(map) => {
                    ["score", "cap_protection", "baseline_protection"].map(|key| map[key].as_f64().expect(key)).to_vec()
                }
                single => vec![single.as_f64().expect("a number")],
            };
            assert_eq!(found.len(), expected.len(), "{name}");
            for (found, expected) in found.iter().zip(&expected) {
                assert!((found - expected).abs() < 1e-9, "{name} {}: {found} for {expected}", row["input"]);
            }
        }
    }
}

fn answer(name: &str, input: &Value) -> Vec<f64> {
    let number = |key: &str| input[key].as_f64().expect(key);
    let count = |key: &str| input[key].as_u64().map_or(0, |count| count as usize);
    let both = |a: &str, b: &str| [json_table(&input[a]), json_table(&input[b])];
    match name {
        "calculate_dcr" => {
            let [real, synthetic] = both("real", "synthetic");
            let ruler = Ruler::new(&[&real]).expect("a ruler");
            let index = Index::new(&ruler, &real).expect("an index");
            index.nearest(&synthetic, Search::exact(1)).expect("an answer").nearest().collect()
        }
        "DisclosureProtection.cap" | "DisclosureProtection.generalized_cap" => {
            let tables = both("real", "synthetic");
            let columns = |role: &str| -> Vec<usize> {
                let place = |name: &Value| tables[0].columns.iter().position(|column| *name == column.name.as_str());
                input[role].as_array().expect("names").iter().filter_map(place).collect()
            };
            let matching = if name.ends_with(".cap") { Matching::Exact } else { Matching::Nearest };
            let found = correct(&tables[0], &tables[1], &columns("known"), &columns("sensitive"), matching, 0);
            found.protection().expect("a score").to_vec()
        }
        "residual_success" => {
            let rate = |key: &str| WilsonRate {
                rate: input[key][0].as_f64().expect(key),
                error: input[key][1].as_f64().expect(key),
            };
            let left = remainder(rate("attack"), rate("control")).expect("a residual");
            vec![left.rate, left.error]
        }
        "bind_value" => bound(number("point"), number("err")).to_vec(),
        "EvaluationResults" => {
            let of = |hits: &str| {
                wilson(count(hits) as u64, count("n_attacks") as u64, number("confidence")).expect("a rate")
            };
            let (attack, baseline) = (of("n_success"), of("n_baseline"));
            vec![attack.rate, attack.error, baseline.rate, baseline.error]
        }
        "EvaluationResults.risk" => {
            let made = |hits| Successes { hits: count(hits), attacks: count("n_attacks") };
            let found = residual(made("n_success"), made("n_control"), number("confidence")).expect("a risk");
            vec![found.risk, found.interval.low, found.interval.high]
        }
        "singling_out_probability_integral" => {
            vec![singling_out_probability(count("n") as u64, number("w_min"), number("w_max")).expect("a probability")]
        }
        "gower_distance(cat_cols_index=0)" => {
            // Numbers first there; a sum over columns, ours a mean. Each column spans 0 to 1.
            let row = |key: &str| -> Vec<f64> {
                input[key].as_array().expect("a list").iter().map(|value| value.as_f64().expect("a number")).collect()
            };
            let table = |row: Vec<f64>| Table {
                rows: 1,
                columns: (0..)
                    .zip(row)
                    .map(|(place, value)| Column {
                        name: format!("c{place}"),
                        values: if place == 0 {
                            Values::Codes { codes: vec![value as u32], labels: std::sync::Arc::from([]) }
                        } else {
                            Values::Numbers(vec![value])
                        },
                    })
                    .collect(),
            };
            let (a, b) = (table(row("r0")), table(row("r1")));
            let width = a.columns.len();
            let [nought, one] = [0.0, 1.0].map(|value| table(vec![value; width]));
            let ruler = Ruler::new(&[&nought, &one]).expect("a ruler");
            vec![ruler.distance(&a, 0, &b, 0) * width as f64]
        }
        "Linkability.risk" => {
            let [real, synthetic] = both("ori", "syn");
            let folds = Folds::new(&real, &real, &synthetic, Settings::default()).expect("folds");
            let found = linked(&folds, &real, &Roles::default().linked(2), count("n_neighbors")).expect("an answer");
            let level = number("confidence");
            let plain = found.hits as f64 / found.attacks as f64;
            // Without confidence there is no error, and Wilson's rate is the plain one.
            let (rate, error) = wilson(found.hits as u64, found.attacks as u64, level)
                .map_or((plain, 0.0), |found| (found.rate, found.error));
            bound(rate, error).to_vec()
        }
        "Inference.attack_rate" => {
            let side = |key: &str| {
                let rows = input[key].as_array().expect("rows");
                let column = |place: usize| -> Vec<Value> { rows.iter().map(|row| row[place].clone()).collect() };
                json_table(&serde_json::json!({ "c0": column(0), "c1": column(1) }))
            };
            let (real, synthetic) = (side("ori"), side("syn"));
            let folds = Folds::new(&real, &real, &synthetic, Settings::default()).expect("folds");
            let found = guessed(&folds, &real, &[0], 1).expect("an answer");
            vec![found.hits as f64 / found.attacks as f64]
        }
        other => panic!("{other} is not met"),
    }
}
