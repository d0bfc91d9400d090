//! Correlated normal variables: the Gaussian copula that ties fields together.

use core::fmt;

/// A correlation matrix, ready to correlate independent standard normals.
///
/// ```
/// use manikin_random::Correlation;
/// let weight_and_pressure = Correlation::new(2, &[(0, 1, 0.6)])?;
/// let mut z = [1.0, 0.5];
/// weight_and_pressure.mix(&mut z);
/// assert_eq!(z[0], 1.0);
/// assert!((z[1] - (0.6 * 1.0 + 0.8 * 0.5)).abs() < 1e-15);
/// # Ok::<(), manikin_random::CorrelationError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Correlation {
    /// The lower Cholesky factor, rows packed one after another: row `i` has `i + 1` entries.
    factor: Vec<f64>,
    largest_change: f64,
}

/// Why pairs do not make a correlation matrix.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CorrelationError {
    /// A pair names a variable that does not exist, or one variable twice.
    NotAPair {
        /// First variable.
        first: usize,
        /// Second variable.
        second: usize,
        /// How many variables there are.
        variables: usize,
    },
    /// A correlation outside -1 to 1.
    OutOfRange {
        /// First variable.
        first: usize,
        /// Second variable.
        second: usize,
        /// The correlation found.
        found: f64,
    },
    /// A pair that is given twice.
    Repeated {
        /// First variable.
        first: usize,
        /// Second variable.
        second: usize,
    },
    /// No valid matrix is near: the correlations contradict each other.
    Contradictory {
        /// First variable of the pair that would have to change most.
        first: usize,
        /// Second variable of that pair.
        second: usize,
        /// The correlation given for it.
        found: f64,
        /// The correlation in the nearest valid matrix.
        nearest: f64,
    },
}

impl fmt::Display for CorrelationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAPair { first, second, variables } => {
                write!(f, "({first}, {second}) is not a pair of two different variables below {variables}")
            }
            Self::OutOfRange { first, second, found } => {
                write!(f, "the correlation of {first} and {second} is {found}; it must be from -1 to 1")
            }
            Self::Repeated { first, second } => {
                write!(f, "the correlation of {first} and {second} is given twice")
            }
            Self::Contradictory { first, second, found, nearest } => write!(
                f,
                "the correlations contradict each other: no joint distribution has them all. The nearest possible one \
                 changes that of {first} and {second} from {found} to {nearest:.3}"
            ),
        }
    }
}

impl core::error::Error for CorrelationError {}

/// The largest change of an entry that counts as rounding of the input. ASSUMED: correlations in the literature are
/// given to one or two digits, and joining pairs from several studies moves entries by a few hundredths.
const LARGEST_REPAIR: f64 = 0.1;
/// The smallest eigenvalue after a repair, and the smallest Cholesky pivot accepted without one.
const SMALLEST_EIGENVALUE: f64 = 1e-6;
const SMALLEST_PIVOT: f64 = 1e-10;

impl Correlation {
    /// The matrix of `variables` variables with these pairwise correlations; pairs not named are 0.
    ///
    /// A matrix that is not positive definite is replaced by the nearest one that is, if that moves no entry by more
    /// than 0.1; see [`largest_change`](Self::largest_change).
    ///
    /// # Errors
    /// A [`CorrelationError`] for a pair that is none, given twice or out of range, and for correlations that
    /// contradict each other.
    ///
    /// # Source
    /// Repair: Higham, Computing the nearest correlation matrix, IMA Journal of Numerical Analysis 22, 2002,
    /// algorithm 3.3 (alternating projections with Dykstra's correction).
    pub fn new(variables: usize, pairs: &[(usize, usize, f64)]) -> Result<Self, CorrelationError> {
        let n = variables;
        let mut matrix = Matrix::identity(n);
        let mut given = vec![false; n * n];
        for &(first, second, found) in pairs {
            if first >= n || second >= n || first == second {
                return Err(CorrelationError::NotAPair { first, second, variables });
            }
            if !(-1.0..=1.0).contains(&found) {
                return Err(CorrelationError::OutOfRange { first, second, found });
            }
            if given[first * n + second] {
                return Err(CorrelationError::Repeated { first, second });
            }
            for (i, j) in [(first, second), (second, first)] {
                given[i * n + j] = true;
                matrix.entries[i * n + j] = found;
            }
        }
        if let Some(factor) = matrix.cholesky() {
            return Ok(Self { factor, largest_change: 0.0 });
        }
        let nearest = matrix.nearest_correlation();
        let change = |k: usize| (nearest.entries[k] - matrix.entries[k]).abs();
        let worst = (0..n * n).fold(0, |worst, k| if change(k) > change(worst) { k } else { worst });
        match nearest.cholesky() {
            Some(factor) if change(worst) <= LARGEST_REPAIR => Ok(Self { factor, largest_change: change(worst) }),
            _ => Err(CorrelationError::Contradictory {
                first: worst / n,
                second: worst % n,
                found: matrix.entries[worst],
                nearest: nearest.entries[worst],
            }),
        }
    }

    /// By how much the repair moved the entry it moved most; 0 when the matrix was valid as given.
    pub fn largest_change(&self) -> f64 {
        self.largest_change
    }

