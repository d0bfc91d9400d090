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
/// Height of the line of text under the bars.
const FOOT: f64 = 14.0;
/// ASSUMED: width of a digit or letter at 9 points in a wide sans-serif typeface such as DejaVu Sans.
const LETTER: f64 = 6.0;
/// Most letters of a category's name.
const LETTERS: usize = 20;
/// Most categories drawn.
const CATEGORIES: usize = 8;
/// Columns with more different values than this are identifiers or free text and are not drawn.
const MOST_VALUES: usize = 2_000;

/// Draws the values of a column; `None` where there is nothing to see, such as identifiers or a single value.
pub fn plot(column: &Column) -> Option<Plot> {
    let series = column.series();
    match column.ty() {
        Type::Integer => {
            histogram(series.i64().ok()?.iter().flatten().map(|value| value as f64).collect(), number, Values::Whole)
        }
        Type::Decimal(scale) => {
            let one = power_of_ten(*scale) as f64;
            let values = series.i64().ok()?.iter().flatten().map(|units| units as f64 / one);
            histogram(values.collect(), number, Values::Any)
        }
        Type::Float => histogram(series.f64().ok()?.iter().flatten().collect(), number, Values::Any),
        Type::Date => histogram(series.i32().ok()?.iter().flatten().map(f64::from).collect(), day, Values::Whole),
        Type::DateTime => {
            let days = series.i64().ok()?.iter().flatten().map(|micros| micros as f64 / calendar::DAY as f64);
            histogram(days.collect(), day, Values::Any)
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

/// What values there can be between two.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Values {
    /// Whole numbers alone.
    Whole,
    /// Any number.
    Any,
}

/// Low end, width and number of the bars from the least to the most value.
///
/// Bars of whole numbers hold as many of them each, lest some stay empty or hold more than others by their width.
fn bins(low: f64, high: f64, values: Values) -> (f64, f64, usize) {
    match values {
        Values::Any => (low, (high - low) / BINS as f64, BINS),
        Values::Whole => {
            let span = high - low + 1.0;
            let width = libm::ceil(span / BINS as f64).max(1.0);
            (low, width, (libm::ceil(span / width) as usize).clamp(1, BINS))
        }
    }
}

fn histogram(mut values: Vec<f64>, said: fn(f64) -> String, kind: Values) -> Option<Plot> {
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
    let (low, width, number) = bins(low, high, kind);
    let mut counts = vec![0_usize; number];
    for value in &values {
        let place = (value - low) / width;
        counts[(place.max(0.0) as usize).min(number - 1)] += 1;
    }
    let tallest = counts.iter().copied().max().unwrap_or(1).max(1) as f64;
    let step = WIDTH / number as f64;
    let mut shapes = String::new();
    for (place, count) in counts.iter().enumerate() {
        let height = *count as f64 / tallest * (HEIGHT - FOOT - 2.0);
        // Writing to a string cannot fail.
        let _ = write!(
            shapes,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\"/>",
            place as f64 * step,
            HEIGHT - FOOT - height,
            step - 1.0
        );
    }
    let words = format!("{} values from {} to {}, median {}", values.len(), said(least), said(most), said(median));
    let _ = write!(
        shapes,
        "<text x=\"0\" y=\"{0}\">{1}</text><text x=\"{WIDTH}\" y=\"{0}\" text-anchor=\"end\">{2}</text>",
        HEIGHT - 4.0,
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
    let row = 14.0;
    let short: Vec<String> = counts.iter().map(|(value, _)| shortened(value)).collect();
    let letters = short.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let label = letters as f64 * LETTER + 8.0;
    let mut shapes = String::new();
    let mut said = Vec::new();
    for (place, (value, count)) in counts.iter().enumerate() {
        let share = *count as f64 / total as f64 * 100.0;
        let top = place as f64 * row;
        let width = *count as f64 / tallest * (WIDTH - label - 44.0);
        let _ = write!(
            shapes,
            "<text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{}</text><rect x=\"{label:.0}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"10\"/><text x=\"{:.1}\" y=\"{:.1}\">{share:.1} %</text>",
            label - 4.0,
            top + 10.0,
            escaped(&short[place]),
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

/// The start and the end of a long name: names that share a stem differ in their ends.
fn shortened(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    if letters.len() <= LETTERS {
        return name.to_owned();
    }
    let (start, end) = (LETTERS - LETTERS / 3 - 1, LETTERS / 3);
    letters[..start].iter().chain(&['…']).chain(&letters[letters.len() - end..]).collect()
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

    #[test]
    fn few_whole_numbers_have_a_bar_each_and_all_bars_of_many_hold_as_many() {
        let years = plot(&Column::integers((0..50).map(|n| 2021 + n % 5).collect())).expect("a plot");
        assert_eq!(years.svg.matches("<rect").count(), 5);
        assert_eq!(years.svg.matches("height=\"48.0\"").count(), 5, "{}", years.svg);
        assert_eq!(bins(1.0, 48.0, Values::Whole), (1.0, 2.0, 24));
        assert_eq!(bins(1.0, 25.0, Values::Whole), (1.0, 2.0, 13));
    }

    #[test]
    fn long_names_keep_their_ends() {
        assert_eq!(shortened("larkspur_health_commercial"), "larkspur_heal…ercial");
        assert_eq!(shortened("Other government pay"), "Other government pay");
    }
}
