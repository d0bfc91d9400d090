//! Whether a logistic model can tell synthetic records from real ones: pMSE, its ratio to the null, SPECKS.

use crate::fidelity::comparison::Comparison;
use crate::score::{Definition, Direction, Score};
use crate::stats::auc::{Scored, score_distance, sort_scored};
use crate::stats::design::Coding;
use crate::stats::regression::{logistic, sigmoid};

/// The mean of (p - c)² over all records: p the fitted propensity to be synthetic, c the synthetic share.
pub const PMSE: Definition = Definition {
    name: "pmse",
    means: "How far a logistic model can tell the two sides apart; 0 not at all, c (1 - c) wholly.",
    direction: Direction::Lower,
    range: (0.0, 0.25),
    reference: "Woo et al. 2009; Snoke et al., JRSS A 181(3), 2018",
};

/// pMSE over its expectation for a correct synthesiser, (k - 1)(1 - c)² c / N for k parameters.
pub const RATIO: Definition = Definition {
    name: "pmse_ratio",
    means: "pMSE over what a correct synthesiser has on average: 1 is perfect. Fresh data from the same population \
            reaches the benchmark, 1 / (1 - c), because the real data then varies too.",
    direction: Direction::Lower,
    range: (0.0, f64::INFINITY),
    reference: "Snoke et al., JRSS A 181(3), 2018, theorem 1 (S_pMSE of synthpop)",
};

/// The greatest gap between the distributions of fitted propensities.
pub const SPECKS: Definition = Definition {
    name: "specks",
    means: "The gap between real and synthetic records' fitted propensities; 0 is indistinguishable, 1 wholly apart.",
    direction: Direction::Lower,
    range: (0.0, 1.0),
    reference: "Bowen, Liu and Su, SPECKS 2021 (arXiv 1803.06763)",
};

/// The most categories of a column with an indicator of their own.
const CATEGORIES: u16 = 20;

/// Three scores from one model with main effects of every column, fitted to all records.
pub fn compute(comparison: &Comparison<'_>) -> Vec<Score> {
    let most = comparison.settings.model_rows;
    let (real, synthetic) = (comparison.real.table, comparison.synthetic.table);
    let chosen = (comparison.sample(real.rows, most, "model"), comparison.sample(synthetic.rows, most, "model"));
    let (real, synthetic) = (real.select(&chosen.0), synthetic.select(&chosen.1));
    let coding = Coding::of(&[&real, &synthetic], &[], CATEGORIES);
    let design = coding.apply(&real).stacked(&coding.apply(&synthetic));
    let n = design.rows;
    let outcome: Vec<bool> = (0..n).map(|row| row >= real.rows).collect();
    let method = format!("logistic regression, main effects of {} columns, {n} records", comparison.width());
    let all = [&PMSE, &RATIO, &SPECKS];
    let Some(fit) = logistic(&design, &outcome).filter(|_| comparison.width() > 0) else {
        let reason = "a side has no rows, or there are no columns";
        return all.iter().map(|d| d.incomplete(Vec::new(), n, method.clone(), reason)).collect();
    };
    let c = synthetic.rows as f64 / n as f64;
    let propensity: Vec<f64> = (0..n).map(|row| sigmoid(design.predictor(row, &fit.coefficients))).collect();
    let pmse = propensity.iter().map(|p| (p - c) * (p - c)).sum::<f64>() / n as f64;
    let expected = (fit.rank as f64 - 1.0) * (1.0 - c) * (1.0 - c) * c / n as f64;
    let mut scored: Vec<Scored> = (0u32..)
        .zip(propensity.iter().zip(&outcome))
        .map(|(row, (&score, &positive))| Scored { score, positive, row })
        .collect();
    sort_scored(&mut scored);
    let method = if fit.converged { method } else { format!("{method}; the sides are separable") };
    let ratio = if fit.rank > 1 {
        let parameters = format!("{method}; {} parameters", fit.rank);
        RATIO.score(Vec::new(), pmse / expected, n, parameters).with_benchmark(Some(1.0 / (1.0 - c)))
    } else {
        RATIO.incomplete(Vec::new(), n, method.clone(), "every column is constant, so the model has no parameters")
    };
    let specks = score_distance(&scored).unwrap_or(f64::NAN);
    vec![
        PMSE.score(Vec::new(), pmse, n, method.clone()).with_benchmark(Some(expected / (1.0 - c))),
        ratio,
        SPECKS.score(Vec::new(), specks, n, method),
    ]
}
