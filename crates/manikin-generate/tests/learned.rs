//! Claims about rows made from a learned model whose distributions are known.

mod support;

use manikin_diagnostic::Color;
use manikin_generate::{Plan, PlanOptions, Run};
use manikin_marginals::{AttributeSet, Calibrated, Domain, JunctionTree, Model, Potential};
use manikin_model::LearnedModel;
use manikin_spec::Spec;
use manikin_spec::spec::AttributeKind;
use polars::prelude::DataFrame;
use std::collections::BTreeMap;
use std::sync::Arc;
use support::{frames, numbers, texts};

const SPEC: &str = r#"
manikin: 1
product: learned
period: {from: 2020-01-01, to: 2025-12-31}
seed: 5
entities:
  patient:
    subject: true
    key: id
    fields:
      id: {id: uuid}
      gender: {type: text, learn: {values: [F, M]}}
      birthdate: {type: date, learn: {from: 1920-01-01, to: 2019-12-31, cells: 4}}
      income: {type: decimal, learn: {edges: [0, 10000, 20000.5, 99999], nullable: true}}
      score: {type: number, learn: {edges: [0, 0.25, 1]}}
      diabetic: {derive: "count(encounter) > 3", learn: {values: [true, false]}}
      age: {derive: "years_between(birthdate, as_of)"}
    learn: {rows: {encounter: [0, 1, 2, 4, 9]}}
    rules: {born_before: birthdate < as_of}
  encounter:
    per: patient
    key: id
    sort: start
    fields:
      id: {id: uuid}
      patient: {key_of: patient}
      class: {type: text, learn: {values: [AMB, EMER, IMP]}}
      start: {type: datetime, learn: {since: previous, first: period_start, edges: [0, 1, 7, 30, 90]}}
      stop: {type: datetime, learn: {since: start, unit: minutes, edges: [0, 15, 60, 1440]}}
      number: {running: {number: true, order: start}}
    learn: {order: start, given: [patient.gender, patient.diabetic], rows: {lab: [0, 1, 3]}}
    rules: {ends: stop >= start}
  lab:
    per: encounter
    fields:
      encounter: {key_of: encounter}
      code: {type: text, learn: {values: [4548-4, 718-7]}}
      value: {type: number, learn: {by: code, bounds: {4548-4: [3, 18], 718-7: [5, 21]}, cells: 5}}
      taken: {type: date, learn: {since: encounter.start, edges: [0, 1, 3]}}
edge_cases:
  unended: {entity: encounter, count: 5, clear: stop}
"#;

/// A potential over attributes by name: a number for the codes of each of its cells.
type Term<'a> = (&'a [&'a str], &'a dyn Fn(&[usize]) -> f64);

