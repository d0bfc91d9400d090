//! Distributions of a column as inline SVG: a histogram for numbers and dates, bars for categories.
//!
//! Colours come from the page's own variables, so plots follow light and dark.

use std::collections::BTreeMap;
use std::fmt::Write;

use manikin_expression::{Type, calendar, power_of_ten};
use manikin_tables::Column;

/// A distribution, drawn and in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plot {
    /// The drawing.
    pub svg: String,
    /// What it shows.
    pub words: String,
}

const WIDTH: f64 = 240.0;
const HEIGHT: f64 = 64.0;
/// ASSUMED: two dozen bars show a shape at 240 points without noise from a few hundred values.
const BINS: usize = 24;
/// Most categories drawn.
const CATEGORIES: usize = 8;
/// Columns with more different values than this are identifiers or free text and are not drawn.
const MOST_VALUES: usize = 2_000;

/// Draws the values of a column; `None` where there is nothing to see, such as identifiers or a single value.
pub fn plot(column: &Column) -> Option<Plot> {
    let series = column.series();
    match column.ty() {
        Type::Integer => histogram(series.i64().ok()?.iter().flatten().map(|value| value as f64).collect(), number),
        Type::Decimal(scale) => {
            let one = power_of_ten(*scale) as f64;
            histogram(series.i64().ok()?.iter().flatten().map(|units| units as f64 / one).collect(), number)
        }
        Type::Float => histogram(series.f64().ok()?.iter().flatten().collect(), number),
        Type::Date => histogram(series.i32().ok()?.iter().flatten().map(f64::from).collect(), day),
        Type::DateTime => {
            let days = series.i64().ok()?.iter().flatten().map(|micros| micros as f64 / calendar::DAY as f64);
            histogram(days.collect(), day)
        }
        Type::Boolean => {
            bars(counted(series.bool().ok()?.iter().flatten().map(|value| if value { "true" } else { "false" })))
        }
        Type::Text => bars(counted(series.str().ok()?.iter().flatten())),
        Type::List(_) => {
            let lists = series.list().ok()?;
            let mut counts = BTreeMap::new();
            for row in 0..lists.len() {
                let Some(items) = lists.get_as_series(row) else { continue };
                for item in items.str().ok()?.iter().flatten() {
                    *counts.entry(item.to_owned()).or_insert(0) += 1;
                }
            }
            bars(counts)
        }
        Type::Interval(_) | Type::Null => None,
    }
}

fn number(value: f64) -> String {
    if value.abs() >= 100.0 || value == libm::floor(value) { format!("{value:.0}") } else { format!("{value:.2}") }
}

fn day(value: f64) -> String {
    calendar::date_text(libm::floor(value) as i32)
}

fn histogram(mut values: Vec<f64>, said: fn(f64) -> String) -> Option<Plot> {
    values.sort_by(f64::total_cmp);
    let (least, most) = (*values.first()?, *values.last()?);
    if least >= most {
        return None;
    }
    let at = |share: f64| values[((values.len() - 1) as f64 * share) as usize];
    let median = at(0.5);
    // A long tail would press the rest into one bar: what lies beyond the outermost hundredth shares the last bars.
    let (low, high) = (at(0.005), at(0.995));
    let (low, high) = if high > low { (low, high) } else { (least, most) };
    let mut counts = [0_usize; BINS];
    for value in &values {
        let place = (value - low) / (high - low) * BINS as f64;
        counts[(place.max(0.0) as usize).min(BINS - 1)] += 1;
    }
    let tallest = counts.iter().copied().max().unwrap_or(1).max(1) as f64;
    let step = WIDTH / BINS as f64;
    let mut shapes = String::new();
    for (place, count) in counts.iter().enumerate() {
        let height = *count as f64 / tallest * (HEIGHT - 16.0);
        // Writing to a string cannot fail.
        let _ = write!(
            shapes,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\"/>",
            place as f64 * step,
            HEIGHT - 14.0 - height,
            step - 1.0
        );
    }
    let words = format!("{} values from {} to {}, median {}", values.len(), said(least), said(most), said(median));
    let _ = write!(
        shapes,
        "<text x=\"0\" y=\"{HEIGHT}\">{}</text><text x=\"{WIDTH}\" y=\"{HEIGHT}\" text-anchor=\"end\">{}</text>",
        said(low),
        said(high)
    );
    Some(Plot { svg: svg(HEIGHT, &shapes, &words), words })
}

