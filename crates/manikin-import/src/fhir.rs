//! FHIR resources, a JSON object a line, as the flat tables of a mapping.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path as FilePath, PathBuf};

use indexmap::IndexMap;
use manikin_diagnostic::{Diagnostic, codes};
use serde_json::Value;

use crate::account::{Account, Unread};
use crate::check::{Checked, SourcePaths};
use crate::path::{referenced, scalar};
use crate::rows::Places;
use crate::run::ImportError;

/// The longest line that is read.
///
/// ASSUMED: 256 MiB is beyond any resource that a server exports, documents with attachments included.
const LONGEST_LINE: u64 = 1 << 28;

/// What stands between the parts of a key made of several values.
const JOIN: &str = " & ";

/// The texts of a source's columns, and where its rows stand.
#[derive(Clone, Default)]
pub(crate) struct Texts {
    pub(crate) columns: IndexMap<String, Vec<Option<String>>>,
    pub(crate) places: Places,
    pub(crate) rows: usize,
}

/// Reads every NDJSON file of a folder.
pub(crate) fn read(
    checked: &Checked,
    folder: &FilePath,
    account: &mut Account,
) -> Result<IndexMap<String, Texts>, ImportError> {
    let mut sources: IndexMap<String, Texts> = IndexMap::new();
    for (name, paths) in &checked.paths {
        let columns = paths.columns.keys().map(|column| (column.clone(), Vec::new())).collect();
        let places = Places { by_line: true, ..Places::default() };
        sources.insert(name.clone(), Texts { columns, places, ..Texts::default() });
    }
    let mut by_type: BTreeMap<&str, Vec<(&str, &SourcePaths)>> = BTreeMap::new();
    for (name, paths) in &checked.paths {
        let read = checked.import.document.sources[name].read.as_str();
        by_type.entry(read).or_default().push((name, paths));
    }
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    let mut elements: BTreeMap<(String, String), u64> = BTreeMap::new();
    let mut used: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (read, sources) in &by_type {
        let elements = used.entry(*read).or_default();
        for (_, paths) in sources {
            elements.extend(paths.each.iter().map(super::path::Path::first));
            let parts = paths.columns.values().flatten();
            elements.extend(parts.filter(|(_, of_item)| !of_item).map(|(path, _)| path.first()));
        }
    }
    for (path, name) in files(folder)? {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or("");
        if !["ndjson", "jsonl"].contains(&extension) {
            account.passes_over(&name);
            continue;
        }
        for texts in sources.values_mut() {
            texts.places.files.push(name.clone());
            texts.places.starts.push(texts.rows as u32);
        }
        let mut lines = Lines::open(&path, &name)?;
        while let Some((line, resource)) = lines.next()? {
            let Some(kind) = resource.get("resourceType").and_then(Value::as_str) else {
                let message = format!("{name}:{line}: the object has no `resourceType`");
                return Err(Diagnostic::error(codes::BROKEN_LINE, message)
                    .help("FHIR resources name their type")
                    .into());
            };
            *seen.entry(kind.to_owned()).or_default() += 1;
            let Some(readers) = by_type.get(kind) else { continue };
            if let (Value::Object(object), Some(used)) = (&resource, used.get(kind)) {
                for element in object.keys().filter(|element| !used.contains(element.as_str())) {
                    if !["resourceType", "meta", "text", "implicitRules", "language"].contains(&element.as_str()) {
                        *elements.entry((kind.to_owned(), element.clone())).or_default() += 1;
                    }
                }
            }
            for (source, paths) in readers {
                if let Some(texts) = sources.get_mut(*source) {
                    add(texts, paths, &resource, line);
                }
            }
        }
    }
    for (kind, count) in &seen {
        if !by_type.contains_key(kind.as_str()) {
            account.unread.push(Unread {
                what: kind.clone(),
                count: *count,
                why: "no source reads this resource type",
            });
        }
    }
    for ((kind, element), count) in elements {
        account.unread.push(Unread { what: format!("{kind}.{element}"), count, why: "no column reads this element" });
    }
    Ok(sources)
}

