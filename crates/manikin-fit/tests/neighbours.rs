//! Tier 0 of the audit: on random records with one patient more or less, no marginal of any level moves by more than
//! is claimed, nothing is said that depends on a record, and planted faults of the preparation are caught.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use manikin_fit::{Counts, Extract, FitError, FitMethod, LearnOptions, Prepared, Question, Silent, learn_levels};
use manikin_marginals::{AttributeSet, Counter, Domain, FitOptions, ROW, Records};
use manikin_privacy::{ExactSession, Ledger, Loss, Measured, Rho, Session, Total, UnixSeconds};
use manikin_spec::{Spec, read, resolve};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

const SPEC: &str = r#"manikin: 1
product: neighbours
period: {from: 2020-01-01, to: 2024-12-31}
privacy: {source: {id: neighbours, patients: 100, origin: public}}
entities:
  patient:
    subject: true
    key: patient_id
    fields:
      patient_id: {type: text, id: uuid}
      sex: {type: text, learn: {values: [F, M], other: F}}
      born: {type: date, learn: {from: 1920-01-01, to: 2024-12-31, cells: 4}}
      admitted: {hidden: true, derive: "coalesce(any(encounter.class = 'IMP'), false)", learn: {values: [true, false]}}
      high: {hidden: true, derive: "max(lab.value) > 8", learn: {values: [true, false], nullable: true}}
    learn: {rows: {encounter: [0, 1, 2, 4, 9]}}
  encounter:
    per: patient
    key: encounter_id
    fields:
      encounter_id: {type: text, id: uuid}
      patient_id: {key_of: patient}
      class: {type: text, learn: {values: [AMB, IMP], nullable: true}}
      start: {type: datetime, learn: {since: previous, first: patient.born, unit: days, edges: [0, 30, 365, 40000]}}
    learn: {at_most: CAP, order: start, rows: {lab: [0, 1, 3, 9]}}
  lab:
    per: encounter
    fields:
      encounter_id: {key_of: encounter}
      patient_id: {key_of: patient}
      code: {type: text, learn: {values: [a1c, ldl, crea], nullable: true}}
      value: {type: number, learn: {by: code, bounds: {a1c: [3, 18], ldl: [20, 300]}, cells: 4, nullable: true}}
    learn: {at_most: 50, given: [encounter.class]}
"#;

fn spec(cap: u64) -> Arc<Spec> {
    resolved(&SPEC.replace("CAP", &cap.to_string()))
}

fn resolved(text: &str) -> Arc<Spec> {
    let files: BTreeMap<String, Vec<u8>> = [("a.yaml".to_owned(), text.as_bytes().to_vec())].into();
    let reading = read("a.yaml", &files);
    let (spec, found) = resolve(&reading);
    let shown = found.render(&reading.sources, manikin_diagnostic::Color::Never);
    Arc::new(spec.unwrap_or_else(|| panic!("{shown}")))
}

/// One patient's rows, as they may stand in the files: well-kept or not.
#[derive(Clone, Debug, Default)]
struct Person {
    patients: Vec<[String; 3]>,
    encounters: Vec<[String; 4]>,
    labs: Vec<[String; 4]>,
}

fn text_of(options: &'static [&'static str]) -> impl Strategy<Value = String> {
    proptest::sample::select(options).prop_map(str::to_owned)
}

/// A patient whose keys are their own, with up to so many encounters.
fn person(id: usize, most: usize) -> impl Strategy<Value = Person> {
    let encounter = (
        text_of(&["AMB", "IMP", "IMP", "", "?"]),
        text_of(&[
            "2020-03-01T10:00:00",
            "2021-07-09T08:30:00",
            "2024-12-31T23:59:59",
            "1800-01-01T00:00:00",
            "",
            "soon",
        ]),
        proptest::collection::vec(
            (text_of(&["a1c", "ldl", "crea", "x", ""]), text_of(&["5.5", "120", "-1", "1e99", "", "neg"])),
            0..5,
        ),
    );
    let own = (text_of(&["F", "M", "X", ""]), text_of(&["1950-05-05", "1700-01-01", "2024-12-31", "", "then"]));
    (own, proptest::collection::vec(encounter, 0..=most)).prop_map(move |((sex, born), encounters)| {
        let mut person = Person { patients: vec![[format!("p{id}"), sex, born]], ..Person::default() };
        for (at, (class, start, labs)) in encounters.into_iter().enumerate() {
            person.encounters.push([format!("e{id}-{at}"), format!("p{id}"), class, start]);
            for (code, value) in labs {
                person.labs.push([format!("e{id}-{at}"), format!("p{id}"), code, value]);
            }
        }
        person
    })
}

