//! `manikin mapping`

use std::process::ExitCode;

use manikin_workflow::copy_mapping;

use crate::line::Mapping;
use crate::output::{End, Voice};

pub(crate) fn run(asked: &Mapping, voice: Voice) -> Result<ExitCode, End> {
    let files = copy_mapping(&asked.name, &asked.output)?;
    let folder = asked.output.display();
    voice.say(&format!(
        "wrote {folder}: {files} files; next: manikin check SPEC --to {} --mapping {folder}",
        asked.name
    ));
    Ok(ExitCode::SUCCESS)
}
