//! `manikin explain`

use std::process::ExitCode;

use manikin_diagnostic::{Diagnostic, codes, nearest};

use crate::line::Explain;
use crate::output::{End, Voice, put};
use crate::table::aligned;

pub(crate) fn run(asked: &Explain, voice: Voice) -> Result<ExitCode, End> {
    let Some(code) = asked.code.as_ref().filter(|_| !asked.list) else {
        let rows = codes::all().map(|entry| [entry.code.to_string(), entry.title.to_owned()]);
        put(&aligned(&["code", "meaning"], rows, voice.data_color()))?;
        return Ok(ExitCode::SUCCESS);
    };
    match codes::find(code) {
        Some(entry) => put(&entry.markdown())?,
        None => {
            let diagnostic = Diagnostic::error(codes::BAD_OPTION, format!("there is no diagnostic `{code}`"));
            let near = nearest(&code.to_uppercase(), codes::all().map(|entry| entry.code.as_str()));
            return Err(match near {
                Some(near) => diagnostic.help(format!("did you mean {near}? `manikin explain --list` shows all")),
                None => diagnostic.help("`manikin explain --list` shows all codes"),
            }
            .into());
        }
    }
    Ok(ExitCode::SUCCESS)
}
