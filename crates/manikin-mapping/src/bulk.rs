//! Resources in files: NDJSON by type, as FHIR's Bulk Data Access has it, and a Bundle for each subject.
//!
//! A Bundle is a transaction of PUT requests, so that loading it twice changes nothing. Those of the subjects refer to
//! what `shared.json` holds, which is loaded first.
//!
//! # Source
//! FHIR R4, Bundle and `http.html#transaction`; Bulk Data Access 2.0, output format `application/fhir+ndjson`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;
use manikin_expression::Literal;
use manikin_formats::{FormatError, PlainFile, SealedFile};
use manikin_tables::{Block, NO_ROW};

use crate::checked::{Checked, From};
use crate::json::{EncodeError, Json, Part, Resources};
use crate::records::Shared;

/// The folder of the Bundles.
const BUNDLES: &str = "bundles";
/// The Bundle of what the others refer to.
const SHARED: &str = "shared";
/// The server that Bundles name their resources by, where the mapping has no setting `base`.
const BASE: &str = "https://manikin.example/fhir";

/// Whether Bundles are made beside the NDJSON files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bundles {
    /// They are not.
    Omitted,
    /// One for each subject, and one of what they share.
    Made,
}

/// A mapping onto resources, ready for the blocks of a run.
pub struct Bulk {
    shared: Shared,
    json: Json,
    bundles: Bundles,
    base: String,
}

/// The resources of a block.
pub struct BulkBlock {
    /// By type, in the order of the mapping: bytes, in pieces, and how many resources.
    types: Vec<(String, Vec<Vec<u8>>, u64)>,
    /// Names and bytes of Bundles, with the number of their entries.
    bundles: Vec<(String, Vec<u8>, u64)>,
}

impl BulkBlock {
    /// The length of its resources as NDJSON.
    pub fn bytes(&self) -> usize {
        self.types.iter().flat_map(|(_, pieces, _)| pieces).map(Vec::len).sum()
    }
}

impl Bulk {
    /// Takes what every block needs of block 0 of a run.
    pub fn new(mapping: Arc<Checked>, reference: &Block, bundles: Bundles) -> Self {
        let base = match mapping.settings.get("base") {
            Some(Literal::Text(base)) => base.trim_end_matches('/').to_owned(),
            _ => BASE.to_owned(),
        };
        Self { json: Json::new(mapping.clone()), shared: Shared::new(mapping, reference), bundles, base }
    }

    /// The mapping.
    pub fn mapping(&self) -> &Arc<Checked> {
        self.shared.mapping()
    }

    /// The resources of a block.
    ///
    /// # Errors
    /// - As [`Json::encode`].
    pub fn of(&self, block: &Block) -> Result<BulkBlock, EncodeError> {
        let records = self.shared.records(block);
        let part = if block.index == 0 { Part::Reference } else { Part::Subjects };
        let made = self.json.encode(&records, part)?;
        let bundles = match self.bundles {
            Bundles::Omitted => Vec::new(),
            Bundles::Made => self.bundles(block.index, &made),
        };
        let mut types: Vec<(String, Vec<Vec<u8>>, u64)> = Vec::new();
        for resources in made {
            let to = &self.mapping().projections[resources.projection].to;
            let count = resources.ends.len() as u64;
            match types.iter_mut().find(|(name, _, _)| name == to) {
                Some((_, pieces, rows)) => {
                    pieces.push(resources.bytes);
                    *rows += count;
                }
                None => types.push((to.clone(), vec![resources.bytes], count)),
            }
        }
        Ok(BulkBlock { types, bundles })
    }

    /// A Bundle for each subject of a block, or one of all that is made once.
    fn bundles(&self, block: u64, made: &[Resources]) -> Vec<(String, Vec<u8>, u64)> {
        let mapping = self.mapping();
        let mut bundles: BTreeMap<u32, Bundle> = BTreeMap::new();
        for resources in made {
            let from = &mapping.projections[resources.projection].from;
            let is_subject = matches!(from, From::Entity(entity) if mapping.spec.subject == Some(*entity));
            for (resource, subject) in resources.iter() {
                let subject = if block == 0 { NO_ROW } else { subject };
                let bundle = bundles.entry(subject).or_default();
                let Some((ty, id)) = identity(resource) else { continue };
                if is_subject && bundle.name.is_none() {
                    bundle.name = Some(id.to_owned());
                }
                bundle.add(&self.base, ty, id, resource);
            }
        }
        let name = |subject: u32| match (block, subject) {
            (0, _) => SHARED.to_owned(),
            // A subject that is itself left out still has what is known of it.
            (_, NO_ROW) => format!("block-{block}"),
            (_, row) => format!("block-{block}-{row}"),
        };
        bundles.into_iter().map(|(subject, bundle)| bundle.finish(name(subject))).collect()
    }
}

#[derive(Default)]
struct Bundle {
    name: Option<String>,
    /// The security labels of its resources, as JSON.
    security: Option<String>,
    entries: Vec<u8>,
    count: u64,
}

impl Bundle {
    fn add(&mut self, base: &str, ty: &str, id: &str, resource: &[u8]) {
        if self.count == 0 {
            self.security = security(resource);
        } else {
            self.entries.extend_from_slice(b",\n");
        }
        self.count += 1;
        self.entries.extend_from_slice(format!("{{\"fullUrl\":\"{base}/{ty}/{id}\",\"resource\":").as_bytes());
        self.entries.extend_from_slice(resource.trim_ascii_end());
        self.entries
            .extend_from_slice(format!(",\"request\":{{\"method\":\"PUT\",\"url\":\"{ty}/{id}\"}}}}").as_bytes());
    }

