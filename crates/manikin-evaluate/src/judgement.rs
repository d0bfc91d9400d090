//! Figures held to limits.

use crate::assessment::{Family, Figure, Judged, Limit, Of, Side, Standing, Verdict};
use crate::profile::{Held, Profile};

/// A figure that was computed, before it is judged.
pub(crate) struct Found {
    pub(crate) family: Family,
    pub(crate) measure: &'static str,
    pub(crate) entity: Option<String>,
    pub(crate) figure: Figure,
    /// Why it is incomplete.
    pub(crate) incomplete: Option<String>,
    /// How many records it would take.
    pub(crate) needed_n: Option<u64>,
}

/// What a judgement needs to know besides figures.
pub(crate) struct Grounds {
    /// Why figures that compare train with holdout cannot pass, where they cannot.
    pub(crate) weakened: Option<String>,
    /// Why a limit without any figure has none.
    pub(crate) absent: fn(&Held, &Absence) -> String,
    /// What was left out or does not apply.
    pub(crate) absence: Absence,
}

/// What an evaluation did not compute.
pub(crate) struct Absence {
    /// Whether measures were left out by `--only` or `--quick`.
    pub(crate) partial: bool,
}

/// Judges every figure, and adds an incomplete one for each limit that no figure was held to.
pub(crate) fn judge(found: Vec<Found>, profile: &Profile, grounds: &Grounds) -> Vec<Judged> {
    let mut judged: Vec<Judged> = Vec::with_capacity(found.len());
    let mut used = vec![false; profile.limits.len()];
    for one in found {
        let held = profile.limits.iter().position(|held| held.holds(&one.figure, one.entity.as_deref()));
        if let Some(place) = held {
            used[place] = true;
        }
        let limit = held.map(|place| profile.limits[place].limit.clone());
        judged.push(of_one(one, limit, grounds));
    }
    for (held, used) in profile.limits.iter().zip(used) {
        let is_due = !held.where_it_applies || grounds.absence.partial;
        if is_due && !used {
            judged.push(missing(held, (grounds.absent)(held, &grounds.absence)));
        }
    }
    number_ids(&mut judged);
    judged
}

fn of_one(one: Found, limit: Option<Limit>, grounds: &Grounds) -> Judged {
    let figure = one.figure;
    let mut parts: Vec<&str> = one.entity.iter().map(String::as_str).collect();
    parts.push(&figure.metric);
    parts.extend(figure.about.iter().map(String::as_str).filter(|part| one.entity.as_deref() != Some(*part)));
    let id = parts.join("/");
    let (mut status, mut reason) = match (&limit, &one.incomplete) {
        (None, None) => (Standing::Info, None),
        (None, Some(why)) => (Standing::Incomplete, Some(why.clone())),
        (Some(limit), why) => against(&figure, limit, why.as_deref()),
    };
    if status == Standing::Pass
        && one.family.needs_holdout()
        && let Some(weakened) = &grounds.weakened
    {
        (status, reason) = (Standing::Incomplete, Some(weakened.clone()));
    }
    let needed_n = one.needed_n.filter(|_| status == Standing::Incomplete);
    let (family, measure, entity) = (one.family, one.measure.to_owned(), one.entity);
    Judged { id, family, measure, entity, score: figure, limit, status, reason, needed_n }
}

/// Passes if the end of the interval (or the value) that is nearer to the bound is within it; fails if it is not, but is
/// incomplete where the figure says too little and the other end does not miss the bound as well.
fn against(figure: &Figure, limit: &Limit, incomplete: Option<&str>) -> (Standing, Option<String>) {
    let Some(value) = figure.value else {
        return (Standing::Incomplete, Some(incomplete.unwrap_or("it could not be computed").to_owned()));
    };
    let (near, far) = match (limit.of, figure.interval) {
        (Of::Value, _) => (value, value),
        (Of::Interval, None) => {
            let why = incomplete.unwrap_or("it has no interval, so that nothing says how sure the value is");
            return (Standing::Incomplete, Some(why.to_owned()));
        }
        (Of::Interval, Some(interval)) => match limit.side {
            Side::AtMost => (interval.high, interval.low),
            Side::AtLeast => (interval.low, interval.high),
        },
    };
    let (misses, word): (fn(f64, f64) -> bool, _) = match limit.side {
        Side::AtMost => (|x, bound| x > bound, "above"),
        Side::AtLeast => (|x, bound| x < bound, "below"),
    };
    let what = if limit.of == Of::Value { "the value" } else { "the end of the interval" };
    let says = format!("{what}, {}, is {word} {}", shown(near), shown(limit.bound));
    match incomplete {
        _ if misses(far, limit.bound) => (Standing::Fail, Some(says)),
        Some(why) => (Standing::Incomplete, Some(why.to_owned())),
        None if misses(near, limit.bound) => (Standing::Fail, Some(says)),
        None => (Standing::Pass, None),
    }
}

/// A number with as many digits as people read.
pub(crate) fn shown(x: f64) -> String {
    let text = if x != 0.0 && x.abs() < 0.001 { format!("{x:.6}") } else { format!("{x:.4}") };
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    text.to_owned()
}

