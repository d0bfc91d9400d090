//! Train on synthetic, test on real, against train on real, test on real: for each target, with the features that
//! matter.

use super::groups::Group;
use crate::encode::Top;
use crate::fidelity::comparison::{Comparison, Sample};
use crate::fidelity::tally::Estimate;
use crate::score::{Definition, Direction, Score};
use crate::stats::auc::{Scored, auc, auc_replicates, sort_scored};
use crate::stats::features::{Cutting, Features};
use crate::stats::tree::{FOREST, Forest, Outcome};
use crate::stats::{Resamples, draws, moments, spearman};
use crate::table::{NULL_CODE, Table, Values};

/// The area under the curve, one class against the others, of a model that learnt from synthetic records.
pub const AUC: Definition = Definition {
    name: "tstr_auc",
    means: "How well a model learnt from synthetic records predicts a category of real ones: 1 always, .5 by chance. The \
            benchmark is the same model learnt from real records.",
    direction: Direction::Higher,
    range: (0.0, 1.0),
    reference: "Esteban, Hyland and Rätsch 2017 (train on synthetic, test on real)",
};

/// The explained share of the variance, of a model that learnt from synthetic records.
pub const R_SQUARED: Definition = Definition {
    name: "tstr_r_squared",
    means: "How much of a number's variance in real records a model learnt from synthetic ones explains; 1 is all, 0 is \
            no better than the mean. The benchmark is the same model learnt from real records.",
    direction: Direction::Higher,
    range: (f64::NEG_INFINITY, 1.0),
    reference: "Esteban, Hyland and Rätsch 2017 (train on synthetic, test on real)",
};

/// What learning from synthetic instead of real records loses.
pub const GAP: Definition = Definition {
    name: "trtr_tstr_gap",
    means: "What a prediction loses by learning from synthetic instead of real records, in units of its score; 0 is \
            nothing.",
    direction: Direction::Lower,
    range: (f64::NEG_INFINITY, f64::INFINITY),
    reference: "Esteban, Hyland and Rätsch 2017; Yan et al., Nature Communications 13, 2022",
};

/// Spearman's correlation of the importance of features in both models.
pub const IMPORTANCE: Definition = Definition {
    name: "feature_importance_agreement",
    means: "Whether the same columns matter to models learnt from synthetic and from real records; 1 is the same order.",
    direction: Direction::Higher,
    range: (-1.0, 1.0),
    reference: "Yan et al., Nature Communications 13, 2022 (feature selection), by rank correlation of importance",
};

/// The most classes of a target; rarer ones are one together.
const CLASSES: u16 = 10;

/// Three scores a target.
pub fn compute(comparison: &Comparison<'_>) -> Vec<Score> {
    let split = Split::of(comparison);
    comparison.targets().into_iter().flat_map(|target| one(comparison, &split, target)).collect()
}

/// The records that are learnt from and tested on.
pub(super) struct Split {
    pub(super) real: Table,
    pub(super) synthetic: Table,
    pub(super) test: Table,
    pub(super) draws: Resamples,
    method: String,
}

impl Split {
    /// Tests on the holdout; without one, on half of the real clusters, which then are not learnt from.
    pub(super) fn of(comparison: &Comparison<'_>) -> Self {
        let most = comparison.settings.learner_rows;
        let (settings, real) = (&comparison.settings, comparison.real);
        let (learnt, tested, test): (Vec<u32>, Vec<u32>, Sample<'_>) = match comparison.holdout {
            Some(holdout) => {
                let all = comparison.sample(real.table.rows, most, "learnt");
                (all, comparison.sample(holdout.table.rows, most, "tested"), holdout)
            }
            None => {
                let (mut learnt, mut tested): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::new());
                for row in 0..u32::try_from(real.table.rows).unwrap_or(u32::MAX) {
                    let cluster = real.clusters.map_or(row, |ids| ids[row as usize]);
                    let coin = draws(settings.seed, "tested", u64::from(cluster)).bits() >> 63 == 1;
                    if coin { tested.push(row) } else { learnt.push(row) }
                }
                let few = |rows: Vec<u32>, purpose| {
                    comparison.sample(rows.len(), most, purpose).into_iter().map(|i| rows[i as usize]).collect()
                };
                (few(learnt, "learnt"), few(tested, "tested"), real)
            }
        };
        // As many synthetic as real records, so that neither model wins by having seen more.
        let made = comparison.sample(comparison.synthetic.table.rows, learnt.len(), "learnt synthetic");
        let clusters: Option<Vec<u32>> = test.clusters.map(|ids| tested.iter().map(|&row| ids[row as usize]).collect());
        let replicates = if settings.replicates < 10 { 0 } else { settings.replicates };
        let resamples = Resamples::new(tested.len(), clusters.as_deref(), replicates, settings.seed, "test rows");
        let on = if comparison.holdout.is_some() { "holdout" } else { "real records set aside by cluster" };
        Self {
            method: format!(
                "{FOREST}, learnt from {} real and {} synthetic records, tested on {} {on}, seed {}",
                learnt.len(),
                made.len(),
                tested.len(),
                settings.seed
            ),
            real: real.table.select(&learnt),
            synthetic: comparison.synthetic.table.select(&made),
            test: test.table.select(&tested),
            draws: resamples,
        }
    }
}

