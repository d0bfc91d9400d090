//! Instants within a window that follow a pattern of the week and the year.

use crate::values;
use manikin_random::{Cumulative, Stream};
use manikin_spec::spec::Week;

const MINUTE: i64 = 60_000_000;
const QUARTER: i64 = 15 * MINUTE;
const DAY: i64 = 96 * QUARTER;
/// Windows up to this many days are weighed quarter hour by quarter hour; longer ones are drawn by rejection.
const ENUMERATED_DAYS: i64 = 4;
/// Draws before a long window is searched instead.
const ATTEMPTS: usize = 64;
/// Longest stretch that is searched when draws fail, in days.
const SEARCHED_DAYS: i64 = 62;

/// A week's pattern, ready to draw from.
pub(crate) struct WeekSampler {
    rates: Vec<f64>,
    days: [f64; 7],
    quarters: Vec<Option<Cumulative>>,
    months: [f64; 12],
    largest: f64,
}

/// A window, half open, in microseconds; and how its instants are rounded.
#[derive(Clone, Copy)]
pub(crate) struct Window {
    /// First instant.
    pub(crate) start: i64,
    /// End, not included.
    pub(crate) end: i64,
    /// Instants are multiples of this many minutes.
    pub(crate) minutes: i64,
}

impl WeekSampler {
    /// Prepares a pattern.
    pub(crate) fn new(week: &Week) -> Self {
        let mut days = [0.0; 7];
        let mut quarters = Vec::with_capacity(7);
        for (day, total) in days.iter_mut().enumerate() {
            let rates = &week.quarters[day * 96..(day + 1) * 96];
            *total = rates.iter().sum();
            quarters.push(Cumulative::new(rates).ok());
        }
        let month = week.months.iter().copied().fold(0.0, f64::max);
        let largest = days.iter().copied().fold(0.0, f64::max) * month;
        Self { rates: week.quarters.clone(), days, quarters, months: week.months, largest }
    }

    /// The same rate always.
    pub(crate) fn uniform() -> Self {
        Self::new(&Week { quarters: vec![1.0; 672], months: [1.0; 12] })
    }

    /// An instant in the window for which `free` holds, or `None` where the pattern leaves none.
    pub(crate) fn draw(&self, window: Window, stream: &mut Stream, free: impl Fn(i64) -> bool) -> Option<i64> {
        if window.end <= window.start {
            return None;
        }
        let first = window.start.div_euclid(DAY);
        let last = (window.end - 1).div_euclid(DAY);
        if last - first < ENUMERATED_DAYS {
            return self.search(window, stream, &free);
        }
        let span = (last - first + 1) as u64;
        for _ in 0..ATTEMPTS {
            let day = first + stream.below(span) as i64;
            let weekday = weekday(day);
            let weight = self.days[weekday] * self.months[month(day)];
            if stream.uniform() * self.largest > weight {
                continue;
            }
            let Some(quarters) = &self.quarters[weekday] else { continue };
            let quarter = quarters.pick(stream.uniform()) as i64;
            let instant = within_quarter(day * DAY + quarter * QUARTER, window.minutes, stream);
            if instant >= window.start && instant < window.end && free(instant) {
                return Some(instant);
            }
        }
        let searched = Window { end: window.end.min(window.start + SEARCHED_DAYS * DAY), ..window };
        self.search(searched, stream, &free).or_else(|| self.search(window, stream, &free))
    }

