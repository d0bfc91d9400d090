//! `manikin plan`

use std::process::ExitCode;

use manikin_diagnostic::{Color, Diagnostic, codes};
use manikin_workflow::{EntityOutline, Expected, Outline, Overrides, open, outline};

use crate::line::{Plan, TextOrJson};
use crate::output::{End, Voice, put};
use crate::progress::grouped;
use crate::table::{aligned, shortened};

pub(crate) fn run(asked: &Plan, voice: Voice) -> Result<ExitCode, End> {
    let checked = open(&asked.spec, Overrides::default()).checked()?;
    voice.warn(&checked.diagnostics, &checked.sources);
    let mut found = outline(&checked, asked.patients)?;
    if let Some(name) = &asked.entity {
        found.entities.retain(|entity| entity.name == *name);
        if found.entities.is_empty() {
            let diagnostic = Diagnostic::error(codes::BAD_OPTION, format!("the spec has no entity `{name}`"));
            return Err(diagnostic.help("`manikin plan SPEC` lists them").into());
        }
    }
    match asked.format {
        TextOrJson::Json => {
            let json = serde_json::to_string_pretty(&found).unwrap_or_default();
            put(&format!("{json}\n"))?;
        }
        TextOrJson::Text => put(&text(&found, asked.entity.is_some(), voice.data_color()))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn text(plan: &Outline, is_one: bool, color: Color) -> String {
    let mut text = String::new();
    if !is_one {
        let (from, to) = &plan.period;
        text.push_str(&format!("{}  seed {}  {from} to {to}, seen from {}\n", plan.product, plan.seed, plan.as_of));
        text.push_str(&format!("digest {}\n\n", plan.digest));
        let row = |entity: &EntityOutline| {
            let place = entity.place.clone().unwrap_or_default();
            [entity.name.clone(), expected(entity), shortened(&entity.rows, 72), place]
        };
        text.push_str(&aligned(
            &["entity", "rows", "where they come from", "said in"],
            plan.entities.iter().map(row),
            color,
        ));
        if !plan.edge_cases.is_empty() {
            let row = |case: &manikin_workflow::EdgeCaseOutline| {
                let breaks = if case.breaks.is_empty() { "nothing".to_owned() } else { case.breaks.join(", ") };
                [
                    case.name.clone(),
                    case.entity.clone(),
                    case.rows.clone(),
                    breaks,
                    case.place.clone().unwrap_or_default(),
                ]
            };
            text.push('\n');
            let head = ["edge case", "entity", "rows", "breaks", "said in"];
            text.push_str(&aligned(&head, plan.edge_cases.iter().map(row), color));
        }
    }
    for entity in &plan.entities {
        let hidden = if entity.hidden { " (not written)" } else { "" };
        text.push_str(&format!("\n{}{hidden}, fields in the order of computation\n", entity.name));
        let row = |field: &manikin_workflow::FieldOutline| {
            let name = if field.hidden { format!("({})", field.name) } else { field.name.clone() };
            [
                name,
                field.ty.clone(),
                shortened(&field.generator, 72),
                field.place.clone().unwrap_or_default(),
                shortened(field.source.as_deref().unwrap_or(""), 96),
            ]
        };
        text.push_str(&aligned(
            &["field", "type", "values", "said in", "source"],
            entity.fields.iter().map(row),
            color,
        ));
    }
    text
}

fn expected(entity: &EntityOutline) -> String {
    match entity.expected {
        Expected::Exactly(rows) => grouped(rows),
        Expected::About(rows) => format!("~{}", grouped(rows)),
        Expected::Unknown if entity.hidden => "not written".to_owned(),
        Expected::Unknown => "not generated".to_owned(),
    }
}
