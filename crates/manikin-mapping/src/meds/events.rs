//! The events of a block.

use std::collections::BTreeMap;
use std::sync::Arc;

use manikin_expression::Type;
use manikin_formats::{Shape, ShapedColumn, ShapedRows, ShapedType};
use manikin_tables::{Block, Column, NO_ROW, evaluate};
use polars::prelude::{DataFrame, IdxCa, IdxSize, IntoColumn, NamedFrom, PlSmallStr, Series};
use xxhash_rust::xxh3::xxh3_64;

use crate::checked::{Checked, Content, From, ProjectionId, TableDef};
use crate::records::{Records, Shared};
use crate::rows::RowsError;
use crate::rows::cell::{self, Keys};
use crate::rows::place::{self, Taken, key};

/// The table of events, as projections name it.
const EVENT: &str = "event";
/// The table of subjects, as projections name it.
const SUBJECT: &str = "subject";
/// The first column of every shard.
const SUBJECT_ID: &str = "subject_id";
/// Blocks with so many events of a split become row groups of their own; smaller ones are coalesced.
///
/// ASSUMED: 2^15 rows of five columns are about half a megabyte, still a fair unit for readers, and most blocks reach
/// it, so that they are encoded in parallel.
pub(crate) const ROWS_PER_GROUP: usize = 1 << 15;

/// A mapping onto events, ready for the blocks of a run.
pub struct Events {
    shared: Shared,
    definition: TableDef,
    shape: Shape,
    subject: usize,
    events: Vec<usize>,
    /// The upper border of each split among hashes, and its name.
    splits: Vec<(f64, String)>,
}

/// The events of a block.
pub struct EventBlock {
    /// By split, in the order of the mapping.
    pub(crate) splits: Vec<ShapedRows>,
    /// Every subject with the place of its split.
    pub(crate) subjects: Vec<(i64, usize)>,
    pub(crate) codes: BTreeMap<String, CodeEntry>,
}

impl EventBlock {
    /// How many events.
    pub fn events(&self) -> usize {
        self.splits.iter().map(ShapedRows::rows).sum()
    }
}

/// What is known of a code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CodeEntry {
    pub(crate) description: Option<String>,
    pub(crate) parents: Vec<String>,
}

impl Events {
    /// Takes what every block needs of block 0 of a run.
    ///
    /// # Errors
    /// - A mapping without a projection to `subject`, or with one that is not made of an entity.
    pub fn new(mapping: Arc<Checked>, reference: &Block) -> Result<Self, RowsError> {
        let fails = |message: &str, help: &str| RowsError::new(mapping.standard.name(), message).help(help);
        let of = |name: &str| -> Vec<usize> {
            let all = mapping.projections.iter().enumerate();
            all.filter(|(_, projection)| projection.to == name).map(|(at, _)| at).collect()
        };
        let help = "add one such as `subject: {to: subject, from: patient}`";
        let subject = match of(SUBJECT).as_slice() {
            [only] => *only,
            [] => return Err(fails("no projection says who the subjects are", help)),
            _ => return Err(fails("several projections say who the subjects are", help)),
        };
        let definition = mapping.definition.get(EVENT).cloned();
        let definition = definition.ok_or_else(|| fails("the definition has no table of events", help))?;
        let events = of(EVENT);
        let shape = shape(&definition).map_err(|error| RowsError::new(EVENT, error.to_string()))?;
        let mut border = 0.0;
        let splits = mapping.splits.iter().map(|(name, share)| {
            border += share;
            (border, name.clone())
        });
        let splits = splits.collect();
        Ok(Self { shared: Shared::new(mapping, reference), definition, shape, subject, events, splits })
    }

    /// The mapping.
    pub fn mapping(&self) -> &Arc<Checked> {
        self.shared.mapping()
    }

    /// The columns of a shard.
    pub(crate) fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The names of the splits.
    pub(crate) fn splits(&self) -> impl Iterator<Item = &str> {
        self.splits.iter().map(|(_, name)| name.as_str())
    }

    /// The columns beside those of the standard.
    pub(crate) fn extra_columns(&self) -> Vec<&str> {
        let standard = ["time", "code", "numeric_value", "text_value"];
        let names = self.definition.columns.iter().map(|column| column.name.as_str());
        names.filter(|name| !standard.contains(name)).collect()
    }

