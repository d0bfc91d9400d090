//! `manikin domains`

use std::process::ExitCode;

use manikin_diagnostic::Sources;
use manikin_workflow::{DomainsRequest, DomainsStatement, Overrides, default_ledger, domains, open};

use super::budget::probability;
use super::fit::FitBar;
use crate::line::{Domains, TextOrJson};
use crate::output::{End, Voice, put};

/// The exit code where something stays to be declared.
const NOT_ALL_FOUND: u8 = 3;

pub(crate) fn run(asked: &Domains, voice: Voice) -> Result<ExitCode, End> {
    let checked = open(&asked.spec, Overrides::default()).checked()?;
    voice.warn(&checked.diagnostics, &checked.sources);
    let ledger = match &asked.ledger {
        Some(address) => address.clone(),
        None => default_ledger()?,
    };
    let request = DomainsRequest {
        data: asked.data.clone(),
        output: asked.output.clone(),
        epsilon: asked.epsilon,
        delta: asked.delta,
        keys_per_patient: asked.keys_per_patient,
        ledger,
    };
    let bar = FitBar::new(voice.shows_progress());
    let released = domains(&checked, &request, &bar);
    bar.finish();
    let released = released?;
    if let TextOrJson::Json = asked.format {
        put(&format!("{}\n", serde_json::to_string_pretty(&released.statement).unwrap_or_default()))?;
    }
    voice.warn(&released.warnings, &Sources::new());
    voice.say(&summary(&released.statement, &asked.output.display().to_string()));
    Ok(if released.warnings.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(NOT_ALL_FOUND) })
}

/// What was released. Every number in it is public, or was paid for.
fn summary(statement: &DomainsStatement, path: &str) -> String {
    let of = |found: &manikin_workflow::DomainFound| format!("{} {}", found.about, found.size);
    let found: Vec<String> = statement.found.iter().filter(|found| found.size > 0).map(of).collect();
    format!(
        "wrote {path}; values or bins: {}; ε {} at δ {:e} (ρ {:.6}, δ {} for thresholds) charged to {} as entry {}",
        if found.is_empty() { "none".to_owned() } else { found.join(", ") },
        statement.epsilon,
        statement.delta,
        statement.rho,
        probability(statement.delta_for_thresholds),
        statement.source,
        statement.entry
    )
}
