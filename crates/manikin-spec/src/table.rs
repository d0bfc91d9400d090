//! Tables read: code sets and parameter tables, from CSV files or from rows written in the document.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::civil::Date;
use manikin_diagnostic::{Diagnostic, Diagnostics, Sources, Span, codes};

use crate::document::{DataType, Origin, TableSource};
use crate::files::Files;
use crate::layers::{ReadFile, read_named, unreadable};
use crate::node::{Node, Value};
use crate::path;

/// Largest CSV file read, in bytes.
pub const TABLE_LIMIT: u64 = 256 << 20;

/// More mistakes than this in one table are not told one by one.
const MISTAKES_TOLD: usize = 20;

/// A table with typed columns, all of one length.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The name that the document gives it.
    pub name: String,
    /// The columns, in the order of the file.
    pub columns: Vec<TableColumn>,
    /// The number of rows.
    pub rows: usize,
    /// The column whose values name the rows, where there is one.
    pub key: Option<String>,
    /// SHA-256 of the CSV file, in hexadecimal; `None` for rows written in the document.
    pub sha256: Option<String>,
    /// Whether the rows are public, or were read off records.
    pub origin: Option<Origin>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct TableColumn {
    /// Its name in the first line of the file.
    pub name: String,
    /// Its values.
    pub values: Values,
}

/// The values of a column, `None` where the cell is empty.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Whole numbers.
    Integer(Vec<Option<i64>>),
    /// Numbers.
    Number(Vec<Option<f64>>),
    /// Text.
    Text(Vec<Option<Arc<str>>>),
    /// true or false.
    Boolean(Vec<Option<bool>>),
    /// Calendar days.
    Date(Vec<Option<Date>>),
}

impl Table {
    /// The column of a name.
    pub fn column(&self, name: &str) -> Option<&TableColumn> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The names of the columns.
    pub fn column_names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }
}

impl Values {
    /// The number of values, empty ones included.
    pub fn len(&self) -> usize {
        match self {
            Self::Integer(values) => values.len(),
            Self::Number(values) => values.len(),
            Self::Text(values) => values.len(),
            Self::Boolean(values) => values.len(),
            Self::Date(values) => values.len(),
        }
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The type of the values.
    pub fn data_type(&self) -> DataType {
        match self {
            Self::Integer(_) => DataType::Integer,
            Self::Number(_) => DataType::Number,
            Self::Text(_) => DataType::Text,
            Self::Boolean(_) => DataType::Boolean,
            Self::Date(_) => DataType::Date,
        }
    }

    /// Whether the cell of a row is empty; true past the end.
    pub fn is_null(&self, row: usize) -> bool {
        match self {
            Self::Integer(values) => values.get(row).is_none_or(Option::is_none),
            Self::Number(values) => values.get(row).is_none_or(Option::is_none),
            Self::Text(values) => values.get(row).is_none_or(Option::is_none),
            Self::Boolean(values) => values.get(row).is_none_or(Option::is_none),
            Self::Date(values) => values.get(row).is_none_or(Option::is_none),
        }
    }

    /// The value of a row as text; `None` where the cell is empty.
    pub fn text(&self, row: usize) -> Option<String> {
        match self {
            Self::Integer(values) => values.get(row)?.map(|value| value.to_string()),
            Self::Number(values) => values.get(row)?.map(|value| value.to_string()),
            Self::Text(values) => values.get(row)?.as_deref().map(str::to_owned),
            Self::Boolean(values) => values.get(row)?.map(|value| value.to_string()),
            Self::Date(values) => values.get(row)?.map(|value| value.to_string()),
        }
    }

    /// The value of a row as a number; `None` where the cell is empty or the column holds no numbers.
    pub fn number(&self, row: usize) -> Option<f64> {
        match self {
            Self::Integer(values) => values.get(row)?.map(|value| value as f64),
            Self::Number(values) => *values.get(row)?,
            _ => None,
        }
    }

    /// The values as texts, where they are.
    pub fn texts(&self) -> Option<&[Option<Arc<str>>]> {
        match self {
            Self::Text(values) => Some(values),
            _ => None,
        }
    }
}

/// Reads a document's table; `None` where it has no rows to read and none are due, or where they cannot be read.
///
/// `node` is the table's place in the document, `file` the CSV file's entry to be added to what was read.
///
/// # Errors
/// In the diagnostics: MK0001 to MK0004 for the file, MK0014 to MK0017, MK0304 for a key or a declared column that
/// the table does not have.
pub fn read(
    name: &str,
    source: &TableSource,
    node: &Node,
    files: &dyn Files,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Option<(Table, Option<ReadFile>)> {
    let mut reader = Reader { name, source, node, sources, diagnostics };
    let (cells, file) = match (&source.csv, &source.rows) {
        (Some(csv), _) => {
            let (cells, file) = reader.csv(csv, files)?;
            (cells, Some(file))
        }
        (None, Some(_)) => (reader.inline()?, None),
        (None, None) if source.slot.is_some() => {
            let names = source.columns.keys().cloned();
            (Cells { columns: names.map(|name| (name, Vec::new())).collect(), lines: Vec::new(), file: None }, None)
        }
        (None, None) => {
            reader.error(codes::NO_COLUMNS, &[], format!("table `{name}` has no rows"), |diagnostic| {
                diagnostic.help("name a CSV file with `csv`, or write `rows` in place")
            });
            return None;
        }
    };
    let rows = cells.columns.first().map_or(0, |(_, cells)| cells.len());
    reader.check_names(&cells);
    let columns = reader.typed(cells);
    let table = Table {
        name: name.to_owned(),
        columns,
        rows,
        key: source.key.clone(),
        sha256: file.as_ref().map(|file: &ReadFile| file.sha256.clone()),
        origin: source.origin,
    };
    Some((table, file))
}

/// A cell as read: nothing, or text as written, and whether the text could also be another type.
#[derive(Clone, Debug)]
enum Cell {
    Empty,
    /// Of a CSV file, or written plain: its type is open.
    Open(Arc<str>),
    /// Text, whatever it looks like.
    Text(Arc<str>),
}

struct Cells {
    columns: Vec<(String, Vec<Cell>)>,
    /// The line of each row, for CSV.
    lines: Vec<u64>,
    /// The file's name and content, to show a line of it.
    file: Option<(String, Vec<u8>)>,
}

struct Reader<'a> {
    name: &'a str,
    source: &'a TableSource,
    node: &'a Node,
    sources: &'a mut Sources,
    diagnostics: &'a mut Diagnostics,
}

impl Reader<'_> {
    fn error(
        &mut self,
        code: manikin_diagnostic::Code,
        place: &[&str],
        message: String,
        more: impl FnOnce(Diagnostic) -> Diagnostic,
    ) {
        let mut parts = vec!["tables", self.name];
        parts.extend(place);
        let diagnostic = Diagnostic::error(code, message).at(self.node.span_of(place)).path(path::text(&parts));
        self.diagnostics.push(more(diagnostic));
    }

