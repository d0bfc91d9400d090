//! Each class of mistake in a document of the right shape has its code and points to the words that make it.

use manikin_diagnostic::Color;
use manikin_spec::spec::{EntityScope, Exact, Generator, Rows, Spec, Step};
use manikin_spec::{read, resolve};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A spec with something of everything, without a mistake.
const GOOD: &str = r#"manikin: 1
product: test
period: {from: 2025-01-01, to: 2025-12-31}
settings: {limit: 10, launch: 2025-06-01}
tables:
  classes: {key: code, rows: [{code: AMB, weight: 2}, {code: IMP, weight: 1}]}
  figures: {rows: [{sex: F, p25: 1, p50: 2, p75: 3}, {sex: M, p25: 2, p50: 3, p75: 4}]}
functions: {bmi: {of: [kg, m], is: "kg / (m * m)"}}
patterns:
  clinic: {open: {from: "08:00", to: "17:00"}, closed: [sat, sun]}
entities:
  facility:
    key: facility_id
    count: 3
    fields:
      facility_id: {id: {prefix: F, digits: 3}}
      kind: {choice: {clinic: 70%, hospital: 30%}}
      size: {uniform: {min: 1, max: 9}}
  patient:
    subject: true
    key: patient_id
    count: 200
    fields:
      patient_id: {id: uuid}
      sex: {choice: {F: 51%, M: 49%}, privacy: quasi_identifier}
      born: {date: {within: ["'1940-01-01'", as_of]}}
      weight: {normal: {mean: 75, sd: 12, min: 30}, unit: kg}
      height: {normal: {mean: 1.7, sd: 0.1}, range: [0.3, 2.6]}
      index: {derive: "bmi(weight, height)", decimals: 1}
      visits: {derive: "count(visit)"}
    correlate: [{fields: [weight, height], pairs: {"weight ~ height": 0.5}}]
  visit:
    per: patient
    key: visit_id
    count: {poisson: {mean: "weight / 20"}, max: 60}
    keep: started is not null
    sort: started
    fields:
      visit_id: {id: uuid}
      patient_id: {key_of: patient}
      facility_id: {link: {to: facility, where: "kind = 'clinic'", weight: size}}
      class: {pick: {from: classes}, code: classes, required: true}
      started: {time: {within: [period_start, period_end], pattern: {by: class, AMB: clinic, else: always}, lasts: minutes, apart: patient}}
      minutes: {cases: [{when: "class = 'IMP'", quantiles: {p25: 100, p50: 200}}, {constant: 15}]}
      level: {quantiles: {from: figures, match: {sex: patient.sex}}}
      note: {fake: sentence, missing: {rate: 10%, when: minutes < 20}}
      status: {choice: {open: 15%, done: 85%}, exact: true}
      number: {running: {number: true, order: started}}
    rules:
      lasts: minutes > 0
edge_cases:
  long: {entity: visit, count: 2, set: {level: level * 10}}
  odd: {entity: visit, rate: 1%, corrupt: {class: "'XXX'"}, breaks: visit.class.code}
"#;

fn resolved(text: &str) -> (Option<Spec>, Vec<(String, String)>, String) {
    let files: BTreeMap<String, Vec<u8>> = [("a.yaml".to_owned(), text.as_bytes().to_vec())].into();
    let mut reading = read("a.yaml", &files);
    let (spec, found) = resolve(&reading);
    reading.diagnostics.append(found);
    let pairs = reading
        .diagnostics
        .sorted()
        .into_iter()
        .map(|one| {
            let covered = one.span.map(|span| reading.sources.slice(span).to_owned()).unwrap_or_default();
            (one.code.to_string(), covered)
        })
        .collect();
    (spec, pairs, reading.diagnostics.render(&reading.sources, Color::Never))
}

fn good() -> Spec {
    let (spec, found, shown) = resolved(GOOD);
    assert!(found.is_empty(), "{shown}");
    spec.expect("a spec without a mistake")
}

