//! Files of bytes that are hashed while they are written.

use std::path::Path;

use crate::error::FormatError;
use crate::shaped::SealedFile;
use crate::sink::{Sealed, Sink};

/// A file that is being written, its length and SHA-256 kept as the bytes pass.
pub struct PlainFile {
    sink: Sink,
    rows: u64,
}

impl PlainFile {
    /// Creates a file, which must not exist.
    ///
    /// # Errors
    ///
    /// - `MK0902` when it cannot be created
    pub fn create(path: &Path) -> Result<Self, FormatError> {
        Ok(Self { sink: Sink::create(path.to_owned())?, rows: 0 })
    }

    /// Appends bytes that hold so many rows.
    ///
    /// # Errors
    ///
    /// - `MK0902` when the system refuses to write
    pub fn append(&mut self, bytes: &[u8], rows: u64) -> Result<(), FormatError> {
        self.rows += rows;
        self.sink.put(bytes)
    }

    /// Completes the file.
    ///
    /// # Errors
    ///
    /// - `MK0902` when the system refuses to write
    pub fn finish(self) -> Result<SealedFile, FormatError> {
        let Sealed { bytes, sha256 } = self.sink.seal()?;
        Ok(SealedFile { rows: self.rows, bytes, sha256 })
    }

    /// Writes a whole file, which must not exist.
    ///
    /// # Errors
    ///
    /// - `MK0902` when it cannot be written
    pub fn write(path: &Path, bytes: &[u8], rows: u64) -> Result<SealedFile, FormatError> {
        let mut file = Self::create(path)?;
        file.append(bytes, rows)?;
        file.finish()
    }
}
