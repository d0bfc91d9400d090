//! Known quantiles: where they stand, and whether they rise.

use super::Resolver;
use super::report::Place;
use crate::document;
use crate::document::Scale;
use crate::spec::{QuantilePoints, Quantiles};
use manikin_diagnostic::{Diagnostic, codes};
use manikin_expression::Scope;

impl Resolver<'_> {
    pub(super) fn quantiles(
        &self,
        quantiles: &document::Quantiles,
        scope: &dyn Scope,
        place: &Place,
    ) -> Option<Quantiles> {
        let scale = quantiles.scale.unwrap_or(Scale::Linear);
        if let (Some(min), Some(max)) = (quantiles.min, quantiles.max)
            && min >= max
        {
            let message = format!("the smallest value, {min}, is not below the largest, {max}");
            self.report.error(&place.key("max"), codes::RANGE_UPSIDE_DOWN, message);
            return None;
        }
        if let (Some(min), Scale::Log) = (quantiles.min, scale)
            && min <= 0.0
        {
            self.report.error(&place.key("min"), codes::BAD_PARAMETER, "on the log scale every value is above 0");
            return None;
        }
        let points = match &quantiles.from {
            Some(table) => self.points_of_table(table, quantiles, scope, place)?,
            None => {
                for (key, given) in
                    [("match", !quantiles.matching.is_empty()), ("within", !quantiles.within.is_empty())]
                {
                    if given {
                        let message = format!("`{key}` chooses rows of a table, and `from` names none");
                        self.report.push_key(&place.key(key), Diagnostic::error(codes::KEYS_EXCLUDE, message));
                    }
                }
                self.points_here(quantiles, scale, place)?
            }
        };
        Some(Quantiles { points, min: quantiles.min, max: quantiles.max, scale })
    }

    fn points_here(&self, quantiles: &document::Quantiles, scale: Scale, place: &Place) -> Option<QuantilePoints> {
        let mut points: Vec<(f64, f64, &str)> = Vec::new();
        let mut sound = true;
        for (name, value) in &quantiles.points {
            let at = place.key(name);
            match probability(name) {
                None => {
                    let message = format!("`{name}` is no quantile");
                    let help = "quantiles are named `p50`, `p2.5`, `p2_5` or `p025`";
                    self.report.push_key(&at, Diagnostic::error(codes::UNKNOWN_KEY, message).help(help));
                    sound = false;
                }
                Some(_) if !value.is_finite() || (scale == Scale::Log && *value <= 0.0) => {
                    self.report.error(&at, codes::BAD_PARAMETER, "on the log scale every value is above 0");
                    sound = false;
                }
                Some(p) if points.iter().any(|(other, ..)| *other == p) => {
                    let message = format!("`{name}` is given twice");
                    self.report.push_key(&at, Diagnostic::error(codes::DUPLICATE_NAME, message));
                    sound = false;
                }
                Some(p) => points.push((p, *value, name)),
            }
        }
        if !sound {
            return None;
        }
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        for pair in points.windows(2) {
            if pair[0].1 > pair[1].1 {
                let message = format!("{} is {}, but {} is {}", pair[0].2, pair[0].1, pair[1].2, pair[1].1);
                self.report.error(&place.key(pair[1].2), codes::QUANTILES_NOT_RISING, message);
                return None;
            }
        }
        for (_, value, name) in &points {
            let outside =
                quantiles.min.is_some_and(|min| *value < min) || quantiles.max.is_some_and(|max| *value > max);
            if outside {
                let message = format!("{name}, {value}, lies outside the smallest and the largest value");
                self.report.error(&place.key(name), codes::QUANTILES_NOT_RISING, message);
                return None;
            }
        }
        let ends = usize::from(quantiles.min.is_some()) + usize::from(quantiles.max.is_some());
        if points.is_empty() || points.len() + ends < 2 {
            let message = "two quantiles at least are needed to draw between them";
            self.report.push_key(place, Diagnostic::error(codes::MISSING_KEY, message).help("write p25, p50 and p75"));
            return None;
        }
        Some(QuantilePoints::Here(points.into_iter().map(|(p, value, _)| (p, value)).collect()))
    }

    fn points_of_table(
        &self,
        name: &str,
        quantiles: &document::Quantiles,
        scope: &dyn Scope,
        place: &Place,
    ) -> Option<QuantilePoints> {
        let from = place.key("from");
        if let Some((point, _)) = quantiles.points.first() {
            let message = format!("`{point}` is written here, but the quantiles come from `{name}`");
            self.report.push_key(&place.key(point), Diagnostic::error(codes::KEYS_EXCLUDE, message));
            return None;
        }
        let table = self.table(name, &from)?;
        let mut columns: Vec<(f64, String)> =
            table.column_names().filter_map(|column| Some((probability(column)?, column.to_owned()))).collect();
        columns.sort_by(|a, b| a.0.total_cmp(&b.0));
        if columns.len() < 2 {
            let message = format!("`{name}` has {} columns of quantiles; two at least are needed", columns.len());
            self.report.hint(&from, codes::UNKNOWN_COLUMN, message, "such columns are named p025, p25, p50, …");
            return None;
        }
        if let Some(pair) = columns.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            let message = format!("columns `{}` and `{}` of `{name}` are the same quantile", pair[0].1, pair[1].1);
            self.report.error(&from, codes::DUPLICATE_NAME, message);
            return None;
        }
        let values: Vec<Vec<Option<f64>>> =
            columns.iter().map(|(_, column)| self.numeric_column(table, column, &from)).collect::<Option<_>>()?;
        for row in 0..table.rows {
            let here: Vec<f64> = values.iter().filter_map(|column| column[row]).collect();
            let message = if here.windows(2).any(|pair| pair[0] > pair[1]) {
                format!("the quantiles in row {} of `{name}` do not rise", row + 1)
            } else if quantiles.scale == Some(Scale::Log) && here.first().is_some_and(|least| *least <= 0.0) {
                format!("row {} of `{name}` has a quantile that is not above 0, on the log scale", row + 1)
            } else {
                continue;
            };
            self.report.error(&from, codes::QUANTILES_NOT_RISING, message);
            return None;
        }
        let (matching, within) = self.stratum(name, &quantiles.matching, &quantiles.within, scope, place)?;
        Some(QuantilePoints::Table { table: name.to_owned(), columns, matching, within })
    }
}

