//! `manikin check`

use std::process::ExitCode;

use manikin_workflow::{HeldMapping, Overrides, hold_mappings, open, standard};
use serde_json::json;

use crate::line::{Check, TextOrJson};
use crate::output::{COULD_NOT_RUN, End, Voice, put};

pub(crate) fn run(asked: &Check, voice: Voice) -> Result<ExitCode, End> {
    let opened = open(&asked.spec, Overrides::default());
    let mut held: Vec<HeldMapping> = Vec::new();
    let standards = asked.to.iter().map(|name| standard(name)).collect::<Result<Vec<_>, _>>()?;
    if let Some(spec) = &opened.spec {
        held = hold_mappings(spec, &standards, &asked.mapping)?;
    }
    match asked.format {
        TextOrJson::Json if asked.to.is_empty() => {
            put(&format!("{:#}\n", opened.diagnostics.to_json(&opened.sources)))?
        }
        TextOrJson::Json => {
            let of = |held: &HeldMapping| (held.standard.name().to_owned(), held.diagnostics.to_json(&held.sources));
            let mappings: serde_json::Map<_, _> = held.iter().map(of).collect();
            let all = json!({"spec": opened.diagnostics.to_json(&opened.sources), "mappings": mappings});
            put(&format!("{all:#}\n"))?;
        }
        TextOrJson::Text => {
            if opened.diagnostics.is_empty() {
                voice.say(&format!("{}: no problems", asked.spec));
            } else {
                put(&opened.diagnostics.render(&opened.sources, voice.data_color()))?;
            }
            for held in &held {
                if !held.diagnostics.is_empty() {
                    put(&held.diagnostics.render(&held.sources, voice.data_color()))?;
                }
                if let Some(mapping) = &held.mapping {
                    let (made, out) = (mapping.projections.len(), mapping.left_out.len());
                    voice.say(&format!("{}: no problems in {made} projections, {out} left out", held.standard));
                }
            }
        }
    }
    let is_right = opened.spec.is_some() && held.iter().all(|held| held.mapping.is_some());
    Ok(if is_right { ExitCode::SUCCESS } else { ExitCode::from(COULD_NOT_RUN) })
}
