//! Figures as rows of tables.

use std::collections::BTreeSet;

use manikin_evaluate::assessment::{Better, Family, Judged, Side, Standing};
use serde::Serialize;

use super::draw::{self, Strip};
use super::edition::{Edition, Said, grouped, number};
use super::words;

/// Most rows shown of one metric, and of all metrics together about.
///
/// ASSUMED: the worst dozen is what a reader acts upon, and 360 rows are a third of a megabyte; report.json holds all.
const MOST: usize = 12;
const MOST_TOGETHER: usize = 360;
/// Most limits shown, those missed first.
const GATES: usize = 100;

/// A figure, ready to be shown.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Row {
    title: String,
    about: String,
    means: String,
    value: String,
    interval: String,
    benchmark: String,
    n: String,
    /// The limit in words; empty without one.
    limit: String,
    why: String,
    /// Class, mark and word.
    status: [&'static str; 3],
    reason: String,
    power: String,
    strip: String,
}

/// All figures of one metric.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Metric {
    title: String,
    means: String,
    better: &'static str,
    method: String,
    reference: String,
    rows: Vec<Row>,
    /// Whether any row has a limit, or could not be computed.
    judged: bool,
    /// How many rows were left out.
    more: usize,
}

/// A family of metrics.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Group {
    title: &'static str,
    /// How many figures and limits there are, in words.
    count: String,
    /// Whether it is shown open.
    open: bool,
    metrics: Vec<Metric>,
}

/// The rows of all figures with a limit: those missed first, then those not judged; and how many are left out.
pub(super) fn gates(edition: Edition, scores: &[Judged]) -> (Vec<Row>, usize) {
    let mut gates: Vec<&Judged> =
        scores.iter().filter(|score| score.limit.is_some() && is_shown(edition, score)).collect();
    gates.sort_by_key(|score| (rank(score), score.family));
    // Of what keeps one and the same limit, the figure closest to it stands for all.
    let (kept, others): (Vec<&Judged>, Vec<&Judged>) =
        gates.into_iter().partition(|score| score.status == Standing::Pass);
    let more = others.len().saturating_sub(GATES);
    let mut rows: Vec<Row> = others.into_iter().take(GATES).map(|score| row(edition, score)).collect();
    let mut names: Vec<&str> = Vec::new();
    for score in &kept {
        let name = limit_name(score);
        if names.contains(&name) {
            continue;
        }
        names.push(name);
        let alike: Vec<&&Judged> = kept.iter().filter(|other| limit_name(other) == name).collect();
        let closest = alike.iter().max_by(|a, b| closeness(a).total_cmp(&closeness(b)));
        if let Some(closest) = closest {
            let mut row = row(edition, closest);
            if alike.len() > 1 {
                row.about = format!("{}; the closest of {} that keep this limit", row.about, alike.len());
            }
            rows.push(row);
        }
    }
    (rows, more)
}

fn limit_name(score: &Judged) -> &str {
    score.limit.as_ref().map_or("", |limit| &limit.name)
}

/// How close the bad end of a figure's interval is to its limit: higher is closer.
fn closeness(judged: &Judged) -> f64 {
    let (Some(limit), Some(value)) = (&judged.limit, judged.score.value) else { return f64::MIN };
    let interval = judged.score.interval;
    match limit.side {
        Side::AtMost => interval.map_or(value, |interval| interval.high) - limit.bound,
        Side::AtLeast => limit.bound - interval.map_or(value, |interval| interval.low),
    }
}

