//! An assessment for machines and readers of continuous integration: JUnit, SARIF, Markdown. None holds a row's values.

use std::fmt::Write;

use manikin_evaluate::assessment::{
    Family, Judged, Of, Side, Split, Standing, Verdict, Waiver, WaiverSeen, WaiverState,
};
use manikin_evaluate::{Assessment, Profile};
use serde_json::{Value, json};

use crate::spec::Checked;
use crate::validate::escaped;

/// The figures that are held to a limit, failures first, then what could not be judged, then what is waived.
pub fn gates(found: &Assessment) -> Vec<&Judged> {
    let mut gates: Vec<&Judged> = found.scores.iter().filter(|one| one.limit.is_some()).collect();
    gates.sort_by_key(|one| match (one.status, &one.waiver) {
        (Standing::Fail, None) => 0,
        (Standing::Incomplete, None) => 1,
        (Standing::Fail | Standing::Incomplete, Some(_)) => 2,
        (Standing::Pass, _) => 3,
        (Standing::Info, _) => 4,
    });
    gates
}

/// A number with as many digits as people read.
pub fn figure_text(x: f64) -> String {
    let text = if x != 0.0 && x.abs() < 0.001 { format!("{x:.6}") } else { format!("{x:.4}") };
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// A figure's value, interval and limit in words.
pub fn gate_texts(one: &Judged) -> [String; 3] {
    let value = one.score.value.map_or("none".to_owned(), figure_text);
    let interval = one
        .score
        .interval
        .map_or(String::new(), |interval| format!("{} to {}", figure_text(interval.low), figure_text(interval.high)));
    let limit = one.limit.as_ref().map_or(String::new(), |limit| {
        let side = match limit.side {
            Side::AtMost => "at most",
            Side::AtLeast => "at least",
        };
        let of = if limit.of == Of::Value { "value " } else { "" };
        format!("{of}{side} {}", figure_text(limit.bound))
    });
    [value, interval, limit]
}

/// Why a figure stands as it does, and who waives that.
pub fn reason_text(one: &Judged) -> String {
    let reason = one.reason.as_deref().unwrap_or("");
    match &one.waiver {
        None => reason.to_owned(),
        Some(waiver) => format!("{}; {reason}", waiver_text(waiver)),
    }
}

/// Who waives something, until when, and why.
fn waiver_text(waiver: &Waiver) -> String {
    format!("waived by {} until {}: {}", waiver.owner, waiver.expires, waiver.why)
}

/// What should be said of waivers that let nothing go.
pub fn waiver_notes(found: &Assessment) -> Vec<String> {
    let note = |seen: &WaiverSeen| {
        let Waiver { name, owner, expires, .. } = &seen.waiver;
        match (seen.state, seen.figures) {
            (WaiverState::Used, _) => None,
            (WaiverState::Unused, _) => Some(format!("the waiver {name} was not needed: take it out of the profile")),
            (WaiverState::Expired, 0) => {
                Some(format!("the waiver {name} expired on {expires} and was not needed: take it out of the profile"))
            }
            (WaiverState::Expired, _) => Some(format!(
                "the waiver {name} expired on {expires} and lets nothing go: mend what it waived, or ask {owner} anew"
            )),
        }
    };
    found.waivers.iter().filter_map(note).collect()
}

/// JUnit XML: a suite per family, a case per limit and figure. What could not be judged is an error; skipped is what is
/// waived, and nothing else.
pub fn report_junit(found: &Assessment) -> String {
    let gates = gates(found);
    let counts = |cases: &[&Judged]| {
        let of = |status| cases.iter().filter(|one| one.blocks() && one.status == status).count();
        format!(
            "tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\"",
            cases.len(),
            of(Standing::Fail),
            of(Standing::Incomplete),
            cases.iter().filter(|one| one.waiver.is_some()).count()
        )
    };
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing to a string cannot fail.
    let _ = writeln!(xml, "<testsuites name=\"{}\" {}>", escaped(&found.product), counts(&gates));
    for family in Family::ALL {
        let cases: Vec<&Judged> = gates.iter().copied().filter(|one| one.family == family).collect();
        if cases.is_empty() {
            continue;
        }
        let _ = writeln!(xml, "  <testsuite name=\"{}\" {}>", family.name(), counts(&cases));
        for one in cases {
            let limit = one.limit.as_ref().map_or("", |limit| limit.name.as_str());
            let (class, name) = (escaped(limit), escaped(&one.id));
            let _ = write!(xml, "    <testcase classname=\"{class}\" name=\"{name}\"");
            let [value, interval, bound] = gate_texts(one).map(|text| escaped(&text));
            let detail = escaped(&reason_text(one));
            let _ = match one.status {
                _ if one.waiver.is_some() => writeln!(xml, "><skipped message=\"{detail}\"/></testcase>"),
                Standing::Fail => writeln!(
                    xml,
                    "><failure type=\"{class}\" message=\"{detail}\">value {value}, interval {interval}, limit \
                     {bound}</failure></testcase>"
                ),
                Standing::Incomplete => {
                    writeln!(xml, "><error type=\"incomplete\" message=\"{detail}\"/></testcase>")
                }
                Standing::Pass | Standing::Info => writeln!(xml, "/>"),
            };
        }
        xml.push_str("  </testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

/// SARIF 2.1.0: a rule per limit, a result per limit that was missed or not judged, at its line of the profile; a rule
/// of the spec has its line there too. What is waived is suppressed, with the waiver as justification.
///
/// # Source
/// OASIS Static Analysis Results Interchange Format 2.1.0.
pub fn report_sarif(found: &Assessment, profile: &Profile, checked: &Checked) -> Value {
    let rules: Vec<Value> = profile
        .limits
        .iter()
        .map(|held| {
            json!({
                "id": held.limit.name,
                "shortDescription": { "text": held.metric },
                "fullDescription": { "text": held.limit.why },
                "help": { "text": format!("{} Source: {}", held.limit.why, held.limit.source) },
            })
        })
        .collect();
    let results: Vec<Value> = gates(found)
        .into_iter()
        .filter(|one| matches!(one.status, Standing::Fail | Standing::Incomplete))
        .filter_map(|one| {
            let limit = one.limit.as_ref()?;
            let word = if one.status == Standing::Fail { "fails" } else { "could not be judged" };
            let mut result = json!({
                "ruleId": limit.name,
                "level": if one.status == Standing::Fail { "error" } else { "warning" },
                "message": { "text": format!("{} {word}: {}", one.id, one.reason.as_deref().unwrap_or("")) },
                "locations": [location(&profile.file, limit.line)],
                "partialFingerprints": { "figure/v1": one.id },
            });
            if let Some(waiver) = &one.waiver {
                result["suppressions"] = json!([{
                    "kind": "external",
                    "status": "accepted",
                    "justification": waiver_text(waiver),
                }]);
            }
            if let Some((file, line)) = spec_place(one, checked) {
                result["relatedLocations"] = json!([location(&file, line)]);
            }
            Some(result)
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "manikin",
                "version": found.version,
                "rules": rules,
            } },
            "results": results,
        }],
    })
}