fn missing(held: &Held, reason: String) -> Judged {
    let figure = Figure {
        metric: held.metric.clone(),
        about: Vec::new(),
        value: None,
        interval: None,
        benchmark: None,
        direction: match held.limit.side {
            Side::AtMost => crate::assessment::Better::Lower,
            Side::AtLeast => crate::assessment::Better::Higher,
        },
        range: (None, None),
        n: 0,
        means: String::new(),
        method: "not computed".to_owned(),
        reference: String::new(),
    };
    Judged {
        id: format!("{}/{}", held.metric, held.limit.name),
        family: Family::Comparability,
        measure: String::new(),
        entity: None,
        score: figure,
        limit: Some(held.limit.clone()),
        status: Standing::Incomplete,
        reason: Some(reason),
        needed_n: None,
    }
}

/// Ids are unique: a second figure of one id is numbered.
fn number_ids(judged: &mut [Judged]) {
    let mut seen: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    for one in judged {
        let count = seen.entry(one.id.clone()).or_default();
        *count += 1;
        if *count > 1 {
            one.id = format!("{}#{count}", one.id);
        }
    }
}

/// Fail if a limit is missed, else incomplete if one could not be judged, else pass.
pub(crate) fn verdict(judged: &[Judged]) -> Verdict {
    let count = |status| judged.iter().filter(|one| one.limit.is_some() && one.status == status).count();
    let (passed, failed, incomplete) = (count(Standing::Pass), count(Standing::Fail), count(Standing::Incomplete));
    let status = match (failed, incomplete) {
        (0, 0) if passed == 0 => Standing::Incomplete,
        (0, 0) => Standing::Pass,
        (0, _) => Standing::Incomplete,
        _ => Standing::Fail,
    };
    let mut reasons = Vec::new();
    for status in [Standing::Fail, Standing::Incomplete] {
        for one in judged.iter().filter(|one| one.limit.is_some() && one.status == status) {
            let word = if status == Standing::Fail { "failed" } else { "not judged" };
            let name = one.limit.as_ref().map_or("", |limit| limit.name.as_str());
            reasons.push(format!("{name} {word}: {}: {}", one.id, one.reason.as_deref().unwrap_or("")));
        }
    }
    if passed + failed + incomplete == 0 {
        reasons.push("the profile sets no limit on anything that was computed".to_owned());
    }
    Verdict { status, reasons, passed, failed, incomplete }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assessment::{Better, Bounds};

    fn figure(value: f64, interval: Option<(f64, f64)>) -> Figure {
        Figure {
            metric: "m".into(),
            about: Vec::new(),
            value: Some(value),
            interval: interval.map(|(low, high)| Bounds { low, high, level: 0.95 }),
            benchmark: None,
            direction: Better::Lower,
            range: (Some(0.0), Some(1.0)),
            n: 100,
            means: String::new(),
            method: String::new(),
            reference: String::new(),
        }
    }

    fn limit(side: Side, bound: f64, of: Of) -> Limit {
        Limit { name: "l".into(), side, bound, of, why: "w".into(), source: "s".into(), line: 1 }
    }

    #[test]
    fn the_end_of_the_interval_decides_not_the_value() {
        let most = limit(Side::AtMost, 0.1, Of::Interval);
        let standing = |value, ends| against(&figure(value, Some(ends)), &most, None).0;
        assert_eq!(standing(0.05, (0.0, 0.09)), Standing::Pass);
        assert_eq!(standing(0.05, (0.0, 0.11)), Standing::Fail);
        assert_eq!(standing(0.1, (0.1, 0.1)), Standing::Pass, "the bound itself is allowed");
        let least = limit(Side::AtLeast, 0.9, Of::Interval);
        assert_eq!(against(&figure(0.95, Some((0.89, 1.0))), &least, None).0, Standing::Fail);
        assert_eq!(against(&figure(0.95, Some((0.91, 1.0))), &least, None).0, Standing::Pass);
    }

    #[test]
    fn too_little_data_never_pass_but_can_fail() {
        let most = limit(Side::AtMost, 0.1, Of::Interval);
        let few = Some("too few");
        assert_eq!(against(&figure(0.0, Some((0.0, 0.05))), &most, few).0, Standing::Incomplete);
        assert_eq!(against(&figure(0.5, Some((0.2, 0.8))), &most, few).0, Standing::Fail);
        assert_eq!(against(&figure(0.0, None), &most, None).0, Standing::Incomplete);
        let mut none = figure(0.0, None);
        none.value = None;
        assert_eq!(against(&none, &limit(Side::AtMost, 0.1, Of::Value), None).0, Standing::Incomplete);
    }

    #[test]
    fn counts_of_what_stands_in_the_files_are_held_by_their_value() {
        let zero = limit(Side::AtMost, 0.0, Of::Value);
        assert_eq!(against(&figure(0.0, Some((0.0, 0.01))), &zero, None).0, Standing::Pass);
        assert_eq!(against(&figure(0.001, None), &zero, None).0, Standing::Fail);
    }
}