#[test]
fn a_sound_spec_resolves_in_full() {
    let spec = good();
    let names: Vec<&str> = spec.entities.iter().map(|entity| entity.name.as_str()).collect();
    assert_eq!(names, ["facility", "patient", "visit"]);
    let visit = &spec.entities[2];
    assert_eq!(visit.scope, EntityScope::Descendant);
    assert_eq!(spec.entities[0].scope, EntityScope::Reference);
    assert!(matches!(visit.rows, Rows::PerParent(_)));
    let types: Vec<String> = visit.fields.iter().map(|field| field.ty.to_string()).collect();
    assert_eq!(types, ["text", "text", "text", "text", "datetime", "float", "float", "text", "text", "integer"]);
    assert_eq!(spec.entities[1].fields[5].ty.to_string(), "decimal(1)");
    assert!(matches!(visit.fields[8].exact, Some(Exact::Own)));
    assert!(matches!(visit.fields[2].generator, Some(Generator::Link(_))));
    assert_eq!(spec.patterns.keys().collect::<Vec<_>>(), ["always", "clinic"]);
}

#[test]
fn every_step_comes_after_what_it_needs_and_reference_rows_come_first() {
    let spec = good();
    assert_eq!(spec.steps.len(), spec.needs.len());
    for (at, needs) in spec.needs.iter().enumerate() {
        assert!(needs.iter().all(|need| *need < at), "{:?} needs {needs:?}", spec.steps[at]);
    }
    let entity = |step: &Step| match step {
        Step::Rows(entity) | Step::Learned(entity) | Step::Settle(entity) | Step::Field(entity, _) => {
            spec[*entity].scope
        }
    };
    let first = spec.steps.iter().position(|step| entity(step) != EntityScope::Reference).unwrap_or(0);
    assert!(spec.steps[first..].iter().all(|step| entity(step) != EntityScope::Reference));
    // `started` decides which visits are kept, and asks for `class` and `minutes`; the others come after.
    let visit = spec.entity("visit").expect("visit");
    let at = |step: Step| spec.steps.iter().position(|other| *other == step).expect("the step");
    let field = |name: &str| at(Step::Field(visit, spec[visit].field(name).expect(name)));
    for name in ["class", "minutes", "started"] {
        assert!(field(name) < at(Step::Settle(visit)), "{name}");
    }
    for name in ["facility_id", "note", "status", "number"] {
        assert!(field(name) > at(Step::Settle(visit)), "{name}");
    }
}

#[test]
fn the_order_is_the_same_every_time() {
    assert_eq!(good().steps, good().steps);
}