    fn finish(self, otherwise: String) -> (String, Vec<u8>, u64) {
        let mut bytes = Vec::with_capacity(self.entries.len() + 80);
        bytes.extend_from_slice(b"{\"resourceType\":\"Bundle\",");
        if let Some(security) = self.security {
            bytes.extend_from_slice(format!("\"meta\":{{\"security\":{security}}},").as_bytes());
        }
        bytes.extend_from_slice(b"\"type\":\"transaction\",\"entry\":[\n");
        bytes.extend_from_slice(&self.entries);
        bytes.extend_from_slice(b"\n]}\n");
        (self.name.unwrap_or(otherwise), bytes, self.count)
    }
}

/// The type and the id that a resource begins with.
fn identity(resource: &[u8]) -> Option<(&str, &str)> {
    // The engine writes both first, and neither needs an escape.
    let head = resource.get(..resource.len().min(200))?;
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&head[..error.valid_up_to()]).ok()?,
    };
    let (ty, rest) = text.strip_prefix("{\"resourceType\":\"")?.split_once('"')?;
    let (id, _) = rest.strip_prefix(",\"id\":\"")?.split_once('"')?;
    Some((ty, id))
}

/// The security labels of a resource, which its Bundle bears as well.
fn security(resource: &[u8]) -> Option<String> {
    let read: serde_json::Value = serde_json::from_slice(resource).ok()?;
    Some(read.get("meta")?.get("security")?.to_string())
}

/// A file that was written, its path under the dataset's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BulkFile {
    /// The resource type; `None` for a Bundle.
    pub ty: Option<String>,
    /// The path, with `/` between its parts.
    pub path: String,
    /// Resources, length and digest.
    pub sealed: SealedFile,
}

/// Appends the resources of blocks to the files of a folder, in the order of the blocks.
pub struct BulkWriter {
    folder: PathBuf,
    /// Which part of a run this is, and of how many: its number is in the names of its files.
    part: (u64, u64),
    types: IndexMap<String, PlainFile>,
    bundles: Vec<BulkFile>,
}

impl BulkWriter {
    /// Begins in a folder that exists.
    ///
    /// # Errors
    /// - `MK0902` when the folder of the Bundles cannot be made
    pub fn create(folder: &Path, bulk: &Bulk, part: (u64, u64)) -> Result<Self, FormatError> {
        if bulk.bundles == Bundles::Made {
            let path = folder.join(BUNDLES);
            fs::create_dir_all(&path).map_err(|source| FormatError::Io { action: "create", path, source })?;
        }
        Ok(Self { folder: folder.to_owned(), part, types: IndexMap::new(), bundles: Vec::new() })
    }

    /// Appends the resources of a block.
    ///
    /// # Errors
    /// - `MK0902` when the system refuses to write
    pub fn append(&mut self, block: BulkBlock) -> Result<(), FormatError> {
        for (ty, pieces, count) in block.types {
            let path = self.folder.join(self.name(&ty));
            let file = match self.types.entry(ty) {
                indexmap::map::Entry::Occupied(known) => known.into_mut(),
                indexmap::map::Entry::Vacant(free) => free.insert(PlainFile::create(&path)?),
            };
            pieces.iter().try_for_each(|bytes| file.append(bytes, 0))?;
            file.append(&[], count)?;
        }
        for (name, bytes, count) in block.bundles {
            let path = format!("{BUNDLES}/{name}.json");
            let sealed = PlainFile::write(&self.folder.join(&path), &bytes, count)?;
            self.bundles.push(BulkFile { ty: None, path, sealed });
        }
        Ok(())
    }

    /// Completes the files and says what was written.
    ///
    /// # Errors
    /// As for [`append`](Self::append).
    pub fn finish(mut self) -> Result<Vec<BulkFile>, FormatError> {
        let types = std::mem::take(&mut self.types);
        let mut files = Vec::with_capacity(types.len() + self.bundles.len());
        for (ty, file) in types {
            files.push(BulkFile { path: self.name(&ty), sealed: file.finish()?, ty: Some(ty) });
        }
        files.append(&mut self.bundles);
        Ok(files)
    }

    fn name(&self, ty: &str) -> String {
        match self.part {
            (_, 1) => format!("{ty}.ndjson"),
            (part, of) => format!("{ty}-{part}-of-{of}.ndjson"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_known_by_its_first_members() {
        assert_eq!(
            identity(b"{\"resourceType\":\"Patient\",\"id\":\"7c\",\"x\":\"\xc3\xa9\"}\n"),
            Some(("Patient", "7c"))
        );
        assert_eq!(identity(b"{\"id\":\"7c\"}"), None);
    }

    #[test]
    fn a_bundle_is_a_transaction_of_puts() {
        let mut bundle = Bundle { name: Some("p".to_owned()), ..Bundle::default() };
        let patient = br#"{"resourceType":"Patient","id":"p","meta":{"security":[{"code":"HTEST"}]}}"#;
        bundle.add("https://x.example", "Patient", "p", patient);
        bundle.add("https://x.example", "Encounter", "e", b"{\"resourceType\":\"Encounter\",\"id\":\"e\"}\n");
        let (name, bytes, count) = bundle.finish("none".to_owned());
        let read: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
        assert_eq!((name.as_str(), count, read["entry"].as_array().map(Vec::len)), ("p", 2, Some(2)));
        assert_eq!(read["meta"]["security"][0]["code"], "HTEST");
        assert_eq!(read["entry"][1]["request"]["url"], "Encounter/e");
        assert_eq!(read["entry"][0]["fullUrl"], "https://x.example/Patient/p");
    }
}
