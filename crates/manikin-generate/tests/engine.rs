//! Claims about the engine, each on a spec as small as the claim.

mod support;

use manikin_generate::PlanOptions;
use std::collections::BTreeMap;
use support::{frames, generate, numbers, run, texts};

const CLINIC: &str = r#"
manikin: 1
product: clinic
version: 1.0.0
period: {from: 2025-01-01, to: 2025-12-31}
seed: 7
tables:
  reasons:
    key: code
    rows:
      - {code: R05, sex: null, weight: 3}
      - {code: N40, sex: M, weight: 1}
      - {code: O80, sex: F, weight: 1}
patterns:
  office: {hours: [0,0,0,0,0,0,0,0,1,1,1,1,1,1,1,1,1,0,0,0,0,0,0,0], closed: [sat, sun]}
entities:
  facility:
    count: 3
    key: facility_id
    fields:
      facility_id: {id: {prefix: F, digits: 2}}
  provider:
    per: facility
    count: 2
    key: provider_id
    fields:
      provider_id: {id: uuid}
      facility_id: {key_of: facility}
      panel: {uniform: {min: 1, max: 3}}
  patient:
    subject: true
    count: 600
    key: patient_id
    fields:
      patient_id: {id: {prefix: P}}
      sex: {choice: {F: 51%, M: 49%}}
      birth_date: {date: {within: ["date '1940-01-01'", "date '2020-12-31'"]}}
      home: {link: {to: facility}}
  visit:
    per: patient
    count: {poisson: {mean: 3}}
    keep: started_at is not null
    sort: started_at
    key: visit_id
    fields:
      visit_id: {id: uuid}
      patient_id: {key_of: patient}
      provider_id: {link: {to: provider, match: {facility_id: patient.home}, weight: panel}}
      minutes: {uniform: {min: 10, max: 300}, decimals: 0}
      started_at: {time: {within: [period_start, period_end], pattern: office, lasts: minutes, apart: patient}}
      ended_at: {derive: "started_at + minutes(integer(minutes))"}
      reason: {pick: {from: reasons, match: {sex: patient.sex}}}
      number: {running: {number: true, order: started_at}}
      before: {running: {sum: minutes, order: started_at, before: true}}
      cost: {lognormal: {median: 100, sigma: 0.5}, decimals: 2}
"#;

#[test]
fn rows_of_a_small_clinic_hang_together() {
    let clinic = generate(CLINIC);
    let visits = &clinic["visit"];
    assert_eq!(clinic["patient"].height(), 600);
    assert!((1500..2100).contains(&visits.height()), "{} visits of 600 patients with 3 on average", visits.height());
    let provider_facility: BTreeMap<_, _> =
        texts(&clinic["provider"], "provider_id").into_iter().zip(texts(&clinic["provider"], "facility_id")).collect();
    let home: BTreeMap<_, _> =
        texts(&clinic["patient"], "patient_id").into_iter().zip(texts(&clinic["patient"], "home")).collect();
    let sex: BTreeMap<_, _> =
        texts(&clinic["patient"], "patient_id").into_iter().zip(texts(&clinic["patient"], "sex")).collect();
    let patients = texts(visits, "patient_id");
    for (patient, provider) in patients.iter().zip(texts(visits, "provider_id")) {
        assert_eq!(provider_facility[&provider], home[patient], "the provider works at the patient's facility");
    }
    for (patient, reason) in patients.iter().zip(texts(visits, "reason")) {
        let expected = match reason.as_deref() {
            Some("N40") => Some("M"),
            Some("O80") => Some("F"),
            _ => None,
        };
        assert!(expected.is_none() || sex[patient].as_deref() == expected);
    }
}

#[test]
fn visits_of_a_patient_are_in_order_do_not_overlap_and_fall_in_office_hours() {
    let clinic = generate(CLINIC);
    let visits = &clinic["visit"];
    let (patients, start, end) =
        (texts(visits, "patient_id"), numbers(visits, "started_at"), numbers(visits, "ended_at"));
    let (number, before, minutes) = (numbers(visits, "number"), numbers(visits, "before"), numbers(visits, "minutes"));
    for row in 0..visits.height() {
        let quarter = 15.0 * 60e6;
        let hour = (start[row] / (4.0 * quarter)).rem_euclid(24.0);
        assert!((8.0..17.0).contains(&hour), "starts at hour {hour}");
        let day = (start[row] / 86_400e6).floor();
        assert!((day + 3.0).rem_euclid(7.0) < 5.0, "clinics are closed at weekends");
        if row > 0 && patients[row] == patients[row - 1] {
            assert!(start[row] >= end[row - 1]);
            assert_eq!(number[row], number[row - 1] + 1.0);
            assert_eq!(before[row], before[row - 1] + minutes[row - 1]);
        } else {
            assert_eq!((number[row], before[row]), (1.0, 0.0));
        }
    }
}

