//! Exact samplers of the counts that splits are made of.

use crate::normal::normal_quantile;
use crate::saddle::log_binomial_mass;
use crate::stream::Stream;

/// Up to this many draws an urn is simulated draw by draw.
const URN: u64 = 16;
/// Above this standard deviation counts are drawn by the ratio of uniforms, below by a search from the mode.
const SEARCH_SD: f64 = 8.0;

/// The number of successes among `draws` taken without replacement from `population` of which `successes` are.
///
/// Exact (to the 1e-12 relative accuracy of a probability) for populations up to 10^12 and beyond. `successes` and
/// `draws` above `population` are taken as `population`.
///
/// # Source
/// Stadlober, The ratio of uniforms approach for generating discrete random variates, Journal of Computational and
/// Applied Mathematics 31, 1990 (algorithm HRUA), for wide distributions; inversion from the mode for narrow ones.
pub fn hypergeometric(stream: &mut Stream, population: u64, successes: u64, draws: u64) -> u64 {
    let successes = successes.min(population);
    let draws = draws.min(population);
    // Three symmetries make both the draws and the successes the smaller half.
    if draws > population - draws {
        return successes - hypergeometric(stream, population, successes, population - draws);
    }
    if successes > population - successes {
        return draws - hypergeometric(stream, population, population - successes, draws);
    }
    let (draws, successes) = (draws.min(successes), draws.max(successes));
    if draws <= URN {
        let (mut left, mut hits) = (population, 0);
        for _ in 0..draws {
            hits += u64::from(stream.below(left) < successes - hits);
            left -= 1;
        }
        return hits;
    }
    let (total, good, n) = (population as f64, successes as f64, draws as f64);
    let share = good / total;
    let mean = n * share;
    let variance = mean * (1.0 - share) * ((total - n) / (total - 1.0));
    let mode = ((n + 1.0) * ((good + 1.0) / (total + 2.0))).floor();
    let (p, q) = (n / total, (total - n) / total);
    let log_mass = |k: f64| log_binomial_mass(k, good - k, p, q) + log_binomial_mass(n - k, total - good - n + k, p, q);
    if variance.sqrt() > SEARCH_SD {
        return ratio_of_uniforms(stream, mean, variance, mode, n, log_mass) as u64;
    }
    let at_mode = libm::exp(log_mass(mode) - log_binomial_mass(n, total - n, p, q));
    // Mass at k + 1 over mass at k.
    let ratio = |k: f64| (good - k) / (k + 1.0) * ((n - k) / (total - good - n + k + 1.0));
    search_from_mode(stream.uniform(), mode, n, at_mode, ratio) as u64
}

/// The number of successes in `n` independent trials of probability `p` (0 or 1 where `p` is outside).
///
/// # Source
/// Stadlober 1990, as for [`hypergeometric`].
pub fn binomial(stream: &mut Stream, n: u64, p: f64) -> u64 {
    if p > 0.5 {
        return n - binomial(stream, n, 1.0 - p);
    }
    if p <= 0.0 || p.is_nan() || n == 0 {
        return 0;
    }
    if n <= URN {
        return (0..n).map(|_| u64::from(stream.uniform() < p)).sum();
    }
    let (q, trials) = (1.0 - p, n as f64);
    let (mean, variance) = (trials * p, trials * p * q);
    let mode = ((trials + 1.0) * p).floor();
    let log_mass = |k: f64| log_binomial_mass(k, trials - k, p, q);
    if variance.sqrt() > SEARCH_SD {
        return ratio_of_uniforms(stream, mean, variance, mode, trials, log_mass) as u64;
    }
    let odds = p / q;
    search_from_mode(stream.uniform(), mode, trials, libm::exp(log_mass(mode)), |k| (trials - k) / (k + 1.0) * odds)
        as u64
}

/// The number of successes in `n` trials whose common probability is beta distributed with shapes `alpha`, `beta`.
///
/// A shape of 0 or less is no share at all: the other side takes everything, or each a half when neither has a shape.
///
/// # Source
/// Few trials: the urn of Eggenberger and Polya, 1923. Many: a binomial draw with a beta-distributed probability,
/// itself the share of one of two gamma draws (Marsaglia and Tsang, ACM TOMS 26(3), 2000).
pub fn beta_binomial(stream: &mut Stream, n: u64, alpha: f64, beta: f64) -> u64 {
    match (alpha > 0.0, beta > 0.0) {
        (true, true) => {}
        (true, false) => return n,
        (false, true) => return 0,
        (false, false) => return binomial(stream, n, 0.5),
    }
    if n <= URN {
        let mut hits = 0;
        for drawn in 0..n {
            let share = (alpha + hits as f64) / (alpha + beta + drawn as f64);
            hits += u64::from(stream.uniform() < share);
        }
        return hits;
    }
    let log_odds = log_gamma_draw(stream, alpha) - log_gamma_draw(stream, beta);
    // Both sides are computed from the log-odds, so a probability near 1 keeps the digits of its complement.
    if log_odds > 0.0 {
        n - binomial(stream, n, 1.0 / (1.0 + libm::exp(log_odds)))
    } else {
        binomial(stream, n, 1.0 / (1.0 + libm::exp(-log_odds)))
    }
}

