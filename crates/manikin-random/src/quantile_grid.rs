//! A distribution given by some of its quantiles.

use core::fmt;

/// Whether values between two quantiles are spread evenly in themselves or in their logarithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Evenly in the value.
    Linear,
    /// Evenly in the logarithm: for positive, right-skewed quantities such as stays and amounts.
    Log,
}

/// A continuous distribution through given quantiles, such as a median and an interquartile range.
///
/// Between two points the quantile function is linear in `p` (on the chosen [`Scale`]). Beyond the outermost points:
/// - without a bound, an exponential tail whose density continues that of the neighbouring segment;
/// - with a bound, the same tail cut off at the bound and rescaled, so that a far bound is rare rather than likely.
///   (A straight line from the 75th percentile to a maximum would put a quarter of all values far out.)
///
/// On the log scale the unbounded upper tail is a Pareto tail. Where the last two points are equal the tail has no
/// width: it stays at the point, or runs straight to the bound.
///
/// ```
/// use manikin_random::{QuantileGrid, Scale};
/// let minutes = QuantileGrid::new(&[(0.25, 10.0), (0.5, 15.0), (0.75, 25.0)], Some(1.0), None, Scale::Log)?;
/// assert_eq!(minutes.quantile(0.5), 15.0);
/// # Ok::<(), manikin_random::GridError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct QuantileGrid {
    /// Strictly increasing in `p`, not falling in `value`, on the chosen scale; at least one.
    points: Vec<Point>,
    lower: Tail,
    upper: Tail,
    scale: Scale,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Point {
    p: f64,
    value: f64,
}

/// The part beyond an outermost point: distance from it as a function of the share of the tail passed.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Tail {
    /// The exponential tail's scale; 0 for a straight one.
    spread: f64,
    /// The distance to the bound; infinite without one.
    reach: f64,
}

/// Why points do not make a grid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum GridError {
    /// Fewer than two values, counting the bounds.
    TooFew {
        /// How many there are.
        found: usize,
    },
    /// A `p` outside 0 to 1.
    NotAShare {
        /// The point, from 0.
        index: usize,
        /// Its `p`.
        found: f64,
    },
    /// A value or a bound that is infinite or not a number.
    NotFinite {
        /// The value found.
        found: f64,
    },
    /// A `p` that is not above the one before.
    SharesNotIncreasing {
        /// The point, from 0.
        index: usize,
        /// Its `p`.
        found: f64,
        /// The `p` before.
        previous: f64,
    },
    /// A value below the one before.
    ValuesFall {
        /// The point, from 0.
        index: usize,
        /// Its value.
        found: f64,
        /// The value before.
        previous: f64,
    },
    /// A minimum above the first value or a maximum below the last one.
    BoundInside {
        /// `min` or `max`.
        bound: &'static str,
        /// The bound.
        found: f64,
        /// The value it cuts off.
        value: f64,
    },
    /// A value of 0 or less on the log scale.
    NotPositive {
        /// The value found.
        found: f64,
    },
}

impl fmt::Display for GridError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooFew { found } => {
                write!(f, "{found} values; give at least two, counting min and max")
            }
            Self::NotAShare { index, found } => {
                write!(f, "p of point {index} is {found}; it must be from 0 to 1")
            }
            Self::NotFinite { found } => write!(f, "{found} is not a finite value"),
            Self::SharesNotIncreasing { index, found, previous } => {
                write!(f, "p of point {index} is {found}, not above {previous} before it; list points by rising p")
            }
            Self::ValuesFall { index, found, previous } => {
                write!(f, "the value of point {index} is {found}, below {previous} before it; quantiles cannot fall")
            }
            Self::BoundInside { bound, found, value } => {
                write!(f, "{bound} is {found}, which cuts off the quantile {value}; move the bound outwards")
            }
            Self::NotPositive { found } => {
                write!(f, "{found} has no logarithm; use the linear scale or values above 0")
            }
        }
    }
}

impl core::error::Error for GridError {}

