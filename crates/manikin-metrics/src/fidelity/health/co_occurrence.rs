//! Which codes patients have together.

use super::code_sets;
use crate::encode::Top;
use crate::fidelity::comparison::Settings;
use crate::fidelity::counts::Memberships;
use crate::fidelity::tally::Estimate;
use crate::fidelity::time::History;
use crate::score::{Definition, Direction, Score};

/// |share of patients with both codes in real - in synthetic|, over pairs of the most frequent real codes.
pub const DEFINITION: Definition = Definition {
    name: "co_occurrence_difference",
    means: "How far the share of patients with both of two codes is off; 0 is right. The benchmark is what sampling \
            noise makes of it on average.",
    direction: Direction::Lower,
    range: (0.0, 1.0),
    reference: "co-occurrence of medical concepts: Yan et al., Nature Communications 13, 2022 (column-wise correlation)",
};

/// The codes among which pairs are formed: 1,225 pairs. `ASSUMED`: rarer pairs have too few patients to compare.
const CODES: u16 = 50;
/// The worst pairs that have a score of their own.
const WORST: usize = 10;

/// The mean over pairs, and the ten pairs farthest off beyond noise.
pub fn compute(history: &History<'_>, settings: &Settings) -> Vec<Score> {
    let codes = history.labels.len();
    let (real, synthetic) = (code_sets(&history.real, codes), code_sets(&history.synthetic, codes));
    let (n, m) = (real.len(), synthetic.len());
    let name = history.name.to_owned();
    let top = Top::of(&real.concat(), codes, history.labels, CODES);
    let kept = top.kept();
    let method = format!("pairs of the {} most frequent real codes", kept.len());
    if n == 0 || m == 0 || kept.len() < 2 {
        let reason = "one side has no patients, or fewer than two codes occur in the real data";
        return vec![DEFINITION.incomplete(vec![name], n + m, method, reason)];
    }
    let pairs: Vec<(usize, usize)> = (0..kept.len()).flat_map(|a| (a + 1..kept.len()).map(move |b| (a, b))).collect();
    let cell = |a: usize, b: usize| {
        // Pairs before those of a: (k - 1) + (k - 2) + … + (k - a), with k codes.
        let k = kept.len();
        u32::try_from(a * (2 * k - a - 1) / 2 + (b - a - 1)).unwrap_or(u32::MAX)
    };
    let together = |sets: &[Vec<u32>]| -> Vec<Vec<u32>> {
        let each = |set: &Vec<u32>| {
            let mut ranks: Vec<usize> =
                set.iter().map(|&code| usize::from(top.cell(code))).filter(|&rank| rank < kept.len()).collect();
            ranks.sort_unstable();
            let pairs = (0..ranks.len()).flat_map(|i| (i + 1..ranks.len()).map(move |j| (i, j)));
            pairs.map(|(i, j)| cell(ranks[i], ranks[j])).collect()
        };
        sets.iter().map(each).collect()
    };
    let (a, b) = (together(&real), together(&synthetic));
    let counted = Memberships { real: &a, synthetic: &b, cells: pairs.len() }.count(settings);
    let tally = &counted.tally;
    let gap = |(a, b): (u32, u32)| (f64::from(a) / n as f64 - f64::from(b) / m as f64).abs();
    let noise = |pair: usize| {
        let p = f64::from(tally.real[pair]) / n as f64;
        (2.0 / std::f64::consts::PI * p * (1.0 - p) * (1.0 / n as f64 + 1.0 / m as f64)).sqrt()
    };
    let all: Vec<Estimate> = (0..pairs.len())
        .map(|pair| Estimate {
            value: gap((tally.real[pair], tally.synthetic[pair])),
            replicates: tally.cell_replicates(pair).map(gap).collect(),
        })
        .collect();
    let expected = (0..pairs.len()).map(noise).sum::<f64>() / pairs.len() as f64;
    let method = format!("{method}; {}", counted.method);
    let mut scores = Vec::new();
    if let Some(mean) = Estimate::mean(&all) {
        scores.push(
            DEFINITION
                .score(vec![name.clone()], mean.value, n + m, method.clone())
                .with_interval(mean.interval(settings.level))
                .with_benchmark(Some(expected)),
        );
    }
    let mut worst: Vec<usize> = (0..pairs.len()).collect();
    worst.sort_by(|&x, &y| (all[y].value - noise(y)).total_cmp(&(all[x].value - noise(x))).then(x.cmp(&y)));
    for pair in worst.into_iter().take(WORST) {
        let label = |rank: usize| history.labels[kept[rank] as usize].clone();
        let about = vec![name.clone(), label(pairs[pair].0), label(pairs[pair].1)];
        scores.push(
            DEFINITION
                .score(about, all[pair].value, n + m, method.clone())
                .with_interval(all[pair].interval(settings.level))
                .with_benchmark(Some(noise(pair))),
        );
    }
    scores
}
