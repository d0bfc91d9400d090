//! Rows of a table that fit a row at hand, found once for each combination of values and then remembered.

use crate::error::GenerateError;
use crate::values::{self, Map};
use manikin_expression::Type;
use manikin_random::{Alias, QuantileGrid};
use manikin_tables::Column;
use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

/// A table's columns, ready to be matched.
pub(crate) struct TableColumns {
    /// Number of rows.
    pub(crate) rows: usize,
    /// Columns by name.
    pub(crate) columns: BTreeMap<String, Column>,
}

/// What fits a row: the table rows, and what is drawn from them.
pub(crate) struct Stratum {
    /// The table rows that fit, in the table's order.
    pub(crate) rows: Vec<u32>,
    /// Draws one of them by weight; `None` where none has weight.
    pub(crate) alias: Option<Alias>,
    /// The quantile grid of the first of them.
    pub(crate) grid: Option<QuantileGrid>,
}

pub(crate) type Atom = u64;
/// The atom of a value that no table row has.
const UNKNOWN: Atom = u64::MAX;
/// The atom of NULL.
pub(crate) const ABSENT: Atom = u64::MAX - 1;
/// Combinations remembered; beyond, each is worked out anew.
const MEMORY: usize = 200_000;

/// Finds the strata of one table for one set of conditions.
pub(crate) struct Strata {
    rows: usize,
    /// Rows that the static condition leaves.
    allowed: Vec<bool>,
    equal: Vec<Matcher>,
    /// The column that leaves the fewest rows, and the rows of each of its values: only they are looked through.
    narrow: Option<(usize, Map<Atom, Vec<u32>>)>,
    between: Vec<(Vec<f64>, Vec<f64>)>,
    weights: Option<Vec<f64>>,
    grid: Option<GridColumns>,
    memory: RwLock<Map<Box<[Atom]>, Arc<Stratum>>>,
}

/// One column that must equal a value.
pub(crate) struct Matcher {
    pub(crate) cells: Vec<Atom>,
    codes: Option<Map<String, Atom>>,
}

/// Columns that hold quantiles.
pub(crate) struct GridColumns {
    /// Probability and values, ascending.
    pub(crate) points: Vec<(f64, Vec<f64>)>,
    /// Smallest value.
    pub(crate) min: Option<f64>,
    /// Largest value.
    pub(crate) max: Option<f64>,
    /// Scale of interpolation.
    pub(crate) scale: manikin_random::Scale,
}

impl Strata {
    /// Prepares the conditions over a table.
    pub(crate) fn new(
        table: &TableColumns,
        equal: &[&str],
        between: &[(&str, &str)],
        allowed: Option<Vec<bool>>,
        weight: Option<&str>,
        grid: Option<GridColumns>,
    ) -> Self {
        let equal: Vec<Matcher> = equal.iter().filter_map(|name| table.columns.get(*name)).map(Matcher::new).collect();
        let numbers =
            |name: &str| table.columns.get(name).map_or_else(|| vec![f64::NAN; table.rows], values::to_numbers);
        Self {
            rows: table.rows,
            allowed: allowed.unwrap_or_else(|| vec![true; table.rows]),
            narrow: narrowest(&equal),
            equal,
            between: between.iter().map(|(low, high)| (numbers(low), numbers(high))).collect(),
            weights: weight.map(numbers),
            grid,
            memory: RwLock::new(Map::default()),
        }
    }

    /// For each row at hand, the stratum that it falls in. `equal` and `between` hold the values of the conditions'
    /// expressions, in order.
    pub(crate) fn find(
        &self,
        equal: &[Column],
        between: &[Column],
        rows: usize,
        place: &str,
    ) -> Result<Found, GenerateError> {
        let mut keys: Vec<Vec<Atom>> = Vec::with_capacity(equal.len() + between.len());
        for (matcher, column) in self.equal.iter().zip(equal) {
            keys.push(matcher.atoms(column));
        }
        for column in between {
            keys.push(
                values::to_numbers(column)
                    .into_iter()
                    .map(|number| if number.is_nan() { ABSENT } else { number.to_bits() })
                    .collect(),
            );
        }
        let mut strata: Vec<Arc<Stratum>> = Vec::new();
        let mut seen: Map<Box<[Atom]>, u32> = Map::default();
        let mut of = Vec::with_capacity(rows);
        let mut key = vec![0; keys.len()];
        let mut last: Option<u32> = None;
        for row in 0..rows {
            let mut same = last.is_some();
            for (slot, atoms) in key.iter_mut().zip(&keys) {
                same &= *slot == atoms[row];
                *slot = atoms[row];
            }
            let number = match (same, last) {
                (true, Some(number)) => number,
                _ => match seen.get(key.as_slice()) {
                    Some(&number) => number,
                    None => {
                        let number = strata.len() as u32;
                        strata.push(self.stratum(&key, place)?);
                        seen.insert(key.clone().into_boxed_slice(), number);
                        number
                    }
                },
            };
            last = Some(number);
            of.push(number);
        }
        Ok(Found { strata, of })
    }

    fn stratum(&self, key: &[Atom], place: &str) -> Result<Arc<Stratum>, GenerateError> {
        if let Ok(memory) = self.memory.read()
            && let Some(found) = memory.get(key)
        {
            return Ok(found.clone());
        }
        let found = Arc::new(self.work_out(key, place)?);
        if let Ok(mut memory) = self.memory.write()
            && memory.len() < MEMORY
        {
            memory.insert(key.into(), found.clone());
        }
        Ok(found)
    }