/// What a patient may do to be seen: many rows in one cell, most distinct codes, values outside every domain, no values,
/// rows that hang on nothing or on other patients' rows, keys twice, other patients' keys.
fn adversary() -> impl Strategy<Value = Person> {
    let kind = proptest::sample::select(
        &[
            "one cell",
            "all cells",
            "outside",
            "nulls",
            "orphans",
            "others' rows",
            "same keys",
            "others' keys",
            "twice",
            "no row",
        ][..],
    );
    (kind, person(99, 8)).prop_map(|(kind, mut person)| {
        let encounters = 200;
        match kind {
            "one cell" | "all cells" => {
                person.encounters.clear();
                person.labs.clear();
                for at in 0..encounters {
                    let spread = kind == "all cells";
                    let class = if spread && at % 2 == 0 { "IMP" } else { "AMB" };
                    let day = if spread { format!("{:02}", 1 + at % 28) } else { "01".to_owned() };
                    person.encounters.push([
                        format!("e99-{at}"),
                        "p99".into(),
                        class.into(),
                        format!("2022-01-{day}T00:00:00"),
                    ]);
                    let code = if spread { ["a1c", "ldl", "crea"][at % 3] } else { "a1c" };
                    person.labs.push([format!("e99-{at}"), "p99".into(), code.into(), format!("{}", 3 + at % 15)]);
                }
            }
            "outside" => {
                person.encounters.iter_mut().for_each(|row| row[2] = "\u{1F600}".into());
                person.labs.iter_mut().for_each(|row| row[3] = "99999999999999999999".into());
            }
            "nulls" => {
                person.encounters.iter_mut().for_each(|row| row[0] = String::new());
                person.labs.iter_mut().for_each(|row| row[0] = String::new());
            }
            "orphans" => person.labs.iter_mut().for_each(|row| row[0] = "nowhere".into()),
            // Rows of the adversary that name an encounter of someone else.
            "others' rows" => person.labs.iter_mut().for_each(|row| row[0] = "e0-0".into()),
            "same keys" => person.encounters.iter_mut().for_each(|row| row[0] = "e99-0".into()),
            "others' keys" => person.encounters.iter_mut().for_each(|row| row[0] = "e0-0".into()),
            "twice" => {
                let (patients, encounters) = (person.patients.clone(), person.encounters.clone());
                person.patients.extend(patients);
                person.encounters.extend(encounters);
            }
            _ => person.patients.clear(),
        }
        person
    })
}

/// Writes the people's rows, `first` of them before the adversary's.
fn write(folder: &Path, people: &[Person], adversary: Option<&Person>, first: usize) {
    let all: Vec<&Person> = people[..first].iter().chain(adversary).chain(&people[first..]).collect();
    let csv = |head: &str, rows: Vec<String>| {
        format!("{head}\n{}", rows.into_iter().map(|row| row + "\n").collect::<String>())
    };
    let patients = all.iter().flat_map(|one| &one.patients).map(|row| row.join(",")).collect();
    let encounters = all.iter().flat_map(|one| &one.encounters).map(|row| row.join(",")).collect();
    let labs = all.iter().flat_map(|one| &one.labs).map(|row| row.join(",")).collect();
    fs::write(folder.join("patient.csv"), csv("patient_id,sex,born", patients)).unwrap();
    fs::write(folder.join("encounter.csv"), csv("encounter_id,patient_id,class,start", encounters)).unwrap();
    fs::write(folder.join("lab.csv"), csv("encounter_id,patient_id,code,value", labs)).unwrap();
}

/// The exact counts of all marginals of up to three attributes of each level, by weight and by rows.
fn counts(spec: &Arc<Spec>, folder: &Path) -> Result<Vec<Vec<Vec<i64>>>, FitError> {
    let extract = Extract::find(spec, folder)?;
    let Prepared::Held(levels) = extract.read(&Silent, &mut |_| {})? else { panic!("small records are held") };
    let learned = extract.learned();
    Ok(levels
        .iter()
        .zip(&learned.levels)
        .map(|(rows, level)| {
            let domain = Domain::new(level.attributes.iter().map(|one| (one.name.clone(), one.size))).unwrap();
            Counter::count(&domain, &sets(&domain), rows as &dyn Records).unwrap()
        })
        .collect())
}

