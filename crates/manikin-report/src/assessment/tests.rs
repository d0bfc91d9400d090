use manikin_evaluate::Assessment;
use manikin_evaluate::assessment::Waiver;
use serde_json::{Value, json};

use super::*;

/// A figure over `n` records.
fn figure(metric: &str, about: &[&str], value: f64, n: u64) -> Value {
    json!({
        "metric": metric, "about": about, "value": value,
        "interval": {"low": value * 0.9, "high": (value * 1.1).min(1.0), "level": 0.95},
        "benchmark": 0.0, "direction": "lower", "range": [0.0, 1.0], "n": n,
        "means": "what it says; good is 0", "method": "INTERNAL method: 7 of 163", "reference": "Author, 2020",
    })
}

fn judged(family: &str, score: &Value, status: &str, reason: Option<&str>) -> Value {
    let limit = json!({
        "name": "limit", "side": "at_most", "bound": 0.02, "of": "interval", "why": "Because of people.",
        "source": "Starting limits.", "line": 3,
    });
    let limit = if status == "info" { Value::Null } else { limit };
    let shared = |key: &str| score[key].clone();
    json!({
        "metric": shared("metric"), "entity": "patient", "family": family, "measure": "m",
        "direction": shared("direction"), "range": shared("range"), "means": shared("means"),
        "reference": shared("reference"), "method": shared("method"),
        "figures": [{
            "id": "x", "about": shared("about"), "value": shared("value"), "interval": shared("interval"),
            "benchmark": shared("benchmark"), "n": shared("n"), "limit": limit, "status": status, "reason": reason,
        }],
    })
}

fn distribution(name: &str, cells: Value) -> Value {
    json!({
        "entity": "patient", "name": name, "kind": "category", "unit": null, "cells": cells,
        "totals": {"real": 500, "holdout": 500, "synthetic": 500}, "difference": 0.031, "ordinary": 0.012,
    })
}

fn cell(label: &str, holds: Value, real: u64) -> Value {
    json!({"label": label, "holds": holds, "counts": {"real": real, "holdout": real, "synthetic": real + 3}})
}

