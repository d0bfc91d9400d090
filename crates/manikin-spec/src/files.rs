//! Where documents, layers and tables are read from: the disk, an embedded library, or one over the other.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// A set of files, by name. Names use `/` and may be absolute where the set is the disk.
///
/// A set without a file says [`io::ErrorKind::NotFound`], and the next place is tried.
pub trait Files {
    /// The bytes of a file, which may be at most `limit` long.
    ///
    /// # Errors
    /// - [`io::ErrorKind::NotFound`]: there is no such file;
    /// - [`io::ErrorKind::IsADirectory`]: the name is that of a folder;
    /// - [`io::ErrorKind::FileTooLarge`]: the file is longer than `limit`, and was not read to its end;
    /// - any other, as the system gives it.
    fn read(&self, name: &str, limit: u64) -> io::Result<Vec<u8>>;

    /// Names that may be meant where one is not found, for suggestions; none unless the set is small and known.
    fn names(&self) -> Vec<String> {
        Vec::new()
    }

    /// The names of the files that lie in a folder itself, without the folder's, in the order of their bytes; none
    /// where there is no such folder.
    fn list(&self, folder: &str) -> Vec<String> {
        let mut names: Vec<String> = self.names().iter().filter_map(|name| inside(folder, name)).collect();
        names.sort_unstable();
        names
    }
}

/// The name of a file without its folder, where that is `folder`.
fn inside(folder: &str, name: &str) -> Option<String> {
    let own = if folder.is_empty() { name } else { name.strip_prefix(folder)?.strip_prefix('/')? };
    (!own.contains('/')).then(|| own.to_owned())
}

/// The files of the disk: names are paths, relative ones to a folder.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    folder: PathBuf,
}

impl Disk {
    /// Paths relative to the current folder.
    pub fn current() -> Self {
        Self::default()
    }

    /// Paths relative to `folder`.
    pub fn under(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }
}

impl Files for Disk {
    fn read(&self, name: &str, limit: u64) -> io::Result<Vec<u8>> {
        if name.contains('\0') {
            return Err(io::ErrorKind::NotFound.into());
        }
        let path: PathBuf = self.folder.join(Path::new(name));
        let file = std::fs::File::open(&path).map_err(absent)?;
        let facts = file.metadata()?;
        if facts.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if facts.len() > limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        // A pipe or device tells no length beforehand.
        let mut bytes = Vec::with_capacity(usize::try_from(facts.len()).unwrap_or(0));
        file.take(limit + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(bytes)
    }

    fn list(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.folder.join(folder)) else { return Vec::new() };
        let is_file = |entry: &std::fs::DirEntry| entry.path().is_file();
        let mut names: Vec<String> =
            entries.flatten().filter(is_file).filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort_unstable();
        names
    }
}

/// Names that cannot be a file's are not found, like those that are none.
fn absent(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::NotADirectory | io::ErrorKind::InvalidFilename | io::ErrorKind::InvalidInput => {
            io::ErrorKind::NotFound.into()
        }
        _ => error,
    }
}

/// Files held in memory: an embedded library, or a test's.
impl<B: AsRef<[u8]>> Files for BTreeMap<String, B> {
    fn read(&self, name: &str, limit: u64) -> io::Result<Vec<u8>> {
        let bytes = self.get(name).ok_or(io::ErrorKind::NotFound)?.as_ref();
        if bytes.len() as u64 > limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(bytes.to_vec())
    }

    fn names(&self) -> Vec<String> {
        self.keys().cloned().collect()
    }
}

/// Several sets of files, the first that has a file giving it.
pub struct Search<'a> {
    sets: Vec<&'a dyn Files>,
}

impl<'a> Search<'a> {
    /// These sets, in this order.
    pub fn new(sets: impl IntoIterator<Item = &'a dyn Files>) -> Self {
        Self { sets: sets.into_iter().collect() }
    }
}

impl Files for Search<'_> {
    fn read(&self, name: &str, limit: u64) -> io::Result<Vec<u8>> {
        let mut absence = io::Error::from(io::ErrorKind::NotFound);
        for set in &self.sets {
            match set.read(name, limit) {
                Err(error) if is_absence(&error) => {
                    if error.kind() == io::ErrorKind::IsADirectory {
                        absence = error;
                    }
                }
                found => return found,
            }
        }
        Err(absence)
    }

    fn names(&self) -> Vec<String> {
        self.sets.iter().flat_map(|set| set.names()).collect()
    }

    /// The files of the first set that has any in the folder: a folder is not made of several.
    fn list(&self, folder: &str) -> Vec<String> {
        self.sets.iter().map(|set| set.list(folder)).find(|names| !names.is_empty()).unwrap_or_default()
    }
}

/// Whether an error means that a name is no file here, so that the next place may have it.
pub(crate) fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::IsADirectory)
}

/// The name `name` as written in the file `from`: relative to the folder of that file, with `.` and `..` resolved.
pub fn beside(from: &str, name: &str) -> String {
    let is_absolute = name.starts_with('/') || Path::new(name).is_absolute();
    if is_absolute {
        return normal(name);
    }
    match from.rsplit_once('/') {
        Some((folder, _)) => normal(&format!("{folder}/{name}")),
        None => normal(name),
    }
}

/// A name without `.` and without `..` where a folder can be left.
pub fn normal(name: &str) -> String {
    let rooted = name.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    if rooted { format!("/{joined}") } else { joined }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_relative_to_the_file_that_gives_them() {
        assert_eq!(beside("specs/us/claims.yaml", "./base"), "specs/us/base");
        assert_eq!(beside("specs/us/claims.yaml", "../codes/icd.csv"), "specs/codes/icd.csv");
        assert_eq!(beside("claims.yaml", "../x"), "../x");
        assert_eq!(beside("/a/claims.yaml", "../../x"), "/x");
        assert_eq!(beside("a/b.yaml", "/c//d"), "/c/d");
    }

    #[test]
    fn a_file_over_the_limit_is_refused_unread() {
        let folder = std::env::temp_dir().join(format!("manikin-files-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder for the test");
        let path = folder.join("big.yaml");
        let file = std::fs::File::create(&path).expect("a file for the test");
        // A sparse file: 100 MB that take no room.
        file.set_len(100_000_000).expect("a length for the test");
        let error = Disk::under(&folder).read("big.yaml", 16 << 20).expect_err("too large");
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        let error = Disk::under(&folder).read(".", 16 << 20).expect_err("a folder");
        assert_eq!(error.kind(), io::ErrorKind::IsADirectory);
        std::fs::remove_dir_all(&folder).expect("the folder goes");
    }
}
