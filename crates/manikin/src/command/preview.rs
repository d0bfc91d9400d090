//! `manikin preview`

use std::process::ExitCode;

use manikin_workflow::{Overrides, open, preview};

use crate::line::Preview;
use crate::output::{End, Voice, put};
use crate::table::{aligned_owned, shortened};

/// Widest a value is shown.
const WIDEST: usize = 28;

pub(crate) fn run(asked: &Preview, voice: Voice) -> Result<ExitCode, End> {
    let checked = open(&asked.spec, Overrides::default()).checked()?;
    voice.warn(&checked.diagnostics, &checked.sources);
    let rows = usize::try_from(asked.rows).unwrap_or(usize::MAX);
    let tables = preview(&checked, asked.entity.as_deref(), rows, asked.seed)?;
    let mut text = String::new();
    for (place, table) in tables.iter().enumerate() {
        if place > 0 {
            text.push('\n');
        }
        if asked.entity.is_none() {
            text.push_str(&format!("{}\n", table.entity));
        }
        let short = |row: &Vec<String>| row.iter().map(|cell| shortened(cell, WIDEST)).collect();
        let cells: Vec<Vec<String>> = table.rows.iter().map(short).collect();
        text.push_str(&aligned_owned(&table.columns, &cells, voice.data_color()));
    }
    put(&text)?;
    Ok(ExitCode::SUCCESS)
}
