//! Aligned tables for the terminal.

use comfy_table::{Attribute, Cell, ContentArrangement, Table, presets};
use manikin_diagnostic::Color;

/// Rows under a head, aligned; the head stands out where there are colours.
pub(crate) fn aligned<R: AsRef<[String]>>(head: &[&str], rows: impl IntoIterator<Item = R>, color: Color) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    let style = |name: &&str| match color {
        Color::Always => Cell::new(name).add_attribute(Attribute::Bold),
        Color::Never => Cell::new(name),
    };
    if color == Color::Always {
        table.enforce_styling();
    }
    table.set_header(head.iter().map(style));
    for row in rows {
        table.add_row(row.as_ref().iter().map(Cell::new));
    }
    let mut text: String = table.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    if text.is_empty() {
        text.push('\n');
    }
    text
}