    fn work_out(&self, key: &[Atom], place: &str) -> Result<Stratum, GenerateError> {
        let (equal, between) = key.split_at(self.equal.len());
        let fits = |row: usize| {
            self.allowed[row]
                && self.equal.iter().zip(equal).all(|(matcher, atom)| {
                    let cell = matcher.cells[row];
                    cell == ABSENT || cell == *atom
                })
                && self.between.iter().zip(between).all(|((low, high), atom)| {
                    if *atom == ABSENT {
                        return low[row].is_nan() && high[row].is_nan();
                    }
                    let value = f64::from_bits(*atom);
                    (low[row].is_nan() || low[row] <= value) && (high[row].is_nan() || value <= high[row])
                })
        };
        let rows: Vec<u32> = match &self.narrow {
            Some((column, rows)) => {
                let rows = rows.get(&equal[*column]).map_or(&[] as &[u32], Vec::as_slice);
                rows.iter().copied().filter(|row| fits(*row as usize)).collect()
            }
            None => (0..self.rows).filter(|row| fits(*row)).map(|row| row as u32).collect(),
        };
        let weights: Vec<f64> = match &self.weights {
            Some(weights) => rows
                .iter()
                .map(|row| weights[*row as usize])
                .map(|weight| if weight.is_nan() { 0.0 } else { weight })
                .collect(),
            None => vec![1.0; rows.len()],
        };
        let alias = if weights.iter().any(|weight| *weight > 0.0) {
            Some(Alias::new(&weights).map_err(|error| GenerateError::new(place, error.to_string()))?)
        } else {
            None
        };
        let grid = match (&self.grid, rows.first()) {
            (Some(columns), Some(row)) => Some(columns.at(*row as usize, place)?),
            _ => None,
        };
        Ok(Stratum { rows, alias, grid })
    }
}

/// The column with the most different values, of those without a cell that matches anything.
fn narrowest(equal: &[Matcher]) -> Option<(usize, Map<Atom, Vec<u32>>)> {
    let indexed =
        equal.iter().enumerate().filter(|(_, matcher)| !matcher.cells.contains(&ABSENT)).map(|(at, matcher)| {
            let mut rows: Map<Atom, Vec<u32>> = Map::default();
            for (row, cell) in matcher.cells.iter().enumerate() {
                rows.entry(*cell).or_default().push(row as u32);
            }
            (at, rows)
        });
    indexed.reduce(|best, next| if next.1.len() > best.1.len() { next } else { best })
}

/// The strata that some rows fall in.
pub(crate) struct Found {
    strata: Vec<Arc<Stratum>>,
    of: Vec<u32>,
}

impl Found {
    /// The stratum of a row.
    pub(crate) fn at(&self, row: usize) -> &Stratum {
        &self.strata[self.of[row] as usize]
    }
}

impl GridColumns {
    fn at(&self, row: usize, place: &str) -> Result<QuantileGrid, GenerateError> {
        let points: Vec<(f64, f64)> =
            self.points.iter().map(|(p, values)| (*p, values[row])).filter(|(_, value)| !value.is_nan()).collect();
        QuantileGrid::new(&points, self.min, self.max, self.scale)
            .map_err(|error| GenerateError::new(place, error.to_string()).help("mend the table's quantile columns"))
    }
}

impl Matcher {
    /// Prepares a column of the rows that are looked for.
    pub(crate) fn new(column: &Column) -> Self {
        if *column.ty() != Type::Text {
            let cells = numeric_atoms(column);
            return Self { cells, codes: None };
        }
        let mut codes: Map<String, Atom> = Map::default();
        let cells = match column.series().str() {
            Ok(texts) => texts
                .iter()
                .map(|text| match text {
                    None => ABSENT,
                    Some(text) => {
                        let next = codes.len() as Atom;
                        *codes.entry(text.to_owned()).or_insert(next)
                    }
                })
                .collect(),
            Err(_) => vec![ABSENT; column.series().len()],
        };
        Self { cells, codes: Some(codes) }
    }

    /// The atoms of the values that are looked up.
    pub(crate) fn atoms(&self, column: &Column) -> Vec<Atom> {
        match &self.codes {
            None => numeric_atoms(column),
            Some(codes) => {
                let text = values::convert(column.clone(), &Type::Text);
                match text.series().str() {
                    Ok(texts) => {
                        let mut last: Option<(&str, Atom)> = None;
                        texts
                            .iter()
                            .map(|text| match text {
                                None => ABSENT,
                                Some(text) => match last {
                                    Some((before, atom)) if before == text => atom,
                                    _ => {
                                        let atom = codes.get(text).copied().unwrap_or(UNKNOWN);
                                        last = Some((text, atom));
                                        atom
                                    }
                                },
                            })
                            .collect()
                    }
                    Err(_) => vec![ABSENT; column.series().len()],
                }
            }
        }
    }
}

fn numeric_atoms(column: &Column) -> Vec<Atom> {
    values::to_numbers(column)
        .into_iter()
        .map(|number| match number {
            number if number.is_nan() => ABSENT,
            // Zero has two bit patterns and one meaning.
            0.0 => 0,
            number => number.to_bits(),
        })
        .collect()
}
