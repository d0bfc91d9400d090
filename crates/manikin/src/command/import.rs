//! `manikin import`

use std::process::ExitCode;

use manikin_workflow::{Account, Existing, ImportOptions, Overrides, import, open, open_import};

use crate::line::{Import, TextOrJson};
use crate::output::{End, Voice, put};
use crate::progress::grouped;
use crate::table::aligned;

/// The spec whose entities are made where neither the mapping nor the command line names one.
const SPEC: &str = "clinic-population";

pub(crate) fn run(asked: &Import, voice: Voice) -> Result<ExitCode, End> {
    let options = ImportOptions {
        folder: asked.data.clone(),
        from: asked.from.clone(),
        mapping: asked.mapping.clone(),
        output: asked.output.clone(),
        existing: if asked.overwrite { Existing::Replace } else { Existing::Refuse },
    };
    let opened = open_import(&options)?;
    let spec = asked.spec.clone().or_else(|| opened.spec().map(str::to_owned)).unwrap_or_else(|| SPEC.to_owned());
    let checked = open(&spec, Overrides::default()).checked()?;
    voice.warn(&checked.diagnostics, &checked.sources);
    let account = import(opened, &checked, &options)?;
    match asked.format {
        TextOrJson::Json => put(&format!("{}\n", serde_json::to_string_pretty(&account).unwrap_or_default()))?,
        TextOrJson::Text => put(&text(&account, voice))?,
    }
    let made: Vec<String> = account.made.iter().map(|(entity, rows)| format!("{} {entity}", grouped(*rows))).collect();
    voice.say(&format!("wrote {}: {}", asked.output.display(), made.join(", ")));
    Ok(ExitCode::SUCCESS)
}

fn text(account: &Account, voice: Voice) -> String {
    let color = voice.data_color();
    let mut parts = vec![aligned(
        &["source", "rows", "taken", "refused by where", "no entity takes it", "joined to others"],
        account.sources.iter().map(|source| {
            [
                source.source.clone(),
                grouped(source.rows),
                grouped(source.taken),
                grouped(source.refused),
                grouped(source.without_entity),
                if source.joined { "yes" } else { "" }.to_owned(),
            ]
        }),
        color,
    )];
    if !account.left_out.is_empty() {
        let rows = account.left_out.iter();
        parts.push(aligned(
            &["not made", "why"],
            rows.map(|entity| [entity.clone(), "the spec has no such entity".to_owned()]),
            color,
        ));
    }
    if !account.unmade.is_empty() || !account.unfilled.is_empty() {
        let of = |name: &String| {
            name.split_once('.')
                .map_or((name.clone(), String::new()), |(entity, field)| (entity.to_owned(), field.to_owned()))
        };
        let mut lacking: Vec<(String, Vec<String>)> = Vec::new();
        for (entity, field) in account.unmade.iter().chain(&account.unfilled).map(of) {
            match lacking.last_mut().filter(|(last, _)| *last == entity) {
                Some((_, fields)) => fields.push(field),
                None => lacking.push((entity, vec![field])),
            }
        }
        let rows = lacking.into_iter().map(|(entity, fields)| {
            let fields = fields.join(", ");
            [entity, if fields.is_empty() { "every field".to_owned() } else { fields }]
        });
        parts.push(aligned(&["entity of the spec", "nothing in the data for"], rows, color));
    }
    if !account.absent.is_empty() {
        let rows = account.absent.iter().map(|name| [name.clone()]);
        parts.push(aligned(&["table or column that the dataset lacks"], rows, color));
    }
    if !account.not_converted.is_empty() {
        let rows = account.not_converted.iter();
        parts.push(aligned(
            &["not of its type, now null", "values", "first at"],
            rows.map(|field| [field.field.clone(), grouped(field.count), field.first.clone()]),
            color,
        ));
    }
    if !account.dangling.is_empty() {
        let rows = account.dangling.iter();
        parts.push(aligned(
            &["key that leads to no row", "values", "first at"],
            rows.map(|field| [field.field.clone(), grouped(field.count), field.first.clone()]),
            color,
        ));
    }
    if !account.unread.is_empty() {
        let rows = account.unread.iter();
        parts.push(aligned(
            &["not read", "count", "why"],
            rows.map(|unread| [unread.what.clone(), grouped(unread.count), unread.why.to_owned()]),
            color,
        ));
    }
    parts.join("\n")
}
