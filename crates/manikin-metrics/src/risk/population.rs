//! How many of the rows that are alone in a sample are alone in the population too.

/// Class sizes of a sample and what share of the population it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// How many classes have each size, by rising size.
    sizes: Vec<(f64, f64)>,
    classes: f64,
    rows: f64,
    fraction: f64,
}

impl Sample {
    /// A sample of classes of the given sizes, which is `fraction` of the population.
    #[must_use]
    pub fn new(sizes: &[usize], fraction: f64) -> Self {
        let mut sorted: Vec<usize> = sizes.iter().copied().filter(|&size| size > 0).collect();
        sorted.sort_unstable();
        let runs = sorted.chunk_by(|a, b| a == b).map(|run| (run[0] as f64, run.len() as f64)).collect();
        Self {
            sizes: runs,
            classes: sorted.len() as f64,
            rows: sorted.iter().sum::<usize>() as f64,
            fraction: if fraction > 0.0 && fraction <= 1.0 { fraction } else { f64::NAN },
        }
    }

    fn alone(&self) -> f64 {
        self.sizes.first().filter(|(size, _)| *size == 1.0).map_or(0.0, |(_, count)| *count)
    }

    fn population(&self) -> f64 {
        self.rows / self.fraction
    }
}

/// The share of records that are unique in the population, by each model and by Dankar's choice among them; nothing
/// where a model has no solution.
///
/// # Source
/// Dankar et al., BMC Medical Informatics and Decision Making 12:66, 2012: Pitman for fractions up to .1, beyond it
/// the smaller of Zayatz and SNB; as ARX chooses, Zayatz stands in for a model without a solution.
#[must_use]
pub fn uniqueness(sample: &Sample) -> [(&'static str, Option<f64>); 4] {
    let valid = sample.rows > 0.0 && sample.fraction.is_finite();
    let within =
        |value: Option<f64>| value.filter(|value| valid && value.is_finite()).map(|value| value.clamp(0.0, 1.0));
    let (pitman, zayatz, snb) = (within(pitman(sample)), within(zayatz(sample)), within(snb(sample)));
    let chosen = if sample.fraction <= 0.1 {
        pitman.or(zayatz)
    } else {
        match (zayatz, snb) {
            (Some(zayatz), Some(snb)) => Some(zayatz.min(snb)),
            (zayatz, snb) => zayatz.or(snb),
        }
    };
    [("pitman", pitman), ("zayatz", zayatz), ("snb", snb), ("dankar", chosen)]
}

/// Pitman's model: the expected share of classes of one in the population.
///
/// # Source
/// Hoshino, Applying Pitman's Sampling Formula to Microdata Disclosure Risk Assessment, J. Official Statistics 17(4),
/// 2001: θ and α solve the likelihood equations; uniques = Γ(θ+1)/Γ(θ+α) N^α, here per record.
fn pitman(sample: &Sample) -> Option<f64> {
    let (n, u) = (sample.rows as u64, sample.classes as u64);
    if u < 2 || u == n {
        return None;
    }
    // For a given α, the first equation falls in θ on one side and is solved by halving; then the second in α.
    let theta_of = |alpha: f64| {
        let gap = |theta: f64| inverses(theta, alpha, u) - inverses(theta, 1.0, n);
        // θ above -α; the gap is positive near it and negative far out when there is a solution.
        solve(-alpha + 1e-9, 1e12, gap)
    };
    let gap = |alpha: f64| {
        let theta = theta_of(alpha)?;
        // The sum of i/(θ + iα) is that of 1/α less θ/α times that of the inverses.
        let left = ((u - 1) as f64 - theta * inverses(theta, alpha, u)) / alpha;
        let right: f64 = sample.sizes.iter().map(|(size, count)| count * inverses(-alpha, 1.0, *size as u64)).sum();
        Some(left - right)
    };
    // The gap is looked at on a grid first: it need not have one sign on either side.
    let (mut low, mut high) = (None, None);
    for step in 1..20 {
        let alpha = step as f64 / 20.0;
        match gap(alpha) {
            Some(value) if value > 0.0 => low = Some(alpha),
            Some(_) if low.is_some() => {
                high = Some(alpha);
                break;
            }
            _ => {}
        }
    }
    let (mut low, mut high) = match (low, high) {
        (Some(low), Some(high)) => (low, high),
        (Some(low), None) => (low, 1.0 - 1e-9),
        (None, _) => (1e-9, 1.0 / 20.0),
    };
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if gap(middle)? > 0.0 { low = middle } else { high = middle }
    }
    let alpha = 0.5 * (low + high);
    if gap(alpha)?.abs() > 1e-3 * sample.classes {
        return None;
    }
    let theta = theta_of(alpha)?;
    let log = libm::lgamma(theta + 1.0) - libm::lgamma(theta + alpha) + (alpha - 1.0) * libm::log(sample.population());
    Some(libm::exp(log))
}