fn model_of(spec: &Spec, entity: &str, terms: &[Term<'_>]) -> (String, Model) {
    let level = spec.learned.as_ref().unwrap().level(spec.entity(entity).unwrap()).unwrap();
    let domain = Domain::new(level.attributes.iter().map(|one| (one.name.clone(), one.size))).unwrap();
    let potentials: Vec<Potential> = terms
        .iter()
        .map(|(names, value)| {
            let clique: AttributeSet = names.iter().map(|name| domain.index(name).expect("the attribute")).collect();
            let in_order: Vec<usize> = clique.iter().collect();
            let values = (0..domain.cells(&clique) as usize)
                .map(|cell| {
                    let mut rest = cell;
                    let mut codes = vec![0; names.len()];
                    for at in in_order.iter().rev() {
                        let place = names.iter().position(|name| domain.index(name) == Some(*at)).unwrap();
                        codes[place] = rest % domain.size(*at);
                        rest /= domain.size(*at);
                    }
                    value(&codes)
                })
                .collect();
            Potential { clique, values }
        })
        .collect();
    let cliques: Vec<AttributeSet> = potentials.iter().map(|potential| potential.clique).collect();
    let cliques = JunctionTree::containing(&domain, &cliques).cliques().to_vec();
    let (zeros, measurements) = (Vec::new(), Vec::new());
    (entity.to_owned(), Model { domain, cliques, potentials, zeros, total: 5000.0, measurements })
}

/// Diabetic patients earn less and come more often; encounters tend to be like the one before; values depend on codes.
fn learned(spec: &Spec) -> LearnedModel {
    let likes = |codes: &[usize]| if codes[0] == codes[1] { 1.2 } else { 0.0 };
    let patient = model_of(
        spec,
        "patient",
        &[
            (&["gender", "diabetic"], &|codes| [0.3, 1.0, -0.2, 0.9][codes[0] * 2 + codes[1]]),
            (&["birthdate"], &|codes| codes[0] as f64 * 0.3),
            (&["score"], &|codes| codes[0] as f64 * 0.5),
            (&["income", "diabetic"], &|codes| if codes[1] == 0 { codes[0] as f64 * -0.4 } else { 0.1 }),
            (&["rows.encounter", "diabetic"], &|codes| if codes[1] == 0 { codes[0] as f64 * 0.6 } else { 0.0 }),
        ],
    );
    let encounter = model_of(
        spec,
        "encounter",
        &[
            (&["previous.class", "class"], &likes),
            (&["class", "patient.diabetic"], &|codes| if codes == [2, 0] { 0.8 } else { 0.0 }),
            (&["start", "class"], &|codes| (codes[0] * codes[1]) as f64 * 0.2),
            (&["stop", "class"], &likes),
            (&["rows.lab", "class"], &|codes| if codes[1] == 2 { codes[0] as f64 } else { 0.0 }),
            (&["siblings"], &|_| 0.0),
        ],
    );
    let lab = model_of(
        spec,
        "lab",
        &[
            (&["code", "encounter.class"], &|codes| (codes[0] * codes[1]) as f64 * 0.4),
            (&["value", "code", "patient.diabetic"], &|codes| {
                if codes[1] == 0 && codes[2] == 0 { codes[0] as f64 * 0.7 } else { 0.0 }
            }),
            (&["taken"], &|codes| codes[0] as f64),
        ],
    );
    LearnedModel { levels: vec![patient, encounter, lab] }
}

fn read(files: &BTreeMap<String, Vec<u8>>) -> Result<Spec, String> {
    let reading = manikin_spec::read("spec.yaml", files);
    let (spec, diagnostics) = manikin_spec::resolve(&reading);
    let told = diagnostics.render(&reading.sources, Color::Never);
    spec.ok_or_else(|| format!("{}{told}", reading.diagnostics.render(&reading.sources, Color::Never)))
}

/// The spec with its model.
fn spec() -> Spec {
    let plain: BTreeMap<String, Vec<u8>> = [("spec.yaml".to_owned(), SPEC.as_bytes().to_vec())].into();
    let without = read(&plain).unwrap_or_else(|told| panic!("{told}"));
    let potentials = manikin_model::potentials(&learned(&without)).unwrap();
    let text = format!("{SPEC}model: {{potentials: p.parquet, private: false, rows: 5000}}\n");
    let files = [("spec.yaml".to_owned(), text.into_bytes()), ("p.parquet".to_owned(), potentials)].into();
    read(&files).unwrap_or_else(|told| panic!("{told}"))
}

fn plan(subjects: Option<u64>) -> Plan {
    Plan::new(Arc::new(spec()), PlanOptions { seed: None, subjects }).unwrap()
}

fn run(subjects: Option<u64>) -> Run {
    Run::new(Arc::new(plan(subjects)), &()).unwrap()
}

fn calibrated(spec: &Spec, entity: &str) -> Calibrated {
    learned(spec).level(entity).unwrap().calibrate().unwrap()
}

/// The codes of a frame's learned columns, by name, as `fit` would read them.
fn codes(spec: &Spec, frame: &DataFrame, entity: &str, field: &str) -> Vec<usize> {
    let entity = &spec[spec.entity(entity).unwrap()];
    let field = &entity[entity.field(field).unwrap()];
    let domain = field.learn.as_ref().unwrap();
    match domain.kind() {
        manikin_spec::spec::DomainKind::Values(_) => texts(frame, &field.name)
            .iter()
            .map(|text| text.as_ref().map_or(domain.code_of_null(), |text| domain.code_of_text(text)) as usize)
            .collect(),
        _ => numbers(frame, &field.name)
            .iter()
            .map(|number| match (number.is_nan(), &field.ty) {
                (true, _) => domain.code_of_null() as usize,
                (false, manikin_expression::Type::Decimal(2)) => domain.code_of_number(*number / 100.0) as usize,
                (false, _) => domain.code_of_number(*number) as usize,
            })
            .collect(),
    }
}

/// Shares of the combinations of columns of codes, in row-major order.
fn shares(columns: &[&Vec<usize>], sizes: &[usize]) -> Vec<f64> {
    let mut counts = vec![0.0; sizes.iter().product()];
    for row in 0..columns[0].len() {
        counts[columns.iter().zip(sizes).fold(0, |cell, (column, size)| cell * size + column[row])] += 1.0;
    }
    counts.iter().map(|count| count / columns[0].len() as f64).collect()
}

#[test]
fn subjects_have_the_marginals_of_the_model_to_a_few_rows() {
    let spec = spec();
    let model = calibrated(&spec, "patient");
    let made = frames(&run(None));
    let patients = &made["patient"];
    assert_eq!(patients.height(), 5000);
    let names = ["gender", "birthdate", "income", "score", "diabetic"];
    let columns: Vec<Vec<usize>> = names.iter().map(|name| codes(&spec, patients, "patient", name)).collect();
    for (a, b) in [(0, 4), (1, 1), (2, 4), (3, 3), (0, 2)] {
        let at = |name: usize| model.domain().index(names[name]).unwrap();
        let set = AttributeSet::of(&[at(a), at(b)]);
        let expected = model.marginal(&set, 1 << 20).unwrap();
        let (mut pair, sizes): (Vec<&Vec<usize>>, Vec<usize>) =
            [a, b].iter().map(|one| (&columns[*one], model.domain().size(at(*one)))).unzip();
        let sizes = if a == b { vec![sizes[0]] } else { sizes };
        pair.truncate(sizes.len());
        let pair = if at(a) <= at(b) { pair } else { pair.into_iter().rev().collect() };
        let sizes = if at(a) <= at(b) { sizes } else { sizes.into_iter().rev().collect() };
        for (found, expected) in shares(&pair, &sizes).iter().zip(&expected) {
            assert!((found - expected).abs() < 0.004, "{} and {}: {found} of {expected}", names[a], names[b]);
        }
    }
}

#[test]
fn numbers_of_rows_lie_in_the_bins_of_the_model_and_keys_hold() {
    let spec = spec();
    let made = frames(&run(None));
    let keys = texts(&made["patient"], "id");
    let mut rows: BTreeMap<&str, usize> = keys.iter().flatten().map(|key| (key.as_str(), 0)).collect();
    let of = texts(&made["encounter"], "patient");
    for key in of.iter().flatten() {
        *rows.get_mut(key.as_str()).expect("the patient is there") += 1;
    }
    let bin = |count: &usize| [0, 1, 2, 2, 3, 3, 3, 3, 3, 3][*count];
    let bins: Vec<usize> = keys.iter().flatten().map(|key| bin(&rows[key.as_str()])).collect();
    let diabetic = codes(&spec, &made["patient"], "patient", "diabetic");
    let model = calibrated(&spec, "patient");
    let set =
        AttributeSet::of(&[model.domain().index("diabetic").unwrap(), model.domain().index("rows.encounter").unwrap()]);
    let expected = model.marginal(&set, 1 << 10).unwrap();
    for (found, expected) in shares(&[&diabetic, &bins], &[2, 4]).iter().zip(&expected) {
        assert!((found - expected).abs() < 0.004, "{found} of {expected}");
    }
    // Every number of the widest bin occurs.
    assert!((4..=9).all(|count| rows.values().any(|rows| *rows == count)));
}

#[test]
fn sequences_follow_the_transitions_of_the_model() {
    let spec = spec();
    let made = frames(&run(Some(8000)));
    let encounters = &made["encounter"];
    let class = codes(&spec, encounters, "encounter", "class");
    let of = texts(encounters, "patient");
    let diabetic: BTreeMap<String, usize> = texts(&made["patient"], "id")
        .into_iter()
        .flatten()
        .zip(codes(&spec, &made["patient"], "patient", "diabetic"))
        .collect();
    let model = calibrated(&spec, "encounter");
    let at = |name: &str| model.domain().index(name).unwrap();
    let order = ["patient.diabetic", "previous.class", "class"];
    let expected = model.marginal(&order.iter().map(|name| at(name)).collect(), 1 << 10).unwrap();
    let mut counts = [0.0f64; 2 * 4 * 3];
    for row in 0..class.len() {
        let before = if row > 0 && of[row] == of[row - 1] { class[row - 1] } else { 3 };
        counts[(diabetic[of[row].as_ref().unwrap()] * 4 + before) * 3 + class[row]] += 1.0;
    }
    // Given what came before; with a fixed seed and 24 cells, 4.5 standard deviations give odds of 1 in 6,000.
    for (counts, expected) in counts.chunks(3).zip(expected.chunks(3)) {
        let (rows, sum): (f64, f64) = (counts.iter().sum(), expected.iter().sum());
        for (count, share) in counts.iter().zip(expected) {
            let (mean, share) = (rows * share / sum, share / sum);
            let deviation = (mean * (1.0 - share)).sqrt();
            assert!((count - mean).abs() < 4.5 * deviation, "{count} of {mean} ± {deviation}");
        }
    }
}

#[test]
fn times_lie_in_their_bins_after_the_row_before_or_the_first_anchor() {
    const MINUTE: f64 = 60e6;
    let made = frames(&run(None));
    let encounters = &made["encounter"];
    let (start, stop) = (numbers(encounters, "start"), numbers(encounters, "stop"));
    let of = texts(encounters, "patient");
    let period = 18262.0 * 1440.0 * MINUTE;
    let mut gaps = [0usize; 4];
    for row in 0..start.len() {
        let before = if row > 0 && of[row] == of[row - 1] { start[row - 1] } else { period };
        let days = (start[row] - before) / (1440.0 * MINUTE);
        assert!((0.0..=90.0).contains(&days), "{days}");
        assert_eq!(start[row] % MINUTE, 0.0);
        gaps[[1.0, 7.0, 30.0, 91.0].iter().position(|edge| days < *edge).unwrap()] += 1;
        assert!(stop[row].is_nan() || (0.0..=1440.0).contains(&((stop[row] - start[row]) / MINUTE)));
    }
    assert!(gaps.iter().all(|count| *count > 100), "{gaps:?}");
    let taken = numbers(&made["lab"], "taken");
    let starts: BTreeMap<String, f64> = texts(encounters, "id").into_iter().flatten().zip(start).collect();
    for (day, encounter) in taken.iter().zip(texts(&made["lab"], "encounter")) {
        let days = day - (starts[&encounter.unwrap()] / (1440.0 * MINUTE)).floor();
        assert!((0.0..=3.0).contains(&days), "{days}");
    }
}

#[test]
fn values_with_bounds_depend_on_the_code_and_the_patient() {
    let spec = spec();
    let made = frames(&run(None));
    let labs = &made["lab"];
    let values = numbers(labs, "value");
    let code = codes(&spec, labs, "lab", "code");
    let diabetic: BTreeMap<String, bool> = {
        let by_patient: BTreeMap<String, usize> = texts(&made["patient"], "id")
            .into_iter()
            .flatten()
            .zip(codes(&spec, &made["patient"], "patient", "diabetic"))
            .collect();
        let encounters = &made["encounter"];
        let of = texts(encounters, "patient").into_iter().flatten().map(|patient| by_patient[&patient] == 0);
        texts(encounters, "id").into_iter().flatten().zip(of).collect()
    };
    let mut sums = [[0.0, 0.0]; 2];
    for (row, encounter) in texts(labs, "encounter").into_iter().flatten().enumerate() {
        let (low, high) = [(3.0, 18.0), (5.0, 21.0)][code[row]];
        assert!((low..=high).contains(&values[row]), "{} of {}", values[row], code[row]);
        if code[row] == 0 {
            let sum = &mut sums[usize::from(diabetic[&encounter])];
            *sum = [sum[0] + values[row], sum[1] + 1.0];
        }
    }
    // By the model 13.9 against 10.5.
    let [others, diabetics] = sums.map(|[sum, count]| sum / count);
    assert!((diabetics - 13.9).abs() < 0.3 && (others - 10.5).abs() < 0.3, "{diabetics} {others}");
}

#[test]
fn derived_fields_and_edge_cases_stand_on_what_was_learned() {
    let made = frames(&run(None));
    let ages = numbers(&made["patient"], "age");
    assert!(ages.iter().all(|age| (6.0..=106.0).contains(age)));
    let stops = texts(&made["encounter"], "stop");
    assert_eq!(stops.iter().filter(|stop| stop.is_none()).count(), 5);
    assert_eq!(made["edge_cases"].height(), 5);
    // Decimals have their digits, and the score two more than its bins' widths need.
    assert!(numbers(&made["patient"], "income").iter().any(|units| units % 100.0 != 0.0));
    assert!(
        numbers(&made["patient"], "score").iter().all(|score| ((score * 1000.0).round() - score * 1000.0).abs() < 1e-9)
    );
}

#[test]
fn rows_are_the_same_on_any_threads_and_in_any_order_of_blocks() {
    let expected = frames(&run(None));
    for threads in [1, 2, 7] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let run = run(None);
        let blocks: Vec<u64> = (0..run.plan().blocks()).rev().collect();
        let mut made: Vec<_> = pool.install(|| {
            use rayon::prelude::*;
            blocks.into_par_iter().map(|block| (block, run.block(block).unwrap())).collect()
        });
        made.sort_by_key(|(block, _)| *block);
        let mut found: BTreeMap<String, DataFrame> = BTreeMap::new();
        for table in made.into_iter().flat_map(|(_, block)| block.tables) {
            let (name, frame) = (table.entity().to_owned(), table.into_frame());
            match found.get_mut(&name) {
                Some(all) => drop(all.vstack_mut(&frame).unwrap()),
                None => drop(found.insert(name, frame)),
            }
        }
        assert!(found.iter().all(|(name, frame)| frame.equals_missing(&expected[name])), "{threads} threads");
    }
}

