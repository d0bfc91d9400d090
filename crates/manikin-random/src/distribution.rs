//! The families of distributions, each with its quantile function, so that one uniform draw gives one value.
//!
//! Drawing by inversion is what lets copulas, truncation and antithetic checks work for every family alike.

use core::fmt;

use crate::beta::{beta_quantile, beta_regularised, student_t_cdf, student_t_quantile};
use crate::discrete;
use crate::gamma::{gamma_p, gamma_quantile};
use crate::normal::{normal_cdf, normal_quantile};

/// A distribution with its parameters.
///
/// ```
/// use manikin_random::Distribution;
/// let stay_days = Distribution::Gamma { shape: 2.0, scale: 1.5 }.checked()?;
/// assert_eq!(stay_days.mean(), Some(3.0));
/// assert!(Distribution::Normal { mean: 58.0, sd: -9.0 }.checked().is_err());
/// # Ok::<(), manikin_random::ParameterError>(())
/// ```
///
/// # Source
/// Definitions: Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions, 2nd edition; Johnson, Kemp and
/// Kotz, Univariate Discrete Distributions, 3rd edition.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Distribution {
    /// The normal distribution.
    Normal {
        /// Any finite number.
        mean: f64,
        /// Standard deviation, above 0.
        sd: f64,
    },
    /// The exponential of a normal variable.
    LogNormal {
        /// Mean of the logarithm.
        mu: f64,
        /// Standard deviation of the logarithm, above 0.
        sigma: f64,
    },
    /// Equal density between two bounds.
    Uniform {
        /// Lower bound.
        min: f64,
        /// Upper bound, at least `min`.
        max: f64,
    },
    /// Waiting time of a constant hazard.
    Exponential {
        /// Mean (one over the rate), above 0.
        mean: f64,
    },
    /// The gamma distribution.
    Gamma {
        /// Shape, above 0.
        shape: f64,
        /// Scale, above 0; the mean is `shape * scale`.
        scale: f64,
    },
    /// The beta distribution on (0, 1).
    Beta {
        /// First shape, above 0 and at most 10^9; the mean is `alpha / (alpha + beta)`.
        alpha: f64,
        /// Second shape, above 0 and at most 10^9.
        beta: f64,
    },
    /// The Weibull distribution.
    Weibull {
        /// Shape, above 0; 1 is the exponential.
        shape: f64,
        /// Scale, above 0.
        scale: f64,
    },
    /// The Pareto distribution of the first kind.
    Pareto {
        /// The smallest value, above 0.
        scale: f64,
        /// Tail index, above 0; the mean is infinite at 1 or less.
        shape: f64,
    },
    /// The triangular distribution.
    Triangular {
        /// Lower bound.
        min: f64,
        /// The most likely value, between the bounds.
        mode: f64,
        /// Upper bound, above `min`.
        max: f64,
    },
    /// Student's t, moved and stretched.
    StudentT {
        /// Degrees of freedom, above 0.
        df: f64,
        /// Median.
        location: f64,
        /// Scale, above 0 (not the standard deviation).
        scale: f64,
    },
    /// The logistic distribution.
    Logistic {
        /// Mean and median.
        location: f64,
        /// Scale, above 0.
        scale: f64,
    },
    /// Counts of independent events.
    Poisson {
        /// Mean, from 0 to 10^12.
        mean: f64,
    },
    /// Counts that vary more than Poisson ones: variance `mean + dispersion * mean^2` (the NB2 form).
    NegativeBinomial {
        /// Mean, from 0 to 10^9.
        mean: f64,
        /// Dispersion, above 0; near 0 it is Poisson.
        dispersion: f64,
    },
    /// Successes in `n` independent trials.
    Binomial {
        /// Number of trials, at most 10^9.
        n: u64,
        /// Probability of success of one trial, from 0 to 1.
        p: f64,
    },
    /// Failures before the first success: 0, 1, 2, ...
    Geometric {
        /// Probability of success of one trial, above 0 and at most 1.
        p: f64,
    },
    /// 1 with probability `p`, else 0.
    Bernoulli {
        /// Probability of 1, from 0 to 1.
        p: f64,
    },
}

/// A parameter that its distribution does not allow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ParameterError {
    /// The distribution, in the spec's spelling: `log_normal`.
    pub distribution: &'static str,
    /// The parameter: `sigma`.
    pub parameter: &'static str,
    /// The value found.
    pub found: f64,
    /// What is allowed, as the end of "must be ...".
    pub allowed: &'static str,
}

impl fmt::Display for ParameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} must be {}, found {}", self.parameter, self.distribution, self.allowed, self.found)
    }
}