/// The sum of 1/(θ + iα) for i from 1 to n - 1.
fn inverses(theta: f64, alpha: f64, n: u64) -> f64 {
    if n < 32 {
        return (1..n).map(|i| 1.0 / (theta + i as f64 * alpha)).sum();
    }
    (digamma(theta / alpha + n as f64) - digamma(theta / alpha + 1.0)) / alpha
}

/// The derivative of the logarithm of the gamma function, for positive numbers.
///
/// # Source
/// NIST Digital Library of Mathematical Functions, 5.5.2 (recurrence) and 5.11.2 (asymptotic series).
fn digamma(mut x: f64) -> f64 {
    let mut below = 0.0;
    while x < 12.0 {
        below += 1.0 / x;
        x += 1.0;
    }
    let s = 1.0 / (x * x);
    let series = s * (1.0 / 12.0 - s * (1.0 / 120.0 - s * (1.0 / 252.0 - s * (1.0 / 240.0 - s * (1.0 / 132.0)))));
    libm::log(x) - 0.5 / x - series - below
}

/// Where a function that is positive at `low` and negative at `high` is nought; steps are even on a logarithm.
fn solve(low: f64, high: f64, gap: impl Fn(f64) -> f64) -> Option<f64> {
    let offset = low - 1e-12;
    let (mut near, mut far) = (libm::log(low - offset), libm::log(high - offset));
    let at = |x: f64| offset + libm::exp(x);
    if gap(low) <= 0.0 || gap(high) >= 0.0 {
        return None;
    }
    for _ in 0..90 {
        let middle = 0.5 * (near + far);
        if gap(at(middle)) > 0.0 { near = middle } else { far = middle }
    }
    Some(at(0.5 * (near + far)))
}

/// Zayatz' model: the chance that a sample unique is a population unique, with the sample's class sizes standing in
/// for the population's.
///
/// # Source
/// Zayatz, Estimation of the Percent of Unique Population Elements on a Microdata File Using the Sample, US Census
/// Bureau, 1991.
fn zayatz(sample: &Sample) -> Option<f64> {
    let (n, population) = (sample.rows, libm::round(sample.population()));
    let alone = sample.alone();
    if alone == 0.0 {
        return Some(0.0);
    }
    // P(one of a class of j is drawn): hypergeometric.
    let choose = |n: f64, k: f64| libm::lgamma(n + 1.0) - libm::lgamma(k + 1.0) - libm::lgamma(n - k + 1.0);
    let one_of = |j: f64| {
        if population - j < n - 1.0 {
            return 0.0;
        }
        libm::exp(libm::log(j) + choose(population - j, n - 1.0) - choose(population, n))
    };
    let all: f64 = sample.sizes.iter().map(|&(size, count)| count / sample.classes * one_of(size)).sum();
    let unique = alone / sample.classes * one_of(1.0) / all;
    Some(unique * alone / n)
}

