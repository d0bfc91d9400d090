//! The MEDS engine: a block of a spec's rows to each subject's events in time.
//!
//! [`Events`] makes the events of a block on any thread, sorted and divided into splits; [`MedsWriter`] appends them to
//! the shards of a folder and keeps the list of codes. Subjects come to their split by a hash of their key, so that more
//! subjects move nobody.
//!
//! # Source
//! MEDS 0.4.1, `meds.schema`: the columns and their types, one subject in one file, contiguous and sorted by time.

mod events;
mod writer;

pub use events::{EventBlock, Events};
pub use writer::{MedsFile, MedsWriter, MedsWritten, Title};
