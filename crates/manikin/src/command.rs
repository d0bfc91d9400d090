//! The verbs: each calls its function in the workflow and prints what it gives.

mod audit;
mod budget;
mod check;
mod describe;
mod domains;
mod evaluate;
mod explain;
mod fit;
mod generate;
mod import;
mod init;
mod mapping;
mod model;
mod new;
mod plan;
mod preview;
mod refit;
mod validate;

use std::process::ExitCode;

use clap::CommandFactory;

use crate::line::{Line, Verb};
use crate::output::{End, Voice, put};

/// Carries out a command line.
pub(crate) fn run(line: Line) -> ExitCode {
    let voice = Voice::new(line.color, line.quiet);
    let done = match line.verb {
        Verb::New(asked) => new::run(&asked, voice),
        Verb::Check(asked) => check::run(&asked, voice),
        Verb::Explain(asked) => explain::run(&asked, voice),
        Verb::Plan(asked) => plan::run(&asked, voice),
        Verb::Preview(asked) => preview::run(&asked, voice),
        Verb::Validate(asked) => validate::run(&asked, voice),
        Verb::Evaluate(asked) => evaluate::run(&asked, voice),
        Verb::Generate(asked) => generate::run(&asked, voice),
        Verb::Init(asked) => init::run(&asked, voice),
        Verb::Domains(asked) => domains::run(&asked, voice),
        Verb::Fit(asked) => fit::run(&asked, voice),
        Verb::Audit(asked) => audit::run(&asked, voice),
        Verb::Refit(asked) => refit::run(&asked, voice),
        Verb::Model(asked) => model::run(&asked, voice),
        Verb::Import(asked) => import::run(&asked, voice),
        Verb::Mapping(asked) => mapping::run(&asked, voice),
        Verb::Budget(asked) => budget::run(&asked, voice),
        Verb::Completions { shell } => completions(shell),
        Verb::Describe(asked) => describe::run(&asked, voice),
    };
    done.unwrap_or_else(|end| voice.end(end))
}

fn completions(shell: clap_complete::Shell) -> Result<ExitCode, End> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Line::command(), "manikin", &mut script);
    put(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}
