//! Windows of days and times, and the patterns that times follow.

use super::generator::Site;
use super::report::Place;
use super::{ALWAYS, Resolver};
use crate::document::{self, PatternChoice};
use crate::spec::{Generator, Time, TimePattern};
use manikin_diagnostic::{Diagnostic, codes};
use manikin_expression::{Expression, Scope};

impl<'a> Resolver<'a> {
    /// The ends of a window; upside down where both are plain days is an error.
    pub(super) fn window_of(&self, ends: &[String; 2], scope: &dyn Scope, place: &Place) -> Option<[Expression; 2]> {
        let at = place.key("within");
        let from = self.temporal(&ends[0], scope, &at.key(0));
        let to = self.temporal(&ends[1], scope, &at.key(1));
        let (from, to) = (from?, to?);
        if let (Some(low), Some(high)) = (from.literal(), to.literal())
            && super::value::compare(low, high) == Some(std::cmp::Ordering::Greater)
        {
            self.report.error(&at.key(1), codes::RANGE_UPSIDE_DOWN, "the window ends before it starts");
            return None;
        }
        Some([from, to])
    }

    pub(super) fn time(&self, time: &document::TimeWithin, site: &Site<'_, 'a>, place: &Place) -> Option<Generator> {
        let within = self.window_of(&time.within, &site.scope, place);
        let pattern = self.time_pattern(time.pattern.as_ref(), &site.scope, &place.key("pattern"));
        let lasts = self.optional(&time.lasts, |text| self.numeric(text, &site.scope, &place.key("lasts")));
        let apart = self.optional(&time.apart, |name| {
            let at = place.key("apart");
            let found = self.entity_named(name, &at)?;
            if !self.catalog.ancestors(site.entity).any(|ancestor| ancestor == found) {
                let message = format!("`{}` does not belong to `{name}`", self.catalog.get(site.entity).name);
                self.report.hint(&at, codes::BAD_LINK, message, "`apart` names an ancestor, such as the patient");
                return None;
            }
            Some(found)
        });
        if time.apart.is_some() && time.lasts.is_none() {
            let message = "how long it lasts is needed to keep it apart from others";
            self.report.hint(&place.key("apart"), codes::MISSING_KEY, message, "give `lasts`, in minutes");
            return None;
        }
        let minutes = time.minutes.unwrap_or(1);
        if minutes == 0 || 60 % minutes != 0 {
            let message = format!("an hour is not made of steps of {minutes} minutes");
            self.report.hint(&place.key("minutes"), codes::OUT_OF_BOUNDS, message, "write 1, 5, 10, 15, 30 or 60");
            return None;
        }
        let (within, pattern, lasts, apart) = (within?, pattern?, lasts?, apart?);
        Some(Generator::Time(Box::new(Time { within, pattern, lasts, apart, minutes })))
    }

    fn time_pattern(&self, pattern: Option<&PatternChoice>, scope: &dyn Scope, place: &Place) -> Option<TimePattern> {
        match pattern {
            None => Some(TimePattern::Uniform),
            Some(PatternChoice::One(name)) => self.pattern_named(name, place).map(TimePattern::One),
            Some(PatternChoice::By(choices)) => {
                let Some(by) = choices.get("by") else {
                    let message = "`by` is missing: which field chooses the pattern?";
                    self.report.push(place, Diagnostic::error(codes::MISSING_KEY, message));
                    return None;
                };
                let value = self.expression(by, scope, &place.key("by"));
                let mut sound = true;
                let mut patterns = Vec::new();
                let mut otherwise = None;
                for (key, name) in choices.iter().filter(|(key, _)| *key != "by") {
                    match self.pattern_named(name, &place.key(key)) {
                        Some(name) if key == "else" => otherwise = Some(name),
                        Some(name) => patterns.push((key.clone(), name)),
                        None => sound = false,
                    }
                }
                let value = value.filter(|_| sound)?;
                Some(TimePattern::By { value, patterns, otherwise })
            }
        }
    }

    fn pattern_named(&self, name: &str, place: &Place) -> Option<String> {
        if name != ALWAYS && !self.document.patterns.contains_key(name) {
            let names = self.document.patterns.keys().map(String::as_str).chain([ALWAYS]);
            self.report.unknown(place, codes::UNKNOWN_PATTERN, "pattern", name, names);
            return None;
        }
        Some(name.to_owned())
    }
}
