//! An output folder that appears whole or not at all.
//!
//! Files are written into a hidden folder beside the target, `.DIR.partial-PROCESS-N`. [`Staging::commit`] makes them
//! durable and renames the folder into place. A run that fails or is killed leaves only the hidden folder, which the
//! next run for the same target removes. A folder whose run is still alive holds a locked file and is left alone.
//!
//! Replacing a folder takes two renames, the old one away and the new one in; if the machine stops between them, the
//! next run for the same target finds the old folder and moves it back.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::FormatError;
use crate::manifest::MANIFEST_FILE;

/// What to do when the output folder already holds something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Refuse to start.
    Refuse,
    /// Replace the folder and everything in it, if a run made it: a home folder named by mistake stays.
    Replace,
}

/// A hidden folder that becomes the output folder; dropped without a commit, it disappears.
#[derive(Debug)]
pub struct Staging {
    target: PathBuf,
    folder: PathBuf,
    retired: PathBuf,
    lock: Option<File>,
}

const LOCK: &str = ".lock";

/// Files that a run leaves in the folder that it made: the manifest of generated data, the account of imported data, the
/// report of an evaluation, the privacy statement of a learned model.
const MARKS: [&str; 4] = [MANIFEST_FILE, "import.json", "report.json", "privacy.json"];

impl Staging {
    /// Makes the hidden folder for an output folder, after clearing away what killed runs left for it. Folders that
    /// the output folder lies in are made where they are missing.
    ///
    /// # Errors
    ///
    /// - `MK0901` when the output folder holds something and is not to be replaced, or holds files without a manifest
    /// - `MK0902` when its path is a file, has no name, or cannot be written
    pub fn begin(target: &Path, existing: Existing) -> Result<Self, FormatError> {
        let target = resolve(target)?;
        let (Some(parent), Some(name)) = (target.parent(), target.file_name()) else {
            return Err(FormatError::Unnamed { path: target });
        };
        restore_and_sweep(parent, name, &target)?;
        if !is_absent_or_empty(&target)? {
            match existing {
                Existing::Refuse => return Err(FormatError::FolderNotEmpty { folder: target }),
                Existing::Replace if !MARKS.iter().any(|mark| target.join(mark).is_file()) => {
                    return Err(FormatError::FolderOfOthers { folder: target });
                }
                Existing::Replace => {}
            }
        }
        static RUNS: AtomicU64 = AtomicU64::new(0);
        let run = format!("{}-{}", std::process::id(), RUNS.fetch_add(1, Ordering::Relaxed));
        let folder = parent.join(hidden(name, PARTIAL, &run));
        let retired = parent.join(hidden(name, RETIRED, &run));
        fs::create_dir(&folder).map_err(FormatError::io("create", &target))?;
        let lock_path = folder.join(LOCK);
        let lock = File::create_new(&lock_path).map_err(FormatError::io("create", &lock_path))?;
        // A file system without locks only loses the protection against a second run at the same time.
        let _ = lock.try_lock();
        Ok(Self { target, folder, retired, lock: Some(lock) })
    }