/// The probability that a quantile's name says: `p2.5`, `p2_5` and `p025` are 0.025, `p50` is 0.5, `p975` is 0.975.
///
/// Without a point, the third digit and those after it stand behind it.
fn probability(name: &str) -> Option<f64> {
    let digits = name.strip_prefix('p')?;
    let (whole, part) = match digits.split_once(['.', '_']) {
        Some((whole, part)) if !part.is_empty() => (whole, part),
        Some(_) => return None,
        None if digits.len() > 2 && digits.is_char_boundary(2) => digits.split_at(2),
        None => (digits, "0"),
    };
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 2 || part.len() > 9 || !plain(whole) || !plain(part) || digits == "100" {
        return None;
    }
    let percent: f64 = format!("{whole}.{part}").parse().ok()?;
    (percent > 0.0 && percent < 100.0).then_some(percent / 100.0)
}

#[cfg(test)]
mod tests {
    use super::probability;

    #[test]
    fn quantiles_are_named_with_a_point_an_underscore_or_neither() {
        for (name, percent) in [("p2.5", 2.5), ("p2_5", 2.5), ("p025", 2.5), ("p50", 50.0), ("p5", 5.0), ("p975", 97.5)]
        {
            assert_eq!(probability(name), Some(percent / 100.0), "{name}");
        }
        for name in ["p0", "p100", "p", "p.5", "p2.", "q50", "p-5", "p1e1", "pé50"] {
            assert_eq!(probability(name), None, "{name}");
        }
    }
}