    /// The events of a block, sorted by subject, then those without a time, then by time, projection and row.
    ///
    /// # Errors
    /// - An event without a code.
    /// - A projection that the rows cannot answer.
    pub fn of(&self, block: &Block) -> Result<EventBlock, RowsError> {
        let records = self.shared.records(block);
        let projections = &self.mapping().projections;
        let mut taken: Vec<Taken> =
            projections.iter().map(|projection| Taken::of(&records, projection)).collect::<Result<_, _>>()?;
        place::settle(&records, SUBJECT, &[self.subject], &mut taken)?;
        let mut parts: Vec<Part> = Vec::new();
        let mut codes = BTreeMap::new();
        for at in &self.events {
            if taken[*at].count > 0 {
                let part = self.part(&records, &taken, *at)?;
                self.codes(&records, &taken[*at], *at, &part, &mut codes)?;
                parts.push(part);
            }
        }
        let subjects: Vec<(i64, usize)> = (0..taken[self.subject].count as u32)
            .map(|place| key(block.index, place))
            .map(|key| (key, self.split_of(key)))
            .collect();
        let splits = self.divided(block.index, &parts, &subjects)?;
        // A code of events that belong to nobody is not used.
        Ok(EventBlock { splits, subjects, codes })
    }

    /// The columns of one projection's events, and the place of each one's subject.
    fn part(&self, records: &Records<'_>, taken: &[Taken], at: usize) -> Result<Part, RowsError> {
        let projection = &self.mapping().projections[at];
        let fails = |message: &str| RowsError::new(&projection.name, message);
        let (From::Entity(entity), Content::Columns(columns)) = (&projection.from, &projection.content) else {
            return Err(fails("events are made of the rows of an entity"));
        };
        let From::Entity(subject) = &self.mapping().projections[self.subject].from else {
            return Err(fails("subjects are made of the rows of an entity"));
        };
        let way = records.ancestors(*entity, *subject);
        let way = way.ok_or_else(|| fails("the rows do not say which subject they belong to"))?;
        let places = &taken[self.subject].place_of;
        let place = |row: u32| places.get(row as usize).copied().unwrap_or(NO_ROW);
        let subjects = (0..taken[at].count).map(|row| place(way[taken[at].source(row) as usize])).collect();
        // Nothing points to the key of an event.
        let keys = Keys { here: taken, once: &[] };
        let mut values = Vec::with_capacity(self.definition.columns.len());
        for definition in &self.definition.columns {
            let cell = columns.iter().find(|(column, _)| column.name == definition.name);
            let column = match cell {
                None => Column::nulls(taken[at].count, definition.ty.clone()),
                Some((_, cell)) => cell::values(records, &keys, ProjectionId(at), definition, cell)?,
            };
            cell::check(self.mapping().standard, projection, definition, &column)?;
            values.push(column);
        }
        Ok(Part { subjects, values })
    }

    /// Notes the codes of a projection's events with what its expressions say of them where each first occurs.
    fn codes(
        &self,
        records: &Records<'_>,
        taken: &Taken,
        at: usize,
        part: &Part,
        codes: &mut BTreeMap<String, CodeEntry>,
    ) -> Result<(), RowsError> {
        let projection = &self.mapping().projections[at];
        let From::Entity(entity) = projection.from else { return Ok(()) };
        let name = &self.mapping().spec[entity].name;
        let fails = |error: String| RowsError::new(&projection.name, error);
        let column = self.definition.columns.iter().position(|column| column.name == "code");
        let Some(texts) = column.and_then(|place| part.values[place].series().str().ok()) else { return Ok(()) };
        let mut seen: std::collections::HashSet<&str, foldhash::fast::FixedState> = Default::default();
        let mut first: Vec<(&str, u32)> = Vec::new();
        let mut last = "";
        for (row, code) in (0_u32..).zip(texts.iter()) {
            let Some(code) = code.filter(|code| *code != last) else { continue };
            last = code;
            if part.subjects[row as usize] != NO_ROW && seen.insert(code) {
                first.push((code, row));
            }
        }
        let told = |expression: &Option<manikin_expression::Expression>| -> Result<Option<Column>, RowsError> {
            let Some(expression) = expression else { return Ok(None) };
            let whole = evaluate(expression, name, records).map_err(|error| fails(error.to_string()))?;
            let rows: Vec<u32> = first.iter().map(|(_, row)| taken.source(*row as usize)).collect();
            Ok(Some(cell::gather(whole, Some(&rows))))
        };
        let descriptions = told(&projection.description)?;
        let parents = told(&projection.parent_codes)?;
        for (place, (code, _)) in first.iter().enumerate() {
            let entry = codes.entry((*code).to_owned()).or_default();
            let description = descriptions.as_ref().and_then(|texts| manikin_tables::cell_text(texts, place));
            entry.complete(description, parents.as_ref().map(|parents| items(parents, place)).unwrap_or_default());
        }
        Ok(())
    }

