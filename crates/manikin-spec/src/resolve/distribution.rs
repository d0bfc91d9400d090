//! Distributions: which parameters each needs, and which values they may have.

use super::Resolver;
use super::report::Place;
use crate::document;
use crate::spec::{Draw, Parameter};
use manikin_diagnostic::{Diagnostic, codes};
use manikin_expression::Scope;

/// Which values a parameter may have.
#[derive(Clone, Copy)]
enum Demand {
    Any,
    /// A mean, median or rate above 0.
    Positive,
    /// A spread: above 0.
    Spread,
    NotNegative,
    Probability,
    /// A probability above 0.
    SomeProbability,
    /// A whole number from 0.
    Whole,
}

use Demand::{Any, NotNegative, Positive, Probability, SomeProbability, Spread, Whole};

/// A distribution: groups of parameters of which exactly one is needed, those with a default, and the values it gives.
struct Family {
    key: &'static str,
    needs: &'static [&'static [(&'static str, Demand)]],
    defaults: &'static [(&'static str, f64, Demand)],
    /// The least and the greatest value that it can give.
    support: (f64, f64),
}

const EVERYTHING: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);
const POSITIVE: (f64, f64) = (0.0, f64::INFINITY);

const FAMILIES: &[Family] = &[
    Family { key: "normal", needs: &[&[("mean", Any)], &[("sd", Spread)]], defaults: &[], support: EVERYTHING },
    Family {
        key: "lognormal",
        needs: &[&[("median", Positive), ("mean", Positive), ("mu", Any)], &[("sigma", Spread)]],
        defaults: &[],
        support: POSITIVE,
    },
    Family { key: "uniform", needs: &[&[("min", Any)], &[("max", Any)]], defaults: &[], support: EVERYTHING },
    Family { key: "exponential", needs: &[&[("mean", Positive)]], defaults: &[], support: POSITIVE },
    Family {
        key: "gamma",
        needs: &[&[("shape", Positive)], &[("scale", Spread), ("mean", Positive)]],
        defaults: &[],
        support: POSITIVE,
    },
    Family { key: "beta", needs: &[&[("alpha", Positive)], &[("beta", Positive)]], defaults: &[], support: (0.0, 1.0) },
    Family { key: "weibull", needs: &[&[("shape", Positive)], &[("scale", Spread)]], defaults: &[], support: POSITIVE },
    Family { key: "pareto", needs: &[&[("scale", Spread)], &[("shape", Positive)]], defaults: &[], support: POSITIVE },
    Family {
        key: "triangular",
        needs: &[&[("min", Any)], &[("mode", Any)], &[("max", Any)]],
        defaults: &[],
        support: EVERYTHING,
    },
    Family {
        key: "student_t",
        needs: &[&[("df", Positive)]],
        defaults: &[("location", 0.0, Any), ("scale", 1.0, Spread)],
        support: EVERYTHING,
    },
    Family {
        key: "logistic",
        needs: &[],
        defaults: &[("location", 0.0, Any), ("scale", 1.0, Spread)],
        support: EVERYTHING,
    },
    Family { key: "poisson", needs: &[&[("mean", NotNegative)]], defaults: &[], support: POSITIVE },
    Family {
        key: "negative_binomial",
        needs: &[&[("mean", NotNegative)], &[("dispersion", Positive)]],
        defaults: &[],
        support: POSITIVE,
    },
    Family { key: "binomial", needs: &[&[("n", Whole)], &[("p", Probability)]], defaults: &[], support: POSITIVE },
    Family { key: "geometric", needs: &[&[("p", SomeProbability)]], defaults: &[], support: POSITIVE },
    Family { key: "bernoulli", needs: &[&[("p", Probability)]], defaults: &[], support: (0.0, 1.0) },
];

