//! Associations of a table's columns as a triangle of shaded cells, named along its diagonal.

use manikin_evaluate::plots::{Association, Associations};

use super::super::edition::Edition;
use super::{Anchor, Canvas, shortened, width_of};

/// Side of a cell.
const CELL: f64 = 16.0;
/// The least width, so that few columns are not drawn larger than many.
const WIDTH: f64 = 300.0;
/// Most letters of a column's name.
const LETTERS: usize = 18;
/// Shades on each side of nothing.
const SHADES: f64 = 4.0;

/// Which of the three triangles is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Panel {
    /// Among the real rows.
    Real,
    /// Among the synthetic rows.
    Synthetic,
    /// Synthetic less real.
    Difference,
}

impl Panel {
    /// The value of a pair, where it may be shown.
    pub(in super::super) fn of(self, edition: Edition, pair: &Association) -> Option<f64> {
        let value = match self {
            Self::Real => pair.real?,
            Self::Synthetic => pair.synthetic?,
            Self::Difference => pair.synthetic? - pair.real?,
        };
        edition.blurred(value, pair.n)
    }

    pub(in super::super) fn name(self) -> &'static str {
        match self {
            Self::Real => "Real",
            Self::Synthetic => "Synthetic",
            Self::Difference => "Synthetic less real",
        }
    }
}

/// Draws one triangle. What is stronger is darker; what is negative carries a minus.
pub(in super::super) fn heat(edition: Edition, id: &str, of: &Associations, panel: Panel) -> String {
    let names: Vec<String> = of.columns.iter().map(|name| shortened(name, LETTERS)).collect();
    // The last name starts where the last row ends.
    let width =
        names.iter().enumerate().map(|(row, name)| row as f64 * CELL + 5.0 + width_of(name)).fold(WIDTH, f64::max);
    let mut canvas = Canvas::new(width, names.len() as f64 * CELL);
    let mut shades: Vec<String> = vec![String::new(); 1 + 2 * SHADES as usize];
    let (mut minuses, mut unknown) = (String::new(), String::new());
    let mut largest: Option<(f64, usize, usize)> = None;
    let pairs = (1..of.columns.len()).flat_map(|row| (0..row).map(move |column| (row, column)));
    for ((row, column), pair) in pairs.zip(&of.pairs) {
        let (x, y) = (column as f64 * CELL, row as f64 * CELL);
        let square = format!("M{x:.0} {y:.0}h{0:.0}v{0:.0}h-{0:.0}z", CELL - 1.0);
        let Some(value) = panel.of(edition, pair) else {
            unknown.push_str(&square);
            continue;
        };
        // Differences are smaller than associations: their shades end at .4.
        let full = if panel == Panel::Difference { 0.4 } else { 1.0 };
        let shade = libm::round((value / full).clamp(-1.0, 1.0) * SHADES);
        shades[(shade + SHADES) as usize].push_str(&square);
        if shade < 0.0 {
            minuses.push_str(&format!("M{:.1} {:.1}h6", x + 4.5, y + CELL / 2.0 - 0.5));
        }
        if largest.is_none_or(|(other, ..)| value.abs() > other.abs()) {
            largest = Some((value, row, column));
        }
    }
    for (place, squares) in shades.iter().enumerate().filter(|(_, squares)| !squares.is_empty()) {
        let side = if place as f64 >= SHADES { 'p' } else { 'm' };
        canvas.path(&format!("{side}{}", place.abs_diff(SHADES as usize)), squares);
    }
    if !unknown.is_empty() {
        canvas.path("unknown", &unknown);
    }
    if !minuses.is_empty() {
        canvas.path("minus", &minuses);
    }
    for (row, name) in names.iter().enumerate() {
        canvas.text((row as f64 * CELL + 4.0, row as f64 * CELL + 11.0), Anchor::Start, name);
    }
    let words = match largest {
        Some((value, row, column)) => format!(
            "{} columns of {}. The largest: {value:.2} for {} with {}.",
            of.columns.len(),
            of.entity,
            of.columns[row],
            of.columns[column]
        ),
        None => format!("No pair of columns of {} can be shown.", of.entity),
    };
    canvas.finish(id, &format!("Associations of {}: {}", of.entity, panel.name().to_lowercase()), &words)
}