    /// Weighs every quarter hour of the window that is free, and draws one.
    fn search(&self, window: Window, stream: &mut Stream, free: &impl Fn(i64) -> bool) -> Option<i64> {
        let step = window.minutes * MINUTE;
        let mut candidates: Vec<(i64, f64)> = Vec::new();
        let mut quarter = window.start.div_euclid(QUARTER) * QUARTER;
        while quarter < window.end {
            let day = quarter.div_euclid(DAY);
            let slot = (quarter.rem_euclid(DAY) / QUARTER) as usize;
            let rate = self.rates[weekday(day) * 96 + slot] * self.months[month(day)];
            if rate > 0.0 {
                // The first instant of the quarter hour that lies in the window and on the grid.
                let instant = ceil_to(quarter.max(window.start), step);
                if instant < window.end && instant < quarter + QUARTER && free(instant) {
                    candidates.push((quarter, rate));
                }
            }
            quarter += QUARTER;
        }
        let weights: Vec<f64> = candidates.iter().map(|(_, rate)| *rate).collect();
        let chosen = Cumulative::new(&weights).ok()?.pick(stream.uniform());
        let quarter = candidates[chosen].0;
        let first = ceil_to(quarter.max(window.start), step);
        let drawn = within_quarter(quarter, window.minutes, stream);
        if drawn >= first && drawn < window.end && free(drawn) { Some(drawn) } else { Some(first) }
    }
}

/// An instant of the quarter hour on the grid of minutes.
fn within_quarter(quarter: i64, minutes: i64, stream: &mut Stream) -> i64 {
    let step = minutes * MINUTE;
    if minutes >= 15 {
        return ceil_to(quarter, step);
    }
    let steps = (15 / minutes).max(1) as u64;
    ceil_to(quarter, step) + stream.below(steps) as i64 * step
}

fn ceil_to(instant: i64, step: i64) -> i64 {
    instant.div_euclid(step) * step + if instant.rem_euclid(step) == 0 { 0 } else { step }
}

/// Monday is 0; 1970-01-01 was a Thursday.
fn weekday(day: i64) -> usize {
    (day + 3).rem_euclid(7) as usize
}

/// January is 0.
///
/// # Source
/// Days to civil date: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
fn month(day: i64) -> usize {
    let shifted = day + 719_468;
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    ((from_march + 2) % 12) as usize
}

/// Windows from two columns of dates or instants; an end that is a date includes its day.
pub(crate) fn windows(
    start: &manikin_tables::Column,
    end: &manikin_tables::Column,
    minutes: u32,
) -> Vec<Option<Window>> {
    let whole_day = *end.ty() == manikin_expression::Type::Date;
    let ends = values::to_instants(end);
    values::to_instants(start)
        .into_iter()
        .zip(ends)
        .map(|(start, end)| {
            let end = end? + if whole_day { DAY } else { 0 };
            Some(Window { start: start?, end, minutes: i64::from(minutes) })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use manikin_random::{Name, RunKey};

    #[test]
    fn months_and_weekdays_agree_with_the_calendar() {
        // 2024-02-29 was a Thursday, 2025-12-31 a Wednesday, 1969-12-31 a Wednesday.
        assert_eq!((month(19_782), weekday(19_782)), (1, 3));
        assert_eq!((month(20_453), weekday(20_453)), (11, 2));
        assert_eq!((month(-1), weekday(-1)), (11, 2));
    }

    #[test]
    fn a_closed_window_gives_nothing_and_an_open_quarter_hour_gives_itself() {
        let mut quarters = vec![0.0; 672];
        quarters[33] = 1.0;
        let sampler = WeekSampler::new(&Week { quarters, months: [1.0; 12] });
        let mut stream = RunKey::new(1).address().stream(Name::of("t"));
        let monday = 4 * DAY;
        let window = Window { start: monday, end: monday + 7 * DAY, minutes: 1 };
        for _ in 0..100 {
            let drawn = sampler.draw(window, &mut stream, |_| true).unwrap();
            assert_eq!((drawn - monday).div_euclid(QUARTER), 33);
        }
        let closed = Window { start: monday + DAY, end: monday + 6 * DAY, minutes: 1 };
        assert_eq!(sampler.draw(closed, &mut stream, |_| true), None);
        assert_eq!(sampler.draw(window, &mut stream, |_| false), None);
    }
}
