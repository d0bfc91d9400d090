//! The library of specs, built into the program, and how names of specs are found.
//!
//! Files on disk come before built-in ones: a `library` folder beside a spec, or in a folder above it, answers to
//! names such as `library/us/claims`; what it lacks is taken from the program. So a spec that says
//! `use: [library/us/claims]` works in any folder, and someone who edits the library sees their edits.

use std::io;
use std::path::{Component, Path};

use manikin_spec::files::{Disk, Files};

use crate::model::MODEL_SPEC;

include!(concat!(env!("OUT_DIR"), "/library.rs"));

/// The folder of the project in which specs lie; its name may stand before the name of a built-in spec.
const FOLDER: &str = "specs/";

/// A spec to start from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// The name to ask for, such as `claims-prototype`.
    pub name: String,
    /// Its title, or what it is for.
    pub title: String,
    /// The YAML, comments included.
    pub text: String,
}

/// The specs to start from: templates first, then the examples.
pub fn templates() -> Vec<Template> {
    let named = |prefix: &'static str| {
        FILES.iter().filter_map(move |(file, bytes)| {
            let name = file.strip_prefix(prefix)?.strip_suffix(".yaml")?;
            let text = std::str::from_utf8(bytes).ok()?;
            (!name.contains('/')).then(|| Template { name: name.to_owned(), title: title(text), text: text.to_owned() })
        })
    };
    named("templates/").chain(named("")).collect()
}

/// The first line that says what a spec is: its `title`, else its first comment.
fn title(text: &str) -> String {
    let of = |key: &str| text.lines().find_map(|line| line.strip_prefix(key));
    of("title:").or_else(|| of("#")).unwrap_or("").trim().trim_matches('"').to_owned()
}

/// A built-in file, by its name with or without `specs/` before it.
pub fn built_in(name: &str) -> Option<&'static [u8]> {
    let name = name.strip_prefix(FOLDER).unwrap_or(name);
    FILES.binary_search_by(|(own, _)| (*own).cmp(name)).ok().map(|at| FILES[at].1)
}

/// Names of built-in files in a folder such as `standards/names/`, without their ending.
pub fn built_in_names(folder: &str) -> Vec<&'static str> {
    FILES.iter().filter_map(|(name, _)| name.strip_prefix(folder)?.strip_suffix(".yaml")).collect()
}

/// The files that a spec may be made of: those on disk, then those built in.
#[derive(Clone, Debug)]
pub struct SpecFiles {
    /// The folder whose `library` is on disk, or the folder of the spec; empty for the current one.
    root: String,
    /// The name under which the spec is read.
    spec: String,
}

impl SpecFiles {
    /// Finds a spec by what a user wrote: a path, the folder of a model, or the name of a built-in one
    /// (`claims-prototype`).
    pub fn of(asked: &str) -> Self {
        let asked = tidy(asked);
        // The folder of a model stands for the spec in it; the current folder is an empty path.
        let in_folder = if asked.is_empty() { MODEL_SPEC.to_owned() } else { format!("{asked}/{MODEL_SPEC}") };
        let places = [asked.clone(), format!("{asked}.yaml"), in_folder];
        let on_disk = places.into_iter().find(|name| Path::new(name).is_file());
        let built_in_name = || {
            let bare = asked.strip_prefix(FOLDER).unwrap_or(&asked);
            [bare.to_owned(), format!("{bare}.yaml"), format!("templates/{bare}.yaml")]
                .into_iter()
                .find(|name| built_in(name).is_some())
        };
        let Some(spec) = on_disk else {
            return Self { root: String::new(), spec: built_in_name().unwrap_or(asked) };
        };
        let root = root_of(&spec);
        // A layer of the library is known by its name in the library, whether it is asked for or used.
        let prefix = if root.is_empty() { String::new() } else { format!("{root}/") };
        let spec = match spec.strip_prefix(&prefix).filter(|name| in_library(name)) {
            Some(name) => name.to_owned(),
            None => spec,
        };
        Self { root, spec }
    }

    /// The name under which the spec is read.
    pub fn spec(&self) -> &str {
        &self.spec
    }

    /// A file's name as it is recorded: relative to the root, so that it does not depend on where a run is started.
    pub fn recorded(&self, name: &str) -> String {
        let relative =
            name.strip_prefix(&self.root).and_then(|rest| rest.strip_prefix('/')).filter(|_| !self.root.is_empty());
        relative.unwrap_or(name).to_owned()
    }

