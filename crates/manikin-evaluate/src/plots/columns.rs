//! Distributions of columns over cells that real, holdout and synthetic rows share.
//!
//! Edges are round numbers or days of the calendar, and lie within what all but a few rows hold: an edge must not be
//! some person's value.

use manikin_expression::calendar;
use manikin_metrics::Values;
use manikin_metrics::table::NULL_CODE;
use rayon::prelude::*;

use super::{Cell, Counts, Distribution, Holds};
use crate::assessment::{ColumnKind, Compared, ComparedColumn};
use crate::sides::Sides;

/// Cells of numbers that a drawing is cut into, about.
const CELLS: f64 = 24.0;
/// Categories that have a cell of their own.
const CATEGORIES: usize = 10;
/// The share of rows beyond each end that fall into the outermost cells.
///
/// ASSUMED: one in two hundred, so that a long tail does not press the rest into one cell.
const BEYOND: f64 = 0.005;
/// Seconds in a day.
const DAY: f64 = 86_400.0;

/// The distribution of every compared column, in the order of the spec.
pub(super) fn distributions(sides: &Sides) -> Vec<Distribution> {
    let mut found = Vec::new();
    for (id, compared) in &sides.compared {
        let Some(tables) = sides.tables(*id) else { continue };
        for (place, column) in compared.columns.iter().enumerate() {
            let values = tables.map(|table| table.columns.get(place).map(|column| &column.values));
            if let [Some(real), Some(holdout), Some(synthetic)] = values {
                found.push((compared, column, [real, holdout, synthetic]));
            }
        }
    }
    found.into_par_iter().map(|(compared, column, values)| of(compared, column, values)).collect()
}

fn of(compared: &Compared, column: &ComparedColumn, sides: [&Values; 3]) -> Distribution {
    let cells = match sides {
        [Values::Numbers(real), Values::Numbers(holdout), Values::Numbers(synthetic)] => {
            numbers([real, holdout, synthetic], column.kind)
        }
        [
            Values::Codes { codes: real, labels },
            Values::Codes { codes: holdout, .. },
            Values::Codes { codes: synthetic, .. },
        ] => categories([real, holdout, synthetic], labels),
        _ => Vec::new(),
    };
    Distribution::new(&compared.entity, &column.name, column.kind, column.unit.clone(), cells)
}

fn numbers(sides: [&[f64]; 3], kind: ColumnKind) -> Vec<Cell> {
    let ends = [sides[0], sides[2]].map(ends_of);
    let (low, high) = match ends {
        [Some(a), Some(b)] => (a.0.min(b.0), a.1.max(b.1)),
        [Some(one), None] | [None, Some(one)] => one,
        [None, None] => return nulls(sides.map(|values| values.len() as u64)),
    };
    let is_whole =
        sides.iter().all(|values| values.iter().all(|value| value.is_nan() || *value == libm::floor(*value)));
    let edges = match kind {
        ColumnKind::Date => days(low, high),
        ColumnKind::Time if high - low > 3.0 * DAY => {
            days(low / DAY, high / DAY).into_iter().map(|day| day * DAY).collect()
        }
        _ => round_edges(low, high, is_whole),
    };
    let last = edges.len() - 2;
    let mut counts = vec![Counts::default(); edges.len()];
    for (side, values) in sides.into_iter().enumerate() {
        for &value in values {
            let cell = if value.is_nan() {
                last + 1
            } else {
                edges.partition_point(|&edge| edge <= value).saturating_sub(1).min(last)
            };
            *counts[cell].of(side) += 1;
        }
    }
    let is_unit = is_whole && kind == ColumnKind::Number && edges[1] - edges[0] == 1.0;
    let mut cells: Vec<Cell> = edges
        .windows(2)
        .zip(&counts)
        .map(|(ends, counts)| {
            let (from, to) = (said(ends[0], kind), said(ends[1], kind));
            let label = if is_unit { from } else { format!("{from} to {to}") };
            Cell { label, holds: Holds::Range(ends[0], ends[1]), counts: *counts }
        })
        .collect();
    if counts[last + 1] != Counts::default() {
        cells.push(Cell { label: "no value".to_owned(), holds: Holds::Null, counts: counts[last + 1] });
    }
    cells
}

