//! [`Buckets`]: public intervals in which numbers, times and counts are looked for, whatever the records hold.

use manikin_expression::{Type, calendar};
use manikin_spec::document::TimeUnit;

/// Intervals of numbers, each with its lower end and without its upper one, in one or more rows of them that each cover
/// the whole line: what lies outside counts as the nearest one.
///
/// Coarse and fine intervals stand beside each other: where many patients are, the fine ones are found, elsewhere the
/// coarse ones are.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Buckets {
    /// Every interval once.
    bounds: Vec<(f64, f64)>,
    /// The rising ends of each row of intervals, with the places in `bounds`.
    rows: Vec<(Vec<f64>, Vec<u32>)>,
}

/// Leading digits of coarse and of fine ends, in hundredths: 1, 2, 5 and about 15 steps to each power of ten.
///
/// # Source
/// ASSUMED: the preferred numbers that scales of charts and instruments use; a quarter to a seventh of a value is about
/// what a few thousand patients can show under noise.
const DIGITS: [&[u64]; 2] =
    [&[100, 200, 500], &[100, 125, 150, 175, 200, 250, 300, 350, 400, 450, 500, 600, 700, 800, 900]];

/// Powers of ten above one that are told apart; beyond, all numbers count alike.
///
/// # Source
/// ASSUMED: amounts, counts and results of health care stay below a thousand million.
const POWERS: u32 = 9;

/// Digits after the point of numbers without declared ones.
///
/// # Source
/// ASSUMED: thousandths tell most laboratory results apart.
const DIGITS_AFTER_POINT: u8 = 3;

/// Lengths of time, in seconds: from a minute to a century.
///
/// # Source
/// ASSUMED: the steps in which stays and returns are planned and counted; months of 30 and years of 365 days.
const LENGTHS: [i64; 29] = {
    const M: i64 = 60;
    const H: i64 = 60 * M;
    const D: i64 = 24 * H;
    [
        M,
        5 * M,
        15 * M,
        30 * M,
        H,
        2 * H,
        4 * H,
        8 * H,
        12 * H,
        D,
        2 * D,
        3 * D,
        5 * D,
        7 * D,
        14 * D,
        21 * D,
        30 * D,
        60 * D,
        90 * D,
        180 * D,
        365 * D,
        730 * D,
        1_095 * D,
        1_825 * D,
        3_650 * D,
        7_300 * D,
        14_600 * D,
        21_900 * D,
        36_500 * D,
    ]
};

/// First and last year of days and times.
///
/// # Source
/// ASSUMED: nobody in electronic records was born before 1850, and nothing is planned after 2150.
const YEARS: [i64; 2] = [1850, 2150];

impl Buckets {
    /// Numbers of a type that bins of it have; `None` for a type without bins.
    pub(crate) fn of_type(ty: &Type) -> Option<Self> {
        match ty {
            Type::Integer => Some(Self::numbers(0)),
            Type::Decimal(scale) => Some(Self::numbers(*scale)),
            Type::Float => Some(Self::numbers(DIGITS_AFTER_POINT)),
            Type::Date => Some(Self::years(1)),
            Type::DateTime => Some(Self::years(calendar::DAY)),
            _ => None,
        }
    }

    /// Zero and the signed preferred numbers around it, at multiples of the last digit after the point.
    fn numbers(digits_after_point: u8) -> Self {
        let digits_after_point = u32::from(digits_after_point).min(6);
        let one = 10_u64.pow(digits_after_point);
        let row = |digits: &&[u64]| {
            let mut ends: Vec<u64> = (0..digits_after_point + POWERS)
                .flat_map(|power| digits.iter().map(move |digit| (digit * 10_u64.pow(power)).div_ceil(100)))
                .chain([one * 10_u64.pow(POWERS)])
                .collect();
            ends.dedup();
            let signed = ends.iter().rev().map(|end| -(*end as f64)).chain([0.0]);
            signed.chain(ends.iter().map(|end| *end as f64)).map(|end| end / one as f64).collect()
        };
        Self::of(DIGITS.iter().map(row).collect())
    }

    /// Decades and years, in units of which a day has so many.
    fn years(units_of_a_day: i64) -> Self {
        let row = |step: i64| {
            let starts = (YEARS[0]..=YEARS[1]).filter(|year| year % step == 0);
            starts
                .filter_map(|year| calendar::date(year, 1, 1))
                .map(|day| (i64::from(day) * units_of_a_day) as f64)
                .collect()
        };
        Self::of(vec![row(10), row(1)])
    }