/// Why the verdict is what it is, told from the figures alone.
pub(super) fn reasons(edition: Edition, scores: &[Judged]) -> Vec<String> {
    let mut gates: Vec<&Judged> = scores
        .iter()
        .filter(|score| score.limit.is_some() && matches!(score.status, Standing::Fail | Standing::Incomplete))
        .filter(|score| is_shown(edition, score))
        .collect();
    gates.sort_by_key(|score| (rank(score), score.family));
    gates
        .into_iter()
        .map(|score| {
            let row = row(edition, score);
            let stands = match (&score.waiver, score.status) {
                (Some(_), _) => "Waived: ",
                (None, Standing::Fail) => "",
                (None, _) => "Not judged: ",
            };
            format!("{stands}{} ({}): {}", row.title, row.about, row.reason)
        })
        .collect()
}

/// The families of a section that have figures.
pub(super) fn groups(edition: Edition, scores: &[Judged], families: &[Family]) -> Vec<Group> {
    let metrics: BTreeSet<(Family, &str)> =
        scores.iter().map(|score| (score.family, score.score.metric.as_str())).collect();
    let most = (MOST_TOGETHER / metrics.len().max(1)).clamp(3, MOST);
    families.iter().filter_map(|&family| group(edition, scores, family, most)).collect()
}

fn group(edition: Edition, scores: &[Judged], family: Family, most: usize) -> Option<Group> {
    let of: Vec<&Judged> = scores.iter().filter(|score| score.family == family && is_shown(edition, score)).collect();
    if of.is_empty() {
        return None;
    }
    // Metrics in the order in which they were computed.
    let mut names: Vec<&str> = Vec::new();
    for score in &of {
        if !names.contains(&score.score.metric.as_str()) {
            names.push(&score.score.metric);
        }
    }
    let metrics = names.into_iter().map(|name| metric(edition, name, &of, most)).collect();
    let (limits, missed) = (
        of.iter().filter(|score| score.limit.is_some()).count(),
        of.iter().filter(|score| score.blocks() && score.status == Standing::Fail).count(),
    );
    let count = match (limits, missed) {
        (0, _) => plural(of.len(), "figure"),
        (_, 0) => format!("{}, {}", plural(of.len(), "figure"), plural(limits, "limit")),
        _ => format!("{}, {}, {missed} missed", plural(of.len(), "figure"), plural(limits, "limit")),
    };
    Some(Group { title: words::family(family), count, open: missed > 0, metrics })
}

fn metric(edition: Edition, name: &str, of: &[&Judged], most: usize) -> Metric {
    let mut scores: Vec<&Judged> = of.iter().filter(|score| score.score.metric == name).copied().collect();
    // Stable: equally bad ones stay in the order in which they were computed.
    scores.sort_by(|a, b| rank(a).cmp(&rank(b)).then(badness(b).total_cmp(&badness(a))));
    let first = &scores[0].score;
    let better = match first.direction {
        Better::Higher => "Higher is better",
        Better::Lower => "Lower is better",
    };
    // How a figure was computed may name exact counts.
    let method = if edition.is_public() { String::new() } else { first.method.clone() };
    Metric {
        title: words::title(name),
        means: first.means.clone(),
        better,
        method,
        reference: match first.reference.strip_prefix("own; ") {
            Some(rest) => format!("Own definition: {rest}"),
            None => format!("After {}", first.reference),
        },
        judged: scores.iter().any(|score| score.status != Standing::Info),
        more: scores.len().saturating_sub(most),
        rows: scores.iter().take(most).map(|score| row(edition, score)).collect(),
    }
}

/// Whether an edition shows a figure at all. What is said of fewer than eleven records, or names a patient's code, is
/// not published.
fn is_shown(edition: Edition, judged: &Judged) -> bool {
    let few = judged.score.n > 0 && edition.count(judged.score.n).is_none();
    let code = edition.is_public() && judged.family == Family::Health && judged.score.about.len() > 1;
    !few && !code
}

fn rank(judged: &Judged) -> u8 {
    match judged.status {
        Standing::Fail | Standing::Incomplete if judged.waiver.is_some() => 2,
        Standing::Fail => 0,
        Standing::Incomplete => 1,
        Standing::Pass => 3,
        Standing::Info => 4,
    }
}

