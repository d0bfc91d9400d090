//! Choices: values by weight, all in percent or all relative.

use super::report::Place;
use super::value::{literal_of_key, share};
use super::{Resolver, describe};
use crate::document::{Named, Weight};
use crate::spec::Choice;
use manikin_diagnostic::{Diagnostic, codes, nearest};
use manikin_expression::{Literal, Type, calendar};

/// By how much percentages may miss 100 %, as a fraction: figures are often published with two digits.
const TOLERANCE: f64 = 0.0001;

impl Resolver<'_> {
    pub(super) fn choice(
        &self,
        weights: &Named<Weight>,
        ty: &Type,
        code: Option<&str>,
        place: &Place,
    ) -> Option<Choice> {
        let mut values: Vec<Option<Literal>> = Vec::new();
        for key in weights.keys() {
            let at = place.key(key);
            let value = literal_of_key(key, ty);
            match &value {
                Some(value) => self.check_code(value, code, &at, true),
                None => {
                    let message = format!("`{key}` is not {}", describe(ty));
                    self.report.push_key(&at, Diagnostic::error(codes::WRONG_TYPE, message));
                }
            }
            if value.is_some() && values.contains(&value) {
                let message = format!("`{key}` is the same value as one before");
                self.report.push_key(&at, Diagnostic::error(codes::DUPLICATE_NAME, message));
            }
            values.push(value);
        }
        let shares = self.shares(weights, place);
        let values = values.into_iter().collect::<Option<Vec<Literal>>>()?;
        Some(Choice { values, shares: shares? })
    }

    /// Weights as shares that sum to 1.
    fn shares(&self, weights: &Named<Weight>, place: &Place) -> Option<Vec<f64>> {
        let is_percent = |weight: &Weight| matches!(weight, Weight::Percent(_));
        let percent = weights.values().filter(|weight| is_percent(weight)).count();
        if percent > 0
            && percent < weights.len()
            && let Some((key, _)) = weights.iter().find(|(_, weight)| !is_percent(weight))
        {
            let message = "some weights are percentages and some are not";
            self.report.hint(&place.key(key), codes::MIXED_WEIGHTS, message, "write all with `%`, or none");
            return None;
        }
        let mut shares = Vec::new();
        let mut sound = true;
        for (key, weight) in weights {
            let at = place.key(key);
            match (share(weight), weight) {
                (Some(share), _) if share >= 0.0 && share.is_finite() => shares.push(share),
                (Some(share), _) => {
                    self.report.error(&at, codes::NEGATIVE_WEIGHT, format!("a weight is 0 or more, not {share}"));
                    sound = false;
                }
                (None, Weight::Percent(text)) => {
                    let message = format!("`{text}` is no percentage");
                    self.report.hint(&at, codes::BAD_PERCENTAGE, message, "write `5%`");
                    sound = false;
                }
                (None, Weight::Number(_)) => sound = false,
            }
        }
        if !sound {
            return None;
        }
        let total: f64 = shares.iter().sum();
        if percent > 0 && (total - 1.0).abs() > TOLERANCE + 1e-12 {
            let off = 1.0 - total;
            let message = format!("the shares add up to {}, not 100 %", percent_text(total));
            let way = if off > 0.0 { "missing" } else { "too much" };
            let help = format!(
                "{} {way}; plain numbers are relative weights and may add up to anything",
                percent_text(off.abs())
            );
            self.report.push_key(place, Diagnostic::error(codes::WEIGHTS_DO_NOT_SUM, message).help(help));
            return None;
        }
        if total <= 0.0 || !total.is_finite() {
            self.report.push_key(place, Diagnostic::error(codes::NO_WEIGHT, "no value has a weight above 0"));
            return None;
        }
        Some(shares.into_iter().map(|share| share / total).collect())
    }

    /// Says so where a value is not among the codes of a table.
    pub(super) fn check_code(&self, value: &Literal, code: Option<&str>, place: &Place, is_key: bool) {
        let Some((name, table)) = code.and_then(|name| Some((name, self.tables.get(name)?))) else { return };
        let Some(codes) = self.key_values(table) else { return };
        let text = written(value);
        if codes.contains(&text) {
            return;
        }
        let mut diagnostic = Diagnostic::error(codes::UNKNOWN_CODE, format!("`{text}` is not a code of `{name}`"))
            .suggest(nearest(&text, codes.iter().map(String::as_str)));
        const FEW: usize = 12;
        if diagnostic.help.is_empty() && codes.len() <= FEW {
            let all: Vec<&str> = codes.iter().map(String::as_str).collect();
            diagnostic = diagnostic.help(format!("there are: {}", all.join(", ")));
        }
        if is_key {
            self.report.push_key(place, diagnostic);
        } else {
            self.report.push(place, diagnostic);
        }
    }
}

/// A value as a table writes it.
pub(super) fn written(value: &Literal) -> String {
    match value {
        Literal::Text(text) => text.clone(),
        Literal::Integer(value) => value.to_string(),
        Literal::Float(value) => value.to_string(),
        Literal::Boolean(value) => value.to_string(),
        Literal::Decimal { units, scale } => manikin_expression::decimal_text(*units, *scale),
        Literal::Date(day) => calendar::date_text(*day),
        Literal::DateTime(micros) => calendar::datetime_text(*micros, 'T'),
        Literal::Null | Literal::Interval { .. } | Literal::List(_) => String::new(),
    }
}

fn percent_text(share: f64) -> String {
    let text = format!("{:.2}", share * 100.0);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text} %")
}
