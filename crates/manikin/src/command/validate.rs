//! `manikin validate`

use std::process::ExitCode;

use manikin_diagnostic::{Color, Diagnostic, codes};
use manikin_evaluate::{Check, Evidence, Status, ValidateOptions, Validation};
use manikin_expression::calendar;
use manikin_workflow::{Overrides, junit, open, validate};

use crate::line::{ReportFormat, Validate};
use crate::output::{End, VIOLATIONS, Voice, put};
use crate::progress::grouped;
use crate::table::{aligned, shortened};

pub(crate) fn run(asked: &Validate, voice: Voice) -> Result<ExitCode, End> {
    let as_of = match &asked.as_of {
        None => None,
        Some(text) => Some(calendar::parse_date(text).ok_or_else(|| {
            let diagnostic = Diagnostic::error(codes::BAD_DATE, format!("--as-of: `{text}` is not a day"));
            diagnostic.help("write it as 2025-01-31")
        })?),
    };
    let checked = open(&asked.spec, Overrides { as_of }).checked()?;
    voice.warn(&checked.diagnostics, &checked.sources);
    let options = ValidateOptions { show_rows: asked.show_rows, strict: asked.strict, examples: Some(asked.examples) };
    let found = validate(&checked, &asked.data, options)?;
    match asked.format {
        ReportFormat::Json => put(&format!("{}\n", serde_json::to_string_pretty(&found).unwrap_or_default()))?,
        ReportFormat::Junit => put(&junit(&found))?,
        ReportFormat::Table => put(&text(&found, asked.all, voice.data_color()))?,
    }
    voice.say(&summary(&found));
    Ok(if found.holds() { ExitCode::SUCCESS } else { ExitCode::from(VIOLATIONS) })
}

fn text(found: &Validation, is_all: bool, color: Color) -> String {
    let is_shown = |check: &&Check| is_all || check.status != Status::Pass || check.expected > 0;
    let row = |check: &Check| {
        let violations = match (check.status, check.expected) {
            (Status::Skipped, _) => String::new(),
            (_, 0) => grouped(check.violations),
            (_, expected) => format!("{} ({} expected)", grouped(check.violations), grouped(expected)),
        };
        let examples: Vec<String> = check
            .examples
            .iter()
            .map(|example| {
                let key =
                    example.key.clone().or_else(|| example.row.map(|row| format!("row {row}"))).unwrap_or_default();
                example.value.as_ref().map_or(key.clone(), |value| format!("{key}: {value}"))
            })
            .collect();
        [
            status(check.status).to_owned(),
            check.entity.clone(),
            check.name.clone(),
            grouped(check.rows),
            violations,
            shortened(&check.detail, 72),
            shortened(&examples.join(", "), 96),
        ]
    };
    let rows: Vec<[String; 7]> = found.checks.iter().filter(is_shown).map(row).collect();
    if rows.is_empty() {
        return String::new();
    }
    aligned(&["", "entity", "check", "rows", "violations", "demanded", "examples"], rows, color)
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Pass => "pass",
        Status::Warn => "WARN",
        Status::Fail => "FAIL",
        Status::Skipped => "skip",
    }
}

fn summary(found: &Validation) -> String {
    let of = |status, word: &str| format!("{} {word}", found.count(status));
    let expected: u64 = found.checks.iter().map(|check| check.expected).sum();
    let mut parts = vec![of(Status::Pass, "passed"), of(Status::Fail, "failed")];
    if found.count(Status::Warn) > 0 {
        parts.push(of(Status::Warn, "warned"));
    }
    if found.count(Status::Skipped) > 0 {
        parts.push(of(Status::Skipped, "skipped"));
    }
    let evidence = match found.evidence {
        Evidence::Synthetic => "the manifest proves the data synthetic",
        Evidence::ManifestBroken => "files differ from the manifest, so it proves nothing",
        Evidence::Unproven => "no manifest: the data may be real, so rows are not shown unless asked",
    };
    let expected = if expected > 0 { format!("; {expected} violations expected by edge cases") } else { String::new() };
    format!("{} checks: {}{expected}; {evidence}", found.checks.len(), parts.join(", "))
}
