//! What an edition of the report may say of a number.
//!
//! The public edition shows no count of 1 to 10 and none from which one could be told: counts are rounded to tens, and
//! rates to steps that are worth ten records or more, so that sums and differences stay blurred too.

use manikin_evaluate::assessment::{Bounds, Figure};

/// For whom a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edition {
    /// For those who may see the real records.
    Internal,
    /// For anybody: rounded, without small counts and without anything about single rows.
    Public,
}

/// The least count that may be published.
///
/// # Source
/// Cell suppression policy of the Centers for Medicare and Medicaid Services: no cell of 1 to 10.
const LEAST: u64 = 11;

/// What counts are rounded to in public.
///
/// ASSUMED: ten, one less than the least count: an unpublished cell cannot be told from a total and the cells beside it.
const GRAIN: u64 = 10;

/// A figure as an edition says it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Said {
    /// The value, rounded.
    Value(f64),
    /// Less than that: what exactly is not published.
    Under(f64),
    /// More than that.
    Over(f64),
    /// There is none, or it may not be shown.
    Nothing,
}

impl Said {
    /// The number to draw.
    pub(crate) fn number(self) -> Option<f64> {
        match self {
            Self::Value(value) | Self::Under(value) | Self::Over(value) => Some(value),
            Self::Nothing => None,
        }
    }

    /// The text to show.
    pub(crate) fn text(self) -> String {
        match self {
            Self::Value(value) => number(value),
            Self::Under(value) => format!("under {}", number(value)),
            Self::Over(value) => format!("over {}", number(value)),
            Self::Nothing => "none".to_owned(),
        }
    }
}

impl Edition {
    /// A count as it may be shown; `None` for one that may not.
    pub(crate) fn count(self, count: u64) -> Option<u64> {
        match self {
            Self::Internal => Some(count),
            Self::Public if count == 0 => Some(0),
            Self::Public if count < LEAST => None,
            // What rounds to ten would read as a count that is not published.
            Self::Public => Some(((count + GRAIN / 2) / GRAIN * GRAIN).max(2 * GRAIN)),
        }
    }

    /// A count in words.
    pub(crate) fn count_text(self, count: u64) -> String {
        self.count(count).map_or_else(|| format!("under {LEAST}"), grouped)
    }

    /// A share of rows, from counts as they may be shown.
    pub(crate) fn share(self, count: u64, of: u64) -> Option<f64> {
        let (count, of) = (self.count(count)?, self.count(of)?);
        (of > 0).then(|| (count as f64 / of as f64).min(1.0))
    }

    /// A share in words.
    pub(crate) fn share_text(self, count: u64, of: u64) -> String {
        match self.share(count, of) {
            Some(share) => percent(share),
            None if of == 0 => "none".to_owned(),
            None => "few".to_owned(),
        }
    }

    /// The value of a figure.
    pub(crate) fn value(self, figure: &Figure) -> Said {
        let Some(value) = figure.value else { return Said::Nothing };
        match self {
            Self::Internal => Said::Value(value),
            Self::Public if figure.n < LEAST => Said::Nothing,
            Self::Public if is_rate(figure) => {
                let n = figure.n as f64;
                let few = |count: f64| count > 1e-9 && count < LEAST as f64 - 0.5;
                let step = step(n);
                if few(value * n) {
                    Said::Under(libm::ceil(LEAST as f64 / n / step) * step)
                } else if few((1.0 - value) * n) {
                    Said::Over(1.0 - libm::ceil(LEAST as f64 / n / step) * step)
                } else {
                    Said::Value(libm::round(value / step) * step)
                }
            }
            Self::Public => Said::Value(two_digits(value)),
        }
    }

    /// The interval of a figure; in public its ends are moved outward to the steps that values are rounded to.
    pub(crate) fn interval(self, figure: &Figure) -> Option<(f64, f64)> {
        let Bounds { low, high, .. } = figure.interval?;
        match (self, self.value(figure)) {
            (Self::Internal, _) => Some((low, high)),
            (Self::Public, Said::Nothing) => None,
            (Self::Public, said) if is_rate(figure) => {
                let step = step(figure.n as f64);
                let low = if matches!(said, Said::Under(_)) { 0.0 } else { libm::floor(low / step + 1e-9) * step };
                let high = if matches!(said, Said::Over(_)) { 1.0 } else { libm::ceil(high / step - 1e-9) * step };
                Some((low.max(0.0), high.min(1.0)))
            }
            (Self::Public, _) => Some((two_digits(low), two_digits(high))),
        }
    }

    /// What faultless data would score.
    pub(crate) fn benchmark(self, figure: &Figure) -> Option<f64> {
        let benchmark = figure.benchmark?;
        match self {
            Self::Internal => Some(benchmark),
            Self::Public if figure.n < LEAST => None,
            Self::Public if is_rate(figure) => {
                let step = step(figure.n as f64);
                Some(libm::round(benchmark / step) * step)
            }
            Self::Public => Some(two_digits(benchmark)),
        }
    }

    /// A number that many rows went into, such as a correlation.
    pub(crate) fn blurred(self, value: f64, n: u64) -> Option<f64> {
        match self {
            Self::Internal => Some(value),
            Self::Public => (n >= LEAST).then(|| libm::round(value * 50.0) / 50.0),
        }
    }

