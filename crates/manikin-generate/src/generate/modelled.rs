//! Codes of a learned model made into values: listed values as they are, bins by a value uniform in them.

use super::Cx;
use crate::error::GenerateError;
use crate::plan::{LearnedField, LearnedForm};
use crate::values::{self, NONE};
use manikin_expression::{Type, calendar, power_of_ten};
use manikin_spec::document::TimeUnit;
use manikin_spec::spec::{Anchor, Bin, Since};
use manikin_tables::Column;

/// Microseconds that times are whole multiples of, the first that a bin has room for.
const STEPS: [i64; 3] = [60 * calendar::SECOND, calendar::SECOND, 1];

impl Cx<'_> {
    /// The values of a learned field for all rows.
    pub(super) fn modelled(&self, learned: &LearnedField, ty: &Type) -> Result<Column, GenerateError> {
        let own = self.own();
        let missing = || GenerateError::new(self.place, "the model has no codes for it");
        let codes = own.codes.get(learned.attribute).ok_or_else(missing)?;
        let domain = &learned.domain;
        Ok(match &learned.form {
            LearnedForm::Values(dictionary) => {
                let null = domain.null();
                let picks: Vec<u32> = codes
                    .iter()
                    .map(|code| u32::from(*code))
                    .map(|code| if Some(code) == null { NONE } else { code })
                    .collect();
                values::gather(dictionary, &picks)
            }
            LearnedForm::Bins => self.within(codes.iter().map(|code| domain.bounds(u32::from(*code))), ty),
            LearnedForm::By(other) => {
                let by = own.codes.get(*other).ok_or_else(missing)?;
                let pairs = codes.iter().zip(by);
                self.within(pairs.map(|(code, by)| domain.bounds_by(u32::from(*code), u32::from(*by))), ty)
            }
            LearnedForm::Since(since) => self.since(since, codes, ty)?,
        })
    }

    /// Values uniform in the bins of the rows; NULL where a row has none.
    fn within(&self, bins: impl Iterator<Item = Option<Bin>>, ty: &Type) -> Column {
        let drawn = bins.enumerate().map(|(row, bin)| bin.map(|bin| (bin, self.uniform(row))));
        match ty {
            Type::Date => {
                let days = drawn.map(|drawn| drawn.map(|(bin, u)| whole_in(bin, 1.0, u) as i64 * calendar::DAY));
                values::from_instants(days.collect(), ty)
            }
            Type::DateTime => {
                let times = drawn.map(|drawn| drawn.map(|(bin, u)| time_in(bin, &STEPS, u)));
                values::from_instants(times.collect(), ty)
            }
            Type::Integer => {
                let numbers: Vec<f64> =
                    drawn.map(|drawn| drawn.map_or(f64::NAN, |(bin, u)| whole_in(bin, 1.0, u))).collect();
                values::from_numbers(&numbers, ty)
            }
            Type::Decimal(scale) => {
                let one = power_of_ten(*scale) as f64;
                let number = |(bin, u)| whole_in(bin, 1.0 / one, u) / one;
                let numbers: Vec<f64> = drawn.map(|drawn| drawn.map_or(f64::NAN, number)).collect();
                values::from_numbers(&numbers, ty)
            }
            _ => {
                let numbers: Vec<f64> =
                    drawn.map(|drawn| drawn.map_or(f64::NAN, |(bin, u)| number_in(bin, u))).collect();
                values::from_numbers(&numbers, ty)
            }
        }
    }

    /// Times at learned offsets from other times.
    fn since(&self, since: &Since, codes: &[u16], ty: &Type) -> Result<Column, GenerateError> {
        let (expression, previous) = match &since.anchor {
            Anchor::Time(expression) => (expression, false),
            Anchor::Previous { first } => (first, true),
        };
        let anchors = values::to_instants(&self.evaluate(expression, None)?);
        let steps: &[i64] = match (ty, since.unit) {
            (Type::Date, _) => &[calendar::DAY],
            (_, TimeUnit::Seconds) => &STEPS[1..],
            _ => &STEPS,
        };
        let unit = since.unit.micros() as f64;
        let (first, last) = (i64::from(calendar::FIRST_DAY), i64::from(calendar::LAST_DAY) + 1);
        let within = |time: i64| time.clamp(first * calendar::DAY, last * calendar::DAY - 1);
        let own = self.own();
        let mut times: Vec<Option<i64>> = Vec::with_capacity(codes.len());
        let mut before: Option<i64> = None;
        for (row, code) in codes.iter().enumerate() {
            if row == 0 || own.parent[row] != own.parent[row - 1] {
                before = None;
            }
            let anchor = if previous { before.or(anchors[row]) } else { anchors[row] };
            // Days are counted from the day that the other time falls on.
            let anchor =
                anchor.map(|at| if *ty == Type::Date { at.div_euclid(calendar::DAY) * calendar::DAY } else { at });
            let bin = (u32::from(*code) < since.bins.size()).then(|| since.bins.bin(u32::from(*code)));
            let time = anchor.zip(bin).map(|(anchor, bin)| {
                let bin = Bin { low: bin.low * unit, high: bin.high * unit, ..bin };
                within(anchor.saturating_add(time_in(bin, steps, self.uniform(row))))
            });
            before = time.or(before);
            times.push(time);
        }
        Ok(values::from_instants(times, ty))
    }
}

