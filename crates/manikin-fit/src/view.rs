//! What expressions see of the records: kept rows with keys that are numbers of kept rows, and derived fields.

use std::collections::BTreeMap;
use std::sync::Arc;

use manikin_diagnostic::codes;
use manikin_expression::{Expression, Hop, Type};
use manikin_spec::spec::{EntityId, FieldId, Generator, Spec};
use manikin_tables::{Column, Dataset, LookupTable, NO_ROW, Relations, Table, evaluate};
use polars::prelude::{DataFrame, IdxCa, IntoColumn, NewChunkedArray, PolarsResult};

use crate::FitError;
use crate::local::{Kept, Tables};
use crate::needs::Needs;

/// The kept rows of one piece.
pub(crate) struct View {
    spec: Arc<Spec>,
    data: Dataset,
    derived: BTreeMap<(EntityId, FieldId), Column>,
}

impl View {
    /// Relates the kept rows and computes the derived fields.
    ///
    /// # Errors
    /// - `MK1505` when a field cannot be computed from what the tables hold, whatever their rows
    pub(crate) fn new(
        spec: &Arc<Spec>,
        needs: &Needs,
        tables: &Tables,
        kept: &BTreeMap<EntityId, Kept>,
    ) -> Result<Self, FitError> {
        let mut local = Vec::new();
        let mut lacks = BTreeMap::new();
        for (id, (table, lacking)) in tables {
            lacks.insert(spec[*id].name.clone(), lacking.clone());
            local.push(match kept.get(id) {
                None => table.clone(),
                Some(own) => {
                    let made = local_frame(spec, *id, table, own);
                    let made = made.ok().and_then(|frame| Table::new(table.schema().clone(), frame).ok());
                    made.ok_or_else(|| unseen(&spec[*id].name, "its rows cannot be taken"))?
                }
            });
        }
        let data = Dataset::new(spec.clone(), &local, &lacks);
        let mut view = Self { spec: spec.clone(), data, derived: BTreeMap::new() };
        for (id, field) in &needs.derived {
            if let Some(Generator::Derive(expression)) = &spec[*id][*field].generator {
                let column = view.value(*id, expression)?;
                view.derived.insert((*id, *field), column);
            }
        }
        Ok(view)
    }

    /// A field of every kept row.
    ///
    /// # Errors
    /// - `MK1505` when it was neither read nor derived
    pub(crate) fn field(&self, id: EntityId, field: FieldId) -> Result<&Column, FitError> {
        let own = &self.spec[id][field].name;
        let found = self.derived.get(&(id, field)).or_else(|| self.data.field(id, field));
        found.ok_or_else(|| unseen(&self.spec[id].name, &format!("the records do not hold {own}")))
    }

    /// An expression on every kept row.
    ///
    /// # Errors
    /// - `MK1505` when the tables lack what it needs
    pub(crate) fn value(&self, id: EntityId, expression: &Expression) -> Result<Column, FitError> {
        // What an evaluation fails with are the names of columns and tables: nothing of their rows.
        evaluate(expression, &self.spec[id].name, self).map_err(|error| unseen(&self.spec[id].name, &error.to_string()))
    }
}

fn unseen(entity: &str, problem: &str) -> FitError {
    FitError::new(
        codes::NOT_PATIENT_LOCAL,
        format!("{entity}: {problem}"),
        "give the tables the columns that the spec's learned and derived fields need",
    )
}

impl Relations for View {
    fn rows(&self, entity: &str) -> usize {
        self.data.rows(entity)
    }

    fn column(&self, entity: &str, field: &str) -> Option<&Column> {
        let derived = self.spec.entity(entity).and_then(|id| Some((id, self.spec[id].field(field)?)));
        derived.and_then(|place| self.derived.get(&place)).or_else(|| self.data.column(entity, field))
    }

    fn hop(&self, entity: &str, hop: &Hop) -> Option<&[u32]> {
        self.data.hop(entity, hop)
    }

    fn table(&self, name: &str) -> Option<&LookupTable> {
        self.data.table(name)
    }
}

/// The kept rows of a table; the key is the row's number, and a foreign key that of the row it leads to.
fn local_frame(spec: &Spec, id: EntityId, table: &Table, own: &Kept) -> PolarsResult<DataFrame> {
    let rows = IdxCa::from_slice("".into(), &own.rows);
    let mut frame = table.frame().take(&rows)?;
    let numbered: Vec<u32> = (0..own.rows.len() as u32).collect();
    for (place, field) in spec[id].fields.iter().enumerate() {
        let field_id = FieldId(place);
        let key = (spec[id].key == [field_id]).then_some(&numbered);
        let Some(numbers) = own.links.get(&field_id).or(key) else { continue };
        let Some(at) = frame.get_column_index(&field.name) else { continue };
        let number = |row: &u32| (*row != NO_ROW).then_some(i64::from(*row));
        let column = match field.ty {
            Type::Text => {
                let texts: Vec<Option<String>> =
                    numbers.iter().map(|row| number(row).map(|number| number.to_string())).collect();
                Column::texts(texts.iter().map(Option::as_deref))
            }
            _ => Column::units(numbers.iter().map(number), Type::Integer),
        };
        frame.replace_column(at, column.to_frame(&field.name).into_column())?;
    }
    Ok(frame)
}
