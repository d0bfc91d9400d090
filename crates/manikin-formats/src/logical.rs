//! Tables as the binary formats want them: decimals as decimals, and rows in groups of a good size.

use manikin_expression::Type;
use manikin_tables::{TableSchema, physical_type};
use polars::prelude::{Column, DataFrame, DataType, IntoColumn, PolarsResult};

/// The decimal digits that files declare: what 64-bit units can always hold.
const PRECISION: usize = 18;

/// The polars type that says in a file what a column's values are.
pub(crate) fn logical_type(ty: &Type) -> DataType {
    match ty {
        Type::Decimal(scale) => DataType::Decimal(PRECISION, usize::from(*scale)),
        other => physical_type(other),
    }
}

/// The rows with their decimals as polars decimals, each column in one piece.
pub(crate) fn logical_frame(frame: &DataFrame, schema: &TableSchema) -> PolarsResult<DataFrame> {
    let columns = frame.columns().iter().zip(&schema.columns).map(|(column, expected)| match expected.ty {
        Type::Decimal(scale) => decimal(column, scale),
        _ => Ok(column.rechunk()),
    });
    DataFrame::new(frame.height(), columns.collect::<PolarsResult<Vec<_>>>()?)
}

fn decimal(column: &Column, scale: u8) -> PolarsResult<Column> {
    let wide = column.rechunk().cast(&DataType::Int128)?;
    Ok(wide.i128()?.clone().into_decimal(PRECISION, usize::from(scale))?.into_column())
}

/// Collects the rows of small blocks until a group is full, in the order of the blocks and of nothing else.
pub(crate) struct Groups {
    rows_per_group: usize,
    pending: Option<DataFrame>,
}

impl Groups {
    pub(crate) fn new(rows_per_group: usize) -> Self {
        Self { rows_per_group: rows_per_group.max(1), pending: None }
    }

    /// Adds rows; gives the group that they complete.
    pub(crate) fn add(&mut self, frame: DataFrame) -> PolarsResult<Option<DataFrame>> {
        let grown = match self.pending.take() {
            None => frame,
            Some(mut pending) => {
                pending.vstack_mut(&frame)?;
                pending
            }
        };
        if grown.height() >= self.rows_per_group {
            return Ok(Some(grown));
        }
        self.pending = Some(grown);
        Ok(None)
    }

    /// The rows of the group that is not full yet, where there are any.
    pub(crate) fn take(&mut self) -> Option<DataFrame> {
        self.pending.take().filter(|frame| frame.height() > 0)
    }
}
