//! `manikin new`

use std::process::ExitCode;

use manikin_diagnostic::{Diagnostic, codes, nearest};
use manikin_workflow::templates;

use crate::line::New;
use crate::output::{End, Voice, put, put_file};
use crate::table::aligned;

pub(crate) fn run(asked: &New, voice: Voice) -> Result<ExitCode, End> {
    let templates = templates();
    let Some(name) = asked.template.as_ref().filter(|_| !asked.list) else {
        let rows = templates.into_iter().map(|template| [template.name, template.title]);
        put(&aligned(&["template", "what it is"], rows, voice.data_color()))?;
        return Ok(ExitCode::SUCCESS);
    };
    let bare = name.trim_start_matches("specs/").trim_end_matches(".yaml");
    let Some(template) = templates.iter().find(|template| template.name == bare) else {
        let diagnostic = Diagnostic::error(codes::BAD_OPTION, format!("there is no template `{name}`"));
        let diagnostic = match nearest(bare, templates.iter().map(|template| template.name.as_str())) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic.help("`manikin new --list` shows the templates"),
        };
        return Err(diagnostic.into());
    };
    match &asked.output {
        None => put(&template.text)?,
        Some(path) => {
            put_file(path, &template.text)?;
            voice.say(&format!("wrote {}; next: manikin check {}", path.display(), path.display()));
        }
    }
    Ok(ExitCode::SUCCESS)
}
