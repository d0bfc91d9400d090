//! Distributions laid over each other: synthetic rows filled, real rows as an outline, the holdout dashed.

use manikin_evaluate::assessment::ColumnKind;
use manikin_evaluate::plots::{Cell, Counts, Distribution, Holds};
use manikin_expression::calendar;

use super::super::edition::{Edition, number, percent};
use super::{Anchor, Canvas, shortened, width_of};

const WIDTH: f64 = 300.0;
/// Height of the bars of numbers.
const BARS: f64 = 84.0;
/// Most letters of a category's name.
const LETTERS: usize = 20;

/// Draws a distribution; `None` where there is nothing to see.
pub(in super::super) fn distribution(edition: Edition, id: &str, title: &str, of: &Distribution) -> Option<String> {
    let cells = shown(edition, of);
    if cells.is_empty() {
        return None;
    }
    let words = words(edition, of, &cells);
    let is_scale = cells.iter().any(|cell| matches!(cell.holds, Holds::Range(..)));
    let canvas = if is_scale { scale(edition, of, &cells) } else { categories(edition, of, &cells) };
    Some(canvas.finish(id, title, &words))
}

/// The cells that an edition shows: in public, categories that too few real people have are told among the others.
fn shown(edition: Edition, of: &Distribution) -> Vec<Cell> {
    let mut cells: Vec<Cell> = Vec::new();
    let mut others = Counts::default();
    for cell in &of.cells {
        let rare = |count: u64| edition.count(count).is_none();
        let is_rare = matches!(cell.holds, Holds::Category)
            && (rare(cell.counts.real) || rare(cell.counts.holdout) || rare(cell.counts.synthetic));
        if is_rare || matches!(cell.holds, Holds::Others) {
            others.real += cell.counts.real;
            others.holdout += cell.counts.holdout;
            others.synthetic += cell.counts.synthetic;
        } else {
            cells.push(cell.clone());
        }
    }
    if others != Counts::default() {
        // Before nulls, which come last.
        let place = cells.iter().position(|cell| matches!(cell.holds, Holds::Null)).unwrap_or(cells.len());
        cells.insert(place, Cell { label: "all others".to_owned(), holds: Holds::Others, counts: others });
    }
    cells
}

fn words(edition: Edition, of: &Distribution, cells: &[Cell]) -> String {
    let mut largest: Vec<&Cell> = cells.iter().collect();
    largest.sort_by_key(|cell| std::cmp::Reverse(cell.counts.real));
    let said: Vec<String> = largest
        .iter()
        .take(5)
        .map(|cell| {
            format!(
                "{}: real {}, synthetic {}",
                cell.label,
                edition.share_text(cell.counts.real, of.totals.real),
                edition.share_text(cell.counts.synthetic, of.totals.synthetic)
            )
        })
        .collect();
    format!("Most frequent among the real rows: {}.", said.join("; "))
}

/// The three shares of a cell; what may not be shown is not drawn.
fn shares(edition: Edition, of: &Distribution, cell: &Cell) -> [f64; 3] {
    let share = |count, total| edition.share(count, total).unwrap_or(0.0);
    [
        share(cell.counts.real, of.totals.real),
        share(cell.counts.holdout, of.totals.holdout),
        share(cell.counts.synthetic, of.totals.synthetic),
    ]
}