    fn csv(&mut self, csv: &str, files: &dyn Files) -> Option<(Cells, ReadFile)> {
        let span = self.node.span_of(&["csv"]);
        let from = self.sources.name(span.file).to_owned();
        let (name, bytes) = read_named(&from, csv, TABLE_LIMIT, files);
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(error) => {
                let mut diagnostic = if error.kind() == std::io::ErrorKind::FileTooLarge {
                    Diagnostic::error(codes::TOO_LARGE, format!("`{name}` is larger than a table may be (256 MiB)"))
                } else {
                    unreadable(&name, &error, files)
                };
                diagnostic = diagnostic.at(span).path(path::text(&["tables", self.name, "csv"]));
                if let Some(slot) = &self.source.slot {
                    diagnostic = diagnostic.help(format!("this place is for a file of your own: {slot}"));
                }
                self.diagnostics.push(diagnostic);
                return None;
            }
        };
        let file = ReadFile { name: name.clone(), sha256: crate::digest::sha256(&bytes) };
        let cells = self.records(name, bytes)?;
        Some((cells, file))
    }

    fn records(&mut self, name: String, bytes: Vec<u8>) -> Option<Cells> {
        let content = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        if let Err(error) = std::str::from_utf8(content) {
            let at = error.valid_up_to();
            let line = content[..at].iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
            let byte = content.get(at).copied().unwrap_or_default();
            let message = format!("`{name}` is not UTF-8 text: byte {at} is 0x{byte:02x}");
            self.in_line(codes::NOT_UTF8, &name, content, line, message, "save the file as UTF-8");
            return None;
        }
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(content);
        let mut record = csv::ByteRecord::new();
        let mut columns: Vec<(String, Vec<Cell>)> = Vec::new();
        let mut lines = Vec::new();
        let mut ragged = 0;
        let mut seen: HashMap<Vec<u8>, Arc<str>> = HashMap::new();
        let mut is_header = true;
        while reader.read_byte_record(&mut record).unwrap_or(false) {
            let line = record.position().map_or(1, csv::Position::line);
            if is_header {
                is_header = false;
                for field in record.iter() {
                    let column = String::from_utf8_lossy(field).trim().to_owned();
                    let repeated = columns.iter().any(|(known, _)| *known == column);
                    if repeated || column.is_empty() {
                        let message = if column.is_empty() {
                            format!("column {} of table `{}` has no name", columns.len() + 1, self.name)
                        } else {
                            format!("table `{}` has two columns named `{column}`", self.name)
                        };
                        let help = "name each column once in the first line";
                        self.in_line(codes::DUPLICATE_COLUMN, &name, content, line, message, help);
                        return None;
                    }
                    columns.push((column, Vec::new()));
                }
                continue;
            }
            if record.len() != columns.len() {
                ragged += 1;
                if ragged <= MISTAKES_TOLD {
                    let message =
                        format!("the row has {} values, but there are {} columns", record.len(), columns.len());
                    let help = "put double quotes around a value that holds a comma";
                    self.in_line(codes::RAGGED_ROW, &name, content, line, message, help);
                }
                continue;
            }
            for (field, (_, cells)) in record.iter().zip(&mut columns) {
                cells.push(if field.is_empty() {
                    Cell::Empty
                } else if let Some(text) = seen.get(field) {
                    Cell::Open(Arc::clone(text))
                } else {
                    let text: Arc<str> = String::from_utf8_lossy(field).into();
                    // Categories repeat; a column of distinct values would only fill the map.
                    if seen.len() < 65_536 {
                        seen.insert(field.to_vec(), Arc::clone(&text));
                    }
                    Cell::Open(text)
                });
            }
            lines.push(line);
        }
        if columns.is_empty() {
            let message = format!("`{name}` is empty");
            self.error(codes::NO_COLUMNS, &["csv"], message, |diagnostic| {
                diagnostic.help("name the columns in the first line")
            });
            return None;
        }
        (ragged == 0).then_some(Cells { columns, lines, file: Some((name, bytes)) })
    }

    /// An error in one line of a CSV file, which alone is kept to be shown.
    fn in_line(
        &mut self,
        code: manikin_diagnostic::Code,
        name: &str,
        content: &[u8],
        line: u64,
        message: String,
        help: &str,
    ) {
        let number = usize::try_from(line).unwrap_or(usize::MAX);
        let text = content.split(|byte| *byte == b'\n').nth(number.saturating_sub(1)).unwrap_or_default();
        let text = &text[..text.len().min(2000)];
        let text = String::from_utf8_lossy(text).trim_end().to_owned();
        let end = text.len();
        let file = self.sources.add_excerpt(name, number, text);
        let diagnostic = Diagnostic::error(code, message)
            .at(Span::new(file, 0, end))
            .path(path::text(&["tables", self.name]))
            .help(help);
        self.diagnostics.push(diagnostic);
    }

    fn inline(&mut self) -> Option<Cells> {
        let rows = self.node.get("rows")?.items();
        let mut columns: Vec<(String, Vec<Cell>)> = Vec::new();
        let mut position: HashMap<&str, usize> = HashMap::new();
        for (at, row) in rows.iter().enumerate() {
            for (key, node) in row.entries() {
                let column = *position.entry(&key.text).or_insert_with(|| {
                    columns.push((key.text.clone(), vec![Cell::Empty; at]));
                    columns.len() - 1
                });
                let cell = match &node.value {
                    Value::Text(text) => Cell::Text(text.as_str().into()),
                    _ => node.written().map_or(Cell::Empty, |text| Cell::Open(text.into())),
                };
                columns[column].1.push(cell);
            }
            for (_, cells) in &mut columns {
                cells.resize(at + 1, Cell::Empty);
            }
        }
        if columns.is_empty() {
            let message = format!("table `{}` has no columns", self.name);
            self.error(codes::NO_COLUMNS, &["rows"], message, |diagnostic| {
                diagnostic.help("write each row as a map of its columns: `rows: [{code: E11}]`")
            });
            return None;
        }
        Some(Cells { columns, lines: Vec::new(), file: None })
    }

    /// The key and the declared columns are columns of the table.
    fn check_names(&mut self, cells: &Cells) {
        let names: Vec<&str> = cells.columns.iter().map(|(name, _)| name.as_str()).collect();
        let source = self.source;
        let key = source.key.as_deref().map(|key| (vec!["key"], key));
        let declared = source.columns.keys().map(|name| (vec!["columns", name.as_str()], name.as_str()));
        for (place, column) in key.into_iter().chain(declared) {
            if names.contains(&column) || cells.columns.is_empty() {
                continue;
            }
            let message = format!("table `{}` has no column `{column}`", self.name);
            let listed: Vec<String> = names.iter().take(20).map(|name| format!("`{name}`")).collect();
            let near = manikin_diagnostic::nearest(column, names.iter().copied());
            self.error(codes::UNKNOWN_COLUMN, &place, message, |diagnostic| {
                diagnostic.suggest(near).help(format!("its columns are {}", listed.join(", ")))
            });
        }
    }

    fn typed(&mut self, cells: Cells) -> Vec<TableColumn> {
        let mut columns = Vec::with_capacity(cells.columns.len());
        for (name, column) in cells.columns {
            let declared = self.source.columns.get(&name).copied();
            let values = match declared {
                None => infer(&column),
                Some(data_type) => match convert(&column, data_type) {
                    Ok(values) => values,
                    Err(row) => {
                        self.bad_cell(&name, data_type, &column[row], row, &cells.lines, cells.file.as_ref());
                        text(&column)
                    }
                },
            };
            columns.push(TableColumn { name, values });
        }
        columns
    }

    fn bad_cell(
        &mut self,
        column: &str,
        data_type: DataType,
        cell: &Cell,
        row: usize,
        lines: &[u64],
        file: Option<&(String, Vec<u8>)>,
    ) {
        let found = written(cell).unwrap_or_default();
        let expected = in_words(data_type);
        let message = format!("column `{column}` holds {expected}, found `{found}`");
        let help = format!("mend the value, or declare the column as text: `columns: {{{column}: text}}`");
        match file {
            Some((name, content)) => {
                let line = lines.get(row).copied().unwrap_or(1);
                let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
                self.in_line(codes::BAD_CELL, name, content, line, message, &help);
            }
            None => {
                let row = row.to_string();
                self.error(codes::BAD_CELL, &["rows", &row, column], message, |diagnostic| diagnostic.help(help));
            }
        }
    }
}