/// How far a figure is from what faultless data would score.
fn badness(judged: &Judged) -> f64 {
    let score = &judged.score;
    let Some(value) = score.value else { return f64::MIN };
    match score.direction {
        Better::Higher => score.benchmark.or(score.range.1).unwrap_or(0.0) - value,
        Better::Lower => value - score.benchmark.or(score.range.0).unwrap_or(0.0),
    }
}

fn row(edition: Edition, judged: &Judged) -> Row {
    let score = &judged.score;
    let value = said(edition, judged);
    let interval = edition.interval(score);
    let benchmark = edition.benchmark(score);
    let strip = value.number().map_or_else(String::new, |value| {
        draw::strip(Strip {
            value,
            interval,
            benchmark,
            limit: judged.limit.as_ref().map(|limit| (limit.bound, limit.side)),
            range: score.range,
            direction: score.direction,
        })
    });
    Row {
        title: words::title(&score.metric),
        about: words::about(judged.entity.as_deref(), &score.about),
        means: score.means.clone(),
        value: value.text(),
        interval: interval
            .map_or_else(|| "none".to_owned(), |(low, high)| format!("{} to {}", number(low), number(high))),
        benchmark: benchmark.map_or_else(|| "none".to_owned(), number),
        n: edition.count_text(score.n),
        limit: judged.limit.as_ref().map_or_else(String::new, |limit| words::bound(limit.side, limit.bound)),
        why: judged
            .limit
            .as_ref()
            .map_or_else(String::new, |limit| [limit.why.as_str(), &limit.source].join(" ").trim().to_owned()),
        status: judged.waiver.as_ref().map_or_else(|| words::standing(judged.status), |_| words::WAIVED),
        reason: reason(edition, judged),
        power: power(judged),
        strip,
    }
}

/// The value; sizes and reciprocals of small groups of people are not published.
fn said(edition: Edition, judged: &Judged) -> Said {
    let value = edition.value(&judged.score);
    let (Said::Value(exact), true, Family::Anonymity) = (value, edition.is_public(), judged.family) else {
        return value;
    };
    let inverse = 1.0 / judged.score.value.unwrap_or(f64::MAX);
    let is_small = |size: f64| (1.0..10.5).contains(&size);
    if is_small(exact) && judged.score.range.1.is_none_or(|most| most > 1.0) {
        Said::Under(11.0)
    } else if is_small(inverse) && (inverse - libm::round(inverse)).abs() < 1e-9 {
        Said::Over(0.09)
    } else {
        value
    }
}

/// Why a figure failed or is incomplete. The words of the evaluation may name exact counts; in public it is told in
/// general.
fn reason(edition: Edition, judged: &Judged) -> String {
    let general = match (judged.status, judged.score.value) {
        (Standing::Fail, _) => "the bound of its interval is beyond the limit",
        (Standing::Incomplete, None) => "it could not be computed on these data",
        (Standing::Incomplete, Some(_)) => "there are too few records to judge it",
        (Standing::Pass | Standing::Info, _) => "",
    };
    let reason = match &judged.reason {
        Some(reason) if !edition.is_public() => reason.clone(),
        _ => general.to_owned(),
    };
    match &judged.waiver {
        None => reason,
        Some(waiver) if edition.is_public() => format!("{reason}; a waiver lets it go until {}", waiver.expires),
        Some(waiver) => {
            format!("waived by {} until {}: {}; {reason}", waiver.owner, waiver.expires, waiver.why)
        }
    }
}

/// Whether there were enough records.
fn power(judged: &Judged) -> String {
    match (judged.needed_n, judged.status) {
        (Some(needed), _) => format!("needs {} records", grouped(needed)),
        (None, Standing::Incomplete) => "unknown".to_owned(),
        (None, _) => "enough".to_owned(),
    }
}

/// A number of things.
pub(super) fn plural(count: usize, thing: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{} {thing}{s}", grouped(count as u64))
}
