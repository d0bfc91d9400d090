//! Correlated fields of one row.

use super::Resolver;
use super::report::Place;
use crate::document;
use crate::spec::{Correlation, EntityId, FieldId};
use manikin_diagnostic::{Diagnostic, codes};

/// How far below 0 a pivot may lie by rounding of published figures.
/// ASSUMED: two published digits of a correlation can bring a sound matrix this far off, not much further.
const ROUNDING: f64 = 0.01;

/// Fields of one group, at most: the work grows with the cube.
const LARGEST: usize = 500;

impl Resolver<'_> {
    pub(super) fn correlations(&self, entity: EntityId) -> Option<Vec<Correlation>> {
        let known = self.catalog.get(entity);
        let mut taken: Vec<FieldId> = Vec::new();
        let mut groups = Vec::new();
        for (position, group) in known.source.correlate.iter().enumerate() {
            let place = known.place().key("correlate").key(position);
            groups.push(self.correlation(group, entity, &mut taken, &place));
        }
        groups.into_iter().collect()
    }

    fn correlation(
        &self,
        group: &document::Correlate,
        entity: EntityId,
        taken: &mut Vec<FieldId>,
        place: &Place,
    ) -> Option<Correlation> {
        let known = self.catalog.get(entity);
        let mut fields: Vec<FieldId> = Vec::new();
        let mut sound = true;
        for (position, name) in group.fields.iter().enumerate() {
            let at = place.key("fields").key(position);
            let Some(field) = self.field_named(entity, name, &at) else {
                sound = false;
                continue;
            };
            let source = known.source.fields.get_index(field.0).map(|(_, source)| source);
            if taken.contains(&field) {
                let message = format!("`{name}` is correlated already; a field is in one group");
                self.report.error(&at, codes::DUPLICATE_NAME, message);
                sound = false;
            } else if !source.is_some_and(is_drawn) {
                let message = format!("`{name}` is not drawn, so nothing can be correlated");
                let help = "distributions, quantiles and choices are drawn; derive the rest from correlated fields";
                self.report.hint(&at, codes::BAD_CORRELATION, message, help);
                sound = false;
            } else {
                taken.push(field);
                fields.push(field);
            }
        }
        let mut pairs: Vec<(usize, usize, f64)> = Vec::new();
        for (text, r) in &group.pairs {
            let at = place.key("pairs").key(text);
            let Some((a, b)) = text.split_once('~').map(|(a, b)| (a.trim(), b.trim())) else {
                let message = format!("`{text}` is not a pair");
                let diagnostic = Diagnostic::error(codes::DOES_NOT_MATCH, message).help("write `\"a ~ b\": 0.4`");
                self.report.push_key(&at, diagnostic);
                sound = false;
                continue;
            };
            let position = |name: &str| group.fields.iter().position(|field| field == name);
            match (position(a), position(b)) {
                (Some(a), Some(b)) => sound &= self.pair(&mut pairs, (a, b), *r, &at, true),
                (first, _) => {
                    let unknown = if first.is_none() { a } else { b };
                    let names = group.fields.iter().map(String::as_str);
                    self.report.unknown_key(&at, codes::UNKNOWN_FIELD, "field in this group named", unknown, names);
                    sound = false;
                }
            }
        }
        if let Some(from) = &group.from {
            sound &= self.pairs_of_table(from, &group.fields, &mut pairs, &place.key("from")).is_some();
        }
        if group.fields.len() > LARGEST {
            let message = format!("a group has {LARGEST} fields at most, not {}", group.fields.len());
            self.report.error(&place.key("fields"), codes::OUT_OF_BOUNDS, message);
            sound = false;
        }
        if group.fields.len() < 2 {
            self.report.error(&place.key("fields"), codes::OUT_OF_BOUNDS, "two fields at least can be correlated");
            sound = false;
        }
        if !sound {
            return None;
        }
        if !is_possible(fields.len(), &pairs) {
            let at = if group.pairs.is_empty() { place.key("from") } else { place.key("pairs") };
            let message = "these correlations cannot all hold at once";
            let help = "if a goes with b and b with c, then a goes with c: bring the figures nearer to each other";
            self.report.push_key(&at, Diagnostic::error(codes::BAD_CORRELATION, message).help(help));
            return None;
        }
        Some(Correlation { fields, pairs })
    }

    fn pairs_of_table(
        &self,
        from: &document::CorrelationTable,
        fields: &[String],
        pairs: &mut Vec<(usize, usize, f64)>,
        place: &Place,
    ) -> Option<()> {
        let table = self.table(&from.table, &place.key("table"))?;
        let a = self.column_type(&from.table, &from.a, &place.key("a"));
        let b = self.column_type(&from.table, &from.b, &place.key("b"));
        let r = self.numeric_column(table, &from.r, &place.key("r"));
        let (_, _, r) = (a?, b?, r?);
        let (a, b) = (table.column(&from.a)?, table.column(&from.b)?);
        let mut sound = true;
        for (row, r) in r.iter().enumerate() {
            let position = |name: Option<String>| fields.iter().position(|field| Some(field) == name.as_ref());
            // A table of many correlations serves several entities: rows about other fields say nothing here.
            let (Some(a), Some(b)) = (position(a.values.text(row)), position(b.values.text(row))) else { continue };
            sound &= self.pair(pairs, (a, b), r.unwrap_or(f64::NAN), place, false);
        }
        sound.then_some(())
    }

    fn pair(
        &self,
        pairs: &mut Vec<(usize, usize, f64)>,
        (a, b): (usize, usize),
        r: f64,
        place: &Place,
        is_key: bool,
    ) -> bool {
        let (a, b) = (a.min(b), a.max(b));
        let message = if a == b && !is_key {
            // The diagonal of a full matrix.
            return true;
        } else if a == b {
            "a field cannot be correlated with itself".to_owned()
        } else if !(-1.0..=1.0).contains(&r) {
            format!("a correlation lies between -1 and 1; this is {r}")
        } else if let Some((_, _, other)) = pairs.iter().find(|(c, d, _)| (*c, *d) == (a, b)) {
            if *other == r && !is_key {
                return true;
            }
            "the correlation of these two is given twice".to_owned()
        } else {
            pairs.push((a, b, r));
            return true;
        };
        self.report.error(place, codes::BAD_CORRELATION, message);
        false
    }
}

