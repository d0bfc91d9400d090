//! Where words go: data to standard output, talk to standard error.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use manikin_diagnostic::{Color, Diagnostic, Diagnostics, Sources, codes};
use manikin_workflow::Failure;

use crate::line::When;

/// Why a verb ends early.
#[derive(Debug)]
pub(crate) enum End {
    /// Something is wrong that the reader can mend.
    Failed(Box<Failure>),
    /// Nobody reads standard output any more.
    Closed,
}

impl From<Failure> for End {
    fn from(failure: Failure) -> Self {
        Self::Failed(Box::new(failure))
    }
}

impl From<Diagnostic> for End {
    fn from(diagnostic: Diagnostic) -> Self {
        Failure::of(diagnostic).into()
    }
}

/// How to speak.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Voice {
    color: When,
    is_quiet: bool,
}

/// The data breaks its contract.
pub(crate) const VIOLATIONS: u8 = 1;
/// The input is bad, or the verb could not run.
pub(crate) const COULD_NOT_RUN: u8 = 2;

impl Voice {
    pub(crate) fn new(color: When, is_quiet: bool) -> Self {
        Self { color, is_quiet }
    }

    /// Whether standard error shows colours.
    pub(crate) fn color(self) -> Color {
        self.choose(io::stderr().is_terminal())
    }

    /// Whether standard output shows colours.
    pub(crate) fn data_color(self) -> Color {
        self.choose(io::stdout().is_terminal())
    }

    fn choose(self, is_terminal: bool) -> Color {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        match self.color {
            When::Always => Color::Always,
            When::Auto if is_terminal && !plain => Color::Always,
            When::Auto | When::Never => Color::Never,
        }
    }

    /// Whether moving progress can be shown.
    pub(crate) fn shows_progress(self) -> bool {
        !self.is_quiet && io::stderr().is_terminal()
    }

    /// Says a line to the reader.
    pub(crate) fn say(self, text: &str) {
        if !self.is_quiet {
            err(&format!("{text}\n"));
        }
    }

    /// Shows diagnostics that do not end the verb.
    pub(crate) fn warn(self, diagnostics: &Diagnostics, sources: &Sources) {
        if !self.is_quiet && !diagnostics.is_empty() {
            err(&diagnostics.render(sources, self.color()));
        }
    }

    /// Shows why the verb ended and gives the exit code.
    pub(crate) fn end(self, end: End) -> ExitCode {
        match end {
            End::Failed(failure) => {
                err(&failure.diagnostics.render(&failure.sources, self.color()));
                ExitCode::from(COULD_NOT_RUN)
            }
            End::Closed => ExitCode::SUCCESS,
        }
    }
}

/// Writes data to standard output.
pub(crate) fn put(text: &str) -> Result<(), End> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(End::Closed),
        Err(error) => {
            let diagnostic = Diagnostic::error(codes::CANNOT_WRITE, format!("standard output: {error}"));
            Err(diagnostic.help("see where it is redirected to").into())
        }
    }
}

/// Writes a file whole, or not at all where it is there already.
pub(crate) fn put_file(path: &std::path::Path, text: &str) -> Result<(), End> {
    let written = std::fs::File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        let path = path.display();
        if error.kind() == io::ErrorKind::AlreadyExists {
            let diagnostic = Diagnostic::error(codes::CANNOT_WRITE, format!("{path} already exists"));
            return diagnostic.help("name a file that does not exist yet").into();
        }
        let diagnostic = Diagnostic::error(codes::CANNOT_WRITE, format!("cannot write {path}: {error}"));
        match error.kind() {
            io::ErrorKind::NotFound => diagnostic.help("make the folder first").into(),
            _ => diagnostic.help("name a file in a folder that can be written").into(),
        }
    })
}

fn err(text: &str) {
    // A closed standard error leaves nobody to tell.
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
