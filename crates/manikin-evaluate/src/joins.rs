//! Foreign keys: relations between tables, and rows joined along them.

use manikin_metrics::fidelity::relation::{self, Links, ORPHAN, Relation, RelationMetric};
use manikin_metrics::fidelity::{Comparison, Sample, Settings};
use manikin_metrics::stats::{draws, sample_rows};
use manikin_metrics::table::NULL_CODE;
use manikin_metrics::{Column, Score, Table};
use manikin_spec::spec::{EntityId, FieldId};
use manikin_tables::NO_ROW;

use crate::sides::{Side, Sides};

/// The most joined rows of each side that pairs of columns are compared over; more are sampled.
///
/// ASSUMED: 50,000, at which the noise of a pair's score is below a hundredth.
const JOINED: usize = 50_000;

/// A foreign key that all three sides hold.
pub(crate) struct Join {
    /// What it is called, such as `visit.patient_id`.
    pub(crate) name: String,
    child: EntityId,
    parent: EntityId,
    field: FieldId,
}

/// Every foreign key whose target is written and has a key.
pub(crate) fn relations(sides: &Sides) -> Vec<Join> {
    let spec = &sides.spec;
    let mut joins = Vec::new();
    for (child, _) in &sides.compared {
        for (place, field) in spec[*child].fields.iter().enumerate() {
            let Some(parent) = field.references else { continue };
            let field_id = FieldId(place);
            let there = |side: &Side| side.data.link(*child, field_id).is_some();
            if [&sides.real, &sides.holdout, &sides.synthetic].into_iter().all(there) {
                let name = format!("{}.{}", spec[*child].name, field.name);
                joins.push(Join { name, child: *child, parent, field: field_id });
            }
        }
    }
    joins
}

impl Join {
    /// The parent of each child row, nulls and orphans told apart.
    fn parents(&self, side: &Side) -> Vec<u32> {
        let link = side.data.link(self.child, self.field).unwrap_or_default();
        let nulls = side.data.field(self.child, self.field).map(|column| column.series().is_null());
        let is_null = |row: usize| nulls.as_ref().is_some_and(|nulls| nulls.get(row) == Some(true));
        link.iter()
            .enumerate()
            .map(|(row, &parent)| match parent {
                NO_ROW if is_null(row) => NULL_CODE,
                NO_ROW => ORPHAN,
                parent => parent,
            })
            .collect()
    }

    /// The scores of a metric of relations.
    pub(crate) fn scores(&self, sides: &Sides, metric: &RelationMetric, settings: &Settings) -> Vec<Score> {
        let (real, synthetic) = (self.parents(&sides.real), self.parents(&sides.synthetic));
        let count = |side: &Side| side.data.rows_of(self.parent);
        let relation = Relation {
            name: &self.name,
            real: Links {
                parents: count(&sides.real),
                parent_of: &real,
                clusters: sides.real.patients[self.parent.0].as_deref(),
            },
            synthetic: Links {
                parents: count(&sides.synthetic),
                parent_of: &synthetic,
                clusters: sides.synthetic.patients[self.parent.0].as_deref(),
            },
        };
        (metric.compute)(&relation, settings)
    }

    /// The scores of every pair of a column of the child and one of its parent.
    pub(crate) fn pairs(&self, sides: &Sides, settings: &Settings) -> Vec<Score> {
        let (Some(real), Some(synthetic)) =
            (self.joined(&sides.real, settings.seed), self.joined(&sides.synthetic, settings.seed))
        else {
            return Vec::new();
        };
        let parents: Vec<usize> = (real.children..real.table.columns.len()).collect();
        if parents.is_empty() || real.children == 0 {
            return Vec::new();
        }
        let comparison = Comparison::new(
            Sample { table: &real.table, clusters: real.clusters.as_deref() },
            Sample { table: &synthetic.table, clusters: synthetic.clusters.as_deref() },
            None,
            settings.clone(),
        );
        match comparison {
            Ok(comparison) => relation::across_join(&comparison, &parents),
            Err(_) => Vec::new(),
        }
    }

    /// Child rows with the columns of their parents beside their own.
    fn joined(&self, side: &Side, seed: u64) -> Option<Joined> {
        let (child, parent) = (side.tables[self.child.0].as_ref()?, side.tables[self.parent.0].as_ref()?);
        let link = side.data.link(self.child, self.field)?;
        let with: Vec<u32> = (0..child.rows as u32).filter(|&row| link[row as usize] != NO_ROW).collect();
        let picked = sample_rows(with.len(), JOINED, &mut draws(seed, "joined rows", 0));
        let rows: Vec<u32> = picked.into_iter().map(|place| with[place as usize]).collect();
        let above: Vec<u32> = rows.iter().map(|&row| link[row as usize]).collect();
        let mut table: Table = child.select(&rows);
        let children = table.columns.len();
        let name = &side.data.spec()[self.parent].name;
        table.columns.extend(
            parent
                .select(&above)
                .columns
                .into_iter()
                .map(|column| Column { name: format!("{name}.{}", column.name), values: column.values }),
        );
        let clusters = side.patients[self.child.0].as_ref();
        let clusters = clusters.map(|all| rows.iter().map(|&row| all[row as usize]).collect());
        Some(Joined { table, children, clusters })
    }
}

struct Joined {
    table: Table,
    /// How many columns are the child's own.
    children: usize,
    clusters: Option<Vec<u32>>,
}
