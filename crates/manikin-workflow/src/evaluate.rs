//! `evaluate`: how useful and how risky synthetic data are, held to a profile of limits.

use std::path::{Path, PathBuf};

use manikin_diagnostic::{Diagnostic, codes};
use manikin_evaluate::assessment::Standing;
use manikin_evaluate::profile::{Reading, STARTING_NAME};
use manikin_evaluate::{Assessment, Places, Profile, Refusal, Settings, Sides, Watch, assess};
use manikin_formats::{Existing, Staging};
use manikin_report::{Edition, assessment_html};

use crate::evaluate_forms::{report_junit, report_markdown, report_sarif};
use crate::failure::Failure;
use crate::spec::Checked;

/// The report's file.
pub const REPORT: &str = "report.json";

/// The name of the profile that is built in.
const STARTING: &str = "starting";

/// What is evaluated, and where the report goes.
#[derive(Clone, Debug)]
pub struct EvaluateOptions {
    /// Folder or file of the rows that the synthetic ones were made from.
    pub real: PathBuf,
    /// Folder or file of rows that they were not made from; half of the real patients are set aside without it.
    pub holdout: Option<PathBuf>,
    /// Folder or file of the synthetic rows.
    pub synthetic: PathBuf,
    /// File of the profile; the starting one without it.
    pub profile: Option<PathBuf>,
    /// Folder to make.
    pub folder: PathBuf,
    /// What to do when it is there.
    pub existing: Existing,
    /// How to evaluate.
    pub settings: Settings,
}

/// Evaluates synthetic data and writes the report's folder: [`REPORT`] with its schema, JUnit, SARIF, Markdown, and pages
/// for insiders and for the public.
///
/// The folder appears when everything is written.
///
/// # Errors
///
/// - `MK00xx`, `MK01xx`, `MK1001` when the profile is wrong
/// - `MK0801`, `MK0804`, `MK0908`, `MK1002` to `MK1004` when the data cannot be read or do not fit together
/// - `MK0911` when a measure asked for does not exist
/// - `MK0901`, `MK0902` when the folder cannot be written
pub fn evaluate(checked: &Checked, options: &EvaluateOptions, watch: &dyn Watch) -> Result<Assessment, Failure> {
    let profile = open_profile(options.profile.as_deref())?;
    // A folder that cannot be written is told before minutes of work.
    let staging = Staging::begin(&options.folder, options.existing)?;
    let places = Places { real: &options.real, holdout: options.holdout.as_deref(), synthetic: &options.synthetic };
    watch.begins("reading", 0, 0);
    let settings = &options.settings;
    let sides = Sides::read(&checked.spec, places, settings.seed)?;
    let assessment = assess(&sides, &profile, settings, watch)?;
    let json = |text: serde_json::Result<String>| text.unwrap_or_default();
    let files = [
        (REPORT, json(report_json(&assessment))),
        ("report.schema.json", json(serde_json::to_string_pretty(&Assessment::schema()))),
        ("junit.xml", report_junit(&assessment)),
        ("report.sarif", json(serde_json::to_string_pretty(&report_sarif(&assessment, &profile, checked)))),
        ("summary.md", report_markdown(&assessment)),
        ("report.html", page(&assessment, Edition::Internal)?),
        ("report-public.html", page(&assessment, Edition::Public)?),
    ];
    for (name, text) in files {
        let path = staging.folder().join(name);
        std::fs::write(&path, format!("{}\n", text.trim_end())).map_err(|error| {
            let message = format!("cannot write {}: {error}", path.display());
            Diagnostic::error(codes::CANNOT_WRITE, message).help("choose another place")
        })?;
    }
    staging.commit()?;
    Ok(assessment)
}

/// The report as JSON, a figure a line, so that two reports can be compared line by line.
fn report_json(assessment: &Assessment) -> serde_json::Result<String> {
    let text = serde_json::to_string(assessment)?;
    // Within a string every quote is escaped: these are the starts of figures and of what they share.
    Ok(text.replace("{\"metric\":", "\n{\"metric\":").replace("{\"id\":", "\n{\"id\":"))
}

/// The report as one page.
fn page(assessment: &Assessment, edition: Edition) -> Result<String, Failure> {
    assessment_html(assessment, edition)
        .map_err(|error| Diagnostic::error(codes::INTERNAL_MISMATCH, error.to_string()).into())
}

/// The exit code of a verdict: 0 pass, 1 fail, 3 incomplete.
#[must_use]
pub fn exit_code(status: Standing) -> u8 {
    match status {
        Standing::Pass | Standing::Info => 0,
        Standing::Fail => 1,
        Standing::Incomplete => 3,
    }
}

/// The day it is by the clock of this machine, in UTC, in days since 1970-01-01: what waivers are judged by.
#[must_use]
pub fn today() -> i32 {
    /// Seconds in a day.
    const DAY: i64 = 86_400;
    i32::try_from(crate::budget::now().0.div_euclid(DAY)).unwrap_or(i32::MAX)
}

/// The profile of a file, or the starting one.
fn open_profile(path: Option<&Path>) -> Result<Profile, Failure> {
    let reading = match path {
        None => Profile::starting(),
        Some(path) if path == Path::new(STARTING) && !path.exists() => Profile::starting(),
        Some(path) => {
            let bytes = std::fs::read(path).map_err(|error| {
                let (code, message) = match error.kind() {
                    std::io::ErrorKind::NotFound => {
                        (codes::FILE_NOT_FOUND, format!("there is no profile {}", path.display()))
                    }
                    _ => (codes::FILE_UNREADABLE, format!("{} cannot be read: {error}", path.display())),
                };
                Diagnostic::error(code, message).help(format!("the built-in one is {STARTING_NAME}"))
            })?;
            Profile::read(&path.to_string_lossy(), bytes)
        }
    };
    let Reading { sources, diagnostics, profile } = reading;
    profile.ok_or(Failure { sources, diagnostics })
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Format(error) => error.into(),
            Refusal::Data(diagnostics) => Self { diagnostics, ..Self::default() },
        }
    }
}
