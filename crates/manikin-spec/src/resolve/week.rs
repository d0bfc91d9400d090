//! Patterns worked out: a rate for each quarter hour of the week, a factor for each month.

use super::Resolver;
use super::report::Place;
use super::value::share;
use crate::document::{Day, Pattern, Shape};
use crate::spec::Week;
use manikin_diagnostic::codes;

/// Quarter hours in a day.
const DAY: usize = 96;
/// Quarter hours in a week.
const WEEK: usize = 7 * DAY;

/// Patterns that start from each other, at most: a bound on the stack.
const DEEPEST: usize = 64;

/// By how much a peak exceeds what lies outside it where the document does not say.
/// ASSUMED: 5 % is seen in a chart and changes a day's profile little.
const PEAK_MARGIN: f64 = 0.05;

const DAYS: [(&str, Day); 7] = [
    ("mon", Day::Mon),
    ("tue", Day::Tue),
    ("wed", Day::Wed),
    ("thu", Day::Thu),
    ("fri", Day::Fri),
    ("sat", Day::Sat),
    ("sun", Day::Sun),
];

impl Resolver<'_> {
    /// The week of the pattern of this name, or `None` where the pattern or one that it starts from has a mistake.
    /// Mistakes are reported once, when a pattern is first asked for.
    pub(super) fn week(&self, name: &str) -> Option<Week> {
        if let Some(known) = self.weeks.borrow().get(name) {
            return known.clone();
        }
        let pattern = self.document.patterns.get(name)?;
        let place = Place::new(&["patterns", name]);
        if self.weeks_open.borrow().iter().any(|open| open == name) {
            let mut circle = self.weeks_open.borrow().clone();
            circle.push(name.to_owned());
            let message = format!("patterns start from each other in a circle: {}", circle.join(" → "));
            self.report.error(&place.key("like"), codes::PATTERN_CYCLE, message);
            return None;
        }
        if self.weeks_open.borrow().len() >= DEEPEST {
            let message = format!("patterns start from each other over more than {DEEPEST} steps");
            self.report.error(&place.key("like"), codes::PATTERN_CYCLE, message);
            return None;
        }
        self.weeks_open.borrow_mut().push(name.to_owned());
        let week = self.build_week(pattern, &place);
        self.weeks_open.borrow_mut().pop();
        self.weeks.borrow_mut().insert(name.to_owned(), week.clone());
        week
    }

    fn build_week(&self, pattern: &Pattern, place: &Place) -> Option<Week> {
        let mut week = self.base(pattern, place)?;
        let mut sound = true;
        for (key, factor) in pattern.days.iter().flatten() {
            let at = place.key("days").key(key);
            match DAYS.iter().position(|(name, _)| name == key) {
                None => {
                    let names = DAYS.iter().map(|(name, _)| *name);
                    self.report.unknown_key(&at, codes::NOT_ONE_OF, "day", key, names);
                    sound = false;
                }
                Some(day) if self.rate_is_sound(*factor, &at) => {
                    week.quarters[day * DAY..(day + 1) * DAY].iter_mut().for_each(|rate| *rate *= factor);
                }
                Some(_) => sound = false,
            }
        }
        if let Some(months) = &pattern.months {
            let at = place.key("months");
            if self.has_length(months.len(), 12, &at) {
                for (position, (month, factor)) in week.months.iter_mut().zip(months).enumerate() {
                    sound &= self.rate_is_sound(*factor, &at.key(position));
                    *month *= factor;
                }
            } else {
                sound = false;
            }
        }
        for day in &pattern.closed {
            let start = index(*day) * DAY;
            week.quarters[start..start + DAY].fill(0.0);
        }
        if let Some(open) = &pattern.open {
            match self.window(&open.from, &open.to, &place.key("open")) {
                Some(window) => {
                    let inside = window.quarters_of_day();
                    for (position, rate) in week.quarters.iter_mut().enumerate() {
                        if !inside[position % DAY] {
                            *rate = 0.0;
                        }
                    }
                }
                None => sound = false,
            }
        }
        for (position, shape) in pattern.shape.iter().enumerate() {
            let at = place.key("shape").key(position);
            sound &= match shape {
                Shape::Boost(boost) => self.boost(&mut week, boost, &at.key("boost")),
                Shape::Relative(relative) => self.relative(&mut week, relative, &at.key("relative")),
                Shape::Peak(peak) => self.peak(&mut week, peak, &at.key("peak")),
            };
        }
        if !sound {
            return None;
        }
        let happens = week.quarters.iter().sum::<f64>() > 0.0 && week.months.iter().sum::<f64>() > 0.0;
        if !happens {
            self.report.error(place, codes::NO_WEIGHT, "nothing ever happens in this pattern: every rate is 0");
            return None;
        }
        Some(week)
    }

    /// What a pattern starts from: another pattern, hours of the day, hours of the week, or the same rate throughout.
    fn base(&self, pattern: &Pattern, place: &Place) -> Option<Week> {
        let given: Vec<&str> = [
            pattern.like.as_ref().map(|_| "like"),
            pattern.hours.as_ref().map(|_| "hours"),
            pattern.hours_of_week.as_ref().map(|_| "hours_of_week"),
        ]
        .into_iter()
        .flatten()
        .collect();
        if given.len() > 1 {
            let message = format!("a pattern starts from one thing; here are {}", given.join(" and "));
            self.report.hint(&place.key(given[1]), codes::KEYS_EXCLUDE, message, "keep one of them");
            return None;
        }
        let flat = flat();
        if let Some(like) = &pattern.like {
            if !self.document.patterns.contains_key(like) {
                let names = self.document.patterns.keys().map(String::as_str);
                self.report.unknown(&place.key("like"), codes::UNKNOWN_PATTERN, "pattern", like, names);
                return None;
            }
            return self.week(like);
        }
        if let Some(hours) = &pattern.hours {
            let at = place.key("hours");
            if !self.has_length(hours.len(), 24, &at) {
                return None;
            }
            let mut sound = true;
            for (position, rate) in hours.iter().enumerate() {
                sound &= self.rate_is_sound(*rate, &at.key(position));
            }
            let quarters = (0..WEEK).map(|quarter| hours[quarter % DAY / 4]).collect();
            return sound.then_some(Week { quarters, ..flat });
        }
        match &pattern.hours_of_week {
            Some(source) => self.hours_of_week(source, &place.key("hours_of_week")),
            None => Some(flat),
        }
    }

    fn hours_of_week(&self, source: &crate::document::HoursOfWeek, place: &Place) -> Option<Week> {
        let table = self.table(&source.table, &place.key("table"))?;
        let day = self.numeric_column(table, &source.day, &place.key("day"));
        let hour = self.numeric_column(table, &source.hour, &place.key("hour"));
        let weight = self.numeric_column(table, &source.weight, &place.key("weight"));
        let (day, hour, weight) = (day?, hour?, weight?);
        let mut rates: Vec<Option<f64>> = vec![None; 7 * 24];
        for (row, ((day, hour), weight)) in day.iter().zip(&hour).zip(&weight).enumerate() {
            let whole = |value: &Option<f64>, below: u8| {
                (0..below).find(|number| *value == Some(f64::from(*number))).map(usize::from)
            };
            let (Some(d), Some(h)) = (whole(day, 7), whole(hour, 24)) else {
                let message = format!("row {} of `{}` names no hour of the week", row + 1, source.table);
                self.report.hint(place, codes::OUT_OF_BOUNDS, message, "days are 0 (Monday) to 6, hours 0 to 23");
                return None;
            };
            let slot = &mut rates[d * 24 + h];
            if slot.is_some() {
                let message = format!("row {} of `{}` gives day {d}, hour {h} again", row + 1, source.table);
                self.report.error(place, codes::DUPLICATE_NAME, message);
                return None;
            }
            if !self.rate_is_sound(weight.unwrap_or(f64::NAN), place) {
                return None;
            }
            *slot = *weight;
        }
        if let Some(missing) = rates.iter().position(Option::is_none) {
            let message = format!("`{}` has no row for day {}, hour {}", source.table, missing / 24, missing % 24);
            self.report.hint(place, codes::OUT_OF_BOUNDS, message, "write all 168 hours, 0 where nothing happens");
            return None;
        }
        let quarters = (0..WEEK).map(|quarter| rates[quarter / 4].unwrap_or(0.0)).collect();
        Some(Week { quarters, months: [1.0; 12] })
    }

    fn boost(&self, week: &mut Week, boost: &crate::document::Boost, place: &Place) -> bool {
        let window = self.window(&boost.from, &boost.to, place);
        let sound = self.rate_is_sound(boost.times, &place.key("times"));
        let (Some(window), true) = (window, sound) else {
            return false;
        };
        let every: Vec<Day> = DAYS.iter().map(|(_, day)| *day).collect();
        let days = if boost.days.is_empty() { &every } else { &boost.days };
        for quarter in window.on(days) {
            week.quarters[quarter] *= boost.times;
        }
        true
    }

    /// Afterwards the mean total of the window over `days` is `times` the mean total of the same clock window over
    /// `to_days`; the shape within the window stays as it was.
    fn relative(&self, week: &mut Week, relative: &crate::document::Relative, place: &Place) -> bool {
        let window = self.window(&relative.from, &relative.to, place);
        let mut sound = self.rate_is_sound(relative.times, &place.key("times"));
        for (key, days) in [("days", &relative.days), ("to_days", &relative.to_days)] {
            if days.is_empty() {
                self.report.error(&place.key(key), codes::OUT_OF_BOUNDS, "name at least one day");
                sound = false;
            }
        }
        if let Some(day) = relative.days.iter().find(|day| relative.to_days.contains(day)) {
            let message = format!("{} is set relative to itself", DAYS[index(*day)].0);
            self.report.hint(&place.key("to_days"), codes::KEYS_EXCLUDE, message, "name other days in `to_days`");
            sound = false;
        }
        let (Some(window), true) = (window, sound) else {
            return false;
        };
        let own = window.mean_total(week, &relative.days);
        let other = window.mean_total(week, &relative.to_days);
        if own <= 0.0 || other <= 0.0 {
            let which = if own <= 0.0 { "days" } else { "to_days" };
            let message = format!("nothing happens in this window on `{which}`, so no factor can relate the two");
            self.report.error(&place.key(which), codes::NO_WEIGHT, message);
            return false;
        }
        let factor = relative.times * other / own;
        for quarter in window.on(&relative.days) {
            week.quarters[quarter] *= factor;
        }
        true
    }

    /// Afterwards each quarter hour of the window, on the mean of the seven days, is at least 1 + margin times the
    /// busiest outside. A window of the same length elsewhere trades at least one of them for one from outside, so
    /// it holds less.
    fn peak(&self, week: &mut Week, peak: &crate::document::Peak, place: &Place) -> bool {
        let window = self.window(&peak.from, &peak.to, place);
        let margin = match &peak.margin {
            None => Some(PEAK_MARGIN),
            Some(weight) => match share(weight) {
                Some(margin) if margin > 0.0 && margin.is_finite() => Some(margin),
                _ => {
                    let help = "write how much the peak exceeds the rest, such as `5%`";
                    self.report.hint(&place.key("margin"), codes::BAD_PARAMETER, "a margin is above 0", help);
                    None
                }
            },
        };
        let (Some(window), Some(margin)) = (window, margin) else {
            return false;
        };
        let inside = window.quarters_of_day();
        if inside.iter().all(|inside| *inside) {
            let message = "a peak of the whole day leaves nothing outside";
            self.report.error(&place.key("to"), codes::OUT_OF_BOUNDS, message);
            return false;
        }
        let mean: Vec<f64> =
            (0..DAY).map(|clock| (0..7).map(|day| week.quarters[day * DAY + clock]).sum::<f64>() / 7.0).collect();
        let busiest = (0..DAY).filter(|clock| !inside[*clock]).map(|clock| mean[clock]).fold(0.0, f64::max);
        // A hair more than asked for, so that rounding never makes it less.
        let least = busiest * (1.0 + margin) * (1.0 + 4.0 * f64::EPSILON);
        for clock in (0..DAY).filter(|clock| inside[*clock]) {
            if mean[clock] <= 0.0 {
                let message =
                    format!("nothing happens at {:02}:{:02}, so it cannot be raised", clock / 4, clock % 4 * 15);
                self.report.error(&place.key("from"), codes::NO_WEIGHT, message);
                return false;
            }
            if mean[clock] < least {
                let factor = least / mean[clock];
                (0..7).for_each(|day| week.quarters[day * DAY + clock] *= factor);
            }
        }
        true
    }

    fn rate_is_sound(&self, rate: f64, place: &Place) -> bool {
        let sound = rate >= 0.0 && rate.is_finite();
        if !sound {
            self.report.error(place, codes::NEGATIVE_WEIGHT, format!("a rate is 0 or more, not {rate}"));
        }
        sound
    }

    fn has_length(&self, found: usize, wanted: usize, place: &Place) -> bool {
        if found != wanted {
            self.report.error(place, codes::OUT_OF_BOUNDS, format!("there are {found} numbers instead of {wanted}"));
        }
        found == wanted
    }

    fn window(&self, from: &str, to: &str, place: &Place) -> Option<Window> {
        let start = self.quarter(from, &place.key("from"));
        let end = self.quarter(to, &place.key("to"));
        let (start, end) = (start?, end?);
        if start == end || start == DAY {
            let help = "a window past midnight is written with the later time first: 22:00 to 06:00";
            self.report.hint(&place.key("to"), codes::RANGE_UPSIDE_DOWN, "the window is empty", help);
            return None;
        }
        let length = if end > start { end - start } else { end + DAY - start };
        Some(Window { start, length })
    }

    /// A time of day as a number of quarter hours, 24:00 included.
    fn quarter(&self, text: &str, place: &Place) -> Option<usize> {
        let number = |part: &str| {
            let digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| part.parse::<usize>().ok()).flatten()
        };
        let time = text
            .split_once(':')
            .and_then(|(hour, minute)| Some((number(hour)?, number(minute)?)))
            .filter(|(hour, minute)| *minute < 60 && hour * 60 + minute <= 24 * 60);
        match time {
            None => {
                let message = format!("`{text}` is no time of day");
                self.report.hint(place, codes::BAD_DATE, message, "write hours and minutes: \"07:30\"");
                None
            }
            Some((_, minute)) if minute % 15 != 0 => {
                let message = format!("`{text}` is not on a quarter hour");
                self.report.hint(place, codes::OUT_OF_BOUNDS, message, "patterns know :00, :15, :30 and :45");
                None
            }
            Some((hour, minute)) => Some(hour * 4 + minute / 15),
        }
    }
}

