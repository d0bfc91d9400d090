//! Lookup tables and cells: rows found by values.

use std::collections::BTreeMap;
use std::hash::Hash;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use manikin_expression::{ColumnRef, Condition, Expr, Type};
use polars::prelude::{BooleanChunked, Float64Chunked, IntoSeries, Series};

use super::kernel::{Value, settle, texts};
use super::{EvaluationError, Frame, NO_ROW, take};
use crate::column::Column;

/// A map that is only looked up, never walked: its hash is fast and the same on every machine.
type HashMap<K, V> = std::collections::HashMap<K, V, foldhash::fast::FixedState>;

/// A column's numbers where they stand, and the row of them that each row at hand reaches.
type HeldNumbers = (Vec<Option<f64>>, Rc<Vec<u32>>);

/// A small table that expressions look values up in, with the indices made so far.
#[derive(Debug)]
pub struct LookupTable {
    name: String,
    columns: Vec<(String, Column)>,
    indices: Mutex<BTreeMap<String, Arc<ColumnIndex>>>,
}

/// The values of one column, numbered in the order of their first rows.
#[derive(Debug)]
struct ColumnIndex {
    numbers: Numbers,
    /// The number in each row, [`WILD`] for NULL.
    rows: Vec<u32>,
    /// The rows of each number, in order.
    rows_of: Vec<Vec<u32>>,
    has_null: bool,
}

/// A NULL cell.
const WILD: u32 = u32::MAX;
/// A value that is nowhere in the column.
const NOWHERE: u32 = u32::MAX - 1;

#[derive(Debug)]
enum Numbers {
    Integer(HashMap<i64, u32>),
    Float(HashMap<u64, u32>),
    Date(HashMap<i32, u32>),
    Text(HashMap<Box<str>, u32>),
    Boolean(HashMap<bool, u32>),
}

impl LookupTable {
    /// Makes a table of columns of equal length.
    ///
    /// # Errors
    /// [`EvaluationError::WrongColumn`] when a column is longer or shorter than the first, or has 2³² rows.
    pub fn new(name: impl Into<String>, columns: Vec<(String, Column)>) -> Result<LookupTable, EvaluationError> {
        let name = name.into();
        let rows = columns.first().map_or(0, |(_, column)| column.len());
        for (field, column) in &columns {
            if column.len() != rows || u32::try_from(rows).is_err() {
                return Err(EvaluationError::WrongColumn {
                    entity: name,
                    field: field.clone(),
                    message: format!("expected {rows} rows, found {}", column.len()),
                });
            }
        }
        Ok(LookupTable { name, columns, indices: Mutex::new(BTreeMap::new()) })
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |(_, column)| column.len())
    }

    /// A column.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|(found, _)| found == name).map(|(_, column)| column)
    }

    fn needed(&self, name: &str) -> Result<&Column, EvaluationError> {
        self.column(name)
            .ok_or_else(|| EvaluationError::NoTable { table: self.name.clone(), column: Some(name.to_owned()) })
    }

    /// The index of a column, made the first time it is asked for.
    fn index(&self, name: &str) -> Result<Arc<ColumnIndex>, EvaluationError> {
        // An index is complete before it is inserted, so a poisoned lock still guards whole ones.
        let mut indices = self.indices.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(index) = indices.get(name) {
            return Ok(Arc::clone(index));
        }
        let index = Arc::new(ColumnIndex::new(self.needed(name)?.series())?);
        indices.insert(name.to_owned(), Arc::clone(&index));
        Ok(index)
    }
}

fn number<K: Hash + Eq, V>(
    values: impl Iterator<Item = Option<V>>,
    key: impl Fn(V) -> K,
) -> (HashMap<K, u32>, Vec<u32>) {
    let mut numbers = HashMap::default();
    let rows = values
        .map(|value| match value {
            Some(value) => {
                let next = numbers.len() as u32;
                *numbers.entry(key(value)).or_insert(next)
            }
            None => WILD,
        })
        .collect();
    (numbers, rows)
}

/// The bits of a float, the same for both zeros.
fn bits(value: f64) -> u64 {
    (value + 0.0).to_bits()
}

