//! One typed column of values, as expressions read and write it.

use std::fmt;

use manikin_expression::Type;
use polars::prelude::{
    BooleanChunked, DataType, Float64Chunked, Int32Chunked, Int64Chunked, ListChunked, NewChunkedArray, Series,
    StringChunked, TimeUnit,
};
use polars::prelude::{IntoSeries, PlSmallStr};

/// A column with its type.
///
/// The series holds the plainest form of the type, whatever a frame shows: booleans as `Boolean`; integers, decimals
/// (scaled by 10ˢᶜᵃˡᵉ), moments (microseconds) and intervals (counts) as `Int64`; floats as `Float64`; texts as
/// `String`; dates (days since 1970-01-01) as `Int32`; lists of text as `List(String)`. [`Column::new`] and
/// [`Column::to_frame`] cross the border.
#[derive(Clone, Debug)]
pub struct Column {
    ty: Type,
    series: Series,
}

/// A series that cannot be a column of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnError {
    /// The type wanted.
    pub expected: Type,
    /// What the series holds.
    pub found: String,
}

impl fmt::Display for ColumnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a column of type {} cannot be made from polars {}", self.expected, self.found)
    }
}

impl std::error::Error for ColumnError {}

/// The polars type in which expressions hold a type.
pub(crate) fn plain_type(ty: &Type) -> DataType {
    match ty {
        Type::Boolean => DataType::Boolean,
        Type::Integer | Type::Decimal(_) | Type::DateTime | Type::Interval(_) => DataType::Int64,
        Type::Float => DataType::Float64,
        Type::Text => DataType::String,
        Type::Date => DataType::Int32,
        Type::List(of) => DataType::List(Box::new(plain_type(of))),
        Type::Null => DataType::Boolean,
    }
}

impl Column {
    /// Takes a series as a frame holds it: plain, or with polars' own date, datetime and decimal types.
    ///
    /// # Errors
    /// [`ColumnError`] when the series holds something else, such as text for an integer, or a decimal of another
    /// scale.
    pub fn new(series: Series, ty: Type) -> Result<Column, ColumnError> {
        let wanted = plain_type(&ty);
        let found = series.dtype().clone();
        let error = || ColumnError { expected: ty.clone(), found: found.to_string() };
        let plain = match (&found, &ty) {
            (found, _) if *found == wanted => series,
            (DataType::Date, Type::Date) => series.to_physical_repr().into_owned(),
            (DataType::Datetime(TimeUnit::Microseconds, None), Type::DateTime) => {
                series.to_physical_repr().into_owned()
            }
            (DataType::Datetime(..), Type::DateTime) => series
                .cast(&DataType::Datetime(TimeUnit::Microseconds, None))
                .map_err(|_| error())?
                .to_physical_repr()
                .into_owned(),
            (DataType::Decimal(_, scale), Type::Decimal(wanted)) if *scale == usize::from(*wanted) => {
                series.to_physical_repr().cast(&DataType::Int64).map_err(|_| error())?
            }
            (DataType::Null, _) => Series::full_null(PlSmallStr::EMPTY, series.len(), &wanted),
            (found, Type::Integer | Type::Float) if found.is_integer() || *found == DataType::Float32 => {
                series.strict_cast(&wanted).map_err(|_| error())?
            }
            _ => return Err(error()),
        };
        Ok(Column { ty, series: plain.rechunk() })
    }

    /// Takes a series that is already in its plain form.
    pub(crate) fn plain(series: Series, ty: Type) -> Column {
        debug_assert_eq!(*series.dtype(), plain_type(&ty));
        Column { ty, series: series.rechunk() }
    }

    /// Booleans.
    pub fn booleans(values: impl IntoIterator<Item = Option<bool>>) -> Column {
        Column::plain(values.into_iter().collect::<BooleanChunked>().into_series(), Type::Boolean)
    }

    /// Integers without NULL.
    pub fn integers(values: Vec<i64>) -> Column {
        Column::plain(Int64Chunked::from_vec(PlSmallStr::EMPTY, values).into_series(), Type::Integer)
    }

    /// Floats without NULL.
    pub fn floats(values: Vec<f64>) -> Column {
        Column::plain(Float64Chunked::from_vec(PlSmallStr::EMPTY, values).into_series(), Type::Float)
    }

    /// Integers, decimals, moments or intervals by their 64-bit units; another type is taken as integers.
    pub fn units(values: impl IntoIterator<Item = Option<i64>>, ty: Type) -> Column {
        let ty = if plain_type(&ty) == DataType::Int64 { ty } else { Type::Integer };
        Column::plain(values.into_iter().collect::<Int64Chunked>().into_series(), ty)
    }

    /// Floats.
    pub fn optional_floats(values: impl IntoIterator<Item = Option<f64>>) -> Column {
        Column::plain(values.into_iter().collect::<Float64Chunked>().into_series(), Type::Float)
    }

    /// Dates by their days since 1970-01-01.
    pub fn dates(values: impl IntoIterator<Item = Option<i32>>) -> Column {
        Column::plain(values.into_iter().collect::<Int32Chunked>().into_series(), Type::Date)
    }

    /// Texts.
    pub fn texts<'a>(values: impl IntoIterator<Item = Option<&'a str>>) -> Column {
        Column::plain(values.into_iter().collect::<StringChunked>().into_series(), Type::Text)
    }

    /// Lists of texts.
    pub fn lists(values: &[Option<Vec<String>>]) -> Column {
        let mut lists: ListChunked = values
            .iter()
            .map(|list| {
                list.as_ref().map(|items| {
                    StringChunked::from_iter_values(PlSmallStr::EMPTY, items.iter().map(String::as_str)).into_series()
                })
            })
            .collect();
        let ty = Type::List(Box::new(Type::Text));
        if *lists.dtype() != plain_type(&ty) {
            lists = ListChunked::full_null_with_dtype(PlSmallStr::EMPTY, values.len(), &DataType::String);
        }
        Column::plain(lists.into_series(), ty)
    }

    /// Only NULLs.
    pub fn nulls(rows: usize, ty: Type) -> Column {
        let series = Series::full_null(PlSmallStr::EMPTY, rows, &plain_type(&ty));
        Column { ty, series }
    }

    /// The type.
    pub fn ty(&self) -> &Type {
        &self.ty
    }

    /// The values in plain form, in one chunk.
    pub fn series(&self) -> &Series {
        &self.series
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.series.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// How many rows are NULL.
    pub fn null_count(&self) -> usize {
        self.series.null_count()
    }

    /// The values as frames hold them (see [`crate::physical_type`]): dates and moments as polars' own types, decimals
    /// still as their units.
    pub fn to_frame(&self, name: &str) -> Series {
        let series = self.series.clone().with_name(name.into());
        match &self.ty {
            Type::Date => match series.i32() {
                Ok(days) => days.clone().into_date().into_series(),
                Err(_) => series,
            },
            Type::DateTime => match series.i64() {
                Ok(micros) => micros.clone().into_datetime(TimeUnit::Microseconds, None).into_series(),
                Err(_) => series,
            },
            _ => series,
        }
    }
}

impl PartialEq for Column {
    /// Columns are equal when types and values are, NULL with NULL.
    fn eq(&self, other: &Self) -> bool {
        self.ty == other.ty && self.series.equals_missing(&other.series)
    }
}
