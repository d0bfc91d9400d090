//! `manikin refit`

use std::process::ExitCode;

use manikin_workflow::{Existing, RefitRequest, refit};

use super::fit::{summary, told};
use crate::line::Refit;
use crate::output::{End, Voice};

pub(crate) fn run(asked: &Refit, voice: Voice) -> Result<ExitCode, End> {
    let written = refit(&RefitRequest {
        model: asked.model.clone(),
        output: asked.output.clone(),
        existing: if asked.overwrite { Existing::Replace } else { Existing::Refuse },
        noise_share: asked.noise_share,
        steps: asked.steps,
    })?;
    told(&written, asked.format)?;
    voice.say(&format!("{}; nothing was spent", summary(&written, &asked.output.display().to_string())));
    Ok(ExitCode::SUCCESS)
}