impl ColumnIndex {
    fn new(series: &Series) -> Result<ColumnIndex, EvaluationError> {
        let (numbers, rows) = if let Ok(values) = series.i64() {
            let (numbers, rows) = number(values.iter(), |value| value);
            (Numbers::Integer(numbers), rows)
        } else if let Ok(values) = series.str() {
            let (numbers, rows) = number(values.iter(), Box::<str>::from);
            (Numbers::Text(numbers), rows)
        } else if let Ok(values) = series.f64() {
            let (numbers, rows) = number(values.iter(), bits);
            (Numbers::Float(numbers), rows)
        } else if let Ok(values) = series.i32() {
            let (numbers, rows) = number(values.iter(), |value| value);
            (Numbers::Date(numbers), rows)
        } else {
            let (numbers, rows) = number(series.bool()?.iter(), |value| value);
            (Numbers::Boolean(numbers), rows)
        };
        let mut rows_of: Vec<Vec<u32>> = Vec::new();
        let mut has_null = false;
        for (number, row) in rows.iter().zip(0_u32..) {
            if *number == WILD {
                has_null = true;
                continue;
            }
            if *number as usize >= rows_of.len() {
                rows_of.push(Vec::new());
            }
            rows_of[*number as usize].push(row);
        }
        Ok(ColumnIndex { numbers, rows, rows_of, has_null })
    }

    /// The number of each value, [`NOWHERE`] for NULL and for what the column does not hold.
    fn numbers_of(&self, series: &Series) -> Result<Vec<u32>, EvaluationError> {
        let or = |number: Option<&u32>| number.copied().unwrap_or(NOWHERE);
        Ok(match &self.numbers {
            Numbers::Integer(numbers) => {
                series.i64()?.iter().map(|value| or(value.and_then(|value| numbers.get(&value)))).collect()
            }
            Numbers::Text(numbers) => {
                series.str()?.iter().map(|value| or(value.and_then(|value| numbers.get(value)))).collect()
            }
            Numbers::Float(numbers) => {
                series.f64()?.iter().map(|value| or(value.and_then(|value| numbers.get(&bits(value))))).collect()
            }
            Numbers::Date(numbers) => {
                series.i32()?.iter().map(|value| or(value.and_then(|value| numbers.get(&value)))).collect()
            }
            Numbers::Boolean(numbers) => {
                series.bool()?.iter().map(|value| or(value.and_then(|value| numbers.get(&value)))).collect()
            }
        })
    }
}

/// A condition that a candidate row is held against.
enum Test {
    Equal { index: Arc<ColumnIndex>, wanted: Vec<u32>, wild: bool },
    Range { low: Vec<Option<i64>>, high: Vec<Option<i64>>, value: Vec<Option<i64>> },
}

impl Test {
    fn holds(&self, table_row: usize, row: usize) -> bool {
        match self {
            Test::Equal { index, wanted, wild } => {
                let cell = index.rows[table_row];
                (cell == WILD && *wild) || cell == wanted[row]
            }
            Test::Range { low, high, value } => {
                let (low, high) = (low[table_row], high[table_row]);
                match value[row] {
                    Some(value) => low.is_none_or(|low| low <= value) && high.is_none_or(|high| value <= high),
                    None => low.is_none() && high.is_none(),
                }
            }
        }
    }
}

/// Numbers and dates as integers in the same order.
fn ordered(series: &Series) -> Result<Vec<Option<i64>>, EvaluationError> {
    if let Ok(values) = series.i64() {
        return Ok(values.iter().collect());
    }
    if let Ok(values) = series.i32() {
        return Ok(values.iter().map(|value| value.map(i64::from)).collect());
    }
    // The bits of a float are ordered like an integer's once those of negative ones are turned round.
    let turned = |value: f64| {
        let bits = (value + 0.0).to_bits() as i64;
        bits ^ (((bits >> 63) as u64) >> 1) as i64
    };
    Ok(series.f64()?.iter().map(|value| value.map(turned)).collect())
}