/// An evaluation with everything in it, whose internal texts say so.
fn assessment() -> Assessment {
    let file = |name: &str, digest: &str| json!({(name): digest.repeat(8)});
    let input = |fold: &str, digest: &str| json!({"fold": fold, "files": file("patient.csv", digest), "rows": {"patient": 503}});
    serde_json::from_value(json!({
        "manikin_report": 1, "version": "0.1.0", "product": "<Claims> & more", "spec_digest": "ab".repeat(32), "seed": 7,
        "settings": {"level": 0.95, "quick": false, "only": [], "replicates": 200, "permutations": 1999},
        "profile": {"name": "starting", "digest": "cd".repeat(32), "limits": 3},
        "inputs": [
            input("real", "INTERNAL1"), input("holdout", "INTERNAL2"), input("synthetic", "5eed5eed"),
        ],
        "split": "given",
        "verdict": {"status": "fail", "reasons": ["INTERNAL reason"], "passed": 1, "failed": 1, "incomplete": 1, "waived": 0},
        "waivers": [],
        "conditions": [{"name": "patient/train_holdout_overlap_p", "holds": true, "says": "INTERNAL: 4 equal rows"}],
        "tables": [{"entity": "patient", "columns": [], "left_out": [{"column": "name", "why": "INTERNAL: 9 repeat"}]}],
        "scores": [
            judged("copies", &figure("exact_match_excess", &[], 0.1, 500), "fail", Some("INTERNAL bound")),
            judged("membership", &figure("membership_tpr", &["dcr", "fpr=0.01"], 0.01, 163), "incomplete", Some("INTERNAL")),
            judged("disclosure", &figure("linkability_risk", &[], 0.006, 500), "pass", None),
            judged("fairness", &figure("subgroup_accuracy", &["race = INTERNAL group"], 0.5, 8), "info", None),
            judged("health", &figure("prevalence_difference", &["condition", "INTERNAL code"], 0.5, 800), "info", None),
        ],
        "rules": [{
            "entity": "patient", "name": "stay_ends", "kind": "rule", "demands": "stop >= start", "hard": true,
            "real": {"rows": 503, "broken": 0}, "synthetic": {"rows": 503, "broken": 7}, "skipped": "INTERNAL skip",
        }],
        "notes": ["INTERNAL note: 3 rows"],
        "plots": {
            "columns": [
                distribution("sex", json!([cell("F", json!("category"), 300), cell("INTERNAL rare", json!("category"), 4)])),
                distribution("age", json!([
                    cell("0 to 50", json!({"range": [0.0, 50.0]}), 300), cell("50 to 100", json!({"range": [50.0, 100.0]}), 200),
                ])),
            ],
            "associations": [{
                "entity": "patient", "columns": ["sex", "age", "weight"],
                "pairs": [
                    {"real": 0.5, "synthetic": 0.4, "n": 500}, {"real": -0.3, "synthetic": -0.1, "n": 500},
                    {"real": null, "synthetic": 0.1, "n": 500},
                ],
            }],
            "attacks": [{
                "on": "patient", "members": 500, "others": 500,
                "curves": [{"attack": "dcr", "steps": [[0, 0], [0, 9], [20, 40], [500, 500]]}],
            }],
            "distances": [{
                "entity": "patient", "rows": 503, "among": [500, 900], "distances": [0.0, 0.1, 0.2],
                "to_train": [7, 200, 503], "to_holdout": [0, 190, 503],
            }],
            "tables": [{
                "entity": "visit", "rows": {"real": 900, "holdout": 900, "synthetic": 950},
                "per_patient": [1.8, 1.8, 1.9], "columns": 4,
            }],
            "children": [distribution("visit", json!([cell("0", json!("tally"), 100), cell("1", json!("tally"), 400)]))],
            "journeys": {
                "entity": "visit", "column": "class", "patients": {"real": 400, "holdout": 400, "synthetic": 410},
                "flows": [
                    {"visit": 1, "from": "office", "to": "office", "patients": {"real": 300, "holdout": 300, "synthetic": 310}},
                    {"visit": 1, "from": "office", "to": null, "patients": {"real": 96, "holdout": 96, "synthetic": 96}},
                    {"visit": 1, "from": "INTERNAL kind", "to": null, "patients": {"real": 4, "holdout": 4, "synthetic": 4}},
                ],
            },
        },
        "internal": {
            "exposed": [{"entity": "patient", "row": 4711, "to_synthetic": 0.0, "to_real": 0.25}],
            "examples": [{"entity": "patient", "rule": "stay_ends", "row": 8123, "values": {"stop": "INTERNAL value"}}],
        },
    }))
    .expect("an assessment")
}

fn page(edition: Edition) -> String {
    assessment_html(&assessment(), edition).expect("renders")
}

#[test]
fn nothing_internal_reaches_the_public_edition() {
    let (internal, public) = (page(Edition::Internal), page(Edition::Public));
    for text in ["INTERNAL bound", "INTERNAL value", "INTERNAL rare", "INTERNAL note", "4,711", "8,123", "7 of 163"] {
        assert!(internal.contains(text), "the internal edition says {text}");
    }
    // Each of these stands in a part of the evaluation that must not be published.
    assert!(!public.contains("INTERNAL"), "{}", &public[public.find("INTERNAL").unwrap_or(0)..][..200]);
    for text in ["4,711", "8,123", "4711", "8123", "of 163", "report.json"] {
        assert!(!public.contains(text), "{text}");
    }
    assert!(public.contains("5eed5eed"), "the digest of synthetic files may be published");
}

#[test]
fn small_and_exact_counts_are_not_published() {
    let public = page(Edition::Public);
    // 7 of 503 rows break a rule; both counts are blurred.
    assert!(page(Edition::Internal).contains("(7 of 503)"));
    assert!(public.contains("(under 11 of 500)") && !public.contains("503"), "counts are rounded");
    // .006 of 500 are three people.
    assert!(public.contains("under 0.04"), "a rate of few is told as a bound");
    assert!(public.contains("Counts of 1 to 10 are not shown"));
}

