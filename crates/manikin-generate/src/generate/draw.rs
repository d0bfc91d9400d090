//! Numbers drawn from distributions.
//!
//! A distribution that is cut off is drawn whole first. Where the draw falls within the bounds it stands; elsewhere a
//! second, independent draw is taken from the part between the bounds. Both ways give the same distribution, the one
//! between the bounds, so the mixture does too; but the first needs none of the distribution function's values, and
//! bounds that only guard against nonsense are hardly ever crossed.

use super::Cx;
use crate::error::GenerateError;
use crate::plan::{DrawPlan, distribution};
use crate::values;
use manikin_random::Distribution;
use manikin_spec::spec::{Draw, Parameter};

/// Numbers the second draw of a field, which list items and counts of the same name never reach.
const SECOND: u64 = u64::MAX;

impl Cx<'_> {
    /// A number for each row at hand; NaN is NULL.
    pub(super) fn draw(&self, draw: &DrawPlan, select: Option<&[u32]>) -> Result<Vec<f64>, GenerateError> {
        let rows = self.at(select);
        match draw {
            DrawPlan::Fixed { distribution: Distribution::Normal { mean, sd }, min: None, max: None } => {
                Ok(rows.iter().map(|&row| mean + sd * self.normal(row as usize)).collect())
            }
            DrawPlan::Fixed { distribution, min: None, max: None } => {
                Ok(rows.iter().map(|&row| self.whole(distribution, row as usize)).collect())
            }
            DrawPlan::Fixed { distribution, min, max } => {
                let truncated = distribution.within(*min, *max);
                let (min, max) = (min.unwrap_or(f64::NEG_INFINITY), max.unwrap_or(f64::INFINITY));
                Ok(rows
                    .iter()
                    .map(|&row| {
                        let drawn = self.whole(distribution, row as usize);
                        if (min..=max).contains(&drawn) { drawn } else { truncated.quantile(self.second(row as usize)) }
                    })
                    .collect())
            }
            DrawPlan::PerRow(draw) => self.draw_per_row(draw, &rows, select),
        }
    }

    fn draw_per_row(&self, draw: &Draw, rows: &[u32], select: Option<&[u32]>) -> Result<Vec<f64>, GenerateError> {
        let column = |parameter: &Parameter| match parameter {
            Parameter::Value(value) => Ok(Values::Same(*value)),
            Parameter::Expression(expression) => {
                Ok(Values::Each(values::to_numbers(&self.evaluate(expression, select)?)))
            }
        };
        let parameters = draw
            .parameters
            .iter()
            .map(|(name, given)| Ok((*name, column(given)?)))
            .collect::<Result<Vec<_>, GenerateError>>()?;
        let bound = |given: &Option<Parameter>| given.as_ref().map(column).transpose();
        let (min, max) = (bound(&draw.min)?, bound(&draw.max)?);
        let bound = |bound: &Option<Values>, at: usize| bound.as_ref().map(|of| of.at(at)).filter(|of| !of.is_nan());
        rows.iter()
            .enumerate()
            .map(|(at, &row)| {
                if parameters.iter().any(|(_, values)| values.at(at).is_nan()) {
                    return Ok(f64::NAN);
                }
                let value =
                    |name: &str| parameters.iter().find(|(given, _)| *given == name).map(|(_, values)| values.at(at));
                let built = distribution(draw.family, value, self.place)?;
                let drawn = self.whole(&built, row as usize);
                let (min, max) = (bound(&min, at), bound(&max, at));
                let is_within = min.is_none_or(|min| min <= drawn) && max.is_none_or(|max| drawn <= max);
                Ok(if is_within { drawn } else { built.quantile_within(self.second(row as usize), min, max) })
            })
            .collect()
    }

    /// A draw from the whole distribution; straight from the normal where there is one, which spares a correlated
    /// field its way through the uniform and back.
    fn whole(&self, distribution: &Distribution, row: usize) -> f64 {
        match *distribution {
            Distribution::Normal { mean, sd } => mean + sd * self.normal(row),
            Distribution::LogNormal { mu, sigma } => libm::exp(mu + sigma * self.normal(row)),
            _ => distribution.quantile(self.uniform(row)),
        }
    }

    /// A uniform that is independent of the field's own.
    fn second(&self, row: usize) -> f64 {
        self.own().address[row].uniform(self.name.numbered(SECOND))
    }
}

/// A parameter's values: one, or one a row.
enum Values {
    Same(f64),
    Each(Vec<f64>),
}

impl Values {
    fn at(&self, at: usize) -> f64 {
        match self {
            Self::Same(value) => *value,
            Self::Each(values) => values[at],
        }
    }
}