/// A multiple of a step in a bin, as a number of steps; the one nearest to the middle where there is none.
fn whole_in(bin: Bin, step: f64, uniform: f64) -> f64 {
    match bin.multiples(step) {
        Some((first, last)) => first + (uniform * (last - first + 1.0)).floor().min(last - first),
        None => ((bin.low + bin.high) / 2.0 / step).round(),
    }
}

/// Microseconds in a bin, in multiples of the first step that it has room for.
fn time_in(bin: Bin, steps: &[i64], uniform: f64) -> i64 {
    let fitting = steps.iter().find(|step| bin.multiples(**step as f64).is_some());
    let step = fitting.or(steps.last()).copied().unwrap_or(1);
    (whole_in(bin, step as f64, uniform) as i64).saturating_mul(step)
}

/// A number in a bin, with two digits more than the bin's width needs.
///
/// # Source
/// ASSUMED: a hundred steps a bin are finer than what was learned, and short enough to read.
fn number_in(bin: Bin, uniform: f64) -> f64 {
    let width = bin.high - bin.low;
    let digits = 2.0 - libm::floor(libm::log10(width));
    let found = if digits >= 0.0 {
        let one = libm::pow(10.0, digits.min(15.0));
        whole_in(bin, 1.0 / one, uniform) / one
    } else {
        let one = libm::pow(10.0, -digits);
        whole_in(bin, one, uniform) * one
    };
    let inside = found >= bin.low && (found < bin.high || (bin.closed && found == bin.high));
    if inside { found } else { bin.low }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_lie_in_their_bin(
            low in -1e6..1e6f64, width in 1e-3..1e6f64, uniform in 0.0..1.0f64, closed in any::<bool>(),
        ) {
            let bin = Bin { low, high: low + width, closed };
            let found = number_in(bin, uniform);
            prop_assert!(found >= bin.low && (found < bin.high || closed));
        }

        #[test]
        fn whole_numbers_take_every_value_of_their_bin_and_no_other(
            low in -50i32..50, width in 1i32..9, closed in any::<bool>(),
        ) {
            let bin = Bin { low: f64::from(low), high: f64::from(low + width), closed };
            let count = width + i32::from(closed);
            let middle = |at: i32| (f64::from(at) + 0.5) / f64::from(count);
            let found: Vec<f64> = (0..count).map(|at| whole_in(bin, 1.0, middle(at))).collect();
            let expected: Vec<f64> = (0..count).map(|at| f64::from(low + at)).collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn cents_lie_in_their_bin_though_edges_are_no_binary_fractions() {
        let bin = Bin { low: 0.1, high: 0.3, closed: false };
        let found: Vec<f64> = [0.0, 0.5, 0.999].map(|u| whole_in(bin, 0.01, u)).to_vec();
        assert_eq!(found, [10.0, 20.0, 29.0]);
    }

    #[test]
    fn times_are_whole_minutes_where_the_bin_has_room() {
        let minute = 60 * calendar::SECOND;
        let bin = |low: i64, high: i64| Bin { low: low as f64, high: high as f64, closed: false };
        assert_eq!(time_in(bin(0, 2 * minute), &STEPS, 0.9), minute);
        assert_eq!(time_in(bin(minute + 1, minute + 3 * calendar::SECOND), &STEPS, 0.0), minute + calendar::SECOND);
    }
}
