//! The levels of the cascade as columns of codes.

use std::collections::BTreeMap;

use manikin_expression::{Type, calendar, power_of_ten};
use manikin_marginals::{Chunk, Codes, Records, ScanError};
use manikin_privacy::UNITS_PER_ROW;
use manikin_spec::spec::{
    Anchor, AttributeKind, DomainKind, EntityId, FieldDomain, FieldId, Learned, Level, Since, Spec,
};
use manikin_tables::{Column, NO_ROW};

use crate::FitError;
use crate::local::Kept;
use crate::view::View;
use crate::weights::weights;

/// A level's rows: a column of codes for each attribute, and what each row counts.
#[derive(Clone, Debug, Default)]
pub struct LevelRows {
    pub(crate) columns: Vec<Vec<u16>>,
    /// In units of 2^-20; every row counts as one when there are none.
    pub(crate) weights: Option<Vec<u32>>,
    pub(crate) rows: usize,
}

impl LevelRows {
    /// The rows of another piece after these.
    pub(crate) fn append(&mut self, other: Self) {
        if self.columns.is_empty() {
            *self = other;
            return;
        }
        self.columns.iter_mut().zip(other.columns).for_each(|(own, more)| own.extend(more));
        if let (Some(own), Some(more)) = (&mut self.weights, other.weights) {
            own.extend(more);
        }
        self.rows += other.rows;
    }
}

impl Records for LevelRows {
    fn scan(&self, visit: &mut dyn FnMut(&Chunk<'_>)) -> Result<(), ScanError> {
        let columns: Vec<Codes<'_>> = self.columns.iter().map(|column| Codes::Narrow(column)).collect();
        visit(&Chunk { columns: &columns, weights: self.weights.as_deref(), rows: self.rows });
        Ok(())
    }
}

/// The rows of every level of one piece.
///
/// # Errors
/// - `MK1505` when the tables lack what a level needs, whatever their rows
pub(crate) fn levels(
    spec: &Spec,
    learned: &Learned,
    kept: &BTreeMap<EntityId, Kept>,
    view: &View,
) -> Result<Vec<LevelRows>, FitError> {
    let mut coded: BTreeMap<EntityId, Coded> = BTreeMap::new();
    let mut made = Vec::with_capacity(learned.levels.len());
    let nothing = Kept::default();
    for level in &learned.levels {
        let id = level.entity;
        let own = kept.get(&id).unwrap_or(&nothing);
        let parent = spec[id].parent.and_then(|parent| Some((parent, coded.get(&parent)?)));
        let order = match level.order.filter(|_| parent.is_some()) {
            Some(field) => ranks(view.field(id, field)?),
            None => vec![0; own.rows.len()],
        };
        let Some((parent, above)) = parent else {
            let chosen = vec![true; own.rows.len()];
            let weights = vec![UNITS_PER_ROW as u32; own.rows.len()];
            let codes = Maker { spec, learned, level, kept, view, coded: &coded, before: &[] }.codes()?;
            made.push(LevelRows { columns: codes.clone(), weights: None, rows: own.rows.len() });
            coded.insert(id, Coded { codes, chosen, weights });
            continue;
        };
        debug_assert_eq!(spec[id].parent, Some(parent));
        let sequence = Sequence::new(own, &order);
        let chosen = sequence.window(own, level.cap, &above.chosen);
        let weights = weights(&own.parent, &own.patient, &chosen, &above.weights);
        let codes = Maker { spec, learned, level, kept, view, coded: &coded, before: &sequence.before }.codes()?;
        let places: Vec<usize> = (0..chosen.len()).filter(|row| chosen[*row]).collect();
        made.push(LevelRows {
            columns: codes.iter().map(|column| places.iter().map(|row| column[*row]).collect()).collect(),
            weights: Some(places.iter().map(|row| weights[*row]).collect()),
            rows: places.len(),
        });
        coded.insert(id, Coded { codes, chosen, weights });
    }
    Ok(made)
}

/// What deeper levels need to know of a level: of every kept row, whether it is looked at or not.
struct Coded {
    codes: Vec<Vec<u16>>,
    chosen: Vec<bool>,
    weights: Vec<u32>,
}

/// The rows of each parent in their order.
pub(crate) struct Sequence {
    /// All rows, parent after parent.
    rows: Vec<u32>,
    /// For each row, the one before it under the same parent, or [`NO_ROW`].
    pub(crate) before: Vec<u32>,
}

impl Sequence {
    pub(crate) fn new(own: &Kept, order: &[i64]) -> Self {
        let mut rows: Vec<u32> = (0..own.rows.len() as u32).collect();
        rows.sort_unstable_by_key(|row| (own.parent[*row as usize], order[*row as usize], *row));
        let mut before = vec![NO_ROW; rows.len()];
        for pair in rows.windows(2) {
            if own.parent[pair[0] as usize] == own.parent[pair[1] as usize] {
                before[pair[1] as usize] = pair[0];
            }
        }
        Self { rows, before }
    }

