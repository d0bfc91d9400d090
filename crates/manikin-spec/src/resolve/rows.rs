//! How many rows an entity has.

use super::Resolver;
use super::generator::Site;
use super::report::Place;
use super::value::literal;
use crate::document::{self, RowCount, Scalar};
use crate::spec::{Count, EntityId, EntityScope, Generator, Rows, Selection, Spec, Spread};
use manikin_diagnostic::{Diagnostic, codes};
use manikin_expression::{Literal, Type};

/// More rows than this are taken for a slip.
const SANE: u64 = 1_000_000_000_000;

impl<'a> Resolver<'a> {
    pub(super) fn rows(&self, entity: EntityId) -> Option<Rows> {
        let known = self.catalog.get(entity);
        let source = known.source;
        let place = known.place();
        if known.waits {
            return Some(Rows::External);
        }
        if let Some(model) = &self.document.model {
            if known.scope == EntityScope::Subject && known.learned {
                return self.is_sane(model.rows, &Place::new(&["model", "rows"])).then_some(Rows::Fixed(model.rows));
            }
            if known.parent.is_some_and(|parent| self.catalog.get(parent).learns_rows(known.name)) {
                return Some(Rows::Learned);
            }
        }
        match (&source.count, &source.each) {
            (Some(_), Some(_)) => {
                let message = "`count` and `each` both say how many rows there are";
                let diagnostic = Diagnostic::error(codes::KEYS_EXCLUDE, message).help("keep one of them");
                self.report.push_key(&place.key("each"), diagnostic);
                None
            }
            (None, None) if known.generated => {
                let message = format!("nothing says how many rows `{}` has", known.name);
                let help = if known.parent.is_some() { "per parent, as in `count: 2`" } else { "as in `count: 200`" };
                let help = format!("give `count`, {help}");
                self.report.push_key(&place, Diagnostic::error(codes::MISSING_KEY, message).help(help));
                None
            }
            (None, None) => Some(Rows::External),
            _ if known.parent.is_some_and(|parent| !self.catalog.get(parent).generated) => {
                let message = "rows cannot be made for a parent whose rows are only described";
                self.report.error(&place.key("per"), codes::NO_GENERATOR, message);
                None
            }
            (None, Some(each)) => self.each(each, entity, &place.key("each")),
            (Some(count), None) if known.parent.is_none() => self.fixed(count, entity, &place.key("count")),
            (Some(RowCount::Drawn(count)), None) if count.total.is_some() => self.total(count, &place.key("count")),
            (Some(count), None) => {
                let scope = self.parent_scope(entity);
                let place = place.key("count");
                let site = Site { entity: known.parent.unwrap_or(entity), scope, place: &place, code: None };
                self.count(count, &site, &place).map(Rows::PerParent)
            }
        }
    }

    /// The rows of an entity without a parent: a number, written or by way of a setting.
    fn fixed(&self, count: &'a RowCount, entity: EntityId, place: &Place) -> Option<Rows> {
        let rows = match count {
            RowCount::Fixed(rows) => Some(*rows),
            RowCount::Drawn(count) => count.total.filter(|_| count.generators().is_empty()),
            RowCount::Expression(text) => {
                let expression = self.numeric(text, &self.parent_scope(entity), place)?;
                match expression.literal() {
                    Some(Literal::Integer(rows)) => match u64::try_from(*rows) {
                        Ok(rows) => Some(rows),
                        Err(_) => {
                            self.report.error(place, codes::NEGATIVE_COUNT, format!("there cannot be {rows} rows"));
                            return None;
                        }
                    },
                    _ => None,
                }
            }
        };
        let Some(rows) = rows else {
            let message = format!("`{}` has no parent, so its rows are a plain number", self.catalog.get(entity).name);
            let help = "write `count: 200`, or the name of a setting; with `per`, a count is drawn for each parent";
            self.report.hint(place, codes::KEYS_EXCLUDE, message, help);
            return None;
        };
        self.is_sane(rows, place).then_some(Rows::Fixed(rows))
    }

    fn is_sane(&self, rows: u64, place: &Place) -> bool {
        if rows > SANE {
            let message = format!("{rows} rows are more than any run makes");
            self.report.error(place, codes::OUT_OF_BOUNDS, message);
        }
        rows <= SANE
    }

