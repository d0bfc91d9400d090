//! Whether a classifier can tell synthetic records from real ones that it has not seen.

use crate::fidelity::comparison::{Comparison, Sample};
use crate::fidelity::tally::Estimate;
use crate::score::{Definition, Direction, Score};
use crate::stats::auc::{Scored, auc, auc_replicates, sort_scored};
use crate::stats::design::Coding;
use crate::stats::features::Cutting;
use crate::stats::regression::logistic;
use crate::stats::tree::{BOOSTED, Boosted};
use crate::stats::{Resamples, draws};

/// The area under the curve of a named classifier, cross-fitted in two folds of whole clusters.
pub const DEFINITION: Definition = Definition {
    name: "two_sample_auc",
    means: "How well the named classifier tells the two sides apart on records it has not seen: .5 not at all, 1 always. \
            The stronger the classifier, the higher; compare only the same one.",
    direction: Direction::Lower,
    range: (0.0, 1.0),
    reference: "Lopez-Paz and Oquab, ICLR 2017 (classifier two-sample test)",
};

/// The classifiers that are tried, each named in its score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Classifier {
    /// Logistic regression with main effects.
    Logistic,
    /// Gradient-boosted trees.
    BoostedTrees,
}

impl Classifier {
    fn name(self) -> &'static str {
        match self {
            Self::Logistic => "logistic regression",
            Self::BoostedTrees => "boosted trees",
        }
    }

    fn method(self) -> &'static str {
        match self {
            Self::Logistic => "logistic regression (main effects, 20 categories a column)",
            Self::BoostedTrees => BOOSTED,
        }
    }
}

/// Synthetic against real for each classifier; with a holdout also holdout against real, which should not differ.
pub fn compute(comparison: &Comparison<'_>) -> Vec<Score> {
    let both = [Classifier::Logistic, Classifier::BoostedTrees];
    let mut scores: Vec<Score> = both.iter().map(|&classifier| of(comparison, classifier)).collect();
    if let Some(holdout) = comparison.holdout {
        let rows = holdout.table.rows;
        let (real_draws, _) = comparison.draws();
        let draws =
            Resamples::new(rows, holdout.clusters, real_draws.replicates(), comparison.settings.seed, "holdout");
        for classifier in both {
            let sides = (comparison.real, holdout);
            scores.push(one(comparison, classifier, sides, (real_draws, &draws), "holdout against real"));
        }
    }
    scores
}

/// Synthetic against real for one classifier.
pub fn of(comparison: &Comparison<'_>, classifier: Classifier) -> Score {
    let (real_draws, synthetic_draws) = comparison.draws();
    let sides = (comparison.real, comparison.synthetic);
    one(comparison, classifier, sides, (real_draws, synthetic_draws), "synthetic against real")
}

fn one(
    comparison: &Comparison<'_>,
    classifier: Classifier,
    (negative, positive): (Sample<'_>, Sample<'_>),
    resamples: (&Resamples, &Resamples),
    sides: &str,
) -> Score {
    let about = vec![sides.to_owned(), classifier.name().into()];
    // Twice what a learner is given, because each fold learns from half.
    let most = comparison.settings.learner_rows.saturating_mul(2);
    let rows = [negative, positive].map(|side| comparison.sample(side.table.rows, most, "two samples"));
    let n = rows[0].len() + rows[1].len();
    let method =
        format!("{}, two folds of whole clusters, {n} records; {}", classifier.method(), comparison.interval_method());
    let records: Vec<Record> = [(negative, &rows[0]), (positive, &rows[1])]
        .into_iter()
        .enumerate()
        .flat_map(|(side, (sample, rows))| {
            rows.iter().map(move |&row| {
                let cluster = sample.clusters.map_or(row, |ids| ids[row as usize]);
                let coin = draws(comparison.settings.seed, "fold", u64::from(cluster) * 2 + side as u64).bits();
                Record { row, positive: side == 1, fold: coin >> 63 == 1 }
            })
        })
        .collect();
    let tables = (negative.table.select(&rows[0]), positive.table.select(&rows[1]));
    let Some(scores) = predictions(classifier, (&tables.0, &tables.1), &records) else {
        return DEFINITION.incomplete(about, n, method, "too few rows for two folds with records of both sides");
    };
    let mut folds = Vec::new();
    for fold in [false, true] {
        let inside = records.iter().zip(&scores).filter(|(record, _)| record.fold == fold);
        let mut scored: Vec<Scored> =
            inside.map(|(r, &score)| Scored { score, positive: r.positive, row: r.row }).collect();
        sort_scored(&mut scored);
        let Some(value) = auc(&scored) else {
            return DEFINITION.incomplete(about, n, method, "a fold holds records of one side only");
        };
        folds.push(Estimate { value, replicates: auc_replicates(&scored, resamples.1, resamples.0) });
    }
    let Some(estimate) = Estimate::mean(&folds) else {
        return DEFINITION.incomplete(about, n, method, "no fold holds records");
    };
    DEFINITION
        .score(about, estimate.value, n, method)
        .with_interval(estimate.interval(comparison.settings.level))
        .with_benchmark(Some(0.5))
}

struct Record {
    row: u32,
    positive: bool,
    fold: bool,
}

/// The score of each record by the model that was fitted to the other fold.
fn predictions(
    classifier: Classifier,
    (negative, positive): (&crate::Table, &crate::Table),
    records: &[Record],
) -> Option<Vec<f64>> {
    let outcome: Vec<bool> = records.iter().map(|record| record.positive).collect();
    let inside = |fold: bool| {
        (0u32..).zip(records).filter(|(_, record)| record.fold == fold).map(|(i, _)| i).collect::<Vec<u32>>()
    };
    let mut scores = vec![0.0; records.len()];
    match classifier {
        Classifier::Logistic => {
            let coding = Coding::of(&[negative, positive], &[], 20);
            let design = coding.apply(negative).stacked(&coding.apply(positive));
            for fold in [false, true] {
                let learnt = inside(!fold);
                let target: Vec<bool> = learnt.iter().map(|&i| outcome[i as usize]).collect();
                let fit = logistic(&design.select(&learnt), &target)?;
                inside(fold).into_iter().for_each(|i| {
                    scores[i as usize] = design.predictor(i as usize, &fit.coefficients);
                });
            }
        }
        Classifier::BoostedTrees => {
            let cutting = Cutting::of(&[negative, positive], &[]);
            let features = cutting.apply(negative).stacked(&cutting.apply(positive));
            let fit = |fold: bool| Boosted::fit(&features, &outcome, &inside(!fold));
            let (first, second) = rayon::join(|| fit(false), || fit(true));
            for (fold, model) in [(false, first?), (true, second?)] {
                inside(fold).into_iter().for_each(|i| scores[i as usize] = model.score(&features, i as usize));
            }
        }
    }
    Some(scores)
}
