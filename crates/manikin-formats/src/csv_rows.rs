//! Rows of CSV text as fields that remember whether they were quoted, which tells an empty text from no value.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use crate::error::FormatError;

/// A reader of the rows of one file, held in memory.
pub(crate) struct CsvRows<'a> {
    text: &'a str,
    file: PathBuf,
    delimiter: u8,
    place: usize,
    line: u64,
}

/// One field of a row.
pub(crate) struct Field<'a> {
    pub(crate) text: Cow<'a, str>,
    pub(crate) quoted: bool,
}

impl<'a> CsvRows<'a> {
    /// The rows of a file's bytes; a byte order mark at the start is skipped.
    ///
    /// # Errors
    ///
    /// - `MK0003` when the bytes are not UTF-8
    pub(crate) fn new(bytes: &'a [u8], file: &Path, delimiter: Option<u8>) -> Result<Self, FormatError> {
        Ok(Self::of(utf8(bytes, file)?, file, delimiter))
    }

    /// The rows of a file's text; a byte order mark at the start is skipped.
    pub(crate) fn of(text: &'a str, file: &Path, delimiter: Option<u8>) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let delimiter = delimiter.unwrap_or_else(|| detect_delimiter(text));
        Self { text, file: file.to_owned(), delimiter, place: 0, line: 1 }
    }

    /// The line at which the next row starts, counted from 1.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// Reads the next row into `fields`; `false` at the end of the file.
    ///
    /// # Errors
    ///
    /// - `MK0908` when a quoted field is not closed, or text follows a closed one
    pub(crate) fn next(&mut self, fields: &mut Vec<Field<'a>>) -> Result<bool, FormatError> {
        fields.clear();
        if self.place >= self.text.len() {
            return Ok(false);
        }
        loop {
            let field = self.field()?;
            fields.push(field);
            match self.text.as_bytes().get(self.place) {
                Some(&byte) if byte == self.delimiter => self.place += 1,
                Some(b'\r') => {
                    self.place += 2;
                    break;
                }
                Some(_) => {
                    self.place += 1;
                    break;
                }
                None => break,
            }
        }
        self.line += 1;
        Ok(true)
    }

    /// Reads up to the delimiter, the line's end or the file's end, and stays there.
    fn field(&mut self) -> Result<Field<'a>, FormatError> {
        let bytes = self.text.as_bytes();
        if bytes.get(self.place) == Some(&b'"') {
            return self.quoted_field();
        }
        let rest = &bytes[self.place..];
        let mut end = memchr::memchr2(self.delimiter, b'\n', rest).unwrap_or(rest.len());
        if rest.get(end) == Some(&b'\n') && end > 0 && rest[end - 1] == b'\r' {
            end -= 1;
        }
        let text = &self.text[self.place..self.place + end];
        self.place += end;
        Ok(Field { text: Cow::Borrowed(text), quoted: false })
    }

    fn quoted_field(&mut self) -> Result<Field<'a>, FormatError> {
        let bytes = self.text.as_bytes();
        let opened = self.line;
        let start = self.place + 1;
        let mut from = start;
        let mut doubled = false;
        let close = loop {
            let Some(found) = memchr::memchr(b'"', &bytes[from..]) else {
                return Err(self.syntax(opened, "a quoted field is opened and never closed"));
            };
            if bytes.get(from + found + 1) != Some(&b'"') {
                break from + found;
            }
            doubled = true;
            from += found + 2;
        };
        let inside = &self.text[start..close];
        self.line += memchr::memchr_iter(b'\n', inside.as_bytes()).count() as u64;
        self.place = close + 1;
        let ended = match bytes.get(self.place) {
            None | Some(b'\n') => true,
            Some(b'\r') => bytes.get(self.place + 1) == Some(&b'\n'),
            Some(&byte) => byte == self.delimiter,
        };
        if !ended {
            return Err(self.syntax(self.line, "text follows the closing quote of a field"));
        }
        let text = if doubled { Cow::Owned(inside.replace("\"\"", "\"")) } else { Cow::Borrowed(inside) };
        Ok(Field { text, quoted: true })
    }

    fn syntax(&self, line: u64, problem: &str) -> FormatError {
        FormatError::Syntax { file: self.file.clone(), line, problem: problem.to_owned() }
    }
}

/// A file's bytes as text.
///
/// # Errors
///
/// - `MK0003` when they are not UTF-8
pub(crate) fn utf8<'a>(bytes: &'a [u8], file: &Path) -> Result<&'a str, FormatError> {
    std::str::from_utf8(bytes).map_err(|error| FormatError::NotUtf8 {
        file: file.to_owned(),
        line: 1 + memchr::memchr_iter(b'\n', &bytes[..error.valid_up_to()]).count() as u64,
    })
}

/// The candidate that stands most often outside quotes in the first line; a comma when none does.
fn detect_delimiter(text: &str) -> u8 {
    let mut quoted = false;
    let mut counts = [(b',', 0_usize), (b';', 0), (b'\t', 0), (b'|', 0)];
    for byte in text.bytes() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => break,
            _ if quoted => {}
            _ => counts.iter_mut().filter(|(candidate, _)| *candidate == byte).for_each(|(_, count)| *count += 1),
        }
    }
    let mut best = counts[0];
    for candidate in counts {
        if candidate.1 > best.1 {
            best = candidate;
        }
    }
    best.0
}
