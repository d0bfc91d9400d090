//! Tables of a draft: files of values beside the spec.

use std::fmt::Write;

use super::quoted;

/// A table that a draft names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftedTable {
    /// Its name, and that of its file.
    pub name: String,
    /// What a row is.
    pub(super) means: String,
    pub(super) key: String,
    /// The columns, and whether each holds text, whatever its values look like.
    pub(super) columns: Vec<(String, bool)>,
    pub(super) rows: Vec<Vec<Option<String>>>,
}

impl DraftedTable {
    /// The table as a CSV file.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        // Writing to memory cannot fail.
        let _ = writer.write_record(self.columns.iter().map(|(name, _)| name));
        for row in &self.rows {
            let _ = writer.write_record(row.iter().map(|cell| cell.as_deref().unwrap_or_default()));
        }
        let bytes = writer.into_inner().unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Its entry under `tables:`, with the file that holds it, or its rows in place.
    pub(super) fn entry(&self, folder: Option<&str>) -> String {
        let texts: Vec<String> =
            self.columns.iter().filter(|(_, is_text)| *is_text).map(|(name, _)| format!("{name}: text")).collect();
        let mut text = format!("  {}:\n    means: {}\n", self.name, quoted(&self.means));
        // Writing to a string cannot fail.
        if let Some(folder) = folder {
            let _ = writeln!(text, "    csv: {folder}/{}.csv", self.name);
        }
        let _ = writeln!(text, "    key: {}\n    columns: {{{}}}\n    origin: data", self.key, texts.join(", "));
        if folder.is_none() {
            text.push_str("    rows:\n");
            for row in &self.rows {
                let cells = row.iter().zip(&self.columns).filter_map(|(cell, (name, is_text))| {
                    let cell = cell.as_ref()?;
                    Some(format!("{name}: {}", if *is_text { quoted(cell) } else { cell.clone() }))
                });
                let cells: Vec<String> = cells.collect();
                let _ = writeln!(text, "      - {{{}}}", cells.join(", "));
            }
        }
        text
    }
}
