//! Distances to the closest record, their ratios, and nearest-neighbour adversarial accuracy.

use super::coding::take;
use super::folds::{Among, Folds};
use crate::Table;
use crate::score::{Definition, Direction, Score};
use crate::stats::{self, clopper_pearson, quantile_sorted};

/// The distance to the closest record, at some quantiles.
pub const DCR: Definition = Definition {
    name: "distance_to_closest_record",
    means: "how far synthetic rows lie from the nearest real row: a picture, good when train is no nearer than holdout",
    direction: Direction::Higher,
    range: (0.0, 1.0),
    reference: "Park et al., Data Synthesis Based on Generative Adversarial Networks, VLDB 2018; Gower distance",
};

/// The share of synthetic rows nearer to train.
pub const DCR_SHARE: Definition = Definition {
    name: "dcr_share",
    means: "the share of synthetic rows nearer to train than to holdout, ties half; good is .5 for equally large sides",
    direction: Direction::Lower,
    range: (0.0, 1.0),
    reference: "Platzer and Reutterer, Frontiers in Big Data 4, 2021 (mostlyai-qa)",
};

/// The ratio of the nearest to the second nearest distance.
pub const NNDR: Definition = Definition {
    name: "nearest_neighbour_distance_ratio",
    means: "the nearest distance over the second nearest, at some quantiles: near 0 a synthetic row points at one \
            person; good when train is no lower than holdout",
    direction: Direction::Higher,
    range: (0.0, 1.0),
    reference: "Lowe, IJCV 60(2), 2004; Zhao et al., CTAB-GAN, ACML 2021",
};

/// Nearest-neighbour adversarial accuracy.
pub const ACCURACY: Definition = Definition {
    name: "nearest_neighbour_adversarial_accuracy",
    means: "how well nearest neighbours tell real from synthetic rows: good is .5, 1 is unlike and 0 is copied",
    direction: Direction::Lower,
    range: (0.0, 1.0),
    reference: "Yale et al., Generation and Evaluation of Privacy Preserving Synthetic Health Data, Neurocomputing 416, 2020",
};

/// Its difference between holdout and train.
pub const PRIVACY_LOSS: Definition = Definition {
    name: "nearest_neighbour_privacy_loss",
    means: "how much harder train is to tell from synthetic rows than holdout is; good is 0",
    direction: Direction::Lower,
    range: (-1.0, 1.0),
    reference: "Yale et al., Neurocomputing 416, 2020; interval from the standard errors of the four shares",
};

/// The definitions of its scores.
pub(crate) const DEFINITIONS: &[&Definition] = &[&DCR, &NNDR, &DCR_SHARE, &ACCURACY, &PRIVACY_LOSS];

/// The quantiles of distances that are shown.
const QUANTILES: [f64; 4] = [0.01, 0.05, 0.5, 0.95];

/// Distances and ratios of synthetic rows to train and to holdout, under one ruler.
#[must_use]
pub fn distances(folds: &Folds<'_>) -> Vec<Score> {
    let (train, holdout) = match (folds.synthetic_to_train(), folds.synthetic_to_holdout()) {
        (Ok(train), Ok(holdout)) => (train, holdout),
        (Err(reason), _) | (_, Err(reason)) => {
            return vec![DCR.incomplete(Vec::new(), 0, "nearest neighbours", reason)];
        }
    };
    let n = folds.synthetic.rows;
    let mut scores = Vec::new();
    for (fold, found) in [("train", train), ("holdout", holdout)] {
        let mut nearest: Vec<f64> = found.nearest().collect();
        let second = (0..found.len()).filter_map(|row| match found.distances(row) {
            // Two equal rows are no ratio of distances: nobody in particular is pointed at.
            [first, second, ..] => Some(if *second > 0.0 { first / second } else { 1.0 }),
            _ => None,
        });
        let mut ratios: Vec<f64> = second.collect();
        nearest.sort_unstable_by(f64::total_cmp);
        ratios.sort_unstable_by(f64::total_cmp);
        let method = if found.exact == found.len() {
            "Gower, exact".to_owned()
        } else {
            format!("Gower, {} of {n} exact, mean error {:.6}", found.exact, found.mean_error)
        };
        for (definition, sorted) in [(&DCR, &nearest), (&NNDR, &ratios)] {
            for p in QUANTILES {
                let about = vec![fold.to_owned(), format!("quantile={p}")];
                scores.push(match quantile_sorted(sorted, p) {
                    Some(value) => definition.score(about, value, n, method.clone()),
                    None => definition.incomplete(about, n, method.clone(), "there is no second real row"),
                });
            }
        }
    }
    let (mut nearer, mut ties) = (0usize, 0usize);
    for (train, holdout) in train.nearest().zip(holdout.nearest()) {
        nearer += usize::from(train < holdout);
        ties += usize::from(train == holdout);
    }
    let share = (nearer as f64 + 0.5 * ties as f64) / n as f64;
    let score = DCR_SHARE.score(
        Vec::new(),
        share,
        n,
        format!(
            "{nearer} nearer to train, {ties} ties; with {} train and {} holdout rows",
            folds.train.rows, folds.holdout.rows
        ),
    );
    let hits = (nearer + ties / 2) as u64;
    scores.push(score.with_interval(clopper_pearson(hits, n as u64, folds.settings.level)));
    scores
}

