//! What the contract demands of a field, and whether its generator can keep it.

use super::choice::written;
use super::report::Place;
use super::value::{comparable, compare, literal, share};
use super::{Resolver, describe};
use crate::document::{self, Rule, Severity};
use crate::spec::{self, EntityId, FieldContract, Generator};
use manikin_diagnostic::{Diagnostic, codes};
use manikin_expression::{Literal, Type};
use std::cmp::Ordering;

impl Resolver<'_> {
    pub(super) fn contract(
        &self,
        source: &document::Field,
        ty: &Type,
        is_key: bool,
        place: &Place,
    ) -> Option<FieldContract> {
        let range = self.range(source, ty, place);
        let allowed = self.optional(&source.allowed, |values| self.allowed(values, ty, &place.key("allowed")));
        let code = self.optional(&source.code, |name| self.code(name, ty, &place.key("code")));
        let is_text = matches!(ty, Type::Text | Type::List(_));
        if source.length.is_some() && !is_text {
            let message = format!("only texts have a length; this field holds {}", describe(ty));
            self.report.error(&place.key("length"), codes::KEYS_EXCLUDE, message);
        }
        if source.fresh_days.is_some() && !ty.is_temporal() {
            let message = format!("only dates can be fresh; this field holds {}", describe(ty));
            self.report.error(&place.key("fresh_days"), codes::KEYS_EXCLUDE, message);
        }
        let completeness = self.optional(&source.completeness, |weight| match share(weight) {
            Some(share) if (0.0..=1.0).contains(&share) => Some(share),
            _ => {
                let at = place.key("completeness");
                let message = "a share is between 0 % and 100 %";
                self.report.hint(&at, codes::BAD_PERCENTAGE, message, "write `95%` or 0.95");
                None
            }
        });
        let (min, max) = range?;
        // The key of several fields is unique as a whole, which is checked with the entity.
        Some(FieldContract {
            required: source.required == Some(true) || is_key,
            unique: source.unique == Some(true),
            min,
            max,
            allowed: allowed?,
            code: code?,
            length: source.length,
            completeness: completeness?,
            fresh_days: source.fresh_days,
        })
    }

    fn range(&self, source: &document::Field, ty: &Type, place: &Place) -> Option<(Option<Literal>, Option<Literal>)> {
        let Some(ends) = &source.range else { return Some((None, None)) };
        let at = place.key("range");
        let [low, high] = ends.as_slice() else {
            let message = format!("a range has a smallest and a largest value; here are {}", ends.len());
            self.report.hint(&at, codes::OUT_OF_BOUNDS, message, "write `range: [0, 120]`; `null` leaves an end open");
            return None;
        };
        if !(ty.is_number() || ty.is_temporal()) {
            let message = format!("numbers and dates have a range; this field holds {}", describe(ty));
            self.report.hint(&at, codes::KEYS_EXCLUDE, message, "list the values in `allowed`");
            return None;
        }
        let [low, high] = [(low, 0), (high, 1)].map(|(end, position)| {
            self.optional(end, |value| {
                let found = literal(value, ty);
                if found.is_none() {
                    let message = format!("`{}` is not {}", value.text(), describe(ty));
                    self.report.error(&at.key(position), codes::WRONG_TYPE, message);
                }
                found
            })
        });
        let (low, high) = (low?, high?);
        if let (Some(low), Some(high)) = (&low, &high)
            && compare(low, high) == Some(Ordering::Greater)
        {
            self.report.error(&at, codes::RANGE_UPSIDE_DOWN, "the smallest value is above the largest");
            return None;
        }
        Some((low, high))
    }

    fn allowed(&self, values: &[document::Scalar], ty: &Type, place: &Place) -> Option<Vec<Literal>> {
        let mut allowed: Vec<Literal> = Vec::new();
        let mut sound = true;
        for (position, value) in values.iter().enumerate() {
            let at = place.key(position);
            match literal(value, ty) {
                None => {
                    let message = format!("`{}` is not {}", value.text(), describe(ty));
                    self.report.error(&at, codes::WRONG_TYPE, message);
                    sound = false;
                }
                Some(found) if allowed.contains(&found) => {
                    self.report.error(&at, codes::DUPLICATE_NAME, format!("`{}` is listed twice", value.text()));
                    sound = false;
                }
                Some(found) => allowed.push(found),
            }
        }
        if values.is_empty() {
            self.report.error(place, codes::OUT_OF_BOUNDS, "with nothing allowed, every value is wrong");
            sound = false;
        }
        sound.then_some(allowed)
    }

    fn code(&self, name: &str, ty: &Type, place: &Place) -> Option<String> {
        let table = self.table(name, place)?;
        let Some(key) = &table.key else {
            let message = format!("table `{name}` has no key, so it names no codes");
            self.report.hint(
                place,
                codes::NO_KEY,
                message,
                "say in the table which column holds the codes: `key: code`",
            );
            return None;
        };
        let codes_are = self.table_shape(name)?.columns.into_iter().find(|(column, _)| column == key)?.1;
        let own = match ty {
            Type::List(of) => of,
            ty => ty,
        };
        if !comparable(own, &codes_are) {
            let message =
                format!("the codes of `{name}` are {}; this field holds {}", describe(&codes_are), describe(own));
            let help = format!("codes of digits are text: write `columns: {{{key}: text}}` in the table");
            self.report.hint(place, codes::TYPE_MISMATCH, message, help);
            return None;
        }
        Some(name.to_owned())
    }

    /// Says so where a constant or a value of a choice breaks the field's own contract.
    pub(super) fn check_values(
        &self,
        generator: &Generator,
        contract: &FieldContract,
        source: &document::Field,
        place: &Place,
    ) {
        let values: Vec<(&Literal, Place, f64)> = match generator {
            Generator::Constant(value) => vec![(value, place.key("constant"), 1.0)],
            Generator::Choice(choice) => {
                let keys = source.choice.iter().flat_map(|weights| weights.keys());
                let at = keys.map(|key| place.key("choice").key(key));
                choice
                    .values
                    .iter()
                    .zip(at)
                    .zip(&choice.shares)
                    .map(|((value, at), share)| (value, at, *share))
                    .collect()
            }
            _ => return,
        };
        for (value, at, _) in values.into_iter().filter(|(.., share)| *share > 0.0) {
            let message = if contract.allowed.as_ref().is_some_and(|allowed| !allowed.contains(value)) {
                format!("`{}` is not among the values allowed", written(value))
            } else if contract.min.as_ref().is_some_and(|min| compare(value, min) == Some(Ordering::Less))
                || contract.max.as_ref().is_some_and(|max| compare(value, max) == Some(Ordering::Greater))
            {
                format!("`{}` is outside the field's range", written(value))
            } else {
                continue;
            };
            self.report.push_key(&at, Diagnostic::error(codes::OUT_OF_BOUNDS, message));
        }
    }

    /// A business rule.
    pub(super) fn rule(&self, entity: EntityId, name: &str, rule: &Rule) -> Option<spec::Rule> {
        let place = self.catalog.get(entity).place().key("rules").key(name);
        let (at, means, severity) = match rule {
            Rule::Short(_) => (place, None, Severity::Error),
            Rule::Long(long) => (place.key("holds"), long.means.clone(), long.severity),
        };
        let holds = self.condition(rule.holds(), &self.row_scope(entity), &at)?;
        Some(spec::Rule { name: name.to_owned(), holds, means, severity })
    }
}
