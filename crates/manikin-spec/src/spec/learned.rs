//! What is learned from real records: levels of a cascade, the attributes of each, and what these can hold.
//!
//! A level is an entity with learned fields or learned numbers of child rows. Its attributes are the columns of one
//! joint distribution: what is known beforehand (of ancestors, of the row before, of the number of siblings), and what
//! is learned. Every attribute holds whole-number codes below its size; [`FieldDomain`] says what the codes of a field
//! mean, and everything about it is public.

use super::{EntityId, FieldId};
use crate::document::{DomainsCharge, Origin, TimeUnit};
use manikin_expression::{Expression, Literal, Type, calendar, decimal_text, power_of_ten};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most attributes of one level: as many as a model's domain can have.
pub const MAX_ATTRIBUTES: usize = 256;

/// The most codes of one attribute.
pub const MAX_CODES: u32 = 65_536;

/// What a spec says of learning.
#[derive(Clone, Debug)]
pub struct Learned {
    /// The body of real records; `None` where the spec does not name it yet.
    pub source: Option<Source>,
    /// What the ledger was charged for settings of [`Origin::Measured`].
    pub charges: Vec<DomainsCharge>,
    /// The levels, parents before children; the first is the subject's.
    pub levels: Vec<Level>,
    /// The model that values come from; `None` where the fields are only described.
    pub model: Option<Model>,
}

impl Learned {
    /// The level of an entity.
    #[must_use]
    pub fn level(&self, entity: EntityId) -> Option<&Level> {
        self.levels.iter().find(|level| level.entity == entity)
    }
}

/// A body of real records, by what is public about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its declared id.
    pub id: String,
    /// Its public size in subjects.
    pub patients: u64,
    /// Where these settings come from.
    pub origin: Option<Origin>,
}

/// A model's potentials, as read with the spec.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// The Parquet file's bytes.
    pub potentials: Arc<[u8]>,
    /// Whether noise protects the records that it was learned from.
    pub private: bool,
    /// ε of the whole model.
    pub epsilon: Option<f64>,
    /// δ of the whole model.
    pub delta: Option<f64>,
    /// ρ of the whole model.
    pub rho: Option<f64>,
    /// Estimated number of subjects.
    pub rows: u64,
}

/// One entity's part of the cascade.
#[derive(Clone, Debug)]
pub struct Level {
    /// The entity.
    pub entity: EntityId,
    /// The columns of its joint distribution: given, siblings, previous, own, rows, in this order.
    pub attributes: Vec<Attribute>,
    /// Most rows of one parent that are looked at.
    pub cap: Option<u64>,
    /// The field that orders the rows within their parent.
    pub order: Option<FieldId>,
    /// Share of the budget relative to other levels, above 0.
    pub share: f64,
    /// Groups of attributes that are always measured together, by index, ascending.
    pub forced: Vec<Vec<usize>>,
    /// Where the entity's public settings come from.
    pub origin: Option<Origin>,
}

impl Level {
    /// The attribute of one of the entity's fields.
    #[must_use]
    pub fn own(&self, field: FieldId) -> Option<usize> {
        self.attributes.iter().position(|one| matches!(&one.kind, AttributeKind::Own(own, _) if *own == field))
    }

    /// The attribute of a child entity's number of rows.
    #[must_use]
    pub fn rows(&self, child: EntityId) -> Option<usize> {
        self.attributes.iter().position(|one| matches!(&one.kind, AttributeKind::Rows(own, _) if *own == child))
    }

    /// The attribute of a name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<usize> {
        self.attributes.iter().position(|one| one.name == name)
    }
}

/// One column of a level's joint distribution.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// Its public name, unique in its level: `encounterclass`, `patient.gender`, `previous.encounterclass`,
    /// `rows.condition`, `siblings`.
    pub name: String,
    /// What it is.
    pub kind: AttributeKind,
    /// The number of its codes.
    pub size: u32,
}

