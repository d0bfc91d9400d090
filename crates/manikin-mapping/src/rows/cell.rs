//! The values of a column of a projection.

use manikin_expression::{Literal, Type, power_of_ten};
use manikin_tables::{Column, NO_ROW, Relations, evaluate};
use polars::prelude::*;

use super::error::RowsError;
use super::place::{Taken, key};
use crate::checked::{Cell, ColumnDef, From, Projection, ProjectionId, Standard};
use crate::records::{RUN, Records};

/// Where the keys of rows are found.
pub(crate) struct Keys<'a> {
    /// The places of the block's rows, by projection.
    pub(crate) here: &'a [Taken],
    /// The places of the rows that are made once for a run, by projection: those of block 0.
    pub(crate) once: &'a [Vec<u32>],
}

/// The values of one cell for the rows that a projection takes.
pub(crate) fn values(
    records: &Records<'_>,
    keys: &Keys<'_>,
    id: ProjectionId,
    definition: &ColumnDef,
    cell: &Cell,
) -> Result<Column, RowsError> {
    let projection = &records.mapping()[id];
    let place = || format!("{}.{}", projection.name, definition.name);
    let fails = |error: String| RowsError::new(place(), error);
    let taken = &keys.here[id.0];
    let column = match cell {
        Cell::Expression(expression) => {
            let name = match &projection.from {
                From::Entity(entity) => records.mapping().spec[*entity].name.as_str(),
                From::Run | From::Table(_) | From::Era(_) => RUN,
            };
            let whole = evaluate(expression, name, records).map_err(|error| fails(error.to_string()))?;
            gather(whole, taken.rows.as_deref())
        }
        Cell::Literal(literal) => literal_column(literal, &definition.ty, taken.count),
        Cell::Key { projection: target, hops } => match &projection.from {
            From::Entity(entity) => {
                let route = records
                    .route(*entity, hops)
                    .ok_or_else(|| fails("the rows do not say which row the key is of".to_owned()))?;
                key_column(records, keys, *target, (0..taken.count).map(|at| route[taken.source(at) as usize]))
            }
            _ if *target == id => Column::integers(taken.places.iter().map(|at| key(records.block(), *at)).collect()),
            _ => key_column(records, keys, *target, std::iter::repeat_n(0, taken.count)),
        },
        Cell::First(cells) => {
            let mut first: Option<Column> = None;
            for cell in cells {
                let next = values(records, keys, id, definition, cell)?;
                first = Some(match first {
                    None => next,
                    Some(so_far) if so_far.null_count() == 0 => so_far,
                    Some(so_far) => coalesce(&so_far, &next).map_err(|error| fails(error.to_string()))?,
                });
            }
            first.unwrap_or_else(|| Column::nulls(taken.count, definition.ty.clone()))
        }
        Cell::Column(name) => {
            let From::Table(table) = &projection.from else {
                return Err(fails("only the rows of a table have columns of a table".to_owned()));
            };
            let column = records.table(table).and_then(|table| table.column(name));
            let column = column.ok_or_else(|| fails(format!("table {table} has no column {name}")))?;
            gather(column.clone(), taken.rows.as_deref())
        }
        Cell::Era(_) => return Err(fails("only an era has values of an era".to_owned())),
    };
    fitted(column, definition)
        .map_err(|found| RowsError::new(place(), format!("holds {found}, where the standard has {}", definition.ty)))
}

/// Refuses values that the standard has no room for.
///
/// # Errors
/// - A required column without a value.
/// - A text that is longer than its column.
/// - In OMOP, a whole number beyond 32 bits.
pub(crate) fn check(
    standard: Standard,
    projection: &Projection,
    definition: &ColumnDef,
    column: &Column,
) -> Result<(), RowsError> {
    let place = || format!("{}.{}", projection.name, definition.name);
    if definition.required && column.null_count() > 0 {
        let (empty, rows) = (column.null_count(), column.len());
        return Err(RowsError::new(
            place(),
            format!("{empty} of {rows} rows of a block have no value, which the standard requires"),
        )
        .help("leave such rows out with `where`, or give a value with coalesce(…)"));
    }
    if standard == Standard::Omop54
        && let (Type::Integer, Ok(numbers)) = (&column.ty(), column.series().i64())
    {
        let is_wide = |number: &i64| i32::try_from(*number).is_err();
        if let Some(number) = [numbers.min(), numbers.max()].into_iter().flatten().find(is_wide) {
            return Err(RowsError::new(place(), format!("{number} does not fit the standard's 32-bit integers"))
                .help("map it onto a smaller number, or keep it as text in a source value"));
        }
    }
    if let (Some(limit), Ok(texts)) = (definition.max_length, column.series().str()) {
        let long = texts.iter().flatten().find(|text| text.len() > limit && text.chars().count() > limit);
        if let Some(text) = long {
            let length = text.chars().count();
            return Err(RowsError::new(
                place(),
                format!("a text of {length} characters, where the standard allows {limit}"),
            )
            .help(format!("shorten it, for instance with left(…, {limit})")));
        }
    }
    Ok(())
}