    fn total(&self, count: &document::Count, place: &Place) -> Option<Rows> {
        let total = count.total?;
        if let Some((key, _)) = count.generators().first() {
            let message = format!("a total is spread, not drawn: `total` and `{key}` exclude each other");
            self.report.push_key(&place.key(key), Diagnostic::error(codes::KEYS_EXCLUDE, message));
            return None;
        }
        let spread = match &count.spread {
            None | Some(document::Spread::Multinomial {}) => Spread::Multinomial,
            Some(document::Spread::Even {}) => Spread::Even,
            Some(document::Spread::Gamma { shape }) if *shape > 0.0 && shape.is_finite() => {
                Spread::Gamma { shape: *shape }
            }
            Some(document::Spread::Gamma { shape }) => {
                let at = place.key("spread").key("gamma").key("shape");
                self.report.error(&at, codes::BAD_PARAMETER, format!("a shape is above 0, not {shape}"));
                return None;
            }
        };
        let sound = self.bounds_are_sound(count.min, count.max, place) && self.is_sane(total, &place.key("total"));
        sound.then_some(Rows::Total { total, spread, min: count.min.unwrap_or(0), max: count.max })
    }

    fn bounds_are_sound(&self, min: Option<u64>, max: Option<u64>, place: &Place) -> bool {
        if let (Some(min), Some(max)) = (min, max)
            && min > max
        {
            let message = format!("at least {min} and at most {max} exclude each other");
            self.report.error(&place.key("max"), codes::RANGE_UPSIDE_DOWN, message);
            return false;
        }
        true
    }

    /// A number drawn per row, of child rows or of items.
    pub(super) fn count(&self, count: &'a RowCount, site: &Site<'_, 'a>, place: &Place) -> Option<Count> {
        let plain = |generator| Count { generator, min: 0, max: None };
        match count {
            RowCount::Fixed(rows) => {
                let rows = i64::try_from(*rows).ok().filter(|_| self.is_sane(*rows, place))?;
                Some(plain(Generator::Constant(Literal::Integer(rows))))
            }
            RowCount::Expression(text) => {
                let expression = self.numeric(text, &site.scope, place)?;
                if let Some(Literal::Integer(rows)) = expression.literal()
                    && *rows < 0
                {
                    self.report.error(place, codes::NEGATIVE_COUNT, format!("there cannot be {rows} rows"));
                    return None;
                }
                Some(plain(Generator::Derive(expression)))
            }
            RowCount::Drawn(count) => self.drawn(count, site, place),
        }
    }

    fn drawn(&self, count: &'a document::Count, site: &Site<'_, 'a>, place: &Place) -> Option<Count> {
        for (key, given) in [("total", count.total.is_some()), ("spread", count.spread.is_some())] {
            if given {
                let message = format!("`{key}` spreads rows over parents; here a number is drawn");
                self.report.push_key(&place.key(key), Diagnostic::error(codes::KEYS_EXCLUDE, message));
                return None;
            }
        }
        let generators = count.generators();
        if let [_, (second, _), ..] = generators.as_slice() {
            let message = "one generator is needed; here are several";
            self.report.push_key(&place.key(second), Diagnostic::error(codes::SEVERAL_GENERATORS, message));
            return None;
        }
        let sound = self.bounds_are_sound(count.min, count.max, place);
        let Some((key, generator)) = generators.into_iter().next() else {
            let message = "nothing says how many rows there are";
            let help = "give a distribution, as in `poisson: {mean: 3}`, or `total`";
            self.report.hint(place, codes::NO_GENERATOR, message, help);
            return None;
        };
        if let document::GeneratorRef::Constant(Scalar::Integer(rows)) = generator
            && rows < &0
        {
            self.report.error(&place.key(key), codes::NEGATIVE_COUNT, format!("there cannot be {rows} rows"));
            return None;
        }
        if let document::GeneratorRef::Choice(weights) = &generator {
            let negative = weights.keys().find(|key| key.parse::<i64>().is_ok_and(|rows| rows < 0));
            if let Some(rows) = negative {
                let message = format!("there cannot be {rows} rows");
                self.report.push_key(&place.key(key).key(rows), Diagnostic::error(codes::NEGATIVE_COUNT, message));
                return None;
            }
        }
        let ty = match &generator {
            document::GeneratorRef::Constant(value) if literal(value, &Type::Integer).is_none() => Type::Float,
            document::GeneratorRef::Derive(_) | document::GeneratorRef::Cases(_) => {
                self.infer(&generator, None, &site.scope).filter(Type::is_number).unwrap_or(Type::Integer)
            }
            _ => Type::Integer,
        };
        let generator = self.generator(key, &generator, &ty, &Site { place, ..*site })?;
        sound.then_some(Count { generator, min: count.min.unwrap_or(0), max: count.max })
    }