/// A stretch of the clock; it may run past midnight into the next day.
#[derive(Clone, Copy, Debug)]
struct Window {
    start: usize,
    length: usize,
}

impl Window {
    /// The quarter hours of the week that the windows starting on these days cover.
    fn on(self, days: &[Day]) -> Vec<usize> {
        let mut starts: Vec<usize> = days.iter().map(|day| index(*day)).collect();
        starts.sort_unstable();
        starts.dedup();
        starts
            .into_iter()
            .flat_map(|day| (0..self.length).map(move |step| (day * DAY + self.start + step) % WEEK))
            .collect()
    }

    fn quarters_of_day(self) -> [bool; DAY] {
        let mut inside = [false; DAY];
        (0..self.length).for_each(|step| inside[(self.start + step) % DAY] = true);
        inside
    }

    fn mean_total(self, week: &Week, days: &[Day]) -> f64 {
        let quarters = self.on(days);
        let total: f64 = quarters.iter().map(|quarter| week.quarters[*quarter]).sum();
        total * self.length as f64 / quarters.len() as f64
    }
}

/// Monday is 0.
fn index(day: Day) -> usize {
    day as usize
}

/// The same rate at all times.
pub(super) fn flat() -> Week {
    Week { quarters: vec![1.0; WEEK], months: [1.0; 12] }
}