#[test]
fn more_patients_change_no_value_of_the_first() {
    let few = generate(CLINIC);
    let many = frames(&run(CLINIC, PlanOptions { subjects: Some(1500), ..PlanOptions::default() }).unwrap());
    assert_eq!(many["patient"].height(), 1500);
    for (name, frame) in &few {
        assert!(frame.equals_missing(&many[name].head(Some(frame.height()))), "{name} begins with the same rows");
    }
}

#[test]
fn adding_a_field_or_an_entity_changes_no_other_value() {
    let plain = generate(CLINIC);
    let more = CLINIC.replace("      sex: {choice", "      smoker: {bernoulli: {p: 0.2}}\n      sex: {choice").replace(
        "  visit:\n",
        "  allergy:\n    per: patient\n    count: 2\n    fields:\n      a: {id: uuid}\n  visit:\n",
    );
    let extended = generate(&more);
    assert_eq!(extended["allergy"].height(), 1200);
    for (name, frame) in &plain {
        for column in frame.columns() {
            let other = extended[name].column(column.name()).unwrap();
            assert!(column.equals_missing(other), "{name}.{} stays", column.name());
        }
    }
}

#[test]
fn another_seed_changes_the_values() {
    let other = frames(&run(CLINIC, PlanOptions { seed: Some(8), ..PlanOptions::default() }).unwrap());
    assert_ne!(texts(&generate(CLINIC)["patient"], "birth_date"), texts(&other["patient"], "birth_date"));
}

const CLAIMS: &str = r#"
manikin: 1
product: claims
version: 1.0.0
period: {from: 2025-01-01, to: 2025-12-31}
seed: 3
entities:
  patient:
    subject: true
    count: 700
    key: patient_id
    fields:
      patient_id: {id: {prefix: P}}
      old: {bernoulli: {p: 20%}}
  coverage:
    per: patient
    count: 1
    key: coverage_id
    fields:
      coverage_id: {id: {prefix: C}}
      payer: {choice: {Commercial: 70%, Medicare: 20%, Medicaid: 10%}, exact: {of: claim, affinity: {Medicare: "if(patient.old, 50, 0.02)"}}}
  claim:
    per: patient
    count: {total: 3333, min: 1, spread: {gamma: {shape: 1.2}}}
    key: claim_id
    fields:
      claim_id: {id: {prefix: K}}
      coverage_id: {link: {to: coverage}}
      payer: {derive: coverage.payer}
      old: {derive: patient.old}
      status: {choice: {Paid: 85%, Denied: 10%, Pending: 5%}, exact: true}
      billed: {lognormal: {median: 100, sigma: 1}, decimals: 2}
      paid: {derive: "if(status = 'Paid', billed, null)"}
      code: {choice: {A: 1, B: 1}, required: true, allowed: [A, B]}
edge_cases:
  high: {entity: claim, count: 5, where: "code = 'A'", set: {billed: billed * 40}}
  gone: {entity: claim, count: 7, clear: code, breaks: claim.code.required}
  wrong: {entity: claim, where: "status = 'Denied'", count: 4, corrupt: {code: "'ZZ'"}, breaks: claim.code.allowed}
  twice: {entity: claim, rate: 1%, duplicate: true, breaks: claim.claim_id.unique}
"#;

#[test]
fn quotas_and_totals_that_cannot_be_met_are_told_in_the_words_of_the_spec() {
    let text = CLAIMS.split("edge_cases:").next().unwrap();
    let told = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        run(&text.replace(from, to), PlanOptions::default()).err().expect("it cannot be met")
    };
    let no_one = told("if(patient.old, 50, 0.02)", "if(patient.old, 0, 0)");
    assert!(no_one.contains("`Medicare` is to have 667 rows of claim"), "{no_one}");
    assert!(no_one.contains("lower the share of `Medicare`"), "{no_one}");
    let rest = told("affinity: {Medicare:", "affinity: {Commercial: 0, Medicaid: 0, Medicare:");
    assert!(rest.contains("rows of coverage") && rest.contains('`'), "{rest}");
    let few = text.replace("per: patient\n    count: {total: 3333", "per: coverage\n    count: {total: 500");
    let few = few.replace("per: patient\n    count: 1\n", "per: patient\n    count: {poisson: {mean: 3}}\n");
    let few = few.replace("{link: {to: coverage}}", "{key_of: coverage}");
    let few = run(&few, PlanOptions::default()).err().expect("some 2,100 coverages");
    assert!(few.contains("claim: a total of 500 is too small for ") && few.contains(" rows of coverage"), "{few}");
    for told in [no_one, rest, few] {
        assert!(!told.contains("unit") && !told.contains("category"), "{told}");
    }
}

