//! What a learned field can hold: its public values, bins or bounds.

use super::report::Place;
use super::value::{literal, literal_of_key};
use super::{Resolver, describe};
use crate::document::{FieldLearn, LearnedBounds, LearnedValues, Scalar, Scale, TimeUnit};
use crate::spec::{Anchor, Bins, DomainKind, EntityId, FieldDomain, FieldId, MAX_CODES, Since, number_of};
use manikin_diagnostic::codes;
use manikin_expression::{Literal, Type, calendar};
use std::cmp::Ordering;

/// The word for the row before.
const PREVIOUS: &str = "previous";

impl Resolver<'_> {
    /// The domain of a learned field; `None` where it has a mistake, which is reported once.
    pub(super) fn domain(&self, entity: EntityId, field: FieldId) -> Option<FieldDomain> {
        if let Some(known) = self.domains.borrow().get(&(entity, field)) {
            return known.clone();
        }
        let (_, source) = self.catalog.get(entity).source.fields.get_index(field.0)?;
        let learn = source.learn.as_ref()?;
        let place = self.field_place(entity, field).key("learn");
        let found = self.field_type(entity, field).and_then(|ty| self.read_domain(learn, entity, field, &ty, &place));
        self.domains.borrow_mut().insert((entity, field), found.clone());
        found
    }

    fn read_domain(
        &self,
        learn: &FieldLearn,
        entity: EntityId,
        field: FieldId,
        ty: &Type,
        place: &Place,
    ) -> Option<FieldDomain> {
        self.form_is_sound(learn, place)?;
        let nullable = learn.nullable == Some(true);
        let kind = match (&learn.values, &learn.since, &learn.by) {
            (Some(values), ..) => DomainKind::Values(self.listed(values, learn, ty, place)?),
            (_, Some(since), _) => DomainKind::Since(Box::new(self.since(since, learn, entity, ty, place)?)),
            (_, _, Some(by)) => self.by(by, learn, (entity, field), ty, place)?,
            _ => DomainKind::Bins(self.bins(learn, ty, place)?),
        };
        let other = match (&learn.other, &kind) {
            (None, _) => None,
            (Some(other), DomainKind::Values(values)) => {
                let value = self.literal_at(other, ty, &place.key("other"))?;
                let at = values.iter().position(|own| *own == value)?;
                Some(u32::try_from(at).ok()?)
            }
            (Some(other), DomainKind::Bins(bins)) => {
                let value = self.literal_at(other, ty, &place.key("other"))?;
                Some(bins.code(number_of(&value)?))
            }
            (Some(_), DomainKind::Since(_) | DomainKind::By { .. }) => {
                let message = "`other` is a value, and what is learned here is an offset or a share of bounds";
                self.report.hint(&place.key("other"), codes::LEARN_FORM, message, "write `nullable: true` instead");
                return None;
            }
        };
        let cells = match &kind {
            DomainKind::Values(values) => values.len(),
            _ => 1,
        };
        let found = FieldDomain::new(kind, ty.clone(), nullable, other);
        if found.is_none() {
            let message = match cells {
                0 => "there is no value to learn".to_owned(),
                _ => format!("a learned field has at most {MAX_CODES} values or cells, NULL included"),
            };
            self.report.hint(place, codes::OUT_OF_BOUNDS, message, "list the values, or group them");
        }
        found
    }

    /// One form is given in full, and nothing of another.
    fn form_is_sound(&self, learn: &FieldLearn, place: &Place) -> Option<()> {
        let given = [
            ("values", learn.values.is_some()),
            ("since", learn.since.is_some()),
            ("by", learn.by.is_some()),
            ("edges", learn.edges.is_some()),
            ("from", learn.from.is_some()),
            ("to", learn.to.is_some()),
            ("cells", learn.cells.is_some()),
            ("scale", learn.scale.is_some()),
            ("first", learn.first.is_some()),
            ("unit", learn.unit.is_some()),
            ("bounds", learn.bounds.is_some()),
        ];
        let has = |key: &str| given.iter().any(|(own, is)| *own == key && *is);
        let (needs, may): (&[&str], &[&str]) = if has("values") {
            (&["values"], &[])
        } else if has("since") {
            let previous = learn.since.as_deref() == Some(PREVIOUS);
            if previous { (&["since", "first", "edges"], &["unit"]) } else { (&["since", "edges"], &["unit"]) }
        } else if has("by") {
            (&["by", "bounds", "cells"], &["scale"])
        } else if has("edges") {
            (&["edges"], &[])
        } else if has("from") || has("to") || has("cells") {
            (&["from", "to", "cells"], &["scale"])
        } else {
            let message = "nothing says what this field can hold";
            let help = "give `values`, `edges`, `from` with `to` and `cells`, `since` with `edges`, or `by` with \
                        `bounds` and `cells`";
            self.report.hint(place, codes::LEARN_FORM, message, help);
            return None;
        };
        if let Some(missing) = needs.iter().find(|key| !has(key)) {
            let message = format!("`{}` needs `{missing}` beside it", needs[0]);
            self.report.error(place, codes::LEARN_FORM, message);
            return None;
        }
        let stray = given.iter().find(|(key, is)| *is && !needs.contains(key) && !may.contains(key));
        if let Some((stray, _)) = stray {
            let message = format!("`{stray}` does not go with `{}`", needs[0]);
            self.report.error(&place.key(stray), codes::LEARN_FORM, message);
            return None;
        }
        Some(())
    }

    fn literal_at(&self, value: &Scalar, ty: &Type, place: &Place) -> Option<Literal> {
        let found = literal(value, ty);
        if found.is_none() {
            let message = format!("`{}` is not {}", value.text(), describe(ty));
            self.report.error(place, codes::WRONG_TYPE, message);
        }
        found
    }

    /// The values listed, then `other` where it is not one of them.
    fn listed(&self, values: &LearnedValues, learn: &FieldLearn, ty: &Type, place: &Place) -> Option<Vec<Literal>> {
        if matches!(ty, Type::List(_)) {
            self.report.error(place, codes::TYPE_MISMATCH, "lists cannot be learned");
            return None;
        }
        let at = place.key("values");
        let mut found = match values {
            LearnedValues::Here(values) => {
                let mut found: Vec<Literal> = Vec::with_capacity(values.len());
                let mut seen = std::collections::BTreeSet::new();
                let mut sound = true;
                for (position, value) in values.iter().enumerate() {
                    match self.literal_at(value, ty, &at.key(position)) {
                        Some(_) if !seen.insert(value.text()) => {
                            let message = format!("`{}` is listed twice", value.text());
                            self.report.error(&at.key(position), codes::DUPLICATE_NAME, message);
                            sound = false;
                        }
                        Some(value) => found.push(value),
                        None => sound = false,
                    }
                }
                sound.then_some(found)?
            }
            LearnedValues::Table(of) => self.column_values(of, ty, &at)?,
        };
        if let Some(other) = &learn.other {
            let other = self.literal_at(other, ty, &place.key("other"))?;
            if !found.contains(&other) {
                found.push(other);
            }
        }
        Some(found)
    }

    fn column_values(&self, of: &crate::document::TableColumnName, ty: &Type, place: &Place) -> Option<Vec<Literal>> {
        let table = self.table(&of.table, &place.key("table"))?;
        let shape = self.table_shape(&of.table)?;
        let name = of.column.as_deref().unwrap_or(&shape.key);
        self.column_type(&of.table, name, &place.key("column"))?;
        let values = &table.column(name)?.values;
        let mut seen = std::collections::BTreeSet::new();
        let mut found = Vec::new();
        for text in (0..table.rows).filter_map(|row| values.text(row)) {
            let Some(value) = literal_of_key(&text, ty) else {
                let message = format!("`{text}` in column `{name}` of `{}` is not {}", of.table, describe(ty));
                self.report.error(place, codes::WRONG_TYPE, message);
                return None;
            };
            if seen.insert(text) {
                found.push(value);
            }
        }
        Some(found)
    }

    fn since(&self, since: &str, learn: &FieldLearn, entity: EntityId, ty: &Type, place: &Place) -> Option<Since> {
        let unit = learn.unit.unwrap_or(TimeUnit::Days);
        let at = place.key("since");
        if !ty.is_temporal() {
            let message = format!("an offset leads to a date or a time; this field holds {}", describe(ty));
            self.report.error(&at, codes::TYPE_MISMATCH, message);
            return None;
        }
        if *ty == Type::Date && !matches!(unit, TimeUnit::Days | TimeUnit::Weeks) {
            let message = "the field holds days, so its offset is in days or weeks";
            self.report.hint(&place.key("unit"), codes::TYPE_MISMATCH, message, "write `type: datetime` for more");
            return None;
        }
        let scope = self.row_scope(entity);
        let edges = learn.edges.iter().flatten().enumerate().map(|(position, edge)| {
            let found = plain(edge);
            if found.is_none() {
                let message = format!("`{}` is no number of {}", edge.text(), in_words(unit));
                self.report.error(&place.key("edges").key(position), codes::WRONG_TYPE, message);
            }
            found
        });
        let edges: Vec<Option<f64>> = edges.collect();
        let edges: Option<Vec<f64>> = edges.into_iter().collect();
        let anchor = match &learn.first {
            Some(first) => {
                let known = self.catalog.get(entity);
                if known.source.learn.as_ref().is_none_or(|learn| learn.order.is_none()) {
                    let message = format!("nothing orders the rows of `{}`, so none is the one before", known.name);
                    let help = "give the entity `learn: {order: …}`";
                    self.report.hint(&at, codes::LEARN_FORM, message, help);
                    return None;
                }
                if edges.as_ref().is_some_and(|edges| edges.first().is_some_and(|first| *first < 0.0)) {
                    let message = "a row is not before the one before it: the first edge is 0 or more";
                    self.report.error(&place.key("edges"), codes::OUT_OF_BOUNDS, message);
                    return None;
                }
                Anchor::Previous { first: self.temporal(first, &scope, &place.key("first"))? }
            }
            None => Anchor::Time(self.temporal(since, &scope, &at)?),
        };
        let bins = self.rising(edges?, &place.key("edges"))?;
        let step = match (ty, unit) {
            (Type::Date, TimeUnit::Weeks) => Some(1.0 / 7.0),
            (Type::Date, _) => Some(1.0),
            _ => None,
        };
        self.bins_hold_values(&bins, step, "whole day", &place.key("edges"))?;
        Some(Since { anchor, unit, bins })
    }

    /// A field whose bounds depend on another one.
    fn by(
        &self,
        by: &str,
        learn: &FieldLearn,
        (entity, field): (EntityId, FieldId),
        ty: &Type,
        place: &Place,
    ) -> Option<DomainKind> {
        let at = place.key("by");
        if !ty.is_number() {
            let message = format!("only numbers have bounds; this field holds {}", describe(ty));
            self.report.error(&at, codes::TYPE_MISMATCH, message);
            return None;
        }
        let other = self.field_named(entity, by, &at)?;
        let (_, source) = self.catalog.get(entity).source.fields.get_index(other.0)?;
        if other == field || source.learn.as_ref().is_none_or(|learn| learn.values.is_none()) {
            let message = format!("`{by}` has no learned values that bounds could depend on");
            self.report.hint(&at, codes::LEARN_FORM, message, "name a field with `learn: {values: …}`");
            return None;
        }
        let domain = self.domain(entity, other)?;
        let DomainKind::Values(values) = domain.kind() else { return None };
        let bounds = self.bounds(learn.bounds.as_ref()?, domain.ty(), values, place)?;
        let cells = learn.cells?;
        let mut bins: Vec<Option<Bins>> = vec![None; values.len()];
        for (code, low, high, at) in bounds {
            bins[code] = Some(self.cut([low, high], cells, learn.scale, None, &at)?);
        }
        let holes = bins.iter().any(Option::is_none) || domain.null().is_some();
        if holes && learn.nullable != Some(true) {
            let message = format!("where `{by}` has no bounds or is NULL, this field is NULL");
            self.report.hint(place, codes::LEARN_FORM, message, "write `nullable: true`");
            return None;
        }
        Some(DomainKind::By { by: other, bins })
    }

    /// The code of each value that has bounds, the bounds, and where they are written.
    fn bounds(
        &self,
        bounds: &LearnedBounds,
        ty: &Type,
        values: &[Literal],
        place: &Place,
    ) -> Option<Vec<(usize, f64, f64, Place)>> {
        let at = place.key("bounds");
        let mut found = Vec::new();
        match bounds {
            LearnedBounds::Here(bounds) => {
                for (value, [low, high]) in bounds {
                    let key = at.key(value);
                    let code = literal_of_key(value, ty).and_then(|value| values.iter().position(|own| *own == value));
                    match code {
                        Some(code) => found.push((code, *low, *high, key)),
                        None => {
                            let names: Vec<String> = values.iter().map(crate::spec::text_of).collect();
                            let names = names.iter().map(String::as_str);
                            self.report.unknown_key(&key, codes::NOT_ONE_OF, "learned value", value, names);
                            return None;
                        }
                    }
                }
            }
            LearnedBounds::Table(of) => {
                let table = self.table(&of.table, &at.key("table"))?;
                self.column_type(&of.table, &of.key, &at.key("key"))?;
                let keys = &table.column(&of.key)?.values;
                let low = self.numeric_column(table, &of.low, &at.key("low"));
                let high = self.numeric_column(table, &of.high, &at.key("high"));
                let (low, high) = (low?, high?);
                // A table may have rows of other codes, and rows of texts without bounds.
                for row in 0..table.rows {
                    let value = keys.text(row).and_then(|text| literal_of_key(&text, ty));
                    let code = value.and_then(|value| values.iter().position(|own| *own == value));
                    if let (Some(code), Some(low), Some(high)) = (code, low[row], high[row]) {
                        found.push((code, low, high, at.clone()));
                    }
                }
            }
        }
        Some(found)
    }

    fn bins(&self, learn: &FieldLearn, ty: &Type, place: &Place) -> Option<Bins> {
        if !(ty.is_number() || ty.is_temporal()) {
            let message = format!("only numbers, dates and times have bins; this field holds {}", describe(ty));
            self.report.hint(place, codes::TYPE_MISMATCH, message, "list its `values`");
            return None;
        }
        let (step, what) = match ty {
            Type::Integer => (Some(1.0), "whole number"),
            Type::Date => (Some(1.0), "day"),
            Type::Decimal(scale) => (Some(1.0 / manikin_expression::power_of_ten(*scale) as f64), "decimal"),
            _ => (None, ""),
        };
        if let Some(edges) = &learn.edges {
            let at = place.key("edges");
            let edges: Vec<Option<f64>> =
                edges.iter().enumerate().map(|(position, edge)| self.edge(edge, ty, &at.key(position))).collect();
            let bins = self.rising(edges.into_iter().collect::<Option<_>>()?, &at)?;
            self.bins_hold_values(&bins, step, what, &at)?;
            return Some(bins);
        }
        let (from, to) = (learn.from.as_ref()?, learn.to.as_ref()?);
        let low = self.edge(from, ty, &place.key("from"));
        let high = self.edge(to, ty, &place.key("to"));
        let (low, mut high) = (low?, high?);
        // A day as the end of a range of times includes its hours.
        let is_day = matches!(to, Scalar::Text(text) if matches!(Literal::temporal(text), Some(Literal::Date(_))));
        if *ty == Type::DateTime && is_day {
            high += (calendar::DAY - 60 * calendar::SECOND) as f64;
        }
        let whole = match ty {
            Type::Integer | Type::Date => Some(1.0),
            Type::DateTime => Some((60 * calendar::SECOND) as f64),
            _ => None,
        };
        let bins = self.cut([low, high], learn.cells?, learn.scale, whole, &place.key("cells"))?;
        self.bins_hold_values(&bins, step, what, &place.key("cells"))?;
        Some(bins)
    }

    /// An edge as a number: numbers may lie between the values of the field's type.
    fn edge(&self, edge: &Scalar, ty: &Type, place: &Place) -> Option<f64> {
        let found = if ty.is_number() { plain(edge) } else { literal(edge, ty).and_then(|value| number_of(&value)) };
        if found.is_none() {
            let message = format!("`{}` is not {}", edge.text(), describe(ty));
            self.report.error(place, codes::WRONG_TYPE, message);
        }
        found
    }

    /// Bins of one width, on the plain or the logarithmic scale; inner edges at multiples of `whole` where it is given.
    fn cut(
        &self,
        [low, high]: [f64; 2],
        cells: u32,
        scale: Option<Scale>,
        whole: Option<f64>,
        place: &Place,
    ) -> Option<Bins> {
        if !(low.is_finite() && high.is_finite() && low < high) {
            let message = format!("the smallest value, {low}, has to be below the largest, {high}");
            self.report.error(place, codes::RANGE_UPSIDE_DOWN, message);
            return None;
        }
        let log = scale == Some(Scale::Log);
        if log && low <= 0.0 {
            let message = format!("a logarithmic scale starts above 0, not at {low}");
            self.report.error(place, codes::OUT_OF_BOUNDS, message);
            return None;
        }
        let edge = |at: u32| {
            let share = f64::from(at) / f64::from(cells);
            let plain = match (at, log) {
                (0, _) => low,
                (at, _) if at == cells => high,
                (_, true) => libm::exp(libm::log(low) + share * (libm::log(high) - libm::log(low))),
                (_, false) => low + share * (high - low),
            };
            match whole {
                Some(unit) if at > 0 && at < cells => (plain / unit).floor() * unit,
                _ => plain,
            }
        };
        let bins = Bins::new((0..=cells).map(edge).collect());
        if bins.is_none() {
            let message = format!("{cells} cells are too many between {low} and {high}");
            self.report.error(place, codes::OUT_OF_BOUNDS, message);
        }
        bins
    }

    fn rising(&self, edges: Vec<f64>, place: &Place) -> Option<Bins> {
        let falls = edges.windows(2).position(|pair| pair[0].partial_cmp(&pair[1]) != Some(Ordering::Less));
        let few = edges.len() < 2;
        let bins = Bins::new(edges);
        if bins.is_none() {
            let (at, message) = match falls {
                Some(position) => (place.key(position + 1), "each edge is above the one before it"),
                None if few => (place.clone(), "bins lie between edges: give two at least"),
                None => (place.clone(), "edges are finite numbers"),
            };
            self.report.error(&at, codes::EDGES_NOT_RISING, message);
        }
        bins
    }

    /// A bin without a value of the field's type could be learned by noise alone, and never be generated.
    fn bins_hold_values(&self, bins: &Bins, step: Option<f64>, what: &str, place: &Place) -> Option<()> {
        let Some(step) = step else { return Some(()) };
        for code in 0..bins.size() {
            let bin = bins.bin(code);
            let holds = bin.multiples(step).is_some();
            if !holds {
                let message = format!("no {what} lies between {} and {}", bin.low, bin.high);
                self.report.hint(place, codes::OUT_OF_BOUNDS, message, "make the bins wider");
                return None;
            }
        }
        Some(())
    }
}

fn plain(value: &Scalar) -> Option<f64> {
    match value {
        Scalar::Integer(value) => Some(*value as f64),
        Scalar::Number(value) => value.is_finite().then_some(*value),
        Scalar::Boolean(_) | Scalar::Text(_) => None,
    }
}

fn in_words(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Seconds => "seconds",
        TimeUnit::Minutes => "minutes",
        TimeUnit::Hours => "hours",
        TimeUnit::Days => "days",
        TimeUnit::Weeks => "weeks",
    }
}