#[test]
fn any_number_of_subjects_is_allocated_as_a_whole() {
    let spec = spec();
    let model = calibrated(&spec, "patient");
    let at = model.domain().index("income").unwrap();
    let expected = model.marginal(&AttributeSet::of(&[at]), 1 << 10).unwrap();
    for (subjects, close) in [(1, 1.0), (700, 0.003), (70_000, 0.0003)] {
        let made = frames(&run(Some(subjects)).only(&["patient".to_owned()]));
        assert_eq!(made["patient"].height() as u64, subjects);
        let income = codes(&spec, &made["patient"], "patient", "income");
        for (found, expected) in shares(&[&income], &[4]).iter().zip(&expected) {
            assert!((found - expected).abs() <= close, "{subjects}: {found} of {expected}");
        }
    }
}

#[test]
fn a_condition_chooses_among_what_was_learned() {
    let spec = spec();
    let plan = plan(Some(2000)).restricted("gender = 'F' and diabetic and income is not null and age > 5").unwrap();
    let made = frames(&Run::new(Arc::new(plan), &()).unwrap());
    assert_eq!(made["patient"].height(), 2000);
    assert!(texts(&made["patient"], "gender").iter().all(|gender| gender.as_deref() == Some("F")));
    let income = codes(&spec, &made["patient"], "patient", "income");
    // Given diabetes, bins of income have weights e^(-0.4 i); NULL is left out.
    let weights = [1.0, libm::exp(-0.4), libm::exp(-0.8)];
    let sum: f64 = weights.iter().sum();
    for (found, weight) in shares(&[&income], &[4]).iter().zip(weights) {
        assert!((found - weight / sum).abs() < 0.005, "{found} of {}", weight / sum);
    }
    let either = plan_where("gender = 'F' or score >= 0.25").unwrap();
    let made = frames(&Run::new(Arc::new(either), &()).unwrap());
    let pairs = texts(&made["patient"], "gender").into_iter().zip(numbers(&made["patient"], "score"));
    assert!(pairs.into_iter().all(|(gender, score)| gender.as_deref() == Some("F") || score >= 0.25));
}