fn counted<'a>(values: impl Iterator<Item = &'a str>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for value in values {
        if let Some(count) = counts.get_mut(value) {
            *count += 1;
        } else if counts.len() <= MOST_VALUES {
            counts.insert(value.to_owned(), 1);
        }
    }
    counts
}

fn bars(counts: BTreeMap<String, usize>) -> Option<Plot> {
    let total: usize = counts.values().sum();
    // Values that hardly repeat are keys or free text; their frequencies say nothing.
    if counts.len() < 2 || counts.len() > MOST_VALUES || counts.len() * 2 > total {
        return None;
    }
    let of = counts.len();
    let mut counts: Vec<(String, usize)> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    counts.truncate(CATEGORIES);
    let tallest = counts.first().map_or(1, |(_, count)| *count).max(1) as f64;
    let (row, label) = (14.0, 96.0);
    let mut shapes = String::new();
    let mut said = Vec::new();
    for (place, (value, count)) in counts.iter().enumerate() {
        let share = *count as f64 / total as f64 * 100.0;
        let top = place as f64 * row;
        let width = *count as f64 / tallest * (WIDTH - label - 44.0);
        let short: String = value.chars().take(14).collect();
        let short = if value.chars().count() > 14 { format!("{short}…") } else { short };
        let _ = write!(
            shapes,
            "<text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{}</text><rect x=\"{label:.0}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"10\"/><text x=\"{:.1}\" y=\"{:.1}\">{share:.1} %</text>",
            label - 4.0,
            top + 10.0,
            escaped(&short),
            top + 1.5,
            label + width + 4.0,
            top + 10.0
        );
        said.push(format!("{value} {share:.1} %"));
    }
    let more = if of > counts.len() { format!(", and {} more", of - counts.len()) } else { String::new() };
    let words = format!("{}{more}", said.join(", "));
    Some(Plot { svg: svg(counts.len() as f64 * row + 2.0, &shapes, &words), words })
}

fn svg(height: f64, shapes: &str, words: &str) -> String {
    format!("<svg viewBox=\"0 0 {WIDTH:.0} {height:.0}\" role=\"img\" aria-label=\"{}\">{shapes}</svg>", escaped(words))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_are_drawn_by_frequency_and_identifiers_are_not() {
        let texts: Vec<String> = (0..100).map(|n| if n % 4 == 0 { "rare" } else { "<often>" }.to_owned()).collect();
        let drawn = plot(&Column::texts(texts.iter().map(|text| Some(text.as_str())))).expect("a plot");
        assert_eq!(drawn.words, "<often> 75.0 %, rare 25.0 %");
        assert!(drawn.svg.contains("&lt;often&gt;") && !drawn.svg.contains("<often>"));
        let keys: Vec<String> = (0..100).map(|n| format!("k{n}")).collect();
        assert!(plot(&Column::texts(keys.iter().map(|text| Some(text.as_str())))).is_none());
    }

    #[test]
    fn numbers_are_drawn_with_their_span_and_a_constant_is_not() {
        let drawn = plot(&Column::integers((0..=1000).collect())).expect("a plot");
        assert_eq!(drawn.words, "1001 values from 0 to 1000, median 500");
        assert!(plot(&Column::integers(vec![7; 9])).is_none());
        assert!(plot(&Column::integers(Vec::new())).is_none());
    }
}