/// What to replace in the good spec, by what, and then: the code, and the text that the place covers.
const MISTAKES: &[(&str, &str, &str, &str)] = &[
    // The head.
    ("product: test\n", "", "MK0103", ""),
    ("period: {from: 2025-01-01, to: 2025-12-31}\n", "", "MK0103", ""),
    ("to: 2025-12-31}", "to: 2024-12-31}", "MK0206", "2024-12-31"),
    ("to: 2025-12-31}", "to: 2025-02-30}", "MK0211", "2025-02-30"),
    ("product: test", "product: test\nas_of: yesterday", "MK0211", "yesterday"),
    ("product: test", "product: test\ncritical_fields: [visit.clas]", "MK0302", "visit.clas"),
    // Entities.
    ("    subject: true\n", "", "MK0314", "entities"),
    ("    count: 3\n", "    count: 3\n    subject: true\n", "MK0314", "true"),
    ("per: patient", "per: pateint", "MK0301", "pateint"),
    ("    count: 200", "    per: visit\n    count: 2", "MK0309", "visit"),
    ("key: visit_id", "key: visit", "MK0302", "visit"),
    ("sort: started", "sort: start", "MK0302", "start"),
    ("  facility:\n", "  Facility:\n", "MK0312", "Facility"),
    ("      kind:", "      item: {constant: 1}\n      kind:", "MK0312", "item"),
    ("    count: 3\n", "    count: 3\n    each: {table: classes}\n", "MK0111", "each"),
    ("    count: 3\n", "    count: 3000000000000\n", "MK0108", "3000000000000"),
    ("    count: 3\n", "    count: {poisson: {mean: 3}}\n", "MK0111", "count"),
    ("    count: 3\n", "", "MK0103", "facility"),
    ("    count: {poisson: {mean: \"weight / 20\"}, max: 60}", "    count: {total: 100, min: 1}", "MK0204", "100"),
    ("    count: {poisson: {mean: \"weight / 20\"}, max: 60}", "    count: {total: 900, max: 4}", "MK0204", "900"),
    ("max: 60}", "min: 70, max: 60}", "MK0207", "60"),
    ("mean: \"weight / 20\"", "mean: \"minutes / 20\"", "MK0403", "minutes"),
    ("    count: {poisson: {mean: \"weight / 20\"}, max: 60}", "    each: {table: clases}", "MK0303", "clases"),
    // Types and generators.
    (
        "kind: {choice: {clinic: 70%, hospital: 30%}}",
        "kind: {type: integer, choice: {clinic: 70%, hospital: 30%}}",
        "MK0102",
        "clinic",
    ),
    ("hospital: 30%", "hospital: 25%", "MK0201", "choice"),
    ("hospital: 30%", "hospital: 30", "MK0215", "30"),
    ("{clinic: 70%, hospital: 30%}", "{clinic: 0, hospital: 0}", "MK0202", "choice"),
    ("{clinic: 70%, hospital: 30%}", "{clinic: 3, hospital: -1}", "MK0208", "-1"),
    ("sd: 12", "sd: -12", "MK0203", "-12"),
    ("sd: 12, min: 30", "min: 30", "MK0103", "normal"),
    ("size: {uniform: {min: 1, max: 9}}", "size: {uniform: {min: 9, max: 1}}", "MK0207", "1"),
    ("size: {uniform: {min: 1, max: 9}}", "size: {lognormal: {median: 1, mean: 2, sigma: 1}}", "MK0111", "mean"),
    ("size: {uniform: {min: 1, max: 9}}", "size: {triangular: {min: 1, mode: 10, max: 9}}", "MK0207", "10"),
    ("size: {uniform: {min: 1, max: 9}}", "size: {poisson: {mean: -2}}", "MK0210", "-2"),
    ("size: {uniform: {min: 1, max: 9}}", "size: {bernoulli: {p: 130%}}", "MK0205", "130%"),
    ("size: {uniform: {min: 1, max: 9}}", "size: {exponential: {mean: 3, max: -1}}", "MK0207", "-1"),
    ("size: {uniform: {min: 1, max: 9}}", "size: {fake: sentence, decimals: 2}", "MK0111", "2"),
    ("size: {uniform: {min: 1, max: 9}}", "size: {means: Beds}", "MK0103", "size"),
    ("{p25: 100, p50: 200}", "{p25: 100, p50: 50}", "MK0209", "50"),
    ("{p25: 100, p50: 200}", "{p25: 100, p50: 200, max: 150}", "MK0209", "200"),
    ("{p25: 100, p50: 200}", "{p25: 100, q50: 200}", "MK0101", "q50"),
    ("{p25: 100, p50: 200}", "{p25: 100, p100: 200}", "MK0101", "p100"),
    ("{p25: 100, p50: 200}", "{p50: 200}", "MK0103", "quantiles"),
    ("match: {sex: patient.sex}", "match: {sexx: patient.sex}", "MK0304", "sexx"),
    ("match: {sex: patient.sex}", "match: {sex: patient.weight}", "MK0404", "patient.weight"),
    ("{pick: {from: classes}", "{pick: {from: clases}", "MK0303", "clases"),
    ("{pick: {from: classes}", "{pick: {from: classes, column: kode}", "MK0304", "kode"),
    ("{pick: {from: classes}", "{pick: {from: classes, weight: code}", "MK0404", "code"),
    ("{pick: {from: classes}", "{pick: {from: classes, where: \"wight > 1\"}", "MK0403", "wight"),
    ("{pick: {from: classes}", "{choice: {AMB: 50%, IMPA: 50%}", "MK0310", "IMPA"),
    ("code: classes", "code: figures", "MK0316", "figures"),
    ("{key_of: patient}", "{key_of: facility}", "MK0315", "facility"),
    ("{to: facility,", "{to: facilty,", "MK0301", "facilty"),
    ("{link: {to: facility, where: \"kind = 'clinic'\", weight: size}}", "{link: {to: patient}}", "MK0315", "patient"),
    ("size: {uniform: {min: 1, max: 9}}", "size: {link: {to: patient}}", "MK0315", "patient"),
    ("weight: size}}", "weight: kind}}", "MK0404", "kind"),
    ("kind = 'clinic'", "knd = 'clinic'", "MK0403", "knd"),
    ("AMB: clinic,", "AMB: clinik,", "MK0305", "clinik"),
    ("within: [period_start, period_end]", "within: [period_start, minutes]", "MK0404", "minutes"),
    ("lasts: minutes, apart: patient", "lasts: minutes, apart: facility", "MK0315", "facility"),
    ("lasts: minutes, apart: patient", "minutes: 7", "MK0108", "7"),
    ("{constant: 15}]", "{constant: abc}]", "MK0404", "constant"),
    ("{running: {number: true,", "{running: {number: true, sum: minutes,", "MK0111", "running"),
    ("{derive: \"bmi(weight, height)\"", "{derive: \"bmi(wieght, height)\"", "MK0403", "wieght"),
    ("{derive: \"bmi(weight, height)\"", "{derive: \"bmi(weight)\"", "MK0405", "bmi(weight"),
    ("{derive: \"bmi(weight, height)\"", "{derive: \"bmj(weight, height)\"", "MK0306", "bmj(weight, height"),
    ("{derive: \"count(visit)\"}", "{derive: \"visit.minutes\"}", "MK0403", "visit.minutes"),
    ("{derive: \"count(visit)\"}", "{derive: visits + 1}", "MK0308", "visits"),
    ("rate: 10%", "rate: 110%", "MK0205", "110%"),
    ("when: minutes < 20", "when: minutes", "MK0407", "minutes"),
    ("class: {pick: {from: classes},", "class: {pick: {from: classes}, missing: 1%,", "MK0111", "missing"),
    ("{choice: {open: 15%, done: 85%}, exact: true}", "{fake: job, exact: true}", "MK0111", "true"),
    ("exact: true}", "exact: {of: facility}}", "MK0315", "facility"),
    // Contracts.
    ("range: [0.3, 2.6]", "range: [2.6, 0.3]", "MK0207", "[2.6, 0.3]"),
    ("range: [0.3, 2.6]", "range: [low, 2.6]", "MK0102", "low"),
    ("note: {fake: sentence,", "note: {fake: sentence, range: [1, 2],", "MK0111", "[1, 2]"),
    ("exact: true}", "allowed: [open]}", "MK0108", "done"),
    ("exact: true}", "allowed: [open, done, open]}", "MK0307", "open"),
    ("exact: true}", "completeness: 120%}", "MK0205", "120%"),
    ("lasts: minutes > 0\n", "lasts: minutes\n", "MK0407", "minutes"),
    ("lasts: minutes > 0\n", "status: minutes > 0\n", "MK0307", "status"),
    // Correlations.
    ("\"weight ~ height\": 0.5", "\"weight ~ height\": 1.5", "MK0213", "1.5"),
    ("\"weight ~ height\": 0.5", "weight height: 0.5", "MK0107", "weight height"),
    ("\"weight ~ height\": 0.5", "weight ~ born: 0.5", "MK0302", "weight ~ born"),
    ("fields: [weight, height]", "fields: [weight, height, born]", "MK0213", "born"),
    ("fields: [weight, height]", "fields: [weight, height, hight]", "MK0302", "hight"),
    // Functions and patterns.
    ("is: \"kg / (m * m)\"", "is: \"kg / (m * \"", "MK0401", ""),
    ("closed: [sat, sun]", "closed: [mon, tue, wed, thu, fri, sat, sun]", "MK0202", "clinic"),
    ("to: \"17:00\"", "to: \"17:10\"", "MK0108", "\"17:10\""),
    ("to: \"17:00\"", "to: \"25:00\"", "MK0211", "\"25:00\""),
    ("closed: [sat, sun]", "like: clinik", "MK0305", "clinik"),
    ("closed: [sat, sun]", "like: clinic", "MK0313", "clinic"),
    ("closed: [sat, sun]", "days: {monday: 2}", "MK0104", "monday"),
    ("closed: [sat, sun]", "shape: [{peak: {from: \"07:30\", to: \"11:00\"}}]", "MK0202", "\"07:30\""),
    // Edge cases.
    ("entity: visit, count: 2", "entity: vist, count: 2", "MK0301", "vist"),
    ("entity: visit, count: 2", "entity: visit", "MK0604", "long"),
    ("entity: visit, count: 2", "entity: visit, count: 2, rate: 1%", "MK0604", "rate"),
    (", set: {level: level * 10}", "", "MK0601", "long"),
    (
        "long: {entity: visit, count: 2, set: {level: level * 10}}",
        "long: {entity: patient, count: 201, set: {height: 1}}",
        "MK0603",
        "201",
    ),
    ("set: {level: level * 10}", "set: {levle: 10}", "MK0302", "levle"),
    ("set: {level: level * 10}", "set: {level: \"'long'\"}", "MK0404", "'long'"),
    ("set: {level: level * 10}", "set: {level: level * 10}, where: level > 10", "MK0308", "level > 10"),
    ("set: {level: level * 10}", "set: {level: 10}, clear: note", "MK0111", "clear"),
    ("set: {level: level * 10}", "set: {minutes: minutes * 10}", "MK0111", "minutes"),
    ("set: {level: level * 10}", "clear: class", "MK0602", "clear"),
    ("set: {level: level * 10}", "duplicate: true", "MK0602", "duplicate"),
    (", breaks: visit.class.code", "", "MK0602", "corrupt"),
    ("breaks: visit.class.code", "breaks: visit.clas.code", "MK0302", "visit.clas.code"),
    ("breaks: visit.class.code", "breaks: visit.class.length", "MK0311", "visit.class.length"),
    ("breaks: visit.class.code", "breaks: visit.last", "MK0311", "visit.last"),
    ("rate: 1%, corrupt", "rate: 101%, corrupt", "MK0205", "101%"),
];