/// What an attribute is.
#[derive(Clone, Debug)]
pub enum AttributeKind {
    /// An attribute of an ancestor's level, by index there.
    Given(EntityId, usize),
    /// The bin of the number of rows that the parent has of this entity: the parent's [`AttributeKind::Rows`].
    Siblings,
    /// An own attribute, by index in this level, of the row before; the code `size - 1` is the start.
    Previous(usize),
    /// A field of the entity.
    Own(FieldId, FieldDomain),
    /// The number of rows of a child entity.
    Rows(EntityId, CountBins),
}

/// Bins of a number of rows: `edges[i]` to one below `edges[i + 1]`, the last bin its upper edge included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountBins {
    edges: Vec<u64>,
}

impl CountBins {
    /// Bins between these edges, which are two at least and rise; `None` otherwise.
    #[must_use]
    pub fn new(edges: Vec<u64>) -> Option<Self> {
        let sound = edges.len() >= 2 && edges.windows(2).all(|pair| pair[0] < pair[1]);
        sound.then_some(Self { edges })
    }

    /// The edges.
    #[must_use]
    pub fn edges(&self) -> &[u64] {
        &self.edges
    }

    /// The number of bins.
    #[must_use]
    pub fn size(&self) -> u32 {
        (self.edges.len() - 1) as u32
    }

    /// The bin of a number of rows; what lies outside counts as the nearest bin.
    #[must_use]
    pub fn code(&self, rows: u64) -> u32 {
        (self.edges.partition_point(|edge| *edge <= rows).max(1) - 1).min(self.edges.len() - 2) as u32
    }

    /// The least and the greatest number of rows in a bin; codes beyond the last count as the last.
    #[must_use]
    pub fn bounds(&self, code: u32) -> (u64, u64) {
        let at = (code as usize).min(self.edges.len() - 2);
        let last = at + 2 == self.edges.len();
        (self.edges[at], if last { self.edges[at + 1] } else { self.edges[at + 1] - 1 })
    }
}

/// What a learned field can hold, as codes: its cells `0..cells()`, then NULL where it is a value.
///
/// Numbers, dates and times are measured by a number: a date by its days since 1970-01-01, a time by its microseconds
/// since then, an offset by its [`TimeUnit`].
#[derive(Clone, Debug)]
pub struct FieldDomain {
    kind: DomainKind,
    ty: Type,
    nullable: bool,
    /// What values outside the domain become, and NULL where it is not nullable.
    other: Option<u32>,
    /// By the value as text.
    texts: BTreeMap<String, u32>,
    /// By the value as a number, ascending.
    numbers: Vec<(f64, u32)>,
}

/// The form of a domain.
#[derive(Clone, Debug)]
pub enum DomainKind {
    /// One of these values, of the field's type.
    Values(Vec<Literal>),
    /// A number, date or time in bins.
    Bins(Bins),
    /// The offset to another time, in bins.
    Since(Box<Since>),
    /// A number in bins whose bounds depend on the value of another learned field of the row.
    By {
        /// The other field; its domain is [`DomainKind::Values`].
        by: FieldId,
        /// Bins by the code of the other field; where there are none the value is NULL.
        bins: Vec<Option<Bins>>,
    },
}

/// The offset of a time to another one.
#[derive(Clone, Debug)]
pub struct Since {
    /// The other time.
    pub anchor: Anchor,
    /// The unit that the edges count.
    pub unit: TimeUnit,
    /// The bins.
    pub bins: Bins,
}

/// What a time is measured from.
#[derive(Clone, Debug)]
pub enum Anchor {
    /// A time of the row or of a row above it.
    Time(Expression),
    /// The same field in the row before.
    Previous {
        /// For the first row: a time of the row or of a row above it.
        first: Expression,
    },
}