    /// Turns independent standard normals into correlated ones, in place.
    ///
    /// Variable `i` depends on inputs `0..=i` only, so variables appended later change none before them (unless the
    /// longer matrix needs a repair). A shorter slice is mixed by the rows it has; entries beyond the last variable
    /// stay as they are.
    #[inline]
    pub fn mix(&self, normals: &mut [f64]) {
        let mut end = self.factor.len();
        let mut row_length = self.variables();
        while row_length > normals.len() {
            end -= row_length;
            row_length -= 1;
        }
        while row_length > 0 {
            let row = &self.factor[end - row_length..end];
            let mut sum = 0.0;
            for (weight, normal) in row.iter().zip(normals.iter()) {
                sum += weight * normal;
            }
            normals[row_length - 1] = sum;
            end -= row_length;
            row_length -= 1;
        }
    }

    /// The number of variables.
    pub fn variables(&self) -> usize {
        // factor.len() = n (n + 1) / 2; exact for any n that fits in memory.
        ((((8 * self.factor.len() + 1) as f64).sqrt() - 1.0) / 2.0) as usize
    }
}

/// The correlation of two latent normals whose transforms have the rank correlation `r` (Spearman).
///
/// # Source
/// `2 sin(pi r / 6)`: Pearson, On further methods of determining correlation, 1907; Kruskal, Ordinal measures of
/// association, JASA 53, 1958, p. 827.
pub fn spearman_to_latent(r: f64) -> f64 {
    2.0 * libm::sin(core::f64::consts::PI * r / 6.0)
}

#[derive(Clone)]
struct Matrix {
    n: usize,
    entries: Vec<f64>,
}

impl Matrix {
    fn identity(n: usize) -> Self {
        let mut entries = vec![0.0; n * n];
        entries.iter_mut().step_by(n + 1).for_each(|entry| *entry = 1.0);
        Self { n, entries }
    }

    /// The packed lower factor, unless a pivot is too small.
    fn cholesky(&self) -> Option<Vec<f64>> {
        let start = |i: usize| i * (i + 1) / 2;
        let mut factor: Vec<f64> = Vec::with_capacity(start(self.n));
        for i in 0..self.n {
            for j in 0..=i {
                let dot: f64 = (0..j).map(|k| factor[start(i) + k] * factor[start(j) + k]).sum();
                let rest = self.entries[i * self.n + j] - dot;
                if i != j {
                    factor.push(rest / factor[start(j) + j]);
                } else if rest > SMALLEST_PIVOT {
                    factor.push(rest.sqrt());
                } else {
                    return None;
                }
            }
        }
        Some(factor)
    }

    fn nearest_correlation(&self) -> Self {
        let n = self.n;
        let mut current = self.clone();
        let mut correction = vec![0.0; n * n];
        for _ in 0..200 {
            let mut shifted = current.clone();
            shifted.entries.iter_mut().zip(&correction).for_each(|(entry, c)| *entry -= c);
            let projected = shifted.with_eigenvalues_at_least(SMALLEST_EIGENVALUE);
            let mut moved: f64 = 0.0;
            for (k, correction) in correction.iter_mut().enumerate() {
                *correction = projected.entries[k] - shifted.entries[k];
                let next = if k % (n + 1) == 0 { 1.0 } else { projected.entries[k] };
                moved = moved.max((next - current.entries[k]).abs());
                current.entries[k] = next;
            }
            if moved < 1e-9 {
                break;
            }
        }
        // The last projection set the diagonal to 1, which can leave an eigenvalue barely negative; scaling a positive
        // definite matrix to a unit diagonal cannot.
        let mut valid = current.with_eigenvalues_at_least(SMALLEST_EIGENVALUE);
        let scale: Vec<f64> = (0..n).map(|i| valid.entries[i * n + i].sqrt()).collect();
        for i in 0..n {
            for j in 0..n {
                valid.entries[i * n + j] = if i == j { 1.0 } else { valid.entries[i * n + j] / (scale[i] * scale[j]) };
            }
        }
        valid
    }

    /// The nearest symmetric matrix whose eigenvalues are at least `floor`, by cyclic Jacobi rotations.
    fn with_eigenvalues_at_least(&self, floor: f64) -> Self {
        let n = self.n;
        let mut a = self.entries.clone();
        let mut vectors = Self::identity(n).entries;
        for _sweep in 0..60 {
            let off: f64 = (0..n * n).filter(|k| k % (n + 1) != 0).map(|k| a[k] * a[k]).sum();
            if off < 1e-28 {
                break;
            }
            for p in 0..n {
                for q in p + 1..n {
                    let apq = a[p * n + q];
                    if apq == 0.0 {
                        continue;
                    }
                    let theta = (a[q * n + q] - a[p * n + p]) / (2.0 * apq);
                    let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
                    let c = 1.0 / (t * t + 1.0).sqrt();
                    let s = t * c;
                    for k in 0..n {
                        let (akp, akq) = (a[k * n + p], a[k * n + q]);
                        (a[k * n + p], a[k * n + q]) = (c * akp - s * akq, s * akp + c * akq);
                    }
                    for k in 0..n {
                        let (apk, aqk) = (a[p * n + k], a[q * n + k]);
                        (a[p * n + k], a[q * n + k]) = (c * apk - s * aqk, s * apk + c * aqk);
                        let (vkp, vkq) = (vectors[k * n + p], vectors[k * n + q]);
                        (vectors[k * n + p], vectors[k * n + q]) = (c * vkp - s * vkq, s * vkp + c * vkq);
                    }
                }
            }
        }
        let mut entries = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..=i {
                let sum: f64 = (0..n).map(|k| vectors[i * n + k] * a[k * n + k].max(floor) * vectors[j * n + k]).sum();
                entries[i * n + j] = sum;
                entries[j * n + i] = sum;
            }
        }
        Self { n, entries }
    }
}