impl Resolver<'_> {
    /// A distribution with all that it needs, in the order of the reference.
    pub(super) fn draw(&self, draw: &document::Draw, scope: &dyn Scope, place: &Place) -> Option<Draw> {
        let family = FAMILIES.iter().find(|family| family.key == draw.family)?;
        let mut parameters = Vec::new();
        let mut sound = true;
        for group in family.needs {
            let given: Vec<_> = group
                .iter()
                .filter_map(|(name, demand)| {
                    let found = draw.parameters.iter().find(|(key, _)| key == name);
                    found.map(|(_, parameter)| (*name, *demand, parameter))
                })
                .collect();
            let names: Vec<&str> = group.iter().map(|(name, _)| *name).collect();
            match given.as_slice() {
                [] => {
                    let message = match names.as_slice() {
                        [only] => format!("`{}` needs `{only}`", family.key),
                        several => format!("`{}` needs one of {}", family.key, several.join(", ")),
                    };
                    self.report.push_key(place, Diagnostic::error(codes::MISSING_KEY, message));
                    sound = false;
                }
                [_, second, ..] => {
                    let given: Vec<&str> = given.iter().map(|(name, ..)| *name).collect();
                    let message = format!("`{}` takes one of {}", family.key, names.join(", "));
                    let diagnostic = Diagnostic::error(codes::KEYS_EXCLUDE, message)
                        .help(format!("{} are given: keep one", given.join(" and ")));
                    self.report.push_key(&place.key(second.0), diagnostic);
                    sound = false;
                }
                [(name, demand, parameter)] => match self.demanded(parameter, *demand, scope, &place.key(name)) {
                    Some(parameter) => parameters.push((*name, parameter)),
                    None => sound = false,
                },
            }
        }
        for (name, default, demand) in family.defaults {
            match draw.parameters.iter().find(|(key, _)| key == name) {
                None => parameters.push((*name, Parameter::Value(*default))),
                Some((_, parameter)) => match self.demanded(parameter, *demand, scope, &place.key(name)) {
                    Some(parameter) => parameters.push((*name, parameter)),
                    None => sound = false,
                },
            }
        }
        let min = self.optional(&draw.min, |min| self.parameter(min, scope, &place.key("min")))?;
        let max = self.optional(&draw.max, |max| self.parameter(max, scope, &place.key("max")))?;
        let drawn = Draw { family: family.key, parameters, min, max };
        (sound && self.order_is_sound(&drawn, family.support, place)).then_some(drawn)
    }

    fn demanded(
        &self,
        parameter: &document::Parameter,
        demand: Demand,
        scope: &dyn Scope,
        place: &Place,
    ) -> Option<Parameter> {
        if matches!(demand, Probability | SomeProbability) {
            let found = self.probability(parameter, scope, place)?;
            if matches!((demand, &found), (SomeProbability, Parameter::Value(value)) if *value == 0.0) {
                self.report.error(place, codes::BAD_PARAMETER, "a success that never comes is not waited for: p > 0");
                return None;
            }
            return Some(found);
        }
        let found = self.parameter(parameter, scope, place)?;
        let Parameter::Value(value) = found else { return Some(found) };
        let (sound, code, demanded) = match demand {
            Spread => (value > 0.0, codes::NEGATIVE_SPREAD, "above 0"),
            Positive => (value > 0.0, codes::BAD_PARAMETER, "above 0"),
            NotNegative => (value >= 0.0, codes::BAD_PARAMETER, "0 or more"),
            Whole => (value >= 0.0 && value.trunc() == value, codes::BAD_PARAMETER, "a whole number from 0"),
            Any | Probability | SomeProbability => return Some(found),
        };
        if sound {
            return Some(found);
        }
        let diagnostic = Diagnostic::error(code, format!("this must be {demanded}")).label(format!("got {value}"));
        self.report.push(place, diagnostic);
        None
    }

    /// Whether bounds, where they are plain numbers, stand in order and leave something to draw.
    fn order_is_sound(&self, draw: &Draw, support: (f64, f64), place: &Place) -> bool {
        let parameter = |name: &str| draw.parameters.iter().find(|(key, _)| *key == name).map(|(_, value)| value);
        let (low, high) = match draw.family {
            "uniform" | "triangular" => (parameter("min"), parameter("max")),
            _ => (draw.min.as_ref(), draw.max.as_ref()),
        };
        let value = |parameter: Option<&Parameter>| match parameter {
            Some(Parameter::Value(value)) => Some(*value),
            _ => None,
        };
        let (low, high) = (value(low), value(high));
        if let (Some(low), Some(high)) = (low, high)
            && low >= high
        {
            let message = format!("the smallest value, {low}, is not below the largest, {high}");
            self.report.error(&place.key("max"), codes::RANGE_UPSIDE_DOWN, message);
            return false;
        }
        if let Some(mode) = value(parameter("mode"))
            && (low.is_some_and(|low| mode < low) || high.is_some_and(|high| mode > high))
        {
            let message = format!("the most frequent value, {mode}, lies outside the smallest and the largest");
            self.report.error(&place.key("mode"), codes::RANGE_UPSIDE_DOWN, message);
            return false;
        }
        let least = match draw.family {
            "pareto" => value(parameter("scale")).unwrap_or(support.0),
            _ => support.0,
        };
        let integer = matches!(draw.family, "poisson" | "binomial" | "geometric" | "negative_binomial");
        if high.is_some_and(|high| if integer { high < least } else { high <= least }) {
            let message = format!("nothing is left to draw: `{}` gives no value that small", draw.family);
            self.report.error(&place.key("max"), codes::RANGE_UPSIDE_DOWN, message);
            return false;
        }
        if low.is_some_and(|low| low >= support.1) {
            let message = format!("nothing is left to draw: `{}` gives no value that large", draw.family);
            self.report.error(&place.key("min"), codes::RANGE_UPSIDE_DOWN, message);
            return false;
        }
        true
    }
}