fn sets(domain: &Domain) -> Vec<AttributeSet> {
    let all = || 0..domain.len();
    all()
        .flat_map(|a| all().flat_map(move |b| all().map(move |c| AttributeSet::of(&[a, b, c]))))
        .filter(|set| !set.is_empty())
        .collect()
}

/// The largest L1 and squared L2 change of any marginal.
fn largest_change(with: &[Vec<Vec<i64>>], without: &[Vec<Vec<i64>>]) -> (i64, i128) {
    let (mut l1, mut l2) = (0, 0);
    for (with, without) in with.iter().flatten().zip(without.iter().flatten()) {
        let changes = || with.iter().zip(without).map(|(a, b)| (a - b).abs());
        l1 = l1.max(changes().sum());
        l2 = l2.max(changes().map(|change| i128::from(change) * i128::from(change)).sum());
    }
    (l1, l2)
}

fn database() -> impl Strategy<Value = (Vec<Person>, Person, usize)> {
    let people = (0..6).map(|id| person(id, 5)).collect::<Vec<_>>();
    (people, adversary(), 0usize..=6)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, rng_seed: proptest::test_runner::RngSeed::Fixed(5), ..ProptestConfig::default() })]

    #[test]
    fn one_patient_moves_no_marginal_of_any_level_by_more_than_one_row((people, adversary, first) in database()) {
        // Five encounters at most are all looked at, so that the others' windows are the same in both runs; the
        // adversary's is random.
        let spec = spec(5);
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &people, Some(&adversary), first);
        let with = counts(&spec, folder.path());
        write(folder.path(), &people, None, first);
        let without = counts(&spec, folder.path());
        prop_assert_eq!(with.as_ref().err(), without.as_ref().err());
        let (l1, l2) = largest_change(&with.unwrap(), &without.unwrap());
        prop_assert!(l1 <= ROW && l2 <= i128::from(ROW) * i128::from(ROW), "{} rows", l1 as f64 / ROW as f64);
    }
}