fn is_drawn(field: &document::Field) -> bool {
    fn drawn(generators: &[(&'static str, document::GeneratorRef<'_>)]) -> bool {
        use document::GeneratorRef::{Cases, Choice, Draw, Quantiles};
        generators.iter().any(|(_, generator)| match generator {
            Choice(_) | Draw(_) | Quantiles(_) => true,
            Cases(cases) => cases.iter().any(|case| drawn(&case.generators())),
            _ => false,
        })
    }
    drawn(&field.generators())
}

/// Whether a matrix of correlations is one that variables can have, up to rounding: no pivot of its Cholesky
/// decomposition is clearly negative.
fn is_possible(size: usize, pairs: &[(usize, usize, f64)]) -> bool {
    let mut matrix = vec![vec![0.0; size]; size];
    for (position, row) in matrix.iter_mut().enumerate() {
        row[position] = 1.0;
    }
    for (a, b, r) in pairs {
        matrix[*a][*b] = *r;
        matrix[*b][*a] = *r;
    }
    for column in 0..size {
        let pivot = matrix[column][column];
        if pivot < -ROUNDING {
            return false;
        }
        if pivot < ROUNDING {
            // Nothing is left of this variable; what others still share with it must be rounding too.
            if (column + 1..size).any(|row| matrix[row][column].abs() > (2.0 * ROUNDING).sqrt()) {
                return false;
            }
            continue;
        }
        let (above, below) = matrix.split_at_mut(column + 1);
        let pivots = &above[column];
        for row in below {
            let factor = row[column] / pivot;
            row.iter_mut().zip(pivots).skip(column + 1).for_each(|(cell, shared)| *cell -= factor * shared);
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::is_possible;

    #[test]
    fn correlations_that_contradict_each_other_are_refused() {
        assert!(is_possible(2, &[(0, 1, 1.0)]));
        assert!(is_possible(3, &[(0, 1, 0.96), (0, 2, 0.4), (1, 2, 0.45)]));
        assert!(!is_possible(3, &[(0, 1, 0.9), (1, 2, 0.9), (0, 2, -0.9)]));
        assert!(!is_possible(3, &[(0, 1, 1.0), (1, 2, 0.8), (0, 2, -0.8)]));
    }
}
