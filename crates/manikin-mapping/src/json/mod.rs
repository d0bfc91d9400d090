//! The JSON engine: resources written straight to bytes, block by block.
//!
//! Every expression is evaluated once per block as a column; then each row runs a [program](program) that copies
//! literal bytes and appends values, without allocating.

mod block;
mod id;
mod program;
mod values;
mod zone;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use indexmap::IndexMap;
use manikin_expression::Hop;
use manikin_spec::spec::{EntityId, EntityScope};
use manikin_tables::{EvaluationError, Relations};

pub(crate) use self::block::Encoding;
use self::id::Uuid;
use self::program::Program;
use self::zone::Zone;
use crate::checked::{Checked, Content, From, ProjectionId};
use crate::scope::{Rows, World};

/// A mapping to resources, ready to write them. Shared by threads; each encodes blocks of its own.
#[derive(Debug)]
pub struct Json {
    checked: Arc<Checked>,
    projections: Vec<Compiled>,
    zones: Mutex<BTreeMap<String, Option<Arc<Zone>>>>,
}

/// A projection with what is made of it once.
#[derive(Debug)]
struct Compiled {
    entity: Option<EntityId>,
    program: Program,
    namespace: Uuid,
    /// The way to the subject that a row belongs to.
    subject: Option<Vec<Hop>>,
}

/// Which rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Those made once for all: the reference entities of block 0.
    Reference,
    /// Those that belong to a subject: every other block.
    Subjects,
    /// All: a dataset read from files.
    Whole,
}

/// The resources of one projection in one block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    /// The projection's place in [`Checked::projections`].
    pub projection: usize,
    /// One resource a line, each with its line feed.
    pub bytes: Vec<u8>,
    /// Where each resource ends in `bytes`, just past its line feed.
    pub ends: Vec<usize>,
    /// The row of the subject that each resource belongs to, or [`manikin_tables::NO_ROW`].
    pub subjects: Vec<u32>,
}

/// Why a block cannot be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EncodeError {
    /// An expression cannot be evaluated: the rows are not those that the mapping was checked against.
    Evaluation {
        /// The projection.
        projection: String,
        /// The reason.
        error: EvaluationError,
    },
    /// A zone that the time zone database does not have.
    UnknownZone {
        /// The projection.
        projection: String,
        /// The name in the rows.
        zone: String,
    },
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Evaluation { projection, error } => write!(f, "projection {projection}: {error}"),
            Self::UnknownZone { projection, zone } => {
                write!(
                    f,
                    "projection {projection}: there is no time zone `{zone}`; zones have IANA names such as America/New_York"
                )
            }
        }
    }
}

impl std::error::Error for EncodeError {}

impl Json {
    /// Compiles the projections of a mapping that have a body.
    pub fn new(checked: Arc<Checked>) -> Self {
        let tables = IndexMap::new();
        let world = World { spec: &checked.spec, tables: &tables, constants: BTreeMap::new() };
        let compile = |projection: &crate::checked::Projection| {
            let entity = match &projection.from {
                From::Entity(entity) => Some(*entity),
                _ => None,
            };
            let empty = crate::tree::Body::default();
            let body = match &projection.content {
                Content::Body(body) => body,
                Content::Columns(_) => &empty,
            };
            let subject = entity.zip(checked.spec.subject).and_then(|(entity, subject)| {
                if checked.spec[entity].scope == EntityScope::Reference {
                    return None;
                }
                let name = checked.spec[subject].name.as_str();
                let way = if entity == subject { Vec::new() } else { world.way(entity, &[name]).ok()?.0 };
                Some(world.straight(&Rows::Entity(entity), way))
            });
            Compiled {
                entity,
                program: Program::new(&checked, &projection.to, body),
                namespace: Uuid::namespace(&projection.to, &projection.name),
                subject,
            }
        };
        let projections = checked.projections.iter().map(compile).collect();
        Self { projections, zones: Mutex::new(BTreeMap::new()), checked }
    }

    /// The mapping.
    pub fn checked(&self) -> &Arc<Checked> {
        &self.checked
    }

    /// Whether a projection's rows are of a part.
    pub fn writes(&self, projection: ProjectionId, part: Part) -> bool {
        let Some(entity) = self.projections.get(projection.0).and_then(|compiled| compiled.entity) else {
            return false;
        };
        let is_reference = self.checked.spec[entity].scope == EntityScope::Reference;
        match part {
            Part::Reference => is_reference,
            Part::Subjects => !is_reference,
            Part::Whole => true,
        }
    }

    /// Writes the resources of a block, projection by projection in their order; a projection without rows is left
    /// out. `rows` holds the block's rows and those that they refer to.
    ///
    /// # Errors
    /// - [`EncodeError::Evaluation`]: the rows lack what the mapping was checked against.
    /// - [`EncodeError::UnknownZone`]: a time zone of the rows has no rules.
    pub fn encode(&self, rows: &dyn Relations, part: Part) -> Result<Vec<Resources>, EncodeError> {
        let encoding = Encoding::new(self, rows);
        let mut all = Vec::new();
        for at in 0..self.projections.len() {
            if self.writes(ProjectionId(at), part) {
                encoding.projection(at, usize::MAX, &mut |resources| {
                    all.push(std::mem::take(resources));
                    Ok::<_, EncodeError>(())
                })?;
            }
        }
        Ok(all)
    }

    /// The rules of a zone, made once.
    fn zone(&self, name: &str) -> Option<Arc<Zone>> {
        let mut zones = self.zones.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(known) = zones.get(name) {
            return known.clone();
        }
        let zone = Zone::find(name).map(Arc::new);
        zones.insert(name.to_owned(), zone.clone());
        zone
    }
}

impl Resources {
    /// Lends out the bytes written so far with what is known of them, and clears what was left.
    fn hand<E>(&mut self, out: &mut Vec<u8>, emit: &mut dyn FnMut(&mut Self) -> Result<(), E>) -> Result<(), E> {
        let projection = self.projection;
        std::mem::swap(&mut self.bytes, out);
        emit(self)?;
        std::mem::swap(&mut self.bytes, out);
        out.clear();
        self.ends.clear();
        self.subjects.clear();
        self.projection = projection;
        Ok(())
    }

    /// Each resource with the subject's row that it belongs to.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], u32)> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).zip(&self.subjects).map(|((start, end), subject)| (&self.bytes[start..*end], *subject))
    }
}