impl core::error::Error for ParameterError {}

/// The largest mean, number of trials or shape of a family that rests on the incomplete beta function, whose continued
/// fraction needs about its square root of rounds.
const MAX_COUNT: f64 = 1e9;

impl Distribution {
    /// The same distribution, if its parameters are allowed.
    ///
    /// The other methods never panic, but mean nothing on parameters that this refuses (most give NaN).
    ///
    /// # Errors
    /// A [`ParameterError`] that names the first parameter that is not allowed, its value and what is.
    pub fn checked(self) -> Result<Self, ParameterError> {
        const FINITE: &str = "a finite number";
        const POSITIVE: &str = "a finite number above 0";
        const SHARE: &str = "between 0 and 1";
        const COUNT: &str = "between 0 and 10^9";
        const SHAPE: &str = "above 0 and at most 10^9";
        let distribution = self.name();
        let require = |holds: bool, parameter, found, allowed| {
            if holds { Ok(()) } else { Err(ParameterError { distribution, parameter, found, allowed }) }
        };
        let finite = |parameter, v: f64| require(v.is_finite(), parameter, v, FINITE);
        let positive = |parameter, v: f64| require(v.is_finite() && v > 0.0, parameter, v, POSITIVE);
        let share = |parameter, v: f64| require((0.0..=1.0).contains(&v), parameter, v, SHARE);
        let shape_up_to = |parameter, v: f64| require(v > 0.0 && v <= MAX_COUNT, parameter, v, SHAPE);
        let count = |parameter, v: f64| require((0.0..=MAX_COUNT).contains(&v), parameter, v, COUNT);
        match self {
            Self::Normal { mean, sd } => finite("mean", mean).and(positive("sd", sd)),
            Self::LogNormal { mu, sigma } => finite("mu", mu).and(positive("sigma", sigma)),
            Self::Uniform { min, max } => finite("min", min)
                .and(finite("max", max))
                .and(require(min <= max, "max", max, "at least min"))
                .and(require((max - min).is_finite(), "max", max, "a finite distance from min")),
            Self::Exponential { mean } => positive("mean", mean),
            Self::Gamma { shape, scale } | Self::Weibull { shape, scale } | Self::Pareto { scale, shape } => {
                positive("shape", shape).and(positive("scale", scale))
            }
            Self::Beta { alpha, beta } => shape_up_to("alpha", alpha).and(shape_up_to("beta", beta)),
            Self::Triangular { min, mode, max } => finite("min", min)
                .and(finite("mode", mode))
                .and(finite("max", max))
                .and(require(min < max, "max", max, "above min"))
                .and(require(min <= mode && mode <= max, "mode", mode, "between min and max"))
                .and(require((max - min).is_finite(), "max", max, "a finite distance from min")),
            Self::StudentT { df, location, scale } => {
                positive("df", df).and(finite("location", location)).and(positive("scale", scale))
            }
            Self::Logistic { location, scale } => finite("location", location).and(positive("scale", scale)),
            Self::Poisson { mean } => require((0.0..=1e12).contains(&mean), "mean", mean, "between 0 and 10^12"),
            Self::NegativeBinomial { mean, dispersion } => count("mean", mean).and(positive("dispersion", dispersion)),
            Self::Binomial { n, p } => count("n", n as f64).and(share("p", p)),
            Self::Geometric { p } => require(p > 0.0 && p <= 1.0, "p", p, "above 0 and at most 1"),
            Self::Bernoulli { p } => share("p", p),
        }?;
        Ok(self)
    }

