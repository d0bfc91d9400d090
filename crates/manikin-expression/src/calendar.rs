//! Days and microseconds since 1970-01-01 to calendar fields and back, proleptic Gregorian.
//!
//! Whole columns pass through these functions, so they are plain integer arithmetic without allocation.
//! Years run from 1 to 9999, which every dialect the rules are rendered for can hold.
//!
//! # Source
//! Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil` and `civil_from_days`.

/// Microseconds in a second.
pub const SECOND: i64 = 1_000_000;
/// Microseconds in a day.
pub const DAY: i64 = 86_400 * SECOND;
/// The first day held, 0001-01-01, in days since 1970-01-01.
pub const FIRST_DAY: i32 = -719_162;
/// The last day held, 9999-12-31, in days since 1970-01-01.
pub const LAST_DAY: i32 = 2_932_896;

/// The year, month (1-12) and day (1-31) of a day count.
pub fn civil(days: i32) -> (i32, u32, u32) {
    let shifted = i64::from(days) + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year as i32, month as u32, day as u32)
}

/// The day count of a year, month and day that exist; day counts outside the months are not checked.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let from_march = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Days in a month of a year.
pub fn month_length(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// The day count of a calendar date, or `None` when there is no such day from year 1 to 9999.
pub fn date(year: i64, month: i64, day: i64) -> Option<i32> {
    let exists =
        (1..=9999).contains(&year) && (1..=12).contains(&month) && (1..=month_length(year, month)).contains(&day);
    if exists { i32::try_from(days(year, month, day)).ok() } else { None }
}

/// A day count when it lies in years 1 to 9999.
pub fn in_range(days: i64) -> Option<i32> {
    i32::try_from(days).ok().filter(|d| (FIRST_DAY..=LAST_DAY).contains(d))
}

/// A moment when it lies in years 1 to 9999.
pub fn moment_in_range(micros: i64) -> Option<i64> {
    in_range(micros.div_euclid(DAY)).map(|_| micros)
}

/// A day moved by calendar months, its day clamped to the month's last: 31 January + 1 month is 28 or 29 February.
pub fn add_months(day: i32, months: i64) -> Option<i32> {
    let (year, month, in_month) = civil(day);
    let index = (i64::from(year) * 12 + i64::from(month) - 1).checked_add(months)?;
    let (year, month) = (index.div_euclid(12), index.rem_euclid(12) + 1);
    if !(1..=9999).contains(&year) {
        return None;
    }
    date(year, month, i64::from(in_month).min(month_length(year, month)))
}

/// Completed calendar months from one moment to another, negative when `to` is earlier.
///
/// A month is complete when day of month and time of day are reached: 31 January to 28 February is 0 months.
pub fn months_between(from: i64, to: i64) -> i64 {
    let (from_day, to_day) = (from.div_euclid(DAY), to.div_euclid(DAY));
    let (Some(a), Some(b)) = (in_range(from_day), in_range(to_day)) else {
        return 0;
    };
    let ((y1, m1, d1), (y2, m2, d2)) = (civil(a), civil(b));
    let months = (i64::from(y2) - i64::from(y1)) * 12 + i64::from(m2) - i64::from(m1);
    let start = (d1, from.rem_euclid(DAY));
    let end = (d2, to.rem_euclid(DAY));
    if months > 0 && end < start {
        months - 1
    } else if months < 0 && end > start {
        months + 1
    } else {
        months
    }
}

/// Reads `YYYY-MM-DD`.
pub fn parse_date(text: &str) -> Option<i32> {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    date(digits(&bytes[0..4])?, digits(&bytes[5..7])?, digits(&bytes[8..10])?)
}

/// Reads `YYYY-MM-DDTHH:MM[:SS[.ffffff]]`, with `T` or a space between.
pub fn parse_datetime(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() < 16 || !matches!(bytes[10], b'T' | b' ') || bytes[13] != b':' {
        return None;
    }
    let day = parse_date(text.get(..10)?)?;
    let (hour, minute) = (digits(&bytes[11..13])?, digits(&bytes[14..16])?);
    let mut second = 0;
    let mut micros = 0;
    if bytes.len() > 16 {
        if bytes.len() < 19 || bytes[16] != b':' {
            return None;
        }
        second = digits(&bytes[17..19])?;
        if bytes.len() > 19 {
            let part = &bytes[20..];
            if bytes[19] != b'.' || part.is_empty() || part.len() > 6 {
                return None;
            }
            micros = digits(part)?;
            for _ in part.len()..6 {
                micros *= 10;
            }
        }
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some(i64::from(day) * DAY + (hour * 3600 + minute * 60 + second) * SECOND + micros)
}

fn digits(bytes: &[u8]) -> Option<i64> {
    let mut value = 0;
    for byte in bytes {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value * 10 + i64::from(byte - b'0');
    }
    Some(value)
}

/// Writes a day as `YYYY-MM-DD`.
pub fn date_text(day: i32) -> String {
    let (year, month, day) = civil(day);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Writes a moment as `YYYY-MM-DDTHH:MM:SS`, with microseconds where there are any; `between` is the letter between.
pub fn datetime_text(micros: i64, between: char) -> String {
    let day = micros.div_euclid(DAY) as i32;
    let rest = micros.rem_euclid(DAY);
    let (second, part) = (rest / SECOND, rest % SECOND);
    let date = date_text(day);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    if part == 0 {
        format!("{date}{between}{hour:02}:{minute:02}:{second:02}")
    } else {
        format!("{date}{between}{hour:02}:{minute:02}:{second:02}.{part:06}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_ten_thousand_years_survives_the_round_trip() {
        assert_eq!(date(1, 1, 1), Some(FIRST_DAY));
        assert_eq!(date(9999, 12, 31), Some(LAST_DAY));
        for day in (FIRST_DAY..=LAST_DAY).step_by(7) {
            let (y, m, d) = civil(day);
            assert_eq!(date(i64::from(y), i64::from(m), i64::from(d)), Some(day));
        }
    }

    #[test]
    fn months_are_clamped_and_counted_when_complete() {
        let day = |text| parse_date(text).expect("a date");
        assert_eq!(add_months(day("2024-01-31"), 1), Some(day("2024-02-29")));
        assert_eq!(add_months(day("2024-03-31"), -1), Some(day("2024-02-29")));
        assert_eq!(add_months(day("9999-12-01"), 1), None);
        let at = |text| i64::from(day(text)) * DAY;
        assert_eq!(months_between(at("2024-01-31"), at("2024-02-29")), 0);
        assert_eq!(months_between(at("2024-01-15"), at("2025-01-15")), 12);
        assert_eq!(months_between(at("2025-01-15"), at("2024-01-16")), -11);
    }

    #[test]
    fn malformed_text_is_no_date() {
        for text in [
            "2025-02-30",
            "2025-1-01",
            "",
            "2025-01-01T25:00",
            "2025-01-01T10:00:",
            "é025-01-0é",
            "2025-01-01 10:00:00.1234567",
        ] {
            assert_eq!(parse_date(text), None, "{text}");
            assert_eq!(parse_datetime(text), None, "{text}");
        }
        assert_eq!(parse_datetime("1970-01-02 00:00:01.5"), Some(DAY + 1_500_000));
    }
}