/// The column as the definition's type; a whole number or decimal fits where a float belongs, and nothing fits
/// everywhere. The error is the type found.
fn fitted(column: Column, definition: &ColumnDef) -> Result<Column, Type> {
    if *column.ty() == definition.ty {
        return Ok(column);
    }
    let rows = column.len();
    if column.null_count() == rows {
        return Ok(Column::nulls(rows, definition.ty.clone()));
    }
    let floats = |one: f64| -> Option<Column> {
        let units = column.series().i64().ok()?;
        Some(Column::optional_floats(units.iter().map(|units| units.map(|units| units as f64 / one))))
    };
    let made = match (column.ty(), &definition.ty) {
        (Type::Integer, Type::Float) => floats(1.0),
        (Type::Decimal(scale), Type::Float) => floats(power_of_ten(*scale) as f64),
        _ => None,
    };
    made.ok_or_else(|| column.ty().clone())
}

/// The keys of the rows that a projection makes of the rows arrived at.
fn key_column(
    records: &Records<'_>,
    keys: &Keys<'_>,
    target: ProjectionId,
    arrived: impl Iterator<Item = u32>,
) -> Column {
    let once = match &records.mapping()[target].from {
        From::Entity(entity) => records.is_reference(*entity),
        From::Run | From::Table(_) => true,
        From::Era(_) => false,
    };
    let (places, block) = if once && records.block() > 0 {
        (&keys.once[target.0], 0)
    } else {
        (&keys.here[target.0].place_of, records.block())
    };
    let key_of = |row: u32| places.get(row as usize).filter(|place| **place != NO_ROW).map(|place| key(block, *place));
    Column::units(arrived.map(key_of), Type::Integer)
}

/// These rows of a column; all where `None`.
pub(crate) fn gather(column: Column, rows: Option<&[u32]>) -> Column {
    let Some(rows) = rows else { return column };
    let indices = IdxCa::from_slice(PlSmallStr::EMPTY, rows);
    let taken = column.series().take(&indices).ok().and_then(|series| Column::new(series, column.ty().clone()).ok());
    taken.unwrap_or_else(|| Column::nulls(rows.len(), column.ty().clone()))
}

fn coalesce(first: &Column, next: &Column) -> PolarsResult<Column> {
    let mask = first.series().is_not_null();
    let series = first.series().zip_with(&mask, next.series())?;
    Column::new(series, first.ty().clone()).map_err(|error| PolarsError::ComputeError(error.to_string().into()))
}

/// One value in every row.
fn literal_column(literal: &Literal, ty: &Type, rows: usize) -> Column {
    let whole =
        |value: i64, ty: Type| Column::new(Int64Chunked::full(PlSmallStr::EMPTY, value, rows).into_series(), ty);
    let made = match (literal, ty) {
        (Literal::Integer(value), Type::Float) => return Column::floats(vec![*value as f64; rows]),
        (Literal::Integer(value), _) => whole(*value, Type::Integer),
        (Literal::DateTime(micros), _) => whole(*micros, Type::DateTime),
        (Literal::Date(day), Type::DateTime) => {
            whole(i64::from(*day) * manikin_expression::calendar::DAY, Type::DateTime)
        }
        (Literal::Date(day), _) => {
            Column::new(Int32Chunked::full(PlSmallStr::EMPTY, *day, rows).into_series(), Type::Date)
        }
        (Literal::Decimal { units, scale }, Type::Float) => {
            return Column::floats(vec![*units as f64 / power_of_ten(*scale) as f64; rows]);
        }
        (Literal::Decimal { units, scale }, _) => whole(*units, Type::Decimal(*scale)),
        (Literal::Float(value), _) => return Column::floats(vec![*value; rows]),
        (Literal::Text(text), _) => {
            Column::new(StringChunked::full(PlSmallStr::EMPTY, text, rows).into_series(), Type::Text)
        }
        (Literal::Boolean(value), _) => {
            Column::new(BooleanChunked::full(PlSmallStr::EMPTY, *value, rows).into_series(), Type::Boolean)
        }
        (Literal::List(items), _) => return Column::lists(&vec![Some(items.clone()); rows]),
        (Literal::Null | Literal::Interval { .. }, _) => return Column::nulls(rows, ty.clone()),
    };
    made.unwrap_or_else(|_| Column::nulls(rows, ty.clone()))
}