    /// The family's name in the spec's spelling.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Normal { .. } => "normal",
            Self::LogNormal { .. } => "log_normal",
            Self::Uniform { .. } => "uniform",
            Self::Exponential { .. } => "exponential",
            Self::Gamma { .. } => "gamma",
            Self::Beta { .. } => "beta",
            Self::Weibull { .. } => "weibull",
            Self::Pareto { .. } => "pareto",
            Self::Triangular { .. } => "triangular",
            Self::StudentT { .. } => "student_t",
            Self::Logistic { .. } => "logistic",
            Self::Poisson { .. } => "poisson",
            Self::NegativeBinomial { .. } => "negative_binomial",
            Self::Binomial { .. } => "binomial",
            Self::Geometric { .. } => "geometric",
            Self::Bernoulli { .. } => "bernoulli",
        }
    }

    /// Whether every value is a whole number.
    pub const fn is_discrete(&self) -> bool {
        matches!(
            self,
            Self::Poisson { .. }
                | Self::NegativeBinomial { .. }
                | Self::Binomial { .. }
                | Self::Geometric { .. }
                | Self::Bernoulli { .. }
        )
    }

    /// The value below which the share `u` of the distribution lies: its inverse cumulative distribution function.
    ///
    /// For a discrete family, the smallest whole number `k` with `cdf(k) >= u`. `u <= 0` gives the lower end of the
    /// support and `u >= 1` the upper one, which may be infinite; NaN gives NaN. Never falls as `u` grows, except by
    /// rounding (relative 1e-12) for gamma, beta and Student's t.
    #[inline]
    pub fn quantile(&self, u: f64) -> f64 {
        if !(u > 0.0 && u < 1.0) {
            let (lower, upper) = self.support();
            return if u <= 0.0 {
                lower
            } else if u >= 1.0 {
                upper
            } else {
                f64::NAN
            };
        }
        match *self {
            Self::Normal { mean, sd } => mean + sd * normal_quantile(u),
            Self::LogNormal { mu, sigma } => libm::exp(mu + sigma * normal_quantile(u)),
            Self::Uniform { min, max } => (min + (max - min) * u).min(max),
            Self::Exponential { mean } => -mean * libm::log1p(-u),
            Self::Gamma { shape, scale } => scale * gamma_quantile(shape, u),
            Self::Beta { alpha, beta } => beta_quantile(alpha, beta, u),
            Self::Weibull { shape, scale } => scale * libm::pow(-libm::log1p(-u), 1.0 / shape),
            Self::Pareto { scale, shape } => scale * libm::exp(-libm::log1p(-u) / shape),
            Self::Triangular { min, mode, max } => {
                let (width, rise) = (max - min, mode - min);
                if u * width <= rise {
                    min + (u * width).sqrt() * rise.sqrt()
                } else {
                    max - ((1.0 - u) * width).sqrt() * (max - mode).sqrt()
                }
            }
            Self::StudentT { df, location, scale } => location + scale * student_t_quantile(df, u),
            Self::Logistic { location, scale } => location + scale * (libm::log(u) - libm::log1p(-u)),
            Self::Poisson { mean } => discrete::poisson_quantile(mean, u),
            Self::NegativeBinomial { mean, dispersion } => {
                discrete::negative_binomial_quantile(mean, 1.0 / dispersion, u)
            }
            Self::Binomial { n, p } => discrete::binomial_quantile(n as f64, p, u),
            Self::Geometric { p } => {
                if p >= 1.0 {
                    0.0
                } else {
                    ((libm::log1p(-u) / libm::log1p(-p)).ceil() - 1.0).max(0.0)
                }
            }
            Self::Bernoulli { p } => f64::from(u8::from(u > 1.0 - p)),
        }
    }

    /// The probability of a value of at most `x`.
    pub fn cdf(&self, x: f64) -> f64 {
        if x.is_nan() {
            return x;
        }
        let (lower, upper) = self.support();
        if x < lower {
            return 0.0;
        }
        if x >= upper {
            return 1.0;
        }
        match *self {
            Self::Normal { mean, sd } => normal_cdf((x - mean) / sd),
            Self::LogNormal { mu, sigma } => normal_cdf((libm::log(x) - mu) / sigma),
            Self::Uniform { min, max } => (x - min) / (max - min),
            Self::Exponential { mean } => -libm::expm1(-x / mean),
            Self::Gamma { shape, scale } => gamma_p(shape, x / scale),
            Self::Beta { alpha, beta } => beta_regularised(alpha, beta, x),
            Self::Weibull { shape, scale } => -libm::expm1(-libm::pow(x / scale, shape)),
            Self::Pareto { scale, shape } => -libm::expm1(shape * libm::log(scale / x)),
            Self::Triangular { min, mode, max } => {
                if x <= mode {
                    (x - min) * ((x - min) / (max - min)) / (mode - min).max(f64::MIN_POSITIVE)
                } else {
                    1.0 - (max - x) * ((max - x) / (max - min)) / (max - mode)
                }
            }
            Self::StudentT { df, location, scale } => student_t_cdf(df, (x - location) / scale),
            Self::Logistic { location, scale } => 1.0 / (1.0 + libm::exp(-(x - location) / scale)),
            Self::Poisson { mean } => discrete::poisson_cdf(mean, x),
            Self::NegativeBinomial { mean, dispersion } => discrete::negative_binomial_cdf(mean, 1.0 / dispersion, x),
            Self::Binomial { n, p } => discrete::binomial_cdf(n as f64, p, x),
            Self::Geometric { p } => -libm::expm1((x.floor() + 1.0) * libm::log1p(-p)),
            Self::Bernoulli { p } => 1.0 - p,
        }
    }

    /// The quantile of the distribution cut off below `lower` and above `upper`, both included.
    ///
    /// `u` is rescaled to the share of the distribution between the bounds, so the result keeps its shape there.
    /// Where less than 1e-12 of the distribution lies between them the quantile cannot be resolved, and the result is
    /// the bound nearer to the bulk of the distribution. When `lower > upper` the result is `lower`. For a discrete
    /// family the bounds are first moved inwards to whole numbers.
    pub fn quantile_within(&self, u: f64, lower: Option<f64>, upper: Option<f64>) -> f64 {
        self.within(lower, upper).quantile(u)
    }

    /// The distribution cut off below `lower` and above `upper`, with what its quantiles need worked out once.
    pub fn within(&self, lower: Option<f64>, upper: Option<f64>) -> Truncated {
        let (lowest, highest) = self.support();
        let mut lower = lower.unwrap_or(lowest);
        let mut upper = upper.unwrap_or(highest);
        if self.is_discrete() {
            (lower, upper) = (lower.ceil(), upper.floor());
        }
        let below = if self.is_discrete() { self.cdf(lower - 1.0) } else { self.cdf(lower) };
        let mass = self.cdf(upper) - below;
        Truncated { distribution: *self, lower, upper, below, mass }
    }

    /// The smallest and the largest possible value.
    #[inline]
    pub fn support(&self) -> (f64, f64) {
        match *self {
            Self::Normal { .. } | Self::StudentT { .. } | Self::Logistic { .. } => (f64::NEG_INFINITY, f64::INFINITY),
            Self::LogNormal { .. } | Self::Exponential { .. } | Self::Gamma { .. } | Self::Weibull { .. } => {
                (0.0, f64::INFINITY)
            }
            Self::Uniform { min, max } | Self::Triangular { min, max, .. } => (min, max),
            Self::Beta { .. } => (0.0, 1.0),
            Self::Pareto { scale, .. } => (scale, f64::INFINITY),
            Self::Poisson { mean } | Self::NegativeBinomial { mean, .. } => {
                (0.0, if mean > 0.0 { f64::INFINITY } else { 0.0 })
            }
            Self::Binomial { n, p } => {
                let n = n as f64;
                (if p >= 1.0 { n } else { 0.0 }, if p > 0.0 { n } else { 0.0 })
            }
            Self::Geometric { p } => (0.0, if p < 1.0 { f64::INFINITY } else { 0.0 }),
            Self::Bernoulli { p } => (f64::from(u8::from(p >= 1.0)), f64::from(u8::from(p > 0.0))),
        }
    }

    /// The mean; `None` where it is infinite or does not exist (Pareto with shape at most 1, Student's t with at most
    /// 1 degree of freedom).
    pub fn mean(&self) -> Option<f64> {
        let mean = match *self {
            Self::Normal { mean, .. }
            | Self::Exponential { mean }
            | Self::Poisson { mean }
            | Self::NegativeBinomial { mean, .. } => mean,
            Self::LogNormal { mu, sigma } => libm::exp(mu + 0.5 * sigma * sigma),
            Self::Uniform { min, max } => min + 0.5 * (max - min),
            Self::Gamma { shape, scale } => shape * scale,
            Self::Beta { alpha, beta } => alpha / (alpha + beta),
            Self::Weibull { shape, scale } => scale * libm::tgamma(1.0 + 1.0 / shape),
            Self::Pareto { scale, shape } if shape > 1.0 => scale * shape / (shape - 1.0),
            Self::StudentT { df, location, .. } if df > 1.0 => location,
            Self::Pareto { .. } | Self::StudentT { .. } => return None,
            Self::Triangular { min, mode, max } => min / 3.0 + mode / 3.0 + max / 3.0,
            Self::Logistic { location, .. } => location,
            Self::Binomial { n, p } => n as f64 * p,
            Self::Geometric { p } => (1.0 - p) / p,
            Self::Bernoulli { p } => p,
        };
        mean.is_finite().then_some(mean)
    }
}

/// A distribution cut off at both ends: see [`Distribution::quantile_within`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Truncated {
    distribution: Distribution,
    lower: f64,
    upper: f64,
    /// The share of the distribution below the lower bound.
    below: f64,
    /// The share between the bounds.
    mass: f64,
}

impl Truncated {
    /// The quantile at `u`, from 0 to 1.
    #[inline]
    pub fn quantile(&self, u: f64) -> f64 {
        if self.lower > self.upper {
            return self.lower;
        }
        if self.mass < 1e-12 {
            return if self.below >= 0.5 { self.lower } else { self.upper };
        }
        self.distribution.quantile(self.below + u * self.mass).max(self.lower).min(self.upper)
    }
}
