//! Columns as metrics see them: numbers or codes, with nulls marked.

/// The code of a null in a categorical column.
pub const NULL_CODE: u32 = u32::MAX;

/// The values of one column.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Numbers, dates (days) and times (seconds) alike; a null is NaN.
    Numbers(Vec<f64>),
    /// Indices into the labels; a null is [`NULL_CODE`]. Tables that are compared share one list of labels.
    Codes {
        /// The code of each row.
        codes: Vec<u32>,
        /// What each code stands for.
        labels: std::sync::Arc<[String]>,
    },
}

/// One named column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// The column's name.
    pub name: String,
    /// Its values, one a row.
    pub values: Values,
}

/// Columns of equal length.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// The columns, in order.
    pub columns: Vec<Column>,
    /// The number of rows.
    pub rows: usize,
}

/// Real and synthetic rows with the same columns, encoded together (one list of labels a column).
#[derive(Debug, Clone, Copy)]
pub struct Pair<'a> {
    /// The real rows.
    pub real: &'a Table,
    /// The synthetic rows.
    pub synthetic: &'a Table,
}

impl Values {
    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.len(),
            Self::Codes { codes, .. } => codes.len(),
        }
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the value at `row` is null.
    #[must_use]
    pub fn is_null(&self, row: usize) -> bool {
        match self {
            Self::Numbers(numbers) => numbers[row].is_nan(),
            Self::Codes { codes, .. } => codes[row] == NULL_CODE,
        }
    }
}

impl Table {
    /// The rows named, in that order; a row beyond the last is left out.
    #[must_use]
    pub fn select(&self, rows: &[u32]) -> Self {
        let rows: Vec<usize> = rows.iter().map(|&row| row as usize).filter(|&row| row < self.rows).collect();
        let pick = |values: &Values| match values {
            Values::Numbers(numbers) => Values::Numbers(rows.iter().map(|&row| numbers[row]).collect()),
            Values::Codes { codes, labels } => {
                Values::Codes { codes: rows.iter().map(|&row| codes[row]).collect(), labels: labels.clone() }
            }
        };
        let columns = self.columns.iter().map(|c| Column { name: c.name.clone(), values: pick(&c.values) }).collect();
        Self { columns, rows: rows.len() }
    }

    /// The column called `name`.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}
