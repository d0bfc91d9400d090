//! `validate`: any dataset against the contract of a spec.

use std::fmt::Write;
use std::path::Path;

use manikin_diagnostic::{Diagnostic, codes};
use manikin_evaluate::{Check, Status, ValidateOptions, Validation};
use manikin_expression::plain_name;

use crate::failure::Failure;
use crate::spec::Checked;

/// Checks a folder of files against a spec.
///
/// # Errors
///
/// - `MK0801` when the folder holds no table of the spec
/// - `MK0902`, `MK0908` when it cannot be read
pub fn validate(checked: &Checked, folder: &Path, options: ValidateOptions) -> Result<Validation, Failure> {
    if !folder.is_dir() {
        let diagnostic =
            Diagnostic::error(codes::DATASET_NOT_FOUND, format!("there is no folder {}", folder.display()));
        return Err(diagnostic.help("name the folder that holds one file per entity").into());
    }
    let known = |name: &String| {
        let found = checked.spec.entity(name).or_else(|| checked.spec.entity(&plain_name(name)));
        found.is_some_and(|id| !checked.spec[id].hidden)
    };
    if !manikin_formats::entities(folder)?.iter().any(known) {
        let expected: Vec<String> = checked
            .spec
            .entities
            .iter()
            .filter(|entity| !entity.hidden)
            .take(3)
            .map(|entity| format!("{}.csv", entity.name))
            .collect();
        let message = format!("{} holds no table of the spec", folder.display());
        let diagnostic = Diagnostic::error(codes::DATASET_NOT_FOUND, message);
        return Err(diagnostic.help(format!("expected files such as {}", expected.join(", "))).into());
    }
    Ok(manikin_evaluate::validate(&checked.spec, folder, options)?)
}

/// A validation as JUnit XML: a suite per entity, a case per check.
pub fn junit(found: &Validation) -> String {
    let mut suites: Vec<(&str, Vec<&Check>)> = Vec::new();
    for check in &found.checks {
        match suites.iter_mut().find(|(entity, _)| *entity == check.entity) {
            Some((_, checks)) => checks.push(check),
            None => suites.push((&check.entity, vec![check])),
        }
    }
    let counts = |checks: &[&Check]| {
        let of = |status| checks.iter().filter(|check| check.status == status).count();
        format!(
            "tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\"",
            checks.len(),
            of(Status::Fail),
            of(Status::Skipped)
        )
    };
    let all: Vec<&Check> = found.checks.iter().collect();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing to a string cannot fail.
    let _ = writeln!(xml, "<testsuites name=\"{}\" {}>", escaped(&found.product), counts(&all));
    for (entity, checks) in suites {
        let _ = writeln!(xml, "  <testsuite name=\"{}\" {}>", escaped(entity), counts(&checks));
        for check in checks {
            let _ = write!(xml, "    <testcase classname=\"{}\" name=\"{}\"", escaped(entity), escaped(&check.name));
            let detail = escaped(&check.detail);
            match check.status {
                Status::Pass => xml.push_str("/>\n"),
                Status::Skipped => {
                    let _ = writeln!(xml, "><skipped message=\"{detail}\"/></testcase>");
                }
                Status::Warn => {
                    let _ = writeln!(
                        xml,
                        "><system-out>{} of {} rows: {detail}</system-out></testcase>",
                        check.violations, check.rows
                    );
                }
                Status::Fail => {
                    let counted = format!("{} of {} rows, {} expected", check.violations, check.rows, check.expected);
                    let _ = write!(xml, "><failure type=\"{}\" message=\"{counted}: {detail}\">", check.code);
                    for example in &check.examples {
                        let row = example.row.map_or(String::new(), |row| format!("row {row}"));
                        let said: Vec<&str> = [example.key.as_deref(), Some(row.as_str()), example.value.as_deref()]
                            .into_iter()
                            .flatten()
                            .collect();
                        let _ = writeln!(xml, "{}", escaped(&said.join(" ")));
                    }
                    xml.push_str("</failure></testcase>\n");
                }
            }
        }
        xml.push_str("  </testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

/// Text as XML takes it; control characters, which XML cannot hold, become blanks.
pub(crate) fn escaped(text: &str) -> String {
    let mut xml = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            letter if letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}') => xml.push(' '),
            letter => xml.push(letter),
        }
    }
    xml
}
