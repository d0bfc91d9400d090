//! `manikin model`

use std::process::ExitCode;

use manikin_workflow::{DomainsCharge, LevelSummary, MeasuredDomains, ModelSummary, PrivacyStatement, describe_model};

use super::budget::probability;
use crate::line::{Model, ModelVerb, TextOrJson};
use crate::output::{End, Voice, put};
use crate::progress::grouped;
use crate::table::{aligned, shortened};

pub(crate) fn run(asked: &Model, voice: Voice) -> Result<ExitCode, End> {
    let ModelVerb::Show(show) = &asked.verb;
    let found = describe_model(&show.model)?;
    match show.format {
        TextOrJson::Json => put(&format!("{}\n", serde_json::to_string_pretty(&found).unwrap_or_default()))?,
        TextOrJson::Text => put(&text(&found, voice))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn text(found: &ModelSummary, voice: Voice) -> String {
    let mut parts = vec![claim(&found.statement)];
    parts.push(format!("{}: about {} subjects\n", found.product, grouped(found.rows)));
    for level in &found.levels {
        parts.push(level_text(level, voice));
    }
    let assumed: String = found.statement.assumed_public.iter().map(|one| format!("  {one}\n")).collect();
    parts.push(format!("Assumed public:\n{assumed}"));
    parts.extend(found.statement.domains.as_ref().map(measured));
    parts.join("\n")
}

/// What was not public, and what was paid for it.
fn measured(domains: &MeasuredDomains) -> String {
    let charge = |charge: &DomainsCharge| {
        format!("entry {} (ρ {:.6}, δ {} for thresholds)", charge.entry, charge.rho, probability(charge.delta))
    };
    let charges: Vec<String> = domains.charges.iter().map(charge).collect();
    format!(
        "Domains measured under the ledger's {}, on top of the model's own loss:\n  {}\n",
        charges.join(", "),
        domains.of.join(", ")
    )
}

fn claim(statement: &PrivacyStatement) -> String {
    if !statement.private {
        return format!(
            "NOT PRIVATE: made of exact counts of {}. Keep it, and all that is made from it, as the records are kept.\n",
            statement.source
        );
    }
    let caps: Vec<String> = statement.caps.iter().map(|cap| format!("{} {}", cap.rows, cap.entity)).collect();
    format!(
        "ε {} at δ {:e} (ρ {:.6} in zCDP), charged to {}\nunit: {}\nneighbours: {}\nmethod: {}, workload: all {}-way \
         marginals{}\n",
        statement.epsilon,
        statement.delta,
        statement.rho,
        statement.source,
        statement.unit,
        statement.neighbours,
        statement.method,
        statement.workload,
        if caps.is_empty() { String::new() } else { format!(", caps: {}", caps.join(", ")) },
    )
}

fn level_text(level: &LevelSummary, voice: Voice) -> String {
    let head = format!(
        "{}: {} attributes, {} cells, {} patients with rows\n",
        level.entity,
        level.attributes.len(),
        grouped(level.cells),
        grouped(level.patients.round() as u64),
    );
    let mut pieces: Vec<_> = level.pieces.iter().collect();
    pieces.sort_by(|a, b| a.noise_share.total_cmp(&b.noise_share));
    let rows = pieces.iter().map(|piece| {
        [
            shortened(&piece.attributes.join(" x "), 80),
            grouped(piece.cells as u64),
            format!("{:.1}", piece.sigma),
            format!("{:.1} %", piece.noise_share * 100.0),
        ]
    });
    let table = aligned(&["measured", "cells", "sigma", "noise in L1"], rows, voice.data_color());
    format!("{head}{table}")
}
