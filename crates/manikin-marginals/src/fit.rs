//! Private-PGM: the log-linear model that explains noisy marginals, stopped before it explains the noise.

use crate::belief::Propagation;
use crate::coefficients::blocks;
use crate::domain::{AttributeSet, Domain};
use crate::fan::Fan;
use crate::model::{Measurement, Model, ModelError, Potential, StructuralZeros, check, host, zero_tables};
use crate::tree::JunctionTree;
use rayon::prelude::*;

/// How long to fit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FitOptions {
    /// The fit ends when the weighted loss comes under this share of its expectation at the truth; 0 never ends it.
    pub noise_share: f64,
    /// The most steps.
    pub steps: usize,
}

impl Default for FitOptions {
    fn default() -> Self {
        Self { noise_share: 1.0, steps: 1_000 }
    }
}

/// What a fit came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FitReport {
    /// Steps taken.
    pub steps: usize,
    /// Marginals of the whole model computed, rejected steps included.
    pub evaluations: usize,
    /// Half the weighted squared distance between the model and the measurements.
    pub loss: f64,
    /// What the loss would be on average at the truth.
    pub expected_loss: f64,
}

/// The estimated number of rows: the totals of all measurements, averaged by inverse variance; at least 1.
pub fn estimate_total(measurements: &[Measurement]) -> f64 {
    let (mut sum, mut weight) = (0.0, 0.0);
    for measurement in measurements {
        let precision = 1.0 / (measurement.values.len().max(1) as f64 * measurement.sigma * measurement.sigma);
        sum += precision * measurement.values.iter().sum::<f64>();
        weight += precision;
    }
    if weight > 0.0 && sum.is_finite() { (sum / weight).max(1.0) } else { 1.0 }
}

struct Target {
    clique: AttributeSet,
    values: Vec<f64>,
    precision: f64,
}

/// One clique of the tree with the measured marginals inside it.
struct Site {
    fan: Fan,
    targets: Vec<Target>,
    theta: Vec<Vec<f64>>,
    now: Vec<Vec<f64>>,
    trial: Vec<Vec<f64>>,
    gradient: Vec<Vec<f64>>,
}

impl Site {
    /// The trial marginals (scaled to `total`) from a belief, and their loss.
    fn evaluate(&mut self, belief: &[f64], total: f64) -> f64 {
        self.fan.collect(belief, &mut self.trial);
        let mut loss = 0.0;
        for (marginal, target) in self.trial.iter_mut().zip(&self.targets) {
            let mut squares = 0.0;
            for (x, y) in marginal.iter_mut().zip(&target.values) {
                *x *= total;
                squares += (*x - y) * (*x - y);
            }
            loss += 0.5 * target.precision * squares;
        }
        loss
    }

    /// Takes the trial marginals as the current ones, and the loss's gradient at them.
    fn accept(&mut self) {
        core::mem::swap(&mut self.now, &mut self.trial);
        for ((gradient, marginal), target) in self.gradient.iter_mut().zip(&self.now).zip(&self.targets) {
            gradient.clear();
            gradient.extend(marginal.iter().zip(&target.values).map(|(x, y)| (x - y) * target.precision));
        }
    }

    /// The gradient along the step from the current to the trial marginals, negated.
    fn descent(&self) -> f64 {
        let mut sum = 0.0;
        for ((gradient, now), trial) in self.gradient.iter().zip(&self.now).zip(&self.trial) {
            sum += gradient.iter().zip(now).zip(trial).map(|((g, x), y)| g * (x - y)).sum::<f64>();
        }
        sum
    }
}

