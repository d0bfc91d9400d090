//! `manikin generate`

use std::process::ExitCode;
use std::time::Instant;

use manikin_diagnostic::{Diagnostic, codes};
use manikin_workflow::{Bundles, Existing, Failure, GenerateOptions, Overrides, Partition, Shape, generate, open};

use crate::line::{self, Generate};
use crate::output::{End, Voice};
use crate::progress::{Bar, grouped};

pub(crate) fn run(asked: &Generate, voice: Voice) -> Result<ExitCode, End> {
    let checked = open(&asked.spec, Overrides::default()).checked()?;
    voice.warn(&checked.diagnostics, &checked.sources);
    let (number, of) = asked.partition.unwrap_or((1, 1));
    let options = GenerateOptions {
        folder: asked.output.clone(),
        existing: if asked.overwrite { Existing::Replace } else { Existing::Refuse },
        formats: asked.to.clone(),
        mappings: asked.mapping.clone(),
        bundles: if asked.bundles { Bundles::Made } else { Bundles::Omitted },
        subjects: asked.patients,
        seed: asked.seed,
        condition: asked.condition.clone(),
        only: asked.only.clone(),
        partition: Partition { number, of },
        shape: match asked.shape {
            line::Shape::Relational if asked.flat.is_none() => Shape::Relational,
            _ => Shape::Flat { entity: asked.flat.clone() },
        },
        names: asked.map.clone(),
    };
    let threads = usize::from(asked.threads.unwrap_or(0));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(|error| {
        Diagnostic::error(codes::BAD_OPTION, format!("no threads: {error}")).help("ask for fewer with --threads")
    })?;
    let began = Instant::now();
    let bar = Bar::new(voice.shows_progress());
    let made = pool.install(|| generate(&checked, &options, &bar));
    bar.finish();
    let made = made.map_err(|failure| match failure.diagnostics.iter().next() {
        Some(first) if first.code == codes::FOLDER_NOT_EMPTY && !asked.overwrite => {
            Failure::of(first.clone().help("`--overwrite` replaces the folder and everything in it"))
        }
        // What a spec asks of its own number of subjects may be out of reach of the few that were asked for.
        Some(first) if first.code == codes::CANNOT_GENERATE && asked.patients.is_some() => {
            Failure::of(first.clone().help("exact shares and totals need room: try more --patients"))
        }
        _ => failure,
    })?;
    let (folder, seconds) = (asked.output.display(), began.elapsed().as_secs_f64());
    let manifest = &made.manifest;
    let own: Vec<(&str, u64)> = manifest.entities.iter().map(|entity| (entity.entity.as_str(), entity.rows)).collect();
    if !own.is_empty() {
        voice.say(&format!("wrote {folder}: {}", counted(&own, seconds)));
    }
    if let Some(model) = manifest.origin.model.as_ref().filter(|model| !model.private) {
        let of = model.source.as_deref().unwrap_or("real records");
        voice
            .say(&format!("NOT PRIVATE: learned from {of} without noise, so treat {folder} as the records themselves"));
    }
    for standard in &manifest.standards {
        let tables: Vec<(&str, u64)> = standard.tables.iter().map(|table| (table.name.as_str(), table.rows)).collect();
        voice.say(&format!("wrote {folder} as {}: {}", standard.standard, counted(&tables, seconds)));
        if !standard.left_out.is_empty() {
            let (count, names) = (standard.left_out.len(), standard.left_out.join(", "));
            voice.say(&format!(
                "{}: left out {count} projections that the spec has no rows for: {names}",
                standard.standard
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// So many rows in so many seconds, and how many of each kind there are.
fn counted(tables: &[(&str, u64)], seconds: f64) -> String {
    let rows: u64 = tables.iter().map(|(_, rows)| rows).sum();
    let filled = tables.iter().filter(|(_, rows)| tables.len() < 4 || *rows > 0);
    let each: Vec<String> = filled.map(|(name, rows)| format!("{} {name}", grouped(*rows))).collect();
    format!("{} rows in {seconds:.1} s ({})", grouped(rows), each.join(", "))
}
