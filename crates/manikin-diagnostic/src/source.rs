//! Texts that diagnostics point into, and byte ranges in them.

use std::ops::Range;
use std::sync::Arc;

use serde::Serialize;

/// A text known to a [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct FileId(pub u32);

/// A range of bytes in one file, end exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// Byte offset of the first byte.
    pub start: u32,
    /// Byte offset just past the last byte.
    pub end: u32,
}

impl Span {
    /// The range from `start` to `end` in `file`; offsets past 4 GiB are cut off there, and an end before the start
    /// is moved to it.
    pub fn new(file: FileId, start: usize, end: usize) -> Self {
        let clamp = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self { file, start: clamp(start), end: clamp(end.max(start)) }
    }

    /// The range as `usize`s, for slicing.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A place in a text as people count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Character (Unicode scalar value) within the line, from 1.
    pub column: usize,
}

#[derive(Clone, Debug)]
struct Source {
    name: String,
    text: Arc<str>,
    /// The number of the text's first line in the whole file.
    first_line: usize,
    /// Byte offset at which each line starts.
    line_starts: Vec<u32>,
}

/// The texts read so far, by display name.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
}

impl Sources {
    /// No texts yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a whole text under the name that people know it by.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> FileId {
        self.add_excerpt(name, 1, text)
    }

    /// Adds some lines out of a file too large to keep; `first_line` is the number, from 1, of the first of them.
    pub fn add_excerpt(&mut self, name: impl Into<String>, first_line: usize, text: impl Into<Arc<str>>) -> FileId {
        let text = text.into();
        let line_starts = std::iter::once(0)
            .chain(
                text.bytes()
                    .enumerate()
                    .filter(|(_, byte)| *byte == b'\n')
                    .map(|(at, _)| u32::try_from(at + 1).unwrap_or(u32::MAX)),
            )
            .collect();
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(Source { name: name.into(), text, first_line, line_starts });
        id
    }

    /// The display name of a file; empty for an id that is not of these sources.
    pub fn name(&self, file: FileId) -> &str {
        self.get(file).map_or("", |source| &source.name)
    }

    /// The text of a file; empty for an id that is not of these sources.
    pub fn text(&self, file: FileId) -> &str {
        self.get(file).map_or("", |source| &source.text)
    }

    /// The text a span covers; empty where the span does not fit the text.
    pub fn slice(&self, span: Span) -> &str {
        self.text(span.file).get(span.range()).unwrap_or("")
    }

    /// Line and column of a byte offset; an offset past the end counts as the end.
    pub fn position(&self, file: FileId, offset: usize) -> Position {
        let Some(source) = self.get(file) else {
            return Position { line: 1, column: 1 };
        };
        let offset = floor_char_boundary(&source.text, offset);
        let line = line_index(source, offset);
        let start = source.line_starts[line] as usize;
        Position { line: source.first_line + line, column: source.text[start..offset].chars().count() + 1 }
    }

    /// The bytes of the lines that a range touches, without the last line break, and the number of the first line.
    pub(crate) fn lines_around(&self, file: FileId, range: Range<usize>) -> (Range<usize>, usize) {
        let Some(source) = self.get(file) else {
            return (0..0, 1);
        };
        let first = line_index(source, range.start.min(source.text.len()));
        let last = line_index(source, range.end.min(source.text.len()));
        let end = source.line_starts.get(last + 1).map_or(source.text.len(), |next| *next as usize - 1);
        let start = source.line_starts[first] as usize;
        let without_return = source.text[start..end].strip_suffix('\r');
        // A range that takes in the carriage return keeps it, so that it still fits its lines.
        let end = without_return.map_or(end, |line| (start + line.len()).max(range.end.min(end)));
        (start..end, source.first_line + first)
    }

    fn get(&self, file: FileId) -> Option<&Source> {
        self.files.get(file.0 as usize)
    }
}

/// The line an offset is on, from 0; `line_starts` always holds at least the 0 of the first line.
fn line_index(source: &Source, offset: usize) -> usize {
    source.line_starts.partition_point(|start| *start as usize <= offset) - 1
}

/// The nearest character border at or before an offset.
pub(crate) fn floor_char_boundary(text: &str, offset: usize) -> usize {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_offsets_past_the_end_are_the_end() {
        let mut sources = Sources::new();
        let file = sources.add("a", "zwölf: 12\nå: b");
        assert_eq!(sources.position(file, 8), Position { line: 1, column: 8 });
        assert_eq!(sources.position(file, 999), Position { line: 2, column: 5 });
        // In the middle of the two bytes of `ö`.
        assert_eq!(sources.position(file, 3), Position { line: 1, column: 3 });
    }

    #[test]
    fn an_excerpt_keeps_the_line_numbers_of_its_file() {
        let mut sources = Sources::new();
        let file = sources.add_excerpt("codes.csv", 4000, "a,b\nc\n");
        assert_eq!(sources.position(file, 4).line, 4001);
    }
}
