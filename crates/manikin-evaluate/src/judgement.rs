//! Figures held to limits: the rule by which one passes, fails or cannot be judged.
//!
//! Of an interval, the *near* end is the one on the side of the bound, and the *far* end the other. *Harmless* is what at
//! most one in a hundred faultless datasets of the same size goes beyond.
//!
//! 1. A figure that could not be computed is incomplete.
//! 2. If the near end is within the bound, the figure **passes**, unless its metric says that it cannot be read at this
//!    size, such as a false-positive rate of .001 among 100 people: then it is incomplete. A small dataset does not pass
//!    by luck, because its interval is wide.
//! 3. If the far end is beyond the bound too, and the value is beyond what is harmless, it **fails** at any size.
//! 4. If what is harmless is beyond the bound as well, or the figure cannot be read at this size, it is **incomplete**: the
//!    bound tells harm from chance only with more records, and the reason says with how many.
//! 5. Else it **fails**.
//!
//! Where nothing is uncertain (`of: value`) both ends are the value.

use manikin_metrics::Harmless;

use crate::assessment::{Family, Figure, Judged, Limit, Of, Side, Standing, Verdict, Waiver, WaiverSeen, WaiverState};
use crate::profile::{Granted, Held, Profile};

/// A figure that was computed, before it is judged.
pub(crate) struct Found {
    pub(crate) family: Family,
    pub(crate) measure: &'static str,
    pub(crate) entity: Option<String>,
    pub(crate) figure: Figure,
    /// Why it is incomplete.
    pub(crate) incomplete: Option<String>,
    /// How many records it would take to read it at all.
    pub(crate) needed_n: Option<u64>,
    /// What faultless data may come to at this size.
    pub(crate) harmless: Option<Harmless>,
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
    let mut found = match (&limit, &one.incomplete) {
        (None, None) => Outcome { status: Standing::Info, reason: None, needed_n: None },
        (None, Some(why)) => Outcome::incomplete(why.clone(), one.needed_n),
        (Some(limit), why) => against(&figure, limit, why.as_deref().map(|why| (why, one.needed_n)), one.harmless),
    };
    if found.status == Standing::Pass
        && one.family.needs_holdout()
        && let Some(weakened) = &grounds.weakened
    {
        found = Outcome::incomplete(weakened.clone(), None);
    }
    let Outcome { status, reason, needed_n } = found;
    let (family, measure, entity) = (one.family, one.measure.to_owned(), one.entity);
    Judged { id, family, measure, entity, score: figure, limit, status, reason, needed_n, waiver: None }
}

/// What came of a figure.
struct Outcome {
    status: Standing,
    reason: Option<String>,
    needed_n: Option<u64>,
}

impl Outcome {
    fn incomplete(reason: impl Into<String>, needed_n: Option<u64>) -> Self {
        Self { status: Standing::Incomplete, reason: Some(reason.into()), needed_n }
    }
}

/// Holds a figure to a limit by the rule above. `unreadable` says why a computed figure cannot be read at this size, or
/// why there is none, and how many records it takes to read it.
fn against(
    figure: &Figure,
    limit: &Limit,
    unreadable: Option<(&str, Option<u64>)>,
    harmless: Option<Harmless>,
) -> Outcome {
    let Some(value) = figure.value else {
        let (why, needed_n) = unreadable.unwrap_or(("it could not be computed", None));
        return Outcome::incomplete(why, needed_n);
    };
    let (near, far) = match (limit.of, figure.interval) {
        (Of::Value, _) => (value, value),
        (Of::Interval, None) => {
            let none = ("it has no interval, so that nothing says how sure the value is", None);
            let (why, needed_n) = unreadable.unwrap_or(none);
            return Outcome::incomplete(why, needed_n);
        }
        (Of::Interval, Some(interval)) => match limit.side {
            Side::AtMost => (interval.high, interval.low),
            Side::AtLeast => (interval.low, interval.high),
        },
    };
    let (is_beyond, word): (fn(f64, f64) -> bool, _) = match limit.side {
        Side::AtMost => (|x, bound| x > bound, "above"),
        Side::AtLeast => (|x, bound| x < bound, "below"),
    };
    let bound = limit.bound;
    if !is_beyond(near, bound) {
        return match unreadable {
            Some((why, needed_n)) => Outcome::incomplete(why, needed_n),
            None => Outcome { status: Standing::Pass, reason: None, needed_n: None },
        };
    }
    let what = if limit.of == Of::Value { "the value" } else { "the end of the interval" };
    let says = format!("{what}, {}, is {word} {}", shown(near), shown(bound));
    let is_beyond_chance = harmless.is_none_or(|harmless| is_beyond(value, harmless.value));
    let of_chance = |harmless: Harmless| if limit.of == Of::Value { harmless.value } else { harmless.end };
    let by_chance = harmless.filter(|harmless| is_beyond(of_chance(*harmless), bound));
    if is_beyond(far, bound) && is_beyond_chance {
        return Outcome { status: Standing::Fail, reason: Some(says), needed_n: None };
    }
    let n = figure.n;
    let chance = by_chance.map(|harmless| {
        let (reach, needed) =
            (shown(of_chance(harmless)), harmless.needed(n as usize, bound).map(|needed| needed.max(n + 1)));
        let takes = match needed {
            Some(needed) => format!("it takes about {}", grouped(needed)),
            None => format!("no number of records is enough, because it settles at {}", shown(harmless.settles)),
        };
        (format!("{says}, but at n {} harmless data can reach {reach} by chance: {takes}", grouped(n)), needed)
    });
    match (unreadable, chance) {
        (Some((why, readable)), chance) => match chance.and_then(|(_, needed)| needed) {
            Some(needed) if readable.is_none_or(|readable| needed > readable) => {
                let why = format!("{why}, and about {} until harmless data keep the limit", grouped(needed));
                Outcome::incomplete(why, Some(needed))
            }
            _ => Outcome::incomplete(why, readable),
        },
        (None, Some((why, needed))) => Outcome::incomplete(why, needed),
        (None, None) => Outcome { status: Standing::Fail, reason: Some(says), needed_n: None },
    }
}