fn scale(edition: Edition, of: &Distribution, cells: &[Cell]) -> Canvas {
    let (ranges, apart): (Vec<&Cell>, Vec<&Cell>) =
        cells.iter().partition(|cell| matches!(cell.holds, Holds::Range(..)));
    let mut canvas = Canvas::new(WIDTH, BARS + 32.0);
    let (top, base) = (12.0, 12.0 + BARS);
    // A column without a value stands apart, on the right.
    let room = if apart.is_empty() { 0.0 } else { 20.0 + apart.len() as f64 * 18.0 };
    let step = (WIDTH - room) / ranges.len().max(1) as f64;
    let tallest = cells.iter().flat_map(|cell| shares(edition, of, cell)).fold(1e-9, f64::max);
    let up = |share: f64| base - share / tallest * BARS;
    canvas.line("axis", (0.0, base), (WIDTH, base));
    let mut outlines = [String::new(), String::new()];
    for (place, cell) in ranges.iter().enumerate() {
        let [real, holdout, synthetic] = shares(edition, of, cell);
        let (left, right) = (place as f64 * step, (place + 1) as f64 * step);
        if synthetic > 0.0 {
            canvas.rect("syn", left, up(synthetic), step, base - up(synthetic));
        }
        for (outline, share) in outlines.iter_mut().zip([real, holdout]) {
            let start = if place == 0 {
                format!("M{left:.1} {base:.1}V{:.1}", up(share))
            } else {
                format!("V{:.1}", up(share))
            };
            outline.push_str(&format!("{start}H{right:.1}"));
        }
    }
    for outline in &mut outlines {
        outline.push_str(&format!("V{base:.1}"));
    }
    canvas.path("hold", &outlines[1]);
    canvas.path("real", &outlines[0]);
    for (place, cell) in apart.iter().enumerate() {
        let left = WIDTH - room + 14.0 + place as f64 * 18.0;
        mark(&mut canvas, (left, 12.0), base, shares(edition, of, cell).map(up));
    }
    canvas.text((0.0, top - 3.0), Anchor::Start, &percent(tallest));
    let ends = ranges.first().zip(ranges.last()).and_then(|(first, last)| match (first.holds, last.holds) {
        (Holds::Range(low, _), Holds::Range(_, high)) => Some((low, high)),
        _ => None,
    });
    if let Some((low, high)) = ends {
        let unit = of.unit.as_deref().map(|unit| format!(" {unit}")).unwrap_or_default();
        canvas.text((0.0, base + 12.0), Anchor::Start, &value(low, of.kind));
        let high = format!("{}{unit}", value(high, of.kind));
        let right = if apart.is_empty() { WIDTH } else { WIDTH - room };
        canvas.text((right, base + 12.0), Anchor::End, &shortened(&high, 24));
    }
    if !apart.is_empty() {
        canvas.text((WIDTH, base + 12.0), Anchor::End, "none");
    }
    canvas
}

/// One cell that stands by itself: the same marks as in a scale.
fn mark(canvas: &mut Canvas, (left, width): (f64, f64), base: f64, [real, holdout, synthetic]: [f64; 3]) {
    if base > synthetic {
        canvas.rect("syn", left, synthetic, width, base - synthetic);
    }
    for (class, top) in [("hold", holdout), ("real", real)] {
        canvas.path(class, &format!("M{left:.1} {base:.1}V{top:.1}H{:.1}V{base:.1}", left + width));
    }
}

fn categories(edition: Edition, of: &Distribution, cells: &[Cell]) -> Canvas {
    let row = 18.0;
    let names: Vec<String> = cells.iter().map(|cell| shortened(&cell.label, LETTERS)).collect();
    let label = names.iter().map(|name| width_of(name)).fold(0.0, f64::max) + 13.0;
    let tallest = cells.iter().flat_map(|cell| shares(edition, of, cell)).fold(1e-9, f64::max);
    let along = |share: f64| label + share / tallest * (WIDTH - label - 48.0);
    let mut canvas = Canvas::new(WIDTH, cells.len() as f64 * row + 4.0);
    for (place, (cell, name)) in cells.iter().zip(&names).enumerate() {
        let middle = place as f64 * row + row / 2.0;
        let [real, holdout, synthetic] = shares(edition, of, cell);
        canvas.text((label - 8.0, middle + 3.0), Anchor::End, name);
        canvas.rect("syn", label, middle - 5.0, along(synthetic) - label, 10.0);
        canvas.circle("hold", (along(holdout), middle), 3.5);
        canvas.line("real", (along(real), middle - 8.0), (along(real), middle + 8.0));
        let said = edition.share_text(cell.counts.synthetic, of.totals.synthetic);
        canvas.text((WIDTH, middle + 3.0), Anchor::End, &said);
    }
    canvas
}

/// A number of the column as people read it.
fn value(value: f64, kind: ColumnKind) -> String {
    let day = |days: f64| {
        let days = libm::floor(days);
        if days.abs() < 4_000_000.0 { calendar::date_text(days as i32) } else { number(value) }
    };
    match kind {
        ColumnKind::Date => day(value),
        ColumnKind::Time => day(value / 86_400.0),
        ColumnKind::Number | ColumnKind::Category => number(value),
    }
}