fn written(cell: &Cell) -> Option<&str> {
    match cell {
        Cell::Empty => None,
        Cell::Open(text) | Cell::Text(text) => Some(text),
    }
}

/// The narrowest type that all cells of a column fit; text where none does or all are empty.
fn infer(cells: &[Cell]) -> Values {
    let any = cells.iter().any(|cell| !matches!(cell, Cell::Empty));
    if !any {
        return text(cells);
    }
    let quoted = cells.iter().any(|cell| matches!(cell, Cell::Text(_)));
    let candidates: &[DataType] = if quoted {
        &[DataType::Date]
    } else {
        &[DataType::Integer, DataType::Number, DataType::Boolean, DataType::Date]
    };
    candidates.iter().find_map(|data_type| convert(cells, *data_type).ok()).unwrap_or_else(|| text(cells))
}

fn text(cells: &[Cell]) -> Values {
    let of = |cell: &Cell| match cell {
        Cell::Empty => None,
        Cell::Open(text) | Cell::Text(text) => Some(Arc::clone(text)),
    };
    Values::Text(cells.iter().map(of).collect())
}

/// The cells as values of a type, or the row of the first that is none.
fn convert(cells: &[Cell], data_type: DataType) -> Result<Values, usize> {
    fn each<T>(cells: &[Cell], read: impl Fn(&str) -> Option<T>) -> Result<Vec<Option<T>>, usize> {
        let one = |(row, cell)| match written(cell) {
            None => Ok(None),
            Some(text) => read(text).map(Some).ok_or(row),
        };
        cells.iter().enumerate().map(one).collect()
    }
    Ok(match data_type {
        DataType::Integer => Values::Integer(each(cells, integer)?),
        DataType::Number | DataType::Decimal => Values::Number(each(cells, number)?),
        DataType::Boolean => Values::Boolean(each(cells, boolean)?),
        DataType::Date => Values::Date(each(cells, date)?),
        DataType::Text | DataType::Datetime | DataType::List => text(cells),
    })
}