/// What is predicted: classes or numbers; rows without an outcome are not used.
enum Coded {
    Classes { real: Vec<u8>, synthetic: Vec<u8>, test: Vec<u8>, count: usize },
    Numbers { real: Vec<f64>, synthetic: Vec<f64>, test: Vec<f64> },
}

/// The class of a row without one.
const NO_CLASS: u8 = u8::MAX;

impl Coded {
    fn of(split: &Split, target: usize) -> Self {
        let tables = [&split.real, &split.synthetic, &split.test];
        let codes: Vec<(&[u32], usize, &[String])> = tables
            .iter()
            .filter_map(|table| match &table.columns[target].values {
                Values::Codes { codes, labels } => Some((codes.as_slice(), labels.len(), &labels[..])),
                Values::Numbers(_) => None,
            })
            .collect();
        if let [real, synthetic, test] = codes[..] {
            let top = Top::of(real.0, real.1, real.2, CLASSES);
            let class = |&code: &u32| {
                if code == NULL_CODE { NO_CLASS } else { u8::try_from(top.cell(code)).unwrap_or(NO_CLASS) }
            };
            let classes = |codes: &[u32]| codes.iter().map(class).collect();
            let (real, synthetic, test) = (classes(real.0), classes(synthetic.0), classes(test.0));
            return Self::Classes { real, synthetic, test, count: top.kept().len() + 1 };
        }
        let [real, synthetic, test] = tables.map(|table| match &table.columns[target].values {
            Values::Numbers(numbers) => numbers.clone(),
            Values::Codes { .. } => Vec::new(),
        });
        let mut distinct: Vec<f64> = real.iter().copied().filter(|x| x.is_finite()).collect();
        distinct.sort_unstable_by(f64::total_cmp);
        distinct.dedup();
        if let [low, high] = distinct[..] {
            // A number with two values is a class under another name; the cut lies between them.
            let class = |&x: &f64| if x.is_finite() { u8::from(x > low / 2.0 + high / 2.0) } else { NO_CLASS };
            let classes = |numbers: &[f64]| numbers.iter().map(class).collect();
            return Self::Classes {
                real: classes(&real),
                synthetic: classes(&synthetic),
                test: classes(&test),
                count: 2,
            };
        }
        // Scaled by the tested ones, so that squares of huge numbers do not overflow.
        let finite: Vec<f64> = test.iter().copied().filter(|x| x.is_finite()).collect();
        let (mean, sd) = moments(&finite).filter(|m| m.sd > 0.0).map_or((0.0, 1.0), |m| (m.mean, m.sd));
        let scaled = |numbers: Vec<f64>| {
            let each = |x: f64| if x.is_finite() { (x / sd - mean / sd).clamp(-1e6, 1e6) } else { f64::NAN };
            numbers.into_iter().map(each).collect()
        };
        Self::Numbers { real: scaled(real), synthetic: scaled(synthetic), test: scaled(test) }
    }
}