    /// Lengths of time that are whole numbers of a unit, before and after, or after only.
    pub(crate) fn lengths(unit: TimeUnit, is_day: bool, is_signed: bool) -> Self {
        let unit = unit.micros();
        let step = if is_day { unit.max(calendar::DAY) } else { unit };
        let lengths = LENGTHS.iter().map(|seconds| seconds * calendar::SECOND);
        let mut ends: Vec<f64> =
            lengths.filter(|length| length % step == 0).map(|length| (length / unit) as f64).collect();
        // A week is the one unit of which a day is no multiple.
        let before: Vec<f64> = ends.iter().rev().filter(|_| is_signed).map(|end| -end).collect();
        ends.splice(0..0, before.into_iter().chain([0.0]));
        Self::of(vec![ends])
    }

    /// Numbers of rows: each up to 2, then doubling.
    pub(crate) fn counts() -> Self {
        let doubling = (1..=20).map(|power| f64::from((1_u32 << power) + 1));
        Self::of(vec![[0.0, 1.0, 2.0].into_iter().chain(doubling).collect()])
    }

    fn of(rows: Vec<Vec<f64>>) -> Self {
        let mut bounds: Vec<(f64, f64)> = Vec::new();
        let mut place = |low: f64, high: f64| match bounds.iter().position(|own| *own == (low, high)) {
            Some(at) => at as u32,
            None => {
                bounds.push((low, high));
                (bounds.len() - 1) as u32
            }
        };
        let rows = rows
            .into_iter()
            .map(|ends| {
                let places = ends.windows(2).map(|pair| place(pair[0], pair[1])).collect();
                (ends, places)
            })
            .collect();
        Self { bounds, rows }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.bounds.len()
    }

    /// The ends of one of them.
    pub(crate) fn bounds(&self, at: usize) -> Option<(f64, f64)> {
        self.bounds.get(at).copied()
    }

    /// Those that hold a number.
    pub(crate) fn holding(&self, value: f64) -> impl Iterator<Item = u32> {
        self.rows.iter().filter_map(move |(ends, places)| {
            let at = ends.partition_point(|end| *end <= value).max(1) - 1;
            places.get(at.min(places.len().saturating_sub(1))).copied()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Buckets> {
        let types = [Type::Integer, Type::Decimal(2), Type::Decimal(12), Type::Float, Type::Date, Type::DateTime];
        let units = [TimeUnit::Seconds, TimeUnit::Minutes, TimeUnit::Hours, TimeUnit::Days, TimeUnit::Weeks];
        let lengths = units.iter().flat_map(|unit| {
            [(true, true), (true, false), (false, true), (false, false)]
                .map(|(is_day, is_signed)| Buckets::lengths(*unit, is_day, is_signed))
        });
        types.iter().filter_map(Buckets::of_type).chain(lengths).chain([Buckets::counts()]).collect()
    }

    #[test]
    fn every_number_is_in_one_interval_of_each_row() {
        for buckets in all() {
            assert!(
                buckets.rows.iter().all(|(ends, _)| ends.len() > 2 && ends.windows(2).all(|pair| pair[0] < pair[1]))
            );
            for value in [0.0, 1.0, -1.0, 0.004, 17.3, -250.0, 1e5, 1e300, -1e300, f64::INFINITY] {
                let holding: Vec<u32> = buckets.holding(value).collect();
                assert_eq!(holding.len(), buckets.rows.len());
                for at in holding {
                    let (low, high) = buckets.bounds(at as usize).expect("there");
                    let (first, last) = (buckets.rows[0].0[0], buckets.rows[0].0[buckets.rows[0].0.len() - 1]);
                    let inside = value.clamp(first, last);
                    assert!(low <= inside && (inside < high || inside == last), "{value} in {low}..{high}");
                }
            }
        }
    }

    #[test]
    fn intervals_are_the_same_everywhere_and_hold_values_of_their_type() {
        let whole = Buckets::of_type(&Type::Integer).expect("bins");
        assert!(whole.bounds.iter().all(|(low, high)| low.fract() == 0.0 && high.fract() == 0.0));
        let held = |buckets: &Buckets, value: f64| -> Vec<(f64, f64)> {
            buckets.holding(value).filter_map(|at| buckets.bounds(at as usize)).collect()
        };
        assert_eq!(held(&whole, 37.0), [(20.0, 50.0), (35.0, 40.0)]);
        assert_eq!(held(&whole, 0.0), [(0.0, 1.0), (0.0, 1.0)]);
        let money = Buckets::of_type(&Type::Decimal(2)).expect("bins");
        assert_eq!(held(&money, -0.03), [(-0.05, -0.02), (-0.03, -0.02)].map(|(low, high)| (low, high)));
        let counts = Buckets::counts();
        assert_eq!(
            [0.0, 2.0, 4.0, 5.0, 8.0].map(|rows| held(&counts, rows)[0]),
            [(0.0, 1.0), (2.0, 3.0), (3.0, 5.0), (5.0, 9.0), (5.0, 9.0)]
        );
        let gaps = Buckets::lengths(TimeUnit::Weeks, true, false);
        assert_eq!(gaps.rows[0].0[..3], [0.0, 1.0, 2.0]);
    }
}
