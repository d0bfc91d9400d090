//! Figures as `report.json` writes them: those of one metric and entity share what they have in common.
//!
//! A report of ten tables has thousands of figures. Said of each anew, meaning, method, range and reference are three
//! quarters of the file; so they stand once for a run of figures, numbers have seven significant digits, and what a
//! figure lacks is left out. Read back, every figure is whole again.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::assessment::{Better, Bounds, Family, Figure, Judged, Limit, Standing, Waiver};

/// Figures of one metric of one entity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Scores {
    /// The metric's standard name.
    pub metric: String,
    /// The entity or relation that they are about; absent for whole patients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    /// The section of the report that they belong to.
    pub family: Family,
    /// The measure that computed them, as `--only` names it.
    pub measure: String,
    /// Which way is better.
    pub direction: Better,
    /// The least and the greatest value there can be; null where there is none.
    pub range: (Option<f64>, Option<f64>),
    /// What they say and what good looks like, in plain words.
    pub means: String,
    /// Where the definition comes from.
    pub reference: String,
    /// How they were computed, where all were computed alike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The figures.
    pub figures: Vec<One>,
}

/// One figure, beside what it shares.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct One {
    /// Unique in the report: entity, metric and what it is about, joined by slashes.
    pub id: String,
    /// What it is about: columns, an attack, a fold; absent for a whole table.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<String>,
    /// The value; absent when it could not be computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// The interval around it, where the metric has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Bounds>,
    /// What faultless data would score at this size, or real against other real data; `method` says which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub benchmark: Option<f64>,
    /// Records, or attacks, behind it.
    pub n: u64,
    /// How it was computed, where not as all of its kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// How it stands to its limit; incomplete without a limit too when it could not be computed.
    pub status: Standing,
    /// The limit that it was held to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Limit>,
    /// Why it failed or is incomplete, in plain words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The number of records at which harmless data would keep the limit, where there are fewer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needed_n: Option<u64>,
    /// Who lets it go, why and how long, where it failed or is incomplete and the profile waives that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiver: Option<Waiver>,
}

pub(crate) fn serialize<S: Serializer>(judged: &[Judged], to: S) -> Result<S::Ok, S::Error> {
    together(judged).serialize(to)
}

pub(crate) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Vec<Judged>, D::Error> {
    Ok(Vec::<Scores>::deserialize(from)?.into_iter().flat_map(apart).collect())
}

/// Runs of figures that share metric, entity and all that is said of these.
fn together(judged: &[Judged]) -> Vec<Scores> {
    let alike = |a: &Judged, b: &Judged| {
        let of = |one: &Judged| (one.score.direction, one.score.range, one.family);
        a.score.metric == b.score.metric
            && a.entity == b.entity
            && a.measure == b.measure
            && of(a) == of(b)
            && a.score.means == b.score.means
            && a.score.reference == b.score.reference
    };
    // Of a metric, figures come one kind beside another: they are gathered in the order of the first of each kind.
    let mut kinds: Vec<Vec<&Judged>> = Vec::new();
    for one in judged {
        let last = kinds.len().saturating_sub(NEAR);
        match kinds[last..].iter_mut().rev().find(|kind| alike(kind[0], one)) {
            Some(kind) => kind.push(one),
            None => kinds.push(vec![one]),
        }
    }
    kinds.into_iter().map(|kind| scores(&kind)).collect()
}

/// How many kinds back a figure may find its like: more than any measure computes at a time.
const NEAR: usize = 40;

fn scores(kind: &[&Judged]) -> Scores {
    let Judged { score, family, measure, entity, .. } = kind[0];
    let method = kind.iter().all(|one| one.score.method == score.method).then(|| score.method.clone());
    let figures = kind
        .iter()
        .map(|one| One {
            id: one.id.clone(),
            about: one.score.about.clone(),
            value: one.score.value.map(rounded),
            interval: one.score.interval.map(|interval| Bounds {
                low: rounded(interval.low),
                high: rounded(interval.high),
                level: interval.level,
            }),
            benchmark: one.score.benchmark.map(rounded),
            n: one.score.n,
            method: method.is_none().then(|| one.score.method.clone()),
            status: one.status,
            limit: one.limit.clone(),
            reason: one.reason.clone(),
            needed_n: one.needed_n,
            waiver: one.waiver.clone(),
        })
        .collect();
    Scores {
        metric: score.metric.clone(),
        entity: entity.clone(),
        family: *family,
        measure: measure.clone(),
        direction: score.direction,
        range: score.range,
        means: score.means.clone(),
        reference: score.reference.clone(),
        method,
        figures,
    }
}

fn apart(scores: Scores) -> Vec<Judged> {
    let Scores { metric, entity, family, measure, direction, range, means, reference, method, figures } = scores;
    figures
        .into_iter()
        .map(|one| Judged {
            id: one.id,
            family,
            measure: measure.clone(),
            entity: entity.clone(),
            score: Figure {
                metric: metric.clone(),
                about: one.about,
                value: one.value,
                interval: one.interval,
                benchmark: one.benchmark,
                direction,
                range,
                n: one.n,
                means: means.clone(),
                method: one.method.or_else(|| method.clone()).unwrap_or_default(),
                reference: reference.clone(),
            },
            limit: one.limit,
            status: one.status,
            reason: one.reason,
            needed_n: one.needed_n,
            waiver: one.waiver,
        })
        .collect()
}

/// A number with seven significant digits; none that was judged by more is told from its limit by fewer.
fn rounded(x: f64) -> f64 {
    format!("{x:.6e}").parse().unwrap_or(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(metric: &str, about: &str, method: &str, value: f64) -> Judged {
        let score = Figure {
            metric: metric.into(),
            about: vec![about.into()],
            value: Some(value),
            interval: Some(Bounds { low: value, high: value, level: 0.95 }),
            benchmark: None,
            direction: Better::Lower,
            range: (Some(0.0), None),
            n: 9,
            means: "what it says".into(),
            method: method.into(),
            reference: "who says it".into(),
        };
        Judged {
            id: format!("visit/{metric}/{about}"),
            family: Family::Columns,
            measure: "m".into(),
            entity: Some("visit".into()),
            score,
            limit: None,
            status: Standing::Info,
            reason: None,
            needed_n: None,
            waiver: None,
        }
    }

    #[test]
    fn figures_read_back_are_whole_and_what_they_share_is_written_once() {
        let all = [
            judged("a", "age", "alike", 0.25),
            judged("b", "age", "by 3", 0.5),
            judged("a", "sex", "alike", 0.125),
            judged("b", "sex", "by 4", 1.0),
        ];
        let written = together(&all);
        assert_eq!(written.len(), 2);
        assert_eq!(written[0].method.as_deref(), Some("alike"));
        assert!(written[1].method.is_none());
        let text = serde_json::to_string(&written).expect("writes");
        assert_eq!(text.matches("what it says").count(), 2);
        let mut read: Vec<Judged> =
            serde_json::from_str::<Vec<Scores>>(&text).expect("reads").into_iter().flat_map(apart).collect();
        read.sort_by_key(|one| all.iter().position(|other| other.id == one.id));
        assert_eq!(read, all);
    }

    #[test]
    fn numbers_keep_seven_digits() {
        assert_eq!(rounded(0.123_456_789), 0.123_456_8);
        assert_eq!(rounded(-1_234_567.89), -1_234_568.0);
        assert_eq!(rounded(0.0), 0.0);
    }
}