/// How many of each category are among `draws` taken without replacement from an urn holding `counts`.
///
/// Draws above the sum of the counts are taken as that sum.
pub fn multivariate_hypergeometric(stream: &mut Stream, counts: &[u64], draws: u64) -> Vec<u64> {
    let mut population = counts.iter().fold(0u64, |sum, c| sum.saturating_add(*c));
    let mut left = draws.min(population);
    let take = |count: &u64| {
        let taken = hypergeometric(stream, population, *count, left);
        population -= count;
        left -= taken;
        taken
    };
    counts.iter().map(take).collect()
}

/// Splits `total` in proportion to `weights`, each share rounded so that the sum is exact.
///
/// Every share is rounded down, then the largest fractional parts are rounded up, the earlier index first among equals.
/// A weight that is negative or not finite counts as 0, and gets nothing; if all are 0 they count as equal. No weights
/// give no shares.
///
/// # Source
/// The largest remainder method (Hamilton); Balinski and Young, Fair Representation, 2nd edition, 2001.
pub fn largest_remainder(total: u64, weights: &[f64]) -> Vec<u64> {
    let valid = |w: &f64| if w.is_finite() && *w > 0.0 { *w } else { 0.0 };
    let mut weights: Vec<f64> = weights.iter().map(valid).collect();
    let largest = weights.iter().fold(0.0, |a: f64, b| a.max(*b));
    if largest == 0.0 {
        weights.fill(1.0);
    } else {
        // Scaling first keeps the sum finite.
        weights.iter_mut().for_each(|w| *w /= largest);
    }
    let sum: f64 = weights.iter().sum();
    let exact: Vec<f64> = weights.iter().map(|w| total as f64 * (w / sum)).collect();
    let mut shares: Vec<u64> = exact.iter().map(|share| share.floor() as u64).collect();
    let mut order: Vec<usize> = (0..weights.len()).filter(|&i| weights[i] > 0.0).collect();
    order.sort_by(|&a, &b| (exact[b] - exact[b].floor()).total_cmp(&(exact[a] - exact[a].floor())).then(a.cmp(&b)));
    if order.is_empty() {
        return shares;
    }
    let given = shares.iter().map(|s| u128::from(*s)).sum::<u128>();
    let missing = u128::from(total).saturating_sub(given);
    let (rounds, rest) = (missing / order.len() as u128, (missing % order.len() as u128) as usize);
    for (rank, &i) in order.iter().enumerate() {
        shares[i] += rounds as u64 + u64::from(rank < rest);
    }
    // Totals above 2^53 can round to too much; it is taken back from the smallest fractional parts.
    let mut surplus = given.saturating_sub(u128::from(total)) as u64;
    for &i in order.iter().rev() {
        let back = surplus.min(shares[i]);
        shares[i] -= back;
        surplus -= back;
    }
    shares
}

/// The logarithm of a gamma draw of scale 1, which for small shapes stays finite where the draw would underflow.
fn log_gamma_draw(stream: &mut Stream, shape: f64) -> f64 {
    // A gamma of shape a is one of shape a + 1 times U^(1 / a).
    let (boosted, log_factor) =
        if shape < 1.0 { (shape + 1.0, libm::log(stream.uniform()) / shape) } else { (shape, 0.0) };
    let d = boosted - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let z = normal_quantile(stream.uniform());
        let root = 1.0 + c * z;
        let log_u = libm::log(stream.uniform());
        if root > 0.0 {
            let v = root * root * root;
            let log_v = libm::log(v);
            if log_u < 0.5 * z * z + d - d * v + d * log_v {
                return libm::log(d) + log_v + log_factor;
            }
        }
    }
}

/// A draw from a unimodal distribution on `0..=max`, given its log-mass up to a constant.
fn ratio_of_uniforms(
    stream: &mut Stream,
    mean: f64,
    variance: f64,
    mode: f64,
    max: f64,
    log_mass: impl Fn(f64) -> f64,
) -> f64 {
    const SLOPE: f64 = 1.715_527_769_921_413_5; // 2 sqrt(2 / e)
    const OFFSET: f64 = 0.898_916_162_058_898_8; // 3 - 2 sqrt(3 / e)
    let centre = mean + 0.5;
    let width = SLOPE * (variance + 0.5).sqrt() + OFFSET;
    let at_mode = log_mass(mode);
    loop {
        let u = stream.uniform();
        let k = (centre + width * (stream.uniform() - 0.5) / u).floor();
        if k >= 0.0 && k <= max && 2.0 * libm::log(u) <= log_mass(k) - at_mode {
            return k;
        }
    }
}

/// Inverts a narrow unimodal distribution on `0..=max` by adding masses outwards from the mode, the upper side first.
fn search_from_mode(mut u: f64, mode: f64, max: f64, at_mode: f64, ratio: impl Fn(f64) -> f64) -> f64 {
    if u < at_mode {
        return mode;
    }
    u -= at_mode;
    let (mut up, mut down) = (mode, mode);
    let (mut mass_up, mut mass_down) = (at_mode, at_mode);
    while mass_up > 0.0 || mass_down > 0.0 {
        if up < max {
            mass_up *= ratio(up);
            up += 1.0;
            if u < mass_up {
                return up;
            }
            u -= mass_up;
        } else {
            mass_up = 0.0;
        }
        if down > 0.0 {
            down -= 1.0;
            mass_down /= ratio(down);
            if u < mass_down {
                return down;
            }
            u -= mass_down;
        } else {
            mass_down = 0.0;
        }
        if mass_up + mass_down < 1e-18 {
            break;
        }
    }
    // The masses sum to 1 up to rounding, so at most about 1e-13 of all draws end here.
    mode
}