/// Adversarial accuracy against train and against holdout, and the privacy loss, with as many rows on every side.
#[must_use]
pub fn adversarial(folds: &Folds<'_>) -> Vec<Score> {
    match shares(folds) {
        Ok((n, train, holdout)) => {
            let method = format!("half of P(d_rs > d_rr) + P(d_sr > d_ss), {n} rows a side");
            let accuracy = |share: [f64; 2]| 0.5 * (share[0] + share[1]);
            let error = |share: [f64; 2]| {
                (0.25 * (share[0] * (1.0 - share[0]) + share[1] * (1.0 - share[1])) / n as f64).sqrt()
            };
            let z = manikin_random::normal_quantile(0.5 * (1.0 + folds.settings.level));
            let with = |score: Score, error: f64| {
                let value = score.value.unwrap_or(f64::NAN);
                let level = folds.settings.level;
                score.with_interval(super::power::interval(value - z * error, value + z * error, level))
            };
            let (errors, method) = ((error(train), error(holdout)), method.as_str());
            vec![
                with(ACCURACY.score(vec!["train".to_owned()], accuracy(train), n, method), errors.0),
                with(ACCURACY.score(vec!["holdout".to_owned()], accuracy(holdout), n, method), errors.1),
                with(
                    PRIVACY_LOSS.score(Vec::new(), accuracy(holdout) - accuracy(train), n, method),
                    (errors.0 * errors.0 + errors.1 * errors.1).sqrt(),
                ),
            ]
        }
        Err(reason) => vec![PRIVACY_LOSS.incomplete(Vec::new(), 0, "nearest neighbours", reason)],
    }
}

/// The most rows of each side whose neighbours are sought.
///
/// ASSUMED: 25,000, at which a share is known to .006; a picture, held to no limit, need not cost more than the gates.
const MOST: usize = 25_000;

/// The number of rows a side, and the two shares of train and of holdout.
fn shares(folds: &Folds<'_>) -> Result<(usize, [f64; 2], [f64; 2]), String> {
    let n = folds.train.rows.min(folds.holdout.rows).min(folds.synthetic.rows).min(MOST);
    if n < 2 {
        return Err("adversarial accuracy needs at least two rows on every side".to_owned());
    }
    // Distances shrink with the number of rows, so every side has equally many.
    let sample = |table: &Table, purpose| {
        let rows = stats::sample_rows(table.rows, n, &mut stats::draws(folds.settings.seed, purpose, 0));
        take(table, &rows.into_iter().map(|row| row as usize).collect::<Vec<_>>())
    };
    let synthetic = sample(folds.synthetic, "accuracy synthetic");
    let nearest = |table: &Table, queries: &Table, among| -> Result<Vec<f64>, String> {
        Ok(folds.settings.nearest(folds.ruler(), table, queries, 1, among)?.nearest().collect())
    };
    let synthetic_others = nearest(&synthetic, &synthetic, Among::Others)?;
    let share =
        |far: &[f64], near: &[f64]| far.iter().zip(near).filter(|(far, near)| far > near).count() as f64 / n as f64;
    let against = |table: &Table, purpose| -> Result<[f64; 2], String> {
        let real = sample(table, purpose);
        let others = nearest(&real, &real, Among::Others)?;
        let real_to_synthetic = nearest(&synthetic, &real, Among::All)?;
        let synthetic_to_real = nearest(&real, &synthetic, Among::All)?;
        Ok([share(&real_to_synthetic, &others), share(&synthetic_to_real, &synthetic_others)])
    };
    Ok((n, against(folds.train, "accuracy train")?, against(folds.holdout, "accuracy holdout")?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::risk::toy::{numbers, table};
    use crate::risk::{Index, Ruler, Search, Settings};

    #[test]
    fn distances_to_the_closest_record_are_those_of_sdmetrics() {
        let real = table([numbers("num_col", [0.0, 5.0, 8.0, 9.0, 10.0])]);
        let synthetic = table([numbers("num_col", [3.0, 5.0])]);
        let ruler = Ruler::new(&[&real]).expect("a ruler");
        let found = Index::new(&ruler, &real).and_then(|index| index.nearest(&synthetic, Search::exact(1)));
        assert_eq!(found.expect("an answer").nearest().collect::<Vec<_>>(), [0.2, 0.0]);
    }

    #[test]
    fn copies_have_an_adversarial_accuracy_of_nought_and_strangers_of_one() {
        let real = table([numbers("n", [0.0, 10.0, 20.0, 30.0])]);
        let far = table([numbers("n", [1000.0, 1001.0, 1002.0, 1003.0])]);
        let value = |synthetic: &Table| {
            let folds = Folds::new(&real, &real, synthetic, Settings::default()).expect("folds");
            adversarial(&folds)[0].value
        };
        assert_eq!(value(&real), Some(0.0));
        assert_eq!(value(&far), Some(1.0));
    }
}
