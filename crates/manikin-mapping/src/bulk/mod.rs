//! Resources in files: NDJSON by type, as FHIR's Bulk Data Access has it, and a Bundle for each subject.
//!
//! Resources go to their files in pieces while a block is encoded, on any thread, each file in the order of the blocks:
//! a block of resources is some hundred megabytes, which nobody holds.
//!
//! A Bundle is a transaction of PUT requests, so that loading it twice changes nothing. Those of the subjects refer to
//! what `shared.json` holds, which is loaded first.
//!
//! # Source
//! FHIR R4, Bundle and `http.html#transaction`; Bulk Data Access 2.0, output format `application/fhir+ndjson`.

mod bundle;
mod lanes;

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::Arc;
use std::{fmt, fs};

use indexmap::IndexMap;
use manikin_expression::Literal;
use manikin_formats::{FormatError, PlainFile, SealedFile};
use manikin_tables::Block;

use self::bundle::{Bundled, Written};
use self::lanes::{Lane, PATIENCE, Share};
use crate::checked::{Checked, From as Origin, ProjectionId};
use crate::json::{EncodeError, Encoding, Json, Part};
use crate::records::Shared;

/// The folder of the Bundles.
const BUNDLES: &str = "bundles";
/// The server that Bundles name their resources by, where the mapping has no setting `base`.
const BASE: &str = "https://manikin.example/fhir";
/// Bytes that are encoded before they are written: what a processor's cache holds.
const PIECE: usize = 256 << 10;

/// Whether Bundles are made beside the NDJSON files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bundles {
    /// They are not.
    Omitted,
    /// One for each subject, and one of what they share.
    Made,
}

/// Where the files go, and whose they are.
#[derive(Clone, Debug)]
pub struct BulkPlace {
    /// A folder that exists.
    pub folder: PathBuf,
    /// Which part of a run this is, and of how many: its number is in the names of its files.
    pub part: (u64, u64),
    /// The first block that will be written.
    pub first: u64,
}

/// A mapping onto resources with the files that the blocks of a run are written to.
pub struct Bulk {
    shared: Shared,
    json: Json,
    bundles: Bundles,
    base: String,
    place: BulkPlace,
    types: IndexMap<String, Type>,
}

/// A resource type: its file, and the places of the projections that make its resources, with whether they are made of
/// the subjects themselves.
struct Type {
    lane: Lane,
    projections: Vec<(usize, bool)>,
}

/// What a block added beside the NDJSON files: its Bundles.
#[derive(Debug, Default)]
pub struct BulkBlock {
    bundles: Vec<BulkBundle>,
    bytes: u64,
}

/// The file of a resource type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BulkType {
    /// The type.
    pub name: String,
    /// The path below the place's folder.
    pub path: String,
    /// Resources, length and digest.
    pub sealed: SealedFile,
}

/// The file of a Bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BulkBundle {
    /// The path below the place's folder, with `/` between its parts.
    pub path: String,
    /// Entries, length and digest.
    pub sealed: SealedFile,
}

/// Why a block was not written.
#[derive(Debug)]
pub enum BulkError {
    /// The mapping cannot be carried out on its rows.
    Encode(EncodeError),
    /// The system refused to write.
    Write(FormatError),
}

impl BulkBlock {
    /// The bytes that it added to the NDJSON files.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Its Bundles, all complete.
    pub fn into_bundles(self) -> Vec<BulkBundle> {
        self.bundles
    }
}

impl Bulk {
    /// Takes what every block needs of block 0 of a run, and makes the folder of the Bundles. The files of the types are
    /// made with their first resources.
    ///
    /// # Errors
    /// - `MK0902` when the folder of the Bundles cannot be made
    pub fn create(
        mapping: Arc<Checked>,
        reference: &Block,
        bundles: Bundles,
        place: BulkPlace,
    ) -> Result<Self, FormatError> {
        if bundles == Bundles::Made {
            let path = place.folder.join(BUNDLES);
            fs::create_dir_all(&path).map_err(|source| FormatError::Io { action: "create", path, source })?;
        }
        let base = match mapping.settings.get("base") {
            Some(Literal::Text(base)) => base.trim_end_matches('/').to_owned(),
            _ => BASE.to_owned(),
        };
        let mut types: IndexMap<String, Type> = IndexMap::new();
        for (at, projection) in mapping.projections.iter().enumerate() {
            let lane = || Lane::new(place.folder.join(place.name(&projection.to)), place.first);
            let is_subject = matches!(projection.from, Origin::Entity(entity) if mapping.spec.subject == Some(entity));
            let ty = types.entry(projection.to.clone());
            ty.or_insert_with(|| Type { lane: lane(), projections: Vec::new() }).projections.push((at, is_subject));
        }
        let (json, shared) = (Json::new(mapping.clone()), Shared::new(mapping, reference));
        Ok(Self { shared, json, bundles, base, place, types })
    }