impl QuantileGrid {
    /// A grid through `(p, value)` points in order of `p`, with an optional least and greatest value.
    ///
    /// # Errors
    /// A [`GridError`] for fewer than two values, a `p` outside 0 to 1 or out of order, falling values, a bound that
    /// cuts off a point, or a value of 0 or less on the log scale.
    pub fn new(points: &[(f64, f64)], min: Option<f64>, max: Option<f64>, scale: Scale) -> Result<Self, GridError> {
        let (Some(&first), Some(&last)) = (points.first(), points.last()) else {
            return match (min, max) {
                (Some(low), Some(high)) => Self::new(&[(0.0, low), (1.0, high)], None, None, scale),
                _ => Err(GridError::TooFew { found: usize::from(min.is_some() || max.is_some()) }),
            };
        };
        let found = points.len() + usize::from(min.is_some()) + usize::from(max.is_some());
        if found < 2 {
            return Err(GridError::TooFew { found });
        }
        if let Some((index, &(found, _))) = points.iter().enumerate().find(|(_, (p, _))| !(0.0..=1.0).contains(p)) {
            return Err(GridError::NotAShare { index, found });
        }
        let values = || points.iter().map(|(_, value)| *value).chain(min).chain(max);
        if let Some(found) = values().find(|value| !value.is_finite()) {
            return Err(GridError::NotFinite { found });
        }
        if let Some(found) = values().find(|value| scale == Scale::Log && *value <= 0.0) {
            return Err(GridError::NotPositive { found });
        }
        for (i, pair) in points.windows(2).enumerate() {
            let (before, here) = (pair[0], pair[1]);
            if here.0 <= before.0 {
                return Err(GridError::SharesNotIncreasing { index: i + 1, found: here.0, previous: before.0 });
            }
            if here.1 < before.1 {
                return Err(GridError::ValuesFall { index: i + 1, found: here.1, previous: before.1 });
            }
        }
        // A bound at a point that already has p = 0 or 1 must be that point.
        if let Some(found) = min.filter(|m| *m > first.1 || (first.0 == 0.0 && *m != first.1)) {
            return Err(GridError::BoundInside { bound: "min", found, value: first.1 });
        }
        if let Some(found) = max.filter(|m| *m < last.1 || (last.0 == 1.0 && *m != last.1)) {
            return Err(GridError::BoundInside { bound: "max", found, value: last.1 });
        }
        let scaled = |value: f64| {
            if scale == Scale::Log { libm::log(value) } else { value }
        };
        let points: Vec<Point> = points.iter().map(|&(p, value)| Point { p, value: scaled(value) }).collect();
        let slope = |a: Point, b: Point| (b.value - a.value) / (b.p - a.p);
        let (n, only) = (points.len(), points.len() == 1);
        let tail = |bound: Option<f64>, at: Point, mass: f64, slope: f64| Tail {
            spread: slope * mass,
            reach: bound.map_or(f64::INFINITY, |b| (scaled(b) - at.value).abs()),
        };
        let (lower_slope, upper_slope) =
            if only { (0.0, 0.0) } else { (slope(points[0], points[1]), slope(points[n - 2], points[n - 1])) };
        Ok(Self {
            lower: tail(min, points[0], points[0].p, lower_slope),
            upper: tail(max, points[n - 1], 1.0 - points[n - 1].p, upper_slope),
            points,
            scale,
        })
    }

    /// The value below which the share `u` lies. Never falls as `u` grows.
    ///
    /// Infinite at `u` of 0 or 1 where that tail has no bound; NaN at NaN.
    pub fn quantile(&self, u: f64) -> f64 {
        let scaled = self.scaled_quantile(u.clamp(0.0, 1.0), u.is_nan());
        if self.scale == Scale::Log { libm::exp(scaled) } else { scaled }
    }

    fn scaled_quantile(&self, u: f64, is_nan: bool) -> f64 {
        if is_nan {
            return f64::NAN;
        }
        let (first, last) = (self.points[0], self.points[self.points.len() - 1]);
        if u < first.p {
            return first.value - self.lower.distance(1.0 - u / first.p);
        }
        if u > last.p {
            return last.value + self.upper.distance((u - last.p) / (1.0 - last.p));
        }
        let after = self.points.partition_point(|point| point.p < u);
        let here = self.points[after];
        if after == 0 || here.p == u {
            return here.value;
        }
        let before = self.points[after - 1];
        before.value + (here.value - before.value) * ((u - before.p) / (here.p - before.p))
    }

    /// The probability of a value of at most `x`: the inverse of [`quantile`](Self::quantile).
    pub fn cdf(&self, x: f64) -> f64 {
        if x.is_nan() {
            return x;
        }
        let x = match self.scale {
            Scale::Linear => x,
            Scale::Log if x <= 0.0 => return 0.0,
            Scale::Log => libm::log(x),
        };
        let (first, last) = (self.points[0], self.points[self.points.len() - 1]);
        if x < first.value {
            return first.p * (1.0 - self.lower.share(first.value - x));
        }
        if x >= last.value {
            return last.p + (1.0 - last.p) * self.upper.share(x - last.value);
        }
        let after = self.points.partition_point(|point| point.value <= x);
        let (before, here) = (self.points[after - 1], self.points[after]);
        before.p + (here.p - before.p) * ((x - before.value) / (here.value - before.value))
    }
}

impl Tail {
    /// The distance from the outermost point after the share `t` of the tail.
    fn distance(self, t: f64) -> f64 {
        if self.spread > 0.0 {
            let passed = t * -libm::expm1(-self.reach / self.spread);
            (-self.spread * libm::log1p(-passed)).min(self.reach)
        } else if self.reach.is_finite() {
            t * self.reach
        } else {
            0.0
        }
    }

    /// The share of the tail within `distance` of the outermost point.
    fn share(self, distance: f64) -> f64 {
        if distance >= self.reach {
            1.0
        } else if self.spread > 0.0 {
            libm::expm1(-distance / self.spread) / libm::expm1(-self.reach / self.spread)
        } else if self.reach.is_finite() {
            distance / self.reach
        } else {
            1.0
        }
    }
}