    /// The rows of each split, in order.
    fn divided(&self, block: u64, parts: &[Part], subjects: &[(i64, usize)]) -> Result<Vec<ShapedRows>, RowsError> {
        let fails = |error: String| RowsError::new(format!("{EVENT}, block {block}"), error);
        let mut columns: Vec<Series> = Vec::with_capacity(self.definition.columns.len());
        for (place, definition) in self.definition.columns.iter().enumerate() {
            let mut whole = Column::nulls(0, definition.ty.clone()).to_frame(&definition.name);
            for part in parts {
                let next = part.values[place].to_frame(&definition.name);
                whole.append(&next).map_err(|error| fails(error.to_string()))?;
            }
            columns.push(whole.rechunk());
        }
        let time = self.definition.columns.iter().position(|column| column.name == "time");
        let mut order: Vec<(u32, Option<i64>, u32)> = Vec::new();
        let mut row = 0;
        for part in parts {
            let times = time.and_then(|place| part.values[place].series().i64().ok());
            let mut times = times.map(|times| times.iter());
            for subject in &part.subjects {
                let time = times.as_mut().and_then(|times| times.next().flatten());
                if *subject != NO_ROW {
                    // None sorts first; rows are numbered by projection, then by row.
                    order.push((*subject, time, row));
                }
                row += 1;
            }
        }
        order.sort_unstable();
        let mut rows: Vec<Vec<IdxSize>> = vec![Vec::new(); self.splits.len()];
        let mut keys: Vec<Vec<i64>> = vec![Vec::new(); self.splits.len()];
        for (subject, _, row) in order {
            let (key, split) = subjects[subject as usize];
            rows[split].push(row);
            keys[split].push(key);
        }
        rows.into_iter()
            .zip(keys)
            .map(|(rows, keys)| {
                let height = rows.len();
                let indices = IdxCa::from_vec(PlSmallStr::EMPTY, rows);
                let mut of_split = vec![Series::new(SUBJECT_ID.into(), keys).into_column()];
                for column in &columns {
                    let taken = column.take(&indices).map_err(|error| fails(error.to_string()))?;
                    of_split.push(taken.into_column());
                }
                let frame = DataFrame::new(height, of_split).map_err(|error| fails(error.to_string()))?;
                self.shape.prepare(frame, ROWS_PER_GROUP).map_err(|error| fails(error.to_string()))
            })
            .collect()
    }

    /// The split of a subject: where the hash of its key falls among the shares.
    fn split_of(&self, key: i64) -> usize {
        let hash = xxh3_64(&key.to_le_bytes());
        // 53 bits are the whole numbers that a float holds exactly.
        let place = (hash >> 11) as f64 / (1_u64 << 53) as f64;
        let found = self.splits.iter().position(|(border, _)| place < *border);
        found.unwrap_or(self.splits.len().saturating_sub(1))
    }
}

struct Part {
    /// The place of each row's subject in the block, [`NO_ROW`] for nobody's.
    subjects: Vec<u32>,
    /// In the order of the definition.
    values: Vec<Column>,
}

impl CodeEntry {
    /// Fills in what is not known yet.
    pub(crate) fn complete(&mut self, description: Option<String>, parents: Vec<String>) {
        if self.description.is_none() {
            self.description = description;
        }
        if self.parents.is_empty() {
            self.parents = parents;
        }
    }
}

/// The items of a list of text, or a text as the only one.
fn items(column: &Column, row: usize) -> Vec<String> {
    match column.ty() {
        Type::List(_) => {
            let list = column.series().list().ok().and_then(|lists| lists.get_as_series(row));
            let texts = list.as_ref().and_then(|list| list.str().ok());
            texts.map(|texts| texts.iter().flatten().map(str::to_owned).collect()).unwrap_or_default()
        }
        _ => manikin_tables::cell_text(column, row).into_iter().collect(),
    }
}

fn shape(definition: &TableDef) -> Result<Shape, manikin_formats::FormatError> {
    let mut columns = vec![ShapedColumn { name: SUBJECT_ID.to_owned(), ty: ShapedType::Integer, required: true }];
    columns.extend(definition.columns.iter().map(|column| ShapedColumn {
        name: column.name.clone(),
        ty: match (&column.ty, column.name.as_str()) {
            (Type::DateTime, _) => ShapedType::Moment,
            (Type::Float, "numeric_value") => ShapedType::Single,
            (Type::Float, _) => ShapedType::Double,
            (Type::Integer, _) => ShapedType::Integer,
            (Type::Boolean, _) => ShapedType::Boolean,
            (_, "text_value") => ShapedType::LargeText,
            _ => ShapedType::Text,
        },
        required: column.required,
    }));
    Shape::new(EVENT, columns)
}
