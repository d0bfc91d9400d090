//! `manikin init`

use std::process::ExitCode;

use manikin_workflow::draft_spec;

use crate::line::Init;
use crate::output::{End, Voice, put, put_file};

pub(crate) fn run(asked: &Init, voice: Voice) -> Result<ExitCode, End> {
    let text = draft_spec(&asked.from_data)?;
    match &asked.output {
        None => put(&text)?,
        Some(path) => {
            put_file(path, &text)?;
            let path = path.display();
            let data = asked.from_data.display();
            voice.say(&format!(
                "wrote {path}; next: confirm what is marked, then manikin check {path} and manikin validate {data} --spec {path}"
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}
