//! `manikin evaluate`

use std::process::ExitCode;
use std::time::Instant;

use manikin_diagnostic::{Color, Diagnostic, codes};
use manikin_evaluate::assessment::{Judged, Split, Standing};
use manikin_evaluate::{Assessment, Settings};
use manikin_workflow::{
    EvaluateOptions, Existing, Failure, Overrides, evaluate, exit_code, gate_texts, gates, open, reason_text,
    standing_word, status_word, tally_text, today, waiver_notes,
};

use crate::line::{Evaluate, TableOrJson};
use crate::output::{End, Voice, put};
use crate::progress::{Bar, grouped};
use crate::table::{aligned, shortened};

pub(crate) fn run(asked: &Evaluate, voice: Voice) -> Result<ExitCode, End> {
    let checked = open(&asked.spec, Overrides::default()).checked()?;
    voice.warn(&checked.diagnostics, &checked.sources);
    let options = EvaluateOptions {
        real: asked.real.clone(),
        holdout: asked.holdout.clone(),
        synthetic: asked.synthetic.clone(),
        profile: asked.profile.clone(),
        folder: asked.output.clone(),
        existing: if asked.overwrite { Existing::Replace } else { Existing::Refuse },
        settings: Settings {
            seed: asked.seed,
            quick: asked.quick,
            only: asked.only.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            today: today(),
            ..Settings::default()
        },
    };
    let threads = usize::from(asked.threads.unwrap_or(0));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(|error| {
        Diagnostic::error(codes::BAD_OPTION, format!("no threads: {error}")).help("ask for fewer with --threads")
    })?;
    let began = Instant::now();
    let bar = Bar::new(voice.shows_progress());
    let found = pool.install(|| evaluate(&checked, &options, &bar));
    bar.finish();
    let found = found.map_err(|failure| match failure.diagnostics.iter().next() {
        Some(first) if first.code == codes::FOLDER_NOT_EMPTY && !asked.overwrite => {
            Failure::of(first.clone().help("`--overwrite` replaces the folder and everything in it"))
        }
        _ => failure,
    })?;
    match asked.format {
        TableOrJson::Json => put(&format!("{}\n", serde_json::to_string_pretty(&found).unwrap_or_default()))?,
        TableOrJson::Table => put(&text(&found, voice.data_color()))?,
    }
    for note in found.notes.iter().chain(&waiver_notes(&found)) {
        voice.say(&format!("note: {note}"));
    }
    if let Split::Made { weakens, .. } = &found.split {
        voice.say(&format!("note: no --holdout: {weakens}"));
    }
    voice.say(&summary(&found, began.elapsed().as_secs_f64(), asked));
    Ok(ExitCode::from(exit_code(found.verdict.status)))
}

fn text(found: &Assessment, color: Color) -> String {
    let row = |one: &&Judged| {
        let [value, interval, bound] = gate_texts(one);
        let why = if one.status == Standing::Pass { String::new() } else { reason_text(one) };
        [
            standing_word(one).to_owned(),
            one.limit.as_ref().map_or(String::new(), |limit| limit.name.clone()),
            shortened(&one.id, 56),
            value,
            interval,
            bound,
            grouped(one.score.n),
            one.needed_n.map_or(String::new(), grouped),
            shortened(&why, 112),
        ]
    };
    let rows: Vec<[String; 9]> = gates(found).iter().map(row).collect();
    aligned(&["", "limit", "figure", "value", "interval", "accepted", "n", "needs", "why"], rows, color)
}

fn summary(found: &Assessment, seconds: f64, asked: &Evaluate) -> String {
    let verdict = &found.verdict;
    format!(
        "{}: {}; {} figures in {seconds:.1} s; wrote {}",
        status_word(verdict.status),
        tally_text(verdict),
        found.scores.len(),
        asked.output.display()
    )
}