impl TimeUnit {
    /// Microseconds in one of the unit.
    #[must_use]
    pub fn micros(self) -> i64 {
        match self {
            Self::Seconds => calendar::SECOND,
            Self::Minutes => 60 * calendar::SECOND,
            Self::Hours => 3_600 * calendar::SECOND,
            Self::Days => calendar::DAY,
            Self::Weeks => 7 * calendar::DAY,
        }
    }
}

/// Bins of numbers: `edges[i]` up to but without `edges[i + 1]`, the last bin its upper edge included.
#[derive(Clone, Debug, PartialEq)]
pub struct Bins {
    edges: Vec<f64>,
}

/// One bin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// The least value in it.
    pub low: f64,
    /// Where it ends.
    pub high: f64,
    /// Whether `high` is in it.
    pub closed: bool,
}

impl Bin {
    /// The first and the last multiple of a step in the bin, counted in steps; `None` where there is none.
    ///
    /// A decimal edge that is a multiple may miss it by the rounding of its last binary digit, and still counts as one.
    #[must_use]
    pub fn multiples(&self, step: f64) -> Option<(f64, f64)> {
        let (low, high) = (self.low / step, self.high / step);
        let slack = |value: f64| 4.0 * f64::EPSILON * value.abs();
        let first = (low - slack(low)).ceil();
        let last = if self.closed { (high + slack(high)).floor() } else { (high - slack(high)).ceil() - 1.0 };
        (first <= last).then_some((first, last))
    }
}

impl Bins {
    /// Bins between these edges, which are two at least, finite, and rise; `None` otherwise.
    #[must_use]
    pub fn new(edges: Vec<f64>) -> Option<Self> {
        let finite = edges.iter().all(|edge| edge.is_finite());
        let sound = finite && edges.len() >= 2 && edges.windows(2).all(|pair| pair[0] < pair[1]);
        sound.then_some(Self { edges })
    }

    /// The edges.
    #[must_use]
    pub fn edges(&self) -> &[f64] {
        &self.edges
    }

    /// The number of bins.
    #[must_use]
    pub fn size(&self) -> u32 {
        (self.edges.len() - 1) as u32
    }

    /// The bin of a number; what lies outside counts as the nearest bin, NaN as the first.
    #[must_use]
    pub fn code(&self, value: f64) -> u32 {
        (self.edges.partition_point(|edge| *edge <= value).max(1) - 1).min(self.edges.len() - 2) as u32
    }

    /// The bin of a code; codes beyond the last count as the last.
    #[must_use]
    pub fn bin(&self, code: u32) -> Bin {
        let at = (code as usize).min(self.edges.len() - 2);
        Bin { low: self.edges[at], high: self.edges[at + 1], closed: at + 2 == self.edges.len() }
    }
}

impl FieldDomain {
    /// A domain of this form for a field of this type.
    ///
    /// `other` is the code that values outside the domain become; NULL takes the code after the cells where it is
    /// `nullable`. `None` where a form has no cell, or more codes than [`MAX_CODES`].
    #[must_use]
    pub fn new(kind: DomainKind, ty: Type, nullable: bool, other: Option<u32>) -> Option<Self> {
        let (mut texts, mut numbers) = (BTreeMap::new(), Vec::new());
        if let DomainKind::Values(values) = &kind {
            for (value, code) in values.iter().zip(0u32..) {
                texts.entry(text_of(value)).or_insert(code);
                numbers.extend(number_of(value).map(|number| (number, code)));
            }
            numbers.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        }
        let domain = Self { kind, ty, nullable, other, texts, numbers };
        let cells = domain.cells();
        let sound = cells > 0 && domain.size() <= MAX_CODES && other.is_none_or(|other| other < cells);
        sound.then_some(domain)
    }

    /// The form.
    #[must_use]
    pub fn kind(&self) -> &DomainKind {
        &self.kind
    }

    /// The type of the field.
    #[must_use]
    pub fn ty(&self) -> &Type {
        &self.ty
    }

