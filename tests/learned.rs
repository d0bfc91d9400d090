//! `manikin generate MODEL`: a model of a known joint distribution, made by hand, and what the program makes of it.

mod support;

use std::path::{Path, PathBuf};

use manikin_marginals::{AttributeSet, Domain, JunctionTree, Model, Potential};
use manikin_model::LearnedModel;
use support::database::Data;
use support::statistics::assert_share;
use support::{empty_folder, generate, manifest, manikin, row_digests};

const SPEC: &str = r#"manikin: 1
product: learned-by-hand
period: {from: 2020-01-01, to: 2025-12-31}
seed: 11
privacy: {source: {id: by-hand, patients: 4000, origin: public}}
model: {potentials: potentials.parquet, private: false, rows: 4000}
entities:
  patient:
    subject: true
    key: id
    fields:
      id: {id: uuid, required: true, unique: true}
      gender: {type: text, learn: {values: [F, M]}}
      diabetic: {type: boolean, learn: {values: [true, false]}}
      income: {type: integer, learn: {edges: [0, 100, 200, 1000]}}
      seen: {type: date, learn: {since: period_start, unit: days, edges: [0, 30, 365]}}
      rich: {derive: income >= 200}
    learn: {rows: {encounter: [0, 1, 3, 6]}}
    rules: {earns: income >= 0}
  encounter:
    per: patient
    key: id
    fields:
      id: {id: uuid, required: true, unique: true}
      patient: {key_of: patient, required: true}
      class: {type: text, learn: {values: [AMB, IMP]}, required: true}
      start: {type: datetime, learn: {since: previous, first: period_start, edges: [0, 1, 30, 90]}}
    learn: {order: start}
    rules: {not_before: start >= period_start, known: "class in ('AMB', 'IMP')"}
edge_cases:
  unknown_class: {entity: encounter, count: 7, corrupt: {class: "'???'"}, breaks: encounter.known}
  no_income: {entity: patient, rate: 1%, clear: income}
"#;

fn level(name: &str, sizes: &[(&str, u32)], terms: &[(&[usize], &[f64])]) -> (String, Model) {
    let domain = Domain::new(sizes.iter().copied()).expect("a domain");
    let potentials: Vec<Potential> = terms
        .iter()
        .map(|(attributes, values)| Potential { clique: AttributeSet::of(attributes), values: values.to_vec() })
        .collect();
    let wanted: Vec<AttributeSet> = potentials.iter().map(|potential| potential.clique).collect();
    let cliques = JunctionTree::containing(&domain, &wanted).cliques().to_vec();
    (name.to_owned(), Model { domain, cliques, potentials, zeros: vec![], total: 4000.0, measurements: vec![] })
}

/// Logarithms, which potentials are.
fn logs(weights: &[f64]) -> Vec<f64> {
    weights.iter().map(|weight| libm::log(*weight)).collect()
}

/// Women are diabetic with 20 %, men with 40 %; diabetics come 3 to 5 times with 60 %, others with 20 %; an inpatient
/// stay is followed by another with 70 %, anything else with 10 %.
fn model() -> LearnedModel {
    let patient = level(
        "patient",
        &[("gender", 2), ("diabetic", 2), ("income", 3), ("seen", 2), ("rows.encounter", 3)],
        &[
            (&[0, 1], &logs(&[0.1, 0.4, 0.2, 0.3])),
            (&[2], &logs(&[0.5, 0.3, 0.2])),
            (&[1, 4], &logs(&[0.1, 0.3, 0.6, 0.3, 0.5, 0.2])),
        ],
    );
    let given =
        [("patient.gender", 2), ("patient.diabetic", 2), ("patient.income", 3), ("patient.seen", 2), ("siblings", 3)];
    let own = [("previous.class", 3), ("previous.start", 4), ("class", 2), ("start", 3)];
    let encounter = level(
        "encounter",
        &[&given[..], &own[..]].concat(),
        &[(&[5, 7], &logs(&[0.9, 0.1, 0.3, 0.7, 0.9, 0.1])), (&[8], &logs(&[0.2, 0.5, 0.3]))],
    );
    LearnedModel { levels: vec![patient, encounter] }
}

