//! How many rows of each table a patient has.

use manikin_evaluate::plots::TableRows;

use super::super::edition::number;
use super::{Anchor, Canvas, shortened, width_of};

const WIDTH: f64 = 360.0;
const ROW: f64 = 22.0;

/// Draws rows per patient on a logarithmic axis: a line for real, a ring for holdout, a dot for synthetic rows.
pub(in super::super) fn rows_per_patient(id: &str, tables: &[TableRows]) -> Option<String> {
    let tables: Vec<(&TableRows, [f64; 3])> =
        tables.iter().filter_map(|table| Some((table, table.per_patient?))).collect();
    let values = || tables.iter().flat_map(|(_, rates)| *rates).filter(|rate| *rate > 0.0);
    let (low, high) = values().fold((f64::MAX, f64::MIN), |(low, high), rate| (low.min(rate), high.max(rate)));
    if tables.is_empty() || low > high {
        return None;
    }
    let (least, most) = (libm::floor(libm::log10(low)), libm::ceil(libm::log10(high)));
    let (least, most) = if most > least { (least, most) } else { (least, least + 1.0) };
    let names: Vec<String> = tables.iter().map(|(table, _)| shortened(&table.entity, 22)).collect();
    let left = names.iter().map(|name| width_of(name)).fold(0.0, f64::max) + 12.0;
    let across = |rate: f64| {
        let place = (libm::log10(rate.max(1e-9)) - least) / (most - least);
        left + place.clamp(0.0, 1.0) * (WIDTH - left - 14.0)
    };
    let bottom = tables.len() as f64 * ROW + 4.0;
    let mut canvas = Canvas::new(WIDTH, bottom + 18.0);
    let mut power = least;
    while power <= most {
        let rate = libm::pow(10.0, power);
        canvas.line("grid", (across(rate), 0.0), (across(rate), bottom));
        canvas.text((across(rate), bottom + 13.0), Anchor::Middle, &number(rate));
        power += 1.0;
    }
    let mut said = Vec::new();
    for (place, ((table, [real, holdout, synthetic]), name)) in tables.iter().zip(&names).enumerate() {
        let middle = place as f64 * ROW + ROW / 2.0;
        canvas.text((left - 8.0, middle + 3.0), Anchor::End, name);
        canvas.line("grid", (left, middle), (WIDTH - 14.0, middle));
        canvas.circle("dot", (across(*synthetic), middle), 4.5);
        canvas.circle("hold", (across(*holdout), middle), 6.5);
        canvas.line("real", (across(*real), middle - 8.0), (across(*real), middle + 8.0));
        said.push(format!("{}: real {}, synthetic {}", table.entity, number(*real), number(*synthetic)));
    }
    Some(canvas.finish(id, "Rows per patient", &format!("{}.", said.join("; "))))
}