fn location(file: &str, line: u32) -> Value {
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": file.replace('\\', "/").replace(' ', "%20") },
            "region": { "startLine": line.max(1) },
        }
    })
}

/// Where the spec says the rule that a figure is about.
fn spec_place(one: &Judged, checked: &Checked) -> Option<(String, u32)> {
    let entity = one.entity.as_deref().filter(|_| one.family == Family::Rules)?;
    let node = checked.node.as_ref()?;
    let span = node.key_span_of(&["entities", entity, "rules", one.score.about.first()?]);
    let line = checked.sources.position(span.file, span.range().start).line;
    Some((checked.sources.name(span.file).to_owned(), u32::try_from(line).ok()?))
}

/// Markdown for a step summary: the verdict, and every limit with what came of it.
pub fn report_markdown(found: &Assessment) -> String {
    let mut text = String::new();
    let verdict = &found.verdict;
    // Writing to a string cannot fail.
    let _ = writeln!(text, "# {}: {}\n", cell(&found.product), status_word(verdict.status));
    let _ = writeln!(
        text,
        "{}; {} figures; seed {}, profile {}, manikin {}.\n",
        tally_text(verdict),
        found.scores.len(),
        found.seed,
        cell(&found.profile.name),
        found.version
    );
    if let Split::Made { weakens, .. } = &found.split {
        let _ = writeln!(text, "> No holdout was given: {}.\n", cell(weakens));
    }
    for condition in found.conditions.iter().filter(|condition| !condition.holds) {
        let _ = writeln!(text, "> {}.\n", cell(&condition.says));
    }
    text.push_str("| | limit | figure | value | interval | accepted | n | why |\n|---|---|---|---|---|---|---|---|\n");
    for one in gates(found) {
        let [value, interval, bound] = gate_texts(one);
        let limit = one.limit.as_ref().map_or("", |limit| limit.name.as_str());
        let _ = writeln!(
            text,
            "| {} | {} | {} | {value} | {interval} | {bound} | {} | {} |",
            standing_word(one),
            cell(limit),
            cell(&one.id),
            one.score.n,
            cell(&reason_text(one))
        );
    }
    let unplain: Vec<&Judged> =
        found.scores.iter().filter(|one| one.limit.is_none() && one.status == Standing::Incomplete).collect();
    if !unplain.is_empty() {
        let _ =
            writeln!(text, "\n{} figures without a limit could not be computed; report.json says why.", unplain.len());
    }
    let notes: Vec<String> = waiver_notes(found).into_iter().chain(found.notes.iter().cloned()).collect();
    if !notes.is_empty() {
        text.push_str("\n## Notes\n\n");
        for note in &notes {
            let _ = writeln!(text, "- {}", cell(note));
        }
    }
    text.push_str("\nEvidence against known attacks, not a proof of anonymity.\n");
    text
}

/// How many limits are kept, missed, not judged and waived.
pub fn tally_text(verdict: &Verdict) -> String {
    let Verdict { passed, failed, incomplete, waived, .. } = verdict;
    let waived = if *waived > 0 { format!(", {waived} waived") } else { String::new() };
    format!("{passed} limits kept, {failed} missed, {incomplete} not judged{waived}")
}

/// How a figure stands to its limit in a word; what is waived says so.
pub fn standing_word(one: &Judged) -> &'static str {
    match one.waiver {
        Some(_) => "waived",
        None => status_word(one.status),
    }
}

/// A status in one word.
pub fn status_word(status: Standing) -> &'static str {
    match status {
        Standing::Pass => "pass",
        Standing::Fail => "FAIL",
        Standing::Incomplete => "incomplete",
        Standing::Info => "info",
    }
}

/// Text that stays in its cell of a Markdown table.
fn cell(text: &str) -> String {
    let mut cell = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '|' => cell.push_str("\\|"),
            '<' => cell.push_str("&lt;"),
            '\n' | '\r' => cell.push(' '),
            letter => cell.push(letter),
        }
    }
    cell
}
