//! Aligned tables for the terminal.

use comfy_table::{ContentArrangement, Table, presets};
use manikin_diagnostic::Color;

/// Rows under a head, aligned; the head stands out where there are colours.
pub(crate) fn aligned<R: AsRef<[String]>>(head: &[&str], rows: impl IntoIterator<Item = R>, color: Color) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(head.to_vec());
    for row in rows {
        table.add_row(row.as_ref().to_vec());
    }
    let mut text = String::new();
    for (place, line) in table.lines().enumerate() {
        // Without borders every column starts with one blank.
        let line = line.strip_prefix(' ').unwrap_or(&line).trim_end();
        match color {
            Color::Always if place == 0 => text.push_str(&format!("\u{1b}[1m{line}\u{1b}[0m\n")),
            _ => text.push_str(&format!("{line}\n")),
        }
    }
    text
}

/// The table of some columns whose heads are owned.
pub(crate) fn aligned_owned(head: &[String], rows: &[Vec<String>], color: Color) -> String {
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    aligned(&head, rows, color)
}

/// A text of at most so many characters, the rest told by an ellipsis.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= most {
        return line;
    }
    let mut short: String = line.chars().take(most.saturating_sub(1)).collect();
    short.push('…');
    short
}