fn one(comparison: &Comparison<'_>, split: &Split, target: usize) -> Vec<Score> {
    let about = vec![comparison.name(target)];
    let models = Models::learn(comparison, split, target);
    let own = if matches!(models.coded, Coded::Classes { .. }) { &AUC } else { &R_SQUARED };
    let n = models.tested();
    let Some((trtr, tstr)) = models.test(split, |_| true) else {
        let reason = "too few records with the target, a target that does not vary, or no other column";
        let definitions = [own, &GAP, &IMPORTANCE];
        return definitions.iter().map(|d| d.incomplete(about.clone(), n, split.method.clone(), reason)).collect();
    };
    let gap = difference(&trtr, &tstr);
    let (level, method) = (comparison.settings.level, split.method.clone());
    let importance = |forest: &Option<Forest>| forest.as_ref().map(|f| f.importance.clone()).unwrap_or_default();
    let (by_real, by_synthetic) = (importance(&models.real), importance(&models.synthetic));
    let agreement = match spearman(&by_real, &by_synthetic) {
        Some(r) => IMPORTANCE.score(about.clone(), r, by_real.len(), method.clone()),
        None => {
            let reason = "fewer than two features, or none that matters more than another";
            IMPORTANCE.incomplete(about.clone(), by_real.len(), method.clone(), reason)
        }
    };
    vec![
        own.score(about.clone(), tstr.value, n, method.clone())
            .with_interval(tstr.interval(level))
            .with_benchmark(Some(trtr.value)),
        GAP.score(about, gap.value, n, method).with_interval(gap.interval(level)).with_benchmark(Some(0.0)),
        agreement,
    ]
}

/// The gap of predicting `outcome` within each subgroup of the tested records, under the name of `definition`; the
/// greatest one last, named.
pub(super) fn by_group(
    comparison: &Comparison<'_>,
    groups: &[Group],
    outcome: &str,
    definition: &Definition,
) -> Vec<Score> {
    let Some(target) = (0..comparison.width()).find(|&c| comparison.name(c) == outcome) else {
        let reason = format!("there is no column {outcome}");
        return vec![definition.incomplete(vec![outcome.to_owned()], 0, "by subgroup", reason)];
    };
    let split = Split::of(comparison);
    let models = Models::learn(comparison, &split, target);
    let mut scores = Vec::new();
    let mut worst: Option<(f64, Score)> = None;
    for group in groups.iter().filter(|group| group.column != target) {
        let members = group.members(comparison, &split.test);
        let about = vec![outcome.to_owned(), group.name.clone()];
        let n = members.iter().filter(|&&member| member).count();
        let Some((trtr, tstr)) = models.test(&split, |row| members[row as usize]) else {
            let reason = "too few tested records of the subgroup, or only one outcome among them";
            scores.push(definition.incomplete(about, n, split.method.clone(), reason));
            continue;
        };
        let gap = difference(&trtr, &tstr);
        let score = definition
            .score(about, gap.value, n, split.method.clone())
            .with_interval(gap.interval(comparison.settings.level))
            .with_benchmark(Some(0.0));
        if worst.as_ref().is_none_or(|(most, _)| gap.value > *most) {
            worst = Some((gap.value, score.clone()));
        }
        scores.push(score);
    }
    scores.extend(worst.map(|(_, score)| Score { about: [vec!["worst".into()], score.about].concat(), ..score }));
    scores
}

fn difference(a: &Estimate, b: &Estimate) -> Estimate {
    Estimate {
        value: a.value - b.value,
        replicates: a.replicates.iter().zip(&b.replicates).map(|(a, b)| a - b).collect(),
    }
}

/// What was learnt of one target from real and from synthetic records.
struct Models {
    coded: Coded,
    features: Features,
    real: Option<Forest>,
    synthetic: Option<Forest>,
}

