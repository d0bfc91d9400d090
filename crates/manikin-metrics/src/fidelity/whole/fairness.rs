//! Whether subgroups are served alike: accuracy of the worst one, and the gap in an outcome's rate.

use super::groups::Group;
use super::transfer;
use crate::fidelity::comparison::Comparison;
use crate::fidelity::marginal;
use crate::fidelity::tally::{Estimate, Tally};
use crate::score::{Definition, Direction, Score};
use crate::table::Values;

/// Bivariate accuracy within each subgroup, and of the worst one beside what its size allows.
pub const SUBGROUP: Definition = Definition {
    name: "subgroup_accuracy",
    means: "How close pairs of columns are within one subgroup; the benchmark is what sampling noise allows at its size.",
    direction: Direction::Higher,
    range: (0.0, 1.0),
    reference: "mostlyai-qa accuracy by subgroup; Bhanot et al., Entropy 23(9), 2021 (fairness of synthetic health data)",
};

/// The greatest difference of an outcome's rate between subgroups, in the synthetic data.
pub const PARITY: Definition = Definition {
    name: "statistical_parity_difference",
    means: "The gap between the subgroups with the highest and the lowest rate of the outcome; the benchmark is the same \
            gap in the real data. Good is near the benchmark.",
    direction: Direction::Lower,
    range: (0.0, 1.0),
    reference: "Dwork et al. 2012 (statistical parity); greatest difference over subgroups",
};

/// How far the rate of the outcome in the subgroup where it is farthest off is from the real rate.
pub const SHIFT: Definition = Definition {
    name: "outcome_rate_shift",
    means: "How far the outcome's rate is off in the subgroup where it is farthest off; 0 is right everywhere.",
    direction: Direction::Lower,
    range: (0.0, 1.0),
    reference: "statistical parity by subgroup, real against synthetic",
};

/// What predicting the outcome in one subgroup loses by learning from synthetic records.
pub const TRANSFER: Definition = Definition {
    name: "subgroup_trtr_tstr_gap",
    means: "What predicting the outcome within one subgroup loses by learning from synthetic instead of real records; 0 \
            is nothing.",
    direction: Direction::Lower,
    range: (f64::NEG_INFINITY, f64::INFINITY),
    reference: "Bhanot et al., Entropy 23(9), 2021; train on synthetic, test on real, by subgroup",
};

/// Records on either side below which a subgroup's rate is not compared. `ASSUMED`: the usual least cell of 10.
const LEAST: u64 = 10;

/// For every group column accuracy of each subgroup, the worst named; with an outcome also two scores of its rate, and
/// what its prediction loses in each subgroup.
pub fn compute(comparison: &Comparison<'_>) -> Vec<Score> {
    let groups = comparison.groups();
    if groups.is_empty() {
        let reason = "no subgroup is declared: name the columns that part records into groups";
        return vec![SUBGROUP.incomplete(Vec::new(), comparison.rows(), "by subgroup", reason)];
    }
    let mut scores = Vec::new();
    for column in groups.chunk_by(|a, b| a.column == b.column) {
        scores.extend(accuracy(comparison, column));
        if let Some((outcome, label)) = &comparison.settings.outcome {
            scores.extend(parity(comparison, column, outcome, label));
        }
    }
    if let Some((outcome, _)) = &comparison.settings.outcome {
        scores.extend(transfer::by_group(comparison, groups, outcome, &TRANSFER));
    }
    scores
}

fn accuracy(comparison: &Comparison<'_>, groups: &[Group]) -> Vec<Score> {
    let mut scores = Vec::new();
    let mut worst: Option<(f64, Score, String)> = None;
    for group in groups {
        let n = group.pairs.iter().map(|m| m.rows).max().unwrap_or(0);
        let method = format!("mean over {} pairs of columns; {}", group.pairs.len(), comparison.interval_method());
        let about = vec![group.name.clone()];
        let Some((estimate, ceiling)) = marginal::mean(&group.pairs) else {
            let reason = "the subgroup is empty on one side, or there is one column only";
            scores.push(SUBGROUP.incomplete(about, n, method, reason));
            continue;
        };
        let score = SUBGROUP
            .score(about, estimate.value, n, method)
            .with_interval(estimate.interval(comparison.settings.level))
            .with_benchmark(Some(ceiling));
        let short = estimate.value - ceiling;
        if worst.as_ref().is_none_or(|(least, ..)| short < *least) {
            worst = Some((short, score.clone(), group.name.clone()));
        }
        scores.push(score);
    }
    scores.extend(worst.map(|(_, score, name)| Score { about: vec!["worst".into(), name], ..score }));
    scores
}