fn plan_where(condition: &str) -> Result<Plan, String> {
    plan(Some(300)).restricted(condition).map_err(|error| error.to_string())
}

#[test]
fn a_condition_that_cannot_be_answered_says_why() {
    for (condition, expected) in [
        ("income > 15000", "divides the bin income in [10000, 20000.5)"),
        ("age > 40", "divides the bin birthdate in"),
        ("gender = 'F' and gender = 'M'", "nobody for whom"),
        ("gender", "true or false"),
        ("sex = 'F'", "no field of `patient`"),
        ("gender = ", ""),
        ("id = 'x'", "not learned as values or bins"),
        ("count(encounter) > 2", ""),
    ] {
        let told = plan_where(condition).err().unwrap_or_else(|| panic!("{condition} is refused"));
        assert!(told.contains(expected), "{condition}: {told}");
    }
}

#[test]
fn potentials_of_another_spec_are_refused() {
    let text = SPEC.replace("values: [F, M]", "values: [F, M, X]");
    let text = format!("{text}model: {{potentials: p.parquet, private: true, rows: 10}}\n");
    let potentials = manikin_model::potentials(&learned(&spec())).unwrap();
    for (bytes, expected) in [(potentials, "`gender` of 2 values"), (b"PAR1 no".to_vec(), "cannot be read")] {
        let files = [("spec.yaml".to_owned(), text.clone().into_bytes()), ("p.parquet".to_owned(), bytes)].into();
        let spec = read(&files).unwrap();
        let told = Plan::new(Arc::new(spec), PlanOptions::default()).err().expect("it is refused").to_string();
        assert!(told.contains(expected), "{told}");
    }
}

#[test]
fn attributes_of_every_kind_are_in_the_test() {
    let spec = spec();
    let levels = &spec.learned.as_ref().unwrap().levels;
    let has = |wanted: &dyn Fn(&AttributeKind) -> bool| {
        levels.iter().any(|level| level.attributes.iter().any(|one| wanted(&one.kind)))
    };
    assert!(has(&|kind| matches!(kind, AttributeKind::Given(..))));
    assert!(has(&|kind| matches!(kind, AttributeKind::Previous(_))));
    assert!(has(&|kind| matches!(kind, AttributeKind::Siblings)));
}