    fn within_root(&self, name: &str) -> String {
        if self.root.is_empty() { name.to_owned() } else { format!("{}/{name}", self.root) }
    }
}

impl Files for SpecFiles {
    fn read(&self, name: &str, limit: u64) -> io::Result<Vec<u8>> {
        let disk = Disk::current();
        if in_library(name) {
            match disk.read(&self.within_root(name), limit) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                found => return found,
            }
        } else if name != self.spec && in_library(&self.recorded(name)) && self.recorded(name) != name {
            // The same file has its name in the library; under two names it would be read twice.
            return Err(io::ErrorKind::NotFound.into());
        } else {
            match disk.read(name, limit) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                found => return found,
            }
        }
        match built_in(name) {
            Some(bytes) if bytes.len() as u64 > limit => Err(io::ErrorKind::FileTooLarge.into()),
            Some(bytes) => Ok(bytes.to_vec()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn names(&self) -> Vec<String> {
        FILES.iter().map(|(name, _)| (*name).to_owned()).collect()
    }
}

fn in_library(name: &str) -> bool {
    name.starts_with("library/")
}

/// A path without `.`, without doubled slashes, and with `..` taken back where a folder can be left.
fn tidy(path: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    let path = path.replace('\\', "/");
    for part in Path::new(&path).components() {
        match part {
            Component::ParentDir if parts.last().is_some_and(|last| last != "..") => {
                parts.pop();
            }
            Component::ParentDir => parts.push("..".to_owned()),
            Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
            _ => {}
        }
    }
    let rooted = if path.starts_with('/') { "/" } else { "" };
    format!("{rooted}{}", parts.join("/"))
}

/// The nearest folder at or above a spec that holds a `library`; the spec's own folder where none does.
fn root_of(spec: &str) -> String {
    let own = spec.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut folder = own;
    loop {
        if Path::new(folder).join("library").is_dir() {
            return folder.to_owned();
        }
        match folder.rsplit_once('/') {
            Some(("", _)) => return own.to_owned(),
            Some((above, _)) => folder = above,
            None if folder.is_empty() => return own.to_owned(),
            None => folder = "",
        }
    }
}

/// The files that are built into the program, by name.
pub(crate) struct BuiltIn;

impl Files for BuiltIn {
    fn read(&self, name: &str, limit: u64) -> io::Result<Vec<u8>> {
        match built_in(name) {
            Some(bytes) if bytes.len() as u64 > limit => Err(io::ErrorKind::FileTooLarge.into()),
            Some(bytes) => Ok(bytes.to_vec()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn names(&self) -> Vec<String> {
        FILES.iter().map(|(name, _)| (*name).to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_specs_are_found_with_and_without_their_folder() {
        assert!(built_in("specs/library/us/base.yaml").is_some());
        assert!(built_in("library/us/base.yaml").is_some());
        assert!(built_in("library/us/none.yaml").is_none());
        assert_eq!(SpecFiles::of("claims-prototype").spec(), "claims-prototype.yaml");
        assert_eq!(SpecFiles::of("specs/claims-prototype.yaml").spec(), "claims-prototype.yaml");
    }

    #[test]
    fn a_file_beside_the_spec_comes_before_a_built_in_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let library = folder.path().join("library/us");
        std::fs::create_dir_all(&library).expect("a library");
        std::fs::write(library.join("base.yaml"), "mine").expect("a layer");
        std::fs::write(folder.path().join("own.yaml"), "use: [library/us/base]").expect("a spec");
        let spec = folder.path().join("own.yaml");
        let files = SpecFiles::of(spec.to_str().expect("UTF-8"));
        assert_eq!(files.read("library/us/base.yaml", 99).expect("read"), b"mine");
        assert_eq!(
            files.read("library/us/claims.yaml", 1 << 24).expect("read"),
            built_in("library/us/claims.yaml").expect("built in")
        );
        let twice = format!("{}/library/us/base.yaml", folder.path().display());
        assert_eq!(files.read(&twice, 99).expect_err("known by its library name").kind(), io::ErrorKind::NotFound);
        assert_eq!(files.recorded(files.spec()), "own.yaml");
    }

    #[test]
    fn paths_are_tidied_as_the_reader_does() {
        assert_eq!(tidy("./specs//x/../claims.yaml"), "specs/claims.yaml");
        assert_eq!(tidy("../x.yaml"), "../x.yaml");
        assert_eq!(tidy("/a/./b.yaml"), "/a/b.yaml");
    }
}
