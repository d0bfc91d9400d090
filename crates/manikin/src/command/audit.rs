//! `manikin audit`

use std::process::ExitCode;

use manikin_workflow::{Audit, AuditDesign, AuditRequest, FitTerms, Overrides, Verdict, audit, open};

use super::fit::{FitBar, method, protection};
use crate::line::{Audit as Asked, TextOrJson};
use crate::output::{End, Voice, put};
use crate::progress::grouped;

/// The bound is above the ε claimed.
const REFUTED: u8 = 1;
/// The audit could say nothing.
const INCOMPLETE: u8 = 3;

pub(crate) fn run(asked: &Asked, voice: Voice) -> Result<ExitCode, End> {
    let checked = open(&asked.spec, Overrides::default()).checked()?;
    voice.warn(&checked.diagnostics, &checked.sources);
    let request = AuditRequest {
        data: asked.data.clone(),
        terms: FitTerms {
            epsilon: asked.epsilon,
            delta: asked.delta,
            method: method(asked.method),
            workload: usize::from(asked.workload),
            model_megabytes: asked.max_model_mb,
            protection: protection(asked.no_privacy, asked.ledger.as_deref())?,
        },
        design: match asked.runs {
            Some(runs) => AuditDesign::Repeated { runs: runs as usize },
            None => AuditDesign::OneRun { canaries: asked.canaries as usize },
        },
        confidence: asked.confidence,
        seed: asked.seed,
    };
    let bar = FitBar::new(voice.shows_progress());
    let found = audit(&checked, &request, &bar);
    bar.finish();
    let found = found?;
    match asked.format {
        TextOrJson::Text => put(&text(&found))?,
        TextOrJson::Json => put(&format!("{}\n", serde_json::to_string_pretty(&found).unwrap_or_default()))?,
    }
    Ok(match found.verdict {
        Verdict::NotRefuted => ExitCode::SUCCESS,
        Verdict::Refuted => ExitCode::from(REFUTED),
        Verdict::Incomplete => ExitCode::from(INCOMPLETE),
    })
}

fn text(found: &Audit) -> String {
    let claim = format!("ε {} at δ {:e}", found.epsilon, found.delta);
    if found.verdict == Verdict::Incomplete {
        let reason = found.reason.as_deref().unwrap_or("there is no bound");
        return format!("claimed         {claim}\nverdict         incomplete: {reason}; nothing was charged\n");
    }
    let planted = match found.design {
        AuditDesign::OneRun { canaries } => {
            format!("{} in one fit, each there by a fair coin", grouped(canaries as u64))
        }
        AuditDesign::Repeated { runs } => {
            format!("1 in {0} of {1} fits", grouped(runs as u64), grouped(2 * runs as u64))
        }
    };
    let bound = found.epsilon_lower_bound.unwrap_or_default();
    let mu = found.mu_lower_bound.map_or_else(String::new, |mu| format!(", μ at least {mu:.3}"));
    let verdict = match found.verdict {
        Verdict::Refuted if found.private => "REFUTED: patients are told apart more often than the claim allows",
        Verdict::Refuted => "refuted, as it should be: there was no noise",
        _ if found.private => "not refuted: this attack tells patients apart no better than the claim allows",
        _ => "not refuted although there was no noise: for this spec and method the audit sees nothing",
    };
    let charged = match found.private {
        true => format!("ρ {:.6} for each of {} to {}", found.rho, grouped(found.fits as u64), found.source),
        false => "nothing".to_owned(),
    };
    format!(
        "canaries        {planted}\nguesses         {}, {} right\nbound           ε at least {bound:.3} with confidence \
         {}{mu}\nclaimed         {claim}\ncharged         {charged}\nverdict         {verdict}\n",
        grouped(found.guesses as u64),
        grouped(found.right as u64),
        found.confidence,
    )
}