#[test]
fn a_row_with_more_children_than_any_value_may_have_is_named() {
    let text = CLAIMS.split("edge_cases:").next().unwrap();
    let text = text.replace("count: 700", "count: 3").replace("total: 3333", "total: 9");
    let text = text.replace("Commercial: 70%, Medicare: 20%, Medicaid: 10%", "A: 1, B: 1, C: 1, D: 1, E: 1");
    let text = text.replace(", affinity: {Medicare: \"if(patient.old, 50, 0.02)\"}", "");
    let told = run(&text, PlanOptions::default()).err().expect("three people cannot hold five values");
    assert!(told.contains("row of coverage has") && told.contains("rows of claim") && told.contains("`A`"), "{told}");
    assert!(told.contains("make more rows of coverage"), "{told}");
}

#[test]
fn totals_and_quotas_are_exact() {
    let text = CLAIMS.split("edge_cases:").next().unwrap();
    let claims = generate(text);
    let claim = &claims["claim"];
    assert_eq!(claim.height(), 3333);
    let count =
        |column: &str, value: &str| texts(claim, column).iter().filter(|text| text.as_deref() == Some(value)).count();
    assert_eq!((count("status", "Paid"), count("status", "Denied"), count("status", "Pending")), (2833, 333, 167));
    assert_eq!(
        (count("payer", "Commercial"), count("payer", "Medicare"), count("payer", "Medicaid")),
        (2333, 667, 333)
    );
    let mut per_patient: BTreeMap<String, u32> = BTreeMap::new();
    for coverage in texts(claim, "coverage_id").into_iter().flatten() {
        *per_patient.entry(coverage).or_default() += 1;
    }
    assert_eq!(per_patient.len(), 700, "every patient has a claim");
    assert!(per_patient.values().any(|count| *count > 12), "a gamma spread is uneven");
    let old_medicare = texts(claim, "payer")
        .iter()
        .zip(texts(claim, "old"))
        .filter(|(payer, old)| payer.as_deref() == Some("Medicare") && old.as_deref() == Some("true"))
        .count();
    assert!(old_medicare > 500, "{old_medicare} of 667 Medicare claims belong to the old fifth");
}

#[test]
fn edge_cases_are_counted_followed_and_listed() {
    let claims = generate(CLAIMS);
    let claim = &claims["claim"];
    let truth = &claims["edge_cases"];
    let kinds = texts(truth, "edge_case");
    let listed = |name: &str| kinds.iter().filter(|kind| kind.as_deref() == Some(name)).count();
    assert_eq!((listed("high"), listed("gone"), listed("wrong")), (5, 7, 4));
    assert_eq!(claim.height(), 3333 + listed("twice"));
    let codes = texts(claim, "code");
    let keys = texts(claim, "claim_id");
    let mut cleared: Vec<_> =
        keys.iter().zip(&codes).filter(|(_, code)| code.is_none()).map(|(key, _)| key.clone()).collect();
    let mut told: Vec<_> = texts(truth, "key")
        .into_iter()
        .zip(&kinds)
        .filter(|(_, kind)| kind.as_deref() == Some("gone"))
        .map(|(key, _)| key)
        .collect();
    cleared.sort();
    cleared.dedup();
    told.sort();
    assert_eq!(cleared, told);
    let (billed, paid, status) = (numbers(claim, "billed"), numbers(claim, "paid"), texts(claim, "status"));
    for row in 0..claim.height() {
        if status[row].as_deref() == Some("Paid") {
            assert_eq!(billed[row], paid[row], "what is paid follows the raised amount");
        }
        if codes[row].as_deref() == Some("ZZ") {
            assert_eq!(status[row].as_deref(), Some("Denied"));
        }
    }
    let wrong = keys.iter().zip(&codes).filter(|(_, code)| code.as_deref() == Some("ZZ")).map(|(key, _)| key);
    assert_eq!(wrong.collect::<std::collections::BTreeSet<_>>().len(), 4);
}