fn parity(comparison: &Comparison<'_>, groups: &[Group], outcome: &str, label: &str) -> Vec<Score> {
    let column = comparison.name(groups[0].column);
    let about = vec![column, format!("{outcome} = {label}")];
    let (n, method) = (comparison.rows(), comparison.interval_method());
    let refuse = |reason: String| {
        [&PARITY, &SHIFT].iter().map(|d| d.incomplete(about.clone(), n, method.clone(), reason.clone())).collect()
    };
    let columns = [comparison.real.table, comparison.synthetic.table].map(|table| table.column(outcome));
    let [Some(real), Some(synthetic)] = columns else {
        return refuse(format!("there is no column {outcome}"));
    };
    let happened = |values: &Values| match values {
        Values::Codes { codes, labels } => {
            let code = labels.iter().position(|l| l == label).and_then(|i| u32::try_from(i).ok())?;
            Some(codes.iter().map(|&c| (c != crate::table::NULL_CODE).then_some(c == code)).collect::<Vec<_>>())
        }
        Values::Numbers(numbers) => {
            let value: f64 = label.parse().ok()?;
            Some(numbers.iter().map(|&x| (!x.is_nan()).then_some(x == value)).collect())
        }
    };
    let (Some(real), Some(synthetic)) = (happened(&real.values), happened(&synthetic.values)) else {
        return refuse(format!("the column {outcome} has no value {label}"));
    };
    // Two cells a group: without and with the outcome.
    let cells = |masks: &dyn Fn(&Group) -> &[bool], outcome: &[Option<bool>]| {
        (0..outcome.len())
            .map(|row| {
                let group = groups.iter().position(|group| masks(group)[row])?;
                Some(2 * group + usize::from(outcome[row]?))
            })
            .collect::<Vec<_>>()
    };
    let (a, b) = (cells(&|g| &g.real, &real), cells(&|g| &g.synthetic, &synthetic));
    let tally = Tally::of(comparison, 2 * groups.len(), a.into_iter(), b.into_iter());
    let size = |counts: &[u32], g: usize| u64::from(counts[2 * g]) + u64::from(counts[2 * g + 1]);
    let kept: Vec<usize> =
        (0..groups.len()).filter(|&g| size(&tally.real, g) >= LEAST && size(&tally.synthetic, g) >= LEAST).collect();
    if kept.len() < 2 {
        return refuse(format!("fewer than two subgroups have {LEAST} records with an outcome on both sides"));
    }
    let rate = |counts: &[u32], g: usize| f64::from(counts[2 * g + 1]) / size(counts, g) as f64;
    let gap = |counts: &[u32]| {
        let rates = kept.iter().map(|&g| rate(counts, g)).filter(|rate| !rate.is_nan());
        let (low, high) = rates.fold((1.0f64, 0.0f64), |(low, high), rate| (low.min(rate), high.max(rate)));
        high - low
    };
    let off = |a: &[u32], b: &[u32], g: usize| (rate(a, g) - rate(b, g)).abs();
    let farthest = kept.iter().copied().max_by(|&g, &h| {
        off(&tally.real, &tally.synthetic, g).total_cmp(&off(&tally.real, &tally.synthetic, h)).then(h.cmp(&g))
    });
    let farthest = farthest.unwrap_or(0);
    let missing = || Estimate { value: f64::NAN, replicates: Vec::new() };
    let parity = tally.estimate(|_, synthetic| gap(synthetic)).unwrap_or_else(missing);
    let shift = tally.estimate(|real, synthetic| off(real, synthetic, farthest)).unwrap_or_else(missing);
    let level = comparison.settings.level;
    let named = [about.clone(), vec![groups[farthest].name.clone()]].concat();
    let left = groups.len() - kept.len();
    let method =
        if left == 0 { method.clone() } else { format!("{method}; {left} subgroups below {LEAST} records left out") };
    vec![
        PARITY
            .score(about.clone(), parity.value, n, method.clone())
            .with_interval(parity.interval(level))
            .with_benchmark(Some(gap(&tally.real))),
        SHIFT.score(named, shift.value, n, method).with_interval(shift.interval(level)).with_benchmark(Some(0.0)),
    ]
}