/// A whole number with commas between thousands.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
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
        waiver: None,
    }
}

/// Marks what the profile waives, and says what came of each waiver. `today` is in days since 1970-01-01; an expired
/// waiver lets nothing go, and the figures that it was about say so.
pub(crate) fn waive(judged: &mut [Judged], profile: &Profile, today: i32) -> Vec<WaiverSeen> {
    let state_of = |granted: &Granted| WaiverSeen {
        waiver: granted.waiver.clone(),
        limit: granted.limit.clone(),
        state: if granted.last_day < today { WaiverState::Expired } else { WaiverState::Unused },
        figures: 0,
    };
    let mut seen: Vec<WaiverSeen> = profile.waivers.iter().map(state_of).collect();
    for one in judged.iter_mut().filter(|one| one.blocks()) {
        for (granted, seen) in profile.waivers.iter().zip(&mut seen) {
            let Some(limit) = &one.limit else { continue };
            if !granted.is_about(limit, &one.score, one.entity.as_deref()) {
                continue;
            }
            seen.figures += 1;
            if seen.state == WaiverState::Expired {
                let Waiver { name, owner, expires, .. } = &granted.waiver;
                let reason = one.reason.get_or_insert_default();
                reason.push_str(&format!("; the waiver {name} of {owner} expired on {expires}"));
            } else {
                seen.state = WaiverState::Used;
                one.waiver = Some(granted.waiver.clone());
                break;
            }
        }
    }
    seen
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

/// Fail if a limit is missed, else incomplete if one could not be judged, else pass; what is waived counts as neither.
pub(crate) fn verdict(judged: &[Judged]) -> Verdict {
    let held = || judged.iter().filter(|one| one.limit.is_some());
    let count = |status| held().filter(|one| one.waiver.is_none() && one.status == status).count();
    let (passed, failed, incomplete) = (count(Standing::Pass), count(Standing::Fail), count(Standing::Incomplete));
    let waived = held().filter(|one| one.waiver.is_some()).count();
    let status = match (failed, incomplete) {
        (0, 0) if passed + waived == 0 => Standing::Incomplete,
        (0, 0) => Standing::Pass,
        (0, _) => Standing::Incomplete,
        _ => Standing::Fail,
    };
    let mut reasons = Vec::new();
    let says = |one: &Judged, word: &str| {
        let name = one.limit.as_ref().map_or("", |limit| limit.name.as_str());
        format!("{name} {word}: {}: {}", one.id, one.reason.as_deref().unwrap_or(""))
    };
    for (status, word) in [(Standing::Fail, "failed"), (Standing::Incomplete, "not judged")] {
        let of = held().filter(|one| one.blocks() && one.status == status);
        reasons.extend(of.map(|one| says(one, word)));
    }
    for one in held() {
        if let Some(Waiver { owner, expires, why, .. }) = &one.waiver {
            reasons.push(says(one, &format!("waived by {owner} until {expires} ({why})")));
        }
    }
    if passed + failed + incomplete + waived == 0 {
        reasons.push("the profile sets no limit on anything that was computed".to_owned());
    }
    Verdict { status, reasons, passed, failed, incomplete, waived }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assessment::{Better, Bounds};
    use manikin_metrics::Falls;

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

    fn standing(figure: &Figure, limit: &Limit, unreadable: Option<&str>, harmless: Option<Harmless>) -> Standing {
        against(figure, limit, unreadable.map(|why| (why, Some(1000))), harmless).status
    }

    #[test]
    fn the_end_of_the_interval_decides_not_the_value() {
        let most = limit(Side::AtMost, 0.1, Of::Interval);
        let of = |value, ends| standing(&figure(value, Some(ends)), &most, None, None);
        assert_eq!(of(0.05, (0.0, 0.09)), Standing::Pass);
        assert_eq!(of(0.05, (0.0, 0.11)), Standing::Fail);
        assert_eq!(of(0.1, (0.1, 0.1)), Standing::Pass, "the bound itself is allowed");
        let least = limit(Side::AtLeast, 0.9, Of::Interval);
        assert_eq!(standing(&figure(0.95, Some((0.89, 1.0))), &least, None, None), Standing::Fail);
        assert_eq!(standing(&figure(0.95, Some((0.91, 1.0))), &least, None, None), Standing::Pass);
    }

    #[test]
    fn what_cannot_be_read_never_passes_but_can_fail() {
        let most = limit(Side::AtMost, 0.1, Of::Interval);
        let few = Some("too few");
        assert_eq!(standing(&figure(0.0, Some((0.0, 0.05))), &most, few, None), Standing::Incomplete);
        assert_eq!(standing(&figure(0.15, Some((0.05, 0.3))), &most, few, None), Standing::Incomplete);
        assert_eq!(standing(&figure(0.5, Some((0.2, 0.8))), &most, few, None), Standing::Fail);
        assert_eq!(standing(&figure(0.0, None), &most, None, None), Standing::Incomplete);
        let mut none = figure(0.0, None);
        none.value = None;
        assert_eq!(standing(&none, &limit(Side::AtMost, 0.1, Of::Value), None, None), Standing::Incomplete);
    }

    #[test]
    fn what_chance_explains_is_not_judged_and_what_it_does_not_fails_at_any_size() {
        let most = limit(Side::AtMost, 0.02, Of::Interval);
        // 124 members: the best of several attacks on harmless data names up to 8 of them.
        let harmless = Harmless { value: 0.065, end: 0.123, settles: 0.01, falls: Falls::WithRoot };
        let of = |value, ends| against(&figure(value, Some(ends)), &most, None, Some(harmless));
        let by_chance = of(0.06, (0.025, 0.12));
        assert_eq!(
            by_chance.status,
            Standing::Incomplete,
            "the lower end alone is no evidence: so many attacks were tried"
        );
        assert_eq!(by_chance.needed_n, Some(12_769));
        assert!(by_chance.reason.is_some_and(|why| why.contains("0.123 by chance: it takes about 12,769")));
        assert_eq!(of(0.2, (0.13, 0.28)).status, Standing::Fail, "a leak shows at any size");
        assert_eq!(of(0.0, (0.0, 0.02)).status, Standing::Pass, "an interval within the bound vouches for itself");
        let enough = Harmless { value: 0.012, end: 0.015, ..harmless };
        let of = |value, ends| against(&figure(value, Some(ends)), &most, None, Some(enough)).status;
        assert_eq!(of(0.018, (0.016, 0.021)), Standing::Fail, "harmless data would have kept the limit");
    }

    #[test]
    fn a_limit_below_what_chance_settles_at_is_met_by_no_number_of_records() {
        let most = limit(Side::AtMost, 0.005, Of::Interval);
        let harmless = Harmless { value: 0.012, end: 0.015, settles: 0.01, falls: Falls::WithRoot };
        let found = against(&figure(0.01, Some((0.004, 0.02))), &most, None, Some(harmless));
        assert_eq!((found.status, found.needed_n), (Standing::Incomplete, None));
        assert!(found.reason.is_some_and(|why| why.contains("no number of records is enough")));
    }

    #[test]
    fn counts_of_what_stands_in_the_files_are_held_by_their_value() {
        let zero = limit(Side::AtMost, 0.0, Of::Value);
        assert_eq!(standing(&figure(0.0, Some((0.0, 0.01))), &zero, None, None), Standing::Pass);
        assert_eq!(standing(&figure(0.001, None), &zero, None, None), Standing::Fail);
    }
}