#[test]
fn a_page_needs_nothing_else_and_escapes_what_it_is_given() {
    for edition in [Edition::Internal, Edition::Public] {
        let text = page(edition);
        for asset in ["src=", "@import", "url(", "<script", "<link", "http"] {
            assert!(!text.contains(asset), "{asset}");
        }
        assert!(text.contains("&lt;Claims&gt; &amp; more") && !text.contains("<Claims>"));
        assert!(text.len() < 200_000, "{} bytes", text.len());
    }
}

#[test]
fn every_section_is_there_and_every_drawing_speaks() {
    let text = page(Edition::Internal);
    for section in ["verdict", "gates", "risk", "clinical", "relations", "utility", "method"] {
        assert!(text.contains(&format!("<h2 id=\"{section}\">")), "{section}");
    }
    let drawings = text.matches("<svg").count();
    let spoken = text.matches("role=\"img\" aria-labelledby=").count();
    let silent = text.matches("aria-hidden=\"true\"").count();
    assert_eq!(text.matches("<title id=").count(), spoken);
    assert!(spoken >= 10 && drawings <= spoken + silent, "{drawings} drawings, {spoken} of them spoken");
}

#[test]
fn an_evaluation_without_plots_or_figures_is_still_a_report() {
    let mut assessment = assessment();
    assessment.plots = None;
    assessment.scores.clear();
    assessment.rules.clear();
    assessment.inputs.clear();
    for edition in [Edition::Internal, Edition::Public] {
        let text = assessment_html(&assessment, edition).expect("renders");
        assert!(text.contains("no limit on anything"));
    }
}

#[test]
fn hundreds_of_columns_stay_below_a_megabyte() {
    let mut assessment = assessment();
    let plots = assessment.plots.as_mut().expect("plots");
    let column = plots.columns[1].clone();
    plots.columns = (0..300)
        .map(|n| {
            let mut column = column.clone();
            column.name = format!("column_{n}");
            column.cells = column.cells.into_iter().cycle().take(30).collect();
            column
        })
        .collect();
    let score = assessment.scores[0].clone();
    assessment.scores = (0..3000)
        .map(|n| {
            let mut score = score.clone();
            score.score.metric = format!("metric_{}", n % 60);
            score
        })
        .collect();
    for edition in [Edition::Internal, Edition::Public] {
        let text = assessment_html(&assessment, edition).expect("renders");
        assert!(text.len() < 1_000_000, "{} bytes", text.len());
    }
}

#[test]
fn many_figures_that_keep_one_limit_are_told_by_the_closest() {
    let mut assessment = assessment();
    let kept = assessment.scores[2].clone();
    assessment.scores = (0..50)
        .map(|n| {
            let mut score = kept.clone();
            score.score.about = vec![format!("secret_{n}")];
            score.score.interval = score.score.interval.map(|mut interval| {
                interval.high = 0.01 + if n == 17 { 0.005 } else { 0.0 };
                interval
            });
            score
        })
        .collect();
    let text = assessment_html(&assessment, Edition::Internal).expect("renders");
    assert!(text.contains("secret_17; the closest of 50 that keep this limit"));
}

#[test]
fn what_is_waived_says_so_and_the_public_edition_names_nobody() {
    let mut assessment = assessment();
    assessment.scores[0].waiver = Some(Waiver {
        name: "known".into(),
        owner: "INTERNAL Ada".into(),
        why: "INTERNAL twins".into(),
        expires: "2999-12-31".into(),
    });
    assessment.verdict.waived = 1;
    let internal = assessment_html(&assessment, Edition::Internal).expect("renders");
    assert!(internal.contains("waived by INTERNAL Ada until 2999-12-31: INTERNAL twins"));
    assert!(internal.contains("</span> 1 waived</span>") && internal.contains("</span> waived</span>"));
    let public = assessment_html(&assessment, Edition::Public).expect("renders");
    assert!(public.contains("a waiver lets it go until 2999-12-31") && !public.contains("INTERNAL"));
}