/// Fits a model over `tree` to `measurements`.
///
/// Mirror descent on the marginals: `theta' = theta - alpha * gradient`, taken when the loss falls by at least half of
/// what the gradient promises, `alpha` growing on success and halved otherwise. The loss is
/// `sum |mu - y|^2 / (2 sigma^2)`. A `start` (the potentials of an earlier model) saves steps.
///
/// **When it stops.** At the truth, the loss is half the number of distinct noisy coefficients, plus what overlapping
/// measurements disagree about among themselves, which is known. A model that comes closer to the measurements than
/// the truth would has begun to learn the noise, so the fit ends there; no data is needed for it. Measured: on nltcs
/// at epsilon 1, fitting on to convergence costs half as much error again.
///
/// # Errors
/// [`ModelError`] when a measurement has the wrong length, a bad sigma, or lies outside every clique, or when the
/// structural zeros leave nothing.
///
/// # Source
/// McKenna, Sheldon, Miklau, Graphical-model based estimation and inference for differential privacy, ICML 2019, arXiv
/// 1901.09136, algorithm 1 (entropic mirror descent). The stop is the discrepancy principle (Morozov 1966).
pub fn fit(
    domain: &Domain,
    tree: &JunctionTree,
    measurements: &[Measurement],
    zeros: &[StructuralZeros],
    start: &[Potential],
    options: &FitOptions,
) -> Result<(Model, FitReport), ModelError> {
    let total = estimate_total(measurements);
    let mut logs = zero_tables(domain, tree, zeros)?;
    let mut sites = sites(domain, tree, measurements, start)?;
    for (site, log) in sites.iter_mut().zip(&mut logs) {
        site.fan.spread(&site.theta, log);
    }
    let blocks = blocks(domain, measurements);
    let disagreement: f64 = blocks.values().map(|block| block.disagreement).sum();
    let freedom: f64 = blocks.values().map(|block| block.freedom).sum();
    let expected_loss = disagreement + 0.5 * freedom;
    let enough = if options.noise_share > 0.0 { disagreement + 0.5 * options.noise_share * freedom } else { -1.0 };

    let mut propagation = Propagation::new(domain, tree);
    let mut tables = logs.clone();
    if propagation.run(tree, &mut tables) == f64::NEG_INFINITY {
        return Err(ModelError::Impossible);
    }
    let mut loss = evaluate(&mut sites, &tables, total);
    let mut report = FitReport { steps: 0, evaluations: 1, loss, expected_loss };
    // The steepest direction has the precision of all measurements of one clique together.
    let steepest: f64 = sites.iter().flat_map(|s| &s.targets).map(|t| t.precision).fold(0.0, f64::max);
    let mut alpha = 2.0 / (steepest.max(f64::MIN_POSITIVE) * total);
    let mut slopes: Vec<Vec<f64>> = logs.iter().map(|log| vec![0.0; log.len()]).collect();
    let mut slow = 0;
    while report.steps < options.steps && loss > enough && loss > 0.0 {
        sites.par_iter_mut().zip(slopes.par_iter_mut()).for_each(|(site, slope)| {
            site.accept();
            slope.fill(0.0);
            site.fan.spread(&site.gradient, slope);
        });
        let mut halvings = 0;
        let next = loop {
            for ((table, log), slope) in tables.iter_mut().zip(&logs).zip(&slopes) {
                table.iter_mut().zip(log.iter().zip(slope)).for_each(|(x, (log, g))| *x = log - alpha * g);
            }
            propagation.run(tree, &mut tables);
            let next = evaluate(&mut sites, &tables, total);
            report.evaluations += 1;
            let promised: f64 = sites.iter().map(Site::descent).sum();
            if loss - next >= 0.5 * promised {
                break Some(next);
            }
            alpha *= 0.5;
            halvings += 1;
            if halvings == 40 {
                break None;
            }
        };
        let Some(next) = next else { break };
        for (log, slope) in logs.iter_mut().zip(&slopes) {
            log.iter_mut().zip(slope).for_each(|(log, g)| *log -= alpha * g);
        }
        for site in &mut sites {
            for (theta, gradient) in site.theta.iter_mut().zip(&site.gradient) {
                theta.iter_mut().zip(gradient).for_each(|(x, g)| *x -= alpha * g);
            }
        }
        slow = if loss - next < 1e-7 * loss { slow + 1 } else { 0 };
        loss = next;
        report.steps += 1;
        if halvings == 0 {
            alpha *= 1.3;
        }
        if slow == 5 {
            break;
        }
    }
    report.loss = loss;
    let potentials = sites
        .into_iter()
        .flat_map(|site| site.targets.into_iter().zip(site.theta))
        .map(|(target, values)| Potential { clique: target.clique, values })
        .collect();
    let model = Model {
        domain: domain.clone(),
        cliques: tree.cliques().to_vec(),
        potentials,
        zeros: zeros.to_vec(),
        total,
        measurements: measurements.to_vec(),
    };
    Ok((model, report))
}

fn evaluate(sites: &mut [Site], beliefs: &[Vec<f64>], total: f64) -> f64 {
    let losses: Vec<f64> =
        sites.par_iter_mut().zip(beliefs).map(|(site, belief)| site.evaluate(belief, total)).collect();
    losses.iter().sum()
}

/// The measurements by the clique of the tree that holds them, repeated ones averaged by inverse variance.
fn sites(
    domain: &Domain,
    tree: &JunctionTree,
    measurements: &[Measurement],
    start: &[Potential],
) -> Result<Vec<Site>, ModelError> {
    let mut targets: Vec<Vec<Target>> = tree.cliques().iter().map(|_| Vec::new()).collect();
    let mut thetas: Vec<Vec<Vec<f64>>> = tree.cliques().iter().map(|_| Vec::new()).collect();
    for measurement in measurements {
        let clique = measurement.clique;
        check(&measurement.values, "measurement", &clique, domain.cells(&clique))?;
        let precision = 1.0 / (measurement.sigma * measurement.sigma);
        if !(precision.is_finite() && precision > 0.0) || measurement.sigma < 0.0 {
            return Err(ModelError::Sigma { clique, sigma: measurement.sigma.to_string() });
        }
        let host = host(domain, tree, "measurement", &clique)?;
        match targets[host].iter_mut().find(|target| target.clique == clique) {
            Some(target) => {
                let sum = target.precision + precision;
                for (x, y) in target.values.iter_mut().zip(&measurement.values) {
                    *x = (*x * target.precision + y * precision) / sum;
                }
                target.precision = sum;
            }
            None => {
                targets[host].push(Target { clique, values: measurement.values.clone(), precision });
                let earlier = start.iter().find(|p| p.clique == clique && p.values.len() == measurement.values.len());
                thetas[host].push(match earlier {
                    Some(potential) => potential.values.clone(),
                    None => vec![0.0; measurement.values.len()],
                });
            }
        }
    }
    Ok(targets
        .into_iter()
        .zip(thetas)
        .zip(tree.cliques())
        .map(|((targets, theta), clique)| {
            let places: Vec<_> = targets.iter().enumerate().map(|(i, target)| (i, target.clique)).collect();
            let empty = vec![Vec::new(); targets.len()];
            let fan = Fan::new(domain, clique, &places);
            Site { fan, targets, theta, now: empty.clone(), trial: empty.clone(), gradient: empty }
        })
        .collect())
}
