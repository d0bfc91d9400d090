//! Rows that were generated or read: a [`Table`] is a schema with a frame that fits it, a [`Block`] is every
//! entity's table for one fixed range of subjects.
//!
//! # How values are held
//!
//! Frames hold the narrowest form that every writer can format without a conversion:
//!
//! | type | polars | a value is |
//! |---|---|---|
//! | boolean | `Boolean` | |
//! | integer | `Int64` | |
//! | float | `Float64` | finite; a missing number is null, never NaN |
//! | decimal with scale *s* | `Int64` | the value times 10^*s*: 12.50 with scale 2 is 1250 |
//! | text | `String` | |
//! | date | `Date` | days since 1970-01-01 |
//! | datetime | `Datetime(µs)` without zone | microseconds since 1970-01-01T00:00:00, local to the facility |
//! | list of texts | `List(String)` | |
//!
//! Decimals stay plain integers because the text writers print them from the integer, sums of them are exact and
//! ordered, and polars' own decimal is 128 bits wide; Parquet and Arrow files carry the logical decimal all the same.

use std::fmt;
use std::sync::Arc;

use manikin_expression::Type;
use polars::prelude::{DataFrame, DataType, TimeUnit};

use crate::schema::TableSchema;

/// The polars type that holds values of a type; see the table at the head of this module.
///
/// Intervals and bare nulls never become columns; they map to polars' `Null`, which no writer accepts.
pub fn physical_type(ty: &Type) -> DataType {
    match ty {
        Type::Boolean => DataType::Boolean,
        Type::Integer | Type::Decimal(_) => DataType::Int64,
        Type::Float => DataType::Float64,
        Type::Text => DataType::String,
        Type::Date => DataType::Date,
        Type::DateTime => DataType::Datetime(TimeUnit::Microseconds, None),
        Type::List(of) => DataType::List(Box::new(physical_type(of))),
        Type::Interval(_) | Type::Null => DataType::Null,
    }
}

/// Every entity's rows for one fixed range of subjects.
///
/// A subject never crosses a block, and block borders belong to the run, never to the number of threads or
/// partitions, so a history is always whole within a block.
#[derive(Clone, Debug)]
pub struct Block {
    /// The block's place in the run, counted from 0 over all partitions.
    pub index: u64,
    /// One table per entity, in the order of the plan, the same in every block.
    pub tables: Vec<Table>,
}

impl Block {
    /// The table of an entity.
    pub fn table(&self, entity: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.entity() == entity)
    }
}

/// A frame that fits its schema: the same columns, in the same order, of the schema's types.
#[derive(Clone, Debug)]
pub struct Table {
    schema: Arc<TableSchema>,
    frame: DataFrame,
}

impl Table {
    /// Pairs a frame with the schema that it fits.
    ///
    /// # Errors
    ///
    /// - [`TableMismatch`] when the frame has other columns, another order or another type than
    ///   [`physical_type`] says.
    pub fn new(schema: Arc<TableSchema>, frame: DataFrame) -> Result<Self, TableMismatch> {
        let mismatch = |detail: String| TableMismatch { entity: schema.entity.clone(), detail };
        if frame.width() != schema.columns.len() {
            return Err(mismatch(format!("has {} columns, expected {}", frame.width(), schema.columns.len())));
        }
        for (found, expected) in frame.columns().iter().zip(&schema.columns) {
            if found.name().as_str() != expected.name {
                return Err(mismatch(format!(
                    "has column {:?} where {:?} belongs",
                    found.name().as_str(),
                    expected.name
                )));
            }
            let physical = physical_type(&expected.ty);
            if *found.dtype() != physical {
                return Err(mismatch(format!(
                    "holds column {:?} as {}, expected {physical}",
                    expected.name,
                    found.dtype()
                )));
            }
        }
        Ok(Self { schema, frame })
    }

    /// A table of a schema without rows.
    pub fn empty(schema: Arc<TableSchema>) -> Self {
        let fields = schema.columns.iter().map(|column| (column.name.as_str().into(), physical_type(&column.ty)));
        let frame = DataFrame::empty_with_schema(&fields.collect());
        Self { schema, frame }
    }

    /// The entity's name.
    pub fn entity(&self) -> &str {
        &self.schema.entity
    }

    /// What the columns are.
    pub fn schema(&self) -> &Arc<TableSchema> {
        &self.schema
    }

    /// The rows.
    pub fn frame(&self) -> &DataFrame {
        &self.frame
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.frame.height()
    }

    /// The rows, without the schema.
    pub fn into_frame(self) -> DataFrame {
        self.frame
    }
}

/// A frame does not fit its schema: a mistake of the code that made it, never of a user's data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableMismatch {
    entity: String,
    detail: String,
}

impl fmt::Display for TableMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "table {:?} {}", self.entity, self.detail)
    }
}

impl std::error::Error for TableMismatch {}