    /// The number of codes that are values.
    #[must_use]
    pub fn cells(&self) -> u32 {
        match &self.kind {
            DomainKind::Values(values) => u32::try_from(values.len()).unwrap_or(u32::MAX),
            DomainKind::Bins(bins) => bins.size(),
            DomainKind::Since(since) => since.bins.size(),
            DomainKind::By { bins, .. } => bins.iter().flatten().map(Bins::size).max().unwrap_or(0),
        }
    }

    /// The number of codes: the cells, and NULL where it is one.
    #[must_use]
    pub fn size(&self) -> u32 {
        self.cells().saturating_add(u32::from(self.nullable))
    }

    /// The code that means NULL; `None` where the field is never NULL.
    #[must_use]
    pub fn null(&self) -> Option<u32> {
        self.nullable.then(|| self.cells())
    }

    /// What values outside a list become: `other`, else NULL, else the first value.
    #[must_use]
    pub fn code_of_unknown(&self) -> u32 {
        self.other.or(self.null()).unwrap_or(0)
    }

    /// The code of NULL: its own, else that of `other`, else the first value's.
    #[must_use]
    pub fn code_of_null(&self) -> u32 {
        self.null().or(self.other).unwrap_or(0)
    }

    /// The code of a text among listed values; in bins a text is unknown.
    #[must_use]
    pub fn code_of_text(&self, text: &str) -> u32 {
        self.texts.get(text).copied().unwrap_or_else(|| self.code_of_unknown())
    }

    /// The code of a truth value.
    #[must_use]
    pub fn code_of_boolean(&self, value: bool) -> u32 {
        self.code_of_text(if value { "true" } else { "false" })
    }

    /// The code of a number, date or time, as measured by a number; NaN is unknown.
    ///
    /// Where bins depend on another field, [`FieldDomain::code_of_number_by`] says more; here they are unknown.
    #[must_use]
    pub fn code_of_number(&self, value: f64) -> u32 {
        if value.is_nan() {
            return self.code_of_unknown();
        }
        match &self.kind {
            DomainKind::Values(_) => {
                let at = self.numbers.partition_point(|(number, _)| *number < value);
                let found = self.numbers.get(at).filter(|(number, _)| *number == value);
                found.map_or_else(|| self.code_of_unknown(), |(_, code)| *code)
            }
            DomainKind::Bins(bins) => bins.code(value),
            DomainKind::Since(since) => since.bins.code(value),
            DomainKind::By { .. } => self.code_of_unknown(),
        }
    }

    /// The code of a number where the other field has the code `by`; NULL where that has no bounds.
    #[must_use]
    pub fn code_of_number_by(&self, value: f64, by: u32) -> u32 {
        match &self.kind {
            DomainKind::By { bins, .. } => match bins.get(by as usize).and_then(Option::as_ref) {
                Some(_) if value.is_nan() => self.code_of_unknown(),
                Some(bins) => bins.code(value),
                None => self.code_of_null(),
            },
            _ => self.code_of_number(value),
        }
    }

    /// The bin of a code; `None` for NULL, for listed values, and where bins depend on another field.
    #[must_use]
    pub fn bounds(&self, code: u32) -> Option<Bin> {
        let bins = match &self.kind {
            DomainKind::Bins(bins) => bins,
            DomainKind::Since(since) => &since.bins,
            DomainKind::Values(_) | DomainKind::By { .. } => return None,
        };
        (code < bins.size()).then(|| bins.bin(code))
    }

    /// The bin of a code where the other field has the code `by`; `None` for NULL and for listed values.
    #[must_use]
    pub fn bounds_by(&self, code: u32, by: u32) -> Option<Bin> {
        match &self.kind {
            DomainKind::By { bins, .. } => {
                let bins = bins.get(by as usize)?.as_ref()?;
                (code < bins.size()).then(|| bins.bin(code))
            }
            _ => self.bounds(code),
        }
    }