#[test]
fn each_mistake_has_its_code_and_its_place() {
    let mut wrong = String::new();
    for (from, to, code, covered) in MISTAKES {
        assert!(GOOD.contains(from), "{from}");
        let (spec, found, shown) = resolved(&GOOD.replacen(from, to, 1));
        let is_told = found.iter().any(|(found, text)| found == code && (covered.is_empty() || text == covered));
        if !is_told || spec.is_some() || found.len() > 3 {
            wrong.push_str(&format!("{from:?} → {to:?}: wanted {code} at {covered:?}, found {found:?}\n{shown}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_circle_of_fields_is_told_in_full() {
    let text = GOOD
        .replace("weight: {normal: {mean: 75, sd: 12, min: 30}, unit: kg}", "weight: {normal: {mean: visits, sd: 12}}")
        .replace("fields: [weight, height]", "fields: [height, sex]")
        .replace("weight ~ height", "sex ~ height");
    let (_, found, shown) = resolved(&text);
    assert_eq!(found.len(), 1, "{shown}");
    assert_eq!(found[0].0, "MK0308");
    for name in ["patient.weight", "patient.visits", "the rows of visit", "the rows kept of visit"] {
        assert!(shown.contains(name), "{shown}");
    }
}

#[test]
fn long_chains_of_fields_and_patterns_do_not_exhaust_the_stack() {
    let mut text = String::from(
        "manikin: 1\nproduct: t\nperiod: {from: 2025-01-01, to: 2025-12-31}\nentities:\n  a:\n    subject: true\n    count: 1\n    fields:\n",
    );
    for at in 0..60 {
        text.push_str(&format!("      f{at}: {{derive: (f{}) + 1}}\n", at + 1));
    }
    let short = format!("{text}      f60: {{constant: 1}}\n");
    let (spec, _, shown) = resolved(&short);
    assert!(spec.is_some(), "{shown}");
    for at in 60..2000 {
        text.push_str(&format!("      f{at}: {{derive: (f{}) + 1}}\n", at + 1));
    }
    let (_, found, _) = resolved(&format!("{text}      f2000: {{constant: 1}}\n"));
    assert!(found.iter().any(|(code, _)| code == "MK0409"));
    let mut text = GOOD.to_owned();
    for at in 0..2000 {
        text = text.replacen("patterns:\n", &format!("patterns:\n  p{at}: {{like: p{}}}\n", (at + 1) % 2000), 1);
    }
    let (_, found, _) = resolved(&text);
    assert!(found.iter().any(|(code, _)| code == "MK0313"));
}

#[test]
fn all_mistakes_are_told_at_once() {
    let text = GOOD
        .replace("sd: 12", "sd: -12")
        .replace("hospital: 30%", "hospital: 3%")
        .replace("sort: started", "sort: start");
    let (_, found, _) = resolved(&text);
    let codes: Vec<&str> = found.iter().map(|(code, _)| code.as_str()).collect();
    assert_eq!(codes, ["MK0201", "MK0203", "MK0302"]);
}

#[test]
fn a_mistake_in_one_field_is_not_repeated_where_it_is_used() {
    let text = GOOD.replace("height: {normal:", "height: {derive: nothing, source: x}\n      tall: {normal:");
    let (_, found, shown) = resolved(&text);
    assert_eq!(found.iter().filter(|(code, _)| code == "MK0403").count(), 1, "{shown}");
    assert!(!found.iter().any(|(code, _)| code == "MK0404"), "{shown}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, rng_seed: proptest::test_runner::RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default() })]

    /// Words of the good spec put in each other's places: mostly of the right shape, mostly wrong in meaning.
    #[test]
    fn no_document_makes_resolving_panic(swaps in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..6)) {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let mut words: Vec<(usize, usize)> = Vec::new();
        let mut start = None;
        for (at, c) in GOOD.char_indices() {
            match (is_word(c), start) {
                (true, None) => start = Some(at),
                (false, Some(from)) => {
                    words.push((from, at));
                    start = None;
                }
                _ => {}
            }
        }
        let mut replaced: BTreeMap<usize, usize> = BTreeMap::new();
        for (from, to) in &swaps {
            replaced.insert(from.index(words.len()), to.index(words.len()));
        }
        let mut text = String::new();
        let mut at = 0;
        for (position, (start, end)) in words.iter().enumerate() {
            let (from, to) = replaced.get(&position).map_or((*start, *end), |other| words[*other]);
            text.push_str(&GOOD[at..*start]);
            text.push_str(&GOOD[from..to]);
            at = *end;
        }
        text.push_str(&GOOD[at..]);
        let (spec, found, shown) = resolved(&text);
        prop_assert!(spec.is_some() || !found.is_empty(), "nothing is said of\n{}", text);
        prop_assert!(!shown.contains("panicked"));
    }
}