    fn each(&self, each: &document::Each, entity: EntityId, place: &Place) -> Option<Rows> {
        self.table(&each.table, &place.key("table"))?;
        let scope = self.parent_scope(entity);
        let matching = self.stratum(&each.table, &each.matching, &document::Named::new(), &scope, place);
        let when = self.optional(&each.when, |text| self.condition(text, &scope, &place.key("when")));
        let ((matching, _), when) = (matching?, when?);
        Some(Rows::Each { table: each.table.clone(), matching, when })
    }

    /// Checks totals and exact choices against the numbers of rows that are known beforehand.
    pub(super) fn check_quotas(&self, spec: &Spec) {
        for case in &spec.edge_cases {
            let (Selection::Count(wanted), Some(rows)) = (case.selection, known_rows(spec, case.entity)) else {
                continue;
            };
            if wanted > rows {
                let place = Place::new(&["edge_cases", &case.name, "count"]);
                let message = format!("{wanted} rows cannot be changed: `{}` has {rows}", spec[case.entity].name);
                self.report.error(&place, codes::TOO_FEW_ROWS, message);
            }
        }
        for (at, entity) in spec.entities.iter().enumerate() {
            let place = self.catalog.entities[at].place();
            if let (Rows::Total { total, min, max, .. }, Some(parent)) = (&entity.rows, entity.parent)
                && let Some(parents) = known_rows(spec, parent)
            {
                let count = place.key("count");
                let least = parents.saturating_mul(*min);
                if *total < least {
                    let message = format!("{total} rows cannot give each of {parents} parents at least {min}");
                    let help = format!("write a total of {least} at least");
                    self.report.hint(&count.key("total"), codes::IMPOSSIBLE_QUOTA, message, help);
                }
                let most = max.map(|max| parents.saturating_mul(max));
                if let (Some(most), Some(max)) = (most, max)
                    && *total > most
                {
                    let message = format!("{total} rows are too many for {parents} parents with at most {max} each");
                    let help = format!("write a total of {most} at most");
                    self.report.hint(&count.key("total"), codes::IMPOSSIBLE_QUOTA, message, help);
                }
            }
            for field in &entity.fields {
                let over = match &field.exact {
                    None => continue,
                    Some(crate::spec::Exact::Own) => EntityId(at),
                    Some(crate::spec::Exact::Of { entity, .. }) => *entity,
                };
                let (Some(rows), Some(Generator::Choice(choice))) = (known_rows(spec, over), &field.generator) else {
                    continue;
                };
                let left: Vec<String> = choice
                    .values
                    .iter()
                    .zip(&choice.shares)
                    .filter(|(_, share)| **share > 0.0 && **share * (rows as f64) < 0.5)
                    .map(|(value, _)| super::choice::written(value))
                    .collect();
                if !left.is_empty() {
                    let at = place.key("fields").key(&field.name).key("choice");
                    let message = format!("of {rows} rows, none is left for {}", left.join(", "));
                    let note = Diagnostic::note(codes::IMPOSSIBLE_QUOTA, message);
                    self.report.push_key(&at, note);
                }
            }
        }
    }
}

/// The number of an entity's rows, where the spec alone says it.
pub(super) fn known_rows(spec: &Spec, entity: EntityId) -> Option<u64> {
    let of = &spec[entity];
    if of.keep.is_some() {
        return None;
    }
    match &of.rows {
        Rows::Fixed(rows) => Some(*rows),
        Rows::Total { total, .. } => Some(*total),
        Rows::PerParent(Count { generator: Generator::Constant(Literal::Integer(rows)), min, max }) => {
            let rows = u64::try_from(*rows).ok()?.max(*min).min(max.unwrap_or(u64::MAX));
            known_rows(spec, of.parent?)?.checked_mul(rows)
        }
        Rows::PerParent(_) | Rows::Each { .. } | Rows::Learned | Rows::External => None,
    }
}