    /// The rows that are looked at: of each parent that is itself looked at, all or a random window of `cap` rows.
    fn window(&self, own: &Kept, cap: Option<u64>, parents: &[bool]) -> Vec<bool> {
        let mut chosen = vec![false; self.rows.len()];
        let of = |row: &u32| own.parent[*row as usize];
        for run in self.rows.chunk_by(|a, b| of(a) == of(b)) {
            if !run.first().is_some_and(|row| parents[of(row) as usize]) {
                continue;
            }
            let most = cap.map_or(run.len(), |cap| usize::try_from(cap).unwrap_or(usize::MAX));
            let from = if run.len() > most { below(run.len() - most + 1) } else { 0 };
            run.iter().skip(from).take(most).for_each(|row| chosen[*row as usize] = true);
        }
        chosen
    }
}

/// A number below `end`, from the operating system's entropy; where there is none, the first.
///
/// Any rule that looks at one patient alone is private; chance only keeps early and late rows equally likely.
pub(crate) fn below(end: usize) -> usize {
    let mut bytes = [0; 8];
    if getrandom::fill(&mut bytes).is_err() {
        return 0;
    }
    (u64::from_le_bytes(bytes) % end as u64) as usize
}

/// Makes a level's codes.
struct Maker<'a> {
    spec: &'a Spec,
    learned: &'a Learned,
    level: &'a Level,
    kept: &'a BTreeMap<EntityId, Kept>,
    view: &'a View,
    coded: &'a BTreeMap<EntityId, Coded>,
    before: &'a [u32],
}

impl Maker<'_> {
    fn codes(&self) -> Result<Vec<Vec<u16>>, FitError> {
        let rows = self.kept.get(&self.level.entity).map_or(0, |own| own.rows.len());
        let attributes = &self.level.attributes;
        let mut columns: Vec<Vec<u16>> = vec![Vec::new(); attributes.len()];
        for (place, attribute) in attributes.iter().enumerate() {
            columns[place] = match &attribute.kind {
                AttributeKind::Own(field, domain) if !matches!(domain.kind(), DomainKind::By { .. }) => {
                    self.own(*field, domain)?
                }
                AttributeKind::Given(ancestor, at) => self.above(*ancestor, *at, rows),
                AttributeKind::Siblings => self.siblings(rows),
                AttributeKind::Rows(child, bins) => {
                    let mut counts = vec![0_u64; rows];
                    let children = self.kept.get(child).map_or(&[] as &[u32], |own| &own.parent);
                    children.iter().for_each(|parent| counts[*parent as usize] += 1);
                    counts.into_iter().map(|count| bins.code(count) as u16).collect()
                }
                AttributeKind::Own(..) | AttributeKind::Previous(_) => continue,
            };
        }
        // Bins by another field need its codes, and the row before needs all of this row's kind.
        for (place, attribute) in attributes.iter().enumerate() {
            let AttributeKind::Own(field, domain) = &attribute.kind else { continue };
            let DomainKind::By { by, .. } = domain.kind() else { continue };
            let numbers = numbers(self.view.field(self.level.entity, *field)?);
            let others = self.level.own(*by).map_or(&[] as &[u16], |other| &columns[other]);
            let code = |(value, by): (&Option<f64>, &u16)| match value {
                None => domain.code_of_null() as u16,
                Some(value) => domain.code_of_number_by(*value, u32::from(*by)) as u16,
            };
            columns[place] = numbers.iter().zip(others).map(code).collect();
        }
        for (place, attribute) in attributes.iter().enumerate() {
            let AttributeKind::Previous(own) = attribute.kind else { continue };
            let start = (attribute.size - 1) as u16;
            let before = |row: &u32| if *row == NO_ROW { start } else { columns[own][*row as usize] };
            columns[place] = self.before.iter().map(before).collect();
        }
        Ok(columns)
    }

    /// An attribute of the ancestor of each row.
    fn above(&self, ancestor: EntityId, at: usize, rows: usize) -> Vec<u16> {
        let mut places: Vec<u32> = (0..rows as u32).collect();
        let mut id = self.level.entity;
        while id != ancestor {
            let (Some(own), Some(parent)) = (self.kept.get(&id), self.spec[id].parent) else { return vec![0; rows] };
            places.iter_mut().for_each(|place| *place = own.parent[*place as usize]);
            id = parent;
        }
        let Some(codes) = self.coded.get(&ancestor).and_then(|coded| coded.codes.get(at)) else {
            return vec![0; rows];
        };
        places.iter().map(|place| codes[*place as usize]).collect()
    }

    /// The bin of the number of rows that the parent of each row has.
    fn siblings(&self, rows: usize) -> Vec<u16> {
        let parent = self.spec[self.level.entity].parent;
        let level = parent.and_then(|parent| self.learned.level(parent));
        let at = level.and_then(|level| Some((level.entity, level.rows(self.level.entity)?)));
        at.map_or_else(|| vec![0; rows], |(parent, at)| self.above(parent, at, rows))
    }

    fn own(&self, field: FieldId, domain: &FieldDomain) -> Result<Vec<u16>, FitError> {
        let column = self.view.field(self.level.entity, field)?;
        Ok(match domain.kind() {
            DomainKind::Since(since) => self.offsets(column, domain, since)?,
            DomainKind::Bins(_) | DomainKind::By { .. } => coded(&numbers(column), domain),
            DomainKind::Values(_) => listed(column, domain),
        })
    }

    /// The codes of offsets to another time, in the unit of the domain.
    fn offsets(&self, column: &Column, domain: &FieldDomain, since: &Since) -> Result<Vec<u16>, FitError> {
        let times = micros(column);
        let (Anchor::Time(anchor) | Anchor::Previous { first: anchor }) = &since.anchor;
        let mut anchors = micros(&self.view.value(self.level.entity, anchor)?);
        if matches!(since.anchor, Anchor::Previous { .. }) {
            for (anchor, before) in anchors.iter_mut().zip(self.before) {
                if *before != NO_ROW {
                    *anchor = times[*before as usize];
                }
            }
        }
        let unit = since.unit.micros() as f64;
        let code = |(time, anchor): (&Option<i64>, &Option<i64>)| match (time, anchor) {
            (None, _) => domain.code_of_null() as u16,
            (Some(_), None) => domain.code_of_unknown() as u16,
            (Some(time), Some(anchor)) => domain.code_of_number((*time as f64 - *anchor as f64) / unit) as u16,
        };
        Ok(times.iter().zip(&anchors).map(code).collect())
    }
}