impl Frame<'_> {
    fn table(&self, name: &str) -> Result<&LookupTable, EvaluationError> {
        self.rows.table(name).ok_or_else(|| EvaluationError::NoTable { table: name.to_owned(), column: None })
    }

    pub(super) fn lookup(
        &self,
        table: &str,
        column: &str,
        conditions: &[Condition],
        ty: &Type,
    ) -> Result<Value, EvaluationError> {
        let table = self.table(table)?;
        let result = table.needed(column)?;
        if result.ty() != ty {
            return Err(EvaluationError::WrongColumn {
                entity: table.name.clone(),
                field: column.to_owned(),
                message: format!("expected {ty}, found {}", result.ty()),
            });
        }
        let values =
            conditions.iter().map(|condition| self.value(condition.value())).collect::<Result<Vec<Value>, _>>()?;
        let rows = if values.iter().any(|value| matches!(value, Value::Column(_))) { self.len } else { 1 };
        let mut tests = Vec::with_capacity(conditions.len());
        for (condition, value) in conditions.iter().zip(values) {
            let value = value.into_series(&condition.value().ty(), rows);
            tests.push(match condition {
                Condition::Key { column, .. } | Condition::Match { column, .. } => {
                    let index = table.index(column)?;
                    let wanted = index.numbers_of(&value)?;
                    let wild = matches!(condition, Condition::Match { .. });
                    Test::Equal { index, wanted, wild }
                }
                Condition::Range { low, high, .. } => Test::Range {
                    low: ordered(table.needed(low)?.series())?,
                    high: ordered(table.needed(high)?.series())?,
                    value: ordered(&value)?,
                },
            });
        }
        let found = self.find(table, &tests, rows);
        let taken = take(result.series(), &found)?;
        Ok(settle(Value::Column(taken), rows == 1 && self.len != 1))
    }

    /// The first row of the table that meets every test, for each row.
    fn find(&self, table: &LookupTable, tests: &[Test], rows: usize) -> Vec<u32> {
        // The column with the most different values, and no cell that matches anything, leaves the fewest candidates.
        let narrowest = tests
            .iter()
            .enumerate()
            .filter_map(|(at, test)| match test {
                Test::Equal { index, wild, .. } if !(*wild && index.has_null) => Some((index.rows_of.len(), at)),
                _ => None,
            })
            .max_by_key(|(count, at)| (*count, usize::MAX - at))
            .map(|(_, at)| at);
        let all: Vec<u32> = if narrowest.is_some() { Vec::new() } else { (0..table.rows() as u32).collect() };
        (0..rows)
            .map(|row| {
                let candidates: &[u32] = match narrowest.map(|at| &tests[at]) {
                    Some(Test::Equal { index, wanted, .. }) => {
                        index.rows_of.get(wanted[row] as usize).map_or(&[], Vec::as_slice)
                    }
                    _ => &all,
                };
                let mut candidates = candidates.iter().copied();
                candidates
                    .find(|candidate| tests.iter().all(|test| test.holds(*candidate as usize, row)))
                    .unwrap_or(NO_ROW)
            })
            .collect()
    }

    pub(super) fn in_table(&self, of: &Expr, table: &str, column: &str) -> Result<Value, EvaluationError> {
        let index = self.table(table)?.index(column)?;
        let value = self.value(of)?;
        let single = !matches!(value, Value::Column(_));
        let values = value.into_series(&of.ty(), if single { 1 } else { self.len });
        let numbers = index.numbers_of(&values)?;
        let there = values.is_not_null();
        let found: BooleanChunked = there
            .iter()
            .zip(numbers)
            .map(|(there, number)| (there == Some(true)).then_some(number < NOWHERE))
            .collect();
        Ok(settle(Value::booleans(found), single))
    }

    /// The number in the column that each row names.
    pub(super) fn cell(&self, columns: &[ColumnRef], name: &Expr) -> Result<Value, EvaluationError> {
        let name = self.value(name)?;
        let mut wanted: Vec<Option<usize>> = Vec::with_capacity(self.len);
        let mut places: HashMap<&str, usize> = HashMap::default();
        for (place, column) in columns.iter().enumerate() {
            places.entry(column.field.as_str()).or_insert(place);
        }
        wanted.extend(texts(&name).take(self.len).map(|name| places.get(name?).copied()));
        let mut used = vec![false; columns.len()];
        for place in wanted.iter().flatten() {
            used[*place] = true;
        }
        // Only the columns that some row names are read, each where it stands: bringing them all here would cost a
        // gather of every column for the one value that each row wants of them.
        let mut numbers: Vec<Option<HeldNumbers>> = Vec::with_capacity(columns.len());
        for (column, used) in columns.iter().zip(used) {
            numbers.push(if used {
                let held = Value::Column(self.held(&column.entity, &column.field, &column.ty)?.series().clone());
                let held = super::number::convert(held, &column.ty, &Type::Float);
                let rows = self.rows.rows(&column.entity);
                let held = held.into_series(&Type::Float, rows).f64()?.iter().collect();
                Some((held, self.route(&column.hops)?))
            } else {
                None
            });
        }
        let cells: Float64Chunked = wanted
            .iter()
            .enumerate()
            .map(|(row, place)| {
                let (column, route) = numbers[(*place)?].as_ref()?;
                *column.get(*route.get(row)? as usize)?
            })
            .collect();
        Ok(Value::Column(cells.into_series()))
    }
}
