//! `manikin check`

use std::process::ExitCode;

use manikin_workflow::{Overrides, open};

use crate::line::{Check, TextOrJson};
use crate::output::{COULD_NOT_RUN, End, Voice, put};

pub(crate) fn run(asked: &Check, voice: Voice) -> Result<ExitCode, End> {
    let opened = open(&asked.spec, Overrides::default());
    match asked.format {
        TextOrJson::Json => put(&format!("{:#}\n", opened.diagnostics.to_json(&opened.sources)))?,
        TextOrJson::Text if opened.diagnostics.is_empty() => voice.say(&format!("{}: no problems", asked.spec)),
        TextOrJson::Text => put(&opened.diagnostics.render(&opened.sources, voice.data_color()))?,
    }
    Ok(match opened.spec {
        Some(_) => ExitCode::SUCCESS,
        None => ExitCode::from(COULD_NOT_RUN),
    })
}