#[test]
fn an_edge_case_that_finds_too_few_rows_says_so() {
    let text = CLAIMS.replace("count: 7, clear", "count: 7, where: \"code = 'none'\", clear");
    let told = run(&text, PlanOptions::default()).err().expect("no claim has this code");
    assert!(told.contains("only 0 of 7 rows of claim fit"), "{told}");
}

#[test]
fn totals_and_counts_of_edge_cases_scale_with_the_patients() {
    let text =
        CLAIMS.replace("  twice: {entity: claim, rate: 1%, duplicate: true, breaks: claim.claim_id.unique}\n", "");
    let claims = frames(&run(&text, PlanOptions { subjects: Some(1400), ..PlanOptions::default() }).unwrap());
    assert_eq!(claims["claim"].height(), 6666);
    let high = texts(&claims["edge_cases"], "edge_case").iter().filter(|name| name.as_deref() == Some("high")).count();
    assert_eq!(high, 10);
}

#[test]
fn a_distribution_that_is_cut_off_keeps_its_shape_between_the_bounds() {
    let text = r#"
manikin: 1
product: cut
version: 1.0.0
period: {from: 2025-01-01, to: 2025-12-31}
seed: 5
entities:
  patient:
    subject: true
    count: 20000
    key: patient_id
    fields:
      patient_id: {id: uuid}
      half: {normal: {mean: 0, sd: 1, min: 0}}
      mean: {constant: 0.0}
      each: {normal: {mean: mean, sd: 1, min: 0}}
"#;
    let frames = generate(text);
    for field in ["half", "each"] {
        let mut values = numbers(&frames["patient"], field);
        values.sort_by(f64::total_cmp);
        let n = values.len() as f64;
        // The half-normal distribution is erf(x / √2). Kolmogorov-Smirnov at alpha 1e-6: 2.69 / √n.
        let distance = values
            .iter()
            .enumerate()
            .map(|(at, x)| (libm::erf(x / std::f64::consts::SQRT_2) - at as f64 / n).abs())
            .fold(0.0, f64::max);
        assert!(distance < 2.69 / n.sqrt() + 1.0 / n, "{field}: {distance}");
    }
}

#[test]
fn correlated_fields_keep_their_distributions_and_their_correlation() {
    let clinic = generate(
        r#"
manikin: 1
product: joint
version: 1.0.0
period: {from: 2025-01-01, to: 2025-12-31}
seed: 5
entities:
  patient:
    subject: true
    count: 20000
    key: patient_id
    correlate: [{fields: [a, b], pairs: {"a ~ b": 0.8}}]
    fields:
      patient_id: {id: uuid}
      a: {normal: {mean: 10, sd: 2}}
      b: {normal: {mean: -1, sd: 3}}
"#,
    );
    let (a, b) = (numbers(&clinic["patient"], "a"), numbers(&clinic["patient"], "b"));
    let n = a.len() as f64;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / n;
    let (mean_a, mean_b) = (mean(&a), mean(&b));
    let covariance: f64 = a.iter().zip(&b).map(|(a, b)| (a - mean_a) * (b - mean_b)).sum::<f64>() / n;
    let sd = |values: &[f64], mean: f64| {
        (values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / n).sqrt()
    };
    // Five standard errors: alpha below 1e-6 for each.
    let r = covariance / (sd(&a, mean_a) * sd(&b, mean_b));
    assert!((r - 0.8).abs() < 5.0 * (1.0 - 0.64) / n.sqrt(), "r = {r}");
    assert!((mean_a - 10.0).abs() < 5.0 * 2.0 / n.sqrt());
    assert!((sd(&b, mean_b) - 3.0).abs() < 5.0 * 3.0 / (2.0 * n).sqrt());
}

#[test]
fn a_run_narrowed_to_some_entities_gives_the_same_rows_of_them() {
    let whole = generate(CLAIMS);
    let narrow = frames(&run(CLAIMS, PlanOptions::default()).unwrap().only(&["claim".to_owned()]));
    assert!(whole["claim"].equals_missing(&narrow["claim"]));
    assert!(whole["edge_cases"].equals_missing(&narrow["edge_cases"]));
    assert_eq!(narrow["coverage"].height(), 0);
}
