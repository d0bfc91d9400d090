//! What the report draws: counts and shares of many rows, never a row.
//!
//! Everything here is aggregated and small, but not yet fit for the public: cells of a few rows are in it. What a public
//! edition may show of them is decided where it is written.

mod associations;
mod columns;
mod relations;
mod risk;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::assessment::ColumnKind;
use crate::sides::{Side, Sides};

pub(crate) use risk::{attacks, distances};

/// The data behind every drawing of a report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Plots {
    /// Columns, in the order of the spec.
    pub columns: Vec<Distribution>,
    /// How columns of a table go together.
    pub associations: Vec<Associations>,
    /// What attacks on membership find, by table, and for whole patients.
    pub attacks: Vec<Attacks>,
    /// How near synthetic rows come to real ones.
    pub distances: Vec<Distances>,
    /// The tables, in the order of the spec.
    pub tables: Vec<TableRows>,
    /// Children per parent.
    pub children: Vec<Distribution>,
    /// The first visits of patients.
    pub journeys: Option<Journeys>,
}

impl Plots {
    /// What can be drawn of the tables alone, without attacks and distances.
    pub(crate) fn of_tables(sides: &Sides) -> Self {
        Self {
            columns: columns::distributions(sides),
            associations: associations::associations(sides),
            attacks: Vec::new(),
            distances: Vec::new(),
            tables: relations::tables(sides),
            children: relations::children(sides),
            journeys: relations::journeys(sides),
        }
    }
}

impl Sides {
    /// A count of each side.
    fn counts(&self, count: impl Fn(&Side) -> u64) -> Counts {
        Counts { real: count(&self.real), holdout: count(&self.holdout), synthetic: count(&self.synthetic) }
    }
}

/// A number of rows in each dataset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// Of the real rows.
    pub real: u64,
    /// Of the holdout.
    pub holdout: u64,
    /// Of the synthetic rows.
    pub synthetic: u64,
}

impl Counts {
    /// The count of a side, in the order real, holdout, synthetic.
    fn of(&mut self, side: usize) -> &mut u64 {
        match side {
            0 => &mut self.real,
            1 => &mut self.holdout,
            _ => &mut self.synthetic,
        }
    }
}

/// How values are distributed in each dataset, over cells that all share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Distribution {
    /// The entity whose rows are counted.
    pub entity: String,
    /// The column, or the kind of children that are counted.
    pub name: String,
    /// How the values are to be read.
    pub kind: ColumnKind,
    /// Their unit, where the spec says one.
    pub unit: Option<String>,
    /// The cells: of numbers from low to high, of categories from frequent to rare.
    pub cells: Vec<Cell>,
    /// All rows.
    pub totals: Counts,
    /// Half the sum of the differences in share between real and synthetic rows, over these cells.
    pub difference: f64,
    /// The same between real rows and holdout: what chance and time alone make.
    pub ordinary: f64,
}

impl Distribution {
    fn new(entity: &str, name: &str, kind: ColumnKind, unit: Option<String>, cells: Vec<Cell>) -> Self {
        let total = |count: fn(&Counts) -> u64| cells.iter().map(|cell| count(&cell.counts)).sum::<u64>();
        let totals =
            Counts { real: total(|of| of.real), holdout: total(|of| of.holdout), synthetic: total(|of| of.synthetic) };
        let share = |count: u64, of: u64| count as f64 / of.max(1) as f64;
        let apart = |count: fn(&Counts) -> u64| {
            let gap = |cell: &Cell| share(cell.counts.real, totals.real) - share(count(&cell.counts), count(&totals));
            cells.iter().map(|cell| gap(cell).abs()).sum::<f64>() / 2.0
        };
        let (difference, ordinary) = (apart(|of| of.synthetic), apart(|of| of.holdout));
        Self { entity: entity.to_owned(), name: name.to_owned(), kind, unit, cells, totals, difference, ordinary }
    }
}

/// One cell of a distribution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cell {
    /// What it holds, for people.
    pub label: String,
    /// What kind of cell it is.
    pub holds: Holds,
    /// Its rows.
    pub counts: Counts,
}

/// What a cell holds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Holds {
    /// Numbers from the first end up to the second, without it. The outermost cells hold what lies beyond, too.
    Range(f64, f64),
    /// One category.
    Category,
    /// So many things, counted.
    Tally,
    /// All other categories together.
    Others,
    /// No value.
    Null,
}

/// How strongly each pair of columns goes together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Associations {
    /// The entity.
    pub entity: String,
    /// The columns.
    pub columns: Vec<String>,
    /// The pairs below the diagonal, row by row: (1, 0), (2, 0), (2, 1), …
    pub pairs: Vec<Association>,
}

/// How strongly one pair of columns goes together: rank correlation (-1 to 1) of two numbers, Cramér's V (0 to 1) when
/// one is a category; absent where a column is constant or empty.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Association {
    /// Among the real rows.
    pub real: Option<f64>,
    /// Among the synthetic rows.
    pub synthetic: Option<f64>,
    /// Rows with both values, of the smaller side.
    pub n: u64,
}

/// The curves of a bank of attacks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Attacks {
    /// What the attacks are on: an entity's rows, or whole patients.
    pub on: String,
    /// Records that the synthetic data were made from.
    pub members: u64,
    /// Records that they were not made from.
    pub others: u64,
    /// One curve an attack.
    pub curves: Vec<AttackCurve>,
}

/// The step ROC of one attack, in counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AttackCurve {
    /// The attack.
    pub attack: String,
    /// Others wrongly named and members rightly named, from few to all.
    pub steps: Vec<(u64, u64)>,
}

/// How many synthetic rows have a real row within a distance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Distances {
    /// The entity.
    pub entity: String,
    /// Synthetic rows.
    pub rows: u64,
    /// Rows to be near to: of train, of holdout. The more there are, the nearer the nearest.
    pub among: (u64, u64),
    /// Distances, rising from 0 (an exact match) to at most 1.
    pub distances: Vec<f64>,
    /// Synthetic rows whose nearest train row is within each distance.
    pub to_train: Vec<u64>,
    /// Synthetic rows whose nearest holdout row is within each distance.
    pub to_holdout: Vec<u64>,
}

/// The size of a table in each dataset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TableRows {
    /// The entity.
    pub entity: String,
    /// Its rows.
    pub rows: Counts,
    /// Rows per patient in each dataset (real, holdout, synthetic), where the table belongs to patients.
    pub per_patient: Option<[f64; 3]>,
    /// Columns that were compared.
    pub columns: u64,
}

/// The first visits of patients, by kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Journeys {
    /// The entity whose rows are visits.
    pub entity: String,
    /// The column that says their kind.
    pub column: String,
    /// How many patients have a visit at all.
    pub patients: Counts,
    /// Patients who go from one kind of visit to the next.
    pub flows: Vec<Flow>,
}

/// Patients who go from one kind of visit to the next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Flow {
    /// The number of the first visit of the two, from 1.
    pub visit: u8,
    /// Its kind.
    pub from: String,
    /// The kind of the next visit; absent when there is none.
    pub to: Option<String>,
    /// How many patients.
    pub patients: Counts,
}