    /// The mapping.
    pub fn mapping(&self) -> &Arc<Checked> {
        self.shared.mapping()
    }

    /// Writes the resources of a block, on any thread. Blocks are begun in their order, from the place's first on, and
    /// none is left out unless the run has failed; a call may wait for calls with earlier blocks.
    ///
    /// # Errors
    /// - [`BulkError::Encode`]: as [`Json::encode`]
    /// - [`BulkError::Write`]: the system refuses to write, or an earlier block was not written
    pub fn write(&self, block: &Block) -> Result<BulkBlock, BulkError> {
        // The turn at every file passes through this block: where it fails, later ones must not wait for it.
        let patience = Cell::new(PATIENCE);
        let shares: Vec<Share<'_>> = self.types.values().map(|ty| ty.lane.share(block.index, &patience)).collect();
        let records = self.shared.records(block);
        let encoding = Encoding::new(&self.json, &records);
        let part = if block.index == 0 { Part::Reference } else { Part::Subjects };
        let mut bundled = (self.bundles == Bundles::Made).then(|| Bundled::new(block.index));
        let mut bytes = 0;
        for (ty, mut share) in self.types.values().zip(shares) {
            for (at, is_subject) in &ty.projections {
                if !self.json.writes(ProjectionId(*at), part) {
                    continue;
                }
                encoding.projection(*at, PIECE, &mut |resources| {
                    if let Some(bundled) = &mut bundled {
                        bundled.add(&self.base, resources, *is_subject);
                    }
                    bytes += resources.bytes.len() as u64;
                    share.append(&mut resources.bytes, resources.ends.len() as u64).map_err(BulkError::Write)
                })?;
            }
            share.finish()?;
        }
        let bundles = bundled.map(Bundled::finish).into_iter().flatten();
        let bundles = bundles.map(|bundle| self.bundle(bundle)).collect::<Result<_, _>>()?;
        Ok(BulkBlock { bundles, bytes })
    }

    fn bundle(&self, bundle: Written) -> Result<BulkBundle, FormatError> {
        let path = format!("{BUNDLES}/{}.json", bundle.name);
        let sealed = PlainFile::write(&self.place.folder.join(&path), &bundle.bytes, bundle.entries)?;
        Ok(BulkBundle { path, sealed })
    }

    /// Completes the files of the types, and says which have anything, with the mapping that they were made by.
    ///
    /// # Errors
    /// - `MK0902` when the system refuses to write
    pub fn finish(self) -> Result<(Arc<Checked>, Vec<BulkType>), FormatError> {
        let mapping = self.mapping().clone();
        let mut files = Vec::new();
        for (name, ty) in self.types {
            if let Some(sealed) = ty.lane.finish()? {
                files.push(BulkType { path: self.place.name(&name), name, sealed });
            }
        }
        Ok((mapping, files))
    }
}

impl BulkPlace {
    fn name(&self, ty: &str) -> String {
        match self.part {
            (_, 1) => format!("{ty}.ndjson"),
            (part, of) => format!("{ty}-{part}-of-{of}.ndjson"),
        }
    }
}

impl From<EncodeError> for BulkError {
    fn from(error: EncodeError) -> Self {
        Self::Encode(error)
    }
}

impl From<FormatError> for BulkError {
    fn from(error: FormatError) -> Self {
        Self::Write(error)
    }
}

impl fmt::Display for BulkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encode(error) => error.fmt(f),
            Self::Write(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for BulkError {}
