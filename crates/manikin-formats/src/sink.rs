//! Files that count and hash what is written to them, and entities whose rows go to one file or to parts.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use manikin_tables::TableSchema;
use sha2::{Digest, Sha256};

use crate::error::FormatError;
use crate::format::{Chunk, Writer, WrittenFile};

/// A file being written, its length and SHA-256 kept as the bytes pass.
pub(crate) struct Sink {
    out: BufWriter<Hashing>,
    path: PathBuf,
}

struct Hashing {
    file: File,
    bytes: u64,
    hash: Sha256,
}

/// A file's length and SHA-256.
pub(crate) struct Sealed {
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

impl Sink {
    pub(crate) fn create(path: PathBuf) -> Result<Self, FormatError> {
        let file = File::create_new(&path).map_err(FormatError::io("create", &path))?;
        let hashing = Hashing { file, bytes: 0, hash: Sha256::new() };
        Ok(Self { out: BufWriter::with_capacity(1 << 16, hashing), path })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn put(&mut self, bytes: &[u8]) -> Result<(), FormatError> {
        let Self { out, path } = self;
        out.write_all(bytes).map_err(|source| FormatError::Io { action: "write", path: path.clone(), source })
    }

    pub(crate) fn seal(mut self) -> Result<Sealed, FormatError> {
        self.out.flush().map_err(FormatError::io("write", &self.path))?;
        let hashing = self.out.get_ref();
        Ok(Sealed { bytes: hashing.bytes, sha256: hex(&hashing.hash.clone().finalize()) })
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The length and SHA-256 of a file.
pub(crate) fn seal_file(path: &Path) -> Result<Sealed, FormatError> {
    let mut file = File::open(path).map_err(FormatError::io("read", path))?;
    let mut hashing = HashOnly { bytes: 0, hash: Sha256::new() };
    io::copy(&mut file, &mut hashing).map_err(FormatError::io("read", path))?;
    Ok(Sealed { bytes: hashing.bytes, sha256: hex(&hashing.hash.finalize()) })
}

struct HashOnly {
    bytes: u64,
    hash: Sha256,
}

impl Write for HashOnly {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}

/// One file of one entity, open for chunks.
pub(crate) trait EntityFile: Send {
    fn append(&mut self, chunk: Chunk) -> Result<(), FormatError>;
    fn finish(self: Box<Self>) -> Result<Sealed, FormatError>;
}

/// Opens a file of an entity.
pub(crate) type Open = Box<dyn Fn(Sink, &Arc<TableSchema>) -> Result<Box<dyn EntityFile>, FormatError> + Send>;

/// A writer of one file per entity, `claim.csv`, or of parts, `claim/part-00000.csv` and on.
///
/// A part ends at the first border of blocks where it holds `rows_per_part` rows, so parts depend on the blocks
/// alone. The first file moves into the folder of parts when a second one begins.
pub(crate) struct EntityFiles {
    format: &'static str,
    folder: PathBuf,
    rows_per_part: u64,
    open: Open,
    entities: Vec<Entity>,
}

struct Entity {
    schema: Arc<TableSchema>,
    current: Box<dyn EntityFile>,
    rows: u64,
    done: Vec<(u64, Sealed)>,
}

impl EntityFiles {
    pub(crate) fn create(
        format: &'static str,
        folder: &Path,
        schemas: &[Arc<TableSchema>],
        rows_per_part: Option<u64>,
        open: Open,
    ) -> Result<Box<dyn Writer>, FormatError> {
        let mut entities = Vec::with_capacity(schemas.len());
        for schema in schemas {
            let sink = Sink::create(whole(folder, &schema.entity, format))?;
            entities.push(Entity { schema: schema.clone(), current: open(sink, schema)?, rows: 0, done: Vec::new() });
        }
        let rows_per_part = rows_per_part.unwrap_or(u64::MAX);
        Ok(Box::new(Self { format, folder: folder.to_owned(), rows_per_part, open, entities }))
    }
}

impl Writer for EntityFiles {
    fn append(&mut self, table: usize, chunk: Chunk) -> Result<(), FormatError> {
        let Some(entity) = self.entities.get_mut(table) else {
            return Err(FormatError::Mismatch(format!("there is no table {table}")));
        };
        if entity.rows >= self.rows_per_part && chunk.rows() > 0 {
            let name = &entity.schema.entity;
            let part = part(&self.folder, name, entity.done.len() + 1, self.format);
            if entity.done.is_empty() {
                let parts = self.folder.join(name);
                // Another format of the same run may have made the folder already.
                fs::create_dir_all(&parts).map_err(FormatError::io("create", &parts))?;
            }
            let next = (self.open)(Sink::create(part)?, &entity.schema)?;
            let sealed = std::mem::replace(&mut entity.current, next).finish()?;
            if entity.done.is_empty() {
                let first = whole(&self.folder, name, self.format);
                let moved = crate::sink::part(&self.folder, name, 0, self.format);
                fs::rename(&first, moved).map_err(FormatError::io("move", &first))?;
            }
            entity.done.push((entity.rows, sealed));
            entity.rows = 0;
        }
        entity.rows += chunk.rows() as u64;
        entity.current.append(chunk)
    }

    fn finish(self: Box<Self>) -> Result<Vec<WrittenFile>, FormatError> {
        let mut files = Vec::new();
        for entity in self.entities {
            let mut done = entity.done;
            done.push((entity.rows, entity.current.finish()?));
            let name = &entity.schema.entity;
            let one = done.len() == 1;
            for (place, (rows, sealed)) in done.into_iter().enumerate() {
                let extension = self.format;
                let path =
                    if one { format!("{name}.{extension}") } else { format!("{name}/part-{place:05}.{extension}") };
                files.push(WrittenFile {
                    entity: Some(name.clone()),
                    format: self.format,
                    path,
                    rows,
                    bytes: sealed.bytes,
                    sha256: sealed.sha256,
                });
            }
        }
        Ok(files)
    }
}

/// A file of text: a head, chunks with something between, and a foot.
pub(crate) struct TextFile {
    sink: Sink,
    between: &'static [u8],
    foot: &'static [u8],
    begun: bool,
    recycle: crate::format::Pool,
}

impl TextFile {
    pub(crate) fn create(
        mut sink: Sink,
        head: &[u8],
        between: &'static [u8],
        foot: &'static [u8],
        recycle: crate::format::Pool,
    ) -> Result<Box<dyn EntityFile>, FormatError> {
        sink.put(head)?;
        Ok(Box::new(Self { sink, between, foot, begun: false, recycle }))
    }
}

impl EntityFile for TextFile {
    fn append(&mut self, chunk: Chunk) -> Result<(), FormatError> {
        let bytes = chunk.into_bytes()?;
        if !bytes.is_empty() {
            if self.begun {
                self.sink.put(self.between)?;
            }
            self.sink.put(&bytes)?;
            self.begun = true;
        }
        self.recycle.give(bytes);
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Sealed, FormatError> {
        self.sink.put(self.foot)?;
        self.sink.seal()
    }
}

fn whole(folder: &Path, entity: &str, extension: &str) -> PathBuf {
    folder.join(format!("{entity}.{extension}"))
}

fn part(folder: &Path, entity: &str, place: usize, extension: &str) -> PathBuf {
    folder.join(entity).join(format!("part-{place:05}.{extension}"))
}