    /// The hidden folder, to write into.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The output folder that it becomes.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Makes every file durable and the hidden folder the output folder.
    ///
    /// # Errors
    ///
    /// - `MK0902` when the system refuses; the old output folder is then still there
    pub fn commit(mut self) -> Result<(), FormatError> {
        make_durable(&self.folder).map_err(FormatError::io("write", &self.folder))?;
        // Only now, because a folder without a lock counts as abandoned.
        let lock = self.folder.join(LOCK);
        drop(self.lock.take());
        fs::remove_file(&lock).map_err(FormatError::io("remove", &lock))?;
        let replaces = self.target.exists();
        if replaces {
            fs::rename(&self.target, &self.retired).map_err(FormatError::io("replace", &self.target))?;
        }
        if let Err(source) = fs::rename(&self.folder, &self.target) {
            if replaces {
                // The first error is the one to report; the next run tries to restore again.
                let _ = fs::rename(&self.retired, &self.target);
            }
            return Err(FormatError::Io { action: "create", path: self.target.clone(), source });
        }
        if let Some(parent) = self.target.parent() {
            sync_folder(parent).map_err(FormatError::io("write", parent))?;
        }
        if replaces {
            fs::remove_dir_all(&self.retired).map_err(FormatError::io("remove", &self.retired))?;
        }
        Ok(())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        drop(self.lock.take());
        // After a commit the folder is gone under this name. Otherwise, what stays is swept by the next run.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

const PARTIAL: &str = "partial";
const RETIRED: &str = "replaced";

fn hidden(name: &std::ffi::OsStr, kind: &str, run: &str) -> OsString {
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{kind}-{run}"));
    hidden
}

/// The output folder's full path, links followed, so that a link to a folder is not replaced by a folder.
fn resolve(target: &Path) -> Result<PathBuf, FormatError> {
    match fs::metadata(target) {
        Ok(found) if !found.is_dir() => return Err(FormatError::NotAFolder { path: target.to_owned() }),
        Ok(_) => return fs::canonicalize(target).map_err(FormatError::io("read", target)),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            let file = target.ancestors().find(|path| path.is_file()).unwrap_or(target);
            return Err(FormatError::NotAFolder { path: file.to_owned() });
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(FormatError::io("read", target)(error)),
        Err(_) => {}
    }
    let Some(name) = target.file_name() else {
        return Err(FormatError::Unnamed { path: target.to_owned() });
    };
    let parent = match target.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    // The folder that it lies in says nothing about the data, so it may be there before the data is.
    fs::create_dir_all(parent).map_err(FormatError::io("create", parent))?;
    let parent = fs::canonicalize(parent).map_err(FormatError::io("read", parent))?;
    Ok(parent.join(name))
}

fn is_absent_or_empty(target: &Path) -> Result<bool, FormatError> {
    match fs::read_dir(target) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(FormatError::io("read", target)(error)),
    }
}

/// Removes what killed runs left for a target, and moves an output folder back that was being replaced.
fn restore_and_sweep(parent: &Path, name: &std::ffi::OsStr, target: &Path) -> Result<(), FormatError> {
    let Some(name) = name.to_str() else { return Ok(()) };
    let (partial, retired) = (format!(".{name}.{PARTIAL}-"), format!(".{name}.{RETIRED}-"));
    for entry in fs::read_dir(parent).map_err(FormatError::io("read", parent))? {
        let entry = entry.map_err(FormatError::io("read", parent))?;
        let found = entry.file_name();
        let Some(found) = found.to_str() else { continue };
        let path = entry.path();
        if is_run(found, &retired) {
            if target.exists() {
                fs::remove_dir_all(&path).map_err(FormatError::io("remove", &path))?;
            } else {
                fs::rename(&path, target).map_err(FormatError::io("restore", target))?;
            }
        } else if is_run(found, &partial) && is_abandoned(&path) {
            fs::remove_dir_all(&path).map_err(FormatError::io("remove", &path))?;
        }
    }
    Ok(())
}

/// Whether a name is the prefix and then `PROCESS-N`.
fn is_run(name: &str, prefix: &str) -> bool {
    let run = name.strip_prefix(prefix).and_then(|run| run.split_once('-'));
    run.is_some_and(|(process, n)| {
        [process, n].iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
    })
}

fn is_abandoned(folder: &Path) -> bool {
    match File::open(folder.join(LOCK)) {
        Ok(lock) => !matches!(lock.try_lock(), Err(TryLockError::WouldBlock)),
        // Without the file the run was killed at its very start, or in its last step.
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

fn make_durable(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            make_durable(&entry.path())?;
        } else if entry.file_name() != LOCK {
            File::options().write(true).open(entry.path())?.sync_all()?;
        }
    }
    sync_folder(folder)
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Windows makes renames durable by itself and opens no folders.
#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}
