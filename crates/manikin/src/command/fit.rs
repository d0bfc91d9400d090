//! `manikin fit`

use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use manikin_workflow::{
    Existing, FitMethod, FitProgress, FitRequest, FitTerms, Overrides, Protection, Written, default_ledger, fit, open,
};

use crate::line::{Fit, FitMethodName, TextOrJson};
use crate::output::{End, Voice, put};
use crate::progress::grouped;

pub(crate) fn run(asked: &Fit, voice: Voice) -> Result<ExitCode, End> {
    let checked = open(&asked.spec, Overrides::default()).checked()?;
    voice.warn(&checked.diagnostics, &checked.sources);
    let request = FitRequest {
        data: asked.data.clone(),
        output: asked.output.clone(),
        existing: if asked.overwrite { Existing::Replace } else { Existing::Refuse },
        terms: FitTerms {
            epsilon: asked.epsilon,
            delta: asked.delta,
            method: method(asked.method),
            workload: usize::from(asked.workload),
            model_megabytes: asked.max_model_mb,
            protection: protection(asked.no_privacy, asked.ledger.as_deref())?,
        },
    };
    let bar = FitBar::new(voice.shows_progress());
    let written = fit(&checked, &request, &bar);
    bar.finish();
    let written = written?;
    told(&written, asked.format)?;
    voice.say(&summary(&written, &asked.output.display().to_string()));
    Ok(ExitCode::SUCCESS)
}

/// Whether noise protects the records, and which ledger is charged.
pub(super) fn protection(no_privacy: bool, ledger: Option<&str>) -> Result<Protection, End> {
    Ok(match (no_privacy, ledger) {
        (true, _) => Protection::None,
        (false, Some(address)) => Protection::Ledger(address.to_owned()),
        (false, None) => Protection::Ledger(default_ledger()?),
    })
}

/// The method of a name.
pub(super) fn method(name: FitMethodName) -> FitMethod {
    match name {
        FitMethodName::Adaptive => FitMethod::Adaptive,
        FitMethodName::OneShot => FitMethod::OneShot,
        FitMethodName::Aim => FitMethod::Aim,
        FitMethodName::Mst => FitMethod::Mst,
        FitMethodName::Independent => FitMethod::Independent,
        FitMethodName::ClippedMeans => FitMethod::ClippedMeans,
    }
}

/// The statement, for machines.
pub(super) fn told(written: &Written, format: TextOrJson) -> Result<(), End> {
    match format {
        TextOrJson::Text => Ok(()),
        TextOrJson::Json => put(&format!("{}\n", serde_json::to_string_pretty(&written.statement).unwrap_or_default())),
    }
}

/// What was made. Every number in it is public, or was paid for.
pub(super) fn summary(written: &Written, folder: &str) -> String {
    let of = |(entity, marginals, cells): &(String, usize, usize)| {
        format!("{entity}: {marginals} marginals, {} cells", grouped(*cells as u64))
    };
    let levels: Vec<String> = written.levels.iter().map(of).collect();
    let statement = &written.statement;
    let claim = if statement.private {
        let (epsilon, delta, rho) = (statement.epsilon, statement.delta, statement.rho);
        format!("ε {epsilon} at δ {delta:e} (ρ {rho:.6}) charged to {}", statement.source)
    } else {
        format!("NOT PRIVATE: exact counts of {}; keep the model as the records are kept", statement.source)
    };
    format!("wrote {folder}: about {} subjects; {}; {claim}", grouped(written.rows), levels.join("; "))
}

/// Levels and the budget on a terminal. The bar is the budget, so its time left is that of the measurements.
pub(super) struct FitBar {
    bar: ProgressBar,
    level: Mutex<(String, u64)>,
}

/// Steps of the bar for all of the budget.
const STEPS: u64 = 1_000_000;

impl FitBar {
    pub(super) fn new(is_shown: bool) -> Self {
        if !is_shown {
            return Self { bar: ProgressBar::hidden(), level: Mutex::default() };
        }
        let bar = ProgressBar::new(STEPS);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}  {elapsed}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar, level: Mutex::default() }
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl FitProgress for FitBar {
    fn reading(&self, entity: &str) {
        self.bar.set_message(format!("reading {entity}"));
    }

    fn learning(&self, entity: &str, index: usize, of: usize) {
        if index == 0
            && let Ok(style) =
                ProgressStyle::with_template("{bar:30} {percent:>3} % of the budget  {msg}  {elapsed}, {eta} left")
        {
            self.bar.set_style(style.progress_chars("━╸ "));
            self.bar.reset();
        }
        if let Ok(mut level) = self.level.lock() {
            *level = (format!("{entity} ({} of {of})", index + 1), 0);
            self.bar.set_message(level.0.clone());
        }
    }

    fn measured(&self, about: &str, spent: f64) {
        self.bar.set_position((spent * STEPS as f64) as u64);
        if let Ok(mut level) = self.level.lock() {
            level.1 += 1;
            let about: String = about.chars().take(40).collect();
            self.bar.set_message(format!("{}, measurement {}: {about}", level.0, level.1));
        }
    }
}