    /// Whether this is the public edition.
    pub(crate) fn is_public(self) -> bool {
        self == Self::Public
    }
}

/// Whether a figure lies between 0 and 1 and may so be a count over `n`.
fn is_rate(figure: &Figure) -> bool {
    figure.range.0.is_some_and(|low| low >= -1.0) && figure.range.1.is_some_and(|high| high <= 1.0)
}

/// The step that rates over `n` records are rounded to: 1, 2 or 5 times a power of ten, worth ten records or more.
fn step(n: f64) -> f64 {
    let least = (GRAIN as f64 / n.max(1.0)).clamp(0.001, 0.5);
    let mut power = 0.001;
    loop {
        for factor in [1.0, 2.0, 5.0] {
            // Rounded anew, so that 0.002 is the number that is written so.
            let step = libm::round(power * factor * 1000.0) / 1000.0;
            if step + 1e-12 >= least {
                return step;
            }
        }
        power *= 10.0;
    }
}

/// Rounded to two significant digits.
fn two_digits(value: f64) -> f64 {
    format!("{value:.1e}").parse().unwrap_or(value)
}

/// A number with four significant digits at most.
pub(crate) fn number(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let size = value.abs();
    if size >= 1e15 {
        return format!("{value:.2e}");
    }
    if size >= 1000.0 {
        let whole = grouped(libm::round(size) as u64);
        return if value < 0.0 { format!("-{whole}") } else { whole };
    }
    if size < 0.0001 {
        return format!("{value:.1e}");
    }
    let text = if size >= 100.0 {
        format!("{value:.1}")
    } else if size >= 10.0 {
        format!("{value:.2}")
    } else {
        format!("{value:.4}")
    };
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A share as a percentage.
pub(crate) fn percent(share: f64) -> String {
    let value = share * 100.0;
    if value == 0.0 || value >= 99.95 {
        return format!("{value:.0} %");
    }
    if value < 0.095 { format!("{value:.2} %") } else { format!("{value:.1} %") }
}

/// A chosen rate, such as .001, as a percentage without digits that say nothing.
pub(crate) fn rate(rate: f64) -> String {
    format!("{} %", number(libm::round(rate * 1e7) / 1e5))
}

/// A whole number with commas between thousands.
pub(crate) fn grouped(count: u64) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;
    use manikin_evaluate::assessment::Better;

    fn share(value: f64, n: u64) -> Figure {
        Figure {
            metric: "share".into(),
            about: Vec::new(),
            value: Some(value),
            interval: Some(Bounds { low: (value - 0.013).max(0.0), high: (value + 0.013).min(1.0), level: 0.95 }),
            benchmark: None,
            direction: Better::Lower,
            range: (Some(0.0), Some(1.0)),
            n,
            means: String::new(),
            method: String::new(),
            reference: String::new(),
        }
    }

    #[test]
    fn no_count_of_one_to_ten_is_published() {
        for count in 1..=10 {
            assert_eq!(Edition::Public.count(count), None);
            assert_eq!(Edition::Public.count_text(count), "under 11");
            assert_eq!(Edition::Internal.count(count), Some(count));
        }
        assert_eq!(Edition::Public.count(0), Some(0));
        for count in 11..2000 {
            let shown = Edition::Public.count(count).expect("shown");
            assert!(shown.is_multiple_of(10) && shown > 10 && shown.abs_diff(count) < 10, "{count} as {shown}");
        }
    }

    #[test]
    fn a_published_rate_gives_no_small_count_away() {
        for n in [11_u64, 40, 163, 1000, 16_281] {
            for hits in 0..=n.min(400) {
                let said = Edition::Public.value(&share(hits as f64 / n as f64, n));
                // Every count that would have been said the same way.
                let alike = (0..=n).filter(|&other| Edition::Public.value(&share(other as f64 / n as f64, n)) == said);
                let alike = alike.count();
                assert!(hits == 0 || hits == n || alike >= 4, "{hits} of {n}: {said:?} says one of {alike}");
                if (1..=10).contains(&hits) {
                    assert!(!matches!(said, Said::Value(_)), "{hits} of {n}: {said:?}");
                }
            }
        }
        assert_eq!(Edition::Public.value(&share(0.5, 10)), Said::Nothing);
        assert_eq!(Edition::Public.interval(&share(0.5, 10)), None);
    }

    #[test]
    fn published_intervals_hold_the_exact_ones() {
        for n in [50, 163, 5000] {
            for hits in (0..=n).step_by(7) {
                let figure = share(hits as f64 / n as f64, n);
                let (low, high) = Edition::Public.interval(&figure).expect("an interval");
                let exact = figure.interval.expect("an interval");
                assert!(low <= exact.low + 1e-9 && high >= exact.high - 1e-9, "{hits} of {n}");
            }
        }
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(number(0.000_012), "1.2e-5");
        assert_eq!(number(0.9607), "0.9607");
        assert_eq!(number(1_234_567.8), "1,234,568");
        assert_eq!(number(-12.5), "-12.5");
        assert_eq!(percent(0.1234), "12.3 %");
        assert_eq!(percent(0.000_4), "0.04 %");
        assert_eq!(percent(1.0), "100 %");
        assert_eq!([rate(0.00001), rate(0.001), rate(0.1)], ["0.001 %", "0.1 %", "10 %"]);
    }
}