fn nulls([real, holdout, synthetic]: [u64; 3]) -> Vec<Cell> {
    let counts = Counts { real, holdout, synthetic };
    vec![Cell { label: "no value".to_owned(), holds: Holds::Null, counts }]
}

/// What all but the outermost rows lie between.
fn ends_of(values: &[f64]) -> Option<(f64, f64)> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| sorted.get((sorted.len().saturating_sub(1) as f64 * share) as usize).copied();
    Some((at(BEYOND)?, at(1.0 - BEYOND)?))
}

/// Multiples of 1, 2, 2.5 or 5 times a power of ten that span both ends.
fn round_edges(low: f64, high: f64, is_whole: bool) -> Vec<f64> {
    let least = ((high - low) / CELLS).max(libm::fabs(high) * 1e-12).max(1e-12);
    let mut power = libm::pow(10.0, libm::floor(libm::log10(least)));
    let mut step = power;
    'found: for _ in 0..3 {
        for factor in [1.0, 2.0, 2.5, 5.0] {
            step = power * factor;
            if step >= least * (1.0 - 1e-9) && !(is_whole && step != libm::floor(step)) {
                break 'found;
            }
        }
        power *= 10.0;
    }
    if is_whole {
        step = step.max(1.0);
    }
    let first = libm::floor(low / step);
    // The greatest value lies within the last cell, not on its upper edge.
    let count = (libm::floor(high / step) - first + 1.0).clamp(1.0, 4.0 * CELLS) as usize;
    (0..=count).map(|place| (first + place as f64) * step).collect()
}

/// Days on which weeks, months, quarters or years begin, that span both ends.
fn days(low: f64, high: f64) -> Vec<f64> {
    let (low, high) = (low.clamp(-4_000_000.0, 4_000_000.0), high.clamp(-4_000_000.0, 4_000_000.0));
    let span = high - low;
    if span < 370.0 {
        let step = [1.0, 2.0, 7.0, 14.0].into_iter().find(|step| span / step <= CELLS).unwrap_or(14.0);
        let first = libm::floor(low / step);
        let count = (libm::floor(high / step) - first + 1.0).max(1.0) as usize;
        return (0..=count).map(|place| (first + place as f64) * step).collect();
    }
    let months = [1, 3, 6, 12, 24, 60, 120, 240, 600]
        .into_iter()
        .find(|months| span / (f64::from(*months) * 30.44) <= CELLS + 2.0)
        .unwrap_or(1200);
    let (year, month, _) = calendar::civil(low as i32);
    let first = (i64::from(year) * 12 + i64::from(month) - 1).div_euclid(months.into()) * i64::from(months);
    let mut edges = Vec::new();
    let mut at = first;
    while let Some(day) = calendar::date(at.div_euclid(12), at.rem_euclid(12) + 1, 1) {
        edges.push(f64::from(day));
        if f64::from(day) > high && edges.len() > 1 {
            break;
        }
        at += i64::from(months);
    }
    // Beyond the calendar there is nothing to cut: one cell holds it all.
    if edges.len() < 2 { vec![low, high + 1.0] } else { edges }
}