    /// The value of a code among listed values.
    #[must_use]
    pub fn value(&self, code: u32) -> Option<&Literal> {
        match &self.kind {
            DomainKind::Values(values) => values.get(code as usize),
            _ => None,
        }
    }

    /// A code in words, for people: `F`, `[0, 10)`, `[2020-01-01, 2021-01-01)`, `cell 3`, `null`.
    #[must_use]
    pub fn label(&self, code: u32) -> String {
        if self.null() == Some(code) {
            return "null".to_owned();
        }
        if let Some(value) = self.value(code) {
            return text_of(value);
        }
        let Some(bin) = self.bounds(code) else { return format!("cell {code}") };
        let of = |value: f64| match (&self.kind, &self.ty) {
            (DomainKind::Bins(_), Type::Date) => text_of(&Literal::Date(value as i32)),
            (DomainKind::Bins(_), Type::DateTime) => text_of(&Literal::DateTime(value as i64)),
            _ => value.to_string(),
        };
        format!("[{}, {}{}", of(bin.low), of(bin.high), if bin.closed { ']' } else { ')' })
    }
}

/// The number that a value is measured by.
#[must_use]
pub fn number_of(value: &Literal) -> Option<f64> {
    match value {
        Literal::Integer(value) => Some(*value as f64),
        Literal::Float(value) => Some(*value),
        Literal::Decimal { units, scale } => Some(*units as f64 / power_of_ten(*scale) as f64),
        Literal::Date(day) => Some(f64::from(*day)),
        Literal::DateTime(micros) => Some(*micros as f64),
        Literal::Null | Literal::Boolean(_) | Literal::Text(_) | Literal::Interval { .. } | Literal::List(_) => None,
    }
}

