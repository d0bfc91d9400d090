//! The ledger of budgets: where it is, how it is opened, and its refusals as diagnostics.

use std::env;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use manikin_diagnostic::{Diagnostic, codes};
use manikin_privacy::{Ledger, LedgerError, UnixSeconds};

use crate::failure::Failure;

/// The environment variable that names the ledger where no option does.
pub const LEDGER_VARIABLE: &str = "MANIKIN_LEDGER";

/// What to do where there is no ledger yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// Refuse: a mistyped path must not look like a ledger without sources.
    Existing,
    /// Make one, with the folder that it lies in.
    OrNew,
}

/// The address of the ledger where none is given: `MANIKIN_LEDGER`, or `manikin/ledger.sqlite` in the folder where
/// programs of this user keep their state (`$XDG_STATE_HOME`, `~/.local/state`, or `%LOCALAPPDATA%`).
///
/// # Errors
///
/// - `MK1405` when the environment names no such folder
pub fn default_ledger() -> Result<String, Failure> {
    ledger_of(|name| env::var(name).ok())
}

fn ledger_of(variable: impl Fn(&str) -> Option<String>) -> Result<String, Failure> {
    let set = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
    if let Some(address) = set(LEDGER_VARIABLE) {
        return Ok(address);
    }
    // The XDG rules: a path that is not absolute is not used.
    let absolute = |name: &str| set(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state")))
        .or_else(|| absolute("LOCALAPPDATA"));
    let path = folder.map(|folder| folder.join("manikin").join("ledger.sqlite"));
    path.and_then(|path| path.into_os_string().into_string().ok()).ok_or_else(|| {
        let diagnostic = Diagnostic::error(codes::BAD_LEDGER, "there is no folder for the ledger of budgets");
        diagnostic.help(format!("name a ledger with --ledger or {LEDGER_VARIABLE}")).into()
    })
}

/// Opens the ledger at an address: a path, or `postgresql://USER@HOST/DATABASE`.
///
/// # Errors
///
/// - `MK1405` when there is none, it is something else, or it cannot be reached. The address, which may hold a password,
///   is not repeated unless it is a path.
pub fn open_ledger(address: &str, opening: Opening) -> Result<Ledger, Failure> {
    if ["postgresql://", "postgres://"].iter().any(|scheme| address.starts_with(scheme)) {
        return Ok(Ledger::connect(address)?);
    }
    let path = Path::new(address);
    if !path.exists() {
        match opening {
            Opening::Existing => {
                let message = format!("there is no ledger {}", path.display());
                let help = "its custodian makes it with `manikin budget set`; --ledger or MANIKIN_LEDGER names another";
                return Err(Diagnostic::error(codes::BAD_LEDGER, message).help(help).into());
            }
            Opening::OrNew => make_folder(path)?,
        }
    }
    Ok(Ledger::open(path)?)
}

/// The clock of this machine, in whole seconds; a clock before 1970 counts as 1970.
pub fn now() -> UnixSeconds {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixSeconds(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

/// Makes the folder of a new ledger, for its owner alone.
fn make_folder(path: &Path) -> Result<(), Failure> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| {
        let message = format!("cannot make the folder {}: {error}", folder.display());
        Diagnostic::error(codes::BAD_LEDGER, message).help("name a ledger in a folder that can be written").into()
    })
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        let (code, help) = match &error {
            LedgerError::Exceeded { .. } => (codes::BUDGET_EXCEEDED, "`manikin budget show` says what is left"),
            LedgerError::UnknownSource { .. } => {
                (codes::UNKNOWN_SOURCE, "`manikin budget show` lists the sources; `manikin budget set` adds one")
            }
            LedgerError::NotOpen { .. } => {
                (codes::RESERVATION_CLOSED, "`manikin budget entries SOURCE` says what became of it")
            }
            LedgerError::SameRecords { .. } => {
                (codes::SAME_RECORDS, "`manikin budget distinct SOURCE OTHER` declares that they hold different people")
            }
            LedgerError::Parameter { .. } => (codes::BAD_BUDGET, "`manikin explain MK1406` says what is allowed"),
            LedgerError::Foreign { .. } => (codes::BAD_LEDGER, "name the file or database of a ledger"),
            _ => (codes::BAD_LEDGER, "see that the file or server is there, and that this user may write to it"),
        };
        Self::of(Diagnostic::error(code, error.to_string()).help(help))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(variables: &[(&str, &str)]) -> Option<String> {
        let value = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        ledger_of(value).ok()
    }

    #[test]
    fn the_ledger_lies_where_programs_keep_their_state() {
        let named = [("MANIKIN_LEDGER", "a.sqlite"), ("XDG_STATE_HOME", "/state"), ("HOME", "/home/me")];
        assert_eq!(ledger(&named).as_deref(), Some("a.sqlite"));
        assert_eq!(ledger(&named[1..]).as_deref(), Some("/state/manikin/ledger.sqlite"));
        assert_eq!(ledger(&named[2..]).as_deref(), Some("/home/me/.local/state/manikin/ledger.sqlite"));
        assert_eq!(ledger(&[("XDG_STATE_HOME", "relative"), ("HOME", " ")]), None);
    }

    #[test]
    fn a_ledger_is_made_only_when_asked_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep/ledger.sqlite");
        let address = path.to_str().expect("UTF-8");
        let refused = open_ledger(address, Opening::Existing).expect_err("refused");
        assert!(refused.diagnostics.iter().any(|diagnostic| diagnostic.code == codes::BAD_LEDGER));
        assert!(!path.exists());
        open_ledger(address, Opening::OrNew).expect("made");
        open_ledger(address, Opening::Existing).expect("there");
    }
}
