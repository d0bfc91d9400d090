//! How common each code is among patients.

use super::code_sets;
use crate::fidelity::comparison::Settings;
use crate::fidelity::counts::Memberships;
use crate::fidelity::tally::Estimate;
use crate::fidelity::time::History;
use crate::score::{Definition, Direction, Score};

/// |share of patients with the code in real - in synthetic|: the mean over codes, and each of the worst.
pub const DEFINITION: Definition = Definition {
    name: "prevalence_difference",
    means: "How far the share of patients with a code is off; 0 is right. The benchmark is what sampling noise makes of \
            it on average.",
    direction: Direction::Lower,
    range: (0.0, 1.0),
    reference: "dimension-wise prevalence: Choi et al. 2017 (medGAN); Yan et al., Nature Communications 13, 2022",
};

/// The worst codes that have a score of their own.
const WORST: usize = 20;

/// The mean over all codes that occur on either side, and the twenty codes farthest off beyond noise.
pub fn compute(history: &History<'_>, settings: &Settings) -> Vec<Score> {
    let codes = history.labels.len();
    let (real, synthetic) = (code_sets(&history.real, codes), code_sets(&history.synthetic, codes));
    let (n, m) = (real.len(), synthetic.len());
    let name = history.name.to_owned();
    if n == 0 || m == 0 {
        let reason = "one side has no patients";
        return vec![DEFINITION.incomplete(vec![name], n + m, "share of patients with a code", reason)];
    }
    let counted = Memberships { real: &real, synthetic: &synthetic, cells: codes }.count(settings);
    let tally = &counted.tally;
    let gap = |(a, b): (u32, u32)| (f64::from(a) / n as f64 - f64::from(b) / m as f64).abs();
    let noise = |code: usize| {
        let p = f64::from(tally.real[code]) / n as f64;
        (2.0 / std::f64::consts::PI * p * (1.0 - p) * (1.0 / n as f64 + 1.0 / m as f64)).sqrt()
    };
    let estimate = |code: usize| Estimate {
        value: gap((tally.real[code], tally.synthetic[code])),
        replicates: tally.cell_replicates(code).map(gap).collect(),
    };
    let occurring: Vec<usize> = (0..codes).filter(|&c| tally.real[c] + tally.synthetic[c] > 0).collect();
    let all: Vec<Estimate> = occurring.iter().map(|&code| estimate(code)).collect();
    let method = format!("mean over {} codes; {}", occurring.len(), counted.method);
    let Some(mean) = Estimate::mean(&all) else {
        return vec![DEFINITION.incomplete(vec![name], n + m, method, "no patient has a code")];
    };
    let expected = occurring.iter().map(|&code| noise(code)).sum::<f64>() / occurring.len() as f64;
    let mut scores = vec![
        DEFINITION
            .score(vec![name.clone()], mean.value, n + m, method)
            .with_interval(mean.interval(settings.level))
            .with_benchmark(Some(expected)),
    ];
    let mut worst: Vec<(usize, f64)> =
        occurring.iter().zip(&all).map(|(&code, e)| (code, e.value - noise(code))).collect();
    worst.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    for (code, _) in worst.into_iter().take(WORST) {
        let estimate = estimate(code);
        let (a, b) = (f64::from(tally.real[code]) / n as f64, f64::from(tally.synthetic[code]) / m as f64);
        let method = format!("{a:.4} of real, {b:.4} of synthetic patients; {}", counted.method);
        scores.push(
            DEFINITION
                .score(vec![name.clone(), history.labels[code].clone()], estimate.value, n + m, method)
                .with_interval(estimate.interval(settings.level))
                .with_benchmark(Some(noise(code))),
        );
    }
    scores
}