/// A value as text: a date in ISO form, a decimal with its digits.
#[must_use]
pub fn text_of(value: &Literal) -> String {
    match value {
        Literal::Null => "null".to_owned(),
        Literal::Boolean(value) => value.to_string(),
        Literal::Integer(value) => value.to_string(),
        Literal::Float(value) => value.to_string(),
        Literal::Decimal { units, scale } => decimal_text(*units, *scale),
        Literal::Text(text) => text.clone(),
        Literal::Date(day) => calendar::date_text(*day),
        Literal::DateTime(micros) => calendar::datetime_text(*micros, 'T'),
        Literal::Interval { count, .. } => count.to_string(),
        Literal::List(items) => items.join(";"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values(texts: &[&str], nullable: bool, other: Option<u32>) -> FieldDomain {
        let values = texts.iter().map(|text| Literal::Text((*text).to_owned())).collect();
        FieldDomain::new(DomainKind::Values(values), Type::Text, nullable, other).expect("a domain")
    }

    #[test]
    fn unknown_values_follow_the_public_rule() {
        let plain = values(&["F", "M"], false, None);
        assert_eq!(
            (plain.size(), plain.code_of_text("M"), plain.code_of_text("X"), plain.code_of_null()),
            (2, 1, 0, 0)
        );
        let nullable = values(&["F", "M"], true, None);
        assert_eq!((nullable.size(), nullable.null(), nullable.code_of_text("X")), (3, Some(2), 2));
        let other = values(&["F", "M", "O"], true, Some(2));
        assert_eq!((other.code_of_text("X"), other.code_of_null()), (2, 3));
        let other = values(&["F", "M", "O"], false, Some(2));
        assert_eq!(other.code_of_null(), 2);
        assert_eq!(other.label(2), "O");
    }

    #[test]
    fn listed_numbers_and_truth_values_are_found_by_their_values() {
        let listed = vec![Literal::Integer(5), Literal::Integer(-1)];
        let domain = FieldDomain::new(DomainKind::Values(listed), Type::Integer, true, None).expect("a domain");
        assert_eq!([5.0, -1.0, 0.0, f64::NAN].map(|x| domain.code_of_number(x)), [0, 1, 2, 2]);
        assert_eq!(domain.code_of_text("-1"), 1);
        let listed = vec![Literal::Boolean(true), Literal::Boolean(false)];
        let domain = FieldDomain::new(DomainKind::Values(listed), Type::Boolean, false, None).expect("a domain");
        assert_eq!([true, false].map(|x| domain.code_of_boolean(x)), [0, 1]);
    }

    #[test]
    fn bins_hold_their_lower_edge_and_the_last_its_upper_one() {
        let bins = Bins::new(vec![0.0, 1.0, 10.0]).expect("bins");
        assert_eq!([-5.0, 0.0, 0.99, 1.0, 9.0, 10.0, 11.0].map(|x| bins.code(x)), [0, 0, 0, 1, 1, 1, 1]);
        assert_eq!(bins.bin(1), Bin { low: 1.0, high: 10.0, closed: true });
        assert!(Bins::new(vec![0.0, 0.0]).is_none() && Bins::new(vec![0.0]).is_none());
        assert!(Bins::new(vec![0.0, f64::INFINITY]).is_none());
        let counts = CountBins::new(vec![0, 1, 2, 5, 9]).expect("bins");
        assert_eq!([0, 1, 2, 4, 5, 9, 100].map(|rows| counts.code(rows)), [0, 1, 2, 2, 3, 3, 3]);
        assert_eq!([0, 1, 2, 3].map(|code| counts.bounds(code)), [(0, 0), (1, 1), (2, 4), (5, 9)]);
    }

    #[test]
    fn bins_by_another_field_are_null_where_it_has_no_bounds() {
        let bins = vec![Bins::new(vec![3.0, 6.0, 9.0]), None];
        let kind = DomainKind::By { by: FieldId(0), bins };
        let domain = FieldDomain::new(kind, Type::Float, true, None).expect("a domain");
        assert_eq!((domain.cells(), domain.size()), (2, 3));
        assert_eq!([(7.0, 0), (7.0, 1), (7.0, 9)].map(|(x, by)| domain.code_of_number_by(x, by)), [1, 2, 2]);
        assert_eq!(domain.bounds_by(0, 0), Some(Bin { low: 3.0, high: 6.0, closed: false }));
        assert_eq!((domain.bounds_by(0, 1), domain.bounds_by(2, 0)), (None, None));
    }

    #[test]
    fn labels_say_what_codes_mean() {
        let edges = vec![0.0, 366.0, 731.0];
        let dates = FieldDomain::new(DomainKind::Bins(Bins::new(edges).expect("bins")), Type::Date, true, None);
        let dates = dates.expect("a domain");
        assert_eq!(
            [0, 1, 2].map(|code| dates.label(code)),
            ["[1970-01-01, 1971-01-02)", "[1971-01-02, 1972-01-02]", "null"]
        );
    }

    proptest! {
        #[test]
        fn a_value_of_a_bin_has_the_bins_code(
            mut edges in proptest::collection::btree_set(-1000i32..1000, 2..20), share in 0.0..1.0f64,
        ) {
            edges.insert(2000);
            let bins = Bins::new(edges.iter().map(|edge| f64::from(*edge)).collect()).unwrap();
            for code in 0..bins.size() {
                let bin = bins.bin(code);
                prop_assert_eq!(bins.code(bin.low), code);
                prop_assert_eq!(bins.code(bin.low + share * (bin.high - bin.low) * 0.999), code);
            }
        }

        #[test]
        fn every_number_of_rows_is_in_the_bounds_of_its_bin(
            edges in proptest::collection::btree_set(0u64..100, 2..10), rows in 0u64..200,
        ) {
            let bins = CountBins::new(edges.iter().copied().collect()).unwrap();
            let (low, high) = bins.bounds(bins.code(rows));
            let (least, most) = (bins.edges()[0], bins.edges()[bins.edges().len() - 1]);
            prop_assert!((low..=high).contains(&rows.clamp(least, most)));
        }
    }
}