impl Models {
    fn learn(comparison: &Comparison<'_>, split: &Split, target: usize) -> Self {
        let coded = Coded::of(split, target);
        let cutting = Cutting::of(&[&split.real, &split.synthetic], &[target]);
        let [real, synthetic, features] =
            [&split.real, &split.synthetic, &split.test].map(|table| cutting.apply(table));
        let seed = comparison.settings.seed;
        let rows = |known: &dyn Fn(usize) -> bool, n: usize| {
            (0u32..).zip(0..n).filter(|&(_, row)| known(row)).map(|(row, _)| row).collect::<Vec<u32>>()
        };
        let (by_real, by_synthetic) = match &coded {
            Coded::Classes { real: a, synthetic: b, count, .. } => {
                let learn = |features, classes: &[u8]| {
                    let known = rows(&|row| classes[row] != NO_CLASS, classes.len());
                    Forest::fit(features, Outcome::Classes(classes, *count), &known, seed)
                };
                (learn(&real, a), learn(&synthetic, b))
            }
            Coded::Numbers { real: a, synthetic: b, .. } => {
                let learn = |features, numbers: &[f64]| {
                    let known = rows(&|row| numbers[row].is_finite(), numbers.len());
                    Forest::fit(features, Outcome::Numbers(numbers), &known, seed)
                };
                (learn(&real, a), learn(&synthetic, b))
            }
        };
        Self { coded, features, real: by_real, synthetic: by_synthetic }
    }

    /// The number of tested records with a target.
    fn tested(&self) -> usize {
        match &self.coded {
            Coded::Classes { test, .. } => test.iter().filter(|&&class| class != NO_CLASS).count(),
            Coded::Numbers { test, .. } => test.iter().filter(|x| x.is_finite()).count(),
        }
    }

    /// How well either model predicts the tested rows that `chosen` lets through: learnt from real, from synthetic.
    fn test(&self, split: &Split, chosen: impl Fn(u32) -> bool) -> Option<(Estimate, Estimate)> {
        let test = |forest: &Forest| match &self.coded {
            Coded::Classes { test, .. } => {
                let rows = (0u32..).zip(test).filter(|&(row, &class)| class != NO_CLASS && chosen(row));
                let rows: Vec<u32> = rows.map(|(row, _)| row).collect();
                macro_auc(forest, &self.features, test, &rows, &split.draws)
            }
            Coded::Numbers { test, .. } => {
                let rows = (0u32..).zip(test).filter(|&(row, x)| x.is_finite() && chosen(row));
                let rows: Vec<u32> = rows.map(|(row, _)| row).collect();
                explained(forest, &self.features, test, &rows, &split.draws)
            }
        };
        Some((test(self.real.as_ref()?)?, test(self.synthetic.as_ref()?)?))
    }
}

/// The mean over classes of the area under the curve of one class against the others, among the rows named.
fn macro_auc(
    forest: &Forest,
    features: &Features,
    classes: &[u8],
    rows: &[u32],
    draws: &Resamples,
) -> Option<Estimate> {
    let predictions: Vec<Vec<f64>> = rows.iter().map(|&row| forest.predict(features, row as usize)).collect();
    let mut areas = Vec::new();
    for class in 0..forest.width {
        let mut scored: Vec<Scored> = rows
            .iter()
            .zip(&predictions)
            .map(|(&row, p)| Scored { score: p[class], positive: usize::from(classes[row as usize]) == class, row })
            .collect();
        sort_scored(&mut scored);
        if let Some(value) = auc(&scored) {
            areas.push(Estimate { value, replicates: auc_replicates(&scored, draws, draws) });
        }
    }
    Estimate::mean(&areas)
}

fn explained(forest: &Forest, features: &Features, y: &[f64], rows: &[u32], draws: &Resamples) -> Option<Estimate> {
    let predictions: Vec<f64> = rows.iter().map(|&row| forest.predict(features, row as usize)[0]).collect();
    let width = draws.replicates();
    let mean = rows.iter().map(|&row| y[row as usize]).sum::<f64>() / rows.len() as f64;
    let (mut error, mut total) = (0.0, 0.0);
    let (mut errors, mut counts, mut sums, mut squares) =
        (vec![0.0; width], vec![0.0; width], vec![0.0; width], vec![0.0; width]);
    for (&row, p) in rows.iter().zip(&predictions) {
        let (e, d) = (y[row as usize] - p, y[row as usize] - mean);
        error += e * e;
        total += d * d;
        let weights = draws.weights(row as usize);
        for r in 0..width {
            let w = f64::from(weights[r]);
            errors[r] += w * e * e;
            counts[r] += w;
            sums[r] += w * d;
            squares[r] += w * d * d;
        }
    }
    let replicates = (0..width).map(|r| 1.0 - errors[r] / (squares[r] - sums[r] * sums[r] / counts[r])).collect();
    (total > 0.0).then(|| Estimate { value: 1.0 - error / total, replicates })
}