/// The slide negative binomial model: class sizes less one are negative binomial.
///
/// # Source
/// Chen and Keller-McNulty, Estimation of Identification Disclosure Risk in Microdata, J. Official Statistics 14(1),
/// 1998; the number of classes by Shlosser's estimator, as in Dankar et al. 2012.
fn snb(sample: &Sample) -> Option<f64> {
    let (f, u) = (sample.fraction, sample.classes);
    if f >= 1.0 {
        return Some(sample.alone() / sample.rows);
    }
    let power = |i: f64| libm::pow(1.0 - f, i);
    let above: f64 = sample.sizes.iter().map(|&(i, count)| power(i) * count).sum();
    let below: f64 = sample.sizes.iter().map(|&(i, count)| i * f * power(i - 1.0) * count).sum();
    let classes = if below > 0.0 { u + sample.alone() * above / below } else { u };
    snb_of(sample, classes)
}

/// The model when the number of classes of the population is known.
fn snb_of(sample: &Sample, classes: f64) -> Option<f64> {
    let (f, population, u) = (sample.fraction, sample.population(), sample.classes);
    let excess = population / classes - 1.0;
    if excess <= 0.0 {
        return None;
    }
    // Mean size less one is α (1-p)/p, and the share of classes not seen is (1-f) (p/(1-(1-f)(1-p)))^α.
    let alpha = |p: f64| excess * p / (1.0 - p);
    let gap = |p: f64| {
        let unseen = (1.0 - f) * libm::exp(alpha(p) * libm::log(p / (1.0 - (1.0 - f) * (1.0 - p))));
        u / classes - (1.0 - unseen)
    };
    let (mut low, mut high) = (1e-9, 1.0 - 1e-9);
    let rising = gap(low) < gap(high);
    if gap(low).signum() == gap(high).signum() {
        return None;
    }
    for _ in 0..90 {
        let middle = 0.5 * (low + high);
        if (gap(middle) < 0.0) == rising { low = middle } else { high = middle }
    }
    let p = 0.5 * (low + high);
    Some(classes * libm::exp(alpha(p) * libm::log(p)) / population)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_that_is_the_population_keeps_its_uniques() {
        let sample = Sample::new(&[1, 1, 2, 3, 1, 5, 2], 1.0);
        let [_, zayatz, snb, _] = uniqueness(&sample);
        assert!((zayatz.1.expect("a value") - 3.0 / 15.0).abs() < 1e-9);
        assert!((snb.1.expect("a value") - 3.0 / 15.0).abs() < 1e-9);
    }

    #[test]
    fn the_slide_negative_binomial_finds_the_uniques_of_a_population_that_it_describes() {
        // A population whose class sizes less one are negative binomial (geometric, p = .2): uniques are a fifth of
        // its classes. Alpha: none, the seed is fixed; ten per cent either way.
        let mut stream = crate::stats::draws(11, "classes", 0);
        let mut population = Vec::new();
        for class in 0..40_000u32 {
            let mut size = 1;
            while stream.uniform() > 0.2 {
                size += 1;
            }
            population.extend(std::iter::repeat_n(class, size));
        }
        let drawn = crate::stats::sample_rows(population.len(), population.len() / 5, &mut stream);
        let mut sizes = vec![0usize; 40_000];
        drawn.iter().for_each(|&row| sizes[population[row as usize] as usize] += 1);
        let truth = 0.2 * 40_000.0 / population.len() as f64;
        let sample = Sample::new(&sizes, 0.2);
        let found = snb_of(&sample, 40_000.0).expect("a value");
        assert!((found / truth - 1.0).abs() < 0.1, "{found} {truth}");
        assert!(uniqueness(&sample)[3].1.is_some());
    }

    #[test]
    fn samples_without_a_solution_say_so() {
        for sizes in [&[][..], &[1], &[1, 1, 1], &[4, 4]] {
            for (_, value) in uniqueness(&Sample::new(sizes, 0.1)) {
                assert!(value.is_none_or(f64::is_finite));
            }
        }
        assert!(uniqueness(&Sample::new(&[1, 2], -3.0)).iter().all(|(_, value)| value.is_none()));
    }
}