/// The folder of the model.
fn folder(name: &str) -> PathBuf {
    let folder = empty_folder(name);
    std::fs::write(folder.join("model.yaml"), SPEC).expect("written");
    std::fs::write(folder.join("potentials.parquet"), manikin_model::potentials(&model()).expect("bytes"))
        .expect("written");
    folder
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[test]
fn the_folder_of_a_model_generates_what_was_learned_and_everything_on_top() {
    let model = folder("model-whole");
    let made = generate("learned-whole", text(&model), &[]);
    let data = Data::load(&made);
    data.keys_are_unique();
    data.none("select * from encounter where patient is null or patient not in (select id from patient)");
    let patients = data.count("select count(*) from patient");
    assert_eq!(patients, 4000);
    // Allocated by rounding: a share is off by a few rows, not by chance.
    let share =
        |condition: &str| data.count(&format!("select count(*) from patient where {condition}")) as f64 / 4000.0;
    for (condition, expected) in [
        ("gender = 'F' and diabetic = 'true'", 0.1),
        ("gender = 'F' and diabetic = 'false'", 0.4),
        ("gender = 'M' and diabetic = 'true'", 0.2),
    ] {
        assert!((share(condition) - expected).abs() < 0.002, "{condition}: {}", share(condition));
    }
    // Numbers of rows follow the bins: 3 to 5 of them with 60 % of diabetics.
    let often = "select count(*) from patient p where diabetic = 'true' and \
                 (select count(*) from encounter e where e.patient = p.id) between 3 and 6";
    assert!((data.count(often) as f64 / 1200.0 - 0.6).abs() < 0.01);
    data.none("select * from patient where income != '' and (income + 0 < 0 or income + 0 > 1000)");
    data.none("select * from patient where income != '' and (rich = 'true') != (income + 0 >= 200)");
    // Sequences: the row before decides.
    let pairs = "from (select class, start, lag(class) over (partition by patient order by start, rowid) as last_class \
                 from encounter) where class != '???' and last_class";
    for (before, share) in [("AMB", 0.1), ("IMP", 0.7)] {
        let all = data.count(&format!("select count(*) {pairs} = '{before}'"));
        let stays = data.count(&format!("select count(*) {pairs} = '{before}' and class = 'IMP'"));
        // z = 4: a false alarm has odds of 1 in 15,000.
        assert_share(&format!("a stay after {before}"), stays, all, share, 4.0, 0.0);
        // Rows of a round and context add up to less than one row: over 16 blocks of 5 rounds at most 80 rows are too
        // many or too few, and rarely more than 15; drawn one by one, 15 to 25 are usual.
        assert!((stays as f64 - all as f64 * share).abs() < 16.0, "{stays} of {all} after {before}");
    }
    assert_eq!(data.count("select count(*) from encounter where class = '???'"), 7);
    assert_eq!(data.count("select count(*) from edge_cases where edge_case = 'unknown_class'"), 7);
    let origin = manifest(&made);
    assert_eq!(origin["model"]["private"], false);
    assert_eq!(origin["model"]["source"], "by-hand");
}

#[test]
fn a_model_without_noise_is_said_to_be_none_that_protects() {
    let model = folder("model-said");
    let out = empty_folder("learned-said").join("out");
    let ran = manikin(&["generate", text(&model), "-o", text(&out), "--patients", "50"]).exits(0);
    assert!(ran.said().contains("NOT PRIVATE"), "{}", ran.said());
}

#[test]
fn threads_and_partitions_move_no_row() {
    let model = folder("model-threads");
    let run = |name: &str, more: &[&str]| generate(name, text(&model), &[&["--patients", "3000"][..], more].concat());
    let one = row_digests(&run("learned-threads-1", &["--threads", "1"]));
    for threads in ["2", "7"] {
        assert_eq!(one, row_digests(&run(&format!("learned-threads-{threads}"), &["--threads", threads])));
    }
    let mut sums: Vec<(String, u128)> = one.iter().map(|(name, _)| (name.clone(), 0)).collect();
    for part in ["1/3", "2/3", "3/3"] {
        let name = format!("learned-part-{}", &part[..1]);
        for (sum, (_, digest)) in sums.iter_mut().zip(row_digests(&run(&name, &["--partition", part]))) {
            sum.1 = sum.1.wrapping_add(digest);
        }
    }
    assert_eq!(one, sums);
}

#[test]
fn a_condition_gives_as_many_subjects_of_whom_it_holds() {
    let model = folder("model-where");
    let condition = "gender = 'M' and diabetic and income < 200";
    let made = generate("learned-where", text(&model), &["--patients", "1000", "--where", condition]);
    let data = Data::load(&made);
    assert_eq!(data.count("select count(*) from patient where gender = 'M' and diabetic = 'true'"), 1000);
    data.none("select * from patient where income + 0 >= 200");
    // Among bins of 50 % and 30 %, five of eight have the first.
    let low = data.count("select count(*) from patient where income != '' and income + 0 < 100");
    assert!((low as f64 / 1000.0 - 0.62).abs() < 0.03, "{low}");
    assert_eq!(manifest(&made)["model"]["where"], condition);
    let refused = |condition: &str, expected: &str| {
        let out = empty_folder("learned-refused").join("out");
        let ran = manikin(&["generate", text(&model), "-o", text(&out), "--where", condition]).exits(2);
        assert!(ran.said().contains(expected), "{condition}: {}", ran.said());
    };
    refused("income < 150", "divides the bin income in [100, 200)");
    refused("sex = 'F'", "no field of `patient`");
    refused("gender = 'F' and gender = 'M'", "nobody");
    refused("seen < date '2020-06-01'", "`seen` is not learned as values or bins");
}

#[test]
fn a_broken_model_is_an_error_of_the_model() {
    let model = folder("model-broken");
    let whole = std::fs::read(model.join("potentials.parquet")).expect("bytes");
    let out = empty_folder("learned-broken").join("out");
    for bytes in [&b""[..], b"PAR1PAR1", &whole[..whole.len() / 2], &whole[10..]] {
        std::fs::write(model.join("potentials.parquet"), bytes).expect("written");
        let ran = manikin(&["generate", text(&model), "-o", text(&out)]).exits(2);
        assert!(ran.said().contains("potentials"), "{}", ran.said());
    }
    std::fs::remove_file(model.join("potentials.parquet")).expect("removed");
    manikin(&["generate", text(&model), "-o", text(&out)]).exits(2);
}
