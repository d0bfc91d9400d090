//! The order of computation.

use super::{EntityId, FieldId};

/// One step of computing a block. Everything that a step needs comes before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// Makes the entity's rows, as its count says.
    Rows(EntityId),
    /// Takes what the model says of every row: the codes of all its attributes at once.
    Learned(EntityId),
    /// Computes a field of every row.
    Field(EntityId, FieldId),
    /// Discards rows that are not kept and orders the rest. Fields that `keep` and `sort` need come before; all else
    /// that concerns the entity's rows comes after. Stands here even when there is nothing to do.
    Settle(EntityId),
}