#[test]
fn a_preparation_that_forgets_the_weights_is_caught() {
    // The planted fault: rows counted one each. The same comparison must see it.
    let spec = spec(5);
    let folder = tempfile::tempdir().unwrap();
    let mut runner = proptest::test_runner::TestRunner::new_with_rng(
        ProptestConfig::default(),
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let mut caught = 0;
    for _ in 0..20 {
        let (people, adversary, first) = database().new_tree(&mut runner).unwrap().current();
        let unweighted = |adversary: Option<&Person>| {
            write(folder.path(), &people, adversary, first);
            let extract = Extract::find(&spec, folder.path()).unwrap();
            let Prepared::Held(levels) = extract.read(&Silent, &mut |_| {}).unwrap() else { panic!("held") };
            let count = |rows: &manikin_fit::LevelRows| {
                let mut all = 0;
                rows.scan(&mut |chunk| all += chunk.rows as i64 * ROW).unwrap();
                vec![vec![all]]
            };
            levels.iter().map(count).collect::<Vec<_>>()
        };
        let (l1, _) = largest_change(&unweighted(Some(&adversary)), &unweighted(None));
        caught += usize::from(l1 > ROW);
    }
    assert!(caught > 5, "{caught}");
}

#[test]
fn a_patients_rows_say_nothing_of_another_even_where_keys_are_shared() {
    // The adversary claims encounter e0-0, which is patient 0's, and hangs a high lab value on it.
    let spec = spec(5);
    let folder = tempfile::tempdir().unwrap();
    let row = |cells: [&str; 4]| cells.map(str::to_owned);
    let honest = Person {
        patients: vec![["p0".into(), "F".into(), "1950-01-01".into()]],
        encounters: vec![row(["e0-0", "p0", "AMB", "2020-01-01T00:00:00"])],
        labs: vec![row(["e0-0", "p0", "a1c", "5"])],
    };
    let adversary = Person {
        patients: vec![["p99".into(), "M".into(), "1990-01-01".into()]],
        encounters: vec![row(["e0-0", "p99", "IMP", "2020-01-01T00:00:00"])],
        labs: vec![row(["e0-0", "p99", "a1c", "17"]), row(["e0-0", "p0 ", "a1c", "17"])],
    };
    for first in [0, 1] {
        write(folder.path(), std::slice::from_ref(&honest), Some(&adversary), first);
        let with = counts(&spec, folder.path()).unwrap();
        write(folder.path(), std::slice::from_ref(&honest), None, first);
        let without = counts(&spec, folder.path()).unwrap();
        for (with, without) in with.iter().flatten().zip(without.iter().flatten()) {
            assert!(with.iter().zip(without).all(|(a, b)| a >= b), "what the patient alone says stays");
        }
    }
}

#[test]
fn what_a_fit_spends_is_at_most_its_budget_and_its_shape_is_that_of_the_spec() {
    let spec = spec(5);
    let folder = tempfile::tempdir().unwrap();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for method in FitMethod::ALL {
        let (people, adversary, first) = database().new_tree(&mut runner).unwrap().current();
        let budget = Rho::budget(0.5).unwrap();
        let mut shapes = Vec::new();
        for adversary in [None, Some(&adversary)] {
            write(folder.path(), &people, adversary, first);
            let extract = Extract::find(&spec, folder.path()).unwrap();
            let records = extract.read(&Silent, &mut |_| {}).unwrap();
            let mut session = ExactSession::without_privacy(budget);
            let fit = FitOptions { noise_share: 0.7, steps: 20 };
            let options = LearnOptions { method, workload: 2, most_cells: 1 << 16, fit };
            let levels = learn_levels(&spec, extract.learned(), &records, &options, &mut session, &Silent).unwrap();
            let used = session.finish().used.rho;
            assert!(used <= budget && used > Rho::ZERO, "{method:?} {}", used.value());
            shapes.push(levels.iter().map(|level| level.model.domain.clone()).collect::<Vec<_>>());
        }
        assert_eq!(shapes[0], shapes[1]);
    }
}

#[test]
fn faults_of_the_request_are_told_and_faults_of_records_are_not() {
    let spec = spec(5);
    let folder = tempfile::tempdir().unwrap();
    let code = |spec: &Arc<Spec>| {
        let found = Extract::find(spec, folder.path()).and_then(|extract| extract.read(&Silent, &mut |_| {}).map(drop));
        found.map_err(|error| (error.code.to_string(), error.message)).err()
    };
    assert_eq!(code(&spec).unwrap().0, "MK0801");
    write(folder.path(), &[], None, 0);
    assert_eq!(code(&spec), None, "no patient at all is no fault");
    fs::write(folder.path().join("patient.csv"), "patient_id,sex\n").unwrap();
    assert_eq!(code(&spec).unwrap().0, "MK0802");
    fs::write(folder.path().join("patient.csv"), "patient_id,sex,born\n").unwrap();
    fs::write(folder.path().join("lab.csv"), "encounter_id,code,value\n").unwrap();
    let (found, message) = code(&spec).unwrap();
    assert_eq!((found.as_str(), message.contains("patient_id")), ("MK1505", true));
    fs::write(folder.path().join("lab.csv"), "encounter_id,patient_id,code,value\na,b\n\"c\"\"\",,,,,,\n\u{0},1,2,3\n")
        .unwrap();
    assert_eq!(code(&spec), None);
}

#[test]
fn totals_are_noisy_and_every_sigma_is_the_recorded_one() {
    // An exact number of patients, or a sigma other than the one that was used, would show here.
    let spec = spec(5);
    let folder = tempfile::tempdir().unwrap();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (people, _, first) = database().new_tree(&mut runner).unwrap().current();
    write(folder.path(), &people, None, first);
    let extract = Extract::find(&spec, folder.path()).unwrap();
    let records = extract.read(&Silent, &mut |_| {}).unwrap();
    let mut totals = Vec::new();
    for _ in 0..8 {
        let now = UnixSeconds(1_767_225_600);
        let mut ledger = Ledger::in_memory().unwrap();
        ledger.set_total("neighbours", Total::new(3.0, 1e-6, 0.0).unwrap(), now).unwrap();
        let loss = Loss::of_rho(Rho::budget(0.05).unwrap());
        let reservation = ledger.reserve("neighbours", loss, "test", now, now.plus(60)).unwrap();
        let mut session = Session::begin(ledger.charge(reservation, now).unwrap());
        let fit = FitOptions { noise_share: 0.7, steps: 20 };
        let options = LearnOptions { method: FitMethod::Mst, workload: 2, most_cells: 1 << 16, fit };
        let levels = learn_levels(&spec, extract.learned(), &records, &options, &mut session, &Silent).unwrap();
        let recorded = session.finish().measurements;
        for model in levels.iter().map(|level| &level.model) {
            totals.push(model.total);
            for measured in &model.measurements {
                let names: Vec<&str> =
                    measured.clique.iter().map(|at| model.domain.attributes()[at].name.as_str()).collect();
                let is_recorded = |one: &&Measured| {
                    one.about == names.join(" x ")
                        && one.cells == measured.values.len()
                        && (one.scale / measured.sigma - 1.0).abs() < 1e-6
                };
                assert!(recorded.iter().any(|one| is_recorded(&one)), "{names:?} at sigma {}", measured.sigma);
            }
        }
    }
    // Sigmas are tens of patients here and totals are floored at 1, so many of 24 totals differ.
    totals.sort_by(f64::total_cmp);
    totals.dedup();
    assert!(totals.len() > 3 && totals.iter().all(|total| *total != people.len() as f64), "{totals:?}");
}

#[test]
fn a_table_too_large_to_hold_is_read_for_each_count_and_gives_the_same() {
    let text = |patients: u64| {
        format!(
            "manikin: 1\nproduct: large\nperiod: {{from: 2020-01-01, to: 2024-12-31}}\n\
             privacy: {{source: {{id: large, patients: {patients}, origin: public}}}}\n\
             entities:\n  patient:\n    subject: true\n    key: patient_id\n    fields:\n      \
             patient_id: {{type: text, id: uuid}}\n      sex: {{type: text, learn: {{values: [F, M]}}}}\n      \
             age: {{type: integer, learn: {{edges: [0, 20, 40, 60, 120]}}}}\n"
        )
    };
    let folder = tempfile::tempdir().unwrap();
    let rows: String = (0..500).map(|at| format!("p{},{},{}\n", at % 400, ["F", "M"][at % 2], at % 97)).collect();
    fs::write(folder.path().join("patient.csv"), format!("patient_id,sex,age\n{rows}")).unwrap();
    let learned = |patients: u64, is_held: bool| {
        let spec = resolved(&text(patients));
        let extract = Extract::find(&spec, folder.path()).unwrap();
        let records = extract.read(&Silent, &mut |_| {}).unwrap();
        assert_eq!(matches!(records, Prepared::Held(_)), is_held);
        let mut session = ExactSession::without_privacy(Rho::budget(1.0).unwrap());
        let fit = FitOptions { noise_share: 0.7, steps: 20 };
        let options = LearnOptions { method: FitMethod::Mst, workload: 2, most_cells: 1 << 16, fit };
        learn_levels(&spec, extract.learned(), &records, &options, &mut session, &Silent).unwrap().remove(0).model
    };
    let held = learned(400, true);
    assert_eq!(held.total.round(), 400.0, "of two rows with one key one is taken");
    assert_eq!(held, learned(1_000_000_000_000, false));
}

/// Everything that a draft of these records could mark.
fn draft() -> Arc<Spec> {
    let text = SPEC
        .replace("CAP", "5")
        .replace("patients: 100, origin: public", "patients: 100, origin: data")
        .replace("values: [F, M], other: F", "values: [F, M], other: F, origin: data")
        .replace("to: 2024-12-31, cells: 4}", "to: 2024-12-31, cells: 4, origin: data}")
        .replace("values: [AMB, IMP], nullable: true", "values: [AMB, IMP], nullable: true, origin: data")
        .replace("edges: [0, 30, 365, 40000]", "edges: [0, 30, 365, 40000], origin: data")
        .replace("values: [a1c, ldl, crea], nullable: true", "values: [a1c, ldl, crea], nullable: true, origin: data")
        .replace("cells: 4, nullable: true}", "cells: 4, nullable: true, origin: data}")
        .replace("{rows: {encounter: [0, 1, 2, 4, 9]}}", "{rows: {encounter: [0, 1, 2, 4, 9]}, origin: data}")
        .replace("rows: {lab: [0, 1, 3, 9]}}", "rows: {lab: [0, 1, 3, 9]}, origin: data}");
    resolved(&text)
}

/// The exact counts behind a draft's marks, with so many values of one patient.
fn domain_counts(spec: &Arc<Spec>, folder: &Path, keys_per_patient: u32) -> (Vec<Question>, Vec<Counts>) {
    let extract = Extract::find(spec, folder).unwrap();
    let questions = manikin_fit::questions(spec, extract.learned(), &|_, _| Vec::new());
    let counts = extract.count(&questions, keys_per_patient, &Silent, &mut |_| {}).unwrap();
    (questions, counts)
}

/// How many keys one patient moves, the squared L2 change and the largest one, of each question.
fn key_changes(with: &[Counts], without: &[Counts]) -> Vec<(usize, i128, i64)> {
    let moved = |with: &Counts, without: &Counts| -> Vec<i64> {
        match (with, without) {
            (Counts::Patients(a), Counts::Patients(b)) => vec![a - b],
            (Counts::Buckets(a), Counts::Buckets(b)) => a.iter().zip(b).map(|(a, b)| a - b).collect(),
            (Counts::Keyed(a), Counts::Keyed(b)) => {
                let keys: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
                let of = |map: &BTreeMap<String, i64>, key: &str| map.get(key).copied().unwrap_or(0);
                keys.into_iter().map(|key| of(a, key) - of(b, key)).collect()
            }
            _ => panic!("neighbours are asked the same"),
        }
    };
    let changes = with.iter().zip(without).map(|(with, without)| {
        let changes: Vec<i64> = moved(with, without).into_iter().filter(|change| *change != 0).collect();
        let squares = changes.iter().map(|change| i128::from(*change) * i128::from(*change)).sum();
        (changes.len(), squares, changes.iter().map(|change| change.abs()).max().unwrap_or(0))
    });
    changes.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, rng_seed: proptest::test_runner::RngSeed::Fixed(6), ..ProptestConfig::default() })]

    #[test]
    fn one_patient_moves_the_counts_behind_domains_by_at_most_one_row_under_at_most_so_many_keys(
        (people, adversary, first) in database(), many in 0usize..150,
    ) {
        // The others have fewer distinct keys, so that nothing of theirs is left to chance.
        let most = 64;
        let spec = draft();
        let folder = tempfile::tempdir().unwrap();
        let mut adversary = adversary;
        for at in 0..many {
            let encounter = [format!("e99-r{at}"), "p99".into(), format!("rare {at}"), "2022-01-01T00:00:00".into()];
            adversary.encounters.push(encounter);
            adversary.labs.push([format!("e99-r{at}"), "p99".into(), format!("rare {at}"), "5".into()]);
        }
        write(folder.path(), &people, Some(&adversary), first);
        let (questions, with) = domain_counts(&spec, folder.path(), most);
        write(folder.path(), &people, None, first);
        let (_, without) = domain_counts(&spec, folder.path(), most);
        prop_assert_eq!(questions.len(), 9);
        for ((keys, squares, largest), question) in key_changes(&with, &without).into_iter().zip(&questions) {
            prop_assert!(squares <= i128::from(ROW) * i128::from(ROW) && largest <= ROW, "{question:?}: {squares}");
            if question.is_keyed() {
                prop_assert!(keys <= most as usize, "{question:?}: {keys} keys");
            }
        }
    }
}

#[test]
fn forgetting_the_cap_on_a_patients_values_is_caught() {
    // The planted fault: all 40 rare values of one patient count, where six are claimed. The same comparison must see it.
    let spec = draft();
    let folder = tempfile::tempdir().unwrap();
    let mut adversary = Person { patients: vec![["p99".into(), "F".into(), "1950-01-01".into()]], ..Person::default() };
    for at in 0..40 {
        let row = [format!("e99-{at}"), "p99".into(), format!("rare {at}"), "2022-01-01T00:00:00".into()];
        adversary.encounters.push(row);
    }
    write(folder.path(), &[], None, 0);
    let (_, without) = domain_counts(&spec, folder.path(), u32::MAX);
    write(folder.path(), &[], Some(&adversary), 0);
    let (_, with) = domain_counts(&spec, folder.path(), u32::MAX);
    assert!(key_changes(&with, &without).iter().any(|(keys, ..)| *keys == 40));
    let (_, capped) = domain_counts(&spec, folder.path(), 6);
    assert!(key_changes(&capped, &without).iter().all(|(keys, ..)| *keys <= 8));
}
