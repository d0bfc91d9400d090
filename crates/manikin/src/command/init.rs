//! `manikin init`

use std::process::ExitCode;

use manikin_workflow::{draft_spec, write_draft};

use crate::line::Init;
use crate::output::{End, Voice, put};

pub(crate) fn run(asked: &Init, voice: Voice) -> Result<ExitCode, End> {
    match &asked.output {
        None => put(&draft_spec(&asked.from_data)?.spec)?,
        Some(path) => {
            let draft = write_draft(&asked.from_data, path)?;
            let (path, data) = (path.display(), asked.from_data.display());
            let tables = match draft.tables.len() {
                0 => String::new(),
                1 => " with a table beside it".to_owned(),
                many => format!(" with {many} tables beside it"),
            };
            voice.say(&format!(
                "wrote {path}{tables}; next: look at the {} places marked `origin: data`, then manikin check {path} and \
                 manikin validate {data} --spec {path}",
                draft.marks
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}