fn add(texts: &mut Texts, paths: &SourcePaths, resource: &Value, line: u32) {
    let whole = std::slice::from_ref(resource);
    let items = paths.each.as_ref().map_or(whole, |each| each.items(resource));
    for item in items {
        for (column, parts) in &paths.columns {
            let mut texts_of_parts = parts.iter().map(|(path, of_item)| {
                let text = path.value(if *of_item { item } else { resource }).and_then(scalar)?;
                if path.is_reference() { referenced(&text).map(str::to_owned) } else { Some(text.into_owned()) }
            });
            let text = match parts.len() {
                1 => texts_of_parts.next().flatten(),
                _ => texts_of_parts.collect::<Option<Vec<String>>>().map(|parts| parts.join(JOIN)),
            };
            if let Some(values) = texts.columns.get_mut(column) {
                values.push(text);
            }
        }
        texts.places.lines.push(line);
        texts.rows += 1;
    }
}

/// The files under a folder with their names within it, in the order of the names.
pub(crate) fn files(folder: &FilePath) -> Result<Vec<(PathBuf, String)>, ImportError> {
    let mut found = Vec::new();
    let mut open = vec![(folder.to_owned(), String::new())];
    while let Some((at, prefix)) = open.pop() {
        let refused = |error: std::io::Error| ImportError::unreadable(&at, &error);
        for entry in std::fs::read_dir(&at).map_err(refused)? {
            let entry = entry.map_err(refused)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') {
                continue;
            }
            let name = format!("{prefix}{name}");
            let path = entry.path();
            if path.is_dir() {
                open.push((path, format!("{name}/")));
            } else {
                found.push((path, name));
            }
        }
    }
    found.sort_by(|left, right| left.1.cmp(&right.1));
    Ok(found)
}

/// The JSON objects of a file, one a line.
struct Lines {
    reader: BufReader<File>,
    name: String,
    line: u32,
    buffer: Vec<u8>,
}

impl Lines {
    fn open(path: &FilePath, name: &str) -> Result<Self, ImportError> {
        let file = File::open(path).map_err(|error| ImportError::unreadable(path, &error))?;
        let reader = BufReader::with_capacity(1 << 18, file);
        Ok(Self { reader, name: name.to_owned(), line: 0, buffer: Vec::new() })
    }

    fn next(&mut self) -> Result<Option<(u32, Value)>, ImportError> {
        loop {
            self.buffer.clear();
            let mut limited = std::io::Read::take(&mut self.reader, LONGEST_LINE);
            let read = limited.read_until(b'\n', &mut self.buffer);
            let read = read.map_err(|error| ImportError::unreadable(FilePath::new(&self.name), &error))?;
            if read == 0 {
                return Ok(None);
            }
            self.line += 1;
            let mut bytes = self.buffer.as_slice();
            if self.line == 1 {
                bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            }
            if bytes.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            return self.object(bytes).map(|value| Some((self.line, value)));
        }
    }

    fn object(&self, bytes: &[u8]) -> Result<Value, ImportError> {
        let place = format!("{}:{}", self.name, self.line);
        if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
            let diagnostic = Diagnostic::error(codes::NOT_UTF8, format!("{place}: the file is UTF-16, not UTF-8"));
            return Err(diagnostic.help("convert it: `iconv -f UTF-16 -t UTF-8`").into());
        }
        if let Err(error) = std::str::from_utf8(bytes) {
            let message = format!("{place}: byte {} of the line is not UTF-8", error.valid_up_to() + 1);
            return Err(Diagnostic::error(codes::NOT_UTF8, message).help("convert the file to UTF-8").into());
        }
        match serde_json::from_slice::<Value>(bytes) {
            Ok(value) if value.is_object() => Ok(value),
            Ok(_) => {
                let diagnostic = Diagnostic::error(codes::BROKEN_LINE, format!("{place}: the line is no JSON object"));
                Err(diagnostic.help("each line of an NDJSON file holds one resource").into())
            }
            Err(error) => {
                let help = if error.is_eof() {
                    "the line ends before its object does: was the file cut off?"
                } else {
                    "each line of an NDJSON file holds one whole JSON object"
                };
                let message = format!("{place}: column {}: the line is no JSON", error.column());
                Err(Diagnostic::error(codes::BROKEN_LINE, message).help(help).into())
            }
        }
    }
}