fn said(value: f64, kind: ColumnKind) -> String {
    match kind {
        ColumnKind::Date => calendar::date_text(value as i32),
        ColumnKind::Time => calendar::date_text(libm::floor(value / DAY) as i32),
        _ => {
            let text = format!("{value:.6}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
    }
}

fn categories(sides: [&[u32]; 3], labels: &[String]) -> Vec<Cell> {
    let mut counts = vec![Counts::default(); labels.len()];
    let mut nulls = Counts::default();
    for (side, codes) in sides.into_iter().enumerate() {
        for &code in codes {
            match counts.get_mut(code as usize) {
                Some(counts) => *counts.of(side) += 1,
                None if code == NULL_CODE => *nulls.of(side) += 1,
                None => {}
            }
        }
    }
    let mut order: Vec<usize> = (0..labels.len()).filter(|&code| counts[code] != Counts::default()).collect();
    let rows = sides.map(|codes| codes.len().max(1) as f64);
    // By the greater share, so that what only one side has is seen too.
    let share = |code: usize| (counts[code].real as f64 / rows[0]).max(counts[code].synthetic as f64 / rows[2]);
    order.sort_by(|&a, &b| share(b).total_cmp(&share(a)).then_with(|| labels[a].cmp(&labels[b])));
    let kept = if order.len() == CATEGORIES + 1 { order.len() } else { order.len().min(CATEGORIES) };
    let mut cells: Vec<Cell> = order[..kept]
        .iter()
        .map(|&code| Cell { label: labels[code].clone(), holds: Holds::Category, counts: counts[code] })
        .collect();
    let mut others = Counts::default();
    for &code in &order[kept..] {
        others.real += counts[code].real;
        others.holdout += counts[code].holdout;
        others.synthetic += counts[code].synthetic;
    }
    if others != Counts::default() {
        cells.push(Cell { label: "all others".to_owned(), holds: Holds::Others, counts: others });
    }
    if nulls != Counts::default() {
        cells.push(Cell { label: "no value".to_owned(), holds: Holds::Null, counts: nulls });
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_round_and_hold_every_value() {
        for (low, high) in [(0.0, 1.0), (17.0, 90.0), (-3.5, 1e6), (5.0, 5.0), (0.001, 0.0042)] {
            let edges = round_edges(low, high, false);
            assert!(edges[0] <= low && *edges.last().expect("edges") > high, "{low} to {high}: {edges:?}");
            assert!(edges.len() <= 60, "{} edges", edges.len());
        }
        assert_eq!(round_edges(0.0, 3.0, true), [0.0, 1.0, 2.0, 3.0, 4.0]);
    }

    #[test]
    fn long_spans_of_days_begin_with_years_and_short_ones_with_weeks() {
        let edges = days(-20_000.0, 15_000.0);
        assert!(edges.iter().all(|day| calendar::date_text(*day as i32).ends_with("-01-01")), "{edges:?}");
        assert!(edges.len() < 40 && edges[0] <= -20_000.0 && *edges.last().expect("edges") > 15_000.0);
        let edges = days(100.0, 250.0);
        assert!(edges.windows(2).all(|pair| pair[1] - pair[0] == 7.0), "{edges:?}");
        let edges = days(100.0, 100.0);
        assert_eq!(edges, [100.0, 101.0]);
    }

    #[test]
    fn a_value_of_one_row_makes_no_edge() {
        let mut values: Vec<f64> = (0..1000).map(|n| f64::from(n % 80)).collect();
        values[3] = 123_456.0;
        let cells = numbers([&values, &values, &values], ColumnKind::Number);
        assert!(cells.iter().all(|cell| !cell.label.contains("123456")), "{cells:?}");
        assert_eq!(cells.iter().map(|cell| cell.counts.real).sum::<u64>(), 1000);
    }

    #[test]
    fn categories_stand_by_frequency_with_the_rest_together() {
        let labels: Vec<String> = (0..30).map(|n| format!("c{n:02}")).collect();
        let codes: Vec<u32> = (0..3000).map(|n| if n % 3 == 0 { 7 } else { n % 30 }).chain([NULL_CODE]).collect();
        let cells = categories([&codes, &codes, &codes], &labels);
        assert_eq!(cells.len(), CATEGORIES + 2);
        assert_eq!((cells[0].label.as_str(), cells[CATEGORIES].holds), ("c07", Holds::Others));
        assert_eq!(cells.iter().map(|cell| cell.counts.synthetic).sum::<u64>(), 3001);
    }
}
