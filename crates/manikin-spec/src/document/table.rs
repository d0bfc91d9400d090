//! Code sets and parameter tables: a CSV file, or rows written in place.

use super::{DataType, Named, Origin, Scalar};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a table's rows come from, and what they are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TableSource {
    /// What a row is.
    pub means: Option<String>,
    /// A CSV file with a header row, relative to the file that names it.
    pub csv: Option<String>,
    /// The rows, written in place.
    pub rows: Option<Vec<Named<Option<Scalar>>>>,
    /// The column whose values name the rows; needed for `code` and for `lookup` by key.
    pub key: Option<String>,
    /// URI of the code system.
    pub system: Option<String>,
    /// Version of the code system or of the figures.
    pub version: Option<String>,
    /// Licence under which the rows may be used.
    pub licence: Option<String>,
    /// Where the rows come from.
    pub source: Option<String>,
    /// Types of columns whose type would be read wrongly from their values (codes of digits are text).
    pub columns: Named<DataType>,
    /// Where the rows come from as far as privacy goes: `fit` refuses `data`.
    pub origin: Option<Origin>,
    /// Marks a place that a user's own, perhaps licensed, file may fill; says what file.
    pub slot: Option<String>,
}