/// Digits with leading zeros are a code, not a number.
fn has_leading_zero(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let bytes = digits.as_bytes();
    bytes.len() > 1 && bytes[0] == b'0' && bytes[1].is_ascii_digit()
}

fn integer(text: &str) -> Option<i64> {
    if has_leading_zero(text) || text.starts_with('+') {
        return None;
    }
    text.parse().ok()
}

fn number(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E'));
    if !plain || has_leading_zero(text) || text.starts_with('+') {
        return None;
    }
    // A word such as an ICD code's `5E10` reads as a number; one digit, `E`, digits without a point is a code.
    text.parse::<f64>().ok().filter(|value| value.is_finite())
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "TRUE" | "True" => Some(true),
        "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

fn date(text: &str) -> Option<Date> {
    let bytes = text.as_bytes();
    let plain = bytes.len() == 10 && bytes[4] == b'-' && bytes[7] == b'-';
    if !plain {
        return None;
    }
    text.parse().ok()
}

fn in_words(data_type: DataType) -> &'static str {
    match data_type {
        DataType::Integer => "whole numbers",
        DataType::Number | DataType::Decimal => "numbers",
        DataType::Boolean => "`true` and `false`",
        DataType::Date => "dates (2025-01-31)",
        DataType::Text | DataType::Datetime | DataType::List => "text",
    }
}
