//! Which rows a projection takes, where they stand in its table, and so which keys they have.

use manikin_spec::spec::EntityId;
use manikin_tables::{NO_ROW, Relations, evaluate};

use super::error::RowsError;
use crate::checked::{Checked, From, Projection};
use crate::records::{RUN, Records};

/// Rows that one table may have in one block: keys are `block · 2^18 + place + 1`.
///
/// Subjects come 256 to a block, so this leaves room for 1,024 rows of a table per subject on average, and keys stay
/// under 2^31 up to block 8,191.
pub const ROWS_PER_BLOCK: u64 = 1 << 18;

/// The key of the row at a place of its table in a block.
pub fn key(block: u64, place: u32) -> i64 {
    // Blocks are at most 2^32 / 256, so the product stays below 2^43.
    (block * ROWS_PER_BLOCK + u64::from(place)) as i64 + 1
}

/// The rows that a projection takes of its source in a block.
#[derive(Clone, Debug, Default)]
pub(crate) struct Taken {
    /// Those rows, in order; `None` for all of them.
    pub(crate) rows: Option<Vec<u32>>,
    /// How many.
    pub(crate) count: usize,
    /// The place in its table of each row taken.
    pub(crate) places: Vec<u32>,
    /// The place of each row of the source, [`NO_ROW`] for a row that is not taken.
    pub(crate) place_of: Vec<u32>,
}

impl Taken {
    /// What a projection takes in a block; places are not known yet.
    pub(crate) fn of(records: &Records<'_>, projection: &Projection) -> Result<Self, RowsError> {
        let mapping = records.mapping();
        let (name, rows) = match &projection.from {
            From::Entity(entity) if records.is_here(*entity) => {
                (mapping.spec[*entity].name.as_str(), records.data().rows_of(*entity))
            }
            From::Run if records.block() == 0 => (RUN, 1),
            From::Table(table) if records.block() == 0 => {
                let found = records
                    .table(table)
                    .ok_or_else(|| RowsError::new(&projection.name, format!("there is no table {table}")))?;
                (table.as_str(), found.rows())
            }
            From::Entity(_) | From::Run | From::Table(_) | From::Era(_) => return Ok(Self::default()),
        };
        let Some(filter) = &projection.filter else {
            return Ok(Self { rows: None, count: rows, ..Self::default() });
        };
        let kept = evaluate(filter, name, records)
            .map_err(|error| RowsError::new(format!("{}.where", projection.name), error.to_string()))?;
        let kept = kept.series().bool().map_err(|error| RowsError::new(&projection.name, error.to_string()))?;
        let rows: Vec<u32> =
            (0_u32..).zip(kept.iter()).filter(|(_, kept)| *kept == Some(true)).map(|(row, _)| row).collect();
        let all = rows.len() == kept.len();
        Ok(Self { count: rows.len(), rows: (!all).then_some(rows), ..Self::default() })
    }

    /// The row of the source that a row taken is.
    pub(crate) fn source(&self, at: usize) -> u32 {
        self.rows.as_ref().map_or(at as u32, |rows| rows[at])
    }

    fn settle(&mut self, places: Vec<u32>) {
        let rows = self.rows.as_ref().and_then(|rows| rows.last()).map_or(self.count, |last| *last as usize + 1);
        self.place_of = match &self.rows {
            None => places.clone(),
            Some(taken) => {
                let mut place_of = vec![NO_ROW; rows];
                for (row, place) in taken.iter().zip(&places) {
                    place_of[*row as usize] = *place;
                }
                place_of
            }
        };
        self.places = places;
    }
}

/// Gives the rows of a table their places: by subject, then by projection, then by row. So more subjects at the end of
/// a block only add rows at the end of its tables, and no key moves.
///
/// The result says whether the rows, one projection after the other, are already in that order.
///
/// # Errors
/// - A table with more rows than a block has keys for.
pub(crate) fn settle(
    records: &Records<'_>,
    table: &str,
    projections: &[usize],
    taken: &mut [Taken],
) -> Result<bool, RowsError> {
    let mapping = records.mapping();
    let total: usize = projections.iter().map(|at| taken[*at].count).sum();
    if total as u64 > ROWS_PER_BLOCK {
        return Err(too_many(table, records.block(), total));
    }
    if let [only] = projections {
        let count = taken[*only].count as u32;
        taken[*only].settle((0..count).collect());
        return Ok(true);
    }
    let subjects: Vec<Option<Vec<u32>>> = projections.iter().map(|at| subjects(records, mapping, *at)).collect();
    // Rows that no subject is known of come last, in one bucket.
    let last =
        subjects.iter().flatten().flatten().filter(|row| **row != NO_ROW).max().map_or(0, |row| *row as usize + 1);
    let bucket = |projection: usize, row: u32| match &subjects[projection] {
        Some(subject) => subject.get(row as usize).map_or(last, |row| (*row as usize).min(last)),
        None => last,
    };
    let mut next = vec![0_u32; last + 2];
    for (projection, at) in projections.iter().enumerate() {
        for row in 0..taken[*at].count {
            next[bucket(projection, taken[*at].source(row)) + 1] += 1;
        }
    }
    for place in 1..next.len() {
        next[place] += next[place - 1];
    }
    let mut in_order = true;
    let mut before = 0;
    for (projection, at) in projections.iter().enumerate() {
        let mut places = Vec::with_capacity(taken[*at].count);
        for row in 0..taken[*at].count {
            let slot = &mut next[bucket(projection, taken[*at].source(row))];
            in_order &= *slot == before;
            before += 1;
            places.push(*slot);
            *slot += 1;
        }
        taken[*at].settle(places);
    }
    Ok(in_order)
}

pub(crate) fn too_many(table: &str, block: u64, rows: usize) -> RowsError {
    RowsError::new(
        table,
        format!(
            "block {block} has {rows} rows of this table, more than the {ROWS_PER_BLOCK} that its keys have room for"
        ),
    )
    .help("make fewer rows per patient, or leave some out with `where`")
}

fn subjects(records: &Records<'_>, mapping: &Checked, projection: usize) -> Option<Vec<u32>> {
    let entity: EntityId = match mapping.projections[projection].from {
        From::Entity(entity) if records.is_here(entity) => entity,
        _ => return None,
    };
    records.subjects(entity)
}