fn coded(numbers: &[Option<f64>], domain: &FieldDomain) -> Vec<u16> {
    let null = domain.code_of_null() as u16;
    numbers.iter().map(|value| value.map_or(null, |value| domain.code_of_number(value) as u16)).collect()
}

/// The codes of listed values.
fn listed(column: &Column, domain: &FieldDomain) -> Vec<u16> {
    let null = domain.code_of_null() as u16;
    let series = column.series();
    match column.ty() {
        Type::Text => match series.str() {
            Ok(texts) => {
                let code = |text: Option<&str>| text.map_or(null, |text| domain.code_of_text(text) as u16);
                texts.iter().map(code).collect()
            }
            Err(_) => vec![null; column.len()],
        },
        Type::Boolean => match series.bool() {
            Ok(values) => {
                let code = |value: Option<bool>| value.map_or(null, |value| domain.code_of_boolean(value) as u16);
                values.iter().map(code).collect()
            }
            Err(_) => vec![null; column.len()],
        },
        _ => coded(&numbers(column), domain),
    }
}

/// Values by the number that measures them: a date by its days, a time by its microseconds.
pub(crate) fn numbers(column: &Column) -> Vec<Option<f64>> {
    let series = column.series();
    let nothing = || vec![None; column.len()];
    match column.ty() {
        Type::Float => series.f64().map_or_else(|_| nothing(), |values| values.iter().collect()),
        Type::Date => {
            series.i32().map_or_else(|_| nothing(), |days| days.iter().map(|day| day.map(f64::from)).collect())
        }
        Type::Integer | Type::Decimal(_) | Type::DateTime => {
            let scale = match column.ty() {
                Type::Decimal(scale) => power_of_ten(*scale) as f64,
                _ => 1.0,
            };
            let number = |value: Option<i64>| value.map(|value| value as f64 / scale);
            series.i64().map_or_else(|_| nothing(), |values| values.iter().map(number).collect())
        }
        _ => nothing(),
    }
}

/// Times in microseconds; a date is the start of its day.
pub(crate) fn micros(column: &Column) -> Vec<Option<i64>> {
    let series = column.series();
    match (column.ty(), series.i32(), series.i64()) {
        (Type::Date, Ok(days), _) => days.iter().map(|day| day.map(|day| i64::from(day) * calendar::DAY)).collect(),
        (Type::DateTime, _, Ok(values)) => values.iter().collect(),
        _ => vec![None; column.len()],
    }
}

/// Numbers that stand in the order of the values; rows without a value come first.
pub(crate) fn ranks(column: &Column) -> Vec<i64> {
    let series = column.series();
    if let (Type::Text, Ok(texts)) = (column.ty(), series.str()) {
        let mut order: Vec<(Option<&str>, usize)> = texts.iter().zip(0..).collect();
        order.sort_unstable();
        let mut ranks = vec![0; column.len()];
        let mut rank = 0;
        let mut last = None;
        for (text, row) in order {
            if last != Some(text) {
                rank += 1;
                last = Some(text);
            }
            ranks[row] = rank;
        }
        return ranks;
    }
    // The bits of a float that is made negative throughout stand in its order.
    let ordered = |value: f64| {
        let bits = value.to_bits() as i64;
        bits ^ (((bits >> 63) as u64) >> 1) as i64
    };
    numbers(column).into_iter().map(|value| value.map_or(i64::MIN, ordered)).collect()
}
