//! The rows of a block, as expressions see them.

use crate::block::Rows;
use crate::error::GenerateError;
use crate::plan::Plan;
use crate::strata::TableColumns;
use crate::values;
use manikin_expression::{Expression, Hop, Via};
use manikin_spec::spec::EntityId;
use manikin_tables::{Column, LookupTable, Relations, evaluate};

/// Evaluates an expression for every row of an entity.
pub(crate) fn column_of(
    plan: &Plan,
    rows: &Rows,
    entity: EntityId,
    expression: &Expression,
    place: &str,
) -> Result<Column, GenerateError> {
    evaluate(expression, &plan.spec[entity].name, &View { plan, rows })
        .map_err(|error| GenerateError::new(place, error.to_string()))
}

struct View<'a> {
    plan: &'a Plan,
    rows: &'a Rows,
}

impl Relations for View<'_> {
    fn rows(&self, entity: &str) -> usize {
        self.plan.spec.entity(entity).map_or(0, |id| self.rows.entity(self.plan, id).len())
    }

    fn column(&self, entity: &str, field: &str) -> Option<&Column> {
        let id = self.plan.spec.entity(entity)?;
        let rows = self.rows.entity(self.plan, id);
        match field.strip_prefix("item.") {
            Some(item) => rows.items.get(item),
            None => rows.columns[self.plan.spec[id].field(field)?.0].as_ref(),
        }
    }

    fn hop(&self, entity: &str, hop: &Hop) -> Option<&[u32]> {
        let id = self.plan.spec.entity(entity)?;
        let rows = self.rows.entity(self.plan, id);
        match &hop.via {
            Via::Parent => Some(&rows.parent),
            Via::Link(field) => rows.links.get(&self.plan.spec[id].field(field)?).map(Vec::as_slice),
        }
    }

    fn table(&self, name: &str) -> Option<&LookupTable> {
        self.plan.lookups.get(name)
    }
}

/// Candidate rows that go over a table: the parent's columns repeated for each candidate, and the table's columns.
pub(crate) struct Candidates<'a> {
    plan: &'a Plan,
    rows: &'a Rows,
    parent: &'a str,
    child: &'a str,
    /// The parent row of each candidate.
    of: &'a [u32],
    columns: Vec<((String, String), Column)>,
    hops: Vec<(Hop, Vec<u32>)>,
}

impl<'a> Candidates<'a> {
    /// Gathers what the expression names.
    pub(crate) fn new(
        plan: &'a Plan,
        rows: &'a Rows,
        (parent, child): (EntityId, EntityId),
        of: &'a [u32],
        items: &dyn Fn(&str) -> Option<Column>,
        expression: &Expression,
    ) -> Self {
        let view = View { plan, rows };
        let parent = plan.spec[parent].name.as_str();
        let child = plan.spec[child].name.as_str();
        let mut columns = Vec::new();
        let mut hops = Vec::new();
        for reference in expression.references() {
            match reference.hops.first() {
                None => {
                    let key = (reference.entity.clone(), reference.field.clone());
                    let found = match reference.field.strip_prefix("item.") {
                        Some(item) if reference.entity == child => items(item),
                        _ => view.column(&reference.entity, &reference.field).map(|column| values::gather(column, of)),
                    };
                    columns.extend(found.map(|column| (key, column)));
                }
                Some(hop) => {
                    let up = view.hop(parent, hop);
                    let gathered = up.map(|up| of.iter().map(|&row| up[row as usize]).collect());
                    hops.extend(gathered.map(|rows| (hop.clone(), rows)));
                }
            }
        }
        Self { plan, rows, parent, child, of, columns, hops }
    }

    /// Which candidates the expression holds for.
    pub(crate) fn holds(&self, expression: &Expression, place: &str) -> Result<Vec<bool>, GenerateError> {
        let column =
            evaluate(expression, self.parent, self).map_err(|error| GenerateError::new(place, error.to_string()))?;
        Ok(values::to_mask(&column))
    }
}

impl Relations for Candidates<'_> {
    fn rows(&self, entity: &str) -> usize {
        if entity == self.parent || entity == self.child {
            self.of.len()
        } else {
            View { plan: self.plan, rows: self.rows }.rows(entity)
        }
    }

    fn column(&self, entity: &str, field: &str) -> Option<&Column> {
        let gathered = self.columns.iter().find(|((of, name), _)| of == entity && name == field);
        if gathered.is_some() || entity == self.parent || entity == self.child {
            return gathered.map(|(_, column)| column);
        }
        let id = self.plan.spec.entity(entity)?;
        self.rows.entity(self.plan, id).columns[self.plan.spec[id].field(field)?.0].as_ref()
    }

    fn hop(&self, entity: &str, hop: &Hop) -> Option<&[u32]> {
        if entity == self.parent {
            return self.hops.iter().find(|(known, _)| known == hop).map(|(_, rows)| rows.as_slice());
        }
        let id = self.plan.spec.entity(entity)?;
        let rows = self.rows.entity(self.plan, id);
        match &hop.via {
            Via::Parent => Some(&rows.parent),
            Via::Link(field) => rows.links.get(&self.plan.spec[id].field(field)?).map(Vec::as_slice),
        }
    }

    fn table(&self, name: &str) -> Option<&LookupTable> {
        self.plan.lookups.get(name)
    }
}

/// Which rows of a table a condition on its own columns holds for.
pub(crate) fn over_table(
    condition: &Expression,
    name: &str,
    table: &TableColumns,
    place: &str,
) -> Result<Vec<bool>, GenerateError> {
    struct Own<'a>(&'a str, &'a TableColumns);
    impl Relations for Own<'_> {
        fn rows(&self, _: &str) -> usize {
            self.1.rows
        }
        fn column(&self, entity: &str, field: &str) -> Option<&Column> {
            if entity == self.0 { self.1.columns.get(field) } else { None }
        }
        fn hop(&self, _: &str, _: &Hop) -> Option<&[u32]> {
            None
        }
        fn table(&self, _: &str) -> Option<&LookupTable> {
            None
        }
    }
    let column =
        evaluate(condition, name, &Own(name, table)).map_err(|error| GenerateError::new(place, error.to_string()))?;
    Ok(values::to_mask(&column))
}
